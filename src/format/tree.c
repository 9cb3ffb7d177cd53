#include <config.h>

#include "format/tree.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

void ls_scan_begin(struct ls_migrations *out, const char *dir)
{
    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    out->dir = ls_arena_str(out->arena, dir);
}

int ls_order_version(const struct ls_migration *a, const struct ls_migration *b)
{
    return (a->version > b->version) - (a->version < b->version);
}

int ls_order_id(const struct ls_migration *a, const struct ls_migration *b)
{
    return strcmp(a->id, b->id);
}

static const char *path_of(const struct ls_migration *m)
{
    return m->up.path != NULL ? m->up.path : m->down.path != NULL ? m->down.path : "";
}

static int compare(const struct ls_migration *a, const struct ls_migration *b, ls_mig_order order)
{
    int c = order(a, b);

    /* Those of one id stand together; then the names decide. */
    if (c == 0)
        c = strcmp(a->id, b->id);
    return c != 0 ? c : strcmp(path_of(a), path_of(b));
}

/* What compares places in the list, for qsort_r. */
struct places {
    const struct ls_migration *m;
    ls_mig_order order;
};

static int compare_places(const void *pa, const void *pb, void *ctx)
{
    const struct places *p = ctx;

    return compare(&p->m[*(const size_t *)pa], &p->m[*(const size_t *)pb], p->order);
}

struct by_id {
    const char *id;
    size_t at;
};

static int compare_id(const void *pa, const void *pb)
{
    const struct by_id *a = pa, *b = pb;
    int c = strcmp(a->id, b->id);

    return c != 0 ? c : (a->at > b->at) - (a->at < b->at);
}

/* The same id twice: the ledger could not tell them apart, wherever the order puts them. */
static void mark_duplicates(struct ls_migrations *out)
{
    struct by_id *ids;
    bool is_ascending = true;

    for (size_t i = 1; is_ascending && i < out->m.n; i++)
        is_ascending = strcmp(out->m.v[i - 1].id, out->m.v[i].id) < 0;
    if (is_ascending)
        return;
    ids = ls_calloc(out->m.n, sizeof(*ids));
    for (size_t i = 0; i < out->m.n; i++)
        ids[i] = (struct by_id){out->m.v[i].id, i};
    qsort(ids, out->m.n, sizeof(*ids), compare_id);
    for (size_t i = 1; i < out->m.n; i++) {
        struct ls_migration *a = &out->m.v[ids[i - 1].at], *b = &out->m.v[ids[i].at];
        struct ls_diag *d;

        if (strcmp(a->id, b->id) != 0)
            continue;
        a->flags |= LS_MIG_DUPLICATE;
        b->flags |= LS_MIG_DUPLICATE;
        d = ls_scan_diag(out, LS_SEV_ERROR, "duplicate-version", path_of(b), "version %s is claimed by %s and by %s", b->label, ls_path_base(path_of(a)),
                         ls_path_base(path_of(b)));
        d->version = b->label;
        d->hint = "give one of them another number";
    }
    free(ids);
}

void ls_scan_reorder(struct ls_migrations *out, size_t *from)
{
    for (size_t i = 0; i < out->m.n; i++) {
        struct ls_migration first;
        size_t at = i;

        if (from[i] == i)
            continue;
        /* Round one circle of places, each taking what belongs there: a second list of this size would be the dearer half of a scan. */
        first = out->m.v[i];
        for (size_t next; (next = from[at]) != i; at = next) {
            out->m.v[at] = out->m.v[next];
            from[at] = at;
        }
        out->m.v[at] = first;
        from[at] = at;
    }
}

/* The listing is in order of names, and with most tools that is the order. */
static bool is_in_order(const struct ls_migrations *out, ls_mig_order order)
{
    for (size_t i = 1; i < out->m.n; i++)
        if (compare(&out->m.v[i - 1], &out->m.v[i], order) > 0)
            return false;
    return true;
}

void ls_scan_sort(struct ls_migrations *out, ls_mig_order order)
{
    struct places p = {out->m.v, order != NULL ? order : ls_order_id};
    size_t *from;

    if (!is_in_order(out, p.order)) {
        from = ls_calloc(out->m.n, sizeof(*from));
        for (size_t i = 0; i < out->m.n; i++)
            from[i] = i;
        qsort_r(from, out->m.n, sizeof(*from), compare_places, &p);
        ls_scan_reorder(out, from);
        free(from);
    }
    mark_duplicates(out);
}

bool ls_scan_leads_outside(const char *dir, const char *path)
{
    char *root = realpath(dir, NULL), *real = realpath(path, NULL);
    size_t n = root != NULL ? strlen(root) : 0;
    bool is_inside = root != NULL && real != NULL && strncmp(real, root, n) == 0 && (real[n] == '/' || n == 1);

    free(root);
    free(real);
    return !is_inside;
}

bool ls_scan_may_open(struct ls_migrations *out, const struct ls_dirent *e, const char *path)
{
    if (!e->is_link || !ls_scan_leads_outside(out->dir, path))
        return true;
    ls_scan_diag(out, LS_SEV_ERROR, "outside-link", path, "%s is a symbolic link that leads out of the folder, or nowhere: it is not followed", e->name)->hint =
        "copy the file into the folder";
    return false;
}

static bool is_sql(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcmp(name + n - 4, ".sql") == 0;
}

enum ls_rc ls_scan_files(const char *dir, ls_mig_parser parse, ls_mig_order order, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_dir listing = {0};
    enum ls_rc rc;

    ls_scan_begin(out, dir);
    rc = ls_dir_list(dir, &listing, err);
    for (size_t i = 0; rc == LS_OK && i < listing.e.n; i++) {
        const struct ls_dirent *e = &listing.e.v[i];
        const char *path = ls_arena_path(out->arena, dir, e->name);
        struct ls_migration m = {0};

        if (e->is_dir)
            continue;
        if (!parse(out->arena, ls_path_base(path), &m)) {
            if (is_sql(e->name))
                ls_scan_diag(out, LS_SEV_INFO, "ignored-file", path, "%s is not named as the tool names its migrations: it is ignored", e->name);
            continue;
        }
        if (!ls_scan_may_open(out, e, path))
            continue;
        m.up.path = path;
        *LS_VEC_PUSH(&out->m) = m;
    }
    ls_dir_release(&listing);
    if (rc == LS_OK)
        ls_scan_sort(out, order);
    return rc;
}

/* NAME/file as a section, when it is there. True when it is there and holds nothing. */
static bool add_part(struct ls_migrations *out, const struct ls_dir *inner, const char *dir, const char *file, struct ls_section *s)
{
    for (size_t i = 0; file != NULL && i < inner->e.n; i++) {
        const struct ls_dirent *e = &inner->e.v[i];
        const char *path;

        if (e->is_dir || strcmp(e->name, file) != 0)
            continue;
        path = ls_arena_path(out->arena, dir, file);
        if (!ls_scan_may_open(out, e, path))
            return false;
        s->path = path;
        return e->size == 0;
    }
    return false;
}

enum ls_rc ls_scan_dirs(const char *dir, const char *up_file, const char *down_file, ls_mig_parser parse, ls_mig_order order,
                        struct ls_migrations *out, struct ls_err *err)
{
    struct ls_dir listing = {0};
    enum ls_rc rc;

    ls_scan_begin(out, dir);
    rc = ls_dir_list(dir, &listing, err);
    for (size_t i = 0; rc == LS_OK && i < listing.e.n; i++) {
        const struct ls_dirent *e = &listing.e.v[i];
        const char *path = ls_arena_path(out->arena, dir, e->name);
        struct ls_migration m = {0};
        struct ls_dir inner = {0};
        struct ls_err own = LS_ERR_INIT;

        if (!e->is_dir || !parse(out->arena, ls_path_base(path), &m) || !ls_scan_may_open(out, e, path))
            continue;
        if (ls_dir_read(path, &inner, &own) != LS_OK) {
            m.flags |= LS_MIG_BROKEN;
            ls_scan_diag(out, LS_SEV_ERROR, "unreadable-file", path, "%s", own.message)->version = m.label;
        } else {
            if (add_part(out, &inner, path, up_file, &m.up))
                m.flags |= LS_MIG_EMPTY;
            (void)add_part(out, &inner, path, down_file, &m.down);
            if (m.up.path == NULL)
                ls_scan_diag(out, LS_SEV_ERROR, "missing-up", path, "there is no %s in %s", up_file, e->name)->version = m.label;
        }
        *LS_VEC_PUSH(&out->m) = m;
        ls_dir_release(&inner);
        ls_err_release(&own);
    }
    ls_dir_release(&listing);
    if (rc == LS_OK)
        ls_scan_sort(out, order);
    return rc;
}
