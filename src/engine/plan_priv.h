/* engine/plan_priv.h: what plan.c shares with findings.c and the run. */
#ifndef LOCKSTEP_SRC_ENGINE_PLAN_PRIV_H
#define LOCKSTEP_SRC_ENGINE_PLAN_PRIV_H

#include "lockstep/engine/plan.h"

/* A request whose version was looked up. */
struct ls_plan_goal {
    enum ls_action action;
    long count;
    uint64_t version;
    bool to_nothing;
};

/* Makes the plan without findings and without is_destructive: neither is part of the digest. */
LS_MUST_CHECK enum ls_rc ls_plan_build(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_plan_goal *goal, struct ls_plan **out,
                                       struct ls_err *err);
/* Adds the findings and sets is_destructive of ops, steps and plan. */
void ls_plan_find(struct ls_plan *p, const struct ls_snapshot *snap, enum ls_dialect d);

#endif
