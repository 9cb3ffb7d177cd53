# lockstep.conf, init and new: the files around a database.
. "$LS_SRCDIR/tests/cli/lib.sh"

# --- init ---
in_dir fresh
run "$LS_BIN" init
exits 0 "init"
is "$out" "lockstep.conf" "prints what it wrote"
ok "makes the migrations folder" test -d migrations
like "$(cat lockstep.conf)" '^# ' "writes comments"
cp lockstep.conf before
run "$LS_BIN" init
ok "init never writes over a project file" test "$rc" -ne 0
ok "which stays as it was" cmp -s lockstep.conf before

in_dir with_url
run "$LS_BIN" init --url 'postgres://u:s3cret@db.example/app'
exits 3 "init with a password in the URL"
unlike "$out$err" s3cret "does not print it"
ok "and writes nothing" test ! -e lockstep.conf
run "$LS_BIN" init --url 'postgres://u@db.example/app' --migrations db/m --format golang-migrate
exits 0 "init with a URL"
like "$(cat lockstep.conf)" '^url = postgres://u@db.example/app$' "writes the URL"
like "$(cat lockstep.conf)" '^migrations = db/m$' "and the folder"
ok "which it makes" test -d db/m
run "$LS_BIN" init --project other.conf --format sqoosh
exits 2 "init with a format that is none"

in_dir found
mkdir migrations && : >migrations/7_x.up.sql && : >migrations/7_x.verify.sql
run "$LS_BIN" init
like "$(cat lockstep.conf)" '^format = lockstep$' "init finds the format of a folder"

in_dir two
mkdir migrations && : >migrations/7_x.up.sql
run "$LS_BIN" init
unlike "$(cat lockstep.conf)" '^format = ' "init does not guess between two formats"
like "$err" "could be golang-migrate's or lockstep's" "but says so"
mkdir sub
run "$LS_BIN" init --project sub
exits 0 "init in another folder"
ok "makes the migrations folder where its file says" test -d sub/migrations
run "$LS_BIN" init --project nowhere/lockstep.conf
exits 1 "init in a folder that is not there"
unlike "$err" 'never written over' "has nothing to do with a file that is there"

# --- new ---
in_dir new
mkdir migrations
run "$LS_BIN" new create_users
exits 0 "new"
is "$out" "migrations/001_create_users.up.sql
migrations/001_create_users.down.sql" "prints the files"
run "$LS_BIN" new 'Add e-mail'
exits 0 "a name with blanks"
like "$out" '^migrations/002_Add_e-mail.up.sql$' "and the next number"
run "$LS_BIN" new '../../evil'
exits 2 "a name with slashes"
run "$LS_BIN" new "$(printf 'a\nb')"
exits 2 "a name with a line end"
run "$LS_BIN" new '---'
exits 2 "a name without letters"
is "$(find . -name '*evil*' | wc -l | tr -d ' ')" 0 "and nothing is written for them"
run "$LS_BIN" new x --format golang-migrate --migrations gm
ok "a folder that is not there" test "$rc" -ne 0
like "$err" 'gm' "is named"
mkdir gm
run "$LS_BIN" new x --format golang-migrate --migrations gm
exits 0 "new in golang-migrate's format"
like "$out" '^gm/[0-9]*_x.up.sql$' "with its names"
if can_be_mortal; then
    chmod 555 gm
    run mortal "$LS_BIN" new y --format golang-migrate --migrations gm
    exits 1 "a folder that cannot be written"
    like "$err" 'Permission denied' "says so"
    chmod 755 gm
fi

# --- the project file ---
has_driver sqlite || { done_testing; }
in_dir conf
mkdir migrations
bad() { # TEXT PATTERN CLAIM [STATUS]
    printf "$1" >lockstep.conf
    run "$LS_BIN" status
    exits "${4:-1}" "$3"
    like "$err" "$2" "$3: says where and what"
    is "$out" "" "$3: and prints no data"
}
bad '[project]\nmigratons = x\n' "^lockstep: lockstep.conf:2: unknown key 'migratons' in \[project\]; did you mean 'migrations'\?" "an unknown key"
bad '[env a]\nprotected = si\n' "lockstep.conf:2: 'si' for protected is neither yes nor no" "a bad value"
bad '[project]\nformat = golang-migrat\n' "lockstep.conf:2: there is no format 'golang-migrat'; did you mean 'golang-migrate'\?" "an unknown format"
bad '[project]\n\n[env a]\nformat = flywya\n' "lockstep.conf:4: there is no format 'flywya'; did you mean 'flyway'\?" "one of an environment"
bad '[project]\ndefault_env = pord\n[env prod]\nurl = sqlite:a.db\n' "lockstep.conf:2: default_env names 'pord', and there is no \[env pord\]; did you mean 'prod'\?" "an unknown default_env"
bad '[env a]\nlock_timeout = 3 days\n' "lockstep.conf:2: '3 days' is no time" "a bad time"
bad '[env a\n' "lockstep.conf:1: the section's ']' is missing" "a broken section"
bad '[env a]\nurl = sqlite:a.db\n[env b]\nurl = sqlite:b.db\n' 'no database is named' "two environments and none chosen" 2
bad '[env a]\nurl = sqlite:\033[31m.db\nnonsense\033]0;x\007 = 1\n' 'unknown key .nonsense<1B>\]0;x<07>' "escape sequences in the file are shown as text"

printf '[env a]\nurl = postgres://u:s3cret@h/d\n' >lockstep.conf
chmod 644 lockstep.conf
run "$LS_BIN" status
exits 3 "a password that others can read"
like "$err" 'chmod 600 lockstep.conf' "is refused with the way out"
unlike "$out$err" s3cret "and not printed"

run "$LS_BIN" status --project nothere.conf
ok "a project file that is not there" test "$rc" -ne 0
like "$err" nothere.conf "is named"

printf '[project]\nmigrations = m\n[env a]\nurl = sqlite:a.db\n' >lockstep.conf
mkdir -p m deep/er
printf 'SELECT 1;\n' >m/001_x.up.sql
run "$LS_BIN" --project . status
exits 0 "--project takes a folder"
cd deep/er || exit 1
run "$LS_BIN" status
exits 0 "the project file is found from below"
like "$out" 'sqlite .*\.\./\.\./a\.db' "and its paths are meant from its folder"
cd ../..

DATABASE_URL=sqlite:pooled.db DATABASE_URL_UNPOOLED=sqlite:direct.db run "$LS_BIN" status --migrations m
like "$out" 'sqlite direct.db' "of a direct and a pooled URL the direct one is taken"
like "$err" 'note: DATABASE_URL_UNPOOLED is used, not DATABASE_URL' "and it is said"
DATABASE_URL=sqlite:pooled.db DATABASE_URL_UNPOOLED=sqlite:direct.db run "$LS_BIN" status --migrations m -q
is "$err" "" "but not with --quiet"
printf 'DATABASE_URL_UNPOOLED=postgres://u@direct.invalid/app?connect_timeout=1\n' >.env
DATABASE_URL='postgres://u:x@pooler.invalid:6543/app?pgbouncer=true' run "$LS_BIN" status --migrations m
like "$err" 'note: DATABASE_URL_UNPOOLED in .env is used, not DATABASE_URL' "a direct URL in .env goes before the environment's pooled one"
! has_driver postgres || like "$err" 'direct\.invalid' "and is the one that is tried"
DATABASE_URL=postgres://u@h.invalid/test run "$LS_BIN" status --migrations m
like "$err" 'note: DATABASE_URL of the environment is used; DATABASE_URL_UNPOOLED in .env leads to another database' "but not to another database"
! has_driver postgres || like "$err" '"h\.invalid"' "which is not touched"
rm .env
printf '[env prod]\nurl_env = PROD_URL\n' >lockstep.conf
PROD_URL=sqlite:pooled.db PROD_URL_UNPOOLED=sqlite:direct.db run "$LS_BIN" status --migrations m -e prod
like "$out" 'sqlite direct.db' "url_env: the direct one too"
like "$err" 'note: PROD_URL_UNPOOLED is used, not PROD_URL' "and it is said"
PROD_URL_UNPOOLED=sqlite:direct.db run "$LS_BIN" status --migrations m -e prod
like "$out" 'sqlite direct.db' "url_env: the direct one is enough"

done_testing
