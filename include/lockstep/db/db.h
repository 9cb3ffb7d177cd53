/* lockstep/db/db.h: one interface over the two drivers. A connection is used by one thread; only ls_db_cancel may be called from another.
 *
 * Every call takes the connection and a last err. Values travel as bound text parameters and come back as text (NULL = SQL NULL;
 * bytes as "\x00ff" from both). Text with a NUL byte in it is refused (LS_E_INPUT): both databases would stop reading there.
 * After LS_E_CONNECT the connection is dead: only ls_db_close and ls_db_is_alive are useful. No call waits without bound on a lock:
 * lock_timeout_ms / busy_timeout_ms apply, and every wait ends when ls_db_cancel is called (LS_E_CANCELLED). A server that does not
 * answer a cancel within 10 s is given up (LS_E_CONNECT).
 *
 * Codes: LS_E_BUSY a lock was not had in time (or a deadlock), LS_E_RIGHTS also for writes on a read-only connection, LS_E_IO a full disk,
 * LS_E_INPUT a file that is no database or a damaged one, LS_E_SQL everything else that a statement can be refused for. err->sqlstate is
 * PostgreSQL's; SQLite's extended code stands in the message. */
#ifndef LOCKSTEP_DB_DB_H
#define LOCKSTEP_DB_DB_H

#include "lockstep/base/arena.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/err.h"
#include "lockstep/model/plan.h"
#include "lockstep/sql/dialect.h"

struct ls_db;

/* Another connection's lock on an SQLite file that the running call waits for. */
struct ls_db_busy {
    bool is_reader;    /* it reads, and the call writes; else it writes */
    int64_t waited_ms; /* by the running call */
    int limit_ms;      /* then the call ends with LS_E_BUSY */
};

/* What is spoken to. url forms: sqlite:PATH, sqlite3:PATH, sqlite:///PATH, file:PATH, a bare path ending in .db/.sqlite/.sqlite3, ":memory:";
 * postgres://, postgresql://, pgx://, libpq keyword strings ("host=... dbname=..."), "service=...". SQLite's foreign_keys stays at its default,
 * off, unless the URL says _foreign_keys=on. A parameter in a PostgreSQL URL that libpq does not know is a setting of the session
 * (search_path=app), as other tools have it; their own ones (x-..., pool sizes) are left out. */
struct ls_db_params {
    const char *url;
    bool read_only;             /* PostgreSQL: default_transaction_read_only=on; SQLite: opened read-only, never creates the file (in WAL mode
                                 * SQLite may still leave a -shm and an empty -wal beside it) */
    bool create;                /* SQLite: may create the file (needs !read_only) */
    bool is_scratch;            /* SQLite: texts that are not ours run in it, and nobody confirmed them: no other file is opened or made (ATTACH, VACUUM INTO) */
    bool is_at_rest;            /* SQLite, with read_only: a finished copy that nobody writes. No locks, no files beside it. Never a live database (V11) */
    bool is_pooled_ok;          /* PostgreSQL: a pooler in between keeps a session for each connection, so that settings may be made in it. Else none is made
                                 * through a pooler, where the next client would have it: read_only is kept by a transaction around each call */
    int connect_timeout_ms;     /* 0 = 10 s */
    int busy_timeout_ms;        /* SQLite; 0 = 5 s, -1 = none */
    int lock_timeout_ms;        /* PostgreSQL; 0 = server default */
    int statement_timeout_ms;   /* PostgreSQL; 0 = none */
    int answer_ms;              /* PostgreSQL: a connection that does not answer for so long is given up at once (LS_E_CONNECT); 0 = none. For asking on the side */
    const char *application_name; /* NULL = "lockstep" */
    /* Called from the connection's thread: a NOTICE or warning of the server (raw text, severity word). */
    void (*on_notice)(void *ctx, const char *severity, const char *text);
    /* Called at least every 100 ms while waiting for the server and about every 100 ms of SQLite work; false cancels. */
    bool (*on_wait)(void *ctx);
    /* SQLite: called in front of each on_wait of a call that waits for another connection's lock. May be NULL. */
    void (*on_busy)(void *ctx, const struct ls_db_busy *busy);
    void *ctx;
};

/* Says which dialect a URL names, without connecting. LS_E_USAGE with the accepted forms as hint when it names none,
 * LS_E_UNSUPPORTED when this build lacks that driver. */
LS_MUST_CHECK enum ls_rc ls_db_url_dialect(const char *url, enum ls_dialect *out, struct ls_err *err);
/* "sqlite demo.db" / "postgres app at db.example:5432": for headers and messages; never a password. Caller frees. */
char *ls_db_url_label(const char *url);
/* The database that a URL names, as far as can be told without connecting: "app", SQLite's path; "" where that is left to libpq (a service, PGDATABASE).
 * Caller frees. */
char *ls_db_url_database(const char *url);
/* What an operator types to name the database: SQLite's file without its folder, PostgreSQL's name whole (a '/' may be in it). Points into database. */
const char *ls_db_typed_name(enum ls_dialect dialect, const char *database);

/* Loads the client library that ls_db_open will need, in this thread (PostgreSQL's and the 25 it brings). For a caller that is about to start
 * threads: loading beside threads that allocate or open files takes twice as long. Not needed for anything else; failures show in ls_db_open. */
void ls_db_preload(enum ls_dialect dialect);
LS_MUST_CHECK enum ls_rc ls_db_open(const struct ls_db_params *params, struct ls_db **out, struct ls_err *err);
void ls_db_close(struct ls_db *db); /* NULL is fine; rolls back what is open */
bool ls_db_is_alive(const struct ls_db *db);
enum ls_dialect ls_db_dialect(const struct ls_db *db);
/* Asks the running call to end; never blocks. Safe from any thread while the caller keeps ls_db_close from running at the same time. A cancel
 * that finds no call running is forgotten: a caller with a stop flag of its own lets on_wait return false as well. on_wait's answer is not
 * obeyed in ls_db_commit, ls_db_rollback and ls_db_unlock (it is still asked), and rollback and unlock cannot be cancelled. */
void ls_db_cancel(struct ls_db *db);

/* Facts for the header line. Strings belong to the connection. */
struct ls_db_info {
    enum ls_dialect dialect;
    const char *database;       /* name or file path */
    const char *host;           /* "localhost:5432", "/run/postgresql", "/run/postgresql:5433", "" for SQLite */
    const char *server;         /* "PostgreSQL 15.20", "SQLite 3.40.1" */
    int server_version;         /* 150020, 3040001 */
    const char *role;           /* current_user, or the OS user for SQLite */
    const char *security;       /* "TLS verified", "TLS, not verified", "plain", "socket", "file" */
    const char *system_id;      /* PostgreSQL system_identifier or ""; SQLite "" */
    bool is_read_only;          /* as opened, or the server says so */
    bool in_recovery;
    bool is_pooled;             /* PQbackendPID differs from pg_backend_pid(): safety.md 3.4 */
    const char *journal_mode;   /* SQLite: "wal", "delete", ...; else "" */
    int backend_pid;
};
const struct ls_db_info *ls_db_info(const struct ls_db *db);

struct ls_result {
    struct ls_arena *arena;
    int n_cols;
    size_t n_rows;
    const char **names;
    const char **cells;  /* n_rows * n_cols, row by row; NULL = SQL NULL */
};
const char *ls_result_get(const struct ls_result *r, size_t row, int col);
void ls_result_release(struct ls_result *r);

/* One query with parameters ($1.. on PostgreSQL, ?1.. on SQLite); all rows. LS_AS_TEXT: a $1 in it is no parameter to be bound, as in EXPLAIN (GENERIC_PLAN);
 * PostgreSQL then does not refuse a second statement behind it, so the caller knows that there is none. */
#define LS_AS_TEXT (-1)
LS_MUST_CHECK enum ls_rc ls_db_query(struct ls_db *db, const char *sql, const struct ls_param *params, int n_params,
                                     struct ls_result *out, struct ls_err *err);

struct ls_exec_info {
    char tag[64];        /* PostgreSQL's command tag; SQLite: "" */
    int64_t rows;        /* affected or returned, -1 unknown */
    bool all_true;       /* rows came back and each value of each row was true (t, 1); what .verify files need */
    bool has_rows;       /* the statement returned a row set (even an empty one) */
};
/* One statement (more in the text: refused, and nothing runs); its rows are counted and dropped as they arrive. params may be NULL. LS_E_SQL
 * carries sqlstate, offset, detail, hint of the server; offset is -1 when the database named no place. SQLite rows: 0 for DDL. COPY TO STDOUT: its
 * lines are dropped too; COPY FROM STDIN: LS_E_UNSUPPORTED. */
LS_MUST_CHECK enum ls_rc ls_db_exec(struct ls_db *db, const char *sql, size_t len, const struct ls_param *params, int n_params,
                                    struct ls_exec_info *info, struct ls_err *err);
/* A whole text. PostgreSQL: one simple query (implicit transaction when none is open). SQLite: statement by statement, stopping at the first
 * error; what ran before it stays. err->offset is the byte offset in sql of the failing place, or of the failing statement when the database
 * named no place; err->statement is its number in the text, from 1. info: tag and rows of the last statement; has_rows when any returned a
 * row set; all_true when every row set was. */
LS_MUST_CHECK enum ls_rc ls_db_exec_batch(struct ls_db *db, const char *sql, size_t len, struct ls_exec_info *info, struct ls_err *err);
/* n statements that need no answer in between: on PostgreSQL one pipelined round trip, on SQLite a loop. Stops at the first error;
 * *failed (may be NULL) gets its index. infos (may be NULL) has room for n. Outside of a transaction PostgreSQL makes one implicit
 * transaction of them, SQLite one of each: begin one where that matters. COPY from or to the client ends the connection. */
struct ls_db_call {
    const char *sql;
    size_t len;
    const struct ls_param *params;
    int n_params;
};
LS_MUST_CHECK enum ls_rc ls_db_pipeline(struct ls_db *db, const struct ls_db_call *calls, int n, struct ls_exec_info *infos, int *failed,
                                        struct ls_err *err);

enum ls_tx_status { LS_TXS_IDLE, LS_TXS_OPEN, LS_TXS_FAILED, LS_TXS_UNKNOWN };
enum ls_tx_status ls_db_tx_status(const struct ls_db *db);
LS_MUST_CHECK enum ls_rc ls_db_begin(struct ls_db *db, struct ls_err *err);   /* SQLite: BEGIN IMMEDIATE */
/* LS_OK only for the tag COMMIT. LS_E_FAILED: the server answered ROLLBACK, or SQLite had rolled back by itself. LS_E_UNKNOWN: the answer was
 * lost (connection gone, or SQLite I/O error at COMMIT): ask ls_db_xact_outcome, or the ledger. LS_E_BUSY, LS_E_CANCELLED (SQLite): still open,
 * may be tried again. LS_E_SQL, LS_E_CANCELLED (PostgreSQL): refused at the end (a deferred constraint) and rolled back, for sure.
 * LS_E_INTERNAL: no transaction is open; a statement has ended it. LS_E_CONNECT: the connection was dead before; nothing was sent. */
LS_MUST_CHECK enum ls_rc ls_db_commit(struct ls_db *db, struct ls_err *err);
void ls_db_rollback(struct ls_db *db); /* best effort; nothing when no transaction is open */
/* Many small transactions are to come: SQLite keeps its rollback journal's file between them, until ls_db_close removes it (db/sqlite/keep.c). Only in
 * journal mode DELETE and between transactions; else, and on PostgreSQL, nothing is done. */
void ls_db_keep_journal(struct ls_db *db);
/* PostgreSQL: the current transaction's id as text ("" when none was assigned); SQLite: "". */
LS_MUST_CHECK enum ls_rc ls_db_xact_id(struct ls_db *db, char out[32], struct ls_err *err);
enum ls_outcome { LS_OUTCOME_COMMITTED, LS_OUTCOME_ABORTED, LS_OUTCOME_RUNNING, LS_OUTCOME_UNKNOWN };
/* On a fresh connection: what became of that transaction (pg_xact_status). */
LS_MUST_CHECK enum ls_rc ls_db_xact_outcome(struct ls_db *db, const char *xact_id, enum ls_outcome *out, struct ls_err *err);

/* Session advisory locks, all or none, never waiting. SQLite: *got is true (BEGIN IMMEDIATE serialises). */
LS_MUST_CHECK enum ls_rc ls_db_try_lock(struct ls_db *db, const int64_t *keys, int n, bool *got, struct ls_err *err);
/* LS_E_INTERNAL when the server says a lock was not ours (a pooler: reliability.md F7). */
LS_MUST_CHECK enum ls_rc ls_db_unlock(struct ls_db *db, const int64_t *keys, int n, struct ls_err *err);
/* "pid 4711, user deploy, app migrate, from 10.0.0.7, since 14:02:11": who holds one of them; "" when nobody does any more. */
LS_MUST_CHECK enum ls_rc ls_db_lock_holder(struct ls_db *db, const int64_t *keys, int n, struct ls_buf *out, struct ls_err *err);
/* Who blocks backend `pid` now, one line each; PostgreSQL only, on another connection than the blocked one. */
LS_MUST_CHECK enum ls_rc ls_db_blockers(struct ls_db *db, int pid, struct ls_buf *out, struct ls_err *err);

/* What a child program (pg_dump) needs to connect as this connection did: a libpq keyword string that holds no secret, and apart from it the password
 * that was used ("" = none), for a 0600 passfile; ls_wipe it after use. Both are appended. LS_E_UNSUPPORTED on SQLite, and where a secret
 * has no other way than the command line (sslpassword). (db/postgres/pg_child.c) */
LS_MUST_CHECK enum ls_rc ls_db_child_conninfo(struct ls_db *db, struct ls_buf *conninfo, struct ls_buf *password, struct ls_err *err);

/* SQLite only: the native handle's online backup into a new file, n pages a step; progress false cancels and removes the file.
 * LS_E_UNSUPPORTED on PostgreSQL. */
typedef bool (*ls_progress_fn)(void *ctx, int64_t done, int64_t total);
LS_MUST_CHECK enum ls_rc ls_db_sqlite_backup(struct ls_db *db, const char *path, ls_progress_fn progress, void *ctx, struct ls_err *err);

#endif
