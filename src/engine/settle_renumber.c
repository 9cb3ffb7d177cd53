/* Renumber: which migrations need another number, which one they get, and everything that repeats it: file names of all halves,
 * journal, ledger, text list. */
#include <config.h>

#include "engine/settle_evidence.h"
#include "engine/settle_priv.h"

#include <inttypes.h>
#include <string.h>

#include "engine/dirty_priv.h"
#include "engine/numbers.h"
#include "engine/plan_priv.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/format/layout.h"

struct renumber {
    struct ls_session *s;
    const struct ls_snapshot *snap;
    struct ls_settlement *t;
    const struct ls_layout *layout;
    LS_VEC(const struct ls_entry *) moved;
    LS_VEC(uint64_t) given; /* numbers that moved ones got */
    bool *never_ran;        /* of each entry: it counts as applied by the cursor alone, and the database has nothing of it */
};

static bool is_applied(const struct ls_entry *e)
{
    return e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED || e->state == LS_STATE_MISSING;
}

static const char *file_of(const struct ls_entry *e)
{
    const struct ls_migration *m = e->migration;
    const char *path = m == NULL ? NULL : m->up.path != NULL ? m->up.path : m->down.path != NULL ? m->down.path : m->verify.path;

    return path != NULL ? path : e->label;
}

/* --- numbers -------------------------------------------------------------------------------------------------------------- */

static uint64_t number_of(const struct ls_entry *e)
{
    return ls_number_in(e->migration != NULL ? e->migration->label : e->id);
}

/* Whether a file, the ledger, or one that was moved before has it. */
static bool is_taken(const struct renumber *r, uint64_t n)
{
    for (size_t i = 0; i < r->snap->timeline.e.n; i++) {
        const struct ls_entry *e = &r->snap->timeline.e.v[i];

        if (number_of(e) == n || (r->snap->format->rules->is_numeric && e->version == n))
            return true;
    }
    for (size_t i = 0; i < r->given.n; i++)
        if (r->given.v[i] == n)
            return true;
    return false;
}

/* The largest number that is applied; what never ran is not. */
static uint64_t newest_applied(const struct renumber *r)
{
    uint64_t max = 0;

    for (size_t i = 0; i < r->snap->timeline.e.n; i++) {
        const struct ls_entry *e = &r->snap->timeline.e.v[i];
        bool counts = is_applied(e) || e->evidence == LS_EVIDENCE_INFERRED || (e->state == LS_STATE_DUPLICATE && e->row != NULL);

        if (counts && !r->never_ran[i] && number_of(e) > max)
            max = number_of(e);
    }
    return max;
}

/* The first free one behind its own; what came in late gets one behind all that is applied, a time where the folder counts by time.
 */
static uint64_t next_number(struct renumber *r, const struct ls_entry *e, const char *old)
{
    uint64_t own = number_of(e), newest = newest_applied(r), n = (own > newest ? own : newest) + 1;
    uint64_t now = own > newest ? 0 : ls_layout_clock(old, r->t->request.wall_us);

    n = now > n ? now : n;
    while (is_taken(r, n))
        n++;
    return n;
}

/* --- which one of several that claim a number ----------------------------------------------------------------------------- */

/* Whether the ledger's row names this file: by checksum or title, where the tool keeps one. */
static bool row_names(const struct ls_entry *e)
{
    const struct ls_migration *m = e->migration;
    const struct ls_ledger_row *row = e->row;
    const char *sum = m->checksum != NULL ? m->checksum : m->up.sha256[0] != '\0' ? m->up.sha256 : NULL;

    if (row == NULL)
        return false;
    if (row->checksum != NULL && sum != NULL)
        return strcmp(row->checksum, sum) == 0;
    return row->name != NULL && strcmp(row->name, m->name) == 0;
}

/* Whether the database has what the file makes. */
static enum ls_rc look_at(struct renumber *r, const struct ls_entry *e, enum ls_extent *out, struct ls_err *err)
{
    struct ls_reading reading = {0};
    enum ls_rc rc = ls_session_connect(r->s, err);

    *out = LS_EXTENT_UNKNOWN;
    if (rc == LS_OK)
        rc = ls_reading_look(r->s, r->t->arena, e->migration, LS_UP, 0, 0, false, &reading, err);
    *out = reading.extent;
    ls_reading_release(&reading);
    return rc;
}

/* The one that stays: of an applied number the file that was applied, else the first. -1: cannot be told. */
static enum ls_rc keeper(struct renumber *r, const struct ls_entry *e, size_t n, long *out, struct ls_err *err)
{
    size_t n_named = 0, n_whole = 0, n_unknown = 0;
    bool counts = e->row != NULL || e->evidence == LS_EVIDENCE_INFERRED;
    enum ls_rc rc = LS_OK;

    *out = 0;
    if (!counts)
        return LS_OK;
    *out = -1;
    for (size_t i = 0; i < n; i++)
        if (row_names(&e[i])) {
            n_named++;
            *out = (long)i;
        }
    if (n_named == 1)
        return LS_OK;
    *out = -1;
    for (size_t i = 0; rc == LS_OK && i < n && r->snap->has_db; i++) {
        enum ls_extent extent;

        rc = look_at(r, &e[i], &extent, err);
        n_unknown += extent == LS_EXTENT_UNKNOWN || extent == LS_EXTENT_PART;
        n_whole += extent == LS_EXTENT_WHOLE;
        if (extent == LS_EXTENT_WHOLE)
            *out = (long)i;
    }
    if (n_whole != 1 || n_unknown > 0)
        *out = -1;
    if (rc == LS_OK && *out >= 0)
        ls_settle_note(r->t, &r->t->findings, LS_SEV_INFO, "kept-by-evidence", file_of(&e[*out]),
                       "it keeps the number %s: the database has what it makes, and nothing of what the other makes", e->label);
    return rc;
}

static enum ls_rc pick_duplicates(struct renumber *r, size_t from, size_t to, struct ls_err *err)
{
    const struct ls_entry *e = r->snap->timeline.e.v;
    long keep = 0;
    enum ls_rc rc = keeper(r, &e[from], to - from, &keep, err);

    if (rc != LS_OK)
        return rc;
    if (keep < 0) {
        ls_err_set(err, LS_E_REFUSED,
                   "%s is applied, and it cannot be told whether %s or %s was: the one that was must keep its number",
                   e[from].label, file_of(&e[from]), file_of(&e[from + 1]));
        ls_err_hint(err, "name the file that is to get another number: lockstep renumber FILE");
        return LS_E_REFUSED;
    }
    for (size_t i = from; i < to; i++)
        if (i != from + (size_t)keep)
            *LS_VEC_PUSH(&r->moved) = &e[i];
    return LS_OK;
}

static bool is_duplicate(const struct ls_entry *e)
{
    return e->migration != NULL && (e->migration->flags & LS_MIG_DUPLICATE) != 0;
}

static void move_once(struct renumber *r, const struct ls_entry *e)
{
    for (size_t i = 0; i < r->moved.n; i++)
        if (r->moved.v[i] == e)
            return;
    *LS_VEC_PUSH(&r->moved) = e;
}

/* Several of one number (NULL: of any) that the tool tells apart by the rest of the name: what is applied stays, else the first. False: no such. */
static bool pick_same(struct renumber *r, const char *number)
{
    const struct ls_timeline *t = &r->snap->timeline;
    bool is_number = number == NULL || (number[0] != '\0' && strspn(number, "0123456789-") == strlen(number)), is_any = false;
    struct ls_numbers n = {0};

    if (is_number)
        ls_numbers_read(r->snap, &n);
    for (size_t i = 0, same; i < n.v.n; i += same) {
        bool has_applied = false;

        same = ls_numbers_same(&n, i);
        if ((number != NULL && n.v.v[i].n != ls_number_in(number)) || same < 2 || is_duplicate(&t->e.v[n.v.v[i].at]))
            continue;
        is_any = true;
        for (size_t k = i; k < i + same; k++)
            has_applied = has_applied || is_applied(&t->e.v[n.v.v[k].at]);
        for (size_t k = i + !has_applied; k < i + same; k++)
            if (!is_applied(&t->e.v[n.v.v[k].at]))
                move_once(r, &t->e.v[n.v.v[k].at]);
    }
    ls_numbers_release(&n);
    return is_any;
}

/* Everything that the tool refuses, or will never run, where it stands; and what shares a number with another one. */
static enum ls_rc pick_all(struct renumber *r, struct ls_err *err)
{
    const struct ls_timeline *t = &r->snap->timeline;
    enum ls_rc rc = LS_OK;
    size_t k;

    for (size_t i = 0; rc == LS_OK && i < t->e.n; i = k) {
        const struct ls_entry *e = &t->e.v[i];

        for (k = i + 1; is_duplicate(e) && k < t->e.n && is_duplicate(&t->e.v[k]) && strcmp(t->e.v[k].id, e->id) == 0; k++)
            ;
        if (k > i + 1)
            rc = pick_duplicates(r, i, k, err);
        else if (e->migration != NULL &&
                 ((e->state == LS_STATE_OUT_OF_ORDER && !e->is_runnable) || (r->never_ran[i] && !is_duplicate(e))))
            *LS_VEC_PUSH(&r->moved) = e;
    }
    if (rc == LS_OK)
        (void)pick_same(r, NULL);
    return rc;
}

/* --- the one that was named ----------------------------------------------------------------------------------------------- */

static bool is_named(const struct ls_entry *e, const char *words)
{
    const char *path = file_of(e), *base = ls_path_base(path);
    size_t n = strlen(words);

    return strcmp(path, words) == 0 || strcmp(base, words) == 0 || strcmp(e->name, words) == 0 ||
           (n > 0 && strncmp(base, words, n) == 0 && strchr(words, '_') != NULL && (base[n] == '.' || base[n] == '\0'));
}

static enum ls_rc pick_named(struct renumber *r, const char *words, struct ls_err *err)
{
    const struct ls_timeline *t = &r->snap->timeline;
    long at = -1, n_hits = 0;
    size_t to;
    enum ls_rc rc;

    for (size_t i = 0; i < t->e.n; i++)
        if (t->e.v[i].migration != NULL && is_named(&t->e.v[i], words)) {
            n_hits++;
            at = (long)i;
        }
    if (n_hits == 1) {
        *LS_VEC_PUSH(&r->moved) = &t->e.v[at];
        return LS_OK;
    }
    if (pick_same(r, words))
        return LS_OK;
    rc = ls_plan_resolve(r->snap, words, &at, err);
    if (rc != LS_OK)
        return rc;
    if (at < 0 || t->e.v[at].migration == NULL)
        return ls_err_set(err, LS_E_NOT_FOUND, "there is no file for \"%s\"", words);
    for (to = (size_t)at + 1; to < t->e.n && is_duplicate(&t->e.v[at]) && strcmp(t->e.v[to].id, t->e.v[at].id) == 0; to++)
        ;
    if (to > (size_t)at + 1)
        return pick_duplicates(r, (size_t)at, to, err);
    *LS_VEC_PUSH(&r->moved) = &t->e.v[at];
    return LS_OK;
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

/* Whether a duplicate's row is about it, not about the one that keeps the number. */
static bool owns_row(const struct renumber *r, const struct ls_entry *e)
{
    return e->row != NULL && is_applied(e) && !is_duplicate(e) &&
           (r->snap->ledger.shape != LS_LEDGER_CURSOR || r->snap->ledger.rows.n == 1);
}

static bool has_between(const struct ls_snapshot *snap, const struct ls_entry *e, uint64_t a, uint64_t b)
{
    uint64_t low = a < b ? a : b, high = a < b ? b : a;

    for (size_t i = 0; i < snap->timeline.e.n; i++) {
        const struct ls_entry *x = &snap->timeline.e.v[i];

        if (x != e && x->version > low && x->version <= high)
            return true;
    }
    return false;
}

static enum ls_rc check_applied(struct renumber *r, const struct ls_entry *e, uint64_t to, struct ls_err *err)
{
    const struct ls_snapshot *snap = r->snap;
    bool is_cursor = snap->ledger.shape == LS_LEDGER_CURSOR;

    if (e->state == LS_STATE_DIRTY || snap->ledger.dirty) {
        ls_err_set(err, LS_E_REFUSED, "the ledger is dirty: what it says of %s is not known", e->label);
        ls_err_hint(err, "settle that first: lockstep status");
        return LS_E_REFUSED;
    }
    if (!is_applied(e) || is_duplicate(e) || r->never_ran[e - snap->timeline.e.v])
        return LS_OK;
    if (is_cursor && has_between(snap, e, e->version, to)) {
        ls_err_set(err, LS_E_REFUSED,
                   "%s is applied, and between it and %" PRIu64 " there are others: %s's cursor would say something else of them",
                   e->label, to, snap->format->title);
        ls_err_hint(err, "an applied one can only get a number between its neighbours'");
        return LS_E_REFUSED;
    }
    if (!is_cursor && r->layout->key == NULL && snap->ledger.shape != LS_LEDGER_FILE) {
        ls_err_set(err, LS_E_REFUSED, "%s is applied, and %s's ledger does not go by its number", e->label, snap->format->title);
        ls_err_hint(err, "only migrations that are not applied can be moved here");
        return LS_E_REFUSED;
    }
    if (!is_cursor && has_between(snap, e, e->version, to))
        ls_settle_note(r->t, &r->t->findings, LS_SEV_WARNING, "order-changes", file_of(e),
                       "it is applied, and will stand behind migrations that were behind it before");
    return LS_OK;
}

/* A list of names beside the files: the line of the old name becomes that of the new one. */
static enum ls_rc rewrite_list(struct renumber *r, const char *old_id, const char *new_id, struct ls_err *err)
{
    char *path = ls_path_join(r->snap->migrations.dir, "applied.txt");
    struct ls_buf text = LS_BUF_INIT, now = LS_BUF_INIT;
    size_t n = strlen(old_id);
    enum ls_rc rc = ls_file_read(path, LS_OPEN_NOFOLLOW, 0, &text, err);

    for (const char *p = text.ptr; rc == LS_OK && p < text.ptr + text.len;) {
        const char *end = memchr(p, '\n', (size_t)(text.ptr + text.len - p)), *next = end != NULL ? end + 1 : text.ptr + text.len;
        bool is_it = (size_t)(next - p) >= n && strncmp(p, old_id, n) == 0 && (p + n == next || strchr(".\t\r\n ", p[n]) != NULL);

        ls_buf_adds(&now, is_it ? new_id : "");
        ls_buf_add(&now, is_it ? p + n : p, (size_t)(next - (is_it ? p + n : p)));
        p = next;
    }
    if (rc == LS_OK)
        rc = ls_settle_write(r->t, path, now.ptr, now.len, false, err);
    ls_buf_release(&text);
    ls_buf_release(&now);
    free(path);
    return rc;
}

/* --- one migration -------------------------------------------------------------------------------------------------------- */

static const char *label_for(struct renumber *r, const struct ls_entry *e, struct ls_err *err)
{
    const struct ls_migration *m = e->migration;
    const char *to = r->t->request.to, *old = ls_layout_number(r->t->arena, m);
    size_t width = strlen(old);

    if (to == NULL)
        *LS_VEC_PUSH(&r->given) = next_number(r, e, old);
    if (to == NULL)
        return ls_layout_label(r->t->arena, old, r->given.v[r->given.n - 1]);
    if (to[0] == '\0' || strspn(to, "0123456789-.") != strlen(to) || strlen(to) > 40) {
        ls_err_set(err, LS_E_USAGE, "\"%s\" is no number that a migration could have", to);
        return NULL;
    }
    if (strspn(to, "0123456789") == strlen(to) && strlen(to) < width && strspn(old, "0123456789") == width)
        return ls_arena_printf(r->t->arena, "%0*" PRIu64, (int)width, ls_number_in(to));
    return ls_arena_str(r->t->arena, to);
}

static enum ls_rc check_free(const struct renumber *r, const struct ls_entry *e, const struct ls_relabelled *now, const char *label,
                             struct ls_err *err)
{
    for (size_t i = 0; i < r->snap->timeline.e.n; i++) {
        const struct ls_entry *x = &r->snap->timeline.e.v[i];

        if (x == e || strcmp(x->id, now->id) != 0)
            continue;
        ls_err_set(err, LS_E_REFUSED, "%s is taken: %s %s", label, x->migration != NULL ? file_of(x) : "the ledger has it,",
                   x->migration != NULL ? "has it" : "without a file");
        ls_err_hint(err, "leave the number out for the first free one");
        return LS_E_REFUSED;
    }
    return LS_OK;
}

static enum ls_rc move_one(struct renumber *r, struct ls_settle_plan *plan, const struct ls_entry *e, struct ls_err *err)
{
    const char *label = label_for(r, e, err);
    struct ls_relabelled now;
    struct ls_step *step;
    enum ls_rc rc;

    if (label == NULL)
        return LS_E_USAGE;
    rc = ls_layout_relabel(r->layout, r->t->arena, &r->snap->migrations, e->migration, label, &now, err);
    if (rc == LS_OK)
        rc = check_free(r, e, &now, label, err);
    if (rc == LS_OK)
        rc = check_applied(r, e, ls_number_in(label), err);
    for (size_t i = 0; rc == LS_OK && i < now.n; i++)
        rc = ls_settle_rename(r->t, now.from[i], now.to[i], err);
    if (rc != LS_OK || !owns_row(r, e))
        return rc;
    if (r->snap->ledger.shape == LS_LEDGER_FILE)
        return rewrite_list(r, e->id, now.id, err);
    step = ls_settle_step(plan, LS_UP, e);
    step->label = ls_arena_printf(plan->ctx.plan->arena, "%s -> %s", e->label, label);
    return ls_layout_rekey(r->snap->format, &plan->ctx, step, e, &now, err);
}

/* --- a tool whose journal makes the order --------------------------------------------------------------------------------- */

static enum ls_rc move_in_journal(struct renumber *r, struct ls_err *err)
{
    const struct ls_migration **m = LS_ARENA_ARRAY(r->t->arena, const struct ls_migration *, r->moved.n + 1);
    const struct ls_ledger *l = &r->snap->ledger;
    struct ls_moved moved = {0};
    enum ls_rc rc;

    if (r->t->request.to != NULL)
        return ls_err_set(err, LS_E_USAGE,
                          "%s goes by its journal's order: a migration can be moved to its end, and not to a number",
                          r->snap->format->title);
    for (size_t i = 0; i < r->moved.n; i++) {
        m[i] = r->moved.v[i]->migration;
        if (is_applied(r->moved.v[i]) && r->moved.v[i]->row != NULL) {
            ls_err_set(err, LS_E_REFUSED, "%s is applied: moved to the journal's end, %s would run it again", r->moved.v[i]->label,
                       r->snap->format->title);
            ls_err_hint(err, "only migrations that are not applied can be moved");
            return LS_E_REFUSED;
        }
    }
    rc = r->layout->move_to_end(r->t->arena, &r->snap->migrations, m, r->moved.n, l->has_high_water ? l->high_water : 0,
                                r->t->request.wall_us, &moved, err);
    for (size_t i = 0; rc == LS_OK && i < moved.writes.n; i++)
        rc = ls_settle_write(r->t, moved.writes.v[i].path, moved.writes.v[i].text, moved.writes.v[i].len, false, err);
    for (size_t i = 0; rc == LS_OK && i < moved.from.n; i++)
        rc = ls_settle_rename(r->t, moved.from.v[i], moved.to.v[i], err);
    for (size_t i = 0; rc == LS_OK && i < moved.lost.n; i++)
        ls_settle_note(r->t, &r->t->lost, LS_SEV_WARNING, "snapshot", NULL, "%s", moved.lost.v[i]);
    ls_moved_release(&moved);
    return rc;
}

/* Below a cursor a file that came in late counts as applied: whether it ran, only the catalogue shows. */
static enum ls_rc look_below_cursor(struct renumber *r, struct ls_err *err)
{
    const struct ls_snapshot *snap = r->snap;
    struct ls_evidences all = {0};
    enum ls_rc rc;

    r->never_ran = LS_ARENA_ARRAY(r->t->arena, bool, snap->timeline.e.n + 1);
    if (!snap->has_db || snap->ledger.shape != LS_LEDGER_CURSOR || !snap->ledger.has_cursor || snap->ledger.dirty)
        return LS_OK;
    rc = ls_evidence_read(r->s, snap, r->t->arena, ls_evidence_claimed, NULL, &all, err);
    for (size_t i = 0; rc == LS_OK && i < snap->timeline.e.n; i++)
        r->never_ran[i] = snap->timeline.e.v[i].evidence == LS_EVIDENCE_INFERRED && ls_evidence_found(&all, i) == LS_FOUND_NOTHING;
    ls_evidences_release(&all);
    return rc;
}

/* --- all of it ------------------------------------------------------------------------------------------------------------ */

static enum ls_rc can_renumber(const struct ls_snapshot *snap, struct ls_err *err)
{
    const struct ls_format *f = snap->format;

    if (f->layout == NULL) {
        ls_err_set(err, LS_E_UNSUPPORTED, "%s's migrations have no numbers that lockstep could change", f->title);
        ls_err_hint(err, (f->caps & LS_CAP_DAG) != 0
                             ? "their order is a graph: two heads are joined by the tool itself (its merge or rebase command)"
                             : "use the tool's own way");
        return LS_E_UNSUPPORTED;
    }
    if (snap->ledger.foreign != NULL) {
        ls_err_set(err, LS_E_REFUSED, "the table %s belongs to %s, not to %s", snap->ledger.location, snap->ledger.foreign,
                   f->title);
        ls_err_hint(err, "name the format that the project uses (--format)");
        return LS_E_REFUSED;
    }
    return LS_OK;
}

static enum ls_rc move_all(struct renumber *r, struct ls_err *err)
{
    struct ls_settle_plan plan;
    enum ls_rc rc = LS_OK;

    ls_settle_plan_begin(&plan, r->s, r->t, r->snap->format, r->snap, &r->snap->timeline, &r->snap->ledger, &r->snap->migrations);
    if (r->layout->move_to_end != NULL && r->moved.n > 0)
        rc = move_in_journal(r, err);
    for (size_t i = 0; rc == LS_OK && i < r->moved.n && r->layout->move_to_end == NULL; i++)
        rc = move_one(r, &plan, r->moved.v[i], err);
    return rc == LS_OK ? ls_settle_plan_end(&plan, err) : rc;
}

enum ls_rc ls_settle_renumber_make(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_settle_request *req,
                                   struct ls_settlement **out, struct ls_err *err)
{
    struct renumber r = {.s = s, .snap = snap, .layout = snap->format->layout};
    enum ls_rc rc = can_renumber(snap, err);

    *out = NULL;
    if (rc != LS_OK)
        return rc;
    r.t = ls_settlement_new(snap, req, LS_SETTLE_RENUMBER);
    rc = look_below_cursor(&r, err);
    if (rc == LS_OK)
        rc = req->version != NULL ? pick_named(&r, req->version, err) : pick_all(&r, err);
    if (rc == LS_OK && req->to != NULL && r.moved.n != 1)
        rc = ls_err_set(err, LS_E_USAGE, "one number is for one migration: name the file that is to get it");
    if (rc == LS_OK)
        rc = move_all(&r, err);
    if (rc == LS_OK) {
        r.t->title = r.moved.n == 0 ? "Nothing needs another number"
                                    : ls_arena_printf(r.t->arena, "%zu migration%s of %s renumbered", r.moved.n,
                                                      r.moved.n == 1 ? "" : "s", r.t->dir);
        if (!snap->has_db)
            ls_settle_note(
                r.t, &r.t->findings, LS_SEV_WARNING, "no-database", NULL,
                "no database was read: a migration that is applied somewhere is not known to be, and its ledger does not follow");
        ls_settle_seal(r.t);
        *out = r.t;
    } else {
        ls_settlement_free(r.t);
    }
    LS_VEC_RELEASE(&r.moved);
    LS_VEC_RELEASE(&r.given);
    return rc;
}
