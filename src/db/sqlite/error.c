#include <config.h>

#include "db/sqlite/lite_internal.h"

/* First fit wins: the extended codes stand before the primary ones (https://sqlite.org/rescode.html). */
static const struct {
    int code;
    enum ls_rc rc;
    const char *hint;
} codes[] = {
    {SQLITE_BUSY_SNAPSHOT, LS_E_BUSY,
     "another connection has written since this transaction began to read: roll back and begin again"},
    {SQLITE_BUSY_RECOVERY, LS_E_BUSY, "another process is recovering the WAL after a crash: try again in a moment"},
    {SQLITE_BUSY, LS_E_BUSY, "another process uses the database: wait for it or end it, then run this again"},
    {SQLITE_LOCKED, LS_E_BUSY, "another statement of this connection is still running"},
    {SQLITE_READONLY_ROLLBACK, LS_E_RIGHTS,
     "a writer crashed and left a journal to roll back: open the database once with write access, to it and to its folder"},
    {SQLITE_READONLY_RECOVERY, LS_E_RIGHTS,
     "a writer crashed and left a WAL to recover: open the database once with write access, to it and to its folder"},
    {SQLITE_READONLY_CANTINIT, LS_E_RIGHTS,
     "reading a database in WAL mode needs its -shm file: open it once with write access to its folder"},
    {SQLITE_READONLY_CANTLOCK, LS_E_RIGHTS,
     "reading a database in WAL mode needs its -shm file: open it once with write access to its folder"},
    {SQLITE_READONLY_DBMOVED, LS_E_IO, "the file was moved or removed while it was open: open it again"},
    {SQLITE_READONLY_DIRECTORY, LS_E_RIGHTS, "the folder must be writable: SQLite keeps its journal beside the database"},
    {SQLITE_READONLY, LS_E_RIGHTS, "the database is open read-only, or its file or folder is not writable"},
    {SQLITE_PERM, LS_E_RIGHTS, NULL},
    {SQLITE_AUTH, LS_E_RIGHTS,
     "a scratch opens no other file (ATTACH, VACUUM INTO): apply the text to a database of its own, and compare with that one"},
    {SQLITE_FULL, LS_E_IO, "the disk is full: make room, then run this again"},
    {SQLITE_IOERR, LS_E_IO, "the operating system could not read or write the file: look at the disk before going on"},
    {SQLITE_NOMEM, LS_E_IO, NULL},
    {SQLITE_CANTOPEN, LS_E_IO, "check that the file and its folder may be read, and its folder written"},
    {SQLITE_CORRUPT, LS_E_INPUT,
     "the database file is damaged: restore a backup, or save what can be read with the sqlite3 shell's .recover"},
    {SQLITE_NOTADB, LS_E_INPUT, "this is not an SQLite database (or it is encrypted)"},
    {SQLITE_TOOBIG, LS_E_INPUT, NULL},
    {SQLITE_MISUSE, LS_E_INTERNAL, NULL},
};

static size_t find(int code)
{
    size_t i = 0;

    while (i < LS_ARRAY_LEN(codes) && codes[i].code != code)
        i++;
    return i < LS_ARRAY_LEN(codes) || code == (code & 0xff) ? i : find(code & 0xff);
}

enum ls_rc lite_rc(const struct lite *c, int code)
{
    size_t i = find(code);

    if ((code & 0xff) == SQLITE_INTERRUPT || ((code & 0xff) == SQLITE_BUSY && c->is_ended))
        return LS_E_CANCELLED;
    return i < LS_ARRAY_LEN(codes) ? codes[i].rc : LS_E_SQL;
}

enum ls_rc lite_err(struct lite *c, int code, struct ls_err *err)
{
    enum ls_rc rc = lite_rc(c, code);
    size_t i = find(code);

    if (rc == LS_E_CANCELLED)
        return ls_err_set(err, rc, "cancelled");
    if ((code & 0xff) == SQLITE_FULL)
        rc = ls_err_set(err, rc, "the disk is full (SQLite code %d)", code);
    else
        rc = ls_err_set(err, rc, "%s (SQLite code %d)", c->h ? sqlite3_errmsg(c->h) : sqlite3_errstr(code), code);
    if (i < LS_ARRAY_LEN(codes) && codes[i].hint)
        ls_err_hint(err, "%s", codes[i].hint);
    return rc;
}
