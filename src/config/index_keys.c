/* config/index_keys.c: [index]: the workload, how long counters must have been watched, and what is not to be heard of, with the reason. */
#include <config.h>

#include "config/index_keys.h"

#include <string.h>
#include <sys/stat.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/file.h"
#include "lockstep/base/text.h"
#include "lockstep/engine/index.h"

bool config_is_index_section(const char *section)
{
    return strcmp(section, "index") == 0;
}

static enum ls_rc nearest(struct ls_err *err, const char *what, const char *word, const char *const *words, size_t n)
{
    const char *near = ls_nearest_word(word, words, n);

    return ls_err_set(err, LS_E_INPUT, "there is no %s '%s'%s%s%s", what, word, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static enum ls_rc check_verdict(const char *word, struct ls_err *err)
{
    static const char *const words[] = {
        "*",
#define X(e, id, w, m) id, w,
        LS_VERDICTS(X)
#undef X
    };

    for (size_t i = 0; i < LS_ARRAY_LEN(words); i++)
        if (strcmp(words[i], word) == 0)
            return LS_OK;
    return nearest(err, "verdict", word, words, LS_ARRAY_LEN(words));
}

/* "14d", "36h", "2w" */
static enum ls_rc parse_window(const char *text, int64_t *us, struct ls_err *err)
{
    static const struct {
        const char *word;
        int64_t seconds;
    } units[] = {{"min", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};
    const char *p = text;
    int64_t n = 0;

    while (*p >= '0' && *p <= '9' && n < 100000)
        n = n * 10 + (*p++ - '0');
    p += strspn(p, " ");
    for (size_t i = 0; n > 0 && i < LS_ARRAY_LEN(units); i++) {
        if (strcmp(p, units[i].word) == 0) {
            *us = n * units[i].seconds * 1000000;
            return LS_OK;
        }
    }
    return ls_err_set(err, LS_E_INPUT, "'%s' is no window; write it as 14d, 36h or 2w", text);
}

enum ls_rc config_parse_index_ignore(struct ls_arena *arena, const char *text, struct config_index_ignore *out, struct ls_err *err)
{
    size_t n = strcspn(text, " \t"), len;
    const char *object = text + n + strspn(text + n, " \t"), *colon = strstr(object, ": "), *reason;
    const char *id = ls_arena_strn(arena, text, n);

    if (check_verdict(id, err) != LS_OK)
        return LS_E_INPUT;
    reason = colon ? colon + 2 + strspn(colon + 2, " \t") : "";
    len = colon ? (size_t)(colon - object) : strlen(object);
    if (!colon && len > 0 && object[len - 1] == ':')
        len--;
    while (len > 0 && strchr(" \t", object[len - 1]))
        len--;
    if (len == 0)
        return ls_err_set(err, LS_E_INPUT, "ignore wants VERDICT OBJECT: REASON, as in IX01 public.idx_orders_old: the yearly report needs it");
    if (!*reason) {
        (void)ls_err_set(err, LS_E_INPUT, "%s of %.*s is ignored without a reason", id, (int)len, object);
        ls_err_hint(err, "put it behind the object: %s %.*s: why it may stay as it is", id, (int)len, object);
        return LS_E_INPUT;
    }
    *out = (struct config_index_ignore){id, ls_arena_strn(arena, object, len), ls_arena_str(arena, reason), 0};
    return LS_OK;
}

enum ls_rc config_set_index_key(struct config_project *p, const struct ini_entry *e, struct ls_err *err)
{
    static const char *const keys[] = {"ignore", "window", "workload"};
    struct config_index_ignore one = {0};

    if (!*e->value)
        return ls_err_set(err, LS_E_INPUT, "%s has no value", e->key);
    if (strcmp(e->key, "ignore") == 0) {
        enum ls_rc rc = config_parse_index_ignore(p->arena, e->value, &one, err);

        one.line = e->line;
        if (rc == LS_OK)
            *LS_VEC_PUSH(&p->index_ignores) = one;
        return rc;
    }
    if (strcmp(e->key, "window") == 0)
        return parse_window(e->value, &p->index_window_us, err);
    if (strcmp(e->key, "workload") != 0)
        return nearest(err, "key in [index]", e->key, keys, LS_ARRAY_LEN(keys));
    p->index_workload = ls_arena_str(p->arena, e->value);
    return LS_OK;
}

/* --- an ignore kept ------------------------------------------------------------------------------------------------------------------------ */

void config_index_pattern(const char *label, struct ls_buf *out)
{
    size_t n = strlen(label);

    for (size_t i = 0; i < n; i++) {
        bool is_blank = label[i] == ' ' || label[i] == '\t';

        if (strchr("*?[\\", label[i]))
            ls_buf_addf(out, "\\%c", label[i]);
        else if (strchr(":;", label[i]) || (is_blank && (i == 0 || i + 1 == n))) /* what would end the object, the line */
            ls_buf_addf(out, "[%c]", label[i]);
        else
            ls_buf_addc(out, label[i]);
    }
}

/* What would end the object or the line early is any character to the glob, and a ',' in the reason. */
static void add_safe(struct ls_buf *out, const char *text, char instead)
{
    for (size_t i = 0; text[i]; i++) {
        bool is_end = (text[i] == ':' && text[i + 1] == ' ') || (text[i] == ';' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t'));

        ls_buf_addc(out, is_end ? instead : text[i]);
    }
}

enum ls_rc config_keep_index_ignore(const struct config_project *project, const char *id, const char *object, const char *reason, struct ls_err *err)
{
    struct ls_buf old = LS_BUF_INIT, out = LS_BUF_INIT, line = LS_BUF_INIT;
    bool is_done = false;
    struct stat st;
    enum ls_rc rc;

    if (!project->path)
        return ls_err_set(err, LS_E_NOT_FOUND, "there is no lockstep.conf to keep it in; `lockstep init` writes one");
    if (!object[strspn(object, " \t")] || !reason[strspn(reason, " \t")])
        return ls_err_set(err, LS_E_USAGE, "what is ignored needs a reason");
    if (strpbrk(object, "\n\r") || strpbrk(reason, "\n\r"))
        return ls_err_set(err, LS_E_INPUT, "a name or reason with a line break in it cannot be kept in %s", project->path);
    rc = check_verdict(id, err);
    if (rc == LS_OK)
        rc = ls_file_read(project->path, 0, 0, &old, err);
    if (rc == LS_OK && stat(project->path, &st) != 0)
        rc = ls_err_sys(err, "%s", project->path);
    ls_buf_addf(&line, "ignore = %s ", id);
    add_safe(&line, object, '?');
    ls_buf_adds(&line, ": ");
    add_safe(&line, reason, ',');
    ls_buf_addc(&line, '\n');
    for (const char *p = old.ptr; rc == LS_OK && *p;) {
        size_t len = strcspn(p, "\n");

        ls_buf_add(&out, p, len + (p[len] == '\n'));
        if (!is_done && strncmp(p, "[index]", 7) == 0) {
            if (p[len] != '\n')
                ls_buf_addc(&out, '\n');
            ls_buf_add(&out, line.ptr, line.len);
            is_done = true;
        }
        p += len + (p[len] == '\n');
    }
    if (rc == LS_OK && !is_done)
        ls_buf_addf(&out, "%s\n[index]\n%s", out.len > 0 && out.ptr[out.len - 1] != '\n' ? "\n" : "", line.ptr);
    if (rc == LS_OK)
        rc = ls_file_write_atomic(project->path, out.ptr, out.len, st.st_mode & 0777, err);
    ls_buf_release(&old);
    ls_buf_release(&out);
    ls_buf_release(&line);
    return rc;
}
