/* sqitch.conf: the configuration syntax of git, as the tool's library reads it, and what a project says in it of its layout (source: Target.pm). */
#include <config.h>

#include "format/sqitch.h"

#include <string.h>

#include "format/section.h"

#define CONF_MAX ((size_t)1024 * 1024)

struct reader {
    const char *text;
    size_t len, at;
    int line;
    struct ls_sqitch_conf *out;
    const char *section, *sub;
};

static bool is_key(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static char peek(const struct reader *r)
{
    return r->at < r->len ? r->text[r->at] : '\n';
}

static void skip(struct reader *r)
{
    while (r->at < r->len && (r->text[r->at] == ' ' || r->text[r->at] == '\t' || r->text[r->at] == '\r'))
        r->at++;
}

static void skip_line(struct reader *r)
{
    while (r->at < r->len && r->text[r->at] != '\n')
        r->at++;
}

static bool fail(struct reader *r, const char *what)
{
    r->out->error = what;
    r->out->error_line = r->line;
    return false;
}

static const char *word(struct reader *r, bool is_section)
{
    size_t start = r->at;
    char *w;

    while (r->at < r->len && (is_key(r->text[r->at]) || (is_section && r->text[r->at] == '.')))
        r->at++;
    w = ls_arena_strn(r->out->arena, r->text + start, r->at - start);
    for (char *c = w; *c != '\0'; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    return w;
}

/* [section "sub"], or the older [section.sub] */
static bool read_section(struct reader *r)
{
    struct ls_buf sub = LS_BUF_INIT;
    const char *dot;
    bool is_good = false;

    r->at++;
    skip(r);
    r->section = word(r, true);
    dot = strchr(r->section, '.');
    r->sub = dot != NULL ? ls_arena_str(r->out->arena, dot + 1) : "";
    if (dot != NULL)
        r->section = ls_arena_strn(r->out->arena, r->section, (size_t)(dot - r->section));
    skip(r);
    if (peek(r) == '"') {
        for (r->at++; peek(r) != '"' && peek(r) != '\n'; r->at++) {
            r->at += peek(r) == '\\' && r->at + 1 < r->len && r->text[r->at + 1] != '\n';
            ls_buf_addc(&sub, peek(r));
        }
        if (peek(r) == '"')
            r->at++;
        r->sub = ls_arena_strn(r->out->arena, sub.ptr != NULL ? sub.ptr : "", sub.len);
        skip(r);
    }
    is_good = r->section[0] != '\0' && peek(r) == ']';
    r->at += is_good;
    ls_buf_release(&sub);
    return is_good || fail(r, "a section is [name] or [name \"of\"]");
}

/* A backslash and what stands behind it; false: none that is known. */
static bool read_escape(struct reader *r, struct ls_buf *value)
{
    static const char from[] = "ntb\\\"", to[] = "\n\t\b\\\"";
    const char *at;

    r->at++;
    if (r->at < r->len && r->text[r->at] == '\r' && r->at + 1 < r->len && r->text[r->at + 1] == '\n')
        r->at++;
    if (r->at >= r->len)
        return fail(r, "a backslash at the end of the file");
    if (r->text[r->at] == '\n') { /* goes on in the next line */
        r->line++;
        r->at++;
        return true;
    }
    at = r->text[r->at] != '\0' ? strchr(from, r->text[r->at]) : NULL;
    if (at == NULL)
        return fail(r, "an unknown escape: there are \\n \\t \\b \\\\ \\\"");
    ls_buf_addc(value, to[at - from]);
    r->at++;
    return true;
}

/* Up to the line's end or a comment; blanks count inside of quotes, and between words. */
static bool read_value(struct reader *r, struct ls_buf *value)
{
    bool is_quoted = false;
    size_t keep = 0; /* so much of it is not blanks at the end */

    skip(r);
    while (r->at < r->len && r->text[r->at] != '\n') {
        char c = r->text[r->at];

        if (c == '\0')
            return fail(r, "a NUL byte stands in it");
        if (!is_quoted && (c == '#' || c == ';')) {
            skip_line(r);
            break;
        }
        if (c == '\\') {
            if (!read_escape(r, value))
                return false;
            keep = value->len;
            continue;
        }
        r->at++;
        if (c == '"')
            is_quoted = !is_quoted;
        else
            ls_buf_addc(value, c);
        if (is_quoted || c == '"' || (c != ' ' && c != '\t' && c != '\r'))
            keep = value->len;
    }
    ls_buf_truncate(value, keep);
    return !is_quoted || fail(r, "a quote that does not end");
}

static bool read_setting(struct reader *r)
{
    struct ls_sqitch_setting s = {.section = r->section, .sub = r->sub, .value = "true", .line = r->line};
    struct ls_buf value = LS_BUF_INIT;
    bool is_good;

    s.key = word(r, false);
    skip(r);
    is_good = s.key[0] != '\0' && s.section != NULL;
    if (!is_good) {
        fail(r, s.section == NULL ? "a setting outside of any [section]" : "neither a [section], a setting nor a comment");
    } else if (peek(r) == '=') {
        r->at++;
        is_good = read_value(r, &value);
        s.value = ls_arena_strn(r->out->arena, value.ptr != NULL ? value.ptr : "", value.len);
    } else if (peek(r) != '\n' && peek(r) != '#' && peek(r) != ';') {
        is_good = fail(r, "a setting is name = value");
    }
    if (is_good)
        *LS_VEC_PUSH(&r->out->s) = s;
    ls_buf_release(&value);
    return is_good;
}

void ls_sqitch_conf_parse(struct ls_arena *arena, const char *text, size_t len, struct ls_sqitch_conf *out)
{
    struct reader r = {.text = text, .len = len, .line = 1, .out = out};
    bool is_good = true;

    memset(out, 0, sizeof(*out));
    out->arena = arena;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        r.at = 3;
    while (is_good && r.at < len) {
        skip(&r);
        if (r.at >= len)
            break;
        if (text[r.at] == '\n') {
            r.line++;
            r.at++;
        } else if (text[r.at] == '#' || text[r.at] == ';') {
            skip_line(&r);
        } else {
            is_good = text[r.at] == '[' ? read_section(&r) : read_setting(&r);
        }
    }
}

void ls_sqitch_conf_release(struct ls_sqitch_conf *c)
{
    LS_VEC_RELEASE(&c->s);
}

const char *ls_sqitch_conf_get(const struct ls_sqitch_conf *c, const char *section, const char *sub, const char *key)
{
    const char *found = NULL;

    for (size_t i = 0; i < c->s.n; i++) {
        const struct ls_sqitch_setting *s = &c->s.v[i];

        if (strcmp(s->section, section) == 0 && strcmp(s->sub, sub) == 0 && strcmp(s->key, key) == 0)
            found = s->value;
    }
    return found;
}

/* --- the layout ---------------------------------------------------------------------------------------------------------------- */

struct layout {
    struct ls_arena *arena;
    const struct ls_sqitch_conf *conf;
    const char *dir, *engine;
};

/* The engine's own word, else that of [core]. What is empty or "0" is not set, in the tool's language. */
static const char *fetch(const struct layout *l, const char *key)
{
    const char *v = ls_sqitch_conf_get(l->conf, "engine", l->engine, key);

    if (v == NULL || v[0] == '\0' || strcmp(v, "0") == 0)
        v = ls_sqitch_conf_get(l->conf, "core", "", key);
    return v != NULL && v[0] != '\0' && strcmp(v, "0") != 0 ? v : NULL;
}

/* a/b without "." and empty parts; an absolute b alone. */
static const char *join(struct ls_arena *arena, const char *a, const char *b)
{
    while (b[0] == '.' && b[1] == '/')
        for (b += 2; *b == '/'; b++)
            ;
    if (b[0] == '/' || strcmp(a, ".") == 0)
        return ls_arena_str(arena, b);
    return b[0] == '\0' || strcmp(b, ".") == 0 ? ls_arena_str(arena, a) : ls_arena_printf(arena, "%s/%s", a, b);
}

static const char *folder(const struct layout *l, const char *key, const char *top, const char *name)
{
    const char *v = fetch(l, key);

    return v != NULL ? join(l->arena, l->dir, v) : join(l->arena, top, name);
}

void ls_sqitch_project_read(struct ls_arena *arena, const char *dir, enum ls_dialect d, struct ls_sqitch_project *out)
{
    struct ls_sqitch_conf conf = {.arena = arena};
    struct layout l = {arena, &conf, ls_arena_str(arena, dir), d == LS_DIALECT_POSTGRES ? "pg" : "sqlite"};
    const char *path = join(arena, l.dir, "sqitch.conf"), *top, *reworked, *v;
    struct ls_buf text = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;

    *out = (struct ls_sqitch_project){.dir = l.dir, .extension = "sql"};
    if (ls_path_kind(path) != LS_PATH_NONE) {
        out->conf_path = path;
        if (ls_file_read(path, 0, CONF_MAX, &text, &err) == LS_OK)
            ls_sqitch_conf_parse(arena, text.ptr != NULL ? text.ptr : "", text.len, &conf);
        else
            out->conf_error = ls_arena_str(arena, err.message);
    }
    if (conf.error != NULL) {
        out->conf_error = conf.error;
        out->conf_error_line = conf.error_line;
    }
    v = fetch(&l, "top_dir");
    top = v != NULL ? join(arena, l.dir, v) : l.dir;
    v = fetch(&l, "reworked_dir");
    reworked = v != NULL ? join(arena, l.dir, v) : top;
    v = fetch(&l, "plan_file");
    out->plan_file = v != NULL ? join(arena, l.dir, v) : join(arena, top, "sqitch.plan");
    out->deploy = folder(&l, "deploy_dir", top, "deploy");
    out->revert = folder(&l, "revert_dir", top, "revert");
    out->verify = folder(&l, "verify_dir", top, "verify");
    out->reworked_deploy = folder(&l, "reworked_deploy_dir", reworked, "deploy");
    out->reworked_revert = folder(&l, "reworked_revert_dir", reworked, "revert");
    out->reworked_verify = folder(&l, "reworked_verify_dir", reworked, "verify");
    out->extension = fetch(&l, "extension") != NULL ? fetch(&l, "extension") : "sql";
    out->registry = fetch(&l, "registry");
    out->engine = ls_sqitch_conf_get(&conf, "core", "", "engine");
    out->user_name = ls_sqitch_conf_get(&conf, "user", "", "name");
    out->user_email = ls_sqitch_conf_get(&conf, "user", "", "email");
    ls_sqitch_conf_release(&conf);
    ls_buf_release(&text);
    ls_err_release(&err);
}
