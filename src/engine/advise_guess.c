/* Values for parameters that nobody gave any: those of a row in the middle of the table, on the copy. Which column a parameter is compared with is read from
 * the tokens around it. */
#include <config.h>

#include "engine/advise_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/workload_priv.h"
#include "lockstep/base/mem.h"
#include "lockstep/sql/quote.h"

static double ask_distinct(struct adv_job *j, uint32_t table, const char *column)
{
    const struct ls_usage_table *t = &j->u->tables[table];
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r;
    double n = -1;

    if (j->dialect == LS_DIALECT_POSTGRES) {
        const struct ls_param p[] = {{LS_PARAM_TEXT, t->schema}, {LS_PARAM_TEXT, t->name}, {LS_PARAM_TEXT, column}};

        if (ls_db_query(j->db,
                        "SELECT n_distinct FROM pg_catalog.pg_stats WHERE schemaname = $1 AND tablename = $2 AND attname = $3 ORDER BY inherited DESC "
                        "LIMIT 1",
                        p, 3, &r, NULL) != LS_OK)
            return -1;
        const char *v = ls_result_get(&r, 0, 0);

        n = v != NULL ? strtod(v, NULL) : -1;
        if (v != NULL && n < 0)
            n = -n * (t->rows > 0 ? t->rows : 1e6);
        ls_result_release(&r);
        return n;
    }
    if (j->stage == NULL || !j->stage->can_run)
        return -1;
    ls_buf_adds(&sql, "SELECT count(DISTINCT c) FROM (SELECT ");
    if (ls_sql_ident(&sql, column, NULL) == LS_OK) {
        ls_buf_adds(&sql, " AS c FROM ");
        if (ls_sql_ident(&sql, t->name, NULL) == LS_OK) {
            ls_buf_adds(&sql, " LIMIT 20000)");
            if (ls_db_query(j->stage->db, sql.ptr, NULL, 0, &r, NULL) == LS_OK) {
                n = strtod(ls_result_get(&r, 0, 0), NULL);
                ls_result_release(&r);
            }
        }
    }
    ls_buf_release(&sql);
    return n;
}

double adv_distinct(struct adv_job *j, uint32_t table, const char *column)
{
    for (size_t i = 0; i < j->distincts.n; i++)
        if (j->distincts.v[i].table == table && strcmp(j->distincts.v[i].column, column) == 0)
            return j->distincts.v[i].n;
    double n = ask_distinct(j, table, column);

    *LS_VEC_PUSH(&j->distincts) = (struct adv_distinct){table, column, n};
    return n;
}

static void add_table(const struct adv_job *j, uint32_t table, struct ls_buf *out)
{
    const struct ls_usage_table *t = &j->u->tables[table];

    (void)!ls_sql_ident2(out, j->dialect == LS_DIALECT_POSTGRES ? t->schema : NULL, t->name, NULL);
}

double adv_share(struct adv_job *j, uint32_t table, const char *predicate)
{
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r;
    double share = 1;

    if (j->stage == NULL || !j->stage->can_run)
        return 1;
    ls_buf_addf(&sql, "SELECT count(CASE WHEN %s THEN 1 END), count(*) FROM ", predicate);
    add_table(j, table, &sql);
    if (ls_db_query(j->stage->db, sql.ptr, NULL, 0, &r, NULL) == LS_OK) {
        double all = strtod(ls_result_get(&r, 0, 1), NULL);

        share = all > 0 ? strtod(ls_result_get(&r, 0, 0), NULL) / all : 1;
        ls_result_release(&r);
    }
    ls_buf_release(&sql);
    return share;
}

/* --- what a parameter is compared with */

struct guess {
    const char *column;    /* raw; NULL: a constant, or nothing is known */
    const char *key;       /* what is compared with it, as SQL */
    uint32_t table;        /* LS_NO_USAGE: not known */
    const char *qualifier; /* raw or NULL */
    const char *value;     /* NULL: not known */
    bool is_number, is_array;
};

static bool is_op(const struct wl_toks *t, size_t i)
{
    static const char *const ops[] = {"=", "==", "<", "<=", ">", ">=", "<>", "!=", "~~", "~~*"};
    size_t n;

    if (i >= t->t.n)
        return false;
    n = t->t.v[i].end - t->t.v[i].start;
    for (size_t k = 0; k < LS_ARRAY_LEN(ops); k++)
        if (strlen(ops[k]) == n && strncmp(ops[k], t->text + t->t.v[i].start, n) == 0)
            return true;
    return wl_is(t, i, "LIKE") || wl_is(t, i, "ILIKE") || wl_is(t, i, "IS") || wl_is(t, i, "GLOB");
}

static bool is_ident(const struct wl_toks *t, size_t i)
{
    return i < t->t.n && (t->t.v[i].kind == LS_TOK_WORD || t->t.v[i].kind == LS_TOK_KEYWORD || t->t.v[i].kind == LS_TOK_QUOTED);
}

static const char *ident(struct ls_arena *a, const struct wl_toks *t, size_t i, enum ls_dialect d)
{
    const struct ls_tok *k = &t->t.v[i];
    bool is_quoted = k->kind == LS_TOK_QUOTED;
    char *s = ls_arena_strn(a, t->text + k->start + is_quoted, k->end - k->start - 2 * (size_t)is_quoted);

    for (char *p = s; !is_quoted && d == LS_DIALECT_POSTGRES && *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p | 32);
    return s;
}

/* The operand that ends (back) or begins at token i: a name, or a call with one in it. */
static void take_column(struct ls_arena *a, const struct wl_toks *t, size_t i, bool back, enum ls_dialect d, struct guess *g)
{
    if (back && wl_is_char(t, i, ')'))
        while (i > 0 && !is_ident(t, i))
            i--;
    if (!back && is_ident(t, i) && wl_is_char(t, i + 1, '('))
        i += 2;
    while (!back && wl_is_char(t, i + 1, '.') && is_ident(t, i + 2))
        i += 2;
    if (!is_ident(t, i))
        return;
    g->column = ident(a, t, i, d);
    if (i >= 2 && wl_is_char(t, i - 1, '.') && is_ident(t, i - 2))
        g->qualifier = ident(a, t, i - 2, d);
}

static bool is_value(const struct wl_toks *t, size_t i)
{
    enum ls_tok_kind k = t->t.v[i].kind;

    return k == LS_TOK_PARAM || k == LS_TOK_NUMBER || k == LS_TOK_STRING || wl_is_char(t, i, ',');
}

static void look_around(struct ls_arena *a, const struct wl_toks *t, size_t i, enum ls_dialect d, struct guess *g)
{
    size_t k = i;

    if (i == 0)
        return;
    if (wl_is(t, i - 1, "LIMIT") || wl_is(t, i - 1, "FIRST") || wl_is(t, i - 1, "OFFSET")) {
        g->value = wl_is(t, i - 1, "OFFSET") ? "0" : "20";
        g->is_number = true;
        return;
    }
    if (i >= 4 && wl_is(t, i - 1, "AND") && is_value(t, i - 2) && wl_is(t, i - 3, "BETWEEN"))
        i -= 2;
    if (i >= 2 && wl_is(t, i - 1, "BETWEEN")) {
        take_column(a, t, i - 2, true, d, g);
        return;
    }
    if (i >= 2 && is_op(t, i - 1)) {
        take_column(a, t, i - 2, true, d, g);
        return;
    }
    if (i >= 4 && wl_is_char(t, i - 1, '(') && wl_is(t, i - 2, "ANY") && is_op(t, i - 3)) {
        take_column(a, t, i - 4, true, d, g);
        g->is_array = true;
        return;
    }
    while (k > 0 && is_value(t, k - 1))
        k--;
    if (k >= 3 && wl_is_char(t, k - 1, '(') && wl_is(t, k - 2, "IN")) {
        take_column(a, t, wl_is(t, k - 3, "NOT") && k >= 4 ? k - 4 : k - 3, true, d, g);
        return;
    }
    if (is_op(t, i + 1))
        take_column(a, t, i + 2, false, d, g);
}

/* --- which table, and a row of it */

/* Whether the tokens call the table by that name: "memories m", "memories AS m", or its own. */
static bool is_called(const struct wl_toks *t, const char *table, const char *name)
{
    if (strcasecmp(table, name) == 0)
        return true;
    for (size_t i = 0; i + 1 < t->t.n; i++) {
        size_t at = i + 1, quote = t->t.v[i].kind == LS_TOK_QUOTED ? 1 : 0;
        size_t len = t->t.v[i].end - t->t.v[i].start - 2 * quote;

        if (!is_ident(t, i) || len != strlen(table) || strncasecmp(t->text + t->t.v[i].start + quote, table, len) != 0)
            continue;
        at += wl_is(t, at, "AS") ? 1 : 0;
        if (is_ident(t, at)) {
            quote = t->t.v[at].kind == LS_TOK_QUOTED ? 1 : 0;
            len = t->t.v[at].end - t->t.v[at].start - 2 * quote;
            if (len == strlen(name) && strncasecmp(t->text + t->t.v[at].start + quote, name, len) == 0)
                return true;
        }
    }
    return false;
}

static bool has_column(struct adv_job *j, uint32_t table, const char *column)
{
    struct ls_buf sql = LS_BUF_INIT;
    struct ls_result r;
    bool has;

    /* Qualified: SQLite takes "x" for a text where no column is called so. */
    ls_buf_adds(&sql, "SELECT t.");
    has = ls_sql_ident(&sql, column, NULL) == LS_OK;
    ls_buf_adds(&sql, " FROM ");
    add_table(j, table, &sql);
    ls_buf_adds(&sql, " t LIMIT 0");
    has = has && ls_db_query(j->stage->db, sql.ptr, NULL, 0, &r, NULL) == LS_OK;
    if (has)
        ls_result_release(&r);
    ls_buf_release(&sql);
    return has;
}

static uint32_t table_of(struct adv_job *j, const struct adv_query *q, const struct wl_toks *t, const struct guess *g)
{
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < q->places.n; i++) {
            uint32_t table = q->places.v[i].table;

            if ((pass == 1 || g->qualifier == NULL || is_called(t, j->u->tables[table].name, g->qualifier)) && has_column(j, table, g->column))
                return table;
        }
    return LS_NO_USAGE;
}

/* One row that has all of the wanted columns of that table. */
static void fill_from(struct adv_job *j, uint32_t table, struct guess *g, size_t n)
{
    bool is_pg = j->dialect == LS_DIALECT_POSTGRES;
    struct ls_buf sql = LS_BUF_INIT, where = LS_BUF_INIT;
    struct ls_result r;
    int col = 0;

    for (size_t i = 0; i < n; i++) {
        if (g[i].table != table || g[i].key == NULL)
            continue;
        ls_buf_addf(&sql, is_pg ? "%s(%s)::text, pg_catalog.pg_typeof(%s)::text" : "%s%s, typeof(%s)", sql.len == 0 ? "SELECT " : ", ", g[i].key, g[i].key);
        ls_buf_addf(&where, "%s(%s) IS NOT NULL", where.len == 0 ? " WHERE " : " AND ", g[i].key);
    }
    ls_buf_adds(&sql, " FROM ");
    add_table(j, table, &sql);
    ls_buf_addf(&sql, "%s LIMIT 1 OFFSET (SELECT count(*) / 2 FROM ", where.ptr);
    add_table(j, table, &sql);
    ls_buf_addf(&sql, "%s)", where.ptr);
    if (ls_db_query(j->stage->db, sql.ptr, NULL, 0, &r, NULL) == LS_OK) {
        for (size_t i = 0; i < n; i++) {
            const char *v, *type;

            if (g[i].table != table || g[i].key == NULL)
                continue;
            v = ls_result_get(&r, 0, col);
            type = ls_result_get(&r, 0, col + 1);
            col += 2;
            g[i].is_number = type != NULL && (strncmp(type, "int", 3) == 0 || strcmp(type, "real") == 0);
            g[i].value = v == NULL ? NULL : g[i].is_array ? ls_arena_printf(j->arena, "{\"%s\"}", v) : ls_arena_str(j->arena, v);
        }
        ls_result_release(&r);
    }
    ls_buf_release(&sql);
    ls_buf_release(&where);
}

static void use(struct adv_job *j, struct adv_query *q, const struct guess *g)
{
    size_t n = (size_t)q->q->n_params;
    struct ls_sample *s = LS_ARENA_NEW(j->arena, struct ls_sample);
    const char **values = LS_ARENA_ARRAY(j->arena, const char *, n + 1);
    bool *is_number = LS_ARENA_ARRAY(j->arena, bool, n + 1);

    for (size_t i = 0; i < n; i++) {
        values[i] = g[i].value;
        is_number[i] = g[i].is_number;
    }
    s->values = values;
    s->is_number = is_number;
    q->filled.samples = s;
    q->filled.n_samples = 1;
    q->is_filled = q->is_guessed = true;
}

static size_t param_number(const struct wl_toks *t, size_t i)
{
    return (size_t)strtoul(t->text + t->t.v[i].start + 1, NULL, 10);
}

/* What the planner has found is compared with it: views and aliases are resolved there. */
static void from_places(const struct adv_query *q, struct guess *g, size_t n)
{
    for (size_t i = 0; i < q->places.n; i++)
        for (size_t k = 0; k < q->places.v[i].params.n; k++) {
            const struct adv_term *t = &q->places.v[i].params.v[k];

            if ((size_t)t->param > n || g[t->param - 1].key != NULL)
                continue;
            g[t->param - 1].key = t->key.text;
            g[t->param - 1].table = q->places.v[i].table;
            g[t->param - 1].is_array = t->is_array;
        }
}

static void from_tokens(struct adv_job *j, const struct adv_query *q, struct guess *g, size_t n)
{
    struct wl_toks t;

    wl_toks_init(&t, j->dialect, q->q->text, strlen(q->q->text));
    for (size_t i = 0; i < t.t.n; i++) {
        size_t p = t.t.v[i].kind == LS_TOK_PARAM ? param_number(&t, i) : 0;

        if (p == 0 || p > n || g[p - 1].key != NULL || g[p - 1].value != NULL)
            continue;
        look_around(j->arena, &t, i, j->dialect, &g[p - 1]);
        if (g[p - 1].column == NULL)
            continue;
        g[p - 1].key = adv_name(j->arena, j->dialect, g[p - 1].column);
        g[p - 1].table = table_of(j, q, &t, &g[p - 1]);
    }
    wl_toks_release(&t);
}

void adv_guess(struct adv_job *j, struct adv_query *q)
{
    size_t n = q->q->n_params > 0 ? (size_t)q->q->n_params : 0, missing = 0;
    struct guess *g;

    q->filled = *q->q;
    q->is_filled = n == 0 || q->q->n_samples > 0;
    if (q->is_filled)
        return;
    g = ls_calloc(n + 1, sizeof(*g));
    for (size_t i = 0; i < n; i++)
        g[i].table = LS_NO_USAGE;
    from_places(q, g, n);
    from_tokens(j, q, g, n);
    for (size_t i = 0; i < n; i++)
        if (g[i].table != LS_NO_USAGE && g[i].value == NULL)
            fill_from(j, g[i].table, g, n);
    for (size_t i = 0; i < n; i++)
        missing += g[i].value == NULL ? 1 : 0;
    if (missing == 0)
        use(j, q, g);
    else
        adv_note(j, LS_SEV_INFO, "no-sample", q->q, "put a remark in front of it: -- sample: 42, 'text'",
                 "not run: no value is known for %zu of its %zu parameters", missing, n);
    free(g);
}
