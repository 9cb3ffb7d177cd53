/* IX07 and FK01: foreign keys without an index, and those that do not hold. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/index_priv.h"
#include "support/index_kit.h"

static const struct ls_index_verdict *judged(struct kit *k, enum ls_verdict_id id)
{
    kit_judge(k);
    return kit_find(k, id, NULL);
}

/* --- IX07 --- */

static struct ls_usage_fk *child(struct kit *k, enum ls_dialect d)
{
    kit_open(k, d);
    kit_table(k, "a_users", 50);
    k->t[0].rowid_alias = NULL;
    kit_table(k, "memories", 1000);
    return kit_fk(k, "memories_user_fk", "user_id", 0);
}

static void fk_unindexed(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;
    const struct ls_index_spec *s;

    (void)state;
    child(&k, LS_DIALECT_POSTGRES)->on_delete = "CASCADE";
    v = judged(&k, LS_IX_FK_UNINDEXED);
    assert_int_equal(v->severity, LS_SEV_ERROR);
    assert_int_equal(v->confidence, LS_CONF_CERTAIN);
    assert_string_equal(v->object, "memories(user_id)");
    assert_string_equal(v->title, "each row of a_users that is deleted searches all of memories");
    assert_string_equal(v->evidence, "foreign key memories_user_fk (user_id) to a_users(id), ON DELETE CASCADE\nabout 1000 rows in "
                                     "memories; 0 rows of a_users deleted");
    assert_int_equal(v->fk, 0);
    assert_int_equal(v->fix, LS_FIX_CREATE);
    assert_int_equal(v->n_create, 1);
    s = v->create;
    assert_string_equal(s->schema, "public");
    assert_string_equal(s->table, "memories");
    assert_string_equal(s->method, "btree");
    assert_int_equal(s->n_keys, 1);
    assert_string_equal(s->keys[0], "user_id");
    assert_string_equal(s->predicate, "");
    assert_string_equal(s->name, "idx_memories_user_id");
    assert_false(s->is_unique);
    assert_string_equal(
        v->price,
        "CREATE INDEX CONCURRENTLY: reads the table twice, blocks no writes, waits for running transactions; takes about 27.5 KiB; "
        "each INSERT writes one index more; an UPDATE of user_id cannot be HOT any more");
    assert_string_equal(v->undo, "DROP INDEX CONCURRENTLY \"public\".\"idx_memories_user_id\";");
    kit_close(&k);
}

/* One that begins with a part of it finds few rows: less is at stake, and it is not said that all are searched. */
static void fk_half_indexed(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;
    struct ls_usage_index *x;

    (void)state;
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "a_users", 50);
    kit_table(&k, "memories", 1000);
    kit_fk(&k, "fk", "user_id, kind", 0)->on_delete = "CASCADE";
    x = kit_index(&k, "by_kind", "kind, created_at");
    v = judged(&k, LS_IX_FK_UNINDEXED);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_string_equal(v->title, "each row of a_users that is deleted searches the rows of memories that by_kind finds by kind alone");
    x->predicate = "kind = 5";
    v = judged(&k, LS_IX_FK_UNINDEXED);
    assert_int_equal(v->severity, LS_SEV_ERROR);
    assert_string_equal(v->title, "each row of a_users that is deleted searches all of memories");
    k.t[1].rows = 10;
    x->predicate = "";
    assert_int_equal(judged(&k, LS_IX_FK_UNINDEXED)->severity, LS_SEV_INFO);
    kit_close(&k);
}

/* What is said of every foreign key stands behind what is said of one thing. */
static void unenforced_come_last(void **state)
{
    struct kit k;

    (void)state;
    child(&k, LS_DIALECT_SQLITE)->is_enforced = false;
    k.t[1].rows = 10;
    kit_judge(&k);
    assert_int_equal(k.out.n, 2);
    assert_int_equal(k.out.v[0].id, LS_IX_FK_UNINDEXED);
    assert_int_equal(k.out.v[1].id, LS_IX_FK_UNENFORCED);
    assert_string_equal(k.out.v[0].object, k.out.v[1].object);
    kit_fk(&k, "another", "a_first", 0)->is_enforced = false;
    k.f[1].is_served = true;
    kit_judge(&k);
    assert_int_equal(k.out.n, 3);
    assert_string_equal(k.out.v[1].object, "memories(a_first)");
    assert_int_equal(k.out.v[0].id, LS_IX_FK_UNINDEXED);
    kit_close(&k);
}

/* SQLite looks nothing up where nobody enforces it. */
static void fk_unindexed_in_sqlite(void **state)
{
    struct kit k;

    (void)state;
    child(&k, LS_DIALECT_SQLITE);
    assert_non_null(strstr(judged(&k, LS_IX_FK_UNINDEXED)->evidence, "; only in connections that enforce foreign keys"));
    k.u.fk_enforced = true;
    assert_null(strstr(judged(&k, LS_IX_FK_UNINDEXED)->evidence, "only in connections"));
    kit_close(&k);
}

/* A longer index may do for both: who has not measured yet is told. */
static void fk_before_measuring(void **state)
{
    struct kit k;

    (void)state;
    child(&k, LS_DIALECT_POSTGRES);
    kit_query(&k, "recent", "SELECT 1");
    assert_non_null(strstr(judged(&k, LS_IX_FK_UNINDEXED)->price, "; the workload is not measured yet"));
    k.o.advices = &k.a;
    assert_null(strstr(judged(&k, LS_IX_FK_UNINDEXED)->price, "not measured yet"));
    kit_close(&k);
}

static void fk_levels(void **state)
{
    static const struct {
        const char *on_delete;
        int64_t deleted;
        double rows;
        enum ls_severity severity;
    } cases[] = {
        {"CASCADE", 0, 1000, LS_SEV_ERROR},     {"CASCADE", 0, 999, LS_SEV_INFO},     {"SET NULL", 0, 1000, LS_SEV_ERROR},
        {"SET DEFAULT", 0, 1000, LS_SEV_ERROR}, {"NO ACTION", 1, 1000, LS_SEV_ERROR}, {"NO ACTION", 0, 1000, LS_SEV_WARNING},
        {"RESTRICT", -1, 1000, LS_SEV_WARNING}, {"NO ACTION", 1, 999, LS_SEV_INFO},   {"NO ACTION", 5, -1, LS_SEV_WARNING},
        {"CASCADE", 0, 0, LS_SEV_INFO},
    };
    struct kit k;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        child(&k, LS_DIALECT_POSTGRES)->on_delete = cases[i].on_delete;
        k.t[0].deleted = cases[i].deleted;
        k.t[1].rows = cases[i].rows;
        assert_int_equal(judged(&k, LS_IX_FK_UNINDEXED)->severity, cases[i].severity);
        kit_close(&k);
    }
}

/* Which indexes serve it: any order of the first columns, the default's "=" and collation, no rows left out. */
static void fk_serving(void **state)
{
    static const struct {
        const char *fk, *keys, *method, *predicate, *opclass, *collation;
        bool is_served;
    } cases[] = {
        {"a", "a", "btree", "", "int4_ops", "", true},
        {"a", "a, c", "btree", "", "int4_ops", "", true},
        {"a", "c, a", "btree", "", "int4_ops", "", false},
        {"a, b", "b, a", "btree", "", "int4_ops", "", true},
        {"a, b", "a", "btree", "", "int4_ops", "", false},
        {"a, b", "a, c, b", "btree", "", "int4_ops", "", false},
        {"a, b", "a, a", "btree", "", "int4_ops", "", false},
        {"a", "a", "hash", "", "int4_ops", "", true},
        {"a, b", "a, b", "hash", "", "int4_ops", "", false},
        {"a", "a", "brin", "", "int4_ops", "", false},
        {"a", "a", "btree", "(a IS NOT NULL)", "int4_ops", "", true},
        {"a", "a", "btree", "a IS NOT NULL", "int4_ops", "", true},
        {"a", "a", "btree", "(a > 0)", "int4_ops", "", false},
        {"a", "a", "btree", "(b IS NOT NULL)", "int4_ops", "", false},
        {"a, b", "a, b", "btree", "(a IS NOT NULL)", "int4_ops", "", false},
        {"a", "a", "btree", "", "text_pattern_ops", "", true},
        {"a", "a", "btree", "", "my_ops", "", false},
        {"a", "a", "btree", "", "int4_ops", "\"C\"", false}, /* trap 8 */
        {"a", "a", "btree", "", "int4_ops", "of_column", true},
        {"a", "(a + 0)", "btree", "", "int4_ops", "", false},
    };
    struct kit k;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_usage_index *x;

        kit_open(&k, LS_DIALECT_POSTGRES);
        kit_table(&k, "t", 1000);
        x = kit_index(&k, "t_i", cases[i].keys);
        kit_fk(&k, "fk", cases[i].fk, LS_NO_USAGE);
        x->method = cases[i].method;
        x->predicate = cases[i].predicate;
        kit_key(x, 0)->opclass = cases[i].opclass;
        kit_key(x, 0)->is_default_opclass = strcmp(cases[i].opclass, "int4_ops") == 0;
        kit_key(x, 0)->collation = cases[i].collation;
        kit_key(x, 0)->collation_of_column = "of_column";
        if (ls_ix_serves_fk(&k.u, 0, &k.f[0]) != cases[i].is_served)
            fail_msg("case %zu: %s by (%s)", i, cases[i].fk, cases[i].keys);
        kit_close(&k);
    }
}

static void fk_near_misses_are_named(void **state)
{
    struct kit k;

    (void)state;
    child(&k, LS_DIALECT_POSTGRES);
    kit_index(&k, "i1", "user_id")->predicate = "(x > 0)";
    kit_index(&k, "i2", "user_id")->is_valid = false;
    kit_key(kit_index(&k, "i3", "user_id"), 0)->collation = "\"C\"";
    kit_index(&k, "i4", "user_id")->method = "brin";
    assert_non_null(strstr(judged(&k, LS_IX_FK_UNINDEXED)->evidence,
                           "\ni1 does not serve it: it holds only some rows\ni2 does not serve it: it is not valid\n"
                           "i3 does not serve it: it sorts by another collation than the column's\n"
                           "i4 does not serve it: it is of another kind"));
    k.x[3].is_building = true; /* another kind, of which it is not known whether it will serve: it is waited for */
    assert_null(judged(&k, LS_IX_FK_UNINDEXED));
    k.x[3].is_building = false;
    kit_key(&k.x[1], 0)->column = NULL; /* an expression */
    k.x[1].is_building = true;
    assert_non_null(judged(&k, LS_IX_FK_UNINDEXED));
    kit_key(&k.x[1], 0)->column = "user_id"; /* soon it will */
    assert_null(judged(&k, LS_IX_FK_UNINDEXED));
    kit_close(&k);
}

static void fk_quiet(void **state)
{
    struct kit k;
    struct ls_usage_fk *f = child(&k, LS_DIALECT_POSTGRES);

    (void)state;
    f->is_served = true;
    assert_null(judged(&k, LS_IX_FK_UNINDEXED));
    f->is_served = false;
    f->is_enforced = false; /* 18: nothing is looked up */
    assert_null(judged(&k, LS_IX_FK_UNINDEXED));
    kit_close(&k);
    f = child(&k, LS_DIALECT_SQLITE);
    assert_non_null(judged(&k, LS_IX_FK_UNINDEXED));
    f->is_enforced = false; /* here it is the other connections' */
    assert_non_null(judged(&k, LS_IX_FK_UNINDEXED));
    f->is_served = true; /* by the rowid */
    assert_null(judged(&k, LS_IX_FK_UNINDEXED));
    kit_close(&k);
}

/* What the reader has found to serve it tells of the others: another operator class of PostgreSQL, the collation of SQLite's
 * parent. */
static void fk_serving_like_the_proven_one(void **state)
{
    struct kit k;
    struct ls_usage_fk *f;

    (void)state;
    kit_open(&k, LS_DIALECT_SQLITE);
    kit_table(&k, "t", 1000);
    kit_key(kit_index(&k, "i1", "x"), 0)->collation = "NOCASE";
    kit_index(&k, "i2", "x");
    kit_key(kit_index(&k, "i3", "x, y"), 0)->collation = "NOCASE";
    f = kit_fk(&k, "fk", "X", LS_NO_USAGE);
    assert_false(ls_ix_serves_fk(&k.u, 0, f) || ls_ix_serves_fk(&k.u, 1, f)); /* nothing is known to */
    f->index = 0;
    assert_true(ls_ix_serves_fk(&k.u, 0, f));
    assert_false(ls_ix_serves_fk(&k.u, 1, f));
    assert_true(ls_ix_serves_fk(&k.u, 2, f));
    kit_close(&k);
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "t", 1000);
    kit_key(kit_index(&k, "i1", "x"), 0)->opclass = "my_ops";
    kit_key(&k.x[0], 0)->is_default_opclass = false;
    f = kit_fk(&k, "fk", "x", LS_NO_USAGE);
    assert_false(ls_ix_serves_fk(&k.u, 0, f));
    f->index = 0;
    assert_true(ls_ix_serves_fk(&k.u, 0, f));
    kit_close(&k);
}

/* Names that need quotes, are taken, or are too long. */
static void fk_names(void **state)
{
    struct kit k;
    const struct ls_index_spec *s;

    (void)state;
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "t", 1000);
    kit_index(&k, "idx_t_User", "x");
    kit_fk(&k, "fk", "User", LS_NO_USAGE);
    kit_fk(&k, "fk2", "user", LS_NO_USAGE);
    kit_fk(&k, "fk3", "a_very_long_name_of_a_column_that_is_as_long_as_it_may_be_ää", LS_NO_USAGE);
    kit_judge(&k);
    s = kit_find(&k, LS_IX_FK_UNINDEXED, "t(User)")->create;
    assert_string_equal(s->keys[0], "\"User\"");
    assert_string_equal(s->name, "idx_t_User_2");
    assert_string_equal(kit_find(&k, LS_IX_FK_UNINDEXED, "t(user)")->create->keys[0], "\"user\""); /* a keyword */
    s = kit_find(&k, LS_IX_FK_UNINDEXED, "t(a_very_long_name_of_a_column_that_is_as_long_as_it_may_be_ää)")->create;
    assert_string_equal(s->name, "idx_t_a_very_long_name_of_a_column_that_is_as_long_as_it_may_be");
    kit_close(&k);
}

/* Rows of a partitioned table are its partitions'. */
static void fk_of_a_partitioned_table(void **state)
{
    struct kit k;

    (void)state;
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "p", -1)->kind = 'p';
    kit_fk(&k, "fk", "x", LS_NO_USAGE)->on_delete = "CASCADE";
    kit_table(&k, "p1", 600)->parent = 0;
    kit_table(&k, "p2", 400)->parent = 0;
    kit_table(&k, "p3", -1)->parent = 0; /* not known */
    kit_table(&k, "q", 1000000);
    const struct ls_index_verdict *v = judged(&k, LS_IX_FK_UNINDEXED);

    assert_int_equal(v->severity, LS_SEV_ERROR);
    assert_non_null(strstr(v->price, "CREATE INDEX CONCURRENTLY on each partition, then ATTACH"));
    assert_string_equal(v->undo, "DROP INDEX \"public\".\"idx_p_x\";");
    assert_non_null(strstr(v->evidence, "about 1000 rows in p"));
    k.t[1].rows = 599;
    assert_int_equal(judged(&k, LS_IX_FK_UNINDEXED)->severity, LS_SEV_INFO);
    kit_close(&k);
}

/* --- FK01 --- */

static void fk_not_validated(void **state)
{
    struct kit k;
    struct ls_usage_fk *f = child(&k, LS_DIALECT_POSTGRES);
    const struct ls_index_verdict *v;

    (void)state;
    f->is_served = true;
    assert_null(judged(&k, LS_IX_FK_UNENFORCED));
    f->is_validated = false;
    f->orphans_sql = "SELECT 1";
    v = judged(&k, LS_IX_FK_UNENFORCED);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_string_equal(v->title, "rows from before it were never checked (NOT VALID)");
    assert_string_equal(v->evidence, "foreign key memories_user_fk (user_id) to a_users(id), ON DELETE NO ACTION\nrows without a "
                                     "parent are listed by: SELECT 1");
    assert_int_equal(v->fix, LS_FIX_VALIDATE);
    assert_int_equal(v->fk, 0);
    f->orphans = 0;
    assert_non_null(strstr(judged(&k, LS_IX_FK_UNENFORCED)->evidence, "no row is without its parent now"));
    f->orphans = 1; /* VALIDATE would fail */
    v = judged(&k, LS_IX_FK_UNENFORCED);
    assert_int_equal(v->severity, LS_SEV_ERROR);
    assert_string_equal(v->title, "1 row points at no row of a_users");
    assert_non_null(strstr(v->evidence, "they are listed by: SELECT 1"));
    assert_int_equal(v->fix, LS_FIX_NONE);
    f->orphans = 2;
    assert_string_equal(judged(&k, LS_IX_FK_UNENFORCED)->title, "2 rows point at no row of a_users");
    f->orphans = 0;
    f->is_enforced = false;
    assert_string_equal(judged(&k, LS_IX_FK_UNENFORCED)->title, "it is not enforced");
    kit_close(&k);
}

static void fk_in_sqlite(void **state)
{
    struct kit k;
    struct ls_usage_fk *f = child(&k, LS_DIALECT_SQLITE);
    const struct ls_index_verdict *v;

    (void)state;
    f->name = "";
    f->is_served = true;
    f->is_enforced = false;
    v = judged(&k, LS_IX_FK_UNENFORCED);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_string_equal(v->title, "SQLite does not enforce it unless each connection says so");
    assert_string_equal(v->evidence, "foreign key (user_id) to a_users(id), ON DELETE NO ACTION\nPRAGMA foreign_keys is off here; "
                                     "whether the application turns it on "
                                     "cannot be seen");
    f->orphans = 3;
    assert_int_equal(judged(&k, LS_IX_FK_UNENFORCED)->severity, LS_SEV_ERROR);
    f->is_parent_unique = false;
    v = judged(&k, LS_IX_FK_UNENFORCED);
    assert_string_equal(v->title, "a_users(id) is not unique: each write that it checks ends in an error");
    assert_int_equal(v->fix, LS_FIX_CREATE);
    assert_true(v->create->is_unique);
    assert_string_equal(v->create->table, "a_users");
    assert_string_equal(v->undo, "DROP INDEX \"idx_a_users_id\";");
    f->ref = LS_NO_USAGE;
    f->ref_table = "gone";
    v = judged(&k, LS_IX_FK_UNENFORCED);
    assert_string_equal(v->title, "there is no table gone");
    assert_int_equal(v->severity, LS_SEV_ERROR);
    assert_null(kit_find(&k, LS_IX_FK_UNINDEXED, NULL));
    kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fk_unindexed),
        cmocka_unit_test(fk_half_indexed),
        cmocka_unit_test(unenforced_come_last),
        cmocka_unit_test(fk_unindexed_in_sqlite),     cmocka_unit_test(fk_before_measuring),
        cmocka_unit_test(fk_levels),
        cmocka_unit_test(fk_serving),       cmocka_unit_test(fk_near_misses_are_named),
        cmocka_unit_test(fk_quiet),         cmocka_unit_test(fk_serving_like_the_proven_one),
        cmocka_unit_test(fk_names),         cmocka_unit_test(fk_of_a_partitioned_table),
        cmocka_unit_test(fk_not_validated), cmocka_unit_test(fk_in_sqlite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
