#include <config.h>

#include "scene.h"

#include <sys/wait.h>
#include <time.h>

#include "lockstep/base/file.h"
#include "lockstep/engine/dirty.h"
#include "lockstep/engine/journal.h"

/* --- the project --------------------------------------------------------------------------------------------------------- */

static void put(struct scene *sc, int v, const char *half, const char *text)
{
    char name[64];

    snprintf(name, sizeof name, "migrations/%03d_t.%s.sql", v, half);
    ops_put(&sc->o, name, text);
}

static bool is_plain(const struct scene *sc)
{
    return strcmp(sc->format, "plain") == 0;
}

static void write_plain_folder(struct scene *sc)
{
    for (int v = 1; v <= SCENE_N; v++) {
        bool no_tx = sc->no_tx && v == 2;
        struct ls_buf text = LS_BUF_INIT;
        char name[64];

        ls_buf_addf(&text, "%sCREATE TABLE t%d (i int);\nINSERT INTO t%d VALUES (1);\n", no_tx ? "-- no-transaction\n" : "", v, v);
        if (no_tx)
            ls_buf_adds(&text, "CREATE TABLE t2b (i int);\n");
        if (sc->bulk > 0)
            ls_buf_addf(&text, "CREATE TABLE bulk%d (t text);\nINSERT INTO bulk%d VALUES (hex(randomblob(%zu)));\n", v, v, sc->bulk / 2);
        ls_buf_addf(&text, "-- down\n%sDROP TABLE t%d;\n", no_tx ? "DROP TABLE t2b;\n" : "", v);
        snprintf(name, sizeof name, "migrations/%03d_t.sql", v);
        ops_put(&sc->o, name, text.ptr);
        ls_buf_release(&text);
    }
}

static void write_folder(struct scene *sc)
{
    if (is_plain(sc)) {
        write_plain_folder(sc);
        return;
    }
    for (int v = 1; v <= SCENE_N; v++) {
        struct ls_buf up = LS_BUF_INIT;
        char down[64];

        if (sc->no_tx && v == 2) {
            put(sc, v, "up",
                sc->pg ? "-- lockstep: no-transaction\nCREATE TABLE t2 (i int);\nCREATE INDEX CONCURRENTLY t2_i ON t2 (i);\nINSERT "
                         "INTO t2 VALUES (1);\n"
                         "CREATE TABLE t2b (i int);\n"
                       : "-- lockstep: no-transaction\nCREATE TABLE t2 (i int);\nCREATE INDEX t2_i ON t2 (i);\nINSERT INTO t2 "
                         "VALUES (1);\n"
                         "CREATE TABLE t2b (i int);\n");
            put(sc, v, "down", "-- lockstep: no-transaction\nDROP TABLE t2b;\nDROP INDEX t2_i;\nDROP TABLE t2;\n");
            continue;
        }
        ls_buf_addf(&up, "CREATE TABLE t%d (i int);\nINSERT INTO t%d VALUES (1);\n", v, v);
        if (sc->bulk > 0)
            ls_buf_addf(&up, "CREATE TABLE bulk%d (t text);\nINSERT INTO bulk%d VALUES (hex(randomblob(%zu)));\n", v, v,
                        sc->bulk / 2);
        put(sc, v, "up", up.ptr);
        snprintf(down, sizeof down, "DROP TABLE t%d;\n", v);
        put(sc, v, "down", down);
        ls_buf_release(&up);
    }
}

void scene_open(struct scene *sc)
{
    ops_open(&sc->o, sc->format, sc->pg);
    sc->o.no_journal = sc->no_journal;
    ops_session(&sc->o, sc->format);
    write_folder(sc);
    scene_reset(sc);
}

static struct ls_db *open_eye(struct scene *sc)
{
    struct ls_db_params p = {.url = sc->o.url};

    if (sc->eye == NULL)
        ops_ok(ls_db_open(&p, &sc->eye, err));
    return sc->eye;
}

void scene_shut_eye(struct scene *sc)
{
    ls_db_close(sc->eye);
    sc->eye = NULL;
}

void scene_close(struct scene *sc)
{
    scene_shut_eye(sc);
    ops_close(&sc->o);
}

static void remove_file(struct scene *sc, const char *name)
{
    char *path = ops_path(&sc->o, name);

    unlink(path);
    free(path);
}

void scene_reset(struct scene *sc)
{
    ls_session_disconnect(sc->o.s);
    if (is_plain(sc))
        remove_file(sc, "migrations/applied.txt");
    if (sc->pg) {
        const char *sql = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";

        ops_ok(ls_db_exec_batch(open_eye(sc), sql, strlen(sql), NULL, err));
    } else {
        struct ls_db_params p = {.url = sc->o.url, .create = true};
        struct ls_db *db = NULL;
        const char *sql = sc->wal ? "PRAGMA journal_mode = wal" : "PRAGMA journal_mode = delete";

        remove_file(sc, "app.db");
        remove_file(sc, "app.db-journal");
        remove_file(sc, "app.db-wal");
        remove_file(sc, "app.db-shm");
        ops_ok(ls_db_open(&p, &db, err));
        ops_ok(ls_db_exec(db, sql, strlen(sql), NULL, 0, NULL, err));
        ls_db_close(db);
    }
    if (sc->direction == LS_DOWN) {
        struct ls_err why = LS_ERR_INIT;

        sc->direction = LS_UP;
        if (scene_run(sc, NULL, &why) != LS_VERDICT_DONE)
            fail_msg("the way up: %s", why.message);
        sc->direction = LS_DOWN;
        ls_err_release(&why);
    }
    ls_session_disconnect(sc->o.s);
}

/* --- running ------------------------------------------------------------------------------------------------------------- */

static enum ls_verdict run_plan(struct scene *sc, const struct ls_plan *plan, const struct ls_run_hooks *hooks, struct ls_err *why)
{
    struct ls_run_report rep;
    enum ls_verdict verdict;

    ls_run(sc->o.s, plan, hooks, &rep);
    verdict = rep.verdict;
    sc->n_done = rep.n_steps_done;
    ls_err_move(why, &rep.err);
    ls_run_report_release(&rep);
    return verdict;
}

enum ls_verdict scene_run(struct scene *sc, const struct ls_run_hooks *hooks, struct ls_err *why)
{
    struct ls_plan_request req = {.action = sc->direction == LS_UP ? LS_ACTION_UP : LS_ACTION_DOWN, .count = -1};
    struct ls_snapshot *snap = NULL;
    struct ls_plan *plan = NULL;
    enum ls_verdict verdict = LS_VERDICT_ROLLED_BACK;

    if (ls_session_snapshot(sc->o.s, &snap, why) == LS_OK && ls_plan_make(sc->o.s, snap, &req, &plan, why) == LS_OK)
        verdict = run_plan(sc, plan, hooks, why);
    ls_plan_free(plan);
    ls_snapshot_free(snap);
    return verdict;
}

static enum ls_gate go_on(void *ctx, const struct ls_plan *plan, int step, int op)
{
    (void)ctx;
    (void)plan;
    (void)step;
    (void)op;
    return LS_GATE_GO;
}

int scene_run_in_child(struct scene *sc, void (*before)(void *ctx), void *ctx)
{
    pid_t pid;
    int status = 0;

    ls_session_disconnect(sc->o.s);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct ls_run_hooks ask = {.gate = go_on};
        struct ls_err why = LS_ERR_INIT;
        enum ls_verdict verdict;

        if (before != NULL)
            before(ctx);
        verdict = scene_run(sc, sc->stepped ? &ask : NULL, &why);
        _exit(verdict == LS_VERDICT_DONE ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

void scene_settle(struct scene *sc)
{
    int64_t until = ls_mono_ms() + 60000;
    bool quiet = !sc->pg;

    ls_session_disconnect(sc->o.s); /* ours is no remainder */
    while (!quiet) {
        char *n = ops_value(open_eye(sc),
                            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                            " AND backend_type = 'client backend'");

        quiet = strcmp(n, "0") == 0;
        free(n);
        if (!quiet && ls_mono_ms() > until)
            fail_msg("a session of the killed run does not end");
    }
}

/* --- what must hold ------------------------------------------------------------------------------------------------------ */

/* Asked without the engine, on a connection of its own. */
struct truth {
    char *tables; /* ",t1,t2,": ordinary tables that are there, by name */
    char *ledger; /* ",1:applied,2:failed," or ",2:true,"; "" when there is no ledger or no row */
    char *rows;   /* ",t1=1,t2=1," */
};

static void truth_release(struct truth *t)
{
    free(t->tables);
    free(t->ledger);
    free(t->rows);
}

static void add_rows(struct ls_db *db, struct truth *t, int v)
{
    char sql[128], name[16], *n, *all;

    snprintf(name, sizeof name, ",t%d,", v);
    if (strstr(t->tables, name) == NULL)
        return;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM t%d", v);
    n = ops_value(db, sql);
    all = ls_asprintf("%st%d=%s,", t->rows, v, n);
    free(t->rows);
    free(n);
    t->rows = all;
}

/* ",1:applied,2:failed," of applied.txt; a mark is "failed", also where the name is there too. */
static char *look_at_list(struct scene *sc)
{
    char *path = ops_path(&sc->o, "migrations/applied.txt"), line[128];
    FILE *f = fopen(path, "r");
    int state[SCENE_N + 1] = {0}, v;
    struct ls_buf out = LS_BUF_INIT;

    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "# lockstep: applying %3d", &v) == 1 || sscanf(line, "# lockstep: reverting %3d", &v) == 1)
            state[v] = 2;
        else if (sscanf(line, "%3d_t.sql", &v) == 1 && state[v] == 0)
            state[v] = 1;
    }
    ls_buf_addc(&out, ',');
    for (v = 1; v <= SCENE_N; v++)
        if (state[v] > 0)
            ls_buf_addf(&out, "%d:%s,", v, state[v] == 1 ? "applied" : "failed");
    if (f != NULL)
        fclose(f);
    free(path);
    return ls_buf_detach(&out);
}

static struct truth look(struct scene *sc)
{
    bool is_golang = strcmp(sc->format, "golang-migrate") == 0;
    const char *tables =
        sc->pg ? "SELECT ',' || coalesce(string_agg(relname || ',', '' ORDER BY relname), '') FROM pg_class WHERE relkind = 'r'"
                 " AND relnamespace = 'public'::regnamespace"
               : "SELECT ',' || coalesce(group_concat(name, ',') || ',', '') FROM sqlite_master WHERE type = 'table'";
    const char *rows =
        is_golang
            ? (sc->pg ? "SELECT ',' || coalesce(string_agg(version || ':' || dirty || ',', ''), '') FROM schema_migrations"
                      : "SELECT ',' || coalesce(group_concat(version || ':' || dirty || ',', ''), '') FROM schema_migrations")
            : (sc->pg ? "SELECT ',' || coalesce(string_agg(version || ':' || status || ',', '' ORDER BY version), '') FROM "
                        "schema_migrations"
                      : "SELECT ',' || coalesce(group_concat(version || ':' || status || ',', ''), '') FROM schema_migrations");
    struct truth t = {.rows = ls_strdup(",")};
    struct ls_db *db = open_eye(sc);

    t.tables = ops_value(db, tables);
    if (is_plain(sc))
        t.ledger = look_at_list(sc);
    else
        t.ledger = strstr(t.tables, ",schema_migrations,") != NULL ? ops_value(db, rows) : ls_strdup("");
    for (int v = 1; v <= SCENE_N; v++)
        add_rows(db, &t, v);
    if (!sc->pg)
        scene_shut_eye(sc);
    return t;
}

static bool has_table(const struct truth *t, int v)
{
    char name[16];

    snprintf(name, sizeof name, ",t%d,", v);
    return strstr(t->tables, name) != NULL;
}

static void blame(const struct truth *t, const char *when, const char *what, int v)
{
    fail_msg("%s: %s %d; tables %s ledger %s rows %s", when, what, v, t->tables, t->ledger, t->rows);
}

static bool says(const struct truth *t, int v, const char *status)
{
    char word[32];

    snprintf(word, sizeof word, ",%d:%s,", v, status);
    return strstr(t->ledger, word) != NULL;
}

static void check_lockstep(struct scene *sc, const struct truth *t, const char *when, bool may_be_dirty)
{
    for (int v = 1; v <= SCENE_N; v++) {
        if (says(t, v, "failed")) {
            if ((!is_plain(sc) && (!sc->no_tx || v != 2)) || !may_be_dirty)
                blame(t, when, "failed status of", v);
        } else if (has_table(t, v) != says(t, v, "applied")) {
            blame(t, when, "ledger and schema disagree about", v);
        }
    }
}

/* The row's number is where a move was going; while it is dirty one table is in between: that of the number going up, that of the
 * next going down. */
static void check_golang(struct scene *sc, const struct truth *t, const char *when, bool may_be_dirty)
{
    int cursor = t->ledger[0] == ',' && t->ledger[1] != '\0' ? atoi(t->ledger + 1) : 0, open = -1;
    bool dirty = strstr(t->ledger, ":true,") != NULL || strstr(t->ledger, ":1,") != NULL;

    if (cursor < 0)
        cursor = 0;
    if (dirty && !may_be_dirty)
        blame(t, when, "dirty at", cursor);
    if (dirty)
        open = sc->direction == LS_UP ? cursor : cursor + 1;
    for (int v = 1; v <= SCENE_N; v++)
        if (v != open && has_table(t, v) != (v <= cursor))
            blame(t, when, "ledger and schema disagree about", v);
}

void scene_check(struct scene *sc, const char *when, bool may_be_dirty)
{
    struct truth t = look(sc);

    if (strcmp(sc->format, "golang-migrate") == 0)
        check_golang(sc, &t, when, may_be_dirty);
    else
        check_lockstep(sc, &t, when, may_be_dirty);
    for (int v = 1; v <= SCENE_N; v++) {
        char once[16];

        snprintf(once, sizeof once, ",t%d=1,", v);
        if (has_table(&t, v) && !(sc->no_tx && v == 2 && may_be_dirty) && strstr(t.rows, once) == NULL)
            blame(&t, when, "not one row in table", v);
    }
    truth_release(&t);
}

int scene_n_tables(struct scene *sc)
{
    struct truth t = look(sc);
    int n = 0;

    for (int v = 1; v <= SCENE_N; v++)
        n += has_table(&t, v);
    truth_release(&t);
    return n;
}

/* --- the way back -------------------------------------------------------------------------------------------------------- */

/* What an operator does with a half-done migration: by hand the statements that the report calls not applied, and a look at the
 * rows where it says that it cannot know. */
static void finish_by_hand(struct scene *sc, const struct ls_dirty_report *r)
{
    for (size_t i = 0; i < r->statements.n; i++) {
        bool is_missing = strncmp(r->verdicts.v[i], "not applied", 11) == 0;

        if (strncmp(r->statements.v[i], "INSERT", 6) == 0 && strstr(r->verdicts.v[i], "cannot be known") != NULL) {
            char *n = ops_get(&sc->o, "SELECT count(*) FROM t2");

            is_missing = strcmp(n, "0") == 0;
            free(n);
        }
        if (is_missing)
            ops_sql(&sc->o, r->statements.v[i]);
    }
}

static const struct ls_dirty_choice *indicated(const struct ls_dirty_report *r)
{
    for (size_t i = 0; i < r->choices.n; i++)
        if (r->choices.v[i].is_indicated)
            return &r->choices.v[i];
    return NULL;
}

/* What the operator takes once it was finished by hand; the report cannot know that of a statement that the journal saw fail. */
static const struct ls_dirty_choice *finished(const struct scene *sc, const struct ls_dirty_report *r)
{
    enum ls_action action = sc->direction == LS_UP ? LS_ACTION_MARK_APPLIED : LS_ACTION_MARK_PENDING;

    for (size_t i = 0; i < r->choices.n; i++)
        if (r->choices.v[i].plan->action == action)
            return &r->choices.v[i];
    return NULL;
}

static void resolve(struct scene *sc, const char *when)
{
    bool by_hand = false;

    for (int tries = 0; tries < 3; tries++) {
        struct ls_snapshot *snap = ops_snapshot(&sc->o);
        struct ls_dirty_report r;
        const struct ls_dirty_choice *c;
        struct ls_err why = LS_ERR_INIT;
        bool is_dirty;

        ops_ok(ls_dirty_explain(sc->o.s, snap, &r, err));
        is_dirty = r.is_dirty;
        c = indicated(&r);
        if (is_dirty && c == NULL && by_hand)
            c = finished(sc, &r);
        if (is_dirty && c == NULL && !sc->no_tx)
            fail_msg("%s: dirty (%s), and no choice is indicated", when, r.ledger_says);
        if (is_dirty && c == NULL) {
            finish_by_hand(sc, &r);
            by_hand = true;
        } else if (is_dirty && run_plan(sc, c->plan, NULL, &why) != LS_VERDICT_DONE)
            fail_msg("%s: \"%s\": %s", when, c->title, why.message != NULL ? why.message : "was not done");
        ls_err_release(&why);
        ls_dirty_report_release(&r);
        ls_snapshot_free(snap);
        if (!is_dirty)
            return;
    }
    fail_msg("%s: still dirty after its resolution", when);
}

static void check_journal(struct scene *sc, const char *when)
{
    struct ls_journal j;

    ops_ok(ls_journal_read(sc->o.s, 0, &j, err));
    if (j.first_broken_seq != 0)
        fail_msg("%s: the journal's chain is broken at %lld", when, (long long)j.first_broken_seq);
    ls_journal_release(&j);
}

void scene_converge(struct scene *sc, const char *when)
{
    struct ls_err why = LS_ERR_INIT;
    enum ls_verdict verdict;
    struct truth t;

    resolve(sc, when);
    scene_check(sc, when, false);
    verdict = scene_run(sc, NULL, &why);
    if (verdict != LS_VERDICT_DONE && verdict != LS_VERDICT_NOTHING)
        fail_msg("%s: the next run: %s", when, why.message != NULL ? why.message : ls_verdict_name(verdict));
    scene_check(sc, when, false);
    t = look(sc);
    for (int v = 1; v <= SCENE_N; v++)
        if (has_table(&t, v) != (sc->direction == LS_UP))
            blame(&t, when, "not where it should end", v);
    truth_release(&t);
    check_journal(sc, when);
    ls_err_release(&why);
    ls_session_disconnect(sc->o.s);
    if (!sc->pg && verdict == LS_VERDICT_DONE) {
        char *left = ops_path(&sc->o, "app.db-journal");

        if (ls_path_exists(left))
            fail_msg("%s: the next run leaves its rollback journal behind", when);
        free(left);
    }
}
