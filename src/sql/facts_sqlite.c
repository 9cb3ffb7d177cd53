/* sql/facts_sqlite.c: which pragmas change the session. */
#include <config.h>
#include "sql/facts_internal.h"

#include <string.h>
#include <strings.h>

/* Pragmas whose argument sets nothing in the session: they report, act once, write to the file, or end with the transaction. */
static const char *const passing[] = {
    "user_version",    "application_id", "schema_version",    "defer_foreign_keys", "wal_checkpoint",
    "integrity_check", "quick_check",    "foreign_key_check", "foreign_key_list",   "incremental_vacuum",
    "optimize",        "table_info",     "table_xinfo",       "table_list",         "index_info",
    "index_xinfo",     "index_list",     "page_size",         "encoding",           "auto_vacuum",
};

static bool is(struct ls_str s, const char *name)
{
    return s.len == strlen(name) && strncasecmp(s.ptr, name, s.len) == 0;
}

void ls_facts_pragma(const struct ls_words *w, struct ls_str name, unsigned *flags)
{
    const char *dot = memrchr(name.ptr, '.', name.len);
    if (dot) {
        name.len -= (size_t)(dot - name.ptr) + 1;
        name.ptr = dot + 1;
    }
    if (name.len >= 2 && strchr("\"`[", *name.ptr)) {
        name.ptr++;
        name.len -= 2;
    }
    if (!ls_words_is_text(w, "=") && !ls_words_is_text(w, "("))
        return;
    for (size_t i = 0; i < LS_ARRAY_LEN(passing); i++)
        if (is(name, passing[i]))
            return;
    *flags |= LS_FACT_SESSION_SET;
    if (is(name, "foreign_keys"))
        *flags |= LS_FACT_FK_PRAGMA;
}
