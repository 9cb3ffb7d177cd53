/* tests/support/settle.h: a project in a throw-away folder, its conflicts and one settlement of it, for tests. Header only;
 * include it behind <cmocka.h>. */
#ifndef TESTS_SUPPORT_SETTLE_H
#define TESTS_SUPPORT_SETTLE_H

#include "lockstep/engine/settle.h"
#include "support/ops.h"

static struct ops o;
static struct ls_settlement *t;
static struct ls_conflicts found;

static inline enum ls_rc make(const struct ls_settle_request *req, struct ls_err *err)
{
    struct ls_snapshot *snap = ops_snapshot(&o);
    enum ls_rc rc;

    ls_settlement_free(t);
    t = NULL;
    rc = ls_settle_make(o.s, snap, req, &t, err);
    ls_snapshot_free(snap);
    return rc;
}

static inline void refused(const struct ls_settle_request *req, enum ls_rc want, const char *part)
{
    struct ls_err err = LS_ERR_INIT;

    assert_int_equal(make(req, &err), want);
    assert_non_null(err.message);
    if (strstr(err.message, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, err.message);
    ls_err_release(&err);
}

static inline void settle(const struct ls_settle_request *req)
{
    struct ls_run_report report;

    ops_ok(make(req, err));
    if (ls_settle_run(o.s, t, NULL, &report) != LS_OK)
        fail_msg("%s: %s", ls_settle_name(req->kind), report.err.message);
    ls_run_report_release(&report);
}

static inline void find(void)
{
    struct ls_snapshot *snap = ops_snapshot(&o);

    if (found.arena != NULL)
        ls_conflicts_release(&found);
    ops_ok(ls_conflicts_find(o.s, snap, &found, err));
    ls_snapshot_free(snap);
}

static inline const struct ls_conflict *conflict(const char *code)
{
    for (size_t i = 0; i < found.c.n; i++)
        if (strcmp(found.c.v[i].diag.code, code) == 0)
            return &found.c.v[i];
    return NULL;
}

static inline bool is_there(const char *name)
{
    char *path = ops_path(&o, name);
    bool there = ls_path_exists(path);

    free(path);
    return there;
}

static inline char *text_of(const char *name)
{
    struct ls_buf b = LS_BUF_INIT;
    char *path = ops_path(&o, name);

    ops_ok(ls_file_read(path, 0, 0, &b, err));
    free(path);
    return ls_buf_detach(&b);
}

static inline void value_is(const char *sql, const char *want)
{
    char *have = ops_get(&o, sql);

    assert_string_equal(have, want);
    free(have);
}

static inline const struct ls_settle_evidence *evidence(const char *label)
{
    for (size_t i = 0; i < t->evidence.n; i++)
        if (strcmp(t->evidence.v[i].label, label) == 0)
            return &t->evidence.v[i];
    fail_msg("no evidence of %s", label);
    return NULL;
}

static inline bool has_diag(const struct ls_diags *d, const char *code)
{
    for (size_t i = 0; i < d->d.n; i++)
        if (strcmp(d->d.v[i].code, code) == 0)
            return true;
    return false;
}

static inline size_t n_runnable(void)
{
    struct ls_snapshot *snap = ops_snapshot(&o);
    size_t n = 0;

    for (size_t i = 0; i < snap->timeline.e.n; i++)
        n += snap->timeline.e.v[i].is_runnable;
    ls_snapshot_free(snap);
    return n;
}

static inline int close_all(void **state)
{
    (void)state;
    ls_settlement_free(t);
    t = NULL;
    if (found.arena != NULL)
        ls_conflicts_release(&found);
    if (o.top != NULL)
        ops_close(&o);
    return 0;
}

static inline void mkdir_(const char *name)
{
    char *path = ops_path(&o, name);

    ops_ok(ls_mkdir_p(path, 0700, err));
    free(path);
}

#endif
