/* tests/support/formats.h: what the tests of the formats share. Header only; include it behind support/engine.h. */
#ifndef TESTS_SUPPORT_FORMATS_H
#define TESTS_SUPPORT_FORMATS_H

#include "support/engine.h"

/* The ops as words: "BEGIN fence statement ledger:INSERT journal COMMIT". */
static inline void fmt_kinds(struct ls_buf *b, const struct ls_op *ops, size_t n)
{
    static const char *const kinds[] = {"BEGIN", "COMMIT", "statement", "batch", "ledger", "fence", "journal", "child", "file"};

    ls_buf_clear(b);
    for (size_t i = 0; i < n; i++) {
        ls_buf_addf(b, "%s%s", i > 0 ? " " : "", kinds[ops[i].kind]);
        if (ops[i].kind == LS_OP_LEDGER)
            ls_buf_addf(b, ":%.*s", (int)strcspn(ops[i].sql, " "), ops[i].sql);
    }
}

static inline void fmt_kinds_are(const struct ls_step *step, const char *expected)
{
    struct ls_buf b = LS_BUF_INIT;

    fmt_kinds(&b, step->ops.v, step->ops.n);
    assert_string_equal(b.ptr, expected);
    ls_buf_release(&b);
}

/* The labels of the folder's migrations in their order, with blanks between. */
static inline void fmt_order_is(struct ops *o, const char *expected)
{
    struct ls_snapshot *snap = ops_snapshot(o);
    struct ls_buf b = LS_BUF_INIT;

    for (size_t i = 0; i < snap->migrations.m.n; i++)
        ls_buf_addf(&b, "%s%s", i > 0 ? " " : "", snap->migrations.m.v[i].label);
    assert_string_equal(b.ptr, expected);
    ls_buf_release(&b);
    ls_snapshot_free(snap);
}

/* The diagnostic of that code about that file has this line and these words. */
static inline void fmt_diag_is(struct ops *o, const char *code, const char *file, int line, const char *words)
{
    struct ls_snapshot *snap = ops_snapshot(o);
    const struct ls_diag *found = NULL;

    for (size_t i = 0; i < snap->migrations.diags.d.n; i++) {
        const struct ls_diag *d = &snap->migrations.diags.d.v[i];

        if (strcmp(d->code, code) == 0 && d->path != NULL && strcmp(ls_path_base(d->path), file) == 0)
            found = d;
    }
    if (found == NULL)
        fail_msg("no diagnostic %s about %s", code, file);
    assert_int_equal(found->line, line);
    eng_has(found->message, words);
    ls_snapshot_free(snap);
}

/* Runs, and expects it to fail with that code; the ledger's verdict is up to the caller. */
static inline void fmt_fails(struct ops *o, enum ls_action action, long count, enum ls_rc code, const char *words)
{
    struct ls_run_report rep;
    enum ls_rc rc = eng_try(o, action, count, NULL, NULL, &rep);

    if (rc != code)
        fail_msg("expected %s, got %s: %s", ls_rc_name(code), ls_rc_name(rc), rep.err.message != NULL ? rep.err.message : "");
    eng_has(rep.err.message, words);
    ls_run_report_release(&rep);
}

/* Somebody else writes the ledger between plan and run: nothing more is sent, and nothing stays. */
static inline void fmt_rival(struct ops *o, enum ls_action action, long count, const char *rival_sql)
{
    struct ls_plan *plan = eng_plan(o, action, count, NULL);
    struct ls_run_report rep;

    ops_sql(o, rival_sql);
    assert_int_equal(ls_run(o->s, plan, NULL, &rep), LS_E_CHANGED);
    ls_run_report_release(&rep);
    ls_plan_free(plan);
}

/* What a folder is taken for. */
static inline void fmt_detect(struct ops *o, const char *format, int *score, char evidence[160])
{
    char *path = ops_path(o, "migrations");
    struct ls_dir dir = {0};
    struct ls_detect d;

    ops_ok(ls_dir_read(path, &dir, err));
    ls_format_find(format)->detect(path, &dir, &d);
    *score = d.score;
    snprintf(evidence, 160, "%s", d.evidence);
    ls_dir_release(&dir);
    free(path);
}

/* One new file: its name ends so, and its text is this. */
static inline void fmt_new_is(struct ops *o, const char *end, const char *text)
{
    struct ls_snapshot *snap = ops_snapshot(o);
    struct ls_arena *arena = ls_arena_new();
    const char *paths[3], *texts[3];
    struct ls_err err = LS_ERR_INIT;

    assert_int_equal(snap->format->new_files(arena, &snap->migrations, "add email!", INT64_C(1795970324000000), paths, texts, &err),
                     1);
    eng_has(paths[0], end);
    assert_string_equal(texts[0], text);
    assert_int_equal(snap->format->new_files(arena, &snap->migrations, "//", INT64_C(1795970324000000), paths, texts, &err), 0);
    assert_int_equal(err.code, LS_E_USAGE);
    ls_err_release(&err);
    ls_arena_free(arena);
    ls_snapshot_free(snap);
}

#endif
