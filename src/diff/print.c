/* A diff as text: a line for each, a tree, a unified text, a summary in a review's words, Markdown. */
#include <config.h>

#include <string.h>

#include "diff/priv.h"

static const struct ls_fact *side(const struct ls_difference *x)
{
    return x->b ? x->b : x->a;
}

static char sign(enum ls_change c)
{
    static const char signs[] = {[LS_CHANGE_ADDED] = '+', [LS_CHANGE_REMOVED] = '-', [LS_CHANGE_CHANGED] = '~', [LS_CHANGE_RENAMED] = '>'};

    return signs[c];
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

static void attrs_text(const struct ls_difference *x, struct ls_buf *out)
{
    for (uint32_t i = 0; i < x->n_attrs; i++) {
        const struct ls_attr_change *c = &x->attrs[i];

        ls_buf_addf(out, "%s%s ", i > 0 ? "; " : "", ls_attr_name(c->attr));
        short_value(c->a, out);
        ls_buf_adds(out, " -> ");
        short_value(c->b, out);
    }
}

void ls_difference_line(const struct ls_difference *x, struct ls_buf *out)
{
    ls_fact_label(x->change == LS_CHANGE_RENAMED ? x->a : side(x), true, out);
    if (x->change == LS_CHANGE_RENAMED)
        ls_buf_addf(out, " renamed to %s", x->b->name);
    if (x->change == LS_CHANGE_ADDED || x->change == LS_CHANGE_REMOVED)
        ls_buf_addf(out, " %s", ls_change_name(x->change));
    if (x->n_attrs > 0) {
        ls_buf_adds(out, ": ");
        attrs_text(x, out);
    }
}

/* --- what a fact is, in a few words, for what was added or removed --- */

static void description(const struct ls_fact *f, struct ls_buf *out)
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

static void tree_line(const struct ls_diff *d, const struct ls_difference *x, const char *indent, struct ls_buf *out)
{
    const struct ls_fact *f = side(x);

    ls_buf_addf(out, "%s%c %s ", indent, sign(x->change), ls_fact_kind_name(f->kind));
    if (f->parent[0] == '\0' && f->schema[0] != '\0' && strcmp(f->schema, "public") != 0 && strcmp(f->schema, "main") != 0)
        ls_buf_addf(out, "%s.", f->schema);
    if (x->change == LS_CHANGE_RENAMED)
        ls_buf_addf(out, "%s -> ", x->a->name);
    ls_buf_adds(out, f->name);
    if (x->change == LS_CHANGE_RENAMED && d->renames.v[x->rename].state == LS_RENAME_PROPOSED)
        ls_buf_addf(out, " ? %d %%", (int)(d->renames.v[x->rename].score * 100 + 0.5));
    if (x->change == LS_CHANGE_ADDED || x->change == LS_CHANGE_REMOVED)
        description(f, out);
    impact_text(x, out);
    ls_buf_addc(out, '\n');
    for (uint32_t i = 0; i < x->n_attrs; i++) {
        ls_buf_addf(out, "%s    %s: ", indent, ls_attr_name(x->attrs[i].attr));
        short_value(x->attrs[i].a, out);
        ls_buf_adds(out, " -> ");
        short_value(x->attrs[i].b, out);
        ls_buf_addc(out, '\n');
    }
}

void ls_diff_print_tree(const struct ls_diff *d, bool ascii, struct ls_buf *out)
{
    const char *schema = "", *parent = "";

    for (size_t i = 0; i < d->d.n; i++) {
        const struct ls_difference *x = &d->d.v[i];
        const struct ls_fact *f = side(x);

        if (f->parent[0] == '\0') {
            schema = f->schema;
            parent = f->name;
            tree_line(d, x, "", out);
            continue;
        }
        if (strcmp(schema, f->schema) != 0 || strcmp(parent, f->parent) != 0) {
            schema = f->schema;
            parent = f->parent;
            ls_buf_addf(out, "  %s", ls_fact_kind_name(ls_fact_kind_parent(f->kind)));
            ls_buf_addf(out, " %s%s%s\n", strcmp(schema, "public") != 0 && strcmp(schema, "main") != 0 ? schema : "",
                        strcmp(schema, "public") != 0 && strcmp(schema, "main") != 0 ? "." : "", parent);
        }
        tree_line(d, x, ascii ? "  |- " : "  ├─ ", out);
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
        ls_fact_label(x->a ? x->a : x->b, false, out);
        if (x->change == LS_CHANGE_RENAMED) {
            ls_buf_adds(out, " -> ");
            ls_fact_label(x->b, false, out);
        }
        ls_buf_adds(out, " @@\n");
        if (x->change == LS_CHANGE_ADDED || x->change == LS_CHANGE_REMOVED) {
            fact_lines(side(x), sign(x->change), out);
            continue;
        }
        for (uint32_t k = 0; k < x->n_attrs; k++) {
            ls_buf_addf(out, " %s:\n", ls_attr_name(x->attrs[k].attr));
            text_change(&x->attrs[k], out);
        }
    }
}

/* --- summary --- */

struct group {
    const char *title;
    enum ls_change change;
    enum ls_fact_kind kind;
    const char *form; /* of a table; NULL: any */
    bool per_parent;  /* names below their table's */
};
static const struct group groups[] = {
    {"Missing schemas", LS_CHANGE_REMOVED, LS_FACT_SCHEMA, NULL, false},
    {"Missing extensions", LS_CHANGE_REMOVED, LS_FACT_EXTENSION, NULL, false},
    {"Missing tables", LS_CHANGE_REMOVED, LS_FACT_TABLE, NULL, false},
    {"Missing columns", LS_CHANGE_REMOVED, LS_FACT_COLUMN, NULL, true},
    {"Missing constraints", LS_CHANGE_REMOVED, LS_FACT_CONSTRAINT, NULL, true},
    {"Missing indexes", LS_CHANGE_REMOVED, LS_FACT_INDEX, NULL, true},
    {"Missing triggers", LS_CHANGE_REMOVED, LS_FACT_TRIGGER, NULL, true},
    {"Missing policies", LS_CHANGE_REMOVED, LS_FACT_POLICY, NULL, true},
    {"Missing views", LS_CHANGE_REMOVED, LS_FACT_VIEW, NULL, false},
    {"Missing materialised views", LS_CHANGE_REMOVED, LS_FACT_MATVIEW, NULL, false},
    {"Missing functions", LS_CHANGE_REMOVED, LS_FACT_FUNCTION, NULL, false},
    {"Missing procedures", LS_CHANGE_REMOVED, LS_FACT_PROCEDURE, NULL, false},
    {"Missing types", LS_CHANGE_REMOVED, LS_FACT_ENUM, NULL, false},
    {"Missing domains", LS_CHANGE_REMOVED, LS_FACT_DOMAIN, NULL, false},
    {"Missing composite types", LS_CHANGE_REMOVED, LS_FACT_COMPOSITE, NULL, false},
    {"Missing sequences", LS_CHANGE_REMOVED, LS_FACT_SEQUENCE, NULL, false},
};

static bool is_partition(const struct ls_fact *f)
{
    return ls_fact_get(f, LS_A_PARTITION_OF) != NULL;
}

static void name_of(const struct ls_fact *f, bool with_parent, struct ls_buf *out)
{
    if (f->schema[0] != '\0' && strcmp(f->schema, "public") != 0 && strcmp(f->schema, "main") != 0)
        ls_buf_addf(out, "%s.", f->schema);
    if (with_parent && f->parent[0] != '\0')
        ls_buf_addf(out, "%s.", f->parent);
    ls_buf_adds(out, f->name);
}

/* One line a group: "Missing columns: users (email, phone), teams (name)". flip: seen from the other side. */
static void print_group(const struct ls_diff *d, const struct group *g, bool flip, int partitions, struct ls_buf *out)
{
    enum ls_change want = flip ? LS_CHANGE_ADDED : LS_CHANGE_REMOVED;
    const struct ls_fact *last = NULL;
    size_t n = 0;

    for (size_t i = 0; i < d->d.n; i++) {
        const struct ls_difference *x = &d->d.v[i];
        const struct ls_fact *f = side(x);

        if (x->change != want || f->kind != g->kind || x->is_implied || (g->kind == LS_FACT_TABLE && is_partition(f) != (partitions != 0)))
            continue;
        if (n++ == 0)
            ls_buf_addf(out, "  %-27s", partitions ? "Missing partitions" : g->title);
        if (!g->per_parent) {
            ls_buf_adds(out, n > 1 ? ", " : "");
            name_of(f, false, out);
        } else if (last && strcmp(last->schema, f->schema) == 0 && strcmp(last->parent, f->parent) == 0) {
            ls_buf_addf(out, ", %s", f->name);
        } else {
            struct ls_fact table = {.schema = f->schema, .parent = "", .name = f->parent};

            ls_buf_adds(out, last ? "), " : "");
            name_of(&table, false, out);
            ls_buf_addf(out, " (%s", f->name);
        }
        last = f;
    }
    if (n > 0)
        ls_buf_adds(out, g->per_parent ? ")\n" : "\n");
}

static void print_side(const struct ls_diff *d, bool flip, struct ls_buf *out)
{
    size_t before = out->len, body;

    ls_buf_adds(out, "In ");
    ls_diff_side_name(d->a, d->b, flip, out);
    ls_buf_adds(out, ", missing in ");
    ls_diff_side_name(d->a, d->b, !flip, out);
    ls_buf_adds(out, ":\n");
    body = out->len;
    for (size_t i = 0; i < LS_ARRAY_LEN(groups); i++) {
        print_group(d, &groups[i], flip, 0, out);
        if (groups[i].kind == LS_FACT_TABLE)
            print_group(d, &groups[i], flip, 1, out);
    }
    if (out->len == body)
        ls_buf_truncate(out, before);
}

/* The quoted values of an expression that the other has not. */
static void only_values(const char *a, const char *b, char mark, struct ls_buf *out)
{
    for (const char *p = a; p && (p = strchr(p, '\''));) {
        const char *end = strchr(p + 1, '\'');
        struct ls_buf value = LS_BUF_INIT;

        if (!end)
            return;
        ls_buf_add(&value, p, (size_t)(end - p + 1));
        if (!b || !strstr(b, value.ptr))
            ls_buf_addf(out, " %c%s", mark, value.ptr);
        ls_buf_release(&value);
        p = end + 1;
    }
}

static void print_changed(const struct ls_diff *d, struct ls_buf *out)
{
    bool has_title = false;

    for (size_t i = 0; i < d->d.n; i++) {
        const struct ls_difference *x = &d->d.v[i];
        const char *form = ls_fact_get(side(x), LS_A_FORM);

        if (x->change != LS_CHANGE_CHANGED && x->change != LS_CHANGE_RENAMED)
            continue;
        if (!has_title)
            ls_buf_adds(out, "Different on both sides:\n");
        has_title = true;
        ls_buf_adds(out, "  ");
        ls_difference_line(x, out);
        if (side(x)->kind == LS_FACT_CONSTRAINT && form && strcmp(form, "check") == 0) {
            struct ls_buf values = LS_BUF_INIT;

            for (uint32_t k = 0; k < x->n_attrs; k++) {
                if (x->attrs[k].attr != LS_A_EXPRESSION)
                    continue;
                only_values(x->attrs[k].a, x->attrs[k].b, '-', &values);
                only_values(x->attrs[k].b, x->attrs[k].a, '+', &values);
            }
            if (values.len > 0)
                ls_buf_addf(out, "  (values:%s)", values.ptr);
            ls_buf_release(&values);
        }
        ls_buf_addc(out, '\n');
    }
}

static void print_counts(const struct ls_diff *d, struct ls_buf *out)
{
    bool any = false;

    for (int k = LS_FACT_NONE + 1; k < LS_N_FACTS; k++) {
        size_t n = d->n_by_kind[k];

        if (n == 0)
            continue;
        ls_buf_addf(out, "%s%zu %s", any ? ", " : "Differences: ", n,
                    n == 1 ? ls_fact_kind_name((enum ls_fact_kind)k) : ls_fact_kind_plural((enum ls_fact_kind)k));
        any = true;
    }
    ls_buf_adds(out, any ? "\n" : "No differences\n");
    any = false;
    for (int i = 0; i < LS_N_IMPACTS; i++) {
        if (d->n_by_impact[i] == 0)
            continue;
        ls_buf_addf(out, "%s%zu %s", any ? ", " : "Impact:      ", d->n_by_impact[i], ls_impact_name((enum ls_impact)i));
        any = true;
    }
    if (any)
        ls_buf_addc(out, '\n');
}

void ls_diff_print_summary(const struct ls_diff *d, struct ls_buf *out)
{
    print_counts(d, out);
    print_side(d, false, out);
    print_side(d, true, out);
    print_changed(d, out);
}

/* --- Markdown --- */

/* A cell of a table: no pipe and no line end may leave it. */
static void cell(const char *text, struct ls_buf *out)
{
    for (; *text; text++) {
        if (*text == '|' || *text == '\\' || *text == '`')
            ls_buf_addc(out, '\\');
        ls_buf_addc(out, *text == '\n' || *text == '\r' ? ' ' : *text);
    }
}

void ls_diff_print_markdown(const struct ls_diff *d, struct ls_buf *out)
{
    struct ls_buf line = LS_BUF_INIT;

    ls_buf_adds(out, "# Schema differences\n\n| | source | server |\n|---|---|---|\n| A | ");
    cell(d->a->source, out);
    ls_buf_adds(out, " | ");
    cell(d->a->server, out);
    ls_buf_adds(out, " |\n| B | ");
    cell(d->b->source, out);
    ls_buf_adds(out, " | ");
    cell(d->b->server, out);
    ls_buf_adds(out, " |\n\n");
    print_counts(d, out);
    if (d->d.n > 0)
        ls_buf_adds(out, "\n| | object | difference | impact | dependants |\n|---|---|---|---|---:|\n");
    for (size_t i = 0; i < d->d.n; i++) {
        const struct ls_difference *x = &d->d.v[i];

        if (x->is_implied)
            continue;
        ls_buf_addf(out, "| %c | ", sign(x->change));
        ls_buf_clear(&line);
        ls_fact_label(x->a ? x->a : x->b, true, &line);
        cell(line.ptr, out);
        ls_buf_clear(&line);
        if (x->change == LS_CHANGE_RENAMED)
            ls_buf_addf(&line, "renamed to %s%s", x->b->name, x->n_attrs > 0 ? "; " : "");
        else if (x->change != LS_CHANGE_CHANGED)
            description(side(x), &line);
        attrs_text(x, &line);
        ls_buf_adds(out, " | ");
        cell(line.ptr, out);
        ls_buf_addf(out, " | %s | %u |\n", ls_impact_name(x->impact), (unsigned)x->n_dependants);
    }
    for (size_t i = 0; i < d->notes.d.n; i++) {
        ls_buf_adds(out, i == 0 ? "\nNotes:\n\n- " : "- ");
        cell(d->notes.d.v[i].message, out);
        ls_buf_addc(out, '\n');
    }
    ls_buf_release(&line);
}
