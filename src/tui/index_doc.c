/* tui/index_doc.c: all that is known of one row of the Indexes pane. */
#include <config.h>

#include "tui/index_doc.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "lockstep/engine/index_fix.h"

#define NAME_W 13

static const char before_after[] = "Plans before and after";

struct page {
    struct ui_doc *d;
    const struct ls_index_report *rep;
    const struct ls_format *format;
    bool ascii;
    int width;
};

/* --- lines --------------------------------------------------------------------------------------------------------- */

/* "name        text", the text broken under itself. Several lines stand one below the other. */
static void line(struct page *p, const char *name, enum theme_role role, const char *text)
{
    const char *rest = text;

    while (rest && rest[0]) {
        const char *end = strchr(rest, '\n');
        size_t len = end ? (size_t)(end - rest) : strlen(rest);

        ui_doc_addf(p->d, ROLE_DIM, "%-*s", NAME_W, name);
        ui_doc_add(p->d, role, rest, len);
        ui_doc_end(p->d);
        name = "";
        rest = end ? end + 1 : NULL;
    }
}

static void linef(struct page *p, const char *name, enum theme_role role, const char *fmt, ...) LS_PRINTF(4, 5);
static void linef(struct page *p, const char *name, enum theme_role role, const char *fmt, ...)
{
    va_list ap;
    struct ls_buf text = LS_BUF_INIT;

    va_start(ap, fmt);
    ls_buf_vaddf(&text, fmt, ap);
    va_end(ap);
    line(p, name, role, text.ptr);
    ls_buf_release(&text);
}

static void when_line(struct page *p, const char *name, int64_t wall_us, const char *never)
{
    char text[LS_ISO_LEN];

    if (wall_us > 0)
        ls_iso_utc(wall_us, text);
    line(p, name, wall_us > 0 ? ROLE_TEXT : ROLE_DIM, wall_us > 0 ? text : never);
}

static void size_line(struct page *p, const char *name, int64_t bytes)
{
    char text[LS_ISO_LEN];

    if (bytes < 0)
        return;
    ls_size_text(bytes, text);
    line(p, name, ROLE_TEXT, text);
}

static void title(struct page *p, const char *text)
{
    ui_doc_blank(p->d);
    ui_doc_text(p->d, ROLE_TITLE, text);
    ui_doc_mark(p->d);
}

static void sql(struct page *p, const char *text)
{
    ui_doc_sql(p->d, p->rep->usage->dialect, text, strlen(text), 0, 2);
}

/* --- plans --------------------------------------------------------------------------------------------------------- */

static void add_plan(struct page *p, const struct ls_buf *text)
{
    ui_doc_add(p->d, ROLE_TEXT, text->ptr, text->len);
    if (text->len > 0 && text->ptr[text->len - 1] != '\n')
        ui_doc_end(p->d);
}

static void plan(struct page *p, const struct ls_explained *e)
{
    struct ls_buf text = LS_BUF_INIT;

    if (e->n_nodes == 0)
        return;
    title(p, "Plan");
    ls_explained_print(e, p->width - 1, p->ascii, &text);
    add_plan(p, &text);
    ls_buf_release(&text);
}

/* Before and after, beside each other where there is room. */
static void plans(struct page *p, const char *words, const struct ls_explained *before, const struct ls_explained *after)
{
    struct ls_buf text = LS_BUF_INIT;

    title(p, after->n_nodes > 0 ? words : "Plan");
    if (after->n_nodes > 0)
        ls_explained_print_two(before, after, p->width - 1, p->ascii, &text);
    else
        ls_explained_print(before, p->width - 1, p->ascii, &text);
    add_plan(p, &text);
    ls_buf_release(&text);
}

static void gain(struct page *p, const struct ls_gain *g)
{
    const struct ls_query *q = &p->rep->workload.queries[g->query];
    struct ls_buf name = LS_BUF_INIT;

    ls_buf_addf(&name, "%s: %.0f %% less", q->name, g->saving * 100);
    title(p, name.ptr);
    ls_buf_release(&name);
    sql(p, q->sql);
    plans(p, before_after, &g->before, &g->after);
}

static void advice(struct page *p, const struct ls_advice *a)
{
    struct ls_buf text = LS_BUF_INIT;

    title(p, "What it gives");
    ls_buf_addf(&text, "%s%.0f %% of the workload's %s, %s", a->saving < 0.01 ? "less than " : "", a->saving < 0.01 ? 1 : a->saving * 100, a->level == LS_ADVICE_MEASURED ? "reading" : "cost",
                ls_advice_level_name(a->level));
    line(p, "gain", ROLE_GOOD, text.ptr);
    ls_buf_release(&text);
    size_line(p, "size", a->bytes);
    line(p, "writes", ROLE_TEXT, a->write_cost);
    for (uint32_t i = 0; i < a->n_gains; i++)
        gain(p, &a->gains[i]);
}

/* --- a verdict ----------------------------------------------------------------------------------------------------- */

static void fix(struct page *p, const struct ls_index_verdict *v)
{
    struct ls_fix_text text = {0};
    struct ls_upkeep upkeep = {0};
    struct ls_err err = LS_ERR_INIT;

    if (v->fix == LS_FIX_NONE)
        return;
    if (v->fix == LS_FIX_REINDEX || v->fix == LS_FIX_ANALYZE || v->fix == LS_FIX_VACUUM) {
        if (ls_upkeep_plan(p->rep->usage, v, &upkeep, &err) == LS_OK) {
            title(p, "What mends it (u runs it, after asking)");
            for (uint32_t i = 0; i < upkeep.n; i++)
                sql(p, upkeep.sql[i]);
        }
        ls_upkeep_release(&upkeep);
    } else if (p->format) {
        if (ls_fix_write(p->rep->usage, &v, 1, p->format, &text, &err) == LS_OK) {
            title(p, "The migration that mends it (w writes it)");
            sql(p, text.up);
            title(p, "and its way back");
            sql(p, text.down);
        } else {
            line(p, "fix", ROLE_WARNING, err.message);
        }
        ls_fix_text_release(&text);
    }
    ls_err_release(&err);
}

/* With the index and without it, as it was tried. */
static void losses(struct page *p, uint32_t index)
{
    const struct ls_advices *a = &p->rep->advices;

    for (uint32_t i = 0; i < a->n_losses; i++) {
        const struct ls_query *q = &p->rep->workload.queries[a->losses[i].query];

        if (a->losses[i].index != index)
            continue;
        title(p, q->name);
        sql(p, q->sql);
        plans(p, "Plans with it, and without", &a->losses[i].before, &a->losses[i].after);
    }
}

static void verdict(struct page *p, const struct ls_index_verdict *v)
{
    ui_doc_addf(p->d, index_severity_role(v->severity), "%s %s  ", ls_verdict_code(v->id), ls_verdict_word(v->id));
    ui_doc_adds(p->d, ROLE_TITLE, v->object);
    ui_doc_end(p->d);
    ui_doc_text(p->d, ROLE_TEXT, v->title);
    ui_doc_blank(p->d);
    linef(p, "severity", index_severity_role(v->severity), "%s, %s", ls_severity_name(v->severity), ls_confidence_name(v->confidence));
    line(p, "evidence", ROLE_TEXT, v->evidence);
    line(p, "window", ROLE_TEXT, v->window);
    if (v->other != LS_NO_USAGE)
        line(p, "covered by", ROLE_TEXT, p->rep->usage->indexes[v->other].definition);
    line(p, "price", ROLE_WARNING, v->price);
    line(p, "undo", ROLE_TEXT, v->undo);
    line(p, "ignored", ROLE_DIM, v->ignored);
    line(p, "means", ROLE_DIM, ls_verdict_meaning(v->id));
    if (v->id == LS_IX_FK_UNENFORCED && v->fk != LS_NO_USAGE && p->rep->usage->fks[v->fk].orphans_sql) {
        title(p, "The rows without a parent");
        sql(p, p->rep->usage->fks[v->fk].orphans_sql);
    }
    fix(p, v);
    if (v->advice)
        advice(p, v->advice);
    if (v->id == LS_IX_PREFIX)
        losses(p, v->index);
}

/* --- an index, a table --------------------------------------------------------------------------------------------- */

static void supports(struct page *p, const struct ls_usage_index *x, uint32_t at)
{
    const struct ls_usage *u = p->rep->usage;

    if (x->constraint[0])
        linef(p, "supports", ROLE_TEXT, "constraint %s", x->constraint);
    for (uint32_t i = 0; i < u->n_fks; i++)
        if (u->fks[i].index == at)
            linef(p, "supports", ROLE_TEXT, "foreign key %s to %s", u->fks[i].name, u->fks[i].ref_table);
    if (x->is_fk_target)
        line(p, "supports", ROLE_TEXT, "foreign keys of other tables refer to it");
    if (x->is_replica_identity)
        line(p, "supports", ROLE_TEXT, "replica identity");
    if (x->parent != LS_NO_USAGE)
        linef(p, "supports", ROLE_TEXT, "the parent's index %s", u->indexes[x->parent].name);
}

static void used_by(struct page *p, uint32_t at)
{
    const struct ls_advices *a = &p->rep->advices;
    uint32_t n = p->rep->usage->n_indexes;

    for (uint32_t q = 0; a->arena && a->uses && q < a->n_plans; q++)
        if (a->uses[(size_t)q * n + at])
            line(p, "used by", ROLE_TEXT, p->rep->workload.queries[q].name);
}

static void past(struct page *p, const struct ls_usage_index *x, uint32_t at)
{
    const struct ls_past *h = ls_index_past(p->rep, at);

    if (x->scans < 0)
        return;
    linef(p, "scans", ROLE_TEXT, "%lld, rows read %lld, fetched %lld", (long long)x->scans, (long long)x->tup_read, (long long)x->tup_fetch);
    if (h && h->per_hour >= 0)
        linef(p, "rate", ROLE_TEXT, "%.1f an hour between the last two looks", h->per_hour);
    if (x->knows_last_scan)
        when_line(p, "last scan", x->last_scan_us, "never, in this window");
    else if (h)
        when_line(p, "last rise", h->last_rise_us, "not seen to rise yet");
    if (h && h->counted_from_us > 0)
        when_line(p, "counted from", h->counted_from_us, "");
    line(p, "window", ROLE_DIM, p->rep->history.window);
}

static void index_page(struct page *p, uint32_t at)
{
    const struct ls_usage_index *x = &p->rep->usage->indexes[at];
    struct ls_buf words = LS_BUF_INIT;

    ls_usage_index_label(x, &words);
    ui_doc_text(p->d, ROLE_TITLE, words.ptr);
    ls_buf_clear(&words);
    ls_usage_table_label(&p->rep->usage->tables[x->table], &words);
    line(p, "table", ROLE_TEXT, words.ptr);
    ls_buf_clear(&words);
    index_kind_words(x, &words);
    line(p, "kind", x->is_valid ? ROLE_TEXT : ROLE_WARNING, words.ptr);
    ls_buf_release(&words);
    size_line(p, "size", x->bytes);
    if (x->rows >= 0)
        linef(p, "entries", ROLE_TEXT, "about %.0f", x->rows);
    if (x->bloat >= 0)
        linef(p, "bloat", x->bloat > 0.5 ? ROLE_WARNING : ROLE_TEXT, "%.0f %%, %s", x->bloat * 100, ls_bloat_name(x->bloat_how));
    line(p, "statistics", ROLE_TEXT, x->stat1);
    past(p, x, at);
    supports(p, x, at);
    used_by(p, at);
    line(p, "comment", ROLE_TEXT, x->comment);
    if (x->definition[0]) {
        ui_doc_blank(p->d);
        sql(p, x->definition);
    }
    for (uint32_t i = 0; i < p->rep->verdicts.n; i++)
        if (p->rep->verdicts.v[i].index == at) {
            ui_doc_blank(p->d);
            ui_doc_addf(p->d, index_severity_role(p->rep->verdicts.v[i].severity), "%s %s: ", ls_verdict_code(p->rep->verdicts.v[i].id),
                        ls_verdict_word(p->rep->verdicts.v[i].id));
            ui_doc_adds(p->d, ROLE_TEXT, p->rep->verdicts.v[i].title);
            ui_doc_end(p->d);
        }
}

static void share_line(struct page *p, const char *name, double share, const char *of)
{
    if (share >= 0)
        linef(p, name, ROLE_TEXT, "%.0f %% %s", share * 100, of);
}

static void table_page(struct page *p, uint32_t at)
{
    const struct ls_usage_table *t = &p->rep->usage->tables[at];
    struct ls_buf words = LS_BUF_INIT;

    ls_usage_table_label(t, &words);
    ui_doc_text(p->d, ROLE_TITLE, words.ptr);
    ls_buf_release(&words);
    if (t->rows >= 0)
        linef(p, "rows", ROLE_TEXT, "about %.0f", t->rows);
    size_line(p, "size", t->bytes);
    share_line(p, "read", ls_usage_index_share(t), "of its scans went through an index");
    if (t->seq_scans >= 0)
        linef(p, "scans", ROLE_TEXT, "%lld of the whole table (%lld row%s), %lld by index", (long long)t->seq_scans, (long long)t->seq_rows, t->seq_rows == 1 ? "" : "s",
              (long long)t->idx_scans);
    if (t->inserted >= 0)
        linef(p, "written", ROLE_TEXT, "%lld inserted, %lld updated, %lld deleted", (long long)t->inserted, (long long)t->updated, (long long)t->deleted);
    share_line(p, "hot", ls_usage_hot_share(t), "of its updates wrote no index");
    when_line(p, "analysed", t->last_analyze_us, p->rep->usage->dialect == LS_DIALECT_POSTGRES ? "never, as far as is counted" : NULL);
    linef(p, "indexes", ROLE_TEXT, "%u", (unsigned)t->n_indexes);
}

/* --- a query ------------------------------------------------------------------------------------------------------- */

static void query_page(struct page *p, uint32_t at)
{
    const struct ls_query *q = &p->rep->workload.queries[at];
    const struct ls_advices *a = &p->rep->advices;
    bool gains = false;

    ui_doc_text(p->d, ROLE_TITLE, q->name);
    if (q->line > 0)
        linef(p, "from", ROLE_TEXT, "%s:%d", p->rep->workload.source, q->line);
    linef(p, "frequency", q->has_frequency ? ROLE_TEXT : ROLE_DIM, "%.6g an hour%s", q->per_hour, q->has_frequency ? "" : " (not said)");
    if (q->mean_ms >= 0)
        linef(p, "seen", ROLE_TEXT, "%lld call%s, %.3g ms each", (long long)q->calls, q->calls == 1 ? "" : "s", q->mean_ms);
    ui_doc_blank(p->d);
    sql(p, q->sql);
    if (!a->arena || at >= a->n_plans) {
        ui_doc_blank(p->d);
        ui_doc_text(p->d, ROLE_DIM, "Not planned yet: a plans and measures the workload.");
        return;
    }
    for (uint32_t i = 0; i < a->n; i++)
        for (uint32_t g = 0; g < a->a[i].n_gains; g++)
            if (a->a[i].gains[g].query == at) {
                linef(p, "advice", ROLE_GOOD, "an index on %s: %.0f %% less", a->a[i].spec->table, a->a[i].gains[g].saving * 100);
                plans(p, before_after, &a->a[i].gains[g].before, &a->a[i].gains[g].after);
                gains = true;
            }
    if (!gains)
        plan(p, &a->plans[at]);
}

struct ui_doc *index_row_doc(const struct ls_index_report *rep, struct index_row row, const struct ls_format *format, bool ascii, int width)
{
    struct page p = {.d = ui_doc_new(ascii), .rep = rep, .format = format, .ascii = ascii, .width = width};

    p.d->wrap = width;
    switch (row.kind) {
    case INDEX_ROW_TABLE:
        table_page(&p, row.n);
        break;
    case INDEX_ROW_INDEX:
        index_page(&p, row.n);
        break;
    case INDEX_ROW_VERDICT:
        verdict(&p, &rep->verdicts.v[row.n]);
        break;
    case INDEX_ROW_QUERY:
        query_page(&p, row.n);
        break;
    }
    ui_doc_narrow_under(p.d, width, NAME_W);
    return p.d;
}
