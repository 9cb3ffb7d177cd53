/* sql/txclass_internal.h: the dialects' tables of what a statement may do to a transaction. Private to src/sql. */
#ifndef LOCKSTEP_SRC_SQL_TXCLASS_INTERNAL_H
#define LOCKSTEP_SRC_SQL_TXCLASS_INTERNAL_H

#include "lockstep/sql/split.h"
#include "sql/words.h"

struct ls_tx_rule {
    const char *pattern;                         /* ls_words_match from the first token on */
    bool (*refine)(const struct ls_words *rest); /* NULL, or whether the rule holds for what follows the pattern */
    enum ls_tx_class tx;
};

extern const struct ls_tx_rule ls_tx_rules_postgres[];
extern const size_t ls_n_tx_rules_postgres;
extern const struct ls_tx_rule ls_tx_rules_sqlite[];
extern const size_t ls_n_tx_rules_sqlite;

#endif
