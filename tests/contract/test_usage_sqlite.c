/* What is read of the indexes of a SQLite database. The referee is SQLite itself: its schema, its plans, its foreign_key_check. */
#include <config.h>

#include "contract/usage_lite_scene.h"
#include "contract/usage_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <sqlite3.h>
#include <strings.h>
#include <unistd.h>

#include "db/sqlite/lite_internal.h"

static struct ls_db *open_url(const char *url, const char *sql)
{
    struct ls_db_params p = {.url = url, .create = true, .busy_timeout_ms = -1};
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db = NULL;

    if (ls_db_open(&p, &db, &err) != LS_OK || ls_db_exec_batch(db, sql, strlen(sql), NULL, &err) != LS_OK)
        fail_msg("%s", err.message);
    return db;
}

static void run(struct ls_db *db, const char *sql)
{
    struct ls_err err = LS_ERR_INIT;

    if (ls_db_exec_batch(db, sql, strlen(sql), NULL, &err) != LS_OK)
        fail_msg("%s: %s", err.message, sql);
}

/* --- indexes --- */

static const struct expected {
    const char *name, *flags, *keys, *constraint, *predicate;
} expected[] = {
    {"sqlite_autoindex_p_1", " unique target", "code:TEXT: collate NOCASE of NOCASE nulls-first safe", "UNIQUE", ""},
    {"sqlite_autoindex_p_2", " unique target", "a:INT: nulls-first | b:INT: nulls-first", "UNIQUE", ""},
    {"p_c", " unique target", "c:TEXT: nulls-first", "", ""},
    {"p_d", " unique", "d:TEXT: nulls-first", "", "d is not null"},
    {"sqlite_autoindex_t_1", " unique primary", "id:INTEGER: desc", "PRIMARY KEY", ""},
    {"t_one", "", "email:TEXT: nulls-first", "", ""},
    {"t_desc", " unique", "email:TEXT: collate NOCASE desc safe | \"na\"\"me\":varchar(80): nulls-first | \"order\":INT: desc", "", ""},
    {"t expr", " expression",
     "lower(email)():: collate NOCASE desc safe | \"order\":INT: nulls-first | (n + 1)():: nulls-first | substr(made, 1, 4)():: nulls-first", "",
     "n > 0 and \"na\"\"me\" is not null"},
    {"t_made", "", "made:TEXT: collate RTRIM of RTRIM nulls-first", "", ""},
    {"sqlite_autoindex_w_1", " unique primary", "b:INT: nulls-first | a:TEXT: nulls-first", "PRIMARY KEY", ""},
    {"w_c", "", "c:INT: nulls-first", "", ""},
    {"i'd;\n", "", "\"y;--\":INT: nulls-first", "", ""},
};

static void each_kind_of_index(void **state)
{
    struct ls_db *db = open_url("sqlite::memory:", SCHEMA KEYS);
    struct ls_usage *u = usage_read_db(db, NULL);
    struct ls_buf text = LS_BUF_INIT;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(expected); i++) {
        const struct expected *e = &expected[i];
        const struct ls_usage_index *x = usage_index(u, e->name);

        ls_buf_clear(&text);
        usage_flags(x, &text);
        assert_string_equal(text.ptr, e->flags);
        ls_buf_clear(&text);
        usage_keys(x, &text);
        assert_string_equal(text.ptr, e->keys);
        assert_string_equal(x->constraint, e->constraint);
        assert_string_equal(x->predicate, e->predicate);
        assert_string_equal(x->method, "btree");
        assert_true(x->scans == -1 && x->bytes == -1 && x->bloat == -1 && x->oid > 0 && x->stat1 == NULL && x->parent == LS_NO_USAGE);
        assert_int_equal(x->is_in_query, strcmp(x->name, "t_made") == 0 || strcmp(x->name, "t_one") == 0);
    }
    assert_int_equal(u->dialect, LS_DIALECT_SQLITE);
    assert_int_equal(u->server_version, sqlite3_libversion_number());
    assert_true(!u->fk_enforced && !u->has_stat1 && !u->has_sizes && u->taken_us > 0 && u->stats_reset_us == 0);
    assert_int_equal(u->notes.d.n, 0);
    ls_buf_release(&text);
    ls_usage_free(u);
    ls_db_close(db);
}

static void texts_are_the_schemas(void **state)
{
    struct ls_db *db = open_url("sqlite::memory:", SCHEMA KEYS);
    struct ls_usage *u = usage_read_db(db, NULL);
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r;

    (void)state;
    assert_int_equal(ls_db_query(db, "SELECT name, coalesce(sql, ''), rootpage FROM sqlite_schema WHERE type = 'index'", NULL, 0, &r, &err), LS_OK);
    assert_true(r.n_rows > 15);
    for (size_t i = 0; i < r.n_rows; i++) {
        assert_string_equal(usage_index(u, ls_result_get(&r, i, 0))->definition, ls_result_get(&r, i, 1));
        assert_int_equal(usage_index(u, ls_result_get(&r, i, 0))->oid, atol(ls_result_get(&r, i, 2)));
    }
    assert_int_equal(u->n_indexes, r.n_rows + 2); /* keys of tables without rowid are in no schema */
    ls_result_release(&r);
    ls_usage_free(u);
    ls_db_close(db);
}

/* Tables whose texts look like something else than they are. */
#define LOOKS                                                                                                                                  \
    "CREATE TABLE l_comment (id INT PRIMARY KEY /* not without rowid */, a INT);\n"                                                            \
    "CREATE TABLE l_both (id TEXT PRIMARY KEY, a INT UNIQUE, b TEXT DEFAULT 'primary', UNIQUE (b, a));\n"                                       \
    "CREATE TABLE l_unique (\"primary\" INT UNIQUE, \"integer\" TEXT, UNIQUE (\"integer\"));\n"                                                   \
    "CREATE TABLE l_primary (\"unique\" TEXT, a INT, PRIMARY KEY (a, \"unique\"));\n"                                                            \
    "CREATE TABLE l_alias (a INT, id \"Integer\", b INT UNIQUE, PRIMARY KEY (id));\n"                                                            \
    "CREATE TABLE l_int (a INTEGER, id INT, PRIMARY KEY (id));\n"                                                                               \
    "CREATE TABLE l_without (a INT UNIQUE, id INTEGER PRIMARY KEY) WITHOUT ROWID;\n"                                                             \
    "CREATE TABLE l_as AS SELECT 1 AS id;\n"                                                                                                    \
    "create unique index l_as_id on l_as (id) where id is not null; CREATE INDEX \"create unique \" ON l_as (id);\n"

static void texts_and_pragmas_agree(void **state)
{
    static const char index_sql[] = "SELECT s.name, i.name, i.\"unique\", i.origin FROM sqlite_schema s, pragma_index_list(s.name) i WHERE s.type = 'table' "
                                    "AND s.name NOT LIKE 'docs%'";
    static const char kind_sql[] = "SELECT l.name, iif(l.type = 'virtual', 'v', iif(l.wr, 'w', 'r')), (SELECT group_concat(name) FROM (SELECT name FROM "
                                   "pragma_table_info(l.name) WHERE pk > 0 ORDER BY pk)), l.name IN ('p', 'l_alias', 'k_alias') FROM pragma_table_list l WHERE "
                                   "l.schema = 'main' AND l.type IN ('table', 'virtual') AND l.name NOT LIKE 'sqlite%'";
    struct ls_db *db = open_url("sqlite::memory:", SCHEMA KEYS LOOKS);
    struct ls_usage *u = usage_read_db(db, NULL);
    struct ls_result r;

    (void)state;
    assert_int_equal(ls_db_query(db, index_sql, NULL, 0, &r, NULL), LS_OK);
    assert_int_equal(r.n_rows, u->n_indexes);
    for (size_t i = 0; i < r.n_rows; i++) {
        const struct ls_usage_index *x = usage_index(u, ls_result_get(&r, i, 1));
        const char *origin = ls_result_get(&r, i, 3);

        assert_string_equal(u->tables[x->table].name, ls_result_get(&r, i, 0));
        assert_int_equal(x->is_unique, ls_result_get(&r, i, 2)[0] == '1');
        assert_int_equal(x->is_primary, origin[0] == 'p');
        assert_string_equal(x->constraint, origin[0] == 'p' ? "PRIMARY KEY" : origin[0] == 'u' ? "UNIQUE" : "");
    }
    ls_result_release(&r);
    assert_int_equal(ls_db_query(db, kind_sql, NULL, 0, &r, NULL), LS_OK);
    assert_int_equal(r.n_rows, u->n_tables);
    for (size_t i = 0; i < r.n_rows; i++) {
        const struct ls_usage_table *t = usage_table(u, ls_result_get(&r, i, 0));
        const char *alias = ls_result_get(&r, i, 3)[0] == '1' ? ls_result_get(&r, i, 2) : NULL;

        assert_int_equal(t->kind, ls_result_get(&r, i, 1)[0]);
        if (alias != NULL)
            assert_string_equal(t->rowid_alias, alias);
        else
            assert_null(t->rowid_alias);
    }
    ls_result_release(&r);
    ls_usage_free(u);
    ls_db_close(db);
}

static void tables_and_their_order(void **state)
{
    struct ls_db *db = open_url("sqlite::memory:", SCHEMA "CREATE TABLE Zed (x); CREATE TABLE alpha (x INTEGER PRIMARY KEY)");
    struct ls_usage *u = usage_read_db(db, NULL);

    (void)state;
    assert_int_equal(usage_table(u, "t")->kind, 'r');
    assert_int_equal(usage_table(u, "w")->kind, 'w');
    assert_int_equal(usage_table(u, "docs")->kind, 'v');
    assert_int_equal(ls_usage_find_table(u, "main", "docs_content"), LS_NO_USAGE); /* a shadow */
    assert_int_equal(ls_usage_find_table(u, "main", "v"), LS_NO_USAGE);
    assert_string_equal(usage_table(u, "P")->rowid_alias, "id");
    assert_string_equal(usage_table(u, "alpha")->rowid_alias, "x");
    assert_null(usage_table(u, "t")->rowid_alias); /* with DESC behind it, it is none */
    assert_null(usage_table(u, "w")->rowid_alias);
    assert_true(usage_table(u, "t")->seq_scans == -1 && usage_table(u, "t")->rows == -1);
    for (uint32_t t = 0; t < u->n_tables; t++) {
        const struct ls_usage_table *x = &u->tables[t];

        assert_true(t == 0 || strcasecmp(x[-1].name, x->name) < 0);
        assert_int_equal(ls_usage_find_table(u, "main", x->name), t);
        for (uint32_t i = 0; i < x->n_indexes; i++)
            assert_int_equal(u->indexes[x->first_index + i].table, t);
    }
    for (uint32_t i = 0; i < u->n_indexes; i++)
        assert_int_equal(ls_usage_find_index(u, "main", u->indexes[i].name), i);
    ls_usage_free(u);
    ls_db_close(db);
}

/* --- foreign keys --- */

static const struct ls_usage_fk *fk_of(const struct ls_usage *u, const char *table)
{
    const struct ls_usage_table *t = usage_table(u, table);

    assert_int_equal(t->n_fks, 1);
    return &u->fks[t->first_fk];
}

static const char *const parent_of[][2] = {{"k_collate", "code = 'x'"}, {"k_nocase", "code = 'x'"}, {"k_two", "a = 1 AND b = 2"},
                                           {"k_half", "a = 1 AND b = 2"}, {"k_index", "c = 'x'"}};

/* Whether SQLite searches the child when a parent goes, or reads all of it: the plan of the DELETE has its look-ups. */
static bool is_searched(struct ls_db *db, const char *table)
{
    struct ls_buf sql = LS_BUF_INIT, line = LS_BUF_INIT;
    const char *where = "id = 1";
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r;
    int found = 0;

    for (size_t i = 0; i < LS_ARRAY_LEN(parent_of); i++)
        if (strcmp(parent_of[i][0], table) == 0)
            where = parent_of[i][1];
    ls_buf_addf(&sql, "EXPLAIN QUERY PLAN DELETE FROM p WHERE %s", where);
    assert_int_equal(ls_db_query(db, sql.ptr, NULL, 0, &r, &err), LS_OK);
    for (size_t i = 0; i < r.n_rows; i++) {
        const char *detail = ls_result_get(&r, i, 3);

        ls_buf_clear(&line);
        ls_buf_addf(&line, "SEARCH %s USING", table);
        found |= strncmp(detail, line.ptr, line.len) == 0 ? 1 : 0;
        ls_buf_clear(&line);
        ls_buf_addf(&line, "SCAN %s", table);
        found |= strncmp(detail, line.ptr, line.len) == 0 && (detail[line.len] == '\0' || detail[line.len] == ' ') ? 2 : 0;
    }
    ls_result_release(&r);
    ls_buf_release(&sql);
    ls_buf_release(&line);
    if (found != 1 && found != 2)
        fail_msg("the plan does not say how %s is looked at", table);
    return found == 1;
}

static void which_index_serves(void **state)
{
    static const struct {
        const char *table, *index;
        bool is_served;
    } cases[] = {{"k_none", NULL, false},           {"k_one", "k_one_x", true},       {"k_second", NULL, false},  {"k_two", "k_two_i", true},
                 {"k_half", NULL, false},           {"k_null", "k_null_i", true},     {"k_where", NULL, false},   {"k_collate", NULL, false},
                 {"k_nocase", "k_nocase_i", true},  {"k_expr", NULL, false},          {"k_alias", NULL, true},    {"k_index", NULL, false},
                 {"k_rowid", "sqlite_autoindex_k_rowid_1", true}};
    struct ls_db *db = open_url("sqlite::memory:?_foreign_keys=on", SCHEMA KEYS);
    struct ls_usage *u = usage_read_db(db, NULL);

    (void)state;
    assert_true(u->fk_enforced);
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        const struct ls_usage_fk *f = fk_of(u, cases[i].table);
        const char *got = f->index == LS_NO_USAGE ? NULL : u->indexes[f->index].name;
        bool is_half = strcmp(cases[i].table, "k_half") == 0; /* is searched by its first column only */

        if ((got == NULL) != (cases[i].index == NULL) || (got && strcmp(got, cases[i].index) != 0))
            fail_msg("%s: %s serves it, not %s", cases[i].table, got ? got : "nothing", cases[i].index ? cases[i].index : "nothing");
        assert_int_equal(f->is_served, cases[i].is_served);
        if (is_searched(db, cases[i].table) != (f->is_served || is_half))
            fail_msg("%s: SQLite's plan says otherwise", cases[i].table);
        assert_true(f->is_enforced && f->is_parent_unique);
    }
    ls_usage_free(u);
    ls_db_close(db);
}

static void what_a_foreign_key_says(void **state)
{
    struct ls_db *db = open_url("sqlite::memory:", SCHEMA KEYS BROKEN
                                "CREATE TABLE many (a INT REFERENCES p, b INT CONSTRAINT second REFERENCES p (a), c TEXT, CONSTRAINT third FOREIGN KEY (c) REFERENCES p (c), "
                                "CONSTRAINT not_its CHECK (a > 0), FOREIGN KEY (a, b) REFERENCES p (a, b))");
    struct ls_usage *u = usage_read_db(db, NULL);
    const struct ls_usage_fk *f = fk_of(u, "k_one");
    const struct ls_usage_table *many = usage_table(u, "many");

    (void)state;
    assert_string_equal(f->name, "the one");
    assert_string_equal(f->columns[0], "x");
    assert_string_equal(f->ref_columns[0], "id");
    assert_string_equal(f->ref_table, "p");
    assert_ptr_equal(&u->tables[f->ref], usage_table(u, "p"));
    assert_string_equal(f->on_delete, "CASCADE");
    assert_string_equal(f->on_update, "SET NULL");
    assert_true(f->is_validated && !f->is_enforced && f->orphans == -1);
    f = fk_of(u, "k_two");
    assert_string_equal(f->name, "two");
    assert_true(f->n_columns == 2 && strcmp(f->columns[1], "y") == 0 && strcmp(f->ref_columns[1], "b") == 0);
    assert_string_equal(fk_of(u, "k_none")->ref_columns[0], "id"); /* the parent's key, unsaid */
    assert_int_equal(fk_of(u, "b_gone")->ref, LS_NO_USAGE);
    for (size_t i = 0; i < 5; i++) {
        static const char *const broken[] = {"b_gone", "b_column", "b_partial", "b_count", "b_view"};

        assert_false(fk_of(u, broken[i])->is_parent_unique);
    }
    assert_true(fk_of(u, "k_index")->is_parent_unique && fk_of(u, "k_alias")->is_parent_unique);
    assert_int_equal(many->n_fks, 4);
    f = &u->fks[many->first_fk]; /* nameless ones first, as they are written */
    assert_true(f[0].name[0] == '\0' && f[0].n_columns == 1 && f[1].name[0] == '\0' && f[1].n_columns == 2);
    assert_string_equal(f[2].name, "second");
    assert_string_equal(f[3].name, "third");
    assert_string_equal(f[3].columns[0], "c");
    ls_usage_free(u);
    ls_db_close(db);
}

static int64_t rows_of(struct ls_db *db, const char *sql)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r;
    int64_t n;

    if (ls_db_query(db, sql, NULL, 0, &r, &err) != LS_OK)
        fail_msg("%s: %s", err.message, sql);
    n = (int64_t)r.n_rows;
    ls_result_release(&r);
    return n;
}

static void rows_without_a_parent(void **state)
{
    static const char rows[] = "INSERT INTO p (id, code, a, b, c) VALUES (1, 'One', 1, 1, 'c'); INSERT INTO k_one VALUES (1, 1), (2, 1), (3, 1), (NULL, 1);"
                               "INSERT INTO k_two VALUES (1, 1, 1), (1, 2, 1), (NULL, 9, 1); INSERT INTO k_nocase VALUES ('ONE'), ('two');"
                               "INSERT INTO \"It's a \"\"t\"\"\n\" VALUES (1, 1), (7, 1); INSERT INTO b_gone VALUES (1); INSERT INTO b_column VALUES (1), (5)";
    static const struct {
        const char *table;
        int64_t n;
    } want[] = {{"k_one", 2}, {"k_two", 1}, {"k_nocase", 1}, {"It's a \"t\"\n", 1}, {"k_none", 0}, {"b_gone", 1}, {"b_column", 1}, {"b_count", -1}};
    struct ls_db *db = open_url("sqlite::memory:", SCHEMA KEYS BROKEN);
    struct ls_usage *u;

    (void)state;
    run(db, rows);
    u = usage_read_db(db, &(struct ls_usage_opts){.with_orphans = true});
    for (size_t i = 0; i < LS_ARRAY_LEN(want); i++) {
        const struct ls_usage_fk *f = fk_of(u, want[i].table);

        assert_int_equal(f->orphans, want[i].n);
        if (want[i].n >= 0)
            assert_int_equal(rows_of(db, f->orphans_sql), want[i].n);
    }
    ls_usage_free(u);
    u = usage_read_db(db, NULL);
    assert_int_equal(fk_of(u, "k_one")->orphans, -1);
    ls_usage_free(u);
    ls_db_close(db);
}

/* --- statistics, sizes --- */

static void statistics_are_sqlite_stat1(void **state)
{
    struct ls_db *db = open_url("sqlite::memory:", SCHEMA);
    const struct ls_usage_index *x;
    struct ls_usage *u;

    (void)state;
    run(db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO t SELECT i, 'e' || (i % 10), i, i, 'x', i % 2 FROM n;"
            "INSERT INTO w VALUES ('a', 1, 1), ('b', 1, 1); ANALYZE");
    u = usage_read_db(db, NULL);
    assert_true(u->has_stat1);
    x = usage_index(u, "t_one");
    assert_string_equal(x->stat1, "1000 100");
    assert_true(x->rows == 1000 && x->keys[0].has_stats && x->keys[0].n_distinct == 10);
    x = usage_index(u, "t expr");
    assert_true(x->rows == 500 && usage_table(u, "t")->rows == 1000); /* the partial one has fewer */
    assert_true(!usage_index(u, "t_desc")->keys[1].has_stats && usage_index(u, "t_desc")->keys[1].n_distinct == -1);
    assert_true(usage_index(u, "sqlite_autoindex_w_1")->rows == 2 && usage_table(u, "w")->rows == 2);
    assert_true(usage_table(u, "p")->rows == -1 && usage_index(u, "p_c")->stat1 == NULL);
    ls_usage_free(u);
    run(db, "DELETE FROM sqlite_stat1; INSERT INTO sqlite_stat1 VALUES ('t', 't_one', 'sz=1 unordered'), ('t', 'gone', '7 1'), (NULL, NULL, NULL), "
            "('p', 't_made', '3 1'), ('nothing', NULL, '4')");
    u = usage_read_db(db, NULL); /* anybody may write into it */
    assert_true(!usage_index(u, "t_one")->keys[0].has_stats && usage_index(u, "t_made")->rows == -1);
    ls_usage_free(u);
    ls_db_close(db);
}

static bool has_dbstat(struct ls_db *db)
{
    return rows_of(db, "SELECT 1 FROM pragma_module_list WHERE name = 'dbstat'") == 1;
}

static void sizes_are_those_of_the_file(void **state)
{
    struct ls_db *db = open_url("sqlite::memory:", SCHEMA);
    const struct ls_usage_index *x;
    struct ls_usage *u;

    (void)state;
    if (!has_dbstat(db)) {
        u = usage_read_db(db, &(struct ls_usage_opts){.with_sizes = true});
        assert_true(!u->has_dbstat && !u->has_sizes && usage_note(u, "no-dbstat") != NULL && usage_index(u, "t_one")->bytes == -1);
        ls_usage_free(u);
        ls_db_close(db);
        return;
    }
    run(db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT i, 'email' || i, i, i, 'x', 1 FROM n");
    u = usage_read_db(db, &(struct ls_usage_opts){.with_sizes = true});
    assert_true(u->has_dbstat && u->has_sizes);
    x = usage_index(u, "t_one");
    assert_true(x->bytes == x->pages * 4096 && x->pages > 50 && x->bloat_how == LS_BLOAT_MEASURED && x->bloat >= 0 && x->bloat < 0.5);
    assert_true(usage_table(u, "t")->bytes > x->bytes);
    assert_true(usage_index(u, "w_c")->bytes == 4096 && usage_index(u, "w_c")->bloat == 0); /* an empty page is what a new one has too */
    ls_usage_free(u);
    run(db, "DELETE FROM t WHERE id % 10 <> 0");
    u = usage_read_db(db, &(struct ls_usage_opts){.with_bloat = true});
    assert_true(usage_index(u, "t_one")->bloat > 0.15); /* SQLite joins pages that are nearly empty, not those that are half so */
    ls_usage_free(u);
    u = usage_read_db(db, &(struct ls_usage_opts){.with_bloat = true, .bloat_max_bytes = 4096});
    assert_true(!u->has_sizes && usage_index(u, "t_one")->bytes == -1 && usage_note(u, "too-large") != NULL);
    ls_usage_free(u);
    ls_db_close(db);
}

/* --- trouble --- */

static char *new_file(void)
{
    const char *dir = getenv("LS_TEST_TMP") ? getenv("LS_TEST_TMP") : "/tmp";
    struct ls_buf path = LS_BUF_INIT;
    int fd;

    ls_buf_addf(&path, "%s/usage_XXXXXX", dir);
    fd = mkstemp(path.ptr);
    assert_true(fd >= 0);
    close(fd);
    return ls_buf_detach(&path);
}

static char *url_of(const char *path)
{
    struct ls_buf url = LS_BUF_INIT;

    ls_buf_addf(&url, "sqlite:%s", path);
    return ls_buf_detach(&url);
}

static void a_locked_file_is_busy(void **state)
{
    char *path = new_file(), *url = url_of(path);
    struct ls_db *db = open_url(url, SCHEMA), *other = open_url(url, "BEGIN EXCLUSIVE");
    struct ls_err err = LS_ERR_INIT;
    struct ls_usage *u = NULL;

    (void)state;
    assert_int_equal(ls_db_usage(db, NULL, &u, &err), LS_E_BUSY);
    assert_null(u);
    assert_int_equal(ls_db_tx_status(db), LS_TXS_IDLE);
    ls_err_release(&err);
    ls_db_close(other);
    u = usage_read_db(db, NULL);
    assert_non_null(usage_index(u, "t_one"));
    ls_usage_free(u);
    ls_db_close(db);
    unlink(path);
    free(path);
    free(url);
}

static void a_damaged_file_is_said(void **state)
{
    char *path = new_file(), *url = url_of(path), junk[4096];
    struct ls_db_params p = {.url = url, .read_only = true};
    struct ls_err err = LS_ERR_INIT;
    struct ls_usage *u = NULL;
    struct ls_db *db;
    FILE *f;

    (void)state;
    ls_db_close(open_url(url, SCHEMA));
    f = fopen(path, "r+b");
    memset(junk, 0x5a, sizeof(junk));
    assert_int_equal(fseek(f, 100, SEEK_SET), 0); /* the first page of the schema, behind the file's header */
    assert_int_equal(fwrite(junk, 1, 3000, f), 3000);
    fclose(f);
    if (ls_db_open(&p, &db, &err) == LS_OK)
        assert_int_equal(ls_db_usage(db, NULL, &u, &err), LS_E_INPUT);
    else
        assert_int_equal(err.code, LS_E_INPUT);
    assert_null(u);
    ls_err_release(&err);
    ls_db_close(db);
    unlink(path);
    free(path);
    free(url);
}

/* A module that is not loaded here, a view of nothing: the rest can be read. */
static void what_is_broken_is_passed_over(void **state)
{
    char *path = new_file(), *url = url_of(path);
    struct ls_db *db = open_url(url, SCHEMA "CREATE VIEW broken AS SELECT * FROM no_such; PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES "
                                     "('table', 'strange', 'strange', 0, 'CREATE VIRTUAL TABLE strange USING no_such_module (x)')");
    struct ls_usage *u;

    (void)state;
    ls_db_close(db);
    db = open_url(url, "");
    u = usage_read_db(db, &(struct ls_usage_opts){.with_sizes = true, .with_orphans = true});
    assert_int_equal(usage_table(u, "strange")->kind, 'v');
    assert_int_equal(usage_table(u, "t")->n_indexes, 5);
    ls_usage_free(u);
    ls_db_close(db);
    unlink(path);
    free(path);
    free(url);
}

static void transactions_are_left_as_they_are(void **state)
{
    struct ls_db *db = open_url("sqlite::memory:", SCHEMA);
    struct ls_err err = LS_ERR_INIT;
    struct ls_usage *u = usage_read_db(db, NULL);

    (void)state;
    assert_int_equal(ls_db_tx_status(db), LS_TXS_IDLE);
    ls_usage_free(u);
    assert_int_equal(ls_db_begin(db, &err), LS_OK);
    run(db, "CREATE INDEX mine ON t (n)");
    u = usage_read_db(db, NULL);
    assert_non_null(usage_index(u, "mine"));
    ls_usage_free(u);
    assert_int_equal(ls_db_tx_status(db), LS_TXS_OPEN);
    ls_db_rollback(db);
    u = usage_read_db(db, NULL);
    assert_int_equal(ls_usage_find_index(u, NULL, "mine"), LS_NO_USAGE);
    ls_usage_free(u);
    ls_db_close(db);
}

/* --- what it costs --- */

static int count_statement(unsigned type, void *ctx, void *stmt, void *text)
{
    (void)type;
    (void)stmt;
    *(int *)ctx += strncmp(text, "--", 2) != 0; /* what a pragma function runs of its own is a comment there */
    return 0;
}

static int statements_of(const char *sql, uint32_t *n_indexes)
{
    struct ls_db *db = open_url("sqlite::memory:", sql);
    struct ls_usage *u;
    int n = 0;

    sqlite3_trace_v2(lite_of(db)->h, SQLITE_TRACE_STMT, count_statement, &n);
    u = usage_read_db(db, &(struct ls_usage_opts){.with_sizes = true});
    *n_indexes = u->n_indexes;
    ls_usage_free(u);
    sqlite3_trace_v2(lite_of(db)->h, 0, NULL, NULL);
    ls_db_close(db);
    return n;
}

/* The pragma functions prepare their own statements inside: those of the reader are what is left after the tables' share. */
static void the_queries_do_not_grow(void **state)
{
    struct ls_buf sql = LS_BUF_INIT;
    uint32_t one, many;
    int small, large;

    (void)state;
    ls_buf_adds(&sql, "CREATE TABLE t0 (a, b);");
    small = statements_of("CREATE TABLE t0 (a, b); CREATE INDEX i0 ON t0 (a)", &one);
    for (int i = 0; i < 200; i++)
        ls_buf_addf(&sql, "CREATE INDEX i%d ON t0 (a, b);", i);
    large = statements_of(sql.ptr, &many);
    assert_true(one == 1 && many == 200);
    assert_true(small > 0 && small < 60);
    ls_buf_release(&sql);
    assert_int_equal(small, large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_kind_of_index),
                                       cmocka_unit_test(texts_are_the_schemas),
                                       cmocka_unit_test(texts_and_pragmas_agree),
                                       cmocka_unit_test(tables_and_their_order),
                                       cmocka_unit_test(which_index_serves),
                                       cmocka_unit_test(what_a_foreign_key_says),
                                       cmocka_unit_test(rows_without_a_parent),
                                       cmocka_unit_test(statistics_are_sqlite_stat1),
                                       cmocka_unit_test(sizes_are_those_of_the_file),
                                       cmocka_unit_test(a_locked_file_is_busy),
                                       cmocka_unit_test(a_damaged_file_is_said),
                                       cmocka_unit_test(what_is_broken_is_passed_over),
                                       cmocka_unit_test(transactions_are_left_as_they_are),
                                       cmocka_unit_test(the_queries_do_not_grow)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
