/* diff/ddl_text.c: names, clauses, options: pieces of statements. */
#include <config.h>

#include "diff/ddl_priv.h"

#include <ctype.h>
#include <string.h>

#include "lockstep/sql/quote.h"

static bool is_plain(const char *s)
{
    const char *p = s;

    if (!islower((unsigned char)*p) && *p != '_')
        return false;
    for (; *p; p++)
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_')
            return false;
    return true;
}

/* Keywords that are no names on either server, PostgreSQL's appendix C and SQLite's parse.y. That a word is quoted without need
 * harms nobody. */
static bool is_reserved(const char *s)
{
    static const char words[] = " add all alter analyse analyze and any array as asc asymmetric authorization between binary both "
                                "case cast check collate collation column commit "
                                "concurrently constraint create cross current_catalog current_date current_role current_schema "
                                "current_time current_timestamp current_user default "
                                "deferrable delete desc distinct do drop else end escape except exists false fetch for foreign "
                                "freeze from full grant group having if ilike in index "
                                "initially inner insert intersect into is isnull join lateral leading left like limit localtime "
                                "localtimestamp natural not nothing notnull null "
                                "offset on only or order outer overlaps placing primary references returning right rollback select "
                                "session_user set similar some symmetric table "
                                "tablesample then to trailing transaction true union unique update user using values variadic "
                                "verbose when where window with ";
    size_t len = strlen(s);

    for (const char *p = words; (p = strstr(p, s)) != NULL; p++)
        if (p[-1] == ' ' && p[len] == ' ')
            return true;
    return false;
}

/* A name that cannot be quoted stands as it is: it is read then, not run. */
void ddl_name(struct ls_buf *out, const char *s)
{
    if ((is_plain(s) && !is_reserved(s)) || ls_sql_ident(out, s, NULL) != LS_OK)
        ls_buf_adds(out, s);
}

void ddl_qualified(struct ls_buf *out, const char *schema, const char *s)
{
    if (schema[0] != '\0' && strcmp(schema, "main") != 0) {
        ddl_name(out, schema);
        ls_buf_addc(out, '.');
    }
    ddl_name(out, s);
}

void ddl_clause(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *before, const char *after)
{
    const char *v = ls_fact_get(f, a);

    if (v)
        ls_buf_addf(out, "%s%s%s", before, v, after);
}

void ddl_loud(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *before, const char *after)
{
    const char *v = ls_fact_get(f, a);

    if (!v)
        return;
    ls_buf_adds(out, before);
    for (; *v && *v != '(' && strncmp(v, " of ", 4) != 0; v++) /* names stand behind these */
        ls_buf_addc(out, (char)toupper((unsigned char)*v));
    ls_buf_addf(out, "%s%s", v, after);
}

void ddl_word(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *text)
{
    if (ls_fact_get(f, a))
        ls_buf_adds(out, text);
}

bool ddl_is(const struct ls_fact *f, enum ls_attr a, const char *value)
{
    const char *v = ls_fact_get(f, a);

    return strcmp(v ? v : "", value) == 0;
}

/* Whether the first parenthesis closes at the very end. Quotes of either kind are skipped; doubled ones come out right by
 * themselves. */
static bool is_enclosed(const char *v)
{
    int depth = 0;

    if (*v != '(')
        return false;
    for (; *v; v++) {
        if (*v == '\'' || *v == '"') {
            const char *end = strchr(v + 1, *v);

            if (!end)
                return false;
            v = end;
        } else if (*v == '(') {
            depth++;
        } else if (*v == ')' && --depth == 0) {
            return v[1] == '\0';
        }
    }
    return false;
}

void ddl_enclosed(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *before)
{
    const char *v = ls_fact_get(f, a);

    if (v)
        ls_buf_addf(out, is_enclosed(v) ? "%s%s" : "%s(%s)", before, v);
}

/* Length up to the next ", key=": a value may hold ", ". */
static size_t option_length(const char *p)
{
    const char *at = p;

    while ((at = strstr(at, ", ")) != NULL) {
        size_t word = strspn(at + 2, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");

        if (word > 0 && at[2 + word] == '=')
            return (size_t)(at - p);
        at += 2;
    }
    return strlen(p);
}

static void option(struct ls_buf *out, enum ls_dialect d, const char *p, size_t len, bool is_foreign)
{
    const char *eq = memchr(p, '=', len);
    struct ls_buf value = LS_BUF_INIT;

    if (!eq) {
        ls_buf_add(out, p, len);
        return;
    }
    ls_buf_add(&value, eq + 1, len - (size_t)(eq + 1 - p));
    ls_buf_add(out, p, (size_t)(eq - p));
    ls_buf_addc(out, is_foreign ? ' ' : '=');
    if (!is_foreign && value.len > 0 &&
        value.ptr[strspn(value.ptr, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")] == '\0')
        ls_buf_adds(out, value.ptr);
    else
        ls_sql_literal(out, d, value.ptr ? value.ptr : "");
    ls_buf_release(&value);
}

void ddl_options(struct ls_buf *out, enum ls_dialect d, const struct ls_fact *f, const char *before, bool is_foreign)
{
    const char *p = ls_fact_get(f, LS_A_OPTIONS);

    if (!p)
        return;
    ls_buf_addf(out, "%s(", before);
    while (*p) {
        size_t len = option_length(p);

        option(out, d, p, len, is_foreign);
        p += len;
        if (*p) {
            ls_buf_adds(out, ", ");
            p += 2;
        }
    }
    ls_buf_addc(out, ')');
}

void ddl_words(struct ls_buf *out, const char *list)
{
    for (; *list; list++) {
        if (*list == ',')
            continue;
        ls_buf_addc(out, (char)toupper((unsigned char)*list));
    }
}

static const char *comment_word(const struct ls_fact *f)
{
    static const struct {
        enum ls_fact_kind kind;
        const char *word;
    } words[] = {{LS_FACT_MATVIEW, "MATERIALIZED VIEW"},
                 {LS_FACT_ENUM, "TYPE"},
                 {LS_FACT_COMPOSITE, "TYPE"},
                 {LS_FACT_RANGE, "TYPE"},
                 {LS_FACT_TYPE, "TYPE"},
                 {LS_FACT_STATISTICS, "STATISTICS"},
                 {LS_FACT_FDW, "FOREIGN DATA WRAPPER"},
                 {LS_FACT_SERVER, "SERVER"}};

    for (size_t i = 0; i < LS_ARRAY_LEN(words); i++)
        if (words[i].kind == f->kind)
            return words[i].word;
    if (f->kind == LS_FACT_TABLE && ddl_is(f, LS_A_FORM, "foreign"))
        return "FOREIGN TABLE";
    return NULL;
}

static bool is_routine(enum ls_fact_kind k)
{
    return k == LS_FACT_FUNCTION || k == LS_FACT_PROCEDURE || k == LS_FACT_AGGREGATE || k == LS_FACT_OPERATOR;
}

void ddl_comment(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *text = ls_fact_get(f, LS_A_COMMENT), *word = comment_word(f);

    if (!text)
        return;
    ls_buf_adds(out, "COMMENT ON ");
    for (const char *p = word ? word : ls_fact_kind_name(f->kind); *p; p++)
        ls_buf_addc(out, (char)toupper((unsigned char)*p));
    ls_buf_addc(out, ' ');
    if (f->kind == LS_FACT_COLUMN) {
        ddl_qualified(out, f->schema, f->parent);
        ls_buf_addc(out, '.');
        ddl_name(out, f->name);
    } else if (f->parent[0] != '\0') {
        ddl_name(out, f->name);
        ls_buf_adds(out, " ON ");
        ddl_qualified(out, f->schema, f->parent);
    } else if (f->kind == LS_FACT_INDEX || !is_routine(f->kind)) {
        ddl_qualified(out, f->schema, f->name);
    } else { /* the name has its arguments, in the server's words */
        ddl_name(out, f->schema);
        ls_buf_addf(out, ".%s", f->name);
    }
    ls_buf_adds(out, " IS ");
    ls_sql_literal(out, c->dialect, text);
    ls_buf_adds(out, ";\n");
}
