#!/usr/bin/env bash
# Reading a whole catalogue: PostgreSQL against a bare libpq program with the server's own texts and against pg_dump -s, SQLite against sqlite3's .schema.
# LS_TEST_BENCH_ROUNDS: how many (5); LS_TEST_BENCH_SHORT=1: 1,000 tables only; LS_TEST_BENCH_ONLY: SQLite or PostgreSQL.
rounds=${LS_TEST_BENCH_ROUNDS:-5}
sizes='1000 10000'
[ -z "${LS_TEST_BENCH_SHORT:-}" ] || { sizes=1000; rounds=3; }
bench=$LS_BUILDDIR/tests/bench/bench_catalog
failed=
only=${LS_TEST_BENCH_ONLY:-}

if [ "$only" != PostgreSQL ] && command -v sqlite3 >/dev/null; then
    for n in $sizes; do
        # Each CREATE reads the whole schema again, so without syncs it still takes a while.
        { echo 'PRAGMA journal_mode = off; PRAGMA synchronous = off;'; "$bench" gen sqlite "$n"; } | sqlite3 "$LS_TEST_TMP/$n.db" >/dev/null
        "$bench" run "SQLite $n tables / sqlite3 .schema" "$rounds" 1.5 0 "sqlite:$LS_TEST_TMP/$n.db" sqlite3 "$LS_TEST_TMP/$n.db" .schema || failed=1
        "$LS_BUILDDIR/tests/bench/bench_refresh" "SQLite $n tables" "$rounds" "sqlite:$LS_TEST_TMP/$n.db" || failed=1
    done
fi
if [ "$only" != SQLite ] && vars=$("$LS_SRCDIR/tests/support/pg" start 2>"$LS_TEST_TMP/pg.err"); then
    eval "$vars"
    trap '"$LS_SRCDIR/tests/support/pg" stop "$LS_TEST_PG_DIR" >/dev/null 2>&1' EXIT
    trap 'exit 130' INT TERM HUP
    for n in $sizes; do
        url="postgresql:///bench_$n?host=$LS_TEST_PG_HOST&port=$LS_TEST_PG_PORT&user=postgres"
        "$LS_TEST_PG_CLIENTS/psql" -qX "$LS_TEST_PG_URL" -c "create database bench_$n" </dev/null
        "$bench" gen postgres "$n" | "$LS_TEST_PG_CLIENTS/psql" -qX "$url" >/dev/null 2>"$LS_TEST_TMP/gen.err" ||
            failed=1
        "$LS_TEST_PG_CLIENTS/psql" -qX "$url" -c 'vacuum analyze' </dev/null
        goal=0.8 dump_goal=0.25
        [ "$n" -ge 10000 ] || { goal=1.3; dump_goal=0.6; }
        "$bench" run "PostgreSQL $n tables / floor + defs" "$rounds" "$goal" 163840 "$url" "$LS_BUILDDIR/tests/bench/floor_catalog" "$url" || failed=1
        "$bench" run "PostgreSQL $n tables / pg_dump -s" "$rounds" "$dump_goal" 0 "$url" "$LS_TEST_PG_CLIENTS/pg_dump" -s "$url" || failed=1
        "$LS_BUILDDIR/tests/bench/bench_refresh" "PostgreSQL $n tables" "$rounds" "$url" || failed=1
    done
elif [ "$only" != SQLite ]; then
    echo "# no PostgreSQL: $(tail -n 1 "$LS_TEST_TMP/pg.err")"
fi
echo 1..1
if [ -z "$failed" ]; then
    echo "ok 1 - catalogue benchmark ran"
else
    echo "not ok 1 - catalogue benchmark ran"
fi
