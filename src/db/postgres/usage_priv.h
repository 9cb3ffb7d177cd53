/* db/postgres/usage_priv.h: what the files of the usage reader share. It reads rows, expands versions, and cuts expressions as the catalogue reader does.
 *
 *   usage.c        the transaction, what is left out when the server says no, the end
 *   usage_sql.c    the queries
 *   usage_rows.c   what becomes of their rows
 *   usage_key.c    keys, INCLUDE, definitions
 *   usage_fk.c     foreign keys: which index serves one, rows without a parent
 *   usage_bloat.c  how much of an index is air */
#ifndef DB_POSTGRES_USAGE_PRIV_H
#define DB_POSTGRES_USAGE_PRIV_H

#include "db/postgres/catalog_priv.h"
#include "lockstep/db/usage.h"

/* A column of a table, or of an index that has expressions. What pg_stats says of it. */
struct pgus_attr {
    uint32_t relid;
    int num;
    uint32_t type, collation;
    const char *name, *quoted, *type_name;
    bool has_stats;
    double null_frac, n_distinct, max_mcv; /* n_distinct as the server has it: below zero it is a share of the rows */
    int avg_width;
};

struct pgus_class {
    uint32_t oid; /* first: see pgus_find */
    const char *name, *quoted;
    uint32_t am, type, family;
    bool is_default, is_equal_image, is_pattern;
    const char *type_name; /* of the values that it takes, where it stores others */
};

struct pgus_collation {
    uint32_t oid; /* first */
    const char *quoted;
    bool is_c;
};

/* An operator of a family that says what is equal. */
struct pgus_amop {
    uint32_t family, op;
};

/* Where an oid stands in tables or indexes. */
struct pgus_place {
    uint32_t oid; /* first */
    uint32_t at;
};

struct pgus_table {
    struct ls_usage_table t;
    const char *quoted, *quoted_name; /* with the schema, without */
    int64_t pages;
    bool is_seen; /* its statistics may be read */
};

struct pgus_index {
    struct ls_usage_index x;
    uint32_t relid, am;
    const char *keys, *collations, *classes, *bits, *exprs; /* as the server has them: "1 2" */
    const char *quoted, *with, *quoted_tablespace, *whole;  /* whole: the server's own text, where ours would not do */
    int n_atts;
    bool is_ordered;
};

struct pgus_fk {
    struct ls_usage_fk f;
    uint32_t oid, relid, ref;
    const char *key, *ref_key, *ops;
};

struct pgus_query;

struct pgus {
    struct pg *c;
    const struct ls_usage_opts *opts;
    int version;
    struct ls_arena *scratch; /* what is not handed over */
    struct ls_usage *u;
    int64_t block_size;
    bool counts, has_hidden_build;
    const char *tuple_schema; /* quoted: where pgstattuple is */
    LS_VEC(struct pgus_attr) attrs;      /* by relid, num */
    LS_VEC(struct pgus_class) classes;   /* by oid, as all below but amops */
    LS_VEC(struct pgus_collation) collations;
    LS_VEC(struct pgus_amop) amops;      /* by family, op */
    LS_VEC(struct pgus_table) tables;    /* by schema, name */
    LS_VEC(struct pgus_index) indexes;   /* by table, name */
    LS_VEC(struct pgus_fk) fks;
    LS_VEC(struct pgus_place) table_at, index_at;
    struct pgcat_stand_ins stand_ins;
    LS_VEC(uint32_t) disabled; /* constraints whose triggers are off */
    struct ls_buf text, more;  /* scratch */
};

enum pgus_when { PGUS_SIZES = 1, PGUS_SUPERUSER = 2, PGUS_NO_SUPERUSER = 4 };

/* A query. One that may be left out is, with a note, when the server refuses it. */
struct pgus_query {
    const char *sql;
    void (*take)(struct pgus *k, const PGresult *res); /* NULL: it has no rows */
    const char *lacks;                                 /* what is not known without it; NULL: nothing goes without it */
    int when;                                          /* flags of enum pgus_when; 0: always */
};
extern const struct pgus_query pgus_queries[]; /* ended by one without a text */

/* The one with that oid as its first member, of an array sorted by it; NULL. */
const void *pgus_find(const void *v, size_t n, size_t size, uint32_t oid);
#define PGUS_FIND(vec, oid) pgus_find((vec).v, (vec).n, sizeof(*(vec).v), (oid))
uint32_t pgus_table_at(const struct pgus *k, uint32_t oid); /* LS_NO_USAGE */
uint32_t pgus_index_at(const struct pgus *k, uint32_t oid);
struct pgus_attr *pgus_attr_of(const struct pgus *k, uint32_t relid, int num);

/* usage_rows.c */
void pgus_take_server(struct pgus *k, const PGresult *res);
void pgus_take_classes(struct pgus *k, const PGresult *res);
void pgus_take_collations(struct pgus *k, const PGresult *res);
void pgus_take_attrs(struct pgus *k, const PGresult *res);
void pgus_take_tables(struct pgus *k, const PGresult *res);
void pgus_take_table_counts(struct pgus *k, const PGresult *res);
void pgus_take_stand_ins(struct pgus *k, const PGresult *res);
void pgus_take_indexes(struct pgus *k, const PGresult *res);
void pgus_take_index_counts(struct pgus *k, const PGresult *res);
void pgus_take_sizes(struct pgus *k, const PGresult *res);
void pgus_take_inherits(struct pgus *k, const PGresult *res);
void pgus_take_whole(struct pgus *k, const PGresult *res);
void pgus_take_comments(struct pgus *k, const PGresult *res);
void pgus_take_builds(struct pgus *k, const PGresult *res);
void pgus_take_stats(struct pgus *k, const PGresult *res);
void pgus_take_all_stats(struct pgus *k, const PGresult *res);

/* usage_key.c: what only the whole can say; the rows are all there */
void pgus_make_keys(struct pgus *k);

/* usage_fk.c */
void pgus_take_constraints(struct pgus *k, const PGresult *res);
void pgus_take_disabled(struct pgus *k, const PGresult *res);
void pgus_take_amops(struct pgus *k, const PGresult *res);
void pgus_make_fks(struct pgus *k);
LS_MUST_CHECK enum ls_rc pgus_count_orphans(struct pgus *k, struct ls_err *err);

/* usage_bloat.c */
void pgus_estimate_bloat(struct pgus *k);
LS_MUST_CHECK enum ls_rc pgus_measure_bloat(struct pgus *k, struct ls_err *err);

/* usage.c */
void pgus_note(struct pgus *k, const char *code, const char *message, const char *hint);

#endif
