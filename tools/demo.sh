#!/bin/sh
# Makes the demo project in BUILDDIR/demo: its migrations, a lockstep.conf, a database that is half way, and a protected one behind it.
# What is there is kept; with --fresh it is made anew.
#
#   tools/demo.sh BUILDDIR SRCDIR [--fresh]
set -u
build=$(cd "$1" && pwd) && src=$(cd "$2" && pwd) || exit 1
demo=$build/demo
[ "${3:-}" != --fresh ] || rm -rf "$demo"
mkdir -p "$demo/migrations" && cd "$demo" || exit 1
for f in "$src"/migrations/*.sql; do
    [ -e "migrations/${f##*/}" ] || cp "$f" migrations/ || exit 1
done

if [ ! -f lockstep.conf ]; then
    cat >lockstep.conf <<'CONF' || exit 1
# The demo project, made by ./bootstrap demo. Change what you like; ./bootstrap demo --fresh starts over.
[project]
migrations = migrations
format = lockstep
default_env = demo

[env demo]
url = sqlite:demo.db

# What a protected environment asks of you before it lets you write.
[env production]
url = sqlite:production.db
protected = yes
CONF
fi

database() { # ENV FILE COUNT
    [ ! -f "$2" ] || return 0
    "$build/lockstep" up "$3" -e "$1" --yes --confirm "$2" --no-backup && return
    rm -f "$2"
    return 1
}

# With a history, rows to look at, and something left to do.
database demo demo.db 5 && database production production.db 3
