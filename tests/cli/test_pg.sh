# The subcommands on PostgreSQL: lockstep's format and golang-migrate's, rights, passwords, locks, a run that is interrupted.
. "$LS_SRCDIR/tests/cli/lib.sh"
[ -n "${LS_TEST_PG_URL:-}" ] || skip_all "${LS_TEST_PG_SKIP:-no PostgreSQL server}"
has_driver postgres || skip_all "this build has no PostgreSQL"
need_jq
in_dir pg
pg_new
LOCKSTEP_URL=$pg_url
export LOCKSTEP_URL
mkdir migrations
printf -- '-- People.\nCREATE TABLE people (id bigint PRIMARY KEY, name text);\n' >migrations/001_people.up.sql
printf 'DROP TABLE people;\n' >migrations/001_people.down.sql
printf "SELECT count(*) = 0 FROM people;\n" >migrations/001_people.verify.sql
printf -- '-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY people_name ON people (name);\n' >migrations/002_index.up.sql
printf 'DROP INDEX people_name;\n' >migrations/002_index.down.sql

mkdir broken
echo "no library" >broken/libpq.so.5
run env LD_LIBRARY_PATH="$PWD/broken" "$LS_BIN" status
exits 1 "without a usable libpq"
like "$err" "client library cannot be used: .*libpq.so.5" "it is named"
run env LD_LIBRARY_PATH="$PWD/broken" "$LS_BIN" version
exits 0 "and what needs no PostgreSQL goes on"

run "$LS_BIN" status
exits 0 "status of an empty database"
like "$out" '^state   2 pending$' "counts"
is "$(pg_do "select count(*) from pg_class where relname like '%schema_migrations%' or relname like 'lockstep%'")" 0 "and makes nothing"
run "$LS_BIN" plan
cp "$out_file" plan.sql
pg_new
is "$(psql_ -d "$pg_url" -f plan.sql 2>&1)" "" "psql runs the plan as printed"
run "$LS_BIN" status --url "$pg_url"
like "$out" '^state   2 applied$' "which does what a run does"
run "$LS_BIN" up --yes
exits 0 "up"
run "$LS_BIN" verify
exits 0 "verify"
like "$out" ' 1 verify statement run, 0 failed' "runs the .verify file"
run "$LS_BIN" status --json
is "$(json '.target.dialect + " " + (.counts.applied | tostring) + " " + .target.role')" "postgres 2 postgres" "status --json"
like "$(json '.target.server')" '^PostgreSQL [0-9]+' "with the server's version"
run "$LS_BIN" down 2 --yes
exits 0 "down"
run "$LS_BIN" log --json
is "$(json '.journal[0].event + " " + .journal[0].result')" "run_end done" "log"
run "$LS_BIN" to 1 --yes
exits 0 "to"

# What is typed to confirm is all of the name.
psql_ -d "$LS_TEST_PG_URL" -c "create database \"$pg_name/a b\""
printf '[env p]\nurl = %s\nprotected = yes\n' "$(printf '%s' "$pg_url" | sed "s|/$pg_name?|/$pg_name%2Fa%20b?|")" >slash.conf
run "$LS_BIN" up --project slash.conf -e p --yes --no-backup --confirm "a b"
exits 3 "a database with a slash in its name is not named by what stands behind it"
run "$LS_BIN" up --project slash.conf -e p --yes --no-backup --confirm "$pg_name/a b"
exits 0 "but by all of it"
psql_ -d "$LS_TEST_PG_URL" -c "drop database \"$pg_name/a b\""

# Where a URL leaves it to others to say where it leads, the target is named all the same.
cat >service.conf <<CONF
[here]
host=$LS_TEST_PG_HOST
port=$LS_TEST_PG_PORT
dbname=$pg_name
user=postgres
CONF
PGSERVICEFILE=$PWD/service.conf run "$LS_BIN" status --url service=here
exits 0 "a service file"
like "$out" "^target  postgres $pg_name at $LS_TEST_PG_HOST:$LS_TEST_PG_PORT" "leads to a target with its name"
PGHOST=$LS_TEST_PG_HOST PGPORT=$LS_TEST_PG_PORT PGDATABASE=$pg_name PGUSER=postgres run "$LS_BIN" status --url postgres://
like "$out" "^target  postgres $pg_name at $LS_TEST_PG_HOST:$LS_TEST_PG_PORT" "so do the PG variables"
if [ -n "${LS_TEST_PG_TCP_URL:-}" ]; then
    printf '%s\n' "127.0.0.1:$LS_TEST_PG_PORT:*:lockstep_pw:$LS_TEST_PG_PASSWORD" >passes && chmod 600 passes
    PGPASSFILE=$PWD/passes run "$LS_BIN" status --url "postgres://lockstep_pw@127.0.0.1:$LS_TEST_PG_PORT/postgres"
    exits 0 "a password from a passfile"
fi

# An error has the server's words.
printf 'CREATE TABLE x (a int);\nINSERT INTO people VALUES (1, $$a$$);\nINSERT INTO people VALUES (1, $$b$$);\n' >migrations/003_dup.up.sql
printf 'DROP TABLE x;\n' >migrations/003_dup.down.sql
run "$LS_BIN" up --yes --json
exits 1 "a failing migration"
is "$(json '.error.sqlstate + " " + (.result.failed.statement | tostring) + " " + (.result.failed.line | tostring)')" "23505 3 3" "sqlstate, statement, line"
like "$(json .error.detail)" 'already exists' "the server's detail"
rm migrations/003*

# So has one that wants to steer a terminal.
pg_new
LOCKSTEP_URL=$pg_url
run "$LS_BIN" up --yes
cat >migrations/003_evil.up.sql <<'SQL'
DO $$ BEGIN RAISE NOTICE 'n %[31m', chr(27); RAISE EXCEPTION 'x %]0;owned% %', chr(27), chr(7), chr(8238) USING DETAIL = chr(27) || '[2J', HINT = chr(155) || '3J'; END $$;
SQL
run "$LS_BIN" up --yes
exits 1 "an error with escape sequences"
like "$err" 'x <1B>\]0;owned<07> <U\+202E>' "shows as text"
like "$err" 'NOTICE: n <1B>\[31m' "so does a notice"
"$LS_BIN" log >>"$out_file"
ok "nothing of it reaches the terminal" sh -c '! LC_ALL=C tr -d "\n" <"$1" | LC_ALL=C grep -q "[[:cntrl:]]" && ! LC_ALL=C tr -d "\n" <"$2" | LC_ALL=C grep -q "[[:cntrl:]]"' \
    sh "$out_file" "$err_file"
is "$(pg_do "select count(*) from lockstep_journal where detail ~ '[\x01-\x1f]'")" 0 "nor the journal"
rm migrations/003*

# The limits that a migration runs under: ours, the project file's, the command line's.
limits() { # OPTION...
    pg_do 'set client_min_messages = error; drop table if exists limits; delete from schema_migrations where version = 3'
    "$LS_BIN" up --yes --quiet "$@" >/dev/null 2>&1
    pg_do 'select l, s from limits'
}
printf "CREATE TABLE limits AS SELECT current_setting('lock_timeout') l, current_setting('statement_timeout') s;\n" >migrations/003_limits.up.sql
is "$(limits)" "3s|0" "the limits when nothing is said"
printf '[env e]\nurl = %s\nlock_timeout = 700ms\nstatement_timeout = 2min\n' "$pg_url" >lockstep.conf
is "$(limits -e e)" "700ms|2min" "the limits of lockstep.conf"
is "$(limits -e e --lock-timeout 0 --statement-timeout 90s)" "0|90s" "the limits of the command line"
rm lockstep.conf migrations/003*
pg_do 'drop table limits; delete from schema_migrations where version = 3'

# --- golang-migrate, as it would leave it ---
mkdir gm
printf 'CREATE TABLE a (i int);\n' >gm/1_a.up.sql
printf 'DROP TABLE a;\n' >gm/1_a.down.sql
printf 'CREATE TABLE b (i int);\nSELECT 1/0;\n' >gm/2_b.up.sql
printf 'DROP TABLE b;\n' >gm/2_b.down.sql
pg_new
LOCKSTEP_URL=$pg_url
run "$LS_BIN" up 1 --migrations gm --yes
exits 0 "golang-migrate: up"
is "$(pg_do 'select version, dirty from schema_migrations')" "1|f" "its ledger holds the cursor"
run "$LS_BIN" up --migrations gm --yes
ok "golang-migrate: a failure" test "$rc" -ne 0
is "$(pg_do 'select version, dirty from schema_migrations')" "2|t" "leaves it dirty, as the tool does"
run "$LS_BIN" status --migrations gm
like "$out" '^DIRTY: .*version 2' "status explains"
run "$LS_BIN" mark 1 applied --migrations gm --yes
exits 0 "mark"
is "$(pg_do 'select version, dirty from schema_migrations')" "1|f" "is what it calls force"

# --- rights and passwords ---
pg_do 'create table secret (a int)'
run "$LS_BIN" up --migrations gm --yes --url "$(printf '%s' "$pg_url" | sed 's/user=postgres/user=lockstep_pw/')"
ok "a role without rights" test "$rc" -ne 0
like "$err" 'permission denied|lacks|may not|privilege' "is told what it may not do"
if [ -n "${LS_TEST_PG_TCP_URL:-}" ]; then
    tcp=$(printf '%s' "$LS_TEST_PG_TCP_URL" | sed "s/$LS_TEST_PG_PASSWORD/wr0ng-horse/")
    run "$LS_BIN" status --url "$tcp"
    exits 1 "a wrong password"
    like "$err" 'password authentication failed' "says so"
    like "$err" 'hint: .*~/\.pgpass' "and where passwords are looked for"
    unlike "$out$err" 'wr0ng-horse' "and does not print it"
    run "$LS_BIN" status --url "$tcp" --json
    unlike "$out$err" 'wr0ng-horse' "nor as JSON"
    is "$(json .error.code)" auth "with its own code"
    run "$LS_BIN" status --url "$LS_TEST_PG_TCP_URL?sslmode=require"
    exits 1 "TLS from a server that has none"
    like "$err" 'hint: .*offers no TLS' "is told as such"
    run "$LS_BIN" status --url "$LS_TEST_PG_TCP_URL"
    exits 0 "the right one"
    unlike "$out$err" "$LS_TEST_PG_PASSWORD" "is not printed either"
fi
run "$LS_BIN" status --url "postgres://u:s3cret@127.0.0.1:1/d"
exits 1 "no server"
unlike "$out$err" 's3cret' "no password in that either"

# --- signals ---
pg_new
LOCKSTEP_URL=$pg_url
rm -f migrations/*
printf '[project]\nformat = lockstep\n' >lockstep.conf
printf 'CREATE TABLE one (a int);\n' >migrations/001_one.up.sql
printf 'CREATE TABLE two (a int);\nSELECT pg_sleep(600);\n' >migrations/002_two.up.sql
runs_sleep() {
    [ "$(pg_do "select count(*) from pg_stat_activity where datname = current_database() and query like '%pg_sleep(600)%' and pid <> pg_backend_pid() and state = 'active'")" = 1 ]
}
for sig in INT TERM HUP; do
    "$LS_BIN" up --yes >"$out_file" 2>"$err_file" &
    pid=$!
    ok "$sig: a long statement runs" wait_for runs_sleep
    kill -$sig $pid
    wait $pid
    rc=$?
    err=$(cat "$err_file")
    exits 75 "$sig ends with 75"
    like "$err" 'asked to stop' "$sig: says that it was asked"
    is "$(pg_do "select string_agg(version || status, ' ') from schema_migrations")" "1applied" "$sig: what was committed stays, the rest is rolled back"
    is "$(pg_do "select to_regclass('two') is null")" t "$sig: nothing of it is there"
done

# What is seen in the process list.
"$LS_BIN" up --yes --url "$(printf '%s' "$pg_url" | sed 's/user=postgres/user=postgres\&password=s3cret/')" >"$out_file" 2>"$err_file" &
pid=$!
ok "a long statement runs" wait_for runs_sleep
unlike "$(tr '\0' ' ' <"/proc/$pid/cmdline")" 's3cret' "a password on the command line is starred out"
like "$(tr '\0' ' ' <"/proc/$pid/cmdline")" '\*\*\*\*' "in place"

# Two operators: the second waits, says for whom, and gives up.
run "$LS_BIN" up --yes --lock-wait 300ms
exits 3 "another operator's run"
like "$err" 'pid [0-9]+|another operator' "is named"
kill -TERM $pid
wait $pid

# --- how long it took is told by the ledger and the journal, too ---
in_dir took
mkdir migrations
printf 'CREATE TABLE a (i int);\n' >migrations/001_a.up.sql
printf 'SELECT pg_sleep(0.2);\n' >migrations/002_slow.up.sql
printf 'CREATE TABLE b (i int);\nDO $$BEGIN PERFORM pg_sleep(0.2); END$$;\n' >migrations/003_slow.up.sql
pg_new
run "$LS_BIN" up --yes --format lockstep --url "$pg_url"
exits 0 "up with statements that take their time"
is "$(pg_do "SELECT string_agg((duration_ms >= 200)::text, ' ' ORDER BY version) FROM schema_migrations")" "false true true" "the ledger tells how long"
is "$(pg_do "SELECT string_agg((duration_ms >= 200)::text, ' ' ORDER BY seq) FROM lockstep_journal WHERE event = 'applied'")" "false true true" \
    "the journal, too"

# Nothing in it takes long, but somebody's lock keeps it waiting.
printf 'INSERT INTO a VALUES (1);\nDROP TABLE a;\n' >migrations/004_waits.up.sql
holds_a() {
    [ "$(pg_do "SELECT count(*) FROM pg_locks WHERE relation = 'a'::regclass AND granted AND mode = 'AccessExclusiveLock'")" = 1 ]
}
somebody_has_a() {
    pg_do "BEGIN; LOCK TABLE a; DO \$\$BEGIN
    WHILE NOT EXISTS (SELECT FROM pg_locks WHERE relation = 'a'::regclass AND NOT granted) LOOP PERFORM pg_sleep(0.01); END LOOP;
    PERFORM pg_sleep(0.3);
END\$\$; COMMIT" >/dev/null &
    pid=$!
    ok "somebody has a table" wait_for holds_a
}
somebody_has_a
run "$LS_BIN" up --yes --format lockstep --url "$pg_url" --lock-timeout 1min
exits 0 "up with a statement that waits for it"
wait $pid
is "$(pg_do "SELECT (duration_ms BETWEEN 300 AND 60000) || ' ' || status FROM schema_migrations WHERE version = 4")" "true applied" \
    "the ledger tells how long it waited"
is "$(pg_do "SELECT string_agg((duration_ms >= 300)::text, ' ') FROM lockstep_journal WHERE event = 'applied' AND version = '004'")" "true" \
    "the journal, too, in one row"
run "$LS_BIN" log --format lockstep --url "$pg_url"
exits 0 "log"
unlike "$out$err" 'chain is broken| !' "the journal's chain holds"

# A ledger's row that tells no time is sent once: a second one would take a second number of the sequence.
mkdir goosed
printf -- '-- +goose Up\nCREATE TABLE a (id int);\n' >goosed/1_a.sql
printf -- '-- +goose Up\nINSERT INTO a VALUES (1);\nDROP TABLE a;\n' >goosed/2_waits.sql
run "$LS_BIN" up 1 --yes --format goose --migrations goosed --url "$pg_url"
exits 0 "up with goose's ledger"
somebody_has_a
run "$LS_BIN" up --yes --format goose --migrations goosed --url "$pg_url" --lock-timeout 1min
exits 0 "up with a statement that waits, and goose's ledger"
wait $pid
is "$(pg_do "SELECT string_agg(id || '/' || version_id, ' ' ORDER BY id) FROM goose_db_version")" "1/0 2/1 3/2" "the ledger's numbers have no gap"

done_testing
