/* 0.x:  "_meta": {"tables": {"\"public\".\"old\"": "\"public\".\"new\""}, "columns": {"\"public\".\"t\".\"old\"": "\"public\".\"t\".\"new\""}}
 * 1.x:  "renames": ["public.old->public.new", "public.t.old->public.t.new"]
 * SQLite's have no schema. */
#include <config.h>

#include "engine/drizzle_meta.h"

#include <string.h>

#include "format/json.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/vec.h"

#define MAX_PARTS 4

struct hints {
    struct ls_catalog *c;
    LS_VEC(struct ls_rename_hint) v;
};

/* "a"."b" or a.b in its parts; how many. */
static int split(struct ls_arena *arena, const char *text, size_t len, const char *parts[MAX_PARTS])
{
    const char *p = text, *end = text + len;
    int n = 0;

    while (p < end && n < MAX_PARTS) {
        bool is_quoted = *p == '"';
        const char *start = p + is_quoted, *stop = start;

        while (stop < end && *stop != (is_quoted ? '"' : '.'))
            stop++;
        parts[n++] = ls_arena_strn(arena, start, (size_t)(stop - start));
        p = stop + is_quoted;
        p += p < end && *p == '.';
    }
    return n;
}

static void add(struct hints *h, const char *from, size_t from_len, const char *to)
{
    const char *a[MAX_PARTS], *b[MAX_PARTS];
    int n = split(h->c->arena, from, from_len, a), m = split(h->c->arena, to, strlen(to), b);
    int n_schema = h->c->dialect == LS_DIALECT_POSTGRES && n > 1;

    /* Without its schema a name of PostgreSQL's that has two parts is a table's; a column has three. */
    if (n != m || n < 1 || n - n_schema > 2 || strcmp(a[n - 1], b[n - 1]) == 0)
        return;
    *LS_VEC_PUSH(&h->v) = (struct ls_rename_hint){
        .schema = n_schema ? b[0] : "", .table = n - n_schema == 2 ? b[n - 2] : NULL, .from = a[n - 1], .to = b[n - 1]};
}

static void add_map(struct hints *h, const json_t *map)
{
    const char *from;
    json_t *to;

    json_object_foreach((json_t *)(uintptr_t)map, from, to)
        if (json_is_string(to))
            add(h, from, strlen(from), json_string_value(to));
}

static void read_one(struct hints *h, const char *path)
{
    json_t *root = ls_json_load(path, NULL), *list = json_object_get(root, "renames"), *entry;
    const json_t *meta = json_object_get(root, "_meta");
    size_t i;

    add_map(h, json_object_get(meta, "tables"));
    add_map(h, json_object_get(meta, "columns"));
    json_array_foreach(list, i, entry) {
        const char *text = json_string_value(entry), *arrow = text != NULL ? strstr(text, "->") : NULL;

        if (arrow != NULL)
            add(h, text, (size_t)(arrow - text), arrow + 2);
    }
    json_decref(root);
}

static char *dir_of(const char *path)
{
    const char *base = ls_path_base(path);

    return base == path ? ls_strdup(".") : ls_asprintf("%.*s", (int)(base - path - 1), path);
}

/* The snapshots of a folder, sorted by name, as far as this one. In 1.x each has a folder of its own. */
static void read_until(struct hints *h, const char *path)
{
    char *dir = dir_of(path), *up = NULL;
    bool is_inner = strcmp(ls_path_base(path), "snapshot.json") == 0;
    const char *last = ls_path_base(path), *tail = "_snapshot.json";
    struct ls_dir list = {0};

    if (is_inner) {
        up = dir_of(dir);
        last = ls_path_base(dir);
    }
    if (ls_dir_list(is_inner ? up : dir, &list, NULL) == LS_OK) {
        for (size_t i = 0; i < list.e.n && strcmp(list.e.v[i].name, last) <= 0; i++) {
            size_t n = strlen(list.e.v[i].name);
            char *folder = ls_path_join(is_inner ? up : dir, list.e.v[i].name), *inner = ls_path_join(folder, "snapshot.json");

            if (is_inner && ls_path_kind(inner) == LS_PATH_FILE)
                read_one(h, inner);
            else if (!is_inner && n > strlen(tail) && strcmp(list.e.v[i].name + n - strlen(tail), tail) == 0)
                read_one(h, folder);
            free(folder);
            free(inner);
        }
    }
    ls_dir_release(&list);
    free(dir);
    free(up);
}

void drizzle_meta_read(struct ls_catalog *c, const char *path)
{
    struct hints h = {.c = c};
    struct ls_rename_hint *own;

    read_until(&h, path);
    own = LS_ARENA_ARRAY(c->arena, struct ls_rename_hint, h.v.n + 1);
    if (h.v.n > 0)
        memcpy(own, h.v.v, h.v.n * sizeof(*own));
    c->hints = own;
    c->n_hints = h.v.n;
    c->hints_of = "Drizzle's own _meta";
    LS_VEC_RELEASE(&h.v);
}
