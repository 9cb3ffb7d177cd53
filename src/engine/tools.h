/* engine/tools.h: find PostgreSQL's programs. ls_tools_init (lockstep/engine/backup.h) says where the caller's PATH points. */
#ifndef ENGINE_TOOLS_H
#define ENGINE_TOOLS_H

#include "lockstep/base/err.h"

struct ls_tool {
    char *path;  /* absolute, links resolved */
    int version; /* as server_version_num: 150020 */
    char *says;  /* "pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)" */
};

/* The `name` whose major version is the smallest that is not below min_version's (0 = any). `explicit_path` NULL = look it up:
 * beside `sibling` (a path of another program, or NULL), in PATH, in the folders of the usual packages, in pg_config's. Debian's
 * wrapper in /usr/bin is passed over: it is slow and picks a version by the cluster, not by the server that is spoken to.
 * LS_E_UNSUPPORTED says what was found and what to install. */
LS_MUST_CHECK enum ls_rc ls_tool_find(const char *name, const char *explicit_path, const char *sibling, int min_version,
                                      struct ls_tool *out, struct ls_err *err);
void ls_tool_release(struct ls_tool *t);

/* What ls_tools_init was told; home falls back to the password database. "" when nothing is known. */
const char *ls_tools_path_list(void);
const char *ls_tools_home(void);
/* What ls_tools_init_environment was told: "NAME=value", NULL-terminated; NULL = nothing. */
const char *const *ls_tools_environment(void);
/* A program by its name in PATH, as it is called there (no links resolved: Python finds its virtual environment by that name), or NULL; caller frees. */
char *ls_tools_in_path(const char *name);
/* Whether that is a file that can be run. */
bool ls_tools_is_program(const char *path);

#endif
