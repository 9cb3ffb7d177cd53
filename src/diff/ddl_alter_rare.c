/* diff/ddl_alter_rare.c: what changes types, routines, operators, text search, publications, foreign objects. */
#include <config.h>

#include "diff/ddl_alter.h"

#include <string.h>

static void begin_text(struct ls_buf *text, const struct ddl_change *ch)
{
    ls_buf_adds(text, "ALTER ");
    ddl_object(text, ch->b, ch->x->b);
}

/* --- types --- */

static size_t count(const char *list)
{
    struct ddl_item item;
    size_t n = 0;

    while (ddl_next(&list, &item))
        n++;
    return n;
}

/* As many as before, and those at the same places but for some that the other side does not have: these are other names. */
static bool only_renames(const char *a, const char *b)
{
    const char *p = a, *q = b;
    struct ddl_item x, y;

    if (count(a) != count(b))
        return false;
    while (ddl_next(&p, &x) && ddl_next(&q, &y))
        if (!ddl_same_item(&x, &y) && (ddl_contains(b, &x) || ddl_contains(a, &y)))
            return false;
    return true;
}

/* Whether every item of a is one of b, in the same order. */
static bool only_adds(const char *a, const char *b)
{
    struct ddl_item x, y;

    while (ddl_next(&a, &x)) {
        bool found = false;

        while (!found && ddl_next(&b, &y))
            found = ddl_same_item(&x, &y);
        if (!found)
            return false;
    }
    return true;
}

static enum ddl_verdict labels(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    const char *p = c->a ? c->a : "", *q = c->b ? c->b : "";
    struct ddl_item x, y, last = {NULL, 0};

    if (only_renames(p, q)) {
        while (ddl_next(&p, &x) && ddl_next(&q, &y)) {
            if (ddl_same_item(&x, &y))
                continue;
            alter_begin(out, ch);
            ddl_item(out, "RENAME VALUE ", &x, "");
            ddl_item(out, " TO ", &y, ";\n");
        }
        return DDL_DONE;
    }
    if (!only_adds(p, q))
        return DDL_CANNOT;
    while (ddl_next(&q, &y)) {
        if (!ddl_contains(c->a, &y)) {
            alter_begin(out, ch);
            ddl_item(out, "ADD VALUE ", &y, "");
            if (last.text)
                ddl_item(out, " AFTER ", &last, "");
            else if (ddl_next(&p, &x))
                ddl_item(out, " BEFORE ", &x, "");
            ls_buf_adds(out, ";\n");
        }
        last = y;
    }
    return DDL_DONE;
}

static enum ddl_verdict domain(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    alter_begin(out, ch);
    if (c->attr == LS_A_NOT_NULL)
        ls_buf_adds(out, c->b ? "SET NOT NULL;\n" : "DROP NOT NULL;\n");
    else if (c->b)
        ls_buf_addf(out, "SET DEFAULT %s;\n", c->b);
    else
        ls_buf_adds(out, "DROP DEFAULT;\n");
    return DDL_DONE;
}

/* "a integer": the item of that name, its length 0: there is none */
static struct ddl_item attribute_of(const char *list, const struct ddl_item *named)
{
    size_t n = ddl_find(named->text, named->len, " ");
    struct ddl_item item;

    while (ddl_next(&list, &item))
        if (item.len > n && memcmp(item.text, named->text, n) == 0 && item.text[n] == ' ')
            return item;
    return (struct ddl_item){NULL, 0};
}

/* Attributes that only got another name, at the same places; false: it is something else. */
static bool rename_attributes(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    const char *p = c->a, *q = c->b;
    struct ddl_item x, y;
    size_t before = out->len;

    if (count(c->a) != count(c->b))
        return false;
    while (ddl_next(&p, &x) && ddl_next(&q, &y)) {
        size_t m = ddl_find(x.text, x.len, " "), n = ddl_find(y.text, y.len, " ");

        if (ddl_same_item(&x, &y))
            continue;
        if (attribute_of(c->b, &x).text || attribute_of(c->a, &y).text || x.len - m != y.len - n ||
            memcmp(x.text + m, y.text + n, x.len - m) != 0) {
            ls_buf_truncate(out, before);
            return false;
        }
        alter_begin(out, ch);
        ls_buf_addf(out, "RENAME ATTRIBUTE %.*s TO %.*s CASCADE;\n", (int)m, x.text, (int)n, y.text);
    }
    return true;
}

static enum ddl_verdict attributes(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    const char *p = c->a, *q = c->b;
    struct ls_buf order = LS_BUF_INIT;
    struct ddl_item x, y;

    if (rename_attributes(out, ch, c))
        return DDL_DONE;
    for (; ddl_next(&p, &x);) {
        y = attribute_of(c->b, &x);
        if (!y.text) {
            alter_begin(out, ch);
            ls_buf_addf(out, "DROP ATTRIBUTE %.*s CASCADE;\n", (int)ddl_find(x.text, x.len, " "), x.text);
            continue;
        }
        ls_buf_addf(&order, "%s%.*s", order.len > 0 ? ", " : "", (int)y.len, y.text);
        if (!ddl_same_item(&x, &y)) {
            size_t n = ddl_find(y.text, y.len, " ");

            alter_begin(out, ch);
            ls_buf_addf(out, "ALTER ATTRIBUTE %.*s TYPE %.*s CASCADE;\n", (int)n, y.text, (int)(y.len - n - 1), y.text + n + 1);
        }
    }
    while (ddl_next(&q, &y)) {
        if (attribute_of(c->a, &y).text)
            continue;
        ls_buf_addf(&order, "%s%.*s", order.len > 0 ? ", " : "", (int)y.len, y.text);
        alter_begin(out, ch);
        ddl_item(out, "ADD ATTRIBUTE ", &y, " CASCADE;\n");
    }
    if (strcmp(order.ptr ? order.ptr : "", c->b ? c->b : "") != 0)
        ddl_not_written(out, ch->x->b, "the order of attributes cannot be changed");
    ls_buf_release(&order);
    return DDL_DONE;
}

/* "receive = f, send = NONE": of these words those that are others now. */
static void changed_words(struct ls_buf *out, const struct ls_attr_change *c, const char *const *words, size_t n)
{
    const char *separator = "";

    for (size_t i = 0; i < n; i++) {
        struct ddl_item a = {"NONE", 4}, b = {"NONE", 4};

        (void)ddl_has(c->a, words[i], &a);
        (void)ddl_has(c->b, words[i], &b);
        if (ddl_same_item(&a, &b))
            continue;
        ls_buf_addf(out, "%s%s = %.*s", separator, words[i], (int)b.len, b.text);
        separator = ", ";
    }
}

/* What ALTER TYPE ... SET takes of a base type. */
static enum ddl_verdict base_type(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    static const char *const words[] = {"receive", "send", "typmod_in", "typmod_out", "analyze"};
    const char *sides[] = {c->a, c->b};
    struct ls_buf set = LS_BUF_INIT, rest[2] = {LS_BUF_INIT, LS_BUF_INIT};
    enum ddl_verdict verdict;

    for (size_t s = 0; s < 2; s++) {
        const char *list = sides[s];
        struct ddl_item item;

        while (ddl_next(&list, &item)) {
            bool is_set = false;

            for (size_t i = 0; i < LS_ARRAY_LEN(words); i++)
                is_set = is_set || ddl_item_is(&item, words[i], NULL);
            if (!is_set)
                ddl_item(&rest[s], "", &item, ", ");
        }
    }
    changed_words(&set, c, words, LS_ARRAY_LEN(words));
    verdict = strcmp(rest[0].ptr ? rest[0].ptr : "", rest[1].ptr ? rest[1].ptr : "") == 0 && set.len > 0 ? DDL_DONE : DDL_REPLACE;
    if (verdict == DDL_DONE) {
        alter_begin(out, ch);
        ls_buf_addf(out, "SET (%s);\n", set.ptr);
    }
    ls_buf_release(&set);
    ls_buf_release(&rest[0]);
    ls_buf_release(&rest[1]);
    return verdict;
}

/* --- routines, operators --- */

/* CREATE OR REPLACE for everything but arguments and results, which it does not take. */
static enum ddl_verdict routine(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    for (uint32_t i = 0; i < ch->x->n_attrs; i++)
        if (ch->x->attrs[i].attr == LS_A_ARGUMENTS || ch->x->attrs[i].attr == LS_A_TYPE || ch->x->attrs[i].attr == LS_A_FORM)
            return DDL_REPLACE;
    for (uint32_t i = 0; i < ch->x->n_attrs; i++) /* once for all of them */
        if (ls_attr_class(ch->x->attrs[i].attr) == LS_ATTR_MEANING) {
            if (&ch->x->attrs[i] != c)
                return DDL_DONE;
            break;
        }
    if (ch->x->b->kind == LS_FACT_AGGREGATE)
        ddl_aggregate(out, ch->b, ch->x->b, true);
    else
        ddl_routine(out, ch->b, ch->x->b, true);
    return DDL_DONE;
}

static enum ddl_verdict language(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    (void)c;
    ddl_language(out, ch->b, ch->x->b, true);
    return DDL_DONE;
}

static enum ddl_verdict an_operator(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    static const char *const words[] = {"restrict", "join"};
    const char *sides[] = {c->a, c->b};

    for (size_t s = 0; s < 2; s++) {
        const char *list = sides[s];
        struct ddl_item item;

        while (ddl_next(&list, &item))
            if (!ddl_contains(sides[1 - s], &item) && !ddl_item_is(&item, words[0], NULL) && !ddl_item_is(&item, words[1], NULL))
                return DDL_REPLACE;
    }
    alter_begin(out, ch);
    ls_buf_adds(out, "SET (");
    changed_words(out, c, words, LS_ARRAY_LEN(words));
    ls_buf_adds(out, ");\n");
    return DDL_DONE;
}

static enum ddl_verdict family(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    ddl_family_members(out, NULL, ch->x->b, c->a, c->b, true);
    ddl_family_members(out, NULL, ch->x->b, c->b, c->a, false);
    return DDL_DONE;
}

static enum ddl_verdict statistics_target(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    alter_begin(out, ch);
    ls_buf_addf(out, "SET STATISTICS %s;\n", c->b ? c->b : "-1");
    return DDL_DONE;
}

/* --- text search --- */

static enum ddl_verdict dictionary(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    const char *list = c->b, *separator = "";
    struct ddl_item item;

    alter_begin(out, ch);
    ls_buf_addc(out, '(');
    while (ddl_next(&list, &item)) {
        if (ddl_contains(c->a, &item))
            continue;
        ddl_item(out, separator, &item, "");
        separator = ", ";
    }
    for (list = c->a; ddl_next(&list, &item);) {
        size_t n = ddl_find(item.text, item.len, " = ");
        const char *rest = c->b;
        struct ddl_item there;
        bool is_there = false;

        while (!is_there && ddl_next(&rest, &there))
            is_there = ddl_find(there.text, there.len, " = ") == n && memcmp(there.text, item.text, n) == 0;
        if (is_there)
            continue;
        ls_buf_addf(out, "%s%.*s", separator, (int)n, item.text);
        separator = ", ";
    }
    ls_buf_adds(out, ");\n");
    return DDL_DONE;
}

static enum ddl_verdict configuration(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    const char *list = c->a;
    struct ddl_item item, a, b;

    if (!ddl_has(c->a, "parser", &a) || !ddl_has(c->b, "parser", &b) || !ddl_same_item(&a, &b))
        return DDL_REPLACE;
    while (ddl_next(&list, &item)) { /* what is other is dropped and added */
        size_t colon = ddl_find(item.text, item.len, ": ");

        if (colon == item.len || ddl_contains(c->b, &item))
            continue;
        alter_begin(out, ch);
        ls_buf_addf(out, "DROP MAPPING FOR %.*s;\n", (int)colon, item.text);
    }
    ddl_mappings(out, ch->x->b, c->b, c->a, "ADD");
    return DDL_DONE;
}

/* --- the database --- */

static enum ddl_verdict extension(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    struct ddl_item schema;

    if (!ddl_has(c->b, "schema", &schema))
        return DDL_CANNOT;
    alter_begin(out, ch);
    ddl_item(out, "SET SCHEMA ", &schema, ";\n");
    return DDL_DONE;
}

static enum ddl_verdict event_trigger(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    alter_begin(out, ch);
    ls_buf_addf(out, "%s;\n", ddl_enable(c->b));
    return DDL_DONE;
}

static enum ddl_verdict published(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    if (!c->b || strcmp(c->b, "all tables") == 0 || (c->a && strcmp(c->a, "all tables") == 0))
        return DDL_REPLACE;
    alter_begin(out, ch);
    ls_buf_adds(out, "SET ");
    ddl_published(out, c->b);
    ls_buf_adds(out, ";\n");
    return DDL_DONE;
}

static enum ddl_verdict publication_options(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    static const char *const flags[] = {"publish_via_partition_root", "publish_generated_columns"};

    alter_begin(out, ch);
    ls_buf_adds(out, "SET (");
    ddl_publication_options(out, c->b);
    for (size_t i = 0; i < LS_ARRAY_LEN(flags); i++) {
        struct ddl_item flag = {flags[i], strlen(flags[i])};

        if (ddl_has_option(c->a, &flag, false) && !ddl_has_option(c->b, &flag, false))
            ls_buf_addf(out, ", %s = %s", flags[i], i == 0 ? "false" : "none");
    }
    ls_buf_adds(out, ");\n");
    return DDL_DONE;
}

static enum ddl_verdict subscription(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    struct ddl_item names;

    if (c->attr == LS_A_ENABLED && !c->b) {
        ch->why = "to enable it is to connect: ALTER SUBSCRIPTION ... ENABLE by hand";
        return DDL_CANNOT;
    }
    alter_begin(out, ch);
    if (c->attr == LS_A_ENABLED) {
        ls_buf_adds(out, "DISABLE;\n");
    } else if (c->attr == LS_A_SERVER) {
        ls_buf_adds(out, "CONNECTION ");
        ddl_literal(out, ch->b->dialect, c->b ? c->b : "");
        ls_buf_adds(out, ";\n");
        ddl_say_hidden(out, ch->x->b, c->b);
    } else if (ddl_has(c->b, "publications", &names)) {
        ls_buf_addf(out, "SET PUBLICATION %s WITH (refresh = false);\n", names.text);
    }
    return DDL_DONE;
}

static enum ddl_verdict subscription_options(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    static const struct {
        const char *word, *usual;
    } usual[] = {{"synchronous_commit", "off"}, {"binary", "false"},       {"streaming", "off"}, {"disable_on_error", "false"},
                 {"password_required", "true"}, {"run_as_owner", "false"}, {"origin", "any"},    {"failover", "false"}};
    const char *list = c->b, *separator = "";
    struct ddl_item item;
    size_t before = out->len;

    alter_begin(out, ch);
    ls_buf_adds(out, "SET (");
    while (ddl_next_option(&list, &item)) {
        if (ddl_has_option(c->a, &item, true))
            continue;
        ls_buf_adds(out, separator);
        ddl_option(out, ch->b->dialect, &item, false);
        separator = ", ";
    }
    for (size_t i = 0; i < LS_ARRAY_LEN(usual); i++) {
        struct ddl_item word = {usual[i].word, strlen(usual[i].word)};

        if (!ddl_has_option(c->a, &word, false) || ddl_has_option(c->b, &word, false))
            continue;
        ls_buf_addf(out, "%s%s=%s", separator, usual[i].word, usual[i].usual);
        separator = ", ";
    }
    ls_buf_adds(out, ");\n");
    if (!separator[0])
        ls_buf_truncate(out, before);
    if ((strstr(c->a ? c->a : "", "two_phase") != NULL) != (strstr(c->b ? c->b : "", "two_phase") != NULL))
        ddl_not_written(out, ch->x->b, "two_phase is decided when a subscription is made");
    return DDL_DONE;
}

static const struct ls_attr_change *change_of(const struct ddl_change *ch, enum ls_attr attr)
{
    for (uint32_t i = 0; i < ch->x->n_attrs; i++)
        if (ch->x->attrs[i].attr == attr)
            return &ch->x->attrs[i];
    return NULL;
}

/* " HANDLER f NO VALIDATOR" */
static void wrapper_words(struct ls_buf *out, const struct ls_attr_change *c)
{
    static const char *const words[][2] = {{"handler", "HANDLER"}, {"validator", "VALIDATOR"}};

    for (size_t i = 0; i < LS_ARRAY_LEN(words) && c; i++) {
        struct ddl_item a = {"", 0}, b = {"", 0};

        (void)ddl_has(c->a, words[i][0], &a);
        (void)ddl_has(c->b, words[i][0], &b);
        if (!ddl_same_item(&a, &b))
            ls_buf_addf(out, b.len > 0 ? " %s %.*s" : " NO %s", words[i][1], (int)b.len, b.text);
    }
}

/* With a wrapper's validator, which looks at the options. */
static enum ddl_verdict foreign_options(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    struct ls_buf text = LS_BUF_INIT;

    begin_text(&text, ch);
    if (ch->x->b->kind == LS_FACT_FDW)
        wrapper_words(&text, change_of(ch, LS_A_ATTRIBUTES));
    alter_foreign_options(out, text.ptr, c->a, c->b);
    ls_buf_release(&text);
    if (c->b && strstr(c->b, "(hidden)") && !(c->a && strstr(c->a, "(hidden)")))
        ddl_say_hidden(out, ch->x->b, c->b);
    return DDL_DONE;
}

static enum ddl_verdict wrapper(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    if (change_of(ch, LS_A_OPTIONS))
        return DDL_DONE; /* said with them */
    begin_text(out, ch);
    wrapper_words(out, c);
    ls_buf_adds(out, ";\n");
    return DDL_DONE;
}

static enum ddl_verdict server(struct ls_buf *out, struct ddl_change *ch, const struct ls_attr_change *c)
{
    static const char *const fixed[] = {"wrapper", "type"};
    struct ddl_item a = {"", 0}, b = {"", 0};

    for (size_t i = 0; i < LS_ARRAY_LEN(fixed); i++) {
        struct ddl_item x = {"", 0}, y = {"", 0};

        (void)ddl_has(c->a, fixed[i], &x);
        (void)ddl_has(c->b, fixed[i], &y);
        if (!ddl_same_item(&x, &y)) {
            ch->why = "a server keeps its wrapper and its type";
            return DDL_CANNOT;
        }
    }
    (void)ddl_has(c->a, "version", &a);
    if (ddl_has(c->b, "version", &b) || a.len > 0) {
        alter_begin(out, ch);
        ls_buf_addf(out, "VERSION %.*s;\n", b.len > 0 ? (int)b.len : 4, b.len > 0 ? b.text : "NULL");
    }
    return DDL_DONE;
}

/* --- the table --- */

alter_fn alter_rare(enum ls_fact_kind kind, enum ls_attr attr)
{
    static const struct {
        enum ls_fact_kind kind;
        enum ls_attr attr;
        alter_fn alter;
    } rules[] = {{LS_FACT_ENUM, LS_A_LABELS, labels},
                 {LS_FACT_DOMAIN, LS_A_NOT_NULL, domain},
                 {LS_FACT_DOMAIN, LS_A_DEFAULT, domain},
                 {LS_FACT_COMPOSITE, LS_A_ATTRIBUTES, attributes},
                 {LS_FACT_TYPE, LS_A_ATTRIBUTES, base_type},
                 {LS_FACT_LANGUAGE, LS_A_ATTRIBUTES, language},
                 {LS_FACT_EXTENSION, LS_A_ATTRIBUTES, extension},
                 {LS_FACT_OPERATOR, LS_A_ATTRIBUTES, an_operator},
                 {LS_FACT_OPFAMILY, LS_A_ATTRIBUTES, family},
                 {LS_FACT_STATISTICS, LS_A_STATISTICS_TARGET, statistics_target},
                 {LS_FACT_TS_DICTIONARY, LS_A_OPTIONS, dictionary},
                 {LS_FACT_TS_CONFIG, LS_A_ATTRIBUTES, configuration},
                 {LS_FACT_EVENT_TRIGGER, LS_A_ENABLED, event_trigger},
                 {LS_FACT_PUBLICATION, LS_A_ATTRIBUTES, published},
                 {LS_FACT_PUBLICATION, LS_A_OPTIONS, publication_options},
                 {LS_FACT_SUBSCRIPTION, LS_A_ENABLED, subscription},
                 {LS_FACT_SUBSCRIPTION, LS_A_SERVER, subscription},
                 {LS_FACT_SUBSCRIPTION, LS_A_ATTRIBUTES, subscription},
                 {LS_FACT_SUBSCRIPTION, LS_A_OPTIONS, subscription_options},
                 {LS_FACT_FDW, LS_A_OPTIONS, foreign_options},
                 {LS_FACT_FDW, LS_A_ATTRIBUTES, wrapper},
                 {LS_FACT_SERVER, LS_A_OPTIONS, foreign_options},
                 {LS_FACT_SERVER, LS_A_ATTRIBUTES, server},
                 {LS_FACT_USER_MAPPING, LS_A_OPTIONS, foreign_options}};

    if (kind == LS_FACT_FUNCTION || kind == LS_FACT_PROCEDURE || kind == LS_FACT_AGGREGATE)
        return ls_attr_class(attr) == LS_ATTR_MEANING ? routine : NULL;
    for (size_t i = 0; i < LS_ARRAY_LEN(rules); i++)
        if (rules[i].kind == kind && rules[i].attr == attr)
            return rules[i].alter;
    return NULL;
}
