# Folders, files, ledgers and databases that are not as they should be: a clear message, the right exit code, nothing lost.
. "$LS_SRCDIR/tests/cli/lib.sh"
has_driver sqlite || skip_all "this build has no SQLite"
command -v sqlite3 >/dev/null 2>&1 || skip_all "sqlite3 is not installed"
in_dir bad
LOCKSTEP_URL=sqlite:a.db
export LOCKSTEP_URL

fresh() { # a folder with one good migration in lockstep's format, and no database
    rm -rf migrations ./*.db*
    mkdir migrations
    printf 'CREATE TABLE t (a INTEGER);\n' >migrations/001_a.up.sql
    printf 'DROP TABLE t;\n' >migrations/001_a.down.sql
    printf 'SELECT 1;\n' >migrations/001_a.verify.sql
}
ledger() {
    sqlite3 a.db "SELECT group_concat(version || ' ' || status, ', ') FROM schema_migrations" 2>&1
}

# --- the folder ---
rm -rf migrations
run "$LS_BIN" status
exits 1 "no folder"
like "$err" 'the migrations folder migrations: .*No such file' "names it"
like "$err" 'hint: .*--migrations DIR' "and the way out"
fresh
if can_be_mortal; then
    chmod 0 migrations
    run mortal "$LS_BIN" status
    exits 1 "a folder that cannot be read"
    like "$err" 'the migrations folder migrations: .*Permission denied' "says so"
    chmod 755 migrations
    chmod 0 migrations/001_a.up.sql
    run mortal "$LS_BIN" up --yes
    exits 1 "a file that cannot be read"
    like "$err" '001_a.up.sql.*Permission denied' "says so"
    ok "nothing was written" test ! -s a.db
    chmod 644 migrations/001_a.up.sql
else
    skip "root reads everything" "a folder and a file that cannot be read"
fi
mv migrations m && : >migrations
run "$LS_BIN" status
exits 1 "a file where the folder should be"
like "$err" 'the migrations folder migrations' "says so"
rm migrations && mv m migrations

printf 'SELECT 1;\n' >migrations/002_b.up.sql
printf 'SELECT 1;\n' >migrations/0002_c.up.sql
run "$LS_BIN" status
exits 0 "two files of one version: status shows it"
like "$out" '2 duplicate' "counts them"
like "$err" 'version 2 is claimed by' "and names them"
run "$LS_BIN" up --yes
exits 3 "up refuses"
run "$LS_BIN" status --check
exits 3 "and --check says so"
ok "nothing was written" test ! -s a.db

fresh
printf 'SELECT 1;\n' >migrations/002_only_up.up.sql
printf 'SELECT 1;\n' >migrations/003_only_down.down.sql
printf 'SELECT 1 = 1;\n' >migrations/004_only_verify.verify.sql
run "$LS_BIN" verify
like "$out" 'missing-down .*002' "half a pair: no down file"
like "$out" '003' "half a pair: no up file"
run "$LS_BIN" up 2 --yes
exits 0 "an up without its down runs"
run "$LS_BIN" down --yes
ok "but is not taken back" test "$rc" -ne 0
like "$err" '002' "and is named"
is "$(ledger)" "1 applied, 2 applied" "and the ledger stays"

fresh
: >migrations/002_empty.up.sql
run "$LS_BIN" up --yes
exits 0 "an empty file"
is "$(ledger)" "1 applied, 2 applied" "counts as applied"

fresh
printf 'CREATE TABLE u (a);\nSELECT "\377";\n' >migrations/002_latin.up.sql
run "$LS_BIN" up --yes
exits 1 "invalid UTF-8"
like "$err" 'migrations/002_latin.up.sql:2: this is not UTF-8' "file and line"
unlike "$(cat "$err_file" | LC_ALL=C tr -d '\n' | od -An -c)" '377' "the byte itself is not printed"
ok "nothing was written" test ! -s a.db

fresh
{
    printf 'INSERT INTO t (a) VALUES (1);\n'
    head -c 52428800 /dev/zero | tr '\0' ' '
    printf '\nINSERT INTO t (a) VALUES (2);\n'
} >migrations/002_big.up.sql
run "$LS_BIN" up --yes
exits 0 "a file of 50 MB"
is "$(sqlite3 a.db 'SELECT group_concat(a) FROM t')" "1,2" "runs whole"
run "$LS_BIN" status
exits 0 "and status reads on"

fresh
mkfifo migrations/002_pipe.up.sql
run timeout 60 "$LS_BIN" up --yes
unlike "$rc" '^(0|124)$' "a pipe in the folder neither hangs nor runs"
rm migrations/002_pipe.up.sql

fresh
evil=$(printf '002_x\033]0;owned\007\033[31m\nred')
printf 'CREATE TABLE v (a);\nnonsense;\n' >"migrations/$evil.up.sql"
for c in status plan verify 'up --yes'; do
    # shellcheck disable=SC2086
    run "$LS_BIN" $c
    # What plan prints to a file is SQL that has to say the name as it is.
    [ "$c" != plan ] || : >"$out_file"
    unlike "$(LC_ALL=C od -An -c "$out_file" "$err_file")" '033|\\a' "$c: a hostile name steers no terminal"
done
like "$err" '<1B>\]0;owned<07><1B>\[31m<0A>red' "it shows as text"
if command -v jq >/dev/null 2>&1; then
    run "$LS_BIN" status --json
    like "$(json type)" '^object$' "and is valid JSON"
    is "$(json '.migrations[1].name' | LC_ALL=C od -An -c | tr -d ' \n')" "$(printf 'x\033]0;owned\007\033[31m\nred\n' | LC_ALL=C od -An -c | tr -d ' \n')" \
        "which loses nothing"
fi

fresh
printf -- '-- lockstep: no-transation\nSELECT 1;\n' >migrations/002_typo.up.sql
run "$LS_BIN" status
like "$err" '"no-transation" is no directive' "a misspelt directive is told"
like "$err" 'no-transaction' "with the right one"

# --- the ledger ---
fresh
run "$LS_BIN" up --yes
sqlite3 a.db "INSERT INTO schema_migrations (version, name, status) VALUES (77, 'gone', 'applied')"
run "$LS_BIN" status
exits 0 "a row without a file"
like "$out" '^\?  077 ' "shows as missing"
sqlite3 a.db "UPDATE schema_migrations SET version = version"
is "$(sqlite3 a.db 'SELECT count(*) FROM schema_migrations WHERE version = 77')" 1 "and stays"
run "$LS_BIN" status --check
exits 6 "which --check calls a difference"

fresh
sqlite3 a.db 'CREATE TABLE schema_migrations (foo TEXT, bar INTEGER)'
run "$LS_BIN" status
like "$out" 'belongs to another tool \(its columns: foo, bar\)' "wrong columns"
run "$LS_BIN" up --yes
exits 3 "are refused"
is "$(sqlite3 a.db "SELECT count(*) FROM sqlite_schema WHERE name = 't'")" 0 "and nothing runs"
fresh
sqlite3 a.db 'CREATE TABLE schema_migrations (version uint64, dirty bool); INSERT INTO schema_migrations VALUES (1, 0)'
run "$LS_BIN" up --format lockstep --yes
exits 3 "golang-migrate's ledger is not lockstep's"
like "$err" 'belongs to golang-migrate' "and is known by its columns"

# --- the journal ---
fresh
printf -- '-- lockstep: no-transaction\nDROP TABLE lockstep_journal;\nnonsense;\n' >migrations/002_no_journal.up.sql
run "$LS_BIN" up --yes
exits 4 "a migration that drops the journal, and fails"
like "$err" 'nonsense' "is told"
like "$err" 'WARNING: the journal could not be told about the failure' "and so is what the journal does not know"
fresh
sqlite3 a.db 'CREATE TABLE lockstep_journal (x INTEGER)'
run "$LS_BIN" up --yes
exits 1 "a table of the journal's name that is none"
like "$err" "lockstep_journal is not lockstep's" "is told"
like "$err" 'hint: .*--no-journal' "with the way out"
run "$LS_BIN" log
exits 1 "and log says so, too"

# --- the database ---
fresh
run "$LS_BIN" up --yes
sqlite3 a.db 'PRAGMA journal_mode = delete' >/dev/null
printf 'CREATE TABLE w (a);\n' >migrations/002_w.up.sql
mkfifo hold
sqlite3 a.db <hold &
holder=$!
exec 8>hold
# With patience: the look below takes the lock for a moment, too.
printf '.timeout 20000\nBEGIN IMMEDIATE;\n' >&8
is_locked() {
    ! sqlite3 a.db 'BEGIN IMMEDIATE; ROLLBACK' 2>/dev/null
}
ok "a lock is held" wait_for is_locked
cat >lockstep.conf <<'CONF'
[project]
busy_timeout = 200ms
lock_wait = 200ms
CONF
run "$LS_BIN" up --yes
exits 3 "a locked SQLite file"
like "$err" 'locked' "says so"
run "$LS_BIN" status
exits 0 "and can be looked at"
printf 'ROLLBACK;\n' >&8
exec 8>&-
wait "$holder"
run "$LS_BIN" up --yes
exits 0 "when the lock is gone it goes on"
rm -f lockstep.conf hold

fresh
head -c 4096 /dev/urandom >a.db
run "$LS_BIN" status
exits 1 "a file that is no database"
like "$err" 'not a database' "says so"
fresh
run "$LS_BIN" up --yes --url sqlite:no/such/dir/x.db
exits 1 "a folder that is not there"
like "$err" 'no/such/dir/x.db' "is named"
if can_be_mortal; then
    run "$LS_BIN" up --yes
    printf 'CREATE TABLE w (a);\n' >migrations/002_w.up.sql
    chmod 444 a.db
    run mortal "$LS_BIN" up --yes
    exits 1 "a database that cannot be written"
    like "$err" 'readonly database' "says so"
    like "$err" 'hint: .*not writable' "and where to look"
    is "$(printf '%s' "$err" | grep -c 'not writable')" 1 "once"
    run mortal "$LS_BIN" status
    exits 0 "and can be looked at"
    chmod 0 a.db
    run mortal "$LS_BIN" status
    exits 1 "one that cannot be read"
    like "$err" 'a.db: .*Permission denied' "says so"
    chmod 644 a.db
    is "$(ledger)" "1 applied" "the ledger stays"
fi

# --- a full disk: COMMIT fails, it is looked what became of it, and nobody is told to look himself ---
if has_driver sqlite; then
    in_dir full
    mkdir migrations
    printf 'CREATE TABLE a (i, t);\n' >migrations/001_a.up.sql
    printf 'WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5000) INSERT INTO a SELECT x, hex(randomblob(100)) FROM n;\n' \
        >migrations/002_big.up.sql
    export LOCKSTEP_URL=sqlite:full.db
    run sh -c 'ulimit -f 400 && "$LS_BIN" up --yes --format lockstep'
    exits 1 "a full disk"
    like "$err" 'the database was read again: the transaction was rolled back' "is looked into"
    unlike "$err" 'look whether the change is there' "and nothing is left to look for"
    like "$err" 'Applied: 001' "what was applied is told"
    run "$LS_BIN" up --yes --format lockstep
    exits 0 "with room again it goes on"
    unset LOCKSTEP_URL
fi

# --- a slip in the path of a SQLite file: it looks like a database in which everything is pending ---
if has_driver sqlite; then
    demo_folder slip
    run "$LS_BIN" status --url sqlite:prodution.db
    exits 0 "a SQLite file that is not there"
    like "$err" '^note: there is no database file prodution.db yet' "and it is said"
    run "$LS_BIN" up --url sqlite:prodution.db
    exits 3 "up on it without being told"
    like "$err" '^note: there is no database file' "says so before the question"
    ok "and makes no file" test ! -e prodution.db
    run "$LS_BIN" up 1 --yes --url sqlite:prodution.db
    exits 0 "up on it"
    run "$LS_BIN" status --url sqlite:prodution.db
    unlike "$err" 'no database file' "then it is there"
fi

done_testing
