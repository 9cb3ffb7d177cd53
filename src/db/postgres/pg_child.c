#include <config.h>

#include "db/postgres/pg_internal.h"

#include <string.h>

/* Left to the child, or of no use to it: what names other sources of settings, what belongs to our own session. */
static const char *const not_for_child[] = {
    "host",           "port",        "hostaddr",         "service",         "servicefile", "passfile", "application_name", "fallback_application_name",
    "client_encoding", "replication", "target_session_attrs", "load_balance_hosts",
};

static bool is_for_child(const PQconninfoOption *o)
{
    if (o->val == NULL || o->val[0] == '\0' || strchr(o->dispchar, '*') != NULL)
        return false;
    if (o->compiled != NULL && strcmp(o->compiled, o->val) == 0) /* the child's own default */
        return false;
    for (size_t i = 0; i < LS_ARRAY_LEN(not_for_child); i++)
        if (strcmp(o->keyword, not_for_child[i]) == 0)
            return false;
    return true;
}

static void add_word(struct ls_buf *out, const char *key, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    ls_buf_addf(out, "%s%s='", out->len > 0 ? " " : "", key);
    for (; *value != '\0'; value++) {
        if (*value == '\'' || *value == '\\')
            ls_buf_addc(out, '\\');
        ls_buf_addc(out, *value);
    }
    ls_buf_addc(out, '\'');
}

/* Of several hosts the child gets the one that we are connected to: the dump and the ledger must be of one server. */
enum ls_rc pg_child_conninfo(struct ls_db *db, struct ls_buf *conninfo, struct ls_buf *password, struct ls_err *err)
{
    struct pg *c = pg_of(db);
    PQconninfoOption *opts = PQconninfo(c->conn);
    const char *pass = PQpass(c->conn), *sslpassword = NULL, *hostaddr = NULL;
    enum ls_rc rc = LS_OK;

    if (opts == NULL)
        return ls_err_set(err, LS_E_INTERNAL, "the connection's settings could not be read");
    for (const PQconninfoOption *o = opts; o->keyword != NULL; o++) {
        if (strcmp(o->keyword, "sslpassword") == 0)
            sslpassword = o->val;
        if (strcmp(o->keyword, "hostaddr") == 0)
            hostaddr = o->val;
    }
    if (sslpassword != NULL && sslpassword[0] != '\0') {
        rc = ls_err_set(err, LS_E_UNSUPPORTED, "the key of the client certificate has a password, which another program can only get on its command line");
        ls_err_hint(err, "Use a key without a password, readable by you alone, for connections that make backups.");
        goto out;
    }
    add_word(conninfo, "host", PQhost(c->conn));
    if (hostaddr != NULL && hostaddr[0] != '\0')
        add_word(conninfo, "hostaddr", PQhostaddr(c->conn));
    add_word(conninfo, "port", PQport(c->conn));
    for (const PQconninfoOption *o = opts; o->keyword != NULL; o++)
        if (is_for_child(o))
            add_word(conninfo, o->keyword, o->val);
    add_word(conninfo, "application_name", "lockstep backup");
    if (pass != NULL)
        ls_buf_adds(password, pass);
out:
    PQconninfoFree(opts);
    return rc;
}
