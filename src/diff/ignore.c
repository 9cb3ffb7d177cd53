/* What the project does not want to hear of. */
#include <config.h>

#include <fnmatch.h>
#include <string.h>

#include "diff/priv.h"
#include "lockstep/base/buf.h"

/* "public.users.email" and, in the schemas that go without saying, "users.email". */
static bool matches(const struct ls_diff_ignore *r, const struct ls_fact *f)
{
    struct ls_buf name = LS_BUF_INIT;
    bool is_match;

    if (r->kind && strcmp(r->kind, ls_fact_kind_name(f->kind)) != 0)
        return false;
    if (f->schema[0] != '\0')
        ls_buf_addf(&name, "%s.", f->schema);
    if (f->parent[0] != '\0')
        ls_buf_addf(&name, "%s.", f->parent);
    ls_buf_adds(&name, f->name);
    is_match = fnmatch(r->pattern, name.ptr, 0) == 0;
    if (!is_match && (strcmp(f->schema, "public") == 0 || strcmp(f->schema, "main") == 0))
        is_match = fnmatch(r->pattern, name.ptr + strlen(f->schema) + 1, 0) == 0;
    ls_buf_release(&name);
    return is_match;
}

/* Whoever wants to hear nothing of a table wants to hear nothing of its columns. */
static bool matches_above(const struct ls_diff_ignore *r, const struct ls_fact *f)
{
    static const enum ls_fact_kind others[] = {LS_FACT_VIEW, LS_FACT_MATVIEW, LS_FACT_DOMAIN, LS_FACT_COMPOSITE};
    struct ls_fact above = {.kind = ls_fact_kind_parent(f->kind), .schema = f->schema, .parent = "", .name = f->parent};

    if (f->parent[0] == '\0' || above.kind == LS_FACT_NONE)
        return false;
    for (size_t i = 0; r->kind && i < LS_ARRAY_LEN(others); i++)
        if (strcmp(r->kind, ls_fact_kind_name(others[i])) == 0)
            above.kind = others[i];
    return matches(r, &above);
}

bool diff_is_ignored(const struct ls_diff_opts *opts, const struct ls_fact *f, int attr)
{
    for (size_t i = 0; i < opts->n_ignore; i++) {
        const struct ls_diff_ignore *r = &opts->ignore[i];

        if (attr < 0 ? r->attr != NULL : r->attr == NULL || strcmp(r->attr, ls_attr_name((enum ls_attr)attr)) != 0)
            continue;
        if (matches(r, f) || (attr < 0 && matches_above(r, f)))
            return true;
    }
    return false;
}
