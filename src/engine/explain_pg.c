/* PostgreSQL: EXPLAIN (FORMAT JSON), generic where no values are known. Everything happens in one transaction that is rolled back, and what was prepared is
 * deallocated in it: through a pooler the next transaction may be another session's. */
#include <config.h>

#include "engine/explain_priv.h"

#include <stdlib.h>
#include <string.h>

#include "engine/workload_priv.h"
#include "lockstep/base/mem.h"

#define PREPARED "lockstep_explain"

struct job {
    struct ls_db *db;
    const struct ls_query *q;
    const struct ls_explain_opts *opts;
    struct ls_arena *arena;
    bool is_run, is_generic;
};

/* --- the transaction */

static enum ls_rc open_tx(const struct job *j, struct ls_err *err)
{
    struct ls_buf sql = LS_BUF_INIT;
    int timeout_ms = j->opts->timeout_ms > 0 ? j->opts->timeout_ms : EX_TIMEOUT_MS;
    enum ls_rc rc = ls_db_begin(j->db, err);

    if (rc != LS_OK)
        return rc;
    if (!(j->is_run && !j->q->is_read))
        ls_buf_adds(&sql, "SET TRANSACTION READ ONLY; ");
    ls_buf_addf(&sql, "SET LOCAL statement_timeout = %d; SET LOCAL lock_timeout = 3000; ", timeout_ms);
    if (j->is_generic)
        ls_buf_adds(&sql, "SET LOCAL plan_cache_mode = force_generic_plan; ");
    /* The planner looks up the ends of an index by a scan, which the server counts as use (indexes.md 2.2): a look of ours must not make an index look used.
     * Only a superuser may switch that off. */
    ls_buf_adds(&sql, "SELECT CASE pg_catalog.current_setting('is_superuser') WHEN 'on' THEN pg_catalog.set_config('track_counts', 'off', true) END; ");
    ls_buf_adds(&sql, "SAVEPOINT " PREPARED);
    rc = ls_db_exec_batch(j->db, sql.ptr, sql.len, NULL, err);
    ls_buf_release(&sql);
    return rc;
}

static enum ls_rc undo(const struct job *j, const char *more, struct ls_err *err)
{
    struct ls_buf sql = LS_BUF_INIT;
    enum ls_rc rc;

    ls_buf_addf(&sql, "ROLLBACK TO SAVEPOINT " PREPARED "%s", more);
    rc = ls_db_exec_batch(j->db, sql.ptr, sql.len, NULL, err);
    ls_buf_release(&sql);
    return rc;
}

/* --- one plan */

static enum ls_rc take_json(const struct ls_result *r, json_t **out, struct ls_err *err)
{
    const char *text = ls_result_get(r, 0, 0);
    json_error_t why;
    json_t *list = text != NULL ? json_loads(text, 0, &why) : NULL, *first = json_array_get(list, 0);

    *out = json_is_object(json_object_get(first, "Plan")) ? json_incref(first) : NULL;
    json_decref(list);
    return *out != NULL ? LS_OK : ls_err_set(err, LS_E_UNSUPPORTED, "the server's plan cannot be read");
}

/* sql = prefix + the query; an error's place becomes one of the query. */
static enum ls_rc ask(const struct job *j, const char *prefix, const char *text, const struct ls_param *params, int n, json_t **out,
                      struct ls_err *err)
{
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r;
    enum ls_rc rc;

    ls_buf_adds(&sql, prefix);
    ls_buf_adds(&sql, text);
    rc = ls_db_query(j->db, sql.ptr, params, n, &r, err);
    if (rc != LS_OK && err != NULL && err->offset >= (long)strlen(prefix))
        err->offset -= (long)strlen(prefix);
    if (rc == LS_OK) {
        rc = take_json(&r, out, err);
        ls_result_release(&r);
    }
    ls_buf_release(&sql);
    return rc;
}

/* Also before 16: the prepared statement, executed with NULLs that no node looks at. */
static enum ls_rc ask_executed(const struct job *j, json_t **out, struct ls_err *err)
{
    struct ls_buf call = LS_BUF_INIT;
    enum ls_rc rc;

    ls_buf_adds(&call, "EXECUTE " PREPARED);
    for (int i = 0; i < j->q->n_params; i++)
        ls_buf_adds(&call, i == 0 ? "(NULL" : ", NULL");
    if (j->q->n_params > 0)
        ls_buf_addc(&call, ')');
    rc = ask(j, "EXPLAIN (VERBOSE, FORMAT JSON) ", call.ptr, NULL, 0, out, err);
    ls_buf_release(&call);
    return rc;
}

/* What is prepared is one statement, says the server: it may stand in a text. */
static enum ls_rc ask_once(const struct job *j, json_t **out, struct ls_err *err)
{
    static const char prefix[] = "PREPARE " PREPARED " AS ";
    struct ls_buf sql = LS_BUF_INIT;
    enum ls_rc rc, end;

    ls_buf_adds(&sql, prefix);
    ls_buf_adds(&sql, j->q->text);
    rc = ls_db_exec(j->db, sql.ptr, sql.len, NULL, 0, NULL, err);
    ls_buf_release(&sql);
    if (rc != LS_OK) {
        if (err != NULL && err->offset >= (long)sizeof(prefix) - 1)
            err->offset -= (long)sizeof(prefix) - 1;
        return rc;
    }
    rc = ls_db_info(j->db)->server_version >= 160000 ? ask(j, "EXPLAIN (GENERIC_PLAN, VERBOSE, FORMAT JSON) ", j->q->text, NULL, LS_AS_TEXT, out, err)
                                                     : ask_executed(j, out, err);
    end = undo(j, "; DEALLOCATE " PREPARED, rc == LS_OK ? err : NULL);
    return rc == LS_OK ? end : rc;
}

/* A NULL is in no partition, and those that the start of the execution leaves out are not in the plan. */
static bool lacks_partitions(const json_t *node)
{
    const json_t *below = json_object_get(node, "Plans");

    if (json_integer_value(json_object_get(node, "Subplans Removed")) > 0)
        return true;
    for (size_t i = 0; i < json_array_size(below); i++)
        if (lacks_partitions(json_array_get(below, i)))
            return true;
    return false;
}

/* Without pruning all are there, also those that a constant would have left out. */
static enum ls_rc ask_generic(const struct job *j, json_t **out, struct ls_err *err)
{
    static const char all[] = "SET LOCAL enable_partition_pruning = off";
    enum ls_rc rc = ask_once(j, out, err);

    if (rc != LS_OK || !lacks_partitions(json_object_get(*out, "Plan")))
        return rc;
    json_decref(*out);
    *out = NULL;
    rc = ls_db_exec(j->db, all, sizeof(all) - 1, NULL, 0, NULL, err);
    return rc == LS_OK ? ask_once(j, out, err) : rc;
}

/* --- nodes */

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s != NULL ? s : "";
}

static double number_of(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    return json_is_number(v) ? json_number_value(v) : -1;
}

/* Conditions are printed in brackets. */
static void add_condition(struct ls_buf *out, const char *lead, const json_t *v)
{
    const char *text = json_string_value(v);
    size_t len = text != NULL ? strlen(text) : 0;

    if (len == 0)
        return;
    if (out->len > 0)
        ls_buf_adds(out, "; ");
    ls_buf_adds(out, lead);
    if (len > 2 && text[0] == '(' && text[len - 1] == ')' && strchr(text + 1, '(') == NULL)
        ls_buf_add(out, text + 1, len - 2);
    else
        ls_buf_add(out, text, len);
}

static void add_list(struct ls_buf *out, const char *lead, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *s = json_string_value(json_array_get(list, i));

        ls_buf_adds(out, i > 0 ? ", " : out->len > 0 ? "; " : "");
        ls_buf_adds(out, i == 0 ? lead : "");
        ls_buf_adds(out, s != NULL ? s : "");
    }
}

static const char *detail_of(struct ls_arena *a, const json_t *plan)
{
    static const char *const conditions[][2] = {{"Index Cond", ""},      {"Recheck Cond", "recheck "}, {"TID Cond", ""},   {"Hash Cond", ""},
                                                {"Merge Cond", ""},      {"Join Filter", "join on "},  {"Filter", "filter "}, {"One-Time Filter", "only if "}};
    static const char *const lists[][2] = {{"Sort Key", ""}, {"Presorted Key", "sorted by "}, {"Group Key", "by "}};
    struct ls_buf b = LS_BUF_INIT;
    const char *out;

    for (size_t i = 0; i < LS_ARRAY_LEN(conditions); i++)
        add_condition(&b, conditions[i][1], json_object_get(plan, conditions[i][0]));
    for (size_t i = 0; i < LS_ARRAY_LEN(lists); i++)
        add_list(&b, lists[i][1], json_object_get(plan, lists[i][0]));
    out = ls_arena_strn(a, b.ptr, b.len);
    ls_buf_release(&b);
    return out;
}

static const char *what_of(struct ls_arena *a, const json_t *plan)
{
    const char *type = text_of(plan, "Node Type"), *join = text_of(plan, "Join Type"), *sub = text_of(plan, "Subplan Name");
    const char *strategy = text_of(plan, "Strategy"), *back = strcmp(text_of(plan, "Scan Direction"), "Backward") == 0 ? " Backward" : "";

    if (strcmp(type, "Aggregate") == 0)
        type = strcmp(strategy, "Hashed") == 0 ? "HashAggregate" : strcmp(strategy, "Sorted") == 0 ? "GroupAggregate" : type;
    if (strcmp(type, "ModifyTable") == 0)
        type = text_of(plan, "Operation");
    if (strcmp(join, "Inner") == 0)
        join = "";
    return ls_arena_printf(a, "%s%s%s%s%s%s%s", sub, sub[0] != '\0' ? ": " : "", type, back, join[0] != '\0' ? " (" : "", join,
                           join[0] != '\0' ? ")" : "");
}

static const char *relation_of(struct ls_arena *a, const json_t *plan)
{
    const char *schema = text_of(plan, "Schema"), *name = text_of(plan, "Relation Name"), *alias = text_of(plan, "Alias");
    bool is_public = schema[0] == '\0' || strcmp(schema, "public") == 0;

    if (name[0] == '\0') {
        const char *other = text_of(plan, "CTE Name");

        return ls_arena_str(a, other[0] != '\0' ? other : text_of(plan, "Function Name"));
    }
    return ls_arena_printf(a, "%s%s%s%s%s", is_public ? "" : schema, is_public ? "" : ".", name, alias[0] != '\0' && strcmp(alias, name) != 0 ? " " : "",
                           strcmp(alias, name) != 0 ? alias : "");
}

static int64_t buffers_of(const json_t *plan)
{
    static const char *const keys[] = {"Shared Hit Blocks", "Shared Read Blocks", "Local Hit Blocks", "Local Read Blocks"};
    int64_t sum = 0;

    if (!json_is_integer(json_object_get(plan, keys[0])))
        return -1;
    for (size_t i = 0; i < LS_ARRAY_LEN(keys); i++)
        sum += json_integer_value(json_object_get(plan, keys[i]));
    return sum;
}

/* Its own part is what its children have not: `self` holds it as an amount until all are known. */
static void add_node(struct ls_arena *a, const json_t *plan, uint32_t parent, int depth, ex_nodes *out)
{
    struct ls_node n = {.parent = parent, .depth = depth};
    const json_t *children = json_object_get(plan, "Plans");
    uint32_t me = (uint32_t)out->n;
    double amount;

    n.what = what_of(a, plan);
    n.relation = relation_of(a, plan);
    n.index = ls_arena_str(a, text_of(plan, "Index Name"));
    n.detail = detail_of(a, plan);
    n.cost = number_of(plan, "Total Cost");
    n.rows = number_of(plan, "Plan Rows");
    n.actual_rows = number_of(plan, "Actual Rows");
    n.loops = number_of(plan, "Actual Loops");
    n.removed = number_of(plan, "Rows Removed by Filter");
    n.ms = number_of(plan, "Actual Total Time");
    n.ms = n.ms >= 0 && n.loops > 0 ? n.ms * n.loops : n.ms;
    n.buffers = buffers_of(plan);
    *LS_VEC_PUSH(out) = n;
    amount = n.buffers >= 0 ? (double)n.buffers : n.cost;
    for (size_t i = 0; depth < 200 && i < json_array_size(children); i++) {
        uint32_t child = (uint32_t)out->n;

        add_node(a, json_array_get(children, i), me, depth + 1, out);
        amount -= out->v[child].buffers >= 0 ? (double)out->v[child].buffers : out->v[child].cost;
    }
    out->v[me].self = amount > 0 ? amount : 0;
}

/* Shares of the sum of all: a child under a LIMIT has a larger cost than its parent. */
static void set_shares(ex_nodes *nodes)
{
    double sum = 0;

    for (size_t i = 0; i < nodes->n; i++)
        sum += nodes->v[i].self;
    for (size_t i = 0; i < nodes->n; i++)
        nodes->v[i].self = sum > 0 ? nodes->v[i].self / sum : 0;
}

static void take_plan(const struct job *j, const json_t *root, struct ls_explained *out)
{
    const json_t *plan = json_object_get(root, "Plan");
    double ms = number_of(root, "Execution Time");
    int64_t buffers = buffers_of(plan);
    ex_nodes nodes = {0};

    add_node(j->arena, plan, LS_NO_USAGE, 0, &nodes);
    set_shares(&nodes);
    out->cost = nodes.v[0].cost;
    if (ms >= 0) {
        out->rows = (int64_t)nodes.v[0].actual_rows;
        out->ms = !out->is_measured || ms < out->ms ? ms : out->ms;
        out->buffers = !out->is_measured || buffers < out->buffers ? buffers : out->buffers;
        out->is_measured = true;
    }
    ex_freeze(out, &nodes);
}

/* --- what is not run */

/* A function that may do anything (dblink, http, pg_notify) would do it for real, wherever the query is run: a transaction takes none of that back. Those
 * of the server's own that are volatile and touch nothing are fine. */
static const char volatile_sql[] =
    "SELECT p.proname FROM pg_catalog.pg_proc p WHERE p.provolatile = 'v' AND p.proname::text = ANY ($1::text[]) AND NOT (p.proname::text = ANY "
    "('{random,clock_timestamp,timeofday,setseed,nextval,currval,lastval,gen_random_uuid,uuid_generate_v1,uuid_generate_v4,gen_random_bytes,gen_salt,"
    "random_normal,array_shuffle,array_sample,uuidv4,uuidv7}'::text[]) AND (p.pronamespace = 'pg_catalog'::regnamespace OR EXISTS (SELECT 1 FROM "
    "pg_catalog.pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))) LIMIT 1";

/* Names in front of a '(', as an array that is not closed yet. */
static void add_calls(const char *text, struct ls_buf *out)
{
    struct wl_toks t;

    wl_toks_init(&t, LS_DIALECT_POSTGRES, text, strlen(text));
    for (size_t i = 0; i + 1 < t.t.n; i++) {
        const struct ls_tok *k = &t.t.v[i];
        bool is_quoted = k->kind == LS_TOK_QUOTED;

        if (!wl_is_char(&t, i + 1, '(') || (!is_quoted && k->kind != LS_TOK_WORD && k->kind != LS_TOK_KEYWORD))
            continue;
        ls_buf_adds(out, out->len == 0 ? "{\"" : ",\"");
        for (size_t p = k->start + is_quoted; p < k->end - is_quoted; p++) {
            char c = text[p];

            if (c == '"' || c == '\\')
                ls_buf_addc(out, '\\');
            ls_buf_addc(out, !is_quoted && c >= 'A' && c <= 'Z' ? (char)(c | 32) : c);
        }
        ls_buf_addc(out, '"');
    }
    wl_toks_release(&t);
}

/* Views hide what they call; the plan does not. */
static void add_plan_calls(const json_t *v, int depth, struct ls_buf *out)
{
    const json_t *item;
    const char *key;
    size_t i;

    if (json_is_string(v))
        add_calls(json_string_value(v), out);
    json_array_foreach((json_t *)(uintptr_t)v, i, item)
        if (depth < 400)
            add_plan_calls(item, depth + 1, out);
    json_object_foreach((json_t *)(uintptr_t)v, key, item)
        if (depth < 400)
            add_plan_calls(item, depth + 1, out);
}

/* NULL: it may be run. */
static const char *why_not_run(const struct job *j, const json_t *plan)
{
    struct ls_buf names = LS_BUF_INIT;
    struct ls_param p = {.kind = LS_PARAM_TEXT};
    const char *out = NULL;
    struct ls_result r;

    add_calls(j->q->text, &names);
    add_plan_calls(plan, 0, &names);
    if (names.len > 0) {
        ls_buf_addc(&names, '}');
        p.text = names.ptr;
        if (ls_db_query(j->db, volatile_sql, &p, 1, &r, NULL) != LS_OK)
            out = "not run: its functions could not be looked up";
        else if (r.n_rows > 0)
            out = ls_arena_printf(j->arena, "not run: %s() may do more than read", ls_result_get(&r, 0, 0));
        ls_result_release(&r);
    }
    ls_buf_release(&names);
    return out;
}

/* --- rounds */

static enum ls_rc measure(const struct job *j, struct ls_explained *out, json_t **root, struct ls_err *err)
{
    struct ls_param *params = ex_params(j->arena, j->q, j->opts->sample);
    int rounds = j->opts->rounds > 0 ? j->opts->rounds : EX_ROUNDS, timeout_ms = j->opts->timeout_ms > 0 ? j->opts->timeout_ms : EX_TIMEOUT_MS;
    double total_ms = 0;
    enum ls_rc rc = LS_OK;

    /* What is written leaves dead rows behind, even when it is rolled back: the next round would read them. */
    for (int i = 0; i < (j->q->is_read ? rounds : 1) && rc == LS_OK; i++) {
        json_t *next = NULL;

        rc = ask(j, "EXPLAIN (ANALYZE, BUFFERS, VERBOSE, FORMAT JSON) ", j->q->text, params, j->q->n_params, &next, err);
        if (rc != LS_OK)
            break;
        take_plan(j, next, out);
        json_decref(*root);
        *root = next;
        total_ms += out->ms;
        if (total_ms > timeout_ms)
            break;
    }
    if (rc != LS_E_SQL || err == NULL || strcmp(err->sqlstate, "57014") != 0)
        return rc; /* LS_E_CANCELLED has that state too */
    ls_err_release(err);
    out->is_timed_out = true;
    rc = undo(j, "", err);
    return rc;
}

/* Planned first: what would be called is in the plan. */
static enum ls_rc run(const struct job *j, struct ls_explained *out, json_t **root, struct ls_err *err)
{
    const char *not_run;
    enum ls_rc rc = ask(j, "EXPLAIN (VERBOSE, FORMAT JSON) ", j->q->text, ex_params(j->arena, j->q, j->opts->sample), j->q->n_params, root, err);

    if (rc != LS_OK)
        return rc;
    not_run = why_not_run(j, *root);
    if (not_run == NULL)
        return measure(j, out, root, err);
    out->how = not_run;
    return LS_OK;
}

static const char *how(const struct job *j)
{
    if (j->opts->sample < j->q->n_samples)
        return ls_arena_printf(j->arena, "with sample %u", j->opts->sample + 1);
    if (j->q->n_params == 0)
        return j->is_run ? "as it is" : "not run";
    return j->is_run ? "with NULLs" : "generic plan";
}

enum ls_rc ex_pg(struct ls_db *db, const struct ls_query *q, const struct ls_explain_opts *opts, struct ls_explained *out, json_t **root,
                 struct ls_err *err)
{
    struct job j = {.db = db, .q = q, .opts = opts, .arena = out->arena};
    json_t *plan = NULL;
    enum ls_rc rc;

    j.is_run = opts->run && (q->is_read || opts->is_clone);
    j.is_generic = !j.is_run && q->n_params > 0 && opts->sample >= q->n_samples;
    out->how = how(&j);
    rc = open_tx(&j, err);
    if (rc == LS_OK && j.is_run)
        rc = run(&j, out, &plan, err);
    else if (rc == LS_OK && j.is_generic)
        rc = ask_generic(&j, &plan, err);
    else if (rc == LS_OK)
        rc = ask(&j, "EXPLAIN (VERBOSE, FORMAT JSON) ", q->text, ex_params(j.arena, q, opts->sample), q->n_params, &plan, err);
    ls_db_rollback(db);
    if (rc == LS_OK && !out->is_measured)
        take_plan(&j, plan, out);
    if (rc == LS_OK && root != NULL)
        *root = json_incref(plan);
    json_decref(plan);
    return rc;
}
