#!/bin/sh
# What the header line says about the connection, and what is refused, for each sslmode against a server with TLS of its own.
. "$LS_SRCDIR/tests/support/tap.sh"

probe=$LS_BUILDDIR/tests/contract/db_probe
pg=$LS_SRCDIR/tests/support/pg

[ -z "${LS_TEST_NO_PG:-}" ] || skip_all "told to start no server (LS_TEST_NO_PG)"
[ -x "$probe" ] || skip_all "built without PostgreSQL"
command -v openssl >/dev/null 2>&1 || skip_all "openssl is not there to make certificates"
# The cluster gets its own folder: the shared one is not to change under the other tests.
vars=$("$pg" start 2>pg.err) || skip_all "$(tail -n 1 pg.err)"
eval "$vars"
trap '"$pg" stop "$LS_TEST_PG_DIR"' EXIT
trap 'exit 130' INT TERM HUP
[ -n "${LS_TEST_PG_TCP_URL:-}" ] || skip_all "no loopback port for the server"

make_ca() { # NAME
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$1.key" -out "$1.pem" >>openssl.log 2>&1
}
make_ca right && make_ca wrong &&
    openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr >>openssl.log 2>&1 &&
    openssl x509 -req -in server.csr -CA right.pem -CAkey right.key -CAcreateserial -days 2 -out server.crt >>openssl.log 2>&1 ||
    { diag "$(cat openssl.log)"; fail "certificates"; done_testing; exit; }

url() { # HOST PARAMETERS
    printf 'postgresql://lockstep_pw:%s@%s:%s/postgres?%s' "$LS_TEST_PG_PASSWORD" "$1" "$LS_TEST_PG_PORT" "$2"
}

run "$probe" "$(url 127.0.0.1 sslmode=prefer)"
is "$out" plain "no TLS at the server, prefer: said to be plain"
run "$probe" "$(url 127.0.0.1 sslmode=require)"
like "$out" '^connect: .*does not support SSL' "no TLS at the server, require: refused"

data=$LS_TEST_PG_DIR/data
owner=$(stat -c %u:%g "$data")
cp server.crt server.key "$data/" && chmod 600 "$data/server.key" &&
    { [ "$(id -u)" -ne 0 ] || chown "$owner" "$data/server.crt" "$data/server.key"; }
echo "ssl = on" >>"$data/postgresql.conf"
"$pg" restart "$LS_TEST_PG_DIR" >restart.log 2>&1 || { diag "$(cat restart.log)"; fail "restart with TLS"; done_testing; exit; }

expect() { # HOST PARAMETERS PATTERN CLAIM
    run "$probe" "$(url "$1" "$2")"
    like "$out" "$3" "$4"
    unlike "$out$err" "$LS_TEST_PG_PASSWORD" "$4: no password in it"
}
expect 127.0.0.1 sslmode=disable '^plain$' "disable: plain"
expect 127.0.0.1 sslmode=prefer '^TLS, not verified$' "prefer: not verified"
expect 127.0.0.1 sslmode=require '^TLS, not verified$' "require: not verified"
expect 127.0.0.1 "sslmode=verify-ca&sslrootcert=$PWD/right.pem" '^TLS, host not verified$' "verify-ca: the host is not verified"
expect localhost "hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=$PWD/right.pem" '^TLS verified$' "verify-full: verified"
expect 127.0.0.1 "sslmode=verify-full&sslrootcert=$PWD/right.pem" '^connect: .*does not match' "verify-full, another host name: refused"
like "$out" 'sslrootcert' "the hint is about the certificate"
expect localhost "hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=$PWD/wrong.pem" '^connect: .*certificate verify failed' \
    "verify-full, another authority: refused"
expect localhost "hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert=$PWD/none.pem" '^(connect|usage): .*none.pem' \
    "verify-full, no authority file: refused"
done_testing
