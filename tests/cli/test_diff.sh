# diff, drift, snapshot, erd and the schema half of verify, on SQLite.
. "$LS_SRCDIR/tests/cli/lib.sh"
need_jq
has_driver sqlite || skip_all "built without SQLite"
command -v sqlite3 >/dev/null 2>&1 || skip_all "sqlite3 is not installed"
demo_folder diff
run "$LS_BIN" up 3 --yes
exits 0 "three of the demo's migrations are applied"

# Equal, and different.
run "$LS_BIN" diff migrations
exits 0 "what the applied ones promise is there"
is "$out" "" "nothing to print"
like "$err" '^no differences: migrations in migrations at 003 \| sqlite demo.db$' "both sides are named"
run "$LS_BIN" drift
exits 0 "drift says the same"
run "$LS_BIN" diff dir:migrations@003 live
exits 0 "so does the folder up to that version"
run "$LS_BIN" diff dir:migrations
exits 1 "the whole folder is more than the database has"

sqlite3 demo.db "alter table users add column phone text; create table by_hand (id integer primary key)"
run "$LS_BIN" drift --tree
exits 6 "a database that was altered by hand has drifted"
like "$out" '^\+ table by_hand ' "a table that nobody promised"
like "$out" '\+ column phone  text  \[additive' "and a column, with what it means"
unlike "$out" 'schema_migrations|lockstep_journal' "ledger and journal are no differences"
like "$err" "left out: lockstep's ledger schema_migrations" "and that they were left out is told"
run "$LS_BIN" drift --json
exits 6 "as JSON"
is "$(json '[.equal, .by_kind.table, .by_kind.column, (.differences | map(select(.implied | not)) | length)] | map(tostring) | join(" ")')" "false 1 1 2" \
    "counts, without what is implied"
is "$(json '.differences[] | select(.name == "phone") | [.label, .change, .impact] | join("|")')" "column main.users.phone|added|additive" "one of them"
run "$LS_BIN" diff migrations --sarif
exits 1 "as SARIF"
is "$(json '[.version, (.runs[0].results | length), .runs[0].results[0].level] | map(tostring) | join(" ")')" "2.1.0 2 note" "a log with two results"
is "$(json '.runs[0].results | map(.ruleId) | unique | join(" ")')" "schema-diff/additive" "by impact"
ok "each result's rule is the one its index says" jq -e '.runs[0] as $r | all($r.results[]; $r.tool.driver.rules[.ruleIndex].id == .ruleId)' "$out_file"
run "$LS_BIN" diff migrations --summary
like "$out" '^Differences: 1 table, 1 column$' "a summary counts"
like "$out" '^  Missing columns +users \(phone\)$' "and names"
run "$LS_BIN" diff migrations --markdown
like "$out" '^\| \+ \| table by_hand \|' "Markdown has a row for each"
run "$LS_BIN" diff migrations --unified
like "$out" '^\+\+\+ sqlite demo.db$' "the unified text has a head"
run "$LS_BIN" diff live migrations --ddl
exits 1 "as statements"
cp demo.db repaired.db
printf '%s\n' "$out" | sqlite3 repaired.db
run "$LS_BIN" diff sqlite:repaired.db migrations
exits 0 "which take the differences away"
run "$LS_BIN" diff migrations --ddl --json
is "$(json '[.not_written, (.ddl | contains("CREATE TABLE by_hand"))] | map(tostring) | join(" ")')" "0 true" "in JSON too"
run "$LS_BIN" verify
exits 6 "verify fails"
like "$out" '^schema: 2 differences from what the applied migrations promise' "and says why"
like "$out" '^  table by_hand added$' "with the first of them"
run "$LS_BIN" verify --no-schema
exits 0 "without the schema it does not"
run "$LS_BIN" verify --json
is "$(json '[.schema.state, (.schema.differences | length)] | map(tostring) | join(" ")')" "differs 4" "as JSON, with what is implied"

printf 'alter table entitis add column x text;\n' >migrations/009_wrong.up.sql
printf 'select 1;\n' >migrations/009_wrong.down.sql
cp demo.db altered.db
sqlite3 demo.db "alter table users drop column phone; drop table by_hand"
run "$LS_BIN" verify
exits 6 "a pending migration that names what is not there"
like "$out" '^schema: a pending migration will not run: .*009_wrong.up.sql:1:1: .*no such table: entitis.*the nearest name is entities' "is told, with the nearest name"
rm migrations/009_wrong.*.sql
run "$LS_BIN" verify
exits 0 "without it verify is content"
cp altered.db demo.db

# What is not to be heard of.
run "$LS_BIN" diff migrations --ignore 'table by_hand' --ignore '*.phone'
like "$err" 'differences? (was|were) ignored' "ignored ones are counted"
printf '\n[diff]\nignore = by_hand*, column users.phone\n' >>lockstep.conf
run "$LS_BIN" drift
exits 0 "the project file can say it once for all"
run "$LS_BIN" diff migrations --ignore 'tabel x'
exits 2 "a kind that is none"
like "$err" "did you mean 'table'" "is told"
sed -i '/^\[diff\]/,$d' lockstep.conf
printf '[diff]\nignroe = x\n' >>lockstep.conf
run "$LS_BIN" drift
like "$err" "lockstep.conf:[0-9]+: there is no key in \[diff\] 'ignroe'; did you mean 'ignore'" "a misspelt key is told with its place"
sed -i '/^\[diff\]/,$d' lockstep.conf
sqlite3 demo.db "alter table users drop column phone; drop table by_hand"

# Renamings.
sqlite3 a.db "create table keys (id integer primary key, type text not null, owner integer not null)"
sqlite3 b.db "create table keys (id integer primary key, key_type text not null, owner integer not null)"
run "$LS_BIN" diff a.db b.db --tree
exits 1 "a renamed column is a difference"
like "$out" '> column type -> key_type \?' "and proposed as a renaming"
run "$LS_BIN" diff a.db b.db --tree --no-renames
like "$out" '- column type' "which can be turned off"
run "$LS_BIN" diff a.db b.db --tree --accept-rename keys.type=keys.key_type --save
like "$out" '> column type -> key_type  \[' "an accepted one has no question mark"
like "$(cat lockstep.conf)" '^rename = keys.type -> keys.key_type$' "and is kept in the project file"
run "$LS_BIN" diff a.db b.db --tree
unlike "$out" 'key_type \?' "where it is found again"
run "$LS_BIN" diff a.db b.db --tree --reject-rename keys.type=keys.key_type --save
like "$out" '- column type' "a rejected one is removed and added"
is "$(grep -c rename lockstep.conf)" 1 "and takes the place of the other choice"
run "$LS_BIN" diff a.db b.db --accept-rename x
exits 2 "FROM=TO is wanted"
run "$LS_BIN" diff a.db b.db --accept-rename 'keys.type -> keys.key_type' --tree
like "$out" '> column type -> key_type  \[' "an arrow is as good as a ="

# Columns whose names are those of secrets are differences like others, and a quote that has no end hides nothing behind it.
sqlite3 s1.db "create table u (id integer primary key, password text, z text); create view a_v as select id from u"
sqlite3 s2.db "create table u (id integer primary key, password blob not null, z blob); create view a_v as select z as \"password: 'a\" from u"
for how in summary tree unified markdown sarif; do
    run "$LS_BIN" diff sqlite:s1.db sqlite:s2.db --$how
    like "$out" 'not null' "a column password has its difference: $how"
    like "$out" 'u\.z|column z' "and so has what stands behind it"
done
# A folder that could be of several tools is of the one that is said.
mkdir several && printf 'create table x (id integer);\n' >several/001_x.up.sql && printf 'drop table x;\n' >several/001_x.down.sql
run "$LS_BIN" diff dir:several dir:several --dialect sqlite
like "$err" 'could be golang-migrate' "it is guessed, and told how to say it"
run "$LS_BIN" diff dir:several dir:several --dialect sqlite --format lockstep
exits 0 "once it is said"
unlike "$err" 'could be' "it is not guessed"

# SQLite: what ALTER TABLE cannot do is a table made anew, and a value that nobody knows is asked for.
sqlite3 c1.db "create table t (id integer primary key, password text, s text check (s in ('a', 'b')))"
sqlite3 c2.db "create table t (id integer primary key, password blob not null default 5, s text)"
sqlite3 c1.db "insert into t values (1, 'x', 'a'), (7, 'y', 'b')"
run "$LS_BIN" diff sqlite:c1.db sqlite:c2.db --ddl
like "$out" '^ALTER TABLE t RENAME TO lockstep_old_t;$' "the table is put aside"
like "$out" 'sqlite3 -bail FILE <this$' "how to run it is said"
unlike "$err" 'no statement' "and everything has a statement"
printf '%s\n' "$out" | sqlite3 -bail c1.db
run "$LS_BIN" diff sqlite:c1.db sqlite:c2.db --order
exits 0 "which take the differences away"
is "$(sqlite3 c1.db "select * from t")" "1|x|a
7|y|b" "and keep the rows"
sqlite3 c3.db "create table t (id integer primary key, password blob not null default 5, s text, n int not null)"
run "$LS_BIN" diff sqlite:c1.db sqlite:c3.db --ddl
like "$out" 'SELECT id, password, s, NULL /\* put its value here \*/ FROM' "a value is not made up"
printf '%s\n' "$out" | sqlite3 c1.db >/dev/null 2>&1
is "$(sqlite3 c1.db "select * from t")" "1|x|a
7|y|b" "and without one nothing has happened, also to who goes on after an error"
sqlite3 c4.db "create table t (id integer primary key, Name text); create view V as select Name as \"Full Name\" from t -- as it is written"
sqlite3 c5.db "create table u (x)"
run "$LS_BIN" diff sqlite:c5.db sqlite:c4.db --ddl
like "$out" '^CREATE VIEW V as select Name as "Full Name" from t' "things are made with the statements that the file has"
sqlite3 c6.db "pragma encoding = 'UTF-16le'; create table u (x)"
run "$LS_BIN" diff sqlite:c5.db sqlite:c6.db --ddl
like "$out" '^-- not written: database file, its encoding' "what has no statement says why"
like "$err" '1 difference has no statement' "and is counted"
sqlite3 s3.db "create table u (id integer primary key, passwords text, z text)"
run "$LS_BIN" diff sqlite:s1.db sqlite:s3.db
like "$err" "'column u.password -> column u.passwords' settles it" "the option that settles a renaming is told whole"

# A saved catalogue.
run "$LS_BIN" snapshot --out schema.json
exits 0 "a snapshot"
run "$LS_BIN" diff snapshot:schema.json
exits 0 "is what it was made of"
like "$err" '^no differences: snapshot schema.json \(sqlite demo.db\) \| sqlite demo.db$' "and is called by its file's name"
cp schema.json first.json
sqlite3 demo.db vacuum
run "$LS_BIN" snapshot --out schema.json
ok "made again it is the same, byte for byte" cmp -s first.json schema.json
run "$LS_BIN" snapshot dir:migrations@003
cp "$out_file" folder.json
run "$LS_BIN" diff snapshot:folder.json snapshot:schema.json
exits 0 "as the one of the folder is"
run "$LS_BIN" snapshot dir:migrations --out viewed.json
sed '/"kind": "table".*"name": "conversations"/d' viewed.json >broken.json
run "$LS_BIN" diff snapshot:broken.json
exits 2 "one with a fact taken out that others need"
like "$err" 'broken.json:[0-9]+: it needs what is not in the file' "is refused with the line"
head -c 300 schema.json >broken.json
run "$LS_BIN" diff snapshot:broken.json
exits 2 "a cut one"
like "$err" 'broken.json:[0-9]+:[0-9]+: ' "too"
sed 's/"lockstep-catalogue": 1/"lockstep-catalogue": 99/' schema.json >broken.json
run "$LS_BIN" diff snapshot:broken.json
like "$err" 'is of format 99, and this version of lockstep knows 1' "a newer one is told"

# Hostile names survive, and do not reach the terminal.
sqlite3 odd.db "create table \"a
b\"\"c[31m\" (\"ü,x\" text, \"\" integer, \"select\" blob); create index \"i 'x'\" on \"a
b\"\"c[31m\" (\"ü,x\" desc)"
run "$LS_BIN" snapshot odd.db --out odd.json
exits 0 "hostile names in a snapshot"
run "$LS_BIN" diff snapshot:odd.json odd.db
exits 0 "come back"
sqlite3 empty.db "create table t (a); drop table t"
run "$LS_BIN" diff empty.db odd.db
exits 1 "and differ from nothing"
unlike "$out" "$(printf '\033')" "without steering the terminal"

# A file of SQL.
sqlite3 demo.db .dump >dump.sql
run "$LS_BIN" diff file:dump.sql
exits 0 "a dump is the database"
like "$err" 'INSERT statements? w(as|ere) passed over' "and its rows are passed over"
printf 'create table a (id integer);\n\ncreate table b (id integer,\n  x integer references);\n' >bad.sql
run "$LS_BIN" diff file:bad.sql
exits 2 "a file with an error"
like "$err" 'bad.sql:4:[0-9]+: ' "is told with line and column"
printf 'create view v as select * from later;\ncreate trigger tr after insert on later begin select 1; end;\ncreate table later (id integer);\n' >late.sql
run "$LS_BIN" snapshot file:late.sql --dialect sqlite
exits 0 "what comes too early is tried again"
is "$(json '.facts | map(.kind) | unique | join(" ")')" "column database table trigger view" "and is there"
run "$LS_BIN" diff file:demo.db
exits 2 "a database is no file of SQL"
like "$err" 'sqlite:demo.db' "and how to name it is told"

# A backup.
run "$LS_BIN" backup -q
name=$(basename "$out")
run "$LS_BIN" diff "backup:$name"
exits 0 "a backup has the schema"
run "$LS_BIN" diff backup:nosuch
exits 2 "one that is not there"
ok "reading wrote nothing into the backup" test "$(find backups -name '*-wal' -o -name '*-shm' | wc -l)" -eq 0

# Environments and other sides.
printf '[env other]\nurl = sqlite:a.db\n' >>lockstep.conf
run "$LS_BIN" diff -e dev other
exits 1 "an environment by its name"
sed -i '/^\[env other\]/,$d' lockstep.conf
run "$LS_BIN" diff nosuch
exits 2 "one that is not there"
like "$err" "there is no environment 'nosuch'" "is told"
run "$LS_BIN" diff migrations,live
exits 2 "a word that is no side"
like "$err" 'a side is one of: live, migrations' "has the forms listed"
run "$LS_BIN" diff migrations/
like "$err" 'a folder of migrations is written dir:migrations/' "a folder is told how to be named"
run "$LS_BIN" diff dir:nosuch
exits 2 "no such folder"
run "$LS_BIN" diff dir:migrations@999
exits 2 "no such version"
run "$LS_BIN" diff snapshot:schema.json demo.db --dialect postgres
exits 2 "two dialects"
like "$err" 'one side is of postgres and the other of sqlite: they cannot be compared' "are not compared"

# A migration that does not run.
mkdir bad && printf 'create table a (id integer);\ncreate table a (id integer);\n' >bad/001_a.up.sql
run "$LS_BIN" diff dir:bad
exits 2 "a folder that does not run"
like "$err" 'bad/001_a.up.sql:2:[0-9]+: ' "names file, line and column"

# What names something that is not there.
sqlite3 refs.db "create table agent_configurations (id integer primary key, name text); create table log (x);
create table doomed (q); create view v as select nam from agent_configurations; create view w as select * from doomed;
create view fine as select name from agent_configurations; create trigger t1 after update of name on agent_configurations begin
insert into agents values (1); end; create trigger t2 after insert on agent_configurations begin insert into log (y) values (1); end;
create trigger t3 after delete on log begin select 1; end; drop table doomed"
before=$(sha256sum refs.db)
run "$LS_BIN" snapshot refs.db --out refs.json
like "$err" 'view v names the column nam, which does not exist; the nearest is name$' "a view of a column that is not there"
like "$err" 'view w names the table doomed, which does not exist$' "a view of a table that is gone"
like "$err" 't1 names the table agents, which does not exist; the nearest is agent_configurations$' "a trigger's table"
like "$err" 't2 names the column y' "a trigger's column"
sqlite3 fk.db 'create table agent_configurations (id integer primary key, name text); create table log (at text, msg text);
create table runs (id integer primary key, a integer references agents (id), b integer references "Agent_Configurations" (Nam),
c integer references runs (id), d integer references AGENT_CONFIGURATIONS); create trigger t1 after insert on runs begin
insert into log (mesg) values (1); end; create trigger t2 after update on runs begin update log set at = new.cc; end'
run "$LS_BIN" snapshot fk.db --out fk.json
like "$err" 'table runs names the table agents, which does not exist; the nearest is agent_configurations$' "a foreign key's table"
like "$err" 'table runs names the column nam of agent_configurations, .*nearest is name$' "its column"
like "$err" 't1 names the column mesg, .*nearest is msg$' "the nearest column of a table in a trigger's body"
is "$(printf '%s\n' "$err" | grep -c 'does not exist')" 4 "and whatever is there is left alone"
unlike "$err" 'fine|t3' "nothing is said of those that work"
is "$(sha256sum refs.db)" "$before" "and nothing ran"
printf 'create table agent_configurations (id integer);\n' >bad/001_a.up.sql
printf '\n\ninsert into agents values (1);\n' >bad/002_b.up.sql
run "$LS_BIN" diff dir:bad
like "$err" 'bad/002_b.up.sql:3:[0-9]+: .*no such table: agents' "a migration that names what is not there"
like "$err" 'the nearest name is agent_configurations' "is told the nearest name"

run "$LS_BIN" erd --mermaid
exits 0 "a diagram"
like "$out" '^erDiagram$' "for Mermaid"
like "$out" '^    users \|\|--o\{ conversations : "user_id"$' "with foreign keys"
run "$LS_BIN" erd --dot --json
is "$(json '.language + " " + (.diagram | split("\n")[0])')" "dot digraph schema {" "for Graphviz, as JSON"
run "$LS_BIN" erd odd.db
unlike "$out" "$(printf '\033')" "hostile names are harmless there too"
run "$LS_BIN" erd --dot --mermaid
exits 2 "one language at a time"

# Texts that nobody confirmed run in a scratch: they reach no other file.
in_dir inside
mkdir migrations
cat >migrations/001_a.up.sql <<'SQL'
-- lockstep: no-transaction
ATTACH DATABASE 'other.db' AS o;
CREATE TABLE IF NOT EXISTS o.t (a int);
INSERT INTO o.t VALUES (1);
SQL
run "$LS_BIN" up --url sqlite:a.db --format lockstep --yes
exits 0 "a migration that writes into another file"
run "$LS_BIN" drift --url sqlite:a.db --format lockstep
exits 1 "is not replayed"
like "$err" '001_a.up.sql:2:1: ' "and the place is told"
like "$err" 'hint: a scratch opens no other file' "with what to do"
run "$LS_BIN" verify --url sqlite:a.db --format lockstep
like "$out" '^schema: not proved: ' "verify says that it proved nothing"
echo "ATTACH DATABASE 'oth' || 'er.db' AS o; INSERT INTO o.t VALUES (2);" >text.sql
run "$LS_BIN" diff file:text.sql --url sqlite:a.db --format lockstep
exits 2 "nor is a text that makes up the name"
echo "CREATE TABLE t (a int); VACUUM INTO 'copy.db';" >text.sql
run "$LS_BIN" diff file:text.sql --url sqlite:a.db --format lockstep
ok "no file is made" test ! -e copy.db
is "$(sqlite3 other.db 'SELECT count(*) FROM t')" 1 "the other file was written once, by up"
done_testing
