# A .c file has one subject: 600 lines at most. A function has one job: past 60 lines it is named, not refused.
. "$LS_SRCDIR/tests/support/tap.sh"
cd "$LS_SRCDIR" || exit 1

long_files() { # LIMIT FILE...
    limit=$1
    shift
    wc -l "$@" | awk -v limit="$limit" '$2 != "total" && $1 > limit { print $2 ": " $1 " lines" }'
}

# By the shape that .clang-format gives: a function opens and closes with a brace in the first column.
long_functions() { # LIMIT FILE...
    limit=$1
    shift
    awk -v limit="$limit" '
        FNR == 1 { start = 0 }
        /^[A-Za-z_].*\(/ { head = $0 }
        /^{/ { start = FNR; name = head; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
        /^}/ { if (start && FNR - start - 1 > limit && $0 !~ /;/) print FILENAME ":" start ": " name "() has " FNR - start - 1 " lines"; start = 0 }
    ' "$@"
}

sources=$(find src tests -name '*.c' | sort)
is "$(long_files 600 $sources)" "" "no source file has more than 600 lines"

found=$(long_functions 60 $(find src -name '*.c' | sort))
[ -z "$found" ] || diag "functions over 60 lines (to be looked at, not refused):
$found"
is "$(long_functions 120 $(find src -name '*.c' | sort))" "" "no function has more than 120 lines"

# The check itself.
awk 'BEGIN { print "int f(void)\n{"; for (i = 0; i < 70; i++) print "    x();"; print "}" }' >"$LS_TEST_TMP/long.c"
like "$(long_functions 60 "$LS_TEST_TMP/long.c")" 'long.c:2: f\(\) has 70 lines' "a long function is seen"
like "$(long_files 60 "$LS_TEST_TMP/long.c" /dev/null)" 'long.c: 73 lines' "a long file is seen"
done_testing
