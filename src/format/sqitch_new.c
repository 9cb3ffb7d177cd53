/* A new change, as sqitch add writes it: a line in the plan and three scripts from its templates (source: Command/add.pm, Plan.pm, templates). */
#include <config.h>

#include "format/sqitch.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "format/scan.h"
#include "lockstep/base/clock.h"

struct planner {
    const char *name, *email;
};

/* sqitch.conf of the project, else that of the user, else the system: as sqitch, but for its SQITCH_FULLNAME and SQITCH_EMAIL. */
static void find_planner(struct ls_arena *arena, const struct ls_sqitch_project *project, struct planner *out)
{
    struct ls_sqitch_conf conf = {.arena = arena};
    struct ls_buf text = LS_BUF_INIT;
    struct passwd pw, *found = NULL;
    char scratch[4096], host[256] = "localhost";
    const char *path, *user = "unknown";

    if (getpwuid_r(getuid(), &pw, scratch, sizeof(scratch), &found) != 0)
        found = NULL;
    if (found != NULL) {
        user = ls_arena_str(arena, found->pw_name);
        path = ls_arena_printf(arena, "%s/.sqitch/sqitch.conf", found->pw_dir);
        if (ls_path_kind(path) == LS_PATH_FILE && ls_file_read(path, 0, 65536, &text, NULL) == LS_OK)
            ls_sqitch_conf_parse(arena, text.ptr != NULL ? text.ptr : "", text.len, &conf);
    }
    (void)gethostname(host, sizeof(host) - 1);
    out->name = project->user_name != NULL ? project->user_name : ls_sqitch_conf_get(&conf, "user", "", "name");
    out->email = project->user_email != NULL ? project->user_email : ls_sqitch_conf_get(&conf, "user", "", "email");
    if (out->name == NULL)
        out->name = found != NULL && found->pw_gecos != NULL && strcspn(found->pw_gecos, ",") > 0
                        ? ls_arena_strn(arena, found->pw_gecos, strcspn(found->pw_gecos, ","))
                        : user;
    if (out->email == NULL)
        out->email = ls_arena_printf(arena, "%s@%s", user, host);
    ls_sqitch_conf_release(&conf);
    ls_buf_release(&text);
}

static bool is_planned(const struct ls_sqitch_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->items.n; i++)
        if (!plan->items.v[i].is_tag && strcmp(plan->items.v[i].name, name) == 0)
            return true;
    return false;
}

/* The plan with a line more. sqitch requires a note: the words of the name as they were typed. */
static const char *plan_text(struct ls_arena *arena, const struct ls_buf *old, const char *name, const char *note, const struct planner *planner,
                             int64_t wall_us)
{
    char iso[LS_ISO_LEN];
    bool is_ended = old->len > 0 && old->ptr[old->len - 1] == '\n';

    ls_iso_utc(wall_us, iso);
    return ls_arena_printf(arena, "%s%s%s %.19sZ %s <%s> # %s\n", old->ptr, is_ended ? "" : "\n", name, iso, planner->name, planner->email, note);
}

static const struct {
    const char *head, *link, *body, *end;
} scripts[] = {
    {"Deploy", "to", "-- XXX Add DDLs here.", "COMMIT;"},
    {"Revert", "from", "-- XXX Add DDLs here.", "COMMIT;"},
    {"Verify", "on", "-- XXX Add verifications here.", "ROLLBACK;"},
};

/* The plan must be one that sqitch reads. *text gets it. */
static enum ls_rc read_plan(struct ls_arena *arena, const struct ls_sqitch_project *project, struct ls_buf *text, struct ls_sqitch_plan *plan, struct ls_err *err)
{
    enum ls_rc rc = ls_file_read(project->plan_file, 0, 0, text, err);

    if (rc != LS_OK)
        return rc;
    ls_sqitch_plan_parse(arena, text->ptr != NULL ? text->ptr : "", text->len, plan);
    if (plan->errors.n == 0)
        return LS_OK;
    ls_err_set(err, LS_E_REFUSED, "%s:%d: %s", project->plan_file, plan->errors.v[0].line, plan->errors.v[0].message);
    if (plan->errors.v[0].hint != NULL)
        ls_err_hint(err, "%s", plan->errors.v[0].hint);
    return LS_E_REFUSED;
}

int ls_sqitch_new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *name, int64_t wall_us, const char **paths, const char **texts,
                        struct ls_err *err)
{
    struct ls_sqitch_project project;
    struct ls_sqitch_plan plan = {0};
    struct ls_buf text = LS_BUF_INIT;
    struct planner planner;
    const char *slug = ls_scan_slug(arena, name, err), *engine;
    const char *dirs[3];
    int n = 0;

    ls_sqitch_project_read(arena, m->dir, LS_DIALECT_POSTGRES, &project);
    engine = project.engine != NULL ? project.engine : "pg";
    if (strcmp(engine, "sqlite") == 0)
        ls_sqitch_project_read(arena, m->dir, LS_DIALECT_SQLITE, &project);
    dirs[0] = project.deploy;
    dirs[1] = project.revert;
    dirs[2] = project.verify;
    if (slug == NULL || read_plan(arena, &project, &text, &plan, err) != LS_OK)
        goto out;
    if (!ls_sqitch_is_name((struct ls_str){slug, strlen(slug)}) || is_planned(&plan, slug)) {
        ls_err_set(err, LS_E_REFUSED, is_planned(&plan, slug) ? "the plan has a change \"%s\" already" : "\"%s\" is no name of a change", slug);
        ls_err_hint(err, "choose another name; sqitch rework plans a change again");
        goto out;
    }
    find_planner(arena, &project, &planner);
    for (int i = 0; i < 3; i++) {
        paths[i] = ls_arena_printf(arena, "%s/%s.%s", dirs[i], slug, project.extension);
        texts[i] = ls_arena_printf(arena, "-- %s %s:%s %s %s\n\nBEGIN;\n\n%s\n\n%s\n", scripts[i].head, plan.project, slug, scripts[i].link, engine,
                                   scripts[i].body, scripts[i].end);
        if (ls_path_exists(paths[i])) {
            ls_err_set(err, LS_E_REFUSED, "%s is there already", paths[i]);
            goto out;
        }
    }
    paths[3] = project.plan_file;
    texts[3] = plan_text(arena, &text, slug, name, &planner, wall_us);
    n = 4;
out:
    ls_sqitch_plan_release(&plan);
    ls_buf_release(&text);
    return n;
}
