/* A run is killed at each of its fault points in turn, until one gets through. After each kill ledger and schema agree (or the
 * ledger says that it does not know), and the way back ends where an undisturbed run would have ended, with nothing done twice.
 * (reliability.md K1, K2)
 *
 * Built twice: test_kill_sqlite and test_kill_pg (CRASH_PG). */
#include <config.h>

#include "scene.h"

#include <signal.h>
#include <sys/wait.h>

#include "lockstep/base/fault.h"
#include "lockstep/engine/backup.h"
#include "support/scale.h"
#include "support/skip.h"

#ifdef LOCKSTEP_FAULTS

#ifdef CRASH_PG
enum { IS_PG = 1 };
#else
enum { IS_PG = 0 };
#endif

enum { MAX_POINTS = 500 };

static void arm(void *ctx)
{
    char spec[32];

    snprintf(spec, sizeof spec, "kill:%d", *(int *)ctx);
    ls_fault_init(spec);
}

static void sweep(struct scene sc, int at_least)
{
    int n = 1;

    sc.pg = IS_PG;
    if (IS_PG && test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    scene_open(&sc);
    for (;; n += test_stride()) {
        char when[96];
        int status = scene_run_in_child(&sc, arm, &n);

        snprintf(when, sizeof when, "%s %s, killed at point %d", sc.format, sc.direction == LS_UP ? "up" : "down", n);
        scene_settle(&sc);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            break; /* it has no such point: the run is through */
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
            fail_msg("%s: it ended with status %#x", when, (unsigned)status);
        scene_check(&sc, when, true);
        scene_converge(&sc, when);
        scene_reset(&sc);
        assert_true(n < MAX_POINTS);
    }
    print_message("# %s %s%s%s%s%s: %d points, every %d.\n", sc.format, sc.direction == LS_UP ? "up" : "down", sc.wal ? ", wal" : "",
                  sc.no_tx ? ", without a transaction" : "", sc.no_journal ? ", without a journal" : "",
                  sc.stepped ? ", stepped" : "", n - 1, test_stride());
    assert_true(n - 1 >= at_least);
    scene_check(&sc, "undisturbed", false);
    scene_close(&sc);
}

static void golang_up(void **state)
{
    (void)state;
    sweep((struct scene){.format = "golang-migrate", .direction = LS_UP}, 3 * SCENE_N);
}

static void golang_down(void **state)
{
    (void)state;
    sweep((struct scene){.format = "golang-migrate", .direction = LS_DOWN}, 3 * SCENE_N);
}

static void lockstep_up(void **state)
{
    (void)state;
    sweep((struct scene){.format = "lockstep", .direction = LS_UP}, 3 * SCENE_N);
}

static void lockstep_down(void **state)
{
    (void)state;
    sweep((struct scene){.format = "lockstep", .direction = LS_DOWN}, 3 * SCENE_N);
}

static void lockstep_up_stepped(void **state)
{
    (void)state;
    sweep((struct scene){.format = "lockstep", .direction = LS_UP, .stepped = true}, 4 * SCENE_N);
}

static void lockstep_up_no_journal(void **state)
{
    (void)state;
    sweep((struct scene){.format = "lockstep", .direction = LS_UP, .no_journal = true}, 2 * SCENE_N);
}

static void golang_up_no_journal(void **state)
{
    (void)state;
    sweep((struct scene){.format = "golang-migrate", .direction = LS_UP, .no_journal = true}, 3 * SCENE_N);
}

static void no_transaction_up(void **state)
{
    (void)state;
    sweep((struct scene){.format = "lockstep", .direction = LS_UP, .no_tx = true}, 3 * SCENE_N);
}

static void no_transaction_down(void **state)
{
    (void)state;
    sweep((struct scene){.format = "lockstep", .direction = LS_DOWN, .no_tx = true}, 3 * SCENE_N);
}

static void plain_up(void **state)
{
    (void)state;
    sweep((struct scene){.format = "plain", .direction = LS_UP}, 6 * SCENE_N);
}

static void plain_down(void **state)
{
    (void)state;
    sweep((struct scene){.format = "plain", .direction = LS_DOWN}, 6 * SCENE_N);
}

static void plain_up_no_journal(void **state)
{
    (void)state;
    sweep((struct scene){.format = "plain", .direction = LS_UP, .no_journal = true}, 5 * SCENE_N);
}

static void plain_no_transaction_up(void **state)
{
    (void)state;
    sweep((struct scene){.format = "plain", .direction = LS_UP, .no_tx = true}, 6 * SCENE_N);
}

static void plain_no_transaction_down(void **state)
{
    (void)state;
    sweep((struct scene){.format = "plain", .direction = LS_DOWN, .no_tx = true}, 6 * SCENE_N);
}

#ifndef CRASH_PG
static void golang_up_wal(void **state)
{
    (void)state;
    sweep((struct scene){.format = "golang-migrate", .direction = LS_UP, .wal = true}, 3 * SCENE_N);
}

static void lockstep_up_wal(void **state)
{
    (void)state;
    sweep((struct scene){.format = "lockstep", .direction = LS_UP, .wal = true}, 3 * SCENE_N);
}

static void lockstep_down_wal(void **state)
{
    (void)state;
    sweep((struct scene){.format = "lockstep", .direction = LS_DOWN, .wal = true}, 3 * SCENE_N);
}
#endif

/* A backup that is killed is unfinished by its name, or whole. */
static void backup(void **state)
{
    struct scene sc = {.format = "lockstep", .direction = LS_DOWN, .pg = IS_PG}; /* everything is applied */
    int n = 1, n_whole = 0, status = -1;
    char *dir;

    (void)state;
    if (IS_PG && test_pg_dump_skip_reason() != NULL)
        test_skip(test_pg_dump_skip_reason());
    scene_open(&sc);
    dir = ops_path(&sc.o, "backups");
    for (; status != 0; n++) {
        struct ls_backups all;
        pid_t pid;

        ls_session_disconnect(sc.o.s);
        fflush(NULL);
        pid = fork();
        if (pid == 0) {
            struct ls_backups made;

            arm(&n);
            _exit(ls_backup_create(sc.o.s, NULL, NULL, &made, NULL) == LS_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
        scene_settle(&sc);
        ops_ok(ls_backup_list(dir, &all, err));
        for (size_t i = 0; i < all.b.n; i++) {
            if (all.b.v[i].is_complete)
                ops_ok(ls_backup_verify(dir, all.b.v[i].name, NULL, err));
            else
                assert_non_null(strstr(all.b.v[i].name, ".partial"));
            n_whole += all.b.v[i].is_complete;
        }
        if (status == 0)
            assert_true(all.b.n > 0);
        ls_backups_release(&all);
        ops_ok(ls_remove_tree(dir, err));
        assert_true(n < MAX_POINTS);
    }
    assert_true(n > 4);        /* it has points of its own */
    assert_true(n_whole >= 1); /* the last, and the one killed behind the rename */
    free(dir);
    scene_close(&sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golang_up),
        cmocka_unit_test(golang_down),
        cmocka_unit_test(lockstep_up),
        cmocka_unit_test(lockstep_down),
        cmocka_unit_test(no_transaction_up),
        cmocka_unit_test(no_transaction_down),
        cmocka_unit_test(lockstep_up_stepped),
        cmocka_unit_test(lockstep_up_no_journal),
        cmocka_unit_test(golang_up_no_journal),
        cmocka_unit_test(plain_up),
        cmocka_unit_test(plain_down),
        cmocka_unit_test(plain_up_no_journal),
        cmocka_unit_test(plain_no_transaction_up),
        cmocka_unit_test(plain_no_transaction_down),
#ifndef CRASH_PG
        cmocka_unit_test(golang_up_wal),
        cmocka_unit_test(lockstep_up_wal),
        cmocka_unit_test(lockstep_down_wal),
#endif
        cmocka_unit_test(backup),
    };

    return cmocka_run_group_tests_name("kill", tests, NULL, NULL);
}

#else

int main(void)
{
    printf("1..0 # SKIP the fault points are not compiled in (configure --enable-faults)\n");
    return 0;
}

#endif
