/* A step that the team's own tool runs: a stand-in for alembic does what the file "mode" says. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>

#include "lockstep/engine/backup.h"
#include "support/folders.h"

/* $SQL is the client program; what is true of the target stands in the environment that lockstep has made. */
static const char stand_in[] =
    "#!/bin/sh\n"
    "[ \"$1\" = --version ] && { echo 'alembic 9.9'; echo more; exit 0; }\n"
    "here=$(dirname \"$0\")/../..\n"
    "read -r mode <\"$here/mode\"\n"
    "env >\"$here/env\"; tr '\\0' ' ' </proc/$$/cmdline >\"$here/cmdline\"; pwd >\"$here/pwd\"\n"
    "move() {\n"
    "    sql \"CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL); DELETE FROM alembic_version;\n"
    "        INSERT INTO alembic_version VALUES ('$1'); CREATE TABLE t_$1 (id int)\"\n"
    "}\n"
    "echo 'one line'; printf 'no end' >&2; echo ' of it' >&2\n"
    "case $mode in\n"
    "ok) move \"$2\" ;;\n"
    "lie) ;;\n"
    "fail) echo 'Traceback (most recent call last):' >&2; echo '  File x' >&2; echo 'x.Error: it is broken' >&2; echo '[SQL: y]' "
    ">&2; exit 3 ;;\n"
    "late) move \"$2\"; exit 1 ;;\n"
    "odd) move other ;;\n"
    "hang) echo $$ >\"$here/pid\"; echo ready; exec sleep 600 ;;\n"
    "work) echo $$ >\"$here/pid\"; echo ready; sql 'SELECT pg_sleep(600)' ;;\n"
    "deaf) trap '' TERM; move \"$2\"; echo ready; sleep 0.5 ;;\n"
    "esac\n";

static void set_mode(const struct ops *o, const char *mode)
{
    char *line = ls_asprintf("%s\n", mode);

    ops_put(o, "mode", line);
    free(line);
}

static void project(struct ops *o, bool pg, const char *mode)
{
    static const char lite[] = "sql() { sqlite3 -batch \"${DATABASE_URL#sqlite:///}\" \"$1\" || exit 7; }\n",
                      psql[] = "sql() { \"%s/psql\" -X -q -A -t -v ON_ERROR_STOP=1 -c \"$1\" || exit 7; }\n";
    const char *bindir = getenv("LS_TEST_PG_CLIENTS");
    char *sql = pg ? ls_asprintf(psql, bindir != NULL ? bindir : "/usr/bin") : ls_strdup(lite), *path;
    struct ls_buf script = LS_BUF_INIT;

    ops_open(o, "alembic", pg);
    ls_buf_addf(&script, "#!/bin/sh\n%s%s", sql, stand_in + strlen("#!/bin/sh\n"));
    fld_put(o, ".venv/bin/alembic", script.ptr);
    path = ops_path(o, ".venv/bin/alembic");
    assert_int_equal(chmod(path, 0700), 0);
    ops_put(o, "alembic.ini", "[alembic]\nscript_location = migrations\n");
    ops_put(o, "migrations/env.py", "url = os.environ['DATABASE_URL']\n");
    fld_put(o, "migrations/versions/a1.py", "revision = 'a1'\ndown_revision = None\ndef upgrade(): pass\ndef downgrade(): pass\n");
    fld_put(o, "migrations/versions/b1.py", "revision = 'b1'\ndown_revision = 'a1'\ndef upgrade(): pass\ndef downgrade(): pass\n");
    set_mode(o, mode);
    free(path);
    free(sql);
    ls_buf_release(&script);
}

static bool has_client(bool pg)
{
    if (pg || system("command -v sqlite3 >/dev/null 2>&1") == 0)
        return true;
    test_skip("sqlite3 is not installed");
    return false;
}

static char *file_of(const struct ops *o, const char *name)
{
    char *path = ops_path(o, name), *text;
    struct ls_buf b = LS_BUF_INIT;

    ops_ok(ls_file_read(path, 0, 0, &b, err));
    text = ls_buf_detach(&b);
    free(path);
    return text;
}

/* --- what is heard ----------------------------------------------------------------------------------------- */

struct heard {
    struct ls_session *s;
    struct ls_buf notices;
    const char *cancel_on; /* a notice with these words stops the run */
};

static void hear(void *ctx, const struct ls_event *ev)
{
    struct heard *h = ctx;

    if (ev->kind != LS_EV_NOTICE)
        return;
    ls_buf_addf(&h->notices, "%s\n", ev->text);
    if (h->cancel_on != NULL && strstr(ev->text, h->cancel_on) != NULL)
        ls_session_cancel(h->s);
}

static enum ls_rc run_up(struct ops *o, long count, const char *cancel_on, struct heard *h, struct ls_run_report *rep)
{
    struct ls_run_hooks hooks = {.on_event = hear, .ctx = h};

    *h = (struct heard){.s = o->s, .notices = LS_BUF_INIT, .cancel_on = cancel_on};
    return eng_try(o, LS_ACTION_UP, count, NULL, &hooks, rep);
}

static const char *journal(bool pg)
{
    return pg ? "SELECT string_agg(event || coalesce(':' || detail, ''), ' | ' ORDER BY seq) FROM lockstep_journal WHERE event NOT "
                "LIKE 'run%'"
              : "SELECT group_concat(event || coalesce(':' || detail, ''), ' | ') FROM (SELECT * FROM lockstep_journal WHERE event "
                "NOT LIKE 'run%' ORDER BY seq)";
}

static void done(bool pg)
{
    struct ls_run_report rep;
    struct heard h;
    struct ops o;
    char *text;

    if (!has_client(pg))
        return;
    project(&o, pg, "ok");
    assert_int_equal(run_up(&o, -1, NULL, &h, &rep), LS_OK);
    assert_int_equal(rep.verdict, LS_VERDICT_DONE);
    assert_int_equal(rep.n_steps_done, 2);
    eng_has(h.notices.ptr, "alembic: one line\n");
    eng_has(h.notices.ptr, "alembic: no end of it\n");
    eng_is(&o, "SELECT version_num FROM alembic_version", "b1");
    eng_is(&o, journal(pg),
           "intent:alembic upgrade a1 | applied:alembic 9.9, status 0 | intent:alembic upgrade b1 | applied:alembic 9.9, status 0");
    text = file_of(&o, "pwd");
    assert_int_equal(strncmp(text, o.top, strlen(o.top)), 0); /* the folder of alembic.ini */
    free(text);
    ls_run_report_release(&rep);
    ls_buf_release(&h.notices);
    ops_close(&o);
}
ENG_BOTH(done)

/* --- what goes wrong --------------------------------------------------------------------------------------- */

static void ends(bool pg, const char *mode, enum ls_rc code, enum ls_verdict verdict, const char *words, const char *state)
{
    struct ls_run_report rep;
    struct heard h;
    struct ops o;
    enum ls_rc rc;

    if (!has_client(pg))
        return;
    project(&o, pg, mode);
    rc = run_up(&o, 1, NULL, &h, &rep);
    if (rc != code || rep.verdict != verdict)
        fail_msg("%s: %s, %s: %s\n%s", mode, ls_rc_name(rc), ls_verdict_name(rep.verdict), rep.err.message, rep.applied.ptr);
    eng_has(rep.err.message, words);
    eng_has(rep.applied.ptr, state);
    assert_int_equal(rep.failed_step, 0);
    ls_run_report_release(&rep);
    ls_buf_release(&h.notices);
    ops_close(&o);
}

static void fails(bool pg)
{
    /* On PostgreSQL alembic's one transaction took everything back; on SQLite nothing did. */
    ends(pg, "fail", pg ? LS_E_FAILED : LS_E_PARTIAL, pg ? LS_VERDICT_ROLLED_BACK : LS_VERDICT_DIRTY,
         "alembic ended with status 3: x.Error: it is broken",
         pg ? "nothing of it is in the database" : "What ran of it before the failure may stay");
}
ENG_BOTH(fails)

static void lies(bool pg)
{
    ends(pg, "lie", LS_E_PARTIAL, LS_VERDICT_DIRTY, "alembic ended well, but the ledger", "The ledger is as it was before");
}
ENG_BOTH(lies)

static void is_done_and_fails(bool pg)
{
    ends(pg, "late", LS_E_PARTIAL, LS_VERDICT_DIRTY, "ended with status 1", "The ledger says that it is done, all the same");
}
ENG_BOTH(is_done_and_fails)

static void goes_elsewhere(bool pg)
{
    ends(pg, "odd", LS_E_PARTIAL, LS_VERDICT_DIRTY, "does not say about a1 what it must say",
         "does not say what it must say behind this step");
}
ENG_BOTH(goes_elsewhere)

static void cannot_be_started(void **state)
{
    struct ls_plan *plan;
    struct ls_run_report rep;
    struct ops o;
    char *path;

    (void)state;
    if (getenv("LD_PRELOAD") != NULL && strstr(getenv("LD_PRELOAD"), "vgpreload") != NULL) {
        test_skip("valgrind dies of an exec that fails");
        return;
    }
    project(&o, false, "ok");
    plan = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    path = ops_path(&o, ".venv/bin/alembic");
    ops_put(&o, ".venv/bin/alembic", "#!/nonexistent/interpreter\n");
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(ls_run(o.s, plan, NULL, &rep), LS_E_FAILED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    eng_has(rep.applied.ptr, "It was not started");
    free(path);
    ls_plan_free(plan);
    ls_run_report_release(&rep);
    ops_close(&o);
}

/* --- stopping ------------------------------------------------------------------------------------------------------------------
 */

static bool is_gone(const struct ops *o)
{
    char *text = file_of(o, "pid");
    pid_t pid = (pid_t)strtol(text, NULL, 10);

    free(text);
    return pid > 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

static void stopped(bool pg)
{
    struct ls_run_report rep;
    struct heard h;
    struct ops o;
    enum ls_rc rc;

    if (!has_client(pg))
        return;
    project(&o, pg, pg ? "work" : "hang");
    rc = run_up(&o, -1, "ready", &h, &rep);
    assert_int_equal(rc, pg ? LS_E_CANCELLED : LS_E_PARTIAL);
    assert_int_equal(rep.verdict, pg ? LS_VERDICT_ROLLED_BACK : LS_VERDICT_DIRTY);
    eng_has(rep.err.message, "alembic was stopped");
    assert_true(is_gone(&o));
    if (pg) /* nor does the server go on with what it has sent */
        eng_is(&o, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND datname = current_database() AND pid <> pg_backend_pid()", "0");
    ls_run_report_release(&rep);
    ls_buf_release(&h.notices);
    ops_close(&o);
}
ENG_BOTH(stopped)

/* It had done its work when it was told to end: the step is done, the next one is not begun. */
static void stopped_too_late(bool pg)
{
    struct ls_run_report rep;
    struct heard h;
    struct ops o;

    if (!has_client(pg))
        return;
    project(&o, pg, "deaf");
    assert_int_equal(run_up(&o, -1, "ready", &h, &rep), LS_E_CANCELLED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    assert_int_equal(rep.n_steps_done, 1);
    eng_is(&o, "SELECT version_num FROM alembic_version", "a1");
    ls_run_report_release(&rep);
    ls_buf_release(&h.notices);
    ops_close(&o);
}
ENG_BOTH(stopped_too_late)

/* --- the address ------------------------------------------------------------------------------------------- */

/* The password goes by the environment alone; other addresses that the caller has set do not get through. */
static void address(void **state)
{
    static const char *const callers[] = {"PATH=/usr/bin:/bin", "APP_MODE=blue",      "DATABASE_URL=postgresql+asyncpg://wrong",
                                          "PGDATABASE=wrong",   "LOCKSTEP_URL=wrong", NULL};
    struct ls_run_report rep;
    struct ls_session *keep;
    struct ls_session_params p;
    struct ls_plan *plan;
    struct ls_buf text = LS_BUF_INIT;
    struct heard h;
    struct ops o;
    char *url, *seen;

    (void)state;
    ENG_NEEDS_PG();
    project(&o, true, "ok");
    url = ls_asprintf("%s&password=s3%%25cret", o.url);
    p = *ls_session_params(o.s);
    p.url = url;
    keep = o.s;
    o.s = ls_session_new(&p);
    ls_tools_init_environment(callers);
    plan = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    ls_plan_print_sql(plan, LS_DIALECT_POSTGRES, &text);
    assert_null(strstr(text.ptr, "cret"));
    ls_plan_free(plan);
    assert_int_equal(run_up(&o, 1, NULL, &h, &rep), LS_OK);
    ls_tools_init_environment(NULL);
    seen = file_of(&o, "env");
    eng_has(seen, ":s3%25cret@/");
    eng_has(seen, "\nAPP_MODE=blue\n");
    eng_has(seen, "PGPASSWORD=s3%cret\n");
    eng_has(seen, "PGAPPNAME=lockstep alembic ");
    eng_has(seen, "DATABASE_URL=postgresql+asyncpg://"); /* the driver is the project's choice */
    eng_has(seen, "LOCKSTEP_URL=postgresql://");
    assert_null(strstr(seen, "wrong"));
    free(seen);
    seen = file_of(&o, "cmdline");
    assert_null(strstr(seen, "cret"));
    eng_has(seen, "upgrade a1");
    free(seen);
    ls_run_report_release(&rep);
    ls_buf_release(&h.notices);
    ls_buf_release(&text);
    ls_session_free(o.s);
    o.s = keep;
    free(url);
    ops_close(&o);
}

/* While the tool runs, another operator is kept out, and the tool is not. */
struct second {
    struct ls_session *s;
    struct ls_plan *plan;
    enum ls_rc rc;
    bool was_run;
};

static void run_second(void *ctx, const struct ls_event *ev)
{
    struct second *w = ctx;
    struct ls_run_report rep;

    if (ev->kind != LS_EV_NOTICE || w->was_run)
        return;
    w->was_run = true;
    w->rc = ls_run(w->s, w->plan, NULL, &rep);
    ls_run_report_release(&rep);
}

static void two_operators(void **state)
{
    struct second w = {0};
    struct ls_run_hooks hooks = {.on_event = run_second, .ctx = &w};
    struct ls_session_params p;
    struct ls_run_report rep;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    project(&o, true, "ok");
    p = *ls_session_params(o.s);
    p.lock_wait_ms = -1;
    w.s = ls_session_new(&p);
    w.plan = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    assert_int_equal(ls_run(o.s, w.plan, &hooks, &rep), LS_OK);
    assert_true(w.was_run);
    assert_int_equal(w.rc, LS_E_BUSY);
    ls_run_report_release(&rep);
    assert_int_equal(ls_run(w.s, w.plan, NULL, &rep), LS_E_CHANGED); /* made from what is past */
    ls_run_report_release(&rep);
    ls_plan_free(w.plan);
    ls_session_free(w.s);
    ops_close(&o);
}

/* What a killed run has left behind it. */
static void orphan(void **state)
{
    struct ls_db_params p = {.application_name = "lockstep alembic 1-2"};
    struct ls_run_report rep;
    struct ls_db *db = NULL;
    struct heard h;
    struct ops o;

    (void)state;
    ENG_NEEDS_PG();
    project(&o, true, "ok");
    p.url = o.url;
    ops_ok(ls_db_open(&p, &db, err));
    assert_int_equal(run_up(&o, 1, NULL, &h, &rep), LS_E_FAILED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    eng_has(rep.err.message, "is still at work for an earlier run");
    ls_run_report_release(&rep);
    ls_buf_release(&h.notices);
    ls_db_close(db);
    assert_int_equal(run_up(&o, 1, NULL, &h, &rep), LS_OK);
    ls_run_report_release(&rep);
    ls_buf_release(&h.notices);
    ops_close(&o);
}

/* The ledger comes into being between plan and run: the tool is not started. */
static void rival(bool pg)
{
    struct ls_plan *plan;
    struct ls_run_report rep;
    struct ops o;

    if (!has_client(pg))
        return;
    project(&o, pg, "ok");
    plan = eng_plan(&o, LS_ACTION_UP, 1, NULL);
    ops_sql(&o, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)");
    assert_int_equal(ls_run(o.s, plan, NULL, &rep), LS_E_CHANGED);
    assert_int_equal(rep.verdict, LS_VERDICT_ROLLED_BACK);
    eng_is(&o, "SELECT count(*) FROM alembic_version", "0");
    ls_run_report_release(&rep);
    ls_plan_free(plan);
    ops_close(&o);
}
ENG_BOTH(rival)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENG_BOTH_TESTS(done),           ENG_BOTH_TESTS(fails),
        ENG_BOTH_TESTS(lies),           ENG_BOTH_TESTS(is_done_and_fails),
        ENG_BOTH_TESTS(goes_elsewhere), cmocka_unit_test(cannot_be_started),
        ENG_BOTH_TESTS(stopped),        ENG_BOTH_TESTS(stopped_too_late),
        cmocka_unit_test(address),      cmocka_unit_test(two_operators),
        ENG_BOTH_TESTS(rival),          cmocka_unit_test(orphan),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
