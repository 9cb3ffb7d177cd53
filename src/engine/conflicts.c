/* What teams get stuck on: each conflict in plain words, with what the tool will do about it, and the settlement that settles it.
 */
#include <config.h>

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "engine/numbers.h"
#include "engine/session_priv.h"
#include "engine/settle_evidence.h"
#include "engine/settle_list.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/engine/settle.h"
#include "lockstep/format/layout.h"

#define MAX_LOOKED_AT 2000 /* migrations whose statements are looked up, one query each */

struct finder {
    struct ls_session *s;
    const struct ls_snapshot *snap;
    struct ls_conflicts *out;
};

static struct ls_conflict *LS_PRINTF(6, 7)
    add(struct finder *f, enum ls_severity severity, const char *code, const char *path, int line, const char *fmt, ...)
{
    struct ls_conflict *c = LS_VEC_PUSH(&f->out->c);
    va_list ap;

    *c =
        (struct ls_conflict){.diag = {.severity = severity, .code = code, .path = ls_arena_str(f->out->arena, path), .line = line}};
    va_start(ap, fmt);
    c->diag.message = ls_arena_vprintf(f->out->arena, fmt, ap);
    va_end(ap);
    return c;
}

static void about(struct finder *f, struct ls_conflict *c, const struct ls_entry *e)
{
    c->id = ls_arena_str(f->out->arena, e->id);
    c->diag.version = ls_arena_str(f->out->arena, e->label);
}

/* A word of a shell's line; what would need quotes is left to the operator. */
static const char *word(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    return text[0] != '\0' && text[0] != '-' && strspn(text, plain) == strlen(text) ? text : NULL;
}

static void LS_PRINTF(5, 6)
    settle(struct finder *f, struct ls_conflict *c, enum ls_settle_kind kind, const char *arg, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    c->diag.hint = ls_arena_vprintf(f->out->arena, fmt, ap);
    va_end(ap);
    c->settled_by |= LS_SETTLES(kind);
    c->kind = kind;
    if (arg == NULL)
        c->command = ls_arena_printf(f->out->arena, "lockstep %s", ls_settle_name(kind));
    else if (word(arg) != NULL)
        c->command = ls_arena_printf(f->out->arena, "lockstep %s %s", ls_settle_name(kind), arg);
}

static const char *file_of(const struct ls_entry *e)
{
    const struct ls_migration *m = e->migration;

    return m == NULL ? NULL : m->up.path != NULL ? m->up.path : m->down.path != NULL ? m->down.path : m->verify.path;
}

static bool is_in_ledger(const struct ls_entry *e)
{
    return e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED || e->state == LS_STATE_MISSING;
}

static bool can_renumber(const struct finder *f)
{
    return f->snap->format->layout != NULL;
}

/* --- the folder ----------------------------------------------------------------------------------------------------------- */

static bool is_duplicate(const struct ls_entry *e)
{
    return e->migration != NULL && (e->migration->flags & LS_MIG_DUPLICATE) != 0;
}

/* One conflict for a number, however many files claim it. */
static void find_duplicates(struct finder *f)
{
    const struct ls_timeline *t = &f->snap->timeline;
    const char *would = f->snap->format->rules->duplicate;

    for (size_t i = 0, k; i < t->e.n; i = k) {
        struct ls_buf names = LS_BUF_INIT;
        struct ls_conflict *c;

        for (k = i + 1;
             is_duplicate(&t->e.v[i]) && k < t->e.n && is_duplicate(&t->e.v[k]) && strcmp(t->e.v[k].id, t->e.v[i].id) == 0; k++)
            ;
        if (k == i + 1)
            continue;
        for (size_t n = i; n < k; n++)
            ls_buf_addf(&names, "%s%s",
                        n == i       ? ""
                        : n + 1 == k ? " and "
                                     : ", ",
                        file_of(&t->e.v[n]) != NULL ? ls_path_base(file_of(&t->e.v[n])) : "");
        c = add(f, LS_SEV_ERROR, "duplicate-version", file_of(&t->e.v[i + 1]), 0, "%zu migrations have the number %s: %s; %s %s",
                k - i, t->e.v[i].label, names.ptr, f->snap->format->title, would != NULL ? would : "takes one of them");
        about(f, c, &t->e.v[i]);
        if (can_renumber(f))
            settle(f, c, LS_SETTLE_RENUMBER, t->e.v[i].label,
                   "renumber keeps the one that is applied (else the first) and gives the others free numbers behind it");
        ls_buf_release(&names);
    }
}

static const char *name_at(const struct finder *f, const struct ls_numbers *n, size_t i)
{
    const char *path = file_of(&f->snap->timeline.e.v[n->v.v[i].at]);

    return path == NULL ? "" : f->snap->format->layout != NULL && f->snap->format->layout->kind == LS_LAYOUT_FOLDER ? path : ls_path_base(path);
}

/* One number in the names of several, which the tool itself tells apart by something else: the rest of the name, a journal. */
static void find_same_numbers(struct finder *f, const struct ls_numbers *n)
{
    for (size_t i = 0, same; i < n->v.n; i += same) {
        const struct ls_entry *e = &f->snap->timeline.e.v[n->v.v[i].at];
        struct ls_buf names = LS_BUF_INIT, number = LS_BUF_INIT;
        struct ls_conflict *c;
        size_t n_open = 0;

        same = ls_numbers_same(n, i);
        if (same < 2 || is_duplicate(e))
            continue;
        for (size_t k = i; k < i + same; k++) {
            ls_buf_addf(&names, "%s%s", k == i ? "" : k + 1 == i + same ? " and " : ", ", name_at(f, n, k));
            n_open += !is_in_ledger(&f->snap->timeline.e.v[n->v.v[k].at]);
        }
        ls_buf_add(&number, e->label, strspn(e->label, "0123456789-"));
        c = add(f, n_open > 0 ? LS_SEV_WARNING : LS_SEV_INFO, "same-number", file_of(&f->snap->timeline.e.v[n->v.v[i + 1].at]), 0,
                "%zu migrations have the number %s: %s; %s tells them apart by the rest, people and their next files do not", same,
                number.ptr, names.ptr, f->snap->format->title);
        c->diag.version = ls_arena_str(f->out->arena, e->label);
        c->diag.hint = n_open > 0 ? "give all but one of them another number, before they are applied anywhere" : "all are applied: leave them as they are";
        if (n_open > 0 && can_renumber(f))
            settle(f, c, LS_SETTLE_RENUMBER, number.ptr,
                   "renumber keeps the one that is applied (else the first) and gives the others free numbers behind it");
        ls_buf_release(&number);
        ls_buf_release(&names);
    }
}

static void find_gaps(struct finder *f, const struct ls_numbers *n)
{
    const struct ls_timeline *t = &f->snap->timeline;

    if (!ls_numbers_are_counted(n) || (f->snap->format->layout != NULL && f->snap->format->layout->move_to_end != NULL))
        return; /* a journal tells what is lost */
    for (size_t i = 1; i < n->v.n; i++) {
        const struct ls_entry *a = &t->e.v[n->v.v[i - 1].at], *b = &t->e.v[n->v.v[i].at];
        uint64_t low = n->v.v[i - 1].n + 1, high = n->v.v[i].n;
        struct ls_conflict *c;

        if (high <= low)
            continue;
        if (high == low + 1)
            c = add(f, LS_SEV_WARNING, "gap", b->migration->up.path, 0, "there is no migration %" PRIu64 " between %s and %s", low, a->label, b->label);
        else
            c = add(f, LS_SEV_WARNING, "gap", b->migration->up.path, 0, "there are no migrations %" PRIu64 " to %" PRIu64 " between %s and %s", low,
                    high - 1, a->label, b->label);
        c->diag.version = ls_arena_str(f->out->arena, b->label);
        c->diag.hint =
            "look whether a file was lost in a merge (git log --diff-filter=D); a number once used and removed is harmless";
    }
}

static void find_in_numbers(struct finder *f)
{
    struct ls_numbers n;

    ls_numbers_read(f->snap, &n);
    find_same_numbers(f, &n);
    find_gaps(f, &n);
    ls_numbers_release(&n);
}

static void find_heads(struct finder *f)
{
    const struct ls_migrations *m = &f->snap->migrations;
    const struct ls_timeline *t = &f->snap->timeline;
    struct ls_buf names = LS_BUF_INIT;
    bool *has_child;
    size_t n = 0;

    if ((f->snap->format->caps & LS_CAP_DAG) == 0)
        return;
    has_child = ls_calloc(t->e.n + 1, sizeof(*has_child));
    for (size_t i = 0; i < m->m.n; i++)
        for (const char *const *p = m->m.v[i].parents; p != NULL && *p != NULL; p++) {
            long at = ls_timeline_find_id(t, *p);

            if (at >= 0)
                has_child[at] = true;
        }
    for (size_t i = 0; i < t->e.n; i++) {
        if (has_child[i] || t->e.v[i].migration == NULL || t->e.v[i].migration->kind != LS_KIND_VERSIONED)
            continue;
        ls_buf_addf(&names, "%s%s", n > 0 ? ", " : "", t->e.v[i].label);
        n++;
    }
    free(has_child);
    if (n > 1)
        add(f, LS_SEV_ERROR, "several-heads", f->snap->migrations.dir, 0,
            "the graph has %zu heads (%s): %s refuses to go to \"the newest\"", n, names.ptr, f->snap->format->title)
            ->diag.hint =
            "join them with the tool's own command (alembic merge heads), or give one of them the other as its parent";
    ls_buf_release(&names);
}

/* What the scan has said of a journal beside the files. */
static void find_journal(struct finder *f)
{
    static const struct {
        const char *code;
        bool moves, repairs;
    } codes[] = {{"journal-without-file", false, true},
                 {"file-without-journal", false, true},
                 {"journal-order", true, false},
                 {"bad-entry", false, false}};
    const struct ls_diags *d = &f->snap->migrations.diags;

    for (size_t i = 0; i < d->d.n; i++)
        for (size_t k = 0; k < LS_ARRAY_LEN(codes); k++) {
            struct ls_conflict *c;

            if (strcmp(d->d.v[i].code, codes[k].code) != 0)
                continue;
            c = add(f, d->d.v[i].severity, codes[k].code, d->d.v[i].path, d->d.v[i].line, "%s", d->d.v[i].message);
            c->diag.version = ls_arena_str(f->out->arena, d->d.v[i].version);
            c->diag.hint = ls_arena_str(f->out->arena, d->d.v[i].hint);
            if (codes[k].moves && can_renumber(f) && d->d.v[i].version != NULL)
                settle(f, c, LS_SETTLE_RENUMBER, d->d.v[i].version, "renumber moves it to the journal's end, with a later time");
            if (codes[k].repairs && can_renumber(f) && f->snap->format->layout->repair_journal != NULL)
                settle(f, c, LS_SETTLE_RECONCILE, NULL, "%s; or reconcile, which brings the journal to the files",
                       c->diag.hint != NULL ? c->diag.hint : "bring it back");
        }
}

static void find_tools(struct finder *f)
{
    struct ls_buf names = LS_BUF_INIT;
    size_t n = 0;

    for (size_t i = 0; i < f->snap->n_detected; i++)
        if (f->snap->detected[i].detect.score >= 50) {
            ls_buf_addf(&names, "%s%s", n > 0 ? ", " : "", f->snap->detected[i].format->title);
            n++;
        }
    if (n > 1)
        add(f, LS_SEV_WARNING, "several-tools", f->snap->migrations.dir, 0,
            "the files could be those of several tools (%s); they are taken for those of %s", names.ptr, f->snap->format->title)
            ->diag.hint = "say whose they are: format = NAME in lockstep.conf, or --format";
    ls_buf_release(&names);
}

static enum ls_rc find_leftover(struct finder *f, struct ls_err *err)
{
    struct ls_settle_left l;
    struct ls_conflict *c;
    enum ls_rc rc = ls_settle_leftover(f->snap->migrations.dir, &l, err);

    if (rc == LS_OK && l.is_there && l.broken != NULL) {
        c = add(f, LS_SEV_ERROR, "unfinished-settlement", l.path, 0,
                "a settlement was begun here and has not ended, and its record cannot be used: %s", l.broken);
        c->diag.hint = "put the folder in order by hand (git status shows what was moved), then remove the record";
    } else if (rc == LS_OK && l.is_there) {
        c = add(f, LS_SEV_ERROR, "unfinished-settlement", l.path, 0,
                "%s was begun at %s and has not ended: %zu of %zu file operations are done%s", ls_settle_name(l.kind),
                l.began_at != NULL ? l.began_at : "an unknown time", l.n_done, l.n_ops,
                l.has_ledger ? ", and the ledger was to follow" : "");
        c->diag.hint = "lockstep conflicts --finish brings it to its end, --take-back puts the files as they were";
        c->command = "lockstep conflicts --finish";
        c->kind = l.kind;
    }
    ls_settle_left_release(&l);
    return rc;
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

static void find_order(struct finder *f, const struct ls_entry *e)
{
    struct ls_conflict *c;

    if (e->state != LS_STATE_OUT_OF_ORDER)
        return;
    if (e->is_runnable)
        c = add(f, LS_SEV_INFO, "out-of-order", file_of(e), 0, "%s is not applied, but something newer is; %s %s", e->label,
                f->snap->format->title, e->tool_would);
    else
        c = add(f, LS_SEV_ERROR, "never-runs", file_of(e), 0, "%s came in behind something newer that is applied: %s %s", e->label,
                f->snap->format->title, e->tool_would);
    about(f, c, e);
    if (!e->is_runnable && can_renumber(f))
        settle(f, c, LS_SETTLE_RENUMBER, e->label, "renumber gives it a number behind what is applied, and the tool runs it next");
}

static void find_changed(struct finder *f, const struct ls_entry *e)
{
    const char *at = e->row != NULL && e->row->applied_at != NULL ? e->row->applied_at : NULL;
    struct ls_conflict *c = NULL;

    if (e->state == LS_STATE_MODIFIED) {
        c = add(f, LS_SEV_ERROR, "checksum-changed", file_of(e), 0, "%s is not the file that was applied%s%s; %s %s", e->label,
                at != NULL ? " at " : "", at != NULL ? at : "", f->snap->format->title, e->tool_would);
        c->diag.hint = "bring the old file back (git log -p), and put the change into a new migration";
    } else if (e->state == LS_STATE_MISSING) {
        c = add(f, LS_SEV_ERROR, "missing-file", NULL, 0, "%s is in the ledger%s%s and there is no file for it; %s %s", e->label,
                at != NULL ? ", applied at " : "", at != NULL ? at : "", f->snap->format->title, e->tool_would);
        settle(f, c, LS_SETTLE_RECONCILE, NULL,
               "bring the file back; or, when what it made is gone too, take its row away: lockstep reconcile --pending ID");
    } else if (e->state == LS_STATE_DIRTY) {
        c = add(f, LS_SEV_ERROR, "dirty", file_of(e), 0, "%s was started, and its end was not recorded; %s %s", e->label,
                f->snap->format->title, e->tool_would);
        settle(f, c, LS_SETTLE_RECONCILE, NULL,
               "lockstep status shows what is there, statement by statement; reconcile records what that shows");
    }
    if (c != NULL)
        about(f, c, e);
}

static enum ls_rc find_ledgers(struct finder *f, struct ls_err *err)
{
    struct ls_seen_ledgers seen = {0};
    struct ls_buf names = LS_BUF_INIT;
    const char *beside = NULL;
    enum ls_rc rc = ls_format_seen_ledgers(f->s->db, &seen, err);

    for (size_t i = 0; rc == LS_OK && i < seen.l.n; i++)
        ls_buf_addf(&names, "%s%s (%s)", i > 0 ? ", " : "", seen.l.v[i].location, seen.l.v[i].tool);
    for (size_t i = 0; rc == LS_OK && i < seen.l.n; i++) {
        const struct ls_format *o = seen.l.v[i].format;

        if (o != NULL && o != f->snap->format && o->scan != NULL && o->ledger_read != NULL)
            beside = ls_arena_printf(f->out->arena, "lockstep status --beside %s", o->name);
    }
    if (rc == LS_OK && seen.l.n > 1) {
        struct ls_conflict *c = add(f, LS_SEV_WARNING, "two-ledgers", NULL, 0,
                                    "the database has %zu ledgers: %s; only %s's is read here, and each tool knows its own alone", seen.l.n, names.ptr,
                                    f->snap->format->title);

        c->diag.hint = "while a team changes tools that is normal; drop the old one when nobody runs its tool any more";
        c->command = beside;
    }
    ls_buf_release(&names);
    ls_seen_ledgers_release(&seen);
    return rc;
}

/* Below a cursor everything counts as applied. What came in there later never ran: only the catalogue shows it. */
static enum ls_rc find_below_cursor(struct finder *f, struct ls_err *err)
{
    const struct ls_timeline *t = &f->snap->timeline;
    struct ls_evidences all = {0};
    enum ls_rc rc;

    if (f->snap->ledger.shape != LS_LEDGER_CURSOR || !f->snap->ledger.has_cursor || f->snap->ledger.dirty || t->e.n > MAX_LOOKED_AT)
        return LS_OK;
    rc = ls_evidence_read(f->s, f->snap, f->out->arena, ls_evidence_claimed, NULL, &all, err);
    for (size_t i = 0; rc == LS_OK && i < t->e.n; i++) {
        const struct ls_entry *e = &t->e.v[i];
        struct ls_conflict *c;

        if (e->evidence != LS_EVIDENCE_INFERRED || is_duplicate(e) || ls_evidence_found(&all, i) != LS_FOUND_NOTHING)
            continue;
        c = add(f, LS_SEV_ERROR, "never-runs", file_of(e), 0,
                "%s stands below the cursor %" PRIu64
                ", so %s takes it for applied and never runs it; but the database has nothing of it",
                e->label, f->snap->ledger.cursor, f->snap->format->title);
        about(f, c, e);
        if (can_renumber(f))
            settle(f, c, LS_SETTLE_RENUMBER, e->label, "renumber gives it a number behind what is applied, and the tool runs it next");
    }
    ls_evidences_release(&all);
    return rc;
}

/* A database that has what the first migration makes, and no ledger. */
static enum ls_rc find_no_ledger(struct finder *f, struct ls_err *err)
{
    const struct ls_timeline *t = &f->snap->timeline;
    enum ls_rc rc = LS_OK;
    size_t n_looked = 0;

    if (f->snap->ledger.rows.n > 0 || f->snap->ledger.foreign != NULL || f->snap->format->plan_mark == NULL)
        return LS_OK;
    for (size_t i = 0; rc == LS_OK && i < t->e.n && n_looked < 3; i++) {
        const struct ls_migration *m = t->e.v[i].migration;
        struct ls_reading r = {0};
        bool made = false;

        if (m == NULL || m->kind != LS_KIND_VERSIONED || m->lang != LS_LANG_SQL)
            continue;
        n_looked++;
        rc = ls_reading_look(f->s, f->out->arena, m, LS_UP, 0, 0, false, &r, err);
        for (size_t k = 0; k < r.stmts.n; k++)
            made =
                made || (r.stmts.v[k].trace.verdict == LS_TRACE_APPLIED && r.stmts.v[k].trace.makes && !r.stmts.v[k].is_inferred);
        if (made) {
            struct ls_conflict *c =
                add(f, LS_SEV_ERROR, "no-ledger", file_of(&t->e.v[i]), 0,
                    "the database has what %s makes, and no ledger that says so: %s would run everything again, and fail",
                    t->e.v[i].label, f->snap->format->title);

            settle(f, c, LS_SETTLE_ADOPT, "all", "adopt VERSION records everything up to the version that the database is at");
            ls_reading_release(&r);
            break;
        }
        ls_reading_release(&r);
    }
    return rc;
}

static enum ls_rc find_list(struct finder *f, struct ls_err *err)
{
    const struct ls_timeline *t = &f->snap->timeline;
    struct ls_text_list l;
    enum ls_rc rc = ls_text_list_read(f->snap, f->out->arena, &l, err);
    long newest = t->newest_applied;

    for (size_t i = 0; rc == LS_OK && l.is_there && !l.is_revision && i < t->e.n; i++) {
        const char *says = ls_text_list_says(&l, &t->e.v[i]);
        bool claims = is_in_ledger(&t->e.v[i]);
        struct ls_conflict *c;
        int line = 0;

        if (says == NULL || (strcmp(says, "applied") == 0) == claims)
            continue;
        for (size_t k = 0; k < l.names.n; k++)
            line = ls_text_list_names(&t->e.v[i], l.names.v[k]) ? l.lines.v[k] : line;
        c = add(f, LS_SEV_ERROR, "list-disagrees", l.path, line,
                "%s: the list says %s, the ledger %s says %s; %s goes by its ledger", t->e.v[i].label, says,
                f->snap->ledger.location != NULL ? f->snap->ledger.location : "", claims ? "applied" : "pending",
                f->snap->format->title);
        about(f, c, &t->e.v[i]);
        settle(f, c, LS_SETTLE_RECONCILE, NULL,
               "reconcile looks at what the database really has, and brings list and ledger to that");
    }
    if (rc == LS_OK && l.is_there && l.is_revision && f->snap->has_db) {
        struct ls_str name = l.names.n > 0 ? l.names.v[0] : (struct ls_str){"", 0};
        bool agrees = newest >= 0 ? ls_text_list_names(&t->e.v[newest], name) : name.len == 0;

        for (size_t i = 0; i < f->snap->ledger.heads.n && !agrees; i++)
            agrees = strlen(f->snap->ledger.heads.v[i]) == name.len && memcmp(f->snap->ledger.heads.v[i], name.ptr, name.len) == 0;
        if (!agrees)
            settle(f,
                   add(f, LS_SEV_ERROR, "revision-disagrees", l.path, l.lines.n > 0 ? l.lines.v[0] : 0,
                       "it says %.*s, and the newest one in the ledger is %s", (int)name.len, name.ptr,
                       newest >= 0 ? t->e.v[newest].label : "none"),
                   LS_SETTLE_RECONCILE, NULL, "reconcile writes the newest applied one into it");
    }
    ls_text_list_release(&l);
    return rc;
}

/* --- all of it ------------------------------------------------------------------------------------------------------------ */

static void sort(struct ls_conflicts *out)
{
    /* Few, and those of one severity keep their order. */
    for (size_t i = 1; i < out->c.n; i++)
        for (size_t k = i; k > 0 && out->c.v[k].diag.severity > out->c.v[k - 1].diag.severity; k--) {
            struct ls_conflict c = out->c.v[k];

            out->c.v[k] = out->c.v[k - 1];
            out->c.v[k - 1] = c;
        }
}

static enum ls_rc find_in_ledger(struct finder *f, struct ls_err *err)
{
    const struct ls_timeline *t = &f->snap->timeline;
    enum ls_rc rc;

    if (!f->snap->has_db)
        return LS_OK;
    if (f->snap->ledger.foreign != NULL)
        add(f, LS_SEV_ERROR, "foreign-ledger", NULL, 0, "the table %s is a ledger of %s, not of %s", f->snap->ledger.location,
            f->snap->ledger.foreign, f->snap->format->title)
            ->diag.hint = "name the format that the project uses (--format), or another table for this one's ledger";
    for (size_t i = 0; i < t->e.n; i++) {
        find_order(f, &t->e.v[i]);
        find_changed(f, &t->e.v[i]);
    }
    rc = find_list(f, err);
    if (rc != LS_OK || f->s == NULL)
        return rc;
    rc = ls_session_connect_to_read(f->s, err);
    if (rc == LS_OK)
        rc = find_ledgers(f, err);
    if (rc == LS_OK)
        rc = find_below_cursor(f, err);
    return rc == LS_OK ? find_no_ledger(f, err) : rc;
}

enum ls_rc ls_conflicts_find(struct ls_session *s, const struct ls_snapshot *snap, struct ls_conflicts *out, struct ls_err *err)
{
    struct finder f = {.s = s, .snap = snap, .out = out};
    enum ls_rc rc;

    *out = (struct ls_conflicts){.arena = ls_arena_new()};
    rc = find_leftover(&f, err);
    if (rc == LS_OK) {
        find_duplicates(&f);
        find_in_numbers(&f);
        find_heads(&f);
        find_journal(&f);
        find_tools(&f);
        rc = find_in_ledger(&f, err);
    }
    sort(out);
    return rc;
}

void ls_conflicts_release(struct ls_conflicts *c)
{
    LS_VEC_RELEASE(&c->c);
    ls_arena_free(c->arena);
    *c = (struct ls_conflicts){0};
}
