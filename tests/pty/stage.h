/* tests/pty/stage.h: a project in a folder of its own, a database for it, and the console on it in a pseudo-terminal.
 *
 * Each test is run on a stage that setup makes and teardown removes, whatever became of the test:
 *
 *     static void applies(void **state)
 *     {
 *         struct stage *s = stage(state);    skips where the database is not to be had
 *         stage_tables(s, 3);
 *         stage_console(s, NULL);
 *     }
 *     const struct CMUnitTest tests[] = {ON_BOTH(applies), ON_PG(only_there)};
 *
 * What the console says is read from its screen; what became of the database is asked on a connection of the test's own. */
#ifndef TESTS_PTY_STAGE_H
#define TESTS_PTY_STAGE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "support/pg.h"
#include "support/pty.h"
#include "support/skip.h"

struct stage {
    bool pg;
    char *dir; /* the project's folder */
    char *url; /* of the database, as a console in dir is given it */
    struct pty *p;
    struct pty_options opt; /* of the next console; stage_console fills cwd */
    const char *env[16];    /* set over the inherited ones; the stage's own are in front */
    size_t n_env;
    void *lock;     /* the connection of stage_lock */
    char *kept[64]; /* strings that live as long as the stage */
    size_t n_kept;
};

extern const bool stage_on_sqlite, stage_on_pg;
int stage_setup(void **state);
int stage_teardown(void **state);

#define ON_SQLITE(f)                                                                                                               \
    {                                                                                                                              \
#f " (SQLite)", f, stage_setup, stage_teardown, (void *)(uintptr_t)&stage_on_sqlite                                        \
    }
#define ON_PG(f)                                                                                                                   \
    {                                                                                                                              \
#f " (PostgreSQL)", f, stage_setup, stage_teardown, (void *)(uintptr_t)&stage_on_pg                                        \
    }
#define ON_BOTH(f) ON_SQLITE(f), ON_PG(f)

/* The stage that setup made, its database empty. */
#define stage(state) stage_begin(*(state))
struct stage *stage_begin(void *state);

/* Why no pg_dump here can dump the stage's server, in words; NULL when one can, and on SQLite, which needs none. */
const char *stage_no_dump(const struct stage *s);
/* Skips the test for that reason. */
void stage_needs_dump(const struct stage *s);

/* A file of the project, folders on the way included. The text is printf's. */
void stage_put(struct stage *s, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A lockstep.conf that names lockstep's format, and migrations 001 to n: 001_t1 makes t1 (i int) and puts one row into it, its down
 * drops it. */
void stage_tables(struct stage *s, int n);
/* lockstep WORDS --url … in the project's folder, for setting a scene; the exit code must be code. Its stdout, kept. */
const char *stage_cli(struct stage *s, int code, const char *words);

/* NAME=VALUE, or NAME to unset, for the next console. */
void stage_env(struct stage *s, const char *assignment);
/* Starts lockstep --url … WORD... (end with NULL), and waits until it stands on the database. */
#define stage_console(s, ...) (stage_start(s, __VA_ARGS__), stage_ready(s))
void stage_start(struct stage *s, ...) __attribute__((sentinel));
/* The same without --url: for a project file's environments. */
void stage_start_env(struct stage *s, const char *env, ...) __attribute__((sentinel));
void stage_ready(struct stage *s);
/* The console on a database whose ledger is t1, with 001 a applied: whatever reads the ledger waits, patiently, while stage_lock holds it. */
void stage_console_of_held_ledger(struct stage *s);
/* q, exit code 0, the terminal given back. */
void stage_quit(struct stage *s);

/* Waits for the confirmation, whose focus must be on Cancel, goes to the button of that name, and presses it. */
void stage_confirm(struct stage *s, const char *button);
/* Goes to a button of the dialog on the screen. */
void stage_button(struct stage *s, const char *button);

/* Statements on a connection of our own; a query's first cell, kept ("" when NULL or no row). */
void stage_sql(struct stage *s, const char *sql);
const char *stage_get(struct stage *s, const char *sql);
/* Versions with status applied in lockstep's ledger, "1 2 3"; "" where there is no ledger. */
const char *stage_ledger(struct stage *s);
/* The tables t1, t2 … that are there, "t1 t2". */
const char *stage_there(struct stage *s);
/* Waits until the query gives the value, for what ends behind the console's back. */
void stage_until(struct stage *s, const char *sql, const char *value);

/* A statement that runs until it is cancelled, in the dialect. */
const char *stage_endless(const struct stage *s);
/* Another operator's hands on it, until stage_unlock or the end of the test: SQLite's file cannot be read or written, PostgreSQL's
 * table t1 neither. */
void stage_lock(struct stage *s);
/* PostgreSQL: what these hands do in the transaction that holds the lock; COMMIT ends it. */
void stage_in_lock(struct stage *s, const char *sql);
void stage_unlock(struct stage *s);
/* A statement that runs until stage_open_gate (PostgreSQL only); the test makes the table go first by stage_close_gate. */
const char *stage_gated(void);
void stage_close_gate(struct stage *s);
void stage_open_gate(struct stage *s);
/* Waits until the server (or the console's screen) says that it is running. */
void stage_until_running(struct stage *s);

const char *stage_keep(struct stage *s, char *text);
const char *stage_format(struct stage *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
