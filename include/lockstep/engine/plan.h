/* lockstep/engine/plan.h: make a plan from a snapshot. Nothing is written. */
#ifndef LOCKSTEP_ENGINE_PLAN_H
#define LOCKSTEP_ENGINE_PLAN_H

#include "lockstep/engine/session.h"

struct ls_plan_request {
    enum ls_action action;
    long count;          /* UP/DOWN: how many; -1 = all */
    const char *version; /* TO, MARK: as the user typed it: a version number, a label, or "0"/"none" for nothing */
    bool out_of_order;   /* run what is out of order too, where the tool does so when it is asked to (rules->late_option); else refused */
};
/* LS_E_REFUSED: the tool or a guard says no (dirty, duplicate, missing file ...), message and hint say why and what next.
 * An empty plan (no steps) is LS_OK: nothing to do. Findings are in it (engine/findings.c). */
LS_MUST_CHECK enum ls_rc ls_plan_make(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_plan_request *req, struct ls_plan **out,
                                      struct ls_err *err);
/* LS_E_REFUSED where a file of the folder was left out, as a link that leads out of it is: what lockstep runs itself would pass it over, and a tool with a
 * cursor for ever. Marking is not held up by it. */
LS_MUST_CHECK enum ls_rc ls_plan_check_whole(const struct ls_snapshot *snap, struct ls_err *err);
/* The plan as SQL text for people: comments name the steps, ledger statements have their values as literals, BEGIN/COMMIT are shown.
 * It runs as printed (psql -f / sqlite3) apart from the journal. */
void ls_plan_print_sql(const struct ls_plan *p, enum ls_dialect d, struct ls_buf *out);
/* An op's SQL with its values as literals. */
void ls_op_print_sql(const struct ls_op *op, enum ls_dialect d, struct ls_buf *out);

/* What a step's tool says that it would run: the standard output of its preview, which runs the project's code and touches no database. LS_E_UNSUPPORTED where
 * the tool has none for this step. The session must be connected, if only to read. */
LS_MUST_CHECK enum ls_rc ls_plan_preview(struct ls_session *s, const struct ls_plan *p, int step, struct ls_buf *out, struct ls_err *err);
/* The command line of a step that its tool runs, as a shell would take it; where the environment holds the target's address, a word in angle brackets
 * stands instead. */
void ls_child_print(const struct ls_child_cmd *cmd, struct ls_buf *out);

#endif
