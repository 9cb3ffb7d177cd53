# explain: a query's plan, run or not, from words, the workload or standard input.
. "$LS_SRCDIR/tests/cli/lib.sh"
need_jq

if has_driver sqlite; then
    demo_folder lite
    run "$LS_BIN" to 5 --yes
    run "$LS_BIN" explain 'SELECT * FROM messages WHERE conversation_id = 7 ORDER BY created_at'
    exits 0 "explain on SQLite"
    like "$out" 'SEARCH .*messages_conversation' "shows the plan"
    run "$LS_BIN" explain 'SELECT * FROM messages WHERE role = ?' --run --json
    is "$(json '.plan.measured')" true "--run counts"
    ok "steps" [ "$(json '.plan.steps')" -gt 10000 ]
    sum=$(cksum <demo.db)
    printf 'DELETE FROM entities WHERE kind = ?' >q.sql
    run_in sh -c '"$LS_BIN" explain - --run <q.sql'
    exits 0 "what writes"
    like "$err" 'it writes, so it was planned and not run' "is not run"
    is "$(cksum <demo.db)" "$sum" "and nothing has changed"
    run "$LS_BIN" explain 'SELECT * FROM nowhere_to_be_seen'
    exits 1 "a query that the database refuses"
    like "$err" 'nowhere_to_be_seen' "with its words"
    run "$LS_BIN" explain "SELECT 'open"
    exits 1 "a query that has no end"
    run "$LS_BIN" explain 'SELECT 1; SELECT 2'
    ok "two queries are not one" [ "$rc" -ne 0 ]
    run "$LS_BIN" explain recent
    exits 1 "a name without a workload"
    printf -- '-- name: recent\n-- sample: 7\nSELECT * FROM messages WHERE conversation_id = ?;\n' >lockstep.workload.sql
    run "$LS_BIN" explain recent --json
    is "$(json '.name + ": " + .sql')" 'recent: SELECT * FROM messages WHERE conversation_id = ?' "a name of the workload"
    run "$LS_BIN" explain recent --sample 2
    exits 2 "a sample that is not there"
    run "$LS_BIN" explain resent
    like "$err" "did you mean 'recent'" "a name that is not there"
    run "$LS_BIN" explain
    exits 2 "no query"
fi

if [ -z "${LS_TEST_PG_URL:-}" ] || ! has_driver postgres; then
    skip "${LS_TEST_PG_SKIP:-no PostgreSQL server}" "explain on PostgreSQL"
    done_testing
    exit
fi
in_dir pg
pg_new
LOCKSTEP_URL=$pg_url
export LOCKSTEP_URL
pg_do "create table t (id bigint primary key, k int, note text); insert into t select g, g % 10, md5(g::text) from generate_series(1, 5000) g; analyze"
run "$LS_BIN" explain 'SELECT * FROM t WHERE id = $1'
exits 0 "explain on PostgreSQL"
like "$out" 'Index Scan .*t_pkey' "a plan for any value"
run "$LS_BIN" explain 'SELECT count(*) FROM t WHERE k = 3' --run --json
is "$(json '.plan.measured')" true "--run"
ok "counts buffers" [ "$(json '.plan.buffers')" -gt 10 ]
is "$(json '[.plan.nodes[] | select(.what == "Seq Scan")][0].actual_rows == 500')" true "and rows"
run "$LS_BIN" explain 'DELETE FROM t' --run
exits 0 "what writes"
is "$(pg_do 'select count(*) from t')" 5000 "is not run"
run "$LS_BIN" explain 'SELECT pg_notify($$c$$, note) FROM t' --run
like "$err" 'not run: pg_notify.. may do more than read' "what may do more than read is not run either"
unlike "$err" 'it writes' "and is not said to write"
run "$LS_BIN" explain "SELECT nothing_of_the_kind FROM t"
exits 1 "a query that the server refuses"
like "$err" 'nothing_of_the_kind.*does not exist' "with its message"

done_testing
