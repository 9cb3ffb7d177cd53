/* engine/journal_priv.h: writing the journal. The head of the chain is read once, under the operators' lock, and then kept in memory. */
#ifndef LOCKSTEP_SRC_ENGINE_JOURNAL_PRIV_H
#define LOCKSTEP_SRC_ENGINE_JOURNAL_PRIV_H

#include "lockstep/engine/journal.h"

#define LS_JOURNAL_COLUMNS 16

struct ls_journal_writer {
    struct ls_arena *arena;       /* everything below; rows are made in it too, and it is small: one run */
    const char *table;            /* in SQL, with its schema: a migration may change the search_path */
    const char *insert_sql;
    const char *operator_name, *host, *plan_digest;
    char run_id[40];
    int64_t seq;                  /* of the last row that is committed */
    char hash[LS_SHA256_HEX];
    int64_t next_seq;             /* of the last row that was made; equal to seq when none is pending */
    char next_hash[LS_SHA256_HEX];
};

/* What a row says besides who and when. NULL members become SQL NULL. */
struct ls_journal_entry {
    const char *event, *version, *name, *direction, *result, *detail;
    int64_t duration_ms; /* -1 none */
};

/* Makes the table when it is not there (a transaction of its own) and reads the head. */
LS_MUST_CHECK enum ls_rc ls_journal_open(struct ls_journal_writer *w, struct ls_db *db, const char *operator_name, const char *plan_digest,
                                         struct ls_err *err);
/* The next row as a call for ls_db_exec or ls_db_pipeline; it joins the chain with ls_journal_committed and is forgotten with ls_journal_rolled_back. */
struct ls_db_call ls_journal_row_call(struct ls_journal_writer *w, const struct ls_journal_entry *e);
void ls_journal_committed(struct ls_journal_writer *w);
void ls_journal_rolled_back(struct ls_journal_writer *w);
/* One row in a transaction of its own. */
LS_MUST_CHECK enum ls_rc ls_journal_write(struct ls_journal_writer *w, struct ls_db *db, const struct ls_journal_entry *e, struct ls_err *err);
/* Whether the row that is pending is in the database: what became of a transaction whose COMMIT was not answered. */
LS_MUST_CHECK enum ls_rc ls_journal_has_pending(struct ls_journal_writer *w, struct ls_db *db, bool *out, struct ls_err *err);
/* Reads the head again: on another connection, after the first was lost. */
LS_MUST_CHECK enum ls_rc ls_journal_reread(struct ls_journal_writer *w, struct ls_db *db, struct ls_err *err);
/* The same inside of a write transaction, where the database has no lock for operators (SQLite): another run may have written since. Else nothing. */
LS_MUST_CHECK enum ls_rc ls_journal_follow(struct ls_journal_writer *w, struct ls_db *db, struct ls_err *err);
void ls_journal_close(struct ls_journal_writer *w);

/* Finds the table; exists false: only table is set. */
LS_MUST_CHECK enum ls_rc ls_journal_find(struct ls_db *db, struct ls_arena *arena, const char **table, bool *exists, struct ls_err *err);
/* Columns in the order of the table; cells[15] (the hash) is not looked at. */
void ls_journal_hash(const char *const cells[LS_JOURNAL_COLUMNS], char hex[LS_SHA256_HEX]);
/* What the very first row links to. The same for every database: a journal goes with its tables through renames, dumps and upgrades of the
 * server. With a database: what the first builds took, its name and its server's number. */
void ls_journal_genesis(const struct ls_db_info *info, char hex[LS_SHA256_HEX]);
extern const char *const ls_journal_columns[LS_JOURNAL_COLUMNS];

#endif
