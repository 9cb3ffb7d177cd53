/* One change of a schema is one difference, and that one, in both directions. Each change is made in a transaction that is rolled
 * back. */
#include <config.h>

#include "contract/catalog_pg.h"

#include "contract/catalog_mutations_here.h"

static const struct ls_diff_opts all = {.with_owner = true, .with_rights = true, .with_order = true, .without_renames = true};

/* How one difference is written in the table: "label|what", `what` being +, - or the attributes' words joined by a comma. */
static void describe(const struct ls_difference *x, struct ls_buf *out)
{
    ls_fact_label(x->b ? x->b : x->a, true, out);
    ls_buf_addc(out, '|');
    if (x->change == LS_CHANGE_ADDED || x->change == LS_CHANGE_REMOVED)
        ls_buf_addc(out, x->change == LS_CHANGE_ADDED ? '+' : '-');
    for (uint32_t i = 0; x->change == LS_CHANGE_CHANGED && i < x->n_attrs; i++)
        ls_buf_addf(out, "%s%s", i > 0 ? "," : "", ls_attr_name(x->attrs[i].attr));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In which order differences come is not what is asked here. A name may hold a newline: its parts are sorted on both sides alike.
 */
static void sort_lines(struct ls_buf *text)
{
    char *copy = strdup(text->ptr), *lines[64];
    size_t n = 0;

    for (char *line = copy; line && n < 64; n++) {
        char *end = strchr(line, '\n');

        lines[n] = line;
        if (end)
            *end++ = '\0';
        line = end;
    }
    qsort(lines, n, sizeof(*lines), by_text);
    ls_buf_clear(text);
    for (size_t i = 0; i < n; i++)
        ls_buf_addf(text, "%s%s", i > 0 ? "\n" : "", lines[i]);
    free(copy);
}

/* What was found, one below the other; what goes with something larger is left out. */
static void describe_all(const struct ls_catalog *a, const struct ls_catalog *b, struct ls_buf *out)
{
    struct ls_diff d;

    ls_diff_make(a, b, &all, &d);
    for (size_t i = 0; i < d.d.n; i++) {
        if (d.d.v[i].is_implied)
            continue;
        ls_buf_adds(out, out->len > 0 ? "\n" : "");
        describe(&d.d.v[i], out);
    }
    ls_diff_release(&d);
}

/* What is there on one side is gone on the other. */
static void mirror(struct ls_buf *text)
{
    for (size_t i = 0; i + 1 <= text->len; i++)
        if (i > 0 && text->ptr[i - 1] == '|' && (text->ptr[i + 1] == '\0' || text->ptr[i + 1] == '\n'))
            text->ptr[i] = text->ptr[i] == '+' ? '-' : text->ptr[i] == '-' ? '+' : text->ptr[i];
}

static bool run(struct ls_db *db, const char *sql)
{
    struct ls_err err = LS_ERR_INIT;
    enum ls_rc rc = ls_db_exec_batch(db, sql, strlen(sql), NULL, &err);

    if (rc != LS_OK)
        print_error("%s\n    in: %s\n", err.message, sql);
    ls_err_release(&err);
    return rc == LS_OK;
}

static bool try_one(struct ls_db *db, const struct ls_catalog *base, const struct mutation *m)
{
    struct ls_buf found = LS_BUF_INIT, back = LS_BUF_INIT, want = LS_BUF_INIT;
    bool is_good = run(db, "begin") && run(db, m->sql);

    if (is_good) {
        struct ls_catalog *c = catpg_read_db(db, NULL);

        describe_all(base, c, &found);
        describe_all(c, base, &back);
        mirror(&back);
        ls_buf_adds(&want, m->finds);
        sort_lines(&want);
        sort_lines(&found);
        sort_lines(&back);
        is_good = strcmp(found.ptr, want.ptr) == 0 && strcmp(back.ptr, want.ptr) == 0;
        if (!is_good)
            print_error("%s\n    expected %s\n    found    %s\n    back     %s\n", m->sql, want.ptr, found.ptr, back.ptr);
        ls_catalog_free(c);
    }
    run(db, "rollback");
    ls_buf_release(&found);
    ls_buf_release(&back);
    ls_buf_release(&want);
    return is_good;
}

static char *url;

static void each_change_is_one_difference(void **state)
{
    (void)state;
    if (url == NULL)
        test_skip(test_pg_skip_reason());
    mutations_try(url, try_one);
}

static int make_it(void **state)
{
    (void)state;
    url = catpg_everything();
    return 0;
}

static int drop_it(void **state)
{
    (void)state;
    catpg_drop(url);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_change_is_one_difference)};

    return cmocka_run_group_tests(tests, make_it, drop_it);
}
