/* cli/diff_out.c: a comparison printed: tree, unified text, summary, Markdown, statements, JSON, SARIF. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/diff/ddl.h"

static json_t *side_json(const struct ls_catalog *c)
{
    json_t *o = json_object();

    cli_json_set(o, "source", c->source);
    cli_json_set(o, "server", c->server);
    cli_json_int(o, "objects", c->n_facts);
    return o;
}

static json_t *identity(const struct ls_fact *f)
{
    json_t *o = json_object();
    struct ls_buf label = LS_BUF_INIT;

    ls_fact_label(f, false, &label);
    cli_json_set(o, "label", label.ptr);
    cli_json_set(o, "kind", ls_fact_kind_name(f->kind));
    cli_json_set(o, "schema", f->schema);
    cli_json_set(o, "parent", f->parent);
    cli_json_set(o, "name", f->name);
    ls_buf_release(&label);
    return o;
}

static json_t *rename_json(const struct ls_rename *r)
{
    static const char *const states[] = {[LS_RENAME_PROPOSED] = "proposed",
                                         [LS_RENAME_ACCEPTED] = "accepted",
                                         [LS_RENAME_REJECTED] = "rejected",
                                         [LS_RENAME_AMBIGUOUS] = "ambiguous"};
    json_t *o = json_object();

    (void)json_object_set_new(o, "from", identity(r->a));
    (void)json_object_set_new(o, "to", identity(r->b));
    (void)json_object_set_new(o, "score", json_real((double)(int)(r->score * 1000 + 0.5) / 1000));
    cli_json_bool(o, "certain", r->is_certain);
    cli_json_set(o, "state", states[r->state]);
    cli_json_set(o, "evidence", r->evidence);
    return o;
}

static json_t *difference_json(const struct ls_difference *x)
{
    json_t *o = identity(x->a ? x->a : x->b), *attrs = json_array();

    cli_json_set(o, "change", ls_change_name(x->change));
    if (x->change == LS_CHANGE_RENAMED)
        (void)json_object_set_new(o, "to", identity(x->b));
    cli_json_set(o, "impact", ls_impact_name(x->impact));
    cli_json_set(o, "why", x->why);
    cli_json_bool(o, "implied", x->is_implied);
    cli_json_int(o, "dependants", x->n_dependants);
    for (uint32_t i = 0; i < x->n_attrs; i++) {
        json_t *a = json_object();

        cli_json_set(a, "name", ls_attr_name(x->attrs[i].attr));
        cli_json_set(a, "a", x->attrs[i].a);
        cli_json_set(a, "b", x->attrs[i].b);
        (void)json_array_append_new(attrs, a);
    }
    (void)json_object_set_new(o, "attributes", attrs);
    return o;
}

/* What was compared is what is written: owners, privileges and orders only where they were asked for. How many have no statement. */
static size_t statements(struct cli_ctx *ctx, const struct ls_diff *d, struct ls_buf *out)
{
    const struct ls_ddl_opts opts = {.with_owner = cli_has(ctx, CLI_O(OWNER)), .with_rights = cli_has(ctx, CLI_O(PRIVILEGES)),
                                     .with_order = cli_has(ctx, CLI_O(ORDER))};

    return ls_ddl_diff(d, &opts, out);
}

static void fill_json(struct cli_ctx *ctx, const struct ls_diff *d)
{
    json_t *list = json_array(), *renames = json_array(), *kinds = json_object(), *impacts = json_object();

    (void)json_object_set_new(ctx->root, "a", side_json(d->a));
    (void)json_object_set_new(ctx->root, "b", side_json(d->b));
    cli_json_set(ctx->root, "dialect", ls_dialect_name(d->a->dialect));
    cli_json_bool(ctx->root, "equal", ls_diff_is_equal(d));
    for (int k = LS_FACT_NONE + 1; k < LS_N_FACTS; k++)
        if (d->n_by_kind[k] > 0)
            cli_json_int(kinds, ls_fact_kind_name((enum ls_fact_kind)k), (int64_t)d->n_by_kind[k]);
    for (int i = 0; i < LS_N_IMPACTS; i++)
        if (d->n_by_impact[i] > 0)
            cli_json_int(impacts, ls_impact_name((enum ls_impact)i), (int64_t)d->n_by_impact[i]);
    for (size_t i = 0; i < d->d.n; i++)
        (void)json_array_append_new(list, difference_json(&d->d.v[i]));
    for (size_t i = 0; i < d->renames.n; i++)
        (void)json_array_append_new(renames, rename_json(&d->renames.v[i]));
    (void)json_object_set_new(ctx->root, "by_kind", kinds);
    (void)json_object_set_new(ctx->root, "by_impact", impacts);
    cli_json_int(ctx->root, "ignored", (int64_t)d->n_ignored);
    (void)json_object_set_new(ctx->root, "differences", list);
    (void)json_object_set_new(ctx->root, "renames", renames);
    (void)json_object_set_new(ctx->root, "notes", cli_json_diags(&d->notes));
    if (cli_has(ctx, CLI_O(DDL))) {
        struct ls_buf text = LS_BUF_INIT;

        cli_json_int(ctx->root, "not_written", (int64_t)statements(ctx, d, &text));
        cli_json_set(ctx->root, "ddl", text.ptr ? text.ptr : "");
        ls_buf_release(&text);
    }
}

/* What could be a renaming and is not taken for one. An arrow stands between the names: behind a column "password" a '=' would have the rest hidden. */
static void tell_ambiguous(struct cli_ctx *ctx, const struct ls_diff *d)
{
    for (size_t i = 0; i < d->renames.n; i++) {
        const struct ls_rename *r = &d->renames.v[i];
        struct ls_buf from = LS_BUF_INIT, to = LS_BUF_INIT;

        ls_fact_label(r->a, true, &from);
        ls_fact_label(r->b, true, &to);
        if (r->state == LS_RENAME_AMBIGUOUS)
            cli_say(ctx, "note: %s could be %s now, and so could others: --accept-rename '%s -> %s' says it", from.ptr, to.ptr,
                    from.ptr, to.ptr);
        else if (r->state == LS_RENAME_PROPOSED)
            cli_say(ctx, "note: %s seems to be %s now (%s); --accept-rename or --reject-rename '%s -> %s' settles it", from.ptr,
                    to.ptr, r->evidence, from.ptr, to.ptr);
        ls_buf_release(&from);
        ls_buf_release(&to);
    }
}

static void print_ddl(struct cli_compare *c, struct ls_buf *out)
{
    size_t n = statements(c->ctx, &c->diff, out);

    if (n > 0)
        cli_say(c->ctx, "warning: %zu difference%s no statement: see the lines that begin with \"" LS_DDL_NOT_WRITTEN "\"", n,
                n == 1 ? " has" : "s have");
}

/* Each difference by itself: what looks like a secret in one and has no end there must not hide those behind it. `begin`: what the line that
 * begins one starts with. */
static void put_parts(struct cli_ctx *ctx, const char *text, const char *begin)
{
    struct ls_buf part = LS_BUF_INIT;

    for (const char *p = text, *end; p && *p; p = end) {
        for (end = strchr(p, '\n'); end && end[1] && strncmp(end + 1, begin, strlen(begin)) != 0;)
            end = strchr(end + 1, '\n');
        end = end ? end + 1 : p + strlen(p);
        ls_buf_clear(&part);
        ls_buf_add(&part, p, (size_t)(end - p));
        cli_lines(ctx, ctx->out, "", part.ptr);
    }
    ls_buf_release(&part);
}

static void print_text(struct cli_compare *c, struct ls_buf *out)
{
    struct cli_ctx *ctx = c->ctx;
    const char *begin = ""; /* a line is a difference, but in a unified text */

    if (cli_has(ctx, CLI_O(DDL))) {
        print_ddl(c, out);
        if (ctx->io->out_is_tty)
            cli_lines(ctx, ctx->out, "", out->ptr);
        else
            cli_data(ctx, out->ptr ? out->ptr : "", out->len); /* to run: byte for byte */
        return;
    }
    if (cli_has(ctx, CLI_O(MARKDOWN))) {
        ls_diff_print_markdown(&c->diff, out);
    } else if (cli_has(ctx, CLI_O(SUMMARY))) {
        ls_diff_print_summary(&c->diff, out);
    } else if (cli_has(ctx, CLI_O(UNIFIED)) || (!cli_has(ctx, CLI_O(TREE)) && !ctx->io->out_is_tty)) {
        ls_diff_print_unified(&c->diff, out);
        begin = "@@ ";
    } else {
        ls_diff_print_tree(&c->diff, ctx->io->ascii, out);
    }
    put_parts(ctx, out->ptr, begin);
}

void cli_print_diff(struct cli_compare *c)
{
    struct cli_ctx *ctx = c->ctx;
    const struct ls_diff *d = &c->diff;
    struct ls_buf out = LS_BUF_INIT;

    if (cli_has(ctx, CLI_O(SARIF))) {
        json_t *log = cli_diff_sarif(d);

        (void)json_dumpf(log, ctx->out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        (void)fputc('\n', ctx->out);
        json_decref(log);
        json_decref(ctx->root);
        ctx->root = NULL;
        return;
    }
    if (ctx->root) {
        fill_json(ctx, d);
        return;
    }
    print_text(c, &out);
    if (!cli_has(ctx, CLI_O(MARKDOWN)))
        cli_side_notes(ctx, &d->notes);
    tell_ambiguous(ctx, d);
    if (d->n_ignored > 0)
        cli_say(ctx, "note: %zu difference%s ignored", d->n_ignored, d->n_ignored == 1 ? " was" : "s were");
    ls_buf_clear(&out);
    ls_diff_side_name(d->a, d->b, false, &out);
    ls_buf_adds(&out, " | ");
    ls_diff_side_name(d->a, d->b, true, &out);
    cli_say(ctx, "%s: %s", ls_diff_is_equal(d) ? "no differences" : "different", out.ptr);
    ls_buf_release(&out);
}
