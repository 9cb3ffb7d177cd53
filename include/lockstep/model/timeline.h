/* lockstep/model/timeline.h: migrations joined with the ledger. Each entry has exactly one state, computed here and nowhere else. */
#ifndef LOCKSTEP_MODEL_TIMELINE_H
#define LOCKSTEP_MODEL_TIMELINE_H

#include "lockstep/base/arena.h"
#include "lockstep/model/ledger.h"
#include "lockstep/model/migration.h"

/* In order of rising urgency. X(enum, word, glyph, ascii glyph, role for colour) feeds the enum, JSON, the lists and the help. */
#define LS_STATES(X)                                                                       \
    X(APPLIED, "applied", "✓", "+", "in the ledger; no change of its file is known")       \
    X(PENDING, "pending", "·", ".", "not in the ledger; would run next in order")          \
    X(ROLLED_BACK, "rolled-back", "↶", "<", "was applied, then taken back; pending again") \
    X(OUT_OF_ORDER, "out-of-order", "↕", "o", "not in the ledger, but something newer is") \
    X(MODIFIED, "modified", "≠", "~", "in the ledger, but the file's checksum differs")    \
    X(MISSING, "missing", "?", "?", "in the ledger, but there is no file")                 \
    X(DUPLICATE, "duplicate", "=", "=", "two files claim this version")                    \
    X(DIRTY, "dirty", "✗", "!", "started and not finished")

enum ls_state {
#define X(e, w, g, a, d) LS_STATE_##e,
    LS_STATES(X)
#undef X
        LS_N_STATES
};
const char *ls_state_name(enum ls_state s);
const char *ls_state_glyph(enum ls_state s, bool ascii);
const char *ls_state_meaning(enum ls_state s);

enum ls_evidence { LS_EVIDENCE_NONE, LS_EVIDENCE_RECORDED, LS_EVIDENCE_INFERRED };

struct ls_entry {
    const struct ls_migration *migration; /* NULL: missing file */
    const struct ls_ledger_row *row;      /* the row that decides: the newest about it; NULL: none of its own */
    const struct ls_ledger_row *const *rows; /* every row about it, oldest first */
    size_t n_rows;
    const char *id;                       /* the migration's, or the row's; never NULL */
    uint64_t version;                     /* number, where the format has one, else 0 */
    const char *label, *name;             /* never NULL */
    enum ls_state state;
    enum ls_evidence evidence;            /* INFERRED: below a cursor, the tool's assumption, shown differently */
    bool is_runnable;                     /* `up` may run it: pending, taken back, or out of order where the tool runs those */
    const char *tool_would;               /* what the tool itself would do: "runs it next", "never runs it: below its cursor 7" */
};

struct ls_timeline {
    struct ls_arena *arena;               /* entries, tool_would */
    LS_VEC(struct ls_entry) e;            /* in the tool's order; rows without a file at the place that rules->place gives them, else at the end */
    const long *by_id;                    /* entries' indices, sorted by id, then index: for ls_timeline_find_id */
    size_t count[LS_N_STATES];
    long newest_applied;                  /* index of the last entry that the ledger counts as applied (modified and missing ones too), -1 none */
    bool runs_late;                       /* what is out of order is asked for: check_runnable does not refuse because of it */
    long next_pending;                    /* index that `up 1` would run, -1 none */
};

/* What a format's rules decide; a const table in the format's file. Members left out mean: no. */
struct ls_timeline_rules {
    bool is_numeric;          /* ids are numbers that `version` has: requests may say 7 for 007, and rows without a file are placed by number */
    bool has_checksums;
    bool runs_out_of_order;   /* the tool runs files older than its newest applied one (SET shape) */
    const char *late_option;  /* the tool's own option that makes it run them, where it does so only then: "-allow-missing"; NULL: none */
    bool down_by_ledger;      /* the tool takes back in reverse order of the ledger's rows, not of the files (goose, node-pg-migrate) */
    bool down_passes_missing; /* rows without a file are invisible to the tool's down: it takes back what is below (dbmate) */
    const char *applied, *pending_next, *pending_later, *out_of_order, *modified, *missing, *duplicate, *dirty, *rolled_back; /* tool_would texts */
    const char *inferred;     /* of what is only taken for applied; NULL: a sentence made of the shape */
    const char *outdated;     /* of a repeatable whose checksum changed: it is pending; NULL: pending_next */
    /* Where a row without a file stands: < 0 in front of m, else behind it. It is put in front of the first migration for which this is < 0, else at
     * the end. NULL: by version when is_numeric, else at the end. */
    int (*place)(const struct ls_ledger_row *row, const struct ls_migration *m);
    /* Whether a file is not the one that the row was written for; NULL: m->checksum (else up.sha256) and row->checksum are there and differ. */
    bool (*is_modified)(const struct ls_migration *m, const struct ls_ledger_row *row);
    /* Last word on an entry, after its state, evidence, is_runnable were set and before tool_would is: may change those, and set tool_would itself
     * (strings of the arena or const). m and l are those of ls_timeline_build; l may be the empty ledger. */
    void (*adjust)(const struct ls_migrations *m, const struct ls_ledger *l, struct ls_arena *arena, struct ls_entry *e);
};

/* For rules->place: by the ids' bytes. */
int ls_place_by_id(const struct ls_ledger_row *row, const struct ls_migration *m);

/* Joins by id, O(n log n). Which row decides: the newest about an id. What has none:
 *   SET, LOG, FILE   out of order when something behind it in the order is applied, else pending
 *   CURSOR           applied (INFERRED) when its version is below the cursor
 *   HIGH_WATER       out of order when its version is at or below the high water, wherever it stands, else pending
 *   HEADS            applied (INFERRED) when it is an ancestor (parents, depends) of a head, else pending
 * Repeatables are never out of order; one whose checksum changed is pending. Tags, undo files and baselines are not runnable.
 * Borrowed migrations and ledger must outlive the timeline. */
void ls_timeline_build(const struct ls_migrations *m, const struct ls_ledger *l, const struct ls_timeline_rules *rules,
                       struct ls_timeline *out);
void ls_timeline_release(struct ls_timeline *t);
long ls_timeline_find_id(const struct ls_timeline *t, const char *id);   /* first entry with that id, or -1; O(log n) */
long ls_timeline_find(const struct ls_timeline *t, uint64_t version);    /* first entry with that number, or -1; numeric formats only, O(n) */
/* The first number above version that neither a file nor the ledger has; 0 when there is none up to INT64_MAX. */
uint64_t ls_timeline_free_above(const struct ls_timeline *t, uint64_t version);

#endif
