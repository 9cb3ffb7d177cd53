#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/mem.h"
#include "lockstep/model/plan.h"
#include "lockstep/model/timeline.h"

static const struct ls_timeline_rules set_rules = {.is_numeric = true,
                                                   .has_checksums = true,
                                                   .runs_out_of_order = true,
                                                   .applied = "nothing",
                                                   .pending_next = "next",
                                                   .pending_later = "later",
                                                   .out_of_order = "late",
                                                   .modified = "not again",
                                                   .missing = "keeps it",
                                                   .duplicate = "refuses",
                                                   .dirty = "refuses",
                                                   .rolled_back = "again"};
static const struct ls_timeline_rules cursor_rules = {.is_numeric = true, .applied = "here", .pending_next = "next", .pending_later = "later", .missing = "refuses", .dirty = "refuses"};

struct fixture {
    struct ls_migrations m;
    struct ls_ledger l;
    struct ls_timeline t;
};

/* "1 2 3d" : versions, d = duplicate. */
static void folder(struct fixture *f, const char *versions)
{
    char *copy = ls_strdup(versions), *p = copy, *end;

    memset(f, 0, sizeof(*f));
    f->m.arena = ls_arena_new();
    f->l.arena = ls_arena_new();
    f->l.exists = true;
    while (*p != '\0') {
        struct ls_migration *m = LS_VEC_PUSH(&f->m.m);

        m->version = strtoull(p, &end, 10);
        m->label = m->id = ls_arena_strn(f->m.arena, p, (size_t)(end - p));
        m->name = "x";
        m->up.path = "p";
        memcpy(m->up.sha256, "aaaa", 5);
        if (*end == 'd') {
            m->flags = LS_MIG_DUPLICATE;
            end++;
        }
        p = *end == ' ' ? end + 1 : end;
    }
    free(copy);
}

static void row(struct fixture *f, uint64_t version, enum ls_row_state state, const char *checksum)
{
    struct ls_ledger_row *r = LS_VEC_PUSH(&f->l.rows);

    r->version = version;
    r->id = ls_arena_printf(f->l.arena, "%d", (int)version);
    r->state = state;
    r->checksum = checksum;
}

static void build(struct fixture *f, const struct ls_timeline_rules *rules, const char *expected)
{
    struct ls_buf b = LS_BUF_INIT;

    ls_timeline_build(&f->m, &f->l, rules, &f->t);
    for (size_t i = 0; i < f->t.e.n; i++)
        ls_buf_addf(&b, "%s%s %s", i > 0 ? ", " : "", f->t.e.v[i].label, ls_state_name(f->t.e.v[i].state));
    assert_string_equal(b.ptr, expected);
    ls_buf_release(&b);
    for (size_t i = 0; i < f->t.e.n; i++)
        assert_non_null(f->t.e.v[i].tool_would);
}

static void done(struct fixture *f)
{
    ls_timeline_release(&f->t);
    ls_ledger_release(&f->l);
    ls_migrations_release(&f->m);
}

static void every_state_of_a_set(void **state)
{
    struct fixture f;

    (void)state;
    folder(&f, "1 2 3 4 5 6d 6d 7");
    row(&f, 1, LS_ROW_APPLIED, "aaaa");
    row(&f, 2, LS_ROW_APPLIED, "bbbb");
    row(&f, 3, LS_ROW_ROLLED_BACK, NULL);
    row(&f, 5, LS_ROW_APPLIED, NULL); /* unknown checksum: not modified */
    row(&f, 9, LS_ROW_APPLIED, NULL);
    row(&f, 10, LS_ROW_FAILED, NULL);
    row(&f, 11, LS_ROW_ROLLED_BACK, NULL);
    build(&f, &set_rules,
          "1 applied, 2 modified, 3 rolled-back, 4 out-of-order, 5 applied, 6 duplicate, 6 duplicate, 7 out-of-order, 9 missing, 10 dirty, 11 rolled-back");
    assert_int_equal(f.t.newest_applied, 8);
    assert_int_equal(f.t.next_pending, 2);
    assert_string_equal(f.t.e.v[2].tool_would, "again");
    assert_string_equal(f.t.e.v[3].tool_would, "late");
    assert_int_equal(f.t.count[LS_STATE_DUPLICATE], 2);
    assert_int_equal(f.t.count[LS_STATE_APPLIED], 2);
    assert_int_equal(ls_timeline_find(&f.t, 9), 8);
    assert_int_equal(ls_timeline_find(&f.t, 8), -1);
    done(&f);
}

static void next_and_later(void **state)
{
    struct fixture f;

    (void)state;
    folder(&f, "1 2 3");
    build(&f, &set_rules, "1 pending, 2 pending, 3 pending");
    assert_int_equal(f.t.newest_applied, -1);
    assert_int_equal(f.t.next_pending, 0);
    assert_string_equal(f.t.e.v[0].tool_would, "next");
    assert_string_equal(f.t.e.v[1].tool_would, "later");
    assert_int_equal(f.t.e.v[0].evidence, LS_EVIDENCE_NONE);
    done(&f);
}

/* What the tool never recorded it only assumes: shown as inferred. */
static void below_a_cursor_is_inferred(void **state)
{
    struct fixture f;

    (void)state;
    folder(&f, "1 2 3 4");
    f.l.shape = LS_LEDGER_CURSOR;
    f.l.has_cursor = true;
    f.l.cursor = 3;
    row(&f, 3, LS_ROW_APPLIED, NULL);
    build(&f, &cursor_rules, "1 applied, 2 applied, 3 applied, 4 pending");
    assert_int_equal(f.t.e.v[0].evidence, LS_EVIDENCE_INFERRED);
    assert_int_equal(f.t.e.v[2].evidence, LS_EVIDENCE_RECORDED);
    assert_non_null(strstr(f.t.e.v[0].tool_would, "its cursor is at 3"));
    assert_int_equal(f.t.newest_applied, 2);
    assert_int_equal(f.t.next_pending, 3);
    done(&f);
}

static void a_dirty_cursor(void **state)
{
    struct fixture f;

    (void)state;
    folder(&f, "1 2 3");
    f.l.shape = LS_LEDGER_CURSOR;
    f.l.has_cursor = f.l.dirty = true;
    f.l.cursor = 2;
    row(&f, 2, LS_ROW_FAILED, NULL);
    build(&f, &cursor_rules, "1 applied, 2 dirty, 3 pending");
    assert_int_equal(f.t.newest_applied, 0);
    done(&f);
}

static void dirty_before_the_first(void **state)
{
    struct fixture f;

    (void)state;
    folder(&f, "0 1");
    f.l.shape = LS_LEDGER_CURSOR;
    f.l.has_cursor = f.l.cursor_is_nil = f.l.dirty = true;
    row(&f, 0, LS_ROW_FAILED, NULL);
    f.l.rows.v[0].is_nil = true;
    f.l.rows.v[0].id = "-1";
    build(&f, &cursor_rules, "-1 dirty, 0 pending, 1 pending");
    assert_int_equal(f.t.count[LS_STATE_DIRTY], 1);
    assert_int_equal(ls_timeline_find(&f.t, 0), 1); /* the real version 0, not the row before all versions */
    done(&f);
}

static void a_cursor_without_its_file(void **state)
{
    struct fixture f;

    (void)state;
    folder(&f, "1 3");
    f.l.shape = LS_LEDGER_CURSOR;
    f.l.has_cursor = true;
    f.l.cursor = 2;
    row(&f, 2, LS_ROW_APPLIED, NULL);
    build(&f, &cursor_rules, "1 applied, 2 missing, 3 pending");
    assert_int_equal(f.t.newest_applied, 1);
    done(&f);
}

/* An unknown word in the status column is not taken for applied, nor for pending. */
static void unknown_status_blocks(void **state)
{
    struct fixture f;

    (void)state;
    folder(&f, "1");
    row(&f, 1, LS_ROW_UNKNOWN, NULL);
    build(&f, &set_rules, "1 dirty");
    assert_int_equal(f.t.next_pending, -1);
    done(&f);
}

static void ten_thousand(void **state)
{
    struct fixture f;

    (void)state;
    folder(&f, "");
    for (int i = 1; i <= 10000; i++) {
        struct ls_migration *m = LS_VEC_PUSH(&f.m.m);

        m->version = (uint64_t)i;
        m->label = m->name = "m";
        m->id = ls_arena_printf(f.m.arena, "%d", i);
        if (i <= 9000)
            row(&f, (uint64_t)i, LS_ROW_APPLIED, NULL);
    }
    ls_timeline_build(&f.m, &f.l, &set_rules, &f.t);
    assert_int_equal(f.t.count[LS_STATE_APPLIED], 9000);
    assert_int_equal(f.t.count[LS_STATE_PENDING], 1000);
    assert_int_equal(f.t.next_pending, 9000);
    assert_int_equal(ls_timeline_find(&f.t, 7777), 7776);
    done(&f);
}

/* Equal plans have equal digests; whatever will be sent changes it. */
static void digests(void **state)
{
    struct ls_plan *p = ls_plan_new();
    struct ls_step *s = LS_VEC_PUSH(&p->steps);
    struct ls_op *op = LS_VEC_PUSH(&s->ops);
    struct ls_param param = {LS_PARAM_TEXT, "a"};
    char first[LS_SHA256_HEX], next[LS_SHA256_HEX];

    (void)state;
    s->id = "1";
    op->kind = LS_OP_LEDGER;
    op->sql = "SELECT $1";
    op->len = 9;
    op->params = &param;
    op->n_params = 1;
    ls_plan_digest(p, first);
    ls_plan_digest(p, next);
    assert_string_equal(first, next);
    param.text = "b";
    ls_plan_digest(p, next);
    assert_string_not_equal(first, next);
    param.text = "a";
    param.kind = LS_PARAM_INT;
    ls_plan_digest(p, next);
    assert_string_not_equal(first, next);
    param.kind = LS_PARAM_TEXT;
    op->sql = "SELECT $2";
    ls_plan_digest(p, next);
    assert_string_not_equal(first, next);
    op->sql = "SELECT $1";
    p->ledger_fingerprint[0] = 'x';
    ls_plan_digest(p, next);
    assert_string_not_equal(first, next);
    p->ledger_fingerprint[0] = '\0';
    ls_plan_digest(p, next);
    assert_string_equal(first, next);
    ls_plan_free(p);
    ls_plan_free(NULL);
}

static void words(void **state)
{
    (void)state;
    assert_string_equal(ls_state_name(LS_STATE_OUT_OF_ORDER), "out-of-order");
    assert_string_equal(ls_state_glyph(LS_STATE_APPLIED, true), "+");
    assert_string_not_equal(ls_state_glyph(LS_STATE_APPLIED, false), "+");
    assert_string_equal(ls_action_name(LS_ACTION_MARK_PENDING), "mark-pending");
    assert_string_equal(ls_severity_name(LS_SEV_DANGER), "danger");
    for (int i = 0; i < LS_N_STATES; i++)
        assert_true(strlen(ls_state_meaning((enum ls_state)i)) > 10);
}

static void missing_is_written_as_its_siblings(void **state)
{
    struct fixture f;

    (void)state;
    folder(&f, "001 002 010");
    row(&f, 3, LS_ROW_APPLIED, NULL);
    row(&f, 12345, LS_ROW_APPLIED, NULL);
    build(&f, &set_rules, "001 out-of-order, 002 out-of-order, 003 missing, 010 out-of-order, 12345 missing");
    assert_string_equal(f.t.e.v[2].id, "3");
    assert_int_equal(ls_timeline_find_id(&f.t, "3"), 2);
    done(&f);
    /* Numbers that nobody pads. */
    folder(&f, "8 9 10");
    row(&f, 3, LS_ROW_APPLIED, NULL);
    build(&f, &set_rules, "3 missing, 8 pending, 9 pending, 10 pending");
    done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_of_a_set),   cmocka_unit_test(next_and_later),         cmocka_unit_test(below_a_cursor_is_inferred),
        cmocka_unit_test(a_dirty_cursor),         cmocka_unit_test(dirty_before_the_first), cmocka_unit_test(a_cursor_without_its_file),
        cmocka_unit_test(unknown_status_blocks),  cmocka_unit_test(ten_thousand),           cmocka_unit_test(digests),
        cmocka_unit_test(words),                  cmocka_unit_test(missing_is_written_as_its_siblings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
