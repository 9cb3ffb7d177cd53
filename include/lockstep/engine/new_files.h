/* lockstep/engine/new_files.h: the files of a new migration on their way into the project: all of them or none. */
#ifndef LOCKSTEP_ENGINE_NEW_FILES_H
#define LOCKSTEP_ENGINE_NEW_FILES_H

#include "lockstep/base/arena.h"
#include "lockstep/base/err.h"
#include "lockstep/base/vec.h"

/* What was written so far, and what stood there before; zero it first. */
struct ls_new_files {
    struct ls_arena *arena;
    LS_VEC(struct ls_new_file {
        const char *path;
        const char *old; /* of a list that was replaced; NULL: there was no file */
        size_t old_len;
    }) f;
};
/* What is no migration itself (.sql, .py, .rb) and is there already is a tool's list of its files: it is replaced, whole. Anything else is new (LS_E_REFUSED when it is there).
 * Each is synced before it gets its name. After a failure all that this nf has written is taken back. */
LS_MUST_CHECK enum ls_rc ls_new_files_write(struct ls_new_files *nf, int n, const char *const *paths, const char *const *texts, struct ls_err *err);
void ls_new_files_take_back(struct ls_new_files *nf);
void ls_new_files_release(struct ls_new_files *nf);

#endif
