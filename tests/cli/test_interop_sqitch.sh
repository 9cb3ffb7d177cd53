# sqitch itself and lockstep on one SQLite database, by turns: each deploys a half, each reverts a half; the other one finds nothing to do, and the
# registry is what sqitch alone makes of it, times aside.
. "$LS_SRCDIR/tests/cli/lib.sh"
. "$LS_SRCDIR/tests/support/sqitch.sh"

new_change() {
    in_dir new
    driver=sqlite
    project sqlite
    new_database new
    cp -R . "$LS_TEST_TMP/other" && run "$LS_BIN" new "add email" --url "$url" --migrations .
    exits 0 "new"
    (cd "$LS_TEST_TMP/other" && run "$tool" add add_email -n "add email")
    for f in deploy revert verify; do
        is "$(cat $f/add_email.sql)" "$(cat "$LS_TEST_TMP/other/$f/add_email.sql")" "the $f script is that of sqitch add"
    done
    is "$(sed 's/ 20[^ ]*Z / TIME /' sqitch.plan)" "$(sed 's/ 20[^ ]*Z / TIME /' "$LS_TEST_TMP/other/sqitch.plan")" "the plan is that of sqitch add, its time aside"
    sqitch plan --oneline --no-color
    exits 0 "and sqitch reads it"
}

if ! has_driver sqlite || ! command -v sqlite3 >/dev/null 2>&1; then
    skip "no SQLite driver or no sqlite3 program" "sqitch on SQLite"
elif ! perl -MDBD::SQLite -e 1 2>/dev/null; then
    skip "sqitch has no driver for SQLite (Debian: libdbd-sqlite3-perl)" "sqitch on SQLite"
else
    by_turns sqlite sqlite
    new_change
fi
done_testing
