/* IX01: what nobody reads, and everything that looks like it and is not. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/index_kit.h"

/* One table, one index that nobody has read in the window. */
static struct ls_usage_index *scene(struct kit *k)
{
    struct ls_usage_index *x;

    kit_open(k, LS_DIALECT_POSTGRES);
    kit_table(k, "memories", 100000);
    k->t[0].inserted = 5000;
    k->t[0].updated = 300;
    k->t[0].hot_updated = 100;
    x = kit_index(k, "memories_user", "user_id, updated_at DESC");
    x->scans = 0;
    return x;
}

static const struct ls_index_verdict *judged(struct kit *k)
{
    kit_judge(k);
    return kit_find(k, LS_IX_UNUSED, "memories_user");
}

static void fires(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    scene(&k)->comment = "for the list";
    v = judged(&k);
    assert_non_null(v);
    assert_true(v->severity == LS_SEV_WARNING && v->confidence == LS_CONF_ESTIMATED);
    assert_true(v->index == 0 && v->table == 0);
    assert_string_equal(v->title, "nothing has read it since 2026-11-01");
    assert_string_equal(v->evidence, "0 scans\n(user_id, updated_at DESC), 2.0 MiB, of a table of 100.0 MiB\nwritten for nothing "
                                     "by 5000 inserts and 200 updates");
    assert_string_equal(v->window, "since 2026-11-01 (30 days): test");
    assert_int_equal(v->fix, LS_FIX_DROP);
    assert_string_equal(v->price, "DROP INDEX CONCURRENTLY: blocks nobody, waits for running transactions; gives back 2.0 MiB; "
                                  "each write of the table does less");
    assert_string_equal(v->undo, "CREATE INDEX memories_user ON memories (user_id, updated_at DESC); COMMENT ON INDEX "
                                 "\"public\".\"memories_user\" IS 'for the list';");
    assert_null(v->ignored);
    assert_string_equal(k.out.window, k.h.window);
    assert_int_equal(k.out.n, 1);
    kit_close(&k);
}

static void size_has_a_threshold(void **state)
{
    struct kit k;
    struct ls_usage_index *x = scene(&k);

    (void)state;
    x->bytes = 64 * 1024;
    assert_non_null(judged(&k));
    x->bytes--;
    assert_null(judged(&k));
    x->bytes = -1; /* by pages then */
    x->pages = 8;
    assert_non_null(judged(&k));
    x->pages = 7;
    assert_null(judged(&k));
    x->pages = -1;
    assert_null(judged(&k));
    kit_close(&k);
}

static void a_short_window_is_unconfirmed(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    scene(&k);
    k.h.window_from_us = KIT_NOW - 14 * KIT_DAY;
    v = judged(&k);
    assert_int_equal(v->confidence, LS_CONF_ESTIMATED);
    assert_int_equal(v->fix, LS_FIX_DROP);
    k.past[0].counted_from_us = k.h.window_from_us = KIT_NOW - 14 * KIT_DAY + 1;
    v = judged(&k);
    assert_int_equal(v->confidence, LS_CONF_UNCONFIRMED);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_int_equal(v->fix, LS_FIX_NONE);
    assert_string_equal(v->price, "no fix yet: wait until 2026-12-01");
    k.o.window_us = 7 * KIT_DAY; /* the operator's own */
    assert_int_equal(judged(&k)->confidence, LS_CONF_ESTIMATED);
    kit_close(&k);
}

static void hardly_used_is_information(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    scene(&k)->scans = 50;
    v = judged(&k);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_string_equal(v->title, "50 scans in 30 days");
    assert_non_null(strstr(v->evidence, "planning alone counts as a scan at times")); /* trap 2 */
    assert_int_equal(v->fix, LS_FIX_NONE);
    k.x[0].scans = 51;
    assert_null(judged(&k));
    k.x[0].scans = 1;
    assert_string_equal(judged(&k)->title, "1 scan in 30 days");
    k.past[0].counted_from_us = KIT_NOW - 14 * KIT_DAY + 1;
    assert_null(judged(&k));
    k.past[0].counted_from_us--;
    assert_non_null(judged(&k));
    kit_close(&k);
}

/* A high count that has not risen since lockstep looked first: it is known when it stopped. */
static void stopped_by_own_looks(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    scene(&k)->scans = 123456;
    k.past[0].first_seen_us = KIT_NOW - 25 * KIT_DAY;
    k.past[0].last_rise_us = KIT_NOW - 14 * KIT_DAY;
    v = judged(&k);
    assert_non_null(v);
    assert_int_equal(v->severity, LS_SEV_WARNING);
    assert_string_equal(v->title, "it stopped being used on 2026-11-17");
    assert_non_null(strstr(v->evidence, "123456 scans, none of them in the last 14 days"));
    assert_int_equal(v->fix, LS_FIX_DROP);
    k.past[0].last_rise_us++;
    assert_null(judged(&k));
    k.past[0].last_rise_us = 0; /* never seen to rise, and seen for long enough */
    assert_string_equal(judged(&k)->title, "it stopped being used on 2026-11-06");
    k.past[0].first_seen_us = KIT_NOW - 14 * KIT_DAY + 1;
    assert_null(judged(&k));
    kit_close(&k);
}

/* Read before the counters began anew, and not since. */
static void stopped_before_a_reset(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    scene(&k);
    k.past[0].last_rise_us = KIT_NOW - 45 * KIT_DAY;
    v = judged(&k);
    assert_string_equal(v->title, "it stopped being used on 2026-10-17");
    assert_int_equal(v->severity, LS_SEV_WARNING);
    k.t[0].inserted = k.t[0].updated = 0; /* what was never written, and what is not known */
    k.t[0].hot_updated = -1;
    assert_non_null(strstr(judged(&k)->evidence, "\nwritten for nothing by 0 inserts and 0 updates"));
    k.t[0].inserted = -1;
    assert_null(strstr(judged(&k)->evidence, "written"));
    kit_close(&k);
}

static void long_ago_by_the_server(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    scene(&k)->scans = 5000;
    k.h.window_from_us = KIT_NOW - 200 * KIT_DAY;
    k.x[0].last_scan_us = k.past[0].last_rise_us = KIT_NOW - 90 * KIT_DAY;
    assert_null(judged(&k)); /* first seen now: only the server says so, and that is not over 90 days */
    k.x[0].last_scan_us = k.past[0].last_rise_us = KIT_NOW - 90 * KIT_DAY - 1;
    v = judged(&k);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_string_equal(v->title, "it stopped being used on 2026-09-01");
    assert_non_null(strstr(v->evidence, "5000 scans, none of them in the last 90 days"));
    kit_close(&k);
}

/* 2.2 traps 3, 4, 7 and what cannot be dropped at all. */
static void never_for_what_works_unread(void **state)
{
    struct kit k;
    struct ls_usage_index *x = scene(&k), saved = *x;
    bool *const flags[] = {&x->is_unique,    &x->has_expression, &x->is_replica_identity, &x->is_clustered, &x->is_exclusion,
                           &x->is_partition, &x->is_fk_target,   &x->is_primary,          &x->is_building,  &x->is_in_query};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(flags); i++) {
        *flags[i] = true;
        assert_null(judged(&k));
        *x = saved;
    }
    x->constraint = "memories_key";
    assert_null(judged(&k));
    *x = saved;
    x->is_valid = false;
    assert_null(judged(&k));
    *x = saved;
    x->is_ready = false;
    assert_null(judged(&k));
    *x = saved;
    x->scans = -1; /* not to be seen */
    assert_null(judged(&k));
    *x = saved;
    assert_non_null(judged(&k));
    kit_close(&k);
}

/* Trap 1: the counters are zero because they began anew. */
static void a_reset_is_no_disuse(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    scene(&k);
    k.past[0].counted_from_us = k.h.window_from_us = KIT_NOW - KIT_DAY + 1;
    assert_null(judged(&k)); /* everything looks so on the first day */
    k.past[0].counted_from_us = k.h.window_from_us = KIT_NOW - KIT_DAY;
    k.past[0].last_rise_us = KIT_NOW - 2 * KIT_DAY;
    k.h.window = "since 2026-11-30 (24 hours): the counters began anew then, as after a crash";
    v = judged(&k);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_int_equal(v->confidence, LS_CONF_UNCONFIRMED);
    assert_int_equal(v->fix, LS_FIX_NONE);
    assert_string_equal(v->window, k.h.window);
    kit_close(&k);
}

/* Trap 5. */
static void standbys_are_counted_in(void **state)
{
    struct kit k;
    struct ls_usage s;
    struct ls_usage_index there;
    const struct ls_usage *list[] = {&s};
    const struct ls_index_verdict *v;

    (void)state;
    there = *scene(&k);
    s = k.u;
    s.indexes = &there;
    k.o.standbys = list;
    k.o.n_standbys = 1;
    v = judged(&k);
    assert_int_equal(v->confidence, LS_CONF_ESTIMATED);
    assert_non_null(strstr(v->evidence, "0 scans, 0 of them on 1 standby\n"));
    there.scans = 51;
    assert_null(judged(&k));
    there.scans = 50;
    v = judged(&k);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_int_equal(v->fix, LS_FIX_NONE);
    assert_non_null(strstr(v->evidence, "50 scans, 50 of them on 1 standby"));
    there.last_scan_us = KIT_NOW - 91 * KIT_DAY; /* the standby knows when */
    s.stats_reset_us = k.h.window_from_us = KIT_NOW - 200 * KIT_DAY;
    there.scans = 5000;
    assert_string_equal(judged(&k)->title, "it stopped being used on 2026-09-01");
    there.last_scan_us = 0;
    assert_null(judged(&k));
    k.h.window_from_us = KIT_NOW - 30 * KIT_DAY;
    k.past[0].counted_from_us = 0;
    there.scans = 0;
    s.stats_reset_us = KIT_NOW - 14 * KIT_DAY + 1; /* the standby's own window */
    assert_int_equal(judged(&k)->confidence, LS_CONF_UNCONFIRMED);
    s.stats_reset_us--;
    assert_int_equal(judged(&k)->confidence, LS_CONF_ESTIMATED);
    s.stats_reset_us = 0; /* a crash of it: since its start then */
    s.started_us = KIT_NOW - KIT_DAY;
    assert_int_equal(judged(&k)->confidence, LS_CONF_UNCONFIRMED);
    s.stats_reset_us = k.u.stats_reset_us;
    assert_non_null(judged(&k));
    s.n_indexes = 0; /* not there yet: it is as new as can be */
    assert_null(judged(&k));
    kit_close(&k);
}

/* It stopped here, and was never read there. */
static void stopped_and_never_on_the_standby(void **state)
{
    struct kit k;
    struct ls_usage s;
    struct ls_usage_index there;
    const struct ls_usage *list[] = {&s};

    (void)state;
    there = *scene(&k);
    s = k.u;
    s.indexes = &there;
    k.o.standbys = list;
    k.o.n_standbys = 1;
    k.x[0].scans = 5000;
    k.past[0].first_seen_us = KIT_NOW - 25 * KIT_DAY;
    assert_string_equal(judged(&k)->title, "it stopped being used on 2026-11-06");
    assert_int_equal(judged(&k)->severity, LS_SEV_WARNING);
    there.scans = 1; /* when is not known: it may have been now */
    assert_null(judged(&k));
    kit_close(&k);
}

static void a_standby_that_did_not_answer(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    scene(&k);
    k.o.n_standbys_missed = 1;
    v = judged(&k);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_int_equal(v->confidence, LS_CONF_UNCONFIRMED);
    assert_int_equal(v->fix, LS_FIX_NONE);
    assert_non_null(strstr(v->evidence, "1 standby did not answer and may use it"));
    k.o.n_standbys_missed = 0;
    k.u.in_recovery = true; /* this is the standby */
    v = judged(&k);
    assert_int_equal(v->confidence, LS_CONF_UNCONFIRMED);
    assert_non_null(strstr(v->evidence, "the primary was not asked"));
    kit_close(&k);
}

/* Trap 6. */
static void a_foreign_key_is_a_need(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    scene(&k);
    kit_fk(&k, "memories_user_fk", "user_id", LS_NO_USAGE)->index = 0;
    v = judged(&k);
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_int_equal(v->fix, LS_FIX_NONE);
    assert_int_equal(v->fk, 0);
    assert_string_equal(v->title, "only the foreign key memories_user_fk needs it");
    assert_string_equal(v->evidence, "0 scans, and no other index would find the rows of a deleted row of gone");
    k.x[0].scans = 3; /* look-ups of the foreign key */
    assert_null(judged(&k));
    k.x[0].scans = 0;
    kit_index(&k, "memories_user_also", "user_id"); /* another one serves it: then it is like any other */
    v = judged(&k);
    assert_int_equal(v->fix, LS_FIX_DROP);
    kit_close(&k);
}

/* What the foreign key of a partitioned table looks up comes down to its partitions. */
static void a_foreign_key_of_the_parent_is_a_need(void **state)
{
    struct kit k;
    struct ls_usage_index *x;

    (void)state;
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "log", -1)->kind = 'p';
    kit_fk(&k, "log_user_fk", "user_id", LS_NO_USAGE);
    kit_table(&k, "log_1", 1000)->is_partition = true;
    k.t[1].parent = 0;
    x = kit_index(&k, "log_1_user", "user_id"); /* attached to no parent's */
    x->scans = 0;
    kit_judge(&k);
    assert_int_equal(kit_find(&k, LS_IX_UNUSED, "log_1_user")->fix, LS_FIX_NONE);
    kit_close(&k);
}

/* log with log_at and one partition, whose part of it is log_1_at. */
static struct ls_usage_index *one_partition(struct kit *k)
{
    struct ls_usage_index *x;

    kit_open(k, LS_DIALECT_POSTGRES);
    kit_table(k, "log", -1)->kind = 'p';
    kit_index(k, "log_at", "at")->is_partitioned = true;
    k->x[0].scans = -1;
    kit_table(k, "log_1", 100)->parent = 0;
    k->t[1].is_partition = true;
    x = kit_index(k, "log_1_at", "at");
    x->is_partition = true;
    x->parent = 0;
    x->scans = 0;
    return x;
}

/* What a partition's own index was dropped for has to stay, and the parent's with it. */
static void an_equal_of_a_part_is_used(void **state)
{
    struct kit k;

    (void)state;
    one_partition(&k);
    kit_index(&k, "log_1_at_too", "at"); /* the one that is read */
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_DUPLICATE, "log_1_at_too"));
    assert_null(kit_find(&k, LS_IX_UNUSED, "log_at"));
    k.x[2].scans = 0; /* neither is: one of them stays all the same */
    kit_judge(&k);
    assert_non_null(kit_find(&k, LS_IX_DUPLICATE, "log_1_at_too"));
    assert_int_equal(kit_find(&k, LS_IX_UNUSED, "log_at")->fix, LS_FIX_NONE);
    kit_close(&k);
}

/* DROP INDEX of the parent's takes the parts with it: what one of them is needed for counts. */
static void a_need_of_a_part_is_a_need(void **state)
{
    struct kit k;
    struct ls_usage_index *x = one_partition(&k), saved = *x;
    bool *flags[] = {&x->is_clustered, &x->is_replica_identity, &x->is_fk_target};

    (void)state;
    kit_judge(&k);
    assert_int_equal(kit_find(&k, LS_IX_UNUSED, "log_at")->fix, LS_FIX_DROP);
    for (size_t i = 0; i < LS_ARRAY_LEN(flags); i++) {
        *flags[i] = true;
        kit_judge(&k);
        assert_int_equal(kit_count(&k, LS_IX_UNUSED), 0);
        *x = saved;
    }
    kit_fk(&k, "log_1_fk", "at", LS_NO_USAGE); /* of the partition alone */
    kit_judge(&k);
    assert_int_equal(kit_find(&k, LS_IX_UNUSED, "log_at")->fix, LS_FIX_NONE);
    kit_close(&k);
}

/* The parent's index is judged by its children, and they never by themselves. */
static void partitions_go_with_their_parent(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    kit_open(&k, LS_DIALECT_POSTGRES);
    kit_table(&k, "log", -1)->kind = 'p';
    kit_index(&k, "log_at", "at")->is_partitioned = true;
    k.x[0].definition = "CREATE INDEX log_at ON ONLY log (at)";
    k.x[0].scans = -1; /* whatever the reader and the history say of the parent's own */
    k.x[0].bytes = 0;
    for (uint32_t i = 1; i <= 2; i++) {
        struct ls_usage_index *x;

        kit_table(&k, i == 1 ? "log_1" : "log_2", 100)->parent = 0;
        k.t[i].is_partition = true;
        x = kit_index(&k, i == 1 ? "log_1_at" : "log_2_at", "at");
        x->is_partition = true;
        x->parent = 0;
        x->scans = 0;
        x->bytes = 32 * 1024; /* together large enough */
    }
    kit_judge(&k);
    assert_int_equal(kit_count(&k, LS_IX_UNUSED), 1);
    v = kit_find(&k, LS_IX_UNUSED, "log_at");
    assert_int_equal(v->fix, LS_FIX_DROP);
    assert_non_null(strstr(v->evidence, "64.0 KiB"));
    assert_non_null(strstr(v->price, "locks the table and all its partitions"));
    assert_string_equal(v->undo, "CREATE INDEX log_at ON log (at);");
    k.x[2].scans = 51;
    kit_judge(&k);
    assert_int_equal(kit_count(&k, LS_IX_UNUSED), 0);
    k.x[2].scans = 0;
    kit_query(&k, "q", "SELECT 1");
    kit_uses(&k, 0, 2); /* a plan names the child */
    kit_judge(&k);
    assert_int_equal(kit_count(&k, LS_IX_UNUSED), 0);
    k.uses[2] = false;
    kit_judge(&k);
    assert_int_equal(kit_count(&k, LS_IX_UNUSED), 1);
    k.past[2].counted_from_us = KIT_NOW - KIT_DAY; /* a partition of yesterday */
    kit_judge(&k);
    assert_int_equal(kit_find(&k, LS_IX_UNUSED, "log_at")->confidence, LS_CONF_UNCONFIRMED);
    kit_close(&k);
}

static void the_workload_knows_of_a_use(void **state)
{
    struct kit k;

    (void)state;
    scene(&k);
    kit_query(&k, "list", "SELECT 1");
    assert_non_null(judged(&k));
    kit_uses(&k, 0, 0);
    assert_null(judged(&k));
    kit_close(&k);
}

/* SQLite counts nothing; only a workload whose every plan is known says something. */
static void sqlite_by_workload(void **state)
{
    struct kit k;
    const struct ls_index_verdict *v;

    (void)state;
    kit_open(&k, LS_DIALECT_SQLITE);
    kit_table(&k, "memories", 1000);
    kit_index(&k, "memories_at", "at");
    kit_index(&k, "memories_user", "user_id");
    kit_judge(&k);
    assert_int_equal(kit_count(&k, LS_IX_UNUSED), 0);
    kit_query(&k, "list", "SELECT 1");
    kit_uses(&k, 0, 0);
    v = judged(&k);
    assert_null(kit_find(&k, LS_IX_UNUSED, "memories_at"));
    assert_int_equal(v->severity, LS_SEV_INFO);
    assert_string_equal(v->title, "no statement of the workload is planned with it");
    assert_string_equal(v->evidence, "none of 1 statement of lockstep.workload.sql, and no foreign key\n(user_id), 2.0 MiB\n"
                                     "bodies of triggers are not planned: look through those of the table");
    assert_int_equal(v->fix, LS_FIX_DROP);
    assert_string_equal(v->undo, "CREATE INDEX memories_user ON memories (user_id);");
    assert_string_equal(v->price,
                        "one short write transaction; 2.0 MiB becomes free inside of the file; each write of the table does less");
    k.plans[0].n_nodes = 0; /* one that could not be planned */
    assert_null(judged(&k));
    k.plans[0].n_nodes = 1;
    k.x[1].is_in_query = true; /* INDEXED BY */
    assert_null(judged(&k));
    k.x[1].is_in_query = false;
    kit_fk(&k, "", "user_id", LS_NO_USAGE)->index = 1;
    assert_null(judged(&k));
    kit_close(&k);
}

static void ignored_with_a_reason(void **state)
{
    static const struct ls_index_ignore by[] = {{"IX02", "*", "no"},
                                                {"unused", "memories_*", "the yearly report needs it"},
                                                {"*", "memories_user", "later"},
                                                {"IX01", "public.memories_*", "with its schema"}};
    struct kit k;

    (void)state;
    scene(&k);
    k.o.ignores = by;
    k.o.n_ignores = 1;
    assert_null(judged(&k)->ignored);
    k.o.n_ignores = 2;
    assert_string_equal(judged(&k)->ignored, "the yearly report needs it");
    k.o.ignores = by + 2;
    k.o.n_ignores = 1;
    assert_string_equal(judged(&k)->ignored, "later");
    k.o.ignores = by + 3;
    assert_string_equal(judged(&k)->ignored, "with its schema");
    k.x[0].schema = "other";
    kit_judge(&k);
    assert_null(kit_find(&k, LS_IX_UNUSED, "other.memories_user")->ignored);
    kit_close(&k);
}

static void without_history(void **state)
{
    struct kit k;

    (void)state;
    scene(&k);
    ls_verdicts_make(&k.u, NULL, &k.o, &k.out);
    assert_int_equal(kit_find(&k, LS_IX_UNUSED, "memories_user")->confidence, LS_CONF_ESTIMATED);
    assert_string_equal(k.out.window, "since 2026-11-01 (30 days): the counters were reset then");
    ls_verdicts_release(&k.out);
    k.u.stats_reset_us = 0; /* never reset, or a crash: not older than the server */
    k.u.started_us = KIT_NOW - KIT_DAY;
    ls_verdicts_make(&k.u, NULL, &k.o, &k.out);
    assert_int_equal(kit_find(&k, LS_IX_UNUSED, "memories_user")->confidence, LS_CONF_UNCONFIRMED);
    assert_string_equal(k.out.window,
                        "since 2026-11-30 (24 hours): the server was started then; whether its counters are older is not known");
    kit_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fires),
        cmocka_unit_test(size_has_a_threshold),
        cmocka_unit_test(a_short_window_is_unconfirmed),
        cmocka_unit_test(hardly_used_is_information),
        cmocka_unit_test(stopped_by_own_looks),
        cmocka_unit_test(stopped_before_a_reset),
        cmocka_unit_test(long_ago_by_the_server),
        cmocka_unit_test(never_for_what_works_unread),
        cmocka_unit_test(a_reset_is_no_disuse),
        cmocka_unit_test(standbys_are_counted_in),
        cmocka_unit_test(stopped_and_never_on_the_standby),
        cmocka_unit_test(a_standby_that_did_not_answer),
        cmocka_unit_test(a_foreign_key_is_a_need),
        cmocka_unit_test(a_foreign_key_of_the_parent_is_a_need),
        cmocka_unit_test(an_equal_of_a_part_is_used),
        cmocka_unit_test(a_need_of_a_part_is_a_need),
        cmocka_unit_test(partitions_go_with_their_parent),
        cmocka_unit_test(the_workload_knows_of_a_use),
        cmocka_unit_test(sqlite_by_workload),
        cmocka_unit_test(ignored_with_a_reason),
        cmocka_unit_test(without_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
