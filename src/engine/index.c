#include <config.h>

#include "engine/index_priv.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lockstep/base/mem.h"

#define WINDOW_DAYS 14

/* --- names --- */

static const struct {
    const char *code, *word, *meaning;
} verdicts[LS_N_VERDICTS] = {
#define X(e, id, w, m) [LS_IX_##e] = {id, w, m},
    LS_VERDICTS(X)
#undef X
};
static const char *const confidences[] = {
#define X(e, w) [LS_CONF_##e] = w,
    LS_CONFIDENCES(X)
#undef X
};

const char *ls_verdict_code(enum ls_verdict_id id)
{
    return verdicts[id].code;
}

const char *ls_verdict_word(enum ls_verdict_id id)
{
    return verdicts[id].word;
}

const char *ls_verdict_meaning(enum ls_verdict_id id)
{
    return verdicts[id].meaning;
}

bool ls_verdict_find(const char *text, enum ls_verdict_id *out)
{
    for (int i = 0; i < LS_N_VERDICTS; i++) {
        if (strcasecmp(text, verdicts[i].code) == 0 || strcasecmp(text, verdicts[i].word) == 0) {
            *out = (enum ls_verdict_id)i;
            return true;
        }
    }
    return false;
}

const char *ls_confidence_name(enum ls_confidence c)
{
    return confidences[c];
}

/* --- verdicts --- */

/* A label leaves the default schema out; a pattern may have it. */
const char *ls_ix_ignored(const struct ls_ix *ix, enum ls_verdict_id id, const char *object)
{
    const char *whole = ix->o->n_ignores > 0 ? ls_arena_printf(ix->arena, "%s.%s", ix->is_pg ? "public" : "main", object) : "";

    for (uint32_t i = 0; i < ix->o->n_ignores; i++) {
        const struct ls_index_ignore *g = &ix->o->ignores[i];
        enum ls_verdict_id of;
        bool is_id = strcmp(g->id, "*") == 0 || (ls_verdict_find(g->id, &of) && of == id);

        if (is_id && (strcmp(g->object, object) == 0 || fnmatch(g->object, object, 0) == 0 || fnmatch(g->object, whole, 0) == 0))
            return ls_arena_str(ix->arena, g->reason); /* the verdicts may outlive what they were made by */
    }
    return NULL;
}

struct ls_index_verdict *ls_ix_add_object(struct ls_ix *ix, enum ls_verdict_id id, enum ls_severity severity,
                                          enum ls_confidence confidence, uint32_t table, const char *object)
{
    struct ls_index_verdict *v = LS_VEC_PUSH(&ix->v);

    v->id = id;
    v->severity = severity;
    v->confidence = confidence;
    v->table = table;
    v->index = v->fk = v->other = LS_NO_USAGE;
    v->object = object;
    v->title = v->evidence = v->window = v->price = v->undo = "";
    v->ignored = ls_ix_ignored(ix, id, object);
    return v;
}

struct ls_index_verdict *ls_ix_add(struct ls_ix *ix, enum ls_verdict_id id, enum ls_severity severity,
                                   enum ls_confidence confidence, uint32_t table, uint32_t index)
{
    const char *object = index != LS_NO_USAGE   ? ls_ix_label(ix->arena, &ix->u->indexes[index])
                         : table != LS_NO_USAGE ? ls_ix_table_label(ix->arena, &ix->u->tables[table])
                                                : ls_arena_str(ix->arena, ix->u->database);
    struct ls_index_verdict *v = ls_ix_add_object(ix, id, severity, confidence, table, object);

    v->index = index;
    return v;
}

/* --- all of them --- */

/* The order is that of the graph: what an earlier rule drops covers nothing for a later one. Equals go first, since of them only
 * one is read; what nobody reads goes before what a longer one covers, so that of a narrow index that is used and a wide one that
 * is not the wide one goes. */
static void (*const rules[])(struct ls_ix *ix) = {
    ls_ix_rule_advice,    ls_ix_rule_invalid, ls_ix_rule_unattached, ls_ix_rule_equal,
    ls_ix_rule_unused,    ls_ix_rule_prefix,  ls_ix_rule_fk_index,   ls_ix_rule_fk_enforced,
    ls_ix_rule_nulls,     ls_ix_rule_kind,    ls_ix_rule_few_values, ls_ix_rule_bloat,
    ls_ix_rule_oversized, ls_ix_rule_hot,     ls_ix_rule_stats,      ls_ix_rule_autoindex,
};

/* SQLite says it of every foreign key there is: behind what is said of one thing. */
static bool is_for_all(const struct ls_index_verdict *v)
{
    return v->id == LS_IX_FK_UNENFORCED && v->severity == LS_SEV_INFO;
}

static int worst_first(const void *a, const void *b)
{
    const struct ls_index_verdict *x = a, *y = b;
    int c;

    if (x->severity != y->severity)
        return x->severity > y->severity ? -1 : 1;
    if (is_for_all(x) != is_for_all(y))
        return is_for_all(x) ? 1 : -1;
    c = strcmp(x->object, y->object);
    if (c != 0)
        return c;
    return x->id != y->id ? (x->id < y->id ? -1 : 1) : strcmp(x->title, y->title);
}

/* What is surely to go for another reason need not be called perhaps unused. */
static void leave_out_doubts(struct ls_ix *ix)
{
    size_t kept = 0;

    for (size_t i = 0; i < ix->v.n; i++) {
        const struct ls_index_verdict *v = &ix->v.v[i];

        if (!(v->id == LS_IX_UNUSED && v->fix == LS_FIX_NONE && ix->is_dropped[v->index]))
            ix->v.v[kept++] = *v;
    }
    ix->v.n = kept;
}

static void finish(struct ls_ix *ix, struct ls_verdicts *out)
{
    struct ls_index_verdict *v = LS_ARENA_ARRAY(ix->arena, struct ls_index_verdict, ix->v.n + 1);

    if (ix->v.n > 0)
        memcpy(v, ix->v.v, ix->v.n * sizeof(*v));
    if (ix->v.n > 1)
        qsort(v, ix->v.n, sizeof(*v), worst_first);
    out->v = v;
    out->n = (uint32_t)ix->v.n;
    out->window = ls_arena_str(ix->arena, ix->h->window);
    LS_VEC_RELEASE(&ix->v);
}

void ls_verdicts_make(const struct ls_usage *u, const struct ls_history *h, const struct ls_verdict_opts *opts,
                      struct ls_verdicts *out)
{
    struct ls_history own = {0};
    struct ls_ix ix = {.u = u, .h = h, .o = opts, .is_pg = u->dialect == LS_DIALECT_POSTGRES};

    memset(out, 0, sizeof(*out));
    out->arena = ix.arena = ls_arena_new();
    if (!h || h->n_past != u->n_indexes) { /* only what the database itself says: reads no file, so it cannot fail */
        const char *note;

        if (ls_history_open(NULL, u, false, &own, &note, NULL) == LS_OK)
            ix.h = &own;
    }
    ix.now_us = opts->now_us > 0 ? opts->now_us : u->taken_us;
    ix.window_us = opts->window_us > 0 ? opts->window_us : WINDOW_DAYS * LS_IX_DAY_US;
    ix.use = LS_ARENA_ARRAY(ix.arena, struct ls_ix_use, u->n_indexes + 1);
    ix.is_dropped = LS_ARENA_ARRAY(ix.arena, bool, u->n_indexes + 1);
    ix.cover = LS_ARENA_ARRAY(ix.arena, uint32_t, u->n_indexes + 1);
    for (uint32_t i = 0; i < u->n_indexes; i++)
        ix.cover[i] = LS_NO_USAGE;
    ls_ix_link_parts(&ix);
    ls_ix_count_uses(&ix);
    ls_ix_read_names(&ix);
    for (size_t i = 0; i < LS_ARRAY_LEN(rules); i++)
        rules[i](&ix);
    leave_out_doubts(&ix);
    finish(&ix, out);
    ls_history_release(&own);
}

void ls_verdicts_release(struct ls_verdicts *v)
{
    ls_arena_free(v->arena);
    memset(v, 0, sizeof(*v));
}
