/* tests/contract/fixture.h: one empty database per test, of either kind, and short words for what the tests do with it. */
#ifndef TESTS_CONTRACT_FIXTURE_H
#define TESTS_CONTRACT_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lockstep/db/db.h"
#include "support/skip.h"

#define FIX_LONG_MS 60000 /* longer than any wait that works */
#define FIX_SOON_MS 8000  /* at once, on a machine that is busy with something else */

struct fix {
    enum ls_dialect dialect;
    const char *skip_reason; /* NULL when there is a database */
    char *url;               /* of an empty database, this test's own */
    char *dir;               /* an empty folder, this test's own */
    struct ls_db *db;        /* opened by fix_open_default() */
    struct ls_err err;       /* of the last fix_fails() */
};

/* cmocka set-ups for tests over one kind or the other; `state` becomes a struct fix. */
int fix_setup_sqlite(void **state);
int fix_setup_postgres(void **state);
int fix_teardown(void **state);

/* First line of each test: takes the fixture, skips where there is no database, opens it (read and write, may create). */
#define FIX(f)                                                                                                                     \
    struct fix *f = *state;                                                                                                        \
    if ((f)->skip_reason)                                                                                                          \
        test_skip((f)->skip_reason);                                                                                               \
    fix_open_default(f)

#define IS_PG(f) ((f)->dialect == LS_DIALECT_POSTGRES)

void fix_open_default(struct fix *f);
/* A further connection; fails the test when there is none. params->url NULL = the fixture's. */
struct ls_db *fix_open(struct fix *f, struct ls_db_params params);
/* Expects that opening fails with this code; the error is in f->err. */
void fix_open_fails(struct fix *f, struct ls_db_params params, enum ls_rc want);

/* Runs one statement that must work. */
struct ls_exec_info fix_ok(struct ls_db *db, const char *sql);
/* Runs one statement that must fail with this code; the error is in f->err. */
void fix_fails(struct fix *f, struct ls_db *db, const char *sql, enum ls_rc want);
/* Asserts that rc is LS_OK and prints the message when it is not; releases err. */
void fix_assert_ok(enum ls_rc rc, struct ls_err *err);
/* First value of the first row; "" for no row, "NULL" for NULL. Up to 255 bytes, valid until the next call from this thread. */
const char *fix_get(struct ls_db *db, const char *sql);
void fix_assert_has(const char *text, const char *part);

/* Cancels a connection's running call from a thread of its own, once on_wait has said that the call is waiting. Put
 * fix_canceller_on_wait and the canceller itself into the params of the connection. */
struct fix_canceller;
struct fix_canceller *fix_canceller_new(void);
bool fix_canceller_on_wait(void *ctx);
void fix_canceller_start(struct fix_canceller *c, struct ls_db *db);
int64_t fix_canceller_join(struct fix_canceller *c); /* ls_mono_ms() of the cancel; 0 = it never came to that */
void fix_canceller_free(struct fix_canceller *c);

#endif
