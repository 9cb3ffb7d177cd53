/* Flyway's plans: the history table, one transaction per migration, and what it or lockstep refuses. */
#include <config.h>

#include "format/flyway.h"

#include <inttypes.h>
#include <string.h>

#include "format/marked.h"
#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"
#include "lockstep/base/mem.h"

#define TITLE    LS_FLYWAY_TITLE
#define MAX_TEXT 200 /* of a description, characters; longer ones are not run here */

/* The spelling of PostgreSQLDatabase.java and SQLiteDatabase.java, getRawCreateScript. */
enum ls_rc ls_flyway_plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    const char *table = ls_marked_table(ctx, LS_FLYWAY_TABLE, err), *schema, *name;
    bool is_pg = ctx->dialect == LS_DIALECT_POSTGRES;

    if (table == NULL)
        return LS_E_INPUT;
    ls_table_names(ctx->plan->arena, ctx->dialect, ctx->opts, LS_FLYWAY_TABLE, &schema, &name);
    if (strchr(name, '"') != NULL)
        return ls_err_set(err, LS_E_INPUT, "the table %s has a quote in its name", name);
    ls_ops_add(ctx, NULL, LS_OP_BEGIN);
    ls_record_write(ctx, NULL,
                    is_pg
                        ? "CREATE TABLE @ (\n    \"installed_rank\" INT NOT NULL,\n    \"version\" VARCHAR(50),\n    "
                          "\"description\" VARCHAR(200) NOT NULL,\n"
                          "    \"type\" VARCHAR(20) NOT NULL,\n    \"script\" VARCHAR(1000) NOT NULL,\n    \"checksum\" INTEGER,\n"
                          "    \"installed_by\" VARCHAR(100) NOT NULL,\n    \"installed_on\" TIMESTAMP NOT NULL DEFAULT now(),\n"
                          "    \"execution_time\" INTEGER NOT NULL,\n    \"success\" BOOLEAN NOT NULL\n)"
                        : "CREATE TABLE @ (\n    \"installed_rank\" INT NOT NULL PRIMARY KEY,\n    \"version\" VARCHAR(50),\n"
                          "    \"description\" VARCHAR(200) NOT NULL,\n    \"type\" VARCHAR(20) NOT NULL,\n    \"script\" "
                          "VARCHAR(1000) NOT NULL,\n"
                          "    \"checksum\" INTEGER,\n    \"installed_by\" VARCHAR(100) NOT NULL,\n"
                          "    \"installed_on\" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')),\n    "
                          "\"execution_time\" INTEGER NOT NULL,\n"
                          "    \"success\" BOOLEAN NOT NULL\n)",
                    table, NULL, 0, -1);
    if (is_pg)
        ls_record_write(
            ctx, NULL,
            ls_arena_printf(ctx->plan->arena, "ALTER TABLE @ ADD CONSTRAINT \"%s_pk\" PRIMARY KEY (\"installed_rank\")", name),
            table, NULL, 0, -1);
    ls_record_write(ctx, NULL, ls_arena_printf(ctx->plan->arena, "CREATE INDEX \"%s_s_idx\" ON @ (\"success\")", name), table, NULL,
                    0, -1);
    ls_ops_add(ctx, NULL, LS_OP_COMMIT);
    return LS_OK;
}

/* Nothing was written about it since the ledger was read. */
static void fence(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_entry *entry)
{
    bool is_r = entry->migration->kind == LS_KIND_REPEATABLE;
    struct ls_param p[2] = {ls_param_text(is_r ? entry->migration->name : entry->migration->label),
                            ls_param_int(ls_arena_printf(ctx->plan->arena, "%zu", entry->n_rows))};

    ls_ops_fence(ctx, step,
                 ls_record_sql(ctx,
                               is_r ? "SELECT count(*) = ?2 FROM @ WHERE \"version\" IS NULL AND \"description\" = ?1"
                                    : "SELECT count(*) = ?2 FROM @ WHERE \"version\" = ?1",
                               table),
                 p, 2);
}

void ls_flyway_insert(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_flyway_row *row)
{
    bool is_pg = ctx->dialect == LS_DIALECT_POSTGRES;
    struct ls_param p[6] = {ls_param_text(row->version),
                            ls_param_text(row->description),
                            ls_param_text(row->type),
                            ls_param_text(row->script),
                            row->checksum != NULL ? ls_param_int(row->checksum) : ls_param_text(NULL),
                            row->is_timed ? ls_param_runtime(LS_PARAM_DURATION_MS) : ls_param_int("0")};

    ls_record_write(ctx, step,
                    ls_arena_printf(ctx->plan->arena,
                                    "INSERT INTO @ (\"installed_rank\", \"version\", \"description\", \"type\", \"script\", "
                                    "\"checksum\", \"installed_by\", \"execution_time\", \"success\") VALUES "
                                    "((SELECT coalesce(max(\"installed_rank\"), 0) + 1 FROM @), ?1, ?2, ?3, ?4, ?5%s, %s, ?6, %s)",
                                    is_pg ? "::integer" : "", is_pg ? "current_user" : "''", is_pg ? "true" : "1"),
                    table, p, 6, 1);
}

/* --- what is not run here ------------------------------------------------------------------------------------------------- */

static bool has_history(const struct ls_ledger *l)
{
    for (size_t i = 0; i < l->rows.n; i++)
        if (l->rows.v[i].state == LS_ROW_APPLIED && l->rows.v[i].kind != LS_KIND_REPEATABLE)
            return true;
    return false;
}

static enum ls_rc refuse_baseline_file(const struct ls_plan_ctx *ctx, struct ls_err *err)
{
    for (size_t i = 0; i < ctx->migrations->m.n && !has_history(ctx->ledger); i++)
        if (ctx->migrations->m.v[i].kind == LS_KIND_BASELINE) {
            ls_err_set(err, LS_E_REFUSED, "%s stands for every version up to its own in a new database",
                       ctx->migrations->m.v[i].up.path);
            ls_err_hint(err, "run this folder with flyway migrate");
            return LS_E_REFUSED;
        }
    return LS_OK;
}

static enum ls_rc refuse_step(const struct ls_plan_ctx *ctx, const struct ls_step *step, const struct ls_entry *entry,
                              struct ls_err *err)
{
    static const char *const codes[] = {"callback", "script-config", "outside-link", "config-setting", "unreadable-config"};

    if (step->direction == LS_DOWN) {
        bool has_undo = entry->migration != NULL && entry->migration->down.path != NULL;

        ls_err_set(err, LS_E_REFUSED, "%s%s" TITLE " takes nothing back: undo files are of its paid editions",
                   has_undo ? entry->migration->down.path : "", has_undo ? ": " : "");
        ls_err_hint(err, "write a new migration that undoes it, or restore a backup");
        return LS_E_REFUSED;
    }
    if (entry->migration == NULL)
        return ls_marked_refuse_missing(ctx, step, TITLE " refuses everything until then", err);
    for (size_t i = 0; i < LS_ARRAY_LEN(codes); i++)
        if (ls_record_refuse_diag(ctx, codes[i], err) != LS_OK)
            return LS_E_REFUSED;
    if (refuse_baseline_file(ctx, err) != LS_OK)
        return LS_E_REFUSED;
    if (strlen(entry->migration->name) > MAX_TEXT || strlen(entry->migration->label) > 50) {
        ls_err_set(err, LS_E_REFUSED, "%s has a name too long for the ledger", step->path);
        ls_err_hint(err, "run it with flyway migrate, or shorten it");
        return LS_E_REFUSED;
    }
    return LS_OK;
}

/* --- the text ------------------------------------------------------------------------------------------------------------- */

static enum ls_rc refuse_placeholder(const struct ls_step *step, const struct ls_flyway_config *c,
                                     const struct ls_flyway_missing *m, struct ls_err *err)
{
    ls_err_set(err, LS_E_REFUSED, "%s:%d: No value provided for placeholder: %s%.*s%s", step->path, m->line, c->prefix,
               (int)m->name.len, m->name.ptr, c->suffix);
    if (m->needs_database || (m->name.len > 7 && memcmp(m->name.ptr, "flyway:", 7) == 0))
        ls_err_hint(err, "only " TITLE " knows that one: run it with flyway migrate");
    else
        ls_err_hint(err, "give it one in %s: flyway.placeholders.%.*s; what is set in the environment is not read",
                    c->path != NULL ? c->path : "flyway.toml", (int)m->name.len, m->name.ptr);
    if (err != NULL)
        err->line = m->line;
    return LS_E_REFUSED;
}

static enum ls_rc replace(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, struct ls_err *err)
{
    struct ls_flyway_config c;
    struct ls_flyway_missing missing;
    struct ls_buf out = LS_BUF_INIT;
    const char *schema, *table;
    struct ls_flyway_known known;
    enum ls_rc rc = ls_flyway_config_read(ctx->migrations->dir, &c, err);
    char hex[LS_SHA256_HEX];

    ls_table_names(ctx->plan->arena, ctx->dialect, ctx->opts, LS_FLYWAY_TABLE, &schema, &table);
    known = ls_flyway_known_of(ctx->ledger, table, entry->migration);
    if (rc == LS_OK && !ls_flyway_replace(&c, &known, step->text, step->text_len, &out, &missing))
        rc = refuse_placeholder(step, &c, &missing, err);
    if (rc == LS_OK) {
        step->text = ls_arena_strn(ctx->plan->arena, out.ptr, out.len);
        step->text_len = out.len;
        ls_sha256_hex(step->text, step->text_len, hex);
        step->sha256 = ls_arena_str(ctx->plan->arena, hex);
        step->tx_note = ls_arena_printf(ctx->plan->arena,
                                        "Its placeholders were replaced with the values of %s. One transaction holds the "
                                        "statements and the ledger row: a failure "
                                        "leaves nothing.",
                                        c.path != NULL ? c.path : "the connection");
    }
    ls_buf_release(&out);
    ls_flyway_config_release(&c);
    return rc;
}

/* The engine's splitter has seen the text with its placeholders in it, which may be no SQL. */
static enum ls_rc split(struct ls_plan_ctx *ctx, const struct ls_step *step, struct ls_stmts *out, struct ls_err *err)
{
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc = ls_sql_split(ctx->dialect, step->text, step->text_len, out, &own);

    if (rc != LS_OK) {
        ls_err_set(err, rc, "%s:%s", step->path, own.message); /* "LINE: what is wrong" */
        if (own.hint != NULL)
            ls_err_hint(err, "%s", own.hint);
    }
    ls_err_release(&own);
    ctx->stmts = rc == LS_OK ? out : NULL;
    return rc;
}

/* Of a repeatable the sum is that of what runs. */
static const char *checksum_of(const struct ls_plan_ctx *ctx, const struct ls_step *step, const struct ls_migration *m)
{
    if (m->kind != LS_KIND_REPEATABLE || (m->flags & LS_MIG_DYNAMIC) == 0)
        return m->checksum;
    return ls_arena_printf(ctx->plan->arena, "%" PRId32, ls_flyway_checksum(step->text, step->text_len));
}

static void add_ops(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, const char *table)
{
    const struct ls_migration *m = entry->migration;
    struct ls_flyway_row row = {.version = m->kind == LS_KIND_REPEATABLE ? NULL : m->label,
                                .description = m->name,
                                .type = "SQL",
                                .script = ls_flyway_script(ctx->migrations, m),
                                .checksum = checksum_of(ctx, step, m),
                                .is_timed = true};

    ls_record_open(ctx, step, table);
    fence(ctx, step, table, entry);
    ls_ops_statements(ctx, step);
    step->n_statements = ctx->stmts != NULL ? (int)ctx->stmts->n : 0;
    ls_flyway_insert(ctx, step, table, &row);
    ls_record_end(ctx, step);
}

enum ls_rc ls_flyway_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                               const struct ls_entry *prev_applied, struct ls_err *err)
{
    const char *table = ls_marked_table(ctx, LS_FLYWAY_TABLE, err);
    struct ls_stmts own = {0};
    enum ls_rc rc = table == NULL ? LS_E_INPUT : refuse_step(ctx, step, entry, err);

    (void)prev_applied;
    if (rc != LS_OK)
        return rc;
    step->policy = LS_POLICY_TX;
    step->tx_note = "One transaction holds the statements and the ledger row: a failure leaves nothing.";
    if ((entry->migration->flags & LS_MIG_DYNAMIC) != 0)
        rc = replace(ctx, step, entry, err);
    if (rc == LS_OK && (entry->migration->flags & LS_MIG_DYNAMIC) != 0)
        rc = split(ctx, step, &own, err);
    if (rc == LS_OK)
        rc = ls_record_refuse_tx(ctx, step, TITLE, "run it with flyway migrate, which leaves its transaction out there", err);
    if (rc == LS_OK)
        add_ops(ctx, step, entry, table);
    ctx->stmts = NULL;
    ls_stmts_release(&own);
    return rc;
}
