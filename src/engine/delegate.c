#include <config.h>

#include "engine/delegate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "engine/child.h"
#include "engine/tools.h"
#include "lockstep/base/mem.h"
#include "lockstep/engine/plan.h"

#define PREVIEW_MAX ((size_t)16 * 1024 * 1024)

/* Where it is run: as the format says, else above the migrations folder. Absolute, so that a plan says the same wherever it is
 * read. */
static const char *find_dir(struct ls_arena *arena, const struct ls_format *f, const char *migrations_dir)
{
    const char *dir = f->tool->dir != NULL ? f->tool->dir(arena, migrations_dir) : ls_arena_printf(arena, "%s/..", migrations_dir);
    char resolved[PATH_MAX];

    return realpath(dir, resolved) != NULL ? ls_arena_str(arena, resolved) : dir;
}

/* The project's own one goes first: it is the version that the migrations were written for. */
static const char *find_program(struct ls_arena *arena, const struct ls_session *s, const struct ls_format *f, const char *dir)
{
    char *in_path;
    const char *found = NULL;

    if (s->p.tool != NULL) {
        char resolved[PATH_MAX];

        return ls_tools_is_program(s->p.tool) && realpath(s->p.tool, resolved) != NULL
                   ? (s->p.tool[0] == '/' ? ls_arena_str(arena, s->p.tool) : ls_arena_str(arena, resolved))
                   : NULL;
    }
    for (const char *const *p = f->tool->places; p != NULL && *p != NULL; p++) {
        const char *path = ls_arena_printf(arena, "%s/%s", dir, *p);

        if (ls_tools_is_program(path))
            return path;
    }
    in_path = ls_tools_in_path(f->tool->program);
    for (const char *const *p = f->tool->fallbacks; in_path == NULL && p != NULL && *p != NULL; p++)
        in_path = ls_tools_in_path(*p);
    if (in_path != NULL)
        found = ls_arena_str(arena, in_path);
    free(in_path);
    return found;
}

void ls_delegate_find(const struct ls_session *s, struct ls_snapshot *snap)
{
    const struct ls_format *f = snap->format;
    struct ls_arena *arena = snap->info_arena;

    if (f == NULL || f->tool == NULL)
        return;
    snap->tool_dir = find_dir(arena, f, snap->migrations.dir);
    snap->tool_path = find_program(arena, s, f, snap->tool_dir);
    if (snap->tool_path != NULL)
        return;
    if (s->p.tool != NULL)
        snap->tool_note = ls_arena_printf(
            arena, "%s is no program: it was to be that of %s, which runs its migrations itself; here they can be read only",
            s->p.tool, f->title);
    else
        snap->tool_note = ls_arena_printf(
            arena, "%s runs its migrations itself, and the program %s was not found: here they can be read only. %s", f->title,
            f->tool->program, f->tool->install);
}

static bool goes_on(void *ctx)
{
    return !ls_session_cancelled(ctx);
}

enum ls_rc ls_plan_preview(struct ls_session *s, const struct ls_plan *p, int step, struct ls_buf *out, struct ls_err *err)
{
    const struct ls_child_cmd *cmd = ls_step_child(&p->steps.v[step]);
    struct ls_child c = {.inherit = true, .capture = true, .out_max = PREVIEW_MAX, .on_tick = goes_on, .ctx = s};
    struct ls_child_result res;
    char **env = NULL;
    enum ls_rc rc;

    if (cmd == NULL || cmd->preview_argv == NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "%s cannot say beforehand what %s runs", cmd != NULL ? cmd->tool : p->format,
                          p->steps.v[step].label);
    rc = ls_delegate_env(s, cmd, NULL, &env, err);
    if (rc != LS_OK)
        return rc;
    c.path = cmd->preview_argv[0];
    c.argv = cmd->preview_argv;
    c.cwd = cmd->cwd;
    c.env = (const char *const *)(uintptr_t)env;
    rc = ls_child_run(&c, &res, err);
    if (rc == LS_OK && res.out.len > 0)
        ls_buf_add(out, res.out.ptr, res.out.len);
    ls_child_result_release(&res);
    ls_delegate_env_free(env);
    return rc;
}

enum ls_rc ls_delegate_refuse(const struct ls_snapshot *snap, struct ls_err *err)
{
    ls_err_set(err, LS_E_UNSUPPORTED, "%s runs its migrations itself, and the program %s was not found", snap->format->title,
               snap->format->tool->program);
    ls_err_hint(err, "%s", snap->format->tool->install);
    return LS_E_UNSUPPORTED;
}
