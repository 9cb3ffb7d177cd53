#!/bin/sh
# The same schema on servers of other versions: it differs from the one on 15 only where the versions do. LS_TEST_PG13_BINDIR to LS_TEST_PG18_BINDIR
# name folders with initdb, pg_ctl and postgres.
. "$LS_SRCDIR/tests/support/tap.sh"

probe=$LS_BUILDDIR/tests/contract/catalog_probe
schema=$LS_TEST_TMP/schema.sql

[ -x "$probe" ] || skip_all "built without PostgreSQL"
[ -n "${LS_TEST_PG_URL:-}" ] || skip_all "no PostgreSQL server"
psql=$LS_TEST_PG_CLIENTS/psql
pg=$LS_SRCDIR/tests/support/pg
[ -x "$psql" ] || skip_all "no psql"
case $("$psql" -AtX "$LS_TEST_PG_URL" -c 'show server_version_num') in
15*) ;;
*) skip_all "the server of the tests is not 15" ;;
esac
others=
for v in 13 14 16 17 18; do
    eval "bin=\${LS_TEST_PG${v}_BINDIR:-}"
    [ -z "$bin" ] || others="$others $v"
done
[ -n "$others" ] || skip_all "LS_TEST_PG17_BINDIR and LS_TEST_PG18_BINDIR are not set (./bootstrap check names those of ./bootstrap peers)"

dirs=
stop_all() {
    for d in $dirs; do
        "$pg" stop "$d" >/dev/null 2>&1
    done
    "$psql" -qX "$here" -c 'drop subscription if exists sub' >/dev/null 2>&1
    "$psql" -qX "$LS_TEST_PG_URL" -c 'drop database if exists catalog_versions' >/dev/null 2>&1
}
here=$(printf '%s' "$LS_TEST_PG_URL" | sed 's#///[^?]*#///catalog_versions#')
trap stop_all EXIT
trap 'exit 130' INT TERM HUP

load() { # URL FILE: prints the first error
    "$psql" -qX -v ON_ERROR_STOP=1 "$1" -f "$2" 2>&1 >/dev/null </dev/null | grep -a ERROR
}

# Before 14 there are no multiranges, before 15 the schema public belongs to who made the cluster and the sequences of an unlogged table are logged; from
# 16 on a view with one table writes its columns without that, from 18 on subscriptions stream in parallel by default.
expected() { # VERSION
    [ "$1" -lt 16 ] || echo '@@ materialised view s.mv @@'
    [ "$1" -ge 14 ] || echo '@@ range type s.frange @@'
    if [ "$1" -lt 15 ]; then
        echo '@@ schema public @@'
        echo '@@ sequence s.un_big_seq @@'
        echo '@@ sequence s.un_id_seq @@'
    fi
    [ "$1" -lt 18 ] || echo '@@ subscription sub @@'
    [ "$1" -lt 16 ] || echo '@@ view s.v @@'
    [ "$1" -lt 16 ] || echo '@@ view s.v2 @@'
}

run_there() { # TEST...
    for t in "$@"; do
        [ -x "$LS_BUILDDIR/tests/contract/$t" ] || { skip "built without cmocka" "$t on $v"; continue; }
        # One change in ten: that they are all found is shown on 15, here that the server's version does not matter.
        run env LS_TEST_SCALE="$([ -n "${LS_CHECK_ALL:-}" ] && echo 100 || echo 10)" LS_TEST_PG_URL="$there" LS_TEST_PG_TCP_URL= "$LS_BUILDDIR/tests/contract/$t"
        exits 0 "$t on $v"
    done
}

for v in $others; do
    eval "bin=\${LS_TEST_PG${v}_BINDIR}"
    if ! vars=$(LS_TEST_PG_BINDIR=$bin "$pg" start 2>"$LS_TEST_TMP/pg.err"); then
        diag "$(cat "$LS_TEST_TMP/pg.err")"
        fail "PostgreSQL $v starts"
        continue
    fi
    there=$(eval "$vars" && printf '%s' "$LS_TEST_PG_URL")
    dirs="$dirs $(eval "$vars" && printf '%s' "$LS_TEST_PG_DIR")"
    "$psql" -qX "$LS_TEST_PG_URL" -c 'drop database if exists catalog_versions' -c 'create database catalog_versions template template0' >/dev/null 2>&1 </dev/null
    run "$probe" --schema "$LS_SRCDIR/tests/contract/catalog_postgres.sql" "$v"
    exits 0 "the schema in the words of $v"
    cp "$out_file" "$schema"
    is "$(load "$here" "$schema")" "" "the schema is made on 15"
    is "$(load "$there" "$schema")" "" "the schema is made on $v"
    run "$probe" "$here" "$there"
    tap_show_run
    is "$(printf '%s\n' "$out" | grep '^@@' | LC_ALL=C sort)" "$(expected "$v")" "15 and $v differ where the versions do"
    unlike "$out" '^[-+].*(constraint|not null)' "no NOT NULL constraint of $v shows"
    "$psql" -qX "$here" -c 'drop subscription if exists sub' >/dev/null 2>&1 </dev/null
    run_there test_catalog_postgres test_catalog_mutations test_catalog_expr test_catalog_refresh test_usage_postgres test_usage_counts test_usage_busy
done
done_testing
