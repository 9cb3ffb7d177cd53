/* tests/support/advise.h: a database with tables of 10,000 rows, and advice for queries on it. Header only; include it behind <cmocka.h>. */
#ifndef TESTS_SUPPORT_ADVISE_H
#define TESTS_SUPPORT_ADVISE_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/db/usage.h"
#include "lockstep/engine/advise.h"
#include "lockstep/engine/index.h"
#include "support/pg.h"
#include "support/skip.h"

struct adv_test {
    char dir[32];
    char *path, *url;
    struct ls_db *db;
    struct ls_session *s;
    struct ls_side_world w;
    struct ls_usage *u;
    struct ls_workload wl;
    struct ls_advise_opts opts;
    struct ls_advices out;
    bool is_pg;
};

#ifdef LS_WITH_SQLITE
#define ADV_NEEDS_SQLITE() (void)0
#else
#define ADV_NEEDS_SQLITE() test_skip("this build has no SQLite driver")
#endif
#define ADV_BOTH_UNLESS(why_not, name)      \
    static void name##_sqlite(void **state) \
    {                                       \
        (void)state;                        \
        ADV_NEEDS_SQLITE();                 \
        name(false);                        \
    }                                       \
    static void name##_pg(void **state)     \
    {                                       \
        (void)state;                        \
        if ((why_not) != NULL) {            \
            test_skip(why_not);             \
            return;                         \
        }                                   \
        name(true);                         \
    }
#define ADV_BOTH(name)          ADV_BOTH_UNLESS(test_pg_url() == NULL ? test_pg_skip_reason() : NULL, name)
#define ADV_BOTH_MEASURED(name) ADV_BOTH_UNLESS(test_pg_dump_skip_reason(), name) /* on a copy, which pg_dump makes */
#define ADV_BOTH_TESTS(name) cmocka_unit_test(name##_sqlite), cmocka_unit_test(name##_pg)

static inline void adv_sql(struct adv_test *t, const char *sql)
{
    struct ls_err err = LS_ERR_INIT;

    if (ls_db_exec_batch(t->db, sql, strlen(sql), NULL, &err) != LS_OK)
        fail_msg("%s: %s", sql, err.message);
}

/* INSERT INTO table SELECT columns FROM n = 1 .. rows */
static inline void adv_rows(struct adv_test *t, const char *table, const char *columns, int rows)
{
    char *sql = t->is_pg ? ls_asprintf("INSERT INTO %s SELECT %s FROM generate_series(1, %d) n", table, columns, rows)
                         : ls_asprintf("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) INSERT INTO %s SELECT %s FROM c", rows, table,
                                       columns);

    adv_sql(t, sql);
    free(sql);
}

static inline void adv_open(struct adv_test *t, bool is_pg)
{
    struct ls_session_params sp = {0};
    struct ls_db_params p = {.create = true};

    memset(t, 0, sizeof(*t));
    t->is_pg = is_pg;
    snprintf(t->dir, sizeof(t->dir), "lockstep-advise-XXXXXX");
    assert_non_null(mkdtemp(t->dir));
    if (is_pg)
        t->url = test_pg_new_database("advise");
    else
        t->path = ls_path_join(t->dir, "app.db");
    sp.url = p.url = is_pg ? t->url : t->path;
    p.create = !is_pg;
    assert_int_equal(ls_db_open(&p, &t->db, NULL), LS_OK);
    t->s = ls_session_new(&sp);
    t->w.session = t->s;
    t->w.scratch_url = test_pg_url();
    t->opts.measure = true;
    t->opts.rounds = 1;
    adv_sql(t, "CREATE TABLE memories (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, body TEXT, updated_at INTEGER NOT NULL);"
               "CREATE TABLE entities (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, entity_type TEXT NOT NULL, name TEXT, created_at INTEGER NOT NULL)");
    adv_rows(t, "memories",
             "n, n % 100, 'what user ' || (n % 100) || ' said, at the length of one or two sentences, as such notes are, so that not too many of them share a page of the "
             "table, and reading all of those pages is more than reading twenty', n * 7919 % 10007",
             10000);
    adv_rows(t, "entities",
             "n, n % 20, CASE n / 20 % 4 WHEN 0 THEN 'person' WHEN 1 THEN 'place' ELSE 'thing' END, 'The name of number ' || n || ' is one of those that have a few words in them', n * 7919 % 10007",
             10000);
}

static inline void adv_close(struct adv_test *t)
{
    ls_advices_release(&t->out);
    ls_workload_release(&t->wl);
    ls_usage_free(t->u);
    ls_side_world_end(&t->w);
    ls_session_free(t->s);
    ls_db_close(t->db);
    if (t->url != NULL)
        test_pg_drop_database(t->url);
    free(t->path);
    assert_int_equal(ls_remove_tree(t->dir, NULL), LS_OK);
}

static inline void adv_workload(struct adv_test *t, const char *text)
{
    char *path = ls_path_join(t->dir, LS_WORKLOAD_FILE);
    struct ls_err err = LS_ERR_INIT;

    ls_advices_release(&t->out);
    ls_workload_release(&t->wl);
    assert_int_equal(ls_file_write_atomic(path, text, strlen(text), 0600, NULL), LS_OK);
    if (ls_workload_load(path, ls_db_dialect(t->db), &t->wl, &err) != LS_OK)
        fail_msg("%s", err.message);
    free(path);
}

static inline enum ls_rc adv_rc(struct adv_test *t, const char *text, struct ls_err *err)
{
    struct ls_usage_opts uo = {0};

    adv_workload(t, text);
    ls_usage_free(t->u);
    t->u = NULL;
    if (ls_db_usage(t->db, &uo, &t->u, err) != LS_OK)
        fail_msg("%s", err != NULL ? err->message : "usage");
    return ls_advise(&t->w, t->db, t->u, &t->wl, &t->opts, &t->out, err);
}

static inline void adv_file(struct adv_test *t, const char *text)
{
    struct ls_err err = LS_ERR_INIT;

    if (adv_rc(t, text, &err) != LS_OK)
        fail_msg("%s", err.message);
}

static inline void adv_run(struct adv_test *t, const char *const *queries)
{
    struct ls_buf text = LS_BUF_INIT;

    for (size_t i = 0; queries[i] != NULL; i++)
        ls_buf_addf(&text, "%s;\n", queries[i]);
    adv_file(t, text.ptr);
    ls_buf_release(&text);
}

/* "table(key, key) WHERE predicate" */
static inline void adv_text(const struct ls_advice *a, struct ls_buf *out)
{
    ls_buf_addf(out, "%s(", a->spec->table);
    for (uint32_t i = 0; i < a->spec->n_keys; i++)
        ls_buf_addf(out, "%s%s", i > 0 ? ", " : "", a->spec->keys[i]);
    ls_buf_adds(out, ")");
    if (a->spec->predicate[0] != '\0')
        ls_buf_addf(out, " WHERE %s", a->spec->predicate);
}

static inline void adv_show(const struct adv_test *t)
{
    struct ls_buf b = LS_BUF_INIT;

    for (uint32_t i = 0; i < t->out.n; i++) {
        adv_text(&t->out.a[i], &b);
        for (uint32_t k = 0; k < t->out.a[i].n_gains; k++) {
            ls_buf_addf(&b, "\n    query %u: ", t->out.a[i].gains[k].query);
            ls_explained_sum(&t->out.a[i].gains[k].after, &t->out.a[i].gains[k].before, &b);
        }
        ls_buf_addc(&b, '\n');
    }
    for (size_t i = 0; i < t->out.notes.d.n; i++)
        ls_buf_addf(&b, "note %s: %s\n", t->out.notes.d.v[i].code, t->out.notes.d.v[i].message);
    fputs(b.ptr, stderr); /* cmocka cuts long ones */
    ls_buf_release(&b);
}

static inline const struct ls_advice *adv_find(const struct adv_test *t, const char *text)
{
    const struct ls_advice *found = NULL;

    for (uint32_t i = 0; i < t->out.n && found == NULL; i++) {
        struct ls_buf b = LS_BUF_INIT;

        adv_text(&t->out.a[i], &b);
        if (strcmp(b.ptr, text) == 0)
            found = &t->out.a[i];
        ls_buf_release(&b);
    }
    return found;
}

static inline const struct ls_advice *adv_get(const struct adv_test *t, const char *text)
{
    const struct ls_advice *a = adv_find(t, text);

    if (a == NULL) {
        adv_show(t);
        fail_msg("no advice %s", text);
    }
    return a;
}

/* The first index that the plan of the first gain names. */
static inline const char *adv_index_of(const struct ls_advice *a)
{
    const struct ls_explained *e = &a->gains[0].after;

    for (uint32_t i = 0; i < e->n_nodes; i++)
        if (e->nodes[i].index[0] != '\0')
            return e->nodes[i].index;
    return "";
}

static inline bool adv_noted(const struct adv_test *t, const char *code)
{
    for (size_t i = 0; i < t->out.notes.d.n; i++)
        if (strcmp(t->out.notes.d.v[i].code, code) == 0)
            return true;
    return false;
}

static int adv_n_wrong;

/* Expects exactly these in any order, "|" between two; "" none. All wrong ones are told before adv_done() fails. */
static inline void adv_check(struct adv_test *t, const char *name, const char *sql, const char *expected)
{
    const char *queries[2] = {sql, NULL};
    struct ls_buf b = LS_BUF_INIT;
    size_t n_expected = expected[0] != '\0' ? 1 : 0;
    bool is_right = true;

    adv_run(t, queries);
    for (const char *p = expected; *p != '\0'; p++)
        n_expected += *p == '|' ? 1 : 0;
    for (uint32_t i = 0; i < t->out.n; i++) {
        struct ls_buf one = LS_BUF_INIT;
        const char *at;

        adv_text(&t->out.a[i], &one);
        at = strstr(expected, one.ptr);
        is_right = is_right && at != NULL && (at[one.len] == '\0' || at[one.len] == '|') && (at == expected || at[-1] == '|');
        ls_buf_addf(&b, "%s%s", i > 0 ? "|" : "", one.ptr);
        ls_buf_release(&one);
    }
    if (!is_right || t->out.n != n_expected) {
        print_error("%s: %s\n  expected \"%s\"\n  got      \"%s\"\n", name, sql, expected, b.ptr);
        adv_show(t);
        adv_n_wrong++;
    }
    ls_buf_release(&b);
}

static inline void adv_done(void)
{
    int n = adv_n_wrong;

    adv_n_wrong = 0;
    assert_int_equal(n, 0);
}

#endif
