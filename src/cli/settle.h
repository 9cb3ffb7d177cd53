/* cli/settle.h: what the commands about conflicts share. */
#ifndef LS_CLI_SETTLE_H
#define LS_CLI_SETTLE_H

#include "cli/cli.h"
#include "lockstep/engine/settle.h"

/* Project, session and snapshot; of the folder alone when no database is named and none is needed. */
LS_MUST_CHECK enum ls_rc cli_open_settle(struct cli_ctx *ctx, bool need_db);
/* What a settlement's run has done; the exit code. */
int cli_settle_tell(struct cli_ctx *ctx, const char *what, struct ls_run_report *r);

#endif
