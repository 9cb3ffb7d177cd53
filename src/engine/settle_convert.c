/* Convert: another tool's folder beside the old one, and its ledger with what is applied. The source's folder is left alone; its ledger too, but for its
 * name where both tools want the same. */
#include <config.h>

#include "engine/convert.h"

#include <string.h>
#include <sys/stat.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/sql/quote.h"

/* The tools whose files can be written. */
static bool is_target(const struct ls_format *f)
{
    return f->layout != NULL && f->scan != NULL && (f->caps & LS_CAP_RECOGNISE_ONLY) == 0;
}

size_t ls_settle_convert_targets(const char **names, size_t max)
{
    const struct ls_format *const *all;
    size_t n, k = 0;

    all = ls_formats(&n);
    for (size_t i = 0; i < n; i++) {
        if (!is_target(all[i]))
            continue;
        if (k < max)
            names[k] = all[i]->name;
        k++;
    }
    return k;
}

static bool is_applied(const struct ls_entry *e)
{
    return e->state == LS_STATE_APPLIED || e->state == LS_STATE_MODIFIED;
}

/* --- files ----------------------------------------------------------------------------------------------------------------------------------------------- */

static void write_all(struct ls_convert *cv)
{
    const struct ls_layout *l = cv->target->layout;
    struct ls_arena *a = cv->t->arena;
    struct ls_written *all = LS_ARENA_ARRAY(a, struct ls_written, cv->c.n + 1);
    const char *paths[2] = {0}, *texts[2] = {0};
    int n_folder;

    for (size_t i = 0; i < cv->c.n; i++) {
        struct ls_written_file out[3];
        size_t n = ls_layout_write(l, cv->dialect, a, &cv->c.v[i].w, out);

        all[i] = cv->c.v[i].w;
        for (size_t k = 0; k < n; k++)
            *LS_VEC_PUSH(&cv->files) = out[k];
    }
    n_folder = l->folder_files != NULL ? l->folder_files(a, cv->dialect, all, cv->c.n, cv->t->request.wall_us, paths, texts) : 0;
    for (int i = 0; i < n_folder; i++)
        *LS_VEC_PUSH(&cv->files) = (struct ls_written_file){paths[i], texts[i], strlen(texts[i])};
}

static enum ls_rc add_files(struct ls_convert *cv, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; rc == LS_OK && i < cv->files.n; i++) {
        const struct ls_written_file *f = &cv->files.v[i];
        const char *path = ls_arena_printf(cv->t->arena, "%s/%s", cv->t->out_dir, f->path), *slash = strrchr(f->path, '/');

        if (slash != NULL)
            ls_settle_mkdir(cv->t, ls_arena_printf(cv->t->arena, "%s/%.*s", cv->t->out_dir, (int)(slash - f->path), f->path));
        rc = ls_settle_write(cv->t, path, f->text, f->len, true, err);
    }
    return rc;
}

static enum ls_rc choose_folder(struct ls_convert *cv, struct ls_err *err)
{
    const char *out = cv->t->request.out_dir;
    struct ls_arena *a = cv->t->arena;
    size_t n = strlen(cv->t->dir);
    struct ls_dir dir = {0};
    bool is_empty;

    while (n > 1 && cv->t->dir[n - 1] == '/')
        n--;
    cv->t->out_dir = out != NULL && out[0] != '\0' ? ls_arena_str(a, out) : ls_arena_printf(a, "%.*s-%s", (int)n, cv->t->dir, cv->target->name);
    if (ls_path_kind(cv->t->out_dir) == LS_PATH_NONE)
        return LS_OK;
    is_empty = ls_dir_list(cv->t->out_dir, &dir, NULL) == LS_OK && dir.e.n == 0;
    ls_dir_release(&dir);
    if (is_empty)
        return LS_OK;
    ls_err_set(err, LS_E_REFUSED, "%s is there already, and not empty: nothing is written into a folder that has something in it", cv->t->out_dir);
    ls_err_hint(err, "name another one with --out DIR, or remove it");
    return LS_E_REFUSED;
}

/* --- the ledger ---------------------------------------------------------------------------------------------------------------------------------------------- */

/* "schema_migrations" of the source becomes "schema_migrations_dbmate": what it says is kept. Sent in front of what makes the target's. */
static enum ls_rc keep_old(struct ls_convert *cv, struct ls_settle_plan *plan, struct ls_err *err)
{
    const struct ls_ledger *l = &cv->snap->ledger;
    const char *dot = strrchr(l->location, '.'), *table = dot != NULL && l->schema != NULL ? dot + 1 : l->location;
    struct ls_arena *a = plan->ctx.plan->arena;
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_op *op = LS_VEC_PUSH(&plan->ctx.plan->setup);
    const char *kept;
    char *suffix = ls_strdup(cv->snap->format->name);
    enum ls_rc rc;

    for (char *p = suffix; *p != '\0'; p++)
        *p = *p == '-' ? '_' : *p;
    kept = ls_arena_printf(a, "%s_%s", table, suffix);
    free(suffix);
    ls_buf_adds(&sql, "ALTER TABLE ");
    rc = ls_sql_ident2(&sql, l->schema, table, err);
    ls_buf_adds(&sql, " RENAME TO ");
    if (rc == LS_OK)
        rc = ls_sql_ident2(&sql, NULL, kept, err);
    *op = (struct ls_op){.kind = LS_OP_LEDGER, .sql = ls_arena_strn(a, sql.ptr, sql.len), .len = sql.len, .expect_rows = -1};
    ls_buf_release(&sql);
    ls_settle_note(cv->t, &cv->t->findings, LS_SEV_WARNING, "ledger-renamed", NULL, "both tools call their ledger %s: the old one is kept as %s, and %s will not find it any more",
                   table, kept, cv->snap->format->title);
    return rc;
}

/* The time goes in front of the step's end. */
static enum ls_rc carry_time(struct ls_convert *cv, struct ls_settle_plan *plan, const struct ls_entry *from, const struct ls_migration *to, struct ls_err *err)
{
    struct ls_step *step = &plan->ctx.plan->steps.v[plan->ctx.plan->steps.n - 1];
    struct ls_op end[2] = {{0}};
    size_t n = 0;
    enum ls_rc rc;

    if (from->row == NULL || from->row->applied_at == NULL || cv->target->layout->applied_at == NULL)
        return LS_OK;
    while (n < 2 && step->ops.n > 0 && (step->ops.v[step->ops.n - 1].kind == LS_OP_COMMIT || step->ops.v[step->ops.n - 1].kind == LS_OP_JOURNAL))
        end[n++] = step->ops.v[--step->ops.n];
    rc = ls_layout_set_time(cv->target, &plan->ctx, step, to->id, from->row->finished_at != NULL ? from->row->finished_at : from->row->applied_at, err);
    while (n > 0)
        *LS_VEC_PUSH(&step->ops) = end[--n];
    return rc;
}

/* A cursor, or a tool that only looks at the newest, can say "the first ones are applied" and nothing else. */
static enum ls_rc check_prefix(const struct ls_convert *cv, const struct ls_ledger *l, struct ls_err *err)
{
    const struct ls_entry *open = NULL;

    if (l->shape != LS_LEDGER_CURSOR && l->shape != LS_LEDGER_HIGH_WATER)
        return LS_OK;
    for (size_t i = 0; i < cv->c.n; i++) {
        const struct ls_entry *e = cv->c.v[i].entry;

        if (!is_applied(e)) {
            open = open != NULL ? open : e;
        } else if (open != NULL) {
            ls_err_set(err, LS_E_REFUSED, "%s is applied and %s in front of it is not: %s's ledger cannot say that, and would never run it", e->label, open->label,
                       cv->target->title);
            ls_err_hint(err, "apply it first, or give it a later number: lockstep renumber %s", open->label);
            return LS_E_REFUSED;
        }
    }
    return LS_OK;
}

static const struct ls_migration *staged_of(const struct ls_convert *cv, size_t i)
{
    size_t k = 0;

    for (size_t n = 0; n < cv->staged.m.n; n++)
        if (cv->staged.m.v[n].kind == LS_KIND_VERSIONED && k++ == i)
            return &cv->staged.m.v[n];
    return NULL;
}

static enum ls_rc mark_all(struct ls_convert *cv, struct ls_settle_plan *plan, const struct ls_timeline *t, struct ls_err *err)
{
    bool is_cursor = plan->ctx.ledger->shape == LS_LEDGER_CURSOR;
    long last = -1;
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; i < cv->c.n; i++)
        last = is_applied(cv->c.v[i].entry) ? (long)i : last;
    for (long i = is_cursor ? last : 0; rc == LS_OK && i >= 0 && i <= last; i++) {
        const struct ls_migration *m = staged_of(cv, (size_t)i);
        long at = m != NULL ? ls_timeline_find_id(t, m->id) : -1;
        size_t before = plan->ctx.plan->steps.n;

        if (!is_applied(cv->c.v[i].entry))
            continue;
        if (at < 0)
            return ls_err_set(err, LS_E_INTERNAL, "%s is not found in the new folder", cv->c.v[i].entry->label);
        rc = ls_settle_mark(plan, &t->e.v[at], true, err);
        if (rc == LS_OK && plan->ctx.plan->steps.n > before)
            rc = carry_time(cv, plan, cv->c.v[i].entry, m, err);
    }
    return rc;
}

static enum ls_rc check_ledger(const struct ls_convert *cv, const struct ls_ledger *l, bool is_own, struct ls_err *err)
{
    if (l->foreign != NULL && !is_own) {
        ls_err_set(err, LS_E_REFUSED, "the table %s, where %s keeps its ledger, belongs to %s", l->location, cv->target->title, l->foreign);
        ls_err_hint(err, "move that table away first");
        return LS_E_REFUSED;
    }
    if (l->foreign == NULL && l->exists && l->rows.n > 0) {
        ls_err_set(err, LS_E_REFUSED, "%s has a ledger in this database already: %s, with %zu row%s", cv->target->title, l->location, l->rows.n, l->rows.n == 1 ? "" : "s");
        ls_err_hint(err, "without a database (no --url) the files alone are converted");
        return LS_E_REFUSED;
    }
    if (cv->snap->ledger.dirty) {
        ls_err_set(err, LS_E_REFUSED, "the ledger %s is dirty: what is applied is not known", cv->snap->ledger.location);
        ls_err_hint(err, "settle that first: lockstep status");
        return LS_E_REFUSED;
    }
    return LS_OK;
}

static bool has_applied(const struct ls_convert *cv)
{
    for (size_t i = 0; i < cv->c.n; i++)
        if (is_applied(cv->c.v[i].entry))
            return true;
    return false;
}

static enum ls_rc write_ledger(struct ls_convert *cv, const struct ls_ledger *seen, struct ls_err *err)
{
    /* Another tool's table counts as none: it is out of the way by the time that the target's is made. */
    struct ls_ledger empty = {.location = seen->location, .schema = seen->schema, .shape = seen->shape, .is_writable = true};
    const struct ls_ledger *l = seen->foreign != NULL ? &empty : seen;
    struct ls_timeline t = {0};
    struct ls_settle_plan plan;
    enum ls_rc rc;

    ls_timeline_build(&cv->staged, l, cv->target->rules, &t);
    ls_settle_plan_begin(&plan, cv->s, cv->t, cv->target, cv->snap->target_label, &t, l, &cv->staged);
    ls_ledger_fingerprint(seen, plan.ctx.plan->ledger_fingerprint);
    plan.opts.table = NULL;
    plan.opts.dir = cv->t->out_dir;
    rc = mark_all(cv, &plan, &t, err);
    if (rc == LS_OK && plan.ctx.plan->steps.n > 0 && seen->foreign != NULL)
        rc = keep_old(cv, &plan, err);
    if (rc == LS_OK)
        rc = ls_settle_plan_end(&plan, err);
    ls_timeline_release(&t);
    return rc;
}

static enum ls_rc add_ledger(struct ls_convert *cv, struct ls_err *err)
{
    struct ls_format_opts opts = cv->s->opts;
    struct ls_ledger seen = {0};
    bool is_own;
    enum ls_rc rc;

    if (!cv->snap->has_db || !has_applied(cv))
        return LS_OK;
    if (cv->target->plan_mark == NULL) {
        ls_settle_note(cv->t, &cv->t->lost, LS_SEV_ERROR, "ledger", NULL, "lockstep does not write %s's ledger: baseline the database with the tool itself", cv->target->title);
        return LS_OK;
    }
    opts.table = NULL;
    opts.dir = cv->t->out_dir;
    rc = ls_session_connect_to_read(cv->s, err);
    if (rc == LS_OK)
        rc = cv->target->ledger_read(cv->s->db, &opts, &seen, err);
    is_own = rc == LS_OK && seen.foreign != NULL && cv->snap->ledger.location != NULL && strcmp(seen.location, cv->snap->ledger.location) == 0;
    if (rc == LS_OK)
        rc = check_ledger(cv, &seen, is_own, err);
    if (rc == LS_OK)
        rc = check_prefix(cv, &seen, err);
    if (rc == LS_OK)
        rc = write_ledger(cv, &seen, err);
    ls_ledger_release(&seen);
    return rc;
}

/* --- all of it ------------------------------------------------------------------------------------------------------------------------------------------------- */

static enum ls_rc find_target(struct ls_convert *cv, struct ls_err *err)
{
    const char *name = cv->t->request.to_format;

    cv->target = name != NULL ? ls_format_find(name) : NULL;
    if (cv->target == NULL || !is_target(cv->target)) {
        ls_err_set(err, LS_E_USAGE, name == NULL ? "convert wants the format to convert to: --to FORMAT" : "\"%s\" is no format that can be written", name);
        ls_err_hint(err, "lockstep formats lists them");
        return LS_E_USAGE;
    }
    if (cv->target == cv->snap->format) {
        ls_err_set(err, LS_E_USAGE, "%s is in the format of %s already", cv->snap->migrations.dir, cv->target->title);
        return LS_E_USAGE;
    }
    cv->t->to_format = cv->target->name;
    return LS_OK;
}

static enum ls_rc make(struct ls_convert *cv, char **stage, struct ls_err *err)
{
    enum ls_rc rc = find_target(cv, err);

    if (rc == LS_OK)
        rc = choose_folder(cv, err);
    if (rc == LS_OK)
        rc = ls_convert_texts(cv, err);
    if (rc == LS_OK && cv->c.n == 0)
        rc = ls_err_set(err, LS_E_NOT_FOUND, "%s holds nothing that could be written as %s's", cv->t->dir, cv->target->title);
    if (rc != LS_OK)
        return rc;
    write_all(cv);
    rc = ls_convert_stage(cv, stage, err);
    if (rc == LS_OK)
        rc = add_files(cv, err);
    return rc == LS_OK ? add_ledger(cv, err) : rc;
}

static void release(struct ls_convert *cv, char *stage)
{
    if (stage != NULL && ls_remove_tree(stage, NULL) != LS_OK) { /* it lies in /tmp, and holds nothing that is not in the source */
    }
    free(stage);
    ls_migrations_release(&cv->staged);
    LS_VEC_RELEASE(&cv->c);
    LS_VEC_RELEASE(&cv->files);
}

enum ls_rc ls_settle_convert_make(struct ls_session *s, const struct ls_snapshot *snap, const struct ls_settle_request *req, struct ls_settlement **out,
                                  struct ls_err *err)
{
    struct ls_convert cv = {.s = s, .snap = snap, .dialect = snap->has_db ? snap->info.dialect : s->dialect_rc == LS_OK ? s->dialect : LS_DIALECT_POSTGRES};
    char *stage = NULL;
    enum ls_rc rc;

    *out = NULL;
    cv.t = ls_settlement_new(snap, req, LS_SETTLE_CONVERT);
    rc = make(&cv, &stage, err);
    if (rc == LS_OK) {
        cv.t->title = ls_arena_printf(cv.t->arena, "%zu migration%s of %s written as %s's into %s", cv.c.n, cv.c.n == 1 ? "" : "s", snap->format->title,
                                      cv.target->title, cv.t->out_dir);
        if (!snap->has_db)
            ls_settle_note(cv.t, &cv.t->findings, LS_SEV_WARNING, "no-database", NULL, "no database was read: only the files are converted, and no ledger is written");
        ls_settle_seal(cv.t);
        *out = cv.t;
    } else {
        ls_settlement_free(cv.t);
    }
    release(&cv, stage);
    return rc;
}
