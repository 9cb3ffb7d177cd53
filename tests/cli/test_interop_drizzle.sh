# Drizzle itself and lockstep on one database, by turns: each applies a half, the other one goes on and then finds nothing to do, and the ledger is what
# Drizzle alone makes of it, times of application aside. Drizzle: a folder whose node_modules, or the one above it, has drizzle-orm, better-sqlite3 and
# pg, 0.x or 1.x: $LS_TEST_DRIZZLE, several with ':' between them, else the peers.
. "$LS_SRCDIR/tests/cli/lib.sh"
. "$LS_SRCDIR/tests/support/peers.sh"

[ -n "$node" ] || skip_all "node is not there"
homes=
IFS=:
for t in ${LS_TEST_DRIZZLE:-$peers:$peers/drizzle1}; do
    [ -d "$t/node_modules/drizzle-orm" ] && homes=$homes${homes:+:}$t
done
unset IFS
need_peer "${homes%%:*}" Drizzle

# The driver of an application: SQLite's is compiled code, so being there is not yet enough.
has_module() { # HOME MODULE
    "$node" -e 'const m = require("node:module").createRequire(process.argv[1] + "/")(process.argv[2]);
                if (process.argv[2] === "better-sqlite3") new m(":memory:")' "$1" "$2" >/dev/null 2>&1
}

# migrate(), as an application calls it.
program() {
    cat >migrate.cjs <<'EOF'
const [,, home, major, driver, where, folder] = process.argv;
const load = require('node:module').createRequire(home + '/');
(async () => {
    let db, end = () => {};
    const made = (client, drizzle) => major === '0' ? drizzle(client) : drizzle({ client });
    if (driver === 'sqlite') {
        db = made(new (load('better-sqlite3'))(where), load('drizzle-orm/better-sqlite3').drizzle);
        load('drizzle-orm/better-sqlite3/migrator').migrate(db, { migrationsFolder: folder });
    } else {
        const client = new (load('pg').Client)(JSON.parse(where));
        await client.connect();
        end = () => client.end();
        db = made(client, load('drizzle-orm/node-postgres').drizzle);
        await load('drizzle-orm/node-postgres/migrator').migrate(db, { migrationsFolder: folder });
    }
    await end();
})().catch((e) => { console.error(e); process.exit(1); });
EOF
}

drizzle() { # FOLDER
    run "$node" migrate.cjs "$home" "$major" "$driver" "$where" "$1"
}

lockstep() {
    run "$LS_BIN" "$@" --url "$url" --format "$format"
}

# Four migrations in `all`, the first two of them in `half`.
folders() {
    rm -rf all half
    mkdir all half
    if [ "$major" = 0 ]; then
        mkdir all/meta half/meta
        dialect=$driver
        [ "$driver" = postgres ] && dialect=postgresql
        entry() {
            printf '{"idx": %s, "version": "7", "when": %s, "tag": "%s", "breakpoints": true}' "$1" "$2" "$3"
        }
        head="{\"version\": \"7\", \"dialect\": \"$dialect\", \"entries\": ["
        printf '%s%s,\n%s]}\n' "$head" "$(entry 0 1795246971583 0000_a)" "$(entry 1 1795246973293 0001_b)" >half/meta/_journal.json
        printf '%s%s,\n%s,\n%s,\n%s]}\n' "$head" "$(entry 0 1795246971583 0000_a)" "$(entry 1 1795246973293 0001_b)" \
            "$(entry 2 1795246980001 0002_c)" "$(entry 3 1795246990002 0003_d)" >all/meta/_journal.json
        first=0000_a.sql second=0001_b.sql third=0002_c.sql fourth=0003_d.sql
    else
        for m in 20261121074251_a 20261121074253_b 20261121074300_c 20261121074310_d; do
            mkdir all/$m
            echo '{}' >all/$m/snapshot.json
        done
        cp -r all/20261121074251_a all/20261121074253_b half/
        first=20261121074251_a/migration.sql second=20261121074253_b/migration.sql
        third=20261121074300_c/migration.sql fourth=20261121074310_d/migration.sql
    fi
    printf 'CREATE TABLE a (id int);\n--> statement-breakpoint\nCREATE TABLE a2 (id int);\n' >all/$first
    printf '\357\273\277CREATE INDEX a_id ON a (id);\r\n--> statement-breakpoint\r\nINSERT INTO a VALUES (1);\r\n' >all/$second
    [ "$driver" = postgres ] && printf 'CREATE INDEX a_id ON a (id);\r\nINSERT INTO a VALUES (1);\r\n' >all/$second
    printf 'CREATE VIEW v AS SELECT id FROM a;' >all/$third
    printf -- '-- \303\244\nINSERT INTO a VALUES (2);--> statement-breakpoint\nUPDATE a SET id = 3 WHERE id = 2' >all/$fourth
    cp all/$first half/$first
    cp all/$second half/$second
}

ledger() {
    names=
    [ "$major" = 0 ] || names=', name, applied_at IS NOT NULL'
    if [ "$driver" = sqlite ]; then
        sqlite3 "$where" "SELECT sql FROM sqlite_schema WHERE name = '__drizzle_migrations';
                          SELECT quote(id), hash, typeof(created_at), created_at$names FROM __drizzle_migrations ORDER BY rowid"
    else
        pg_do "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
               WHERE attrelid = 'drizzle.__drizzle_migrations'::regclass AND attnum > 0 ORDER BY attnum" &&
            pg_do "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'drizzle.__drizzle_migrations'::regclass" &&
            pg_do "SELECT id, hash, created_at$names FROM drizzle.__drizzle_migrations ORDER BY id"
    fi
}

new_database() {
    if [ "$driver" = sqlite ]; then
        where=$PWD/$1.db url=sqlite:$PWD/$1.db
        sqlite3 "$where" "VACUUM"
    else
        pg_new
        url=$pg_url where="{\"host\": \"$LS_TEST_PG_HOST\", \"port\": $LS_TEST_PG_PORT, \"user\": \"postgres\", \"database\": \"$pg_name\"}"
    fi
}

by_turns() { # HOME DRIVER
    home=$1 driver=$2
    major=$("$node" -p "require('$home/node_modules/drizzle-orm/package.json').version.split('.')[0]")
    format=drizzle
    [ "$major" = 0 ] || format=drizzle-1
    what="$driver, $major.x"
    in_dir "$driver-$major"
    program
    folders

    new_database alone
    drizzle half
    exits 0 "$what: Drizzle applies a half"
    drizzle all
    exits 0 "$what: Drizzle applies the rest"
    all=$(ledger)

    new_database tool-first
    drizzle half
    lockstep status --migrations all
    like "$out" '2 applied' "$what: lockstep sees the half"
    like "$out" '2 pending' "$what: and the rest"
    lockstep up --yes --migrations all
    exits 0 "$what: lockstep applies the rest"
    is "$(ledger)" "$all" "$what: the ledger is what Drizzle alone makes"
    drizzle all
    exits 0 "$what: Drizzle goes on"
    is "$(ledger)" "$all" "$what: and has nothing to do"

    new_database lockstep-first
    lockstep up --yes --migrations half
    exits 0 "$what: lockstep applies a half, on an empty database"
    drizzle all
    exits 0 "$what: Drizzle applies the rest"
    is "$(ledger)" "$all" "$what: the ledger is what Drizzle alone makes"
    lockstep status --migrations all
    like "$out" '4 applied' "$what: lockstep sees all of it"
    lockstep up --yes --migrations all
    exits 0 "$what: and has nothing to do"
    is "$(ledger)" "$all" "$what: nor does it write"
}

IFS=:
for t in $homes; do
    unset IFS
    if has_driver sqlite && command -v sqlite3 >/dev/null 2>&1 && has_module "$t" better-sqlite3; then
        by_turns "$t" sqlite
    else
        skip "no SQLite driver, no sqlite3 program or no better-sqlite3" "Drizzle on SQLite"
    fi
    if has_driver postgres && [ -n "${LS_TEST_PG_URL:-}" ] && has_module "$t" pg; then
        by_turns "$t" postgres
    else
        skip "${LS_TEST_PG_SKIP:-no PostgreSQL driver or no pg module}" "Drizzle on PostgreSQL"
    fi
done
done_testing
