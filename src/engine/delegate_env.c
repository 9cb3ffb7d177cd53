/* The target's address in the forms that migration tools take, for a child's environment. */
#include <config.h>

#include "engine/delegate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"

/* Keywords of libpq and the variables that say the same. */
static const struct {
    const char *keyword, *variable;
} variables[] = {
    {"host", "PGHOST"},
    {"hostaddr", "PGHOSTADDR"},
    {"port", "PGPORT"},
    {"user", "PGUSER"},
    {"dbname", "PGDATABASE"},
    {"options", "PGOPTIONS"},
    {"sslmode", "PGSSLMODE"},
    {"sslrootcert", "PGSSLROOTCERT"},
    {"sslcert", "PGSSLCERT"},
    {"sslkey", "PGSSLKEY"},
    {"sslcrl", "PGSSLCRL"},
    {"channel_binding", "PGCHANNELBINDING"},
    {"gssencmode", "PGGSSENCMODE"},
    {"krbsrvname", "PGKRBSRVNAME"},
    {"connect_timeout", "PGCONNECT_TIMEOUT"},
};

struct setting {
    const char *key, *value;
};

struct target {
    struct ls_arena *arena;
    LS_VEC(struct setting) settings;
    struct ls_buf password, url, authority;
    const char *path, *database;
};

static void wipe(struct ls_buf *b)
{
    if (b->ptr != NULL)
        ls_wipe(b->ptr, b->len);
    ls_buf_release(b);
}

static void release(struct target *t)
{
    wipe(&t->password);
    wipe(&t->url);
    wipe(&t->authority);
    LS_VEC_RELEASE(&t->settings);
    ls_arena_free(t->arena);
}

static const char *value_of(const struct target *t, const char *key)
{
    for (size_t i = 0; i < t->settings.n; i++)
        if (strcmp(t->settings.v[i].key, key) == 0)
            return t->settings.v[i].value;
    return "";
}

/* The keyword string that ls_db_child_conninfo makes: key='value' with \' and \\ in it. */
static void parse(struct target *t, const char *p)
{
    struct ls_buf value = LS_BUF_INIT;

    while (*p != '\0') {
        size_t n = strcspn(p, "=");
        const char *key = ls_arena_strn(t->arena, p, n);

        ls_buf_clear(&value);
        for (p += n + (p[n] == '=' ? 2 : 0); *p != '\0' && *p != '\''; p++) {
            p += *p == '\\' && p[1] != '\0';
            ls_buf_addc(&value, *p);
        }
        p += strspn(p, "' ");
        *LS_VEC_PUSH(&t->settings) = (struct setting){key, ls_arena_strn(t->arena, value.ptr, value.len)};
    }
    ls_buf_release(&value);
}

static void add_encoded(struct ls_buf *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL)
            ls_buf_addc(out, *text);
        else
            ls_buf_addf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

/* Sockets have no place in front of the path: their folder goes behind it. */
static void add_authority(struct ls_buf *out, const struct target *t, const char *password)
{
    const char *host = value_of(t, "host"), *user = value_of(t, "user"), *port = value_of(t, "port");
    bool is_socket = host[0] == '/' || host[0] == '\0' || host[0] == '@', is_first = true;

    ls_buf_adds(out, "//");
    add_encoded(out, user);
    if (password[0] != '\0') {
        ls_buf_addc(out, ':');
        add_encoded(out, password);
    }
    if (user[0] != '\0' || password[0] != '\0')
        ls_buf_addc(out, '@');
    if (!is_socket && strchr(host, ':') != NULL)
        ls_buf_addf(out, "[%s]", host);
    else if (!is_socket)
        ls_buf_adds(out, host);
    if (!is_socket && port[0] != '\0')
        ls_buf_addf(out, ":%s", port);
    ls_buf_addc(out, '/');
    add_encoded(out, value_of(t, "dbname"));
    for (size_t i = 0; i < t->settings.n; i++) {
        const char *key = t->settings.v[i].key;
        bool in_front = strcmp(key, "user") == 0 || strcmp(key, "dbname") == 0 || (!is_socket && (strcmp(key, "host") == 0 || strcmp(key, "port") == 0));

        if (in_front || strcmp(key, "application_name") == 0)
            continue;
        ls_buf_addf(out, "%c%s=", is_first ? '?' : '&', key);
        add_encoded(out, t->settings.v[i].value);
        is_first = false;
    }
}

static enum ls_rc read_postgres(struct ls_session *s, struct target *t, struct ls_err *err)
{
    struct ls_buf words = LS_BUF_INIT;
    enum ls_rc rc = ls_db_child_conninfo(s->db, &words, &t->password, err);

    if (rc == LS_OK) {
        parse(t, words.ptr);
        ls_buf_adds(&t->url, "postgresql:");
        add_authority(&t->url, t, t->password.ptr);
        add_authority(&t->authority, t, "");
        t->database = value_of(t, "dbname");
        t->path = "";
    }
    wipe(&words);
    return rc;
}

static enum ls_rc read_sqlite(struct ls_session *s, struct target *t, struct ls_err *err)
{
    const char *name = ls_db_info(s->db)->database;
    char resolved[PATH_MAX];

    if (name[0] == '\0' || strcmp(name, ":memory:") == 0)
        return ls_err_set(err, LS_E_UNSUPPORTED, "a database in memory is seen by no other program: its tool cannot migrate it");
    if (realpath(name, resolved) == NULL)
        return ls_err_sys(err, "%s", name);
    t->path = t->database = ls_arena_str(t->arena, resolved);
    ls_buf_addf(&t->url, "sqlite:///%s", t->path);
    ls_buf_adds(&t->authority, t->path);
    return LS_OK;
}

static const char *word_value(const struct target *t, const char *word)
{
    const struct {
        const char *word, *value;
    } values[] = {{LS_ENV_URL, t->url.ptr}, {LS_ENV_AUTHORITY, t->authority.ptr}, {LS_ENV_PATH, t->path}, {LS_ENV_PASSWORD, t->password.ptr},
                  {LS_ENV_DATABASE, t->database}};

    for (size_t i = 0; i < LS_ARRAY_LEN(values); i++)
        if (strcmp(word, values[i].word) == 0)
            return values[i].value != NULL ? values[i].value : "";
    return "";
}

typedef LS_VEC(char *) str_vec;

static bool has_variable(const str_vec *env, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < env->n; i++)
        if (strncmp(env->v[i], name, n) == 0 && env->v[i][n] == '=')
            return true;
    return false;
}

static void add_variable(str_vec *env, const char *name, const char *text, const char *value)
{
    if (!has_variable(env, name))
        *LS_VEC_PUSH(env) = ls_asprintf("%s=%s%s", name, text, value);
}

static void add_libpq(str_vec *env, const struct target *t, const char *app_name)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(variables); i++)
        if (value_of(t, variables[i].keyword)[0] != '\0')
            add_variable(env, variables[i].variable, "", value_of(t, variables[i].keyword));
    if (t->password.len > 0)
        add_variable(env, "PGPASSWORD", "", t->password.ptr);
    if (app_name != NULL)
        add_variable(env, "PGAPPNAME", "", app_name);
}

enum ls_rc ls_delegate_env(struct ls_session *s, const struct ls_child_cmd *cmd, const char *app_name, char ***out, struct ls_err *err)
{
    struct target t = {.arena = ls_arena_new(), .password = LS_BUF_INIT, .url = LS_BUF_INIT, .authority = LS_BUF_INIT};
    bool is_pg = s->dialect == LS_DIALECT_POSTGRES;
    str_vec env = {0};
    enum ls_rc rc = is_pg ? read_postgres(s, &t, err) : read_sqlite(s, &t, err);

    *out = NULL;
    if (rc == LS_OK) {
        for (int i = 0; i < cmd->n_env; i++)
            add_variable(&env, cmd->env[i].name, cmd->env[i].text != NULL ? cmd->env[i].text : "",
                         cmd->env[i].word != NULL ? word_value(&t, cmd->env[i].word) : "");
        if (is_pg)
            add_libpq(&env, &t, app_name);
        *LS_VEC_PUSH(&env) = NULL;
        *out = env.v;
    }
    release(&t);
    return rc;
}

void ls_delegate_env_free(char **env)
{
    for (size_t i = 0; env != NULL && env[i] != NULL; i++) {
        ls_wipe(env[i], strlen(env[i]));
        free(env[i]);
    }
    free(env);
}
