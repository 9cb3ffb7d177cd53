#include <config.h>

#include "db/postgres/pg_internal.h"

#include <stdio.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/fault.h"

enum ls_tx_status pg_tx_status(const struct ls_db *db)
{
    const struct pg *c = (const struct pg *)db;

    if (c->is_dead)
        return LS_TXS_UNKNOWN;
    switch (PQtransactionStatus(c->conn)) {
    case PQTRANS_IDLE:
        return LS_TXS_IDLE;
    case PQTRANS_INTRANS:
        return LS_TXS_OPEN;
    case PQTRANS_INERROR:
        return LS_TXS_FAILED;
    default:
        return LS_TXS_UNKNOWN;
    }
}

enum ls_rc pg_begin(struct ls_db *db, struct ls_err *err)
{
    const char *sql = pg_of(db)->is_fenced ? PG_BEGIN_READ_ONLY : "BEGIN";
    struct ls_exec_info info = {.rows = -1};
    struct pg_call k;

    pg_call_init(&k, sql, strlen(sql));
    return pg_exec_call(pg_of(db), &k, NULL, 0, &info, err);
}

/* Success is the tag COMMIT and nothing else (reliability.md F15, V2). Not an error of the server = the answer is not known. */
enum ls_rc pg_commit(struct ls_db *db, struct ls_err *err)
{
    struct pg *c = pg_of(db);
    struct ls_exec_info info = {.rows = -1};
    struct ls_err own = LS_ERR_INIT;
    struct pg_call k;
    enum ls_tx_status before = pg_tx_status(db);
    enum ls_rc rc = pg_check(c, err);

    if (rc != LS_OK)
        return rc; /* nothing was sent */
    if (before == LS_TXS_IDLE) {
        ls_err_hint(err, "a statement has ended the transaction before: look for COMMIT or ROLLBACK in what was run");
        return ls_err_set(err, LS_E_INTERNAL, "there is no open transaction to commit");
    }
    pg_call_init(&k, "COMMIT", 6);
    k.ignores_on_wait = true;
    k.is_commit = true;
    LS_FAULT("db-commit-send");
    rc = pg_exec_call(c, &k, NULL, 0, &info, &own);
    LS_FAULT("db-commit-answered");
    if (rc == LS_OK && !strcmp(info.tag, "COMMIT")) {
        ls_err_release(&own);
        return LS_OK;
    }
    if (rc == LS_OK) {
        rc = ls_err_set(err, LS_E_FAILED, "the server rolled the transaction back instead of committing it (it answered %s)",
                        info.tag);
        ls_err_hint(err, "a statement of the transaction had failed");
        return rc;
    }
    /* The server said ERROR: it is rolled back, for sure (a deferred constraint, a cancel). Without a SQLSTATE, or with the link
     * gone, it may be either. */
    if (own.sqlstate[0] == '\0' || c->is_dead) {
        ls_err_set(err, LS_E_UNKNOWN, "the answer to COMMIT was lost: %s", own.message);
        if (own.detail)
            ls_err_detail(err, "%s", own.detail);
        ls_err_hint(err, "connect again and ask the server what became of the transaction");
        rc = LS_E_UNKNOWN;
        ls_err_release(&own);
        return rc;
    }
    if (err && err->code == LS_OK)
        ls_err_move(err, &own);
    ls_err_release(&own);
    return rc;
}

void pg_rollback(struct ls_db *db)
{
    struct ls_exec_info info = {.rows = -1};
    struct pg_call k;

    pg_call_init(&k, "ROLLBACK", 8);
    k.ignores_on_wait = true;
    k.ignores_cancel = true;
    k.deadline = ls_mono_ms() + PG_ROLLBACK_MS;
    if (pg_exec_call(pg_of(db), &k, NULL, 0, &info, NULL) != LS_OK)
        return; /* the link is gone or the session is: the server rolls back by itself */
}

/* xid8 and its functions came with PostgreSQL 13; the txid_ ones before it say the same. Asking by trial would spoil the
 * transaction. */
static bool has_xid8(const struct pg *c)
{
    return PQserverVersion(c->conn) >= 130000;
}

enum ls_rc pg_xact_id(struct ls_db *db, char out[32], struct ls_err *err)
{
    struct ls_result r = {0};
    const char *sql = has_xid8(pg_of(db)) ? "select pg_catalog.pg_current_xact_id_if_assigned()::text"
                                          : "select pg_catalog.txid_current_if_assigned()::text";
    enum ls_rc rc = pg_query(db, sql, strlen(sql), NULL, 0, &r, err);
    const char *id = rc == LS_OK ? ls_result_get(&r, 0, 0) : NULL;

    snprintf(out, 32, "%s", id ? id : "");
    ls_result_release(&r);
    return rc;
}

enum ls_rc pg_xact_outcome(struct ls_db *db, const char *xact_id, enum ls_outcome *out, struct ls_err *err)
{
    static const struct {
        const char *word;
        enum ls_outcome outcome;
    } words[] = {{"committed", LS_OUTCOME_COMMITTED}, {"aborted", LS_OUTCOME_ABORTED}, {"in progress", LS_OUTCOME_RUNNING}};
    struct ls_param id = {LS_PARAM_TEXT, xact_id};
    struct ls_err own = LS_ERR_INIT;
    struct ls_result r = {0};
    const char *sql = has_xid8(pg_of(db)) ? "select pg_catalog.pg_xact_status($1::text::xid8)"
                                          : "select pg_catalog.txid_status($1::text::bigint)";
    enum ls_rc rc = pg_query(db, sql, strlen(sql), &id, 1, &r, &own);
    const char *word = rc == LS_OK ? ls_result_get(&r, 0, 0) : NULL;

    for (size_t i = 0; word && i < LS_ARRAY_LEN(words); i++)
        if (!strcmp(words[i].word, word))
            *out = words[i].outcome;
    ls_result_release(&r);
    if (rc == LS_E_SQL && !strcmp(own.sqlstate, "22023")) /* "transaction ID is in the future": another server or timeline */
        rc = LS_OK;
    if (rc != LS_OK && err && err->code == LS_OK)
        ls_err_move(err, &own);
    ls_err_release(&own);
    return rc;
}
