# index: usage and verdicts in each form, what mends them, upkeep, ignores, on SQLite and on PostgreSQL.
. "$LS_SRCDIR/tests/cli/lib.sh"
need_jq

# --- SQLite: the demo project ---------------------------------------------------------------------------------------------------
if has_driver sqlite; then
    demo_folder lite
    run "$LS_BIN" index
    exits 1 "a database that is not there"
    run "$LS_BIN" up 5 --yes
    before=$(cksum <demo.db)
    run "$LS_BIN" index
    like "$out" '^  messages_conversation +[0-9.]+ KiB ' "a small file's sizes are shown unasked"
    run "$LS_BIN" index --sizes
    exits 0 "index on SQLite"
    like "$out" '^target    demo.db, SQLite ' "names the database"
    like "$out" '^  messages_conversation +[0-9.]+ KiB ' "and its indexes with sizes"
    unlike "$out" 'SCANS' "what SQLite does not count has no column"
    like "$out" 'IX07:conversations\(user_id\)' "finds the foreign key without an index"
    like "$out" "fix: +lockstep index --fix 'IX07:conversations\(user_id\)'" "and says what mends it, as a shell takes it"
    is "$(cksum <demo.db)" "$before" "nothing is written"
    run "$LS_BIN" index --json
    is "$(json '[.indexes[].name] | length')" 5 "--json has the indexes"
    is "$(json '.verdicts[] | select(.code == "IX07") | .create[0].keys[0] + " " + .fix')" "user_id create" "and the verdicts, with what would be made"
    is "$(json '.failed')" false "a warning is no failure"
    run "$LS_BIN" index --fail-on warning --json
    exits 6 "unless --fail-on says so"
    run "$LS_BIN" index --csv
    is "$(head -n 1 "$out_file" | tr -d '\r')" "schema,table,index,scans,per_hour,last_read,bytes,bloat,serves_as,keys,verdicts,definition" "--csv has a head"
    run "$LS_BIN" index --markdown
    like "$out" '^\| messages \| messages._conversation \|' "--markdown escapes names"
    run "$LS_BIN" index --sarif
    is "$(json '.runs[0].results[] | select(.ruleId == "IX07") | .locations[0].logicalLocations[0].fullyQualifiedName')" "conversations(user_id)" "--sarif"
    run "$LS_BIN" index --json --csv
    exits 2 "two forms at once"
    run "$LS_BIN" index --table convrsations
    exits 1 "a table that is not there"
    like "$err" "did you mean 'conversations'" "has its nearest name"
    run "$LS_BIN" index --sort wight
    exits 2 "nothing to sort by"

    # Names that mean something elsewhere.
    sqlite3 demo.db 'CREATE TABLE "od""d; -- x" (a, b); CREATE INDEX "i""x" ON "od""d; -- x" (a); CREATE INDEX "i""y" ON "od""d; -- x" (a, b);
        CREATE INDEX "'"$(printf 'esc\033[31mred\nline')"'" ON "od""d; -- x" (b)' 2>/dev/null
    if [ $? -eq 0 ]; then
        run "$LS_BIN" index
        exits 0 "hostile names"
        unlike "$out" "$(printf '\033')" "do not reach the terminal"
        run "$LS_BIN" index --fix 'IX04:i"x'
        exits 0 "and are written into migrations"
        run "$LS_BIN" up --yes
        exits 0 "that run"
        is "$(sqlite3 demo.db "select count(*) from sqlite_master where name = 'i\"x'")" 0 "to the end"
        run "$LS_BIN" down --yes
        is "$(sqlite3 demo.db "select sql from sqlite_master where name = 'i\"x'")" 'CREATE INDEX "i""x" ON "od""d; -- x" (a)' "and back"
    fi

    run "$LS_BIN" index --fix IX07 --dry-run
    exits 0 "--dry-run"
    like "$out" 'CREATE INDEX "idx_conversations_user_id" ON "conversations" \(user_id\);' "shows the migration"
    ok "and writes none" sh -c '! ls migrations | grep -q add_idx'
    run "$LS_BIN" index --fix IX07 --read-only
    exits 3 "nor with --read-only"
    run "$LS_BIN" index --fix IX07 --json
    exits 0 "--fix"
    is "$(json '.migration.files | length')" 2 "writes the files"
    run "$LS_BIN" index --fix IX07
    exits 3 "and not twice"
    like "$err" 'migrations/0.*_add_idx_conversations_user_id.up.sql is pending, and makes or drops the index idx_conversations_user_id already' "it says why"
    run "$LS_BIN" up --yes
    run "$LS_BIN" index --fix IX07:conversations
    exits 1 "what is mended is not to be mended again"
    like "$err" "nothing is said of" "and that is said"
    run "$LS_BIN" index --fix IX77:x
    exits 2 "an unknown verdict"
    run "$LS_BIN" index --upkeep FK01:entities\(message_id\) --yes
    exits 3 "what no upkeep mends"

    echo 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c;' >endless.sql
    # Measuring would stop it after 10 s. Seconds of the processor: how busy the machine is does not count.
    run sh -c 'ulimit -t 8; exec "$@"' sh "$LS_BIN" index --upkeep IX16 --workload endless.sql --dry-run
    exits 0 "upkeep measures no workload"
    run "$LS_BIN" index --upkeep IX16
    exits 3 "upkeep without --yes and without a terminal"
    is "$(sqlite3 demo.db "select count(*) from sqlite_master where name = 'sqlite_stat1'")" 0 "does nothing"
    run "$LS_BIN" index --upkeep IX16 --read-only --yes
    exits 3 "nor with --read-only"
    run "$LS_BIN" index --upkeep IX16 --yes
    exits 0 "with --yes"
    is "$(sqlite3 demo.db "select count(*) > 0 from sqlite_stat1")" 1 "it is done"
    run "$LS_BIN" log --json
    is "$(json '.journal[0] | .event + " " + .result + ", " + .name')" "run_end done, analyze demo.db" "and in the journal"

    # What the project ignores, with the reason.
    run "$LS_BIN" index --ignore 'FK01 entities(message_id)' --save
    exits 1 "no reason"
    like "$err" "is ignored without a reason" "is told"
    run "$LS_BIN" index --ignore 'FK01 entities*: the application turns them on' --save --json
    is "$(json '[.kept[0].id, .kept[0].object, .kept[0].reason, (.kept | length), .verdicts] | map(tostring) | join("|")')" \
        "FK01|entities*|the application turns them on|1|null" "what is kept is said, and no report comes with it"
    like "$(json .file)" 'lockstep.conf$' "and where"
    run "$LS_BIN" index --ignore 'IX99x y: z' --save
    exits 1 "no such verdict"
    run "$LS_BIN" index --ignore 'IX01 nothing: kept for the report' --save
    is "$out" "ignored from now on: IX01 nothing: kept for the report" "the same in words"
    like "$err" 'kept in .*lockstep.conf, section \[index\]' "and where"
    run "$LS_BIN" index --ignore 'IX01 x: y' --save --fix IX07
    exits 2 "--save does nothing else"
    run "$LS_BIN" index --json
    is "$(json '[.verdicts[] | select(.object == "entities(message_id)")] | length')" 0 "ignored"
    ok "and kept" grep -qx 'ignore = FK01 entities\*: the application turns them on' lockstep.conf
    run "$LS_BIN" index --all --json
    is "$(json '.verdicts[] | select(.object == "entities(message_id)") | .ignored')" "the application turns them on" "--all shows it, with the reason"
    printf '%s\n' '-- name: messages of a conversation' '-- sample: 1' 'SELECT role FROM messages WHERE conversation_id = ? ORDER BY created_at;' >w.sql
    run "$LS_BIN" index --json --workload w.sql
    is "$(json '.indexes[] | select(.name == "messages_conversation") | [.serves_foreign_key, (.queries | join(",")), .first_seen] | map(tostring) | join("|")')" \
        "true|messages of a conversation|null" "what an index serves is in the data, and no history that is not kept"
    printf '[index]\nignore = FK01 enitites(*)\n' >bad.conf
    run "$LS_BIN" index --project bad.conf --url sqlite:demo.db
    exits 1 "an ignore without a reason in the file"
    like "$err" '^lockstep: bad.conf:2: FK01 of enitites' "is told with its line"
    printf -- '-- name: broken\nSELECT 1 FROM;\n-- frequency: often\nSELECT 2;\n' >bad.sql
    run "$LS_BIN" index --workload bad.sql
    exits 1 "a workload with a remark that means nothing"
    like "$err" 'bad.sql:3' "has its line"
    run "$LS_BIN" index --workload nowhere.sql
    exits 1 "a workload that is not there"
fi

# --- PostgreSQL -----------------------------------------------------------------------------------------------------------------
if [ -z "${LS_TEST_PG_URL:-}" ] || ! has_driver postgres; then
    skip "${LS_TEST_PG_SKIP:-no PostgreSQL server}" "index on PostgreSQL"
    done_testing
    exit
fi
in_dir pg
pg_new
mkdir migrations
XDG_STATE_HOME=$PWD/state
export XDG_STATE_HOME
printf '[env dev]\nurl = %s\nstandbys = postgresql:///nowhere?host=%s&port=1&password=hush\n' "$pg_url" "$PWD" >lockstep.conf
chmod 600 lockstep.conf
pg_do "create table users (id bigint primary key, email text);
    create table memories (id bigint primary key, user_id bigint not null, note text, updated_at timestamptz default now());
    alter table memories add constraint m_user foreign key (user_id) references users not valid;
    insert into users select g, 'u' || g from generate_series(1, 100) g;
    insert into memories select g, 1 + g % 100, md5(g::text) from generate_series(1, 20000) g;
    create index m_note on memories (note); create index m_note2 on memories (note);
    comment on index m_note2 is 'the second';
    create index \"Odd \"\"name\" on memories (updated_at, id); create index odd2 on memories (updated_at);
    analyze"
run "$LS_BIN" index --json
exits 0 "index on PostgreSQL"
is "$(json '[.indexes[].name] | sort | join(",")')" 'Odd "name,m_note,m_note2,memories_pkey,odd2,users_pkey' "has the indexes"
is "$(json '.standbys_read')" 0 "a standby that does not answer"
like "$err" 'the standby postgres nowhere.* was not read' "is a note"
unlike "$err$out" hush "without its password"
is "$(json '.verdicts[] | select(.code == "IX02") | .object + " " + .fix')" "m_note2 drop" "the duplicate"
ok "counters are kept" sh -c 'ls state/lockstep/*.usage >/dev/null 2>&1'
run "$LS_BIN" index --all
like "$out" '^standbys  0 of 1 read$' "and counted as not asked"
like "$out" '^memories .*20000 rows; ' "tables have their numbers"

run "$LS_BIN" index --fix IX02:m_note2 --fix IX07 --fix 'FK01:memories(user_id)' --json
exits 0 "three in one"
run "$LS_BIN" up --yes
exits 0 "up"
is "$(pg_do "select string_agg(relname, ',' order by relname) from pg_index i join pg_class c on c.oid = i.indexrelid where indrelid = 'memories'::regclass and indisvalid")" \
    'Odd "name,idx_memories_user_id,m_note,memories_pkey,odd2' "made and dropped"
is "$(pg_do "select convalidated from pg_constraint where conname = 'm_user'")" t "validated"
is "$(pg_do "show lock_timeout")" 0 "no setting stays"
run "$LS_BIN" verify --no-schema
exits 0 "verify"
like "$out" '0 findings, [1-9][0-9]* verify statements run, 0 failed' "has nothing to say, and runs what was written for it"
run "$LS_BIN" down --yes
is "$(pg_do "select obj_description('m_note2'::regclass, 'pg_class')")" "the second" "down brings the comment back, too"
is "$(pg_do "select count(*) from pg_class where relname = 'idx_memories_user_id'")" 0 "and takes away what was made"
rm migrations/*

run "$LS_BIN" index --fix 'IX04:odd2' --dry-run
like "$out" 'DROP INDEX CONCURRENTLY IF EXISTS "public"."odd2";' "a prefix of another"
pg_do "drop index odd2"
run "$LS_BIN" index --fix 'IX04:odd2'
exits 1 "an index that went meanwhile"

# Upkeep: an invalid index, a rebuild, a leftover.
pg_do "insert into memories select g, 1, 'same' from generate_series(30001, 30010) g"
psql_ -d "$pg_url" -c "create unique index concurrently u_note on memories (note)" >/dev/null 2>&1
run "$LS_BIN" index --json
is "$(json '.verdicts[] | select(.code == "IX05") | .object + " " + .fix')" "u_note reindex" "the invalid index"
run "$LS_BIN" index --upkeep IX05:u_note --dry-run
like "$out" 'REINDEX INDEX CONCURRENTLY "public"."u_note";' "is to be rebuilt"
run "$LS_BIN" index --upkeep IX05:u_note --yes
exits 1 "which fails while there are duplicates"
like "$err" 'the invalid index u_note_ccnew, was dropped' "and leaves nothing behind"
is "$(pg_do "select count(*) from pg_class where relname like 'u_note%'")" 1 "but what was there"
pg_do "delete from memories where id > 30001"
run "$LS_BIN" index --upkeep IX05:u_note --yes
exits 0 "without them it works"
is "$(pg_do "select indisvalid from pg_index where indexrelid = 'u_note'::regclass")" t "and the index is valid"
run "$LS_BIN" log --json
is "$(json '[.journal[0:4][] | .event + " " + (.result // "")] | join(", ")')" "run_end done, run_begin , run_end failed, run_begin " "all of it is in the journal"

# Partitions of partitions: built one by one, attached from below; what fits already is attached as it is.
pg_do "create table ev (id bigint, user_id bigint references users on delete cascade, kind text, at date not null) partition by range (at);
    create table ev_1 partition of ev for values from ('2026-01-01') to ('2026-02-01');
    create table ev_2 partition of ev for values from ('2026-02-01') to ('2026-03-01') partition by list (kind);
    create table ev_2a partition of ev_2 for values in ('a'); create table \"ev_2 b\" partition of ev_2 for values in ('b');
    insert into ev select g, 1 + g % 50, case g % 2 when 0 then 'a' else 'b' end, date '2026-01-01' + g % 55 from generate_series(1, 2000) g;
    create index ev_kind on only ev (kind desc nulls last) include (id) where kind <> 'x';
    create index ev_1_kind on ev_1 (kind desc nulls last) include (id) where kind <> 'x'; analyze"
run "$LS_BIN" index --fix IX06:ev_kind --fix 'IX07:ev(user_id)'
exits 0 "partitioned tables"
run "$LS_BIN" up --yes
exits 0 "are done part by part"
is "$(pg_do "select count(*) from pg_partition_tree('ev_kind') t join pg_index i on i.indexrelid = t.relid where indisvalid")" 5 "an index gets what it lacked"
is "$(pg_do "select count(*) from pg_partition_tree('ev_kind') where relid = 'ev_1_kind'::regclass")" 1 "and what was there already"
is "$(pg_do "select count(*) from pg_partition_tree('idx_ev_user_id') t join pg_index i on i.indexrelid = t.relid where indisvalid")" 5 "a new one is made"
run "$LS_BIN" down --yes
is "$(pg_do "select count(*) from pg_class where relname like '%idx_ev_user_id%'")" 0 "and taken away, parts and all"
rm migrations/*
pg_do "drop table ev"

# A role that may see nothing of others.
pg_do "create role lockstep_few login; grant usage on schema public to lockstep_few" 2>/dev/null
few=$(printf '%s' "$pg_url" | sed 's/user=postgres/user=lockstep_few/')
run "$LS_BIN" index --url "$few"
exits 0 "a role that may read nothing"
like "$err" 'note: ' "hears what it may not see"

# golang-migrate's files: each statement that must stand alone has its own.
mkdir gm
printf 'select 1;\n' >gm/1_first.up.sql
printf 'select 1;\n' >gm/1_first.down.sql
run "$LS_BIN" up --yes --migrations gm --format golang-migrate --ledger-table gm_migrations
run "$LS_BIN" index --fix IX02:m_note2 --fix IX07 --migrations gm --format golang-migrate --ledger-table gm_migrations
exits 0 "a fix for golang-migrate"
is "$(ls gm | grep -c up.sql)" 4 "is three more migrations: one drops, one is for the comment on the way back, one makes"
like "$err" 'has a file of its own' "and says why"
run "$LS_BIN" up --yes --migrations gm --format golang-migrate --ledger-table gm_migrations
exits 0 "that run"
is "$(pg_do "select indisvalid from pg_index where indexrelid = 'idx_memories_user_id'::regclass")" t "and leave a valid index"

done_testing
