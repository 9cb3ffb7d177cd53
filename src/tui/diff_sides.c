/* tui/diff_sides.c: what there is to compare, as a menu; anything else is typed. */
#include <config.h>

#include "tui/diff_sides.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/engine/side.h"

enum { MAX_SIDES = 60, MAX_BACKUPS = 10, MAX_LOOKED_AT = 400 };

struct sides {
    struct ls_arena *arena;
    const char *text[MAX_SIDES]; /* NULL: to be typed */
    struct ui_choice choices[MAX_SIDES];
    size_t n;
    const char *now;
    diff_side_fn done;
    void *ctx;
};

char *diff_side_label(const char *text)
{
    struct ls_side side;
    char *label;

    /* What cannot be read as a side is told by the comparison; here a password in it must not be shown. */
    if (ls_side_parse(text, &side, NULL) != LS_OK)
        return strstr(text, "://") ? ls_strdup("URL") : ls_strdup(text);
    label = ls_side_label(&side);
    ls_side_release(&side);
    return label;
}

static void add(struct sides *s, const char *text, const char *label, const char *note)
{
    if (s->n == MAX_SIDES)
        return;
    s->text[s->n] = text;
    s->choices[s->n++] = (struct ui_choice){.label = label, .note = note};
}

static void add_path(struct sides *s, const char *word, const char *path, const char *note)
{
    const char *text = ls_arena_printf(s->arena, "%s:%s", word, path);

    add(s, text, text, note);
}

/* --- what lies around --------------------------------------------------------------------------------------------- */

/* Only its beginning is read: the format is named in the first lines of a saved catalogue. */
static bool is_saved_catalogue(const char *path)
{
    char head[256];
    FILE *f = fopen(path, "rbe");
    size_t n = f ? fread(head, 1, sizeof(head) - 1, f) : 0;

    if (f)
        (void)fclose(f);
    head[n] = '\0';
    return strstr(head, "\"lockstep-catalogue\"") != NULL;
}

static const char *joined(struct sides *s, const char *dir, const char *name)
{
    return strcmp(dir, ".") == 0 ? ls_arena_str(s->arena, name) : ls_arena_printf(s->arena, "%s/%s", dir, name);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_snapshots(struct sides *s, const char *dir)
{
    LS_VEC(const char *) found = {0};
    DIR *d = opendir(dir);
    const struct dirent *e;

    for (int n = 0; d && n < MAX_LOOKED_AT && (e = readdir(d)); n++) { /* NOLINT: one thread reads this folder */
        size_t len = strlen(e->d_name);
        const char *path;

        if (len < 6 || e->d_name[0] == '.' || strcmp(e->d_name + len - 5, ".json") != 0)
            continue;
        path = joined(s, dir, e->d_name);
        if (ls_path_kind(path) == LS_PATH_FILE && is_saved_catalogue(path))
            *LS_VEC_PUSH(&found) = path;
    }
    if (d)
        (void)closedir(d);
    if (found.n > 1)
        qsort(found.v, found.n, sizeof(*found.v), by_text);
    for (size_t i = 0; i < found.n; i++)
        add_path(s, "snapshot", found.v[i], "a saved catalogue");
    LS_VEC_RELEASE(&found);
}

static void add_files(struct sides *s, const char *dir)
{
    static const char *const names[] = {"schema.sql", "structure.sql", "db/schema.sql", "db/structure.sql"};

    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++) {
        const char *path = joined(s, dir, names[i]);

        if (ls_path_kind(path) == LS_PATH_FILE)
            add_path(s, "file", path, "a file of SQL, loaded in a scratch database");
    }
}

static void add_folder(struct sides *s, const char *folder)
{
    const char *meta;

    if (ls_path_kind(folder) != LS_PATH_DIR)
        return;
    add_path(s, "dir", folder, "what all its migrations make, applied or not");
    meta = ls_arena_printf(s->arena, "%s/meta", folder);
    if (ls_path_kind(meta) == LS_PATH_DIR)
        add_path(s, "drizzle", meta, "the newest Drizzle snapshot");
}

static void add_backups(struct sides *s, const struct app *a)
{
    int n = 0;

    for (size_t i = 0; a->has_backups && i < a->backups.b.n && n < MAX_BACKUPS; i++) {
        const struct ls_backup *b = &a->backups.b.v[i];

        if (!b->is_complete)
            continue;
        n++;
        add_path(s, "backup", b->name, ls_arena_printf(s->arena, "of %s at %s, made %s", b->target, b->version, b->created_at));
    }
}

/* --- the menu ----------------------------------------------------------------------------------------------------- */

static void free_sides(void *ctx)
{
    struct sides *s = ctx;

    ls_arena_free(s->arena);
    free(s);
}

static void on_pick(struct app *a, void *ctx, int index)
{
    const struct sides *s = ctx;
    struct ui_input_spec spec = {
        .label = "Side (NAME, URL, dir:, file:, backup:, drizzle:, snapshot:): ", .text = s->now, .done = s->done, .ctx = s->ctx};

    if (index >= 0 && s->text[index])
        s->done(a, s->ctx, s->text[index]);
    else if (index >= 0)
        ui_input_open(a, &spec);
}

void diff_sides_open(struct app *a, const char *title, const char *now, diff_side_fn done, void *ctx)
{
    struct sides *s = ls_calloc(1, sizeof(*s));
    const char *dir = a->target.project_dir ? a->target.project_dir : ".";
    struct ui_menu_spec spec = {.choices = s->choices, .done = on_pick, .ctx = s, .free_ctx = free_sides};

    s->arena = ls_arena_new();
    s->now = ls_arena_str(s->arena, now);
    s->done = done;
    s->ctx = ctx;
    add(s, "live", "live", a->label ? ls_arena_printf(s->arena, "the database: %s", a->label) : "the database");
    add(s, "migrations", "migrations", "what the applied migrations promise");
    for (size_t i = 0; i < a->project.envs.n; i++)
        add_path(s, "env", a->project.envs.v[i].name, "the database of that environment");
    add_folder(s, a->target.params.migrations_dir ? a->target.params.migrations_dir : "migrations");
    add_backups(s, a);
    add_snapshots(s, dir);
    add_files(s, dir);
    if (s->n == MAX_SIDES)
        s->n--;
    add(s, NULL, "something else", "typed: an environment, a URL, dir:PATH@VERSION, file:PATH ...");
    for (size_t i = 0; i < s->n; i++)
        if (s->text[i] && strcmp(s->text[i], now) == 0)
            spec.start = i;
    spec.title = title;
    spec.n = s->n;
    ui_menu_open(a, &spec);
}
