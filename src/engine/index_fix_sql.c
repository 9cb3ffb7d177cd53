/* The statements of a fix, and of its way back. Names come from the catalogue, through sql/quote; keys and predicates are what the database itself prints. */
#include <config.h>

#include "engine/index_fix_priv.h"

#include <string.h>

#include "lockstep/base/text.h"
#include "lockstep/sql/lex.h"
#include "lockstep/sql/quote.h"

#define MAX_NAME 63 /* NAMEDATALEN - 1; SQLite takes more, and nobody reads more */

static bool is_pg(const struct fix *f)
{
    return f->u->dialect == LS_DIALECT_POSTGRES;
}

static bool can_alone(const struct fix *f)
{
    return f->mode != FIX_TX && f->mode != FIX_LOCKING;
}

static void push(struct fix *f, bool up, const char *sql, bool alone)
{
    struct fix_stmt *s = up ? LS_VEC_PUSH(&f->up) : LS_VEC_PUSH(&f->down);

    *s = (struct fix_stmt){sql, alone};
}

/* "schema"."name" as the dialect wants it in front of a name: SQLite's main goes without saying. NULL and err for a name that cannot be one. */
static const char *qualified(struct fix *f, const char *schema, const char *name, struct ls_err *err)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *out = NULL;

    if (schema != NULL && !is_pg(f) && strcmp(schema, "main") == 0)
        schema = NULL;
    if (ls_sql_ident2(&b, schema, name, err) == LS_OK)
        out = ls_arena_strn(f->arena, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}

static const char *quoted(struct fix *f, const char *name, struct ls_err *err)
{
    return qualified(f, NULL, name, err);
}

static const char *literal(struct fix *f, const char *text)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *out;

    ls_sql_literal(&b, f->u->dialect, text);
    out = ls_arena_strn(f->arena, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}

/* --- names ------------------------------------------------------------------------------------------------------------------------------------- */

/* base and end, cut in base so that the name fits. */
static const char *fitted(struct fix *f, const char *base, const char *end)
{
    size_t n = strlen(base), room = MAX_NAME - strlen(end);

    if (n > room) {
        n = room;
        while (n > 0 && ((unsigned char)base[n] & 0xc0) == 0x80) /* not within a character */
            n--;
    }
    return ls_arena_printf(f->arena, "%.*s%s", (int)n, base, end);
}

static bool is_leftover(const struct ls_usage_index *x)
{
    return !x->is_valid && !x->is_building && !x->is_partitioned && !x->is_partition && x->constraint[0] == '\0';
}

static bool is_taken(const struct fix *f, const char *schema, const char *name, uint32_t table)
{
    uint32_t i = ls_usage_find_index(f->u, schema, name);

    for (size_t k = 0; k < f->taken.n; k++)
        if (strcmp(f->taken.v[k], name) == 0)
            return true;
    if (ls_usage_find_table(f->u, schema, name) != LS_NO_USAGE)
        return true;
    /* What an earlier attempt of this very index has left is cleared away, and its name taken again. */
    return i != LS_NO_USAGE && !(f->u->indexes[i].table == table && is_leftover(&f->u->indexes[i]));
}

static const char *free_name(struct fix *f, const char *schema, const char *wanted, uint32_t table)
{
    const char *name = fitted(f, wanted, "");
    char end[16];

    for (int i = 2; is_taken(f, schema, name, table) && i < 10000; i++) {
        (void)snprintf(end, sizeof(end), "_%d", i);
        name = fitted(f, wanted, end);
    }
    *LS_VEC_PUSH(&f->taken) = name;
    return name;
}

/* --- texts that are there already ---------------------------------------------------------------------------------------------------------------- */

const char *fix_plain_sql(struct ls_arena *arena, enum ls_dialect d, const char *sql)
{
    struct ls_buf b = LS_BUF_INIT;
    struct ls_lex lx;
    struct ls_tok t;
    const char *out;

    ls_lex_init(&lx, d, sql, strlen(sql));
    for (t = ls_lex_next(&lx); t.kind != LS_TOK_END; t = ls_lex_next(&lx)) {
        if (t.kind == LS_TOK_SPACE || t.kind == LS_TOK_COMMENT) {
            if (b.len > 0 && b.ptr[b.len - 1] != ' ')
                ls_buf_addc(&b, ' ');
        } else {
            ls_buf_add(&b, sql + t.start, t.end - t.start);
        }
        if (t.kind == LS_TOK_ERROR)
            break;
    }
    while (b.len > 0 && (b.ptr[b.len - 1] == ' ' || b.ptr[b.len - 1] == ';'))
        ls_buf_truncate(&b, b.len - 1);
    out = ls_arena_strn(arena, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}

/* Where the parts of a CREATE INDEX begin and end. */
struct def {
    size_t index_end, name_start, name_end, table_start, table_end, tail, where;
    bool has_tablespace;
};

static bool parse_def(const char *sql, struct def *d)
{
    enum { INDEX, NAME, TABLE, TAIL } at = INDEX;
    struct ls_lex lx;
    struct ls_tok t;
    int depth = 0;

    *d = (struct def){.where = strlen(sql)};
    ls_lex_init(&lx, LS_DIALECT_POSTGRES, sql, strlen(sql));
    lx.is_plain = true;
    for (t = ls_lex_next(&lx); t.kind != LS_TOK_END; t = ls_lex_next(&lx)) {
        bool is_word = t.kind == LS_TOK_WORD;

        if (t.kind == LS_TOK_ERROR)
            return false;
        if (t.kind == LS_TOK_SPACE || t.kind == LS_TOK_COMMENT)
            continue;
        depth += (t.kind == LS_TOK_OPEN) - (t.kind == LS_TOK_CLOSE);
        if (at == INDEX && is_word && ls_tok_is(&lx, &t, "INDEX")) {
            d->index_end = t.end;
            at = NAME;
        } else if (at == NAME && is_word && d->name_end > 0 && ls_tok_is(&lx, &t, "ON")) {
            at = TABLE;
        } else if (at == NAME) {
            d->name_start = d->name_end == 0 ? t.start : d->name_start;
            d->name_end = t.end;
        } else if (at == TABLE && is_word && d->table_end == 0 && ls_tok_is(&lx, &t, "ONLY")) {
            continue;
        } else if (at == TABLE && is_word && ls_tok_is(&lx, &t, "USING")) {
            d->tail = t.start;
            at = TAIL;
        } else if (at == TABLE) {
            d->table_start = d->table_end == 0 ? t.start : d->table_start;
            d->table_end = t.end;
        } else if (at == TAIL && is_word && depth == 0 && ls_tok_is(&lx, &t, "WHERE")) {
            d->where = t.start;
        } else if (at == TAIL && is_word && depth == 0 && ls_tok_is(&lx, &t, "TABLESPACE")) {
            d->has_tablespace = true;
        }
    }
    return at == TAIL && d->table_end > 0;
}

const char *fix_redefine(struct fix *f, const struct ls_usage_index *x, const char *name, const char *table, bool only, bool concurrently)
{
    struct ls_buf b = LS_BUF_INIT;
    struct def d;
    const char *sql = x->definition, *out;

    if (!is_pg(f))
        return sql[0] != '\0' ? fix_plain_sql(f->arena, f->u->dialect, sql) : NULL;
    if (!parse_def(sql, &d))
        return NULL;
    ls_buf_add(&b, sql, d.index_end);
    ls_buf_adds(&b, concurrently ? " CONCURRENTLY " : " ");
    if (name != NULL)
        ls_buf_adds(&b, name);
    else
        ls_buf_add(&b, sql + d.name_start, d.name_end - d.name_start);
    ls_buf_adds(&b, only ? " ON ONLY " : " ON ");
    if (table != NULL)
        ls_buf_adds(&b, table);
    else
        ls_buf_add(&b, sql + d.table_start, d.table_end - d.table_start);
    ls_buf_addc(&b, ' ');
    ls_buf_add(&b, sql + d.tail, d.where - d.tail);
    while (b.ptr[b.len - 1] == ' ')
        ls_buf_truncate(&b, b.len - 1);
    if (x->tablespace[0] != '\0' && !d.has_tablespace && quoted(f, x->tablespace, NULL) != NULL)
        ls_buf_addf(&b, " TABLESPACE %s", quoted(f, x->tablespace, NULL));
    if (sql[d.where] != '\0')
        ls_buf_addf(&b, " %s", sql + d.where);
    out = ls_arena_strn(f->arena, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}

/* --- making an index ----------------------------------------------------------------------------------------------------------------------------- */

static const char *create_sql(struct fix *f, const struct ls_index_spec *s, const char *name, const struct ls_usage_table *part, bool only,
                              struct ls_err *err)
{
    struct ls_index_spec x = *s;
    struct ls_buf b = LS_BUF_INIT;
    const char *out = NULL;

    x.name = name;
    if (part != NULL) {
        x.schema = part->schema;
        x.table = part->name;
    }
    if (ls_index_spec_sql(&b, f->u->dialect, &x, only ? LS_SPEC_ONLY : can_alone(f) ? LS_SPEC_CONCURRENTLY : 0, err) == LS_OK)
        out = ls_arena_strn(f->arena, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}

/* True for an index that is as good as gone, too: what a later migration drops must not look broken for ever. */
static void add_check(struct fix *f, const char *qualified_name)
{
    *LS_VEC_PUSH(&f->checks) =
        ls_arena_printf(f->arena,
                        "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indexrelid = pg_catalog.to_regclass(%s) AND NOT i.indisvalid)",
                        literal(f, qualified_name));
}

/* A build that failed leaves an index that nothing reads; it is named, since that is all that CREATE INDEX stumbles over. */
static void clear_leftover(struct fix *f, const char *schema, const char *name, const char *q)
{
    uint32_t i = is_pg(f) ? ls_usage_find_index(f->u, schema, name) : LS_NO_USAGE;

    if (i == LS_NO_USAGE || !is_leftover(&f->u->indexes[i]))
        return;
    push(f, true, ls_arena_printf(f->arena, "DROP INDEX %sIF EXISTS %s", can_alone(f) ? "CONCURRENTLY " : "", q), can_alone(f));
}

struct child_ctx {
    const struct ls_index_spec *spec; /* NULL: by the definition of like */
    const struct ls_usage_index *like;
    LS_VEC(struct fix_stmt) only, build, attach, drop;
};

static bool is_same_key(const struct ls_usage_key *a, const struct ls_usage_key *b)
{
    return strcmp(a->text, b->text) == 0 && strcmp(a->opclass, b->opclass) == 0 && strcmp(a->collation, b->collation) == 0 && a->is_desc == b->is_desc &&
           a->is_nulls_first == b->is_nulls_first;
}

/* An index of a partition that may be attached as it is. */
static uint32_t same_on(const struct fix *f, const struct ls_usage_index *like, uint32_t table)
{
    const struct ls_usage_table *t = &f->u->tables[table];

    for (uint32_t i = t->first_index; i < t->first_index + t->n_indexes; i++) {
        const struct ls_usage_index *x = &f->u->indexes[i];
        bool same = x->is_valid && !x->is_partition && x->n_keys == like->n_keys && x->is_unique == like->is_unique && x->n_include == like->n_include &&
                    strcmp(x->method, like->method) == 0 && strcmp(x->predicate, like->predicate) == 0 && x->constraint[0] == '\0';

        for (uint32_t k = 0; same && k < x->n_keys; k++)
            same = is_same_key(&x->keys[k], &like->keys[k]);
        for (uint32_t k = 0; same && k < x->n_include; k++)
            same = strcmp(x->include[k], like->include[k]) == 0;
        if (same)
            return i;
    }
    return LS_NO_USAGE;
}

static uint32_t attached_on(const struct fix *f, uint32_t parent, uint32_t table)
{
    const struct ls_usage_table *t = &f->u->tables[table];

    for (uint32_t i = t->first_index; i < t->first_index + t->n_indexes; i++)
        if (f->u->indexes[i].is_partition && f->u->indexes[i].parent == parent)
            return i;
    return LS_NO_USAGE;
}

/* What a partition's own index is called: as the server would, the table in front. */
static const char *child_name(struct fix *f, const struct ls_usage_table *c, uint32_t table, const char *parent_name)
{
    const char *end = fitted(f, parent_name, ""), *base = ls_arena_printf(f->arena, "%s_%s", c->name, end);

    return free_name(f, c->schema, base, table);
}

static enum ls_rc add_children(struct fix *f, struct child_ctx *c, uint32_t table, uint32_t parent_index, const char *parent_name, const char *parent_q,
                               struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    for (uint32_t i = 0; rc == LS_OK && i < f->u->n_tables; i++) {
        const struct ls_usage_table *t = &f->u->tables[i];
        uint32_t own;
        const char *name, *q, *sql;
        bool is_parent = t->kind == 'p';

        if (t->parent != table || t->schema == NULL)
            continue;
        own = parent_index != LS_NO_USAGE ? attached_on(f, parent_index, i) : LS_NO_USAGE;
        if (own != LS_NO_USAGE && (!is_parent || f->u->indexes[own].is_valid))
            continue;
        if (own == LS_NO_USAGE && c->like != NULL)
            own = same_on(f, c->like, i);
        name = own != LS_NO_USAGE ? f->u->indexes[own].name : child_name(f, t, i, parent_name);
        q = qualified(f, t->schema, name, err);
        if (q == NULL)
            return LS_E_INPUT;
        if (own == LS_NO_USAGE) {
            sql = c->spec != NULL ? create_sql(f, c->spec, name, t, is_parent, err)
                                  : fix_redefine(f, c->like, quoted(f, name, err), qualified(f, t->schema, t->name, err), is_parent,
                                                 !is_parent && can_alone(f));
            if (sql == NULL)
                return ls_err_set(err, LS_E_INPUT, "the index of %s cannot be written", t->name);
            if (is_parent) {
                *LS_VEC_PUSH(&c->only) = (struct fix_stmt){sql, false};
            } else {
                *LS_VEC_PUSH(&c->build) = (struct fix_stmt){sql, can_alone(f)};
                *LS_VEC_PUSH(&c->drop) = (struct fix_stmt){
                    ls_arena_printf(f->arena, "DROP INDEX %sIF EXISTS %s", can_alone(f) ? "CONCURRENTLY " : "", q), can_alone(f)};
            }
            add_check(f, q);
        }
        if (is_parent)
            rc = add_children(f, c, i, own, parent_name, q, err);
        if (own == LS_NO_USAGE || !f->u->indexes[own].is_partition)
            *LS_VEC_PUSH(&c->attach) = (struct fix_stmt){ls_arena_printf(f->arena, "ALTER INDEX %s ATTACH PARTITION %s", parent_q, q), false};
    }
    return rc;
}

static void flush_children(struct fix *f, struct child_ctx *c, bool with_down)
{
    for (size_t i = 0; i < c->only.n; i++)
        push(f, true, c->only.v[i].sql, false);
    for (size_t i = 0; i < c->build.n; i++)
        push(f, true, c->build.v[i].sql, c->build.v[i].alone);
    for (size_t i = 0; i < c->attach.n; i++)
        push(f, true, c->attach.v[i].sql, false);
    for (size_t i = 0; with_down && i < c->drop.n; i++)
        push(f, false, c->drop.v[i].sql, c->drop.v[i].alone);
    LS_VEC_RELEASE(&c->only);
    LS_VEC_RELEASE(&c->build);
    LS_VEC_RELEASE(&c->attach);
    LS_VEC_RELEASE(&c->drop);
}

static enum ls_rc add_create(struct fix *f, const struct ls_index_spec *s, struct ls_err *err)
{
    uint32_t t = ls_usage_find_table(f->u, s->schema, s->table);
    const char *name = free_name(f, s->schema, s->name, t), *q = qualified(f, s->schema, name, err), *sql;
    bool is_parent = is_pg(f) && t != LS_NO_USAGE && f->u->tables[t].kind == 'p', by_parts = is_parent && can_alone(f);
    struct child_ctx c = {.spec = s};
    enum ls_rc rc = LS_OK;

    if (q == NULL)
        return LS_E_INPUT;
    clear_leftover(f, s->schema, name, q);
    sql = create_sql(f, s, name, NULL, by_parts, err);
    if (sql == NULL)
        return LS_E_INPUT;
    push(f, true, sql, !is_parent && can_alone(f));
    push(f, false, ls_arena_printf(f->arena, "DROP INDEX %sIF EXISTS %s", !is_parent && can_alone(f) ? "CONCURRENTLY " : "", q), !is_parent && can_alone(f));
    if (is_pg(f))
        add_check(f, q);
    if (by_parts) {
        rc = add_children(f, &c, t, LS_NO_USAGE, name, q, err);
        flush_children(f, &c, true);
    }
    *LS_VEC_PUSH(&f->slugs) = ls_arena_printf(f->arena, "add %s", name);
    return rc;
}

/* --- taking one away ------------------------------------------------------------------------------------------------------------------------------ */

static enum ls_rc refuse_drop(const struct ls_usage_index *x, const char *why, const char *hint, struct ls_err *err)
{
    ls_err_set(err, LS_E_REFUSED, "the index %s cannot go: %s", x->name, why);
    ls_err_hint(err, "%s", hint);
    return LS_E_REFUSED;
}

static enum ls_rc check_drop(const struct ls_usage_index *x, struct ls_err *err)
{
    if (x->is_primary || x->is_exclusion || x->constraint[0] != '\0')
        return refuse_drop(x, "a constraint of the table stands on it", "drop the constraint, if it is not wanted", err);
    if (x->is_fk_target)
        return refuse_drop(x, "a foreign key of another table needs its uniqueness", "look at the foreign keys that refer to its table", err);
    if (x->is_replica_identity)
        return refuse_drop(x, "replication tells the table's rows by it", "choose another REPLICA IDENTITY first", err);
    if (x->is_partition)
        return refuse_drop(x, "it is a part of a partitioned table's index", "drop that one, and its parts go with it", err);
    if (x->is_in_query)
        return refuse_drop(x, "a view or trigger names it (INDEXED BY), and would fail without it", "change that one first", err);
    return LS_OK;
}

/* What the definition does not say. */
static enum ls_rc restore_rest(struct fix *f, const struct ls_usage_index *x, const char *q, struct ls_err *err)
{
    const struct ls_usage_table *t = &f->u->tables[x->table];
    const char *table, *name;

    if (is_pg(f) && x->comment[0] != '\0')
        push(f, false, ls_arena_printf(f->arena, "COMMENT ON INDEX %s IS %s", q, literal(f, x->comment)), false);
    if (!x->is_clustered)
        return LS_OK;
    table = qualified(f, t->schema, t->name, err);
    name = quoted(f, x->name, err);
    if (table == NULL || name == NULL)
        return LS_E_INPUT;
    push(f, false, ls_arena_printf(f->arena, "ALTER TABLE %s CLUSTER ON %s", table, name), false);
    return LS_OK;
}

static enum ls_rc add_drop(struct fix *f, uint32_t index, struct ls_err *err)
{
    const struct ls_usage_index *x = &f->u->indexes[index];
    bool alone = can_alone(f) && !x->is_partitioned;
    const char *q = qualified(f, x->schema, x->name, err), *back;
    enum ls_rc rc = check_drop(x, err);

    if (rc != LS_OK)
        return rc;
    if (q == NULL)
        return LS_E_INPUT;
    push(f, true, ls_arena_printf(f->arena, "DROP INDEX %sIF EXISTS %s", alone ? "CONCURRENTLY " : "", q), alone);
    *LS_VEC_PUSH(&f->slugs) = ls_arena_printf(f->arena, "drop %s", x->name);
    *LS_VEC_PUSH(&f->dropped) = x->name;
    if (is_pg(f) && !x->is_valid && !x->is_partitioned) {
        f->no_way_back = "The index was invalid, no query could use it: it is not made again.";
        return LS_OK;
    }
    back = fix_redefine(f, x, NULL, NULL, false, alone);
    if (back == NULL) {
        ls_err_set(err, LS_E_REFUSED, "the index %s cannot go: its definition cannot be read back, so that nothing could restore it", x->name);
        return LS_E_REFUSED;
    }
    push(f, false, back, alone);
    return restore_rest(f, x, q, err);
}

/* --- the others ------------------------------------------------------------------------------------------------------------------------------------ */

static enum ls_rc add_attach(struct fix *f, uint32_t index, struct ls_err *err)
{
    const struct ls_usage_index *x = &f->u->indexes[index];
    const char *q = qualified(f, x->schema, x->name, err);
    struct child_ctx c = {.like = x};
    enum ls_rc rc;

    if (q == NULL)
        return LS_E_INPUT;
    rc = add_children(f, &c, x->table, index, x->name, q, err);
    if (rc == LS_OK && c.attach.n == 0)
        rc = ls_err_set(err, LS_E_REFUSED, "every partition has its own index of %s: there is nothing to attach", x->name);
    flush_children(f, &c, false);
    add_check(f, q);
    *LS_VEC_PUSH(&f->slugs) = ls_arena_printf(f->arena, "attach %s", x->name);
    f->no_way_back = "What is attached to a partitioned index cannot be taken off it again; nothing is lost by it.";
    return rc;
}

static enum ls_rc add_validate(struct fix *f, uint32_t fk, struct ls_err *err)
{
    const struct ls_usage_fk *k = &f->u->fks[fk];
    const struct ls_usage_table *t = &f->u->tables[k->table];
    const char *table = qualified(f, t->schema, t->name, err), *name = k->name[0] != '\0' ? quoted(f, k->name, err) : NULL;

    if (!is_pg(f)) {
        ls_err_set(err, LS_E_REFUSED, "SQLite has no foreign keys that are not validated: there is nothing to write");
        ls_err_hint(err, "PRAGMA foreign_key_check lists the rows without a parent; foreign_keys = ON has to be said by each connection");
        return LS_E_REFUSED;
    }
    if (table == NULL || name == NULL)
        return LS_E_INPUT;
    push(f, true, ls_arena_printf(f->arena, "ALTER TABLE %s VALIDATE CONSTRAINT %s", table, name), false);
    *LS_VEC_PUSH(&f->checks) =
        ls_arena_printf(f->arena,
                        "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c WHERE c.conrelid = pg_catalog.to_regclass(%s) AND c.conname = %s AND NOT "
                        "c.convalidated)",
                        literal(f, table), literal(f, k->name));
    *LS_VEC_PUSH(&f->slugs) = ls_arena_printf(f->arena, "validate %s", k->name);
    f->no_way_back = "A constraint that was validated stays so; nothing is lost by it.";
    return LS_OK;
}

/* Whether another verdict of this fix has asked for it; from now on one has. */
static bool is_made(struct fix *f, const struct ls_index_spec *s)
{
    for (size_t i = 0; i < f->made.n; i++)
        if (f->made.v[i] == s)
            return true;
    *LS_VEC_PUSH(&f->made) = s;
    return false;
}

static enum ls_rc add_one(struct fix *f, const struct ls_index_verdict *v, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    switch (v->fix) {
    case LS_FIX_CREATE:
    case LS_FIX_REPLACE:
        for (uint32_t i = 0; rc == LS_OK && i < v->n_create; i++)
            if (!is_made(f, &v->create[i]))
                rc = add_create(f, &v->create[i], err);
        return rc == LS_OK && v->fix == LS_FIX_REPLACE ? add_drop(f, v->index, err) : rc;
    case LS_FIX_DROP:
        return add_drop(f, v->index, err);
    case LS_FIX_ATTACH:
        return add_attach(f, v->index, err);
    case LS_FIX_VALIDATE:
        return add_validate(f, v->fk, err);
    case LS_FIX_NONE:
    case LS_FIX_REINDEX:
    case LS_FIX_ANALYZE:
    case LS_FIX_VACUUM:
        break;
    }
    if (v->fix == LS_FIX_NONE)
        return ls_err_set(err, LS_E_REFUSED, "there is no migration that mends %s of %s", ls_verdict_code(v->id), v->object);
    ls_err_set(err, LS_E_REFUSED, "what mends %s of %s is upkeep, and no migration", ls_verdict_code(v->id), v->object);
    ls_err_hint(err, "lockstep index --upkeep %s:%s", ls_verdict_code(v->id), v->object);
    return LS_E_REFUSED;
}

enum ls_rc fix_add(struct fix *f, const struct ls_index_verdict *v, struct ls_err *err)
{
    size_t before = f->down.n, added;
    enum ls_rc rc = add_one(f, v, err);

    /* The way back goes from the last one to the first. */
    added = f->down.n - before;
    if (rc == LS_OK && before > 0 && added > 0) {
        struct fix_stmt *late = LS_ARENA_ARRAY(f->arena, struct fix_stmt, added);

        memcpy(late, f->down.v + before, added * sizeof(*late));
        memmove(f->down.v + added, f->down.v, before * sizeof(*late));
        memcpy(f->down.v, late, added * sizeof(*late));
    }
    return rc;
}
