/* tui/diff_doc.c: one difference as a text. */
#include <config.h>

#include "tui/diff_doc.h"

#include "lockstep/diff/ddl.h"
#include "tui/text_diff.h"

enum theme_role diff_role(enum ls_change c)
{
    static const enum theme_role roles[] = {
        [LS_CHANGE_ADDED] = ROLE_GOOD, [LS_CHANGE_REMOVED] = ROLE_DANGER, [LS_CHANGE_CHANGED] = ROLE_WARNING, [LS_CHANGE_RENAMED] = ROLE_INFO};

    return roles[c];
}

enum theme_role impact_role(enum ls_impact i)
{
    static const enum theme_role roles[LS_N_IMPACTS] = {
        [LS_IMPACT_LOSES_DATA] = ROLE_DANGER, [LS_IMPACT_BREAKS_READS] = ROLE_ERROR,   [LS_IMPACT_BREAKS_WRITES] = ROLE_ERROR, [LS_IMPACT_SECURITY] = ROLE_WARNING,
        [LS_IMPACT_PERFORMANCE] = ROLE_INFO,  [LS_IMPACT_ADDITIVE] = ROLE_GOOD, [LS_IMPACT_COSMETIC] = ROLE_DIM};

    return roles[i];
}

static void rename_lines(struct ui_doc *d, const struct ls_rename *r)
{
    static const char *const words[] = {[LS_RENAME_PROPOSED] = "proposed: a accepts it, x says that these are two things",
                                        [LS_RENAME_ACCEPTED] = "accepted",
                                        [LS_RENAME_REJECTED] = "rejected: these are two things",
                                        [LS_RENAME_AMBIGUOUS] = "ambiguous: several fit alike"};

    ui_doc_addf(d, ROLE_DIM, "%-12s", "renaming");
    ui_doc_addf(d, ROLE_INFO, "%s -> %s  %d %%%s", r->a->name, r->b->name, (int)(r->score * 100 + 0.5), r->is_certain ? ", certain" : "");
    ui_doc_end(d);
    ui_doc_addf(d, ROLE_DIM, "%-12s", "evidence");
    ui_doc_adds(d, ROLE_TEXT, r->evidence);
    ui_doc_end(d);
    ui_doc_addf(d, ROLE_DIM, "%-12s", "choice");
    ui_doc_adds(d, ROLE_TEXT, words[r->state]);
    ui_doc_end(d);
}

/* A fact that was not taken for a renaming, because several fit or because the operator said no. */
static const struct ls_rename *open_rename(const struct ls_diff *d, const struct ls_difference *x)
{
    for (size_t i = 0; i < d->renames.n; i++) {
        const struct ls_rename *r = &d->renames.v[i];

        if (r->state != LS_RENAME_PROPOSED && r->state != LS_RENAME_ACCEPTED && ((x->a && r->a == x->a) || (x->b && r->b == x->b)))
            return r;
    }
    return x->rename >= 0 ? &d->renames.v[x->rename] : NULL;
}

static void attr_lines(struct ui_doc *doc, const struct ls_attr_change *c, int width, bool columns)
{
    ui_doc_text(doc, ROLE_TITLE, ls_attr_name(c->attr));
    ui_doc_mark(doc);
    if (columns)
        text_diff_columns(doc, c->a, c->b, width);
    else
        text_diff_unified(doc, c->a ? c->a : "(none)", c->b ? c->b : "(none)");
}

struct ui_doc *diff_doc(const struct ls_diff *d, const struct ls_difference *x, bool ascii, int width, bool columns)
{
    struct ui_doc *doc = ui_doc_new(ascii);
    const struct ls_rename *r = open_rename(d, x);
    struct ls_buf text = LS_BUF_INIT;

    doc->wrap = width;
    ls_fact_label(x->a ? x->a : x->b, false, &text);
    ui_doc_addf(doc, ROLE_TITLE, "%s  ", text.ptr);
    ui_doc_adds(doc, diff_role(x->change), ls_change_name(x->change));
    ui_doc_end(doc);
    ui_doc_addf(doc, ROLE_DIM, "%-12s", "impact");
    ui_doc_addf(doc, impact_role(x->impact), "%s", ls_impact_name(x->impact));
    ui_doc_addf(doc, ROLE_TEXT, "%s%s", x->why[0] ? ": " : "", x->why);
    ui_doc_end(doc);
    if (x->n_dependants > 0)
        ui_doc_textf(doc, ROLE_WARNING, "%-12s%u object%s", "needed by", (unsigned)x->n_dependants, x->n_dependants == 1 ? "" : "s");
    if (r)
        rename_lines(doc, r);
    if (width > 0)
        ui_doc_narrow_under(doc, width, 12); /* sentences are broken, what differs is not */
    ui_doc_blank(doc);
    for (uint32_t i = 0; i < x->n_attrs; i++)
        attr_lines(doc, &x->attrs[i], width, columns);
    if (x->change == LS_CHANGE_ADDED || x->change == LS_CHANGE_REMOVED) {
        ls_buf_clear(&text);
        ls_ddl_fact(x->a ? d->a : d->b, x->a ? x->a : x->b, &text);
        ui_doc_sql(doc, x->a ? d->a->dialect : d->b->dialect, text.ptr, text.len, 0, 0);
    }
    ls_buf_release(&text);
    return doc;
}
