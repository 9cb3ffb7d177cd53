# No password in anything that is printed, for people or as JSON, wherever the URL came from and whatever goes wrong; none in the journal.
. "$LS_SRCDIR/tests/cli/lib.sh"
canary=hunter2secret

quiet_about_it() { # CLAIM: neither stream of the last run has the password
    if grep -q "$canary" "$out_file" "$err_file"; then
        fail "$1"
        tap_show_run
    else
        pass "$1"
    fi
}

fresh() {
    in_dir "$1"
    mkdir -p migrations
    printf -- '-- lockstep: transaction\nCREATE TABLE a (i int);\n' >migrations/001_a.up.sql
    printf 'DROP TABLE a;\n' >migrations/001_a.down.sql
}

each() { # CLAIM COMMANDS OPTION...: every command, for people and as JSON
    each_claim=$1
    printf '%s\n' "$2" | tr '|' '\n' >commands
    shift 2
    while IFS= read -r c; do
        for way in '' --json; do
            # shellcheck disable=SC2086
            run "$LS_BIN" $c $way "$@"
            quiet_about_it "$each_claim: $c $way"
        done
    done <commands
}

if has_driver postgres; then
    # --- nobody answers: the address is in the message, the password is not ---
    fresh from_everywhere
    url="postgres://ann:$canary@127.0.0.1:1/db"
    each "--url" 'status|up --yes|plan|log|verify|backup|mark 1 applied --yes' --url "$url"
    run "$LS_BIN" status --url "$url"
    exits 1 "nobody answers there"
    like "$err" '127.0.0.1' "the message says where"
    LOCKSTEP_URL=$url run "$LS_BIN" status
    quiet_about_it "LOCKSTEP_URL"
    exits 1 "it was read"
    LOCKSTEP_URL=$url run "$LS_BIN" status --json
    quiet_about_it "LOCKSTEP_URL, as JSON"
    printf 'LOCKSTEP_URL=%s\n' "$url" >.env
    run "$LS_BIN" status
    quiet_about_it ".env"
    rm .env
    printf '[env dev]\nurl = %s\n' "$url" >lockstep.conf
    chmod 600 lockstep.conf
    each "lockstep.conf" 'status|up --yes|init|formats'
    rm lockstep.conf

    # --- URLs that cannot be used, which parsers like to print ---
    for bad in "postgres://ann:$canary@[h/d" "postgre://ann:$canary@h/d" "postgres//ann:$canary@h/d" "postgres://ann:$canary@h:port/d" \
        "postgres://ann@h/d?password=$canary&what=x" "host=h password=$canary what=x" "mysql://ann:$canary@h/d" "postgres://ann:x%zz$canary@h/d"; do
        each "$(echo "$bad" | sed "s/$canary/.../")" 'status|up --yes' --url "$bad"
    done
fi

if has_driver sqlite; then
    # --- the database's own words, which hold what the file holds ---
    fresh words
    printf 'SELECT * FROM "password=%s";\n' "$canary" >migrations/002_b.up.sql
    LOCKSTEP_URL=sqlite:a.db
    export LOCKSTEP_URL
    run "$LS_BIN" up --yes
    exits 1 "the second one fails"
    like "$out$err" 'no such table: password=\*\*\*' "for the reason that the database gave"
    quiet_about_it "up --yes"
    run "$LS_BIN" up --yes --json
    exits 1 "and fails again"
    like "$out" 'no such table: password=\*\*\*' "as JSON for the same reason"
    each "afterwards" 'status|log|log -n 0|verify'
    if command -v sqlite3 >/dev/null 2>&1; then
        unlike "$(sqlite3 a.db 'SELECT * FROM lockstep_journal')" "$canary" "the journal has it not"
    fi
    printf 'SELECT 1;\n' >"migrations/003_password=$canary.up.sql"
    each "in a file's name" 'status|verify|mark 3 applied|up 1'
    unset LOCKSTEP_URL
fi

if has_driver postgres && [ -n "${LS_TEST_PG_TCP_URL:-}" ]; then
    # --- a server that wants the password, and gets it ---
    fresh right
    canary=$LS_TEST_PG_PASSWORD
    pg_new
    pg_do 'GRANT ALL ON SCHEMA public TO lockstep_pw'
    LOCKSTEP_URL=$(echo "$LS_TEST_PG_TCP_URL" | sed "s#/postgres\$#/$pg_name#")
    export LOCKSTEP_URL
    each "connected" 'status|up --yes|log|plan|verify|backup|backups|down --yes'
    run "$LS_BIN" status
    exits 0 "it was let in"
    unlike "$(pg_do 'SELECT * FROM lockstep_journal')" "$canary" "the journal has it not"
else
    skip "${LS_TEST_PG_SKIP:-no PostgreSQL}" "a server that wants the password"
fi

# --- no core file once a password is in memory, wherever it came from ---
hard_limit() {
    sed -n 's/^Max core file size *[^ ]* *\([^ ]*\).*/\1/p' "/proc/$1/limits"
}
waits() { # PID: it is lockstep by now, and sleeps
    [ "$(cat "/proc/$1/comm")" = lockstep ] && grep -q ') S ' "/proc/$1/stat"
}
is_forbidden() {
    [ "$(hard_limit "$1")" = 0 ]
}
with() { # CLAIM forbidden|allowed "NAME=VALUE..." OPTION...: of a lockstep that waits for its input
    with_claim=$1 with_wanted=$2 with_env=$3
    shift 3
    rm -f in
    mkfifo in
    # shellcheck disable=SC2086
    env -u LOCKSTEP_CORES -u LOCKSTEP_URL -u LS_TEST_PG_TCP_URL -u LS_TEST_PG_PASSWORD $with_env "$LS_BIN" split - --dialect sqlite "$@" <in >waited 2>&1 &
    with_pid=$!
    exec 7>in
    if [ "$with_wanted" = forbidden ]; then
        ok "$with_claim" wait_for is_forbidden $with_pid
    else
        ok "it waits" wait_for waits $with_pid
        isnt_forbidden=$(hard_limit $with_pid)
        unlike "$isnt_forbidden" '^0$' "$with_claim"
    fi
    exec 7>&-
    wait $with_pid
}
if [ -r /proc/self/limits ] && [ "$(hard_limit self)" != 0 ]; then
    fresh core
    with "core files are allowed as they were" allowed A=b
    with "and forbidden with a password on the command line" forbidden A=b --url "postgres://ann:$canary@h/d"
    with "or in LOCKSTEP_URL" forbidden "LOCKSTEP_URL=postgres://ann:$canary@h/d"
    with "or in a variable of any name" forbidden "SOME_URL=postgres://ann:$canary@h/d"
    with "or in libpq's own" forbidden "PGPASSWORD=$canary"
    with "but not where LOCKSTEP_CORES wants them" allowed "PGPASSWORD=$canary LOCKSTEP_CORES=1"
else
    skip "core files are forbidden here anyway" "core files"
fi
done_testing
