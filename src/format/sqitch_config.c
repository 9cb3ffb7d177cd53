/* The database that a Sqitch project says it is for: SQITCH_TARGET, core.target, else the engine's target in sqitch.conf (source:
 * Target.pm; URIs: URI::db). */
#include <config.h>

#include "format/sqitch.h"

#include <string.h>
#include <strings.h>

#include "format/config.h"

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static const char *decode(struct ls_arena *arena, const char *text)
{
    struct ls_buf out = LS_BUF_INIT;
    const char *plain;

    for (; *text != '\0'; text++) {
        int hi = text[0] == '%' ? hex_digit(text[1]) : -1, lo = hi >= 0 ? hex_digit(text[2]) : -1;

        if (lo >= 0 && hi + lo > 0) {
            ls_buf_addc(&out, (char)(hi * 16 + lo));
            text += 2;
        } else {
            ls_buf_addc(&out, *text);
        }
    }
    plain = ls_arena_strn(arena, out.ptr != NULL ? out.ptr : "", out.len);
    ls_buf_release(&out);
    return plain;
}

/* db:sqlite:a.db, db:sqlite:///abs/a.db: seen from where sqitch is run. */
static const char *sqlite_url(struct ls_arena *arena, const char *root, const char *body)
{
    const char *path = decode(arena, strncmp(body, "//", 2) == 0 ? body + 2 : body);

    if (path[0] == '\0')
        return NULL;
    return path[0] == '/' || strcmp(root, ".") == 0 ? ls_arena_printf(arena, "sqlite:%s", path)
                                                    : ls_arena_printf(arena, "sqlite:%s/%s", root, path);
}

const char *ls_sqitch_target_url(struct ls_arena *arena, const char *root, const char *uri)
{
    static const char *const pg[] = {"pg", "postgres", "postgresql"};
    const char *engine = strncasecmp(uri, "db:", 3) == 0 ? uri + 3 : uri, *body = strchr(engine, ':');
    size_t n = body != NULL ? (size_t)(body - engine) : 0;

    if (body == NULL)
        return NULL;
    body++;
    if (n == 6 && strncasecmp(engine, "sqlite", n) == 0)
        return sqlite_url(arena, root, body);
    for (size_t i = 0; i < LS_ARRAY_LEN(pg); i++)
        if (strlen(pg[i]) == n && strncasecmp(engine, pg[i], n) == 0 && body[0] != '\0')
            return strncmp(body, "//", 2) == 0 ? ls_arena_printf(arena, "postgresql:%s", body)
                                               : ls_arena_printf(arena, "postgresql:///%s", body);
    return NULL; /* an engine that lockstep has not, or no database named */
}

/* A name of a [target], or a URI; NULL: neither. */
static const char *uri_of(const struct ls_sqitch_conf *c, const char *target)
{
    return target == NULL || strchr(target, ':') != NULL ? target : ls_sqitch_conf_get(c, "target", target, "uri");
}

/* SQITCH_USERNAME and SQITCH_PASSWORD go before what the URI says. */
static const char *with_user(struct ls_arena *arena, const char *url, const char *user, const char *password)
{
    static const char scheme[] = "postgresql://";
    const char *rest = url + sizeof(scheme) - 1, *at = memchr(rest, '@', strcspn(rest, "/?#"));
    const char *own = at != NULL ? ls_arena_strn(arena, rest, (size_t)(at - rest)) : "", *colon = strchr(own, ':');

    if (user == NULL && own[0] != '\0' && own != colon)
        user = decode(arena, colon != NULL ? ls_arena_strn(arena, own, (size_t)(colon - own)) : own);
    if (password == NULL && colon != NULL)
        password = decode(arena, colon + 1);
    return ls_config_with_user(arena, at != NULL ? ls_arena_printf(arena, "%s%s", scheme, at + 1) : url, user, password);
}

static void set_target(struct ls_config_reader *r, const struct ls_sqitch_conf *c)
{
    static const char *const names[] = {"SQITCH_TARGET", "SQITCH_USERNAME", "SQITCH_PASSWORD"};
    const char *var[3], *source = names[0], *target, *url = NULL;

    /* Of the environment only: sqitch reads no .env. */
    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++) {
        var[i] = r->getenv_fn != NULL ? r->getenv_fn(names[i]) : NULL;
        var[i] = var[i] != NULL && var[i][0] != '\0' ? var[i] : NULL;
    }
    target = var[0];
    if (target == NULL) {
        target = ls_sqitch_conf_get(c, "core", "", "target");
        source = "core.target in sqitch.conf";
    }
    if (target == NULL && ls_sqitch_conf_get(c, "core", "", "engine") != NULL) {
        const char *engine = ls_sqitch_conf_get(c, "core", "", "engine");

        target = ls_sqitch_conf_get(c, "engine", engine, "target");
        source = ls_arena_printf(r->arena, "engine.%s.target in sqitch.conf", engine);
    }
    target = uri_of(c, target);
    if (target != NULL)
        url = ls_sqitch_target_url(r->arena, r->root, target);
    if (url != NULL && strncmp(url, "postgresql:", 11) == 0 && (var[1] != NULL || var[2] != NULL))
        url = with_user(r->arena, url, var[1], var[2]);
    ls_config_set_url(r, url, source);
}

enum ls_rc ls_sqitch_config(struct ls_arena *arena, const char *root, const char *(*getenv_fn)(const char *name),
                            struct ls_format_config *out, struct ls_err *err)
{
    struct ls_config_reader r = {.arena = arena, .root = root, .getenv_fn = getenv_fn, .out = out, .err = err};
    const char *path = strcmp(root, ".") == 0 ? "sqitch.conf" : ls_arena_printf(arena, "%s/sqitch.conf", root);
    struct ls_sqitch_conf c = {.arena = arena};
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = ls_config_begin(&r, NULL);

    if (rc != LS_OK || ls_path_kind(path) != LS_PATH_FILE)
        goto out;
    rc = ls_file_read(path, 0, (size_t)1024 * 1024, &text, err);
    if (rc != LS_OK)
        goto out;
    ls_sqitch_conf_parse(arena, text.ptr != NULL ? text.ptr : "", text.len, &c);
    if (c.error != NULL) {
        rc = ls_err_set(err, LS_E_INPUT, "%s:%d: %s", path, c.error_line, c.error);
        goto out;
    }
    set_target(&r, &c);
    ls_config_set_dir(&r, ".", "sqitch.conf");
out:
    ls_sqitch_conf_release(&c);
    ls_buf_release(&text);
    ls_config_end(&r);
    return rc;
}
