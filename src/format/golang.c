/* golang-migrate: file names, folder, rules. Facts: formats.md 4.1 (observed with 4.18.3). */
#include <config.h>

#include "format/golang.h"

#include <string.h>

#include "format/scan.h"
#include "lockstep/format/layout.h"

static const struct ls_timeline_rules rules = {
    .is_numeric = true,
    .has_checksums = false,
    .runs_out_of_order = false,
    .applied = "nothing: its cursor is here",
    .pending_next = "runs it next",
    .pending_later = "runs it after the ones before it",
    .out_of_order = "never runs it",
    .modified = "does not notice",
    .missing = "refuses up and down: no migration found for this version",
    .duplicate = "refuses everything: duplicate migration file",
    .dirty = "refuses everything until the version is forced",
    .rolled_back = "runs it next",
};

/* ^([0-9]+)_(.*)\.(down|up)\.(.*)$ with a greedy title: the last ".up." or ".down." decides (source: source/parse.go). */
static bool parse_name(const char *name, struct ls_file_name *out)
{
    const char *rest, *hit = NULL;

    if (!ls_scan_number(name, out, &rest))
        return false;
    for (const char *p = rest; *p != '\0'; p++) {
        if (strncmp(p, ".up.", 4) == 0) {
            hit = p;
            out->role = LS_ROLE_UP;
        } else if (strncmp(p, ".down.", 6) == 0) {
            hit = p;
            out->role = LS_ROLE_DOWN;
        }
    }
    if (hit == NULL)
        return false;
    out->title = (struct ls_str){rest, (size_t)(hit - rest)};
    return true;
}

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    const char *example = NULL;
    struct ls_file_name name;

    (void)path;
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < dir->e.n; i++) {
        if (dir->e.v[i].is_dir || !parse_name(dir->e.v[i].name, &name))
            continue;
        if (name.role == LS_ROLE_UP || example == NULL)
            example = dir->e.v[i].name;
        out->n_migrations += name.role == LS_ROLE_UP;
    }
    if (example == NULL)
        return;
    out->score = out->n_migrations > 0 ? 60 : 15; /* down files alone may be another tool's */
    snprintf(out->evidence, sizeof(out->evidence), out->n_migrations > 0 ? "%zu files like %s" : "%zu up files, and down files like %s",
             out->n_migrations, example);
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = ls_scan_folder(dir, parse_name, out, err);

    for (size_t i = 0; rc == LS_OK && i < out->m.n; i++) {
        struct ls_migration *m = &out->m.v[i];
        struct ls_section *both[] = {&m->up, &m->down};

        for (size_t k = 0; k < LS_ARRAY_LEN(both); k++) {
            both[k]->policy = dialect == LS_DIALECT_POSTGRES ? LS_POLICY_IMPLICIT : LS_POLICY_TX;
            if (need_hash && both[k]->path != NULL)
                ls_scan_read(out, m, both[k], &text);
        }
    }
    ls_buf_release(&text);
    return rc;
}

static int new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                     const char *texts[3], struct ls_err *err)
{
    texts[0] = texts[1] = "";
    return ls_scan_new(arena, m, ls_scan_next_label(arena, m, 0, wall_us), "_", slug, ".up.sql", ".down.sql", paths, err);
}

static const struct ls_layout layout = {.kind = LS_LAYOUT_PAIR, .between = "_", .up = ".up.sql", .down = ".down.sql", .key = "version", .key_is_number = true};

const struct ls_format ls_format_golang_migrate = {
    .layout = &layout,
    .name = "golang-migrate",
    .title = "golang-migrate",
    .ledger_table = LS_GOLANG_TABLE,
    .caps = LS_CAP_UP | LS_CAP_DOWN | LS_CAP_DIRTY | LS_CAP_RECORD_ONLY | LS_CAP_NATIVE_APPLY,
    .rules = &rules,
    .detect = detect,
    .scan = scan,
    .ledger_read = ls_golang_ledger_read,
    .plan_setup = ls_golang_plan_setup,
    .plan_step = ls_golang_plan_step,
    .plan_mark = ls_golang_plan_mark,
    .plan_import = NULL,
    .lock_keys = ls_golang_lock_keys,
    .check_runnable = ls_golang_check,
    .new_files = new_files,
};
