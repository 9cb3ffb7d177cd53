/* A settlement as text for people: file operations with what changes in them, then the SQL. */
#include <config.h>

#include "engine/settle_priv.h"

#include <string.h>

#define MAX_LINES 40 /* of each side of a diff */

struct lines {
    const char *text;
    LS_VEC(size_t) at; /* where each begins; one more behind the last */
};

static void cut(struct lines *l, const char *text, size_t len)
{
    *l = (struct lines){.text = text};
    for (size_t i = 0; i < len; i++)
        if (i == 0 || text[i - 1] == '\n')
            *LS_VEC_PUSH(&l->at) = i;
    *LS_VEC_PUSH(&l->at) = len;
}

static size_t count(const struct lines *l)
{
    return l->at.n - 1;
}

static bool same(const struct lines *a, size_t i, const struct lines *b, size_t k)
{
    size_t n = a->at.v[i + 1] - a->at.v[i];

    return n == b->at.v[k + 1] - b->at.v[k] && memcmp(a->text + a->at.v[i], b->text + b->at.v[k], n) == 0;
}

static void add_lines(struct ls_buf *out, char sign, const struct lines *l, size_t from, size_t to)
{
    for (size_t i = from; i < to && i - from < MAX_LINES; i++) {
        size_t len = l->at.v[i + 1] - l->at.v[i];

        while (len > 0 && strchr("\r\n", l->text[l->at.v[i] + len - 1]) != NULL)
            len--;
        ls_buf_addf(out, "    %c ", sign);
        ls_buf_add(out, l->text + l->at.v[i], len);
        ls_buf_addc(out, '\n');
    }
    if (to - from > MAX_LINES)
        ls_buf_addf(out, "    %c ... and %zu lines more\n", sign, to - from - MAX_LINES);
}

/* What lies between the lines that both begin and end with. */
static void add_diff(struct ls_buf *out, const struct ls_file_op *op)
{
    struct lines old, now;
    size_t head = 0, tail = 0;

    cut(&old, op->old_text != NULL ? op->old_text : "", op->old_len);
    cut(&now, op->text != NULL ? op->text : "", op->len);
    while (head < count(&old) && head < count(&now) && same(&old, head, &now, head))
        head++;
    while (head + tail < count(&old) && head + tail < count(&now) && same(&old, count(&old) - 1 - tail, &now, count(&now) - 1 - tail))
        tail++;
    if (op->old_text != NULL)
        ls_buf_addf(out, "    line %zu:\n", head + 1);
    add_lines(out, '-', &old, head, count(&old) - tail);
    add_lines(out, '+', &now, head, count(&now) - tail);
    LS_VEC_RELEASE(&old.at);
    LS_VEC_RELEASE(&now.at);
}

void ls_file_op_print(const struct ls_file_op *op, struct ls_buf *out)
{
    static const char *const words[] = {
        [LS_FILE_RENAME] = "rename", [LS_FILE_WRITE] = "write", [LS_FILE_REMOVE] = "remove", [LS_FILE_MKDIR] = "folder"};

    ls_buf_addf(out, "  %-7s %s", op->kind == LS_FILE_WRITE && op->old_text != NULL ? "change" : words[op->kind], op->from != NULL ? op->from : op->to);
    if (op->kind == LS_FILE_RENAME)
        ls_buf_addf(out, "\n       -> %s", op->to);
    ls_buf_addc(out, '\n');
    if (op->kind == LS_FILE_WRITE || op->kind == LS_FILE_REMOVE)
        add_diff(out, op);
}

static void add_diags(struct ls_buf *out, const char *title, const struct ls_diags *diags)
{
    if (diags->d.n > 0)
        ls_buf_addf(out, "%s\n", title);
    for (size_t i = 0; i < diags->d.n; i++) {
        const struct ls_diag *d = &diags->d.v[i];

        ls_buf_addf(out, "  %s %s: ", ls_severity_name(d->severity), d->code);
        if (d->path != NULL)
            ls_buf_addf(out, "%s", d->path);
        if (d->path != NULL && d->line > 0)
            ls_buf_addf(out, ":%d", d->line);
        ls_buf_addf(out, "%s%s\n", d->path != NULL ? ": " : "", d->message);
        if (d->hint != NULL)
            ls_buf_addf(out, "      %s\n", d->hint);
    }
}

static void add_evidence(struct ls_buf *out, const struct ls_settle_evidence *e)
{
    static const char *const found[] = {[LS_FOUND_UNKNOWN] = "cannot be known",
                                        [LS_FOUND_ALL] = "all of it is there",
                                        [LS_FOUND_NOTHING] = "nothing of it is there",
                                        [LS_FOUND_PART] = "a part of it is there"};
    static const char *const does[] = {
        [LS_SETTLE_KEEP] = "stays", [LS_SETTLE_RECORD] = "RECORD as applied", [LS_SETTLE_UNRECORD] = "UNRECORD", [LS_SETTLE_ASK] = "undecided, stays"};

    ls_buf_addf(out, "  %s %s: ledger %s%s%s, database: %s -> %s%s\n", e->label, e->name, e->ledger_says, e->list_says != NULL ? ", list " : "",
                e->list_says != NULL ? e->list_says : "", found[e->found], does[e->verdict], e->is_chosen ? " (chosen)" : "");
    for (size_t i = 0; i < e->n; i++)
        ls_buf_addf(out, "      %s\n        %s\n", e->statements[i], e->says[i]);
}

void ls_settlement_print(const struct ls_settlement *t, enum ls_dialect d, struct ls_buf *out)
{
    ls_buf_addf(out, "%s\n", t->title);
    if (t->evidence.n > 0)
        ls_buf_adds(out, "What the database shows:\n");
    for (size_t i = 0; i < t->evidence.n; i++)
        add_evidence(out, &t->evidence.v[i]);
    if (t->files.n > 0)
        ls_buf_addf(out, "Files (%zu operation%s):\n", t->files.n, t->files.n == 1 ? "" : "s");
    for (size_t i = 0; i < t->files.n; i++)
        ls_file_op_print(&t->files.v[i], out);
    add_diags(out, "To know:", &t->findings);
    add_diags(out, "Not carried over:", &t->lost);
    if (t->plan != NULL) {
        ls_buf_addf(out, "SQL on %s:\n", t->plan->ledger);
        ls_plan_print_sql(t->plan, d, out);
    }
}
