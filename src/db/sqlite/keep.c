/* The rollback journal of a run that commits many small transactions.
 *
 * SQLite's journal_mode DELETE makes and removes a file for each transaction: the disk is told about a new file, its folder and a file that is gone
 * each time, and the removal itself is not waited for: a power cut may bring the journal back, and take the last transaction away. PERSIST overwrites
 * the head of the file with zeros instead, and waits for that (so a commit is as safe as with synchronous=EXTRA), but syncs the folder again and again:
 * whenever it opens a journal that it might be making. Here that is spared where it is known to be for nothing: the file is the one that this
 * connection has made, under the write lock, and whose folder it has synced then. That leaves four syncs for a transaction, as many as DELETE has, all
 * but one of them of bytes that are overwritten in place.
 *
 * Who reads or writes beside us notices nothing: a journal whose head is zeros is one that nobody needs, and a writer in DELETE mode may remove it. */
#include <config.h>

#include "db/sqlite/lite_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/mem.h"

/* A larger journal is cut to so much when its transaction ends. */
#define KEEP_SQL "PRAGMA main.journal_size_limit=4194304; PRAGMA main.journal_mode=PERSIST"

struct lite_keep {
    sqlite3_vfs vfs; /* first: SQLite hands it back to open_file(). The usual one, but for that */
    sqlite3_vfs *usual;
    char name[40];
    char *journal; /* its path, as SQLite writes it; NULL: nothing is kept */
    int fd;        /* held open on the journal that we made, so that its number cannot become another file's; -1: none */
};

static bool is_held(const struct lite_keep *k)
{
    struct stat there, ours;

    return k->fd >= 0 && lstat(k->journal, &there) == 0 && fstat(k->fd, &ours) == 0 && there.st_ino == ours.st_ino && there.st_dev == ours.st_dev;
}

static void let_go(struct lite_keep *k)
{
    if (k->fd >= 0)
        close(k->fd); /* no database file: closing it drops no lock of SQLite's */
    k->fd = -1;
}

/* The journal has just been opened, or made, under the write lock: nobody else may remove it now. Where its folder cannot be synced, SQLite goes on doing
 * so itself. */
static void hold(struct lite_keep *k)
{
    const char *slash = strrchr(k->journal, '/');
    char *folder = slash ? ls_strndup(k->journal, slash == k->journal ? 1 : (size_t)(slash - k->journal)) : ls_strdup(".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    let_go(k);
    k->fd = open(k->journal, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fsync(fd) != 0)
        let_go(k);
    if (fd >= 0)
        close(fd);
    free(folder);
}

/* SQLite syncs the folder of a journal that it opens with leave to make it. */
static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
    struct lite_keep *k = (struct lite_keep *)vfs;
    bool is_ours = k->journal && path && (flags & SQLITE_OPEN_MAIN_JOURNAL) && (flags & SQLITE_OPEN_CREATE) && !strcmp(path, k->journal);
    int code;

    if (is_ours && is_held(k))
        return k->usual->xOpen(k->usual, path, file, flags & ~SQLITE_OPEN_CREATE, out_flags);
    code = k->usual->xOpen(k->usual, path, file, flags, out_flags);
    if (is_ours && code == SQLITE_OK)
        hold(k);
    return code;
}

struct lite_keep *lite_keep_new(void)
{
    sqlite3_vfs *usual = sqlite3_vfs_find(NULL);
    struct lite_keep *k;

    if (!usual)
        return NULL;
    k = ls_calloc(1, sizeof(*k));
    k->usual = usual;
    k->vfs = *usual;
    k->vfs.pNext = NULL;
    k->vfs.xOpen = open_file;
    k->vfs.zName = k->name;
    k->fd = -1;
    snprintf(k->name, sizeof(k->name), "lockstep-%p", (void *)k);
    if (sqlite3_vfs_register(&k->vfs, 0) == SQLITE_OK)
        return k;
    free(k);
    return NULL;
}

const char *lite_keep_vfs(const struct lite_keep *k)
{
    return k ? k->name : NULL;
}

void lite_keep_free(struct lite_keep *k)
{
    if (!k)
        return;
    sqlite3_vfs_unregister(&k->vfs);
    let_go(k);
    free(k->journal);
    free(k);
}

static bool mode_is(struct lite *c, const char *mode)
{
    sqlite3_stmt *stmt = NULL;
    bool is_it = sqlite3_prepare_v2(c->h, "PRAGMA main.journal_mode", -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW &&
                 !strcmp((const char *)sqlite3_column_text(stmt, 0), mode);

    sqlite3_finalize(stmt);
    return is_it;
}

void lite_keep_journal(struct ls_db *db)
{
    struct lite *c = lite_of(db);
    const char *path = sqlite3_db_filename(c->h, "main");

    lite_call_begin(c);
    if (!c->keep || c->keep->journal || db->info.is_read_only || !path || !*path || !sqlite3_get_autocommit(c->h) || !mode_is(c, "delete"))
        return;
    if (sqlite3_exec(c->h, KEEP_SQL, NULL, NULL, NULL) == SQLITE_OK && mode_is(c, "persist"))
        c->keep->journal = ls_asprintf("%s-journal", path);
}

/* Going back to DELETE removes the file, unless another process is writing: then the journal is that one's. */
void lite_keep_end(struct lite *c)
{
    if (!c->keep || !c->keep->journal)
        return;
    sqlite3_busy_handler(c->h, NULL, NULL); /* it is being closed: nobody is asked any more, and nothing waited for */
    sqlite3_progress_handler(c->h, 0, NULL, NULL);
    if (!sqlite3_get_autocommit(c->h))
        sqlite3_exec(c->h, "ROLLBACK", NULL, NULL, NULL);
    if (mode_is(c, "persist")) /* a migration may have made it WAL */
        sqlite3_exec(c->h, "PRAGMA main.journal_mode=DELETE", NULL, NULL, NULL);
}
