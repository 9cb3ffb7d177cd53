/* tests/crash/scene.h: a small project that a run is broken off in, what must hold whatever happened, and the way back to order.
 *
 * Three migrations make a table each (t1, t2, t3), with one row that must never be there twice; the downs drop them. With no_tx the
 * second is one without a transaction, of three statements. */
#ifndef TESTS_CRASH_SCENE_H
#define TESTS_CRASH_SCENE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lockstep/engine/run.h"
#include "support/ops.h"

enum { SCENE_N = 3 };

struct scene {
    struct ops o;
    const char *format;
    enum ls_direction direction;
    bool pg, wal, no_tx;
    bool no_journal;
    bool stepped;      /* the child's run asks before each statement: it is sent op by op, and not in one pipeline */
    size_t bulk;       /* bytes that each migration puts into its table besides; 0 = none */
    struct ls_db *eye; /* PostgreSQL: the connection that looks; kept, because a new one costs the server more than the look */
    int n_done;        /* of the last run: migrations that it says are through */
};

/* An empty database and the folder; scene_close releases. */
void scene_open(struct scene *sc);
void scene_close(struct scene *sc);
/* Closes the connection that looks, before every connection of the process is cut. */
void scene_shut_eye(struct scene *sc);
/* The state that the run starts from: nothing applied, or everything. */
void scene_reset(struct scene *sc);
/* Runs everything up (or down) in this process. hooks may be NULL. */
enum ls_verdict scene_run(struct scene *sc, const struct ls_run_hooks *hooks, struct ls_err *why);
/* Waits until no other session is on the PostgreSQL database: a killed client's server process may still be at work. */
void scene_settle(struct scene *sc);
/* Ledger and schema agree, as far as the format promises; may_be_dirty: it may say that it does not know. */
void scene_check(struct scene *sc, const char *when, bool may_be_dirty);
/* How many of the three tables are there. */
int scene_n_tables(struct scene *sc);
/* Resolves what is dirty by the choice that the report points at, runs the rest, and checks that everything is there once. */
void scene_converge(struct scene *sc, const char *when);
/* A child process that does the same as scene_run, after `before` (which may be NULL); its wait status. */
int scene_run_in_child(struct scene *sc, void (*before)(void *ctx), void *ctx);

#endif
