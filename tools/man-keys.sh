#!/bin/sh
# Turns `lockstep --dump-keys` into the part of man/lockstep.1 about keys. tests/cli/test_man.sh holds the page against it; after a change of
# the console's action table
#
#   lockstep --dump-keys | tools/man-keys.sh man/lockstep.1
#
# rewrites the page between its two markers. Without a file it prints the part.
set -u
section() {
    awk -F '\t' '
    function esc(s) { gsub(/\\/, "\\e", s); gsub(/-/, "\\-", s); return s }
    function places(s) {
        if (s ~ /^timeline,detail,run,backups,log,schema,diff,help/) return ""
        gsub(/,/, ", ", s)
        return s
    }
    { where = places($1)
      if (!(where in text)) order[++n] = where
      text[where] = text[where] ".TP\n.B \"" esc($2) "\"\n" esc($4) ".\n" }
    END {
        for (i = 1; i <= n; i++) {
            where = order[i]
            print ".SS \"" (where == "" ? "Keys everywhere" : "Keys in " where) "\""
            printf "%s", text[where]
        }
    }'
}
if [ $# -eq 0 ]; then
    section
    exit
fi
section >"$1.keys" || exit 1
awk -v keys="$1.keys" '
    /^\.\\" keys: end/ { skip = 0 }
    !skip { print }
    /^\.\\" keys: begin/ { skip = 1; while ((getline line <keys) > 0) print line }' "$1" >"$1.tmp" && mv "$1.tmp" "$1"
rm -f "$1.keys"
