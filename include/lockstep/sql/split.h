/* lockstep/sql/split.h: a file's statements and what each may do to a transaction.
 *
 * A statement is the bytes from its first token to its last, without the ';', untouched inside. Empty statements and
 * comment-only stretches yield nothing. A UTF-8 BOM at the start is dropped (offsets still count it). */
#ifndef LOCKSTEP_SQL_SPLIT_H
#define LOCKSTEP_SQL_SPLIT_H

#include "lockstep/base/base.h"
#include "lockstep/base/err.h"
#include "lockstep/sql/lex.h"

enum ls_tx_class {
    LS_TX_TRANSACTIONAL,
    LS_TX_FORBIDS,      /* cannot run inside a transaction block: safety.md 2.4, reliability.md V20 */
    LS_TX_CONTROLS      /* BEGIN, COMMIT, ROLLBACK, END, ABORT, START TRANSACTION, PREPARE TRANSACTION, SAVEPOINT ...  */
};
const char *ls_tx_class_name(enum ls_tx_class c); /* "transactional", "no-transaction", "transaction-control" */

struct ls_stmt {
    size_t start, end;  /* byte offsets in the file */
    int line, col;      /* 1-based place of the first byte; col counts characters */
    enum ls_tx_class tx;
};

struct ls_stmts {
    struct ls_stmt *v;
    size_t n, cap;
    enum ls_split_error error;  /* LS_SPLIT_OK, or why the text was refused; v holds what came before it */
    int error_line;     /* of what must be changed: the opening quote, BEGIN of the body, COPY, the backslash, the byte */
    size_t error_offset;
};

/* Splits text. Returns LS_OK or LS_E_INPUT with err's line set and a message "LINE: KIND" plus hint. out is filled in both cases;
 * release it with ls_stmts_release. Linear in len. */
enum ls_rc ls_sql_split(enum ls_dialect dialect, const char *text, size_t len, struct ls_stmts *out, struct ls_err *err);
void ls_stmts_release(struct ls_stmts *s);

/* The class of one statement's bytes. */
enum ls_tx_class ls_sql_tx_class(enum ls_dialect dialect, const char *stmt, size_t len);
/* True for the SQLite pragmas that are ignored or refused inside a transaction: foreign_keys, journal_mode and synchronous when they
 * set something, wal_checkpoint always (reliability.md V10). Their class is LS_TX_FORBIDS; a runner that wants the rest of a file in
 * one transaction lifts them out of it. */
bool ls_sql_is_outer_pragma(const char *stmt, size_t len);

/* Turns a byte offset of text into line and column (characters), both 1-based. */
void ls_sql_place(const char *text, size_t len, size_t offset, int *line, int *col);

#endif
