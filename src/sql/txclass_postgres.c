/* sql/txclass_postgres.c: which PostgreSQL statements cannot run in a transaction block (SQLSTATE 25001) or control one.
 *
 * Facts: observed on 15 and the calls of PreventInTransactionBlock in its source. What depends on the catalogue and not on
 * the text stays transactional, and the server says so: REINDEX and CLUSTER of a partitioned table, CALL of a procedure
 * that commits. DROP SUBSCRIPTION is refused only while it has a slot, which the text does not tell: it counts as such. */
#include <config.h>
#include "sql/txclass_internal.h"

#include <string.h>
#include <strings.h>

enum option { OPTION_ABSENT, OPTION_FALSE, OPTION_TRUE };

/* The token as an option's value: false, off and 0, bare or as a string; whatever else is true or the server's to refuse. */
static bool is_false(const struct ls_words *w)
{
    static const char *const words[] = {"false", "off", "0"};
    const char *p = w->lx.text + w->t.start;
    size_t n = w->t.end - w->t.start;
    if (n >= 2 && (w->t.kind == LS_TOK_STRING || w->t.kind == LS_TOK_QUOTED)) {
        p++;
        n -= 2;
    }
    for (size_t i = 0; i < LS_ARRAY_LEN(words); i++)
        if (n == strlen(words[i]) && strncasecmp(p, words[i], n) == 0)
            return true;
    return false;
}

static bool is_option(const struct ls_words *w, const char *upper, const char *quoted)
{
    return ls_words_is(w, upper) || ls_words_is_text(w, quoted);
}

/* A boolean in "( name [=] [value], ... )", where w stands at the '('. The last of several wins, as in defGetBoolean's callers. */
static enum option bool_option(struct ls_words *w, const char *upper, const char *quoted)
{
    enum option found = OPTION_ABSENT;
    if (!ls_words_is_text(w, "("))
        return found;
    ls_words_next(w);
    while (!ls_words_end(w) && w->t.kind != LS_TOK_CLOSE) {
        bool here = is_option(w, upper, quoted);
        ls_words_next(w);
        (void)ls_words_take_text(w, "=");
        if (here)
            found = is_false(w) ? OPTION_FALSE : OPTION_TRUE;
        while (!ls_words_end(w) && w->t.kind != LS_TOK_CLOSE && !ls_words_is_text(w, ","))
            ls_words_next(w);
        (void)ls_words_take_text(w, ",");
    }
    (void)ls_words_take_text(w, ")");
    return found;
}

/* REINDEX [(options)] INDEX|TABLE|SCHEMA|DATABASE|SYSTEM [CONCURRENTLY] name */
static bool reindex_forbids(const struct ls_words *rest)
{
    struct ls_words w = *rest;
    enum option concurrently = bool_option(&w, "CONCURRENTLY", "\"concurrently\"");
    if (ls_words_match(&w, "SCHEMA|DATABASE|SYSTEM"))
        return true;
    return concurrently == OPTION_TRUE || ls_words_match(&w, "INDEX|TABLE CONCURRENTLY");
}

/* CLUSTER [VERBOSE | (options)] without a table */
static bool cluster_forbids(const struct ls_words *rest)
{
    struct ls_words w = *rest;
    if (ls_words_is_text(&w, "("))
        ls_words_skip_brackets(&w);
    else
        (void)ls_words_take(&w, "VERBOSE");
    return ls_words_end(&w);
}

/* A cursor at the '(' behind the last WITH outside of brackets: false when there is none. */
static bool find_with(struct ls_words *w)
{
    while (!ls_words_end(w)) {
        if (ls_words_take(w, "WITH")) {
            if (ls_words_is_text(w, "("))
                return true;
        } else if (w->t.kind == LS_TOK_OPEN) {
            ls_words_skip_brackets(w);
        } else {
            ls_words_next(w);
        }
    }
    return false;
}

static bool with_is_false(const struct ls_words *rest, const char *upper, const char *quoted)
{
    struct ls_words w = *rest;
    return find_with(&w) && bool_option(&w, upper, quoted) == OPTION_FALSE;
}

/* CREATE SUBSCRIPTION makes a slot on the publisher unless told not to. */
static bool subscription_has_slot(const struct ls_words *rest)
{
    return !with_is_false(rest, "CREATE_SLOT", "\"create_slot\"") && !with_is_false(rest, "CONNECT", "\"connect\"");
}

static bool subscription_refreshes(const struct ls_words *rest)
{
    return !with_is_false(rest, "REFRESH", "\"refresh\"");
}

#define FORBIDS(text)                                                                                                              \
    {                                                                                                                              \
        .pattern = text, .tx = LS_TX_FORBIDS                                                                                       \
    }
#define FORBIDS_IF(text, fn)                                                                                                       \
    {                                                                                                                              \
        .pattern = text, .refine = fn, .tx = LS_TX_FORBIDS                                                                         \
    }
#define CONTROLS(text)                                                                                                             \
    {                                                                                                                              \
        .pattern = text, .tx = LS_TX_CONTROLS                                                                                      \
    }

const struct ls_tx_rule ls_tx_rules_postgres[] = {
    FORBIDS("VACUUM"),
    FORBIDS("CREATE|DROP DATABASE|TABLESPACE"),
    FORBIDS("CREATE ?UNIQUE INDEX CONCURRENTLY"),
    FORBIDS("DROP INDEX CONCURRENTLY"),
    FORBIDS_IF("CREATE SUBSCRIPTION", subscription_has_slot),
    FORBIDS("DROP SUBSCRIPTION"),
    FORBIDS("ALTER SYSTEM"),
    FORBIDS("ALTER DATABASE @ SET TABLESPACE"),
    FORBIDS("ALTER DATABASE @ ?WITH TABLESPACE"), /* the grammar takes it as an option too */
    FORBIDS("ALTER TABLE ?IF ?EXISTS ?ONLY @ ?* DETACH PARTITION @ CONCURRENTLY"),
    FORBIDS("ALTER TABLE @ DETACH PARTITION @ CONCURRENTLY"), /* a table called "if" */
    FORBIDS("ALTER SUBSCRIPTION @ REFRESH"),
    FORBIDS_IF("ALTER SUBSCRIPTION @ SET|ADD|DROP PUBLICATION", subscription_refreshes),
    FORBIDS_IF("REINDEX", reindex_forbids),
    FORBIDS_IF("CLUSTER", cluster_forbids),
    FORBIDS("DISCARD ALL"),
    FORBIDS("COMMIT|ROLLBACK PREPARED"),
    CONTROLS("BEGIN|COMMIT|ROLLBACK|END|ABORT|SAVEPOINT|RELEASE"),
    CONTROLS("START TRANSACTION"),
    CONTROLS("PREPARE TRANSACTION '"), /* not PREPARE transaction AS ... */
};
const size_t ls_n_tx_rules_postgres = LS_ARRAY_LEN(ls_tx_rules_postgres);
