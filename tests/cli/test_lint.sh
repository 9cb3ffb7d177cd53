# lint: every check that needs no database, as text, as JSON and as SARIF; what makes it fail; each tool's folder.
. "$LS_SRCDIR/tests/cli/lib.sh"
unset LOCKSTEP_URL DATABASE_URL

put() { # FILE TEXT
    mkdir -p "$(dirname "$1")" && printf '%b' "$2" >"$1"
}

# --- one folder with a fault of each kind ---
in_dir faults
put migrations/1_a.up.sql '-- lockstep: transaction\nCREATE TABLE a (id int);\n\nALTER TABLE b ADD COLUMN x int NOT NULL;\nDROP TABLE c;\n'
put migrations/1_a.down.sql 'DROP TABLE a;\n'
put migrations/2_b.up.sql '-- lockstep: transaction\nSELECT 1;\nSELECT '\''open\n'
put migrations/2_b.down.sql 'SELECT 1;\n'
put migrations/3_c.up.sql '-- lockstep: transaction\nCREATE INDEX CONCURRENTLY i ON b (x);\nCOMMIT;\n'
put migrations/5_d.up.sql '-- lockstep: transaction\nUPDATE b SET x = 1;\n'
put migrations/5_e.up.sql '-- lockstep: transaction\n-- lockstep: nothing-known\nSELECT 1;\n'
run "$LS_BIN" lint
exits 6 "a folder with faults fails"
like "$out" '^migrations/1_a.up.sql:4: warning: b: .* \[required-column\]$' "a statement's risk, with file and line"
like "$out" '^migrations/1_a.up.sql:5: danger: c: .* \[drop-table\]$' "another"
like "$out" '^  hint: Back up first' "with what is safer"
like "$out" '^migrations/2_b.up.sql:3: error: .* \[not-splittable\]$' "what cannot be read"
like "$out" '^migrations/3_c.up.sql:2: error: .* \[needs-no-transaction\]$' "what cannot run where it would be sent"
like "$out" '^migrations/3_c.up.sql:3: error: .* \[transaction-control\]$' "what ends the transaction around it"
unlike "$out" '\[tx-control\]' "which is said once"
like "$out" '^migrations/3_c.up.sql: warning: .* \[missing-down\]$' "a missing down"
like "$out" '^migrations/5_d.up.sql: warning: .* \[gap\]$' "a gap"
like "$out" '^migrations/5_e.up.sql: error: .* \[duplicate-version\]$' "a number that two files claim"
like "$out" '^migrations/5_e.up.sql:2: [a-z]+: .*nothing-known' "an unknown directive"
is "$(printf '%s\n' "$out" | grep -c 'duplicate-version')" 1 "each fault once"
like "$err" '^5 migrations of lockstep checked as postgres: [0-9]+ errors' "and a sum"
is "$(find . -name '*.db' -o -name lockstep.conf | wc -l | tr -d ' ')" 0 "nothing is made"
sorted=$(printf '%s\n' "$out" | grep '^migrations/' | cut -d: -f1)
is "$sorted" "$(printf '%s\n' "$sorted" | LC_ALL=C sort)" "by file"

# --- what makes it fail ---
rm migrations/2_b* migrations/3_c* migrations/5_e*
printf 'SELECT 1;\n' >migrations/5_d.down.sql
run "$LS_BIN" lint
exits 0 "a danger is no error"
run "$LS_BIN" lint --fail-on danger
exits 6 "unless it is told to be"
sed -i '/DROP/d' migrations/1_a.up.sql
run "$LS_BIN" lint --fail-on danger
exits 0 "and there is none"
run "$LS_BIN" lint --fail-on warning
exits 6 "a warning"
run "$LS_BIN" lint --fail-on never
exits 0 "never"
run "$LS_BIN" lint --fail-on sometimes
exits 2 "another word is none"
like "$err" 'info, warning, danger, error, and never' "and the words are named"

# --- the dialect ---
printf -- '-- lockstep: transaction\nPRAGMA foreign_keys = off;\nCREATE INDEX i ON b (x);\n' >migrations/5_d.up.sql
run "$LS_BIN" lint --dialect sqlite
like "$out" 'pragma-in-tx' "SQLite's rules"
unlike "$out" 'create-index' "and not PostgreSQL's"
run "$LS_BIN" lint --dialect postgres
like "$out" 'create-index' "PostgreSQL's rules"
unlike "$out" 'pragma-in-tx' "and not SQLite's"
run "$LS_BIN" lint --url sqlite:nowhere.db
like "$out" 'pragma-in-tx' "the target's dialect, without the target"
ok "which is not made" test ! -e nowhere.db
run "$LS_BIN" lint --dialect oracle
exits 2 "a dialect that is none"
run "$LS_BIN" lint --migrations nothere
ok "a folder that is not there fails" test "$rc" -ne 0
like "$err" 'nothere' "and is named"

# --- each tool's own faults, with its words ---
in_dir tools
put dbmate/1_a.sql '-- migrate:up\nCREATE TABLE a (id int);\n'
put goose/1_a.sql '-- +goose Up\nCREATE TABLE a (id int)\n'
put drizzle/meta/_journal.json '{"version": "7", "dialect": "sqlite", "entries": [{"idx": 0, "version": "7", "when": 1, "tag": "0000_a", "breakpoints": true}, {"idx": 1, "version": "7", "when": 2, "tag": "0001_gone", "breakpoints": true}]}\n'
put drizzle/0000_a.sql 'CREATE TABLE a (id int);\n'
put prisma/migration_lock.toml 'provider = "sqlite"\n'
put prisma/20240101000000_a/README.md 'no migration\n'
put prisma/20240102000000_b/migration.sql 'ALTER TABLE a RENAME TO b;\n'
put flyway/V1__a.sql 'SELECT 1;\n'
put flyway/V1.0__b.sql 'SELECT 1;\n'
put diesel/2024-01-01-000000-0000_a/down.sql 'SELECT 1;\n'
put diesel/2024-01-02-000000-0000_b/up.sql 'SELECT 1;\n'
put sqlx/1_a.sql 'SELECT 1;\n'
put sqlx/x_b.sql 'SELECT 1;\n'
put node-pg-migrate/1_a.sql '-- Down Migration\nDROP TABLE a;\n'
put sql-migrate/1_a.sql '-- +migrate Up\nCREATE TABLE a (id int)\n'
put golang-migrate/1_a.up.sql 'CREATE INDEX CONCURRENTLY i ON b (x);\nSELECT 1;\n'
said() { # FORMAT PATTERN
    run "$LS_BIN" lint --migrations "$1" --format "$1"
    like "$out" "$2" "$1: its own fault"
}
said dbmate '^dbmate/1_a.sql.* error: .*(down|down section)'
is "$(printf '%s\n' "$out" | grep -c 'missing-down')" 1 "dbmate: a missing down is said once"
unlike "$err" 'the files could be' "dbmate: its markers tell whose the files are"
said goose '^goose/1_a.sql:[0-9]+: error: '
said drizzle '^drizzle/meta/_journal.json:?[0-9]*: error: .*0001_gone'
run "$LS_BIN" lint --migrations drizzle
is "$(printf '%s\n' "$out" | grep -c ': error: ')" 1 "what is wrong with the folder is not said of each of its files"
like "$err" 'checked as sqlite' "drizzle: the dialect that the folder names"
said prisma '20240101000000_a.*: (error|danger|warning): .*migration.sql'
said flyway 'V1.*__[ab].sql.*: error: .*version'
said diesel '2024-01-01-000000-0000_a.*: error: .*up.sql'
said sqlx '^sqlx/x_b.sql.*: error: '
said node-pg-migrate '^node-pg-migrate/1_a.sql:1: warning: .*no-up-marker'
said sql-migrate '^sql-migrate/1_a.sql:?[0-9]*: error: '
said golang-migrate '^golang-migrate/1_a.up.sql:1: error: .*\[needs-own-file\]'
like "$out" '^golang-migrate/1_a.up.sql:1: ' "golang-migrate: what would be refused is read all the same"

put knex/20240101000000_x.js '/** @param { import("knex").Knex } knex */\n'
run "$LS_BIN" lint --migrations knex --format knex
exits 1 "a tool that is known by name only"
like "$err" 'by name only' "is said to be"

# --- SARIF ---
need_jq
cd "$LS_TEST_TMP/faults" || exit 1
put 'migrations/6_ü %.up.sql' '-- lockstep: transaction\nDROP TABLE \033]0;x\007c;\n'
run "$LS_BIN" lint --sarif --fail-on warning
exits 6 "SARIF: the exit code is the same"
is "$(json '.version')" 2.1.0 "SARIF: version"
like "$(json '."$schema"')" '^https://.*sarif-2.1.0.json$' "SARIF: schema"
is "$(json '.runs | length')" 1 "SARIF: one run"
is "$(json '.runs[0].tool.driver.name')" lockstep "SARIF: the tool's name is required"
is "$(json '.runs[0].results | type')" array "SARIF: results"
is "$(json '[.runs[0].results[] | select(.message.text == null or .message.text == "")] | length')" 0 "SARIF: each result has the message that is required"
is "$(json '[.runs[0].results[].level] - ["none", "note", "warning", "error"] | length')" 0 "SARIF: levels are of the four that there are"
is "$(json '[.runs[0].tool.driver.rules[] | select(.id == null)] | length')" 0 "SARIF: each rule has the id that is required"
is "$(json '.runs[0].tool.driver.rules | (map(.id) | unique | length) == length')" true "SARIF: and no two the same"
is "$(json '.runs[0] as $r | [$r.results[] | select($r.tool.driver.rules[.ruleIndex].id != .ruleId)] | length')" 0 "SARIF: ruleIndex points at ruleId"
is "$(json '[.runs[0].results[].locations[].physicalLocation | select(.artifactLocation.uri == null or (.region != null and .region.startLine < 1))] | length')" 0 \
    "SARIF: places have a URI, and lines count from one"
is "$(json '[.runs[0].results[].locations[].physicalLocation.artifactLocation | select(.uriBaseId != "%SRCROOT%")] | length')" 0 "SARIF: relative to the sources"
like "$(json '.runs[0].results[].locations[].physicalLocation.artifactLocation.uri')" 'migrations/6_%C3%BC%20%25.up.sql' "SARIF: a name is a URI"
ok "SARIF: no control bytes" sh -c '! LC_ALL=C tr -d "\n" <"$1" | LC_ALL=C grep -q "[[:cntrl:]]"' sh "$out_file"
is "$(json '[.runs[0].results[] | select(.ruleId == "D01") | .level] | unique | join(" ")')" error "SARIF: a danger is an error"
rows=$(json '.runs[0].results | length')
run "$LS_BIN" lint --json
is "$(json '.findings | length')" "$rows" "JSON: as many findings"
is "$(json '[.findings[] | select(.rule == "D01") | .code] | unique | join(" ")')" drop-table "JSON: a safety rule has its id and its name"
is "$(json '.format + " " + .folder + " " + .dialect')" "lockstep migrations postgres" "JSON: what was looked at"
run "$LS_BIN" lint --json --sarif
exits 2 "one form at a time"

# --- nothing to say ---
in_dir clean
put migrations/1_a.up.sql '-- lockstep: transaction\nCREATE TABLE a (id int);\n'
put migrations/1_a.down.sql 'DROP TABLE a;\n'
run "$LS_BIN" lint --fail-on info --format lockstep
exits 0 "a clean folder"
is "$out" "" "has no findings"
run "$LS_BIN" lint --sarif --format lockstep
is "$(json '.runs[0].results | length')" 0 "SARIF of nothing has no results"
done_testing
