/* IX02 to IX04: which index does another's work, what separates equal ones (trap 8), and drops as a graph (trap 12). */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/index_kit.h"

static const enum ls_verdict_id covers[] = {LS_IX_DUPLICATE, LS_IX_MIRROR, LS_IX_PREFIX};

static uint32_t n_drops(const struct kit *k)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < k->out.n; i++)
        n += k->out.v[i].fix == LS_FIX_DROP;
    return n;
}

static uint32_t n_covered(const struct kit *k)
{
    uint32_t n = 0;

    for (size_t i = 0; i < LS_ARRAY_LEN(covers); i++)
        n += kit_count(k, covers[i]);
    return n;
}

static void a_duplicate(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    kit_two(&k, "x, y", "x, y");
    k.x[1].scans = 7;
    kit_judge(&k);
    v = kit_find(&k, LS_IX_DUPLICATE, "b"); /* the newer one */
    assert_non_null(v);
    assert_int_equal(k.out.n, 1);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_int_equal(v->confidence, LS_CONF_CERTAIN);
    assert_int_equal(v->other, 0);
    assert_string_equal(v->title, "a is the same index");
    assert_string_equal(v->evidence, "b (x, y): 2.0 MiB, 7 scans\na (x, y): 2.0 MiB, 1000 scans");
    assert_string_equal(v->window, k.h.window);
    assert_int_equal(v->fix, LS_FIX_DROP);
    assert_string_equal(v->undo, "CREATE INDEX b ON t (x, y);");
    k.x[0].is_unique = true;
    kit_judge(&k);
    assert_string_equal(kit_find(&k, LS_IX_DUPLICATE, "b")->title, "a is the same index, and unique");
    kit_close(&k);
}

static void a_mirror(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    kit_two(&k, "x, y DESC", "x DESC, y");
    kit_judge(&k);
    v = kit_find(&k, LS_IX_MIRROR, "b");
    assert_non_null(v);
    assert_string_equal(v->title, "a is the same index, read backwards");
    assert_string_equal(v->evidence, "b (x DESC, y): 2.0 MiB, 1000 scans\na (x, y DESC): 2.0 MiB, 1000 scans");
    assert_int_equal(v->severity, LS_SEV_WARNING);
    kit_key(&k.x[1], 0)->is_nulls_first = false; /* x DESC NULLS LAST: read backwards it is x NULLS FIRST */
    kit_judge(&k);
    assert_int_equal(k.out.n, 0);
    kit_close(&k);
}

/* (b) is no prefix of (a, b), whatever version skips (trap 11); (c1) is none of (c12). */
static void what_is_no_prefix(void **state)
{
    static const struct {
        const char *a, *b;
    } pairs[] = {{"y", "x, y"},    {"x, y", "y, x"},         {"c1", "c12, y"},
                 {"x, y", "x, z"}, {"x DESC, y", "x, y, z"}, {"(lower(x))", "x, y"}};
    struct kit k;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(pairs); i++) {
        kit_two(&k, pairs[i].a, pairs[i].b);
        k.u.server_version = 180001;
        kit_judge(&k);
        assert_int_equal(n_covered(&k), 0);
        kit_close(&k);
    }
    kit_two(&k, "x DESC", "x, y"); /* read backwards it is one */
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_PREFIX, "a"));
    kit_close(&k);
}

/* Trap 8: each of these alone separates two equal indexes. */
static void what_separates(void **state)
{
    static const char *const included[] = {"z"}, *const others[] = {"w", "z"}, *const same[] = {"z"};
    struct kit k;

    (void)state;
    for (int i = 0; i < 12; i++) {
        struct ls_usage_index *b;
        struct ls_usage_key *key;

        kit_two(&k, "x", "x");
        b = &k.x[1];
        key = kit_key(b, 0);
        switch (i) {
        case 0:
            key->opclass = "text_pattern_ops";
            break;
        case 1:
            key->collation = "\"C\"";
            break;
        case 2: /* both unique, one of them with NULLS NOT DISTINCT */
            k.x[0].is_unique = b->is_unique = b->is_nulls_not_distinct = true;
            break;
        case 3:
            key->is_nulls_first = true;
            break;
        case 4:
            key->is_desc = true;
            break;
        case 5:
            b->predicate = "(x > 0)";
            break;
        case 6:
            b->method = "hash";
            break;
        case 7:
            key->text = "(x + 0)";
            break;
        case 8:
            b->is_valid = false;
            break;
        case 9:
            b->is_ready = false;
            break;
        case 10:
            b->is_live = false;
            break;
        default:
            b->is_building = true;
            break;
        }
        kit_judge(&k);
        assert_int_equal(n_covered(&k), 0);
        kit_close(&k);
    }
    kit_two(&k, "x", "x"); /* INCLUDE: the one with more does the work of the other, not the other way */
    k.x[0].include = included;
    k.x[0].n_include = 1;
    k.x[0].oid = 2000;
    kit_judge(&k);
    assert_int_equal(n_covered(&k), 1);
    assert_string_equal(kit_find(&k, LS_IX_PREFIX, "b")->title, "a has the same columns and carries more");
    assert_string_equal(kit_find(&k, LS_IX_PREFIX, "b")->evidence,
                        "b (x): 2.0 MiB, 1000 scans\na (x) INCLUDE (z): 2.0 MiB, 1000 scans");
    kit_close(&k);
    kit_two(&k, "x", "x"); /* each carries what the other lacks */
    k.x[0].include = included;
    k.x[1].include = others;
    k.x[0].n_include = k.x[1].n_include = 1;
    kit_judge(&k);
    assert_int_equal(n_covered(&k), 0);
    k.x[0].include = others + 1; /* (z) and (w, z) */
    k.x[1].n_include = 2;
    kit_judge(&k);
    assert_int_equal(n_covered(&k), 1);
    assert_non_null(kit_find(&k, LS_IX_PREFIX, "a"));
    k.x[1].include = same; /* (z) and (z) */
    k.x[1].n_include = 1;
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_DUPLICATE, "b"));
    kit_close(&k);
    kit_two(&k, "x", "x, z"); /* what it carries is a key of the other */
    k.x[0].include = included;
    k.x[0].n_include = 1;
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_PREFIX, "a"));
    kit_close(&k);
    kit_two(&k, "x, z", "x, y"); /* a column that is only carried is no key */
    k.x[1].include = included;
    k.x[1].n_include = 1;
    kit_judge(&k);
    assert_int_equal(n_covered(&k), 0);
    kit_close(&k);
    kit_two(&k, "x", "x, y"); /* a hash has one key; gin is no order */
    k.x[0].method = k.x[1].method = "gin";
    kit_judge(&k);
    assert_int_equal(n_covered(&k), 0);
    kit_close(&k);
}

/* Uniqueness is worth more than none, and a deferrable one does not replace it. */
static void uniqueness(void **state)
{
    struct kit k;

    (void)state;
    kit_two(&k, "x", "x");
    k.x[1].is_unique = true;
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_DUPLICATE, "a")); /* the older one, since the newer is worth more */
    assert_int_equal(n_covered(&k), 1);
    k.x[0].is_unique = true;
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_DUPLICATE, "b"));
    k.x[0].is_immediate = false;
    k.x[0].constraint = "t_x_key";
    kit_judge(&k);
    assert_int_equal(n_covered(&k), 0);
    kit_close(&k);
    kit_two(&k, "x", "x, y"); /* a unique one is no prefix */
    k.x[0].is_unique = k.x[1].is_unique = true;
    kit_judge(&k);
    assert_int_equal(n_covered(&k), 0);
    k.x[0].is_unique = false;
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_PREFIX, "a"));
    kit_close(&k);
}

/* What something needs stays; of two equal ones the other goes. */
static void what_is_needed_stays(void **state)
{
    struct kit k;
    struct ls_usage_index *x = &k.x[1];
    bool *const flags[] = {&x->is_primary,   &x->is_exclusion, &x->is_fk_target, &x->is_replica_identity,
                           &x->is_clustered, &x->is_partition, &x->is_in_query};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(flags); i++) {
        kit_two(&k, "x", "x");
        *flags[i] = true; /* the newer one, which would go */
        kit_judge(&k);
        assert_null(kit_find(&k, LS_IX_DUPLICATE, "b"));
        kit_close(&k);
    }
    kit_two(&k, "x", "x");
    x->constraint = "t_x_key";
    x->is_unique = true;
    kit_judge(&k);
    assert_int_equal(kit_find(&k, LS_IX_DUPLICATE, "a")->other, 1);
    kit_close(&k);
}

/* Three equal ones, and a prefix of them: one stays, and what covers is never what goes. */
static void a_chain_keeps_one(void **state)
{
    struct kit k;

    (void)state;
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "t", 1000);
    kit_index(&k, "a", "x");
    kit_index(&k, "b", "x, y");
    kit_index(&k, "c", "x, y");
    kit_index(&k, "d", "x, y");
    kit_index(&k, "e", "x, y, z");
    kit_judge(&k);
    assert_int_equal(n_drops(&k), 4);
    for (uint32_t i = 0; i < k.out.n; i++) {
        assert_true(k.out.v[i].other != LS_NO_USAGE);
        assert_string_not_equal(k.out.v[i].object, "e");
    }
    assert_int_equal(kit_find(&k, LS_IX_PREFIX, "b")->other, 4);
    assert_int_equal(kit_find(&k, LS_IX_PREFIX, "a")->other, 4);
    kit_close(&k);
}

/* INCLUDE (p, q) and INCLUDE (q, p) do each other's work. */
static void a_circle_keeps_one(void **state)
{
    static const char *const pq[] = {"p", "q"}, *const qp[] = {"q", "p"};
    struct kit k;

    (void)state;
    kit_two(&k, "x", "x");
    k.x[0].include = pq;
    k.x[1].include = qp;
    k.x[0].n_include = k.x[1].n_include = 2;
    kit_judge(&k);
    assert_int_equal(n_drops(&k), 1);
    kit_close(&k);
}

/* Of a narrow index that is used and a wide one that is not, the wide one goes, not both. */
static void an_unused_cover_is_no_cover(void **state)
{
    struct kit k;

    (void)state;
    kit_two(&k, "x", "x, y");
    k.x[1].scans = 0;
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_UNUSED, "b"));
    assert_int_equal(n_drops(&k), 1);
    kit_close(&k);
    kit_two(&k, "x", "x, y"); /* the operator keeps the wide one: then it covers */
    static const struct ls_index_ignore keep = {"IX01", "b", "for the report"};
    k.x[1].scans = 0;
    k.o.ignores = &keep;
    k.o.n_ignores = 1;
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_UNUSED, "b")->ignored);
    assert_int_equal(kit_find(&k, LS_IX_PREFIX, "a")->other, 1);
    kit_close(&k);
}

/* Equal ones of which the planner reads only the one that would go. */
static void the_use_of_equals_is_one(void **state)
{
    struct kit k;

    (void)state;
    kit_two(&k, "x", "x");
    k.x[0].scans = 0;
    kit_judge(&k);
    assert_int_equal(k.out.n, 1);
    assert_non_null(kit_find(&k, LS_IX_DUPLICATE, "b"));
    kit_index(&k, "c", "z")->scans = 0; /* has nothing to do with them */
    kit_judge(&k);
    assert_int_equal(k.out.n, 2);
    assert_non_null(kit_find(&k, LS_IX_UNUSED, "c"));
    k.u.n_indexes = k.t[0].n_indexes = 2;
    k.x[1].scans = 0; /* neither is read: one goes now, the other at the next look */
    kit_judge(&k);
    assert_int_equal(n_drops(&k), 1);
    kit_close(&k);
}

/* An ignored drop leaves its index there, as a cover of others. */
static void ignored_ones_stay(void **state)
{
    static const struct ls_index_ignore keep = {"duplicate", "b", "until the next release"};
    struct kit k;

    (void)state;
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "t", 1000);
    kit_index(&k, "a", "x");
    kit_index(&k, "b", "x");
    kit_index(&k, "c", "x");
    k.o.ignores = &keep;
    k.o.n_ignores = 1;
    kit_judge(&k);
    assert_string_equal(kit_find(&k, LS_IX_DUPLICATE, "b")->ignored, "until the next release");
    assert_null(kit_find(&k, LS_IX_DUPLICATE, "c")->ignored);
    kit_close(&k);
}

/* Of several covers the one that stays anyway, then the narrowest. */
static void the_best_cover_is_named(void **state)
{
    struct kit k;

    (void)state;
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "t", 1000);
    kit_index(&k, "a", "x");
    kit_index(&k, "b", "x, y, z");
    kit_index(&k, "c", "x, y");
    kit_index(&k, "d", "x, w, v");
    kit_judge(&k);
    assert_int_equal(kit_find(&k, LS_IX_PREFIX, "c")->other, 1);
    assert_int_equal(kit_find(&k, LS_IX_PREFIX, "a")->other, 1); /* c goes itself; of the two left it is the older */
    k.x[3].is_unique = true;
    k.x[3].constraint = "t_key";
    kit_judge(&k);
    assert_int_equal(kit_find(&k, LS_IX_PREFIX, "a")->other, 3);
    kit_close(&k);
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "t", 1000);
    kit_index(&k, "a", "x");
    kit_index(&k, "b", "x, y, z");
    kit_index(&k, "c", "x, w");
    kit_judge(&k);
    assert_int_equal(kit_find(&k, LS_IX_PREFIX, "a")->other, 2); /* narrower */
    kit_index(&k, "d", "x DESC");
    k.x[3].oid = 1; /* a mirror comes before a prefix */
    kit_judge(&k);
    assert_int_equal(kit_find(&k, LS_IX_MIRROR, "a")->other, 3);
    kit_close(&k);
}

/* What was covered by an index that goes for lack of use is handed to another cover, or the index stays. */
static void covers_are_handed_over(void **state)
{
    static const char *const pq[] = {"p"};
    struct kit k;

    (void)state;
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "t", 1000);
    kit_index(&k, "a", "x");
    kit_index(&k, "b", "x");
    k.x[0].scans = k.x[1].scans = 0; /* equal, and neither is read: b goes, and a has to stay */
    kit_judge(&k);
    assert_int_equal(n_drops(&k), 1);
    assert_non_null(kit_find(&k, LS_IX_DUPLICATE, "b"));
    assert_int_equal(kit_find(&k, LS_IX_UNUSED, "a")->fix, LS_FIX_NONE);
    kit_index(&k, "c", "x");
    k.x[2].include = pq; /* does what b did as well: then a may go, too */
    k.x[2].n_include = 1;
    kit_judge(&k);
    assert_int_equal(kit_find(&k, LS_IX_PREFIX, "a")->other, 2);
    assert_int_equal(n_drops(&k), 2);
    kit_close(&k);
}

/* A foreign key's last index stays; one that another serves too may go. */
static void foreign_keys_keep_one(void **state)
{
    struct kit k;

    (void)state;
    kit_two(&k, "x", "x, y");
    kit_fk(&k, "fk", "x", LS_NO_USAGE);
    kit_judge(&k);
    assert_int_equal(kit_find(&k, LS_IX_PREFIX, "a")->fix, LS_FIX_DROP); /* b serves it */
    k.x[1].scans = 0;
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_UNUSED, "b")); /* a serves it */
    assert_int_equal(n_drops(&k), 1);
    kit_close(&k);
    kit_two(&k, "x", "y, x"); /* not led by it: does not */
    kit_fk(&k, "fk", "x", LS_NO_USAGE);
    k.x[0].scans = 0;
    kit_judge(&k);
    assert_int_equal(n_drops(&k), 0);
    kit_close(&k);
}

/* One that goes for lack of use, and has no cover, is nobody's reason to stay. */
static void drops_of_a_table_are_apart(void **state)
{
    struct kit k;

    (void)state;
    kit_two(&k, "x", "x, y");
    kit_index(&k, "c", "z")->scans = 0;
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_UNUSED, "c"));
    assert_non_null(kit_find(&k, LS_IX_PREFIX, "a"));
    assert_int_equal(n_drops(&k), 2);
    kit_close(&k);
}

/* What goes for a sure reason is not also called perhaps unused. */
static void no_doubts_beside_a_drop(void **state)
{
    struct kit k;

    (void)state;
    kit_two(&k, "x", "x, y");
    k.h.window_from_us = KIT_NOW - 2 * KIT_DAY;
    k.x[0].scans = 0;
    kit_judge(&k);
    assert_int_equal(k.out.n, 1);
    assert_non_null(kit_find(&k, LS_IX_PREFIX, "a"));
    k.x[1].oid = 1; /* not a prefix any more: then the doubt is told */
    kit_key(&k.x[1], 0)->opclass = "other_ops";
    kit_judge(&k);
    assert_int_equal(k.out.n, 1);
    assert_int_equal(kit_find(&k, LS_IX_UNUSED, "a")->confidence, LS_CONF_UNCONFIRMED);
    kit_close(&k);
}

static void tables_are_apart(void **state)
{
    struct kit k;

    (void)state;
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "t", 1000);
    kit_index(&k, "a", "x");
    kit_table(&k, "u", 1000);
    kit_index(&k, "b", "x");
    kit_judge(&k);
    assert_int_equal(k.out.n, 0);
    kit_close(&k);
}

static void in_sqlite(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    kit_open(&k, LS_DIALECT_SQLITE);
    kit_table(&k, "t", 1000)->rowid_alias = "id";
    kit_index(&k, "a", "x, y DESC");
    kit_index(&k, "b", "x DESC, y");
    kit_index(&k, "c", "id");
    kit_index(&k, "d", "id, x");
    kit_key(&k.x[1], 0)->is_nulls_first = false; /* SQLite sorts NULL as a value: DESC says it all */
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_MIRROR, "b"));
    v = kit_find(&k, LS_IX_PREFIX, "c");
    assert_string_equal(v->title, "id is the table's own key: the table is its index");
    assert_string_equal(v->evidence, "id is an INTEGER PRIMARY KEY, the row's own number\n(id): 2.0 MiB");
    assert_int_equal(v->other, LS_NO_USAGE);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_int_equal(k.out.n, 2);
    k.x[2].predicate = "id > 5"; /* of some rows: another thing */
    kit_judge(&k);
    assert_null(kit_find(&k, LS_IX_PREFIX, "c"));
    kit_close(&k);
    kit_two(&k, "x", "x");
    k.u.dialect = LS_DIALECT_SQLITE;
    k.x[0].is_unique = true;
    k.x[0].is_immediate = false; /* of SQLite's own it is not said */
    k.x[1].is_unique = true;
    k.x[1].is_immediate = false;
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_DUPLICATE, "b"));
    kit_key(&k.x[1], 0)->collation = "NOCASE";
    kit_judge(&k);
    assert_int_equal(n_covered(&k), 0);
    kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_duplicate),
        cmocka_unit_test(a_mirror),
        cmocka_unit_test(what_is_no_prefix),
        cmocka_unit_test(what_separates),
        cmocka_unit_test(uniqueness),
        cmocka_unit_test(what_is_needed_stays),
        cmocka_unit_test(a_chain_keeps_one),
        cmocka_unit_test(a_circle_keeps_one),
        cmocka_unit_test(an_unused_cover_is_no_cover),
        cmocka_unit_test(the_use_of_equals_is_one),
        cmocka_unit_test(ignored_ones_stay),
        cmocka_unit_test(the_best_cover_is_named),
        cmocka_unit_test(covers_are_handed_over),
        cmocka_unit_test(foreign_keys_keep_one),
        cmocka_unit_test(drops_of_a_table_are_apart),
        cmocka_unit_test(no_doubts_beside_a_drop),
        cmocka_unit_test(tables_are_apart),
        cmocka_unit_test(in_sqlite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
