# knex itself, whose folder and ledger lockstep only recognises: it is named, nothing is written, and knex goes on as before.
# knex: $LS_TEST_KNEX (its bin/cli.js), else one of the peers.
. "$LS_SRCDIR/tests/cli/lib.sh"
. "$LS_SRCDIR/tests/support/peers.sh"

tool=${LS_TEST_KNEX:-$(peer_js knex/bin/cli.js)}
[ -n "$node" ] || skip_all "node is not there"
need_peer "$tool" knex
modules=${tool%/knex/bin/cli.js}

knex() {
    run env NO_COLOR=1 "$node" "$tool" "$@"
}

folder() {
    ln -s "$modules" node_modules
    mkdir migrations
    for m in 20240101000000_a 20240102000000_b; do
        printf 'exports.up = (knex) => knex.schema.createTable("%s", (t) => { t.integer("id"); });\nexports.down = (knex) => knex.schema.dropTable("%s");\n' \
            "${m#*_}" "${m#*_}" >migrations/$m.js
    done
}

refused() { # WHAT URL
    for words in status 'up --yes' 'down --yes' plan verify 'new x'; do
        run "$LS_BIN" $words --url "$2"
        exits 1 "$1: $words"
        like "$err" 'knex, which lockstep knows by name only' "$1: $words says why"
    done
    knex migrate:list
    like "$out" '20240101000000_a' "$1: knex still finds its own ledger"
    knex migrate:up
    exits 0 "$1: and goes on"
    knex migrate:latest
    like "$out" 'Already up to date' "$1: to its end"
    knex migrate:rollback --all
    exits 0 "$1: and back"
}

if has_driver sqlite && command -v sqlite3 >/dev/null 2>&1; then
    in_dir sqlite
    folder
    printf 'module.exports = { client: "better-sqlite3", connection: { filename: "a.db" }, useNullAsDefault: true };\n' >knexfile.js
    knex migrate:up
    exits 0 "SQLite: knex applies the first"
    cp a.db before.db
    run "$LS_BIN" formats .
    like "$out" '^knex  *migrations  *-  *2 ' "SQLite: the folder is named"
    run "$LS_BIN" status --url sqlite:a.db
    ok "SQLite: looking writes nothing" cmp a.db before.db
    refused SQLite sqlite:a.db
else
    skip "no SQLite driver or no sqlite3 program" "knex on SQLite"
fi
if has_driver postgres && [ -n "${LS_TEST_PG_URL:-}" ]; then
    in_dir postgres
    folder
    pg_new
    printf 'module.exports = { client: "pg", connection: { host: "%s", port: %s, user: "postgres", database: "%s" } };\n' "$LS_TEST_PG_HOST" \
        "$LS_TEST_PG_PORT" "$pg_name" >knexfile.js
    knex migrate:up
    exits 0 "PostgreSQL: knex applies the first"
    refused PostgreSQL "$pg_url"
else
    skip "${LS_TEST_PG_SKIP:-no PostgreSQL driver}" "knex on PostgreSQL"
fi
done_testing
