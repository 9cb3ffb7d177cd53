/* The Indexes pane in memory. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lockstep/base/mem.h"
#include "tui/index_rows.h"
#include "tui/jobs.h"
#include "tui/scene.h"

#define DAY  INT64_C(86400000000)
#define NOW  (INT64_C(1795953600) * 1000000) /* 2026-11-29 */

static const struct ls_usage_table tables[] = {
    {.schema = "public", .name = "memories", .kind = 'r', .parent = LS_NO_USAGE, .rows = 100000, .bytes = 30 << 20, .seq_scans = 3, .seq_rows = 300000,
     .idx_scans = 97, .inserted = 100000, .updated = 400, .deleted = 0, .hot_updated = 100, .first_index = 0, .n_indexes = 3},
    {.schema = "audit", .name = "log\x1b[2J", .kind = 'r', .parent = LS_NO_USAGE, .rows = -1, .bytes = -1, .seq_scans = -1, .inserted = -1, .updated = -1,
     .first_index = 3, .n_indexes = 1},
};
static const struct ls_usage_index indexes[] = {
    {.table = 0, .schema = "public", .name = "memories_pkey", .definition = "", .constraint = "memories_pkey", .method = "btree", .predicate = "",
     .options = "", .tablespace = "", .comment = "", .is_unique = true, .is_primary = true, .is_valid = true, .is_ready = true, .is_live = true,
     .parent = LS_NO_USAGE, .scans = 90, .tup_read = 90, .tup_fetch = 90, .bytes = 3 << 20, .rows = 100000, .bloat = 0.1, .bloat_how = LS_BLOAT_ESTIMATE},
    {.table = 0, .schema = "public", .name = "memories_user", .definition = "CREATE INDEX memories_user ON public.memories USING btree (user_id)",
     .constraint = "", .method = "btree", .predicate = "", .options = "", .tablespace = "", .comment = "", .is_valid = true, .is_ready = true,
     .is_live = true, .parent = LS_NO_USAGE, .scans = 12345, .tup_read = 1, .tup_fetch = 1, .last_scan_us = NOW - DAY, .knows_last_scan = true,
     .bytes = 7 << 20, .rows = 100000, .bloat = 0.6, .bloat_how = LS_BLOAT_MEASURED},
    {.table = 0, .schema = "public", .name = "memories_old", .definition = "CREATE INDEX memories_old ON public.memories USING btree (kind) WHERE (kind IS NOT NULL)",
     .constraint = "", .method = "btree", .predicate = "(kind IS NOT NULL)", .options = "", .tablespace = "", .comment = "", .is_valid = true,
     .is_ready = true, .is_live = true, .parent = LS_NO_USAGE, .scans = 0, .tup_read = 0, .tup_fetch = 0, .knows_last_scan = true, .bytes = 1 << 20,
     .rows = 100000, .bloat = -1},
    {.table = 1, .schema = "audit", .name = "log_at", .definition = "CREATE INDEX log_at ON audit.log USING brin (at)", .constraint = "", .method = "brin",
     .predicate = "", .options = "", .tablespace = "", .comment = "", .is_valid = false, .parent = LS_NO_USAGE, .scans = -1, .bytes = -1, .rows = -1,
     .bloat = -1},
};
static const struct ls_past past[] = {{.per_hour = 2, .counted_from_us = NOW - 20 * DAY},
                                      {.per_hour = 150.5, .counted_from_us = NOW - 20 * DAY},
                                      {.per_hour = 0, .counted_from_us = NOW - 20 * DAY},
                                      {.per_hour = -1}};
static const struct ls_index_verdict verdicts[] = {
    {.id = LS_IX_UNUSED, .severity = LS_SEV_WARNING, .confidence = LS_CONF_ESTIMATED, .table = 0, .index = 2, .fk = LS_NO_USAGE, .other = LS_NO_USAGE,
     .object = "memories_old", .title = "memories_old has not been read for 20 days.", .evidence = "0 scans since 2026-11-09\n1.0 MiB, 100,400 writes",
     .window = "since 2026-11-09 (20 days)", .fix = LS_FIX_NONE, .price = "", .undo = "CREATE INDEX memories_old ..."},
    {.id = LS_IX_BLOAT, .severity = LS_SEV_INFO, .confidence = LS_CONF_MEASURED, .table = 0, .index = 1, .fk = LS_NO_USAGE, .other = LS_NO_USAGE,
     .object = "memories_user", .title = "60 % of memories_user is empty.", .evidence = "7.0 MiB, density 36 %", .window = "", .fix = LS_FIX_NONE,
     .price = "", .undo = "", .ignored = "rebuilt each Sunday"},
};

static struct ixref *reference(void)
{
    struct ixref *ix = ls_calloc(1, sizeof(*ix));
    struct ls_arena *arena = ls_arena_new();
    struct ls_usage *u = LS_ARENA_ARRAY(arena, struct ls_usage, 1); /* it is freed with its arena */

    u->arena = arena;
    u->dialect = LS_DIALECT_POSTGRES;
    u->database = "app";
    u->server = "PostgreSQL 16.1";
    u->system_id = "";
    u->tables = tables;
    u->n_tables = LS_ARRAY_LEN(tables);
    u->indexes = indexes;
    u->n_indexes = LS_ARRAY_LEN(indexes);
    u->taken_us = NOW;
    ix->refs = 1;
    ix->report.arena = ls_arena_new();
    ix->report.usage = u;
    ix->report.history = (struct ls_history){.past = past, .n_past = LS_ARRAY_LEN(past), .window = "since 2026-11-09 (20 days)"};
    ix->report.verdicts = (struct ls_verdicts){.v = verdicts, .n = LS_ARRAY_LEN(verdicts), .window = "since 2026-11-09 (20 days)"};
    *LS_VEC_PUSH(&ix->report.notes.d) =
        (struct ls_diag){.severity = LS_SEV_INFO, .code = "no-workload", .message = "pg_stat_statements is not loaded", .hint = "add it to shared_preload_libraries"};
    return ix;
}

static void open_index(struct scene *s, int w, int h)
{
    scene_open(s, w, h, false);
    scene_connect(s, scene_snapshot(&ls_format_lockstep, scene_history, scene_history_n), false);
    pane_index_set(&s->app, reference());
    scene_keys(s, "8");
}

static void verdicts_and_what_is_ignored(void **state)
{
    struct scene s;

    (void)state;
    open_index(&s, 80, 24);
    golden(&s, "index-verdicts-80x24");
    assert_true(scene_shows(&s, "verdicts 1"));
    assert_false(scene_shows(&s, "memories_user"));
    scene_keys(&s, "f j Enter"); /* the ignored ones too */
    assert_true(scene_shows(&s, "ignored: rebuilt each"));
    scene_keys(&s, "Enter");
    assert_true(scene_shows(&s, "0 scans since 2026-11-09"));
    assert_true(scene_shows(&s, "100,400 writes"));
    scene_keys(&s, "Esc i");
    assert_true(scene_shows(&s, "Ignore it, because:"));
    scene_keys(&s, "Space Enter");
    assert_true(scene_shows(&s, "the project keeps a reason"));
    scene_keys(&s, "w");
    assert_true(scene_shows(&s, "there is nothing to run for it"));
    scene_close(&s);
}

static void usage_by_table_and_flat(void **state)
{
    struct scene s;

    (void)state;
    open_index(&s, 80, 24);
    scene_keys(&s, "s");
    golden(&s, "index-usage-80x24");
    scene_keys(&s, "o"); /* by scans, under their tables */
    assert_true(scene_shows(&s, "by scans"));
    scene_keys(&s, "t");
    golden(&s, "index-flat-80x24");
    scene_keys(&s, "'/old' Enter");
    assert_true(scene_shows(&s, "memories_old"));
    assert_false(scene_shows(&s, "memories_pkey"));
    scene_keys(&s, "Esc");
    assert_true(scene_shows(&s, "memories_pkey"));
    scene_keys(&s, "s");
    assert_true(scene_shows(&s, "No workload"));
    scene_keys(&s, "v");
    assert_true(scene_shows(&s, "add it to shared_preload_libraries"));
    scene_close(&s);
}

static void side_by_side(void **state)
{
    struct scene s;

    (void)state;
    open_index(&s, 160, 40);
    scene_keys(&s, "s j j");
    golden(&s, "index-160x40");
    scene_close(&s);
}

static void rows_are_sorted_and_counted(void **state)
{
    struct ixref *ix = reference();
    struct index_rows r = {0};
    struct index_filter f = {.view = INDEX_USAGE, .sort = LS_INDEX_BY_SIZE, .is_flat = true, .verdict = -1, .text = ""};

    (void)state;
    index_rows_make(&r, &ix->report, &f);
    assert_int_equal(r.rows.n, 4);
    assert_int_equal(r.rows.v[0].n, 1);
    assert_int_equal(r.rows.v[3].n, 3); /* what is not known comes last */
    assert_int_equal(r.total.bytes, 11 << 20);
    assert_int_equal(r.total.scans, 12435);
    f.is_flat = false;
    f.sort = LS_INDEX_BY_SCANS;
    index_rows_make(&r, &ix->report, &f);
    assert_int_equal(r.rows.n, 6);
    assert_int_equal(r.rows.v[0].kind, INDEX_ROW_TABLE);
    assert_int_equal(r.rows.v[1].n, 1);
    assert_int_equal(r.rows.v[3].n, 2);
    assert_int_equal(r.rows.v[4].kind, INDEX_ROW_TABLE);
    f.text = "brin"; /* in its definition; the other table goes with its indexes */
    index_rows_make(&r, &ix->report, &f);
    assert_int_equal(r.rows.n, 2);
    f = (struct index_filter){.view = INDEX_VERDICTS, .verdict = LS_IX_BLOAT, .text = ""};
    index_rows_make(&r, &ix->report, &f);
    assert_int_equal(r.rows.n, 0);
    assert_int_equal(r.n_hidden, 1);
    f.shows_ignored = true;
    index_rows_make(&r, &ix->report, &f);
    assert_int_equal(r.rows.n, 1);
    index_rows_release(&r);
    ixref_put(ix);
}

/* What a partitioned table's index counts is what its partitions' do. */
static void a_parent_is_not_counted_twice(void **state)
{
    struct ixref *ix = reference();
    struct ls_usage_index own[LS_ARRAY_LEN(indexes)];
    struct index_rows r = {0};
    struct index_filter f = {.view = INDEX_USAGE, .verdict = -1, .text = ""};

    (void)state;
    memcpy(own, indexes, sizeof(own));
    own[1].is_partitioned = true;
    ix->report.usage->indexes = own;
    index_rows_make(&r, &ix->report, &f);
    assert_int_equal(r.rows.n, 6); /* it is shown */
    assert_int_equal(r.total.n, 3);
    assert_int_equal(r.total.bytes, 4 << 20);
    assert_int_equal(r.total.scans, 90);
    assert_int_equal(r.total.max_bytes, 7 << 20);
    index_rows_release(&r);
    ixref_put(ix);
}

static void counts_are_short(void **state)
{
    static const struct {
        double n;
        const char *text;
    } cases[] = {{-1, "-"}, {0, "0"}, {7, "7"}, {2.5, "2.5"}, {9999, "9999"}, {12345, "12.3k"}, {150.5, "150"}, {2100000, "2.1M"}, {123456789, "123M"}, {5e9, "5.0G"}};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_buf b = LS_BUF_INIT;

        index_count_text(cases[i].n, &b);
        assert_string_equal(b.ptr, cases[i].text);
        ls_buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_and_what_is_ignored), cmocka_unit_test(usage_by_table_and_flat), cmocka_unit_test(side_by_side),
        cmocka_unit_test(rows_are_sorted_and_counted),  cmocka_unit_test(counts_are_short),
        cmocka_unit_test(a_parent_is_not_counted_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
