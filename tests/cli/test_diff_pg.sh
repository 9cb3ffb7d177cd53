# diff, drift and verify on PostgreSQL, with each kind of scratch.
. "$LS_SRCDIR/tests/cli/lib.sh"
[ -n "${LS_TEST_PG_URL:-}" ] || skip_all "${LS_TEST_PG_SKIP:-no PostgreSQL server}"
has_driver postgres || skip_all "this build has no PostgreSQL"
need_jq
in_dir diff_pg
pg_new
LOCKSTEP_URL=$pg_url
export LOCKSTEP_URL
mkdir migrations
cat >migrations/001_people.up.sql <<'SQL'
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE people (id bigint PRIMARY KEY, name varchar(80) NOT NULL, mood mood DEFAULT 'ok', CHECK (length(name) > 0));
CREATE VIEW names AS SELECT id, name FROM people;
SQL
printf 'DROP VIEW names; DROP TABLE people; DROP TYPE mood;\n' >migrations/001_people.down.sql
printf -- '-- lockstep: no-transaction\nCREATE INDEX CONCURRENTLY people_name ON people (name);\n' >migrations/002_index.up.sql
printf 'DROP INDEX people_name;\n' >migrations/002_index.down.sql
printf 'CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql AS $$ select i + 1 $$;\n' >migrations/003_function.up.sql
printf 'DROP FUNCTION f(int);\n' >migrations/003_function.down.sql
run "$LS_BIN" up 2 --yes
exits 0 "two of three are applied"

# Scratch databases that nobody holds the lock of: other tests may be using some of theirs at this moment, or be just done with one.
scratches() {
    psql_ -d "$LS_TEST_PG_URL" -c "select count(*) from pg_database d where datname like 'lockstep\\_scratch\\_%' and not exists (
        select 1 from pg_locks where locktype = 'advisory' and (classid::bigint << 32 | objid::bigint) =
        ((('x' || substr(encode(sha256(d.datname::text::bytea), 'hex'), 1, 16))::bit(64)::bigint >> 1) & 9223372036854775807))"
}

no_scratch() {
    [ "$(scratches)" = 0 ]
}

run "$LS_BIN" drift --scratch "$LS_TEST_PG_URL"
exits 0 "no drift, proved in a database on a server that was named"
ok "which is gone again" wait_for no_scratch
run "$LS_BIN" diff dir:migrations --scratch "$LS_TEST_PG_URL" --tree
exits 1 "the folder has one more"
like "$out" '- function f\(' "which is a function"
pg_do "drop view names; alter table people alter column name type text, add column phone text; drop index people_name"
pg_do "create view names as select id, name from people"
run "$LS_BIN" drift --scratch "$LS_TEST_PG_URL" --tree
exits 6 "what was altered by hand has drifted"
like "$out" 'type: character varying\(80\) -> text' "a type"
like "$out" '\+ column phone' "a column"
like "$out" '- index people_name' "an index"
run "$LS_BIN" verify --scratch "$LS_TEST_PG_URL"
exits 6 "verify sees it"
like "$out" '^schema: 5 differences' "and counts"
pg_do "drop view names; alter table people alter column name type varchar(80), drop column phone; create index people_name on people (name); create view names as select id, name from people"

# Beside the target, where the environment allows it.
printf '[env dev]\nurl = %s\nscratch = yes\n' "$pg_url" >lockstep.conf
run env -u LOCKSTEP_URL "$LS_BIN" drift -e dev
exits 0 "beside the target"
ok "nothing stays" wait_for no_scratch
psql_ -d "$LS_TEST_PG_URL" -c "create database lockstep_scratch_0_deadbeef" # what a crash has left
run env -u LOCKSTEP_URL "$LS_BIN" drift -e dev
exits 0 "beside it"
ok "that is removed" wait_for no_scratch
# One that another operator is using, from another database of the server: its name is its lock.
key=$(printf lockstep_scratch_0_inuse | sha256sum | cut -c1-16)
key=$(psql_ -d "$LS_TEST_PG_URL" -c "select (x'$key'::bigint >> 1) & 9223372036854775807")
is_let_go() {
    [ "$(psql_ -d "$LS_TEST_PG_URL" -c "select count(*) from pg_locks where locktype = 'advisory' and (classid::bigint << 32 | objid::bigint) = $key")" = 0 ]
}
mkfifo hold
psql_ -d "$LS_TEST_PG_URL" -f - >/dev/null <hold &
holder=$!
exec 7>hold
# Locked before it is there: any other test would remove it.
echo "select pg_advisory_lock($key); create database lockstep_scratch_0_inuse;" >&7
is_there() {
    [ "$(psql_ -d "$LS_TEST_PG_URL" -c "select count(*) from pg_database where datname = '$1'")" = 1 ]
}
ok "another operator holds its lock" wait_for is_there lockstep_scratch_0_inuse
run env -u LOCKSTEP_URL "$LS_BIN" drift -e dev
exits 0 "beside another operator"
ok "that one's database is left alone" is_there lockstep_scratch_0_inuse
exec 7>&-
wait "$holder"
ok "which ends with its session" wait_for is_let_go
run env -u LOCKSTEP_URL "$LS_BIN" drift -e dev
ok "until its session is gone" wait_for no_scratch
printf '[scratch]\nurl = %s\n' "$LS_TEST_PG_URL" >lockstep.conf
run "$LS_BIN" drift
exits 0 "on the server that [scratch] names"
printf '[scratch]\nurl = sqlite:x.db\n' >lockstep.conf
run "$LS_BIN" drift
if has_driver sqlite; then
    exits 2 "which must be of the same kind"
else
    exits 1 "which must be of a kind that this build has"
fi
rm lockstep.conf

# A server of our own.
if [ -x "$LS_TEST_PG_BINDIR/initdb" ] && { [ "$(id -u)" -ne 0 ] || [ -x /usr/bin/setpriv ] || [ -x /bin/setpriv ]; }; then
    run "$LS_BIN" verify
    exits 0 "verify with a server of its own"
    like "$out" '^schema: proved: ' "proves the schema"
    # A role that migrations grant to, and nobody makes.
    mkdir granted && cp migrations/001* granted && printf 'GRANT SELECT ON people TO nobody_makes_me;\n' >granted/002_grant.up.sql
    run "$LS_BIN" diff dir:granted@001 dir:granted
    exits 0 "a role that is missing is made there"
    like "$err" 'the role "nobody_makes_me" is named, and no migration makes it' "and told"
    run "$LS_BIN" diff dir:granted@001 dir:granted --scratch "$LS_TEST_PG_URL"
    exits 2 "on a server of others it is not"
ok "what was made of it is gone" wait_for no_scratch
    like "$err" 'granted/002_grant.up.sql:1:' "and the place is told"
    mkdir ext && printf 'CREATE TABLE a (id int);\nCREATE EXTENSION no_such_thing;\n' >ext/001_ext.up.sql
    run "$LS_BIN" diff dir:ext
    exits 2 "an extension that is not there"
    like "$err" 'ext/001_ext.up.sql:2:' "is told with its place"
    like "$err" 'lacks that extension' "and what follows"

    # Killed while its server runs: the watchdog ends it. Killed with its watchdog: the next start does.
    # Sets pid and dir of a diff that runs for long, with its server up.
    begin_slow() {
        "$LS_BIN" diff dir:migrations >/dev/null 2>&1 &
        pid=$!
        wait_for sh -c "grep -lx $pid /tmp/lockstep-scratch-*/owner >/dev/null 2>&1" || return 1
        dir=$(dirname "$(grep -lx "$pid" /tmp/lockstep-scratch-*/owner 2>/dev/null | head -n 1)")
        wait_for test -S "$dir/.s.PGSQL.5432" || return 1
        server=$(head -n 1 "$dir/data/postmaster.pid")
    }
    printf "SELECT pg_sleep(600);\n" >migrations/004_slow.up.sql
    ok "a server of ours runs" begin_slow
    kill -KILL "$pid"
    ok "after a crash the folder goes" wait_for test ! -e "$dir"
    ok "and the server" wait_for sh -c "! kill -0 $server 2>/dev/null"

    # Killed before the server has its handlers of signals: a program that has none stands for it.
    mkdir slow-bin && ln -s "$LS_TEST_PG_BINDIR/initdb" slow-bin/initdb
    printf '#!/bin/sh\ncase $1 in --version | -V) exec "%s/postgres" "$1" ;; esac\nexec sleep 600\n' "$LS_TEST_PG_BINDIR" >slow-bin/postgres
    chmod 755 slow-bin slow-bin/postgres
    begin_deaf() {
        PATH=$PWD/slow-bin:$PATH "$LS_BIN" diff dir:migrations >/dev/null 2>&1 &
        pid=$!
        wait_for sh -c "grep -lx $pid /tmp/lockstep-scratch-*/owner >/dev/null 2>&1" || return 1
        dir=$(dirname "$(grep -lx "$pid" /tmp/lockstep-scratch-*/owner 2>/dev/null | head -n 1)")
        wait_for test -e "$dir/log"
    }
    ok "a server of ours is about to run" begin_deaf
    kill -KILL "$pid"
    ok "after a crash that folder goes too" wait_for test ! -e "$dir"

    ok "another one" begin_slow
    watchdog=$(sed 's/^.*) [A-Z] //; s/ .*//' "/proc/$server/stat")
    kill -KILL "$watchdog" "$pid"
    wait_for flock -n "$dir/lock" true # they are dead once nobody holds it
    rm migrations/004_slow.up.sql
    run "$LS_BIN" diff dir:migrations@002
    exits 0 "until the next start"
    ok "which removes it" test ! -e "$dir"
    ok "and ends its server" wait_for sh -c "! kill -0 $server 2>/dev/null"

    # Stopped by a signal: everything goes.
    printf "SELECT pg_sleep(600);\n" >migrations/004_slow.up.sql
    ok "another one" begin_slow
    kill -TERM "$pid"
    wait "$pid"
    is "$?" 75 "a signal stops it"
    ok "and takes its server with it" test ! -e "$dir"
    rm migrations/004_slow.up.sql
fi

# A schema that changes while it is read: the reader has its snapshot and waits for a lock; then what it is about to read goes.
pg_do "create table torn (a int check (a > 0), b text default 'x'); create index torn_lower on torn (lower(b)); create trigger torn_trigger before update on torn for each row execute function suppress_redundant_updates_trigger()"
mkfifo hold2
psql_ -d "$pg_url" -f - >/dev/null <hold2 &
holder=$!
exec 7>hold2
echo "begin; lock table pg_catalog.pg_constraint in access exclusive mode;" >&7
# Asked from elsewhere, where nobody holds anything.
locks() { # CONDITION
    [ "$(psql_ -d "$LS_TEST_PG_URL" -c "select count(*) from pg_locks l join pg_database d on d.oid = l.database
        where datname = '$pg_name' and relation = 2606 and $1")" != 0 ]
}
ok "a lock is held" wait_for locks "mode = 'AccessExclusiveLock' and granted"
"$LS_BIN" snapshot --out torn.json >torn.out 2>&1 &
reader=$!
ok "and waited for" wait_for locks "not granted"
echo "drop table torn; commit;" >&7
exec 7>&-
wait "$holder"
wait "$reader"
is "$?" 0 "it is read"
is "$(jq -r '.facts[] | select(.name == "torn" or .parent == "torn") | .kind' torn.json)" "" "and is as it is now, not half of it as it was"
unlike "$(cat torn.out)" 'changed while' "once more was enough"

# A dump.
if [ -z "${LS_TEST_PG_NO_DUMP:-}" ]; then
    "$LS_TEST_PG_CLIENTS/pg_dump" "$pg_url" >dump.sql
    run "$LS_BIN" diff file:dump.sql --scratch "$LS_TEST_PG_URL"
    exits 0 "pg_dump's text is the database"
else
    skip "$LS_TEST_PG_NO_DUMP" "pg_dump's text is the database"
fi
ok "its scratch is gone" wait_for no_scratch
printf '\\i other.sql\n' >include.sql
run "$LS_BIN" diff file:include.sql --dialect postgres --scratch "$LS_TEST_PG_URL"
exits 2 "psql's \\i"
like "$err" "include.sql:1: psql's .i cannot be followed here" "is refused by name"
cat >copy.sql <<'SQL'
\restrict abc
CREATE TABLE t (a text);
ALTER TABLE t OWNER TO nobody_knows;
COPY t (a) FROM stdin;
it's "one" $x$ ;
\.
CREATE TABLE u (b integr);
\unrestrict abc
SQL
run "$LS_BIN" diff file:copy.sql --dialect postgres --scratch "$LS_TEST_PG_URL"
exits 2 "an error behind rows"
like "$err" 'copy.sql:7:19: type "integr" does not exist' "is told with its place"
sed -i 's/integr/integer/' copy.sql
run "$LS_BIN" snapshot file:copy.sql --dialect postgres --scratch "$LS_TEST_PG_URL"
exits 0 "without it the file loads"
is "$(json '.facts | map(select(.kind == "table") | .name) | join(" ")')" "t u" "with both tables"
like "$err" 'the rows of 1 COPY statement were passed over' "rows are told"
like "$err" 'copy.sql:3: .*1 statement about owners or privileges' "and owners that are not there"

# Many statements go to the server at once; what one of them does to the others is as if they went one by one.
cat >many.sql <<'SQL'
CREATE TABLE a (i int);
CREATE TABLE b (i int);
CREATE VIEW early AS SELECT * FROM late;
ALTER TABLE a OWNER TO nobody_knows;
CREATE TYPE mood AS ENUM ('sad');
ALTER TYPE mood ADD VALUE 'ok';
CREATE TABLE feels (m mood DEFAULT 'ok');
ALTER TABLE b OWNER TO nobody_knows;
CREATE INDEX CONCURRENTLY a_i ON a (i);
CREATE TABLE c (i int);
CREATE TABLE late (i int);
DO $$ BEGIN EXECUTE CASE WHEN (SELECT count(DISTINCT xmin::text) FROM pg_class WHERE relname IN ('c', 'late')) = 1
    THEN 'CREATE TABLE together ()' ELSE 'CREATE TABLE apart ()' END; COMMIT; END $$;
CREATE TABLE d (i int);
SQL
run "$LS_BIN" snapshot file:many.sql --dialect postgres --scratch "$LS_TEST_PG_URL"
exits 0 "a file where some fail, and some go alone"
is "$(json '.facts | map(select(.kind == "table") | .name) | join(" ")')" "a b c d feels late together" "has all tables, and was sent in one transaction where that can be"
is "$(json '.facts | map(select(.kind == "view" or .kind == "index") | .name) | join(" ")')" "early a_i" "what named a later table, and what no transaction takes"
like "$err" 'many.sql:4: .*2 statements about owners or privileges' "and each refusal is counted once"
{ cat many.sql && printf 'CREATE TABLE e (i int);\nCREATE TABLE f (i int, j integr);\nCREATE TABLE g (i int);\n'; } >many-bad.sql
run "$LS_BIN" diff file:many-bad.sql --dialect postgres --scratch "$LS_TEST_PG_URL"
exits 2 "an error among many"
like "$err" 'many-bad.sql:16:26: type "integr" does not exist' "has its own place"
ok "nothing stays of either" wait_for no_scratch

printf 'CREATE TABLE t (a text);\n' >only.sql
pg_n=$((pg_n + 1)) ascii=cli_$$_ascii
psql_ -d "$LS_TEST_PG_URL" -c "create database $ascii template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'"
ascii_url="postgresql:///$ascii?host=$LS_TEST_PG_HOST&port=$LS_TEST_PG_PORT&user=postgres"
psql_ -d "$ascii_url" -c "create table t (a text)"
run "$LS_BIN" diff file:only.sql "$ascii_url" --scratch "$LS_TEST_PG_URL"
exits 0 "the scratch's encoding is nobody's difference"
like "$err" 'cannot say anything about: databases' "and that it was not compared is told"
psql_ -d "$LS_TEST_PG_URL" -c "drop database $ascii"

if [ -z "${LS_TEST_PG_NO_DUMP:-}" ]; then
    run "$LS_BIN" backup -q
    name=$(basename "$out")
    run "$LS_BIN" diff "backup:$name" --scratch "$LS_TEST_PG_URL"
    exits 0 "a backup has the schema"
else
    run "$LS_BIN" backup -q
    exits 1 "a server that no pg_dump here can dump has no backup"
    like "$err" 'pg_dump is version [0-9]+, and PostgreSQL [0-9]+ needs pg_dump [0-9]+ or newer' "which is told"
    like "$err" 'hint: Install PostgreSQL.s client programs of version [0-9]+ or newer' "with what to install"
fi
run "$LS_BIN" snapshot --out s.json
run "$LS_BIN" diff snapshot:s.json
exits 0 "and so has a snapshot"
unlike "$err" 'one side is PostgreSQL' "of the same version"
sed 's/"server version": [0-9]*/"server version": 120003/' s.json >old.json
run "$LS_BIN" diff snapshot:old.json
exits 0 "and one of another version"
like "$err" 'one side is PostgreSQL [0-9]+, the other [0-9]+: what only the versions do differently' "is told to be one"
run "$LS_BIN" erd
like "$out" '^    people \{$' "a diagram"

printf "CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false, slot_name = 'sub');\n" >sub.sql
run "$LS_BIN" snapshot file:sub.sql --dialect postgres --scratch "$LS_TEST_PG_URL"
exits 0 "a file with a subscription"
ok "does not keep its scratch from going" wait_for no_scratch

# Routines that name what is not there.
pg_do "set check_function_bodies = off; create table agent_configurations (id int, name text);
create function g(a int, c text default 'x') returns setof int language plpgsql as \$\$ declare r record; begin
for r in select * from agents loop insert into agent_configurations (id, nam) values (r.id, 'x'); end loop;
create temp table made as select 1 as one; update made set one = 2; with q as (select 1) select * from q into r;
return query select ac.id from agent_configurations ac, pg_class where ac.ctid is not null; end \$\$;
create function version() returns bigint language sql as 'select max(version) from schema_migrations where (select count(*) from lockstep_journal) > 0';
create function fine() returns int language plpgsql as \$\$ begin execute 'select 1 from nothing'; return (select count(*) from people); end \$\$"
run "$LS_BIN" verify --scratch "$LS_TEST_PG_URL"
like "$out" '^schema: function g.* names the table agents, which does not exist; the nearest is agent_configurations$' "a routine's table"
like "$out" '^schema: function g.* names the column nam of agent_configurations, which does not exist; the nearest is name$' "and its column"
is "$(printf '%s\n' "$out" | grep -c 'does not exist')" 2 "nothing else is said"

# Names that stand alone, rows of triggers, types of variables, views, schemas; and what looks like it and is whole.
cat >refs.sql <<'E'
set check_function_bodies = off;
create schema app;
create table app.orders (id int, total int);
create table agent_configurations (id int, name text, owner_id int);
create view v as select id, name as label from agent_configurations;
create type pair as (l int, r int);
create function b1() returns int language sql as $$ select ownr_id from agent_configurations $$;
create function b2() returns trigger language plpgsql as $$ begin new.nmae := 'x'; return new; end $$;
create trigger t2 before update on agent_configurations for each row execute function b2();
create function b3() returns int language plpgsql as $$ declare a agents%rowtype; t app.orders.totl%type; begin return 1; end $$;
create function b4() returns text language sql as $$ select v.lable from v $$;
create function b5() returns void language sql as $$ select 1 from ap.orders; select 2 from public.orders $$;
create function g1() returns int language sql as $$ select a.id from agent_configurations as a(x, id) where a.x > 0 for update of a $$;
create function g2(x int, out total int) language plpgsql as $$ declare "Odd One" int; r record; begin
    select count(*) into total from agent_configurations where id = x and owner_id > total and id = "Odd One";
    for r in select id as q from agent_configurations order by q loop perform r.q; end loop; end $$;
create function g3() returns trigger language plpgsql as $$ begin
    if tg_table_name = 'orders' then new.total := 1; else new.name := 'x'; end if; return new; end $$;
create trigger t3 before insert on agent_configurations for each row execute function g3();
create trigger t3 before insert on app.orders for each row execute function g3();
create function g4() returns int language plpgsql as $$ declare p pair%rowtype; begin
    if to_regclass('maybe') is not null then return (select count(*) from maybe); end if;
    alter table agent_configurations add column extra int; update agent_configurations set extra = 1; return 1; end $$;
create function g5() returns int language plpgsql as $$ begin
    return (select 1 from gone); exception when undefined_table then return 0; end $$;
create function g6() returns table (zz int) language plpgsql as $$ begin return query select id from agent_configurations where id > zz; end $$;
create function g7(r agent_configurations, named int) returns int language sql as $$
    select r.id from agent_configurations x where named = x.id; select count(x) from agent_configurations x $$;
E
run "$LS_BIN" diff file:refs.sql file:refs.sql --dialect postgres --scratch "$LS_TEST_PG_URL"
like "$err" 'b1.. names the column ownr_id of agent_configurations, .*nearest is owner_id$' "a column that stands alone"
like "$err" 'b2.. names the column nmae of agent_configurations, .*nearest is name$' "a column of NEW"
like "$err" 'b3.. names the table agents, .*nearest is agent_configurations$' "a variable's type"
like "$err" 'b3.. names the column totl of orders, .*nearest is total$' "and its column"
like "$err" 'b4.. names the column lable of v, .*nearest is label$' "a view's column"
like "$err" 'b5.. names the table ap.orders, .*nearest is app.orders$' "a schema that is not there"
like "$err" 'b5.. names the table public.orders, .*nearest is app.orders$' "and the wrong one"
is "$(printf '%s\n' "$err" | grep -c 'does not exist')" 7 "and of what is whole nothing"

# No scratch at all: said, not passed over.
run "$LS_BIN" verify --scratch "$LS_TEST_PG_URL&port=1"
exits 0 "verify without a scratch"
like "$out" '^schema: not proved: ' "says that nothing was proved"
ok "no scratch database is left" wait_for no_scratch
done_testing
