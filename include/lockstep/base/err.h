/* lockstep/base/err.h: one error value, owned by the caller, passed last, set once where the cause is known.
 *
 * A message names the thing and the place; the hint names the next step. On the way up, ls_err_wrap() puts the larger
 * thing in front ("migrations/0007_x.up.sql: ..."). Functions that fail return err->code, so `return ls_err_set(err, ...)`
 * reads well. Every function accepts err == NULL and then only returns the code. */
#ifndef LOCKSTEP_BASE_ERR_H
#define LOCKSTEP_BASE_ERR_H

#include "lockstep/base/base.h"

enum ls_rc {
    LS_OK = 0,
    LS_E_USAGE,       /* the call's words are wrong */
    LS_E_INPUT,       /* a file, folder, config or ledger holds something that cannot be right */
    LS_E_IO,          /* the operating system refused: open, read, write, full disk */
    LS_E_NOT_FOUND,   /* a named thing is not there */
    LS_E_CONNECT,     /* no connection, or it went away */
    LS_E_AUTH,        /* the server refused who we are */
    LS_E_SQL,         /* the database refused a statement: sqlstate and position are set where known */
    LS_E_RIGHTS,      /* the database refused for lack of privileges */
    LS_E_BUSY,        /* a lock is held elsewhere and the wait is over */
    LS_E_REFUSED,     /* a guard said no: dirty, duplicate, unconfirmed, protected */
    LS_E_CHANGED,     /* the plan's digest no longer fits what is there now */
    LS_E_CANCELLED,   /* the operator or a signal stopped it; the state is clean */
    LS_E_FAILED,      /* a migration failed and was rolled back whole */
    LS_E_PARTIAL,     /* a migration failed and part of it stays: the database is dirty */
    LS_E_UNKNOWN,     /* the answer to COMMIT was lost and could not be found out */
    LS_E_DRIFT,       /* a check found differences */
    LS_E_UNSUPPORTED, /* this build, format or database cannot do it */
    LS_E_INTERNAL
};

struct ls_err {
    enum ls_rc code;
    char sqlstate[6];  /* five characters, or "" */
    int statement;     /* 1-based number of the statement in its file, 0 = not about one */
    int line, col;     /* 1-based place in the file or query text, 0 = unknown; col counts characters */
    long offset;       /* byte offset in the text that was sent, -1 = unknown */
    char *message;     /* never NULL once code is set; raw text: sanitise when showing */
    char *detail;      /* the server's DETAIL / CONTEXT, or NULL */
    char *hint;        /* what to do next, or NULL */
};

#define LS_ERR_INIT {.offset = -1}

void ls_err_init(struct ls_err *err);
void ls_err_release(struct ls_err *err); /* frees what it holds and makes it clean again */

/* Sets code and message. An error that is set already is kept (the first cause wins) and the code of that one is returned. */
enum ls_rc ls_err_set(struct ls_err *err, enum ls_rc code, const char *fmt, ...) LS_PRINTF(3, 4);
/* As ls_err_set with LS_E_IO and ": strerror(errno)" behind the message. */
enum ls_rc ls_err_sys(struct ls_err *err, const char *fmt, ...) LS_PRINTF(2, 3);
void ls_err_hint(struct ls_err *err, const char *fmt, ...) LS_PRINTF(2, 3);   /* keeps a hint that is there */
void ls_err_detail(struct ls_err *err, const char *fmt, ...) LS_PRINTF(2, 3); /* appends on a new line */
void ls_err_wrap(struct ls_err *err, const char *fmt, ...) LS_PRINTF(2, 3);   /* "<fmt>: <message>", when something was set */
void ls_err_move(struct ls_err *to, struct ls_err *from); /* releases to, leaves from clean */
void ls_err_copy(struct ls_err *to, const struct ls_err *from);

const char *ls_rc_name(enum ls_rc code); /* stable lower-case word for JSON: "busy", "sql", ... */

#endif
