/* Drizzle 1.x: a folder per migration, a ledger of names. Facts: formats.md 4.2 (source: v1.0.0-rc.4 migrator.ts; observed: rc.5).
 * A ledger that 0.x made is left to the tool's own upgrade: lockstep shows what it would match, and runs nothing. */
#include <config.h>

#include "format/drizzle.h"

#include <inttypes.h>
#include <string.h>

#include "format/config.h"
#include "format/lockstep.h"
#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"
#include "format/tree.h"

static int place(const struct ls_ledger_row *row, const struct ls_migration *m)
{
    return ls_drizzle_locale_compare(row->id, m->id);
}

static bool is_v0(const struct ls_ledger *l)
{
    return l->variant != NULL && strcmp(l->variant, LS_DRIZZLE_V0) == 0;
}

/* On a ledger of 0.x: what the tool's upgrade would take for applied, which it matches by the second (source: up-migrations). */
static void adjust(const struct ls_migrations *m, const struct ls_ledger *l, struct ls_arena *arena, struct ls_entry *e)
{
    (void)m;
    (void)arena;
    if (!is_v0(l) || e->migration == NULL)
        return;
    e->is_runnable = false;
    e->tool_would = "upgrades the ledger first, then runs it";
    for (size_t i = 0; i < l->rows.n; i++) {
        const struct ls_ledger_row *row = &l->rows.v[i];

        if (row->version / 1000 * 1000 != e->version || e->version == 0)
            continue;
        e->state = LS_STATE_APPLIED;
        e->evidence = LS_EVIDENCE_INFERRED;
        e->tool_would = "upgrades the ledger, where it takes the row of the same second for this one";
    }
}

static const struct ls_timeline_rules rules = {
    .has_checksums = true,
    .runs_out_of_order = true,
    .applied = "nothing: it is recorded",
    .pending_next = "runs it next, with all that is pending, in one transaction",
    .pending_later = "runs it after the ones before it, in the same transaction",
    .out_of_order = "runs it: whatever name is not in the ledger is run",
    .modified = "does not notice: the hash is written, and never compared",
    .missing = "does not notice",
    .duplicate = "cannot be: names are names of folders",
    .dirty = "does not know such a state",
    .rolled_back = "runs it next",
    .place = place,
    .adjust = adjust,
};

/* --- the folder ----------------------------------------------------------------------------------------------------------- */

static bool has_file(const char *dir, const char *sub, const char *file)
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
    size_t n_snapshots = 0;
    uint64_t ms;

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < dir->e.n; i++) {
        const struct ls_dirent *e = &dir->e.v[i];

        if (strcmp(e->name, "migration_lock.toml") == 0) { /* Prisma's */
            out->n_migrations = 0;
            return;
        }
        if (!e->is_dir || !ls_drizzle_folder_millis(e->name, &ms) || !has_file(path, e->name, "migration.sql"))
            continue;
        out->n_migrations++;
        if (has_file(path, e->name, "snapshot.json")) {
            n_snapshots++;
            example = e->name;
        }
    }
    if (n_snapshots == 0)
        return;
    out->score = 96;
    snprintf(out->evidence, sizeof(out->evidence), "%zu folders like %s with migration.sql and snapshot.json", out->n_migrations,
             example);
}

static bool parse_name(struct ls_arena *arena, const char *file, struct ls_migration *m)
{
    m->id = ls_arena_str(arena, file);
    ls_record_cut_name(arena, file, &m->label, &m->name);
    if (!ls_drizzle_folder_millis(file, &m->version) || m->name[0] == '\0' || strlen(m->label) != 14)
        m->label = m->name = m->id;
    return true;
}

static int order(const struct ls_migration *a, const struct ls_migration *b)
{
    return ls_drizzle_locale_compare(a->id, b->id);
}

/* A folder without migration.sql (meta, for one) is none of Drizzle's. */
static void drop_others(struct ls_migrations *out)
{
    size_t n = 0;

    for (size_t i = 0; i < out->m.n; i++)
        if (out->m.v[i].up.path != NULL || (out->m.v[i].flags & LS_MIG_BROKEN) != 0)
            out->m.v[n++] = out->m.v[i];
    out->m.n = n;
    for (size_t i = 0; i < out->diags.d.n; i++) {
        struct ls_diag *d = &out->diags.d.v[i];

        if (strcmp(d->code, "missing-up") != 0)
            continue;
        d->severity = LS_SEV_INFO;
        d->code = "ignored-file";
        d->hint = "Drizzle passes over it";
    }
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = ls_scan_dirs(dir, "migration.sql", NULL, parse_name, order, out, err);
    const char *journal;

    (void)dialect;
    (void)need_hash;
    if (rc != LS_OK)
        return rc;
    journal = ls_arena_printf(out->arena, "%s/meta/_journal.json", dir);
    if (ls_path_exists(journal))
        ls_scan_diag(out, LS_SEV_ERROR, "old-journal", journal, "is of Drizzle 0.x: 1.x refuses the folder as long as it is there")
            ->hint = "run: npx drizzle-kit up";
    drop_others(out);
    for (size_t i = 0; i < out->m.n; i++) {
        struct ls_migration *m = &out->m.v[i];

        if (m->up.path == NULL || !ls_scan_read(out, m, &m->up, &text))
            continue;
        m->up.policy = LS_POLICY_TX;
        m->checksum = ls_arena_str(out->arena, m->up.sha256);
    }
    ls_buf_release(&text);
    return LS_OK;
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

static enum ls_rc ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    enum ls_rc rc = ls_drizzle_rows(db, opts, out, err);

    out->shape = LS_LEDGER_SET;
    for (size_t i = 0; rc == LS_OK && i < out->rows.n; i++) {
        struct ls_ledger_row *row = &out->rows.v[i];
        const char *name = ls_table_cell(out, row, "name"), *when = ls_table_cell(out, row, "created_at");

        (void)ls_table_version(when, &row->version);
        row->id = name != NULL ? name : when != NULL ? when : "";
        row->state = name != NULL ? LS_ROW_APPLIED : LS_ROW_MARKER; /* rows without a name mean nothing to 1.x */
        row->checksum = ls_table_cell(out, row, "hash");
        row->applied_at = ls_table_cell(out, row, "applied_at");
    }
    return rc;
}

static enum ls_rc refuse_v0(const struct ls_ledger *l, struct ls_err *err)
{
    if (!is_v0(l))
        return LS_OK;
    ls_err_set(err, LS_E_REFUSED,
               "the ledger %s was made by Drizzle 0.x: 1.x changes the table before it runs anything, and that is left to the tool",
               l->location);
    ls_err_hint(err, "run once: npx drizzle-kit migrate (1.x); from then on lockstep works on it");
    return LS_E_REFUSED;
}

static enum ls_rc check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    (void)t;
    (void)dir;
    return refuse_v0(l, err);
}

/* --- plans ---------------------------------------------------------------------------------------------------------------- */

static enum ls_rc plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    return ls_drizzle_setup(ctx, LS_DRIZZLE_V1, err);
}

static void insert_row(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_migration *m)
{
    char digits[24];
    uint64_t ms;
    struct ls_param p[3];

    p[0] = ls_param_text(m->checksum);
    p[1] = ls_param_text(NULL);
    if (ls_drizzle_folder_millis(m->id, &ms)) {
        snprintf(digits, sizeof(digits), "%" PRIu64, ms);
        p[1] = ls_param_int(digits);
    }
    p[2] = ls_param_text(m->id);
    ls_record_write(ctx, step,
                    ctx->dialect == LS_DIALECT_POSTGRES ? "INSERT INTO @ (\"hash\", \"created_at\", \"name\") VALUES (?1, ?2, ?3)"
                                                        : "INSERT INTO @ (\"hash\", \"created_at\", \"name\", \"applied_at\") "
                                                          "VALUES (?1, ?2, ?3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
                    table, p, 3, 1);
}

static enum ls_rc plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                            const struct ls_entry *prev_applied, struct ls_err *err)
{
    const char *table = ls_drizzle_table(ctx, err);
    struct ls_param key = ls_param_text(step->id);
    enum ls_rc rc;

    (void)prev_applied;
    if (table == NULL)
        return LS_E_INPUT;
    if (ls_record_refuse_diag(ctx, "old-journal", err) != LS_OK)
        return LS_E_REFUSED;
    rc = ls_drizzle_body(ctx, step, table, "SELECT NOT EXISTS (SELECT 1 FROM @ WHERE name = ?1)", &key, 1, err);
    if (rc != LS_OK)
        return rc;
    insert_row(ctx, step, table, entry->migration);
    ls_ops_add(ctx, step, LS_OP_JOURNAL);
    return LS_OK;
}

static enum ls_rc plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                            struct ls_err *err)
{
    if (refuse_v0(ctx->ledger, err) != LS_OK)
        return LS_E_REFUSED;
    step->tx_note = "Only the ledger is written, as drizzle-kit pull --init does for a first migration.";
    return ls_drizzle_mark(ctx, step, entry, applied, "name", ls_param_text(step->id), insert_row, err);
}

/* `drizzle-kit generate --custom`; the snapshot beside it is drizzle-kit's own work. */
static int new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                     const char *texts[3], struct ls_err *err)
{
    texts[0] = "-- Custom SQL migration file, put your code below! --\n";
    return ls_scan_new(arena, m, ls_scan_stamp(arena, wall_us), "_", slug, "/migration.sql", NULL, paths, err);
}

static const char *const default_dirs[] = {"drizzle", "migrations", "db/migrations", ".", NULL};
static const char *const tables[] = {LS_DRIZZLE_TABLE, NULL};

static const char *const own_lines[] = {"--> statement-breakpoint", NULL};
/* A row repeats the folder's time beside its name: applied ones keep theirs. */
static const struct ls_layout layout = {.kind = LS_LAYOUT_FOLDER, .between = "_", .up = "migration.sql",
                                        .stmt_between = "--> statement-breakpoint", .own = own_lines, .wraps = true, .wants_stamp = true};

const struct ls_format ls_format_drizzle1 = {
    .layout = &layout,
    .name = "drizzle-1",
    .title = "Drizzle 1.x",
    .ledger_table = "drizzle." LS_DRIZZLE_TABLE,
    .tables = tables,
    .default_dirs = default_dirs,
    .caps = LS_CAP_UP | LS_CAP_CHECKSUM | LS_CAP_APPLIED_AT | LS_CAP_RECORD_ONLY | LS_CAP_NATIVE_APPLY | LS_CAP_ONE_TX |
            LS_CAP_OWN_SPLIT,
    .rules = &rules,
    .config = ls_config_drizzle,
    .detect = detect,
    .scan = scan,
    .ledger_read = ledger_read,
    .plan_setup = plan_setup,
    .plan_step = plan_step,
    .plan_finish = ls_drizzle_finish,
    .plan_mark = plan_mark,
    .lock_keys = ls_lockstep_lock_keys, /* Drizzle has none: ours keeps two of us apart, the lock on its table and the fences keep
                                           Drizzle out */
    .check_runnable = check_runnable,
    .new_files = new_files,
};
