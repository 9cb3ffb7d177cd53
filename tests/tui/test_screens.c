/* Whole screens in memory, compared with readable files. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/mem.h"
#include "lockstep/engine/settle.h"
#include "tui/beside.h"
#include "tui/flow.h"
#include "tui/scene.h"

static void history(struct scene *s, int w, int h, bool ascii)
{
    scene_open(s, w, h, ascii);
    scene_connect(s, scene_snapshot(&ls_format_lockstep, scene_history, scene_history_n), false);
}

static void test_timeline(void **state)
{
    struct scene s;

    (void)state;
    history(&s, 80, 24, false);
    golden(&s, "timeline-80x24");
    scene_close(&s);
    history(&s, 120, 40, false);
    golden(&s, "timeline-120x40");
    scene_close(&s);
    history(&s, 80, 24, true);
    golden(&s, "timeline-ascii-80x24");
    scene_close(&s);
}

static void test_too_small(void **state)
{
    struct scene s;

    (void)state;
    history(&s, 20, 5, false);
    golden(&s, "small-20x5");
    scene_close(&s);
}

static void test_first_frame(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, 80, 24, false);
    s.app.env = ls_strdup("dev");
    s.app.label = ls_strdup("postgres app at db.example:5432");
    golden(&s, "connecting-80x24");
    scene_close(&s);
}

static void test_not_connected(void **state)
{
    struct scene s;

    (void)state;
    scene_open(&s, 80, 24, false);
    s.app.label = ls_strdup("postgres app at db.example:5432");
    s.app.phase = APP_FOLDER_ONLY;
    (void)ls_err_set(&s.app.conn_err, LS_E_CONNECT, "db.example:5432: connection refused");
    golden(&s, "not-connected-80x24");
    scene_close(&s);
}

static void test_filter_and_order(void **state)
{
    struct scene s;

    (void)state;
    history(&s, 80, 24, false);
    scene_keys(&s, "o / 'add'");
    golden(&s, "timeline-filter-80x24");
    scene_keys(&s, "Enter");
    assert_true(scene_shows(&s, "1/2 of 9, filter 'add'"));
    scene_keys(&s, "Esc");
    assert_true(scene_shows(&s, "/9"));
    scene_keys(&s, "o");
    golden(&s, "timeline-by-state-80x24");
    scene_close(&s);
}

static void test_dirty_and_foreign_banners(void **state)
{
    static const struct scene_row rows[] = {
        {"001", "create_users", "applied", "2026-11-20T09:00:00.000Z", "anna", 12, false, false},
        {"002", "create_orders", "failed", "2026-11-20T09:00:01.000Z", "anna", 340, false, false},
        {"003", "add_email", NULL, NULL, NULL, -1, false, false},
    };
    struct snapref *snap = scene_snapshot(&ls_format_lockstep, rows, LS_ARRAY_LEN(rows));
    struct scene s;

    (void)state;
    scene_open(&s, 80, 24, false);
    snap->snap->ledger.has_legacy = true;
    *LS_VEC_PUSH(&snap->snap->ledger.legacy_versions) = 1;
    scene_connect(&s, snap, true);
    golden(&s, "dirty-80x24");
    scene_close(&s);
}

/* Nothing tells whose the files are: said before anything is run. */
static void test_guessed_format(void **state)
{
    struct snapref *snap = scene_snapshot(&ls_format_lockstep, scene_history, 1);
    struct scene s;

    (void)state;
    scene_open(&s, 80, 24, false);
    snap->snap->format_note = ls_strdup("the files could be golang-migrate's or lockstep's, and no ledger tells yet");
    scene_connect(&s, snap, false);
    assert_true(scene_shows(&s, "FORMAT: the files could be golang-migrate's or lockstep's, and no ledger"));
    scene_close(&s);
}

static void test_side_by_side(void **state)
{
    struct scene s;

    (void)state;
    history(&s, 160, 30, false);
    app_focus(&s.app, UI_PANE_TIMELINE);
    golden(&s, "split-160x30");
    scene_keys(&s, "|");
    assert_false(s.app.is_split);
    scene_close(&s);
}

/* Two branches, their merge, a repeatable and a tag. */
static void test_graph(void **state)
{
    static const struct scene_row rows[] = {{"a1", "create_users", "applied", NULL, NULL, -1, false, false},
                                            {"b2", "add_email", "applied", NULL, NULL, -1, false, false},
                                            {"c3", "add_teams", "applied", NULL, NULL, -1, false, false},
                                            {"d4", "merge", NULL, NULL, NULL, -1, false, false},
                                            {"v1", "v1.0", NULL, NULL, NULL, -1, false, false},
                                            {"e5", "other_head", NULL, NULL, NULL, -1, false, false},
                                            {"f6", "refresh_views", NULL, NULL, NULL, -1, false, false}};
    static const char *const on_a1[] = {"a1", NULL}, *const on_both[] = {"b2", "c3", NULL}, *const labels[] = {"billing", NULL};
    struct snapref *snap = scene_snapshot(&ls_format_lockstep, rows, LS_ARRAY_LEN(rows));
    struct ls_migration *m = snap->snap->migrations.m.v;
    struct scene s;

    (void)state;
    m[1].parents = m[2].parents = m[5].parents = on_a1;
    m[3].parents = on_both;
    m[3].labels = labels;
    m[4].kind = LS_KIND_TAG;
    m[6].kind = LS_KIND_REPEATABLE;
    scene_open(&s, 80, 24, false);
    scene_connect(&s, snap, false);
    golden(&s, "graph-80x24");
    scene_keys(&s, "o");
    golden(&s, "graph-oldest-80x24");
    scene_keys(&s, "o");
    assert_false(scene_shows(&s, "◉")); /* by state: no lines between rows that are not neighbours */
    scene_keys(&s, "o f 2");
    assert_true(scene_shows(&s, "filter 'state:pending'"));
    assert_false(scene_shows(&s, "create_users"));
    scene_keys(&s, "f a");
    assert_true(scene_shows(&s, "create_users"));
    scene_close(&s);
}

/* Two tools' ledgers: what the other one says stands in a second column. */
static void test_beside(void **state)
{
    static const struct scene_row ours[] = {{"001", "create_users", "applied", NULL, NULL, -1, false, false},
                                            {"002", "add_email", "applied", NULL, NULL, -1, false, false},
                                            {"003", "add_teams", NULL, NULL, NULL, -1, false, false}};
    static const struct scene_row theirs[] = {{"001", "create_users", "applied", NULL, NULL, -1, false, false},
                                              {"002", "add_email", NULL, NULL, NULL, -1, false, false},
                                              {"009", "only_there", NULL, NULL, NULL, -1, false, false}};
    struct snapref *snap = scene_snapshot(&ls_format_lockstep, ours, 3), *other = scene_snapshot(&ls_format_lockstep, theirs, 3);
    struct ls_snapshot *o = other->snap;
    struct ls_beside sides = {.arena = ls_arena_new(), .left = snap->snap, .other = &ls_format_goose, .left_title = "lockstep", .right_title = "goose"};
    struct scene s;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct ls_entry *left = &snap->snap->timeline.e.v[i], *right = i < 2 ? &o->timeline.e.v[i] : NULL;

        *LS_VEC_PUSH(&sides.rows) = (struct ls_beside_row){left->label, left->name, left, right, i > 0};
    }
    *LS_VEC_PUSH(&sides.rows) = (struct ls_beside_row){"009", "only_there", NULL, &o->timeline.e.v[2], true};
    sides.n_differ = 3;
    scene_open(&s, 80, 24, false);
    scene_connect(&s, snap, false);
    s.app.beside = beside_new(snapref_get(snap), &sides);
    s.app.needs_layout = true;
    golden(&s, "beside-80x24");
    scene_keys(&s, "b");
    assert_false(scene_shows(&s, "not there"));
    scene_keys(&s, "b");
    assert_true(scene_shows(&s, "Show beside it the view of"));
    scene_close(&s);
    snapref_put(other);
}

/* One key from a conflict to what settles it. */
static void test_conflicts(void **state)
{
    struct ls_conflicts *found = ls_calloc(1, sizeof(*found));
    struct ls_conflict *c;
    struct scene s;

    (void)state;
    history(&s, 80, 24, false);
    found->arena = ls_arena_new();
    c = LS_VEC_PUSH(&found->c);
    c->diag = (struct ls_diag){.severity = LS_SEV_ERROR, .code = "duplicate-version", .version = "0002",
                               .message = "three files are numbered 0002: golang-migrate opens nothing"};
    c->command = "lockstep renumber 0002";
    c = LS_VEC_PUSH(&found->c);
    c->diag = (struct ls_diag){.severity = LS_SEV_WARNING, .code = "gap", .path = "migrations/9_x.up.sql", .message = "3 is missing",
                               .hint = "nothing has to be done"};
    flow_on_conflicts(&s.app, found);
    golden(&s, "conflicts-80x24");
    scene_keys(&s, "2");
    assert_true(scene_shows(&s, "nothing has to be done"));
    scene_keys(&s, "Esc");
    found = ls_calloc(1, sizeof(*found));
    found->arena = ls_arena_new();
    flow_on_conflicts(&s.app, found);
    assert_true(scene_shows(&s, "no conflicts"));
    scene_close(&s);
}

/* A short name for the samples in the test's own folder: how deep the tree lies must not decide where a line is broken. */
static void link_samples(void)
{
    char *there = ls_asprintf("%s/tests/tui/data", getenv("LS_SRCDIR"));

    unlink("samples");
    assert_int_equal(symlink(there, "samples"), 0);
    free(there);
}

static void test_detail(void **state)
{
    struct scene s;
    struct scene_row row = {"003", "create_messages", "applied", "2026-11-20T09:00:00.000Z", "anna", 12, false, false};
    struct snapref *snap = scene_snapshot(&ls_format_lockstep, &row, 1);
    struct ls_migration *m = &snap->snap->migrations.m.v[0];

    (void)state;
    link_samples();
    scene_open(&s, 80, 24, false);
    snap->snap->info.dialect = LS_DIALECT_SQLITE;
    m->up.path = "samples/003_sample.up.sql";
    m->down.path = NULL;
    m->verify.path = "samples/003_sample.verify.sql";
    scene_connect(&s, snap, false);
    scene_keys(&s, "Enter");
    golden(&s, "detail-80x24");
    scene_keys(&s, "End");
    assert_true(scene_shows(&s, "a string is opened here"));
    scene_close(&s);
}

/* A fact that is longer than the pane goes on below; SQL does not, and the bottom line says so. */
static void test_detail_narrow(void **state)
{
    struct scene s;
    struct scene_row row = {"003", "create_messages", NULL, NULL, NULL, -1, false, false};
    struct snapref *snap = scene_snapshot(&ls_format_lockstep, &row, 1);
    struct ls_migration *m = &snap->snap->migrations.m.v[0];

    (void)state;
    link_samples();
    scene_open(&s, 80, 24, false);
    snap->snap->timeline.e.v[0].tool_would =
        "skips it: its version is lower than the newest one that the ledger holds, and this tool looks at nothing below that";
    m->up.path = "samples/004_wide.up.sql";
    m->down.path = NULL;
    scene_connect(&s, snap, false);
    scene_keys(&s, "Enter");
    golden(&s, "detail-narrow-80x24");
    assert_true(scene_shows(&s, "             holds, and this tool looks at nothing below that"));
    assert_true(scene_shows(&s, "l: more to the right"));
    scene_keys(&s, "l l l l l l l l l l l l l l l l l l l l");
    assert_false(scene_shows(&s, "more to the right"));
    scene_close(&s);
}

static void test_confirmation(void **state)
{
    struct scene s;
    struct planref *p = scene_plan(true);

    (void)state;
    scene_open(&s, 80, 24, false);
    scene_connect(&s, scene_snapshot(&ls_format_lockstep, scene_history, scene_history_n), true);
    s.app.is_armed = true;
    run_model_set_plan(&s.app.run, p);
    planref_put(p);
    app_focus(&s.app, UI_PANE_RUN);
    flow_confirm(&s.app);
    golden(&s, "backup-first-80x24");
    scene_keys(&s, "w");
    golden(&s, "confirm-protected-80x24");
    scene_keys(&s, "'ap' Tab Enter");
    assert_non_null(s.app.modal);
    golden(&s, "confirm-not-typed-80x24");
    scene_keys(&s, "'p'");
    assert_true(scene_shows(&s, "to go on: app"));
    scene_keys(&s, "Esc");
    assert_null(s.app.modal);
    scene_close(&s);
}

static void event(struct scene *s, enum ls_event_kind kind, int step, int op, int64_t us, int64_t rows, const struct ls_err *err)
{
    struct ls_event ev = {.kind = kind, .step = step, .op = op, .elapsed_us = us, .rows = rows, .err = err};

    run_model_event(&s->app.run, &ev, s->app.now_ms);
    flow_on_run_event(&s->app);
}

static void test_stepper(void **state)
{
    struct scene s;
    struct planref *p = scene_plan(true);
    struct ls_run_report report;
    struct ls_err bad = LS_ERR_INIT;
    struct ls_event heard = {.kind = LS_EV_NOTICE, .step = -1, .op = -1, .rows = -1, .text = "NOTICE: relation \"users\" already exists, skipping"};

    (void)state;
    history(&s, 80, 24, false);
    run_model_set_plan(&s.app.run, p);
    planref_put(p);
    app_focus(&s.app, UI_PANE_RUN);
    golden(&s, "run-preview-80x24");
    run_model_start(&s.app.run, RUN_MODE_STEP, 0);
    run_model_event(&s.app.run, &heard, s.app.now_ms);
    event(&s, LS_EV_STEP_BEGIN, 0, -1, 0, -1, NULL);
    event(&s, LS_EV_TX_BEGIN, 0, 0, 0, -1, NULL);
    event(&s, LS_EV_OP_BEGIN, 0, 1, 0, -1, NULL);
    event(&s, LS_EV_OP_END, 0, 1, 1234567, 0, NULL);
    run_model_gate(&s.app.run, 0, 2);
    flow_on_run_event(&s.app);
    golden(&s, "run-paused-80x24");
    event(&s, LS_EV_OP_BEGIN, 0, 2, 0, -1, NULL);
    s.app.now_ms = 3400;
    golden(&s, "run-running-80x24");
    event(&s, LS_EV_OP_END, 0, 2, 3400000, -1, NULL);
    heard.step = 0;
    run_model_event(&s.app.run, &heard, s.app.now_ms);
    run_model_event(&s.app.run, &heard, s.app.now_ms);
    (void)ls_err_set(&bad, LS_E_SQL, "column \"fax\" does not exist");
    event(&s, LS_EV_TX_ROLLBACK, 0, -1, 0, -1, NULL);
    ls_run_report_init(&report);
    report.verdict = LS_VERDICT_ROLLED_BACK;
    report.failed_step = 0;
    report.failed_op = 2;
    report.failed_stmt = 2;
    report.failed_line = 3;
    report.failed_col = 1;
    report.elapsed_ms = 4634;
    ls_err_move(&report.err, &bad);
    ls_buf_adds(&report.applied, "Applied: nothing.\nFailed: the up of 004.\nIts transaction was rolled back.\n");
    ls_buf_adds(&report.next, "Mend the file and run it again.\n");
    run_model_finish(&s.app.run, &report);
    flow_on_run_end(&s.app);
    golden(&s, "run-failed-80x24");
    scene_keys(&s, "PgDn");
    golden(&s, "run-failed-below-80x24");
    ls_run_report_release(&report);
    scene_close(&s);
}

/* Who is in the way is told whole, however narrow the screen is. */
static void test_stepper_waits(void **state)
{
    struct scene s;
    struct planref *p = scene_plan(true);
    struct ls_event ev = {.kind = LS_EV_LOCK_WAIT, .step = -1, .op = -1, .rows = -1,
                          .text = "pid 29806, user postgres, app lockstep, from 10.0.0.7, since 2026-11-29 16:38:44 UTC"};

    (void)state;
    history(&s, 80, 24, false);
    run_model_set_plan(&s.app.run, p);
    planref_put(p);
    app_focus(&s.app, UI_PANE_RUN);
    assert_true(scene_shows(&s, "PLAN: nothing has run yet"));
    run_model_start(&s.app.run, RUN_MODE_STEP, 0);
    run_model_event(&s.app.run, &ev, s.app.now_ms);
    flow_on_run_event(&s.app);
    golden(&s, "run-waits-80x24");
    event(&s, LS_EV_STEP_BEGIN, 0, -1, 0, -1, NULL);
    event(&s, LS_EV_OP_BEGIN, 0, 0, 0, -1, NULL);
    assert_false(scene_shows(&s, "since 2026-11-29"));
    scene_close(&s);
}

static void test_menu_and_help(void **state)
{
    struct scene s;

    (void)state;
    history(&s, 80, 24, false);
    scene_keys(&s, "m");
    golden(&s, "mark-80x24");
    scene_keys(&s, "q ?");
    golden(&s, "help-80x24");
    scene_close(&s);
}

static void test_backups(void **state)
{
    struct scene s;
    struct ls_backup a = {.name = "app-003-20261129163844",
                          .path = "backups/app-003-20261129163844",
                          .target = "app",
                          .dialect = "postgres",
                          .server = "PostgreSQL 15.20",
                          .version = "003",
                          .created_at = "2026-11-29T16:38:44Z",
                          .state = "read back",
                          .sha256 = "ab",
                          .size = 3500000,
                          .is_complete = true};
    struct ls_backup b = {.name = "app-002-20261128070000.partial", .state = "", .size = 10};

    (void)state;
    history(&s, 80, 24, false);
    s.app.backups.arena = ls_arena_new();
    *LS_VEC_PUSH(&s.app.backups.b) = a;
    *LS_VEC_PUSH(&s.app.backups.b) = b;
    s.app.has_backups = true;
    scene_keys(&s, "4");
    golden(&s, "backups-80x24");
    scene_close(&s);
}

static void test_log(void **state)
{
    struct scene s;
    struct ls_journal j = {.exists = true, .first_broken_seq = 2};
    struct ls_journal_row row = {.seq = 1,
                                 .run_id = "r",
                                 .event = "run_begin",
                                 .at = "2026-11-29T16:38:44.000Z",
                                 .operator_name = "anna",
                                 .detail = "up, 1 steps",
                                 .duration_ms = -1,
                                 .chain_ok = true};

    (void)state;
    *LS_VEC_PUSH(&j.rows) = row;
    row.seq = 2;
    row.event = "applied";
    row.version = "003";
    row.name = "add_email";
    row.result = "ok";
    row.chain_ok = false;
    *LS_VEC_PUSH(&j.rows) = row;
    history(&s, 80, 24, false);
    scene_set_journal(&j);
    s.app.mail = (struct mailbox *)&j; /* "there is a worker": the fake answers without it */
    scene_keys(&s, "5");
    s.app.mail = NULL;
    golden(&s, "log-80x24");
    scene_keys(&s, "Enter");
    assert_true(scene_shows(&s, "BROKEN here"));
    scene_set_journal(NULL);
    LS_VEC_RELEASE(&j.rows);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timeline),
        cmocka_unit_test(test_too_small),
        cmocka_unit_test(test_first_frame),
        cmocka_unit_test(test_not_connected),
        cmocka_unit_test(test_filter_and_order),
        cmocka_unit_test(test_dirty_and_foreign_banners),
        cmocka_unit_test(test_guessed_format),
        cmocka_unit_test(test_side_by_side),
        cmocka_unit_test(test_graph),
        cmocka_unit_test(test_beside),
        cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_detail),
        cmocka_unit_test(test_detail_narrow),
        cmocka_unit_test(test_confirmation),
        cmocka_unit_test(test_stepper),
        cmocka_unit_test(test_stepper_waits),
        cmocka_unit_test(test_menu_and_help),
        cmocka_unit_test(test_backups),
        cmocka_unit_test(test_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
