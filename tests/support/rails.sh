# tests/support/rails.sh: an application of Rails, and Rails and lockstep by turns on it (tests/cli/test_interop_rails*.sh). bin/rails is that of Rails itself
# where Debian's ruby-railties is there, else one that calls Active Record's own migrator, as the tasks of Rails do. ruby: $LS_TEST_RUBY, else the one in
# PATH. Source it behind tests/cli/lib.sh; skips everything where there is none.
#   by_turns sqlite|postgres
# shellcheck shell=sh

ruby=${LS_TEST_RUBY:-$(command -v ruby 2>/dev/null)}
[ -n "$ruby" ] && [ -x "$ruby" ] || skip_all "ruby is not installed (Debian: ruby, ruby-activerecord)"
"$ruby" -e 'require "active_record"' 2>/dev/null || skip_all "Active Record is not installed (Debian: ruby-activerecord)"
HOME=$LS_TEST_TMP
export HOME
unset RAILS_ENV RACK_ENV DATABASE_URL

rails() {
    run env DATABASE_URL="$rails_url" bin/rails "$@"
}

lockstep() {
    run "$LS_BIN" "$@" --url "$url" --migrations db/migrate
}

migration() { # FILE CLASS TABLE
    cat >"db/migrate/$1" <<EOF
class $2 < ActiveRecord::Migration[6.0]
  def change
    create_table :$3 do |t|
      t.string :name
    end
  end
end
EOF
}

application() {
    mkdir -p bin config db/migrate
    printf 'development:\n  adapter: <%%= "sqlite3" %%>\n  database: db/not-this-one.sqlite3\n' >config/database.yml
    cat >config/application.rb <<'EOF'
require "rails"
require "active_record/railtie"
module App
  class Application < Rails::Application
    config.eager_load = false
    config.logger = Logger.new(IO::NULL)
    config.active_record.dump_schema_after_migration = false
  end
end
EOF
    printf 'require_relative "application"\nRails.application.initialize!\n' >config/environment.rb
    printf 'require_relative "config/application"\nRails.application.load_tasks\n' >Rakefile
    if "$ruby" -e 'require "rails"' 2>/dev/null; then
        cat >bin/rails <<EOF
#!$ruby
APP_PATH = File.expand_path("../config/application", __dir__)
require_relative "../config/application"
require "rails/commands"
EOF
    else
        cat >bin/rails <<EOF
#!$ruby
require "active_record"
ActiveRecord::Base.establish_connection(ENV.fetch("DATABASE_URL"))
migrations = ActiveRecord::MigrationContext.new(File.expand_path("../db/migrate", __dir__), ActiveRecord::SchemaMigration)
version = ARGV.filter_map { |a| a[/\AVERSION=(\d+)\z/, 1] }.first
case ARGV.first
when "db:migrate" then migrations.migrate(version && version.to_i)
when "db:migrate:up" then migrations.run(:up, version.to_i)
when "db:migrate:down" then migrations.run(:down, version.to_i)
when "db:rollback" then migrations.rollback(1)
when "db:migrate:status" then migrations.migrations_status.each { |s| puts s.join("  ") }
when "--version" then puts "Active Record #{ActiveRecord.version}"
else abort "no such task: #{ARGV.first}"
end
EOF
    fi
    chmod 755 bin/rails
    migration 002_create_as.rb CreateAs as
    migration 20240101000000_create_bs.rb CreateBs bs
    migration 20240601000000_create_cs.rb CreateCs cs
    cat >db/migrate/20250101000000_index_bs.rb <<'EOF'
class IndexBs < ActiveRecord::Migration[6.0]
  disable_ddl_transaction!
  def up
    add_index :bs, :name
  end
  def down
    remove_index :bs, :name
  end
end
EOF
}

new_database() { # sets url, rails_url and db (what ledger wants)
    if [ "$driver" = sqlite ]; then
        db=$PWD/$1.db url=sqlite:$PWD/$1.db rails_url=sqlite3:$PWD/$1.db
    else
        pg_new
        PGHOST=$LS_TEST_PG_HOST PGPORT=$LS_TEST_PG_PORT PGUSER=postgres
        export PGHOST PGPORT PGUSER
        db=$pg_url url=$pg_url rails_url=postgresql:///$pg_name
    fi
}

# Everything that Rails keeps, but for its times.
ledger() {
    if [ "$driver" = sqlite ]; then
        sqlite3 "$db" "SELECT sql FROM sqlite_schema WHERE tbl_name IN ('schema_migrations', 'ar_internal_metadata') ORDER BY name;
            SELECT quote(version) FROM schema_migrations ORDER BY version; SELECT key, value FROM ar_internal_metadata"
    else
        psql_ -d "$db" -c "SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
            WHERE attrelid IN ('schema_migrations'::regclass, 'ar_internal_metadata'::regclass) AND attnum > 0 ORDER BY 1, attnum" \
            -c "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid IN ('schema_migrations'::regclass, 'ar_internal_metadata'::regclass)" \
            -c 'SELECT version FROM schema_migrations ORDER BY 1' -c 'SELECT key, value FROM ar_internal_metadata'
    fi
}

# --- what is there of the tables that the migrations made
tables() {
    if [ "$driver" = sqlite ]; then
        sqlite3 "$db" "SELECT name FROM sqlite_schema WHERE type IN ('table', 'index') AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%migrations' AND name NOT LIKE 'ar%'
            AND name NOT LIKE 'lockstep%' ORDER BY 1"
    else
        psql_ -d "$db" -c "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') AND relname !~ '^(lockstep|schema|ar_)'
            AND relname !~ 'pkey' ORDER BY 1"
    fi
}

is_locked() {
    [ "$(psql_ -d "$db" -c "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE locktype = 'advisory' AND granted AND datname = current_database()")" != 0 ]
}

is_free() {
    ! is_locked
}

by_turns() { # DRIVER
    driver=$1
    in_dir "$1"
    application

    new_database alone
    rails db:migrate
    exits 0 "$1: Rails migrates all"
    all=$(ledger) all_tables=$(tables)
    rails db:rollback
    rails db:rollback
    half=$(ledger) half_tables=$(tables)

    # The tool first.
    new_database tool-first
    rails db:migrate VERSION=20240101000000
    exits 0 "$1: Rails migrates a half"
    lockstep status
    like "$out" '2 applied, 2 pending' "$1: lockstep sees it"
    lockstep up --yes
    exits 0 "$1: lockstep lets the rest run"
    like "$err" 'rails: == 20240601000000 CreateCs: migrated' "$1: and passes on what Rails says"
    is "$(ledger)" "$all" "$1: the ledger is what Rails alone makes"
    is "$(tables)" "$all_tables" "$1: and so are the tables"
    rails db:migrate
    is "$rc:$out" "0:" "$1: Rails has nothing to do"
    lockstep down 2 --yes
    exits 0 "$1: lockstep lets two be taken back"
    is "$(ledger)" "$half" "$1: the ledger is what Rails alone makes of it"
    is "$(tables)" "$half_tables" "$1: and so are the tables"

    # lockstep first, on an empty database.
    new_database lockstep-first
    lockstep plan
    like "$out" 'bin/rails db:migrate:up VERSION=2$' "$1: the plan names the command"
    lockstep up 2 --yes
    exits 0 "$1: lockstep lets a half run, on an empty database"
    rails db:migrate
    exits 0 "$1: Rails migrates the rest"
    is "$(ledger)" "$all" "$1: the ledger is what Rails alone makes"
    lockstep up --yes
    exits 0 "$1: lockstep has nothing to do"
    like "$out$err" '[Nn]othing' "$1: and says so"
    ok "$1: the database of config/database.yml was never made" test ! -e db/not-this-one.sqlite3

    # Late, and marked.
    migration 20240201000000_create_ds.rb CreateDs ds
    lockstep mark 20240201000000 applied --yes
    exits 0 "$1: mark"
    rails db:migrate:status
    like "$out" 'up +20240201000000' "$1: Rails takes a marked one for applied"
    lockstep mark 20240201000000 pending --yes
    rails db:migrate:status
    like "$out" 'down +20240201000000' "$1: and the other way round"
    lockstep up --yes
    exits 0 "$1: a late one runs, as with Rails"
    rails db:migrate
    is "$rc:$out" "0:" "$1: and Rails agrees"

    # A database of another environment stays one.
    if [ "$1" = sqlite ]; then sqlite3 "$db" "UPDATE ar_internal_metadata SET value = 'test'"; else psql_ -d "$db" -c "UPDATE ar_internal_metadata SET value = 'test'"; fi
    lockstep down --yes
    lockstep up --yes
    exits 0 "$1: up in another environment"
    like "$(ledger)" 'environment.test$' "$1: which the database stays of"

    # One that fails leaves nothing, and is not recorded.
    cat >db/migrate/20260101000000_broken.rb <<'EOF'
class Broken < ActiveRecord::Migration[6.0]
  def up
    create_table :es
    execute "CRATE x"
  end
end
EOF
    before=$(ledger) before_tables=$(tables)
    lockstep up --yes
    ok "$1: one that fails is a failure" test "$rc" -ne 0
    like "$err" 'CRATE' "$1: with the words of the database"
    like "$err" 'nothing of it is in the database' "$1: and what is left of it"
    is "$(ledger)" "$before" "$1: it is not recorded"
    is "$(tables)" "$before_tables" "$1: nothing of it stays"
    rm db/migrate/20260101000000_broken.rb

    # Somebody has the tool's lock: nothing is started.
    if [ "$1" = postgres ]; then
        crc=$("$ruby" -rzlib -e 'print Zlib.crc32(ARGV[0])' "$pg_name")
        key=$((2053462845 * crc))
        PGAPPNAME="somebody's Rails" "$LS_TEST_PG_CLIENTS/psql" -X -q -A -t -d "$db" -c "SELECT pg_advisory_lock($key)" -c 'SELECT pg_sleep(300)' >/dev/null 2>&1 &
        pid=$!
        ok "$1: somebody has the lock" wait_for is_locked
        migration 20260103000000_create_fs.rb CreateFs fs
        lockstep up --yes --lock-wait 200ms
        exits 3 "$1: lockstep starts nothing then"
        like "$err" "somebody's Rails" "$1: and shows who it is"
        kill $pid
        wait $pid 2>/dev/null
        psql_ -d "$db" -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^somebody' AND datname = current_database()" >/dev/null
        ok "$1: it is free again" wait_for is_free
        lockstep up --yes
        exits 0 "$1: and goes on when it is free"
        ok "$1: no lock is left" is_free
    fi

    # A class name twice: everything is refused, as by Rails.
    migration 20260102000000_create_as.rb CreateAs as2
    lockstep up --yes
    exits 3 "$1: two classes of one name are refused"
    rails db:migrate
    ok "$1: as by Rails" test "$rc" -ne 0
    rm db/migrate/20260102000000_create_as.rb

    lockstep new "AddEmail to users"
    exits 0 "$1: new"
    rails db:migrate:status
    like "$out" 'down +[0-9]{14} +Add email to users' "$1: and Rails takes it for a migration"
    like "$(cat db/migrate/*_add_email_to_users.rb)" '^class AddEmailToUsers < ActiveRecord::Migration\[6\.0\]' "$1: of the version that the others have"
}
