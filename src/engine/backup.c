#include <config.h>

#include "engine/backup_priv.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/fault.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

enum { MAX_SLUG = 60, MAX_SAME_SECOND = 100 };

void bk_phase_begin(struct bk_job *j, const char *phase)
{
    j->phase = phase;
    j->phase_began_ms = ls_mono_ms();
    bk_progress(j, 0, 0);
}

void bk_phase_end(struct bk_job *j)
{
    struct bk_phase *p;

    if (j->manifest == NULL)
        return;
    p = LS_VEC_PUSH(&j->manifest->phases);
    p->name = j->phase;
    p->ms = ls_mono_ms() - j->phase_began_ms;
}

bool bk_progress(struct bk_job *j, int64_t done, int64_t total)
{
    const struct ls_run_hooks *h = j->hooks;
    struct ls_event ev = {.kind = LS_EV_PROGRESS, .step = -1, .op = -1, .rows = -1, .done = done, .total = total, .text = j->phase};

    ev.elapsed_us = (ls_mono_ms() - j->phase_began_ms) * 1000;
    if (h != NULL && h->on_event != NULL)
        h->on_event(h->ctx, &ev);
    if (h != NULL && h->gate != NULL && h->gate(h->ctx, NULL, -1, -1) == LS_GATE_STOP)
        j->cancelled = true;
    if (j->session != NULL && ls_session_cancelled(j->session))
        j->cancelled = true;
    return !j->cancelled;
}

enum ls_rc bk_check_cancelled(struct bk_job *j, struct ls_err *err)
{
    return j->cancelled ? ls_err_set(err, LS_E_CANCELLED, "the backup was stopped") : LS_OK;
}

/* A part of a folder's name: letters, digits and '_' only, so that '-' parts it from the next. */
static void add_slug(struct ls_buf *out, const char *text)
{
    size_t start = out->len;

    for (const char *p = text; *p != '\0' && out->len - start < MAX_SLUG; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_';

        if (plain)
            ls_buf_addc(out, *p);
        else if (out->len > start && out->ptr[out->len - 1] != '_')
            ls_buf_addc(out, '_');
    }
    if (out->len == start)
        ls_buf_addc(out, '_');
}

/* The file's name without folder and suffix, or the database's name. */
static char *target_name(const struct ls_db_info *info)
{
    const char *base = info->database, *dot;

    if (info->dialect != LS_DIALECT_SQLITE)
        return ls_strdup(base);
    base = ls_path_base(base);
    dot = strrchr(base, '.');
    return dot != NULL && dot > base ? ls_strndup(base, (size_t)(dot - base)) : ls_strdup(base);
}

/* Part of what a backup is of: two files of one name in two folders are two targets. */
static char *host_name(const struct ls_db_info *info)
{
    char *folder, *resolved;

    if (info->dialect != LS_DIALECT_SQLITE)
        return ls_strdup(info->host != NULL ? info->host : "");
    folder = ls_strndup(info->database, (size_t)(ls_path_base(info->database) - info->database));
    resolved = realpath(folder[0] != '\0' ? folder : ".", NULL);
    if (resolved == NULL)
        return folder;
    free(folder);
    return resolved;
}

/* Where the ledger stands. A folder or ledger that cannot be read is no reason to go without a backup; a lost connection is. */
static enum ls_rc read_version(struct ls_session *s, struct bk_manifest *m, struct ls_err *err)
{
    struct ls_snapshot *snap = NULL;
    struct ls_err why = LS_ERR_INIT;
    enum ls_rc rc = ls_session_snapshot(s, &snap, &why);

    m->version = "unknown";
    if (rc == LS_E_CONNECT || rc == LS_E_AUTH || rc == LS_E_CANCELLED) {
        ls_err_move(err, &why);
        return rc;
    }
    if (rc == LS_OK) {
        const struct ls_timeline *t = &snap->timeline;

        m->version = t->newest_applied >= 0 ? ls_arena_str(m->arena, t->e.v[t->newest_applied].label) : "none";
        if (snap->ledger.dirty)
            m->version = ls_arena_printf(m->arena, "%s dirty", m->version);
        m->format = snap->format != NULL ? snap->format->name : "";
        m->ledger = snap->ledger.location != NULL ? ls_arena_str(m->arena, snap->ledger.location) : "";
    }
    ls_err_release(&why);
    ls_snapshot_free(snap);
    return ls_session_db(s) != NULL ? LS_OK : ls_session_connect(s, err);
}

static enum ls_rc describe(struct ls_session *s, struct bk_manifest *m, struct ls_err *err)
{
    const struct ls_db_info *info;
    char now[LS_ISO_LEN], *target, *host;
    enum ls_rc rc = ls_session_connect(s, err);

    if (rc == LS_OK)
        rc = read_version(s, m, err);
    if (rc != LS_OK)
        return rc;
    info = ls_db_info(ls_session_db(s));
    ls_iso_utc(ls_wall_us(), now);
    target = target_name(info);
    host = host_name(info);
    m->target = ls_arena_str(m->arena, target);
    m->host = ls_arena_str(m->arena, host);
    m->dialect = ls_dialect_name(info->dialect);
    m->server = ls_arena_str(m->arena, info->server);
    m->created_at = ls_arena_str(m->arena, now);
    free(target);
    free(host);
    return LS_OK;
}

/* Makes DIR/<target>-<version>-<stamp>.partial; a second backup within a second gets "-2". */
static enum ls_rc make_folder(const char *dir, const struct bk_manifest *m, char **final, char **partial, struct ls_err *err)
{
    struct ls_buf name = LS_BUF_INIT;
    char stamp[LS_ISO_LEN];
    enum ls_rc rc = ls_mkdir_p(dir, 0700, err);

    ls_stamp_utc(ls_wall_us(), stamp);
    for (int i = 1; rc == LS_OK; i++) {
        ls_buf_clear(&name);
        add_slug(&name, m->target);
        ls_buf_addc(&name, '-');
        add_slug(&name, m->version);
        ls_buf_addf(&name, "-%s", stamp);
        if (i > 1)
            ls_buf_addf(&name, "-%d", i);
        *final = ls_path_join(dir, name.ptr);
        *partial = ls_asprintf("%s" BK_PARTIAL, *final);
        errno = EEXIST;
        if (!ls_path_exists(*final) && mkdir(*partial, 0700) == 0)
            break;
        if (i >= MAX_SAME_SECOND || errno != EEXIST)
            rc = ls_err_sys(err, "%s: make folder", *partial);
        free(*final);
        free(*partial);
        *final = *partial = NULL;
    }
    ls_buf_release(&name);
    return rc;
}

static enum ls_rc finish(const char *dir, const char *final, const char *partial, const struct bk_manifest *m, struct ls_err *err)
{
    enum ls_rc rc;

    LS_FAULT("backup-before-manifest");
    rc = bk_manifest_write(m, partial, err);
    if (rc != LS_OK)
        return rc;
    LS_FAULT("backup-before-rename");
    if (rename(partial, final) != 0)
        return ls_err_sys(err, "%s: rename to %s", partial, ls_path_base(final));
    LS_FAULT("backup-renamed");
    return bk_sync_folder(dir, err);
}

static void to_result(const struct bk_manifest *m, const char *final, struct ls_backups *out)
{
    struct ls_backup *b;

    *out = (struct ls_backups){.arena = ls_arena_new()};
    b = LS_VEC_PUSH(&out->b);
    b->name = ls_arena_str(out->arena, ls_path_base(final));
    b->path = ls_arena_str(out->arena, final);
    b->target = ls_arena_str(out->arena, m->target);
    b->host = ls_arena_str(out->arena, m->host);
    b->dialect = ls_arena_str(out->arena, m->dialect);
    b->server = ls_arena_str(out->arena, m->server);
    b->version = ls_arena_str(out->arena, m->version);
    b->created_at = ls_arena_str(out->arena, m->created_at);
    b->state = ls_arena_str(out->arena, m->states.n > 0 ? m->states.v[m->states.n - 1].state : "written");
    b->sha256 = ls_arena_str(out->arena, m->sha256);
    b->size = m->size;
    b->is_complete = true;
}

/* After any failure: nothing that looks complete. What cannot be removed keeps its name, which ends in ".partial". */
static void clear_away(const char *partial, struct ls_err *err)
{
    struct ls_err why = LS_ERR_INIT;

    if (partial == NULL || !ls_path_exists(partial))
        return;
    if (ls_remove_tree(partial, &why) != LS_OK)
        ls_err_detail(err, "The unfinished backup could not be removed and is still there: %s", why.message);
    ls_err_release(&why);
}

enum ls_rc ls_backup_create(struct ls_session *s, const struct ls_backup_options *opt, const struct ls_run_hooks *hooks,
                            struct ls_backups *out, struct ls_err *err)
{
    static const struct ls_backup_options usual;
    const char *dir = ls_session_params(s)->backup_dir != NULL ? ls_session_params(s)->backup_dir : "backups";
    struct bk_manifest m;
    struct bk_job j = {.session = s, .hooks = hooks, .manifest = &m};
    char *final = NULL, *partial = NULL;
    enum ls_rc rc;

    opt = opt != NULL ? opt : &usual;
    *out = (struct ls_backups){0};
    bk_manifest_init(&m);
    ls_session_clear_cancel(s);
    rc = describe(s, &m, err);
    if (rc == LS_OK)
        rc = make_folder(dir, &m, &final, &partial, err);
    if (rc == LS_OK)
        rc = bk_copy(&j, opt, partial, &m, err);
    LS_FAULT("backup-copied");
    if (rc == LS_OK)
        rc = bk_seal(&j, partial, &m, err);
    if (rc == LS_OK)
        bk_manifest_state(&m, "written");
    if (rc == LS_OK && !opt->skip_readback) {
        rc = bk_read_back(&j, opt, partial, &m, err);
        if (rc == LS_OK)
            bk_manifest_state(&m, "read back");
    }
    if (rc == LS_OK)
        rc = bk_check_cancelled(&j, err);
    if (rc == LS_OK)
        rc = finish(dir, final, partial, &m, err);
    if (rc == LS_OK)
        to_result(&m, final, out);
    else
        clear_away(partial, err);
    bk_manifest_release(&m);
    free(final);
    free(partial);
    return rc;
}
