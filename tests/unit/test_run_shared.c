/* A tool of this test's own: one file per migration with an up and a down part, all steps of a run in one transaction, a ledger row made of every
 * value that is known only when it is sent, and words of its own about a failure. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "format/ops.h"
#include "format/record.h"
#include "format/section.h"
#include "format/table.h"
#include "format/tree.h"
#include "support/engine.h"

static const struct ls_timeline_rules rules = {.place = ls_place_by_id,
                                               .applied = "nothing",
                                               .pending_next = "next",
                                               .pending_later = "later",
                                               .out_of_order = "never",
                                               .missing = "keeps it",
                                               .duplicate = "refuses",
                                               .dirty = "refuses",
                                               .rolled_back = "again"};

static bool parse(struct ls_arena *arena, const char *file, struct ls_migration *m)
{
    const char *dot = strstr(file, ".sql");

    if (dot == NULL || dot[4] != '\0')
        return false;
    m->id = m->label = ls_arena_strn(arena, file, (size_t)(dot - file));
    m->name = "of the test";
    return true;
}

static int marker(struct ls_str line)
{
    if (ls_str_starts(line, "-- up", NULL))
        return LS_MARK_UP;
    return ls_str_starts(line, "-- down", NULL) ? LS_MARK_DOWN : LS_MARK_NONE;
}

static enum ls_rc scan(const char *dir, enum ls_dialect d, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = ls_scan_files(dir, parse, NULL, out, err);

    (void)d;
    for (size_t i = 0; rc == LS_OK && i < out->m.n; i++) {
        struct ls_migration *m = &out->m.v[i];
        const char *path = m->up.path;
        struct ls_line line = {.no = 0};

        ls_buf_clear(&text);
        rc = ls_file_read(path, 0, 0, &text, err);
        while (rc == LS_OK && ls_line_next(text.ptr, text.len, &line)) {
            int mark = marker(line.text);

            if (mark == LS_MARK_DOWN)
                m->up.end = (int64_t)line.start;
            if (mark != LS_MARK_NONE)
                ls_section_set(mark == LS_MARK_UP ? &m->up : &m->down, path, line.next, text.len, line.no + 1);
        }
        if (rc == LS_OK && need_hash) {
            ls_section_hash(&m->up, text.ptr, text.len);
            ls_section_hash(&m->down, text.ptr, text.len);
        }
    }
    ls_buf_release(&text);
    return rc;
}

static enum ls_rc ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    struct ls_table_look look;
    enum ls_rc rc = ls_table_look(db, opts, "tool_log", "the test", out, &look, err);

    out->shape = LS_LEDGER_LOG;
    out->foreign = NULL; /* no table that others know */
    if (rc == LS_OK && out->exists)
        rc = ls_table_rows(db, &look, "t.seq", out, err);
    for (size_t i = 0; rc == LS_OK && i < out->rows.n; i++) {
        struct ls_ledger_row *row = &out->rows.v[i];

        row->id = ls_table_cell(out, row, "id");
        row->raw_status = ls_table_cell(out, row, "what");
        row->applied_at = ls_table_cell(out, row, "at");
        row->logs = ls_table_cell(out, row, "why");
        row->state = strcmp(row->raw_status, "up") == 0 ? LS_ROW_APPLIED : strcmp(row->raw_status, "down") == 0 ? LS_ROW_ROLLED_BACK : LS_ROW_FAILED;
        out->dirty = out->dirty || row->state == LS_ROW_FAILED;
    }
    return rc;
}

static enum ls_rc plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    (void)err;
    ls_ops_add(ctx, NULL, LS_OP_BEGIN);
    ls_ops_sql(ctx, NULL, LS_OP_LEDGER,
               ctx->dialect == LS_DIALECT_POSTGRES
                   ? "CREATE TABLE tool_log (seq serial PRIMARY KEY, id text, what text, uuid text, ns bigint, ms bigint, now_ms bigint, began_ms bigint, "
                     "iso text, began_iso text, sqltime text, sum bytea, at timestamptz DEFAULT now(), why text)"
                   : "CREATE TABLE tool_log (seq integer PRIMARY KEY, id text, what text, uuid text, ns integer, ms integer, now_ms integer, "
                     "began_ms integer, iso text, began_iso text, sqltime text, sum blob, at text DEFAULT current_timestamp, why text)",
               NULL, 0);
    ls_ops_add(ctx, NULL, LS_OP_COMMIT);
    return LS_OK;
}

static const char insert_pg[] = "INSERT INTO tool_log (id, what, uuid, ns, ms, now_ms, began_ms, iso, began_iso, sqltime, sum) "
                                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
static const char insert_sqlite[] = "INSERT INTO tool_log (id, what, uuid, ns, ms, now_ms, began_ms, iso, began_iso, sqltime, sum) "
                                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
static const char touch_pg[] = "UPDATE tool_log SET why = 'ok' WHERE uuid = $1", touch_sqlite[] = "UPDATE tool_log SET why = 'ok' WHERE uuid = ?1";
static const char fail_pg[] = "INSERT INTO tool_log (id, what, uuid, why) VALUES ($1, 'failed', $2, $3)";
static const char fail_sqlite[] = "INSERT INTO tool_log (id, what, uuid, why) VALUES (?1, 'failed', ?2, ?3)";

static enum ls_rc plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, const struct ls_entry *prev_applied,
                            struct ls_err *err)
{
    bool pg = ctx->dialect == LS_DIALECT_POSTGRES, tells = step->text != NULL && strstr(step->text, "tells") != NULL;
    struct ls_param p[] = {ls_param_text(step->id),
                           ls_param_text(step->direction == LS_UP ? "up" : "down"),
                           ls_param_runtime(LS_PARAM_UUID4),
                           ls_param_runtime(LS_PARAM_DURATION_NS),
                           ls_param_int(LS_PARAM_DURATION_MS),
                           ls_param_runtime(LS_PARAM_NOW_MS),
                           ls_param_runtime(LS_PARAM_STARTED_MS),
                           ls_param_runtime(LS_PARAM_NOW_ISO),
                           ls_param_runtime(LS_PARAM_STARTED_ISO),
                           ls_param_runtime(LS_PARAM_NOW_SQL),
                           ls_param_blob("00ff27")};
    struct ls_param fail[] = {ls_param_text(step->id), ls_param_runtime(LS_PARAM_UUID4), ls_param_runtime(LS_PARAM_ERROR)};

    (void)entry;
    (void)prev_applied;
    (void)err;
    step->policy = LS_POLICY_TX;
    if (ctx->prev == NULL)
        ls_record_open(ctx, step, "tool_log");
    step->n_statements = ctx->stmts != NULL ? (int)ctx->stmts->n : 0;
    for (size_t i = 0; ctx->stmts != NULL && i < ctx->stmts->n; i++)
        ls_ops_piece(ctx, step, ctx->stmts->v[i].start, ctx->stmts->v[i].end);
    ls_ops_sql(ctx, step, LS_OP_LEDGER, pg ? insert_pg : insert_sqlite, p, 11)->expect_rows = 1;
    ls_ops_sql(ctx, step, LS_OP_LEDGER, pg ? touch_pg : touch_sqlite, &p[2], 1)->expect_rows = 1;
    ls_ops_add(ctx, step, LS_OP_JOURNAL);
    if (tells)
        ls_ops_on_failure(ctx, step, LS_OP_LEDGER, pg ? fail_pg : fail_sqlite, fail, 3)->expect_rows = 1;
    return LS_OK;
}

static enum ls_rc plan_finish(struct ls_plan_ctx *ctx, struct ls_step *last, struct ls_err *err)
{
    (void)err;
    ls_ops_add(ctx, last, LS_OP_COMMIT);
    return LS_OK;
}

static int lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4])
{
    (void)db;
    (void)opts;
    (void)ledger;
    (void)keys;
    return 0;
}

static const struct ls_format tool = {.name = "test-tool",
                                      .title = "the test",
                                      .ledger_table = "tool_log",
                                      .caps = LS_CAP_UP | LS_CAP_DOWN | LS_CAP_NATIVE_APPLY | LS_CAP_ONE_TX,
                                      .rules = &rules,
                                      .scan = scan,
                                      .ledger_read = ledger_read,
                                      .plan_setup = plan_setup,
                                      .plan_step = plan_step,
                                      .plan_finish = plan_finish,
                                      .lock_keys = lock_keys};

static void open_tool(struct ops *o, bool pg)
{
    char *migrations;
    struct ls_session_params p = {.operator_name = "tester", .journal = true, .format = &tool};

    ops_open(o, "lockstep", pg);
    migrations = ops_path(o, "migrations");
    p.url = o->url;
    p.migrations_dir = migrations;
    ls_session_free(o->s);
    o->s = ls_session_new(&p);
    free(migrations);
    ops_put(o, "migrations/a.sql", "-- Two parts.\n-- up\nCREATE TABLE a (id int);\nCREATE TABLE a2 (id int);\n-- down\nDROP TABLE a;\nDROP TABLE a2;\n");
    ops_put(o, "migrations/b.sql", "-- up\nCREATE TABLE b (id int);\n-- down\nDROP TABLE b;\n");
}

static const char *log_of(bool pg)
{
    return pg ? "SELECT coalesce(string_agg(id || ' ' || what, ', ' ORDER BY seq), '') FROM tool_log"
              : "SELECT coalesce(group_concat(id || ' ' || what, ', '), '') FROM (SELECT * FROM tool_log ORDER BY seq)";
}

static const char *tables_of(bool pg)
{
    return pg ? "SELECT coalesce(string_agg(relname, ',' ORDER BY relname), '') FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
                "WHERE relkind = 'r' AND nspname = 'public' AND relname NOT IN ('tool_log', 'lockstep_journal')"
              : "SELECT coalesce(group_concat(name), '') FROM (SELECT name FROM sqlite_schema WHERE type = 'table' "
                "AND name NOT IN ('tool_log', 'lockstep_journal') ORDER BY name)";
}

static const char *journal_of(bool pg)
{
    return pg ? "SELECT string_agg(event || coalesce(' ' || version, ''), ', ' ORDER BY seq) FROM lockstep_journal"
              : "SELECT group_concat(event || coalesce(' ' || version, ''), ', ') FROM (SELECT * FROM lockstep_journal ORDER BY seq)";
}

static void all_in_one(bool pg)
{
    struct ls_plan *plan;
    struct ls_buf sql = LS_BUF_INIT;
    char uuid[64];
    struct ops o;

    open_tool(&o, pg);
    plan = eng_plan(&o, LS_ACTION_UP, -1, NULL);
    assert_int_equal(plan->steps.n, 2);
    assert_int_equal(plan->steps.v[0].tx_first, 0);
    assert_int_equal(plan->steps.v[0].tx_last, 1);
    assert_int_equal(plan->steps.v[1].tx_first, 0);
    assert_int_equal(plan->steps.v[1].tx_last, 1);
    assert_int_equal(plan->steps.v[0].line, 3);
    ls_plan_print_sql(plan, pg ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE, &sql);
    eng_has(sql.ptr, "one transaction holds this one and the 1 behind it");
    eng_has(sql.ptr, pg ? "'\\x00ff27'::bytea" : "x'00ff27'");
    snprintf(uuid, sizeof(uuid), "'%.8s-%.4s-4%.3s-8%.3s-000000000002'", plan->digest, plan->digest + 8, plan->digest + 12, plan->digest + 15);
    eng_has(sql.ptr, uuid);
    ops_sql(&o, sql.ptr); /* it runs as printed, the UUIDs too */
    eng_is(&o, log_of(pg), "a up, b up");
    eng_is(&o, "SELECT count(*) FROM tool_log WHERE why = 'ok'", "2");
    ops_sql(&o, "DROP TABLE tool_log; DROP TABLE a; DROP TABLE a2; DROP TABLE b");
    ls_buf_release(&sql);
    ls_plan_free(plan);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, log_of(pg), "a up, b up");
    eng_is(&o, tables_of(pg), "a,a2,b");
    eng_is(&o, journal_of(pg), "run_begin, applied a, applied b, run_end");
    eng_states(&o, "a applied, b applied");
    eng_run(&o, LS_ACTION_DOWN, 1, NULL);
    eng_is(&o, tables_of(pg), "a,a2");
    eng_states(&o, "a applied, b rolled-back");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_run(&o, LS_ACTION_TO, 0, "none");
    eng_is(&o, tables_of(pg), "");
    eng_is(&o, log_of(pg), "a up, b up, b down, b up, b down, a down");
    ops_close(&o);
}
ENG_BOTH(all_in_one)

struct seen {
    struct ls_buf events;
};

static void watch(void *ctx, const struct ls_event *ev)
{
    struct seen *s = ctx;

    if (ev->kind == LS_EV_STEP_END || ev->kind == LS_EV_STEP_UNDONE)
        ls_buf_addf(&s->events, "%s %d, ", ev->kind == LS_EV_STEP_END ? "end" : "undone", ev->step);
    else if (ev->kind == LS_EV_TX_COMMIT || ev->kind == LS_EV_TX_ROLLBACK)
        ls_buf_addf(&s->events, "%s, ", ev->kind == LS_EV_TX_COMMIT ? "commit" : "rollback");
}

/* Step 3 fails: steps 1 and 2, which had ended well, go back with it, and are counted so. */
static void a_failure_takes_all_back(bool pg)
{
    struct seen seen = {LS_BUF_INIT};
    struct ls_run_hooks hooks = {.on_event = watch, .ctx = &seen};
    struct ls_run_report rep;
    struct ops o;

    open_tool(&o, pg);
    ops_put(&o, "migrations/c.sql", "-- c\n-- up\nCREATE TABLE c (id int);\n\nCREATE TABLE a (id int);\n-- down\nDROP TABLE c;\n");
    ops_put(&o, "migrations/d.sql", "-- up\nCREATE TABLE d (id int);\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_FAILED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    assert_int_equal(rep.n_steps_done, 0);
    assert_int_equal(rep.n_steps_undone, 2);
    assert_int_equal(rep.failed_step, 2);
    assert_int_equal(rep.failed_stmt, 2);
    assert_int_equal(rep.failed_line, 5);
    eng_has(rep.err.message, "migrations/c.sql:5:");
    eng_has(rep.err.message, "(statement 2 of 2)");
    eng_has(rep.applied.ptr, "Nothing was applied.");
    eng_has(rep.applied.ptr, "Rolled back with it, as they were in the same transaction: a, b.");
    eng_has(rep.applied.ptr, "Not begun: 1 more.");
    eng_has(rep.next.ptr, "it goes on with a.");
    assert_string_equal(seen.events.ptr, "commit, end 0, end 1, rollback, undone 1, undone 0, ");
    ls_buf_release(&seen.events);
    ls_run_report_release(&rep);
    eng_is(&o, tables_of(pg), "");
    eng_is(&o, log_of(pg), "");
    eng_is(&o, journal_of(pg), "run_begin, failed c, run_end");
    eng_states(&o, "a pending, b pending, c pending, d pending");
    ops_put(&o, "migrations/c.sql", "-- up\nCREATE TABLE c (id int);\n");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, tables_of(pg), "a,a2,b,c,d");
    ops_close(&o);
}
ENG_BOTH(a_failure_takes_all_back)

static enum ls_gate stop_at_b(void *ctx, const struct ls_plan *plan, int step, int op)
{
    (void)ctx;
    (void)plan;
    (void)op;
    return step == 1 ? LS_GATE_STOP : LS_GATE_GO;
}

static void stopping_takes_all_back(bool pg)
{
    struct ls_run_hooks hooks = {.gate = stop_at_b};
    struct ls_run_report rep;
    struct ops o;

    open_tool(&o, pg);
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, &hooks, &rep), LS_E_CANCELLED);
    assert_int_equal(rep.n_steps_done, 0);
    assert_int_equal(rep.n_steps_undone, 1);
    eng_has(rep.applied.ptr, "in the same transaction: a.");
    eng_has(rep.next.ptr, "it goes on with a.");
    ls_run_report_release(&rep);
    eng_is(&o, tables_of(pg), "");
    ops_close(&o);
}
ENG_BOTH(stopping_takes_all_back)

/* What the tool itself says of a failure is there, after the rollback; then the database is dirty. */
static void the_tool_is_told(bool pg)
{
    struct ls_run_report rep;
    struct ls_snapshot *snap;
    struct ops o;

    open_tool(&o, pg);
    ops_put(&o, "migrations/c.sql", "-- up\n-- tells\nCREATE TABLE c (id int);\nCREATE TABLE a (id int);\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    assert_int_equal(rep.verdict, LS_VERDICT_DIRTY);
    assert_int_equal(rep.n_steps_undone, 2);
    eng_has(rep.applied.ptr, "The ledger was told that it failed, as the tool does it.");
    ls_run_report_release(&rep);
    eng_is(&o, tables_of(pg), "");
    eng_is(&o, log_of(pg), "c failed");
    eng_states(&o, "a pending, b pending, c dirty");
    snap = ops_snapshot(&o);
    assert_int_equal(snap->ledger.rows.n, 1);
    eng_has(snap->ledger.rows.v[0].logs, "migrations/c.sql:4:");
    eng_has(snap->ledger.rows.v[0].logs, "already exists");
    ls_snapshot_free(snap);
    ops_close(&o);
}
ENG_BOTH(the_tool_is_told)

/* A failure that no statement of the migration has (here: the ledger's own insert) is not told. */
static void the_tool_is_not_told_of_other_failures(bool pg)
{
    struct ls_run_report rep;
    struct ops o;

    open_tool(&o, pg);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    ops_sql(&o, pg ? "ALTER TABLE tool_log ADD CHECK (id <> 'c' OR what = 'failed')"
                   : "CREATE TRIGGER no BEFORE INSERT ON tool_log WHEN new.id = 'c' AND new.what <> 'failed' BEGIN SELECT raise(ABORT, 'no'); END");
    ops_put(&o, "migrations/c.sql", "-- up\n-- tells\nCREATE TABLE c (id int);\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_FAILED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    ls_run_report_release(&rep);
    eng_is(&o, log_of(pg), "a up, b up");
    ops_close(&o);
}
ENG_BOTH(the_tool_is_not_told_of_other_failures)

static void values_of_the_moment(bool pg)
{
    struct ops o;

    open_tool(&o, pg);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    /* One UUID within a step (the second op found its row by it), another in the next; version 4, variant 1. */
    eng_is(&o, "SELECT count(*) FROM tool_log WHERE why = 'ok'", "2");
    eng_is(&o, "SELECT count(DISTINCT uuid) FROM tool_log", "2");
    eng_is(&o, "SELECT count(*) FROM tool_log WHERE length(uuid) = 36 AND substr(uuid, 15, 1) = '4' AND substr(uuid, 20, 1) IN ('8', '9', 'a', 'b')", "2");
    eng_is(&o, "SELECT count(*) FROM tool_log WHERE ns > 0 AND ns < 60000000000 AND ms >= 0 AND ms <= ns / 1000000 + 1000", "2");
    eng_is(&o, "SELECT count(*) FROM tool_log WHERE now_ms >= began_ms AND now_ms - began_ms < 60000 AND began_ms > 1700000000000", "2");
    eng_is(&o, "SELECT count(*) FROM tool_log WHERE iso >= began_iso AND iso LIKE '20__-__-__T__:__:__.___+00:00' AND sqltime LIKE '20__-__-__ __:__:__'",
           "2");
    eng_is(&o, pg ? "SELECT count(*) FROM tool_log WHERE abs(extract(epoch FROM at) * 1000 - now_ms) < 60000 AND iso::timestamptz > at - interval '60 s'"
                  : "SELECT count(*) FROM tool_log WHERE abs(strftime('%s', at) * 1000 - now_ms) < 60000 AND sqltime >= at",
           "2");
    eng_is(&o, pg ? "SELECT string_agg(DISTINCT encode(sum, 'hex'), '') FROM tool_log" : "SELECT group_concat(DISTINCT typeof(sum) || lower(hex(sum))) FROM tool_log",
           pg ? "00ff27" : "blob00ff27");
    ops_close(&o);
}
ENG_BOTH(values_of_the_moment)

/* Every column is kept, times in UTC whatever the session says. */
static void nothing_of_a_row_is_lost(bool pg)
{
    struct ls_snapshot *snap;
    const struct ls_ledger *l;
    struct ops o;

    open_tool(&o, pg);
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    ops_sql(&o, pg ? "UPDATE tool_log SET at = '2026-01-02 03:04:05.5+02'; ALTER TABLE tool_log ADD COLUMN \"odd \"\"name\" int DEFAULT 7"
                   : "UPDATE tool_log SET at = 'x'; ALTER TABLE tool_log ADD COLUMN \"odd \"\"name\" int DEFAULT 7");
    snap = ops_snapshot(&o);
    l = &snap->ledger;
    assert_int_equal(l->rows.n, 1);
    assert_int_equal(l->n_raw, 15);
    assert_string_equal(ls_table_cell(l, &l->rows.v[0], "odd \"name"), "7");
    assert_string_equal(ls_table_cell(l, &l->rows.v[0], "at"), pg ? "2026-01-02T01:04:05.500000Z" : "x");
    assert_string_equal(ls_table_cell(l, &l->rows.v[0], "sum"), "\\x00ff27");
    assert_null(ls_table_cell(l, &l->rows.v[0], "no such column"));
    assert_true(ls_table_has_column(l, "uuid"));
    ls_snapshot_free(snap);
    ops_close(&o);
}
ENG_BOTH(nothing_of_a_row_is_lost)

/* Requests by id, by the beginning of one, and what is not clear. */
static void requests(void **state)
{
    struct ls_plan *plan;
    struct ops o;

    (void)state;
    open_tool(&o, false);
    ops_put(&o, "migrations/20240101_first.sql", "-- up\nSELECT 1;\n-- down\nSELECT 1;\n");
    ops_put(&o, "migrations/20240102_second.sql", "-- up\nSELECT 1;\n-- down\nSELECT 1;\n");
    plan = eng_plan(&o, LS_ACTION_TO, 0, "20240102");
    assert_string_equal(plan->id, "20240102_second");
    assert_int_equal(plan->steps.n, 2);
    ls_plan_free(plan);
    plan = eng_plan(&o, LS_ACTION_TO, 0, "a");
    assert_int_equal(plan->steps.n, 3);
    assert_string_equal(plan->steps.v[2].id, "a");
    ls_plan_free(plan);
    eng_refused(&o, LS_ACTION_TO, 0, "2024", LS_E_USAGE, "could be 20240101_first");
    eng_refused(&o, LS_ACTION_TO, 0, "1", LS_E_NOT_FOUND, "no migration \"1\"");
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    plan = eng_plan(&o, LS_ACTION_TO, 0, "20240102");
    assert_int_equal(plan->steps.n, 2);
    assert_string_equal(plan->steps.v[0].id, "b");
    assert_string_equal(plan->steps.v[1].id, "a");
    ls_plan_free(plan);
    ops_close(&o);
}

/* A file that was cut shorter since the scan is not sent in part. */
static void a_span_that_no_longer_fits(void **state)
{
    struct ls_section s = {.start = 10, .end = 15, .line = 3};
    struct ls_source src;
    struct ls_err err = LS_ERR_INIT;
    struct ops o;
    char *path;

    (void)state;
    open_tool(&o, false);
    path = ops_path(&o, "migrations/a.sql");
    s.path = path;
    ops_put(&o, "migrations/a.sql", "-- up\n-- x\nSELECT 'not closed");
    assert_int_equal(ls_source_load(&s, LS_DIALECT_SQLITE, NULL, &src, &err), LS_OK);
    assert_string_equal(src.text.ptr, "\nSELE");
    assert_int_equal(src.line, 3);
    assert_int_equal(src.stmts->v[0].line, 4);
    ls_source_release(&src);
    s.start = 11;
    s.end = 29;
    s.line = 3;
    assert_int_equal(ls_source_load(&s, LS_DIALECT_SQLITE, NULL, &src, &err), LS_E_INPUT);
    eng_has(err.message, "a.sql:3:");
    assert_int_equal(err.line, 3);
    ls_source_release(&src);
    ls_err_release(&err);
    s.end = 30;
    assert_int_equal(ls_source_load(&s, LS_DIALECT_SQLITE, NULL, &src, &err), LS_E_CHANGED);
    ls_source_release(&src);
    ls_err_release(&err);
    free(path);
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENG_BOTH_TESTS(all_in_one),
        ENG_BOTH_TESTS(a_failure_takes_all_back),
        ENG_BOTH_TESTS(stopping_takes_all_back),
        ENG_BOTH_TESTS(the_tool_is_told),
        ENG_BOTH_TESTS(the_tool_is_not_told_of_other_failures),
        ENG_BOTH_TESTS(values_of_the_moment),
        ENG_BOTH_TESTS(nothing_of_a_row_is_lost),
        cmocka_unit_test(requests),
        cmocka_unit_test(a_span_that_no_longer_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
