/* The search on the stage: candidates are tried, the best are built, and the workload is run with them. */
#include <config.h>

#include "engine/advise_priv.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

enum { TRIES = 4, PASSES = 3, TOGETHER_MAX = 12 };

/* --- as things are now */

/* As things are there now. A query that is refused there (a function that the clone lacks) keeps its plan on the target. */
static enum ls_rc score_all(struct adv_job *j, bool run, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    for (uint32_t i = 0; i < j->workload->n_queries && rc == LS_OK; i++) {
        struct adv_query *q = &j->queries[i];
        struct ls_err why = LS_ERR_INIT;

        if (q->is_out)
            continue;
        if (!adv_tell(j, "measuring the workload", i, j->workload->n_queries)) {
            rc = side_stopped(err);
            break;
        }
        ls_explained_release(&q->base);
        q->is_choosing = true;
        rc = adv_score(j, q, j->opts.rounds, run, &q->base, &q->score, &why);
        if (rc != LS_OK && rc != LS_E_CANCELLED && rc != LS_E_CONNECT && run && q->is_guessed && q->is_filled) {
            q->is_filled = false; /* a value of ours was no good */
            adv_note_err(j, LS_SEV_INFO, "no-sample", q->q, "not run with values of a row", "put a remark in front of it: -- sample: 42, 'text'", &why);
            ls_err_release(&why);
            rc = adv_score(j, q, j->opts.rounds, run, &q->base, &q->score, &why);
        }
        q->is_choosing = false;
        if (rc == LS_E_CANCELLED || rc == LS_E_CONNECT) {
            if (err != NULL)
                ls_err_move(err, &why);
        } else if (rc != LS_OK) {
            q->score = -1;
            adv_note_err(j, LS_SEV_WARNING, "query-not-measured", q->q, "not tried", NULL, &why);
            rc = LS_OK;
        }
        ls_err_release(&why);
    }
    return rc;
}

/* --- measured with all of them */

void adv_result_release(struct adv_result *r)
{
    for (size_t i = 0; i < r->f.n; i++) {
        for (size_t k = 0; k < r->f.v[i].gains.n; k++) {
            ls_explained_release(&r->f.v[i].gains.v[k].before);
            ls_explained_release(&r->f.v[i].gains.v[k].after);
        }
        LS_VEC_RELEASE(&r->f.v[i].gains);
    }
    for (size_t i = 0; i < r->made.n; i++)
        adv_made_release(&r->made.v[i]);
    LS_VEC_RELEASE(&r->f);
    LS_VEC_RELEASE(&r->made);
    memset(r, 0, sizeof(*r));
}

struct ls_explained adv_copy_plan(const struct ls_explained *e)
{
    struct ls_explained c = *e;
    struct ls_node *nodes;

    c.arena = ls_arena_new();
    c.how = ls_arena_str(c.arena, e->how);
    nodes = LS_ARENA_ARRAY(c.arena, struct ls_node, e->n_nodes + 1);
    for (uint32_t i = 0; i < e->n_nodes; i++) {
        nodes[i] = e->nodes[i];
        nodes[i].what = ls_arena_str(c.arena, e->nodes[i].what);
        nodes[i].relation = ls_arena_str(c.arena, e->nodes[i].relation);
        nodes[i].index = ls_arena_str(c.arena, e->nodes[i].index);
        nodes[i].detail = ls_arena_str(c.arena, e->nodes[i].detail);
    }
    c.nodes = nodes;
    return c;
}

bool adv_is_gain(const struct ls_explained *before, const struct ls_explained *after, double was, double is)
{
    bool both = before->is_measured && after->is_measured;

    return was > 0 && is >= 0 && is <= was * (both || before->is_timed_out ? 0.5 : 1 - ADV_SAVING);
}

static void take_gain(struct adv_job *j, struct adv_result *r, uint32_t query, const struct ls_explained *after, double is)
{
    struct adv_query *q = &j->queries[query];

    for (size_t i = 0; i < r->f.n; i++) {
        struct ls_gain *g;

        if (!adv_names_index(after, &r->made.v[i].names) || !adv_is_gain(&q->base, after, q->score, is))
            continue;
        g = LS_VEC_PUSH(&r->f.v[i].gains);
        *g = (struct ls_gain){.query = query, .before = adv_copy_plan(&q->base), .after = adv_copy_plan(after), .saving = 1 - is / q->score};
    }
}

/* All of the list are made, and the workload is run with them. */
static enum ls_rc confirm(struct adv_job *j, const adv_list *list, bool run, struct adv_result *r, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; i < list->n && rc == LS_OK; i++) {
        struct adv_found *f = LS_VEC_PUSH(&r->f);
        struct adv_made *m = LS_VEC_PUSH(&r->made);

        f->cand = list->v[i];
        if (!adv_tell(j, "building the best ones", (int64_t)i, (int64_t)list->n))
            rc = side_stopped(err);
        else
            rc = j->stage->make(j, j->stage, list->v[i], m, err);
        f->bytes = m->bytes;
    }
    for (uint32_t i = 0; i < j->workload->n_queries && rc == LS_OK; i++) {
        struct adv_query *q = &j->queries[i];
        struct ls_explained e = {0};
        double is = -1;

        if (q->is_out || q->score < 0)
            continue;
        if (!adv_tell(j, "measuring with them", i, j->workload->n_queries))
            rc = side_stopped(err);
        else
            rc = adv_score(j, q, j->opts.rounds, run, &e, &is, err);
        if (rc == LS_OK)
            take_gain(j, r, i, &e, is);
        ls_explained_release(&e);
    }
    for (size_t i = 0; i < r->made.n; i++)
        j->stage->drop(j, j->stage, &r->made.v[i]);
    return rc;
}

/* The best that it did, for a note. */
static void tell_buried(struct adv_job *j, const struct adv_found *f)
{
    const struct adv_cand *c = &j->cands.v[f->cand];
    struct ls_buf b = LS_BUF_INIT;

    adv_keys_text(c, &b);
    adv_note(j, LS_SEV_INFO, "no-gain", NULL, NULL, "%s(%s) is not proposed: the planner would use it, but when it was measured no query read less than half",
             j->u->tables[c->table].name, b.ptr);
    ls_buf_release(&b);
}

/* Those that gained nothing; how many. */
static size_t bury(struct adv_job *j, struct adv_result *r)
{
    size_t n = 0;

    for (size_t i = r->f.n; i > 0; i--) {
        if (r->f.v[i - 1].gains.n > 0)
            continue;
        j->cands.v[r->f.v[i - 1].cand].is_dead = true;
        tell_buried(j, &r->f.v[i - 1]);
        LS_VEC_RELEASE(&r->f.v[i - 1].gains);
        adv_made_release(&r->made.v[i - 1]);
        memmove(&r->f.v[i - 1], &r->f.v[i], (r->f.n - i) * sizeof(*r->f.v));
        memmove(&r->made.v[i - 1], &r->made.v[i], (r->made.n - i) * sizeof(*r->made.v));
        r->f.n--;
        r->made.n--;
        n++;
    }
    return n;
}

/* --- the choice */

static enum ls_rc make_all(struct adv_job *j, const adv_list *list, struct adv_result *r, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; i < list->n && rc == LS_OK; i++)
        rc = j->stage->make(j, j->stage, list->v[i], LS_VEC_PUSH(&r->made), err);
    return rc;
}

static void drop_all(struct adv_job *j, struct adv_result *r)
{
    for (size_t i = 0; i < r->made.n; i++)
        j->stage->drop(j, j->stage, &r->made.v[i]);
}

/* A query that reads one table once is done after its first choice. */
static enum ls_rc score_again(struct adv_job *j, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    for (uint32_t i = 0; i < j->workload->n_queries && rc == LS_OK; i++) {
        struct adv_query *q = &j->queries[i];
        struct ls_explained e = {0};

        q->is_settled = q->is_settled || q->places.n < 2 || q->is_out || q->first < adv_threshold(j);
        if (q->is_settled)
            continue;
        rc = adv_score(j, q, 1, true, &e, &q->first, err);
        if (rc == LS_OK && j->dialect == LS_DIALECT_POSTGRES)
            q->first = e.cost;
        ls_explained_release(&e);
    }
    return rc;
}

/* Of those that the plan names the ones without which it takes more. */
static enum ls_rc keep_needed(struct adv_job *j, struct adv_query *q, const adv_list *list, struct adv_result *r, const struct ls_explained *e, double best,
                              adv_list *out, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    for (size_t i = r->made.n; rc == LS_OK && i > 0; i--) {
        struct adv_made *m = &r->made.v[i - 1];
        struct ls_explained without = {0};
        bool is_named = adv_names_index(e, &m->names);
        double score = -1;

        j->stage->drop(j, j->stage, m);
        adv_made_release(m);
        if (is_named)
            rc = adv_score(j, q, 1, j->dialect == LS_DIALECT_SQLITE, &without, &score, err);
        ls_explained_release(&without);
        if (rc != LS_OK || !is_named || (score >= 0 && score * (1 - ADV_SAVING) <= best))
            continue;
        rc = j->stage->make(j, j->stage, list->v[i - 1], m, err);
        if (rc == LS_OK && !adv_is_listed(out, list->v[i - 1]))
            *LS_VEC_PUSH(out) = list->v[i - 1];
    }
    return rc;
}

/* Several at once, where none is used by itself: both sides of an OR, both tables of a join. */
static enum ls_rc together(struct adv_job *j, struct adv_query *q, adv_list *out, struct ls_err *err)
{
    struct adv_result r = {0};
    struct ls_explained e = {0};
    adv_list list = {0};
    double score = -1;
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; i < q->cands.n && list.n < TOGETHER_MAX; i++) {
        const struct adv_cand *c = &j->cands.v[q->cands.v[i]];

        if (!c->is_dead && !c->is_made && c->predicate[0] == '\0')
            *LS_VEC_PUSH(&list) = q->cands.v[i];
    }
    if (list.n > 1)
        rc = make_all(j, &list, &r, err);
    if (list.n > 1 && rc == LS_OK)
        rc = adv_score(j, q, 1, j->dialect == LS_DIALECT_SQLITE, &e, &score, err);
    if (rc == LS_OK && list.n > 1 && score >= 0 && score <= q->first * (1 - ADV_SAVING))
        rc = keep_needed(j, q, &list, &r, &e, score, out, err);
    drop_all(j, &r);
    ls_explained_release(&e);
    adv_result_release(&r);
    LS_VEC_RELEASE(&list);
    return rc;
}

static enum ls_rc try_together(struct adv_job *j, adv_list *out, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    for (uint32_t i = 0; i < j->workload->n_queries && rc == LS_OK; i++) {
        struct adv_query *q = &j->queries[i];
        bool has = q->is_out || q->is_settled || q->places.n < 2 || q->first < adv_threshold(j);

        for (size_t k = 0; k < q->cands.n && !has; k++)
            has = adv_is_listed(out, q->cands.v[k]);
        if (!has)
            rc = together(j, q, out, err);
        if (rc != LS_OK && rc != LS_E_CANCELLED && rc != LS_E_CONNECT) { /* one of them cannot be made */
            ls_err_release(err);
            rc = LS_OK;
        }
    }
    return rc;
}

/* Of two, the one that the other begins with is not needed. */
void adv_prune(struct adv_job *j, adv_list *list)
{
    for (size_t n = list->n; n > 0; n--)
        for (size_t k = 0; k < list->n; k++)
            if (k != n - 1 && adv_begins_with(&j->cands.v[list->v[k]], &j->cands.v[list->v[n - 1]])) {
                memmove(&list->v[n - 1], &list->v[n], (list->n - n) * sizeof(*list->v));
                list->n--;
                break;
            }
}

/* One pass on top of what is chosen; *n_new of them are added. */
static enum ls_rc pass(struct adv_job *j, adv_list *list, bool is_first, size_t *n_new, struct ls_err *err)
{
    struct adv_result r = {0};
    adv_list more = {0};
    enum ls_rc rc = make_all(j, list, &r, err);

    if (rc == LS_OK && !is_first)
        rc = score_again(j, err);
    if (rc == LS_OK)
        rc = adv_try_all(j, err);
    if (rc == LS_OK) {
        adv_pick(j, &more);
        rc = try_together(j, &more, err);
    }
    drop_all(j, &r);
    adv_result_release(&r);
    *n_new = more.n;
    for (size_t i = 0; i < more.n; i++) {
        *LS_VEC_PUSH(list) = more.v[i];
        j->cands.v[more.v[i]].is_made = true;
    }
    LS_VEC_RELEASE(&more);
    return rc;
}

static enum ls_rc choose(struct adv_job *j, adv_list *list, struct ls_err *err)
{
    size_t n_new = 1;
    enum ls_rc rc = LS_OK;

    list->n = 0;
    for (size_t i = 0; i < j->cands.n; i++)
        j->cands.v[i].is_made = false;
    for (uint32_t i = 0; i < j->workload->n_queries; i++) {
        j->queries[i].first = j->queries[i].plain;
        j->queries[i].is_settled = false;
    }
    for (int i = 0; i < PASSES && n_new > 0 && rc == LS_OK; i++)
        rc = pass(j, list, i == 0, &n_new, err);
    adv_prune(j, list);
    return rc;
}

/* Of an empty database nothing is missing, whatever the queries' shape. */
static void tell_few(struct adv_job *j)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < j->workload->n_queries; i++) {
        if (j->queries[i].plain >= adv_threshold(j))
            return;
        n += !j->queries[i].is_out;
    }
    if (n > 0 && j->cands.n > 0)
        adv_note(j, LS_SEV_INFO, "few-rows", NULL, "without measuring, the shape of the queries alone is gone by",
                 "with the rows that are there no query takes as much as %.0f %s: nothing is looked for", adv_threshold(j),
                 j->dialect == LS_DIALECT_SQLITE ? "steps" : "units of cost");
}

/* What gained nothing when it was measured is not proposed, and the choice is made again without it. */
enum ls_rc adv_search(struct adv_job *j, struct ls_err *err)
{
    bool run = j->stage->can_run, has_hypo = j->stage->is_hypo, is_done = false, is_measured = j->dialect == LS_DIALECT_SQLITE;
    adv_list list = {0};
    enum ls_rc rc = score_all(j, is_measured, err);

    for (uint32_t i = 0; i < j->workload->n_queries; i++)
        j->queries[i].plain = j->queries[i].score;
    if (rc == LS_OK)
        tell_few(j);
    for (int i = 0; i < TRIES && rc == LS_OK && !is_done; i++) {
        struct adv_result r = {0};

        j->stage->is_hypo = has_hypo;
        rc = choose(j, &list, err);
        j->stage->is_hypo = has_hypo && !run; /* what is proposed is built */
        if (rc == LS_OK && run && !is_measured && list.n > 0) {
            rc = score_all(j, true, err);
            is_measured = true;
        }
        if (rc == LS_OK)
            rc = confirm(j, &list, run, &r, err);
        is_done = rc == LS_OK && (bury(j, &r) == 0 || i + 1 == TRIES);
        if (is_done)
            adv_hand_out(j, &r);
        adv_result_release(&r);
    }
    LS_VEC_RELEASE(&list);
    return rc;
}
