#include <config.h>

#include "db/postgres/pg_internal.h"

#include <ctype.h>
#include <string.h>

#include "lockstep/base/redact.h"

/* Used where the URL, the service file and the environment do not say otherwise (they come later in the list). A dead link is
 * noticed within 30 s, by us and, through the server's own settings (setup.c), by the server: reliability.md F5. */
static const struct {
    const char *key, *value;
} defaults[] = {
    {"keepalives", "1"},       {"keepalives_idle", "15"},     {"keepalives_interval", "5"},
    {"keepalives_count", "3"}, {"tcp_user_timeout", "30000"}, {"fallback_application_name", "lockstep"},
};

static bool is_libpq_keyword(const PQconninfoOption *all, const char *key)
{
    for (const PQconninfoOption *o = all; o && o->keyword; o++)
        if (!strcmp(o->keyword, key))
            return true;
    return !strcmp(key, "ssl"); /* what JDBC writes; libpq reads "ssl=true" in URIs */
}

/* libpq takes a part of a password for a host or a database name when it holds '@', '/' or '?' as they are, and would print it. */
static enum ls_rc check_userinfo(const char *rest, struct ls_err *err)
{
    size_t auth_len = strcspn(rest, "/?#");
    const char *at = memchr(rest, '@', auth_len);
    const char *second = at ? strchr(at + 1, '@') : NULL;
    const char *query = strchr(rest, '?');
    bool is_odd = at ? second && second < rest + auth_len : memchr(rest, ':', auth_len) && strchr(rest + auth_len, '@');

    /* user:pa/ss@host: no '@' before the first '/', one behind it. In the values of the parameters it may stand. */
    if (is_odd && !at && query && strchr(rest + auth_len, '@') > query) {
        const char *colon = memchr(rest, ':', auth_len);
        size_t digits = strspn(colon + 1, "0123456789,:");

        is_odd = colon + 1 + digits < rest + auth_len;
    }
    if (!is_odd)
        return LS_OK;
    ls_err_set(err, LS_E_USAGE, "the database URL cannot be read: there is an '@', '/' or '?' in it that is not percent-encoded");
    ls_err_hint(err,
                "in a password write @ as %%40, / as %%2F, ? as %%3F, # as %%23, %% as %%25; or leave the password to ~/.pgpass");
    return LS_E_USAGE;
}

static bool is_unreserved(char c)
{
    return isalnum((unsigned char)c) || strchr("-._~", c) != NULL;
}

static void add_encoded(struct ls_buf *out, const char *text)
{
    for (; *text; text++) {
        if (is_unreserved(*text))
            ls_buf_addc(out, *text);
        else
            ls_buf_addf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

/* One "-c name=value" of libpq's options keyword, where a backslash keeps a space. */
static void add_setting(struct ls_buf *options, const char *name, const char *value)
{
    ls_buf_addf(options, "%s-c %s=", options->len ? " " : "", name);
    for (; *value; value++) {
        if (isspace((unsigned char)*value) || *value == '\\')
            ls_buf_addc(options, '\\');
        ls_buf_addc(options, *value);
    }
}

/* Rewrites the URLs of other tools into one that libpq reads: any scheme becomes postgresql, what is not for a connection is left
 * out, and a parameter that libpq does not know is a setting of the session, as Go's drivers have it (search_path=app). */
static void normalise_uri(const char *rest, struct ls_buf *uri, struct ls_buf *options)
{
    size_t len = strcspn(rest, "?");
    const char *query = rest[len] ? rest + len + 1 : NULL;
    PQconninfoOption *all = PQconndefaults();
    struct ls_buf key = LS_BUF_INIT, value = LS_BUF_INIT;
    char mark = '?';

    ls_buf_adds(uri, "postgresql://");
    ls_buf_add(uri, rest, len);
    while (ls_url_next_param(&query, &key, &value)) {
        if (is_libpq_keyword(all, key.ptr)) {
            ls_buf_addc(uri, mark);
            ls_buf_addf(uri, "%s=", key.ptr);
            add_encoded(uri, value.ptr);
            mark = '&';
        } else if (!strcmp(key.ptr, "schema")) { /* Prisma */
            add_setting(options, "search_path", value.ptr);
        } else if (!ls_url_param_is_foreign(key.ptr)) {
            add_setting(options, key.ptr, value.ptr);
        }
    }
    ls_wipe(value.ptr, value.len);
    ls_buf_release(&key);
    ls_buf_release(&value);
    PQconninfoFree(all);
}

static bool str_ends(struct ls_str s, const char *suffix)
{
    size_t n = strlen(suffix);

    return s.len >= n && !memcmp(s.ptr + s.len - n, suffix, n);
}

/* libpq quotes what it could not read, and that may be a piece of a password: what stands between the first quote and the last
 * goes, except a plain word that is called an option, a parameter or a service. */
void pg_add_safe_message(struct ls_buf *out, const char *text)
{
    size_t len = strcspn(text, "\n");
    const char *end = text + len;
    const char *first = memchr(text, '"', len);
    const char *tail = strstr(text, "\" for connection option \"");

    if (!first) {
        ls_buf_add(out, text, len);
        return;
    }
    if (tail && tail < end) {
        ls_buf_addf(out, "%.*s\"***%.*s", (int)(first - text), text, (int)(end - tail), tail);
        return;
    }

    const char *last = end;

    while (last[-1] != '"')
        last--;

    size_t word = strspn(first + 1, "abcdefghijklmnopqrstuvwxyz_0123456789-");
    struct ls_str before = {text, (size_t)(first - text)};
    bool is_name = first + 1 + word == last - 1 &&
                   (str_ends(before, "option ") || str_ends(before, "parameter: ") || str_ends(before, "service "));

    if (is_name)
        ls_buf_add(out, text, len);
    else
        ls_buf_addf(out, "%.*s\"***\"%.*s", (int)(first - text), text, (int)(end - last), last);
}

static PQconninfoOption *parse(const struct ls_db_params *params, struct ls_buf *options, struct ls_err *err)
{
    size_t body;
    struct ls_buf text = LS_BUF_INIT;
    PQconninfoOption *opts = NULL;
    char *why = NULL;

    if (ls_url_form(params->url, &body) == LS_URL_PG_URI) {
        if (check_userinfo(params->url + body, err) != LS_OK)
            return NULL;
        normalise_uri(params->url + body, &text, options);
    } else {
        ls_buf_adds(&text, params->url);
    }
    opts = PQconninfoParse(text.ptr, &why);
    if (!opts) {
        struct ls_buf safe = LS_BUF_INIT;

        pg_add_safe_message(&safe, why ? why : "out of memory");
        ls_err_set(err, LS_E_USAGE, "the database URL cannot be read: %s", safe.ptr);
        ls_err_hint(err, "form: postgres://USER:PASSWORD@HOST:PORT/DBNAME?sslmode=verify-full, special characters percent-encoded");
        ls_buf_release(&safe);
    }
    PQfreemem(why);
    ls_wipe(text.ptr, text.len);
    ls_buf_release(&text);
    return opts;
}

static void add(struct pg_conninfo *ci, int *n, const char *key, const char *value)
{
    ci->keywords[*n] = ls_arena_str(ci->arena, key);
    ci->values[(*n)++] = ls_arena_str(ci->arena, value);
}

enum ls_rc pg_conninfo_init(struct pg_conninfo *ci, const struct ls_db_params *params, struct ls_err *err)
{
    struct ls_buf options = LS_BUF_INIT;
    PQconninfoOption *opts = parse(params, &options, err);
    size_t max = LS_ARRAY_LEN(defaults) + 4;
    int n = 0;

    *ci = (struct pg_conninfo){0};
    if (!opts) {
        ls_buf_release(&options);
        return LS_E_USAGE;
    }
    for (const PQconninfoOption *o = opts; o->keyword; o++)
        max++;
    ci->arena = ls_arena_new();
    ci->keywords = LS_ARENA_ARRAY(ci->arena, const char *, max);
    ci->values = LS_ARENA_ARRAY(ci->arena, const char *, max);
    for (size_t i = 0; i < LS_ARRAY_LEN(defaults); i++)
        add(ci, &n, defaults[i].key, defaults[i].value);
    for (PQconninfoOption *o = opts; o->keyword; o++) {
        if (!o->val || !*o->val)
            continue;
        add(ci, &n, o->keyword, o->val);
        if (!strcmp(o->keyword, "options") && options.len) {
            ls_buf_addf(&options, " %s", o->val); /* what the URL says itself comes last, and wins */
        }
        if (strchr(o->dispchar, '*'))
            ls_wipe(o->val, strlen(o->val));
    }
    PQconninfoFree(opts);
    if (options.len)
        add(ci, &n, "options", options.ptr);
    if (params->application_name)
        add(ci, &n, "application_name", params->application_name);
    add(ci, &n, "client_encoding", "UTF8"); /* err->offset and ls_ui_text count on it */
    ls_buf_release(&options);
    return LS_OK;
}

void pg_conninfo_release(struct pg_conninfo *ci)
{
    for (int i = 0; ci->keywords && ci->keywords[i]; i++)
        if (strstr(ci->keywords[i], "password"))
            ls_wipe((void *)(uintptr_t)ci->values[i], strlen(ci->values[i]));
    ls_arena_free(ci->arena);
    *ci = (struct pg_conninfo){0};
}
