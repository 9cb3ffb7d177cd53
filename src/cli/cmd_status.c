/* cli/cmd_status.c: where the database stands. */
#include <config.h>

#include "cli/cmd.h"

#include "lockstep/engine/dirty.h"
#include "lockstep/engine/plan.h"
#include "lockstep/engine/settle.h"
#include "lockstep/model/graph.h"

static const char *applied_at(const struct ls_entry *e)
{
    return e->row ? e->row->applied_at : NULL;
}

static void json_list(json_t *o, const char *key, const char *const *list)
{
    json_t *array;

    if (!list || !list[0])
        return;
    array = json_array();
    for (size_t i = 0; list[i]; i++)
        (void)json_array_append_new(array, cli_json_text(list[i]));
    (void)json_object_set_new(o, key, array);
}

static json_t *entry_json(const struct ls_entry *e)
{
    static const char *const evidence[] = {[LS_EVIDENCE_NONE] = "none", [LS_EVIDENCE_RECORDED] = "recorded", [LS_EVIDENCE_INFERRED] = "inferred"};
    const struct ls_migration *m = e->migration;
    json_t *o = json_object();

    cli_json_set(o, "version", e->label);
    cli_json_set(o, "id", m ? m->id : e->row ? e->row->id : NULL);
    cli_json_set(o, "name", e->name);
    cli_json_set(o, "kind", ls_kind_name(m ? m->kind : e->row ? e->row->kind : LS_KIND_VERSIONED));
    cli_json_set(o, "state", ls_state_name(e->state));
    cli_json_set(o, "evidence", evidence[e->evidence]);
    cli_json_set(o, "tool_would", e->tool_would);
    cli_json_set(o, "up", m ? m->up.path : NULL);
    cli_json_set(o, "down", m ? m->down.path : NULL);
    cli_json_set(o, "verify", m ? m->verify.path : NULL);
    if (m) {
        json_list(o, "parents", m->parents);
        json_list(o, "depends", m->depends);
        json_list(o, "labels", m->labels);
        if (m->author)
            cli_json_set(o, "author", m->author);
        if (m->authored_at)
            cli_json_set(o, "authored_at", m->authored_at);
    }
    if (e->row) {
        cli_json_set(o, "applied_at", e->row->applied_at);
        cli_json_set(o, "applied_by", e->row->applied_by);
        if (e->row->finished_at)
            cli_json_set(o, "finished_at", e->row->finished_at);
        if (e->row->batch)
            cli_json_set(o, "batch", e->row->batch);
        if (e->row->logs)
            cli_json_set(o, "logs", e->row->logs);
        cli_json_set(o, "checksum", e->row->checksum);
        if (e->row->duration_ms >= 0)
            cli_json_int(o, "duration_ms", e->row->duration_ms);
    }
    return o;
}

static json_t *dirty_json(const struct cli_ctx *ctx, const struct ls_dirty_report *r)
{
    json_t *o = json_object(), *facts = json_array(), *statements = json_array(), *choices = json_array();

    cli_json_set(o, "ledger_says", r->ledger_says);
    cli_json_set(o, "version", r->version_label);
    for (size_t i = 0; i < r->facts.n; i++)
        (void)json_array_append_new(facts, cli_json_text(r->facts.v[i]));
    (void)json_object_set_new(o, "facts", facts);
    for (size_t i = 0; i < r->statements.n && i < r->verdicts.n; i++) {
        json_t *j = json_object();

        cli_json_set(j, "statement", r->statements.v[i]);
        cli_json_set(j, "verdict", r->verdicts.v[i]);
        (void)json_array_append_new(statements, j);
    }
    (void)json_object_set_new(o, "statements", statements);
    for (size_t i = 0; i < r->choices.n; i++) {
        const struct ls_dirty_choice *c = &r->choices.v[i];
        json_t *j = json_object();

        cli_json_set(j, "title", c->title);
        cli_json_set(j, "when", c->when);
        (void)json_object_set_new(j, "indicated", json_boolean(c->is_indicated));
        if (c->plan)
            (void)json_object_set_new(j, "plan", cli_json_plan(c->plan, cli_dialect(ctx), true));
        (void)json_array_append_new(choices, j);
    }
    (void)json_object_set_new(o, "choices", choices);
    return o;
}

/* The SQL of a choice, without what only guards it. */
static void print_choice(struct cli_ctx *ctx, const struct ls_dirty_choice *c)
{
    struct ls_buf sql = LS_BUF_INIT;

    cli_print(ctx, "  %c) %s", c->key, c->title);
    cli_lines(ctx, ctx->out, "     ", c->when);
    for (size_t i = 0; c->plan && i < c->plan->steps.n; i++) {
        for (size_t j = 0; j < c->plan->steps.v[i].ops.n; j++) {
            const struct ls_op *op = &c->plan->steps.v[i].ops.v[j];

            if (op->kind != LS_OP_LEDGER && op->kind != LS_OP_FILE)
                continue;
            ls_buf_clear(&sql);
            ls_op_print_sql(op, cli_dialect(ctx), &sql);
            cli_lines(ctx, ctx->out, "     ", sql.ptr);
        }
    }
    ls_buf_release(&sql);
}

static void print_dirty(struct cli_ctx *ctx, const struct ls_dirty_report *r)
{
    cli_print(ctx, " ");
    cli_print(ctx, "DIRTY: %s", r->ledger_says ? r->ledger_says : "");
    for (size_t i = 0; i < r->facts.n; i++)
        cli_lines(ctx, ctx->out, "  ", r->facts.v[i]);
    if (r->statements.n > 0)
        cli_print(ctx, "Its statements:");
    for (size_t i = 0; i < r->statements.n; i++) {
        cli_print(ctx, "  %zu. %s", i + 1, r->statements.v[i]);
        if (i < r->verdicts.n)
            cli_lines(ctx, ctx->out, "     ", r->verdicts.v[i]);
    }
    if (r->choices.n > 0)
        cli_print(ctx, "The ways out, each with what it writes:");
    for (size_t i = 0; i < r->choices.n; i++)
        print_choice(ctx, &r->choices.v[i]);
}

static bool is_dirty(const struct ls_snapshot *s)
{
    return s->ledger.dirty || s->timeline.count[LS_STATE_DIRTY] > 0;
}

static void explain_dirty(struct cli_ctx *ctx)
{
    struct ls_dirty_report report = {0};
    struct ls_err err = LS_ERR_INIT;

    if (ls_dirty_explain(ctx->session, ctx->snap, &report, &err) != LS_OK) {
        cli_write_error(ctx, ctx->err, &err);
    } else {
        if (ctx->root)
            (void)json_object_set_new(ctx->root, "dirty", dirty_json(ctx, &report));
        else
            print_dirty(ctx, &report);
        ls_dirty_report_release(&report);
    }
    ls_err_release(&err);
}

static void counts_text(const struct ls_timeline *t, struct ls_buf *b)
{
    for (size_t i = 0; i < LS_N_STATES; i++) {
        if (t->count[i] > 0)
            ls_buf_addf(b, "%s%zu %s", b->len > 0 ? ", " : "", t->count[i], ls_state_name((enum ls_state)i));
    }
    if (b->len == 0)
        ls_buf_adds(b, "no migrations");
}

static void print_head(struct cli_ctx *ctx)
{
    const struct ls_snapshot *s = ctx->snap;
    const struct ls_session_params *p = &ctx->target.params;
    struct ls_buf counts = LS_BUF_INIT;

    cli_print(ctx, "target  %s%s%s%s%s%s", s->target_label ? s->target_label : "", s->has_db ? ", " : "", s->has_db ? s->info.server : "",
              p->env_name ? ", environment " : "", p->env_name ? p->env_name : "", p->is_protected ? ", protected" : "");
    cli_print(ctx, "format  %s, %s in %s", s->format ? s->format->name : "unknown", "migrations", p->migrations_dir);
    if (s->tool_path)
        cli_print(ctx, "tool    %s, run in %s", s->tool_path, s->tool_dir);
    const char *whose = s->ledger.foreign;
    if (s->has_db)
        cli_print(ctx, "ledger  %s%s%s%s", s->ledger.location ? s->ledger.location : "", s->ledger.exists || whose ? "" : ", not there yet",
                  whose ? ", which belongs to " : "", whose ? whose : "");
    counts_text(&s->timeline, &counts);
    cli_print(ctx, "state   %s", counts.ptr);
    ls_buf_release(&counts);
}

/* What kind of migration it is and its labels, behind its name: "x (repeatable, billing)". */
static void add_name(struct cli_table *t, const struct ls_entry *e)
{
    const struct ls_migration *m = e->migration;
    enum ls_mig_kind kind = m ? m->kind : e->row ? e->row->kind : LS_KIND_VERSIONED;
    struct ls_buf note = LS_BUF_INIT;

    if (kind != LS_KIND_VERSIONED)
        ls_buf_adds(&note, ls_kind_name(kind));
    for (size_t i = 0; m && m->labels && m->labels[i]; i++)
        ls_buf_addf(&note, "%s%s", note.len > 0 ? ", " : "", m->labels[i]);
    if (note.len > 0)
        cli_table_addf(t, "%s (%s)", e->name, note.ptr);
    else
        cli_table_lend(t, e->name);
    ls_buf_release(&note);
}

static void fill_row(struct cli_ctx *ctx, struct cli_table *t, const struct ls_entry *e, const struct ls_graph *g, size_t row)
{
    cli_table_lend(t, ls_state_glyph(e->state, ctx->io->ascii));
    if (g->n_lanes > 0) {
        struct ls_buf lanes = LS_BUF_INIT;

        ls_graph_row(g, row, false, ctx->io->ascii, &lanes);
        cli_table_add(t, lanes.ptr);
        ls_buf_release(&lanes);
    }
    cli_table_lend(t, e->label);
    add_name(t, e);
    if (e->evidence == LS_EVIDENCE_INFERRED)
        cli_table_addf(t, "%s (inferred)", ls_state_name(e->state));
    else
        cli_table_lend(t, ls_state_name(e->state));
    cli_table_lend(t, applied_at(e));
    cli_table_lend(t, e->row ? e->row->applied_by : NULL);
    if (e->row && e->row->duration_ms >= 0)
        cli_table_addf(t, "%lld ms", (long long)e->row->duration_ms);
    else
        cli_table_lend(t, NULL);
    /* What the tool would do with a plain applied or pending one goes without saying. */
    cli_table_lend(t, e->state == LS_STATE_APPLIED || e->state == LS_STATE_PENDING ? NULL : e->tool_would);
}

static void print_table(struct cli_ctx *ctx)
{
    static const struct cli_column columns[] = {{"", CLI_LEFT},      {"GRAPH", CLI_LEFT},      {"VERSION", CLI_LEFT},
                                                {"NAME", CLI_LEFT},  {"STATE", CLI_LEFT},      {"APPLIED AT", CLI_LEFT},
                                                {"BY", CLI_LEFT},    {"TIME", CLI_RIGHT},      {"NOTE", CLI_LEFT}};
    struct cli_column shown[LS_ARRAY_LEN(columns)];
    const struct ls_timeline *t = &ctx->snap->timeline;
    bool csv = cli_has(ctx, CLI_O(CSV));
    struct ls_graph graph = {0};
    struct cli_table table;
    size_t n = 0;

    if (!csv)
        ls_graph_build(t, &graph);
    for (size_t i = 0; i < LS_ARRAY_LEN(columns); i++)
        if (i != 1 || graph.n_lanes > 0)
            shown[n++] = columns[i];
    cli_table_init(&table, shown, n);
    for (size_t i = 0; i < t->e.n; i++)
        fill_row(ctx, &table, &t->e.v[i], &graph, i);
    cli_table_print(ctx, &table, csv);
    cli_table_release(&table);
    ls_graph_release(&graph);
}

static void print_diags(struct cli_ctx *ctx)
{
    const struct ls_diags *diags = &ctx->snap->migrations.diags;

    for (size_t i = 0; i < diags->d.n; i++) {
        const struct ls_diag *d = &diags->d.v[i];

        char line[16] = "";

        if (d->line > 0)
            (void)snprintf(line, sizeof(line), ":%d", d->line);
        cli_warn(ctx, "%s: %s%s%s%s", ls_severity_name(d->severity), d->path ? d->path : "", d->path ? line : "", d->path ? ": " : "", d->message);
        if (d->hint)
            cli_lines(ctx, ctx->err, "  ", d->hint);
    }
}

static void fill_json(struct cli_ctx *ctx)
{
    const struct ls_snapshot *s = ctx->snap;
    json_t *ledger = json_object(), *counts = json_object(), *list = json_array();

    (void)json_object_set_new(ctx->root, "target", cli_json_target(ctx));
    cli_json_set(ctx->root, "format", s->format ? s->format->name : NULL);
    cli_json_set(ctx->root, "migrations_dir", ctx->target.params.migrations_dir);
    cli_json_set(ledger, "location", s->ledger.location);
    cli_json_bool(ledger, "exists", s->ledger.exists);
    cli_json_bool(ledger, "dirty", is_dirty(s));
    cli_json_bool(ledger, "legacy", s->ledger.has_legacy);
    cli_json_set(ledger, "foreign", s->ledger.foreign);
    (void)json_object_set_new(ctx->root, "ledger", ledger);
    if (s->format && s->format->tool) { /* what runs its migrations: null where it is not there */
        cli_json_set(ctx->root, "tool", s->tool_path);
        cli_json_set(ctx->root, "tool_note", s->tool_note);
    }
    for (size_t i = 0; i < LS_N_STATES; i++)
        cli_json_int(counts, ls_state_name((enum ls_state)i), (int64_t)s->timeline.count[i]);
    (void)json_object_set_new(ctx->root, "counts", counts);
    for (size_t i = 0; i < s->timeline.e.n; i++)
        (void)json_array_append_new(list, entry_json(&s->timeline.e.v[i]));
    (void)json_object_set_new(ctx->root, "migrations", list);
    (void)json_object_set_new(ctx->root, "diagnostics", cli_json_diags(&s->migrations.diags));
}

/* What `conflicts` would list, as far as files and ledger show it: asking the catalogue is its own business. */
static void note_conflicts(struct cli_ctx *ctx)
{
    struct ls_conflicts found;
    size_t n = 0;

    if (ls_conflicts_find(NULL, ctx->snap, &found, NULL) == LS_OK)
        for (size_t i = 0; i < found.c.n; i++)
            n += found.c.v[i].command != NULL;
    if (ctx->root)
        cli_json_int(ctx->root, "settleable_conflicts", (int64_t)n);
    else if (n > 0 && !cli_has(ctx, CLI_O(CSV)))
        cli_say(ctx, "note: %zu conflict%s can be settled; `lockstep conflicts` shows %s and how", n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
    ls_conflicts_release(&found);
}

/* --check: 3 where nothing can run, 6 where something is to do or differs. */
static int check(struct cli_ctx *ctx)
{
    const struct ls_snapshot *s = ctx->snap;
    const struct ls_timeline *t = &s->timeline;

    if (s->ledger.foreign)
        return cli_fail_with(ctx, LS_E_REFUSED, "the ledger %s belongs to %s, not to %s", s->ledger.location, s->ledger.foreign, s->format->name);
    if (s->format && ls_plan_check_whole(s, &ctx->error) != LS_OK)
        return cli_fail(ctx);
    if (s->format && s->has_db && s->format->check_runnable(t, &s->ledger, LS_UP, &ctx->error) != LS_OK)
        return cli_fail(ctx);
    size_t differ = t->e.n - t->count[LS_STATE_APPLIED];
    if (differ == 0)
        return 0;
    struct ls_buf counts = LS_BUF_INIT;
    counts_text(t, &counts);
    cli_say(ctx, "check: %s", counts.ptr);
    ls_buf_release(&counts);
    return ls_rc_exit_code(LS_E_DRIFT);
}

int cli_cmd_status(struct cli_ctx *ctx)
{
    if (cli_snapshot(ctx) != LS_OK)
        return cli_fail(ctx);
    if (cli_has(ctx, CLI_O(BESIDE)))
        return cli_beside(ctx);
    if (ctx->root) {
        fill_json(ctx);
    } else {
        if (!cli_has(ctx, CLI_O(CSV))) {
            print_head(ctx);
            (void)fputc('\n', ctx->out);
        }
        print_table(ctx);
        print_diags(ctx);
        if (ctx->snap->ledger.has_legacy)
            cli_say(ctx, "note: there is a schema_version table of an older tool; `lockstep mark --import` takes it over");
    }
    note_conflicts(ctx);
    if (ctx->snap->has_db && is_dirty(ctx->snap) && !cli_has(ctx, CLI_O(CSV)))
        explain_dirty(ctx);
    return cli_has(ctx, CLI_O(CHECK)) ? check(ctx) : 0;
}
