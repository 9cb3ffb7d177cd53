#!/bin/sh
# Draws the console into doc/console.svg: the built program on a fresh demo project in a pseudo-terminal (tests/support/shot.c). Run it by
# `make screenshots`.
#
#   tools/screenshots.sh BUILDDIR SRCDIR
set -u
build=$(cd "$1" && pwd) && src=$(cd "$2" && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# The names of folder and program are on the screen.
mkdir -p "$work/build" "$work/home" && ln -s "$build/lockstep" "$work/build/lockstep" || exit 1
HOME=$work/home
unset NO_COLOR XDG_CONFIG_HOME
export HOME
sh "$src/tools/demo.sh" "$work/build" "$src" >"$work/log" 2>&1 || { cat "$work/log" >&2; echo "screenshots.sh: no demo project" >&2; exit 1; }
cd "$work/build/demo" || exit 1
"$build/tests/support/shot" 26x116 "$work/console.svg" ../lockstep >"$work/log" 2>&1 <<'SCRIPT' || { cat "$work/log" >&2; exit 1; }
expect archive_conversations
expect demo.db
keys .|
expect ALTER TABLE conversations
settle
SCRIPT
cp "$work/console.svg" "$src/doc/console.svg"
