/* config/index_opts.c: what the project file says about indexes, as a report wants to hear it. */
#include <config.h>

#include "config/index_opts.h"

#include <string.h>

#include "lockstep/base/file.h"

static const char *in_dir(struct ls_arena *a, const char *dir, const char *path)
{
    char *joined = strcmp(dir, ".") == 0 ? NULL : ls_path_join(dir, path);
    const char *out = ls_arena_str(a, joined ? joined : path);

    free(joined);
    return out;
}

/* URLs apart from each other by blanks; one with a blank in it (libpq's keywords) stands in quotes. */
static void add_standbys(struct config_index_opts *o, const char *p)
{
    while (*(p += strspn(p, " \t")) != '\0') {
        char quote = *p == '"' || *p == '\'' ? *p++ : '\0';
        size_t len = quote ? strcspn(p, (char[]){quote, '\0'}) : strcspn(p, " \t");

        if (len > 0)
            *LS_VEC_PUSH(&o->standbys) = ls_arena_strn(o->arena, p, len);
        p += len + (quote && p[len] == quote);
    }
}

void config_index_opts_make(const struct config_project *p, const struct config_target *t, struct config_index_opts *out)
{
    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    for (size_t i = 0; i < p->index_ignores.n; i++) {
        const struct config_index_ignore *g = &p->index_ignores.v[i];

        *LS_VEC_PUSH(&out->ignores) = (struct ls_index_ignore){ls_arena_str(out->arena, g->id), ls_arena_str(out->arena, g->object),
                                                               ls_arena_str(out->arena, g->reason)};
    }
    if (t->standbys)
        add_standbys(out, t->standbys);
    out->workload_path = in_dir(out->arena, p->dir, p->index_workload ? p->index_workload : LS_WORKLOAD_FILE);
    out->workload_is_named = p->index_workload != NULL;
    out->window_us = p->index_window_us;
}

void config_index_lend(const struct config_index_opts *o, struct ls_index_request *req)
{
    req->ignores = o->ignores.v;
    req->n_ignores = (uint32_t)o->ignores.n;
    req->standbys = o->standbys.v;
    req->n_standbys = (uint32_t)o->standbys.n;
    req->window_us = o->window_us;
    req->workload_path = o->workload_path;
    req->workload_is_asked = o->workload_is_named;
}

void config_index_opts_release(struct config_index_opts *o)
{
    LS_VEC_RELEASE(&o->ignores);
    LS_VEC_RELEASE(&o->standbys);
    ls_arena_free(o->arena);
    memset(o, 0, sizeof(*o));
}
