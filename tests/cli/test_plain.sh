# The plain convention at work: NNN_name.sql and applied.txt, from the first run to a broken one.
. "$LS_SRCDIR/tests/cli/lib.sh"
need_jq
has_driver sqlite || skip_all "this build has no SQLite driver"

in_dir plain
mkdir migrations
printf 'CREATE TABLE a (id int);\n-- down\nDROP TABLE a;\n' >migrations/001_a.sql
printf 'CREATE TABLE b (id int);\n' >migrations/002_b.sql
printf 'DROP TABLE b;\n' >migrations/002_b.down.sql
printf '# Kept by hand.\n' >migrations/applied.txt
export LOCKSTEP_URL=sqlite:app.db

run "$LS_BIN" formats --json .
is "$(json '[.found[] | select(.format == "plain") | .how_sure][0]')" certain "the list beside the files makes it certain"

run "$LS_BIN" plan
is "$rc" 0 "plan"
like "$out" '^-- migrations/applied.txt: [+] # lockstep: applying 001_a$' "it shows the mark"
like "$out" '^-- migrations/applied.txt: [+] 001_a.sql$' "and the name that takes its place"
printf '%s\n' "$out" >plan.sql
is "$(cat migrations/applied.txt)" '# Kept by hand.' "and writes nothing"
run "$LS_BIN" plan --json
is "$(json '.plan.steps[0].ops | map(.kind) | join(" ")')" "file begin statement journal commit file" "the same as JSON"
like "$(json '.plan.steps[0].ops[0].sql')" 'applied.txt: [+] # lockstep' "with the change of the file"

run "$LS_BIN" up --yes
is "$rc" 0 "up"
is "$(cat migrations/applied.txt)" '# Kept by hand.
001_a.sql
002_b.sql' "the list has both, and its comment"
run "$LS_BIN" status --json
is "$(json '.ledger.location + " " + (.counts.applied | tostring)')" 'migrations/applied.txt 2' "status reads it"
run "$LS_BIN" down --yes
is "$(tail -n 1 migrations/applied.txt)" 001_a.sql "down takes the line away"
run "$LS_BIN" mark 002 applied --yes
is "$rc" 0 "mark"
like "$out$err" 'applied.txt: [+] 002_b.sql' "it shows the line that it writes"
is "$(tail -n 1 migrations/applied.txt)" 002_b.sql "and writes it"
run "$LS_BIN" new 'add email'
is "$out" 'migrations/003_add_email.sql
migrations/003_add_email.down.sql' "new goes on counting, with a down file as the folder has them"

# --- a run that was broken off ---
rm migrations/003_add_email.*
printf '001_a.sql\n# lockstep: applying 002_b\n' >migrations/applied.txt
run "$LS_BIN" up --yes
is "$rc" 3 "a mark that was left behind stops everything"
like "$err" 'applied.txt:2: 002_b was begun' "with its place"
run "$LS_BIN" status
like "$out" 'DIRTY: migrations/applied.txt:2: 002_b was begun to be applied' "status explains it"
like "$out" 'applied.txt: - # lockstep: applying 002_b' "and shows what each way out writes"
run "$LS_BIN" status --check
is "$rc" 3 "its exit code says it"

# --- another database's list ---
printf '# database: db.example/app\n001_a.sql\n' >migrations/applied.txt
run "$LS_BIN" up --yes
is "$rc" 3 "the list of another database is refused"
like "$err" 'is the list of db.example/app, and this database is app.db' "and both are named"

done_testing
