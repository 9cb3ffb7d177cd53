/* lockstep/engine/index_report.h: everything that `lockstep index`, `lockstep advise` and the Indexes pane show, made in one call: usage, standbys, history,
 * workload, advice, verdicts. Frozen, in its own memory, for any thread. */
#ifndef LOCKSTEP_ENGINE_INDEX_REPORT_H
#define LOCKSTEP_ENGINE_INDEX_REPORT_H

#include "lockstep/db/usage.h"
#include "lockstep/engine/index.h"

struct ls_index_request {
    struct ls_usage_opts usage;
    const char *state_dir;        /* folder of the operator's own state, where the history is kept; NULL: none is read or kept */
    const char *const *standbys;  /* URLs; n_standbys */
    uint32_t n_standbys;
    const char *workload_path;    /* NULL: none. A file that is not there is an error only when workload_is_asked */
    bool workload_is_asked;
    bool workload_of_server;      /* where there is no file: what pg_stat_statements has */
    bool advise;                  /* plan the workload, and cost or measure what it lacks */
    bool needs_workload;          /* without one nothing is measured */
    struct ls_advise_opts advice;
    const struct ls_index_ignore *ignores;
    uint32_t n_ignores;
    int64_t window_us;            /* 0: 14 days */
    int64_t now_us;               /* wall clock */
};
struct ls_index_report {
    struct ls_arena *arena;
    struct ls_usage *usage;
    struct ls_usage **standbys;   /* those that answered */
    uint32_t n_standbys;
    struct ls_history history;
    struct ls_workload workload;  /* arena NULL: none */
    struct ls_advices advices;    /* arena NULL: none */
    struct ls_verdicts verdicts;
    struct ls_verdict_opts judged_by; /* what the verdicts were made by, without the ignores; in the report's own memory */
    struct ls_diags notes;        /* of all of them: standbys that did not answer, no pg_stat_statements, what could not be planned */
};
/* The connection of world->session is used, opened when it is not. */
LS_MUST_CHECK enum ls_rc ls_index_report_make(struct ls_side_world *world, const struct ls_index_request *req, struct ls_index_report *out, struct ls_err *err);
/* The verdicts anew with these ignores; what was read and measured stays as it is. */
void ls_index_report_judge(struct ls_index_report *r, const struct ls_index_ignore *ignores, uint32_t n);
void ls_index_report_release(struct ls_index_report *r); /* NULL is fine */

/* --- order and totals (index_sort.c) --- */

/* X(enum, word). NAME is the order of the report: table, then index. The others: the most, the newest first; what is not known last. */
#define LS_INDEX_SORTS(X) X(NAME, "name") X(SCANS, "scans") X(RATE, "rate") X(LAST, "last") X(SIZE, "size") X(BLOAT, "bloat")
enum ls_index_sort {
#define X(e, w) LS_INDEX_BY_##e,
    LS_INDEX_SORTS(X)
#undef X
        LS_N_INDEX_SORTS
};
const char *ls_index_sort_name(enum ls_index_sort s);
const char *const *ls_index_sort_names(size_t *n);
double ls_index_sort_key(const struct ls_index_report *r, uint32_t index, enum ls_index_sort s);
/* Sorts numbers of indexes of the usage; ties stay in the order of the report. */
void ls_index_sort(const struct ls_index_report *r, enum ls_index_sort s, uint32_t *indexes, size_t n);
/* What is known of its past; NULL: nothing. */
const struct ls_past *ls_index_past(const struct ls_index_report *r, uint32_t index);
/* The newest moment at which it is known to have been read, by the server or by looks of our own; 0 never. */
int64_t ls_index_last_read(const struct ls_index_report *r, uint32_t index);
struct ls_index_total {
    uint32_t n;                   /* without the indexes of partitioned tables: what those count is their partitions' */
    int64_t bytes, scans;         /* of these; unknown ones left out */
    int64_t max_bytes, max_scans; /* of all: what a bar is measured by */
};
void ls_index_total(const struct ls_index_report *r, const uint32_t *indexes, size_t n, struct ls_index_total *out);

#endif
