/* tui/index_draw.c: rows of the Indexes pane. */
#include <config.h>

#include "tui/index_draw.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "tui/list.h"

#define MIN_NAME 26
#define BAR_W    6
#define WORD_W   19

/* X(enum, title, width, how needed: 1 first): columns of the usage, from left to right, behind the name. */
#define COLUMNS(X)                    \
    X(KIND, "kind", 8, 4)             \
    X(SCANS, "scans", 7, 1)           \
    X(SCAN_BAR, "", BAR_W, 5)         \
    X(RATE, "/hour", 7, 7)            \
    X(LAST, "last use", 10, 3)        \
    X(SIZE, "size", 9, 2)             \
    X(SIZE_BAR, "", BAR_W, 6)         \
    X(BLOAT, "bloat", 5, 8)
enum column {
#define X(e, t, w, n) COL_##e,
    COLUMNS(X)
#undef X
        N_COLUMNS
};
static const struct {
    const char *title;
    int w, need;
} columns[] = {
#define X(e, t, w, n) {t, w, n},
    COLUMNS(X)
#undef X
};

/* Which columns there is room for; returns the cells that are left for the name. */
static int fit(int w, bool shown[N_COLUMNS])
{
    int left = w - 2;

    for (int c = 0; c < N_COLUMNS; c++)
        shown[c] = false;
    for (int need = 1; need <= N_COLUMNS; need++)
        for (int c = 0; c < N_COLUMNS; c++)
            if (columns[c].need == need && left - columns[c].w - 1 >= MIN_NAME) {
                shown[c] = true;
                left -= columns[c].w + 1;
            }
    return left;
}

/* --- cells --------------------------------------------------------------------------------------------------------- */

static void right_aligned(struct ui_surface *s, int x, int y, int w, const struct ls_buf *text, struct ui_style st)
{
    int pad = w - (int)text->len;

    (void)ui_str(s, x + (pad > 0 ? pad : 0), y, w, text->ptr, st);
}

static void bar(const struct index_view_look *v, struct ui_surface *s, int x, int y, int64_t n, int64_t max, struct ui_style st)
{
    int cells = n > 0 && max > 0 ? (int)((double)n / (double)max * BAR_W + 0.5) : 0;

    cells = n > 0 && cells == 0 ? 1 : cells;
    for (int i = 0; i < cells; i++)
        (void)ui_str(s, x + i, y, 1, v->ascii ? "#" : "▪", st);
}

static void cell_text(const struct ls_index_report *rep, uint32_t i, enum column c, struct ls_buf *out)
{
    const struct ls_usage_index *x = &rep->usage->indexes[i];
    char text[LS_ISO_LEN];

    switch (c) {
    case COL_KIND:
        index_kind_words(x, out);
        break;
    case COL_SCANS:
        index_count_text((double)x->scans, out);
        break;
    case COL_RATE:
        index_count_text(ls_index_sort_key(rep, i, LS_INDEX_BY_RATE), out);
        break;
    case COL_LAST:
        if (ls_index_last_read(rep, i) > 0) {
            ls_iso_utc(ls_index_last_read(rep, i), text);
            ls_buf_add(out, text, 10); /* the day */
        } else {
            ls_buf_addc(out, '-');
        }
        break;
    case COL_SIZE:
        if (x->bytes >= 0)
            ls_size_text(x->bytes, text);
        ls_buf_adds(out, x->bytes >= 0 ? text : "-");
        break;
    case COL_BLOAT:
        if (x->bloat >= 0)
            ls_buf_addf(out, "%.0f %%", x->bloat * 100);
        else
            ls_buf_addc(out, '-');
        break;
    default:
        break;
    }
}

static enum theme_role cell_role(const struct ls_usage_index *x, enum column c)
{
    if (c == COL_KIND)
        return x->is_valid ? ROLE_DIM : ROLE_WARNING;
    if (c == COL_SCANS && x->scans == 0)
        return ROLE_WARNING;
    if (c == COL_BLOAT && x->bloat > 0.5)
        return ROLE_WARNING;
    return c == COL_LAST || c == COL_RATE ? ROLE_DIM : ROLE_TEXT;
}

static void draw_index(const struct index_view_look *v, struct ui_surface *s, int y, uint32_t i, enum theme_role on)
{
    const struct ls_usage_index *x = &v->rep->usage->indexes[i];
    bool shown[N_COLUMNS];
    int left = fit(s->w, shown), at = v->filter->is_flat ? 2 : 4;
    struct ls_buf text = LS_BUF_INIT;

    if (v->filter->is_flat)
        ls_usage_index_label(x, &text);
    (void)ui_str_match(s, at, y, left - at + 1, v->filter->is_flat ? text.ptr : x->name, v->filter->text[0] ? v->filter->text : NULL,
                       UI_ON(ROLE_TEXT, on));
    at = left + 2;
    for (int c = 0; c < N_COLUMNS; c++) {
        if (!shown[c])
            continue;
        ls_buf_clear(&text);
        cell_text(v->rep, i, (enum column)c, &text);
        if (c == COL_SCAN_BAR)
            bar(v, s, at, y, x->scans, v->rows->total.max_scans, UI_ON(ROLE_PROGRESS, on));
        else if (c == COL_SIZE_BAR)
            bar(v, s, at, y, x->bytes, v->rows->total.max_bytes, UI_ON(ROLE_PROGRESS, on));
        else if (c == COL_KIND)
            (void)ui_str(s, at, y, columns[c].w, text.ptr, UI_ON(cell_role(x, COL_KIND), on));
        else
            right_aligned(s, at, y, columns[c].w, &text, UI_ON(cell_role(x, (enum column)c), on));
        at += columns[c].w + 1;
    }
    ls_buf_release(&text);
}

static void draw_table(const struct index_view_look *v, struct ui_surface *s, int y, uint32_t i, enum theme_role on)
{
    const struct ls_usage_table *t = &v->rep->usage->tables[i];
    struct ls_buf text = LS_BUF_INIT;
    char size[LS_ISO_LEN];
    double share = ls_usage_index_share(t), hot = ls_usage_hot_share(t);
    int x;

    ls_usage_table_label(t, &text);
    x = 2 + ui_str_match(s, 2, y, s->w - 3, text.ptr, v->filter->text[0] ? v->filter->text : NULL, UI_ON(ROLE_TITLE, on));
    ls_buf_clear(&text);
    if (t->rows >= 0) {
        ls_buf_adds(&text, "  ");
        index_count_text(t->rows, &text);
        ls_buf_adds(&text, t->rows == 1 ? " row" : " rows");
    }
    if (t->bytes >= 0) {
        ls_size_text(t->bytes, size);
        ls_buf_addf(&text, "  %s", size);
    }
    if (share >= 0)
        ls_buf_addf(&text, "  %.0f %% by index", share * 100);
    if (hot >= 0)
        ls_buf_addf(&text, "  HOT %.0f %%", hot * 100);
    if (x < s->w - 1)
        (void)ui_str(s, x, y, s->w - x - 1, text.ptr, UI_ON(ROLE_DIM, on));
    ls_buf_release(&text);
}

static void draw_verdict(const struct index_view_look *v, struct ui_surface *s, int y, uint32_t i, enum theme_role on)
{
    const struct ls_index_verdict *x = &v->rep->verdicts.v[i];
    enum theme_role role = x->ignored ? ROLE_DIM : index_severity_role(x->severity);
    const char *needle = v->filter->text[0] ? v->filter->text : NULL;
    int at = 2, used, object_w = s->w < 100 ? 24 : 34;

    (void)ui_str(s, at, y, 4, ls_verdict_code(x->id), UI_ON(role, on));
    at += 5;
    (void)ui_str_match(s, at, y, WORD_W - 1, ls_verdict_word(x->id), needle, UI_ON(role, on));
    at += WORD_W;
    used = ui_str_match(s, at, y, s->w - at - 1, x->object, needle, UI_ON(x->ignored ? ROLE_DIM : ROLE_TITLE, on));
    at += (used < object_w ? object_w : used) + 2;
    if (at < s->w - 12)
        (void)ui_strf(s, at, y, s->w - at - 1, UI_ON(ROLE_DIM, on), "%s%s", x->ignored ? "ignored: " : "", x->ignored ? x->ignored : x->title);
}

/* What the measuring says of a query: how much less it could read, or that nothing is missing. */
static void query_words(const struct ls_index_report *rep, uint32_t q, struct ls_buf *out)
{
    const struct ls_advices *a = &rep->advices;
    double best = -1;

    if (!a->arena || q >= a->n_plans)
        return;
    if (a->plans[q].n_nodes == 0) {
        ls_buf_adds(out, "not planned");
        return;
    }
    for (uint32_t i = 0; i < a->n; i++)
        for (uint32_t g = 0; g < a->a[i].n_gains; g++)
            if (a->a[i].gains[g].query == q && a->a[i].gains[g].saving > best)
                best = a->a[i].gains[g].saving;
    if (best >= 0)
        ls_buf_addf(out, "-%.0f %% with an index", best * 100);
    else
        ls_buf_adds(out, "no index is missing");
}

static void draw_query(const struct index_view_look *v, struct ui_surface *s, int y, uint32_t i, enum theme_role on)
{
    const struct ls_query *q = &v->rep->workload.queries[i];
    struct ls_buf text = LS_BUF_INIT;
    int at = s->w - 44 > MIN_NAME ? s->w - 44 : MIN_NAME;

    (void)ui_str_match(s, 2, y, at - 3, q->name, v->filter->text[0] ? v->filter->text : NULL, UI_ON(ROLE_TEXT, on));
    index_count_text(q->per_hour, &text);
    ls_buf_adds(&text, "/h");
    right_aligned(s, at, y, 10, &text, UI_ON(ROLE_DIM, on));
    ls_buf_clear(&text);
    query_words(v->rep, i, &text);
    (void)ui_str(s, at + 12, y, s->w - at - 13, text.ptr, UI_ON(strncmp(text.ptr, "-", 1) == 0 ? ROLE_GOOD : ROLE_DIM, on));
    ls_buf_release(&text);
}

/* --- the list ------------------------------------------------------------------------------------------------------ */

void index_draw_head(const struct index_view_look *v, struct ui_surface *s, int y)
{
    bool shown[N_COLUMNS];
    struct ls_buf text = LS_BUF_INIT;
    int at;

    if (v->filter->view != INDEX_USAGE)
        return;
    at = fit(s->w, shown) + 2;
    (void)ui_strf(s, 2, y, at - 3, UI_ROLE(ROLE_DIM), "index, by %s", ls_index_sort_name(v->filter->sort));
    for (int c = 0; c < N_COLUMNS; c++) {
        if (!shown[c])
            continue;
        ls_buf_clear(&text);
        ls_buf_adds(&text, columns[c].title);
        if (c == COL_KIND)
            (void)ui_str(s, at, y, columns[c].w, text.ptr, UI_ROLE(ROLE_DIM));
        else
            right_aligned(s, at, y, columns[c].w, &text, UI_ROLE(ROLE_DIM));
        at += columns[c].w + 1;
    }
    ls_buf_release(&text);
}

void index_draw_row(const struct index_view_look *v, struct ui_surface *s, int y, size_t row, bool is_at)
{
    static void (*const draws[])(const struct index_view_look *, struct ui_surface *, int, uint32_t, enum theme_role) = {
        [INDEX_ROW_TABLE] = draw_table, [INDEX_ROW_INDEX] = draw_index, [INDEX_ROW_VERDICT] = draw_verdict, [INDEX_ROW_QUERY] = draw_query};
    enum theme_role on = ui_list_bar(s, y, s->w - 1, is_at);

    draws[v->rows->rows.v[row].kind](v, s, y, v->rows->rows.v[row].n, on);
}
