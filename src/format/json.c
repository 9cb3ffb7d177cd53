#include <config.h>

#include "format/json.h"

#include <string.h>

#include "format/scan.h"
#include "lockstep/base/file.h"

/* The text without what some editors put in front of it. */
static enum ls_rc read_text(const char *path, struct ls_buf *text, struct ls_str *out, struct ls_err *err)
{
    enum ls_rc rc = ls_file_read(path, 0, 0, text, err);
    size_t bom = rc == LS_OK && text->len >= 3 && memcmp(text->ptr, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    *out = (struct ls_str){text->ptr + bom, text->len - bom};
    return rc;
}

static json_t *parse(const char *path, struct ls_str text, struct ls_err *err)
{
    json_error_t where;
    json_t *root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &where);

    if (root == NULL) {
        ls_err_set(err, LS_E_INPUT, "%s:%d:%d: %s", path, where.line > 0 ? where.line : 1, where.column > 0 ? where.column : 1, where.text);
        if (err != NULL) {
            err->line = where.line > 0 ? where.line : 1;
            err->col = where.column > 0 ? where.column : 1;
        }
        ls_err_hint(err, "mend the JSON, or restore the file");
    }
    return root;
}

json_t *ls_json_load(const char *path, struct ls_err *err)
{
    struct ls_buf buf = LS_BUF_INIT;
    struct ls_str text;
    json_t *root = read_text(path, &buf, &text, err) == LS_OK ? parse(path, text, err) : NULL;

    ls_buf_release(&buf);
    return root;
}

/* The error of a file that could not be read, as a diagnostic. */
static void tell(struct ls_migrations *out, const char *path, const struct ls_err *err)
{
    struct ls_diag *d = ls_scan_diag(out, LS_SEV_ERROR, "unreadable-file", path, "%s", err->message);

    d->line = err->line;
    d->hint = ls_arena_str(out->arena, err->hint);
}

const char *ls_json_str(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

bool ls_json_int(const json_t *object, const char *key, int64_t *out)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value))
        return false;
    *out = json_integer_value(value);
    return true;
}

/* --- long lists ---------------------------------------------------------------------------------------------------------------------------- */

/* Where brackets, commas and strings are, without a look at what is between them: that is jansson's to judge. */
struct walk {
    const char *p, *end;
    int line;
};

/* The next byte that has a meaning; '"' stands for a whole string, whose inside *word gets. 0 at the end. */
static char step(struct walk *w, struct ls_str *word)
{
    while (w->p < w->end) {
        char c = *w->p++;

        switch (c) {
        case '\n':
            w->line++;
            break;
        case '"':
            word->ptr = w->p;
            for (; w->p < w->end && *w->p != '"'; w->p++)
                w->p += *w->p == '\\' && w->p + 1 < w->end;
            word->len = (size_t)(w->p - word->ptr);
            w->p += w->p < w->end;
            return c;
        case '{':
        case '}':
        case '[':
        case ']':
        case ':':
        case ',':
            return c;
        default:
            break;
        }
    }
    return 0;
}

/* Goes behind the '[' of the root's list of that name; false: there is none, or its name is written with escapes. */
static bool find_list(struct walk *w, const char *key)
{
    struct ls_str word = {w->p, 0};
    bool is_key = false;
    int depth = 0;

    for (char c = step(w, &word); c != 0; c = step(w, &word)) {
        if (c == '[' && is_key && depth == 1)
            return true;
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        is_key = (c == ':' && is_key) || (c == '"' && word.len == strlen(key) && memcmp(word.ptr, key, word.len) == 0);
    }
    return false;
}

enum { BATCH = 64 }; /* entries that are in memory at once: few enough to stay in the processor's caches */

struct reader {
    struct walk w;
    ls_json_each each;
    void *ctx;
    size_t n;         /* entries that were told */
    const char *from; /* where those begin that were not */
    int lines[BATCH]; /* of each of them */
    size_t n_lines;
    struct ls_buf text;
};

static bool is_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p == end;
}

/* The entries up to `to`, as a list of their own; as deep as in the file, for jansson has a limit. */
static bool tell_batch(struct reader *r, const char *to)
{
    json_t *root, *list, *entry;
    bool ok;
    size_t i;

    ls_buf_clear(&r->text);
    ls_buf_adds(&r->text, "[[");
    ls_buf_add(&r->text, r->from, (size_t)(to - r->from));
    ls_buf_adds(&r->text, "]]");
    root = json_loadb(r->text.ptr, r->text.len, JSON_REJECT_DUPLICATES, NULL);
    list = json_array_get(root, 0);
    ok = list != NULL && json_array_size(list) == r->n_lines;
    if (ok)
        json_array_foreach(list, i, entry) r->each(r->ctx, r->n++, r->lines[i], entry);
    json_decref(root);
    r->from = to + 1;
    r->n_lines = 0;
    return ok;
}

/* From behind the list's '[' to behind its ']'. */
static bool tell_entries(struct reader *r)
{
    struct ls_str word;
    int depth = 0, line = 0;

    r->from = r->w.p;
    for (char c = step(&r->w, &word); c != 0; c = step(&r->w, &word)) {
        bool is_end = depth == 0 && c == ']';

        line = line == 0 ? r->w.line : line;
        if (is_end && r->n + r->n_lines == 0 && is_blank(r->from, r->w.p - 1))
            return true;
        if (is_end || (depth == 0 && c == ',')) {
            r->lines[r->n_lines++] = line;
            line = 0;
            if ((is_end || r->n_lines == BATCH) && !tell_batch(r, r->w.p - 1))
                return false;
        }
        if (is_end)
            return true;
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    }
    return false;
}

/* What is left of the file without the entries; NULL: something is not as it should be, and jansson's to tell when it reads the whole. */
static json_t *load_in_parts(struct ls_str text, const char *key, ls_json_each each, void *ctx)
{
    struct reader r = {.w = {text.ptr, text.ptr + text.len, 1}, .each = each, .ctx = ctx, .text = LS_BUF_INIT};
    json_t *root = NULL;
    const char *begin;

    if (!find_list(&r.w, key))
        return NULL;
    begin = r.w.p;
    if (tell_entries(&r)) {
        ls_buf_clear(&r.text);
        ls_buf_add(&r.text, text.ptr, (size_t)(begin - text.ptr));
        ls_buf_add(&r.text, r.w.p - 1, (size_t)(r.w.end - (r.w.p - 1)));
        root = json_loadb(r.text.ptr, r.text.len, JSON_REJECT_DUPLICATES, NULL);
    }
    ls_buf_release(&r.text);
    return root;
}

json_t *ls_json_load_list(const char *path, const char *key, ls_json_each each, void *ctx, struct ls_err *err)
{
    struct ls_buf buf = LS_BUF_INIT;
    struct ls_str text;
    json_t *root = NULL, *entry;
    size_t i;

    if (read_text(path, &buf, &text, err) != LS_OK)
        goto out;
    root = load_in_parts(text, key, each, ctx);
    if (root == NULL && (root = parse(path, text, err)) != NULL)
        json_array_foreach(json_object_get(root, key), i, entry) each(ctx, i, 0, entry);
out:
    ls_buf_release(&buf);
    return root;
}

json_t *ls_json_load_list_diag(struct ls_migrations *out, const char *path, const char *key, ls_json_each each, void *ctx)
{
    struct ls_err err = LS_ERR_INIT;
    json_t *root = ls_json_load_list(path, key, each, ctx, &err);

    if (root == NULL)
        tell(out, path, &err);
    ls_err_release(&err);
    return root;
}
