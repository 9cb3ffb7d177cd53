/* The record of a settlement that is under way, in the folder whose files change. It comes from a folder that anybody may have filled: every path
 * in it is checked to stay inside, and nothing is done by it unless the operator asks. */
#include <config.h>

#include "engine/settle_priv.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/fault.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"

#define RECORD_VERSION 1

static const char *const kinds[] = {[LS_FILE_RENAME] = "rename", [LS_FILE_WRITE] = "write", [LS_FILE_REMOVE] = "remove", [LS_FILE_MKDIR] = "mkdir"};

const char *ls_settle_home(const struct ls_settlement *t)
{
    return t->out_dir != NULL ? t->out_dir : t->dir;
}

/* --- writing ------------------------------------------------------------------------------------------------------------------------------------ */

/* Readable where it can be; JSON takes no other bytes than UTF-8. */
static void set_bytes(json_t *o, const char *key, const char *bytes, size_t len)
{
    struct ls_buf hex = LS_BUF_INIT, name = LS_BUF_INIT;
    size_t bad = 0;

    if (memchr(bytes, '\0', len) == NULL && ls_utf8_valid(bytes, len, &bad)) {
        json_object_set_new(o, key, json_stringn(bytes, len));
        return;
    }
    for (size_t i = 0; i < len; i++)
        ls_buf_addf(&hex, "%02x", (unsigned)(unsigned char)bytes[i]);
    ls_buf_addf(&name, "%s_hex", key);
    json_object_set_new(o, name.ptr, json_string(hex.ptr));
    ls_buf_release(&hex);
    ls_buf_release(&name);
}

/* Paths stand in it as seen from its own folder, so that it may be moved with it. */
static void set_path(json_t *o, const char *key, const char *home, const char *path)
{
    size_t n = strlen(home);

    if (path == NULL)
        return;
    if (strncmp(path, home, n) == 0 && path[n] == '/')
        path += n + 1;
    set_bytes(o, key, path, strlen(path));
}

static json_t *op_json(const struct ls_file_op *op, const char *home)
{
    json_t *o = json_object();
    char after[LS_SHA256_HEX];

    json_object_set_new(o, "op", json_string(kinds[op->kind]));
    set_path(o, "from", home, op->from);
    set_path(o, "to", home, op->to);
    if (op->kind != LS_FILE_MKDIR)
        json_object_set_new(o, "before", json_string(op->before));
    if (op->kind == LS_FILE_WRITE) {
        ls_sha256_hex(op->text, op->len, after);
        json_object_set_new(o, "after", json_string(after));
    }
    if (op->old_text != NULL)
        set_bytes(o, "old", op->old_text, op->old_len);
    return o;
}

static json_t *list_json(const char *const *list)
{
    json_t *a = json_array();

    for (; list != NULL && *list != NULL; list++)
        json_array_append_new(a, json_string(*list));
    return a;
}

static json_t *request_json(const struct ls_settle_request *r)
{
    json_t *o = json_object();
    const struct {
        const char *key, *text;
    } texts[] = {{"version", r->version}, {"to", r->to}, {"to_format", r->to_format}, {"out_dir", r->out_dir}};

    for (size_t i = 0; i < LS_ARRAY_LEN(texts); i++)
        if (texts[i].text != NULL)
            set_bytes(o, texts[i].key, texts[i].text, strlen(texts[i].text));
    json_object_set_new(o, "applied", list_json(r->applied));
    json_object_set_new(o, "pending", list_json(r->pending));
    json_object_set_new(o, "wall_us", json_integer(r->wall_us));
    return o;
}

enum ls_rc ls_settle_intent_write(const struct ls_settlement *t, struct ls_err *err)
{
    const char *home = ls_settle_home(t);
    json_t *o = json_object(), *ops = json_array();
    char *path = ls_path_join(home, LS_SETTLE_INTENT), *text, now[LS_ISO_LEN];
    enum ls_rc rc;

    ls_iso_utc(ls_wall_us(), now);
    json_object_set_new(o, "lockstep_settlement", json_integer(RECORD_VERSION));
    json_object_set_new(o, "what", json_string("a settlement of lockstep was begun here and has not ended: lockstep conflicts says how to go on"));
    json_object_set_new(o, "kind", json_string(ls_settle_name(t->kind)));
    set_bytes(o, "title", t->title, strlen(t->title));
    json_object_set_new(o, "began_at", json_string(now));
    json_object_set_new(o, "digest", json_string(t->digest));
    if (t->plan != NULL) {
        set_bytes(o, "ledger", t->plan->ledger, strlen(t->plan->ledger));
        json_object_set_new(o, "ledger_format", json_string(t->plan->format));
        json_object_set_new(o, "ledger_before", json_string(t->plan->ledger_fingerprint));
    }
    json_object_set_new(o, "has_database", json_boolean(t->has_db));
    json_object_set_new(o, "request", request_json(&t->request));
    for (size_t i = 0; i < t->files.n; i++)
        json_array_append_new(ops, op_json(&t->files.v[i], home));
    json_object_set_new(o, "files", ops);
    text = json_dumps(o, JSON_INDENT(1));
    if (text == NULL)
        rc = ls_err_set(err, LS_E_INTERNAL, "the record of the settlement could not be put together");
    else
        rc = ls_file_write_new(path, text, strlen(text), 0644, err);
    if (rc == LS_E_REFUSED)
        ls_err_hint(err, "an earlier settlement has not ended: lockstep conflicts says how to go on with it");
    free(text);
    json_decref(o);
    free(path);
    LS_FAULT("settle-intent");
    return rc;
}

enum ls_rc ls_settle_intent_remove(const char *home, struct ls_err *err)
{
    char *path = ls_path_join(home, LS_SETTLE_INTENT);
    enum ls_rc rc = unlink(path) == 0 || errno == ENOENT ? LS_OK : ls_err_sys(err, "cannot remove %s", path);

    free(path);
    return rc;
}

/* --- reading ------------------------------------------------------------------------------------------------------------------------------------ */

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes under key, or key_hex; NULL: none. */
static const char *get_bytes(struct ls_arena *a, const json_t *o, const char *key, size_t *len)
{
    const char *name = ls_arena_printf(a, "%s_hex", key), *hex;
    const json_t *plain = json_object_get(o, key);
    char *out;

    if (json_is_string(plain)) {
        *len = json_string_length(plain);
        return ls_arena_strn(a, json_string_value(plain), *len);
    }
    hex = json_string_value(json_object_get(o, name));
    if (hex == NULL || strlen(hex) % 2 != 0)
        return NULL;
    *len = strlen(hex) / 2;
    out = ls_arena_alloc(a, *len + 1);
    for (size_t i = 0; i < *len; i++) {
        int hi = digit(hex[2 * i]), lo = digit(hex[2 * i + 1]);

        if (hi < 0 || lo < 0)
            return NULL;
        out[i] = (char)(hi * 16 + lo);
    }
    return out;
}

static const char *get_text(struct ls_arena *a, const json_t *o, const char *key)
{
    size_t len = 0;
    const char *s = get_bytes(a, o, key, &len);

    return s != NULL && strlen(s) == len ? s : NULL;
}

/* Inside of the folder by its words, and no folder on the way is a link that leads out. */
static bool stays_inside(const char *home, const char *rel)
{
    struct ls_buf part = LS_BUF_INIT;
    bool ok = rel[0] != '\0' && rel[0] != '/';
    struct stat st;

    ls_buf_adds(&part, home);
    for (const char *p = rel; ok && *p != '\0';) {
        size_t n = strcspn(p, "/");

        ok = n > 0 && !(n == 1 && p[0] == '.') && !(n == 2 && p[0] == '.' && p[1] == '.');
        ls_buf_addc(&part, '/');
        ls_buf_add(&part, p, n);
        p += n;
        if (ok && *p == '/')
            ok = *++p != '\0' && (lstat(part.ptr, &st) != 0 || S_ISDIR(st.st_mode));
    }
    ls_buf_release(&part);
    return ok;
}

static bool get_path(struct ls_settle_left *l, const char *home, const json_t *o, const char *key, bool is_wanted, const char **out)
{
    const char *rel = get_text(l->arena, o, key);

    *out = NULL;
    if (rel == NULL)
        return !is_wanted;
    *out = ls_arena_printf(l->arena, "%s/%s", home, rel);
    return is_wanted && stays_inside(home, rel) && strcmp(rel, LS_SETTLE_INTENT) != 0;
}

static bool get_hash(const json_t *o, const char *key, char hex[LS_SHA256_HEX])
{
    const char *s = json_string_value(json_object_get(o, key));
    size_t n = s != NULL ? strlen(s) : 1;

    hex[0] = '\0';
    if ((n != 0 && n != LS_SHA256_HEX - 1) || strspn(s, "0123456789abcdef") != n)
        return false;
    memcpy(hex, s, n + 1);
    return true;
}

static bool read_op(struct ls_settle_left *l, const char *home, const json_t *o)
{
    const char *word = json_string_value(json_object_get(o, "op"));
    struct ls_file_op op = {0};
    size_t k = 0;

    while (word != NULL && k < LS_ARRAY_LEN(kinds) && strcmp(kinds[k], word) != 0)
        k++;
    if (word == NULL || k == LS_ARRAY_LEN(kinds))
        return false;
    op.kind = (enum ls_file_op_kind)k;
    if (!get_path(l, home, o, "from", op.kind == LS_FILE_RENAME || op.kind == LS_FILE_REMOVE, &op.from) ||
        !get_path(l, home, o, "to", op.kind != LS_FILE_REMOVE, &op.to))
        return false;
    if (op.kind != LS_FILE_MKDIR && !get_hash(o, "before", op.before))
        return false;
    op.old_text = get_bytes(l->arena, o, "old", &op.old_len);
    if (op.kind == LS_FILE_WRITE && (!get_hash(o, "after", op.after) || (op.before[0] != '\0') != (op.old_text != NULL)))
        return false;
    if ((op.kind == LS_FILE_RENAME && op.before[0] == '\0') || (op.kind == LS_FILE_REMOVE && op.old_text == NULL))
        return false;
    *LS_VEC_PUSH(&l->ops) = op;
    return true;
}

static const char *const *read_list(struct ls_settle_left *l, const json_t *a)
{
    const char **out = LS_ARENA_ARRAY(l->arena, const char *, json_array_size(a) + 1);
    const json_t *v;
    size_t i, n = 0;

    json_array_foreach(a, i, v) if (json_is_string(v))
        out[n++] = ls_arena_str(l->arena, json_string_value(v));
    return out;
}

static void read_request(struct ls_settle_left *l, const json_t *o)
{
    l->request = (struct ls_settle_request){.kind = l->kind,
                                            .version = get_text(l->arena, o, "version"),
                                            .to = get_text(l->arena, o, "to"),
                                            .to_format = get_text(l->arena, o, "to_format"),
                                            .out_dir = get_text(l->arena, o, "out_dir"),
                                            .applied = read_list(l, json_object_get(o, "applied")),
                                            .pending = read_list(l, json_object_get(o, "pending")),
                                            .wall_us = json_integer_value(json_object_get(o, "wall_us"))};
}

static const char *read_record(struct ls_settle_left *l, const char *home, const json_t *o)
{
    const char *kind = json_string_value(json_object_get(o, "kind"));
    const json_t *op;
    size_t i, k = 0;

    if (json_integer_value(json_object_get(o, "lockstep_settlement")) != RECORD_VERSION)
        return "it is not of this version of lockstep";
    while (kind != NULL && k < LS_N_SETTLE_KINDS && strcmp(kind, ls_settle_name((enum ls_settle_kind)k)) != 0)
        k++;
    if (kind == NULL || k == LS_N_SETTLE_KINDS)
        return "it names no settlement that is known";
    l->kind = (enum ls_settle_kind)k;
    l->title = get_text(l->arena, o, "title");
    l->began_at = get_text(l->arena, o, "began_at");
    l->ledger = get_text(l->arena, o, "ledger");
    l->ledger_format = get_text(l->arena, o, "ledger_format");
    l->has_ledger = l->ledger != NULL;
    l->has_db = json_is_true(json_object_get(o, "has_database"));
    if (!get_hash(o, "digest", l->digest) || (l->has_ledger && !get_hash(o, "ledger_before", l->ledger_before)))
        return "a hash in it is none";
    read_request(l, json_object_get(o, "request"));
    json_array_foreach(json_object_get(o, "files"), i, op) if (!read_op(l, home, op))
        return ls_arena_printf(l->arena, "its file operation %zu cannot be understood, or leads out of the folder", i + 1);
    l->n_ops = l->ops.n;
    return NULL;
}

enum ls_rc ls_settle_leftover(const char *dir, struct ls_settle_left *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    char *path = ls_path_join(dir, LS_SETTLE_INTENT);
    struct ls_err why = LS_ERR_INIT;
    json_error_t bad;
    json_t *o = NULL;
    struct stat st;
    enum ls_rc rc = LS_OK;

    *out = (struct ls_settle_left){.arena = ls_arena_new()};
    out->path = ls_arena_str(out->arena, path);
    if (lstat(path, &st) != 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            rc = ls_err_sys(err, "cannot look at %s", path);
        goto out;
    }
    out->is_there = true;
    if (ls_file_read(path, LS_OPEN_NOFOLLOW, 0, &text, &why) != LS_OK) {
        out->broken = ls_arena_str(out->arena, why.message);
        goto out;
    }
    o = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &bad);
    out->broken = o == NULL ? ls_arena_printf(out->arena, "line %d: %s", bad.line, bad.text) : read_record(out, dir, o);
    if (out->broken == NULL && ls_settle_count_done(out->ops.v, out->ops.n, &out->n_done, &why) != LS_OK)
        out->broken = ls_arena_str(out->arena, why.message);
out:
    json_decref(o);
    ls_err_release(&why);
    ls_buf_release(&text);
    free(path);
    return rc;
}

void ls_settle_left_release(struct ls_settle_left *l)
{
    LS_VEC_RELEASE(&l->ops);
    ls_arena_free(l->arena);
    *l = (struct ls_settle_left){0};
}
