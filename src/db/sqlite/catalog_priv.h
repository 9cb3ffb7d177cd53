/* db/sqlite/catalog_priv.h: shared by the files that turn SQLite's schema texts into facts. */
#ifndef LOCKSTEP_SRC_DB_SQLITE_CATALOG_PRIV_H
#define LOCKSTEP_SRC_DB_SQLITE_CATALOG_PRIV_H

#include "lockstep/base/buf.h"
#include "lockstep/model/catalog.h"
#include "lockstep/sql/lex.h"

/* A statement as tokens without spaces and comments, and how far it was read. */
struct lite_ddl {
    const char *sql;
    struct ls_tok *t;
    size_t n, i;
    bool is_broken;           /* a token that is none */
    struct ls_catalog_builder *b;
    struct ls_buf text;       /* scratch */
};
void lite_ddl_open(struct lite_ddl *d, const char *sql);
void lite_ddl_close(struct lite_ddl *d);
bool lite_is(const struct lite_ddl *d, size_t at, const char *upper); /* token `at` is that keyword, not quoted */
bool lite_take(struct lite_ddl *d, const char *upper);                /* the next is it: passed */
bool lite_is_char(const struct lite_ddl *d, size_t at, char c);
bool lite_take_char(struct lite_ddl *d, char c);
/* The next token as a name, quotes off, as written; NULL at the end. Interned. */
const char *lite_name(struct lite_ddl *d);
/* Index behind the bracket that closes the one at `open`. */
size_t lite_behind(const struct lite_ddl *d, size_t open);
/* Tokens from..to in one form: words small, quotes off where a name needs none, one space where one must be. Interned. */
const char *lite_canonical(struct lite_ddl *d, size_t from, size_t to);
/* The same of a list of columns, without ASC. */
const char *lite_key(struct lite_ddl *d, size_t from, size_t to);
/* Appends it. */
void lite_canonical_to(const struct lite_ddl *d, size_t from, size_t to, struct ls_buf *out);

/* catalog_table.c: CREATE TABLE: the table's own attributes, its columns and constraints. */
void lite_table(struct lite_ddl *d, uint32_t fact, const char *table);
/* catalog_object.c */
void lite_virtual_table(struct lite_ddl *d, uint32_t fact);
void lite_index(struct lite_ddl *d, uint32_t fact);
void lite_view(struct lite_ddl *d, uint32_t fact);
void lite_trigger(struct lite_ddl *d, uint32_t fact);

#endif
