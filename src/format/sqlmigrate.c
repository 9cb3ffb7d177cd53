/* sql-migrate: names, ledger and order of events. Facts: formats.md 4.12 (observed with the 2019-12 snapshot that Debian ships,
 * read at 1.8.0). */
#include <config.h>

#include "format/sqlmigrate.h"

#include <inttypes.h>
#include <string.h>

#include "format/config.h"
#include "format/lockstep.h"
#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"
#include "lockstep/format/layout.h"

#define TABLE "gorp_migrations"

/* --- the folder ----------------------------------------------------------------------------------------------------------- */

static bool takes(const char *name)
{
    size_t n = strlen(name);

    return n >= 4 && strcmp(name + n - 4, ".sql") == 0;
}

/* Every *.sql; the id is the whole name. */
static bool parse_name(struct ls_arena *arena, const char *file, struct ls_migration *m)
{
    size_t n = strspn(file, "0123456789"), len = strlen(file);
    const char *title = file + n;
    char *digits = ls_arena_strn(arena, file, n);

    if (!takes(file))
        return false;
    m->id = m->label = ls_arena_str(arena, file);
    (void)ls_table_version(digits, &m->version);
    title += n > 0 && (*title == '_' || *title == '-');
    m->name = ls_arena_strn(arena, title, title < file + len - 4 ? (size_t)(file + len - 4 - title) : 0);
    return true;
}

static int order(const struct ls_migration *a, const struct ls_migration *b)
{
    return ls_sqlmigrate_compare(a->id, b->id);
}

static int place(const struct ls_ledger_row *row, const struct ls_migration *m)
{
    return ls_sqlmigrate_compare(row->id, m->id);
}

static bool is_marker(struct ls_str line)
{
    return ls_str_starts(line, "-- +migrate ", NULL);
}

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    struct ls_sniffed s;

    ls_sniff(path, dir, takes, is_marker, &s);
    ls_sniff_score(&s, "-- +migrate", out);
}

static void set_half(struct ls_section *s, const char *path, const struct ls_sqlmigrate_half *half, bool need_hash,
                     const struct ls_buf *text)
{
    memset(s, 0, sizeof(*s));
    s->policy = half->no_tx ? LS_POLICY_NO_TX : LS_POLICY_TX;
    if (!half->is_there)
        return;
    ls_section_set(s, path, half->start, half->end, half->line);
    if (need_hash)
        ls_section_hash(s, text->ptr, text->len);
}

static void read_sections(struct ls_migrations *out, struct ls_migration *m, bool need_hash, const struct ls_buf *text)
{
    struct ls_arena *arena = ls_arena_new();
    const char *path = m->up.path;
    struct ls_sqlmigrate p;

    ls_sqlmigrate_parse(arena, text->ptr, text->len, &p);
    m->up.sha256[0] = '\0';
    m->flags |= p.up.cuts.c.n == 0 ? LS_MIG_EMPTY : 0;
    if (p.unknown.len > 0) {
        struct ls_diag *d = ls_scan_diag(out, LS_SEV_WARNING, "unknown-directive", path,
                                         "sql-migrate drops \"%.*s\" without a word: it knows Up, Down, "
                                         "StatementBegin and StatementEnd, written so",
                                         (int)p.unknown.len, p.unknown.ptr);

        d->line = p.unknown_line;
        d->version = m->label;
    }
    if (p.error != NULL) {
        ls_marked_unparsed(out, m, "annotation", p.error_line, p.error, p.hint);
    } else {
        set_half(&m->up, path, &p.up, need_hash, text);
        set_half(&m->down, path, &p.down, need_hash, text);
    }
    ls_sqlmigrate_release(&p);
    ls_arena_free(arena);
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    enum ls_rc rc = ls_scan_files(dir, parse_name, order, out, err);
    struct ls_buf text = LS_BUF_INIT;

    (void)dialect;
    for (size_t i = 0; rc == LS_OK && i < out->m.n; i++) {
        struct ls_migration *m = &out->m.v[i];

        if (ls_scan_text(out, m, &m->up, &text))
            read_sections(out, m, need_hash, &text);
        if (m->version == 0 && m->id[0] >= '1' && m->id[0] <= '9')
            ls_marked_unparsed(out, m, "bad-number", 0, "its number is too large: sql-migrate stops with an error when it reads it",
                               "give it a smaller one");
    }
    ls_buf_release(&text);
    return rc;
}

static int new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                     const char *texts[3], struct ls_err *err)
{
    texts[0] = "\n-- +migrate Up\n\n-- +migrate Down\n";
    return ls_scan_new(arena, m, ls_scan_stamp(arena, wall_us), "-", slug, ".sql", NULL, paths, err);
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

static void fill_row(struct ls_ledger *l, struct ls_ledger_row *row)
{
    const char *id = ls_table_cell(l, row, "id");

    row->id = id != NULL ? id : "NULL";
    row->applied_at = ls_table_cell(l, row, "applied_at");
}

static enum ls_rc ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    const struct ls_table_kind kind = {TABLE, ls_format_sql_migrate.title, LS_LEDGER_SET,
                                       ls_db_dialect(db) == LS_DIALECT_POSTGRES ? "t.id COLLATE \"C\"" : "t.id", fill_row};

    return ls_table_read(db, opts, &kind, out, err);
}

/* One file that cannot be read, and sql-migrate does nothing at all. */
static enum ls_rc refuse_folder(const struct ls_migration *m, struct ls_err *err)
{
    struct ls_arena *arena = ls_arena_new();
    struct ls_buf text = LS_BUF_INIT;
    struct ls_sqlmigrate p;
    enum ls_rc rc = ls_file_read(m->up.path, 0, 0, &text, err);

    if (rc != LS_OK)
        goto out;
    ls_sqlmigrate_parse(arena, text.ptr, text.len, &p);
    rc = ls_err_set(err, LS_E_REFUSED, "%s:%d: %s", m->up.path, p.error_line > 0 ? p.error_line : 1,
                    p.error != NULL ? p.error : "its number is too large");
    ls_err_hint(err, "%s", p.hint != NULL ? p.hint : "sql-migrate refuses the whole folder until it can read every file");
    ls_sqlmigrate_release(&p);
out:
    ls_buf_release(&text);
    ls_arena_free(arena);
    return rc;
}

static enum ls_rc check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    (void)l;
    (void)dir;
    for (size_t i = 0; i < t->e.n; i++) {
        const struct ls_entry *e = &t->e.v[i];

        if (e->state == LS_STATE_MISSING) {
            ls_err_set(err, LS_E_REFUSED, "Unable to create migration plan because of %s: unknown migration in database", e->id);
            ls_err_hint(err, "sql-migrate refuses everything while the ledger names a file that is not there: bring it back, or "
                             "mark it pending");
            return LS_E_REFUSED;
        }
        if (e->migration != NULL && (e->migration->flags & LS_MIG_UNPARSED) != 0)
            return refuse_folder(e->migration, err);
    }
    return LS_OK;
}

/* --- plans ---------------------------------------------------------------------------------------------------------------- */

static const char note_tx[] = "One transaction holds the statements and the ledger row: a failure leaves nothing.";
static const char note_no_tx[] =
    "notransaction: each statement commits on its own, then the ledger row follows. A failure leaves what came before it, and "
    "sql-migrate's ledger says nothing of that.";
static const char note_empty[] = "There is nothing to run: only the ledger row is written.";

static enum ls_rc plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    return ls_record_setup(ctx,
                           ctx->dialect == LS_DIALECT_POSTGRES
                               ? "CREATE TABLE IF NOT EXISTS @ (\"id\" text not null primary key, \"applied_at\" timestamp with time zone)"
                               : "CREATE TABLE IF NOT EXISTS @ (\"id\" varchar(255) not null primary key, \"applied_at\" datetime)",
                           ls_marked_table(ctx, TABLE, err));
}

static void begin(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table)
{
    ls_record_begin(ctx, step, table, "\"id\"", ls_param_text(step->id), step->direction == LS_DOWN);
}

/* The time is the client's. SQLite gets it in the form of the tool's driver: 2026-11-29 16:38:44.123+00:00. */
static void record(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table)
{
    struct ls_param p[2] = {ls_param_text(step->id), ls_param_runtime(LS_PARAM_NOW_ISO)};

    if (step->direction == LS_DOWN)
        ls_record_write(ctx, step, "DELETE FROM @ WHERE \"id\" = ?1", table, p, 1, 1);
    else if (ctx->dialect == LS_DIALECT_POSTGRES)
        ls_record_write(ctx, step, "INSERT INTO @ (\"id\", \"applied_at\") VALUES (?1, ?2)", table, p, 2, 1);
    else
        ls_record_write(ctx, step,
                        "INSERT INTO @ (\"id\", \"applied_at\") VALUES (?1, strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'))", table, p, 1,
                        1);
    ls_record_end(ctx, step);
}

static enum ls_rc add_body(struct ls_plan_ctx *ctx, struct ls_step *step, struct ls_err *err)
{
    struct ls_arena *arena = ls_arena_new();
    struct ls_sqlmigrate p;
    enum ls_rc rc;

    ls_sqlmigrate_parse(arena, step->text, step->text_len, &p);
    if (p.error != NULL)
        rc = ls_err_set(err, LS_E_CHANGED, "%s has changed since it was read before", step->path);
    else
        rc = ls_cuts_ops(ctx, step, step->direction == LS_UP ? &p.up.cuts : &p.down.cuts, step->policy == LS_POLICY_TX,
                         "sql-migrate",
                         "put notransaction behind \"-- +migrate Up\" or \"Down\", best with this statement alone in it", err);
    ls_sqlmigrate_release(&p);
    ls_arena_free(arena);
    return rc;
}

static enum ls_rc plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                            const struct ls_entry *prev_applied, struct ls_err *err)
{
    const char *table = ls_marked_table(ctx, TABLE, err);
    enum ls_rc rc;

    (void)prev_applied;
    if (table == NULL)
        return LS_E_INPUT;
    if (entry->migration == NULL)
        return ls_marked_refuse_missing(ctx, step, "sql-migrate refuses everything until then", err);
    step->policy = step->direction == LS_UP ? entry->migration->up.policy : entry->migration->down.policy;
    if (step->policy == LS_POLICY_TX)
        begin(ctx, step, table);
    else
        ls_record_there(ctx, step, table, "\"id\"", ls_param_text(step->id), step->direction == LS_DOWN);
    rc = step->text != NULL ? add_body(ctx, step, err) : LS_OK;
    if (rc != LS_OK)
        return rc;
    step->tx_note = step->n_statements == 0 ? note_empty : step->policy == LS_POLICY_TX ? note_tx : note_no_tx;
    if (step->policy != LS_POLICY_TX)
        begin(ctx, step, table);
    record(ctx, step, table);
    return LS_OK;
}

static enum ls_rc plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                            struct ls_err *err)
{
    const char *table = ls_marked_table(ctx, TABLE, err);

    if (table == NULL)
        return LS_E_INPUT;
    if (entry == NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "sql-migrate's ledger has a row per file: mark one pending after the other");
    if ((entry->row != NULL) == applied)
        return LS_OK; /* the ledger says so already */
    step->tx_note = applied ? "Only the ledger is written, as sql-migrate's skip does, in one transaction; no migration runs."
                            : "Only the ledger is written, in one transaction; no migration runs.";
    begin(ctx, step, table);
    record(ctx, step, table);
    return LS_OK;
}

static const struct ls_timeline_rules rules = {
    .runs_out_of_order = true,
    .applied = "nothing: it is in the ledger",
    .pending_next = "runs it next",
    .pending_later = "runs it after the ones before it",
    .out_of_order = "runs it first, whatever the limit; its down runs it too (lockstep's down does not)",
    .modified = "does not notice",
    .missing = "refuses everything: unknown migration in database",
    .duplicate = "cannot have it: names in a folder are unique",
    .rolled_back = "runs it next",
    .place = place,
};

static const char *const default_dirs[] = {"migrations", "db/migrations", ".", NULL};

static const char *const own_lines[] = {"-- +migrate ", NULL};
static const struct ls_layout layout = {.kind = LS_LAYOUT_FILE, .between = "-", .up = ".sql", .up_mark = "-- +migrate Up",
                                        .down_mark = "-- +migrate Down", .no_tx_word = "notransaction",
                                        .stmt_begin = "-- +migrate StatementBegin", .stmt_end = "-- +migrate StatementEnd", .own = own_lines,
                                        .wraps = true, .key = "id", .applied_at = "applied_at"};

const struct ls_format ls_format_sql_migrate = {
    .layout = &layout,
    .name = "sql-migrate",
    .title = "sql-migrate",
    .ledger_table = TABLE,
    .default_dirs = default_dirs,
    .caps = LS_CAP_UP | LS_CAP_DOWN | LS_CAP_APPLIED_AT | LS_CAP_RECORD_ONLY | LS_CAP_NATIVE_APPLY | LS_CAP_OWN_SPLIT,
    .rules = &rules,
    .config = ls_config_sql_migrate,
    .detect = detect,
    .scan = scan,
    .ledger_read = ledger_read,
    .plan_setup = plan_setup,
    .plan_step = plan_step,
    .plan_mark = plan_mark,
    .lock_keys = ls_lockstep_lock_keys, /* sql-migrate has none: ours keeps two of us apart, the table's lock and the fences keep
                                           sql-migrate out */
    .check_runnable = check_runnable,
    .new_files = new_files,
};
