#include <config.h>

#include "format/json.h"

#include <string.h>

#include "format/scan.h"
#include "lockstep/base/file.h"

json_t *ls_json_load(const char *path, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    json_t *root = NULL;
    json_error_t where;
    size_t bom;

    if (ls_file_read(path, 0, 0, &text, err) != LS_OK)
        goto out;
    bom = text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    root = json_loadb(text.ptr + bom, text.len - bom, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL) {
        ls_err_set(err, LS_E_INPUT, "%s:%d:%d: %s", path, where.line > 0 ? where.line : 1, where.column > 0 ? where.column : 1, where.text);
        if (err != NULL) {
            err->line = where.line > 0 ? where.line : 1;
            err->col = where.column > 0 ? where.column : 1;
        }
        ls_err_hint(err, "mend the JSON, or restore the file");
    }
out:
    ls_buf_release(&text);
    return root;
}

json_t *ls_json_load_diag(struct ls_migrations *out, const char *path)
{
    struct ls_err err = LS_ERR_INIT;
    json_t *root = ls_json_load(path, &err);

    if (root == NULL) {
        struct ls_diag *d = ls_scan_diag(out, LS_SEV_ERROR, "unreadable-file", path, "%s", err.message);

        d->line = err.line;
        d->hint = ls_arena_str(out->arena, err.hint);
    }
    ls_err_release(&err);
    return root;
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

/* Goes over a text that jansson has accepted: strings are skipped whole, so that brackets in them do not count. */
struct walk {
    const char *p, *end;
    int line, depth;
};

/* The next byte that has a meaning; '"' stands for a whole string, whose inside *word gets. 0 at the end. */
static char step(struct walk *w, struct ls_str *word)
{
    while (w->p < w->end) {
        char c = *w->p++;

        if (c == '\n')
            w->line++;
        if (c == '"') {
            word->ptr = w->p;
            for (; w->p < w->end && *w->p != '"'; w->p++)
                w->p += *w->p == '\\' && w->p + 1 < w->end;
            word->len = (size_t)(w->p - word->ptr);
            w->p += w->p < w->end;
            return '"';
        }
        if (strchr("{}[]:", c) != NULL)
            return c;
    }
    return 0;
}

int ls_json_entry_line(const char *text, size_t len, const char *key, size_t n)
{
    struct walk w = {text, text + len, 1, 0};
    struct ls_str word = {text, 0};
    bool is_key = false, inside = false;
    int at = 0;

    for (char c = step(&w, &word); c != 0; c = step(&w, &word)) {
        if (!inside && c == '[' && is_key) {
            inside = true;
            at = ++w.depth;
            continue;
        }
        if (inside && c == '{' && w.depth == at && n-- == 0)
            return w.line;
        if (inside && c == ']' && w.depth == at)
            return 0;
        if (c == '{' || c == '[')
            w.depth++;
        if (c == '}' || c == ']')
            w.depth--;
        is_key = (c == ':' && is_key) || (c == '"' && word.len == strlen(key) && memcmp(word.ptr, key, word.len) == 0);
    }
    return 0;
}
