/* Putting a settlement together: file operations, the plan on the ledger, the digest over both. */
#include <config.h>

#include "engine/settle_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

static const char *const names[LS_N_SETTLE_KINDS] = {[LS_SETTLE_RENUMBER] = "renumber",
                                                     [LS_SETTLE_RECONCILE] = "reconcile",
                                                     [LS_SETTLE_ADOPT] = "adopt",
                                                     [LS_SETTLE_CONVERT] = "convert"};

const char *ls_settle_name(enum ls_settle_kind k)
{
    return (unsigned)k < LS_N_SETTLE_KINDS ? names[k] : "";
}

static const char *const *copy_list(struct ls_arena *a, const char *const *list)
{
    size_t n = 0;
    const char **out;

    while (list != NULL && list[n] != NULL)
        n++;
    out = LS_ARENA_ARRAY(a, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        out[i] = ls_arena_str(a, list[i]);
    return out;
}

struct ls_settlement *ls_settlement_new(const struct ls_snapshot *snap, const struct ls_settle_request *req,
                                        enum ls_settle_kind kind)
{
    struct ls_settlement *t = ls_calloc(1, sizeof(*t));
    struct ls_arena *a = ls_arena_new();

    t->arena = a;
    t->kind = kind;
    t->title = "";
    t->has_db = snap->has_db;
    ls_ledger_fingerprint(&snap->ledger, t->ledger_seen);
    t->dir = ls_arena_str(a, snap->migrations.dir);
    t->request = (struct ls_settle_request){.kind = kind,
                                            .version = ls_arena_str(a, req->version),
                                            .to = ls_arena_str(a, req->to),
                                            .to_format = ls_arena_str(a, req->to_format),
                                            .out_dir = ls_arena_str(a, req->out_dir),
                                            .applied = copy_list(a, req->applied),
                                            .pending = copy_list(a, req->pending),
                                            .wall_us = req->wall_us != 0 ? req->wall_us : ls_wall_us()};
    return t;
}

void ls_settlement_free(struct ls_settlement *t)
{
    if (t == NULL)
        return;
    LS_VEC_RELEASE(&t->files);
    LS_VEC_RELEASE(&t->evidence);
    LS_VEC_RELEASE(&t->findings.d);
    LS_VEC_RELEASE(&t->lost.d);
    ls_plan_free(t->plan);
    ls_arena_free(t->arena);
    free(t);
}

bool ls_settlement_is_empty(const struct ls_settlement *t)
{
    return t->files.n == 0 && (t->plan == NULL || t->plan->steps.n == 0);
}

struct ls_diag *ls_settle_note(struct ls_settlement *t, struct ls_diags *where, enum ls_severity severity, const char *code,
                               const char *path, const char *fmt, ...)
{
    struct ls_diag *d = LS_VEC_PUSH(&where->d);
    va_list ap;

    va_start(ap, fmt);
    *d = (struct ls_diag){.severity = severity,
                          .code = ls_arena_str(t->arena, code),
                          .path = ls_arena_str(t->arena, path),
                          .message = ls_arena_vprintf(t->arena, fmt, ap)};
    va_end(ap);
    return d;
}

/* --- file operations ------------------------------------------------------------------------------------------------------ */

/* What an earlier operation of this settlement makes of a path: > 0 something is there then, < 0 nothing is, 0 it says nothing. */
static int made_of(const struct ls_settlement *t, const char *path)
{
    int made = 0;

    for (size_t i = 0; i < t->files.n; i++) {
        const struct ls_file_op *op = &t->files.v[i];

        if (op->from != NULL && strcmp(op->from, path) == 0)
            made = -1;
        if (op->to != NULL && strcmp(op->to, path) == 0)
            made = 1;
    }
    return made;
}

static bool is_taken(const struct ls_settlement *t, const char *path)
{
    struct stat st;
    int made = made_of(t, path);

    return made != 0 ? made > 0 : lstat(path, &st) == 0;
}

enum ls_rc ls_settle_rename(struct ls_settlement *t, const char *from, const char *to, struct ls_err *err)
{
    struct ls_file_op op = {.kind = LS_FILE_RENAME, .from = ls_arena_str(t->arena, from), .to = ls_arena_str(t->arena, to)};
    const struct ls_file_op *written = NULL;
    enum ls_rc rc = LS_OK;

    if (is_taken(t, to)) {
        ls_err_set(err, LS_E_REFUSED, "%s cannot be renamed to %s: something of that name is there", from, to);
        ls_err_hint(err, "choose another number");
        return LS_E_REFUSED;
    }
    for (size_t i = 0; i < t->files.n; i++)
        if (t->files.v[i].kind == LS_FILE_WRITE && strcmp(t->files.v[i].to, from) == 0)
            written = &t->files.v[i];
    if (written != NULL)
        ls_sha256_hex(written->text, written->len, op.before);
    else
        rc = ls_settle_hash(from, op.before, err);
    if (rc == LS_OK && op.before[0] == '\0')
        return ls_err_set(err, LS_E_NOT_FOUND, "%s is not there any more", from);
    if (rc == LS_OK)
        *LS_VEC_PUSH(&t->files) = op;
    return rc;
}

enum ls_rc ls_settle_write(struct ls_settlement *t, const char *path, const char *text, size_t len, bool new_only,
                           struct ls_err *err)
{
    struct ls_file_op op = {
        .kind = LS_FILE_WRITE, .to = ls_arena_str(t->arena, path), .text = ls_arena_strn(t->arena, text, len), .len = len};
    struct ls_buf old = LS_BUF_INIT;
    struct stat st;
    enum ls_rc rc = LS_OK;

    if (lstat(path, &st) == 0 && (new_only || !S_ISREG(st.st_mode)))
        return ls_err_set(err, LS_E_REFUSED, "%s cannot be written: %s", path, new_only ? "it is there already" : "it is no file");
    if (!new_only && ls_path_exists(path)) {
        rc = ls_file_read(path, LS_OPEN_NOFOLLOW, 0, &old, err);
        op.old_text = ls_arena_strn(t->arena, old.ptr, old.len);
        op.old_len = old.len;
        ls_sha256_hex(old.ptr, old.len, op.before);
    }
    if (rc == LS_OK && (op.old_text == NULL || op.old_len != len || memcmp(op.old_text, text, len) != 0))
        *LS_VEC_PUSH(&t->files) = op;
    ls_buf_release(&old);
    return rc;
}

void ls_settle_mkdir(struct ls_settlement *t, const char *path)
{
    struct ls_file_op op = {.kind = LS_FILE_MKDIR, .to = ls_arena_str(t->arena, path)};

    for (size_t i = t->files.n; i-- > 0 && t->files.n - i < 8;) /* asked for again right behind each other */
        if (t->files.v[i].kind == LS_FILE_MKDIR && strcmp(t->files.v[i].to, path) == 0)
            return;
    if (!ls_path_exists(path))
        *LS_VEC_PUSH(&t->files) = op;
}

/* --- the ledger's half ---------------------------------------------------------------------------------------------------- */

void ls_settle_plan_begin(struct ls_settle_plan *p, struct ls_session *s, struct ls_settlement *t, const struct ls_format *format,
                          const struct ls_snapshot *snap, const struct ls_timeline *timeline, const struct ls_ledger *ledger,
                          const struct ls_migrations *migrations)
{
    struct ls_plan *plan = ls_plan_new();

    *p = (struct ls_settle_plan){.t = t, .format = format, .opts = s->opts};
    t->plan = plan;
    plan->action = LS_ACTION_SETTLE;
    plan->count = -1;
    plan->format = ls_arena_str(plan->arena, format->name);
    plan->target = ls_arena_str(plan->arena, snap->target_label);
    plan->ledger = ls_arena_str(plan->arena, ledger->location != NULL ? ledger->location : "");
    ls_ledger_fingerprint(ledger, plan->ledger_fingerprint);
    p->ctx = (struct ls_plan_ctx){.plan = plan,
                                  .dialect = s->dialect,
                                  .opts = &p->opts,
                                  .timeline = timeline,
                                  .ledger = ledger,
                                  .migrations = migrations,
                                  .info = &snap->info,
                                  .tool_path = ls_arena_str(plan->arena, snap->tool_path),
                                  .tool_dir = ls_arena_str(plan->arena, snap->tool_dir),
                                  .operator_name = ls_arena_str(plan->arena, s->p.operator_name)};
}

struct ls_step *ls_settle_step(struct ls_settle_plan *p, enum ls_direction dir, const struct ls_entry *e)
{
    struct ls_plan *plan = p->ctx.plan;
    struct ls_step *step = LS_VEC_PUSH(&plan->steps);

    *step = (struct ls_step){
        .kind = LS_STEP_RECORD, .direction = dir, .tx_note = "", .line = 1, .id = "-1", .label = "none", .name = ""};
    if (e != NULL) {
        step->version = e->version;
        step->id = ls_arena_str(plan->arena, e->id);
        step->label = ls_arena_str(plan->arena, e->label);
        step->name = ls_arena_str(plan->arena, e->name);
    }
    p->ctx.prev = plan->steps.n > 1 ? &plan->steps.v[plan->steps.n - 2] : NULL;
    p->ctx.stmts = NULL;
    return step;
}

enum ls_rc ls_settle_mark(struct ls_settle_plan *p, const struct ls_entry *e, bool applied, struct ls_err *err)
{
    struct ls_plan *plan = p->ctx.plan;
    struct ls_step *step = ls_settle_step(p, applied ? LS_UP : LS_DOWN, e);
    enum ls_rc rc = p->format->plan_mark(&p->ctx, step, e, applied, err);

    if (step->ops.n == 0) {
        LS_VEC_RELEASE(&step->ops);
        plan->steps.n--;
    }
    return rc;
}

static void drop_ops(struct ls_step *step, enum ls_op_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < step->ops.n; i++)
        if (step->ops.v[i].kind != kind)
            step->ops.v[n++] = step->ops.v[i];
    step->ops.n = n;
}

/* What makes the ledger goes into the transaction that fills it: there is never an empty one. */
static void take_setup_in(struct ls_plan *plan)
{
    struct ls_step *first = &plan->steps.v[0];
    LS_VEC(struct ls_op) ops = {0};

    if (plan->setup.n == 0 || first->ops.n == 0 || first->ops.v[0].kind != LS_OP_BEGIN)
        return;
    *LS_VEC_PUSH(&ops) = first->ops.v[0];
    for (size_t i = 0; i < plan->setup.n; i++)
        if (plan->setup.v[i].kind != LS_OP_BEGIN && plan->setup.v[i].kind != LS_OP_COMMIT)
            *LS_VEC_PUSH(&ops) = plan->setup.v[i];
    for (size_t i = 1; i < first->ops.n; i++)
        *LS_VEC_PUSH(&ops) = first->ops.v[i];
    LS_VEC_RELEASE(&first->ops);
    first->ops.v = ops.v;
    first->ops.n = ops.n;
    first->ops.cap = ops.cap;
    plan->setup.n = 0;
}

enum ls_rc ls_settle_plan_end(struct ls_settle_plan *p, struct ls_err *err)
{
    struct ls_plan *plan = p->ctx.plan;
    enum ls_rc rc = LS_OK;

    if (plan->steps.n == 0) {
        ls_plan_free(plan);
        p->t->plan = NULL;
        return LS_OK;
    }
    /* What the tool itself writes is written a row at a time, each in its own transaction. */
    for (size_t i = 0; i < plan->steps.n && ls_step_child(&plan->steps.v[0]) == NULL; i++) {
        if (i > 0)
            drop_ops(&plan->steps.v[i], LS_OP_BEGIN);
        if (i + 1 < plan->steps.n)
            drop_ops(&plan->steps.v[i], LS_OP_COMMIT);
        plan->steps.v[i].tx_note = "Only the ledger is written, in one transaction; no migration runs.";
    }
    if (!p->ctx.ledger->exists && p->format->plan_setup != NULL)
        rc = p->format->plan_setup(&p->ctx, err);
    take_setup_in(plan);
    ls_plan_group(plan);
    ls_plan_digest(plan, plan->digest);
    return rc;
}

/* --- the digest ----------------------------------------------------------------------------------------------------------- */

static void add_number(struct ls_sha256 *h, int64_t n)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRId64, n);
    ls_sha256_field(h, text);
}

static void add_request(struct ls_sha256 *h, const struct ls_settle_request *r)
{
    add_number(h, (int64_t)r->kind);
    ls_sha256_field(h, r->version);
    ls_sha256_field(h, r->to);
    ls_sha256_field(h, r->to_format);
    ls_sha256_field(h, r->out_dir);
    for (const char *const *id = r->applied; id != NULL && *id != NULL; id++)
        ls_sha256_field(h, *id);
    ls_sha256_field(h, "/");
    for (const char *const *id = r->pending; id != NULL && *id != NULL; id++)
        ls_sha256_field(h, *id);
}

void ls_settle_seal(struct ls_settlement *t)
{
    struct ls_sha256 *h = ls_sha256_new();
    char hex[LS_SHA256_HEX];

    add_request(h, &t->request);
    ls_sha256_field(h, t->dir);
    ls_sha256_field(h, t->out_dir);
    ls_sha256_field(h, t->to_format);
    add_number(h, (int64_t)t->files.n);
    for (size_t i = 0; i < t->files.n; i++) {
        const struct ls_file_op *op = &t->files.v[i];

        add_number(h, (int64_t)op->kind);
        ls_sha256_field(h, op->from);
        ls_sha256_field(h, op->to);
        ls_sha256_field(h, op->before);
        ls_sha256_hex(op->text != NULL ? op->text : "", op->len, hex);
        ls_sha256_field(h, hex);
    }
    ls_sha256_field(h, t->ledger_seen);
    ls_sha256_field(h, t->plan != NULL ? t->plan->digest : NULL);
    ls_sha256_end(h, t->digest);
}

enum ls_rc ls_settle_make(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_settle_request *req,
                          struct ls_settlement **out, struct ls_err *err)
{
    static enum ls_rc (*const makers[LS_N_SETTLE_KINDS])(struct ls_session *, const struct ls_snapshot *,
                                                         const struct ls_settle_request *, struct ls_settlement **,
                                                         struct ls_err *) = {
        [LS_SETTLE_RENUMBER] = ls_settle_renumber_make,
        [LS_SETTLE_RECONCILE] = ls_settle_reconcile_make,
        [LS_SETTLE_ADOPT] = ls_settle_adopt_make,
        [LS_SETTLE_CONVERT] = ls_settle_convert_make,
    };

    *out = NULL;
    if ((unsigned)req->kind >= LS_N_SETTLE_KINDS)
        return ls_err_set(err, LS_E_USAGE, "there is no such settlement");
    return makers[req->kind](s, snap, req, out, err);
}
