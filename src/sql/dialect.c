/* sql/dialect.c: the names of the two dialects. */
#include <config.h>
#include "lockstep/sql/dialect.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *word;
    enum ls_dialect dialect;
} words[] = {
    {"postgres", LS_DIALECT_POSTGRES}, {"postgresql", LS_DIALECT_POSTGRES}, {"pg", LS_DIALECT_POSTGRES},
    {"sqlite", LS_DIALECT_SQLITE},     {"sqlite3", LS_DIALECT_SQLITE},
};

const char *ls_dialect_name(enum ls_dialect d)
{
    return d == LS_DIALECT_SQLITE ? "sqlite" : "postgres";
}

bool ls_dialect_parse(const char *name, enum ls_dialect *out)
{
    if (!name)
        return false;
    for (size_t i = 0; i < LS_ARRAY_LEN(words); i++) {
        if (strcasecmp(name, words[i].word) == 0) {
            *out = words[i].dialect;
            return true;
        }
    }
    return false;
}
