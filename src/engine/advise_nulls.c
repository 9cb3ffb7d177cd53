/* SQLite's statistics do not tell how many entries of an index are NULL (IX10): they are counted, once, on the copy. */
#include <config.h>

#include "engine/advise_priv.h"

#include <stdlib.h>

#include "lockstep/sql/quote.h"

#define ENTRIES_MIN 10000 /* fewer seldom make the 1 MiB from which on IX10 speaks */
#define ENTRY_BYTES 8     /* at least: the cell's place and length, the record's header, the rowid */

static bool is_countable(const struct ls_usage_index *x)
{
    return x->n_keys == 1 && x->keys[0].column != NULL && x->predicate[0] == '\0' && !x->is_unique;
}

bool ls_advise_can_count(const struct ls_usage *u)
{
    for (uint32_t i = 0; u->dialect == LS_DIALECT_SQLITE && i < u->n_indexes; i++)
        if (is_countable(&u->indexes[i]))
            return true;
    return false;
}

static int64_t number(const struct ls_result *r, int col)
{
    const char *text = ls_result_get(r, 0, col);

    return text != NULL ? strtoll(text, NULL, 10) : -1;
}

static void count_one(struct adv_job *j, const struct ls_usage_index *x, struct ls_null_count *out)
{
    static const char size[] = "SELECT sum(pgsize) FROM dbstat('main') WHERE name = ?";
    const struct ls_param p = {LS_PARAM_TEXT, x->name};
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r;
    enum ls_rc rc;

    ls_buf_adds(&sql, "SELECT count(*), count(");
    rc = ls_sql_ident(&sql, x->keys[0].column, NULL);
    ls_buf_adds(&sql, ") FROM ");
    if (rc == LS_OK)
        rc = ls_sql_ident(&sql, j->u->tables[x->table].name, NULL);
    if (rc == LS_OK)
        rc = ls_db_query(j->stage->db, sql.ptr, NULL, 0, &r, NULL);
    if (rc == LS_OK) {
        if (number(&r, 0) >= ENTRIES_MIN)
            *out = (struct ls_null_count){1 - (double)number(&r, 1) / (double)number(&r, 0), number(&r, 0) * ENTRY_BYTES};
        ls_result_release(&r);
    }
    if (out->share >= 0 && ls_db_query(j->stage->db, size, &p, 1, &r, NULL) == LS_OK) {
        out->bytes = number(&r, 0) > 0 ? number(&r, 0) : out->bytes;
        ls_result_release(&r);
    }
    ls_buf_release(&sql);
}

enum ls_rc adv_count_nulls(struct adv_job *j, struct ls_err *err)
{
    struct ls_null_count *all;

    if (j->dialect != LS_DIALECT_SQLITE || !j->stage->is_clone || !ls_advise_can_count(j->u))
        return LS_OK;
    all = LS_ARENA_ARRAY(j->arena, struct ls_null_count, j->u->n_indexes + 1);
    for (uint32_t i = 0; i < j->u->n_indexes; i++) {
        all[i] = (struct ls_null_count){-1, -1};
        if (!adv_tell(j, "counting NULLs", i, j->u->n_indexes))
            return side_stopped(err);
        if (is_countable(&j->u->indexes[i]))
            count_one(j, &j->u->indexes[i], &all[i]);
    }
    j->out->nulls = all;
    return LS_OK;
}
