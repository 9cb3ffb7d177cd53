#include <config.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "db/db_internal.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

/* Schemes, without what SQLAlchemy adds behind '+'. */
static const struct {
    const char *name;
    enum ls_url_form form;
} schemes[] = {
    {"postgres", LS_URL_PG_URI}, {"postgresql", LS_URL_PG_URI}, {"pgx", LS_URL_PG_URI},     {"pgx4", LS_URL_PG_URI},
    {"pgx5", LS_URL_PG_URI},     {"sqlite", LS_URL_SQLITE},     {"sqlite3", LS_URL_SQLITE}, {"file", LS_URL_SQLITE},
};

/* A keyword string is told from a path with '=' in it by its first keyword (libpq's connection parameters). */
static const char *const pg_keywords[] = {
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "passfile",
    "service",
    "servicefile",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslcrl",
    "options",
    "application_name",
    "fallback_application_name",
    "connect_timeout",
    "client_encoding",
    "keepalives",
    "gssencmode",
    "krbsrvname",
    "channel_binding",
    "target_session_attrs",
    "requirepeer",
    "replication",
};

static const char *const sqlite_suffixes[] = {".db", ".sqlite", ".sqlite3", ".db3"};

static const char accepted_forms[] =
    "accepted: sqlite:PATH, file:PATH, a path ending in .db or .sqlite, postgres://USER@HOST:PORT/DBNAME, "
    "or a libpq string like \"host=... dbname=...\" or \"service=...\"";

static bool ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);

    return n > m && strcasecmp(s + n - m, suffix) == 0;
}

static bool is_keyword_string(const char *url)
{
    while (isspace((unsigned char)*url))
        url++;

    size_t len = strspn(url, "abcdefghijklmnopqrstuvwxyz_");
    const char *after = url + len;

    while (isspace((unsigned char)*after))
        after++;
    if (*after != '=')
        return false;
    for (size_t i = 0; i < LS_ARRAY_LEN(pg_keywords); i++)
        if (strlen(pg_keywords[i]) == len && strncmp(pg_keywords[i], url, len) == 0)
            return true;
    return false;
}

enum ls_url_form ls_url_form(const char *url, size_t *body)
{
    size_t len = strcspn(url, ":+/?");
    size_t colon = url[len] == '+' ? len + strcspn(url + len, ":/?") : len;

    *body = 0;
    if (!strcmp(url, ":memory:"))
        return LS_URL_SQLITE;
    for (size_t i = 0; url[colon] == ':' && i < LS_ARRAY_LEN(schemes); i++) {
        if (strlen(schemes[i].name) != len || strncasecmp(schemes[i].name, url, len) != 0)
            continue;
        *body = colon + 1;
        if (schemes[i].form == LS_URL_SQLITE)
            return LS_URL_SQLITE;
        if (strncmp(url + colon, "://", 3) != 0)
            return LS_URL_NONE;
        *body = colon + 3;
        return LS_URL_PG_URI;
    }
    if (is_keyword_string(url))
        return LS_URL_PG_KEYWORDS;
    for (size_t i = 0; i < LS_ARRAY_LEN(sqlite_suffixes); i++)
        if (ends_with(url, sqlite_suffixes[i]))
            return LS_URL_SQLITE;
    return LS_URL_NONE;
}

enum ls_rc ls_db_url_dialect(const char *url, enum ls_dialect *out, struct ls_err *err)
{
    size_t body;
    enum ls_url_form form = url ? ls_url_form(url, &body) : LS_URL_NONE;

    if (form == LS_URL_NONE) {
        /* The text itself stays out of the message: whatever it is, it may hold a password. */
        enum ls_rc rc = ls_err_set(err, LS_E_USAGE, !url || !*url ? "the database URL is empty" : "this is not a database URL");

        ls_err_hint(err, "%s", accepted_forms);
        return rc;
    }
    *out = form == LS_URL_SQLITE ? LS_DIALECT_SQLITE : LS_DIALECT_POSTGRES;
#ifndef LS_WITH_SQLITE
    if (form == LS_URL_SQLITE)
        return ls_err_set(err, LS_E_UNSUPPORTED, "this build of lockstep has no SQLite driver");
#endif
#ifndef LS_WITH_POSTGRES
    if (form != LS_URL_SQLITE)
        return ls_err_set(err, LS_E_UNSUPPORTED, "this build of lockstep has no PostgreSQL driver");
#endif
    return LS_OK;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return at ? (int)(at - digits) : -1;
}

static void add_decoded(struct ls_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int hi = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
        int lo = hi >= 0 ? hex_digit(text[i + 2]) : -1;

        if (lo >= 0 && (hi || lo)) { /* %00 stays as it is: no name holds a NUL */
            ls_buf_addc(out, (char)(hi * 16 + lo));
            i += 2;
        } else {
            ls_buf_addc(out, text[i]);
        }
    }
}

bool ls_url_next_param(const char **query, struct ls_buf *key, struct ls_buf *value)
{
    const char *p = *query;

    ls_buf_clear(key);
    ls_buf_clear(value);
    while (p && *p == '&')
        p++;
    if (!p || !*p)
        return false;

    size_t len = strcspn(p, "&");
    size_t eq = strcspn(p, "=&");

    add_decoded(key, p, eq);
    if (eq < len)
        add_decoded(value, p + eq + 1, len - eq - 1);
    *query = p + len;
    return true;
}

bool ls_url_param_is_foreign(const char *key)
{
    static const char *const names[] = {
        "connection_limit",        "pool_timeout", "socket_timeout", "pgbouncer", "statement_cache_size",
        "default_query_exec_mode", "cache"};

    if (!strncmp(key, "x-", 2) || !strncmp(key, "pool_", 5))
        return true;
    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++)
        if (!strcmp(key, names[i]))
            return true;
    return false;
}

enum ls_rc ls_url_sqlite_path(const char *url, struct ls_buf *path, const char **query, struct ls_err *err)
{
    size_t body;

    ls_url_form(url, &body);

    const char *p = url + body;
    bool is_encoded = body && (!strncmp(p, "//", 2) || !strncasecmp(url, "file:", 5));

    if (body && !strncmp(p, "//", 2)) {
        p += 2;
        if (!strncasecmp(url, "file:", 5) && !strncasecmp(p, "localhost/", 10))
            p += 9;
    }

    size_t len = strlen(p);
    const char *mark = body ? strchr(p, '?') : NULL;

    *query = mark ? mark + 1 : NULL;
    if (mark)
        len = (size_t)(mark - p);
    if (is_encoded)
        add_decoded(path, p, len);
    else
        ls_buf_add(path, p, len);
    if (path->len == 0) {
        enum ls_rc rc = ls_err_set(err, LS_E_USAGE, "the database URL names no file");

        ls_err_hint(err, "write sqlite:PATH");
        return rc;
    }
    return LS_OK;
}

/* What a PostgreSQL address says about itself, for people. Passwords are parsed past, never stored. */
struct pg_words {
    struct ls_buf db, host, port, service, user;
};

static void pg_word_set(struct pg_words *w, const char *key, const char *value, size_t len)
{
    struct {
        const char *key;
        struct ls_buf *buf;
    } known[] = {{"dbname", &w->db}, {"host", &w->host}, {"port", &w->port}, {"service", &w->service}, {"user", &w->user}};

    if (!strcmp(key, "port") && strspn(value, "0123456789,") != len)
        return; /* no port, then: perhaps a piece of something else */
    for (size_t i = 0; i < LS_ARRAY_LEN(known); i++)
        if (!strcmp(known[i].key, key) || (i == 1 && !strcmp(key, "hostaddr") && !w->host.len)) {
            ls_buf_clear(known[i].buf);
            ls_buf_add(known[i].buf, value, len);
        }
}

static void pg_words_of_uri(struct pg_words *w, const char *p)
{
    size_t auth_len = strcspn(p, "/?#");
    const char *at = memchr(p, '@', auth_len);
    struct ls_buf key = LS_BUF_INIT, value = LS_BUF_INIT;

    /* An '@' behind the authority: part of a password that was not encoded. Then nothing here is what it seems. */
    if (!at && memchr(p, ':', auth_len) && strchr(p + auth_len, '@'))
        return;
    if (at && strchr(at + 1, '@') && strchr(at + 1, '@') < p + strcspn(p, "?"))
        return;
    if (at) {
        add_decoded(&w->user, p, strcspn(p, ":@"));
        auth_len -= (size_t)(at + 1 - p);
        p = at + 1;
    }

    /* Only of the first of several hosts; an IPv6 address stands in brackets. */
    size_t end = p[0] == '[' ? strcspn(p, "]/?#") + 1 : strcspn(p, ":,/?#");

    if (end > auth_len)
        end = auth_len;
    add_decoded(&w->host, p, end);
    if (p[end] == ':')
        ls_buf_add(&w->port, p + end + 1, strspn(p + end + 1, "0123456789"));
    p += auth_len;
    if (*p == '/') {
        size_t len = strcspn(p + 1, "?#");

        add_decoded(&w->db, p + 1, len);
        p += 1 + len;
    }
    for (const char *q = *p == '?' ? p + 1 : NULL; ls_url_next_param(&q, &key, &value);)
        pg_word_set(w, key.ptr, value.ptr, value.len);
    ls_buf_release(&key);
    ls_buf_release(&value);
}

static void pg_words_of_keywords(struct pg_words *w, const char *p)
{
    struct ls_buf key = LS_BUF_INIT, value = LS_BUF_INIT;

    for (;;) {
        ls_buf_clear(&key);
        ls_buf_clear(&value);
        while (isspace((unsigned char)*p))
            p++;
        while (*p && *p != '=' && !isspace((unsigned char)*p))
            ls_buf_addc(&key, *p++);
        while (isspace((unsigned char)*p))
            p++;
        if (*p++ != '=')
            break;
        while (isspace((unsigned char)*p))
            p++;

        bool quoted = *p == '\'';

        if (quoted)
            p++;
        while (*p && (quoted ? *p != '\'' : !isspace((unsigned char)*p))) {
            if (*p == '\\' && p[1])
                p++;
            ls_buf_addc(&value, *p++);
        }
        if (quoted && *p)
            p++;
        pg_word_set(w, key.ptr, value.ptr, value.len);
    }
    ls_buf_release(&key);
    ls_buf_release(&value);
}

/* A dbname may itself be a connection string, with a password in it. */
static const char *shown(const struct ls_buf *word)
{
    return strchr(word->ptr, '=') || strstr(word->ptr, "://") ? "***" : word->ptr;
}

static struct pg_words pg_words_of(enum ls_url_form form, const char *url, size_t body)
{
    struct pg_words w = {LS_BUF_INIT, LS_BUF_INIT, LS_BUF_INIT, LS_BUF_INIT, LS_BUF_INIT};

    if (form == LS_URL_PG_URI)
        pg_words_of_uri(&w, url + body);
    else
        pg_words_of_keywords(&w, url);
    return w;
}

static void pg_words_release(struct pg_words *w)
{
    ls_buf_release(&w->db);
    ls_buf_release(&w->host);
    ls_buf_release(&w->port);
    ls_buf_release(&w->service);
    ls_buf_release(&w->user);
}

static char *pg_label(enum ls_url_form form, const char *url, size_t body)
{
    struct pg_words w = pg_words_of(form, url, body);
    struct ls_buf out = LS_BUF_INIT;

    ls_buf_adds(&out, "postgres");
    if (w.db.len || w.user.len) /* libpq's default database is named as the user */
        ls_buf_addf(&out, " %s", w.db.len ? shown(&w.db) : w.user.ptr);
    if (w.service.len)
        ls_buf_addf(&out, " of service %s", w.service.ptr);
    if (w.host.len) {
        bool bare_v6 = w.host.ptr[0] != '[' && w.host.ptr[0] != '/' && strchr(w.host.ptr, ':');

        ls_buf_addf(&out, bare_v6 ? " at [%s]" : " at %s", w.host.ptr);
        if (w.port.len)
            ls_buf_addf(&out, ":%s", w.port.ptr);
    }
    pg_words_release(&w);
    return ls_buf_detach(&out);
}

const char *ls_db_typed_name(enum ls_dialect dialect, const char *database)
{
    return dialect == LS_DIALECT_SQLITE ? ls_path_base(database) : database;
}

char *ls_db_url_database(const char *url)
{
    size_t body = 0;
    enum ls_url_form form = url ? ls_url_form(url, &body) : LS_URL_NONE;
    struct ls_buf out = LS_BUF_INIT;
    const char *query;

    if (form == LS_URL_SQLITE) {
        if (ls_url_sqlite_path(url, &out, &query, NULL) != LS_OK)
            ls_buf_clear(&out);
    } else if (form != LS_URL_NONE) {
        struct pg_words w = pg_words_of(form, url, body);

        if (w.db.len && !strchr(w.db.ptr, '=') && !strstr(w.db.ptr, "://"))
            ls_buf_adds(&out, w.db.ptr);
        else if (!w.db.len && !w.service.len)
            ls_buf_adds(&out, w.user.ptr);
        pg_words_release(&w);
    }
    ls_buf_adds(&out, "");
    return ls_buf_detach(&out);
}

char *ls_db_url_label(const char *url)
{
    size_t body = 0;
    enum ls_url_form form = url ? ls_url_form(url, &body) : LS_URL_NONE;
    struct ls_buf out = LS_BUF_INIT;
    const char *query;

    if (form == LS_URL_NONE)
        return ls_strdup("unknown database");
    if (form != LS_URL_SQLITE)
        return pg_label(form, url, body);

    struct ls_buf path = LS_BUF_INIT;

    ls_buf_adds(&out, "sqlite");
    if (ls_url_sqlite_path(url, &path, &query, NULL) == LS_OK)
        ls_buf_addf(&out, " %s", path.ptr);
    ls_buf_release(&path);
    return ls_buf_detach(&out);
}
