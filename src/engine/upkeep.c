/* Maintenance that mends a verdict and is no migration: which statements, and what they cost. */
#include <config.h>

#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/engine/index_fix.h"
#include "lockstep/sql/quote.h"

struct maker {
    struct ls_upkeep *out;
    const struct ls_usage *u;
    const struct ls_usage_index *x; /* NULL: of a table */
    const struct ls_usage_table *t;
    const char *object;             /* quoted for SQL */
    const char *sql[4];
};

static bool is_pg(const struct maker *m)
{
    return m->u->dialect == LS_DIALECT_POSTGRES;
}

static const char *space_text(struct maker *m, int64_t bytes)
{
    char text[LS_ISO_LEN];

    if (bytes < 0)
        return "about the index's size";
    ls_size_text(bytes, text);
    return ls_arena_printf(m->out->arena, "about %s", text);
}

static void add(struct maker *m, const char *sql)
{
    m->sql[m->out->n++] = sql;
}

/* 14.0 to 14.3 could damage what they built concurrently; an exclusion constraint's index cannot be rebuilt so at all. */
static bool can_concur(const struct maker *m)
{
    return !(m->u->server_version >= 140000 && m->u->server_version < 140004) && !m->x->is_exclusion;
}

static enum ls_rc reindex(struct maker *m, struct ls_err *err)
{
    struct ls_upkeep *o = m->out;

    if (m->x == NULL)
        return ls_err_set(err, LS_E_REFUSED, "there is no index to rebuild in this verdict");
    if (m->x->definition[0] == '\0' && !is_pg(m)) {
        add(m, ls_arena_printf(o->arena, "REINDEX %s", m->object));
        o->price = "writes to the database wait until it is done";
        return LS_OK;
    }
    o->is_concurrent = is_pg(m) && can_concur(m);
    add(m, ls_arena_printf(o->arena, is_pg(m) ? "REINDEX INDEX %s%s" : "REINDEX %s%s", o->is_concurrent ? "CONCURRENTLY " : "", m->object));
    if (o->is_concurrent) {
        o->price = ls_arena_printf(o->arena,
                                   "reads and writes go on; it needs %s of free space while it runs, and waits for every transaction that is older than it",
                                   space_text(m, m->x->bytes));
        o->undo = ls_arena_printf(o->arena, "nothing to take back. When it fails, an invalid index %s_ccnew stays; it is dropped when it is surely this one's",
                                  m->x->name);
    } else {
        o->price = is_pg(m) ? "writes to the table, and reads that would take the index, wait until it is done" : "writes to the database wait until it is done";
    }
    return LS_OK;
}

static enum ls_rc analyze(struct maker *m, struct ls_err *err)
{
    struct ls_upkeep *o = m->out;

    (void)err;
    if (!is_pg(m) && m->u->server_version >= 3046000) {
        add(m, "PRAGMA optimize = 0x10002");
    } else if (!is_pg(m)) {
        /* Before 3.46 optimize looks only at tables that this very connection has asked for. */
        add(m, "PRAGMA analysis_limit = 400");
        add(m, m->t != NULL ? ls_arena_printf(o->arena, "ANALYZE %s", m->object) : "ANALYZE");
    } else {
        add(m, ls_arena_printf(o->arena, "ANALYZE %s", m->object));
    }
    o->price = is_pg(m) ? "reads a sample of the table; reads and writes go on. Plans may change with what it finds" : "reads a part of each index; writes wait meanwhile. Plans may change with what it finds";
    return LS_OK;
}

static enum ls_rc vacuum(struct maker *m, struct ls_err *err)
{
    struct ls_upkeep *o = m->out;

    (void)err;
    add(m, is_pg(m) ? ls_arena_printf(o->arena, "VACUUM (ANALYZE) %s", m->object) : "VACUUM");
    o->price = is_pg(m) ? "reads and writes go on; it reads the whole table"
                        : "nobody else reads or writes meanwhile; it needs up to twice the file's size of free space, and writes the file anew";
    return LS_OK;
}

static enum ls_rc quote(struct maker *m, bool of_index, struct ls_err *err)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *schema = of_index ? m->x->schema : m->t->schema, *name = of_index ? m->x->name : m->t->name;
    enum ls_rc rc = ls_sql_ident2(&b, schema, name, err);

    m->object = ls_arena_strn(m->out->arena, b.ptr, b.len);
    ls_buf_release(&b);
    return rc;
}

enum ls_rc ls_upkeep_plan(const struct ls_usage *u, const struct ls_index_verdict *v, struct ls_upkeep *out, struct ls_err *err)
{
    static const struct {
        enum ls_fix_kind fix;
        const char *word;
        enum ls_rc (*make)(struct maker *m, struct ls_err *err);
    } kinds[] = {{LS_FIX_REINDEX, "reindex", reindex}, {LS_FIX_ANALYZE, "analyze", analyze}, {LS_FIX_VACUUM, "vacuum", vacuum}};
    struct maker m = {.out = out, .u = u};
    enum ls_rc rc = LS_E_REFUSED;
    const char **list;

    *out = (struct ls_upkeep){.arena = ls_arena_new(), .undo = "", .price = "", .schema = "", .table = "", .index = ""};
    m.x = v->index != LS_NO_USAGE ? &u->indexes[v->index] : NULL;
    m.t = v->table != LS_NO_USAGE ? &u->tables[v->table] : m.x != NULL ? &u->tables[m.x->table] : NULL;
    for (size_t i = 0; i < LS_ARRAY_LEN(kinds); i++) {
        if (kinds[i].fix != v->fix || (m.t == NULL && (is_pg(&m) || v->fix == LS_FIX_REINDEX)))
            continue;
        rc = m.t != NULL ? quote(&m, v->fix == LS_FIX_REINDEX && m.x != NULL, err) : LS_OK;
        if (rc == LS_OK)
            rc = kinds[i].make(&m, err);
        out->what = ls_arena_printf(out->arena, "%s %s", kinds[i].word, v->object);
    }
    if (rc == LS_E_REFUSED && out->what == NULL) {
        ls_err_set(err, LS_E_REFUSED, "no upkeep mends %s of %s", ls_verdict_code(v->id), v->object);
        if (v->fix != LS_FIX_NONE)
            ls_err_hint(err, "a migration does: lockstep index --fix %s:%s", ls_verdict_code(v->id), v->object);
    }
    if (rc != LS_OK) {
        ls_upkeep_release(out);
        return rc;
    }
    list = LS_ARENA_ARRAY(out->arena, const char *, out->n + 1);
    memcpy(list, m.sql, out->n * sizeof(*list));
    out->sql = list;
    if (m.t != NULL) {
        out->schema = ls_arena_str(out->arena, m.t->schema);
        out->table = ls_arena_str(out->arena, m.t->name);
    }
    out->index = v->fix == LS_FIX_REINDEX ? ls_arena_str(out->arena, m.x->name) : "";
    return LS_OK;
}

void ls_upkeep_release(struct ls_upkeep *p)
{
    ls_arena_free(p->arena);
    *p = (struct ls_upkeep){0};
}
