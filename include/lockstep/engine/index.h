/* lockstep/engine/index.h: what can be said about indexes: verdicts IX01 to IX18, from what the database counts, what lockstep has seen earlier, and the
 * workload. Rules are pure functions over plain data; each verdict says what it rests on. Facts: indexes.md 2. */
#ifndef LOCKSTEP_ENGINE_INDEX_H
#define LOCKSTEP_ENGINE_INDEX_H

#include "lockstep/engine/advise.h"
#include "lockstep/engine/workload.h"
#include "lockstep/model/usage.h"

/* --- history (index_history.c): counters that were seen earlier, in a file of the operator's own (never in the database) --- */

/* What is known of one index beyond the numbers of now. */
struct ls_past {
    int64_t first_seen_us;
    int64_t last_rise_us;      /* newest moment at which its count was seen to have risen, or that the server knows of; 0 never */
    int64_t counted_from_us;   /* its count says something from here on: the newest of resets (a count that fell), stats_reset and first sight */
    int64_t scans_in_window;   /* scans between counted_from_us and now */
    double per_hour;           /* between the last two looks; -1 one look only, or a reset between them */
    double built_bytes_per_row;/* right after a build that lockstep saw, best ever; -1 */
};
struct ls_history {
    struct ls_arena *arena;
    const char *path;
    const struct ls_past *past; /* one for each index of the usage it was matched with */
    uint32_t n_past;
    const char *window;        /* for people: "since 2026-11-03 (25 days): counters were reset then" */
    int64_t window_from_us;
};
/* Reads the file (none: nothing is known), matches it with u, and appends u's counters to it when `keep`; at most one entry in five minutes is kept, one an
 * hour beyond the last day, one a day beyond the last month, one a month beyond 400 days, and fewer where the file would be larger than 8 MiB. A count that
 * fell is a reset of them all, from the moment on that the database tells, else from the look that saw it. SQLite counts nothing and has no file. What is wrong
 * with the file is the error, and out is what u alone says; it is to be released all the same. path NULL: only what u itself says. A damaged line is left out with a note in u's place: *note, of the arena, or NULL. */
LS_MUST_CHECK enum ls_rc ls_history_open(const char *path, const struct ls_usage *u, bool keep, struct ls_history *out, const char **note, struct ls_err *err);
void ls_history_release(struct ls_history *h);
/* Name of the file for a database below the folder `state` (system identifier and database, or the file's path, hashed). Caller frees. */
char *ls_history_path(const char *state, const struct ls_usage *u);

/* --- verdicts --- */

/* X(enum, id, word, meaning) */
#define LS_VERDICTS(X)                                                                                                     \
    X(UNUSED, "IX01", "unused", "nothing has read this index in the window")                                               \
    X(DUPLICATE, "IX02", "duplicate", "another index is the same")                                                         \
    X(MIRROR, "IX03", "mirror", "another index is the same, read backwards")                                               \
    X(PREFIX, "IX04", "prefix", "a longer index begins with these columns")                                                \
    X(INVALID, "IX05", "invalid", "a build that failed has left it; it is no use to queries")                              \
    X(UNATTACHED, "IX06", "partition-index-unattached", "the parent's index lacks some partitions' own")                   \
    X(FK_UNINDEXED, "IX07", "fk-unindexed", "the parent's deletes and updates search the whole child table")               \
    X(MISSING, "IX08", "missing", "a query of the workload would gain by an index that is not there")                      \
    X(ORDER_BY, "IX09", "orderby-mismatch", "an index finds the rows but another step has to sort them")                   \
    X(PARTIAL_NULLS, "IX10", "partial-nulls", "most of its entries are NULL")                                              \
    X(PARTIAL_CONSTANT, "IX11", "partial-constant", "queries always ask for one constant: a partial index would do")       \
    X(LOW_CARDINALITY, "IX12", "low-cardinality", "its first column has few values, and queries ask for the frequent ones") \
    X(OVERSIZED, "IX13", "oversized", "it is larger than it is worth")                                                     \
    X(BLOAT, "IX14", "bloat", "much of it is empty")                                                                       \
    X(HOT_BLOCKED, "IX15", "hot-blocked", "updates of its columns cannot be HOT")                                          \
    X(STATS_MISSING, "IX16", "stats-missing", "the planner knows nothing, or what it knows is old")                        \
    X(AUTO_INDEX, "IX17", "auto-index", "SQLite builds an index anew for each run of a query")                             \
    X(WRONG_KIND, "IX18", "wrong-kind", "this kind of index cannot serve these queries")                                   \
    X(FK_UNENFORCED, "FK01", "fk-unenforced", "a foreign key is not enforced, not validated, or has orphans")
enum ls_verdict_id {
#define X(e, id, w, m) LS_IX_##e,
    LS_VERDICTS(X)
#undef X
        LS_N_VERDICTS
};
const char *ls_verdict_code(enum ls_verdict_id id);    /* "IX01" */
const char *ls_verdict_word(enum ls_verdict_id id);    /* "unused" */
const char *ls_verdict_meaning(enum ls_verdict_id id);
bool ls_verdict_find(const char *text, enum ls_verdict_id *out); /* by code or word */

#define LS_CONFIDENCES(X)                                                          \
    X(CERTAIN, "certain")         /* the catalogue itself says so */               \
    X(MEASURED, "measured")       /* on a clone or copy */                         \
    X(COSTED, "costed")           /* by the planner, not run */                    \
    X(ESTIMATED, "estimated")     /* from statistics or counters */                \
    X(UNCONFIRMED, "unconfirmed") /* the window is short, or standbys were not asked */ \
    X(STRUCTURAL, "structural")   /* from the shape alone */
enum ls_confidence {
#define X(e, w) LS_CONF_##e,
    LS_CONFIDENCES(X)
#undef X
};
const char *ls_confidence_name(enum ls_confidence c);

enum ls_fix_kind {
    LS_FIX_NONE,
    LS_FIX_DROP,        /* a migration that drops `index` */
    LS_FIX_CREATE,      /* a migration that creates `create` */
    LS_FIX_REPLACE,     /* creates `create`, then drops `index` */
    LS_FIX_ATTACH,      /* IX06: children's indexes, and ATTACH */
    LS_FIX_VALIDATE,    /* ALTER TABLE ... VALIDATE CONSTRAINT */
    LS_FIX_REINDEX,     /* maintenance: no migration */
    LS_FIX_ANALYZE,     /* ANALYZE, PRAGMA optimize */
    LS_FIX_VACUUM
};
/* An index that should be there: enough to write it for either database. */
struct ls_index_spec {
    const char *schema, *table; /* raw */
    const char *method;         /* "btree" */
    const char *const *keys;    /* text as the database prints it: quoted names, expressions, " DESC" and " NULLS LAST" behind; n_keys */
    uint32_t n_keys;
    const char *predicate;      /* "" none */
    bool is_unique;
    const char *name;           /* proposed, not taken in the schema; at most 63 bytes */
};
enum { LS_SPEC_ONLY = 1, LS_SPEC_CONCURRENTLY = 2 };
/* Appends CREATE INDEX as d wants it, without ';'; how: LS_SPEC_ bits, name NULL: without one. LS_E_INPUT, and out as it was, for a name that cannot be
 * written. */
LS_MUST_CHECK enum ls_rc ls_index_spec_sql(struct ls_buf *out, enum ls_dialect d, const struct ls_index_spec *s, unsigned how, struct ls_err *err);
struct ls_index_verdict {
    enum ls_verdict_id id;
    enum ls_severity severity;
    enum ls_confidence confidence;
    uint32_t table, index, fk;  /* of the usage; LS_NO_USAGE: not about one */
    uint32_t other;             /* the index that covers it (IX02..IX04); LS_NO_USAGE */
    const char *object;         /* label, raw: "public.idx_memories_user", "memories(user_id, updated_at)" */
    const char *title;          /* one sentence */
    const char *evidence;       /* numbers; lines ended by \n where there are several */
    const char *window;         /* observation window, "" where none matters */
    enum ls_fix_kind fix;
    const struct ls_index_spec *create; /* n_create of them; CREATE and REPLACE */
    uint32_t n_create;
    const char *price;          /* what the fix costs: lock, space, writes, HOT */
    const char *undo;           /* what takes it back: SQL */
    const struct ls_advice *advice; /* IX08, IX09, IX11: with the measured plans; or NULL */
    const char *ignored;        /* reason in the project; NULL: not ignored */
};
struct ls_index_ignore {
    const char *id;             /* code or word, "*" all */
    const char *object;         /* glob over the label, with the default schema or without it */
    const char *reason;         /* never "" */
};
struct ls_verdict_opts {
    int64_t now_us;
    int64_t window_us;          /* 0: 14 days; less than that is unconfirmed */
    const struct ls_usage *const *standbys; /* read at the same time; n_standbys */
    uint32_t n_standbys;
    uint32_t n_standbys_missed; /* given in the project but not to be read */
    const struct ls_index_ignore *ignores;
    uint32_t n_ignores;
    const struct ls_workload *workload; /* or NULL */
    const struct ls_advices *advices;   /* of that workload; or NULL */
    const char *ledger_table;           /* the project's own name of its ledger, "name" or "schema.name"; or NULL */
};
struct ls_verdicts {
    struct ls_arena *arena;
    const struct ls_index_verdict *v; /* worst first, then by object */
    uint32_t n;
    const char *window;         /* of the whole, for the head of a report */
};
/* Never proposes what exists, never to drop what a constraint, a foreign key, a replica identity, a standby or a partition parent needs; drops are resolved
 * as a graph: of indexes that cover each other one stays. u, h and opts outlive it. h NULL: what u alone says. */
void ls_verdicts_make(const struct ls_usage *u, const struct ls_history *h, const struct ls_verdict_opts *opts, struct ls_verdicts *out);
void ls_verdicts_release(struct ls_verdicts *v);

#endif
