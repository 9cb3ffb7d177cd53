/* A side's text taken apart, and its reader found. */
#include <config.h>

#include "engine/side_priv.h"

#include <stdarg.h>
#include <string.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"

static const struct {
    const char *word, *form;
} kinds[] = {
#define X(e, w, f) {w, f},
    LS_SIDES(X)
#undef X
};

const char *ls_side_kind_name(enum ls_side_kind k)
{
    return kinds[k].word;
}

/* In a message, where "dir:PATH@VERSION" would be hidden as a name with a password. */
static void put_form(struct ls_buf *out, enum ls_side_kind k)
{
    ls_buf_adds(out, k == LS_SIDE_DIR ? "dir:PATH (with @VERSION behind it or not)" : kinds[k].form);
}

static enum ls_rc bad_side(const char *text, const char *why, struct ls_err *err)
{
    struct ls_buf forms = LS_BUF_INIT;
    const char *words[LS_N_SIDES], *near;
    char *word = ls_strndup(text, strcspn(text, ":"));

    for (size_t i = 0; i < LS_N_SIDES; i++) {
        words[i] = kinds[i].word;
        ls_buf_adds(&forms, i > 0 ? ", " : "");
        put_form(&forms, (enum ls_side_kind)i);
    }
    ls_err_set(err, LS_E_USAGE, "'%s' is no side: %s", text, why);
    near = ls_nearest_word(word, words, LS_N_SIDES);
    if (near != NULL && strcmp(near, word) == 0)
        near = NULL;
    ls_err_hint(err, "%s%s%sa side is one of: %s", near != NULL ? "did you mean " : "", near != NULL ? near : "",
                near != NULL ? "? " : "", forms.ptr);
    ls_buf_release(&forms);
    free(word);
    return LS_E_USAGE;
}

static void fill(struct ls_side *out, enum ls_side_kind kind, const char *what)
{
    out->kind = kind;
    out->what = ls_strdup(what);
}

/* PATH@VERSION; a folder of that whole name comes first. */
static enum ls_rc take_version(struct ls_side *out, const char *text, struct ls_err *err)
{
    char *at = strrchr(out->what, '@');

    if (at == NULL || ls_path_kind(out->what) != LS_PATH_NONE)
        return LS_OK;
    if (at[1] == '\0' || at == out->what)
        return bad_side(text, at[1] == '\0' ? "no version stands behind the '@'" : "no folder stands before the '@'", err);
    out->version = ls_strdup(at + 1);
    *at = '\0';
    return LS_OK;
}

static bool is_name(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] == '\0';
}

/* A word that is none of the forms: where something of that name lies, its form is told. */
static enum ls_rc unknown(const char *text, struct ls_err *err)
{
    char why[160];

    if (ls_path_kind(text) == LS_PATH_DIR)
        snprintf(why, sizeof(why), "a folder of migrations is written dir:%.100s", text);
    else if (ls_path_kind(text) == LS_PATH_FILE)
        snprintf(why, sizeof(why), "a file of SQL is written file:%.100s", text);
    else
        snprintf(why, sizeof(why), "%s", text[0] == '\0' ? "it is empty" : "it is none of the known forms");
    return bad_side(text, why, err);
}

enum ls_rc ls_side_parse(const char *text, struct ls_side *out, struct ls_err *err)
{
    size_t len = strcspn(text, ":");
    enum ls_dialect d;
    enum ls_rc rc = LS_OK;

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < LS_N_SIDES; i++) {
        bool is_word = i == LS_SIDE_LIVE || i == LS_SIDE_MIGRATIONS;

        if (strlen(kinds[i].word) != len || strncmp(kinds[i].word, text, len) != 0 || (text[len] == '\0') != is_word)
            continue;
        if (!is_word && text[len + 1] == '\0')
            return bad_side(text, "nothing stands behind the ':'", err);
        fill(out, (enum ls_side_kind)i, is_word ? "" : text + len + 1);
        if (i == LS_SIDE_DIR)
            rc = take_version(out, text, err);
        goto out;
    }
    if (ls_db_url_dialect(text, &d, NULL) != LS_E_USAGE)
        fill(out, LS_SIDE_URL, text);
    else if (is_name(text) && ls_path_kind(text) == LS_PATH_NONE)
        fill(out, LS_SIDE_ENV, text);
    else
        rc = unknown(text, err);
out:
    out->text = ls_strdup(text);
    if (rc != LS_OK)
        ls_side_release(out);
    return rc;
}

void ls_side_release(struct ls_side *s)
{
    free(s->text);
    free(s->what);
    free(s->version);
    memset(s, 0, sizeof(*s));
}

char *ls_side_label(const struct ls_side *s)
{
    if (s->kind == LS_SIDE_URL)
        return ls_db_url_label(s->what);
    /* As the catalogue's source says it: with its '@' it would be hidden as a name with a password. */
    return s->version != NULL ? ls_asprintf("dir %s at %s", s->what, s->version) : ls_strdup(s->text);
}

/* --- a load
 * -----------------------------------------------------------------------------------------------------------------------------------
 */

bool side_tick(void *job)
{
    struct side_job *j = job;
    const struct ls_run_hooks *h = j->w->hooks;
    bool stop =
        ls_session_cancelled(j->w->session) || (h != NULL && h->gate != NULL && h->gate(h->ctx, NULL, -1, -1) == LS_GATE_STOP);

    if (stop && j->inner != NULL)
        ls_session_cancel(j->inner);
    return !stop;
}

bool side_tell(struct side_job *j, const char *what, int64_t done, int64_t total)
{
    const struct ls_run_hooks *h = j->w->hooks;
    struct ls_event ev = {.kind = LS_EV_PROGRESS, .step = -1, .op = -1, .rows = -1, .done = done, .total = total, .text = what};

    if (h != NULL && h->on_event != NULL)
        h->on_event(h->ctx, &ev);
    return side_tick(j);
}

enum ls_rc side_stopped(struct ls_err *err)
{
    return ls_err_set(err, LS_E_CANCELLED, "stopped by the operator");
}

void side_note(struct side_job *j, enum ls_severity severity, const char *code, const char *path, int line, const char *hint,
               const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    *LS_VEC_PUSH(&j->notes.d) = (struct ls_diag){.severity = severity,
                                                 .code = code,
                                                 .path = ls_arena_str(j->arena, path),
                                                 .line = line,
                                                 .message = ls_arena_vprintf(j->arena, fmt, ap),
                                                 .hint = ls_arena_str(j->arena, hint)};
    va_end(ap);
}

static void on_wait(void *ctx)
{
    (void)side_tick(ctx);
}

struct ls_session *side_session(struct side_job *j, const struct ls_session_params *params)
{
    struct ls_session *s = ls_session_new(params);

    s->hook_ctx = j;
    s->on_wait = on_wait;
    j->inner = s;
    return s;
}

void side_session_end(struct side_job *j, struct ls_session *s)
{
    j->inner = NULL;
    ls_session_free(s);
}

static enum ls_rc load_live(struct side_job *j, struct ls_catalog **out, struct ls_err *err)
{
    struct ls_session *s = j->w->session;
    const struct ls_session_params *p = ls_session_params(s);
    enum ls_rc rc;

    if (p->url == NULL || p->url[0] == '\0') {
        ls_err_set(err, LS_E_USAGE, "no database is named, and one of the sides is `live`");
        ls_err_hint(err, "give --url or -e NAME, or name both sides");
        return LS_E_USAGE;
    }
    rc = ls_session_connect(s, err);
    if (rc == LS_OK)
        rc = side_read(j, s, p->format, p->ledger_table, NULL, out, err);
    if (rc == LS_E_CANCELLED)
        ls_session_clear_cancel(s);
    return rc;
}

static enum ls_rc load_other(struct side_job *j, const struct ls_session_params *params, struct ls_catalog **out,
                             struct ls_err *err)
{
    struct ls_session_params p = *params;
    struct ls_session *s;
    enum ls_rc rc;

    p.read_only = true;
    s = side_session(j, &p);
    rc = ls_session_connect(s, err);
    if (rc == LS_OK)
        rc = side_read(j, s, NULL, p.ledger_table, NULL, out, err);
    side_session_end(j, s);
    return rc;
}

static enum ls_rc env_params(const struct ls_side_world *w, const char *name, struct ls_session_params *p, struct ls_err *err)
{
    if (w->env != NULL)
        return w->env(w->env_ctx, name, p, err);
    return ls_err_set(err, LS_E_USAGE, "there is no project file, and so no environment '%s'", name);
}

static enum ls_rc load_env(struct side_job *j, struct ls_catalog **out, struct ls_err *err)
{
    struct ls_session_params p = {0};
    enum ls_rc rc = env_params(j->w, j->side->what, &p, err);

    return rc == LS_OK ? load_other(j, &p, out, err) : rc;
}

static enum ls_rc load_url(struct side_job *j, struct ls_catalog **out, struct ls_err *err)
{
    struct ls_session_params p = *ls_session_params(j->w->session);

    p.url = j->side->what;
    p.url_source = "the side's URL";
    p.env_name = NULL;
    p.ledger_table = NULL;
    return load_other(j, &p, out, err);
}

static enum ls_rc load_saved(struct side_job *j, struct ls_catalog **out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = ls_file_read(j->side->what, 0, 0, &text, err);

    if (rc == LS_OK)
        rc = ls_catalog_restore(j->side->what, text.ptr, text.len, out, err);
    if (rc == LS_OK) /* beside what it was read from, which may be the other side */
        (*out)->source = ls_arena_printf((*out)->arena, "snapshot %s (%s)", j->side->what, (*out)->source);
    ls_buf_release(&text);
    return rc;
}

static enum ls_rc (*const loaders[])(struct side_job *, struct ls_catalog **,
                                     struct ls_err *) = {[LS_SIDE_LIVE] = load_live,
                                                         [LS_SIDE_MIGRATIONS] = side_load_migrations,
                                                         [LS_SIDE_ENV] = load_env,
                                                         [LS_SIDE_URL] = load_url,
                                                         [LS_SIDE_DIR] = side_load_dir,
                                                         [LS_SIDE_FILE] = side_load_file,
                                                         [LS_SIDE_BACKUP] = side_load_backup,
                                                         [LS_SIDE_DRIZZLE] = side_load_drizzle,
                                                         [LS_SIDE_SNAPSHOT] = load_saved};

static void hand_notes_over(struct side_job *j, struct ls_catalog *c)
{
    for (size_t i = 0; i < j->notes.d.n; i++) {
        struct ls_diag d = j->notes.d.v[i];

        d.path = ls_arena_str(c->arena, d.path);
        d.message = ls_arena_str(c->arena, d.message);
        d.hint = ls_arena_str(c->arena, d.hint);
        *LS_VEC_PUSH(&c->notes.d) = d;
    }
}

static bool is_replayed(enum ls_side_kind k)
{
    return k == LS_SIDE_MIGRATIONS || k == LS_SIDE_DIR || k == LS_SIDE_FILE;
}

static bool has_own_server(enum ls_side_kind k)
{
    return k == LS_SIDE_LIVE || k == LS_SIDE_ENV || k == LS_SIDE_URL || k == LS_SIDE_SNAPSHOT;
}

int ls_side_first(const struct ls_side sides[2])
{
    return has_own_server(sides[1].kind) && !has_own_server(sides[0].kind);
}

/* What only the versions differ in looks like drift. */
static void compare_versions(struct side_job *j, const struct ls_catalog *c)
{
    int *seen = &j->w->server_version;

    if (c->dialect != LS_DIALECT_POSTGRES)
        return;
    if (has_own_server(j->side->kind)) {
        if (*seen > 0 && c->server_version / 10000 != *seen / 10000)
            side_note(j, LS_SEV_WARNING, "versions", NULL, 0, NULL,
                      "one side is PostgreSQL %d, the other %d: what only the versions do differently shows as a difference", *seen / 10000,
                      c->server_version / 10000);
        *seen = c->server_version;
    } else if (is_replayed(j->side->kind) && *seen > 0 && c->server_version / 10000 != *seen / 10000) {
        side_note(j, LS_SEV_WARNING, "scratch-version", NULL, 0, "name a server of the same version with --scratch URL",
                  "the scratch is PostgreSQL %d, the database %d: what only the versions do differently shows as a difference",
                  c->server_version / 10000, *seen / 10000);
    }
}

enum ls_rc ls_side_load(struct ls_side_world *w, const struct ls_side *s, const struct ls_side_opts *opts, struct ls_catalog **out,
                        struct ls_err *err)
{
    struct side_job j = {.w = w, .side = s, .arena = ls_arena_new()};
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc;

    if (opts != NULL)
        j.opts = *opts;
    *out = NULL;
    rc = loaders[s->kind](&j, out, &own);
    if (rc == LS_OK) {
        compare_versions(&j, *out);
        hand_notes_over(&j, *out);
    } else {
        char *label = ls_side_label(s);

        /* A place in a file says already which side it is. */
        if (s->what[0] == '\0' || own.message == NULL || strncmp(own.message, s->what, strlen(s->what)) != 0)
            ls_err_wrap(&own, "%s", label);
        free(label);
        if (err != NULL)
            ls_err_move(err, &own);
    }
    if (rc == LS_E_CANCELLED)
        ls_session_clear_cancel(w->session); /* it has had its effect */
    ls_err_release(&own);
    LS_VEC_RELEASE(&j.notes.d);
    ls_arena_free(j.arena);
    return rc;
}

void ls_side_world_end(struct ls_side_world *w)
{
    ls_scratch_host_free(w->host);
    w->host = NULL;
}

/* --- dialects
 * ---------------------------------------------------------------------------------------------------------------------------------
 */

static enum ls_rc of_url(const char *url, bool *known, enum ls_dialect *out, struct ls_err *err)
{
    if (url == NULL || url[0] == '\0')
        return LS_OK;
    *known = true;
    return ls_db_url_dialect(url, out, err);
}

/* A folder's own files may say it: a journal, a lock file. */
static bool of_folder(const char *path, enum ls_dialect *out)
{
    struct ls_dir dir = {0};
    struct ls_detected found[4];
    size_t n = 0;

    if (ls_dir_list(path, &dir, NULL) == LS_OK)
        n = ls_format_detect(path, &dir, found, LS_ARRAY_LEN(found));
    ls_dir_release(&dir);
    if (n == 0 || !found[0].detect.has_dialect)
        return false;
    *out = found[0].detect.dialect;
    return true;
}

static bool of_file(const char *path, enum ls_dialect *out)
{
    struct ls_buf text = LS_BUF_INIT;
    bool known = ls_file_read(path, 0, 0, &text, NULL) == LS_OK && side_text_dialect(text.ptr, text.len, out);

    ls_buf_release(&text);
    return known;
}

/* Its head says it; a file that is not as we write them is read whole, for the message if for nothing else. */
static bool of_head(const struct ls_buf *text, enum ls_dialect *out)
{
    static const char key[] = "\"dialect\": \"";
    const char *at = memmem(text->ptr, text->len < 512 ? text->len : 512, key, sizeof(key) - 1);
    char word[16];

    if (at == NULL)
        return false;
    at += sizeof(key) - 1;
    snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, "\"\n"), at);
    return ls_dialect_parse(word, out);
}

static enum ls_rc of_saved(const char *path, enum ls_dialect *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    struct ls_catalog *c = NULL;
    enum ls_rc rc = ls_file_read(path, 0, 0, &text, err);

    if (rc == LS_OK && !of_head(&text, out)) {
        rc = ls_catalog_restore(path, text.ptr, text.len, &c, err);
        if (rc == LS_OK)
            *out = c->dialect;
    }
    ls_catalog_free(c);
    ls_buf_release(&text);
    return rc;
}

enum ls_rc ls_side_dialect(const struct ls_side_world *w, const struct ls_side *s, bool *known, enum ls_dialect *out,
                           struct ls_err *err)
{
    struct ls_session_params p = {0};
    enum ls_rc rc;

    *known = false;
    switch (s->kind) {
    case LS_SIDE_LIVE:
    case LS_SIDE_MIGRATIONS:
        return of_url(ls_session_params(w->session)->url, known, out, err);
    case LS_SIDE_ENV:
        rc = env_params(w, s->what, &p, err);
        return rc == LS_OK ? of_url(p.url, known, out, err) : rc;
    case LS_SIDE_URL:
        return of_url(s->what, known, out, err);
    case LS_SIDE_DIR:
        *known = of_folder(s->what, out);
        return LS_OK;
    case LS_SIDE_FILE:
        *known = of_file(s->what, out);
        return LS_OK;
    case LS_SIDE_BACKUP:
        *known = true;
        return side_backup_dialect(w, s->what, out, err);
    case LS_SIDE_DRIZZLE:
        *known = true;
        return side_drizzle_dialect(s->what, out, err);
    case LS_SIDE_SNAPSHOT:
        *known = true;
        return of_saved(s->what, out, err);
    case LS_N_SIDES:
        break;
    }
    return LS_OK;
}
