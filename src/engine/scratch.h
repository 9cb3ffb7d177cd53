/* engine/scratch.h: throw-away databases. SQLite's are in memory. PostgreSQL's are made on a host: a server that was named, the target's own where its
 * environment allows that, or a cluster that lockstep starts itself from the installed programs and always removes (scratch_cluster.c). */
#ifndef LOCKSTEP_SRC_ENGINE_SCRATCH_H
#define LOCKSTEP_SRC_ENGINE_SCRATCH_H

#include "lockstep/engine/side.h"

#define LS_SCRATCH_DB "lockstep_scratch_" /* names of databases begin with it, and nothing else is ever dropped */
#define LS_SCRATCH_DIR "lockstep-scratch-"

struct ls_scratch {
    struct ls_scratch_host *host; /* NULL for SQLite */
    char *url;                    /* to open it with */
    char *name;                   /* of the database; NULL for SQLite */
    bool is_own;                  /* the server is ours: roles may be made in it */
};
/* An empty database. server_version: the one that is to be compared with, 0 unknown. LS_E_UNSUPPORTED: none is to be had, with every way to have one. */
LS_MUST_CHECK enum ls_rc ls_scratch_open(struct ls_side_world *w, enum ls_dialect d, int server_version, struct ls_scratch *out, struct ls_err *err);
/* Drops it. Sessions that are connected to it must be gone. */
void ls_scratch_close(struct ls_scratch *s);
void ls_scratch_host_free(struct ls_scratch_host *h); /* NULL is fine; ends and removes a cluster of ours */

/* --- scratch_cluster.c --- */
struct ls_cluster;
/* Starts one, after leftovers of dead ones were removed. tick false cancels. */
LS_MUST_CHECK enum ls_rc ls_cluster_start(int server_version, bool (*tick)(void *ctx), void *ctx, struct ls_cluster **out, struct ls_err *err);
void ls_cluster_stop(struct ls_cluster *c); /* NULL is fine */
const char *ls_cluster_url(const struct ls_cluster *c); /* of its database "postgres" */
/* Folders of dead clusters below `tmp` are removed, their servers ended. How many. */
int ls_cluster_sweep(const char *tmp);

#endif
