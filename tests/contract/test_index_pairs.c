/* The rules of duplicates and of foreign keys in C against their reference in SQL, over random indexes; and what happens when all
 * proposed drops are done. */
#include <config.h>

#include "contract/index_reference.h"
#include "contract/usage_pg.h"
#include "engine/index_priv.h"
#include "lockstep/base/mem.h"
#include "support/rand.h"

#define N_INDEXES 400
#define N_ROUNDS  60
#define MIB       (INT64_C(1024) * 1024)

static char *url;
static bool knows_nulls; /* NULLS NOT DISTINCT, 15 and newer */

#define NEED_SERVER()                                                                                                              \
    do {                                                                                                                           \
        (void)state;                                                                                                               \
        if (url == NULL)                                                                                                           \
            test_skip(test_pg_skip_reason());                                                                                      \
    } while (0)

static const char tables[] =
    "set client_min_messages = error; create table parent (a int unique, b int, c text unique, d text collate \"C\" unique, unique "
    "(a, b)); "
    "create table r1 (a int not null, b int not null, c text, d text collate \"C\", e varchar(20), f int[]); "
    "create table r2 (like r1); create table r3 (like r1); create table r4 (like r1) partition by range (a); "
    "create table r4_1 partition of r4 for values from (0) to (10); create table r4_2 partition of r4 for values from (10) to "
    "(20); "
    "alter table r1 add constraint r1_pk primary key (a, b); alter table r1 add constraint r1_ex exclude using btree (b with =); "
    "alter table r2 add constraint r2_late unique (a) deferrable; alter table r2 add constraint r2_u unique (a, b); "
    "create index sure_1 on r3 (e, c); create index sure_2 on r3 (e, c); create index sure_3 on r3 (e desc, c desc); create index "
    "sure_4 on r3 (e, c) include (a); "
    "create index sure_5 on r3 (e, c, d desc); "
    "alter table r3 add constraint r3_fk foreign key (a, b) references r2 (a, b); ";

/* One CREATE INDEX of a few columns, many of which are the same; some are refused by the server. */
static void add_index(struct ls_buf *sql, struct rnd *r, int n)
{
    static const char *const tables_of[] = {"r1", "r2", "r3", "r4", "r4_1"};
    static const char *const columns[] = {"a", "b", "c", "d", "e", "(a + 1)", "lower(c)"};
    static const char *const orders[] = {"", "", "", "", " desc", " desc nulls last", " nulls first"};
    static const char *const methods[] = {"btree", "btree", "btree", "btree", "btree", "hash", "brin"};
    static const char *const predicates[] = {"", "", "", "", " where a > 0", " where a is not null", " where b > 0"};
    const char *method = methods[rnd_below(r, LS_ARRAY_LEN(methods))];
    size_t n_keys = strcmp(method, "hash") == 0 ? 1 : 1 + rnd_below(r, 3);
    bool is_btree = strcmp(method, "btree") == 0;
    unsigned used = 0;

    ls_buf_addf(sql, "do $do$ begin create %sindex i%d on %s using %s (", is_btree && rnd_below(r, 5) == 0 ? "unique " : "", n,
                tables_of[rnd_below(r, LS_ARRAY_LEN(tables_of))], method);
    for (size_t i = 0; i < n_keys; i++) {
        size_t at = rnd_below(r, rnd_below(r, 2) ? 2 : LS_ARRAY_LEN(columns));
        const char *column = columns[at];
        bool is_text = strcmp(column, "c") == 0 || strcmp(column, "d") == 0;

        if (used >> at & 1U) /* no column twice: the reference takes (a, a) for an index of a foreign key (a, b) */
            continue;
        ls_buf_addf(sql, "%s%s", used ? ", " : "", column);
        used |= 1U << at;
        if (is_text && rnd_below(r, 4) == 0)
            ls_buf_adds(sql, " collate \"C\"");
        if (is_text && is_btree && rnd_below(r, 4) == 0)
            ls_buf_adds(sql, " text_pattern_ops");
        if (is_btree)
            ls_buf_adds(sql, orders[rnd_below(r, LS_ARRAY_LEN(orders))]);
    }
    ls_buf_addc(sql, ')');
    if (is_btree && rnd_below(r, 5) == 0)
        ls_buf_adds(sql, rnd_below(r, 2) ? " include (e)" : rnd_below(r, 2) ? " include (e, b)" : " include (b, e)");
    if (is_btree && knows_nulls && rnd_below(r, 6) == 0)
        ls_buf_adds(sql, " nulls not distinct");
    ls_buf_addf(sql, "%s; exception when others then null; end $do$; ", predicates[rnd_below(r, LS_ARRAY_LEN(predicates))]);
}

/* Foreign keys of one and two columns, and what tables have just one of. */
static const char more[] = "alter table r1 add constraint fk_c foreign key (c) references parent (c); alter table r2 add "
                           "constraint fk_d foreign key (d) references parent (d); "
                           "alter table r2 add constraint fk_c2 foreign key (c) references parent (c); alter table r3 add "
                           "constraint fk_a foreign key (a) references parent (a); "
                           "alter table r3 add constraint fk_ba foreign key (b, a) references parent (b, a); alter table r4 add "
                           "constraint fk_p foreign key (a) references parent (a); "
                           "alter table r1 add constraint fk_d1 foreign key (d) references parent (d); alter table r4 add "
                           "constraint fk_pd foreign key (d) references parent (d); "
                           "do $do$ declare i text; begin "
                           "select c.relname into i from pg_index x join pg_class c on c.oid = x.indexrelid where x.indrelid = "
                           "'r3'::regclass and x.indisunique and x.indimmediate and "
                           "x.indpred is null and x.indexprs is null and not exists (select 1 from unnest(x.indkey::int2[]) k "
                           "where k > 2) order by c.relname limit 1; "
                           "if i is not null then execute 'alter table r3 replica identity using index ' || i; end if; "
                           "select c.relname into i from pg_index x join pg_class c on c.oid = x.indexrelid join pg_am m on m.oid "
                           "= c.relam where x.indrelid = 'r1'::regclass and "
                           "m.amname = 'btree' and x.indpred is null order by c.relname limit 1; if i is not null then execute "
                           "'alter table r1 cluster on ' || i; end if; end $do$; ";

static void add_parent_key(struct ls_buf *sql)
{
    ls_buf_adds(sql, "alter table parent add constraint parent_ba unique (b, a); ");
}

static int setup(void **state)
{
    struct rnd r = rnd_seeded("random indexes");
    struct ls_buf sql = LS_BUF_INIT;

    (void)state;
    if (test_pg_url() != NULL)
        url = test_pg_new_database("pairs");
    if (!url)
        return 0;
    knows_nulls = test_pg_major() >= 15;
    ls_buf_adds(&sql, tables);
    add_parent_key(&sql);
    for (int i = 0; i < N_INDEXES; i++)
        add_index(&sql, &r, i);
    ls_buf_adds(&sql, more);
    if (!test_pg_exec(url, sql.ptr))
        return -1;
    ls_buf_release(&sql);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_pg_drop_database(url);
    return 0;
}

static struct ls_result query(struct ls_db *db, const char *sql)
{
    struct ls_result r = {0};
    struct ls_err err = LS_ERR_INIT;

    if (ls_db_query(db, sql, NULL, 0, &r, &err) != LS_OK)
        fail_msg("%s", err.message);
    return r;
}

static const char *kind_of(enum ls_ix_cover c)
{
    static const char *const words[] = {"", "duplicate", "mirror", "include", "prefix"};

    return words[c];
}

static void the_same_pairs(void **state)
{
    struct ls_db *db;
    struct ls_usage *u;
    struct ls_result r;
    size_t n = 0, kinds[5] = {0};

    NEED_SERVER();
    db = catpg_open(url);
    u = usage_read_db(db, &(struct ls_usage_opts){.with_sizes = true});
    r = query(db, index_pairs_sql);
    for (size_t i = 0; i < r.n_rows; i++) {
        uint32_t a = ls_usage_find_index(u, NULL, ls_result_get(&r, i, 0)),
                 b = ls_usage_find_index(u, NULL, ls_result_get(&r, i, 1));

        assert_true(a != LS_NO_USAGE && b != LS_NO_USAGE);
        if (strcmp(kind_of(ls_ix_covers(u, a, b)), ls_result_get(&r, i, 2)) != 0)
            fail_msg("%s\n%s\nis \"%s\", not \"%s\"", u->indexes[a].definition, u->indexes[b].definition, ls_result_get(&r, i, 2),
                     kind_of(ls_ix_covers(u, a, b)));
    }
    for (uint32_t a = 0; a < u->n_indexes; a++)
        for (uint32_t b = 0; b < u->n_indexes; b++)
            n += ls_ix_covers(u, a, b) != LS_COVER_NONE, kinds[ls_ix_covers(u, a, b)]++;
    assert_int_equal(n, r.n_rows);
    print_message("# %u indexes, %zu pairs: %zu duplicates, %zu mirrors, %zu by INCLUDE, %zu prefixes\n", u->n_indexes, n, kinds[1],
                  kinds[2], kinds[3], kinds[4]);
    assert_true(u->n_indexes > 200 && kinds[1] > 0 && kinds[2] > 0 && kinds[3] > 0 && kinds[4] > 0); /* else nothing was shown */
    ls_result_release(&r);
    ls_usage_free(u);
    ls_db_close(db);
}

static void judge(const struct ls_usage *u, struct ls_verdicts *v)
{
    struct ls_verdict_opts o = {.now_us = u->taken_us};

    ls_verdicts_make(u, NULL, &o, v);
}

static void the_same_foreign_keys(void **state)
{
    struct ls_db *db;
    struct ls_usage *u;
    struct ls_result r;
    struct ls_verdicts v;
    size_t n = 0;

    NEED_SERVER();
    db = catpg_open(url);
    u = usage_read_db(db, NULL);
    r = query(db, index_fks_sql);
    judge(u, &v);
    for (uint32_t i = 0; i < v.n; i++) {
        bool is_there = false;

        if (v.v[i].id != LS_IX_FK_UNINDEXED)
            continue;
        n++;
        for (size_t k = 0; k < r.n_rows; k++)
            is_there = is_there || strcmp(ls_result_get(&r, k, 0), u->fks[v.v[i].fk].name) == 0;
        if (!is_there)
            fail_msg("%s has an index: %s", u->fks[v.v[i].fk].name, v.v[i].evidence);
    }
    assert_int_equal(n, r.n_rows);
    ls_result_release(&r);
    ls_verdicts_release(&v);
    ls_usage_free(u);
    ls_db_close(db);
}

static bool is_among(const struct ls_result *r, const char *name)
{
    for (size_t i = 0; i < r->n_rows; i++)
        if (strcmp(ls_result_get(r, i, 0), name) == 0)
            return true;
    return false;
}

/* Random counts, large enough to be worth a line, in a window that is long enough. */
static void make_up_counts(struct ls_usage *u, struct rnd *r)
{
    for (uint32_t i = 0; i < u->n_indexes; i++) {
        struct ls_usage_index *x = (struct ls_usage_index *)(uintptr_t)&u->indexes[i]; /* the arena's, and ours alone */

        x->scans = rnd_below(r, 3) == 0 ? 0 : 1000;
        x->bytes = MIB * (int64_t)(1 + rnd_below(r, 9));
    }
    u->stats_reset_us = u->taken_us - INT64_C(86400000000) * 30;
}

/* What stays serves what was served: foreign keys, and whatever was said to be covered. */
static void check_drops(const struct ls_usage *u, const struct ls_verdicts *v, const struct ls_result *needed, bool *dropped)
{
    for (uint32_t i = 0; i < v->n; i++) {
        const struct ls_index_verdict *d = &v->v[i];

        if (d->fix != LS_FIX_DROP && d->fix != LS_FIX_REPLACE)
            continue;
        assert_false(dropped[d->index]); /* once */
        dropped[d->index] = true;
        if (is_among(needed, u->indexes[d->index].name))
            fail_msg("%s is needed, and %s would drop it", u->indexes[d->index].name, ls_verdict_code(d->id));
    }
    for (uint32_t i = 0; i < v->n; i++) {
        const struct ls_index_verdict *d = &v->v[i];
        bool has_cover = d->id < LS_IX_DUPLICATE || d->id > LS_IX_PREFIX;

        for (uint32_t b = 0; b < u->n_indexes && !has_cover; b++)
            has_cover = !dropped[b] && ls_ix_covers(u, d->index, b) != LS_COVER_NONE;
        if (!has_cover)
            fail_msg("nothing that stays does the work of %s", u->indexes[d->index].definition);
    }
    for (uint32_t f = 0; f < u->n_fks; f++) {
        bool before = false, after = false;

        for (uint32_t i = 0; i < u->n_indexes; i++) {
            bool serves = u->indexes[i].table == u->fks[f].table && ls_ix_serves_fk(u, i, &u->fks[f]);

            before = before || serves;
            after = after || (serves && !dropped[i]);
        }
        assert_int_equal(before, after);
    }
}

static void drops_leave_a_cover(void **state)
{
    struct rnd r = rnd_seeded("counts");
    struct ls_db *db;
    struct ls_usage *u;
    struct ls_result needed;
    size_t n_unused = 0, n_covered = 0;

    NEED_SERVER();
    db = catpg_open(url);
    u = usage_read_db(db, NULL);
    needed = query(db, index_needed_sql);
    for (int round = 0; round < N_ROUNDS; round++) {
        bool *dropped = ls_calloc(u->n_indexes, sizeof(*dropped));
        struct ls_verdicts v;

        make_up_counts(u, &r);
        judge(u, &v);
        check_drops(u, &v, &needed, dropped);
        for (uint32_t i = 0; i < v.n; i++) {
            n_unused += v.v[i].id == LS_IX_UNUSED && v.v[i].fix == LS_FIX_DROP;
            n_covered += v.v[i].id >= LS_IX_DUPLICATE && v.v[i].id <= LS_IX_PREFIX;
        }
        ls_verdicts_release(&v);
        free(dropped);
    }
    assert_true(n_unused > N_ROUNDS && n_covered > N_ROUNDS);
    ls_result_release(&needed);
    ls_usage_free(u);
    ls_db_close(db);
}

static size_t n_of(struct ls_db *db, const char *sql)
{
    struct ls_result r = query(db, sql);
    size_t n = r.n_rows;

    ls_result_release(&r);
    return n;
}

/* The last test: all drops are done as the server does them, without CASCADE, and no foreign key is the worse for it. What is left
 * has no equals but those that something needs. */
static void all_drops_are_done(void **state)
{
    struct rnd r = rnd_seeded("drops");
    struct ls_db *db;
    struct ls_usage *u;
    struct ls_verdicts v;
    size_t n_fks, n_dropped = 0;

    NEED_SERVER();
    db = catpg_open(url);
    n_fks = n_of(db, index_fks_sql);
    u = usage_read_db(db, NULL);
    make_up_counts(u, &r);
    judge(u, &v);
    for (uint32_t i = 0; i < v.n; i++) {
        char sql[128];

        if (v.v[i].fix != LS_FIX_DROP)
            continue;
        snprintf(sql, sizeof(sql), "drop index %s", u->indexes[v.v[i].index].name);
        if (!test_pg_exec(url, sql))
            fail_msg("%s", sql);
        n_dropped++;
    }
    assert_true(n_dropped > 50);
    assert_int_equal(n_of(db, index_fks_sql), n_fks);
    ls_verdicts_release(&v);
    ls_usage_free(u);
    u = usage_read_db(db, NULL);
    judge(u, &v);
    for (uint32_t i = 0; i < v.n; i++)
        if (v.v[i].id == LS_IX_DUPLICATE || v.v[i].id == LS_IX_MIRROR)
            fail_msg("%s: %s", u->indexes[v.v[i].index].definition, v.v[i].title);
    ls_verdicts_release(&v);
    ls_usage_free(u);
    ls_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_pairs),
        cmocka_unit_test(the_same_foreign_keys),
        cmocka_unit_test(drops_leave_a_cover),
        cmocka_unit_test(all_drops_are_done),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
