/* lockstep/engine/proof.h: whether the database has the schema that its applied migrations promise. */
#ifndef LOCKSTEP_ENGINE_PROOF_H
#define LOCKSTEP_ENGINE_PROOF_H

#include "lockstep/diff/diff.h"
#include "lockstep/engine/side.h"

enum ls_proof_state { LS_PROOF_NOT_HAD, LS_PROOF_EQUAL, LS_PROOF_DIFFERS };
const char *ls_proof_name(enum ls_proof_state s); /* "not proved", "proved", "differs" */
struct ls_proof {
    enum ls_proof_state state;
    char *why;                  /* NOT_HAD: the reason */
    struct ls_catalog *promised, *live;
    struct ls_diff diff;        /* of the two; empty when NOT_HAD */
};
/* LS_OK in every case but a stop (LS_E_CANCELLED): what stands in the way of a proof is told by the proof. Release it in each case. */
LS_MUST_CHECK enum ls_rc ls_prove_schema(struct ls_side_world *w, const struct ls_diff_opts *opts, struct ls_proof *out, struct ls_err *err);
/* Replays the whole folder, pending migrations too. *why: NULL, or what a pending one names that is not there at that point, with its place and the nearest
 * name; caller frees. Other failures say nothing: on an empty database a migration of rows may fail that would not fail in the real one. */
LS_MUST_CHECK enum ls_rc ls_prove_pending(struct ls_side_world *w, char **why, struct ls_err *err);
void ls_proof_release(struct ls_proof *p);

#endif
