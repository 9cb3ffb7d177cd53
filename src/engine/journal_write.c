#include <config.h>

#include "engine/journal_priv.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/hash.h"

static const char create_columns[] = "NOT NULL PRIMARY KEY, \"run_id\" text NOT NULL, \"event\" text NOT NULL, \"version\" text, "
                                     "\"name\" text, \"direction\" text, \"at\" text NOT NULL, \"operator\" text, \"host\" text, \"tool\" text, "
                                     "\"duration_ms\" bigint, \"result\" text, \"detail\" text, \"plan_digest\" text, "
                                     "\"prev_hash\" text NOT NULL, \"hash\" text NOT NULL)";

static enum ls_rc make_table(struct ls_journal_writer *w, struct ls_db *db, struct ls_err *err)
{
    struct ls_buf sql = LS_BUF_INIT;
    enum ls_rc rc;

    /* SQLite has no lock of the operators: another one may make it first. */
    /* INTEGER is SQLite's word for the row's own number: no index beside the table, and a page less to write in each transaction. */
    ls_buf_addf(&sql, "CREATE TABLE IF NOT EXISTS %s (\"seq\" %s %s", w->table,
                ls_db_dialect(db) == LS_DIALECT_SQLITE ? "INTEGER" : "bigint", create_columns);
    rc = ls_db_begin(db, err);
    if (rc == LS_OK)
        rc = ls_db_exec(db, sql.ptr, sql.len, NULL, 0, NULL, err);
    if (rc == LS_OK)
        rc = ls_db_commit(db, err);
    ls_buf_release(&sql);
    if (rc == LS_OK)
        return LS_OK;
    ls_db_rollback(db);
    if (rc != LS_E_BUSY)
        ls_err_hint(err, "run without a journal (--no-journal, or journal = no in lockstep.conf), or let this role create the table %s",
                w->table);
    ls_err_wrap(err, "making the journal table " LS_JOURNAL_TABLE);
    return rc;
}

enum ls_rc ls_journal_reread(struct ls_journal_writer *w, struct ls_db *db, struct ls_err *err)
{
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r = {0};
    enum ls_rc rc;

    ls_buf_addf(&sql, "SELECT \"seq\", \"hash\" FROM %s ORDER BY \"seq\" DESC LIMIT 1", w->table);
    rc = ls_db_query(db, sql.ptr, NULL, 0, &r, err);
    ls_buf_release(&sql);
    if (rc != LS_OK) {
        ls_err_hint(err, "run without a journal: --no-journal, or journal = no in lockstep.conf");
        ls_err_wrap(err, "reading the journal " LS_JOURNAL_TABLE);
    } else if (r.n_rows > 0 && ls_result_get(&r, 0, 0) != NULL && ls_result_get(&r, 0, 1) != NULL) {
        w->seq = strtoll(ls_result_get(&r, 0, 0), NULL, 10);
        snprintf(w->hash, sizeof(w->hash), "%s", ls_result_get(&r, 0, 1));
    } else {
        ls_journal_genesis(NULL, w->hash);
        w->seq = 0;
    }
    ls_result_release(&r);
    ls_journal_rolled_back(w);
    return rc;
}

enum ls_rc ls_journal_follow(struct ls_journal_writer *w, struct ls_db *db, struct ls_err *err)
{
    return ls_db_dialect(db) == LS_DIALECT_SQLITE ? ls_journal_reread(w, db, err) : LS_OK;
}

static void make_insert(struct ls_journal_writer *w, bool is_pg)
{
    struct ls_buf sql = LS_BUF_INIT;

    ls_buf_addf(&sql, "INSERT INTO %s (", w->table);
    for (int i = 0; i < LS_JOURNAL_COLUMNS; i++)
        ls_buf_addf(&sql, "%s\"%s\"", i > 0 ? ", " : "", ls_journal_columns[i]);
    ls_buf_adds(&sql, ") VALUES (");
    for (int i = 0; i < LS_JOURNAL_COLUMNS; i++)
        ls_buf_addf(&sql, "%s%c%d", i > 0 ? ", " : "", is_pg ? '$' : '?', i + 1);
    ls_buf_addc(&sql, ')');
    w->insert_sql = ls_arena_strn(w->arena, sql.ptr, sql.len);
    ls_buf_release(&sql);
}

/* Unique enough to tell runs apart; nothing secret hangs on it. */
static void make_run_id(struct ls_journal_writer *w)
{
    char stamp[LS_ISO_LEN], seed[128], hex[LS_SHA256_HEX];
    int64_t now = ls_wall_us();

    ls_stamp_utc(now, stamp);
    snprintf(seed, sizeof(seed), "%" PRId64 " %" PRId64 " %ld %s", now, ls_mono_us(), (long)getpid(), w->host);
    ls_sha256_hex(seed, strlen(seed), hex);
    snprintf(w->run_id, sizeof(w->run_id), "%.14s-%.8s", stamp, hex);
}

enum ls_rc ls_journal_open(struct ls_journal_writer *w, struct ls_db *db, const char *operator_name, const char *plan_digest, struct ls_err *err)
{
    char host[256] = "";
    bool exists;
    enum ls_rc rc;

    memset(w, 0, sizeof(*w));
    w->arena = ls_arena_new();
    if (gethostname(host, sizeof(host) - 1) != 0)
        host[0] = '\0';
    w->host = ls_arena_str(w->arena, host);
    w->operator_name = ls_arena_str(w->arena, operator_name);
    w->plan_digest = ls_arena_str(w->arena, plan_digest);
    rc = ls_journal_find(db, w->arena, &w->table, &exists, err);
    if (rc == LS_OK && !exists)
        rc = make_table(w, db, err);
    if (rc == LS_OK)
        rc = ls_journal_reread(w, db, err);
    if (rc != LS_OK)
        return rc;
    make_insert(w, ls_db_dialect(db) == LS_DIALECT_POSTGRES);
    make_run_id(w);
    return LS_OK;
}

static const char *iso_now(struct ls_journal_writer *w)
{
    int64_t now = ls_wall_us();
    char iso[LS_ISO_LEN];

    /* 2026-11-29T16:38:44Z, with the milliseconds put in front of the Z. */
    ls_iso_utc(now, iso);
    iso[strcspn(iso, "Z")] = '\0';
    return ls_arena_printf(w->arena, "%s.%03dZ", iso, (int)(now / 1000 % 1000));
}

struct ls_db_call ls_journal_row_call(struct ls_journal_writer *w, const struct ls_journal_entry *e)
{
    struct ls_param *p = LS_ARENA_ARRAY(w->arena, struct ls_param, LS_JOURNAL_COLUMNS);
    const char *cells[LS_JOURNAL_COLUMNS];

    w->next_seq++;
    cells[0] = ls_arena_printf(w->arena, "%" PRId64, w->next_seq);
    cells[1] = w->run_id;
    cells[2] = e->event;
    cells[3] = e->version;
    cells[4] = e->name;
    cells[5] = e->direction;
    cells[6] = iso_now(w);
    cells[7] = w->operator_name;
    cells[8] = w->host;
    cells[9] = "lockstep " PACKAGE_VERSION;
    cells[10] = e->duration_ms >= 0 ? ls_arena_printf(w->arena, "%" PRId64, e->duration_ms) : NULL;
    cells[11] = e->result;
    cells[12] = e->detail;
    cells[13] = w->plan_digest;
    cells[14] = ls_arena_str(w->arena, w->next_hash);
    ls_journal_hash(cells, w->next_hash);
    cells[15] = ls_arena_str(w->arena, w->next_hash);
    for (int i = 0; i < LS_JOURNAL_COLUMNS; i++) {
        bool is_int = i == 0 || i == 10;

        p[i].kind = cells[i] == NULL ? LS_PARAM_NULL : is_int ? LS_PARAM_INT : LS_PARAM_TEXT;
        p[i].text = ls_arena_str(w->arena, cells[i]);
    }
    return (struct ls_db_call){w->insert_sql, strlen(w->insert_sql), p, LS_JOURNAL_COLUMNS};
}

void ls_journal_committed(struct ls_journal_writer *w)
{
    w->seq = w->next_seq;
    memcpy(w->hash, w->next_hash, sizeof(w->hash));
}

void ls_journal_rolled_back(struct ls_journal_writer *w)
{
    w->next_seq = w->seq;
    memcpy(w->next_hash, w->hash, sizeof(w->hash));
}

enum ls_rc ls_journal_write(struct ls_journal_writer *w, struct ls_db *db, const struct ls_journal_entry *e, struct ls_err *err)
{
    enum ls_rc rc = ls_db_begin(db, err);

    if (rc == LS_OK)
        rc = ls_journal_follow(w, db, err);
    if (rc == LS_OK) {
        struct ls_db_call call = ls_journal_row_call(w, e);

        rc = ls_db_exec(db, call.sql, call.len, call.params, call.n_params, NULL, err);
    }
    if (rc == LS_OK)
        rc = ls_db_commit(db, err);
    if (rc == LS_OK) {
        ls_journal_committed(w);
        return LS_OK;
    }
    ls_db_rollback(db);
    ls_journal_rolled_back(w);
    ls_err_wrap(err, "writing the journal " LS_JOURNAL_TABLE);
    return rc;
}

enum ls_rc ls_journal_has_pending(struct ls_journal_writer *w, struct ls_db *db, bool *out, struct ls_err *err)
{
    bool is_pg = ls_db_dialect(db) == LS_DIALECT_POSTGRES;
    struct ls_param p = {LS_PARAM_TEXT, w->next_hash};
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r = {0};
    enum ls_rc rc;

    ls_buf_addf(&sql, "SELECT 1 FROM %s WHERE \"hash\" = %s", w->table, is_pg ? "$1" : "?1");
    rc = ls_db_query(db, sql.ptr, &p, 1, &r, err);
    *out = rc == LS_OK && r.n_rows > 0;
    ls_result_release(&r);
    ls_buf_release(&sql);
    return rc;
}

void ls_journal_close(struct ls_journal_writer *w)
{
    ls_arena_free(w->arena);
    w->arena = NULL;
}
