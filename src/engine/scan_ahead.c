#include <config.h>

#include "engine/scan_ahead.h"

#include "lockstep/base/parallel.h"

static void *run(void *arg)
{
    struct scan_ahead *a = arg;

    a->rc = a->format->scan(a->dir, a->dialect, false, &a->m, &a->err);
    return NULL;
}

void scan_ahead_start(struct scan_ahead *a, const char *dir, enum ls_dialect dialect, const struct ls_format *format)
{
    *a = (struct scan_ahead){.dir = dir, .dialect = dialect, .format = format, .err = LS_ERR_INIT};
    a->is_running = ls_thread_start(&a->thread, run, a);
}

enum ls_rc scan_ahead_take(struct scan_ahead *a, const struct ls_format *format, struct ls_migrations *out, struct ls_err *err)
{
    bool was_running = a->is_running;

    if (was_running)
        pthread_join(a->thread, NULL);
    a->is_running = false;
    if (!was_running || a->format != format) {
        scan_ahead_drop(a);
        return format->scan(a->dir, a->dialect, false, out, err);
    }
    *out = a->m;
    a->m = (struct ls_migrations){0};
    if (a->rc != LS_OK && err != NULL)
        ls_err_move(err, &a->err);
    scan_ahead_drop(a);
    return a->rc;
}

void scan_ahead_drop(struct scan_ahead *a)
{
    if (a->is_running)
        pthread_join(a->thread, NULL);
    a->is_running = false;
    ls_migrations_release(&a->m);
    ls_err_release(&a->err);
}
