# Behind a real pgbouncer that gives each transaction another session: reading works, and leaves nothing set in the sessions that others get.
. "$LS_SRCDIR/tests/cli/lib.sh"

has_driver postgres || skip_all "this build has no PostgreSQL"
[ -n "${LS_TEST_PG_URL:-}" ] || skip_all "${LS_TEST_PG_SKIP:-no PostgreSQL}"
pgbouncer=$(PATH=$PATH:/usr/sbin command -v pgbouncer) || skip_all "pgbouncer is not there (Debian: pgbouncer)"
command -v psql >/dev/null 2>&1 || skip_all "psql is not there"

pool=$(mktemp -d "${TMPDIR:-/tmp}/ls-pool.XXXXXX") || exit 1
port=$((20000 + $$ % 20000))
cat >"$pool/ini" <<INI
[databases]
* = host=$LS_TEST_PG_HOST port=$LS_TEST_PG_PORT user=postgres pool_size=1
[pgbouncer]
listen_addr =
unix_socket_dir = $pool
listen_port = $port
auth_type = any
pool_mode = transaction
ignore_startup_parameters = extra_float_digits,options
logfile = $pool/log
INI
# It refuses to run as root.
if [ "$(id -u)" = 0 ]; then
    chown -R nobody "$pool"
    setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$pgbouncer" -q "$pool/ini" >"$pool/out" 2>&1 &
else
    "$pgbouncer" -q "$pool/ini" >"$pool/out" 2>&1 &
fi
pid=$!
trap 'kill $pid 2>/dev/null; rm -rf "$pool"' EXIT
url="postgresql:///postgres?host=$pool&port=$port&user=postgres"
i=0
while [ $i -lt 600 ] && ! psql "$url" -Atqc 'select 1' >/dev/null 2>&1; do
    kill -0 $pid 2>/dev/null || skip_all "pgbouncer does not start here: $(tail -n 1 "$pool/out")"
    sleep 0.1
    i=$((i + 1))
done

# What the next client of the one session finds.
left() {
    psql "$url" -Atqc "select current_setting('default_transaction_read_only'), current_setting('lock_timeout'), current_setting('statement_timeout'),
        current_setting('client_connection_check_interval')"
}
before=$(left)
mkdir m
echo 'CREATE TABLE pooled_a (i integer);' >m/0001_a.up.sql
echo 'SELECT 1;' >m/0001_a.down.sql

run "$LS_BIN" status --url "$url" --migrations m --format golang-migrate --statement-timeout 20s
is "$rc" 0 "status reads through a pooler"
like "$err" 'goes through a pooler' "and says that it is one"
is "$(left)" "$before" "nothing is left set in the session"
run "$LS_BIN" diff live live --url "$url" --migrations m
is "$rc" 0 "the catalogue is read through it"
is "$(left)" "$before" "nothing is left set by that either"
run "$LS_BIN" up --yes --url "$url" --migrations m --format golang-migrate
is "$rc" 3 "nothing is applied through it"
like "$err" 'nothing was run' "and that is said"
is "$(psql "$url" -Atqc "select to_regclass('pooled_a') is null")" t "nothing is there"
is "$(left)" "$before" "and nothing is left set"
done_testing
