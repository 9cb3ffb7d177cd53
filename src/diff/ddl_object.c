/* diff/ddl_object.c: what an object is called in COMMENT ON, DROP, ALTER and GRANT; lists of the catalogue taken apart. */
#include <config.h>

#include "diff/ddl_priv.h"

#include <string.h>

/* --- lists: "word value, word value" --- */

/* Behind a string or a quoted name that begins at p. Doubled quotes come out right by themselves; of a backslash only E'' strings
 * know. */
static const char *past_quote(const char *p, const char *end, bool is_escaped)
{
    char quote = *p++;

    for (; p < end && *p != quote; p++)
        if (*p == '\\' && is_escaped && p + 1 < end)
            p++;
    return p < end ? p + 1 : end;
}

size_t ddl_find(const char *s, size_t n, const char *what)
{
    const char *end = s + n;
    size_t len = strlen(what);
    int depth = 0;

    for (const char *p = s; p < end;) {
        if (depth == 0 && (size_t)(end - p) >= len && memcmp(p, what, len) == 0)
            return (size_t)(p - s);
        if (*p == '\'' || *p == '"') {
            p = past_quote(p, end, *p == '\'' && p > s && p[-1] == 'E');
            continue;
        }
        depth += (*p == '(' || *p == '[') - (*p == ')' || *p == ']');
        p++;
    }
    return n;
}

bool ddl_next(const char **list, struct ddl_item *out)
{
    const char *p = *list;
    size_t n;

    if (p == NULL || *p == '\0')
        return false;
    n = ddl_find(p, strlen(p), ", ");
    out->text = p;
    out->len = n;
    *list = p[n] ? p + n + 2 : p + n;
    return true;
}

bool ddl_item_is(const struct ddl_item *item, const char *word, struct ddl_item *value)
{
    size_t n = strlen(word);

    if (item->len < n || memcmp(item->text, word, n) != 0 || (item->len > n && item->text[n] != ' '))
        return false;
    if (value != NULL)
        *value = item->len > n ? (struct ddl_item){item->text + n + 1, item->len - n - 1} : (struct ddl_item){item->text + n, 0};
    return true;
}

bool ddl_has(const char *list, const char *word, struct ddl_item *value)
{
    struct ddl_item item;

    while (ddl_next(&list, &item))
        if (ddl_item_is(&item, word, value))
            return true;
    return false;
}

bool ddl_same_item(const struct ddl_item *a, const struct ddl_item *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

bool ddl_contains(const char *list, const struct ddl_item *one)
{
    struct ddl_item item;

    while (ddl_next(&list, &item))
        if (ddl_same_item(&item, one))
            return true;
    return false;
}

void ddl_item(struct ls_buf *out, const char *before, const struct ddl_item *item, const char *after)
{
    ls_buf_adds(out, before);
    ls_buf_add(out, item->text, item->len);
    ls_buf_adds(out, after);
}

/* --- names --- */

/* Where the argument types of "f(integer,text)" open: the last parenthesis outside of quotes, for types have none and names may. */
size_t ddl_paren(const char *name)
{
    size_t n = strlen(name), at = n;
    bool is_quoted = false;

    for (size_t i = n; i-- > 0;) {
        if (name[i] == '"')
            is_quoted = !is_quoted;
        else if (name[i] == '(' && !is_quoted)
            return i;
    }
    return at;
}

/* The part of a name before `len`, quoted where it must be; with its schema. */
static void qualified_part(struct ls_buf *out, const char *schema, const char *name, size_t len, bool is_operator)
{
    struct ls_buf part = LS_BUF_INIT;

    ls_buf_add(&part, name, len);
    if (is_operator) {
        ddl_name(out, schema);
        ls_buf_addf(out, ".%s", part.ptr ? part.ptr : "");
    } else {
        ddl_qualified(out, schema, part.ptr ? part.ptr : "");
    }
    ls_buf_release(&part);
}

void ddl_routine_name(struct ls_buf *out, const struct ls_fact *f)
{
    qualified_part(out, f->schema, f->name, ddl_paren(f->name), f->kind == LS_FACT_OPERATOR);
}

/* Of a procedure what it gives back counts as well, and the modes say so: its arguments without their defaults. */
static void arguments_alone(struct ls_buf *out, const char *list)
{
    const char *separator = "";
    struct ddl_item item;

    ls_buf_addc(out, '(');
    while (ddl_next(&list, &item)) {
        item.len = ddl_find(item.text, item.len, " DEFAULT ");
        ddl_item(out, separator, &item, "");
        separator = ", ";
    }
    ls_buf_addc(out, ')');
}

/* s.f(integer, text) */
static void signature(struct ls_buf *out, const struct ls_fact *f)
{
    const char *arguments = ls_fact_get(f, LS_A_ARGUMENTS);

    ddl_routine_name(out, f);
    if (f->kind == LS_FACT_AGGREGATE && (!arguments || arguments[0] == '\0' || strcmp(f->name + ddl_paren(f->name), "()") == 0))
        ls_buf_adds(out, "(*)");
    else if (f->kind == LS_FACT_AGGREGATE && strstr(arguments, "ORDER BY "))
        ls_buf_addf(out, "(%s)", arguments);
    else if (f->kind == LS_FACT_PROCEDURE && arguments)
        arguments_alone(out, arguments);
    else
        ls_buf_adds(out, f->name + ddl_paren(f->name));
}

/* "ops using btree" */
void ddl_using(struct ls_buf *out, const struct ls_fact *f)
{
    const char *at = NULL;

    for (const char *p = f->name; (p = strstr(p, " using ")) != NULL; p++)
        at = p;
    qualified_part(out, f->schema, f->name, at ? (size_t)(at - f->name) : strlen(f->name), false);
    if (at) {
        ls_buf_adds(out, " USING ");
        ddl_name(out, at + strlen(" using "));
    }
}

/* "integer as s.mood" */
static void cast(struct ls_buf *out, const struct ls_fact *f)
{
    size_t n = strlen(f->name), at = ddl_find(f->name, n, " as ");

    ls_buf_addf(out, "(%.*s AS %s)", (int)at, f->name, at < n ? f->name + at + 4 : "");
}

/* "integer language sql" */
static void transform(struct ls_buf *out, const struct ls_fact *f)
{
    size_t n = strlen(f->name), at = ddl_find(f->name, n, " language ");

    ls_buf_addf(out, "FOR %.*s LANGUAGE ", (int)at, f->name);
    ddl_name(out, at < n ? f->name + at + strlen(" language ") : "");
}

static void user_mapping(struct ls_buf *out, const struct ls_fact *f)
{
    ls_buf_adds(out, "FOR ");
    if (strcmp(f->name, "PUBLIC") == 0)
        ls_buf_adds(out, f->name);
    else
        ddl_name(out, f->name);
    ls_buf_adds(out, " SERVER ");
    ddl_name(out, f->parent);
}

static void column(struct ls_buf *out, const struct ls_fact *f)
{
    ddl_qualified(out, f->schema, f->parent);
    ls_buf_addc(out, '.');
    ddl_name(out, f->name);
}

static void index_name(struct ls_buf *out, const struct ls_fact *f)
{
    ddl_qualified(out, f->schema, f->name);
}

static void plain(struct ls_buf *out, const struct ls_fact *f)
{
    if (f->parent[0] == '\0') {
        ddl_qualified(out, f->schema, f->name);
        return;
    }
    ddl_name(out, f->name);
    ls_buf_adds(out, " ON ");
    ddl_qualified(out, f->schema, f->parent);
}

static const struct {
    const char *word; /* NULL: the kind's own, in capitals */
    void (*name)(struct ls_buf *out, const struct ls_fact *f);
} objects[LS_N_FACTS] = {
    [LS_FACT_ENUM] = {"TYPE", plain},
    [LS_FACT_COMPOSITE] = {"TYPE", plain},
    [LS_FACT_RANGE] = {"TYPE", plain},
    [LS_FACT_TYPE] = {"TYPE", plain},
    [LS_FACT_MATVIEW] = {"MATERIALIZED VIEW", plain},
    [LS_FACT_COLUMN] = {"COLUMN", column},
    [LS_FACT_INDEX] = {"INDEX", index_name},
    [LS_FACT_STATISTICS] = {"STATISTICS", plain},
    [LS_FACT_FUNCTION] = {NULL, signature},
    [LS_FACT_PROCEDURE] = {NULL, signature},
    [LS_FACT_AGGREGATE] = {NULL, signature},
    [LS_FACT_OPERATOR] = {NULL, signature},
    [LS_FACT_OPCLASS] = {NULL, ddl_using},
    [LS_FACT_OPFAMILY] = {NULL, ddl_using},
    [LS_FACT_CAST] = {NULL, cast},
    [LS_FACT_TRANSFORM] = {NULL, transform},
    [LS_FACT_FDW] = {"FOREIGN DATA WRAPPER", plain},
    [LS_FACT_SERVER] = {"SERVER", plain},
    [LS_FACT_USER_MAPPING] = {NULL, user_mapping},
};

void ddl_object_word(struct ls_buf *out, const struct ls_fact *f)
{
    const char *word = objects[f->kind].word;

    if (f->kind == LS_FACT_TABLE && ddl_is(f, LS_A_FORM, "foreign"))
        word = "FOREIGN TABLE";
    for (const char *p = word ? word : ls_fact_kind_name(f->kind); *p; p++)
        ls_buf_addc(out, *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p);
}

void ddl_object_name(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    if (f->kind == LS_FACT_CONSTRAINT && f->parent_ix != LS_NO_FACT && c->facts[f->parent_ix].kind == LS_FACT_DOMAIN) {
        ddl_name(out, f->name);
        ls_buf_adds(out, " ON DOMAIN ");
        ddl_qualified(out, f->schema, f->parent);
    } else if (f->kind == LS_FACT_INDEX && c->dialect == LS_DIALECT_SQLITE) {
        ddl_name(out, f->name);
    } else {
        (objects[f->kind].name ? objects[f->kind].name : plain)(out, f);
    }
}

void ddl_object(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    ddl_object_word(out, f);
    ls_buf_addc(out, ' ');
    ddl_object_name(out, c, f);
}

/* --- comments --- */

static void comment_is(struct ls_buf *out, const struct ls_catalog *c, const char *text)
{
    ls_buf_adds(out, " IS ");
    ddl_literal(out, c->dialect, text);
    ls_buf_adds(out, ";\n");
}

/* The sequence of an identity column: its name is said only where it is not the usual one ("sequence s.n"). */
void ddl_identity_sequence(struct ls_buf *out, const struct ls_fact *column_fact)
{
    const char *parts = ls_fact_get(column_fact, LS_A_PARTS);
    struct ls_buf name = LS_BUF_INIT;

    if (parts && strncmp(parts, "sequence ", 9) == 0) {
        ls_buf_adds(out, parts + 9);
        return;
    }
    ls_buf_addf(&name, "%s_%s_seq", column_fact->parent, column_fact->name);
    ddl_qualified(out, column_fact->schema, name.ptr);
    ls_buf_release(&name);
}

/* "a 'text', b 'text'" of a composite type */
static void attribute_comments(struct ls_buf *out, const struct ls_fact *f, const char *list, const char *other)
{
    struct ddl_item item;

    while (ddl_next(&list, &item)) {
        size_t at = ddl_find(item.text, item.len, " ");

        if (ddl_contains(other, &item))
            continue;
        ls_buf_adds(out, "COMMENT ON COLUMN ");
        ddl_qualified(out, f->schema, f->name);
        ls_buf_addf(out, ".%.*s IS %.*s;\n", (int)at, item.text, (int)(item.len - at - (at < item.len)),
                    item.text + at + (at < item.len));
    }
}

static bool has_attribute(const struct ls_fact *f, const char *name, size_t len)
{
    const char *list = ls_fact_get(f, LS_A_ATTRIBUTES);
    struct ddl_item item;

    while (ddl_next(&list, &item))
        if (item.len > len && memcmp(item.text, name, len) == 0 && item.text[len] == ' ')
            return true;
    return false;
}

/* Those of `list` that `other` does not have at all. */
static void attribute_comments_gone(struct ls_buf *out, const struct ls_fact *f, const char *list, const char *other)
{
    struct ddl_item item;

    while (ddl_next(&list, &item)) {
        const char *rest = other;
        struct ddl_item there;
        size_t at = ddl_find(item.text, item.len, " ");
        bool is_there = false;

        while (!is_there && ddl_next(&rest, &there))
            is_there = there.len > at && memcmp(there.text, item.text, at + 1) == 0;
        if (is_there || !has_attribute(f, item.text, at))
            continue;
        ls_buf_adds(out, "COMMENT ON COLUMN ");
        ddl_qualified(out, f->schema, f->name);
        ls_buf_addf(out, ".%.*s IS NULL;\n", (int)at, item.text);
    }
}

void ddl_parts_comment(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, const char *before)
{
    const char *text = ls_fact_get(f, LS_A_PARTS_COMMENT);

    if (f->kind == LS_FACT_COMPOSITE) {
        attribute_comments_gone(out, f, before, text);
        attribute_comments(out, f, text, before);
        return;
    }
    if (text == NULL && before == NULL)
        return;
    if (f->kind == LS_FACT_COLUMN) {
        if (!ls_fact_get(f, LS_A_IDENTITY))
            return; /* it went with the sequence */
        ls_buf_adds(out, "COMMENT ON SEQUENCE ");
        ddl_identity_sequence(out, f);
    } else {
        ls_buf_adds(out, "COMMENT ON INDEX ");
        ddl_qualified(out, f->schema, f->name);
    }
    comment_is(out, c, text);
}

void ddl_comment_is(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, const char *text)
{
    ls_buf_adds(out, "COMMENT ON ");
    ddl_object(out, c, f);
    comment_is(out, c, text);
}

void ddl_comment(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    if (ls_fact_get(f, LS_A_COMMENT))
        ddl_comment_is(out, c, f, ls_fact_get(f, LS_A_COMMENT));
    if (ls_fact_get(f, LS_A_PARTS_COMMENT))
        ddl_parts_comment(out, c, f, NULL);
}
