# Each header compiles on its own, twice in one file, with every warning an error.
. "$LS_SRCDIR/tests/support/tap.sh"
cd "$LS_SRCDIR" || exit 1
[ -n "${LS_TEST_CC:-}" ] || skip_all "run it through make check, which says what the compiler is"

compiles() {
    printf '#include <config.h>\n#include "%s"\n#include "%s"\ntypedef int ls_lint_not_empty;\n' "$1" "$1" >"$LS_TEST_TMP/x.c"
    $LS_TEST_CC $LS_TEST_CPPFLAGS $LS_TEST_CFLAGS -Werror -fsyntax-only "$LS_TEST_TMP/x.c" 2>"$LS_TEST_TMP/x.err" && return
    diag "$(head -n 12 "$LS_TEST_TMP/x.err")"
    return 1
}

# Drivers and console may be configured away, and their headers' libraries with them.
left_out() {
    config=$LS_BUILDDIR/config.h
    case $1 in
    src/db/postgres/*) ! grep -q '^#define LS_WITH_POSTGRES' "$config" ;;
    src/db/sqlite/*) ! grep -q '^#define LS_WITH_SQLITE' "$config" ;;
    src/tui/*) ! grep -q '^#define LS_WITH_TUI' "$config" ;;
    tests/support/*vterm*) ! echo '#include <vterm.h>' | $LS_TEST_CC $LS_TEST_CPPFLAGS -fsyntax-only -xc - 2>/dev/null ;;
    *) false ;;
    esac
}

for h in $(find include src tests/support -name '*.h' | sort); do
    if left_out "$h"; then
        continue
    fi
    case $h in
    include/*) name=${h#include/} ;;
    src/*) name=${h#src/} ;;
    *) name=${h#tests/} ;;
    esac
    ok "$h compiles alone" compiles "$name"
done
done_testing
