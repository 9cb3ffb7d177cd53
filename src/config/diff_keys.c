/* config/diff_keys.c: where scratch databases are made, what a comparison is to be silent about, and which renamings were decided.
 */
#include <config.h>

#include "config/diff_keys.h"

#include <string.h>
#include <sys/stat.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"
#include "lockstep/model/catalog.h"

bool config_is_diff_section(const char *section)
{
    return strcmp(section, "diff") == 0 || strcmp(section, "scratch") == 0;
}

static enum ls_rc nearest(struct ls_err *err, const char *what, const char *word, const char *const *words, size_t n)
{
    const char *near = ls_nearest_word(word, words, n);

    return ls_err_set(err, LS_E_USAGE, "there is no %s '%s'%s%s%s", what, word, near ? "; did you mean '" : "", near ? near : "",
                      near ? "'?" : "");
}

static enum ls_rc check_kind(const char *word, struct ls_err *err)
{
    const char *words[LS_N_FACTS];
    size_t n = 0;

    if (ls_fact_kind_find(word) != LS_FACT_NONE)
        return LS_OK;
    for (int k = LS_FACT_NONE + 1; k < LS_N_FACTS; k++)
        words[n++] = ls_fact_kind_name((enum ls_fact_kind)k);
    return nearest(err, "kind of object", word, words, n);
}

static enum ls_rc check_attr(const char *word, struct ls_err *err)
{
    const char *words[LS_N_ATTRS];

    if (ls_attr_find(word) != LS_N_ATTRS)
        return LS_OK;
    for (int a = 0; a < LS_N_ATTRS; a++)
        words[a] = ls_attr_name((enum ls_attr)a);
    return nearest(err, "attribute", word, words, LS_N_ATTRS);
}

enum ls_rc config_parse_ignore(struct ls_arena *arena, const char *text, struct config_ignore *out, struct ls_err *err)
{
    const char *blank = strrchr(text, ' '), *pattern = blank ? blank + 1 : text, *colon;
    enum ls_rc rc = LS_OK;

    memset(out, 0, sizeof(*out));
    colon = strchr(pattern, ':');
    /* An attribute's word may hold blanks ("not null"): then the pattern ends before the ':'. */
    if (!colon && strchr(text, ':')) {
        colon = strchr(text, ':');
        pattern = colon;
        while (pattern > text && pattern[-1] != ' ')
            pattern--;
    }
    if (pattern > text) {
        size_t len = (size_t)(pattern - text);

        while (len > 0 && text[len - 1] == ' ')
            len--;
        out->kind = ls_arena_strn(arena, text, len);
        rc = check_kind(out->kind, err);
    }
    out->pattern = colon ? ls_arena_strn(arena, pattern, (size_t)(colon - pattern)) : ls_arena_str(arena, pattern);
    if (rc == LS_OK && colon) {
        out->attr = ls_arena_str(arena, colon + 1);
        rc = check_attr(out->attr, err);
    }
    if (rc == LS_OK && !*out->pattern)
        rc = ls_err_set(err, LS_E_USAGE, "'%s' has no pattern: it is [KIND ]PATTERN[:ATTRIBUTE], as in table audit_*", text);
    return rc;
}

/* "a, b": each for itself. */
static enum ls_rc add_ignores(struct config_project *p, const char *list, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    while (rc == LS_OK && *list) {
        size_t len = strcspn(list, ","), n = len;
        char *one;

        while (n > 0 && list[n - 1] == ' ')
            n--;
        one = ls_arena_strn(p->arena, list, n);
        if (*one)
            rc = config_parse_ignore(p->arena, one, LS_VEC_PUSH(&p->ignore), err);
        list += len + (list[len] == ',');
        list += strspn(list, " ");
    }
    return rc;
}

/* "from -> to" */
static enum ls_rc add_rename(struct config_project *p, const struct ini_entry *e, bool is_accepted, struct ls_err *err)
{
    const char *arrow = strstr(e->value, "->"), *to = arrow ? arrow + 2 : NULL;
    size_t len = arrow ? (size_t)(arrow - e->value) : 0;
    struct config_rename *r;

    while (len > 0 && e->value[len - 1] == ' ')
        len--;
    to = to ? to + strspn(to, " ") : NULL;
    if (len == 0 || !to || !*to)
        return ls_err_set(err, LS_E_INPUT, "%s wants OLD -> NEW, as in column users.type -> column users.kind", e->key);
    r = LS_VEC_PUSH(&p->renames);
    *r = (struct config_rename){ls_arena_strn(p->arena, e->value, len), ls_arena_str(p->arena, to), is_accepted, e->line};
    return LS_OK;
}

enum ls_rc config_set_diff_key(struct config_project *p, const struct ini_entry *e, struct ls_err *err)
{
    static const char *const diff_keys[] = {"ignore", "rename", "not_renamed"};
    static const char *const scratch_keys[] = {"url", "url_env"};
    bool is_diff = strcmp(e->section, "diff") == 0;
    enum ls_rc rc = LS_E_INPUT;

    if (!*e->value)
        return ls_err_set(err, LS_E_INPUT, "%s has no value", e->key);
    if (is_diff && strcmp(e->key, "ignore") == 0)
        rc = add_ignores(p, e->value, err);
    else if (is_diff && (strcmp(e->key, "rename") == 0 || strcmp(e->key, "not_renamed") == 0))
        rc = add_rename(p, e, strcmp(e->key, "rename") == 0, err);
    else if (!is_diff && strcmp(e->key, "url") == 0)
        rc = (p->scratch_url = ls_arena_str(p->arena, e->value)) ? LS_OK : LS_E_INTERNAL;
    else if (!is_diff && strcmp(e->key, "url_env") == 0)
        rc = (p->scratch_url_env = ls_arena_str(p->arena, e->value)) ? LS_OK : LS_E_INTERNAL;
    else
        rc = nearest(err, is_diff ? "key in [diff]" : "key in [scratch]", e->key, is_diff ? diff_keys : scratch_keys,
                     is_diff ? 3 : 2);
    if (rc == LS_E_USAGE && err)
        err->code = rc = LS_E_INPUT;
    return rc;
}

/* --- a choice kept
 * -------------------------------------------------------------------------------------------------------------------------------
 */

/* Whether a line is a choice about that pair. */
static bool is_choice(const char *line, size_t len, const char *from, const char *to)
{
    char *copy = ls_strndup(line, len), *arrow = strstr(copy, "->"), *eq = strchr(copy, '=');
    bool is_it = false;

    if (arrow && eq && eq < arrow && (strncmp(copy, "rename", 6) == 0 || strncmp(copy, "not_renamed", 11) == 0)) {
        char *old = eq + 1 + strspn(eq + 1, " "), *new_ = arrow + 2 + strspn(arrow + 2, " ");

        while (arrow > old && arrow[-1] == ' ')
            arrow--;
        *arrow = '\0';
        is_it = strcmp(old, from) == 0 && strncmp(new_, to, strlen(to)) == 0 &&
                new_[strlen(to) + strspn(new_ + strlen(to), " \r")] == '\0';
    }
    free(copy);
    return is_it;
}

enum ls_rc config_keep_rename(const struct config_project *project, const char *from, const char *to, bool is_accepted,
                              struct ls_err *err)
{
    struct ls_buf old = LS_BUF_INIT, out = LS_BUF_INIT;
    bool in_diff = false, is_done = false;
    struct stat st;
    enum ls_rc rc;

    if (!project->path)
        return ls_err_set(err, LS_E_NOT_FOUND, "there is no lockstep.conf to keep the choice in; `lockstep init` writes one");
    if (strpbrk(from, "\n\r") || strpbrk(to, "\n\r"))
        return ls_err_set(err, LS_E_INPUT, "a name with a line break in it cannot be kept in %s", project->path);
    rc = ls_file_read(project->path, 0, 0, &old, err);
    if (rc == LS_OK && stat(project->path, &st) != 0)
        rc = ls_err_sys(err, "%s", project->path);
    for (const char *p = old.ptr; rc == LS_OK && *p;) {
        size_t len = strcspn(p, "\n"), with_end = len + (p[len] == '\n');

        if (!(in_diff && is_choice(p, len, from, to)))
            ls_buf_add(&out, p, with_end);
        if (*p == '[')
            in_diff = strncmp(p, "[diff]", 6) == 0;
        if (in_diff && !is_done && *p == '[') {
            if (p[len] != '\n')
                ls_buf_addc(&out, '\n');
            ls_buf_addf(&out, "%s = %s -> %s\n", is_accepted ? "rename" : "not_renamed", from, to);
            is_done = true;
        }
        p += with_end;
    }
    if (rc == LS_OK && !is_done)
        ls_buf_addf(&out, "%s\n[diff]\n%s = %s -> %s\n", out.len > 0 && out.ptr[out.len - 1] != '\n' ? "\n" : "",
                    is_accepted ? "rename" : "not_renamed", from, to);
    if (rc == LS_OK)
        rc = ls_file_write_atomic(project->path, out.ptr, out.len, st.st_mode & 0777, err);
    ls_buf_release(&old);
    ls_buf_release(&out);
    return rc;
}
