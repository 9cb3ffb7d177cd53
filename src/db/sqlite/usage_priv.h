/* db/sqlite/usage_priv.h: what the files of the SQLite usage reader share.
 *
 *   usage.c        the order of reading, tables, what is handed over
 *   usage_index.c  indexes and their keys, sqlite_stat1, dbstat
 *   usage_fk.c     foreign keys */
#ifndef LOCKSTEP_SRC_DB_SQLITE_USAGE_PRIV_H
#define LOCKSTEP_SRC_DB_SQLITE_USAGE_PRIV_H

#include "db/sqlite/catalog_priv.h"
#include "db/sqlite/lite_internal.h"
#include "lockstep/base/vec.h"
#include "lockstep/db/usage.h"

struct lius_table {
    struct ls_usage_table t;
    const char *sql;
    const char **primary; /* columns of the primary key, in its order */
    uint32_t n_primary;
};

struct lius_name {
    const char *name;
    uint32_t at;
};

struct lius_fk {
    struct ls_usage_fk f;
    int id; /* the pragma's */
};

struct lius {
    struct ls_db *db;
    const struct ls_usage_opts *opts;
    struct ls_usage *u;
    struct ls_catalog_builder *b;   /* keeps the words of texts that are cut, until the end */
    LS_VEC(struct lius_table) tables; /* by name, whatever the case */
    LS_VEC(struct ls_usage_index) indexes; /* by table, name */
    LS_VEC(struct lius_name) names;        /* of indexes */
    LS_VEC(struct lius_fk) fks;
};

/* All rows; strings are lent until ls_result_release. */
enum ls_rc lius_query(struct lius *k, const char *sql, struct ls_result *out, struct ls_err *err);
const char *lius_kept(struct lius *k, const char *s); /* NULL gives "" */
int64_t lius_number(const char *s);                   /* -1 for NULL */
uint32_t lius_table_at(const struct lius *k, const char *name);
uint32_t lius_index_at(const struct lius *k, const char *name);
uint32_t lius_first_index(const struct lius *k, uint32_t table); /* indexes stand by table */
void lius_note(struct lius *k, const char *code, const char *message, const char *hint);
/* The collation that a column was declared with; "" BINARY. */
const char *lius_collation_of(struct lius *k, const char *table, const char *column, const char **type);
const char *lius_collation(struct lius *k, const char *name); /* "" BINARY */
/* Name, quoted where it has to be. */
const char *lius_ident(struct lius *k, const char *name);

/* usage_index.c */
enum ls_rc lius_read_indexes(struct lius *k, struct ls_err *err);
enum ls_rc lius_read_stat1(struct lius *k, struct ls_err *err);
enum ls_rc lius_read_sizes(struct lius *k, struct ls_err *err);
enum ls_rc lius_read_indexed_by(struct lius *k, struct ls_err *err);

/* usage_fk.c */
enum ls_rc lius_read_fks(struct lius *k, struct ls_err *err);
enum ls_rc lius_count_orphans(struct lius *k, struct ls_err *err);

#endif
