# sqitch itself and lockstep on one PostgreSQL database, by turns: each deploys a half, each reverts a half; the other one finds nothing to do, and the
# registry is what sqitch alone makes of it, times aside.
. "$LS_SRCDIR/tests/cli/lib.sh"
. "$LS_SRCDIR/tests/support/sqitch.sh"

if ! has_driver postgres || [ -z "${LS_TEST_PG_URL:-}" ]; then
    skip "${LS_TEST_PG_SKIP:-no PostgreSQL driver}" "sqitch on PostgreSQL"
elif ! perl -MDBD::Pg -e 1 2>/dev/null || ! command -v psql >/dev/null 2>&1; then
    skip "sqitch has no driver for PostgreSQL, or no psql (Debian: libdbd-pg-perl, postgresql-client)" "sqitch on PostgreSQL"
else
    by_turns postgres pg
fi
done_testing
