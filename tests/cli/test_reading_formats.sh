# A database of each format that lockstep knows, half migrated: looking at it changes no byte of a SQLite file, and no relation and no row of a
# PostgreSQL database. What is operated is made with lockstep, which writes what the tools write (test_interop_*); the rest by the tables it has.
. "$LS_SRCDIR/tests/cli/lib.sh"
need_jq

fixture() { # FORMAT DIR DIALECT: its folder with three migrations; false: they are no SQL that lockstep runs
    case $1 in
    lockstep | golang-migrate | sqlx)
        for n in 1 2 3; do
            printf 'CREATE TABLE t%s (id int);\n' $n >"$2/$n""_a.up.sql"
            printf 'DROP TABLE t%s;\n' $n >"$2/$n""_a.down.sql"
        done
        ;;
    dbmate)
        for n in 1 2 3; do printf -- '-- migrate:up\nCREATE TABLE t%s (id int);\n-- migrate:down\nDROP TABLE t%s;\n' $n $n >"$2/$n""_a.sql"; done
        ;;
    goose)
        for n in 1 2 3; do printf -- '-- +goose Up\nCREATE TABLE t%s (id int);\n-- +goose Down\nDROP TABLE t%s;\n' $n $n >"$2/$n""_a.sql"; done
        ;;
    sql-migrate)
        for n in 1 2 3; do printf -- '-- +migrate Up\nCREATE TABLE t%s (id int);\n-- +migrate Down\nDROP TABLE t%s;\n' $n $n >"$2/$n""_a.sql"; done
        ;;
    drizzle)
        mkdir "$2/meta"
        for n in 1 2 3; do printf 'CREATE TABLE t%s (id int);\n' $n >"$2/000$n""_a.sql"; done
        printf '{"version": "7", "dialect": "%s", "entries": [%s, %s, %s]}\n' "$3" \
            '{"idx": 0, "version": "7", "when": 1795246971583, "tag": "0001_a", "breakpoints": true}' \
            '{"idx": 1, "version": "7", "when": 1795246973293, "tag": "0002_a", "breakpoints": true}' \
            '{"idx": 2, "version": "7", "when": 1795246980001, "tag": "0003_a", "breakpoints": true}' >"$2/meta/_journal.json"
        ;;
    drizzle-1 | prisma | diesel)
        for n in 1 2 3; do
            mkdir "$2/2024010100000$n""_a"
            case $1 in
            diesel)
                printf 'CREATE TABLE t%s (id int);\n' $n >"$2/2024010100000$n""_a/up.sql"
                printf 'DROP TABLE t%s;\n' $n >"$2/2024010100000$n""_a/down.sql"
                ;;
            *) printf 'CREATE TABLE t%s (id int);\n' $n >"$2/2024010100000$n""_a/migration.sql" ;;
            esac
            [ "$1" != drizzle-1 ] || echo '{}' >"$2/2024010100000$n""_a/snapshot.json"
        done
        [ "$1" != prisma ] || printf 'provider = "%s"\n' "$3" >"$2/migration_lock.toml"
        ;;
    node-pg-migrate)
        for n in 1 2 3; do printf -- '-- Up Migration\nCREATE TABLE t%s (id int);\n-- Down Migration\nDROP TABLE t%s;\n' $n $n >"$2/$n""_a.sql"; done
        ;;
    flyway)
        for n in 1 2 3; do printf 'CREATE TABLE t%s (id int);\n' $n >"$2/V$n""__a.sql"; done
        printf 'CREATE VIEW w AS SELECT 1 AS one;\n' >"$2/R__view.sql"
        ;;
    plain)
        for n in 1 2 3; do printf 'CREATE TABLE t%s (id int);\n' $n >"$2/$n""_a.sql"; done
        : >"$2/applied.txt"
        ;;
    *) return 1 ;;
    esac
}

# The ledgers of the tools whose migrations are no SQL that lockstep runs, and a folder of each.
other() { # FORMAT DIR: prints the SQL
    case $1 in
    alembic)
        mkdir "$2/versions"
        echo 'from alembic import context' >"$2/env.py"
        printf 'revision = "ab"\ndown_revision = None\n' >"$2/versions/ab_x.py"
        printf 'revision = "cd"\ndown_revision = "ab"\n' >"$2/versions/cd_y.py"
        echo "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
              INSERT INTO alembic_version VALUES ('ab')"
        ;;
    rails)
        printf 'class X < ActiveRecord::Migration[6.1]\nend\n' >"$2/20240101000001_x.rb"
        printf 'class Y < ActiveRecord::Migration[6.1]\nend\n' >"$2/20240101000002_y.rb"
        echo "CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY); INSERT INTO schema_migrations VALUES ('20240101000001');
              CREATE TABLE ar_internal_metadata (key varchar NOT NULL PRIMARY KEY, value varchar, created_at timestamp, updated_at timestamp)"
        ;;
    sqitch)
        mkdir "$2/deploy"
        printf '%%syntax-version=1.0.0\n%%project=p\n\na 2024-01-01T00:00:00Z Ann <ann@example.com> # a\n' >"$2/sqitch.plan"
        echo 'SELECT 1;' >"$2/deploy/a.sql"
        echo 'CREATE TABLE t (id int)'
        ;;
    ecto)
        echo '  use Ecto.Migration' >"$2/20240101000001_x.exs"
        echo 'CREATE TABLE schema_migrations (version bigint PRIMARY KEY, inserted_at timestamp); INSERT INTO schema_migrations (version) VALUES (20240101000001)'
        ;;
    knex)
        echo '/** @param { import("knex").Knex } knex */' >"$2/20240101000001_x.js"
        echo 'CREATE TABLE knex_migrations (id int, name varchar(255), batch int, migration_time timestamp); CREATE TABLE knex_migrations_lock (i int, is_locked int)'
        ;;
    django)
        echo 'class Migration(migrations.Migration):' >"$2/0001_initial.py"
        echo 'CREATE TABLE django_migrations (id int, app varchar(255), name varchar(255), applied timestamp)'
        ;;
    liquibase)
        echo 'databaseChangeLog:' >"$2/db.changelog-master.yaml"
        echo 'CREATE TABLE databasechangelog (id varchar(255), author varchar(255), filename varchar(255), md5sum varchar(35))'
        ;;
    sequelize)
        echo 'module.exports = { up: (queryInterface, Sequelize) => {} }' >"$2/20240101000001-x.js"
        echo 'CREATE TABLE "SequelizeMeta" (name varchar(255) PRIMARY KEY)'
        ;;
    typeorm)
        echo 'export class X implements MigrationInterface {' >"$2/1600000000000-X.ts"
        echo 'CREATE TABLE migrations (id int, "timestamp" bigint, name varchar(255))'
        ;;
    supabase)
        echo 'SELECT 1;' >"$2/20240101000001_x.sql"
        echo 'CREATE TABLE t (id int)'
        ;;
    *) return 1 ;;
    esac
}

looks='status|status --json|plan|plan down|verify|formats|log'
short='status|plan|verify'
look_all() { # URL LOOKS
    printf '%s\n' "$2" | tr '|' '\n' >../commands
    while IFS= read -r c; do
        # shellcheck disable=SC2086
        run "$LS_BIN" $c --url "$1"
        # 1: a tool that is only known by name
        case $rc in
        0 | 1 | 3 | 6) ;;
        *) fail "$format: $c ended with $rc" && tap_show_run ;;
        esac
        case $c:$rc in
        status:0) n_read=$((n_read + 1)) ;;
        esac
    done <../commands
}

# The console, opened, and closed when it shows the ledger.
console() { # URL
    command -v script >/dev/null 2>&1 && "$LS_BIN" version | grep -q '[+]console' || return 0
    rm -f ../keys ../screen
    mkfifo ../keys
    TERM=xterm-256color script -qfec "'$LS_BIN' --url '$1'" ../screen <../keys >/dev/null 2>&1 &
    c_pid=$!
    exec 7>../keys
    wait_for grep -q "$2" ../screen || { fail "$format: the console shows nothing" && tap_show_run; }
    printf 'qy' >&7
    wait $c_pid
    exec 7>&-
}

prepare() { # sets made: operated, other or nothing
    mkdir -p "$format/.git" "$format/migrations" && cd "$format" || exit 1
    printf '[project]\nformat = %s\n' "$format" >lockstep.conf
    if fixture "$format" migrations "$1"; then
        made=operated list=$looks
    elif sql=$(other "$format" migrations); then
        made=other list=$short
    else
        made=nothing list=$short
    fi
}

formats=$("$LS_BIN" formats --json "$LS_TEST_TMP" | jq -r '.formats[].name')
ok "there are formats" test "$(printf '%s\n' $formats | wc -l)" -gt 20

if has_driver sqlite && command -v sqlite3 >/dev/null 2>&1; then
    in_dir sqlite
    for format in $formats; do
        [ $format != node-pg-migrate ] || continue # PostgreSQL only
        prepare sqlite
        n_read=0
        case $made in
        operated)
            run "$LS_BIN" up 2 --yes --url sqlite:a.db
            exits 0 "SQLite, $format: two of three are applied"
            ;;
        other) sqlite3 a.db "$sql" ;;
        nothing) fail "SQLite, $format: this test knows no folder of it" ;;
        esac
        cksum $(find . -type f ! -name lockstep.conf | sort) >../before
        look_all sqlite:a.db "$list"
        [ $made != operated ] || is "$n_read" 1 "SQLite, $format: it is read"
        [ $made != operated ] || console sqlite:a.db 'applied'
        is "$(cksum $(find . -type f ! -name lockstep.conf | sort))" "$(cat ../before)" "SQLite, $format: not a byte has changed, and no file is new"
        cd ..
    done
else
    skip "no SQLite driver or no sqlite3 program" "SQLite: reading never writes"
fi

if has_driver postgres && [ -n "${LS_TEST_PG_URL:-}" ]; then
    in_dir postgres
    everything() {
        if [ -z "${LS_TEST_PG_NO_DUMP:-}" ]; then
            "$LS_TEST_PG_CLIENTS/pg_dump" -d "$pg_url" | grep -v '^\\\(un\)\{0,1\}restrict '
        else # rows, and below the files they are in
            printf '%s\n' "SELECT format('SELECT t FROM %s t', oid::regclass) FROM pg_class WHERE relkind = 'r' AND relnamespace NOT IN
                ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) ORDER BY oid \\gexec" | psql_ -d "$pg_url" -f -
        fi
        pg_do "SELECT oid::regclass, relfilenode, xmin FROM pg_class WHERE relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace) ORDER BY oid"
        pg_do "SELECT nspname, xmin FROM pg_namespace ORDER BY oid"
    }
    for format in $formats; do
        pg_new
        prepare postgresql
        n_read=0
        case $made in
        operated)
            run "$LS_BIN" up 2 --yes --url "$pg_url"
            exits 0 "PostgreSQL, $format: two of three are applied"
            ;;
        other) pg_do "$sql" ;;
        nothing) fail "PostgreSQL, $format: this test knows no folder of it" ;;
        esac
        everything >../before
        look_all "$pg_url" "$list"
        [ $made != operated ] || is "$n_read" 1 "PostgreSQL, $format: it is read"
        [ $made != operated ] || console "$pg_url" 'applied'
        everything >../after
        ok "PostgreSQL, $format: no relation and no row has changed, and none is new" cmp ../before ../after
        # And with nothing of the tool in the database yet.
        [ $made = operated ] || { cd ..; continue; }
        pg_new
        everything >../before
        look_all "$pg_url" "$short"
        everything >../after
        ok "PostgreSQL, $format: nothing is made in an empty database" cmp ../before ../after
        cd ..
    done
else
    skip "${LS_TEST_PG_SKIP:-no PostgreSQL}" "PostgreSQL: reading never writes"
fi
done_testing
