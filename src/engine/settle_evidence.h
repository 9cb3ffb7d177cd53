/* engine/settle_evidence.h: what the catalogue shows of every migration of a folder. Reads only. */
#ifndef LOCKSTEP_SRC_ENGINE_SETTLE_EVIDENCE_H
#define LOCKSTEP_SRC_ENGINE_SETTLE_EVIDENCE_H

#include "engine/dirty_priv.h"
#include "lockstep/engine/settle.h"

struct ls_evidences {
    LS_VEC(struct ls_reading) r; /* as many as the timeline has entries */
    LS_VEC(bool) counts;
};
/* Whether a migration is taken to have run, so that what it left hides what earlier ones did. */
typedef bool (*ls_evidence_counts)(void *ctx, const struct ls_entry *e);
LS_MUST_CHECK enum ls_rc ls_evidence_read(struct ls_session *s, const struct ls_snapshot *snap, struct ls_arena *arena, ls_evidence_counts counts, void *ctx,
                                          struct ls_evidences *out, struct ls_err *err);
/* Of the timeline's entry `at`; verdict and choice are left to the caller. */
void ls_evidence_of(const struct ls_evidences *all, size_t at, struct ls_arena *arena, const struct ls_entry *e, struct ls_settle_evidence *out);
void ls_evidences_release(struct ls_evidences *all);

#endif
