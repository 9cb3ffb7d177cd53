/* tui/run_model.h: a plan as rows, and what became of each. Fed by the engine's events in the UI thread; draws nothing. */
#ifndef LS_TUI_RUN_MODEL_H
#define LS_TUI_RUN_MODEL_H

#include "lockstep/engine/dirty.h"
#include "lockstep/engine/run.h"

/* A plan and who owns it; counted in the UI thread only. */
struct planref {
    struct ls_plan *plan;
    struct ls_dirty_report *report; /* when the plan is one of its choices: the report owns it */
    int refs;
};
struct planref *planref_new(struct ls_plan *plan);                                /* takes the plan */
struct planref *planref_of_report(struct ls_dirty_report *report, size_t choice); /* takes the heap-allocated report */
struct planref *planref_get(struct planref *p);
void planref_put(struct planref *p);

/* X(enum, word, glyph, ascii) */
#define RUN_STATES(X)                                                                                                              \
    X(WAITING, "waiting", "·", ".")                                                                                                \
    X(NEXT, "next", "▸", ">")                                                                                                      \
    X(RUNNING, "running", "●", "*")                                                                                                \
    X(DONE, "done", "✓", "+") X(FAILED, "failed", "✗", "!") X(ROLLED_BACK, "rolled back", "↶", "<")                                \
        X(CANCELLED, "cancelled", "×", "x") X(NOT_RUN, "not run", "–", "-")

enum run_state {
#define X(e, w, g, a) RUN_##e,
    RUN_STATES(X)
#undef X
        RUN_N_STATES
};
const char *run_state_word(enum run_state s);
const char *run_state_glyph(enum run_state s, bool ascii);

enum run_row_kind { RUN_ROW_SETUP, RUN_ROW_STEP, RUN_ROW_OP, RUN_ROW_PIECE };
struct run_row {
    enum run_row_kind kind;
    int step, op, piece; /* -1 where they do not apply; SETUP: step -1 */
    enum run_state state;
    int64_t elapsed_us, rows; /* -1 unknown */
};

enum run_phase { RUN_PHASE_NONE, RUN_PHASE_PREVIEW, RUN_PHASE_RUNNING, RUN_PHASE_FINISHED };
enum run_mode { RUN_MODE_STEP, RUN_MODE_ON, RUN_MODE_PAUSE, RUN_MODE_STOP };

struct run_notice {
    int step; /* that was under way, -1 none */
    char *text;
};
struct run_model {
    struct planref *plan;
    enum run_phase phase;
    LS_VEC(struct run_row) rows;
    size_t *step_row; /* first row of each step */
    enum run_mode mode;
    bool is_at_gate, tx_open, is_stopping;
    long current; /* row at work or at the gate, -1 none */
    int n_steps_done;
    int64_t op_started_ms; /* of the row at work, by app->now_ms */
    char *lock_wait;       /* who holds the operators' lock, or NULL */
    char *blocked_by;      /* who blocks the statement, or NULL */
    LS_VEC(struct run_notice) notices; /* the newest of them */
    size_t n_heard;         /* how many there were */
    struct ls_run_report report; /* once finished */
    char *error_text;            /* of the failed op as the event told it, or NULL */
};

void run_model_init(struct run_model *m);
void run_model_release(struct run_model *m);
/* Shows a plan; takes a reference of its own. NULL empties. */
void run_model_set_plan(struct run_model *m, struct planref *p);
void run_model_start(struct run_model *m, enum run_mode mode, int64_t now_ms);
void run_model_event(struct run_model *m, const struct ls_event *ev, int64_t now_ms);
void run_model_gate(struct run_model *m, int step, int op);
/* Takes the report's contents. */
void run_model_finish(struct run_model *m, struct ls_run_report *report);
long run_model_find(const struct run_model *m, int step, int op);                       /* row or -1 */
const struct ls_op *run_row_op(const struct run_model *m, const struct run_row *r);     /* NULL for a step's own row */
const struct ls_step *run_row_step(const struct run_model *m, const struct run_row *r); /* NULL for setup */
size_t run_plan_statements(const struct ls_plan *p);

#endif
