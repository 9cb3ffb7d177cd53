/* tui/diff_ddl.c: the statements that make one side look like the other: shown, or written to a file. */
#include <config.h>

#include "tui/diff_ddl.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/diff/ddl.h"

enum { SHOW_ONE, SHOW_ALL, WRITE_ALL };

struct texts {
    enum ls_dialect dialect;
    struct ls_buf text[2]; /* SHOW_ONE, SHOW_ALL */
    size_t not_written[2];
    int actions[3];        /* of each line of the menu */
    int n_users;           /* the menu, the line that asks for a path */
};

static void texts_put(void *ctx)
{
    struct texts *t = ctx;

    if (--t->n_users > 0)
        return;
    for (size_t i = 0; i < LS_ARRAY_LEN(t->text); i++)
        ls_buf_release(&t->text[i]);
    free(t);
}

static void say_not_written(struct app *a, size_t n)
{
    if (n > 0)
        app_say(a, ROLE_WARNING, "%zu difference%s no statement: the lines that begin with \"" LS_DDL_NOT_WRITTEN "\" say why", n,
                n == 1 ? " has" : "s have");
}

static void show(struct app *a, const struct texts *t, int which)
{
    struct ui_doc *doc = ui_doc_new(a->is_ascii);

    if (t->text[which].len == 0)
        ui_doc_text(doc, ROLE_DIM, "There is nothing to do.");
    ui_doc_sql(doc, t->dialect, t->text[which].ptr, t->text[which].len, 0, 0);
    say_not_written(a, t->not_written[which]);
    ui_viewer_open(a, which == SHOW_ONE ? "Statements of this difference" : "Statements of all differences", doc);
}

static void write_done(struct app *a, void *ctx, const char *path)
{
    struct texts *t = ctx;
    struct ls_err err = LS_ERR_INIT;

    if (path && *path) {
        if (ls_file_write_new(path, t->text[SHOW_ALL].ptr, t->text[SHOW_ALL].len, 0644, &err) != LS_OK)
            app_show_err(a, "The statements could not be written", &err);
        else if (t->not_written[SHOW_ALL] > 0)
            app_say(a, ROLE_WARNING, "written, but not complete (%zu without a statement): %s", t->not_written[SHOW_ALL], path);
        else
            app_say(a, ROLE_GOOD, "written: %s", path);
    }
    ls_err_release(&err);
    texts_put(t);
}

static void on_pick(struct app *a, void *ctx, int index)
{
    struct texts *t = ctx;
    struct ui_input_spec input = {.label = "Write the statements to: ", .text = "schema-diff.sql", .done = write_done, .ctx = t};

    if (index < 0)
        return;
    if (t->actions[index] != WRITE_ALL) {
        show(a, t, t->actions[index]);
        return;
    }
    t->n_users++;
    ui_input_open(a, &input);
}

void diff_ddl_open(struct app *a, const struct ls_diff *d, const struct ls_difference *x, const struct ls_diff_opts *compared)
{
    static const struct ui_choice all[] = {
        [SHOW_ONE] = {'d', "statements of this difference", "with what goes with it, and all renamings"},
        [SHOW_ALL] = {'a', "statements of all differences", "as lockstep diff --ddl prints them"},
        [WRITE_ALL] = {'w', "write those of all to a file", "a new one; nothing is run"},
    };
    const struct ls_ddl_opts opts = {.with_owner = compared->with_owner, .with_rights = compared->with_rights, .with_order = compared->with_order};
    struct ui_choice choices[LS_ARRAY_LEN(all)];
    struct texts *t = ls_calloc(1, sizeof(*t));
    struct ui_menu_spec menu = {.title = "Make one side look like the other", .choices = choices, .done = on_pick, .ctx = t, .free_ctx = texts_put};
    struct ls_diff narrow;

    t->n_users = 1;
    t->dialect = d->b->dialect;
    for (size_t i = 0; i < LS_ARRAY_LEN(t->text); i++)
        ls_buf_init(&t->text[i]);
    t->not_written[SHOW_ALL] = ls_ddl_diff(d, &opts, &t->text[SHOW_ALL]);
    if (x) {
        ls_diff_narrow(d, x, &narrow);
        t->not_written[SHOW_ONE] = ls_ddl_diff(&narrow, &opts, &t->text[SHOW_ONE]);
        LS_VEC_RELEASE(&narrow.d);
    }
    for (int i = x ? SHOW_ONE : SHOW_ALL; i <= WRITE_ALL; i++) {
        t->actions[menu.n] = i;
        choices[menu.n++] = all[i];
    }
    ui_menu_open(a, &menu);
}
