/* Whether a statement's object is there, by names that were read once: the same answers as by asking for each. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "engine/autopsy.h"
#include "lockstep/base/arena.h"

static struct ls_db *open_with(const char *sql)
{
    struct ls_db_params p = {.url = "sqlite::memory:", .create = true};
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db = NULL;

    if (ls_db_open(&p, &db, &err) != LS_OK || ls_db_exec_batch(db, sql, strlen(sql), NULL, &err) != LS_OK)
        fail_msg("%s", err.message);
    return db;
}

static void the_same_answers(void **state)
{
    static const struct {
        const char *sql;
        enum ls_trace_verdict verdict;
    } tries[] = {{"CREATE TABLE users (id)", LS_TRACE_APPLIED},
                 {"create table USERS (id)", LS_TRACE_APPLIED}, /* SQLite's names are the same in any case */
                 {"CREATE TABLE \"use\"\"rs\" (id)", LS_TRACE_ABSENT},
                 {"CREATE TABLE adults (id)", LS_TRACE_ABSENT}, /* there, as a view */
                 {"CREATE VIEW adults AS SELECT 1", LS_TRACE_APPLIED},
                 {"CREATE INDEX users_name ON users (name)", LS_TRACE_APPLIED},
                 {"CREATE INDEX users_nam ON users (name)", LS_TRACE_ABSENT},
                 {"CREATE TRIGGER g AFTER INSERT ON users BEGIN SELECT 1; END", LS_TRACE_APPLIED},
                 {"DROP TABLE users", LS_TRACE_ABSENT},
                 {"DROP TABLE gone", LS_TRACE_APPLIED},
                 {"ALTER TABLE users ADD COLUMN name text", LS_TRACE_APPLIED}, /* no name of the schema's: asked for */
                 {"ALTER TABLE users ADD COLUMN age int", LS_TRACE_ABSENT}};
    struct ls_db *db = open_with("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); CREATE INDEX users_name ON users (name);"
                                 "CREATE VIEW adults AS SELECT * FROM users; CREATE TRIGGER g AFTER INSERT ON users BEGIN SELECT 1; END");
    struct ls_arena *arena = ls_arena_new();
    struct autopsy_names *names = NULL;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    assert_int_equal(autopsy_names_read(db, &names, &err), LS_OK);
    assert_non_null(names);
    for (size_t i = 0; i < LS_ARRAY_LEN(tries); i++) {
        struct ls_trace asked, known;

        assert_int_equal(ls_autopsy(db, NULL, arena, tries[i].sql, strlen(tries[i].sql), &asked, &err), LS_OK);
        assert_int_equal(ls_autopsy(db, names, arena, tries[i].sql, strlen(tries[i].sql), &known, &err), LS_OK);
        if (asked.verdict != tries[i].verdict || known.verdict != tries[i].verdict)
            fail_msg("%s: asked %d, known %d", tries[i].sql, (int)asked.verdict, (int)known.verdict);
    }
    autopsy_names_free(names);
    ls_arena_free(arena);
    ls_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_answers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
