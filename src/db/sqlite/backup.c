#include <config.h>

#include "db/sqlite/lite_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/mem.h"

#define STEP_PAGES   1024
#define MAX_RESTARTS 3

static enum ls_rc create_new(const char *path, struct ls_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return ls_err_sys(err, "cannot create %s", path);
    close(fd);
    return LS_OK;
}

/* After SQLite has closed it: closing a second descriptor earlier would drop its locks. */
static enum ls_rc sync_path(const char *path, int flags, struct ls_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    enum ls_rc rc = LS_OK;

    if (fd < 0 || fsync(fd) != 0)
        rc = ls_err_sys(err, "cannot write %s to the disk", path);
    if (fd >= 0)
        close(fd);
    return rc;
}

static enum ls_rc sync_all(const char *path, struct ls_err *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? ls_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : ls_strdup(".");
    enum ls_rc rc = sync_path(path, 0, err);

    if (rc == LS_OK)
        rc = sync_path(folder, O_DIRECTORY, err);
    free(folder);
    return rc;
}

/* Pages that another process changes make the API start over. With a read transaction held the source cannot change: that costs
 * nothing in WAL mode; in the other modes it keeps writers out, so there it is done only after some restarts. */
static int hold_source(struct lite *c)
{
    int code = sqlite3_exec(c->h, "BEGIN", NULL, NULL, NULL);

    return code == SQLITE_OK ? sqlite3_exec(c->h, "SELECT 1 FROM main.sqlite_schema LIMIT 1", NULL, NULL, NULL) : code;
}

static enum ls_rc copy(struct lite *c, sqlite3 *dest, ls_progress_fn progress, void *ctx, struct ls_err *err)
{
    sqlite3_backup *b = sqlite3_backup_init(dest, "main", c->h, "main");
    int code = SQLITE_OK, restarts = 0, last_left = -1;
    bool is_held = false, is_stopped = false;
    enum ls_rc rc;

    if (!b)
        return ls_err_set(err, LS_E_IO, "the backup cannot begin: %s", sqlite3_errmsg(dest));
    if (!strcmp(c->db.info.journal_mode, "wal")) {
        code = hold_source(c);
        is_held = true;
    }
    while (code == SQLITE_OK && !is_stopped) {
        code = sqlite3_backup_step(b, STEP_PAGES);

        int left = sqlite3_backup_remaining(b), total = sqlite3_backup_pagecount(b);

        is_stopped = (progress && !progress(ctx, total - left, total)) || ls_db_tick(&c->db, &c->last_tick);
        if (code == SQLITE_OK && last_left >= 0 && left >= last_left && ++restarts >= MAX_RESTARTS && !is_held) {
            code = hold_source(c);
            is_held = true;
        }
        last_left = left;
    }
    is_stopped = is_stopped && code != SQLITE_DONE;
    if (code != SQLITE_DONE && code != SQLITE_OK && !is_stopped) {
        /* The error is the destination's or the source's: the message that fits the code is the one to show. */
        rc = ls_err_set(err, lite_rc(c, code), "the backup stopped: %s (SQLite code %d)",
                        sqlite3_extended_errcode(dest) == code ? sqlite3_errmsg(dest) : sqlite3_errstr(code), code);
    } else {
        rc = is_stopped ? ls_err_set(err, LS_E_CANCELLED, "the backup was cancelled; its file is removed") : LS_OK;
    }
    sqlite3_backup_finish(b);
    if (is_held && !sqlite3_get_autocommit(c->h))
        sqlite3_exec(c->h, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

enum ls_rc lite_backup(struct ls_db *db, const char *path, ls_progress_fn progress, void *ctx, struct ls_err *err)
{
    struct lite *c = lite_of(db);
    sqlite3 *dest = NULL;
    enum ls_rc rc;

    lite_call_begin(c);
    if (!sqlite3_get_autocommit(c->h))
        return ls_err_set(err, LS_E_BUSY, "a transaction is open: finish it before the backup");
    rc = create_new(path, err);
    if (rc != LS_OK)
        return rc; /* whatever is there is not ours to remove */
    if (sqlite3_open_v2(path, &dest, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        rc = ls_err_set(err, LS_E_IO, "cannot open %s: %s", path, dest ? sqlite3_errmsg(dest) : "out of memory");
    if (rc == LS_OK) {
        sqlite3_extended_result_codes(dest, 1);
        /* A file that is only kept when it is whole needs no journal; it is synced once, at the end. */
        sqlite3_exec(dest, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF", NULL, NULL, NULL);
        rc = copy(c, dest, progress, ctx, err);
    }
    if (sqlite3_close(dest) != SQLITE_OK && rc == LS_OK)
        rc = ls_err_set(err, LS_E_IO, "cannot close %s", path);
    if (rc == LS_OK)
        rc = sync_all(path, err);
    if (rc != LS_OK)
        unlink(path);
    return rc;
}
