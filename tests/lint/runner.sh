# tests/run itself: whatever goes wrong in a program is a failure with its name.
. "$LS_SRCDIR/tests/support/tap.sh"
cd "$LS_TEST_TMP" || exit 1

program() { # NAME: its text on stdin
    cat >"$1.sh"
}
suite() { # ARG...: runs tests/run here, without a server
    run env LS_BUILDDIR="$LS_TEST_TMP" bash "$LS_SRCDIR/tests/run" --no-pg "$@"
}
last() {
    printf '%s\n' "$out" | tail -n 1
}

program good <<'E2'
echo "1..2"; echo "ok 1 - a"; echo "ok 2 - b"
E2
suite good.sh
exits 0 "a good program passes"
is "$(last)" "2 passed, 0 failed, 0 skipped" "and its tests are counted"

program late_plan <<'E2'
echo "ok 1 - a"; echo "1..1"
E2
suite late_plan.sh
is "$(last)" "1 passed, 0 failed, 0 skipped" "the plan may come last"

program bad <<'E2'
echo "1..2"; echo "ok 1 - a"; echo "not ok 2 - the second"; echo "# why it failed"; echo "on stderr" >&2; exit 1
E2
suite good.sh bad.sh
exits 1 "a failed test fails the run"
is "$(last)" "3 passed, 1 failed, 0 skipped" "one failure, not two for the exit status"
like "$out" '^  bad.sh: the second$' "it is named"
like "$out" 'why it failed' "its comments are shown"
like "$out" 'on stderr' "and its stderr"

program crash <<'E2'
echo "1..2"; echo "ok 1 - a"; kill -SEGV $$
E2
suite crash.sh
exits 1 "a crash fails the run"
like "$out" 'crash.sh: killed by signal 11' "the signal is named"
like "$out" 'crash.sh: planned 2 tests, ran 1' "and the tests that did not run"

program hang <<'E2'
echo "1..1"; sleep 100
E2
suite -t 1 hang.sh
exits 1 "a program that hangs fails the run"
like "$out" 'hang.sh: timed out' "it is named"

program silent <<'E2'
true
E2
suite silent.sh
exits 1 "a program without tests fails the run"
like "$out" 'silent.sh: ran no tests' "it is named"

program status <<'E2'
echo "1..1"; echo "ok 1 - a"; exit 23
E2
suite status.sh
like "$out" 'status.sh: exit status 23' "an exit status without a failed test is a failure (a leak report)"
suite no-such-program
exits 1 "a program that is not there fails the run"
suite -x bad good.sh bad.sh
is "$(last)" "2 passed, 0 failed, 0 skipped" "programs can be left out"
suite -o nothing-like-it good.sh
exits 1 "a pattern that matches nothing fails the run"

program cmocka <<'E2'
echo "1..2"; echo "# skip: no server"; echo "not ok 1 # SKIP test_a"; echo "ok 2 - b"; echo "# ok - group"
echo "1..1"; echo "not ok 0 - group [  FAILED  ] GROUP SETUP"; exit 1
E2
suite cmocka.sh
is "$(last)" "1 passed, 1 failed, 1 skipped" "cmocka's skips, groups and group setup"
like "$out" 'cmocka.sh: test_a: no server' "the reason of a skip is listed"

program skips <<'E2'
echo "1..0 # SKIP no such thing here"
E2
suite skips.sh
exits 0 "a skipped program fails nothing"
is "$(last)" "0 passed, 0 failed, 1 skipped" "and counts as skipped"
like "$out" 'skips.sh: no such thing here' "with its reason"

program hermetic <<'E2'
echo "1..1"
[ -z "${PGHOST:-}${DATABASE_URL:-}" ] && [ "$HOME" = "$LS_TEST_TMP/home" ] && [ -d "$TMPDIR" ] || printf 'not '
echo "ok 1 - clean"; mkdir "$LS_TEST_TMP/locked"; : >"$LS_TEST_TMP/locked/f"; chmod 000 "$LS_TEST_TMP/locked"; echo "# in $LS_TEST_TMP"
E2
export PGHOST=nowhere DATABASE_URL=postgres://nowhere
suite -v hermetic.sh
is "$(last)" "1 passed, 0 failed, 0 skipped" "the caller's settings do not reach a test"
tmp=$(printf '%s\n' "$out" | sed -n 's/^ *| # in //p')
ok "the folder of a test is removed" test ! -e "$tmp"
done_testing
