/* What a report about a dirty database must not conclude: from a part, from a record that is about something else, from an object
 * that two statements are about. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lockstep/engine/dirty.h"
#include "support/engine.h"

static void explain(struct ops *o, struct ls_dirty_report *r)
{
    struct ls_snapshot *snap = ops_snapshot(o);

    ops_ok(ls_dirty_explain(o->s, snap, r, err));
    ls_snapshot_free(snap);
    assert_true(r->is_dirty);
}

static bool says(const struct ls_dirty_report *r, const char *part)
{
    for (size_t i = 0; i < r->facts.n; i++)
        if (strstr(r->facts.v[i], part) != NULL)
            return true;
    return false;
}

static size_t n_indicated(const struct ls_dirty_report *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->choices.n; i++)
        n += r->choices.v[i].is_indicated;
    return n;
}

/* Half of the up is there, and so is all that the down above would take away. Without the first fact the second would point at a
 * way out. */
static void a_part_points_nowhere(bool pg)
{
    struct ls_dirty_report r;
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/2_b.up.sql", "BEGIN;\nCREATE TABLE b (i int);\nCOMMIT;\nBEGIN;\nCREATE TABLE b2 (i int);\nCOMMIT;\n");
    ops_put(&o, "migrations/2_b.down.sql", "DROP TABLE b;\nDROP TABLE b2;\n");
    ops_put(&o, "migrations/3_c.up.sql", "CREATE TABLE c (i int);\n");
    ops_put(&o, "migrations/3_c.down.sql", "DROP TABLE c;\n");
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    ops_sql(&o,
            pg ? "UPDATE schema_migrations SET version = 2, dirty = true" : "UPDATE schema_migrations SET version = 2, dirty = 1");
    ops_sql(&o, "CREATE TABLE b (i int); CREATE TABLE c (i int);");
    explain(&o, &r);
    assert_false(r.direction_known);
    assert_true(says(&r, "a part of it is in the database"));
    assert_true(r.choices.n >= 2);
    assert_int_equal(n_indicated(&r), 0);
    ls_dirty_report_release(&r);
    /* With the other half there it is whole, and the way is clear. */
    ops_sql(&o, "CREATE TABLE b2 (i int)");
    explain(&o, &r);
    assert_int_equal(n_indicated(&r), 1);
    ls_dirty_report_release(&r);
    ops_close(&o);
}
ENG_BOTH(a_part_points_nowhere)

/* The catalogue has no word about rows, but the journal saw the file fail, and it is one transaction. */
static void a_file_that_failed_whole_left_nothing(bool pg)
{
    struct ls_run_report rep;
    struct ls_dirty_report r;
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/2_b.up.sql", "INSERT INTO a VALUES (1);\nINSERT INTO nope VALUES (1);\n");
    assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    ls_run_report_release(&rep);
    explain(&o, &r);
    assert_true(says(&r, "by the journal it failed, and then it left nothing: unless somebody has done it by hand since, nothing of it is"));
    assert_int_equal(n_indicated(&r), 0); /* it may have been done by hand: that is not for us to say */
    ls_dirty_report_release(&r);
    ops_close(&o);
}
ENG_BOTH(a_file_that_failed_whole_left_nothing)

/* The journal saw the up of 1 end well. Whatever left it dirty came after that, by another tool: an up or a down, nobody knows. */
static void a_record_that_ended_well_is_not_about_this(bool pg)
{
    struct ls_dirty_report r;
    struct ops o;

    ops_open(&o, "golang-migrate", pg);
    ops_put(&o, "migrations/1_a.up.sql", "CREATE TABLE a (i int);\n");
    ops_put(&o, "migrations/1_a.down.sql", "DROP TABLE a;\n");
    ops_put(&o, "migrations/2_b.up.sql", "CREATE TABLE b (i int);\n");
    ops_put(&o, "migrations/2_b.down.sql", "DROP TABLE b;\n");
    eng_run(&o, LS_ACTION_UP, 1, NULL);
    ops_sql(&o, pg ? "UPDATE schema_migrations SET dirty = true" : "UPDATE schema_migrations SET dirty = 1");
    ops_sql(&o, "CREATE TABLE b (i int)");
    explain(&o, &r);
    assert_true(says(&r, "The journal's last word on it: up of 1, applied, ok"));
    assert_false(r.direction_known);
    assert_true(says(&r, "either the up of 1 was begun, or the down of 2"));
    ls_dirty_report_release(&r);
    ops_close(&o);
}
ENG_BOTH(a_record_that_ended_well_is_not_about_this)

/* The catalogue shows where an object ended, and not which of two statements brought it there. */
static void an_object_of_two_statements(bool pg)
{
    struct ls_dirty_report r;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    ops_put(&o, "migrations/001_a.up.sql",
            "-- lockstep: no-transaction\nCREATE TABLE t (i int);\nDROP TABLE t;\nCREATE TABLE u (i int);\nCRATE;\n");
    {
        struct ls_run_report rep;

        assert_int_equal(eng_try(&o, LS_ACTION_UP, -1, NULL, NULL, &rep), LS_E_PARTIAL);
        ls_run_report_release(&rep);
    }
    ops_sql(&o, "DROP TABLE lockstep_journal; DROP TABLE u");
    explain(&o, &r);
    assert_int_equal(r.verdicts.n, 4);
    eng_has(r.verdicts.v[0], "cannot be known: another statement of the file is about table t too");
    eng_has(r.verdicts.v[1], "cannot be known: another statement of the file is about table t too");
    eng_has(r.verdicts.v[2], "not applied: table u is not there");
    assert_int_equal(n_indicated(&r), 0);
    ls_dirty_report_release(&r);
    ops_close(&o);
}
ENG_BOTH(an_object_of_two_statements)

/* A word in the ledger that no lockstep wrote; the CHECK of its own table does not let it in. */
static void a_status_that_nobody_knows(bool pg)
{
    struct ls_dirty_report r;
    struct ops o;

    ops_open(&o, "lockstep", pg);
    ops_put(&o, "migrations/001_a.up.sql", "-- lockstep: no-transaction\nCREATE TABLE a (i int);\nCREATE TABLE b (i int);\n");
    ops_sql(&o, "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, name text NOT NULL, description text,"
                " applied_at timestamptz, applied_by text, duration_ms bigint, checksum text, status text NOT NULL);"
                "INSERT INTO schema_migrations (version, name, status) VALUES (1, 'a', 'half\x1b[31m')");
    explain(&o, &r);
    assert_true(says(&r, "no word that lockstep writes"));
    assert_int_equal(r.choices.n, 2);
    ls_dirty_report_release(&r);
    ops_close(&o);
}
ENG_BOTH(a_status_that_nobody_knows)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENG_BOTH_TESTS(a_part_points_nowhere), ENG_BOTH_TESTS(a_file_that_failed_whole_left_nothing),
        ENG_BOTH_TESTS(a_record_that_ended_well_is_not_about_this),
        ENG_BOTH_TESTS(an_object_of_two_statements),
        ENG_BOTH_TESTS(a_status_that_nobody_knows),
    };

    return cmocka_run_group_tests_name("dirty_part", tests, NULL, NULL);
}
