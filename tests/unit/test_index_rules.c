/* IX05 to IX07, FK01, IX16: what the catalogue and the statistics say; names, order and ignores of verdicts. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/index_priv.h"
#include "support/index_kit.h"

static void one(struct kit *k, enum ls_dialect d)
{
    kit_open(k, d);
    kit_table(k, "t", 100000);
    kit_index(k, "t_x", "x");
}

static const struct ls_index_verdict *judged(struct kit *k, enum ls_verdict_id id)
{
    kit_judge(k);
    return kit_find(k, id, NULL);
}

static void names(void **state)
{
    enum ls_verdict_id id;

    (void)state;
    assert_string_equal(ls_verdict_code(LS_IX_UNUSED), "IX01");
    assert_string_equal(ls_verdict_word(LS_IX_FK_UNENFORCED), "fk-unenforced");
    assert_string_equal(ls_verdict_meaning(LS_IX_BLOAT), "much of it is empty");
    assert_true(ls_verdict_find("ix07", &id) && id == LS_IX_FK_UNINDEXED);
    assert_true(ls_verdict_find("Duplicate", &id) && id == LS_IX_DUPLICATE);
    assert_false(ls_verdict_find("IX19", &id));
    assert_string_equal(ls_confidence_name(LS_CONF_UNCONFIRMED), "unconfirmed");
}

static void nothing_to_say(void **state)
{
    struct kit k;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    kit_judge(&k);
    assert_int_equal(k.out.n, 0);
    kit_close(&k);
    one(&k, LS_DIALECT_SQLITE);
    kit_judge(&k);
    assert_int_equal(k.out.n, 0);
    k.u.n_tables = k.u.n_indexes = 0; /* an empty database */
    kit_judge(&k);
    assert_int_equal(k.out.n, 0);
    kit_close(&k);
}

static void worst_first(void **state)
{
    struct kit k;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    kit_index(&k, "t_y", "y")->is_valid = false;
    kit_index(&k, "t_z", "z")->is_valid = false;
    k.x[2].is_unique = true;
    k.x[0].scans = 3;
    kit_judge(&k);
    assert_int_equal(k.out.n, 3);
    assert_string_equal(k.out.v[0].object, "t_z");
    assert_int_equal(k.out.v[0].severity, LS_SEV_ERROR);
    assert_string_equal(k.out.v[1].object, "t_y");
    assert_string_equal(k.out.v[2].object, "t_x");
    kit_close(&k);
}

/* --- IX05 --- */

static void invalid(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    k.x[0].is_valid = false;
    v = judged(&k, LS_IX_INVALID);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_int_equal(v->confidence, LS_CONF_CERTAIN);
    assert_string_equal(v->title, "its build failed: no query uses it");
    assert_string_equal(v->evidence, "(x), 2.0 MiB, not valid, no build of it is running; every write still goes into it");
    assert_int_equal(v->fix, LS_FIX_REINDEX);
    assert_string_equal(v->price, "REINDEX INDEX CONCURRENTLY: blocks no writes; needs up to 2.0 MiB beside the old one until it ends; a failure leaves an index NAME_ccnew");
    k.x[0].is_ready = false;
    k.x[0].is_unique = true;
    v = judged(&k, LS_IX_INVALID);
    assert_int_equal(v->severity, LS_SEV_ERROR);
    assert_string_equal(v->evidence, "(x), 2.0 MiB, not valid, no build of it is running; writes do not go into it any more\n"
                                     "it was to be unique: rows that were there before it may be twice");
    kit_close(&k);
}

static void leftovers(void **state)
{
    static const struct {
        const char *name, *title;
        enum ls_fix_kind fix;
    } cases[] = {
        {"t_x_ccnew", "left over from a REINDEX CONCURRENTLY that failed; the index it was to replace is still in use", LS_FIX_DROP},
        {"t_x_ccnew12", "left over from a REINDEX CONCURRENTLY that failed; the index it was to replace is still in use", LS_FIX_DROP},
        {"t_x_ccold", "left over from a REINDEX CONCURRENTLY: the old index, which it could not drop", LS_FIX_DROP},
        {"t_x_ccnewer", "its build failed: no query uses it", LS_FIX_REINDEX},
        {"_ccnew", "its build failed: no query uses it", LS_FIX_REINDEX},
    };
    struct kit k;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        const struct ls_index_verdict *v;

        one(&k, LS_DIALECT_POSTGRES);
        k.x[0].is_valid = false;
        k.x[0].name = cases[i].name;
        v = judged(&k, LS_IX_INVALID);
        assert_string_equal(v->title, cases[i].title);
        assert_int_equal(v->fix, cases[i].fix);
        kit_close(&k);
    }
}

static void an_invalid_twin_goes(void **state)
{
    struct kit k;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    kit_index(&k, "t_x2", "x")->is_valid = false;
    assert_int_equal(judged(&k, LS_IX_INVALID)->fix, LS_FIX_DROP);
    assert_int_equal(kit_find(&k, LS_IX_INVALID, "t_x2")->other, 0);
    assert_int_equal(k.out.n, 1); /* an invalid one is no duplicate */
    k.x[1].predicate = "(x > 1)";
    assert_int_equal(judged(&k, LS_IX_INVALID)->fix, LS_FIX_REINDEX);
    kit_close(&k);
}

/* Trap 9. */
static void invalid_by_design(void **state)
{
    struct kit k;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    k.x[0].is_valid = k.x[0].is_ready = false;
    k.x[0].is_building = true;
    kit_judge(&k);
    assert_int_equal(k.out.n, 0);
    k.x[0].is_building = false;
    k.x[0].is_live = false; /* on its way out */
    kit_judge(&k);
    assert_int_equal(k.out.n, 0);
    k.x[0].is_live = true;
    k.t[0].kind = 'p';
    k.x[0].is_partitioned = true; /* ON ONLY the parent: IX06 */
    kit_judge(&k);
    assert_int_equal(kit_count(&k, LS_IX_INVALID), 0);
    kit_close(&k);
}

/* Trap 13. */
static void unsafe_builders(void **state)
{
    static const struct {
        int version;
        bool is_unsafe;
    } cases[] = {{130020, false}, {140000, true}, {140003, true}, {140004, false}, {150004, false}};
    struct kit k;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        one(&k, LS_DIALECT_POSTGRES);
        kit_fk(&k, "fk", "y", LS_NO_USAGE);
        k.x[0].is_valid = false;
        k.u.server_version = cases[i].version;
        kit_judge(&k);
        for (uint32_t n = 0; n < k.out.n; n++)
            assert_int_equal(strstr(k.out.v[n].price, "not CONCURRENTLY: PostgreSQL 14.0 to 14.3 can corrupt such an index") != NULL, cases[i].is_unsafe);
        assert_non_null(kit_find(&k, LS_IX_INVALID, NULL));
        assert_non_null(kit_find(&k, LS_IX_FK_UNINDEXED, NULL));
        kit_close(&k);
    }
}

/* --- IX06 --- */

static void unattached(void **state)
{
    static const char *const parts[] = {"p1", "p2", "p3", "p4", "p5", "p6", "p7"};
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "p", 7000)->kind = 'p';
    kit_index(&k, "p_x", "x")->is_partitioned = true;
    k.x[0].is_valid = false;
    for (uint32_t i = 0; i < 7; i++) {
        kit_table(&k, parts[i], 1000)->parent = 0;
        k.t[i + 1].is_partition = true;
    }
    struct ls_usage_index *last = kit_index(&k, "p7_x", "x");

    last->is_partition = true;
    last->parent = 0;
    v = judged(&k, LS_IX_UNATTACHED);
    assert_int_equal(k.out.n, 1);
    assert_string_equal(v->object, "p_x");
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_string_equal(v->title, "6 of 7 partitions have no index that belongs to it");
    assert_string_equal(v->evidence, "(x) of p is not valid\nwithout: p1, p2, p3, p4, p5 and 1 more");
    assert_int_equal(v->fix, LS_FIX_ATTACH);
    k.x[0].is_building = true;
    assert_null(judged(&k, LS_IX_UNATTACHED));
    k.x[0].is_building = false;
    k.x[0].is_valid = true;
    assert_null(judged(&k, LS_IX_UNATTACHED));
    k.x[0].is_valid = false;
    k.x[1].is_valid = false; /* every partition has one, but of one it is not valid */
    for (uint32_t i = 1; i < 7; i++)
        k.t[i].parent = LS_NO_USAGE;
    v = judged(&k, LS_IX_UNATTACHED);
    assert_string_equal(v->title, "1 of its partitions' indexes is not valid");
    assert_int_equal(v->fix, LS_FIX_NONE);
    kit_close(&k);
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
    assert_string_equal(v->evidence, "foreign key memories_user_fk (user_id) to a_users(id), ON DELETE CASCADE\nabout 1000 rows in memories; 0 rows of a_users deleted");
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
    assert_string_equal(v->price, "CREATE INDEX CONCURRENTLY: reads the table twice, blocks no writes, waits for running transactions; takes about 19.5 KiB; "
                                  "each INSERT writes one index more; an UPDATE of user_id cannot be HOT any more");
    assert_string_equal(v->undo, "DROP INDEX CONCURRENTLY \"public\".\"idx_memories_user_id\";");
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
        {"CASCADE", 0, 1000, LS_SEV_ERROR},     {"CASCADE", 0, 999, LS_SEV_INFO},      {"SET NULL", 0, 1000, LS_SEV_ERROR},
        {"SET DEFAULT", 0, 1000, LS_SEV_ERROR}, {"NO ACTION", 1, 1000, LS_SEV_ERROR},  {"NO ACTION", 0, 1000, LS_SEV_WARNING},
        {"RESTRICT", -1, 1000, LS_SEV_WARNING}, {"NO ACTION", 1, 999, LS_SEV_INFO},    {"NO ACTION", 5, -1, LS_SEV_WARNING},
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
    assert_non_null(strstr(judged(&k, LS_IX_FK_UNINDEXED)->evidence, "\ni1 does not serve it: it holds only some rows\ni2 does not serve it: it is not valid\n"
                                                                      "i3 does not serve it: it sorts by another collation than the column's\n"
                                                                      "i4 does not serve it: it is of another kind"));
    k.x[1].is_building = true; /* soon it will */
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

/* What the reader has found to serve it tells of the others: another operator class of PostgreSQL, the collation of SQLite's parent. */
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
    const struct ls_index_verdict *v = judged(&k, LS_IX_FK_UNINDEXED);

    assert_int_equal(v->severity, LS_SEV_ERROR);
    assert_non_null(strstr(v->price, "CREATE INDEX CONCURRENTLY on each partition, then ATTACH"));
    assert_string_equal(v->undo, "DROP INDEX \"public\".\"idx_p_x\";");
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
    assert_string_equal(v->evidence, "foreign key memories_user_fk (user_id) to a_users(id), ON DELETE NO ACTION\nrows without a parent are listed by: SELECT 1");
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
    assert_string_equal(v->evidence, "foreign key (user_id) to a_users(id), ON DELETE NO ACTION\nPRAGMA foreign_keys is off here; whether the application turns it on "
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

/* --- IX16 --- */

static void stats_missing(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    k.t[0].last_analyze_us = 0; /* forgotten by a crash, but the count is there */
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].rows = -1;
    v = judged(&k, LS_IX_STATS_MISSING);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_string_equal(v->object, "t");
    assert_string_equal(v->title, "never analysed: the planner guesses");
    assert_string_equal(v->evidence, "100.0 MiB, about 100000 rows, no statistics");
    assert_int_equal(v->fix, LS_FIX_ANALYZE);
    k.t[0].last_analyze_us = KIT_NOW;
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].last_analyze_us = 0;
    k.t[0].kind = 'p';
    assert_int_equal(judged(&k, LS_IX_STATS_MISSING)->severity, LS_SEV_INFO);
    k.t[0].kind = 'r';
    k.t[0].live = k.t[0].bytes = 0; /* nothing to know */
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    kit_close(&k);
}

static void stats_old(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    one(&k, LS_DIALECT_POSTGRES);
    k.t[0].changed_since_analyze = 20000;
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].changed_since_analyze = 20001;
    v = judged(&k, LS_IX_STATS_MISSING);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_string_equal(v->evidence, "20001 of about 100000 rows (20 %); last on 2026-11-30");
    k.t[0].rows = 100;
    k.t[0].changed_since_analyze = 999;
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.t[0].changed_since_analyze = 1000;
    assert_non_null(judged(&k, LS_IX_STATS_MISSING));
    kit_close(&k);
}

static void stats_in_sqlite(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    one(&k, LS_DIALECT_SQLITE);
    k.t[0].rows = 100;
    k.x[0].stat1 = "1000 3";
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.x[0].stat1 = "1001 3";
    v = judged(&k, LS_IX_STATS_MISSING);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_string_equal(v->evidence, "sqlite_stat1 says 1001 rows, there are about 100");
    k.x[0].stat1 = "10 3";
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.x[0].stat1 = "9 3";
    assert_non_null(judged(&k, LS_IX_STATS_MISSING));
    k.x[0].predicate = "x > 1"; /* counts its own rows only */
    assert_null(judged(&k, LS_IX_STATS_MISSING));
    k.x[0].predicate = "";
    k.x[0].stat1 = NULL;
    assert_string_equal(judged(&k, LS_IX_STATS_MISSING)->evidence, "sqlite_stat1 has no line for t_x");
    k.u.has_stat1 = false;
    v = judged(&k, LS_IX_STATS_MISSING);
    assert_int_equal(kit_count(&k, LS_IX_STATS_MISSING), 1);
    assert_int_equal(v->table, LS_NO_USAGE);
    assert_string_equal(v->object, "app");
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_string_equal(v->evidence, "there is no sqlite_stat1; 1 table with indexes");
    kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(nothing_to_say),
        cmocka_unit_test(worst_first),
        cmocka_unit_test(invalid),
        cmocka_unit_test(leftovers),
        cmocka_unit_test(an_invalid_twin_goes),
        cmocka_unit_test(invalid_by_design),
        cmocka_unit_test(unsafe_builders),
        cmocka_unit_test(unattached),
        cmocka_unit_test(fk_unindexed),
        cmocka_unit_test(fk_levels),
        cmocka_unit_test(fk_serving),
        cmocka_unit_test(fk_serving_like_the_proven_one),
        cmocka_unit_test(fk_near_misses_are_named),
        cmocka_unit_test(fk_quiet),
        cmocka_unit_test(fk_names),
        cmocka_unit_test(fk_of_a_partitioned_table),
        cmocka_unit_test(fk_not_validated),
        cmocka_unit_test(fk_in_sqlite),
        cmocka_unit_test(stats_missing),
        cmocka_unit_test(stats_old),
        cmocka_unit_test(stats_in_sqlite),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
