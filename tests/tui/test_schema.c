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

#define SHOP                                                                                                                      \
    "extension '' pgcrypto version=1.3\n"                                                                                         \
    "enum public order_state labels=\"'open', 'paid'\"\n"                                                                         \
    "table public orders bytes=1258291 rows=10240 comment='what was bought'\n"                                                    \
    "table public users bytes=81920 rows=120\n"                                                                                   \
    "view public paid_orders body=' SELECT orders.id FROM public.orders'\n"                                                       \
    "column public orders.id type=bigint 'not null'=yes identity=always position=1\n"                                             \
    "column public orders.user_id type=bigint 'not null'=yes position=2\n"                                                        \
    "column public orders.state type=public.order_state default=\"'open'::public.order_state\" position=3\n"                      \
    "constraint public orders.orders_pkey form='primary key' key=id 'system name'=yes\n"                                          \
    "constraint public orders.orders_user_fk form='foreign key' key=user_id references='public.users(id)' 'on delete'=cascade\n"  \
    "index public orders.orders_state key=state predicate='(state IS NOT NULL)' method=btree\n"                                   \
    "column public users.id type=bigint 'not null'=yes position=1\n"                                                              \
    "column public users.email type=text position=2 comment=\"hostile\x1b[2J\"\n"                                                 \
    "table audit log\n"                                                                                                           \
    "needs constraint public orders.orders_user_fk table public users\n"                                                                         \
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
    scene_keys(&s, "'/orders' Enter j l");
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
    scene_keys(&s, "j j j j j j j l");
    golden(&s, "schema-160x40");
    scene_close(&s);
}

static void along_a_foreign_key(void **state)
{
    struct scene s;

    (void)state;
    open_schema(&s, 80, 24);
    scene_keys(&s, "'/orders_user' Enter j l");
    assert_true(scene_shows(&s, "orders_user_fk"));
    scene_keys(&s, "J");
    assert_true(scene_shows(&s, "needs     table users"));
    scene_keys(&s, "Enter");
    /* The cursor stands on the other table; the filter that would hide it is gone. */
    assert_true(scene_shows(&s, "▸+ users"));
    scene_keys(&s, "J");
    assert_true(scene_shows(&s, "needed by constraint orders.orders_user_fk"));
    scene_close(&s);
}

static void a_second_reading_keeps_what_is_open(void **state)
{
    struct scene s;

    (void)state;
    open_schema(&s, 80, 24);
    scene_keys(&s, "'/orders' Enter j l Esc");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_and_document),    cmocka_unit_test(side_by_side),         cmocka_unit_test(along_a_foreign_key),
        cmocka_unit_test(a_second_reading_keeps_what_is_open), cmocka_unit_test(filter_looks_at_children),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
