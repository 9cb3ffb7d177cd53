# tests/cli/lib.sh: what the tests of the subcommands share.
#   in_dir NAME        an empty folder of that name to work in, with a .git so that no project file above it counts
#   demo_folder        the same with the demo project's migrations and a lockstep.conf for demo.db in it
#   json FILTER        the last run's stdout through jq -r
#   mortal CMD...      the command without root's right to read and write everything; false where that cannot be had
#   pg_new, pg_do      a new database's URL; SQL on it
#   waits_for_lock DB WHO KEY   `lockstep up` does nothing while somebody has WHO's advisory lock, and goes on when it is free
# shellcheck shell=sh

. "$LS_SRCDIR/tests/support/tap.sh"

in_dir() {
    mkdir -p "$LS_TEST_TMP/$1/.git" && cd "$LS_TEST_TMP/$1" || exit 1
}

demo_folder() {
    in_dir "$1"
    mkdir migrations && cp "$LS_SRCDIR"/migrations/*.sql migrations/
    printf '[env dev]\nurl = sqlite:demo.db\n' >lockstep.conf
}

mortal() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    else
        setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search -- "$@"
    fi
}

can_be_mortal() {
    mortal true 2>/dev/null
}

need_jq() {
    command -v jq >/dev/null 2>&1 || skip_all "jq is not installed"
}

json() {
    jq -r "$1" "$out_file" 2>&1
}

psql_() {
    "$LS_TEST_PG_CLIENTS/psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

pg_n=0
pg_new() { # sets pg_url to a new, empty database
    pg_n=$((pg_n + 1))
    pg_name=cli_$$_$pg_n
    psql_ -d "$LS_TEST_PG_URL" -c "create database $pg_name" || exit 1
    pg_url="postgresql:///$pg_name?host=$LS_TEST_PG_HOST&port=$LS_TEST_PG_PORT&user=postgres"
}

pg_do() { # SQL
    psql_ -d "$pg_url" -c "$1"
}

is_locked() { # DB
    [ "$(psql_ -d "$1" -c "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE locktype = 'advisory' AND granted AND datname = current_database()")" != 0 ]
}

is_free() { # DB
    ! is_locked "$1"
}

waits_for_lock() { # DB WHO KEY
    PGAPPNAME="somebody's $2" "$LS_TEST_PG_CLIENTS/psql" -X -q -A -t -d "$1" -c "SELECT pg_advisory_lock($3)" -c 'SELECT pg_sleep(300)' >/dev/null 2>&1 &
    pid=$!
    ok "$2: somebody has its lock" wait_for is_locked "$1"
    lockstep up --yes --lock-wait 200ms
    exits 3 "$2: lockstep starts nothing then"
    like "$err" "somebody's $2" "$2: and shows who it is"
    kill $pid
    wait $pid 2>/dev/null
    psql_ -d "$1" -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^somebody' AND datname = current_database()" >/dev/null
    ok "$2: the lock is free again" wait_for is_free "$1"
    lockstep up --yes
    exits 0 "$2: and lockstep goes on when it is free"
    ok "$2: no lock is left" is_free "$1"
}

# Whether this build has a driver: has_driver sqlite
has_driver() {
    "$LS_BIN" version | grep -q "[+]$1"
}

# Waits until a command succeeds, at most a minute and what the command takes.
wait_for() {
    wf_i=0
    until "$@"; do
        wf_i=$((wf_i + 1))
        [ "$wf_i" -lt 1200 ] || return 1
        sleep 0.05
    done
}
