/* lockstep's own ledger: one row per version. Reading, its lock, and when it refuses. */
#include <config.h>

#include "format/lockstep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "format/scan.h"
#include "format/table.h"
#include "lockstep/base/hash.h"

static const char columns_pg[] = "version::text, name, description, "
                                 "to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), applied_by, duration_ms::text, "
                                 "checksum, status";
static const char columns_sqlite[] = "version, name, description, applied_at, applied_by, duration_ms, checksum, status";

static const struct {
    const char *word;
    enum ls_row_state state;
} statuses[] = {{"applied", LS_ROW_APPLIED}, {"rolled_back", LS_ROW_ROLLED_BACK}, {"failed", LS_ROW_FAILED}};

static enum ls_rc add_row(struct ls_ledger *l, const struct ls_result *r, size_t i, struct ls_err *err)
{
    struct ls_ledger_row *row = LS_VEC_PUSH(&l->rows);
    const char *duration = ls_result_get(r, i, 5), *version = ls_result_get(r, i, 0);

    *row = (struct ls_ledger_row){.id = ls_arena_str(l->arena, version != NULL ? version : "NULL"),
                                  .name = ls_arena_str(l->arena, ls_result_get(r, i, 1)),
                                  .description = ls_arena_str(l->arena, ls_result_get(r, i, 2)),
                                  .applied_at = ls_arena_str(l->arena, ls_result_get(r, i, 3)),
                                  .applied_by = ls_arena_str(l->arena, ls_result_get(r, i, 4)),
                                  .checksum = ls_arena_str(l->arena, ls_result_get(r, i, 6)),
                                  .raw_status = ls_arena_str(l->arena, ls_result_get(r, i, 7)),
                                  .state = LS_ROW_UNKNOWN,
                                  .duration_ms = duration != NULL ? strtoll(duration, NULL, 10) : -1};
    for (size_t k = 0; k < LS_ARRAY_LEN(statuses); k++)
        if (row->raw_status != NULL && strcmp(row->raw_status, statuses[k].word) == 0)
            row->state = statuses[k].state;
    l->dirty = l->dirty || row->state == LS_ROW_FAILED || row->state == LS_ROW_UNKNOWN;
    if (!ls_table_version(row->id, &row->version))
        return ls_err_set(err, LS_E_INPUT, "the ledger %s holds the version \"%s\", which is no number between 0 and %" PRId64, l->location, row->id,
                          INT64_MAX);
    return LS_OK;
}

static int by_version(const void *a, const void *b)
{
    const struct ls_ledger_row *x = a, *y = b;

    return (x->version > y->version) - (x->version < y->version);
}

static enum ls_rc read_rows(struct ls_db *db, const struct ls_table_look *look, struct ls_ledger *out, struct ls_err *err)
{
    enum ls_dialect d = ls_db_dialect(db);
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r = {0};
    enum ls_rc rc;

    ls_buf_addf(&sql, "SELECT %s FROM ", d == LS_DIALECT_POSTGRES ? columns_pg : columns_sqlite);
    rc = ls_table_sql(&sql, d, look->schema, look->table, err);
    if (rc != LS_OK)
        goto out;
    ls_buf_adds(&sql, " AS l ORDER BY l.version"); /* the column, not the text of it that is selected: 10 comes behind 9 */
    rc = ls_db_query(db, sql.ptr, NULL, 0, &r, err);
    if (rc != LS_OK)
        ls_table_unreadable(out->location, err);
    LS_VEC_RESERVE(&out->rows, r.n_rows);
    for (size_t i = 0; rc == LS_OK && i < r.n_rows; i++)
        rc = add_row(out, &r, i, err);
    /* Somebody's table may keep versions as text. Nothing has to be moved where the database's order is ours. */
    for (size_t i = 1; i < out->rows.n; i++) {
        if (out->rows.v[i - 1].version <= out->rows.v[i].version)
            continue;
        qsort(out->rows.v, out->rows.n, sizeof(out->rows.v[0]), by_version);
        break;
    }
out:
    ls_result_release(&r);
    ls_buf_release(&sql);
    return rc;
}

enum ls_rc ls_lockstep_ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    struct ls_table_look look;
    enum ls_rc rc = ls_table_look(db, opts, LS_LOCKSTEP_TABLE, ls_format_lockstep.name, out, &look, err);

    out->shape = LS_LEDGER_SET;
    if (rc == LS_OK && out->exists && out->foreign == NULL)
        rc = read_rows(db, &look, out, err);
    if (rc == LS_OK && look.has_legacy)
        rc = ls_legacy_read(db, out, err);
    return rc;
}

static const struct ls_entry *first_of(const struct ls_timeline *t, enum ls_state state)
{
    for (size_t i = 0; t->count[state] > 0 && i < t->e.n; i++)
        if (t->e.v[i].state == state)
            return &t->e.v[i];
    return NULL;
}

static enum ls_rc refuse_duplicate(const struct ls_timeline *t, const struct ls_entry *e, struct ls_err *err)
{
    const struct ls_entry *other = e + 1 < t->e.v + t->e.n && e[1].version == e->version && e[1].migration != NULL ? e + 1 : e;

    ls_err_set(err, LS_E_REFUSED, "two files claim version %s", e->label);
    ls_scan_duplicate_hint(err, t, other->migration);
    return LS_E_REFUSED;
}

enum ls_rc ls_lockstep_check(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    const struct ls_entry *e = first_of(t, LS_STATE_DUPLICATE);

    (void)dir;
    if (e != NULL)
        return refuse_duplicate(t, e, err);
    e = first_of(t, LS_STATE_DIRTY);
    if (e != NULL && e->row->state == LS_ROW_UNKNOWN) {
        ls_err_set(err, LS_E_REFUSED, "the ledger's row for version %s has the status \"%s\", which lockstep does not know", e->label,
                   e->row->raw_status != NULL ? e->row->raw_status : "NULL");
        ls_err_hint(err, "find out what is true, then mark the version applied or pending");
        return LS_E_REFUSED;
    }
    if (e != NULL) {
        ls_err_set(err, LS_E_REFUSED, "version %s is dirty: it was started and its end was not recorded", e->label);
        ls_err_hint(err, "see what is there, then mark it applied or pending (lockstep mark)");
        return LS_E_REFUSED;
    }
    if (l->has_legacy) {
        ls_err_set(err, LS_E_REFUSED, "a table " LS_LEGACY_TABLE " of an older tool says what is applied, and was not imported yet");
        ls_err_hint(err, "import it once: lockstep mark --import (the old table stays as it is)");
        return LS_E_REFUSED;
    }
    return LS_OK;
}

int ls_lockstep_lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4])
{
    const char *database = ls_db_info(db)->database;
    struct ls_buf name = LS_BUF_INIT;
    unsigned char hash[32];
    uint64_t key = 0;

    (void)opts;
    if (ls_db_dialect(db) != LS_DIALECT_POSTGRES)
        return 0;
    ls_buf_add(&name, "lockstep", sizeof("lockstep"));
    ls_buf_add(&name, database, strlen(database) + 1);
    ls_buf_adds(&name, ledger->location);
    ls_sha256_raw(name.ptr, name.len, hash);
    for (int i = 0; i < 8; i++)
        key = key << 8 | hash[i];
    memcpy(&keys[0], &key, sizeof(key));
    ls_buf_release(&name);
    return 1;
}
