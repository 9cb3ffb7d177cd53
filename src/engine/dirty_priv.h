/* engine/dirty_priv.h: one reading of a dirty ledger: "the up of 7 was begun", "the down of 8 was begun". dirty.c asks, reading.c
 * looks. */
#ifndef ENGINE_DIRTY_PRIV_H
#define ENGINE_DIRTY_PRIV_H

#include "engine/autopsy.h"
#include "lockstep/engine/dirty.h"

/* How much of a file's effect is in the database. */
enum ls_extent { LS_EXTENT_UNKNOWN, LS_EXTENT_NOTHING, LS_EXTENT_WHOLE, LS_EXTENT_PART };

struct ls_reading_stmt {
    const char *first_line;
    struct ls_trace trace;
    bool is_inferred; /* not seen: follows from what was seen, because statements run in order and stop at an error */
};
struct ls_reading {
    const struct ls_migration *migration; /* NULL: no such migration */
    enum ls_direction direction;
    const struct ls_section *section; /* that was sent; its path may be NULL: nothing was */
    LS_VEC(struct ls_reading_stmt) stmts;
    bool is_whole;    /* by its transaction rules it is applied wholly or not at all */
    bool controls_tx; /* the file has BEGIN, COMMIT and the like */
    bool was_refused; /* by the journal's word a statement of it failed */
    bool forbids_tx;  /* it has a statement that runs outside of transactions only */
    enum ls_extent extent;
    const char *unreadable; /* why the file could not be split, or NULL */
};
/* Strings live in arena. Errors are those of the connection. failed_stmt: the statement that failed by the journal's word, of
 * n_stmts; 0 unknown. It is believed where statements commit one by one and the catalogue does not speak against it. may_be_done: the run itself did not
 * know how that one ended, so nothing is said of it by the journal's word. */
LS_MUST_CHECK enum ls_rc ls_reading_look(struct ls_session *s, struct ls_arena *arena, const struct ls_migration *m,
                                         enum ls_direction direction, int failed_stmt, int n_stmts, bool may_be_done, struct ls_reading *out,
                                         struct ls_err *err);
void ls_reading_release(struct ls_reading *r);

#endif
