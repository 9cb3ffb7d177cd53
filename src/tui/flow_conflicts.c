/* tui/flow_conflicts.c: what disagrees between files, lists and ledgers, and one key from there to what settles it: the settlement is the subcommand of
 * the same name, whose preview and question come as they do behind ":". */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/engine/settle.h"
#include "tui/flow.h"
#include "tui/jobs.h"

struct job_conflicts {
    struct job job;
    struct snapref *snap;
    struct ls_conflicts found;
};

static void conflicts_run(struct task *t)
{
    struct job_conflicts *j = (struct job_conflicts *)t;

    j->job.rc = ls_conflicts_find(j->job.session, j->snap->snap, &j->found, &j->job.err);
}

static void free_found(void *ctx)
{
    struct ls_conflicts *found = ctx;

    ls_conflicts_release(found);
    free(found);
}

/* All that is known of one, for those that no command settles. */
static void show_one(struct app *a, const struct ls_conflict *c)
{
    struct ui_doc *d = ui_doc_new(a->is_ascii);

    if (c->diag.path && c->diag.line > 0)
        ui_doc_textf(d, ROLE_DIM, "%s:%d", c->diag.path, c->diag.line);
    else if (c->diag.path)
        ui_doc_text(d, ROLE_DIM, c->diag.path);
    ui_doc_wrap(d, ROLE_TEXT, ui_dialog_width(a), 0, c->diag.message);
    if (c->diag.hint)
        ui_doc_wrap(d, ROLE_WARNING, ui_dialog_width(a), 0, c->diag.hint);
    ui_viewer_open(a, c->diag.code, d);
}

static void on_conflict(struct app *a, void *ctx, int index)
{
    const struct ls_conflicts *found = ctx;
    const char *prefix = "lockstep ";
    const struct ls_conflict *c;

    if (index < 0 || (size_t)index >= found->c.n)
        return;
    c = &found->c.v[index];
    if (c->command && strncmp(c->command, prefix, strlen(prefix)) == 0)
        job_command(a, c->command + strlen(prefix));
    else
        show_one(a, c);
}

/* Takes found. */
void flow_on_conflicts(struct app *a, struct ls_conflicts *found)
{
    char title[64];
    struct ui_menu_spec spec = {.title = title, .danger = UI_DANGER_CARE, .done = on_conflict, .ctx = found, .free_ctx = free_found};
    struct ls_arena *arena = found->arena;
    struct ui_choice *choices;

    if (found->c.n == 0) {
        app_say(a, ROLE_GOOD, "no conflicts: files, lists and ledger agree");
        free_found(found);
        return;
    }
    ls_buf_clear(&a->message); /* "looking for conflicts": they are there */
    snprintf(title, sizeof(title), "%zu conflict%s", found->c.n, found->c.n == 1 ? "" : "s");
    choices = ls_calloc(found->c.n, sizeof(*choices));
    for (size_t i = 0; i < found->c.n; i++) {
        const struct ls_conflict *c = &found->c.v[i];

        choices[i].key = (char)(i < 9 ? '1' + (int)i : 0);
        choices[i].label = ls_arena_printf(arena, "%s: %s%s%s", ls_severity_name(c->diag.severity), c->diag.code, c->diag.version ? " " : "",
                                           c->diag.version ? c->diag.version : "");
        choices[i].note = ls_arena_printf(arena, "%s%s%s", c->diag.message, c->command ? ". Enter: " : "", c->command ? c->command : "");
    }
    spec.choices = choices;
    spec.n = found->c.n;
    ui_menu_open(a, &spec);
    free(choices);
}

static void conflicts_done(struct task *t, bool is_stale)
{
    struct job_conflicts *j = (struct job_conflicts *)t;
    struct app *a = j->job.app;
    bool is_shown = job_may_answer(j, is_stale);

    if (!is_shown || j->job.rc != LS_OK) {
        if (is_shown)
            app_show_err(a, "The conflicts could not be looked for", &j->job.err);
        ls_conflicts_release(&j->found);
    } else {
        struct ls_conflicts *found = ls_malloc(sizeof(*found));

        *found = j->found;
        flow_on_conflicts(a, found);
    }
    a->needs_paint = true;
    snapref_put(j->snap);
    job_free(j);
}

void flow_conflicts(struct app *a)
{
    struct conn *c = conn_idle(a);
    struct job_conflicts *j;

    if (!c || !a->snap || app_is_busy(a)) {
        app_say(a, ROLE_WARNING, a->snap ? "not while something is going on" : "nothing is read yet");
        return;
    }
    if (!job_may_ask(a))
        return;
    j = job_new(a, sizeof(*j), c, conflicts_run, conflicts_done);
    j->snap = snapref_get(a->snap);
    app_say(a, ROLE_INFO, "looking for conflicts");
    job_ask(j);
}
