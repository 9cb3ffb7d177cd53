# Each header compiles on its own, twice in one file, with every warning an error. Those of the tests stand behind <cmocka.h>,
# which wants four others before it.
. "$LS_SRCDIR/tests/support/tap.sh"
cd "$LS_SRCDIR" || exit 1
[ -n "${LS_TEST_CC:-}" ] || skip_all "run it through make check, which says what the compiler is"

cmocka='#include <stdarg.h>\n#include <stddef.h>\n#include <setjmp.h>\n#include <stdint.h>\n#include <cmocka.h>\n'
have_cmocka=
printf "$cmocka" | $LS_TEST_CC $LS_TEST_CPPFLAGS -fsyntax-only -xc - 2>/dev/null && have_cmocka=1

compiles() { # HEADER [WHAT STANDS BEFORE IT]
    printf "#include <config.h>\n${2:-}#include \"%s\"\n#include \"%s\"\ntypedef int ls_lint_not_empty;\n" "$1" "$1" >"$LS_TEST_TMP/x.c"
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
    tests/support/*) [ -z "$have_cmocka" ] ;;
    *) false ;;
    esac
}

for h in $(find include src tests/support -name '*.h' | sort); do
    if left_out "$h"; then
        continue
    fi
    case $h in
    include/*) ok "$h compiles alone" compiles "${h#include/}" ;;
    src/*) ok "$h compiles alone" compiles "${h#src/}" ;;
    *) ok "$h compiles behind cmocka.h" compiles "${h#tests/}" "$cmocka" ;;
    esac
done
done_testing
