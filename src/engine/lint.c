/* Every check that needs no database, in one list: ls_lint. The checks themselves stand in the scans, verify_static.c, conflicts.c, the formats'
 * plan_step and findings.c; here they are brought together, each fault once. */
#include <config.h>

#include "lockstep/engine/lint.h"

#include <stdlib.h>
#include <string.h>

#include "engine/plan_priv.h"
#include "lockstep/engine/settle.h"
#include "lockstep/engine/verify.h"

struct linter {
    struct ls_session *session;
    const struct ls_snapshot *snap;
    struct ls_lint_report *out;
};

static bool is_same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void add(struct linter *l, const char *rule, const struct ls_diag *d)
{
    struct ls_arena *arena = l->out->arena;
    struct ls_lint_finding *f = LS_VEC_PUSH(&l->out->f);

    f->rule = ls_arena_str(arena, rule);
    f->diag = (struct ls_diag){.severity = d->severity, .line = d->line};
    f->diag.code = ls_arena_str(arena, d->code);
    f->diag.path = ls_arena_str(arena, d->path);
    f->diag.version = ls_arena_str(arena, d->version);
    f->diag.message = ls_arena_str(arena, d->message);
    f->diag.hint = ls_arena_str(arena, d->hint);
}

/* Whether one of the first n findings is of this code and about this file. */
static bool has_code(const struct linter *l, size_t n, const char *code, const char *path)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(l->out->f.v[i].diag.code, code) == 0 && is_same(l->out->f.v[i].diag.path, path))
            return true;
    return false;
}

static bool has_error(const struct linter *l, const char *path)
{
    for (size_t i = 0; i < l->out->f.n; i++)
        if (l->out->f.v[i].diag.severity == LS_SEV_ERROR && is_same(l->out->f.v[i].diag.path, path))
            return true;
    return false;
}

static bool has_place(const struct linter *l, const char *code, const char *path, int line)
{
    for (size_t i = 0; i < l->out->f.n; i++) {
        const struct ls_diag *d = &l->out->f.v[i].diag;

        if (d->line == line && strcmp(d->code, code) == 0 && is_same(d->path, path))
            return true;
    }
    return false;
}

/* --- the folder ----------------------------------------------------------------------------------------------------------------------------- */

static void add_static(struct linter *l)
{
    struct ls_diags diags = {0};

    ls_verify_static(l->snap, l->out->arena, &diags);
    for (size_t i = 0; i < diags.d.n; i++)
        add(l, NULL, &diags.d.v[i]);
    LS_VEC_RELEASE(&diags.d);
}

/* What was said already, in the words of the scan or of verify, is not said again; but all of one conflict is. */
static void add_conflicts(struct linter *l)
{
    struct ls_conflicts found;
    struct ls_err err = LS_ERR_INIT;
    size_t n = l->out->f.n;

    if (ls_conflicts_find(NULL, l->snap, &found, &err) == LS_OK)
        for (size_t i = 0; i < found.c.n; i++)
            if (!has_code(l, n, found.c.v[i].diag.code, found.c.v[i].diag.path))
                add(l, NULL, &found.c.v[i].diag);
    ls_conflicts_release(&found);
    ls_err_release(&err);
}

/* --- each migration ------------------------------------------------------------------------------------------------------------------------- */

/* What the checks of the folder say in other words. */
static bool is_said(const struct linter *l, const struct ls_finding *x)
{
    static const char *const halves[] = {"M04", "M05", "V01"};

    for (size_t i = 0; i < LS_ARRAY_LEN(halves); i++)
        if (strcmp(x->rule, halves[i]) == 0)
            return true;
    return strcmp(x->rule, "T03") == 0 && has_place(l, "transaction-control", x->path, x->line);
}

static void add_finding(struct linter *l, const struct ls_migration *m, const struct ls_finding *x)
{
    struct ls_diag d = {.severity = x->severity, .code = x->name, .path = x->path, .line = x->line, .version = m->label, .hint = x->safer};

    d.message = x->object != NULL ? ls_arena_printf(l->out->arena, "%s: %s", x->object, x->why) : x->why;
    add(l, x->rule, &d);
}

/* Whether the folder's own findings have said it: what the tool refuses for one file's sake is no fault of each of the others. */
static bool is_said_of_folder(const struct linter *l, const char *message)
{
    for (size_t i = 0; i < l->out->f.n; i++)
        if (l->out->f.v[i].diag.severity == LS_SEV_ERROR && strstr(message, l->out->f.v[i].diag.message) != NULL)
            return true;
    return false;
}

static void add_refusal(struct linter *l, const struct ls_migration *m, const struct ls_err *err)
{
    struct ls_diag d = {.severity = LS_SEV_ERROR, .code = "tool-refuses", .path = m->up.path, .line = err->line, .version = m->label};

    if (has_error(l, m->up.path) || is_said_of_folder(l, err->message))
        return; /* and that is why */
    d.message = err->message;
    d.hint = err->hint;
    add(l, NULL, &d);
}

/* What the tool would not run is looked at all the same, cut as lockstep cuts it. NULL: it cannot be cut. */
static struct ls_plan *statements_of(const struct linter *l, const struct ls_migration *m)
{
    struct ls_source src = {.text = LS_BUF_INIT};
    struct ls_plan *plan = NULL;
    struct ls_step *step;
    const char *text;

    if (ls_source_load(&m->up, l->snap->info.dialect, NULL, &src, NULL) != LS_OK || src.stmts == NULL)
        goto out;
    plan = ls_plan_new();
    text = ls_arena_strn(plan->arena, src.text.ptr, src.text.len);
    step = LS_VEC_PUSH(&plan->steps);
    *step = (struct ls_step){.kind = LS_STEP_MIGRATE, .id = m->id, .label = m->label, .name = "", .path = m->up.path, .policy = m->up.policy, .tx_note = ""};
    for (size_t i = 0; i < src.stmts->n; i++) {
        const struct ls_stmt *st = &src.stmts->v[i];

        *LS_VEC_PUSH(&step->ops) = (struct ls_op){
            .kind = LS_OP_STATEMENT, .sql = text + st->start, .len = st->end - st->start, .stmt_no = (int)i + 1, .line = st->line, .expect_rows = -1};
    }
    ls_plan_find(plan, l->snap, l->snap->info.dialect);
out:
    ls_source_release(&src);
    return plan;
}

static void look_at(struct linter *l, const struct ls_entry *e)
{
    const struct ls_migration *m = e->migration;
    struct ls_err err = LS_ERR_INIT;
    struct ls_plan *plan = NULL;

    if (ls_plan_one(l->session, l->snap, e, &plan, &err) != LS_OK) {
        add_refusal(l, m, &err);
        plan = statements_of(l, m);
    }
    for (size_t i = 0; plan != NULL && i < plan->findings.n; i++)
        if (!is_said(l, &plan->findings.v[i]))
            add_finding(l, m, &plan->findings.v[i]);
    ls_plan_free(plan);
    ls_err_release(&err);
}

static bool is_ours_to_read(const struct linter *l, const struct ls_migration *m)
{
    return (l->snap->format->caps & LS_CAP_NATIVE_APPLY) != 0 && m->lang == LS_LANG_SQL && m->up.path != NULL;
}

/* --- order ---------------------------------------------------------------------------------------------------------------------------------- */

static int text_order(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int by_place(const void *pa, const void *pb)
{
    const struct ls_lint_finding *a = pa, *b = pb;
    int c = text_order(a->diag.path, b->diag.path);

    if (c == 0)
        c = (a->diag.line > b->diag.line) - (a->diag.line < b->diag.line);
    if (c == 0)
        c = (a->diag.severity < b->diag.severity) - (a->diag.severity > b->diag.severity);
    if (c == 0)
        c = strcmp(a->diag.code, b->diag.code);
    return c != 0 ? c : strcmp(a->diag.message, b->diag.message);
}

void ls_lint(struct ls_session *s, const struct ls_snapshot *snap, struct ls_lint_report *out)
{
    struct linter l = {.session = s, .snap = snap, .out = out};

    *out = (struct ls_lint_report){.arena = ls_arena_new()};
    add_static(&l);
    add_conflicts(&l);
    for (size_t i = 0; i < snap->timeline.e.n; i++) {
        const struct ls_entry *e = &snap->timeline.e.v[i];

        if (e->migration == NULL)
            continue;
        out->n_checked++;
        if (is_ours_to_read(&l, e->migration))
            look_at(&l, e);
    }
    if (out->f.n > 1)
        qsort(out->f.v, out->f.n, sizeof(out->f.v[0]), by_place);
}

void ls_lint_report_release(struct ls_lint_report *r)
{
    LS_VEC_RELEASE(&r->f);
    ls_arena_free(r->arena);
    *r = (struct ls_lint_report){0};
}
