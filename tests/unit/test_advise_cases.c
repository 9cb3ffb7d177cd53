/* engine/advise.h: one query after the other, and exactly the indexes that it lacks, on both databases. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lockstep/base/clock.h"
#include "support/advise.h"

/* One database for all of them: nothing of it may change. */
static struct adv_test shared[2];

static void make_tables(struct adv_test *t)
{
    adv_sql(t, "CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL, country TEXT, name TEXT);"
               "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, status TEXT NOT NULL, total INTEGER, created_at INTEGER NOT NULL, "
               "deleted_at INTEGER);"
               "CREATE TABLE \"Order Items\" (\"Id\" INTEGER PRIMARY KEY, \"Order\" INTEGER NOT NULL, \"sku\" TEXT);"
               "CREATE TABLE served (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER, d INTEGER);"
               "CREATE INDEX served_ab ON served (a, b); CREATE INDEX \"served C\" ON served (c);"
               "CREATE TABLE small (id INTEGER PRIMARY KEY, a INTEGER);"
               "CREATE VIEW recent AS SELECT m.id, m.user_id AS who, m.updated_at AS at FROM memories m");
    adv_rows(t, "customers", "n, 'user' || n || '@example.org', CASE WHEN n % 50 = 0 THEN 'NZ' ELSE 'DE' END, 'Name ' || n * 7919 % 10007", 10000);
    adv_rows(t, "orders",
             "n, n % 2000, CASE n % 40 WHEN 0 THEN 'open' ELSE 'done' END, n * 7 % 1000, n * 7919 % 20011, CASE WHEN n % 10 = 0 THEN NULL ELSE n END", 20000);
    adv_rows(t, "\"Order Items\"", "n, n / 3, 'S' || (n % 997)", 10000);
    adv_rows(t, "served", "n, n % 100, n * 7919 % 1009, n % 500, n * 31 % 997", 10000);
    adv_rows(t, "small", "n, n % 7", 200);
    adv_sql(t, "ANALYZE");
}

static int open_shared(void **state)
{
    (void)state;
#ifdef LS_WITH_SQLITE
    adv_open(&shared[0], false);
    make_tables(&shared[0]);
#endif
    if (test_pg_url() != NULL) {
        adv_open(&shared[1], true);
        make_tables(&shared[1]);
    }
    return 0;
}

static int close_shared(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        if (shared[i].db != NULL)
            adv_close(&shared[i]);
    return 0;
}

static const struct {
    const char *name, *sql, *is, *is_pg; /* is_pg NULL: the same */
} cases[] = {
    {"equality", "SELECT * FROM orders WHERE customer_id = ?", "orders(customer_id)", NULL},
    {"range", "SELECT id FROM orders WHERE customer_id = 7 AND created_at > 100", "orders(customer_id, created_at)", "orders(customer_id)"},
    {"range alone", "SELECT id FROM orders WHERE created_at > 20005", "orders(created_at)", NULL},
    {"list", "SELECT * FROM orders WHERE customer_id IN (?, ?, 3)", "orders(customer_id)", NULL},
    {"join", "SELECT o.total FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.email = ?", "orders(customer_id)|customers(email)", NULL},
    {"join in order", "SELECT o.id FROM customers c, orders o WHERE o.customer_id = c.id AND c.email = 'user77@example.org' ORDER BY o.created_at DESC LIMIT 5",
     "orders(customer_id)|customers(email)", NULL},
    {"view", "SELECT id FROM recent WHERE who = ? ORDER BY at DESC LIMIT 10", "memories(user_id, updated_at)", NULL},
    {"cte", "WITH mine AS (SELECT * FROM memories WHERE user_id = ?) SELECT body FROM mine ORDER BY updated_at DESC LIMIT 5", "memories(user_id, updated_at)",
     NULL},
    {"subquery", "SELECT email FROM customers c WHERE id IN (SELECT customer_id FROM orders WHERE status = 'open' AND total = 0)", "orders(total)", "orders(total, status)"},
    {"or", "SELECT * FROM orders WHERE customer_id = 5 OR created_at = 17", "orders(customer_id)|orders(created_at)", NULL},
    {"mixed order", "SELECT id FROM orders ORDER BY total, created_at DESC LIMIT 10", "orders(total, created_at DESC)", NULL},
    {"all descending", "SELECT id FROM orders ORDER BY total DESC, created_at DESC LIMIT 10", "orders(total, created_at)", NULL},
    {"by number", "SELECT created_at, id FROM orders ORDER BY 1 DESC LIMIT 10", "orders(created_at)", NULL},
    {"nulls", "SELECT id FROM orders WHERE deleted_at IS NULL AND total = 14", "orders(deleted_at, total)", NULL},
    {"nulls last", "SELECT id FROM orders ORDER BY total DESC NULLS LAST LIMIT 10", "orders(total)", "orders(total DESC NULLS LAST)"},
    {"max", "SELECT max(created_at) FROM orders", "orders(created_at)", NULL},
    {"expression", "SELECT id FROM customers WHERE lower(email) = 'user5@example.org'", "customers(lower(email))", NULL},
    {"like", "SELECT id FROM customers WHERE name LIKE 'Name 123%'", "customers(name COLLATE NOCASE)", "customers(name text_pattern_ops)"},
    {"no leading text", "SELECT id FROM customers WHERE name LIKE '%123%'", "", NULL},
    {"quoted", "SELECT \"Id\" FROM \"Order Items\" WHERE \"Order\" = ?", "Order Items(\"Order\")", NULL},
    {"self join", "SELECT b.total FROM orders a JOIN orders b ON b.customer_id = a.customer_id WHERE a.id = 7", "orders(customer_id)", NULL},
    {"update", "UPDATE orders SET total = 1 WHERE customer_id = 9", "orders(customer_id)", NULL},
    {"delete", "DELETE FROM orders WHERE created_at = ?", "orders(created_at)", NULL},
    {"served", "SELECT * FROM served WHERE a = ? AND b = 5", "", NULL},
    {"served by a prefix", "SELECT * FROM served WHERE a = ?", "", NULL},
    {"served by a quoted one", "SELECT * FROM served WHERE c = ?", "", NULL},
    {"primary key", "SELECT * FROM orders WHERE id = ?", "", NULL},
    {"small", "SELECT * FROM small WHERE a = 3", "", NULL},
    {"whole table", "SELECT count(*) FROM orders", "", NULL},
    {"no table", "SELECT 1", "", NULL},
};

static void run_cases(bool is_pg)
{
    struct adv_test *t = &shared[is_pg];

    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++)
        adv_check(t, cases[i].name, cases[i].sql, is_pg && cases[i].is_pg != NULL ? cases[i].is_pg : cases[i].is);
    adv_done();
}

ADV_BOTH_MEASURED(run_cases)

int main(void)
{
    const struct CMUnitTest tests[] = {ADV_BOTH_TESTS(run_cases)};

    return cmocka_run_group_tests(tests, open_shared, close_shared);
}
