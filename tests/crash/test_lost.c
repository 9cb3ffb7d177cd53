/* The server goes away in the middle of a run: before a statement, while it works on one, while it commits; by ending the session
 * on the server, and by cutting the line on our side, where the server may still finish. What the run says must be what is true.
 * (reliability.md N1, N2, protocol R) */
#include <config.h>

#include "scene.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "support/skip.h"

/* Behind a SHORT one the server finishes what it has got already, COMMIT included, before it sees that nobody listens; in a DEAF
 * COMMIT it does not look, as servers before 14 never do, and commits when nobody waits for it any more. */
enum moment { BEFORE_STATEMENT, DURING_STATEMENT, DURING_SHORT_STATEMENT, DURING_COMMIT, DURING_DEAF_COMMIT };
enum how { END_SESSION, CUT_LINE };

struct attack {
    struct scene *sc;
    enum moment moment;
    enum how how;
    int step; /* in which migration, from 0 */
    bool is_done;
};

/* Every unix socket of this process that leads to a PostgreSQL server: the run's own, at this moment. */
static int cut_line(void)
{
    int n = 0;

    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_un peer;
        socklen_t len = sizeof peer;

        memset(&peer, 0, sizeof peer);
        if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.sun_family == AF_UNIX &&
            strstr(peer.sun_path, ".s.PGSQL.") != NULL)
            n += shutdown(fd, SHUT_RDWR) == 0;
    }
    return n;
}

/* What dawdles does not begin to before it was struck, however late that is, and then for as long as it says. */
#define HOLD "WHILE EXISTS (SELECT FROM public.held) LOOP PERFORM pg_sleep(0.02); END LOOP; "

static void strike(struct attack *a)
{
    a->is_done = true;
    if (a->how == END_SESSION)
        assert_true(test_pg_exec(a->sc->o.pg_url,
                                 "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                                 " AND pid <> pg_backend_pid()"));
    else
        assert_true(cut_line() > 0);
    if (a->moment != BEFORE_STATEMENT)
        assert_true(test_pg_exec(a->sc->o.pg_url, "DELETE FROM held"));
}

/* A WAIT in the step that dawdles comes while it does: the slow statement and the slow COMMIT are the only ones that last. */
static void on_event(void *ctx, const struct ls_event *ev)
{
    struct attack *a = ctx;
    const struct ls_op *op = NULL;

    if (a->is_done || ev->plan == NULL || ev->step != a->step)
        return;
    if (ev->op >= 0 && ev->op < (int)ev->plan->steps.v[ev->step].ops.n)
        op = &ev->plan->steps.v[ev->step].ops.v[ev->op];
    if (a->moment != BEFORE_STATEMENT && ev->kind == LS_EV_WAIT)
        strike(a);
    else if (a->moment == BEFORE_STATEMENT && ev->kind == LS_EV_OP_BEGIN && op != NULL &&
             (op->kind == LS_OP_STATEMENT || op->kind == LS_OP_BATCH))
        strike(a);
}

/* Statements and commits dawdle while there is a table of that name. */
static const char dawdle[] =
    "CREATE OR REPLACE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF to_regclass('public.deaf') IS NOT NULL THEN"
    " PERFORM set_config(name, '0', false) FROM pg_settings WHERE name = 'client_connection_check_interval'; END IF;"
    " IF to_regclass('public.slow_commit') IS NOT NULL THEN " HOLD "PERFORM pg_sleep(1.5); END IF; RETURN NULL; END $$;";

#define DAWDLE_FOR(seconds)                                                                                                        \
    "CREATE TABLE t2 (i int);\nINSERT INTO t2 VALUES (1);\n"                                                                       \
    "DO $$ BEGIN " HOLD "IF to_regclass('public.slow_statement') IS NOT NULL THEN PERFORM pg_sleep(" seconds "); END IF; END $$;\n"

static void slow_down(struct scene *sc, enum moment moment)
{
    if (moment != BEFORE_STATEMENT)
        ops_sql(&sc->o, "CREATE TABLE held (); INSERT INTO held DEFAULT VALUES;");
    if (moment == DURING_STATEMENT || moment == DURING_SHORT_STATEMENT) {
        ops_put(&sc->o, strcmp(sc->format, "plain") == 0 ? "migrations/002_t.sql" : "migrations/002_t.up.sql",
                moment == DURING_STATEMENT ? DAWDLE_FOR("2") : DAWDLE_FOR("0.4"));
        ops_sql(&sc->o, "CREATE TABLE slow_statement ();");
    }
    if (moment == DURING_DEAF_COMMIT)
        ops_sql(&sc->o, "CREATE TABLE deaf ();");
    if (moment == DURING_COMMIT && strcmp(sc->format, "plain") == 0) {
        /* No ledger is in the database: the trigger hangs on the migration's own table. */
        ops_sql(&sc->o, dawdle);
        ops_sql(&sc->o, "CREATE TABLE slow_commit ();");
        ops_put(&sc->o, "migrations/002_t.sql",
                "CREATE TABLE t2 (i int);\nCREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON t2 DEFERRABLE INITIALLY DEFERRED FOR "
                "EACH ROW"
                " EXECUTE FUNCTION dawdle();\nINSERT INTO t2 VALUES (1);\n");
    } else if (moment == DURING_COMMIT || moment == DURING_DEAF_COMMIT) {
        /* One migration in, so that the ledger is there to hang the trigger on. */
        ops_sql(&sc->o, dawdle);
        ops_sql(&sc->o, "CREATE TABLE slow_commit ();");
        ops_sql(&sc->o,
                "CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON schema_migrations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
                " EXECUTE FUNCTION dawdle();");
    }
}

static void speed_up(struct scene *sc)
{
    ops_sql(&sc->o, "DROP TABLE IF EXISTS slow_statement, slow_commit, deaf;");
}

/* golang-migrate's ledger as its own tool makes it. */
static const char golang_ledger[] = "CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not null);";

static bool ledger_is_dirty(struct scene *sc)
{
    struct ls_snapshot *snap = ops_snapshot(&sc->o);
    bool is_dirty = snap->ledger.dirty;

    ls_snapshot_free(snap);
    return is_dirty;
}

static void lose(const char *format, enum moment moment, enum how how, int step)
{
    struct scene sc = {.format = format, .direction = LS_UP, .pg = true};
    struct attack a = {.sc = &sc, .moment = moment, .how = how, .step = step};
    struct ls_run_hooks h = {.on_event = on_event, .ctx = &a};
    struct ls_err why = LS_ERR_INIT;
    enum ls_verdict verdict;
    char when[128], *n;
    int n_done;

    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    scene_open(&sc);
    if ((moment == DURING_COMMIT || moment == DURING_DEAF_COMMIT) && strcmp(format, "plain") != 0)
        ops_sql(&sc.o, golang_ledger);
    slow_down(&sc, moment);
    scene_shut_eye(&sc);
    verdict = scene_run(&sc, &h, &why);
    snprintf(when, sizeof when, "%s, moment %d, how %d: verdict %s", format, (int)moment, (int)how, ls_verdict_name(verdict));
    print_message("# %s: %s\n", when, why.message != NULL ? why.message : "");
    assert_true(a.is_done);
    if (verdict == LS_VERDICT_UNKNOWN || verdict == LS_VERDICT_NOTHING) /* the server can be asked */
        fail_msg("%s", when);
    assert_int_equal(why.code == LS_OK, verdict == LS_VERDICT_DONE);
    n_done = sc.n_done;
    scene_settle(&sc);
    speed_up(&sc);
    assert_int_equal(ledger_is_dirty(&sc), verdict == LS_VERDICT_DIRTY);
    if (verdict != LS_VERDICT_DIRTY)
        assert_int_equal(scene_n_tables(&sc), n_done);
    ls_session_disconnect(sc.o.s);
    scene_check(&sc, when, verdict == LS_VERDICT_DIRTY);
    scene_converge(&sc, when);
    n = ops_get(
        &sc.o,
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname ="
        " current_database())");
    assert_string_equal(n, "0");
    free(n);
    ls_err_release(&why);
    scene_close(&sc);
}

#define CASE(name, ...)                                                                                                            \
    static void name(void **state)                                                                                                 \
    {                                                                                                                              \
        (void)state;                                                                                                               \
        lose(__VA_ARGS__);                                                                                                         \
    }
CASE(lockstep_ended_before_a_statement, "lockstep", BEFORE_STATEMENT, END_SESSION, 1)
CASE(lockstep_cut_before_a_statement, "lockstep", BEFORE_STATEMENT, CUT_LINE, 1)
CASE(lockstep_ended_in_a_statement, "lockstep", DURING_STATEMENT, END_SESSION, 1)
CASE(lockstep_cut_in_a_statement, "lockstep", DURING_STATEMENT, CUT_LINE, 1)
CASE(lockstep_cut_in_a_short_statement, "lockstep", DURING_SHORT_STATEMENT, CUT_LINE, 1)
CASE(golang_cut_in_a_short_statement, "golang-migrate", DURING_SHORT_STATEMENT, CUT_LINE, 1)
CASE(golang_ended_before_a_statement, "golang-migrate", BEFORE_STATEMENT, END_SESSION, 1)
CASE(golang_cut_before_a_statement, "golang-migrate", BEFORE_STATEMENT, CUT_LINE, 1)
CASE(golang_ended_in_a_statement, "golang-migrate", DURING_STATEMENT, END_SESSION, 1)
CASE(golang_cut_in_a_statement, "golang-migrate", DURING_STATEMENT, CUT_LINE, 1)
CASE(golang_ended_in_a_commit, "golang-migrate", DURING_COMMIT, END_SESSION, 0)
CASE(golang_cut_in_a_commit, "golang-migrate", DURING_COMMIT, CUT_LINE, 0)
CASE(golang_cut_in_a_deaf_commit, "golang-migrate", DURING_DEAF_COMMIT, CUT_LINE, 0)
CASE(plain_ended_before_a_statement, "plain", BEFORE_STATEMENT, END_SESSION, 1)
CASE(plain_cut_before_a_statement, "plain", BEFORE_STATEMENT, CUT_LINE, 1)
CASE(plain_cut_in_a_statement, "plain", DURING_STATEMENT, CUT_LINE, 1)
CASE(plain_ended_in_a_commit, "plain", DURING_COMMIT, END_SESSION, 1)
CASE(plain_cut_in_a_commit, "plain", DURING_COMMIT, CUT_LINE, 1)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lockstep_ended_before_a_statement),
        cmocka_unit_test(lockstep_cut_before_a_statement),
        cmocka_unit_test(lockstep_ended_in_a_statement),
        cmocka_unit_test(lockstep_cut_in_a_statement),
        cmocka_unit_test(golang_ended_before_a_statement),
        cmocka_unit_test(golang_cut_before_a_statement),
        cmocka_unit_test(golang_ended_in_a_statement),
        cmocka_unit_test(golang_cut_in_a_statement),
        cmocka_unit_test(lockstep_cut_in_a_short_statement),
        cmocka_unit_test(golang_cut_in_a_short_statement),
        cmocka_unit_test(golang_ended_in_a_commit),
        cmocka_unit_test(golang_cut_in_a_commit),
        cmocka_unit_test(golang_cut_in_a_deaf_commit),
        cmocka_unit_test(plain_ended_before_a_statement),
        cmocka_unit_test(plain_cut_before_a_statement),
        cmocka_unit_test(plain_cut_in_a_statement),
        cmocka_unit_test(plain_ended_in_a_commit),
        cmocka_unit_test(plain_cut_in_a_commit),
    };

    return cmocka_run_group_tests_name("lost", tests, NULL, NULL);
}
