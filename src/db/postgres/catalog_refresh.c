/* A second read of a catalogue: where rows of the server's tables have changed (catalog_probe.c), the queries are asked again for
 * these alone, and with the rows that were kept they become facts as all rows do (catalog_kept.c). When something has another name,
 * which may stand in any text, everything is read again. */
#include <config.h>

#include "db/postgres/catalog_kept.h"

#include "lockstep/base/mem.h"

struct pg_catalog_state {
    struct ls_catalog_state state;
    struct pgcat_probe probe;
    struct pgcat_kept kept[PGCAT_MAX_QUERIES];
    int n;
    bool has_subscriptions;
};

/* What a read is doing. */
struct refresh {
    struct pgcat k;
    struct pgcat_batch batch;
    int identity, totals, buckets; /* places in batch, -1: not in it */
    struct pg_catalog_state *old; /* NULL: there is none that can be used */
    struct pg_catalog_state *next; /* everything is read, into this; or NULL */
    struct pgcat_probe is;
    struct pgcat_kept fresh[PGCAT_MAX_QUERIES]; /* instead of old->kept[i]; query NULL: that one stays */
    bool is_renamed, is_other, is_odd;
};

static void kept_release(struct pgcat_kept *kept, int n)
{
    for (int i = 0; i < n; i++)
        if (kept[i].query != NULL)
            pgcat_kept_release(&kept[i]);
}

static void state_free(struct ls_catalog_state *s)
{
    struct pg_catalog_state *p = (struct pg_catalog_state *)s;

    pgcat_probe_release(&p->probe);
    kept_release(p->kept, p->n);
    free(p);
}

/* --- which queries --- */

bool pgcat_is_due(const struct pgcat_query *q, const struct pgcat_dirty *dirty, struct ls_buf *buckets)
{
    bool is_due = q->sets == 0;

    for (int set = 0; set < PGS_N; set++)
        is_due = is_due || (dirty->n[set] > 0 && (q->sets & PGS_ON(set)));
    ls_buf_addc(buckets, '{');
    for (int i = 0; i < PGCAT_BUCKETS && q->keys != NULL; i++)
        if (dirty->is_dirty[q->by][i])
            ls_buf_addf(buckets, "%s%d", buckets->len > 1 ? "," : "", i);
    ls_buf_addc(buckets, '}');
    return is_due;
}

/* --- reading --- */

static int place_of(const struct pg_catalog_state *s, const struct pgcat_query *q)
{
    for (int i = 0; i < s->n; i++)
        if (s->kept[i].query == q)
            return i;
    return -1;
}

static void keep_new(struct refresh *r, const struct pgcat_query *q, const PGresult *res)
{
    struct pgcat_kept *kept = &r->next->kept[r->next->n++];

    pgcat_kept_init(kept, q, res);
    pgcat_take(&r->k, q, res);
}

static void keep_merged(struct refresh *r, const struct pgcat_query *q, const PGresult *res, const struct pgcat_dirty *dirty)
{
    int at = place_of(r->old, q);
    struct pgcat_merge found;

    if (at < 0) {
        r->is_odd = true;
        return;
    }
    pgcat_kept_merge(&r->old->kept[at], res, q->keys != NULL ? dirty->is_dirty[q->by] : NULL, &r->fresh[at], &found);
    r->is_renamed = r->is_renamed || found.is_renamed;
    r->is_other = r->is_other || (!found.is_same && q->when != PGQ_SIZES);
}

struct result_ctx {
    struct refresh *r;
    const struct pgcat_dirty *dirty; /* NULL: everything is read */
};

static void on_result(struct pgcat *k, int i, const struct pgcat_query *q, const PGresult *res)
{
    struct result_ctx *x = k->on_result_ctx;

    if (q != NULL && x->dirty == NULL)
        keep_new(x->r, q, res);
    else if (q != NULL)
        keep_merged(x->r, q, res, x->dirty);
    else if (i == x->r->identity)
        pgcat_probe_take_identity(&x->r->is, res);
    else if (i == x->r->totals)
        pgcat_probe_take_totals(&x->r->is, res);
    else if (i == x->r->buckets)
        pgcat_probe_take_buckets(&x->r->is, res);
}

/* The text's place in the batch. */
static int add_text(struct refresh *r, const struct ls_buf *text)
{
    pgcat_add(&r->batch, &r->k, text->ptr);
    return r->batch.n - 1;
}

static void add_identity(struct refresh *r)
{
    struct ls_buf text = LS_BUF_INIT;

    pgcat_probe_release(&r->is);
    r->is.is_inside = r->k.is_inside;
    pgcat_probe_identity_sql(&text);
    r->identity = add_text(r, &text);
    ls_buf_release(&text);
}

static void add_totals(struct refresh *r)
{
    struct ls_buf text = LS_BUF_INIT;

    pgcat_probe_totals_sql(&r->k, &r->old->probe, &text);
    r->totals = add_text(r, &text);
    ls_buf_release(&text);
}

/* False: there is nothing to ask. */
static bool add_buckets(struct refresh *r)
{
    struct ls_buf text = LS_BUF_INIT;

    pgcat_probe_buckets_sql(&r->k, r->old != NULL ? &r->old->probe : NULL, &r->is, &text);
    if (text.len > 0)
        r->buckets = add_text(r, &text);
    ls_buf_release(&text);
    return r->buckets >= 0;
}

static enum ls_rc send(struct refresh *r, const struct pgcat_dirty *dirty, struct ls_err *err)
{
    struct result_ctx x = {r, dirty};
    enum ls_rc rc;

    r->k.on_result = on_result;
    r->k.on_result_ctx = &x;
    rc = pgcat_send(&r->k, &r->batch, err);
    r->k.on_result = NULL;
    r->batch.n = 0;
    r->identity = r->totals = r->buckets = -1;
    return rc;
}

/* Everything, and what the next one needs. */
static enum ls_rc read_whole(struct refresh *r, struct ls_err *err)
{
    r->old = NULL;
    r->next = ls_calloc(1, sizeof(*r->next));
    r->next->state.free = state_free;
    pgcat_add_begin(&r->batch, &r->k);
    add_identity(r);
    (void)add_buckets(r);
    pgcat_add_all(&r->batch, &r->k, NULL);
    pgcat_add_end(&r->batch, &r->k);
    return send(r, NULL, err);
}

#define MAX_DIRTY (PGCAT_BUCKETS / 4) /* of relations: with more, asking for all is cheaper */

/* Opens the transaction and finds where something has changed. *is_known false: that cannot be said, or it is nearly everywhere. */
static enum ls_rc find_dirty(struct refresh *r, struct pgcat_dirty *dirty, bool *is_known, struct ls_err *err)
{
    struct pgcat_probe *was = &r->old->probe;
    enum ls_rc rc;

    pgcat_add_begin(&r->batch, &r->k);
    add_identity(r);
    add_totals(r);
    rc = send(r, NULL, err);
    *is_known = rc == LS_OK && pgcat_probe_is_comparable(was, &r->is);
    if (!*is_known || pgcat_probe_is_same_snapshot(was, &r->is))
        return rc;
    if (add_buckets(r))
        rc = send(r, NULL, err);
    if (rc == LS_OK)
        pgcat_probe_compare(was, &r->is, dirty);
    *is_known = dirty->n[PGS_REST] == 0 && dirty->n[PGS_REL] <= MAX_DIRTY;
    return rc;
}

static bool is_any(const struct pgcat_dirty *dirty)
{
    int n = 0;

    for (int set = 0; set < PGS_N; set++)
        n += dirty->n[set];
    return n > 0;
}

/* The probe, then what has changed; *how WHOLE: nothing of that, everything is to be read. How a subscription connects is in no
 * probe, so where there is one, some queries are always asked again. */
static enum ls_rc read_partly(struct refresh *r, enum ls_catalog_how *how, struct ls_err *err)
{
    struct pgcat_dirty *dirty = ls_calloc(1, sizeof(*dirty));
    bool is_known, is_due;
    enum ls_rc rc = find_dirty(r, dirty, &is_known, err);

    if (rc == LS_OK) {
        is_due = is_any(dirty) || r->old->has_subscriptions || r->k.opts->always;
        if (is_due && r->k.opts->with_definitions)
            is_known = false;
        if (is_known && is_due)
            pgcat_add_all(&r->batch, &r->k, dirty);
        pgcat_add_end(&r->batch, &r->k);
        rc = send(r, dirty, err);
    }
    if (!is_known || r->is_renamed || r->is_odd)
        *how = LS_CATALOG_WHOLE;
    else
        *how = r->is_other || r->old->has_subscriptions || r->k.opts->always ? LS_CATALOG_PARTLY : LS_CATALOG_SAME;
    free(dirty);
    return rc;
}

/* --- the catalogue --- */

/* What was read partly is now what is kept. The signatures of a probe that looked at nothing are those of before. */
static void commit(struct refresh *r)
{
    if (!pgcat_probe_is_same_snapshot(&r->old->probe, &r->is)) {
        pgcat_probe_release(&r->old->probe);
        r->old->probe = r->is;
        r->is = (struct pgcat_probe){.identity = NULL};
    }
    for (int i = 0; i < r->old->n; i++) {
        if (r->fresh[i].query == NULL)
            continue;
        pgcat_kept_release(&r->old->kept[i]);
        r->old->kept[i] = r->fresh[i];
        r->fresh[i].query = NULL;
    }
}

static enum ls_rc make_facts(struct refresh *r, struct ls_err *err)
{
    for (int i = 0; i < r->old->n; i++) {
        PGresult *res = pgcat_kept_result(&r->old->kept[i]);

        if (res == NULL)
            return ls_err_set(err, LS_E_INTERNAL, "out of memory in libpq");
        pgcat_take(&r->k, r->old->kept[i].query, res);
        PQclear(res);
    }
    return LS_OK;
}

/* Ends the reading: what there is to give, and what the next one needs. */
static enum ls_rc finish(struct refresh *r, enum ls_catalog_how how, struct ls_catalog **out, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    if (how != LS_CATALOG_WHOLE)
        commit(r);
    if (how == LS_CATALOG_SAME) {
        pgcat_drop(&r->k);
        return LS_OK;
    }
    if (how == LS_CATALOG_PARTLY)
        rc = make_facts(r, err);
    (r->next != NULL ? r->next : r->old)->has_subscriptions = r->k.has_subscriptions;
    rc = pgcat_finish(&r->k, rc, out, err);
    if (rc != LS_OK && how == LS_CATALOG_PARTLY)
        pgcat_probe_release(&r->old->probe); /* what is kept is no longer what the caller has */
    return rc;
}

enum ls_rc pg_catalog_refresh(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog_state **state,
                              struct ls_catalog **out, enum ls_catalog_how *how, struct ls_err *err)
{
    struct refresh *r = ls_calloc(1, sizeof(*r));
    struct ls_err own = LS_ERR_INIT;
    bool is_torn;
    enum ls_rc rc;

    r->identity = r->totals = r->buckets = -1;
    pgcat_init(&r->k, db, opts);
    r->old = (struct pg_catalog_state *)*state;
    *how = LS_CATALOG_WHOLE;
    rc = pgcat_ask_for_subscriptions(&r->k, &own);
    if (rc == LS_OK && r->old != NULL && r->old->probe.identity != NULL)
        rc = read_partly(r, how, &own);
    if (rc == LS_OK && *how == LS_CATALOG_WHOLE)
        rc = read_whole(r, &own);
    if (rc == LS_OK)
        rc = finish(r, *how, out, &own);
    else
        pgcat_drop(&r->k);
    is_torn = (rc != LS_OK || *how != LS_CATALOG_SAME) && !r->k.is_inside && pgcat_is_torn(&r->k, rc, &own);
    if (is_torn && *state != NULL)
        pgcat_probe_release(&((struct pg_catalog_state *)*state)->probe); /* nothing of this is kept */
    if (rc == LS_OK && r->next != NULL && !is_torn) {
        r->next->probe = r->is;
        r->is = (struct pgcat_probe){.identity = NULL};
        *state = &r->next->state;
        r->next = NULL;
    }
    kept_release(r->fresh, PGCAT_MAX_QUERIES);
    pgcat_probe_release(&r->is);
    if (r->next != NULL)
        state_free(&r->next->state);
    free(r);
    if (is_torn) {
        if (rc == LS_OK)
            ls_catalog_free(*out);
        *how = LS_CATALOG_WHOLE;
        ls_err_release(&own);
        return pg_catalog(db, opts, out, err);
    }
    if (rc != LS_OK && err != NULL)
        ls_err_move(err, &own);
    ls_err_release(&own);
    return rc;
}
