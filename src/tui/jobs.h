/* tui/jobs.h: what workers do for the console. Each call posts a task and returns at once; the answer changes the app in the UI
 * thread. In tests (app->mail is NULL) nothing is posted. */
#ifndef LS_TUI_JOBS_H
#define LS_TUI_JOBS_H

#include "tui/app.h"
#include "lockstep/engine/index_report.h"
#include "lockstep/engine/journal.h"
#include "lockstep/model/catalog.h"

struct job {
    struct task task; /* first */
    struct app *app;
    struct conn *conn;
    struct ls_session *session;
    enum ls_rc rc;
    struct ls_err err;
};
/* A zeroed job of `size` bytes whose first member is a struct job. */
void *job_new(struct app *a, size_t size, struct conn *conn, void (*run)(struct task *), void (*done)(struct task *, bool));
void job_post(void *job); /* to its conn's worker; drops and frees it when there is none */
void job_free(void *job); /* the struct job part and the memory */
/* For jobs whose answer opens a dialog: one at a time, or a key that was pressed twice would open two of them, of which the lower one asks about a plan that
 * is no longer the one that is shown. */
bool job_may_ask(struct app *a); /* false, and says so, while another one is on its way */
void job_ask(void *job);         /* job_post, and remembers it */
/* At its end: whether the answer may be shown. Not when it is stale, nor over a dialog that was opened meanwhile, which it says. */
bool job_may_answer(void *job, bool is_stale);

/* A worker's LS_EV_PROGRESS as the line above the hints; others are nothing to it. */
void job_say_progress(struct app *a, const struct ls_event *ev);

/* conn.c */
bool conn_open(struct app *a);         /* makes app->main for app->target; false: message said */
void conn_close_all(struct app *a);    /* cancels, supersedes, and lets what still works end by itself */
void conn_reap(struct app *a);         /* frees what has ended */
struct conn *conn_side(struct app *a); /* the read-only second session, made when first asked for; NULL for an in-memory database */
/* Asks what is being read, or asked for a dialog, to end; false when there is no such thing. Its job settles, when it is done, what came too late. */
bool conn_give_up(struct app *a);
void conn_settle(struct conn *c);
struct conn *conn_idle(struct app *a); /* main, or the side one while main is at work */
void job_snapshot(struct app *a);
void job_arm(struct app *a, bool arm);

/* job_plan.c */
void job_plan(struct app *a, const struct ls_plan_request *req);
void job_dirty(struct app *a);

/* job_run.c */
struct run_ctl;
/* Starts the plan in a->run. Refused without a grant whose digest is the plan's. */
void job_run(struct app *a, const struct ui_grant *grant, enum run_mode mode);
void run_ctl_set_mode(struct app *a, enum run_mode mode); /* and lets go of the gate when the mode says so */
void run_ctl_step(struct app *a);
void run_ctl_stop(struct app *a); /* rolls back the open transaction, cancels the running statement */

/* job_backup.c */
void job_backups_list(struct app *a);
void job_backup(struct app *a, bool then_confirm); /* then_confirm: go on to the plan's confirmation afterwards */
void job_backup_verify(struct app *a, const char *name);
void job_backup_prune(struct app *a, long keep, bool dry_run, const struct ui_grant *grant);

/* job_read.c */
void job_verify(struct app *a);
typedef void (*job_journal_fn)(struct app *a, struct ls_journal *j, const struct ls_err *err); /* j is the callee's to release */
void job_journal(struct app *a, job_journal_fn done);
/* The detail's document of an entry; the callee frees it. index and width are those that were asked for. */
typedef void (*job_detail_fn)(struct app *a, long index, int width, struct snapref *snap, struct ui_doc *doc);
void job_detail(struct app *a, long index, int width, job_detail_fn done);

/* job_schema.c */
struct catref { /* a catalogue shared by the screen and jobs; counted in the UI thread only */
    struct ls_catalog *c;
    int refs;
};
struct catref *catref_new(struct ls_catalog *c); /* takes it */
struct catref *catref_get(struct catref *r);
void catref_put(struct catref *r); /* NULL is fine */
/* Both are the callee's. No catalogue: err says why; without an error what is there already is still right. */
typedef void (*job_schema_fn)(struct app *a, struct catref *cat, struct ls_catalog_state *state, const struct ls_err *err);
/* False: not now. *state: what is kept of the reading of what is there already, which is taken, or NULL. sizes_too: they may be others, whatever else is. */
bool job_schema(struct app *a, struct ls_catalog_state **state, bool sizes_too, job_schema_fn done);
/* The server's own statement of a routine (PostgreSQL), NULL when it cannot be had; text is the caller's. False: not now. */
typedef void (*job_definition_fn)(struct app *a, const struct catref *cat, uint32_t fact, const char *text);
bool job_definition(struct app *a, struct catref *cat, uint32_t fact, job_definition_fn done);
void pane_schema_set(struct app *a, struct catref *cat); /* takes it; for tests */

/* job_index.c */
struct ixref { /* an index report shared by the screen and jobs; counted in the UI thread only */
    struct ls_index_report report;
    int refs;
    bool is_advised; /* the workload was planned and measured */
};
void ixref_put(struct ixref *r); /* NULL is fine */
typedef void (*job_index_fn)(struct app *a, struct ixref *ix, const struct ls_err *err); /* ix is the callee's; NULL: err says why */
/* False: not now. advise: also plan the workload, and measure on a throw-away copy what it lacks. */
bool job_index(struct app *a, bool advise, job_index_fn done);
void job_index_cancel(struct app *a);
/* What was measured stays, and is judged by what the project ignores now. */
void job_index_judge(struct app *a, struct ixref *ix);
void pane_index_set(struct app *a, struct ixref *ix); /* takes it; for tests */

/* job_command.c */
void job_command(struct app *a, const char *line);
/* Ends the one that is running: its statement is cancelled, its transaction rolled back. False: none is running. */
bool job_command_cancel(struct app *a);
void job_command_words(const struct app *a, struct ls_buf *out); /* that it is running, for the message line; "" without one */

/* job_ddl.c: what diffref.h's job_ddl makes */
bool job_ddl_stop(struct app *a);                            /* false: nothing is being made */
void job_ddl_words(const struct app *a, struct ls_buf *out); /* how far it is; "" without one */

#endif
