/* What the ledger says, what the tool did by its own rules, what the catalogue shows, and the ways out: safety.md 4,
 * formats.md 4.1. */
#include <config.h>

#include "engine/dirty_priv.h"

#include <stdarg.h>

#include "engine/run_priv.h"
#include "engine/session_priv.h"
#include "lockstep/base/text.h"
#include "lockstep/engine/journal.h"

struct dirty {
    struct ls_session *session;
    const struct ls_snapshot *snap;
    struct ls_dirty_report *out;
    const struct ls_entry *entry;     /* the dirty one */
    const struct ls_migration *above; /* whose down may have been begun instead; NULL: none */
    struct ls_reading up, down;       /* of the entry's up (or no-transaction down); of the one above */
    struct ls_reading made;           /* of the up of the one above, when its down was refused for want of anything to take away */
    bool is_golang;
    bool is_held; /* somebody has the operators' lock: what is seen may still change */
    int failed_stmt, n_stmts; /* by the journal: "(statement 3 of 5)"; 0 unknown */
    bool may_be_done;         /* nor did the run know how that one ended */
    enum ls_direction failed_direction;
};

static void LS_PRINTF(2, 3) fact(struct dirty *d, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    *LS_VEC_PUSH(&d->out->facts) = ls_arena_vprintf(d->out->arena, fmt, ap);
    va_end(ap);
}

static const struct ls_entry *find_dirty(const struct ls_timeline *t)
{
    for (size_t i = 0; i < t->e.n; i++)
        if (t->e.v[i].state == LS_STATE_DIRTY)
            return &t->e.v[i];
    return NULL;
}

/* The next migration of the folder above a version (or the very first). */
static const struct ls_migration *next_above(const struct ls_migrations *m, uint64_t version, bool is_nil)
{
    for (size_t i = 0; i < m->m.n; i++)
        if (is_nil || m->m.v[i].version > version)
            return &m->m.v[i];
    return NULL;
}

/* --- which way it failed --------------------------------------------------------------------------------------------------- */

static void know(struct dirty *d, enum ls_direction direction)
{
    d->out->direction = direction;
    d->out->direction_known = true;
}

/* golang-migrate writes the target of the move, so a row N means the up of N or the down of the one above it. */
static void direct_golang(struct dirty *d)
{
    bool is_nil = d->entry->row != NULL && d->entry->row->is_nil;

    d->above = next_above(&d->snap->migrations, d->entry->version, is_nil);
    if (is_nil)
        know(d, LS_DOWN);
    else if (d->above == NULL)
        know(d, LS_UP);
}

/* Our own intent of a down keeps the row that its up wrote, duration included; the intent of an up has none yet. A row that was
 * made by `mark` has none either, and then only the journal knows. */
static void direct_lockstep(struct dirty *d)
{
    if (d->entry->row != NULL && d->entry->row->duration_ms >= 0)
        know(d, LS_DOWN);
    else
        d->out->direction = LS_UP;
}

/* The journal's newest record of this version, or of the one above for a golang-migrate ledger. */
static const struct ls_journal_row *journal_word(const struct dirty *d, const struct ls_journal *j)
{
    for (size_t i = j->rows.n; i-- > 0;) {
        const struct ls_journal_row *r = &j->rows.v[i];

        if (r->version == NULL || r->direction == NULL || r->version[0] == '\0')
            continue;
        if (strcmp(r->version, d->entry->label) == 0 || (d->entry->row != NULL && strcmp(r->version, d->entry->row->id) == 0))
            return r;
        if (d->is_golang && d->above != NULL && (strcmp(r->version, d->above->label) == 0 || strcmp(r->version, d->above->id) == 0))
            return r;
    }
    return NULL;
}

/* The engine ends the message of a failed statement with "(statement 3 of 5)" (run_end.c); what stands before it is the server's, and may be
 * anything. */
static void read_failed_statement(struct dirty *d, const struct ls_journal_row *r)
{
    const char *at = NULL;
    int no = 0, of = 0;

    for (const char *p = r->detail; p != NULL && (p = strstr(p, "(statement ")) != NULL; p++)
        at = p;

    if (at == NULL || r->event == NULL || strcmp(r->event, "failed") != 0 || sscanf(at, "(statement %9d of %9d)", &no, &of) != 2 ||
        no < 1 || no > of)
        return;
    d->failed_stmt = no;
    d->n_stmts = of;
    d->may_be_done = strstr(at, LS_RUN_MAY_BE_DONE) != NULL;
    d->failed_direction = strcmp(r->direction, "down") == 0 ? LS_DOWN : LS_UP;
}

static void ask_journal(struct dirty *d)
{
    struct ls_journal j = {0};
    const struct ls_journal_row *r;
    bool is_down, is_above;

    if (ls_journal_read(d->session, 200, &j, NULL) != LS_OK) /* evidence, never the authority */
        return;
    r = journal_word(d, &j);
    if (r != NULL) {
        is_down = strcmp(r->direction, "down") == 0;
        is_above = d->above != NULL && (strcmp(r->version, d->above->label) == 0 || strcmp(r->version, d->above->id) == 0);
        fact(d, "The journal's last word on it: %s of %s, %s%s%s at %s by %s%s%s.", r->direction, r->version,
             r->event != NULL ? r->event : "", r->result != NULL && r->result[0] != '\0' ? ", " : "",
             r->result != NULL ? r->result : "", r->at != NULL ? r->at : "an unknown time",
             r->operator_name != NULL ? r->operator_name : "unknown", r->detail != NULL && r->detail[0] != '\0' ? ": " : "",
             r->detail != NULL ? r->detail : "");
        read_failed_statement(d, r);
        /* Another tool may have run since: its row would not be in the journal. A record that was completed is not about this
         * failure. */
        if (!d->out->direction_known && (!d->is_golang || is_down == is_above) &&
            (r->result == NULL || strcmp(r->result, "ok") != 0))
            know(d, is_down ? LS_DOWN : LS_UP);
    }
    ls_journal_release(&j);
}

static enum ls_rc look(struct dirty *d, const struct ls_migration *m, enum ls_direction direction, struct ls_reading *out,
                       struct ls_err *err)
{
    return ls_reading_look(d->session, d->out->arena, m, direction, d->failed_direction == direction ? d->failed_stmt : 0,
                           d->n_stmts, d->may_be_done, out, err);
}

/* A run that goes on, or the last statement of one that was killed: outside of transactions the server finishes it, and the lock is its until then
 * (reliability.md F2, V9). */
static enum ls_rc ask_lock(struct dirty *d, struct ls_err *err)
{
    struct ls_db *db = ls_session_db(d->session);
    struct ls_buf holder = LS_BUF_INIT;
    int64_t keys[4];
    int n = d->snap->format->lock_keys(db, &d->session->opts, &d->snap->ledger, keys);
    enum ls_rc rc = ls_db_lock_holder(db, keys, n, &holder, err);

    d->is_held = rc == LS_OK && holder.len > 0;
    if (d->is_held)
        fact(d, "The migration lock is held: %s. A run is going on, or the server still works on the last statement of one that was broken off. "
                "Wait until that has ended, then look again: nothing below is the last word.",
             holder.ptr);
    ls_buf_release(&holder);
    return rc;
}

/* --- the words ------------------------------------------------------------------------------------------------------------- */

static const char *sentence_of(const struct ls_reading *r)
{
    if (r->section->path == NULL)
        return "There is no file for it: nothing was sent between the two writes of the ledger.";
    if (r->section->policy == LS_POLICY_NO_TX && r->controls_tx)
        return "The file asks for no transaction and has transactions of its own: what they had committed before the first error stays.";
    if (r->section->policy == LS_POLICY_NO_TX)
        return "The file asks for no transaction: each statement took effect when it ended, and the first error stopped the rest.";
    if (r->section->policy == LS_POLICY_TX && r->is_whole)
        return "The statements ran in one transaction: all of them took effect, or none.";
    if (r->forbids_tx && r->stmts.n == 1)
        return "It is one statement that runs outside of transactions: it can leave something unfinished behind, such as an "
               "invalid index.";
    if (r->controls_tx && r->is_whole)
        return "The file was sent as one query, and its own BEGIN and COMMIT make it one transaction: all of it took effect, or "
               "nothing.";
    if (r->controls_tx)
        return "The file was sent as one query with transaction commands of its own: what was committed before the failure stays.";
    return "The file was sent as one query, which PostgreSQL runs as one transaction: all of it took effect, or nothing.";
}

/* The down file takes away what is not there, and leaves what its own up made. */
static bool is_misfit(const struct dirty *d)
{
    return d->made.extent == LS_EXTENT_WHOLE || d->made.extent == LS_EXTENT_PART;
}

/* Whether the catalogue shows what one of its statements does. */
static bool shows_any(const struct ls_reading *r)
{
    for (size_t i = 0; i < r->stmts.n; i++)
        if (r->stmts.v[i].trace.verdict == LS_TRACE_APPLIED || r->stmts.v[i].trace.verdict == LS_TRACE_INVALID)
            return true;
    return false;
}

static void explain_reading(struct dirty *d, const struct ls_reading *r)
{
    static const char *const extents[][2] = {
        [LS_EXTENT_UNKNOWN] = {"", ""},
        [LS_EXTENT_NOTHING] = {"nothing of it is in the database", "it has taken nothing away"},
        [LS_EXTENT_WHOLE] = {"all of it is in the database", "all that it takes away is gone"},
        [LS_EXTENT_PART] = {"a part of it is in the database", "a part of what it takes away is gone"},
    };
    const char *dir = r->direction == LS_UP ? "up" : "down";

    if (r->migration == NULL)
        return;
    fact(d, "The %s of %s: %s", dir, r->migration->label, sentence_of(r));
    if (r->unreadable != NULL)
        fact(d, "Its statements cannot be listed: %s", r->unreadable);
    else if (r->extent != LS_EXTENT_UNKNOWN)
        fact(d, "By what can be known, %s.", extents[r->extent][r->direction == LS_DOWN]);
    else if (r->was_refused && r->is_whole && !shows_any(r))
        fact(d, "The catalogue cannot tell how much of it is in the database. But by the journal it failed, and then it left nothing: unless "
                "somebody has done it by hand since, %s.",
             extents[LS_EXTENT_NOTHING][r->direction == LS_DOWN]);
    else if (r->stmts.n > 0)
        fact(d, "The catalogue cannot tell how much of it is in the database: look at the statements below.");
    if (r->was_refused && r->is_whole && r->extent == LS_EXTENT_WHOLE)
        fact(d, "It failed, by the journal, and left nothing: so that was so before it ran%s.",
             is_misfit(d) ? "" : ", and it has nothing to do here");
    for (size_t i = 0; i < r->stmts.n; i++)
        if (r->stmts.v[i].trace.cure != NULL && !d->is_held)
            fact(d, "Before anything else, take the unfinished %s away: %s", r->stmts.v[i].trace.object, r->stmts.v[i].trace.cure);
}

static void list_statements(struct dirty *d, const struct ls_reading *r)
{
    if (r->section == NULL)
        return;
    d->out->path = ls_arena_str(d->out->arena, r->section->path);
    for (size_t i = 0; i < r->stmts.n; i++) {
        *LS_VEC_PUSH(&d->out->statements) = r->stmts.v[i].first_line;
        *LS_VEC_PUSH(&d->out->verdicts) = r->stmts.v[i].trace.says;
    }
}

static void say_ledger(struct dirty *d)
{
    const struct ls_entry *e = d->entry;
    const struct ls_ledger_row *row = e->row;
    struct ls_arena *a = d->out->arena;

    d->out->version_label = ls_arena_str(a, e->label);
    if (row == NULL)
        d->out->ledger_says = ls_arena_printf(a, "%s: dirty", d->snap->ledger.location);
    else if (d->is_golang)
        d->out->ledger_says = ls_arena_printf(a, "%s: version %s, dirty", d->snap->ledger.location, row->id);
    else
        d->out->ledger_says =
            ls_arena_printf(a, "%s: version %s has status \"%s\"%s%s%s%s", d->snap->ledger.location, e->label,
                            row->raw_status != NULL ? row->raw_status : "NULL", row->applied_at != NULL ? ", written at " : "",
                            row->applied_at != NULL ? row->applied_at : "", row->applied_by != NULL ? " by " : "",
                            row->applied_by != NULL ? row->applied_by : "");
}

/* --- the ways out ---------------------------------------------------------------------------------------------------------- */

static enum ls_rc LS_PRINTF(6, 7) choice(struct dirty *d, enum ls_action action, const char *version, bool is_indicated,
                                         struct ls_err *err, const char *title_and_when, ...)
{
    struct ls_plan_request req = {.action = action, .version = version};
    struct ls_err why = LS_ERR_INIT;
    struct ls_plan *plan = NULL;
    struct ls_dirty_choice *c;
    struct ls_buf b = LS_BUF_INIT;
    char *newline;
    enum ls_rc rc = ls_plan_make(d->session, d->snap, &req, &plan, &why);
    va_list ap;

    is_indicated = is_indicated && !d->is_held;
    if (rc == LS_OK) {
        c = LS_VEC_PUSH(&d->out->choices);
        va_start(ap, title_and_when);
        ls_buf_vaddf(&b, title_and_when, ap);
        va_end(ap);
        newline = strchr(b.ptr, '\n');
        c->key = (char)('a' + d->out->choices.n - 1);
        c->title = ls_arena_strn(d->out->arena, b.ptr, (size_t)(newline - b.ptr));
        c->when = ls_arena_printf(d->out->arena, "%s%s", is_indicated ? "This is what the database shows. " : "", newline + 1);
        c->is_indicated = is_indicated;
        c->plan = plan;
        ls_buf_release(&b);
    } else if (rc != LS_E_CONNECT && rc != LS_E_CANCELLED) {
        fact(d, "%s %s cannot be offered: %s", ls_action_name(action), version, why.message);
        rc = LS_OK;
    } else {
        ls_err_move(err, &why);
    }
    ls_err_release(&why);
    return rc;
}

/* What the two readings together say. The down of the one above was begun only when this one is in whole. */
enum way { WAY_NONE, WAY_PENDING, WAY_APPLIED, WAY_ABOVE_APPLIED };

static enum way indicated_golang(const struct dirty *d)
{
    enum ls_extent up = d->up.migration != NULL ? d->up.extent : LS_EXTENT_UNKNOWN;
    enum ls_extent down = d->down.migration != NULL ? d->down.extent : LS_EXTENT_UNKNOWN;
    bool is_up = d->out->direction_known && d->out->direction == LS_UP, is_down = d->out->direction_known && !is_up;

    if (up == LS_EXTENT_PART || (is_down && down == LS_EXTENT_PART))
        return WAY_NONE;
    if (is_up)
        return up == LS_EXTENT_NOTHING ? WAY_PENDING : up == LS_EXTENT_WHOLE ? WAY_APPLIED : WAY_NONE;
    if (is_down && is_misfit(d))
        return d->made.extent == LS_EXTENT_WHOLE ? WAY_ABOVE_APPLIED : WAY_NONE;
    if (is_down)
        return down == LS_EXTENT_NOTHING ? WAY_ABOVE_APPLIED : down == LS_EXTENT_WHOLE ? WAY_APPLIED : WAY_NONE;
    if (up == LS_EXTENT_NOTHING)
        return WAY_PENDING;
    if (down == LS_EXTENT_NOTHING)
        return WAY_ABOVE_APPLIED;
    return up == LS_EXTENT_WHOLE && down == LS_EXTENT_WHOLE ? WAY_APPLIED : WAY_NONE;
}

static enum ls_rc choose_golang(struct dirty *d, struct ls_err *err)
{
    bool is_nil = d->entry->row != NULL && d->entry->row->is_nil;
    bool may_be_up = !is_nil && (!d->out->direction_known || d->out->direction == LS_UP);
    bool may_be_down = d->above != NULL && (!d->out->direction_known || d->out->direction == LS_DOWN);
    const char *n = d->entry->row != NULL && !is_nil ? d->entry->row->id : d->entry->label;
    enum way way = indicated_golang(d);
    enum ls_rc rc = LS_OK;

    if (may_be_up)
        rc = choice(
            d, LS_ACTION_MARK_PENDING, n, way == WAY_PENDING, err,
            "Nothing of %s is in the database: take it as not applied, so that it can run again\n"
            "Right when the up of %s failed and left nothing. After it, mend the file if it is at fault, and `up 1` runs %s again.",
            n, n, n);
    if (rc == LS_OK && is_nil)
        rc = choice(d, LS_ACTION_MARK_PENDING, d->above != NULL ? d->above->id : "0", way == WAY_APPLIED, err,
                    "%s is taken back whole: take nothing as applied\nRight when everything that %s made is gone.",
                    d->above != NULL ? d->above->label : "It", d->above != NULL ? d->above->label : "it");
    else if (rc == LS_OK)
        rc = choice(d, LS_ACTION_MARK_APPLIED, n, way == WAY_APPLIED, err,
                    "All of %s is in the database%s%s: take it as applied\nRight when everything that %s makes is there%s%s%s.", n,
                    may_be_down ? " and nothing is of " : "", may_be_down ? d->above->label : "", n,
                    may_be_down ? ", and nothing that " : "", may_be_down ? d->above->label : "", may_be_down ? " makes" : "");
    if (rc == LS_OK && may_be_down)
        rc = choice(d, LS_ACTION_MARK_APPLIED, d->above->id, way == WAY_ABOVE_APPLIED, err,
                    "All of %s is still in the database: take it as applied, so that its down can run again\n"
                    "Right when the down of %s failed and took nothing away. After it, mend the down file if it is at fault, and "
                    "`down 1` runs it again.",
                    d->above->label, d->above->label);
    return rc;
}

static enum ls_rc choose_lockstep(struct dirty *d, struct ls_err *err)
{
    const char *n = d->entry->row != NULL ? d->entry->row->id : d->entry->label;
    bool is_down = d->out->direction == LS_DOWN;
    enum ls_extent extent = d->up.migration != NULL ? d->up.extent : LS_EXTENT_UNKNOWN;
    enum ls_extent gone = is_down ? LS_EXTENT_WHOLE : LS_EXTENT_NOTHING, there = is_down ? LS_EXTENT_NOTHING : LS_EXTENT_WHOLE;
    enum ls_rc rc = choice(d, LS_ACTION_MARK_PENDING, n, extent == gone, err,
                           "Nothing of %s is in the database: take it as not applied\n"
                           "Right when nothing that it makes is there%s. After it, `up 1` runs it.",
                           d->entry->label, is_down ? "" : ", or after you took back by hand what is");

    if (rc == LS_OK)
        rc = choice(d, LS_ACTION_MARK_APPLIED, n, extent == there, err,
                    "All of %s is in the database: take it as applied\n"
                    "Right when everything that it makes is there%s.",
                    d->entry->label,
                    is_down ? ". After it, `down 1` takes it back again"
                            : ", or after you ran by hand the statements that are missing");
    return rc;
}

/* --- putting it together --------------------------------------------------------------------------------------------------- */

static enum ls_rc explain_golang(struct dirty *d, struct ls_err *err)
{
    const struct ls_migration *m = d->entry->migration;
    enum ls_rc rc = LS_OK;

    direct_golang(d);
    fact(d, "golang-migrate writes the version as dirty, sends the file, and writes it as clean, each on its own. The last of "
            "these did not happen.");
    ask_journal(d);
    if (!d->out->direction_known)
        fact(d, "The row names where the move was going: either the up of %s was begun, or the down of %s above it.",
             d->entry->label, d->above->label);
    else if (d->out->direction == LS_UP)
        fact(d, "It was the up of %s.", d->entry->label);
    else
        fact(d, "It was the down of %s.", d->above != NULL ? d->above->label : "the first migration");
    if (!d->out->direction_known || d->out->direction == LS_UP)
        rc = look(d, m, LS_UP, &d->up, err);
    if (rc == LS_OK && d->above != NULL && (!d->out->direction_known || d->out->direction == LS_DOWN))
        rc = look(d, d->above, LS_DOWN, &d->down, err);
    if (rc == LS_OK && d->out->direction_known && d->down.was_refused && d->down.is_whole && d->down.extent == LS_EXTENT_WHOLE &&
        d->above->up.path != NULL)
        rc = look(d, d->above, LS_UP, &d->made, err);
    if (rc != LS_OK)
        return rc;
    if (d->up.extent == LS_EXTENT_NOTHING && d->up.migration != NULL && !d->out->direction_known) {
        /* Below the one that is taken back everything is applied: so it was the up. */
        know(d, LS_UP);
        fact(d, "Nothing of %s is in the database, so it was its up that was begun.", d->entry->label);
    }
    explain_reading(d, &d->up);
    if (!d->out->direction_known || d->out->direction == LS_DOWN)
        explain_reading(d, &d->down);
    if (is_misfit(d))
        fact(d, "But %s of what the up of %s makes is in the database: the down file takes away something else.",
             d->made.extent == LS_EXTENT_WHOLE ? "all" : "a part", d->above->label);
    if (m == NULL && d->up.migration == NULL && (d->entry->row == NULL || !d->entry->row->is_nil))
        fact(d, "There is no file for version %s in the folder.", d->entry->label);
    list_statements(d, d->out->direction_known && d->out->direction == LS_DOWN ? &d->down : &d->up);
    return choose_golang(d, err);
}

/* Whether the file that the ledger's row is about has changed: statements may have other numbers now. */
static bool is_edited(const struct dirty *d)
{
    const struct ls_ledger_row *row = d->entry->row;
    const struct ls_migration *m = d->entry->migration;

    const char *own = m == NULL ? NULL : m->checksum != NULL ? m->checksum : m->up.sha256[0] != '\0' ? m->up.sha256 : NULL;

    if (d->out->direction != LS_UP || m == NULL || row == NULL || row->checksum == NULL || own == NULL)
        return false;
    return d->snap->format->rules->is_modified != NULL ? d->snap->format->rules->is_modified(m, row) : strcmp(row->checksum, own) != 0;
}

static void tell_edited(struct dirty *d, const char *file)
{
    if (!is_edited(d))
        return;
    d->failed_stmt = 0;
    fact(d, "%s is not the one that ran: it was changed since. What is said of its statements is about the file as it is now.", file);
}

static void tell_file(struct dirty *d, const char *what, const char *name)
{
    if (d->up.migration != NULL)
        explain_reading(d, &d->up);
    else
        fact(d, "There is no file for %s%s in the folder.", what, name);
    if (d->up.section != NULL)
        list_statements(d, &d->up);
}

static enum ls_rc explain_lockstep(struct dirty *d, struct ls_err *err)
{
    enum ls_rc rc;

    direct_lockstep(d);
    if (d->entry->row != NULL && d->entry->row->state == LS_ROW_UNKNOWN)
        fact(d, "The status is no word that lockstep writes: somebody or something else wrote it.");
    else
        fact(d, "For a migration without a transaction lockstep writes \"failed\" first, and \"applied\" or \"rolled_back\" when "
                "it is through. "
                "That did not happen.");
    ask_journal(d);
    tell_edited(d, "The up file");
    rc = look(d, d->entry->migration, d->out->direction, &d->up, err);
    if (rc != LS_OK)
        return rc;
    tell_file(d, "version ", d->entry->label);
    return choose_lockstep(d, err);
}

/* Whether the run that was broken off had committed this migration: its row in the journal is of the same transaction. The newest run is that one when it has
 * no end. */
static enum ls_extent ask_broken_run(const struct dirty *d)
{
    const char *direction = d->out->direction == LS_UP ? "up" : "down";
    enum ls_extent said = LS_EXTENT_UNKNOWN;
    struct ls_buf name = LS_BUF_INIT;
    struct ls_journal j = {0};

    ls_ui_text_line(&name, d->entry->name); /* as the journal has it */
    if (ls_journal_read(d->session, 200, &j, NULL) == LS_OK && j.rows.n > 0) {
        const struct ls_journal_row *last = &j.rows.v[j.rows.n - 1];

        if (last->event != NULL && strcmp(last->event, "run_end") != 0 && last->run_id != NULL)
            said = LS_EXTENT_NOTHING;
        for (size_t i = j.rows.n; said != LS_EXTENT_UNKNOWN && i-- > 0 && strcmp(j.rows.v[i].run_id, last->run_id) == 0;) {
            const struct ls_journal_row *r = &j.rows.v[i];

            if (r->version != NULL && r->direction != NULL && strcmp(r->version, d->entry->label) == 0 && strcmp(r->direction, direction) == 0 &&
                r->name != NULL && strcmp(r->name, name.ptr != NULL ? name.ptr : "") == 0 && r->result != NULL && strcmp(r->result, "ok") == 0)
                said = LS_EXTENT_WHOLE;
        }
    }
    ls_journal_release(&j);
    ls_buf_release(&name);
    return said;
}

/* A list of names in a file: the mark in front of a body was left behind. */
static enum ls_rc explain_file(struct dirty *d, struct ls_err *err)
{
    const struct ls_ledger_row *row = d->entry->row;
    bool is_down = row != NULL && row->raw_status != NULL && strcmp(row->raw_status, "reverting") == 0;
    enum ls_extent said;
    enum ls_rc rc;

    know(d, is_down ? LS_DOWN : LS_UP);
    d->out->ledger_says = ls_arena_printf(d->out->arena, "%s:%s: %s was begun to be %s, and that was not brought to its end", d->snap->ledger.location,
                                          row->raw[0], row->id, is_down ? "taken back" : "applied");
    fact(d, "The list is outside of the database: the line \"%s\" is written first, then the file is run, then the name takes its place. "
            "The last of these did not happen.", row->raw[1]);
    ask_journal(d);
    rc = look(d, d->entry->migration, d->out->direction, &d->up, err);
    if (rc != LS_OK)
        return rc;
    said = d->up.migration != NULL && d->up.section->policy == LS_POLICY_TX ? ask_broken_run(d) : LS_EXTENT_UNKNOWN;
    if (said != LS_EXTENT_UNKNOWN) {
        d->up.extent = said;
        fact(d, said == LS_EXTENT_WHOLE ? "The journal's row about it was committed with it: it is through."
                                        : "The journal has no row about it, and would have one if it had been committed: it was not.");
    }
    tell_file(d, "", row->id);
    return choose_lockstep(d, err);
}

/* Another tool's failed row. How its own run met transactions follows from the format's policy; what is there is asked of the catalogue. */
static enum ls_rc explain_other(struct dirty *d, struct ls_err *err)
{
    const struct ls_ledger_row *row = d->entry->row;
    enum ls_rc rc;

    d->out->direction = LS_UP;
    fact(d, "By its ledger, %s began this migration and did not bring it to its end.", d->snap->format->title);
    if (row != NULL && row->logs != NULL && row->logs[0] != '\0')
        fact(d, "What it wrote down about it: %s", row->logs);
    ask_journal(d);
    tell_edited(d, "The file");
    rc = look(d, d->entry->migration, d->out->direction, &d->up, err);
    if (rc != LS_OK)
        return rc;
    tell_file(d, "", d->entry->label);
    fact(d, "Each way out writes what %s's own command would write.", d->snap->format->title);
    return choose_lockstep(d, err);
}

enum ls_rc ls_dirty_explain(struct ls_session *s, const struct ls_snapshot *snap, struct ls_dirty_report *out, struct ls_err *err)
{
    struct dirty d = {.session = s, .snap = snap, .out = out};
    enum ls_rc rc;

    *out = (struct ls_dirty_report){.arena = ls_arena_new()};
    d.entry = find_dirty(&snap->timeline);
    if (!snap->has_db || d.entry == NULL)
        return LS_OK;
    out->is_dirty = true;
    d.is_golang = snap->ledger.shape == LS_LEDGER_CURSOR;
    say_ledger(&d);
    rc = ls_session_connect(s, err);
    if (rc == LS_OK)
        rc = ask_lock(&d, err);
    if (rc == LS_OK)
        rc = snap->ledger.shape == LS_LEDGER_FILE ? explain_file(&d, err) : d.is_golang ? explain_golang(&d, err) : snap->format == &ls_format_lockstep ? explain_lockstep(&d, err) : explain_other(&d, err);
    ls_reading_release(&d.up);
    ls_reading_release(&d.down);
    ls_reading_release(&d.made);
    return rc;
}

void ls_dirty_report_release(struct ls_dirty_report *r)
{
    for (size_t i = 0; i < r->choices.n; i++)
        ls_plan_free(r->choices.v[i].plan);
    LS_VEC_RELEASE(&r->choices);
    LS_VEC_RELEASE(&r->facts);
    LS_VEC_RELEASE(&r->statements);
    LS_VEC_RELEASE(&r->verdicts);
    ls_arena_free(r->arena);
    *r = (struct ls_dirty_report){0};
}
