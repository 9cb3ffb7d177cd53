#!/usr/bin/env bash
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@" # tests/run takes sh; arrays and EPOCHREALTIME are bash's
# Looking at 10,000 files of each format beside reading them twice: the scan alone, `formats` (whose are they, a program from start to end), and, for the
# eye, `status` of an empty database, which connects and prints ten thousand lines besides.
# Goal: less time than reading them twice, with the files in the page cache and without. LS_TEST_BENCH_N, LS_TEST_BENCH_ROUNDS: how many (10000, 5);
# LS_TEST_BENCH_SHORT=1: 1000, in the cache only, three times, and no status; LS_TEST_BENCH_ONLY: one format.
n=${LS_TEST_BENCH_N:-10000} rounds=${LS_TEST_BENCH_ROUNDS:-5}
caches='warm cold'
[ -z "${LS_TEST_BENCH_SHORT:-}" ] || { n=1000 rounds=3 caches=warm; }
floor=$LS_BUILDDIR/tests/bench/floor_scan scan=$LS_BUILDDIR/tests/bench/bench_scan
cd "$LS_TEST_TMP" || exit 1
unset LOCKSTEP_URL DATABASE_URL DATABASE_URL_UNPOOLED

sql='CREATE TABLE account_settings_%d (id integer PRIMARY KEY, owner text NOT NULL, created_at timestamp, payload text);\nCREATE INDEX settings_owner_%d ON account_settings_%d (owner);\n'
body() {
    # shellcheck disable=SC2059
    printf "$sql" "$1" "$1" "$1"
}

one() { # FORMAT DIR I: the files of one migration
    local v
    printf -v v '%014d' $((20200101000000 + $3))
    case $1 in
    lockstep)
        { echo '-- lockstep: transaction'; body "$3"; } >"$2/$v""_m$3.up.sql"
        printf 'DROP TABLE account_settings_%d;\n' "$3" >"$2/$v""_m$3.down.sql"
        ;;
    golang-migrate)
        body "$3" >"$2/$v""_m$3.up.sql"
        printf 'DROP TABLE account_settings_%d;\n' "$3" >"$2/$v""_m$3.down.sql"
        ;;
    dbmate) { echo '-- migrate:up'; body "$3"; echo '-- migrate:down'; echo "DROP TABLE account_settings_$3;"; } >"$2/$v""_m$3.sql" ;;
    goose) { echo '-- +goose Up'; body "$3"; echo '-- +goose Down'; echo "DROP TABLE account_settings_$3;"; } >"$2/$v""_m$3.sql" ;;
    sql-migrate) { echo '-- +migrate Up'; body "$3"; echo '-- +migrate Down'; echo "DROP TABLE account_settings_$3;"; } >"$2/$v""_m$3.sql" ;;
    node-pg-migrate) { echo '-- Up Migration'; body "$3"; echo '-- Down Migration'; echo "DROP TABLE account_settings_$3;"; } >"$2/$((1600000000000 + $3))_m$3.sql" ;;
    sqlx | plain) body "$3" >"$2/$v""_m$3.sql" ;;
    flyway) body "$3" >"$2/V$3""__m$3.sql" ;;
    drizzle)
        body "$3" >"$2/$v""_m$3.sql"
        printf '%s{"idx": %d, "version": "7", "when": %d, "tag": "%s_m%d", "breakpoints": true}\n' "$([ "$3" = 1 ] || echo ,)" $(($3 - 1)) \
            $((1600000000000 + $3)) "$v" "$3" >&3
        ;;
    drizzle-1) mkdir "$2/$v""_m$3" && body "$3" >"$2/$v""_m$3/migration.sql" && echo '{"version": "9", "prevIds": []}' >"$2/$v""_m$3/snapshot.json" ;;
    prisma) mkdir "$2/$v""_m$3" && body "$3" >"$2/$v""_m$3/migration.sql" ;;
    diesel) mkdir "$2/$v""_m$3" && body "$3" >"$2/$v""_m$3/up.sql" && echo "DROP TABLE account_settings_$3;" >"$2/$v""_m$3/down.sql" ;;
    alembic)
        printf '"""m%d\n\nRevision ID: r%d\nRevises: r%d\n"""\nfrom alembic import op\nimport sqlalchemy as sa\n\nrevision = "r%d"\ndown_revision = %s\nbranch_labels = None\ndepends_on = None\n\n\ndef upgrade():\n    op.create_table("t%d", sa.Column("id", sa.Integer()))\n\n\ndef downgrade():\n    op.drop_table("t%d")\n' \
            "$3" "$3" $(($3 - 1)) "$3" "$([ "$3" = 1 ] && echo None || echo "\"r$(($3 - 1))\"")" "$3" "$3" >"$2/versions/r$3""_m.py"
        ;;
    rails) printf 'class M%d < ActiveRecord::Migration[6.1]\n  def change\n    create_table :t%d do |t|\n      t.string :name\n    end\n  end\nend\n' "$3" "$3" >"$2/$v""_m$3.rb" ;;
    sqitch)
        body "$3" >"$2/deploy/m$3.sql"
        printf 'DROP TABLE account_settings_%d;\n' "$3" >"$2/revert/m$3.sql"
        printf 'm%d 2024-01-01T00:00:00Z Ann <ann@example.com> # m%d\n' "$3" "$3" >&3
        ;;
    esac
}

make_folder() { # FORMAT DIR
    local i
    mkdir -p "$2"
    case $1 in
    drizzle)
        mkdir "$2/meta"
        exec 3>"$2/meta/_journal.json"
        printf '{"version": "7", "dialect": "sqlite", "entries": [\n' >&3
        ;;
    alembic)
        mkdir "$2/versions"
        echo 'from alembic import context' >"$2/env.py"
        ;;
    sqitch)
        mkdir "$2/deploy" "$2/revert"
        exec 3>"$2/sqitch.plan"
        printf '%%syntax-version=1.0.0\n%%project=bench\n\n' >&3
        ;;
    *) exec 3>/dev/null ;;
    esac
    # As many files as are asked for, not as many migrations.
    case $1 in
    lockstep | golang-migrate | drizzle-1 | diesel | sqitch) last=$((n / 2)) ;;
    *) last=$n ;;
    esac
    for ((i = 1; i <= last; i++)); do one "$1" "$2" "$i"; done
    [ "$1" != drizzle ] || echo ']}' >&3
    [ "$1" != prisma ] || echo 'provider = "sqlite"' >"$2/migration_lock.toml"
    [ "$1" != plain ] || : >"$2/applied.txt"
    exec 3>&-
}

ms() { # sets took: of a command, in thousandths of a millisecond
    local t=${EPOCHREALTIME/./}
    "$@" >"$LS_TEST_TMP/printed" 2>"$LS_TEST_TMP/said" </dev/null
    rc=$?
    took=$((${EPOCHREALTIME/./} - t))
}

middle() { # of the arguments
    printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

measure() { # NAME CACHE DIR COMMAND...
    local name=$1 cache=$2 dir=$3 i
    local -a ours=() floors=() ratios=()
    shift 3
    for ((i = 0; i < rounds; i++)); do
        [ "$cache" = warm ] || "$floor" evict "$dir"
        ms "$floor" read "$dir" 1
        f=$took
        # The second time they are in the cache, for whoever reads them twice.
        ms "$floor" read "$dir" 1
        f=$((f + took))
        [ "$cache" = warm ] || "$floor" evict "$dir"
        ms "$@"
        [ "$1" != "$scan" ] || read -r took _ <"$LS_TEST_TMP/printed"
        [ "$rc" -eq 0 ] || { echo "# $name: $(tail -n 2 "$LS_TEST_TMP/said" | tr '\n' ' ')"; return 1; }
        ours+=("$took") floors+=("$f") ratios+=("$((took * 1000 / f))")
    done
    awk -v name="$name, $cache" -v v="$(middle "${ours[@]}")" -v f="$(middle "${floors[@]}")" -v r="$(middle "${ratios[@]}")" 'BEGIN {
        printf "# bench %-40s %8.1f ms  floor %8.1f  ratio %5.2f  %s\n", name, v / 1000, f / 1000, r / 1000,
            name ~ /^status/ ? "" : r <= 1000 ? "goal 1.00  ok" : "goal 1.00  over" }'
}

formats=${LS_TEST_BENCH_ONLY:-lockstep golang-migrate dbmate goose sql-migrate drizzle drizzle-1 prisma sqlx diesel node-pg-migrate flyway plain alembic rails sqitch}
bad=0
echo 1..1
for format in $formats; do
    dir=$format/migrations
    mkdir -p "$format"
    make_folder "$format" "$dir"
    # An empty database; one of PostgreSQL where the tool knows no other.
    url=sqlite::memory:
    [ "$format" != node-pg-migrate ] || url=${LS_TEST_PG_URL:-}
    [ "$caches" = warm ] || sync -f "$dir" 2>/dev/null || sync
    [ "$caches" != warm ] || url=
    for cache in $caches; do
        measure "scan, $format" $cache "$dir" "$scan" "$format" "$dir" || bad=1
        measure "formats, $format" $cache "$dir" "$LS_BIN" formats "$dir" || bad=1
        [ -z "$url" ] || measure "status, $format" $cache "$dir" "$LS_BIN" status --migrations "$dir" --format "$format" --url "$url" || bad=1
    done
    rm -rf "$format"
done
if [ $bad -eq 0 ]; then
    echo "ok 1 - scan benchmark ran"
else
    echo "not ok 1 - scan benchmark ran"
fi
