/* engine/advise.h on PostgreSQL alone: partitions, schemas, HypoPG, clones without it, statements of pg_stat_statements' kind. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lockstep/db/copy.h"
#include "support/advise.h"

#define MEMORIES "SELECT * FROM memories WHERE user_id = $1 ORDER BY updated_at DESC LIMIT 20"

#define NEEDS_PG()                            \
    do {                                      \
        (void)state;                          \
        if (test_pg_url() == NULL) {          \
            test_skip(test_pg_skip_reason()); \
            return;                           \
        }                                     \
    } while (0)

/* A copy is made by pg_dump. */
#define NEEDS_A_COPY()                             \
    do {                                           \
        (void)state;                               \
        if (test_pg_dump_skip_reason() != NULL) {  \
            test_skip(test_pg_dump_skip_reason()); \
            return;                                \
        }                                          \
    } while (0)

static bool has_hypopg(struct adv_test *t)
{
    struct ls_result r;
    bool has;

    assert_int_equal(ls_db_query(t->db, "SELECT 1 FROM pg_available_extensions WHERE name = 'hypopg'", NULL, 0, &r, NULL), LS_OK);
    has = r.n_rows > 0;
    ls_result_release(&r);
    return has;
}

static int64_t count(struct ls_db *db, const char *sql)
{
    struct ls_result r;
    int64_t n;

    assert_int_equal(ls_db_query(db, sql, NULL, 0, &r, NULL), LS_OK);
    n = strtoll(ls_result_get(&r, 0, 0), NULL, 10);
    ls_result_release(&r);
    return n;
}

static void make_events(struct adv_test *t)
{
    adv_sql(t, "CREATE TABLE events (id bigint NOT NULL, user_id int NOT NULL, at int NOT NULL, what text) PARTITION BY RANGE (at);"
               "CREATE TABLE events_a PARTITION OF events FOR VALUES FROM (0) TO (10000);"
               "CREATE TABLE events_b PARTITION OF events FOR VALUES FROM (10000) TO (20000);"
               "CREATE TABLE events_c PARTITION OF events DEFAULT");
    adv_rows(t, "events", "n, n * 7919 % 1000, n, 'something that happened to user ' || n * 7919 % 1000", 25000);
    adv_sql(t, "ANALYZE events");
}

static void test_partitions_are_their_root(void **state)
{
    struct adv_test t;

    NEEDS_A_COPY();
    adv_open(&t, true);
    make_events(&t);
    adv_check(&t, "all", "SELECT * FROM events WHERE user_id = $1", "events(user_id)");
    adv_check(&t, "one", "SELECT * FROM events WHERE user_id = $1 AND at < 5000 ORDER BY at DESC LIMIT 5", "events(user_id, at)");
    adv_check(&t, "order", "SELECT * FROM events e WHERE e.user_id = 7 ORDER BY e.what LIMIT 5", "events(user_id)");
    adv_check(&t, "partition", "SELECT * FROM events_b WHERE user_id = $1", "events(user_id)");
    adv_done();
    adv_close(&t);
}

static void test_schemas_and_search_path(void **state)
{
    struct adv_test t;

    NEEDS_A_COPY();
    adv_open(&t, true);
    adv_sql(&t, "CREATE SCHEMA \"My App\"; SET search_path = \"My App\"; CREATE TABLE \"Notes\" (\"Id\" int PRIMARY KEY, \"userId\" int NOT NULL, \"select\" text, v "
                "varchar(20), flag boolean NOT NULL DEFAULT false)");
    adv_rows(&t, "\"Notes\"", "n, n % 500, 'text ' || n * 7919 % 5003, 'v' || n * 31 % 4999, n % 100 = 0", 20000);
    adv_sql(&t, "ANALYZE");
    adv_check(&t, "quoted", "SELECT * FROM \"Notes\" n WHERE n.\"userId\" = $1", "Notes(\"userId\")");
    assert_string_equal(t.out.a[0].spec->schema, "My App");
    assert_string_equal(t.out.a[0].spec->name, "idx_notes_userid");
    adv_check(&t, "keyword", "SELECT * FROM \"Notes\" WHERE \"select\" = 'text 5'", "Notes(\"select\")");
    adv_check(&t, "varchar", "SELECT * FROM \"Notes\" WHERE v = 'v77'", "Notes(v)");
    adv_check(&t, "array", "SELECT * FROM \"Notes\" WHERE \"userId\" = ANY ($1)", "Notes(\"userId\")");
    adv_check(&t, "boolean", "SELECT * FROM \"Notes\" WHERE flag ORDER BY v LIMIT 3", "Notes(flag, v)");
    adv_check(&t, "expression", "SELECT * FROM \"Notes\" n WHERE lower(n.v) = lower($1)", "Notes(lower((v)::text))");
    assert_int_equal(t.out.a[0].level, LS_ADVICE_MEASURED);
    adv_check(&t, "of another type", "SELECT * FROM \"Notes\" WHERE \"userId\" = length($1)", "Notes(\"userId\")");
    adv_check(&t, "sum", "SELECT * FROM \"Notes\" WHERE \"userId\" + \"Id\" = 777", "Notes((\"userId\" + \"Id\"))");
    adv_sql(&t, "ALTER TABLE \"Notes\" ADD doc point DEFAULT point(1, 2)");
    adv_check(&t, "without an order", "SELECT * FROM \"Notes\" WHERE doc[0] = 77", "Notes((doc[0]))");
    adv_check(&t, "not to be indexed", "SELECT * FROM \"Notes\" WHERE to_char(now() - make_interval(days => \"userId\"), 'YYYY') = '2020'", "");
    assert_true(adv_noted(&t, "not-indexable"));
    adv_check(&t, "volatile", "SELECT * FROM \"Notes\" WHERE \"userId\" * random() = 1.5", "");
    adv_done();
    adv_close(&t);
}

static void test_materialised_views(void **state)
{
    struct adv_test t;

    NEEDS_PG();
    adv_open(&t, true);
    adv_sql(&t, "CREATE MATERIALIZED VIEW said AS SELECT user_id AS who, body, updated_at AS at FROM memories; CREATE INDEX said_at ON said (at); ANALYZE said");
    adv_check(&t, "materialised", "SELECT * FROM said WHERE who = $1", "said(who)");
    adv_check(&t, "served", "SELECT * FROM said ORDER BY at LIMIT 5", "");
    adv_done();
    adv_close(&t);
}

/* Two schemas have an index of one name: the plan's is that of its table. */
static void test_uses_are_of_one_schema(void **state)
{
    struct adv_test t;
    uint32_t one, two;

    NEEDS_PG();
    adv_open(&t, true);
    adv_sql(&t, "CREATE SCHEMA tenant; CREATE TABLE tenant.memories (LIKE memories); CREATE INDEX same ON tenant.memories (user_id, updated_at); CREATE INDEX same "
                "ON memories (user_id, updated_at); CREATE INDEX by_body ON memories (body); ANALYZE");
    adv_file(&t, MEMORIES ";SELECT count(*) FROM memories WHERE body = 'x' OR user_id = 3");
    one = ls_usage_find_index(t.u, "public", "same");
    two = ls_usage_find_index(t.u, "tenant", "same");
    assert_true(one != LS_NO_USAGE && two != LS_NO_USAGE && one != two);
    assert_true(t.out.uses[one]);
    assert_false(t.out.uses[two]);
    assert_true(t.out.uses[t.u->n_indexes + one]); /* below a BitmapOr */
    assert_false(t.out.uses[t.u->n_indexes + two]);
    assert_true(t.out.uses[t.u->n_indexes + ls_usage_find_index(t.u, "public", "by_body")]);
    adv_close(&t);
}

/* The newest of a kind that many rows have, in a table that lies in that order: the order alone costs and reads as little as the two together, and would read all
 * of it for a rare kind. */
static void test_equalities_stand_in_front(void **state)
{
    struct adv_test t;

    NEEDS_PG();
    adv_open(&t, true);
    adv_sql(&t, "CREATE TABLE things (id int PRIMARY KEY, kind text, value text, created_at timestamptz)");
    adv_rows(&t, "things", "n, 'k' || n % 20, 'v' || n, now() - n * interval '1 min'", 50000);
    adv_sql(&t, "ANALYZE things");
    adv_check(&t, "newest", "-- sample: 'k3'\nSELECT id, value FROM things WHERE kind = $1 ORDER BY created_at DESC LIMIT 20", "things(kind, created_at)");
    adv_done();
    adv_close(&t);
}

/* The plan likes (updated_at) a third better, and reads five times as much (indexes.md 3.1): by its cost alone it would be taken. */
static void test_what_costs_less_and_reads_more(void **state)
{
    struct adv_test t;

    NEEDS_PG();
    adv_open(&t, true);
    adv_check(&t, "trap", MEMORIES, "memories(user_id, updated_at)");
    adv_done();
    adv_close(&t);
}

/* The same URL for another role; caller frees. */
static char *url_of_role(const char *url, const char *role)
{
    const char *at = strstr(url, "user=postgres");

    assert_non_null(at);
    return ls_asprintf("%.*suser=%s%s", (int)(at - url), url, role, at + strlen("user=postgres"));
}

/* No scratch is named: a server of our own. */
static void test_a_server_of_its_own(void **state)
{
    struct adv_test t;

    NEEDS_A_COPY();
    adv_open(&t, true);
    t.w.scratch_url = NULL;
    adv_check(&t, "own", MEMORIES, "memories(user_id, updated_at)");
    adv_done();
    assert_int_equal(t.out.a[0].level, LS_ADVICE_MEASURED);
    adv_close(&t);
}

/* Who may make no extension gets indexes that are built, one after the other. */
static void test_a_clone_without_hypopg(void **state)
{
    struct adv_test t;
    char *url;

    NEEDS_A_COPY();
    assert_true(test_pg_exec(test_pg_url(), "DO $$BEGIN CREATE ROLE lockstep_maker LOGIN CREATEDB; EXCEPTION WHEN duplicate_object THEN NULL; END$$"));
    adv_open(&t, true);
    t.w.scratch_url = url = url_of_role(test_pg_url(), "lockstep_maker");
    adv_check(&t, "built", MEMORIES, "memories(user_id, updated_at)");
    assert_int_equal(t.out.a[0].level, LS_ADVICE_MEASURED);
    make_events(&t);
    adv_check(&t, "partitions", "SELECT * FROM events WHERE user_id = $1", "events(user_id)");
    adv_done();
    adv_close(&t);
    free(url);
}

static void test_costed_in_the_target(void **state)
{
    const struct ls_advice *a;
    struct adv_test t;

    NEEDS_PG();
    adv_open(&t, true);
    if (!has_hypopg(&t)) {
        adv_close(&t);
        test_skip("HypoPG is not installed on the server");
        return;
    }
    t.opts.measure = false;
    adv_sql(&t, "ANALYZE");
    adv_file(&t, MEMORIES);
    assert_true(adv_noted(&t, "hypopg-available"));
    assert_string_equal(t.out.how, "structural only");
    adv_sql(&t, "CREATE SCHEMA ext; CREATE EXTENSION hypopg SCHEMA ext");
    adv_file(&t, MEMORIES);
    assert_string_equal(t.out.how, "costed by HypoPG");
    assert_int_equal(t.out.n, 1);
    a = adv_get(&t, "memories(user_id, updated_at)");
    assert_int_equal(a->level, LS_ADVICE_COSTED);
    assert_false(a->gains[0].after.is_measured);
    assert_true(a->gains[0].after.cost < a->gains[0].before.cost / 2);
    assert_true(a->bytes > 100000);
    assert_int_equal(count(t.db, "SELECT count(*) FROM ext.hypopg()"), 0);
    make_events(&t);
    adv_check(&t, "partitions", "SELECT * FROM events WHERE user_id = $1", "events(user_id)");
    adv_done();
    adv_close(&t);
}

static void test_values_are_taken_from_rows(void **state)
{
    struct adv_test t;

    NEEDS_A_COPY();
    adv_open(&t, true);
    adv_file(&t, "SELECT e.name FROM memories AS m JOIN entities e ON e.id = m.id WHERE m.user_id = $2 AND e.entity_type = $1 AND m.updated_at BETWEEN $3 AND "
                 "$4 ORDER BY m.updated_at LIMIT $5 OFFSET $6;\nSELECT id FROM memories WHERE body LIKE $1 || '%';\nSELECT id FROM entities WHERE name = $1 || $2");
    assert_true(t.out.n > 0);
    assert_int_equal(t.out.a[0].gains[0].query, 0);
    assert_true(t.out.a[0].gains[0].after.is_measured);
    assert_int_equal(t.out.notes.d.n, 2);
    assert_string_equal(t.out.notes.d.v[0].code, "no-sample");
    assert_int_equal(t.out.notes.d.v[0].line, 2);
    assert_int_equal(t.out.notes.d.v[1].line, 3);
    adv_close(&t);
}

/* A statement that writes is run on the clone: that must not lead back to the rows of a foreign table, wherever they are. */
static void test_foreign_tables_stay_out(void **state)
{
    struct adv_test t;

    NEEDS_A_COPY();
    adv_open(&t, true);
    if (count(t.db, "SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'") == 0) {
        adv_close(&t);
        test_skip("postgres_fdw is not installed on the server");
        return;
    }
    adv_sql(&t, "CREATE TABLE far (id int, n int); INSERT INTO far VALUES (1, 1); CREATE SEQUENCE written;"
                "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM nextval('public.written'); RETURN NEW; END$$;"
                "CREATE TRIGGER tell BEFORE UPDATE ON far FOR EACH ROW EXECUTE FUNCTION tell(); CREATE EXTENSION postgres_fdw;"
                "DO $$BEGIN EXECUTE format('CREATE SERVER back FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)', "
                "current_setting('unix_socket_directories'), current_setting('port'), current_database()); END$$;"
                "CREATE USER MAPPING FOR PUBLIC SERVER back OPTIONS (user 'postgres');"
                "CREATE FOREIGN TABLE near (id int, n int) SERVER back OPTIONS (table_name 'far')");
    adv_file(&t, MEMORIES ";\nUPDATE near SET n = 2 WHERE id = 1");
    assert_int_equal(count(t.db, "SELECT is_called::int FROM written"), 0);
    assert_int_equal(adv_get(&t, "memories(user_id, updated_at)")->level, LS_ADVICE_MEASURED);
    assert_true(adv_noted(&t, "query-not-measured"));
    adv_sql(&t, "UPDATE near SET n = 3 WHERE id = 1");
    assert_int_equal(count(t.db, "SELECT is_called::int FROM written"), 1);
    adv_close(&t);
}

static void test_triggers_stay_out(void **state)
{
    struct adv_test t;

    NEEDS_A_COPY();
    adv_open(&t, true);
    adv_sql(&t, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'it ran'; END$$;"
                "CREATE TRIGGER refuse BEFORE UPDATE ON memories FOR EACH ROW EXECUTE FUNCTION refuse()");
    adv_file(&t, "UPDATE memories SET body = 'x' WHERE user_id = 7");
    assert_false(adv_noted(&t, "query-not-measured"));
    assert_int_equal(adv_get(&t, "memories(user_id)")->level, LS_ADVICE_MEASURED);
    adv_close(&t);
}

/* pg_dump has to lock every table. */
static void test_no_rights(void **state)
{
    struct ls_session_params sp = {0};
    struct ls_db_params p = {0};
    struct ls_err err = LS_ERR_INIT;
    struct adv_test t;
    char *url;

    NEEDS_PG();
    (void)test_pg_exec(test_pg_url(), "DO $$BEGIN CREATE ROLE lockstep_plain LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$");
    adv_open(&t, true);
    adv_sql(&t, "GRANT SELECT ON memories TO lockstep_plain");
    p.url = url = url_of_role(t.url, "lockstep_plain");
    ls_db_close(t.db);
    assert_int_equal(ls_db_open(&p, &t.db, &err), LS_OK);
    sp.url = p.url;
    ls_session_free(t.s);
    t.w.session = t.s = ls_session_new(&sp);
    adv_file(&t, MEMORIES ";\nSELECT * FROM entities WHERE user_id = $1");
    assert_true(adv_noted(&t, "query-refused")); /* entities */
    assert_true(adv_noted(&t, "no-clone"));
    assert_string_equal(t.out.how, "structural only");
    assert_int_equal(adv_get(&t, "memories(user_id, updated_at)")->level, LS_ADVICE_STRUCTURAL);
    adv_close(&t);
    free(url);
}

static bool stop_at_once(void *ctx, int64_t done, int64_t total)
{
    (void)total;
    *(int64_t *)ctx = done;
    return false;
}

/* Rows from one connection to another: whole or not at all, and both go on after an error. */
static void test_rows_are_copied(void **state)
{
    static const char many[] = "COPY (SELECT n, repeat('x', 1000) FROM generate_series(1, 20000) n) TO STDOUT";
    struct ls_err err = LS_ERR_INIT;
    struct ls_db_params p = {0};
    struct adv_test t;
    struct ls_db *to;
    int64_t bytes = 0, seen = 0;

    NEEDS_PG();
    adv_open(&t, true);
    p.url = t.url;
    assert_int_equal(ls_db_open(&p, &to, NULL), LS_OK);
    adv_sql(&t, "CREATE TABLE got (a int, b text)");
    assert_int_equal(ls_db_copy(t.db, many, to, "COPY got FROM STDIN", NULL, NULL, &bytes, NULL), LS_OK);
    assert_int_equal(count(to, "SELECT count(*) FROM got WHERE length(b) = 1000"), 20000);
    assert_true(bytes > 20000000);
    assert_int_equal(ls_db_copy(t.db, many, to, "COPY nowhere FROM STDIN", NULL, NULL, NULL, &err), LS_E_SQL);
    assert_non_null(strstr(err.message, "nowhere"));
    ls_err_release(&err);
    assert_int_equal(ls_db_copy(t.db, "COPY nowhere TO STDOUT", to, "COPY got FROM STDIN", NULL, NULL, NULL, &err), LS_E_SQL);
    ls_err_release(&err);
    assert_int_equal(ls_db_copy(t.db, "COPY (SELECT 1 / (20000 - n), 'y' FROM generate_series(1, 20000) n) TO STDOUT", to, "COPY got FROM STDIN", NULL, NULL, NULL, &err),
                     LS_E_SQL);
    assert_non_null(strstr(err.message, "division by zero"));
    ls_err_release(&err);
    assert_int_equal(ls_db_copy(t.db, many, to, "COPY got (a) FROM STDIN", NULL, NULL, NULL, &err), LS_E_SQL);
    assert_non_null(strstr(err.message, "extra data"));
    ls_err_release(&err);
    assert_int_equal(ls_db_copy(t.db, many, to, "COPY got FROM STDIN", stop_at_once, &seen, NULL, &err), LS_E_CANCELLED);
    ls_err_release(&err);
    assert_true(seen > 1000000 && seen < 4000000);
    assert_int_equal(count(to, "SELECT count(*) FROM got"), 20000);
    assert_int_equal(count(t.db, "SELECT 7"), 7);
    ls_db_close(to);
    adv_close(&t);
}

/* No pg_dump that can: advice by shape, and why. */
static void test_no_copy_is_told(void **state)
{
    static const char *const queries[] = {MEMORIES, NULL};
    struct adv_test t;

    NEEDS_PG();
    if (test_pg_dump_skip_reason() == NULL)
        test_skip("pg_dump is new enough for this server");
    adv_open(&t, true);
    adv_run(&t, queries);
    assert_true(adv_noted(&t, "no-clone"));
    assert_string_equal(t.out.how, "structural only");
    assert_int_equal(t.out.n, 1);
    assert_int_equal(adv_get(&t, "memories(user_id, updated_at)")->level, LS_ADVICE_STRUCTURAL);
    adv_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partitions_are_their_root),
        cmocka_unit_test(test_schemas_and_search_path),
        cmocka_unit_test(test_materialised_views),
        cmocka_unit_test(test_uses_are_of_one_schema),
        cmocka_unit_test(test_equalities_stand_in_front),
        cmocka_unit_test(test_what_costs_less_and_reads_more),
        cmocka_unit_test(test_a_server_of_its_own),
        cmocka_unit_test(test_a_clone_without_hypopg),
        cmocka_unit_test(test_foreign_tables_stay_out),
        cmocka_unit_test(test_triggers_stay_out),
        cmocka_unit_test(test_costed_in_the_target),
        cmocka_unit_test(test_values_are_taken_from_rows),
        cmocka_unit_test(test_no_rights),
        cmocka_unit_test(test_rows_are_copied),
        cmocka_unit_test(test_no_copy_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
