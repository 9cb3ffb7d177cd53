#!/bin/sh
# The console against a plain ncurses list and a bare reader. LS_TEST_BENCH_SHORT=1: one round.
rounds=5
[ -z "${LS_TEST_BENCH_SHORT:-}" ] || rounds=1
echo 1..1
if "$LS_BUILDDIR/tests/bench/bench_console" "$LS_BIN" "$LS_BUILDDIR/tests/bench" "$rounds" 2>&1; then
    echo "ok 1 - console benchmark ran"
else
    echo "not ok 1 - console benchmark ran"
fi
