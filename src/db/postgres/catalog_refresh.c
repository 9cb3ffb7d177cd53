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
    int identity, probe; /* places in batch */
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

static const struct {
    bool has_buckets;
    enum pgcat_set set;
} of_again[] = {[PGA_REL] = {true, PGS_REL},
                [PGA_PROC] = {true, PGS_PROC},
                [PGA_DEPEND] = {true, PGS_DEPEND},
                [PGA_DESCRIPTION] = {true, PGS_DESCRIPTION},
                [PGA_NONE] = {false, PGS_REST}};

bool pgcat_is_due(const struct pgcat_query *q, const struct pgcat_dirty *dirty, struct ls_buf *buckets)
{
    enum pgcat_set set = of_again[q->again].set;

    if (q->again == PGA_TYPES)
        return dirty->n[PGS_TYPE] + dirty->n[PGS_REL] + dirty->n[PGS_DESCRIPTION] > 0;
    if (!of_again[q->again].has_buckets)
        return q->again != PGA_NONE;
    ls_buf_addc(buckets, '{');
    for (int i = 0; i < PGCAT_BUCKETS; i++)
        if (dirty->is_dirty[set][i])
            ls_buf_addf(buckets, "%s%d", buckets->len > 1 ? "," : "", i);
    ls_buf_addc(buckets, '}');
    /* A routine's body in SQL shows the columns of what it reads. */
    return dirty->n[set] > 0 || (q->again == PGA_PROC && dirty->n[PGS_REL] > 0);
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
    bool has_buckets = of_again[q->again].has_buckets;
    int at = place_of(r->old, q);
    struct pgcat_merge found;

    if (at < 0) {
        r->is_odd = true;
        return;
    }
    pgcat_kept_merge(&r->old->kept[at], res, has_buckets ? dirty->is_dirty[of_again[q->again].set] : NULL, &r->fresh[at], &found);
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
    else if (i == x->r->probe)
        pgcat_probe_take(&x->r->is, res);
}

static void add_probe(struct refresh *r)
{
    struct ls_buf text = LS_BUF_INIT;

    pgcat_probe_release(&r->is);
    r->is = (struct pgcat_probe){.is_inside = r->k.is_inside};
    pgcat_probe_identity_sql(&text);
    r->identity = r->batch.n;
    pgcat_add(&r->batch, &r->k, text.ptr);
    ls_buf_clear(&text);
    pgcat_probe_sql(&r->k, r->k.is_inside, r->old != NULL ? &r->old->probe : NULL, &text);
    r->probe = r->batch.n;
    pgcat_add(&r->batch, &r->k, text.ptr);
    ls_buf_release(&text);
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
    return rc;
}

/* Everything, and what the next one needs. */
static enum ls_rc read_whole(struct refresh *r, struct ls_err *err)
{
    r->old = NULL;
    r->next = ls_calloc(1, sizeof(*r->next));
    r->next->state.free = state_free;
    pgcat_add_begin(&r->batch, &r->k);
    add_probe(r);
    pgcat_add_all(&r->batch, &r->k, NULL);
    pgcat_add_end(&r->batch, &r->k);
    return send(r, NULL, err);
}

static bool is_same_snapshot(const struct pgcat_probe *was, const struct pgcat_probe *is)
{
    return !is->is_inside && !was->is_inside && is->identity != NULL && strcmp(was->identity, is->identity) == 0 &&
           is->snapshot[0] != '\0' && strcmp(was->snapshot, is->snapshot) == 0;
}

/* Where something has changed. False: that cannot be said. */
static bool find_dirty(const struct refresh *r, struct pgcat_dirty *dirty)
{
    if (is_same_snapshot(&r->old->probe, &r->is))
        return true; /* nowhere */
    return pgcat_probe_compare(&r->old->probe, &r->is, dirty);
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
    bool is_comparable = false, is_due = false;
    enum ls_rc rc;

    pgcat_add_begin(&r->batch, &r->k);
    add_probe(r);
    rc = send(r, NULL, err);
    if (rc == LS_OK) {
        is_comparable = find_dirty(r, dirty);
        is_due = is_any(dirty) || r->old->has_subscriptions;
        if (is_due && r->k.opts->with_definitions)
            is_comparable = false;
        if (is_comparable && is_due)
            pgcat_add_all(&r->batch, &r->k, dirty);
        pgcat_add_end(&r->batch, &r->k);
        rc = send(r, dirty, err);
    }
    if (!is_comparable || r->is_renamed || r->is_odd)
        *how = LS_CATALOG_WHOLE;
    else
        *how = r->is_other || r->old->has_subscriptions ? LS_CATALOG_PARTLY : LS_CATALOG_SAME;
    free(dirty);
    return rc;
}

/* --- the catalogue --- */

/* What was read partly is now what is kept. The signatures of a probe that looked at nothing are those of before. */
static void commit(struct refresh *r)
{
    if (!is_same_snapshot(&r->old->probe, &r->is)) {
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
    enum ls_rc rc;

    pgcat_init(&r->k, db, opts);
    r->old = (struct pg_catalog_state *)*state;
    *how = LS_CATALOG_WHOLE;
    rc = pgcat_ask_for_subscriptions(&r->k, err);
    if (rc == LS_OK && r->old != NULL && r->old->probe.identity != NULL)
        rc = read_partly(r, how, err);
    if (rc == LS_OK && *how == LS_CATALOG_WHOLE)
        rc = read_whole(r, err);
    if (rc == LS_OK)
        rc = finish(r, *how, out, err);
    else
        pgcat_drop(&r->k);
    if (rc == LS_OK && r->next != NULL) {
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
    return rc;
}
