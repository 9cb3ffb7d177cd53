/* The plain convention: NNN_name.sql in numeric order, with a list of what was applied beside them. No tool defines it; the rules
 * are those that hand-kept lists survive (formats.md 4.14). */
#include <config.h>

#include "format/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/marked.h"
#include "lockstep/format/layout.h"

#define TITLE "plain list"

/* --- the file ------------------------------------------------------------------------------------------------------------- */

/* A comment that is this word and nothing else. */
static bool is_comment(struct ls_str line, const char *word)
{
    struct ls_str rest;

    if (!ls_str_starts(ls_str_trim(line), "--", &rest))
        return false;
    rest = ls_str_trim(rest);
    return rest.len == strlen(word) && ls_str_starts_nocase(rest, word, NULL);
}

void ls_plain_parse(const char *text, size_t len, struct ls_plain_parts *out)
{
    struct ls_line line = {.no = 0};

    *out = (struct ls_plain_parts){.up_end = len, .is_down_empty = true};
    while (ls_line_next(text, len, &line)) {
        struct ls_str body = ls_str_trim(line.text);

        if (line.no == 1 && is_comment(line.text, "no-transaction"))
            out->is_no_tx = true;
        if (is_comment(line.text, "down")) {
            if (out->has_down && out->second_down_line == 0)
                out->second_down_line = line.no;
            if (!out->has_down) {
                out->has_down = true;
                out->up_end = line.start;
                out->down_at = line.next;
                out->down_line = line.no + 1;
            }
        } else if (out->has_down && body.len > 0 && !ls_str_starts(body, "--", NULL)) {
            out->is_down_empty = false;
        }
    }
}

/* --- the folder ----------------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *name, size_t len, const char *end)
{
    size_t n = strlen(end);

    return len > n && memcmp(name + len - n, end, n) == 0;
}

/* ^([0-9]+)[_-](.+)\.sql$; NAME.down.sql is another one's down. */
static bool parse_name(struct ls_arena *arena, const char *file, struct ls_migration *m)
{
    size_t n = strlen(file), digits = strspn(file, "0123456789");

    if (digits == 0 || digits > 18 || (file[digits] != '_' && file[digits] != '-') || !ends_with(file, n, ".sql") ||
        n - 4 <= digits + 1)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)file[i] < 0x20 || file[i] == 0x7f)
            return false; /* no list of lines can hold it */
    m->kind = ends_with(file, n, ".down.sql") && n - 9 > digits + 1 ? LS_KIND_UNDO : LS_KIND_VERSIONED;
    m->id = ls_arena_strn(arena, file, n - 4);
    m->label = ls_arena_strn(arena, file, digits);
    m->name = m->id + digits + 1;
    m->version = strtoull(m->label, NULL, 10);
    return true;
}

static bool takes(const char *name)
{
    struct ls_arena *arena = ls_arena_new();
    struct ls_migration m = {0};
    bool is_one = parse_name(arena, name, &m) && m.kind == LS_KIND_VERSIONED && !ends_with(name, strlen(name), ".up.sql");

    ls_arena_free(arena);
    return is_one;
}

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    const char *example = NULL;
    bool has_list = false;

    (void)path;
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < dir->e.n; i++) {
        const struct ls_dirent *e = &dir->e.v[i];

        has_list = has_list || (!e->is_dir && strcmp(e->name, LS_PLAIN_LIST) == 0);
        if (e->is_dir || !takes(e->name))
            continue;
        out->n_migrations++;
        if (example == NULL)
            example = e->name;
    }
    if (!has_list && example == NULL)
        return;
    /* Without the list it is a guess: other tools name their files so too, most of them with markers inside. */
    out->score = has_list ? 95 : 25;
    snprintf(out->evidence, sizeof(out->evidence), "%zu files like %.60s%s", out->n_migrations,
             example != NULL ? example : "NNN_name.sql",
             has_list ? "; " LS_PLAIN_LIST " beside them" : "; no " LS_PLAIN_LIST " beside them");
}

static int order(const struct ls_migration *a, const struct ls_migration *b)
{
    int c = ls_order_version(a, b);

    return c != 0 ? c : strcmp(a->name, b->name);
}

static int place(const struct ls_ledger_row *row, const struct ls_migration *m)
{
    return row->version != m->version ? (row->version < m->version ? -1 : 1) : strcmp(row->id, m->id);
}

static bool is_down_of(const struct ls_migration *down, const struct ls_migration *up)
{
    size_t n = strlen(up->id);

    return up->kind == LS_KIND_VERSIONED && strncmp(down->id, up->id, n) == 0 && strcmp(down->id + n, ".down") == 0;
}

/* "1_a.down" sorts right behind "1_a", but for what stands between by its name. */
static struct ls_migration *owner_of(struct ls_migrations *out, size_t at)
{
    for (size_t i = at; i-- > 0 && out->m.v[i].version == out->m.v[at].version;)
        if (is_down_of(&out->m.v[at], &out->m.v[i]))
            return &out->m.v[i];
    return NULL;
}

static void join_downs(struct ls_migrations *out)
{
    size_t n = 0;

    for (size_t i = 0; i < out->m.n; i++) {
        struct ls_migration m = out->m.v[i], *owner;

        out->m.v[n] = m;
        owner = m.kind == LS_KIND_UNDO ? owner_of(out, n) : NULL;
        if (owner != NULL) {
            owner->down.path = m.up.path;
            continue;
        }
        if (m.kind == LS_KIND_UNDO) {
            struct ls_section none = {0};
            struct ls_diag *d = ls_scan_diag(out, LS_SEV_WARNING, "missing-up", m.up.path,
                                             "takes back what is not there: there is no %.*s.sql", (int)(strlen(m.id) - 5), m.id);

            d->version = m.label;
            out->m.v[n].down = m.up;
            out->m.v[n].up = none;
        }
        n++;
    }
    out->m.n = n;
}

static void warn_of_ties(struct ls_migrations *out)
{
    for (size_t i = 1; i < out->m.n; i++) {
        const struct ls_migration *a = &out->m.v[i - 1], *b = &out->m.v[i];
        struct ls_diag *d;

        if (a->version != b->version || b->up.path == NULL || a->up.path == NULL)
            continue;
        d = ls_scan_diag(out, LS_SEV_WARNING, "same-number", b->up.path,
                         "has the number of %s: they run in the order of their names", ls_path_base(a->up.path));
        d->version = b->label;
        d->hint = "give one of them another number, before it is applied anywhere";
    }
}

/* A down in a file of its own. */
static void read_down_file(struct ls_migrations *out, struct ls_migration *m, bool need_hash, struct ls_buf *text)
{
    struct ls_plain_parts parts;

    if (m->down.path == NULL || !ls_scan_read(out, m, &m->down, text))
        return;
    ls_plain_parse(text->ptr != NULL ? text->ptr : "", text->len, &parts);
    m->down.policy = parts.is_no_tx ? LS_POLICY_NO_TX : LS_POLICY_TX;
    if (!need_hash)
        m->down.sha256[0] = '\0';
}

static void read_up_file(struct ls_migrations *out, struct ls_migration *m, bool need_hash, struct ls_buf *text)
{
    const char *path = m->up.path, *t;
    struct ls_plain_parts parts;

    if (path == NULL || !ls_scan_read(out, m, &m->up, text))
        return;
    t = text->ptr != NULL ? text->ptr : "";
    m->checksum = ls_arena_str(out->arena, m->up.sha256);
    ls_plain_parse(t, text->len, &parts);
    m->up.policy = parts.is_no_tx ? LS_POLICY_NO_TX : LS_POLICY_TX;
    if (parts.second_down_line > 0)
        ls_marked_unparsed(out, m, "section-order", parts.second_down_line, "a second line \"-- down\"", "one of them must go");
    if (!parts.has_down)
        return;
    ls_section_set(&m->up, path, 0, parts.up_end, 1);
    m->up.sha256[0] = '\0';
    if (parts.up_end == 0) /* an end of 0 would be the whole file */
        ls_section_set(&m->up, path, parts.down_at, parts.down_at, parts.down_line);
    if (need_hash)
        ls_section_hash(&m->up, t, text->len);
    if (parts.is_down_empty)
        return;
    if (m->down.path != NULL) {
        ls_marked_unparsed(out, m, "section-order", parts.down_line - 1,
                           "there is a .down.sql beside it, and a line \"-- down\" in it", "one of them must go");
        return;
    }
    ls_section_set(&m->down, path, parts.down_at, text->len, parts.down_line);
    m->down.policy = m->up.policy;
    if (need_hash)
        ls_section_hash(&m->down, t, text->len);
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = ls_scan_files(dir, parse_name, order, out, err);

    (void)dialect;
    if (rc == LS_OK) {
        join_downs(out);
        warn_of_ties(out);
    }
    for (size_t i = 0; rc == LS_OK && i < out->m.n; i++) {
        read_up_file(out, &out->m.v[i], need_hash, &text);
        if (out->m.v[i].down.path != out->m.v[i].up.path)
            read_down_file(out, &out->m.v[i], need_hash, &text);
    }
    ls_buf_release(&text);
    return rc;
}

static int new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                     const char *texts[3], struct ls_err *err)
{
    bool has_files = false;

    for (size_t i = 0; i < m->m.n; i++)
        has_files = has_files || (m->m.v[i].down.path != NULL && m->m.v[i].down.path != m->m.v[i].up.path);
    texts[0] = ls_arena_printf(arena, has_files ? "-- %s\n\n" : "-- %s\n\n\n-- down\n\n", slug);
    texts[1] = ls_arena_printf(arena, "-- Takes back: %s\n\n", slug);
    return ls_scan_new(arena, m, ls_scan_next_label(arena, m, 3, wall_us), "_", slug, ".sql", has_files ? ".down.sql" : NULL, paths, err);
}

static const struct ls_timeline_rules rules = {
    .has_checksums = true,
    .runs_out_of_order = true,
    .applied = "nothing: it is in the list",
    .pending_next = "runs it next",
    .pending_later = "runs it after the ones before it",
    .out_of_order = "runs it late, after newer ones: the list keeps the order in which they ran",
    .modified = "does not run it again; marking it applied writes the new checksum down",
    .missing = "keeps the line; cannot take it back without its file",
    .dirty = "refuses everything until it is marked applied or pending: a run of it was broken off",
    .place = place,
};

static const char *const default_dirs[] = {"migrations", "sql", "db/migrations", ".", NULL};
static const char *const aliases[] = {"applied.txt", NULL};
static const char *const no_tables[] = {NULL};

static const char *const own_lines[] = {"-- no-transaction", NULL};
static const struct ls_layout layout = {.kind = LS_LAYOUT_FILE, .between = "_", .up = ".sql", .down_mark = "-- down",
                                        .no_tx_line = "-- no-transaction", .own = own_lines, .wraps = true};

const struct ls_format ls_format_plain = {
    .layout = &layout,
    .name = "plain",
    .title = TITLE,
    .ledger_table = LS_PLAIN_LIST,
    .tables = no_tables,
    .aliases = aliases,
    .default_dirs = default_dirs,
    .caps = LS_CAP_UP | LS_CAP_DOWN | LS_CAP_CHECKSUM | LS_CAP_DIRTY | LS_CAP_APPLIED_AT | LS_CAP_RECORD_ONLY | LS_CAP_NATIVE_APPLY,
    .rules = &rules,
    .detect = detect,
    .scan = scan,
    .ledger_read = ls_plain_ledger_read,
    .plan_step = ls_plain_plan_step,
    .plan_mark = ls_plain_plan_mark,
    .lock_keys = ls_plain_lock_keys,
    .check_runnable = ls_plain_check,
    .new_files = new_files,
};
