#include <config.h>

#include "engine/settle_list.h"

#include <string.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

static const struct {
    const char *name;
    bool is_revision;
} lists[] = {{"applied.txt", false}, {".revision", true}, {"../applied.txt", false}, {"../.revision", true}};

static struct ls_str trimmed(const char *p, size_t n)
{
    while (n > 0 && strchr(" \t\r\n", *p) != NULL) {
        p++;
        n--;
    }
    while (n > 0 && strchr(" \t\r\n", p[n - 1]) != NULL)
        n--;
    return (struct ls_str){p, n};
}

/* The name in a line: up to a tab; comments and blank lines have none. */
static struct ls_str name_in(const char *p, size_t n)
{
    const char *tab = memchr(p, '\t', n);
    struct ls_str s = trimmed(p, tab != NULL ? (size_t)(tab - p) : n);

    return s.len > 0 && s.ptr[0] == '#' ? (struct ls_str){p, 0} : s;
}

static size_t line_len(const char *p, const char *end)
{
    const char *nl = memchr(p, '\n', (size_t)(end - p));

    return nl != NULL ? (size_t)(nl + 1 - p) : (size_t)(end - p);
}

enum ls_rc ls_text_list_read(const struct ls_snapshot *snap, struct ls_arena *arena, struct ls_text_list *out, struct ls_err *err)
{
    const char *end;
    enum ls_rc rc;
    int no = 0;

    *out = (struct ls_text_list){.text = LS_BUF_INIT};
    if (snap->ledger.shape == LS_LEDGER_FILE)
        return LS_OK;
    for (size_t i = 0; out->path == NULL && i < LS_ARRAY_LEN(lists); i++) {
        char *path = ls_path_join(snap->migrations.dir, lists[i].name);

        if (ls_path_kind(path) == LS_PATH_FILE) {
            out->path = ls_arena_str(arena, path);
            out->is_revision = lists[i].is_revision;
        }
        free(path);
    }
    if (out->path == NULL)
        return LS_OK;
    rc = ls_file_read(out->path, LS_OPEN_NOFOLLOW, 1024 * 1024, &out->text, err);
    if (rc != LS_OK)
        return rc;
    out->is_there = true;
    end = out->text.ptr + out->text.len;
    for (const char *p = out->text.ptr; p < end; p += line_len(p, end)) {
        struct ls_str name = name_in(p, line_len(p, end));

        no++;
        if (name.len == 0)
            continue;
        *LS_VEC_PUSH(&out->names) = name;
        *LS_VEC_PUSH(&out->lines) = no;
    }
    return LS_OK;
}

static bool is_text(struct ls_str s, const char *text, size_t n)
{
    return s.len == n && memcmp(s.ptr, text, n) == 0;
}

/* By id, by label, by the file's name with or without its endings. */
bool ls_text_list_names(const struct ls_entry *e, struct ls_str name)
{
    const char *path = e->migration != NULL ? e->migration->up.path : NULL, *base = path != NULL ? ls_path_base(path) : NULL;
    static const char *const ends[] = {"", ".sql", ".up.sql", ".py"};

    if (is_text(name, e->id, strlen(e->id)) || is_text(name, e->label, strlen(e->label)))
        return true;
    for (size_t i = 0; base != NULL && i < LS_ARRAY_LEN(ends); i++) {
        size_t n = strlen(base), m = strlen(ends[i]);

        if (n > m && strcmp(base + n - m, ends[i]) == 0 && is_text(name, base, n - m))
            return true;
    }
    return false;
}

const char *ls_text_list_says(const struct ls_text_list *l, const struct ls_entry *e)
{
    if (!l->is_there || l->is_revision || (e->migration != NULL && e->migration->kind != LS_KIND_VERSIONED))
        return NULL;
    for (size_t i = 0; i < l->names.n; i++)
        if (ls_text_list_names(e, l->names.v[i]))
            return "applied";
    return "pending";
}

/* How the list writes names: as the first of its names that is a migration's is written. */
static void add_name(const struct ls_text_list *l, const struct ls_timeline *t, const struct ls_entry *e, struct ls_buf *out)
{
    const char *path = e->migration != NULL ? e->migration->up.path : NULL, *base = path != NULL ? ls_path_base(path) : e->id;
    size_t n = strlen(base);

    for (size_t i = 0; i < l->names.n; i++) {
        struct ls_str name = l->names.v[i];

        for (size_t k = 0; k < t->e.n; k++) {
            const struct ls_entry *x = &t->e.v[k];

            if (!ls_text_list_names(x, name))
                continue;
            if (is_text(name, x->id, strlen(x->id)))
                base = e->id;
            else if (is_text(name, x->label, strlen(x->label)))
                base = e->label;
            else if (name.len < 4 || memcmp(name.ptr + name.len - 4, ".sql", 4) != 0)
                n = n > 4 && strcmp(base + n - 4, ".sql") == 0 ? n - 4 : n;
            ls_buf_add(out, base, base == e->id || base == e->label ? strlen(base) : n);
            return;
        }
    }
    ls_buf_add(out, base, n);
}

static void rewrite_revision(const struct ls_text_list *l, const struct ls_timeline *t, const bool *applied, struct ls_buf *out)
{
    long last = -1;

    for (size_t i = 0; i < t->e.n; i++)
        last = applied[i] ? (long)i : last;
    if (last >= 0)
        add_name(l, t, &t->e.v[last], out);
    ls_buf_addc(out, '\n');
}

void ls_text_list_rewrite(const struct ls_text_list *l, const struct ls_timeline *t, const bool *applied, struct ls_buf *out)
{
    const char *end = l->text.ptr + l->text.len;
    bool *listed = ls_calloc(t->e.n + 1, sizeof(*listed));

    if (l->is_revision) {
        rewrite_revision(l, t, applied, out);
        free(listed);
        return;
    }
    for (const char *p = l->text.ptr; p < end; p += line_len(p, end)) {
        size_t n = line_len(p, end);
        struct ls_str name = name_in(p, n);
        bool goes = false;

        for (size_t i = 0; name.len > 0 && i < t->e.n; i++)
            if (ls_text_list_names(&t->e.v[i], name)) {
                goes = !applied[i] || listed[i];
                listed[i] = true;
            }
        if (!goes)
            ls_buf_add(out, p, n);
    }
    if (out->len > 0 && out->ptr[out->len - 1] != '\n')
        ls_buf_addc(out, '\n');
    for (size_t i = 0; i < t->e.n; i++)
        if (applied[i] && !listed[i]) {
            add_name(l, t, &t->e.v[i], out);
            ls_buf_addc(out, '\n');
        }
    free(listed);
}

void ls_text_list_release(struct ls_text_list *l)
{
    ls_buf_release(&l->text);
    LS_VEC_RELEASE(&l->names);
    LS_VEC_RELEASE(&l->lines);
}
