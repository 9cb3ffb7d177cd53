/* Where a scratch database comes from, and that it goes again. On a server that is not ours each one is guarded by an advisory lock
 * of the connection that made it, so that the next start can tell what a crash has left from what another operator is using. */
#include <config.h>

#include "engine/side_priv.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/hash.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"
#include "lockstep/sql/quote.h"

struct ls_scratch_host {
    char *url;                  /* of the database that scratch ones are made from */
    struct ls_cluster *cluster; /* ours, or NULL */
    struct ls_db *db;           /* stays open: its locks say that the databases are in use */
    struct ls_side_world *w;
    unsigned n;
};

static bool host_tick(void *ctx)
{
    struct side_job j = {.w = ctx};

    return side_tick(&j);
}

/* --- URLs
 * ---------------------------------------------------------------------------------------------------------------------------------------
 */

/* A parameter "dbname=..." behind '?' would win over the path. */
static void add_query(struct ls_buf *out, const char *query)
{
    char sep = '?';

    while (query != NULL && *query != '\0') {
        size_t len = strcspn(query, "&");

        if (strncmp(query, "dbname=", 7) != 0) {
            ls_buf_addc(out, sep);
            ls_buf_add(out, query, len);
            sep = '&';
        }
        query += len + (query[len] == '&');
    }
}

/* The same server, another database: in a URL's path, or behind a keyword string, where the last one counts. Caller frees. */
static char *url_of_database(const char *url, const char *name)
{
    const char *body = strstr(url, "://"), *query;
    struct ls_buf out = LS_BUF_INIT;

    if (body == NULL)
        return ls_asprintf("%s dbname=%s", url, name);
    body += 3;
    query = strchr(body, '?');
    ls_buf_add(&out, url, (size_t)(body - url) + strcspn(body, "/?"));
    ls_buf_addf(&out, "/%s", name);
    add_query(&out, query != NULL ? query + 1 : NULL);
    return ls_buf_detach(&out);
}

/* --- databases on a server
 * ---------------------------------------------------------------------------------------------------------------------- */

static int64_t key_of(const char *name)
{
    unsigned char h[32];
    uint64_t k = 0;

    ls_sha256_raw(name, strlen(name), h);
    for (int i = 0; i < 8; i++)
        k = k << 8 | h[i];
    return (int64_t)(k >> 1);
}

static enum ls_rc run_named(struct ls_db *db, const char *before, const char *name, const char *behind, struct ls_err *err)
{
    struct ls_buf sql = LS_BUF_INIT;
    enum ls_rc rc;

    ls_buf_adds(&sql, before);
    rc = ls_sql_ident(&sql, name, err);
    ls_buf_adds(&sql, behind);
    if (rc == LS_OK)
        rc = ls_db_exec(db, sql.ptr, sql.len, NULL, 0, NULL, err);
    ls_buf_release(&sql);
    return rc;
}

/* A subscription keeps its database from being dropped. In a scratch none has ever connected anywhere. */
static void drop_subscriptions(const char *url)
{
    static const char *const steps[][2] = {
        {"ALTER SUBSCRIPTION ", " DISABLE"}, {"ALTER SUBSCRIPTION ", " SET (slot_name = NONE)"}, {"DROP SUBSCRIPTION ", ""}};
    struct ls_db_params p = {.url = url, .application_name = "lockstep scratch"};
    struct ls_db *db = NULL;
    struct ls_result r;

    if (ls_db_open(&p, &db, NULL) != LS_OK)
        return;
    if (ls_db_query(db,
                    "SELECT s.subname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE "
                    "d.datname = "
                    "pg_catalog.current_database()",
                    NULL, 0, &r, NULL) == LS_OK) {
        for (size_t i = 0; i < r.n_rows; i++)
            for (size_t k = 0; k < LS_ARRAY_LEN(steps); k++)
                (void)!run_named(db, steps[k][0], ls_result_get(&r, i, 0), steps[k][1], NULL);
        ls_result_release(&r);
    }
    ls_db_close(db);
}

static void drop_database(struct ls_db *db, const char *server_url, const char *name)
{
    struct ls_err err = LS_ERR_INIT;

    if (run_named(db, "DROP DATABASE IF EXISTS ", name, "", &err) != LS_OK && strcmp(err.sqlstate, "55006") == 0) {
        char *url = url_of_database(server_url, name);

        drop_subscriptions(url);
        ls_wipe(url, strlen(url));
        free(url);
        (void)!run_named(db, "DROP DATABASE IF EXISTS ", name, "", NULL);
    }
    ls_err_release(&err);
}

/* Locks are of one database each, and another operator may have named another one on this server: they are looked for in all. */
static bool is_held(struct ls_db *db, int64_t key)
{
    char text[32];
    struct ls_param p = {.kind = LS_PARAM_INT, .text = text};
    struct ls_result r;
    bool is;

    snprintf(text, sizeof(text), "%lld", (long long)key);
    if (ls_db_query(db,
                    "SELECT 1 FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND ((classid::bigint << 32) | objid::bigint) = "
                    "$1::bigint",
                    &p, 1, &r, NULL) != LS_OK)
        return true;
    is = r.n_rows > 0;
    ls_result_release(&r);
    return is;
}

/* What a crash has left: no living connection holds its lock. */
static void sweep_databases(struct ls_db *db, const char *url)
{
    struct ls_result r;

    if (ls_db_query(db, "SELECT datname FROM pg_catalog.pg_database WHERE datname LIKE 'lockstep\\_scratch\\_%' ORDER BY datname",
                    NULL, 0, &r, NULL) != LS_OK)
        return;
    for (size_t i = 0; i < r.n_rows; i++) {
        const char *name = ls_result_get(&r, i, 0);
        int64_t key = key_of(name);
        bool got = false;

        if (is_held(db, key) || ls_db_try_lock(db, &key, 1, &got, NULL) != LS_OK || !got)
            continue;
        drop_database(db, url, name); /* another role's, or one that someone is connected to, stays */
        (void)!ls_db_unlock(db, &key, 1, NULL);
    }
    ls_result_release(&r);
}

static void random_name(struct ls_scratch_host *h, char out[64])
{
    unsigned char bytes[8];
    size_t n;

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        int64_t now = ls_wall_us() ^ ((int64_t)getpid() << 40);

        memcpy(bytes, &now, sizeof(bytes));
    }
    n = (size_t)snprintf(out, 64, LS_SCRATCH_DB "%ld_%u_", (long)getpid(), h->n++); /* whose it is, for who finds it */
    for (size_t i = 0; i < sizeof(bytes); i++)
        n += (size_t)snprintf(out + n, 64 - n, "%02x", bytes[i]);
}

static enum ls_rc make_database(struct ls_scratch_host *h, struct ls_scratch *out, struct ls_err *err)
{
    char name[64];
    int64_t key;
    bool got = false;
    enum ls_rc rc;

    random_name(h, name);
    key = key_of(name);
    rc = ls_db_try_lock(h->db, &key, 1, &got, err);
    if (rc == LS_OK)
        rc = run_named(h->db, "CREATE DATABASE ", name, " TEMPLATE template0", err);
    if (rc != LS_OK) {
        ls_err_wrap(err, "making a scratch database");
        ls_err_hint(err, "the role needs CREATEDB; or leave --scratch and [scratch] url out: lockstep then starts a server of its "
                         "own where PostgreSQL's "
                         "server programs are installed");
        return rc;
    }
    out->host = h;
    out->name = ls_strdup(name);
    out->url = url_of_database(h->url, name);
    out->is_own = h->cluster != NULL;
    return LS_OK;
}

/* --- the host
 * -----------------------------------------------------------------------------------------------------------------------------------
 */

static enum ls_rc connect_host(struct ls_scratch_host *h, struct ls_err *err)
{
    struct ls_db_params p = {.url = h->url, .application_name = "lockstep scratch"};
    enum ls_rc rc = ls_db_open(&p, &h->db, err);

    if (rc == LS_OK && h->cluster == NULL)
        sweep_databases(h->db, h->url);
    return rc;
}

static enum ls_rc no_scratch(struct ls_err *own, struct ls_err *err)
{
    ls_err_set(err, LS_E_UNSUPPORTED, "no scratch database is to be had: %s",
               own->message != NULL ? own->message : "no PostgreSQL server was found");
    if (own->hint != NULL)
        ls_err_detail(err, "%s", own->hint);
    ls_err_hint(err, "name a server where lockstep may make databases: --scratch URL, or url = URL in [scratch] of lockstep.conf; "
                     "or say scratch = yes in "
                     "the [env NAME] of a server where that is allowed; or install PostgreSQL's server programs");
    return LS_E_UNSUPPORTED;
}

static enum ls_rc open_host(struct ls_side_world *w, int server_version, struct ls_err *err)
{
    const struct ls_session_params *p = ls_session_params(w->session);
    struct ls_scratch_host *h;
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc;

    if (w->host != NULL)
        return LS_OK;
    h = ls_calloc(1, sizeof(*h));
    h->w = w;
    if (w->scratch_url != NULL) {
        h->url = ls_strdup(w->scratch_url);
    } else if (w->scratch_on_target && !p->is_protected && p->url != NULL && p->url[0] != '\0') {
        h->url = ls_strdup(p->url);
    } else {
        rc = ls_cluster_start(server_version, host_tick, w, &h->cluster, &own);
        if (rc != LS_OK) {
            rc = rc == LS_E_CANCELLED ? side_stopped(err) : no_scratch(&own, err);
            ls_err_release(&own);
            free(h);
            return rc;
        }
        h->url = ls_strdup(ls_cluster_url(h->cluster));
    }
    rc = connect_host(h, err);
    if (rc != LS_OK) {
        ls_err_wrap(err, "the scratch server");
        ls_scratch_host_free(h);
        return rc;
    }
    w->host = h;
    return LS_OK;
}

void ls_scratch_host_free(struct ls_scratch_host *h)
{
    if (h == NULL)
        return;
    ls_db_close(h->db);
    ls_cluster_stop(h->cluster);
    if (h->url != NULL)
        ls_wipe(h->url, strlen(h->url));
    free(h->url);
    free(h);
}

enum ls_rc ls_scratch_open(struct ls_side_world *w, enum ls_dialect d, int server_version, struct ls_scratch *out,
                           struct ls_err *err)
{
    enum ls_dialect of_url = d;
    enum ls_rc rc = LS_OK;

    memset(out, 0, sizeof(*out));
    if (d == LS_DIALECT_SQLITE) {
        out->url = ls_strdup("sqlite::memory:");
        out->is_own = true;
        return LS_OK;
    }
    if (w->scratch_url != NULL)
        rc = ls_db_url_dialect(w->scratch_url, &of_url, err);
    if (rc == LS_OK && of_url != d)
        rc = ls_err_set(err, LS_E_USAGE, "the scratch must be a PostgreSQL database; SQLite's are made in memory");
    if (rc == LS_OK)
        rc = open_host(w, server_version, err);
    return rc == LS_OK ? make_database(w->host, out, err) : rc;
}

void ls_scratch_close(struct ls_scratch *s)
{
    if (s->name != NULL && s->host != NULL && s->host->db != NULL && ls_db_is_alive(s->host->db)) {
        int64_t key = key_of(s->name);

        /* One that stays is removed at the next start: its lock is gone with this connection. */
        drop_database(s->host->db, s->host->url, s->name);
        (void)!ls_db_unlock(s->host->db, &key, 1, NULL);
    }
    if (s->url != NULL)
        ls_wipe(s->url, strlen(s->url));
    free(s->url);
    free(s->name);
    memset(s, 0, sizeof(*s));
}
