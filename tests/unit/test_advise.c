/* engine/advise.h: the seed cases on both databases, by counts; whole workloads; what is there is never proposed; nothing stays behind. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <sys/wait.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/hash.h"
#include "support/advise.h"

#define MEMORIES "SELECT * FROM memories WHERE user_id = ? ORDER BY updated_at DESC LIMIT 20"
#define ENTITIES "SELECT * FROM entities WHERE user_id = ? AND entity_type = 'person' ORDER BY created_at DESC LIMIT 20"

static void seed_cases(bool is_pg)
{
    static const char *const queries[] = {MEMORIES, ENTITIES, NULL};
    const struct ls_advice *a;
    struct adv_test t;

    adv_open(&t, is_pg);
    adv_run(&t, queries);
    assert_int_equal(t.out.n, 2);
    a = adv_get(&t, "memories(user_id, updated_at)");
    assert_string_equal(a->spec->name, "idx_memories_user_id_updated_at");
    assert_string_equal(a->spec->schema, is_pg ? "public" : "main");
    assert_int_equal(a->level, LS_ADVICE_MEASURED);
    assert_int_equal(a->n_gains, 1);
    assert_int_equal(a->gains[0].query, 0);
    assert_true(a->bytes > 50000);
    assert_string_equal(adv_index_of(a), a->spec->name);
    assert_false(a->is_order_by);
    assert_int_equal(a->replaces, LS_NO_USAGE);
    if (is_pg) {
        assert_in_range(a->gains[0].before.buffers, 50, 400);
        assert_in_range(a->gains[0].after.buffers, 3, 25);
    } else {
        assert_true(a->gains[0].before.steps > 30000);
        assert_in_range(a->gains[0].after.steps, 100, 200);
        assert_int_equal(a->gains[0].after.sorts, 0);
    }
    assert_int_equal(a->gains[0].after.rows, 20);
    assert_true(a->gains[0].saving > (is_pg ? 0.6 : 0.9));
    a = adv_get(&t, "entities(user_id, entity_type, created_at)");
    assert_int_equal(a->level, LS_ADVICE_MEASURED);
    assert_true(a->gains[0].saving > 0.5);
    assert_non_null(strstr(a->write_cost, is_pg ? "entities then has 2" : "entities then has 1"));
    assert_string_equal(t.out.how, is_pg ? ls_arena_printf(t.out.arena, "measured on a clone of %s", ls_db_info(t.db)->database) : "measured on a copy of app.db");
    adv_close(&t);
}

static void order_alone(bool is_pg)
{
    static const char *const queries[] = {"SELECT * FROM entities ORDER BY created_at DESC LIMIT 20", NULL};
    struct adv_test t;

    adv_open(&t, is_pg);
    adv_run(&t, queries);
    assert_int_equal(t.out.n, 1);
    assert_int_equal(adv_get(&t, "entities(created_at)")->level, LS_ADVICE_MEASURED);
    adv_close(&t);
}

/* A shorter one is made needless by a longer one, and the gains of both stand there. */
static void merged_over_the_workload(bool is_pg)
{
    static const char *const queries[] = {"SELECT count(*) FROM memories WHERE user_id = ?", MEMORIES, "SELECT id FROM memories WHERE user_id = 3 ORDER BY updated_at LIMIT 1",
                                          NULL};
    struct adv_test t;

    adv_open(&t, is_pg);
    adv_run(&t, queries);
    assert_int_equal(t.out.n, 1);
    assert_int_equal(adv_get(&t, "memories(user_id, updated_at)")->n_gains, 3);
    assert_true(t.out.a[0].saving > 0.5 && t.out.a[0].saving <= 1);
    for (uint32_t i = 1; i < 3; i++)
        assert_true(t.out.a[0].gains[i - 1].saving >= t.out.a[0].gains[i].saving);
    adv_close(&t);
}

/* One that finds the rows, and another step that sorts them. */
static void order_by_is_told(bool is_pg)
{
    static const char *const queries[] = {MEMORIES, NULL};
    const struct ls_advice *a;
    struct adv_test t;
    uint32_t old;

    adv_open(&t, is_pg);
    adv_sql(&t, "CREATE INDEX idx_memories_user_id_updated_at ON entities (name); CREATE INDEX by_user ON memories (user_id); ANALYZE");
    adv_run(&t, queries);
    assert_int_equal(t.out.n, 1);
    a = adv_get(&t, "memories(user_id, updated_at)");
    assert_true(a->is_order_by);
    assert_string_equal(a->spec->name, "idx_memories_user_id_updated_at_2"); /* the name is taken */
    old = ls_usage_find_index(t.u, NULL, "by_user");
    assert_int_not_equal(old, LS_NO_USAGE);
    assert_int_equal(a->replaces, old);
    assert_true(t.out.uses[old]);
    assert_false(t.out.uses[ls_usage_find_index(t.u, NULL, "idx_memories_user_id_updated_at")]);
    adv_close(&t);
}

static void what_is_there_is_not_proposed(bool is_pg)
{
    static const char *const queries[] = {MEMORIES, ENTITIES, "SELECT * FROM memories WHERE user_id = 7", NULL};
    struct adv_test t;

    adv_open(&t, is_pg);
    adv_sql(&t, "CREATE INDEX a ON memories (user_id, updated_at); CREATE INDEX b ON entities (user_id, entity_type, created_at DESC)");
    adv_run(&t, queries);
    if (t.out.n != 0)
        adv_show(&t);
    assert_int_equal(t.out.n, 0);
    assert_int_equal(t.out.n_plans, 3);
    adv_close(&t);
}

/* Of a prefix both plans are shown, with it and without; SQLite's has the rowid behind its columns, so that it orders what the longer one cannot. */
static void tried_without_a_prefix(bool is_pg)
{
    static const char *const queries[] = {"SELECT count(*) FROM entities WHERE user_id = 3", "SELECT name FROM entities WHERE user_id = 3 ORDER BY id LIMIT 5", NULL};
    struct adv_test t;
    uint32_t narrow, n_worse = 0;

    adv_open(&t, is_pg);
    adv_sql(&t, "CREATE INDEX narrow ON entities (user_id); CREATE INDEX wide ON entities (user_id, name); CREATE INDEX alone ON memories (user_id); ANALYZE");
    adv_run(&t, queries);
    narrow = ls_usage_find_index(t.u, NULL, "narrow");
    assert_true(t.out.n_losses > 0);
    for (uint32_t i = 0; i < t.out.n_losses; i++) {
        const struct ls_loss *l = &t.out.losses[i];

        assert_int_equal(l->index, narrow);
        assert_true(l->before.is_measured && l->after.is_measured);
        for (uint32_t n = 0; n < l->after.n_nodes; n++)
            assert_string_not_equal(l->after.nodes[n].index, "narrow");
        n_worse += l->is_worse;
    }
    assert_int_equal(n_worse, is_pg ? 0 : 1);
    if (!is_pg) {
        assert_int_equal(t.out.n_losses, 2);
        assert_true(t.out.losses[1].is_worse);
        assert_int_equal(t.out.losses[1].before.sorts, 0);
        assert_int_equal(t.out.losses[1].after.sorts, 1);
    }
    adv_close(&t);
}

/* SQLite: how many entries are NULL is counted on the copy, also when there is no query. */
static void nulls_are_counted(void **state)
{
    static const char *const queries[] = {NULL};
    struct adv_test t;
    uint32_t i;

    (void)state;
    ADV_NEEDS_SQLITE();
    adv_open(&t, false);
    adv_sql(&t, "CREATE TABLE notes (id INTEGER PRIMARY KEY, gone INTEGER, kept INTEGER); CREATE INDEX by_gone ON notes (gone); CREATE INDEX by_kept ON notes (kept);"
                "CREATE TABLE few (a); CREATE INDEX by_a ON few (a)");
    adv_rows(&t, "notes", "n, CASE n % 4 WHEN 0 THEN n END, n", 20000);
    adv_run(&t, queries);
    assert_non_null(t.out.nulls);
    i = ls_usage_find_index(t.u, NULL, "by_gone");
    assert_float_equal(t.out.nulls[i].share, 0.75, 0.0001);
    assert_in_range(t.out.nulls[i].bytes, 100000, 400000);
    assert_float_equal(t.out.nulls[ls_usage_find_index(t.u, NULL, "by_kept")].share, 0, 0.0001);
    assert_float_equal(t.out.nulls[ls_usage_find_index(t.u, NULL, "by_a")].share, -1, 0.0001); /* too few to matter */
    adv_close(&t);
}

/* The same constant in two queries, for few rows. */
static void partial_for_a_constant(bool is_pg)
{
    static const char *const queries[] = {"SELECT * FROM jobs WHERE state = 'open' ORDER BY due LIMIT 10", "SELECT id FROM jobs WHERE state = 'open' AND due > 9990",
                                          NULL};
    static const char *const once[] = {"SELECT * FROM jobs WHERE state = 'open' ORDER BY due LIMIT 10", NULL};
    struct adv_test t;

    adv_open(&t, is_pg);
    adv_sql(&t, "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT NOT NULL, due INTEGER NOT NULL, note TEXT)");
    adv_rows(&t, "jobs", "n, CASE n % 20 WHEN 0 THEN 'open' ELSE 'done' END, n * 7919 % 10007, 'note ' || n", 10000);
    adv_sql(&t, "ANALYZE");
    adv_run(&t, queries);
    assert_int_equal(t.out.n, 1);
    assert_true(adv_get(&t, is_pg ? "jobs(due) WHERE state = 'open'::text" : "jobs(due) WHERE state = 'open'")->is_partial);
    adv_run(&t, once);
    assert_int_equal(t.out.n, 1);
    assert_false(adv_get(&t, "jobs(state, due)")->is_partial);
    adv_close(&t);
}

/* Most rows are not deleted: that they are not narrows nothing, and PostgreSQL reads no order behind "IS NULL". */
static void what_is_not_deleted(bool is_pg)
{
    static const char *const queries[] = {"SELECT * FROM tasks WHERE user_id = ? AND deleted_at IS NULL ORDER BY due DESC LIMIT 20", NULL};
    static const char *const rows_compared[] = {"SELECT * FROM tasks WHERE user_id = 3 AND (due, id) < (9000, 1) ORDER BY due DESC, id DESC LIMIT 20", NULL};
    struct adv_test t;

    adv_open(&t, is_pg);
    adv_sql(&t, "CREATE TABLE tasks (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, due INTEGER NOT NULL, deleted_at INTEGER, note TEXT)");
    adv_rows(&t, "tasks", "n, n % 100, n * 7919 % 10007, CASE WHEN n % 30 = 0 THEN n END, 'a note that is long enough to make a row of a hundred bytes or somewhat more than that: ' || n", 20000);
    adv_sql(&t, "ANALYZE");
    adv_run(&t, queries);
    assert_int_equal(t.out.n, 1);
    assert_int_equal(adv_get(&t, "tasks(user_id, due)")->level, LS_ADVICE_MEASURED);
    adv_run(&t, rows_compared);
    assert_int_equal(t.out.n, 1);
    (void)adv_get(&t, is_pg ? "tasks(user_id, due, id)" : "tasks(user_id, due)");
    assert_false(adv_noted(&t, "not-indexable"));
    t.opts.measure = false;
    adv_run(&t, queries);
    assert_int_equal(t.out.n, 1);
    (void)adv_get(&t, "tasks(user_id, due)");
    adv_close(&t);
}

static void refused_queries_are_notes(bool is_pg)
{
    struct adv_test t;
    const struct ls_diag *d;

    adv_open(&t, is_pg);
    adv_file(&t, "SELECT nothing\n FROM memories;\n\n-- name: broken\nSELECT * FROM nowhere;\n" MEMORIES ";\nSELECT abs(?) FROM memories;");
    assert_int_equal(t.out.n, 1);
    (void)adv_get(&t, "memories(user_id, updated_at)");
    assert_int_equal(t.out.n_plans, 4);
    assert_int_equal(t.out.plans[0].n_nodes, 0);
    assert_int_equal(t.out.plans[1].n_nodes, 0);
    assert_true(t.out.plans[2].n_nodes > 0);
    assert_true(t.out.notes.d.n >= 3);
    d = &t.out.notes.d.v[0];
    assert_string_equal(d->code, "query-refused");
    assert_null(strstr(d->message, "workload.sql")); /* the place stands beside the text, and not in it too */
    assert_non_null(strstr(d->message, "left out: "));
    assert_int_equal(d->line, 1);
    d = &t.out.notes.d.v[1];
    assert_int_equal(d->line, 5);
    assert_int_equal(strncmp(d->message, "broken: left out: ", 18), 0);
    assert_non_null(strstr(d->message, "nowhere"));
    assert_true(adv_noted(&t, "no-sample"));
    adv_close(&t);
}

/* The one that takes the most is shown: a rare value gains, and a frequent one is no reason. */
static void samples_are_run(bool is_pg)
{
    const struct ls_advice *a;
    struct adv_test t;

    adv_open(&t, is_pg);
    adv_sql(&t, "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT NOT NULL, note TEXT)");
    adv_rows(&t, "jobs", "n, CASE n % 500 WHEN 0 THEN 'open' ELSE 'done' END, 'a note that is some words long, as they are in such tables: number ' || n", 10000);
    adv_sql(&t, "ANALYZE");
    adv_file(&t, "-- sample: 'nothing'\n-- sample: 'open'\nSELECT note FROM jobs WHERE state = ?");
    assert_int_equal(t.out.n, 1);
    a = adv_get(&t, "jobs(state)");
    assert_string_equal(a->gains[0].before.how, "with sample 2");
    assert_string_equal(a->gains[0].after.how, "with sample 2");
    assert_int_equal(a->gains[0].before.rows, 20);
    assert_true(a->gains[0].saving > 0.5);
    adv_file(&t, "-- sample: 'done'\nSELECT note FROM jobs WHERE state = ?");
    assert_int_equal(t.out.n, 0);
    adv_close(&t);
}

static void write_cost_is_told(bool is_pg)
{
    const struct ls_advice *a;
    struct adv_test t;

    adv_open(&t, is_pg);
    adv_file(&t, MEMORIES ";\n-- frequency: 300/h\nINSERT INTO memories VALUES (?, ?, ?, ?);\nUPDATE memories SET body = 'x', updated_at = ? WHERE id = ?;\n"
                          "UPDATE memories SET body = ? WHERE id = ?;\nUPDATE entities SET user_id = 1 WHERE id = 4;");
    a = adv_get(&t, "memories(user_id, updated_at)");
    assert_non_null(strstr(a->write_cost, "300 inserts an hour"));
    assert_non_null(strstr(a->write_cost, "UPDATE of updated_at (in 1 of 5 queries) "));
    assert_non_null(strstr(a->write_cost, is_pg ? "cannot be HOT any more" : "writes it too"));
    adv_file(&t, "SELECT id FROM memories WHERE user_id = 3;\n-- frequency: 900/h\nSELECT body FROM memories WHERE updated_at = 77;");
    assert_int_equal(t.out.n, 2); /* the best first, and counted as they are listed */
    assert_string_equal(t.out.a[0].spec->keys[0], "updated_at");
    assert_non_null(strstr(t.out.a[0].write_cost, is_pg ? "memories then has 2" : "memories then has 1"));
    assert_non_null(strstr(t.out.a[1].write_cost, is_pg ? "memories then has 3" : "memories then has 2"));
    adv_close(&t);
}

/* What a trigger's body looks up counts for the statement that fires it. */
static void test_triggers_use_indexes(void **state)
{
    struct adv_test t;
    uint32_t by_name, by_user;

    (void)state;
    ADV_NEEDS_SQLITE();
    adv_open(&t, false);
    adv_sql(&t, "CREATE INDEX by_name ON entities (name); CREATE INDEX by_user ON memories (user_id);"
                "CREATE TRIGGER kept AFTER UPDATE OF body ON memories WHEN new.body <> old.body BEGIN SELECT RAISE(ABORT, 'no') WHERE new.body = ''; UPDATE "
                "entities SET created_at = CASE WHEN new.id > 3 THEN 1 ELSE 2 END WHERE name = new.body; END");
    adv_file(&t, "UPDATE memories SET body = 'x' WHERE id = 4;\nDELETE FROM memories WHERE id = 5;\nSELECT * FROM memories WHERE user_id = 6");
    by_name = ls_usage_find_index(t.u, NULL, "by_name");
    by_user = ls_usage_find_index(t.u, NULL, "by_user");
    assert_true(t.out.uses[by_name]);
    assert_false(t.out.uses[by_user]);
    assert_false(t.out.uses[t.u->n_indexes + by_name]);
    assert_false(t.out.uses[2 * t.u->n_indexes + by_name]);
    assert_true(t.out.uses[2 * t.u->n_indexes + by_user]);
    adv_close(&t);
}

/* --- nothing stays */

static int64_t count(struct ls_db *db, const char *sql)
{
    struct ls_result r;
    int64_t n;

    assert_int_equal(ls_db_query(db, sql, NULL, 0, &r, NULL), LS_OK);
    n = strtoll(ls_result_get(&r, 0, 0), NULL, 10);
    ls_result_release(&r);
    return n;
}

static size_t n_folders(void)
{
    char *pattern = ls_asprintf("/var/tmp/lockstep-copy-%ld-*", (long)getpid());
    glob_t g;
    size_t n = glob(pattern, 0, NULL, &g) == 0 ? g.gl_pathc : 0;

    globfree(&g);
    free(pattern);
    return n;
}

static void hash_of(const struct adv_test *t, char hex[LS_SHA256_HEX])
{
    struct ls_buf b = LS_BUF_INIT;

    assert_int_equal(ls_file_read(t->path, 0, 0, &b, NULL), LS_OK);
    ls_sha256_hex(b.ptr, b.len, hex);
    ls_buf_release(&b);
}

#define INDEXES "SELECT count(*) FROM pg_class WHERE relkind = 'i' AND relname !~ '^pg_'"

/* Other test programs have scratch databases on the same server: of those that are there now each has to go, since theirs do. */
static void no_scratch_stays(struct ls_db *db)
{
    struct ls_result r;
    char *sql;
    int64_t n = 1;

    assert_int_equal(ls_db_query(db, "SELECT coalesce(string_agg(quote_literal(datname), ','), 'NULL') FROM pg_database WHERE datname LIKE 'lockstep\\_scratch%'",
                                 NULL, 0, &r, NULL),
                     LS_OK);
    sql = ls_asprintf("SELECT count(*) FROM pg_database WHERE datname IN (%s)", ls_result_get(&r, 0, 0));
    ls_result_release(&r);
    for (int i = 0; i < 600 && (n = count(db, sql)) > 0; i++)
        usleep(100000);
    assert_int_equal(n, 0);
    free(sql);
}

static void nothing_stays(bool is_pg)
{
    static const char *const queries[] = {MEMORIES, "UPDATE memories SET body = 'x' WHERE user_id = 3", "DELETE FROM entities WHERE user_id = 1", NULL};
    char before[LS_SHA256_HEX] = "", after[LS_SHA256_HEX] = "";
    int64_t indexes = 0;
    struct adv_test t;

    adv_open(&t, is_pg);
    if (is_pg)
        indexes = count(t.db, INDEXES);
    else
        hash_of(&t, before);
    adv_run(&t, queries);
    assert_true(t.out.n > 0);
    assert_int_equal(ls_db_tx_status(t.db), LS_TXS_IDLE);
    assert_int_equal(count(t.db, "SELECT count(*) FROM memories WHERE body = 'x'"), 0);
    assert_int_equal(count(t.db, "SELECT count(*) FROM entities"), 10000);
    if (is_pg) {
        assert_int_equal(count(t.db, INDEXES), indexes);
        no_scratch_stays(t.db);
        assert_int_equal(count(t.db, "SELECT count(*) FROM pg_prepared_statements"), 0);
    } else {
        hash_of(&t, after);
        assert_string_equal(after, before);
        assert_int_equal(n_folders(), 0);
    }
    adv_close(&t);
}

struct stopper {
    const char *at;
    int n_seen, n_told;
};

static void on_event(void *ctx, const struct ls_event *ev)
{
    struct stopper *s = ctx;

    s->n_told++;
    s->n_seen += ev->text != NULL && strcmp(ev->text, s->at) == 0 ? 1 : 0;
}

static enum ls_gate gate(void *ctx, const struct ls_plan *plan, int step, int op)
{
    (void)plan;
    (void)step;
    (void)op;
    return ((struct stopper *)ctx)->n_seen > 0 ? LS_GATE_STOP : LS_GATE_GO;
}

static void a_stop_leaves_nothing(bool is_pg)
{
    static const char *const places[] = {"planning the workload", "trying indexes", "building the best ones", "measuring with them"};
    struct adv_test t;

    adv_open(&t, is_pg);
    for (size_t i = 0; i < LS_ARRAY_LEN(places); i++) {
        struct stopper s = {.at = places[i]};
        const struct ls_run_hooks hooks = {.on_event = on_event, .gate = gate, .ctx = &s};
        struct ls_err err = LS_ERR_INIT;

        t.opts.hooks = &hooks;
        assert_int_equal(adv_rc(&t, MEMORIES, &err), LS_E_CANCELLED);
        assert_true(s.n_seen > 0);
        ls_err_release(&err);
        if (is_pg)
            no_scratch_stays(t.db);
        else
            assert_int_equal(n_folders(), 0);
    }
    t.opts.hooks = NULL;
    adv_file(&t, MEMORIES);
    assert_int_equal(t.out.n, 1);
    adv_close(&t);
}

/* What a process that died has left of its copy is removed by the next; another's that lives stays. */
static void test_leftover_copies_go(void **state)
{
    char dead[64], alive[64];
    struct adv_test t;
    pid_t pid;

    (void)state;
    ADV_NEEDS_SQLITE();
    pid = fork();
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    snprintf(dead, sizeof(dead), "/var/tmp/lockstep-copy-%ld-XXXXXX", (long)pid);
    snprintf(alive, sizeof(alive), "/var/tmp/lockstep-copy-%ld-XXXXXX", (long)getppid());
    assert_non_null(mkdtemp(dead));
    assert_non_null(mkdtemp(alive));
    adv_open(&t, false);
    adv_file(&t, MEMORIES);
    assert_false(ls_path_exists(dead));
    assert_true(ls_path_exists(alive));
    assert_int_equal(rmdir(alive), 0);
    adv_close(&t);
}

/* SQLite's planner is asked through tables that only listen, one for each of the database: however many there are. */
static void test_many_tables(void **state)
{
    struct adv_test t;

    (void)state;
    ADV_NEEDS_SQLITE();
    adv_open(&t, false);
    for (int i = 0; i < 100; i++) {
        char *sql = ls_asprintf("CREATE TABLE z_%d (id INTEGER PRIMARY KEY, a_rather_long_name_of_a_column_%d TEXT COLLATE NOCASE, c)", i, i);

        adv_sql(&t, sql);
        free(sql);
    }
    adv_file(&t, MEMORIES);
    assert_int_equal(t.out.n, 1);
    assert_string_equal(t.out.a[0].spec->table, "memories");
    assert_int_equal(t.out.a[0].spec->n_keys, 2);
    adv_close(&t);
}

/* --- without a copy */

static void by_shape_alone(bool is_pg)
{
    static const char *const queries[] = {MEMORIES, ENTITIES, "SELECT * FROM memories WHERE id = 3", NULL};
    struct adv_test t;

    adv_open(&t, is_pg);
    t.opts.measure = false;
    adv_sql(&t, "ANALYZE");
    adv_run(&t, queries);
    assert_string_equal(t.out.how, "structural only");
    assert_true(adv_noted(&t, "structural-only"));
    assert_int_equal(t.out.n, 2);
    assert_int_equal(adv_get(&t, "memories(user_id, updated_at)")->level, LS_ADVICE_STRUCTURAL);
    assert_int_equal(adv_get(&t, "entities(user_id, entity_type, created_at)")->n_gains, 0);
    adv_close(&t);
}

/* What joins by a key that is unique is found by that; and with no rows nothing is missing, which is said. */
static void few_rows(bool is_pg)
{
    static const char *const queries[] = {"SELECT b.a FROM big b JOIN few f ON f.id = b.few_id WHERE f.name = 'x' AND b.few_id = f.id", NULL};
    struct adv_test t;

    adv_open(&t, is_pg);
    adv_sql(&t, "CREATE TABLE few (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE big (a INTEGER, few_id INTEGER)");
    adv_run(&t, queries);
    assert_int_equal(t.out.n, 0);
    assert_true(adv_noted(&t, "few-rows"));
    t.opts.measure = false;
    adv_run(&t, queries);
    assert_false(adv_noted(&t, "few-rows"));
    for (uint32_t i = 0; i < t.out.n; i++)
        if (strcmp(t.out.a[i].spec->table, "few") == 0)
            assert_int_equal(t.out.a[i].spec->n_keys, 1); /* (name), and not (name, id) */
    (void)adv_get(&t, "few(name)");
    adv_close(&t);
}

static void too_large_to_copy(bool is_pg)
{
    struct adv_test t;

    adv_open(&t, is_pg);
    t.opts.max_bytes = is_pg ? 1000000 : 100000;
    adv_file(&t, MEMORIES ";" ENTITIES);
    assert_true(adv_noted(&t, is_pg ? "sampled" : "not-copied"));
    if (is_pg)
        assert_non_null(strstr(t.out.how, "% of the rows"));
    else
        assert_int_equal(t.out.a[0].level, LS_ADVICE_STRUCTURAL);
    adv_close(&t);
}

/* --- many */

static void fifty_queries(bool is_pg)
{
    struct ls_buf text = LS_BUF_INIT;
    int64_t from;
    struct adv_test t;

    adv_open(&t, is_pg);
    for (int i = 0; i < 10; i++)
        ls_buf_addf(&text,
                    "SELECT * FROM memories WHERE user_id = %d ORDER BY updated_at DESC LIMIT 20;\nSELECT * FROM entities WHERE user_id = ? AND entity_type = 'p%d';\n"
                    "SELECT count(*) FROM entities WHERE created_at > %d;\nSELECT m.id FROM memories m JOIN entities e ON e.user_id = m.user_id WHERE e.id = %d;\n"
                    "SELECT max(updated_at) FROM memories WHERE user_id = %d;\n",
                    i, i, 10000 - i, i, i);
    from = ls_mono_ms();
    adv_file(&t, text.ptr);
    assert_int_equal(t.out.n_plans, 50);
    (void)adv_get(&t, "memories(user_id, updated_at)");
    assert_in_range(t.out.n, 2, 4);
    assert_true(ls_mono_ms() - from < 60000);
    ls_buf_release(&text);
    adv_close(&t);
}

ADV_BOTH_MEASURED(seed_cases) ADV_BOTH_MEASURED(order_alone) ADV_BOTH_MEASURED(merged_over_the_workload)
ADV_BOTH_MEASURED(order_by_is_told) ADV_BOTH(what_is_there_is_not_proposed)
ADV_BOTH_MEASURED(tried_without_a_prefix) ADV_BOTH_MEASURED(partial_for_a_constant)
ADV_BOTH_MEASURED(what_is_not_deleted) ADV_BOTH_MEASURED(refused_queries_are_notes)
ADV_BOTH_MEASURED(samples_are_run) ADV_BOTH(write_cost_is_told) ADV_BOTH(nothing_stays)
ADV_BOTH_MEASURED(a_stop_leaves_nothing) ADV_BOTH(by_shape_alone) ADV_BOTH_MEASURED(few_rows)
ADV_BOTH_MEASURED(too_large_to_copy) ADV_BOTH(fifty_queries)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ADV_BOTH_TESTS(seed_cases), ADV_BOTH_TESTS(order_alone), ADV_BOTH_TESTS(merged_over_the_workload),
        ADV_BOTH_TESTS(order_by_is_told), ADV_BOTH_TESTS(what_is_there_is_not_proposed),
        ADV_BOTH_TESTS(tried_without_a_prefix), cmocka_unit_test(nulls_are_counted),
        ADV_BOTH_TESTS(partial_for_a_constant), ADV_BOTH_TESTS(what_is_not_deleted),
        ADV_BOTH_TESTS(refused_queries_are_notes), ADV_BOTH_TESTS(samples_are_run),
        ADV_BOTH_TESTS(write_cost_is_told), cmocka_unit_test(test_leftover_copies_go),
        cmocka_unit_test(test_triggers_use_indexes), ADV_BOTH_TESTS(nothing_stays),
        ADV_BOTH_TESTS(a_stop_leaves_nothing),
        cmocka_unit_test(test_many_tables), ADV_BOTH_TESTS(by_shape_alone), ADV_BOTH_TESTS(few_rows),
        ADV_BOTH_TESTS(too_large_to_copy), ADV_BOTH_TESTS(fifty_queries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
