/* tui/diff_options.c: what is compared at all, chosen from a menu. */
#include <config.h>

#include "tui/diff_options.h"

#include <stdlib.h>

#include "lockstep/base/mem.h"

static const struct option {
    size_t flag;
    const char *what, *off, *on, *note; /* off, on: what a choice does */
} table[] = {
    {offsetof(struct ls_diff_opts, with_owner), "with owners", "compare owners too", "leave owners out", "who owns each object"},
    {offsetof(struct ls_diff_opts, with_rights), "with privileges", "compare privileges too", "leave privileges out",
     "grants and default privileges"},
    {offsetof(struct ls_diff_opts, with_order), "with order", "compare the order of columns too", "leave the order of columns out",
     "where a column stands in its table"},
    {offsetof(struct ls_diff_opts, without_comments), "without comments", "leave comments out", "compare comments again",
     "comments and security labels"},
    {offsetof(struct ls_diff_opts, without_renames), "without renamings", "propose no renamings", "propose renamings again",
     "another name is then one thing gone and another one new"},
};

struct options {
    struct ls_diff_opts *opts;
    void (*changed)(struct app *a);
};

static bool *flag_of(struct ls_diff_opts *opts, const struct option *o)
{
    return (bool *)((char *)opts + o->flag);
}

static bool is_on(const struct ls_diff_opts *opts, const struct option *o)
{
    return *(const bool *)((const char *)opts + o->flag);
}

static void on_pick(struct app *a, void *ctx, int index)
{
    const struct options *o = ctx;

    if (index < 0)
        return;
    *flag_of(o->opts, &table[index]) = !is_on(o->opts, &table[index]);
    o->changed(a);
}

void diff_options_open(struct app *a, struct ls_diff_opts *opts, void (*changed)(struct app *a))
{
    struct ui_choice choices[LS_ARRAY_LEN(table)] = {{0}};
    struct options *o = ls_calloc(1, sizeof(*o));
    struct ui_menu_spec spec = {
        .title = "What is compared", .choices = choices, .n = LS_ARRAY_LEN(table), .done = on_pick, .ctx = o, .free_ctx = free};

    o->opts = opts;
    o->changed = changed;
    for (size_t i = 0; i < LS_ARRAY_LEN(table); i++) {
        choices[i].label = is_on(opts, &table[i]) ? table[i].on : table[i].off;
        choices[i].note = table[i].note;
    }
    ui_menu_open(a, &spec);
}

void diff_options_words(const struct ls_diff_opts *opts, struct ls_buf *out)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(table); i++)
        if (is_on(opts, &table[i]))
            ls_buf_addf(out, ", %s", table[i].what);
}
