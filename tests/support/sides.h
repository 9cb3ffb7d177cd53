/* tests/support/sides.h: sides loaded in a project of tests/support/ops.h, and catalogues that must be equal. Header only; include it behind <cmocka.h>. */
#ifndef TESTS_SUPPORT_SIDES_H
#define TESTS_SUPPORT_SIDES_H

#include "lockstep/diff/diff.h"
#include "lockstep/engine/side.h"
#include "support/ops.h"
#include "support/skip.h"

static inline void assert_equal_catalogs(const struct ls_catalog *a, const struct ls_catalog *b)
{
    struct ls_diff_opts all = {.with_owner = true, .with_rights = true, .with_order = true};
    struct ls_diff d;

    ls_diff_make(a, b, &all, &d);
    for (size_t i = 0; i < d.d.n; i++) {
        struct ls_buf line = LS_BUF_INIT;

        ls_difference_line(&d.d.v[i], &line);
        print_error("%s\n", line.ptr);
        ls_buf_release(&line);
    }
    assert_int_equal(d.d.n, 0);
    ls_diff_release(&d);
}

struct loads {
    struct ops o;
    struct ls_side_world w;
};

static inline void begin(struct loads *l)
{
#ifndef LS_WITH_SQLITE
    test_skip("this build has no SQLite driver");
#endif
    memset(l, 0, sizeof(*l));
    ops_open(&l->o, "lockstep", false);
    l->w.session = l->o.s;
    l->w.scratch_url = test_pg_url();
}

static inline void end(struct loads *l)
{
    ls_side_world_end(&l->w);
    ops_close(&l->o);
}

/* word:top/NAME */
static inline struct ls_catalog *load(struct loads *l, const char *word, const char *name, enum ls_dialect d)
{
    char *path = ops_path(&l->o, name), *text = ls_asprintf("%s:%s", word, path);
    struct ls_side_opts opts = {.has_dialect = true, .dialect = d};
    struct ls_catalog *c = NULL;
    struct ls_side s;

    ops_ok(ls_side_parse(text, &s, err));
    ops_ok(ls_side_load(&l->w, &s, &opts, &c, err));
    ls_side_release(&s);
    free(path);
    free(text);
    return c;
}

static inline char *corpus(const char *name)
{
    const char *src = getenv("LS_SRCDIR");
    char *path = ls_asprintf("%s/../shared/corpus/%s", src != NULL ? src : ".", name);

    if (ls_path_kind(path) == LS_PATH_DIR)
        return path;
    free(path);
    return NULL;
}

static inline struct ls_catalog *load_corpus(struct loads *l, const char *word, const char *dir)
{
    char *text = ls_asprintf("%s:%s", word, dir);
    struct ls_side_opts opts = {.has_dialect = true, .dialect = LS_DIALECT_SQLITE};
    struct ls_catalog *c = NULL;
    struct ls_side s;

    ops_ok(ls_side_parse(text, &s, err));
    ops_ok(ls_side_load(&l->w, &s, &opts, &c, err));
    ls_side_release(&s);
    free(text);
    return c;
}

#endif
