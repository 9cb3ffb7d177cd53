/* cli/index_fix.c: what mends a verdict: a migration that is written, or maintenance that is done. */
#include <config.h>

#include "cli/index.h"

#include <string.h>

#include "lockstep/base/clock.h"

/* A text line by line, for looking at; in JSON it is there whole. */
static void show(struct cli_ctx *ctx, const char *title, const char *text)
{
    if (ctx->root)
        return;
    cli_print(ctx, "-- %s", title);
    cli_lines(ctx, ctx->out, "", text);
}

static json_t *parts_json(const struct ls_fix_text *t)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < t->n_parts; i++) {
        json_t *o = json_object();

        cli_json_set(o, "name", t->slugs[i]);
        cli_json_set(o, "up", t->ups[i]);
        cli_json_set(o, "down", t->downs[i]);
        cli_json_bool(o, "up_no_transaction", t->up_alone[i]);
        cli_json_bool(o, "down_no_transaction", t->down_alone[i]);
        (void)json_array_append_new(list, o);
    }
    return list;
}

static void show_text(struct cli_ctx *ctx, const struct ls_fix_text *t, bool has_down)
{
    for (uint32_t i = 0; i < t->n_parts; i++) {
        struct ls_buf title = LS_BUF_INIT;

        ls_buf_addf(&title, "%s, up%s", t->slugs[i], t->up_alone[i] ? " (no transaction)" : "");
        show(ctx, title.ptr, t->ups[i]);
        ls_buf_clear(&title);
        ls_buf_addf(&title, "%s, down%s", t->slugs[i], t->down_alone[i] ? " (no transaction)" : "");
        if (has_down)
            show(ctx, title.ptr, t->downs[i]);
        ls_buf_release(&title);
    }
    if (t->verify && !ctx->root)
        show(ctx, "verify", t->verify);
    if (t->note)
        cli_say(ctx, "note: %s", t->note);
    if (!has_down)
        cli_say(ctx, "note: %s has no way back: the statements that would take it back are left out", ctx->snap->format->title);
}

static enum ls_rc save(struct cli_ctx *ctx, const struct ls_fix_text *t, json_t *o)
{
    struct ls_fix_files files;
    json_t *paths = json_array();
    enum ls_rc rc = ls_fix_save(ctx->session, ctx->snap, t, ls_wall_us(), &files, &ctx->error);

    for (uint32_t i = 0; rc == LS_OK && i < files.n_paths; i++) {
        (void)json_array_append_new(paths, cli_json_text(files.paths[i]));
        if (!ctx->root)
            cli_print(ctx, "%s", files.paths[i]);
    }
    (void)json_object_set_new(o, "files", paths);
    if (rc == LS_OK)
        cli_say(ctx, "written; `lockstep up` shows the plan and asks");
    if (rc == LS_OK)
        ls_fix_files_release(&files);
    return rc;
}

int cli_index_write(struct cli_index *x, const struct ls_index_verdict *const *v, uint32_t n)
{
    struct cli_ctx *ctx = x->ctx;
    const struct ls_format *format;
    struct ls_fix_text t;
    json_t *o = json_object();
    enum ls_rc rc = LS_OK;
    bool dry = cli_has(ctx, CLI_O(DRY_RUN));

    if (ctx->request.read_only && !dry)
        rc = ls_err_set(&ctx->error, LS_E_REFUSED, "a migration would be written, and --read-only was asked for");
    if (rc == LS_OK)
        rc = ls_session_snapshot(ctx->session, &ctx->snap, &ctx->error);
    if (rc != LS_OK) {
        json_decref(o);
        return cli_fail(ctx);
    }
    format = ctx->snap->format ? ctx->snap->format : &ls_format_lockstep;
    rc = ls_fix_write(x->r.usage, v, n, format, &t, &ctx->error);
    if (rc == LS_OK) {
        show_text(ctx, &t, (format->caps & LS_CAP_DOWN) != 0);
        (void)json_object_set_new(o, "parts", parts_json(&t));
        cli_json_set(o, "format", format->name);
        cli_json_set(o, "verify", t.verify);
        cli_json_set(o, "note", t.note);
        if (!dry)
            rc = save(ctx, &t, o);
        ls_fix_text_release(&t);
    }
    if (ctx->root)
        (void)json_object_set(ctx->root, "migration", o);
    json_decref(o);
    return rc == LS_OK ? 0 : cli_fail(ctx);
}

static void question(struct cli_ctx *ctx, const struct ls_index_verdict *v, const struct ls_upkeep *p, struct ls_buf *out)
{
    struct ls_buf line = LS_BUF_INIT;

    for (uint32_t i = 0; i < p->n + 4; i++) {
        const struct ls_session_params *s = &ctx->target.params;
        char *clean;

        ls_buf_clear(&line);
        if (i == 0)
            ls_buf_addf(&line, "Target:  %s%s", cli_database_name(ctx), s->is_protected ? ", PROTECTED" : "");
        else if (i == 1)
            ls_buf_addf(&line, "Mends:   %s %s of %s", ls_verdict_code(v->id), ls_verdict_word(v->id), v->object);
        else if (i < p->n + 2)
            ls_buf_addf(&line, "  %s;", p->sql[i - 2]);
        else if (i == p->n + 2)
            ls_buf_addf(&line, "Price:   %s", p->price);
        else if (p->undo[0])
            ls_buf_addf(&line, "Undo:    %s", p->undo);
        clean = cli_clean(ctx, line.ptr);
        if (*clean)
            ls_buf_addf(out, "%s\n", clean);
        free(clean);
    }
    ls_buf_release(&line);
}

static json_t *upkeep_json(const struct ls_upkeep *p)
{
    json_t *o = json_object(), *sql = json_array();

    for (uint32_t i = 0; i < p->n; i++)
        (void)json_array_append_new(sql, cli_json_text(p->sql[i]));
    (void)json_object_set_new(o, "sql", sql);
    cli_json_set(o, "price", p->price);
    cli_json_set(o, "undo", p->undo);
    return o;
}

int cli_index_upkeep(struct cli_index *x, const struct ls_index_verdict *v)
{
    struct cli_ctx *ctx = x->ctx;
    struct ls_upkeep p;
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = ls_upkeep_plan(x->r.usage, v, &p, &ctx->error);

    if (rc != LS_OK)
        return cli_fail(ctx);
    question(ctx, v, &p, &text);
    if (ctx->root)
        (void)json_object_set_new(ctx->root, "upkeep", upkeep_json(&p));
    if (cli_has(ctx, CLI_O(DRY_RUN))) {
        if (!ctx->root)
            cli_lines(ctx, ctx->out, "", text.ptr);
    } else {
        rc = cli_confirm(ctx, text.ptr, "upkeep");
        if (rc == LS_OK) {
            struct cli_guard *guard = cli_guard_begin(ctx);

            x->base.progress.what = "upkeep";
            rc = ls_upkeep_run(ctx->session, &p, &x->base.hooks, &ctx->error);
            cli_guard_end(guard);
            cli_progress_close(&x->base.progress);
        }
        if (rc == LS_OK && !ctx->root)
            cli_print(ctx, "done: %s", p.what);
    }
    if (ctx->root)
        cli_json_bool(ctx->root, "done", rc == LS_OK && !cli_has(ctx, CLI_O(DRY_RUN)));
    ls_buf_release(&text);
    ls_upkeep_release(&p);
    return rc == LS_OK ? 0 : cli_fail(ctx);
}
