/* diff/ddl_text.c: names, clauses, options: pieces of statements. */
#include <config.h>

#include "diff/ddl_priv.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "lockstep/sql/quote.h"
#include "lockstep/sql/split.h"

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

/* SQLite lets a name be empty, or hold bytes that are no UTF-8: those too stay between their quotes. */
void ddl_name(struct ls_buf *out, const char *s)
{
    if (is_plain(s) && !is_reserved(s)) {
        ls_buf_adds(out, s);
        return;
    }
    if (ls_sql_ident(out, s, NULL) == LS_OK)
        return;
    ls_buf_addc(out, '"');
    for (; *s; s++)
        ls_buf_addf(out, *s == '"' ? "\"%c" : "%c", *s);
    ls_buf_addc(out, '"');
}

void ddl_qualified(struct ls_buf *out, const char *schema, const char *s)
{
    if (schema[0] != '\0' && strcmp(schema, "main") != 0) {
        ddl_name(out, schema);
        ls_buf_addc(out, '.');
    }
    ddl_name(out, s);
}

/* A file may hold another text behind the first statement, which its SQLite never looks at: a script would run it. */
static bool is_one_statement(enum ls_dialect d, const char *text)
{
    struct ls_stmts s = {0};
    bool is_one = ls_sql_split(d, text, strlen(text), &s, NULL) == LS_OK && s.n == 1;

    ls_stmts_release(&s);
    return is_one;
}

/* Whether the text ends within a comment that only a line end ends. */
static bool ends_in_comment(enum ls_dialect d, const char *text)
{
    struct ls_lex lx;
    bool is_comment = false;

    ls_lex_init(&lx, d, text, strlen(text));
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END && t.kind != LS_TOK_ERROR; t = ls_lex_next(&lx))
        is_comment = t.kind == LS_TOK_COMMENT && text[t.start] == '-';
    return is_comment;
}

bool ddl_definition(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *text = ls_fact_get(f, LS_A_DEFINITION);

    if (!text || (c->dialect == LS_DIALECT_SQLITE && !is_one_statement(c->dialect, text)))
        return false;
    ls_buf_adds(out, text);
    if (out->ptr[out->len - 1] == '\n' && c->dialect == LS_DIALECT_POSTGRES)
        return true;
    if (out->ptr[out->len - 1] != ';')
        ls_buf_adds(out, ends_in_comment(c->dialect, text) ? "\n;" : ";");
    ls_buf_addc(out, '\n');
    return true;
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

/* Names are the same in any case there; the key has them small. */
bool ddl_is_key(const struct ls_fact *f, const char *column)
{
    const char *key = ls_fact_get(f, LS_A_KEY);
    struct ls_buf name = LS_BUF_INIT;
    bool is;

    ddl_name(&name, column);
    is = key && (strcasecmp(key, column) == 0 || strcasecmp(key, name.ptr) == 0);
    ls_buf_release(&name);
    return is;
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

/* The parentheses of a subquery are its own. */
static bool is_query(const char *v)
{
    v += strspn(v, "( ");
    return strncmp(v, "SELECT", 6) == 0 || strncmp(v, "WITH", 4) == 0 || strncmp(v, "VALUES", 6) == 0;
}

void ddl_enclosed(struct ls_buf *out, const struct ls_fact *f, enum ls_attr a, const char *before)
{
    const char *v = ls_fact_get(f, a);

    if (v)
        ls_buf_addf(out, is_enclosed(v) && !is_query(v) ? "%s%s" : "%s(%s)", before, v);
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

void ddl_foreign_option_name(struct ls_buf *out, const struct ddl_item *item)
{
    const char *eq = memchr(item->text, '=', item->len);
    struct ls_buf name = LS_BUF_INIT;

    ls_buf_add(&name, item->text, eq ? (size_t)(eq - item->text) : item->len);
    ddl_name(out, name.ptr ? name.ptr : "");
    ls_buf_release(&name);
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
    if (is_foreign)
        ddl_foreign_option_name(out, &(struct ddl_item){p, len});
    else
        ls_buf_add(out, p, (size_t)(eq - p));
    ls_buf_addc(out, is_foreign ? ' ' : '=');
    if (!is_foreign && value.len > 0 &&
        value.ptr[strspn(value.ptr, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")] == '\0')
        ls_buf_adds(out, value.ptr);
    else
        ls_sql_literal(out, d, value.ptr ? value.ptr : "");
    ls_buf_release(&value);
}

static bool is_hidden(const char *p, size_t len)
{
    return len >= strlen("=(hidden)") && strncmp(p + len - strlen("=(hidden)"), "=(hidden)", strlen("=(hidden)")) == 0;
}

bool ddl_next_option(const char **list, struct ddl_item *out)
{
    const char *p = *list;

    if (p == NULL || *p == '\0')
        return false;
    out->text = p;
    out->len = option_length(p);
    *list = p + out->len + (p[out->len] ? 2 : 0);
    return true;
}

bool ddl_has_option(const char *list, const struct ddl_item *one, bool with_value)
{
    size_t key = ddl_find(one->text, one->len, "=");
    struct ddl_item item;

    while (ddl_next_option(&list, &item))
        if (with_value ? ddl_same_item(&item, one) : ddl_find(item.text, item.len, "=") == key && memcmp(item.text, one->text, key) == 0)
            return true;
    return false;
}

void ddl_option(struct ls_buf *out, enum ls_dialect d, const struct ddl_item *item, bool is_foreign)
{
    option(out, d, item->text, item->len, is_foreign);
}

void ddl_options(struct ls_buf *out, enum ls_dialect d, const struct ls_fact *f, const char *before, bool is_foreign)
{
    const char *list = ls_fact_get(f, LS_A_OPTIONS);
    struct ddl_item item;
    bool is_first = true;

    while (ddl_next_option(&list, &item)) {
        if (is_foreign && is_hidden(item.text, item.len))
            continue;
        ls_buf_addf(out, "%s", is_first ? before : ", ");
        ls_buf_adds(out, is_first ? "(" : "");
        is_first = false;
        ddl_option(out, d, &item, is_foreign);
    }
    if (!is_first)
        ls_buf_addc(out, ')');
}

/* Once, also where several attributes of an object have none for the same reason. No colon stands behind the name: behind a column "password" what
 * follows would be hidden on a screen. */
void ddl_not_written(struct ls_buf *out, const struct ls_fact *f, const char *why)
{
    struct ls_buf line = LS_BUF_INIT;

    ls_buf_adds(&line, LS_DDL_NOT_WRITTEN);
    ls_fact_label(f, false, &line);
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] == '\n' || line.ptr[i] == '\r')
            line.ptr[i] = ' ';
    ls_buf_addf(&line, ", %s\n", why);
    if (out->len < line.len || memcmp(out->ptr + out->len - line.len, line.ptr, line.len) != 0)
        ls_buf_add(out, line.ptr, line.len);
    ls_buf_release(&line);
}

void ddl_say_hidden(struct ls_buf *out, const struct ls_fact *f, const char *text)
{
    if (text && strstr(text, "(hidden)"))
        ddl_not_written(out, f, "its password is hidden: put it in by hand");
}

void ddl_words(struct ls_buf *out, const char *list)
{
    for (; *list; list++) {
        if (*list == ',')
            continue;
        ls_buf_addc(out, (char)toupper((unsigned char)*list));
    }
}

void ddl_literal(struct ls_buf *out, enum ls_dialect d, const char *text)
{
    ls_sql_literal(out, d, text);
}
