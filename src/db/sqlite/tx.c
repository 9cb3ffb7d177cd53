#include <config.h>

#include "db/sqlite/lite_internal.h"

#include "lockstep/base/fault.h"

enum ls_tx_status lite_tx_status(const struct ls_db *db)
{
    return sqlite3_get_autocommit(((const struct lite *)db)->h) ? LS_TXS_IDLE : LS_TXS_OPEN;
}

static int run(struct lite *c, const char *sql)
{
    return sqlite3_exec(c->h, sql, NULL, NULL, NULL);
}

/* The write lock is taken here or not at all: a deferred transaction could not be upgraded later by waiting (V14). */
enum ls_rc lite_begin(struct ls_db *db, struct ls_err *err)
{
    struct lite *c = lite_of(db);

    lite_call_begin(c);

    c->was_rolled_back = false;

    int code = run(c, c->db.info.is_read_only ? "BEGIN" : "BEGIN IMMEDIATE");

    return code == SQLITE_OK ? LS_OK : lite_err(c, code, err);
}

enum ls_rc lite_commit(struct ls_db *db, struct ls_err *err)
{
    struct lite *c = lite_of(db);
    int code = SQLITE_INTERRUPT;

    if (sqlite3_get_autocommit(c->h)) {
        enum ls_rc rc = c->was_rolled_back ? LS_E_FAILED : LS_E_INTERNAL;

        rc = ls_err_set(err, rc,
                        c->was_rolled_back ? "the transaction cannot be committed: SQLite has rolled it back"
                                           : "there is no open transaction to commit");
        ls_err_hint(err, c->was_rolled_back
                             ? "a statement of it had failed with an error that ends the transaction"
                             : "a statement has ended the transaction before: look for COMMIT or ROLLBACK in what was run");
        return rc;
    }
    lite_call_begin(c);
    c->ignores_on_wait = true;
    LS_FAULT("db-commit-send");
    /* An interrupt that arrives before COMMIT has begun leaves the transaction open; there is no use in stopping here. */
    for (int tries = 0; code == SQLITE_INTERRUPT && tries < 5; tries++) {
        atomic_store(&c->db.cancel, false);
        code = run(c, "COMMIT");
    }
    LS_FAULT("db-commit-answered");
    if (code == SQLITE_OK)
        return LS_OK;
    if ((code & 0xff) == SQLITE_BUSY) /* still open: a reader is in the way (V14) */
        return lite_err(c, code, err);

    struct ls_err own = LS_ERR_INIT;
    /* A deferred foreign key: nothing was written, so this is known. */
    bool is_refused = (code & 0xff) == SQLITE_CONSTRAINT;

    lite_err(c, code, &own);
    lite_rollback(db);
    if (is_refused) {
        if (err && err->code == LS_OK)
            ls_err_move(err, &own);
        ls_err_release(&own);
        return LS_E_SQL;
    }
    /* V13b: with a failing fsync in WAL mode the transaction was there after reopening. */
    enum ls_rc rc =
        ls_err_set(err, LS_E_UNKNOWN, "COMMIT ended in an error that does not tell whether it was done: %s", own.message);

    ls_err_hint(err, "close the database, open it again and look whether the change is there");
    ls_err_release(&own);
    return rc;
}

void lite_rollback(struct ls_db *db)
{
    struct lite *c = lite_of(db);

    lite_call_begin(c);
    c->was_rolled_back = false;
    c->ignores_on_wait = true;
    for (int tries = 0; tries < 5 && !sqlite3_get_autocommit(c->h); tries++) {
        atomic_store(&c->db.cancel, false);
        if (run(c, "ROLLBACK") != SQLITE_INTERRUPT)
            break;
    }
}
