/* cli/index_say.c: verdicts as text, worst first. */
#include <config.h>

#include "cli/index.h"

#include <stdlib.h>
#include <string.h>

/* As a shell would take it: names are the choice of whoever made the database. */
static void print_fix(struct cli_index *x, const struct ls_index_verdict *v)
{
    bool is_upkeep = v->fix == LS_FIX_REINDEX || v->fix == LS_FIX_ANALYZE || v->fix == LS_FIX_VACUUM;
    struct ls_buf which = LS_BUF_INIT;
    char *word;

    ls_buf_addf(&which, "%s:%s", ls_verdict_code(v->id), v->object);
    word = cli_shell_word(which.ptr);
    cli_print(x->ctx, "    fix:   lockstep index --%s %s", is_upkeep ? "upkeep" : "fix", word);
    free(word);
    ls_buf_release(&which);
}

static void print_verdict(struct cli_index *x, const struct ls_index_verdict *v)
{
    struct cli_ctx *ctx = x->ctx;

    cli_print(ctx, "%s %s:%s (%s)", ls_severity_name(v->severity), ls_verdict_code(v->id), v->object, ls_confidence_name(v->confidence));
    cli_print(ctx, "    %s", v->title ? v->title : ls_verdict_meaning(v->id));
    cli_lines(ctx, ctx->out, "      ", v->evidence);
    if (v->window && v->window[0])
        cli_print(ctx, "      %s", v->window);
    for (uint32_t i = 0; i < v->n_create; i++) {
        struct ls_buf sql = LS_BUF_INIT;

        cli_index_spec(x, &v->create[i], &sql);
        cli_print(ctx, "    make:  %s", sql.ptr);
        ls_buf_release(&sql);
    }
    if (v->price && v->price[0])
        cli_print(ctx, "    price: %s", v->price);
    if (v->undo && v->undo[0])
        cli_print(ctx, "    undo:  %s", v->undo);
    if (v->ignored)
        cli_print(ctx, "    ignored: %s", v->ignored);
    else if (v->fix != LS_FIX_NONE)
        print_fix(x, v);
}

/* A note that is the same for many objects, and that nothing mends, is told once. */
static bool is_alike(const struct ls_index_verdict *a, const struct ls_index_verdict *b)
{
    return a->id == b->id && a->severity == LS_SEV_INFO && b->severity == LS_SEV_INFO && a->fix == LS_FIX_NONE && b->fix == LS_FIX_NONE &&
           a->ignored == NULL && b->ignored == NULL && a->title != NULL && b->title != NULL && strcmp(a->title, b->title) == 0;
}

/* How many are like v; *is_first: none of them stands before it. */
static uint32_t count_alike(const struct cli_index *x, uint32_t at, uint32_t table, bool *is_first)
{
    const struct ls_verdicts *all = &x->r.verdicts;
    uint32_t n = 0;

    *is_first = true;
    for (uint32_t i = 0; i < all->n; i++) {
        if (!cli_index_shows(&all->v[i], table, false) || !is_alike(&all->v[i], &all->v[at]))
            continue;
        n++;
        *is_first = *is_first && i >= at;
    }
    return n;
}

static void print_alike(struct cli_index *x, uint32_t at, uint32_t table, uint32_t n)
{
    const struct ls_verdicts *all = &x->r.verdicts;
    const struct ls_index_verdict *v = &all->v[at];

    cli_print(x->ctx, "%s", "");
    cli_print(x->ctx, "%s %s, %u times (%s)", ls_severity_name(v->severity), ls_verdict_code(v->id), n, ls_confidence_name(v->confidence));
    cli_print(x->ctx, "    %s", v->title);
    for (uint32_t i = at; i < all->n; i++)
        if (cli_index_shows(&all->v[i], table, false) && is_alike(&all->v[i], v))
            cli_print(x->ctx, "      %s", all->v[i].object);
}

void cli_index_verdicts(struct cli_index *x, uint32_t table)
{
    const struct ls_verdicts *all = &x->r.verdicts;
    bool with_ignored = cli_has(x->ctx, CLI_O(ALL));
    size_t count[LS_SEV_ERROR + 1] = {0}, n_ignored = 0;
    uint32_t n_alike;
    bool is_first;

    for (uint32_t i = 0; i < all->n; i++) {
        n_ignored += all->v[i].ignored != NULL;
        if (!cli_index_shows(&all->v[i], table, with_ignored))
            continue;
        count[all->v[i].severity]++;
        n_alike = count_alike(x, i, table, &is_first);
        if (n_alike > 3 && is_first)
            print_alike(x, i, table, n_alike);
        if (n_alike > 3)
            continue;
        cli_print(x->ctx, "%s", "");
        print_verdict(x, &all->v[i]);
    }
    cli_say(x->ctx, "%zu error%s, %zu danger%s, %zu warning%s, %zu note%s; %zu ignored", count[LS_SEV_ERROR], count[LS_SEV_ERROR] == 1 ? "" : "s",
            count[LS_SEV_DANGER], count[LS_SEV_DANGER] == 1 ? "" : "s", count[LS_SEV_WARNING], count[LS_SEV_WARNING] == 1 ? "" : "s", count[LS_SEV_INFO],
            count[LS_SEV_INFO] == 1 ? "" : "s", n_ignored);
}
