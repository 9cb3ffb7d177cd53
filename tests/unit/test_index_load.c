/* IX08, IX09, IX11, IX15, IX17: what a workload says. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "lockstep/engine/index_fix.h"
#include "lockstep/format/format.h"
#include "support/index_kit.h"

static struct ls_usage_index *one(struct kit *k, enum ls_dialect d)
{
    kit_open(k, d);
    kit_table(k, "memories", 100000);
    return kit_index(k, "memories_user", "user_id");
}

static const struct ls_index_verdict *judged(struct kit *k, enum ls_verdict_id id)
{
    kit_judge(k);
    return kit_find(k, id, NULL);
}

/* --- IX08, IX09, IX11 --- */

static const char *const two_keys[] = {"user_id", "updated_at"};
static const struct ls_index_spec two = {"public", "memories", "btree", two_keys, 2, "", false, "idx_memories_user_id_updated_at"};
static const struct ls_node node = {.parent = LS_NO_USAGE, .what = "Index Scan", .relation = "memories", .index = "", .detail = ""};

static struct ls_explained plan(double cost, int64_t buffers, double ms)
{
    return (struct ls_explained){
        .nodes = &node, .n_nodes = 1, .cost = cost, .buffers = buffers, .steps = -1, .ms = ms, .is_measured = buffers >= 0};
}

struct advised {
    struct kit k;
    struct ls_gain gain;
    struct ls_advice a;
};

static void advised(struct advised *s, enum ls_advice_level level, double saving)
{
    one(&s->k, LS_DIALECT_POSTGRES);
    kit_query(&s->k, "recent memories", "SELECT 1");
    s->gain = (struct ls_gain){.query = 0, .before = plan(4504, 3229, 12.2), .after = plan(70, 28, 0.066), .saving = saving};
    s->a = (struct ls_advice){.spec = &two,
                              .level = level,
                              .gains = &s->gain,
                              .n_gains = 1,
                              .saving = saving / 10,
                              .bytes = 4 * KIT_MIB,
                              .write_cost = "each INSERT writes one index more",
                              .replaces = LS_NO_USAGE};
    s->k.a.a = &s->a;
    s->k.a.n = 1;
    s->k.o.advices = &s->k.a;
}

static void missing(void **state)
{
    struct advised s;
    const struct ls_index_verdict *v;

    (void)state;
    advised(&s, LS_ADVICE_MEASURED, 0.99);
    v = judged(&s.k, LS_IX_MISSING);
    assert_int_equal(s.k.out.n, 1);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_int_equal(v->confidence, LS_CONF_MEASURED);
    assert_string_equal(v->object, "memories(user_id, updated_at)");
    assert_string_equal(v->title, "\"recent memories\" lacks an index");
    assert_string_equal(v->evidence, "recent memories: 3229 -> 28 buffers, 12.2 ms -> 0.066 ms (99 % less)");
    assert_int_equal(v->fix, LS_FIX_CREATE);
    assert_ptr_equal(v->create, &two);
    assert_ptr_equal(v->advice, &s.a);
    assert_string_equal(
        v->price,
        "CREATE INDEX CONCURRENTLY: reads the table twice, blocks no writes, waits for running transactions; takes about 4.0 MiB; "
        "each INSERT writes one index more");
    assert_string_equal(v->undo, "DROP INDEX CONCURRENTLY \"public\".\"idx_memories_user_id_updated_at\";");
    kit_close(&s.k);
}

static void advice_levels(void **state)
{
    static const struct {
        enum ls_advice_level level;
        double saving;
        int severity; /* -1: nothing is said */
        enum ls_confidence confidence;
    } cases[] = {
        {LS_ADVICE_MEASURED, 0.5, LS_SEV_WARNING, LS_CONF_MEASURED}, {LS_ADVICE_MEASURED, 0.4999, LS_SEV_INFO, LS_CONF_MEASURED},
        {LS_ADVICE_MEASURED, 0.25, LS_SEV_INFO, LS_CONF_MEASURED},   {LS_ADVICE_MEASURED, 0.2499, -1, LS_CONF_MEASURED},
        {LS_ADVICE_COSTED, 0.25, LS_SEV_WARNING, LS_CONF_COSTED},    {LS_ADVICE_COSTED, 0.2499, -1, LS_CONF_COSTED},
        {LS_ADVICE_STRUCTURAL, 0, LS_SEV_INFO, LS_CONF_STRUCTURAL},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct advised s;
        const struct ls_index_verdict *v;

        advised(&s, cases[i].level, cases[i].saving);
        v = judged(&s.k, LS_IX_MISSING);
        assert_int_equal(v ? (int)v->severity : -1, cases[i].severity);
        if (v)
            assert_int_equal(v->confidence, cases[i].confidence);
        kit_close(&s.k);
    }
}

static void advice_texts(void **state)
{
    struct advised s;
    struct ls_gain gains[7];
    const struct ls_index_verdict *v;

    (void)state;
    advised(&s, LS_ADVICE_COSTED, 0.9);
    s.gain.before.is_measured = s.gain.after.is_measured = false;
    assert_string_equal(judged(&s.k, LS_IX_MISSING)->evidence, "recent memories: cost 4504 -> 70 (90 % less)");
    s.gain.before = s.gain.after = plan(-1, -1, 1);
    s.gain.before.steps = 305561;
    s.gain.after.steps = 170;
    s.gain.before.is_measured = s.gain.after.is_measured = true;
    assert_string_equal(judged(&s.k, LS_IX_MISSING)->evidence, "recent memories: 305561 -> 170 steps, 1.000 ms -> 1.000 ms (90 % less)");
    s.a.level = LS_ADVICE_STRUCTURAL;
    s.gain.after.n_nodes = 0;
    assert_string_equal(judged(&s.k, LS_IX_MISSING)->evidence,
                        "recent memories: not costed\nstructural only: neither costed nor measured");
    s.a.level = LS_ADVICE_COSTED;
    s.a.is_order_by = true;
    assert_string_equal(judged(&s.k, LS_IX_ORDER_BY)->title,
                        "\"recent memories\" finds its rows by an index and sorts them; one index does both");
    s.a.is_order_by = false;
    s.a.is_partial = true;
    assert_string_equal(judged(&s.k, LS_IX_PARTIAL_CONSTANT)->title,
                        "1 query always asks for one constant: an index of those rows alone would do");
    s.a.is_partial = false;
    s.a.n_gains = 0;
    s.a.saving = 0.5;
    assert_string_equal(judged(&s.k, LS_IX_MISSING)->title, "a query of the workload lacks an index");
    for (int i = 0; i < 7; i++)
        gains[i] = s.gain;
    s.a.gains = gains;
    s.a.n_gains = 7;
    v = judged(&s.k, LS_IX_MISSING);
    assert_string_equal(v->title, "\"recent memories\" and 6 more queries lack an index");
    assert_non_null(strstr(v->evidence, "\nand 2 more"));
    kit_close(&s.k);
}

/* Never proposes what is there already. */
static void what_exists_is_not_proposed(void **state)
{
    static const char *const desc[] = {"user_id", "updated_at DESC"}, *const by_c[] = {"USER_ID COLLATE \"C\"", "updated_at DESC"},
                             *const by_ops[] = {"user_id my_ops", "updated_at DESC"};
    struct ls_index_spec spec = two;
    struct advised s;
    struct ls_usage_index *x;

    (void)state;
    advised(&s, LS_ADVICE_MEASURED, 0.9);
    s.a.spec = &spec;
    x = kit_index(&s.k, "memories_user_updated", "user_id, updated_at, z");
    assert_null(judged(&s.k, LS_IX_MISSING));
    kit_key(x, 0)->text = "\"user_id\"";
    assert_null(judged(&s.k, LS_IX_MISSING));
    kit_key(x, 1)->is_desc = kit_key(x, 1)->is_nulls_first = true;
    assert_non_null(judged(&s.k, LS_IX_MISSING));
    spec.keys = desc;
    assert_null(judged(&s.k, LS_IX_MISSING));
    kit_key(x, 1)->is_nulls_first = false; /* DESC NULLS LAST */
    assert_non_null(judged(&s.k, LS_IX_MISSING));
    kit_key(x, 1)->is_nulls_first = true;
    x->predicate = "(z > 0)";
    assert_non_null(judged(&s.k, LS_IX_MISSING));
    spec.predicate = "(z > 0)";
    assert_null(judged(&s.k, LS_IX_MISSING));
    spec.is_unique = true;
    assert_non_null(judged(&s.k, LS_IX_MISSING));
    spec.is_unique = false;
    kit_key(x, 0)->collation = "\"C\""; /* another order, which the spec has to name */
    assert_non_null(judged(&s.k, LS_IX_MISSING));
    spec.keys = by_c;
    assert_null(judged(&s.k, LS_IX_MISSING));
    kit_key(x, 0)->collation_of_column = "\"C\""; /* the column's own needs no name */
    spec.keys = desc;
    assert_null(judged(&s.k, LS_IX_MISSING));
    kit_key(x, 0)->opclass = "my_ops";
    kit_key(x, 0)->is_default_opclass = false;
    assert_non_null(judged(&s.k, LS_IX_MISSING));
    spec.keys = by_ops;
    assert_null(judged(&s.k, LS_IX_MISSING));
    x->is_valid = false; /* of no use */
    assert_non_null(judged(&s.k, LS_IX_MISSING));
    x->is_building = true; /* soon it is */
    assert_null(judged(&s.k, LS_IX_MISSING));
    kit_close(&s.k);
}

static void replacing(void **state)
{
    struct advised s;
    const struct ls_index_verdict *v;
    struct ls_usage_fk *f;

    (void)state;
    advised(&s, LS_ADVICE_MEASURED, 0.9);
    s.a.replaces = 0;
    f = kit_fk(&s.k, "fk", "user_id", LS_NO_USAGE);
    f->index = 0;
    v = judged(&s.k, LS_IX_MISSING);
    assert_int_equal(v->fix, LS_FIX_REPLACE);
    assert_int_equal(v->index, 0);
    assert_non_null(strstr(v->price, "; then memories_user is dropped, which gives back 2.0 MiB"));
    assert_string_equal(v->undo, "CREATE INDEX memories_user ON memories (user_id); DROP INDEX CONCURRENTLY "
                                 "\"public\".\"idx_memories_user_id_updated_at\";");
    f->columns =
        kit_words(&s.k, "user_id, z", &f->n_columns); /* its look-ups need the old one, as the new one does not serve them */
    f->n_columns = 1;
    f->columns = kit_words(&s.k, "z", &f->n_columns);
    kit_key(&s.k.x[0], 0)->text = kit_key(&s.k.x[0], 0)->column = "z";
    assert_int_equal(judged(&s.k, LS_IX_MISSING)->fix, LS_FIX_CREATE);
    s.k.u.n_fks = s.k.t[0].n_fks = 0;
    assert_int_equal(judged(&s.k, LS_IX_MISSING)->fix, LS_FIX_REPLACE);
    kit_index(&s.k, "memories_user_a", "z, w"); /* another advice has replaced it already */
    struct ls_advice more[] = {s.a, s.a};
    static const char *const z_keys[] = {"v"};
    static const struct ls_index_spec third = {"public", "memories", "btree", z_keys, 1, "", false, "idx_memories_v"};

    more[1].spec = &third;
    s.k.a.a = more;
    s.k.a.n = 2;
    kit_judge(&s.k);
    assert_int_equal(kit_find(&s.k, LS_IX_MISSING, "memories(user_id, updated_at)")->fix, LS_FIX_REPLACE);
    assert_int_equal(kit_find(&s.k, LS_IX_MISSING, "memories(v)")->fix, LS_FIX_CREATE);
    s.k.a.a = &s.a;
    s.k.a.n = 1;
    s.k.x[0].is_clustered = true;
    assert_int_equal(judged(&s.k, LS_IX_MISSING)->fix, LS_FIX_CREATE);
    s.k.x[0].is_clustered = false;
    s.k.x[0].is_unique = true;
    assert_int_equal(judged(&s.k, LS_IX_MISSING)->fix, LS_FIX_CREATE);
    kit_close(&s.k);
}

/* One index for a query and for a foreign key; asked for by both verdicts it is made once. */
static void one_index_for_both(void **state)
{
    static const char *const late[] = {"updated_at", "user_id"};
    struct advised s;
    struct ls_index_spec spec = two;
    const struct ls_index_verdict *both[2];
    struct ls_fix_text text;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    advised(&s, LS_ADVICE_MEASURED, 0.9);
    s.a.spec = &spec;
    kit_key(&s.k.x[0], 0)->text = kit_key(&s.k.x[0], 0)->column = "z";
    kit_fk(&s.k, "fk", "user_id", LS_NO_USAGE);
    both[1] = judged(&s.k, LS_IX_FK_UNINDEXED);
    both[0] = kit_find(&s.k, LS_IX_MISSING, NULL);
    assert_ptr_equal(both[1]->create, &spec);
    assert_ptr_equal(both[0]->create, &spec);
    assert_non_null(strstr(both[1]->price, "; it is the index of IX08 memories(user_id, updated_at), which serves this too"));
    for (int order = 0; order < 2; order++) {
        const struct ls_index_verdict *list[] = {both[order], both[1 - order]};

        assert_int_equal(ls_fix_write(&s.k.u, list, 2, &ls_format_lockstep, &text, &err), LS_OK);
        assert_non_null(strstr(text.up, "\"idx_memories_user_id_updated_at\""));
        assert_non_null(strstr(text.up, "CREATE INDEX CONCURRENTLY \"idx"));
        assert_null(strstr(strstr(text.up, "CREATE INDEX CONCURRENTLY \"idx") + 1, "CREATE INDEX CONCURRENTLY \"idx"));
        ls_fix_text_release(&text);
    }
    s.gain.saving = 0.4; /* not sure enough to be put in the place of what is certain */
    assert_string_equal(judged(&s.k, LS_IX_FK_UNINDEXED)->create->name, "idx_memories_user_id");
    s.gain.saving = 0.9;
    spec.keys = late; /* does not begin with it */
    assert_string_equal(judged(&s.k, LS_IX_FK_UNINDEXED)->create->name, "idx_memories_user_id");
    spec.keys = two_keys;
    spec.predicate = "(z > 0)";
    assert_string_equal(judged(&s.k, LS_IX_FK_UNINDEXED)->create->name, "idx_memories_user_id");
    kit_close(&s.k);
}

/* --- IX17 --- */

static void auto_index(void **state)
{
    static const struct ls_node automatic = {.parent = LS_NO_USAGE,
                                             .what = "SEARCH",
                                             .relation = "memories",
                                             .index = "",
                                             .detail = "USING AUTOMATIC COVERING INDEX (x=?)"};
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    one(&k, LS_DIALECT_SQLITE);
    kit_query(&k, "joined", "SELECT 1");
    k.o.advices = &k.a;
    assert_null(judged(&k, LS_IX_AUTO_INDEX));
    k.plans[0].autoindexes = 0;
    assert_null(judged(&k, LS_IX_AUTO_INDEX));
    k.plans[0].autoindexes = 100000;
    v = judged(&k, LS_IX_AUTO_INDEX);
    assert_string_equal(v->object, "joined");
    assert_string_equal(v->title, "\"joined\" builds an index each time it runs");
    assert_string_equal(v->evidence, "100000 rows were put into an automatic index in one run");
    assert_int_equal(v->severity, LS_SEV_WARNING);
    k.plans[0].autoindexes = -1;
    k.plans[0].nodes = &automatic;
    v = judged(&k, LS_IX_AUTO_INDEX);
    assert_string_equal(v->object, "memories");
    assert_int_equal(v->confidence, LS_CONF_COSTED);
    k.u.dialect = LS_DIALECT_POSTGRES;
    assert_null(judged(&k, LS_IX_AUTO_INDEX));
    kit_close(&k);
}

/* --- IX15 --- */

static void hot_blocked(void **state)
{
    static const struct {
        const char *sql;
        bool fires;
    } cases[] = {
        {"UPDATE memories SET user_id = $1", true},
        {"UPDATE public.memories SET a = 1, \"user_id\" = $1 WHERE id = $2", true},
        {"UPDATE memories SET (a, user_id) = (1, 2)", true},
        {"INSERT INTO memories VALUES (1) ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id", true},
        {"UPDATE memories SET a = user_id", false},
        {"UPDATE memories SET a = 1 WHERE user_id = 2", false},
        {"UPDATE other SET user_id = 1", false},
        {"SELECT user_id FROM memories", false},
        {"UPDATE memories SET a = 1 FROM x, y WHERE user_id = 3", false},
        {"UPDATE memories SET a = 1 WHERE b = 2 RETURNING a, user_id = 3", false},
        {"UPDATE memories SET a = 1 RETURNING a, user_id = 3", false},
        {"UPDATE memories SET a = f(1, 2), user_id = 3", true},
        {"UPDATE memories SET a = (SELECT max(user_id) FROM x) WHERE b = 1", false},
    };
    struct kit k;
    struct ls_usage_index *x = one(&k, LS_DIALECT_POSTGRES);
    const struct ls_index_verdict *v;

    (void)state;
    x->bytes = 4096;
    x->scans = 50;
    k.t[0].updated = 1000;
    k.t[0].hot_updated = 499;
    kit_query(&k, "touch", cases[0].sql);
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        k.q[0].text = cases[i].sql;
        if ((judged(&k, LS_IX_HOT_BLOCKED) != NULL) != cases[i].fires)
            fail_msg("%s", cases[i].sql);
    }
    k.q[0].text = cases[0].sql;
    v = judged(&k, LS_IX_HOT_BLOCKED);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_int_equal(v->fix, LS_FIX_NONE);
    assert_string_equal(v->title, "updates of user_id write every index of memories");
    assert_string_equal(v->evidence, "query: touch\n50 % of 1000 updates were HOT; 50 scans of this index");
    k.t[0].hot_updated = 500;
    assert_null(judged(&k, LS_IX_HOT_BLOCKED));
    k.t[0].hot_updated = 499;
    x->scans = 51;
    assert_null(judged(&k, LS_IX_HOT_BLOCKED));
    x->scans = 0;
    k.t[0].hot_updated = 0; /* none of them was */
    assert_non_null(judged(&k, LS_IX_HOT_BLOCKED));
    x->is_building = true;
    assert_null(judged(&k, LS_IX_HOT_BLOCKED));
    x->is_building = false;
    x->scans = -1; /* not known */
    assert_null(judged(&k, LS_IX_HOT_BLOCKED));
    x->scans = 0;
    k.t[0].updated = 0; /* no updates, no share */
    assert_null(judged(&k, LS_IX_HOT_BLOCKED));
    kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing),      cmocka_unit_test(advice_levels),
        cmocka_unit_test(advice_texts), cmocka_unit_test(what_exists_is_not_proposed),
        cmocka_unit_test(replacing),    cmocka_unit_test(one_index_for_both),
        cmocka_unit_test(auto_index),   cmocka_unit_test(hot_blocked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
