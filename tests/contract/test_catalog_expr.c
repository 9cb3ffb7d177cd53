/* Expressions are written by the server with the columns of another table and given their own names here: that is to be, byte by byte,
 * what the server writes with their own table. */
#include <config.h>

#include "contract/catalog_pg.h"
#include "contract/usage_words.h"

/* Tables of 8, 9, 31 and 32 columns are on either side of the two limits (STAND_IN() in catalog_sql.h). */
static const char scene[] =
    "create schema e; set search_path = e;"
    "create type seqmax as (seqstart int, starelid int); create domain seqmin as text; create collation seqcache from \"C\";"
    "create function seqcycle(seqstart int, seqmax int default 2) returns int immutable language sql as 'select $1';"
    "create function stakind1(anyelement) returns text immutable language sql as 'select ''x''::text';"
    "create table narrow (gone int, a int, \"order\" int, \"Mixed Case\" text, \"quo\"\"te\" text, name text, \"user\" seqmax, word text);"
    "alter table narrow drop column gone;"
    "alter table narrow add constraint n1 check (a > 0 and \"order\" > a or \"Mixed Case\" = 'seqstart' and \"quo\"\"te\" <> E'\\\\seqmax''seqmin'),"
    "  add constraint n2 check ((\"user\").seqstart > 1 and (\"user\").starelid < a),"
    "  add constraint n3 check (seqcycle(a) > 0 and seqcycle(a, seqmax => \"order\") > 1 and seqcycle(seqmax => a, seqstart => 3) > 1),"
    "  add constraint n4 check (name::seqmin <> word collate seqcache and word between name and word || name),"
    "  add constraint n5 check (narrow is not null), add constraint n6 check (tableoid > 0), add constraint n7 check (false),"
    "  add constraint n8 check (narrow.* <> row (null, null)), add constraint n9 check ((case a when 1 then name else word end) is distinct from name),"
    "  add constraint n10 check (xmlforest(a as seqstart, name as seqmax) is not null and (\"user\")::seqmax is not null),"
    "  add constraint n11 check (xmlelement(name seqincrement, xmlattributes(a as seqtypid), name) is not null);"
    "create index n_i1 on narrow ((a + \"order\"), lower(name), upper(word)) where a > 0 and \"Mixed Case\" is not null;"
    "create index n_i2 on narrow (seqcycle(a), (stakind1(narrow.*))) where (\"user\").seqstart > a;"
    "create table \"select\" (a int, b int default 4, c int generated always as (a * 2) stored, check (\"select\" is not null));"
    "create table seqstart (seqmax int check (seqmax > 1), seqtypid int, seqstart text, check (seqstart <> 'a' and seqtypid < seqmax));"
    "create table child () inherits (seqstart);"
    "do $$declare n int; begin foreach n in array array[8, 9, 31, 32] loop"
    "  execute (select format('create table t%s (%s)', n, string_agg(format('%I int', case when i = 3 then 'stakind2' when i = 4 then 'end' else 'c' || i end), ', ' order by i))"
    "    from generate_series(1, n) i);"
    "  execute format('alter table t%s add check (c1 > stakind2), add check (\"end\" > c%s), add check (c%s is not null and stakind2 is not null)', n, n, n);"
    "  execute format('create index on t%s ((c%s + stakind2)) where \"end\" > c%s', n, n, n);"
    "end loop; end$$";

/* table, constraint or index, attribute, what the server writes; apart by 2, rows by 1 */
static const char servers[] =
    "select string_agg(concat_ws(e'\\x02', t.relname, q.name, q.attr, q.text), e'\\x01') from (select conrelid, conname, 'expression', pg_get_expr(conbin, conrelid) "
    "from pg_constraint where contype = 'c' and conislocal union all select indrelid, c.relname, 'predicate', pg_get_expr(indpred, indrelid) "
    "from pg_index i join pg_class c on c.oid = i.indexrelid where indpred is not null union all select indrelid, c.relname, 'key', pg_get_expr(indexprs, indrelid) "
    "from pg_index i join pg_class c on c.oid = i.indexrelid "
    "where indexprs is not null) q(rel, name, attr, text) join pg_class t on t.oid = q.rel where t.relnamespace = 'e'::regnamespace";

/* The next of the texts that stand apart by `end`; NULL: there is none. */
static char *next(char **rest, char end)
{
    char *at = *rest, *stop = at ? strchr(at, end) : NULL;

    if (stop)
        *stop = '\0';
    *rest = stop ? stop + 1 : NULL;
    return at;
}

static void they_are_what_the_server_writes(void **state)
{
    char *url, *all, *rest, *row;
    struct ls_catalog *c;
    int n = 0;

    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    url = test_pg_new_database("catalog_expr");
    assert_true(test_pg_exec(url, scene));
    rest = all = test_pg_get(url, servers);
    assert_non_null(all);
    c = catpg_read(url);
    for (; (row = next(&rest, '\x01')) != NULL; n++) {
        const char *table = next(&row, '\x02'), *name = next(&row, '\x02'), *attr = next(&row, '\x02'), *text = next(&row, '\x02');
        enum ls_fact_kind kind = strcmp(attr, "expression") == 0 ? LS_FACT_CONSTRAINT : LS_FACT_INDEX;
        const struct ls_fact *f = ls_catalog_find(c, kind, "e", table, name);

        if (f == NULL)
            fail_msg("%s of %s was not read", name, table);
        assert_string_equal(ls_fact_get(f, ls_attr_find(attr)), text);
    }
    assert_int_equal(n, 11 + 3 + 4 * 3 + 2 * (2 + 4)); /* checks; predicates and keys */
    ls_catalog_free(c);
    free(all);
    test_pg_drop_database(url);
}

static void they_do_not_follow_the_sessions_quoting(void **state)
{
    struct ls_catalog *a, *b;
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db;
    char *url;
    static const char quoting[] = "set quote_all_identifiers = on";

    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    url = test_pg_new_database("catalog_expr");
    assert_true(test_pg_exec(url, scene));
    a = catpg_read(url);
    db = catpg_open(url);
    assert_int_equal(ls_db_exec_batch(db, quoting, strlen(quoting), NULL, &err), LS_OK);
    b = catpg_read_db(db, NULL);
    catpg_assert_equal(a, b);
    ls_catalog_free(a);
    ls_catalog_free(b);
    ls_db_close(db);
    test_pg_drop_database(url);
}

/* So are those of the reader of how indexes are used. */
static void so_are_those_of_usage(void **state)
{
    static const char ask[] = "select i.indexrelid::regclass, pg_get_indexdef(i.indexrelid), coalesce(pg_get_expr(i.indpred, i.indrelid), '') from pg_index i join "
                              "pg_class c on c.oid = i.indexrelid where c.relnamespace = 'e'::regnamespace";
    static const char path[] = "set search_path = pg_catalog", quoting[] = "set quote_all_identifiers = on";
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r;
    struct ls_usage *u;
    struct ls_db *db;
    char *url;

    (void)state;
    if (test_pg_url() == NULL)
        test_skip(test_pg_skip_reason());
    url = test_pg_new_database("catalog_expr");
    assert_true(test_pg_exec(url, scene));
    db = catpg_open(url);
    assert_int_equal(ls_db_exec_batch(db, path, strlen(path), NULL, &err), LS_OK);
    assert_int_equal(ls_db_query(db, ask, NULL, 0, &r, &err), LS_OK);
    assert_int_equal(ls_db_exec_batch(db, quoting, strlen(quoting), NULL, &err), LS_OK);
    u = usage_read_db(db, NULL);
    assert_int_equal(r.n_rows, 2 + 4);
    for (size_t i = 0; i < r.n_rows; i++) {
        const struct ls_usage_index *x = usage_index(u, strchr(ls_result_get(&r, i, 0), '.') + 1);

        assert_string_equal(x->definition, ls_result_get(&r, i, 1));
        assert_string_equal(x->predicate, ls_result_get(&r, i, 2));
    }
    ls_result_release(&r);
    ls_usage_free(u);
    ls_db_close(db);
    test_pg_drop_database(url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(they_are_what_the_server_writes),
                                       cmocka_unit_test(they_do_not_follow_the_sessions_quoting),
                                       cmocka_unit_test(so_are_those_of_usage)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
