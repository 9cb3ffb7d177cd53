/* dbmate: names, sections, ledger and order of events. Facts: formats.md 4.4 (observed with 2.36.0). */
#include <config.h>

#include "format/dbmate.h"

#include <string.h>

#include "format/config.h"
#include "format/lockstep.h"
#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"
#include "lockstep/format/layout.h"

#define TABLE "schema_migrations"

/* --- the file ------------------------------------------------------------------------------------------------------------- */

/* ^--\s*migrate:up(\s*$|\s+\S+); the options are what follows (source: pkg/dbmate/migration.go). */
static bool is_block(struct ls_str line, const char *word, struct ls_str *options)
{
    struct ls_str rest;

    if (!ls_str_starts(line, "--", &rest) || !ls_str_starts(ls_str_skip_blanks(rest), word, &rest))
        return false;
    if (rest.len > 0 && ls_str_trim((struct ls_str){rest.ptr, 1}).len > 0)
        return false;
    *options = rest;
    return true;
}

int ls_dbmate_marker(struct ls_str line, struct ls_str *rest)
{
    return is_block(line, "migrate:up", rest) ? LS_MARK_UP : is_block(line, "migrate:down", rest) ? LS_MARK_DOWN : LS_MARK_NONE;
}

/* "key:value key:value": only transaction:false means something; the last one counts, and a word with two colons is none. */
static bool has_transaction(struct ls_str options)
{
    bool has = true;

    for (;;) {
        struct ls_str word = ls_str_trim(options), value;
        size_t n = 0;

        while (n < word.len && ls_str_trim((struct ls_str){word.ptr + n, 1}).len > 0)
            n++;
        if (n == 0)
            return has;
        options = (struct ls_str){word.ptr + n, word.len - n};
        word.len = n;
        if (ls_str_starts(word, "transaction:", &value) && memchr(value.ptr, ':', value.len) == NULL)
            has = !ls_str_is(value, "false");
    }
}

static void fail(struct ls_dbmate *out, int line, const char *code, const char *message, const char *hint)
{
    if (out->error != NULL)
        return;
    out->error = message;
    out->error_code = code;
    out->error_hint = hint;
    out->error_line = line;
}

static void add_marker(struct ls_dbmate *out, int mark, const struct ls_line *line, struct ls_str options, int stray)
{
    bool is_up = mark == LS_MARK_UP;

    if (is_up && out->n_up > out->n_down)
        fail(out, line->no, "missing-down", "dbmate requires each migration to define a down block with '-- migrate:down'",
             "put a -- migrate:down in front of the next -- migrate:up");
    else if (!is_up && out->n_down == out->n_up)
        fail(out, line->no, "section-order", "dbmate requires every '-- migrate:down' to be preceded by a '-- migrate:up'",
             "take the second one out");
    if (is_up && out->n_up == 0 && stray > 0)
        fail(out, stray, "text-before-up", "dbmate does not support statements preceding the '-- migrate:up' block",
             "only blank lines and lines that begin with -- may stand there");
    if (is_up && out->n_up == 1)
        fail(out, line->no, "several-pairs",
             "the file has several up and down blocks: dbmate runs the second, then fails on its ledger's primary key, "
             "which holds the version already",
             "put the second pair into a file of its own");
    if (is_up ? out->n_up++ == 0 : out->n_down++ == 0) {
        struct ls_dbmate_part *part = is_up ? &out->up : &out->down;

        *part = (struct ls_dbmate_part){line->start, line->no, has_transaction(options)};
    }
}

void ls_dbmate_parse(const char *text, size_t len, struct ls_dbmate *out)
{
    struct ls_line line = {.no = 0};
    int stray = 0;

    *out = (struct ls_dbmate){0};
    while (ls_line_next(text, len, &line)) {
        struct ls_str options = {0};
        bool has_bom = ls_line_has_bom(&line);
        int mark = has_bom ? LS_MARK_NONE : ls_dbmate_marker(line.text, &options);
        struct ls_str body = ls_str_trim(line.text);

        /* In front of the first up block, a down marker is a comment line like any other. */
        if (mark == LS_MARK_UP || (mark == LS_MARK_DOWN && out->n_up > 0))
            add_marker(out, mark, &line, options, stray);
        else if (out->n_up == 0 && stray == 0 && (has_bom || (body.len > 0 && !ls_str_starts(body, "--", NULL))))
            stray = line.no;
    }
    if (out->n_up == 0)
        fail(out, 0, "missing-up", "dbmate requires each migration to define an up block with '-- migrate:up'",
             "put a line \"-- migrate:up\" in front of the statements");
    else if (out->n_down == 0)
        fail(out, 0, "missing-down", "dbmate requires each migration to define a down block with '-- migrate:down'",
             "put a line \"-- migrate:down\" at the end, with or without statements behind it");
}

/* --- the folder ----------------------------------------------------------------------------------------------------------- */

/* ^(\d+).*\.sql$ */
static bool takes(const char *name)
{
    size_t n = strlen(name);

    return name[0] >= '0' && name[0] <= '9' && n > 4 && strcmp(name + n - 4, ".sql") == 0;
}

static bool parse_name(struct ls_arena *arena, const char *file, struct ls_migration *m)
{
    size_t n = strspn(file, "0123456789"), len = strlen(file);
    const char *title = file + n;

    if (!takes(file))
        return false;
    m->id = m->label = ls_arena_strn(arena, file, n);
    (void)ls_table_version(m->id, &m->version);
    title += *title == '_' || *title == '-';
    m->name = ls_arena_strn(arena, title, title < file + len - 4 ? (size_t)(file + len - 4 - title) : 0);
    return true;
}

/* By the bytes of the files' names: 001, 10, 2, 9. */
static int order(const struct ls_migration *a, const struct ls_migration *b)
{
    return strcmp(ls_path_base(a->up.path), ls_path_base(b->up.path));
}

/* A row's file is gone, and with it what followed the digits: most likely an underscore. */
static int place(const struct ls_ledger_row *row, const struct ls_migration *m)
{
    const char *file = ls_path_base(m->up.path);
    size_t n = strlen(row->id);
    int c = strncmp(row->id, file, n);

    return c != 0 ? c : strcmp("_", file + n);
}

static bool is_marker(struct ls_str line)
{
    struct ls_str rest;

    return ls_dbmate_marker(line, &rest) != LS_MARK_NONE;
}

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    struct ls_sniffed s;

    ls_sniff(path, dir, takes, is_marker, &s);
    ls_sniff_score(&s, "-- migrate:up", out);
}

static void read_sections(struct ls_migrations *out, struct ls_migration *m, enum ls_dialect dialect, bool need_hash,
                          const struct ls_buf *text)
{
    enum ls_tx_policy none = dialect == LS_DIALECT_POSTGRES ? LS_POLICY_IMPLICIT : LS_POLICY_NO_TX;
    const char *path = m->up.path;
    struct ls_dbmate parts;

    ls_dbmate_parse(text->ptr, text->len, &parts);
    m->up.sha256[0] = '\0';
    if (parts.error != NULL) {
        ls_marked_unparsed(out, m, parts.error_code, parts.error_line, parts.error, parts.error_hint);
        return;
    }
    /* A block is sent with its marker line. */
    ls_section_set(&m->up, path, parts.up.at, parts.down.at, parts.up.line);
    ls_section_set(&m->down, path, parts.down.at, text->len, parts.down.line);
    m->up.policy = parts.up.has_tx ? LS_POLICY_TX : none;
    m->down.policy = parts.down.has_tx ? LS_POLICY_TX : none;
    if (need_hash) {
        ls_section_hash(&m->up, text->ptr, text->len);
        ls_section_hash(&m->down, text->ptr, text->len);
    }
}

/* 10_x runs before 2_y, and --strict takes the latter for older: once for the folder, at the first place where bytes and numbers
 * disagree. */
static void warn_of_order(struct ls_migrations *out)
{
    for (size_t i = 1; i < out->m.n; i++) {
        const struct ls_migration *a = &out->m.v[i - 1], *b = &out->m.v[i];
        struct ls_diag *d;

        if (a->version <= b->version || b->version == 0)
            continue;
        d = ls_scan_diag(out, LS_SEV_WARNING, "text-order", b->up.path, "dbmate orders by the names' bytes, so %s comes before %s",
                         ls_path_base(a->up.path), ls_path_base(b->up.path));
        d->version = b->label;
        d->hint = "give all versions the same number of digits; --strict compares them as text too";
        return;
    }
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    enum ls_rc rc = ls_scan_files(dir, parse_name, order, out, err);
    struct ls_buf text = LS_BUF_INIT;

    for (size_t i = 0; rc == LS_OK && i < out->m.n; i++)
        if (ls_scan_text(out, &out->m.v[i], &out->m.v[i].up, &text))
            read_sections(out, &out->m.v[i], dialect, need_hash, &text);
    if (rc == LS_OK)
        warn_of_order(out);
    ls_buf_release(&text);
    return rc;
}

static int new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                     const char *texts[3], struct ls_err *err)
{
    texts[0] = "-- migrate:up\n\n\n-- migrate:down\n\n";
    return ls_scan_new(arena, m, ls_scan_stamp(arena, wall_us), "_", slug, ".sql", NULL, paths, err);
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

static void fill_row(struct ls_ledger *l, struct ls_ledger_row *row)
{
    const char *version = ls_table_cell(l, row, "version");

    row->id = version != NULL ? version : "NULL";
    (void)ls_table_version(row->id, &row->version);
}

static enum ls_rc ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    const struct ls_table_kind kind = {TABLE, ls_format_dbmate.title, LS_LEDGER_SET,
                                       ls_db_dialect(db) == LS_DIALECT_POSTGRES ? "t.version COLLATE \"C\"" : "t.version", fill_row};

    return ls_table_read(db, opts, &kind, out, err);
}

static enum ls_rc check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    (void)l;
    for (size_t i = 0; t->count[LS_STATE_DUPLICATE] > 0 && i < t->e.n; i++) {
        const struct ls_entry *e = &t->e.v[i];

        if (e->state != LS_STATE_DUPLICATE || (e->row == NULL) != (dir == LS_UP))
            continue;
        if (dir == LS_UP)
            ls_err_set(err, LS_E_REFUSED,
                       "two files claim version %s: dbmate runs the first, and the second, then fails to record it", e->label);
        else
            ls_err_set(err, LS_E_REFUSED, "two files claim version %s, which is applied: which of them ran is not recorded",
                       e->label);
        ls_err_hint(err, "give one of them another number");
        return LS_E_REFUSED;
    }
    return LS_OK;
}

/* --- plans ---------------------------------------------------------------------------------------------------------------- */

static enum ls_rc plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    return ls_record_setup(ctx,
                           ctx->dialect == LS_DIALECT_POSTGRES
                               ? "CREATE TABLE IF NOT EXISTS @ (version varchar primary key)"
                               : "CREATE TABLE IF NOT EXISTS @ (version varchar(128) primary key)",
                           ls_marked_table(ctx, TABLE, err));
}

static void begin(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table)
{
    ls_record_begin(ctx, step, table, "version", ls_param_text(step->id), step->direction == LS_DOWN);
}

static void record(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table)
{
    struct ls_param key = ls_param_text(step->id);

    ls_record_write(ctx, step,
                    step->direction == LS_UP ? "INSERT INTO @ (version) VALUES (?1)" : "DELETE FROM @ WHERE version = ?1", table, &key,
                    1, 1);
    ls_record_end(ctx, step);
}

static enum ls_rc check_statements(const struct ls_plan_ctx *ctx, const struct ls_step *step, struct ls_err *err)
{
    enum ls_rc rc;

    if (ctx->stmts == NULL)
        return LS_OK;
    if (step->policy != LS_POLICY_TX)
        return step->policy == LS_POLICY_NO_TX || ctx->stmts->n <= 1
                   ? LS_OK
                   : ls_ops_refuse_class(ctx, step, LS_TX_FORBIDS,
                                         "cannot run together with other statements: dbmate sends the block as one query, which "
                                         "PostgreSQL runs as one "
                                         "transaction, transaction:false or not",
                                         "put this statement alone into a migration of its own", err);
    rc = ls_ops_refuse_class(ctx, step, LS_TX_FORBIDS, "cannot run inside the transaction that dbmate puts around the block",
                             "put transaction:false behind the block's marker, best with this statement alone in it", err);
    if (rc != LS_OK)
        return rc;
    return ls_ops_refuse_class(ctx, step, LS_TX_CONTROLS, "controls transactions, and the block and its ledger row are run in one",
                               "take it out, or put transaction:false behind the block's marker", err);
}

static const char note_tx[] = "One transaction holds the block and the ledger row: a failure leaves nothing.";
static const char note_implicit[] =
    "transaction:false: the block is one query, the ledger row follows on its own. PostgreSQL still runs several statements of "
    "one query as one transaction. If the row cannot be written, the migration is applied and not recorded.";
static const char note_no_tx[] =
    "transaction:false: each statement commits on its own, then the ledger row follows. A failure leaves what came before it, "
    "and dbmate's ledger says nothing of that.";

static enum ls_rc plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                            const struct ls_entry *prev_applied, struct ls_err *err)
{
    const char *table = ls_marked_table(ctx, TABLE, err);
    enum ls_rc rc;

    (void)prev_applied;
    if (table == NULL)
        return LS_E_INPUT;
    if (entry->migration == NULL)
        return ls_marked_refuse_missing(ctx, step, "dbmate itself passes over it", err);
    step->policy = step->direction == LS_UP ? entry->migration->up.policy : entry->migration->down.policy;
    rc = check_statements(ctx, step, err);
    if (rc != LS_OK)
        return rc;
    step->tx_note = step->policy == LS_POLICY_TX ? note_tx : step->policy == LS_POLICY_NO_TX ? note_no_tx : note_implicit;
    if (step->policy == LS_POLICY_TX)
        begin(ctx, step, table);
    else
        ls_record_there(ctx, step, table, "version", ls_param_text(step->id), step->direction == LS_DOWN);
    ls_record_body(ctx, step);
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
        return ls_err_set(err, LS_E_UNSUPPORTED, "dbmate's ledger has a row per version: mark one version pending after the other");
    if ((entry->row != NULL) == applied)
        return LS_OK; /* the ledger says so already */
    step->tx_note = "Only the ledger is written, in one transaction; no migration runs. dbmate has no command for it.";
    begin(ctx, step, table);
    record(ctx, step, table);
    return LS_OK;
}

static const struct ls_timeline_rules rules = {
    .runs_out_of_order = true,
    .down_passes_missing = true,
    .applied = "nothing: it is in the ledger",
    .pending_next = "runs it next",
    .pending_later = "runs it after the ones before it",
    .out_of_order =
        "runs it, though something newer is applied; with --strict, which compares versions as text, it refuses everything",
    .modified = "does not notice",
    .missing = "does not see it: status and rollback know files only",
    .duplicate = "runs both files, and fails when it records the second; both count as applied once the version is in the ledger",
    .rolled_back = "runs it next",
    .place = place,
};

static const char *const default_dirs[] = {"db/migrations", NULL};

static const char *const own_lines[] = {"-- migrate:", "--migrate:", NULL};
static const struct ls_layout layout = {.kind = LS_LAYOUT_FILE, .between = "_", .up = ".sql", .up_mark = "-- migrate:up",
                                        .down_mark = "-- migrate:down", .needs_down = true, .no_tx_word = "transaction:false",
                                        .own = own_lines, .wraps = true, .text_order = true, .key = "version"};

const struct ls_format ls_format_dbmate = {
    .layout = &layout,
    .name = "dbmate",
    .title = "dbmate",
    .ledger_table = TABLE,
    .default_dirs = default_dirs,
    .caps = LS_CAP_UP | LS_CAP_DOWN | LS_CAP_RECORD_ONLY | LS_CAP_NATIVE_APPLY,
    .rules = &rules,
    .config = ls_config_dbmate,
    .detect = detect,
    .scan = scan,
    .ledger_read = ledger_read,
    .plan_setup = plan_setup,
    .plan_step = plan_step,
    .plan_mark = plan_mark,
    .lock_keys =
        ls_lockstep_lock_keys, /* dbmate has none: ours keeps two of us apart, the table's lock and the fences keep dbmate out */
    .check_runnable = check_runnable,
    .new_files = new_files,
};
