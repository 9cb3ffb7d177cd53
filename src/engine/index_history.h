/* engine/index_history.h: the file in which counters that were seen earlier are kept (index_history_file.c), and what it says (index_history.c).
 *
 * Lines of text, each with a CRC-32 of what stands before it, so that damage costs one line:
 *   # lockstep usage 1
 *   L TIME STATS_RESET STARTED RESET CRC      a look: microseconds; RESET: counters began anew then, 0 they did not since the look before
 *   I OID SCANS BYTES ROWS SCHEMA.NAME CRC    an index whose numbers are others than in the look before; %XX for what would break a line
 * A look names only what changed: ten thousand indexes that nobody uses cost one line. */
#ifndef LOCKSTEP_SRC_ENGINE_INDEX_HISTORY_H
#define LOCKSTEP_SRC_ENGINE_INDEX_HISTORY_H

#include "lockstep/base/buf.h"
#include "lockstep/base/err.h"
#include "lockstep/base/vec.h"
#include "lockstep/model/usage.h"

#define LS_SECOND_US INT64_C(1000000)
#define LS_HOUR_US (INT64_C(3600) * LS_SECOND_US)
#define LS_DAY_US (INT64_C(24) * LS_HOUR_US)
#define LS_LOOKS_MAX_BYTES ((size_t)8 * 1024 * 1024) /* of file: ten thousand busy indexes take a third of a MiB a look */
#define LS_LOOK_APART_US (INT64_C(300) * LS_SECOND_US) /* looks nearer than that to the one before are not kept unless they tell of a reset or a build */

struct ls_seen {
    const char *name;          /* as it stands in the file */
    uint32_t at;               /* place of the name among all of them */
    int64_t oid, scans, bytes, rows;
};
struct ls_look {
    int64_t time_us, stats_reset_us, started_us, reset_us;
    LS_VEC(struct ls_seen) items; /* names point into the text or into an arena */
};
struct ls_looks {
    struct ls_buf text;
    LS_VEC(struct ls_look) looks; /* oldest first */
    int n_damaged;
};

/* LS_OK with no looks where there is no file. */
LS_MUST_CHECK enum ls_rc ls_looks_read(const char *path, struct ls_looks *out, struct ls_err *err);
/* Merges what the header of index.h does not keep into the look behind it. factor 1; more: coarser, where the file has grown too large. Says whether something was. */
bool ls_looks_thin(struct ls_looks *l, int64_t now_us, int factor);
/* Replaces the file, thinned; to half of LS_LOOKS_MAX_BYTES where it would be larger than that. */
LS_MUST_CHECK enum ls_rc ls_looks_write(const char *path, struct ls_looks *l, int64_t now_us, struct ls_err *err);
/* Adds one look at the end of the file, which is made where it is not there. */
LS_MUST_CHECK enum ls_rc ls_looks_append(const char *path, const struct ls_look *look, struct ls_err *err);
void ls_looks_release(struct ls_looks *l);

#endif
