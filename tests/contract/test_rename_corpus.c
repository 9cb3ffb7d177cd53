/* Renamings that real authors wrote, found again from the schema before and behind each of their migrations alone. The folders are
 * beside the checkout; without them there is nothing to try. LS_TEST_VERBOSE=1 names each. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/rename_truth.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/db/catalog.h"
#include "lockstep/diff/diff.h"
#include "support/pg.h"
#include "support/skip.h"

struct score {
    size_t n_migrations, n_failed;
    size_t n_true, n_found, n_certain; /* renamings where the old name is gone and the new one is new */
    size_t n_reused;                   /* where a name of the two is on both sides: no comparison of names can see those */
    size_t n_false, n_false_certain;   /* tables and columns proposed that nobody renamed */
};

static bool is_verbose(void)
{
    return getenv("LS_TEST_VERBOSE") != NULL;
}

/* --- what is true --- */

static const struct ls_fact *find(const struct ls_catalog *c, const struct truth *t, bool is_after, const char *name)
{
    const char *table = is_after ? t->table_b : t->table_a;

    for (uint32_t i = 0; i < c->n_facts; i++) {
        const struct ls_fact *f = &c->facts[i];
        bool is_kind = t->kind == TRUTH_TABLE    ? f->kind == LS_FACT_TABLE || f->kind == LS_FACT_VIEW
                       : t->kind == TRUTH_COLUMN ? f->kind == LS_FACT_COLUMN && strcmp(f->parent, table) == 0
                                                 : f->kind != LS_FACT_COLUMN && f->kind != LS_FACT_TABLE;

        if (is_kind && strcmp(f->name, name) == 0)
            return f;
    }
    return NULL;
}

static const struct ls_rename *proposed(const struct ls_diff *d, const struct ls_fact *a, const struct ls_fact *b)
{
    for (size_t i = 0; i < d->renames.n; i++)
        if (d->renames.v[i].a == a && d->renames.v[i].b == b && d->renames.v[i].state == LS_RENAME_PROPOSED)
            return &d->renames.v[i];
    return NULL;
}

/* A column that a row is copied to belongs to the same table in the end, or nothing was renamed. */
static bool is_same_table(const struct truths *all, const struct truth *t)
{
    bool is_same = strcmp(t->table_a, t->table_b) == 0;

    for (size_t i = 0; i < all->v.n && !is_same; i++)
        is_same = all->v.v[i].kind == TRUTH_TABLE && strcmp(all->v.v[i].from, t->table_a) == 0 && strcmp(all->v.v[i].to, t->table_b) == 0;
    return is_same;
}

static void look_for(const struct ls_diff *d, const struct truths *all, const struct truth *t, const char *where, struct score *s)
{
    const struct ls_fact *a = find(d->a, t, false, t->from), *b = find(d->b, t, true, t->to);
    const struct ls_rename *r;

    if (!a || !b || a->kind != b->kind || strcmp(t->from, t->to) == 0 || !is_same_table(all, t))
        return; /* something in between, or another object took it over */
    if (find(d->a, t, false, t->to) || find(d->b, t, true, t->from)) {
        s->n_reused++;
        return;
    }
    r = proposed(d, a, b);
    s->n_true++;
    s->n_found += r != NULL;
    s->n_certain += r && r->is_certain;
    if (!r || is_verbose())
        print_message("# %s %s: %s %s%s%s -> %s\n", r ? "found" : "NOT FOUND", where, truth_words[t->kind], t->table_a, t->table_a[0] ? "." : "",
                      t->from, t->to);
}

static bool is_true(const struct truths *all, const struct ls_rename *r)
{
    for (size_t i = 0; i < all->v.n; i++) {
        const struct truth *t = &all->v.v[i];

        if (strcmp(t->from, r->a->name) == 0 && strcmp(t->to, r->b->name) == 0 &&
            (t->kind != TRUTH_COLUMN || (strcmp(t->table_a, r->a->parent) == 0 && strcmp(t->table_b, r->b->parent) == 0)))
            return true;
    }
    return false;
}

static void judge(const struct ls_catalog *a, const struct ls_catalog *b, const struct truths *all, const char *where, struct score *s)
{
    struct ls_diff d;

    ls_diff_make(a, b, NULL, &d);
    for (size_t i = 0; i < all->v.n; i++)
        look_for(&d, all, &all->v.v[i], where, s);
    for (size_t i = 0; i < d.renames.n; i++) {
        const struct ls_rename *r = &d.renames.v[i];

        /* Where an index of another name has the same columns, a new name is all that the author's two statements come to. */
        if (r->state != LS_RENAME_PROPOSED || (r->a->kind != LS_FACT_COLUMN && r->a->kind != LS_FACT_TABLE) || is_true(all, r))
            continue;
        s->n_false++;
        s->n_false_certain += r->is_certain;
        print_message("# false%s %s: %s %s.%s -> %s (%.2f: %s)\n", r->is_certain ? ", AND CERTAIN" : "", where, ls_fact_kind_name(r->a->kind),
                      r->a->parent, r->a->name, r->b->name, r->score, r->evidence);
    }
    ls_diff_release(&d);
}

/* --- folders --- */

static struct ls_catalog *read_db(struct ls_db *db)
{
    struct ls_catalog *c = NULL;
    struct ls_err err = LS_ERR_INIT;

    if (ls_db_catalog(db, NULL, &c, &err) != LS_OK)
        fail_msg("%s", err.message);
    return c;
}

static bool run(struct ls_db *db, const char *sql)
{
    struct ls_err err = LS_ERR_INIT;
    bool is_good = ls_db_exec_batch(db, sql, strlen(sql), NULL, &err) == LS_OK;

    if (!is_good && is_verbose())
        print_message("# %s\n", err.message);
    ls_err_release(&err);
    if (!is_good && ls_db_tx_status(db) != LS_TXS_IDLE)
        ls_db_rollback(db);
    return is_good;
}

/* The file's text, "" where there is none. */
static void load(const char *path, struct ls_buf *out)
{
    ls_buf_clear(out);
    ls_buf_adds(out, "");
    if (ls_path_kind(path) == LS_PATH_FILE && ls_file_read(path, 0, 0, out, NULL) != LS_OK)
        ls_buf_clear(out);
}

/* One step: *at is the schema before, and becomes the one behind it. */
static void step(struct ls_db *db, enum ls_dialect d, const char *text, const char *where, struct ls_catalog **at, struct score *s)
{
    struct truths all = {0};
    struct ls_catalog *after = read_db(db);

    truths_read(&all, d, text);
    judge(*at, after, &all, where, s);
    s->n_migrations++;
    ls_catalog_free(*at);
    *at = after;
    LS_VEC_RELEASE(&all.v);
}

/* And back, to see what the down file renames; then it is as it was. */
static void step_back(struct ls_db *db, enum ls_dialect d, const struct ls_buf *down, const char *where, const struct ls_catalog *at,
                      struct score *s)
{
    struct ls_buf text = LS_BUF_INIT;
    struct truths all = {0};

    truths_read(&all, d, down->ptr);
    ls_buf_addf(&text, "begin;\n%s", down->ptr);
    if (run(db, text.ptr)) {
        struct ls_catalog *before = read_db(db);

        judge(at, before, &all, where, s);
        s->n_migrations++;
        ls_catalog_free(before);
        run(db, "rollback");
    } else {
        s->n_failed++;
    }
    LS_VEC_RELEASE(&all.v);
    ls_buf_release(&text);
}

static int by_number(const void *a, const void *b)
{
    const char *x = ls_path_base(*(char *const *)a), *y = ls_path_base(*(char *const *)b);
    long long n = strtoll(x, NULL, 10), m = strtoll(y, NULL, 10);

    return n != m ? (n < m ? -1 : 1) : strcmp(x, y);
}

/* How the files of a tool are called: what stands for the up file of a migration, and what is its down file instead of that end. */
static const struct layout {
    const char *pattern, *up, *down;
} layouts[] = {{"*.up.sql", ".up.sql", ".down.sql"}, {"*/up.sql", "/up.sql", "/down.sql"}, {"[0-9]*.sql", "", NULL}};

static void try_folder(const char *dir, struct ls_db *db, enum ls_dialect d, struct score *s)
{
    struct ls_buf text = LS_BUF_INIT, down = LS_BUF_INIT;
    struct ls_catalog *at = read_db(db);
    glob_t g = {0};
    const struct layout *l = NULL;

    for (size_t i = 0; i < LS_ARRAY_LEN(layouts) && g.gl_pathc == 0; i++) {
        char *pattern = ls_asprintf("%s/%s", dir, layouts[i].pattern);

        l = &layouts[i];
        globfree(&g);
        (void)glob(pattern, 0, NULL, &g);
        free(pattern);
    }
    /* A folder's base name is its migration's, a file's its own. */
    for (size_t i = 0; i < g.gl_pathc && l->up[0] == '/'; i++)
        g.gl_pathv[i][strlen(g.gl_pathv[i]) - strlen(l->up)] = '\0';
    if (g.gl_pathc > 1)
        qsort(g.gl_pathv, g.gl_pathc, sizeof(*g.gl_pathv), by_number);
    for (size_t i = 0; i < g.gl_pathc; i++) {
        char *up = l->up[0] == '/' ? ls_asprintf("%s%s", g.gl_pathv[i], l->up) : ls_strdup(g.gl_pathv[i]);
        const char *where = ls_path_base(g.gl_pathv[i]);

        load(up, &text);
        if (!run(db, text.ptr)) {
            s->n_failed++;
            free(up);
            break; /* what comes behind it is no longer what its author had */
        }
        step(db, d, text.ptr, where, &at, s);
        if (l->down != NULL) {
            char *path = ls_asprintf("%.*s%s", (int)(strlen(up) - strlen(l->up)), up, l->down);

            load(path, &down);
            if (down.len > 0)
                step_back(db, d, &down, ls_path_base(path), at, s);
            free(path);
        }
        free(up);
    }
    globfree(&g);
    ls_catalog_free(at);
    ls_buf_release(&text);
    ls_buf_release(&down);
}

/* --- all of them --- */

static char *url_for(enum ls_dialect d)
{
    return d == LS_DIALECT_SQLITE ? ls_strdup("sqlite::memory:") : test_pg_url() != NULL ? test_pg_new_database("renames") : NULL;
}

static void try_dialect(enum ls_dialect d, struct score *sum)
{
    char *pattern = ls_asprintf("%s/../shared/corpus/*-%s/*", getenv("LS_SRCDIR") ? getenv("LS_SRCDIR") : ".", ls_dialect_name(d));
    glob_t found;

    if (glob(pattern, GLOB_ONLYDIR, NULL, &found) != 0)
        found.gl_pathc = 0;
    free(pattern);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *url = url_for(d);
        struct ls_db_params p = {.url = url, .create = true};
        struct score s = {0};
        struct ls_db *db = NULL;

        if (url != NULL && ls_db_open(&p, &db, NULL) == LS_OK) {
            try_folder(found.gl_pathv[i], db, d, &s);
            ls_db_close(db);
            print_message("# %s: %zu migrations up and down (%zu do not run), %zu renamings, %zu found (%zu certain), %zu where a name is used again; "
                          "false: %zu, certain %zu\n",
                          ls_path_base(found.gl_pathv[i]), s.n_migrations, s.n_failed, s.n_true, s.n_found, s.n_certain, s.n_reused, s.n_false,
                          s.n_false_certain);
            sum->n_migrations += s.n_migrations;
            sum->n_true += s.n_true;
            sum->n_found += s.n_found;
            sum->n_false += s.n_false;
            sum->n_false_certain += s.n_false_certain;
        }
        if (d == LS_DIALECT_POSTGRES)
            test_pg_drop_database(url);
        else
            free(url);
    }
    globfree(&found);
}

static void seven_of_ten_are_found(void **state)
{
    struct score sum = {0};

    (void)state;
    try_dialect(LS_DIALECT_SQLITE, &sum);
    try_dialect(LS_DIALECT_POSTGRES, &sum);
    if (sum.n_migrations == 0)
        test_skip("the folders of real migrations are not there");
    print_message("# all: %zu of %zu found, %zu false, %zu of these certain\n", sum.n_found, sum.n_true, sum.n_false, sum.n_false_certain);
    assert_true(sum.n_true >= 20);
    assert_true(sum.n_found * 10 >= sum.n_true * 7);
    assert_int_equal(sum.n_false_certain, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(seven_of_ten_are_found)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
