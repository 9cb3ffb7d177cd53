/* sql/txclass_sqlite.c: which SQLite statements must stay outside of a transaction, or control one.
 *
 * Observed on 3.40, each inside BEGIN IMMEDIATE with a write before it: VACUUM and VACUUM INTO are refused; PRAGMA synchronous is
 * refused; foreign_keys and journal_mode are ignored without an error; wal_checkpoint is "locked". All of these forbid a
 * transaction: what is silently ignored is worse than what fails. Reading one of them (PRAGMA foreign_keys) is harmless.
 * ATTACH runs inside, but a rollback does not take it back, and DETACH is refused once the transaction used the database: both
 * stay outside. Pragmas that only an empty database takes (page_size, encoding, auto_vacuum) do not depend on transactions. */
#include <config.h>
#include "sql/txclass_internal.h"

static const struct {
    const char *name, *quoted; /* quoted: as "name" */
    bool acts_when_read;       /* also without a value */
} outer_pragmas[] = {
    {"FOREIGN_KEYS", "\"foreign_keys\"", false},
    {"JOURNAL_MODE", "\"journal_mode\"", false},
    {"SYNCHRONOUS", "\"synchronous\"", false},
    {"WAL_CHECKPOINT", "\"wal_checkpoint\"", true},
};

/* w stands behind PRAGMA. */
static bool is_outer(const struct ls_words *rest)
{
    struct ls_words w = *rest, ahead = *rest;
    ls_words_next(&ahead);
    if (ls_words_take_text(&ahead, ".")) /* schema.name */
        w = ahead;
    for (size_t i = 0; i < LS_ARRAY_LEN(outer_pragmas); i++) {
        if (!ls_words_is(&w, outer_pragmas[i].name) && !ls_words_is_text(&w, outer_pragmas[i].quoted))
            continue;
        ls_words_next(&w);
        return outer_pragmas[i].acts_when_read || ls_words_is_text(&w, "=") || ls_words_is_text(&w, "(");
    }
    return false;
}

bool ls_sql_is_outer_pragma(const char *stmt, size_t len)
{
    struct ls_words w;
    ls_words_init(&w, LS_DIALECT_SQLITE, stmt, len);
    return ls_words_take(&w, "PRAGMA") && is_outer(&w);
}

const struct ls_tx_rule ls_tx_rules_sqlite[] = {
    {.pattern = "VACUUM|ATTACH|DETACH", .tx = LS_TX_FORBIDS},
    {.pattern = "PRAGMA", .refine = is_outer, .tx = LS_TX_FORBIDS},
    {.pattern = "BEGIN|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE", .tx = LS_TX_CONTROLS},
};
const size_t ls_n_tx_rules_sqlite = LS_ARRAY_LEN(ls_tx_rules_sqlite);
