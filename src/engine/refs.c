/* References to what is not there. "function f(integer) names the table agents, which does not exist; the nearest is
 * agent_configurations" */
#include <config.h>

#include "lockstep/engine/refs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "diff/priv.h"
#include "lockstep/base/buf.h"
#include "lockstep/db/catalog.h"
#include "lockstep/sql/quote.h"
#include "lockstep/sql/refs.h"

#define LIKE_ENOUGH 0.45 /* agents, agent_configurations: 0.5 */

struct check {
    const struct ls_catalog *c;
    struct ls_db *db;
    const char *const *left_out; /* tables that are there, and no facts */
    struct ls_arena *arena;
    struct ls_diags *out;
    const struct ls_fact *who;              /* whose text is looked at */
    LS_VEC(const struct ls_fact *) by_name; /* tables and views */
    bool has_extensions;                    /* which may have relations that are no facts */
};

static const enum ls_fact_kind relations[] = {LS_FACT_TABLE, LS_FACT_VIEW, LS_FACT_MATVIEW};

static const struct ls_fact *nearest(const struct ls_catalog *c, const struct ls_fact *table, const char *name)
{
    const struct ls_fact *best = NULL;
    double best_score = LIKE_ENOUGH;

    for (size_t k = 0; k < (table != NULL ? 1 : LS_ARRAY_LEN(relations)); k++) {
        uint32_t n = 0;
        const struct ls_fact *f =
            table != NULL ? ls_catalog_children(c, table, LS_FACT_COLUMN, &n) : ls_catalog_kind(c, relations[k], &n);

        for (uint32_t i = 0; i < n; i++) {
            double score = diff_name_likeness(name, f[i].name);

            if (score > best_score) {
                best_score = score;
                best = &f[i];
            }
        }
    }
    return best;
}

const char *ls_refs_nearest(const struct ls_catalog *c, const struct ls_fact *table, const char *name)
{
    const struct ls_fact *best = nearest(c, table, name);

    return best != NULL ? best->name : NULL;
}

static void take_nearer(const struct check *k, uint32_t table, const char *name, const struct ls_fact **best)
{
    const struct ls_fact *f = k->c->facts[table].kind == LS_FACT_TABLE ? nearest(k->c, &k->c->facts[table], name) : NULL;

    if (f != NULL && (*best == NULL || diff_name_likeness(name, f->name) > diff_name_likeness(name, (*best)->name)))
        *best = f;
}

/* A column of whatever `who` needs, is of, or names: an error of SQLite does not say whose it was. */
static const char *nearest_column(const struct check *k, const char *name)
{
    uint32_t n = 0, n_tables = 0;
    const struct ls_dep *needs = ls_catalog_needs(k->c, ls_catalog_index(k->c, k->who), &n);
    const struct ls_fact *tables = ls_catalog_kind(k->c, LS_FACT_TABLE, &n_tables), *best = NULL;
    const char *body = k->who->kind == LS_FACT_TRIGGER ? ls_fact_get(k->who, LS_A_BODY) : NULL;

    for (uint32_t i = 0; i < n; i++)
        take_nearer(k, needs[i].to, name, &best);
    if (k->who->parent_ix != LS_NO_FACT)
        take_nearer(k, k->who->parent_ix, name, &best);
    for (uint32_t i = 0; body != NULL && i < n_tables; i++)
        if (strcasestr(body, tables[i].name) != NULL)
            take_nearer(k, ls_catalog_index(k->c, &tables[i]), name, &best);
    return best != NULL ? best->name : NULL;
}

static void tell(struct check *k, const char *what, const char *name, const struct ls_fact *table, const char *near)
{
    struct ls_buf label = LS_BUF_INIT, of = LS_BUF_INIT;
    const char *message;

    ls_fact_label(k->who, true, &label);
    if (table != NULL)
        ls_buf_addf(&of, " of %s", table->name);
    message = ls_arena_printf(k->arena, "%s names the %s %s%s, which does not exist%s%s", label.ptr, what, name, of.ptr,
                              near != NULL ? "; the nearest is " : "", near != NULL ? near : "");
    for (size_t i = 0; i < k->out->d.n; i++) {
        if (strcmp(k->out->d.v[i].message, message) == 0)
            goto out;
    }
    *LS_VEC_PUSH(&k->out->d) = (struct ls_diag){.severity = LS_SEV_WARNING, .code = "broken-reference", .message = message};
out:
    ls_buf_release(&label);
    ls_buf_release(&of);
}

static void add(struct check *k, const char *what, const char *name, const struct ls_fact *table)
{
    bool is_column = table == NULL && strcmp(what, "column") == 0;

    tell(k, what, name, table, is_column ? nearest_column(k, name) : ls_refs_nearest(k->c, table, name));
}

void ls_refs_hint(struct ls_db *db, struct ls_err *err)
{
    static const struct {
        const char *before;
        char end;
    } forms[] = {{"relation \"", '"'}, {"no such table: ", ' '}};
    struct ls_catalog *c = NULL;
    struct ls_buf name = LS_BUF_INIT;
    const char *near, *last;

    for (size_t i = 0; err->message != NULL && name.len == 0 && i < LS_ARRAY_LEN(forms); i++) {
        const char *at = strstr(err->message, forms[i].before);

        if (at == NULL || (forms[i].end == '"' && strstr(at, "does not exist") == NULL))
            continue;
        at += strlen(forms[i].before);
        while (*at != '\0' && *at != forms[i].end && *at != '\n')
            ls_buf_addc(&name, *at++);
    }
    last = strrchr(name.ptr, '.');
    if (name.len > 0 && ls_db_catalog(db, NULL, &c, NULL) == LS_OK) {
        near = ls_refs_nearest(c, NULL, last != NULL ? last + 1 : name.ptr);
        if (near != NULL)
            ls_err_hint(err, "there is no %s at that point; the nearest name is %s", name.ptr, near);
    }
    ls_catalog_free(c);
    ls_buf_release(&name);
}

/* --- PostgreSQL --- */

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct ls_fact *const *)a)->name, (*(const struct ls_fact *const *)b)->name);
}

static void sort_relations(struct check *k, int (*compare)(const void *, const void *))
{
    for (size_t i = 0; i < LS_ARRAY_LEN(relations); i++) {
        uint32_t n = 0;
        const struct ls_fact *f = ls_catalog_kind(k->c, relations[i], &n);

        for (uint32_t j = 0; j < n; j++)
            *LS_VEC_PUSH(&k->by_name) = &f[j];
    }
    if (k->by_name.n > 1)
        qsort(k->by_name.v, k->by_name.n, sizeof(*k->by_name.v), compare);
}

/* The relation of that name: in that schema, or, where none is written, in any; *is_one false: several have it. */
static const struct ls_fact *relation(const struct check *k, const char *schema, const char *name, bool *is_one)
{
    const struct ls_fact key = {.name = name}, *wanted = &key, *found = NULL;
    const struct ls_fact *const *at =
        k->by_name.n > 0 ? bsearch(&wanted, k->by_name.v, k->by_name.n, sizeof(*k->by_name.v), by_name) : NULL;

    *is_one = true;
    while (at != NULL && at > k->by_name.v && strcmp(at[-1]->name, name) == 0)
        at--;
    for (; at != NULL && at < k->by_name.v + k->by_name.n && strcmp((*at)->name, name) == 0; at++) {
        if (schema[0] != '\0' && strcmp((*at)->schema, schema) != 0)
            continue;
        *is_one = found == NULL;
        found = *at;
    }
    return found;
}

static bool is_sequence(const struct ls_catalog *c, const char *name)
{
    uint32_t n = 0;
    const struct ls_fact *f = ls_catalog_kind(c, LS_FACT_SEQUENCE, &n);

    for (uint32_t i = 0; i < n; i++)
        if (strcmp(f[i].name, name) == 0)
            return true;
    return false;
}

/* A trigger's function may read its transition tables: "old table as x, new table as y". */
static bool is_transition(const struct ls_catalog *c, const char *name)
{
    uint32_t n = 0;
    const struct ls_fact *f = ls_catalog_kind(c, LS_FACT_TRIGGER, &n);

    for (uint32_t i = 0; i < n; i++) {
        const char *text = ls_fact_get(&f[i], LS_A_TRANSITION);

        if (text != NULL && strstr(text, name) != NULL)
            return true;
    }
    return false;
}

static bool has_schema(const struct ls_catalog *c, const char *name)
{
    return ls_catalog_find(c, LS_FACT_SCHEMA, "", "", name) != NULL;
}

/* What the server knows, and the catalogue leaves out. A schema that is not there is an extension's, or misspelt. */
static bool is_system(const struct check *k, const struct ls_sql_ref *r)
{
    bool is_one;

    if (r->schema[0] != '\0')
        return strncmp(r->schema, "pg_", 3) == 0 || strcmp(r->schema, "information_schema") == 0 ||
               (!has_schema(k->c, r->schema) && (k->has_extensions || relation(k, "", r->table, &is_one) == NULL));
    return strncmp(r->table, "pg_", 3) == 0;
}

static bool is_function_name(const struct ls_catalog *c, const char *name)
{
    uint32_t n = 0;
    const struct ls_fact *f = ls_catalog_kind(c, LS_FACT_FUNCTION, &n);

    for (uint32_t i = 0; i < n; i++) {
        size_t len = strcspn(f[i].name, "(");

        if (strlen(name) == len && strncmp(f[i].name, name, len) == 0)
            return true;
    }
    return false;
}

static bool is_system_column(const char *name)
{
    static const char *const names[] = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid"};

    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool is_left_out(const struct check *k, const char *name)
{
    for (size_t i = 0; k->left_out != NULL && k->left_out[i] != NULL; i++) {
        const char *dot = strrchr(k->left_out[i], '.');

        if (strcmp(dot != NULL ? dot + 1 : k->left_out[i], name) == 0)
            return true;
    }
    return false;
}

/* Whether a list of arguments, or RETURNS TABLE (...), has that name. */
static bool is_argument(const struct ls_fact *routine, const char *name)
{
    const char *texts[] = {ls_fact_get(routine, LS_A_ARGUMENTS), ls_fact_get(routine, LS_A_TYPE)};
    size_t len = strlen(name);

    for (size_t i = 0; i < LS_ARRAY_LEN(texts); i++)
        for (const char *at = texts[i] ? strstr(texts[i], name) : NULL; at != NULL; at = strstr(at + 1, name))
            if ((at == texts[i] || strchr(" (,\"", at[-1]) != NULL) && (at[len] == ' ' || at[len] == '"'))
                return true;
    return false;
}

/* A type may be meant by t%ROWTYPE. */
static bool is_composite(const struct ls_catalog *c, const char *name)
{
    uint32_t n = 0;
    const struct ls_fact *f = ls_catalog_kind(c, LS_FACT_COMPOSITE, &n);

    for (uint32_t i = 0; i < n; i++)
        if (strcmp(f[i].name, name) == 0)
            return true;
    return false;
}

static bool has_column(const struct check *k, const struct ls_fact *table, const char *name)
{
    uint32_t n = 0;

    (void)ls_catalog_children(k->c, table, LS_FACT_COLUMN, &n);
    return n == 0 || is_system_column(name) || ls_catalog_find(k->c, LS_FACT_COLUMN, table->schema, table->name, name) != NULL;
}

/* A column of NEW or OLD: one that none of the tables has whose triggers call the function. */
static void on_row(struct check *k, const char *column)
{
    uint32_t n = 0;
    const struct ls_dep *d = ls_catalog_needed_by(k->c, ls_catalog_index(k->c, k->who), &n);
    const struct ls_fact *table = NULL;

    for (uint32_t i = 0; i < n; i++) {
        const struct ls_fact *f = &k->c->facts[d[i].from];

        if (f->kind != LS_FACT_TRIGGER || f->parent_ix == LS_NO_FACT)
            continue;
        table = &k->c->facts[f->parent_ix];
        if (has_column(k, table, column))
            return;
    }
    if (table != NULL)
        add(k, "column", column, table);
}

static void on_no_table(struct check *k, const struct ls_sql_ref *r)
{
    const struct ls_fact *near = nearest(k->c, NULL, r->table);
    struct ls_buf name = LS_BUF_INIT, whole = LS_BUF_INIT;
    bool is_known = is_sequence(k->c, r->table) || is_transition(k->c, r->table) || is_composite(k->c, r->table);

    /* The nearest with its schema where the schema may be what is wrong. */
    ls_buf_addf(&name, "%s%s%s", r->schema, r->schema[0] != '\0' ? "." : "", r->table);
    if (near != NULL)
        ls_buf_addf(&whole, "%s%s%s", r->schema[0] != '\0' ? near->schema : "", r->schema[0] != '\0' ? "." : "", near->name);
    /* An extension's relations are no facts: without a name that is like it, it may be one of those. */
    if (r->column == NULL && !is_known && (!k->has_extensions || near != NULL))
        tell(k, "table", name.ptr, NULL, near != NULL ? whole.ptr : NULL);
    ls_buf_release(&name);
    ls_buf_release(&whole);
}

static void on_ref(void *ctx, const struct ls_sql_ref *r)
{
    struct check *k = ctx;
    bool is_one;
    const struct ls_fact *table = r->is_of_row ? NULL : relation(k, r->schema, r->table, &is_one);

    if (r->is_of_row)
        on_row(k, r->column);
    else if (is_system(k, r) || is_left_out(k, r->table))
        return;
    else if (table == NULL)
        on_no_table(k, r);
    else if (r->column != NULL && is_one && !has_column(k, table, r->column) && !is_function_name(k->c, r->column) &&
             !(r->is_bare && is_argument(k->who, r->column)))
        add(k, "column", r->column, table);
}

static void check_routine(struct check *k, const struct ls_fact *f)
{
    const char *language = ls_fact_get(f, LS_A_METHOD), *body = ls_fact_get(f, LS_A_BODY), *type = ls_fact_get(f, LS_A_TYPE);
    const char *arguments = ls_fact_get(f, LS_A_ARGUMENTS);
    struct ls_buf create = LS_BUF_INIT;

    k->who = f;
    if (language == NULL || body == NULL)
        return;
    if (strcmp(language, "sql") == 0) {
        (void)ls_sql_refs(body, on_ref, k);
    } else if (strcmp(language, "plpgsql") == 0) {
        ls_buf_addf(&create, "CREATE %s x(%s) %s%s LANGUAGE plpgsql AS ", f->kind == LS_FACT_PROCEDURE ? "PROCEDURE" : "FUNCTION",
                    arguments != NULL ? arguments : "", type != NULL ? "RETURNS " : "", type != NULL ? type : "");
        ls_sql_literal(&create, LS_DIALECT_POSTGRES, body);
        (void)ls_sql_refs_plpgsql(create.ptr, on_ref, k);
    }
    ls_buf_release(&create);
}

static void check_postgres(struct check *k)
{
    static const enum ls_fact_kind kinds[] = {LS_FACT_FUNCTION, LS_FACT_PROCEDURE};
    uint32_t n = 0;
    const struct ls_fact *f = ls_catalog_kind(k->c, LS_FACT_EXTENSION, &n);

    for (uint32_t i = 0; i < n; i++)
        k->has_extensions = k->has_extensions || strcmp(f[i].name, "plpgsql") != 0;
    sort_relations(k, by_name);
    for (size_t i = 0; i < LS_ARRAY_LEN(kinds); i++) {
        f = ls_catalog_kind(k->c, kinds[i], &n);
        for (uint32_t j = 0; j < n; j++)
            check_routine(k, &f[j]);
    }
    LS_VEC_RELEASE(&k->by_name);
}

/* --- SQLite: the database is asked to prepare what would use it; nothing runs --- */

/* "no such table: main.agents", "no such column: new.nme": what is missing, and its name. */
static const char *missing(const char *message, const char **what)
{
    static const struct {
        const char *text, *what;
    } kinds[] = {{"no such table: ", "table"}, {"no such column: ", "column"}, {"has no column named ", "column"}};

    for (size_t i = 0; message != NULL && i < LS_ARRAY_LEN(kinds); i++) {
        const char *at = strstr(message, kinds[i].text), *dot;

        if (at == NULL)
            continue;
        *what = kinds[i].what;
        at += strlen(kinds[i].text);
        dot = strrchr(at, '.');
        return dot != NULL && dot[1] != '\0' ? dot + 1 : at;
    }
    return NULL;
}

/* The name of what a statement would miss; "" nothing. Caller's buffer. */
static const char *ask(struct check *k, const char *sql, struct ls_buf *name)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r = {0};
    const char *what = NULL, *found;

    ls_buf_clear(name);
    if (ls_db_query(k->db, sql, NULL, 0, &r, &err) != LS_OK && err.code == LS_E_SQL) {
        found = missing(err.message, &what);
        if (found != NULL)
            ls_buf_add(name, found, strcspn(found, " ()\n"));
    }
    ls_result_release(&r);
    ls_err_release(&err);
    return name->len > 0 ? what : NULL;
}

static void check_views(struct check *k)
{
    uint32_t n = 0;
    const struct ls_fact *f = ls_catalog_kind(k->c, LS_FACT_VIEW, &n);
    struct ls_buf sql = LS_BUF_INIT, name = LS_BUF_INIT;

    for (uint32_t i = 0; i < n; i++) {
        const char *what;

        ls_buf_clear(&sql);
        ls_buf_adds(&sql, "EXPLAIN SELECT * FROM main.");
        if (ls_sql_ident(&sql, f[i].name, NULL) != LS_OK)
            continue;
        k->who = &f[i];
        what = ask(k, sql.ptr, &name);
        if (what != NULL)
            add(k, what, name.ptr, NULL);
    }
    ls_buf_release(&sql);
    ls_buf_release(&name);
}

/* The statement that fires a trigger: "after update of a" needs one of its columns, INSERT takes whatever is the default. */
static bool firing(const struct check *k, const struct ls_fact *trigger, struct ls_buf *sql)
{
    const char *timing = ls_fact_get(trigger, LS_A_TIMING), *update = timing != NULL ? strstr(timing, "update") : NULL;
    const struct ls_fact *table = trigger->parent_ix != LS_NO_FACT ? &k->c->facts[trigger->parent_ix] : NULL;
    uint32_t n = 0;
    const struct ls_fact *column = table != NULL ? ls_catalog_children(k->c, table, LS_FACT_COLUMN, &n) : NULL;
    enum ls_rc rc;

    if (timing == NULL || table == NULL)
        return false;
    ls_buf_clear(sql);
    ls_buf_adds(sql, update != NULL                     ? "EXPLAIN UPDATE main."
                     : strstr(timing, "delete") != NULL ? "EXPLAIN DELETE FROM main."
                                                        : "EXPLAIN INSERT INTO main.");
    rc = ls_sql_ident(sql, table->name, NULL);
    if (update != NULL) {
        const char *of = strstr(update, " of ");
        size_t len = of != NULL ? strcspn(of + 4, ",") : 0;

        if (of == NULL && n == 0)
            return false;
        ls_buf_adds(sql, " SET ");
        if (of != NULL) /* as it is written: canonical text, quoted where it must be */
            ls_buf_add(sql, of + 4, len);
        else
            rc = rc == LS_OK ? ls_sql_ident(sql, column[0].name, NULL) : rc;
        ls_buf_adds(sql, " = NULL");
    } else if (strstr(timing, "delete") == NULL) {
        ls_buf_adds(sql, " DEFAULT VALUES");
    }
    return rc == LS_OK;
}

/* All triggers of a table and event are prepared together, and the first that fails is told: it is the one whose text has that
 * name. */
static void check_triggers(struct check *k)
{
    uint32_t n = 0;
    const struct ls_fact *f = ls_catalog_kind(k->c, LS_FACT_TRIGGER, &n);
    struct ls_buf sql = LS_BUF_INIT, name = LS_BUF_INIT;

    for (uint32_t i = 0; i < n; i++) {
        const char *body = ls_fact_get(&f[i], LS_A_BODY), *when = ls_fact_get(&f[i], LS_A_WHEN), *what;

        if (!firing(k, &f[i], &sql))
            continue;
        k->who = &f[i];
        what = ask(k, sql.ptr, &name);
        if (what != NULL &&
            ((body != NULL && strcasestr(body, name.ptr) != NULL) || (when != NULL && strcasestr(when, name.ptr) != NULL)))
            add(k, what, name.ptr, NULL);
    }
    ls_buf_release(&sql);
    ls_buf_release(&name);
}

static int by_name_in_any_case(const void *a, const void *b)
{
    return strcasecmp((*(const struct ls_fact *const *)a)->name, (*(const struct ls_fact *const *)b)->name);
}

static bool has_column_in_any_case(const struct check *k, const struct ls_fact *table, const char *name)
{
    uint32_t n = 0;
    const struct ls_fact *f = ls_catalog_children(k->c, table, LS_FACT_COLUMN, &n);

    for (uint32_t i = 0; i < n; i++)
        if (strcasecmp(f[i].name, name) == 0)
            return true;
    return n == 0;
}

/* "agents(id, name)": SQLite takes a foreign key to what is not there, and refuses the rows. */
static void check_foreign_key(struct check *k, const char *references)
{
    struct ls_buf name = LS_BUF_INIT;
    const struct ls_fact *table = NULL, *const *found;
    struct ls_lex lx;

    ls_lex_init(&lx, LS_DIALECT_SQLITE, references, strlen(references));
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END && t.kind != LS_TOK_ERROR; t = ls_lex_next(&lx)) {
        struct ls_fact probe = {0};
        const struct ls_fact *wanted = &probe;

        if (t.kind != LS_TOK_WORD && t.kind != LS_TOK_KEYWORD && t.kind != LS_TOK_QUOTED)
            continue;
        diff_token_name(LS_DIALECT_SQLITE, &t, references, &name);
        if (table != NULL) {
            if (!has_column_in_any_case(k, table, name.ptr))
                add(k, "column", name.ptr, table);
            continue;
        }
        probe.name = name.ptr;
        found = k->by_name.n > 0 ? bsearch(&wanted, k->by_name.v, k->by_name.n, sizeof(*k->by_name.v), by_name_in_any_case) : NULL;
        if (found == NULL) {
            if (!is_left_out(k, name.ptr))
                add(k, "table", name.ptr, NULL);
            break;
        }
        table = *found;
    }
    ls_buf_release(&name);
}

static void check_foreign_keys(struct check *k)
{
    uint32_t n = 0;
    const struct ls_fact *f = ls_catalog_kind(k->c, LS_FACT_CONSTRAINT, &n);

    sort_relations(k, by_name_in_any_case);
    for (uint32_t i = 0; i < n; i++) {
        const char *references = ls_fact_get(&f[i], LS_A_REFERENCES);

        if (references == NULL || f[i].parent_ix == LS_NO_FACT)
            continue;
        k->who = &k->c->facts[f[i].parent_ix];
        check_foreign_key(k, references);
    }
    LS_VEC_RELEASE(&k->by_name);
}

void ls_refs_check(const struct ls_catalog *c, struct ls_db *db, const char *const *left_out, struct ls_arena *arena,
                   struct ls_diags *out)
{
    struct check k = {.c = c, .db = db, .left_out = left_out, .arena = arena, .out = out};

    if (c->dialect == LS_DIALECT_POSTGRES) {
        check_postgres(&k);
    } else if (db != NULL) {
        check_views(&k);
        check_triggers(&k);
        check_foreign_keys(&k);
    }
}
