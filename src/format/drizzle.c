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

/* --- the folder ----------------------------------------------------------------------------------------------------------- */

static bool dialect_of(const char *word, enum ls_dialect *out)
{
    bool is_pg = word != NULL && strcmp(word, "postgresql") == 0;
    bool is_sqlite = word != NULL && (strcmp(word, "sqlite") == 0 || strcmp(word, "turso") == 0);

    *out = is_pg ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE;
    return is_pg || is_sqlite;
}

static void count_entry(void *ctx, size_t n, int line, const json_t *entry)
{
    size_t *count = ctx;

    (void)line;
    (void)entry;
    *count = n + 1;
}

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    char *journal = ls_path_join(path, JOURNAL);
    struct ls_err err = LS_ERR_INIT;
    json_t *root;
    bool is_list;

    (void)dir;
    memset(out, 0, sizeof(*out));
    if (ls_path_kind(journal) != LS_PATH_FILE)
        goto out;
    root = ls_json_load_list(journal, "entries", count_entry, &out->n_migrations, &err);
    is_list = json_is_array(json_object_get(root, "entries"));
    out->score = root == NULL ? 80 : is_list ? 100 : 60;
    if (!is_list)
        out->n_migrations = 0;
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

/* "0007_add_email": its number as label, the rest as name. Without a prefix (migrations.prefix "none") the whole is the name. tag is of the arena. */
static void name_entry(struct ls_arena *arena, const char *tag, struct ls_migration *m)
{
    size_t n = strcspn(tag, "_");

    m->label = m->name = tag;
    if (n == 0 || tag[n] == '\0' || tag[n + 1] == '\0')
        return;
    m->label = ls_arena_strn(arena, tag, n);
    m->name = tag + n + 1;
}

static const char *number(struct ls_arena *arena, int64_t when)
{
    char digits[20], *p = digits + sizeof(digits);

    do
        *--p = (char)('0' + when % 10);
    while ((when /= 10) != 0);
    return ls_arena_strn(arena, p, (size_t)(digits + sizeof(digits) - p));
}

static int by_name(const void *name, const void *entry)
{
    return strcmp(name, ((const struct ls_dirent *)entry)->name);
}

/* What the journal says of one migration. */
struct entry {
    const char *tag; /* NULL: it says none */
    int64_t when;    /* -1: none, or what is no time */
    int line;
};

struct scanner {
    struct ls_migrations *out;
    const char *journal;
    struct ls_dir listing;
    bool *is_named; /* of each of the listing: an entry has its name */
    size_t next;    /* in the listing: whose turn it is when both are in one order */
    struct ls_buf name;
    LS_VEC(struct entry) e;
};

static void take_entry(void *ctx, size_t n, int line, const json_t *entry)
{
    struct scanner *s = ctx;
    struct entry e = {.tag = ls_arena_str(s->out->arena, ls_json_str(entry, "tag")), .when = -1, .line = line};

    if (n == 0)
        s->e.n = 0;
    if (!ls_json_int(entry, "when", &e.when) || e.when < 0)
        e.when = -1;
    *LS_VEC_PUSH(&s->e) = e;
}

/* A listing is in the order of its names, and so is the journal as a rule. */
static const struct ls_dirent *find(struct scanner *s, const char *name)
{
    const struct ls_dirent *all = s->listing.e.v, *hit = NULL;

    if (s->next < s->listing.e.n && strcmp(all[s->next].name, name) == 0)
        hit = &all[s->next];
    else if (s->listing.e.n > 0)
        hit = bsearch(name, all, s->listing.e.n, sizeof(*all), by_name);
    if (hit != NULL)
        s->next = (size_t)(hit - all) + 1;
    return hit;
}

static const struct ls_dirent *file_of(struct scanner *s, const char *tag)
{
    const struct ls_dirent *file;

    ls_buf_clear(&s->name);
    ls_buf_adds(&s->name, tag);
    ls_buf_adds(&s->name, ".sql");
    file = find(s, s->name.ptr);
    if (file != NULL)
        s->is_named[file - s->listing.e.v] = true;
    return file;
}

static void add_entry(struct scanner *s, const struct entry *e)
{
    struct ls_migrations *out = s->out;
    const struct ls_dirent *file = e->tag != NULL ? file_of(s, e->tag) : NULL;
    const char *path = file != NULL ? ls_arena_path(out->arena, out->dir, file->name) : NULL;
    struct ls_migration *m;
    struct ls_diag *d;

    if (e->tag == NULL || e->tag[0] == '\0' || strchr(e->tag, '/') != NULL || e->when < 0) {
        d = ls_scan_diag(out, LS_SEV_ERROR, "bad-entry", s->journal,
                         "an entry needs \"tag\", a file's name without folder, and \"when\", a whole number");
        d->line = e->line;
        d->hint = "mend the entry: nothing can be run as long as the journal says what cannot be read";
        return;
    }
    m = LS_VEC_PUSH(&out->m);
    m->version = (uint64_t)e->when;
    m->id = number(out->arena, e->when);
    name_entry(out->arena, e->tag, m);
    if (file != NULL && !ls_scan_may_open(out, file, path)) {
        m->flags |= LS_MIG_BROKEN;
        return;
    }
    if (file == NULL) {
        d = ls_scan_diag(out, LS_SEV_ERROR, "journal-without-file", s->journal,
                         "the entry %s has no file %s.sql: Drizzle refuses the whole folder", e->tag, e->tag);
        d->line = e->line;
        d->version = m->label;
        d->hint = "bring the file back, or take the entry out of the journal";
        m->flags |= LS_MIG_BROKEN;
        return;
    }
    m->up.path = path;
    m->up.policy = LS_POLICY_TX;
}

static void add_hashes(struct scanner *s, struct ls_hash_ahead *ahead)
{
    struct ls_migrations *out = s->out;
    struct ls_buf text = LS_BUF_INIT;

    ls_hash_ahead_wait(ahead);
    s->next = 0;
    for (size_t i = 0; i < out->m.n; i++) {
        struct ls_migration *m = &out->m.v[i];
        const char *hash = m->up.path != NULL ? ahead->hashes[find(s, ls_path_base(m->up.path)) - s->listing.e.v] : "";

        if (hash[0] != '\0')
            memcpy(m->up.sha256, hash, LS_SHA256_HEX);
        else if (m->up.path != NULL && ls_scan_read(out, m, &m->up, &text))
            hash = ls_arena_str(out->arena, m->up.sha256);
        m->checksum = hash[0] != '\0' ? hash : NULL;
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

/* Files that no entry names: Drizzle does not see them. */
static void note_strays(struct scanner *s)
{
    struct ls_migrations *out = s->out;

    for (size_t i = 0; i < s->listing.e.n; i++)
        if (is_sql(&s->listing.e.v[i]) && !s->is_named[i])
            ls_scan_diag(out, LS_SEV_WARNING, "file-without-journal", ls_arena_path(out->arena, out->dir, s->listing.e.v[i].name),
                         "has no entry in " JOURNAL ": Drizzle never runs it")
                ->hint = "make it with drizzle-kit generate --custom, or add its entry";
}

static int by_version(const void *pa, const void *pb)
{
    const struct ls_migration *a = *(struct ls_migration *const *)pa, *b = *(struct ls_migration *const *)pb;

    return (a->version > b->version) - (a->version < b->version);
}

static void mark_duplicates(struct ls_migrations *out)
{
    struct ls_migration **all;
    bool is_ascending = true;

    for (size_t i = 1; is_ascending && i < out->m.n; i++)
        is_ascending = out->m.v[i - 1].version < out->m.v[i].version;
    if (is_ascending)
        return;
    all = ls_calloc(out->m.n, sizeof(*all));
    for (size_t i = 0; i < out->m.n; i++)
        all[i] = &out->m.v[i];
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
    struct scanner s = {.out = out, .name = LS_BUF_INIT};
    struct ls_hash_ahead ahead;
    enum ls_dialect own;
    const char *word;
    json_t *root, *entries;
    enum ls_rc rc;

    (void)need_hash;
    ls_scan_begin(out, dir);
    rc = ls_dir_list(dir, &s.listing, err); /* only a folder that cannot be read is an error */
    if (rc != LS_OK)
        return rc;
    s.is_named = ls_calloc(s.listing.e.n + 1, sizeof(*s.is_named));
    ls_hash_ahead_start(&ahead, out->arena, dir, &s.listing);
    s.journal = ls_arena_path(out->arena, dir, JOURNAL);
    root = ls_json_load_list_diag(out, s.journal, "entries", take_entry, &s);
    entries = json_object_get(root, "entries");
    if (root != NULL && !json_is_array(entries))
        ls_scan_diag(out, LS_SEV_ERROR, "unreadable-file", s.journal, "has no list \"entries\"")->hint = "restore the journal";
    word = ls_json_str(root, "dialect");
    if (word != NULL && (!dialect_of(word, &own) || own != dialect))
        ls_scan_diag(out, LS_SEV_ERROR, "wrong-dialect", s.journal, "the journal is for %s, the database is not", word)->hint =
            "connect to such a database";
    for (size_t i = 0; json_is_array(entries) && i < s.e.n; i++)
        add_entry(&s, &s.e.v[i]);
    add_hashes(&s, &ahead);
    check_times(out, s.journal);
    if (json_is_array(entries))
        note_strays(&s);
    else
        add_files(out, &s.listing);
    ls_dir_release(&s.listing);
    ls_buf_release(&s.name);
    LS_VEC_RELEASE(&s.e);
    free(s.is_named);
    json_decref(root);
    return LS_OK;
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

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

/* --- plans ---------------------------------------------------------------------------------------------------------------- */

static enum ls_rc plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    return ls_drizzle_setup(ctx, LS_DRIZZLE_V0, err);
}

static void insert_row(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_migration *m)
{
    struct ls_param p[2] = {ls_param_text(m->checksum), ls_param_int(step->id)};

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
    insert_row(ctx, step, table, entry->migration);
    ls_ops_add(ctx, step, LS_OP_JOURNAL);
    return LS_OK;
}

static enum ls_rc plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                            struct ls_err *err)
{
    step->tx_note = "Only the ledger is written; Drizzle has no command for that. Entries that are not later than its newest row "
                    "are never run.";
    return ls_drizzle_mark(ctx, step, entry, applied, "created_at", ls_param_int(step->id), insert_row, err);
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
