# An include only points downward: src/ and include/lockstep/ against the table in tests/lint/layers.txt.
. "$LS_SRCDIR/tests/support/tap.sh"
cd "$LS_SRCDIR" || exit 1
table=tests/lint/layers.txt

# FILE:LINE KIND HEADER for each include of a source file; KIND is q for "...", a for <...>.
includes() {
    find src include -name '*.[ch]' | sort | xargs awk '
        /^[ \t]*#[ \t]*include[ \t]*["<]/ {
            kind = index($0, "\"") && (!index($0, "<") || index($0, "\"") < index($0, "<")) ? "q" : "a"
            h = $0; sub(/^[^"<]*["<]/, "", h); sub(/[">].*/, "", h)
            print FILENAME ":" FNR, kind, h
        }'
}

check() { # reads includes, prints violations
    awk -v table="$table" '
        function glob(text, pattern) {
            gsub(/[.]/, "\\.", pattern); gsub(/\*/, ".*", pattern)
            return text ~ "^" pattern "$"
        }
        BEGIN {
            while ((getline line < table) > 0) {
                if (line ~ /^#/ || line == "") continue
                p = index(line, ":"); left = substr(line, 1, p - 1); n = split(substr(line, p + 1), words, " ")
                if (left ~ /^only /) {
                    h = substr(left, 6); only[h] = 1
                    for (i = 1; i <= n; i++) home[h, i] = words[i]
                    homes[h] = n
                } else {
                    known[left] = 1; may[left, left] = 1
                    for (i = 1; i <= n; i++) may[left, words[i]] = 1
                }
            }
        }
        {
            file = $1; sub(/:.*/, "", file)
            layer = file; sub(/^src\//, "", layer); sub(/^include\/lockstep\//, "", layer); sub(/\/.*/, "", layer)
            if (!(layer in known)) { print $1 ": the layer \"" layer "\" is not in " table; next }
            if ($3 in only) {
                good = 0
                for (i = 1; i <= homes[$3]; i++) if (glob(file, home[$3, i])) good = 1
                if ($2 == "q" && system("test -f " substr(file, 1, match(file, /[^\/]*$/) - 1) $3) == 0) good = 1
                if (!good) print $1 ": <" $3 "> may only be included by the files that " table " names"
            }
            if ($2 != "q") next
            target = $3; sub(/^lockstep\//, "", target)
            if (target !~ /\//) {
                if (file !~ /^src\/[^\/]*$/ || target == "config.h") next   # beside the file itself
                next
            }
            sub(/\/.*/, "", target)
            if (!(target in known)) { print $1 ": \"" $3 "\" is of no layer in " table; next }
            if (!((layer, target) in may)) print $1 ": " layer " may not include " target " (\"" $3 "\")"
        }'
}

violations=$(includes | check)
is "$violations" "" "every include of src and include points downward"

# The check itself: it must see each kind of wrong include.
is "$(echo 'src/base/x.c:3 q lockstep/engine/plan.h' | check)" \
    'src/base/x.c:3: base may not include engine ("lockstep/engine/plan.h")' "an upward include is seen"
like "$(echo 'src/cli/x.c:3 q tui/pane.h' | check)" 'cli may not include tui' "a sideways include is seen"
like "$(echo 'src/tui/pane.c:3 a curses.h' | check)" 'may only be included' "curses outside its file is seen"
like "$(echo 'src/extra/pane.c:3 a stdio.h' | check)" 'is not in' "a folder without a row is seen"
is "$(echo 'src/tui/term_curses.c:3 a curses.h' | check)" "" "curses in its file is fine"
done_testing
