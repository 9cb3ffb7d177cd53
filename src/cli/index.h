/* cli/index.h: what index, advise and explain share.
 *
 *   index.c         the report that they show; verdicts by CODE:OBJECT   index_out.c    usage as text; CSV, Markdown
 *   index_say.c     verdicts as text
 *   index_json.c    as JSON and SARIF                                    index_fix.c    --fix, --write, --upkeep */
#ifndef LS_CLI_INDEX_H
#define LS_CLI_INDEX_H

#include "cli/cmd.h"
#include "config/index_opts.h"
#include "lockstep/engine/index_fix.h"
#include "lockstep/engine/index_report.h"

struct cli_index {
    struct cli_ctx *ctx;
    struct cli_compare base;        /* its world: the session, and where scratch databases may be made */
    struct config_index_opts opts;
    struct ls_index_request req;    /* filled by begin; change it before make */
    struct ls_index_report r;
    char *state_dir;
    size_t n_ignores_of_project;    /* of opts.ignores: those of --ignore stand behind them */
};
/* Opens the target, read-only unless `writes`, and fills req. On failure ctx->error is set; end it in each case. */
LS_MUST_CHECK enum ls_rc cli_index_begin(struct cli_index *x, struct cli_ctx *ctx, bool writes);
/* Makes the report, with progress and ^C; says its notes. */
LS_MUST_CHECK enum ls_rc cli_index_make(struct cli_index *x);
void cli_index_end(struct cli_index *x);

/* --table: the one table that counts, LS_NO_USAGE: all. */
LS_MUST_CHECK enum ls_rc cli_index_table(struct cli_index *x, uint32_t *out);
/* "IX01:public.idx_old", "unused:idx_old", "IX08" where there is one of it. LS_E_NOT_FOUND with what there is. */
LS_MUST_CHECK enum ls_rc cli_index_find(struct cli_index *x, const char *text, const struct ls_index_verdict **out);

/* A verdict that the options let through: of that table (LS_NO_USAGE: any), and not ignored unless `all`. */
static inline bool cli_index_shows(const struct ls_index_verdict *v, uint32_t table, bool all)
{
    return (table == LS_NO_USAGE || v->table == table) && (all || v->ignored == NULL);
}

/* index_out.c */
LS_MUST_CHECK enum ls_rc cli_index_sort(struct cli_ctx *ctx, enum ls_index_sort *out); /* --sort */
void cli_index_print(struct cli_index *x, uint32_t table, enum ls_index_sort sort);
void cli_index_csv(struct cli_index *x, uint32_t table, enum ls_index_sort sort);
void cli_index_markdown(struct cli_index *x, uint32_t table, enum ls_index_sort sort);
/* index_say.c */
void cli_index_verdicts(struct cli_index *x, uint32_t table);
/* "(user_id, updated_at DESC) INCLUDE (a) WHERE b". Appends raw text. */
void cli_index_keys(const struct ls_usage *u, const struct ls_usage_index *i, struct ls_buf *out);
/* CREATE INDEX as it would be typed, raw, without CONCURRENTLY. */
void cli_index_spec(const struct cli_index *x, const struct ls_index_spec *s, struct ls_buf *out);

/* Cells of a plan's line behind `indent` others, for ls_explained_print: the terminal's; where a pipe takes them, lines stay whole. */
int cli_plan_width(const struct cli_ctx *ctx, int indent);

/* index_json.c */
void cli_index_json(struct cli_index *x, uint32_t table);
json_t *cli_index_sarif(struct cli_index *x, uint32_t table);
json_t *cli_explained_json(const struct ls_explained *e);
json_t *cli_advice_json(const struct cli_index *x, const struct ls_advice *a);

/* index_fix.c: writes one migration for these, after showing it; the exit code. --dry-run only shows. */
int cli_index_write(struct cli_index *x, const struct ls_index_verdict *const *v, uint32_t n);
/* Shows a maintenance action, asks, runs it. */
int cli_index_upkeep(struct cli_index *x, const struct ls_index_verdict *v);

#endif
