# alembic itself and lockstep on one database, by turns: the graph has a branch, a merge and a revision that depends on another branch. Each applies a
# half, each takes a half back; the other one finds nothing to do, and the ledger and the schema are what alembic alone makes. lockstep has alembic run
# the revisions, and stamps by itself. alembic: $LS_TEST_ALEMBIC, else the one in PATH (Debian packages it; PostgreSQL wants python3-psycopg2).
. "$LS_SRCDIR/tests/cli/lib.sh"
. "$LS_SRCDIR/tests/support/peers.sh"

tool=${LS_TEST_ALEMBIC:-$(command -v alembic 2>/dev/null)}
need_peer "$tool" alembic
python=$(sed -n '1s/^#! *//p' "$tool") # the one that alembic runs with

lockstep() {
    run "$LS_BIN" "$@" --url "$url"
}

alembic_() {
    run env DATABASE_URL="$their_url" "$tool" "$@"
}

# revision ID DOWN DEPENDS DAY BODY
revision() {
    body="op.create_table('t_$1', sa.Column('id', sa.Integer))"
    [ $# -lt 5 ] || body=$5
    cat >"alembic/versions/$1_x.py" <<EOF
"""make $1

Revision ID: $1
Revises: $2
Create Date: 2024-01-0$4 10:00:00.000000

"""
import sqlalchemy as sa
from alembic import op

revision = "$1"
down_revision = $2
branch_labels = None
depends_on = $3


def upgrade() -> None:
    $body


def downgrade() -> None:
    op.drop_table("t_$1")
EOF
}

folder() {
    mkdir -p alembic/versions
    printf '[alembic]\nscript_location = alembic\nsqlalchemy.url = driver://user:pass@localhost/dbname\n' >alembic.ini
    cat >alembic/env.py <<'EOF'
import os
from alembic import context
from sqlalchemy import create_engine, pool

url = os.environ["DATABASE_URL"]
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
EOF
    revision a1 None None 1
    revision b1 '"a1"' None 2
    revision b2 '"a1"' None 3
    revision m1 '("b1", "b2")' None 4
    revision c1 '"m1"' None 5
    revision z1 None '"b1"' 6
}

ledger() {
    if [ "$driver" = sqlite ]; then
        sqlite3 "$db" "SELECT sql FROM sqlite_schema WHERE name = 'alembic_version'; SELECT version_num FROM alembic_version ORDER BY 1;
            SELECT name FROM sqlite_schema WHERE name LIKE 't\_%' ESCAPE '\' ORDER BY 1"
    else
        pg_do "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE attrelid = 'alembic_version'::regclass AND attnum > 0;
            SELECT conname FROM pg_constraint WHERE conrelid = 'alembic_version'::regclass; SELECT version_num FROM alembic_version ORDER BY 1;
            SELECT tablename FROM pg_tables WHERE tablename LIKE 't\_%' ORDER BY 1"
    fi
}

heads() {
    if [ "$driver" = sqlite ]; then
        sqlite3 "$db" "SELECT version_num FROM alembic_version ORDER BY 1" | tr '\n' ' '
    else
        pg_do "SELECT version_num FROM alembic_version ORDER BY 1" | tr '\n' ' '
    fi
}

new_database() { # NAME
    if [ "$driver" = sqlite ]; then
        db=$PWD/$1.db url=sqlite:$PWD/$1.db their_url=sqlite:///$PWD/$1.db
        rm -f "$db"
    else
        pg_new
        url=$pg_url their_url="postgresql://postgres@/$pg_name?host=$LS_TEST_PG_HOST&port=$LS_TEST_PG_PORT"
    fi
}

ups() {
    new_database alone
    alembic_ upgrade heads
    exits 0 "$driver: alembic applies all"
    all=$(ledger)

    new_database tool-first
    alembic_ upgrade b1
    exits 0 "$driver: alembic applies a half"
    lockstep status
    like "$out" 'a1 .*applied \(inferred\)' "$driver: what stands behind a head is taken for applied"
    like "$out" 'b1 .*applied *$' "$driver: a head is in the ledger"
    like "$out" "^tool    $tool, run in $PWD" "$driver: status names the program"
    lockstep up --yes
    exits 0 "$driver: lockstep has it apply the rest"
    like "$out" 'Applied: b2, m1, c1, z1' "$driver: and says what"
    is "$(ledger)" "$all" "$driver: ledger and schema are alembic's own"
    alembic_ upgrade heads
    exits 0 "$driver: alembic again"
    unlike "$err$out" 'Running upgrade' "$driver: finds nothing to do"
    lockstep log
    like "$out" 'applied +z1 make z1 +up +ok .*alembic [0-9.]+, status 0' "$driver: the journal names the tool, its version and its status"

    new_database lockstep-first
    lockstep up 3 --yes
    exits 0 "$driver: lockstep applies a half"
    is "$(heads)" "b1 b2 " "$driver: two heads"
    alembic_ upgrade heads
    exits 0 "$driver: alembic applies the rest"
    is "$(ledger)" "$all" "$driver: and the ledger is its own"
    lockstep up --yes
    like "$out" 'nothing to do' "$driver: lockstep finds nothing to do"
}

downs() {
    new_database downs
    alembic_ upgrade heads
    lockstep down 2 --yes
    exits 0 "$driver: lockstep has two taken back"
    is "$(heads)" "m1 " "$driver: the newest two"
    lockstep down 1 --yes
    is "$(heads)" "b1 b2 " "$driver: a merge taken back leaves both of its parents"
    lockstep down 1 --yes
    is "$(heads)" "b1 " "$driver: a branch goes alone, its sibling stays"
    alembic_ downgrade a1
    exits 0 "$driver: alembic takes the other one back"
    lockstep status
    like "$out" 'b1 .*pending' "$driver: lockstep sees it pending"
    left=$(ledger)
    new_database to
    alembic_ upgrade heads
    lockstep to a1 --yes
    exits 0 "$driver: to, downwards"
    like "$out" 'Taken back: z1, c1, m1, b2, b1' "$driver: everything that needs what goes, goes"
    is "$(ledger)" "$left" "$driver: as alembic's downgrade leaves it"
    lockstep to b2 --yes
    is "$(heads)" "b2 " "$driver: to, upwards"
    lockstep to c1 --yes
    lockstep to m1 --yes
    is "$(heads)" "m1 " "$driver: to one of its own branch takes back what follows it"
    lockstep to none --yes
    is "$(heads)" "" "$driver: to none"
}

stamps() {
    new_database stamped
    alembic_ stamp c1
    theirs=$(ledger)
    new_database marked
    lockstep mark c1 applied --yes
    exits 0 "$driver: mark"
    is "$(ledger)" "$theirs" "$driver: writes what alembic stamp writes"
    lockstep mark z1 applied --yes
    is "$(heads)" "c1 z1 " "$driver: mark of another branch adds a row"
    lockstep mark c1 pending --yes
    is "$(heads)" "m1 z1 " "$driver: mark pending goes back to the parent"
    lockstep mark m1 pending --yes
    is "$(heads)" "b2 z1 " "$driver: and from a merge to the parents that nothing else needs"
    alembic_ current
    exits 0 "$driver: alembic reads that"
    lockstep mark z1 pending --yes
    is "$(heads)" "b1 b2 " "$driver: what z1 stood for has a row of its own again"
}

failures() {
    new_database broken
    revision d1 '"c1"' None 7 'op.create_table("t_d1", sa.Column("id", sa.Integer)); op.execute("CRATE TABLE x (id int)")'
    alembic_ upgrade c1
    lockstep up --yes
    lockstep to d1 --yes
    before=$(heads)
    if [ "$driver" = sqlite ]; then
        exits 4 "$driver: a revision that fails, and nothing takes back what ran of it"
        like "$err" 'ledger is as it was before. What ran of it before the failure may stay' "$driver: is said"
    else
        exits 1 "$driver: a revision that fails, in one transaction with the ledger"
        like "$err" 'nothing of it is in the database' "$driver: left nothing"
        is "$(pg_do "SELECT count(*) FROM pg_tables WHERE tablename = 't_d1'")" 0 "$driver: which is so"
    fi
    like "$err" 'CRATE' "$driver: the error is the database's"
    unlike "$before" d1 "$driver: and the ledger has not moved"
    lockstep log
    like "$out" 'failed +d1' "$driver: the journal has it"
    rm alembic/versions/d1_x.py

    run env PATH=/nonexistent "$LS_BIN" status --url "$url"
    exits 0 "$driver: status without the tool"
    like "$err" 'the program alembic was not found' "$driver: says that it is not there"
    run env PATH=/nonexistent "$LS_BIN" status --json --url "$url"
    like "$out" '"tool": ?null' "$driver: in JSON too"
    run "$LS_BIN" plan to a1 --run-tool --url "$url"
    exits 0 "$driver: plan --run-tool"
    like "$out" 'DROP TABLE t_c1;' "$driver: shows the SQL that alembic says it would run"
    ok "$driver: and runs nothing" test "$(heads)" = "c1 z1 "
    run env PATH=/nonexistent "$LS_BIN" down 1 --yes --url "$url"
    exits 1 "$driver: down without the tool"
    like "$err" 'pip install alembic' "$driver: says what to install"

    sed -i 's|^sqlalchemy.url.*|sqlalchemy.url = sqlite:///other.db|' alembic.ini
    sed -i 's|^url = .*|url = context.config.get_main_option("sqlalchemy.url")|' alembic/env.py
    lockstep down 1 --yes
    exits 3 "$driver: alembic.ini leads to another database"
    like "$err" 'alembic.ini:3: sqlalchemy.url leads to sqlite .*other.db' "$driver: which is refused with its place"
    ok "$driver: and was not touched" test ! -e other.db
    sed -i "s|^sqlalchemy.url.*|sqlalchemy.url = $(printf %s "$their_url" | sed 's/&/\\&/g')|" alembic.ini
    lockstep down 1 --yes
    exits 0 "$driver: alembic.ini leads here"
}

new_files() {
    lockstep new "Add a Thing"
    exits 3 "$driver: new with two heads"
    like "$err" 'alembic merge' "$driver: says what to do"
    rm alembic/versions/z1_x.py
    lockstep new add_thing
    exits 0 "$driver: new"
    made=$out
    like "$made" '^alembic/versions/[0-9a-f]{12}_add_thing\.py$' "$driver: is named as alembic does"
    alembic_ heads
    like "$out" "^$(basename "$made" _add_thing.py) \(head\)" "$driver: and alembic takes it for its head"
    like "$(cat "$made")" "down_revision = 'c1'" "$driver: it follows the head that was"
}

by_turns() {
    driver=$1
    in_dir "$1"
    folder
    ups
    downs
    stamps
    failures
    new_files
}

if has_driver sqlite && command -v sqlite3 >/dev/null 2>&1; then
    by_turns sqlite
    run $python "$LS_SRCDIR/tests/peers/alembic/graph.py" "$LS_BIN" "$PWD/graphs" 0 25
    exits 0 "random graphs: lockstep plans what alembic does"
    diag "$out"
else
    skip "no SQLite here" "alembic and lockstep on SQLite"
fi
if has_driver postgres && [ -n "${LS_TEST_PG_URL:-}" ] && $python -c 'import psycopg2' 2>/dev/null; then
    by_turns postgres
else
    skip "no PostgreSQL, or no psycopg2 here" "alembic and lockstep on PostgreSQL"
fi
done_testing
