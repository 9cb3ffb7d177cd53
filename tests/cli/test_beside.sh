# status --beside: two tools' folders and ledgers of one project in two columns.
. "$LS_SRCDIR/tests/cli/lib.sh"
need_jq
has_driver sqlite || skip_all "built without SQLite"
in_dir beside

mkdir migrations
for i in 1 2 3; do
    echo "create table t$i (id integer);" >migrations/000${i}_t$i.up.sql
    echo "drop table t$i;" >migrations/000${i}_t$i.down.sql
done
ours="--url sqlite:app.db --format golang-migrate"
# shellcheck disable=SC2086
run "$LS_BIN" up 2 $ours --yes
exits 0 "golang-migrate's way applies two"
run "$LS_BIN" mark 1 applied --url sqlite:app.db --format sqlx --yes
exits 0 "sqlx's ledger has one of them"

# shellcheck disable=SC2086
run "$LS_BIN" status $ours --beside sqlx
exits 0 "both side by side"
like "$out" '^left    golang-migrate: migrations, .*schema_migrations$' "the left side is named with its ledger"
like "$out" '^right   sqlx: migrations, .*_sqlx_migrations$' "and the right one"
like "$out" '^        1 of 3 differ$' "what differs is counted"
like "$out" '^   *0001  *t1  *applied .inferred.  *applied' "what both have"
like "$out" '^!  *0002  *t2  *applied  *pending' "what only one has is marked"
like "$out" '^   *0003  *t3  *pending  *pending' "what neither has"

# shellcheck disable=SC2086
run "$LS_BIN" status $ours --beside sqlx --check
exits 6 "--check tells by the exit code"
# shellcheck disable=SC2086
run "$LS_BIN" status $ours --beside sqlx --json
exits 0 "as JSON"
is "$(json '.differ, .left.format, .right.format, (.rows[1] | .version, .left, .right, .differs)' | tr '\n' ' ')" \
    "1 golang-migrate sqlx 0002 applied pending true " "the same facts"

# Another folder, in which some stand that the first has not.
mkdir moved
cp migrations/0001_t1.up.sql moved/0001_t1.up.sql
echo "create table t9 (id integer);" >moved/0009_t9.up.sql
# shellcheck disable=SC2086
run "$LS_BIN" status $ours --beside sqlx:moved
exits 0 "another tool's folder"
like "$out" '^!  *0009  *t9  *-  *pending' "a migration that only the right side has"
like "$out" '^!  *0003  *t3  *pending  *-' "and one that only the left side has"

before=$(sha256sum app.db)
# shellcheck disable=SC2086
run "$LS_BIN" status $ours --beside sqlx
is "$(sha256sum app.db)" "$before" "reading changed nothing"
# shellcheck disable=SC2086
run "$LS_BIN" status $ours --beside nosuch
exits 2 "an unknown format"
like "$err" 'lockstep formats' "says how to list them"
# shellcheck disable=SC2086
run "$LS_BIN" status $ours --beside ecto
ok "a format that is only recognised is refused" test "$rc" -ne 0
like "$err" 'only known by name' "and says so"

# Nobody names the other tool's folder, and its files are not here: the one beside this one, as convert writes it.
# shellcheck disable=SC2086
run "$LS_BIN" convert --to goose $ours --yes
exits 0 "converted beside it"
# shellcheck disable=SC2086
run "$LS_BIN" status $ours --beside goose
like "$out" '^right   goose: migrations-goose, .*goose_db_version$' "the folder beside is found"
like "$out" '^        0 of 3 differ$' "and nothing differs"
