/* engine/workload_priv.h: what the files of a workload share. */
#ifndef LOCKSTEP_SRC_ENGINE_WORKLOAD_PRIV_H
#define LOCKSTEP_SRC_ENGINE_WORKLOAD_PRIV_H

#include "lockstep/engine/workload.h"
#include "lockstep/sql/split.h"

/* Tokens of one statement that mean something: no space, no comments. */
struct wl_toks {
    const char *text;
    LS_VEC(struct ls_tok) t;
};
void wl_toks_init(struct wl_toks *out, enum ls_dialect d, const char *text, size_t len);
void wl_toks_release(struct wl_toks *t);
/* Whether token i is that unquoted word, upper case; false behind the end. */
bool wl_is(const struct wl_toks *t, size_t i, const char *upper);
/* Whether token i is that one character. */
bool wl_is_char(const struct wl_toks *t, size_t i, char c);

/* workload_params.c: q->sql read, q->text, n_params and cuts set. LS_E_INPUT with err->offset in sql. */
LS_MUST_CHECK enum ls_rc wl_params(struct ls_arena *a, enum ls_dialect d, struct ls_query *q, struct ls_err *err);
/* A list of values as a remark has it; err->offset in text. Appends nothing where it fails. */
struct wl_values {
    LS_VEC(const char *) v;
    LS_VEC(bool) is_number;
};
LS_MUST_CHECK enum ls_rc wl_values(struct ls_arena *a, enum ls_dialect d, const char *text, size_t len, struct wl_values *out, struct ls_err *err);
void wl_values_release(struct wl_values *v);

/* workload.c: verb, is_read and the parameters of q->sql; false: nothing that is planned (CREATE, SET ...). */
LS_MUST_CHECK enum ls_rc wl_query(struct ls_workload *w, struct ls_query *q, bool *is_planned, struct ls_err *err);
void wl_note(struct ls_workload *w, const char *code, const char *path, int line, const char *hint, const char *fmt, ...) LS_PRINTF(6, 7);
/* Sets w->queries. */
typedef LS_VEC(struct ls_query) wl_queries;
void wl_freeze(struct ls_workload *w, wl_queries *list);

#endif
