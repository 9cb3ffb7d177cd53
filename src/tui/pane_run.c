/* tui/pane_run.c: the plan before it runs, the stepper while it runs, the report afterwards. Above, the rows; below, the one under
 * the cursor. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "tui/flow.h"

#define MAX_SHOWN 20000 /* bytes of a statement in the lower half */
#define MAX_TITLE_H 4
#define STATE_W   14
#define TOOK_W    10

struct run_pane {
    struct ui_pane base;
    struct ui_list list;
    struct ui_doc *doc; /* the lower half */
    struct ui_view view;
    long doc_row; /* row that doc is about, -1 the report, -2 none */
    enum run_phase doc_phase;
    size_t doc_heard; /* notices when it was made */
    const struct planref *doc_plan;
    bool is_following; /* the cursor goes where the work is */
    int w, list_h, title_h;
};

static struct run_pane *self_of(struct ui_pane *p)
{
    return (struct run_pane *)p;
}

/* --- the lower half ----------------------------------------------------------------------------------------------- */

static void lines_of(struct ui_doc *d, enum theme_role role, const char *title, const struct ls_buf *text, int width)
{
    if (text->len == 0)
        return;
    ui_doc_text(d, ROLE_TITLE, title);
    ui_doc_wrap(d, role, width, 2, text->ptr);
}

static void add_key(const struct app *a, struct ui_doc *d, enum ui_action act, const char *words)
{
    struct ls_buf k = LS_BUF_INIT;

    ui_keymap_keys(&a->keys, act, 1, &k);
    ui_doc_addf(d, ROLE_HINT_KEY, "  %s ", k.ptr);
    ui_doc_adds(d, ROLE_TEXT, words);
    ui_doc_end(d);
    ls_buf_release(&k);
}

/* Where it failed, unless the message begins with that. */
static void add_place(const struct ls_run_report *r, const struct ls_step *st, struct ls_buf *out)
{
    struct ls_buf place = LS_BUF_INIT;

    ls_buf_adds(&place, st->path ? st->path : st->label);
    if (r->failed_line > 0)
        ls_buf_addf(&place, ":%d:%d", r->failed_line, r->failed_col);
    if (!r->err.message || strncmp(r->err.message, place.ptr, place.len) != 0) {
        ls_buf_addf(out, "at %s", place.ptr);
        if (r->failed_stmt > 0)
            ls_buf_addf(out, ", statement %d of %d", r->failed_stmt, st->n_statements);
    }
    if (r->err.sqlstate[0])
        ls_buf_addf(out, "%sSQLSTATE %s", out->len > 0 ? ", " : "", r->err.sqlstate);
    ls_buf_release(&place);
}

static void error_part(const struct app *a, struct ui_doc *d, int width)
{
    const struct ls_run_report *r = &a->run.report;
    const struct ls_plan *p = a->run.plan->plan;

    ui_doc_wrap(d, ROLE_ERROR, width, 0, r->err.message ? r->err.message : ls_rc_name(r->err.code));
    if (r->failed_step >= 0 && (size_t)r->failed_step < p->steps.n) {
        struct ls_buf at = LS_BUF_INIT;

        add_place(r, &p->steps.v[r->failed_step], &at);
        if (at.len > 0)
            ui_doc_wrap(d, ROLE_DIM, width, 0, at.ptr);
        ls_buf_release(&at);
    }
    if (r->err.detail)
        ui_doc_wrap(d, ROLE_DIM, width, 2, r->err.detail);
    if (r->err.hint && !ls_run_next_is_hint(r))
        ui_doc_wrap(d, ROLE_INFO, width, 0, r->err.hint);
}

/* What the server said, below the migration that made it say so. */
static void notices(const struct run_model *m, struct ui_doc *d, int width)
{
    const struct ls_plan *p = m->plan->plan;
    int step = -1;

    if (m->notices.n > 0)
        ui_doc_text(d, ROLE_TITLE, m->n_heard > m->notices.n ? "What was said, the newest of it" : "What was said");
    for (size_t i = 0; i < m->notices.n; i++) {
        const struct run_notice *n = &m->notices.v[i];

        if (n->step != step && n->step >= 0 && (size_t)n->step < p->steps.n)
            ui_doc_textf(d, ROLE_TEXT, "  %s  %s", p->steps.v[n->step].label, p->steps.v[n->step].name);
        else if (n->step != step)
            ui_doc_text(d, ROLE_TEXT, "  the run");
        step = n->step;
        ui_doc_wrap(d, ROLE_DIM, width, step < 0 ? 2 : 4, n->text);
    }
}

static struct ui_doc *report_doc(const struct app *a, int width)
{
    const struct ls_run_report *r = &a->run.report;
    struct ui_doc *d = ui_doc_new(a->is_ascii);
    char took[LS_ISO_LEN];

    ls_duration_text(r->elapsed_ms, took);
    ui_doc_addf(d, r->err.code == LS_OK ? ROLE_GOOD : ROLE_ERROR, "%s", ls_verdict_name(r->verdict));
    ui_doc_addf(d, ROLE_TEXT, "  %d of %zu steps done in %s", r->n_steps_done, a->run.plan->plan->steps.n, took);
    ui_doc_end(d);
    if (r->err.code != LS_OK)
        error_part(a, d, width);
    lines_of(d, ROLE_TEXT, "What is in the database now", &r->applied, width);
    lines_of(d, ROLE_TEXT, "What can be done next", &r->next, width);
    if (r->err.code != LS_OK) {
        ui_doc_text(d, ROLE_TITLE, "Keys");
        if (r->verdict == LS_VERDICT_DIRTY)
            add_key(a, d, UI_ACT_RESOLVE, "the way out of the dirty state, with the SQL that each choice writes");
        add_key(a, d, UI_ACT_RETRY, "retry: make the plan again and confirm it");
        if (r->failed_step >= 0)
            add_key(a, d, UI_ACT_EDIT, "edit the file at the place of the error");
        add_key(a, d, UI_ACT_MARK, "mark the migration under the timeline's cursor as applied or pending");
        add_key(a, d, UI_ACT_DOWN_LAST, "roll back the last applied migration");
        add_key(a, d, UI_ACT_LEAVE, "leave it as it is");
    }
    notices(&a->run, d, width);
    return d;
}

static struct ui_doc *row_doc(const struct app *a, long row, int width)
{
    const struct run_row *r = &a->run.rows.v[row];
    const struct ls_step *st = run_row_step(&a->run, r);
    const struct ls_op *op = run_row_op(&a->run, r);
    struct ui_doc *d = ui_doc_new(a->is_ascii);
    struct ls_buf sql = LS_BUF_INIT;

    if (r->kind == RUN_ROW_STEP) {
        ui_doc_textf(d, ROLE_TITLE, "%s  %s", st->label, st->name);
        ui_doc_wrap(d, ROLE_DIM, width, 0, st->path ? st->path : "no file");
        ui_doc_wrap(d, ROLE_TEXT, width, 0, st->tx_note);
        for (size_t i = 0; i < a->run.plan->plan->findings.n; i++) {
            const struct ls_finding *f = &a->run.plan->plan->findings.v[i];

            if (f->step == r->step || f->step < 0)
                ui_doc_wrap(d, f->severity >= LS_SEV_DANGER ? ROLE_DANGER : ROLE_WARNING, width, 0, f->why);
        }
    } else if (r->kind == RUN_ROW_PIECE) {
        const struct ls_piece *pc = &op->pieces[r->piece];
        size_t n = pc->end - pc->start;

        ui_doc_sql(d, app_dialect(a), op->sql + pc->start, n < MAX_SHOWN ? n : MAX_SHOWN, pc->line, 0);
    } else if (op->kind == LS_OP_STATEMENT || op->kind == LS_OP_BATCH) {
        ui_doc_sql(d, app_dialect(a), op->sql, op->len < MAX_SHOWN ? op->len : MAX_SHOWN, op->line > 0 ? op->line : 1, 0);
    } else if (op->kind == LS_OP_CHILD) {
        ls_op_print_sql(op, app_dialect(a), &sql);
        ui_doc_wrap(d, ROLE_TEXT, width, 0, sql.ptr);
        for (size_t i = 0; i < a->run.notices.n; i++) {
            if (a->run.notices.v[i].step == r->step)
                ui_doc_wrap(d, ROLE_DIM, width, 2, a->run.notices.v[i].text);
        }
    } else {
        ls_op_print_sql(op, app_dialect(a), &sql);
        ui_doc_sql(d, app_dialect(a), sql.ptr, sql.len, 0, 0);
    }
    ls_buf_release(&sql);
    return d;
}

static void make_doc(struct run_pane *p)
{
    const struct app *a = p->base.app;

    ui_doc_free(p->doc);
    p->doc = p->doc_row == -2 ? NULL : p->doc_row == -1 ? report_doc(a, p->w - 3) : row_doc(a, p->doc_row, p->w - 3);
}

static void update_doc(struct run_pane *p)
{
    const struct app *a = p->base.app;
    const struct run_model *m = &a->run;
    long row = -2;
    bool is_heard;

    if (m->plan && m->rows.n > 0)
        row = m->phase == RUN_PHASE_FINISHED && p->is_following ? -1 : (long)p->list.cursor;
    is_heard = row >= 0 && run_row_op(m, &m->rows.v[row]) && run_row_op(m, &m->rows.v[row])->kind == LS_OP_CHILD;
    if (row == p->doc_row && p->doc_plan == m->plan && p->doc_phase == m->phase && (!is_heard || p->doc_heard == m->n_heard))
        return;
    p->doc_row = row;
    make_doc(p);
    p->view = (struct ui_view){0};
    if (is_heard && p->is_following && p->doc) /* what the tool said last */
        p->view.pos.cursor = p->doc->lines.n;
    p->doc_heard = m->n_heard;
    p->doc_plan = m->plan;
    p->doc_phase = m->phase;
    p->base.app->needs_layout = true;
}

/* --- layout and state --------------------------------------------------------------------------------------------- */

static void phase_words(const struct app *a, struct ls_buf *out, enum theme_role *role)
{
    const struct run_model *m = &a->run;

    *role = ROLE_INFO;
    if (m->phase == RUN_PHASE_PREVIEW) {
        ls_buf_adds(out, "PLAN: nothing has run yet");
        *role = ROLE_PENDING;
    } else if (m->phase == RUN_PHASE_FINISHED) {
        ls_buf_adds(out, m->report.err.code == LS_OK ? "DONE" : "STOPPED");
        *role = m->report.err.code == LS_OK ? ROLE_GOOD : ROLE_ERROR;
    } else if (m->is_stopping) {
        ls_buf_adds(out, "STOPPING");
        *role = ROLE_WARNING;
    } else if (m->lock_wait) {
        ls_buf_addf(out, "WAITING for the operators' lock, held by %s", m->lock_wait);
        *role = ROLE_WARNING;
    } else if (m->blocked_by) {
        ls_buf_addf(out, "BLOCKED by %s", m->blocked_by);
        *role = ROLE_WARNING;
    } else if (m->is_at_gate) {
        ls_buf_adds(out, m->tx_open ? "PAUSED inside a transaction: its locks are held" : "PAUSED: nothing is open");
        *role = m->tx_open ? ROLE_WARNING : ROLE_PENDING;
    } else {
        ls_buf_adds(out, "RUNNING");
    }
    if (m->phase == RUN_PHASE_RUNNING && m->mode == RUN_MODE_PAUSE && !m->is_at_gate && !m->is_stopping)
        ls_buf_adds(out, out->ptr[out->len - 1] == '\n' ? "pauses before the next transaction" : ", pauses before the next transaction");
}

/* What it is doing. Who is in the way is told whole, in as many lines as that takes; anything else fits on one. */
static struct ui_doc *title_doc(const struct app *a, int w)
{
    struct ui_doc *d = ui_doc_new(a->is_ascii);
    struct ls_buf words = LS_BUF_INIT;
    enum theme_role role;

    phase_words(a, &words, &role);
    ui_doc_wrap(d, role, w - 2, 0, words.ptr);
    ls_buf_release(&words);
    return d;
}

static int title_height(const struct app *a, int w)
{
    struct ui_doc *d = title_doc(a, w);
    int n = (int)d->lines.n;

    ui_doc_free(d);
    return n < 1 ? 1 : n > MAX_TITLE_H ? MAX_TITLE_H : n;
}

static void refresh(struct ui_pane *pane)
{
    struct run_pane *p = self_of(pane);
    const struct run_model *m = &pane->app->run;

    if (p->list.n != m->rows.n || p->doc_plan != m->plan) {
        ui_list_set_count(&p->list, m->rows.n);
        ui_list_go(&p->list, 0);
        p->is_following = true;
    }
    if (p->is_following && m->current >= 0)
        ui_list_go(&p->list, (size_t)m->current);
    if (m->phase == RUN_PHASE_FINISHED && p->doc_phase == RUN_PHASE_RUNNING)
        p->is_following = true;
    update_doc(p);
    if (p->w > 0 && title_height(pane->app, p->w) != p->title_h)
        pane->app->needs_layout = true;
    pane->app->needs_paint = true;
}

static void layout(struct ui_pane *pane, int w, int h)
{
    struct run_pane *p = self_of(pane);
    int rows = (int)p->list.n, want;
    bool is_other_width = w != p->w;

    p->title_h = title_height(pane->app, w);
    h -= p->title_h - 1;
    p->w = w;
    if (is_other_width && p->doc && p->doc_plan == pane->app->run.plan)
        make_doc(p);
    /* A report is read; statements are watched. */
    want = pane->app->run.phase == RUN_PHASE_FINISHED ? (h - 2) * 4 / 10 : (h - 2) * 6 / 10;
    p->list_h = rows < want ? rows : want;
    if (p->list_h < 3)
        p->list_h = 3;
    ui_list_layout(&p->list, p->list_h);
    ui_view_layout(&p->view, p->doc, h - 2 - p->list_h);
}

/* --- drawing ------------------------------------------------------------------------------------------------------ */

static enum theme_role role_of(enum run_state s)
{
    static const enum theme_role roles[] = {
        [RUN_WAITING] = ROLE_DIM,  [RUN_NEXT] = ROLE_PENDING,        [RUN_RUNNING] = ROLE_INFO,      [RUN_DONE] = ROLE_GOOD,
        [RUN_FAILED] = ROLE_ERROR, [RUN_ROLLED_BACK] = ROLE_WARNING, [RUN_CANCELLED] = ROLE_WARNING, [RUN_NOT_RUN] = ROLE_DIM,
    };

    return roles[s];
}

static void first_line(struct ls_buf *out, const char *sql, size_t len)
{
    bool was_space = false;

    for (size_t i = 0; i < len && out->len < 300; i++) {
        char c = sql[i];

        if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
            was_space = out->len > 0;
            continue;
        }
        if (was_space)
            ls_buf_addc(out, ' ');
        was_space = false;
        ls_buf_addc(out, c);
    }
}

static enum theme_role row_words(const struct app *a, const struct run_row *r, struct ls_buf *out)
{
    static const char *const fixed[] = {[LS_OP_BEGIN] = "begin the transaction", [LS_OP_COMMIT] = "commit"};
    const struct ls_step *st = run_row_step(&a->run, r);
    const struct ls_op *op = run_row_op(&a->run, r);

    if (r->kind == RUN_ROW_STEP) {
        ls_buf_addf(out, "%s  %s  %s", st->label, st->name,
                    st->kind == LS_STEP_RECORD ? "ledger only"
                    : st->direction == LS_UP   ? "up"
                                               : "down");
        return st->is_destructive ? ROLE_DANGER : ROLE_TITLE;
    }
    if (r->kind == RUN_ROW_PIECE) {
        ls_buf_addf(out, "    %d  ", r->piece + 1);
        first_line(out, op->sql + op->pieces[r->piece].start, op->pieces[r->piece].end - op->pieces[r->piece].start);
        return ROLE_TEXT;
    }
    if (op->kind == LS_OP_BEGIN || op->kind == LS_OP_COMMIT) {
        ls_buf_addf(out, "  %s", fixed[op->kind]);
        return ROLE_DIM;
    }
    if (op->kind == LS_OP_CHILD) {
        ls_buf_addf(out, "  run by %s:", op->child->tool);
        for (size_t i = 1; op->child->argv[i]; i++)
            ls_buf_addf(out, " %s", op->child->argv[i]);
        return ROLE_TEXT;
    }
    if (op->kind == LS_OP_BATCH)
        ls_buf_addf(out, "  the whole file, %d statement%s", op->n_pieces, op->n_pieces == 1 ? "" : "s");
    else if (op->kind == LS_OP_STATEMENT)
        ls_buf_addf(out, "  %d  ", op->stmt_no);
    else
        ls_buf_adds(out, r->kind == RUN_ROW_SETUP ? "set up: " : "  ledger: ");
    if (op->kind != LS_OP_BATCH)
        first_line(out, op->sql, op->len);
    return op->is_destructive ? ROLE_DANGER : op->kind == LS_OP_STATEMENT || op->kind == LS_OP_BATCH ? ROLE_TEXT : ROLE_DIM;
}

static void draw_took(const struct app *a, struct ui_surface *s, int x, int y, const struct run_row *r, enum theme_role on)
{
    char took[LS_ISO_LEN];
    int64_t ms = r->elapsed_us / 1000;

    if (r->state == RUN_RUNNING && r->kind != RUN_ROW_STEP && r->kind != RUN_ROW_PIECE)
        ms = a->now_ms - a->run.op_started_ms;
    else if (r->elapsed_us < 0)
        return;
    if (ms == 0)
        (void)snprintf(took, sizeof(took), "<1 ms");
    else
        ls_duration_text(ms, took);
    x += ui_str(s, x, y, TOOK_W - 1, took, UI_ON(ROLE_DIM, on)) + 1;
    if (r->rows >= 0)
        (void)ui_strf(s, x, y, -1, UI_ON(ROLE_DIM, on), "%lld row%s", (long long)r->rows, r->rows == 1 ? "" : "s");
}

static void draw_row(const void *ctx, struct ui_surface *s, int y, size_t row, bool is_at)
{
    const struct app *a = ctx;
    const struct run_row *r = &a->run.rows.v[row];
    enum theme_role on = ui_list_bar(s, y, s->w - 1, is_at), look;
    struct ls_buf words = LS_BUF_INIT;
    int end = s->w - TOOK_W - 10;

    if (a->run.phase != RUN_PHASE_PREVIEW || r->state != RUN_WAITING) {
        (void)ui_str(s, 2, y, 1, run_state_glyph(r->state, a->is_ascii), UI_ON(role_of(r->state), on));
        (void)ui_str(s, 4, y, STATE_W - 3, run_state_word(r->state), UI_ON(role_of(r->state), on));
    }
    look = row_words(a, r, &words);
    (void)ui_text(s, 2 + STATE_W, y, end - STATE_W - 3, words.ptr, words.len, UI_ON(look, on));
    draw_took(a, s, end, y, r, on);
    ls_buf_release(&words);
}

static void draw_title(const struct run_pane *p, struct ui_surface *s)
{
    const struct app *a = p->base.app;
    const struct ls_plan *plan = a->run.plan->plan;
    struct ui_doc *d = title_doc(a, s->w);
    int x = 1;

    for (int y = 0; y < p->title_h && (size_t)y < d->lines.n; y++) {
        const struct ui_doc_line *l = &d->lines.v[y];

        x = 3 + ui_text(s, 1, y, s->w - 2, l->text, l->len, UI_ROLE(l->n_spans > 0 ? l->spans[0].role : ROLE_TEXT));
    }
    if (x < s->w - 20)
        (void)ui_strf(s, x, p->title_h - 1, s->w - x - 1, UI_ROLE(ROLE_DIM), "%s, %zu of %zu steps, %s", ls_action_name(plan->action),
                      (size_t)(a->run.n_steps_done > 0 ? a->run.n_steps_done : 0), plan->steps.n, plan->target ? plan->target : "");
    ui_doc_free(d);
}

static void draw(const struct ui_pane *pane, struct ui_surface *s)
{
    const struct run_pane *p = (const struct run_pane *)pane;
    const struct app *a = pane->app;
    struct ui_surface list = ui_surface_sub(s, 0, p->title_h, s->w, p->list_h);
    struct ui_surface low = ui_surface_sub(s, 1, p->title_h + 1 + p->list_h, s->w - 1, s->h - p->title_h - 1 - p->list_h);

    if (a->run.phase == RUN_PHASE_NONE) {
        (void)ui_str(s, 2, 1, -1, "No plan yet. In the Timeline, apply, roll back or mark makes one;", UI_ROLE(ROLE_DIM));
        (void)ui_str(s, 2, 2, -1, "nothing runs before you confirm it.", UI_ROLE(ROLE_DIM));
        return;
    }
    draw_title(p, s);
    ui_list_draw(&p->list, &list, draw_row, a);
    ui_list_scrollbar(&p->list, &list);
    ui_hline(s, 0, p->title_h + p->list_h, s->w, UI_ROLE(ROLE_BORDER));
    if (p->doc)
        ui_view_draw(&p->view, p->doc, &low, ROLE_TEXT);
}

/* --- actions ------------------------------------------------------------------------------------------------------ */

static bool on_action(struct ui_pane *pane, enum ui_action act)
{
    struct run_pane *p = self_of(pane);

    switch (act) {
    case UI_ACT_PAGE_UP:
    case UI_ACT_PAGE_DOWN:
    case UI_ACT_HALF_UP:
    case UI_ACT_HALF_DOWN:
        if (p->doc && p->doc->lines.n > (size_t)p->view.pos.h)
            return ui_view_action(&p->view, p->doc, act);
        break;
    case UI_ACT_LEFT:
    case UI_ACT_RIGHT:
        return ui_view_action(&p->view, p->doc, act);
    default:
        break;
    }
    if (!ui_list_action(&p->list, act))
        return false;
    /* The last row is where following begins again. */
    p->is_following = act == UI_ACT_BOTTOM;
    if (p->is_following)
        refresh(pane);
    update_doc(p);
    return true;
}

static bool on_event(struct ui_pane *pane, const struct ui_event *ev)
{
    struct run_pane *p = self_of(pane);

    if (ev->y > p->list_h + p->title_h)
        (void)ui_view_mouse(&p->view, p->doc, ev);
    else
        (void)ui_list_mouse(&p->list, ev, p->title_h);
    p->is_following = false;
    update_doc(p);
    return true;
}

static void status(const struct ui_pane *pane, struct ls_buf *out)
{
    const struct run_pane *p = (const struct run_pane *)pane;
    const struct run_model *m = &pane->app->run;

    if (m->phase == RUN_PHASE_NONE)
        return;
    ls_buf_addf(out, "%zu/%zu", p->list.n ? p->list.cursor + 1 : 0, p->list.n);
    if (m->plan->plan->ledger)
        ls_buf_addf(out, "  ledger %s", m->plan->plan->ledger);
    ls_buf_addf(out, "  digest %.12s", m->plan->plan->digest);
}

static struct ui_pane *open_pane(struct app *app)
{
    struct run_pane *p = ls_calloc(1, sizeof(*p));

    p->base.ops = &pane_run_ops;
    p->base.app = app;
    p->doc_row = -2;
    p->is_following = true;
    return &p->base;
}

static void close_pane(struct ui_pane *pane)
{
    ui_doc_free(self_of(pane)->doc);
    free(pane);
}

const struct ui_pane_ops pane_run_ops = {
    .title = "Run",
    .context = UI_CX_RUN,
    .open = open_pane,
    .close = close_pane,
    .refresh = refresh,
    .on_event = on_event,
    .on_action = on_action,
    .layout = layout,
    .draw = draw,
    .status = status,
};
