# conflicts, renumber, reconcile, adopt, convert: what is shown, what is asked, what is done, and what a kill in between leaves.
. "$LS_SRCDIR/tests/cli/lib.sh"

three_twos() {
    in_dir "$1"
    mkdir migrations
    printf 'CREATE TABLE one (i int);\n' >migrations/0001_one.up.sql
    printf 'DROP TABLE one;\n' >migrations/0001_one.down.sql
    for n in a b c; do
        printf 'CREATE TABLE %s (i int);\n' "$n" >"migrations/0002_$n.up.sql"
        printf 'DROP TABLE %s;\n' "$n" >"migrations/0002_$n.down.sql"
    done
    printf '[project]\nformat = golang-migrate\n[env dev]\nurl = sqlite:app.db\n' >lockstep.conf
}

# --- the folder alone -------------------------------------------------------------------------------------------------------
three_twos folder
printf '[project]\nformat = golang-migrate\n' >lockstep.conf
run "$LS_BIN" conflicts
exits 6 "three files with one number are a conflict"
like "$out" '^error duplicate-version: migrations/0002_b.up.sql$' "with the place"
like "$out" 'golang-migrate refuses everything' "with what the tool will do"
like "$out" '^  -> lockstep renumber 0002$' "and with the command that settles it"
like "$out" 'of the folder alone: no database is named' "it says that no database was asked"
run "$LS_BIN" renumber --dry-run
exits 0 "renumber --dry-run"
like "$out" '^  rename  migrations/0002_b.down.sql$' "shows every file"
like "$out" '^       -> migrations/0003_b.down.sql$' "and its new name"
is "$(ls migrations | wc -l | tr -d ' ')" 8 "nothing is touched"
ok "nor renamed" test -e migrations/0002_b.up.sql
run "$LS_BIN" renumber
exits 3 "without a terminal it wants --yes"
like "$err" '0003_b.up.sql' "and shows what it is about"
ok "nothing is renamed" test -e migrations/0002_b.up.sql
run "$LS_BIN" renumber --yes --read-only
exits 3 "--read-only writes nothing, files neither"
ok "nothing is renamed by it" test -e migrations/0002_b.up.sql
run "$LS_BIN" renumber --yes
exits 0 "renumber --yes"
is "$(ls migrations | tr '\n' ' ')" "0001_one.down.sql 0001_one.up.sql 0002_a.down.sql 0002_a.up.sql 0003_b.down.sql 0003_b.up.sql 0004_c.down.sql 0004_c.up.sql " \
    "both halves have their new names"
ok "no record is left" test ! -e migrations/.lockstep-settle
run "$LS_BIN" conflicts
exits 0 "there is no conflict any more"
run "$LS_BIN" renumber --yes
exits 0 "a second time"
like "$out" '^renumber: nothing to do$' "there is nothing to do"
run "$LS_BIN" renumber 1 2
exits 3 "a number that is taken is refused"
run "$LS_BIN" renumber 77
ok "a version that is not there fails" test "$rc" -ne 0

# --- with a database -----------------------------------------------------------------------------------------------------------
if ! "$LS_BIN" version | grep -q '[+]sqlite'; then
    done_testing
    exit 0
fi
three_twos late
rm migrations/0002_b.* migrations/0002_c.*
printf 'CREATE TABLE five (i int);\n' >migrations/0005_five.up.sql
run "$LS_BIN" up --yes
exits 0 "up"
printf 'CREATE TABLE late (i int);\n' >migrations/0003_late.up.sql
run "$LS_BIN" status
unlike "$err" 'conflicts' "below a cursor the ledger alone shows nothing"
run "$LS_BIN" conflicts
exits 6 "the catalogue does"
like "$out" 'never-runs: migrations/0003_late.up.sql' "it never ran"
run "$LS_BIN" verify
exits 6 "verify knows it, too"
like "$out" 'never-runs' "by the same name"
run "$LS_BIN" renumber --yes
exits 0 "renumber moves it behind everything"
ok "under a new number" test -e migrations/0006_late.up.sql
run "$LS_BIN" up --yes
exits 0 "and the tool runs it"
is "$(sqlite3 app.db 'SELECT version FROM schema_migrations')" 6 "its cursor is there"

# --- a kill in between --------------------------------------------------------------------------------------------------------
if "$LS_BIN" --version 2>/dev/null | grep -q . && LOCKSTEP_FAULT=print "$LS_BIN" version 2>/dev/null >/dev/null; then
    three_twos killed
    LOCKSTEP_FAULT=kill:settle-file:2 "$LS_BIN" renumber --yes >/dev/null 2>&1
    if [ -e migrations/.lockstep-settle ]; then
        run "$LS_BIN" status
        exits 0 "status still works"
        run "$LS_BIN" conflicts
        exits 6 "what was broken off is a conflict"
        like "$out" 'unfinished-settlement: migrations/.lockstep-settle' "with its record"
        like "$out" '2 of 4 file operations are done' "and how far it came"
        run "$LS_BIN" up --yes
        exits 3 "nothing runs as long as it is open"
        like "$err" 'lockstep conflicts' "and what to do is said"
        run "$LS_BIN" renumber --yes
        exits 3 "nor does another settlement begin"
        run "$LS_BIN" conflicts --take-back --yes
        exits 0 "it is taken back"
        ok "the old names are there" test -e migrations/0002_b.up.sql -a -e migrations/0002_c.down.sql
        ok "the record is gone" test ! -e migrations/.lockstep-settle
        LOCKSTEP_FAULT=kill:settle-file:3 "$LS_BIN" renumber --yes >/dev/null 2>&1
        run "$LS_BIN" conflicts --finish --yes
        exits 0 "another one is finished"
        is "$(ls migrations | tr '\n' ' ')" "0001_one.down.sql 0001_one.up.sql 0002_a.down.sql 0002_a.up.sql 0003_b.down.sql 0003_b.up.sql 0004_c.down.sql 0004_c.up.sql " \
            "all have their new names"
        ok "and the record is gone" test ! -e migrations/.lockstep-settle
        run "$LS_BIN" conflicts --finish --yes
        ok "there is nothing to finish then" test "$rc" -ne 0
        like "$err" 'no unfinished settlement' "and that is said"
    else
        skip "this build has no fault points" "a kill in between"
    fi
fi

# --- reconcile and adopt -----------------------------------------------------------------------------------------------------
demo_folder reconcile
run "$LS_BIN" up --yes -q
exits 0 "the demo is up"
run "$LS_BIN" reconcile --yes
exits 0 "reconcile where all is well"
like "$out" 'nothing to do' "has nothing to do"
last=$(sqlite3 demo.db 'SELECT max(version) FROM schema_migrations')
sqlite3 demo.db "DELETE FROM schema_migrations"
run "$LS_BIN" conflicts
exits 6 "a schema without a ledger is a conflict"
like "$out" 'no-ledger' "by its name"
like "$out" 'lockstep adopt' "with its settlement"
run "$LS_BIN" adopt "$last" --dry-run
exits 0 "adopt --dry-run"
like "$out" 'applied \(catalogue\)' "shows what the catalogue has"
like "$out" 'INSERT INTO' "and what it would write"
is "$(sqlite3 demo.db 'SELECT count(*) FROM schema_migrations')" 0 "and writes nothing"
run "$LS_BIN" adopt all --yes -q
exits 0 "adopt all"
run "$LS_BIN" up --yes
like "$out" 'nothing to do' "nothing is to be run then"
run "$LS_BIN" adopt all --yes
exits 3 "a second time it refuses"
run "$LS_BIN" adopt
exits 2 "adopt wants a version"

# --- convert -------------------------------------------------------------------------------------------------------------------
three_twos convert
run "$LS_BIN" renumber --yes -q
run "$LS_BIN" up 2 --yes -q
cp -R migrations before
run "$LS_BIN" convert --to goose --dry-run
exits 0 "convert --dry-run"
ok "tabs of the tool's DDL are blanks" test "$(printf '%s' "$out" | grep -c '<09>')" -eq 0
like "$out" '^  write   migrations-goose/0003_b.sql$' "shows the files"
like "$out" 'goose_db_version' "and the ledger"
ok "and makes none" test ! -e migrations-goose
run "$LS_BIN" convert --to goose --out 'new one' --yes
exits 0 "convert --out"
ok "the old folder is as it was" diff -r before migrations
run "$LS_BIN" status --migrations 'new one' --format goose
exits 0 "the new one is read"
like "$out" '2 applied, 2 pending' "as the same history"
run "$LS_BIN" up --yes --migrations 'new one' --format goose
exits 0 "and goes on"
run "$LS_BIN" convert --to goose --out 'new one' --yes
exits 3 "a folder that is there is not written into"
run "$LS_BIN" convert
exits 2 "convert wants a format"
run "$LS_BIN" convert --to nothing
exits 2 "one that is known"

# --- protected -------------------------------------------------------------------------------------------------------------------
three_twos protected
printf '[project]\nformat = lockstep\n[env dev]\nurl = sqlite:app.db\nprotected = yes\n' >lockstep.conf
rm migrations/0002_b.* migrations/0002_c.*
sqlite3 app.db 'CREATE TABLE one (i int); CREATE TABLE a (i int)'
run "$LS_BIN" adopt all --yes
exits 3 "a protected database wants its name"
run "$LS_BIN" adopt all --yes --confirm app.db
exits 0 "with it, it is written"

# --- as data ------------------------------------------------------------------------------------------------------------------------
if command -v jq >/dev/null 2>&1; then
    three_twos json
    run "$LS_BIN" conflicts --json
    exits 6 "conflicts --json"
    is "$(json '.conflicts[0].code + " " + .conflicts[0].settled_by[0]')" "duplicate-version renumber" "names the settlement"
    run "$LS_BIN" renumber --json --dry-run
    is "$(json '[.settlement.files[] | .op] | join(" ")')" "rename rename rename rename" "renumber --json lists the operations"
    run "$LS_BIN" renumber --json --yes
    is "$(json '.result.verdict')" done "and the verdict"
    run "$LS_BIN" convert --to dbmate --json --dry-run
    is "$(json '.settlement.to_format + " " + (.settlement.files | length | tostring)')" "dbmate 4" "convert --json"
fi

# --- hostile names -------------------------------------------------------------------------------------------------------------------
in_dir hostile
mkdir migrations
evil=$(printf 'x\033[31m;rm -rf a')
printf 'CREATE TABLE a (i int);\n' >migrations/1_a.up.sql
printf 'CREATE TABLE b (i int);\n' >"migrations/1_$evil.up.sql"
run "$LS_BIN" conflicts --format lockstep
unlike "$out$err" "$(printf '\033')" "an escape sequence in a name is shown as text"
run "$LS_BIN" renumber --yes --format lockstep
exits 0 "such a file is renamed as any other"
ok "whole" test -e "migrations/2_$evil.up.sql"
unlike "$out$err" "$(printf '\033')" "and shown as text"
done_testing
