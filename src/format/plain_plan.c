/* What the plain convention sends, and what it writes into its list, in the order of formats.md 4.14: the mark, the body, COMMIT,
 * the name. */
#include <config.h>

#include "format/plain.h"

#include <stdlib.h>
#include <string.h>

#include "format/ops.h"
#include "format/record.h"
#include "lockstep/base/text.h"

/* --- the list ------------------------------------------------------------------------------------------------------------- */

static bool has_tab(const struct ls_ledger *l)
{
    for (size_t i = 0; i < l->rows.n; i++)
        if (l->rows.v[i].state == LS_ROW_APPLIED && strchr(l->rows.v[i].raw[1], '\t') != NULL)
            return true;
    return false;
}

/* A list may leave ".sql" out: then so do we. */
static bool has_ending(const struct ls_ledger *l)
{
    bool is_any = false;

    for (size_t i = 0; i < l->rows.n; i++) {
        if (l->rows.v[i].state != LS_ROW_APPLIED)
            continue;
        is_any = true;
        if (strstr(l->rows.v[i].raw[1], ".sql") != NULL)
            return true;
    }
    return !is_any;
}

static void diff_line(struct ls_buf *out, char sign, const char *path, const char *line)
{
    ls_buf_addf(out, "%s-- ", out->len > 0 ? "\n" : "");
    ls_ui_text_line(out, path);
    ls_buf_addf(out, ": %c ", sign);
    ls_ui_text_line(out, line);
}

/* The change as people read it. */
static const char *diff(struct ls_arena *arena, const struct ls_file_edit *f, const struct ls_param *line, int n_line)
{
    struct ls_buf out = LS_BUF_INIT, added = LS_BUF_INIT;
    const char *text;

    if (f->head != NULL)
        diff_line(&out, '+', f->path, ls_arena_strn(arena, f->head, strcspn(f->head, "\n")));
    for (const char *const *gone = f->gone; gone != NULL && *gone != NULL; gone++)
        diff_line(&out, '-', f->path, *gone);
    for (int i = 0; i < n_line; i++)
        ls_buf_addf(&added, "%s%s", i > 0 ? "  " : "", line[i].kind == LS_PARAM_RUNTIME ? "(the time)" : line[i].text);
    if (n_line > 0)
        diff_line(&out, '+', f->path, added.ptr);
    text = ls_arena_strn(arena, out.ptr, out.len);
    ls_buf_release(&out);
    ls_buf_release(&added);
    return text;
}

/* An op that takes the lines `gone` (of the arena) out and adds a line of n_line parts. The first one of a plan is fenced by the
 * whole file. */
static void add_edit(struct ls_plan_ctx *ctx, struct ls_step *step, const char *const *gone, const struct ls_param *line,
                     int n_line, bool is_mark)
{
    struct ls_arena *arena = ctx->plan->arena;
    struct ls_file_edit *f = LS_ARENA_ARRAY(arena, struct ls_file_edit, 1);
    bool is_first = ctx->prev == NULL && (is_mark || step->kind == LS_STEP_RECORD);

    f->path = ls_arena_str(arena, ctx->ledger->location);
    f->before = is_first ? ls_arena_str(arena, ctx->ledger->file_sha256) : NULL;
    f->gone = gone;
    f->is_mark = is_mark;
    if (is_first && !ctx->ledger->exists && ctx->ledger->file_owner != NULL)
        f->head = ls_arena_printf(arena, "# database: %s\n", ctx->ledger->file_owner);
    ls_ops_sql(ctx, step, LS_OP_FILE, diff(arena, f, line, n_line), line, n_line)->file = f;
}

/* The line that a migration gets: its name, and where the list has them, the time and the file's checksum. */
static int name_line(const struct ls_plan_ctx *ctx, const struct ls_step *step, const struct ls_migration *m,
                     struct ls_param out[3])
{
    struct ls_arena *arena = ctx->plan->arena;

    out[0] = ls_param_text(ls_arena_printf(arena, "%s%s", step->id, has_ending(ctx->ledger) ? ".sql" : ""));
    if (!has_tab(ctx->ledger) || m == NULL || m->checksum == NULL)
        return 1;
    out[1] = ls_param_runtime(LS_PARAM_NOW_ISO);
    out[2] = ls_param_text(m->checksum);
    return 3;
}

/* Lines about an id, marks first or only those; room for one more in front. */
static const char **lines_of(const struct ls_plan_ctx *ctx, const char *id, bool marks, bool names, const char *first)
{
    const struct ls_ledger *l = ctx->ledger;
    const char **out = LS_ARENA_ARRAY(ctx->plan->arena, const char *, l->rows.n + 2);
    size_t n = 0;

    if (first != NULL)
        out[n++] = first;
    for (size_t i = 0; i < l->rows.n; i++) {
        const struct ls_ledger_row *row = &l->rows.v[i];

        if (strcmp(row->id, id) == 0 && (row->state == LS_ROW_FAILED ? marks : names))
            out[n++] = ls_arena_str(ctx->plan->arena, row->raw[1]);
    }
    out[n] = NULL;
    return out;
}

static const char *mark_of(struct ls_plan_ctx *ctx, const struct ls_step *step)
{
    return ls_arena_printf(ctx->plan->arena, "%s%s", step->direction == LS_UP ? LS_PLAIN_APPLYING : LS_PLAIN_REVERTING, step->id);
}

/* --- steps ---------------------------------------------------------------------------------------------------------------- */

static const char note_tx[] =
    "A line in the list says that it was begun, then one transaction holds the file, then the list gets its name. A failure leaves "
    "nothing; a crash behind COMMIT leaves the line, and the database has to be asked.";
static const char note_no_tx[] =
    "A line in the list says that it was begun, then each statement commits on its own, then the list gets its name. A failure "
    "leaves what came before it, and the line.";

static enum ls_rc check_statements(const struct ls_plan_ctx *ctx, const struct ls_step *step, struct ls_err *err)
{
    if (step->policy == LS_POLICY_TX)
        return ls_record_refuse_tx(ctx, step, "the plain convention", "make \"-- no-transaction\" the file's first line", err);
    return LS_OK;
}

static enum ls_rc check_down(const struct ls_plan_ctx *ctx, const struct ls_step *step, const struct ls_entry *entry,
                             struct ls_err *err)
{
    const char *dir = ctx->migrations->dir;

    if (entry->migration == NULL) {
        ls_err_set(err, LS_E_REFUSED, "%s is in the list, but has no file in %s: there is nothing to take it back with",
                   step->label, dir);
        ls_err_hint(err, "bring the file back, or take its changes back by hand and mark it pending");
        return LS_E_REFUSED;
    }
    if (step->direction == LS_UP || entry->migration->down.path != NULL)
        return LS_OK;
    ls_err_set(err, LS_E_REFUSED, "%s says nothing about how to take it back",
               entry->migration->up.path != NULL ? entry->migration->up.path : step->label);
    ls_err_hint(err, "write %s/%s.down.sql, or put the statements behind a line \"-- down\" in the file", dir, step->id);
    return LS_E_REFUSED;
}

enum ls_rc ls_plain_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                              const struct ls_entry *prev_applied, struct ls_err *err)
{
    enum ls_rc rc = check_down(ctx, step, entry, err);
    const char *mark;
    struct ls_param line[3];

    (void)prev_applied;
    if (rc != LS_OK)
        return rc;
    step->policy = step->direction == LS_UP ? entry->migration->up.policy : entry->migration->down.policy;
    rc = check_statements(ctx, step, err);
    if (rc != LS_OK)
        return rc;
    step->tx_note = step->policy == LS_POLICY_TX ? note_tx : note_no_tx;
    step->n_statements = ctx->stmts != NULL ? (int)ctx->stmts->n : 0;
    mark = mark_of(ctx, step);
    line[0] = ls_param_text(mark);
    add_edit(ctx, step, NULL, line, 1, true);
    if (step->policy == LS_POLICY_TX)
        ls_ops_add(ctx, step, LS_OP_BEGIN);
    ls_ops_statements(ctx, step);
    if (step->policy != LS_POLICY_TX)
        ls_ops_add(ctx, step, LS_OP_BEGIN);
    ls_record_end(ctx, step);
    if (step->direction == LS_UP)
        add_edit(ctx, step, lines_of(ctx, step->id, false, false, mark), line, name_line(ctx, step, entry->migration, line), false);
    else
        add_edit(ctx, step, lines_of(ctx, step->id, false, true, mark), NULL, 0, false);
    return LS_OK;
}

/* --- marks ---------------------------------------------------------------------------------------------------------------- */

static bool is_listed(const struct ls_ledger *l, const char *id)
{
    for (size_t i = 0; i < l->rows.n; i++)
        if (l->rows.v[i].state == LS_ROW_APPLIED && strcmp(l->rows.v[i].id, id) == 0)
            return true;
    return false;
}

enum ls_rc ls_plain_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                              struct ls_err *err)
{
    bool is_modified = entry != NULL && entry->state == LS_STATE_MODIFIED;
    struct ls_param line[3];
    const char **gone;
    int n_line = 0;

    if (entry == NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "the list has a line per migration: mark one pending after the other");
    if (entry->migration != NULL && entry->migration->kind == LS_KIND_UNDO)
        return ls_err_set(err, LS_E_REFUSED, "%s takes something back; it is no migration that could be applied", entry->id);
    gone = lines_of(ctx, entry->id, true, !applied || is_modified, NULL);
    if (applied && (is_modified || !is_listed(ctx->ledger, entry->id)))
        n_line = name_line(ctx, step, entry->migration, line);
    if (gone[0] == NULL && n_line == 0)
        return LS_OK; /* the list says so already */
    step->tx_note = "Only the list is written; no migration runs.";
    ls_ops_add(ctx, step, LS_OP_BEGIN);
    ls_ops_add(ctx, step, LS_OP_JOURNAL);
    add_edit(ctx, step, gone, line, n_line, false);
    ls_ops_add(ctx, step, LS_OP_COMMIT);
    return LS_OK;
}
