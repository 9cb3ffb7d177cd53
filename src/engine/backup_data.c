#include <config.h>

#include "engine/backup_priv.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/child.h"
#include "engine/tools.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"

/* What no dump of one database holds, or holds only in part (reliability.md 5.5). */
static const char *const pg_not_included[] = {
    "roles, their passwords and memberships (pg_dumpall --globals-only has them)",
    "tablespaces; restore with --no-tablespaces where they do not exist",
    "settings of the database and of roles in it (ALTER DATABASE ... SET): pg_restore --create brings back the database's alone",
    "replication slots and the position of subscriptions (subscriptions come back disabled)",
    "statistics of the planner (run ANALYZE after a restore)",
    "sequences are read after the tables' snapshot: their values may be a little newer than the rows",
};
static const char *const sqlite_not_included[] = {
    "databases that are attached to this one at run time",
    "files that the database only points at",
};

/* A dump is compressed text; below a tenth of the tables' size it cannot fit, above that it may. */
enum { DUMP_MIN_FRACTION = 10, SPACE_RESERVE = 4 * 1024 * 1024, SIZE_EVERY_MS = 500, LOCK_WAIT_MS = 60000 };

static void add_not_included(struct bk_manifest *m, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *LS_VEC_PUSH(&m->not_included) = list[i];
}

static enum ls_rc check_space(const char *folder, int64_t need, struct ls_err *err)
{
    char have_text[LS_ISO_LEN], need_text[LS_ISO_LEN], reserve_text[LS_ISO_LEN];
    struct statvfs v;
    int64_t have;
    enum ls_rc rc;

    if (statvfs(folder, &v) != 0)
        return ls_err_sys(err, "%s: free space", folder);
    have = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
    if (have >= need + SPACE_RESERVE)
        return LS_OK;
    ls_size_text(have, have_text);
    ls_size_text(need, need_text);
    ls_size_text(SPACE_RESERVE, reserve_text);
    rc = ls_err_set(err, LS_E_IO, "%s: %s are free, and the backup needs %s at least, with %s to spare; nothing was written", folder, have_text,
                    need_text, reserve_text);
    ls_err_hint(err, "Free some space, prune old backups, or name another folder for backups.");
    return rc;
}

/* --- SQLite -------------------------------------------------------------------------------------------------------------- */

static bool on_pages(void *ctx, int64_t done, int64_t total)
{
    return bk_progress(ctx, done, total);
}

static bool on_wait(void *ctx)
{
    struct bk_job *j = ctx;

    return bk_progress(j, ls_mono_ms() - j->phase_began_ms, 0);
}

static enum ls_rc sqlite_size(struct ls_db *db, int64_t *bytes, struct ls_err *err)
{
    struct ls_result pages, size;
    enum ls_rc rc = ls_db_query(db, "PRAGMA page_count", NULL, 0, &pages, err);

    if (rc != LS_OK)
        return rc;
    rc = ls_db_query(db, "PRAGMA page_size", NULL, 0, &size, err);
    if (rc == LS_OK && pages.n_rows == 1 && size.n_rows == 1)
        *bytes = strtoll(ls_result_get(&pages, 0, 0), NULL, 10) * strtoll(ls_result_get(&size, 0, 0), NULL, 10);
    ls_result_release(&pages);
    ls_result_release(&size);
    return rc;
}

static enum ls_rc sqlite_copy(struct bk_job *j, const char *folder, struct bk_manifest *m, struct ls_err *err)
{
    struct ls_db *db = ls_session_db(j->session);
    char *path = ls_path_join(folder, BK_SQLITE_FILE);
    int64_t need = 0;
    enum ls_rc rc = sqlite_size(db, &need, err);

    if (rc == LS_OK)
        rc = check_space(folder, need, err);
    if (rc == LS_OK) {
        bk_phase_begin(j, "copy");
        rc = ls_db_sqlite_backup(db, path, on_pages, j, err);
        bk_phase_end(j);
    }
    m->tool = ls_arena_printf(m->arena, "%s online backup", ls_db_info(db)->server);
    m->tool_version = ls_db_info(db)->server_version;
    add_not_included(m, sqlite_not_included, LS_ARRAY_LEN(sqlite_not_included));
    free(path);
    return rc;
}

static enum ls_rc sqlite_read_back(struct bk_job *j, const char *folder, struct ls_err *err)
{
    char *path = ls_path_join(folder, BK_SQLITE_FILE);
    char *url = ls_asprintf("%s%s", path[0] == '/' ? "" : "./",
                            path); /* a path by itself is taken as it is; "sqlite:" would read a '?' in it */
    struct ls_db_params params = {.url = url, .read_only = true, .is_at_rest = true, .on_wait = on_wait, .ctx = j};
    struct ls_result r = {0};
    struct ls_db *db = NULL;
    enum ls_rc rc;

    bk_phase_begin(j, "integrity check");
    rc = ls_db_open(&params, &db, err);
    if (rc == LS_OK)
        rc = ls_db_query(db, "PRAGMA integrity_check(20)", NULL, 0, &r, err);
    if (rc == LS_OK && (r.n_rows != 1 || strcmp(ls_result_get(&r, 0, 0) != NULL ? ls_result_get(&r, 0, 0) : "", "ok") != 0)) {
        rc = ls_err_set(err, LS_E_DRIFT, "%s: integrity check: %s", path, r.n_rows > 0 ? ls_result_get(&r, 0, 0) : "no answer");
        for (size_t i = 1; i < r.n_rows; i++)
            ls_err_detail(err, "%s", ls_result_get(&r, i, 0));
    } else if (rc != LS_OK && rc != LS_E_CANCELLED) {
        ls_err_wrap(err, "%s: integrity check", path);
    }
    ls_result_release(&r);
    ls_db_close(db);
    bk_phase_end(j);
    free(url);
    free(path);
    return rc;
}

/* --- PostgreSQL ---------------------------------------------------------------------------------------------------------- */

struct pg_watch {
    struct bk_job *job;
    const char *folder;       /* whose size is watched, or NULL */
    const char *marker;       /* text that names the next table in the program's own words */
    int64_t n_tables, n_seen; /* n_tables 0 = not known */
    int64_t total, size;      /* bytes of the tables; bytes in the folder */
    int64_t size_at_ms;
};

static void on_pg_line(void *ctx, const char *line)
{
    struct pg_watch *w = ctx;

    if (strstr(line, w->marker) != NULL)
        w->n_seen++;
}

static bool on_pg_tick(void *ctx)
{
    struct pg_watch *w = ctx;
    int64_t by_table = 0;

    if (w->folder != NULL && ls_mono_ms() - w->size_at_ms >= SIZE_EVERY_MS) {
        w->size = bk_folder_size(w->folder);
        w->size_at_ms = ls_mono_ms();
    }
    if (w->n_tables > 0 && w->n_seen > 0)
        by_table = (int64_t)((double)w->total * (double)(w->n_seen - 1) / (double)w->n_tables);
    if (by_table < w->size)
        by_table = w->size;
    return bk_progress(w->job, by_table < w->total ? by_table : w->total, w->total);
}

/* Sizes only guide the progress and the check of the space; a database that cannot tell them is backed up without. */
static void pg_sizes(struct ls_db *db, struct pg_watch *w)
{
    static const char sql[] =
        "SELECT count(*), coalesce(sum(pg_catalog.pg_table_size(c.oid)), 0) FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'";
    struct ls_result r;

    if (ls_db_query(db, sql, NULL, 0, &r, NULL) != LS_OK)
        return;
    if (r.n_rows == 1) {
        w->n_tables = strtoll(ls_result_get(&r, 0, 0), NULL, 10);
        w->total = strtoll(ls_result_get(&r, 0, 1), NULL, 10);
    }
    ls_result_release(&r);
}

/* One line for libpq's password file: any host, port, database and user, because the keyword string says which. */
static enum ls_rc passfile_line(const struct ls_buf *password, struct ls_buf *out, struct ls_err *err)
{
    if (memchr(password->ptr, '\n', password->len) != NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "a password with a line break cannot be handed to pg_dump");
    ls_buf_reserve(out, 2 * password->len + 16); /* no copy of it stays behind in memory given back */
    ls_buf_adds(out, "*:*:*:*:");
    for (size_t i = 0; i < password->len; i++) {
        if (password->ptr[i] == ':' || password->ptr[i] == '\\')
            ls_buf_addc(out, '\\');
        ls_buf_addc(out, password->ptr[i]);
    }
    ls_buf_addc(out, '\n');
    return LS_OK;
}

static void wipe(struct ls_buf *b)
{
    if (b->cap > 0)
        ls_wipe(b->ptr, b->cap);
    ls_buf_release(b);
}

static void explain_dump(const struct ls_child_result *r, struct ls_err *err)
{
    if (strstr(r->tail.ptr, "statement timeout") != NULL || strstr(r->tail.ptr, "lock timeout") != NULL)
        ls_err_hint(err, "A table stayed locked by another session for %d s. Try again when that session is done.",
                    LOCK_WAIT_MS / 1000);
    else if (strstr(r->tail.ptr, "No space left") != NULL)
        ls_err_hint(err, "The disk is full. Free some space, prune old backups, or name another folder for backups.");
    else if (strstr(r->tail.ptr, "permission denied") != NULL)
        ls_err_hint(err, "A backup needs the right to read every table (the role pg_read_all_data has it).");
}

static enum ls_rc pg_run_dump(struct bk_job *j, const struct ls_tool *tool, int jobs, const char *folder, struct pg_watch *w,
                              struct ls_err *err)
{
    struct ls_buf conninfo = LS_BUF_INIT, password = LS_BUF_INIT, passfile = LS_BUF_INIT;
    char jobs_text[16], wait_text[48];
    const char *const env[] = {"PGPASSFILE=" LS_CHILD_SECRET_PATH, NULL};
    struct ls_child_result r = {.out = LS_BUF_INIT, .tail = LS_BUF_INIT};
    enum ls_rc rc = ls_db_child_conninfo(ls_session_db(j->session), &conninfo, &password, err);

    if (rc == LS_OK && password.len > 0)
        rc = passfile_line(&password, &passfile, err);
    if (rc == LS_OK) {
        const char *const argv[] = {"pg_dump", "-Fd", "-j",   jobs_text, "--no-password", "--verbose",
                                    wait_text, "-f",  folder, "-d",      conninfo.ptr,    NULL};
        struct ls_child c = {.path = tool->path, .argv = argv, .on_tick = on_pg_tick, .on_line = on_pg_line, .ctx = w};

        snprintf(jobs_text, sizeof jobs_text, "%d", jobs);
        snprintf(wait_text, sizeof wait_text, "--lock-wait-timeout=%d", LOCK_WAIT_MS);
        if (password.len > 0) {
            c.secret = passfile.ptr;
            c.env = env;
        }
        rc = ls_child_run(&c, &r, err);
        if (rc == LS_E_IO)
            explain_dump(&r, err);
    }
    ls_child_result_release(&r);
    wipe(&passfile);
    wipe(&password);
    ls_buf_release(&conninfo);
    return rc;
}

static enum ls_rc pg_copy(struct bk_job *j, const struct ls_backup_options *opt, const char *folder, struct bk_manifest *m,
                          struct ls_err *err)
{
    struct ls_db *db = ls_session_db(j->session);
    struct pg_watch w = {.job = j, .marker = "dumping contents of table "};
    struct ls_tool tool;
    char *dump = NULL;
    enum ls_rc rc = ls_tool_find("pg_dump", opt->pg_dump, NULL, ls_db_info(db)->server_version, &tool, err);

    if (rc != LS_OK)
        return rc;
    m->tool = ls_arena_str(m->arena, tool.says);
    m->tool_version = tool.version;
    add_not_included(m, pg_not_included, LS_ARRAY_LEN(pg_not_included));
    pg_sizes(db, &w);
    rc = check_space(folder, w.total / DUMP_MIN_FRACTION, err);
    if (rc == LS_OK) {
        dump = ls_path_join(folder, BK_PG_FOLDER);
        w.folder = dump;
        bk_phase_begin(j, "dump");
        rc = pg_run_dump(j, &tool, opt->jobs > 0 ? opt->jobs : 2, dump, &w, err);
        if (rc == LS_OK)
            bk_progress(j, w.total, w.total);
        bk_phase_end(j);
    }
    free(dump);
    ls_tool_release(&tool);
    return rc;
}

/* pg_restore --list reads the table of contents only; writing everything to nowhere reads every data file to its end
 * (reliability.md V17). */
static enum ls_rc pg_read_back(struct bk_job *j, const struct ls_backup_options *opt, const char *folder,
                               const struct bk_manifest *m, struct ls_err *err)
{
    struct pg_watch w = {.job = j, .marker = "processing data for table "};
    struct ls_child_result r = {.out = LS_BUF_INIT, .tail = LS_BUF_INIT};
    char *dump = ls_path_join(folder, BK_PG_FOLDER);
    struct ls_tool tool = {0};
    enum ls_rc rc = ls_tool_find("pg_restore", NULL, opt->pg_dump, m->tool_version, &tool, err);

    if (rc == LS_OK) {
        const char *const argv[] = {"pg_restore", "--verbose", "-f", "/dev/null", dump, NULL};
        struct ls_child c = {.path = tool.path, .argv = argv, .on_tick = on_pg_tick, .on_line = on_pg_line, .ctx = &w};

        w.total = bk_folder_size(dump);
        for (size_t i = 0; i < m->files.n; i++)
            w.n_tables += strstr(m->files.v[i].path, ".dat") != NULL && strstr(m->files.v[i].path, "toc.dat") == NULL;
        bk_phase_begin(j, "read back");
        rc = ls_child_run(&c, &r, err);
        if (rc == LS_E_IO && r.exit_code > 0 && err != NULL) {
            err->code = rc = LS_E_DRIFT; /* it ran, and could not read the archive */
            ls_err_wrap(err, "%s: reading it back", dump);
        } else if (rc == LS_OK) {
            bk_progress(j, w.total, w.total);
        }
        bk_phase_end(j);
    }
    ls_child_result_release(&r);
    ls_tool_release(&tool);
    free(dump);
    return rc;
}

/* --- both ---------------------------------------------------------------------------------------------------------------- */

static bool is_sqlite(const struct bk_manifest *m)
{
    return strcmp(m->dialect, ls_dialect_name(LS_DIALECT_SQLITE)) == 0;
}

enum ls_rc bk_copy(struct bk_job *j, const struct ls_backup_options *opt, const char *folder, struct bk_manifest *m,
                   struct ls_err *err)
{
    return is_sqlite(m) ? sqlite_copy(j, folder, m, err) : pg_copy(j, opt, folder, m, err);
}

enum ls_rc bk_read_back(struct bk_job *j, const struct ls_backup_options *opt, const char *folder, const struct bk_manifest *m,
                        struct ls_err *err)
{
    return is_sqlite(m) ? sqlite_read_back(j, folder, err) : pg_read_back(j, opt, folder, m, err);
}
