/* engine/child.h: run one program and hear what it says. No shell: an argument array, a clean environment, a process group of its
 * own. */
#ifndef ENGINE_CHILD_H
#define ENGINE_CHILD_H

#include "lockstep/base/buf.h"
#include "lockstep/base/err.h"

/* Where the child finds `secret`: a memory file that only it can open, so that nothing is left on a disk whatever happens. */
#define LS_CHILD_SECRET_PATH "/proc/self/fd/3"

struct ls_child {
    const char *path;                             /* absolute */
    const char *const *argv;                      /* NULL-terminated, argv[0] included */
    const char *const *env;                       /* NULL-terminated "NAME=value" beside HOME, LANG, LC_ALL and PATH; NULL = none */
    const char *secret;                           /* contents of LS_CHILD_SECRET_PATH, or NULL */
    const char *cwd;                              /* NULL = ours */
    bool inherit;                                 /* our caller's whole environment behind `env` (ls_tools_environment), and a session of its own:
                                                   * a program that asks for a password at the terminal finds none */
    bool capture;                                 /* standard output goes to result->out; else to /dev/null, or to on_out */
    size_t out_max;                               /* 0 = LS_CHILD_OUT_MAX */
    bool (*on_tick)(void *ctx);                   /* about every 100 ms; false ends the child. May be NULL */
    void (*on_line)(void *ctx, const char *line); /* each whole line of standard error, raw. May be NULL */
    void (*on_out)(void *ctx, const char *line);  /* the same of standard output. May be NULL */
    void *ctx;
};

struct ls_child_result {
    int exit_code;      /* -1: ended by a signal, or not started */
    int signal;         /* 0: ended by itself */
    struct ls_buf out;  /* at most out_max bytes of standard output, with `capture` */
    struct ls_buf tail; /* the last LS_CHILD_TAIL_MAX bytes of standard error, passwords hidden; raw otherwise */
};
enum { LS_CHILD_TAIL_MAX = 8192, LS_CHILD_OUT_MAX = 65536 };

/* LS_OK: it ended with status 0. LS_E_CANCELLED: on_tick said no; it got SIGTERM, after 5 s SIGKILL, and was waited for. Else
 * LS_E_IO with its last line in the message and the tail as detail. r is filled in each case; release it. */
LS_MUST_CHECK enum ls_rc ls_child_run(const struct ls_child *c, struct ls_child_result *r, struct ls_err *err);
void ls_child_result_release(struct ls_child_result *r);

#endif
