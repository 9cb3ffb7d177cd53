/* lockstep/engine/journal.h: lockstep_journal, the append-only record of runs in the target; each row carries the hash of the one before.
 * Columns: seq, run_id, event, version, name, direction, at, operator, host, tool, duration_ms, result, detail, plan_digest, prev_hash, hash. */
#ifndef LOCKSTEP_ENGINE_JOURNAL_H
#define LOCKSTEP_ENGINE_JOURNAL_H

#include "lockstep/engine/session.h"

#define LS_JOURNAL_TABLE "lockstep_journal"

struct ls_journal_row {
    int64_t seq;
    const char *run_id, *event, *version, *name, *direction, *at, *operator_name, *host, *tool, *result, *detail, *plan_digest, *prev_hash, *hash;
    int64_t duration_ms;  /* -1 none */
    bool chain_ok;        /* its hash and the link to the row before are right */
};
struct ls_journal {
    struct ls_arena *arena;
    bool exists;
    LS_VEC(struct ls_journal_row) rows;  /* newest last */
    int64_t first_broken_seq;            /* 0 = the chain is whole */
};
/* The newest `limit` rows (0 = all). A missing table is an empty journal. */
LS_MUST_CHECK enum ls_rc ls_journal_read(struct ls_session *s, size_t limit, struct ls_journal *out, struct ls_err *err);
void ls_journal_release(struct ls_journal *j);

#endif
