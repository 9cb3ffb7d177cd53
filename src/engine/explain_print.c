/* Plans as lines. */
#include <config.h>

#include "lockstep/engine/explain.h"

#include <inttypes.h>
#include <string.h>

#include "lockstep/base/text.h"

enum { BAR = 8, TWO_MIN = 110, WIDTH = 100, MORE = 4, NARROW = 20 };

typedef LS_VEC(char *) lines;

static void lines_release(lines *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i]);
    LS_VEC_RELEASE(l);
}

/* Where a line that is too long is broken: between two numbers, or at a blank, of its second half; else where it ends. */
static size_t break_at(const struct ls_buf *text, size_t fits)
{
    for (size_t i = fits; i > fits / 2; i--)
        if (text->ptr[i] == ' ' && text->ptr[i + 1] == ' ')
            return i;
    for (size_t i = fits; i > fits / 2; i--)
        if (text->ptr[i] == ' ')
            return i;
    return fits;
}

/* One line, and what does not fit under it, behind `indent` columns: the numbers stand at its end. Control characters of names and values would break it. */
static void add_line(lines *l, struct ls_buf *text, int width, size_t indent)
{
    size_t fits;

    for (size_t i = 0; i < text->len; i++)
        if ((unsigned char)text->ptr[i] < ' ')
            text->ptr[i] = ' ';
    while (text->len > 0 && text->ptr[text->len - 1] == ' ')
        ls_buf_truncate(text, text->len - 1);
    while (width >= NARROW && (fits = ls_text_fit(text->ptr, text->len, width, NULL)) < text->len) {
        struct ls_buf rest = LS_BUF_INIT;
        size_t at = break_at(text, fits), next = at + strspn(text->ptr + at, " ");

        ls_buf_repeat(&rest, ' ', indent + MORE < (size_t)width / 2 ? indent + MORE : MORE);
        ls_buf_add(&rest, text->ptr + next, text->len - next);
        ls_buf_truncate(text, at);
        while (text->len > 0 && text->ptr[text->len - 1] == ' ')
            ls_buf_truncate(text, text->len - 1);
        *LS_VEC_PUSH(l) = ls_buf_detach(text);
        *text = rest;
    }
    if (width < NARROW)
        ls_buf_truncate(text, ls_text_fit(text->ptr, text->len, width, NULL));
    *LS_VEC_PUSH(l) = ls_buf_detach(text);
}

static void add_bar(struct ls_buf *out, double share, bool ascii)
{
    int full = share < 0 ? 0 : (int)(share * BAR + 0.5);

    for (int i = 0; i < BAR; i++)
        ls_buf_adds(out, share < 0 ? " " : i < full ? (ascii ? "#" : "\xe2\x96\x88") : ascii ? "." : "\xe2\x96\x91");
    if (share < 0)
        ls_buf_adds(out, "     ");
    else
        ls_buf_addf(out, " %3.0f%%", share * 100);
}

static void add_count(struct ls_buf *out, double n)
{
    ls_buf_addf(out, n < 10 && n > 0 && (n - (double)(int64_t)n) > 0.005 ? "%.1f" : "%.0f", n);
}

/* How far the estimate is from what came. */
static void add_rows(struct ls_buf *out, const struct ls_node *n, bool ascii)
{
    double low, high;

    if (n->rows < 0)
        return;
    ls_buf_adds(out, "  rows ");
    add_count(out, n->rows);
    if (n->actual_rows < 0)
        return;
    ls_buf_adds(out, ascii ? " -> " : " \xe2\x86\x92 ");
    add_count(out, n->actual_rows);
    low = n->rows < n->actual_rows ? n->rows : n->actual_rows;
    high = n->rows < n->actual_rows ? n->actual_rows : n->rows;
    if (high / (low < 1 ? 1 : low) >= 2)
        ls_buf_addf(out, ascii ? " (x%.0f off)" : " (\xc3\x97%.0f off)", high / (low < 1 ? 1 : low));
    if (n->loops > 1)
        ls_buf_addf(out, "  loops %.0f", n->loops);
    if (n->removed > 0)
        ls_buf_addf(out, "  removed by filter %.0f", n->removed);
}

/* As SQLite writes it: "SEARCH memories USING INDEX i (user_id=?)". */
static void add_lite(struct ls_buf *out, const struct ls_node *n)
{
    const char *using = n->relation[0] != '\0' ? strstr(n->what, " USING ") : NULL;
    int head = using != NULL ? (int)(using - n->what) : (int)strlen(n->what);

    ls_buf_addf(out, "%.*s%s%s%s", head, n->what, n->relation[0] != '\0' ? " " : "", n->relation, using != NULL ? using : "");
    if (n->index[0] != '\0')
        ls_buf_addf(out, " %s", n->index);
    if (n->detail[0] != '\0')
        ls_buf_addf(out, " %s", n->detail);
}

static bool has_shares(const struct ls_explained *e)
{
    return e->n_nodes > 0 && e->nodes[0].self >= 0;
}

static void node_lines(const struct ls_explained *e, const struct ls_node *n, int width, bool ascii, lines *out)
{
    struct ls_buf b = LS_BUF_INIT;
    size_t indent;

    if (has_shares(e)) {
        add_bar(&b, n->self, ascii);
        ls_buf_adds(&b, "  ");
    }
    ls_buf_repeat(&b, ' ', (size_t)(n->depth < 40 ? n->depth : 40) * 2);
    indent = has_shares(e) ? BAR + 7 + (size_t)(n->depth < 40 ? n->depth : 40) * 2 : b.len;
    if (e->dialect == LS_DIALECT_SQLITE)
        add_lite(&b, n);
    else
        ls_buf_addf(&b, "%s%s%s%s%s", n->what, n->relation[0] != '\0' ? " on " : "", n->relation, n->index[0] != '\0' ? " using " : "", n->index);
    add_rows(&b, n, ascii);
    if (n->ms >= 0) {
        ls_buf_adds(&b, "  ");
        ls_explained_ms(n->ms, &b);
    }
    if (n->buffers >= 0)
        ls_buf_addf(&b, "  %lld buffer%s", (long long)n->buffers, n->buffers == 1 ? "" : "s");
    add_line(out, &b, width, indent);
    if (n->detail[0] == '\0' || e->dialect == LS_DIALECT_SQLITE)
        return;
    ls_buf_repeat(&b, ' ', indent + 2);
    ls_buf_adds(&b, n->detail);
    add_line(out, &b, width, indent);
}

static void make_lines(const struct ls_explained *e, int width, bool ascii, lines *out)
{
    struct ls_buf b = LS_BUF_INIT;

    ls_explained_sum(e, NULL, &b);
    if (b.len > 0)
        add_line(out, &b, width, 0);
    for (uint32_t i = 0; i < e->n_nodes; i++)
        node_lines(e, &e->nodes[i], width, ascii, out);
    ls_buf_release(&b);
}

static void add_was(struct ls_buf *out, bool is, const char *fmt, double was)
{
    if (is) {
        ls_buf_adds(out, " (was ");
        ls_buf_addf(out, fmt[0] == 'f' ? "%.2f" : "%.0f", was);
        ls_buf_addc(out, ')');
    }
}

void ls_explained_ms(double ms, struct ls_buf *out)
{
    ls_buf_addf(out, "%.*f ms", ms >= 10 ? 1 : ms >= 0.01 || ms == 0 ? 3 : 4, ms);
}

void ls_explained_sum(const struct ls_explained *e, const struct ls_explained *before, struct ls_buf *out)
{
    bool both = before != NULL && before->n_nodes > 0;

    if (e->buffers >= 0) {
        ls_buf_addf(out, "%lld buffer%s", (long long)e->buffers, e->buffers == 1 ? "" : "s");
        add_was(out, both && before->buffers >= 0, "d", both ? (double)before->buffers : 0);
    } else if (e->steps >= 0) {
        ls_buf_addf(out, "%lld step%s", (long long)e->steps, e->steps == 1 ? "" : "s");
        add_was(out, both && before->steps >= 0, "d", both ? (double)before->steps : 0);
    } else if (e->cost >= 0) {
        ls_buf_addf(out, "cost %.2f", e->cost);
        add_was(out, both && before->cost >= 0, "f", both ? before->cost : 0);
    }
    if (e->ms >= 0) {
        ls_buf_adds(out, ", ");
        ls_explained_ms(e->ms, out);
        if (both && before->ms >= 0) {
            ls_buf_adds(out, " (was ");
            ls_explained_ms(before->ms, out);
            ls_buf_addc(out, ')');
        }
    }
    if (e->how != NULL && out->len > 0)
        ls_buf_addf(out, ", %s%s", e->how, e->is_timed_out ? "; stopped: it took too long" : "");
    if (before != NULL && before->is_timed_out)
        ls_buf_adds(out, "; before, it was stopped");
}

void ls_explained_print(const struct ls_explained *e, int width, bool ascii, struct ls_buf *out)
{
    lines l = {0};

    make_lines(e, width > 0 ? width : WIDTH, ascii, &l);
    for (size_t i = 0; i < l.n; i++)
        ls_buf_addf(out, "%s\n", l.v[i]);
    lines_release(&l);
}

void ls_explained_change(const struct ls_explained *before, const struct ls_explained *after, struct ls_buf *out)
{
    bool both = before->is_measured && after->is_measured;

    if (both && before->buffers >= 0 && after->buffers >= 0)
        ls_buf_addf(out, "%" PRId64 " -> %" PRId64 " buffers", before->buffers, after->buffers);
    else if (both && before->steps >= 0 && after->steps >= 0)
        ls_buf_addf(out, "%" PRId64 " -> %" PRId64 " steps", before->steps, after->steps);
    else if (before->cost >= 0 && after->n_nodes > 0 && after->cost >= 0)
        ls_buf_addf(out, "cost %.0f -> %.0f", before->cost, after->cost);
    if (both && before->ms >= 0 && after->ms >= 0) {
        ls_buf_adds(out, ", ");
        ls_explained_ms(before->ms, out);
        ls_buf_adds(out, " -> ");
        ls_explained_ms(after->ms, out);
    }
}

void ls_explained_print_two(const struct ls_explained *before, const struct ls_explained *after, int width, bool ascii, struct ls_buf *out)
{
    bool is_wide = width >= TWO_MIN;
    int half = is_wide ? (width - 3) / 2 : width > 0 ? width : WIDTH;
    lines a = {0}, b = {0};

    if (!is_wide) {
        ls_buf_adds(out, "before\n");
        ls_explained_print(before, half, ascii, out);
        ls_buf_adds(out, "after\n");
        ls_explained_print(after, half, ascii, out);
        return;
    }
    make_lines(before, half, ascii, &a);
    make_lines(after, half, ascii, &b);
    ls_text_pad(out, "before", half, ascii);
    ls_buf_addf(out, " %s after\n", ascii ? "|" : "\xe2\x94\x82");
    for (size_t i = 0; i < a.n || i < b.n; i++) {
        ls_text_pad(out, i < a.n ? a.v[i] : "", half, ascii);
        ls_buf_addf(out, " %s%s%s\n", ascii ? "|" : "\xe2\x94\x82", i < b.n ? " " : "", i < b.n ? b.v[i] : "");
    }
    lines_release(&a);
    lines_release(&b);
}
