#include <config.h>

#include "db/postgres/pg_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lockstep/base/clock.h"

static enum ls_rc call_with_key(struct pg *c, struct pg_call *k, const char *sql, int64_t key, bool *is_true, struct ls_err *err)
{
    char digits[24];
    struct ls_param param = {LS_PARAM_INT, digits};
    struct ls_result r = {0};
    enum ls_rc rc;

    snprintf(digits, sizeof(digits), "%" PRId64, key);
    k->sql = sql;
    k->len = strlen(sql);
    rc = pg_query_call(c, k, &param, 1, &r, err);
    *is_true = rc == LS_OK && ls_db_text_is_true(ls_result_get(&r, 0, 0));
    ls_result_release(&r);
    return rc;
}

/* Releases keys[0..n). Not cancelled by anyone: a lock that stays is worse than a second of waiting. *n_ours counts what was ours.
 */
static enum ls_rc release(struct pg *c, const int64_t *keys, int n, int *n_ours, struct ls_err *err)
{
    enum ls_rc first = LS_OK;

    *n_ours = 0;
    for (int i = n - 1; i >= 0; i--) {
        struct pg_call k;
        bool was_ours;
        enum ls_rc rc;

        pg_call_init(&k, NULL, 0);
        k.ignores_on_wait = true;
        k.ignores_cancel = true;
        k.deadline = ls_mono_ms() + PG_ROLLBACK_MS;
        rc = call_with_key(c, &k, "select pg_catalog.pg_advisory_unlock($1)", keys[i], &was_ours, first == LS_OK ? err : NULL);
        *n_ours += was_ours;
        first = first == LS_OK ? rc : first;
    }
    return first;
}

enum ls_rc pg_try_lock(struct ls_db *db, const int64_t *keys, int n, bool *got, struct ls_err *err)
{
    struct pg *c = pg_of(db);
    enum ls_rc rc = LS_OK;
    int taken = 0, n_ours;

    *got = true;
    /* One after the other, in the caller's order: two operators with the same keys never hold half each for long. */
    while (taken < n && *got && rc == LS_OK) {
        struct pg_call k;

        pg_call_init(&k, NULL, 0);
        rc = call_with_key(c, &k, "select pg_catalog.pg_try_advisory_lock($1)", keys[taken], got, err);
        taken += *got;
    }
    if (rc != LS_OK)
        *got = false;
    if (!*got && release(c, keys, taken, &n_ours, NULL) != LS_OK && rc == LS_OK)
        rc = ls_err_set(err, LS_E_CONNECT, "the connection was lost while the locks were taken");
    return rc;
}

enum ls_rc pg_unlock(struct ls_db *db, const int64_t *keys, int n, struct ls_err *err)
{
    int n_ours;
    enum ls_rc rc = release(pg_of(db), keys, n, &n_ours, err);

    if (rc != LS_OK || n_ours == n)
        return rc;
    rc = ls_err_set(err, LS_E_INTERNAL, "%d of %d advisory locks were not held by this session when it released them", n - n_ours,
                    n);
    ls_err_hint(err, "a connection pooler in between hands sessions around: use the database's direct address for migrations");
    return rc;
}

/* A bigint key is shown as two halves, with objsubid 1 (PostgreSQL manual, pg_locks). Names may be hidden from an ordinary role:
 * what is not there is left out. */
static const char holder_sql[] = "select l.pid, a.usename, a.application_name, host(a.client_addr),"
                                 " to_char(a.backend_start, case when a.backend_start > now() - interval '20 hours' then "
                                 "'HH24:MI:SS' else 'YYYY-MM-DD HH24:MI' end)"
                                 " from pg_catalog.unnest($1::bigint[]) as k(key)"
                                 " join pg_catalog.pg_locks l on l.locktype = 'advisory' and l.granted and l.objsubid = 1"
                                 " and l.classid = ((k.key >> 32) & 4294967295)::oid and l.objid = (k.key & 4294967295)::oid"
                                 " and l.database = (select oid from pg_catalog.pg_database where datname = current_database())"
                                 " left join pg_catalog.pg_stat_activity a on a.pid = l.pid"
                                 " where l.pid is distinct from pg_catalog.pg_backend_pid()"
                                 " order by l.pid limit 1";

static void add_part(struct ls_buf *out, const char *label, const char *value)
{
    if (value && *value)
        ls_buf_addf(out, "%s%s%s", out->len ? ", " : "", label, value);
}

static enum ls_rc holder(struct ls_db *db, const char *keys, struct ls_buf *out, struct ls_err *err)
{
    struct ls_param param = {LS_PARAM_TEXT, keys};
    struct ls_result r = {0};
    struct ls_buf line = LS_BUF_INIT;
    enum ls_rc rc = pg_query(db, holder_sql, sizeof(holder_sql) - 1, &param, 1, &r, err);

    if (rc == LS_OK && r.n_rows > 0) {
        if (ls_result_get(&r, 0, 0)) {
            add_part(&line, "pid ", ls_result_get(&r, 0, 0));
            add_part(&line, "user ", ls_result_get(&r, 0, 1));
            add_part(&line, "app ", ls_result_get(&r, 0, 2));
            add_part(&line, "from ", ls_result_get(&r, 0, 3));
            add_part(&line, "since ", ls_result_get(&r, 0, 4));
        } else {
            ls_buf_adds(&line, "a prepared transaction (see pg_prepared_xacts)");
        }
        ls_buf_add(out, line.ptr, line.len);
    }
    ls_buf_release(&line);
    ls_result_release(&r);
    return rc;
}

enum ls_rc pg_lock_holder(struct ls_db *db, const int64_t *keys, int n, struct ls_buf *out, struct ls_err *err)
{
    struct ls_buf list = LS_BUF_INIT;
    enum ls_rc rc;

    for (int i = 0; i < n; i++)
        ls_buf_addf(&list, "%c%" PRId64, i ? ',' : '{', keys[i]);
    ls_buf_adds(&list, n > 0 ? "}" : "{}");
    rc = holder(db, list.ptr, out, err);
    ls_buf_release(&list);
    return rc;
}

/* pid 0 is a prepared transaction (safety.md 3.2). */
static const char blockers_sql[] =
    "select distinct b.pid, a.usename, a.application_name, a.state, to_char(a.state_change, 'HH24:MI:SS'),"
    " left(pg_catalog.regexp_replace(a.query, '\\s+', ' ', 'g'), 120)"
    " from pg_catalog.unnest(pg_catalog.pg_blocking_pids($1::int)) as b(pid)"
    " left join pg_catalog.pg_stat_activity a on a.pid = b.pid order by b.pid";

enum ls_rc pg_blockers(struct ls_db *db, int pid, struct ls_buf *out, struct ls_err *err)
{
    char digits[16];
    struct ls_param param = {LS_PARAM_INT, digits};
    struct ls_result r = {0};
    enum ls_rc rc;

    snprintf(digits, sizeof(digits), "%d", pid);
    rc = pg_query(db, blockers_sql, sizeof(blockers_sql) - 1, &param, 1, &r, err);
    for (size_t i = 0; i < r.n_rows; i++) {
        struct ls_buf line = LS_BUF_INIT;
        const char *blocker = ls_result_get(&r, i, 0);

        if (blocker && !strcmp(blocker, "0")) {
            ls_buf_adds(&line, "a prepared transaction (see pg_prepared_xacts)");
        } else {
            add_part(&line, "pid ", blocker);
            add_part(&line, "user ", ls_result_get(&r, i, 1));
            add_part(&line, "app ", ls_result_get(&r, i, 2));
            add_part(&line, "", ls_result_get(&r, i, 3));
            add_part(&line, "since ", ls_result_get(&r, i, 4));
            if (ls_result_get(&r, i, 5))
                ls_buf_addf(&line, ": %s", ls_result_get(&r, i, 5));
        }
        ls_buf_addf(out, "%s\n", line.ptr);
        ls_buf_release(&line);
    }
    ls_result_release(&r);
    return rc;
}
