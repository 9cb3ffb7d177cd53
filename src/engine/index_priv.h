/* engine/index_priv.h: what the rules IX01 to IX18 and FK01 share.
 *
 * index.c         table of the rules, order, ignores     index_text.c     prices, undo, labels, dates
 * index_cover.c   which index does another's work        index_need.c     what an index is needed for; drops as a graph
 * index_use.c     counts of children and standbys added  index_words.c    what queries' texts say of columns
 * index_rules_*.c the rules
 *
 * Rules run in the order of the table, and that order is the graph's: what an earlier one drops is no cover for a later one. */
#ifndef LOCKSTEP_SRC_ENGINE_INDEX_PRIV_H
#define LOCKSTEP_SRC_ENGINE_INDEX_PRIV_H

#include "lockstep/base/buf.h"
#include "lockstep/base/vec.h"
#include "lockstep/engine/index.h"

#define LS_IX_DAY_US INT64_C(86400000000)
#define LS_IX_KIB INT64_C(1024)
#define LS_IX_MIB (INT64_C(1024) * 1024)

/* What is known of one index's use: its own, its children's where it is a parent's, and the standbys'. */
struct ls_ix_use {
    int64_t scans;             /* since counted_from_us; -1 unknown */
    int64_t standby_scans;     /* of them */
    int64_t counted_from_us;
    int64_t quiet_since_us;    /* known not to have been read since then */
    int64_t looks_quiet_since_us; /* the same by lockstep's own looks and zeros alone */
    int64_t last_scan_us;      /* as the server knows it; 0 unknown or never */
    int64_t last_rise_us;      /* as lockstep saw it, or the server knows it; 0 never */
    int64_t bytes;             /* -1 unknown */
};
struct ls_ix {
    struct ls_arena *arena;
    const struct ls_usage *u;
    const struct ls_history *h;
    const struct ls_verdict_opts *o;
    int64_t now_us, window_us;
    bool is_pg;
    struct ls_ix_use *use;     /* one for each index */
    bool *is_named;            /* n_queries * n_tables: the query's text has the table's name in it */
    bool *is_dropped;          /* by a verdict that is not ignored */
    uint32_t *cover;           /* the one that does its work then; LS_NO_USAGE */
    uint32_t *first_part, *next_part; /* a partitioned table's index: those of its partitions, as lists; LS_NO_USAGE ends */
    LS_VEC(struct ls_index_verdict) v;
};

/* index.c: adds a verdict with the label of the index, the foreign key or the table as object. Good until the next one is added. */
struct ls_index_verdict *ls_ix_add(struct ls_ix *ix, enum ls_verdict_id id, enum ls_severity severity, enum ls_confidence confidence, uint32_t table,
                                   uint32_t index);
/* The same for what is not there yet: object is text like "memories(user_id)". */
struct ls_index_verdict *ls_ix_add_object(struct ls_ix *ix, enum ls_verdict_id id, enum ls_severity severity, enum ls_confidence confidence, uint32_t table,
                                          const char *object);
const char *ls_ix_ignored(const struct ls_ix *ix, enum ls_verdict_id id, const char *object);

/* index_text.c */
int64_t ls_ix_bytes(const struct ls_usage_index *x); /* by pages where no true size is there; -1 unknown */
const char *ls_ix_size(struct ls_arena *a, int64_t bytes);
const char *ls_ix_date(struct ls_arena *a, int64_t us);
const char *ls_ix_age(struct ls_arena *a, int64_t us);  /* "25 days", "5 hours" */
const char *ls_ix_window(struct ls_arena *a, int64_t from_us, int64_t now_us, const char *why);
const char *ls_ix_columns(struct ls_arena *a, const struct ls_usage_index *x); /* "user_id, updated_at DESC" */
const char *ls_ix_label(struct ls_arena *a, const struct ls_usage_index *x);
const char *ls_ix_table_label(struct ls_arena *a, const struct ls_usage_table *t);
const char *ls_ix_ident(struct ls_arena *a, const char *name); /* as the database prints it: quoted where needed */
const char *ls_ix_take(struct ls_arena *a, struct ls_buf *b); /* the text, and b is released */
/* "idx_TABLE_COLUMNS", not taken, at most 63 bytes. */
const char *ls_ix_new_name(struct ls_ix *ix, const char *schema, const char *table, const char *const *columns, uint32_t n);
/* Sets fix, price and undo. */
void ls_ix_fix_drop(struct ls_ix *ix, struct ls_index_verdict *v);
void ls_ix_fix_create(struct ls_ix *ix, struct ls_index_verdict *v, const struct ls_index_spec *spec, int64_t bytes, const char *write_cost);
void ls_ix_fix_reindex(struct ls_ix *ix, struct ls_index_verdict *v);
bool ls_ix_is_builder_unsafe(const struct ls_ix *ix); /* 14.0 to 14.3: concurrent builds can corrupt */

/* index_use.c */
void ls_ix_count_uses(struct ls_ix *ix);
const char *ls_ix_use_window(struct ls_ix *ix, uint32_t index);
bool ls_ix_is_planned(const struct ls_ix *ix, uint32_t index); /* a plan of the workload names it (or a child of it) */

/* index_cover.c */
enum ls_ix_cover { LS_COVER_NONE, LS_COVER_SAME, LS_COVER_MIRROR, LS_COVER_INCLUDE, LS_COVER_PREFIX };
/* How index b does what a does: the reference query of indexes.md 2.1. Says nothing of what else a is needed for but what that query says. */
enum ls_ix_cover ls_ix_covers(const struct ls_usage *u, uint32_t a, uint32_t b);
bool ls_ix_serves_fk(const struct ls_usage *u, uint32_t index, const struct ls_usage_fk *fk);
/* The same of one that is not there yet. */
bool ls_ix_spec_serves_fk(struct ls_arena *a, const struct ls_index_spec *spec, const struct ls_usage_fk *fk);
/* An index that is there and begins as the spec says. */
uint32_t ls_ix_exists(const struct ls_usage *u, const struct ls_index_spec *spec);

/* index_need.c */
/* Why it may never be dropped, or NULL. */
const char *ls_ix_need(struct ls_ix *ix, uint32_t index);
/* The foreign key that no other index would serve, or NULL. */
const struct ls_usage_fk *ls_ix_only_for_fk(const struct ls_ix *ix, uint32_t index);
/* The index and, of a partitioned table, those of its partitions. */
void ls_ix_set_dropped(struct ls_ix *ix, uint32_t index);
void ls_ix_link_parts(struct ls_ix *ix); /* before all rules */
/* Whether nothing that was dropped because of it is left without a cover; what it did is handed to others then. */
bool ls_ix_hand_over(struct ls_ix *ix, uint32_t index);
/* need, FK and hand_over in one. */
bool ls_ix_may_drop(struct ls_ix *ix, uint32_t index);

/* index_words.c: what the text of a query says of a column, by its words; errs to yes */
void ls_ix_read_names(struct ls_ix *ix); /* fills is_named */
bool ls_ix_query_names(const struct ls_ix *ix, uint32_t query, uint32_t table);
bool ls_ix_query_updates(const struct ls_usage *u, const struct ls_query *q, const char *column);
bool ls_ix_query_is_null(const struct ls_usage *u, const struct ls_query *q, const char *column);
bool ls_ix_query_like_prefix(const struct ls_usage *u, const struct ls_query *q, const char *column);

/* The rules, by file. */
void ls_ix_rule_advice(struct ls_ix *ix);      /* _load: IX08, IX09, IX11 */
void ls_ix_rule_autoindex(struct ls_ix *ix);   /* IX17 */
void ls_ix_rule_invalid(struct ls_ix *ix);     /* _state: IX05 */
void ls_ix_rule_unattached(struct ls_ix *ix);  /* IX06 */
void ls_ix_rule_stats(struct ls_ix *ix);       /* IX16 */
void ls_ix_rule_equal(struct ls_ix *ix);       /* _cover: IX02, IX03, IX04 of INCLUDE */
void ls_ix_rule_prefix(struct ls_ix *ix);      /* IX04 */
void ls_ix_rule_unused(struct ls_ix *ix);      /* _use: IX01 */
void ls_ix_rule_fk_index(struct ls_ix *ix);    /* _fk: IX07 */
void ls_ix_rule_fk_enforced(struct ls_ix *ix); /* FK01 */
void ls_ix_rule_nulls(struct ls_ix *ix);       /* _shape: IX10 */
void ls_ix_rule_few_values(struct ls_ix *ix);  /* IX12 */
void ls_ix_rule_kind(struct ls_ix *ix);        /* IX18 */
void ls_ix_rule_oversized(struct ls_ix *ix);   /* _size: IX13 */
void ls_ix_rule_bloat(struct ls_ix *ix);       /* IX14 */
void ls_ix_rule_hot(struct ls_ix *ix);         /* IX15 */

#endif
