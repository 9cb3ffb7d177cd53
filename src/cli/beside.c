/* cli/beside.c: `status --beside FORMAT[:DIR]`: two tools' views of one project in two columns. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#include "lockstep/engine/beside.h"

static const char *word(const struct ls_entry *e)
{
    if (e == NULL)
        return "-";
    return e->evidence == LS_EVIDENCE_INFERRED && e->state == LS_STATE_APPLIED ? "applied (inferred)" : ls_state_name(e->state);
}

static void print_sides(struct cli_ctx *ctx, const struct ls_beside *s)
{
    const struct cli_column columns[] = {{"", CLI_LEFT}, {"VERSION", CLI_LEFT}, {"NAME", CLI_LEFT}, {s->left->format->name, CLI_LEFT},
                                         {s->other->name, CLI_LEFT}};
    bool csv = cli_has(ctx, CLI_O(CSV));
    struct cli_table t;

    if (!csv) {
        cli_print(ctx, "left    %s", s->left_title);
        cli_print(ctx, "right   %s", s->right_title);
        cli_print(ctx, "        %zu of %zu differ", s->n_differ, s->rows.n);
        (void)fputc('\n', ctx->out);
    }
    cli_table_init(&t, columns, LS_ARRAY_LEN(columns));
    for (size_t i = 0; i < s->rows.n; i++) {
        const struct ls_beside_row *r = &s->rows.v[i];

        cli_table_add(&t, r->differs ? "!" : " ");
        cli_table_add(&t, r->label);
        cli_table_add(&t, r->name);
        cli_table_add(&t, word(r->left));
        cli_table_add(&t, word(r->right));
    }
    cli_table_print(ctx, &t, csv);
    cli_table_release(&t);
}

static json_t *side_json(const struct ls_format *f, const char *title, const struct ls_ledger *l)
{
    json_t *o = json_object();

    cli_json_set(o, "format", f->name);
    cli_json_set(o, "title", title);
    cli_json_set(o, "ledger", l->exists ? l->location : NULL);
    return o;
}

static void fill_json(struct cli_ctx *ctx, const struct ls_beside *s)
{
    json_t *rows = json_array();

    (void)json_object_set_new(ctx->root, "left", side_json(s->left->format, s->left_title, &s->left->ledger));
    (void)json_object_set_new(ctx->root, "right", side_json(s->other, s->right_title, &s->ledger));
    cli_json_int(ctx->root, "differ", (int64_t)s->n_differ);
    for (size_t i = 0; i < s->rows.n; i++) {
        const struct ls_beside_row *r = &s->rows.v[i];
        json_t *o = json_object();

        cli_json_set(o, "version", r->label);
        cli_json_set(o, "name", r->name);
        cli_json_set(o, "left", r->left ? ls_state_name(r->left->state) : NULL);
        cli_json_set(o, "right", r->right ? ls_state_name(r->right->state) : NULL);
        cli_json_bool(o, "differs", r->differs);
        (void)json_array_append_new(rows, o);
    }
    (void)json_object_set_new(ctx->root, "rows", rows);
}

int cli_beside(struct cli_ctx *ctx)
{
    const char *text = ctx->v->text[CLI_OPT_BESIDE], *dir = strchr(text, ':');
    struct ls_buf name = LS_BUF_INIT;
    const struct ls_format *other;
    struct ls_beside sides;
    int code = 0;

    ls_buf_add(&name, text, dir ? (size_t)(dir - text) : strlen(text));
    other = ls_format_find(name.ptr);
    if (other == NULL) {
        code = cli_fail_with(ctx, LS_E_USAGE, "--beside: \"%s\" is no format that this build knows; `lockstep formats` lists them", name.ptr);
    } else if (ls_beside_read(ctx->session, ctx->snap, other, dir && dir[1] ? dir + 1 : NULL, &sides, &ctx->error) != LS_OK) {
        code = cli_fail(ctx);
    } else {
        if (ctx->root)
            fill_json(ctx, &sides);
        else
            print_sides(ctx, &sides);
        if (cli_has(ctx, CLI_O(CHECK)) && sides.n_differ > 0)
            code = ls_rc_exit_code(LS_E_DRIFT);
        ls_beside_release(&sides);
    }
    ls_buf_release(&name);
    return code;
}
