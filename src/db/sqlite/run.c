/* A statement that is run to be counted. */
#include <config.h>

#include "db/sqlite/lite_internal.h"

#include <string.h>

#include "db/sqlite/lite_stub.h"
#include "lockstep/base/clock.h"


struct counting {
    struct lite *c;
    int64_t until; /* ls_mono_ms(); 0: no end */
    bool is_late;
};

static int on_progress(void *arg)
{
    struct counting *k = arg;

    k->is_late = k->until != 0 && ls_mono_ms() > k->until;
    return k->is_late || lite_on_progress(k->c);
}

static int step_all(sqlite3_stmt *stmt, struct ls_lite_counts *out)
{
    int64_t from = ls_mono_us();
    int code;

    while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
        out->rows++;
    out->us = ls_mono_us() - from;
    out->steps = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 0);
    out->fullscan_steps = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0);
    out->sorts = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_SORT, 0);
    out->autoindexes = sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_AUTOINDEX, 0);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

enum ls_rc lite_run(struct ls_db *db, const char *sql, const struct ls_param *params, int n_params, int timeout_ms, struct ls_lite_counts *out,
                    struct ls_err *err)
{
    struct lite *c = lite_of(db);
    struct counting k = {.c = c, .until = timeout_ms > 0 ? ls_mono_ms() + timeout_ms : 0};
    sqlite3_stmt *stmt = NULL;
    enum ls_rc rc;
    int code;

    lite_call_begin(c);
    rc = lite_prepare_one(c, sql, strlen(sql), params, n_params, &stmt, err);
    if (rc == LS_OK && stmt != NULL) {
        sqlite3_progress_handler(c->h, LITE_PROGRESS_OPS, on_progress, &k);
        code = step_all(stmt, out);
        sqlite3_progress_handler(c->h, LITE_PROGRESS_OPS, lite_on_progress, c);
        if (code != SQLITE_OK && k.is_late) /* what it took until then is told */
            rc = ls_err_set(err, LS_E_BUSY, "it was stopped after %d ms", timeout_ms);
        else if (code != SQLITE_OK)
            rc = lite_err(c, code, err);
    }
    sqlite3_finalize(stmt);
    return rc;
}
