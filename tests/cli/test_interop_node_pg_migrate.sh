# node-pg-migrate itself and lockstep on one database, by turns: each applies a half, each takes a half back; the other one finds nothing to do, and the
# ledger is what node-pg-migrate alone makes of it, times aside. node-pg-migrate: $LS_TEST_NODE_PG_MIGRATE (its node-pg-migrate.js), else one of the peers.
. "$LS_SRCDIR/tests/cli/lib.sh"
. "$LS_SRCDIR/tests/support/peers.sh"

tool=${LS_TEST_NODE_PG_MIGRATE:-$(peer_js node-pg-migrate/bin/node-pg-migrate.js)}
[ -n "$node" ] || skip_all "node is not there"
need_peer "$tool" node-pg-migrate
has_driver postgres && [ -n "${LS_TEST_PG_URL:-}" ] || skip_all "${LS_TEST_PG_SKIP:-no PostgreSQL driver}"

migrate() {
    run env DATABASE_URL="$tool_url" "$node" "$tool" "$@" -m migrations
}

lockstep() {
    run "$LS_BIN" "$@" --url "$pg_url" --format node-pg-migrate --migrations migrations
}

folder() {
    rm -rf migrations && mkdir migrations
    cat >migrations/1_e.sql <<'EOF'
-- Up Migration
CREATE TABLE a (id int);
CREATE TABLE a2 (id int);

-- Down Migration
DROP TABLE a2;
DROP TABLE a;
EOF
    printf -- '-- Down Migration\r\nDROP INDEX a_id;\r\n-- Up Migration\r\nCREATE INDEX a_id ON a (id);\r\n' >migrations/1700000000000_index.sql
    printf -- '  --- up migration\nCREATE VIEW v AS SELECT id FROM a;\n--down migration\nDROP VIEW v;\n' >migrations/20240101120000123_view.sql
    printf -- '-- Up Migration\nINSERT INTO a VALUES (1);\n-- Down Migration\nDELETE FROM a;\n' >migrations/1800000000000_row.sql
}

ledger() {
    pg_do "SELECT attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid) FROM pg_attribute
           LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid = 'public.pgmigrations'::regclass AND attnum > 0 ORDER BY attnum" &&
        pg_do "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'public.pgmigrations'::regclass" &&
        pg_do "SELECT id, name, run_on IS NOT NULL FROM public.pgmigrations ORDER BY id"
}

new_database() {
    pg_new
    tool_url="postgres://postgres@/$pg_name?host=$LS_TEST_PG_HOST&port=$LS_TEST_PG_PORT"
}

in_dir nodepg
folder
new_database
migrate up
exits 0 "node-pg-migrate applies all"
all=$(ledger)
migrate down 2
exits 0 "and takes back two"
half=$(ledger)

# The tool first.
new_database
migrate up 2
exits 0 "node-pg-migrate applies a half"
lockstep status
like "$out" '2 applied' "lockstep sees it"
like "$out" '2 pending' "and the rest"
lockstep up --yes
exits 0 "lockstep applies the rest"
is "$(ledger)" "$all" "the ledger is what node-pg-migrate alone makes"
is "$(pg_do "SELECT count(DISTINCT run_on) FROM (SELECT run_on FROM pgmigrations ORDER BY id OFFSET 2) n")" 1 "what ran together has one time"
migrate up
exits 0 "node-pg-migrate goes on"
like "$out$err" 'No migrations to run' "and has nothing to do"
migrate down
exits 0 "node-pg-migrate takes back what lockstep applied"
lockstep down --yes
exits 0 "lockstep takes back the next"
is "$(ledger)" "$half" "the ledger is what node-pg-migrate alone makes of it"

# lockstep first.
new_database
lockstep up 2 --yes
exits 0 "lockstep applies a half, on an empty database"
migrate up
exits 0 "node-pg-migrate applies the rest"
is "$(ledger)" "$all" "the ledger is what node-pg-migrate alone makes"
lockstep up --yes
exits 0 "lockstep has nothing to do"
lockstep status
like "$out" '4 applied' "and sees all applied"
lockstep down 2 --yes
exits 0 "lockstep takes back what node-pg-migrate applied"
is "$(ledger)" "$half" "the ledger is what node-pg-migrate alone makes of it"
migrate down 2
exits 0 "node-pg-migrate takes back what lockstep applied"
lockstep status
like "$out" '4 pending' "lockstep sees nothing applied"

# What is recorded without being run, both ways.
migrate up 1 --fake
lockstep status
like "$out" '1 applied' "lockstep sees what node-pg-migrate only recorded"
lockstep mark 1700000000000_index applied --yes
exits 0 "mark"
migrate up 1 --dry-run
unlike "$out$err" 'CREATE INDEX' "node-pg-migrate takes a marked one for applied"
like "$out$err" 'CREATE VIEW' "and goes on behind it"

# A late one stops both.
printf -- '-- Up Migration\nSELECT 1;\n' >migrations/2_late.sql
migrate up
ok "node-pg-migrate refuses a late one" test "$rc" -ne 0
like "$out$err" 'Not run migration 2_late is preceding already run migration' "with its words"
lockstep up --yes
exits 3 "so does lockstep"
like "$err" '2_late' "and names it"
rm migrations/2_late.sql

# The tool's template and ours. Its comment says when.
mkdir other
migrate create "add email" --migration-file-language sql
exits 0 "create"
run "$LS_BIN" new "add email" --format node-pg-migrate --migrations other --url "$pg_url"
exits 0 "new"
is "$(cat other/*.sql)" "$(cat migrations/*_add-email.sql)" "the template is node-pg-migrate's"
like "$(ls other)" '^[0-9]{13}_add-email.sql$' "and so is the name"
done_testing
