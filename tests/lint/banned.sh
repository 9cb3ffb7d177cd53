# No call of tests/lint/banned.txt where it does not belong.
. "$LS_SRCDIR/tests/support/tap.sh"
cd "$LS_SRCDIR" || exit 1

# Prints the file with comments, strings and character constants blanked; line numbers stay.
bare() {
    awk '
    {
        line = $0; out = ""; n = length(line); i = 1
        while (i <= n) {
            c = substr(line, i, 1); two = substr(line, i, 2)
            if (in_comment) { if (two == "*/") { in_comment = 0; i++ } i++; continue }
            if (two == "/*") { in_comment = 1; i += 2; out = out " "; continue }
            if (two == "//") break
            if (c == "\"" || c == "\047") {
                for (i++; i <= n && substr(line, i, 1) != c; i++) if (substr(line, i, 1) == "\\") i++
                i++; out = out c c; continue
            }
            out = out c; i++
        }
        print out
    }' "$1"
}

find_calls() { # FILE: reads rules on stdin, prints violations
    bare "$1" >"$LS_TEST_TMP/bare.c"
    awk -v file="$1" -v as="${2:-$1}" '
        function glob(text, pattern) { gsub(/[.]/, "\\.", pattern); gsub(/\*/, ".*", pattern); return text ~ "^" pattern "$" }
        FILENAME == "-" || FILENAME == "" {
            if ($0 ~ /^#/ || $0 == "") next
            split($0, part, / *\| */)
            n = split(part[1], places, ","); here = 0
            for (i = 1; i <= n; i++) {
                if (substr(places[i], 1, 1) == "!") { if (glob(as, substr(places[i], 2))) here = 0 }
                else if (glob(as, places[i])) here = 1
            }
            if (here) { m = split(part[2], names, " "); for (i = 1; i <= m; i++) why[names[i]] = part[3] }
            next
        }
        # A function of the file itself is another one; C has it declared before it is called.
        /^static / { head = $0; sub(/[ \t]*\(.*/, "", head); sub(/.*[ *]/, "", head); delete why[head] }
        {
            rest = $0; before = ""
            while (match(rest, /[A-Za-z_][A-Za-z_0-9]*[ \t]*\(/)) {
                name = substr(rest, RSTART, RLENGTH - 1); sub(/[ \t]+$/, "", name)
                prev = RSTART > 1 ? substr(rest, RSTART - 1, 1) : substr(before, length(before), 1)
                lead = substr(rest, 1, RSTART - 1)
                # A member of that name (p->refresh(...), .exit(...)) is another function.
                if ((name in why) && prev != "." && lead !~ /->$/)
                    print file ":" FNR ": " name "(): " why[name]
                before = substr(rest, 1, RSTART + RLENGTH - 1); rest = substr(rest, RSTART + RLENGTH)
            }
        }' - "$LS_TEST_TMP/bare.c"
}

violations=$(for f in $(find src include -name '*.[ch]' ! -name banned.h | sort); do find_calls "$f" <tests/lint/banned.txt; done)
is "$violations" "" "no banned call"

# The check itself.
cat >"$LS_TEST_TMP/x.c" <<'C'
/* strcpy(a, b); */ const char *s = "system(\"x\")"; // gets(b)
void f(void) { p->refresh(p); v.exit(1); my_strcpy(a); }
void g(void) { strcpy (a, b); exit(1); }
void h(void) { getenv("HOME"); }
C
got=$(find_calls "$LS_TEST_TMP/x.c" src/engine/x.c <tests/lint/banned.txt | sed 's/.*x.c://; s/(.*//')
is "$got" "3: strcpy
3: exit
4: getenv" "calls are seen; comments, strings and members are not calls"
got=$(find_calls "$LS_TEST_TMP/x.c" src/main.c <tests/lint/banned.txt | sed 's/.*x.c://; s/(.*//')
is "$got" "3: strcpy" "a place that is taken out may call"
printf 'static void refresh(struct pane *p)\n{\n    initscr();\n}\nstatic int f(void)\n{\n    refresh(p);\n}\n' >"$LS_TEST_TMP/y.c"
got=$(find_calls "$LS_TEST_TMP/y.c" src/tui/pane.c <tests/lint/banned.txt | sed 's/.*y.c://; s/(.*//')
is "$got" "3: initscr" "a function of the file itself is another one"
done_testing
