/* Rows whose columns are named after attributes. What else a column may be called:
 *   oid       of the object, for dependencies and comments
 *   nsp       oid of its schema; schema: the name of it. Neither: it stands in the database
 *   kind      the kind's word
 *   name      raw
 *   relid     oid of the relation that it hangs below; parent: the name of what it hangs below
 *   +...      for the query's own function */
#include <config.h>

#include "db/postgres/catalog_priv.h"

#include <stdio.h>

enum { IN_OID, IN_NSP, IN_SCHEMA, IN_KIND, IN_NAME, IN_RELID, IN_PARENT, N_IN };
static const char *const in_words[N_IN] = {"oid", "nsp", "schema", "kind", "name", "relid", "parent"};

#define MAX_COLS 48

struct shape {
    int in[N_IN]; /* -1: there is none */
    int first_own;
    int n_attrs;
    struct {
        int col;
        enum ls_attr attr;
    } attrs[MAX_COLS];
};

static bool find_shape(struct pgcat *k, const PGresult *res, struct shape *s)
{
    s->first_own = -1;
    s->n_attrs = 0;
    for (int i = 0; i < N_IN; i++)
        s->in[i] = -1;
    for (int col = 0; col < PQnfields(res) && s->n_attrs < MAX_COLS; col++) {
        const char *name = PQfname(res, col);
        enum ls_attr attr = ls_attr_find(name);
        int in = 0;

        while (in < N_IN && strcmp(in_words[in], name) != 0)
            in++;
        if (in < N_IN) {
            s->in[in] = col;
        } else if (name[0] == '+') {
            s->first_own = s->first_own < 0 ? col : s->first_own;
        } else if (attr != LS_N_ATTRS) {
            s->attrs[s->n_attrs].col = col;
            s->attrs[s->n_attrs++].attr = attr;
        } else {
            k->bug = ls_catalog_intern(k->b, name);
            return false;
        }
    }
    return true;
}

/* False: it stands in a schema, or below a relation, that is not read. */
static bool find_place(const struct pgcat *k, const struct pgcat_row *r, const struct shape *s, const char **schema,
                       const char **parent)
{
    *schema = *parent = "";
    if (s->in[IN_NSP] >= 0 && (*schema = pgcat_schema(k, pgcat_oid(r, s->in[IN_NSP]))) == NULL)
        return false;
    if (s->in[IN_SCHEMA] >= 0) {
        *schema = pgcat_get(r, s->in[IN_SCHEMA]);
        if (*schema == NULL)
            *schema = "";
        else if (!pgcat_wants_schema(k, *schema))
            return false;
    }
    if (s->in[IN_RELID] >= 0) {
        uint32_t rel = pgcat_rel_of(k, pgcat_oid(r, s->in[IN_RELID]));

        if (rel == UINT32_MAX)
            return false;
        *schema = k->rels.v[rel].schema;
        *parent = k->rels.v[rel].name;
    }
    if (s->in[IN_PARENT] >= 0)
        *parent = pgcat_get(r, s->in[IN_PARENT]);
    return true;
}

void pgcat_take_facts(struct pgcat *k, const PGresult *res, const struct pgcat_query *q)
{
    struct shape s;

    if (!find_shape(k, res, &s))
        return;
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        enum ls_fact_kind kind = q->kind;
        const char *schema, *parent, *name = pgcat_get(&r, s.in[IN_NAME]);
        uint32_t oid = s.in[IN_OID] < 0 ? 0 : pgcat_oid(&r, s.in[IN_OID]), fact;

        pgcat_keep_reading(k, &r);
        if (pgcat_find(k, PGC_MEMBER, oid) != UINT32_MAX && pgcat_find(k, q->class, oid) != UINT32_MAX)
            continue; /* an extension's: it is mapped to that already */
        if (!find_place(k, &r, &s, &schema, &parent))
            continue;
        if (kind == LS_FACT_NONE)
            kind = ls_fact_kind_find(pgcat_get(&r, s.in[IN_KIND]));
        if (q->class == PGC_NAMESPACE && !pgcat_wants_schema(k, name))
            continue;
        if (q->class == PGC_CLASS && pgcat_is_left_out(k, schema, name))
            continue;
        fact = ls_catalog_add(k->b, kind, schema, parent, name);
        pgcat_map(k, q->class, oid, fact);
        k->has_subscriptions = k->has_subscriptions || kind == LS_FACT_SUBSCRIPTION;
        for (int i = 0; i < s.n_attrs; i++)
            pgcat_set(k, fact, s.attrs[i].attr, pgcat_get(&r, s.attrs[i].col));
        if (q->each != NULL)
            q->each(k, &r, s.first_own, fact);
    }
}
