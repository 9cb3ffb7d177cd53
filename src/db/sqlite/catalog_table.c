/* CREATE TABLE, cut at its commas: sqlite.org/lang_createtable.html. SQLite has parsed the text before it kept it, so what stands here is well formed;
 * what is read only has to be told apart. */
#include <config.h>

#include <string.h>
#include <strings.h>

#include "db/sqlite/catalog_priv.h"

struct table {
    struct lite_ddl *d;
    const char *name;
    uint32_t fact;
    int position;
};

/* What ends a column's type or default. */
static bool begins_constraint(const struct lite_ddl *d, size_t at)
{
    static const char *const words[] = {"CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS"};

    for (size_t i = 0; i < LS_ARRAY_LEN(words); i++)
        if (lite_is(d, at, words[i]))
            return true;
    return false;
}

/* ON CONFLICT x; ABORT is what holds without it. */
static const char *conflict(struct lite_ddl *d)
{
    const char *word;

    if (!lite_is(d, d->i, "ON") || !lite_is(d, d->i + 1, "CONFLICT"))
        return NULL;
    d->i += 2;
    word = lite_canonical(d, d->i, d->i + 1);
    d->i++;
    return strcmp(word, "abort") == 0 ? NULL : word;
}

/* A constraint without a name is called by what it is. */
static uint32_t add_constraint(struct table *t, const char *name, const char *form, const char *text)
{
    struct ls_buf own = LS_BUF_INIT;
    uint32_t fact;

    if (name == NULL)
        ls_buf_addf(&own, "%s%s%s", form, text[0] ? " " : "", text);
    fact = ls_catalog_add(t->d->b, LS_FACT_CONSTRAINT, "main", t->name, name ? name : own.ptr);
    ls_catalog_set(t->d->b, fact, LS_A_FORM, form);
    if (name == NULL)
        ls_catalog_set(t->d->b, fact, LS_A_SYSTEM_NAME, "yes");
    ls_buf_release(&own);
    return fact;
}

/* DEFERRABLE INITIALLY DEFERRED is the only form that defers. */
static void deferrable(struct lite_ddl *d, uint32_t fact)
{
    bool is_not = lite_is(d, d->i, "NOT") && lite_is(d, d->i + 1, "DEFERRABLE");

    if (!is_not && !lite_is(d, d->i, "DEFERRABLE"))
        return;
    d->i += is_not ? 2 : 1;
    if (!lite_take(d, "INITIALLY"))
        return;
    if (lite_is(d, d->i, "DEFERRED") && !is_not)
        ls_catalog_set(d->b, fact, LS_A_DEFERRABLE, "initially deferred");
    d->i++;
}

static void reference(struct table *t, const char *name, const char *columns)
{
    struct lite_ddl *d = t->d;
    struct ls_buf target = LS_BUF_INIT, own = LS_BUF_INIT;
    uint32_t fact;

    lite_name_to(d, &target);
    if (lite_is_char(d, d->i, '(')) {
        size_t end = lite_behind(d, d->i);

        lite_canonical_to(d, d->i, end, &target);
        d->i = end;
    }
    ls_buf_addf(&own, "%s references %s", columns, target.ptr);
    fact = add_constraint(t, name, "foreign key", own.ptr);
    ls_catalog_set(d->b, fact, LS_A_KEY, columns);
    ls_catalog_set(d->b, fact, LS_A_REFERENCES, target.ptr);
    for (;;) {
        if (lite_is(d, d->i, "ON") && (lite_is(d, d->i + 1, "DELETE") || lite_is(d, d->i + 1, "UPDATE"))) {
            enum ls_attr a = lite_is(d, d->i + 1, "DELETE") ? LS_A_ON_DELETE : LS_A_ON_UPDATE;
            size_t words = lite_is(d, d->i + 2, "SET") || lite_is(d, d->i + 2, "NO") ? 2 : 1;
            const char *action = lite_canonical(d, d->i + 2, d->i + 2 + words);

            d->i += 2 + words;
            ls_catalog_set(d->b, fact, a, strcmp(action, "no action") == 0 ? NULL : action);
        } else if (lite_is(d, d->i, "MATCH")) {
            d->i += 2; /* parsed by SQLite, and without meaning */
        } else {
            break;
        }
    }
    deferrable(d, fact);
    ls_buf_release(&target);
    ls_buf_release(&own);
}

static void key(struct table *t, const char *name, const char *form, const char *columns)
{
    uint32_t fact = add_constraint(t, name, form, strcmp(form, "primary key") == 0 ? "" : columns);

    ls_catalog_set(t->d->b, fact, LS_A_KEY, columns);
    ls_catalog_set(t->d->b, fact, LS_A_CONFLICT, conflict(t->d));
}

static void check(struct table *t, const char *name)
{
    struct lite_ddl *d = t->d;
    size_t end = lite_behind(d, d->i);
    const char *expr = lite_canonical(d, d->i, end);
    uint32_t fact = add_constraint(t, name, "check", expr);

    ls_catalog_set(d->b, fact, LS_A_EXPRESSION, expr);
    d->i = end;
    (void)conflict(d); /* read and never looked at by SQLite */
}

/* A list of columns in brackets, without them, and without the ASC that goes without saying. */
static const char *key_in_brackets(struct lite_ddl *d)
{
    size_t open = d->i, end = lite_behind(d, open);

    d->i = end;
    return lite_key(d, open + 1, end - 1);
}

/* What stands in brackets, without them. */
static const char *in_brackets(struct lite_ddl *d)
{
    size_t open = d->i, end = lite_behind(d, open);

    d->i = end;
    return lite_canonical(d, open + 1, end - 1);
}

/* --- table constraints --- */

static bool begins_table_constraint(const struct lite_ddl *d, size_t at)
{
    return lite_is(d, at, "CONSTRAINT") || (lite_is(d, at, "PRIMARY") && lite_is(d, at + 1, "KEY")) ||
           ((lite_is(d, at, "UNIQUE") || lite_is(d, at, "CHECK")) && lite_is_char(d, at + 1, '(')) ||
           (lite_is(d, at, "FOREIGN") && lite_is(d, at + 1, "KEY"));
}

static void table_constraint(struct table *t)
{
    struct lite_ddl *d = t->d;
    const char *name = NULL;

    if (lite_take(d, "CONSTRAINT"))
        name = lite_name(d);
    if (lite_take(d, "PRIMARY")) {
        d->i++;
        const char *columns = key_in_brackets(d);
        key(t, name, "primary key", columns);
    } else if (lite_take(d, "UNIQUE")) {
        const char *columns = key_in_brackets(d);
        key(t, name, "unique", columns);
    } else if (lite_take(d, "CHECK")) {
        check(t, name);
    } else if (lite_take(d, "FOREIGN")) {
        d->i++;
        const char *columns = in_brackets(d);
        if (lite_take(d, "REFERENCES"))
            reference(t, name, columns);
    } else {
        d->i++; /* a constraint of a kind that is not known: passed over token by token */
    }
}

/* --- columns --- */

/* A number with its sign, a literal, a word, or an expression in brackets. In "abc" SQLite finds no column and takes the text. */
static void column_default(struct lite_ddl *d, uint32_t column)
{
    size_t start = d->i, end;

    if (lite_is_char(d, start, '(')) {
        end = lite_behind(d, start);
    } else {
        end = start + 1 + (lite_is_char(d, start, '-') || lite_is_char(d, start, '+'));
        if (d->t[start].kind == LS_TOK_QUOTED) {
            struct ls_buf literal = LS_BUF_INIT;
            const char *name = lite_name(d);

            ls_buf_addc(&literal, '\'');
            for (const char *p = name; *p; p++) {
                if (*p == '\'')
                    ls_buf_addc(&literal, '\'');
                ls_buf_addc(&literal, *p);
            }
            ls_buf_addc(&literal, '\'');
            ls_catalog_set(d->b, column, LS_A_DEFAULT, literal.ptr);
            ls_buf_release(&literal);
            return;
        }
    }
    ls_catalog_set(d->b, column, LS_A_DEFAULT, lite_canonical(d, start, end));
    d->i = end;
}

static void generated(struct lite_ddl *d, uint32_t column)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *expr = in_brackets(d);
    bool is_stored = lite_take(d, "STORED");

    if (!is_stored)
        (void)lite_take(d, "VIRTUAL");
    ls_buf_addf(&b, "%s (%s)", is_stored ? "stored" : "virtual", expr);
    ls_catalog_set(d->b, column, LS_A_GENERATED, b.ptr);
    ls_buf_release(&b);
}

static void column_constraint(struct table *t, uint32_t column, const char *quoted)
{
    struct lite_ddl *d = t->d;
    const char *name = NULL;

    if (lite_take(d, "CONSTRAINT"))
        name = lite_name(d);
    if (lite_take(d, "PRIMARY")) {
        struct ls_buf k = LS_BUF_INIT;

        d->i++;
        ls_buf_adds(&k, quoted);
        if (lite_take(d, "DESC"))
            ls_buf_adds(&k, " desc");
        else
            (void)lite_take(d, "ASC");
        key(t, name, "primary key", k.ptr);
        ls_buf_release(&k);
        if (lite_take(d, "AUTOINCREMENT"))
            ls_catalog_set(d->b, t->fact, LS_A_AUTOINCREMENT, "yes");
    } else if (lite_take(d, "NOT")) {
        d->i++;
        ls_catalog_set(d->b, column, LS_A_NOT_NULL, "yes");
        ls_catalog_set(d->b, column, LS_A_CONFLICT, conflict(d));
    } else if (lite_take(d, "NULL")) {
        (void)conflict(d);
    } else if (lite_take(d, "UNIQUE")) {
        key(t, name, "unique", quoted);
    } else if (lite_take(d, "CHECK")) {
        check(t, name);
    } else if (lite_take(d, "DEFAULT")) {
        column_default(d, column);
    } else if (lite_take(d, "COLLATE")) {
        const char *collation = lite_canonical(d, d->i, d->i + 1);

        d->i++;
        ls_catalog_set(d->b, column, LS_A_COLLATION, strcmp(collation, "binary") == 0 ? NULL : collation);
    } else if (lite_take(d, "REFERENCES")) {
        reference(t, name, quoted);
    } else if (lite_take(d, "GENERATED")) {
        d->i++; /* ALWAYS */
        (void)lite_take(d, "AS");
        generated(d, column);
    } else if (lite_take(d, "AS")) {
        generated(d, column);
    } else {
        d->i++;
    }
}

/* Types mean the same in any case; brackets and their numbers stay. */
static const char *column_type(struct lite_ddl *d)
{
    size_t start = d->i;

    while (d->i < d->n && !begins_constraint(d, d->i) && !lite_is_char(d, d->i, ',') && !lite_is_char(d, d->i, ')'))
        d->i = lite_is_char(d, d->i, '(') ? lite_behind(d, d->i) : d->i + 1;
    return lite_canonical(d, start, d->i);
}

/* A tenth of what snprintf costs, for each column. */
static const char *number_text(int n, char text[16])
{
    char *p = text + 15;

    *p = '\0';
    do
        *--p = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    return p;
}

static void column(struct table *t)
{
    struct lite_ddl *d = t->d;
    size_t at = d->i;
    const char *name = lite_name(d), *quoted = lite_canonical(d, at, at + 1);
    uint32_t fact = ls_catalog_add(d->b, LS_FACT_COLUMN, "main", t->name, name);
    char position[16];

    ls_catalog_set(d->b, fact, LS_A_POSITION, number_text(++t->position, position));
    ls_catalog_set(d->b, fact, LS_A_TYPE, column_type(d));
    while (d->i < d->n && !lite_is_char(d, d->i, ',') && !lite_is_char(d, d->i, ')'))
        column_constraint(t, fact, quoted);
}

void lite_table(struct lite_ddl *d, uint32_t fact, const char *name)
{
    struct table t = {.d = d, .name = name, .fact = fact};

    while (d->i < d->n && !lite_is_char(d, d->i, '('))
        d->i++;
    d->i++;
    while (d->i < d->n && !lite_is_char(d, d->i, ')')) {
        if (lite_take_char(d, ','))
            continue;
        if (begins_table_constraint(d, d->i))
            table_constraint(&t);
        else
            column(&t);
    }
    d->i++;
    for (; d->i < d->n; d->i++) {
        if (lite_is(d, d->i, "STRICT"))
            ls_catalog_set(d->b, fact, LS_A_STRICT, "yes");
        if (lite_is(d, d->i, "WITHOUT"))
            ls_catalog_set(d->b, fact, LS_A_WITHOUT_ROWID, "yes");
    }
}
