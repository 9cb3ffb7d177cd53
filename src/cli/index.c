/* cli/index.c: the report that index, advise and explain show, and verdicts by their names. */
#include <config.h>

#include "cli/index.h"

#include <limits.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/text.h"

enum { MIN_CELLS = 40, USUAL_CELLS = 100 /* of a terminal that is narrower, or does not say */ };

int cli_plan_width(const struct cli_ctx *ctx, int indent)
{
    if (!ctx->io->out_is_tty)
        return INT_MAX;
    return ctx->io->out_width >= MIN_CELLS + indent ? ctx->io->out_width - indent : USUAL_CELLS - indent;
}

static enum ls_rc open_target(struct cli_ctx *ctx, bool writes)
{
    enum ls_rc rc = cli_load(ctx, true);

    if (rc != LS_OK)
        return rc;
    ctx->target.params.read_only = ctx->request.read_only || !writes;
    ctx->session = ls_session_new(&ctx->target.params);
    if (ctx->io->on_session)
        ctx->io->on_session(ctx->io->confirm_ctx, ctx->session);
    return LS_OK;
}

/* --ignore 'IX01 OBJECT: REASON'; with --save it is kept in the project. */
static enum ls_rc take_ignores(struct cli_index *x)
{
    struct cli_ctx *ctx = x->ctx;
    enum ls_rc rc = LS_OK;

    for (int i = 0; rc == LS_OK && i < ctx->v->n_many; i++) {
        struct config_index_ignore one;

        if (ctx->v->many[i].id != CLI_OPT_IGNORE)
            continue;
        rc = config_parse_index_ignore(x->opts.arena, ctx->v->many[i].text, &one, &ctx->error);
        if (rc == LS_OK && cli_has(ctx, CLI_O(SAVE)))
            rc = config_keep_index_ignore(&ctx->project, one.id, one.object, one.reason, &ctx->error);
        if (rc == LS_OK)
            *LS_VEC_PUSH(&x->opts.ignores) = (struct ls_index_ignore){one.id, one.object, one.reason};
    }
    return rc;
}

enum ls_rc cli_index_begin(struct cli_index *x, struct cli_ctx *ctx, bool writes)
{
    enum ls_rc rc;

    memset(x, 0, sizeof(*x));
    x->ctx = ctx;
    rc = open_target(ctx, writes);
    if (rc != LS_OK)
        return rc;
    rc = cli_compare_begin(&x->base, ctx);
    config_index_opts_make(&ctx->project, &ctx->target, &x->opts);
    x->n_ignores_of_project = x->opts.ignores.n;
    if (rc == LS_OK)
        rc = take_ignores(x);
    x->base.progress.what = "looking at indexes";
    config_index_lend(&x->opts, &x->req);
    x->state_dir = config_xdg_home(ctx->request.getenv_fn, "XDG_STATE_HOME", ".local/state");
    x->req.state_dir = x->state_dir;
    x->req.now_us = ls_wall_us();
    x->req.workload_of_server = true;
    x->req.advice.hooks = &x->base.hooks;
    if (cli_has(ctx, CLI_O(WORKLOAD))) {
        x->req.workload_path = ctx->v->text[CLI_OPT_WORKLOAD];
        x->req.workload_is_asked = true;
    }
    return rc;
}

enum ls_rc cli_index_make(struct cli_index *x)
{
    struct cli_guard *guard = cli_guard_begin(x->ctx);
    enum ls_rc rc = ls_index_report_make(&x->base.world, &x->req, &x->r, &x->ctx->error);

    cli_guard_end(guard);
    cli_progress_close(&x->base.progress);
    ls_session_clear_cancel(x->ctx->session);
    if (rc == LS_OK && !cli_has(x->ctx, CLI_O(FIX) | CLI_O(UPKEEP)))
        cli_side_notes(x->ctx, &x->r.notes);
    return rc;
}

void cli_index_end(struct cli_index *x)
{
    ls_index_report_release(&x->r);
    if (x->base.ctx)
        cli_compare_end(&x->base);
    if (x->opts.arena)
        config_index_opts_release(&x->opts);
    free(x->state_dir);
}

/* --- by name ------------------------------------------------------------------------------------------------------------------ */

static bool is_named(const struct ls_usage *u, uint32_t t, const char *text)
{
    struct ls_buf label = LS_BUF_INIT, whole = LS_BUF_INIT;
    bool is;

    ls_usage_table_label(&u->tables[t], &label);
    ls_buf_addf(&whole, "%s.%s", u->tables[t].schema, u->tables[t].name);
    is = strcmp(text, label.ptr) == 0 || strcmp(text, whole.ptr) == 0;
    ls_buf_release(&label);
    ls_buf_release(&whole);
    return is;
}

enum ls_rc cli_index_table(struct cli_index *x, uint32_t *out)
{
    const struct ls_usage *u = x->r.usage;
    const char *text = x->ctx->v->text[CLI_OPT_TABLE], *near;
    const char **names;

    *out = LS_NO_USAGE;
    if (!cli_has(x->ctx, CLI_O(TABLE)))
        return LS_OK;
    for (uint32_t t = 0; t < u->n_tables; t++) {
        if (is_named(u, t, text)) {
            *out = t;
            return LS_OK;
        }
    }
    names = LS_ARENA_ARRAY(x->opts.arena, const char *, u->n_tables + 1);
    for (uint32_t t = 0; t < u->n_tables; t++)
        names[t] = u->tables[t].name;
    near = ls_nearest_word(text, names, u->n_tables);
    return ls_err_set(&x->ctx->error, LS_E_NOT_FOUND, "there is no table '%s' here%s%s%s", text, near ? "; did you mean '" : "", near ? near : "",
                      near ? "'?" : "");
}

/* The object as the report prints it, or without the schema in front. */
static bool is_object(const struct ls_index_verdict *v, const char *text)
{
    size_t n = strlen(text), m = strlen(v->object);

    return strcmp(v->object, text) == 0 || (m > n + 1 && v->object[m - n - 1] == '.' && strcmp(v->object + m - n, text) == 0);
}

static enum ls_rc not_found(struct cli_index *x, const char *text, bool has_id, enum ls_verdict_id id)
{
    struct ls_buf list = LS_BUF_INIT;
    uint32_t n = 0;

    for (uint32_t i = 0; i < x->r.verdicts.n && n < 8; i++) {
        const struct ls_index_verdict *v = &x->r.verdicts.v[i];

        if (has_id && v->id != id)
            continue;
        ls_buf_addf(&list, "%s%s:%s", n++ > 0 ? ", " : "", ls_verdict_code(v->id), v->object);
    }
    ls_err_set(&x->ctx->error, LS_E_NOT_FOUND, "nothing is said of '%s' now", text);
    if (n > 0)
        ls_err_hint(&x->ctx->error, "there is: %s", list.ptr);
    else
        ls_err_hint(&x->ctx->error, "`lockstep index` lists what there is; it may be mended by now");
    ls_buf_release(&list);
    return LS_E_NOT_FOUND;
}

static enum ls_rc unknown_verdict(struct cli_index *x, const char *word)
{
    static const char *const words[] = {
#define X(e, id, w, m) id, w,
        LS_VERDICTS(X)
#undef X
    };
    const char *near = ls_nearest_word(word, words, LS_ARRAY_LEN(words));

    ls_err_set(&x->ctx->error, LS_E_USAGE, "there is no verdict '%s'%s%s%s", word, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    ls_err_hint(&x->ctx->error, "write CODE:OBJECT, as `lockstep index` prints them: IX01:public.idx_orders_old");
    return LS_E_USAGE;
}

enum ls_rc cli_index_find(struct cli_index *x, const char *text, const struct ls_index_verdict **out)
{
    size_t n = strcspn(text, ":");
    const char *word = ls_arena_strn(x->opts.arena, text, n), *object = text[n] == ':' ? text + n + 1 : "";
    const struct ls_index_verdict *found = NULL;
    enum ls_verdict_id id;

    if (!ls_verdict_find(word, &id))
        return unknown_verdict(x, word);
    for (uint32_t i = 0; i < x->r.verdicts.n; i++) {
        const struct ls_index_verdict *v = &x->r.verdicts.v[i];

        if (v->id != id || (*object && !is_object(v, object)))
            continue;
        if (found && (!*object || strcmp(found->object, v->object) != 0)) {
            ls_err_set(&x->ctx->error, LS_E_USAGE, "'%s' is said of more than one: %s and %s", text, found->object, v->object);
            ls_err_hint(&x->ctx->error, "name one: %s:%s", ls_verdict_code(id), v->object);
            return LS_E_USAGE;
        }
        found = found ? found : v;
    }
    if (!found)
        return not_found(x, text, true, id);
    *out = found;
    return LS_OK;
}
