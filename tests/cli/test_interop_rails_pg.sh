# Rails and lockstep on one PostgreSQL database, by turns: each migrates a half, each takes a half back; the other one finds nothing to do, and the ledger is what
# Rails alone makes of it, times aside.
. "$LS_SRCDIR/tests/cli/lib.sh"
. "$LS_SRCDIR/tests/support/rails.sh"

if ! has_driver postgres || [ -z "${LS_TEST_PG_URL:-}" ]; then
    skip "${LS_TEST_PG_SKIP:-no PostgreSQL driver}" "Rails on PostgreSQL"
elif ! "$ruby" -e 'require "pg"' 2>/dev/null; then
    skip "Active Record has no driver for PostgreSQL (Debian: ruby-pg)" "Rails on PostgreSQL"
else
    by_turns postgres
fi
done_testing
