# The tree's text: no trailing blanks, no tabs in C, a newline at the end, no path of somebody's machine.
. "$LS_SRCDIR/tests/support/tap.sh"
cd "$LS_SRCDIR" || exit 1

# Test data and corpora are bytes, not text of ours.
files=$(find . \( -name .git -o -name 'build*' -o -name autom4te.cache -o -name corpus -o -name data -o -name golden \) -prune -o -type f \
    \( -name '*.[ch]' -o -name '*.am' -o -name '*.ac' -o -name '*.sh' -o -name '*.md' -o -name '*.theme' -o -name '*.sql' -o -name '*.[1-8]' \
    -o -name bootstrap -o -path ./.ci/run -o -path ./tests/run -o -path ./tests/support/pg \) -print | sort)

is "$(grep -nE '[[:blank:]]+$' $files | grep -v '\.md:' | head -n 20)" "" "no trailing blanks"
is "$(grep -nP '\t' $(printf '%s\n' $files | grep '\.[ch]$') /dev/null | head -n 20)" "" "no tabs in C"
is "$(for f in $files; do [ ! -s "$f" ] || [ "$(tail -c 1 "$f" | od -An -tx1 | tr -d ' ')" = 0a ] || echo "$f"; done)" "" "each file ends with a newline"
is "$(grep -nE '(^|[^A-Za-z0-9_.~])/(home|Users|work)/[A-Za-z0-9_]' $files | grep -v '^./tests/lint/text.sh:' | head -n 20)" "" "no path of one machine"
is "$(grep -lE '\b(TODO|FIXME|XXX)\b' $(printf '%s\n' $files | grep '^./\(src\|include\)/') /dev/null)" "" "no note to do something later in the sources"
done_testing
