/* db/postgres/catalog_kept.h: what a second read of a catalogue needs of the first: the rows of each query and a signature of where
 * they came from. */
#ifndef DB_POSTGRES_CATALOG_KEPT_H
#define DB_POSTGRES_CATALOG_KEPT_H

#include "db/postgres/catalog_priv.h"

/* An object number's last bits are its bucket: which buckets changed is asked, not which of a hundred thousand objects. */
#define PGCAT_BUCKETS 512

/* --- catalog_kept.c: rows, packed: for each field its length + 1 (7 bits a byte, low ones first; 0: NULL) and its bytes --- */

struct pgcat_kept_row {
    uint32_t keys[2]; /* the numbers whose buckets decide about it; the second repeats the first where there is none */
    size_t at;        /* in bytes */
};

struct pgcat_kept {
    const struct pgcat_query *query;
    PGresult *shape; /* the columns, no rows */
    LS_VEC(struct pgcat_kept_row) rows;
    struct ls_buf bytes;
};
void pgcat_kept_init(struct pgcat_kept *k, const struct pgcat_query *q, const PGresult *res);
void pgcat_kept_release(struct pgcat_kept *k);
/* The rows as the server gave them; NULL: no memory in libpq. PQclear it. */
PGresult *pgcat_kept_result(const struct pgcat_kept *k);

struct pgcat_merge {
    bool is_same;    /* what came is what was there */
    bool is_renamed; /* something has another name now, which others' texts may show */
};
/* Into *out what holds now: the rows of `old` that are not in a dirty bucket (is_dirty NULL: none stays) and those that came. */
void pgcat_kept_merge(const struct pgcat_kept *old, const PGresult *res, const bool *is_dirty, struct pgcat_kept *out,
                      struct pgcat_merge *m);

/* --- catalog_probe.c --- */

#define PGCAT_MAX_SOURCES 64

/* Where everything was. Two rows of a table of the server's are the same row when they have the same xmin, and a transaction that
 * has ended brings no more rows: so a sum of hashes of all the xmin stays what it was only where nothing was added, changed or
 * dropped. Sums over whole tables are asked for first (a tenth of what all the buckets cost), those of buckets where one is
 * different. */
struct pgcat_probe {
    char *identity; /* server, database, user and the settings that the server's texts depend on */
    char *snapshot; /* "" where it cannot be compared */
    long long xmax;
    bool is_inside; /* in a transaction that had begun before: xmin says less there */
    uint64_t totals[PGCAT_MAX_SOURCES];
    uint64_t *buckets[PGCAT_MAX_SOURCES]; /* PGCAT_BUCKETS each; NULL: a source without, or not asked for */
};
void pgcat_probe_release(struct pgcat_probe *p);

void pgcat_probe_identity_sql(struct ls_buf *out);
void pgcat_probe_take_identity(struct pgcat_probe *p, const PGresult *res);
/* The totals. Where the snapshot is that of `old`, it looks at nothing. */
void pgcat_probe_totals_sql(const struct pgcat *k, const struct pgcat_probe *old, struct ls_buf *out);
void pgcat_probe_take_totals(struct pgcat_probe *p, const PGresult *res);
/* The buckets of those sources of which `is` and `was` differ (was NULL: of all, and the totals of those that have none). Appends
 * nothing where none does. */
void pgcat_probe_buckets_sql(const struct pgcat *k, const struct pgcat_probe *was, const struct pgcat_probe *is,
                             struct ls_buf *out);
void pgcat_probe_take_buckets(struct pgcat_probe *p, const PGresult *res);

struct pgcat_dirty {
    bool is_dirty[PGS_N][PGCAT_BUCKETS];
    int n[PGS_N];
};
/* Whether they can be compared at all. */
bool pgcat_probe_is_comparable(const struct pgcat_probe *was, const struct pgcat_probe *is);
bool pgcat_probe_is_same_snapshot(const struct pgcat_probe *was, const struct pgcat_probe *is);
/* Where they differ; buckets that were not asked for again are taken over from `was`. */
void pgcat_probe_compare(struct pgcat_probe *was, struct pgcat_probe *is, struct pgcat_dirty *out);

#endif
