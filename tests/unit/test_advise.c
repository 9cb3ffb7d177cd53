/* engine/advise.h: the seed cases on both databases, by counts; what is there is never proposed; nothing stays behind. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/advise.h"

static void seed_cases(bool is_pg)
{
    static const char *const queries[] = {"SELECT * FROM memories WHERE user_id = ? ORDER BY updated_at DESC LIMIT 20",
                                          "SELECT * FROM entities WHERE user_id = ? AND entity_type = 'person' ORDER BY created_at DESC LIMIT 20", NULL};
    const struct ls_advice *a;
    struct adv_test t;

    adv_open(&t, is_pg);
    adv_run(&t, queries);
    assert_int_equal(t.out.n, 2);
    a = adv_get(&t, "memories(user_id, updated_at)");
    assert_string_equal(a->spec->name, "idx_memories_user_id_updated_at");
    assert_int_equal(a->level, LS_ADVICE_MEASURED);
    assert_int_equal(a->n_gains, 1);
    assert_int_equal(a->gains[0].query, 0);
    assert_true(a->bytes > 50000);
    assert_false(a->is_order_by);
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
    assert_non_null(strstr(a->write_cost, "entities then has"));
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

ADV_BOTH(seed_cases)
ADV_BOTH(order_alone)

int main(void)
{
    const struct CMUnitTest tests[] = {ADV_BOTH_TESTS(seed_cases), ADV_BOTH_TESTS(order_alone)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
