# Whose files and whose ledger: told by what is there, said where nothing tells, and never written over where it is another tool's.
. "$LS_SRCDIR/tests/cli/lib.sh"
has_driver sqlite || skip_all "this build has no SQLite"
command -v sqlite3 >/dev/null 2>&1 || skip_all "sqlite3 is not installed"
in_dir format
LOCKSTEP_URL=sqlite:a.db
export LOCKSTEP_URL
mkdir migrations
for n in 1 2 3; do
    printf 'CREATE TABLE t%d (a INTEGER);\n' $n >migrations/00${n}_t$n.up.sql
    printf 'DROP TABLE t%d;\n' $n >migrations/00${n}_t$n.down.sql
done

# --- files that both formats would take ---
run "$LS_BIN" status
like "$err" "^note: the files could be golang-migrate's or lockstep's" "where nothing tells, it is said"
like "$err" '--format NAME' "with the way to decide"
like "$out" '^format  golang-migrate' "and what they were taken for"
run "$LS_BIN" status --format lockstep
unlike "$err" "could be" "who decided is not told"
run "$LS_BIN" up 1 --yes
exits 0 "they can be run"
like "$err" '^note: the files could be' "and the question says so, too"
run "$LS_BIN" status
is "$err" "" "afterwards the ledger tells"
rm a.db
printf -- '-- lockstep: transaction\nSELECT 1;\n' >migrations/004_own.up.sql
run "$LS_BIN" status
like "$out" '^format  lockstep' "a directive tells"
unlike "$err" "could be" "and then nothing is asked"
rm migrations/004*

# --- an older tool's schema_version and such files: nothing may run twice ---
sqlite3 a.db 'CREATE TABLE t1 (a); CREATE TABLE t2 (a); CREATE TABLE schema_version (version INTEGER); INSERT INTO schema_version VALUES (2)'
run "$LS_BIN" status
like "$out" '^format  lockstep' "schema_version is taken over by lockstep's own format"
run "$LS_BIN" up --yes
exits 3 "so nothing runs before it was"
run "$LS_BIN" mark --import --yes
exits 0 "it is taken over"
run "$LS_BIN" up --yes
like "$out" '^Applied: 003\.$' "and only what is missing runs"
rm a.db

# --- tables of the same name ---
foreign() { # SQL WHOSE
    rm -f a.db
    sqlite3 a.db "$1"
    sqlite3 a.db .dump >before
    run "$LS_BIN" status
    exits 0 "$2: status"
    like "$out" "^ledger  schema_migrations, which belongs to $2" "$2: is known by its columns"
    run "$LS_BIN" up --yes
    exits 3 "$2: up refuses"
    like "$err" "belongs to $2" "$2: and says why"
    run "$LS_BIN" status --check
    exits 3 "$2: --check says that nothing can run"
    ok "$2: nothing was written" sh -c 'sqlite3 a.db .dump | cmp -s - before'
}
foreign 'CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)' dbmate
foreign 'CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY); CREATE TABLE ar_internal_metadata (key varchar, value varchar)' Rails
foreign 'CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, inserted_at TEXT)' Ecto
foreign 'CREATE TABLE schema_migrations (version INTEGER, dirty BOOLEAN, who TEXT)' 'another tool \(its columns: version, dirty, who\)'
run "$LS_BIN" up 1 --yes --ledger-table other_migrations
exits 0 "--ledger-table keeps another one beside it"
is "$(sqlite3 a.db 'SELECT version, dirty FROM other_migrations')" "1|0" "in the tool's shape"

done_testing
