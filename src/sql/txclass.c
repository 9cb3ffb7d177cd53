/* sql/txclass.c: the transaction class of a statement: the first rule of its dialect's table that fits. */
#include <config.h>
#include "sql/txclass_internal.h"

#include <string.h>

const char *ls_tx_class_name(enum ls_tx_class c)
{
    static const char *const names[] = {
        [LS_TX_TRANSACTIONAL] = "transactional",
        [LS_TX_FORBIDS] = "no-transaction",
        [LS_TX_CONTROLS] = "transaction-control",
    };
    return names[c];
}

/* Whether a word that begins with `letter` may be the pattern's first: most statements are done after this. */
static bool may_begin(const char *pattern, char letter)
{
    while (*pattern != letter) {
        pattern += strcspn(pattern, "| ");
        if (*pattern++ != '|')
            return false;
    }
    return true;
}

enum ls_tx_class ls_sql_tx_class(enum ls_dialect dialect, const char *stmt, size_t len)
{
    const struct ls_tx_rule *rules = dialect == LS_DIALECT_SQLITE ? ls_tx_rules_sqlite : ls_tx_rules_postgres;
    size_t n = dialect == LS_DIALECT_SQLITE ? ls_n_tx_rules_sqlite : ls_n_tx_rules_postgres;
    struct ls_words first;
    ls_words_init(&first, dialect, stmt, len);
    if (first.t.kind != LS_TOK_WORD)
        return LS_TX_TRANSACTIONAL;
    char letter = (char)(stmt[first.t.start] & ~0x20); /* upper case */
    for (size_t i = 0; i < n; i++) {
        if (!may_begin(rules[i].pattern, letter))
            continue;
        struct ls_words w = first;
        if (ls_words_match(&w, rules[i].pattern) && (!rules[i].refine || rules[i].refine(&w)))
            return rules[i].tx;
    }
    return LS_TX_TRANSACTIONAL;
}
