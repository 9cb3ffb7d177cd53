#include <config.h>

#include "db/postgres/pg_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The parts of the set-up travel in one round trip, but each is its own transaction: what a server does not know or a role may not
 * read fails alone. "required" parts fail the connect. Each part has its price in a session that has nothing cached yet, so what
 * cannot fail by itself goes together. */
struct part {
    bool is_required;
    const char *sql;
    void (*take)(struct pg *c, const PGresult *res);
};

#define MAX_PARTS 5

static const char *kept(struct pg *c, const PGresult *res, int col)
{
    return col < PQnfields(res) && !PQgetisnull(res, 0, col) ? ls_arena_str(c->db.arena, PQgetvalue(res, 0, col)) : "";
}

static void take_identity(struct pg *c, const PGresult *res)
{
    struct ls_db_info *info = &c->db.info;

    info->database = kept(c, res, 0);
    info->role = kept(c, res, 1);
    info->backend_pid = atoi(kept(c, res, 2));
    /* A pooler makes up its own key for cancelling: safety.md 3.4, reliability.md V4. */
    info->is_pooled = info->backend_pid != PQbackendPID(c->conn);
}

static void take_state(struct pg *c, const PGresult *res)
{
    c->db.info.in_recovery = !strcmp(kept(c, res, 0), "t");
    c->db.info.is_read_only = c->db.info.is_read_only || c->db.info.in_recovery || !strcmp(kept(c, res, 1), "on");
}

static void take_system(struct pg *c, const PGresult *res)
{
    c->db.info.system_id = kept(c, res, 0);
}

static bool is_socket(const struct pg *c)
{
    const char *host = PQhost(c->conn);

    return !host || !*host || *host == '/' || *host == '@';
}

/* A setting of the session. Through a pooler it would stay with the server's connection, and the next client would have it (a database that an
 * application can no longer write to): there it is made only where each connection was said to have a session of its own. */
static void add_setting(const struct pg *c, const struct ls_db_params *params, const char *name, const char *value, struct ls_buf *sql)
{
    if (!params->is_pooled_ok)
        ls_buf_addf(sql, "case when pg_catalog.pg_backend_pid() = %d then ", PQbackendPID(c->conn));
    ls_buf_addf(sql, "pg_catalog.set_config('%s', '%s', false)%s", name, value, params->is_pooled_ok ? "" : " end");
}

static void add_ms(const struct pg *c, const struct ls_db_params *params, const char *name, int ms, struct ls_buf *sql)
{
    char value[16];

    if (ms <= 0)
        return;
    snprintf(value, sizeof(value), "%d", ms);
    ls_buf_adds(sql, ", ");
    add_setting(c, params, name, value, sql);
}

/* Who and where we are, and the settings that were asked for. */
static void add_required(const struct pg *c, const struct ls_db_params *params, struct ls_buf *sql)
{
    ls_buf_adds(sql, "select pg_catalog.current_database(), current_user, pg_catalog.pg_backend_pid(), ");
    add_setting(c, params, "standard_conforming_strings", "on", sql);
    add_ms(c, params, "lock_timeout", params->lock_timeout_ms, sql);
    add_ms(c, params, "statement_timeout", params->statement_timeout_ms, sql);
    if (params->read_only) {
        ls_buf_adds(sql, ", ");
        add_setting(c, params, "default_transaction_read_only", "on", sql);
    }
}

/* For the server's own look after the line, see list_parts. */
static void add_keepalives(const struct pg *c, const struct ls_db_params *params, struct ls_buf *sql)
{
    static const char *const settings[][2] = {
        {"tcp_keepalives_idle", "15"}, {"tcp_keepalives_interval", "5"}, {"tcp_keepalives_count", "3"}, {"tcp_user_timeout", "30s"}};
    size_t n = LS_ARRAY_LEN(settings) - (PQserverVersion(c->conn) >= 120000 ? 0 : 1);

    for (size_t i = 0; i < n; i++) {
        ls_buf_adds(sql, i == 0 ? "select " : ", ");
        add_setting(c, params, settings[i][0], settings[i][1], sql);
    }
}

/* The server looks for a vanished client once a second (V8), so that its locks do not outlive us; its own keepalives do the same
 * for a cut line (F5), which a socket in the file system cannot be. Not every server has these settings; 14 and 12 brought the two
 * that are asked for by number. */
static size_t list_parts(struct pg *c, const struct ls_db_params *params, struct ls_buf text[3], struct part parts[MAX_PARTS])
{
    size_t n = 0;

    add_required(c, params, &text[0]);
    parts[n++] = (struct part){true, text[0].ptr, take_identity};
    parts[n++] = (struct part){false, "select pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')",
                               take_state};
    parts[n++] = (struct part){false, "select system_identifier from pg_catalog.pg_control_system()", take_system};
    if (PQserverVersion(c->conn) >= 140000) {
        ls_buf_adds(&text[1], "select ");
        add_setting(c, params, "client_connection_check_interval", "1s", &text[1]);
        parts[n++].sql = text[1].ptr;
    }
    if (!is_socket(c)) {
        add_keepalives(c, params, &text[2]);
        parts[n++].sql = text[2].ptr;
    }
    return n;
}

#define DEF_PORT "5432"

static void describe_link(struct pg *c)
{
    struct ls_db_info *info = &c->db.info;
    const char *host = PQhost(c->conn);
    const char *version = PQparameterStatus(c->conn, "server_version");
    const char *mode = "";
    PQconninfoOption *opts = PQconninfo(c->conn);

    for (const PQconninfoOption *o = opts; o && o->keyword; o++)
        if (!strcmp(o->keyword, "sslmode") && o->val)
            mode = ls_arena_str(c->db.arena, o->val);
    PQconninfoFree(opts);
    /* Two servers may have their sockets in one folder, told apart by the port. */
    if (is_socket(c) && strcmp(PQport(c->conn), DEF_PORT) == 0)
        info->host = ls_arena_str(c->db.arena, host ? host : "");
    else if (is_socket(c))
        info->host = ls_arena_printf(c->db.arena, "%s:%s", host ? host : "", PQport(c->conn));
    else
        info->host = ls_arena_printf(c->db.arena, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, PQport(c->conn));
    if (PQsslInUse(c->conn))
        info->security = !strcmp(mode, "verify-full") ? "TLS verified"
                         : !strcmp(mode, "verify-ca") ? "TLS, host not verified"
                                                      : "TLS, not verified";
    else if (PQgssEncInUse(c->conn))
        info->security = "GSSAPI";
    else
        info->security = is_socket(c) ? "socket" : "plain";
    info->server_version = PQserverVersion(c->conn);
    info->server =
        ls_arena_printf(c->db.arena, "PostgreSQL %.*s", version ? (int)strcspn(version, " ") : 0, version ? version : "");
}

static int send_part(struct pg *c, const char *sql)
{
    return PQsendQueryParams(c->conn, sql, 0, NULL, NULL, NULL, NULL, 0) && PQpipelineSync(c->conn);
}

/* Reads one part up to its sync. */
static enum ls_rc read_part(struct pg *c, struct pg_call *k, const struct part *part, struct ls_err *err)
{
    enum ls_rc first = LS_OK;

    for (bool is_synced = false; !is_synced && !c->is_dead;) {
        struct ls_err *to = part->is_required && first == LS_OK ? err : NULL;
        PGresult *res;
        enum ls_rc rc = pg_next_result(c, k, &res, to);

        if (rc != LS_OK)
            return rc;
        if (!res) {
            if (PQstatus(c->conn) == CONNECTION_BAD)
                return pg_err_lost(c, err);
            continue; /* between a statement and the sync */
        }
        is_synced = PQresultStatus(res) == PGRES_PIPELINE_SYNC;
        if (PQresultStatus(res) == PGRES_FATAL_ERROR)
            rc = pg_err_result(c, k, res, to);
        else if (PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) > 0 && part->take)
            part->take(c, res);
        PQclear(res);
        first = first == LS_OK ? rc : first;
    }
    if (c->is_dead)
        return first != LS_OK ? first : ls_err_set(err, LS_E_CONNECT, "the connection was lost");
    return part->is_required ? first : LS_OK;
}

enum ls_rc pg_setup(struct pg *c, const struct ls_db_params *params, struct ls_err *err)
{
    struct part parts[MAX_PARTS] = {{0}};
    struct ls_buf text[3] = {LS_BUF_INIT, LS_BUF_INIT, LS_BUF_INIT};
    struct pg_call k;
    enum ls_rc rc = LS_OK;
    size_t n;
    int ok = PQenterPipelineMode(c->conn);

    c->db.info.is_read_only = params->read_only;
    pg_call_init(&k, NULL, 0);
    n = list_parts(c, params, text, parts);
    for (size_t i = 0; ok && i < n; i++)
        ok = send_part(c, parts[i].sql);
    rc = ok ? pg_flush(c, &k, err) : pg_err_lost(c, err);
    for (size_t i = 0; rc == LS_OK && i < n; i++)
        rc = read_part(c, &k, &parts[i], err);
    for (size_t i = 0; i < LS_ARRAY_LEN(text); i++)
        ls_buf_release(&text[i]);
    if (rc == LS_OK && !PQexitPipelineMode(c->conn))
        rc = pg_err_lost(c, err);
    c->is_fenced = params->read_only && c->db.info.is_pooled && !params->is_pooled_ok;
    if (rc == LS_OK)
        describe_link(c);
    else
        ls_err_wrap(err, "after connecting");
    return rc;
}
