/* db/postgres/catalog_priv.h: what the files of the catalogue reader share.
 *
 *   catalog.c            the transaction, the order of the queries, the end
 *   catalog_refresh.c    a second read: what is asked again, and what is kept for that (catalog_kept.h)
 *   catalog_probe.c      where something changed since
 *   catalog_kept.c       rows that are kept
 *   catalog_rows.c       rows whose columns are named after attributes become facts: most kinds need nothing else
 *   catalog_expr.c       the names of columns in expressions
 *   catalog_canon.c      where the server's text is no fixpoint
 *   catalog_map.c        which fact an oid stands for; relations, columns, schemas by oid
 *   catalog_table.c      columns, inheritance, sequences
 *   catalog_key.c        constraints and indexes, from raw columns
 *   catalog_names.c      quoting, and the names that the server would make
 *   catalog_code.c       triggers and rules: the parts that only the server's text has
 *   catalog_deps.c       dependencies, comments, security labels
 *   catalog_sql*.c       the queries */
#ifndef DB_POSTGRES_CATALOG_PRIV_H
#define DB_POSTGRES_CATALOG_PRIV_H

#include <stdlib.h>
#include <string.h>

#include "db/postgres/pg_internal.h"
#include "lockstep/base/vec.h"
#include "lockstep/model/catalog.h"

/* Object classes: oids of catalogue tables, fixed since they were made. */
enum pgcat_class {
    PGC_MEMBER = 1, /* ours, below the server's range: the relation's place in rels */
    PGC_REL,
    PGC_SCHEMA,
    PGC_OPCLASS_INFO,
    PGC_KEY,
    PGC_SEQ,
    PGC_COLLATION_NAME,
    PGC_TYPE_NAME,
    PGC_DATABASE = 1262,
    PGC_TYPE = 1247,
    PGC_PROC = 1255,
    PGC_CLASS = 1259,
    PGC_AM = 2601,
    PGC_ATTRDEF = 2604,
    PGC_CAST = 2605,
    PGC_CONSTRAINT = 2606,
    PGC_CONVERSION = 2607,
    PGC_LANGUAGE = 2612,
    PGC_NAMESPACE = 2615,
    PGC_OPCLASS = 2616,
    PGC_OPERATOR = 2617,
    PGC_REWRITE = 2618,
    PGC_TRIGGER = 2620,
    PGC_OPFAMILY = 2753,
    PGC_EXTENSION = 3079,
    PGC_POLICY = 3256,
    PGC_STATISTIC = 3381,
    PGC_COLLATION = 3456,
    PGC_EVENT_TRIGGER = 3466,
    PGC_TRANSFORM = 3576,
    PGC_TS_DICT = 3600,
    PGC_TS_PARSER = 3601,
    PGC_TS_CONFIG = 3602,
    PGC_TS_TEMPLATE = 3764,
    PGC_FDW = 2328,
    PGC_SERVER = 1417,
    PGC_USER_MAPPING = 1418,
    PGC_DEFAULT_ACL = 826,
    PGC_PUBLICATION = 6104,
    PGC_SUBSCRIPTION = 6100
};

#define PGCAT_DEFAULT_COLLATION 100 /* pg_catalog."default" */

struct pgcat_rel {
    uint32_t fact;
    const char *schema, *name;
    uint32_t first_col, n_cols; /* in cols, once these are sorted */
};

struct pgcat_col {
    uint32_t rel; /* place in rels */
    int attnum;
    uint32_t fact, type, collation;
    char identity;  /* 'a', 'd', or 0 */
    char generated; /* 's', 'v', or 0 */
    const char *name;
};

/* Kept until pg_depend has said whose it is. */
struct pgcat_seq {
    uint32_t oid;
    uint32_t owner_rel; /* oid; 0: nobody owns it */
    int owner_attnum;
    bool is_identity;
    const char *schema, *name, *options, *owner, *rights, *persistence, *type;
};

/* A constraint that waits for its index. */
struct pgcat_key {
    uint32_t fact, oid;
    char type; /* p, u, x */
    bool is_period;
    const char *name;
    const char *operators; /* of an exclusion: joined by a comma */
};

struct pgcat_opclass {
    const char *name; /* quoted, with its schema where that is not pg_catalog */
    uint32_t am, type;
    bool is_default;
};

/* An edge as pg_depend has it, kept until every fact is there. */
struct pgcat_edge {
    uint32_t class, oid, ref_class, ref_oid;
    int subid, ref_subid;
    bool is_own; /* to a column of its own table */
};

struct pgcat_slot {
    uint64_t key; /* class << 32 | oid; 0: free */
    uint32_t value;
};

/* A column of a table whose columns stand in for those of others (catalog_expr.c). */
struct pgcat_stand_in {
    uint32_t relid, attnum;
    const char *name;
    size_t len;
};
struct pgcat_stand_ins {
    struct pgcat_stand_in *v;
    size_t n, cap;
};

struct pgcat_query;

#define PGCAT_MAX_TRIES 4 /* to read what is being changed */

/* Where something has changed, see catalog_probe.c: relations and all that hangs below them, types, routines, pg_depend, comments,
 * what stands in the database; and the rest, which makes everything be read again. */
enum pgcat_set { PGS_REL, PGS_TYPE, PGS_PROC, PGS_DEPEND, PGS_DESCRIPTION, PGS_OTHER, PGS_REST, PGS_N };
#define PGS_ON(x) (1u << (x))

struct pgcat {
    struct pg *c;
    const struct ls_catalog_opts *opts;
    struct ls_catalog_builder *b;
    int version;
    struct pgcat_slot *slots;
    size_t n_slots, n_used;
    LS_VEC(const char *) schemas, collations, types;
    LS_VEC(struct pgcat_rel) rels;
    LS_VEC(struct pgcat_col) cols;
    LS_VEC(struct pgcat_seq) seqs;
    LS_VEC(struct pgcat_key) keys;
    LS_VEC(struct pgcat_opclass) opclasses;
    LS_VEC(struct pgcat_edge) edges;
    bool has_subscriptions, without_subscriptions, is_inside; /* ... of a transaction that was open before */
    LS_VEC(const char *) keywords; /* sorted: names that are quoted though their letters are plain */
    struct pgcat_stand_ins stand_ins;
    struct ls_buf text, more; /* scratch */
    struct ls_buf expr;       /* scratch of pgcat_expression() */
    bool is_torn;             /* the server's functions read what is there now: a text was gone that the snapshot's row promises */
    const char *bug;          /* a query gave a column that nobody knows: a mistake of ours, said instead of hidden */
    /* A read that keeps what the next one needs (catalog_refresh.c): gets every result. NULL: they become facts at once. */
    void (*on_result)(struct pgcat *k, int i, const struct pgcat_query *q, const PGresult *res);
    void *on_result_ctx;
};

/* A row of a result. */
struct pgcat_row {
    const PGresult *res;
    int row;
};
static inline const char *pgcat_get(const struct pgcat_row *r, int col)
{
    return PQgetisnull(r->res, r->row, col) ? NULL : PQgetvalue(r->res, r->row, col);
}
static inline uint32_t pgcat_oid(const struct pgcat_row *r, int col)
{
    const char *p = PQgetvalue(r->res, r->row, col);
    uint32_t n = 0;

    for (; *p >= '0' && *p <= '9'; p++) /* a million of them in a large catalogue: strtoul shows */
        n = n * 10 + (uint32_t)(*p - '0');
    return n;
}
static inline int pgcat_int(const struct pgcat_row *r, int col)
{
    return (int)strtol(PQgetvalue(r->res, r->row, col), NULL, 10);
}
static inline bool pgcat_is(const struct pgcat_row *r, int col)
{
    return PQgetvalue(r->res, r->row, col)[0] == 't';
}
/* To be called for each row: takes in what has arrived, so that the server need not wait for us before it goes on. */
static inline void pgcat_keep_reading(struct pgcat *k, const struct pgcat_row *r)
{
    if (r->row % 256 == 255)
        (void)PQconsumeInput(k->c->conn); /* an error shows when the next result is read */
}
static inline char pgcat_char(const struct pgcat_row *r, int col)
{
    return PQgetvalue(r->res, r->row, col)[0];
}

/* A query and what becomes of its rows. In the text, @NN{this@@that} stands for `this` on servers from NN on and for `that` on
 * older ones; neither holds a brace. A column named after an attribute is that attribute; catalog_rows.c has the other names. */
struct pgcat_query {
    const char *sql;
    void (*take)(struct pgcat *k, const PGresult *res); /* NULL: pgcat_take_facts with these: */
    enum ls_fact_kind kind;                             /* NONE: the column "kind" says it */
    enum pgcat_class class;
    void (*each)(struct pgcat *k, const struct pgcat_row *r, int first,
                 uint32_t fact); /* columns from `first` on, which are named "+..." */
    int since;                   /* major version; 0: all */
    enum { PGQ_ALWAYS, PGQ_DEFINITIONS, PGQ_SIZES } when;
    bool is_database_wide; /* not read when only some schemas are asked for */
    /* A second read, when something has changed. */
    unsigned sets;     /* asked again where one of these has (PGS_ON); 0: in any case */
    const char *keys;  /* "a" or "a,b": columns of which only rows are asked for again, where the text has @in{x}, whose number is in
                        * a bucket of `by` that changed; NULL: all are */
    enum pgcat_set by;
    const char *id;    /* the columns that say which one it is, one or two numbers; NULL: only whole buckets are exchanged */
    const char *guard; /* columns that others' texts show: when one is another, everything is read */
};

#define PGCAT_MAX_QUERIES 80

/* What is to be sent, in order. */
struct pgcat_batch {
    const struct pgcat_query *queries[PGCAT_MAX_QUERIES]; /* NULL: a statement without facts */
    const char *sql[PGCAT_MAX_QUERIES];
    int n;
};

struct pgcat_dirty;

/* catalog.c */
void pgcat_init(struct pgcat *k, struct ls_db *db, const struct ls_catalog_opts *opts);
void pgcat_add(struct pgcat_batch *b, struct pgcat *k, const char *sql);
/* The begin of a transaction (a savepoint in one that is open) and its settings; its end. */
void pgcat_add_begin(struct pgcat_batch *b, struct pgcat *k);
void pgcat_add_end(struct pgcat_batch *b, struct pgcat *k);
/* All of them; with `dirty` only what is to be asked for again. */
void pgcat_add_all(struct pgcat_batch *b, struct pgcat *k, const struct pgcat_dirty *dirty);
/* Sends it; when it fails, the transaction is rolled back. */
enum ls_rc pgcat_send(struct pgcat *k, const struct pgcat_batch *b, struct ls_err *err);
/* A result becomes facts. */
void pgcat_take(struct pgcat *k, const struct pgcat_query *q, const PGresult *res);
enum ls_rc pgcat_ask_for_subscriptions(struct pgcat *k, struct ls_err *err);
/* The end: edges, subscriptions' connections; then the catalogue. Where rc is an error already, all is freed and rc given back. */
void pgcat_drop(struct pgcat *k);
/* Whether it was changed while it was read, so far as that shows. */
bool pgcat_is_torn(const struct pgcat *k, enum ls_rc rc, const struct ls_err *err);
enum ls_rc pgcat_finish(struct pgcat *k, enum ls_rc rc, struct ls_catalog **out, struct ls_err *err);

/* catalog_refresh.c */
/* Whether the query is to be asked again, and of which buckets as "{1,2}". */
bool pgcat_is_due(const struct pgcat_query *q, const struct pgcat_dirty *dirty, struct ls_buf *buckets);

/* catalog_sql.c ... */
extern const struct pgcat_query pgcat_table_queries[], pgcat_type_queries[], pgcat_code_queries[], pgcat_other_queries[],
    pgcat_last_queries[];
/* buckets: for @in{x}, as "{1,2}"; NULL: all. */
void pgcat_expand(const char *sql, int version, const char *buckets, struct ls_buf *out);

/* catalog_canon.c: as ls_catalog_set, for what may hold an expression */
void pgcat_set(struct pgcat *k, uint32_t fact, enum ls_attr a, const char *text);

/* catalog_expr.c */
void pgcat_take_words(struct pgcat *k, const PGresult *res);
/* Writes the name of column `num`, quoted where it has to be; of the table for 0. False: it has no such column. */
typedef bool (*pgcat_add_column)(void *ctx, int num, struct ls_buf *out);
/* Appends the text, which names the columns of table stand_in, with the names that add() writes. */
void pgcat_rename(const struct pgcat_stand_ins *all, uint32_t stand_in, const char *text, pgcat_add_column add, void *ctx, struct ls_buf *out);
/* The text, which names the columns of table stand_in, with the names of the relation's own ones; NULL stays NULL. Valid until the
 * next call. */
const char *pgcat_expression(struct pgcat *k, uint32_t rel, uint32_t stand_in, const char *text);

/* catalog_rows.c */
void pgcat_take_facts(struct pgcat *k, const PGresult *res, const struct pgcat_query *q);

/* catalog_map.c */
void pgcat_map(struct pgcat *k, enum pgcat_class class, uint32_t oid, uint32_t value);
uint32_t pgcat_find(const struct pgcat *k, uint32_t class, uint32_t oid); /* UINT32_MAX: not there */
void pgcat_map_release(struct pgcat *k);
const char *pgcat_schema(const struct pgcat *k, uint32_t oid); /* NULL: a system's, or not asked for */
bool pgcat_wants_schema(const struct pgcat *k, const char *name);
bool pgcat_is_left_out(const struct pgcat *k, const char *schema, const char *name);
uint32_t pgcat_rel_of(const struct pgcat *k, uint32_t oid); /* place in rels, UINT32_MAX */
const struct pgcat_col *pgcat_col_of(const struct pgcat *k, uint32_t rel, int attnum);
/* Facts of the object, or of its column where sub is not 0. */
uint32_t pgcat_fact_of(const struct pgcat *k, uint32_t class, uint32_t oid, int sub);

/* catalog_names.c */
/* Quoted unless it is [a-z_][a-z0-9_]*. */
void pgcat_ident(struct ls_buf *out, const char *name);
void pgcat_qualified(struct ls_buf *out, const char *schema, const char *name);
/* Whether `name` is what the server makes of table, further names and a label ("pkey"), a number behind it or not. */
bool pgcat_is_made_name(const char *name, const char *table, const char *rest, const char *label);
/* The names of columns as the server joins them for such a name. */
void pgcat_join_for_name(struct ls_buf *out, const char *column);

/* catalog_table.c */
void pgcat_take_schema(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact);
void pgcat_take_relation(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact);
void pgcat_take_columns(struct pgcat *k, const PGresult *res);
void pgcat_take_defaults(struct pgcat *k, const PGresult *res);
void pgcat_take_type_names(struct pgcat *k, const PGresult *res);
void pgcat_take_toast(struct pgcat *k, const PGresult *res);
void pgcat_take_inherits(struct pgcat *k, const PGresult *res);
void pgcat_take_foreign_tables(struct pgcat *k, const PGresult *res);
void pgcat_take_sequences(struct pgcat *k, const PGresult *res);
/* Whose it is has been said: into facts, or into the column whose identity it is. */
void pgcat_place_sequences(struct pgcat *k);

void pgcat_take_composite(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact);
void pgcat_take_range(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact);

/* catalog_key.c */
void pgcat_take_collations(struct pgcat *k, const PGresult *res);
void pgcat_take_opclasses(struct pgcat *k, const PGresult *res);
void pgcat_take_constraints(struct pgcat *k, const PGresult *res);
void pgcat_take_indexes(struct pgcat *k, const PGresult *res);
void pgcat_take_index_targets(struct pgcat *k, const PGresult *res);
void pgcat_take_not_nulls(struct pgcat *k, const PGresult *res);
void pgcat_take_domain_check(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact);
/* The next of several expressions that the server wrote in a row, by the comma outside of all brackets. */
void pgcat_next_expression(const char **exprs, struct ls_buf *out);
/* The next number of "{1,2}" or "1 2"; false at the end. */
bool pgcat_next_number(const char **list, uint32_t *n);

/* catalog_code.c */
void pgcat_take_gone(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact);
void pgcat_take_trigger(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact);
void pgcat_take_rule(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact);

/* catalog_deps.c */
void pgcat_take_published(struct pgcat *k, const PGresult *res);
void pgcat_take_members(struct pgcat *k, const PGresult *res);
void pgcat_take_arrays(struct pgcat *k, const PGresult *res);
void pgcat_take_view_rules(struct pgcat *k, const PGresult *res);
void pgcat_take_edges(struct pgcat *k, const PGresult *res);
void pgcat_take_comments(struct pgcat *k, const PGresult *res);
void pgcat_take_labels(struct pgcat *k, const PGresult *res);
void pgcat_take_definitions(struct pgcat *k, const PGresult *res);
void pgcat_take_sizes(struct pgcat *k, const PGresult *res);
void pgcat_take_notes(struct pgcat *k, const PGresult *res);
void pgcat_add_edge(struct pgcat *k, struct pgcat_edge e);
void pgcat_resolve_edges(struct pgcat *k);

#endif
