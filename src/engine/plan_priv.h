/* engine/plan_priv.h: what plan.c shares with findings.c and the run. */
#ifndef LOCKSTEP_SRC_ENGINE_PLAN_PRIV_H
#define LOCKSTEP_SRC_ENGINE_PLAN_PRIV_H

#include "lockstep/engine/plan.h"

/* A request whose version was looked up. */
struct ls_plan_goal {
    enum ls_action action;
    long count;
    const char *id;   /* TO, MARK: of a timeline entry, lent; NULL with to_nothing */
    bool to_nothing;
    bool out_of_order;
};

/* The timeline entry that a request's words mean: an id, a label, "007_add_email", a number where the format counts, a title, or the beginning of one
 * of them that nothing else begins with. LS_E_NOT_FOUND, LS_E_USAGE when several fit. *out -1: nothing at all ("none", "0", "-1"). */
LS_MUST_CHECK enum ls_rc ls_plan_resolve(const struct ls_snapshot *snap, const char *words, long *out, struct ls_err *err);

/* Whether a TO means all heads of a graph ("heads"): as an up of everything. */
bool ls_plan_means_heads(const struct ls_snapshot *snap, const char *words);

/* Makes the plan without findings and without is_destructive: neither is part of the digest. */
LS_MUST_CHECK enum ls_rc ls_plan_build(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_plan_goal *goal, struct ls_plan **out,
                                       struct ls_err *err);
/* The one step that runs this entry's migration, whatever its state and whatever else the tool would look at first, with its findings: for lint. Needs no
 * database; what comes out is not to be run. */
LS_MUST_CHECK enum ls_rc ls_plan_one(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_entry *e, struct ls_plan **out, struct ls_err *err);
/* Adds the findings and sets is_destructive of ops, steps and plan. */
void ls_plan_find(struct ls_plan *p, const struct ls_snapshot *snap, enum ls_dialect d);

#endif
