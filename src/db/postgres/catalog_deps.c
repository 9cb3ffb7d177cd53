/* Who needs whom, and what was said about it: pg_depend, pg_description, pg_seclabel. */
#include <config.h>

#include "db/postgres/catalog_priv.h"

/* class, oid, the extension's oid: what belongs to an extension stands for it */
void pgcat_take_members(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        uint32_t extension = pgcat_find(k, PGC_EXTENSION, pgcat_oid(&r, 2)), oid = pgcat_oid(&r, 1);

        pgcat_map(k, (enum pgcat_class)pgcat_oid(&r, 0), oid, extension);
        pgcat_map(k, PGC_MEMBER, oid, extension);
    }
}

/* publication, relation */
void pgcat_take_published(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++)
        pgcat_add_edge(k, (struct pgcat_edge){PGC_PUBLICATION, pgcat_oid(&r, 0), PGC_CLASS, pgcat_oid(&r, 1), 0, 0, false});
}

/* array type, its element */
void pgcat_take_arrays(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++)
        pgcat_map(k, PGC_TYPE, pgcat_oid(&r, 0), pgcat_find(k, PGC_TYPE, pgcat_oid(&r, 1)));
}

/* _RETURN rule, its view */
void pgcat_take_view_rules(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++)
        pgcat_map(k, PGC_REWRITE, pgcat_oid(&r, 0), pgcat_find(k, PGC_CLASS, pgcat_oid(&r, 1)));
}

void pgcat_add_edge(struct pgcat *k, struct pgcat_edge e)
{
    *LS_VEC_PUSH(&k->edges) = e;
}

/* class, oid, sub, class, oid, sub, kind of dependency */
void pgcat_take_edges(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        struct pgcat_edge e = {
            pgcat_oid(&r, 0), pgcat_oid(&r, 1), pgcat_oid(&r, 3), pgcat_oid(&r, 4), pgcat_int(&r, 2), pgcat_int(&r, 5), false};
        char type = pgcat_char(&r, 6);
        uint32_t seq = e.class == PGC_CLASS && e.ref_class == PGC_CLASS && type != 'n' ? pgcat_find(k, PGC_SEQ, e.oid) : UINT32_MAX;

        if (seq != UINT32_MAX) {
            k->seqs.v[seq].owner_rel = e.ref_oid;
            k->seqs.v[seq].owner_attnum = e.ref_subid;
            k->seqs.v[seq].is_identity = type == 'i';
            continue; /* no edge: the column's default has the one that counts */
        }
        e.is_own = type == 'a';
        pgcat_add_edge(k, e);
    }
    pgcat_place_sequences(k);
}

/* Who needs a column needs its table as well, unless that is the one it hangs below. */
void pgcat_resolve_edges(struct pgcat *k)
{
    for (size_t i = 0; i < k->edges.n; i++) {
        const struct pgcat_edge *e = &k->edges.v[i];
        uint32_t from = pgcat_fact_of(k, e->class, e->oid, e->subid);

        ls_catalog_depend(k->b, from, pgcat_fact_of(k, e->ref_class, e->ref_oid, e->ref_subid));
        if (e->ref_class == PGC_CLASS && e->ref_subid != 0 && !e->is_own)
            ls_catalog_depend(k->b, from, pgcat_find(k, PGC_CLASS, e->ref_oid));
    }
}

/* --- what was said about it --- */

static void set_text(struct pgcat *k, enum ls_attr a, uint32_t class, uint32_t oid, int sub, const char *text)
{
    uint32_t fact = pgcat_fact_of(k, class, oid, sub), seq = pgcat_find(k, PGC_SEQ, oid);
    bool is_hidden = class == PGC_CLASS && pgcat_rel_of(k, oid) == UINT32_MAX;

    if (pgcat_find(k, PGC_MEMBER, oid) != UINT32_MAX && class != PGC_EXTENSION)
        return;
    if (is_hidden && sub > 0)
        return; /* an attribute of a composite type: that one's query has read it */
    /* The index of a constraint and the sequence of an identity are parts of a fact that may have its own. */
    if (is_hidden && (seq == UINT32_MAX ? pgcat_find(k, PGC_KEY, oid) != UINT32_MAX : k->seqs.v[seq].is_identity)) {
        const char *part = seq == UINT32_MAX ? "index: " : "sequence: ";

        if (a == LS_A_COMMENT) {
            ls_catalog_set(k->b, fact, LS_A_PARTS_COMMENT, text);
            return;
        }
        ls_buf_clear(&k->text);
        ls_buf_addf(&k->text, "%s%s", part, text);
        text = k->text.ptr;
    }
    ls_catalog_set(k->b, fact, a, text);
}

/* class, oid, sub, text */
void pgcat_take_comments(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++)
        set_text(k, LS_A_COMMENT, pgcat_oid(&r, 0), pgcat_oid(&r, 1), pgcat_int(&r, 2), pgcat_get(&r, 3));
}

void pgcat_take_labels(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++)
        set_text(k, LS_A_LABEL, pgcat_oid(&r, 0), pgcat_oid(&r, 1), pgcat_int(&r, 2), pgcat_get(&r, 3));
}

/* class, oid, text */
void pgcat_take_definitions(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++)
        ls_catalog_set(k->b, pgcat_find(k, pgcat_oid(&r, 0), pgcat_oid(&r, 1)), LS_A_DEFINITION, pgcat_get(&r, 2));
}

/* relation, rows, bytes */
void pgcat_take_sizes(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        uint32_t fact = pgcat_find(k, PGC_CLASS, pgcat_oid(&r, 0));

        ls_catalog_set(k->b, fact, LS_A_ROWS, pgcat_get(&r, 1));
        ls_catalog_set(k->b, fact, LS_A_BYTES, pgcat_get(&r, 2));
    }
}

/* code, message, hint */
void pgcat_take_notes(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++)
        ls_catalog_note(k->b, LS_SEV_WARNING, pgcat_get(&r, 0), pgcat_get(&r, 1), pgcat_get(&r, 2));
}
