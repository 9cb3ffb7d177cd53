#!/bin/sh
# Draws the console: runs the built program on a fresh demo project inside tmux, writes its screen to doc/console.txt and into the README.
#
#   tools/picture.sh BUILDDIR SRCDIR
set -u
build=$(cd "$1" && pwd) && src=$(cd "$2" && pwd) || exit 1
work=$(mktemp -d) || exit 1
socket=lockstep-picture-$$
tm() {
    tmux -L "$socket" -f /dev/null "$@"
}
trap 'tm kill-server 2>/dev/null; rm -rf "$work"' EXIT

# The folder's name and the operator's are on the screen.
mkdir -p "$work/build" && ln -s "$build/lockstep" "$work/build/lockstep"
sh "$src/tools/demo.sh" "$work/build" "$src" >/dev/null 2>&1 || { echo "picture.sh: the demo project could not be made" >&2; exit 1; }
cd "$work/build/demo" || exit 1
LC_ALL=C.UTF-8 tm new-session -d -x 132 -y 28 "$build/lockstep"

wait_for() { # TEXT
    n=0
    until tm capture-pane -p | grep -Fq -- "$1"; do
        n=$((n + 1))
        [ "$n" -lt 200 ] || { echo "picture.sh: '$1' did not appear:" >&2; tm capture-pane -p >&2; exit 1; }
        sleep 0.05
    done
}
wait_for archive_conversations
wait_for demo.db
tm send-keys . '|'
wait_for "ALTER TABLE conversations"
tm capture-pane -p | sed 's/ *$//' >"$work/console.txt"
tm send-keys q
cp "$work/console.txt" "$src/doc/console.txt"
awk -v file="$work/console.txt" '
    /^<!-- console: end/ { skip = 0 }
    !skip { print }
    /^<!-- console: begin/ { skip = 1; print "```text"; while ((getline line <file) > 0) print line; print "```" }' \
    "$src/README.md" >"$work/README.md" && cp "$work/README.md" "$src/README.md"
