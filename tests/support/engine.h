/* tests/support/engine.h: planning and running on a project of tests/support/ops.h. Header only; include it behind <cmocka.h>. */
#ifndef TESTS_SUPPORT_ENGINE_H
#define TESTS_SUPPORT_ENGINE_H

#include "lockstep/engine/journal.h"
#include "lockstep/engine/plan.h"
#include "lockstep/engine/run.h"
#include "support/ops.h"
#include "support/skip.h"

#ifndef LS_WITH_SQLITE
#define ops_open(o, format, pg)                                \
    do {                                                       \
        if (!(pg))                                             \
            test_skip("this build has no SQLite driver");      \
        ops_open(o, format, pg);                               \
    } while (0)
#endif

#define ENG_NEEDS_PG()                         \
    do {                                       \
        if (test_pg_url() == NULL) {           \
            test_skip(test_pg_skip_reason());  \
            return;                            \
        }                                      \
    } while (0)

#define ENG_NEEDS_MAJOR(major, reason)         \
    do {                                       \
        ENG_NEEDS_PG();                        \
        if (test_pg_major() < (major)) {       \
            test_skip(reason);                 \
            return;                            \
        }                                      \
    } while (0)

/* Two tests of one body: body(bool pg). */
#define ENG_BOTH(name)                \
    static void name##_sqlite(void **state) \
    {                                 \
        (void)state;                  \
        name(false);                  \
    }                                 \
    static void name##_pg(void **state)     \
    {                                 \
        (void)state;                  \
        ENG_NEEDS_PG();               \
        name(true);                   \
    }
#define ENG_BOTH_TESTS(name) cmocka_unit_test(name##_sqlite), cmocka_unit_test(name##_pg)

static inline enum ls_rc eng_plan_rc(struct ops *o, enum ls_action action, long count, const char *version, struct ls_plan **plan,
                                     struct ls_err *err)
{
    struct ls_plan_request req = {.action = action, .count = count, .version = version};
    struct ls_snapshot *snap = NULL;
    enum ls_rc rc = ls_session_snapshot(o->s, &snap, err);

    *plan = NULL;
    if (rc == LS_OK)
        rc = ls_plan_make(o->s, snap, &req, plan, err);
    ls_snapshot_free(snap);
    return rc;
}

static inline struct ls_plan *eng_plan(struct ops *o, enum ls_action action, long count, const char *version)
{
    struct ls_plan *plan = NULL;

    ops_ok(eng_plan_rc(o, action, count, version, &plan, err));
    return plan;
}

/* Expects planning to be refused with that code, and those words in message or hint. */
static inline void eng_refused(struct ops *o, enum ls_action action, long count, const char *version, enum ls_rc code, const char *words)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_plan *plan = NULL;
    enum ls_rc rc = eng_plan_rc(o, action, count, version, &plan, &err);

    if (rc != code || (strstr(err.message != NULL ? err.message : "", words) == NULL && strstr(err.hint != NULL ? err.hint : "", words) == NULL))
        fail_msg("expected %s with \"%s\", got %s: %s (hint: %s)", ls_rc_name(code), words, ls_rc_name(rc), err.message != NULL ? err.message : "",
                 err.hint != NULL ? err.hint : "");
    assert_null(plan);
    ls_err_release(&err);
}

/* Plans and runs; release the report. */
static inline enum ls_rc eng_try(struct ops *o, enum ls_action action, long count, const char *version, const struct ls_run_hooks *hooks,
                                 struct ls_run_report *rep)
{
    struct ls_plan *plan = eng_plan(o, action, count, version);
    enum ls_rc rc = ls_run(o->s, plan, hooks, rep);

    ls_plan_free(plan);
    return rc;
}

static inline void eng_run(struct ops *o, enum ls_action action, long count, const char *version)
{
    struct ls_run_report rep;

    if (eng_try(o, action, count, version, NULL, &rep) != LS_OK)
        fail_msg("%s: %s\n%s", ls_action_name(action), rep.err.message, rep.applied.ptr);
    assert_int_equal(rep.verdict, LS_VERDICT_DONE);
    ls_run_report_release(&rep);
}

static inline void eng_is(const struct ops *o, const char *sql, const char *expected)
{
    char *value = ops_get(o, sql);

    assert_string_equal(value, expected);
    free(value);
}

static inline void eng_has(const char *text, const char *words)
{
    if (text == NULL || strstr(text, words) == NULL)
        fail_msg("\"%s\" is not in:\n%s", words, text != NULL ? text : "(nothing)");
}

/* Two small folders, and queries that say what a database holds. */
static inline void eng_golang_folder(struct ops *o)
{
    ops_put(o, "migrations/000001_init.up.sql", "CREATE TABLE a (id int);\n");
    ops_put(o, "migrations/000001_init.down.sql", "DROP TABLE a;\n");
    ops_put(o, "migrations/000002_b.up.sql", "CREATE TABLE b (id int);\nCREATE TABLE b2 (id int);\n");
    ops_put(o, "migrations/000002_b.down.sql", "DROP TABLE b;\nDROP TABLE b2;\n");
}

static inline const char *eng_cursor(bool pg)
{
    return pg ? "SELECT string_agg(version || '/' || dirty, ',') FROM schema_migrations"
              : "SELECT group_concat(version || '/' || CASE dirty WHEN 1 THEN 'true' WHEN 0 THEN 'false' END) FROM schema_migrations";
}

static inline const char *eng_tables(bool pg)
{
    return pg ? "SELECT coalesce(string_agg(relname, ',' ORDER BY relname), '') FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
                "WHERE relkind = 'r' AND nspname = 'public' AND relname NOT IN ('schema_migrations', 'lockstep_journal')"
              : "SELECT coalesce(group_concat(name), '') FROM (SELECT name FROM sqlite_schema WHERE type = 'table' "
                "AND name NOT IN ('schema_migrations', 'lockstep_journal') ORDER BY name)";
}

static inline void eng_lockstep_folder(struct ops *o)
{
    ops_put(o, "migrations/001_init.up.sql", "-- Makes a.\nCREATE TABLE a (id int);\n");
    ops_put(o, "migrations/001_init.down.sql", "DROP TABLE a;\n");
    ops_put(o, "migrations/002_b.up.sql", "CREATE TABLE b (id int);\nCREATE TABLE b2 (id int);\n");
    ops_put(o, "migrations/002_b.down.sql", "DROP TABLE b;\nDROP TABLE b2;\n");
}

static inline const char *eng_statuses(bool pg)
{
    return pg ? "SELECT string_agg(version || ' ' || status, ', ' ORDER BY version) FROM schema_migrations"
              : "SELECT group_concat(version || ' ' || status, ', ') FROM (SELECT * FROM schema_migrations ORDER BY version)";
}

/* "7 applied, 8 pending" as the snapshot sees it. */
static inline void eng_states(struct ops *o, const char *expected)
{
    struct ls_snapshot *snap = ops_snapshot(o);
    struct ls_buf b = LS_BUF_INIT;

    for (size_t i = 0; i < snap->timeline.e.n; i++)
        ls_buf_addf(&b, "%s%s %s", i > 0 ? ", " : "", snap->timeline.e.v[i].label, ls_state_name(snap->timeline.e.v[i].state));
    assert_string_equal(b.ptr, expected);
    ls_buf_release(&b);
    ls_snapshot_free(snap);
}

#endif
