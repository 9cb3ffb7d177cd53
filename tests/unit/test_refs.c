/* Tables and columns that a routine's body names. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/sql/refs.h"
#include "support/skip.h"

static void put(void *ctx, const struct ls_sql_ref *r)
{
    struct ls_buf *out = ctx;

    /* NEW and OLD are "row"; "?" behind a column that stands alone */
    ls_buf_addf(out, "%s%s%s%s%s%s%s", out->len > 0 ? " " : "", r->schema, *r->schema ? "." : "", r->is_of_row ? "row" : r->table,
                r->column ? ":" : "", r->column ? r->column : "", r->is_bare ? "?" : "");
}

#ifdef LS_WITH_PG_QUERY
static void assert_refs(bool (*fn)(const char *, ls_sql_ref_fn, void *), const char *text, const char *wanted)
{
    struct ls_buf out = LS_BUF_INIT;

    if (!fn(text, put, &out))
        ls_buf_adds(&out, "(refused)");
    assert_string_equal(out.ptr, wanted);
    ls_buf_release(&out);
}

static void test_sql(void **state)
{
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"select * from a", "a"},
        {"select x.b, c from s.a as x", "s.a s.a:b s.a:c?"},
        {"with q as (select 1) select q.z from q join a on a.id = q.z", "a a:id"},
        {"select a.b from a, (select 1) as a", "a"}, /* two of that name */
        {"select f.x from f(1) as f", ""},           /* a function's rows */
        {"insert into t (a, b) select c from u", "t u t:a t:b"},
        {"update t as x set a = x.b from v where v.id = x.id", "t v t:a t:b v:id t:id"},
        {"delete from t using u where u.id = t.id; truncate w", "t u u:id t:id w"},
        {"create temp table made as select 1; select made.x from made", ""},
        {"select (r).x, r.x from tab", "tab tab:r?"}, /* r is no table here: a column, or an argument */
        {"select a.x, id from t as a(x, id)", "t"},                /* the columns have other names here */
        {"select b as c from t where d = 1 order by c, e", "t t:b? t:d? t:e?"},
        {"select t, count(x) from t x where x is not null", "t"}, /* a whole row */
        {"select b from t, u; select c from t, f(1); select d from (select 1) as t", "t u"},
        {"update t set a = b where c; delete from u where d", "t t:a t:b? t:c? u u:d?"},
        {"insert into t values (a)", "t"},
        {"select 1 from t a for update of a", "t"},
        {"alter table t add b int; update t set b = 1, c = 2; select t.d from t", "t"},
        {"alter table if exists t add b int; alter table a rename to z; select y from z", ""},
        {"create sequence s; create type k as (a int); select last_value from s, k", ""},
        {"select to_regclass('s.t'); select a from t", "t:a?"}, /* and without a table no column is missed */
        {"select from where", "(refused)"},
        {"", "(refused)"},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++)
        assert_refs(ls_sql_refs, cases[i].text, cases[i].wanted);
}

#define F(body) "CREATE FUNCTION x(i integer) RETURNS integer LANGUAGE plpgsql AS $x$ " body " $x$"

static void test_plpgsql(void **state)
{
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {F("begin return (select count(*) from a where a.id = i); end"), "a a:id"},
        {F("declare n int; begin n := (select 1 from b); if exists (select from c) then perform d.e from d; end if; return n; end"),
         "b c d d:e"},
        {F("declare r record; begin for r in select * from a loop insert into t (x) values (r.y); end loop; return 1; end"),
         "t t:x a"},
        {F("begin create temp table made (id int); insert into made (nosuch) values (1); return 1; end"), ""},
        {F("begin execute 'create temp table q (a int)'; insert into q values (1); return 1; end"), "(refused)"},
        {F("begin this is nonsense"), "(refused)"},
        {F("declare n int; begin select a into n from t where b = n and c = i; return n; end"), "t t:a? t:b? t:c?"},
        {F("declare a t%rowtype; b s.u.c%TYPE; d i%type; e \"T\"%rowtype; begin return 1; end"), "t s.u s.u:c"},
        {F("begin return (select 1 from t); exception when undefined_table then return 0; end"), "(refused)"},
        {F("begin if exists (select from pg_class where relname = 't') then return (select 1 from t); end if; end"), "pg_class pg_class:relname?"},
        {"CREATE FUNCTION x() RETURNS trigger LANGUAGE plpgsql AS $x$ declare r record; begin new.a := 1; r := old; "
         "if old.b = 1 then return null; end if; insert into t (c) values (r.d); return new; end $x$",
         "row:a row:b t t:c"},
        {"CREATE FUNCTION x() RETURNS trigger LANGUAGE plpgsql AS $x$ begin update t set a = 1 where b = TG_OP and c = tg_table_name; return new; end $x$",
         "t t:a t:b? t:c?"},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++)
        assert_refs(ls_sql_refs_plpgsql, cases[i].text, cases[i].wanted);
}
#else
static void test_sql(void **state)
{
    struct ls_buf out = LS_BUF_INIT;

    (void)state;
    assert_false(ls_sql_refs("select 1 from a", put, &out));
}
static void test_plpgsql(void **state)
{
    (void)state;
    test_skip("built without libpg_query");
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sql), cmocka_unit_test(test_plpgsql)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
