/* cli/cmd_verify.c: checks of the folder and the ledger, and the .verify files. */
#include <config.h>

#include "cli/cmd.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/engine/proof.h"
#include "lockstep/engine/verify.h"

/* --- the schema ---------------------------------------------------------------------------------------------------------------------------------- */

#define MAX_SHOWN 5 /* differences; `lockstep drift` shows them all */

static bool is_reference(const struct ls_diag *d)
{
    return strcmp(d->code, "broken-reference") == 0;
}

static void print_proof(struct cli_ctx *ctx, const struct ls_proof *p)
{
    size_t shown = 0, n = 0;

    for (size_t i = 0; p->live && i < p->live->notes.d.n; i++)
        if (is_reference(&p->live->notes.d.v[i]))
            cli_print(ctx, "schema: %s", p->live->notes.d.v[i].message);

    for (int k = 0; k < LS_N_FACTS; k++)
        n += p->diff.n_by_kind[k];
    if (p->state == LS_PROOF_NOT_HAD) {
        cli_print(ctx, "schema: not proved: %s", p->why);
        return;
    }
    if (p->state == LS_PROOF_EQUAL) {
        cli_print(ctx, "schema: proved: the database has what the applied migrations promise, and nothing else (%u objects)", (unsigned)p->live->n_facts);
        return;
    }
    cli_print(ctx, "schema: %zu difference%s from what the applied migrations promise; `lockstep drift` shows all", n, n == 1 ? "" : "s");
    for (size_t i = 0; i < p->diff.d.n && shown < MAX_SHOWN; i++) {
        struct ls_buf line = LS_BUF_INIT;

        if (!p->diff.d.v[i].is_implied) {
            ls_difference_line(&p->diff.d.v[i], &line);
            cli_print(ctx, "  %s", line.ptr);
            shown++;
        }
        ls_buf_release(&line);
    }
}

static json_t *proof_json(const struct ls_proof *p)
{
    json_t *o = json_object(), *list = json_array(), *references = json_array();

    for (size_t i = 0; p->live && i < p->live->notes.d.n; i++)
        if (is_reference(&p->live->notes.d.v[i]))
            (void)json_array_append_new(references, cli_json_text(p->live->notes.d.v[i].message));
    (void)json_object_set_new(o, "broken_references", references);
    cli_json_set(o, "state", ls_proof_name(p->state));
    cli_json_set(o, "why", p->why);
    for (size_t i = 0; i < p->diff.d.n; i++) {
        struct ls_buf line = LS_BUF_INIT;

        ls_difference_line(&p->diff.d.v[i], &line);
        (void)json_array_append_new(list, cli_json_text(line.ptr));
        ls_buf_release(&line);
    }
    (void)json_object_set_new(o, "differences", list);
    return o;
}

/* A migration that waits and names what will not be there. */
static void tell_pending(struct cli_ctx *ctx, const char *why)
{
    json_t *o = ctx->root ? json_object_get(ctx->root, "schema") : NULL;

    if (o)
        cli_json_set(o, "pending", why);
    else if (why)
        cli_print(ctx, "schema: a pending migration will not run: %s", why);
}

static bool has_pending(const struct ls_timeline *t)
{
    for (size_t i = 0; i < t->e.n; i++)
        if (t->e.v[i].is_runnable)
            return true;
    return false;
}

/* *differs: the database has another schema than its migrations promise. */
static enum ls_rc prove(struct cli_ctx *ctx, bool *differs)
{
    struct ls_diff_opts opts;
    struct ls_proof proof = {0};
    struct cli_compare c;
    char *why = NULL;
    enum ls_rc rc = cli_compare_begin(&c, ctx);

    if (rc == LS_OK)
        rc = cli_diff_opts(&c, &opts);
    if (rc == LS_OK) {
        struct cli_guard *guard = cli_guard_begin(ctx);

        rc = ls_prove_schema(&c.world, &opts, &proof, &ctx->error);
        if (rc == LS_OK && proof.state != LS_PROOF_NOT_HAD && has_pending(&ctx->snap->timeline))
            rc = ls_prove_pending(&c.world, &why, &ctx->error);
        cli_guard_end(guard);
        cli_progress_close(&c.progress);
    }
    if (rc == LS_OK && ctx->root)
        (void)json_object_set_new(ctx->root, "schema", proof_json(&proof));
    else if (rc == LS_OK)
        print_proof(ctx, &proof);
    if (rc == LS_OK)
        tell_pending(ctx, why);
    *differs = proof.state == LS_PROOF_DIFFERS || why != NULL;
    free(why);
    ls_proof_release(&proof);
    cli_compare_end(&c);
    return rc;
}

/* --- the rest ------------------------------------------------------------------------------------------------------------------------------------ */

static void print_report(struct cli_ctx *ctx, const struct ls_verify_report *r)
{
    static const struct cli_column columns[] = {{"SEVERITY", CLI_LEFT}, {"CHECK", CLI_LEFT}, {"VERSION", CLI_LEFT}, {"PLACE", CLI_LEFT}, {"WHAT", CLI_LEFT}};
    struct cli_table t;

    cli_table_init(&t, columns, LS_ARRAY_LEN(columns));
    for (size_t i = 0; i < r->diags.d.n; i++) {
        const struct ls_diag *d = &r->diags.d.v[i];

        cli_table_add(&t, ls_severity_name(d->severity));
        cli_table_add(&t, d->code);
        cli_table_add(&t, d->version);
        if (d->path && d->line > 0)
            cli_table_addf(&t, "%s:%d", d->path, d->line);
        else
            cli_table_add(&t, d->path);
        cli_table_addf(&t, "%s%s%s", d->message, d->hint ? "; " : "", d->hint ? d->hint : "");
    }
    if (r->diags.d.n > 0)
        cli_table_print(ctx, &t, false);
    cli_table_release(&t);
    cli_print(ctx, "%d migration%s checked, %zu finding%s, %d verify statement%s run, %d failed", r->n_checked, r->n_checked == 1 ? "" : "s",
              r->diags.d.n, r->diags.d.n == 1 ? "" : "s", r->n_verify_run, r->n_verify_run == 1 ? "" : "s", r->n_verify_failed);
}

static void fill_json(struct cli_ctx *ctx, const struct ls_verify_report *r)
{
    (void)json_object_set_new(ctx->root, "target", cli_json_target(ctx));
    cli_json_int(ctx->root, "checked", r->n_checked);
    cli_json_int(ctx->root, "verify_run", r->n_verify_run);
    cli_json_int(ctx->root, "verify_failed", r->n_verify_failed);
    (void)json_object_set_new(ctx->root, "findings", cli_json_diags(&r->diags));
}

int cli_cmd_verify(struct cli_ctx *ctx)
{
    struct ls_verify_report report = {0};
    struct cli_progress progress;
    struct ls_run_hooks hooks;
    bool bad = false;
    int code = 0;

    if (cli_snapshot(ctx) != LS_OK)
        return cli_fail(ctx);
    struct cli_guard *guard = cli_guard_begin(ctx);
    cli_progress_init(&progress, ctx, "verify");
    cli_progress_hooks(&progress, &hooks);
    /* Nothing is applied where there is no ledger. */
    bool run_files = ctx->snap->has_db && ctx->snap->ledger.exists && !cli_has(ctx, CLI_O(NO_RUN));
    /* A tool's own scripts may write, and roll back: they are kept from a session that the user wants read-only, and run in any other. */
    if (run_files && (ctx->snap->format->caps & LS_CAP_DELEGATE) != 0)
        ls_session_set_read_only(ctx->session, ctx->request.read_only);
    enum ls_rc rc = ls_verify(ctx->session, ctx->snap, run_files, &hooks, &report, &ctx->error);
    cli_progress_close(&progress);
    cli_guard_end(guard);
    if (rc != LS_OK && rc != LS_E_DRIFT) {
        ls_verify_report_release(&report);
        return cli_fail(ctx);
    }
    if (ctx->root)
        fill_json(ctx, &report);
    else
        print_report(ctx, &report);
    for (size_t i = 0; i < report.diags.d.n; i++)
        bad = bad || report.diags.d.v[i].severity >= LS_SEV_DANGER;
    if (bad || report.n_verify_failed > 0 || rc == LS_E_DRIFT)
        code = ls_rc_exit_code(LS_E_DRIFT);
    ls_verify_report_release(&report);
    if (ctx->snap->has_db && ctx->snap->ledger.exists && !cli_has(ctx, CLI_O(NO_SCHEMA))) {
        bool differs = false;

        if (prove(ctx, &differs) != LS_OK)
            return cli_fail(ctx);
        if (differs)
            code = ls_rc_exit_code(LS_E_DRIFT);
    }
    return code;
}
