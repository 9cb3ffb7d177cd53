#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/model/catalog.h"

static void words(void **state)
{
    (void)state;
    for (int k = LS_FACT_NONE + 1; k < LS_N_FACTS; k++)
        assert_int_equal(ls_fact_kind_find(ls_fact_kind_name((enum ls_fact_kind)k)), k);
    for (int a = 0; a < LS_N_ATTRS; a++)
        assert_int_equal(ls_attr_find(ls_attr_name((enum ls_attr)a)), a);
    assert_int_equal(ls_fact_kind_find("no such"), LS_FACT_NONE);
    assert_int_equal(ls_attr_find("no such"), LS_N_ATTRS);
    assert_int_equal(ls_fact_kind_parent(LS_FACT_COLUMN), LS_FACT_TABLE);
    assert_int_equal(ls_fact_kind_parent(LS_FACT_TABLE), LS_FACT_NONE);
}

static struct ls_catalog *small(enum ls_dialect d)
{
    struct ls_catalog_builder *b = ls_catalog_builder_new(d);
    uint32_t view = ls_catalog_add(b, LS_FACT_VIEW, "public", NULL, "v");
    uint32_t email = ls_catalog_add(b, LS_FACT_COLUMN, "public", "users", "email");
    uint32_t users = ls_catalog_add(b, LS_FACT_TABLE, "public", NULL, "users");
    uint32_t id = ls_catalog_add(b, LS_FACT_COLUMN, "public", "users", "id");
    uint32_t other = ls_catalog_add(b, LS_FACT_COLUMN, "public", "userss", "id");
    uint32_t key = ls_catalog_add(b, LS_FACT_COLUMN, "public", "v", "id");

    ls_catalog_set(b, email, LS_A_COMMENT, "where to write");
    ls_catalog_set(b, email, LS_A_TYPE, "text");
    ls_catalog_set(b, id, LS_A_TYPE, "integer");
    ls_catalog_set(b, id, LS_A_NOT_NULL, "yes");
    ls_catalog_set(b, email, LS_A_TYPE, "varchar");
    ls_catalog_set(b, other, LS_A_TYPE, "integer");
    ls_catalog_set(b, other, LS_A_POSITION, "1");
    ls_catalog_set(b, other, LS_A_NOT_NULL, "yes");
    ls_catalog_set(b, users, LS_A_FORM, "");
    ls_catalog_depend(b, view, users);
    ls_catalog_depend(b, view, email);
    ls_catalog_depend(b, view, users);
    ls_catalog_depend(b, users, users);
    ls_catalog_depend(b, view, LS_NO_FACT);
    ls_catalog_set(b, key, LS_A_TYPE, "integer");
    return ls_catalog_freeze(b, "a test", "PostgreSQL 15.20", 150020);
}

static void frozen(void **state)
{
    struct ls_catalog *c = small(LS_DIALECT_POSTGRES);
    const struct ls_fact *users = ls_catalog_find(c, LS_FACT_TABLE, "public", "", "users");
    const struct ls_fact *email = ls_catalog_find(c, LS_FACT_COLUMN, "public", "users", "email");
    const struct ls_fact *view = ls_catalog_find(c, LS_FACT_VIEW, "public", "", "v"), *some;
    const struct ls_dep *deps;
    struct ls_buf text = LS_BUF_INIT;
    uint32_t n;

    (void)state;
    assert_non_null(users);
    assert_int_equal(users->n_attrs, 0);
    assert_string_equal(ls_fact_get(email, LS_A_TYPE), "varchar");
    assert_string_equal(ls_fact_get(email, LS_A_COMMENT), "where to write");
    assert_null(ls_fact_get(email, LS_A_DEFAULT));
    assert_int_equal(email->parent_ix, ls_catalog_index(c, users));
    assert_int_equal(users->parent_ix, LS_NO_FACT);
    assert_int_equal(ls_catalog_find(c, LS_FACT_COLUMN, "public", "v", "id")->parent_ix, ls_catalog_index(c, view));

    some = ls_catalog_children(c, users, LS_FACT_COLUMN, &n);
    assert_int_equal(n, 2);
    assert_string_equal(some[0].name, "email");
    assert_string_equal(some[1].name, "id");
    ls_catalog_children(c, users, LS_FACT_INDEX, &n);
    assert_int_equal(n, 0);
    ls_catalog_kind(c, LS_FACT_COLUMN, &n);
    assert_int_equal(n, 4);
    ls_catalog_kind(c, LS_FACT_ROLE, &n);
    assert_int_equal(n, 0);
    assert_null(ls_catalog_find(c, LS_FACT_TABLE, "public", "", "Users"));

    assert_int_equal(c->n_deps, 2);
    deps = ls_catalog_needs(c, ls_catalog_index(c, view), &n);
    assert_int_equal(n, 2);
    assert_int_equal(deps[0].from, ls_catalog_index(c, view));
    deps = ls_catalog_needed_by(c, ls_catalog_index(c, users), &n);
    assert_int_equal(n, 1);
    assert_int_equal(deps[0].from, ls_catalog_index(c, view));
    ls_catalog_needed_by(c, ls_catalog_index(c, view), &n);
    assert_int_equal(n, 0);

    ls_fact_label(email, false, &text);
    assert_string_equal(text.ptr, "column public.users.email");
    ls_buf_clear(&text);
    ls_fact_label(email, true, &text);
    assert_string_equal(text.ptr, "column users.email");
    ls_buf_release(&text);
    ls_catalog_free(c);
}

static void hash_is_of_meaning_only(void **state)
{
    struct ls_catalog *c = small(LS_DIALECT_POSTGRES);
    const struct ls_fact *id = ls_catalog_find(c, LS_FACT_COLUMN, "public", "users", "id");
    const struct ls_fact *other = ls_catalog_find(c, LS_FACT_COLUMN, "public", "userss", "id");

    (void)state;
    assert_true(id->hash == other->hash); /* one has a position, and was set in another order */
    assert_true(id->hash != ls_catalog_find(c, LS_FACT_COLUMN, "public", "v", "id")->hash);
    ls_catalog_free(c);
}

static void sqlite_names_have_no_case(void **state)
{
    struct ls_catalog *c = small(LS_DIALECT_SQLITE);

    (void)state;
    assert_non_null(ls_catalog_find(c, LS_FACT_TABLE, "PUBLIC", "", "USERS"));
    ls_catalog_free(c);
}

static void twice_is_once_and_said(void **state)
{
    struct ls_catalog_builder *b = ls_catalog_builder_new(LS_DIALECT_POSTGRES);
    uint32_t first = ls_catalog_add(b, LS_FACT_TABLE, "a", NULL, "t"), second = ls_catalog_add(b, LS_FACT_TABLE, "a", NULL, "t");
    struct ls_catalog *c;

    (void)state;
    ls_catalog_set(b, second, LS_A_OWNER, "two");
    ls_catalog_set(b, first, LS_A_OWNER, "one");
    ls_catalog_depend(b, second, first);
    c = ls_catalog_freeze(b, NULL, NULL, 0);
    assert_int_equal(c->n_facts, 1);
    assert_string_equal(ls_fact_get(&c->facts[0], LS_A_OWNER), "one");
    assert_int_equal(c->n_deps, 0);
    assert_int_equal(c->notes.d.n, 1);
    assert_string_equal(c->notes.d.v[0].code, "read-twice");
    ls_catalog_free(c);
    ls_catalog_builder_free(ls_catalog_builder_new(LS_DIALECT_SQLITE));
    c = ls_catalog_freeze(ls_catalog_builder_new(LS_DIALECT_SQLITE), "", "", 0);
    assert_int_equal(c->n_facts + c->n_deps, 0);
    assert_null(ls_catalog_find(c, LS_FACT_TABLE, "", "", "t"));
    ls_catalog_free(c);
}

/* Many facts in an order that is not theirs. */
static void many(void **state)
{
    enum { N = 5000 };
    struct ls_catalog_builder *b = ls_catalog_builder_new(LS_DIALECT_POSTGRES);
    struct ls_catalog *c;
    char name[32];

    (void)state;
    for (uint32_t i = 0; i < N; i++) {
        uint32_t f;

        snprintf(name, sizeof(name), "t%u", (unsigned)(i * 2654435761U % N));
        f = ls_catalog_add(b, LS_FACT_TABLE, "s", NULL, name);
        ls_catalog_set(b, f, LS_A_COMMENT, name);
        if (f > 0)
            ls_catalog_depend(b, f, f - 1);
    }
    c = ls_catalog_freeze(b, "", "", 0);
    for (uint32_t i = 0; i < c->n_facts; i++) {
        assert_string_equal(ls_fact_get(&c->facts[i], LS_A_COMMENT), c->facts[i].name);
        assert_ptr_equal(ls_catalog_find(c, LS_FACT_TABLE, "s", "", c->facts[i].name), &c->facts[i]);
        if (i > 0)
            assert_true(strcmp(c->facts[i - 1].name, c->facts[i].name) < 0);
    }
    ls_catalog_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(frozen),
        cmocka_unit_test(hash_is_of_meaning_only),
        cmocka_unit_test(sqlite_names_have_no_case),
        cmocka_unit_test(twice_is_once_and_said),
        cmocka_unit_test(many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
