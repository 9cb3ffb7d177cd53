# The advisory locks of other tools on PostgreSQL: held by somebody else, lockstep waits, says for whom, and gives up; while lockstep applies, it holds
# the tool's keys itself, and the tool, where it can be had, does not go on. The keys are worked out here anew.
. "$LS_SRCDIR/tests/cli/lib.sh"
. "$LS_SRCDIR/tests/support/peers.sh"

has_driver postgres || skip_all "no PostgreSQL driver"
[ -n "${LS_TEST_PG_URL:-}" ] || skip_all "${LS_TEST_PG_SKIP:-no PostgreSQL}"
in_dir locks
pg_new

crc32() { # of standard input: gzip writes it behind what it packed
    gzip -c | tail -c 8 | od -An -tu4 -N4 | tr -d ' '
}

cursor_key() { # SCHEMA TABLE DATABASE: golang-migrate's
    echo $(($(printf '%s\0%s\0%s' "$1" "$2" "$3" | crc32) * 1486364155 % 4294967296))
}
database_crc=$(printf '%s' "$pg_name" | crc32)

is "$(cursor_key public schema_migrations /gm) $(cursor_key public schema_migrations gm)" "3596941855 1418081039" "the sum is worked out right"

# The keys of each format, as its tool works them out.
keys_of() {
    case $1 in
    golang-migrate) echo "$(cursor_key public schema_migrations "/$pg_name") $(cursor_key public schema_migrations "$pg_name")" ;;
    sqlx) echo $((0x3d32ad9e * database_crc)) ;;
    flyway) echo 77433833903597 ;;
    prisma) echo 72707369 ;;
    node-pg-migrate) echo 7241865325823964 ;;
    goose) echo 4097083626 5887940537704921958 ;;
    rails) echo $((2053462845 * database_crc)) ;;
    esac
}

put() { # FORMAT SQL: a folder with one migration that does this
    rm -rf m && mkdir m
    case $1 in
    golang-migrate) printf '%s\n' "$2" >m/1_a.up.sql ;;
    sqlx) printf '%s\n' "$2" >m/1_a.sql ;;
    flyway) printf '%s\n' "$2" >m/V1__a.sql ;;
    prisma)
        mkdir m/20240101000000_a
        printf '%s\n' "$2" >m/20240101000000_a/migration.sql
        printf 'provider = "postgresql"\n' >m/migration_lock.toml
        ;;
    node-pg-migrate) printf -- '-- Up Migration\n%s\n' "$2" >m/1_a.sql ;;
    goose) printf -- '-- +goose Up\n%s\n' "$2" >m/1_a.sql ;;
    rails) printf 'class A < ActiveRecord::Migration[6.1]\n  def change\n  end\nend\n' >m/20240101000000_a.rb ;;
    esac
}

holder() { # KEY: who has it
    pg_do "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE locktype = 'advisory' AND granted AND objsubid = 1
           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND (classid::bigint << 32) + objid::bigint = $1"
}

has_holder() {
    [ -n "$(holder "$1")" ]
}

is_asleep() {
    [ "$(pg_do "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep' AND application_name ~ '^lockstep'")" != 0 ]
}

clean() {
    pg_do "DROP SCHEMA public CASCADE; CREATE SCHEMA public" 2>/dev/null
}

lockstep() {
    run "$LS_BIN" "$@" --url "$pg_url" --format "$format" --migrations m
}

go='up --yes'
for format in golang-migrate sqlx flyway prisma node-pg-migrate goose rails; do
    clean
    put $format 'CREATE TABLE a (id int);'
    go='up --yes'
    # Rails runs its own migrations and locks for them; lockstep does for what it writes itself.
    if [ $format = rails ]; then
        if ! "$LS_BIN" formats | grep -q '^rails .* mark'; then
            skip "it is not operated here" "Rails"
            continue
        fi
        go='mark 20240101000000 applied --yes'
        pg_do "CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY);
               CREATE TABLE ar_internal_metadata (key varchar NOT NULL PRIMARY KEY, value varchar, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL)"
    fi
    for key in $(keys_of $format); do
        PGAPPNAME="somebody's $format" "$LS_TEST_PG_CLIENTS/psql" -X -q -A -t -d "$pg_url" -c "SELECT pg_advisory_lock($key)" -c 'SELECT pg_sleep(300)' \
            >/dev/null 2>&1 &
        pid=$!
        ok "$format: somebody holds $key" wait_for has_holder "$key"
        lockstep $go --lock-wait 200ms
        exits 3 "$format: lockstep does not go on"
        like "$err" "somebody's $format" "$format: and shows who holds it"
        lockstep status
        exits 0 "$format: looking needs no lock"
        is "$(pg_do "SELECT count(*) FROM pg_class WHERE relname IN ('a')")" 0 "$format: nothing is done"
        kill $pid && wait $pid 2>/dev/null
        pg_do "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^somebody' AND datname = current_database()" >/dev/null
    done
    lockstep $go
    exits 0 "$format: when it is free, lockstep goes on"
done

# --- the other way round ---
tool_of() { # FORMAT: starts the tool, when it is there; false when not
    case $1 in
    node-pg-migrate)
        js=${LS_TEST_NODE_PG_MIGRATE:-$(peer_js node-pg-migrate/bin/node-pg-migrate.js)}
        [ -n "$js" ] && [ -n "$node" ] || return 1
        run env DATABASE_URL="postgres://postgres@/$pg_name?host=$LS_TEST_PG_HOST&port=$LS_TEST_PG_PORT" "$node" "$js" up -m m
        ;;
    *) return 1 ;;
    esac
}

for format in golang-migrate sqlx flyway prisma node-pg-migrate goose; do
    clean
    put $format 'SELECT pg_sleep(300);'
    "$LS_BIN" up --yes --url "$pg_url" --format $format --migrations m >run.out 2>&1 &
    pid=$!
    ok "$format: lockstep applies" wait_for is_asleep
    for key in $(keys_of $format); do
        like "$(holder "$key")" '^lockstep' "$format: it holds $key"
    done
    if tool_of $format; then
        ok "$format: the tool does not go on" test "$rc" -ne 0
        like "$out$err" 'Another migration is already running' "$format: and says why"
    fi
    kill -INT $pid
    wait $pid
    for key in $(keys_of $format); do
        is "$(holder "$key")" "" "$format: interrupted, it lets go of $key"
    done
done
done_testing
