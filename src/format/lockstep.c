/* lockstep's own format: file names, directives, rules. */
#include <config.h>

#include "format/lockstep.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/directive.h"
#include "format/scan.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/parallel.h"
#include "lockstep/base/text.h"
#include "lockstep/format/layout.h"

/* Directives stand in a file's first lines; so much of it is read to tell the format. */
#define HEAD_BYTES 4096

static const struct ls_timeline_rules rules = {
    .is_numeric = true,
    .has_checksums = true,
    .runs_out_of_order = true,
    .applied = "nothing: it is applied",
    .pending_next = "runs it next",
    .pending_later = "runs it after the ones before it",
    .out_of_order = "runs it late, after newer ones",
    .modified = "does not run it again; verify fails until the file is restored or accepted by marking it applied",
    .missing = "keeps the row; cannot take it back without its down file",
    .duplicate = "refuses everything until one of them has another number",
    .dirty = "refuses everything until it is resolved by marking it applied or pending",
    .rolled_back = "runs it again",
};

static bool ends_with(const char *name, size_t len, const char *end)
{
    size_t n = strlen(end);

    return len >= n && memcmp(name + len - n, end, n) == 0;
}

/* ^([0-9]+)_(.*)\.(up|down|verify)\.sql$ */
static bool parse_name(const char *name, struct ls_file_name *out)
{
    static const struct {
        const char *end;
        enum ls_file_role role;
    } ends[] = {{".up.sql", LS_ROLE_UP}, {".down.sql", LS_ROLE_DOWN}, {".verify.sql", LS_ROLE_VERIFY}};
    const char *rest;

    if (!ls_scan_number(name, out, &rest))
        return false;
    for (size_t i = 0; i < LS_ARRAY_LEN(ends); i++) {
        size_t len = strlen(rest);

        if (!ends_with(rest, len, ends[i].end))
            continue;
        out->role = ends[i].role;
        out->title = (struct ls_str){rest, len - strlen(ends[i].end)};
        return true;
    }
    return false;
}

static bool head_has_directive(const char *dir, const char *name)
{
    char *path = ls_path_join(dir, name), head[HEAD_BYTES];
    int fd = ls_open_trusted(path, 0, NULL, NULL);
    ssize_t n = fd >= 0 ? read(fd, head, sizeof(head)) : 0;
    struct ls_directives d = {0};

    if (n > 0)
        ls_directives_read(head, (size_t)n, &d);
    if (fd >= 0)
        close(fd);
    free(path);
    return d.has_any;
}

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    struct ls_file_name name;
    const char *sign = NULL;
    bool is_any = false;

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < dir->e.n; i++) {
        if (dir->e.v[i].is_dir || !parse_name(dir->e.v[i].name, &name))
            continue;
        is_any = true;
        out->n_migrations += name.role == LS_ROLE_UP;
        if (sign == NULL && name.role == LS_ROLE_VERIFY)
            sign = dir->e.v[i].name;
    }
    for (size_t i = 0; sign == NULL && i < dir->e.n; i++)
        if (!dir->e.v[i].is_dir && parse_name(dir->e.v[i].name, &name) && head_has_directive(path, dir->e.v[i].name))
            sign = dir->e.v[i].name;
    if (!is_any)
        return;
    out->score = sign != NULL ? 90 : out->n_migrations > 0 ? 40 : 10;
    if (sign != NULL)
        snprintf(out->evidence, sizeof(out->evidence), "%s, which only lockstep's own format has", sign);
    else
        snprintf(out->evidence, sizeof(out->evidence), "%zu up files, none with a lockstep directive, no .verify.sql", out->n_migrations);
}

static void read_directives(struct ls_migrations *out, struct ls_migration *m, struct ls_section *s, const struct ls_buf *text)
{
    struct ls_directives d;
    struct ls_diag *diag;

    ls_directives_read(text->ptr, text->len, &d);
    s->policy = d.no_transaction ? LS_POLICY_NO_TX : LS_POLICY_TX;
    if (d.unknown.len == 0)
        return;
    diag = ls_scan_diag(out, LS_SEV_ERROR, "unknown-directive", s->path, "\"%.*s\" is no directive", (int)d.unknown.len, d.unknown.ptr);
    diag->line = d.unknown_line;
    diag->version = m->label;
    diag->hint = ls_arena_printf(out->arena, "did you mean \"%s\"?", d.nearest != NULL ? d.nearest : "no-transaction");
}

struct up_reading {
    struct ls_migrations *m;
    bool *is_odd; /* of each: something is to be said about its up file */
};

/* The up files of a range: what can be done to each without a word about it. */
static void read_ups(void *ctx, size_t from, size_t to)
{
    struct up_reading *r = ctx;
    struct ls_buf text = LS_BUF_INIT;

    for (size_t i = from; i < to; i++) {
        struct ls_section *up = &r->m->m.v[i].up;
        struct ls_directives d;

        if (up->path == NULL)
            continue;
        ls_buf_clear(&text);
        r->is_odd[i] = ls_file_read(up->path, 0, 0, &text, NULL) != LS_OK;
        if (r->is_odd[i])
            continue;
        ls_sha256_hex(text.ptr, text.len, up->sha256);
        ls_directives_read(text.ptr, text.len, &d);
        up->policy = d.no_transaction ? LS_POLICY_NO_TX : LS_POLICY_TX;
        r->is_odd[i] = d.unknown.len > 0 || !ls_utf8_valid(text.ptr != NULL ? text.ptr : "", text.len, NULL);
    }
    ls_buf_release(&text);
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    struct up_reading ups = {.m = out};
    enum ls_rc rc = ls_scan_folder(dir, parse_name, out, err);

    (void)dialect;
    if (rc == LS_OK && out->m.n > 0) {
        ups.is_odd = ls_calloc(out->m.n, sizeof(*ups.is_odd));
        ls_parallel(out->m.n, read_ups, &ups);
    }
    for (size_t i = 0; rc == LS_OK && i < out->m.n; i++) {
        struct ls_migration *m = &out->m.v[i];

        if (ups.is_odd[i] && ls_scan_read(out, m, &m->up, &text))
            read_directives(out, m, &m->up, &text);
        /* The ledger compares only up files; the others are read when they are needed. */
        if (need_hash && m->down.path != NULL && ls_scan_read(out, m, &m->down, &text))
            read_directives(out, m, &m->down, &text);
        if (need_hash && m->verify.path != NULL)
            ls_scan_read(out, m, &m->verify, &text);
    }
    free(ups.is_odd);
    ls_buf_release(&text);
    return rc;
}

static int new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                     const char *texts[3], struct ls_err *err)
{
    texts[0] = ls_arena_printf(arena, "-- %s\n-- lockstep: transaction\n\n", slug);
    texts[1] = ls_arena_printf(arena, "-- Takes back: %s\n-- lockstep: transaction\n\n", slug);
    return ls_scan_new(arena, m, ls_scan_next_label(arena, m, 3, wall_us), "_", slug, ".up.sql", ".down.sql", paths, err);
}

static const char *const own_lines[] = {"-- lockstep:", NULL};
static const struct ls_layout layout = {.kind = LS_LAYOUT_PAIR, .between = "_", .up = ".up.sql", .down = ".down.sql",
                                        .no_tx_line = "-- lockstep: no-transaction", .own = own_lines, .wraps = true, .key = "version",
                                        .key_is_number = true, .applied_at = "applied_at"};

const struct ls_format ls_format_lockstep = {
    .layout = &layout,
    .name = "lockstep",
    .title = "lockstep",
    .ledger_table = LS_LOCKSTEP_TABLE,
    .caps = LS_CAP_UP | LS_CAP_DOWN | LS_CAP_VERIFY | LS_CAP_CHECKSUM | LS_CAP_DIRTY | LS_CAP_APPLIED_AT | LS_CAP_DURATION | LS_CAP_RECORD_ONLY |
            LS_CAP_NATIVE_APPLY,
    .rules = &rules,
    .detect = detect,
    .scan = scan,
    .ledger_read = ls_lockstep_ledger_read,
    .plan_setup = ls_lockstep_plan_setup,
    .plan_step = ls_lockstep_plan_step,
    .plan_mark = ls_lockstep_plan_mark,
    .plan_import = ls_lockstep_plan_import,
    .lock_keys = ls_lockstep_lock_keys,
    .check_runnable = ls_lockstep_check,
    .new_files = new_files,
};
