#include <config.h>

#include "engine/verify_tool.h"

#include <string.h>

#include "engine/child.h"
#include "engine/delegate.h"
#include "lockstep/base/redact.h"

#define SAYS_MAX 600 /* bytes of what the tool said that go into a finding */

struct hearing {
    struct ls_session *session;
    const struct ls_snapshot *snap;
    const struct ls_run_hooks *hooks;
    struct ls_verify_report *out;
    size_t first;       /* its first diagnostic */
    struct ls_buf says; /* standard error, its first lines */
};

static bool is_due(const struct ls_entry *e)
{
    return e->migration != NULL && e->migration->verify.path != NULL && e->migration->lang != LS_LANG_SQL &&
           (e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED);
}

static struct ls_diag *add(struct hearing *h, enum ls_severity severity, const char *code, const struct ls_migration *m)
{
    struct ls_diag *d = LS_VEC_PUSH(&h->out->diags.d);

    *d = (struct ls_diag){.severity = severity, .code = code, .message = ""};
    if (m != NULL) {
        d->path = ls_arena_str(h->out->arena, m->verify.path);
        d->version = ls_arena_str(h->out->arena, m->label);
    }
    return d;
}

/* Verify script "verify/a.sql" failed. */
static void on_out(void *ctx, const char *line)
{
    struct hearing *h = ctx;
    const struct ls_timeline *t = &h->snap->timeline;
    const char *open = strchr(line, '"'), *close = open != NULL ? strchr(open + 1, '"') : NULL;
    size_t n = close != NULL ? (size_t)(close - open) - 1 : 0;

    if (n == 0 || strstr(close, "failed") == NULL)
        return;
    for (size_t i = 0; i < t->e.n; i++) {
        const char *path = is_due(&t->e.v[i]) ? t->e.v[i].migration->verify.path : "";
        size_t len = strlen(path);

        if (len < n || memcmp(path + len - n, open + 1, n) != 0 || (len > n && path[len - n - 1] != '/'))
            continue;
        add(h, LS_SEV_ERROR, "verify-failed", t->e.v[i].migration)->message = "its verify script failed";
        h->out->n_verify_failed++;
        return;
    }
}

static void on_line(void *ctx, const char *line)
{
    struct hearing *h = ctx;
    char *clean = ls_redact_dup(line);

    if (h->says.len < SAYS_MAX)
        ls_buf_addf(&h->says, "%s%s", h->says.len > 0 ? "; " : "", clean);
    free(clean);
}

static bool on_tick(void *ctx)
{
    struct hearing *h = ctx;
    const struct ls_run_hooks *k = h->hooks;

    if (k != NULL && k->gate != NULL && k->gate(k->ctx, NULL, -1, -1) == LS_GATE_STOP)
        return false;
    return !ls_session_cancelled(h->session);
}

/* What it said, at the first that failed; where none was named, by itself. */
static void conclude(struct hearing *h, const struct ls_child_cmd *cmd, const struct ls_err *why)
{
    struct ls_diag *d = h->out->diags.d.n > h->first ? &h->out->diags.d.v[h->first] : NULL;

    if (d == NULL) {
        d = add(h, LS_SEV_ERROR, "verify-failed", NULL);
        d->message = ls_arena_str(h->out->arena, why->message);
        h->out->n_verify_failed++;
    }
    if (h->says.len > 0)
        d->hint = ls_arena_printf(h->out->arena, "%s said: %.*s", cmd->tool, SAYS_MAX, h->says.ptr);
}

static enum ls_rc run(struct hearing *h, const struct ls_child_cmd *cmd, int n_due, struct ls_err *err)
{
    struct ls_child c = {.path = cmd->argv[0],
                         .argv = cmd->argv,
                         .cwd = cmd->cwd,
                         .inherit = true,
                         .on_line = on_line,
                         .on_out = on_out,
                         .on_tick = on_tick,
                         .ctx = h};
    struct ls_child_result res;
    struct ls_err why = LS_ERR_INIT;
    char **env = NULL;
    enum ls_rc rc = ls_session_connect(h->session, err);

    if (rc == LS_OK)
        rc = ls_delegate_env(h->session, cmd, NULL, &env, err);
    if (rc != LS_OK)
        return rc;
    c.env = (const char *const *)(uintptr_t)env;
    rc = ls_child_run(&c, &res, &why);
    ls_delegate_env_free(env);
    ls_child_result_release(&res);
    h->out->n_verify_run += n_due;
    if (rc == LS_E_IO) {
        conclude(h, cmd, &why);
        rc = LS_OK;
    } else if (rc != LS_OK && err != NULL) {
        ls_err_move(err, &why);
    }
    ls_err_release(&why);
    return rc;
}

enum ls_rc ls_verify_by_tool(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_run_hooks *hooks,
                             struct ls_verify_report *out, struct ls_err *err)
{
    struct hearing h = {.session = s, .snap = snap, .hooks = hooks, .out = out, .first = out->diags.d.n, .says = LS_BUF_INIT};
    const struct ls_format *f = snap->format;
    struct ls_plan *plan;
    struct ls_plan_ctx ctx;
    struct ls_child_cmd cmd = {0};
    enum ls_rc rc;
    int n_due = 0;

    for (size_t i = 0; i < snap->timeline.e.n; i++)
        n_due += is_due(&snap->timeline.e.v[i]);
    if (f == NULL || f->verify_cmd == NULL || n_due == 0)
        return LS_OK;
    if (snap->tool_path == NULL || s->p.read_only || s->p.is_protected) {
        add(&h, LS_SEV_INFO, "verify-not-run", NULL)->message =
            snap->tool_path == NULL
                ? ls_arena_printf(out->arena, "%d verify scripts were not run: %s", n_due, snap->tool_note)
                : ls_arena_printf(out->arena, "%d verify scripts were not run: %s runs them, and they may write; this %s", n_due,
                                  f->title, s->p.read_only ? "session is read-only" : "target is protected");
        return LS_OK;
    }
    plan = ls_plan_new(); /* its memory only */
    ctx = (struct ls_plan_ctx){.plan = plan,
                               .dialect = s->dialect,
                               .opts = &s->opts,
                               .timeline = &snap->timeline,
                               .ledger = &snap->ledger,
                               .migrations = &snap->migrations,
                               .tool_path = snap->tool_path,
                               .tool_dir = snap->tool_dir};
    rc = f->verify_cmd(&ctx, &cmd, err);
    if (rc == LS_OK)
        rc = run(&h, &cmd, n_due, err);
    ls_plan_free(plan);
    ls_buf_release(&h.says);
    return rc;
}
