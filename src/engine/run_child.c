/* A step that the team's own tool runs: its program as a child, and the ledger read again behind it. */
#include <config.h>

#include "engine/run_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/child.h"
#include "engine/delegate.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/fault.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"

#define BACKENDS_MS       10000 /* how long the server may go on with what a child that died has sent */
#define BACKENDS_PAUSE_MS 100
#define APP_PREFIX        "lockstep " /* of the name that the child's connections get; the tool's follows */

/* --- what it says ------------------------------------------------------------------------------------------------------------------------- */

struct hearing {
    struct ls_runner *r;
    const struct ls_child_cmd *cmd;
    bool was_stopped;
};

/* Raw as the event's text is to be, but for secrets: a tool may print its own address. */
static void on_line(void *ctx, const char *line)
{
    struct hearing *h = ctx;
    char *clean = ls_redact_dup(line);
    char *text = ls_asprintf("%s: %s", h->cmd->tool, clean);

    ls_run_event(h->r, LS_EV_NOTICE, text, NULL);
    free(text);
    free(clean);
}

static bool on_tick(void *ctx)
{
    struct hearing *h = ctx;

    ls_run_on_wait(h->r);
    h->was_stopped = h->was_stopped || ls_session_cancelled(h->r->s);
    return !h->was_stopped;
}

/* The first line that the tool prints about itself: "alembic 1.8.1". It is run for the first time here, in a run that was confirmed. */
static void ask_version(struct hearing *h, char **env)
{
    static const char *const usual[] = {"--version", NULL};
    const char *const *words = h->r->format->tool != NULL && h->r->format->tool->version != NULL ? h->r->format->tool->version : usual;
    const char *argv[8] = {h->cmd->argv[0]};
    struct ls_child c = {.path = argv[0], .argv = argv, .env = (const char *const *)(uintptr_t)env, .cwd = h->cmd->cwd, .inherit = true, .capture = true,
                         .on_tick = on_tick, .ctx = h};
    struct ls_child_result res;

    for (size_t i = 1; i < LS_ARRAY_LEN(argv) - 1 && words[i - 1] != NULL; i++)
        argv[i] = words[i - 1];
    snprintf(h->r->child_says, sizeof(h->r->child_says), "%s", h->cmd->tool);
    if (ls_child_run(&c, &res, NULL) == LS_OK && res.out.len > 0)
        snprintf(h->r->child_says, sizeof(h->r->child_says), "%.*s", (int)strcspn(res.out.ptr, "\r\n"), res.out.ptr);
    ls_child_result_release(&res);
}

/* --- what is left behind it ---------------------------------------------------------------------------------------------------------------- */

static void pause_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* The server may still work for a child that is gone: what it does then is over only when its connections are. They are told by the name that the child
 * was given for them; a tool that gives itself another one is not waited for. */
static void end_backends(struct ls_runner *r, const char *app_name)
{
    static const char sql[] = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE application_name = $1";
    struct ls_param name = {LS_PARAM_TEXT, app_name};
    int64_t until = ls_mono_ms() + BACKENDS_MS;

    if (r->s->dialect != LS_DIALECT_POSTGRES || r->s->db == NULL || !ls_db_is_alive(r->s->db))
        return;
    for (;;) {
        struct ls_result res = {0};
        bool is_over = ls_db_query(r->s->db, sql, &name, 1, &res, NULL) != LS_OK || res.n_rows == 0;

        ls_result_release(&res);
        if (is_over || ls_mono_ms() > until)
            return;
        pause_ms(BACKENDS_PAUSE_MS);
    }
}

/* The child of a run that was killed goes on without us, and no lock says so: its connections do, by the name that they were given. */
static enum ls_rc refuse_orphan(struct ls_runner *r, const struct ls_child_cmd *cmd, struct ls_err *err)
{
    static const char sql[] = "SELECT pid, application_name FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database() "
                              "AND pg_catalog.starts_with(application_name, $1)";
    char *prefix = ls_asprintf(APP_PREFIX "%s ", cmd->tool);
    struct ls_param name = {LS_PARAM_TEXT, prefix};
    struct ls_result res = {0};
    enum ls_rc rc = r->s->dialect == LS_DIALECT_POSTGRES ? ls_db_query(r->s->db, sql, &name, 1, &res, err) : LS_OK;

    if (rc == LS_OK && res.n_rows > 0) {
        rc = ls_err_set(err, LS_E_BUSY, "%s is still at work for an earlier run that ended before it (server process %s)", cmd->tool, ls_result_get(&res, 0, 0));
        ls_err_hint(err, "wait for it to finish, or end it: SELECT pg_terminate_backend(%s)", ls_result_get(&res, 0, 0));
    }
    ls_result_release(&res);
    free(prefix);
    return rc;
}

/* Our connection has been idle for as long as the child ran: a server or a firewall may have closed it, and the lock went with it. */
static enum ls_rc have_connection(struct ls_runner *r, struct ls_err *err)
{
    bool got = false;
    enum ls_rc rc = LS_OK;

    if (r->s->db != NULL && ls_db_is_alive(r->s->db) && ls_db_exec(r->s->db, "SELECT 1", 8, NULL, 0, NULL, NULL) == LS_OK)
        return LS_OK;
    r->is_locked = false;
    ls_session_disconnect(r->s);
    rc = ls_session_connect_as(r->s, false, err);
    if (rc == LS_OK)
        rc = ls_db_try_lock(r->s->db, r->keys, r->n_keys, &got, err);
    r->is_locked = rc == LS_OK && got;
    if (rc == LS_OK && r->has_journal)
        rc = ls_journal_reread(&r->journal, r->s->db, err);
    return rc;
}

static enum ls_rc fingerprint(struct ls_runner *r, char hex[LS_SHA256_HEX], struct ls_err *err)
{
    struct ls_ledger l = {0};
    enum ls_rc rc = r->format->ledger_read(r->s->db, &r->s->opts, &l, err);

    if (rc == LS_OK)
        ls_ledger_fingerprint(&l, hex);
    ls_ledger_release(&l);
    return rc;
}

enum ls_rc ls_run_ask_file(const struct ls_op *op, struct ls_exec_info *info, struct ls_err *err)
{
    struct ls_buf url = LS_BUF_INIT;
    struct ls_db *db = NULL;
    bool is_there = ls_path_kind(op->in_file) != LS_PATH_NONE;
    enum ls_rc rc;

    ls_buf_adds(&url, is_there ? "sqlite://" : "sqlite::memory:");
    for (const char *p = op->in_file; is_there && *p != '\0'; p++)
        if (strchr("%?#", *p) != NULL)
            ls_buf_addf(&url, "%%%02X", (unsigned)(unsigned char)*p);
        else
            ls_buf_addc(&url, *p);
    rc = ls_db_open(&(struct ls_db_params){.url = url.ptr, .read_only = is_there, .create = !is_there}, &db, err);
    if (rc == LS_OK)
        rc = ls_db_exec(db, op->sql, op->len, op->params, op->n_params, info, err);
    if (rc != LS_OK)
        ls_err_wrap(err, "%s", op->in_file);
    ls_db_close(db);
    ls_buf_release(&url);
    return rc;
}

/* The first condition behind the child: what the ledger must say. */
static bool holds(struct ls_runner *r, const struct ls_op *ops, int n, int i)
{
    struct ls_exec_info info = {.rows = -1};

    while (i < n && ops[i].kind != LS_OP_EXPECT)
        i++;
    if (i < n && ops[i].in_file != NULL)
        return ls_run_ask_file(&ops[i], &info, NULL) == LS_OK && info.has_rows && info.rows == 1 && info.all_true;
    return i < n && ls_db_exec(r->s->db, ops[i].sql, ops[i].len, ops[i].params, ops[i].n_params, &info, NULL) == LS_OK && info.has_rows && info.rows == 1 &&
           info.all_true;
}

static enum ls_child_end look_behind(struct ls_runner *r, const struct ls_op *ops, int n, int i, const char *before)
{
    char after[LS_SHA256_HEX];

    if (have_connection(r, NULL) != LS_OK || fingerprint(r, after, NULL) != LS_OK)
        return LS_CHILD_UNREAD;
    if (holds(r, ops, n, i + 1))
        return LS_CHILD_MOVED;
    return strcmp(before, after) == 0 ? LS_CHILD_UNMOVED : LS_CHILD_ODD;
}

/* --- what it means ------------------------------------------------------------------------------------------------------------------------- */

static void set_status(struct ls_runner *r, const struct ls_child_result *res)
{
    if (res->signal != 0)
        snprintf(r->child_status, sizeof(r->child_status), "signal %d", res->signal);
    else
        snprintf(r->child_status, sizeof(r->child_status), "status %d", res->exit_code);
}

/* LS_OK: the step is done. */
static enum ls_rc judge(struct ls_runner *r, const struct hearing *h, enum ls_rc said, struct ls_err *err)
{
    const struct ls_step *s = &r->plan->steps.v[r->step];

    r->phase = LS_PHASE_BODY_DONE;
    /* Stopped when it was done already: the step is whole, and the run stops at the next gate. */
    if (r->child_end == LS_CHILD_MOVED && (said == LS_OK || said == LS_E_CANCELLED))
        return LS_OK;
    if (said == LS_OK && r->child_end != LS_CHILD_UNREAD)
        return ls_run_child_unproved(r, err);
    if (r->child_end == LS_CHILD_UNREAD) {
        ls_err_detail(err, "the ledger %s could not be read behind it", r->plan->ledger);
        return err->code != LS_OK ? err->code : ls_err_set(err, LS_E_UNKNOWN, "%s ran, and the ledger %s could not be read behind it", h->cmd->tool, r->plan->ledger);
    }
    if (r->child_end == LS_CHILD_UNMOVED)
        r->phase = h->cmd->is_atomic ? LS_PHASE_FRESH : LS_PHASE_BODY;
    if (r->child_end == LS_CHILD_ODD)
        r->phase = LS_PHASE_BODY;
    ls_err_wrap(err, "%s", s->path != NULL ? s->path : s->label);
    return said;
}

static enum ls_rc run_it(struct ls_runner *r, struct hearing *h, const char *app_name, struct ls_err *err)
{
    const struct ls_child_cmd *cmd = h->cmd;
    struct ls_child c = {.path = cmd->argv[0], .argv = cmd->argv, .cwd = cmd->cwd, .inherit = true, .on_line = on_line, .on_out = on_line,
                         .on_tick = on_tick, .ctx = h};
    struct ls_child_result res;
    char **env = NULL;
    enum ls_rc rc = ls_delegate_env(r->s, cmd, app_name, &env, err);

    if (rc != LS_OK)
        return rc;
    if (r->child_says[0] == '\0')
        ask_version(h, env);
    c.env = (const char *const *)(uintptr_t)env;
    LS_FAULT("child-start");
    rc = h->was_stopped ? ls_err_set(err, LS_E_CANCELLED, "stopped by the operator") : LS_OK;
    if (rc == LS_OK) {
        r->phase = LS_PHASE_BODY;
        rc = ls_child_run(&c, &res, err);
        set_status(r, &res);
        if (rc == LS_E_IO && res.exit_code < 0 && res.signal == 0)
            r->phase = LS_PHASE_FRESH; /* it could not be started */
        ls_child_result_release(&res);
    }
    LS_FAULT("child-end");
    ls_delegate_env_free(env);
    return rc;
}

enum ls_rc ls_run_child(struct ls_runner *r, const struct ls_op *ops, int n, int i, struct ls_err *err)
{
    struct hearing h = {.r = r, .cmd = ops[i].child};
    char before[LS_SHA256_HEX], app_name[64];
    enum ls_rc rc = ls_run_ask_gate(r, r->step, i, err);

    r->op = i;
    r->child_end = LS_CHILD_NOT_STARTED;
    r->child_status[0] = '\0';
    if (rc == LS_OK)
        rc = refuse_orphan(r, h.cmd, err);
    if (rc == LS_OK)
        rc = fingerprint(r, before, err);
    if (rc != LS_OK)
        return rc;
    snprintf(app_name, sizeof(app_name), APP_PREFIX "%s %ld-%" PRIx64, h.cmd->tool, (long)getpid(), (uint64_t)ls_wall_us());
    r->op_began_us = ls_mono_us();
    ls_run_op_begin(r, i);
    rc = run_it(r, &h, app_name, err);
    if (r->phase != LS_PHASE_FRESH) {
        ls_session_shield(r->s, true);
        if (rc != LS_OK)
            end_backends(r, app_name);
        r->child_end = look_behind(r, ops, n, i, before);
        ls_session_shield(r->s, false);
        rc = judge(r, &h, rc, err);
    }
    if (rc == LS_OK && err != NULL)
        ls_err_release(err);
    if (rc != LS_OK)
        r->failed_op = i;
    ls_run_op_end(r, i, -1, true, rc != LS_OK ? err : NULL);
    return rc;
}

enum ls_rc ls_run_child_unproved(struct ls_runner *r, struct ls_err *err)
{
    const struct ls_child_cmd *cmd = ls_step_child(&r->plan->steps.v[r->step]);

    r->phase = LS_PHASE_BODY;
    if (r->child_end == LS_CHILD_UNMOVED) {
        ls_err_set(err, LS_E_PARTIAL, "%s ended well, but the ledger %s is as it was before", cmd->tool, r->plan->ledger);
        ls_err_hint(err, "it has done nothing, or it has migrated another database: look at where its own settings say that the database is");
    } else {
        ls_err_set(err, LS_E_PARTIAL, "%s ended well, but the ledger %s does not say about %s what it must say", cmd->tool, r->plan->ledger,
                   r->plan->steps.v[r->step].label);
        ls_err_hint(err, "look at the state again: somebody else may have migrated at the same time");
    }
    return LS_E_PARTIAL;
}

/* --- words --------------------------------------------------------------------------------------------------------------------------------- */

const char *ls_run_child_detail(struct ls_runner *r, const struct ls_step *s)
{
    const struct ls_child_cmd *cmd = ls_step_child(s);
    struct ls_buf words = LS_BUF_INIT;

    if (r->child_end == LS_CHILD_NOT_STARTED) {
        const char *slash = strrchr(cmd->argv[0], '/');

        ls_buf_adds(&words, slash != NULL ? slash + 1 : cmd->argv[0]);
        for (size_t i = 1; cmd->argv[i] != NULL; i++)
            ls_buf_addf(&words, " %s", cmd->argv[i]);
    } else {
        ls_buf_addf(&words, "%s, %s", r->child_says, r->child_status);
    }
    free(r->child_detail);
    r->child_detail = ls_redact_dup(words.ptr);
    ls_buf_release(&words);
    return r->child_detail;
}

void ls_run_child_tell(struct ls_runner *r, const struct ls_step *s)
{
    static const char *const left[] = {
        [LS_CHILD_NOT_STARTED] = "It was not started: nothing of it is in the database.",
        [LS_CHILD_MOVED] = "The ledger says that it is done, all the same.",
        [LS_CHILD_UNMOVED] = "The ledger is as it was before. What ran of it before the failure may stay: nothing was around it that takes it back.",
        [LS_CHILD_ODD] = "The ledger has moved, and does not say what it must say behind this step. What ran of it before a failure may stay.",
        [LS_CHILD_UNREAD] = "The ledger could not be read behind it: what it has done is not known.",
    };
    const struct ls_child_cmd *cmd = ls_step_child(s);
    struct ls_buf *out = &r->rep->applied;

    if (r->child_end != LS_CHILD_NOT_STARTED)
        ls_buf_addf(out, "%s ran it, and ended with %s.\n", r->child_says, r->child_status);
    if (r->rep->verdict == LS_VERDICT_ROLLED_BACK && r->child_end == LS_CHILD_UNMOVED)
        ls_buf_addf(out, "The ledger is as it was before, and %s commits both together: nothing of it is in the database.\n", cmd->tool);
    else
        ls_buf_addf(out, "%s\n", left[r->child_end]);
}

void ls_run_child_next(struct ls_runner *r, const struct ls_step *s)
{
    const char *done = s->direction == LS_UP ? "applied" : "pending";
    struct ls_buf *out = &r->rep->next;

    if (r->child_end != LS_CHILD_MOVED) {
        if (s->path != NULL)
            ls_buf_addf(out, "If you take back by hand what took effect: mend %s, and run it again\n", s->path);
        ls_buf_addf(out, "If you complete it by hand: lockstep mark %s %s\n", s->label, done);
    } else {
        ls_buf_addf(out, "Look at what %s said, and at lockstep status: it goes on from there.\n", ls_step_child(s)->tool);
    }
}
