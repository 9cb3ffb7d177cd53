# What lockstep converts and renumbers is read by the tools themselves: they find applied what is applied, run the rest, and have nothing to do then.
# Tools as in the other interoperability tests: $LS_TEST_DBMATE, $LS_TEST_SQL_MIGRATE, $LS_TEST_DRIZZLE, the peers, PATH.
. "$LS_SRCDIR/tests/cli/lib.sh"
. "$LS_SRCDIR/tests/support/peers.sh"

"$LS_BIN" version | grep -q '[+]sqlite' || skip_all "this build has no SQLite"
dbmate=${LS_TEST_DBMATE:-$(peer_js "@dbmate/linux-x64/bin/dbmate")}
[ -n "$dbmate" ] || dbmate=$(command -v dbmate 2>/dev/null)
sqlmigrate=${LS_TEST_SQL_MIGRATE:-$(command -v sql-migrate 2>/dev/null)}
drizzle=
for t in $(printf '%s' "${LS_TEST_DRIZZLE:-$peers}" | tr ':' ' '); do
    [ -d "$t/node_modules/drizzle-orm" ] && [ -z "$drizzle" ] && drizzle=$t
done

# Three of four applied by lockstep in golang-migrate's manner.
folder() {
    in_dir "$1"
    mkdir migrations
    printf 'CREATE TABLE a (i int)' >migrations/0001_a.up.sql
    printf 'DROP TABLE a' >migrations/0001_a.down.sql
    printf 'CREATE TABLE b (i int);\nCREATE INDEX b_i ON b (i);\n' >migrations/0002_b_and_index.up.sql
    printf 'DROP TABLE b;\n' >migrations/0002_b_and_index.down.sql
    printf 'CREATE TABLE c (i int);\nCREATE TRIGGER t AFTER INSERT ON c BEGIN\n  DELETE FROM a;\n  DELETE FROM b;\nEND;\n' >migrations/0003_trigger.up.sql
    printf 'DROP TABLE c;\n' >migrations/0003_trigger.down.sql
    printf -- '-- the last\nCREATE TABLE d (i int);\n' >migrations/0004_last.up.sql
    printf 'DROP TABLE d;\n' >migrations/0004_last.down.sql
    url=sqlite:$PWD/app.db
    run "$LS_BIN" up 3 --yes --url "$url" --format golang-migrate
    exits 0 "$1: golang-migrate's ledger, three of four"
    run "$LS_BIN" convert --to "$1" --out new --yes --url "$url" --format golang-migrate
    exits 0 "$1: converted"
}

done_by_lockstep() { # FORMAT: all four are applied, in its eyes too
    run "$LS_BIN" status --check --url "$url" --format "$1" --migrations new
    exits 0 "$1: lockstep sees that nothing is left"
}

# --- dbmate -----------------------------------------------------------------------------------------------------------------
if [ -n "$dbmate" ] && [ -e "$dbmate" ]; then
    folder dbmate
    dbmate() { run "$dbmate" --url "$url" --migrations-dir new --no-dump-schema "$@"; }
    dbmate status
    exits 0 "dbmate reads folder and ledger"
    like "$out$err" 'Applied: 3' "three are applied to it"
    like "$out$err" 'Pending: 1' "one is pending"
    dbmate up
    exits 0 "it applies the fourth"
    done_by_lockstep dbmate
    run "$LS_BIN" renumber last 0009 --yes --url "$url" --format dbmate --migrations new
    exits 0 "lockstep gives the last one another number"
    dbmate status
    like "$out$err" '0009_last.sql' "dbmate knows it by that"
    like "$out$err" 'Pending: 0' "and has nothing to do"
    dbmate down
    exits 0 "it takes it back"
    is "$(sqlite3 app.db "SELECT count(*) FROM sqlite_schema WHERE name = 'd'")" 0 "by its own down"
    dbmate up
    exits 0 "and applies it again"
else
    skip "dbmate is not there: ./bootstrap peers installs it" "dbmate"
fi

# --- sql-migrate ---------------------------------------------------------------------------------------------------------------
if [ -n "$sqlmigrate" ] && [ -e "$sqlmigrate" ]; then
    folder sql-migrate
    printf 'development:\n  dialect: sqlite3\n  datasource: %s\n  dir: new\n' "$PWD/app.db" >dbconfig.yml
    run "$sqlmigrate" up
    exits 0 "sql-migrate applies the fourth"
    like "$out" 'Applied 1 migration' "and no other"
    done_by_lockstep sql-migrate
    run "$LS_BIN" renumber last 0009 --yes --url "$url" --format sql-migrate --migrations new
    exits 0 "lockstep gives the last one another number"
    run "$sqlmigrate" up
    like "$out" 'Applied 0 migrations' "sql-migrate has nothing to do"
    run "$sqlmigrate" down -limit=0
    exits 0 "and takes all of it back"
    is "$(sqlite3 app.db "SELECT count(*) FROM sqlite_schema WHERE name IN ('a', 'b', 'c', 'd')")" 0 "by the downs that were converted"
else
    skip "sql-migrate is not there" "sql-migrate"
fi

# --- Drizzle --------------------------------------------------------------------------------------------------------------------
if [ -n "$drizzle" ] && [ -n "$node" ] && "$node" -e 'new (require("node:module").createRequire(process.argv[1] + "/")("better-sqlite3"))(":memory:")' "$drizzle" >/dev/null 2>&1; then
    folder drizzle
    cat >migrate.cjs <<'JS'
const [,, home, file, folder] = process.argv;
const load = require('node:module').createRequire(home + '/');
const db = load('drizzle-orm/better-sqlite3').drizzle(new (load('better-sqlite3'))(file));
load('drizzle-orm/better-sqlite3/migrator').migrate(db, { migrationsFolder: folder });
JS
    run "$node" migrate.cjs "$drizzle" app.db new
    exits 0 "Drizzle applies the fourth"
    is "$(sqlite3 app.db 'SELECT count(*) FROM __drizzle_migrations')" 4 "and no other"
    done_by_lockstep drizzle
    run "$node" migrate.cjs "$drizzle" app.db new
    exits 0 "a second time"
    is "$(sqlite3 app.db 'SELECT count(*) FROM __drizzle_migrations')" 4 "it has nothing to do"
else
    skip "Drizzle with better-sqlite3 is not there: ./bootstrap peers installs it" "Drizzle"
fi
done_testing
