# backup and backups on SQLite.
. "$LS_SRCDIR/tests/cli/lib.sh"
has_driver sqlite || skip_all "this build has no SQLite"
need_jq
demo_folder backup

run "$LS_BIN" backups
exits 0 "no backups yet"
is "$out" "" "is an empty list"
run "$LS_BIN" backups --json
is "$(json '.backups | length')" 0 "also as JSON"
run "$LS_BIN" backup
ok "nothing to back up" test "$rc" -ne 0
like "$err" 'demo.db' "names what is not there"
ok "and leaves nothing" test ! -d backups -o -z "$(ls -A backups 2>/dev/null)"

run "$LS_BIN" up 5 --yes
run "$LS_BIN" backup --read-only
exits 3 "--read-only"
run "$LS_BIN" backup
exits 0 "backup"
path=$out
like "$path" '^backups/demo-005-[0-9]{14}$' "prints the folder: target, version, time"
like "$err" 'read back' "and says that it was read back"
ok "with a manifest" test -s "$path/manifest.json"
is "$(jq -r .version "$path/manifest.json" 2>&1)" 005 "that is JSON"
if command -v sqlite3 >/dev/null 2>&1; then
    is "$(sqlite3 "$path/database.sqlite" 'SELECT count(*) FROM messages')" 10000 "the copy has the rows"
fi
name=${path##*/}
run "$LS_BIN" backups
like "$out" "^$name +demo +005 " "backups lists it"
run "$LS_BIN" backups --csv
is "$(printf '%s\n' "$out" | head -n 1 | tr -d '\r')" "name,target,version,created_at,size,state" "backups --csv"
run "$LS_BIN" backups verify "$name"
exits 0 "backups verify"
run "$LS_BIN" backups verify nothere
ok "one that is not there" test "$rc" -ne 0
run "$LS_BIN" backups verify ../backup
ok "a name that leads out of the folder" test "$rc" -ne 0

# A damaged one: the same size, other bytes.
cp "$path/database.sqlite" good
older=backups/demo-004-20220101000000
cp -r "$path" "$older"
jq '.created_at = "2022-01-01T00:00:00Z"' "$path/manifest.json" >"$older/manifest.json"
printf 'x' | dd of="$path/database.sqlite" bs=1 seek=5000 conv=notrunc 2>/dev/null
run "$LS_BIN" backups verify "$name" --read-only
exits 6 "a damaged one"
run "$LS_BIN" backups --json
is "$(json '.backups[0].state')" "read back" "with --read-only nothing is written down"
run "$LS_BIN" backups verify "$name"
exits 6 "a damaged one"
like "$err" 'database.sqlite' "names the file"
run "$LS_BIN" backups verify "$name"
run "$LS_BIN" backups
like "$out" "^$name .* damaged: .*database.sqlite" "the list knows it from then on"
run "$LS_BIN" backups --json
is "$(json '.backups[] | "\(.name) \(.complete) \(.state[:9])"' | tr '\n' ' ')" "$name false damaged:  demo-004-20220101000000 true read back " "also as JSON"
is "$(jq -r '.state | map(.state[:9]) | join(",")' "$path/manifest.json")" "written,read back,damaged: " "it is written down once, in the manifest"
run "$LS_BIN" backups prune --keep 1 --yes
exits 0 "prune"
is "$out" "" "does not count it as the one to keep"
ok "the good one stays" test -s "$older/database.sqlite"
ok "the damaged one too, to be looked at" test -s "$path/database.sqlite"
rm -r "$older"
cp good "$path/database.sqlite"
run "$LS_BIN" backups verify "$name"
exits 0 "put right"
run "$LS_BIN" backups
like "$out" "^$name .* read back$" "it is good again"

# Pruning never asks for more than it was told.
mkdir old && cp -r "$path" old/
for stamp in 20200101000000 20210101000000; do
    cp -r "$path" "backups/demo-004-$stamp"
    jq --arg n "demo-004-$stamp" --arg t "${stamp%??????????}-01-01T00:00:00Z" '.name = $n | .created_at = $t' "$path/manifest.json" \
        >"backups/demo-004-$stamp/manifest.json"
done
run "$LS_BIN" backups --keep 1 --yes
exits 2 "limits without the word prune are not passed over"
like "$err" 'go with prune; nothing was removed' "which is said"
run "$LS_BIN" backups prune --keep 1
exits 3 "prune without a terminal"
run "$LS_BIN" backups prune --keep 1 --dry-run
exits 0 "prune --dry-run"
is "$(printf '%s\n' "$out" | sort | tr '\n' ' ')" "demo-004-20200101000000 demo-004-20210101000000 " "says what it would remove"
is "$(find backups -mindepth 1 -maxdepth 1 | wc -l | tr -d ' ')" 3 "and removes nothing"
run "$LS_BIN" backups prune --older-than 1d --keep 2 --yes --json
exits 0 "prune"
is "$(json '.removed | length')" 2 "removes what either limit names"
ok "the newest stays" test -d "$path"
run "$LS_BIN" backups prune --keep 0 --yes
ok "even with --keep 0" test -d "$path"
run "$LS_BIN" backups prune --older-than 0s --yes
ok "and with any age" test -d "$path"

done_testing
