/* lockstep/engine/lint.h: every check of a folder of migrations that needs no database, for CI. */
#ifndef LOCKSTEP_ENGINE_LINT_H
#define LOCKSTEP_ENGINE_LINT_H

#include "lockstep/engine/session.h"

struct ls_lint_finding {
    const char *rule;    /* id of a safety rule: "D01"; NULL: the code alone names it */
    struct ls_diag diag; /* code of a safety rule: its name, "drop-table" */
};

struct ls_lint_report {
    struct ls_arena *arena;
    LS_VEC(struct ls_lint_finding) f; /* by file and line; what is about no file first */
    int n_checked;                    /* migrations looked at */
};
/* What the scan said, the checks of verify (duplicates, gaps, missing downs, statements that cannot run where they would be sent), conflicts within the
 * folder, what the tool would refuse to run, and the safety rules on each statement of each up. snap is one of ls_session_scan. */
void ls_lint(struct ls_session *s, const struct ls_snapshot *snap, struct ls_lint_report *out);
void ls_lint_report_release(struct ls_lint_report *r);

#endif
