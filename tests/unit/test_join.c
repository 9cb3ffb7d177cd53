#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/mem.h"
#include "lockstep/model/timeline.h"

static const struct ls_timeline_rules plain = {.has_checksums = true,
                                               .place = ls_place_by_id,
                                               .applied = "nothing",
                                               .pending_next = "next",
                                               .pending_later = "later",
                                               .out_of_order = "never",
                                               .modified = "not again",
                                               .missing = "keeps it",
                                               .duplicate = "refuses",
                                               .dirty = "refuses",
                                               .rolled_back = "again",
                                               .outdated = "runs it again"};

struct fixture {
    struct ls_migrations m;
    struct ls_ledger l;
    struct ls_timeline t;
};

static struct ls_migration *file(struct fixture *f, const char *id)
{
    struct ls_migration *m = LS_VEC_PUSH(&f->m.m);

    m->id = m->label = id;
    m->name = "x";
    m->up.path = "p";
    return m;
}

static void begin(struct fixture *f, enum ls_ledger_shape shape, const char *const *ids)
{
    memset(f, 0, sizeof(*f));
    f->m.arena = ls_arena_new();
    f->l.arena = ls_arena_new();
    f->l.exists = true;
    f->l.shape = shape;
    for (; *ids != NULL; ids++)
        file(f, *ids);
}
#define FOLDER(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct ls_ledger_row *row(struct fixture *f, const char *id, enum ls_row_state state)
{
    struct ls_ledger_row *r = LS_VEC_PUSH(&f->l.rows);

    r->id = id;
    r->state = state;
    r->duration_ms = -1;
    return r;
}

/* "a applied, b pending*": a star on what `up` may run, brackets round what is inferred. */
static void is(struct fixture *f, const struct ls_timeline_rules *rules, const char *expected)
{
    struct ls_buf b = LS_BUF_INIT;

    ls_timeline_build(&f->m, &f->l, rules, &f->t);
    for (size_t i = 0; i < f->t.e.n; i++) {
        const struct ls_entry *e = &f->t.e.v[i];
        bool guess = e->evidence == LS_EVIDENCE_INFERRED;

        ls_buf_addf(&b, "%s%s %s%s%s%s", i > 0 ? ", " : "", e->label, guess ? "(" : "", ls_state_name(e->state), guess ? ")" : "",
                    e->is_runnable ? "*" : "");
        assert_non_null(e->tool_would);
        assert_true(ls_timeline_find_id(&f->t, e->id) >= 0);
    }
    assert_string_equal(b.ptr, expected);
    ls_buf_release(&b);
}

static void done(struct fixture *f)
{
    ls_timeline_release(&f->t);
    ls_ledger_release(&f->l);
    ls_migrations_release(&f->m);
}

/* dbmate's '001' is no 1, and '10' stands before '2'. */
static void ids_are_bytes(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, LS_LEDGER_SET, FOLDER("001", "10", "2"));
    row(&f, "1", LS_ROW_APPLIED);
    row(&f, "10", LS_ROW_APPLIED);
    is(&f, &plain, "001 out-of-order, 1 missing, 10 applied, 2 pending*");
    assert_string_equal(f.t.e.v[0].tool_would, "never");
    assert_int_equal(f.t.newest_applied, 2);
    assert_int_equal(ls_timeline_find_id(&f.t, "2"), 3);
    assert_int_equal(ls_timeline_find_id(&f.t, "02"), -1);
    done(&f);
}

/* goose: up, down, up again. The newest row of an id decides; all of them stay. */
static void the_newest_row_of_a_log_wins(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, LS_LEDGER_LOG, FOLDER("1", "2", "3"));
    row(&f, "0", LS_ROW_MARKER);
    row(&f, "1", LS_ROW_APPLIED);
    row(&f, "2", LS_ROW_APPLIED);
    row(&f, "2", LS_ROW_ROLLED_BACK);
    row(&f, "1", LS_ROW_ROLLED_BACK);
    row(&f, "1", LS_ROW_APPLIED);
    is(&f, &plain, "1 applied, 2 rolled-back*, 3 pending*");
    assert_int_equal(f.t.e.v[0].n_rows, 3);
    assert_ptr_equal(f.t.e.v[0].rows[0], &f.l.rows.v[1]);
    assert_ptr_equal(f.t.e.v[0].rows[2], &f.l.rows.v[5]);
    assert_ptr_equal(f.t.e.v[0].row, &f.l.rows.v[5]);
    assert_int_equal(f.t.e.v[1].n_rows, 2);
    assert_int_equal(f.t.e.v[2].n_rows, 0);
    assert_int_equal(f.t.next_pending, 1);
    done(&f);
}

/* flyway's repair writes DELETE over rows whose file is gone: no entry any more; with the file back it is pending, and its history is there. */
static void tombstones(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, LS_LEDGER_LOG, FOLDER("1", "3"));
    row(&f, "1", LS_ROW_APPLIED);
    row(&f, "2", LS_ROW_APPLIED);
    row(&f, "3", LS_ROW_APPLIED);
    row(&f, "2", LS_ROW_DELETED);
    row(&f, "3", LS_ROW_DELETED);
    is(&f, &plain, "1 applied, 3 pending*");
    assert_null(f.t.e.v[1].row);
    assert_int_equal(f.t.e.v[1].n_rows, 2);
    done(&f);
}

/* drizzle 0.x: whatever `when` is not above the newest created_at is never run, wherever the journal has it. */
static void high_water(void **state)
{
    static const uint64_t when[] = {100, 50, 300, 150};
    struct fixture f;

    (void)state;
    begin(&f, LS_LEDGER_HIGH_WATER, FOLDER("0000", "0001", "0002", "0003"));
    for (size_t i = 0; i < 4; i++)
        f.m.m.v[i].version = when[i];
    row(&f, "0000", LS_ROW_APPLIED);
    f.l.has_high_water = true;
    f.l.high_water = 150;
    is(&f, &plain, "0000 applied, 0001 out-of-order, 0002 pending*, 0003 out-of-order");
    assert_int_equal(f.t.next_pending, 2);
    done(&f);
}

static void high_water_of_an_empty_ledger(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, LS_LEDGER_HIGH_WATER, FOLDER("0000", "0001"));
    is(&f, &plain, "0000 pending*, 0001 pending*");
    done(&f);
}

/* a - b - d(merge of b, c) - e;  c branches off a;  x depends on nothing and is no ancestor; y is what d depends on. */
static void heads(void **state)
{
    static const char *const a[] = {"a", NULL}, *const bc[] = {"b", "c", NULL}, *const d[] = {"d", NULL}, *const y[] = {"y", NULL};
    struct fixture f;

    (void)state;
    begin(&f, LS_LEDGER_HEADS, FOLDER("a", "b", "c", "y", "d", "e", "x"));
    f.m.m.v[1].parents = f.m.m.v[2].parents = a;
    f.m.m.v[4].parents = bc;
    f.m.m.v[4].depends = y;
    f.m.m.v[5].parents = d;
    row(&f, "d", LS_ROW_APPLIED);
    *LS_VEC_PUSH(&f.l.heads) = "d";
    is(&f, &plain, "a (applied), b (applied), c (applied), y (applied), d applied, e pending*, x pending*");
    assert_string_equal(f.t.e.v[0].tool_would, "takes it for applied, because a head stands behind it");
    done(&f);
}

static void two_heads_one_unknown(void **state)
{
    static const char *const a[] = {"a", NULL};
    struct fixture f;

    (void)state;
    begin(&f, LS_LEDGER_HEADS, FOLDER("a", "b", "c"));
    f.m.m.v[1].parents = f.m.m.v[2].parents = a;
    row(&f, "b", LS_ROW_APPLIED);
    row(&f, "gone", LS_ROW_APPLIED);
    *LS_VEC_PUSH(&f.l.heads) = "b";
    *LS_VEC_PUSH(&f.l.heads) = "gone";
    is(&f, &plain, "a (applied), b applied, c pending*, gone missing");
    done(&f);
}

/* A cycle ends the walk, and no program. */
static void a_cycle(void **state)
{
    static const char *const a[] = {"a", NULL}, *const b[] = {"b", NULL};
    struct fixture f;

    (void)state;
    begin(&f, LS_LEDGER_HEADS, FOLDER("a", "b"));
    f.m.m.v[0].parents = b;
    f.m.m.v[1].parents = a;
    row(&f, "a", LS_ROW_APPLIED);
    *LS_VEC_PUSH(&f.l.heads) = "a";
    is(&f, &plain, "a applied, b (applied)");
    done(&f);
}

static void missing_rows_without_a_rule_stand_at_the_end(void **state)
{
    struct ls_timeline_rules rules = plain;
    struct fixture f;

    (void)state;
    rules.place = NULL;
    begin(&f, LS_LEDGER_SET, FOLDER("b", "d"));
    row(&f, "c", LS_ROW_APPLIED);
    row(&f, "a", LS_ROW_APPLIED);
    row(&f, "b", LS_ROW_APPLIED);
    is(&f, &rules, "b applied, d out-of-order, c missing, a missing");
    done(&f);
}

static int by_version(const struct ls_ledger_row *r, const struct ls_migration *m)
{
    return (r->version > m->version) - (r->version < m->version);
}

/* A format's own rule: dotted versions, say. */
static void missing_rows_at_their_place(void **state)
{
    struct ls_timeline_rules rules = plain;
    struct fixture f;

    (void)state;
    rules.place = by_version;
    begin(&f, LS_LEDGER_SET, FOLDER("v9", "v10", "v12"));
    f.m.m.v[0].version = 9;
    f.m.m.v[1].version = 10;
    f.m.m.v[2].version = 12;
    row(&f, "v13", LS_ROW_APPLIED)->version = 13;
    row(&f, "v11", LS_ROW_APPLIED)->version = 11;
    row(&f, "v8", LS_ROW_APPLIED)->version = 8;
    is(&f, &rules, "v8 missing, v9 out-of-order, v10 out-of-order, v11 missing, v12 out-of-order, v13 missing");
    done(&f);
}

static void repeatables(void **state)
{
    struct fixture f;
    struct ls_migration *m;

    (void)state;
    begin(&f, LS_LEDGER_LOG, FOLDER("1", "2"));
    m = file(&f, "view a");
    m->kind = LS_KIND_REPEATABLE;
    m->checksum = "7";
    m = file(&f, "view b");
    m->kind = LS_KIND_REPEATABLE;
    m->checksum = "8";
    file(&f, "view c")->kind = LS_KIND_REPEATABLE;
    row(&f, "1", LS_ROW_APPLIED);
    row(&f, "view a", LS_ROW_APPLIED)->checksum = "7";
    row(&f, "view b", LS_ROW_APPLIED)->checksum = "7";
    is(&f, &plain, "1 applied, 2 pending*, view a applied, view b pending*, view c pending*");
    assert_string_equal(f.t.e.v[3].tool_would, "runs it again");
    assert_string_equal(f.t.e.v[4].tool_would, "later");
    assert_int_equal(f.t.newest_applied, 0);
    done(&f);
}

static void a_baseline_row_needs_no_file(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, LS_LEDGER_LOG, FOLDER("5", "6"));
    file(&f, "@v1")->kind = LS_KIND_TAG;
    row(&f, "4", LS_ROW_APPLIED)->kind = LS_KIND_BASELINE;
    is(&f, &plain, "4 applied, 5 pending*, 6 pending*, @v1 pending");
    assert_int_equal(f.t.newest_applied, 0);
    done(&f);
}

static void adjust_5(const struct ls_migrations *m, const struct ls_ledger *l, struct ls_arena *arena, struct ls_entry *e)
{
    (void)m;
    (void)l;
    if (strcmp(e->id, "5") != 0)
        return;
    e->state = LS_STATE_APPLIED;
    e->evidence = LS_EVIDENCE_INFERRED;
    e->is_runnable = false;
    e->tool_would = ls_arena_printf(arena, "is below the baseline");
}

static void a_format_has_the_last_word(void **state)
{
    struct ls_timeline_rules rules = plain;
    struct fixture f;

    (void)state;
    rules.adjust = adjust_5;
    begin(&f, LS_LEDGER_LOG, FOLDER("5", "6"));
    is(&f, &rules, "5 (applied), 6 pending*");
    assert_string_equal(f.t.e.v[0].tool_would, "is below the baseline");
    assert_int_equal(f.t.count[LS_STATE_APPLIED], 1);
    assert_int_equal(f.t.count[LS_STATE_PENDING], 1);
    assert_int_equal(f.t.next_pending, 1);
    done(&f);
}

static void checksums_of_the_tool(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, LS_LEDGER_SET, FOLDER("1", "2", "3"));
    f.m.m.v[0].checksum = "-12";
    f.m.m.v[1].checksum = "-12";
    memcpy(f.m.m.v[1].up.sha256, "aa", 3);
    row(&f, "1", LS_ROW_APPLIED)->checksum = "-12";
    row(&f, "2", LS_ROW_APPLIED)->checksum = "aa";
    row(&f, "3", LS_ROW_APPLIED)->checksum = "aa"; /* its file was not read: not known to differ */
    is(&f, &plain, "1 applied, 2 modified, 3 applied");
    done(&f);
}

/* Rows in no order at all, and every second one without a file: still quick, and each at its place. */
static void many(void **state)
{
    enum { N = 10000 };
    struct ls_timeline_rules rules = plain;
    struct fixture f;

    (void)state;
    rules.place = by_version;
    begin(&f, LS_LEDGER_SET, FOLDER(NULL));
    for (int i = 0; i < N; i += 2)
        file(&f, ls_arena_printf(f.m.arena, "m%d", i))->version = (uint64_t)i;
    for (int i = 0; i < N; i++)
        row(&f, ls_arena_printf(f.l.arena, "m%d", i * 7919 % N), LS_ROW_APPLIED)->version = (uint64_t)(i * 7919 % N);
    ls_timeline_build(&f.m, &f.l, &rules, &f.t);
    assert_int_equal(f.t.e.n, N);
    assert_int_equal(f.t.count[LS_STATE_MISSING], N / 2);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(f.t.e.v[i].version, i);
    assert_int_equal(ls_timeline_find_id(&f.t, "m7777"), 7777);
    done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_bytes),
        cmocka_unit_test(the_newest_row_of_a_log_wins),
        cmocka_unit_test(tombstones),
        cmocka_unit_test(high_water),
        cmocka_unit_test(high_water_of_an_empty_ledger),
        cmocka_unit_test(heads),
        cmocka_unit_test(two_heads_one_unknown),
        cmocka_unit_test(a_cycle),
        cmocka_unit_test(missing_rows_without_a_rule_stand_at_the_end),
        cmocka_unit_test(missing_rows_at_their_place),
        cmocka_unit_test(repeatables),
        cmocka_unit_test(a_baseline_row_needs_no_file),
        cmocka_unit_test(a_format_has_the_last_word),
        cmocka_unit_test(checksums_of_the_tool),
        cmocka_unit_test(many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
