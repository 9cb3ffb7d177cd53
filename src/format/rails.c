/* Rails: the folder, the ledger, and what Active Record would do with each state. Its migrations are Ruby: they are never read as
 * code, and Rails runs them itself (rails_plan.c). Facts: formats.md 4.10; source: activerecord's migration.rb; observed: 6.1.7.10.
 */
#include <config.h>

#include "format/rails.h"

#include <string.h>

#include "format/lockstep.h"
#include "format/table.h"
#include "format/tree.h"
#include "lockstep/base/mem.h"
#include "lockstep/sql/quote.h"

#define MAX_DEPTH 8 /* folders below db/migrate */

/* --- names ------------------------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

bool ls_rails_is_seen(const char *file)
{
    return file[0] >= '0' && file[0] <= '9' && ends_with(file, ".rb") && memchr(file, '_', strlen(file) - 3) != NULL;
}

static size_t word_len(const char *s)
{
    return strspn(s, "_abcdefghijklmnopqrstuvwxyz0123456789");
}

bool ls_rails_name_parse(const char *file, struct ls_rails_name *out)
{
    size_t n = strspn(file, "0123456789");
    const char *p = file + n;

    *out = (struct ls_rails_name){.digits = {file, n}};
    if (n == 0 || *p++ != '_')
        return false;
    out->title = (struct ls_str){p, word_len(p)};
    p += out->title.len;
    if (strcmp(p, ".rb") == 0)
        return true;
    if (*p++ != '.')
        return false;
    out->scope = (struct ls_str){p, word_len(p)};
    return strcmp(p + out->scope.len, ".rb") == 0;
}

const char *ls_rails_class(struct ls_arena *arena, struct ls_str title)
{
    char *name = ls_arena_strn(arena, title.ptr, title.len);
    size_t n = 0;
    bool is_start = true;

    for (size_t i = 0; i < title.len; i++) {
        char c = title.ptr[i];

        if (c == '_') {
            is_start = true;
            continue;
        }
        name[n++] = is_start && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        is_start = false;
    }
    name[n] = '\0';
    return name;
}

/* --- the folder -----------------------------------------------------------------------------------------------------------------
 */

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    struct ls_buf text = LS_BUF_INIT;
    const char *example = NULL;
    bool is_sure = false;
    int n_read = 0;

    memset(out, 0, sizeof(*out));
    for (size_t i = dir->e.n; i-- > 0;) {
        const char *name = dir->e.v[i].name;

        if (dir->e.v[i].is_dir || !ls_rails_is_seen(name))
            continue;
        out->n_migrations++;
        if (example == NULL || is_sure)
            example = example == NULL ? name : example;
        if (!is_sure && n_read++ < 3) {
            char *file = ls_path_join(path, name);

            ls_buf_clear(&text);
            if (ls_path_kind(file) == LS_PATH_FILE && ls_file_read(file, 0, 262144, &text, NULL) == LS_OK && text.len > 0)
                is_sure = memmem(text.ptr, text.len, "ActiveRecord::Migration", 23) != NULL;
            free(file);
        }
    }
    ls_buf_release(&text);
    if (out->n_migrations == 0)
        return;
    /* Names alone prove nothing, but in the folder that Rails has for them. */
    if (!is_sure && !ends_with(path, "db/migrate")) {
        out->n_migrations = 0;
        return;
    }
    out->score = is_sure ? 98 : 60;
    snprintf(out->evidence, sizeof(out->evidence), "%zu file%s like %.80s%s", out->n_migrations, out->n_migrations == 1 ? "" : "s",
             example, is_sure ? "; \"ActiveRecord::Migration\" in it" : "");
}

static int order(const struct ls_migration *a, const struct ls_migration *b)
{
    return ls_order_version(a, b);
}

static void add_file(struct ls_migrations *out, const char *path)
{
    const char *file = ls_path_base(path), *digits;
    struct ls_rails_name name;
    struct ls_migration m = {.lang = LS_LANG_CODE};
    struct ls_diag *d;

    if (!ls_rails_name_parse(file, &name)) {
        d = ls_scan_diag(out, LS_SEV_ERROR, "illegal-name", path,
                         "illegal name for a migration file: Rails refuses everything while it is there");
        d->hint = "after the number only lower case letters, digits and '_' may stand in it";
        return;
    }
    for (digits = ls_arena_strn(out->arena, name.digits.ptr, name.digits.len); digits[0] == '0' && digits[1] != '\0';)
        digits++;
    if (!ls_table_version(digits, &m.version)) {
        ls_scan_diag(out, LS_SEV_WARNING, "ignored-file", path,
                     "has a version that is beyond what can be kept here, and is left out")
            ->hint = "the largest version is 9223372036854775807";
        return;
    }
    m.id = digits;
    m.label = ls_arena_strn(out->arena, name.digits.ptr, name.digits.len);
    m.name = ls_arena_strn(out->arena, name.title.ptr, name.title.len);
    if (name.scope.len > 0) {
        const char **labels = LS_ARENA_ARRAY(out->arena, const char *, 2);

        labels[0] = ls_arena_strn(out->arena, name.scope.ptr, name.scope.len);
        m.labels = labels;
    }
    m.up.path = m.down.path = path; /* one class, both ways */
    *LS_VEC_PUSH(&out->m) = m;
}

/* Folders below it too; links to folders are not followed, as Ruby's ** does not. */
static enum ls_rc walk(struct ls_migrations *out, const char *dir, int depth, struct ls_err *err)
{
    struct ls_dir listing = {0};
    enum ls_rc rc = ls_dir_list(dir, &listing, err);

    for (size_t i = 0; rc == LS_OK && i < listing.e.n; i++) {
        const struct ls_dirent *e = &listing.e.v[i];
        const char *path = ls_arena_path(out->arena, dir, e->name);
        struct ls_err own = LS_ERR_INIT;

        if (e->is_dir && !e->is_link && e->name[0] != '.' && depth < MAX_DEPTH) {
            if (walk(out, path, depth + 1, &own) != LS_OK)
                ls_scan_diag(out, LS_SEV_ERROR, "unreadable-file", path, "%s", own.message);
        } else if (!e->is_dir && ls_rails_is_seen(e->name)) {
            if (e->is_link && ls_scan_leads_outside(out->dir, path))
                ls_scan_diag(out, LS_SEV_ERROR, "outside-link", path,
                             "%s is a symbolic link that leads out of the folder, or nowhere: it is not followed", e->name);
            else
                add_file(out, path);
        } else if (!e->is_dir && (ends_with(e->name, ".rb") || ends_with(e->name, ".sql"))) {
            ls_scan_diag(out, LS_SEV_INFO, "ignored-file", path, "%s is not named as Rails names its migrations: it is ignored",
                         e->name);
        }
        ls_err_release(&own);
    }
    ls_dir_release(&listing);
    return rc;
}

struct named {
    const char *name;
    const struct ls_migration *m;
};

static int compare_named(const void *pa, const void *pb)
{
    const struct named *a = pa, *b = pb;
    int c = strcmp(a->name, b->name);

    return c != 0 ? c : (a->m > b->m) - (a->m < b->m);
}

/* Two classes of one name: Rails refuses everything (DuplicateMigrationNameError). */
static void check_classes(struct ls_migrations *out)
{
    struct named *all = ls_calloc(out->m.n + 1, sizeof(*all));

    for (size_t i = 0; i < out->m.n; i++)
        all[i] =
            (struct named){ls_rails_class(out->arena, (struct ls_str){out->m.v[i].name, strlen(out->m.v[i].name)}), &out->m.v[i]};
    qsort(all, out->m.n, sizeof(*all), compare_named);
    for (size_t i = 1; i < out->m.n; i++) {
        struct ls_diag *d;

        if (strcmp(all[i - 1].name, all[i].name) != 0)
            continue;
        d = ls_scan_diag(out, LS_SEV_ERROR, "duplicate-name", all[i].m->up.path,
                         "multiple migrations have the name %s: %s too; Rails refuses everything", all[i].name,
                         ls_path_base(all[i - 1].m->up.path));
        d->version = all[i].m->label;
        d->hint = "give the class and the file another name";
    }
    free(all);
}

static enum ls_rc scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc;

    (void)dialect;
    ls_scan_begin(out, dir);
    rc = walk(out, dir, 0, err);
    if (rc == LS_OK) {
        ls_scan_sort(out, order);
        check_classes(out);
    }
    for (size_t i = 0; rc == LS_OK && need_hash && i < out->m.n; i++)
        if (ls_scan_read(out, &out->m.v[i], &out->m.v[i].up, &text))
            memcpy(out->m.v[i].down.sha256, out->m.v[i].up.sha256, LS_SHA256_HEX);
    ls_buf_release(&text);
    return rc;
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

/* The row that keeps a production database from being taken for another. */
static enum ls_rc read_environment(struct ls_db *db, const struct ls_table_look *look, struct ls_ledger *out, struct ls_err *err)
{
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r = {0};
    enum ls_rc rc;

    ls_buf_adds(&sql, "SELECT value FROM ");
    rc = ls_sql_ident2(&sql, look->schema, "ar_internal_metadata", err);
    ls_buf_adds(&sql, " WHERE key = 'environment'");
    if (rc == LS_OK)
        rc = ls_db_query(db, sql.ptr, NULL, 0, &r, err);
    if (rc != LS_OK)
        ls_table_unreadable("ar_internal_metadata", err);
    else if (r.n_rows > 0 && ls_result_get(&r, 0, 0) != NULL)
        out->variant = ls_arena_printf(out->arena, LS_RAILS_ENVIRONMENT "%s", ls_result_get(&r, 0, 0));
    ls_result_release(&r);
    ls_buf_release(&sql);
    return rc;
}

static enum ls_rc ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    struct ls_table_look look;
    enum ls_rc rc = ls_table_look(db, opts, LS_RAILS_TABLE, ls_format_rails.title, out, &look, err);
    bool has_metadata = rc == LS_OK && out->exists && out->foreign == NULL;

    out->shape = LS_LEDGER_SET;
    /* The same table without ar_internal_metadata is that of a Rails before 5, or of one that was told not to have it. */
    if (rc == LS_OK && out->foreign != NULL && strcmp(out->foreign, ls_format_dbmate.title) == 0)
        out->foreign = NULL;
    if (rc == LS_OK && out->exists && out->foreign == NULL)
        rc = ls_table_rows(db, &look, "length(t.version), t.version", out, err);
    if (rc == LS_OK && has_metadata)
        rc = read_environment(db, &look, out, err);
    for (size_t i = 0; rc == LS_OK && i < out->rows.n; i++) {
        struct ls_ledger_row *row = &out->rows.v[i];
        const char *version = ls_table_cell(out, row, "version");

        /* Rails compares numbers: 002 in the table is the 2 of the file 002_x.rb. */
        row->id = version != NULL ? version : "NULL";
        if (ls_table_version(row->id, &row->version))
            while (row->id[0] == '0' && row->id[1] != '\0')
                row->id++;
    }
    return rc;
}

static enum ls_rc check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    (void)l;
    (void)dir;
    for (size_t i = 0; t->count[LS_STATE_DUPLICATE] > 0 && i < t->e.n; i++) {
        if (t->e.v[i].state != LS_STATE_DUPLICATE)
            continue;
        ls_err_set(err, LS_E_REFUSED, "multiple migrations have the version number %s: Rails refuses everything", t->e.v[i].label);
        ls_err_hint(err, "give one of them another number");
        return LS_E_REFUSED;
    }
    return LS_OK;
}

int64_t ls_rails_lock_key(const char *database)
{
    return INT64_C(2053462845) * (int64_t)ls_crc32(database, strlen(database));
}

/* Held by what we write ourselves, which is mark: while Rails runs as a child, it takes its own. */
static int lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4])
{
    int n = ls_lockstep_lock_keys(db, opts, ledger, keys);

    if (ls_db_dialect(db) == LS_DIALECT_POSTGRES && ls_db_info(db)->database != NULL && n < 4)
        keys[n++] = ls_rails_lock_key(ls_db_info(db)->database);
    return n;
}

static const struct ls_timeline_rules rules = {
    .is_numeric = true,
    .runs_out_of_order = true,
    .down_passes_missing = true,
    .applied = "nothing: it is in the ledger",
    .pending_next = "runs it next",
    .pending_later = "runs it after the ones before it",
    .out_of_order = "runs it, though something newer is applied: it runs whatever is not recorded",
    .modified = "does not notice",
    .missing = "shows it as NO FILE, and cannot take it back",
    .duplicate = "refuses everything: two migrations have this version",
    .rolled_back = "runs it next",
};

static const char *const places[] = {"bin/rails", NULL};
static const char *const fallbacks[] = {"rails", "rake", NULL};
static const char *const version_words[] = {"--version", NULL};
static const struct ls_format_tool tool = {
    .program = "bundle",
    .places = places,
    .fallbacks = fallbacks,
    .version = version_words,
    .install = "Install what the application needs (bundle install): it is looked for as bin/rails in the application, then as "
               "bundle, rails and rake in PATH.",
    .dir = ls_rails_root,
};

static const char *const default_dirs[] = {"db/migrate", NULL};
static const char *const tables[] = {LS_RAILS_TABLE, "ar_internal_metadata", NULL};

const struct ls_format ls_format_rails = {
    .name = "rails",
    .title = "Rails",
    .ledger_table = LS_RAILS_TABLE,
    .tables = tables,
    .default_dirs = default_dirs,
    .caps = LS_CAP_UP | LS_CAP_DOWN | LS_CAP_RECORD_ONLY | LS_CAP_DELEGATE,
    .rules = &rules,
    .tool = &tool,
    .detect = detect,
    .scan = scan,
    .ledger_read = ledger_read,
    .plan_step = ls_rails_plan_step,
    .plan_mark = ls_rails_plan_mark,
    .lock_keys = lock_keys,
    .check_runnable = check_runnable,
    .new_files = ls_rails_new_files,
};
