/* The Schema pane in memory. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tests/support/facts.h"
#include "tui/jobs.h"
#include "tui/scene.h"
#include "tui/schema_tree.h"

#define SHOP                                                                                                                       \
    "extension '' pgcrypto version=1.3\n"                                                                                          \
    "enum public order_state labels=\"'open', 'paid'\"\n"                                                                          \
    "table public orders bytes=1258291 rows=10240 comment='what was bought'\n"                                                     \
    "table public users bytes=81920 rows=120\n"                                                                                    \
    "view public paid_orders body=' SELECT orders.id FROM public.orders'\n"                                                        \
    "column public orders.id type=bigint 'not null'=yes identity=always position=1\n"                                              \
    "column public orders.user_id type=bigint 'not null'=yes position=2\n"                                                         \
    "column public orders.state type=public.order_state default=\"'open'::public.order_state\" position=3\n"                       \
    "constraint public orders.orders_pkey form='primary key' key=id 'system name'=yes\n"                                           \
    "constraint public orders.orders_user_fk form='foreign key' key=user_id references='public.users(id)' 'on delete'=cascade\n"   \
    "index public orders.orders_state key=state predicate='(state IS NOT NULL)' method=btree\n"                                    \
    "column public users.id type=bigint 'not null'=yes position=1\n"                                                               \
    "column public users.email type=text position=2 comment=\"hostile\x1b[2J\"\n"                                                  \
    "table audit log\n"                                                                                                            \
    "needs constraint public orders.orders_user_fk table public users\n"                                                           \
    "needs view public paid_orders table public orders\n"

static struct ls_catalog *shop(void)
{
    return facts_catalog(LS_DIALECT_POSTGRES, "app", SHOP);
}

static void open_schema(struct scene *s, int w, int h)
{
    scene_open(s, w, h, false);
    scene_connect(s, scene_snapshot(&ls_format_lockstep, scene_history, scene_history_n), false);
    pane_schema_set(&s->app, catref_new(shop()));
    scene_keys(s, "6");
}

static void tree_and_document(void **state)
{
    struct scene s;

    (void)state;
    open_schema(&s, 80, 24);
    golden(&s, "schema-80x24");
    scene_keys(&s, "'/orders' Enter l");
    golden(&s, "schema-open-80x24");
    scene_keys(&s, "Enter");
    assert_true(scene_shows(&s, "CREATE TABLE public.orders ("));
    assert_true(scene_shows(&s, "ON DELETE CASCADE"));
    scene_keys(&s, "Esc Esc");
    assert_true(scene_shows(&s, "users"));
    scene_close(&s);
}

static void side_by_side(void **state)
{
    struct scene s;

    (void)state;
    open_schema(&s, 160, 40);
    scene_keys(&s, "j j l");
    golden(&s, "schema-160x40");
    scene_close(&s);
}

static void along_a_foreign_key(void **state)
{
    struct scene s;

    (void)state;
    open_schema(&s, 80, 24);
    scene_keys(&s, "'/orders_user' Enter l");
    assert_true(scene_shows(&s, "orders_user_fk"));
    scene_keys(&s, "J");
    assert_true(scene_shows(&s, "needs     table users"));
    scene_keys(&s, "Enter");
    /* The cursor stands on the other table; the filter that would hide it is gone. */
    assert_true(scene_shows(&s, "▸+ users"));
    scene_keys(&s, "J");
    assert_true(scene_shows(&s, "needed by constraint orders.orders_user_fk"));
    scene_keys(&s, "Esc v"); /* no empty box */
    assert_true(scene_shows(&s, "nothing was left out"));
    scene_close(&s);
}

static void a_second_reading_keeps_what_is_open(void **state)
{
    struct scene s;

    (void)state;
    open_schema(&s, 80, 24);
    scene_keys(&s, "'/orders' Enter l Esc");
    assert_true(scene_shows(&s, "orders_state"));
    pane_schema_set(&s.app, catref_new(shop()));
    assert_true(scene_shows(&s, "orders_state"));
    scene_keys(&s, "h");
    scene_close(&s);
}

static void filter_looks_at_children(void **state)
{
    struct ls_catalog *c = shop();
    struct schema_tree t;

    (void)state;
    schema_tree_init(&t, c);
    schema_tree_rows(&t, "");
    assert_int_equal(t.rows.n, 5 + 6); /* five groups, six objects */
    schema_tree_rows(&t, "EMAIL");
    assert_int_equal(t.rows.n, 2);
    assert_string_equal(c->facts[t.rows.v[1].fact].name, "users");
    schema_tree_rows(&t, "nothing like it");
    assert_int_equal(t.rows.n, 0);
    assert_false(schema_tree_toggle(&t, 0, true));
    schema_tree_release(&t);
    ls_catalog_free(c);
}

static size_t row_of(const struct schema_tree *t, const char *name)
{
    for (size_t i = 0; i < t->rows.n; i++)
        if (t->rows.v[i].kind != SCHEMA_ROW_GROUP && strcmp(t->c->facts[t->rows.v[i].fact].name, name) == 0)
            return i;
    return (size_t)-1;
}

/* Tables first, what belongs to the whole database last, a serial's sequence behind everything else of its schema. */
static void the_order_is_the_readers(void **state)
{
    struct ls_catalog *c = facts_catalog(LS_DIALECT_POSTGRES, "app",
                                         "schema '' s\nextension '' pgcrypto\nsequence s t_id_seq 'owned by'=s.t.id\nenum s mood "
                                         "labels=\"'a'\"\ntable s t\nview s v\n"
                                         "function s f() body=x\npublication '' p\n");
    static const char *const order[] = {"t", "v", "f()", "mood", "t_id_seq", "s", "pgcrypto", "p"};
    struct schema_tree t;

    (void)state;
    schema_tree_init(&t, c);
    schema_tree_rows(&t, "");
    for (size_t i = 0; i + 1 < LS_ARRAY_LEN(order); i++)
        if (row_of(&t, order[i]) >= row_of(&t, order[i + 1]))
            fail_msg("%s stands behind %s", order[i], order[i + 1]);
    assert_int_not_equal(row_of(&t, "p"), (size_t)-1);
    schema_tree_release(&t);
    ls_catalog_free(c);
}

static void a_group_can_be_shut(void **state)
{
    struct scene s;

    (void)state;
    open_schema(&s, 80, 24);
    scene_keys(&s, "'/orders' Enter"); /* a filter shows what is shut */
    assert_true(scene_shows(&s, "public: table"));
    scene_keys(&s, "Esc g");
    while (!scene_shows(&s, "▸public: tables"))
        scene_keys(&s, "j");
    scene_keys(&s, "h");
    assert_true(scene_shows(&s, "+ public: tables (2)"));
    assert_false(scene_shows(&s, "what was bought"));
    /* It stays shut when the schema is read again, and opens by itself where something in it is gone to. */
    pane_schema_set(&s.app, catref_new(shop()));
    assert_false(scene_shows(&s, "what was bought"));
    scene_keys(&s, "'/paid_orders' Enter J Enter");
    assert_true(scene_shows(&s, "what was bought"));
    scene_close(&s);
}

/* The cursor stays on its object when others come or go above it. */
static void the_cursor_stays_on_its_object(void **state)
{
    struct scene s;

    (void)state;
    open_schema(&s, 80, 24);
    while (!scene_shows(&s, "▸+ users"))
        scene_keys(&s, "j");
    pane_schema_set(&s.app,
                    catref_new(facts_catalog(
                        LS_DIALECT_POSTGRES, "app",
                        "table public aaa\ntable public bbb\ntable public users\ncolumn public users.id type=int position=1\n")));
    assert_true(scene_shows(&s, "▸+ users"));
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_and_document),        cmocka_unit_test(side_by_side),
        cmocka_unit_test(along_a_foreign_key),      cmocka_unit_test(a_second_reading_keeps_what_is_open),
        cmocka_unit_test(filter_looks_at_children), cmocka_unit_test(the_order_is_the_readers),
        cmocka_unit_test(a_group_can_be_shut),      cmocka_unit_test(the_cursor_stays_on_its_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
