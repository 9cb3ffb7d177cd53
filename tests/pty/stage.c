#include <config.h>

#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef LS_WITH_SQLITE
#include <sqlite3.h>
#endif
#ifdef LS_WITH_POSTGRES
#include <libpq-fe.h>
#endif

#define WAIT_MS 60000

const bool stage_on_sqlite = false, stage_on_pg = true;

/* --- the stage ----------------------------------------------------------------------------------------------------------- */

const char *stage_keep(struct stage *s, char *text)
{
    assert_non_null(text);
    assert_true(s->n_kept < sizeof s->kept / sizeof s->kept[0]);
    s->kept[s->n_kept++] = text;
    return text;
}

const char *stage_format(struct stage *s, const char *format, ...)
{
    char *text = NULL;
    va_list ap;

    va_start(ap, format);
    assert_true(vasprintf(&text, format, ap) >= 0);
    va_end(ap);
    return stage_keep(s, text);
}

int stage_setup(void **state)
{
    const bool *on = *state;
    const char *top = getenv("LS_TEST_TMP");
    struct stage *s = calloc(1, sizeof *s);

    s->pg = *on;
    if (asprintf(&s->dir, "%s/stage.XXXXXX", top ? top : "/tmp") < 0 || mkdtemp(s->dir) == NULL)
        return -1;
    *state = s;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    remove(path);
    return 0;
}

int stage_teardown(void **state)
{
    struct stage *s = *state;

    pty_free(s->p);
    stage_unlock(s);
    if (s->pg)
        test_pg_drop_database(s->url);
    else
        free(s->url);
    nftw(s->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    while (s->n_kept)
        free(s->kept[--s->n_kept]);
    free(s->dir);
    free(s);
    return 0;
}

struct stage *stage_begin(void *state)
{
    struct stage *s = state;

    if (!s->pg) {
#ifdef LS_WITH_SQLITE
        s->url = strdup("sqlite:app.db");
#else
        test_skip("built without SQLite");
#endif
    } else if (test_pg_url() == NULL) {
        test_skip(test_pg_skip_reason());
    } else {
        s->url = test_pg_new_database("pty");
    }
    assert_non_null(s->url);
    stage_env(s, "LC_ALL=C.UTF-8");
    stage_env(s, "NO_COLOR");
    stage_env(s, "COLORTERM");
    stage_env(s, "LOCKSTEP_URL");
    stage_env(s, "DATABASE_URL");
    stage_env(s, stage_format(s, "HOME=%s/home", s->dir));
    return s;
}

const char *stage_no_dump(const struct stage *s)
{
    return s->pg ? test_pg_dump_skip_reason() : NULL;
}

void stage_needs_dump(const struct stage *s)
{
    if (stage_no_dump(s) != NULL)
        test_skip(stage_no_dump(s));
}

void stage_env(struct stage *s, const char *assignment)
{
    assert_true(s->n_env + 1 < sizeof s->env / sizeof s->env[0]);
    s->env[s->n_env++] = assignment;
}

static int64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- files --------------------------------------------------------------------------------------------------------------- */

void stage_put(struct stage *s, const char *name, const char *format, ...)
{
    char path[512];
    va_list ap;

    assert_true(snprintf(path, sizeof path, "%s/%s", s->dir, name) < (int)sizeof path);
    for (char *slash = path + strlen(s->dir) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
    }
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    va_start(ap, format);
    assert_true(vfprintf(f, format, ap) >= 0);
    va_end(ap);
    assert_int_equal(fclose(f), 0);
}

void stage_tables(struct stage *s, int n)
{
    char name[64];

    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\n");
    for (int v = 1; v <= n; v++) {
        snprintf(name, sizeof name, "migrations/%03d_t%d.up.sql", v, v);
        stage_put(s, name, "CREATE TABLE t%d (i int);\nINSERT INTO t%d VALUES (%d);\n", v, v, v);
        snprintf(name, sizeof name, "migrations/%03d_t%d.down.sql", v, v);
        stage_put(s, name, "DROP TABLE t%d;\n", v);
    }
}

/* --- the program --------------------------------------------------------------------------------------------------------- */

static const char *program(void)
{
    const char *bin = getenv("LS_BIN");

    assert_non_null(bin); /* tests/run sets it */
    return bin;
}

const char *stage_cli(struct stage *s, int code, const char *words)
{
    char *out = NULL, *command;
    size_t len = 0;
    FILE *f;
    int c, status;

    assert_true(asprintf(&command, "cd '%s' && HOME='%s/home' exec '%s' %s --url '%s' </dev/null 2>&1", s->dir, s->dir, program(),
                         words, s->url) > 0);
    f = popen(command, "re");
    assert_non_null(f);
    FILE *mem = open_memstream(&out, &len);
    while ((c = getc(f)) != EOF)
        putc(c, mem);
    fclose(mem);
    status = pclose(f);
    free(command);
    stage_keep(s, out);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
        fail_msg("lockstep %s: status %d: %s", words, status, out);
    return out;
}

static void start(struct stage *s, const char *const *first, va_list ap)
{
    const char *argv[24] = {program()};
    size_t n = 1;

    for (; *first; first++)
        argv[n++] = *first;
    for (const char *word; (word = va_arg(ap, const char *)); argv[n++] = word)
        assert_true(n + 1 < sizeof argv / sizeof argv[0]);
    argv[n] = NULL;
    s->opt.cwd = s->dir;
    s->opt.env = s->env;
    pty_free(s->p);
    s->p = pty_start(argv, &s->opt);
}

void stage_start(struct stage *s, ...)
{
    const char *first[] = {"--url", s->url, NULL};
    va_list ap;

    va_start(ap, s);
    start(s, first, ap);
    va_end(ap);
}

void stage_start_env(struct stage *s, const char *env, ...)
{
    const char *first[] = {"-e", env, NULL};
    va_list ap;

    va_start(ap, env);
    start(s, first, ap);
    va_end(ap);
}

/* The counts stand there when the first answer was read. */
void stage_ready(struct stage *s)
{
    pty_expect_words(s->p, " pending ");
    pty_expect_gone(s->p, "reading");
    pty_expect_gone(s->p, "connecting");
}

void stage_console_of_held_ledger(struct stage *s)
{
    stage_put(s, "migrations/001_a.up.sql", "CREATE TABLE a (i int);\n");
    stage_put(s, "migrations/001_a.down.sql", "DROP TABLE a;\n");
    stage_put(s, "lockstep.conf", "[project]\nformat = lockstep\n[env e]\nurl = %s\nledger_table = t1\nlock_timeout = 10min\nbusy_timeout = 10min\n",
              s->url);
    stage_cli(s, 0, "up --yes -e e --ledger-table t1");
    stage_start_env(s, "e", NULL);
    pty_expect_words(s->p, "applied 001 a");
    pty_expect_gone(s->p, "reading");
}

void stage_quit(struct stage *s)
{
    pty_keys(s->p, "q");
    pty_expect_left(s->p, 0);
}

/* What has the focus, with its brackets; "" when no button is on the screen. */
static void focused_button(struct stage *s, char *out, size_t size)
{
    int row = pty_find(s->p, "[ ");
    char *line = row < 0 ? NULL : pty_line(s->p, row), *from = line ? strstr(line, "[ ") : NULL,
         *to = from ? strstr(from, " ]") : NULL;

    snprintf(out, size, "%.*s", to ? (int)(to + 2 - from) : 0, to ? from : "");
    if (strstr(out, "  ")) /* from one button's bracket to another's: the frame is not whole */
        out[0] = '\0';
    free(line);
}

void stage_button(struct stage *s, const char *button)
{
    char wanted[64], now[64], before[64] = "";
    int64_t end = now_ms() + WAIT_MS;

    snprintf(wanted, sizeof wanted, "[ %s ]", button);
    for (int i = 0; i < 4 && now_ms() < end;) {
        focused_button(s, now, sizeof now);
        if (strcmp(now, wanted) == 0)
            return;
        if (*now == '\0' || strcmp(now, before) == 0) { /* the focus is still on its way */
            pty_settle(s->p, 20, 20);
            continue;
        }
        pty_keys(s->p, "<Tab>");
        memcpy(before, now, sizeof before);
        i++;
    }
    pty_expect(s->p, wanted);
}

void stage_confirm(struct stage *s, const char *button)
{
    pty_expect(s->p, "[ Cancel ]");
    stage_button(s, button);
    pty_keys(s->p, "<Enter>");
    pty_expect_gone(s->p, "Tab next button");
}

/* --- the database -------------------------------------------------------------------------------------------------------- */

#ifdef LS_WITH_SQLITE
static sqlite3 *lite(struct stage *s)
{
    const char *path = stage_format(s, "%s/%s", s->dir, s->url + strlen("sqlite:"));
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, WAIT_MS);
    return db;
}
#endif

void stage_sql(struct stage *s, const char *sql)
{
    if (s->pg) {
        assert_true(test_pg_exec(s->url, sql));
        return;
    }
#ifdef LS_WITH_SQLITE
    sqlite3 *db = lite(s);
    char *why = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    sqlite3_close(db);
#endif
}

const char *stage_get(struct stage *s, const char *sql)
{
    char *value = NULL;

    if (s->pg) {
        value = test_pg_get(s->url, sql);
    } else {
#ifdef LS_WITH_SQLITE
        sqlite3 *db = lite(s);
        sqlite3_stmt *stmt = NULL;

        if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
            fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_text(stmt, 0))
            value = strdup((const char *)sqlite3_column_text(stmt, 0));
        sqlite3_finalize(stmt);
        sqlite3_close(db);
#endif
    }
    return value ? stage_keep(s, value) : "";
}

const char *stage_ledger(struct stage *s)
{
    const char *there = s->pg ? "SELECT count(*) FROM pg_tables WHERE tablename = 'schema_migrations'"
                              : "SELECT count(*) FROM sqlite_master WHERE name = 'schema_migrations'";

    if (strcmp(stage_get(s, there), "1") != 0)
        return "";
    return stage_get(
        s, s->pg ? "SELECT string_agg(version::text, ' ' ORDER BY version) FROM schema_migrations WHERE status = 'applied'"
                 : "SELECT group_concat(version, ' ') FROM (SELECT version FROM schema_migrations WHERE status = 'applied' "
                   "ORDER BY version)");
}

const char *stage_there(struct stage *s)
{
    return stage_get(
        s, s->pg ? "SELECT string_agg(tablename::text, ' ' ORDER BY tablename) FROM pg_tables WHERE tablename ~ '^t[0-9]+$'"
                 : "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB "
                   "'t[0-9]*' ORDER BY name)");
}

void stage_lock(struct stage *s)
{
#ifdef LS_WITH_POSTGRES
    if (s->pg) {
        s->lock = PQconnectdb(s->url);
        PQclear(PQexec(s->lock, "BEGIN"));
        PGresult *r = PQexec(s->lock, "LOCK TABLE t1 IN ACCESS EXCLUSIVE MODE");
        assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
        PQclear(r);
    }
#endif
#ifdef LS_WITH_SQLITE
    if (!s->pg) {
        s->lock = lite(s);
        assert_int_equal(sqlite3_exec(s->lock, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    }
#endif
}

void stage_in_lock(struct stage *s, const char *sql)
{
#ifdef LS_WITH_POSTGRES
    PGresult *r = PQexec(s->lock, sql);

    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQresultErrorMessage(r));
    PQclear(r);
#else
    (void)s;
    (void)sql;
#endif
}

void stage_unlock(struct stage *s)
{
    if (!s->lock)
        return;
#ifdef LS_WITH_POSTGRES
    if (s->pg)
        PQfinish(s->lock);
#endif
#ifdef LS_WITH_SQLITE
    if (!s->pg) {
        sqlite3_exec(s->lock, "ROLLBACK", NULL, NULL, NULL);
        sqlite3_close(s->lock);
    }
#endif
    s->lock = NULL;
}

void stage_until(struct stage *s, const char *sql, const char *value)
{
    int64_t end = now_ms() + WAIT_MS;

    for (;;) {
        const char *got = stage_get(s, sql);
        size_t keep = s->n_kept;

        if (strcmp(got, value) == 0)
            return;
        if (now_ms() > end)
            fail_msg("%s: is %s, not %s", sql, got, value);
        if (*got) {
            s->n_kept = keep - 1;
            free(s->kept[keep - 1]);
        }
        pty_settle(s->p, 20, 20);
    }
}

const char *stage_endless(const struct stage *s)
{
    return s->pg ? "SELECT pg_sleep(3600);\n"
                 : "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n WHERE i < 0;\n";
}

const char *stage_gated(void)
{
    return "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM go) LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;\n";
}

void stage_close_gate(struct stage *s)
{
    stage_sql(s, "CREATE TABLE IF NOT EXISTS go (i int); TRUNCATE go");
}

void stage_open_gate(struct stage *s)
{
    stage_sql(s, "INSERT INTO go VALUES (1)");
}

void stage_until_running(struct stage *s)
{
    if (s->pg)
        stage_until(s,
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active' AND datname = "
                    "current_database() AND wait_event = 'PgSleep'",
                    "1");
    else
        pty_expect_words(s->p, "running"); /* the statement's row, or RUNNING on top */
    pty_expect(s->p, "RUNNING");
}
