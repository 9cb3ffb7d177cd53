/* Relations, their columns, what they inherit from, sequences. */
#include <config.h>

#include "db/postgres/catalog_priv.h"

#include <stdio.h>

/* +oid */
void pgcat_take_schema(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact)
{
    uint32_t at = (uint32_t)k->schemas.n;

    (void)fact;
    *LS_VEC_PUSH(&k->schemas) = ls_catalog_intern(k->b, pgcat_get(r, first + 1));
    pgcat_map(k, PGC_SCHEMA, pgcat_oid(r, first), at);
}

/* +oid, +nsp, +name, +type, +view */
void pgcat_take_relation(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact)
{
    uint32_t at = (uint32_t)k->rels.n;

    *LS_VEC_PUSH(&k->rels) = (struct pgcat_rel){
        .fact = fact, .schema = pgcat_schema(k, pgcat_oid(r, first + 1)), .name = ls_catalog_intern(k->b, pgcat_get(r, first + 2))};
    pgcat_map(k, PGC_REL, pgcat_oid(r, first), at);
    if (pgcat_oid(r, first + 3) != 0)
        pgcat_map(k, PGC_TYPE, pgcat_oid(r, first + 3), fact);
    if (pgcat_is(r, first + 4) && PQgetisnull(r->res, r->row, PQfnumber(r->res, "body")))
        k->is_torn = true;
}

/* +relid: pg_depend names what the attributes need by that */
void pgcat_take_composite(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact)
{
    pgcat_map(k, PGC_CLASS, pgcat_oid(r, first), fact);
}

/* +multirange */
void pgcat_take_range(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact)
{
    pgcat_map(k, PGC_TYPE, pgcat_oid(r, first), fact);
}

/* --- columns --- */

/* As the query has them. */
enum {
    C_RELID,
    C_NUM,
    C_NAME,
    C_TYPE_OID,
    C_TYPE,
    C_NOT_NULL,
    C_COLLATION_OID,
    C_COLLATION,
    C_STORAGE,
    C_COMPRESSION,
    C_TARGET,
    C_OPTIONS,
    C_IDENTITY,
    C_GENERATED,
    C_RIGHTS
};

static int by_place(const void *a, const void *b)
{
    const struct pgcat_col *x = a, *y = b;

    if (x->rel != y->rel)
        return x->rel < y->rel ? -1 : 1;
    return x->attnum < y->attnum ? -1 : x->attnum > y->attnum;
}

/* Attribute numbers have gaps where columns were dropped; positions have none. */
static void number_columns(struct pgcat *k)
{
    struct pgcat_rel *rel = NULL;
    char position[16];

    if (k->cols.n > 1)
        qsort(k->cols.v, k->cols.n, sizeof(*k->cols.v), by_place);
    for (size_t i = 0; i < k->cols.n; i++) {
        if (rel != &k->rels.v[k->cols.v[i].rel]) {
            rel = &k->rels.v[k->cols.v[i].rel];
            rel->first_col = (uint32_t)i;
        }
        snprintf(position, sizeof(position), "%u", ++rel->n_cols);
        ls_catalog_set(k->b, k->cols.v[i].fact, LS_A_POSITION, position);
    }
}

static void take_column(struct pgcat *k, const struct pgcat_row *r, uint32_t rel)
{
    static const struct {
        int col;
        enum ls_attr attr;
    } plain[] = {{C_TYPE, LS_A_TYPE},
                 {C_COLLATION, LS_A_COLLATION},
                 {C_STORAGE, LS_A_STORAGE},
                 {C_COMPRESSION, LS_A_COMPRESSION},
                 {C_TARGET, LS_A_STATISTICS_TARGET},
                 {C_OPTIONS, LS_A_OPTIONS},
                 {C_RIGHTS, LS_A_RIGHTS}};
    const char *name = ls_catalog_intern(k->b, pgcat_get(r, C_NAME));
    uint32_t fact = ls_catalog_add(k->b, LS_FACT_COLUMN, k->rels.v[rel].schema, k->rels.v[rel].name, name);
    uint32_t type;
    char identity = pgcat_char(r, C_IDENTITY);

    *LS_VEC_PUSH(&k->cols) = (struct pgcat_col){.rel = rel,
                                                .attnum = pgcat_int(r, C_NUM),
                                                .fact = fact,
                                                .type = pgcat_oid(r, C_TYPE_OID),
                                                .collation = pgcat_oid(r, C_COLLATION_OID),
                                                .identity = identity,
                                                .generated = pgcat_char(r, C_GENERATED),
                                                .name = name};
    if (pgcat_get(r, C_TYPE) == NULL && (type = pgcat_find(k, PGC_TYPE_NAME, pgcat_oid(r, C_TYPE_OID))) != UINT32_MAX)
        ls_catalog_set(k->b, fact, LS_A_TYPE, k->types.v[type]);
    for (size_t i = 0; i < LS_ARRAY_LEN(plain); i++)
        ls_catalog_set(k->b, fact, plain[i].attr, pgcat_get(r, plain[i].col));
    if (pgcat_is(r, C_NOT_NULL))
        ls_catalog_set(k->b, fact, LS_A_NOT_NULL, "yes");
    if (identity != '\0')
        ls_catalog_set(k->b, fact, LS_A_IDENTITY, identity == 'a' ? "always" : "by default");
}

/* oid, name */
void pgcat_take_type_names(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        pgcat_map(k, PGC_TYPE_NAME, pgcat_oid(&r, 0), (uint32_t)k->types.n);
        *LS_VEC_PUSH(&k->types) = ls_catalog_intern(k->b, pgcat_get(&r, 1));
    }
}

void pgcat_take_columns(struct pgcat *k, const PGresult *res)
{
    uint32_t relid = 0, rel = UINT32_MAX;

    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        uint32_t oid = pgcat_oid(&r, C_RELID);

        if (oid != relid) {
            relid = oid;
            rel = pgcat_rel_of(k, oid);
        }
        pgcat_keep_reading(k, &r);
        if (rel != UINT32_MAX)
            take_column(k, &r, rel);
    }
    number_columns(k);
}

/* relation, column, the default's oid, its text */
void pgcat_take_defaults(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        const struct pgcat_col *col = pgcat_col_of(k, pgcat_rel_of(k, pgcat_oid(&r, 0)), pgcat_int(&r, 1));

        pgcat_keep_reading(k, &r);
        if (col == NULL)
            continue;
        pgcat_map(k, PGC_ATTRDEF, pgcat_oid(&r, 2), col->fact);
        k->is_torn = k->is_torn || pgcat_get(&r, 3) == NULL;
        if (col->generated == '\0') {
            pgcat_set(k, col->fact, LS_A_DEFAULT, pgcat_get(&r, 3));
            continue;
        }
        ls_buf_clear(&k->text);
        ls_buf_addf(&k->text, "%s (%s)", col->generated == 'v' ? "virtual" : "stored", pgcat_get(&r, 3) ? pgcat_get(&r, 3) : "");
        pgcat_set(k, col->fact, LS_A_GENERATED, k->text.ptr);
    }
}

/* relation, option text of its TOAST table; the relation's own options are in the fact already, so both come here again */
void pgcat_take_toast(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++)
        ls_catalog_set(k->b, pgcat_find(k, PGC_CLASS, pgcat_oid(&r, 0)), LS_A_OPTIONS, pgcat_get(&r, 1));
}

/* child, parent, whether the child is a partition, whether it is being detached; ordered by child and place */
void pgcat_take_inherits(struct pgcat *k, const PGresult *res)
{
    ls_buf_clear(&k->text);
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        uint32_t child = pgcat_oid(&r, 0), rel = pgcat_rel_of(k, child), parent = pgcat_rel_of(k, pgcat_oid(&r, 1));
        struct pgcat_row next = {res, r.row + 1};

        if (rel == UINT32_MAX)
            continue;
        if (parent != UINT32_MAX) {
            ls_buf_adds(&k->text, k->text.len > 0 ? ", " : "");
            pgcat_qualified(&k->text, k->rels.v[parent].schema, k->rels.v[parent].name);
            ls_catalog_depend(k->b, k->rels.v[rel].fact, k->rels.v[parent].fact);
        }
        if (pgcat_is(&r, 3))
            ls_buf_adds(&k->text, " (being detached)");
        if (next.row < PQntuples(res) && pgcat_oid(&next, 0) == child)
            continue;
        ls_catalog_set(k->b, k->rels.v[rel].fact, pgcat_is(&r, 2) ? LS_A_PARTITION_OF : LS_A_INHERITS, k->text.ptr);
        ls_buf_clear(&k->text);
    }
}

/* relation, server, options, the server's oid */
void pgcat_take_foreign_tables(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        uint32_t oid = pgcat_oid(&r, 0), fact = pgcat_find(k, PGC_CLASS, oid);

        if (pgcat_rel_of(k, oid) == UINT32_MAX)
            continue;
        ls_catalog_set(k->b, fact, LS_A_SERVER, pgcat_get(&r, 1));
        ls_catalog_set(k->b, fact, LS_A_OPTIONS, pgcat_get(&r, 2));
        pgcat_add_edge(k, (struct pgcat_edge){PGC_CLASS, oid, PGC_SERVER, pgcat_oid(&r, 3), 0, 0, false});
    }
}

/* --- sequences --- */

enum {
    S_OID,
    S_NSP,
    S_NAME,
    S_OWNER,
    S_RIGHTS,
    S_PERSISTENCE,
    S_TYPE,
    S_START,
    S_INCREMENT,
    S_MAX,
    S_MIN,
    S_CACHE,
    S_CYCLE,
    S_TYPE_MAX,
    S_TYPE_MIN
};

/* What is not the default, which depends on the direction. */
static const char *sequence_options(struct pgcat *k, const struct pgcat_row *r)
{
    bool is_down = pgcat_char(r, S_INCREMENT) == '-';
    const char *min = is_down ? pgcat_get(r, S_TYPE_MIN) : "1", *max = is_down ? "-1" : pgcat_get(r, S_TYPE_MAX);
    const struct {
        const char *word;
        int col;
        const char *usual;
    } options[] = {{"start", S_START, is_down ? pgcat_get(r, S_MAX) : pgcat_get(r, S_MIN)},
                   {"increment", S_INCREMENT, "1"},
                   {"minvalue", S_MIN, min},
                   {"maxvalue", S_MAX, max},
                   {"cache", S_CACHE, "1"}};

    ls_buf_clear(&k->text);
    for (size_t i = 0; i < LS_ARRAY_LEN(options); i++)
        if (strcmp(pgcat_get(r, options[i].col), options[i].usual) != 0)
            ls_buf_addf(&k->text, "%s%s %s", k->text.len > 0 ? ", " : "", options[i].word, pgcat_get(r, options[i].col));
    if (pgcat_is(r, S_CYCLE))
        ls_buf_addf(&k->text, "%scycle", k->text.len > 0 ? ", " : "");
    return ls_catalog_intern(k->b, k->text.ptr);
}

static const char *intern(struct pgcat *k, const char *s)
{
    return s == NULL ? NULL : ls_catalog_intern(k->b, s);
}

void pgcat_take_sequences(struct pgcat *k, const PGresult *res)
{
    for (struct pgcat_row r = {res, 0}; r.row < PQntuples(res); r.row++) {
        const char *schema = pgcat_schema(k, pgcat_oid(&r, S_NSP));
        uint32_t oid = pgcat_oid(&r, S_OID), at = (uint32_t)k->seqs.n;

        pgcat_keep_reading(k, &r);
        if (schema == NULL || pgcat_is_left_out(k, schema, pgcat_get(&r, S_NAME)) || pgcat_find(k, PGC_CLASS, oid) != UINT32_MAX)
            continue; /* mapped already: an extension's */
        *LS_VEC_PUSH(&k->seqs) = (struct pgcat_seq){.oid = oid,
                                                    .schema = schema,
                                                    .name = intern(k, pgcat_get(&r, S_NAME)),
                                                    .options = sequence_options(k, &r),
                                                    .owner = intern(k, pgcat_get(&r, S_OWNER)),
                                                    .rights = intern(k, pgcat_get(&r, S_RIGHTS)),
                                                    .persistence = intern(k, pgcat_get(&r, S_PERSISTENCE)),
                                                    .type = intern(k, pgcat_get(&r, S_TYPE))};
        pgcat_map(k, PGC_SEQ, oid, at);
    }
}

static void fold_identity(struct pgcat *k, const struct pgcat_seq *s, const struct pgcat_rel *rel, const struct pgcat_col *col)
{
    ls_buf_clear(&k->text);
    ls_buf_addf(&k->text, "%s%s%s", col->identity == 'a' ? "always" : "by default", s->options[0] ? ", " : "", s->options);
    ls_catalog_set(k->b, col->fact, LS_A_IDENTITY, k->text.ptr);
    pgcat_map(k, PGC_CLASS, s->oid, col->fact);
    if (s->rights != NULL) { /* of a column's own rights nothing can be granted to its sequence, so both are rare together */
        ls_buf_clear(&k->text);
        ls_buf_addf(&k->text, "sequence %s", s->rights);
        ls_catalog_set(k->b, col->fact, LS_A_RIGHTS, k->text.ptr);
    }
    if (!pgcat_is_made_name(s->name, rel->name, col->name, "seq") || strcmp(s->schema, rel->schema) != 0) {
        ls_buf_clear(&k->text);
        ls_buf_adds(&k->text, "sequence ");
        pgcat_qualified(&k->text, s->schema, s->name);
        ls_catalog_set(k->b, col->fact, LS_A_PARTS, k->text.ptr);
    }
}

static void place_sequence(struct pgcat *k, const struct pgcat_seq *s)
{
    uint32_t at = s->owner_rel == 0 ? UINT32_MAX : pgcat_rel_of(k, s->owner_rel), fact;
    const struct pgcat_col *col = pgcat_col_of(k, at, s->owner_attnum);

    if (s->owner_rel != 0 && col == NULL)
        return; /* of a table that is left out */
    if (s->is_identity) {
        fold_identity(k, s, &k->rels.v[at], col);
        return;
    }
    fact = ls_catalog_add(k->b, LS_FACT_SEQUENCE, s->schema, NULL, s->name);
    pgcat_map(k, PGC_CLASS, s->oid, fact);
    ls_catalog_set(k->b, fact, LS_A_TYPE, s->type);
    ls_catalog_set(k->b, fact, LS_A_OPTIONS, s->options);
    ls_catalog_set(k->b, fact, LS_A_PERSISTENCE, s->persistence);
    ls_catalog_set(k->b, fact, LS_A_OWNER, s->owner);
    ls_catalog_set(k->b, fact, LS_A_RIGHTS, s->rights);
    if (col == NULL)
        return;
    ls_buf_clear(&k->text);
    pgcat_qualified(&k->text, k->rels.v[at].schema, k->rels.v[at].name);
    ls_buf_addc(&k->text, '.');
    pgcat_ident(&k->text, col->name);
    ls_catalog_set(k->b, fact, LS_A_OWNED_BY, k->text.ptr);
    if (strcmp(s->schema, k->rels.v[at].schema) == 0 && pgcat_is_made_name(s->name, k->rels.v[at].name, col->name, "seq"))
        ls_catalog_set(k->b, fact, LS_A_SYSTEM_NAME, "yes");
}

void pgcat_place_sequences(struct pgcat *k)
{
    for (size_t i = 0; i < k->seqs.n; i++)
        place_sequence(k, &k->seqs.v[i]);
}
