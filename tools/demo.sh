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

if [ ! -f lockstep.workload.sql ]; then
    cat >lockstep.workload.sql <<'SQL' || exit 1
-- What the application asks for most. `lockstep advise` measures which indexes these queries would gain by; lockstep(1), index, says
-- what the remarks mean.

-- name: recent conversations
-- frequency: 1200/h
-- sample: 7
-- sample: 23
SELECT id, title, updated_at FROM conversations WHERE user_id = ? ORDER BY updated_at DESC LIMIT 20;

-- name: newest entities of a kind
-- frequency: 300/h
-- sample: 'person'
SELECT id, value, confidence FROM entities WHERE kind = ? ORDER BY created_at DESC LIMIT 20;

-- name: messages of a conversation
-- frequency: 2400/h
-- sample: 100
SELECT role, content, created_at FROM messages WHERE conversation_id = ? ORDER BY created_at;
SQL
fi

database() { # ENV FILE COUNT
    [ ! -f "$2" ] || return 0
    "$build/lockstep" up "$3" -e "$1" --yes --confirm "$2" --no-backup && return
    rm -f "$2"
    return 1
}

# With a history, rows to look at, and something left to do.
database demo demo.db 5 && database production production.db 3
