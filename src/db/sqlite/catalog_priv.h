/* db/sqlite/catalog_priv.h: shared by the files that turn SQLite's schema texts into facts. */
#ifndef LOCKSTEP_SRC_DB_SQLITE_CATALOG_PRIV_H
#define LOCKSTEP_SRC_DB_SQLITE_CATALOG_PRIV_H

#include "db/sqlite/lite_internal.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/vec.h"
#include "lockstep/db/catalog.h"
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
/* Appends the next token as a name as written, in quotes where it needs them. */
void lite_name_to(struct lite_ddl *d, struct ls_buf *out);
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

/* catalog_texts.c: the texts that were read, and what became of each, for the next read. */
struct lite_text {
    const char *type, *name, *table, *sql;
    const char *facts, *words; /* ls_catalog_builder_record; the names in a view, with their NULs. NULL: to be read from the text again */
    size_t facts_len, words_len;
};
struct lite_texts;
struct lite_texts *lite_texts_new(void);
void lite_texts_free(struct lite_texts *t); /* NULL is fine */
void lite_texts_add(struct lite_texts *t, const struct lite_text *text); /* copied */
size_t lite_texts_count(const struct lite_texts *t);
/* The same object with the same text, NULL: there is none. To be called once all have been added. */
const struct lite_text *lite_texts_find(struct lite_texts *t, const struct lite_text *text);

/* catalog.c: a read in progress. */
struct lite_relation {
    const char *name;
    uint32_t fact;
};

struct lite_reader {
    struct ls_db *db;
    const struct ls_catalog_opts *opts;
    struct ls_catalog_builder *b;
    LS_VEC(struct lite_relation) relations; /* sorted by name before dependencies are looked for */
    LS_VEC(const char *) shadows;
    LS_VEC(const char *) virtuals;
    struct ls_buf setting, note, hidden; /* what the pragmas say; which tables are shadows */
    struct lite_texts *old, *next;       /* of the read before, and for the one behind; or NULL */
    size_t n_kept;                       /* of old */
};
void lite_reader_init(struct lite_reader *r, struct ls_db *db, const struct ls_catalog_opts *opts);
void lite_reader_release(struct lite_reader *r);
enum ls_rc lite_schema_version(struct ls_db *db, struct ls_buf *out, struct ls_err *err);
/* The fact about the file; `setting` and `note`. */
enum ls_rc lite_read_file(struct lite_reader *r, struct ls_err *err);
/* All, until nothing changes in between; *version is what it was then. old: what is kept of the read before, or NULL; keeps: fill `next`. */
enum ls_rc lite_read_stable(struct lite_reader *r, struct lite_texts *old, bool keeps, struct ls_buf *version, struct ls_err *err);
struct ls_catalog *lite_reader_freeze(struct lite_reader *r);

#endif
