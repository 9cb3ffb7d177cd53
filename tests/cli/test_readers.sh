# A command that only looks opens the database read-only. Seen at a WAL that a program which was killed left behind: whoever may write moves it
# into the database and removes it when he closes, whoever may not leaves both as they are.
. "$LS_SRCDIR/tests/cli/lib.sh"
has_driver sqlite || skip_all "this build has no SQLite"
command -v sqlite3 >/dev/null 2>&1 || skip_all "sqlite3 is not installed"
demo_folder readers
run "$LS_BIN" up 5 --yes
exits 0 "there is something to look at"
printf 'SELECT 1;\n' >migrations/001_create_agents.verify.sql
printf '%s\n' 'PRAGMA journal_mode = wal;' 'CREATE TABLE in_wal (i);' 'INSERT INTO in_wal VALUES (1);' \
    '.shell cp demo.db kept.db; cp demo.db-wal kept.db-wal' | sqlite3 demo.db >/dev/null
ok "the WAL holds something" test -s kept.db-wal

for c in status 'status --check' 'status --json' plan 'plan down' 'plan to 1' verify log 'log --json' 'up --yes --read-only' 'mark 6 applied --yes --read-only'; do
    rm -f seen.db*
    cp kept.db seen.db
    cp kept.db-wal seen.db-wal
    # shellcheck disable=SC2086
    run "$LS_BIN" $c --url sqlite:seen.db
    case $rc in
    0 | 3 | 6) ;;
    *) fail "$c ended with $rc" && tap_show_run ;;
    esac
    ok "$c leaves the database as it is" cmp -s kept.db seen.db
    ok "$c leaves the WAL as it is" cmp -s kept.db-wal seen.db-wal
done

# The other way round: the test sees it.
rm -f seen.db*
cp kept.db seen.db
cp kept.db-wal seen.db-wal
run "$LS_BIN" up 1 --yes --url sqlite:seen.db
exits 0 "a command that writes"
ok "takes the WAL in" test ! -s seen.db-wal
is "$(sqlite3 seen.db 'SELECT count(*) FROM in_wal')" 1 "with what was in it"
done_testing
