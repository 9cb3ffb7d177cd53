/* What PostgreSQL's plan does with each table: conditions and orders of its nodes, as places. The plan has views, subqueries and the search path resolved
 * already, and names what it reads. */
#include <config.h>

#include "engine/advise_priv.h"

#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/sql/quote.h"

struct alias {
    const char *name;
    uint32_t table; /* the root of partitions */
};
struct slot {
    uint32_t table;
    const char *alias;
    int branch;
    size_t place;
};
struct walk {
    struct adv_job *j;
    struct adv_query *q;
    struct adv_cond cond;
    LS_VEC(struct alias) aliases;
    LS_VEC(struct slot) slots;
};

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s != NULL ? s : "";
}

static void find_aliases(struct walk *w, const json_t *plan, int depth)
{
    const json_t *children = json_object_get(plan, "Plans");
    const char *name = text_of(plan, "Relation Name");
    uint32_t table = name[0] != '\0' ? ls_usage_find_table(w->j->u, text_of(plan, "Schema"), name) : LS_NO_USAGE;

    if (table != LS_NO_USAGE) {
        w->j->touched[table] = true;
        while (w->j->u->tables[table].parent != LS_NO_USAGE)
            table = w->j->u->tables[table].parent;
        w->j->touched[table] = true;
        *LS_VEC_PUSH(&w->aliases) = (struct alias){ls_arena_str(w->j->arena, text_of(plan, "Alias")), table};
    }
    for (size_t i = 0; depth < 200 && i < json_array_size(children); i++)
        find_aliases(w, json_array_get(children, i), depth + 1);
}

/* Above the scans of partitions ("m_1", "m_2") the parent is meant ("m"). */
static bool is_part_of(const char *alias, const char *parent)
{
    size_t n = strlen(parent);

    return strncmp(alias, parent, n) == 0 && alias[n] == '_' && alias[n + 1] != '\0' && alias[n + 1 + strspn(alias + n + 1, "0123456789")] == '\0';
}

static uint32_t table_of(const struct walk *w, const char *alias)
{
    for (size_t i = 0; i < w->aliases.n; i++)
        if (strcmp(w->aliases.v[i].name, alias) == 0)
            return w->aliases.v[i].table;
    for (size_t i = 0; i < w->aliases.n; i++)
        if (is_part_of(w->aliases.v[i].name, alias) && w->j->u->tables[w->aliases.v[i].table].kind == 'p')
            return w->aliases.v[i].table;
    return LS_NO_USAGE;
}

static struct adv_place *place(void *ctx, const char *alias)
{
    struct walk *w = ctx;
    uint32_t table = table_of(w, alias);
    struct adv_place *p;
    struct slot *s;

    if (table == LS_NO_USAGE || w->q->places.n > 500)
        return NULL;
    for (size_t i = 0; i < w->slots.n; i++)
        if (w->slots.v[i].branch == w->cond.branch && strcmp(w->slots.v[i].alias, alias) == 0)
            return &w->q->places.v[w->slots.v[i].place];
    p = LS_VEC_PUSH(&w->q->places);
    p->table = table;
    s = LS_VEC_PUSH(&w->slots);
    *s = (struct slot){table, ls_arena_str(w->j->arena, alias), w->cond.branch, w->q->places.n - 1};
    return p;
}

/* Keys as far as they are of one table. */
static void add_order(struct walk *w, const json_t *keys)
{
    const char *first = NULL;
    struct adv_place *p = NULL;

    w->cond.branch = 0;
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const char *text = json_string_value(json_array_get(keys, i)), *alias;
        struct adv_key k;

        if (text == NULL || !adv_cond_sort(&w->cond, text, &alias, &k) || (first != NULL && strcmp(first, alias) != 0))
            return;
        if (first == NULL) {
            p = place(w, alias);
            if (p == NULL || p->sort.n > 0)
                return; /* it has one: a place further up */
        }
        first = alias;
        *LS_VEC_PUSH(&p->sort) = k;
    }
}

/* SELECT max(x) FROM t: the first or last one of an index. */
static void add_extreme(struct walk *w, const json_t *plan)
{
    const json_t *out = json_object_get(plan, "Output");
    const char *text = json_string_value(json_array_get(out, 0)), *alias;
    struct ls_buf b = LS_BUF_INIT;
    struct adv_place *p;
    struct adv_key k;
    size_t len = text != NULL ? strlen(text) : 0;

    if (json_array_size(out) != 1 || len < 6 || (strncmp(text, "min(", 4) != 0 && strncmp(text, "max(", 4) != 0) || text[len - 1] != ')')
        return;
    if (w->aliases.n == 1 && strchr(text, '.') == NULL) /* of one table the columns are printed without it */
        (void)!ls_sql_ident(&b, w->aliases.v[0].name, NULL);
    ls_buf_adds(&b, b.len > 0 ? "." : "");
    ls_buf_add(&b, text + 4, len - 5);
    w->cond.branch = 0;
    if (adv_cond_sort(&w->cond, b.ptr, &alias, &k)) {
        p = place(w, alias);
        if (p != NULL && p->sort.n == 0)
            *LS_VEC_PUSH(&p->sort) = k;
    }
    ls_buf_release(&b);
}

static void read_node(struct walk *w, const json_t *plan, int depth)
{
    static const char *const keys[] = {"Filter", "Index Cond", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter"};
    const json_t *children = json_object_get(plan, "Plans");

    for (size_t i = 0; i < LS_ARRAY_LEN(keys); i++)
        if (text_of(plan, keys[i])[0] != '\0')
            adv_cond_add(&w->cond, text_of(plan, keys[i]));
    for (size_t i = 0; depth < 200 && i < json_array_size(children); i++)
        read_node(w, json_array_get(children, i), depth + 1);
    add_order(w, json_object_get(plan, "Sort Key"));
    if (strcmp(text_of(plan, "Node Type"), "Aggregate") == 0 && json_object_get(plan, "Group Key") == NULL)
        add_extreme(w, plan);
}

void adv_pg_places(struct adv_job *j, const json_t *plan, struct adv_query *q)
{
    struct walk w = {.j = j, .q = q};

    w.cond = (struct adv_cond){.arena = j->arena, .j = j, .ctx = &w, .place = place};
    find_aliases(&w, plan, 0);
    read_node(&w, plan, 0);
    LS_VEC_RELEASE(&w.aliases);
    LS_VEC_RELEASE(&w.slots);
}
