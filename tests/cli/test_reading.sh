# What only looks changes no byte and makes no table; what was refused or not confirmed neither. What was agreed to is what runs.
. "$LS_SRCDIR/tests/cli/lib.sh"
looks='status|status --check|status --csv|plan|plan down|plan to 1|verify|log|backups|split migrations/001_create_agents.up.sql|help'
refused='up|down|to 1|mark 6 applied|mark 5 pending|up --yes --read-only|up --yes --confirm other.db|backups prune --keep 1'

each() { # LIST OPTION...: runs the commands of a list; what they say is not the subject here
    each_list=$1
    shift
    printf '%s\n' "$each_list" | tr '|' '\n' >commands
    while IFS= read -r c; do
        # shellcheck disable=SC2086
        run "$LS_BIN" $c "$@"
        case $rc in
        0 | 3 | 6) ;;
        *) fail "$c $* ended with $rc" && tap_show_run ;;
        esac
    done <commands
}

if has_driver sqlite && command -v sqlite3 >/dev/null 2>&1; then
    demo_folder sqlite
    run "$LS_BIN" up 5 --yes
    for mode in delete wal; do
        sqlite3 demo.db "PRAGMA journal_mode = $mode" >/dev/null
        cksum demo.db* >before
        each "$looks"
        each "$refused"
        is "$(cksum demo.db*)" "$(cat before)" "SQLite, $mode: not a byte has changed, and no file is new"
    done

    # --- while somebody thinks about the question ---
    if command -v script >/dev/null 2>&1; then
        ask() { # COMMAND: starts it on a terminal and waits for its question
            rm -f answer asked
            mkfifo answer
            script -qfec "'$LS_BIN' $1" asked <answer >/dev/null 2>&1 &
            asking=$!
            exec 7>answer
            ok "$1 asks" wait_for grep -q 'Go on' asked
        }
        agree() {
            printf 'y\n' >&7
            wait $asking
            rc=$?
            exec 7>&-
            out=$(tr -d '\r' <asked)
        }
        ask 'up 1'
        printf 'DROP TABLE messages;\n' >>migrations/006_archive_conversations.up.sql
        agree
        is "$rc" 3 "a file that changed after the question is refused"
        like "$out" 'changed since the plan was made; nothing was run' "with the reason"
        cp "$LS_SRCDIR/migrations/006_archive_conversations.up.sql" migrations/
        ask 'up 1'
        "$LS_BIN" up 1 --yes --quiet >/dev/null 2>&1
        agree
        is "$rc" 3 "so is a ledger that changed"
        is "$(sqlite3 demo.db 'SELECT max(version) FROM schema_migrations')" 6 "and nothing runs twice"
    else
        skip "no script(1)" "changes behind the question"
    fi

    # --- four at once: one runs, the others are told ---
    rm demo.db
    for n in 1 2 3 4; do
        (
            "$LS_BIN" up --yes --quiet >"at.$n" 2>&1
            echo $? >"rc.$n"
        ) &
    done
    wait
    # One that starts when all is over finds nothing to do.
    like "$(sort rc.? | tr '\n' ' ')" '^0 [03] [03] [03] $' "of four that start at once on a new file one runs, and the others are refused"
    is "$(sqlite3 demo.db "SELECT count(*), count(DISTINCT version) FROM lockstep_journal WHERE event = 'applied'")" "8|8" "each migration ran once"
    run "$LS_BIN" log --json -n 0
    like "$out" '"first_broken_seq": 0' "and the journal's chain is whole"
fi

if has_driver postgres && [ -n "${LS_TEST_PG_URL:-}" ]; then
    in_dir postgres
    mkdir migrations && cp "$LS_SRCDIR"/migrations/001*.sql migrations/
    printf 'DROP TABLE agents;\n' >migrations/001_create_agents.down.sql
    relations="SELECT coalesce(string_agg(relname || relfilenode, ' ' ORDER BY relname), 'none') FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    pg_new
    each "$looks" --url "$pg_url"
    each "up|mark 1 applied" --url "$pg_url"
    is "$(pg_do "$relations")" none "PostgreSQL: looking makes no relation"
    pg_do 'CREATE TABLE a (i int)'
    run "$LS_BIN" mark 1 applied --yes --url "$pg_url"
    before=$(pg_do "$relations")
    rows=$(pg_do 'SELECT count(*) FROM lockstep_journal')
    each "$looks" --url "$pg_url"
    each "up|down|mark 1 pending" --url "$pg_url"
    is "$(pg_do "$relations")" "$before" "PostgreSQL: nor rewrites one"
    is "$(pg_do 'SELECT count(*) FROM lockstep_journal')" "$rows" "nor adds to the journal"
else
    skip "${LS_TEST_PG_SKIP:-no PostgreSQL}" "PostgreSQL: looking makes no relation"
fi

done_testing
