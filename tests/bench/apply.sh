#!/usr/bin/env bash
# Applying small migrations and `status`, on SQLite and on a durable throw-away PostgreSQL of its own.
# LS_TEST_BENCH_N, LS_TEST_BENCH_ROUNDS: how many (1000, 3); LS_TEST_BENCH_SHORT=1: 100 of them, once; LS_TEST_BENCH_ONLY: SQLite or PostgreSQL.
# LS_TEST_DBMATE, or a dbmate in PATH, joins the rounds; on SQLite twice. As it comes it has an easier task: its driver sets synchronous to NORMAL, which is
# three syncs for a migration where SQLite's own default, which lockstep and the floor keep, is four; so it also runs with _sync=FULL.
n=${LS_TEST_BENCH_N:-1000} rounds=${LS_TEST_BENCH_ROUNDS:-3}
[ -z "${LS_TEST_BENCH_SHORT:-}" ] || { n=100; rounds=1; }
dbmate=${LS_TEST_DBMATE:-$(command -v dbmate || true)}
url=
if vars=$("$LS_SRCDIR/tests/support/pg" start --durable 2>"$LS_TEST_TMP/pg.err"); then
    eval "$vars"
    trap '"$LS_SRCDIR/tests/support/pg" stop "$LS_TEST_PG_DIR" >/dev/null 2>&1' EXIT
    trap 'exit 130' INT TERM HUP
    url=$LS_TEST_PG_URL
else
    echo "# no PostgreSQL: $(tail -n 1 "$LS_TEST_TMP/pg.err")"
fi
echo 1..1
if "$LS_BUILDDIR/tests/bench/bench_apply" "$LS_BIN" "$LS_BUILDDIR/tests/bench" "$n" "$rounds" "$url" "$dbmate" "${LS_TEST_BENCH_ONLY:-}" 2>&1; then
    echo "ok 1 - apply benchmark ran"
else
    echo "not ok 1 - apply benchmark ran"
fi
