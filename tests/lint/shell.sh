# Every shell script of the tree parses, and asks for nothing that its interpreter lacks.
. "$LS_SRCDIR/tests/support/tap.sh"
cd "$LS_SRCDIR" || exit 1

parses() {
    case $(head -n 1 "$1") in
    *bash*) bash -n "$1" ;;
    *) sh -n "$1" ;;
    esac
}

scripts=$(for f in bootstrap .ci/run tools/*.sh tests/run tests/*/*.sh tests/support/pg; do [ -f "$f" ] && echo "$f"; done)
for f in $scripts; do
    ok "$f parses" parses "$f"
done
for f in bootstrap .ci/run tests/run tests/support/pg; do
    ok "$f can be started" test -x "$f"
done
done_testing
