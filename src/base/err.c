#include <config.h>

#include "lockstep/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/mem.h"

static const char *const rc_names[] = {
    [LS_OK] = "ok",
    [LS_E_USAGE] = "usage",
    [LS_E_INPUT] = "input",
    [LS_E_IO] = "io",
    [LS_E_NOT_FOUND] = "not_found",
    [LS_E_CONNECT] = "connect",
    [LS_E_AUTH] = "auth",
    [LS_E_SQL] = "sql",
    [LS_E_RIGHTS] = "rights",
    [LS_E_BUSY] = "busy",
    [LS_E_REFUSED] = "refused",
    [LS_E_CHANGED] = "changed",
    [LS_E_CANCELLED] = "cancelled",
    [LS_E_FAILED] = "failed",
    [LS_E_PARTIAL] = "partial",
    [LS_E_UNKNOWN] = "unknown",
    [LS_E_DRIFT] = "drift",
    [LS_E_UNSUPPORTED] = "unsupported",
    [LS_E_INTERNAL] = "internal",
};

void ls_err_init(struct ls_err *err)
{
    *err = (struct ls_err)LS_ERR_INIT;
}

void ls_err_release(struct ls_err *err)
{
    if (!err)
        return;
    free(err->message);
    free(err->detail);
    free(err->hint);
    ls_err_init(err);
}

/* A server repeats what it could not read, and that may be all of a file. */
#define MAX_TEXT ((size_t)4096)

LS_PRINTF(1, 0) static char *format(const char *fmt, va_list ap)
{
    struct ls_buf b = LS_BUF_INIT;

    ls_buf_vaddf(&b, fmt, ap);
    ls_buf_cap(&b, MAX_TEXT);
    return ls_buf_detach(&b);
}

enum ls_rc ls_err_set(struct ls_err *err, enum ls_rc code, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return code;
    if (err->code != LS_OK)
        return err->code;
    va_start(ap, fmt);
    err->message = format(fmt, ap);
    va_end(ap);
    err->code = code;
    return code;
}

enum ls_rc ls_err_sys(struct ls_err *err, const char *fmt, ...)
{
    int cause = errno;
    va_list ap;

    if (!err)
        return LS_E_IO;
    if (err->code != LS_OK)
        return err->code;
    va_start(ap, fmt);
    char *what = format(fmt, ap);
    va_end(ap);
    err->message = ls_asprintf("%s: %s", what, strerror(cause)); /* thread-safe since glibc 2.32, and in musl */
    free(what);
    err->code = LS_E_IO;
    errno = cause;
    return LS_E_IO;
}

void ls_err_hint(struct ls_err *err, const char *fmt, ...)
{
    va_list ap;

    if (!err || err->hint)
        return;
    va_start(ap, fmt);
    err->hint = format(fmt, ap);
    va_end(ap);
}

void ls_err_detail(struct ls_err *err, const char *fmt, ...)
{
    va_list ap;

    if (!err)
        return;
    va_start(ap, fmt);
    char *more = format(fmt, ap);
    va_end(ap);
    if (err->detail) {
        char *both = ls_asprintf("%s\n%s", err->detail, more);

        free(more);
        free(err->detail);
        more = both;
    }
    err->detail = more;
}

void ls_err_wrap(struct ls_err *err, const char *fmt, ...)
{
    va_list ap;

    if (!err || err->code == LS_OK)
        return;
    va_start(ap, fmt);
    char *front = format(fmt, ap);
    va_end(ap);
    char *message = ls_asprintf("%s: %s", front, err->message ? err->message : ls_rc_name(err->code));

    free(front);
    free(err->message);
    err->message = message;
}

void ls_err_move(struct ls_err *to, struct ls_err *from)
{
    if (!to) {
        ls_err_release(from);
        return;
    }
    if (to == from)
        return;
    ls_err_release(to);
    *to = *from;
    ls_err_init(from);
}

void ls_err_copy(struct ls_err *to, const struct ls_err *from)
{
    if (!to || to == from)
        return;
    ls_err_release(to);
    *to = *from;
    to->message = ls_strdup(from->message);
    to->detail = ls_strdup(from->detail);
    to->hint = ls_strdup(from->hint);
}

const char *ls_rc_name(enum ls_rc code)
{
    size_t i = (size_t)code;

    return i < LS_ARRAY_LEN(rc_names) && rc_names[i] ? rc_names[i] : "internal";
}
