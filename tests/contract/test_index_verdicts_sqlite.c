/* Verdicts over real SQLite files: what looks needless and is not, and fixes that SQLite takes. */
#include <config.h>

#include "contract/usage_words.h"
#include "engine/index_priv.h"
#include "lockstep/base/mem.h"
#include "lockstep/engine/index.h"

static struct ls_db *open_with(const char *sql)
{
    struct ls_db_params p = {.url = "sqlite::memory:", .create = true, .busy_timeout_ms = -1};
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db = NULL;

    if (ls_db_open(&p, &db, &err) != LS_OK || ls_db_exec_batch(db, sql, strlen(sql), NULL, &err) != LS_OK)
        fail_msg("%s", err.message);
    return db;
}

struct judged {
    struct ls_db *db;
    struct ls_usage *u;
    struct ls_verdicts v;
};

static struct judged judge(struct ls_db *db)
{
    struct judged j = {.db = db, .u = usage_read_db(db, &(struct ls_usage_opts){.with_sizes = true, .with_orphans = true})};
    struct ls_verdict_opts o = {0};

    ls_verdicts_make(j.u, NULL, &o, &j.v);
    return j;
}

static void release(struct judged *j, bool close)
{
    ls_verdicts_release(&j->v);
    ls_usage_free(j->u);
    if (close)
        ls_db_close(j->db);
}

static const struct ls_index_verdict *find(const struct judged *j, enum ls_verdict_id id, const char *object)
{
    for (uint32_t i = 0; i < j->v.n; i++)
        if (j->v.v[i].id == id && (!object || strcmp(j->v.v[i].object, object) == 0))
            return &j->v.v[i];
    return NULL;
}

#define TABLES                                                                                                                     \
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT, c INT, d TEXT UNIQUE, UNIQUE (b, c));\n"                               \
    "CREATE INDEX t_a ON t (a); CREATE INDEX t_a2 ON t (\"a\"); CREATE INDEX t_a_down ON t (a DESC); CREATE INDEX t_a_nc ON t (a " \
    "COLLATE NOCASE);\n"                                                                                                           \
    "CREATE INDEX t_a_part ON t (a) WHERE b > 1; CREATE INDEX t_id ON t (id); CREATE INDEX t_b ON t (b); CREATE INDEX t_d ON t "   \
    "(d);\n"                                                                                                                       \
    "CREATE INDEX t_ab ON t (a COLLATE RTRIM, b); CREATE INDEX t_c ON t (c); CREATE INDEX t_c2 ON t (C, a); CREATE INDEX t_e ON "  \
    "t (c + 1);\n"                                                                                                                 \
    "CREATE UNIQUE INDEX t_u ON t (c, b); CREATE VIEW v AS SELECT * FROM t INDEXED BY t_c WHERE c > 2;\n"

static void equals_and_what_separates(void **state)
{
    static const struct {
        const char *index;
        enum ls_verdict_id id;
        const char *other;
    } expected[] = {
        {"t_a2", LS_IX_DUPLICATE, "t_a"},
        {"t_a_down", LS_IX_MIRROR, "t_a"},
        {"t_id", LS_IX_PREFIX, NULL},
        {"t_b", LS_IX_PREFIX, "sqlite_autoindex_t_2"},
        {"t_d", LS_IX_DUPLICATE, "sqlite_autoindex_t_1"},
    };
    struct judged j = judge(open_with(TABLES));
    uint32_t n = 0;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(expected); i++) {
        const struct ls_index_verdict *v = find(&j, expected[i].id, expected[i].index);

        if (!v)
            fail_msg("%s", expected[i].index);
        assert_int_equal(v->fix, LS_FIX_DROP);
        if (expected[i].other)
            assert_string_equal(j.u->indexes[v->other].name, expected[i].other);
        else
            assert_int_equal(v->other, LS_NO_USAGE);
    }
    for (uint32_t i = 0; i < j.v.n; i++)
        n += j.v.v[i].id >= LS_IX_DUPLICATE && j.v.v[i].id <= LS_IX_PREFIX;
    assert_int_equal(n, LS_ARRAY_LEN(expected)); /* none of another collation, of some rows, of an expression, or with INDEXED BY */
    release(&j, true);
}

#define FKS                                                                                                                        \
    "CREATE TABLE p (id INTEGER PRIMARY KEY, code TEXT UNIQUE COLLATE NOCASE, n INT);\n"                                           \
    "CREATE TABLE one (x INT REFERENCES p ON DELETE CASCADE, y INT); CREATE INDEX one_x ON one (x); CREATE INDEX one_xy ON one "   \
    "(x, y);\n"                                                                                                                    \
    "CREATE TABLE two (x TEXT REFERENCES p (code)); CREATE INDEX two_x ON two (x); CREATE INDEX two_nc ON two (x COLLATE "         \
    "NOCASE);\n"                                                                                                                   \
    "CREATE TABLE bare (x INT REFERENCES p); CREATE TABLE self (id INTEGER PRIMARY KEY REFERENCES p); CREATE TABLE late (x INT "   \
    "REFERENCES p);\n"                                                                                                             \
    "CREATE INDEX late_i ON late (x) WHERE x > 3; CREATE TABLE wrong (x INT REFERENCES p (n)); CREATE TABLE gone (x INT "          \
    "REFERENCES nowhere);\n"                                                                                                       \
    "INSERT INTO bare VALUES (7), (NULL), (8);\n"

static void foreign_keys(void **state)
{
    struct judged j = judge(open_with(FKS));
    const struct ls_index_verdict *v;

    (void)state;
    v = find(&j, LS_IX_FK_UNINDEXED, "bare(x)");
    assert_string_equal(v->create->keys[0], "x");
    assert_string_equal(v->create->name, "idx_bare_x");
    assert_non_null(strstr(find(&j, LS_IX_FK_UNINDEXED, "late(x)")->evidence, "late_i does not serve it: it holds only some rows"));
    assert_null(find(&j, LS_IX_FK_UNINDEXED, "self(id)")); /* the table is its index */
    assert_null(find(&j, LS_IX_FK_UNINDEXED, "one(x)"));
    assert_null(find(&j, LS_IX_FK_UNINDEXED, "two(x)"));
    v = find(&j, LS_IX_FK_UNENFORCED, "bare(x)");
    assert_string_equal(v->title, "2 rows point at no row of p");
    assert_string_equal(find(&j, LS_IX_FK_UNENFORCED, "gone(x)")->title, "there is no table nowhere");
    v = find(&j, LS_IX_FK_UNENFORCED, "wrong(x)");
    assert_string_equal(v->title, "p(n) is not unique: each write that it checks ends in an error");
    assert_true(v->create->is_unique);
    release(&j, true);
}

static void no_statistics(void **state)
{
    struct judged j = judge(open_with("CREATE TABLE t (a INT); CREATE INDEX t_a ON t (a); INSERT INTO t VALUES (1), (2), (3)"));
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    assert_string_equal(find(&j, LS_IX_STATS_MISSING, NULL)->title, "no statistics at all: the planner guesses");
    release(&j, false);
    assert_int_equal(ls_db_exec_batch(j.db, "ANALYZE", 7, NULL, &err), LS_OK);
    j = judge(j.db);
    assert_null(find(&j, LS_IX_STATS_MISSING, NULL));
    release(&j, true);
}

static char *schema_text(struct ls_db *db)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r;
    struct ls_buf b = LS_BUF_INIT;

    assert_int_equal(ls_db_query(db, "SELECT name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1", NULL, 0, &r, &err),
                     LS_OK);
    for (size_t i = 0; i < r.n_rows; i++)
        ls_buf_addf(&b, "%s\n", ls_result_get(&r, i, 0));
    ls_result_release(&r);
    return ls_buf_detach(&b);
}

static void exec(struct ls_db *db, const char *sql)
{
    struct ls_err err = LS_ERR_INIT;

    if (ls_db_exec_batch(db, sql, strlen(sql), NULL, &err) != LS_OK)
        fail_msg("%s: %s", sql, err.message);
}

/* All drops are done: the view with INDEXED BY still works, the foreign keys are still served; then all undos: the schema is what
 * it was. */
static void drops_and_their_undo(void **state)
{
    struct judged j = judge(open_with(TABLES FKS)), after;
    char *before = schema_text(j.db), *again;
    size_t n = 0;

    (void)state;
    for (uint32_t i = 0; i < j.v.n; i++) {
        char *sql;

        if (j.v.v[i].fix != LS_FIX_DROP)
            continue;
        sql = ls_asprintf("DROP INDEX \"%s\"", j.u->indexes[j.v.v[i].index].name);
        exec(j.db, sql);
        free(sql);
        n++;
    }
    assert_true(n > 5);
    exec(j.db, "SELECT * FROM v");
    after = judge(j.db);
    for (uint32_t f = 0; f < j.u->n_fks; f++)
        assert_int_equal(after.u->fks[f].is_served, j.u->fks[f].is_served);
    for (uint32_t i = 0; i < after.v.n; i++)
        assert_true(after.v.v[i].id < LS_IX_DUPLICATE || after.v.v[i].id > LS_IX_PREFIX);
    release(&after, false);
    for (uint32_t i = 0; i < j.v.n; i++)
        if (j.v.v[i].fix == LS_FIX_DROP)
            exec(j.db, j.v.v[i].undo);
    again = schema_text(j.db);
    assert_string_equal(again, before);
    free(before);
    free(again);
    release(&j, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_and_what_separates),
        cmocka_unit_test(foreign_keys),
        cmocka_unit_test(no_statistics),
        cmocka_unit_test(drops_and_their_undo),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
