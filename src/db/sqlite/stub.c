/* Tables that hold nothing and only listen: each table of the database stands in a database in memory as a virtual one with its columns, and SQLite's own
 * planner tells it which conditions and which order it would like served. */
#include <config.h>

#include "db/sqlite/lite_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "db/sqlite/lite_stub.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/vec.h"
#include "lockstep/sql/lex.h"
#include "lockstep/sql/quote.h"

/* A parameter is planned as a text that nobody would write, so that it is found again on the other side of a condition. */
#define MARK "\x01lockstep parameter "

struct stub_table {
    const char *name, *declare;
    const char **columns, **collations;
    int n_columns;
};

struct ls_lite_stub {
    struct ls_arena *arena;
    sqlite3 *h;
    LS_VEC(struct stub_table) tables;
    /* of the question that is being asked */
    struct ls_arena *to;
    LS_VEC(struct ls_lite_want) wants;
};

struct stub_vtab {
    sqlite3_vtab base;
    struct ls_lite_stub *stub;
    size_t table; /* its place in the list, which grows while they are made */
};

/* --- the module */

/* s->tables.n: there is none. */
static size_t find_table(const struct ls_lite_stub *s, const char *name)
{
    size_t i = 0;

    while (i < s->tables.n && strcasecmp(s->tables.v[i].name, name) != 0)
        i++;
    return i;
}

static int stub_connect(sqlite3 *h, void *aux, int argc, const char *const *argv, sqlite3_vtab **out, char **message)
{
    struct ls_lite_stub *s = aux;
    size_t t = argc > 2 ? find_table(s, argv[2]) : s->tables.n;
    struct stub_vtab *v;
    int code;

    (void)message;
    if (t == s->tables.n)
        return SQLITE_ERROR;
    code = sqlite3_declare_vtab(h, s->tables.v[t].declare);
    if (code != SQLITE_OK)
        return code;
    v = sqlite3_malloc(sizeof(*v));
    if (v == NULL)
        return SQLITE_NOMEM;
    memset(v, 0, sizeof(*v));
    v->stub = s;
    v->table = t;
    *out = &v->base;
    return SQLITE_OK;
}

static int stub_disconnect(sqlite3_vtab *v)
{
    sqlite3_free(v);
    return SQLITE_OK;
}

static enum ls_lite_op op_of(int op)
{
    switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
    case SQLITE_INDEX_CONSTRAINT_IS:
        return LS_LITE_EQ;
    case SQLITE_INDEX_CONSTRAINT_ISNULL:
        return LS_LITE_IS_NULL;
    case SQLITE_INDEX_CONSTRAINT_GT:
    case SQLITE_INDEX_CONSTRAINT_GE:
    case SQLITE_INDEX_CONSTRAINT_LT:
    case SQLITE_INDEX_CONSTRAINT_LE:
        return LS_LITE_RANGE;
    default:
        return LS_LITE_OTHER;
    }
}

#if SQLITE_VERSION_NUMBER >= 3038000
static void take_value(struct ls_lite_stub *s, sqlite3_index_info *info, int i, struct ls_lite_term *t)
{
    sqlite3_value *v = NULL;
    struct ls_buf b = LS_BUF_INIT;
    const char *text;

    if (sqlite3_vtab_rhs_value(info, i, &v) != SQLITE_OK || v == NULL)
        return;
    text = (const char *)sqlite3_value_text(v);
    t->is_constant = true;
    if (text != NULL && strncmp(text, MARK, sizeof(MARK) - 1) == 0) {
        t->param = (int)strtol(text + sizeof(MARK) - 1, NULL, 10);
    } else if (text != NULL && sqlite3_value_type(v) == SQLITE_TEXT) {
        ls_sql_literal(&b, LS_DIALECT_SQLITE, text);
        t->literal = ls_arena_str(s->to, b.ptr);
    } else if (text != NULL && (sqlite3_value_type(v) == SQLITE_INTEGER || sqlite3_value_type(v) == SQLITE_FLOAT)) {
        t->literal = ls_arena_str(s->to, text);
    }
    ls_buf_release(&b);
}
#endif

static const char *column_of(const struct stub_table *t, int i)
{
    return i >= 0 && i < t->n_columns ? t->columns[i] : NULL;
}

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_same(const struct ls_lite_want *a, const struct ls_lite_want *b)
{
    if (strcmp(a->table, b->table) != 0 || a->n_terms != b->n_terms || a->n_order != b->n_order)
        return false;
    for (uint32_t i = 0; i < a->n_terms; i++)
        if (!is_same_text(a->terms[i].column, b->terms[i].column) || a->terms[i].op != b->terms[i].op || a->terms[i].param != b->terms[i].param ||
            !is_same_text(a->terms[i].literal, b->terms[i].literal) || strcmp(a->terms[i].collation, b->terms[i].collation) != 0)
            return false;
    for (uint32_t i = 0; i < a->n_order; i++)
        if (!is_same_text(a->order[i].column, b->order[i].column) || a->order[i].is_desc != b->order[i].is_desc)
            return false;
    return true;
}

/* The same place of the query is asked about several times, with other tables to its left. */
static void keep(struct ls_lite_stub *s, const struct ls_lite_want *w, struct ls_lite_term *terms)
{
    for (size_t i = 0; i < s->wants.n; i++) {
        struct ls_lite_want *old = &s->wants.v[i];

        if (!is_same(old, w))
            continue;
        for (uint32_t k = 0; k < w->n_terms; k++)
            terms[k].is_usable = terms[k].is_usable || old->terms[k].is_usable;
        old->terms = terms;
        return;
    }
    *LS_VEC_PUSH(&s->wants) = *w;
}

static int stub_best(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
    struct stub_vtab *v = (struct stub_vtab *)vtab;
    struct ls_lite_stub *s = v->stub;
    const struct stub_table *table = &s->tables.v[v->table];
    struct ls_lite_want w = {.table = table->name};
    struct ls_lite_term *terms;
    struct ls_lite_order *order;
    double rows = 1e6;
    int n_args = 0;

    if (s->to == NULL)
        return SQLITE_OK;
    terms = LS_ARENA_ARRAY(s->to, struct ls_lite_term, (size_t)info->nConstraint + 1);
    order = LS_ARENA_ARRAY(s->to, struct ls_lite_order, (size_t)info->nOrderBy + 1);
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *c = &info->aConstraint[i];
        struct ls_lite_term *t = &terms[w.n_terms];

        if (c->op == 73 || c->op == 74 || (c->iColumn >= 0 && column_of(table, c->iColumn) == NULL))
            continue; /* LIMIT, OFFSET */
        *t = (struct ls_lite_term){.column = column_of(table, c->iColumn), .op = op_of(c->op), .is_usable = c->usable != 0};
        t->collation = ls_arena_str(s->to, sqlite3_vtab_collation(info, i));
        if (t->collation == NULL)
            t->collation = "BINARY";
        t->is_own_collation = c->iColumn < 0 || strcasecmp(t->collation, table->collations[c->iColumn]) == 0;
#if SQLITE_VERSION_NUMBER >= 3038000
        if (t->op == LS_LITE_EQ && sqlite3_vtab_in(info, i, -1))
            t->op = LS_LITE_IN;
        take_value(s, info, i, t);
#endif
        t->is_constant = t->is_constant || t->op == LS_LITE_IS_NULL;
        w.n_terms++;
        if (c->usable && t->op != LS_LITE_OTHER) {
            rows /= t->op == LS_LITE_RANGE ? 4 : 100;
            info->aConstraintUsage[i].argvIndex = ++n_args; /* the other side of an OR is asked about when the first was taken */
        }
    }
    for (int i = 0; i < info->nOrderBy; i++)
        order[w.n_order++] = (struct ls_lite_order){.column = column_of(table, info->aOrderBy[i].iColumn), .is_desc = info->aOrderBy[i].desc != 0};
    w.terms = terms;
    w.order = order;
    keep(s, &w, terms);
    info->estimatedCost = rows < 1 ? 1 : rows;
    info->estimatedRows = (sqlite3_int64)(rows < 1 ? 1 : rows);
    return SQLITE_OK;
}

/* Nothing is ever read from them or written to them. */
static int stub_open(sqlite3_vtab *v, sqlite3_vtab_cursor **out)
{
    (void)v;
    (void)out;
    return SQLITE_ERROR;
}

static int stub_close(sqlite3_vtab_cursor *c)
{
    (void)c;
    return SQLITE_OK;
}

static int stub_filter(sqlite3_vtab_cursor *c, int n, const char *text, int argc, sqlite3_value **argv)
{
    (void)c;
    (void)n;
    (void)text;
    (void)argc;
    (void)argv;
    return SQLITE_ERROR;
}

static int stub_next(sqlite3_vtab_cursor *c)
{
    (void)c;
    return SQLITE_ERROR;
}

static int stub_eof(sqlite3_vtab_cursor *c)
{
    (void)c;
    return 1;
}

static int stub_column(sqlite3_vtab_cursor *c, sqlite3_context *ctx, int i)
{
    (void)c;
    (void)ctx;
    (void)i;
    return SQLITE_ERROR;
}

static int stub_rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *out)
{
    (void)c;
    *out = 0;
    return SQLITE_ERROR;
}

static int stub_update(sqlite3_vtab *v, int argc, sqlite3_value **argv, sqlite3_int64 *rowid)
{
    (void)v;
    (void)argc;
    (void)argv;
    (void)rowid;
    return SQLITE_READONLY;
}

static const sqlite3_module stub_module = {
    .iVersion = 1,
    .xCreate = stub_connect,
    .xConnect = stub_connect,
    .xBestIndex = stub_best,
    .xDisconnect = stub_disconnect,
    .xDestroy = stub_disconnect,
    .xOpen = stub_open,
    .xClose = stub_close,
    .xFilter = stub_filter,
    .xNext = stub_next,
    .xEof = stub_eof,
    .xColumn = stub_column,
    .xRowid = stub_rowid,
    .xUpdate = stub_update,
};

/* --- the schema */

/* A declared type is any words; what counts of it is the affinity (SQLite: datatype3, 3.1). */
static const char *affinity(const char *type)
{
    static const char *const rules[][2] = {{"INT", "INTEGER"}, {"CHAR", "TEXT"}, {"CLOB", "TEXT"}, {"TEXT", "TEXT"},
                                           {"BLOB", "BLOB"},   {"REAL", "REAL"}, {"FLOA", "REAL"}, {"DOUB", "REAL"}};

    if (type == NULL || type[0] == '\0')
        return "BLOB";
    for (size_t i = 0; i < LS_ARRAY_LEN(rules); i++)
        for (const char *p = type; *p != '\0'; p++)
            if (strncasecmp(p, rules[i][0], strlen(rules[i][0])) == 0)
                return rules[i][1];
    return "NUMERIC";
}

static enum ls_rc declare_table(struct ls_lite_stub *s, sqlite3 *h, const char *name, const struct ls_result *columns, size_t from, size_t n)
{
    struct stub_table t = {.name = ls_arena_str(s->arena, name), .n_columns = (int)n};
    struct ls_buf sql = LS_BUF_INIT, create = LS_BUF_INIT;
    enum ls_rc rc = LS_OK;

    t.columns = LS_ARENA_ARRAY(s->arena, const char *, n + 1);
    t.collations = LS_ARENA_ARRAY(s->arena, const char *, n + 1);
    ls_buf_adds(&sql, "CREATE TABLE x(");
    for (size_t i = 0; i < n && rc == LS_OK; i++) {
        const char *column = ls_result_get(columns, from + i, 1), *collation = NULL;

        t.columns[i] = ls_arena_str(s->arena, column);
        t.collations[i] = "BINARY";
        ls_buf_adds(&sql, i > 0 ? ", " : "");
        rc = ls_sql_ident(&sql, column, NULL);
        ls_buf_addf(&sql, " %s", affinity(ls_result_get(columns, from + i, 2)));
        if (sqlite3_table_column_metadata(h, "main", name, column, NULL, &collation, NULL, NULL, NULL) == SQLITE_OK && collation != NULL &&
            (strcasecmp(collation, "NOCASE") == 0 || strcasecmp(collation, "RTRIM") == 0))
            ls_buf_addf(&sql, " COLLATE %s", t.collations[i] = ls_arena_str(s->arena, collation));
        if (strcmp(ls_result_get(columns, from + i, 3), "1") == 0)
            ls_buf_adds(&sql, " HIDDEN");
    }
    ls_buf_adds(&sql, ")");
    t.declare = ls_arena_str(s->arena, sql.ptr);
    ls_buf_adds(&create, "CREATE VIRTUAL TABLE ");
    if (rc == LS_OK)
        rc = ls_sql_ident(&create, name, NULL);
    ls_buf_adds(&create, " USING lockstep_stub");
    if (rc == LS_OK) {
        *LS_VEC_PUSH(&s->tables) = t;
        /* One that cannot be made (a name that SQLite keeps for itself) is not there; queries of it then tell nothing. */
        (void)sqlite3_exec(s->h, create.ptr, NULL, NULL, NULL);
    }
    ls_buf_release(&sql);
    ls_buf_release(&create);
    return LS_OK;
}

static enum ls_rc copy_tables(struct ls_lite_stub *s, struct ls_db *db, struct ls_err *err)
{
    struct ls_result r;
    size_t n;
    enum ls_rc rc = ls_db_query(db,
                                "SELECT m.name, x.name, x.type, x.hidden FROM main.sqlite_schema m, pragma_table_xinfo(m.name, 'main') x WHERE "
                                "m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name, x.cid",
                                NULL, 0, &r, err);

    if (rc != LS_OK)
        return rc;
    for (size_t i = 0; i < r.n_rows && rc == LS_OK; i += n) {
        const char *name = ls_result_get(&r, i, 0);

        for (n = 1; i + n < r.n_rows && strcmp(name, ls_result_get(&r, i + n, 0)) == 0; n++)
            ;
        rc = declare_table(s, lite_of(db)->h, name, &r, i, n);
    }
    ls_result_release(&r);
    return rc;
}

/* A view may need one that comes later in the schema: that is found when it is used. */
static enum ls_rc copy_views(struct ls_lite_stub *s, struct ls_db *db, struct ls_err *err)
{
    struct ls_result r;
    enum ls_rc rc = ls_db_query(db, "SELECT sql FROM main.sqlite_schema WHERE type = 'view' AND sql IS NOT NULL ORDER BY rowid", NULL, 0, &r, err);

    for (size_t i = 0; rc == LS_OK && i < r.n_rows; i++)
        (void)sqlite3_exec(s->h, ls_result_get(&r, i, 0), NULL, NULL, NULL);
    if (rc == LS_OK)
        ls_result_release(&r);
    return rc;
}

/* What lies in a view is somebody's text. */
static int keep_inside(void *ctx, int action, const char *a, const char *b, const char *schema, const char *trigger)
{
    (void)ctx;
    (void)a;
    (void)b;
    (void)schema;
    (void)trigger;
    return action == SQLITE_ATTACH ? SQLITE_DENY : SQLITE_OK;
}

enum ls_rc lite_stub_new(struct ls_db *db, struct ls_lite_stub **out, struct ls_err *err)
{
    struct ls_lite_stub *s = ls_calloc(1, sizeof(*s));
    enum ls_rc rc = LS_OK;

    s->arena = ls_arena_new();
    if (sqlite3_open_v2(":memory:", &s->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
        sqlite3_create_module(s->h, "lockstep_stub", &stub_module, s) != SQLITE_OK)
        rc = ls_err_set(err, LS_E_INTERNAL, "a database in memory cannot be made");
    if (rc == LS_OK)
        sqlite3_set_authorizer(s->h, keep_inside, NULL);
    if (rc == LS_OK)
        rc = copy_tables(s, db, err);
    if (rc == LS_OK)
        rc = copy_views(s, db, err);
    if (rc == LS_OK)
        *out = s;
    else
        lite_stub_free(s);
    return rc;
}

void lite_stub_free(struct ls_lite_stub *s)
{
    if (s == NULL)
        return;
    sqlite3_close(s->h);
    LS_VEC_RELEASE(&s->tables);
    LS_VEC_RELEASE(&s->wants);
    ls_arena_free(s->arena);
    free(s);
}

/* --- a question */

static void mark_parameters(const char *sql, struct ls_buf *out)
{
    struct ls_lex lx;
    struct ls_tok t;

    ls_lex_init(&lx, LS_DIALECT_SQLITE, sql, strlen(sql));
    lx.is_plain = true;
    while ((t = ls_lex_next(&lx)).kind != LS_TOK_END) {
        if (t.kind == LS_TOK_PARAM)
            ls_buf_addf(out, "'" MARK "%.*s'", (int)(t.end - t.start - 1), sql + t.start + 1);
        else
            ls_buf_add(out, sql + t.start, t.end - t.start);
    }
}

enum ls_rc lite_stub_ask(struct ls_lite_stub *s, const char *sql, struct ls_arena *arena, const struct ls_lite_want **wants, uint32_t *n,
                         struct ls_err *err)
{
    struct ls_buf marked = LS_BUF_INIT;
    sqlite3_stmt *stmt = NULL;
    enum ls_rc rc = LS_OK;
    int code;

    mark_parameters(sql, &marked);
    s->to = arena;
    s->wants.n = 0;
    code = sqlite3_prepare_v2(s->h, marked.ptr, (int)marked.len, &stmt, NULL);
    s->to = NULL;
    if (code != SQLITE_OK)
        rc = ls_err_set(err, LS_E_SQL, "%s", sqlite3_errmsg(s->h));
    sqlite3_finalize(stmt);
    *n = (uint32_t)s->wants.n;
    *wants = s->wants.n > 0 ? ls_arena_dup(arena, s->wants.v, s->wants.n * sizeof(*s->wants.v)) : NULL;
    ls_buf_release(&marked);
    return rc;
}
