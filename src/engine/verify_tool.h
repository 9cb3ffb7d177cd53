/* engine/verify_tool.h: the verify scripts of a tool that runs them itself (Sqitch). */
#ifndef LOCKSTEP_SRC_ENGINE_VERIFY_TOOL_H
#define LOCKSTEP_SRC_ENGINE_VERIFY_TOOL_H

#include "lockstep/engine/verify.h"

/* Runs the tool's own check where anything that is applied has such a script. What fails becomes a diagnostic; where the tool is
 * not there, or the session is read-only (the scripts may write, and roll back), one says so. hooks may be NULL. */
LS_MUST_CHECK enum ls_rc ls_verify_by_tool(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_run_hooks *hooks,
                                           struct ls_verify_report *out, struct ls_err *err);

#endif
