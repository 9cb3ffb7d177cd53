#include <config.h>

#include "format/settings.h"

#include <stdarg.h>
#include <string.h>

#include "lockstep/base/file.h"
#include "lockstep/base/secret.h"
#include "lockstep/base/redact.h"

#define MAX_FILE     ((size_t)1024 * 1024)
#define MAX_SETTINGS 20000

bool ls_settings_wants(const struct ls_settings *s, const char *key, size_t len)
{
    if (s->only == NULL)
        return true;
    for (const char *const *k = s->only; *k != NULL; k++)
        if (strlen(*k) == len && memcmp(*k, key, len) == 0)
            return true;
    return false;
}

void ls_settings_add(struct ls_settings_reader *r, const char *key, const char *value, size_t len, int line)
{
    struct ls_settings *s = r->out;

    if (s->s.n >= MAX_SETTINGS || !ls_settings_wants(s, key, strlen(key)))
        return;
    *LS_VEC_PUSH(&s->s) = (struct ls_setting){ls_arena_str(s->arena, key), ls_arena_strn(s->arena, value, len), r->path, line};
}

enum ls_rc ls_settings_fail(struct ls_settings_reader *r, int line, const char *fmt, ...)
{
    struct ls_buf why = LS_BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    ls_buf_vaddf(&why, fmt, ap);
    va_end(ap);
    ls_err_set(r->err, LS_E_INPUT, "%s:%d: %s", r->path, line, why.ptr);
    if (r->err != NULL)
        r->err->line = line;
    ls_buf_release(&why);
    return LS_E_INPUT;
}

bool ls_settings_add_point(struct ls_buf *out, unsigned long p)
{
    if (p == 0 || p > 0x10ffff || (p >= 0xd800 && p < 0xe000))
        return false;
    if (p < 0x80) {
        ls_buf_addc(out, (char)p);
    } else if (p < 0x800) {
        ls_buf_addc(out, (char)(0xc0 | p >> 6));
        ls_buf_addc(out, (char)(0x80 | (p & 0x3f)));
    } else if (p < 0x10000) {
        ls_buf_addc(out, (char)(0xe0 | p >> 12));
        ls_buf_addc(out, (char)(0x80 | (p >> 6 & 0x3f)));
        ls_buf_addc(out, (char)(0x80 | (p & 0x3f)));
    } else {
        ls_buf_addc(out, (char)(0xf0 | p >> 18));
        ls_buf_addc(out, (char)(0x80 | (p >> 12 & 0x3f)));
        ls_buf_addc(out, (char)(0x80 | (p >> 6 & 0x3f)));
        ls_buf_addc(out, (char)(0x80 | (p & 0x3f)));
    }
    return true;
}

enum ls_rc ls_settings_parse(struct ls_settings *out, enum ls_settings_kind kind, const char *text, size_t len, const char *path,
                             struct ls_err *err)
{
    static enum ls_rc (*const readers[])(struct ls_settings_reader *) = {
        [LS_SETTINGS_ENV] = ls_settings_read_env,
        [LS_SETTINGS_TOML] = ls_settings_read_toml,
        [LS_SETTINGS_PROPERTIES] = ls_settings_read_properties,
        [LS_SETTINGS_YAML] = ls_settings_read_yaml,
        [LS_SETTINGS_JSON] = ls_settings_read_json,
    };
    struct ls_settings_reader r = {.out = out, .text = text, .len = len, .line = 1, .err = err};

    if (out->arena == NULL)
        out->arena = ls_arena_new();
    r.path = ls_arena_str(out->arena, path);
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        r.at = r.first = 3;
    return readers[kind](&r);
}

enum ls_rc ls_settings_load(struct ls_settings *out, enum ls_settings_kind kind, const char *path, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = LS_OK;

    if (out->arena == NULL)
        out->arena = ls_arena_new();
    if (ls_path_kind(path) != LS_PATH_NONE) {
        rc = ls_file_read(path, 0, MAX_FILE, &text, err);
        if (rc == LS_OK)
            ls_secret_look(text.ptr);
        if (rc == LS_OK)
            rc = ls_settings_parse(out, kind, text.ptr != NULL ? text.ptr : "", text.len, path, err);
    }
    ls_wipe(text.ptr, text.len);
    ls_buf_release(&text);
    return rc;
}

const struct ls_setting *ls_settings_get(const struct ls_settings *s, const char *key)
{
    for (size_t i = s->s.n; i-- > 0;)
        if (strcmp(s->s.v[i].key, key) == 0)
            return &s->s.v[i];
    return NULL;
}

const char *ls_settings_value(const struct ls_settings *s, const char *key)
{
    const struct ls_setting *found = ls_settings_get(s, key);

    return found != NULL && found->value[0] != '\0' ? found->value : NULL;
}

void ls_settings_release(struct ls_settings *s)
{
    LS_VEC_RELEASE(&s->s);
    ls_arena_free(s->arena);
    s->arena = NULL;
}
