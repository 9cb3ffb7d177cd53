/* A COMMIT on SQLite that ends in an error, at each of a run's commits: once the transaction is there all the same, once it is not
 * (the error comes behind or in front of what commits: that the rollback journal's head is overwritten with zeros, or the journal removed). What the run
 * says must be what is true, and it always can be found out. (reliability.md V13b) */
#include <config.h>

#include "scene.h"

#include <sqlite3.h>

static sqlite3_vfs striker, *usual;
static int until_strike; /* ends of a rollback journal up to the one that fails; 0 = none will */
static bool is_ended_first;

static bool is_struck(void)
{
    return until_strike > 0 && --until_strike == 0;
}

/* A rollback journal that can be struck: our methods, and behind them the usual file. */
static sqlite3_file *real_of(sqlite3_file *file)
{
    return file + 1;
}

static int write_and_fail(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    static const char zeros[28];
    bool is_end = at == 0 && n == sizeof zeros && memcmp(bytes, zeros, sizeof zeros) == 0, is_it = is_end && is_struck();

    if (is_it && !is_ended_first)
        return SQLITE_IOERR_WRITE;
    int code = real_of(file)->pMethods->xWrite(real_of(file), bytes, n, at);

    return is_it && code == SQLITE_OK ? SQLITE_IOERR_WRITE : code;
}

/* The others go through. */
static int j_close(sqlite3_file *f) { return real_of(f)->pMethods->xClose(real_of(f)); }
static int j_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at) { return real_of(f)->pMethods->xRead(real_of(f), to, n, at); }
static int j_truncate(sqlite3_file *f, sqlite3_int64 size) { return real_of(f)->pMethods->xTruncate(real_of(f), size); }
static int j_sync(sqlite3_file *f, int flags) { return real_of(f)->pMethods->xSync(real_of(f), flags); }
static int j_size(sqlite3_file *f, sqlite3_int64 *size) { return real_of(f)->pMethods->xFileSize(real_of(f), size); }
static int j_lock(sqlite3_file *f, int lock) { return real_of(f)->pMethods->xLock(real_of(f), lock); }
static int j_unlock(sqlite3_file *f, int lock) { return real_of(f)->pMethods->xUnlock(real_of(f), lock); }
static int j_reserved(sqlite3_file *f, int *out) { return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out); }
static int j_control(sqlite3_file *f, int op, void *arg) { return real_of(f)->pMethods->xFileControl(real_of(f), op, arg); }
static int j_sector(sqlite3_file *f) { return real_of(f)->pMethods->xSectorSize(real_of(f)); }
static int j_device(sqlite3_file *f) { return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f)); }

static const sqlite3_io_methods struck_methods = {.iVersion = 1,
                                                  .xClose = j_close,
                                                  .xRead = j_read,
                                                  .xWrite = write_and_fail,
                                                  .xTruncate = j_truncate,
                                                  .xSync = j_sync,
                                                  .xFileSize = j_size,
                                                  .xLock = j_lock,
                                                  .xUnlock = j_unlock,
                                                  .xCheckReservedLock = j_reserved,
                                                  .xFileControl = j_control,
                                                  .xSectorSize = j_sector,
                                                  .xDeviceCharacteristics = j_device};

static int open_to_strike(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out_flags)
{
    (void)vfs;
    if (!(flags & SQLITE_OPEN_MAIN_JOURNAL))
        return usual->xOpen(usual, path, file, flags, out_flags);
    int code = usual->xOpen(usual, path, real_of(file), flags, out_flags);

    file->pMethods = real_of(file)->pMethods != NULL ? &struck_methods : NULL;
    return code;
}

static int remove_and_fail(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    size_t len = strlen(path);
    bool is_it = len > 8 && strcmp(path + len - 8, "-journal") == 0 && is_struck();

    if (is_it && !is_ended_first)
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
    striker.szOsFile += (int)sizeof(sqlite3_file);
    striker.xOpen = open_to_strike;
    striker.xDelete = remove_and_fail;
    return sqlite3_vfs_register(&striker, 1) == SQLITE_OK ? 0 : -1;
}

static int uninstall(void **state)
{
    (void)state;
    return sqlite3_vfs_unregister(&striker) == SQLITE_OK && sqlite3_vfs_register(usual, 1) == SQLITE_OK ? 0 : -1;
}

static void try_one(struct scene *sc, int at, bool ended_first, bool *was_struck)
{
    struct ls_err why = LS_ERR_INIT;
    enum ls_verdict verdict;
    struct ls_snapshot *snap;
    int n_before = scene_n_tables(sc), n_after;
    char when[128];

    ls_session_disconnect(sc->o.s);
    is_ended_first = ended_first;
    until_strike = at;
    verdict = scene_run(sc, NULL, &why);
    *was_struck = until_strike == 0;
    until_strike = 0;
    snprintf(when, sizeof when, "%s%s, commit %d %s: verdict %s, %d done", sc->format, sc->no_journal ? ", no journal" : "", at,
             ended_first ? "done" : "not done", ls_verdict_name(verdict), sc->n_done);
    snap = ops_snapshot(&sc->o);
    n_after = scene_n_tables(sc);
    if (verdict == LS_VERDICT_UNKNOWN || verdict == LS_VERDICT_NOTHING || snap->ledger.dirty != (verdict == LS_VERDICT_DIRTY))
        fail_msg("%s, and the ledger is %s: %s", when, snap->ledger.dirty ? "dirty" : "clean", why.message);
    if (verdict != LS_VERDICT_DIRTY && sc->n_done != (sc->direction == LS_UP ? n_after - n_before : n_before - n_after))
        fail_msg("%s, and there are %d tables, were %d: %s", when, n_after, n_before, why.message);
    if (why.code == LS_E_CONNECT && !ended_first)
        fail_msg("%s, and it says that it was committed: %s", when, why.message);
    assert_int_equal(why.code == LS_OK, verdict == LS_VERDICT_DONE);
    ls_snapshot_free(snap);
    scene_check(sc, when, verdict == LS_VERDICT_DIRTY);
    scene_converge(sc, when);
    ls_err_release(&why);
}

static void every_commit(const char *format, enum ls_direction direction, bool no_journal, bool no_tx)
{
    for (int ended_first = 0; ended_first < 2; ended_first++) {
        struct scene sc = {.format = format, .direction = direction, .no_journal = no_journal, .no_tx = no_tx};
        bool was_struck = true;
        int n = 0;

        scene_open(&sc);
        while (was_struck) {
            scene_reset(&sc);
            try_one(&sc, ++n, ended_first, &was_struck);
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
