#include <config.h>

#include "engine/backup_priv.h"

#include <jansson.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/text.h"

void bk_manifest_init(struct bk_manifest *m)
{
    *m = (struct bk_manifest){.arena = ls_arena_new()};
    m->target = m->host = m->dialect = m->server = m->version = m->created_at = m->format = m->ledger = m->tool = "";
}

void bk_manifest_release(struct bk_manifest *m)
{
    LS_VEC_RELEASE(&m->files);
    LS_VEC_RELEASE(&m->phases);
    LS_VEC_RELEASE(&m->states);
    LS_VEC_RELEASE(&m->not_included);
    ls_arena_free(m->arena);
    *m = (struct bk_manifest){0};
}

void bk_manifest_hash(const struct bk_manifest *m, char hex[LS_SHA256_HEX])
{
    struct ls_sha256 *h = ls_sha256_new();

    for (size_t i = 0; i < m->files.n; i++) {
        char size[24];

        snprintf(size, sizeof size, "%lld", (long long)m->files.v[i].size);
        ls_sha256_field(h, m->files.v[i].path);
        ls_sha256_field(h, size);
        ls_sha256_field(h, m->files.v[i].sha256);
    }
    ls_sha256_end(h, hex);
}

void bk_manifest_state(struct bk_manifest *m, const char *state)
{
    char now[LS_ISO_LEN];
    struct bk_state *s = LS_VEC_PUSH(&m->states);

    ls_iso_utc(ls_wall_us(), now);
    s->state = ls_arena_str(m->arena, state);
    s->at = ls_arena_str(m->arena, now);
}

bool bk_is_damaged(const char *state)
{
    return strncmp(state, "damaged", strlen("damaged")) == 0;
}

/* --- writing ------------------------------------------------------------------------------------------------------------- */

/* JSON text is UTF-8; a name that is not is written with its bytes made visible. */
static json_t *text_of(const char *s)
{
    json_t *t = json_string(s);

    if (t == NULL) {
        struct ls_buf b = LS_BUF_INIT;

        ls_ui_text_line(&b, s);
        t = json_string(b.ptr);
        ls_buf_release(&b);
    }
    return t;
}

static json_t *lists_of(const struct bk_manifest *m, json_t *root)
{
    json_t *files = json_array(), *phases = json_array(), *states = json_array(), *missing = json_array();

    for (size_t i = 0; i < m->files.n; i++) {
        const struct bk_file *f = &m->files.v[i];

        json_array_append_new(
            files, json_pack("{s:o, s:I, s:s}", "path", text_of(f->path), "size", (json_int_t)f->size, "sha256", f->sha256));
    }
    for (size_t i = 0; i < m->phases.n; i++)
        json_array_append_new(phases,
                              json_pack("{s:s, s:I}", "phase", m->phases.v[i].name, "duration_ms", (json_int_t)m->phases.v[i].ms));
    for (size_t i = 0; i < m->states.n; i++)
        json_array_append_new(states, json_pack("{s:s, s:s}", "state", m->states.v[i].state, "at", m->states.v[i].at));
    for (size_t i = 0; i < m->not_included.n; i++)
        json_array_append_new(missing, text_of(m->not_included.v[i]));
    json_object_set_new(root, "state", states);
    json_object_set_new(root, "phases", phases);
    json_object_set_new(root, "not_included", missing);
    json_object_set_new(root, "size", json_integer((json_int_t)m->size));
    json_object_set_new(root, "sha256", json_string(m->sha256));
    json_object_set_new(root, "files", files);
    return root;
}

static enum ls_rc write_as(const struct bk_manifest *m, const char *folder, bool replace, struct ls_err *err)
{
    const struct {
        const char *key, *value;
    } words[] = {
        {"created_at", m->created_at}, {"target", m->target},   {"host", m->host},
        {"dialect", m->dialect},       {"server", m->server},   {"format", m->format},
        {"ledger", m->ledger},         {"version", m->version}, {"tool", m->tool},
    };
    json_t *root = json_pack("{s:i, s:s}", "manifest", BK_FORMAT, "written_by", PACKAGE_STRING);
    char *path = ls_path_join(folder, BK_MANIFEST), *text = NULL;
    enum ls_rc rc;

    for (size_t i = 0; i < LS_ARRAY_LEN(words); i++)
        json_object_set_new(root, words[i].key, text_of(words[i].value));
    json_object_set_new(root, "tool_version", json_integer(m->tool_version));
    lists_of(m, root);
    text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    if (text == NULL)
        rc = ls_err_set(err, LS_E_INTERNAL, "%s: cannot be written as JSON", path);
    else
        rc = (replace ? ls_file_write_atomic : ls_file_write_new)(path, text, strlen(text), 0600, err);
    free(text);
    free(path);
    json_decref(root);
    return rc;
}

enum ls_rc bk_manifest_write(const struct bk_manifest *m, const char *folder, struct ls_err *err)
{
    return write_as(m, folder, false, err);
}

enum ls_rc bk_manifest_replace(const struct bk_manifest *m, const char *folder, struct ls_err *err)
{
    return write_as(m, folder, true, err);
}

/* --- reading ------------------------------------------------------------------------------------------------------------- */

static const char *word_in(struct bk_manifest *m, const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s != NULL ? ls_arena_str(m->arena, s) : "";
}

/* A path of the list must stay inside the backup's folder: a manifest may have been written by anybody. */
static bool is_inside(const char *path)
{
    const char *p = path;

    if (*p == '\0')
        return false;
    while (true) {
        size_t len = strcspn(p, "/");

        if (len == 0 || (len == 1 && p[0] == '.') || (len == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        if (p[len] == '\0')
            return true;
        p += len + 1;
    }
}

static bool read_files(struct bk_manifest *m, const json_t *root)
{
    const json_t *list = json_object_get(root, "files");
    size_t i;
    json_t *o;

    if (!json_is_array(list) || json_array_size(list) == 0)
        return false;
    json_array_foreach(list, i, o)
    {
        struct bk_file *f = LS_VEC_PUSH(&m->files);
        const char *hash = json_string_value(json_object_get(o, "sha256"));
        const json_t *size = json_object_get(o, "size");

        f->path = word_in(m, o, "path");
        if (!is_inside(f->path) || hash == NULL || strlen(hash) != LS_SHA256_HEX - 1 || !json_is_integer(size) ||
            json_integer_value(size) < 0)
            return false;
        f->size = json_integer_value(size);
        memcpy(f->sha256, hash, LS_SHA256_HEX);
        if (i > 0 && strcmp(m->files.v[i - 1].path, f->path) >= 0)
            return false;
    }
    return true;
}

static void read_lists(struct bk_manifest *m, const json_t *root)
{
    size_t i;
    json_t *o;

    json_array_foreach(json_object_get(root, "phases"), i, o)
    {
        struct bk_phase *p = LS_VEC_PUSH(&m->phases);

        p->name = word_in(m, o, "phase");
        p->ms = json_integer_value(json_object_get(o, "duration_ms"));
    }
    json_array_foreach(json_object_get(root, "state"), i, o)
    {
        struct bk_state *s = LS_VEC_PUSH(&m->states);

        s->state = word_in(m, o, "state");
        s->at = word_in(m, o, "at");
    }
    json_array_foreach(json_object_get(root, "not_included"), i, o) if (json_is_string(o)) * LS_VEC_PUSH(&m->not_included) =
        ls_arena_str(m->arena, json_string_value(o));
}

static enum ls_rc read_root(struct bk_manifest *m, const json_t *root, const char *path, struct ls_err *err)
{
    json_int_t format = json_integer_value(json_object_get(root, "manifest"));
    char hash[LS_SHA256_HEX];

    if (format > BK_FORMAT)
        return ls_err_set(err, LS_E_UNSUPPORTED, "%s: written by a newer lockstep (manifest %lld; this one reads %d)", path,
                          (long long)format, BK_FORMAT);
    if (format < 1)
        return ls_err_set(err, LS_E_INPUT, "%s: is no manifest of a backup", path);
    m->created_at = word_in(m, root, "created_at");
    m->target = word_in(m, root, "target");
    m->host = word_in(m, root, "host");
    m->dialect = word_in(m, root, "dialect");
    m->server = word_in(m, root, "server");
    m->format = word_in(m, root, "format");
    m->ledger = word_in(m, root, "ledger");
    m->version = word_in(m, root, "version");
    m->tool = word_in(m, root, "tool");
    m->tool_version = (int)json_integer_value(json_object_get(root, "tool_version"));
    m->size = json_integer_value(json_object_get(root, "size"));
    snprintf(m->sha256, sizeof m->sha256, "%s", word_in(m, root, "sha256"));
    read_lists(m, root);
    if (!read_files(m, root))
        return ls_err_set(err, LS_E_INPUT, "%s: its list of files cannot be right", path);
    bk_manifest_hash(m, hash);
    if (strcmp(hash, m->sha256) != 0)
        return ls_err_set(err, LS_E_INPUT, "%s: its list of files was changed after it was written", path);
    return LS_OK;
}

enum ls_rc bk_manifest_read(const char *folder, struct bk_manifest *m, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    char *path = ls_path_join(folder, BK_MANIFEST);
    json_t *root = NULL;
    json_error_t why;
    enum ls_rc rc;

    bk_manifest_init(m);
    if (ls_path_kind(path) == LS_PATH_NONE) {
        rc = ls_err_set(err, LS_E_NOT_FOUND, "%s: is not there; the backup was never finished", path);
        goto out;
    }
    rc = ls_file_read(path, LS_OPEN_NOFOLLOW, BK_MANIFEST_MAX, &text, err);
    if (rc != LS_OK)
        goto out;
    root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);
    if (root == NULL)
        rc = ls_err_set(err, LS_E_INPUT, "%s:%d:%d: %s", path, why.line, why.column, why.text);
    else
        rc = read_root(m, root, path, err);
out:
    json_decref(root);
    ls_buf_release(&text);
    free(path);
    return rc;
}
