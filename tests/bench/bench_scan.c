/* tests/bench/bench_scan.c: a format's scan of a folder alone, without the start of a program, a connection and a table of ten thousand lines.
 *
 * usage: bench_scan FORMAT DIR: prints microseconds, and the number of migrations */
#include <config.h>

#include <stdio.h>

#include "lockstep/base/clock.h"
#include "lockstep/format/format.h"

int main(int argc, char **argv)
{
    const struct ls_format *f = argc == 3 ? ls_format_find(argv[1]) : NULL;
    struct ls_migrations m = {0};
    struct ls_err err = LS_ERR_INIT;
    enum ls_rc rc;
    int64_t began;

    if (f == NULL || f->scan == NULL) {
        fprintf(stderr, "usage: %s FORMAT DIR\n", argv[0]);
        return 2;
    }
    began = ls_mono_us();
    rc = f->scan(argv[2], LS_DIALECT_POSTGRES, false, &m, &err);
    if (rc == LS_OK)
        printf("%lld %zu\n", (long long)(ls_mono_us() - began), m.m.n);
    else
        fprintf(stderr, "%s\n", err.message);
    ls_migrations_release(&m);
    ls_err_release(&err);
    return rc == LS_OK ? 0 : 1;
}
