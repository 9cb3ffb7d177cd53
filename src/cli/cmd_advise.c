/* cli/cmd_advise.c: which indexes the workload lacks, measured on a copy, and what they cost. */
#include <config.h>

#include "cli/index.h"

#include <string.h>

#include "lockstep/base/clock.h"

static void print_plans(struct cli_ctx *ctx, const struct ls_gain *g)
{
    static const char indent[] = "        ";
    int width = cli_plan_width(ctx, (int)strlen(indent));
    struct ls_buf text = LS_BUF_INIT;

    cli_print(ctx, "      now:");
    ls_explained_print(&g->before, width, ctx->io->ascii, &text);
    cli_lines(ctx, ctx->out, indent, text.ptr);
    if (g->after.n_nodes > 0) {
        ls_buf_clear(&text);
        cli_print(ctx, "      then:");
        ls_explained_print(&g->after, width, ctx->io->ascii, &text);
        cli_lines(ctx, ctx->out, indent, text.ptr);
    }
    ls_buf_release(&text);
}

static void print_advice(struct cli_index *x, const struct ls_advice *a)
{
    struct cli_ctx *ctx = x->ctx;
    struct ls_buf b = LS_BUF_INIT;
    char size[LS_ISO_LEN] = "";

    cli_index_spec(x, a->spec, &b);
    cli_print(ctx, "%s", b.ptr);
    if (a->bytes >= 0)
        ls_size_text(a->bytes, size);
    if (a->level == LS_ADVICE_STRUCTURAL)
        cli_print(ctx, "    %s, not costed", ls_advice_level_name(a->level));
    else
        cli_print(ctx, "    saves %s%.0f%% of the workload (%s)%s%s", a->saving < 0.01 ? "less than " : "", a->saving < 0.01 ? 1 : a->saving * 100,
                  ls_advice_level_name(a->level), *size ? ", takes " : "", size);
    for (uint32_t i = 0; i < a->n_gains; i++) {
        const struct ls_query *q = &x->r.workload.queries[a->gains[i].query];

        ls_buf_clear(&b);
        ls_explained_change(&a->gains[i].before, &a->gains[i].after, &b);
        if (q->line > 0)
            cli_print(ctx, "    %s (%s:%d)%s%s", q->name, x->r.workload.source, q->line, b.len > 0 ? ": " : "", b.ptr);
        else
            cli_print(ctx, "    %s%s%s", q->name, b.len > 0 ? ": " : "", b.ptr);
        if (i == 0)
            print_plans(ctx, &a->gains[i]);
    }
    if (a->write_cost && a->write_cost[0])
        cli_print(ctx, "    price: %s", a->write_cost);
    if (a->replaces != LS_NO_USAGE)
        cli_print(ctx, "    makes %s needless", x->r.usage->indexes[a->replaces].name);
    ls_buf_release(&b);
}

static int nothing_to_judge_by(struct cli_index *x)
{
    struct cli_ctx *ctx = x->ctx;

    ls_err_set(&ctx->error, LS_E_NOT_FOUND, "there are no queries to judge by: no %s, and the server tells of none", x->req.workload_path);
    ls_err_hint(&ctx->error, "write the queries that matter into it, each ended by ';', with remarks in front: -- name: recent memories, -- frequency: 1200/h, "
                             "-- sample: 42; or let the server count them: pg_stat_statements in shared_preload_libraries, then CREATE EXTENSION "
                             "pg_stat_statements");
    return cli_fail(ctx);
}

/* The verdicts that an advice stands behind. */
static int write_all(struct cli_index *x)
{
    const struct ls_index_verdict **v = LS_ARENA_ARRAY(x->opts.arena, const struct ls_index_verdict *, x->r.verdicts.n + 1);
    uint32_t n = 0;

    for (uint32_t i = 0; i < x->r.verdicts.n; i++) {
        const struct ls_index_verdict *one = &x->r.verdicts.v[i];

        if (one->advice && !one->ignored && (one->fix == LS_FIX_CREATE || one->fix == LS_FIX_REPLACE))
            v[n++] = one;
    }
    if (n == 0) {
        cli_say(x->ctx, "nothing is to be written: no advice is worth an index");
        return 0;
    }
    return cli_index_write(x, v, n);
}

/* What it does now: as it was measured, where an advice stands on that; else as it is planned. */
static const struct ls_explained *plan_of(const struct ls_advices *all, uint32_t query)
{
    for (uint32_t i = 0; i < all->n; i++)
        for (uint32_t g = 0; g < all->a[i].n_gains; g++)
            if (all->a[i].gains[g].query == query && all->a[i].gains[g].before.is_measured)
                return &all->a[i].gains[g].before;
    return &all->plans[query];
}

static void fill_json(struct cli_index *x)
{
    json_t *root = x->ctx->root, *list = json_array(), *plans = json_array();

    cli_json_set(root, "database", x->r.usage->database);
    cli_json_set(root, "workload", x->r.workload.source);
    cli_json_set(root, "how", x->r.advices.how);
    for (uint32_t i = 0; i < x->r.advices.n; i++)
        (void)json_array_append_new(list, cli_advice_json(x, &x->r.advices.a[i]));
    for (uint32_t i = 0; i < x->r.advices.n_plans && i < x->r.workload.n_queries; i++) {
        const struct ls_query *q = &x->r.workload.queries[i];
        const struct ls_explained *plan = plan_of(&x->r.advices, i);
        json_t *o = json_object();

        cli_json_set(o, "name", q->name);
        cli_json_int(o, "line", q->line);
        (void)json_object_set_new(o, "per_hour", json_real(q->per_hour));
        (void)json_object_set_new(o, "plan", plan->n_nodes > 0 ? cli_explained_json(plan) : json_null());
        (void)json_array_append_new(plans, o);
    }
    (void)json_object_set_new(root, "advice", list);
    (void)json_object_set_new(root, "queries", plans);
    (void)json_object_set_new(root, "notes", cli_json_diags(&x->r.notes));
}

static bool has_plan(const struct cli_index *x)
{
    for (uint32_t i = 0; i < x->r.advices.n_plans; i++)
        if (x->r.advices.plans[i].n_nodes > 0)
            return true;
    return false;
}

static void print_all(struct cli_index *x)
{
    cli_print(x->ctx, "workload  %s, %u quer%s", x->r.workload.source, x->r.workload.n_queries, x->r.workload.n_queries == 1 ? "y" : "ies");
    cli_print(x->ctx, "advice    %s", x->r.advices.how ? x->r.advices.how : "");
    for (uint32_t i = 0; i < x->r.advices.n; i++) {
        cli_print(x->ctx, "%s", "");
        print_advice(x, &x->r.advices.a[i]);
    }
    if (x->r.advices.n == 0)
        cli_print(x->ctx, "nothing   %s", has_plan(x) ? "no index would save these queries enough" : "none of these queries could be planned");
}

int cli_cmd_advise(struct cli_ctx *ctx)
{
    struct cli_index x = {0};
    enum ls_rc rc = cli_index_begin(&x, ctx, false);
    int code = 0;

    x.req.advise = x.req.needs_workload = true;
    x.req.usage.with_sizes = true;
    x.req.advice.measure = !cli_has(ctx, CLI_O(NO_MEASURE));
    x.req.advice.on_target = cli_has(ctx, CLI_O(ON_TARGET));
    x.base.progress.what = "measuring";
    if (rc == LS_OK)
        rc = cli_index_make(&x);
    if (rc != LS_OK) {
        code = cli_fail(ctx);
    } else if (!x.r.workload.arena || x.r.workload.n_queries == 0) {
        code = nothing_to_judge_by(&x);
    } else {
        if (ctx->root)
            fill_json(&x);
        else
            print_all(&x);
        if (cli_has(ctx, CLI_O(WRITE)))
            code = write_all(&x);
    }
    cli_index_end(&x);
    return code;
}
