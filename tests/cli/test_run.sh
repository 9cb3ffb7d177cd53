# status, plan, up, down, to, mark, verify, log on SQLite: what is printed where, what is written, how it ends.
. "$LS_SRCDIR/tests/cli/lib.sh"
has_driver sqlite || skip_all "this build has no SQLite"
need_jq
demo_folder run
db() {
    sqlite3 demo.db "$1" 2>&1
}
command -v sqlite3 >/dev/null 2>&1 || skip_all "sqlite3 is not installed"

# --- reading makes nothing ---
run "$LS_BIN" status
exits 0 "status before there is a database"
like "$out" '^state   8 pending$' "counts"
like "$out" '^·  001      create_agents ' "lists"
is "$err" "note: there is no database file demo.db yet: the first migration that is applied makes it" "and says that there is none, and no more"
run "$LS_BIN" plan
exits 0 "plan before there is a database"
run "$LS_BIN" verify
exits 0 "verify before there is a database"
run "$LS_BIN" log
exits 1 "log wants a database"
ok "no database is made by any of them" test ! -e demo.db

run "$LS_BIN" status --check
exits 6 "status --check: pending"
like "$err" 'check: 8 pending' "says what"

# --- the plan runs as printed ---
run "$LS_BIN" plan up 2
cp "$out_file" plan.sql
like "$out" '^CREATE TABLE agents' "plan prints the SQL"
like "$out" 'INSERT INTO schema_migrations' "and the ledger's"
unlike "$out" 'CREATE TABLE messages' "of as many as were asked for"
sqlite3 -bail by_hand.db <plan.sql
is "$?" 0 "sqlite3 runs it"
run "$LS_BIN" status --url sqlite:by_hand.db
like "$out" '^state   2 applied, 6 pending$' "and it says the same as a run would"
run "$LS_BIN" plan --json
is "$(json '.plan.steps | length')" 8 "plan --json"
like "$(json .plan.digest)" '^[0-9a-f]{64}$' "has a digest"

# --- up ---
run "$LS_BIN" up
exits 3 "up without a terminal and without --yes"
like "$err" 'nothing was written' "says so"
like "$err" '^  up      001 create_agents, 1 statement' "after showing what it is about"
ok "and it is so" test ! -e demo.db
run "$LS_BIN" up 5 --yes
exits 0 "up 5"
like "$out" '^up: 5 steps done in ' "says how many"
like "$out" '^Applied: 001, 002, 003, 004, 005\.$' "and which, as data"
like "$err" '^applied     003 create_messages ' "each as it goes, as chatter"
is "$(db "SELECT group_concat(version || status, ' ') FROM schema_migrations")" "1applied 2applied 3applied 4applied 5applied" "the ledger has them"
is "$(db "SELECT count(*) FROM messages")" 10000 "and the tables are filled"
run "$LS_BIN" up 1 --yes --quiet
is "$err" "" "--quiet says nothing but data"
run "$LS_BIN" plan
like "$err" 'danger  D02 drop-column' "findings are chatter"
unlike "$out" 'D02' "not data"
run "$LS_BIN" plan --json
is "$(json '.plan.steps[1].ops[] | select(.destructive) | .kind')" statement "the plan marks what destroys"
run "$LS_BIN" up --yes --json
is "$(json '.result.verdict + " " + (.result.steps_done | tostring)')" "done 2" "up --json"
is "$(json '.plan.steps | map(.label) | join(" ")')" "007 008" "with the plan"
run "$LS_BIN" up --yes
exits 0 "up with nothing to do"
is "$out" "up: nothing to do" "says so"
run "$LS_BIN" up --yes --json
is "$(json .result.verdict)" nothing "also as JSON"
run "$LS_BIN" status --check
exits 0 "status --check: clean"

# --- the shape of status --json ---
run "$LS_BIN" status --json
is "$(json '.migrations | length')" 8 "status --json lists"
is "$(json '.counts.applied')" 8 "counts"
is "$(json '.ledger.dirty')" false "and says whether it is dirty"
is "$(json '.target.dialect + " " + .target.database + " " + .format')" "sqlite demo.db lockstep" "names what it looked at"
like "$(json '.migrations[0].applied_at')" '^20[0-9-]+T[0-9:.]+Z$' "times in UTC"
is "$err" "" "and stderr is empty"
run "$LS_BIN" status --csv
is "$(printf '%s\n' "$out" | head -n 2 | tr -d '\r' | cut -d, -f1-3)" "version,name,state
001,create_agents,applied" "status --csv"

# --- down and to ---
run "$LS_BIN" down --yes
exits 0 "down"
like "$out" '^Taken back: 008\.$' "takes the last one back"
like "$err" 'DESTRUCTIVE' "after saying that it destroys"
is "$(db "SELECT status FROM schema_migrations WHERE version = 8")" rolled_back "the ledger keeps its row"
run "$LS_BIN" down 2 --yes
like "$out" '^Taken back: 007, 006\.$' "down 2, newest first"
run "$LS_BIN" to 3 --yes
exits 0 "to an older version"
is "$(db "SELECT max(version) FROM schema_migrations WHERE status = 'applied'")" 3 "is there"
run "$LS_BIN" to 004 --yes
exits 0 "to a newer one, written as in the file"
run "$LS_BIN" to 99 --yes
ok "to a version that is not there" test "$rc" -ne 0
like "$err" 99 "names it"
run "$LS_BIN" to 0 --yes
exits 0 "to 0"
is "$(db "SELECT count(*) FROM sqlite_schema WHERE name IN ('agents', 'users', 'messages')")" 0 "nothing is left"
run "$LS_BIN" down --yes
is "$out" "down: nothing to do" "and nothing more to take back"

# --- mark ---
run "$LS_BIN" mark 1 applied
exits 3 "mark without a terminal"
like "$err" '^  (INSERT INTO|UPDATE) schema_migrations ' "shows what it would write"
run "$LS_BIN" mark 1 applied --yes
exits 0 "mark applied"
like "$err" 'Will write:' "shows what it writes"
like "$err" '^  (INSERT INTO|UPDATE) schema_migrations ' "as SQL"
is "$(db "SELECT status FROM schema_migrations WHERE version = 1")" applied "and writes it"
is "$(db "SELECT count(*) FROM sqlite_schema WHERE name = 'agents'")" 0 "without running anything"
run "$LS_BIN" mark 1 pending --yes
exits 0 "mark pending"
is "$(db "SELECT count(*) FROM schema_migrations WHERE version = 1 AND status = 'applied'")" 0 "takes it back"

# --- a failure that leaves nothing ---
run "$LS_BIN" up 5 --yes
printf 'CREATE TABLE half (a);\nINSERT INTO nowhere VALUES (1);\n' >migrations/006_archive_conversations.up.sql
run "$LS_BIN" up --yes
exits 1 "a migration that fails"
like "$err" '^lockstep: migrations/006_archive_conversations.up.sql:2:1: no such table: nowhere .*statement 2 of 2' "file, line, column, statement, cause"
like "$err" '^next:$' "and what next"
is "$(db "SELECT count(*) FROM sqlite_schema WHERE name = 'half'")" 0 "nothing of it stays"
run "$LS_BIN" up --yes --json
exits 1 "the same as JSON"
is "$(json '.result.verdict + " " + (.result.failed.line | tostring) + " " + .result.failed.file')" \
    "rolled-back 2 migrations/006_archive_conversations.up.sql" "says where"
cp "$LS_SRCDIR/migrations/006_archive_conversations.up.sql" migrations/

# --- a failure that leaves something ---
printf -- '-- lockstep: no-transaction\nCREATE TABLE half (a);\nINSERT INTO nowhere VALUES (1);\n' >migrations/009_half.up.sql
run "$LS_BIN" up --yes
exits 4 "a failure outside of a transaction"
like "$err" 'Statement 1 of 3|Statement 1 of 2' "says what took effect"
run "$LS_BIN" status --check
exits 3 "status --check: dirty"
like "$out" '^DIRTY: ' "status explains"
like "$out" '^  a\) ' "and offers ways out"
run "$LS_BIN" status --json
is "$(json '.ledger.dirty')" true "also as JSON"
ok "with choices" test "$(json '.dirty.choices | length')" -ge 2
run "$LS_BIN" up --yes
exits 3 "up on a dirty database is refused"
run "$LS_BIN" mark 9 pending --yes
exits 0 "mark resolves it"
db 'DROP TABLE half' && rm migrations/009_half.up.sql
run "$LS_BIN" status --check
exits 6 "what was rolled back has no file any more, and that differs"

# --- checks ---
printf '\n-- changed\n' >>migrations/002_create_conversations.up.sql
run "$LS_BIN" verify
exits 6 "verify: a changed file"
like "$out" '002' "is named"
run "$LS_BIN" verify --json
ok "also as JSON" test "$(json '[.findings[] | select(.version == "002")] | length')" -ge 1
cp "$LS_SRCDIR/migrations/002_create_conversations.up.sql" migrations/
printf 'SELECT 1 = 2;\n' >migrations/001_create_agents.verify.sql
run "$LS_BIN" verify
exits 6 "verify: a .verify file that is not true"
run "$LS_BIN" verify --no-run
exits 0 "unless it is not run"
rm migrations/001_create_agents.verify.sql

# --- the journal ---
run "$LS_BIN" log
exits 0 "log"
like "$out" 'run_begin' "shows runs"
is "$(printf '%s\n' "$out" | wc -l | tr -d ' ')" 21 "twenty and the heading"
run "$LS_BIN" log -n 0 --json
is "$(json '.first_broken_seq')" 0 "its chain is whole"
is "$(json '.journal | map(.seq) | . == (sort | reverse)')" true "newest first"
db "UPDATE lockstep_journal SET operator = 'mallory' WHERE seq = 3"
run "$LS_BIN" log -n 0
exits 6 "a changed entry breaks it"
like "$err" 'broken from entry 3' "and is named"
n=$(db 'SELECT count(*) FROM lockstep_journal')
run "$LS_BIN" up 1 --yes --no-journal
exits 0 "--no-journal"
is "$(db 'SELECT count(*) FROM lockstep_journal')" "$n" "writes no entry"

# --- an older tool's table ---
in_dir legacy
mkdir migrations && cp "$LS_SRCDIR"/migrations/00[123]*.sql migrations/
sqlite3 old.db 'CREATE TABLE schema_version (version INTEGER); INSERT INTO schema_version VALUES (1), (2)'
run "$LS_BIN" status --url sqlite:old.db
like "$err" 'schema_version' "a legacy table is noticed"
run "$LS_BIN" mark --import --url sqlite:old.db --yes
exits 0 "mark --import"
is "$(sqlite3 old.db "SELECT group_concat(version || status, ' ') FROM schema_migrations")" "1applied 2applied" "takes its rows over"
is "$(sqlite3 old.db 'SELECT count(*) FROM schema_version')" 2 "and leaves it"
run "$LS_BIN" mark --import --url sqlite:old.db --yes
exits 1 "a second time is an error"
like "$err" 'imported before' "that says why"
is "$(sqlite3 old.db 'SELECT count(*) FROM schema_migrations')" 2 "and adds nothing"

done_testing
