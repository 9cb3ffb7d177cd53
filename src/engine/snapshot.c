#include <config.h>

#include "engine/delegate.h"
#include "engine/scan_ahead.h"
#include "engine/session_priv.h"

#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"

static struct ls_snapshot *new_snapshot(const struct ls_session *s)
{
    struct ls_snapshot *snap = ls_calloc(1, sizeof(*snap));

    snap->info_arena = ls_arena_new();
    snap->info.dialect = s->dialect; /* for a snapshot of the folder alone; a connection says more */
    snap->target_label = s->dialect_rc == LS_OK ? ls_db_url_label(s->url) : ls_strdup("no database");
    return snap;
}

void ls_snapshot_free(struct ls_snapshot *snap)
{
    if (snap == NULL)
        return;
    ls_timeline_release(&snap->timeline);
    ls_ledger_release(&snap->ledger);
    ls_migrations_release(&snap->migrations);
    ls_arena_free(snap->info_arena);
    free(snap->target_label);
    free(snap->target_note);
    free(snap->legacy_note);
    free(snap->format_note);
    free(snap);
}

static void copy_info(struct ls_snapshot *snap, const struct ls_session *s)
{
    struct ls_arena *a = snap->info_arena;
    const struct ls_db_info *info = ls_db_info(s->db);
    const char **texts[] = {&snap->info.database, &snap->info.host,      &snap->info.server,      &snap->info.role,
                            &snap->info.security, &snap->info.system_id, &snap->info.journal_mode};

    snap->info = *info;
    for (size_t i = 0; i < LS_ARRAY_LEN(texts); i++)
        *texts[i] = ls_arena_str(a, *texts[i] != NULL ? *texts[i] : "");
    /* A URL may leave to a service file or to the environment where it leads. */
    if (info->dialect == LS_DIALECT_POSTGRES && !s->is_stand_in) {
        free(snap->target_label);
        snap->target_label = ls_asprintf("postgres %s at %s", snap->info.database, snap->info.host);
    }
    if (s->is_stand_in) {
        const char *label = snap->target_label;

        snap->info.database = ls_arena_str(a, strncmp(label, "sqlite ", 7) == 0 ? label + 7 : label);
        snap->info.is_read_only = s->p.read_only;
        snap->info.journal_mode = "";
        /* A slip in a path looks like a database in which everything is pending. */
        snap->target_note = ls_asprintf("there is no database file %s yet: the first migration that is applied makes it", snap->info.database);
    }
}

static enum ls_rc wrap_folder(const struct ls_session *s, enum ls_rc rc, struct ls_err *err)
{
    if (rc == LS_OK)
        return rc;
    ls_err_hint(err, "name the folder of the migrations: --migrations DIR, or migrations = DIR in lockstep.conf; lockstep formats looks for it");
    ls_err_wrap(err, "the migrations folder %s", s->p.migrations_dir);
    return rc;
}

static enum ls_rc named_format(const struct ls_session *s, const struct ls_format **out, struct ls_err *err)
{
    struct ls_buf names = LS_BUF_INIT;
    const struct ls_format *const *all;
    size_t n;

    *out = s->p.format != NULL ? s->p.format : ls_format_find(s->p.format_name);
    if (*out != NULL || s->p.format_name == NULL)
        return LS_OK;
    all = ls_formats(&n);
    for (size_t i = 0; i < n; i++)
        ls_buf_addf(&names, "%s%s", i > 0 ? ", " : "", all[i]->name);
    ls_err_set(err, LS_E_USAGE, "\"%s\" is no format that this build knows", s->p.format_name);
    ls_err_hint(err, "formats: %s", names.ptr);
    ls_buf_release(&names);
    return LS_E_USAGE;
}

/* Files that two tools would take, and nothing yet in the database that tells: said, so that the first run is no accident. */
static void note_guess(struct ls_snapshot *snap)
{
    if (snap->n_detected < 2 || snap->detected[0].detect.score >= LS_DETECT_CERTAIN)
        return;
    if (2 * snap->detected[1].detect.score < snap->detected[0].detect.score)
        return; /* a tool's own markers against names that are anyone's */
    snap->format_note = ls_asprintf("the files could be %s's or %s's, and no ledger tells yet: they are taken for %s's; --format NAME, or format = NAME in "
                                    "lockstep.conf, says whose they are",
                                    snap->detected[0].format->name, snap->detected[1].format->name, snap->detected[0].format->name);
}

/* Only lockstep's own format takes an older tool's schema_version over. Without that, what it says was applied would run again. */
static void prefer_heir(struct ls_snapshot *snap)
{
    size_t i = 0;

    while (i < snap->n_detected && snap->detected[i].format->plan_import == NULL)
        i++;
    if (i == 0 || i == snap->n_detected || snap->detected[0].detect.score >= LS_DETECT_CERTAIN)
        return;
    struct ls_detected heir = snap->detected[i];

    memmove(&snap->detected[1], &snap->detected[0], i * sizeof(heir));
    heir.detect.score = LS_DETECT_CERTAIN;
    snprintf(heir.detect.evidence, sizeof(heir.detect.evidence), "a table schema_version of an older tool, which this format takes over");
    snap->detected[0] = heir;
}

/* By the folder alone. An empty folder is lockstep's own format: nothing speaks against it. */
static enum ls_rc detect_by_folder(const struct ls_session *s, struct ls_snapshot *snap, bool has_legacy, struct ls_err *err)
{
    struct ls_dir dir = {0};
    enum ls_rc rc = ls_dir_list(s->p.migrations_dir, &dir, err);

    if (rc == LS_OK)
        snap->n_detected = ls_format_detect(s->p.migrations_dir, &dir, snap->detected, LS_ARRAY_LEN(snap->detected));
    ls_dir_release(&dir);
    if (has_legacy)
        prefer_heir(snap);
    snap->format = snap->n_detected > 0 ? snap->detected[0].format : &ls_format_lockstep;
    return wrap_folder(s, rc, err);
}

/* False when the folder holds migrations, and none that this tool would take for its own. */
static bool fits_folder(const struct ls_session *s, const struct ls_format *format)
{
    struct ls_detected found[LS_ARRAY_LEN(((struct ls_snapshot *)0)->detected)];
    struct ls_dir dir = {0};
    size_t n = 0, i = 0;

    if (ls_dir_list(s->p.migrations_dir, &dir, NULL) == LS_OK)
        n = ls_format_detect(s->p.migrations_dir, &dir, found, LS_ARRAY_LEN(found));
    ls_dir_release(&dir);
    while (i < n && found[i].format != format)
        i++;
    return n == 0 || i < n;
}

/* The ledger in the database says whose it is by its columns; that is worth more than how files are named. *is_read: snap->ledger is that of
 * snap->format already. */
static enum ls_rc detect_by_ledger(struct ls_session *s, struct ls_snapshot *snap, bool *is_read, struct ls_err *err)
{
    struct ls_detected *d = &snap->detected[0];
    const struct ls_format *const *all;
    size_t n;
    enum ls_rc rc;

    *is_read = false;
    all = ls_formats(&n);
    rc = all[0]->ledger_read(s->db, &s->opts, &snap->ledger, err);
    if (rc != LS_OK || !snap->ledger.exists)
        return rc;
    *is_read = snap->ledger.foreign == NULL;
    snap->format = *is_read ? all[0] : ls_format_find(snap->ledger.foreign);
    if (snap->format != NULL && (snap->format->caps & LS_CAP_RECOGNISE_ONLY) != 0)
        snap->format = NULL; /* named as the table's owner later on; the folder may be another tool's */
    if (snap->format != NULL && !*is_read && !fits_folder(s, snap->format))
        snap->format = NULL;
    if (snap->format == NULL)
        return LS_OK;
    snap->n_detected = 1;
    d->format = snap->format;
    d->detect.score = 100;
    snprintf(d->detect.evidence, sizeof(d->detect.evidence), "the ledger %s in the database is %s's", snap->ledger.location, snap->format->title);
    return LS_OK;
}

/* Several tools could own the folder: the one whose ledger is in the database, if that is one. */
static enum ls_rc break_tie(struct ls_session *s, struct ls_snapshot *snap, struct ls_err *err)
{
    struct ls_seen_ledgers seen = {0};
    size_t at = 0, n = 0;
    enum ls_rc rc;

    if (snap->n_detected < 2)
        return LS_OK;
    rc = ls_format_seen_ledgers(s->db, &seen, err);
    for (size_t i = 0; rc == LS_OK && i < snap->n_detected; i++) {
        bool is_seen = false;

        for (size_t k = 0; k < seen.l.n; k++)
            is_seen = is_seen || seen.l.v[k].format == snap->detected[i].format;
        at = is_seen ? i : at;
        n += is_seen;
    }
    if (n == 1) {
        struct ls_detected one = snap->detected[at];

        memmove(&snap->detected[1], &snap->detected[0], at * sizeof(one));
        one.detect.score = LS_DETECT_CERTAIN;
        snap->detected[0] = one;
        snap->format = one.format;
    }
    ls_seen_ledgers_release(&seen);
    return rc;
}

/* Which format the folder and the database are in; leaves snap->ledger read or empty. */
static enum ls_rc find_format(struct ls_session *s, struct ls_snapshot *snap, bool *is_read, struct ls_err *err)
{
    enum ls_rc rc = named_format(s, &snap->format, err);

    *is_read = false;
    if (rc != LS_OK || snap->format != NULL)
        return rc;
    if (s->db != NULL)
        rc = detect_by_ledger(s, snap, is_read, err);
    if (rc == LS_OK && snap->format == NULL) {
        rc = detect_by_folder(s, snap, snap->ledger.has_legacy, err);
        if (rc == LS_OK && s->db != NULL)
            rc = break_tie(s, snap, err);
        note_guess(snap);
    }
    if (!*is_read)
        ls_ledger_release(&snap->ledger);
    return rc;
}

static enum ls_rc refuse_recognised(const struct ls_session *s, const struct ls_format *f, struct ls_err *err)
{
    if (s->p.format_name != NULL)
        ls_err_set(err, LS_E_UNSUPPORTED, "the format is to be that of %s, which lockstep knows by name only", f->title);
    else
        ls_err_set(err, LS_E_UNSUPPORTED, "%s holds migrations of %s, which lockstep knows by name only", s->p.migrations_dir, f->title);
    ls_err_hint(err, "use %s for them, or name another folder or format", f->title);
    return LS_E_UNSUPPORTED;
}

/* As find_format, and it is one that can be worked in. */
static enum ls_rc choose_format(struct ls_session *s, struct ls_snapshot *snap, bool *is_read, struct ls_err *err)
{
    enum ls_rc rc = find_format(s, snap, is_read, err);

    return rc == LS_OK && (snap->format->caps & LS_CAP_RECOGNISE_ONLY) != 0 ? refuse_recognised(s, snap->format, err) : rc;
}

static void note_legacy(struct ls_snapshot *snap)
{
    if (snap->ledger.has_legacy)
        snap->legacy_note = ls_asprintf("a table schema_version of an older tool names %zu version%s and was not imported yet",
                                        snap->ledger.legacy_versions.n, snap->ledger.legacy_versions.n == 1 ? "" : "s");
}

static enum ls_dialect dialect_of(const struct ls_session *s)
{
    return s->dialect_rc == LS_OK || s->dialect_rc == LS_E_UNSUPPORTED ? s->dialect : LS_DIALECT_POSTGRES; /* a driver that this build has not */
}

/* What both sides together say, once folder and ledger are read. */
static void fill(struct ls_session *s, struct ls_snapshot *snap)
{
    if (snap->has_db && s->is_stand_in)
        snap->ledger.is_writable = !s->p.read_only;
    if (snap->n_detected > 0 && snap->detected[0].format == snap->format)
        snap->detected[0].detect.n_migrations = snap->migrations.m.n;
    ls_timeline_build(&snap->migrations, &snap->ledger, snap->format->rules, &snap->timeline);
    note_legacy(snap);
    ls_delegate_find(s, snap);
}

static enum ls_rc scan_and_fill(struct ls_session *s, struct ls_snapshot *snap, struct ls_err *err)
{
    enum ls_rc rc = snap->format->scan(s->p.migrations_dir, dialect_of(s), false, &snap->migrations, err);

    if (rc != LS_OK)
        return wrap_folder(s, rc, err);
    if (snap->has_db)
        rc = snap->format->ledger_read(s->db, &s->opts, &snap->ledger, err);
    if (rc == LS_OK)
        fill(s, snap);
    return rc;
}

/* The ledger while the folder is still being read. Of two errors the folder's is told: it is the first that is looked for, and the more likely slip. */
static enum ls_rc read_and_fill(struct ls_session *s, struct ls_snapshot *snap, struct scan_ahead *ahead, bool is_read, struct ls_err *err)
{
    struct ls_err ledger_err = LS_ERR_INIT;
    enum ls_rc ledger_rc = is_read ? LS_OK : snap->format->ledger_read(s->db, &s->opts, &snap->ledger, &ledger_err);
    enum ls_rc rc = wrap_folder(s, scan_ahead_take(ahead, snap->format, &snap->migrations, err), err);

    if (rc == LS_OK && ledger_rc != LS_OK) {
        rc = ledger_rc;
        if (err != NULL)
            ls_err_move(err, &ledger_err);
    }
    if (rc == LS_OK)
        fill(s, snap);
    ls_err_release(&ledger_err);
    return rc;
}

static enum ls_rc finish(struct ls_snapshot *snap, enum ls_rc rc, struct ls_snapshot **out)
{
    *out = rc == LS_OK ? snap : NULL;
    if (rc != LS_OK)
        ls_snapshot_free(snap);
    return rc;
}

static enum ls_rc read_once(struct ls_session *s, struct ls_snapshot **out, struct ls_err *err)
{
    struct ls_snapshot *snap = new_snapshot(s);
    const struct ls_format *named = s->p.format != NULL ? s->p.format : ls_format_find(s->p.format_name);
    struct scan_ahead ahead;
    bool is_read = false;
    enum ls_rc rc;

    /* What is waited for is the server, and that is the time to read the folder in. */
    ls_db_preload(dialect_of(s));
    /* Not named: in our own format, which has the most to read. When the ledger turns out to be another tool's, that was in vain. */
    scan_ahead_start(&ahead, s->p.migrations_dir, dialect_of(s), named != NULL && named->scan != NULL ? named : &ls_format_lockstep);
    rc = ls_session_connect_to_read(s, err);
    if (rc == LS_OK) {
        snap->has_db = true;
        copy_info(snap, s);
        rc = choose_format(s, snap, &is_read, err);
    }
    if (rc == LS_OK)
        rc = read_and_fill(s, snap, &ahead, is_read, err);
    else
        scan_ahead_drop(&ahead);
    if (rc == LS_E_CANCELLED)
        ls_session_clear_cancel(s); /* it has had its effect, and is not meant for the next run */
    return finish(snap, rc, out);
}

/* A connection that was made earlier may have ended meanwhile, as with a restart of the server, and that shows at its first use. */
enum ls_rc ls_session_snapshot(struct ls_session *s, struct ls_snapshot **out, struct ls_err *err)
{
    bool is_old = s->db != NULL;
    struct ls_err lost = LS_ERR_INIT;
    enum ls_rc rc = read_once(s, out, is_old ? &lost : err);

    if (is_old && rc == LS_E_CONNECT && !ls_session_cancelled(s))
        rc = read_once(s, out, err);
    else if (is_old && rc != LS_OK && err != NULL)
        ls_err_move(err, &lost);
    ls_err_release(&lost);
    return rc;
}

enum ls_rc ls_session_snapshot_as(struct ls_session *s, const struct ls_format *format, struct ls_snapshot **out, struct ls_err *err)
{
    struct ls_snapshot *snap = new_snapshot(s);

    snap->has_db = true;
    snap->format = format;
    copy_info(snap, s);
    return finish(snap, scan_and_fill(s, snap, err), out);
}

enum ls_rc ls_session_scan(struct ls_session *s, struct ls_snapshot **out, struct ls_err *err)
{
    struct ls_snapshot *snap = new_snapshot(s);
    enum ls_rc rc = named_format(s, &snap->format, err);

    if (rc == LS_OK && snap->format == NULL) {
        rc = detect_by_folder(s, snap, false, err);
        note_guess(snap);
    }
    if (rc == LS_OK && (snap->format->caps & LS_CAP_RECOGNISE_ONLY) != 0)
        rc = refuse_recognised(s, snap->format, err);
    if (rc == LS_OK)
        rc = scan_and_fill(s, snap, err);
    return finish(snap, rc, out);
}
