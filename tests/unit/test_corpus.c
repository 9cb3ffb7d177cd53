#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/engine.h"

/* --- real input -------------------------------------------------------------------------------------------------------------------------------- */

static char *corpus(void)
{
    const char *src = getenv("LS_SRCDIR");
    char *path = ls_asprintf("%s/../shared/corpus/golang-migrate-postgres/concourse", src != NULL ? src : ".");

    if (ls_path_kind(path) == LS_PATH_DIR)
        return path;
    free(path);
    return NULL;
}

/* The folder with one of its two files of version 1626194317 renumbered, as golang-migrate itself would ask for. */
static void copy_corpus(struct ops *o, const char *dir)
{
    struct ls_dir d = {0};

    ops_ok(ls_dir_read(dir, &d, err));
    for (size_t i = 0; i < d.e.n; i++) {
        char *from = ls_path_join(dir, d.e.v[i].name), *to = ls_asprintf("migrations/%s", d.e.v[i].name);
        struct ls_buf text = LS_BUF_INIT;

        if (strncmp(d.e.v[i].name, "1626194317_add_pipeline", 23) == 0)
            to[strlen("migrations/162619431")] = '8';
        ops_ok(ls_file_read(from, 0, 0, &text, err));
        ops_put(o, to, text.ptr);
        ls_buf_release(&text);
        free(from);
        free(to);
    }
    ls_dir_release(&d);
}

static void refuses_the_folder_as_it_is(struct ops *o, const char *dir)
{
    struct ls_session_params sp = *ls_session_params(o->s);
    struct ls_session *keep = o->s;

    sp.migrations_dir = dir;
    o->s = ls_session_new(&sp);
    eng_refused(o, LS_ACTION_UP, -1, NULL, LS_E_REFUSED, "duplicate migration file: ");
    ls_session_free(o->s);
    o->s = keep;
}

static void a_real_folder_up_and_down(void **state)
{
    char *dir = corpus();
    struct ls_run_report rep;
    struct ls_snapshot *snap;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    if (dir == NULL) {
        test_skip("the folder of real migrations is not beside the source tree");
        return;
    }
    ops_open(&o, NULL, true);
    refuses_the_folder_as_it_is(&o, dir);
    copy_corpus(&o, dir);
    free(dir);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    eng_is(&o, "SELECT string_agg(version || ' ' || dirty, ',') FROM schema_migrations", "1783024587 false");
    snap = ops_snapshot(&o);
    assert_string_equal(snap->format->name, "golang-migrate");
    assert_int_equal(snap->timeline.e.n, 151); /* 149 up files, and two versions that have only a down file */
    assert_int_equal(snap->timeline.count[LS_STATE_APPLIED], 151);
    ls_snapshot_free(snap);
    /* Its own down file is broken: what it drops was made by a program that is not in the folder. */
    assert_int_equal(eng_try(&o, LS_ACTION_DOWN, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    eng_has(rep.err.message, "1561558376_add_type_to_resources.down.sql:2:");
    eng_has(rep.err.message, "(statement 1 of 1)");
    eng_has(rep.applied.ptr, "Failed: the down of 1561558376.");
    eng_has(rep.applied.ptr, "nothing of it is in the database");
    eng_has(rep.next.ptr, "There is no up file for 1561558376");
    eng_has(rep.next.ptr, "there is nothing to take back: lockstep mark 1561558376 pending");
    ls_run_report_release(&rep);
    eng_run(&o, LS_ACTION_MARK_PENDING, 0, "1561558376");
    eng_is(&o, "SELECT dirty FROM schema_migrations", "f");
    /* Past it the way down goes on, to the next file that does not fit what is there. */
    assert_int_equal(eng_try(&o, LS_ACTION_DOWN, -1, NULL, NULL, &rep), LS_E_PARTIAL);
    assert_int_equal(rep.n_steps_done, 43);
    eng_has(rep.err.message, "1520796340_drop_explicit_from_build_outputs.down.sql:2:");
    ls_run_report_release(&rep);
    ops_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_folder_up_and_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
