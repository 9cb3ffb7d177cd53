/* config/index_opts.h: what the project file says about indexes ([index], and standbys of the environment), as a report wants to hear it. */
#ifndef LS_CONFIG_INDEX_OPTS_H
#define LS_CONFIG_INDEX_OPTS_H

#include "config/project.h"
#include "lockstep/engine/index_report.h"

struct config_index_opts {
    struct ls_arena *arena;     /* copies: the project may be loaded anew meanwhile */
    LS_VEC(struct ls_index_ignore) ignores;
    LS_VEC(const char *) standbys;
    const char *workload_path;  /* [index] workload, else lockstep.workload.sql beside the project file; whether it is there or not */
    bool workload_is_named;     /* [index] workload names it */
    int64_t window_us;          /* 0: not said */
};
void config_index_opts_make(const struct config_project *p, const struct config_target *t, struct config_index_opts *out);
/* Fills ignores, standbys, window and workload of *req, which borrows from *o. */
void config_index_lend(const struct config_index_opts *o, struct ls_index_request *req);
void config_index_opts_release(struct config_index_opts *o);

#endif
