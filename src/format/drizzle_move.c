/* Drizzle 0.x: a migration moved to the end of meta/_journal.json: its entry with a later time, its file and its snapshot with
 * another number, and the chain of snapshots (each names the one before it). Facts: formats.md 4.2. */
#include <config.h>

#include "format/drizzle.h"

#include <inttypes.h>
#include <string.h>

#include "format/json.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/format/layout.h"

struct mover {
    struct ls_arena *arena;
    const struct ls_migrations *all;
    json_t *entries;
    struct ls_moved *out;
};

/* "0007_add_email": drizzle-kit's prefix "index". After a merge the entry's idx may be another. */
static bool has_index(const char *tag)
{
    return strspn(tag, "0123456789") == 4 && tag[4] == '_';
}

static const char *snapshot_of(struct mover *mv, const char *tag)
{
    const char *cut = strchr(tag, '_');

    return ls_arena_printf(mv->arena, "%s/meta/%.*s_snapshot.json", mv->all->dir,
                           (int)(cut != NULL ? (size_t)(cut - tag) : strlen(tag)), tag);
}

/* Entries that would share a snapshot's file with this one: it is not known whose it is. */
static size_t n_sharing(struct mover *mv, const char *tag)
{
    const char *path = snapshot_of(mv, tag);
    const json_t *e;
    size_t i, n = 0;

    json_array_foreach(mv->entries, i, e)
    {
        if (ls_json_str(e, "tag") != NULL && strcmp(snapshot_of(mv, ls_json_str(e, "tag")), path) == 0)
            n++;
    }
    return n;
}

/* The snapshot's bytes with another prevId; false when it has none that can be found. */
static bool with_prev(struct mover *mv, const char *path, const char *prev, struct ls_written_file *out)
{
    struct ls_buf text = LS_BUF_INIT, now = LS_BUF_INIT;
    const char *key, *start = NULL, *end = NULL;

    if (ls_file_read(path, 0, 0, &text, NULL) == LS_OK && (key = strstr(text.ptr, "\"prevId\"")) != NULL) {
        start = strchr(key + 8, '"');
        end = start != NULL ? strchr(start + 1, '"') : NULL;
    }
    if (end != NULL && start != NULL) {
        ls_buf_add(&now, text.ptr, (size_t)(start + 1 - text.ptr));
        ls_buf_adds(&now, prev);
        ls_buf_add(&now, end, text.len - (size_t)(end - text.ptr));
        *out = (struct ls_written_file){ls_arena_str(mv->arena, path), ls_arena_strn(mv->arena, now.ptr, now.len), now.len};
    }
    ls_buf_release(&text);
    ls_buf_release(&now);
    return end != NULL;
}

static const char *id_of(struct mover *mv, const char *path)
{
    json_t *o = ls_path_exists(path) ? ls_json_load(path, NULL) : NULL;
    const char *id = ls_arena_str(mv->arena, ls_json_str(o, "id"));

    json_decref(o);
    return id;
}

/* Once the entries are in their new order: every snapshot that does not follow the one before it gets that one's id. The files
 * still have their old names, `paths` as many as entries; NULL where it is not known whose it is. */
static void chain(struct mover *mv, const char *const *paths)
{
    const char *prev = "00000000-0000-0000-0000-000000000000";

    for (size_t i = 0; i < json_array_size(mv->entries); i++) {
        struct ls_written_file w;
        const char *id;
        json_t *o;
        bool follows;

        if (paths[i] == NULL || !ls_path_exists(paths[i]) || (id = id_of(mv, paths[i])) == NULL)
            continue;
        o = ls_json_load(paths[i], NULL);
        follows = ls_json_str(o, "prevId") != NULL && strcmp(ls_json_str(o, "prevId"), prev) == 0;
        json_decref(o);
        if (!follows && with_prev(mv, paths[i], prev, &w))
            *LS_VEC_PUSH(&mv->out->writes) = w;
        prev = id;
    }
}

static const json_t *entry_of(const struct mover *mv, const struct ls_migration *m, size_t *at)
{
    const char *base = m->up.path != NULL ? ls_path_base(m->up.path) : "";
    size_t n = strlen(base);

    for (*at = 0; *at < json_array_size(mv->entries); ++*at) {
        const json_t *e = json_array_get(mv->entries, *at);
        const char *tag = ls_json_str(e, "tag");

        if (tag != NULL && n > 4 && strlen(tag) == n - 4 && strncmp(tag, base, n - 4) == 0)
            return e;
    }
    return NULL;
}

/* The numbers that nothing has reached yet. */
static void find_ends(const struct mover *mv, int64_t *idx, int64_t *when)
{
    const json_t *e;
    size_t i;

    json_array_foreach(mv->entries, i, e)
    {
        int64_t n;

        if (ls_json_int(e, "idx", &n) && n > *idx)
            *idx = n;
        if (ls_json_int(e, "when", &n) && n > *when)
            *when = n;
    }
}

static void add_rename(struct mover *mv, const char *from, const char *to)
{
    if (strcmp(from, to) == 0)
        return;
    *LS_VEC_PUSH(&mv->out->from) = from;
    *LS_VEC_PUSH(&mv->out->to) = to;
}

static enum ls_rc move_one(struct mover *mv, const struct ls_migration *m, int64_t idx, int64_t when, const char **snapshot,
                           struct ls_err *err)
{
    struct ls_arena *a = mv->arena;
    size_t at = 0;
    json_t *e = json_deep_copy(entry_of(mv, m, &at));
    const char *tag = ls_arena_str(a, ls_json_str(e, "tag")), *now;
    bool is_shared;

    if (e == NULL)
        return ls_err_set(err, LS_E_REFUSED, "%s has no entry in the journal, or no file", m->label);
    is_shared = n_sharing(mv, tag) > 1;
    now = has_index(tag) ? ls_arena_printf(a, "%04" PRId64 "%s", idx, tag + 4) : tag;
    json_object_set_new(e, "idx", json_integer(idx));
    json_object_set_new(e, "when", json_integer(when));
    json_object_set_new(e, "tag", json_string(now));
    json_array_remove(mv->entries, at);
    json_array_append_new(mv->entries, e);
    add_rename(mv, m->up.path, ls_arena_printf(a, "%s/%s.sql", mv->all->dir, now));
    *snapshot = snapshot_of(mv, tag);
    if (!ls_path_exists(*snapshot)) {
        *snapshot = NULL;
    } else if (is_shared) {
        *LS_VEC_PUSH(&mv->out->lost) = ls_arena_printf(a,
                                                       "%s shares its snapshot's file with another entry: it stays with that one, "
                                                       "and %s has none; drizzle-kit generate compares with "
                                                       "the newest snapshot, so look at what it makes next",
                                                       tag, now);
        *snapshot = NULL;
    } else {
        add_rename(mv, *snapshot, snapshot_of(mv, now));
    }
    *LS_VEC_PUSH(&mv->out->labels) = now;
    return LS_OK;
}

enum ls_rc ls_drizzle_move_to_end(struct ls_arena *arena, const struct ls_migrations *all, const struct ls_migration *const *moved,
                                  size_t n, uint64_t above, int64_t wall_us, struct ls_moved *out, struct ls_err *err)
{
    const char *path = ls_arena_printf(arena, "%s/meta/_journal.json", all->dir), **paths;
    json_t *root = ls_json_load(path, err);
    struct mover mv = {.arena = arena, .all = all, .entries = json_object_get(root, "entries"), .out = out};
    int64_t idx = -1, when = above <= INT64_MAX / 2 ? (int64_t)above : 0;
    size_t n_left;
    enum ls_rc rc = LS_OK;
    char *text;

    if (root == NULL)
        return err != NULL ? err->code : LS_E_INPUT;
    paths = LS_ARENA_ARRAY(arena, const char *, json_array_size(mv.entries) + 1);
    find_ends(&mv, &idx, &when);
    if (wall_us / 1000 > when)
        when = wall_us / 1000;
    n_left = json_array_size(mv.entries) >= n ? json_array_size(mv.entries) - n : 0;
    for (size_t i = 0; rc == LS_OK && i < n; i++)
        rc = move_one(&mv, moved[i], idx + 1 + (int64_t)i, when + 1 + (int64_t)i, &paths[n_left + i], err);
    for (size_t i = 0; rc == LS_OK && i < n_left; i++) {
        const char *tag = ls_json_str(json_array_get(mv.entries, i), "tag");

        paths[i] = tag != NULL ? snapshot_of(&mv, tag) : NULL;
    }
    if (rc == LS_OK) {
        chain(&mv, paths);
        text = json_dumps(root, JSON_INDENT(2));
        *LS_VEC_PUSH(&out->writes) = (struct ls_written_file){path, ls_arena_str(arena, text), strlen(text)};
        free(text);
    }
    json_decref(root);
    return rc;
}

/* The journal of a folder that is written anew. Times end at now, so that what drizzle-kit generates next is later. */
int ls_drizzle_folder_files(struct ls_arena *arena, enum ls_dialect d, const struct ls_written *all, size_t n, int64_t wall_us,
                            const char *paths[2], const char *texts[2])
{
    const char *version = d == LS_DIALECT_POSTGRES ? "7" : "6";
    json_t *root = json_object(), *entries = json_array();
    char *text;

    json_object_set_new(root, "version", json_string(version));
    json_object_set_new(root, "dialect", json_string(d == LS_DIALECT_POSTGRES ? "postgresql" : "sqlite"));
    json_object_set_new(root, "entries", entries);
    for (size_t i = 0; i < n; i++) {
        json_t *e = json_object();

        json_object_set_new(e, "idx", json_integer((json_int_t)i));
        json_object_set_new(e, "version", json_string(version));
        json_object_set_new(e, "when", json_integer(wall_us / 1000 - (int64_t)(n - i)));
        json_object_set_new(e, "tag", json_string(ls_arena_printf(arena, "%s_%s", all[i].key, all[i].name)));
        json_object_set_new(e, "breakpoints", json_true());
        json_array_append_new(entries, e);
    }
    text = json_dumps(root, JSON_INDENT(2));
    paths[0] = "meta/_journal.json";
    texts[0] = ls_arena_str(arena, text);
    free(text);
    json_decref(root);
    return 1;
}

/* --- a journal that disagrees with the files ------------------------------------------------------------------------------ */

static bool has_row(const struct ls_ledger *l, int64_t when)
{
    for (size_t i = 0; i < l->rows.n; i++)
        if (l->rows.v[i].state == LS_ROW_APPLIED && l->rows.v[i].version == (uint64_t)when)
            return true;
    return false;
}

/* Returns how many went. */
static size_t drop_fileless(struct mover *mv, const struct ls_ledger *l)
{
    size_t n = 0;

    for (size_t i = json_array_size(mv->entries); i-- > 0;) {
        const json_t *e = json_array_get(mv->entries, i);
        const char *tag = ls_json_str(e, "tag");
        int64_t when = -1;

        if (tag == NULL || strchr(tag, '/') != NULL || !ls_json_int(e, "when", &when) ||
            ls_path_exists(ls_arena_printf(mv->arena, "%s/%s.sql", mv->all->dir, tag)))
            continue;
        if (has_row(l, when)) {
            *LS_VEC_PUSH(&mv->out->lost) = ls_arena_printf(
                mv->arena, "%s is applied and its file is gone: its entry stays; bring the file back (git log --diff-filter=D)",
                tag);
            continue;
        }
        *LS_VEC_PUSH(&mv->out->labels) = ls_arena_str(mv->arena, tag);
        json_array_remove(mv->entries, i);
        n++;
    }
    return n;
}

static bool has_tag(const struct mover *mv, const char *tag, size_t len)
{
    for (size_t i = 0; i < json_array_size(mv->entries); i++) {
        const char *have = ls_json_str(json_array_get(mv->entries, i), "tag");

        if (have != NULL && strlen(have) == len && memcmp(have, tag, len) == 0)
            return true;
    }
    return false;
}

static size_t add_strays(struct mover *mv, const char *version, uint64_t above, int64_t wall_us)
{
    struct ls_dir dir = {0};
    int64_t idx = -1, when = above <= INT64_MAX / 2 ? (int64_t)above : 0;
    size_t n = 0;

    find_ends(mv, &idx, &when);
    when = wall_us / 1000 > when ? wall_us / 1000 : when;
    if (ls_dir_list(mv->all->dir, &dir, NULL) != LS_OK)
        dir.e.n = 0;
    for (size_t i = 0; i < dir.e.n; i++) {
        const char *name = dir.e.v[i].name;
        size_t len = strlen(name);
        json_t *e, *tag;

        if (dir.e.v[i].is_dir || len <= 4 || strcmp(name + len - 4, ".sql") != 0 || has_tag(mv, name, len - 4))
            continue;
        tag = json_stringn(name, len - 4); /* NULL: no UTF-8, so no journal can name it */
        if (tag == NULL)
            continue;
        e = json_object();
        json_object_set_new(e, "idx", json_integer(++idx));
        json_object_set_new(e, "version", json_string(version));
        json_object_set_new(e, "when", json_integer(++when));
        json_object_set_new(e, "tag", tag);
        json_object_set_new(e, "breakpoints", json_true());
        json_array_append_new(mv->entries, e);
        *LS_VEC_PUSH(&mv->out->labels) = ls_arena_strn(mv->arena, name, len - 4);
        n++;
    }
    ls_dir_release(&dir);
    return n;
}

enum ls_rc ls_drizzle_repair_journal(struct ls_arena *arena, const struct ls_migrations *all, const struct ls_ledger *ledger,
                                     int64_t wall_us, struct ls_moved *out, struct ls_err *err)
{
    const char *path = ls_arena_printf(arena, "%s/meta/_journal.json", all->dir), *version;
    json_t *root = ls_json_load(path, err);
    struct mover mv = {.arena = arena, .all = all, .entries = json_object_get(root, "entries"), .out = out};
    size_t n;
    char *text;

    if (root == NULL)
        return err != NULL ? err->code : LS_E_INPUT;
    version = ls_json_str(root, "version");
    n = drop_fileless(&mv, ledger);
    n += add_strays(&mv, version != NULL ? version : "7", ledger->has_high_water ? ledger->high_water : 0, wall_us);
    if (n > 0) {
        text = json_dumps(root, JSON_INDENT(2));
        *LS_VEC_PUSH(&out->writes) = (struct ls_written_file){path, ls_arena_str(arena, text), strlen(text)};
        free(text);
    }
    json_decref(root);
    return LS_OK;
}
