/* tui/diffref.c: two catalogues and what differs between them. */
#include <config.h>

#include "tui/diffref.h"

#include <stdlib.h>

#include "lockstep/base/mem.h"

static struct diffref *compare(struct catref *a, struct catref *b, const struct ls_diff_opts *opts)
{
    struct diffref *r = ls_calloc(1, sizeof(*r));

    r->a = a;
    r->b = b;
    r->refs = 1;
    ls_diff_make(a->c, b->c, opts, &r->diff);
    return r;
}

struct diffref *diffref_new(struct ls_catalog *a, struct ls_catalog *b, const struct ls_diff_opts *opts)
{
    return compare(catref_new(a), catref_new(b), opts);
}

struct diffref *diffref_get(struct diffref *r)
{
    r->refs++;
    return r;
}

void diffref_put(struct diffref *r)
{
    if (!r || --r->refs > 0)
        return;
    ls_diff_release(&r->diff);
    catref_put(r->a);
    catref_put(r->b);
    free(r);
}

struct diffref *diffref_again(const struct diffref *r, const struct ls_diff_opts *opts)
{
    return compare(catref_get(r->a), catref_get(r->b), opts);
}
