/* Sqitch: its project recognised, what it would do with each state, and why it refuses. Its scripts are for the database's client
 * program, so sqitch itself runs them (sqitch_plan.c). Facts: formats.md 4.11; source: Engine.pm; observed: 1.3.1. */
#include <config.h>

#include "format/sqitch.h"

#include <string.h>

#include "format/lockstep.h"
#include "format/table.h"

/* --- detection --------------------------------------------------------------------------------------------------------------- */

static bool has_file(const struct ls_dir *dir, const char *name)
{
    for (size_t i = 0; i < dir->e.n; i++)
        if (!dir->e.v[i].is_dir && strcmp(dir->e.v[i].name, name) == 0)
            return true;
    return false;
}

/* Changes that the plan has, and whether it begins as a plan does. */
static bool read_plan(struct ls_arena *arena, const char *path, size_t *n)
{
    struct ls_buf text = LS_BUF_INIT;
    struct ls_sqitch_plan plan;
    bool is_plan = false;

    if (ls_path_kind(path) == LS_PATH_FILE && ls_file_read(path, 0, 0, &text, NULL) == LS_OK && text.len > 0) {
        is_plan = memmem(text.ptr, text.len < 256 ? text.len : 256, "%syntax-version=", 16) != NULL;
        ls_sqitch_plan_parse(arena, text.ptr, text.len, &plan);
        for (size_t i = 0; i < plan.items.n; i++)
            *n += !plan.items.v[i].is_tag;
        ls_sqitch_plan_release(&plan);
    }
    ls_buf_release(&text);
    return is_plan;
}

static void detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    struct ls_arena *arena;
    struct ls_sqitch_project project;
    bool has_conf = has_file(dir, "sqitch.conf"), is_plan;

    memset(out, 0, sizeof(*out));
    if (!has_conf && !has_file(dir, "sqitch.plan"))
        return;
    arena = ls_arena_new();
    ls_sqitch_project_read(arena, path, LS_DIALECT_POSTGRES, &project);
    if (project.engine != NULL && strcmp(project.engine, "sqlite") == 0)
        ls_sqitch_project_read(arena, path, LS_DIALECT_SQLITE, &project);
    is_plan = read_plan(arena, project.plan_file, &out->n_migrations);
    out->score = is_plan ? 100 : has_conf ? 95 : 0;
    out->has_dialect = project.engine != NULL && (strcmp(project.engine, "sqlite") == 0 || strcmp(project.engine, "pg") == 0);
    out->dialect = out->has_dialect && strcmp(project.engine, "sqlite") == 0 ? LS_DIALECT_SQLITE : LS_DIALECT_POSTGRES;
    if (is_plan)
        snprintf(out->evidence, sizeof(out->evidence), "%s with %%syntax-version= and %zu change%s",
                 ls_path_base(project.plan_file), out->n_migrations, out->n_migrations == 1 ? "" : "s");
    else if (has_conf)
        snprintf(out->evidence, sizeof(out->evidence), "a file sqitch.conf");
    ls_arena_free(arena);
}

/* --- what the registry says ----------------------------------------------------------------------------------------------- */

static const char *cell(const struct ls_ledger *l, const struct ls_ledger_row *row, const char *column)
{
    const char *text = ls_table_cell(l, row, column);

    return text != NULL ? text : "";
}

static bool is_deployed_row(const struct ls_ledger *l, const struct ls_ledger_row *row)
{
    return row->state == LS_ROW_APPLIED && strcmp(cell(l, row, "kind"), "change") == 0;
}

const struct ls_ledger_row *ls_sqitch_newest(const struct ls_ledger *l)
{
    for (size_t i = l->rows.n; i-- > 0;)
        if (is_deployed_row(l, &l->rows.v[i]))
            return &l->rows.v[i];
    return NULL;
}

/* The hash that an upgraded registry never knew is no other one. */
static bool is_modified(const struct ls_migration *m, const struct ls_ledger_row *row)
{
    return m->checksum != NULL && row->checksum != NULL && row->kind != LS_KIND_TAG && strcmp(m->checksum, row->checksum) != 0;
}

/* What was edited in the plan so that a change has another id; NULL: nothing of its own. */
static const char *edited(const struct ls_ledger *l, const struct ls_migration *m, const struct ls_ledger_row *row)
{
    const char *note = cell(l, row, "note"), *date = cell(l, row, "planned_at");
    struct ls_arena *scratch = ls_arena_new();
    const char *planner = ls_arena_printf(scratch, "%s <%s>", cell(l, row, "planner_name"), cell(l, row, "planner_email"));
    size_t line = strcspn(note, "\r\n");
    const char *what = NULL;

    if (strlen(m->name) != line || strncmp(m->name, note, line) != 0)
        what = "its note was edited";
    else if (strcmp(m->author, planner) != 0)
        what = "its planner was edited";
    else if (strlen(date) < 19 || strncmp(date, m->authored_at, 10) != 0 || strncmp(date + 11, m->authored_at + 11, 8) != 0)
        what = "its time was edited";
    ls_arena_free(scratch);
    return what;
}

static bool is_called(const struct ls_migration *m, const char *name)
{
    size_t n = strcspn(m->label, "@");

    return m->kind == LS_KIND_VERSIONED && strlen(name) == n && strncmp(m->label, name, n) == 0;
}

/* The first change of the plan that is deployed under another id: the plan was edited there, or in front of it. */
static const struct ls_entry *first_edited(const struct ls_timeline *t, const struct ls_ledger *l, const struct ls_ledger_row **row)
{
    for (size_t i = 0; i < t->e.n; i++) {
        const struct ls_entry *e = &t->e.v[i];

        if (e->migration == NULL || e->migration->kind != LS_KIND_VERSIONED || (e->row != NULL && e->row->state == LS_ROW_APPLIED))
            continue;
        for (size_t k = 0; k < l->rows.n; k++) {
            long at = -1;

            if (!is_deployed_row(l, &l->rows.v[k]) || !is_called(e->migration, l->rows.v[k].name != NULL ? l->rows.v[k].name : ""))
                continue;
            at = ls_timeline_find_id(t, l->rows.v[k].id);
            if (at >= 0 && t->e.v[at].migration != NULL)
                continue; /* that is its rework, or what it reworks */
            *row = &l->rows.v[k];
            return e;
        }
    }
    return NULL;
}

static enum ls_rc check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    const struct ls_ledger_row *newest = ls_sqitch_newest(l), *row = NULL;
    long at = newest != NULL ? ls_timeline_find_id(t, newest->id) : -1;
    const struct ls_entry *e;
    const char *what;

    (void)dir;
    if (newest == NULL || (at >= 0 && t->e.v[at].migration != NULL))
        return LS_OK;
    e = first_edited(t, l, &row);
    if (e == NULL) {
        ls_err_set(err, LS_E_REFUSED, "sqitch cannot find in the plan what the registry has as the newest: the change %s, %.12s",
                   newest->name != NULL ? newest->name : "", newest->id);
        ls_err_hint(err, "bring the plan's line of it back, as it was, or deploy with the plan that it is in");
        return LS_E_REFUSED;
    }
    what = edited(l, e->migration, row);
    ls_err_set(
        err, LS_E_REFUSED,
        "the plan's ids no longer match those of the registry: %s is deployed as %.12s, and the plan makes %.12s of it, because %s",
        e->label, row->id, e->id,
        what != NULL ? what : "what it requires, what stands in front of it, or the project's name or URI was edited");
    ls_err_hint(
        err,
        "put the plan's line back as it was when it was deployed: each id is made of it, and all that follow are made of that id");
    return LS_E_REFUSED;
}

/* The row of the change that this one was when it was deployed, under an id that no line of the plan makes. Of several that have
 * the name, the first of the plan is the first of the registry. NULL: there is none. */
static const struct ls_ledger_row *deployed_as(const struct ls_migrations *m, const struct ls_ledger *l,
                                               const struct ls_migration *one)
{
    size_t n = 0;

    for (const struct ls_migration *k = m->m.v; k < one; k++)
        n += k->kind == LS_KIND_VERSIONED && strcspn(k->label, "@") == strcspn(one->label, "@") &&
             strncmp(k->label, one->label, strcspn(k->label, "@")) == 0;
    for (size_t i = 0; i < l->rows.n; i++) {
        const struct ls_ledger_row *row = &l->rows.v[i];

        if (row->name == NULL || !is_deployed_row(l, row) || !is_called(one, row->name) || n-- > 0)
            continue;
        return ls_migrations_find_id(m, row->id) == NULL ? row : NULL;
    }
    return NULL;
}

/* Said where the plan was edited, and at all that follow. */
static void tell_edited(const struct ls_migrations *m, const struct ls_ledger *l, struct ls_arena *arena, struct ls_entry *e)
{
    const struct ls_ledger_row *row = deployed_as(m, l, e->migration);
    const char *what = row != NULL ? edited(l, e->migration, row) : NULL;

    if (row != NULL)
        e->tool_would = ls_arena_printf(arena, "refuses everything: it is deployed as %.12s, and %s since", row->id,
                                        what != NULL ? what : "something in front of it was edited");
}

/* A conflict that is deployed stops it; the tool says so only when it is run. */
static void adjust(const struct ls_migrations *m, const struct ls_ledger *l, struct ls_arena *arena, struct ls_entry *e)
{
    const char *const *c = e->migration != NULL && e->is_runnable ? e->migration->conflicts : NULL;

    if (e->state == LS_STATE_ROLLED_BACK && e->migration != NULL &&
        strcmp(e->row->raw_status != NULL ? e->row->raw_status : "", "fail") == 0)
        e->tool_would = "deploys it next; it failed when it was tried last, and what ran of it may be there";
    if (e->state == LS_STATE_OUT_OF_ORDER)
        tell_edited(m, l, arena, e);
    for (; c != NULL && *c != NULL && e->tool_would == NULL; c++)
        for (size_t i = 0; i < l->rows.n; i++)
            if (is_deployed_row(l, &l->rows.v[i]) && l->rows.v[i].name != NULL && strcmp(l->rows.v[i].name, *c) == 0)
                e->tool_would = ls_arena_printf(arena, "refuses it: it conflicts with %s, which is deployed", *c);
}

/* sqitch takes its own as a child of ours, for mark too: what is told here is who must not hold it then. */
static int lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4])
{
    int n = ls_lockstep_lock_keys(db, opts, ledger, keys);

    if (ls_db_dialect(db) == LS_DIALECT_POSTGRES && n < 4)
        keys[n++] = 75474063; /* source: Engine/pg.pm */
    return n;
}

static const struct ls_timeline_rules rules = {
    .has_checksums = true,
    .applied = "nothing: it is in the registry",
    .pending_next = "deploys it next",
    .pending_later = "deploys it after the ones before it",
    .out_of_order = "never deploys it: it stands in the plan in front of what is deployed",
    .modified = "deploys nothing; sqitch check says that the deploy script is another one",
    .missing = "knows it as deployed, and not from the plan: when it is the newest, it refuses everything",
    .duplicate = "cannot be: a change has one place in the plan",
    .rolled_back = "deploys it next: it was reverted",
    .is_modified = is_modified,
    .adjust = adjust,
};

/* --- the format ----------------------------------------------------------------------------------------------------------- */

static const char *tool_dir(struct ls_arena *arena, const char *migrations_dir)
{
    return ls_arena_str(arena, migrations_dir);
}

static const struct ls_format_tool tool = {
    .program = "sqitch",
    .install = "Install it: in Debian the package sqitch, with libdbd-pg-perl and postgresql-client, or with libdbd-sqlite3-perl "
               "and sqlite3.",
    .dir = tool_dir,
};

static const char *const default_dirs[] = {".", "sqitch", NULL};
static const char *const tables[] = {"sqitch.changes", NULL};

const struct ls_format ls_format_sqitch = {
    .name = "sqitch",
    .title = "sqitch",
    .ledger_table = "sqitch.changes",
    .tables = tables,
    .default_dirs = default_dirs,
    .caps = LS_CAP_UP | LS_CAP_DOWN | LS_CAP_VERIFY | LS_CAP_CHECKSUM | LS_CAP_APPLIED_AT | LS_CAP_RECORD_ONLY | LS_CAP_AUTHOR |
            LS_CAP_DELEGATE,
    .rules = &rules,
    .tool = &tool,
    .config = ls_sqitch_config,
    .detect = detect,
    .scan = ls_sqitch_scan,
    .ledger_read = ls_sqitch_ledger_read,
    .plan_step = ls_sqitch_plan_step,
    .plan_mark = ls_sqitch_plan_mark,
    .verify_cmd = ls_sqitch_verify_cmd,
    .lock_keys = lock_keys,
    .check_runnable = check_runnable,
    .new_files = ls_sqitch_new_files,
};
