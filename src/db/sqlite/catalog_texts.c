/* What a read of sqlite_schema keeps: each text and the facts that it gave. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "db/sqlite/catalog_priv.h"
#include "lockstep/base/arena.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/vec.h"

struct lite_texts {
    struct ls_arena *arena;
    LS_VEC(struct lite_text) v; /* sorted by name and type once `find` was called */
    bool is_sorted;
};

struct lite_texts *lite_texts_new(void)
{
    struct lite_texts *t = ls_calloc(1, sizeof(*t));

    t->arena = ls_arena_new();
    return t;
}

void lite_texts_free(struct lite_texts *t)
{
    if (t == NULL)
        return;
    LS_VEC_RELEASE(&t->v);
    ls_arena_free(t->arena);
    free(t);
}

size_t lite_texts_count(const struct lite_texts *t)
{
    return t->v.n;
}

void lite_texts_add(struct lite_texts *t, const struct lite_text *text)
{
    struct lite_text *own = LS_VEC_PUSH(&t->v);

    *own = *text;
    own->type = ls_arena_str(t->arena, text->type);
    own->name = ls_arena_str(t->arena, text->name);
    own->table = ls_arena_str(t->arena, text->table);
    own->sql = ls_arena_str(t->arena, text->sql);
    if (text->facts != NULL)
        own->facts = ls_arena_dup(t->arena, text->facts, text->facts_len);
    if (text->words != NULL)
        own->words = ls_arena_dup(t->arena, text->words, text->words_len);
    t->is_sorted = false;
}

static int by_name(const void *a, const void *b)
{
    const struct lite_text *x = a, *y = b;
    int c = strcmp(x->name, y->name);

    return c != 0 ? c : strcmp(x->type, y->type);
}

const struct lite_text *lite_texts_find(struct lite_texts *t, const struct lite_text *text)
{
    const struct lite_text *found;

    if (!t->is_sorted && t->v.n > 1)
        qsort(t->v.v, t->v.n, sizeof(*t->v.v), by_name);
    t->is_sorted = true;
    found = t->v.n == 0 ? NULL : bsearch(text, t->v.v, t->v.n, sizeof(*text), by_name);
    return found != NULL && strcmp(found->table, text->table) == 0 && strcmp(found->sql, text->sql) == 0 ? found : NULL;
}
