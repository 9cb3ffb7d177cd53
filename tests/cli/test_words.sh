# Words and options: help, mistakes, the tables behind them.
. "$LS_SRCDIR/tests/cli/lib.sh"
in_dir words

run "$LS_BIN" --help
exits 0 "--help"
like "$out" '^usage: lockstep' "help is data"
is "$err" "" "help says nothing on stderr"
unlike "$out" ' $' "no line of the help ends in a blank"
for c in $("$LS_BIN" --dump-options | sed -n 's/^command //p'); do
    run "$LS_BIN" "$c" --help
    exits 0 "$c --help"
    like "$out" "^usage: lockstep $c" "$c --help names itself"
    is "$("$LS_BIN" help "$c")" "$out" "help $c says the same"
done
run "$LS_BIN" --version
exits 0 "--version"
like "$out" '^lockstep [0-9]+\.[0-9]+' "and prints it"

run "$LS_BIN" </dev/null
exits 2 "no command and no terminal"
like "$err" 'needs a terminal' "says why the console does not open"
is "$out" "" "nothing on stdout"

run "$LS_BIN" statsu
exits 2 "a misspelt command"
like "$err" 'did you mean .lockstep status' "names the nearest"
run "$LS_BIN" status --jsn
exits 2 "a misspelt option"
like "$err" 'did you mean --json' "names the nearest"
run "$LS_BIN" status --offsets
exits 2 "an option of another command"
like "$err" 'status has no option --offsets' "says whose it is not"
run "$LS_BIN" --check
exits 2 "an option that needs a command"
run "$LS_BIN" status extra
exits 2 "a word too many"
like "$err" "'extra' is one word too many" "names it"
run "$LS_BIN" to
exits 2 "a word missing"
like "$err" 'to wants VERSION' "names it"
run "$LS_BIN" status --url
exits 2 "an option without its value"
like "$err" '--url wants a value: URL' "says what it wants"
run "$LS_BIN" status --url=
exits 2 "an empty value"
run "$LS_BIN" status --json=yes
exits 2 "a flag with a value"
run "$LS_BIN" status --lock-timeout 3
exits 2 "a time without its unit"
like "$err" '500ms, 3s, 2min or 1h' "says how a time is written"
run "$LS_BIN" log -n x
exits 2 "a number that is none"
run "$LS_BIN" status -Z
exits 2 "an unknown letter"
run "$LS_BIN" up 0
exits 2 "up 0"
run "$LS_BIN" up -- -1
exits 2 "up -1"
run "$LS_BIN" up 99999999999999999999
exits 2 "up with a number that is too large"
run "$LS_BIN" plan sideways
exits 2 "plan of something else"
run "$LS_BIN" mark 1
exits 2 "mark without its second word"
run "$LS_BIN" mark 1 maybe
exits 2 "mark as something else"
run "$LS_BIN" backups prune
exits 2 "prune without a limit"
run "$LS_BIN" backups prune --older-than 30
exits 2 "an age without its unit"
run "$LS_BIN" status
exits 2 "no database is named"
like "$err" '--url sqlite:app.db' "shows how to name one"
run "$LS_BIN" status --url 'mysql://h/d'
exits 2 "a URL of another database"
like "$err" 'sqlite:' "shows the forms there are"
run "$LS_BIN" up --read-only --url sqlite:x.db
exits 3 "--read-only stops what writes"
mkdir -p ro_migrations && printf 'CREATE TABLE a (i);\n' >ro_migrations/001_a.up.sql
run "$LS_BIN" conflicts --read-only --migrations ro_migrations --format lockstep
unlike "$err" 'was asked for' "but not the look at conflicts"
run "$LS_BIN" conflicts --finish --read-only --migrations ro_migrations --format lockstep
exits 3 "which writes with --finish"
run "$LS_BIN" renumber --dry-run --read-only --migrations ro_migrations --format lockstep
unlike "$err" 'was asked for' "nor a dry run"
rm -r ro_migrations
ok "and no file is made" test ! -e x.db

# Errors as JSON.
if command -v jq >/dev/null 2>&1; then
    run "$LS_BIN" statsu --json
    is "$(json .error.code)" usage "a mistake is JSON with --json"
    like "$err" 'there is no command' "and text on stderr all the same"
    run "$LS_BIN" status --json
    is "$(json .error.message)" "no database is named" "so is a missing database"
    for c in $("$LS_BIN" --dump-options | sed -n 's/^command //p'); do
        run "$LS_BIN" "$c" --help --json
        is "$(json '.name + " " + (.options_everywhere | map(.name) | contains(["url", "json"]) | tostring)')" "$c true" "$c --help --json"
    done
    run "$LS_BIN" help up --json
    is "$(json '.options | map(.name) | join(" ")')" "backup no-backup out-of-order" "help up --json lists its options"
    run "$LS_BIN" help --json
    is "$(json '.commands | map(.name) | join(" ")')" "$("$LS_BIN" --dump-options | sed -n 's/^command //p' | tr '\n' ' ' | sed 's/ $//')" "help --json lists the commands"
    run "$LS_BIN" version --json
    like "$(json .version)" '^[0-9]' "version --json"
else
    skip "jq is not installed" "errors as JSON"
fi

# Output that cannot be written is no success.
if [ -c /dev/full ]; then
    "$LS_BIN" --help >/dev/full 2>"$err_file"
    is "$?" 1 "a full disk is told"
    like "$(cat "$err_file")" 'could not be written' "with the reason"
fi

# Output of more than a buffer and more than a pipe holds, which is written before the end: who does not read on is no mistake, and a failure has no reason any more.
mkdir -p many && i=0
while [ "$i" -lt 800 ]; do
    i=$((i + 1))
    echo "CREATE TABLE t$i (a INTEGER, b TEXT);"
done >many/001_t.up.sql
if "$LS_BIN" snapshot dir:many --dialect sqlite >many.json 2>"$err_file"; then
    ok "it is more than a pipe holds" test "$(wc -c <many.json)" -gt 80000
    mkfifo pipe
    head -c 1 <pipe >/dev/null &
    "$LS_BIN" snapshot dir:many --dialect sqlite >pipe 2>"$err_file"
    is "$?" 1 "a reader that is gone is told in the exit code"
    unlike "$(cat "$err_file")" 'could not be written' "and not said"
    wait
    if [ -c /dev/full ]; then
        "$LS_BIN" snapshot dir:many --dialect sqlite >/dev/full 2>"$err_file"
        is "$?" 1 "a disk that was full before the end is told"
        like "$(cat "$err_file")" 'could not be written' "in words"
        unlike "$(cat "$err_file")" 'Success' "and not called a success"
    fi
else
    skip "$(head -n 1 "$err_file")" "output of more than a buffer"
fi

# Completions: made from the same tables, and the shells take them.
for shell in bash zsh fish; do
    run "$LS_BIN" --generate-completion $shell
    exits 0 "completion for $shell"
    cp "$out_file" completion.$shell
    for o in $("$LS_BIN" --dump-options | sed -n 's/^option --\([a-z-]*\).*/\1/p'); do
        grep -Eq -- "(--|-l )$o" completion.$shell || fail "$shell completes --$o"
    done
    if command -v $shell >/dev/null 2>&1; then
        ok "$shell can read it" $shell -n completion.$shell
    else
        skip "no $shell here" "$shell can read it"
    fi
done
run "$LS_BIN" --generate-completion csh
exits 2 "no completion for csh"
complete_bash() { # WORD...: what bash would offer for the last one
    bash -c '. ./completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lockstep; printf "%s\n" "${COMPREPLY[@]}"' bash "$@" | tr '\n' ' '
}
is "$(complete_bash lockstep sta)" "status " "bash completes a command"
is "$(complete_bash lockstep status --che)" "--check " "bash completes an option"
is "$(complete_bash lockstep -e dev mark 7 app)" "applied " "bash completes a word at its place"
is "$(complete_bash lockstep split --dialect s)" "sqlite " "bash completes a value"
is "$(complete_bash lockstep split --dialect = s)" "sqlite " "also behind ="
is "$(complete_bash lockstep --url = x mark 7 app)" "applied " "which is not a word of its own"
printf '[env staging]\n[env stable]\n' >lockstep.conf
is "$(complete_bash lockstep -e st)" "staging stable " "bash completes an environment"
printf '[env $(touch${IFS}pwned)]\n[env `touch${IFS}pwned`]\n[env prod-1]\n' >lockstep.conf
is "$(complete_bash lockstep -e '')" "prod-1 " "and no code in place of one"
is "$(ls pwned 2>/dev/null)" "" "nor runs it"

done_testing
