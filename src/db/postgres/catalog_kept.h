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

enum pgcat_set { PGS_REL, PGS_TYPE, PGS_PROC, PGS_DEPEND, PGS_DESCRIPTION, PGS_OTHER, PGS_REST, PGS_N };

/* Where everything was: the newest that was visible of each bucket of each set. Two rows of a catalogue are the same row when they
 * have the same xmin, and a transaction that has ended brings no more rows: so a sum of hashes of all the xmin stays what it was
 * only where nothing was added, changed or dropped. */
struct pgcat_probe {
    char *identity; /* server, database, user and the settings that the server's texts depend on */
    char *snapshot; /* "" where it cannot be compared */
    long long xmax;
    bool is_inside; /* in a transaction that had begun before: xmin says less there */
    uint64_t sigs[PGS_N][PGCAT_BUCKETS];
};
void pgcat_probe_release(struct pgcat_probe *p);
/* Both queries' texts. `old`: where its snapshot is still the same, the second one looks at nothing. */
void pgcat_probe_identity_sql(struct ls_buf *out);
void pgcat_probe_sql(const struct pgcat *k, bool is_inside, const struct pgcat_probe *old, struct ls_buf *out);
void pgcat_probe_take_identity(struct pgcat_probe *p, const PGresult *res);
void pgcat_probe_take(struct pgcat_probe *p, const PGresult *res);

struct pgcat_dirty {
    bool is_dirty[PGS_N][PGCAT_BUCKETS];
    int n[PGS_N];
};
/* False: they cannot be compared, or so much is different that it is not worth it. */
bool pgcat_probe_compare(const struct pgcat_probe *was, const struct pgcat_probe *is, struct pgcat_dirty *out);

#endif
