/* Verdicts over a real PostgreSQL: the traps of indexes that look useless and are not, and fixes that the server takes. */
#include <config.h>

#include "contract/usage_pg.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/engine/index.h"

#include <time.h>
#include <unistd.h>

#define DAY INT64_C(86400000000)

static char *url;

#define NEED_SERVER()                                                                                                              \
    do {                                                                                                                           \
        (void)state;                                                                                                               \
        if (url == NULL)                                                                                                           \
            test_skip(test_pg_skip_reason());                                                                                      \
    } while (0)

static void must(const char *sql)
{
    if (!test_pg_exec(url, sql))
        fail_msg("%s", sql);
}

struct judged {
    struct ls_usage *u;
    struct ls_verdicts v;
};

/* As if the counters had been reset a month ago. */
static struct judged judge(void)
{
    struct judged j = {0};
    struct ls_verdict_opts o = {0};

    assert_true(test_pg_settle(url)); /* counters are written when a session ends */
    j.u = usage_read(url, &(struct ls_usage_opts){.with_sizes = true, .with_orphans = true});
    j.u->stats_reset_us = j.u->taken_us - 30 * DAY;
    ls_verdicts_make(j.u, NULL, &o, &j.v);
    return j;
}

static void release(struct judged *j)
{
    ls_verdicts_release(&j->v);
    ls_usage_free(j->u);
}

static const struct ls_index_verdict *find(const struct judged *j, enum ls_verdict_id id, const char *object)
{
    for (uint32_t i = 0; i < j->v.n; i++)
        if (j->v.v[i].id == id && (!object || strcmp(j->v.v[i].object, object) == 0))
            return &j->v.v[i];
    return NULL;
}

/* No verdict would drop it, and none calls it unused. */
static void assert_spared(const struct judged *j, const char *index)
{
    uint32_t at = ls_usage_find_index(j->u, NULL, index);

    assert_true(at != LS_NO_USAGE);
    assert_int_equal(j->u->indexes[at].scans, 0); /* else nothing is shown */
    assert_true(j->u->indexes[at].bytes >= 64 * 1024);
    for (uint32_t i = 0; i < j->v.n; i++) {
        const struct ls_index_verdict *v = &j->v.v[i];

        if (v->index == at &&
            (v->fix == LS_FIX_DROP || v->fix == LS_FIX_REPLACE || (v->id == LS_IX_UNUSED && v->severity > LS_SEV_INFO)))
            fail_msg("%s: %s %s", index, ls_verdict_code(v->id), v->title);
    }
}

static int setup(void **state)
{

    (void)state;
    if (test_pg_url() != NULL)
        url = test_pg_new_database("verdicts");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_pg_drop_database(url);
    return 0;
}

/* Traps 3, 4, 6, 7: unread, and each at work. */
static void unread_and_needed(void **state)
{
    static const char *const spared[] = {"n_pkey", "n_email", "n_u",          "n_lower",  "n_identity", "n_cluster",
                                         "n_ex",   "n_fk",    "n_parent_key", "part_1_x", "part_2_x"};
    struct judged j;

    NEED_SERVER();
    must("set client_min_messages = error; "
         "create table n (id int primary key, email text not null, a int not null, b int, c int, d int); "
         "create unique index n_email on n (email); alter table n add constraint n_u unique (a); create index n_lower on n "
         "(lower(email)); "
         "create unique index n_identity on n (id, a); alter table n replica identity using index n_identity; create index "
         "n_cluster on n (b); "
         "alter table n cluster on n_cluster; alter table n add constraint n_ex exclude using btree (c with =); create unique "
         "index n_parent_key on n (d); "
         "create table child (n int references n (d)); "
         "insert into n select g, 'm' || g, g, g, g, g from generate_series(1, 20000) g; insert into child values (1); "
         "create index n_fk on child (n); insert into child select 1 from generate_series(1, 100000); "
         "create table part (x int, y int) partition by range (x); create table part_1 partition of part for values from (0) to "
         "(10000); "
         "create table part_2 partition of part for values from (10000) to (20001); create index part_i on part (y, x); "
         "alter index part_1_y_x_idx rename to part_1_x; alter index part_2_y_x_idx rename to part_2_x; insert into part select g, "
         "g from generate_series(1, 20000) g; "
         "create index n_plain on n (d, b); analyze");
    j = judge();
    for (size_t i = 0; i < LS_ARRAY_LEN(spared); i++) {
        uint32_t at = ls_usage_find_index(j.u, NULL, spared[i]);

        if (j.u->indexes[at].scans == 0) /* the foreign key looked its parents up */
            assert_spared(&j, spared[i]);
    }
    assert_int_equal(j.u->indexes[ls_usage_find_index(j.u, NULL, "n_email")].scans, 0);
    assert_int_equal(find(&j, LS_IX_UNUSED, "n_plain")->fix, LS_FIX_DROP); /* the one that is like the others and does nothing */
    assert_int_equal(find(&j, LS_IX_UNUSED, "part_i")->fix, LS_FIX_DROP);  /* the parent's goes, with its children */
    assert_string_equal(find(&j, LS_IX_UNUSED, "n_fk")->title, "only the foreign key child_n_fkey needs it");
    assert_int_equal(find(&j, LS_IX_UNUSED, "n_fk")->fix, LS_FIX_NONE);
    release(&j);
}

/* Trap 2: the planner looks at the ends of an index, and that counts. */
static void planning_counts(void **state)
{
    struct judged j;
    const struct ls_index_verdict *v;

    NEED_SERVER();
    must("create table plan (id int, v int); insert into plan select g, g from generate_series(1, 50000) g; create index plan_v on "
         "plan (v); analyze plan; "
         "insert into plan select g, g from generate_series(50001, 50100) g; "
         "explain select * from plan where v > 60000; explain select * from plan where v > 60000; explain select * from plan where "
         "v > 60000");
    j = judge();
    assert_true(j.u->indexes[ls_usage_find_index(j.u, NULL, "plan_v")].scans > 0);
    v = find(&j, LS_IX_UNUSED, "plan_v");
    assert_non_null(v);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_non_null(strstr(v->evidence, "planning alone counts as a scan at times"));
    release(&j);
}

/* Trap 8. */
static void what_separates(void **state)
{
    struct judged j;

    NEED_SERVER();
    must("create table s (a text, b int); create index s_0 on s (a); create index s_c on s (a collate \"C\"); create index s_p on "
         "s (a text_pattern_ops); "
         "create index s_d on s (a desc nulls last); create index s_w on s (a) where b > 0; create index s_h on s using hash (a); "
         "create unique index s_u on s (a, b); "
         "create table ref (a text primary key); create table by_c (a text references ref); create index by_c_i on by_c (a collate "
         "\"C\"); "
         "create table by_p (a text references ref); create index by_p_i on by_p (a text_pattern_ops)");
    if (test_pg_major() >= 15)
        must("create unique index s_n on s (a, b) nulls not distinct");
    j = judge();
    for (uint32_t i = 0; i < j.v.n; i++)
        if (j.v.v[i].id >= LS_IX_DUPLICATE && j.v.v[i].id <= LS_IX_PREFIX && strncmp(j.v.v[i].object, "s_", 2) == 0)
            assert_string_equal(j.v.v[i].object, "s_0"); /* the unique ones begin with its column */
    assert_non_null(find(&j, LS_IX_FK_UNINDEXED, "by_c(a)"));
    assert_null(find(&j, LS_IX_FK_UNINDEXED, "by_p(a)"));
    release(&j);
}

/* Trap 9: invalid by design, and invalid because a build failed. */
static void invalid_ones(void **state)
{
    struct judged j;
    const struct ls_index_verdict *v;

    NEED_SERVER();
    must("set client_min_messages = error; create table p (x int) partition by range (x); create table p_1 partition of p for "
         "values from (0) to (5); "
         "create table p_2 partition of p for values from (5) to (9); create index p_i on only p (x); create index p_1_i on p_1 "
         "(x); "
         "alter index p_i attach partition p_1_i; create table dup (x int); insert into dup values (1), (1)");
    (void)test_pg_exec(url, "create unique index concurrently dup_x on dup (x)"); /* fails, and leaves its index */
    j = judge();
    v = find(&j, LS_IX_UNATTACHED, "p_i");
    assert_string_equal(v->title, "1 of 2 partitions have no index that belongs to it");
    assert_non_null(strstr(v->evidence, "without: p_2"));
    assert_null(find(&j, LS_IX_INVALID, "p_i"));
    v = find(&j, LS_IX_INVALID, "dup_x");
    assert_int_equal(v->severity, LS_SEV_ERROR);
    assert_int_equal(v->fix, LS_FIX_REINDEX);
    release(&j);
}

/* Trap 10: the narrow one packs repeated keys; the wide one is many times its size. */
static void a_prefix_that_earns_its_place(void **state)
{
    struct judged j;
    const struct ls_index_verdict *v;

    NEED_SERVER();
    must("create table m (user_id int, body text, at int); insert into m select g % 10, repeat('x', 60) || g, g from "
         "generate_series(1, 30000) g");
    must("create index m_user on m (user_id); create index m_2 on m (at); analyze m");
    must("set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off; select count(*) from m where user_id = 3; "
         "select count(*) from m where at = 5");
    must("create index m_3 on m (at, user_id); create index m_wide on m (user_id, body)");
    must("set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off; select at, user_id from m order by at, "
         "user_id limit 1; "
         "select body from m order by user_id, body limit 1");
    j = judge();
    v = find(&j, LS_IX_PREFIX, "m_user");
    assert_non_null(v);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_non_null(strstr(v->evidence, "times as large"));
    v = find(&j, LS_IX_PREFIX, "m_2");
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_null(strstr(v->evidence, "times as large"));
    release(&j);
}

/* What a drop takes away its undo gives back, to the letter. */
static void undo_gives_back(void **state)
{
    struct judged j;
    size_t n = 0;

    NEED_SERVER();
    must("create schema \"We ird\"; create table \"We ird\".\"T\" (\"a b\" int, c text); create index \"I 1\" on \"We ird\".\"T\" "
         "(\"a b\" desc, c collate \"C\" text_pattern_ops) "
         "include (c) with (fillfactor = 70) where c <> 'it''s'; comment on index \"We ird\".\"I 1\" is 'it''s \"here\"'; "
         "create index \"I 2\" on \"We ird\".\"T\" (\"a b\" desc, c collate \"C\" text_pattern_ops) include (c) with (fillfactor = "
         "70) where c <> 'it''s'; "
         "comment on index \"We ird\".\"I 2\" is 'it''s \"here\"'");
    j = judge();
    for (uint32_t i = 0; i < j.v.n; i++) {
        const struct ls_index_verdict *v = &j.v.v[i];
        const char *name = v->index != LS_NO_USAGE ? j.u->indexes[v->index].name : "";
        char *ask, *drop, *before, *after;

        if (v->fix != LS_FIX_DROP)
            continue;
        ask = ls_asprintf("select pg_get_indexdef(c.oid) || coalesce(obj_description(c.oid, 'pg_class'), '') || (select count(*) "
                          "from pg_inherits where inhparent = c.oid) || "
                          "(select indisvalid from pg_index where indexrelid = c.oid) from pg_class c where relname = '%s'",
                          name);
        drop = ls_asprintf("drop index \"%s\".\"%s\"", j.u->indexes[v->index].schema, name);
        before = test_pg_get(url, ask);
        must(drop);
        must(v->undo);
        after = test_pg_get(url, ask);
        assert_string_equal(before, after);
        free(ask);
        free(drop);
        free(before);
        free(after);
        n++;
    }
    assert_true(n >= 2);
    release(&j);
}

static void make(const struct ls_index_spec *s)
{
    struct ls_buf b = LS_BUF_INIT;

    ls_buf_addf(&b, "create %sindex \"%s\" on \"%s\".\"%s\" using %s (", s->is_unique ? "unique " : "", s->name, s->schema,
                s->table, s->method);
    for (uint32_t i = 0; i < s->n_keys; i++)
        ls_buf_addf(&b, "%s%s", i > 0 ? ", " : "", s->keys[i]);
    ls_buf_addf(&b, ")%s%s", s->predicate[0] ? " where " : "", s->predicate);
    must(b.ptr);
    ls_buf_release(&b);
}

/* What is to be made mends what was said, and its undo takes it away again; odd names, two columns, partitions and NULLs among
 * them. */
static void what_is_made_mends(void **state)
{
    static const char *const objects[] = {"W x.C d(User)", "W x.C d(b c, a)", "fkp(x)", "nul_x", "tags_x"};
    struct judged j;
    char *before, *after;

    NEED_SERVER();
    must(
        "create schema \"W x\"; create table \"W x\".pa (a int, b int, u int unique, primary key (a, b)); create table \"W x\".\"C "
        "d\" (a int, \"b c\" int, "
        "\"User\" int references \"W x\".pa (u), foreign key (\"b c\", a) references \"W x\".pa (a, b)); create table fkp (x int "
        "references \"W x\".pa (u), k int) "
        "partition by list (k); create table fkp_1 partition of fkp for values in (1); create table nul (x int, y text[]); insert "
        "into nul select case when g % 3 = 0 then g end, "
        "array['a'] from generate_series(1, 120000) g; create index nul_x on nul (x); create index tags_x on nul (y); analyze nul");
    for (int i = 0; i < 51; i++) /* else they are to go for another reason */
        must("set enable_seqscan = off; select * from nul where x = 3; select * from nul where y = array['b']");
    before = test_pg_get(url, "select string_agg(indexdef, ';' order by indexdef) from pg_indexes");
    for (size_t i = 0; i < LS_ARRAY_LEN(objects); i++) {
        const struct ls_index_verdict *v = NULL;

        j = judge();
        for (uint32_t n = 0; n < j.v.n; n++)
            if ((j.v.v[n].fix == LS_FIX_CREATE || j.v.v[n].fix == LS_FIX_REPLACE) && strcmp(j.v.v[n].object, objects[i]) == 0)
                v = &j.v.v[n];
        if (!v)
            fail_msg("nothing would be made for %s", objects[i]);
        make(v->create);
        if (v->fix == LS_FIX_REPLACE) {
            char *drop = ls_asprintf("drop index \"%s\"", j.u->indexes[v->index].name);

            must(drop);
            free(drop);
        }
        struct judged mended = judge();

        if (find(&mended, v->id, objects[i]))
            fail_msg("%s is not mended", objects[i]);
        release(&mended);
        for (const char *p = v->undo, *end; *p; p = end + 1 + (end[1] == ' ')) { /* one by one: CONCURRENTLY stands by itself */
            char *sql;

            end = strchr(p, ';');
            sql = ls_strndup(p, (size_t)(end - p));
            must(sql);
            free(sql);
        }
        release(&j);
    }
    after = test_pg_get(url, "select string_agg(indexdef, ';' order by indexdef) from pg_indexes");
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void not_valid(void **state)
{
    struct judged j;
    const struct ls_index_verdict *v;
    char *count;

    NEED_SERVER();
    must("create table o_parent (id int primary key); create table o (id int); insert into o values (7), (8); create index o_id on "
         "o (id); "
         "alter table o add constraint o_fk foreign key (id) references o_parent not valid");
    j = judge();
    v = find(&j, LS_IX_FK_UNENFORCED, "o(id)");
    assert_string_equal(v->title, "2 rows point at no row of o_parent");
    assert_int_equal(v->severity, LS_SEV_ERROR);
    char *ask = ls_asprintf("select count(*) from (%s) x", j.u->fks[v->fk].orphans_sql);

    count = test_pg_get(url, ask); /* the query that is shown lists them */
    assert_string_equal(count, "2");
    free(count);
    free(ask);
    release(&j);
    must("delete from o");
    j = judge();
    v = find(&j, LS_IX_FK_UNENFORCED, "o(id)");
    assert_int_equal(v->fix, LS_FIX_VALIDATE);
    release(&j);
}

/* --- trap 1: a server of its own, which is killed --- */

static char *own_server(char **dir)
{
    const char *src = getenv("LS_SRCDIR");
    char *command = ls_asprintf("'%s/tests/support/pg' start </dev/null 2>/dev/null", src ? src : "."), line[1024];
    FILE *f = popen(command, "r");
    char *own = NULL;

    free(command);
    *dir = NULL;
    while (f && fgets(line, sizeof(line), f)) {
        char *value = strstr(line, "LS_TEST_PG_URL='"), *d = strstr(line, "LS_TEST_PG_DIR='");

        if (value)
            own = ls_strndup(value + 16, strcspn(value + 16, "'"));
        if (d)
            *dir = ls_strndup(d + 16, strcspn(d + 16, "'"));
    }
    if (f)
        pclose(f);
    return own;
}

static void order(const char *dir, const char *word, const char *mode)
{
    const char *src = getenv("LS_SRCDIR");
    char *command = ls_asprintf("'%s/tests/support/pg' %s '%s' %s </dev/null >/dev/null 2>&1", src ? src : ".", word, dir, mode);

    assert_int_equal(system(command), 0);
    free(command);
}

static struct ls_history history(const char *path, const struct ls_usage *u)
{
    struct ls_history h;
    const char *note;

    assert_int_equal(ls_history_open(path, u, true, &h, &note, NULL), LS_OK);
    assert_null(note);
    return h;
}

static void a_crash_zeroes_the_counters(void **state)
{
    char *dir, *own, folder[] = "crash.XXXXXX", *path;
    struct ls_usage *u;
    struct ls_history h;
    struct ls_verdicts v;
    struct ls_verdict_opts o = {0};

    NEED_SERVER();
    own = own_server(&dir);
    if (!own || !dir)
        test_skip("no server of its own");
    assert_non_null(mkdtemp(folder));
    assert_true(test_pg_exec(
        own, "create table t (x int, y int); insert into t select g, g from generate_series(1, 50000) g; create index t_x on t "
             "(x); create index t_y on t (y); "
             "analyze t; set enable_seqscan = off; select * from t where x = 5; select * from t where x = 6; checkpoint"));
    order(dir, "restart", "fast"); /* in good order: they are kept */
    u = usage_read(own, &(struct ls_usage_opts){.with_sizes = true});
    assert_int_equal(u->indexes[ls_usage_find_index(u, NULL, "t_x")].scans, 2);
    path = ls_history_path(folder, u);
    u->taken_us -= 30 * DAY; /* seen a month ago */
    u->started_us -= 40 * DAY;
    h = history(path, u);
    ls_history_release(&h);
    ls_usage_free(u);

    order(dir, "restart", "kill");
    u = usage_read(own, &(struct ls_usage_opts){.with_sizes = true});
    assert_int_equal(u->indexes[ls_usage_find_index(u, NULL, "t_x")].scans, 0);
    assert_int_equal(u->stats_reset_us, 0); /* the server says nothing of it */
    h = history(path, u);
    assert_int_equal(h.window_from_us, u->started_us);
    o.now_us = u->taken_us;
    ls_verdicts_make(u, &h, &o, &v);
    for (uint32_t i = 0; i < v.n; i++)
        if (v.v[i].id == LS_IX_UNUSED) {
            assert_int_equal(v.v[i].confidence, LS_CONF_UNCONFIRMED);
            assert_int_equal(v.v[i].fix, LS_FIX_NONE);
        }
    ls_verdicts_release(&v);
    ls_history_release(&h);
    ls_usage_free(u);
    order(dir, "stop", "");
    assert_int_equal(ls_remove_tree(folder, NULL), LS_OK);
    free(path);
    free(own);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unread_and_needed),
        cmocka_unit_test(planning_counts),
        cmocka_unit_test(what_separates),
        cmocka_unit_test(invalid_ones),
        cmocka_unit_test(a_prefix_that_earns_its_place),
        cmocka_unit_test(undo_gives_back),
        cmocka_unit_test(what_is_made_mends),
        cmocka_unit_test(not_valid),
        cmocka_unit_test(a_crash_zeroes_the_counters),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
