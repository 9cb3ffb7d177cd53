/* diff/ddl_script.c: the statements that make one side look like the other. */
#include <config.h>

#include "diff/ddl_script.h"

#include <stdlib.h>
#include <string.h>

#include "diff/ddl_lite.h"
#include "lockstep/base/mem.h"

static void init(struct script *s)
{
    size_t a = (size_t)s->a->n_facts + 1, b = (size_t)s->b->n_facts + 1;

    s->drop = ls_calloc(a, 1);
    s->a_state = ls_calloc(a, 1);
    s->b_of = ls_calloc(a, sizeof(*s->b_of));
    s->todo = ls_calloc(b, 1);
    s->b_state = ls_calloc(b, 1);
    s->resets_default = ls_calloc(b, 1);
    s->has_shell = ls_calloc(b, 1);
    s->a_of = ls_calloc(b, sizeof(*s->a_of));
    s->texts = ls_calloc(b, sizeof(*s->texts));
}

static void release(struct script *s)
{
    for (uint32_t i = 0; i < s->b->n_facts; i++)
        ls_buf_release(&s->texts[i]);
    free(s->drop);
    free(s->a_state);
    free(s->b_of);
    free(s->todo);
    free(s->b_state);
    free(s->resets_default);
    free(s->has_shell);
    free(s->a_of);
    free(s->texts);
    LS_VEC_RELEASE(&s->work);
    ls_buf_release(&s->first);
    ls_buf_release(&s->drops);
    ls_buf_release(&s->build);
    ls_buf_release(&s->late);
    ls_buf_release(&s->last);
}

/* A sequence is given to its column when both are there. */
static void say_owned(struct script *s)
{
    uint32_t n, first;
    const struct ls_fact *some = ls_catalog_kind(s->b, LS_FACT_SEQUENCE, &n);

    first = ls_catalog_index(s->b, some);
    for (uint32_t i = 0; i < n; i++) {
        bool is_made = s->todo[first + i] == TODO_CREATE || s->todo[first + i] == TODO_RECREATE;

        if (!is_made || !ls_fact_get(&some[i], LS_A_OWNED_BY))
            continue;
        ls_buf_adds(&s->build, "ALTER SEQUENCE ");
        ddl_qualified(&s->build, some[i].schema, some[i].name);
        ddl_clause(&s->build, &some[i], LS_A_OWNED_BY, " OWNED BY ", ";\n");
    }
}

size_t ddl_count_not_written(const char *text)
{
    size_t n = 0, len = strlen(LS_DDL_NOT_WRITTEN);

    for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
        n += strncmp(p, LS_DDL_NOT_WRITTEN, len) == 0;
    return n;
}

static size_t postgres(const struct ls_diff *d, const struct ls_ddl_opts *opts, struct ls_buf *out)
{
    struct script s = {.d = d, .opts = opts, .a = d->a, .b = d->b};
    struct ls_buf *const parts[] = {&s.first, &s.drops, &s.build, &s.late, &s.last};
    struct ls_buf text = LS_BUF_INIT;
    bool has_routines = d->n_by_kind[LS_FACT_FUNCTION] + d->n_by_kind[LS_FACT_PROCEDURE] > 0;
    size_t n;

    init(&s);
    script_plan(&s);
    script_drops(&s, DROP_EARLY, &s.drops);
    script_build(&s);
    say_owned(&s);
    script_drops(&s, DROP_LATE, &s.late);
    for (size_t i = 0; i < LS_ARRAY_LEN(parts); i++)
        ls_buf_adds(&text, parts[i]->ptr ? parts[i]->ptr : "");
    n = ddl_count_not_written(text.ptr);
    has_routines = has_routines || (text.ptr && (strstr(text.ptr, " FUNCTION ") || strstr(text.ptr, " PROCEDURE ")));
    if (has_routines)
        ls_buf_adds(out, "SET check_function_bodies = off;\n");
    ls_buf_adds(out, text.ptr ? text.ptr : "");
    if (has_routines)
        ls_buf_adds(out, "RESET check_function_bodies;\n");
    ls_buf_release(&text);
    release(&s);
    return n;
}

size_t ls_ddl_diff(const struct ls_diff *d, const struct ls_ddl_opts *opts, struct ls_buf *out)
{
    static const struct ls_ddl_opts defaults = {0};

    return (d->b->dialect == LS_DIALECT_SQLITE ? lite_ddl_diff : postgres)(d, opts ? opts : &defaults, out);
}
