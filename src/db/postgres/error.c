#include <config.h>

#include "db/postgres/pg_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"
#include "lockstep/sql/split.h"

/* First fit wins. Codes: PostgreSQL manual, appendix A. */
static const struct {
    const char *prefix;
    enum ls_rc code;
    const char *hint; /* NULL: the server's own, if it has one */
} states[] = {
    {"28", LS_E_AUTH, "check the user name, and the password in the URL, in ~/.pgpass or in a service file"},
    {"42501", LS_E_RIGHTS, NULL},
    {"25006", LS_E_RIGHTS, "this session or this server is read-only"},
    {"55P03", LS_E_BUSY,
     "another session holds the lock: wait for it or end it, then run this again; lock_timeout says how long to wait"},
    {"40P01", LS_E_BUSY, "two sessions waited for each other: run this again when the other one is done"},
    {"53100", LS_E_IO, "the server's disk is full: make room there, then run this again"},
    {"3D000", LS_E_NOT_FOUND, "create the database first, or correct its name in the URL"},
    {"57014", LS_E_SQL, "the statement ran into statement_timeout or was cancelled by somebody else"},
    {"57P", LS_E_CONNECT, NULL},
    {"08", LS_E_CONNECT, NULL},
    {"25P03", LS_E_CONNECT, "the session was idle in its transaction longer than idle_in_transaction_session_timeout"},
    {"53300", LS_E_CONNECT, "the server has no connection left: close others or raise max_connections"},
};

static enum ls_rc code_of_state(const char *state, const char **hint)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(states); i++)
        if (!strncmp(states[i].prefix, state, strlen(states[i].prefix))) {
            *hint = states[i].hint;
            return states[i].code;
        }
    *hint = NULL;
    return LS_E_SQL;
}

static void set_state(struct ls_err *err, const char *state)
{
    if (err && state && strlen(state) == 5)
        memcpy(err->sqlstate, state, 6);
}

/* The server counts characters from 1. -1 when that is not inside of the text. */
static long byte_offset(const struct pg_call *k, const char *position)
{
    long left = position ? strtol(position, NULL, 10) : 0;

    if (left <= 0 || !k->sql)
        return -1;
    for (size_t i = 0; i < k->len; i++)
        if (((unsigned char)k->sql[i] & 0xC0) != 0x80 && --left == 0)
            return (long)i;
    return left == 1 ? (long)k->len : -1; /* "syntax error at end of input" */
}

/* In a batch: which statement it was, and its start when the server gave no position. The server runs them in order and answers
 * each; a text that does not parse is refused whole, with a position. */
static void place_in_batch(const struct pg_call *k, struct ls_err *err)
{
    struct ls_stmts stmts;

    if (ls_sql_split(LS_DIALECT_POSTGRES, k->sql, k->len, &stmts, NULL) == LS_OK) {
        size_t i = (size_t)k->n_done;

        for (size_t j = 0; err->offset >= 0 && j < stmts.n; j++)
            if ((long)stmts.v[j].start <= err->offset)
                i = j;
        if (i < stmts.n) {
            err->statement = (int)i + 1;
            if (err->offset < 0)
                err->offset = (long)stmts.v[i].start;
        }
    }
    ls_stmts_release(&stmts);
}

static void add_details(const PGresult *res, struct ls_err *err)
{
    static const struct {
        int field;
        const char *label;
    } parts[] = {{PG_DIAG_MESSAGE_DETAIL, ""}, {PG_DIAG_INTERNAL_QUERY, "QUERY: "}, {PG_DIAG_CONTEXT, "CONTEXT: "}};

    for (size_t i = 0; i < LS_ARRAY_LEN(parts); i++) {
        const char *text = PQresultErrorField(res, parts[i].field);

        if (text)
            ls_err_detail(err, "%s%s", parts[i].label, text);
    }
}

static size_t trimmed_len(const char *s)
{
    size_t n = strlen(s);

    while (n && isspace((unsigned char)s[n - 1]))
        n--;
    return n;
}

/* libpq's own words come in lines, with a tab where one goes on: the first is what happened, the others are its detail. is_one: what
 * comes after them is about libpq's further tries ("invalid socket"). */
static void add_lines(struct ls_err *err, enum ls_rc code, const char *before, const char *text, bool is_one)
{
    size_t first = strcspn(text, "\n");
    struct ls_buf rest = LS_BUF_INIT;

    ls_err_set(err, code, "%s%.*s", before, (int)first, text);
    for (const char *p = text + first; *p;) {
        size_t len;
        bool goes_on = p[0] == '\n' && p[1] == '\t';

        if (is_one && !goes_on)
            break;
        p += strspn(p, "\n\t");
        len = strcspn(p, "\n");
        if (rest.len && len)
            ls_buf_addc(&rest, goes_on ? ' ' : '\n');
        ls_buf_add(&rest, p, len);
        p += len;
    }
    if (rest.len)
        ls_err_detail(err, "%s", rest.ptr);
    ls_buf_release(&rest);
}

enum ls_rc pg_err_lost(struct pg *c, struct ls_err *err)
{
    c->is_dead = true;
    if (!err || err->code != LS_OK)
        return err ? err->code : LS_E_CONNECT;
    add_lines(err, LS_E_CONNECT, "the connection was lost: ", PQerrorMessage(c->conn), true);
    ls_err_hint(err, "what was not committed is rolled back by the server; connect again and look at the state before going on");
    return LS_E_CONNECT;
}

enum ls_rc pg_err_timeout(struct pg *c, const struct pg_call *k, struct ls_err *err)
{
    c->is_dead = true;

    enum ls_rc rc = ls_err_set(err, LS_E_CONNECT,
                               k->cancel_sent ? "the server did not answer the request to cancel; connection given up"
                                              : "the server did not answer in time; connection given up");

    ls_err_hint(err, "the server may still be working on the statement: look at it from another session");
    return rc;
}

enum ls_rc pg_err_result(struct pg *c, const struct pg_call *k, const PGresult *res, struct ls_err *err)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    const char *hint = NULL;

    if (!state || !text) { /* made by libpq, not by the server */
        if (PQstatus(c->conn) == CONNECTION_BAD)
            return pg_err_lost(c, err);
        text = PQresultErrorMessage(res);
        return ls_err_set(err, LS_E_SQL, "%.*s", (int)trimmed_len(text), text);
    }

    enum ls_rc code = code_of_state(state, &hint);

    if (!strcmp(state, "57014") && k->cancel_sent) {
        code = LS_E_CANCELLED;
        hint = NULL;
    }

    /* FATAL and PANIC end the session; the end of the link itself may not have arrived yet. Only they do: 08P01 may be a wrong
     * count of parameters. */
    const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
    bool is_fatal = severity && (!strcmp(severity, "FATAL") || !strcmp(severity, "PANIC"));

    if (is_fatal || PQstatus(c->conn) == CONNECTION_BAD) {
        c->is_dead = true;
        code = LS_E_CONNECT;
    } else if (code == LS_E_CONNECT) {
        code = LS_E_SQL;
        hint = NULL;
    }
    if (!err)
        return code;
    if (err->code != LS_OK)
        return err->code;
    ls_err_set(err, code, "%s", text);
    set_state(err, state);
    err->offset = byte_offset(k, PQresultErrorField(res, PG_DIAG_STATEMENT_POSITION));
    if (k->is_batch)
        place_in_batch(k, err);
    add_details(res, err);
    text = PQresultErrorField(res, PG_DIAG_MESSAGE_HINT);
    if (text || hint)
        ls_err_hint(err, "%s", text ? text : hint);
    return code;
}

/* Finds ":  28P01: " in libpq's verbose message: the only way to the SQLSTATE of a refused connection, and one that does not depend
 * on the language of the server. Of several (hosts, addresses) the last counts. */
static const char *find_state(const char *text, char state[6])
{
    const char *found = NULL;

    for (const char *p = text; (p = strstr(p, ":  ")) != NULL; p++) {
        size_t n = 0;

        while (n < 5 && (isupper((unsigned char)p[3 + n]) || isdigit((unsigned char)p[3 + n])))
            n++;
        if (n == 5 && p[8] == ':' && p[9] == ' ') {
            memcpy(state, p + 3, 5);
            state[5] = '\0';
            found = p;
        }
    }
    return found;
}

/* Takes the SQLSTATEs and the LOCATION lines out again: they were asked for by the verbosity, not by the reader. */
static char *plain_message(const char *text)
{
    struct ls_buf out = LS_BUF_INIT;

    while (*text) {
        size_t len = strcspn(text, "\n");
        char state[6];

        if (strncmp(text, "LOCATION:", 9) != 0 && len) {
            char *line = ls_strndup(text, len);
            const char *at = find_state(line, state);

            if (out.len)
                ls_buf_addc(&out, '\n');
            if (at) {
                ls_buf_add(&out, line, (size_t)(at - line) + 2);
                ls_buf_adds(&out, at + 9);
            } else {
                ls_buf_adds(&out, line);
            }
            free(line);
        }
        text += len + (text[len] == '\n');
    }

    char *safe = ls_redact_dup(out.ptr);

    ls_buf_release(&out);
    return safe;
}

enum ls_rc pg_err_connect(PGconn *conn, struct ls_err *err)
{
    const char *raw = PQerrorMessage(conn);
    const char *hint = NULL;
    char state[6] = "";
    enum ls_rc code = LS_E_CONNECT;

    if (find_state(raw, state))
        code = code_of_state(state, &hint);
    else if (PQconnectionNeedsPassword(conn))
        code = code_of_state("28P01", &hint); /* the server asked, and there was none to give */
    else if (strstr(raw, "certificate"))
        hint = "the server's certificate was not accepted: sslrootcert names the authority that signed it, and verify-full wants "
               "the host name "
               "that stands in it";
    else if (strstr(raw, "SSL") && (strstr(raw, "does not support SSL") || strstr(raw, "SSL was required")))
        hint = "the server offers no TLS, and sslmode asks for it: switch TLS on in the server, or ask for less with sslmode";
    else
        hint = "check host and port in the URL, that the server runs, and that a firewall lets us through";
    if (code == LS_E_SQL)
        code = LS_E_CONNECT;

    char *text = plain_message(raw);
    enum ls_rc rc = err && err->code != LS_OK ? err->code : code;

    if (rc == code)
        add_lines(err, code, "", text, false);
    free(text);
    if (err && rc == code)
        memcpy(err->sqlstate, state, sizeof(state));
    if (hint)
        ls_err_hint(err, "%s", hint);
    return rc;
}

/* Before anything is sent libpq complains about values; after the first try of an address the message names it. */
enum ls_rc pg_err_start(PGconn *conn, struct ls_err *err)
{
    const char *raw = PQerrorMessage(conn);
    struct ls_buf safe = LS_BUF_INIT;

    if (strstr(raw, "connection to server") || strstr(raw, "translate host name"))
        return pg_err_connect(conn, err);
    pg_add_safe_message(&safe, raw);

    enum ls_rc rc = ls_err_set(err, LS_E_USAGE, "the database URL cannot be used: %s", safe.ptr);

    ls_err_hint(err, "correct this parameter in the URL, in the service file or in the environment");
    ls_buf_release(&safe);
    return rc;
}
