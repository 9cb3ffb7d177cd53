# formats: what lockstep knows, and what lies in a folder, without a database.
. "$LS_SRCDIR/tests/cli/lib.sh"
in_dir formats

run "$LS_BIN" formats
exits 0 "formats in an empty folder"
like "$out" '^golang-migrate  *golang-migrate  *status, up, down, ' "lists what it knows and what it can do"
like "$out" '^drizzle  *Drizzle  *status, up' "also of a tool without a way back"
unlike "$out" '^drizzle .* down' "which has no down"
like "$out" '^no migrations found in \.$' "and says that nothing is there"
is "$err" "" "and nothing else"

mkdir migrations
: >migrations/1_a.up.sql
: >migrations/1_a.down.sql
: >migrations/2_b.up.sql
run "$LS_BIN" formats
exits 0 "a folder that two tools could own"
like "$out" '^golang-migrate  *migrations  *-  *2  *strong  ' "is listed under the one"
like "$out" '^lockstep  *migrations  *-  *2  *possible  ' "and under the other"
unlike "$out" '^no migrations' "and not as empty"
before=$(printf '%s\n' "$out" | grep -n '^golang-migrate .* strong ' | cut -d: -f1)
after=$(printf '%s\n' "$out" | grep -n '^lockstep .* possible ' | cut -d: -f1)
ok "the better score stands first" test "$before" -lt "$after"
is "$(find . -name '*.db' | wc -l | tr -d ' ')" 0 "no database is made"

mkdir -p drizzle/meta
printf '{"version":"7","dialect":"sqlite","entries":[{"idx":0,"version":"6","when":1,"tag":"0000_a","breakpoints":true}]}' >drizzle/meta/_journal.json
: >drizzle/0000_a.sql
run "$LS_BIN" formats
like "$out" '^drizzle  *drizzle  *sqlite  *1  *certain  ' "another tool in another folder, with its dialect"
like "$out" '^golang-migrate  *migrations ' "stands beside the first"
is "$(printf '%s\n' "$out" | sed -n '/^FOUND/{n;p;}' | cut -d' ' -f1)" drizzle "and is the first, being certain"

mkdir -p mono/packages/db/migrations/sub mono/node_modules/x/migrations mono/svc/plain
echo "select 1;" >mono/packages/db/migrations/V1__a.sql
cp mono/packages/db/migrations/V1__a.sql mono/packages/db/migrations/sub/V2__b.sql
cp mono/packages/db/migrations/V1__a.sql mono/node_modules/x/migrations/
echo "select 1;" >mono/svc/plain/1_a.sql
mkdir -p mono/app/alembic/versions
printf '[alembic]\nscript_location = alembic\n' >mono/app/alembic.ini
printf 'revision = "a1"\ndown_revision = None\n' >mono/app/alembic/versions/a1_x.py
: >mono/app/alembic/env.py
mkdir -p mono/app/prisma/migrations/20240101000000_a
echo "select 1;" >mono/app/prisma/migrations/20240101000000_a/migration.sql
echo 'provider = "sqlite"' >mono/app/prisma/migrations/migration_lock.toml
run "$LS_BIN" formats mono
like "$out" '^alembic  *mono/app  ' "a project in it, by its settings"
like "$out" '^prisma  *mono/app/prisma/migrations  ' "and another tool's folder below that"
like "$out" '^flyway  *mono/packages/db/migrations  ' "a folder deep in a tree is found"
is "$(printf '%s\n' "$out" | sed '1,/^FOUND/d' | grep -vc alembic)" 2 "and neither what is below it, nor another's package, nor a guess"

# A folder of nothing but migrations, each a folder of its own, is not looked into further; with any other folder beside them it is.
mkdir -p each/20240101000000_a each/20240101000001_b
echo '--liquibase formatted sql' | tee each/20240101000000_a/migration.sql >each/20240101000001_b/migration.sql
run "$LS_BIN" formats each
like "$out" '^prisma  *each  .* 2 ' "a folder whose migrations are folders"
unlike "$out" '^liquibase  *each' "they are not taken for folders of migrations"
mkdir -p each/packages/db/drizzle/meta
cp -R drizzle/. each/packages/db/drizzle/
run "$LS_BIN" formats each
like "$out" '^drizzle  *each/packages/db/drizzle ' "what is beside them is found"

# Two tools in one project, and nobody says which.
mkdir -p both/drizzle/meta both/prisma
cp -R drizzle/. both/drizzle/
cp -R mono/app/prisma/migrations both/prisma/
cd both || exit 1
run "$LS_BIN" lint
like "$err" '^note: Drizzle is not the only one here: Prisma in prisma/migrations;' "the one that is not taken is named"
run "$LS_BIN" lint --format prisma
like "$err" 'of Prisma checked' "--format takes the tool's own folder"
unlike "$err" 'there is no migration.sql' "and not the first one"
run "$LS_BIN" lint --migrations drizzle
unlike "$err" 'not the only one' "a folder that was named is meant"
cd ..

mkdir empty-project && cd empty-project || exit 1
run "$LS_BIN" lint
like "$err" 'lockstep formats looks for it' "where there is no folder, it is said how one is found"
cd ..

mkdir elsewhere
cp -R migrations elsewhere/
run "$LS_BIN" formats elsewhere
like "$out" ' elsewhere/migrations ' "DIR is looked into"
unlike "$out" ' drizzle/*  *sqlite' "and nothing else"
run "$LS_BIN" formats elsewhere/migrations
like "$out" '^golang-migrate  *elsewhere/migrations ' "DIR may be the folder of the migrations"
run "$LS_BIN" formats --migrations elsewhere
like "$out" ' elsewhere/migrations ' "--migrations names it, too"
run "$LS_BIN" formats nothere
ok "a folder that is not there fails" test "$rc" -ne 0
like "$err" '^lockstep: nothere is no folder' "and is named"
is "$out" "" "with no data"
run "$LS_BIN" formats a b
exits 2 "two folders are one too many"

evil=$(printf 'ev\033[31mil')
mkdir -p "$evil/migrations"
: >"$evil/migrations/1_a.up.sql"
run "$LS_BIN" formats "$evil"
exits 0 "a folder with an escape sequence in its name"
unlike "$out" "$(printf '\033')" "is shown as text"

if command -v jq >/dev/null 2>&1; then
    run "$LS_BIN" formats --json
    exits 0 "formats --json"
    is "$(json '.formats[] | select(.name == "golang-migrate") | .level + " " + (.can | contains(["status", "up", "down"]) | tostring)')" "operated true" "what is known"
    is "$(json '.found[0] | [.format, .title, .folder, .dialect, (.migrations | tostring), .how_sure] | join(" ")')" "drizzle Drizzle drizzle sqlite 1 certain" "what was found"
    is "$(json '[.found[] | select(.folder == "migrations") | .format] | join(" ")')" "golang-migrate lockstep sqlx" "side by side"
    is "$(json '[.found[] | select(.folder == "migrations") | .dialect] | unique | tostring')" "[null]" "a dialect that is not known is null"
    is "$(json '[.found[] | select((.evidence | length) == 0)] | length')" 0 "each with its evidence"
    run "$LS_BIN" formats --json nothere
    is "$(json .error.code)" not_found "and failures"
fi

done_testing
