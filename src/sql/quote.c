/* sql/quote.c: names and literals as SQL text. */
#include <config.h>
#include "lockstep/sql/quote.h"

#include "lockstep/base/text.h"

#include <string.h>

static void add_doubled(struct ls_buf *out, const char *text, const char *doubled)
{
    for (;;) {
        size_t n = strcspn(text, doubled);
        ls_buf_add(out, text, n);
        text += n;
        if (*text == '\0')
            return;
        ls_buf_addc(out, *text);
        ls_buf_addc(out, *text++);
    }
}

enum ls_rc ls_sql_ident(struct ls_buf *out, const char *name, struct ls_err *err)
{
    size_t bad = 0;
    if (!name || *name == '\0')
        return ls_err_set(err, LS_E_INPUT, "a name is empty");
    if (!ls_utf8_valid(name, strlen(name), &bad))
        return ls_err_set(err, LS_E_INPUT, "a name is not valid UTF-8 (byte %zu)", bad + 1);
    ls_buf_addc(out, '"');
    add_doubled(out, name, "\"");
    ls_buf_addc(out, '"');
    return LS_OK;
}

enum ls_rc ls_sql_ident2(struct ls_buf *out, const char *schema, const char *name, struct ls_err *err)
{
    size_t before = out->len;
    if (schema && *schema) {
        enum ls_rc rc = ls_sql_ident(out, schema, err);
        if (rc != LS_OK)
            return rc;
        ls_buf_addc(out, '.');
    }
    enum ls_rc rc = ls_sql_ident(out, name, err);
    if (rc != LS_OK)
        ls_buf_truncate(out, before); /* no half name */
    return rc;
}

void ls_sql_literal(struct ls_buf *out, enum ls_dialect d, const char *text)
{
    if (!text) {
        ls_buf_adds(out, "NULL");
        return;
    }
    bool escapes = d == LS_DIALECT_POSTGRES && strchr(text, '\\');
    ls_buf_adds(out, escapes ? "E'" : "'");
    add_doubled(out, text, escapes ? "'\\" : "'");
    ls_buf_addc(out, '\'');
}
