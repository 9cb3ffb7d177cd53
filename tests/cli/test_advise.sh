# advise: what the workload lacks, measured on a copy, written, applied; and what cannot be judged.
. "$LS_SRCDIR/tests/cli/lib.sh"
need_jq

if has_driver sqlite; then
    demo_folder lite
    sed -n "/^    cat >lockstep.workload.sql/,/^SQL/p" "$LS_SRCDIR/tools/demo.sh" | sed '1d;$d' >lockstep.workload.sql
    run "$LS_BIN" to 5 --yes
    sum=$(cksum <demo.db)
    run "$LS_BIN" advise --json
    exits 0 "advise on SQLite"
    is "$(json '[.advice[].index.sql] | sort | .[]')" 'CREATE INDEX "idx_conversations_user_id_updated_at" ON "conversations" (user_id, updated_at)
CREATE INDEX "idx_entities_kind_created_at" ON "entities" (kind, created_at)' "exactly the two that are missing"
    is "$(json '[.advice[].level] | unique | .[]')" measured "measured"
    is "$(json '[.advice[].gains[].query] as $gain | [.queries[] | select(.name as $n | $gain | index($n)) | .plan.measured] | unique | map(tostring) | join(",")')" true \
        "the plans of the queries that gain are those that were measured"
    ok "the steps are a tenth at most" [ "$(json '[.advice[].gains[0] | .before.steps > 10 * .after.steps] | all')" = true ]
    is "$(cksum <demo.db)" "$sum" "and the database is as it was"
    is "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'lockstep*' | wc -l)" 0 "no copy is left behind"
    run "$LS_BIN" advise --no-measure
    exits 0 "--no-measure"
    like "$out" 'structural, not costed' "says that it is only structural"
    run "$LS_BIN" advise --write --read-only
    exits 3 "--write with --read-only"
    run "$LS_BIN" advise --write
    exits 0 "--write"
    like "$out" '^migrations/009_add_2_indexes.up.sql$' "writes a migration"
    run "$LS_BIN" up --yes
    exits 0 "which is applied"
    run "$LS_BIN" advise --json
    is "$(json '.advice | length')" 0 "and then nothing is missing"
    is "$(json '.queries[0].plan.nodes[0].index')" idx_conversations_user_id_updated_at "since the queries use them"
    run "$LS_BIN" index --json
    is "$(json '[.verdicts[] | select(.code == "IX07" or .code == "IX08")] | length')" 0 "nor does index say so"
    run "$LS_BIN" down --yes
    run "$LS_BIN" verify
    exits 0 "and it can be taken back"

    # Queries that cannot be planned do not hide the others.
    printf -- '-- name: gone\nSELECT * FROM not_there;\n-- name: fine\nSELECT id FROM entities WHERE kind = ? ORDER BY created_at LIMIT 5;\n' >odd.sql
    run "$LS_BIN" advise --workload odd.sql --json
    exits 0 "a query about a table that is not there"
    is "$(json '[.advice[].index.table] | join(",")')" entities "is left out"
    like "$(json '[.notes[] | (.file // "") + ":" + ((.line // 0) | tostring) + " " + .message] | join("; ")')" 'odd.sql:2.*not_there' "with file and line"
    printf 'SELECT * FROM not_there;\n' >odd.sql
    run "$LS_BIN" advise --workload odd.sql
    like "$out" 'nothing +none of these queries could be planned' "where none is planned nothing is said of indexes"
    rm lockstep.workload.sql
    run "$LS_BIN" advise
    exits 1 "no workload at all"
    like "$err" 'there are no queries to judge by' "is said"
    printf -- '-- sample: 1, 2\nSELECT * FROM entities WHERE kind = ?;\n' >lockstep.workload.sql
    run "$LS_BIN" advise
    exits 1 "more values than parameters"
    like "$err" 'lockstep.workload.sql:1' "has its line"
fi

if [ -z "${LS_TEST_PG_URL:-}" ] || ! has_driver postgres; then
    skip "${LS_TEST_PG_SKIP:-no PostgreSQL server}" "advise on PostgreSQL"
    done_testing
    exit
fi
in_dir pg
pg_new
XDG_STATE_HOME=$PWD/state
export XDG_STATE_HOME
mkdir migrations
printf '[env dev]\nurl = %s\nscratch = yes\n' "$pg_url" >lockstep.conf
pg_do "create table memories (id bigint primary key, user_id bigint not null, note text, updated_at timestamptz not null);
    insert into memories select g, 1 + g % 100, md5(g::text), now() - g * interval '1 min' from generate_series(1, 20000) g;
    create table entities (id bigint primary key, user_id bigint not null, entity_type text not null, created_at timestamptz not null);
    insert into entities select g, 1 + g % 100, case g % 3 when 0 then 'person' when 1 then 'place' else 'date' end, now() - g * interval '1 min'
        from generate_series(1, 20000) g;
    analyze"
run "$LS_BIN" advise
exits 1 "no workload, and no pg_stat_statements"
like "$err" 'pg_stat_statements' "says how to have one"
cat >lockstep.workload.sql <<'SQL'
-- name: recent memories
-- frequency: 1200/h
-- sample: 42
SELECT * FROM memories WHERE user_id = $1 ORDER BY updated_at DESC LIMIT 20;
-- name: newest people
-- sample: 42, 'person'
SELECT * FROM entities WHERE user_id = $1 AND entity_type = $2 ORDER BY created_at DESC LIMIT 20;
SQL
run "$LS_BIN" advise --json
exits 0 "advise on PostgreSQL"
is "$(json '[.advice[].index | .table + "(" + (.keys | join(", ")) + ")"] | sort | join(" ")')" \
    "entities(user_id, entity_type, created_at) memories(user_id, updated_at)" "exactly the two that are missing"
if [ -n "${LS_TEST_PG_NO_DUMP:-}" ]; then
    is "$(json '[.advice[].level] | unique | join(",")')" structural "by their shape, where no pg_dump can make the copy"
    like "$(json '.notes[].message')" "nothing was measured: .*pg_dump is version" "which is told"
else
    is "$(json '[.advice[].level] | unique | join(",")')" measured "measured"
    ok "in buffers" [ "$(json '[.advice[].gains[0] | .before.buffers > 2 * .after.buffers] | all')" = true ]
fi
# Other tests may be using some of theirs at this moment: they hold their locks. One leaves what a crash would, and has it removed.
no_scratch() {
    [ "$(psql_ -d "$LS_TEST_PG_URL" -c "select count(*) from pg_database d where datname like 'lockstep\\_scratch\\_%' and not exists (
        select 1 from pg_locks where locktype = 'advisory' and (classid::bigint << 32 | objid::bigint) =
        ((('x' || substr(encode(sha256(d.datname::text::bytea), 'hex'), 1, 16))::bit(64)::bigint >> 1) & 9223372036854775807))")" = 0 ]
}
ok "no copy is left behind" wait_for no_scratch
is "$(pg_do "select count(*) from pg_index where indrelid in ('memories'::regclass, 'entities'::regclass)")" 2 "and nothing was built in the database"
run "$LS_BIN" advise --write --json
exits 0 "--write"
run "$LS_BIN" up --yes
exits 0 "up"
is "$(pg_do "select count(*) from pg_index where indrelid in ('memories'::regclass, 'entities'::regclass) and indisvalid")" 4 "the two are there and valid"
run "$LS_BIN" advise --json
is "$(json '.advice | length')" 0 "and nothing is missing any more"
run "$LS_BIN" down --yes
is "$(pg_do "select count(*) from pg_index where indrelid in ('memories'::regclass, 'entities'::regclass)")" 2 "down takes them away"

done_testing
