/* tui/diff_filter.c: which differences are shown, chosen from a menu of what there is. */
#include <config.h>

#include "tui/diff_filter.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

/* One menu for what can be chosen: a kind, an impact, a schema that differences have. */
struct pick {
    enum { PICK_ALL, PICK_KIND, PICK_IMPACT, PICK_HIDE, PICK_SCHEMA } what;
    int value;
    const char *schema;
};
enum { MAX_PICKS = 80 };

struct picks {
    struct diff_filter *filter;
    void (*changed)(struct app *a);
    struct pick p[MAX_PICKS];
};

static void on_pick(struct app *a, void *ctx, int index)
{
    struct picks *picks = ctx;
    struct diff_filter *f = picks->filter;
    const struct pick *p = &picks->p[index < 0 ? 0 : index];

    if (index < 0)
        return;
    if (p->what == PICK_ALL) {
        memset(f, 0, sizeof(*f));
        f->impact = -1;
    } else if (p->what == PICK_KIND) {
        f->kind = (enum ls_fact_kind)p->value;
    } else if (p->what == PICK_IMPACT) {
        f->impact = p->value;
    } else if (p->what == PICK_HIDE) {
        f->hides[p->value] = !f->hides[p->value];
    } else {
        f->schema = p->schema;
    }
    picks->changed(a);
}

static void add_pick(struct picks *picks, struct ui_choice *choices, struct ui_menu_spec *spec, struct pick p, const char *label)
{
    if (spec->n == MAX_PICKS)
        return;
    picks->p[spec->n] = p;
    choices[spec->n++].label = label;
}

static void add_schemas(const struct ls_diff *d, struct picks *picks, struct ui_choice *choices, struct ui_menu_spec *spec, struct ls_arena *arena)
{
    const char *last = NULL;

    for (size_t i = 0; i < d->d.n; i++) { /* sorted by schema */
        const char *schema = (d->d.v[i].b ? d->d.v[i].b : d->d.v[i].a)->schema;

        if (last && strcmp(last, schema) == 0)
            continue;
        last = schema;
        add_pick(picks, choices, spec, (struct pick){PICK_SCHEMA, 0, schema}, ls_arena_printf(arena, "only schema %s", schema));
    }
}

void diff_filter_open(struct app *a, const struct ls_diff *d, struct diff_filter *filter, void (*changed)(struct app *a))
{
    struct picks *picks = ls_calloc(1, sizeof(*picks));
    struct ui_choice *choices = ls_calloc(MAX_PICKS, sizeof(*choices));
    struct ui_menu_spec spec = {.title = "Show", .choices = choices, .done = on_pick, .ctx = picks, .free_ctx = free};
    struct ls_arena *arena = ls_arena_new();

    picks->filter = filter;
    picks->changed = changed;
    add_pick(picks, choices, &spec, (struct pick){PICK_ALL, 0, NULL}, "everything");
    for (int i = 0; i < LS_N_IMPACTS; i++)
        if (d->n_by_impact[i] > 0)
            add_pick(picks, choices, &spec, (struct pick){PICK_IMPACT, i, NULL},
                     ls_arena_printf(arena, "only %s (%zu): %s", ls_impact_name((enum ls_impact)i), d->n_by_impact[i], ls_impact_meaning((enum ls_impact)i)));
    for (int i = 0; i < LS_N_IMPACTS; i++)
        if (d->n_by_impact[i] > 0)
            add_pick(picks, choices, &spec, (struct pick){PICK_HIDE, i, NULL},
                     ls_arena_printf(arena, "%s %s", filter->hides[i] ? "no longer hide" : "hide", ls_impact_name((enum ls_impact)i)));
    for (int k = LS_FACT_NONE + 1; k < LS_N_FACTS; k++)
        if (d->n_by_kind[k] > 0)
            add_pick(picks, choices, &spec, (struct pick){PICK_KIND, k, NULL},
                     ls_arena_printf(arena, "only %s (%zu)", ls_fact_kind_plural((enum ls_fact_kind)k), d->n_by_kind[k]));
    add_schemas(d, picks, choices, &spec, arena);
    ui_menu_open(a, &spec);
    ls_arena_free(arena);
    free(choices);
}
