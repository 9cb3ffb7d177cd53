/* cli/cmd.h: the subcommands and the helpers that only they use. */
#ifndef LS_CLI_CMD_H
#define LS_CLI_CMD_H

#include "cli/cli.h"
#include "config/diff_opts.h"
#include "lockstep/diff/diff.h"
#include "lockstep/engine/side.h"

#define X(name) int cli_cmd_##name(struct cli_ctx *ctx);
CLI_COMMANDS(X)
#undef X

/* out.c. Everything but cli_data makes its text harmless line by line; cli_data writes bytes as they are (SQL of the operator's own files). */
int cli_fail(struct cli_ctx *ctx);                                         /* prints ctx->error; its exit code */
int cli_fail_with(struct cli_ctx *ctx, enum ls_rc code, const char *fmt, ...) LS_PRINTF(3, 4);
void cli_say(struct cli_ctx *ctx, const char *fmt, ...) LS_PRINTF(2, 3);   /* chatter: one line to err, unless --quiet */
void cli_warn(struct cli_ctx *ctx, const char *fmt, ...) LS_PRINTF(2, 3);  /* one line to err, always */
void cli_print(struct cli_ctx *ctx, const char *fmt, ...) LS_PRINTF(2, 3); /* data: one line to out */
void cli_lines(const struct cli_ctx *ctx, FILE *to, const char *indent, const char *text); /* each line of text, indented */
void cli_data(struct cli_ctx *ctx, const char *text, size_t len);
bool cli_is_plain(const char *text); /* cli_clean() would not change it */
char *cli_clean(const struct cli_ctx *ctx, const char *text); /* harmless, secrets hidden, one line; caller frees */
void cli_write_error(const struct cli_ctx *ctx, FILE *to, const struct ls_err *err);

/* table.c: rows of cells; text or CSV. */
enum cli_align { CLI_LEFT, CLI_RIGHT };
struct cli_column {
    const char *title; /* as printed: "VERSION"; CSV prints it in small letters */
    enum cli_align align;
};
struct cli_table {
    const struct cli_column *columns;
    size_t n_columns;
    struct ls_arena *arena;
    LS_VEC(const char *) cells; /* row by row */
};
void cli_table_init(struct cli_table *t, const struct cli_column *columns, size_t n);
void cli_table_add(struct cli_table *t, const char *cell); /* NULL is empty */
void cli_table_lend(struct cli_table *t, const char *cell); /* the same without a copy: it is there until the table was printed */
void cli_table_addf(struct cli_table *t, const char *fmt, ...) LS_PRINTF(2, 3);
void cli_table_print(const struct cli_ctx *ctx, const struct cli_table *t, bool csv);
void cli_table_release(struct cli_table *t);

/* json.c: invalid UTF-8 is made visible first, so that no value is lost. */
json_t *cli_json_text(const char *text); /* NULL gives null */
void cli_json_set(json_t *object, const char *key, const char *text);
void cli_json_int(json_t *object, const char *key, int64_t n);
void cli_json_bool(json_t *object, const char *key, bool b);
/* --help: for people, or with --json as data. NULL: all commands. */
void cli_show_help(struct cli_ctx *ctx, const struct cli_command *command);
json_t *cli_json_error(const struct ls_err *err);
json_t *cli_json_lines(const char *text); /* an array of the lines */
json_t *cli_json_diags(const struct ls_diags *diags);
json_t *cli_json_target(const struct cli_ctx *ctx);
json_t *cli_json_plan(const struct ls_plan *plan, enum ls_dialect dialect, bool with_sql);

/* Whether the console's operator has given the command up; never outside of it. */
static inline bool cli_is_cancelled(const struct cli_ctx *ctx)
{
    return ctx->io->is_cancelled && ctx->io->is_cancelled(ctx->io->confirm_ctx);
}

/* target.c. On failure ctx->error is set. */
LS_MUST_CHECK enum ls_rc cli_load(struct cli_ctx *ctx, bool need_url);   /* project and target */
LS_MUST_CHECK enum ls_rc cli_open(struct cli_ctx *ctx);                  /* and a session, not connected yet */
LS_MUST_CHECK enum ls_rc cli_snapshot(struct cli_ctx *ctx);              /* and ctx->snap; a database that is not there yet is one with nothing applied */
LS_MUST_CHECK enum ls_rc cli_scan(struct cli_ctx *ctx);                  /* and ctx->snap of the folder alone */
const char *cli_database_name(const struct cli_ctx *ctx);                /* what --confirm must say */
enum ls_dialect cli_dialect(const struct cli_ctx *ctx);

/* confirm.c: whether the operator agrees to `text`. LS_E_REFUSED says what would have been needed. */
LS_MUST_CHECK enum ls_rc cli_confirm(struct cli_ctx *ctx, const char *text, const char *what);
char *cli_shell_word(const char *text); /* quoted where a shell would take it apart; caller frees */
/* A question with an open end; false when nobody can be asked. */
bool cli_ask(struct cli_ctx *ctx, const char *text);

/* wrap.c: text with lines of at most so many cells, broken between words, a last line without an end shorter by the answer's room; caller frees.
 * 0: as it is. */
char *cli_wrap(const char *text, int width);
/* A question's text on ctx->err, for who is not asked. */
void cli_show_question(struct cli_ctx *ctx, const char *text);

/* guard.c: between begin and end, SIGINT, SIGTERM and SIGHUP ask the session to stop instead of ending the process. */
struct cli_guard;
struct cli_guard *cli_guard_begin(struct cli_ctx *ctx);
void cli_guard_end(struct cli_guard *g);

/* progress.c */
struct cli_progress {
    struct cli_ctx *ctx;
    const char *what;   /* "backup" … for lines that name no step */
    bool line_is_open;  /* an unfinished line stands on the terminal */
    int64_t last_us;    /* when it was drawn */
    int64_t step_us;    /* when the step began */
};
void cli_progress_init(struct cli_progress *p, struct cli_ctx *ctx, const char *what);
void cli_progress_hooks(struct cli_progress *p, struct ls_run_hooks *hooks);
void cli_progress_close(struct cli_progress *p);

/* apply.c: everything from a request to the end of its run. */
int cli_apply(struct cli_ctx *ctx, const struct ls_plan_request *req);
void cli_findings(const struct cli_ctx *ctx, FILE *to, const struct ls_plan *plan);
LS_MUST_CHECK enum ls_rc cli_count_arg(struct cli_ctx *ctx, const char *word, long dflt, long *out); /* "3", "all" (-1), NULL (dflt) */

/* compare.c: two sides, loaded and compared. */
struct cli_compare {
    struct cli_ctx *ctx;
    struct ls_side_world world;
    struct ls_catalog *a, *b;
    struct ls_diff diff;
    struct ls_arena *arena;          /* of choices and patterns */
    struct config_diff_opts given;   /* what options and the project say */
    LS_VEC(struct config_target *) targets; /* of environments that were named */
    struct cli_progress progress;
    struct ls_run_hooks hooks;
};
/* Loads the project, makes a session (ctx->session) and a world. On failure ctx->error is set; end it in each case. */
LS_MUST_CHECK enum ls_rc cli_compare_begin(struct cli_compare *c, struct cli_ctx *ctx);
LS_MUST_CHECK enum ls_rc cli_load_side(struct cli_compare *c, const char *text, struct ls_catalog **out);
LS_MUST_CHECK enum ls_rc cli_compare_sides(struct cli_compare *c, const char *a, const char *b);
void cli_compare_end(struct cli_compare *c);
void cli_side_notes(struct cli_ctx *ctx, const struct ls_diags *notes); /* on stderr, unless --quiet */
/* What the options and the project say is to be left out, and which renamings are decided; lives as long as c. */
LS_MUST_CHECK enum ls_rc cli_diff_opts(struct cli_compare *c, struct ls_diff_opts *out);
/* diff_out.c: in the form that was asked for. */
void cli_print_diff(struct cli_compare *c);
/* diff_sarif.c */
json_t *cli_diff_sarif(const struct ls_diff *d);

/* cmd_lint.c: --fail-on: the least severity that makes it fail; LS_SEV_ERROR + 1 for never. */
LS_MUST_CHECK enum ls_rc cli_fail_level(struct cli_ctx *ctx, int *out);
/* cmd_split.c: standard input, whole. */
LS_MUST_CHECK enum ls_rc cli_read_in(struct cli_ctx *ctx, struct ls_buf *out);

/* beside.c: the snapshot's format and another one's view in two columns. */
int cli_beside(struct cli_ctx *ctx);

#endif
