/* Prisma: the folder, its checksums, what blocks a deploy. Facts: formats.md 4.7. */
#include <config.h>

#include "format/prisma.h"

#include <inttypes.h>
#include <string.h>

#include "format/config.h"
#include "format/record.h"
#include "format/section.h"
#include "format/tree.h"
#include "lockstep/format/layout.h"

static bool is_modified(const struct ls_migration *m, const struct ls_ledger_row *row)
{
    return m->checksum != NULL && row->checksum != NULL && !ls_prisma_checksum_matches(m->checksum, row->checksum);
}

static const struct ls_timeline_rules rules = {
    .has_checksums = true,
    .runs_out_of_order = true,
    .applied = "nothing: it is recorded",
    .pending_next = "runs it next",
    .pending_later = "runs it after the ones before it",
    .out_of_order = "runs it: deploy runs whatever is not recorded; migrate dev asks for a reset",
    .modified = "deploy does not notice; migrate dev asks for a reset",
    .missing = "deploy ignores it; migrate status reports it",
    .duplicate = "cannot be: names are names of folders",
    .dirty = "refuses everything (P3009) until it is resolved",
    .rolled_back = "runs it next, with a row of its own",
    .place = ls_place_by_id,
    .is_modified = is_modified,
};

/* --- checksums ------------------------------------------------------------------------------------------------------------ */

static void add_hash(struct ls_buf *out, const char *text, size_t len)
{
    char hex[LS_SHA256_HEX];

    ls_sha256_hex(text, len, hex);
    ls_buf_add(out, hex, sizeof(hex));
}

/* CRLF to LF, or LF to CRLF; a text of mixed line ends is not understood otherwise by the tool either (source: checksum.rs). */
static void convert(const char *text, size_t len, bool to_crlf, struct ls_buf *out)
{
    ls_buf_clear(out);
    for (size_t i = 0; i < len; i++) {
        if (!to_crlf && text[i] == '\r' && i + 1 < len && text[i + 1] == '\n')
            continue;
        if (to_crlf && text[i] == '\n')
            ls_buf_addc(out, '\r');
        ls_buf_addc(out, text[i]);
    }
}

const char *ls_prisma_checksums(struct ls_arena *arena, const char *text, size_t len)
{
    struct ls_buf three = LS_BUF_INIT, other = LS_BUF_INIT;
    const char *out;

    add_hash(&three, text, len);
    for (int k = 0; k < 2; k++) {
        convert(text, len, k == 1, &other);
        add_hash(&three, other.ptr != NULL ? other.ptr : "", other.len);
    }
    out = ls_arena_strn(arena, three.ptr, three.len);
    ls_buf_release(&three);
    ls_buf_release(&other);
    return out;
}

/* hex, but bytes below 16 have one digit. */
static bool is_unpadded(const char *hex, const char *row)
{
    for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        if (hex[0] != '0' && *row++ != hex[0])
            return false;
        if (*row++ != hex[1])
            return false;
    }
    return *row == '\0';
}

bool ls_prisma_checksum_matches(const char *three, const char *row)
{
    for (int k = 0; k < 3; k++, three += LS_SHA256_HEX)
        if (strcmp(three, row) == 0 || (strlen(row) < LS_SHA256_HEX - 1 && is_unpadded(three, row)))
            return true;
    return false;
}

/* --- the folder ----------------------------------------------------------------------------------------------------------- */

struct ls_str ls_prisma_provider(const char *text, size_t len)
{
    struct ls_line line = {.no = 0};
    const struct ls_str none = {"", 0};

    while (ls_line_next(text, len, &line)) {
        struct ls_str rest;
        const char *quote;

        if (!ls_str_starts(ls_str_trim(line.text), "provider", &rest))
            continue;
        rest = ls_str_skip_blanks(rest);
        if (!ls_str_starts(rest, "=", &rest))
            continue;
        rest = ls_str_skip_blanks(rest);
        if (rest.len == 0 || (rest.ptr[0] != '"' && rest.ptr[0] != '\''))
            return none;
        quote = memchr(rest.ptr + 1, rest.ptr[0], rest.len - 1);
        return quote != NULL ? (struct ls_str){rest.ptr + 1, (size_t)(quote - rest.ptr) - 1} : none;
    }
    return none;
}

static bool dialect_of(struct ls_str provider, enum ls_dialect *out)
{
    bool is_pg = ls_str_is(provider, "postgresql") || ls_str_is(provider, "postgres");

    *out = is_pg ? LS_DIALECT_POSTGRES : LS_DIALECT_SQLITE;
    return is_pg || ls_str_is(provider, "sqlite");
}

static struct ls_str read_provider(const char *dir, struct ls_buf *text)
{
    char *path = ls_path_join(dir, "migration_lock.toml");
    struct ls_str none = {"", 0}, out = none;

    if (ls_path_kind(path) == LS_PATH_FILE && ls_file_read(path, 0, 65536, text, NULL) == LS_OK)
        out = ls_prisma_provider(text->ptr != NULL ? text->ptr : "", text->len);
    free(path);
    return out;
}

static bool has_file(const char *dir, const char *sub, const char *name)
{
    char *folder = ls_path_join(dir, sub), *path = ls_path_join(folder, name);
    bool is_there = ls_path_kind(path) == LS_PATH_FILE;

    free(path);
    free(folder);
    return is_there;
}

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    struct ls_buf text = LS_BUF_INIT;
    const char *example = NULL;
    bool has_lock = false;
    size_t n_snapshots = 0; /* Drizzle 1.x has one in each folder, Prisma none */

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < dir->e.n; i++) {
        const struct ls_dirent *e = &dir->e.v[i];

        has_lock = has_lock || strcmp(e->name, "migration_lock.toml") == 0;
        if (!e->is_dir || !has_file(path, e->name, "migration.sql"))
            continue;
        example = e->name;
        out->n_migrations++;
        n_snapshots += has_file(path, e->name, "snapshot.json");
    }
    if (example != NULL || has_lock) {
        out->score = has_lock ? 98 : n_snapshots == out->n_migrations ? 15 : 50;
        out->has_dialect = dialect_of(read_provider(path, &text), &out->dialect);
        snprintf(out->evidence, sizeof(out->evidence), "%s%zu folders%s%s with migration.sql",
                 has_lock ? "migration_lock.toml; " : "", out->n_migrations, example != NULL ? " like " : "",
                 example != NULL ? example : "");
    }
    ls_buf_release(&text);
}

static bool parse_name(struct ls_arena *arena, const char *file, struct ls_migration *m)
{
    m->id = ls_arena_str(arena, file);
    ls_record_cut_name(arena, file, &m->label, &m->name);
    if (m->label[0] == '\0' || m->name[0] == '\0' || strspn(m->label, "0123456789") != strlen(m->label))
        m->label = m->name = m->id;
    return true;
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = ls_scan_dirs(dir, "migration.sql", NULL, parse_name, NULL, out, err);
    struct ls_str provider;
    enum ls_dialect own;

    (void)need_hash;
    if (rc != LS_OK)
        return rc;
    provider = read_provider(dir, &text);
    if (provider.len > 0 && (!dialect_of(provider, &own) || own != dialect)) {
        struct ls_diag *d = ls_scan_diag(out, LS_SEV_ERROR, "wrong-provider", ls_arena_printf(out->arena, "%s/migration_lock.toml", dir),
                                         "the provider is %.*s, the database is another one: Prisma refuses (P3019)",
                                         (int)provider.len, provider.ptr);

        d->hint = "connect to such a database";
        d->line = 1;
        for (const char *p = text.ptr; p < provider.ptr; p++)
            d->line += *p == '\n';
    }
    for (size_t i = 0; i < out->m.n; i++) {
        struct ls_migration *m = &out->m.v[i];

        if (m->up.path == NULL || !ls_scan_read(out, m, &m->up, &text))
            continue;
        m->up.policy = dialect == LS_DIALECT_POSTGRES ? LS_POLICY_IMPLICIT : LS_POLICY_NO_TX;
        m->checksum = ls_prisma_checksums(out->arena, text.ptr != NULL ? text.ptr : "", text.len);
    }
    ls_buf_release(&text);
    return LS_OK;
}

/* --- what blocks ---------------------------------------------------------------------------------------------------------- */

static enum ls_rc check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    if (dir == LS_DOWN)
        return LS_OK; /* plan_step says why not */
    for (size_t i = 0; i < t->e.n; i++) {
        const struct ls_entry *e = &t->e.v[i];

        if (e->state == LS_STATE_DIRTY) {
            ls_err_set(
                err, LS_E_REFUSED,
                "the migration %s was started and failed, or still runs: Prisma applies nothing until that is resolved (P3009)",
                e->id);
            ls_err_hint(err, "see what is there, then mark it: as applied, or as pending, which is migrate resolve --rolled-back");
            return LS_E_REFUSED;
        }
        if (e->migration != NULL && e->migration->up.path == NULL && !ls_record_is_applied(e)) {
            ls_err_set(err, LS_E_REFUSED, "%s has no migration.sql: Prisma stops there (P3015), after it ran what is before it",
                       e->id);
            ls_err_hint(err, "write its migration.sql, or take the folder away");
            return LS_E_REFUSED;
        }
    }
    if (!l->exists && l->variant != NULL && strcmp(l->variant, LS_PRISMA_NOT_EMPTY) == 0) {
        ls_err_set(err, LS_E_REFUSED, "the database is not empty, and has no ledger: Prisma refuses to deploy to it (P3005)");
        ls_err_hint(err, "mark as applied what is there already: that is how Prisma baselines a database");
        return LS_E_REFUSED;
    }
    return LS_OK;
}

static int lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4])
{
    (void)opts;
    (void)ledger;
    if (ls_db_dialect(db) != LS_DIALECT_POSTGRES)
        return 0;
    keys[0] = LS_PRISMA_LOCK_KEY;
    return 1;
}

static int new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                     const char *texts[3], struct ls_err *err)
{
    texts[0] = "-- This is an empty migration.";
    return ls_scan_new(arena, m, ls_scan_stamp(arena, wall_us), "_", slug, "/migration.sql", NULL, paths, err);
}

static const char *const default_dirs[] = {"prisma/migrations", "migrations", ".", NULL};

/* prisma-engines writes the second line when it makes the file. */
static int folder_files(struct ls_arena *arena, enum ls_dialect d, const struct ls_written *all, size_t n, int64_t wall_us, const char *paths[2],
                        const char *texts[2])
{
    (void)all;
    (void)n;
    (void)wall_us;
    paths[0] = "migration_lock.toml";
    texts[0] = ls_arena_printf(arena, "# Please do not edit this file manually\n# It should be added in your version-control system (e.g., Git)\n"
                                      "provider = \"%s\"\n",
                               d == LS_DIALECT_POSTGRES ? "postgresql" : "sqlite");
    return 1;
}

static const struct ls_layout layout = {.kind = LS_LAYOUT_FOLDER, .between = "_", .up = "migration.sql", .text_order = true,
                                        .key = "migration_name", .applied_at = "finished_at", .folder_files = folder_files};

const struct ls_format ls_format_prisma = {
    .layout = &layout,
    .name = "prisma",
    .title = "Prisma",
    .ledger_table = LS_PRISMA_TABLE,
    .default_dirs = default_dirs,
    .caps =
        LS_CAP_UP | LS_CAP_CHECKSUM | LS_CAP_DIRTY | LS_CAP_APPLIED_AT | LS_CAP_DURATION | LS_CAP_RECORD_ONLY | LS_CAP_NATIVE_APPLY,
    .rules = &rules,
    .config = ls_config_prisma,
    .detect = detect,
    .scan = scan,
    .ledger_read = ls_prisma_ledger_read,
    .plan_setup = ls_prisma_plan_setup,
    .plan_step = ls_prisma_plan_step,
    .plan_mark = ls_prisma_plan_mark,
    .lock_keys = lock_keys,
    .check_runnable = check_runnable,
    .new_files = new_files,
};
