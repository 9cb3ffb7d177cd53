/* golang-migrate's ledger: one row, a cursor. Reading, its locks, and when the tool refuses. */
#include <config.h>

#include "format/golang.h"

#include <inttypes.h>
#include <string.h>

#include "format/scan.h"
#include "format/table.h"
#include "lockstep/base/hash.h"

/* More rows than one are nothing the tool writes; a few are read so that they can be shown. */
#define MAX_ROWS "100"

static enum ls_rc add_row(struct ls_ledger *l, const char *version, const char *dirty, struct ls_err *err)
{
    struct ls_ledger_row *row = LS_VEC_PUSH(&l->rows);
    bool is_dirty = dirty != NULL && (strcmp(dirty, "true") == 0 || strcmp(dirty, "t") == 0 || strcmp(dirty, "1") == 0);

    row->id = ls_arena_str(l->arena, version != NULL ? version : "NULL");
    row->raw_status = ls_arena_str(l->arena, dirty);
    row->state = is_dirty ? LS_ROW_FAILED : LS_ROW_APPLIED;
    row->duration_ms = -1;
    row->is_nil = version != NULL && strcmp(version, "-1") == 0;
    if (!row->is_nil && !ls_table_version(version, &row->version))
        return ls_err_set(err, LS_E_INPUT, "the ledger %s holds the version \"%s\", which is no number between 0 and %" PRId64, l->location, row->id,
                          INT64_MAX);
    if (l->rows.n == 1) {
        l->has_cursor = true;
        l->cursor = row->version;
        l->cursor_is_nil = row->is_nil;
    }
    l->dirty = l->dirty || is_dirty;
    return LS_OK;
}

enum ls_rc ls_golang_ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    enum ls_dialect d = ls_db_dialect(db);
    const char *text = d == LS_DIALECT_POSTGRES ? "::text" : "";
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r = {0};
    struct ls_table_look look;
    enum ls_rc rc = ls_table_look(db, opts, LS_GOLANG_TABLE, ls_format_golang_migrate.name, out, &look, err);

    out->shape = LS_LEDGER_CURSOR;
    if (rc != LS_OK || !out->exists || out->foreign != NULL)
        goto out;
    ls_buf_addf(&sql, "SELECT version%s, dirty%s FROM ", text, text);
    rc = ls_table_sql(&sql, d, look.schema, look.table, err);
    if (rc != LS_OK)
        goto out;
    ls_buf_adds(&sql, " LIMIT " MAX_ROWS);
    rc = ls_db_query(db, sql.ptr, NULL, 0, &r, err);
    if (rc != LS_OK)
        ls_table_unreadable(out->location, err);
    for (size_t i = 0; rc == LS_OK && i < r.n_rows; i++)
        rc = add_row(out, ls_result_get(&r, i, 0), ls_result_get(&r, i, 1), err);
out:
    ls_result_release(&r);
    ls_buf_release(&sql);
    return rc;
}

static enum ls_rc refuse_dirty(const struct ls_ledger *l, struct ls_err *err)
{
    ls_err_set(err, LS_E_REFUSED, "Dirty database version %s. Fix and force version.", l->rows.v[0].id);
    ls_err_hint(err, "a migration was started and its end was not recorded: see what is there, then mark the version that is true (lockstep mark)");
    return LS_E_REFUSED;
}

enum ls_rc ls_golang_check(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    (void)dir;
    for (size_t i = 0; t->count[LS_STATE_DUPLICATE] > 0 && i < t->e.n; i++) {
        const struct ls_entry *e = &t->e.v[i], *next = i + 1 < t->e.n ? &t->e.v[i + 1] : NULL;
        const struct ls_migration *m;

        if (e->migration == NULL || (e->migration->flags & LS_MIG_DUPLICATE) == 0)
            continue;
        m = next != NULL && next->version == e->version && next->migration != NULL ? next->migration : e->migration;
        ls_err_set(err, LS_E_REFUSED, "duplicate migration file: %s", m->up.path != NULL ? m->up.path : m->down.path);
        ls_err_detail(err, "golang-migrate refuses the whole folder while two files claim version %" PRIu64, e->version);
        ls_scan_duplicate_hint(err, t, m);
        return LS_E_REFUSED;
    }
    if (l->rows.n > 1) {
        ls_err_set(err, LS_E_REFUSED, "the ledger %s holds %zu rows, where golang-migrate keeps one and reads whichever comes first", l->location,
                   l->rows.n);
        ls_err_hint(err, "find out which version is true, then mark it: that writes the single row again");
        return LS_E_REFUSED;
    }
    if (l->dirty)
        return refuse_dirty(l, err);
    if (l->has_cursor && !l->cursor_is_nil && t->count[LS_STATE_MISSING] > 0) {
        ls_err_set(err, LS_E_REFUSED, "no migration found for version %" PRIu64, l->cursor);
        ls_err_hint(err, "the ledger's cursor stands on a version whose files are not in the folder: bring them back, or mark another version");
        return LS_E_REFUSED;
    }
    return LS_OK;
}

int64_t ls_golang_lock_key(const char *schema, const char *table, const char *database)
{
    struct ls_buf name = LS_BUF_INIT;
    uint32_t key;

    ls_buf_add(&name, schema, strlen(schema) + 1);
    ls_buf_add(&name, table, strlen(table) + 1);
    ls_buf_adds(&name, database);
    key = ls_crc32(name.ptr, name.len) * UINT32_C(1486364155);
    ls_buf_release(&name);
    return (int64_t)key;
}

/* The command line hashes the URL's path with its '/', a program that embeds the tool hashes current_database(): both are held (formats.md 1.3). */
int ls_golang_lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4])
{
    const char *databases[2] = {ls_db_info(db)->database, opts != NULL ? opts->database : NULL};
    struct ls_arena *arena;
    const char *schema, *table;
    int n = 0;

    if (ls_db_dialect(db) != LS_DIALECT_POSTGRES)
        return 0;
    arena = ls_arena_new();
    ls_table_names(arena, LS_DIALECT_POSTGRES, opts, LS_GOLANG_TABLE, &schema, &table);
    if (ledger->schema != NULL)
        schema = ledger->schema;
    for (size_t i = 0; i < LS_ARRAY_LEN(databases); i++) {
        if (databases[i] == NULL || databases[i][0] == '\0' || (i == 1 && databases[0] != NULL && strcmp(databases[0], databases[1]) == 0))
            continue;
        keys[n++] = ls_golang_lock_key(schema != NULL ? schema : "public", table, ls_arena_printf(arena, "/%s", databases[i]));
        keys[n++] = ls_golang_lock_key(schema != NULL ? schema : "public", table, databases[i]);
    }
    ls_arena_free(arena);
    return n;
}
