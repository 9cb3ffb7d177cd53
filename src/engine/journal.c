/* lockstep_journal: where it is, how a row is hashed, and reading it back with its chain checked. */
#include <config.h>

#include "engine/journal_priv.h"

#include <stdlib.h>
#include <string.h>

#include "engine/session_priv.h"
#include "lockstep/sql/quote.h"

enum {
    C_SEQ,
    C_RUN,
    C_EVENT,
    C_VERSION,
    C_NAME,
    C_DIRECTION,
    C_AT,
    C_OPERATOR,
    C_HOST,
    C_TOOL,
    C_DURATION,
    C_RESULT,
    C_DETAIL,
    C_DIGEST,
    C_PREV,
    C_HASH
};

const char *const ls_journal_columns[LS_JOURNAL_COLUMNS] = {
    "seq",  "run_id", "event",       "version", "name",   "direction",   "at",        "operator",
    "host", "tool",   "duration_ms", "result",  "detail", "plan_digest", "prev_hash", "hash"};

/* Some of them tell whether a table of that name is one of ours. */
#define OUR_COLUMNS   "'seq', 'run_id', 'event', 'prev_hash', 'hash'"
#define N_OUR_COLUMNS 5

static const char find_pg[] =
    "SELECT n.nspname, c.oid IS NOT NULL, (SELECT count(*) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND "
    "NOT a.attisdropped AND a.attname IN (" OUR_COLUMNS ")) FROM pg_catalog.pg_namespace n "
    "LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = '" LS_JOURNAL_TABLE "' "
    "WHERE n.nspname = pg_catalog.current_schema()";
static const char find_sqlite[] =
    "SELECT NULL, count(*) > 0, (SELECT count(*) FROM pragma_table_info('" LS_JOURNAL_TABLE "') WHERE name IN (" OUR_COLUMNS
    ")) FROM sqlite_schema WHERE type = 'table' AND name = '" LS_JOURNAL_TABLE "'";

enum ls_rc ls_journal_find(struct ls_db *db, struct ls_arena *arena, const char **table, bool *exists, struct ls_err *err)
{
    bool is_pg = ls_db_dialect(db) == LS_DIALECT_POSTGRES;
    struct ls_buf name = LS_BUF_INIT;
    struct ls_result r = {0};
    enum ls_rc rc = ls_db_query(db, is_pg ? find_pg : find_sqlite, NULL, 0, &r, err);
    const char *there, *n_ours = NULL;

    *exists = false;
    if (rc == LS_OK && r.n_rows == 0)
        rc = ls_err_set(err, LS_E_INPUT, "no schema of the search_path exists, so the journal has no place");
    if (rc == LS_OK)
        rc = ls_sql_ident2(&name, ls_result_get(&r, 0, 0), LS_JOURNAL_TABLE, err);
    if (rc == LS_OK) {
        there = ls_result_get(&r, 0, 1);
        *exists = there != NULL && (strcmp(there, "t") == 0 || strcmp(there, "1") == 0);
        *table = ls_arena_strn(arena, name.ptr, name.len);
        n_ours = ls_result_get(&r, 0, 2);
    }
    if (rc == LS_OK && *exists && (n_ours == NULL || strtol(n_ours, NULL, 10) != N_OUR_COLUMNS)) {
        rc = ls_err_set(err, LS_E_INPUT, "the table " LS_JOURNAL_TABLE " is not lockstep's: it lacks columns of the journal");
        ls_err_hint(err, "give that table another name, or run without a journal: --no-journal, or journal = no in lockstep.conf");
    }
    ls_result_release(&r);
    ls_buf_release(&name);
    return rc;
}

void ls_journal_hash(const char *const cells[LS_JOURNAL_COLUMNS], char hex[LS_SHA256_HEX])
{
    struct ls_sha256 *h = ls_sha256_new();

    /* The hash before comes first; every field carries its length, so that no two rows read the same. */
    ls_sha256_field(h, cells[C_PREV]);
    for (int i = 0; i < C_PREV; i++)
        ls_sha256_field(h, cells[i]);
    ls_sha256_end(h, hex);
}

void ls_journal_genesis(const struct ls_db_info *info, char hex[LS_SHA256_HEX])
{
    struct ls_sha256 *h = ls_sha256_new();

    ls_sha256_field(h, info == NULL ? "lockstep journal 2" : "lockstep journal 1");
    if (info != NULL) {
        ls_sha256_field(h, info->system_id);
        ls_sha256_field(h, info->database);
    }
    ls_sha256_end(h, hex);
}

/* Whether a row is the one that a journal of this database begins with. */
static bool is_first(const struct ls_journal_row *row, const struct ls_db_info *info)
{
    char now[LS_SHA256_HEX], before[LS_SHA256_HEX];

    ls_journal_genesis(NULL, now);
    ls_journal_genesis(info, before);
    return row->seq == 1 && row->prev_hash != NULL && (strcmp(row->prev_hash, now) == 0 || strcmp(row->prev_hash, before) == 0);
}

static void add_row(struct ls_journal *j, const struct ls_result *r, size_t i)
{
    struct ls_journal_row *row = LS_VEC_PUSH(&j->rows);
    const char *cells[LS_JOURNAL_COLUMNS];
    const char **texts[LS_JOURNAL_COLUMNS] = {
        [C_RUN] = &row->run_id,
        [C_EVENT] = &row->event,
        [C_VERSION] = &row->version,
        [C_NAME] = &row->name,
        [C_DIRECTION] = &row->direction,
        [C_AT] = &row->at,
        [C_OPERATOR] = &row->operator_name,
        [C_HOST] = &row->host,
        [C_TOOL] = &row->tool,
        [C_RESULT] = &row->result,
        [C_DETAIL] = &row->detail,
        [C_DIGEST] = &row->plan_digest,
        [C_PREV] = &row->prev_hash,
        [C_HASH] = &row->hash,
    };
    char hash[LS_SHA256_HEX];

    for (int c = 0; c < LS_JOURNAL_COLUMNS; c++) {
        cells[c] = ls_result_get(r, i, c);
        if (texts[c] != NULL)
            *texts[c] = ls_arena_str(j->arena, cells[c]);
    }
    row->seq = cells[C_SEQ] != NULL ? strtoll(cells[C_SEQ], NULL, 10) : 0;
    row->duration_ms = cells[C_DURATION] != NULL ? strtoll(cells[C_DURATION], NULL, 10) : -1;
    ls_journal_hash(cells, hash);
    row->chain_ok = row->hash != NULL && strcmp(row->hash, hash) == 0;
}

/* Rows came newest first, with one more than asked for, which only lends its hash to the link behind it. */
static void link_rows(struct ls_journal *j, size_t limit, const struct ls_db_info *info)
{
    size_t n = j->rows.n;

    for (size_t i = 0; i < n / 2; i++) {
        struct ls_journal_row swap = j->rows.v[i];

        j->rows.v[i] = j->rows.v[n - 1 - i];
        j->rows.v[n - 1 - i] = swap;
    }
    for (size_t i = 0; i < n; i++) {
        struct ls_journal_row *row = &j->rows.v[i];

        if (i > 0)
            row->chain_ok = row->chain_ok && row->seq == row[-1].seq + 1 && row->prev_hash != NULL && row[-1].hash != NULL &&
                            strcmp(row->prev_hash, row[-1].hash) == 0;
        else if (limit == 0 || n <= limit)
            row->chain_ok = row->chain_ok && is_first(row, info);
        if (!row->chain_ok && j->first_broken_seq == 0)
            j->first_broken_seq = row->seq;
    }
    if (limit > 0 && n > limit) {
        for (size_t i = 1; i < n; i++)
            j->rows.v[i - 1] = j->rows.v[i];
        j->rows.n = n - 1;
    }
}

enum ls_rc ls_journal_read(struct ls_session *s, size_t limit, struct ls_journal *out, struct ls_err *err)
{
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r = {0};
    const char *table = NULL;
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    rc = ls_session_connect_to_read(s, err);
    if (rc == LS_OK)
        rc = ls_journal_find(s->db, out->arena, &table, &out->exists, err);
    if (rc != LS_OK || !out->exists)
        goto out;
    ls_buf_adds(&sql, "SELECT ");
    for (int i = 0; i < LS_JOURNAL_COLUMNS; i++)
        ls_buf_addf(&sql, "%s\"%s\"", i > 0 ? ", " : "", ls_journal_columns[i]);
    ls_buf_addf(&sql, " FROM %s ORDER BY \"seq\" DESC", table);
    if (limit > 0)
        ls_buf_addf(&sql, " LIMIT %zu", limit + 1);
    rc = ls_db_query(s->db, sql.ptr, NULL, 0, &r, err);
    if (rc != LS_OK)
        ls_err_wrap(err, "reading the journal " LS_JOURNAL_TABLE);
    for (size_t i = 0; rc == LS_OK && i < r.n_rows; i++)
        add_row(out, &r, i);
    if (rc == LS_OK)
        link_rows(out, limit, ls_db_info(s->db));
out:
    ls_result_release(&r);
    ls_buf_release(&sql);
    if (rc != LS_OK)
        ls_journal_release(out);
    return rc;
}

void ls_journal_release(struct ls_journal *j)
{
    LS_VEC_RELEASE(&j->rows);
    ls_arena_free(j->arena);
    j->arena = NULL;
}
