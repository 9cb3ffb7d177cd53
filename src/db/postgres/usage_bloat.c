/* How much of an index a rebuild would give back: measured by pgstatindex where that is asked for, else estimated from statistics, knowing that a b-tree
 * folds repeated keys into one (indexes.md 2.3). Never below zero: an estimate that comes out so is none. */
#include <config.h>

#include "db/postgres/usage_priv.h"

#include <stdio.h>
#include <stdlib.h>


#define LEAF_BYTES   8152.0 /* of a page of 8192, without its header and the special space */
#define FILL         0.9    /* of a leaf, when an index is built */
#define POSTING_MAX  220.0  /* row pointers in one posting tuple, as measured on full pages */
#define ESTIMATE_OFF 0.08   /* the estimate was up to 7 % below real, fresh indexes: so much below zero is still none */

static int64_t align8(double n)
{
    return ((int64_t)(n + 0.999) + 7) / 8 * 8;
}

static double fill_of(const struct ls_usage_index *x)
{
    const char *o = strstr(x->options, "fillfactor=");
    long percent = o == NULL ? 0 : strtol(o + 11, NULL, 10);

    return percent >= 10 && percent <= 100 ? (double)percent / 100 : FILL;
}

/* Whether keys are folded, and how many bytes and distinct values they have; false: not known. */
static bool measure_keys(const struct pgus *k, const struct pgus_index *i, double *width, double *distinct, bool *is_folded)
{
    const char *classes = i->classes;

    *width = 0;
    *distinct = 1;
    *is_folded = i->n_atts == (int)i->x.n_keys && strstr(i->x.options, "deduplicate_items=off") == NULL &&
                 strstr(i->x.options, "deduplicate_items=false") == NULL;
    for (uint32_t n = 0; n < i->x.n_keys; n++) {
        const struct ls_usage_key *key = &i->x.keys[n];
        uint32_t class_oid = 0;
        const struct pgus_class *c;

        (void)pgcat_next_number(&classes, &class_oid);
        c = PGUS_FIND(k->classes, class_oid);
        *is_folded = *is_folded && c != NULL && c->is_equal_image;
        if (!key->has_stats || key->avg_width < 0)
            return false;
        *width += key->avg_width * (1 - key->null_frac);
        *distinct = key->n_distinct < 0 || *distinct < 0 ? -1 : *distinct * (key->n_distinct < 1 ? 1 : key->n_distinct);
    }
    return true;
}

static double include_width(const struct pgus *k, const struct pgus_index *i)
{
    const char *keys = i->keys;
    double width = 0;
    uint32_t num;

    for (int n = 0; pgcat_next_number(&keys, &num); n++) {
        const struct pgus_attr *a = n < (int)i->x.n_keys ? NULL : pgus_attr_of(k, i->relid, (int)num);

        if (n >= (int)i->x.n_keys && (a == NULL || !a->has_stats))
            return -1;
        width += a == NULL ? 0 : a->avg_width * (1 - a->null_frac);
    }
    return width;
}

/* Pages that a fresh build would have; -1 not known. */
static double fresh_pages(const struct pgus *k, const struct pgus_index *i)
{
    double rows = i->x.rows, width, distinct, more = include_width(k, i), times, bytes;
    bool is_folded;

    if (rows < 0 || more < 0 || !measure_keys(k, i, &width, &distinct, &is_folded))
        return -1;
    if (is_folded && distinct < 0)
        return -1;
    times = is_folded && distinct > 0 ? rows / distinct : 1;
    if (times > 1)
        bytes = rows * 6 + rows / (times < POSTING_MAX ? times : POSTING_MAX) * (12 + (double)align8(width));
    else
        bytes = rows * (4 + (double)align8(8 + width + more)); /* pointer on the page, header, key */
    return bytes / (LEAF_BYTES * (double)k->block_size / 8192 * fill_of(&i->x)) + 1;
}

void pgus_estimate_bloat(struct pgus *k)
{
    for (size_t n = 0; n < k->indexes.n; n++) {
        struct pgus_index *i = &k->indexes.v[n];
        double fresh, bloat;

        if (strcmp(i->x.method, "btree") != 0 || i->x.is_partitioned || !i->x.is_valid || i->x.pages < 1)
            continue;
        fresh = fresh_pages(k, i);
        bloat = fresh < 0 ? -1 : 1 - fresh / (double)i->x.pages; /* pages and rows are of the same vacuum; the true size may be younger */
        if (fresh < 0 || bloat < -ESTIMATE_OFF)
            continue;
        i->x.bloat = bloat < 0 ? 0 : bloat;
        i->x.bloat_how = LS_BLOAT_ESTIMATE;
    }
}

/* --- measured --- */

/* Full leaves at the density of a fresh build, the pages above them and the first one: what a rebuild would have. */
static void take_measure(struct pgus *k, struct ls_usage_index *x, const struct ls_result *r)
{
    double size = strtod(ls_result_get(r, 0, 0), NULL), internal = strtod(ls_result_get(r, 0, 1), NULL), leaf = strtod(ls_result_get(r, 0, 2), NULL),
           density = strtod(ls_result_get(r, 0, 3), NULL), pages = size / (double)k->block_size, full, bloat;

    if (pages < 1)
        return;
    full = leaf > 0 ? leaf * density / 100 / fill_of(x) : 0; /* without a leaf the density is not a number */
    full = (double)(int64_t)(full + 0.999);
    internal = leaf > 0 ? internal * full / leaf : internal;
    bloat = 1 - (full + (double)(int64_t)(internal + 0.999) + 1) / pages;
    x->bloat = bloat < 0 ? 0 : bloat;
    x->bloat_how = LS_BLOAT_MEASURED;
    x->bytes = (int64_t)size;
}

static enum ls_rc measure(struct pgus *k, struct ls_usage_index *x, struct ls_err *err)
{
    struct ls_result r = {0};
    enum ls_rc rc;

    ls_buf_clear(&k->text);
    ls_buf_addf(&k->text, "select index_size, internal_pages, leaf_pages, avg_leaf_density from %s.pgstatindex(%lld::pg_catalog.regclass)", k->tuple_schema,
                (long long)x->oid);
    rc = pg_query(&k->c->db, k->text.ptr, k->text.len, NULL, 0, &r, err);
    if (rc == LS_OK && r.n_rows == 1 && ls_result_get(&r, 0, 3) != NULL)
        take_measure(k, x, &r);
    ls_result_release(&r);
    return rc;
}

static bool can_measure(const struct pgus *k, const struct ls_usage_index *x)
{
    return strcmp(x->method, "btree") == 0 && !x->is_partitioned && x->is_valid && x->bytes <= k->opts->bloat_max_bytes;
}

enum ls_rc pgus_measure_bloat(struct pgus *k, struct ls_err *err)
{
    size_t too_large = 0;
    bool is_inside = pg_tx_status(&k->c->db) == LS_TXS_OPEN;

    if (k->tuple_schema == NULL || is_inside) {
        pgus_note(k, is_inside ? "not-measured" : "no-pgstattuple", is_inside ? "bloat is not measured inside of a transaction" :
                  "bloat is estimated: the extension pgstattuple is not in this database", is_inside ? NULL : "CREATE EXTENSION pgstattuple");
        return LS_OK;
    }
    for (size_t i = 0; i < k->indexes.n; i++) {
        struct ls_usage_index *x = &k->indexes.v[i].x;
        struct ls_err own = LS_ERR_INIT;
        enum ls_rc rc;

        too_large += strcmp(x->method, "btree") == 0 && !x->is_partitioned && x->bytes > k->opts->bloat_max_bytes;
        if (!can_measure(k, x))
            continue;
        rc = measure(k, x, &own);
        if (rc == LS_E_CANCELLED || k->c->is_dead) {
            ls_err_move(err, &own);
            return rc;
        }
        ls_err_release(&own); /* dropped meanwhile, or a lock: the estimate stays */
        if (rc == LS_E_RIGHTS) {
            pgus_note(k, "no-rights", "bloat is estimated: this role may not call pgstatindex", "grant pg_stat_scan_tables to the role");
            return LS_OK;
        }
    }
    if (too_large > 0)
        pgus_note(k, "too-large", ls_arena_printf(k->u->arena, "the bloat of %zu indexes is estimated: they are too large to be read", too_large), NULL);
    return LS_OK;
}
