/* config/diff_opts.c: what the project file says about comparing, as a comparison wants to hear it. */
#include <config.h>

#include "config/diff_opts.h"

#include <string.h>

#include "lockstep/base/mem.h"

/* Length of the longest kind's word that the label begins with; 0: none. */
static size_t kind_word(const char *label)
{
    size_t best = 0;

    for (int k = LS_FACT_NONE + 1; k < LS_N_FACTS; k++) {
        const char *word = ls_fact_kind_name((enum ls_fact_kind)k);
        size_t n = strlen(word);

        if (n > best && strncmp(label, word, n) == 0 && label[n] == ' ')
            best = n;
    }
    return best;
}

static const char *labelled(struct config_diff_opts *o, const char *kind, size_t len, const char *schema, const char *name)
{
    return ls_arena_printf(o->arena, "%.*s %s%s", (int)len, kind, schema, name);
}

void config_diff_choice(struct config_diff_opts *o, const char *from, const char *to, bool is_accepted)
{
    static const char *const schemas[] = {"", "public.", "main."};
    static const char *const kinds[] = {"column", "table"};
    size_t kf = kind_word(from), kt = kind_word(to);

    for (size_t s = 0; s < LS_ARRAY_LEN(schemas); s++) {
        if (kf > 0 && kt > 0) {
            *LS_VEC_PUSH(&o->choices) = (struct ls_rename_choice){labelled(o, from, kf, schemas[s], from + kf + 1),
                                                                  labelled(o, to, kt, schemas[s], to + kt + 1), is_accepted};
            continue;
        }
        for (size_t k = 0; k < LS_ARRAY_LEN(kinds); k++)
            *LS_VEC_PUSH(&o->choices) =
                (struct ls_rename_choice){labelled(o, kinds[k], strlen(kinds[k]), schemas[s], from),
                                          labelled(o, kinds[k], strlen(kinds[k]), schemas[s], to), is_accepted};
    }
}

void config_diff_project(struct config_diff_opts *o, const struct config_project *p)
{
    for (size_t i = 0; i < p->ignore.n; i++)
        *LS_VEC_PUSH(&o->ignore) = (struct ls_diff_ignore){p->ignore.v[i].kind, p->ignore.v[i].pattern, p->ignore.v[i].attr};
    for (size_t i = p->renames.n; i-- > 0;)
        config_diff_choice(o, p->renames.v[i].from, p->renames.v[i].to, p->renames.v[i].is_accepted);
}

void config_diff_lend(const struct config_diff_opts *o, struct ls_diff_opts *out)
{
    out->choices = o->choices.v;
    out->n_choices = o->choices.n;
    out->ignore = o->ignore.v;
    out->n_ignore = o->ignore.n;
}

void config_diff_release(struct config_diff_opts *o)
{
    LS_VEC_RELEASE(&o->choices);
    LS_VEC_RELEASE(&o->ignore);
}

const char *config_scratch_url(const struct config_project *p, const struct config_request *req)
{
    const char *of_env = p->scratch_url_env && req->getenv_fn ? req->getenv_fn(p->scratch_url_env) : NULL;

    return of_env && *of_env ? of_env : p->scratch_url;
}
