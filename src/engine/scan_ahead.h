/* engine/scan_ahead.h: reads the migrations folder while the session's own thread waits for the database. */
#ifndef LOCKSTEP_SRC_ENGINE_SCAN_AHEAD_H
#define LOCKSTEP_SRC_ENGINE_SCAN_AHEAD_H

#include <pthread.h>

#include "lockstep/engine/session.h"

struct scan_ahead {
    pthread_t thread;
    bool is_running;
    /* Set before the thread starts: */
    const char *dir;                  /* lent by the session */
    enum ls_dialect dialect;
    const struct ls_format *format;
    /* Set by the thread: */
    enum ls_rc rc;
    struct ls_migrations m;
    struct ls_err err;
};

/* Where no thread can be had, nothing is running and scan_ahead_take() does all of it. */
void scan_ahead_start(struct scan_ahead *a, const char *dir, enum ls_dialect dialect, const struct ls_format *format);
/* What format->scan() gives: from the thread when it read in this format, anew otherwise. To be called once, or scan_ahead_drop() in its place. */
LS_MUST_CHECK enum ls_rc scan_ahead_take(struct scan_ahead *a, const struct ls_format *format, struct ls_migrations *out, struct ls_err *err);
void scan_ahead_drop(struct scan_ahead *a);

#endif
