/* Reading a catalogue, and how indexes are used: whole processes in rounds against what a user would run instead.
 *   bench_catalog gen postgres|sqlite N      the schema as SQL: N tables of 8 columns, 2 indexes, 1 foreign key, 1 check; triggers, views, enums among them
 *   bench_catalog gen-indexes postgres|sqlite N      tables with N indexes in all, of four kinds, with a few rows
 *   bench_catalog read URL       reads the catalogue, prints how many facts
 *   bench_catalog usage URL [sizes]      reads how indexes are used, connecting aside: ms of the database's CPU (a server on this machine, else our own),
 *                                ms on the clock, how many
 *   bench_catalog run|run-usage NAME ROUNDS GOAL GOAL_KIB URL COMMAND...      `read` or `usage` and the command in turns; the ratio of times is to be
 *                                GOAL at most */
#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_util.h"
#include "lockstep/db/catalog.h"
#include "lockstep/db/usage.h"

#define MAX_ROUNDS 99

/* --- the schema --- */

static void table(bool is_pg, int i)
{
    printf("CREATE TABLE t%d (id %s, name varchar(80) NOT NULL, email text NOT NULL DEFAULT '', amount numeric(12,2) NOT NULL "
           "DEFAULT 0, state text, "
           "made %s, note text, parent_id bigint REFERENCES t%d (id), CONSTRAINT t%d_amount CHECK (amount >= 0 AND state IN ('a', "
           "'b')));\n",
           i, is_pg ? "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY" : "integer PRIMARY KEY",
           is_pg ? "timestamptz NOT NULL DEFAULT now()" : "text NOT NULL DEFAULT CURRENT_TIMESTAMP", i > 1 ? i - 1 : 1, i);
    printf("CREATE INDEX t%d_name ON t%d (name, made DESC);\nCREATE INDEX t%d_mail ON t%d (lower(email)) WHERE note IS NOT NULL;\n",
           i, i, i, i);
    if (i % 20 == 0)
        printf("CREATE VIEW v%d AS SELECT t.id, t.name, p.email FROM t%d t LEFT JOIN t%d p ON p.id = t.parent_id WHERE t.amount > "
               "10;\n",
               i, i, i - 1);
    if (!is_pg) {
        if (i % 10 == 0)
            printf("CREATE TRIGGER tr%d AFTER UPDATE OF name ON t%d BEGIN UPDATE t%d SET note = 'x' WHERE id = new.id; END;\n", i,
                   i, i);
        return;
    }
    printf("COMMENT ON TABLE t%d IS 'table %d';\nCOMMENT ON COLUMN t%d.name IS 'name of %d';\n", i, i, i, i);
    if (i % 10 == 0)
        printf("CREATE FUNCTION f%d() RETURNS trigger LANGUAGE plpgsql AS $$begin new.note := 'x%d'; return new; end$$;\n"
               "CREATE TRIGGER tr%d BEFORE INSERT OR UPDATE ON t%d FOR EACH ROW EXECUTE FUNCTION f%d();\n",
               i, i, i, i, i);
    if (i % 50 == 0)
        printf("CREATE TYPE e%d AS ENUM ('a%d', 'b', 'c');\n", i, i);
}

static int gen(const char *dialect, int n)
{
    bool is_pg = strcmp(dialect, "postgres") == 0;

    for (int i = 1; i <= n; i++) {
        if (i % 500 == 1)
            printf("BEGIN;\n");
        table(is_pg, i);
        if (i % 500 == 0 || i == n)
            printf("COMMIT;\n");
    }
    return 0;
}

static void indexed_table(bool is_pg, int i)
{
    printf("CREATE TABLE t%d (id %s, name varchar(80) NOT NULL, email text, amount numeric(12,2) NOT NULL DEFAULT 0, state text, made %s, note text, "
           "parent_id bigint REFERENCES t%d (id));\n",
           i, is_pg ? "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY" : "bigint PRIMARY KEY",
           is_pg ? "timestamptz NOT NULL DEFAULT now()" : "text NOT NULL DEFAULT CURRENT_TIMESTAMP", i > 1 ? i - 1 : 1);
    printf("CREATE INDEX t%d_name ON t%d (name, made DESC);\nCREATE INDEX t%d_mail ON t%d (lower(email)) WHERE note IS NOT NULL;\n"
           "CREATE INDEX t%d_parent ON t%d (parent_id, state);\n",
           i, i, i, i, i, i);
    if (is_pg)
        printf("INSERT INTO t%d (name, email, state, note) SELECT 'n' || g, 'e' || g, 's', CASE WHEN g %% 2 = 0 THEN 'x' END FROM generate_series(1, 20) g;\n", i);
    else
        printf("INSERT INTO t%d (id, name, email, state, note) VALUES (1, 'n', 'e', 's', 'x'), (2, 'm', 'f', 's', NULL);\n", i);
}

static int gen_indexes(const char *dialect, int n)
{
    for (int i = 1; i <= n / 4; i++) {
        if (i % 200 == 1)
            printf("BEGIN;\n");
        indexed_table(strcmp(dialect, "postgres") == 0, i);
        if (i % 200 == 0 || i == n / 4)
            printf("COMMIT;\n");
    }
    return 0;
}

/* --- reading --- */

static int read_one(const char *url)
{
    struct ls_db_params p = {.url = url};
    struct ls_err err = LS_ERR_INIT;
    struct ls_catalog *c = NULL;
    struct ls_db *db = NULL;

    if (ls_db_open(&p, &db, &err) != LS_OK || ls_db_catalog(db, NULL, &c, &err) != LS_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    printf("%u facts, %u dependencies, %zu notes\n", c->n_facts, c->n_deps, c->notes.d.n);
    ls_catalog_free(c);
    ls_db_close(db);
    return 0;
}

static int usage_of(const char *url, bool with_sizes)
{
    struct ls_usage_opts opts = {.with_sizes = with_sizes};
    struct ls_db_params p = {.url = url};
    struct ls_err err = LS_ERR_INIT;
    struct ls_usage *u = NULL;
    struct ls_db *db = NULL;
    double start, cpu;
    pid_t pid;

    if (ls_db_open(&p, &db, &err) != LS_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    pid = ls_db_dialect(db) == LS_DIALECT_POSTGRES ? (pid_t)ls_db_info(db)->backend_pid : getpid();
    start = bench_now_ms();
    cpu = bench_cpu(pid).ms;
    if (ls_db_usage(db, &opts, &u, &err) != LS_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    printf("%.0f %.0f %u indexes, %u foreign keys, %zu notes\n", bench_cpu(pid).ms - cpu, bench_now_ms() - start, u->n_indexes, u->n_fks, u->notes.d.n);
    ls_usage_free(u);
    ls_db_close(db);
    return 0;
}

/* Wall ms and peak KiB; -1 when it failed. */
static double run(char *const *argv, long *kib)
{
    double start = bench_now_ms();
    struct rusage use;
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        int fd = open("/dev/null", O_WRONLY);

        dup2(fd, STDOUT_FILENO);
        execvp(argv[0], argv);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &use) != pid || status != 0)
        return -1;
    *kib = use.ru_maxrss;
    return bench_now_ms() - start;
}

static int compare(char *self, const char *what, int argc, char **argv)
{
    int rounds = argc > 5 ? atoi(argv[1]) : 0;
    double ours[MAX_ROUNDS], floors[MAX_ROUNDS], goal = argc > 5 ? atof(argv[2]) : 0;
    long goal_kib = argc > 5 ? atol(argv[3]) : 0, kib = 0, peak = 0, other = 0;
    char name[128], word[16], *const own[] = {self, word, argv[4], NULL};

    snprintf(word, sizeof(word), "%s", what);
    if (rounds < 1 || rounds > MAX_ROUNDS)
        return 2;
    for (int i = -1; i < rounds; i++) { /* the first is for the caches */
        double mine = run(own, &kib), theirs = run(argv + 5, &other);

        if (mine < 0 || theirs < 0) {
            fprintf(stderr, "%s: a command failed\n", argv[0]);
            return 1;
        }
        peak = kib > peak ? kib : peak;
        if (i >= 0) {
            ours[i] = mine;
            floors[i] = theirs;
        }
    }
    bench_report_pairs(argv[0], ours, floors, (size_t)rounds, "ms", goal);
    if (goal_kib > 0) {
        snprintf(name, sizeof(name), "%s, peak", argv[0]);
        bench_report(name, (double)peak / 1024, (double)goal_kib / 1024, "MiB", 1.0);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "gen") == 0)
        return gen(argv[2], atoi(argv[3]));
    if (argc == 3 && strcmp(argv[1], "read") == 0)
        return read_one(argv[2]);
    if (argc == 4 && strcmp(argv[1], "gen-indexes") == 0)
        return gen_indexes(argv[2], atoi(argv[3]));
    if ((argc == 3 || argc == 4) && strcmp(argv[1], "usage") == 0)
        return usage_of(argv[2], argc == 4);
    if (argc > 7 && (strcmp(argv[1], "run") == 0 || strcmp(argv[1], "run-usage") == 0))
        return compare(argv[0], argv[1][3] == '\0' ? "read" : "usage", argc - 2, argv + 2);
    fprintf(stderr, "bench_catalog gen|gen-indexes postgres|sqlite N | read URL | usage URL [sizes] | run|run-usage NAME ROUNDS GOAL GOAL_KIB URL COMMAND...\n");
    return 2;
}
