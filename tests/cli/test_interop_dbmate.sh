# dbmate itself and lockstep on one database, by turns: each applies a half, each takes a half back; the other one finds nothing to do, and the ledger is
# what dbmate alone makes of it. dbmate: $LS_TEST_DBMATE, else one of the peers, else the one in PATH.
. "$LS_SRCDIR/tests/cli/lib.sh"
. "$LS_SRCDIR/tests/support/peers.sh"

tool=${LS_TEST_DBMATE:-$(peer_js "@dbmate/linux-x64/bin/dbmate")}
[ -n "$tool" ] || tool=$(command -v dbmate 2>/dev/null)
need_peer "$tool" dbmate

# The tool's own words. --no-dump-schema: it would want pg_dump or sqlite3.
dbmate() {
    run "$tool" --url "$tool_url" --migrations-dir db/migrations --no-dump-schema "$@"
}

lockstep() {
    run "$LS_BIN" "$@" --url "$url" --format dbmate --migrations db/migrations
}

folder() {
    mkdir -p db/migrations
    cat >db/migrations/001_a.sql <<'EOF'
-- the first
-- migrate:up
CREATE TABLE a (id int);
CREATE TABLE a2 (id int);

-- migrate:down
DROP TABLE a2;
DROP TABLE a;
EOF
    printf -- '-- migrate:up transaction:false\r\nCREATE INDEX a_id ON a (id);\r\n-- migrate:down\r\nDROP INDEX a_id;\r\n' >db/migrations/10_index.sql
    printf -- '--migrate:up\nCREATE VIEW v AS SELECT id FROM a; -- migrate:up\n--migrate:down\nDROP VIEW v;\n' >db/migrations/2_view.sql
    printf -- '-- migrate:up\nINSERT INTO a VALUES (1);\n-- migrate:down\nDELETE FROM a;\n' >db/migrations/9.sql
}

# Everything that dbmate keeps: its table, and the rows.
ledger() {
    if [ "$1" = sqlite ]; then
        sqlite3 "$2" "SELECT sql FROM sqlite_schema WHERE name = 'schema_migrations'; SELECT quote(version) FROM schema_migrations ORDER BY version"
    else
        pg_url=$2
        pg_do "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = 'public.schema_migrations'::regclass
               AND attnum > 0 ORDER BY attnum" &&
            pg_do "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'public.schema_migrations'::regclass" &&
            pg_do "SELECT version FROM public.schema_migrations ORDER BY version COLLATE \"C\""
    fi
}

new_database() { # sets url, tool_url and db (what ledger wants)
    if [ "$1" = sqlite ]; then
        db=$PWD/$2.db url=sqlite:$PWD/$2.db tool_url=sqlite:$PWD/$2.db
        sqlite3 "$db" "VACUUM"
    else
        pg_new
        db=$pg_url url=$pg_url tool_url="postgres://postgres@/$pg_name?host=$LS_TEST_PG_HOST&port=$LS_TEST_PG_PORT&sslmode=disable"
    fi
}

by_turns() { # DRIVER
    in_dir "$1"
    folder

    new_database "$1" alone
    dbmate migrate
    exits 0 "$1: dbmate applies all"
    all=$(ledger "$1" "$db")
    dbmate rollback
    dbmate rollback
    half=$(ledger "$1" "$db")

    # The tool first. It has no `up N`: the newer half of the folder is not there yet.
    new_database "$1" tool-first
    mkdir away && mv db/migrations/2_view.sql db/migrations/9.sql away/
    dbmate migrate
    exits 0 "$1: dbmate applies a half"
    mv away/* db/migrations/ && rmdir away
    lockstep status
    like "$out" '2 applied' "$1: lockstep sees it"
    like "$out" '2 pending' "$1: and the rest"
    lockstep up --yes
    exits 0 "$1: lockstep applies the rest"
    is "$(ledger "$1" "$db")" "$all" "$1: the ledger is what dbmate alone makes"
    dbmate status
    like "$out" '^Pending: 0' "$1: dbmate has nothing pending"
    dbmate migrate
    is "$rc:$out" "0:" "$1: and nothing to do"
    dbmate rollback
    exits 0 "$1: dbmate takes back what lockstep applied"
    lockstep down --yes
    exits 0 "$1: lockstep takes back the next"
    is "$(ledger "$1" "$db")" "$half" "$1: the ledger is what dbmate alone makes of it"
    lockstep down all --yes
    dbmate status
    like "$out" '^Applied: 0' "$1: dbmate finds nothing applied"

    # lockstep first.
    new_database "$1" lockstep-first
    lockstep up 2 --yes
    exits 0 "$1: lockstep applies a half, on an empty database"
    dbmate migrate
    exits 0 "$1: dbmate applies the rest"
    is "$(ledger "$1" "$db")" "$all" "$1: the ledger is what dbmate alone makes"
    lockstep up --yes
    exits 0 "$1: lockstep has nothing to do"
    lockstep status
    like "$out" '4 applied' "$1: and sees all applied"
    lockstep down 2 --yes
    exits 0 "$1: lockstep takes back what dbmate applied"
    is "$(ledger "$1" "$db")" "$half" "$1: the ledger is what dbmate alone makes of it"
    dbmate rollback
    dbmate rollback
    exits 0 "$1: dbmate takes back what lockstep applied"
    lockstep status
    like "$out" '4 pending' "$1: lockstep sees nothing applied"

    # Out of order, and a mark.
    dbmate migrate
    printf -- '-- migrate:up\nCREATE TABLE late (id int);\n-- migrate:down\nDROP TABLE late;\n' >db/migrations/005_late.sql
    lockstep mark 005 applied --yes
    exits 0 "$1: mark"
    dbmate status
    like "$out" '^\[X\] 005_late.sql' "$1: dbmate takes a marked one for applied"
    lockstep mark 005 pending --yes
    dbmate status
    like "$out" '^\[ \] 005_late.sql' "$1: and the other way round"
    lockstep up --yes
    exits 0 "$1: a late one runs, as with dbmate"
    dbmate status
    like "$out" '^Pending: 0' "$1: and dbmate agrees"

    # The tool's template and ours.
    dbmate new "add email"
    mkdir other
    run "$LS_BIN" new "add email" --format dbmate --migrations other --url "$url"
    exits 0 "$1: new"
    is "$(cat other/*.sql)" "$(cat db/migrations/2*_add*email.sql)" "$1: the template is dbmate's"
}

if has_driver sqlite && command -v sqlite3 >/dev/null 2>&1; then
    by_turns sqlite
else
    skip "no SQLite driver or no sqlite3 program" "dbmate on SQLite"
fi
if has_driver postgres && [ -n "${LS_TEST_PG_URL:-}" ]; then
    by_turns postgres
else
    skip "${LS_TEST_PG_SKIP:-no PostgreSQL driver}" "dbmate on PostgreSQL"
fi
done_testing
