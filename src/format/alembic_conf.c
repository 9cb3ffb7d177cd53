/* alembic.ini, [tool.alembic] of pyproject.toml, env.py: read as text, nothing is run. */
#include <config.h>

#include "format/alembic.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

enum { TEXT_MAX = 1024 * 1024, MAX_REFERENCES = 10 };

/* --- ini, as Python's ConfigParser takes it ------------------------------------------------------------------------------------------------ */

static struct ls_str stripped(const char *p, size_t n)
{
    while (n > 0 && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\f' || *p == '\v'))
        p++, n--;
    while (n > 0 && strchr(" \t\r\n\f\v", p[n - 1]) != NULL)
        n--;
    return (struct ls_str){p, n};
}

static bool is_word(struct ls_str s, const char *word)
{
    return s.len == strlen(word) && memcmp(s.ptr, word, s.len) == 0;
}

/* Option names are not case-sensitive, section names are. */
static bool is_key(struct ls_str s, const char *key)
{
    if (s.len != strlen(key))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if ((s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? s.ptr[i] + 32 : s.ptr[i]) != key[i])
            return false;
    return true;
}

/* The raw value in one section, the last one that is set. */
static bool ini_raw(const char *text, const char *section, const char *key, struct ls_buf *out, int *line_out)
{
    bool in_section = false, in_value = false, is_found = false, has_option = false;
    size_t indent = 0;
    int line = 0;

    for (const char *p = text, *next; *p != '\0'; p = next) {
        size_t n = strcspn(p, "\n"), lead = strspn(p, " \t");
        struct ls_str s = stripped(p, n);

        line++;
        next = p + n + (p[n] == '\n');
        if (s.len == 0 || s.ptr[0] == '#' || s.ptr[0] == ';')
            continue;
        if (has_option && lead > indent) { /* goes on from the line before */
            if (in_value)
                ls_buf_addf(out, "\n%.*s", (int)s.len, s.ptr);
            continue;
        }
        indent = lead;
        in_value = false;
        if (s.ptr[0] == '[' && s.ptr[s.len - 1] == ']') {
            in_section = is_word((struct ls_str){s.ptr + 1, s.len - 2}, section);
            has_option = false;
            continue;
        }
        has_option = true;
        size_t at = 0;
        while (at < s.len && s.ptr[at] != '=' && s.ptr[at] != ':')
            at++;
        if (!in_section || at == s.len || !is_key(stripped(s.ptr, at), key))
            continue;
        struct ls_str value = stripped(s.ptr + at + 1, s.len - at - 1);
        ls_buf_clear(out);
        ls_buf_add(out, value.ptr, value.len);
        in_value = is_found = true;
        if (line_out != NULL)
            *line_out = line;
    }
    return is_found;
}

struct ini {
    struct ls_arena *arena;
    const char *text, *section, *here;
};

static bool expand(const struct ini *ini, const char *raw, int depth, struct ls_buf *out);

static bool add_reference(const struct ini *ini, const char *key, int depth, struct ls_buf *out)
{
    struct ls_buf raw = LS_BUF_INIT;
    bool ok = false;

    if (strcmp(key, "here") == 0) {
        ls_buf_adds(out, ini->here);
        return true;
    }
    if (depth < MAX_REFERENCES && (ini_raw(ini->text, ini->section, key, &raw, NULL) || ini_raw(ini->text, "DEFAULT", key, &raw, NULL)))
        ok = expand(ini, raw.ptr, depth + 1, out);
    ls_buf_release(&raw);
    return ok;
}

/* "%(key)s" and "%%"; anything else behind a '%' is an error, as it is to Python. */
static bool expand(const struct ini *ini, const char *raw, int depth, struct ls_buf *out)
{
    for (const char *p = raw; *p != '\0'; p++) {
        const char *end;

        if (*p != '%') {
            ls_buf_addc(out, *p);
        } else if (p[1] == '%') {
            ls_buf_addc(out, *++p);
        } else if (p[1] == '(' && (end = strstr(p, ")s")) != NULL) {
            if (out->len > TEXT_MAX || !add_reference(ini, ls_arena_strn(ini->arena, p + 2, (size_t)(end - p - 2)), depth, out))
                return false;
            p = end + 1;
        } else {
            return false;
        }
    }
    return true;
}

const char *ls_alembic_ini_get(struct ls_arena *arena, const char *text, const char *section, const char *key, const char *here, int *line)
{
    const struct ini ini = {arena, text, section, here};
    struct ls_buf raw = LS_BUF_INIT, value = LS_BUF_INIT;
    const char *out = NULL;

    if ((ini_raw(text, section, key, &raw, line) || ini_raw(text, "DEFAULT", key, &raw, line)) && expand(&ini, raw.ptr != NULL ? raw.ptr : "", 0, &value))
        out = ls_arena_strn(arena, value.ptr != NULL ? value.ptr : "", value.len);
    ls_buf_release(&raw);
    ls_buf_release(&value);
    return out;
}

/* --- toml, as much as alembic's keys need ---------------------------------------------------------------------------------------------------- */

/* One string, "basic" with the plain escapes or 'literal'; *p behind it. */
static bool toml_string(const char **p, struct ls_buf *out)
{
    char q = **p;

    if (q != '"' && q != '\'')
        return false;
    for ((*p)++; **p != q; (*p)++) {
        if (**p == '\0' || **p == '\n')
            return false;
        if (q == '"' && **p == '\\') {
            (*p)++;
            if (**p != '"' && **p != '\\')
                return false;
        }
        ls_buf_addc(out, **p);
    }
    (*p)++;
    return true;
}

static const char *toml_gap(const char *p)
{
    for (;; p++) {
        p += strspn(p, " \t\r\n,");
        if (*p != '#')
            return p;
        p += strcspn(p, "\n");
        if (*p == '\0')
            return p;
    }
}

const char *ls_alembic_toml_get(struct ls_arena *arena, const char *text, const char *table, const char *key)
{
    char *header = ls_asprintf("[%s]", table);
    struct ls_buf out = LS_BUF_INIT;
    const char *found = NULL;
    bool in_table = false;

    for (const char *p = text; found == NULL && p != NULL && *p != '\0'; p = strchr(p, '\n'), p = p != NULL ? p + 1 : NULL) {
        struct ls_str line = stripped(p, strcspn(p, "\n#"));
        size_t at = 0;

        if (line.len > 0 && line.ptr[0] == '[')
            in_table = is_word(line, header);
        while (at < line.len && line.ptr[at] != '=')
            at++;
        if (!in_table || at == line.len || !is_word(stripped(line.ptr, at), key))
            continue;
        const char *v = line.ptr + at + 1;
        bool ok = true;
        v += strspn(v, " \t");
        if (*v == '[')
            for (v = toml_gap(v + 1); ok && *v != ']'; v = toml_gap(v)) {
                if (out.len > 0)
                    ls_buf_addc(&out, '\n');
                ok = toml_string(&v, &out);
            }
        else
            ok = toml_string(&v, &out);
        if (!ok)
            break;
        found = ls_arena_strn(arena, out.ptr != NULL ? out.ptr : "", out.len);
    }
    ls_buf_release(&out);
    free(header);
    return found;
}

/* --- env.py ---------------------------------------------------------------------------------------------------------------------------------- */

/* What follows NAME= in code: a literal in *value, or *is_code. */
static void find_argument(struct ls_arena *arena, const char *text, const char *name, const char **value, bool *is_code)
{
    size_t n = strlen(name);

    *value = NULL;
    for (const char *p = text; (p = strstr(p, name)) != NULL; p += n) {
        const char *line = p, *v = p + n + strspn(p + n, " \t");

        while (line > text && line[-1] != '\n')
            line--;
        if (memchr(line, '#', (size_t)(p - line)) != NULL || (p > text && (p[-1] == '_' || (p[-1] >= 'a' && p[-1] <= 'z'))) || *v != '=' || v[1] == '=')
            continue;
        v += 1 + strspn(v + 1, " \t");
        size_t len = *v == '"' || *v == '\'' ? strcspn(v + 1, *v == '"' ? "\"\\\n" : "'\\\n") : 0;
        if (len > 0 && v[len + 1] == *v)
            *value = ls_arena_strn(arena, v + 1, len);
        else if (strncmp(v, "None", 4) != 0)
            *is_code = true;
    }
}

static void read_table(struct ls_arena *arena, struct ls_alembic_conf *c)
{
    const char *table = NULL, *schema = NULL;

    if (c->env_text == NULL)
        return;
    find_argument(arena, c->env_text, "version_table", &table, &c->table_is_code);
    find_argument(arena, c->env_text, "version_table_schema", &schema, &c->table_is_code);
    if (schema != NULL)
        c->table = ls_arena_printf(arena, "%s.%s", schema, table != NULL ? table : LS_ALEMBIC_TABLE);
    else
        c->table = table;
}

/* --- where things are ------------------------------------------------------------------------------------------------------------------------ */

static const char *read_text(struct ls_arena *arena, const char *path)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *out = NULL;

    if (ls_path_kind(path) == LS_PATH_FILE && ls_file_read(path, 0, TEXT_MAX, &b, NULL) == LS_OK && (b.len == 0 || strlen(b.ptr) == b.len))
        out = ls_arena_strn(arena, b.len > 0 ? b.ptr : "", b.len);
    ls_buf_release(&b);
    return out;
}

static const char *join(struct ls_arena *arena, const char *a, const char *b)
{
    char *path = ls_path_join(a, b);
    const char *out = ls_arena_str(arena, path);

    free(path);
    return out;
}

/* As the user would type it: no "x/..". */
static const char *above(struct ls_arena *arena, const char *dir)
{
    const char *slash;
    size_t n = strlen(dir);

    while (n > 1 && dir[n - 1] == '/')
        n--;
    const char *plain = ls_arena_strn(arena, dir, n);
    const char *base = ls_path_base(plain);
    if (strcmp(base, "..") == 0 || strcmp(base, ".") == 0)
        return strcmp(plain, ".") == 0 ? ".." : ls_arena_printf(arena, "%s/..", plain);
    slash = strrchr(plain, '/');
    return slash == NULL ? "." : slash == plain ? "/" : ls_arena_strn(arena, plain, (size_t)(slash - plain));
}

static bool same_place(const char *a, const char *b)
{
    char one[PATH_MAX], other[PATH_MAX];

    return realpath(a, one) != NULL && realpath(b, other) != NULL && strcmp(one, other) == 0;
}

/* "package:folder" is a folder in the package's. */
static const char *resolved(struct ls_arena *arena, const char *dir, const char *said)
{
    char *copy = ls_strdup(said), *colon = strchr(copy, ':');
    const char *out;

    if (colon != NULL) {
        *colon = '/';
        for (char *p = copy; p < colon; p++)
            *p = *p == '.' ? '/' : *p;
    }
    out = strcmp(dir, ".") == 0 || copy[0] == '/' ? ls_arena_str(arena, copy) : join(arena, dir, copy);
    free(copy);
    return out;
}

struct settings {
    const char *path, *dir, *text;
    bool is_toml;
};

static const char *get(struct ls_arena *arena, const struct settings *s, const char *key, int *line)
{
    char here[PATH_MAX];
    const char *raw, *p;
    struct ls_buf out = LS_BUF_INIT;

    if (realpath(s->dir, here) == NULL)
        snprintf(here, sizeof(here), "%s", s->dir);
    if (!s->is_toml)
        return ls_alembic_ini_get(arena, s->text, "alembic", key, here, line);
    raw = ls_alembic_toml_get(arena, s->text, "tool.alembic", key);
    if (raw == NULL || strstr(raw, "%(here)s") == NULL)
        return raw;
    for (; (p = strstr(raw, "%(here)s")) != NULL; raw = p + 8)
        ls_buf_addf(&out, "%.*s%s", (int)(p - raw), raw, here);
    ls_buf_adds(&out, raw);
    p = ls_arena_strn(arena, out.ptr, out.len);
    ls_buf_release(&out);
    return p;
}

/* The settings in that folder, if there are any. */
static bool look_in(struct ls_arena *arena, const char *dir, struct settings *out)
{
    static const char *const names[] = {"alembic.ini", "pyproject.toml"};

    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++) {
        const char *path = strcmp(dir, ".") == 0 ? names[i] : join(arena, dir, names[i]), *text = read_text(arena, path);

        *out = (struct settings){path, dir, text, i == 1};
        if (text != NULL && get(arena, out, "script_location", NULL) != NULL)
            return true;
    }
    *out = (struct settings){0};
    return false;
}

static bool has(const char *dir, const char *name, enum ls_path_kind kind)
{
    char *path = ls_path_join(dir, name);
    bool is_there = ls_path_kind(path) == kind;

    free(path);
    return is_there;
}

static void find_places(struct ls_arena *arena, const char *dir, struct ls_alembic_conf *c, struct settings *s)
{
    const char *said;
    bool own = look_in(arena, dir, s);

    said = own ? resolved(arena, dir, get(arena, s, "script_location", NULL)) : NULL;
    if (has(dir, "env.py", LS_PATH_FILE) || has(dir, "versions", LS_PATH_DIR))
        c->script_dir = dir;
    else if (said != NULL && ls_path_kind(said) == LS_PATH_DIR)
        c->script_dir = said;
    else if (strcmp(ls_path_base(dir), "versions") == 0 && has(above(arena, dir), "env.py", LS_PATH_FILE))
        c->script_dir = above(arena, dir);
    else
        c->script_dir = dir;
    /* Settings further up are these migrations' only when they lead here. */
    const char *up = c->script_dir;
    for (int i = 0; !own && i < 3; i++) {
        up = above(arena, up);
        own = look_in(arena, up, s) && same_place(resolved(arena, up, get(arena, s, "script_location", NULL)), c->script_dir);
        if (own)
            said = resolved(arena, up, get(arena, s, "script_location", NULL));
    }
    if (!own)
        *s = (struct settings){0};
    c->path = s->path;
    c->dir = own ? s->dir : above(arena, c->script_dir);
    c->said_location = said;
}

static const char *separators(struct ls_arena *arena, const struct settings *s)
{
    const char *word = get(arena, s, "path_separator", NULL);

    if (word == NULL)
        word = get(arena, s, "version_path_separator", NULL);
    if (word == NULL)
        return " ,\n\t";
    if (strncmp(word, "os", 2) == 0 || word[0] == ':')
        return ":";
    return word[0] == ';' ? ";" : strncmp(word, "newline", 7) == 0 ? "\n" : " \n";
}

static void find_versions(struct ls_arena *arena, const char *dir, struct ls_alembic_conf *c, const struct settings *s)
{
    const char *list = s->text != NULL ? get(arena, s, "version_locations", NULL) : NULL;
    LS_VEC(const char *) found = {0};
    const char **out;

    if (list != NULL) {
        const char *seps = s->is_toml ? "\n" : separators(arena, s);

        for (const char *p = list; *p != '\0'; p += strcspn(p, seps)) {
            p += strspn(p, seps);
            struct ls_str one = stripped(p, strcspn(p, seps));
            if (one.len > 0)
                *LS_VEC_PUSH(&found) = resolved(arena, c->dir, ls_arena_strn(arena, one.ptr, one.len));
        }
    }
    if (found.n == 0)
        *LS_VEC_PUSH(&found) = has(c->script_dir, "versions", LS_PATH_DIR) || !same_place(dir, c->script_dir) ? join(arena, c->script_dir, "versions") : dir;
    out = LS_ARENA_ARRAY(arena, const char *, found.n + 1);
    for (size_t i = 0; i < found.n; i++)
        out[i] = strncmp(found.v[i], "./", 2) == 0 && found.v[i][2] != '\0' ? found.v[i] + 2 : found.v[i];
    c->versions = out;
    LS_VEC_RELEASE(&found);
}

void ls_alembic_conf_read(struct ls_arena *arena, const char *dir, struct ls_alembic_conf *out)
{
    struct settings s = {0};
    const char *text;

    memset(out, 0, sizeof(*out));
    find_places(arena, dir, out, &s);
    find_versions(arena, dir, out, &s);
    out->file_template = "%(rev)s_%(slug)s";
    out->slug_length = 40;
    if (s.text != NULL) {
        text = get(arena, &s, "file_template", NULL);
        out->file_template = text != NULL && text[0] != '\0' ? text : out->file_template;
        text = get(arena, &s, "truncate_slug_length", NULL);
        out->slug_length = text != NULL && atoi(text) > 0 ? atoi(text) : out->slug_length;
        text = get(arena, &s, "recursive_version_locations", NULL);
        out->is_recursive = text != NULL && strcmp(text, "true") == 0;
        if (!s.is_toml)
            out->url = get(arena, &s, "sqlalchemy.url", &out->url_line);
    }
    out->env_path = strcmp(out->script_dir, ".") == 0 ? "env.py" : join(arena, out->script_dir, "env.py");
    out->env_text = read_text(arena, out->env_path);
    read_table(arena, out);
}
