/* tui/diff_rows.c: the differences that are shown. */
#include <config.h>

#include "tui/diff_rows.h"

#include <string.h>
#include <strings.h>

static const struct ls_fact *fact_of(const struct ls_difference *x)
{
    return x->b ? x->b : x->a;
}

static bool holds(const struct ls_difference *x, const char *text)
{
    struct ls_buf line = LS_BUF_INIT;
    bool has;

    if (text[0] == '\0')
        return true;
    ls_difference_line(x, &line);
    has = strcasestr(line.ptr, text) != NULL || strcasestr(ls_impact_name(x->impact), text) != NULL;
    ls_buf_release(&line);
    return has;
}

static bool is_shown(const struct ls_difference *x, const struct diff_filter *f)
{
    const struct ls_fact *fact = fact_of(x);

    if ((x->is_implied && !f->shows_implied) || (f->kind != LS_FACT_NONE && fact->kind != f->kind))
        return false;
    if (f->hides[x->impact] || (f->impact >= 0 && (int)x->impact != f->impact))
        return false;
    return (!f->schema || strcmp(fact->schema, f->schema) == 0) && holds(x, f->text);
}

void diff_rows_make(struct diff_rows *r, const struct ls_diff *d, const struct diff_filter *f)
{
    const struct ls_fact *title = NULL; /* the object that the rows before stand under */

    r->rows.n = 0;
    r->n_shown = r->n_hidden = 0;
    for (size_t i = 0; i < d->d.n; i++) {
        const struct ls_difference *x = &d->d.v[i];
        const struct ls_fact *fact = fact_of(x);

        if (!is_shown(x, f)) {
            r->n_hidden += !x->is_implied;
            continue;
        }
        r->n_shown++;
        if (fact->parent[0] == '\0') {
            title = fact;
        } else if (!title || strcmp(title->schema, fact->schema) != 0 ||
                   strcmp(title->parent[0] ? title->parent : title->name, fact->parent) != 0) {
            *LS_VEC_PUSH(&r->rows) = (struct diff_row){-1, fact};
            title = fact;
        }
        *LS_VEC_PUSH(&r->rows) = (struct diff_row){(int32_t)i, fact};
    }
}

void diff_rows_release(struct diff_rows *r)
{
    LS_VEC_RELEASE(&r->rows);
}

/* --- words --- */

char diff_row_sign(enum ls_change c)
{
    static const char signs[] = {
        [LS_CHANGE_ADDED] = '+', [LS_CHANGE_REMOVED] = '-', [LS_CHANGE_CHANGED] = '~', [LS_CHANGE_RENAMED] = '>'};

    return signs[c];
}

void diff_row_title(const struct ls_fact *f, struct ls_buf *out)
{
    ls_buf_addf(out, "%s%s%s", strcmp(f->schema, "public") != 0 && strcmp(f->schema, "main") != 0 ? f->schema : "",
                strcmp(f->schema, "public") != 0 && strcmp(f->schema, "main") != 0 ? "." : "", f->parent);
}

void diff_row_words(const struct ls_diff *d, const struct ls_difference *x, struct ls_buf *out)
{
    const struct ls_fact *f = x->b ? x->b : x->a;

    ls_buf_addf(out, "%s ", ls_fact_kind_name(f->kind));
    if (f->parent[0] == '\0' && f->schema[0] && strcmp(f->schema, "public") != 0 && strcmp(f->schema, "main") != 0)
        ls_buf_addf(out, "%s.", f->schema);
    if (x->change == LS_CHANGE_RENAMED)
        ls_buf_addf(out, "%s -> ", x->a->name);
    ls_buf_adds(out, f->name);
    if (x->rename >= 0 && d->renames.v[x->rename].state == LS_RENAME_PROPOSED)
        ls_buf_addf(out, "?");
    for (uint32_t i = 0; i < x->n_attrs; i++)
        ls_buf_addf(out, "%s%s", i == 0 ? "  (" : ", ", ls_attr_name(x->attrs[i].attr));
    if (x->n_attrs > 0)
        ls_buf_addc(out, ')');
}
