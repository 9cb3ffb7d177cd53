/* What a difference means to those who use the schema: a table, read from the top, the first row that fits. */
#include <config.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "diff/priv.h"

static const char *const names[LS_N_IMPACTS] = {
#define X(e, w, m) [LS_IMPACT_##e] = w,
    LS_IMPACTS(X)
#undef X
};
static const char *const meanings[LS_N_IMPACTS] = {
#define X(e, w, m) [LS_IMPACT_##e] = m,
    LS_IMPACTS(X)
#undef X
};

const char *ls_impact_name(enum ls_impact i)
{
    return names[i];
}

const char *ls_impact_meaning(enum ls_impact i)
{
    return meanings[i];
}

/* --- conditions --- */

static bool has(const struct ls_fact *f, enum ls_attr a)
{
    return f && ls_fact_get(f, a) != NULL;
}

static bool is_form(const struct ls_difference *x, const char *form)
{
    const char *s = ls_fact_get(x->b ? x->b : x->a, LS_A_FORM);

    return s && strcmp(s, form) == 0;
}

static bool wants_a_value(const struct ls_difference *x, const struct ls_attr_change *c)
{
    (void)c;
    return has(x->b, LS_A_NOT_NULL) && !has(x->b, LS_A_DEFAULT) && !has(x->b, LS_A_IDENTITY) && !has(x->b, LS_A_GENERATED) &&
           !has(x->b, LS_A_AUTOINCREMENT);
}

static bool is_generated(const struct ls_difference *x, const struct ls_attr_change *c)
{
    (void)c;
    return has(x->a, LS_A_GENERATED);
}

static bool is_unique(const struct ls_difference *x, const struct ls_attr_change *c)
{
    (void)c;
    return has(x->b ? x->b : x->a, LS_A_UNIQUE);
}

static bool is_set(const struct ls_difference *x, const struct ls_attr_change *c)
{
    (void)x;
    return c && c->b != NULL;
}

static bool is_key(const struct ls_difference *x, const struct ls_attr_change *c)
{
    (void)c;
    return is_form(x, "primary key") || is_form(x, "unique") || is_form(x, "exclusion");
}

/* How wide the integers are; 0: no integer. */
static int int_rank(const char *type)
{
    static const char *const ranks[] = {"smallint", "integer", "bigint", "numeric"};

    for (size_t i = 0; i < LS_ARRAY_LEN(ranks); i++)
        if (strcasecmp(type, ranks[i]) == 0)
            return (int)i + 1;
    return 0;
}

static bool is_text(const char *type)
{
    return strcasecmp(type, "text") == 0 || strncasecmp(type, "character varying", 17) == 0 || strncasecmp(type, "varchar", 7) == 0;
}

/* Length in brackets; text without one holds anything. */
static long text_width(const char *type)
{
    const char *open = strchr(type, '(');

    return open ? atol(open + 1) : 1L << 30;
}

static bool is_wider(const struct ls_difference *x, const struct ls_attr_change *c)
{
    (void)x;
    if (!c || !c->a || !c->b)
        return false;
    if (int_rank(c->a) && int_rank(c->b))
        return int_rank(c->b) > int_rank(c->a);
    return is_text(c->a) && is_text(c->b) && text_width(c->b) >= text_width(c->a);
}

static bool is_narrower(const struct ls_difference *x, const struct ls_attr_change *c)
{
    (void)x;
    if (!c || !c->a || !c->b)
        return false;
    if (int_rank(c->a) && int_rank(c->b))
        return int_rank(c->b) < int_rank(c->a);
    return is_text(c->a) && is_text(c->b) && text_width(c->b) < text_width(c->a);
}

static bool are_texts(const struct ls_difference *x, const struct ls_attr_change *c)
{
    (void)x;
    return c && c->a && c->b && is_text(c->a) && is_text(c->b);
}

/* Whether every label of a is one of b, in the same order. */
static bool only_adds_labels(const struct ls_difference *x, const struct ls_attr_change *c)
{
    const char *a = c ? c->a : NULL, *b = c ? c->b : NULL;

    (void)x;
    while (a && b && *a) {
        size_t n = strcspn(a, ",");
        const char *found = NULL;

        for (const char *p = b; *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ',')) {
            while (*p == ' ')
                p++;
            if (strcspn(p, ",") == n && strncmp(p, a, n) == 0) {
                found = p;
                break;
            }
        }
        if (!found)
            return false;
        b = found + n;
        a += n + (a[n] == ',');
        while (*a == ' ')
            a++;
    }
    return a && b;
}

/* --- the table --- */

#define ANY_KIND LS_FACT_NONE
#define ANY_ATTR LS_N_ATTRS

struct rule {
    enum ls_change change;
    enum ls_fact_kind kind;
    enum ls_attr attr; /* CHANGED only */
    bool (*when)(const struct ls_difference *x, const struct ls_attr_change *c); /* NULL: always */
    enum ls_impact impact;
    const char *why;
    bool is_lite; /* SQLite only */
};

#define ADDED(kind, when, impact, why)         {LS_CHANGE_ADDED, kind, ANY_ATTR, when, LS_IMPACT_##impact, why, false}
#define REMOVED(kind, when, impact, why)       {LS_CHANGE_REMOVED, kind, ANY_ATTR, when, LS_IMPACT_##impact, why, false}
#define CHANGED(kind, attr, when, impact, why) {LS_CHANGE_CHANGED, kind, attr, when, LS_IMPACT_##impact, why, false}
#define RENAMED(kind, impact, why)             {LS_CHANGE_RENAMED, kind, ANY_ATTR, NULL, LS_IMPACT_##impact, why, false}
#define OF_LITE(kind, attr, when, impact, why) {LS_CHANGE_CHANGED, kind, attr, when, LS_IMPACT_##impact, why, true}

static const struct rule rules[] = {
    ADDED(LS_FACT_COLUMN, wants_a_value, BREAKS_WRITES, "it wants a value that nobody writes yet"),
    ADDED(LS_FACT_CONSTRAINT, NULL, BREAKS_WRITES, "rows that do not fit are refused, also those that are there"),
    ADDED(LS_FACT_INDEX, is_unique, BREAKS_WRITES, "a second row with the same key is refused"),
    ADDED(LS_FACT_INDEX, NULL, PERFORMANCE, "reads may be faster, writes cost more"),
    ADDED(LS_FACT_STATISTICS, NULL, PERFORMANCE, "the planner knows more"),
    ADDED(LS_FACT_TRIGGER, NULL, BREAKS_WRITES, "writes do something more, or are refused"),
    ADDED(LS_FACT_RULE, NULL, BREAKS_WRITES, "statements are rewritten"),
    ADDED(LS_FACT_POLICY, NULL, SECURITY, "which rows a role sees or writes"),
    ADDED(LS_FACT_EVENT_TRIGGER, NULL, BREAKS_WRITES, "DDL does something more, or is refused"),
    ADDED(LS_FACT_DEFAULT_ACL, NULL, SECURITY, "who may use what is made later"),
    ADDED(LS_FACT_ROLE, NULL, SECURITY, "a role more"),
    ADDED(ANY_KIND, NULL, ADDITIVE, "nobody uses it yet"),

    REMOVED(LS_FACT_TABLE, NULL, LOSES_DATA, "its rows are gone"),
    REMOVED(LS_FACT_COLUMN, is_generated, BREAKS_READS, "queries that name it fail"),
    REMOVED(LS_FACT_COLUMN, NULL, LOSES_DATA, "its values are gone"),
    REMOVED(LS_FACT_SCHEMA, NULL, LOSES_DATA, "all that is in it is gone"),
    REMOVED(LS_FACT_CONSTRAINT, is_key, BREAKS_WRITES, "ON CONFLICT and foreign keys that lean on it fail; duplicates get in"),
    REMOVED(LS_FACT_CONSTRAINT, NULL, ADDITIVE, "rows that were refused get in"),
    REMOVED(LS_FACT_INDEX, is_unique, BREAKS_WRITES, "ON CONFLICT that leans on it fails; duplicates get in"),
    REMOVED(LS_FACT_INDEX, NULL, PERFORMANCE, "queries that used it are slower"),
    REMOVED(LS_FACT_STATISTICS, NULL, PERFORMANCE, "the planner knows less"),
    REMOVED(LS_FACT_TRIGGER, NULL, BREAKS_WRITES, "what it did at a write is not done any more"),
    REMOVED(LS_FACT_RULE, NULL, BREAKS_WRITES, "statements are not rewritten any more"),
    REMOVED(LS_FACT_POLICY, NULL, SECURITY, "which rows a role sees or writes"),
    REMOVED(LS_FACT_SEQUENCE, NULL, BREAKS_WRITES, "whoever asks it for a number fails"),
    REMOVED(LS_FACT_ENUM, NULL, LOSES_DATA, "columns of this type go with it"),
    REMOVED(LS_FACT_DOMAIN, NULL, LOSES_DATA, "columns of this type go with it"),
    REMOVED(LS_FACT_COMPOSITE, NULL, LOSES_DATA, "columns of this type go with it"),
    REMOVED(LS_FACT_EXTENSION, NULL, BREAKS_READS, "its types and functions are gone"),
    REMOVED(LS_FACT_EVENT_TRIGGER, NULL, SECURITY, "what it did at DDL is not done any more"),
    REMOVED(LS_FACT_DEFAULT_ACL, NULL, SECURITY, "who may use what is made later"),
    REMOVED(LS_FACT_ROLE, NULL, SECURITY, "whoever logs in as it cannot any more"),
    REMOVED(LS_FACT_PUBLICATION, NULL, BREAKS_READS, "subscribers get nothing more"),
    REMOVED(LS_FACT_SUBSCRIPTION, NULL, BREAKS_READS, "it gets nothing more"),
    REMOVED(ANY_KIND, NULL, BREAKS_READS, "queries that name it fail"),

    RENAMED(LS_FACT_CONSTRAINT, COSMETIC, "only ON CONFLICT ON CONSTRAINT and messages name it"),
    RENAMED(LS_FACT_INDEX, COSMETIC, "no query names it"),
    RENAMED(LS_FACT_TRIGGER, COSMETIC, "triggers fire in the order of their names"),
    RENAMED(LS_FACT_RULE, COSMETIC, "no query names it"),
    RENAMED(LS_FACT_POLICY, COSMETIC, "no query names it"),
    RENAMED(LS_FACT_STATISTICS, COSMETIC, "no query names it"),
    RENAMED(ANY_KIND, BREAKS_READS, "queries by the old name fail until they are changed"),

    CHANGED(ANY_KIND, LS_A_COMMENT, NULL, COSMETIC, "a comment"),
    CHANGED(ANY_KIND, LS_A_PARTS_COMMENT, NULL, COSMETIC, "a comment"),
    CHANGED(ANY_KIND, LS_A_LABEL, NULL, SECURITY, "a security label"),
    CHANGED(ANY_KIND, LS_A_POSITION, NULL, COSMETIC, "SELECT * gives the columns in another order"),
    CHANGED(ANY_KIND, LS_A_OWNER, NULL, SECURITY, "who may change it"),
    CHANGED(ANY_KIND, LS_A_RIGHTS, NULL, SECURITY, "who may use it"),
    CHANGED(ANY_KIND, LS_A_ROW_SECURITY, NULL, SECURITY, "whether policies hold"),
    CHANGED(ANY_KIND, LS_A_SECURITY, NULL, SECURITY, "with whose rights it runs"),
    CHANGED(LS_FACT_POLICY, ANY_ATTR, NULL, SECURITY, "which rows a role sees or writes"),
    /* sqlite.org/datatype3.html: a type is how values are kept, never how long they may be. */
    OF_LITE(LS_FACT_COLUMN, LS_A_TYPE, are_texts, COSMETIC, "SQLite keeps text of any length in it"),
    OF_LITE(LS_FACT_COLUMN, LS_A_TYPE, NULL, BREAKS_READS, "values are kept and compared by another type; none is cut"),
    CHANGED(LS_FACT_COLUMN, LS_A_TYPE, is_narrower, LOSES_DATA, "values that do not fit are refused or cut"),
    CHANGED(LS_FACT_COLUMN, LS_A_TYPE, is_wider, ADDITIVE, "every value still fits"),
    CHANGED(LS_FACT_COLUMN, LS_A_TYPE, NULL, BREAKS_READS, "clients get another type; values are converted"),
    CHANGED(LS_FACT_COLUMN, LS_A_NOT_NULL, is_set, BREAKS_WRITES, "rows without a value are refused, also those that are there"),
    CHANGED(LS_FACT_COLUMN, LS_A_NOT_NULL, NULL, BREAKS_READS, "readers may meet NULL"),
    CHANGED(LS_FACT_COLUMN, LS_A_DEFAULT, NULL, BREAKS_WRITES, "rows written without it get another value, or none"),
    CHANGED(LS_FACT_COLUMN, LS_A_IDENTITY, NULL, BREAKS_WRITES, "rows get their number in another way"),
    CHANGED(LS_FACT_COLUMN, LS_A_GENERATED, NULL, BREAKS_READS, "its values are computed in another way"),
    CHANGED(LS_FACT_COLUMN, LS_A_COLLATION, NULL, BREAKS_READS, "rows sort and compare in another way"),
    CHANGED(LS_FACT_CONSTRAINT, LS_A_NOT_VALID, NULL, PERFORMANCE, "whether old rows were checked"),
    CHANGED(LS_FACT_CONSTRAINT, LS_A_DEFERRABLE, NULL, BREAKS_WRITES, "when it is checked"),
    CHANGED(LS_FACT_CONSTRAINT, ANY_ATTR, NULL, BREAKS_WRITES, "other rows are refused"),
    CHANGED(LS_FACT_INDEX, LS_A_UNIQUE, NULL, BREAKS_WRITES, "whether a second row with the same key is refused"),
    CHANGED(LS_FACT_INDEX, LS_A_NOT_VALID, NULL, PERFORMANCE, "whether it is used at all"),
    CHANGED(LS_FACT_INDEX, ANY_ATTR, is_unique, BREAKS_WRITES, "other rows are refused"),
    CHANGED(LS_FACT_INDEX, ANY_ATTR, NULL, PERFORMANCE, "other queries can use it"),
    CHANGED(LS_FACT_TRIGGER, ANY_ATTR, NULL, BREAKS_WRITES, "writes do something else"),
    CHANGED(LS_FACT_ENUM, LS_A_LABELS, only_adds_labels, ADDITIVE, "every value is still there"),
    CHANGED(LS_FACT_ENUM, LS_A_LABELS, NULL, BREAKS_WRITES, "a value is gone or sorts elsewhere"),
    CHANGED(LS_FACT_DOMAIN, ANY_ATTR, NULL, BREAKS_WRITES, "other values are refused"),
    CHANGED(LS_FACT_SEQUENCE, ANY_ATTR, NULL, BREAKS_WRITES, "the next numbers are others"),
    CHANGED(LS_FACT_TABLE, LS_A_STRICT, NULL, BREAKS_WRITES, "whether values of another type are refused"),
    CHANGED(LS_FACT_TABLE, LS_A_AUTOINCREMENT, NULL, BREAKS_WRITES, "whether numbers of deleted rows come again"),
    CHANGED(LS_FACT_TABLE, LS_A_PERSISTENCE, NULL, LOSES_DATA, "whether rows survive a crash"),
    CHANGED(LS_FACT_TABLE, LS_A_FORM, NULL, LOSES_DATA, "it must be made anew"),
    CHANGED(LS_FACT_TABLE, LS_A_PARTITION_BY, NULL, LOSES_DATA, "it must be made anew"),
    CHANGED(LS_FACT_TABLE, LS_A_BOUND, NULL, BREAKS_WRITES, "other rows go there"),
    CHANGED(LS_FACT_TABLE, LS_A_PARTITION_OF, NULL, BREAKS_READS, "its rows belong to another table"),
    CHANGED(ANY_KIND, LS_A_OPTIONS, NULL, PERFORMANCE, "how it is stored or planned"),
    CHANGED(ANY_KIND, LS_A_STORAGE, NULL, PERFORMANCE, "how it is stored"),
    CHANGED(ANY_KIND, LS_A_COMPRESSION, NULL, PERFORMANCE, "how it is stored"),
    CHANGED(ANY_KIND, LS_A_STATISTICS_TARGET, NULL, PERFORMANCE, "how much the planner knows"),
    CHANGED(ANY_KIND, LS_A_TABLESPACE, NULL, PERFORMANCE, "where it is stored"),
    CHANGED(ANY_KIND, LS_A_ACCESS_METHOD, NULL, PERFORMANCE, "how it is stored"),
    CHANGED(ANY_KIND, LS_A_CLUSTERED, NULL, PERFORMANCE, "what CLUSTER goes by"),
    CHANGED(ANY_KIND, LS_A_REPLICA_IDENTITY, NULL, BREAKS_READS, "what subscribers are told of old rows"),
    CHANGED(ANY_KIND, LS_A_ENABLED, NULL, BREAKS_WRITES, "whether it fires"),
    CHANGED(ANY_KIND, ANY_ATTR, NULL, BREAKS_READS, "it may answer otherwise"),
};

static const struct rule *find(const struct ls_difference *x, const struct ls_attr_change *c, enum ls_change change, enum ls_dialect dialect)
{
    enum ls_fact_kind kind = (x->b ? x->b : x->a)->kind;

    for (size_t i = 0; i < LS_ARRAY_LEN(rules); i++) {
        const struct rule *r = &rules[i];

        if (r->change == change && (r->kind == ANY_KIND || r->kind == kind) && (r->attr == ANY_ATTR || (c && r->attr == c->attr)) &&
            (!r->is_lite || dialect == LS_DIALECT_SQLITE) && (!r->when || r->when(x, c)))
            return r;
    }
    return NULL;
}

static void take(struct ls_difference *x, const struct rule *r)
{
    if (r && r->impact < x->impact) {
        x->impact = r->impact;
        x->why = r->why;
    }
}

void diff_set_impact(struct ls_difference *x, enum ls_dialect dialect)
{
    x->impact = LS_N_IMPACTS;
    if (x->change != LS_CHANGE_CHANGED)
        take(x, find(x, NULL, x->change, dialect));
    for (uint32_t i = 0; i < x->n_attrs; i++)
        take(x, find(x, &x->attrs[i], LS_CHANGE_CHANGED, dialect));
    if (x->impact == LS_N_IMPACTS) {
        x->impact = LS_IMPACT_COSMETIC;
        x->why = "";
    }
}
