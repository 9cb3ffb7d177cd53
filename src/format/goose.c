/* goose: names, ledger, rules. Facts: formats.md 4.5 (observed with 3.14.0, read at 3.27.3). */
#include <config.h>

#include "format/goose.h"

#include <inttypes.h>
#include <string.h>

#include "format/config.h"
#include "format/table.h"
#include "lockstep/format/layout.h"

/* --- the folder ----------------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n >= m && strcmp(name + n - m, end) == 0;
}

static bool is_go(const char *name)
{
    return ends_with(name, ".go") && !ends_with(name, "_test.go");
}

/* Digits in front of the first '_', from 1 on (source: migration.go NumericComponent). */
static bool parse_name(struct ls_arena *arena, const char *file, struct ls_migration *m)
{
    struct ls_file_name name;
    const char *rest, *dot;

    if ((!ends_with(file, ".sql") && !is_go(file)) || !ls_scan_number(file, &name, &rest) || name.version == 0)
        return false;
    dot = strrchr(rest, '.');
    m->version = name.version;
    m->id = ls_arena_printf(arena, "%" PRIu64, name.version);
    m->label = ls_arena_strn(arena, name.label.ptr, name.label.len);
    m->name = ls_arena_strn(arena, rest, (size_t)(dot - rest));
    m->lang = is_go(file) ? LS_LANG_CODE : LS_LANG_SQL;
    return true;
}

static bool takes_sql(const char *name)
{
    struct ls_file_name n;
    const char *rest;

    return ends_with(name, ".sql") && ls_scan_number(name, &n, &rest);
}

static bool takes_go(const char *name)
{
    struct ls_file_name n;
    const char *rest;

    return is_go(name) && ls_scan_number(name, &n, &rest);
}

static bool contains(struct ls_str line, const char *word)
{
    for (; line.len > 0; line.ptr++, line.len--)
        if (ls_str_starts(line, word, NULL))
            return true;
    return false;
}

static bool is_annotation(struct ls_str line)
{
    return ls_str_starts(line, "--", NULL) && contains(line, "+goose");
}

static bool names_goose(struct ls_str line)
{
    return contains(line, "pressly/goose");
}

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    struct ls_sniffed sql, go;

    ls_sniff(path, dir, takes_sql, is_annotation, &sql);
    ls_sniff(path, dir, takes_go, names_goose, &go);
    if (sql.n_hits > 0)
        ls_sniff_score(&sql, "-- +goose", out);
    else
        ls_sniff_score(&go, "pressly/goose", out);
    if (out->score > 0)
        out->n_migrations = sql.n_files + go.n_files;
}

static void note_dynamic(struct ls_migrations *out, const struct ls_migration *m, int line)
{
    struct ls_diag *d = ls_scan_diag(
        out, LS_SEV_WARNING, "placeholder", m->up.path,
        "has a '$' where ENVSUB is on: goose puts an environment variable there, so what runs is not what the file says");

    d->line = line;
    d->version = m->label;
    d->hint = "run it with goose, or write the value into the file";
}

static void read_sections(struct ls_migrations *out, struct ls_migration *m, bool need_hash, const struct ls_buf *text)
{
    struct ls_arena *arena = ls_arena_new();
    const char *path = m->up.path;
    struct ls_goose g;

    ls_goose_parse(arena, text->ptr, text->len, false, &g);
    m->up.sha256[0] = '\0';
    if (g.error.text == NULL) {
        ls_section_set(&m->up, path, g.up_at, g.has_down ? g.down_at : text->len, g.up_line);
        if (g.has_down)
            ls_section_set(&m->down, path, g.down_at, text->len, g.down_line);
        if (need_hash)
            ls_section_hash(&m->up, text->ptr, text->len);
        if (need_hash && g.has_down)
            ls_section_hash(&m->down, text->ptr, text->len);
    }
    m->up.policy = m->down.policy = g.no_tx ? LS_POLICY_NO_TX : LS_POLICY_TX;
    m->flags |= g.up.c.n == 0 ? LS_MIG_EMPTY : 0;
    m->flags |= g.is_dynamic ? LS_MIG_DYNAMIC : 0;
    if (g.is_dynamic)
        note_dynamic(out, m, g.dynamic_line);
    if (g.error.text != NULL)
        ls_marked_unparsed(out, m, "annotation", g.error.line, g.error.text, g.error.hint);
    const struct ls_goose_error *const halves[] = {&g.up_error, &g.down_error};
    for (size_t i = 0; i < LS_ARRAY_LEN(halves); i++) {
        struct ls_diag *d;

        if (halves[i]->text == NULL)
            continue;
        d = ls_scan_diag(out, LS_SEV_ERROR, "unfinished-statement", path, "%s", halves[i]->text);
        d->line = halves[i]->line;
        d->version = m->label;
        d->hint = halves[i]->hint;
    }
    ls_goose_release(&g);
    ls_arena_free(arena);
}

/* What a *.sql that is no migration means to goose. */
static void explain_ignored(struct ls_migrations *out)
{
    for (size_t i = 0; i < out->diags.d.n; i++) {
        struct ls_diag *d = &out->diags.d.v[i];

        if (strcmp(d->code, "ignored-file") != 0)
            continue;
        d->severity = LS_SEV_WARNING;
        d->message = "the name has no number from 1 on in front of a '_': goose's command refuses the whole folder because of it, "
                     "its library passes over it";
        d->hint = "rename it, or move it out of the folder";
    }
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    enum ls_rc rc = ls_scan_files(dir, parse_name, ls_order_version, out, err);
    struct ls_buf text = LS_BUF_INIT;

    (void)dialect;
    for (size_t i = 0; rc == LS_OK && i < out->m.n; i++)
        if (out->m.v[i].lang == LS_LANG_SQL && ls_scan_text(out, &out->m.v[i], &out->m.v[i].up, &text))
            read_sections(out, &out->m.v[i], need_hash, &text);
    if (rc == LS_OK)
        explain_ignored(out);
    ls_buf_release(&text);
    return rc;
}

static int new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us, const char *paths[3],
                     const char *texts[3], struct ls_err *err)
{
    texts[0] = "-- +goose Up\n-- +goose StatementBegin\nSELECT 'up SQL query';\n-- +goose StatementEnd\n\n"
               "-- +goose Down\n-- +goose StatementBegin\nSELECT 'down SQL query';\n-- +goose StatementEnd\n";
    return ls_scan_new(arena, m, ls_scan_next_label(arena, m, 0, wall_us), "_", slug, ".sql", NULL, paths, err);
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

/* Which of its two tables it is: serial until v3.21, identity since v3.22.0 (source: internal/dialects/postgres.go). */
static enum ls_rc read_variant(struct ls_db *db, const struct ls_table_look *look, struct ls_ledger *out, struct ls_err *err)
{
    static const char sql[] =
        "SELECT a.attidentity FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
        "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = $1::name AND c.relname = $2::name AND a.attname = 'id'";
    struct ls_param params[2] = {{LS_PARAM_TEXT, look->schema}, {LS_PARAM_TEXT, look->table}};
    struct ls_result r = {0};
    enum ls_rc rc;

    if (ls_db_dialect(db) != LS_DIALECT_POSTGRES)
        return LS_OK;
    rc = ls_db_query(db, sql, params, 2, &r, err);
    if (rc == LS_OK && r.n_rows > 0 && ls_result_get(&r, 0, 0) != NULL)
        out->variant = ls_result_get(&r, 0, 0)[0] != '\0' ? "identity" : "serial";
    ls_result_release(&r);
    return rc;
}

static enum ls_rc fill_row(struct ls_ledger *l, struct ls_ledger_row *row, struct ls_err *err)
{
    const char *version = ls_table_cell(l, row, "version_id");

    row->id = version != NULL ? version : "NULL";
    row->raw_status = ls_table_cell(l, row, "is_applied");
    row->applied_at = ls_table_cell(l, row, "tstamp");
    if (!ls_table_version(version, &row->version))
        return ls_err_set(err, LS_E_INPUT, "the ledger %s holds the version \"%s\", which is no number between 0 and %" PRId64,
                          l->location, row->id, INT64_MAX);
    /* Old versions wrote a row with is_applied = false on the way down, where newer ones delete. */
    row->state = row->version == 0 ? LS_ROW_MARKER : ls_table_is_true(row->raw_status) ? LS_ROW_APPLIED : LS_ROW_ROLLED_BACK;
    return LS_OK;
}

static enum ls_rc ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    struct ls_table_look look;
    enum ls_rc rc = ls_table_look(db, opts, LS_GOOSE_TABLE, ls_format_goose.title, out, &look, err);

    out->shape = LS_LEDGER_LOG;
    if (rc == LS_OK && out->exists && out->foreign == NULL) {
        rc = ls_table_rows(db, &look, "t.id", out, err);
        if (rc == LS_OK)
            rc = read_variant(db, &look, out, err);
    }
    for (size_t i = 0; rc == LS_OK && i < out->rows.n; i++)
        rc = fill_row(out, &out->rows.v[i], err);
    return rc;
}

static enum ls_rc refuse_late(const struct ls_timeline *t, struct ls_err *err)
{
    struct ls_buf list = LS_BUF_INIT;

    for (size_t i = 0; i < t->e.n && list.len < 200; i++)
        if (t->e.v[i].state == LS_STATE_OUT_OF_ORDER)
            ls_buf_addf(&list, "%s%s", list.len > 0 ? ", " : "", t->e.v[i].label);
    ls_err_set(err, LS_E_REFUSED, "found %zu missing migrations before current version %s: %s", t->count[LS_STATE_OUT_OF_ORDER],
               t->newest_applied >= 0 ? t->e.v[t->newest_applied].label : "0", list.ptr);
    ls_err_hint(
        err, "goose runs files older than the newest applied one only with -allow-missing, as lockstep up --out-of-order does; or "
             "give them newer numbers");
    ls_buf_release(&list);
    return LS_E_REFUSED;
}

static enum ls_rc check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    (void)l;
    for (size_t i = 0; t->count[LS_STATE_DUPLICATE] > 0 && i < t->e.n; i++) {
        if (t->e.v[i].state != LS_STATE_DUPLICATE)
            continue;
        ls_err_set(err, LS_E_REFUSED, "goose: duplicate version %s detected: %s", t->e.v[i].id, t->e.v[i].migration->up.path);
        ls_err_hint(err, "goose refuses the whole folder while two files claim one version: give one of them another number");
        return LS_E_REFUSED;
    }
    return dir == LS_UP && t->count[LS_STATE_OUT_OF_ORDER] > 0 && !t->runs_late ? refuse_late(t, err) : LS_OK;
}

/* Held where an application uses goose's locker; the command line never locks. crc32("goose") since v3.26.0, crc64-ECMA("goose")
 * before (source: lock/session_locker_options.go). */
static int lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4])
{
    (void)opts;
    (void)ledger;
    if (ls_db_dialect(db) != LS_DIALECT_POSTGRES)
        return 0;
    keys[0] = INT64_C(4097083626);
    keys[1] = INT64_C(5887940537704921958);
    return 2;
}

static const struct ls_timeline_rules rules = {
    .is_numeric = true,
    .late_option = "-allow-missing",
    .down_by_ledger = true,
    .applied = "nothing: it is in the ledger",
    .pending_next = "runs it next",
    .pending_later = "runs it after the ones before it",
    .out_of_order = "refuses up because of it; with -allow-missing (up --out-of-order) it runs it first",
    .modified = "does not notice",
    .missing = "does not see it on the way up; down fails when it is the newest row",
    .duplicate = "refuses everything: duplicate version",
    .rolled_back = "runs it again",
};

static const char *const default_dirs[] = {"migrations", "db/migrations", ".", NULL};

static const char *const own_lines[] = {"-- +goose", "--+goose", NULL};
static const struct ls_layout layout = {.kind = LS_LAYOUT_FILE,
                                        .between = "_",
                                        .up = ".sql",
                                        .up_mark = "-- +goose Up",
                                        .down_mark = "-- +goose Down",
                                        .no_tx_line = "-- +goose NO TRANSACTION",
                                        .stmt_begin = "-- +goose StatementBegin",
                                        .stmt_end = "-- +goose StatementEnd",
                                        .own = own_lines,
                                        .wraps = true,
                                        .key = "version_id",
                                        .key_is_number = true,
                                        .applied_at = "tstamp"};

const struct ls_format ls_format_goose = {
    .layout = &layout,
    .name = "goose",
    .title = "goose",
    .ledger_table = LS_GOOSE_TABLE,
    .default_dirs = default_dirs,
    .caps = LS_CAP_UP | LS_CAP_DOWN | LS_CAP_APPLIED_AT | LS_CAP_RECORD_ONLY | LS_CAP_NATIVE_APPLY | LS_CAP_OWN_SPLIT,
    .rules = &rules,
    .config = ls_config_goose,
    .detect = detect,
    .scan = scan,
    .ledger_read = ledger_read,
    .plan_setup = ls_goose_plan_setup,
    .plan_step = ls_goose_plan_step,
    .plan_mark = ls_goose_plan_mark,
    .lock_keys = lock_keys,
    .check_runnable = check_runnable,
    .new_files = new_files,
};
