/* A diff as a review reads it: what is missing where, a line for each kind; what differs; and the same as Markdown. */
#include <config.h>

#include <string.h>

#include "diff/priv.h"

struct group {
    enum ls_fact_kind kind;
    const char *title; /* NULL: "Missing" and the kind's plural */
};
/* What is asked for first; every other kind stands behind these. */
static const struct group first[] = {
    {LS_FACT_SCHEMA, NULL},   {LS_FACT_EXTENSION, NULL}, {LS_FACT_TABLE, NULL},   {LS_FACT_COLUMN, NULL},
    {LS_FACT_CONSTRAINT, NULL}, {LS_FACT_INDEX, NULL},     {LS_FACT_TRIGGER, NULL}, {LS_FACT_POLICY, NULL},
    {LS_FACT_VIEW, NULL},     {LS_FACT_MATVIEW, NULL},   {LS_FACT_FUNCTION, NULL}, {LS_FACT_PROCEDURE, NULL},
    {LS_FACT_ENUM, "Missing types"}, {LS_FACT_DOMAIN, NULL}, {LS_FACT_COMPOSITE, NULL}, {LS_FACT_SEQUENCE, NULL},
};

/* Where a line or a row goes: lines of text, or a table of Markdown. */
struct report {
    const struct ls_diff *d;
    struct ls_buf *out;
    bool is_markdown;
};

/* --- values of a check --- */

/* Behind the literal whose opening quote is at p; a doubled quote is part of it. NULL: it does not end. */
static const char *literal_end(const char *p)
{
    for (p++; (p = strchr(p, '\'')) != NULL; p += 2)
        if (p[1] != '\'')
            return p + 1;
    return NULL;
}

/* The quoted values of an expression that the other has not. */
static void only_values(const char *a, const char *b, char mark, struct ls_buf *out)
{
    const char *end;

    for (const char *p = a; p && (p = strchr(p, '\'')) != NULL && (end = literal_end(p)) != NULL; p = end) {
        struct ls_buf value = LS_BUF_INIT;

        ls_buf_add(&value, p, (size_t)(end - p));
        if (!b || !strstr(b, value.ptr))
            ls_buf_addf(out, " %c%s", mark, value.ptr);
        ls_buf_release(&value);
    }
}

static bool is_check(const struct ls_fact *f)
{
    const char *form = ls_fact_get(f, LS_A_FORM);

    return f->kind == LS_FACT_CONSTRAINT && form && strcmp(form, "check") == 0;
}

/* An expression with each list of literals as one '?': what stays alike when only the values of a check change. */
static void skeleton(const char *e, struct ls_buf *out)
{
    while (e && *e) {
        const char *end = *e == '\'' ? literal_end(e) : NULL;

        if (!end) {
            ls_buf_addc(out, *e++);
            continue;
        }
        if (out->len < 3 || strcmp(out->ptr + out->len - 3, "?, ") != 0)
            ls_buf_addc(out, '?');
        else
            ls_buf_truncate(out, out->len - 2);
        e = end;
    }
}

/* The check that x, a check without a name of its own, has become: SQLite knows those by their text alone. NULL: none, or more than one. */
static const struct ls_difference *twin(const struct ls_diff *d, const struct ls_difference *x)
{
    const struct ls_fact *f = diff_side(x);
    struct ls_buf mine = LS_BUF_INIT, other = LS_BUF_INIT;
    const struct ls_difference *found = NULL;
    size_t n = 0, from = (size_t)(x - d->d.v);

    if ((x->change != LS_CHANGE_ADDED && x->change != LS_CHANGE_REMOVED) || x->is_implied || !is_check(f))
        return NULL;
    skeleton(ls_fact_get(f, LS_A_EXPRESSION), &mine);
    while (from > 0 && strcmp(diff_side(&d->d.v[from - 1])->parent, f->parent) == 0)
        from--;
    for (size_t i = from; i < d->d.n && strcmp(diff_side(&d->d.v[i])->parent, f->parent) == 0; i++) {
        const struct ls_difference *y = &d->d.v[i];
        const struct ls_fact *g = diff_side(y);

        if (y == x || y->is_implied || !is_check(g) || strcmp(g->schema, f->schema) != 0)
            continue;
        if (y->change != LS_CHANGE_ADDED && y->change != LS_CHANGE_REMOVED)
            continue;
        ls_buf_clear(&other);
        skeleton(ls_fact_get(g, LS_A_EXPRESSION), &other);
        if (!mine.ptr || !other.ptr || strcmp(mine.ptr, other.ptr) != 0)
            continue;
        n++;
        found = y->change != x->change ? y : NULL;
    }
    ls_buf_release(&mine);
    ls_buf_release(&other);
    return n == 1 ? found : NULL;
}

/* --- lines and rows --- */

/* A cell of a table: no pipe and no line end may leave it, and nothing in it is markup, a link or a picture. */
static void cell(const char *text, struct ls_buf *out)
{
    for (; *text; text++) {
        if (*text == '&' || *text == '<') {
            ls_buf_adds(out, *text == '&' ? "&amp;" : "&lt;");
            continue;
        }
        if (strchr("|\\`*[]~", *text))
            ls_buf_addc(out, '\\');
        ls_buf_addc(out, *text == '\n' || *text == '\r' ? ' ' : *text);
    }
}

static void row(struct report *r, const char *title, const char *text)
{
    if (!r->is_markdown) {
        ls_buf_addf(r->out, "  %-26s %s\n", title, text);
        return;
    }
    ls_buf_addf(r->out, "| %s | ", title);
    cell(text, r->out);
    ls_buf_adds(r->out, " |\n");
}

static bool is_partition(const struct ls_fact *f)
{
    return ls_fact_get(f, LS_A_PARTITION_OF) != NULL;
}

/* "users (email, phone), teams (name)" */
static void group_names(const struct ls_diff *d, enum ls_fact_kind kind, enum ls_change want, bool partitions, struct ls_buf *out)
{
    bool per_parent = ls_fact_kind_parent(kind) != LS_FACT_NONE;
    const struct ls_fact *last = NULL;

    for (size_t i = 0; i < d->d.n; i++) {
        const struct ls_difference *x = &d->d.v[i];
        const struct ls_fact *f = diff_side(x);
        struct ls_fact name = *f, above = {.schema = f->schema, .parent = "", .name = f->parent};

        if (x->change != want || f->kind != kind || x->is_implied || (kind == LS_FACT_TABLE && is_partition(f) != partitions) || twin(d, x))
            continue;
        if (per_parent && last && strcmp(last->schema, f->schema) == 0 && strcmp(last->parent, f->parent) == 0) {
            ls_buf_adds(out, ", ");
        } else if (per_parent) {
            ls_buf_adds(out, last ? "), " : "");
            diff_put_name(&above, false, out);
            ls_buf_adds(out, " (");
        } else {
            ls_buf_adds(out, last ? ", " : "");
        }
        name.schema = per_parent ? "" : f->schema;
        diff_put_name(&name, false, out);
        last = f;
    }
    if (last && per_parent)
        ls_buf_addc(out, ')');
}

static void print_group(struct report *r, const struct group *g, enum ls_change want, bool partitions)
{
    struct ls_buf title = LS_BUF_INIT, names = LS_BUF_INIT;

    if (r->d->n_by_kind[g->kind] > 0)
        group_names(r->d, g->kind, want, partitions, &names);
    if (names.len > 0) {
        ls_buf_addf(&title, "Missing %s", partitions ? "partitions" : ls_fact_kind_plural(g->kind));
        row(r, g->title ? g->title : title.ptr, names.ptr);
    }
    ls_buf_release(&title);
    ls_buf_release(&names);
}

/* A title of Markdown, or a line that ends with a colon. */
static void heading(struct report *r, const char *text)
{
    if (!r->is_markdown) {
        ls_buf_addf(r->out, "%s:\n", text);
        return;
    }
    ls_buf_adds(r->out, "\n## ");
    cell(text, r->out);
    ls_buf_adds(r->out, "\n\n| | |\n|---|---|\n");
}

static void print_side(struct report *r, bool flip)
{
    enum ls_change want = flip ? LS_CHANGE_ADDED : LS_CHANGE_REMOVED;
    size_t before = r->out->len, body;
    struct ls_buf title = LS_BUF_INIT;
    bool is_done[LS_N_FACTS] = {false};

    ls_buf_adds(&title, "In ");
    ls_diff_side_name(r->d->a, r->d->b, flip, &title);
    ls_buf_adds(&title, ", missing in ");
    ls_diff_side_name(r->d->a, r->d->b, !flip, &title);
    heading(r, title.ptr);
    body = r->out->len;
    for (size_t i = 0; i < LS_ARRAY_LEN(first); i++) {
        is_done[first[i].kind] = true;
        print_group(r, &first[i], want, false);
        if (first[i].kind == LS_FACT_TABLE)
            print_group(r, &first[i], want, true);
    }
    for (int k = LS_FACT_NONE + 1; k < LS_N_FACTS; k++)
        if (!is_done[k])
            print_group(r, &(struct group){(enum ls_fact_kind)k, NULL}, want, false);
    if (r->out->len == body)
        ls_buf_truncate(r->out, before);
    ls_buf_release(&title);
}

/* --- what both have --- */

static void check_values(const struct ls_difference *x, struct ls_buf *out)
{
    struct ls_buf values = LS_BUF_INIT;

    for (uint32_t k = 0; is_check(diff_side(x)) && k < x->n_attrs; k++) {
        if (x->attrs[k].attr != LS_A_EXPRESSION)
            continue;
        only_values(x->attrs[k].a, x->attrs[k].b, '-', &values);
        only_values(x->attrs[k].b, x->attrs[k].a, '+', &values);
    }
    if (values.len > 0)
        ls_buf_addf(out, "  (values:%s)", values.ptr);
    ls_buf_release(&values);
}

/* Its values alone, as far as they stand in quotes; the line is of the one that is gone. */
static void twin_line(const struct ls_difference *x, const struct ls_difference *y, struct ls_buf *out)
{
    const char *a = ls_fact_get(x->a, LS_A_EXPRESSION), *b = ls_fact_get(y->b, LS_A_EXPRESSION);

    diff_put_label(x->a, true, out);
    ls_buf_adds(out, "  (values:");
    only_values(a, b, '-', out);
    only_values(b, a, '+', out);
    ls_buf_addc(out, ')');
}

static void print_changed(struct report *r)
{
    struct ls_buf line = LS_BUF_INIT;
    bool has_title = false;

    for (size_t i = 0; i < r->d->d.n; i++) {
        const struct ls_difference *x = &r->d->d.v[i], *y = x->change == LS_CHANGE_REMOVED ? twin(r->d, x) : NULL;

        if (!y && x->change != LS_CHANGE_CHANGED && x->change != LS_CHANGE_RENAMED)
            continue;
        if (!has_title)
            ls_buf_adds(r->out, "In both, and different:\n");
        has_title = true;
        ls_buf_clear(&line);
        if (y) {
            twin_line(x, y, &line);
        } else {
            ls_difference_line(x, &line);
            diff_put_doubt(r->d, x, &line);
            check_values(x, &line);
        }
        ls_buf_addf(r->out, "  %s\n", line.ptr);
    }
    ls_buf_release(&line);
}

static void print_counts(struct report *r)
{
    const struct ls_diff *d = r->d;
    const char *item = r->is_markdown ? "- " : "";
    bool any = false;

    for (int k = LS_FACT_NONE + 1; k < LS_N_FACTS; k++) {
        size_t n = d->n_by_kind[k];

        if (n == 0)
            continue;
        ls_buf_addf(r->out, "%s%s%zu %s", any ? ", " : item, any ? "" : "Differences: ", n,
                    n == 1 ? ls_fact_kind_name((enum ls_fact_kind)k) : ls_fact_kind_plural((enum ls_fact_kind)k));
        any = true;
    }
    ls_buf_adds(r->out, any ? "\n" : "No differences\n");
    any = false;
    for (int i = 0; i < LS_N_IMPACTS; i++) {
        if (d->n_by_impact[i] == 0)
            continue;
        ls_buf_addf(r->out, "%s%s%zu %s", any ? ", " : item, any ? "" : r->is_markdown ? "Impact: " : "Impact:      ", d->n_by_impact[i],
                    ls_impact_name((enum ls_impact)i));
        any = true;
    }
    if (any)
        ls_buf_addc(r->out, '\n');
}

void ls_diff_print_summary(const struct ls_diff *d, struct ls_buf *out)
{
    struct report r = {.d = d, .out = out};

    print_counts(&r);
    print_side(&r, false);
    print_side(&r, true);
    print_changed(&r);
}

/* --- Markdown --- */

static void print_every(const struct ls_diff *d, struct ls_buf *out)
{
    struct ls_buf line = LS_BUF_INIT;

    ls_buf_adds(out, "\n## Every difference\n\n| | object | difference | impact | dependants |\n|---|---|---|---|---:|\n");
    for (size_t i = 0; i < d->d.n; i++) {
        const struct ls_difference *x = &d->d.v[i];
        const char *what;

        if (x->is_implied)
            continue;
        ls_buf_addf(out, "| %c | ", diff_sign(x->change));
        ls_buf_clear(&line);
        diff_put_label(x->a ? x->a : x->b, true, &line);
        cell(line.ptr, out);
        ls_buf_clear(&line);
        if (x->change == LS_CHANGE_RENAMED) {
            ls_buf_adds(&line, "renamed to ");
            diff_put_name(x->b, false, &line);
            diff_put_doubt(d, x, &line);
            ls_buf_adds(&line, x->n_attrs > 0 ? "; " : "");
        } else if (x->change != LS_CHANGE_CHANGED) {
            diff_put_description(diff_side(x), &line);
        }
        diff_put_attrs(x, &line);
        what = line.len > 0 ? line.ptr : "";
        ls_buf_adds(out, " | ");
        cell(what + strspn(what, " "), out);
        ls_buf_addf(out, " | %s%s%s | %u |\n", ls_impact_name(x->impact), x->why[0] ? ": " : "", x->why, (unsigned)x->n_dependants);
    }
    ls_buf_release(&line);
}

void ls_diff_print_markdown(const struct ls_diff *d, struct ls_buf *out)
{
    struct report r = {.d = d, .out = out, .is_markdown = true};

    ls_buf_adds(out, "# Schema differences\n\n| | source | server |\n|---|---|---|\n| A | ");
    cell(d->a->source, out);
    ls_buf_adds(out, " | ");
    cell(d->a->server, out);
    ls_buf_adds(out, " |\n| B | ");
    cell(d->b->source, out);
    ls_buf_adds(out, " | ");
    cell(d->b->server, out);
    ls_buf_adds(out, " |\n\n");
    print_counts(&r);
    print_side(&r, false);
    print_side(&r, true);
    if (d->d.n > 0)
        print_every(d, out);
    for (size_t i = 0; i < d->notes.d.n; i++) {
        const struct ls_diag *note = &d->notes.d.v[i];

        ls_buf_adds(out, i == 0 ? "\n## Notes\n\n- " : "- ");
        cell(note->message, out);
        if (note->hint) {
            ls_buf_adds(out, "; ");
            cell(note->hint, out);
        }
        ls_buf_addc(out, '\n');
    }
}
