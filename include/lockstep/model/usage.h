/* lockstep/model/usage.h: how the indexes of one database are used, read at one moment: tables, indexes, foreign keys, and what the numbers are worth.
 *
 * Plain data in one arena, frozen, for any thread. Counts and sizes that are not known are -1, times are wall clock microseconds with 0 = unknown or never.
 * Names are raw text. Tables are sorted by schema and name, indexes by table and name, foreign keys by table and name.
 *
 * A partitioned table (kind 'p') and a partitioned index store nothing: their counts and bytes are sums over what is attached below them, their last
 * scan is the last of those. Totals leave them out. */
#ifndef LOCKSTEP_MODEL_USAGE_H
#define LOCKSTEP_MODEL_USAGE_H

#include "lockstep/base/arena.h"
#include "lockstep/base/base.h"
#include "lockstep/model/migration.h"
#include "lockstep/sql/dialect.h"

#define LS_NO_USAGE UINT32_MAX

/* How an index's bloat was found, best first (indexes.md 2.3). */
#define LS_BLOATS(X)                                                                      \
    X(UNKNOWN, "unknown")                                                                 \
    X(MEASURED, "measured")     /* pgstatindex, dbstat: the index was read */              \
    X(BASELINE, "baseline")     /* against its own size right after a build that was seen */ \
    X(ESTIMATE, "estimate")     /* from statistics, knowing of repeated keys */
enum ls_bloat {
#define X(e, w) LS_BLOAT_##e,
    LS_BLOATS(X)
#undef X
};
const char *ls_bloat_name(enum ls_bloat b);

/* A key column or expression of an index, in order. Statistics are those of the column (of the expression where the server keeps them). */
struct ls_usage_key {
    const char *text;          /* as the server prints it: name (quoted where needed) or expression */
    const char *column;        /* raw name of the column; NULL: an expression */
    const char *type;          /* "integer", "text[]"; "" unknown */
    const char *opclass;       /* "text_ops"; "" SQLite */
    const char *collation;     /* "" the column's own (of an expression: the database's); as the server prints it: "\"C\""; SQLite: NOCASE, RTRIM, "" BINARY */
    const char *collation_of_column; /* "" the database's default, or a type without any; SQLite: "" BINARY */
    bool is_default_opclass;
    bool is_desc, is_nulls_first;
    bool is_pattern_safe;      /* its collation is C or its opclass *_pattern_ops: LIKE 'x%' can use it */
    bool has_stats;
    double null_frac;          /* 0..1 */
    double n_distinct;         /* distinct values, already as a count; -1 unknown */
    double max_mcv;            /* share of the most frequent value, 0..1; 0 unknown */
    int avg_width;             /* bytes; -1 unknown */
};

struct ls_usage_index {
    uint32_t table;            /* index in tables */
    const char *schema, *name;
    const char *definition;    /* whole CREATE INDEX as the server writes it, with TABLESPACE; "" for SQLite's automatic ones. That of a constraint's index
                                * is for looking at: only the constraint can make it again */
    const char *constraint;    /* the constraint that owns it, as ALTER TABLE ... ADD text's name; "" none */
    const char *method;        /* btree, hash, gin ...; SQLite: btree */
    const char *predicate;     /* "" none */
    const char *options;       /* storage parameters: "fillfactor=70, fastupdate=off"; "" none */
    const char *tablespace;    /* "" the default */
    const char *comment;       /* "" none */
    const struct ls_usage_key *keys;
    uint32_t n_keys;
    const char *const *include;
    uint32_t n_include;
    bool is_unique, is_primary, is_exclusion, is_immediate, is_nulls_not_distinct;
    bool is_valid, is_ready, is_live;
    bool is_replica_identity, is_clustered;
    bool is_fk_target;         /* a foreign key elsewhere needs its uniqueness */
    bool is_partitioned;       /* relkind I: stands for its children */
    bool is_partition;         /* attached to a parent's index */
    uint32_t parent;           /* that index; LS_NO_USAGE */
    bool is_building;          /* pg_stat_progress_create_index works on it, or its table is being indexed and this one is not valid yet; also each invalid
                                * one while a build runs that this role may not look at (a note says so) */
    bool has_expression;
    bool is_in_query;          /* SQLite: INDEXED BY names it somewhere in a view or trigger */
    int64_t scans, tup_read, tup_fetch;
    int64_t last_scan_us;      /* server 16 and newer; 0 unknown or never */
    bool knows_last_scan;
    int64_t bytes, pages;
    double rows;               /* reltuples; -1 unknown */
    double bloat;              /* share of its bytes that a rebuild would give back, 0..1; -1 unknown: never negative otherwise */
    enum ls_bloat bloat_how;
    int64_t oid;               /* PostgreSQL; SQLite: root page */
    const char *stat1;         /* SQLite: sqlite_stat1's text; NULL none */
};

struct ls_usage_table {
    const char *schema, *name;
    char kind;                 /* 'r' table, 'p' partitioned, 'm' materialised view; SQLite: 'r', 'v' virtual, 'w' without rowid */
    bool is_partition;
    uint32_t parent;           /* the partitioned table; LS_NO_USAGE */
    double rows;               /* estimate; -1 never counted */
    int64_t bytes;             /* the heap; SQLite: the table's own tree */
    int64_t seq_scans, seq_rows, idx_scans;
    int64_t inserted, updated, deleted, hot_updated;
    int64_t live, dead, changed_since_analyze;
    int64_t last_analyze_us;   /* by hand or by autovacuum, the newer one */
    uint32_t first_index, n_indexes;
    uint32_t first_fk, n_fks;
    const char *rowid_alias;   /* SQLite: the INTEGER PRIMARY KEY column; NULL none */
    int64_t oid;
};

struct ls_usage_fk {
    uint32_t table;
    const char *name;          /* SQLite: "" where it has none */
    const char *const *columns, *const *ref_columns; /* n_columns each */
    uint32_t n_columns;
    const char *ref_schema, *ref_table;
    uint32_t ref;              /* that table; LS_NO_USAGE: not there (SQLite), or not to be seen */
    const char *on_delete, *on_update; /* "CASCADE", "SET NULL", "NO ACTION" ... */
    bool is_validated;         /* false: NOT VALID */
    bool is_enforced;          /* false: SQLite without foreign_keys = ON on this connection; 18's NOT ENFORCED; triggers disabled */
    bool is_parent_unique;     /* false: SQLite: the parent's columns have no unique index: each write is an error */
    uint32_t index;            /* the index that serves it; LS_NO_USAGE none */
    int64_t orphans;           /* rows without a parent; -1 not counted */
    bool is_served;            /* by that index, or by the table itself: SQLite's INTEGER PRIMARY KEY */
    const char *orphans_sql;   /* the query that lists them; NULL where the server keeps them out: enforced, validated, and to a unique key */
};

enum ls_statements { LS_STMTS_NONE, LS_STMTS_NOT_LOADED, LS_STMTS_NO_RIGHTS, LS_STMTS_READY };

struct ls_usage {
    struct ls_arena *arena;
    enum ls_dialect dialect;
    const char *database, *server, *system_id; /* "" unknown */
    int server_version;
    bool in_recovery;          /* a standby: its counters are its own */
    int64_t taken_us;
    int64_t stats_reset_us;    /* 0: never, or wiped by a crash: indexes.md 2.2 trap 1 */
    int64_t started_us;        /* postmaster start */
    bool has_sizes;            /* bytes were asked for */
    bool has_hypopg, hypopg_available; /* installed in this database; available to CREATE EXTENSION */
    enum ls_statements statements; /* pg_stat_statements */
    bool fk_enforced;          /* SQLite: PRAGMA foreign_keys of this connection */
    bool has_stat1;            /* SQLite: sqlite_stat1 is there */
    bool has_dbstat;           /* SQLite: sizes are to be had of the file itself */
    const struct ls_usage_table *tables;
    uint32_t n_tables;
    const struct ls_usage_index *indexes;
    uint32_t n_indexes;
    const struct ls_usage_fk *fks;
    uint32_t n_fks;
    struct ls_diags notes;     /* what is left out and why */
    const uint32_t *by_name;   /* indexes by name and schema, for ls_usage_find_index; NULL: it looks at one after the other */
};
void ls_usage_free(struct ls_usage *u); /* NULL is fine */

/* By raw names, O(log n); schema NULL: the first of that name. LS_NO_USAGE: not there. */
uint32_t ls_usage_find_table(const struct ls_usage *u, const char *schema, const char *table);
uint32_t ls_usage_find_index(const struct ls_usage *u, const char *schema, const char *index);
/* "schema.name", the schema left out for public and main. Appends raw text. */
struct ls_buf;
void ls_usage_table_label(const struct ls_usage_table *t, struct ls_buf *out);
void ls_usage_index_label(const struct ls_usage_index *x, struct ls_buf *out);
/* Share of a table's scans that went through an index, 0..1; -1 where nothing was scanned. Share of updates that were HOT; -1 without updates. */
double ls_usage_index_share(const struct ls_usage_table *t);
double ls_usage_hot_share(const struct ls_usage_table *t);

#endif
