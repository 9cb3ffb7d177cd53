/* A PostgreSQL schema as facts: one snapshot, one round trip. */
#include <config.h>

#include "db/postgres/catalog_priv.h"

#include <stdio.h>

#include "lockstep/base/mem.h"

void pgcat_add(struct pgcat_batch *b, struct pgcat *k, const char *sql)
{
    b->queries[b->n] = NULL;
    b->sql[b->n++] = ls_arena_str(ls_catalog_builder_arena(k->b), sql);
}

static void add_queries(struct pgcat_batch *b, struct pgcat *k, const struct pgcat_query *q, const struct pgcat_dirty *dirty)
{
    struct ls_buf buckets = LS_BUF_INIT;

    for (; q->sql != NULL; q++) {
        if (k->without_subscriptions && q->kind == LS_FACT_SUBSCRIPTION)
            continue;
        if ((q->since > k->version / 10000) || (q->is_database_wide && k->opts->schemas != NULL) ||
            (q->when == PGQ_DEFINITIONS && !k->opts->with_definitions) || (q->when == PGQ_SIZES && !k->opts->with_sizes))
            continue;
        ls_buf_clear(&buckets);
        if (dirty != NULL && !pgcat_is_due(q, dirty, &buckets))
            continue;
        ls_buf_clear(&k->text);
        pgcat_expand(q->sql, k->version, dirty != NULL ? buckets.ptr : NULL, &k->text);
        pgcat_add(b, k, k->text.ptr);
        b->queries[b->n - 1] = q;
    }
    ls_buf_release(&buckets);
}

void pgcat_add_all(struct pgcat_batch *b, struct pgcat *k, const struct pgcat_dirty *dirty)
{
    add_queries(b, k, pgcat_table_queries, dirty);
    add_queries(b, k, pgcat_type_queries, dirty);
    add_queries(b, k, pgcat_code_queries, dirty);
    add_queries(b, k, pgcat_other_queries, dirty);
    add_queries(b, k, pgcat_last_queries, dirty);
}

/* In a transaction that is open already the settings are taken back to a savepoint. */
void pgcat_add_begin(struct pgcat_batch *b, struct pgcat *k)
{
    static const char *const settings[] = {"SET LOCAL search_path = pg_catalog, pg_temp", "SET LOCAL jit = off",
                                           "SET LOCAL work_mem = '64MB'", "SET LOCAL quote_all_identifiers = off"};

    k->is_inside = pg_tx_status(&k->c->db) == LS_TXS_OPEN;
    pgcat_add(b, k, k->is_inside ? "SAVEPOINT lockstep_catalog" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    for (size_t i = 0; i < LS_ARRAY_LEN(settings); i++)
        pgcat_add(b, k, settings[i]);
}

void pgcat_add_end(struct pgcat_batch *b, struct pgcat *k)
{
    if (k->is_inside)
        pgcat_add(b, k, "ROLLBACK TO SAVEPOINT lockstep_catalog");
    pgcat_add(b, k, k->is_inside ? "RELEASE SAVEPOINT lockstep_catalog" : "COMMIT");
}

void pgcat_take(struct pgcat *k, const struct pgcat_query *q, const PGresult *res)
{
    if (q->take != NULL)
        q->take(k, res);
    else
        pgcat_take_facts(k, res, q);
}

struct taker {
    struct pgcat *k;
    const struct pgcat_batch *b;
};

static void take(void *ctx, int i, const PGresult *res)
{
    struct taker *t = ctx;
    const struct pgcat_query *q = t->b->queries[i];

    if (t->k->on_result != NULL)
        t->k->on_result(t->k, i, q, res);
    else if (q != NULL)
        pgcat_take(t->k, q, res);
}

enum ls_rc pgcat_send(struct pgcat *k, const struct pgcat_batch *b, struct ls_err *err)
{
    static const char back[] = "ROLLBACK TO SAVEPOINT lockstep_catalog; RELEASE SAVEPOINT lockstep_catalog";
    struct taker t = {k, b};
    struct ls_exec_info info = {.rows = -1};
    int failed = -1;
    enum ls_rc rc = pg_pipeline_rows(k->c, b->sql, b->n, take, &t, &failed, err);

    if (rc != LS_OK && !k->c->is_dead && !k->is_inside)
        pg_rollback(&k->c->db);
    if (rc != LS_OK && !k->c->is_dead && k->is_inside) /* the transaction around it can go on */
        (void)pg_exec_batch(&k->c->db, back, strlen(back), &info, NULL);
    if (rc != LS_OK)
        ls_err_wrap(err, "while reading the catalogue%s%s",
                    failed >= 0 && b->queries[failed] && b->queries[failed]->kind ? ": " : "",
                    failed >= 0 && b->queries[failed] ? ls_fact_kind_plural(b->queries[failed]->kind) : "");
    return rc;
}

/* Before 14 not everybody may read the columns of pg_subscription that are needed, its oid among them. */
enum ls_rc pgcat_ask_for_subscriptions(struct pgcat *k, struct ls_err *err)
{
    static const char ask[] = "select pg_catalog.has_table_privilege('pg_catalog.pg_subscription', 'select')";
    struct ls_result r = {0};
    enum ls_rc rc;

    if (k->version >= 140000)
        return LS_OK;
    rc = pg_query(&k->c->db, ask, strlen(ask), NULL, 0, &r, err);
    k->without_subscriptions = rc == LS_OK && !(ls_result_get(&r, 0, 0) && ls_db_text_is_true(ls_result_get(&r, 0, 0)));
    if (k->without_subscriptions)
        ls_catalog_note(k->b, LS_SEV_WARNING, "no-rights", "subscriptions, if there are any, may not be seen",
                        "connect as a superuser");
    ls_result_release(&r);
    return rc;
}

/* How a subscription connects is readable by superusers only, and an error would end the transaction: so the right is asked for
 * first, and all of it only where there is a subscription. Passwords stay out. */
static enum ls_rc read_connections(struct pgcat *k, struct ls_err *err)
{
    static const char ask[] = "select pg_catalog.has_column_privilege('pg_catalog.pg_subscription', 'subconninfo', 'select')";
    static const char text[] =
        "select oid, pg_catalog.regexp_replace(pg_catalog.regexp_replace(subconninfo, "
        "'(password\\s*=\\s*)(''([^''\\\\]|\\\\.)*''|' || case when subconninfo ~ '^postgres(ql)?://' then '[^\\s&]+' "
        "else '(\\\\.|\\S)+' end || ')', "
        "'\\1(hidden)', 'gi'), '(://[^/:@]*:)[^/@]*@', '\\1(hidden)@') from pg_catalog.pg_subscription "
        "where subdbid = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())";
    struct ls_result r = {0};
    enum ls_rc rc = pg_query(&k->c->db, ask, strlen(ask), NULL, 0, &r, err);
    bool may = rc == LS_OK && ls_result_get(&r, 0, 0) && ls_db_text_is_true(ls_result_get(&r, 0, 0));

    ls_result_release(&r);
    if (rc != LS_OK)
        return rc;
    if (!may) {
        ls_catalog_note(k->b, LS_SEV_WARNING, "no-rights", "how the subscriptions connect may not be seen",
                        "connect as a superuser");
        return LS_OK;
    }
    rc = pg_query(&k->c->db, text, strlen(text), NULL, 0, &r, err);
    for (size_t i = 0; rc == LS_OK && i < r.n_rows; i++)
        ls_catalog_set(k->b, pgcat_find(k, PGC_SUBSCRIPTION, (uint32_t)strtoul(ls_result_get(&r, i, 0), NULL, 10)), LS_A_SERVER,
                       ls_result_get(&r, i, 1));
    ls_result_release(&r);
    return rc;
}

static void release(struct pgcat *k)
{
    pgcat_map_release(k);
    LS_VEC_RELEASE(&k->schemas);
    LS_VEC_RELEASE(&k->collations);
    LS_VEC_RELEASE(&k->types);
    LS_VEC_RELEASE(&k->rels);
    LS_VEC_RELEASE(&k->cols);
    LS_VEC_RELEASE(&k->seqs);
    LS_VEC_RELEASE(&k->keys);
    LS_VEC_RELEASE(&k->opclasses);
    LS_VEC_RELEASE(&k->edges);
    LS_VEC_RELEASE(&k->keywords);
    LS_VEC_RELEASE(&k->stand_ins);
    ls_buf_release(&k->text);
    ls_buf_release(&k->more);
    ls_buf_release(&k->expr);
}

void pgcat_drop(struct pgcat *k)
{
    release(k);
    ls_catalog_builder_free(k->b);
}

enum ls_rc pgcat_finish(struct pgcat *k, enum ls_rc rc, struct ls_catalog **out, struct ls_err *err)
{
    const struct ls_db_info *info = &k->c->db.info;

    if (rc == LS_OK && k->bug != NULL)
        rc = ls_err_set(err, LS_E_INTERNAL, "a query of the catalogue gives a column %s that is not known", k->bug);
    if (rc == LS_OK)
        pgcat_resolve_edges(k);
    if (rc == LS_OK && k->has_subscriptions)
        rc = read_connections(k, err);
    if (rc != LS_OK) {
        pgcat_drop(k);
        return rc;
    }
    release(k);
    *out = ls_catalog_freeze(k->b, k->opts->source, info->server, info->server_version);
    (*out)->lacks[LS_FACT_ROLE] = 1; /* the server's, not the database's */
    (*out)->lacks[LS_FACT_SUBSCRIPTION] = k->without_subscriptions;
    return LS_OK;
}

void pgcat_init(struct pgcat *k, struct ls_db *db, const struct ls_catalog_opts *opts)
{
    *k = (struct pgcat){.c = pg_of(db),
                        .opts = opts,
                        .b = ls_catalog_builder_new(LS_DIALECT_POSTGRES),
                        .version = db->info.server_version,
                        .text = LS_BUF_INIT,
                        .more = LS_BUF_INIT,
                        .expr = LS_BUF_INIT};
}

static enum ls_rc read_once(struct pgcat *k, struct ls_catalog **out, struct ls_err *err)
{
    struct pgcat_batch *b = ls_calloc(1, sizeof(*b));
    enum ls_rc rc = pgcat_ask_for_subscriptions(k, err);

    pgcat_add_begin(b, k);
    pgcat_add_all(b, k, NULL);
    pgcat_add_end(b, k);
    if (rc == LS_OK)
        rc = pgcat_send(k, b, err);
    free(b);
    return pgcat_finish(k, rc, out, err);
}

bool pgcat_is_torn(const struct pgcat *k, enum ls_rc rc, const struct ls_err *err)
{
    /* "could not open relation with OID ...", "cache lookup failed for ..." */
    bool is_gone = rc != LS_OK && err != NULL && strcmp(err->sqlstate, "XX000") == 0 && !k->c->is_dead;

    return is_gone || (rc == LS_OK && k->is_torn);
}

static void note_torn(struct ls_catalog *c)
{
    *LS_VEC_PUSH(&c->notes.d) =
        (struct ls_diag){.severity = LS_SEV_WARNING,
                         .code = "changed-meanwhile",
                         .message = "the schema was changed while it was read, each time: some of it may be shown without its expressions",
                         .hint = "look again when nobody changes it"};
}

/* One snapshot shows the server's rows as of one moment, but its functions that print expressions and views look at what is there now: what is
 * dropped meanwhile has none. Then everything is read again. */
enum ls_rc pg_catalog(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog **out, struct ls_err *err)
{
    struct ls_err own = LS_ERR_INIT;
    struct pgcat k;
    enum ls_rc rc = LS_E_INTERNAL;

    for (int i = 0; i < PGCAT_MAX_TRIES; i++) {
        ls_err_release(&own);
        if (rc == LS_OK)
            ls_catalog_free(*out);
        *out = NULL;
        pgcat_init(&k, db, opts);
        rc = read_once(&k, out, &own);
        if (!pgcat_is_torn(&k, rc, &own) || k.is_inside)
            break;
    }
    if (rc == LS_OK && k.is_torn)
        note_torn(*out);
    if (rc != LS_OK && err != NULL)
        ls_err_move(err, &own);
    ls_err_release(&own);
    return rc;
}
