/* tests/support/ops.h: a project in a throw-away folder (migrations, a database, backups) and the session on it, for tests of the
 * engine. Header only. Every helper fails the running cmocka test by itself. Include it behind <cmocka.h>. */
#ifndef TESTS_SUPPORT_OPS_H
#define TESTS_SUPPORT_OPS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/engine/run.h"
#include "lockstep/engine/session.h"
#include "support/pg.h"

struct ops {
    char *top; /* the folder: top/migrations, top/app.db, top/backups */
    char *url;
    char *pg_url; /* of the database that was made for it, or NULL */
    struct ls_session *s;
    bool no_journal;     /* set it, then call ops_session again */
    int busy_timeout_ms; /* likewise */
};

#define ops_ok(call)                                                                                                               \
    do {                                                                                                                           \
        struct ls_err ops_err = LS_ERR_INIT, *err = &ops_err;                                                                      \
        enum ls_rc ops_rc = (call);                                                                                                \
        if (ops_rc != LS_OK)                                                                                                       \
            fail_msg("%s: %s (%s)", #call, ops_err.message != NULL ? ops_err.message : "", ls_rc_name(ops_rc));                    \
        ls_err_release(&ops_err);                                                                                                  \
    } while (0)

static inline char *ops_path(const struct ops *o, const char *name)
{
    return ls_path_join(o->top, name);
}

static inline void ops_put(const struct ops *o, const char *name, const char *text)
{
    char *path = ops_path(o, name);

    ops_ok(ls_file_write_atomic(path, text, strlen(text), 0600, err));
    free(path);
}

static inline void ops_session(struct ops *o, const char *format)
{
    char *migrations = ops_path(o, "migrations"), *backups = ops_path(o, "backups");
    struct ls_session_params p = {.url = o->url,
                                  .migrations_dir = migrations,
                                  .backup_dir = backups,
                                  .format_name = format,
                                  .operator_name = "tester",
                                  .busy_timeout_ms = o->busy_timeout_ms,
                                  .journal = !o->no_journal};

    ls_session_free(o->s);
    o->s = ls_session_new(&p);
    free(migrations);
    free(backups);
}

/* pg: a new database of the test server, else a new SQLite file. */
static inline void ops_open(struct ops *o, const char *format, bool pg)
{
    char template[] = "/dev/shm/ls-ops.XXXXXX", elsewhere[] = "/tmp/ls-ops.XXXXXX", *path;

    *o = (struct ops){0};
    /* In memory where that is possible: these tests do not measure what a disk does. */
    if (mkdtemp(template) == NULL) {
        assert_non_null(mkdtemp(elsewhere));
        memcpy(template, elsewhere, sizeof elsewhere);
    }
    o->top = ls_strdup(template);
    path = ops_path(o, "migrations");
    assert_int_equal(mkdir(path, 0700), 0);
    free(path);
    if (pg) {
        o->pg_url = test_pg_new_database("ops");
        assert_non_null(o->pg_url);
        o->url = ls_strdup(o->pg_url);
    } else {
        struct ls_db_params p = {.create = true};
        struct ls_db *db = NULL;

        path = ops_path(o, "app.db");
        o->url = ls_asprintf("sqlite:%s", path);
        free(path);
        p.url = o->url;
        ops_ok(ls_db_open(&p, &db, err));
        ls_db_close(db);
    }
    ops_session(o, format);
}

static inline void ops_close(struct ops *o)
{
    ls_session_free(o->s);
    if (o->pg_url != NULL)
        test_pg_drop_database(o->pg_url);
    ops_ok(ls_remove_tree(o->top, err));
    free(o->top);
    free(o->url);
    *o = (struct ops){0};
}

/* On a connection of its own, so that the session sees what another program left. */
static inline void ops_sql(const struct ops *o, const char *sql)
{
    struct ls_db_params p = {.url = o->url};
    struct ls_db *db = NULL;

    ops_ok(ls_db_open(&p, &db, err));
    ops_ok(ls_db_exec_batch(db, sql, strlen(sql), NULL, err));
    ls_db_close(db);
}

/* The first value; "" when there is none. Caller frees. */
static inline char *ops_value(struct ls_db *db, const char *sql)
{
    struct ls_result r = {0};
    char *value;

    ops_ok(ls_db_query(db, sql, NULL, 0, &r, err));
    value = ls_strdup(r.n_rows > 0 && ls_result_get(&r, 0, 0) != NULL ? ls_result_get(&r, 0, 0) : "");
    ls_result_release(&r);
    return value;
}

static inline char *ops_get(const struct ops *o, const char *sql)
{
    struct ls_db_params p = {.url = o->url};
    struct ls_db *db = NULL;
    char *value;

    ops_ok(ls_db_open(&p, &db, err));
    value = ops_value(db, sql);
    ls_db_close(db);
    return value;
}

static inline struct ls_snapshot *ops_snapshot(struct ops *o)
{
    struct ls_snapshot *snap = NULL;

    ops_ok(ls_session_snapshot(o->s, &snap, err));
    return snap;
}

/* Applies that many, -1 all that is pending. */
static inline void ops_up(struct ops *o, long count)
{
    struct ls_plan_request req = {.action = LS_ACTION_UP, .count = count};
    struct ls_snapshot *snap = ops_snapshot(o);
    struct ls_run_report report;
    struct ls_plan *plan = NULL;

    ops_ok(ls_plan_make(o->s, snap, &req, &plan, err));
    if (ls_run(o->s, plan, NULL, &report) != LS_OK)
        fail_msg("up: %s", report.err.message);
    ls_run_report_release(&report);
    ls_plan_free(plan);
    ls_snapshot_free(snap);
}

#endif
