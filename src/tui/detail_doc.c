/* tui/detail_doc.c: a migration's facts, and its SQL statement by statement. */
#include <config.h>

#include "tui/detail_doc.h"

#include <stdio.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "tui/entry.h"

#define LABEL_W        12
#define MAX_STATEMENTS 2000 /* shown one by one; more is shown as plain text */

static void fact(struct ui_doc *d, const char *name, enum theme_role role, const char *value)
{
    if (!value || !*value)
        return;
    ui_doc_addf(d, ROLE_DIM, "%-*s", LABEL_W, name);
    ui_doc_adds(d, role, value);
    ui_doc_end(d);
}

/* The cell of a column such as dirty or success: the state above has said it in words. */
static bool is_truth_value(const char *word)
{
    static const char *const values[] = {"true", "false", "t", "f", "1", "0"};

    for (size_t i = 0; word && i < LS_ARRAY_LEN(values); i++) {
        if (strcmp(word, values[i]) == 0)
            return true;
    }
    return false;
}

static void row_facts(struct ui_doc *d, const struct ls_ledger_row *r)
{
    char took[LS_ISO_LEN];

    if (!r)
        return;
    fact(d, "applied at", ROLE_TEXT, r->applied_at);
    fact(d, "applied by", ROLE_TEXT, r->applied_by);
    if (r->duration_ms >= 0) {
        ls_duration_text(r->duration_ms, took);
        fact(d, "took", ROLE_TEXT, took);
    }
    if (!is_truth_value(r->raw_status))
        fact(d, "ledger says", ROLE_TEXT, r->raw_status);
    fact(d, "description", ROLE_TEXT, r->description);
    fact(d, "batch", ROLE_TEXT, r->batch);
    fact(d, "checksum", ROLE_DIM, r->checksum);
    fact(d, "tool's log", ROLE_ERROR, r->logs);
}

/* "a, b" */
static void list_fact(struct ui_doc *d, const char *name, const char *const *list)
{
    struct ls_buf b = LS_BUF_INIT;

    for (size_t i = 0; list && list[i]; i++)
        ls_buf_addf(&b, "%s%s", i > 0 ? ", " : "", list[i]);
    fact(d, name, ROLE_TEXT, b.ptr);
    ls_buf_release(&b);
}

/* What kind it is, where it stands in a graph, who wrote it. */
static void graph_facts(struct ui_doc *d, const struct ls_migration *m)
{
    if (!m)
        return;
    if (m->kind != LS_KIND_VERSIONED)
        fact(d, "kind", ROLE_TEXT, ls_kind_name(m->kind));
    list_fact(d, "builds on", m->parents);
    list_fact(d, "depends on", m->depends);
    list_fact(d, "labels", m->labels);
    fact(d, "author", ROLE_TEXT, m->author);
    fact(d, "written", ROLE_TEXT, m->authored_at);
}

static void head(struct ui_doc *d, const struct ls_snapshot *snap, const struct ls_entry *e)
{
    const struct ls_migration *m = e->migration;

    ui_doc_addf(d, ROLE_TITLE, "%s  %s", e->label, e->name);
    ui_doc_end(d);
    ui_doc_mark(d);
    ui_doc_addf(d, ROLE_DIM, "%-*s", LABEL_W, "state");
    ui_doc_addf(d, state_role(e, snap->has_db), "%s %s", entry_glyph(e, snap->has_db, d->ascii), entry_word(e, snap->has_db));
    ui_doc_addf(d, ROLE_DIM, "  %s", entry_is_unknown(e, snap->has_db) ? "the database was not read" : ls_state_meaning(e->state));
    ui_doc_end(d);
    if (e->evidence == LS_EVIDENCE_INFERRED)
        fact(d, "evidence", ROLE_INFERRED, snap->ledger.shape == LS_LEDGER_CURSOR
                 ? "inferred from the ledger's newest version, as the tool does it"
                 : "inferred: the ledger has no row, and the tool takes it as in");
    if (!entry_is_unknown(e, snap->has_db))
        fact(d, "the tool", ROLE_TEXT, e->tool_would);
    fact(d, "format", ROLE_TEXT, snap->format ? snap->format->title : NULL);
    graph_facts(d, m);
    row_facts(d, e->row);
    if (m && e->state == LS_STATE_MODIFIED)
        fact(d, "file now", ROLE_MODIFIED, m->up.sha256);
}

static const char *policy_words(const struct ls_snapshot *snap, enum ls_tx_policy p)
{
    /* Where the ledger is not written in the file's transaction. */
    static const char *const apart[] = {
        [LS_LEDGER_CURSOR] = "one transaction, between two of the ledger",
        [LS_LEDGER_HIGH_WATER] = "one transaction with everything that is pending",
        [LS_LEDGER_FILE] = "one transaction; the list is written before and behind it",
    };
    static const char *const words[] = {
        [LS_POLICY_TX] = "one transaction with its ledger row",
        [LS_POLICY_NO_TX] = "no transaction: each statement by itself",
        [LS_POLICY_IMPLICIT] = "the whole file as one query, one implicit transaction",
    };

    if (p == LS_POLICY_TX && (size_t)snap->ledger.shape < LS_ARRAY_LEN(apart) && apart[snap->ledger.shape] != NULL)
        return apart[snap->ledger.shape];
    return (size_t)p < LS_ARRAY_LEN(words) ? words[p] : "";
}

static int line_of(const char *text, size_t offset)
{
    int line = 1;

    for (size_t i = 0; i < offset; i++)
        line += text[i] == '\n';
    return line;
}

static void statements(struct ui_doc *d, enum ls_dialect dialect, const struct ls_source *src)
{
    const struct ls_stmts *st = src->stmts;
    size_t from = 0, len = src->text.len;

    if (len >= 3 && memcmp(src->text.ptr, "\xEF\xBB\xBF", 3) == 0)
        from = 3;
    for (size_t i = 0; i < st->n && from < UI_DOC_MAX_BYTES; i++) {
        size_t end = st->v[i].end;
        int line;

        /* The ';' belongs to what the reader sees; comments in front belong to the statement behind them. */
        while (end < len && src->text.ptr[end] != ';' &&
               (src->text.ptr[end] == ' ' || src->text.ptr[end] == '\n' || src->text.ptr[end] == '\t'))
            end++;
        end = end < len && src->text.ptr[end] == ';' ? end + 1 : st->v[i].end;
        while (from < end && (src->text.ptr[from] == '\n' || src->text.ptr[from] == '\r'))
            from++;
        ui_doc_addf(d, ROLE_DIM, "%s %zu of %zu", d->ascii ? "--" : "──", i + 1, st->n);
        if (st->v[i].tx != LS_TX_TRANSACTIONAL)
            ui_doc_addf(d, ROLE_WARNING, "  %s",
                        st->v[i].tx == LS_TX_FORBIDS ? "cannot run in a transaction" : "controls transactions");
        ui_doc_end(d);
        line = st->v[i].line - (line_of(src->text.ptr + from, st->v[i].start > from ? st->v[i].start - from : 0) - 1);
        ui_doc_sql(d, dialect, src->text.ptr + from, end - from, line > 0 ? line : 1, 0);
        from = end;
    }
    if (from < len && from < UI_DOC_MAX_BYTES && strspn(src->text.ptr + from, " \t\r\n") < len - from)
        ui_doc_sql(d, dialect, src->text.ptr + from, len - from, src->line - 1 + line_of(src->text.ptr, from), 0);
    else if (from < len && from >= UI_DOC_MAX_BYTES)
        ui_doc_textf(d, ROLE_WARNING, "%zu bytes more: open the file in $EDITOR to see them", len - from);
}

static void show_unsplit(struct ui_doc *d, enum ls_dialect dialect, const struct ls_source *src, const struct ls_err *err)
{
    ui_doc_textf(d, ROLE_ERROR, "%s", err->message ? err->message : "it cannot be split into statements");
    if (err->hint)
        ui_doc_textf(d, ROLE_WARNING, "%s", err->hint);
    if (src->text.len > 0)
        ui_doc_sql(d, dialect, src->text.ptr, src->text.len, src->line, 0);
}

static void section(struct ui_doc *d, const struct ls_snapshot *snap, const char *title, const struct ls_section *s)
{
    struct ls_source src = {.text = LS_BUF_INIT};
    struct ls_err err = LS_ERR_INIT;
    enum ls_dialect dialect = snap->info.dialect;
    char size[LS_ISO_LEN];
    bool is_read;

    ui_doc_blank(d);
    if (!s->path) {
        ui_doc_addf(d, ROLE_TITLE, "%s", title);
        ui_doc_adds(d, ROLE_DIM, "  there is no such file");
        ui_doc_end(d);
        return;
    }
    is_read = ls_source_load(s, dialect, NULL, &src, &err) == LS_OK;
    if (is_read || src.text.len > 0)
        ls_size_text((int64_t)src.text.len, size);
    else
        snprintf(size, sizeof(size), "unreadable");
    ui_doc_addf(d, ROLE_TITLE, "%s", title);
    ui_doc_addf(d, ROLE_DIM, "  %s  %s", ls_path_base(s->path), size);
    ui_doc_end(d);
    ui_doc_mark(d);
    if (*policy_words(snap, s->policy)) /* on a line of its own: file names are long */
        ui_doc_textf(d, ROLE_DIM, "    %s", policy_words(snap, s->policy));
    if (!is_read || !src.stmts)
        show_unsplit(d, dialect, &src, &err);
    else if (src.stmts->n == 0)
        ui_doc_text(d, ROLE_WARNING, "it holds no statement");
    else if (src.stmts->n > MAX_STATEMENTS)
        ui_doc_sql(d, dialect, src.text.ptr, src.text.len, src.line, 0);
    else
        statements(d, dialect, &src);
    ls_source_release(&src);
    ls_err_release(&err);
}

struct ui_doc *detail_doc(const struct ls_snapshot *snap, const struct ls_entry *e, int width, bool ascii)
{
    struct ui_doc *d = ui_doc_new(ascii);

    head(d, snap, e);
    ui_doc_narrow_under(d, width, LABEL_W);
    if (!e->migration) {
        ui_doc_blank(d);
        ui_doc_wrap(d, ROLE_MISSING, width, 0,
                    "There is no file for this version in the folder. Get it back from version control, or mark the version.");
        return d;
    }
    section(d, snap, "up", &e->migration->up);
    section(d, snap, "down", &e->migration->down);
    if (e->migration->verify.path || (snap->format && (snap->format->caps & LS_CAP_VERIFY)))
        section(d, snap, "verify", &e->migration->verify);
    return d;
}
