/* lockstep/model/timeline.h: migrations joined with the ledger. Each entry has exactly one state, computed here and nowhere else. */
#ifndef LOCKSTEP_MODEL_TIMELINE_H
#define LOCKSTEP_MODEL_TIMELINE_H

#include "lockstep/base/arena.h"
#include "lockstep/model/ledger.h"
#include "lockstep/model/migration.h"

/* In order of rising urgency. X(enum, word, glyph, ascii glyph, role for colour) feeds the enum, JSON, the lists and the help. */
#define LS_STATES(X)                                                                       \
    X(APPLIED, "applied", "✓", "+", "in the ledger, file unchanged")                       \
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
    const struct ls_ledger_row *row;      /* NULL: no row of its own */
    uint64_t version;
    const char *label, *name;             /* never NULL */
    enum ls_state state;
    enum ls_evidence evidence;            /* INFERRED: below a cursor, the tool's assumption, shown differently */
    const char *tool_would;               /* what the tool itself would do: "runs it next", "never runs it: below its cursor 7" */
};

struct ls_timeline {
    struct ls_arena *arena;               /* entries, tool_would */
    LS_VEC(struct ls_entry) e;            /* ascending in the tool's order */
    size_t count[LS_N_STATES];
    long newest_applied;                  /* index of the last entry that the ledger counts as applied (modified and missing ones too), -1 none */
    long next_pending;                    /* index that `up 1` would run, -1 none */
};

/* What a format's rules decide; a const table in the format's file. */
struct ls_timeline_rules {
    bool has_checksums;
    bool runs_out_of_order;   /* the tool runs files older than its newest applied one (SET shape) */
    const char *applied, *pending_next, *pending_later, *out_of_order, *modified, *missing, *duplicate, *dirty, *rolled_back; /* tool_would texts */
};

/* Joins by a linear merge. Borrowed migrations and ledger must outlive the timeline. */
void ls_timeline_build(const struct ls_migrations *m, const struct ls_ledger *l, const struct ls_timeline_rules *rules,
                       struct ls_timeline *out);
void ls_timeline_release(struct ls_timeline *t);
long ls_timeline_find(const struct ls_timeline *t, uint64_t version); /* index or -1 */
/* The first number above version that neither a file nor the ledger has; 0 when there is none up to INT64_MAX. */
uint64_t ls_timeline_free_above(const struct ls_timeline *t, uint64_t version);

#endif
