/* A diff as text: a line for each, a tree, a unified text. report.c has what a review reads. */
#include <config.h>

#include <string.h>

#include "diff/priv.h"

const struct ls_fact *diff_side(const struct ls_difference *x)
{
    return x->b ? x->b : x->a;
}

char diff_sign(enum ls_change c)
{
    static const char signs[] = {[LS_CHANGE_ADDED] = '+', [LS_CHANGE_REMOVED] = '-', [LS_CHANGE_CHANGED] = '~', [LS_CHANGE_RENAMED] = '>'};

    return signs[c];
}

/* A line end within a name must not begin a line of its own: as ls_ui_text writes it. */
static void one_line(const char *text, struct ls_buf *out)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20)
            ls_buf_addf(out, "<%02X>", (unsigned)(unsigned char)*text);
        else
            ls_buf_addc(out, *text);
    }
}

void diff_put_name(const struct ls_fact *f, bool with_parent, struct ls_buf *out)
{
    if (f->schema[0] != '\0' && strcmp(f->schema, "public") != 0 && strcmp(f->schema, "main") != 0) {
        one_line(f->schema, out);
        ls_buf_addc(out, '.');
    }
    if (with_parent && f->parent[0] != '\0') {
        one_line(f->parent, out);
        ls_buf_addc(out, '.');
    }
    one_line(f->name, out);
}

void diff_put_label(const struct ls_fact *f, bool is_short, struct ls_buf *out)
{
    struct ls_buf label = LS_BUF_INIT;

    ls_fact_label(f, is_short, &label);
    one_line(label.ptr, out);
    ls_buf_release(&label);
}

/* A value on one line: what is long is cut, for a body's lines stand in the unified text. */
static void short_value(const char *v, struct ls_buf *out)
{
    size_t n = 0, max = 120;

    if (!v) {
        ls_buf_adds(out, "(none)");
        return;
    }
    for (; v[n] && n < max; n++)
        ls_buf_addc(out, v[n] == '\n' || v[n] == '\t' || v[n] == '\r' ? ' ' : v[n]);
    if (v[n]) {
        while (out->len > 0 && ((unsigned char)v[n] & 0xC0) == 0x80 && n-- > 0) /* not within a character */
            ls_buf_truncate(out, out->len - 1);
        ls_buf_adds(out, "...");
    }
}

/* Several lines have no place in one: how many there are. */
static bool put_lines(const char *v, struct ls_buf *out)
{
    size_t n = 1;

    while (v && *v == '\n')
        v++;
    for (const char *p = v; p && (p = strchr(p, '\n')) != NULL && p[strspn(p, "\n \t")]; p++)
        n++;
    if (n > 1)
        ls_buf_addf(out, "(%zu lines)", n);
    return n > 1;
}

/* "old -> new", from a little before where they part when that is far from the start. */
static void put_change(const struct ls_attr_change *c, struct ls_buf *out)
{
    const size_t far = 60, before = 20;
    const char *v[2] = {c->a, c->b};
    size_t same = 0;

    while (v[0] && v[1] && v[0][same] && v[0][same] == v[1][same])
        same++;
    while (same > far && ((unsigned char)v[0][same - before] & 0xC0) == 0x80) /* not within a character */
        same--;
    for (int i = 0; i < 2; i++) {
        ls_buf_adds(out, i > 0 ? " -> " : "");
        if (put_lines(v[i], out))
            continue;
        if (same > far && !strchr(v[!i], '\n'))
            ls_buf_adds(out, "...");
        short_value(v[i] && same > far && !strchr(v[!i], '\n') ? v[i] + same - before : v[i], out);
    }
}

void diff_put_attrs(const struct ls_difference *x, struct ls_buf *out)
{
    for (uint32_t i = 0; i < x->n_attrs; i++) {
        const struct ls_attr_change *c = &x->attrs[i];

        ls_buf_addf(out, "%s%s ", i > 0 ? "; " : "", ls_attr_name(c->attr));
        put_change(c, out);
    }
}

void ls_difference_line(const struct ls_difference *x, struct ls_buf *out)
{
    diff_put_label(x->change == LS_CHANGE_RENAMED ? x->a : diff_side(x), true, out);
    if (x->change == LS_CHANGE_RENAMED) {
        ls_buf_adds(out, " renamed to ");
        one_line(x->b->name, out);
    }
    if (x->change == LS_CHANGE_ADDED || x->change == LS_CHANGE_REMOVED)
        ls_buf_addf(out, " %s", ls_change_name(x->change));
    if (x->n_attrs > 0) {
        ls_buf_adds(out, ", "); /* no colon: behind a column "password" it would be hidden as the secret itself */
        diff_put_attrs(x, out);
    }
}

/* --- what a fact is, in a few words, for what was added or removed --- */

void diff_put_description(const struct ls_fact *f, struct ls_buf *out)
{
    static const enum ls_attr shown[] = {LS_A_FORM, LS_A_TYPE, LS_A_KEY, LS_A_EXPRESSION, LS_A_REFERENCES, LS_A_LABELS, LS_A_TIMING, LS_A_PREDICATE};
    bool any = false;

    for (size_t i = 0; i < LS_ARRAY_LEN(shown); i++) {
        const char *v = ls_fact_get(f, shown[i]);

        if (!v)
            continue;
        ls_buf_addf(out, "%s", any ? " " : "  ");
        short_value(v, out);
        any = true;
    }
    if (f->kind == LS_FACT_COLUMN && ls_fact_get(f, LS_A_NOT_NULL))
        ls_buf_adds(out, " not null");
    if (f->kind == LS_FACT_COLUMN && ls_fact_get(f, LS_A_DEFAULT)) {
        ls_buf_adds(out, " default ");
        short_value(ls_fact_get(f, LS_A_DEFAULT), out);
    }
}

/* --- tree --- */

static void impact_text(const struct ls_difference *x, struct ls_buf *out)
{
    if (x->is_implied)
        return;
    ls_buf_addf(out, "  [%s%s%s]", ls_impact_name(x->impact), x->why[0] ? ": " : "", x->why);
    if (x->n_dependants > 0)
        ls_buf_addf(out, " (%u depend on it)", (unsigned)x->n_dependants);
}

void diff_put_doubt(const struct ls_diff *d, const struct ls_difference *x, struct ls_buf *out)
{
    if (x->change == LS_CHANGE_RENAMED && d->renames.v[x->rename].state == LS_RENAME_PROPOSED)
        ls_buf_addf(out, " ? %d %%", (int)(d->renames.v[x->rename].score * 100 + 0.5));
}

/* rail: what stands before the lines of attributes. */
static void tree_line(const struct ls_diff *d, const struct ls_difference *x, const char *indent, const char *rail, struct ls_buf *out)
{
    const struct ls_fact *f = diff_side(x);

    ls_buf_addf(out, "%s%c %s ", indent, diff_sign(x->change), ls_fact_kind_name(f->kind));
    if (x->change == LS_CHANGE_RENAMED) {
        one_line(x->a->name, out);
        ls_buf_adds(out, " -> ");
    }
    if (f->parent[0] == '\0')
        diff_put_name(f, false, out);
    else
        one_line(f->name, out);
    diff_put_doubt(d, x, out);
    if (x->change == LS_CHANGE_ADDED || x->change == LS_CHANGE_REMOVED)
        diff_put_description(f, out);
    impact_text(x, out);
    ls_buf_addc(out, '\n');
    for (uint32_t i = 0; i < x->n_attrs; i++) {
        ls_buf_addf(out, "%s    %s: ", rail, ls_attr_name(x->attrs[i].attr));
        put_change(&x->attrs[i], out);
        ls_buf_addc(out, '\n');
    }
}

static bool is_below(const struct ls_fact *f, const char *schema, const char *parent)
{
    return f->parent[0] != '\0' && strcmp(schema, f->schema) == 0 && strcmp(parent, f->parent) == 0;
}

static void tree_child(const struct ls_diff *d, size_t i, bool ascii, struct ls_buf *out)
{
    static const char *const marks[2][2][2] = {{{"  ├─ ", "  │  "}, {"  └─ ", "     "}}, {{"  |- ", "  |  "}, {"  `- ", "     "}}};
    const struct ls_fact *f = diff_side(&d->d.v[i]);
    bool is_last = i + 1 == d->d.n || !is_below(diff_side(&d->d.v[i + 1]), f->schema, f->parent);

    tree_line(d, &d->d.v[i], marks[ascii][is_last][0], marks[ascii][is_last][1], out);
}

void ls_diff_print_tree(const struct ls_diff *d, bool ascii, struct ls_buf *out)
{
    const char *schema = "", *parent = "";

    for (size_t i = 0; i < d->d.n; i++) {
        const struct ls_difference *x = &d->d.v[i];
        const struct ls_fact *f = diff_side(x);

        if (f->parent[0] == '\0') {
            schema = f->schema;
            parent = f->name;
            tree_line(d, x, "", "", out);
            continue;
        }
        if (!is_below(f, schema, parent)) {
            struct ls_fact above = {.schema = f->schema, .parent = "", .name = f->parent};

            schema = f->schema;
            parent = f->parent;
            ls_buf_addf(out, "  %s ", ls_fact_kind_name(ls_fact_kind_parent(f->kind)));
            diff_put_name(&above, false, out);
            ls_buf_addc(out, '\n');
        }
        tree_child(d, i, ascii, out);
    }
}

/* --- unified --- */

static void side_lines(const char *text, char mark, struct ls_buf *out)
{
    for (const char *p = text; p && *p;) {
        size_t n = strcspn(p, "\n");

        ls_buf_addc(out, mark);
        ls_buf_add(out, p, n);
        ls_buf_addc(out, '\n');
        p += n + (p[n] == '\n');
    }
}

/* Lines that both begin or end with stand once, as context of at most three. */
static void text_change(const struct ls_attr_change *c, struct ls_buf *out)
{
    const char *a = c->a ? c->a : "", *b = c->b ? c->b : "";
    const char *x = a, *y = b, *from_a = a, *from_b = b, *p = a, *q = b;
    struct ls_buf part = LS_BUF_INIT;
    size_t skipped = 0;

    while (*p && *q) {
        size_t n = strcspn(p, "\n"), k = strcspn(q, "\n");

        if (n != k || strncmp(p, q, n) != 0 || p[n] != '\n' || q[k] != '\n')
            break;
        p += n + 1;
        q += k + 1;
        from_a = p;
        from_b = q;
        skipped++;
    }
    x = a + strlen(a);
    y = b + strlen(b);
    while (x > from_a && y > from_b) { /* whole lines from the end */
        const char *s = x - 1, *t = y - 1;

        while (s > from_a && s[-1] != '\n')
            s--;
        while (t > from_b && t[-1] != '\n')
            t--;
        if (x - s != y - t || strncmp(s, t, (size_t)(x - s)) != 0)
            break;
        x = s;
        y = t;
    }
    if (skipped > 0)
        ls_buf_addf(out, "   (%zu line%s alike)\n", skipped, skipped == 1 ? "" : "s");
    ls_buf_add(&part, from_a, (size_t)(x - from_a));
    side_lines(part.ptr, '-', out);
    ls_buf_clear(&part);
    ls_buf_add(&part, from_b, (size_t)(y - from_b));
    side_lines(part.ptr, '+', out);
    ls_buf_release(&part);
}

static void fact_lines(const struct ls_fact *f, char mark, struct ls_buf *out)
{
    for (uint32_t i = 0; i < f->n_attrs; i++) {
        enum ls_attr_class class = ls_attr_class(f->attrs[i].attr);

        if (class != LS_ATTR_MEANING && class != LS_ATTR_COMMENT)
            continue;
        if (strchr(f->attrs[i].value, '\n')) {
            ls_buf_addf(out, "%c  %s:\n", mark, ls_attr_name(f->attrs[i].attr));
            side_lines(f->attrs[i].value, mark, out);
        } else {
            ls_buf_addf(out, "%c  %s: %s\n", mark, ls_attr_name(f->attrs[i].attr), f->attrs[i].value);
        }
    }
}

void ls_diff_print_unified(const struct ls_diff *d, struct ls_buf *out)
{
    if (d->d.n == 0)
        return;
    ls_buf_adds(out, "--- ");
    ls_diff_side_name(d->a, d->b, false, out);
    ls_buf_adds(out, "\n+++ ");
    ls_diff_side_name(d->a, d->b, true, out);
    ls_buf_addc(out, '\n');
    for (size_t i = 0; i < d->d.n; i++) {
        const struct ls_difference *x = &d->d.v[i];

        ls_buf_adds(out, "@@ ");
        diff_put_label(x->a ? x->a : x->b, false, out);
        if (x->change == LS_CHANGE_RENAMED) {
            ls_buf_adds(out, " -> ");
            diff_put_label(x->b, false, out);
        }
        diff_put_doubt(d, x, out);
        ls_buf_adds(out, " @@\n");
        if (x->change == LS_CHANGE_ADDED || x->change == LS_CHANGE_REMOVED) {
            fact_lines(diff_side(x), diff_sign(x->change), out);
            continue;
        }
        for (uint32_t k = 0; k < x->n_attrs; k++) {
            ls_buf_addf(out, " %s:\n", ls_attr_name(x->attrs[k].attr));
            text_change(&x->attrs[k], out);
        }
    }
}
