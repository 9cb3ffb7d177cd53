/* diff/ddl_priv.h: pieces of statements. */
#ifndef LS_DIFF_DDL_PRIV_H
#define LS_DIFF_DDL_PRIV_H

#include "lockstep/base/buf.h"
#include "lockstep/diff/ddl.h"
#include "lockstep/model/catalog.h"

/* A list of the catalogue, "word value, word 'a, b', f(a, b)", item by item. */
struct ddl_item {
    const char *text; /* in the list */
    size_t len;
};

/* Whether whoever asked for the statements wants no more of them. */
static inline bool ddl_is_stopped(const struct ls_ddl_opts *opts, size_t done, size_t total)
{
    return opts->on_step && opts->on_step(opts->ctx, done, total);
}

/* ddl_text.c */
void ddl_name(struct ls_buf *out, const char *s); /* quoted only where it is needed */
void ddl_qualified(struct ls_buf *out, const char *schema, const char *s);
/* The statement as the server or the file has it, with its end; false: there is none that could be run. */
bool ddl_definition(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
/* "BEFORE value AFTER" when the attribute is there. */
void ddl_clause(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *before, const char *after);
/* The same in capitals, up to a parenthesis or " of ": for words that are no names. */
void ddl_loud(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *before, const char *after);
void ddl_word(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *text);
bool ddl_is_key(const struct ls_fact *f, const char *column); /* SQLite: whether that column alone is its key */
bool ddl_is(const struct ls_fact *f, enum ls_attr a, const char *value); /* "" where it is not there */
/* An expression in one pair of parentheses, which it may have itself already. */
void ddl_enclosed(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *before);
/* A list "k=v, k=v" as (k=v, k='odd v'); of a foreign object as OPTIONS (k 'v'). */
void ddl_options(struct ls_buf *out, enum ls_dialect d, const struct ls_fact *f, const char *before, bool is_foreign);
/* "start 5, increment -2" as "START 5 INCREMENT -2". */
void ddl_words(struct ls_buf *out, const char *list);
bool ddl_next_option(const char **list, struct ddl_item *out); /* "k=v, k=v" */
/* Whether the list has that option; with the same value, or at all. */
bool ddl_has_option(const char *list, const struct ddl_item *option, bool with_value);
void ddl_option(struct ls_buf *out, enum ls_dialect d, const struct ddl_item *item, bool is_foreign);
void ddl_foreign_option_name(struct ls_buf *out, const struct ddl_item *item); /* a wrapper without a validator takes any name */
/* A comment that says what has no statement, and why: the text is not complete then. */
void ddl_not_written(struct ls_buf *out, const struct ls_fact *f, const char *why);
size_t ddl_count_not_written(const char *text);
#define DDL_ONLY_PROPOSED "-- a renaming that is only proposed\n"
void ddl_say_hidden(struct ls_buf *out, const struct ls_fact *f, const char *text); /* where it holds a password */
void ddl_literal(struct ls_buf *out, enum ls_dialect d, const char *text); /* NULL: the word */

/* ddl_object.c */
/* Offset of `what` outside of quotes and brackets, n: it is not there. */
size_t ddl_find(const char *s, size_t n, const char *what);
bool ddl_next(const char **list, struct ddl_item *out); /* a NULL list has no items */
/* Whether it is "WORD" or "WORD value"; value may be NULL. */
bool ddl_item_is(const struct ddl_item *item, const char *word, struct ddl_item *value);
bool ddl_has(const char *list, const char *word, struct ddl_item *value);
bool ddl_same_item(const struct ddl_item *a, const struct ddl_item *b);
bool ddl_contains(const char *list, const struct ddl_item *one);
void ddl_item(struct ls_buf *out, const char *before, const struct ddl_item *item, const char *after);
/* What it is called in COMMENT ON, DROP and GRANT: "TABLE s.t", "TRIGGER t ON s.t", "CAST (a AS b)". */
void ddl_object(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
void ddl_object_word(struct ls_buf *out, const struct ls_fact *f);
void ddl_object_name(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
size_t ddl_paren(const char *name); /* where the argument types of "f(integer)" open */
void ddl_routine_name(struct ls_buf *out, const struct ls_fact *f); /* without them */
void ddl_using(struct ls_buf *out, const struct ls_fact *f);        /* "s.ops USING btree" */
void ddl_identity_sequence(struct ls_buf *out, const struct ls_fact *column_fact);
/* COMMENT ON ...; nothing where there is none. Of its parts too (a key's index, an identity's sequence, a composite's attributes). */
void ddl_comment(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
void ddl_comment_is(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, const char *text); /* NULL takes it away */
void ddl_parts_comment(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, const char *before);

/* ddl_below.c: what hangs below a relation */
/* The column of the table's parent that this one comes from; NULL: of itself alone, or of a type. */
const struct ls_fact *ddl_parent_column(const struct ls_catalog *c, const struct ls_fact *column);
void ddl_column(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *table, const struct ls_fact *f);
void ddl_constraint(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
void ddl_constraint_name(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f); /* "CONSTRAINT name " where it has one */
void ddl_references(struct ls_buf *out, const struct ls_fact *f);                                  /* "REFERENCES t (a) ON DELETE ..." */
void ddl_deferrable(struct ls_buf *out, const struct ls_fact *f);
void ddl_index(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
void ddl_trigger(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
void ddl_rule(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
void ddl_policy(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
const char *ddl_enable(const char *enabled); /* "disabled" as DISABLE; NULL: ENABLE */
void ddl_enabled(struct ls_buf *out, const struct ls_fact *f);
bool ddl_is_handed_down(const struct ls_catalog *c, const struct ls_fact *f);
/* Indexes, triggers, rules and policies of a relation, with their comments. */
void ddl_below(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);

/* ddl_rare.c */
bool ddl_rare(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f); /* false: no kind of it */
void ddl_aggregate(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, bool or_replace);
void ddl_language(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, bool or_replace);
/* Members that `without` does not have; with c those that are of a class are left out as well. */
void ddl_family_members(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, const char *list, const char *without,
                        bool is_drop);
void ddl_mappings(struct ls_buf *out, const struct ls_fact *f, const char *list, const char *without, const char *verb);

/* ddl_rights.c: GRANT and REVOKE from one list of privileges to another; NULL: the usual ones. */
void ddl_rights(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, const char *before, const char *after);
/* Of an object just made in a database whose default privileges have granted something to it. */
void ddl_rights_of_new(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, const struct ls_catalog *made_in,
                       const char *after);
void ddl_default_rights(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
void ddl_default_rights_change(struct ls_buf *out, const struct ls_fact *f, const char *before, const char *after);
void ddl_owner(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, const char *owner); /* NULL: nothing */

/* ddl_table.c, ddl_other.c */
enum ddl_extent {
    DDL_WHOLE, /* with all that hangs below it, and its own sequences */
    DDL_ALONE  /* without foreign keys, indexes, triggers, rules, policies and what they are needed for; without sequences */
};
void ddl_table(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, enum ddl_extent extent);
/* Its columns in the order that they stand in; the array is the caller's to free. */
const struct ls_fact **ddl_columns(const struct ls_catalog *c, const struct ls_fact *table, uint32_t *n);
/* A constraint that DDL_ALONE makes with its table. */
bool ddl_is_inline(const struct ls_catalog *c, const struct ls_fact *constraint);
/* What ALTER TABLE says of a table that is there, after its keys are: CLUSTER, REPLICA IDENTITY. */
void ddl_keys_used(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
void ddl_column_settings(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *table, const struct ls_fact *column);
void ddl_cluster_on(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *key);
void ddl_routine(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, bool or_replace);
void ddl_settings(struct ls_buf *out, const struct ls_catalog *c, const char *list, const char *before);
void ddl_published(struct ls_buf *out, const char *list);
void ddl_publication_options(struct ls_buf *out, const char *list);
/* Whether OWNED BY (in the server's quotes, which may differ from ours) names that column. */
bool ddl_owns_sequence(const struct ls_fact *sequence, const struct ls_fact *column);
void ddl_sequence(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
/* False: it has no form of its own here. */
bool ddl_other(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);

#endif
