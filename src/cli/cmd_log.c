/* cli/cmd_log.c: the journal. */
#include <config.h>

#include "cli/cmd.h"

#include "lockstep/engine/journal.h"

static json_t *row_json(const struct ls_journal_row *r)
{
    json_t *o = json_object();

    cli_json_int(o, "seq", r->seq);
    cli_json_set(o, "run_id", r->run_id);
    cli_json_set(o, "event", r->event);
    cli_json_set(o, "version", r->version);
    cli_json_set(o, "name", r->name);
    cli_json_set(o, "direction", r->direction);
    cli_json_set(o, "at", r->at);
    cli_json_set(o, "operator", r->operator_name);
    cli_json_set(o, "host", r->host);
    cli_json_set(o, "tool", r->tool);
    cli_json_set(o, "result", r->result);
    cli_json_set(o, "detail", r->detail);
    cli_json_set(o, "plan_digest", r->plan_digest);
    cli_json_set(o, "hash", r->hash);
    if (r->duration_ms >= 0)
        cli_json_int(o, "duration_ms", r->duration_ms);
    cli_json_bool(o, "chain_ok", r->chain_ok);
    return o;
}

static void add_row(struct cli_table *t, const struct ls_journal_row *r)
{
    cli_table_addf(t, "%lld%s", (long long)r->seq, r->chain_ok ? "" : " !");
    cli_table_add(t, r->at);
    cli_table_add(t, r->operator_name);
    cli_table_add(t, r->event);
    cli_table_addf(t, "%s%s%s", r->version ? r->version : "", r->version && r->name ? " " : "", r->name ? r->name : "");
    cli_table_add(t, r->direction);
    cli_table_add(t, r->result);
    if (r->duration_ms >= 0)
        cli_table_addf(t, "%lld ms", (long long)r->duration_ms);
    else
        cli_table_add(t, NULL);
    cli_table_add(t, r->detail);
}

int cli_cmd_log(struct cli_ctx *ctx)
{
    static const struct cli_column columns[] = {{"SEQ", CLI_RIGHT},      {"AT", CLI_LEFT},     {"BY", CLI_LEFT},    {"EVENT", CLI_LEFT}, {"MIGRATION", CLI_LEFT},
                                                {"DIRECTION", CLI_LEFT}, {"RESULT", CLI_LEFT}, {"TIME", CLI_RIGHT}, {"DETAIL", CLI_LEFT}};
    size_t limit = cli_has(ctx, CLI_O(LIMIT)) ? (size_t)ctx->v->number[CLI_OPT_LIMIT] : 20;
    struct ls_journal j = {0};
    struct cli_table t;

    if (cli_open(ctx) != LS_OK || ls_session_connect(ctx->session, &ctx->error) != LS_OK || ls_journal_read(ctx->session, limit, &j, &ctx->error) != LS_OK)
        return cli_fail(ctx);
    json_t *a = ctx->root ? json_array() : NULL;
    cli_table_init(&t, columns, LS_ARRAY_LEN(columns));
    for (size_t i = j.rows.n; i-- > 0;) {
        if (a)
            (void)json_array_append_new(a, row_json(&j.rows.v[i]));
        else
            add_row(&t, &j.rows.v[i]);
    }
    if (a) {
        cli_json_bool(ctx->root, "exists", j.exists);
        cli_json_int(ctx->root, "first_broken_seq", j.first_broken_seq);
        (void)json_object_set_new(ctx->root, "journal", a);
    } else if (j.rows.n > 0 || cli_has(ctx, CLI_O(CSV))) {
        cli_table_print(ctx, &t, cli_has(ctx, CLI_O(CSV)));
    } else {
        cli_say(ctx, j.exists ? "the journal is empty" : "there is no journal in this database yet");
    }
    cli_table_release(&t);
    int code = 0;
    if (j.first_broken_seq > 0) {
        cli_warn(ctx, "warning: the journal's chain is broken from entry %lld on: a row was changed, removed or put in by hand", (long long)j.first_broken_seq);
        code = ls_rc_exit_code(LS_E_DRIFT);
    }
    ls_journal_release(&j);
    return code;
}
