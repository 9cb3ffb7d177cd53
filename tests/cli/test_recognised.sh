# Tools that lockstep knows by name only: told by few files, refused in words, whatever is asked.
. "$LS_SRCDIR/tests/cli/lib.sh"

found() { # DIR: format, count and certainty of the first find
    "$LS_BIN" formats "$1" | awk 'seen { print $1, $4, $5; exit } /^FOUND/ { seen = 1 }'
}

put() { # FILE TEXT
    mkdir -p "$(dirname "$1")" && printf '%s\n' "$2" >"$1"
}

in_dir recognised
put alembic/migrations/env.py 'from alembic import context'
put alembic/migrations/versions/ab_x.py 'down_revision = None'
put alembic/migrations/versions/cd_y.py 'down_revision = "ab"'
put django/migrations/0001_initial.py 'class Migration(migrations.Migration):'
put ecto/priv/repo/migrations/20200101000000_x.exs '  use Ecto.Migration'
put knex/migrations/20200101000000_x.js '/** @param { import("knex").Knex } knex */'
put liquibase/db/changelog/db.changelog-master.yaml 'databaseChangeLog:'
put rails/db/migrate/20200101000000_x.rb 'class X < ActiveRecord::Migration[7.0]'
put sequelize/migrations/20200101000000-x.js 'module.exports = { up: (queryInterface, Sequelize) => {} }'
put sqitch/sqitch.plan '%syntax-version=1.0.0
%project=x

a 2026-11-21T07:54:26Z A <a@example.com> # Adds a.'
put supabase/supabase/config.toml 'project_id = "x"'
put supabase/supabase/migrations/20200101000000_x.sql 'SELECT 1;'
put typeorm/src/migrations/1600000000000-X.ts 'export class X implements MigrationInterface {'
is "$(found alembic)" "alembic 2 certain" "alembic by its versions"
for tool in django ecto liquibase rails sequelize sqitch supabase typeorm; do
    is "$(found $tool)" "$tool 1 certain" "$tool by its files"
done
is "$(found knex)" "knex 1 strong" "knex by its files"

put plain/migrations/0001_x.py 'print("no migration")'
put plain/migrations/1_x.js 'nothing'
put plain/migrations/1_x.rb 'nothing'
put plain/migrations/1_x.ts 'nothing'
run "$LS_BIN" formats plain
like "$out" '^no migrations found' "names alone prove nothing"
run "$LS_BIN" version
unlike "$out" alembic "version lists only what is worked with"

# --- refused in words ---
if has_driver sqlite; then
    LOCKSTEP_URL=sqlite:a.db
    export LOCKSTEP_URL
    for words in status 'status --check' up 'up 1' down 'to 1' plan verify 'mark 1 applied' 'new x'; do
        run "$LS_BIN" $words --migrations alembic/migrations
        exits 1 "$words in alembic's folder"
        like "$err" 'Alembic, which lockstep knows by name only' "$words says why"
        like "$err" 'use Alembic' "$words says what to use"
        run "$LS_BIN" $words --format django --migrations plain/migrations
        exits 1 "$words --format django"
        like "$err" 'Django, which lockstep knows by name only' "$words --format django says why"
    done
    run "$LS_BIN" formats --format alembic plain
    exits 0 "formats does not mind --format"
fi

# --- the tool's ledger in the database ---
if has_driver sqlite && command -v sqlite3 >/dev/null 2>&1; then
    sqlite3 b.db "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL); INSERT INTO alembic_version VALUES ('cd');
        CREATE TABLE schema_migrations (version VARCHAR PRIMARY KEY); CREATE TABLE ar_internal_metadata (key VARCHAR);"
    run "$LS_BIN" status --url sqlite:b.db --migrations alembic/migrations
    exits 1 "alembic's folder and ledger"
    like "$err" 'Alembic, which lockstep knows by name only' "are refused the same way"
    put own/migrations/001_x.up.sql '-- lockstep: transaction
SELECT 1;'
    run "$LS_BIN" status --url sqlite:b.db --migrations own/migrations
    exits 0 "a folder of our own where Rails has the table"
    like "$out$err" 'Rails' "names whose the table is"
    run "$LS_BIN" up --yes --url sqlite:b.db --migrations own/migrations
    exits 3 "and is not written to"
fi

# --- init ---
mkdir -p init/.git && cp -R alembic/migrations init/ && cd init || exit 1
unset LOCKSTEP_URL
run "$LS_BIN" init
exits 0 "init beside alembic's folder"
unlike "$(cat lockstep.conf)" '^format = ' "writes no format that cannot be worked with"
like "$err" 'Alembic, which lockstep knows by name only' "and says so"
run "$LS_BIN" init --project other.conf --format liquibase
ok "init --format liquibase fails" test "$rc" -ne 0
like "$err" 'knows Liquibase by name only; use Liquibase' "with the reason"
cd ..

corpus=$LS_SRCDIR/../shared/corpus/alembic-sqlite/securedrop
if [ -d "$corpus" ]; then
    is "$(found "$corpus")" "alembic $(ls "$corpus"/versions/*.py | wc -l | tr -d ' ') certain" "a real project of alembic"
else
    skip "the corpus is not here" "a real project of alembic"
fi

done_testing
