/* Checks of the folder and the ledger that send nothing: ls_verify_static. */
#include <config.h>

#include "lockstep/engine/verify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "format/directive.h"
#include "lockstep/base/file.h"
#include "lockstep/format/layout.h"
#include "lockstep/sql/split.h"

struct check {
    const struct ls_snapshot *snap;
    struct ls_arena *arena;
    struct ls_diags *out;
    bool runs_empty_half; /* golang-migrate: a version without an up (or down) file runs nothing and moves the cursor */
    bool has_downs;       /* the tool has down files, or down parts */
    struct ls_buf text;
    int first_line;       /* of the file, that text begins in */
};

/* Strings are copied: a report outlives the snapshot that it was made from. */
static struct ls_diag *add(struct check *c, enum ls_severity severity, const char *code, const char *path, int line,
                           const char *version)
{
    struct ls_diag *d = LS_VEC_PUSH(&c->out->d);

    *d = (struct ls_diag){.severity = severity, .code = code, .line = line};
    d->path = ls_arena_str(c->arena, path);
    d->version = ls_arena_str(c->arena, version);
    d->message = "";
    return d;
}

static void LS_PRINTF(3, 4) say(struct check *c, struct ls_diag *d, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    d->message = ls_arena_vprintf(c->arena, fmt, ap);
    va_end(ap);
}

static void copy_scan_diags(struct check *c)
{
    const struct ls_diags *from = &c->snap->migrations.diags;

    for (size_t i = 0; i < from->d.n; i++) {
        const struct ls_diag *f = &from->d.v[i];
        struct ls_diag *d = add(c, f->severity, f->code, f->path, f->line, f->version);

        d->code = ls_arena_str(c->arena, f->code);
        d->message = ls_arena_str(c->arena, f->message);
        d->hint = ls_arena_str(c->arena, f->hint);
    }
}

/* --- the files ----------------------------------------------------------------------------------------------------------- */

enum role { ROLE_UP, ROLE_DOWN, ROLE_VERIFY };

static const struct ls_entry *entry_of(const struct check *c, const struct ls_migration *m)
{
    long i = ls_timeline_find_id(&c->snap->timeline, m->id);

    return i >= 0 ? &c->snap->timeline.e.v[i] : NULL;
}

/* A statement that the tool cannot run where it would send it. What ran already is history, and only worth a word. */
static enum ls_severity class_severity(const struct check *c, const struct ls_migration *m, enum role role)
{
    const struct ls_entry *e = entry_of(c, m);
    bool is_done = e != NULL && (e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED);

    if (role == ROLE_UP)
        return is_done ? LS_SEV_INFO : LS_SEV_ERROR;
    return LS_SEV_WARNING;
}

static void check_classes(struct check *c, const struct ls_migration *m, const struct ls_section *s, enum role role,
                          const struct ls_stmts *stmts)
{
    for (size_t i = 0; i < stmts->n; i++) {
        const struct ls_stmt *st = &stmts->v[i];
        struct ls_diag *d;

        if (st->tx == LS_TX_CONTROLS && s->policy == LS_POLICY_TX) {
            d = add(c, class_severity(c, m, role), "transaction-control", s->path, st->line, m->label);
            say(c, d, "statement %zu controls transactions, but the migration already runs inside one", i + 1);
            d->hint = "Take BEGIN, COMMIT and the like out of the file.";
        } else if (st->tx == LS_TX_FORBIDS && s->policy == LS_POLICY_TX) {
            d = add(c, class_severity(c, m, role), "needs-no-transaction", s->path, st->line, m->label);
            say(c, d, "statement %zu cannot run inside a transaction", i + 1);
            d->hint = c->runs_empty_half ? "Run it by hand, or take it out of the file."
                                         : "Put it alone into a migration that begins with: -- lockstep: no-transaction";
        } else if (st->tx == LS_TX_FORBIDS && s->policy == LS_POLICY_IMPLICIT && stmts->n > 1) {
            d = add(c, class_severity(c, m, role), "needs-own-file", s->path, st->line, m->label);
            say(c, d,
                "statement %zu cannot run together with other statements: the file is sent as one query, which is one transaction",
                i + 1);
            d->hint = "Put it alone into a migration of its own.";
        }
    }
}

static void check_bytes(struct check *c, const struct ls_migration *m, const struct ls_section *s)
{
    const char *crlf = memmem(c->text.ptr, c->text.len, "\r\n", 2);
    struct ls_diag *d;

    if (c->text.len >= 3 && memcmp(c->text.ptr, "\xef\xbb\xbf", 3) == 0) {
        d = add(c, LS_SEV_INFO, "byte-order-mark", s->path, 1, m->label);
        say(c, d, "the file begins with a byte order mark; it is not sent");
    }
    if (crlf != NULL) {
        int line, col;

        ls_sql_place(c->text.ptr, c->text.len, (size_t)(crlf - c->text.ptr), &line, &col);
        line += c->first_line - 1;
        d = add(c, LS_SEV_INFO, "crlf", s->path, line, m->label);
        say(c, d, "lines end in CR LF; where git or an editor changes that, the checksum changes too");
    }
}

static void check_split(struct check *c, const struct ls_migration *m, const struct ls_section *s, enum role role)
{
    struct ls_stmts stmts = {0};
    struct ls_err err = LS_ERR_INIT;
    struct ls_diag *d;
    enum ls_rc rc = ls_sql_split(c->snap->info.dialect, c->text.ptr, c->text.len, &stmts, &err);

    for (size_t i = 0; i < stmts.n; i++)
        stmts.v[i].line += c->first_line - 1;
    if (rc != LS_OK) {
        d = add(c, LS_SEV_ERROR, "not-splittable", s->path, stmts.error_line + c->first_line - 1, m->label);
        say(c, d, "statement %zu cannot be read: %s", stmts.n + 1, ls_split_error_text(stmts.error));
        d->hint = ls_split_error_hint(stmts.error);
    } else if (stmts.n == 0) {
        d = add(c, LS_SEV_WARNING, "empty-file", s->path, 0, m->label);
        say(c, d, c->text.len == 0 ? "the file is empty" : "the file holds no statement");
        d->hint = role == ROLE_VERIFY ? "A .verify file needs a query whose rows are all true." : NULL;
    } else if (role != ROLE_VERIFY) {
        struct ls_section own = *s;

        /* The scan looks into no down file for its directives. */
        if (role == ROLE_DOWN && c->snap->format == &ls_format_lockstep) {
            struct ls_directives says;

            ls_directives_read(c->text.ptr, c->text.len, &says);
            own.policy = says.no_transaction ? LS_POLICY_NO_TX : own.policy;
        }
        check_classes(c, m, &own, role, &stmts);
    }
    ls_err_release(&err);
    ls_stmts_release(&stmts);
}

/* Keeps the section's part of its file. */
static void cut(struct check *c, const struct ls_section *s)
{
    size_t start = (size_t)s->start, end = (size_t)s->end;

    c->first_line = s->line > 0 ? s->line : 1;
    if (s->end <= 0 || start > end || end > c->text.len)
        return;
    memmove(c->text.ptr, c->text.ptr + start, end - start);
    ls_buf_truncate(&c->text, end - start);
}

static void check_section(struct check *c, const struct ls_migration *m, const struct ls_section *s, enum role role)
{
    struct ls_err err = LS_ERR_INIT;

    if (s->path == NULL || m->lang != LS_LANG_SQL)
        return;
    ls_buf_clear(&c->text);
    if (ls_file_read(s->path, 0, 0, &c->text, &err) == LS_OK) {
        cut(c, s);
        check_bytes(c, m, s);
        if ((c->snap->format->caps & LS_CAP_OWN_SPLIT) == 0 && (m->flags & LS_MIG_DYNAMIC) == 0)
            check_split(c, m, s, role);
    } else if ((m->flags & LS_MIG_BROKEN) == 0) { /* else the scan has said so */
        say(c, add(c, LS_SEV_ERROR, "unreadable-file", s->path, 0, m->label), "%s", err.message);
    }
    ls_err_release(&err);
}

/* By the scan, in the tool's own words. */
static bool is_said(const struct check *c, const char *code, const char *path)
{
    const struct ls_diags *d = &c->snap->migrations.diags;

    for (size_t i = 0; i < d->d.n; i++)
        if (path != NULL && d->d.v[i].path != NULL && strcmp(d->d.v[i].code, code) == 0 && strcmp(d->d.v[i].path, path) == 0)
            return true;
    return false;
}

static void check_halves(struct check *c, const struct ls_migration *m)
{
    const struct ls_layout *layout = c->snap->format->layout;
    const char *up = layout != NULL && layout->up != NULL ? layout->up : ".sql";
    struct ls_diag *d;

    if (m->kind != LS_KIND_VERSIONED || m->lang != LS_LANG_SQL)
        return;
    if (m->up.path == NULL && m->down.path == NULL && m->verify.path == NULL)
        return; /* an entry of a journal; the scan has said it */
    if (m->up.path == NULL) {
        d = add(c, c->runs_empty_half ? LS_SEV_WARNING : LS_SEV_ERROR, "missing-up",
                m->down.path != NULL ? m->down.path : m->verify.path, 0, m->label);
        say(c, d, "there is no %s file for version %s", up, m->label);
        if (c->runs_empty_half)
            d->hint = "golang-migrate runs nothing for it and moves its cursor on.";
        else
            d->hint = "Add the file, or remove what is left of the pair.";
    }
    if (c->has_downs && m->down.path == NULL && (m->up.path != NULL || m->verify.path != NULL) && !is_said(c, "missing-down", m->up.path)) {
        d = add(c, LS_SEV_WARNING, "missing-down", m->up.path, 0, m->label);
        if (c->runs_empty_half)
            say(c, d, "there is no .down.sql file for version %s: going down from it runs nothing, and moves the cursor back",
                m->label);
        else if (layout == NULL || layout->down == NULL)
            say(c, d, "it does not say how to take it back: version %s cannot be rolled back", m->label);
        else
            say(c, d, "there is no %s file: version %s cannot be rolled back", layout->down, m->label);
    }
}

/* Numbers that are counted up have no holes unless a file got lost; dates and seconds always have. */
static bool is_sequential(const struct ls_migrations *m)
{
    enum { LARGEST = 1000000 };
    size_t steps = 0, by_one = 0;

    for (size_t i = 1; i < m->m.n; i++) {
        if (m->m.v[i].version == m->m.v[i - 1].version)
            continue;
        steps++;
        by_one += m->m.v[i].version == m->m.v[i - 1].version + 1;
    }
    return steps >= 2 && m->m.v[m->m.n - 1].version < LARGEST && 2 * by_one >= steps;
}

static void check_gaps(struct check *c)
{
    const struct ls_migrations *m = &c->snap->migrations;

    if (!is_sequential(m))
        return;
    for (size_t i = 1; i < m->m.n; i++) {
        const struct ls_migration *a = &m->m.v[i - 1], *b = &m->m.v[i];
        struct ls_diag *d;

        if (b->version <= a->version + 1)
            continue;
        d = add(c, LS_SEV_WARNING, "gap", b->up.path, 0, b->label);
        if (b->version == a->version + 2)
            say(c, d, "there is no migration %" PRIu64 " between %s and %s", a->version + 1, a->label, b->label);
        else
            say(c, d, "there are no migrations %" PRIu64 " to %" PRIu64 " between %s and %s", a->version + 1, b->version - 1,
                a->label, b->label);
        d->hint = "Look whether a file was lost in a merge; a number once used and removed is harmless.";
    }
}

/* --- the ledger ---------------------------------------------------------------------------------------------------------- */

static void check_ledger(struct check *c)
{
    const struct ls_ledger *l = &c->snap->ledger;
    struct ls_diag *d;

    if (l->foreign != NULL) {
        d = add(c, LS_SEV_ERROR, "foreign-ledger", NULL, 0, NULL);
        say(c, d, "the table %s is a ledger of %s, not of %s", l->location, l->foreign, c->snap->format->title);
        d->hint = "Name the format that the project uses (--format), or another table for this one's ledger.";
    }
    if (l->shape == LS_LEDGER_CURSOR && l->rows.n > 1) {
        d = add(c, LS_SEV_ERROR, "ledger-rows", NULL, 0, NULL);
        say(c, d, "the ledger %s holds %zu rows, where one is kept; which of them is read is chance", l->location, l->rows.n);
    }
    if (l->has_legacy) {
        d = add(c, LS_SEV_WARNING, "legacy-ledger", NULL, 0, NULL);
        say(c, d, "a table schema_version of an older tool names %zu versions that were not taken over yet", l->legacy_versions.n);
    }
}

/* What makes a tool that runs its migrations itself refuse everything, before anybody asks for it. */
static void check_refusal(struct check *c)
{
    const struct ls_snapshot *snap = c->snap;
    struct ls_err err = LS_ERR_INIT;
    struct ls_diag *d;

    if ((snap->format->caps & LS_CAP_DELEGATE) == 0 || !snap->has_db || snap->ledger.foreign != NULL || snap->format->check_runnable == NULL)
        return;
    if (snap->format->check_runnable(&snap->timeline, &snap->ledger, LS_UP, &err) != LS_OK) {
        d = add(c, LS_SEV_ERROR, "tool-refuses", NULL, 0, NULL);
        say(c, d, "%s", err.message);
        d->hint = ls_arena_str(c->arena, err.hint);
    }
    ls_err_release(&err);
}

static void check_modified(struct check *c, const struct ls_entry *e)
{
    const char *path = e->migration != NULL ? e->migration->up.path : NULL;
    struct ls_diag *d = add(c, LS_SEV_ERROR, "checksum-changed", path, 0, e->label);
    const char *own = e->migration->checksum;

    say(c, d, "the file is not the one that was applied%s%s: its %s is %.12s..., the ledger has %.12s...",
        e->row->applied_at != NULL ? " at " : "", e->row->applied_at != NULL ? e->row->applied_at : "", own != NULL ? "checksum" : "SHA-256",
        own != NULL ? own : e->migration->up.sha256,
        e->row->checksum != NULL ? e->row->checksum : "none");
    d->hint = "Bring the old file back and put the change into a new migration.";
}

static void check_dirty(struct check *c, const struct ls_entry *e)
{
    const char *path = e->migration != NULL ? e->migration->up.path : NULL;
    struct ls_diag *d;

    if (e->row->state == LS_ROW_UNKNOWN) {
        d = add(c, LS_SEV_ERROR, "unknown-status", path, 0, e->label);
        say(c, d, "the ledger gives it the status \"%s\", which is no word of this format",
            e->row->raw_status != NULL ? e->row->raw_status : "NULL");
        return;
    }
    d = add(c, LS_SEV_ERROR, "dirty", path, 0, e->label);
    say(c, d, "it was started, and its end was not recorded");
    d->hint = "See what is there and resolve it: lockstep status explains, lockstep mark writes.";
}

static void check_entry(struct check *c, const struct ls_entry *e)
{
    struct ls_diag *d;

    if (e->row != NULL && (e->row->state == LS_ROW_UNKNOWN || e->state == LS_STATE_DIRTY)) {
        check_dirty(c, e);
    } else if (e->state == LS_STATE_MODIFIED) {
        check_modified(c, e);
    } else if (e->state == LS_STATE_MISSING) {
        d = add(c, LS_SEV_ERROR, "missing-file", NULL, 0, e->label);
        say(c, d, "it is in the ledger%s%s, and there is no file for it",
            e->row != NULL && e->row->applied_at != NULL ? ", applied at " : "",
            e->row != NULL && e->row->applied_at != NULL ? e->row->applied_at : "");
        d->hint = "Bring the file back, or look whether this is another project's database.";
    } else if (e->state == LS_STATE_OUT_OF_ORDER) {
        d = add(c, LS_SEV_WARNING, "out-of-order", e->migration != NULL ? e->migration->up.path : NULL, 0, e->label);
        say(c, d, "it is not applied, but something newer is; %s %s", c->snap->format->title, e->tool_would);
    }
}

void ls_verify_static(const struct ls_snapshot *snap, struct ls_arena *arena, struct ls_diags *diags)
{
    struct check c = {.snap = snap, .arena = arena, .out = diags, .text = LS_BUF_INIT};

    c.has_downs = (snap->format->caps & LS_CAP_DOWN) != 0;
    c.runs_empty_half = snap->format == &ls_format_golang_migrate;
    copy_scan_diags(&c);
    for (size_t i = 0; i < snap->migrations.m.n; i++) {
        const struct ls_migration *m = &snap->migrations.m.v[i];

        check_halves(&c, m);
        check_section(&c, m, &m->up, ROLE_UP);
        check_section(&c, m, &m->down, ROLE_DOWN);
        check_section(&c, m, &m->verify, ROLE_VERIFY);
    }
    if (snap->format->rules->is_numeric)
        check_gaps(&c);
    if (snap->has_db) {
        check_ledger(&c);
    check_refusal(&c);
        for (size_t i = 0; i < snap->timeline.e.n; i++)
            check_entry(&c, &snap->timeline.e.v[i]);
    }
    ls_buf_release(&c.text);
}
