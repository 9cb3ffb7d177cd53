# Protected environments, and the questions on a terminal.
. "$LS_SRCDIR/tests/cli/lib.sh"
has_driver sqlite || skip_all "this build has no SQLite"
demo_folder protected
cat >lockstep.conf <<'CONF'
[env dev]
url = sqlite:dev.db
[env prod]
url = sqlite:prod.db
protected = yes
CONF

run "$LS_BIN" up 1 -e prod --yes
exits 3 "a protected environment wants a decision about the backup"
like "$err" '--backup makes one, --no-backup does without' "says so"
run "$LS_BIN" up 1 -e prod --yes --no-backup
exits 3 "--yes is not enough"
like "$err" '--yes --confirm prod.db' "says what is"
run "$LS_BIN" up 1 -e prod --no-backup --confirm prod.db
exits 3 "--confirm without --yes neither, where nobody can be asked"
run "$LS_BIN" up 1 -e prod --yes --no-backup --confirm dev.db
exits 3 "nor another database's name"
like "$err" "the database is 'prod.db'" "which is told"
ok "nothing was written until now" test ! -e prod.db
run "$LS_BIN" up 1 -e prod --yes --no-backup --confirm prod.db
exits 0 "with the right name it runs"
run "$LS_BIN" up 1 -e prod --yes --backup --confirm prod.db
exits 0 "and with a backup"
like "$err" '^backup      backups/prod-001-' "which is made first"
ok "and is there" test -s backups/prod-*/manifest.json
run "$LS_BIN" up 1 -e prod --yes --backup --no-backup --confirm prod.db
exits 2 "both at once is a contradiction"
run "$LS_BIN" up 1 -e dev --yes --confirm prod.db
exits 3 "a wrong name is refused where nothing is protected, too"
ok "and nothing was written there" test ! -e dev.db
: >notafolder
run "$LS_BIN" up 1 -e prod --yes --backup --backup-dir notafolder --confirm prod.db
ok "a backup that fails" test "$rc" -ne 0
like "$err" 'nothing was applied' "stops the run"
run "$LS_BIN" status -e prod
like "$out" '^state   2 applied, 6 pending$' "as the ledger says"

# What is kept of a protected database is removed under the same words.
kept=$(basename "$(ls -d backups/prod-*)")
cp -r "backups/$kept" backups/prod-000-20200101000000
sed -e 's/"name": "[^"]*"/"name": "prod-000-20200101000000"/' -e 's/"created_at": "[^"]*"/"created_at": "2020-01-01T00:00:00Z"/' \
    "backups/$kept/manifest.json" >backups/prod-000-20200101000000/manifest.json
run "$LS_BIN" backups prune --keep 1 -e prod --yes
exits 3 "prune on a protected environment is not content with --yes"
like "$err" '^  prod-000-20200101000000$' "but says what it is about"
like "$err" '--yes --confirm prod.db' "and what it wants"
run "$LS_BIN" backups prune --keep 1 -e prod --yes --confirm dev.db
exits 3 "nor with another database's name"
ok "the backup is still there" test -d backups/prod-000-20200101000000
run "$LS_BIN" backups prune --keep 1 -e prod --yes --confirm prod.db
exits 0 "with the right one it goes"
like "$err" '^These backups in backups will be removed:$' "is shown first"
ok "and is gone" test ! -d backups/prod-000-20200101000000
cp -r "backups/$kept" backups/prod-000-20200101000000
sed -e 's/"name": "[^"]*"/"name": "prod-000-20200101000000"/' -e 's/"created_at": "[^"]*"/"created_at": "2020-01-01T00:00:00Z"/' \
    "backups/$kept/manifest.json" >backups/prod-000-20200101000000/manifest.json
run "$LS_BIN" backups prune --keep 1 -e dev --yes
exits 0 "elsewhere --yes is enough"
like "$err" '^  prod-000-20200101000000$' "and it is shown first, too"

# --- on a terminal ---
command -v script >/dev/null 2>&1 || { skip "no script(1)" "questions on a terminal"; done_testing; }
on_tty() { # ANSWERS COMMAND: what the terminal showed is in $out
    printf "$1" >answers
    script -qec "$2" /dev/null <answers >"$out_file" 2>"$err_file"
    rc=$?
    out=$(tr -d '\r' <"$out_file")
}
on_tty 'n\n' "'$LS_BIN' up 1 -e dev"
exits 3 "no is no"
like "$out" 'Go on\? \[y/N\]' "it asked"
like "$out" '  up      001 create_agents' "after showing the plan"
on_tty '\n' "'$LS_BIN' up 1 -e dev"
exits 3 "an empty line is no"
on_tty '\004' "'$LS_BIN' up 1 -e dev"
exits 3 "the end of input is no"
ok "nothing was written" test ! -s dev.db
on_tty 'y\n' "'$LS_BIN' up 1 -e dev"
exits 0 "yes is yes"
like "$out" 'Applied: 001' "and it ran"
on_tty 'n\ny\n' "'$LS_BIN' up 1 -e prod"
exits 3 "a protected environment is not content with yes"
like "$out" 'Make a backup first \(no: go on without one\)\? \[y/N\]' "asks for a backup, and what no means"
like "$out" "Type the database's name, prod.db" "and for the name"
on_tty 'n\nprod\n' "'$LS_BIN' up 1 -e prod"
exits 3 "half the name is not the name"
on_tty 'y\nprod.db\n' "'$LS_BIN' up 1 -e prod"
exits 0 "the name is"
is "$(find backups -name manifest.json | wc -l | tr -d ' ')" 2 "with the backup that was agreed to"

done_testing
