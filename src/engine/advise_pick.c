/* Which candidates are worth it: each is tried by itself, each query takes the narrowest that does, and over the workload those that others make needless
 * go (indexes.md 3.2.3). */
#include <config.h>

#include "engine/advise_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lockstep/base/mem.h"

#define NONE UINT32_MAX
enum { SAMPLES_MAX = 5 };
#define ENDLESS 1e7 /* buffers of a query that was stopped */
enum { RUN_MS = 10000, LEAST_MS = 1000 };

/* --- one query on the stage */

bool adv_names_index(const struct ls_explained *e, const adv_names *names)
{
    for (uint32_t i = 0; i < e->n_nodes; i++)
        for (size_t k = 0; e->nodes[i].index[0] != '\0' && k < names->n; k++)
            if (strcmp(e->nodes[i].index, names->v[k]) == 0)
                return true;
    return false;
}

bool adv_sorts(const struct ls_explained *e)
{
    for (uint32_t i = 0; i < e->n_nodes; i++) {
        const struct ls_node *n = &e->nodes[i];

        if (strcmp(n->what, "Sort") == 0 || strcmp(n->what, "Incremental Sort") == 0 ||
            (strcmp(n->what, "USE TEMP B-TREE") == 0 && strstr(n->detail, "ORDER BY") != NULL))
            return true;
    }
    return false;
}

/* Of a statement that writes, what finding the rows takes: writing them is the same with any index but the new one, whose cost is told apart. */
static double buffers_of(const struct ls_explained *e)
{
    double sum = 0;
    bool writes = false;

    for (uint32_t i = 0; i < e->n_nodes; i++) {
        static const char *const verbs[] = {"Insert", "Update", "Delete", "Merge"};

        for (size_t k = 0; k < LS_ARRAY_LEN(verbs) && i == 0; k++)
            writes = writes || strcmp(e->nodes[0].what, verbs[k]) == 0;
        if (writes && e->nodes[i].depth == 1)
            sum += (double)e->nodes[i].buffers;
    }
    return writes && e->n_nodes > 1 ? sum : (double)e->buffers;
}

static double score_of(const struct adv_job *j, const struct adv_query *q, const struct ls_explained *e, bool run)
{
    if (run && e->is_timed_out && !q->is_choosing)
        return -1; /* what it took until then is less than it takes */
    if (run && e->is_timed_out && !e->is_measured)
        return ENDLESS;
    if (j->dialect == LS_DIALECT_SQLITE)
        return e->is_measured ? (double)(e->steps + e->fullscan_steps) : -1;
    return run && e->is_measured ? buffers_of(e) : e->cost;
}

static enum ls_rc score_sample(struct adv_job *j, struct adv_query *q, uint32_t sample, int rounds, bool run, struct ls_explained *e, double *score,
                               struct ls_err *err)
{
    struct ls_explain_opts o = {.run = run, .is_clone = j->stage->is_clone, .rounds = rounds, .sample = sample, .timeout_ms = RUN_MS};
    enum ls_rc rc;

    /* What takes longer than it did without anything new is no gain. */
    if (run && !q->is_choosing && q->base.ms >= 0 && 2 * q->base.ms + LEAST_MS < RUN_MS)
        o.timeout_ms = (int)(2 * q->base.ms) + LEAST_MS;
    rc = ex_explain(j->stage->db, run ? &q->filled : q->q, &o, e, NULL, err);

    *score = rc == LS_OK ? score_of(j, q, e, run) : -1;
    if (rc == LS_OK && run && q->is_guessed && e->is_measured)
        e->how = "with values of a row of the copy";
    return rc;
}

/* Over all of its samples; the plan is that of the one that takes the most, which is settled when nothing new is there yet. */
enum ls_rc adv_score(struct adv_job *j, struct adv_query *q, int rounds, bool run, struct ls_explained *e, double *score, struct ls_err *err)
{
    bool can = run && j->stage->can_run && q->is_filled;
    uint32_t n = q->q->n_samples < SAMPLES_MAX ? q->q->n_samples : SAMPLES_MAX;
    enum ls_rc rc = score_sample(j, q, n > 0 || can ? q->sample : UINT32_MAX, rounds, can, e, score, err);
    double most = *score;

    for (uint32_t i = 0, first = q->sample; rc == LS_OK && *score >= 0 && i < n; i++) {
        struct ls_explained other = {0};
        double its;

        if (i == first)
            continue;
        rc = score_sample(j, q, i, 1, can, &other, &its, err);
        if (rc == LS_OK)
            *score += its > 0 ? its : 0;
        if (rc == LS_OK && q->is_choosing && (its > most || (its >= most && other.rows > e->rows))) {
            struct ls_explained less = *e;

            *e = other;
            other = less;
            q->sample = i;
            most = its;
        }
        ls_explained_release(&other);
    }
    return rc;
}

/* --- each candidate by itself */

static struct adv_cell *cell(struct adv_job *j, const struct adv_query *q, uint32_t cand)
{
    return &j->cells[(size_t)(q - j->queries) * j->cands.n + cand];
}

double adv_threshold(const struct adv_job *j)
{
    return j->dialect == LS_DIALECT_SQLITE ? ADV_STEPS : ADV_COST;
}

static bool has_cand(const struct adv_query *q, uint32_t cand)
{
    for (size_t i = 0; i < q->cands.n; i++)
        if (q->cands.v[i] == cand)
            return true;
    return false;
}

static bool is_worth_trying(struct adv_job *j, const struct adv_query *q, uint32_t cand)
{
    return !q->is_out && !q->is_settled && !j->cands.v[cand].is_dead && !j->cands.v[cand].is_made && q->first >= adv_threshold(j) && has_cand(q, cand);
}

/* SQLite has no cost: what the plan names is run. */
static enum ls_rc try_query(struct adv_job *j, struct adv_query *q, uint32_t cand, const adv_names *names, struct ls_err *err)
{
    struct adv_cell *to = cell(j, q, cand);
    struct ls_explained e = {0};
    double score;
    enum ls_rc rc = adv_score(j, q, 1, false, &e, &score, err);

    if (rc == LS_OK && adv_names_index(&e, names)) {
        to->has_sort = adv_sorts(&e);
        if (j->dialect == LS_DIALECT_SQLITE) {
            ls_explained_release(&e);
            rc = adv_score(j, q, 1, true, &e, &score, err);
        }
        to->score = rc == LS_OK ? score : -1;
    }
    ls_explained_release(&e);
    return rc;
}

/* An expression is offered to each table of its query: those that lack its column say nothing. */
static void tell_unmade(struct adv_job *j, const struct adv_cand *c, const char *message)
{
    struct ls_buf keys = LS_BUF_INIT;

    if (message == NULL || strstr(message, "no such column") != NULL)
        return;
    adv_keys_text(c, &keys);
    adv_note(j, LS_SEV_INFO, "not-indexable", NULL, NULL, "%s(%s) could not be tried: %s", j->u->tables[c->table].name, keys.ptr, message);
    ls_buf_release(&keys);
}

static enum ls_rc try_cand(struct adv_job *j, uint32_t cand, struct ls_err *err)
{
    struct adv_made made = {0};
    struct ls_err why = LS_ERR_INIT;
    enum ls_rc rc = j->stage->make(j, j->stage, cand, &made, &why);

    for (uint32_t i = 0; i < j->workload->n_queries && rc == LS_OK; i++) {
        struct adv_query *q = &j->queries[i];

        if (!is_worth_trying(j, q, cand))
            continue;
        ls_err_release(&why);
        rc = try_query(j, q, cand, &made.names, &why);
        if (rc != LS_OK && rc != LS_E_CANCELLED && rc != LS_E_CONNECT)
            rc = LS_OK; /* of this one query: it has no score */
    }
    j->stage->drop(j, j->stage, &made);
    adv_made_release(&made);
    if (rc == LS_E_CANCELLED || rc == LS_E_CONNECT) {
        if (err != NULL)
            ls_err_move(err, &why);
        ls_err_release(&why);
        return rc;
    }
    if (rc != LS_OK) { /* an expression that may not be indexed, a type without an order */
        j->cands.v[cand].is_dead = true;
        tell_unmade(j, &j->cands.v[cand], why.message);
    }
    ls_err_release(&why);
    return LS_OK;
}

enum ls_rc adv_try_all(struct adv_job *j, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    free(j->cells);
    j->cells = ls_calloc((size_t)j->workload->n_queries * j->cands.n + 1, sizeof(*j->cells));
    for (size_t i = 0; i < (size_t)j->workload->n_queries * j->cands.n; i++)
        j->cells[i].score = -1;
    for (uint32_t c = 0; c < j->cands.n && rc == LS_OK; c++) {
        bool is_wanted = false;

        for (uint32_t i = 0; i < j->workload->n_queries; i++)
            is_wanted = is_wanted || is_worth_trying(j, &j->queries[i], c);
        if (!adv_tell(j, "trying indexes", c, (int64_t)j->cands.n))
            rc = side_stopped(err);
        else if (is_wanted)
            rc = try_cand(j, c, err);
    }
    return rc;
}

/* --- one query's choice */

static uint32_t width(const struct adv_cand *c)
{
    return c->n_keys + (c->predicate[0] != '\0' ? 1 : 0);
}

static double at(struct adv_job *j, const struct adv_query *q, uint32_t cand)
{
    return j->cands.v[cand].is_dead ? -1 : cell(j, q, cand)->score;
}

/* Of two that do the same the partial one is smaller, and is written less. */
static double weighed(struct adv_job *j, const struct adv_query *q, uint32_t cand)
{
    return at(j, q, cand) - (j->cands.v[cand].predicate[0] != '\0' ? 0.05 * q->first : 0);
}

/* The best of that many columns; of equals the one that comes first. */
static uint32_t best_of_width(struct adv_job *j, const struct adv_query *q, uint32_t w)
{
    uint32_t best = NONE;

    for (size_t i = 0; i < q->cands.n; i++) {
        uint32_t c = q->cands.v[i];

        if (width(&j->cands.v[c]) == w && at(j, q, c) >= 0 && (best == NONE || weighed(j, q, c) < weighed(j, q, best) - 0.02 * at(j, q, best)))
            best = c;
    }
    return best;
}

bool adv_begins_with(const struct adv_cand *longer, const struct adv_cand *c)
{
    if (longer->table != c->table || longer->n_keys < c->n_keys || strcmp(longer->predicate, c->predicate) != 0)
        return false;
    for (uint32_t i = 0; i < c->n_keys; i++)
        if (strcmp(longer->keys[i].text, c->keys[i].text) != 0 || strcmp(longer->keys[i].suffix, c->keys[i].suffix) != 0)
            return false;
    return true;
}

/* Under a LIMIT the order counts more than it costs today: with it no more is read than is returned, however many rows the equalities let through. */
static uint32_t with_order(struct adv_job *j, const struct adv_query *q, uint32_t chosen)
{
    for (size_t i = 0; q->has_limit && cell(j, q, chosen)->has_sort && i < q->cands.n; i++) {
        uint32_t c = q->cands.v[i];

        if (at(j, q, c) >= 0 && !cell(j, q, c)->has_sort && adv_begins_with(&j->cands.v[c], &j->cands.v[chosen]) && at(j, q, c) <= at(j, q, chosen) * 1.05)
            return c;
    }
    return chosen;
}

static bool ends_with(const struct adv_cand *longer, const struct adv_cand *c)
{
    uint32_t ahead = longer->n_keys - c->n_keys;

    if (longer->table != c->table || longer->n_keys <= c->n_keys || strcmp(longer->predicate, c->predicate) != 0)
        return false;
    for (uint32_t i = 0; i < c->n_keys; i++)
        if (strcmp(longer->keys[ahead + i].text, c->keys[i].text) != 0 || strcmp(longer->keys[ahead + i].suffix, c->keys[i].suffix) != 0)
            return false;
    return true;
}

/* The order alone under a LIMIT is quick for a value that many rows have, and reads the table for a rare one: with the equalities in front the value does not
 * matter. Where the two are about the same, that one. */
static uint32_t with_equalities(struct adv_job *j, const struct adv_query *q, uint32_t chosen)
{
    uint32_t best = chosen;

    for (size_t i = 0; q->has_limit && !cell(j, q, chosen)->has_sort && i < q->cands.n; i++) {
        uint32_t c = q->cands.v[i];

        if (at(j, q, c) >= 0 && !cell(j, q, c)->has_sort && ends_with(&j->cands.v[c], &j->cands.v[chosen]) && !adv_has_needless_null_test(q, &j->cands.v[c]) &&
            at(j, q, c) * (1 - ADV_SAVING) <= at(j, q, chosen) && (best == chosen || at(j, q, c) < at(j, q, best)))
            best = c;
    }
    return best;
}

static uint32_t choose(struct adv_job *j, const struct adv_query *q)
{
    double now = q->first;
    uint32_t chosen = NONE;

    for (uint32_t w = 1; w <= ADV_KEYS + 1; w++) {
        uint32_t c = best_of_width(j, q, w);

        if (c != NONE && at(j, q, c) <= now * (1 - ADV_SAVING)) {
            chosen = c;
            now = at(j, q, c);
        }
    }
    return chosen != NONE ? with_equalities(j, q, with_order(j, q, chosen)) : NONE;
}

/* --- the workload */

struct chosen {
    uint32_t *of;   /* each query's, NONE */
    adv_list *list;
};

static double gain_of(struct adv_job *j, const struct chosen *k, uint32_t cand)
{
    double sum = 0;

    for (uint32_t i = 0; i < j->workload->n_queries; i++)
        if (k->of[i] == cand)
            sum += j->workload->queries[i].per_hour * (j->queries[i].first - at(j, &j->queries[i], cand));
    return sum;
}

/* Another one of the list does for the query what its own does. */
static uint32_t other_for(struct adv_job *j, const struct chosen *k, uint32_t query, uint32_t cand)
{
    const struct adv_query *q = &j->queries[query];

    for (size_t i = 0; i < k->list->n; i++) {
        uint32_t c = k->list->v[i];

        if (c == cand)
            continue;
        if (adv_begins_with(&j->cands.v[c], &j->cands.v[cand]) && j->cands.v[c].n_keys > j->cands.v[cand].n_keys)
            return c;
        if (has_cand(q, c) && at(j, q, c) >= 0 && at(j, q, c) * (1 - ADV_SAVING) <= at(j, q, cand) &&
            !(q->has_limit && cell(j, q, c)->has_sort && !cell(j, q, cand)->has_sort))
            return c;
    }
    return NONE;
}

/* True when every query that chose it is served by another one of the list. */
static bool drop_needless(struct adv_job *j, struct chosen *k, size_t n)
{
    uint32_t cand = k->list->v[n];

    for (uint32_t i = 0; i < j->workload->n_queries; i++)
        if (k->of[i] == cand && other_for(j, k, i, cand) == NONE)
            return false;
    for (uint32_t i = 0; i < j->workload->n_queries; i++)
        if (k->of[i] == cand)
            k->of[i] = other_for(j, k, i, cand);
    memmove(&k->list->v[n], &k->list->v[n + 1], (k->list->n - n - 1) * sizeof(*k->list->v));
    k->list->n--;
    return true;
}

bool adv_is_listed(const adv_list *list, uint32_t cand)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i] == cand)
            return true;
    return false;
}

static void sort_by_gain(struct adv_job *j, const struct chosen *k)
{
    for (size_t i = 1; i < k->list->n; i++)
        for (size_t m = i; m > 0 && gain_of(j, k, k->list->v[m]) > gain_of(j, k, k->list->v[m - 1]); m--) {
            uint32_t t = k->list->v[m];

            k->list->v[m] = k->list->v[m - 1];
            k->list->v[m - 1] = t;
        }
}

void adv_pick(struct adv_job *j, adv_list *out)
{
    struct chosen k = {.of = ls_calloc(j->workload->n_queries + 1, sizeof(uint32_t)), .list = out};

    out->n = 0;
    for (uint32_t i = 0; i < j->workload->n_queries; i++) {
        k.of[i] = j->queries[i].is_out || j->queries[i].first < adv_threshold(j) ? NONE : choose(j, &j->queries[i]);
        if (k.of[i] != NONE && !adv_is_listed(out, k.of[i]))
            *LS_VEC_PUSH(out) = k.of[i];
    }
    sort_by_gain(j, &k);
    for (size_t n = out->n; n > 0; n--) /* the one that gains least goes first */
        (void)drop_needless(j, &k, n - 1);
    free(k.of);
}

/* --- by shape alone */

/* The plan reads the table whole, or sorts: all equalities with the order, or with one range, or the order alone. */
static uint32_t shape(const struct adv_job *j, const struct adv_query *q, uint32_t table)
{
    uint32_t best = NONE;

    for (size_t i = 0; i < q->cands.n; i++) {
        const struct adv_cand *c = &j->cands.v[q->cands.v[i]], *b = best != NONE ? &j->cands.v[best] : NULL;

        if (c->table != table || c->predicate[0] != '\0' || c->is_dead || adv_has_needless_null_test(q, c))
            continue;
        if (b == NULL || c->n_keys > b->n_keys || (c->n_keys == b->n_keys && c->has_sort && !b->has_sort))
            best = q->cands.v[i];
    }
    return best;
}

static bool reads_whole(const struct adv_job *j, const struct ls_explained *e, uint32_t table)
{
    const char *name = j->u->tables[table].name;

    for (uint32_t i = 0; i < e->n_nodes; i++) {
        const struct ls_node *n = &e->nodes[i];
        bool is_scan = strcmp(n->what, "SCAN") == 0 || strcmp(n->what, "SCAN TABLE") == 0 || strcmp(n->what, "Seq Scan") == 0 ||
                       strcmp(n->what, "Parallel Seq Scan") == 0;

        /* SQLite names the alias alone: any table that is read whole will do. */
        if (is_scan && (j->dialect == LS_DIALECT_SQLITE || strstr(n->relation, name) != NULL))
            return true;
    }
    return false;
}

void adv_pick_structural(struct adv_job *j, adv_list *out)
{
    out->n = 0;
    for (uint32_t i = 0; i < j->workload->n_queries; i++) {
        const struct adv_query *q = &j->queries[i];
        const struct ls_explained *e = &j->out->plans[i];

        for (size_t k = 0; !q->is_out && k < q->places.n; k++) {
            uint32_t table = q->places.v[k].table, c = shape(j, q, table);
            double rows = j->u->tables[table].rows;

            if (c == NONE || adv_is_listed(out, c) || (rows >= 0 && rows < 1000) || !(reads_whole(j, e, table) || adv_sorts(e)))
                continue;
            *LS_VEC_PUSH(out) = c;
        }
    }
    adv_prune(j, out);
}
