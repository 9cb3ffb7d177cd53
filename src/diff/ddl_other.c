/* diff/ddl_other.c: statements of what is no table. */
#include <config.h>

#include "diff/ddl_priv.h"

#include <string.h>

#include "lockstep/sql/quote.h"

static void created(struct ls_buf *out, const char *what, const struct ls_fact *f)
{
    ls_buf_addf(out, "CREATE %s ", what);
    ddl_qualified(out, f->schema, f->name);
}

static void view(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    created(out, f->kind == LS_FACT_MATVIEW ? "MATERIALIZED VIEW" : "VIEW", f);
    if (c->dialect == LS_DIALECT_SQLITE)
        ddl_clause(out, f, LS_A_ATTRIBUTES, " (", ")");
    ddl_clause(out, f, LS_A_ACCESS_METHOD, " USING ", "");
    ddl_options(out, c->dialect, f, " WITH ", false);
    ddl_clause(out, f, LS_A_TABLESPACE, " TABLESPACE ", "");
    ddl_clause(out, f, LS_A_BODY, " AS\n", "");
    ls_buf_adds(out, out->len > 0 && out->ptr[out->len - 1] == ';' ? "\n" : ";\n");
}

static void enumeration(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    (void)c;
    created(out, "TYPE", f);
    ls_buf_addf(out, " AS ENUM (%s);\n", ls_fact_get(f, LS_A_LABELS) ? ls_fact_get(f, LS_A_LABELS) : "");
}

static void composite(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    (void)c;
    created(out, "TYPE", f);
    ls_buf_adds(out, " AS (");
    ddl_clause(out, f, LS_A_ATTRIBUTES, "", "");
    ls_buf_adds(out, ");\n");
}

/* "difference s.diff, multirange s.fmulti" */
static void range(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    static const struct {
        const char *word, *sql;
    } words[] = {{"operator class", ", SUBTYPE_OPCLASS = "},
                 {"canonical", ", CANONICAL = "},
                 {"difference", ", SUBTYPE_DIFF = "},
                 {"multirange", ", MULTIRANGE_TYPE_NAME = "}};
    struct ddl_item value;

    (void)c;
    created(out, "TYPE", f);
    ddl_clause(out, f, LS_A_TYPE, " AS RANGE (SUBTYPE = ", "");
    ddl_clause(out, f, LS_A_COLLATION, ", COLLATION = ", "");
    for (size_t i = 0; i < LS_ARRAY_LEN(words); i++)
        if (ddl_has(ls_fact_get(f, LS_A_ATTRIBUTES), words[i].word, &value))
            ddl_item(out, words[i].sql, &value, "");
    ls_buf_adds(out, ");\n");
}

static void domain(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    uint32_t n;
    const struct ls_fact *checks = ls_catalog_children(c, f, LS_FACT_CONSTRAINT, &n);

    created(out, "DOMAIN", f);
    ddl_clause(out, f, LS_A_TYPE, " AS ", "");
    ddl_clause(out, f, LS_A_COLLATION, " COLLATE ", "");
    ddl_clause(out, f, LS_A_DEFAULT, " DEFAULT ", "");
    ddl_word(out, f, LS_A_NOT_NULL, " NOT NULL");
    for (uint32_t i = 0; i < n; i++) {
        if (ls_fact_get(&checks[i], LS_A_NOT_VALID))
            continue;
        ls_buf_adds(out, "\n    ");
        ddl_constraint(out, c, &checks[i]);
    }
    ls_buf_adds(out, ";\n");
    for (uint32_t i = 0; i < n; i++) {
        if (!ls_fact_get(&checks[i], LS_A_NOT_VALID))
            continue;
        ls_buf_adds(out, "ALTER DOMAIN ");
        ddl_qualified(out, f->schema, f->name);
        ls_buf_adds(out, " ADD ");
        ddl_constraint(out, c, &checks[i]);
        ls_buf_adds(out, ";\n");
    }
    for (uint32_t i = 0; i < n; i++)
        ddl_comment(out, c, &checks[i]);
}

static void sequence(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    ddl_sequence(out, c, f);
    if (!ls_fact_get(f, LS_A_OWNED_BY))
        return;
    ls_buf_adds(out, "ALTER SEQUENCE ");
    ddl_qualified(out, f->schema, f->name);
    ddl_clause(out, f, LS_A_OWNED_BY, " OWNED BY ", ";\n");
}

static void schema(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    (void)c;
    created(out, "SCHEMA", f);
    ls_buf_adds(out, ";\n");
}

/* attributes: "schema s" */
static void extension(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *where = ls_fact_get(f, LS_A_ATTRIBUTES);

    (void)c;
    created(out, "EXTENSION", f);
    if (where && strncmp(where, "schema ", 7) == 0)
        ls_buf_addf(out, " SCHEMA %s", where + 7);
    ls_buf_adds(out, ";\n");
}

/* What is between dollars must not hold the same dollars. */
static void dollars(struct ls_buf *out, const char *text)
{
    const char *tag = strstr(text, "$$") == NULL ? "$$" : strstr(text, "$body$") == NULL ? "$body$" : "$lockstep$";

    ls_buf_addf(out, " AS %s%s%s", tag, text, tag);
}

/* "cost 5, parallel safe, transform a, b": the types behind transform end the list. */
static void routine_attributes(struct ls_buf *out, const char *list)
{
    struct ddl_item item, value;
    bool is_transform = false;

    while (ddl_next(&list, &item)) {
        if (ddl_item_is(&item, "file", NULL))
            continue;
        if (is_transform || ddl_item_is(&item, "transform", &value)) {
            ddl_item(out, is_transform ? ", FOR TYPE " : "\n    TRANSFORM FOR TYPE ", is_transform ? &item : &value, "");
            is_transform = true;
        } else if (ddl_item_is(&item, "support", &value)) {
            ddl_item(out, " SUPPORT ", &value, "");
        } else {
            struct ls_buf word = LS_BUF_INIT;

            ddl_item(&word, "", &item, "");
            ls_buf_addc(out, ' ');
            ddl_words(out, word.ptr);
            ls_buf_release(&word);
        }
    }
}

/* a, "B c", "" as 'a', 'B c', '' */
static void setting_list(struct ls_buf *out, const struct ls_catalog *c, const char *list)
{
    const char *separator = "";
    struct ddl_item item;

    while (ddl_next(&list, &item)) {
        struct ls_buf value = LS_BUF_INIT;
        bool is_quoted = item.len > 1 && item.text[0] == '"';

        for (size_t i = is_quoted; i + is_quoted < item.len; i++) {
            ls_buf_addc(&value, item.text[i]);
            i += is_quoted && item.text[i] == '"';
        }
        ls_buf_adds(out, separator);
        ls_sql_literal(out, c->dialect, value.ptr ? value.ptr : "");
        separator = ", ";
        ls_buf_release(&value);
    }
}

/* "search_path=s, public, work_mem=8MB": of these settings the server keeps a list with its quotes. */
void ddl_settings(struct ls_buf *out, const struct ls_catalog *c, const char *list, const char *before)
{
    static const char *const lists[] = {"search_path", "temp_tablespaces", "session_preload_libraries", "shared_preload_libraries",
                                        "local_preload_libraries", "unix_socket_directories"};
    struct ddl_item item;

    while (ddl_next_option(&list, &item)) {
        size_t eq = ddl_find(item.text, item.len, "=");
        struct ls_buf value = LS_BUF_INIT;
        bool is_list = false;

        for (size_t i = 0; i < LS_ARRAY_LEN(lists); i++)
            is_list = is_list || (strlen(lists[i]) == eq && strncmp(item.text, lists[i], eq) == 0);
        ls_buf_add(&value, item.text + eq + (eq < item.len), item.len - eq - (eq < item.len));
        ls_buf_addf(out, "%sSET %.*s TO ", before, (int)eq, item.text);
        if (is_list && value.len > 0)
            setting_list(out, c, value.ptr);
        else
            ls_sql_literal(out, c->dialect, value.ptr ? value.ptr : "");
        ls_buf_release(&value);
    }
}

static void routine_body(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *body = ls_fact_get(f, LS_A_BODY);
    struct ddl_item file;

    if (!body)
        body = "";
    if (strncmp(body, "BEGIN ATOMIC", 12) == 0 || (strncmp(body, "RETURN ", 7) == 0 && ddl_is(f, LS_A_METHOD, "sql"))) {
        ls_buf_addf(out, "%s", body);
    } else if (ddl_has(ls_fact_get(f, LS_A_ATTRIBUTES), "file", &file)) {
        ddl_item(out, " AS ", &file, ", ");
        ls_sql_literal(out, c->dialect, body);
    } else if (ddl_is(f, LS_A_METHOD, "internal")) {
        ls_buf_adds(out, " AS ");
        ls_sql_literal(out, c->dialect, body);
    } else {
        dollars(out, body);
    }
}

/* The name has its argument types for identity; the statement has the arguments with names and defaults instead. */
void ddl_routine(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, bool or_replace)
{
    const char *arguments = ls_fact_get(f, LS_A_ARGUMENTS), *method = ls_fact_get(f, LS_A_METHOD);

    ls_buf_addf(out, "CREATE %s%s ", or_replace ? "OR REPLACE " : "", f->kind == LS_FACT_PROCEDURE ? "PROCEDURE" : "FUNCTION");
    ddl_routine_name(out, f);
    ls_buf_addf(out, "(%s)\n", arguments ? arguments : "");
    ddl_clause(out, f, LS_A_TYPE, "    RETURNS ", "\n");
    ls_buf_adds(out, "    LANGUAGE ");
    ddl_name(out, method ? method : "sql");
    ddl_word(out, f, LS_A_FORM, " WINDOW");
    ddl_loud(out, f, LS_A_VOLATILITY, " ", "");
    ddl_word(out, f, LS_A_STRICT, " STRICT");
    ddl_loud(out, f, LS_A_SECURITY, " SECURITY ", "");
    routine_attributes(out, ls_fact_get(f, LS_A_ATTRIBUTES));
    ddl_settings(out, c, ls_fact_get(f, LS_A_OPTIONS), "\n    ");
    ls_buf_addc(out, '\n');
    routine_body(out, c, f);
    ls_buf_adds(out, ";\n");
}

static void routine(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    ddl_routine(out, c, f, false);
}

/* "s.base (id) where (id > 5), s.fk2, schema s" */
void ddl_published(struct ls_buf *out, const char *list)
{
    struct ddl_item item, name;
    const char *separator = "";
    char last = 0;

    while (ddl_next(&list, &item)) {
        bool is_schema = ddl_item_is(&item, "schema", &name);
        char now = is_schema ? 's' : 't';
        size_t where = is_schema ? item.len : ddl_find(item.text, item.len, " where ");

        ls_buf_addf(out, "%s%s", separator, now == last ? "" : is_schema ? "TABLES IN SCHEMA " : "TABLE ");
        if (is_schema)
            ddl_item(out, "", &name, "");
        else
            ls_buf_add(out, item.text, where);
        if (where < item.len)
            ls_buf_addf(out, " WHERE %.*s", (int)(item.len - where - strlen(" where ")), item.text + where + strlen(" where "));
        separator = ", ";
        last = now;
    }
}

/* "publish=insert update, publish_via_partition_root=true" */
void ddl_publication_options(struct ls_buf *out, const char *list)
{
    struct ddl_item item;
    const char *separator = "";

    while (ddl_next_option(&list, &item)) {
        size_t eq = ddl_find(item.text, item.len, "=");

        ls_buf_addf(out, "%s%.*s = '", separator, (int)eq, item.text);
        for (size_t i = eq + 1; i < item.len; i++)
            ls_buf_addf(out, item.text[i] == ' ' ? ", " : "%c", item.text[i]);
        ls_buf_addc(out, '\'');
        separator = ", ";
    }
}

static void publication(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *what = ls_fact_get(f, LS_A_ATTRIBUTES), *options = ls_fact_get(f, LS_A_OPTIONS);

    (void)c;
    created(out, "PUBLICATION", f);
    if (what && strcmp(what, "all tables") == 0) {
        ls_buf_adds(out, " FOR ALL TABLES");
    } else if (what) {
        ls_buf_adds(out, " FOR ");
        ddl_published(out, what);
    }
    if (options) {
        ls_buf_adds(out, " WITH (");
        ddl_publication_options(out, options);
        ls_buf_addc(out, ')');
    }
    ls_buf_adds(out, ";\n");
}

static void event_trigger(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *when = ls_fact_get(f, LS_A_WHEN), *list = when ? strstr(when, " in ") : NULL;
    const char *enabled = ls_fact_get(f, LS_A_ENABLED);

    (void)c;
    created(out, "EVENT TRIGGER", f);
    ddl_clause(out, f, LS_A_TIMING, " ON ", "");
    if (list)
        ls_buf_addf(out, "\n    WHEN TAG IN (%s)", list + 4);
    ddl_clause(out, f, LS_A_CALLS, "\n    EXECUTE FUNCTION ", "");
    ls_buf_adds(out, ";\n");
    if (!enabled)
        return;
    ls_buf_adds(out, "ALTER EVENT TRIGGER ");
    ddl_name(out, f->name);
    ls_buf_addf(out, " %s;\n", ddl_enable(enabled));
}

static void statistics(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    (void)c;
    created(out, "STATISTICS", f);
    ddl_clause(out, f, LS_A_METHOD, " (", ")");
    ddl_clause(out, f, LS_A_KEY, " ON ", "");
    ddl_clause(out, f, LS_A_REFERENCES, " FROM ", ";\n");
    if (!ls_fact_get(f, LS_A_STATISTICS_TARGET))
        return;
    ls_buf_adds(out, "ALTER STATISTICS ");
    ddl_qualified(out, f->schema, f->name);
    ddl_clause(out, f, LS_A_STATISTICS_TARGET, " SET STATISTICS ", ";\n");
}

static void wrapper(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *list = ls_fact_get(f, LS_A_ATTRIBUTES);
    struct ddl_item function;

    created(out, "FOREIGN DATA WRAPPER", f);
    if (ddl_has(list, "handler", &function))
        ddl_item(out, " HANDLER ", &function, "");
    if (ddl_has(list, "validator", &function))
        ddl_item(out, " VALIDATOR ", &function, "");
    ddl_options(out, c->dialect, f, " OPTIONS ", true);
    ls_buf_adds(out, ";\n");
    ddl_say_hidden(out, f, ls_fact_get(f, LS_A_OPTIONS));
}

/* attributes: "wrapper wrap, type 'ty', version '1'" */
static void server(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *list = ls_fact_get(f, LS_A_ATTRIBUTES);
    struct ddl_item value;

    created(out, "SERVER", f);
    if (ddl_has(list, "type", &value))
        ddl_item(out, " TYPE ", &value, "");
    if (ddl_has(list, "version", &value))
        ddl_item(out, " VERSION ", &value, "");
    if (ddl_has(list, "wrapper", &value))
        ddl_item(out, " FOREIGN DATA WRAPPER ", &value, "");
    ddl_options(out, c->dialect, f, " OPTIONS ", true);
    ls_buf_adds(out, ";\n");
    ddl_say_hidden(out, f, ls_fact_get(f, LS_A_OPTIONS));
}

/* One that hangs below a table, alone. */
static void hanging(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    static const struct ls_fact nothing = {.kind = LS_FACT_TABLE, .schema = "", .parent = "", .name = ""};

    ls_buf_addf(out, "ALTER %s ",
                f->parent_ix != LS_NO_FACT ? (c->facts[f->parent_ix].kind == LS_FACT_DOMAIN ? "DOMAIN" : "TABLE") : "TABLE");
    ddl_qualified(out, f->schema, f->parent);
    if (f->kind == LS_FACT_COLUMN) {
        struct ls_buf column = LS_BUF_INIT;

        ddl_column(&column, c, f->parent_ix != LS_NO_FACT ? &c->facts[f->parent_ix] : &nothing, f);
        ls_buf_addf(out, " ADD COLUMN %s;\n", column.ptr + strspn(column.ptr, " "));
        ls_buf_release(&column);
        return;
    }
    ls_buf_adds(out, " ADD ");
    ddl_constraint(out, c, f);
    ls_buf_adds(out, ";\n");
}

bool ddl_other(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    static const struct {
        enum ls_fact_kind kind;
        void (*print)(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
    } table[] = {
        {LS_FACT_VIEW, view},
        {LS_FACT_MATVIEW, view},
        {LS_FACT_ENUM, enumeration},
        {LS_FACT_COMPOSITE, composite},
        {LS_FACT_RANGE, range},
        {LS_FACT_DOMAIN, domain},
        {LS_FACT_SEQUENCE, sequence},
        {LS_FACT_SCHEMA, schema},
        {LS_FACT_EXTENSION, extension},
        {LS_FACT_FUNCTION, routine},
        {LS_FACT_PROCEDURE, routine},
        {LS_FACT_PUBLICATION, publication},
        {LS_FACT_EVENT_TRIGGER, event_trigger},
        {LS_FACT_STATISTICS, statistics},
        {LS_FACT_FDW, wrapper},
        {LS_FACT_SERVER, server},
        {LS_FACT_INDEX, ddl_index},
        {LS_FACT_TRIGGER, ddl_trigger},
        {LS_FACT_RULE, ddl_rule},
        {LS_FACT_POLICY, ddl_policy},
        {LS_FACT_COLUMN, hanging},
        {LS_FACT_CONSTRAINT, hanging},
    };

    for (size_t i = 0; i < LS_ARRAY_LEN(table); i++) {
        if (table[i].kind != f->kind)
            continue;
        table[i].print(out, c, f);
        return true;
    }
    return ddl_rare(out, c, f);
}
