/* cli/index_json.c: usage, verdicts, advice and plans as data. */
#include <config.h>

#include "cli/index.h"

#include <string.h>

#include "lockstep/base/clock.h"

static void set_time(json_t *o, const char *key, int64_t us)
{
    char iso[LS_ISO_LEN];

    if (us <= 0)
        return;
    ls_iso_utc(us, iso);
    cli_json_set(o, key, iso);
}

/* Numbers that are not known are left out. */
static void set_int(json_t *o, const char *key, int64_t n)
{
    if (n >= 0)
        cli_json_int(o, key, n);
}

static void set_real(json_t *o, const char *key, double n)
{
    if (n >= 0)
        (void)json_object_set_new(o, key, json_real(n));
}

static json_t *table_json(const struct ls_usage_table *t)
{
    json_t *o = json_object();

    cli_json_set(o, "schema", t->schema);
    cli_json_set(o, "name", t->name);
    cli_json_set(o, "kind", (char[]){t->kind, '\0'});
    set_real(o, "rows", t->rows);
    set_int(o, "bytes", t->bytes);
    set_int(o, "seq_scans", t->seq_scans);
    set_int(o, "index_scans", t->idx_scans);
    set_real(o, "index_share", ls_usage_index_share(t));
    set_int(o, "inserted", t->inserted);
    set_int(o, "updated", t->updated);
    set_int(o, "deleted", t->deleted);
    set_real(o, "hot_share", ls_usage_hot_share(t));
    set_int(o, "dead", t->dead);
    set_time(o, "last_analyze", t->last_analyze_us);
    return o;
}

static bool serves_fk(const struct ls_usage *u, uint32_t at)
{
    const struct ls_usage_table *t = &u->tables[u->indexes[at].table];

    for (uint32_t f = t->first_fk; f < t->first_fk + t->n_fks; f++)
        if (u->fks[f].index == at)
            return true;
    return false;
}

/* Names of the workload's queries that are planned with it. */
static json_t *queries_of(const struct cli_index *x, uint32_t at)
{
    const struct ls_advices *a = &x->r.advices;
    json_t *list = json_array();

    for (uint32_t p = 0; a->arena && a->uses && p < a->n_plans && p < x->r.workload.n_queries; p++)
        if (a->uses[(size_t)p * x->r.usage->n_indexes + at])
            (void)json_array_append_new(list, cli_json_text(x->r.workload.queries[p].name));
    return list;
}

static json_t *index_json(const struct cli_index *x, uint32_t at)
{
    const struct ls_usage_index *i = &x->r.usage->indexes[at];
    const struct ls_past *p = ls_index_past(&x->r, at);
    struct ls_buf keys = LS_BUF_INIT;
    json_t *o = json_object();

    cli_index_keys(x->r.usage, i, &keys);
    cli_json_set(o, "schema", i->schema);
    cli_json_set(o, "name", i->name);
    cli_json_set(o, "table", x->r.usage->tables[i->table].name);
    cli_json_set(o, "keys", keys.ptr);
    cli_json_set(o, "method", i->method);
    cli_json_set(o, "definition", i->definition);
    cli_json_set(o, "constraint", i->constraint[0] ? i->constraint : NULL);
    cli_json_bool(o, "unique", i->is_unique);
    cli_json_bool(o, "primary", i->is_primary);
    cli_json_bool(o, "valid", i->is_valid);
    cli_json_bool(o, "building", i->is_building);
    cli_json_bool(o, "replica_identity", i->is_replica_identity);
    cli_json_bool(o, "foreign_key_target", i->is_fk_target);
    cli_json_bool(o, "partitioned", i->is_partitioned);
    cli_json_bool(o, "partition", i->is_partition);
    cli_json_bool(o, "exclusion", i->is_exclusion);
    cli_json_bool(o, "clustered", i->is_clustered);
    cli_json_bool(o, "indexed_by", i->is_in_query);
    cli_json_bool(o, "serves_foreign_key", serves_fk(x->r.usage, at));
    (void)json_object_set_new(o, "queries", queries_of(x, at));
    set_int(o, "scans", i->scans);
    set_int(o, "bytes", i->bytes);
    set_real(o, "bloat", i->bloat);
    if (i->bloat >= 0)
        cli_json_set(o, "bloat_how", ls_bloat_name(i->bloat_how));
    set_time(o, "last_scan", i->last_scan_us);
    if (p) {
        set_real(o, "scans_per_hour", p->per_hour);
        if (x->r.usage->dialect == LS_DIALECT_POSTGRES) /* SQLite counts nothing, and no history is kept of it */
            set_time(o, "first_seen", p->first_seen_us);
        set_time(o, "last_rise", p->last_rise_us);
        set_time(o, "counted_from", p->counted_from_us);
    }
    ls_buf_release(&keys);
    return o;
}

static json_t *fk_json(const struct cli_index *x, const struct ls_usage_fk *f)
{
    json_t *o = json_object(), *columns = json_array();

    cli_json_set(o, "table", x->r.usage->tables[f->table].name);
    cli_json_set(o, "name", f->name);
    for (uint32_t i = 0; i < f->n_columns; i++)
        (void)json_array_append_new(columns, cli_json_text(f->columns[i]));
    (void)json_object_set_new(o, "columns", columns);
    cli_json_set(o, "refers_to", f->ref_table);
    cli_json_set(o, "on_delete", f->on_delete);
    cli_json_bool(o, "validated", f->is_validated);
    cli_json_bool(o, "enforced", f->is_enforced);
    cli_json_set(o, "index", f->index != LS_NO_USAGE ? x->r.usage->indexes[f->index].name : NULL);
    set_int(o, "orphans", f->orphans);
    cli_json_set(o, "orphans_sql", f->orphans_sql);
    return o;
}

json_t *cli_explained_json(const struct ls_explained *e)
{
    json_t *o = json_object(), *nodes = json_array();

    cli_json_set(o, "how", e->how);
    cli_json_bool(o, "measured", e->is_measured);
    set_real(o, "cost", e->cost);
    set_real(o, "ms", e->ms);
    set_int(o, "buffers", e->buffers);
    set_int(o, "steps", e->steps);
    if (e->dialect == LS_DIALECT_SQLITE && e->is_measured) {
        set_int(o, "fullscan_steps", e->fullscan_steps);
        set_int(o, "sorts", e->sorts);
        set_int(o, "autoindexes", e->autoindexes);
        set_int(o, "rows", e->rows);
    }
    for (uint32_t i = 0; i < e->n_nodes; i++) {
        const struct ls_node *n = &e->nodes[i];
        json_t *one = json_object();

        (void)json_object_set_new(one, "parent", n->parent == LS_NO_USAGE ? json_null() : json_integer((json_int_t)n->parent));
        cli_json_int(one, "depth", n->depth);
        cli_json_set(one, "what", n->what);
        cli_json_set(one, "relation", n->relation[0] ? n->relation : NULL);
        cli_json_set(one, "index", n->index[0] ? n->index : NULL);
        cli_json_set(one, "detail", n->detail[0] ? n->detail : NULL);
        set_real(one, "cost", n->cost);
        set_real(one, "rows", n->rows);
        set_real(one, "actual_rows", n->actual_rows);
        set_real(one, "loops", n->loops);
        set_real(one, "removed", n->removed);
        set_real(one, "ms", n->ms);
        set_int(one, "buffers", n->buffers);
        set_real(one, "self", n->self);
        (void)json_array_append_new(nodes, one);
    }
    (void)json_object_set_new(o, "nodes", nodes);
    return o;
}

static json_t *spec_json(const struct cli_index *x, const struct ls_index_spec *s)
{
    struct ls_buf sql = LS_BUF_INIT;
    json_t *o = json_object(), *keys = json_array();

    cli_index_spec(x, s, &sql);
    cli_json_set(o, "schema", s->schema);
    cli_json_set(o, "table", s->table);
    cli_json_set(o, "name", s->name);
    for (uint32_t i = 0; i < s->n_keys; i++)
        (void)json_array_append_new(keys, cli_json_text(s->keys[i]));
    (void)json_object_set_new(o, "keys", keys);
    cli_json_set(o, "predicate", s->predicate && s->predicate[0] ? s->predicate : NULL);
    cli_json_set(o, "sql", sql.ptr);
    ls_buf_release(&sql);
    return o;
}

json_t *cli_advice_json(const struct cli_index *x, const struct ls_advice *a)
{
    json_t *o = json_object(), *gains = json_array();

    (void)json_object_set_new(o, "index", spec_json(x, a->spec));
    cli_json_set(o, "level", ls_advice_level_name(a->level));
    set_real(o, "saving", a->saving);
    set_int(o, "bytes", a->bytes);
    cli_json_set(o, "write_cost", a->write_cost);
    cli_json_set(o, "replaces", a->replaces != LS_NO_USAGE ? x->r.usage->indexes[a->replaces].name : NULL);
    for (uint32_t i = 0; i < a->n_gains; i++) {
        const struct ls_gain *g = &a->gains[i];
        json_t *one = json_object();

        cli_json_set(one, "query", x->r.workload.queries[g->query].name);
        set_real(one, "saving", g->saving);
        (void)json_object_set_new(one, "before", cli_explained_json(&g->before));
        if (g->after.n_nodes > 0)
            (void)json_object_set_new(one, "after", cli_explained_json(&g->after));
        (void)json_array_append_new(gains, one);
    }
    (void)json_object_set_new(o, "gains", gains);
    return o;
}

/* What queries do with an index and without it. */
static json_t *losses_json(const struct cli_index *x, uint32_t index)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < x->r.advices.n_losses; i++) {
        const struct ls_loss *l = &x->r.advices.losses[i];
        json_t *one;

        if (l->index != index)
            continue;
        one = json_object();
        cli_json_set(one, "query", x->r.workload.queries[l->query].name);
        cli_json_bool(one, "worse", l->is_worse);
        (void)json_object_set_new(one, "before", cli_explained_json(&l->before));
        (void)json_object_set_new(one, "after", l->after.n_nodes > 0 ? cli_explained_json(&l->after) : json_null());
        (void)json_array_append_new(list, one);
    }
    return list;
}

static json_t *verdict_json(const struct cli_index *x, const struct ls_index_verdict *v)
{
    static const char *const fixes[] = {
        [LS_FIX_NONE] = NULL,           [LS_FIX_DROP] = "drop",         [LS_FIX_CREATE] = "create",   [LS_FIX_REPLACE] = "replace", [LS_FIX_ATTACH] = "attach",
        [LS_FIX_VALIDATE] = "validate", [LS_FIX_REINDEX] = "reindex", [LS_FIX_ANALYZE] = "analyze", [LS_FIX_VACUUM] = "vacuum"};
    json_t *o = json_object(), *create = json_array();

    cli_json_set(o, "code", ls_verdict_code(v->id));
    cli_json_set(o, "name", ls_verdict_word(v->id));
    cli_json_set(o, "severity", ls_severity_name(v->severity));
    cli_json_set(o, "confidence", ls_confidence_name(v->confidence));
    cli_json_set(o, "object", v->object);
    cli_json_set(o, "table", v->table != LS_NO_USAGE ? x->r.usage->tables[v->table].name : NULL);
    cli_json_set(o, "index", v->index != LS_NO_USAGE ? x->r.usage->indexes[v->index].name : NULL);
    cli_json_set(o, "title", v->title);
    (void)json_object_set_new(o, "evidence", cli_json_lines(v->evidence));
    cli_json_set(o, "window", v->window && v->window[0] ? v->window : NULL);
    cli_json_set(o, "fix", fixes[v->fix]);
    for (uint32_t i = 0; i < v->n_create; i++)
        (void)json_array_append_new(create, spec_json(x, &v->create[i]));
    (void)json_object_set_new(o, "create", create);
    cli_json_set(o, "price", v->price);
    cli_json_set(o, "undo", v->undo);
    cli_json_set(o, "ignored", v->ignored);
    if (v->advice)
        (void)json_object_set_new(o, "advice", cli_advice_json(x, v->advice));
    if (v->id == LS_IX_PREFIX)
        (void)json_object_set_new(o, "without", losses_json(x, v->index));
    return o;
}

void cli_index_json(struct cli_index *x, uint32_t table)
{
    const struct ls_usage *u = x->r.usage;
    json_t *root = x->ctx->root, *tables = json_array(), *indexes = json_array(), *fks = json_array(), *verdicts = json_array();

    cli_json_set(root, "database", u->database);
    cli_json_set(root, "server", u->server);
    cli_json_set(root, "dialect", ls_dialect_name(u->dialect));
    cli_json_bool(root, "standby", u->in_recovery);
    cli_json_set(root, "window", x->r.verdicts.window);
    set_time(root, "stats_reset", u->stats_reset_us);
    cli_json_int(root, "standbys_read", x->r.n_standbys);
    cli_json_set(root, "workload", x->r.workload.arena ? x->r.workload.source : NULL);
    cli_json_set(root, "advice", x->r.advices.n_plans > 0 ? x->r.advices.how : NULL);
    for (uint32_t i = 0; i < u->n_tables; i++)
        if (table == LS_NO_USAGE || table == i)
            (void)json_array_append_new(tables, table_json(&u->tables[i]));
    for (uint32_t i = 0; i < u->n_indexes; i++)
        if (table == LS_NO_USAGE || u->indexes[i].table == table)
            (void)json_array_append_new(indexes, index_json(x, i));
    for (uint32_t i = 0; i < u->n_fks; i++)
        if (table == LS_NO_USAGE || u->fks[i].table == table)
            (void)json_array_append_new(fks, fk_json(x, &u->fks[i]));
    for (uint32_t i = 0; i < x->r.verdicts.n; i++)
        if (cli_index_shows(&x->r.verdicts.v[i], table, cli_has(x->ctx, CLI_O(ALL))))
            (void)json_array_append_new(verdicts, verdict_json(x, &x->r.verdicts.v[i]));
    (void)json_object_set_new(root, "tables", tables);
    (void)json_object_set_new(root, "indexes", indexes);
    (void)json_object_set_new(root, "foreign_keys", fks);
    (void)json_object_set_new(root, "verdicts", verdicts);
    (void)json_object_set_new(root, "notes", cli_json_diags(&x->r.notes));
}

/* --- SARIF: a rule for each verdict, indexes and tables as logical locations ----------------------------------------------------- */

static const char *level_of(enum ls_severity s)
{
    static const char *const levels[] = {
        [LS_SEV_INFO] = "note", [LS_SEV_WARNING] = "warning", [LS_SEV_DANGER] = "error", [LS_SEV_ERROR] = "error"};

    return levels[s];
}

static json_t *message(const char *text)
{
    json_t *o = json_object();

    cli_json_set(o, "text", text && text[0] ? text : "no more is known");
    return o;
}

static json_t *result(const struct ls_index_verdict *v)
{
    json_t *o = json_object(), *where = json_object(), *place = json_object(), *places = json_array(), *logical = json_array(), *print = json_object();
    struct ls_buf text = LS_BUF_INIT;

    ls_buf_addf(&text, "%s: %s", v->object, v->title ? v->title : ls_verdict_meaning(v->id));
    cli_json_set(o, "ruleId", ls_verdict_code(v->id));
    cli_json_int(o, "ruleIndex", v->id);
    cli_json_set(o, "level", level_of(v->severity));
    (void)json_object_set_new(o, "message", message(text.ptr));
    cli_json_set(place, "fullyQualifiedName", v->object);
    (void)json_array_append_new(logical, place);
    (void)json_object_set_new(where, "logicalLocations", logical);
    (void)json_array_append_new(places, where);
    (void)json_object_set_new(o, "locations", places);
    ls_buf_clear(&text);
    ls_buf_addf(&text, "%s %s", ls_verdict_code(v->id), v->object);
    cli_json_set(print, "verdict/v1", text.ptr);
    (void)json_object_set_new(o, "partialFingerprints", print);
    if (v->ignored) {
        json_t *list = json_array(), *one = json_object();

        cli_json_set(one, "kind", "external");
        cli_json_set(one, "justification", v->ignored);
        (void)json_array_append_new(list, one);
        (void)json_object_set_new(o, "suppressions", list);
    }
    ls_buf_release(&text);
    return o;
}

json_t *cli_index_sarif(struct cli_index *x, uint32_t table)
{
    json_t *log = json_object(), *runs = json_array(), *run = json_object(), *tool = json_object(), *driver = json_object(), *rules = json_array(),
           *results = json_array();

    for (int i = 0; i < LS_N_VERDICTS; i++) {
        json_t *rule = json_object();

        cli_json_set(rule, "id", ls_verdict_code((enum ls_verdict_id)i));
        cli_json_set(rule, "name", ls_verdict_word((enum ls_verdict_id)i));
        (void)json_object_set_new(rule, "shortDescription", message(ls_verdict_meaning((enum ls_verdict_id)i)));
        (void)json_array_append_new(rules, rule);
    }
    for (uint32_t i = 0; i < x->r.verdicts.n; i++)
        if (cli_index_shows(&x->r.verdicts.v[i], table, true))
            (void)json_array_append_new(results, result(&x->r.verdicts.v[i]));
    cli_json_set(driver, "name", PACKAGE_NAME);
    cli_json_set(driver, "version", PACKAGE_VERSION);
    (void)json_object_set_new(driver, "rules", rules);
    (void)json_object_set_new(tool, "driver", driver);
    (void)json_object_set_new(run, "tool", tool);
    (void)json_object_set_new(run, "results", results);
    (void)json_array_append_new(runs, run);
    cli_json_set(log, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    cli_json_set(log, "version", "2.1.0");
    (void)json_object_set_new(log, "runs", runs);
    return log;
}
