/* lockstep/engine/advise.h: which indexes a workload lacks: candidates from the database's own planner, costed, then measured on a throw-away copy.
 * Method: indexes.md 3. The target is only read; what is built is built on the clone (PostgreSQL) or the copy (SQLite). */
#ifndef LOCKSTEP_ENGINE_ADVISE_H
#define LOCKSTEP_ENGINE_ADVISE_H

#include "lockstep/engine/explain.h"
#include "lockstep/engine/side.h"
#include "lockstep/model/usage.h"

enum ls_advice_level { LS_ADVICE_STRUCTURAL, LS_ADVICE_COSTED, LS_ADVICE_MEASURED };
const char *ls_advice_level_name(enum ls_advice_level l);

/* What one query gains. */
struct ls_gain {
    uint32_t query;             /* of the workload */
    struct ls_explained before, after; /* after.n_nodes 0: not costed */
    double saving;              /* 0..1: of buffers or VM steps when measured, else of cost */
};
struct ls_index_spec;           /* lockstep/engine/index.h */
struct ls_advice {
    const struct ls_index_spec *spec;
    enum ls_advice_level level;
    const struct ls_gain *gains; /* best first */
    uint32_t n_gains;
    double saving;              /* over the workload, weighted by frequency, 0..1 */
    int64_t bytes;              /* of the index on the clone (or HypoPG's estimate); -1 */
    const char *write_cost;     /* "each INSERT writes one index more; UPDATE of updated_at (in 2 of 5 queries) cannot be HOT any more" */
    uint32_t replaces;          /* an index of the usage that it makes needless; LS_NO_USAGE */
    bool is_order_by;           /* IX09: an index finds the rows, this one finds and orders them */
    bool is_partial;            /* IX11 */
};
/* What a query does without an index of the target that a longer one begins with, or carries more than: tried on the copy or clone (IX04). */
struct ls_loss {
    uint32_t index, query;      /* of the usage, of the workload */
    struct ls_explained before, after; /* with it, and without; after.n_nodes 0: the query fails (INDEXED BY) */
    bool is_worse;              /* as much as would be an advice: to make it again would be a gain */
};
/* How many entries of an index are NULL, 0..1; -1 not counted. bytes: of the whole index, by dbstat, or the least that so many entries take. */
struct ls_null_count {
    double share;
    int64_t bytes;
};
struct ls_advices {
    struct ls_arena *arena;
    const struct ls_advice *a;  /* best saving first */
    uint32_t n;
    const struct ls_explained *plans; /* one for each query of the workload, as things are now; n_plans. n_nodes 0: could not be planned (a note says why) */
    uint32_t n_plans;
    const bool *uses;           /* n_plans * usage->n_indexes: plan p names index i */
    const struct ls_loss *losses; /* n_losses, by index */
    uint32_t n_losses;
    const struct ls_null_count *nulls; /* SQLite: one for each index of the usage, counted on the copy; NULL: none was */
    struct ls_diags notes;      /* "structural only: no HypoPG and no clone", queries left out, with file and line */
    const char *how;            /* for people: "measured on a copy of demo.db", "costed by HypoPG", "structural only" */
};
struct ls_advise_opts {
    bool measure;               /* make a clone or copy; else cost with HypoPG where it is installed, else structural */
    bool on_target;             /* PostgreSQL: no clone; the target's own planner is asked, with HypoPG (nothing is run or built there) */
    int64_t max_bytes;          /* larger ones are not copied (SQLite), or only a sample of the rows (PostgreSQL: of the tables that are read); 0: 2 GiB */
    int rounds;                 /* 0: 5 */
    const struct ls_run_hooks *hooks; /* progress and gate; or NULL */
};
/* world: where scratch databases may be made (side.h). LS_E_CANCELLED. A query that the database refuses is a note with FILE:LINE. */
LS_MUST_CHECK enum ls_rc ls_advise(struct ls_side_world *world, struct ls_db *db, const struct ls_usage *u, const struct ls_workload *w,
                                   const struct ls_advise_opts *opts, struct ls_advices *out, struct ls_err *err);
/* SQLite: there are indexes of which only a copy tells how many entries are NULL; ls_advise() counts them with an empty workload, too. */
bool ls_advise_can_count(const struct ls_usage *u);
void ls_advices_release(struct ls_advices *a);

#endif
