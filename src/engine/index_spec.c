/* CREATE INDEX out of a spec: for a migration, a scratch copy, HypoPG and a screen alike. */
#include <config.h>

#include "lockstep/engine/index.h"

#include <string.h>

#include "lockstep/sql/quote.h"

/* SQLite: the schema stands in front of the index, and main goes without saying. */
static enum ls_rc add_target(struct ls_buf *out, enum ls_dialect d, const struct ls_index_spec *s, unsigned how, struct ls_err *err)
{
    bool is_pg = d == LS_DIALECT_POSTGRES, is_main = s->schema != NULL && strcmp(s->schema, "main") == 0;
    enum ls_rc rc = LS_OK;

    if (s->name != NULL) {
        ls_buf_addc(out, ' ');
        rc = ls_sql_ident2(out, is_pg || is_main ? NULL : s->schema, s->name, err);
    }
    ls_buf_adds(out, (how & LS_SPEC_ONLY) ? " ON ONLY " : " ON ");
    return rc == LS_OK ? ls_sql_ident2(out, is_pg ? s->schema : NULL, s->table, err) : rc;
}

enum ls_rc ls_index_spec_sql(struct ls_buf *out, enum ls_dialect d, const struct ls_index_spec *s, unsigned how, struct ls_err *err)
{
    size_t start = out->len;
    enum ls_rc rc;

    ls_buf_addf(out, "CREATE %sINDEX%s", s->is_unique ? "UNIQUE " : "", (how & LS_SPEC_CONCURRENTLY) ? " CONCURRENTLY" : "");
    rc = add_target(out, d, s, how, err);
    if (rc == LS_OK && d == LS_DIALECT_POSTGRES && s->method != NULL && s->method[0] != '\0' && strcmp(s->method, "btree") != 0) {
        ls_buf_adds(out, " USING ");
        rc = ls_sql_ident(out, s->method, err);
    }
    for (uint32_t i = 0; i < s->n_keys; i++)
        ls_buf_addf(out, "%s%s", i == 0 ? " (" : ", ", s->keys[i]);
    ls_buf_addc(out, ')');
    if (s->predicate != NULL && s->predicate[0] != '\0')
        ls_buf_addf(out, " WHERE %s", s->predicate);
    if (rc != LS_OK)
        ls_buf_truncate(out, start);
    return rc;
}
