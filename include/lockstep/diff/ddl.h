/* lockstep/diff/ddl.h: a fact as the statement that would make it, and a difference as the statements that would take it away. Pure. */
#ifndef LOCKSTEP_DIFF_DDL_H
#define LOCKSTEP_DIFF_DDL_H

#include "lockstep/base/buf.h"
#include "lockstep/diff/diff.h"
#include "lockstep/model/catalog.h"

/* Appends the statements of an object with what hangs below it: a table with columns, constraints, indexes, triggers and comments. What has a DEFINITION
 * of the server or the file is shown with that. Kinds that have no short form are shown as their attributes, as comments. Ends with a line end. */
void ls_ddl_fact(const struct ls_catalog *c, const struct ls_fact *f, struct ls_buf *out);

struct ls_ddl_opts {
    bool with_owner, with_rights, with_order; /* as they were compared; what must be made anew keeps its own whatever they say */
    /* NULL, or asked now and then, from the calling thread; true: stop, what is in out by then is not to be used. */
    bool (*on_step)(void *ctx, size_t done, size_t total);
    void *ctx;
};
/* Appends the statements that make a's database look like b's, in an order that the server takes: what goes, what changes, what is new, each after what
 * it needs. A renaming that is proposed or accepted is one here. What has no statement is a comment that begins with LS_DDL_NOT_WRITTEN and says why; how
 * many. PostgreSQL's run in one transaction. SQLite's bring their own where a table is made anew or goes; what both catalogues cannot be compared in, or what is
 * ignored, stays as a has it. Texts that b has as DEFINITION are used as they are. */
size_t ls_ddl_diff(const struct ls_diff *d, const struct ls_ddl_opts *opts, struct ls_buf *out);

/* How a line begins that says which difference has no statement, and why. */
#define LS_DDL_NOT_WRITTEN "-- not written: "

#endif
