# What the team's own migration tool has in its configuration fills what lockstep's settings leave open, and is said where it comes from.
. "$LS_SRCDIR/tests/cli/lib.sh"
need_jq
has_driver sqlite || skip_all "this build has no SQLite driver"
unset LOCKSTEP_URL DATABASE_URL DATABASE_URL_UNPOOLED

status() { # OPTION...
    run "$LS_BIN" status --json "$@"
}
has() { # FILTER EXPECTED NAME
    is "$(json "$1")" "$2" "$3"
}

# --- goose: driver, address, folder, table ---
in_dir goose
mkdir -p db/changes
printf -- '-- +goose Up\nCREATE TABLE a (id int);\n' >db/changes/00001_a.sql
printf 'GOOSE_DRIVER=sqlite3\nGOOSE_DBSTRING=./app.db\nGOOSE_MIGRATION_DIR=./db/changes\nGOOSE_TABLE=my_versions\nODD="x\n' >.env
status
is "$rc" 0 "goose: nothing but its .env is needed"
has .format goose "its format"
has .migrations_dir db/changes "its folder"
has .ledger.location my_versions "its table"
has .target.database ./app.db "its database"
has .target.source 'GOOSE_DBSTRING in .env, of goose' "and whose address that is"
like "$err" 'the database is the one of GOOSE_DBSTRING in .env' "which is said"
status --url sqlite:other.db
has .target.database other.db "lockstep's own words come first"
GOOSE_DBSTRING=env.db GOOSE_DRIVER=sqlite3 status
has .target.source 'GOOSE_DBSTRING, of goose' "the environment comes before the file"
run "$LS_BIN" up --yes
is "$rc" 0 "and it runs"

# --- dbmate ---
in_dir dbmate
mkdir -p sql
printf -- '-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\n' >sql/1_a.sql
printf 'DATABASE_URL=sqlite:app.db\nDBMATE_MIGRATIONS_DIR=sql\nDBMATE_MIGRATIONS_TABLE=versions\n' >.env
status
has '.format + " " + .migrations_dir + " " + .ledger.location' 'dbmate sql versions' "dbmate's folder and table"
mkdir migrations
printf 'CREATE TABLE b (id int);\n' >migrations/1_b.up.sql
status
has .migrations_dir sql "also where there is a folder migrations"
status --migrations migrations
has '.migrations_dir' migrations "--migrations comes first"

# --- sql-migrate: dbconfig.yml, with an anchor and a variable ---
in_dir sql_migrate
mkdir changes
printf -- '-- +migrate Up\nCREATE TABLE a (id int);\n' >changes/1_a.sql
printf 'base: &b\n  dialect: sqlite3\n  dir: changes\ndevelopment:\n  <<: *b\n  datasource: ${FILE}.db\n  table: applied\nproduction:\n  <<: *b\n  datasource: prod.db\n' >dbconfig.yml
FILE=dev status
has '.format + " " + .target.database + " " + .ledger.location' 'sql-migrate dev.db applied' "sql-migrate's dbconfig.yml"
has .target.source 'development.datasource in dbconfig.yml, of sql-migrate' "and its place"
printf 'development: [1\n' >dbconfig.yml
run "$LS_BIN" status --url sqlite:x.db --migrations changes
is "$rc" 0 "a broken one keeps nobody from working"
like "$err" 'dbconfig.yml:[0-9]*: ' "and is told with its line"

# --- sqlx ---
in_dir sqlx
mkdir schema
printf 'CREATE TABLE a (id int);\n' >schema/1_a.sql
printf '[common]\ndatabase-url-var = "APP_DB"\n[migrate]\nmigrations-dir = "schema"\ntable-name = "_changes"\n' >sqlx.toml
printf 'APP_DB=sqlite:app.db\n' >.env
status
has '.format + " " + .migrations_dir + " " + .ledger.location + " " + .target.database' 'sqlx schema _changes app.db' "sqlx.toml and the variable that it names"

# --- diesel ---
in_dir diesel
mkdir -p changes/2024-01-01-000000_a
printf 'CREATE TABLE a (id int);\n' >changes/2024-01-01-000000_a/up.sql
printf '[migrations_directory]\ndir = "changes"\n' >diesel.toml
status --url sqlite:app.db
has '.format + " " + .migrations_dir' 'diesel changes' "diesel.toml"

# --- flyway ---
in_dir flyway
mkdir -p sql conf
printf 'CREATE TABLE ${t} (id int);\n' >sql/V1__a.sql
printf 'flyway.url=jdbc:sqlite:app.db\nflyway.locations=filesystem:sql\nflyway.table=history\nflyway.placeholders.t=a\n' >conf/flyway.conf
status
has '.format + " " + .migrations_dir + " " + .ledger.location + " " + .target.database' 'flyway sql history app.db' "Flyway's conf"
run "$LS_BIN" up --yes
is "$rc" 0 "its placeholders are of the same file"
printf '[flyway]\nlocations = ["filesystem:sql"]\nenvironment = "dev"\n[environments.dev]\nurl = "jdbc:sqlite:toml.db"\n' >flyway.toml
status
has '.target.source' 'environments.dev.url in flyway.toml, of Flyway' "and flyway.toml, by its environment"

# --- prisma, drizzle, node-pg-migrate: JSON only; program code is not looked at ---
in_dir prisma
mkdir -p data/migrations/20240101000000_a
printf 'CREATE TABLE a (id int);\n' >data/migrations/20240101000000_a/migration.sql
printf 'provider = "sqlite"\n' >data/migrations/migration_lock.toml
printf '{"prisma": {"schema": "data/schema.prisma"}}\n' >package.json
status --url sqlite:app.db
has '.format + " " + .migrations_dir' 'prisma data/migrations' "prisma's schema in package.json"

in_dir drizzle
mkdir -p out/meta
printf 'CREATE TABLE a (id int);\n' >out/0000_a.sql
printf '{"version":"7","dialect":"sqlite","entries":[{"idx":0,"version":"6","when":1,"tag":"0000_a","breakpoints":true}]}\n' >out/meta/_journal.json
printf '{"dialect":"sqlite","out":"./out","dbCredentials":{"url":"app.db"}}\n' >drizzle.config.json
status
has '.format + " " + .migrations_dir + " " + .target.database' 'drizzle out app.db' "drizzle.config.json"
rm drizzle.config.json
printf 'export default { out: "./out", dialect: "sqlite", dbCredentials: { url: "app.db" } }\n' >drizzle.config.ts
status
is "$rc" 2 "drizzle.config.ts is code: no database is named"

in_dir nodepg
mkdir -p config changes
printf -- '-- Up Migration\nCREATE TABLE a (id int);\n' >changes/1_a.sql
printf '{"db": {"url": "postgres://nobody@localhost:1/x", "migrations-dir": "changes"}}\n' >config/default.json
run "$LS_BIN" formats --json
has '[.found[] | select(.format == "node-pg-migrate") | .folder] | join(" ")' changes "formats finds the folder by its files"
status
like "$(json .target.source)$err" 'db.url in config/default.json' "node-pg-migrate's config"

# --- two tools that both fit ---
in_dir both
mkdir -p db/changes sql
printf -- '-- +goose Up\nCREATE TABLE a (id int);\n' >db/changes/00001_a.sql
printf -- '-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\n' >sql/1_a.sql
printf 'GOOSE_MIGRATION_DIR=db/changes\nDBMATE_MIGRATIONS_DIR=sql\n' >.env
run "$LS_BIN" status --url sqlite:app.db
like "$err" 'settings of dbmate and of goose both fit: neither is used' "two tools: nothing is guessed"
run "$LS_BIN" status --json --url sqlite:app.db --format goose
has '.migrations_dir' db/changes "the one that was named is asked alone"

done_testing
