"""Random revision graphs, and random rows in alembic_version: what lockstep plans is what alembic does.

usage: graph.py LOCKSTEP FOLDER FIRST_SEED LAST_SEED

For each graph `lockstep plan to REVISION` is compared with alembic's own walk: the same revisions, up or down; each of lockstep's commands does the one
revision that it is for; and behind them alembic's HeadMaintainer holds the rows that lockstep expects. alembic runs no migration here. Its own walk
cannot be compared where alembic itself fails (KeyError: a merge whose row a dependency has replaced).
"""

import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import warnings

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.migration import HeadMaintainer
from alembic.script import ScriptDirectory

warnings.simplefilter("ignore")


class Context:
    """As much of a MigrationContext as HeadMaintainer asks for; nothing is executed."""

    as_sql = True
    version_table = "alembic_version"
    _version = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32)))

    class impl:
        @staticmethod
        def _exec(*args, **kwargs):
            return None


class Graph:
    def __init__(self, folder, seed):
        self.folder = folder
        self.rnd = random.Random(seed)
        self.parents, self.depends, self.ids = {}, {}, []
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder + "/alembic/versions")
        with open(folder + "/alembic.ini", "w") as f:
            f.write("[alembic]\nscript_location = %(here)s/alembic\n")
        with open(folder + "/alembic/env.py", "w") as f:
            f.write("DATABASE_URL\n")
        for i in range(self.rnd.randint(2, 9)):
            self.add("r%02d" % i, i)
        self.script = ScriptDirectory.from_config(Config(folder + "/alembic.ini"))

    def ancestors(self, id_):
        seen, todo = set(), [id_]
        while todo:
            for p in self.parents[todo[-1]] + self.depends[todo.pop()]:
                if p not in seen:
                    seen.add(p)
                    todo.append(p)
        return seen

    def add(self, id_, i):
        n = self.rnd.choice([0, 1, 1, 1, 1, 2]) if self.ids else 0
        parents = self.rnd.sample(self.ids, min(n, len(self.ids)))
        if len(parents) == 2 and (parents[0] in self.ancestors(parents[1]) or parents[1] in self.ancestors(parents[0])):
            parents = parents[:1]
        others = [x for x in self.ids if x not in parents]
        depends = [self.rnd.choice(others)] if others and self.rnd.random() < 0.25 else []
        down = None if not parents else parents[0] if len(parents) == 1 else tuple(parents)
        with open("%s/alembic/versions/%s_x.py" % (self.folder, id_), "w") as f:
            f.write('"""m\n\nCreate Date: 2024-01-01 10:00:%02d.0\n"""\nrevision = %r\ndown_revision = %r\n' % (i, id_, down))
            f.write("depends_on = %r\ndef upgrade(): pass\ndef downgrade(): pass\n" % (depends or None,))
        self.parents[id_], self.depends[id_] = parents, depends
        self.ids.append(id_)

    def walk(self, direction, target, heads):
        """The revisions that alembic would pass, and its rows behind them."""
        steps = (self.script._upgrade_revs if direction == "up" else self.script._downgrade_revs)(target, tuple(heads))
        maintainer = HeadMaintainer(Context, heads)
        for step in steps:
            maintainer.update_to_step(step)
        return [s.revision.revision for s in steps], sorted(maintainer.heads)

    def closure(self, heads):
        return set(heads).union(*[self.ancestors(h) for h in heads])


def set_rows(folder, heads):
    path = folder + "/x.db"
    if os.path.exists(path):
        os.remove(path)
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    db.executemany("INSERT INTO alembic_version VALUES (?)", [(h,) for h in heads])
    db.commit()
    db.close()


def lockstep_plan(program, folder, target):
    """[(direction, revision, what alembic is told)], and the rows that are expected in the end."""
    words = [program, "plan", "to", target, "--json", "--url", "sqlite:x.db"]
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    steps, rows = [], None
    for step in json.loads(done.stdout)["plan"]["steps"]:
        told = [op["command"]["argv"][2] for op in step["ops"] if op["kind"] == "child"]
        steps.append((step["direction"], step["version"], told[0]))
        rows = sorted(re.findall(r"'([^']+)'", [op["sql"] for op in step["ops"] if op["kind"] == "expect"][-1]))
    return steps, rows


def compare(program, graph, heads, target):
    steps, rows = lockstep_plan(program, graph.folder, target)
    direction = "down" if target in graph.closure(heads) else "up"
    try:
        wanted, behind = graph.walk(direction, target, heads)
    except (KeyError, AssertionError):
        return None
    except Exception:  # nothing to take back
        wanted, behind = [], sorted(heads)
    if sorted(s[1] for s in steps) != sorted(wanted) or any(s[0] != direction for s in steps):
        return "lockstep does %s, alembic %s %s" % (steps, direction, wanted)
    now = sorted(heads)
    for way, revision, told in steps:
        passed, now = graph.walk(way, told, now)
        if passed != [revision]:
            return "%s %s passes %s" % (way, told, passed)
    # In one go alembic may keep a row that another one implies.
    if steps and (now != rows or graph.closure(now) != graph.closure(behind)):
        return "lockstep expects %s, alembic has %s, in one go %s" % (rows, now, behind)
    return ""


def main():
    program, folder, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    n = bad = 0
    for seed in range(first, last + 1):
        graph, heads = Graph(folder, seed), []
        try:
            for target in graph.rnd.sample(graph.ids, graph.rnd.randint(0, min(3, len(graph.ids)))):
                heads = graph.walk("up", target, heads)[1]
        except (KeyError, AssertionError):
            continue
        set_rows(folder, heads)
        for target in graph.ids:
            said = compare(program, graph, heads, target)
            n += said is not None
            if said:
                bad += 1
                print("seed %d, rows %s, to %s: %s\nparents %s\ndepends %s" % (seed, heads, target, said, graph.parents, graph.depends))
    print("%d goals compared, %d differ" % (n, bad))
    return 1 if bad or n == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
