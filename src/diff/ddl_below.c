/* diff/ddl_below.c: statements of what hangs below a relation. */
#include <config.h>

#include "diff/ddl_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "by default, start 10, increment 5" */
static void identity(struct ls_buf *out, const struct ls_fact *f)
{
    const char *v = ls_fact_get(f, LS_A_IDENTITY), *rest = v ? strstr(v, ", ") : NULL, *parts = ls_fact_get(f, LS_A_PARTS);

    if (!v)
        return;
    ls_buf_adds(out, " GENERATED ");
    for (const char *p = v; *p && p != rest; p++)
        ls_buf_addc(out, *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p);
    ls_buf_adds(out, " AS IDENTITY");
    if (rest || parts) {
        ls_buf_adds(out, " (");
        if (parts && strncmp(parts, "sequence ", 9) == 0)
            ls_buf_addf(out, "SEQUENCE NAME %s%s", parts + 9, rest ? " " : "");
        ddl_words(out, rest ? rest + 2 : "");
        ls_buf_addc(out, ')');
    }
}

/* "stored (expr)" */
static void generated(struct ls_buf *out, const struct ls_fact *f)
{
    const char *v = ls_fact_get(f, LS_A_GENERATED), *expr = v ? strchr(v, ' ') : NULL;

    if (expr)
        ls_buf_addf(out, " GENERATED ALWAYS AS %s %s", expr + 1, strncmp(v, "stored", 6) == 0 ? "STORED" : "VIRTUAL");
}

/* Its parent says it, and a child may not say it again. */
static bool inherits_generated(const struct ls_catalog *c, const struct ls_fact *f)
{
    const struct ls_fact *of = ls_fact_get(f, LS_A_GENERATED) ? ddl_parent_column(c, f) : NULL;

    return of && ls_fact_get(of, LS_A_GENERATED);
}

/* SQLite: it stands only behind the one column of the primary key. */
static void autoincrement(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *table, const struct ls_fact *f)
{
    uint32_t n;
    const struct ls_fact *some = ls_catalog_children(c, table, LS_FACT_CONSTRAINT, &n);

    for (uint32_t i = 0; i < n && ls_fact_get(table, LS_A_AUTOINCREMENT); i++) {
        if (!ddl_is(&some[i], LS_A_FORM, "primary key") || !ddl_is_key(&some[i], f->name))
            continue;
        ls_buf_addc(out, ' ');
        ddl_constraint_name(out, c, &some[i]);
        ls_buf_adds(out, "PRIMARY KEY");
        ddl_clause(out, &some[i], LS_A_CONFLICT, " ON CONFLICT ", "");
        ls_buf_adds(out, " AUTOINCREMENT");
    }
}

void ddl_column(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *table, const struct ls_fact *f)
{
    bool is_lite = c->dialect == LS_DIALECT_SQLITE;

    ls_buf_adds(out, "    ");
    ddl_name(out, f->name);
    if (ls_fact_get(table, LS_A_OF_TYPE))
        ls_buf_adds(out, " WITH OPTIONS");
    else
        ddl_clause(out, f, LS_A_TYPE, " ", "");
    if (is_lite)
        autoincrement(out, c, table, f);
    ddl_clause(out, f, LS_A_COMPRESSION, " COMPRESSION ", "");
    if (ddl_is(table, LS_A_FORM, "foreign"))
        ddl_options(out, c->dialect, f, " OPTIONS ", true);
    if (!ls_fact_get(table, LS_A_OF_TYPE))
        ddl_clause(out, f, LS_A_COLLATION, " COLLATE ", "");
    identity(out, f);
    if (is_lite || !ls_fact_get(table, LS_A_INHERITS) || !inherits_generated(c, f))
        generated(out, f);
    ddl_clause(out, f, LS_A_DEFAULT, " DEFAULT ", "");
    ddl_word(out, f, LS_A_NOT_NULL, " NOT NULL");
    ddl_clause(out, f, LS_A_CONFLICT, " ON CONFLICT ", "");
}

/* SQLite does not take INITIALLY alone. */
void ddl_deferrable(struct ls_buf *out, const struct ls_fact *f)
{
    const char *v = ls_fact_get(f, LS_A_DEFERRABLE);

    ddl_loud(out, f, LS_A_DEFERRABLE, v && strncmp(v, "initially", 9) == 0 ? " DEFERRABLE " : " ", "");
}

/* SQLite's nameless constraints have their text for a name; PostgreSQL's have one that other statements use. */
void ddl_constraint_name(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    if (c->dialect == LS_DIALECT_SQLITE && ls_fact_get(f, LS_A_SYSTEM_NAME))
        return;
    ls_buf_adds(out, "CONSTRAINT ");
    ddl_name(out, f->name);
    ls_buf_addc(out, ' ');
}

void ddl_references(struct ls_buf *out, const struct ls_fact *f)
{
    ddl_clause(out, f, LS_A_REFERENCES, " REFERENCES ", "");
    ddl_loud(out, f, LS_A_MATCH, " MATCH ", "");
    ddl_loud(out, f, LS_A_ON_UPDATE, " ON UPDATE ", "");
    ddl_loud(out, f, LS_A_ON_DELETE, " ON DELETE ", "");
}

void ddl_constraint(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    ddl_constraint_name(out, c, f);
    if (ddl_is(f, LS_A_FORM, "check")) {
        ddl_enclosed(out, f, LS_A_EXPRESSION, "CHECK ");
    } else if (ddl_is(f, LS_A_FORM, "exclusion")) {
        ls_buf_adds(out, "EXCLUDE");
        ddl_clause(out, f, LS_A_METHOD, " USING ", "");
        ddl_clause(out, f, LS_A_KEY, " (", ")");
        ddl_clause(out, f, LS_A_INCLUDE, " INCLUDE (", ")");
    } else if (ddl_is(f, LS_A_FORM, "not null")) {
        ddl_clause(out, f, LS_A_KEY, "NOT NULL ", "");
    } else {
        ddl_loud(out, f, LS_A_FORM, "", "");
        ddl_word(out, f, LS_A_NULLS_NOT_DISTINCT, " NULLS NOT DISTINCT");
        ddl_clause(out, f, LS_A_KEY, " (", ")");
        ddl_clause(out, f, LS_A_INCLUDE, " INCLUDE (", ")");
        ddl_references(out, f);
    }
    ddl_options(out, c->dialect, f, " WITH ", false);
    ddl_clause(out, f, LS_A_TABLESPACE, " USING INDEX TABLESPACE ", "");
    if (ddl_is(f, LS_A_FORM, "exclusion"))
        ddl_enclosed(out, f, LS_A_PREDICATE, " WHERE ");
    ddl_clause(out, f, LS_A_CONFLICT, " ON CONFLICT ", "");
    ddl_deferrable(out, f);
    ddl_word(out, f, LS_A_NO_INHERIT, " NO INHERIT");
    ddl_word(out, f, LS_A_NOT_ENFORCED, " NOT ENFORCED");
    ddl_word(out, f, LS_A_NOT_VALID, " NOT VALID");
}

/* "1: 55, 3: 7" */
static void index_statistics(struct ls_buf *out, const struct ls_fact *f)
{
    const char *p = ls_fact_get(f, LS_A_STATISTICS_TARGET);

    while (p && *p) {
        long column = strtol(p, (char **)&p, 10), target;

        if (*p++ != ':')
            return;
        target = strtol(p, (char **)&p, 10);
        ls_buf_adds(out, "ALTER INDEX ");
        ddl_qualified(out, f->schema, f->name);
        ls_buf_addf(out, " ALTER COLUMN %ld SET STATISTICS %ld;\n", column, target);
        p += strspn(p, ", ");
    }
}

void ddl_index(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const struct ls_fact *table = f->parent_ix == LS_NO_FACT ? NULL : &c->facts[f->parent_ix];
    /* Of a partitioned table's index that lacks some of its partitions'. */
    bool is_only = ls_fact_get(f, LS_A_NOT_VALID) && table && ddl_is(table, LS_A_FORM, "partitioned");

    ls_buf_addf(out, "CREATE %sINDEX ", ls_fact_get(f, LS_A_UNIQUE) ? "UNIQUE " : "");
    ddl_name(out, f->name);
    ls_buf_adds(out, is_only ? " ON ONLY " : " ON ");
    ddl_qualified(out, c->dialect == LS_DIALECT_SQLITE ? "" : f->schema, f->parent);
    ddl_clause(out, f, LS_A_METHOD, " USING ", "");
    ddl_clause(out, f, LS_A_KEY, " (", ")");
    ddl_clause(out, f, LS_A_INCLUDE, " INCLUDE (", ")");
    ddl_word(out, f, LS_A_NULLS_NOT_DISTINCT, " NULLS NOT DISTINCT");
    ddl_options(out, c->dialect, f, " WITH ", false);
    ddl_clause(out, f, LS_A_TABLESPACE, " TABLESPACE ", "");
    ddl_clause(out, f, LS_A_PREDICATE, " WHERE ", "");
    ls_buf_adds(out, ";\n");
    if (ls_fact_get(f, LS_A_NOT_VALID) && !is_only)
        ddl_not_written(out, f, "it is not valid there: nothing makes such an index");
    index_statistics(out, f);
}

const char *ddl_enable(const char *enabled)
{
    return enabled == NULL                     ? "ENABLE"
           : strcmp(enabled, "disabled") == 0 ? "DISABLE"
           : strcmp(enabled, "always") == 0   ? "ENABLE ALWAYS"
                                              : "ENABLE REPLICA";
}

/* ALTER TABLE ... ENABLE ALWAYS TRIGGER name */
void ddl_enabled(struct ls_buf *out, const struct ls_fact *f)
{
    ls_buf_adds(out, "ALTER TABLE ");
    ddl_qualified(out, f->schema, f->parent);
    ls_buf_addf(out, " %s %s ", ddl_enable(ls_fact_get(f, LS_A_ENABLED)), f->kind == LS_FACT_RULE ? "RULE" : "TRIGGER");
    ddl_name(out, f->name);
    ls_buf_adds(out, ";\n");
}

/* A partition has its parent's triggers: only whether they are enabled is its own. */
bool ddl_is_handed_down(const struct ls_catalog *c, const struct ls_fact *f)
{
    const struct ls_fact *table = f->parent_ix == LS_NO_FACT ? NULL : &c->facts[f->parent_ix];
    const char *of = table ? ls_fact_get(table, LS_A_PARTITION_OF) : NULL;
    uint32_t n;
    const struct ls_fact *all = ls_catalog_kind(c, LS_FACT_TRIGGER, &n);
    struct ls_buf name = LS_BUF_INIT;
    bool is = false;

    for (uint32_t i = 0; i < n && of && !is; i++) {
        ls_buf_clear(&name);
        ddl_qualified(&name, all[i].schema, all[i].parent);
        is = strcmp(all[i].name, f->name) == 0 && strcmp(name.ptr, of) == 0;
    }
    ls_buf_release(&name);
    return is;
}

void ddl_trigger(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    bool is_lite = c->dialect == LS_DIALECT_SQLITE;

    if (!is_lite && ddl_is_handed_down(c, f)) {
        ddl_enabled(out, f);
        return;
    }
    ls_buf_addf(out, "CREATE %sTRIGGER ", ddl_is(f, LS_A_FORM, "constraint") ? "CONSTRAINT " : "");
    ddl_name(out, f->name);
    ddl_loud(out, f, LS_A_TIMING, " ", "");
    ls_buf_adds(out, " ON ");
    ddl_qualified(out, f->schema, f->parent);
    ddl_clause(out, f, LS_A_REFERENCES, " FROM ", "");
    ddl_deferrable(out, f);
    ddl_clause(out, f, LS_A_TRANSITION, " REFERENCING ", "");
    ddl_loud(out, f, LS_A_LEVEL, " FOR EACH ", "");
    if (is_lite)
        ddl_clause(out, f, LS_A_WHEN, " WHEN ", "");
    else
        ddl_enclosed(out, f, LS_A_WHEN, " WHEN ");
    ddl_clause(out, f, LS_A_CALLS, " EXECUTE FUNCTION ", "");
    ddl_clause(out, f, LS_A_BODY, "\n", "");
    ls_buf_adds(out, ";\n");
    if (ls_fact_get(f, LS_A_ENABLED))
        ddl_enabled(out, f);
}

void ddl_rule(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    (void)c;
    ls_buf_adds(out, "CREATE RULE ");
    ddl_name(out, f->name);
    ddl_loud(out, f, LS_A_TIMING, " AS ON ", " TO ");
    ddl_qualified(out, f->schema, f->parent);
    ddl_clause(out, f, LS_A_WHEN, " WHERE ", "");
    ddl_clause(out, f, LS_A_BODY, " DO ", "");
    ls_buf_adds(out, ";\n");
    if (ls_fact_get(f, LS_A_ENABLED))
        ddl_enabled(out, f);
}

void ddl_policy(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    (void)c;
    ls_buf_adds(out, "CREATE POLICY ");
    ddl_name(out, f->name);
    ls_buf_adds(out, " ON ");
    ddl_qualified(out, f->schema, f->parent);
    ddl_loud(out, f, LS_A_LEVEL, " AS ", "");
    ddl_loud(out, f, LS_A_TIMING, " FOR ", "");
    ddl_clause(out, f, LS_A_ROLES, " TO ", "");
    ddl_enclosed(out, f, LS_A_USING, " USING ");
    ddl_enclosed(out, f, LS_A_WITH_CHECK, " WITH CHECK ");
    ls_buf_adds(out, ";\n");
}

void ddl_below(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    static const struct {
        enum ls_fact_kind kind;
        void (*print)(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f);
    } below[] = {
        {LS_FACT_INDEX, ddl_index}, {LS_FACT_TRIGGER, ddl_trigger}, {LS_FACT_RULE, ddl_rule}, {LS_FACT_POLICY, ddl_policy}};

    for (size_t k = 0; k < LS_ARRAY_LEN(below); k++) {
        uint32_t n;
        const struct ls_fact *some = ls_catalog_children(c, f, below[k].kind, &n);

        for (uint32_t i = 0; i < n; i++) {
            /* The text of the file, as it was written; PostgreSQL has no such thing, and what is made here also says whether it is
             * enabled. */
            if (c->dialect != LS_DIALECT_SQLITE || !ddl_definition(out, c, &some[i]))
                below[k].print(out, c, &some[i]);
            ddl_comment(out, c, &some[i]);
        }
    }
}
