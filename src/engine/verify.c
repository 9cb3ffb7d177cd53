/* Runs the .verify files of applied migrations where they cannot write. */
#include <config.h>

#include "lockstep/engine/verify.h"

#include "lockstep/base/clock.h"
#include "lockstep/sql/lex.h"
#include "lockstep/sql/split.h"

struct runner {
    struct ls_session *session;
    const struct ls_snapshot *snap;
    const struct ls_run_hooks *hooks;
    struct ls_verify_report *out;
    struct ls_db *db;
    int64_t began_ms;
};

static bool keep_going(struct runner *r, int64_t done, int64_t total)
{
    const struct ls_run_hooks *h = r->hooks;
    struct ls_event ev = {.kind = LS_EV_PROGRESS, .step = -1, .op = -1, .rows = -1, .done = done, .total = total, .text = "verify"};

    ev.elapsed_us = (ls_mono_ms() - r->began_ms) * 1000;
    if (h != NULL && h->on_event != NULL)
        h->on_event(h->ctx, &ev);
    if (h != NULL && h->gate != NULL && h->gate(h->ctx, NULL, -1, -1) == LS_GATE_STOP)
        return false;
    return !ls_session_cancelled(r->session);
}

static struct ls_diag *add_failure(struct runner *r, const struct ls_migration *m, const char *code, int line)
{
    struct ls_diag *d = LS_VEC_PUSH(&r->out->diags.d);

    *d = (struct ls_diag){.severity = LS_SEV_ERROR, .code = code, .line = line, .message = ""};
    d->path = ls_arena_str(r->out->arena, m->verify.path);
    d->version = ls_arena_str(r->out->arena, m->label);
    r->out->n_verify_failed++;
    return d;
}

/* SQLite has no read-only transaction: PRAGMA query_only forbids writing, but not ATTACH, which makes files, nor the pragma that
 * ends it. So only queries. */
static bool is_query(const char *stmt, size_t len)
{
    static const char *const firsts[] = {"SELECT", "WITH", "VALUES"};
    struct ls_lex lx;
    struct ls_tok t;

    ls_lex_init(&lx, LS_DIALECT_SQLITE, stmt, len);
    do
        t = ls_lex_next(&lx);
    while (t.kind == LS_TOK_SPACE || t.kind == LS_TOK_COMMENT || t.kind == LS_TOK_OPEN);
    for (size_t i = 0; i < LS_ARRAY_LEN(firsts); i++)
        if (ls_tok_is(&lx, &t, firsts[i]))
            return true;
    return false;
}

static enum ls_rc open_tx(struct runner *r, struct ls_err *err)
{
    static const char begin_pg[] = "BEGIN READ ONLY; SELECT 1"; /* after a first query, SET TRANSACTION READ WRITE is refused */
    static const char begin_sqlite[] = "BEGIN";

    if (ls_db_tx_status(r->db) == LS_TXS_OPEN)
        return LS_OK;
    ls_db_rollback(r->db);
    if (ls_db_dialect(r->db) == LS_DIALECT_POSTGRES)
        return ls_db_exec_batch(r->db, begin_pg, strlen(begin_pg), NULL, err);
    return ls_db_exec(r->db, begin_sqlite, strlen(begin_sqlite), NULL, 0, NULL, err);
}

static enum ls_rc report_error(struct runner *r, const struct ls_migration *m, const struct ls_source *src, size_t i,
                               struct ls_err *why, struct ls_err *err)
{
    const struct ls_stmt *st = &src->stmts->v[i];
    struct ls_diag *d;
    int line = st->line, col = 0;

    if (why->code == LS_E_CONNECT || why->code == LS_E_CANCELLED) {
        enum ls_rc rc = why->code;

        ls_err_move(err, why);
        return rc;
    }
    if (why->offset >= 0 && st->start + (size_t)why->offset <= src->text.len) {
        ls_sql_place(src->text.ptr, src->text.len, st->start + (size_t)why->offset, &line, &col);
        line += src->line - 1;
    }
    d = add_failure(r, m, "verify-error", line);
    d->message = ls_arena_printf(r->out->arena, "statement %zu of %zu: %s", i + 1, src->stmts->n, why->message);
    d->hint = ls_arena_str(r->out->arena, why->hint);
    return LS_OK;
}

static enum ls_rc run_statement(struct runner *r, const struct ls_migration *m, const struct ls_source *src, size_t i,
                                struct ls_err *err)
{
    const struct ls_stmt *st = &src->stmts->v[i];
    const char *text = src->text.ptr + st->start;
    size_t len = st->end - st->start;
    struct ls_exec_info info = {0};
    struct ls_err why = LS_ERR_INIT;
    enum ls_rc rc = LS_OK;

    r->out->n_verify_run++;
    if (st->tx != LS_TX_TRANSACTIONAL || (ls_db_dialect(r->db) == LS_DIALECT_SQLITE && !is_query(text, len))) {
        struct ls_diag *d = add_failure(r, m, "verify-not-a-query", st->line);

        d->message = ls_arena_printf(r->out->arena, "statement %zu of %zu is no query, and was not run", i + 1, src->stmts->n);
        d->hint = "A .verify file holds queries only; SQLite's pragmas can be asked as tables: SELECT count(*) = 0 FROM "
                  "pragma_foreign_key_check.";
        return LS_OK;
    }
    rc = open_tx(r, &why);
    if (rc == LS_OK)
        rc = ls_db_exec(r->db, text, len, NULL, 0, &info, &why);
    if (rc != LS_OK) {
        rc = report_error(r, m, src, i, &why, err);
    } else if (!info.has_rows || info.rows == 0) {
        add_failure(r, m, "verify-no-rows", st->line)->message = ls_arena_printf(
            r->out->arena, "statement %zu of %zu gave no row; it must give rows that are all true", i + 1, src->stmts->n);
    } else if (!info.all_true) {
        add_failure(r, m, "verify-failed", st->line)->message =
            ls_arena_printf(r->out->arena, "statement %zu of %zu gave a row that is not true", i + 1, src->stmts->n);
    }
    ls_err_release(&why);
    return rc;
}

static enum ls_rc run_file(struct runner *r, const struct ls_migration *m, struct ls_err *err)
{
    struct ls_err why = LS_ERR_INIT;
    struct ls_source src = {.text = LS_BUF_INIT};
    enum ls_rc rc = ls_source_load(&m->verify, ls_db_dialect(r->db), NULL, &src, &why);

    if (rc != LS_OK || src.stmts == NULL) {
        r->out->n_verify_failed++; /* why it cannot be read is among the static findings */
        rc = LS_OK;
        goto out;
    }
    for (size_t i = 0; rc == LS_OK && i < src.stmts->n; i++)
        rc = run_statement(r, m, &src, i, err);
    ls_db_rollback(r->db);
out:
    ls_source_release(&src);
    ls_err_release(&why);
    return rc;
}

static enum ls_rc query_only(struct ls_db *db, bool on, struct ls_err *err)
{
    const char *sql = on ? "PRAGMA query_only = 1" : "PRAGMA query_only = 0";

    if (ls_db_dialect(db) != LS_DIALECT_SQLITE || ls_db_info(db)->is_read_only)
        return LS_OK;
    return ls_db_exec(db, sql, strlen(sql), NULL, 0, NULL, err);
}

static bool is_due(const struct ls_entry *e)
{
    return e->migration != NULL && e->migration->verify.path != NULL && e->migration->lang == LS_LANG_SQL &&
           (e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED);
}

static enum ls_rc run_files(struct runner *r, struct ls_err *err)
{
    const struct ls_timeline *t = &r->snap->timeline;
    int64_t total = 0, done = 0;
    enum ls_rc rc = ls_session_connect(r->session, err);

    if (rc != LS_OK)
        return rc;
    r->db = ls_session_db(r->session);
    rc = query_only(r->db, true, err);
    for (size_t i = 0; i < t->e.n; i++)
        total += is_due(&t->e.v[i]);
    for (size_t i = 0; rc == LS_OK && i < t->e.n; i++) {
        if (!is_due(&t->e.v[i]))
            continue;
        if (!keep_going(r, done++, total))
            rc = ls_err_set(err, LS_E_CANCELLED, "the check was stopped after %d statements", r->out->n_verify_run);
        else
            rc = run_file(r, t->e.v[i].migration, err);
    }
    if (ls_db_is_alive(r->db)) {
        struct ls_err why = LS_ERR_INIT;

        if (query_only(r->db, false, &why) != LS_OK && rc == LS_OK) {
            rc = why.code;
            ls_err_move(err, &why);
        }
        ls_err_release(&why);
    }
    return rc;
}

enum ls_rc ls_verify(struct ls_session *s, const struct ls_snapshot *snap, bool run, const struct ls_run_hooks *hooks,
                     struct ls_verify_report *out, struct ls_err *err)
{
    struct runner r = {.session = s, .snap = snap, .hooks = hooks, .out = out, .began_ms = ls_mono_ms()};
    enum ls_rc rc = LS_OK;

    *out = (struct ls_verify_report){.arena = ls_arena_new(), .n_checked = (int)snap->migrations.m.n};
    ls_verify_static(snap, out->arena, &out->diags);
    if (run && snap->has_db)
        rc = run_files(&r, err);
    ls_session_clear_cancel(s);
    return rc;
}

void ls_verify_report_release(struct ls_verify_report *r)
{
    LS_VEC_RELEASE(&r->diags.d);
    ls_arena_free(r->arena);
    *r = (struct ls_verify_report){0};
}
