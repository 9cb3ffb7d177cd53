/* engine/index_report.c: usage, standbys, history, workload, advice and verdicts, one after the other: what each face shows. */
#include <config.h>

#include "lockstep/engine/index_report.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

static void note(struct ls_index_report *r, enum ls_severity severity, const char *code, const char *message, const char *hint)
{
    *LS_VEC_PUSH(&r->notes.d) = (struct ls_diag){.severity = severity,
                                                 .code = code,
                                                 .message = ls_arena_str(r->arena, message),
                                                 .hint = hint ? ls_arena_str(r->arena, hint) : NULL};
}

static void note_err(struct ls_index_report *r, enum ls_severity severity, const char *code, const char *what, struct ls_err *err)
{
    char *text = ls_asprintf("%s%s", what, err->message ? err->message : ls_rc_name(err->code));

    note(r, severity, code, text, err->hint);
    free(text);
    ls_err_release(err);
}

static void notes_of(struct ls_index_report *r, const struct ls_diags *from)
{
    for (size_t i = 0; i < from->d.n; i++)
        *LS_VEC_PUSH(&r->notes.d) = from->d.v[i]; /* their arenas live as long as the report */
}

/* --- standbys ------------------------------------------------------------------------------------------------------ */

static enum ls_rc read_standby(struct ls_session *s, const char *url, struct ls_usage **out, struct ls_err *err)
{
    const struct ls_session_params *p = ls_session_params(s);
    struct ls_db_params params = {.url = url,
                                  .read_only = true,
                                  .connect_timeout_ms = p->connect_timeout_ms,
                                  .statement_timeout_ms = p->statement_timeout_ms};
    const struct ls_usage_opts opts = {0};
    struct ls_db *db = NULL;
    enum ls_rc rc = ls_db_open(&params, &db, err);

    if (rc == LS_OK)
        rc = ls_db_usage(db, &opts, out, err);
    ls_db_close(db);
    return rc;
}

/* One that does not answer, or is no copy of this database, is told and counts as not asked: what is unused here may be used there. */
static void read_standbys(struct ls_session *s, const struct ls_index_request *req, struct ls_index_report *r)
{
    r->standbys = LS_ARENA_ARRAY(r->arena, struct ls_usage *, req->n_standbys + 1);
    for (uint32_t i = 0; i < req->n_standbys && !ls_session_cancelled(s); i++) {
        struct ls_err err = LS_ERR_INIT;
        struct ls_usage *u = NULL;
        char *label = ls_db_url_label(req->standbys[i]);
        char *what = ls_asprintf("the standby %s was not read: ", label);

        if (read_standby(s, req->standbys[i], &u, &err) != LS_OK) {
            note_err(r, LS_SEV_WARNING, "standby-missed", what, &err);
        } else if (u->system_id[0] && r->usage->system_id[0] && strcmp(u->system_id, r->usage->system_id) != 0) {
            ls_err_set(&err, LS_E_INPUT, "it is of another cluster (system identifier %s, here %s)", u->system_id, r->usage->system_id);
            note_err(r, LS_SEV_WARNING, "standby-missed", what, &err);
            ls_usage_free(u);
        } else {
            r->standbys[r->n_standbys++] = u;
        }
        free(what);
        free(label);
    }
}

/* --- workload ------------------------------------------------------------------------------------------------------ */

static enum ls_rc read_workload(struct ls_db *db, const struct ls_index_request *req, struct ls_index_report *r, struct ls_err *err)
{
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc;

    if (req->workload_path && (req->workload_is_asked || ls_path_kind(req->workload_path) == LS_PATH_FILE))
        return ls_workload_load(req->workload_path, ls_db_dialect(db), &r->workload, err);
    if (!req->workload_of_server || ls_db_dialect(db) != LS_DIALECT_POSTGRES)
        return LS_OK;
    rc = ls_workload_statements(db, 50, &r->workload, &own);
    if (rc == LS_E_CANCELLED || rc == LS_E_CONNECT) {
        ls_err_move(err, &own);
        return rc;
    }
    if (rc != LS_OK)
        note_err(r, LS_SEV_INFO, "no-workload", "", &own);
    ls_err_release(&own);
    return LS_OK;
}

static enum ls_rc advise(struct ls_side_world *world, struct ls_db *db, const struct ls_index_request *req, struct ls_index_report *r,
                         struct ls_err *err)
{
    const struct ls_workload none = {.dialect = ls_db_dialect(db)};
    enum ls_rc rc = read_workload(db, req, r, err);

    if (rc != LS_OK)
        return rc;
    if (r->workload.arena)
        notes_of(r, &r->workload.notes);
    if (!req->advise)
        return LS_OK;
    if (r->workload.n_queries == 0 && !(req->advice.measure && !req->needs_workload && ls_advise_can_count(r->usage)))
        return LS_OK;
    rc = ls_advise(world, db, r->usage, r->workload.arena ? &r->workload : &none, &req->advice, &r->advices, err);
    if (rc == LS_OK)
        notes_of(r, &r->advices.notes);
    return rc;
}

/* --- the whole ----------------------------------------------------------------------------------------------------- */

static enum ls_rc read_history(const struct ls_index_request *req, struct ls_index_report *r, struct ls_err *err)
{
    char *path = req->state_dir ? ls_history_path(req->state_dir, r->usage) : NULL;
    const char *damaged = NULL;
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc = ls_history_open(path, r->usage, path != NULL, &r->history, &damaged, &own);

    if (rc == LS_OK && damaged)
        note(r, LS_SEV_WARNING, "history-damaged", damaged, NULL);
    if (rc != LS_OK && path) { /* a state folder that cannot be written does not keep anybody from looking */
        note_err(r, LS_SEV_WARNING, "no-history", "earlier counters were not read or kept: ", &own);
        ls_history_release(&r->history);
        rc = ls_history_open(NULL, r->usage, false, &r->history, &damaged, &own);
    }
    if (rc != LS_OK)
        ls_err_move(err, &own);
    ls_err_release(&own);
    free(path);
    return rc;
}

static void judge(struct ls_session *s, const struct ls_index_request *req, struct ls_index_report *r)
{
    r->judged_by = (struct ls_verdict_opts){.now_us = req->now_us,
                                            .window_us = req->window_us,
                                            .standbys = (const struct ls_usage *const *)r->standbys,
                                            .n_standbys = r->n_standbys,
                                            .n_standbys_missed = req->n_standbys - r->n_standbys,
                                            .workload = r->workload.arena ? &r->workload : NULL,
                                            .advices = r->advices.arena ? &r->advices : NULL,
                                            .ledger_table = ls_arena_str(r->arena, ls_session_params(s)->ledger_table)};
    ls_index_report_judge(r, req->ignores, req->n_ignores);
}

void ls_index_report_judge(struct ls_index_report *r, const struct ls_index_ignore *ignores, uint32_t n)
{
    struct ls_verdict_opts opts = r->judged_by;

    opts.ignores = ignores;
    opts.n_ignores = n;
    if (r->verdicts.arena)
        ls_verdicts_release(&r->verdicts);
    ls_verdicts_make(r->usage, &r->history, &opts, &r->verdicts);
}

enum ls_rc ls_index_report_make(struct ls_side_world *world, const struct ls_index_request *req, struct ls_index_report *out, struct ls_err *err)
{
    struct ls_db *db;
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    rc = ls_session_connect(world->session, err);
    db = ls_session_db(world->session);
    if (rc == LS_OK)
        rc = ls_db_usage(db, &req->usage, &out->usage, err);
    if (rc == LS_OK) {
        notes_of(out, &out->usage->notes);
        read_standbys(world->session, req, out);
        rc = read_history(req, out, err);
    }
    if (rc == LS_OK)
        rc = advise(world, db, req, out, err);
    if (rc == LS_OK && ls_session_cancelled(world->session))
        rc = ls_err_set(err, LS_E_CANCELLED, "cancelled");
    if (rc == LS_OK)
        judge(world->session, req, out);
    else
        ls_index_report_release(out);
    return rc;
}

void ls_index_report_release(struct ls_index_report *r)
{
    if (!r || !r->arena)
        return;
    if (r->verdicts.arena)
        ls_verdicts_release(&r->verdicts);
    if (r->advices.arena)
        ls_advices_release(&r->advices);
    if (r->workload.arena)
        ls_workload_release(&r->workload);
    if (r->history.arena)
        ls_history_release(&r->history);
    for (uint32_t i = 0; i < r->n_standbys; i++)
        ls_usage_free(r->standbys[i]);
    ls_usage_free(r->usage);
    LS_VEC_RELEASE(&r->notes.d);
    ls_arena_free(r->arena);
    memset(r, 0, sizeof(*r));
}
