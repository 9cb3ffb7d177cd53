# tests/support/sqitch.sh: a project of Sqitch, and sqitch and lockstep by turns on it (tests/cli/test_interop_sqitch*.sh). sqitch: $LS_TEST_SQITCH, else the
# one in PATH. Source it behind tests/cli/lib.sh; skips everything where there is none.
#   by_turns sqlite sqlite | by_turns postgres pg
#   project ENGINE, new_database NAME (with $driver), sqitch, lockstep
# shellcheck shell=sh

tool=${LS_TEST_SQITCH:-$(command -v sqitch 2>/dev/null)}
[ -n "$tool" ] && [ -x "$tool" ] || skip_all "sqitch is not installed (Debian: sqitch)"
command -v perl >/dev/null 2>&1 || skip_all "perl is not installed"

# Nothing of whoever runs this test.
HOME=$LS_TEST_TMP
PATH=$(dirname "$tool"):$PATH
export HOME PATH
unset SQITCH_CONFIG SQITCH_USER_CONFIG SQITCH_SYSTEM_CONFIG SQITCH_TARGET SQITCH_USERNAME SQITCH_PASSWORD

sqitch() { # as the team runs it
    run env SQITCH_TARGET="$target" "$tool" "$@"
}

lockstep() {
    run "$LS_BIN" "$@" --url "$url" --migrations .
}

project() { # ENGINE
    {
        printf '[core]\n\tengine = %s\n[user]\n\tname = Ann \303\226\n\temail = ann@example.com\n' "$1"
    } >sqitch.conf
    cat >sqitch.plan <<'EOF'
%syntax-version=1.0.0
%project=app
%uri=https://example.com/app/

a 2026-11-21T07:54:26Z Ann Ö <ann@example.com> # Adds a.
sub/b [a !another:x] 2026-11-21T07:55:01Z Ann Ö <ann@example.com> # Adds b\nin two lines
@v1.0 2026-11-21T07:55:02Z Ann Ö <ann@example.com> # the first
sub/b [sub/b@v1.0] 2026-11-21T07:56:00Z Ann Ö <ann@example.com> # b again
c [sub/b a] 2026-11-21T07:57:00Z Ann Ö <ann@example.com>
@v2.0 2026-11-21T07:57:01Z Ann Ö <ann@example.com> # the second
EOF
    mkdir -p deploy/sub revert/sub verify/sub
    printf -- '-- a\nBEGIN;\nCREATE TABLE a (id int);\nCOMMIT;\n' >deploy/a.sql
    printf 'DROP TABLE a;\n' >revert/a.sql
    printf 'SELECT id FROM a WHERE 1 = 0;\n' >verify/a.sql
    printf 'CREATE TABLE b (id int);\n' >deploy/sub/b@v1.0.sql
    printf 'DROP TABLE b;\n' >revert/sub/b@v1.0.sql
    # What only the client program understands.
    if [ "$1" = pg ]; then
        printf '\\set t b\nALTER TABLE :t ADD COLUMN n int;\n' >deploy/sub/b.sql
    else
        printf '.echo off\nALTER TABLE b ADD COLUMN n int;\n' >deploy/sub/b.sql
    fi
    printf 'ALTER TABLE b DROP COLUMN n;\n' >revert/sub/b.sql
    printf 'CREATE VIEW v AS SELECT a.id, b.n FROM a, b;\n' >deploy/c.sql
    printf 'DROP VIEW v;\n' >revert/c.sql
}

new_database() { # sets url, target and db (what registry wants)
    if [ "$driver" = sqlite ]; then
        mkdir -p "$1"
        db=$PWD/$1/sqitch.db url=sqlite:$PWD/$1/app.db target=db:sqlite:$PWD/$1/app.db
    else
        pg_new
        PGHOST=$LS_TEST_PG_HOST PGPORT=$LS_TEST_PG_PORT PGUSER=postgres
        export PGHOST PGPORT PGUSER
        db=$pg_url url=$pg_url target=db:pg:$pg_name
    fi
}

# Everything that sqitch keeps, but for the times at which it was written.
registry() {
    for t in 'change_id, script_hash, change, project, note, committer_name, committer_email, planned_at, planner_name, planner_email FROM changes' \
        'event, change_id, change, project, note, requires, conflicts, tags, committer_name, committer_email, planned_at, planner_email FROM events' \
        'tag_id, tag, project, change_id, note, planned_at, planner_name FROM tags' \
        'change_id, type, dependency, dependency_id FROM dependencies' \
        'project, uri, creator_name FROM projects'; do
        case $t in
        *dependencies | *projects) order='1, 3' ;;
        *) order='committed_at' ;;
        esac
        if [ "$driver" = sqlite ]; then
            sqlite3 "$db" "SELECT $t ORDER BY $order"
        else
            psql_ -d "$db" -c "SELECT $(printf '%s' "$t" | sed 's/FROM /FROM sqitch./') ORDER BY $order"
        fi || return 1
    done
}

is_locked() {
    [ "$(psql_ -d "$db" -c "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE locktype = 'advisory' AND granted AND datname = current_database()")" != 0 ]
}

is_free() {
    ! is_locked
}

by_turns() { # DRIVER ENGINE
    driver=$1
    in_dir "$1"
    project "$2"

    new_database alone
    sqitch deploy
    exits 0 "$1: sqitch deploys all"
    all=$(registry)
    like "$all" 'v2.0' "$1: and has its tags"
    sqitch revert -y --to-change sub/b@v1.0
    half=$(registry)

    # The tool first.
    new_database tool-first
    sqitch deploy --to-change sub/b@v1.0
    exits 0 "$1: sqitch deploys a half"
    lockstep status
    like "$out" '3 applied, 3 pending' "$1: lockstep sees it"
    like "$out" '✓ +@v1.0' "$1: and the tag"
    like "$out" 'Ann Ö' "$1: and who it was"
    lockstep up --yes
    exits 0 "$1: lockstep lets the rest be deployed"
    like "$err" 'sqitch: +\+ c' "$1: and passes on what sqitch says"
    is "$(registry)" "$all" "$1: the registry is what sqitch alone makes"
    sqitch deploy
    like "$out" 'up-to-date' "$1: sqitch has nothing to do"
    sqitch check
    exits 0 "$1: and finds nothing wrong"
    lockstep verify
    exits 0 "$1: lockstep lets sqitch verify"
    like "$out" '1 verify statement run, 0 failed' "$1: and counts what was run"
    printf 'SELECT id FROM nope;\n' >verify/a.sql
    lockstep verify
    exits 6 "$1: a verify script fails"
    like "$out" 'error +verify-failed +a +verify/a.sql .*nope' "$1: with its place and the database's words"
    lockstep verify --no-run
    exits 0 "$1: --no-run runs none"
    lockstep verify --read-only
    like "$out" 'verify-not-run' "$1: nor does a read-only session"
    printf 'SELECT id FROM a WHERE 1 = 0;\n' >verify/a.sql
    lockstep down 2 --yes
    exits 0 "$1: lockstep lets two be reverted"
    is "$(registry)" "$half" "$1: the registry is what sqitch alone makes of it"
    lockstep status
    like "$out" '3 applied, 1 pending, 2 rolled-back' "$1: what was reverted has its history"
    sqitch revert -y
    exits 0 "$1: sqitch reverts the rest"
    lockstep status
    like "$out" '2 pending, 4 rolled-back' "$1: lockstep sees nothing deployed"

    # lockstep first, on a database that is not there yet.
    new_database lockstep-first
    lockstep plan
    like "$out" "sqitch deploy --registry sqitch --to-change" "$1: the plan names the command"
    unlike "$out" "password=[^<']" "$1: and no password"
    lockstep up 2 --yes
    exits 0 "$1: lockstep lets a half be deployed, on an empty database"
    sqitch deploy
    exits 0 "$1: sqitch deploys the rest"
    is "$(registry)" "$all" "$1: the registry is what sqitch alone makes"
    lockstep up --yes
    exits 0 "$1: lockstep has nothing to do"
    like "$out$err" '[Nn]othing' "$1: and says so"
    lockstep to @v1.0 --yes
    exits 0 "$1: lockstep goes back to a tag"
    is "$(registry)" "$half" "$1: the registry is what sqitch alone makes of it"
    if [ "$1" = sqlite ]; then
        before=$(cksum lockstep-first/*)
        for words in status plan log 'verify --no-run' conflicts; do lockstep $words; done
        is "$(cksum lockstep-first/*)" "$before" "$1: looking changes neither file, and makes none"
    fi

    # Somebody has the tool's lock: nothing is started.
    if [ "$1" = postgres ]; then
        key=75474063
        PGAPPNAME="somebody's sqitch" "$LS_TEST_PG_CLIENTS/psql" -X -q -A -t -d "$db" -c "SELECT pg_advisory_lock($key)" -c 'SELECT pg_sleep(300)' >/dev/null 2>&1 &
        pid=$!
        ok "$1: somebody has the lock" wait_for is_locked
        lockstep up --yes --lock-wait 200ms
        exits 3 "$1: lockstep starts nothing then"
        like "$err" "somebody's sqitch" "$1: and shows who it is"
        kill $pid
        wait $pid 2>/dev/null
        psql_ -d "$db" -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^somebody' AND datname = current_database()" >/dev/null
        ok "$1: it is free again" wait_for is_free
        lockstep up --yes
        exits 0 "$1: and goes on when it is free"
        ok "$1: no lock is left" is_free
    fi

    # A database that has it all and no registry.
    new_database adopted
    if [ "$1" = sqlite ]; then sqlite3 "$PWD/adopted/app.db" 'CREATE TABLE a (id int); CREATE TABLE b (id int)'; else psql_ -d "$db" -c 'CREATE TABLE a (id int); CREATE TABLE b (id int)'; fi
    lockstep adopt sub/b@v1.0 --yes
    exits 0 "$1: adopt"
    like "$out$err" 'by the tool, one at a time' "$1: is written by sqitch"
    sqitch status
    like "$out" 'Tag: +@v1.0' "$1: which takes the database to be there"
    sqitch deploy
    exits 0 "$1: and goes on from it"

    # A mark: sqitch's own --log-only.
    new_database marked
    lockstep mark a applied --yes
    exits 0 "$1: mark"
    sqitch log --oneline --no-color
    like "$out" 'deploy app:a' "$1: sqitch takes it for deployed"
    lockstep mark c applied --yes
    exits 3 "$1: what is not the next is refused"
    like "$err" 'sub/b@v1.0 comes first' "$1: with the reason"
    lockstep mark a pending --yes
    exits 0 "$1: and back"
    sqitch status
    like "$out$err" 'No changes deployed' "$1: sqitch agrees"

    # A script that fails, and one that was changed.
    printf 'CREATE TABLE a (id int);\nCRATE x;\n' >deploy/a.sql
    lockstep up --yes
    ok "$1: a script that fails is a failure" test "$rc" -ne 0
    like "$err" 'CRATE' "$1: with the words of the client program"
    lockstep status
    like "$out" 'rolled-back' "$1: sqitch has noted it"
    new_database changed
    printf -- '-- a\nBEGIN;\nCREATE TABLE a (id int);\nCOMMIT;\n' >deploy/a.sql
    sqitch deploy --to-change a
    printf -- '-- changed\n' >>deploy/a.sql
    lockstep status
    like "$out" 'a +Adds a. +modified' "$1: a changed script is seen"
    # A note is edited: every id from there on is another one.
    sed 's/# Adds a\./# Adds A./' sqitch.plan >plan.new && mv plan.new sqitch.plan
    lockstep up --yes
    exits 3 "$1: an edited plan is refused"
    like "$err" "a is deployed as d1708af59ed5, .* because its note was edited" "$1: and explained"
    sqitch deploy
    ok "$1: as sqitch refuses it" test "$rc" -ne 0
    lockstep verify
    like "$out" 'tool-refuses' "$1: verify says it too"
}
