/* tests/bench/floor.h: what the floor programs share: the least that does the same work as a subcommand, on one database and with its client library
 * alone.
 *
 * usage of floor_sqlite and floor_postgres: apply DIR N URL | status URL. N files DIR/migrations/NNNNNN_mN.up.sql are read as any tool must, and each
 * goes to the database in one text with its ledger row: BEGIN, statements, INSERT, COMMIT. The ledger has lockstep's columns. */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char floor_status_sql[] = "SELECT version, name, description, applied_at, applied_by, duration_ms, checksum, status FROM schema_migrations "
                                       "ORDER BY version";

static inline size_t floor_text(char *out, size_t size, const char *dir, const char *begin, int i)
{
    char path[256];
    size_t len = (size_t)snprintf(out, size, "%s; ", begin);

    snprintf(path, sizeof(path), "%s/migrations/%06d_m%d.up.sql", dir, i, i);
    FILE *f = fopen(path, "re");
    if (f) {
        len += fread(out + len, 1, size - len - 512, f);
        fclose(f);
    }
    len += (size_t)snprintf(out + len, size - len,
                            " INSERT INTO schema_migrations VALUES (%d, 'm%d', NULL, CURRENT_TIMESTAMP, 'bench', 1, "
                            "'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'applied'); COMMIT",
                            i, i);
    return len;
}

static inline int floor_main(int argc, char **argv, int (*apply)(const char *dir, int n, const char *url), int (*status)(const char *url))
{
    if (argc == 5 && strcmp(argv[1], "apply") == 0)
        return apply(argv[2], atoi(argv[3]), argv[4]);
    if (argc == 3 && strcmp(argv[1], "status") == 0)
        return status(argv[2]);
    fprintf(stderr, "usage: %s apply DIR N URL | status URL\n", argv[0]);
    return 2;
}

#endif
