/* lockstep/sql/facts.h: what one statement is and what it touches, as far as its text tells.
 * PostgreSQL: libpg_query's parser (may fail without harm: then facts.parsed is false and the first words decide);
 * SQLite: our lexer over the words. Statements over 1 MiB, 20,000 tokens or a depth that a parser's stack may not bear are not
 * parsed. Safe in any thread. */
#ifndef LOCKSTEP_SQL_FACTS_H
#define LOCKSTEP_SQL_FACTS_H

#include "lockstep/base/base.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/err.h"
#include "lockstep/sql/dialect.h"

enum ls_fact_flags {
    LS_FACT_DROPS_TABLE = 1u << 0,
    LS_FACT_DROPS_COLUMN = 1u << 1,
    LS_FACT_DROPS_SCHEMA = 1u << 2,   /* schema or database */
    LS_FACT_TRUNCATES = 1u << 3,
    LS_FACT_CASCADES = 1u << 4,       /* DROP ... CASCADE */
    LS_FACT_DML_NO_WHERE = 1u << 5,   /* UPDATE or DELETE of every row */
    LS_FACT_DML = 1u << 6,            /* INSERT, UPDATE, DELETE, MERGE, COPY FROM; in a WITH too */
    LS_FACT_CREATE_INDEX = 1u << 7,   /* without CONCURRENTLY, on a table this text does not itself create */
    LS_FACT_CONCURRENTLY = 1u << 8,
    LS_FACT_IF_NOT_EXISTS = 1u << 9,  /* IF EXISTS too: it can be run again */
    LS_FACT_SET_NOT_NULL = 1u << 10,
    LS_FACT_ALTER_TYPE = 1u << 11,    /* ALTER COLUMN TYPE */
    LS_FACT_ADD_CONSTRAINT_VALID = 1u << 12, /* FK or CHECK without NOT VALID on an existing table */
    LS_FACT_RENAMES = 1u << 13,
    LS_FACT_ADD_COLUMN_NOT_NULL = 1u << 14,  /* NOT NULL without default */
    LS_FACT_SESSION_SET = 1u << 15,   /* SET without LOCAL, RESET, PRAGMA that lasts */
    LS_FACT_OPAQUE = 1u << 16,        /* DO, CALL: what it does cannot be read from it */
    LS_FACT_DROPS_OTHER = 1u << 17,   /* index, view, constraint, type, function, trigger ... */
    LS_FACT_CREATES_TABLE = 1u << 18,
    LS_FACT_ADD_ENUM_VALUE = 1u << 19,
    LS_FACT_FK_PRAGMA = 1u << 20      /* SQLite: PRAGMA foreign_keys = ... */
};
#define LS_FACT_DESTRUCTIVE (LS_FACT_DROPS_TABLE | LS_FACT_DROPS_COLUMN | LS_FACT_DROPS_SCHEMA | LS_FACT_TRUNCATES)

struct ls_facts {
    bool parsed;         /* a parser understood the statement; a plain INSERT is not shown to it, as it would add nothing */
    unsigned flags;      /* LS_FACT_* */
    char verb[48];       /* "CREATE TABLE", "ALTER TABLE", "INSERT": upper case, for lists */
    struct ls_buf object;/* main object's name as written, "" unknown: raw text */
};

void ls_sql_facts(enum ls_dialect d, const char *stmt, size_t len, struct ls_facts *out); /* out need not be initialised */
void ls_facts_release(struct ls_facts *f);

/* PostgreSQL's parser, which is loaded when it is first needed: LS_E_UNSUPPORTED where this build has one and it is not to be found. Facts then go by
 * words alone, so whoever is to write to a database asks before. */
LS_MUST_CHECK enum ls_rc ls_sql_parser_load(struct ls_err *err);

#endif
