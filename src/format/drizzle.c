/* Drizzle 0.x: meta/_journal.json, and a ledger of which only the newest row counts. Facts: formats.md 4.2. */
#include <config.h>

#include "format/drizzle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format/config.h"
#include "format/hash_ahead.h"
#include "format/json.h"
#include "format/lockstep.h"
#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"
#include "format/tree.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"

#define JOURNAL "meta/_journal.json"

static const struct ls_timeline_rules rules = {
    .is_numeric = true,
    .has_checksums = true,
    .applied = "nothing: it is recorded",
    .pending_next = "runs it next, with all that is pending, in one transaction",
    .pending_later = "runs it after the ones before it, in the same transaction",
    .out_of_order = "never runs it: its time is not later than the newest one in the ledger",
    .modified = "does not notice: the hash is written, and never compared",
    .missing = "does not notice: only the newest time counts",
    .duplicate = "runs one of them, if any: two entries have the same time",
    .dirty = "takes it for the newest, or for none",
    .rolled_back = "runs it next",
};

/* --- the folder
 * --------------------------------------------------------------------------------------------------------------------------- */

static bool dialect_of(const char *word, enum ls_dialect *out)
{
    bool is_pg = word != NULL && strcmp(word, "postgresql") == 0;
    bool is_sqlite = word != NULL && (strcmp(word, "sqlite") == 0 || strcmp(word, "turso") == 0);

    *out = is_pg ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE;
    return is_pg || is_sqlite;
}

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    char *journal = ls_path_join(path, JOURNAL);
    struct ls_err err = LS_ERR_INIT;
    json_t *root, *entries;

    (void)dir;
    memset(out, 0, sizeof(*out));
    if (ls_path_kind(journal) != LS_PATH_FILE)
        goto out;
    root = ls_json_load(journal, &err);
    entries = json_object_get(root, "entries");
    out->score = root == NULL ? 80 : json_is_array(entries) ? 100 : 60;
    out->n_migrations = json_array_size(entries);
    out->has_dialect = dialect_of(ls_json_str(root, "dialect"), &out->dialect);
    if (root == NULL)
        snprintf(out->evidence, sizeof(out->evidence), JOURNAL ", which is broken");
    else
        snprintf(out->evidence, sizeof(out->evidence), JOURNAL " with %zu entries", out->n_migrations);
    json_decref(root);
out:
    ls_err_release(&err);
    free(journal);
}

/* "0007_add_email": its number as label, the rest as name. Without a prefix (migrations.prefix "none") the whole is the name. */
static void name_entry(struct ls_arena *arena, const char *tag, struct ls_migration *m)
{
    ls_record_cut_name(arena, tag, &m->label, &m->name);
    if (m->label[0] == '\0' || m->name[0] == '\0')
        m->label = m->name = ls_arena_str(arena, tag);
}

/* The n-th entry's line is looked for only when there is something to say about it. */
static int line_of(const char *journal, size_t n)
{
    struct ls_buf raw = LS_BUF_INIT;
    int line = 0;

    if (ls_file_read(journal, 0, 0, &raw, NULL) == LS_OK)
        line = ls_json_entry_line(raw.ptr, raw.len, "entries", n);
    ls_buf_release(&raw);
    return line;
}

static int by_name(const void *name, const void *entry)
{
    return strcmp(name, ((const struct ls_dirent *)entry)->name);
}

/* A listing is in the order of its names. */
static const struct ls_dirent *find(const struct ls_dir *listing, const char *path)
{
    return listing->e.n > 0 ? bsearch(ls_path_base(path), listing->e.v, listing->e.n, sizeof(*listing->e.v), by_name) : NULL;
}

static void add_entry(struct ls_migrations *out, const struct ls_dir *listing, const char *journal, size_t n, const json_t *entry)
{
    const struct ls_dirent *file;
    const char *tag = ls_json_str(entry, "tag"), *path;
    struct ls_migration *m;
    int64_t when = -1;
    struct ls_diag *d;

    if (tag == NULL || tag[0] == '\0' || strchr(tag, '/') != NULL || !ls_json_int(entry, "when", &when) || when < 0) {
        d = ls_scan_diag(out, LS_SEV_ERROR, "bad-entry", journal,
                         "an entry needs \"tag\", a file's name without folder, and \"when\", a whole number");
        d->line = line_of(journal, n);
        d->hint = "mend the entry: nothing can be run as long as the journal says what cannot be read";
        return;
    }
    path = ls_arena_printf(out->arena, "%s/%s.sql", out->dir, tag);
    m = LS_VEC_PUSH(&out->m);
    memset(m, 0, sizeof(*m));
    m->version = (uint64_t)when;
    m->id = ls_arena_printf(out->arena, "%" PRId64, when);
    name_entry(out->arena, tag, m);
    file = find(listing, path);
    if (file != NULL && !ls_scan_may_open(out, file, path)) {
        m->flags |= LS_MIG_BROKEN;
        return;
    }
    if (file == NULL) {
        d = ls_scan_diag(out, LS_SEV_ERROR, "journal-without-file", journal,
                         "the entry %s has no file %s.sql: Drizzle refuses the whole folder", tag, tag);
        d->line = line_of(journal, n);
        d->version = m->label;
        d->hint = "bring the file back, or take the entry out of the journal";
        m->flags |= LS_MIG_BROKEN;
        return;
    }
    m->up.path = path;
    m->up.policy = LS_POLICY_TX;
}

static void add_hashes(struct ls_migrations *out, struct ls_hash_ahead *ahead)
{
    struct ls_buf text = LS_BUF_INIT;

    ls_hash_ahead_wait(ahead);
    for (size_t i = 0; i < out->m.n; i++) {
        struct ls_migration *m = &out->m.v[i];
        const char *hash = m->up.path != NULL ? ahead->hashes[find(ahead->listing, m->up.path) - ahead->listing->e.v] : "";

        if (hash[0] != '\0')
            memcpy(m->up.sha256, hash, LS_SHA256_HEX);
        else if (m->up.path != NULL)
            (void)ls_scan_read(out, m, &m->up, &text);
        m->checksum = m->up.sha256[0] != '\0' ? ls_arena_str(out->arena, m->up.sha256) : NULL;
    }
    ls_buf_release(&text);
}

static bool is_sql(const struct ls_dirent *e)
{
    size_t n = strlen(e->name);

    return !e->is_dir && n > 4 && strcmp(e->name + n - 4, ".sql") == 0;
}

/* The journal cannot be read, and with it the order, the times, what belongs to it: the files are shown, and nothing can be run. */
static void add_files(struct ls_migrations *out, const struct ls_dir *listing)
{
    for (size_t i = 0; i < listing->e.n; i++) {
        const struct ls_dirent *e = &listing->e.v[i];
        const char *path = ls_arena_path(out->arena, out->dir, e->name);
        struct ls_migration m = {.flags = LS_MIG_UNPARSED};

        if (!is_sql(e) || !ls_scan_may_open(out, e, path))
            continue;
        m.id = ls_arena_strn(out->arena, e->name, strlen(e->name) - 4);
        name_entry(out->arena, m.id, &m);
        m.up.path = path;
        *LS_VEC_PUSH(&out->m) = m;
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Files that no entry names: Drizzle does not see them. */
static void note_strays(struct ls_migrations *out, const struct ls_dir *listing, const json_t *entries)
{
    const char **tags = ls_calloc(json_array_size(entries) + 1, sizeof(*tags));
    struct ls_buf tag = LS_BUF_INIT;
    const json_t *entry;
    size_t k, n = 0;

    json_array_foreach(entries, k, entry) if (ls_json_str(entry, "tag") != NULL) tags[n++] = ls_json_str(entry, "tag");
    if (n > 1)
        qsort(tags, n, sizeof(*tags), by_text);
    for (size_t i = 0; i < listing->e.n; i++) {
        const char *name = listing->e.v[i].name;

        if (!is_sql(&listing->e.v[i]))
            continue;
        ls_buf_clear(&tag);
        ls_buf_add(&tag, name, strlen(name) - 4);
        if (n == 0 || bsearch(&tag.ptr, tags, n, sizeof(*tags), by_text) == NULL)
            ls_scan_diag(out, LS_SEV_WARNING, "file-without-journal", ls_arena_path(out->arena, out->dir, name),
                         "has no entry in " JOURNAL ": Drizzle never runs it")
                ->hint = "make it with drizzle-kit generate --custom, or add its entry";
    }
    free(tags);
    ls_buf_release(&tag);
}

static int by_version(const void *pa, const void *pb)
{
    const struct ls_migration *a = *(struct ls_migration *const *)pa, *b = *(struct ls_migration *const *)pb;

    return (a->version > b->version) - (a->version < b->version);
}

static void mark_duplicates(struct ls_migrations *out)
{
    struct ls_migration **all = ls_calloc(out->m.n + 1, sizeof(*all));

    for (size_t i = 0; i < out->m.n; i++)
        all[i] = &out->m.v[i];
    if (out->m.n > 1)
        qsort(all, out->m.n, sizeof(*all), by_version);
    for (size_t i = 1; i < out->m.n; i++)
        if (all[i]->version == all[i - 1]->version) {
            all[i]->flags |= LS_MIG_DUPLICATE;
            all[i - 1]->flags |= LS_MIG_DUPLICATE;
        }
    free(all);
}

/* The order is the journal's. What has the same time as another one, or an earlier one than its predecessor, is passed over sooner
 * or later. */
static void check_times(struct ls_migrations *out, const char *journal)
{
    mark_duplicates(out);
    for (size_t i = 0; i < out->m.n; i++) {
        struct ls_migration *a = i > 0 ? &out->m.v[i - 1] : NULL, *b = &out->m.v[i];
        struct ls_diag *d;

        if (a == NULL || b->version > a->version)
            continue;
        d = ls_scan_diag(
            out, LS_SEV_WARNING,
            (b->flags & LS_MIG_DUPLICATE) != 0 && b->version == a->version ? "duplicate-version" : "journal-order", journal,
            "the entry %s_%s is not later than the one before it: where that one was applied before, Drizzle never runs it",
            b->label, b->name);
        d->version = b->label;
        d->hint = "give it a later \"when\"";
    }
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_dir listing = {0};
    struct ls_hash_ahead ahead;
    enum ls_dialect own;
    const char *path, *word;
    json_t *root, *entries, *entry;
    enum ls_rc rc;
    size_t i;

    (void)need_hash;
    ls_scan_begin(out, dir);
    rc = ls_dir_list(dir, &listing, err); /* only a folder that cannot be read is an error */
    if (rc != LS_OK)
        return rc;
    ls_hash_ahead_start(&ahead, dir, &listing);
    path = ls_arena_printf(out->arena, "%s/" JOURNAL, dir);
    root = ls_json_load_diag(out, path);
    entries = json_object_get(root, "entries");
    if (root != NULL && !json_is_array(entries))
        ls_scan_diag(out, LS_SEV_ERROR, "unreadable-file", path, "has no list \"entries\"")->hint = "restore the journal";
    word = ls_json_str(root, "dialect");
    if (word != NULL && (!dialect_of(word, &own) || own != dialect))
        ls_scan_diag(out, LS_SEV_ERROR, "wrong-dialect", path, "the journal is for %s, the database is not", word)->hint =
            "connect to such a database";
    json_array_foreach(entries, i, entry) add_entry(out, &listing, path, i, entry);
    add_hashes(out, &ahead);
    check_times(out, path);
    if (json_is_array(entries))
        note_strays(out, &listing, entries);
    else
        add_files(out, &listing);
    ls_hash_ahead_release(&ahead);
    ls_dir_release(&listing);
    json_decref(root);
    return LS_OK;
}

/* --- the ledger
 * --------------------------------------------------------------------------------------------------------------------------- */

static enum ls_rc ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    enum ls_rc rc = ls_drizzle_rows(db, opts, out, err);

    out->shape = LS_LEDGER_HIGH_WATER;
    for (size_t i = 0; rc == LS_OK && i < out->rows.n; i++) {
        struct ls_ledger_row *row = &out->rows.v[i];
        const char *when = ls_table_cell(out, row, "created_at");

        row->id = when != NULL ? when : "NULL";
        row->checksum = ls_table_cell(out, row, "hash");
        row->name = ls_table_cell(out, row, "name");
        row->state = ls_table_version(when, &row->version) ? LS_ROW_APPLIED : LS_ROW_UNKNOWN;
        if (row->state == LS_ROW_UNKNOWN) {
            row->raw_status = "created_at is no time";
            out->dirty = true;
        } else if (!out->has_high_water || row->version > out->high_water) {
            out->has_high_water = true;
            out->high_water = row->version;
        }
    }
    return rc;
}

static enum ls_rc check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    (void)t;
    (void)dir;
    if (l->dirty) {
        ls_err_set(err, LS_E_REFUSED,
                   "the ledger %s has a row whose created_at is no time: what Drizzle makes of it depends on the database",
                   l->location);
        ls_err_hint(err, "set created_at to the \"when\" of its entry in the journal");
        return LS_E_REFUSED;
    }
    if (l->variant != NULL && strcmp(l->variant, LS_DRIZZLE_V1) == 0) {
        ls_err_set(err, LS_E_REFUSED, "the ledger %s was upgraded by Drizzle 1.x, and the folder still has the layout of 0.x",
                   l->location);
        ls_err_hint(err, "run: npx drizzle-kit up, which moves the files into the new layout");
        return LS_E_REFUSED;
    }
    return LS_OK;
}

/* --- plans
 * --------------------------------------------------------------------------------------------------------------------------------
 */

static enum ls_rc plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    return ls_drizzle_setup(ctx, LS_DRIZZLE_V0, err);
}

static void insert_row(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const char *hash)
{
    struct ls_param p[2] = {ls_param_text(hash), ls_param_int(step->id)};

    ls_record_write(ctx, step, "INSERT INTO @ (\"hash\", \"created_at\") VALUES (?1, ?2)", table, p, 2, 1);
}

static enum ls_rc refuse_folder(const struct ls_plan_ctx *ctx, struct ls_err *err)
{
    static const char *const codes[] = {"wrong-dialect", "bad-entry", "journal-without-file"};

    for (size_t i = 0; i < LS_ARRAY_LEN(codes); i++)
        if (ls_record_refuse_diag(ctx, codes[i], err) != LS_OK)
            return LS_E_REFUSED;
    return LS_OK;
}

static enum ls_rc plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                            const struct ls_entry *prev_applied, struct ls_err *err)
{
    const char *table = ls_drizzle_table(ctx, err);
    struct ls_param key = ls_param_int(step->id);
    enum ls_rc rc;

    (void)prev_applied;
    if (table == NULL)
        return LS_E_INPUT;
    if (refuse_folder(ctx, err) != LS_OK)
        return LS_E_REFUSED;
    /* The first one sees the ledger as it was before: nothing in it is as late. Those behind it share its lock. */
    rc = ls_drizzle_body(ctx, step, table,
                         ctx->prev == NULL ? "SELECT coalesce((SELECT max(created_at) FROM @), -1) < ?1"
                                           : "SELECT NOT EXISTS (SELECT 1 FROM @ WHERE created_at = ?1)",
                         &key, 1, err);
    if (rc != LS_OK)
        return rc;
    insert_row(ctx, step, table, entry->migration->checksum);
    ls_ops_add(ctx, step, LS_OP_JOURNAL);
    return LS_OK;
}

static enum ls_rc plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                            struct ls_err *err)
{
    const char *table = ls_drizzle_table(ctx, err);
    struct ls_param key = ls_param_int(step->id);

    if (table == NULL)
        return LS_E_INPUT;
    step->tx_note = "Only the ledger is written; Drizzle has no command for that. Entries that are not later than its newest row "
                    "are never run.";
    if (entry == NULL) {
        if (ctx->ledger->rows.n == 0)
            return LS_OK;
        ls_ops_add(ctx, step, LS_OP_BEGIN);
        ls_record_write(ctx, step, "DELETE FROM @", table, NULL, 0, (long)ctx->ledger->rows.n);
        ls_record_end(ctx, step);
        return LS_OK;
    }
    if ((entry->row != NULL) == applied)
        return LS_OK;
    if (applied && (entry->migration == NULL || entry->migration->checksum == NULL)) {
        ls_err_set(err, LS_E_REFUSED, "%s has no file whose hash could be recorded", entry->label);
        ls_err_hint(err, "bring the file back");
        return LS_E_REFUSED;
    }
    ls_record_begin(ctx, step, table, "created_at", key, !applied);
    if (applied)
        insert_row(ctx, step, table, entry->migration->checksum);
    else
        ls_record_write(ctx, step, "DELETE FROM @ WHERE created_at = ?1", table, &key, 1, (long)entry->n_rows);
    ls_record_end(ctx, step);
    return LS_OK;
}

/* A tag and a file, as `drizzle-kit generate --custom` makes them; and the journal with its entry. The snapshot beside it is
 * drizzle-kit's own work. */
static int new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                     const char *texts[3], struct ls_err *err)
{
    const char *path = ls_arena_printf(arena, "%s/" JOURNAL, m->dir), *tag, *version;
    json_t *root, *entries, *last, *entry;
    int64_t idx = -1;
    char *text;

    slug = ls_scan_slug(arena, slug, err);
    root = slug != NULL ? ls_json_load(path, err) : NULL;
    if (root == NULL)
        return 0;
    entries = json_object_get(root, "entries");
    if (!json_is_array(entries)) {
        json_decref(root);
        ls_err_set(err, LS_E_INPUT, "%s has no list \"entries\"", path);
        ls_err_hint(err, "restore the journal");
        return 0;
    }
    last = json_array_get(entries, json_array_size(entries) > 0 ? json_array_size(entries) - 1 : 0);
    if (!ls_json_int(last, "idx", &idx))
        idx = (int64_t)json_array_size(entries) - 1;
    version = ls_json_str(last, "version") != NULL ? ls_json_str(last, "version") : ls_json_str(root, "version");
    if (m->m.n > 0 && strlen(m->m.v[m->m.n - 1].label) >= 10)
        tag = ls_arena_printf(arena, "%s_%s", ls_scan_next_label(arena, m, 0, wall_us), slug);
    else
        tag = ls_arena_printf(arena, "%04" PRId64 "_%s", idx + 1, slug);
    entry = json_pack("{s:I, s:s, s:I, s:s, s:b}", "idx", (json_int_t)(idx + 1), "version", version != NULL ? version : "7", "when",
                      (json_int_t)(wall_us / 1000), "tag", tag, "breakpoints", 1);
    json_array_append_new(entries, entry);
    text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    paths[0] = ls_arena_printf(arena, "%s/%s.sql", m->dir, tag);
    texts[0] = "-- Custom SQL migration file, put your code below! --\n";
    paths[1] = path;
    texts[1] = ls_arena_str(arena, text);
    free(text);
    json_decref(root);
    return 2;
}

static const char *const default_dirs[] = {"drizzle", "migrations", "db/migrations", ".", NULL};
static const char *const tables[] = {LS_DRIZZLE_TABLE, NULL};
static const char *const aliases[] = {"drizzle-0", NULL};

static const char *const own_lines[] = {"--> statement-breakpoint", NULL};
static const struct ls_layout layout = {.kind = LS_LAYOUT_FILE, .between = "_", .up = ".sql", .stmt_between = "--> statement-breakpoint",
                                        .own = own_lines, .wraps = true, .folder_files = ls_drizzle_folder_files,
                                        .move_to_end = ls_drizzle_move_to_end, .repair_journal = ls_drizzle_repair_journal};

const struct ls_format ls_format_drizzle = {
    .layout = &layout,
    .name = "drizzle",
    .title = "Drizzle",
    .ledger_table = "drizzle." LS_DRIZZLE_TABLE,
    .tables = tables,
    .aliases = aliases,
    .default_dirs = default_dirs,
    .caps = LS_CAP_UP | LS_CAP_CHECKSUM | LS_CAP_RECORD_ONLY | LS_CAP_NATIVE_APPLY | LS_CAP_ONE_TX | LS_CAP_OWN_SPLIT,
    .rules = &rules,
    .config = ls_config_drizzle,
    .detect = detect,
    .scan = scan,
    .ledger_read = ledger_read,
    .plan_setup = plan_setup,
    .plan_step = plan_step,
    .plan_finish = ls_drizzle_finish,
    .plan_mark = plan_mark,
    .lock_keys = ls_lockstep_lock_keys, /* Drizzle has none: ours keeps two of us apart, the lock on its table and the fence keep
                                           Drizzle out */
    .check_runnable = check_runnable,
    .new_files = new_files,
};
