#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lockstep/diff/ddl.h"
#include "lockstep/diff/diff.h"
#include "tests/support/facts.h"

struct steps {
    size_t n, stop_at; /* SIZE_MAX: never */
    bool is_sane;
    size_t last;
};

static bool on_step(void *ctx, size_t done, size_t total)
{
    struct steps *s = ctx;

    s->is_sane = s->is_sane && done <= total && done >= s->last;
    s->last = done;
    return s->n++ >= s->stop_at;
}

/* Whoever asks for statements is told how far they are, and is rid of the rest when it wants no more of them. */
static void statements_can_be_stopped(enum ls_dialect dialect, const char *schema)
{
    enum { TABLES = 100 };
    struct ls_buf a = LS_BUF_INIT, b = LS_BUF_INIT, whole = LS_BUF_INIT;
    struct ls_catalog *x, *y;
    struct ls_diff d;
    struct steps s = {.stop_at = SIZE_MAX, .is_sane = true};
    const struct ls_ddl_opts opts = {.on_step = on_step, .ctx = &s};
    size_t n_all;

    for (int i = 0; i < TABLES; i++) {
        ls_buf_addf(&a, "table %s t%d\ncolumn %s t%d.a type=int position=1\ntable %s gone%d\n", schema, i, schema, i, schema, i);
        ls_buf_addf(&b, "table %s t%d\ncolumn %s t%d.a type=int 'not null'=yes position=1\n", schema, i, schema, i);
    }
    x = facts_catalog(dialect, "A", a.ptr);
    y = facts_catalog(dialect, "B", b.ptr);
    ls_diff_make(x, y, NULL, &d);
    (void)ls_ddl_diff(&d, &opts, &whole);
    n_all = s.n;
    assert_true(s.is_sane && n_all >= TABLES);
    for (size_t at = 0; at < n_all; at += 7) {
        struct ls_buf part = LS_BUF_INIT;

        s = (struct steps){.stop_at = at, .is_sane = true};
        (void)ls_ddl_diff(&d, &opts, &part);
        assert_true(s.is_sane);
        assert_in_range(s.n, at + 1, at + 10); /* each part of the work asks once more, and does nothing */
        assert_true(part.len < whole.len);
        ls_buf_release(&part);
    }
    ls_buf_release(&a);
    ls_buf_release(&b);
    ls_buf_release(&whole);
    ls_diff_release(&d);
    ls_catalog_free(x);
    ls_catalog_free(y);
}

static void statements_of_postgres_can_be_stopped(void **state)
{
    (void)state;
    statements_can_be_stopped(LS_DIALECT_POSTGRES, "public");
}

static void statements_of_sqlite_can_be_stopped(void **state)
{
    (void)state;
    statements_can_be_stopped(LS_DIALECT_SQLITE, "main");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_of_postgres_can_be_stopped),
        cmocka_unit_test(statements_of_sqlite_can_be_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
