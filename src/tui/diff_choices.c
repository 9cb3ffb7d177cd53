/* tui/diff_choices.c: which renamings were decided: in the project file, and in this session. */
#include <config.h>

#include "tui/diff_choices.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

void diff_decided_release(struct diff_decided *d)
{
    for (size_t i = 0; i < d->n; i++) {
        free(d->v[i].from);
        free(d->v[i].to);
    }
    LS_VEC_RELEASE(d);
}

static void remember(struct diff_decided *d, const char *from, const char *to, bool accept)
{
    struct diff_decision *one = NULL;

    for (size_t i = 0; i < d->n; i++)
        if (strcmp(d->v[i].from, from) == 0 && strcmp(d->v[i].to, to) == 0)
            one = &d->v[i];
    if (!one) {
        one = LS_VEC_PUSH(d);
        one->from = ls_strdup(from);
        one->to = ls_strdup(to);
    }
    one->is_accepted = accept;
}

void diff_decide(struct app *a, struct diff_decided *d, const struct ls_rename *r, bool accept)
{
    struct ls_buf from = LS_BUF_INIT, to = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;
    const char *word = accept ? "accepted" : "rejected", *is = accept ? "is now" : "is not";
    enum ls_rc rc;

    ls_fact_label(r->a, false, &from);
    ls_fact_label(r->b, false, &to);
    remember(d, from.ptr, to.ptr, accept);
    rc = config_keep_rename(&a->project, from.ptr, to.ptr, accept, &err);
    if (rc == LS_OK)
        app_say(a, ROLE_GOOD, "%s, kept in %s: %s %s %s", word, ls_path_base(a->project.path), from.ptr, is, to.ptr);
    else if (rc == LS_E_NOT_FOUND && !a->project.path)
        app_say(a, ROLE_WARNING, "%s until you quit (there is no lockstep.conf to keep it in): %s %s %s", word, from.ptr, is,
                to.ptr);
    else
        app_show_err(a, "The choice holds until you quit, but could not be kept", &err);
    ls_err_release(&err);
    ls_buf_release(&from);
    ls_buf_release(&to);
}

void diff_choices_begin(struct diff_choices *c, const struct config_project *p, const struct diff_decided *d,
                        struct ls_diff_opts *out)
{
    memset(c, 0, sizeof(*c));
    c->arena = c->given.arena = ls_arena_new();
    config_diff_project(&c->given, p);
    for (size_t i = 0; d && i < d->n; i++)
        config_diff_choice(&c->given, d->v[i].from, d->v[i].to, d->v[i].is_accepted);
    config_diff_lend(&c->given, out);
}

void diff_choices_end(struct diff_choices *c)
{
    config_diff_release(&c->given);
    ls_arena_free(c->arena);
}
