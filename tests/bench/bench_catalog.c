/* Reading a catalogue, whole processes in rounds against what a user would run instead.
 *   bench_catalog gen postgres|sqlite N      the schema as SQL: N tables of 8 columns, 2 indexes, 1 foreign key, 1 check; triggers,
 * views, enums among them bench_catalog read URL                   reads it, prints how many facts bench_catalog run NAME ROUNDS
 * GOAL GOAL_KIB URL COMMAND...    `read` and the command in turns; the ratio of times is to be GOAL at most */
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

static int compare(char *self, int argc, char **argv)
{
    int rounds = argc > 5 ? atoi(argv[1]) : 0;
    double ours[MAX_ROUNDS], floors[MAX_ROUNDS], goal = argc > 5 ? atof(argv[2]) : 0;
    long goal_kib = argc > 5 ? atol(argv[3]) : 0, kib = 0, peak = 0, other = 0;
    char name[128], *const own[] = {self, "read", argv[4], NULL};

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
    if (argc > 7 && strcmp(argv[1], "run") == 0)
        return compare(argv[0], argc - 2, argv + 2);
    fprintf(stderr, "bench_catalog gen postgres|sqlite N | read URL | run NAME ROUNDS GOAL GOAL_KIB URL COMMAND...\n");
    return 2;
}
