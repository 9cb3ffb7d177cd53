/* No file may grow beyond a limit, as on a full disk, and the limit moves through the run: it fails at every stage once. What the
 * run says must be what is true, and with room again the next run ends where an undisturbed one would have. (reliability.md D1, D2,
 * V13) */
#include <config.h>

#include "scene.h"
#include "support/scale.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

enum { BULK = 60000, STEP = 12 * 1024, MAX_LIMIT = 600 * 1024 };

static int run_limited(struct scene *sc, rlim_t limit)
{
    int status = 0;
    pid_t pid;

    ls_session_disconnect(sc->o.s);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit lim = {limit, limit};
        struct ls_err why = LS_ERR_INIT;

        signal(SIGXFSZ, SIG_IGN); /* as main() does: the default action would end the program */
        if (setrlimit(RLIMIT_FSIZE, &lim) != 0)
            _exit(100);
        _exit((int)scene_run(sc, NULL, &why));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) == 100)
        fail_msg("limit %ld: the run ended with status %#x", (long)limit, (unsigned)status);
    return WEXITSTATUS(status);
}

static void fill_up(struct scene sc)
{
    int n_failed = 0, verdict = -1;

    sc.bulk = BULK;
    scene_open(&sc);
    for (rlim_t limit = 0; verdict != LS_VERDICT_DONE; limit += STEP * (rlim_t)test_stride()) {
        struct ls_snapshot *snap;
        bool may_be_dirty;
        char when[96];

        verdict = run_limited(&sc, limit);
        /* A list in a file, and no journal: nothing in the database tells what became of a COMMIT, and the mark in the list says so. */
        may_be_dirty = verdict == LS_VERDICT_DIRTY ||
                       (verdict == LS_VERDICT_UNKNOWN && sc.no_journal && strcmp(sc.format, "plain") == 0);
        snprintf(when, sizeof when, "%s, %ld bytes: verdict %s", sc.format, (long)limit, ls_verdict_name((enum ls_verdict)verdict));
        snap = ops_snapshot(&sc.o);
        if (snap->ledger.dirty != may_be_dirty || (verdict == LS_VERDICT_UNKNOWN && !may_be_dirty))
            fail_msg("%s: the ledger is %s", when, snap->ledger.dirty ? "dirty" : "clean");
        scene_check(&sc, when, may_be_dirty);
        ls_snapshot_free(snap);
        scene_converge(&sc, when);
        n_failed += verdict != LS_VERDICT_DONE;
        scene_reset(&sc);
        assert_true(limit < MAX_LIMIT);
    }
    assert_true(n_failed >= (int)test_scaled(5));
    print_message("# %s%s: %d limits were too low\n", sc.format, sc.wal ? ", wal" : "", n_failed);
    scene_close(&sc);
}

static void lockstep(void **state)
{
    (void)state;
    fill_up((struct scene){.format = "lockstep", .direction = LS_UP});
}

static void lockstep_wal(void **state)
{
    (void)state;
    fill_up((struct scene){.format = "lockstep", .direction = LS_UP, .wal = true});
}

static void golang(void **state)
{
    (void)state;
    fill_up((struct scene){.format = "golang-migrate", .direction = LS_UP});
}

static void golang_wal(void **state)
{
    (void)state;
    fill_up((struct scene){.format = "golang-migrate", .direction = LS_UP, .wal = true});
}

static void plain(void **state)
{
    (void)state;
    fill_up((struct scene){.format = "plain", .direction = LS_UP});
    fill_up((struct scene){.format = "plain", .direction = LS_UP, .no_journal = true});
}

static void no_journal(void **state)
{
    (void)state;
    fill_up((struct scene){.format = "lockstep", .direction = LS_UP, .no_journal = true});
    fill_up((struct scene){.format = "lockstep", .direction = LS_UP, .no_journal = true, .wal = true});
    fill_up((struct scene){.format = "golang-migrate", .direction = LS_UP, .no_journal = true});
    fill_up((struct scene){.format = "golang-migrate", .direction = LS_UP, .no_journal = true, .wal = true});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lockstep),   cmocka_unit_test(lockstep_wal), cmocka_unit_test(golang),
        cmocka_unit_test(golang_wal), cmocka_unit_test(no_journal),   cmocka_unit_test(plain),
    };

    return cmocka_run_group_tests_name("full", tests, NULL, NULL);
}
