/* tui/flow.h: the ways through the console that write: request -> plan -> (backup) -> confirmation -> run -> what now. */
#ifndef LS_TUI_FLOW_H
#define LS_TUI_FLOW_H

#include "tui/app.h"

void flow_start(struct app *a, enum ls_action action, long count, const char *version);
void flow_again(struct app *a);   /* the last request once more */
void flow_confirm(struct app *a); /* the plan that is shown in the Run pane */
void flow_mark(struct app *a);
void flow_arm(struct app *a);
void flow_stop(struct app *a);
void flow_prune(struct app *a);
void flow_environment(struct app *a);
void flow_quit(struct app *a);
/* What went on has ended: a question about it goes, or changes to what still goes on. */
void flow_question_over(struct app *a);
/* The run went on while it is asked whether to stop it: the question says what is so now. */
void flow_question_again(struct app *a);
void flow_edit(struct app *a);
void flow_conflicts(struct app *a);
void flow_beside(struct app *a);
/* The backup asked for by a confirmation is made (or failed: say so and stop there). */
void flow_after_backup(struct app *a, bool is_ok);

/* Answers of jobs. */
struct ls_conflicts;
void flow_on_conflicts(struct app *a, struct ls_conflicts *found); /* takes the heap-allocated list */
void flow_on_plan(struct app *a, struct ls_plan *plan, const struct ls_err *err); /* takes the plan; NULL: err says why */
void flow_on_dirty(struct app *a, struct ls_dirty_report *report);                /* takes the heap-allocated report */
void flow_on_run_event(struct app *a);
void flow_on_run_end(struct app *a);

/* confirm_body.c: what a confirmation says about a plan; frozen text of at most `width` cells. */
struct ui_doc *confirm_body(const struct app *a, const struct ls_plan *p, int width);
/* The newest complete backup in words, or that there is none. */
void backup_status(const struct app *a, struct ls_buf *out);

#endif
