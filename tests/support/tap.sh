# tests/support/tap.sh: TAP for shell tests. Source it: . "$LS_SRCDIR/tests/support/tap.sh"
#
#   run CMD [ARG...]       runs it; its output is in $out and $err (also in the files $out_file, $err_file), its status in $rc
#   ok CLAIM CMD [ARG...]  passes when CMD succeeds            is GOT WANTED CLAIM     passes when the two strings are equal
#   like TEXT PATTERN CLAIM   TEXT matches an extended regular expression; unlike: it does not
#   exits STATUS CLAIM     the last run ended with this status (its output is shown when not)
#   pass CLAIM, fail CLAIM, diag TEXT, skip REASON CLAIM, skip_all REASON (ends the script), done_testing (last line)
#
# Plain POSIX sh; works in $LS_TEST_TMP.

tap_n=0
tap_failed=0
tap_dir=${LS_TEST_TMP:-$(mktemp -d)}
out_file=$tap_dir/.tap.out
err_file=$tap_dir/.tap.err
out='' err='' rc=0

diag() {
    printf '%s\n' "$*" | sed 's/^/# /'
}

tap_claim() { # a '#' in a claim would start a TAP directive
    printf '%s' "$*" | tr '#\n' '. '
}

pass() {
    tap_n=$((tap_n + 1))
    echo "ok $tap_n - $(tap_claim "$*")"
}

fail() {
    tap_n=$((tap_n + 1))
    tap_failed=$((tap_failed + 1))
    echo "not ok $tap_n - $(tap_claim "$*")"
    return 0
}

skip() {
    tap_n=$((tap_n + 1))
    echo "ok $tap_n - $(tap_claim "$2") # SKIP $1"
}

skip_all() {
    echo "1..0 # SKIP $*"
    exit 0
}

run() {
    "$@" >"$out_file" 2>"$err_file" </dev/null
    rc=$?
    out=$(cat "$out_file")
    err=$(cat "$err_file")
    return 0
}

# The same with standard input from a file or pipe of the caller.
run_in() {
    "$@" >"$out_file" 2>"$err_file"
    rc=$?
    out=$(cat "$out_file")
    err=$(cat "$err_file")
    return 0
}

tap_show_run() {
    diag "status: $rc"
    diag "stdout: $(head -c 4000 "$out_file")"
    diag "stderr: $(head -c 4000 "$err_file")"
}

ok() {
    tap_name=$1
    shift
    if "$@"; then
        pass "$tap_name"
    else
        fail "$tap_name"
        diag "failed: $*"
    fi
}

is() {
    if [ "$1" = "$2" ]; then
        pass "$3"
    else
        fail "$3"
        diag "got:    $1"
        diag "wanted: $2"
    fi
}

like() {
    if printf '%s\n' "$1" | grep -Eq -- "$2"; then
        pass "$3"
    else
        fail "$3"
        diag "got:    $1"
        diag "wanted: /$2/"
    fi
}

unlike() {
    if printf '%s\n' "$1" | grep -Eq -- "$2"; then
        fail "$3"
        diag "got:      $1"
        diag "unwanted: /$2/"
    else
        pass "$3"
    fi
}

exits() {
    if [ "$rc" -eq "$1" ]; then
        pass "$2"
    else
        fail "$2"
        diag "wanted status $1"
        tap_show_run
    fi
}

done_testing() {
    echo "1..$tap_n"
    [ "$tap_failed" -eq 0 ]
    exit
}
