/* engine/delegate.h: migrations that the team's own tool runs (LS_CAP_DELEGATE): its program, and the environment that it gets. */
#ifndef LOCKSTEP_SRC_ENGINE_DELEGATE_H
#define LOCKSTEP_SRC_ENGINE_DELEGATE_H

#include "engine/session_priv.h"

/* Sets the snapshot's tool_path, tool_dir and tool_note, where its format has a tool. Looks at files only; nothing is run. */
void ls_delegate_find(const struct ls_session *s, struct ls_snapshot *snap);
/* LS_E_UNSUPPORTED: the tool is not there, and what to install. */
enum ls_rc ls_delegate_refuse(const struct ls_snapshot *snap, struct ls_err *err);

/* The environment of a child: "NAME=value", NULL-terminated, with the words of cmd->env put in, the variables that libpq reads, and PGAPPNAME
 * (NULL: none). Of the session's open connection. Holds the password: ls_delegate_env_free wipes it. LS_E_UNSUPPORTED for a database in memory. */
LS_MUST_CHECK enum ls_rc ls_delegate_env(struct ls_session *s, const struct ls_child_cmd *cmd, const char *app_name, char ***out, struct ls_err *err);
void ls_delegate_env_free(char **env);

#endif
