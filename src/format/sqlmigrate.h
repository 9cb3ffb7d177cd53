/* format/sqlmigrate.h: sql-migrate's commands in a file and how it cuts statements (formats.md 4.12; source: sqlparse/sqlparse.go,
 * v1.8.0). */
#ifndef LOCKSTEP_SRC_FORMAT_SQLMIGRATE_H
#define LOCKSTEP_SRC_FORMAT_SQLMIGRATE_H

#include "format/marked.h"

struct ls_sqlmigrate_half {
    struct ls_cuts cuts;
    bool is_there, no_tx; /* notransaction behind one of its markers */
    size_t start,
        end; /* from its first marker line to the end of its last block: others of the other direction may stand in between */
    int line;
};
struct ls_sqlmigrate {
    struct ls_sqlmigrate_half up, down;
    const char *error, *hint; /* NULL: none; else the tool refuses the whole folder */
    int error_line;           /* 0: the whole file */
    struct ls_str unknown;    /* the first command that it drops without a word */
    int unknown_line;
};
/* text is a whole file, or the span of a half. Copies go into arena. */
void ls_sqlmigrate_parse(struct ls_arena *arena, const char *text, size_t len, struct ls_sqlmigrate *out);
void ls_sqlmigrate_release(struct ls_sqlmigrate *p);
/* The tool's order of ids: numbers first, by number, then bytes (source: migrate.go Less). */
int ls_sqlmigrate_compare(const char *a, const char *b);

#endif
