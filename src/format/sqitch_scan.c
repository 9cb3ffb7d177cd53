/* A Sqitch project's folder: the plan's changes and tags in their order, with the scripts that belong to them. */
#include <config.h>

#include "format/sqitch.h"

#include <string.h>
#include <sys/stat.h>

#include "format/tree.h"

#define PLAN_MAX ((size_t)64 * 1024 * 1024)

struct scanner {
    struct ls_migrations *out;
    struct ls_sqitch_project project;
    struct ls_sqitch_plan plan;
    bool need_hash;
    struct ls_buf text;
};

/* "users@v1.0.sql" in the folder of reworked scripts: the first of the tags whose deploy script is there; else the first. */
static const char *script_name(struct scanner *s, const struct ls_sqitch_item *c)
{
    struct ls_arena *arena = s->out->arena;

    for (const char *const *tag = c->rework_tags; tag != NULL && *tag != NULL; tag++) {
        const char *name = ls_arena_printf(arena, "%s@%s.%s", c->name, *tag, s->project.extension);

        if (ls_path_kind(ls_arena_printf(arena, "%s/%s", s->project.reworked_deploy, name)) != LS_PATH_NONE)
            return name;
    }
    if (c->rework_tags != NULL && c->rework_tags[0] != NULL)
        return ls_arena_printf(arena, "%s@%s.%s", c->name, c->rework_tags[0], s->project.extension);
    return ls_arena_printf(arena, "%s.%s", c->name, s->project.extension);
}

/* A plan may name whatever it likes ("a/../../b"): only links and names that climb are looked at closely. */
static bool leads_outside(const char *dir, const char *name, const char *path)
{
    struct stat st;
    bool is_link = lstat(path, &st) == 0 && S_ISLNK(st.st_mode);

    return (is_link || strstr(name, "..") != NULL) && ls_path_exists(path) && ls_scan_leads_outside(dir, path);
}

/* False: it is there, and could not be read. */
static bool add_script(struct scanner *s, struct ls_migration *m, struct ls_section *section, const char *dir, const char *name,
                       bool read)
{
    const char *path = ls_arena_path(s->out->arena, dir, name);

    if (ls_path_kind(path) == LS_PATH_NONE)
        return true;
    if (leads_outside(dir, name, path)) {
        ls_scan_diag(s->out, LS_SEV_ERROR, "outside-link", path, "%s leads out of the folder, or nowhere: it is not followed", name)
            ->version = m->label;
        m->flags |= LS_MIG_BROKEN;
        return false;
    }
    section->path = path;
    section->policy = LS_POLICY_NO_TX; /* the client program sends what is in it, and nothing around it */
    return !read || ls_scan_read(s->out, m, section, &s->text);
}

static void add_scripts(struct scanner *s, struct ls_migration *m, const struct ls_sqitch_item *c)
{
    const struct ls_sqitch_project *p = &s->project;
    bool is_reworked = c->rework_tags != NULL && c->rework_tags[0] != NULL;
    const char *name = script_name(s, c);
    char hash[LS_SHA1_HEX];

    if (add_script(s, m, &m->up, is_reworked ? p->reworked_deploy : p->deploy, name, true) && m->up.path != NULL) {
        ls_sha1_hex(s->text.ptr != NULL ? s->text.ptr : "", s->text.len, hash);
        m->checksum = ls_arena_str(s->out->arena, hash);
        if (s->text.len == 0)
            m->flags |= LS_MIG_EMPTY;
    } else if (m->up.path == NULL && (m->flags & LS_MIG_BROKEN) == 0) {
        ls_scan_diag(s->out, LS_SEV_ERROR, "missing-up",
                     ls_arena_printf(s->out->arena, "%s/%s", is_reworked ? p->reworked_deploy : p->deploy, name),
                     "the plan has the change %s, and there is no script to deploy it", m->label)
            ->version = m->label;
    }
    (void)add_script(s, m, &m->down, is_reworked ? p->reworked_revert : p->revert, name, s->need_hash);
    (void)add_script(s, m, &m->verify, is_reworked ? p->reworked_verify : p->verify, name, s->need_hash);
}

/* --- the plan's entries --------------------------------------------------------------------------------------------------- */

/* The first tag behind a change, before the next change; -1 none. */
static long first_tag(const struct ls_sqitch_plan *p, long at)
{
    return at + 1 < (long)p->items.n && p->items.v[at + 1].is_tag ? at + 1 : -1;
}

/* As people name it: a change that was planned again has the tag with it. */
static const char *label_of(struct scanner *s, long at)
{
    const struct ls_sqitch_item *c = &s->plan.items.v[at];
    long tag = first_tag(&s->plan, at);

    if (c->is_tag)
        return ls_arena_printf(s->out->arena, "@%s", c->name);
    if (c->rework_tags == NULL || c->rework_tags[0] == NULL)
        return c->name;
    return ls_arena_printf(s->out->arena, "%s@%s", c->name, tag >= 0 ? s->plan.items.v[tag].name : c->rework_tags[0]);
}

/* The first line. */
static const char *title_of(struct scanner *s, const struct ls_sqitch_item *c)
{
    return ls_arena_strn(s->out->arena, c->note, strcspn(c->note, "\r\n"));
}

static const char *const *tags_of(struct scanner *s, long at)
{
    const struct ls_sqitch_plan *p = &s->plan;
    size_t n = 0;
    const char **list;

    while (at + 1 + (long)n < (long)p->items.n && p->items.v[at + 1 + (long)n].is_tag)
        n++;
    if (n == 0)
        return NULL;
    list = LS_ARENA_ARRAY(s->out->arena, const char *, n + 1);
    for (size_t i = 0; i < n; i++)
        list[i] = ls_arena_printf(s->out->arena, "@%s", p->items.v[at + 1 + (long)i].name);
    return list;
}

/* Each entry of the plan is the migration at the same place, whose id stays when the plan goes. */
static void add_depends(struct scanner *s, struct ls_migration *m, const struct ls_sqitch_item *c)
{
    const char **depends = LS_ARENA_ARRAY(s->out->arena, const char *, c->n_depends + 1);
    const char **conflicts = LS_ARENA_ARRAY(s->out->arena, const char *, c->n_depends + 1);
    size_t n = 0, n_conflicts = 0;

    for (size_t i = 0; i < c->n_depends; i++) {
        const struct ls_sqitch_depend *d = &c->depends[i];

        if (d->is_conflict)
            conflicts[n_conflicts++] = d->text;
        else
            depends[n++] = d->item >= 0 ? s->out->m.v[d->item].id : d->text;
    }
    m->depends = n > 0 ? depends : NULL;
    m->conflicts = n_conflicts > 0 ? conflicts : NULL;
}

static void add_item(struct scanner *s, long at)
{
    const struct ls_sqitch_item *c = &s->plan.items.v[at];
    struct ls_arena *arena = s->out->arena;
    struct ls_migration *m = LS_VEC_PUSH(&s->out->m);

    m->id = ls_arena_str(arena, c->id);
    m->label = label_of(s, at);
    m->name = title_of(s, c);
    m->author = ls_arena_printf(arena, "%s <%s>", c->planner_name, c->planner_email);
    m->authored_at = c->date;
    if (c->is_tag) {
        m->kind = LS_KIND_TAG;
        return;
    }
    m->lang = LS_LANG_CLIENT_SCRIPT;
    m->labels = tags_of(s, at);
    add_depends(s, m, c);
    add_scripts(s, m, c);
}

/* --- the folder ----------------------------------------------------------------------------------------------------------- */

static void report_plan(struct scanner *s)
{
    for (size_t i = 0; i < s->plan.errors.n; i++) {
        const struct ls_sqitch_error *e = &s->plan.errors.v[i];
        struct ls_diag *d = ls_scan_diag(s->out, LS_SEV_ERROR, "plan-syntax", s->project.plan_file, "%s", e->message);

        d->line = e->line;
        d->hint = e->hint;
    }
}

static bool is_in_plan(const struct ls_sqitch_plan *p, const char *name, bool is_tag)
{
    for (size_t i = 0; name != NULL && i < p->items.n; i++)
        if (p->items.v[i].is_tag == is_tag && strcmp(p->items.v[i].name, name) == 0)
            return true;
    return name == NULL;
}

/* The plan is read all the same; the change is what fails (observed: "Unable to find change"). */
static void check_conflicts(struct scanner *s)
{
    for (size_t i = 0; i < s->plan.items.n; i++) {
        const struct ls_sqitch_item *c = &s->plan.items.v[i];

        for (size_t k = 0; k < c->n_depends; k++) {
            const struct ls_sqitch_depend *d = &c->depends[k];
            bool is_own = d->project == NULL || (s->plan.project != NULL && strcmp(d->project, s->plan.project) == 0);
            struct ls_diag *diag;

            if (!d->is_conflict || !is_own || d->id != NULL ||
                (is_in_plan(&s->plan, d->change, false) && is_in_plan(&s->plan, d->tag, true)))
                continue;
            diag = ls_scan_diag(s->out, LS_SEV_WARNING, "unknown-conflict", s->project.plan_file,
                                "%s conflicts with %s, which is not in the plan: sqitch fails when it is to deploy it", c->name,
                                d->text);
            diag->line = c->line;
            diag->hint = "take it out, or name the project that it is of: !project:change";
        }
    }
}

static void read_plan(struct scanner *s)
{
    struct ls_err err = LS_ERR_INIT;
    const char *path = s->project.plan_file;

    if (ls_path_kind(path) == LS_PATH_NONE) {
        ls_scan_diag(s->out, LS_SEV_ERROR, "missing-plan", path, "there is no plan: sqitch knows no changes without one")->hint =
            "sqitch init makes one; core.plan_file and core.top_dir in sqitch.conf say where it is";
    } else if (ls_file_read(path, 0, PLAN_MAX, &s->text, &err) != LS_OK) {
        ls_scan_diag(s->out, LS_SEV_ERROR, "unreadable-file", path, "%s", err.message);
    } else {
        ls_sqitch_plan_parse(s->out->arena, s->text.ptr != NULL ? s->text.ptr : "", s->text.len, &s->plan);
        report_plan(s);
        check_conflicts(s);
    }
    ls_err_release(&err);
}

enum ls_rc ls_sqitch_scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct scanner s = {.out = out, .need_hash = need_hash, .text = LS_BUF_INIT};

    ls_scan_begin(out, dir);
    if (ls_path_kind(dir) != LS_PATH_DIR)
        return ls_err_set(err, LS_E_NOT_FOUND, "%s is no folder", dir);
    ls_sqitch_project_read(out->arena, dir, dialect, &s.project);
    if (s.project.conf_error != NULL)
        ls_scan_diag(out, LS_SEV_ERROR, "conf-syntax", s.project.conf_path, "%s", s.project.conf_error)->line =
            s.project.conf_error_line;
    read_plan(&s);
    for (long i = 0; i < (long)s.plan.items.n; i++)
        add_item(&s, i);
    ls_sqitch_plan_release(&s.plan);
    ls_buf_release(&s.text);
    return LS_OK;
}
