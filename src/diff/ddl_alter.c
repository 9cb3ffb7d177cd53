/* diff/ddl_alter.c: one difference as statements that change what is there, or the verdict that it must be made anew, or that
 * nothing can be written. */
#include <config.h>

#include "diff/ddl_alter.h"

#include <string.h>

/* --- pieces --- */

void alter_begin(struct ls_buf *out, const struct ddl_change *ch)
{
    ls_buf_adds(out, "ALTER ");
    ddl_object(out, ch->b, ch->x->b);
    ls_buf_addc(out, ' ');
}

/* "k=v, k=v" of both sides: SET (what is new or other), RESET (what is gone). */
void alter_parameters(struct ls_buf *out, const char *begin, const char *a, const char *b)
{
    const char *list = b, *separator = "";
    struct ddl_item item;
    size_t before = out->len;

    ls_buf_addf(out, "%s SET (", begin);
    while (ddl_next_option(&list, &item)) {
        if (ddl_has_option(a, &item, true))
            continue;
        ls_buf_adds(out, separator);
        ddl_option(out, LS_DIALECT_POSTGRES, &item, false);
        separator = ", ";
    }
    if (separator[0])
        ls_buf_adds(out, ");\n");
    else
        ls_buf_truncate(out, before);
    before = out->len;
    separator = "";
    ls_buf_addf(out, "%s RESET (", begin);
    for (list = a; ddl_next_option(&list, &item);) {
        if (ddl_has_option(b, &item, false))
            continue;
        ls_buf_addf(out, "%s%.*s", separator, (int)ddl_find(item.text, item.len, "="), item.text);
        separator = ", ";
    }
    if (separator[0])
        ls_buf_adds(out, ");\n");
    else
        ls_buf_truncate(out, before);
}

/* OPTIONS (ADD k 'v', SET k 'v', DROP k) of foreign objects; what is hidden is not touched. */
void alter_foreign_options(struct ls_buf *out, const char *begin, const char *a, const char *b)
{
    const char *list = b, *separator = "";
    struct ddl_item item;
    size_t before = out->len;

    ls_buf_addf(out, "%s OPTIONS (", begin);
    while (ddl_next_option(&list, &item)) {
        if (ddl_has_option(a, &item, true) || strstr(item.text, "=(hidden)") == item.text + ddl_find(item.text, item.len, "="))
            continue;
        ls_buf_addf(out, "%s%s", separator, ddl_has_option(a, &item, false) ? "SET " : "ADD ");
        ddl_option(out, LS_DIALECT_POSTGRES, &item, true);
        separator = ", ";
    }
    for (list = a; ddl_next_option(&list, &item);) {
        if (ddl_has_option(b, &item, false))
            continue;
        ls_buf_addf(out, "%sDROP ", separator);
        ddl_foreign_option_name(out, &item);
        separator = ", ";
    }
    if (separator[0])
        ls_buf_adds(out, ");\n");
    else
        ls_buf_truncate(out, before);
}

/* --- sequences --- */

/* Every option is said: what is not in the list is the default again. `set`: "SET " for those of an identity column. */
void alter_sequence_options(struct ls_buf *out, const char *list, const char *set)
{
    struct ddl_item increment = {"1", 1}, min = {NULL, 0}, max = {NULL, 0}, start, cache = {"1", 1};
    bool is_down;

    (void)ddl_has(list, "increment", &increment);
    (void)ddl_has(list, "minvalue", &min);
    (void)ddl_has(list, "maxvalue", &max);
    (void)ddl_has(list, "cache", &cache);
    is_down = increment.text[0] == '-';
    ls_buf_addf(out, " %sINCREMENT BY %.*s", set, (int)increment.len, increment.text);
    ls_buf_addf(out, min.text ? " %sMINVALUE %.*s" : " %sNO MINVALUE", set, (int)min.len, min.text);
    ls_buf_addf(out, max.text ? " %sMAXVALUE %.*s" : " %sNO MAXVALUE", set, (int)max.len, max.text);
    if (!ddl_has(list, "start", &start))
        start = is_down ? (max.text ? max : (struct ddl_item){"-1", 2}) : min.text ? min : (struct ddl_item){"1", 1};
    ls_buf_addf(out, " %sSTART WITH %.*s", set, (int)start.len, start.text);
    ls_buf_addf(out, " %sCACHE %.*s %s%s", set, (int)cache.len, cache.text, set,
                ddl_has(list, "cycle", NULL) ? "CYCLE" : "NO CYCLE");
}

static enum ddl_verdict sequence(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    if (c->attr == LS_A_OPTIONS && ls_fact_get(ch->x->a, LS_A_TYPE) != NULL &&
        !ddl_is(ch->x->a, LS_A_TYPE, ls_fact_get(ch->x->b, LS_A_TYPE)))
        return DDL_DONE; /* said with the type */
    alter_begin(out, ch);
    if (c->attr == LS_A_TYPE)
        ls_buf_addf(out, "AS %s", c->b);
    alter_sequence_options(out, ls_fact_get(ch->x->b, LS_A_OPTIONS), "");
    ls_buf_adds(out, ";\n");
    return DDL_DONE;
}

static enum ddl_verdict persistence(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    if ((c->a && strcmp(c->a, "temporary") == 0) || (c->b && strcmp(c->b, "temporary") == 0))
        return DDL_CANNOT;
    alter_begin(out, ch);
    ls_buf_addf(out, "SET %s;\n", c->b ? "UNLOGGED" : "LOGGED");
    return DDL_DONE;
}

static enum ddl_verdict owned_by(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    struct ls_buf *const when[] = {&ch->first, &ch->last};

    (void)out;
    for (size_t i = c->a ? 0 : 1; i < (c->b ? 2 : 1); i++) { /* NONE before the old one's table goes */
        alter_begin(when[i], ch);
        ls_buf_addf(when[i], "OWNED BY %s;\n", i == 1 ? c->b : "NONE");
    }
    return DDL_DONE;
}

/* --- relations --- */

static enum ddl_verdict options(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    struct ls_buf begin = LS_BUF_INIT;

    ls_buf_adds(&begin, "ALTER ");
    ddl_object(&begin, ch->b, ch->x->b);
    if (ddl_is(ch->x->b, LS_A_FORM, "foreign"))
        alter_foreign_options(out, begin.ptr, c->a, c->b);
    else
        alter_parameters(out, begin.ptr, c->a, c->b);
    ls_buf_release(&begin);
    return DDL_DONE;
}

static enum ddl_verdict access_method(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    if (ch->b->server_version > 0 && ch->b->server_version < 150000)
        return DDL_CANNOT;
    alter_begin(out, ch);
    ls_buf_addf(out, "SET ACCESS METHOD %s;\n", c->b ? c->b : "heap");
    return DDL_DONE;
}

static enum ddl_verdict tablespace(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    alter_begin(out, ch);
    ls_buf_addf(out, "SET TABLESPACE %s;\n", c->b ? c->b : "pg_default");
    return DDL_DONE;
}

/* Said again where the table's keys are made (ddl_keys_used). */
static enum ddl_verdict replica_identity(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    if (c->b && strncmp(c->b, "using index", 11) == 0) {
        ch->needs_keys = true;
        return DDL_DONE;
    }
    alter_begin(out, ch);
    ls_buf_addf(out, "REPLICA IDENTITY %s;\n", c->b ? c->b : "DEFAULT");
    return DDL_DONE;
}

static enum ddl_verdict row_security(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    static const struct {
        const char *word, *on, *off;
    } parts[] = {{"enabled", "ENABLE", "DISABLE"}, {"forced", "FORCE", "NO FORCE"}};

    for (size_t i = 0; i < LS_ARRAY_LEN(parts); i++) {
        bool a = c->a && strstr(c->a, parts[i].word), b = c->b && strstr(c->b, parts[i].word);

        if (a == b)
            continue;
        alter_begin(out, ch);
        ls_buf_addf(out, "%s ROW LEVEL SECURITY;\n", b ? parts[i].on : parts[i].off);
    }
    return DDL_DONE;
}

static enum ddl_verdict inherits(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    const char *list = c->a;
    struct ddl_item item;

    while (ddl_next(&list, &item)) {
        if (ddl_contains(c->b, &item))
            continue;
        ls_buf_adds(&ch->first, "ALTER TABLE ");
        ddl_qualified(&ch->first, ch->x->b->schema, ch->x->b->name);
        ddl_item(&ch->first, " NO INHERIT ", &item, ";\n");
    }
    for (list = c->b; ddl_next(&list, &item);) {
        if (ddl_contains(c->a, &item))
            continue;
        alter_begin(out, ch);
        ddl_item(out, "INHERIT ", &item, ";\n");
    }
    return DDL_DONE;
}

static enum ddl_verdict of_type(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    if (c->a) {
        ls_buf_adds(&ch->first, "ALTER TABLE ");
        ddl_qualified(&ch->first, ch->x->b->schema, ch->x->b->name);
        ls_buf_adds(&ch->first, " NOT OF;\n");
    }
    (void)out;
    if (c->b) { /* when its columns are the type's */
        alter_begin(&ch->last, ch);
        ls_buf_addf(&ch->last, "OF %s;\n", c->b);
    }
    return DDL_DONE;
}

/* PARTITION OF and its bound: detached from the one, attached to the other. */
static enum ddl_verdict partition(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    const char *a = ls_fact_get(ch->x->a, LS_A_PARTITION_OF), *b = ls_fact_get(ch->x->b, LS_A_PARTITION_OF);

    if (c->attr == LS_A_BOUND && (!a || !b || strcmp(a, b) != 0))
        return DDL_DONE; /* said with the other */
    if (a) {
        ls_buf_addf(&ch->first, "ALTER TABLE %s DETACH PARTITION ", a);
        ddl_qualified(&ch->first, ch->x->b->schema, ch->x->b->name);
        ls_buf_adds(&ch->first, ";\n");
    }
    if (b) {
        ls_buf_addf(out, "ALTER TABLE %s ATTACH PARTITION ", b);
        ddl_qualified(out, ch->x->b->schema, ch->x->b->name);
        ddl_clause(out, ch->x->b, LS_A_BOUND, " ", "");
        ls_buf_adds(out, ";\n");
    }
    return DDL_DONE;
}

/* --- constraints and indexes --- */

static enum ddl_verdict clustered(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    if (c->b) {
        ddl_cluster_on(out, ch->b, ch->x->b);
        return DDL_DONE;
    }
    ls_buf_adds(&ch->first, "ALTER TABLE "); /* before another one of the table is named */
    ddl_qualified(&ch->first, ch->x->b->schema, ch->x->b->parent);
    ls_buf_adds(&ch->first, " SET WITHOUT CLUSTER;\n");
    return DDL_DONE;
}

static void constraint_begin(struct ls_buf *out, struct ddl_change *ch)
{
    const struct ls_fact *f = ch->x->b;

    ls_buf_addf(out, "ALTER %s ",
                f->parent_ix != LS_NO_FACT && ch->b->facts[f->parent_ix].kind == LS_FACT_DOMAIN ? "DOMAIN" : "TABLE");
    ddl_qualified(out, f->schema, f->parent);
}

static enum ddl_verdict validity(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    if (c->b)
        return ch->x->b->kind == LS_FACT_CONSTRAINT ? DDL_REPLACE : DDL_CANNOT;
    if (ch->x->b->kind == LS_FACT_INDEX) {
        ls_buf_adds(out, "REINDEX INDEX ");
        ddl_qualified(out, ch->x->b->schema, ch->x->b->name);
    } else {
        constraint_begin(out, ch);
        ls_buf_adds(out, " VALIDATE CONSTRAINT ");
        ddl_name(out, ch->x->b->name);
    }
    ls_buf_adds(out, ";\n");
    return DDL_DONE;
}

static enum ddl_verdict deferrable(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    if (!ddl_is(ch->x->b, LS_A_FORM, "foreign key"))
        return DDL_REPLACE;
    constraint_begin(out, ch);
    ls_buf_adds(out, " ALTER CONSTRAINT ");
    ddl_name(out, ch->x->b->name);
    ls_buf_addf(out, " %s;\n",
                !c->b                             ? "NOT DEFERRABLE"
                : strcmp(c->b, "deferrable") == 0 ? "DEFERRABLE INITIALLY IMMEDIATE"
                                                  : "DEFERRABLE INITIALLY DEFERRED");
    return DDL_DONE;
}

/* "1: 55, 3: 7" */
static enum ddl_verdict index_targets(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    const char *sides[] = {c->a, c->b};
    struct ddl_item item;

    for (size_t i = 0; i < LS_ARRAY_LEN(sides); i++) {
        const char *list = sides[i];

        for (; list && *list; list += strspn(list, "; ")) {
            size_t n = strcspn(list, ";"), colon;

            item = (struct ddl_item){list, n};
            colon = ddl_find(item.text, item.len, ": ");
            alter_begin(out, ch);
            ls_buf_addf(out, "ALTER COLUMN %.*s SET STATISTICS ", (int)colon, item.text);
            ls_buf_addf(out, i == 0 ? "-1;\n" : "%.*s;\n", (int)(n - colon - 2), item.text + colon + 2);
            list += n;
        }
    }
    return DDL_DONE;
}

static enum ddl_verdict enabled(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    (void)c;
    ddl_enabled(out, ch->x->b);
    return DDL_DONE;
}

/* --- views --- */

/* Whether b's columns begin with a's, which is what CREATE OR REPLACE VIEW takes. */
static enum ddl_verdict view_body(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    uint32_t n_a, n_b;
    const struct ls_fact *a = ls_catalog_children(ch->a, ch->x->a, LS_FACT_COLUMN, &n_a);
    const struct ls_fact *b = ls_catalog_children(ch->b, ch->x->b, LS_FACT_COLUMN, &n_b);
    const char *body = c->b;

    if (ch->x->b->kind == LS_FACT_MATVIEW || n_a > n_b)
        return DDL_REPLACE;
    for (uint32_t i = 0; i < n_a; i++) {
        const struct ls_fact *same = ls_catalog_find(ch->b, LS_FACT_COLUMN, ch->x->b->schema, ch->x->b->name, a[i].name);
        const char *at = ls_fact_get(&a[i], LS_A_POSITION), *type = ls_fact_get(&a[i], LS_A_TYPE);

        if (!same || !ddl_is(same, LS_A_POSITION, at ? at : "") || !ddl_is(same, LS_A_TYPE, type ? type : "") ||
            !ddl_is(same, LS_A_COLLATION, ls_fact_get(&a[i], LS_A_COLLATION) ? ls_fact_get(&a[i], LS_A_COLLATION) : ""))
            return DDL_REPLACE;
    }
    (void)b;
    ls_buf_adds(out, "CREATE OR REPLACE VIEW ");
    ddl_qualified(out, ch->x->b->schema, ch->x->b->name);
    ddl_options(out, ch->b->dialect, ch->x->b, " WITH ", false);
    ls_buf_addf(out, " AS\n%s;\n", body ? body : "");
    return DDL_DONE;
}

/* --- the table --- */

static const struct {
    enum ls_fact_kind kind;
    enum ls_attr attr;
    alter_fn alter;
} rules[] = {
    {LS_FACT_SEQUENCE, LS_A_TYPE, sequence},
    {LS_FACT_SEQUENCE, LS_A_OPTIONS, sequence},
    {LS_FACT_SEQUENCE, LS_A_PERSISTENCE, persistence},
    {LS_FACT_SEQUENCE, LS_A_OWNED_BY, owned_by},
    {LS_FACT_TABLE, LS_A_OPTIONS, options},
    {LS_FACT_TABLE, LS_A_PERSISTENCE, persistence},
    {LS_FACT_TABLE, LS_A_ACCESS_METHOD, access_method},
    {LS_FACT_TABLE, LS_A_TABLESPACE, tablespace},
    {LS_FACT_TABLE, LS_A_REPLICA_IDENTITY, replica_identity},
    {LS_FACT_TABLE, LS_A_ROW_SECURITY, row_security},
    {LS_FACT_TABLE, LS_A_INHERITS, inherits},
    {LS_FACT_TABLE, LS_A_OF_TYPE, of_type},
    {LS_FACT_TABLE, LS_A_PARTITION_OF, partition},
    {LS_FACT_TABLE, LS_A_BOUND, partition},
    {LS_FACT_VIEW, LS_A_OPTIONS, options},
    {LS_FACT_VIEW, LS_A_BODY, view_body},
    {LS_FACT_MATVIEW, LS_A_OPTIONS, options},
    {LS_FACT_MATVIEW, LS_A_TABLESPACE, tablespace},
    {LS_FACT_MATVIEW, LS_A_ACCESS_METHOD, access_method},
    {LS_FACT_MATVIEW, LS_A_REPLICA_IDENTITY, replica_identity},
    {LS_FACT_INDEX, LS_A_OPTIONS, options},
    {LS_FACT_INDEX, LS_A_TABLESPACE, tablespace},
    {LS_FACT_INDEX, LS_A_CLUSTERED, clustered},
    {LS_FACT_INDEX, LS_A_NOT_VALID, validity},
    {LS_FACT_INDEX, LS_A_STATISTICS_TARGET, index_targets},
    {LS_FACT_CONSTRAINT, LS_A_CLUSTERED, clustered},
    {LS_FACT_CONSTRAINT, LS_A_NOT_VALID, validity},
    {LS_FACT_CONSTRAINT, LS_A_DEFERRABLE, deferrable},
    {LS_FACT_TRIGGER, LS_A_ENABLED, enabled},
    {LS_FACT_RULE, LS_A_ENABLED, enabled},
};

/* What holds rows, or is held by too much to be made anew. */
static const struct {
    enum ls_fact_kind kind;
    const char *why;
} kept[] = {{LS_FACT_DATABASE, "a database is made with it"},
            {LS_FACT_SCHEMA, "it cannot be changed"},
            {LS_FACT_TABLE, "the table would have to be made anew, and its rows copied"},
            {LS_FACT_COLUMN, "the column would have to be made anew, and its values copied"},
            {LS_FACT_ENUM, "values of an enum can be neither taken away nor moved: it needs a new type"}};

static const char *why_kept(enum ls_fact_kind kind)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(kept); i++)
        if (kept[i].kind == kind)
            return kept[i].why;
    return NULL;
}

static enum ddl_verdict one_attr(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    enum ls_fact_kind kind = ch->x->b->kind;
    alter_fn rare = alter_rare(kind, c->attr);

    if (rare)
        return rare(out, ch, c);
    for (size_t i = 0; i < LS_ARRAY_LEN(rules); i++)
        if (rules[i].kind == kind && rules[i].attr == c->attr)
            return rules[i].alter(out, ch, c);
    if (why_kept(kind))
        return DDL_CANNOT;
    return DDL_REPLACE;
}

static enum ddl_verdict said_about_it(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    switch (c->attr) {
    case LS_A_COMMENT:
        ddl_comment_is(out, ch->b, ch->x->b, c->b);
        return DDL_DONE;
    case LS_A_PARTS_COMMENT:
        ddl_parts_comment(out, ch->b, ch->x->b, c->a);
        return DDL_DONE;
    case LS_A_RIGHTS:
        if (ch->x->b->kind == LS_FACT_DEFAULT_ACL)
            ddl_default_rights_change(out, ch->x->b, c->a, c->b);
        else
            ddl_rights(out, ch->b, ch->x->b, c->a, c->b);
        return DDL_DONE;
    case LS_A_OWNER:
        ddl_owner(out, ch->b, ch->x->b, c->b);
        return DDL_DONE;
    case LS_A_POSITION:
        ch->why = "the order of columns cannot be changed";
        return DDL_CANNOT;
    case LS_A_LABEL:
        ch->why = "security labels are the provider's own";
        return DDL_CANNOT;
    default:
        return one_attr(out, ch, c);
    }
}

enum ddl_verdict ddl_alter(struct ls_buf *out, struct ddl_change *ch)
{
    enum ddl_verdict verdict = DDL_DONE;

    if (ch->x->b->kind == LS_FACT_COLUMN && (verdict = alter_column(out, ch)) != DDL_DONE)
        return verdict;
    for (uint32_t i = 0; i < ch->x->n_attrs; i++) {
        const struct ls_attr_change *c = &ch->x->attrs[i];
        enum ddl_verdict one;

        if (ch->x->b->kind == LS_FACT_COLUMN && ls_attr_class(c->attr) == LS_ATTR_MEANING)
            continue;
        one = said_about_it(out, ch, c);
        if (one == DDL_CANNOT) {
            ddl_not_written(out, ch->x->b,
                            ch->why                    ? ch->why
                            : why_kept(ch->x->b->kind) ? why_kept(ch->x->b->kind)
                                                       : "no statement changes it");
            ch->why = NULL;
        } else if (one == DDL_REPLACE) {
            verdict = DDL_REPLACE;
        }
    }
    return verdict;
}
