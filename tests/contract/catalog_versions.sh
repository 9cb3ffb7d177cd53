#!/bin/sh
# The same schema on servers of other versions: it differs from the one on 15 only where the versions do. LS_TEST_PG17_BINDIR and LS_TEST_PG18_BINDIR name
# folders with initdb, pg_ctl and postgres (LS_TEST_PG13_BINDIR, 14 and 16 are looked at as well).
. "$LS_SRCDIR/tests/support/tap.sh"

probe=$LS_BUILDDIR/tests/contract/catalog_probe
schema=$LS_SRCDIR/tests/contract/catalog_postgres.sql

[ -x "$probe" ] || skip_all "built without PostgreSQL"
[ -n "${LS_TEST_PG_URL:-}" ] || skip_all "no PostgreSQL server"
psql=$LS_TEST_PG_BINDIR/psql
[ -x "$psql" ] || skip_all "no psql beside the server"
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

owner=
if [ "$(id -u)" -eq 0 ]; then
    for owner in postgres nobody; do
        id "$owner" >/dev/null 2>&1 && break
    done
fi
as_owner() {
    if [ -z "$owner" ]; then
        "$@"
    else
        setpriv --reuid="$owner" --regid="$(id -g "$owner")" --clear-groups -- env HOME=/nonexistent "$@"
    fi
}

dirs=
stop_all() {
    for d in $dirs; do
        eval "bin=\${LS_TEST_PG${d##*.}_BINDIR}"
        as_owner "$bin/pg_ctl" -D "$d/data" -m immediate -w stop >/dev/null 2>&1
        rm -rf "$d"
    done
    "$psql" -qX "$here" -c 'drop subscription if exists sub' >/dev/null 2>&1
    "$psql" -qX "$LS_TEST_PG_URL" -c 'drop database if exists catalog_versions' >/dev/null 2>&1
}
here=$(printf '%s' "$LS_TEST_PG_URL" | sed 's#///[^?]*#///catalog_versions#')
trap stop_all EXIT
trap 'exit 130' INT TERM HUP

start() { # VERSION BINDIR: leaves the folder in $dir
    dir=$(mktemp -d /tmp/ls-pg.XXXXXX) && mv "$dir" "$dir.$1" && dir=$dir.$1 || return 1
    dirs="$dirs $dir"
    chmod 755 "$dir"
    [ -z "$owner" ] || chown "$owner" "$dir"
    (cd "$dir" && as_owner "$2/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/log" 2>&1 ||
        as_owner "$2/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >>"$dir/log" 2>&1) || return 1
    printf "unix_socket_directories = '%s'\nlisten_addresses = ''\nfsync = off\n" "$dir" >>"$dir/data/postgresql.conf"
    (cd "$dir" && as_owner "$2/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 60 start >/dev/null 2>&1) || return 1
    "$psql" -qX "postgresql:///postgres?host=$dir&user=postgres" -c 'create role lockstep_pw login' >/dev/null 2>&1
}

load() { # URL: prints the first error
    "$psql" -qX -v ON_ERROR_STOP=1 "$1" -f "$schema" 2>&1 >/dev/null </dev/null | grep -a ERROR
}

# From 16 on a view with one table writes its columns without that; from 18 on subscriptions stream in parallel by default.
expected() { # VERSION
    echo '@@ materialised view s.mv @@'
    [ "$1" -lt 18 ] || echo '@@ subscription sub @@'
    echo '@@ view s.v @@'
    echo '@@ view s.v2 @@'
}

run_there() { # TEST...
    for t in "$@"; do
        [ -x "$LS_BUILDDIR/tests/contract/$t" ] || { skip "built without cmocka" "$t on $v"; continue; }
        # One change in five: that they are all found is shown on 15, here that the server's version does not matter.
        run env LS_TEST_SCALE="$([ -n "${LS_CHECK_ALL:-}" ] && echo 100 || echo 20)" LS_TEST_PG_URL="$there" LS_TEST_PG_TCP_URL= "$LS_BUILDDIR/tests/contract/$t"
        exits 0 "$t on $v"
    done
}

for v in $others; do
    eval "bin=\${LS_TEST_PG${v}_BINDIR}"
    if ! start "$v" "$bin"; then
        diag "$(tail -n 3 "$dir/log" "$dir/server.log" 2>/dev/null)"
        fail "PostgreSQL $v starts"
        continue
    fi
    there="postgresql:///postgres?host=$dir&user=postgres"
    if [ "$v" -lt 17 ]; then # the schema is written for 15, and 16 is nowhere to be had here
        run "$probe" "$there"
        exits 0 "PostgreSQL $v can be read"
        run_there test_catalog_expr
        continue
    fi
    "$psql" -qX "$LS_TEST_PG_URL" -c 'drop database if exists catalog_versions' -c 'create database catalog_versions template template0' >/dev/null 2>&1 </dev/null
    is "$(load "$here")" "" "the schema is made on 15"
    is "$(load "$there")" "" "the schema is made on $v"
    run "$probe" "$here" "$there"
    tap_show_run
    is "$(printf '%s\n' "$out" | grep '^@@' | LC_ALL=C sort)" "$(expected "$v")" "15 and $v differ where the versions do"
    unlike "$out" '^[-+].*(constraint|not null)' "no NOT NULL constraint of $v shows"
    "$psql" -qX "$here" -c 'drop subscription if exists sub' >/dev/null 2>&1 </dev/null
    run_there test_catalog_postgres test_catalog_mutations test_catalog_expr test_catalog_refresh test_usage_postgres test_usage_counts test_usage_busy
done
done_testing
