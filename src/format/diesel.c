/* diesel: a folder per migration, versions as text. Facts: formats.md 4.9 (read in diesel_migrations 2.3.2). */
#include <config.h>

#include "format/diesel.h"

#include <string.h>

#include "format/config.h"
#include "format/lockstep.h"
#include "format/ops.h"
#include "format/record.h"
#include "format/section.h"
#include "format/table.h"
#include "format/tree.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/text.h"
#include "lockstep/format/layout.h"

#define DIESEL_TABLE "__diesel_schema_migrations"

static const char note_tx[] = "diesel runs the file and writes its row in one transaction: a failure leaves nothing of it.";
static const char note_no_tx[] =
    "metadata.toml turns the transaction off: what ran before a failure stays, and the ledger is written behind it.";

static const struct ls_timeline_rules rules = {
    .runs_out_of_order = true,
    .down_by_ledger = false,
    .applied = "nothing: it is recorded",
    .pending_next = "runs it next",
    .pending_later = "runs it after the ones before it",
    .out_of_order = "runs it: diesel runs whatever is not recorded, in text order",
    .modified = "does not notice",
    .missing = "ignores it on run; refuses to revert it",
    .duplicate = "one of the two silently disappears: which one is chance",
    .dirty = "does not know such a state",
    .rolled_back = "runs it next",
    .place = ls_place_by_id,
};

/* --- the folder ----------------------------------------------------------------------------------------------------------- */

/* "2018-01-14-171611_create_tables": the version is what stands before the first '_', without dashes. */
static bool parse_name(struct ls_arena *arena, const char *file, struct ls_migration *m)
{
    struct ls_buf id = LS_BUF_INIT;

    if (file[0] == '.')
        return false;
    ls_record_cut_name(arena, file, &m->label, &m->name);
    for (const char *p = m->label; *p != '\0'; p++)
        if (*p != '-')
            ls_buf_addc(&id, *p);
    m->id = ls_arena_strn(arena, id.ptr != NULL ? id.ptr : "", id.len);
    ls_buf_release(&id);
    return true;
}

static bool takes_file(const char *dir, const char *sub, const char *file)
{
    char *folder = ls_path_join(dir, sub), *path = ls_path_join(folder, file);
    bool is_there = ls_path_kind(path) == LS_PATH_FILE;

    free(path);
    free(folder);
    return is_there;
}

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    const char *example = NULL;

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < dir->e.n; i++) {
        const struct ls_dirent *e = &dir->e.v[i];

        if (strcmp(e->name, ".diesel_lock") == 0)
            out->score = 60;
        if (!e->is_dir || e->name[0] == '.' || !takes_file(path, e->name, "up.sql"))
            continue;
        example = e->name;
        out->n_migrations++;
    }
    if (example == NULL)
        return;
    out->score = 95;
    snprintf(out->evidence, sizeof(out->evidence), "%zu folders like %s with up.sql", out->n_migrations, example);
}

/* One line of metadata.toml outside of any table. */
static bool read_key(struct ls_str line, bool *value, bool *is_broken)
{
    const char *eq = memchr(line.ptr, '=', line.len), *hash;
    struct ls_str key, rest;

    if (eq == NULL) {
        *is_broken = true;
        return false;
    }
    key = ls_str_trim((struct ls_str){line.ptr, (size_t)(eq - line.ptr)});
    rest = (struct ls_str){eq + 1, line.len - (size_t)(eq + 1 - line.ptr)};
    if (key.len >= 2 && (key.ptr[0] == '"' || key.ptr[0] == '\'') && key.ptr[key.len - 1] == key.ptr[0])
        key = (struct ls_str){key.ptr + 1, key.len - 2};
    if (key.len == 0 || ls_str_trim(rest).len == 0) {
        *is_broken = true;
        return false;
    }
    if (!ls_str_is(key, "run_in_transaction"))
        return false;
    hash = memchr(rest.ptr, '#', rest.len);
    if (hash != NULL)
        rest.len = (size_t)(hash - rest.ptr);
    rest = ls_str_trim(rest);
    *value = ls_str_is(rest, "true");
    *is_broken = *is_broken || (!*value && !ls_str_is(rest, "false"));
    return true;
}

bool ls_diesel_metadata(const char *text, size_t len, int *broken_line)
{
    struct ls_line line = {.no = 0};
    bool in_table = false, has_key = false, value = false, is_broken;
    size_t bad = 0;

    is_broken = !ls_utf8_valid(text, len, &bad);
    while (!is_broken && ls_line_next(text, len, &line)) {
        struct ls_str s = ls_str_trim(line.text);

        if (s.len == 0 || s.ptr[0] == '#')
            continue;
        if (s.ptr[0] == '[') {
            in_table = true;
            is_broken = memchr(s.ptr, ']', s.len) == NULL;
        } else {
            bool one = false, is_key = read_key(s, &one, &is_broken);

            is_broken = is_broken || (is_key && !in_table && has_key); /* TOML knows no key twice */
            if (is_key && !in_table) {
                has_key = true;
                value = one;
            }
        }
    }
    *broken_line = !is_broken ? 0 : line.no > 0 ? line.no : 1;
    return is_broken || value;
}

static bool runs_in_tx(struct ls_migrations *out, const char *folder, const struct ls_migration *m)
{
    const char *path = ls_arena_printf(out->arena, "%s/metadata.toml", folder);
    struct ls_buf text = LS_BUF_INIT;
    bool in_tx = true;
    int broken_line = 1;

    if (ls_path_kind(path) == LS_PATH_NONE)
        return true;
    if (ls_file_read(path, LS_OPEN_NOFOLLOW, 65536, &text, NULL) == LS_OK)
        in_tx = ls_diesel_metadata(text.ptr != NULL ? text.ptr : "", text.len, &broken_line);
    if (broken_line > 0) {
        struct ls_diag *d = ls_scan_diag(out, LS_SEV_WARNING, "broken-metadata", path,
                                         "cannot be understood: diesel ignores it and uses a transaction");

        d->line = broken_line;
        d->version = m->label;
        d->hint = "write: run_in_transaction = true, or false";
    }
    ls_buf_release(&text);
    return in_tx;
}

static bool is_empty_folder(const char *path)
{
    struct ls_dir inner = {0};
    bool is_empty = ls_dir_read(path, &inner, NULL) == LS_OK && inner.e.n == 0;

    ls_dir_release(&inner);
    return is_empty;
}

static void forget_diag(struct ls_migrations *out, const char *path)
{
    size_t n = 0;

    for (size_t i = 0; i < out->diags.d.n; i++) {
        const struct ls_diag *d = &out->diags.d.v[i];

        if (d->path == NULL || strcmp(d->path, path) != 0 || strcmp(d->code, "missing-up") != 0)
            out->diags.d.v[n++] = *d;
    }
    out->diags.d.n = n;
}

/* The folder of a migration: its files' paths cut, or made of its name. */
static const char *folder_of(struct ls_migrations *out, const struct ls_migration *m)
{
    const char *path = m->up.path != NULL ? m->up.path : m->down.path;

    if (path != NULL)
        return ls_arena_strn(out->arena, path, (size_t)(ls_path_base(path) - path) - 1);
    return ls_arena_printf(out->arena, "%s/%s%s%s", out->dir, m->label, m->name[0] != '\0' ? "_" : "", m->name);
}

static void look_into(struct ls_migrations *out, struct ls_migration *m, const char *folder, bool need_hash, struct ls_buf *text)
{
    struct ls_section *both[] = {&m->up, &m->down};
    enum ls_tx_policy policy = runs_in_tx(out, folder, m) ? LS_POLICY_TX : LS_POLICY_NO_TX;

    for (size_t k = 0; k < LS_ARRAY_LEN(both); k++) {
        both[k]->policy = policy;
        if (need_hash && both[k]->path != NULL)
            ls_scan_read(out, m, both[k], text);
    }
    if (m->up.path != NULL && (m->flags & LS_MIG_EMPTY) != 0) {
        struct ls_diag *d = ls_scan_diag(out, LS_SEV_ERROR, "empty-file", m->up.path, "is empty: diesel stops here with an error");

        d->version = m->label;
        d->hint = "write a comment or SELECT 1; into it";
    }
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = ls_scan_dirs(dir, "up.sql", "down.sql", parse_name, NULL, out, err);
    size_t n = 0;

    (void)dialect;
    for (size_t i = 0; rc == LS_OK && i < out->m.n; i++) {
        struct ls_migration *m = &out->m.v[i];
        const char *folder = folder_of(out, m);

        /* diesel passes over empty folders; any other one without up.sql is an error to it. */
        if (m->up.path == NULL && m->down.path == NULL && is_empty_folder(folder)) {
            forget_diag(out, folder);
            continue;
        }
        look_into(out, m, folder, need_hash, &text);
        out->m.v[n++] = *m;
    }
    if (rc == LS_OK)
        out->m.n = n;
    ls_buf_release(&text);
    return rc;
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

static void fill_row(struct ls_ledger *l, struct ls_ledger_row *row)
{
    const char *version = ls_table_cell(l, row, "version");

    row->id = version != NULL ? version : "";
    row->state = LS_ROW_APPLIED;
    row->applied_at = ls_table_cell(l, row, "run_on");
}

static enum ls_rc ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    static const struct ls_table_kind kind = {DIESEL_TABLE, "diesel", LS_LEDGER_SET, "t.version", fill_row};

    return ls_table_read(db, opts, &kind, out, err);
}

static enum ls_rc check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    (void)l;
    (void)dir;
    for (size_t i = 0; i < t->e.n; i++) {
        const struct ls_entry *e = &t->e.v[i];

        if (e->migration != NULL && (e->migration->flags & LS_MIG_DUPLICATE) != 0) {
            ls_err_set(err, LS_E_REFUSED, "two folders have the version %s: diesel would see only one of them, by chance", e->id);
            ls_err_hint(err, "give one of them another version");
            return LS_E_REFUSED;
        }
        if (e->migration != NULL && e->migration->up.path == NULL) {
            ls_err_set(err, LS_E_REFUSED, "%s_%s has no up.sql: diesel refuses the whole folder", e->label, e->name);
            ls_err_hint(err, "write its up.sql, or take the folder away");
            return LS_E_REFUSED;
        }
    }
    return LS_OK;
}

/* --- plans ---------------------------------------------------------------------------------------------------------------- */

/* Source: diesel/src/migration/setup_migration_table.sql. */
static enum ls_rc plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    return ls_record_setup(ctx,
                           "CREATE TABLE IF NOT EXISTS @ (\n       version VARCHAR(50) PRIMARY KEY NOT NULL,\n"
                           "       run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP\n)",
                           ls_table_sql_of(ctx, DIESEL_TABLE, err));
}

static void write_row(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, bool is_up)
{
    struct ls_param key = ls_param_text(step->id);

    ls_record_write(ctx, step, is_up ? "INSERT INTO @ (version) VALUES (?1)" : "DELETE FROM @ WHERE version = ?1", table, &key, 1,
                    1);
}

static enum ls_rc refuse_missing(const struct ls_step *step, const struct ls_entry *entry, struct ls_err *err)
{
    if (entry->migration == NULL)
        ls_err_set(err, LS_E_REFUSED, "version %s is recorded and has no folder: diesel refuses to revert an unknown version",
                   step->id);
    else if (step->path == NULL)
        ls_err_set(err, LS_E_REFUSED, "%s_%s has no down.sql: it cannot be reverted", step->label, step->name);
    else if (step->text_len == 0)
        ls_err_set(err, LS_E_REFUSED, "%s: the file is empty: diesel refuses to run it", step->path);
    else
        return LS_OK;
    ls_err_hint(err, "write the SQL into the folder's up.sql or down.sql");
    return LS_E_REFUSED;
}

/* diesel sets the search path back behind each migration, so that a file out of pg_dump does no harm to the next one. */
static bool touches_search_path(const struct ls_step *step)
{
    static const char word[] = "search_path";

    for (size_t i = 0; i + sizeof(word) - 1 <= step->text_len; i++)
        if (ls_str_starts_nocase((struct ls_str){step->text + i, step->text_len - i}, word, NULL))
            return true;
    return false;
}

static enum ls_rc plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                            const struct ls_entry *prev_applied, struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, DIESEL_TABLE, err);
    bool is_up = step->direction == LS_UP, in_tx;
    struct ls_param key = ls_param_text(step->id);
    enum ls_rc rc;

    (void)prev_applied;
    if (table == NULL)
        return LS_E_INPUT;
    rc = refuse_missing(step, entry, err);
    if (rc != LS_OK)
        return rc;
    in_tx = entry->migration->up.policy == LS_POLICY_TX;
    step->policy = in_tx ? LS_POLICY_TX : LS_POLICY_NO_TX;
    step->tx_note = in_tx ? note_tx : note_no_tx;
    if (in_tx)
        rc = ls_record_refuse_tx(ctx, step, "diesel", "put run_in_transaction = false into a metadata.toml beside it", err);
    if (rc != LS_OK)
        return rc;
    ls_record_begin(ctx, step, table, "version", key, !is_up);
    if (!in_tx)
        ls_record_end(ctx, step);
    ls_record_body(ctx, step);
    if (ctx->dialect == LS_DIALECT_POSTGRES && touches_search_path(step))
        ls_record_write(ctx, step, "RESET search_path", table, NULL, 0, -1);
    if (!in_tx)
        ls_record_begin(ctx, step, table, "version", key, !is_up);
    write_row(ctx, step, table, is_up);
    ls_record_end(ctx, step);
    return LS_OK;
}

static enum ls_rc plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                            struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, DIESEL_TABLE, err);

    if (table == NULL)
        return LS_E_INPUT;
    step->tx_note = "Only the ledger's row is written; diesel has no command for that.";
    if (entry == NULL) {
        ls_record_forget(ctx, step, table);
        return LS_OK;
    }
    if ((entry->row != NULL) == applied)
        return LS_OK;
    ls_record_begin(ctx, step, table, "version", ls_param_text(step->id), !applied);
    write_row(ctx, step, table, applied);
    ls_record_end(ctx, step);
    return LS_OK;
}

/* `diesel migration generate`: YYYY-MM-DD-hhmmss-ssss, where ssss are four hex digits of the second's fraction. */
static int new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                     const char *texts[3], struct ls_err *err)
{
    char t[LS_ISO_LEN];
    const char *label;

    ls_stamp_utc(wall_us, t);
    label = ls_arena_printf(arena, "%.4s-%.2s-%.2s-%.6s-%04x", t, t + 4, t + 6, t + 8, (unsigned)(wall_us % 1000000 * 65536 / 1000000));
    texts[0] = "-- Your SQL goes here\n";
    texts[1] = "-- This file should undo anything in `up.sql`\n";
    return ls_scan_new(arena, m, label, "_", slug, "/up.sql", "/down.sql", paths, err);
}

static const char *const default_dirs[] = {"migrations", "db/migrations", "diesel/migrations", ".", NULL};

static const struct ls_layout layout = {.kind = LS_LAYOUT_FOLDER, .between = "_", .up = "up.sql", .down = "down.sql",
                                        .no_tx_file = "metadata.toml", .no_tx_text = "run_in_transaction = false\n", .wraps = true,
                                        .text_order = true, .key = "version", .applied_at = "run_on"};

const struct ls_format ls_format_diesel = {
    .layout = &layout,
    .name = "diesel",
    .title = "diesel",
    .ledger_table = DIESEL_TABLE,
    .default_dirs = default_dirs,
    .caps = LS_CAP_UP | LS_CAP_DOWN | LS_CAP_APPLIED_AT | LS_CAP_RECORD_ONLY | LS_CAP_NATIVE_APPLY,
    .rules = &rules,
    .config = ls_config_diesel,
    .detect = detect,
    .scan = scan,
    .ledger_read = ledger_read,
    .plan_setup = plan_setup,
    .plan_step = plan_step,
    .plan_mark = plan_mark,
    .lock_keys = ls_lockstep_lock_keys, /* diesel has none: ours keeps two of us apart, the lock on its table and the fences keep
                                           diesel out */
    .check_runnable = check_runnable,
    .new_files = new_files,
};
