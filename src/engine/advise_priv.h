/* engine/advise_priv.h: the search for indexes that a workload lacks, between its files.
 *
 *   advise.c         the steps, and what comes out
 *   advise_search.c  the search on a stage
 *   advise_lite.c    what SQLite's planner asks of a table (places)
 *   advise_pg.c      what PostgreSQL's plans do with a table (places)
 *   advise_cond.c    PostgreSQL's printed conditions taken apart
 *   advise_cand.c    candidates out of places
 *   advise_name.c    names, texts, what is there already
 *   advise_stage*.c  where candidates are tried: a copy, a clone, HypoPG
 *   advise_guess.c   values for parameters that have none
 *   advise_pick.c    which candidates are worth it
 *   advise_drop.c    what is lost without those that longer ones cover
 *   advise_nulls.c   how many entries are NULL (SQLite)
 *   advise_write.c   what they cost the statements that write
 *   advise_trigger.c what SQLite's triggers use */
#ifndef LOCKSTEP_SRC_ENGINE_ADVISE_PRIV_H
#define LOCKSTEP_SRC_ENGINE_ADVISE_PRIV_H

#include "engine/explain_priv.h"
#include "engine/side_priv.h"
#include "lockstep/engine/index.h"

enum { ADV_KEYS = 6, ADV_EQS = 3 };
#define ADV_SAVING  0.25       /* less is not worth an index, nor a wider one (indexes.md 3.2: at 0.5 real gains fall through) */
#define ADV_PARTIAL 0.2        /* of the rows: more is not worth an index of its own */
#define ADV_COST    100.0      /* PostgreSQL's cost units: cheaper queries are left alone */
#define ADV_STEPS   1000.0     /* SQLite's steps */

struct adv_key {
    const char *text;          /* as an index has it: quoted name or expression */
    const char *column;        /* raw; NULL: an expression */
    const char *suffix;        /* "", " DESC", " COLLATE NOCASE", " DESC NULLS LAST" */
};
struct adv_term {
    struct adv_key key;
    bool is_const;             /* compared with a value, not with another table */
    const char *predicate;     /* "deleted_at IS NULL", "status = 'open'" as an index has it; NULL: not always the same value */
    double distinct;           /* values of it; -1 unknown */
    int param;                 /* number of the parameter that it is compared with; 0 none */
    bool is_array;             /* with one of an array of them */
};
/* One place of a query that reads a table. */
struct adv_place {
    uint32_t table;            /* of the usage: the root of partitions */
    LS_VEC(struct adv_term) eq, range;
    LS_VEC(struct adv_term) params; /* those of both that are compared with a parameter */
    LS_VEC(struct adv_key) sort;
};
typedef LS_VEC(struct adv_place) adv_places;
void adv_places_release(adv_places *p);

struct adv_cand {
    uint32_t table;
    struct adv_key keys[ADV_KEYS];
    uint32_t n_keys;
    const char *predicate;     /* "" none */
    bool has_sort;
    bool is_dead;              /* could not be made, or was measured and gains nothing */
    bool is_made;              /* chosen already, and there while others are tried */
    const char *id;            /* what makes it one and the same */
};
typedef LS_VEC(uint32_t) adv_list;

struct adv_query {
    const struct ls_query *q;
    struct ls_query filled;    /* with values for its parameters, where they could be found */
    bool is_filled, is_guessed;
    bool is_out;               /* could not be planned */
    bool is_choosing;          /* nothing new is there: the sample is chosen */
    uint32_t sample;           /* the one that takes the most, whose plans are shown */
    bool has_limit;
    adv_places places;
    adv_list cands;            /* of the job's */
    struct ls_explained base;  /* on the stage, without anything new */
    double score;              /* of base; -1: not known there */
    double plain, first;       /* SQLite: steps, PostgreSQL: cost: without anything new; with what is chosen so far */
    bool is_settled;           /* nothing more is tried for it */
};
/* What one candidate does for one query, by itself. */
struct adv_cell {
    double score;              /* -1: not tried, or the plan does not name it */
    bool has_sort;             /* something is still sorted */
};

struct adv_distinct {
    uint32_t table;
    const char *column;
    double n;
};

struct adv_job {
    struct ls_side_world *w;
    struct side_job *side;
    struct ls_db *db;          /* the target */
    const struct ls_usage *u;
    const struct ls_workload *workload;
    struct ls_advise_opts opts;
    struct ls_arena *arena;    /* of the result */
    struct ls_advices *out;
    enum ls_dialect dialect;
    struct adv_query *queries; /* n_queries of the workload */
    bool *touched;             /* tables of the usage that a plan reads (PostgreSQL) */
    LS_VEC(struct adv_cand) cands;
    LS_VEC(struct adv_distinct) distincts; /* that were asked for */
    struct adv_cell *cells;    /* n_queries * cands.n */
    struct adv_stage *stage;   /* NULL: structural */
};
/* False: stop. */
bool adv_tell(struct adv_job *j, const char *what, int64_t done, int64_t total);
void adv_note(struct adv_job *j, enum ls_severity severity, const char *code, const struct ls_query *q, const char *hint, const char *fmt, ...)
    LS_PRINTF(6, 7);
/* "WHAT: why", at the place that the error tells: a note has that beside its text, and not in it. hint NULL: the error's own. */
void adv_note_err(struct adv_job *j, enum ls_severity severity, const char *code, const struct ls_query *q, const char *what, const char *hint,
                  const struct ls_err *why);

/* --- places */
/* One for each query; SQLite: stub is made by the first. */
struct ls_lite_stub;
void adv_lite_places(struct adv_job *j, struct ls_lite_stub *stub, struct adv_query *q);
void adv_pg_places(struct adv_job *j, const json_t *plan, struct adv_query *q);
/* advise_cond.c: a printed condition; place gives the place of an alias, NULL: it is no table that can have an index. */
struct adv_cond {
    struct ls_arena *arena;
    struct adv_job *j;
    void *ctx;
    struct adv_place *(*place)(void *ctx, const char *alias);
    int branch, n_branches; /* of an OR; 0 outside */
};
void adv_cond_add(struct adv_cond *c, const char *text);
/* A sort key, "m.updated_at DESC NULLS LAST"; false: it is of no one table. */
bool adv_cond_sort(struct adv_cond *c, const char *text, const char **alias, struct adv_key *out);

/* --- candidates */
/* It has a column that the query wants to be NULL, while there is another value to look for. */
bool adv_has_needless_null_test(const struct adv_query *q, const struct adv_cand *c);
void adv_cands_make(struct adv_job *j);
void adv_term_add(struct adv_place *p, bool is_range, const struct adv_term *t);

/* --- names */
/* Quoted where the database needs it. */
const char *adv_name(struct ls_arena *a, enum ls_dialect d, const char *raw);
/* "user_id, updated_at DESC" */
void adv_keys_text(const struct adv_cand *c, struct ls_buf *out);
bool adv_is_there(const struct ls_usage *u, const struct adv_cand *c);
/* An index of the usage that c makes needless; LS_NO_USAGE. */
uint32_t adv_replaces(const struct ls_usage *u, const struct adv_cand *c);
const struct ls_index_spec *adv_spec(struct adv_job *j, const struct adv_cand *c, uint32_t n_before, const struct ls_advice *before);
/* "CREATE INDEX name ON table (keys)"; name NULL: none. */
LS_MUST_CHECK enum ls_rc adv_create_sql(const struct adv_job *j, const struct adv_cand *c, uint32_t table, const char *name, struct ls_buf *out,
                                        struct ls_err *err);

/* --- stages */
typedef LS_VEC(char *) adv_names;
struct adv_made {
    adv_names names;           /* as plans name it: of a partitioned table one for each partition */
    adv_names oids;            /* HypoPG's */
    int64_t bytes;
    const char *schema;        /* PostgreSQL */
    uint32_t cand;
    bool is_hypo;
};
void adv_made_release(struct adv_made *m);
struct adv_stage {
    struct ls_db *db;
    bool can_run;              /* queries may be run on it: its rows are there */
    bool is_clone;             /* it is ours */
    bool is_hypo;              /* the next index is a hypothetical one */
    const char *how;           /* for people */
    enum ls_rc (*make)(struct adv_job *j, struct adv_stage *s, uint32_t cand, struct adv_made *out, struct ls_err *err);
    void (*drop)(struct adv_job *j, struct adv_stage *s, struct adv_made *m);
    void (*close)(struct adv_stage *s);
    const char *hypo_schema;
};
/* LS_OK with *out NULL: none is to be had, and a note says why. */
LS_MUST_CHECK enum ls_rc adv_stage_lite(struct adv_job *j, struct adv_stage **out, struct ls_err *err);
LS_MUST_CHECK enum ls_rc adv_stage_pg(struct adv_job *j, struct adv_stage **out, struct ls_err *err);
/* advise_clone.c: tables of the target with their rows, in an empty database. */
LS_MUST_CHECK enum ls_rc adv_clone(struct adv_job *j, struct ls_db *to, const bool *tables, double share, struct ls_err *err);

/* --- values */
void adv_guess(struct adv_job *j, struct adv_query *q);
/* Share of the rows for which it holds, by a count on the copy; 1 where that cannot be told. */
double adv_share(struct adv_job *j, uint32_t table, const char *predicate);
double adv_distinct(struct adv_job *j, uint32_t table, const char *column);

/* --- the search */
struct adv_found {
    uint32_t cand;
    int64_t bytes;
    LS_VEC(struct ls_gain) gains;
};
struct adv_result {
    LS_VEC(struct adv_found) f;
    LS_VEC(struct adv_made) made;
};
void adv_result_release(struct adv_result *r);
/* A plan lives in an arena of its own: the same query may gain by two indexes. */
struct ls_explained adv_copy_plan(const struct ls_explained *e);
/* Half of what was read, when it was run; else a quarter of the cost. */
bool adv_is_gain(const struct ls_explained *before, const struct ls_explained *after, double was, double is);
LS_MUST_CHECK enum ls_rc adv_search(struct adv_job *j, struct ls_err *err);
void adv_hand_out(struct adv_job *j, struct adv_result *r); /* gains become the result's */
/* On the stage, with what is made there; score -1: nothing to compare with. */
LS_MUST_CHECK enum ls_rc adv_score(struct adv_job *j, struct adv_query *q, int rounds, bool run, struct ls_explained *e, double *score, struct ls_err *err);
bool adv_names_index(const struct ls_explained *e, const adv_names *names);
bool adv_sorts(const struct ls_explained *e);
LS_MUST_CHECK enum ls_rc adv_try_all(struct adv_job *j, struct ls_err *err);
/* Candidates that are worth it, best first. */
void adv_pick(struct adv_job *j, adv_list *out);
void adv_prune(struct adv_job *j, adv_list *list);
bool adv_is_listed(const adv_list *list, uint32_t cand);
double adv_threshold(const struct adv_job *j);
bool adv_begins_with(const struct adv_cand *longer, const struct adv_cand *c);
void adv_pick_structural(struct adv_job *j, adv_list *out);

/* --- what is there; nothing without a copy or clone */
typedef LS_VEC(struct ls_loss) ls_losses;
LS_MUST_CHECK enum ls_rc adv_drops(struct adv_job *j, struct ls_err *err);
LS_MUST_CHECK enum ls_rc adv_count_nulls(struct adv_job *j, struct ls_err *err);

/* --- writing */
struct wl_toks;
/* Where the table's name stands behind the verb ("UPDATE"); 0: another table. */
size_t adv_find_target(const struct wl_toks *t, const char *verb, const char *table);
void adv_mark_uses(struct adv_job *j, const struct ls_explained *e, bool *uses);
void adv_lite_triggers(struct adv_job *j);
const char *adv_write_cost(struct adv_job *j, const struct adv_cand *c, uint32_t n_more);

#endif
