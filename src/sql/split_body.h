/* sql/split_body.h: when a ';' ends a statement. Private to src/sql.
 *
 * Fed with every token of a statement that is neither blank nor comment, it follows the first words and, where they promise
 * a body (CREATE [OR REPLACE] FUNCTION|PROCEDURE ... BEGIN ATOMIC; CREATE [TEMP] TRIGGER ... BEGIN), its inner statements.
 * A body ends at END only as the first token of an inner statement, so CASE ... END needs no counting there. */
#ifndef LOCKSTEP_SRC_SQL_SPLIT_BODY_H
#define LOCKSTEP_SRC_SQL_SPLIT_BODY_H

#include "lockstep/sql/lex.h"

enum ls_head {
    LS_HEAD_START,
    LS_HEAD_OTHER, /* nothing more to find out */
    LS_HEAD_EXPLAIN,
    LS_HEAD_QUERY,
    LS_HEAD_CREATE,
    LS_HEAD_CREATE_OR,
    LS_HEAD_CREATE_TEMP,
    LS_HEAD_CREATE_OR_REPLACE,
    LS_HEAD_ROUTINE,
    LS_HEAD_ROUTINE_BEGIN,
    LS_HEAD_BODY, /* passed through only: BEGIN ATOMIC is complete */
    LS_HEAD_TRIGGER,
    LS_HEAD_COPY,
    LS_HEAD_COPY_FROM,
    LS_HEAD_COPY_DATA
};

enum ls_body_step { LS_BODY_GOES_ON, LS_BODY_ENDS, LS_BODY_COPY_DATA };

struct ls_body {
    enum ls_dialect dialect;
    enum ls_head head; /* of the statement, or of the inner statement while depth > 0 */
    size_t depth;      /* bodies that are open (PostgreSQL's may nest) */
    size_t brackets;   /* ( and [ that are open: they hide ';' in PostgreSQL, BEGIN in the head of SQLite's trigger */
    size_t cases;      /* CASE that are open in a trigger's WHEN */
    bool inner_start;  /* the next token is the first of an inner statement */
    bool begin_seen;   /* SQLite: a BEGIN that may open the trigger's body, before the first ';' */
    bool before_name;  /* SQLite: behind TRIGGER, EXISTS, ON, OF, '.' or ',', where BEGIN and END are names */
    int begin_line;    /* of the BEGIN that opened the outermost body */
};

void ls_body_start(struct ls_body *b, enum ls_dialect dialect);
enum ls_body_step ls_body_token(struct ls_body *b, const struct ls_lex *lx, const struct ls_tok *t);
bool ls_body_is_open(const struct ls_body *b);

#endif
