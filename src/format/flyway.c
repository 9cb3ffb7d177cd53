/* Flyway: names, files, history and rules. Facts: formats.md 4.6 (observed with 7.15.0). What lockstep cannot do as Flyway does it
 * (callbacks, baseline files in a new database, .conf files, statements outside of transactions) is shown and left to Flyway. */
#include <config.h>

#include "format/flyway.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/config.h"
#include "format/marked.h"
#include "format/table.h"
#include "format/tree.h"
#include "lockstep/base/clock.h"
#include "lockstep/base/text.h"
#include "lockstep/format/layout.h"

#define TABLE     LS_FLYWAY_TABLE
#define TITLE     LS_FLYWAY_TITLE
#define MAX_DEPTH 16

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
    else if (n > 5 && strcmp(name + n - 5, ".conf") == 0 && strcmp(name, "flyway.conf") != 0)
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
    enum ls_rc rc = ls_dir_list(dir, &listing, err);

    for (size_t i = 0; rc == LS_OK && i < listing.e.n; i++) {
        const struct ls_dirent *e = &listing.e.v[i];
        const char *path = ls_arena_path(out->arena, dir, e->name);
        struct ls_migration m = {0};

        /* A folder's link may lead in a circle. */
        if (e->is_link && e->is_dir)
            ls_scan_diag(out, LS_SEV_ERROR, "outside-link", path, "%s is a symbolic link to a folder: it is not followed", e->name);
        else if (!ls_scan_may_open(out, e, path))
            continue;
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

static void note_placeholder(struct ls_migrations *out, struct ls_migration *m, const struct ls_flyway_config *c,
                             const struct ls_flyway_missing *missing)
{
    struct ls_diag *d =
        ls_scan_diag(out, LS_SEV_WARNING, "placeholder", m->up.path, "holds a placeholder %s%.*s%s without a value", c->prefix,
                     (int)(missing->name.len < 60 ? missing->name.len : 60), missing->name.ptr, c->suffix);

    d->version = m->label;
    d->line = missing->line;
    d->hint =
        ls_arena_printf(out->arena, "give it one in %s, or run it with flyway migrate", c->path != NULL ? c->path : "flyway.toml");
}

/* The history keeps the sum of a repeatable's text as it ran, and of a versioned one's as it stands in its file. */
static void read_placeholders(struct ls_migrations *out, struct ls_migration *m, const struct ls_flyway_config *c, const char *t,
                              size_t len)
{
    struct ls_flyway_missing missing;
    struct ls_buf text = LS_BUF_INIT;

    m->flags |= LS_MIG_DYNAMIC;
    if (ls_flyway_replace(c, NULL, t, len, &text, &missing)) {
        if (m->kind == LS_KIND_REPEATABLE)
            m->checksum = ls_arena_printf(out->arena, "%" PRId32, ls_flyway_checksum(text.ptr != NULL ? text.ptr : "", text.len));
    } else {
        if (m->kind == LS_KIND_REPEATABLE)
            m->checksum = NULL;
        if (!missing.needs_database)
            note_placeholder(out, m, c, &missing);
    }
    ls_buf_release(&text);
}

static void read_one(struct ls_migrations *out, struct ls_migration *m, const struct ls_flyway_config *c, bool need_hash, struct ls_buf *text)
{
    struct ls_section *s = m->up.path != NULL ? &m->up : &m->down;
    const char *t;
    size_t bad = 0;

    if (!(need_hash ? ls_scan_read : ls_scan_text)(out, m, s, text))
        return;
    t = text->ptr != NULL ? text->ptr : "";
    m->checksum = ls_arena_printf(out->arena, "%" PRId32, ls_flyway_checksum(t, text->len));
    if (!ls_utf8_valid(t, text->len, &bad)) {
        struct ls_diag *d = &out->diags.d.v[out->diags.d.n - 1];

        d->severity = LS_SEV_ERROR;
        d->message = "is not UTF-8: " TITLE " stops with an error";
        m->flags |= LS_MIG_UNPARSED;
    }
    if (ls_flyway_has_placeholder(c, t, text->len))
        read_placeholders(out, m, c, t, text->len);
}

/* An undo file is the down of its versioned one. */
static void join_undos(struct ls_migrations *out)
{
    size_t n = 0;

    for (size_t i = 0; i < out->m.n; i++) {
        struct ls_migration m = out->m.v[i];
        struct ls_migration *v = NULL;

        for (size_t k = n; m.kind == LS_KIND_UNDO && v == NULL && k-- > 0 && strcmp(version_of(&out->m.v[k]), version_of(&m)) == 0;)
            v = out->m.v[k].kind == LS_KIND_VERSIONED ? &out->m.v[k] : NULL;
        if (v != NULL && v->down.path == NULL)
            v->down.path = m.up.path;
        else
            out->m.v[n++] = m;
    }
    out->m.n = n;
}

static void read_config(struct ls_migrations *out, const char *dir, struct ls_flyway_config *c)
{
    struct ls_err err = LS_ERR_INIT;
    const struct ls_setting *odd;
    struct ls_diag *d;

    if (ls_flyway_config_read(dir, c, &err) != LS_OK) {
        const char *why = err.line > 0 ? strstr(err.message, ": ") : NULL;

        d = ls_scan_diag(out, LS_SEV_ERROR, "unreadable-config", c->path, "%s", why != NULL ? why + 2 : err.message);
        d->line = err.line;
        d->hint = TITLE " does not run with it either";
    } else if ((odd = ls_flyway_config_odd(c)) != NULL) {
        d = ls_scan_diag(out, LS_SEV_WARNING, "config-setting", odd->path,
                         "%s = %s changes how migrations are run, which lockstep does not follow", odd->key, odd->value);
        d->line = odd->line;
        d->hint = "run this folder with flyway migrate";
    }
    ls_err_release(&err);
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    struct ls_flyway_config c;
    enum ls_rc rc;

    (void)dialect;
    ls_scan_begin(out, dir);
    rc = walk(out, dir, 0, err);
    read_config(out, dir, &c);
    if (rc == LS_OK) {
        ls_scan_sort(out, order);
        join_undos(out);
    }
    for (size_t i = 0; rc == LS_OK && i < out->m.n; i++)
        read_one(out, &out->m.v[i], &c, need_hash, &text);
    ls_buf_release(&text);
    ls_flyway_config_release(&c);
    return rc;
}

const char *ls_flyway_script(const struct ls_migrations *all, const struct ls_migration *m)
{
    size_t n = strlen(all->dir);

    return strncmp(m->up.path, all->dir, n) == 0 && m->up.path[n] == '/' ? m->up.path + n + 1 : m->up.path;
}

struct ls_flyway_known ls_flyway_known_of(const struct ls_ledger *l, const char *table, const struct ls_migration *m)
{
    return (struct ls_flyway_known){l->schema, l->role, l->database, table, m->up.path != NULL ? ls_path_base(m->up.path) : NULL};
}

/* V7__add_email.sql; in the manner of the newest one: V1_2, V1.2, V20240101120000. */
static int new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                     const char *texts[3], struct ls_err *err)
{
    const char *name = ls_scan_slug(arena, slug, err), *file = NULL, *version = "1";
    char stamp[LS_ISO_LEN];
    size_t n, last;

    if (name == NULL)
        return 0;
    for (size_t i = 0; i < m->m.n; i++)
        if (m->m.v[i].kind == LS_KIND_VERSIONED && m->m.v[i].up.path != NULL)
            file = ls_path_base(m->m.v[i].up.path) + 1;
    n = file != NULL ? (size_t)(strstr(file, "__") - file) : 0;
    for (last = n; last > 0 && file[last - 1] >= '0' && file[last - 1] <= '9'; last--)
        ;
    if (n == 14 && last == 0) {
        ls_stamp_utc(wall_us, stamp);
        version = ls_arena_str(arena, stamp);
    } else if (n > 0 && n - last < 18) {
        version = ls_arena_printf(arena, "%.*s%0*" PRIu64, (int)last, file, (int)(n - last),
                                  (uint64_t)strtoull(file + last, NULL, 10) + 1);
    }
    paths[0] = ls_arena_printf(arena, "%s/V%s__%s.sql", m->dir, version, name);
    texts[0] = "";
    return 1;
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

/* What Flyway asks before it makes its table (PostgreSQLSchema.java, SQLiteSchema.java doEmpty). Our own journal is none of the
 * schema's. */
static const char empty_pg[] = "SELECT NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_depend d ON d.objid "
                               "= c.oid AND d.deptype = 'e' "
                               "WHERE c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1) AND d.objid IS "
                               "NULL AND c.relkind IN ('r', 'p', 'v', 'S') "
                               "AND c.relname NOT LIKE 'lockstep\\_journal%')";
static const char empty_sqlite[] =
    "SELECT NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' "
    "ESCAPE '\\' AND name <> 'lockstep_journal')";

static enum ls_rc look_if_empty(struct ls_db *db, struct ls_ledger *out, struct ls_err *err)
{
    bool is_pg = ls_db_dialect(db) == LS_DIALECT_POSTGRES;
    const char *schema = out->schema != NULL ? out->schema : is_pg ? "public" : "main";
    struct ls_param p = {LS_PARAM_TEXT, schema};
    struct ls_result res = {0};
    enum ls_rc rc = ls_db_query(db, is_pg ? empty_pg : empty_sqlite, is_pg ? &p : NULL, is_pg, &res, err);

    if (rc == LS_OK && res.n_rows > 0 && !ls_table_is_true(ls_result_get(&res, 0, 0)))
        out->blocked = ls_arena_printf(out->arena, "Found non-empty schema(s) \"%s\" but no schema history table", schema);
    ls_result_release(&res);
    return rc;
}

static enum ls_rc ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    static const struct ls_table_kind kind = {TABLE, TITLE, LS_LEDGER_LOG, "t.installed_rank", read_row};
    enum ls_rc rc = ls_table_read(db, opts, &kind, out, err);

    if (rc == LS_OK && !out->exists)
        rc = look_if_empty(db, out, err);
    if (rc == LS_OK && ls_db_dialect(db) == LS_DIALECT_POSTGRES) {
        out->role = ls_arena_str(out->arena, ls_db_info(db)->role);
        out->database = ls_arena_str(out->arena, ls_db_info(db)->database);
    }
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
        return false; /* adjust tells, which knows the connection */
    return row->kind != LS_KIND_BASELINE && row->checksum != NULL && m->checksum != NULL && strcmp(row->checksum, m->checksum) != 0;
}

static bool has_sum(const struct ls_ledger_row *row, const char *text, size_t len)
{
    char sum[16];

    snprintf(sum, sizeof(sum), "%" PRId32, ls_flyway_checksum(text != NULL ? text : "", len));
    return row->checksum != NULL && strcmp(row->checksum, sum) == 0;
}

/* The sum of a repeatable with placeholders is that of the text that ran; that of the file counts as well. */
static void adjust_repeatable(const struct ls_migrations *m, const struct ls_ledger *l, struct ls_entry *e)
{
    struct ls_buf text = LS_BUF_INIT, ran = LS_BUF_INIT;
    struct ls_flyway_config c;
    struct ls_flyway_known known = ls_flyway_known_of(l, TABLE, e->migration);

    if (ls_flyway_config_read(m->dir, &c, NULL) == LS_OK && ls_file_read(e->migration->up.path, 0, 0, &text, NULL) == LS_OK &&
        ls_flyway_replace(&c, &known, text.ptr != NULL ? text.ptr : "", text.len, &ran, NULL) &&
        !has_sum(e->row, ran.ptr, ran.len) && !has_sum(e->row, text.ptr, text.len)) {
        e->state = LS_STATE_PENDING;
        e->is_runnable = true;
    }
    ls_flyway_config_release(&c);
    ls_buf_release(&text);
    ls_buf_release(&ran);
}

static const struct ls_ledger_row *newest_baseline(const struct ls_ledger *l)
{
    const struct ls_ledger_row *found = NULL;

    for (size_t i = 0; i < l->rows.n; i++)
        if (l->rows.v[i].kind == LS_KIND_BASELINE && l->rows.v[i].state == LS_ROW_APPLIED &&
            (found == NULL || ls_flyway_compare(l->rows.v[i].id, found->id) > 0))
            found = &l->rows.v[i];
    return found;
}

static void adjust(const struct ls_migrations *m, const struct ls_ledger *l, struct ls_arena *arena, struct ls_entry *e)
{
    const struct ls_ledger_row *baseline;

    if (e->migration == NULL)
        return;
    if (e->migration->kind == LS_KIND_REPEATABLE && (e->migration->flags & LS_MIG_DYNAMIC) != 0 && e->state == LS_STATE_APPLIED &&
        e->row != NULL)
        adjust_repeatable(m, l, e);
    if (e->migration->kind != LS_KIND_VERSIONED || e->row != NULL || e->state == LS_STATE_DUPLICATE)
        return;
    baseline = newest_baseline(l);
    if (baseline == NULL || ls_flyway_compare(version_of(e->migration), baseline->id) > 0)
        return;
    e->state = LS_STATE_APPLIED;
    e->evidence = LS_EVIDENCE_INFERRED;
    e->is_runnable = false;
    e->tool_would = ls_arena_printf(arena, "never runs it: it is below the baseline %s", baseline->id);
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
         "give it a later version, or run it as outOfOrder=true does: lockstep up --out-of-order"},
    };
    long newest_file = -1;

    if (dir == LS_UP && l->blocked != NULL) {
        ls_err_set(err, LS_E_REFUSED, "%s", l->blocked);
        ls_err_hint(err, "lockstep mark VERSION applied writes a baseline, as flyway baseline does: everything up to that version "
                         "is taken for applied");
        return LS_E_REFUSED;
    }
    for (size_t i = 0; i < t->e.n; i++)
        if (t->e.v[i].migration != NULL && t->e.v[i].migration->kind == LS_KIND_VERSIONED)
            newest_file = (long)i;
    for (size_t k = 0; k < LS_ARRAY_LEN(checks); k++)
        for (size_t i = 0; i < t->e.n; i++) {
            const struct ls_entry *e = &t->e.v[i];
            const char *at = strchr(checks[k].text, '%');

            if (e->state != checks[k].state || (e->state == LS_STATE_OUT_OF_ORDER && t->runs_late))
                continue;
            if (e->state == LS_STATE_MISSING && e->row->kind == LS_KIND_VERSIONED && (long)i > newest_file)
                continue; /* from the future: *:future is ignored */
            ls_err_set(err, LS_E_REFUSED, "%.*s%s", (int)(at - checks[k].text), checks[k].text, e->id);
            ls_err_hint(err, "%s", checks[k].hint);
            return LS_E_REFUSED;
        }
    return LS_OK;
}

static const struct ls_timeline_rules rules = {
    .has_checksums = true,
    .late_option = "-outOfOrder=true",
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
    .adjust = adjust,
};

static const char *const default_dirs[] = {"db/migration", "src/main/resources/db/migration", "sql", "migrations", ".", NULL};

static const struct ls_layout layout = {.kind = LS_LAYOUT_FILE,
                                        .prefix = "V",
                                        .between = "__",
                                        .up = ".sql",
                                        .undo_prefix = "U",
                                        .variables = "${",
                                        .wraps = true,
                                        .key = "version",
                                        .script = "script",
                                        .applied_at = "installed_on",
                                        .has_baseline = true};

const struct ls_format ls_format_flyway = {
    .layout = &layout,
    .name = "flyway",
    .title = TITLE,
    .ledger_table = TABLE,
    .default_dirs = default_dirs,
    .caps = LS_CAP_UP | LS_CAP_CHECKSUM | LS_CAP_DIRTY | LS_CAP_APPLIED_AT | LS_CAP_DURATION | LS_CAP_NATIVE_APPLY |
            LS_CAP_REPEATABLE | LS_CAP_AUTHOR | LS_CAP_RECORD_ONLY,
    .rules = &rules,
    .config = ls_config_flyway,
    .detect = detect,
    .scan = scan,
    .ledger_read = ledger_read,
    .plan_setup = ls_flyway_plan_setup,
    .plan_step = ls_flyway_plan_step,
    .plan_mark = ls_flyway_plan_mark,
    .lock_keys = lock_keys,
    .check_runnable = check_runnable,
    .new_files = new_files,
};
