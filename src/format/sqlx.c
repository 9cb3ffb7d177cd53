/* sqlx: one table with SHA-384 checksums, reversible and simple migrations. Facts: formats.md 4.8 (read in sqlx 0.9.0-alpha.1). */
#include <config.h>

#include "format/sqlx.h"

#include <inttypes.h>
#include <string.h>

#include "format/config.h"
#include "format/ops.h"
#include "format/record.h"
#include "format/section.h"
#include "format/table.h"
#include "format/tree.h"
#include "lockstep/base/hash.h"
#include "lockstep/base/text.h"
#include "lockstep/format/layout.h"

#define SQLX_TABLE "_sqlx_migrations"

static const char note_tx[] = "sqlx runs the file and writes its row in one transaction: a failure leaves nothing of it. The time "
                              "it took is written behind it.";
static const char note_no_tx[] =
    "The file says no-transaction: what ran before a failure stays, and the ledger is written behind it.";

static const struct ls_timeline_rules rules = {
    .is_numeric = true,
    .has_checksums = true,
    .runs_out_of_order = true,
    .applied = "nothing: it is recorded",
    .pending_next = "runs it next",
    .pending_later = "runs it after the ones before it",
    .out_of_order = "runs it: sqlx runs whatever is not recorded, in order",
    .modified = "refuses: migration was previously applied but has been modified",
    .missing = "refuses: migration was previously applied but is missing in the resolved migrations",
    .duplicate = "fails: the second one breaks the ledger's key",
    .dirty = "refuses everything: migration is partially applied",
    .rolled_back = "runs it next",
};

/* --- names ---------------------------------------------------------------------------------------------------------------- */

static bool ends_with(struct ls_str *s, const char *end)
{
    size_t n = strlen(end);

    if (s->len < n || memcmp(s->ptr + s->len - n, end, n) != 0)
        return false;
    s->len -= n;
    return true;
}

/* Rust's i64::from_str: an optional sign and digits. */
static bool parse_i64(struct ls_str s, int64_t *out)
{
    bool is_minus = s.len > 0 && s.ptr[0] == '-';
    size_t i = s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+') ? 1 : 0;
    uint64_t v = 0, top = (uint64_t)INT64_MAX + (is_minus ? 1 : 0);

    if (i == s.len)
        return false;
    for (; i < s.len; i++) {
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');

        if (s.ptr[i] < '0' || s.ptr[i] > '9' || v > (top - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = is_minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

enum ls_sqlx_name ls_sqlx_parse(const char *file, struct ls_sqlx_file *out)
{
    const char *cut = strchr(file, '_');
    struct ls_str rest;

    memset(out, 0, sizeof(*out));
    if (cut == NULL)
        return LS_SQLX_OTHER;
    rest = (struct ls_str){cut + 1, strlen(cut + 1)};
    out->title = rest;
    if (!ends_with(&out->title, ".sql"))
        return LS_SQLX_OTHER;
    out->label = (struct ls_str){file, (size_t)(cut - file)};
    if (!parse_i64(out->label, &out->version))
        return LS_SQLX_BAD;
    if (ends_with(&out->title, ".up"))
        return LS_SQLX_UP;
    return ends_with(&out->title, ".down") ? LS_SQLX_DOWN : LS_SQLX_SIMPLE;
}

/* --- the folder ----------------------------------------------------------------------------------------------------------- */

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    const char *example = NULL;
    struct ls_sqlx_file f;
    size_t n_pairs = 0, n_simple = 0;
    char *config = ls_path_join(path, "../sqlx.toml"), *cache = ls_path_join(path, "../.sqlx");
    char *crate = ls_path_join(path, "../Cargo.toml");
    bool has_config = ls_path_exists(config) || ls_path_exists(cache), has_crate = ls_path_exists(crate);

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < dir->e.n; i++) {
        enum ls_sqlx_name kind = dir->e.v[i].is_dir ? LS_SQLX_OTHER : ls_sqlx_parse(dir->e.v[i].name, &f);

        if (kind == LS_SQLX_UP || kind == LS_SQLX_SIMPLE)
            example = dir->e.v[i].name;
        n_pairs += kind == LS_SQLX_UP;
        n_simple += kind == LS_SQLX_SIMPLE;
    }
    free(config);
    free(cache);
    free(crate);
    if (example == NULL)
        return;
    out->n_migrations = n_pairs + n_simple;
    /* Other tools name their files so too: without sqlx's own files beside them it is a guess. */
    out->score = has_config ? 85 : n_pairs > 0 ? 30 : has_crate ? 40 : 20;
    snprintf(out->evidence, sizeof(out->evidence), "%zu files like %s%s", out->n_migrations, example,
             has_config ? "; sqlx.toml or .sqlx beside" : has_crate ? "; Cargo.toml beside" : "");
}

static bool parse_name(struct ls_arena *arena, const char *file, struct ls_migration *m)
{
    struct ls_sqlx_file f;
    enum ls_sqlx_name kind = ls_sqlx_parse(file, &f);

    if (kind != LS_SQLX_SIMPLE && kind != LS_SQLX_UP && kind != LS_SQLX_DOWN)
        return false;
    m->id = ls_arena_printf(arena, "%" PRId64, f.version);
    /* Below zero there is an id only; nobody numbers so. */
    m->version = f.version > 0 ? (uint64_t)f.version : 0;
    m->label = ls_arena_strn(arena, f.label.ptr, f.label.len);
    m->name = ls_arena_strn(arena, f.title.ptr, f.title.len);
    return true;
}

static enum ls_sqlx_name kind_of(const struct ls_migration *m)
{
    struct ls_sqlx_file f;

    return ls_sqlx_parse(ls_path_base(m->up.path), &f);
}

/* ls_scan_files made a migration of each file: the two halves of a pair become one. */
static void join_pairs(struct ls_migrations *out)
{
    size_t n = 0;

    for (size_t i = 0; i < out->m.n; i++) {
        struct ls_migration *m = &out->m.v[i], *last = n > 0 ? &out->m.v[n - 1] : NULL;
        bool is_down = kind_of(m) == LS_SQLX_DOWN;

        m->flags &= ~(unsigned)LS_MIG_DUPLICATE;
        if (is_down) {
            m->down = m->up;
            memset(&m->up, 0, sizeof(m->up));
        }
        /* "1_a.down.sql" sorts in front of "1_a.up.sql". */
        if (last != NULL && strcmp(last->id, m->id) == 0 && last->up.path == NULL && !is_down && strcmp(last->name, m->name) == 0) {
            struct ls_section down = last->down;

            *last = *m;
            last->down = down;
            continue;
        }
        out->m.v[n++] = *m;
    }
    out->m.n = n;
}

/* What is said about pairs in ls_scan_files is not true of them: duplicates are found again. */
static void drop_diags(struct ls_migrations *out, const char *code)
{
    size_t n = 0;

    for (size_t i = 0; i < out->diags.d.n; i++)
        if (strcmp(out->diags.d.v[i].code, code) != 0)
            out->diags.d.v[n++] = out->diags.d.v[i];
    out->diags.d.n = n;
}

/* A .sql file whose number is none: sqlx refuses the whole folder. */
static void judge_ignored(struct ls_migrations *out)
{
    for (size_t i = 0; i < out->diags.d.n; i++) {
        struct ls_diag *d = &out->diags.d.v[i];
        struct ls_sqlx_file f;

        if (strcmp(d->code, "ignored-file") != 0 || ls_sqlx_parse(ls_path_base(d->path), &f) != LS_SQLX_BAD)
            continue;
        d->severity = LS_SEV_ERROR;
        d->code = "bad-version";
        d->message = "does not begin with a number: sqlx refuses the whole folder";
        d->hint = "name it NUMBER_title.sql, or move it away";
    }
}

static bool is_no_tx(const struct ls_buf *text)
{
    static const char word[] = "-- no-transaction";

    return text->len >= sizeof(word) - 1 && memcmp(text->ptr, word, sizeof(word) - 1) == 0;
}

static void read_file(struct ls_migrations *out, struct ls_migration *m, struct ls_section *s, bool need_hash, struct ls_buf *text)
{
    char hex[LS_SHA384_HEX];
    size_t bad = 0;

    if (s->path == NULL || !(need_hash ? ls_scan_read : ls_scan_text)(out, m, s, text))
        return;
    if (!ls_utf8_valid(text->ptr != NULL ? text->ptr : "", text->len, &bad)) {
        struct ls_diag *d = &out->diags.d.v[out->diags.d.n - 1];

        d->severity = LS_SEV_ERROR;
        d->message = ls_arena_printf(out->arena, "is not UTF-8 (byte %zu): sqlx refuses the whole folder", bad + 1);
    }
    s->policy = is_no_tx(text) ? LS_POLICY_NO_TX : LS_POLICY_TX;
    if (s != &m->up)
        return;
    ls_sha384_hex(text->ptr, text->len, hex);
    m->checksum = ls_arena_str(out->arena, hex);
}

/* sqlx.toml may take characters out of the files before they are hashed; what it then writes is not known here. */
static void look_at_config(struct ls_migrations *out, const char *dir)
{
    const char *path = ls_arena_printf(out->arena, "%s/../sqlx.toml", dir);
    struct ls_buf text = LS_BUF_INIT;
    struct ls_line line = {.no = 0};

    if (ls_path_kind(path) == LS_PATH_FILE && ls_file_read(path, 0, 65536, &text, NULL) == LS_OK) {
        while (ls_line_next(text.ptr != NULL ? text.ptr : "", text.len, &line)) {
            struct ls_diag *d;

            if (!ls_str_starts(ls_str_trim(line.text), "ignored-chars", NULL))
                continue;
            d = ls_scan_diag(out, LS_SEV_WARNING, "ignored-chars", path,
                             "sets ignored-chars: checksums are not those of the files' bytes");
            d->line = line.no;
            d->hint = "lockstep does not run such a folder: use sqlx migrate run";
        }
    }
    ls_buf_release(&text);
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc = ls_scan_files(dir, parse_name, ls_order_version, out, err);

    (void)dialect;
    if (rc != LS_OK)
        return rc;
    drop_diags(out, "duplicate-version");
    judge_ignored(out);
    join_pairs(out);
    ls_scan_sort(out, ls_order_version);
    for (size_t i = 0; i < out->m.n; i++) {
        struct ls_migration *m = &out->m.v[i];

        read_file(out, m, &m->up, need_hash, &text);
        read_file(out, m, &m->down, need_hash, &text);
    }
    look_at_config(out, dir);
    ls_buf_release(&text);
    return LS_OK;
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

static int64_t ms_of(const char *ns)
{
    uint64_t v = 0;

    return ls_table_version(ns, &v) ? (int64_t)(v / 1000000) : -1; /* -1 in the table: it died before it was timed */
}

static void fill_row(struct ls_ledger *l, struct ls_ledger_row *row)
{
    const char *id = ls_table_cell(l, row, "version"), *sum = ls_table_cell(l, row, "checksum");

    row->id = id != NULL ? id : "";
    (void)ls_table_version(id, &row->version);
    row->raw_status = ls_table_cell(l, row, "success");
    row->state = ls_table_is_true(row->raw_status) ? LS_ROW_APPLIED : LS_ROW_FAILED;
    row->description = ls_table_cell(l, row, "description");
    row->name = row->description;
    row->applied_at = ls_table_cell(l, row, "installed_on");
    row->checksum = sum != NULL && sum[0] == '\\' && sum[1] == 'x' ? sum + 2 : sum;
    row->duration_ms = ms_of(ls_table_cell(l, row, "execution_time"));
    l->dirty = l->dirty || row->state == LS_ROW_FAILED;
}

static enum ls_rc ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    static const struct ls_table_kind kind = {SQLX_TABLE, "sqlx", LS_LEDGER_SET, "t.version", fill_row};

    return ls_table_read(db, opts, &kind, out, err);
}

int64_t ls_sqlx_lock_key(const char *database)
{
    uint64_t key = UINT64_C(0x3d32ad9e) * ls_crc32(database, strlen(database));

    return (int64_t)key;
}

static int lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4])
{
    const char *database = ls_db_info(db)->database;

    (void)opts;
    (void)ledger;
    if (ls_db_dialect(db) != LS_DIALECT_POSTGRES || database == NULL)
        return 0;
    keys[0] = ls_sqlx_lock_key(database);
    return 1;
}

static const struct ls_entry *first_in(const struct ls_timeline *t, enum ls_state state)
{
    for (size_t i = 0; i < t->e.n; i++)
        if (t->e.v[i].state == state)
            return &t->e.v[i];
    return NULL;
}

static enum ls_rc check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    static const struct {
        enum ls_state state;
        bool up_only;
        const char *text, *hint;
    } checks[] = {
        {LS_STATE_DIRTY, false, "is partially applied; fix and remove row from `_sqlx_migrations` table",
         "find out what is there, then mark it: lockstep mark"},
        {LS_STATE_MISSING, false, "was previously applied but is missing in the resolved migrations",
         "bring its file back, or mark it as pending, which removes its row"},
        {LS_STATE_MODIFIED, true, "was previously applied but has been modified",
         "put the file back as it was, and make a new migration for the change"},
        {LS_STATE_DUPLICATE, true, "is there twice: the second one would break the ledger's key",
         "give one of them another number"},
    };

    (void)l;
    for (size_t i = 0; i < LS_ARRAY_LEN(checks); i++) {
        const struct ls_entry *e = first_in(t, checks[i].state);

        if (e == NULL || (checks[i].up_only && dir == LS_DOWN))
            continue;
        ls_err_set(err, LS_E_REFUSED, "migration %s %s", e->id, checks[i].text);
        ls_err_hint(err, "%s", checks[i].hint);
        return LS_E_REFUSED;
    }
    return LS_OK;
}

/* --- plans ---------------------------------------------------------------------------------------------------------------- */

static enum ls_rc plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    return ls_record_setup(
        ctx,
        ctx->dialect == LS_DIALECT_POSTGRES
            ? "CREATE TABLE IF NOT EXISTS @ (\n    version BIGINT PRIMARY KEY,\n    description TEXT NOT NULL,\n"
              "    installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),\n    success BOOLEAN NOT NULL,\n    checksum BYTEA NOT NULL,\n"
              "    execution_time BIGINT NOT NULL\n)"
            : "CREATE TABLE IF NOT EXISTS @ (\n    version BIGINT PRIMARY KEY,\n    description TEXT NOT NULL,\n"
              "    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,\n    success BOOLEAN NOT NULL,\n    checksum BLOB "
              "NOT NULL,\n"
              "    execution_time BIGINT NOT NULL\n)",
        ls_table_sql_of(ctx, SQLX_TABLE, err));
}

/* The file's title with blanks for '_'. */
static const char *description_of(struct ls_plan_ctx *ctx, const struct ls_step *step)
{
    struct ls_buf s = LS_BUF_INIT;
    const char *out;

    for (const char *p = step->name; *p != '\0'; p++)
        ls_buf_addc(&s, *p == '_' ? ' ' : *p);
    out = ls_arena_strn(ctx->plan->arena, s.ptr != NULL ? s.ptr : "", s.len);
    ls_buf_release(&s);
    return out;
}

static void insert_row(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_migration *m,
                       const char *time)
{
    struct ls_param p[4] = {ls_param_int(step->id), ls_param_text(description_of(ctx, step)), ls_param_blob(m->checksum),
                            ls_param_int(time)};

    ls_record_write(ctx, step,
                    "INSERT INTO @ ( version, description, success, checksum, execution_time ) VALUES ( ?1, ?2, TRUE, ?3, ?4 )",
                    table, p, 4, 1);
}

static void delete_row(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table)
{
    struct ls_param key = ls_param_int(step->id);

    ls_record_write(ctx, step, "DELETE FROM @ WHERE version = ?1", table, &key, 1, 1);
}

/* Behind the COMMIT, in a transaction of its own: how long it took, in nanoseconds. No JOURNAL: all that matters was said before.
 */
static void update_time(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table)
{
    struct ls_param p[2] = {ls_param_runtime(LS_PARAM_DURATION_NS), ls_param_int(step->id)};

    ls_ops_add(ctx, step, LS_OP_BEGIN);
    ls_record_write(ctx, step, "UPDATE @ SET execution_time = ?1 WHERE version = ?2", table, p, 2, 1);
    ls_ops_add(ctx, step, LS_OP_COMMIT);
}

static enum ls_rc refuse_step(const struct ls_plan_ctx *ctx, const struct ls_step *step, const struct ls_entry *entry,
                              struct ls_err *err)
{
    static const char *const codes[] = {"bad-version", "bad-encoding", "ignored-chars"};

    for (size_t i = 0; i < LS_ARRAY_LEN(codes); i++)
        if (ls_record_refuse_diag(ctx, codes[i], err) != LS_OK)
            return LS_E_REFUSED;
    if (entry->migration != NULL && step->path != NULL)
        return LS_OK;
    if (step->direction == LS_UP)
        ls_err_set(err, LS_E_REFUSED, "version %s has a down file only: there is nothing to run", step->label);
    else
        ls_err_set(err, LS_E_REFUSED, "version %s is not reversible: it has no .down.sql file", step->label);
    ls_err_hint(
        err,
        "sqlx revert passes over such a migration and reverts the reversible one below it; lockstep does not leave such a gap");
    return LS_E_REFUSED;
}

static enum ls_rc plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                            const struct ls_entry *prev_applied, struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, SQLX_TABLE, err);
    bool is_up = step->direction == LS_UP, in_tx;
    struct ls_param key = ls_param_int(step->id);
    enum ls_rc rc;

    (void)prev_applied;
    if (table == NULL)
        return LS_E_INPUT;
    rc = refuse_step(ctx, step, entry, err);
    if (rc != LS_OK)
        return rc;
    step->policy = is_up ? entry->migration->up.policy : entry->migration->down.policy;
    in_tx = step->policy == LS_POLICY_TX;
    step->tx_note = in_tx ? note_tx : note_no_tx;
    if (in_tx)
        rc = ls_record_refuse_tx(ctx, step, "sqlx", "begin the file with the line: -- no-transaction", err);
    if (rc != LS_OK)
        return rc;
    ls_record_begin(ctx, step, table, "version", key, !is_up);
    if (!in_tx)
        ls_record_end(ctx, step);
    ls_record_body(ctx, step);
    if (!in_tx)
        ls_record_begin(ctx, step, table, "version", key, !is_up);
    if (is_up)
        insert_row(ctx, step, table, entry->migration, "-1");
    else
        delete_row(ctx, step, table);
    ls_record_end(ctx, step);
    if (is_up)
        update_time(ctx, step, table);
    return LS_OK;
}

static enum ls_rc plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                            struct ls_err *err)
{
    const char *table = ls_table_sql_of(ctx, SQLX_TABLE, err);

    if (table == NULL)
        return LS_E_INPUT;
    step->tx_note = "Only the ledger's row is written; sqlx has no command for that.";
    if (entry == NULL) {
        ls_record_forget(ctx, step, table);
        return LS_OK;
    }
    if (applied ? entry->state == LS_STATE_APPLIED : entry->row == NULL)
        return LS_OK;
    if (applied && (entry->migration == NULL || entry->migration->checksum == NULL)) {
        ls_err_set(err, LS_E_REFUSED, "version %s has no file whose checksum could be recorded", step->label);
        ls_err_hint(err, "bring its file back");
        return LS_E_REFUSED;
    }
    ls_record_begin(ctx, step, table, "version", ls_param_int(step->id), entry->row != NULL);
    if (entry->row != NULL)
        delete_row(ctx, step, table);
    if (applied)
        insert_row(ctx, step, table, entry->migration, "0");
    ls_record_end(ctx, step);
    return LS_OK;
}

/* `sqlx migrate add`: the same kind as the newest file's, by number or by time as the folder counts (source:
 * sqlx-cli/src/migrate.rs). */
static int new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                     const char *texts[3], struct ls_err *err)
{
    const struct ls_migration *last = m->m.n > 0 ? &m->m.v[m->m.n - 1] : NULL;
    bool is_pair = last != NULL && (last->down.path != NULL || kind_of(last) == LS_SQLX_UP);

    texts[0] = is_pair ? "-- Add up migration script here\n" : "-- Add migration script here\n";
    texts[1] = "-- Add down migration script here\n";
    return ls_scan_new(arena, m, ls_scan_next_label(arena, m, 0, wall_us), "_", slug, is_pair ? ".up.sql" : ".sql", is_pair ? ".down.sql" : NULL,
                       paths, err);
}

static const char *const default_dirs[] = {"migrations", ".", NULL};

static const char *const own_lines[] = {"-- no-transaction", NULL};
static const struct ls_layout layout = {.kind = LS_LAYOUT_PAIR, .between = "_", .up = ".up.sql", .down = ".down.sql",
                                        .no_tx_line = "-- no-transaction", .own = own_lines, .wraps = true, .key = "version",
                                        .key_is_number = true, .applied_at = "installed_on"};

const struct ls_format ls_format_sqlx = {
    .layout = &layout,
    .name = "sqlx",
    .title = "sqlx",
    .ledger_table = SQLX_TABLE,
    .default_dirs = default_dirs,
    .caps = LS_CAP_UP | LS_CAP_DOWN | LS_CAP_CHECKSUM | LS_CAP_DIRTY | LS_CAP_APPLIED_AT | LS_CAP_DURATION | LS_CAP_RECORD_ONLY |
            LS_CAP_NATIVE_APPLY,
    .rules = &rules,
    .config = ls_config_sqlx,
    .detect = detect,
    .scan = scan,
    .ledger_read = ledger_read,
    .plan_setup = plan_setup,
    .plan_step = plan_step,
    .plan_mark = plan_mark,
    .lock_keys = lock_keys,
    .check_runnable = check_runnable,
    .new_files = new_files,
};
