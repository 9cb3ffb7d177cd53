#include <config.h>

#include "format/config.h"

#include <string.h>

#include "lockstep/base/file.h"

static const char *in_root(const struct ls_config_reader *r, const char *name)
{
    return strcmp(r->root, ".") == 0 || name[0] == '/' ? name : ls_arena_printf(r->arena, "%s/%s", r->root, name);
}

enum ls_rc ls_config_begin(struct ls_config_reader *r, const char *const *names)
{
    memset(r->out, 0, sizeof(*r->out));
    return names != NULL ? ls_config_read_env(r, names) : LS_OK;
}

enum ls_rc ls_config_read_env(struct ls_config_reader *r, const char *const *names)
{
    const char *path = in_root(r, ".env");

    r->env.only = names;
    r->env.getenv_fn = r->getenv_fn;
    return ls_path_kind(path) == LS_PATH_FILE ? ls_settings_load(&r->env, LS_SETTINGS_ENV, path, r->err) : LS_OK;
}

void ls_config_end(struct ls_config_reader *r)
{
    ls_settings_release(&r->env);
    ls_settings_release(&r->file);
}

const char *ls_config_var(struct ls_config_reader *r, const char *name, const char **source)
{
    const char *value = r->getenv_fn != NULL ? r->getenv_fn(name) : NULL;
    const struct ls_setting *s = ls_settings_get(&r->env, name);

    if (value != NULL && value[0] != '\0') {
        *source = ls_arena_str(r->arena, name);
        return value;
    }
    if (s == NULL || s->value[0] == '\0')
        return NULL;
    *source = ls_arena_printf(r->arena, "%s in %s", name, s->path);
    return s->value;
}

enum ls_rc ls_config_load(struct ls_config_reader *r, enum ls_settings_kind kind, const char *name)
{
    const char *path = in_root(r, name);

    return ls_path_kind(path) == LS_PATH_FILE ? ls_settings_load(&r->file, kind, path, r->err) : LS_OK;
}

const char *ls_config_key(struct ls_config_reader *r, const char *key, const char **source)
{
    const struct ls_setting *s = ls_settings_get(&r->file, key);

    if (s == NULL || s->value[0] == '\0')
        return NULL;
    *source = ls_arena_printf(r->arena, "%s in %s", key, s->path);
    return s->value;
}

static void set(struct ls_arena *arena, const char **to, const char **to_source, const char *value, const char *source)
{
    if (value == NULL || *to != NULL)
        return;
    *to = ls_arena_str(arena, value);
    *to_source = ls_arena_str(arena, source);
}

void ls_config_set_url(struct ls_config_reader *r, const char *value, const char *source)
{
    set(r->arena, &r->out->url, &r->out->url_source, value, source);
}

void ls_config_set_dir(struct ls_config_reader *r, const char *value, const char *source)
{
    size_t n;

    if (value == NULL)
        return;
    if (strncmp(value, "./", 2) == 0 && value[2] != '\0')
        value += 2;
    n = strlen(value);
    while (n > 1 && value[n - 1] == '/')
        n--;
    set(r->arena, &r->out->dir, &r->out->dir_source, in_root(r, ls_arena_strn(r->arena, value, n)), source);
}

void ls_config_set_table(struct ls_config_reader *r, const char *value, const char *source)
{
    set(r->arena, &r->out->table, &r->out->table_source, value, source);
}

static void add_encoded(struct ls_buf *out, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        bool is_plain =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-._~", *p) != NULL;

        if (is_plain)
            ls_buf_addc(out, (char)*p);
        else
            ls_buf_addf(out, "%%%02X", *p);
    }
}

const char *ls_config_with_user(struct ls_arena *arena, const char *url, const char *user, const char *password)
{
    const char *at = strstr(url, "://"), *out;
    struct ls_buf b = LS_BUF_INIT;
    size_t authority;

    if (at == NULL || user == NULL)
        return url;
    authority = strcspn(at + 3, "/?#");
    if (memchr(at + 3, '@', authority) != NULL)
        return url;
    ls_buf_add(&b, url, (size_t)(at + 3 - url));
    add_encoded(&b, user);
    if (password != NULL) {
        ls_buf_addc(&b, ':');
        add_encoded(&b, password);
    }
    ls_buf_addc(&b, '@');
    ls_buf_adds(&b, at + 3);
    out = ls_arena_strn(arena, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}
