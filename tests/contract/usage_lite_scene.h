/* tests/contract/usage_lite_scene.h: tables, indexes and keys of each kind that SQLite has. */
#ifndef TESTS_CONTRACT_USAGE_LITE_SCENE_H
#define TESTS_CONTRACT_USAGE_LITE_SCENE_H

#define SCHEMA                                                                                                                                \
    "CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT UNIQUE COLLATE NOCASE, a INT, b INT, c TEXT, d TEXT, UNIQUE (a, b));\n"                 \
    "CREATE UNIQUE INDEX p_c ON p (c);\n"                                                                                                     \
    "CREATE UNIQUE INDEX p_d ON p (d) WHERE d IS NOT NULL;\n"                                                                                 \
    "CREATE TABLE t (id INTEGER PRIMARY KEY DESC, email TEXT NOT NULL, \"na\"\"me\" varchar(80), \"order\" INT, made TEXT COLLATE RTRIM, n);\n"  \
    "CREATE INDEX t_one ON t (email);\n"                                                                                                      \
    "CREATE UNIQUE INDEX t_desc ON t (email COLLATE NoCase DESC, \"na\"\"me\" ASC, \"order\" DESC);\n"                                         \
    "create  index if not exists [t expr] on t(lower(email) COLLATE NOCASE DESC, \"order\", (n+1),  substr(made, 1, 4) ) "                     \
    "WHERE n>0 AND \"na\"\"me\" IS NOT NULL;\n"                                                                                               \
    "CREATE INDEX t_made ON t (made);\n"                                                                                                      \
    "CREATE TABLE w (a TEXT, b INT, c INT, PRIMARY KEY (b, a)) WITHOUT ROWID;\n"                                                               \
    "CREATE INDEX w_c ON w (c);\n"                                                                                                            \
    "CREATE TABLE \"It's a \"\"t\"\"\n\" (x INT REFERENCES p, \"y;--\" INT);\n"                                                                 \
    "CREATE INDEX \"i'd;\n\" ON \"It's a \"\"t\"\"\n\" (\"y;--\");\n"                                                                           \
    "CREATE VIRTUAL TABLE docs USING fts5(body);\n"                                                                                           \
    "CREATE VIEW v AS SELECT * FROM t INDEXED BY t_made WHERE made > '2';\n"                                                                   \
    "CREATE TRIGGER g AFTER INSERT ON w BEGIN DELETE FROM p WHERE id IN (SELECT id FROM t INDEXED BY \"t_one\" WHERE email = new.a); END;\n"

#define KEYS                                                                                                                                  \
    "CREATE TABLE k_none (x INT REFERENCES p);\n"                                                                                             \
    "CREATE TABLE k_one (x INT CONSTRAINT \"the one\" REFERENCES p (id) ON DELETE CASCADE ON UPDATE SET NULL, y INT);\n"                       \
    "CREATE INDEX k_one_wide ON k_one (x, y); CREATE INDEX k_one_x ON k_one (x);\n"                                                            \
    "CREATE TABLE k_second (x INT REFERENCES p, y INT); CREATE INDEX k_second_i ON k_second (y, x);\n"                                         \
    "CREATE TABLE k_two (x INT, y INT, z INT CHECK (z > 0), CONSTRAINT two FOREIGN KEY (x, y) REFERENCES p (a, b));\n"                          \
    "CREATE INDEX k_two_i ON k_two (y, x, z);\n"                                                                                              \
    "CREATE TABLE k_half (x INT, y INT, z INT, FOREIGN KEY (x, y) REFERENCES p (a, b)); CREATE INDEX k_half_i ON k_half (x, z, y);\n"           \
    "CREATE TABLE k_null (\"x y\" INT REFERENCES p); CREATE INDEX k_null_i ON k_null (\"x y\") WHERE \"x y\" IS NOT NULL;\n"                    \
    "CREATE TABLE k_where (x INT REFERENCES p); CREATE INDEX k_where_i ON k_where (x) WHERE x > 1;\n"                                          \
    "CREATE TABLE k_collate (x TEXT REFERENCES p (code)); CREATE INDEX k_collate_i ON k_collate (x);\n"                                        \
    "CREATE TABLE k_nocase (x TEXT REFERENCES p (code)); CREATE INDEX k_nocase_i ON k_nocase (x COLLATE NOCASE);\n"                             \
    "CREATE TABLE k_expr (x INT REFERENCES p); CREATE INDEX k_expr_i ON k_expr (x + 0);\n"                                                     \
    "CREATE TABLE k_alias (id INTEGER PRIMARY KEY REFERENCES p);\n"                                                                           \
    "CREATE TABLE k_rowid (x INT PRIMARY KEY REFERENCES p) WITHOUT ROWID;\n"                                                                   \
    "CREATE TABLE k_index (x TEXT REFERENCES p (c));\n"

#define BROKEN                                                                                                                                \
    "CREATE TABLE b_gone (x INT REFERENCES nowhere (id));\n"                                                                                   \
    "CREATE TABLE b_column (x INT REFERENCES p (a));\n"                                                                                        \
    "CREATE TABLE b_partial (x TEXT REFERENCES p (d));\n"                                                                                      \
    "CREATE TABLE b_count (x INT, y INT, FOREIGN KEY (x, y) REFERENCES p);\n"                                                                  \
    "CREATE TABLE b_view (x INT REFERENCES v (id));\n"

#endif
