/* sql/facts_internal.h: the sources of facts. Private to src/sql. */
#ifndef LOCKSTEP_SRC_SQL_FACTS_INTERNAL_H
#define LOCKSTEP_SRC_SQL_FACTS_INTERNAL_H

#include "lockstep/sql/facts.h"
#include "sql/words.h"

/* Reads on behind a verb and its object; adds flags. */
typedef void (*ls_facts_fn)(struct ls_words *w, unsigned *flags);

/* facts_words.c: what the words behind the main object tell. */
void ls_facts_drop(struct ls_words *w, unsigned *flags);        /* CASCADE */
void ls_facts_where(struct ls_words *w, unsigned *flags);       /* UPDATE, DELETE without WHERE */
void ls_facts_alter_table(struct ls_words *w, unsigned *flags); /* the list of actions */
void ls_facts_alter_type(struct ls_words *w, unsigned *flags);
void ls_facts_alter_other(struct ls_words *w, unsigned *flags); /* RENAME TO, SET SCHEMA */
void ls_facts_copy(struct ls_words *w, unsigned *flags);        /* COPY FROM writes */
void ls_facts_select(struct ls_words *w, unsigned *flags);      /* set_config(..., false) */

/* facts_sqlite.c: w stands behind PRAGMA [schema.] name. */
void ls_facts_pragma(const struct ls_words *w, struct ls_str name, unsigned *flags);

/* facts_postgres.c: false when no parser is there, or it refuses, or the statement is too large or deep for it. */
bool ls_facts_parse_postgres(const char *stmt, size_t len, unsigned *flags);

/* Whether libpg_query may see the text: neither too large nor too deep for it. Only where it is there. */
bool ls_facts_is_parsable(const char *stmt, size_t len);

/* facts.c: verb, object and flags by the first words of text. */
void ls_facts_by_words(enum ls_dialect d, const char *text, size_t len, int depth, struct ls_facts *out);

#endif
