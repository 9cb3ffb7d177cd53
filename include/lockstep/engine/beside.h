/* lockstep/engine/beside.h: two tools' view of one project side by side: two ledgers in one database, two folders beside each other. */
#ifndef LOCKSTEP_ENGINE_BESIDE_H
#define LOCKSTEP_ENGINE_BESIDE_H

#include "lockstep/engine/session.h"

struct ls_beside_row {
    const char *label, *name;  /* of the left entry, else of the right one */
    const struct ls_entry *left, *right; /* NULL: that side knows nothing of it */
    bool differs;              /* one has it and the other has not, or only one counts it as applied */
};
struct ls_beside {
    struct ls_arena *arena;
    const struct ls_snapshot *left; /* borrowed */
    const struct ls_format *other;
    const char *other_dir;     /* folder that the right side was read from */
    const char *left_title, *right_title; /* "golang-migrate: public.schema_migrations" */
    struct ls_migrations migrations; /* of the right side, as the two below */
    struct ls_ledger ledger;
    struct ls_timeline timeline;
    LS_VEC(struct ls_beside_row) rows; /* in the left side's order; what only the right one has stands behind its neighbour there */
    size_t n_differ;
};
/* Reads the folder and the ledger as `other` would, and joins with snap by version number where both have one, else by name. other_dir NULL: the same
 * folder. Without a database (snap->has_db false) the folders alone. Reads only. snap must outlive it. */
LS_MUST_CHECK enum ls_rc ls_beside_read(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_format *other, const char *other_dir,
                                       struct ls_beside *out, struct ls_err *err);
void ls_beside_release(struct ls_beside *s);

#endif
