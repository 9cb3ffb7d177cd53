/* diff/ddl_priv.h: pieces of statements. */
#ifndef LS_DIFF_DDL_PRIV_H
#define LS_DIFF_DDL_PRIV_H

#include "lockstep/base/buf.h"
#include "lockstep/model/catalog.h"

/* ddl_text.c */
void ddl_name(struct ls_buf *out, const char *s); /* quoted only where it is needed */
void ddl_qualified(struct ls_buf *out, const char *schema, const char *s);
/* "BEFORE value AFTER" when the attribute is there. */
void ddl_clause(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *before, const char *after);
/* The same in capitals, up to a parenthesis or " of ": for words that are no names. */
void ddl_loud(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *before, const char *after);
void ddl_word(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *text);
bool ddl_is(const struct ls_fact *f, enum ls_attr a, const char *value); /* "" where it is not there */
/* An expression in one pair of parentheses, which it may have itself already. */
void ddl_enclosed(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *before);
/* A list "k=v, k=v" as (k=v, k='odd v'); of a foreign object as OPTIONS (k 'v'). */
void ddl_options(struct ls_buf *out, enum ls_dialect d, const struct ls_fact *f, const char *before, bool is_foreign);
/* "start 5, increment -2" as "START 5 INCREMENT -2". */
void ddl_words(struct ls_buf *out, const char *list);
/* COMMENT ON ...; nothing where there is none. */
void ddl_comment(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);

/* ddl_below.c: what hangs below a relation */
void ddl_column(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *table, const struct ls_fact *f);
void ddl_constraint(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
void ddl_index(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
void ddl_trigger(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
void ddl_rule(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
void ddl_policy(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
/* Indexes, triggers, rules and policies of a relation, with their comments. */
void ddl_below(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);

/* ddl_table.c, ddl_other.c */
void ddl_table(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
void ddl_sequence(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
/* False: it has no form of its own here. */
bool ddl_other(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);

#endif
