/* What is lost without an index that a longer one begins with (IX04): on the copy it is dropped, the queries that read it are run, and it is made again.
 * A prefix may earn its place (indexes.md 2.2, trap 10), which sizes alone do not tell. */
#include <config.h>

#include "engine/advise_priv.h"

#include <string.h>

#include "engine/index_priv.h"
#include "lockstep/base/mem.h"
#include "lockstep/sql/quote.h"

enum { DROPS_MAX = 32 }; /* each is built again */

static bool has_longer(const struct ls_usage *u, uint32_t index)
{
    const struct ls_usage_table *t = &u->tables[u->indexes[index].table];

    for (uint32_t b = t->first_index; b < t->first_index + t->n_indexes; b++) {
        enum ls_ix_cover c = b == index ? LS_COVER_NONE : ls_ix_covers(u, index, b);

        if (c == LS_COVER_PREFIX || c == LS_COVER_INCLUDE)
            return true;
    }
    return false;
}

static bool may_go(const struct adv_job *j, uint32_t index)
{
    const struct ls_usage_index *x = &j->u->indexes[index];

    return !x->is_unique && !x->is_primary && !x->is_exclusion && x->constraint[0] == '\0' && !x->is_partitioned && !x->is_partition && x->is_valid &&
           x->definition[0] != '\0' && has_longer(j->u, index);
}

/* The queries that read it on the stage, with what they do while it is there. */
static enum ls_rc readers(struct adv_job *j, uint32_t index, ls_losses *out, struct ls_err *err)
{
    char *name = ls_strdup(j->u->indexes[index].name);
    const adv_names names = {.v = &name, .n = 1};
    enum ls_rc rc = LS_OK;

    for (uint32_t i = 0; i < j->workload->n_queries && rc == LS_OK; i++) {
        struct adv_query *q = &j->queries[i];
        struct ls_loss loss = {.index = index, .query = i};

        if (q->is_out || q->score < 0 || !j->out->uses[(size_t)i * j->u->n_indexes + index])
            continue;
        if (!q->base.is_measured && q->is_filled) { /* nothing was proposed, so nothing was run */
            ls_explained_release(&q->base);
            rc = adv_score(j, q, j->opts.rounds, true, &q->base, &q->score, err);
        }
        if (rc != LS_OK || !adv_names_index(&q->base, &names))
            continue;
        loss.before = adv_copy_plan(&q->base);
        *LS_VEC_PUSH(out) = loss;
    }
    free(name);
    return rc;
}

/* A query that says INDEXED BY fails without it. */
static enum ls_rc run_without(struct adv_job *j, struct ls_loss *loss, struct ls_err *err)
{
    struct adv_query *q = &j->queries[loss->query];
    struct ls_err why = LS_ERR_INIT;
    double is = -1;
    enum ls_rc rc = adv_score(j, q, j->opts.rounds, true, &loss->after, &is, &why);

    if (rc == LS_E_CANCELLED || rc == LS_E_CONNECT) {
        if (err != NULL)
            ls_err_move(err, &why);
    } else if (rc != LS_OK) {
        ls_explained_release(&loss->after);
        loss->is_worse = true;
        rc = LS_OK;
    } else {
        loss->is_worse = loss->after.is_timed_out || (is >= adv_threshold(j) && adv_is_gain(&loss->after, &loss->before, is, q->score));
    }
    ls_err_release(&why);
    return rc;
}

static enum ls_rc drop(struct adv_job *j, const struct ls_usage_index *x, struct ls_err *err)
{
    struct ls_buf sql = LS_BUF_INIT;
    enum ls_rc rc;

    ls_buf_adds(&sql, "DROP INDEX ");
    rc = ls_sql_ident2(&sql, j->dialect == LS_DIALECT_POSTGRES ? x->schema : NULL, x->name, err);
    if (rc == LS_OK)
        rc = ls_db_exec(j->stage->db, sql.ptr, sql.len, NULL, 0, NULL, err);
    ls_buf_release(&sql);
    return rc;
}

/* With the statistics that went with it: SQLite's of the index, PostgreSQL's of an expression. */
static enum ls_rc make_again(struct adv_job *j, const struct ls_usage_index *x, struct ls_err *err)
{
    const struct ls_usage_table *t = &j->u->tables[x->table];
    struct ls_buf sql = LS_BUF_INIT;
    bool is_pg = j->dialect == LS_DIALECT_POSTGRES;
    enum ls_rc rc = ls_db_exec(j->stage->db, x->definition, strlen(x->definition), NULL, 0, NULL, err);

    ls_buf_adds(&sql, "ANALYZE ");
    if (rc == LS_OK && (is_pg ? x->has_expression : j->u->has_stat1)) {
        rc = is_pg ? ls_sql_ident2(&sql, t->schema, t->name, err) : ls_sql_ident(&sql, x->name, err);
        if (rc == LS_OK)
            rc = ls_db_exec(j->stage->db, sql.ptr, sql.len, NULL, 0, NULL, err);
    }
    ls_buf_release(&sql);
    return rc;
}

static enum ls_rc try_without(struct adv_job *j, uint32_t index, ls_losses *out, struct ls_err *err)
{
    const struct ls_usage_index *x = &j->u->indexes[index];
    size_t first = out->n;
    enum ls_rc rc = readers(j, index, out, err);

    if (rc != LS_OK || out->n == first)
        return rc;
    rc = drop(j, x, err);
    for (size_t i = first; i < out->n && rc == LS_OK; i++)
        rc = run_without(j, &out->v[i], err);
    return rc == LS_OK ? make_again(j, x, err) : rc;
}

static void release(ls_losses *all, size_t from)
{
    for (size_t i = from; i < all->n; i++) {
        ls_explained_release(&all->v[i].before);
        ls_explained_release(&all->v[i].after);
    }
    all->n = from;
}

enum ls_rc adv_drops(struct adv_job *j, struct ls_err *err)
{
    ls_losses all = {0};
    enum ls_rc rc = LS_OK;
    int n = 0;

    for (uint32_t i = 0; i < j->u->n_indexes && rc == LS_OK && j->stage->is_clone && n < DROPS_MAX; i++) {
        struct ls_err why = LS_ERR_INIT;
        size_t before = all.n;

        if (!may_go(j, i))
            continue;
        n++;
        rc = adv_tell(j, "trying without what a longer index covers", n, DROPS_MAX) ? try_without(j, i, &all, &why) : side_stopped(&why);
        if (rc == LS_E_CANCELLED || rc == LS_E_CONNECT) {
            if (err != NULL)
                ls_err_move(err, &why);
        } else if (rc != LS_OK) { /* of what is not there any more nothing else is said */
            release(&all, before);
            adv_note(j, LS_SEV_WARNING, "drop-not-tried", NULL, NULL, "not tried without %s: %s", j->u->indexes[i].name, why.message);
            ls_err_release(&why);
            rc = LS_OK;
            break;
        }
        ls_err_release(&why);
    }
    if (rc != LS_OK)
        release(&all, 0);
    j->out->losses = all.n > 0 ? ls_arena_dup(j->arena, all.v, all.n * sizeof(*all.v)) : NULL;
    j->out->n_losses = (uint32_t)all.n;
    LS_VEC_RELEASE(&all);
    return rc;
}
