/* tui/confirm_body.c: what a confirmation says: target, steps, findings, transactions, backup, and what is written to the ledger.
 */
#include <config.h>

#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/text.h"
#include "tui/flow.h"

#define MAX_STEPS  40 /* listed; the rest is counted */
#define LABEL_W    9
#define MAX_LEDGER 12 /* ledger statements shown; S in the Run pane shows all */

/* A backup of this database: its target is the database's name, for SQLite the file's without its ending. */
static bool is_of_this(const struct app *a, const struct ls_backup *b)
{
    const char *name = app_database(a);
    size_t n = b->target ? strlen(b->target) : 0;

    return n > 0 && strncmp(name, b->target, n) == 0 && (name[n] == '\0' || name[n] == '.') &&
           (!b->dialect || strcmp(b->dialect, ls_dialect_name(app_dialect(a))) == 0);
}

void backup_status(const struct app *a, struct ls_buf *out)
{
    if (!a->has_backups) {
        ls_buf_adds(out, "not looked for yet");
        return;
    }
    for (size_t i = 0; i < a->backups.b.n; i++) {
        const struct ls_backup *b = &a->backups.b.v[i];
        char size[LS_ISO_LEN];

        if (!b->is_complete || !is_of_this(a, b))
            continue;
        ls_size_text(b->size, size);
        ls_buf_addf(out, "newest %s, at version %s, %s, %s%s", b->created_at ? b->created_at : "?", b->version ? b->version : "?",
                    size, b->state ? b->state : "written", a->backup_is_fresh ? "" : "; not of this moment");
        return;
    }
    ls_buf_adds(out, "there is none");
}

static void label(struct ui_doc *d, const char *name)
{
    ui_doc_addf(d, ROLE_DIM, "%-*s", LABEL_W, name);
}

static void target(const struct app *a, struct ui_doc *d, const struct ls_plan *p)
{
    label(d, "Target");
    ui_doc_adds(d, ROLE_TITLE, p->target ? p->target : a->label);
    if (a->env)
        ui_doc_addf(d, ROLE_TEXT, ", environment %s", a->env);
    ui_doc_end(d);
    if (a->target.params.is_protected)
        ui_doc_text(d, ROLE_DANGER, "         PROTECTED: the database's name must be typed");
}

static void one_step(struct ui_doc *d, const struct ls_step *st)
{
    const char *arrow = st->kind == LS_STEP_RECORD ? (d->ascii ? "=" : "≡")
                        : st->direction == LS_UP   ? (d->ascii ? "^" : "↑")
                                                   : (d->ascii ? "v" : "↓");

    ui_doc_addf(d, ROLE_TEXT, "  %s ", arrow);
    ui_doc_addf(d, ROLE_TITLE, "%s", st->label ? st->label : "");
    ui_doc_addf(d, ROLE_TEXT, "  %s", st->name ? st->name : "");
    if (st->kind == LS_STEP_RECORD)
        ui_doc_adds(d, ROLE_DIM, "  ledger only, runs nothing");
    else if (ls_step_child(st))
        ui_doc_addf(d, ROLE_DIM, "  %s, run by %s", st->direction == LS_UP ? "up" : "down", ls_step_child(st)->tool);
    else
        ui_doc_addf(d, ROLE_DIM, "  %s, %d statement%s", st->direction == LS_UP ? "up" : "down", st->n_statements,
                    st->n_statements == 1 ? "" : "s");
    if (st->is_destructive)
        ui_doc_adds(d, ROLE_DANGER, "  DESTROYS DATA");
    ui_doc_end(d);
}

static void summary(struct ui_doc *d, const struct ls_plan *p)
{
    size_t n = p->steps.n, statements = run_plan_statements(p), destroying = 0;

    for (size_t i = 0; i < n; i++)
        destroying += p->steps.v[i].is_destructive;
    label(d, "Plan");
    ui_doc_addf(d, ROLE_TEXT, "%zu step%s, %zu statement%s", n, n == 1 ? "" : "s", statements, statements == 1 ? "" : "s");
    if (destroying)
        ui_doc_addf(d, ROLE_DANGER, ", %zu destroy%s data", destroying, destroying == 1 ? "s" : "");
    ui_doc_end(d);
}

static void steps(struct ui_doc *d, const struct ls_plan *p)
{
    size_t n = p->steps.n;

    ui_doc_blank(d);
    label(d, "Steps");
    ui_doc_end(d);
    for (size_t i = 0; i < n && i < MAX_STEPS; i++)
        one_step(d, &p->steps.v[i]);
    if (n > MAX_STEPS)
        ui_doc_textf(d, ROLE_DIM, "  and %zu more", n - MAX_STEPS);
    /* Nothing destructive may hide behind "and more". */
    for (size_t i = MAX_STEPS; i < n; i++) {
        if (p->steps.v[i].is_destructive)
            one_step(d, &p->steps.v[i]);
    }
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void one_finding(struct ui_doc *d, const struct ls_plan *p, size_t i, int width)
{
    static const enum theme_role roles[] = {
        [LS_SEV_INFO] = ROLE_INFO, [LS_SEV_WARNING] = ROLE_WARNING, [LS_SEV_DANGER] = ROLE_DANGER, [LS_SEV_ERROR] = ROLE_ERROR};
    const struct ls_finding *f = &p->findings.v[i];
    enum theme_role role = (size_t)f->severity < LS_ARRAY_LEN(roles) ? roles[f->severity] : ROLE_TEXT;
    struct ls_buf what = LS_BUF_INIT, where = LS_BUF_INIT;
    bool is_said = false;
    int used;

    for (size_t k = 0; k < i && !is_said; k++)
        is_said = same(p->findings.v[k].rule, f->rule) && same(p->findings.v[k].why, f->why);
    ls_buf_addf(&what, "  %s %s %s", ls_severity_name(f->severity), f->rule ? f->rule : "", f->name ? f->name : "");
    if (f->path)
        ls_buf_addf(&where, "%s", ls_path_base(f->path));
    if (f->path && f->line > 0)
        ls_buf_addf(&where, ":%d", f->line);
    ui_doc_adds(d, role, what.ptr);
    if (f->object)
        ui_doc_addf(d, ROLE_TITLE, " %s", f->object);
    used = ls_text_width(what.ptr, what.len) + (f->object ? 1 + ls_text_width(f->object, strlen(f->object)) : 0);
    if (where.len && used + 2 + ls_text_width(where.ptr, where.len) <= width) {
        ui_doc_addf(d, ROLE_DIM, "  %s", where.ptr);
        ls_buf_clear(&where);
    }
    ui_doc_end(d);
    if (where.len) /* where it stands is never cut */
        ui_doc_wrap(d, ROLE_DIM, width, 4, where.ptr);
    ls_buf_release(&what);
    ls_buf_release(&where);
    if (is_said)
        return;
    ui_doc_wrap(d, ROLE_TEXT, width, 4, f->why);
    if (f->safer)
        ui_doc_wrap(d, ROLE_DIM, width, 4, f->safer);
}

static void findings(struct ui_doc *d, const struct ls_plan *p, int width)
{
    ui_doc_blank(d);
    label(d, "Findings");
    if (p->findings.n == 0) {
        ui_doc_adds(d, ROLE_GOOD, "none");
        ui_doc_end(d);
        return;
    }
    ui_doc_addf(d, ROLE_TEXT, "%zu", p->findings.n);
    ui_doc_end(d);
    /* The worst first; what a rule says is said once. */
    for (int sev = LS_SEV_ERROR; sev >= LS_SEV_INFO; sev--) {
        for (size_t i = 0; i < p->findings.n; i++) {
            if ((int)p->findings.v[i].severity == sev)
                one_finding(d, p, i, width);
        }
    }
}

/* Each way of meeting transactions once, with how many steps go that way. */
static void transactions(struct ui_doc *d, const struct ls_plan *p, int width)
{
    ui_doc_blank(d);
    label(d, "Atomic");
    ui_doc_adds(d, ROLE_TEXT, "what a failure leaves:");
    ui_doc_end(d);
    for (size_t i = 0; i < p->steps.n; i++) {
        const char *note = p->steps.v[i].tx_note;
        size_t same = 0, before = 0;
        struct ls_buf b = LS_BUF_INIT;

        for (size_t k = 0; k < p->steps.n && note; k++) {
            if (p->steps.v[k].tx_note && strcmp(p->steps.v[k].tx_note, note) == 0) {
                same++;
                before += k < i;
            }
        }
        if (!note || before > 0)
            continue;
        if (p->steps.n > 1)
            ls_buf_addf(&b, "%zu of %zu: ", same, p->steps.n);
        ls_buf_adds(&b, note);
        ui_doc_wrap(d, ROLE_TEXT, width, 2, b.ptr);
        ls_buf_release(&b);
    }
}

static void ledger(const struct app *a, struct ui_doc *d, const struct ls_plan *p)
{
    struct ls_buf sql = LS_BUF_INIT;
    size_t n = 0;

    ui_doc_blank(d);
    label(d, "Ledger");
    ui_doc_addf(d, ROLE_TEXT, "%s%s", p->ledger ? p->ledger : "", p->setup.n ? ", created first" : "");
    ui_doc_end(d);
    for (size_t i = 0; i < p->steps.n; i++) {
        const struct ls_step *st = &p->steps.v[i];

        for (size_t k = 0; k < st->ops.n; k++) {
            if ((st->ops.v[k].kind != LS_OP_LEDGER && st->ops.v[k].kind != LS_OP_FILE) || n++ >= MAX_LEDGER)
                continue;
            ls_buf_clear(&sql);
            ls_op_print_sql(&st->ops.v[k], app_dialect(a), &sql);
            ui_doc_sql(d, app_dialect(a), sql.ptr, sql.len, 0, 2);
        }
    }
    if (n > MAX_LEDGER)
        ui_doc_textf(d, ROLE_DIM, "  and %zu more; Esc, then S shows all of it", n - MAX_LEDGER);
    ls_buf_release(&sql);
}

struct ui_doc *confirm_body(const struct app *a, const struct ls_plan *p, int width)
{
    struct ui_doc *d = ui_doc_new(a->is_ascii);
    struct ls_buf b = LS_BUF_INIT;

    d->wrap = width;
    target(a, d, p);
    summary(d, p);
    label(d, "Backup");
    backup_status(a, &b);
    ui_doc_wrap(d, a->backup_is_fresh ? ROLE_GOOD : a->target.params.is_protected ? ROLE_WARNING : ROLE_TEXT, width, LABEL_W, b.ptr);
    findings(d, p, width);
    transactions(d, p, width);
    steps(d, p);
    ledger(a, d, p);
    ui_doc_blank(d);
    label(d, "Journal");
    ui_doc_text(d, ROLE_TEXT,
                a->target.params.journal ? "each migration is written down in lockstep_journal"
                                         : "declined: nothing is written down");
    label(d, "Digest");
    ui_doc_addf(d, ROLE_DIM, "%.16s: what changes before the start makes it refuse", p->digest);
    ui_doc_end(d);
    ls_buf_release(&b);
    return d;
}
