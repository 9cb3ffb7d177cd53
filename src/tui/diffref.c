/* tui/diffref.c: two catalogues and what differs between them. */
#include <config.h>

#include "tui/diffref.h"

#include <stdlib.h>

void diffref_free(struct diffref *r)
{
    if (!r)
        return;
    ls_diff_release(&r->diff);
    ls_catalog_free(r->a);
    ls_catalog_free(r->b);
    free(r);
}

void diffref_again(struct diffref *r, const struct ls_diff_opts *opts)
{
    ls_diff_release(&r->diff);
    ls_diff_make(r->a, r->b, opts, &r->diff);
}
