#include <config.h>

#include "format/marked.h"

#include <string.h>
#include <unistd.h>

#include "format/table.h"
#include "lockstep/base/mem.h"
#include "lockstep/sql/quote.h"

#define SNIFF_FILES 8
#define SNIFF_BYTES 4096

static bool head_has(const char *dir, const char *name, bool (*is_marker)(struct ls_str line))
{
    char *path = ls_path_join(dir, name), head[SNIFF_BYTES];
    int fd = ls_open_trusted(path, LS_OPEN_NOFOLLOW, NULL, NULL);
    ssize_t n = fd >= 0 ? read(fd, head, sizeof(head)) : 0;
    struct ls_line line = {.no = 0};
    bool found = false;

    while (!found && n > 0 && ls_line_next(head, (size_t)n, &line))
        found = is_marker(line.text);
    if (fd >= 0)
        close(fd);
    free(path);
    return found;
}

void ls_sniff(const char *path, const struct ls_dir *dir, bool (*takes)(const char *name), bool (*is_marker)(struct ls_str line),
              struct ls_sniffed *out)
{
    *out = (struct ls_sniffed){0};
    for (size_t i = 0; i < dir->e.n; i++) {
        const struct ls_dirent *e = &dir->e.v[i];

        if (e->is_dir || !takes(e->name))
            continue;
        out->n_files++;
        if (out->n_read >= SNIFF_FILES || e->is_link)
            continue;
        out->n_read++;
        if (!head_has(path, e->name, is_marker))
            continue;
        out->n_hits++;
        if (out->example == NULL)
            out->example = e->name;
    }
}

void ls_sniff_score(const struct ls_sniffed *s, const char *marker, struct ls_detect *out)
{
    *out = (struct ls_detect){0};
    if (s->n_hits == 0)
        return;
    out->score = s->n_hits == s->n_read ? 85 : 55;
    out->n_migrations = s->n_files;
    snprintf(out->evidence, sizeof(out->evidence), "%zu files like %.60s; %zu of %zu looked into have \"%s\"", s->n_files,
             s->example, s->n_hits, s->n_read, marker);
}

bool ls_line_has_bom(const struct ls_line *line)
{
    return line->no == 1 && line->start > 0;
}

void ls_marked_unparsed(struct ls_migrations *out, struct ls_migration *m, const char *code, int line, const char *message,
                        const char *hint)
{
    struct ls_diag *d = ls_scan_diag(out, LS_SEV_ERROR, code, m->up.path, "%s", message);

    d->line = line;
    d->version = m->label;
    d->hint = hint;
    m->flags |= LS_MIG_UNPARSED;
}

enum ls_rc ls_marked_refuse_missing(const struct ls_plan_ctx *ctx, const struct ls_step *step, const char *tool, struct ls_err *err)
{
    ls_err_set(err, LS_E_REFUSED, "version %s is in the ledger, but has no file in %s: there is nothing to take it back with",
               step->label, ctx->migrations->dir);
    ls_err_hint(err, "bring the file back, or take its changes back by hand and mark it pending; %s", tool);
    return LS_E_REFUSED;
}

const char *ls_marked_table(struct ls_plan_ctx *ctx, const char *default_table, struct ls_err *err)
{
    const char *schema, *table, *out = NULL;
    struct ls_buf sql = LS_BUF_INIT;

    ls_table_names(ctx->plan->arena, ctx->dialect, ctx->opts, default_table, &schema, &table);
    if (ls_sql_ident2(&sql, ctx->dialect == LS_DIALECT_POSTGRES ? ctx->ledger->schema : NULL, table, err) == LS_OK)
        out = ls_arena_strn(ctx->plan->arena, sql.ptr, sql.len);
    ls_buf_release(&sql);
    return out;
}

/* --- cutting -------------------------------------------------------------------------------------------------------------- */

void ls_cuts_add(struct ls_cuts *c, const struct ls_line *line)
{
    struct ls_str body = ls_str_trim(line->text);

    ls_buf_add(&c->open, line->text.ptr, line->text.len);
    ls_buf_addc(&c->open, '\n');
    if (body.len == 0)
        return;
    if (c->line == 0) {
        c->start = line->start + (size_t)(body.ptr - line->text.ptr);
        c->line = line->no;
        c->col = (int)(c->start - line->start) + 1;
    }
    c->end = line->start + (size_t)(body.ptr - line->text.ptr) + body.len;
}

/* In sql-migrate's order: one line feed, one blank, one ';' (source: migrate.go applyMigrations). */
static struct ls_str without_semicolon(struct ls_str s)
{
    static const char ends[] = "\n ;";

    for (size_t i = 0; i < sizeof(ends) - 1; i++)
        if (s.len > 0 && s.ptr[s.len - 1] == ends[i])
            s.len--;
    return s;
}

void ls_cuts_end(struct ls_cuts *c, const char *text)
{
    struct ls_str all = {c->open.ptr, c->open.len};
    struct ls_cut *cut;

    if (c->drops_semicolon)
        all = without_semicolon(all);
    all = ls_str_trim(all);
    if (all.len > 0) {
        bool is_same = c->end - c->start >= all.len && memcmp(text + c->start, all.ptr, all.len) == 0;

        cut = LS_VEC_PUSH(&c->c);
        *cut = (struct ls_cut){
            .start = c->start, .end = is_same ? c->start + all.len : c->end, .line = c->line, .col = c->col, .len = all.len};
        cut->text = is_same ? text + c->start : ls_arena_strn(c->arena, all.ptr, all.len);
    }
    ls_buf_clear(&c->open);
    c->line = 0;
}

void ls_cuts_release(struct ls_cuts *c)
{
    LS_VEC_RELEASE(&c->c);
    ls_buf_release(&c->open);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool ls_ends_with_semicolon(struct ls_str line)
{
    const char *p = line.ptr, *end = line.ptr + line.len;
    bool is_end = false;

    for (;;) {
        const char *word;

        while (p < end && is_blank(*p))
            p++;
        word = p;
        while (p < end && !is_blank(*p))
            p++;
        if (word == p || (p - word >= 2 && word[0] == '-' && word[1] == '-'))
            return is_end;
        is_end = p[-1] == ';';
    }
}

/* --- ops ------------------------------------------------------------------------------------------------------------------ */

struct cutter {
    struct ls_plan_ctx *ctx;
    struct ls_step *step;
    bool in_tx;
    const char *tool, *how_no_tx;
    int n_statements;
};

static enum ls_rc refuse(const struct cutter *k, int line, int no, const char *hint, struct ls_err *err, const char *why)
{
    ls_err_set(err, LS_E_REFUSED, "%s:%d: statement %d %s", k->step->path, line, no, why);
    if (err != NULL) {
        err->line = line;
        err->statement = no;
    }
    ls_err_hint(err, "%s", hint);
    return LS_E_REFUSED;
}

static enum ls_rc check_class(const struct cutter *k, const struct ls_cut *cut, const struct ls_stmts *stmts, int line,
                              struct ls_err *err)
{
    bool is_sqlite = k->ctx->dialect == LS_DIALECT_SQLITE;

    for (size_t i = 0; i < stmts->n; i++) {
        const struct ls_stmt *s = &stmts->v[i];
        int at = line + s->line - 1, no = k->n_statements + (int)i + 1;

        if (s->tx == LS_TX_CONTROLS && k->in_tx)
            return refuse(k, at, no, "take it out, or run the file without a transaction", err,
                          "controls transactions, and the file and its ledger row are run in one");
        if (s->tx == LS_TX_CONTROLS && stmts->n == 1)
            return refuse(k, at, no, "take it out", err,
                          "controls transactions, and every statement of the file is run on its own");
        if (s->tx != LS_TX_FORBIDS || (is_sqlite && ls_sql_is_outer_pragma(cut->text + s->start, s->end - s->start)))
            continue;
        if (k->in_tx)
            return refuse(k, at, no, k->how_no_tx, err,
                          "cannot run inside a transaction, and the file and its ledger row are run in one");
        if (stmts->n > 1 && !is_sqlite)
            return refuse(
                k, at, no, "give each statement lines of its own", err,
                "cannot run together with the other statements of its line: they are sent at once, as one implicit transaction");
    }
    return LS_OK;
}

static void add_op(struct cutter *k, const struct ls_cut *cut, const struct ls_stmts *stmts, int line)
{
    struct ls_plan_ctx *ctx = k->ctx;
    struct ls_op *op = LS_VEC_PUSH(&k->step->ops);
    bool is_lent = cut->text == k->step->text + cut->start;

    op->kind = stmts->n > 1 ? LS_OP_BATCH : LS_OP_STATEMENT;
    op->expect_rows = -1;
    op->sql = is_lent ? cut->text : ls_arena_strn(ctx->plan->arena, cut->text, cut->len);
    op->len = cut->len;
    op->stmt_no = k->n_statements + 1;
    op->line = line;
    op->col = cut->col;
    if (stmts->n > 1) {
        struct ls_piece *pieces = LS_ARENA_ARRAY(ctx->plan->arena, struct ls_piece, stmts->n);

        for (size_t i = 0; i < stmts->n; i++)
            pieces[i] = (struct ls_piece){stmts->v[i].start, stmts->v[i].end, line + stmts->v[i].line - 1,
                                          stmts->v[i].line == 1 ? cut->col + stmts->v[i].col - 1 : stmts->v[i].col};
        op->pieces = pieces;
        op->n_pieces = (int)stmts->n;
    }
    k->n_statements += (int)stmts->n;
}

static enum ls_rc add_cut(struct cutter *k, const struct ls_cut *cut, struct ls_err *err)
{
    int line = cut->line + (k->step->line > 0 ? k->step->line - 1 : 0);
    struct ls_stmts stmts = {0};
    enum ls_rc rc = ls_sql_split(k->ctx->dialect, cut->text, cut->len, &stmts, NULL);

    if (rc != LS_OK) {
        const char *why =
            ls_arena_printf(k->ctx->plan->arena, "would fail: %s ends statements at line ends, and this one is cut in two (%s)",
                            k->tool, ls_split_error_text(stmts.error));
        bool is_cut = stmts.error <= LS_SPLIT_UNTERMINATED_BODY;

        if (!is_cut)
            why = ls_arena_printf(k->ctx->plan->arena, "would fail: %s", ls_split_error_text(stmts.error));
        rc = refuse(k, line, k->n_statements + 1,
                    is_cut ? "put it between StatementBegin and StatementEnd" : ls_split_error_hint(stmts.error), err, why);
    } else {
        rc = check_class(k, cut, &stmts, line, err);
    }
    if (rc == LS_OK && stmts.n > 0)
        add_op(k, cut, &stmts, line);
    ls_stmts_release(&stmts);
    return rc;
}

enum ls_rc ls_cuts_ops(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_cuts *cuts, bool in_tx, const char *tool,
                       const char *how_no_tx, struct ls_err *err)
{
    struct cutter k = {.ctx = ctx, .step = step, .in_tx = in_tx, .tool = tool, .how_no_tx = how_no_tx};
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; rc == LS_OK && i < cuts->c.n; i++)
        rc = add_cut(&k, &cuts->c.v[i], err);
    step->n_statements = k.n_statements;
    return rc;
}
