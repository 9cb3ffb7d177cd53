# sql-migrate itself and lockstep on one database, by turns: each applies a half, each takes a half back; the other one finds nothing to do, and the
# ledger is what sql-migrate alone makes of it, times aside. sql-migrate: $LS_TEST_SQL_MIGRATE, else the one in PATH (Debian packages it).
. "$LS_SRCDIR/tests/cli/lib.sh"
. "$LS_SRCDIR/tests/support/peers.sh"

tool=${LS_TEST_SQL_MIGRATE:-$(command -v sql-migrate 2>/dev/null)}
need_peer "$tool" sql-migrate

lockstep() {
    run "$LS_BIN" "$@" --url "$url" --format sql-migrate --migrations migrations
}

folder() {
    mkdir -p migrations
    cat >migrations/1_a.sql <<'EOF'
-- the first
-- +migrate Up
CREATE TABLE a (id int);
CREATE TABLE a2 (id int
-- dropped
);
-- +migrate Down
DROP TABLE a2;
DROP TABLE a;
EOF
    printf -- '-- +migrate Up notransaction\r\nCREATE INDEX a_id ON a (id); CREATE INDEX a2_id ON a2 (id);\r\n-- +migrate Down\r\nDROP INDEX a_id;\r\nDROP INDEX a2_id;\r\n' \
        >migrations/2_index.sql
    printf -- '-- +migrate Down\nDROP VIEW v;\n-- +migrate Up\n-- +migrate StatementBegin\nCREATE VIEW v AS SELECT id FROM a;\n-- +migrate StatementEnd\n' \
        >migrations/10_view.sql
    printf -- '-- +migrate Up\nINSERT INTO a VALUES (1);\n' >migrations/abc.sql
}

ledger() {
    if [ "$1" = sqlite ]; then
        sqlite3 "$db" "SELECT sql FROM sqlite_schema WHERE name = 'gorp_migrations'; SELECT id, typeof(applied_at) FROM gorp_migrations ORDER BY id"
    else
        pg_do "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = 'public.gorp_migrations'::regclass
               AND attnum > 0 ORDER BY attnum" &&
            pg_do "SELECT id, applied_at IS NOT NULL FROM public.gorp_migrations ORDER BY id COLLATE \"C\""
    fi
}

new_database() { # sets url and what the tool and ledger want
    if [ "$1" = sqlite ]; then
        db=$PWD/$2.db url=sqlite:$PWD/$2.db
        sqlite3 "$db" "VACUUM"
        printf 'development:\n  dialect: sqlite3\n  datasource: %s\n  dir: migrations\n' "$db" >dbconfig.yml
    else
        pg_new
        url=$pg_url
        printf 'development:\n  dialect: postgres\n  datasource: host=%s port=%s user=postgres dbname=%s sslmode=disable\n  dir: migrations\n' \
            "$LS_TEST_PG_HOST" "$LS_TEST_PG_PORT" "$pg_name" >dbconfig.yml
    fi
}

by_turns() { # DRIVER
    in_dir "$1"
    folder

    new_database "$1" alone
    run "$tool" up
    exits 0 "$1: sql-migrate applies all"
    all=$(ledger "$1")
    run "$tool" down -limit=2
    half=$(ledger "$1")

    new_database "$1" tool-first
    run "$tool" up -limit=2
    exits 0 "$1: sql-migrate applies a half"
    lockstep status
    like "$out" '2 applied' "$1: lockstep sees it"
    lockstep up --yes
    exits 0 "$1: lockstep applies the rest"
    is "$(ledger "$1")" "$all" "$1: the ledger is what sql-migrate alone makes"
    run "$tool" up
    like "$out" '^Applied 0 migrations' "$1: sql-migrate has nothing to do"
    run "$tool" status
    unlike "$out" '[|] no ' "$1: and reads the times that lockstep wrote"
    run "$tool" down
    exits 0 "$1: sql-migrate takes back what lockstep applied"
    lockstep down --yes
    exits 0 "$1: lockstep takes back the next"
    is "$(ledger "$1")" "$half" "$1: the ledger is what sql-migrate alone makes of it"

    new_database "$1" lockstep-first
    lockstep up 2 --yes
    exits 0 "$1: lockstep applies a half, on an empty database"
    run "$tool" up
    like "$out" '^Applied 2 migrations' "$1: sql-migrate applies the rest"
    is "$(ledger "$1")" "$all" "$1: the ledger is what sql-migrate alone makes"
    lockstep up --yes
    exits 0 "$1: lockstep has nothing to do"
    lockstep down 2 --yes
    exits 0 "$1: lockstep takes back what sql-migrate applied"
    is "$(ledger "$1")" "$half" "$1: the ledger is what sql-migrate alone makes of it"
    run "$tool" down -limit=0
    exits 0 "$1: sql-migrate takes back what lockstep applied"
    lockstep status
    like "$out" '4 pending' "$1: lockstep sees nothing applied"

    # A late file runs with both, and a row without a file stops both.
    run "$tool" up
    printf -- '-- +migrate Up\nCREATE TABLE late (id int);\n-- +migrate Down\nDROP TABLE late;\n' >migrations/3_late.sql
    lockstep up --yes
    exits 0 "$1: a late one runs"
    run "$tool" up
    like "$out" '^Applied 0 migrations' "$1: and sql-migrate agrees"
    mv migrations/3_late.sql late.sql
    run "$tool" up
    tool_said=$out$err
    like "$tool_said" 'unknown migration in database' "$1: sql-migrate refuses a row without a file"
    lockstep up --yes
    exits 3 "$1: so does lockstep"
    like "$err" '3_late.sql: unknown migration in database' "$1: with its words"
    lockstep mark 3_late.sql pending --yes
    run "$tool" up
    exits 0 "$1: marked pending, sql-migrate goes on"

    mkdir other
    run "$tool" new "add_email"
    run "$LS_BIN" new "add_email" --format sql-migrate --migrations other --url "$url"
    exits 0 "$1: new"
    is "$(cat other/*.sql)" "$(cat migrations/2*-add_email.sql)" "$1: the template is sql-migrate's"
    like "$(ls other)" '^[0-9]{14}-add_email.sql$' "$1: and so is the name"
}

if has_driver sqlite && command -v sqlite3 >/dev/null 2>&1; then
    by_turns sqlite
else
    skip "no SQLite driver or no sqlite3 program" "sql-migrate on SQLite"
fi
if has_driver postgres && [ -n "${LS_TEST_PG_URL:-}" ]; then
    by_turns postgres
else
    skip "${LS_TEST_PG_SKIP:-no PostgreSQL driver}" "sql-migrate on PostgreSQL"
fi
done_testing
