/* tests/contract/catalog_mutations_sqlite.h: two schemas that differ in one thing, and how that is said. */
#ifndef TESTS_CONTRACT_CATALOG_MUTATIONS_SQLITE_H
#define TESTS_CONTRACT_CATALOG_MUTATIONS_SQLITE_H

/* clang-format off */

static const struct lite_mutation {
    const char *a, *b, *line;
} lite_mutations[] = {
    {"CREATE TABLE t (a int)", "CREATE TABLE t (a text)", "column t.a, type int -> text\n"},
    {"CREATE TABLE t (a varchar(10))", "CREATE TABLE t (a varchar(20))", "column t.a, type varchar(10) -> varchar(20)\n"},
    {"CREATE TABLE t (a int)", "CREATE TABLE t (a int NOT NULL)", "column t.a, not null (none) -> yes\n"},
    {"CREATE TABLE t (a int)", "CREATE TABLE t (a int DEFAULT 1)", "column t.a, default (none) -> 1\n"},
    {"CREATE TABLE t (a int DEFAULT 'A')", "CREATE TABLE t (a int DEFAULT 'a')", "column t.a, default 'A' -> 'a'\n"},
    {"CREATE TABLE t (a text)", "CREATE TABLE t (a text COLLATE NOCASE)", "column t.a, collation (none) -> nocase\n"},
    {"CREATE TABLE t (a int, b int AS (a))", "CREATE TABLE t (a int, b int AS (a + 1))", "column t.b, generated virtual (a) -> virtual (a + 1)\n"},
    {"CREATE TABLE t (a int, b int AS (a))", "CREATE TABLE t (a int, b int AS (a) STORED)", "column t.b, generated virtual (a) -> stored (a)\n"},
    {"CREATE TABLE t (a int)", "CREATE TABLE t (a int) STRICT", "table t, strict (none) -> yes\n"},
    {"CREATE TABLE t (a int PRIMARY KEY)", "CREATE TABLE t (a int PRIMARY KEY) WITHOUT ROWID", "table t, without rowid (none) -> yes\n"},
    {"CREATE TABLE t (a integer PRIMARY KEY)", "CREATE TABLE t (a integer PRIMARY KEY AUTOINCREMENT)", "table t, autoincrement (none) -> yes\n"},
    {"CREATE TABLE t (a int, b int, PRIMARY KEY (a))", "CREATE TABLE t (a int, b int, PRIMARY KEY (a, b))", "constraint t.primary key, key a -> a, b\n"},
    {"CREATE TABLE t (a int)", "CREATE TABLE t (a int CHECK (a > 0))", "constraint t.check (a > 0) added\n"},
    {"CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 0))", "CREATE TABLE t (a int, CONSTRAINT c CHECK (a > 1))", "constraint t.c, expression (a > 0) -> (a > 1)\n"},
    {"CREATE TABLE u (i); CREATE TABLE t (a int REFERENCES u (i))", "CREATE TABLE u (i); CREATE TABLE t (a int REFERENCES u (i) ON DELETE CASCADE)",
     "constraint t.foreign key a references u(i), on delete (none) -> cascade\n"},
    {"CREATE TABLE u (i); CREATE TABLE t (a int REFERENCES u (i))",
     "CREATE TABLE u (i); CREATE TABLE t (a int REFERENCES u (i) DEFERRABLE INITIALLY DEFERRED)",
     "constraint t.foreign key a references u(i), deferrable (none) -> initially deferred\n"},
    {"CREATE TABLE t (a int UNIQUE)", "CREATE TABLE t (a int UNIQUE ON CONFLICT IGNORE)", "constraint t.unique a, on conflict (none) -> ignore\n"},
    {"CREATE TABLE t (a int); CREATE INDEX i ON t (a)", "CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a)", "index t.i, unique (none) -> yes\n"},
    {"CREATE TABLE t (a int); CREATE INDEX i ON t (a)", "CREATE TABLE t (a int); CREATE INDEX i ON t (a DESC)", "index t.i, key a -> a desc\n"},
    {"CREATE TABLE t (a int); CREATE INDEX i ON t (a)", "CREATE TABLE t (a int); CREATE INDEX i ON t (a) WHERE a > 1", "index t.i, predicate (none) -> a > 1\n"},
    {"CREATE TABLE t (a int); CREATE INDEX i ON t (a)", "CREATE TABLE t (a int); CREATE INDEX i ON t (abs(a))", "index t.i, key a -> abs(a)\n"},
    {"CREATE VIEW v AS SELECT 1", "CREATE VIEW v AS SELECT 2", "view v, body select 1 -> select 2\n"},
    {"CREATE VIEW v AS SELECT 1", "CREATE VIEW v(x) AS SELECT 1", "view v, attributes (none) -> x\n"},
    {"CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END", "CREATE TABLE t (a); CREATE TRIGGER g BEFORE INSERT ON t BEGIN SELECT 1; END",
     "trigger t.g, timing after insert -> before insert\n"},
    {"CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END", "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 2; END",
     "trigger t.g, body begin select 1; end -> begin select 2; end\n"},
    {"CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
     "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t WHEN new.a > 1 BEGIN SELECT 1; END", "trigger t.g, when (none) -> new.a > 1\n"},
    {"CREATE VIRTUAL TABLE d USING fts5(a)", "CREATE VIRTUAL TABLE d USING fts5(a, b)", "table d, module fts5(a) -> fts5(a, b)\n"},
    {"PRAGMA user_version = 1", "PRAGMA user_version = 2", "database file, setting application_id=0, user_version=1, encoding=UTF-8 -> application_id=0, user_version=2, encoding=UTF-8\n"},
    {"CREATE TABLE t (a int)", "CREATE TABLE t (a int, b int)", "column t.b added\n"},
    {"CREATE TABLE t (a int); CREATE TABLE w (x, y, z)", "CREATE TABLE t (a int)", "table w removed\ncolumn w.x removed\ncolumn w.y removed\ncolumn w.z removed\n"},
    {"CREATE TABLE t (id int, type text)", "CREATE TABLE t (id int, type text); ALTER TABLE t RENAME type TO key_type", "column t.type renamed to key_type\n"},
};

#endif
