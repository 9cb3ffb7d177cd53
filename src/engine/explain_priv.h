/* engine/explain_priv.h: plans, between the files that read them. */
#ifndef LOCKSTEP_SRC_ENGINE_EXPLAIN_PRIV_H
#define LOCKSTEP_SRC_ENGINE_EXPLAIN_PRIV_H

#include <jansson.h>

#include "lockstep/engine/explain.h"

enum { EX_ROUNDS = 5, EX_TIMEOUT_MS = 30000 };

typedef LS_VEC(struct ls_node) ex_nodes;

/* Values of a sample as parameters, NULLs where there is none; in arena, q->n_params of them. */
struct ls_param *ex_params(struct ls_arena *arena, const struct ls_query *q, uint32_t sample);
/* Puts the query's file and line in front. */
enum ls_rc ex_place(const struct ls_query *q, struct ls_err *why, struct ls_err *err);

/* explain_pg.c: fills out, whose arena is there. root (may be NULL): the plan itself, json_decref it. */
LS_MUST_CHECK enum ls_rc ex_pg(struct ls_db *db, const struct ls_query *q, const struct ls_explain_opts *opts, struct ls_explained *out, json_t **root,
                               struct ls_err *err);
/* explain_lite.c */
LS_MUST_CHECK enum ls_rc ex_lite(struct ls_db *db, const struct ls_query *q, const struct ls_explain_opts *opts, struct ls_explained *out,
                                 struct ls_err *err);
/* ls_explain with the plan as PostgreSQL gave it. */
LS_MUST_CHECK enum ls_rc ex_explain(struct ls_db *db, const struct ls_query *q, const struct ls_explain_opts *opts, struct ls_explained *out,
                                    json_t **root, struct ls_err *err);
void ex_freeze(struct ls_explained *out, ex_nodes *nodes);

#endif
