/* How the indexes of a PostgreSQL database are used: one snapshot, one round trip. What the server refuses and nothing else needs is left out, and the
 * rest is asked for again. */
#include <config.h>

#include "db/postgres/usage_priv.h"

#include "lockstep/base/mem.h"

#define MAX_QUERIES 32
#define LOCK_WAIT   "3s" /* sizes, and expressions of wide tables, need a look at tables that a migration may hold */

void pgus_note(struct pgus *k, const char *code, const char *message, const char *hint)
{
    *LS_VEC_PUSH(&k->u->notes.d) = (struct ls_diag){.severity = LS_SEV_WARNING, .code = code, .message = ls_arena_str(k->u->arena, message), .hint = hint};
}

/* --- one try --- */

struct batch {
    const struct pgus_query *queries[MAX_QUERIES]; /* NULL: a statement without rows */
    const char *sql[MAX_QUERIES];
    int n;
    struct pgus *k;
};

static void add(struct batch *b, const char *sql, const struct pgus_query *q)
{
    b->queries[b->n] = q;
    b->sql[b->n++] = sql;
}

static void take(void *ctx, int i, const PGresult *res)
{
    struct batch *b = ctx;

    if (b->queries[i] != NULL && b->queries[i]->take != NULL)
        b->queries[i]->take(b->k, res);
}

static bool is_wanted(const struct pgus *k, const struct pgus_query *q)
{
    const char *answer = PQparameterStatus(k->c->conn, "is_superuser"); /* the server keeps it up to date, SET ROLE included */
    bool is_superuser = answer != NULL && strcmp(answer, "on") == 0;

    return !((q->when & PGUS_SIZES) && !k->opts->with_sizes) && !((q->when & PGUS_SUPERUSER) && !is_superuser) &&
           !((q->when & PGUS_NO_SUPERUSER) && is_superuser);
}

static void fill(struct batch *b, uint64_t left_out, bool is_inside)
{
    add(b, is_inside ? "SAVEPOINT lockstep_usage" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL);
    add(b, "SET LOCAL search_path = pg_catalog, pg_temp", NULL);
    add(b, "SET LOCAL jit = off", NULL);
    add(b, "SET LOCAL work_mem = '64MB'", NULL);
    add(b, "SET LOCAL quote_all_identifiers = off", NULL);
    add(b, "SET LOCAL lock_timeout = '" LOCK_WAIT "'", NULL);
    for (int i = 0; pgus_queries[i].sql != NULL; i++) {
        const struct pgus_query *q = &pgus_queries[i];

        if ((left_out >> i & 1) || !is_wanted(b->k, q))
            continue;
        ls_buf_clear(&b->k->text);
        pgcat_expand(q->sql, b->k->version, NULL, &b->k->text);
        add(b, ls_arena_str(b->k->scratch, b->k->text.ptr), q);
    }
    if (is_inside)
        add(b, "ROLLBACK TO SAVEPOINT lockstep_usage", NULL);
    add(b, is_inside ? "RELEASE SAVEPOINT lockstep_usage" : "COMMIT", NULL);
}

/* *refused: the query that did not work; NULL: none of ours. */
static enum ls_rc read_all(struct pgus *k, uint64_t left_out, const struct pgus_query **refused, struct ls_err *err)
{
    static const char back[] = "ROLLBACK TO SAVEPOINT lockstep_usage; RELEASE SAVEPOINT lockstep_usage";
    bool is_inside = pg_tx_status(&k->c->db) == LS_TXS_OPEN;
    struct ls_exec_info info = {.rows = -1};
    struct batch b = {.k = k};
    int failed = -1;
    enum ls_rc rc;

    fill(&b, left_out, is_inside);
    rc = pg_pipeline_rows(k->c, b.sql, b.n, take, &b, &failed, err);
    *refused = rc != LS_OK && failed >= 0 ? b.queries[failed] : NULL;
    if (rc != LS_OK && !k->c->is_dead && !is_inside)
        pg_rollback(&k->c->db);
    if (rc != LS_OK && !k->c->is_dead && is_inside) /* the transaction around it can go on */
        (void)pg_exec_batch(&k->c->db, back, strlen(back), &info, NULL);
    return rc;
}

static void start(struct pgus *k)
{
    struct ls_arena *a = ls_arena_new();
    const struct ls_db_info *info = &k->c->db.info;

    k->scratch = ls_arena_new();
    k->u = LS_ARENA_NEW(a, struct ls_usage);
    k->u->arena = a;
    k->u->dialect = LS_DIALECT_POSTGRES;
    k->u->database = ls_arena_str(a, info->database);
    k->u->server = ls_arena_str(a, info->server);
    k->u->system_id = ls_arena_str(a, info->system_id);
    k->u->server_version = info->server_version;
    k->block_size = 8192;
}

static void release(struct pgus *k)
{
    LS_VEC_RELEASE(&k->attrs);
    LS_VEC_RELEASE(&k->classes);
    LS_VEC_RELEASE(&k->collations);
    LS_VEC_RELEASE(&k->amops);
    LS_VEC_RELEASE(&k->tables);
    LS_VEC_RELEASE(&k->indexes);
    LS_VEC_RELEASE(&k->fks);
    LS_VEC_RELEASE(&k->table_at);
    LS_VEC_RELEASE(&k->index_at);
    LS_VEC_RELEASE(&k->stand_ins);
    LS_VEC_RELEASE(&k->disabled);
    ls_buf_release(&k->text);
    ls_buf_release(&k->more);
    ls_arena_free(k->scratch);
    k->scratch = NULL;
    k->has_hidden_build = false;
}

/* --- the whole --- */

/* Counts of what stores nothing: of all that is attached below. A parent stands before its children nowhere in particular, so each leaf climbs. */
static void add_to_parents(struct pgus *k)
{
#define ADD(to, from) ((to) = (from) < 0 ? (to) : ((to) < 0 ? 0 : (to)) + (from))
    for (size_t i = 0; i < k->indexes.n; i++) {
        const struct ls_usage_index *x = &k->indexes.v[i].x;

        for (uint32_t up = x->is_partitioned ? LS_NO_USAGE : x->parent; up != LS_NO_USAGE; up = k->indexes.v[up].x.parent) {
            struct ls_usage_index *p = &k->indexes.v[up].x;

            ADD(p->scans, x->scans);
            ADD(p->tup_read, x->tup_read);
            ADD(p->tup_fetch, x->tup_fetch);
            ADD(p->bytes, x->bytes);
            ADD(p->pages, x->pages);
            ADD(p->rows, x->rows);
            p->last_scan_us = p->last_scan_us > x->last_scan_us ? p->last_scan_us : x->last_scan_us;
        }
    }
    for (size_t i = 0; i < k->tables.n; i++) {
        const struct ls_usage_table *x = &k->tables.v[i].t;

        for (uint32_t up = x->kind == 'p' ? LS_NO_USAGE : x->parent; up != LS_NO_USAGE; up = k->tables.v[up].t.parent) {
            struct ls_usage_table *p = &k->tables.v[up].t;

            ADD(p->bytes, x->bytes);
            ADD(p->seq_scans, x->seq_scans);
            ADD(p->seq_rows, x->seq_rows);
            ADD(p->idx_scans, x->idx_scans);
            ADD(p->inserted, x->inserted);
            ADD(p->updated, x->updated);
            ADD(p->deleted, x->deleted);
            ADD(p->hot_updated, x->hot_updated);
            ADD(p->live, x->live);
            ADD(p->dead, x->dead);
            ADD(p->rows, x->rows);
        }
    }
#undef ADD
}

/* What a partitioned one says of itself is nothing: its reltuples may be a count of the past. */
static void add_up(struct pgus *k)
{
    for (size_t i = 0; i < k->tables.n; i++)
        if (k->tables.v[i].t.kind == 'p') {
            struct ls_usage_table *t = &k->tables.v[i].t;

            t->rows = -1;
            t->bytes = t->seq_scans = t->seq_rows = t->inserted = t->updated = t->deleted = t->hot_updated = t->live = t->dead = -1;
        }
    for (size_t i = 0; i < k->indexes.n; i++) {
        struct ls_usage_index *x = &k->indexes.v[i].x;
        struct ls_usage_table *t = &k->tables.v[x->table].t;

        if (x->is_partitioned) {
            x->rows = -1;
            x->bytes = x->pages = x->scans = -1;
        } else if (x->scans >= 0) {
            t->idx_scans = (t->idx_scans < 0 ? 0 : t->idx_scans) + x->scans;
        }
    }
    for (size_t i = 0; i < k->tables.n; i++) /* a table without indexes has none */
        if (k->counts && k->tables.v[i].t.kind != 'p' && k->tables.v[i].t.idx_scans < 0 && k->tables.v[i].t.seq_scans >= 0)
            k->tables.v[i].t.idx_scans = 0;
    add_to_parents(k);
}

struct by_name {
    const char *name, *schema;
    uint32_t at;
};

static int compare_names(const void *a, const void *b)
{
    const struct by_name *x = a, *y = b;
    int c = strcmp(x->name, y->name);

    return c != 0 ? c : strcmp(x->schema, y->schema);
}

/* Into the arrays that are handed over. */
static void freeze(struct pgus *k)
{
    struct ls_usage *u = k->u;
    struct ls_usage_table *tables = LS_ARENA_ARRAY(u->arena, struct ls_usage_table, k->tables.n + 1);
    struct ls_usage_index *indexes = LS_ARENA_ARRAY(u->arena, struct ls_usage_index, k->indexes.n + 1);
    struct ls_usage_fk *fks = LS_ARENA_ARRAY(u->arena, struct ls_usage_fk, k->fks.n + 1);
    struct by_name *names = LS_ARENA_ARRAY(k->scratch, struct by_name, k->indexes.n + 1);
    uint32_t *by_name = LS_ARENA_ARRAY(u->arena, uint32_t, k->indexes.n + 1);

    for (uint32_t i = 0, x = 0, f = 0; i < k->tables.n; i++) {
        tables[i] = k->tables.v[i].t;
        for (tables[i].first_index = x; x < k->indexes.n && k->indexes.v[x].x.table == i; x++)
            tables[i].n_indexes++;
        for (tables[i].first_fk = f; f < k->fks.n && k->fks.v[f].f.table == i; f++)
            tables[i].n_fks++;
    }
    for (uint32_t i = 0; i < k->indexes.n; i++) {
        indexes[i] = k->indexes.v[i].x;
        names[i] = (struct by_name){indexes[i].name, indexes[i].schema, i};
    }
    for (uint32_t i = 0; i < k->fks.n; i++)
        fks[i] = k->fks.v[i].f;
    qsort(names, k->indexes.n, sizeof(*names), compare_names);
    for (uint32_t i = 0; i < k->indexes.n; i++)
        by_name[i] = names[i].at;
    u->tables = tables;
    u->n_tables = (uint32_t)k->tables.n;
    u->indexes = indexes;
    u->n_indexes = (uint32_t)k->indexes.n;
    u->fks = fks;
    u->n_fks = (uint32_t)k->fks.n;
    u->by_name = by_name;
}

static void note_left_out(struct pgus *k, uint64_t left_out, enum ls_rc why)
{
    for (int i = 0; pgus_queries[i].sql != NULL; i++)
        if (left_out >> i & 1)
            pgus_note(k, why == LS_E_BUSY ? "busy" : "no-rights",
                      ls_arena_printf(k->u->arena, "not read, %s: %s", why == LS_E_BUSY ? "a lock is held" : "the role may not", pgus_queries[i].lacks),
                      why == LS_E_BUSY ? "something else holds a lock on a table: try again when it is done" : "grant pg_monitor to the role");
}

/* Each query that is refused for itself is left out; what is left of the tries begins anew. */
static enum ls_rc read_what_may_be(struct pgus *k, struct ls_err *err)
{
    uint64_t left_out = 0;
    enum ls_rc rc, why = LS_OK;

    for (;;) {
        const struct pgus_query *refused = NULL;
        struct ls_err own = LS_ERR_INIT;

        start(k);
        rc = read_all(k, left_out, &refused, &own);
        if (rc == LS_OK) {
            note_left_out(k, left_out, why);
            return LS_OK;
        }
        if ((rc != LS_E_RIGHTS && rc != LS_E_BUSY) || refused == NULL || refused->lacks == NULL || k->c->is_dead) {
            ls_err_move(err, &own);
            ls_err_wrap(err, "while reading how indexes are used");
            if (rc == LS_E_BUSY) /* from 17 on a look at an expression waits for its table */
                ls_err_hint(err, "something else holds a lock on a table: try again when it is done");
            return rc;
        }
        why = rc;
        left_out |= 1ULL << (refused - pgus_queries);
        ls_err_release(&own);
        ls_usage_free(k->u);
        release(k);
        k->u = NULL;
    }
}

enum ls_rc pg_usage(struct ls_db *db, const struct ls_usage_opts *opts, struct ls_usage **out, struct ls_err *err)
{
    struct pgus k = {.c = pg_of(db), .opts = opts, .version = db->info.server_version, .text = LS_BUF_INIT, .more = LS_BUF_INIT};
    enum ls_rc rc;

    if (k.version < 130000)
        return ls_err_set(err, LS_E_UNSUPPORTED, "PostgreSQL 13 or newer is needed to read how indexes are used; this is %s", db->info.server);
    rc = read_what_may_be(&k, err);
    if (rc == LS_OK) {
        pgus_make_keys(&k);
        pgus_make_fks(&k);
        pgus_estimate_bloat(&k);
        if (opts->with_bloat)
            rc = pgus_measure_bloat(&k, err);
        if (rc == LS_OK && opts->with_orphans)
            rc = pgus_count_orphans(&k, err);
    }
    if (rc == LS_OK) {
        add_up(&k);
        freeze(&k);
        *out = k.u;
    } else {
        ls_usage_free(k.u);
    }
    release(&k);
    return rc;
}
