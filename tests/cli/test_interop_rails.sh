# Rails and lockstep on one SQLite database, by turns: each migrates a half, each takes a half back; the other one finds nothing to do, and the ledger is what
# Rails alone makes of it, times aside.
. "$LS_SRCDIR/tests/cli/lib.sh"
. "$LS_SRCDIR/tests/support/rails.sh"

if ! has_driver sqlite || ! command -v sqlite3 >/dev/null 2>&1; then
    skip "no SQLite driver or no sqlite3 program" "Rails on SQLite"
elif ! "$ruby" -e 'require "sqlite3"' 2>/dev/null; then
    skip "Active Record has no driver for SQLite (Debian: ruby-sqlite3)" "Rails on SQLite"
else
    by_turns sqlite
fi

# --- no tool ---
in_dir no-tool
application
rm bin/rails
if has_driver sqlite; then
    run env PATH=/nonexistent "$LS_BIN" status --url sqlite:x.db --migrations db/migrate
    exits 0 "without Rails its folder can be read"
    run env PATH=/nonexistent "$LS_BIN" up --yes --url sqlite:x.db --migrations db/migrate
    ok "and nothing be run" test "$rc" -ne 0
    like "$err" 'bundle install' "what is missing is said"
fi
done_testing
