/* Maintenance done: under the operators' lock, recorded in the journal, with what the server tells of its progress; what a failure leaves is named, and
 * taken away when it is surely of this run. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "engine/journal_priv.h"
#include "engine/session_priv.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/fault.h"
#include "lockstep/base/hash.h"
#include "lockstep/base/mem.h"
#include "lockstep/engine/index_fix.h"
#include "lockstep/sql/quote.h"

#define LOCK_POLL_MS 250
#define WATCH_MS 400
#define MAX_LEFT 8

struct keeper {
    struct ls_session *s;
    const struct ls_upkeep *p;
    const struct ls_run_hooks *hooks;
    struct ls_arena *arena;
    struct ls_journal_writer journal;
    bool has_journal, is_locked;
    int64_t keys[4];
    int n_keys;
    struct ls_db *watcher;       /* asks how far it is; opened when something takes long */
    bool watcher_failed;
    int64_t began_ms, watched_ms;
    const char *text;            /* the statement that runs; NULL: none */
    const char *label;           /* what it is for, for people */
    struct ls_buf seen;          /* what the watcher saw of it */
    int64_t done, total;
    const char *before[MAX_LEFT]; /* leftovers that were there already */
    int n_before;
};

static void emit(struct keeper *k, enum ls_event_kind kind, const char *text)
{
    struct ls_event ev = {.kind = kind, .step = -1, .op = -1, .rows = -1, .done = k->done, .total = k->total, .text = text};

    ev.elapsed_us = (ls_mono_ms() - k->began_ms) * 1000;
    if (k->hooks != NULL && k->hooks->on_event != NULL)
        k->hooks->on_event(k->hooks->ctx, &ev);
    if (kind == LS_EV_PROGRESS && k->hooks != NULL && k->hooks->gate != NULL && k->hooks->gate(k->hooks->ctx, NULL, -1, -1) == LS_GATE_STOP)
        ls_session_cancel(k->s);
}

static void on_notice(void *ctx, const char *severity, const char *text)
{
    char *line = ls_asprintf("%s: %s", severity, text);

    emit(ctx, LS_EV_NOTICE, line);
    free(line);
}

/* --- how far it is ----------------------------------------------------------------------------------------------------------------------------- */

/* Phase, done, total; the units are blocks where there are blocks, else tuples, else those that are waited for. 13 to 18: the views differ in nothing
 * that is asked here but vacuum's, of which only the heap is taken. */
static const char progress_sql[] =
    "SELECT phase, CASE WHEN blocks_total > 0 THEN blocks_done WHEN tuples_total > 0 THEN tuples_done ELSE lockers_done END, "
    "CASE WHEN blocks_total > 0 THEN blocks_total WHEN tuples_total > 0 THEN tuples_total ELSE lockers_total END "
    "FROM pg_catalog.pg_stat_progress_create_index WHERE pid = $1::int "
    "UNION ALL SELECT phase, heap_blks_scanned, heap_blks_total FROM pg_catalog.pg_stat_progress_vacuum WHERE pid = $1::int "
    "UNION ALL SELECT phase, sample_blks_scanned, sample_blks_total FROM pg_catalog.pg_stat_progress_analyze WHERE pid = $1::int";

static void look(struct keeper *k)
{
    struct ls_db_params params = {.url = k->s->url, .read_only = true, .connect_timeout_ms = 2000, .lock_timeout_ms = 1000,
                                  .statement_timeout_ms = 2000, .answer_ms = 2500};
    int own = ls_db_info(k->s->db)->backend_pid;
    char pid[16];
    struct ls_param p = {LS_PARAM_INT, pid};
    struct ls_buf blockers = LS_BUF_INIT;
    struct ls_result r = {0};

    (void)snprintf(pid, sizeof(pid), "%d", own);
    if (k->watcher == NULL && ls_db_open(&params, &k->watcher, NULL) != LS_OK)
        k->watcher_failed = true;
    if (k->watcher_failed || ls_db_query(k->watcher, progress_sql, &p, 1, &r, NULL) != LS_OK) {
        k->watcher_failed = true;
        return;
    }
    ls_buf_clear(&k->seen);
    ls_buf_addf(&k->seen, "%s", k->label);
    if (r.n_rows > 0) {
        ls_buf_addf(&k->seen, ": %s", ls_result_get(&r, 0, 0));
        k->done = strtoll(ls_result_get(&r, 0, 1) != NULL ? ls_result_get(&r, 0, 1) : "0", NULL, 10);
        k->total = strtoll(ls_result_get(&r, 0, 2) != NULL ? ls_result_get(&r, 0, 2) : "0", NULL, 10);
    }
    if (ls_db_blockers(k->watcher, own, &blockers, NULL) == LS_OK && blockers.len > 0)
        ls_buf_addf(&k->seen, ", waits for %.*s", (int)strcspn(blockers.ptr, "\n"), blockers.ptr);
    ls_buf_release(&blockers);
    ls_result_release(&r);
}

static void on_wait(void *ctx)
{
    struct keeper *k = ctx;
    int64_t now = ls_mono_ms();

    if (k->text == NULL)
        return;
    if (k->s->dialect == LS_DIALECT_POSTGRES && !k->watcher_failed && now - k->watched_ms >= WATCH_MS && now - k->began_ms >= WATCH_MS / 2) {
        k->watched_ms = now;
        look(k);
    }
    emit(k, LS_EV_PROGRESS, k->seen.len > 0 ? k->seen.ptr : k->label);
}

/* --- lock and journal ----------------------------------------------------------------------------------------------------------------------------- */

/* The keys of whoever runs migrations here: those of the project's format, where its ledger is; lockstep's own where there is no folder to tell. */
static void find_keys(struct keeper *k)
{
    struct ls_ledger usual = {.location = "public.schema_migrations", .schema = "public"};
    struct ls_snapshot *snap = NULL;
    struct ls_err quiet = LS_ERR_INIT;

    if (ls_session_snapshot(k->s, &snap, &quiet) == LS_OK && snap->format != NULL && snap->format->lock_keys != NULL)
        k->n_keys = snap->format->lock_keys(k->s->db, &k->s->opts, &snap->ledger, k->keys);
    else if (k->s->db != NULL)
        k->n_keys = ls_format_lockstep.lock_keys(k->s->db, &k->s->opts, &usual, k->keys);
    ls_snapshot_free(snap);
    ls_err_release(&quiet);
}

static enum ls_rc take_lock(struct keeper *k, struct ls_err *err)
{
    int64_t until = ls_mono_ms() + k->s->p.lock_wait_ms;
    struct ls_buf holder = LS_BUF_INIT;
    bool got = false;
    enum ls_rc rc;

    for (;;) {
        rc = ls_db_try_lock(k->s->db, k->keys, k->n_keys, &got, err);
        if (rc != LS_OK || got)
            break;
        ls_buf_clear(&holder);
        rc = ls_db_lock_holder(k->s->db, k->keys, k->n_keys, &holder, err);
        if (rc != LS_OK)
            break;
        emit(k, LS_EV_LOCK_WAIT, holder.ptr);
        if (ls_mono_ms() >= until) {
            rc = ls_err_set(err, LS_E_BUSY, "another operator or tool holds the migration lock: %s", holder.len > 0 ? holder.ptr : "it was just released");
            ls_err_hint(err, "wait for it to finish, then run this again");
            break;
        }
        if (!ls_session_sleep(k->s, LOCK_POLL_MS)) {
            rc = ls_err_set(err, LS_E_CANCELLED, "stopped while waiting for the migration lock");
            break;
        }
    }
    k->is_locked = rc == LS_OK && got;
    ls_buf_release(&holder);
    return rc;
}

static enum ls_rc begin_journal(struct keeper *k, struct ls_err *err)
{
    struct ls_journal_entry e = {.event = "run_begin", .duration_ms = -1, .name = k->p->what, .detail = "upkeep"};
    struct ls_buf all = LS_BUF_INIT;
    char digest[LS_SHA256_HEX];
    enum ls_rc rc;

    if (!k->s->p.journal)
        return LS_OK;
    for (uint32_t i = 0; i < k->p->n; i++)
        ls_buf_addf(&all, "%s;\n", k->p->sql[i]);
    ls_sha256_hex(all.ptr, all.len, digest);
    ls_buf_release(&all);
    rc = ls_journal_open(&k->journal, k->s->db, k->s->p.operator_name, digest, err);
    if (rc == LS_OK)
        rc = ls_journal_write(&k->journal, k->s->db, &e, err);
    k->has_journal = rc == LS_OK;
    return rc;
}

/* What cannot be recorded is said; the work itself is done, or not, all the same. */
static void end_journal(struct keeper *k, enum ls_rc rc, const char *why)
{
    struct ls_journal_entry e = {.event = "run_end", .name = k->p->what, .result = rc == LS_OK ? "done" : "failed", .duration_ms = ls_mono_ms() - k->began_ms,
                                 .detail = why};
    struct ls_err own = LS_ERR_INIT;

    if (k->has_journal && k->s->db != NULL && ls_db_is_alive(k->s->db) && ls_journal_write(&k->journal, k->s->db, &e, &own) != LS_OK)
        emit(k, LS_EV_NOTICE, own.message);
    ls_err_release(&own);
    ls_journal_close(&k->journal);
}

/* --- leftovers ---------------------------------------------------------------------------------------------------------------------------------- */

/* Invalid indexes of the table that REINDEX names so, and nobody is building now. */
static const char leftovers_sql[] =
    "SELECT c.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid "
    "JOIN pg_catalog.pg_class t ON t.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace "
    "WHERE n.nspname = $1 AND t.relname = $2 AND NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' "
    "AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.relid = i.indrelid AND p.pid <> pg_backend_pid()) "
    "ORDER BY c.relname";

static int find_leftovers(struct keeper *k, const char *names[MAX_LEFT], struct ls_err *err)
{
    struct ls_param p[2] = {{LS_PARAM_TEXT, k->p->schema}, {LS_PARAM_TEXT, k->p->table}};
    struct ls_result r = {0};
    int n = 0;

    if (!k->p->is_concurrent || ls_db_query(k->s->db, leftovers_sql, p, 2, &r, err) != LS_OK)
        return 0;
    for (size_t i = 0; i < r.n_rows && n < MAX_LEFT; i++)
        names[n++] = ls_arena_str(k->arena, ls_result_get(&r, i, 0));
    ls_result_release(&r);
    return n;
}

static bool was_there(const struct keeper *k, const char *name)
{
    for (int i = 0; i < k->n_before; i++)
        if (strcmp(k->before[i], name) == 0)
            return true;
    return false;
}

/* The server cuts a long name before it puts _ccnew behind it. */
static bool is_of(const struct keeper *k, const char *left)
{
    const char *cc = strstr(left, "_cc");
    size_t n;

    for (const char *next = cc; next != NULL; next = strstr(next + 1, "_cc"))
        cc = next;
    n = cc != NULL ? (size_t)(cc - left) : 0;
    return n > 0 && strncmp(left, k->p->index, n) == 0 && (k->p->index[n] == '\0' || strlen(left) >= 60);
}

static void drop_leftover(struct keeper *k, const char *name, struct ls_err *err)
{
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_err own = LS_ERR_INIT;

    ls_buf_adds(&sql, "DROP INDEX CONCURRENTLY IF EXISTS ");
    if (ls_sql_ident2(&sql, k->p->schema, name, &own) == LS_OK && ls_db_exec(k->s->db, sql.ptr, sql.len, NULL, 0, NULL, &own) == LS_OK)
        ls_err_detail(err, "What it left, the invalid index %s, was dropped.", name);
    else
        ls_err_detail(err, "It left the invalid index %s, which could not be dropped (%s). Drop it: %s", name, own.message, sql.ptr);
    ls_err_release(&own);
    ls_buf_release(&sql);
}

/* After a failure. The request to stop was for what has failed, not for this. */
static void clean_up(struct keeper *k, struct ls_err *err)
{
    static const char impatience[] = "SELECT set_config('lock_timeout', '5s', false)";
    const char *names[MAX_LEFT];
    struct ls_err own = LS_ERR_INIT;
    int n;

    if (!k->p->is_concurrent || k->s->db == NULL)
        return;
    ls_session_clear_cancel(k->s);
    if (!ls_db_is_alive(k->s->db)) {
        ls_err_detail(err, "The connection is gone: the server may still be at work. An invalid index %s_ccnew may stay; `lockstep index` shows it as IX05.",
                      k->p->index);
        return;
    }
    /* It waits for whoever the rebuild has waited for: not for long, it is only tidying. */
    if (ls_db_exec(k->s->db, impatience, sizeof(impatience) - 1, NULL, 0, NULL, &own) != LS_OK)
        ls_err_release(&own);
    n = find_leftovers(k, names, &own);
    ls_buf_clear(&k->seen);
    k->label = k->text = "tidying up";
    for (int i = 0; i < n; i++) {
        if (was_there(k, names[i]) || !is_of(k, names[i]))
            ls_err_detail(err, "The invalid index %s is of another run: it is left alone; `lockstep index` shows it as IX05.", names[i]);
        else
            drop_leftover(k, names[i], err);
    }
    k->text = NULL;
    ls_err_release(&own);
}

/* --- the whole -------------------------------------------------------------------------------------------------------------------------------------- */

static enum ls_rc prepare(struct keeper *k, struct ls_err *err)
{
    static const char patience[] = "SELECT set_config('lock_timeout', '10min', false)";
    enum ls_rc rc;

    if (k->s->p.read_only) {
        ls_err_set(err, LS_E_REFUSED, "the session is read-only: nothing was done");
        ls_err_hint(err, "arm it first");
        return LS_E_REFUSED;
    }
    rc = ls_session_connect_as(k->s, false, err);
    if (rc == LS_OK)
        rc = ls_run_check_pooler(&k->s->p, ls_db_info(k->s->db), err);
    if (rc == LS_OK)
        find_keys(k);
    if (rc == LS_OK && k->s->db == NULL)
        rc = ls_session_connect_as(k->s, false, err);
    if (rc == LS_OK)
        rc = take_lock(k, err);
    if (rc == LS_OK)
        rc = begin_journal(k, err);
    if (rc != LS_OK)
        return rc;
    k->n_before = find_leftovers(k, k->before, err);
    /* Waiting blocks nobody while it is CONCURRENTLY, and giving up leaves an invalid index. */
    if (k->p->is_concurrent)
        rc = ls_db_exec(k->s->db, patience, sizeof(patience) - 1, NULL, 0, NULL, err);
    return rc;
}

static enum ls_rc run_all(struct keeper *k, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    for (uint32_t i = 0; rc == LS_OK && i < k->p->n; i++) {
        if (ls_session_cancelled(k->s))
            return ls_err_set(err, LS_E_CANCELLED, "stopped by the operator");
        k->text = k->p->sql[i];
        k->done = k->total = 0;
        ls_buf_clear(&k->seen);
        emit(k, LS_EV_PROGRESS, k->label);
        LS_FAULT("upkeep-statement");
        /* What answers with a row (PRAGMA) is no mistake. */
        rc = ls_db_exec(k->s->db, k->text, strlen(k->text), NULL, 0, NULL, err);
        if (rc != LS_OK)
            ls_err_wrap(err, "%s", k->text);
        k->text = NULL;
    }
    return rc;
}

static void finish(struct keeper *k)
{
    struct ls_err own = LS_ERR_INIT;

    ls_session_clear_cancel(k->s);
    if (k->is_locked && k->s->db != NULL && ls_db_is_alive(k->s->db) && ls_db_unlock(k->s->db, k->keys, k->n_keys, &own) != LS_OK)
        emit(k, LS_EV_NOTICE, own.message);
    ls_err_release(&own);
    k->s->on_wait = NULL;
    k->s->on_notice = NULL;
    k->s->hook_ctx = NULL;
    /* The patience is for this alone. */
    if (k->s->db != NULL && strcmp(ls_db_info(k->s->db)->database, ":memory:") != 0)
        ls_session_disconnect(k->s);
    ls_db_close(k->watcher);
    ls_buf_release(&k->seen);
    ls_arena_free(k->arena);
}

enum ls_rc ls_upkeep_run(struct ls_session *s, const struct ls_upkeep *p, const struct ls_run_hooks *hooks, struct ls_err *err)
{
    struct keeper k = {.s = s, .p = p, .hooks = hooks, .label = p->what, .arena = ls_arena_new(), .began_ms = ls_mono_ms(), .seen = LS_BUF_INIT};
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc;

    s->hook_ctx = &k;
    s->on_wait = on_wait;
    s->on_notice = on_notice;
    rc = prepare(&k, &own);
    if (rc == LS_OK) {
        rc = run_all(&k, &own);
        if (rc != LS_OK)
            clean_up(&k, &own);
    }
    end_journal(&k, rc, own.message);
    finish(&k);
    if (rc != LS_OK)
        ls_err_move(err, &own);
    ls_err_release(&own);
    return rc;
}
