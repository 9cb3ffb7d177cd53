/* tui/diff_ddl.c: which statements are wanted, and whether to see them or to have them in a file. */
#include <config.h>

#include "tui/diff_ddl.h"

#include <stdlib.h>

#include "lockstep/base/mem.h"

enum { SHOW_ONE, SHOW_ALL, WRITE_ALL };

struct wish {
    struct diffref *ref;
    const struct ls_difference *x;
    struct ls_diff_opts compared; /* the flags only */
    int actions[3];               /* of each line of the menu */
    int n_users;                  /* the menu, the line that asks for a path */
};

static void wish_put(void *ctx)
{
    struct wish *w = ctx;

    if (--w->n_users > 0)
        return;
    diffref_put(w->ref);
    free(w);
}

static void path_done(struct app *a, void *ctx, const char *path)
{
    struct wish *w = ctx;

    if (path && *path)
        job_ddl(a, w->ref, NULL, &w->compared, path);
    wish_put(w);
}

static void on_pick(struct app *a, void *ctx, int index)
{
    struct wish *w = ctx;
    struct ui_input_spec input = {.label = "Write the statements to: ", .text = "schema-diff.sql", .done = path_done, .ctx = w};

    if (index < 0)
        return;
    if (w->actions[index] != WRITE_ALL) {
        job_ddl(a, w->ref, w->actions[index] == SHOW_ONE ? w->x : NULL, &w->compared, NULL);
        return;
    }
    w->n_users++;
    ui_input_open(a, &input);
}

void diff_ddl_open(struct app *a, struct diffref *r, const struct ls_difference *x, const struct ls_diff_opts *compared)
{
    static const struct ui_choice all[] = {
        [SHOW_ONE] = {'d', "statements of this difference", "with what goes with it, and all renamings"},
        [SHOW_ALL] = {'a', "statements of all differences", "as lockstep diff --ddl prints them"},
        [WRITE_ALL] = {'w', "write those of all to a file", "a new one; nothing is run"},
    };
    struct ui_choice choices[LS_ARRAY_LEN(all)];
    struct wish *w = ls_calloc(1, sizeof(*w));
    struct ui_menu_spec menu = {.title = "Make one side look like the other", .choices = choices, .done = on_pick, .ctx = w, .free_ctx = wish_put};

    *w = (struct wish){.ref = diffref_get(r), .x = x, .compared = *compared, .n_users = 1};
    for (int i = x ? SHOW_ONE : SHOW_ALL; i <= WRITE_ALL; i++) {
        w->actions[menu.n] = i;
        choices[menu.n++] = all[i];
    }
    ui_menu_open(a, &menu);
}
