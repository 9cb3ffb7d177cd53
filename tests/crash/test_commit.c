/* A COMMIT on SQLite that ends in an error, at each of a run's commits: once the transaction is there all the same, once it is not
 * (the error comes behind or in front of the removal of the rollback journal, which is what commits). What the run says must be
 * what is true, and it always can be found out. (reliability.md V13b) */
#include <config.h>

#include "scene.h"

#include <sqlite3.h>

static sqlite3_vfs striker, *usual;
static int until_strike; /* removals of a rollback journal up to the one that fails; 0 = none will */
static bool is_removed_first;

static int remove_and_fail(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    size_t len = strlen(path);
    bool is_it = len > 8 && strcmp(path + len - 8, "-journal") == 0 && until_strike > 0 && --until_strike == 0;

    if (is_it && !is_removed_first)
        return SQLITE_IOERR_DELETE;
    int code = usual->xDelete(vfs, path, sync_folder);

    return is_it && code == SQLITE_OK ? SQLITE_IOERR_DELETE : code;
}

static int install(void **state)
{
    (void)state;
    usual = sqlite3_vfs_find(NULL);
    striker = *usual;
    striker.zName = "striker";
    striker.xDelete = remove_and_fail;
    return sqlite3_vfs_register(&striker, 1) == SQLITE_OK ? 0 : -1;
}

static int uninstall(void **state)
{
    (void)state;
    return sqlite3_vfs_unregister(&striker) == SQLITE_OK && sqlite3_vfs_register(usual, 1) == SQLITE_OK ? 0 : -1;
}

static void try_one(struct scene *sc, int at, bool removed_first, bool *was_struck)
{
    struct ls_err why = LS_ERR_INIT;
    enum ls_verdict verdict;
    struct ls_snapshot *snap;
    int n_before = scene_n_tables(sc), n_after;
    char when[128];

    ls_session_disconnect(sc->o.s);
    is_removed_first = removed_first;
    until_strike = at;
    verdict = scene_run(sc, NULL, &why);
    *was_struck = until_strike == 0;
    until_strike = 0;
    snprintf(when, sizeof when, "%s%s, commit %d %s: verdict %s, %d done", sc->format, sc->no_journal ? ", no journal" : "", at,
             removed_first ? "done" : "not done", ls_verdict_name(verdict), sc->n_done);
    snap = ops_snapshot(&sc->o);
    n_after = scene_n_tables(sc);
    if (verdict == LS_VERDICT_UNKNOWN || verdict == LS_VERDICT_NOTHING || snap->ledger.dirty != (verdict == LS_VERDICT_DIRTY))
        fail_msg("%s, and the ledger is %s: %s", when, snap->ledger.dirty ? "dirty" : "clean", why.message);
    if (verdict != LS_VERDICT_DIRTY && sc->n_done != (sc->direction == LS_UP ? n_after - n_before : n_before - n_after))
        fail_msg("%s, and there are %d tables, were %d: %s", when, n_after, n_before, why.message);
    if (why.code == LS_E_CONNECT && !removed_first)
        fail_msg("%s, and it says that it was committed: %s", when, why.message);
    assert_int_equal(why.code == LS_OK, verdict == LS_VERDICT_DONE);
    ls_snapshot_free(snap);
    scene_check(sc, when, verdict == LS_VERDICT_DIRTY);
    scene_converge(sc, when);
    ls_err_release(&why);
}

static void every_commit(const char *format, enum ls_direction direction, bool no_journal, bool no_tx)
{
    for (int removed_first = 0; removed_first < 2; removed_first++) {
        struct scene sc = {.format = format, .direction = direction, .no_journal = no_journal, .no_tx = no_tx};
        bool was_struck = true;
        int n = 0;

        scene_open(&sc);
        while (was_struck) {
            scene_reset(&sc);
            try_one(&sc, ++n, removed_first, &was_struck);
            assert_true(n < 40);
        }
        assert_true(n > SCENE_N);
        scene_close(&sc);
    }
}

#define CASE(name, ...)                                                                                                            \
    static void name(void **state)                                                                                                 \
    {                                                                                                                              \
        (void)state;                                                                                                               \
        every_commit(__VA_ARGS__);                                                                                                 \
    }
CASE(lockstep_up, "lockstep", LS_UP, false, false)
CASE(lockstep_down, "lockstep", LS_DOWN, false, false)
CASE(lockstep_without_a_journal, "lockstep", LS_UP, true, false)
CASE(lockstep_no_transaction, "lockstep", LS_UP, false, true)
CASE(lockstep_no_transaction_without_a_journal, "lockstep", LS_UP, true, true)
CASE(golang_up, "golang-migrate", LS_UP, false, false)
CASE(golang_without_a_journal, "golang-migrate", LS_UP, true, false)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lockstep_up),
        cmocka_unit_test(lockstep_down),
        cmocka_unit_test(lockstep_without_a_journal),
        cmocka_unit_test(lockstep_no_transaction),
        cmocka_unit_test(lockstep_no_transaction_without_a_journal),
        cmocka_unit_test(golang_up),
        cmocka_unit_test(golang_without_a_journal),
    };

    return cmocka_run_group_tests_name("commit", tests, install, uninstall);
}
