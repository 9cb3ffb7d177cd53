/* A plan's digest and a ledger's fingerprint: what is agreed to is what runs, so everything that says what runs, and everything
 * that was read before, changes them. Each field is changed by itself; no two changes may give the same digest. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lockstep/model/ledger.h"
#include "lockstep/model/plan.h"

enum { MAX_CASES = 64 };

struct seen {
    char digest[MAX_CASES][LS_SHA256_HEX];
    const char *what[MAX_CASES];
    size_t n;
};

static void expect_new(struct seen *s, const char *what, const char *digest)
{
    assert_true(s->n < MAX_CASES);
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->digest[i], digest) == 0)
            fail_msg("\"%s\" gives the same as \"%s\"", what, s->what[i]);
    snprintf(s->digest[s->n], LS_SHA256_HEX, "%s", digest);
    s->what[s->n++] = what;
}

/* --- plans --------------------------------------------------------------------------------------------------------------- */

static struct ls_op op_of(enum ls_op_kind kind, const char *sql)
{
    return (struct ls_op){.kind = kind, .sql = sql, .len = strlen(sql), .expect_rows = -1};
}

static void add_step(struct ls_plan *p, const char *id, const char *name, const char *path, const char *sha256)
{
    struct ls_step *s = LS_VEC_PUSH(&p->steps);
    struct ls_param *params = LS_ARENA_ARRAY(p->arena, struct ls_param, 2);

    *s = (struct ls_step){.kind = LS_STEP_MIGRATE, .direction = LS_UP, .policy = LS_POLICY_TX, .line = 1};
    s->id = s->label = id;
    s->name = name;
    s->path = path;
    s->sha256 = sha256;
    params[0] = (struct ls_param){LS_PARAM_INT, "1"};
    params[1] = (struct ls_param){LS_PARAM_TEXT, "a"};
    *LS_VEC_PUSH(&s->ops) = op_of(LS_OP_EXPECT, "SELECT 1");
    s->ops.v[0].expect = "1";
    *LS_VEC_PUSH(&s->ops) = op_of(LS_OP_LEDGER, "INSERT INTO l VALUES ($1, $2)");
    s->ops.v[1].params = params;
    s->ops.v[1].n_params = 2;
    s->ops.v[1].expect_rows = 1;
    *LS_VEC_PUSH(&s->on_failure) = op_of(LS_OP_LEDGER, "UPDATE l SET x = 1");
}

static struct ls_plan *make_plan(void)
{
    struct ls_plan *p = ls_plan_new();

    p->action = LS_ACTION_UP;
    p->count = 2;
    p->id = "7";
    p->version = 7;
    p->format = "lockstep";
    p->target = "sqlite app.db";
    p->ledger = "schema_migrations";
    snprintf(p->ledger_fingerprint, sizeof p->ledger_fingerprint, "%064d", 0);
    *LS_VEC_PUSH(&p->setup) = op_of(LS_OP_LEDGER, "CREATE TABLE l");
    add_step(p, "1", "a", "m/1_a.up.sql", "aaaa");
    add_step(p, "2", "b", "m/2_b.up.sql", "bbbb");
    return p;
}

/* The parameters are the plan's own; the field is const for everybody else. */
static struct ls_param *param_of(struct ls_plan *p, int i)
{
    return (struct ls_param *)(uintptr_t)&p->steps.v[0].ops.v[1].params[i];
}

#define STEP (&p->steps.v[0])
#define OP   (&p->steps.v[0].ops.v[1])
#define PLAN_CHANGES(X)                                                                                                            \
    X(format, p->format = "goose")                                                                                                 \
    X(target, p->target = "sqlite other.db")                                                                                       \
    X(ledger, p->ledger = "l")                                                                                                     \
    X(fingerprint, p->ledger_fingerprint[63] = '1')                                                                                \
    X(action, p->action = LS_ACTION_DOWN)                                                                                          \
    X(count, p->count = -1)                                                                                                        \
    X(version, p->version = 8)                                                                                                     \
    X(id, p->id = "8")                                                                                                             \
    X(no_id, p->id = NULL)                                                                                                         \
    X(empty_id, p->id = "")                                                                                                        \
    X(to_nothing, p->to_nothing = true)                                                                                            \
    X(setup_sql, p->setup.v[0] = op_of(LS_OP_LEDGER, "CREATE"))                                                                    \
    X(setup_kind, p->setup.v[0].kind = LS_OP_STATEMENT)                                                                            \
    X(no_setup, p->setup.n = 0)                                                                                                    \
    X(step_kind, STEP->kind = LS_STEP_RECORD)                                                                                      \
    X(step_direction, STEP->direction = LS_DOWN)                                                                                   \
    X(step_id, STEP->id = "3")                                                                                                     \
    X(step_name, STEP->name = "c")                                                                                                 \
    X(step_path, STEP->path = "m/1_c.up.sql")                                                                                      \
    X(step_no_path, STEP->path = NULL)                                                                                             \
    X(step_sha256, STEP->sha256 = "cccc")                                                                                          \
    X(step_no_sha256, STEP->sha256 = NULL)                                                                                         \
    X(step_policy, STEP->policy = LS_POLICY_NO_TX)                                                                                 \
    X(op_kind, OP->kind = LS_OP_STATEMENT)                                                                                         \
    X(op_sql, OP->sql = "INSERT INTO x VALUES ($1, $2)")                                                                           \
    X(op_len, OP->len = 5)                                                                                                         \
    X(op_no_sql, OP->sql = NULL)                                                                                                   \
    X(op_n_params, OP->n_params = 1)                                                                                               \
    X(op_no_params, OP->n_params = 0)                                                                                              \
    X(param_kind, param_of(p, 0)->kind = LS_PARAM_TEXT)                                                                            \
    X(param_text, param_of(p, 0)->text = "2")                                                                                      \
    X(param_null, param_of(p, 1)->text = NULL)                                                                                     \
    X(last_param_text, param_of(p, 1)->text = "b")                                                                                 \
    X(op_expect, p->steps.v[0].ops.v[0].expect = "2")                                                                              \
    X(op_no_expect, p->steps.v[0].ops.v[0].expect = NULL)                                                                          \
    X(op_expect_rows, OP->expect_rows = 2)                                                                                         \
    X(failure_sql, STEP->on_failure.v[0].sql = "DELETE FROM abcdefg")                                                              \
    X(failure_kind, STEP->on_failure.v[0].kind = LS_OP_BEGIN)                                                                      \
    X(no_failure, STEP->on_failure.n = 0)                                                                                          \
    X(one_op, STEP->ops.n = 1)                                                                                                     \
    X(last_step, p->steps.v[1].name = "c")                                                                                         \
    X(last_op, p->steps.v[1].ops.v[1].expect_rows = -1)                                                                            \
    X(last_failure, p->steps.v[1].on_failure.n = 0)                                                                                \
    X(one_step, p->steps.n = 1)                                                                                                    \
    X(no_steps, p->steps.n = 0)

#define PLAN_FUNCTION(name, change)                                                                                                \
    static void plan_##name(struct ls_plan *p)                                                                                     \
    {                                                                                                                              \
        change;                                                                                                                    \
    }
PLAN_CHANGES(PLAN_FUNCTION)

static void every_field_of_a_plan(void **state)
{
#define PLAN_ROW(name, change) {#name, plan_##name},
    static const struct {
        const char *what;
        void (*change)(struct ls_plan *p);
    } cases[] = {PLAN_CHANGES(PLAN_ROW)};
    struct seen seen = {.n = 0};
    char digest[LS_SHA256_HEX], again[LS_SHA256_HEX];
    struct ls_plan *p = make_plan();

    (void)state;
    ls_plan_digest(p, digest);
    expect_new(&seen, "the plan itself", digest);
    ls_plan_free(p);
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        size_t n_steps, n_ops, n_failure, n_setup;

        p = make_plan();
        n_steps = p->steps.n;
        n_setup = p->setup.n;
        n_ops = p->steps.v[0].ops.n;
        n_failure = p->steps.v[0].on_failure.n;
        cases[i].change(p);
        ls_plan_digest(p, digest);
        ls_plan_digest(p, again);
        assert_string_equal(digest, again);
        expect_new(&seen, cases[i].what, digest);
        p->steps.n = n_steps; /* so that all of it is released */
        p->setup.n = n_setup;
        p->steps.v[0].ops.n = n_ops;
        p->steps.v[0].on_failure.n = n_failure;
        ls_plan_free(p);
    }
}

/* Text of one field cannot pass for text of the next. */
static void fields_do_not_run_together(void **state)
{
    struct seen seen = {.n = 0};
    char digest[LS_SHA256_HEX];
    struct ls_plan *p = make_plan();

    (void)state;
    STEP->id = "ab";
    STEP->name = "c";
    ls_plan_digest(p, digest);
    expect_new(&seen, "ab, c", digest);
    STEP->id = "a";
    STEP->name = "bc";
    ls_plan_digest(p, digest);
    expect_new(&seen, "a, bc", digest);
    ls_plan_free(p);
    /* An op that goes from one step to the next, and one that only runs after a failure. */
    p = make_plan();
    *LS_VEC_PUSH(&p->steps.v[0].ops) = op_of(LS_OP_STATEMENT, "DROP TABLE t");
    ls_plan_digest(p, digest);
    expect_new(&seen, "last in ops", digest);
    p->steps.v[0].ops.n--;
    *LS_VEC_PUSH(&p->steps.v[0].on_failure) = op_of(LS_OP_STATEMENT, "DROP TABLE t");
    ls_plan_digest(p, digest);
    expect_new(&seen, "last in on_failure", digest);
    ls_plan_free(p);
}

/* What is only for the eye does not make another plan of it. */
static void words_for_people_are_no_part_of_it(void **state)
{
    char digest[LS_SHA256_HEX], again[LS_SHA256_HEX];
    struct ls_plan *p = make_plan();

    (void)state;
    ls_plan_digest(p, digest);
    STEP->label = "001";
    STEP->tx_note = "One transaction.";
    STEP->tx_last = 1;
    STEP->is_half = true;
    OP->line = 12;
    p->is_destructive = true;
    LS_VEC_PUSH(&p->findings)->rule = "D01";
    ls_plan_digest(p, again);
    assert_string_equal(digest, again);
    ls_plan_free(p);
}

/* --- ledgers ------------------------------------------------------------------------------------------------------------- */

static void make_ledger(struct ls_ledger *l)
{
    static const char *const raw[2][2] = {{"1", "x"}, {"2", "y"}};

    *l = (struct ls_ledger){.arena = ls_arena_new(), .exists = true, .location = "schema_migrations", .n_raw = 2};
    for (int i = 0; i < 2; i++) {
        struct ls_ledger_row *r = LS_VEC_PUSH(&l->rows);

        *r = (struct ls_ledger_row){
            .id = i == 0 ? "1" : "2", .name = "a", .raw_status = "applied", .duration_ms = 12, .raw = raw[i]};
        r->description = "d";
        r->applied_at = "2026-01-01";
        r->applied_by = "me";
        r->checksum = "abc";
    }
}

static const char *const other_raw[] = {"1", "z"}, *const null_raw[] = {"1", NULL};

#define ROW (&l->rows.v[0])
#define LEDGER_CHANGES(X)                                                                                                          \
    X(location, l->location = "public.l")                                                                                          \
    X(exists, l->exists = false)                                                                                                   \
    X(foreign, l->foreign = "dbmate")                                                                                              \
    X(legacy, l->has_legacy = true)                                                                                                \
    X(legacy_version, *LS_VEC_PUSH(&l->legacy_versions) = 3)                                                                       \
    X(row_id, ROW->id = "3")                                                                                                       \
    X(row_status, ROW->raw_status = "failed")                                                                                      \
    X(row_no_status, ROW->raw_status = NULL)                                                                                       \
    X(row_name, ROW->name = "b")                                                                                                   \
    X(row_description, ROW->description = "e")                                                                                     \
    X(row_applied_at, ROW->applied_at = "2026-01-02")                                                                              \
    X(row_applied_by, ROW->applied_by = "you")                                                                                     \
    X(row_checksum, ROW->checksum = "abd")                                                                                         \
    X(row_duration, ROW->duration_ms = 13)                                                                                         \
    X(row_raw, ROW->raw = other_raw)                                                                                               \
    X(row_raw_null, ROW->raw = null_raw)                                                                                           \
    X(last_row, l->rows.v[1].applied_by = "you")                                                                                   \
    X(fewer_rows, l->rows.n = 1)                                                                                                   \
    X(no_rows, l->rows.n = 0)

#define LEDGER_FUNCTION(name, change)                                                                                              \
    static void ledger_##name(struct ls_ledger *l)                                                                                 \
    {                                                                                                                              \
        change;                                                                                                                    \
    }
LEDGER_CHANGES(LEDGER_FUNCTION)

static void every_field_of_a_ledger(void **state)
{
#define LEDGER_ROW(name, change) {#name, ledger_##name},
    static const struct {
        const char *what;
        void (*change)(struct ls_ledger *l);
    } cases[] = {LEDGER_CHANGES(LEDGER_ROW)};
    struct seen seen = {.n = 0};
    char print[LS_SHA256_HEX];
    struct ls_ledger l;

    (void)state;
    make_ledger(&l);
    ls_ledger_fingerprint(&l, print);
    expect_new(&seen, "the ledger itself", print);
    ls_ledger_release(&l);
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        make_ledger(&l);
        cases[i].change(&l);
        ls_ledger_fingerprint(&l, print);
        expect_new(&seen, cases[i].what, print);
        ls_ledger_release(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_a_plan),
        cmocka_unit_test(fields_do_not_run_together),
        cmocka_unit_test(words_for_people_are_no_part_of_it),
        cmocka_unit_test(every_field_of_a_ledger),
    };

    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
