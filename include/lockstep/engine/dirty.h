/* lockstep/engine/dirty.h: a dirty database explained, and the ways out, each as a plan that shows the SQL it writes. */
#ifndef LOCKSTEP_ENGINE_DIRTY_H
#define LOCKSTEP_ENGINE_DIRTY_H

#include "lockstep/engine/plan.h"

struct ls_dirty_choice {
    char key;                   /* 'a', 'b', ... */
    const char *title;          /* "Nothing of it is in the database: mark 6 as current" */
    const char *when;           /* when this is the right one */
    bool is_indicated;          /* what the database shows speaks for this one, and for no other */
    struct ls_plan *plan;       /* what it writes; owned by the report */
};
struct ls_dirty_report {
    struct ls_arena *arena;
    bool is_dirty;
    const char *ledger_says;    /* "schema_migrations: version 7, dirty" */
    enum ls_direction direction;/* which way it failed, as far as it can be known */
    bool direction_known;
    const char *version_label;
    LS_VEC(const char *) facts; /* sentences: what the tool sent, how it meets transactions, what follows; journal's word when it has one */
    LS_VEC(const char *) statements; /* of the migration in question, first line of each, in order */
    LS_VEC(const char *) verdicts;   /* one per statement: what the catalogue shows of it now ("applied (catalogue): table users is there") */
    const char *path;           /* the file that these are of, or NULL */
    LS_VEC(struct ls_dirty_choice) choices;
};
LS_MUST_CHECK enum ls_rc ls_dirty_explain(struct ls_session *s, const struct ls_snapshot *snap, struct ls_dirty_report *out, struct ls_err *err);
void ls_dirty_report_release(struct ls_dirty_report *r);

#endif
