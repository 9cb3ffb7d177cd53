/* The second read of a catalogue on a connection that is kept, against a whole read and, on PostgreSQL, against the bare question
 * whether anything changed.
 *   bench_refresh NAME ROUNDS URL     t1 is a table of `bench_catalog gen` */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_util.h"
#include "lockstep/db/catalog.h"

#define MAX_ROUNDS 99

/* How many rows and a hash of where they are, over the six largest tables: what psql would be asked. */
static const char probe[] =
    "select sum(n), sum(h) from (select count(*) n, sum(hashtext(xmin::text || ctid::text)) h from pg_class union all "
    "select count(*), sum(hashtext(xmin::text || ctid::text)) from pg_attribute union all "
    "select count(*), sum(hashtext(xmin::text || ctid::text)) from pg_constraint union all "
    "select count(*), sum(hashtext(xmin::text || ctid::text)) from pg_index union all "
    "select count(*), sum(hashtext(xmin::text || ctid::text)) from pg_attrdef union all "
    "select count(*), sum(hashtext(xmin::text || ctid::text)) from pg_depend) q";

struct bench {
    struct ls_db *db, *other;
    struct ls_catalog_state *state;
    bool is_pg;
};

static void die(const struct ls_err *err)
{
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

static struct ls_db *open_url(const char *url)
{
    struct ls_db_params p = {.url = url};
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db = NULL;

    if (ls_db_open(&p, &db, &err) != LS_OK)
        die(&err);
    return db;
}

static void run(struct ls_db *db, const char *sql)
{
    struct ls_err err = LS_ERR_INIT;

    if (ls_db_exec_batch(db, sql, strlen(sql), NULL, &err) != LS_OK)
        die(&err);
}

static double refresh(struct bench *b, enum ls_catalog_how want)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_catalog *c = NULL;
    enum ls_catalog_how how;
    double start = bench_now_ms(), took;

    if (ls_db_catalog_refresh(b->db, NULL, &b->state, &c, &how, &err) != LS_OK)
        die(&err);
    took = bench_now_ms() - start;
    if (how != want) {
        fprintf(stderr, "the schema was read in way %d, not %d\n", (int)how, (int)want);
        exit(1);
    }
    ls_catalog_free(c);
    return took;
}

static double whole(struct bench *b)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_catalog *c = NULL;
    double start = bench_now_ms(), took;

    if (ls_db_catalog(b->db, NULL, &c, &err) != LS_OK)
        die(&err);
    took = bench_now_ms() - start;
    ls_catalog_free(c);
    return took;
}

static double ask(struct bench *b)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r;
    double start = bench_now_ms();

    if (ls_db_query(b->db, probe, NULL, 0, &r, &err) != LS_OK)
        die(&err);
    ls_result_release(&r);
    return bench_now_ms() - start;
}

int main(int argc, char **argv)
{
    double same[MAX_ROUNDS], idle[MAX_ROUNDS], one[MAX_ROUNDS], all[MAX_ROUNDS], all2[MAX_ROUNDS], floors[MAX_ROUNDS];
    size_t rounds = argc == 4 ? (size_t)strtoul(argv[2], NULL, 10) : 0;
    struct bench b = {0};
    char name[160];

    if (rounds < 1 || rounds > MAX_ROUNDS)
        return 2;
    b.db = open_url(argv[3]);
    b.other = open_url(argv[3]);
    b.is_pg = ls_db_dialect(b.db) == LS_DIALECT_POSTGRES;
    refresh(&b, LS_CATALOG_WHOLE);
    for (size_t i = 0; i < rounds; i++) {
        idle[i] = refresh(&b, LS_CATALOG_SAME);
        if (b.is_pg)
            run(b.other, "select pg_current_xact_id()"); /* something else went on: the snapshot alone says nothing */
        same[i] = refresh(&b, LS_CATALOG_SAME);
        floors[i] = b.is_pg ? ask(&b) : 0;
        run(b.other, "alter table t1 add column bench int");
        one[i] = refresh(&b, LS_CATALOG_PARTLY);
        run(b.other, "alter table t1 drop column bench"); /* SQLite itself reads its schema again then */
        all[i] = all2[i] = whole(&b);
        (void)refresh(&b, LS_CATALOG_PARTLY);
    }
    snprintf(name, sizeof(name), "%s: one changed / all read", argv[1]);
    bench_report_pairs(name, one, all, rounds, "ms", b.is_pg ? 0.6 : 0.9); /* SQLite itself reads all of its schema again */
    if (b.is_pg) {
        snprintf(name, sizeof(name), "%s: nothing changed / probe", argv[1]);
        bench_report_pairs(name, same, floors, rounds, "ms", 2.0);
    } else {
        snprintf(name, sizeof(name), "%s: nothing changed / all read", argv[1]);
        bench_report_pairs(name, same, all2, rounds, "ms", 0.1);
    }
    for (size_t i = 0; i < rounds; i++)
        all2[i] = all[i];
    snprintf(name, sizeof(name), "%s: no transaction since / all read", argv[1]);
    bench_report_pairs(name, idle, all2, rounds, "ms", 0.1);
    ls_catalog_state_free(b.state);
    ls_db_close(b.other);
    ls_db_close(b.db);
    return 0;
}
