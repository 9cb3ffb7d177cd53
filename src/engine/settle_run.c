/* Running a settlement: record, files, ledger, record away; and what becomes of one that was broken off. */
#include <config.h>

#include "engine/settle_priv.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/fault.h"
#include "lockstep/base/file.h"

static void LS_PRINTF(2, 3) line(struct ls_buf *out, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    ls_buf_vaddf(out, fmt, ap);
    va_end(ap);
    ls_buf_addc(out, '\n');
}

/* --- the same as when it was made --------------------------------------------------------------------------------------------------------------- */

static enum ls_rc changed(const char *why, struct ls_err *err)
{
    ls_err_set(err, LS_E_CHANGED, "the database or the files have changed since the settlement was made; nothing was touched%s%s", why != NULL ? ": " : "",
               why != NULL ? why : "");
    ls_err_hint(err, "look at the state again and make it anew");
    return LS_E_CHANGED;
}

static enum ls_rc make_again(struct ls_session *s, const struct ls_settle_request *req, bool has_db, struct ls_settlement **out, struct ls_err *err)
{
    struct ls_snapshot *snap = NULL;
    enum ls_rc rc = has_db ? ls_session_snapshot(s, &snap, err) : ls_session_scan(s, &snap, err);

    *out = NULL;
    if (rc == LS_OK)
        rc = ls_settle_make(s, snap, req, out, err);
    ls_snapshot_free(snap);
    return rc;
}

static enum ls_rc check_again(struct ls_session *s, const struct ls_settlement *t, struct ls_err *err)
{
    struct ls_settlement *again = NULL;
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc = make_again(s, &t->request, t->has_db, &again, &own);

    if (rc == LS_E_CONNECT || rc == LS_E_CANCELLED || rc == LS_E_AUTH)
        ls_err_move(err, &own);
    else if (rc != LS_OK)
        rc = changed(own.message, err);
    else if (strcmp(again->digest, t->digest) != 0)
        rc = changed(NULL, err);
    ls_err_release(&own);
    ls_settlement_free(again);
    return rc;
}

/* --- the ledger's half -------------------------------------------------------------------------------------------------------------------------- */

struct ledger_check {
    struct ls_session *s;
    const struct ls_format *format;
    const struct ls_format_opts *opts;
    const char *fingerprint;
};

/* Under the lock. The files were changed by us since, and are held to their hashes; the ledger must be the one that the plan was made from. */
static enum ls_rc ledger_again(void *ctx, struct ls_err *err)
{
    const struct ledger_check *c = ctx;
    struct ls_ledger l = {0};
    char hex[LS_SHA256_HEX] = "";
    enum ls_rc rc = c->format->ledger_read(c->s->db, c->opts, &l, err);

    if (rc == LS_OK)
        ls_ledger_fingerprint(&l, hex);
    ls_ledger_release(&l);
    if (rc == LS_OK && strcmp(hex, c->fingerprint) != 0)
        rc = changed("the ledger is not as it was", err);
    return rc;
}

static enum ls_rc run_plan(struct ls_session *s, const struct ls_settlement *t, const struct ls_run_hooks *hooks, struct ls_run_report *report)
{
    struct ls_format_opts opts = s->opts;
    struct ledger_check ctx = {.s = s, .format = ls_format_find(t->plan->format), .opts = &opts, .fingerprint = t->plan->ledger_fingerprint};
    struct ls_run_check check = {.again = ledger_again, .ctx = &ctx, .opts = &opts};

    if (t->kind == LS_SETTLE_CONVERT) { /* the session's are the source's */
        opts.table = NULL;
        opts.dir = t->out_dir;
    }
    return ls_run_checked(s, t->plan, &check, hooks, report);
}

/* --- from beginning to end ---------------------------------------------------------------------------------------------------------------------- */

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* The files go back, the record too. */
static void take_back(const struct ls_settlement *t, size_t done, struct ls_run_report *report)
{
    const char *home = ls_settle_home(t);
    struct ls_err err = LS_ERR_INIT;
    size_t n = done;

    if (ls_settle_undo_files(t->files.v, &done, &err) == LS_OK && ls_settle_intent_remove(home, &err) == LS_OK) {
        line(&report->applied, n > 0 ? "The files are as they were before." : "No file was touched.");
        if (t->kind == LS_SETTLE_CONVERT)
            (void)rmdir(home);
    } else {
        report->verdict = LS_VERDICT_DIRTY;
        line(&report->applied, "%zu file operation%s could not be taken back: %s", done, plural(done), err.message);
        line(&report->next, "Remove the cause, then: lockstep conflicts. The record %s/" LS_SETTLE_INTENT " lists every file.", home);
    }
    ls_err_release(&err);
}

static enum ls_rc prepare(struct ls_session *s, const struct ls_settlement *t, struct ls_err *err)
{
    enum ls_rc rc;

    if (t->plan != NULL && s->p.read_only) {
        ls_err_set(err, LS_E_REFUSED, "the session is read-only: nothing was touched");
        ls_err_hint(err, "arm it first");
        return LS_E_REFUSED;
    }
    rc = check_again(s, t, err);
    if (rc == LS_OK && ls_session_cancelled(s))
        rc = ls_err_set(err, LS_E_CANCELLED, "stopped by the operator before anything was touched");
    if (rc == LS_OK && t->out_dir != NULL)
        rc = ls_mkdir_p(t->out_dir, 0755, err);
    if (rc == LS_OK && t->files.n > 0)
        rc = ls_settle_intent_write(t, err);
    return rc;
}

static void tell_done(const struct ls_settlement *t, struct ls_run_report *report)
{
    ls_buf_clear(&report->applied);
    line(&report->applied, "%s.", t->title);
    if (t->files.n > 0)
        line(&report->applied, "%zu file operation%s done.", t->files.n, plural(t->files.n));
    if (t->plan != NULL)
        line(&report->applied, "The ledger %s was written: %zu step%s in one transaction.", t->plan->ledger, t->plan->steps.n, plural(t->plan->steps.n));
    if (t->lost.d.n > 0)
        line(&report->next, "Not carried over: %zu thing%s, which the preview lists.", t->lost.d.n, plural(t->lost.d.n));
    if (t->n_undecided > 0)
        line(&report->next, "%zu migration%s could not be decided and stayed as %s.", t->n_undecided, plural(t->n_undecided), t->n_undecided == 1 ? "it is" : "they are");
}

static enum ls_rc run_ledger(struct ls_session *s, const struct ls_settlement *t, size_t done, const struct ls_run_hooks *hooks, struct ls_run_report *report)
{
    enum ls_rc rc;

    ls_run_report_release(report);
    rc = run_plan(s, t, hooks, report);
    LS_FAULT("settle-ledger");
    if (rc == LS_OK)
        return LS_OK;
    if (report->verdict == LS_VERDICT_ROLLED_BACK || report->verdict == LS_VERDICT_NOTHING) {
        take_back(t, done, report);
    } else if (t->files.n > 0) {
        line(&report->applied, "The files have their new names; whether the ledger follows is not known.");
        line(&report->next, "When the database answers again: lockstep conflicts says how to go on.");
    }
    return rc;
}

enum ls_rc ls_settle_run(struct ls_session *s, const struct ls_settlement *t, const struct ls_run_hooks *hooks, struct ls_run_report *report)
{
    int64_t began = ls_mono_ms();
    struct ls_err err = LS_ERR_INIT;
    size_t done = 0;
    enum ls_rc rc;

    ls_run_report_init(report);
    report->verdict = LS_VERDICT_NOTHING;
    if (ls_settlement_is_empty(t))
        return LS_OK;
    rc = prepare(s, t, &err);
    if (rc != LS_OK) {
        report->verdict = LS_VERDICT_ROLLED_BACK;
        goto out;
    }
    rc = ls_settle_do_files(t->files.v, t->files.n, &done, &err);
    LS_FAULT("settle-files");
    if (rc != LS_OK) {
        report->verdict = LS_VERDICT_ROLLED_BACK;
        take_back(t, done, report);
        goto out;
    }
    if (t->plan != NULL)
        rc = run_ledger(s, t, done, hooks, report);
    if (rc != LS_OK) {
        ls_err_move(&err, &report->err);
        goto out;
    }
    if (t->files.n > 0)
        rc = ls_settle_intent_remove(ls_settle_home(t), &err);
    report->verdict = LS_VERDICT_DONE;
    tell_done(t, report);
    LS_FAULT("settle-end");
out:
    ls_session_clear_cancel(s);
    report->elapsed_ms = ls_mono_ms() - began;
    if (rc != LS_OK)
        ls_err_move(&report->err, &err);
    ls_err_release(&err);
    return rc;
}

/* --- what a crash left ----------------------------------------------------------------------------------------------------------------------------- */

/* Whether the ledger is still the one that the settlement was made from. */
static enum ls_rc ask_ledger(struct ls_session *s, const char *dir, const struct ls_settle_left *l, bool *is_as_before, struct ls_err *err)
{
    const struct ls_format *f = ls_format_find(l->ledger_format);
    struct ls_format_opts opts = {0};
    struct ls_ledger now = {0};
    char hex[LS_SHA256_HEX] = "";
    enum ls_rc rc;

    *is_as_before = true;
    if (!l->has_ledger)
        return LS_OK;
    if (f == NULL || f->ledger_read == NULL)
        return ls_err_set(err, LS_E_INPUT, "%s names a ledger of no format that is known", l->path);
    if (s == NULL)
        return ls_err_set(err, LS_E_REFUSED, "the settlement was to write the ledger %s too: name the database", l->ledger);
    rc = ls_session_connect_to_read(s, err);
    opts = s->opts;
    if (l->kind == LS_SETTLE_CONVERT) {
        opts.table = NULL;
        opts.dir = dir;
    }
    if (rc == LS_OK)
        rc = f->ledger_read(s->db, &opts, &now, err);
    if (rc == LS_OK)
        ls_ledger_fingerprint(&now, hex);
    *is_as_before = strcmp(hex, l->ledger_before) == 0;
    ls_ledger_release(&now);
    return rc;
}

static enum ls_rc read_left(const char *dir, struct ls_settle_left *l, struct ls_err *err)
{
    enum ls_rc rc = ls_settle_leftover(dir, l, err);

    if (rc != LS_OK)
        return rc;
    if (!l->is_there)
        return ls_err_set(err, LS_E_NOT_FOUND, "there is no unfinished settlement in %s", dir);
    if (l->broken == NULL)
        return LS_OK;
    ls_err_set(err, LS_E_REFUSED, "%s cannot be used: %s", l->path, l->broken);
    ls_err_hint(err, "put the folder in order by hand (git status shows what was moved), then remove the record");
    return LS_E_REFUSED;
}

static enum ls_rc undo_left(struct ls_session *s, const char *dir, struct ls_settle_left *l, struct ls_run_report *report, struct ls_err *err)
{
    bool is_as_before = true;
    size_t done = l->n_done;
    enum ls_rc rc = ask_ledger(s, dir, l, &is_as_before, err);

    if (rc == LS_OK && !is_as_before) {
        ls_err_set(err, LS_E_REFUSED, "the ledger %s is not as it was before: the settlement has written it, or somebody else has", l->ledger);
        ls_err_hint(err, "finish it, when the ledger shows the new state");
        rc = LS_E_REFUSED;
    }
    if (rc == LS_OK)
        rc = ls_settle_undo_files(l->ops.v, &done, err);
    if (rc == LS_OK)
        rc = ls_settle_intent_remove(dir, err);
    if (rc == LS_OK && l->kind == LS_SETTLE_CONVERT)
        (void)rmdir(dir);
    if (rc == LS_OK)
        line(&report->applied, "Taken back: %zu file operation%s. The files are as they were before.", l->n_done, plural(l->n_done));
    return rc;
}

enum ls_rc ls_settle_take_back(struct ls_session *s, const char *dir, struct ls_run_report *report)
{
    struct ls_settle_left l = {0};
    struct ls_err err = LS_ERR_INIT;
    enum ls_rc rc = read_left(dir, &l, &err);

    ls_run_report_init(report);
    if (rc == LS_OK)
        rc = undo_left(s, dir, &l, report, &err);
    report->verdict = rc == LS_OK ? LS_VERDICT_DONE : LS_VERDICT_ROLLED_BACK;
    if (rc != LS_OK)
        ls_err_move(&report->err, &err);
    ls_settle_left_release(&l);
    return rc;
}

/* The files go back, then it is made again and must be the same one. */
static enum ls_rc run_again(struct ls_session *s, const char *dir, struct ls_settle_left *l, const struct ls_run_hooks *hooks, struct ls_run_report *report,
                            struct ls_err *err)
{
    struct ls_settlement *t = NULL;
    enum ls_rc rc = undo_left(s, dir, l, report, err);

    if (rc == LS_OK)
        rc = make_again(s, &l->request, l->has_db, &t, err);
    if (rc == LS_OK && strcmp(t->digest, l->digest) != 0) {
        ls_err_set(err, LS_E_CHANGED, "the database or the files have changed since it was begun; the files are as they were before");
        ls_err_hint(err, "make the settlement anew");
        rc = LS_E_CHANGED;
    }
    if (rc == LS_OK) {
        ls_run_report_release(report);
        rc = ls_settle_run(s, t, hooks, report);
        ls_err_move(err, &report->err);
    }
    ls_settlement_free(t);
    return rc;
}

enum ls_rc ls_settle_finish(struct ls_session *s, const char *dir, const struct ls_run_hooks *hooks, struct ls_run_report *report)
{
    struct ls_settle_left l = {0};
    struct ls_err err = LS_ERR_INIT;
    bool is_as_before = true;
    enum ls_rc rc = read_left(dir, &l, &err);

    ls_run_report_init(report);
    if (rc == LS_OK)
        rc = ask_ledger(s, dir, &l, &is_as_before, &err);
    if (rc == LS_OK && l.n_done == l.n_ops && (!l.has_ledger || !is_as_before)) {
        rc = ls_settle_intent_remove(dir, &err);
        line(&report->applied, "All of it was done already: only the record was left, and is removed.");
        report->verdict = LS_VERDICT_DONE;
    } else if (rc == LS_OK && s == NULL) {
        rc = ls_err_set(&err, LS_E_REFUSED, "it can only be finished with the project's session");
    } else if (rc == LS_OK) {
        rc = run_again(s, dir, &l, hooks, report, &err);
    }
    if (rc != LS_OK) {
        report->verdict = report->verdict == LS_VERDICT_NOTHING ? LS_VERDICT_ROLLED_BACK : report->verdict;
        ls_err_move(&report->err, &err);
    }
    ls_err_release(&err);
    ls_settle_left_release(&l);
    return rc;
}
