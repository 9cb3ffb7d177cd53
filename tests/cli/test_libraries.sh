# Big libraries that only some work needs are loaded when it is done, not at every start (src/base/dynlib.h), and are missed only then.
. "$LS_SRCDIR/tests/cli/lib.sh"
in_dir libraries

soname() { # of a library that configure found a name for
    sed -n "s/^#define $1 \"\\(.*\\)\"\$/\\1/p" "$LS_BUILDDIR/config.h"
}

run env LD_TRACE_LOADED_OBJECTS=1 "$LS_BIN"
like "$out" 'libc\.so' "the loader lists what a start loads"
unlike "$out" 'libpq\.so' "libpq is not among it"
for name in LS_PG_QUERY_SONAME LS_LIBEDIT_SONAME; do
    if [ -n "$(soname $name)" ]; then
        unlike "$out" "$(soname $name)" "nor is $(soname $name)"
    else
        skip "it is linked, or not there" "nor is that of $name"
    fi
done

if has_driver postgres && [ -n "$(soname LS_PG_QUERY_SONAME)" ]; then
    mkdir broken migrations
    echo "no library" >"broken/$(soname LS_PG_QUERY_SONAME)"
    echo 'CREATE TABLE t (a integer);' >migrations/001_t.up.sql
    run env LD_LIBRARY_PATH="$PWD/broken" "$LS_BIN" up --yes --url postgres://nobody@127.0.0.1:1/none
    exits 1 "up on PostgreSQL without a usable parser"
    like "$err" "parser cannot be used: .*$(soname LS_PG_QUERY_SONAME)" "it is named, before a server is asked"
    if has_driver sqlite; then
        run env LD_LIBRARY_PATH="$PWD/broken" "$LS_BIN" up --yes --url sqlite:t.db
        exits 0 "up on SQLite needs none"
    else
        skip "this build has no SQLite" "up on SQLite needs none"
    fi
fi
done_testing
