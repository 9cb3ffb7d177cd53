/* Flyway: names, ledger and order of events. Facts: formats.md 4.6 (observed with 7.15.0). What lockstep cannot do as Flyway does
 * it (placeholders, callbacks, baselines, .conf files, statements outside of transactions) is shown and left to Flyway. */
#include <config.h>

#include "format/flyway.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/marked.h"
#include "format/ops.h"
#include "format/record.h"
#include "format/table.h"
#include "lockstep/base/text.h"
#include "lockstep/format/layout.h"

#define TABLE     "flyway_schema_history"
#define TITLE     "Flyway"
#define MAX_DEPTH 16
#define MAX_TEXT  200 /* of a description, characters; longer ones are not run here */

/* --- names ---------------------------------------------------------------------------------------------------------------- */

static bool is_sql(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && ls_str_starts_nocase((struct ls_str){name + n - 4, 4}, ".sql", NULL);
}

static const char *with_blanks(struct ls_arena *arena, const char *text, size_t len)
{
    char *out = ls_arena_strn(arena, text, len);

    for (char *p = out; *p != '\0'; p++)
        if (*p == '_')
            *p = ' ';
    return out;
}

/* V1_2__x.sql, U1_2__x.sql, B1_2__x.sql, R__x.sql. The ledger has no key for a repeatable but its description. */
static bool parse_name(struct ls_arena *arena, const char *file, struct ls_migration *m)
{
    const char *cut = strstr(file, "__"), *version = NULL;
    size_t end = strlen(file) - 4;

    if (!is_sql(file) || strchr("VURB", file[0]) == NULL || cut == NULL || cut + 2 >= file + end)
        return false;
    m->name = with_blanks(arena, cut + 2, (size_t)(file + end - cut - 2));
    if (file[0] == 'R') {
        if (cut != file + 1)
            return false;
        m->kind = LS_KIND_REPEATABLE;
        m->id = ls_arena_printf(arena, "R %s", m->name);
        m->label = "R";
        return true;
    }
    version = ls_flyway_version(arena, file + 1, (size_t)(cut - file - 1));
    if (version == NULL)
        return false;
    m->kind = file[0] == 'V' ? LS_KIND_VERSIONED : file[0] == 'B' ? LS_KIND_BASELINE : LS_KIND_UNDO;
    m->id = file[0] == 'V' ? version : ls_arena_printf(arena, "%c%s", file[0], version);
    /* As the ledger has it: the file's digits, with dots. */
    m->label = ls_arena_strn(arena, file + 1, (size_t)(cut - file - 1));
    for (char *p = (char *)m->label; *p != '\0'; p++)
        if (*p == '_')
            *p = '.';
    return true;
}

static const char *version_of(const struct ls_migration *m)
{
    return m->id + (m->kind == LS_KIND_BASELINE || m->kind == LS_KIND_UNDO);
}

static int order(const struct ls_migration *a, const struct ls_migration *b)
{
    bool x = a->kind == LS_KIND_REPEATABLE, y = b->kind == LS_KIND_REPEATABLE;
    int c;

    if (x || y)
        return x && y ? strcmp(a->name, b->name) : x ? 1 : -1;
    c = ls_flyway_compare(version_of(a), version_of(b));
    return c != 0 ? c : (a->kind > b->kind) - (a->kind < b->kind);
}

static int place(const struct ls_ledger_row *row, const struct ls_migration *m)
{
    if (row->kind == LS_KIND_REPEATABLE || m->kind == LS_KIND_REPEATABLE)
        return row->kind != LS_KIND_REPEATABLE ? -1 : m->kind == LS_KIND_REPEATABLE ? strcmp(row->id, m->id) : 1;
    return ls_flyway_compare(row->id, version_of(m));
}

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    struct ls_arena *arena = ls_arena_new();
    const char *example = NULL;

    (void)path;
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < dir->e.n; i++) {
        struct ls_migration m = {0};

        if (dir->e.v[i].is_dir || !parse_name(arena, dir->e.v[i].name, &m))
            continue;
        out->n_migrations++;
        if (example == NULL || m.kind == LS_KIND_VERSIONED)
            example = dir->e.v[i].name;
    }
    if (example != NULL) {
        out->score = 85;
        snprintf(out->evidence, sizeof(out->evidence), "%zu files like %s", out->n_migrations, example);
    }
    ls_arena_free(arena);
}

/* --- the folder ----------------------------------------------------------------------------------------------------------- */

static bool is_callback(const char *name)
{
    return is_sql(name) &&
           (strncmp(name, "before", 6) == 0 || strncmp(name, "after", 5) == 0 || strncmp(name, "createSchema", 12) == 0);
}

static void note_other(struct ls_migrations *out, const char *name, const char *path)
{
    size_t n = strlen(name);

    if (is_callback(name))
        ls_scan_diag(out, LS_SEV_WARNING, "callback", path,
                     "is a callback, which " TITLE " runs beside the migrations and lockstep does not")
            ->hint = "run this folder with flyway migrate";
    else if (n > 5 && strcmp(name + n - 5, ".conf") == 0)
        ls_scan_diag(out, LS_SEV_WARNING, "script-config", path,
                     "sets how " TITLE " runs one migration, which lockstep does not know")
            ->hint = "run this folder with flyway migrate";
    else if (is_sql(name))
        ls_scan_diag(out, LS_SEV_INFO, "ignored-file", path, "%s is not named as the tool names its migrations: it is ignored",
                     name);
}

static enum ls_rc walk(struct ls_migrations *out, const char *dir, int depth, struct ls_err *err)
{
    struct ls_dir listing = {0};
    enum ls_rc rc = ls_dir_read(dir, &listing, err);

    for (size_t i = 0; rc == LS_OK && i < listing.e.n; i++) {
        const struct ls_dirent *e = &listing.e.v[i];
        const char *path = ls_arena_printf(out->arena, "%s/%s", dir, e->name);
        struct ls_migration m = {0};

        if (e->is_link)
            ls_scan_diag(out, LS_SEV_ERROR, "outside-link", path, "%s is a symbolic link: it is not followed", e->name);
        else if (e->is_dir && depth < MAX_DEPTH)
            rc = walk(out, path, depth + 1, err);
        else if (!e->is_dir && parse_name(out->arena, ls_path_base(path), &m)) {
            m.up.path = path;
            *LS_VEC_PUSH(&out->m) = m;
        } else if (!e->is_dir) {
            note_other(out, e->name, path);
        }
    }
    ls_dir_release(&listing);
    return rc;
}

static void read_one(struct ls_migrations *out, struct ls_migration *m, struct ls_buf *text)
{
    const char *t;
    size_t bad = 0;

    if (!ls_scan_read(out, m, &m->up, text))
        return;
    t = text->ptr != NULL ? text->ptr : "";
    m->checksum = ls_arena_printf(out->arena, "%" PRId32, ls_flyway_checksum(t, text->len));
    if (!ls_utf8_valid(t, text->len, &bad))
        ls_marked_unparsed(out, m, "bad-encoding", 0, "is not UTF-8: " TITLE " stops with an error", "save the file as UTF-8");
    for (size_t i = 0; i + 1 < text->len; i++) {
        struct ls_diag *d;

        if (t[i] != '$' || t[i + 1] != '{')
            continue;
        m->flags |= LS_MIG_DYNAMIC;
        d = ls_scan_diag(out, LS_SEV_WARNING, "placeholder", m->up.path,
                         "holds a placeholder ${...}, whose value only " TITLE " knows");
        d->version = m->label;
        d->hint = "run it with flyway migrate";
        return;
    }
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc;

    (void)dialect;
    (void)need_hash;
    ls_scan_begin(out, dir);
    rc = walk(out, dir, 0, err);
    if (rc == LS_OK)
        ls_scan_sort(out, order);
    for (size_t i = 0; rc == LS_OK && i < out->m.n; i++)
        read_one(out, &out->m.v[i], &text);
    ls_buf_release(&text);
    return rc;
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

static void read_row(struct ls_ledger *out, struct ls_ledger_row *row)
{
    const char *version = ls_table_cell(out, row, "version"), *type = ls_table_cell(out, row, "type");
    const char *ms = ls_table_cell(out, row, "execution_time"), *id;
    uint64_t v = 0;

    row->description = row->name = ls_table_cell(out, row, "description");
    row->checksum = ls_table_cell(out, row, "checksum");
    row->applied_at = ls_table_cell(out, row, "installed_on");
    row->applied_by = ls_table_cell(out, row, "installed_by");
    row->raw_status = type;
    row->duration_ms = ls_table_version(ms, &v) ? (int64_t)v : -1;
    id = version != NULL ? ls_flyway_version(out->arena, version, strlen(version)) : NULL;
    row->id = id != NULL ? id : version != NULL ? version : ls_arena_printf(out->arena, "R %s", row->name != NULL ? row->name : "");
    row->kind = version == NULL ? LS_KIND_REPEATABLE : LS_KIND_VERSIONED;
    if (!ls_table_is_true(ls_table_cell(out, row, "success")))
        row->state = LS_ROW_FAILED;
    else if (type == NULL)
        row->state = LS_ROW_UNKNOWN;
    else if (strcmp(type, "SCHEMA") == 0)
        row->state = LS_ROW_MARKER;
    else if (strcmp(type, "DELETE") == 0)
        row->state = LS_ROW_DELETED;
    else if (strncmp(type, "UNDO_", 5) == 0)
        row->state = LS_ROW_ROLLED_BACK;
    if (type != NULL && (strcmp(type, "BASELINE") == 0 || strcmp(type, "SQL_BASELINE") == 0))
        row->kind = LS_KIND_BASELINE;
    out->dirty = out->dirty || row->state == LS_ROW_FAILED;
}

static enum ls_rc ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    struct ls_table_look look;
    enum ls_rc rc = ls_table_look(db, opts, TABLE, TITLE, out, &look, err);

    out->shape = LS_LEDGER_LOG;
    if (rc == LS_OK && out->exists && out->foreign == NULL)
        rc = ls_table_rows(db, &look, "t.installed_rank", out, err);
    for (size_t i = 0; rc == LS_OK && i < out->rows.n; i++)
        read_row(out, &out->rows.v[i]);
    return rc;
}

static int lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4])
{
    struct ls_arena *arena = ls_arena_new();
    const char *schema, *table;

    ls_table_names(arena, ls_db_dialect(db), opts, TABLE, &schema, &table);
    if (ls_db_dialect(db) == LS_DIALECT_POSTGRES)
        keys[0] = ls_flyway_lock_key(ledger->schema != NULL ? ledger->schema : schema != NULL ? schema : "public", table);
    ls_arena_free(arena);
    return ls_db_dialect(db) == LS_DIALECT_POSTGRES;
}

static bool is_modified(const struct ls_migration *m, const struct ls_ledger_row *row)
{
    if (m->kind == LS_KIND_REPEATABLE && (m->flags & LS_MIG_DYNAMIC) != 0)
        return false; /* the ledger has the sum of what Flyway made of it: nobody else can tell */
    return row->kind != LS_KIND_BASELINE && row->checksum != NULL && m->checksum != NULL && strcmp(row->checksum, m->checksum) != 0;
}

/* What validate, which migrate calls first, stops at. */
static enum ls_rc check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    static const struct {
        enum ls_state state;
        const char *text, *hint;
    } checks[] = {
        {LS_STATE_DIRTY, "Detected failed migration to version %s", "see what is there, then run flyway repair, or mark it"},
        {LS_STATE_DUPLICATE, "Found more than one migration with version %s", "give one of them another version"},
        {LS_STATE_MODIFIED, "Migration checksum mismatch for migration version %s",
         "put the file back as it was, or run flyway repair"},
        {LS_STATE_MISSING, "Detected applied migration not resolved locally: %s", "bring its file back, or run flyway repair"},
        {LS_STATE_OUT_OF_ORDER, "Detected resolved migration not applied to database: %s",
         "give it a later version, or run flyway -outOfOrder=true migrate"},
    };
    long newest_file = -1;

    (void)l;
    (void)dir;
    for (size_t i = 0; i < t->e.n; i++)
        if (t->e.v[i].migration != NULL && t->e.v[i].migration->kind == LS_KIND_VERSIONED)
            newest_file = (long)i;
    for (size_t k = 0; k < LS_ARRAY_LEN(checks); k++)
        for (size_t i = 0; i < t->e.n; i++) {
            const struct ls_entry *e = &t->e.v[i];
            const char *at = strchr(checks[k].text, '%');

            if (e->state != checks[k].state)
                continue;
            if (e->state == LS_STATE_MISSING && e->row->kind == LS_KIND_VERSIONED && (long)i > newest_file)
                continue; /* from the future: *:future is ignored */
            ls_err_set(err, LS_E_REFUSED, "%.*s%s", (int)(at - checks[k].text), checks[k].text, e->id);
            ls_err_hint(err, "%s", checks[k].hint);
            return LS_E_REFUSED;
        }
    return LS_OK;
}

/* --- plans ---------------------------------------------------------------------------------------------------------------- */

static enum ls_rc plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err)
{
    const char *table = ls_marked_table(ctx, TABLE, err), *schema, *name;
    bool is_pg = ctx->dialect == LS_DIALECT_POSTGRES;

    if (table == NULL)
        return LS_E_INPUT;
    ls_table_names(ctx->plan->arena, ctx->dialect, ctx->opts, TABLE, &schema, &name);
    if (strchr(name, '"') != NULL)
        return ls_err_set(err, LS_E_INPUT, "the table %s has a quote in its name", name);
    ls_ops_add(ctx, NULL, LS_OP_BEGIN);
    ls_record_write(ctx, NULL,
                    is_pg
                        ? "CREATE TABLE @ (\n    \"installed_rank\" INT NOT NULL,\n    \"version\" VARCHAR(50),\n    "
                          "\"description\" VARCHAR(200) NOT NULL,\n"
                          "    \"type\" VARCHAR(20) NOT NULL,\n    \"script\" VARCHAR(1000) NOT NULL,\n    \"checksum\" INTEGER,\n"
                          "    \"installed_by\" VARCHAR(100) NOT NULL,\n    \"installed_on\" TIMESTAMP NOT NULL DEFAULT now(),\n"
                          "    \"execution_time\" INTEGER NOT NULL,\n    \"success\" BOOLEAN NOT NULL\n)"
                        : "CREATE TABLE @ (\n    \"installed_rank\" INT NOT NULL PRIMARY KEY,\n    \"version\" VARCHAR(50),\n"
                          "    \"description\" VARCHAR(200) NOT NULL,\n    \"type\" VARCHAR(20) NOT NULL,\n    \"script\" "
                          "VARCHAR(1000) NOT NULL,\n"
                          "    \"checksum\" INTEGER,\n    \"installed_by\" VARCHAR(100) NOT NULL,\n"
                          "    \"installed_on\" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')),\n    "
                          "\"execution_time\" INTEGER NOT NULL,\n"
                          "    \"success\" BOOLEAN NOT NULL\n)",
                    table, NULL, 0, -1);
    if (is_pg)
        ls_record_write(
            ctx, NULL,
            ls_arena_printf(ctx->plan->arena, "ALTER TABLE @ ADD CONSTRAINT \"%s_pk\" PRIMARY KEY (\"installed_rank\")", name),
            table, NULL, 0, -1);
    ls_record_write(ctx, NULL, ls_arena_printf(ctx->plan->arena, "CREATE INDEX \"%s_s_idx\" ON @ (\"success\")", name), table, NULL,
                    0, -1);
    ls_ops_add(ctx, NULL, LS_OP_COMMIT);
    return LS_OK;
}

/* Nothing was written since the ledger was read: its last rank is the one that the plan was made for. */
static void fence(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_entry *entry)
{
    struct ls_param p[2] = {ls_param_text(entry->migration->label), ls_param_text(entry->migration->name)};
    bool is_r = entry->migration->kind == LS_KIND_REPEATABLE;

    if (is_r)
        ls_ops_fence(ctx, step,
                     ls_record_sql(ctx, "SELECT count(*) = ?2 FROM @ WHERE \"version\" IS NULL AND \"description\" = ?1", table),
                     (struct ls_param[]){p[1], ls_param_int(ls_arena_printf(ctx->plan->arena, "%zu", entry->n_rows))}, 2);
    else
        ls_ops_fence(ctx, step, ls_record_sql(ctx, "SELECT count(*) = ?2 FROM @ WHERE \"version\" = ?1", table),
                     (struct ls_param[]){p[0], ls_param_int(ls_arena_printf(ctx->plan->arena, "%zu", entry->n_rows))}, 2);
}

static const char *script_of(const struct ls_plan_ctx *ctx, const struct ls_migration *m)
{
    size_t n = strlen(ctx->migrations->dir);

    return strncmp(m->up.path, ctx->migrations->dir, n) == 0 && m->up.path[n] == '/' ? m->up.path + n + 1 : m->up.path;
}

static void insert_row(struct ls_plan_ctx *ctx, struct ls_step *step, const char *table, const struct ls_migration *m)
{
    bool is_pg = ctx->dialect == LS_DIALECT_POSTGRES;
    struct ls_param p[5] = {ls_param_text(m->kind == LS_KIND_REPEATABLE ? NULL : m->label), ls_param_text(m->name),
                            ls_param_text(script_of(ctx, m)), ls_param_int(m->checksum), ls_param_runtime(LS_PARAM_DURATION_MS)};

    ls_record_write(ctx, step,
                    ls_arena_printf(ctx->plan->arena,
                                    "INSERT INTO @ (\"installed_rank\", \"version\", \"description\", \"type\", \"script\", "
                                    "\"checksum\", \"installed_by\", "
                                    "\"execution_time\", \"success\") VALUES ((SELECT coalesce(max(\"installed_rank\"), 0) + 1 "
                                    "FROM @), ?1, ?2, 'SQL', ?3, ?4, "
                                    "%s, ?5, %s)",
                                    is_pg ? "current_user" : "''", is_pg ? "true" : "1"),
                    table, p, 5, 1);
}

static enum ls_rc refuse_step(const struct ls_plan_ctx *ctx, const struct ls_step *step, const struct ls_entry *entry,
                              struct ls_err *err)
{
    static const char *const codes[] = {"callback", "script-config", "outside-link"};
    const char *own = "run it with flyway migrate, which leaves its transaction out there";

    if (step->direction == LS_DOWN) {
        ls_err_set(err, LS_E_REFUSED, TITLE " takes nothing back: undo files are of its paid editions");
        ls_err_hint(err, "write a new migration that undoes it, or restore a backup");
        return LS_E_REFUSED;
    }
    if (entry->migration == NULL)
        return ls_marked_refuse_missing(ctx, step, TITLE " refuses everything until then", err);
    for (size_t i = 0; i < LS_ARRAY_LEN(codes); i++)
        if (ls_record_refuse_diag(ctx, codes[i], err) != LS_OK)
            return LS_E_REFUSED;
    for (size_t i = 0; i < ctx->migrations->m.n; i++)
        if (ctx->migrations->m.v[i].kind == LS_KIND_BASELINE) {
            ls_err_set(err, LS_E_REFUSED, "%s stands for every version up to its own in a new database",
                       ctx->migrations->m.v[i].up.path);
            ls_err_hint(err, "run this folder with flyway migrate");
            return LS_E_REFUSED;
        }
    if ((entry->migration->flags & LS_MIG_DYNAMIC) != 0) {
        ls_err_set(err, LS_E_REFUSED, "%s holds placeholders, whose values only " TITLE " knows", step->path);
        ls_err_hint(err, "run it with flyway migrate");
        return LS_E_REFUSED;
    }
    if (strlen(entry->migration->name) > MAX_TEXT || strlen(entry->migration->label) > 50) {
        ls_err_set(err, LS_E_REFUSED, "%s has a name too long for the ledger", step->path);
        ls_err_hint(err, "run it with flyway migrate, or shorten it");
        return LS_E_REFUSED;
    }
    return ls_record_refuse_tx(ctx, step, TITLE, own, err);
}

static enum ls_rc plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                            const struct ls_entry *prev_applied, struct ls_err *err)
{
    const char *table = ls_marked_table(ctx, TABLE, err);
    enum ls_rc rc;

    (void)prev_applied;
    if (table == NULL)
        return LS_E_INPUT;
    rc = refuse_step(ctx, step, entry, err);
    if (rc != LS_OK)
        return rc;
    step->policy = LS_POLICY_TX;
    step->tx_note = "One transaction holds the statements and the ledger row: a failure leaves nothing.";
    ls_ops_add(ctx, step, LS_OP_BEGIN);
    ls_ops_lock_table(ctx, step, table);
    fence(ctx, step, table, entry);
    ls_ops_statements(ctx, step);
    step->n_statements = ctx->stmts != NULL ? (int)ctx->stmts->n : 0;
    insert_row(ctx, step, table, entry->migration);
    ls_record_end(ctx, step);
    return LS_OK;
}

static const struct ls_timeline_rules rules = {
    .has_checksums = true,
    .applied = "nothing: it is recorded",
    .pending_next = "runs it next",
    .pending_later = "runs it after the ones before it",
    .out_of_order = "refuses everything, unless outOfOrder is set: resolved migration not applied to database",
    .modified = "refuses everything: migration checksum mismatch",
    .missing = "refuses everything, unless it is newer than all files: applied migration not resolved locally",
    .duplicate = "refuses everything: found more than one migration with that version",
    .dirty = "refuses everything until repair: failed migration",
    .rolled_back = "runs it next",
    .outdated = "runs it again: it is repeatable, and its checksum changed",
    .place = place,
    .is_modified = is_modified,
};

static const char *const default_dirs[] = {"db/migration", "src/main/resources/db/migration", "sql", "migrations", ".", NULL};

static const struct ls_layout layout = {.kind = LS_LAYOUT_FILE, .prefix = "V", .between = "__", .up = ".sql", .undo_prefix = "U",
                                        .variables = "${", .wraps = true, .key = "version", .script = "script",
                                        .applied_at = "installed_on"};

const struct ls_format ls_format_flyway = {
    .layout = &layout,
    .name = "flyway",
    .title = TITLE,
    .ledger_table = TABLE,
    .default_dirs = default_dirs,
    .caps = LS_CAP_UP | LS_CAP_CHECKSUM | LS_CAP_DIRTY | LS_CAP_APPLIED_AT | LS_CAP_DURATION | LS_CAP_NATIVE_APPLY |
            LS_CAP_REPEATABLE | LS_CAP_AUTHOR,
    .rules = &rules,
    .detect = detect,
    .scan = scan,
    .ledger_read = ledger_read,
    .plan_setup = plan_setup,
    .plan_step = plan_step,
    .lock_keys = lock_keys,
    .check_runnable = check_runnable,
};
