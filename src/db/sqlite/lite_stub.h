/* db/sqlite/lite_stub.h: what stands behind lockstep/db/lite.h. */
#ifndef DB_SQLITE_LITE_STUB_H
#define DB_SQLITE_LITE_STUB_H

#include "lockstep/db/lite.h"

/* run.c */
enum ls_rc lite_run(struct ls_db *db, const char *sql, const struct ls_param *params, int n_params, int timeout_ms, struct ls_lite_counts *out,
                    struct ls_err *err);
/* stub.c */
enum ls_rc lite_stub_new(struct ls_db *db, struct ls_lite_stub **out, struct ls_err *err);
enum ls_rc lite_stub_ask(struct ls_lite_stub *s, const char *sql, struct ls_arena *arena, const struct ls_lite_want **wants, uint32_t *n,
                         struct ls_err *err);
void lite_stub_free(struct ls_lite_stub *s);

#endif
