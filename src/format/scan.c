#include <config.h>

#include "format/scan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "format/tree.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/text.h"

struct found {
    struct ls_file_name name;
    const char *file;
};
struct found_list {
    LS_VEC(struct found) f;
};

bool ls_scan_number(const char *name, struct ls_file_name *out, const char **rest)
{
    const char *p = name;
    uint64_t v = 0;

    for (; *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');

        if (v > ((uint64_t)INT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    if (p == name || *p != '_')
        return false;
    out->version = v;
    out->label = (struct ls_str){name, (size_t)(p - name)};
    *rest = p + 1;
    return true;
}

struct ls_diag *ls_scan_diag(struct ls_migrations *out, enum ls_severity severity, const char *code, const char *path, const char *fmt, ...)
{
    struct ls_diag *d = LS_VEC_PUSH(&out->diags.d);
    va_list ap;

    va_start(ap, fmt);
    *d = (struct ls_diag){
        .severity = severity, .code = code, .path = ls_arena_str(out->arena, path), .message = ls_arena_vprintf(out->arena, fmt, ap)};
    va_end(ap);
    return d;
}

static int compare_str(struct ls_str a, struct ls_str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = memcmp(a.ptr, b.ptr, n);

    return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

/* By version, then title, so that the halves of one pair stand together; then role; then the whole name. */
static int compare_found(const void *pa, const void *pb)
{
    const struct found *a = pa, *b = pb;
    int c;

    if (a->name.version != b->name.version)
        return a->name.version < b->name.version ? -1 : 1;
    c = compare_str(a->name.title, b->name.title);
    if (c != 0)
        return c;
    if (a->name.role != b->name.role)
        return a->name.role < b->name.role ? -1 : 1;
    return strcmp(a->file, b->file);
}

static struct ls_section *section_of(struct ls_migration *m, enum ls_file_role role)
{
    return role == LS_ROLE_UP ? &m->up : role == LS_ROLE_DOWN ? &m->down : &m->verify;
}

static struct ls_migration *push_migration(struct ls_migrations *out, const struct found *f)
{
    struct ls_migration *m = LS_VEC_PUSH(&out->m);

    m->version = f->name.version;
    m->label = ls_arena_strn(out->arena, f->name.label.ptr, f->name.label.len);
    m->id = m->label + strspn(m->label, "0"); /* the number itself */
    if (m->id[0] == '\0' && m->id > m->label)
        m->id--;
    m->name = ls_arena_strn(out->arena, f->name.title.ptr, f->name.title.len);
    return m;
}

static void add_file(struct ls_migrations *out, struct ls_migration *m, const struct found *f)
{
    struct ls_section *s = section_of(m, f->name.role);

    s->path = ls_arena_path(out->arena, out->dir, f->file);
    /* The two halves may be spelled differently ("01_a.up.sql", "1_b.down.sql"): lists show the up file's words. */
    if (f->name.role == LS_ROLE_UP && m->down.path == NULL && m->verify.path == NULL)
        return;
    if (f->name.role == LS_ROLE_UP) {
        m->label = ls_arena_strn(out->arena, f->name.label.ptr, f->name.label.len);
        m->name = ls_arena_strn(out->arena, f->name.title.ptr, f->name.title.len);
    }
}

/* One version's files. Where one role is claimed twice, files go together by title and every migration made of them is a duplicate. */
static void add_group(struct ls_migrations *out, const struct found *f, size_t n)
{
    size_t n_role[3] = {0}, first = out->m.n;
    bool is_duplicate;

    for (size_t i = 0; i < n; i++)
        n_role[f[i].name.role]++;
    is_duplicate = n_role[LS_ROLE_UP] > 1 || n_role[LS_ROLE_DOWN] > 1 || n_role[LS_ROLE_VERIFY] > 1;
    for (size_t i = 0; i < n; i++) {
        struct ls_migration *m = out->m.n > first ? &out->m.v[out->m.n - 1] : NULL;

        if (m == NULL || section_of(m, f[i].name.role)->path != NULL ||
            (is_duplicate && compare_str(f[i].name.title, f[i - 1].name.title) != 0))
            m = push_migration(out, &f[i]);
        if (is_duplicate)
            m->flags |= LS_MIG_DUPLICATE;
        add_file(out, m, &f[i]);
    }
    for (size_t r = 0; is_duplicate && r < 3; r++) {
        const struct found *one = NULL;

        for (size_t i = 0; i < n && n_role[r] > 1; i++) {
            struct ls_diag *d;

            if ((size_t)f[i].name.role != r)
                continue;
            if (one == NULL) {
                one = &f[i];
                continue;
            }
            d = ls_scan_diag(out, LS_SEV_ERROR, "duplicate-version", NULL, "version %" PRIu64 " is claimed by %s and by %s",
                             f[i].name.version, one->file, f[i].file);
            d->path = ls_arena_printf(out->arena, "%s/%s", out->dir, f[i].file);
            d->version = ls_arena_strn(out->arena, f[i].name.label.ptr, f[i].name.label.len);
        }
    }
}

/* number 0: none is known to be free. */
static const char *rename_hint(struct ls_arena *arena, const char *path, uint64_t number)
{
    const char *file = path != NULL ? ls_path_base(path) : "";
    size_t width = strspn(file, "0123456789");

    if (number == 0 || width == 0)
        return "give one of them another number";
    return ls_arena_printf(arena, "rename %s to %0*" PRIu64 "%s, with its other half if it has one", file, (int)width, number, file + width);
}

void ls_scan_duplicate_hint(struct ls_err *err, const struct ls_timeline *t, const struct ls_migration *m)
{
    struct ls_arena *arena = ls_arena_new();
    const char *path = m->up.path != NULL ? m->up.path : m->down.path != NULL ? m->down.path : m->verify.path;

    ls_err_hint(err, "%s", rename_hint(arena, path, ls_timeline_free_above(t, m->version)));
    ls_arena_free(arena);
}

/* Once all files are known: which number is free. */
static void add_hints(struct ls_migrations *out)
{
    uint64_t from = 0, number = 0; /* everything from `from` to below `number` is taken */

    for (size_t i = 0; i < out->diags.d.n; i++) {
        struct ls_diag *d = &out->diags.d.v[i];
        uint64_t version;

        if (strcmp(d->code, "duplicate-version") != 0)
            continue;
        version = strtoull(d->version, NULL, 10);
        if (version < from || version >= number)
            for (from = version, number = version + 1; ls_migrations_find(out, number) != NULL;)
                number++;
        d->hint = rename_hint(out->arena, d->path, number <= INT64_MAX ? number : 0);
    }
}

/* Names of one width come in order from the folder. */
static bool is_sorted(const struct found_list *list)
{
    for (size_t i = 1; i < list->f.n; i++)
        if (compare_found(&list->f.v[i - 1], &list->f.v[i]) > 0)
            return false;
    return true;
}

/* A name that starts as a migration's does, with a number above INT64_MAX. */
static bool is_too_large(const char *name)
{
    struct ls_file_name parsed;
    const char *rest;
    size_t digits = strspn(name, "0123456789");

    return digits >= 19 && name[digits] == '_' && !ls_scan_number(name, &parsed, &rest);
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

static size_t count_versions(const struct found_list *list)
{
    size_t n = 0;

    for (size_t i = 0; i < list->f.n; i++)
        n += i == 0 || list->f.v[i].name.version != list->f.v[i - 1].name.version;
    return n;
}

/* A link to nowhere is a file that cannot be read; that is told when it is read. */
static bool leads_away(struct ls_migrations *out, const struct ls_dirent *e, const char *path)
{
    return ls_path_exists(path) && !ls_scan_may_open(out, e, path);
}

enum ls_rc ls_scan_folder(const char *dir, ls_name_parser parse, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_dir d = {0};
    struct found_list list = {0};
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    out->dir = ls_arena_str(out->arena, dir);
    rc = ls_dir_list(dir, &d, err);
    if (rc != LS_OK)
        goto out;
    LS_VEC_RESERVE(&list.f, d.e.n);
    for (size_t i = 0; i < d.e.n; i++) {
        const struct ls_dirent *e = &d.e.v[i];
        struct ls_file_name name;

        if (e->is_dir)
            continue;
        if (parse(e->name, &name)) {
            if (e->is_link && leads_away(out, e, ls_arena_printf(out->arena, "%s/%s", dir, e->name)))
                continue;
            struct found *f = LS_VEC_PUSH(&list.f);

            *f = (struct found){.name = name, .file = e->name};
        } else if (ends_with(e->name, ".sql")) {
            char *path = ls_path_join(dir, e->name);

            if (is_too_large(e->name))
                ls_scan_diag(out, LS_SEV_WARNING, "ignored-file", path, "has a version that no ledger holds, and is ignored")->hint =
                    "the largest version is 9223372036854775807";
            else
                ls_scan_diag(out, LS_SEV_INFO, "ignored-file", path, "is no migration by its name, and is ignored")->hint =
                    "migrations are named NUMBER_title.up.sql and NUMBER_title.down.sql";
            free(path);
        }
    }
    if (!is_sorted(&list))
        qsort(list.f.v, list.f.n, sizeof(*list.f.v), compare_found);
    LS_VEC_RESERVE(&out->m, count_versions(&list));
    for (size_t i = 0, k; i < list.f.n; i = k) {
        for (k = i + 1; k < list.f.n && list.f.v[k].name.version == list.f.v[i].name.version; k++)
            ;
        add_group(out, &list.f.v[i], k - i);
    }
    add_hints(out);
out:
    LS_VEC_RELEASE(&list.f);
    ls_dir_release(&d);
    return rc;
}

/* Told with its line; what it means to a tool, the tool's format may say. */
static void check_encoding(struct ls_migrations *out, const struct ls_migration *m, const char *path, const struct ls_buf *text)
{
    struct ls_diag *d;
    size_t bad = 0;
    int line = 1;

    if (text->len == 0 || ls_utf8_valid(text->ptr, text->len, &bad))
        return;
    for (size_t i = 0; i < bad; i++)
        line += text->ptr[i] == '\n';
    d = ls_scan_diag(out, LS_SEV_WARNING, "bad-encoding", path, "is not UTF-8 (byte %zu): the database may refuse it, or take it for other letters", bad + 1);
    d->line = line;
    d->version = m->label;
    d->hint = "save the file as UTF-8";
}

bool ls_scan_text(struct ls_migrations *out, struct ls_migration *m, struct ls_section *section, struct ls_buf *text)
{
    struct ls_err err = LS_ERR_INIT;

    ls_buf_clear(text);
    if (ls_file_read(section->path, 0, 0, text, &err) != LS_OK) {
        ls_scan_diag(out, LS_SEV_ERROR, "unreadable-file", section->path, "%s", err.message)->version = m->label;
        m->flags |= LS_MIG_BROKEN;
        ls_err_release(&err);
        return false;
    }
    check_encoding(out, m, section->path, text);
    return true;
}

bool ls_scan_read(struct ls_migrations *out, struct ls_migration *m, struct ls_section *section, struct ls_buf *text)
{
    if (!ls_scan_text(out, m, section, text))
        return false;
    ls_sha256_hex(text->ptr, text->len, section->sha256);
    return true;
}

const char *ls_scan_next_label(struct ls_arena *arena, const struct ls_migrations *m, int digits, int64_t wall_us)
{
    const struct ls_migration *last = m->m.n > 0 ? &m->m.v[m->m.n - 1] : NULL;
    int width = last != NULL ? (int)strlen(last->label) : 0;

    if ((last == NULL && digits == 0) || width == 14)
        return ls_scan_stamp(arena, wall_us);
    /* Ten digits from 1,000,000,000 on are seconds since 1970. */
    if (width == 10 && last->version >= 1000000000u)
        return ls_arena_printf(arena, "%" PRId64, wall_us / 1000000);
    if (width < digits)
        width = digits;
    return ls_arena_printf(arena, "%0*" PRIu64, width, last != NULL ? last->version + 1 : 1);
}

const char *ls_scan_slug(struct ls_arena *arena, const char *name, struct ls_err *err)
{
    struct ls_buf slug = LS_BUF_INIT;
    const char *out = NULL;

    for (const char *p = name; *p != '\0'; p++) {
        bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_';

        if (is_plain)
            ls_buf_addc(&slug, *p);
        else if (slug.len > 0 && slug.ptr[slug.len - 1] != '_')
            ls_buf_addc(&slug, '_');
    }
    while (slug.len > 0 && slug.ptr[slug.len - 1] == '_')
        ls_buf_truncate(&slug, slug.len - 1);
    if (slug.len == 0 || slug.len > 200)
        ls_err_set(err, LS_E_USAGE, "\"%s\" gives no file name: use letters, digits, '_' and '-', at most 200 of them", name);
    else
        out = ls_arena_strn(arena, slug.ptr, slug.len);
    ls_buf_release(&slug);
    return out;
}

const char *ls_scan_stamp(struct ls_arena *arena, int64_t wall_us)
{
    char stamp[LS_ISO_LEN];

    ls_stamp_utc(wall_us, stamp);
    return ls_arena_str(arena, stamp);
}

int ls_scan_new(struct ls_arena *arena, const struct ls_migrations *m, const char *label, const char *between, const char *name, const char *up,
                const char *down, const char **paths, struct ls_err *err)
{
    const char *slug = ls_scan_slug(arena, name, err);

    if (slug == NULL)
        return 0;
    paths[0] = ls_arena_printf(arena, "%s/%s%s%s%s", m->dir, label, between, slug, up);
    if (down == NULL)
        return 1;
    paths[1] = ls_arena_printf(arena, "%s/%s%s%s%s", m->dir, label, between, slug, down);
    return 2;
}
