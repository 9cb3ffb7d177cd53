/* node-pg-migrate: names, ledger and order of events; PostgreSQL only. Facts: formats.md 4.13 (observed with 9.0.0, read at 9.0.0).
 * Everything pending runs in one transaction, which is the tool's default; --no-single-transaction and the other flags that change
 * what runs are not known here. */
#include <config.h>

#include "format/nodepg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/config.h"
#include "format/marked.h"
#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"
#include "lockstep/base/clock.h"
#include "lockstep/format/layout.h"

#define TABLE  "pgmigrations"
#define TITLE  "node-pg-migrate"
#define UTC_17 17

/* --- the folder ----------------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n >= m && strcmp(name + n - m, end) == 0;
}

/* Node's extname: from the last dot, unless the name begins with it. */
static size_t stem_len(const char *file)
{
    const char *dot = strrchr(file, '.');

    return dot != NULL && dot > file ? (size_t)(dot - file) : strlen(file);
}

static bool is_sql(const char *file)
{
    struct ls_str ext = {file + stem_len(file), strlen(file) - stem_len(file)};

    return ext.len == 4 && ls_str_starts_nocase(ext, ".sql", NULL);
}

/* Every file that is not hidden is a migration to it; what has no number stops it. */
static bool parse_name(struct ls_arena *arena, const char *file, struct ls_migration *m)
{
    size_t digits = strspn(file, "0123456789"), n = stem_len(file);
    const char *title = file + digits;

    if (file[0] == '.')
        return false;
    m->id = ls_arena_strn(arena, file, n);
    m->label = digits > 0 ? ls_arena_strn(arena, file, digits) : m->id;
    title += digits > 0 && (*title == '_' || *title == '-');
    m->name = title < file + n ? ls_arena_strn(arena, title, (size_t)(file + n - title)) : "";
    m->lang = is_sql(file) ? LS_LANG_SQL : LS_LANG_CODE;
    if (!ls_nodepg_number(file, &m->version))
        m->flags |= LS_MIG_UNPARSED;
    return true;
}

/* By number, then by the whole file names with their extensions. */
static int order(const struct ls_migration *a, const struct ls_migration *b)
{
    int c = ls_order_version(a, b);

    return c != 0 ? c : ls_nodepg_locale_compare(ls_path_base(a->up.path), ls_path_base(b->up.path));
}

static int place(const struct ls_ledger_row *row, const struct ls_migration *m)
{
    uint64_t number;

    if (ls_nodepg_number(row->id, &number) && number != m->version)
        return number < m->version ? -1 : 1;
    return ls_nodepg_locale_compare(row->id, m->id);
}

static bool takes(const char *name)
{
    static const char *const ends[] = {".sql", ".js", ".ts", ".cjs", ".mjs", ".cts", ".mts"};

    for (size_t i = 0; i < LS_ARRAY_LEN(ends); i++)
        if (name[0] >= '0' && name[0] <= '9' && ends_with(name, ends[i]))
            return true;
    return false;
}

static bool contains(struct ls_str line, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= line.len; i++)
        if (memcmp(line.ptr + i, word, n) == 0)
            return true;
    return false;
}

static bool is_marker(struct ls_str line)
{
    struct ls_nodepg_parts p;

    ls_nodepg_parse(line.ptr, line.len, &p);
    return p.has_up || p.has_down || contains(line, "node-pg-migrate") || contains(line, "(pgm");
}

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    struct ls_sniffed s;

    ls_sniff(path, dir, takes, is_marker, &s);
    ls_sniff_score(&s, "-- Up Migration or (pgm)", out);
    out->has_dialect = out->score > 0;
    out->dialect = LS_DIALECT_POSTGRES;
}

static int line_of(const struct ls_buf *text, size_t at)
{
    int line = 1;

    for (size_t i = 0; i < at; i++)
        line += text->ptr[i] == '\n';
    return line;
}

static void read_sections(struct ls_migrations *out, struct ls_migration *m, bool need_hash, const struct ls_buf *text)
{
    const char *path = m->up.path;
    struct ls_nodepg_parts p;

    ls_nodepg_parse(text->ptr != NULL ? text->ptr : "", text->len, &p);
    if (p.has_up)
        ls_section_set(&m->up, path, p.up, p.up_end, line_of(text, p.up));
    if (p.has_down)
        ls_section_set(&m->down, path, p.down, p.down_end, line_of(text, p.down));
    if (p.has_down && !p.has_up) {
        struct ls_diag *d = ls_scan_diag(out, LS_SEV_WARNING, "no-up-marker", path,
                                         "has a marker for down and none for up: " TITLE
                                         " runs the whole file as up, what stands behind the down marker too");

        d->line = line_of(text, p.down);
        d->version = m->label;
        d->hint = "write \"-- Up Migration\" above what is up";
    }
    m->up.sha256[0] = m->down.sha256[0] = '\0';
    if (need_hash)
        ls_section_hash(&m->up, text->ptr, text->len);
    if (need_hash && p.has_down)
        ls_section_hash(&m->down, text->ptr, text->len);
}

/* Which loader the project's configuration names is not known: with one the .down.sql is a migration that runs on up, with the
 * other it is the way back. */
static void note_pair(struct ls_migrations *out, const struct ls_migration *m)
{
    struct ls_diag *d;

    if (!ends_with(m->up.path, ".up.sql") && !ends_with(m->up.path, ".down.sql"))
        return;
    d = ls_scan_diag(out, LS_SEV_ERROR, "paired-files", m->up.path,
                     "is one half of a pair: " TITLE
                     "'s default loader takes each half for a migration of its own and runs both on up; only its loader \"sql\" "
                     "pairs them");
    d->version = m->label;
    d->hint = "put both into one .sql file with \"-- Up Migration\" and \"-- Down Migration\", or run them with " TITLE;
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    enum ls_rc rc = ls_scan_files(dir, parse_name, order, out, err);
    struct ls_buf text = LS_BUF_INIT;

    (void)dialect;
    for (size_t i = 0; rc == LS_OK && i < out->m.n; i++) {
        struct ls_migration *m = &out->m.v[i];

        if ((m->flags & LS_MIG_UNPARSED) != 0)
            ls_marked_unparsed(out, m, "bad-number", 0, "Cannot determine numeric prefix: " TITLE " refuses the whole folder",
                               "begin its name with a number or with 17 digits of UTC time, or move it away");
        if (m->lang == LS_LANG_SQL && ls_scan_text(out, m, &m->up, &text))
            read_sections(out, m, need_hash, &text);
        note_pair(out, m);
    }
    ls_buf_release(&text);
    return rc;
}

/* `create -j sql`: the time in milliseconds, or 17 digits of UTC or the next index where the newest file has that. */
static const char *next_prefix(struct ls_arena *arena, const struct ls_migrations *m, int64_t wall_us)
{
    const struct ls_migration *last = m->m.n > 0 ? &m->m.v[m->m.n - 1] : NULL;
    size_t width = last != NULL ? strspn(last->label, "0123456789") : 0;
    char stamp[LS_ISO_LEN];

    if (width == UTC_17) {
        ls_stamp_utc(wall_us, stamp);
        return ls_arena_printf(arena, "%s%03d", stamp, (int)(wall_us / 1000 % 1000));
    }
    if (width > 0 && width < 9)
        return ls_arena_printf(arena, "%0*" PRIu64, (int)width, last->version + 1);
    return ls_arena_printf(arena, "%" PRId64, wall_us / 1000);
}

static int new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                     const char *texts[3], struct ls_err *err)
{
    char *words;

    slug = ls_scan_slug(arena, slug, err);
    if (slug == NULL)
        return 0;
    words = ls_arena_strn(arena, slug, strlen(slug));
    for (char *p = words; *p != '\0'; p++)
        *p = *p == '_' ? '-' : *p; /* the tool's own way to join words */
    paths[0] = ls_arena_printf(arena, "%s/%s_%s.sql", m->dir, next_prefix(arena, m, wall_us), words);
    texts[0] = "-- Up Migration\n\n-- Down Migration";
    return 1;
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

static void fill_row(struct ls_ledger *l, struct ls_ledger_row *row)
{
    const char *name = ls_table_cell(l, row, "name");

    row->id = row->name = name != NULL ? name : "NULL";
    row->applied_at = ls_table_cell(l, row, "run_on");
}

static enum ls_rc ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    static const struct ls_table_kind kind = {TABLE, TITLE, LS_LEDGER_SET, "t.run_on, t.id", fill_row};
    struct ls_format_opts own = opts != NULL ? *opts : (struct ls_format_opts){0};
    struct ls_arena *arena = ls_arena_new();
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    if (ls_db_dialect(db) != LS_DIALECT_POSTGRES) {
        rc = ls_err_set(err, LS_E_UNSUPPORTED, TITLE " is for PostgreSQL only");
        ls_err_hint(err, "connect to a PostgreSQL database, or name another format");
        goto out;
    }
    /* Its schema is "public" whatever the search_path says, unless it is named. */
    if (own.table == NULL || own.table[0] == '\0')
        own.table = "public." TABLE;
    else if (strchr(own.table, '.') == NULL)
        own.table = ls_arena_printf(arena, "public.%s", own.table);
    rc = ls_table_read(db, &own, &kind, out, err);
out:
    ls_arena_free(arena);
    return rc;
}

static int lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4])
{
    (void)opts;
    (void)ledger;
    if (ls_db_dialect(db) != LS_DIALECT_POSTGRES)
        return 0;
    keys[0] = LS_NODEPG_LOCK;
    return 1;
}

static enum ls_rc refuse_unparsed(const struct ls_migration *m, struct ls_err *err)
{
    ls_err_set(err, LS_E_REFUSED, "Cannot determine numeric prefix for \"%s\"", ls_path_base(m->up.path));
    ls_err_hint(err, TITLE
                " refuses the whole folder: begin the name with a number or with 17 digits of UTC time, or move the file away");
    return LS_E_REFUSED;
}

/* Its order check: the recorded names, by time, are the first files. */
static enum ls_rc check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    size_t k = 0;

    (void)dir;
    for (size_t i = 0; i < t->e.n; i++) {
        const struct ls_migration *m = t->e.v[i].migration;

        if (m == NULL)
            continue;
        if ((m->flags & LS_MIG_UNPARSED) != 0)
            return refuse_unparsed(m, err);
        if ((m->flags & LS_MIG_DUPLICATE) != 0) {
            ls_err_set(err, LS_E_REFUSED, "two files have the name %s, which is the ledger's key", m->id);
            ls_err_hint(err, "give one of them another number");
            return LS_E_REFUSED;
        }
    }
    for (size_t i = 0; i < t->e.n && k < l->rows.n && !t->runs_late; i++) {
        const struct ls_migration *m = t->e.v[i].migration;

        if (m == NULL)
            continue;
        if (strcmp(m->id, l->rows.v[k].id) != 0) {
            ls_err_set(err, LS_E_REFUSED, "Not run migration %s is preceding already run migration %s", m->id, l->rows.v[k].id);
            ls_err_hint(err, "rename it so that it comes last, bring back what is missing, or run it as " TITLE " --no-check-order does: lockstep up --out-of-order");
            return LS_E_REFUSED;
        }
        k++;
    }
    return LS_OK;
}

/* --- plans ---------------------------------------------------------------------------------------------------------------- */

static enum ls_rc plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    return ls_record_setup(ctx, "CREATE TABLE @ (id SERIAL PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL)",
                           ls_marked_table(ctx, TABLE, err));
}

static void write_row(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, bool applied)
{
    struct ls_param key = ls_param_text(step->id);

    ls_record_write(ctx, step, applied ? "INSERT INTO @ (name, run_on) VALUES (?1, NOW())" : "DELETE FROM @ WHERE name = ?1", table,
                    &key, 1, 1);
}

static enum ls_rc refuse_down(const struct ls_plan_ctx *ctx, const struct ls_step *step, const struct ls_entry *entry,
                              struct ls_err *err)
{
    if (entry->migration == NULL) {
        ls_err_set(err, LS_E_REFUSED, "Definitions of migrations %s have been deleted.", step->id);
        ls_err_hint(err, "bring its file back, or mark it pending");
        return LS_E_REFUSED;
    }
    if (step->direction == LS_DOWN && step->path == NULL) {
        ls_err_set(err, LS_E_REFUSED, "User has disabled down migration on file: %s", step->id);
        ls_err_hint(err, "write what takes it back behind a line \"-- Down Migration\"");
        return LS_E_REFUSED;
    }
    return ls_record_refuse_diag(ctx, "paired-files", err);
}

static enum ls_rc plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                            const struct ls_entry *prev_applied, struct ls_err *err)
{
    const char *table = ls_marked_table(ctx, TABLE, err);
    enum ls_rc rc;

    (void)prev_applied;
    if (table == NULL)
        return LS_E_INPUT;
    rc = refuse_down(ctx, step, entry, err);
    if (rc == LS_OK)
        rc = ls_record_refuse_tx(
            ctx, step, TITLE,
            "only code can leave that transaction there, by pgm.noTransaction(): run such a migration with " TITLE, err);
    if (rc != LS_OK)
        return rc;
    step->policy = LS_POLICY_TX;
    step->tx_note = TITLE " runs all of them in one transaction: a failure anywhere leaves nothing of any.";
    if (ctx->prev == NULL)
        ls_record_open(ctx, step, table);
    ls_record_there(ctx, step, table, "name", ls_param_text(step->id), step->direction == LS_DOWN);
    ls_record_body(ctx, step);
    write_row(ctx, step, table, step->direction == LS_UP);
    ls_ops_add(ctx, step, LS_OP_JOURNAL);
    return LS_OK;
}

static enum ls_rc plan_finish(struct ls_plan_ctx *ctx, struct ls_step *last, struct ls_err *err)
{
    (void)err;
    ls_ops_add(ctx, last, LS_OP_COMMIT);
    return LS_OK;
}

static enum ls_rc plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                            struct ls_err *err)
{
    const char *table = ls_marked_table(ctx, TABLE, err);

    if (table == NULL)
        return LS_E_INPUT;
    step->tx_note =
        "Only the ledger is written, as " TITLE " --fake does, in one transaction. Its order check goes by the time of the rows.";
    if (entry == NULL) {
        ls_record_forget(ctx, step, table);
        return LS_OK;
    }
    if ((entry->row != NULL) == applied)
        return LS_OK; /* the ledger says so already */
    ls_record_begin(ctx, step, table, "name", ls_param_text(step->id), !applied);
    write_row(ctx, step, table, applied);
    ls_record_end(ctx, step);
    return LS_OK;
}

static const struct ls_timeline_rules rules = {
    .down_by_ledger = true,
    .applied = "nothing: it is in the ledger",
    .pending_next = "runs it next",
    .pending_later = "runs it after the ones before it, in the same transaction",
    .late_option = "--no-check-order",
    .out_of_order = "refuses everything: it precedes one that was run already",
    .modified = "does not notice",
    .missing = "refuses when its place in the order is another file's, and to take it back: its definition has been deleted",
    .duplicate = "runs both under one name",
    .rolled_back = "runs it next",
    .place = place,
};

static const char *const default_dirs[] = {"migrations", "db/migrations", ".", NULL};
static const char *const aliases[] = {"pg-migrate", NULL};

static const char *const own_lines[] = {"-- up migration", "-- down migration", NULL};
static const struct ls_layout layout = {.kind = LS_LAYOUT_FILE, .between = "_", .up = ".sql", .up_mark = "-- Up Migration",
                                        .down_mark = "-- Down Migration", .own = own_lines, .wraps = true, .key = "name",
                                        .applied_at = "run_on"};

const struct ls_format ls_format_node_pg_migrate = {
    .layout = &layout,
    .name = "node-pg-migrate",
    .title = TITLE,
    .ledger_table = TABLE,
    .aliases = aliases,
    .default_dirs = default_dirs,
    .caps = LS_CAP_UP | LS_CAP_DOWN | LS_CAP_APPLIED_AT | LS_CAP_RECORD_ONLY | LS_CAP_NATIVE_APPLY | LS_CAP_ONE_TX,
    .rules = &rules,
    .config = ls_config_node_pg_migrate,
    .detect = detect,
    .scan = scan,
    .ledger_read = ledger_read,
    .plan_setup = plan_setup,
    .plan_step = plan_step,
    .plan_finish = plan_finish,
    .plan_mark = plan_mark,
    .lock_keys = lock_keys,
    .check_runnable = check_runnable,
    .new_files = new_files,
};
