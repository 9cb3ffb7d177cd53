/* diff/ddl_rare.c: statements of what few schemas have: base types, aggregates, operators and their classes, casts, collations,
 * conversions, text search, transforms, languages, access methods, subscriptions, user mappings. */
#include <config.h>

#include "diff/ddl_priv.h"

#include <string.h>

/* A word of the catalogue's list and what the statement calls it. */
struct word {
    const char *word, *sql;
    enum { AS_IT_IS, AS_FLAG, AS_OPERATOR, AS_LETTER, AS_STRING } how;
    const char *letters; /* AS_LETTER: "r=READ_ONLY s=SHAREABLE" */
};

static void letter(struct ls_buf *out, const struct word *w, const struct ddl_item *value)
{
    for (const char *p = w->letters; *p; p += strcspn(p, " "), p += *p == ' ')
        if (value->len == 1 && *p == value->text[0] && p[1] == '=')
            ls_buf_add(out, p + 2, strcspn(p + 2, " "));
}

/* An operator's signature without its operands: s.<(integer,integer) */
static void operator_name(struct ls_buf *out, const struct ddl_item *value)
{
    const char *open = memchr(value->text, '(', value->len);

    ls_buf_addf(out, "OPERATOR(%.*s)", open ? (int)(open - value->text) : (int)value->len, value->text);
}

static void one_word(struct ls_buf *out, const struct word *w, const struct ddl_item *value)
{
    ls_buf_adds(out, w->sql);
    if (w->how == AS_FLAG)
        return;
    ls_buf_adds(out, " = ");
    if (w->how == AS_OPERATOR)
        operator_name(out, value);
    else if (w->how == AS_LETTER)
        letter(out, w, value);
    else if (w->how == AS_STRING)
        ddl_item(out, "'", value, "'");
    else
        ls_buf_add(out, value->text, value->len);
}

/* " (A = x, B)"; `first` is what stands before the list's own. */
static void parameters(struct ls_buf *out, const struct ls_fact *f, const struct word *words, size_t n_words, const char *first)
{
    const char *list = ls_fact_get(f, LS_A_ATTRIBUTES), *separator = first[0] ? ", " : "";
    struct ddl_item item, value;

    ls_buf_addf(out, " (%s", first);
    while (ddl_next(&list, &item)) {
        for (size_t i = 0; i < n_words; i++) {
            if (!ddl_item_is(&item, words[i].word, &value))
                continue;
            ls_buf_adds(out, separator);
            one_word(out, &words[i], &value);
            separator = ", ";
            break;
        }
    }
    ls_buf_addc(out, ')');
}

static void created(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    ls_buf_adds(out, "CREATE ");
    ddl_object(out, c, f);
}

/* --- types, aggregates, operators --- */

static void base_type(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    static const struct word words[] = {{"input", "INPUT", AS_IT_IS, NULL},
                                        {"output", "OUTPUT", AS_IT_IS, NULL},
                                        {"receive", "RECEIVE", AS_IT_IS, NULL},
                                        {"send", "SEND", AS_IT_IS, NULL},
                                        {"typmod_in", "TYPMOD_IN", AS_IT_IS, NULL},
                                        {"typmod_out", "TYPMOD_OUT", AS_IT_IS, NULL},
                                        {"analyze", "ANALYZE", AS_IT_IS, NULL},
                                        {"length", "INTERNALLENGTH", AS_IT_IS, NULL},
                                        {"passed by value", "PASSEDBYVALUE", AS_FLAG, NULL},
                                        {"alignment", "ALIGNMENT", AS_LETTER, "c=char s=int2 i=int4 d=double"},
                                        {"storage", "STORAGE", AS_LETTER, "p=plain e=external x=extended m=main"},
                                        {"category", "CATEGORY", AS_STRING, NULL},
                                        {"preferred", "PREFERRED = true", AS_FLAG, NULL},
                                        {"default", "DEFAULT", AS_IT_IS, NULL},
                                        {"element", "ELEMENT", AS_IT_IS, NULL},
                                        {"delimiter", "DELIMITER", AS_STRING, NULL},
                                        {"collatable", "COLLATABLE = true", AS_FLAG, NULL}};

    created(out, c, f);
    if (!ddl_is(f, LS_A_ATTRIBUTES, "shell"))
        parameters(out, f, words, LS_ARRAY_LEN(words), "");
    ls_buf_adds(out, ";\n");
}

void ddl_aggregate(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, bool or_replace)
{
    static const char modify[] = "r=READ_ONLY s=SHAREABLE w=READ_WRITE";
    static const struct word words[] = {{"sfunc", "SFUNC", AS_IT_IS, NULL},
                                        {"stype", "STYPE", AS_IT_IS, NULL},
                                        {"sspace", "SSPACE", AS_IT_IS, NULL},
                                        {"finalfunc", "FINALFUNC", AS_IT_IS, NULL},
                                        {"finalfunc_extra", "FINALFUNC_EXTRA", AS_FLAG, NULL},
                                        {"finalfunc_modify", "FINALFUNC_MODIFY", AS_LETTER, modify},
                                        {"combinefunc", "COMBINEFUNC", AS_IT_IS, NULL},
                                        {"serialfunc", "SERIALFUNC", AS_IT_IS, NULL},
                                        {"deserialfunc", "DESERIALFUNC", AS_IT_IS, NULL},
                                        {"initcond", "INITCOND", AS_IT_IS, NULL},
                                        {"msfunc", "MSFUNC", AS_IT_IS, NULL},
                                        {"minvfunc", "MINVFUNC", AS_IT_IS, NULL},
                                        {"mstype", "MSTYPE", AS_IT_IS, NULL},
                                        {"msspace", "MSSPACE", AS_IT_IS, NULL},
                                        {"mfinalfunc", "MFINALFUNC", AS_IT_IS, NULL},
                                        {"mfinalfunc_extra", "MFINALFUNC_EXTRA", AS_FLAG, NULL},
                                        {"mfinalfunc_modify", "MFINALFUNC_MODIFY", AS_LETTER, modify},
                                        {"minitcond", "MINITCOND", AS_IT_IS, NULL},
                                        {"sortop", "SORTOP", AS_OPERATOR, NULL},
                                        {"parallel safe", "PARALLEL = SAFE", AS_FLAG, NULL},
                                        {"parallel restricted", "PARALLEL = RESTRICTED", AS_FLAG, NULL}};
    const char *arguments = ls_fact_get(f, LS_A_ARGUMENTS);
    struct ls_buf text = LS_BUF_INIT;

    (void)c;
    parameters(&text, f, words, LS_ARRAY_LEN(words), "");
    if (ddl_is(f, LS_A_FORM, "hypothetical set")) {
        ls_buf_truncate(&text, text.len - 1);
        ls_buf_adds(&text, ", HYPOTHETICAL)");
    }
    ls_buf_addf(out, "CREATE %sAGGREGATE ", or_replace ? "OR REPLACE " : "");
    ddl_routine_name(out, f);
    ls_buf_addf(out, "(%s)%s;\n", arguments ? arguments : "*", text.ptr);
    ls_buf_release(&text);
}

static void aggregate(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    ddl_aggregate(out, c, f, false);
}

/* name: "===(integer,integer)", NONE for the operand that is not there */
static void operator(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    static const struct word words[] = {{"function", "FUNCTION", AS_IT_IS, NULL},  {"commutator", "COMMUTATOR", AS_OPERATOR, NULL},
                                        {"negator", "NEGATOR", AS_OPERATOR, NULL}, {"restrict", "RESTRICT", AS_IT_IS, NULL},
                                        {"join", "JOIN", AS_IT_IS, NULL},          {"hashes", "HASHES", AS_FLAG, NULL},
                                        {"merges", "MERGES", AS_FLAG, NULL}};
    const char *types = f->name + ddl_paren(f->name) + 1;
    size_t n = strlen(types), comma = ddl_find(types, n, ",");
    struct ls_buf operands = LS_BUF_INIT;

    (void)c;
    if (strncmp(types, "NONE,", 5) != 0)
        ls_buf_addf(&operands, "LEFTARG = %.*s", (int)comma, types);
    if (comma + 2 <= n && strcmp(types + comma, ",NONE)") != 0)
        ls_buf_addf(&operands, "%sRIGHTARG = %.*s", operands.len > 0 ? ", " : "", (int)(n - comma - 2), types + comma + 1);
    ls_buf_adds(out, "CREATE OPERATOR ");
    ddl_routine_name(out, f);
    parameters(out, f, words, LS_ARRAY_LEN(words), operands.ptr ? operands.ptr : "");
    ls_buf_adds(out, ";\n");
    ls_buf_release(&operands);
}

/* --- operator families and classes --- */

/* "operator 1 <(a,b)" or "function 1 (a,b) f(a,b)" of a family: the types that it is for. */
static struct ddl_item member_types(const struct ddl_item *member)
{
    struct ddl_item none = {member->text, 0};
    const char *end = member->text + member->len, *open = memchr(member->text, '(', member->len);

    if (open == NULL)
        return none;
    if (member->text[0] == 'o') { /* the last ones: "operator 1 <(a,b) for order by f" */
        size_t n = ddl_find(member->text, member->len, " for order by ");

        open = member->text + n - 1;
        while (open > member->text && *open != '(')
            open--;
        end = member->text + n;
    } else {
        end = open + ddl_find(open + 1, (size_t)(end - open - 1), ")") + 2;
    }
    return (struct ddl_item){open + 1, (size_t)(end - open) - 2};
}

static bool is_of_type(const struct ddl_item *member, const char *type)
{
    struct ddl_item types = member_types(member);
    size_t n = strlen(type);

    return types.len == 2 * n + 1 && memcmp(types.text, type, n) == 0 && types.text[n] == ',' &&
           memcmp(types.text + n + 1, type, n) == 0;
}

/* OPERATOR 1 s.<(a,b) FOR ORDER BY f; FUNCTION 1 (a,b) s.f(a,b) */
static void member(struct ls_buf *out, const struct ddl_item *item)
{
    size_t order = ddl_find(item->text, item->len, " for order by ");
    bool is_operator = item->text[0] == 'o';

    ls_buf_adds(out, is_operator ? "OPERATOR" : "FUNCTION");
    ls_buf_add(out, item->text + strlen("operator"), order - strlen("operator"));
    if (is_operator && order < item->len)
        ls_buf_addf(out, " FOR ORDER BY %.*s", (int)(item->len - order - strlen(" for order by ")),
                    item->text + order + strlen(" for order by "));
}

/* What to leave out: "OPERATOR 1 (a,b)". */
static void member_place(struct ls_buf *out, const struct ddl_item *item)
{
    struct ddl_item types = member_types(item), number = {item->text + strlen("operator "), 0};

    number.len = strcspn(number.text, " ");
    ddl_item(out, item->text[0] == 'o' ? "OPERATOR " : "FUNCTION ", &number, "");
    ddl_item(out, " (", &types, ")");
}

/* Whether a class of that family has the member as its own: it is for the class's type alone. */
static bool is_of_a_class(const struct ls_catalog *c, const struct ls_fact *family, const struct ddl_item *item)
{
    uint32_t n;
    const struct ls_fact *classes = ls_catalog_kind(c, LS_FACT_OPCLASS, &n);
    struct ls_buf name = LS_BUF_INIT;
    bool is = false;

    ddl_using(&name, family);
    for (uint32_t i = 0; i < n && !is; i++) {
        const char *type = ls_fact_get(&classes[i], LS_A_TYPE);
        struct ddl_item value;

        if (!ddl_has(ls_fact_get(&classes[i], LS_A_ATTRIBUTES), "family", &value) || !type)
            continue;
        is = name.len > value.len && memcmp(name.ptr, value.text, value.len) == 0 &&
             strncmp(name.ptr + value.len, " USING ", 7) == 0 &&
             ddl_is(&classes[i], LS_A_METHOD, ls_fact_get(family, LS_A_METHOD)) && is_of_type(item, type);
    }
    ls_buf_release(&name);
    return is;
}

void ddl_family_members(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, const char *list,
                        const char *without, bool is_drop)
{
    struct ddl_item item;
    bool is_first = true;

    while (ddl_next(&list, &item)) {
        if (ddl_contains(without, &item) || (c && is_of_a_class(c, f, &item)))
            continue;
        if (is_first) {
            ls_buf_adds(out, "ALTER OPERATOR FAMILY ");
            ddl_using(out, f);
        }
        ls_buf_adds(out, is_first ? (is_drop ? " DROP\n    " : " ADD\n    ") : ",\n    ");
        is_first = false;
        (is_drop ? member_place : member)(out, &item);
    }
    if (!is_first)
        ls_buf_adds(out, ";\n");
}

static void family(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    created(out, c, f);
    ls_buf_adds(out, ";\n");
    ddl_family_members(out, c, f, ls_fact_get(f, LS_A_ATTRIBUTES), NULL, false);
}

/* The members of the family that are for this type alone are the class's own, as pg_dump's are. */
static void class_members(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f,
                          const struct ddl_item *family_name)
{
    uint32_t n;
    const struct ls_fact *families = ls_catalog_kind(c, LS_FACT_OPFAMILY, &n);
    const char *type = ls_fact_get(f, LS_A_TYPE);
    struct ls_buf name = LS_BUF_INIT;

    for (uint32_t i = 0; i < n && type; i++) {
        const char *list = ls_fact_get(&families[i], LS_A_ATTRIBUTES);
        struct ddl_item item;

        ls_buf_clear(&name);
        ddl_using(&name, &families[i]);
        if (!ddl_is(&families[i], LS_A_METHOD, ls_fact_get(f, LS_A_METHOD)) || name.len <= family_name->len ||
            memcmp(name.ptr, family_name->text, family_name->len) != 0 || strncmp(name.ptr + family_name->len, " USING ", 7) != 0)
            continue;
        while (ddl_next(&list, &item)) {
            if (!is_of_type(&item, type))
                continue;
            ls_buf_adds(out, ",\n    ");
            member(out, &item);
        }
    }
    ls_buf_release(&name);
}

static void opclass(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *list = ls_fact_get(f, LS_A_ATTRIBUTES), *at;
    struct ddl_item family_name = {"", 0}, storage;
    struct ls_buf name = LS_BUF_INIT;

    ddl_using(&name, f);
    at = strstr(name.ptr, " USING ");
    ls_buf_addf(out, "CREATE OPERATOR CLASS %.*s%s FOR TYPE ", at ? (int)(at - name.ptr) : (int)name.len, name.ptr,
                ddl_has(list, "default", NULL) ? " DEFAULT" : "");
    ddl_clause(out, f, LS_A_TYPE, "", "");
    ls_buf_adds(out, at ? at : "");
    if (ddl_has(list, "family", &family_name))
        ddl_item(out, " FAMILY ", &family_name, "");
    if (ddl_has(list, "storage", &storage))
        ddl_item(out, " AS\n    STORAGE ", &storage, "");
    else
        ddl_clause(out, f, LS_A_TYPE, " AS\n    STORAGE ", "");
    class_members(out, c, f, &family_name);
    ls_buf_adds(out, ";\n");
    ls_buf_release(&name);
}

/* --- casts, transforms, languages, access methods --- */

static void cast(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *list = ls_fact_get(f, LS_A_ATTRIBUTES);
    struct ddl_item function;

    created(out, c, f);
    if (ddl_has(list, "function", &function))
        ddl_item(out, " WITH FUNCTION ", &function, "");
    else
        ls_buf_adds(out, ddl_has(list, "inout", NULL) ? " WITH INOUT" : " WITHOUT FUNCTION");
    if (ddl_has(list, "implicit", NULL))
        ls_buf_adds(out, " AS IMPLICIT");
    if (ddl_has(list, "assignment", NULL))
        ls_buf_adds(out, " AS ASSIGNMENT");
    ls_buf_adds(out, ";\n");
}

static void transform(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *list = ls_fact_get(f, LS_A_ATTRIBUTES), *separator = " (";
    struct ddl_item function;

    created(out, c, f);
    if (ddl_has(list, "from sql", &function)) {
        ls_buf_adds(out, separator);
        ddl_item(out, "FROM SQL WITH FUNCTION ", &function, "");
        separator = ", ";
    }
    if (ddl_has(list, "to sql", &function)) {
        ls_buf_adds(out, separator);
        ddl_item(out, "TO SQL WITH FUNCTION ", &function, "");
    }
    ls_buf_adds(out, ");\n");
}

void ddl_language(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, bool or_replace)
{
    const char *list = ls_fact_get(f, LS_A_ATTRIBUTES);
    struct ddl_item function;

    (void)c;
    ls_buf_addf(out, "CREATE %s%sLANGUAGE ", or_replace ? "OR REPLACE " : "", ddl_has(list, "trusted", NULL) ? "TRUSTED " : "");
    ddl_name(out, f->name);
    if (ddl_has(list, "handler", &function))
        ddl_item(out, " HANDLER ", &function, "");
    if (ddl_has(list, "inline", &function))
        ddl_item(out, " INLINE ", &function, "");
    if (ddl_has(list, "validator", &function))
        ddl_item(out, " VALIDATOR ", &function, "");
    ls_buf_adds(out, ";\n");
}

static void language(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    ddl_language(out, c, f, false);
}

static void access_method(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *list = ls_fact_get(f, LS_A_ATTRIBUTES);
    struct ddl_item function;

    created(out, c, f);
    ls_buf_adds(out, ddl_has(list, "table", NULL) ? " TYPE TABLE" : " TYPE INDEX");
    if (ddl_has(list, "handler", &function))
        ddl_item(out, " HANDLER ", &function, "");
    ls_buf_adds(out, ";\n");
}

/* --- collations, conversions, text search --- */

static void collation(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    static const struct word words[] = {
        {"provider", "PROVIDER", AS_IT_IS, NULL}, {"collate", "LC_COLLATE", AS_IT_IS, NULL},
        {"ctype", "LC_CTYPE", AS_IT_IS, NULL},    {"locale", "LOCALE", AS_IT_IS, NULL},
        {"rules", "RULES", AS_IT_IS, NULL},       {"not deterministic", "DETERMINISTIC = false", AS_FLAG, NULL}};

    created(out, c, f);
    parameters(out, f, words, LS_ARRAY_LEN(words), "");
    ls_buf_adds(out, ";\n");
}

static void conversion(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *list = ls_fact_get(f, LS_A_ATTRIBUTES);
    struct ddl_item value;

    ls_buf_addf(out, "CREATE %sCONVERSION ", ddl_has(list, "default", NULL) ? "DEFAULT " : "");
    ddl_object_name(out, c, f);
    if (ddl_has(list, "from", &value))
        ddl_item(out, " FOR '", &value, "'");
    if (ddl_has(list, "to", &value))
        ddl_item(out, " TO '", &value, "'");
    if (ddl_has(list, "function", &value))
        ddl_item(out, " FROM ", &value, ";\n");
}

static void text_search(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    static const struct word words[] = {
        {"start", "START", AS_IT_IS, NULL},       {"gettoken", "GETTOKEN", AS_IT_IS, NULL}, {"end", "END", AS_IT_IS, NULL},
        {"lextypes", "LEXTYPES", AS_IT_IS, NULL}, {"headline", "HEADLINE", AS_IT_IS, NULL}, {"init", "INIT", AS_IT_IS, NULL},
        {"lexize", "LEXIZE", AS_IT_IS, NULL},     {"template", "TEMPLATE", AS_IT_IS, NULL}, {"parser", "PARSER", AS_IT_IS, NULL}};
    const char *options = f->kind == LS_FACT_TS_DICTIONARY ? ls_fact_get(f, LS_A_OPTIONS) : NULL;

    created(out, c, f);
    parameters(out, f, words, LS_ARRAY_LEN(words), "");
    if (options) {
        ls_buf_truncate(out, out->len - 1);
        ls_buf_addf(out, ", %s)", options);
    }
    ls_buf_adds(out, ";\n");
    if (f->kind == LS_FACT_TS_CONFIG)
        ddl_mappings(out, f, ls_fact_get(f, LS_A_ATTRIBUTES), NULL, "ADD");
}

/* "asciiword: s.dict simple" */
void ddl_mappings(struct ls_buf *out, const struct ls_fact *f, const char *list, const char *without, const char *verb)
{
    struct ddl_item item;

    while (ddl_next(&list, &item)) {
        size_t colon = ddl_find(item.text, item.len, ": ");

        if (colon == item.len || ddl_contains(without, &item))
            continue;
        ls_buf_adds(out, "ALTER TEXT SEARCH CONFIGURATION ");
        ddl_qualified(out, f->schema, f->name);
        ls_buf_addf(out, " %s MAPPING FOR %.*s WITH ", verb, (int)colon, item.text);
        for (const char *p = item.text + colon + 2, *end = item.text + item.len; p < end;) {
            size_t n = ddl_find(p, (size_t)(end - p), " ");

            ls_buf_addf(out, "%.*s%s", (int)n, p, p + n < end ? ", " : "");
            p += n + 1;
        }
        ls_buf_adds(out, ";\n");
    }
}

/* --- what connects elsewhere --- */

static void user_mapping(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    created(out, c, f);
    ddl_options(out, c->dialect, f, " OPTIONS ", true);
    ls_buf_adds(out, ";\n");
    ddl_say_hidden(out, f, ls_fact_get(f, LS_A_OPTIONS));
}

/* Never connected: it neither makes a slot there nor copies a row. */
static void subscription(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    const char *connection = ls_fact_get(f, LS_A_SERVER), *options = ls_fact_get(f, LS_A_OPTIONS);
    struct ddl_item names;

    created(out, c, f);
    ls_buf_adds(out, "\n    CONNECTION ");
    ddl_literal(out, c->dialect, connection ? connection : "");
    if (ddl_has(ls_fact_get(f, LS_A_ATTRIBUTES), "publications", &names)) /* the rest of the list are more of them */
        ls_buf_addf(out, "\n    PUBLICATION %s", names.text);
    ls_buf_adds(out, "\n    WITH (connect = false");
    if (options) {
        struct ls_buf text = LS_BUF_INIT;

        ddl_options(&text, c->dialect, f, "", false);
        ls_buf_addf(out, ", %.*s", (int)text.len - 2, text.ptr + 1);
        ls_buf_release(&text);
    }
    ls_buf_adds(out, ");\n");
    ddl_say_hidden(out, f, connection);
    if (!ddl_is(f, LS_A_ENABLED, "disabled"))
        ddl_not_written(out, f, "it is made without connecting and stays disabled: ALTER SUBSCRIPTION ... ENABLE starts it");
}

bool ddl_rare(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    static void (*const table[LS_N_FACTS])(struct ls_buf * out, const struct ls_catalog *c, const struct ls_fact *f) = {
        [LS_FACT_TYPE] = base_type,
        [LS_FACT_AGGREGATE] = aggregate,
        [LS_FACT_OPERATOR] = operator,
        [LS_FACT_OPFAMILY] = family,
        [LS_FACT_OPCLASS] = opclass,
        [LS_FACT_CAST] = cast,
        [LS_FACT_TRANSFORM] = transform,
        [LS_FACT_LANGUAGE] = language,
        [LS_FACT_ACCESS_METHOD] = access_method,
        [LS_FACT_COLLATION] = collation,
        [LS_FACT_CONVERSION] = conversion,
        [LS_FACT_TS_PARSER] = text_search,
        [LS_FACT_TS_TEMPLATE] = text_search,
        [LS_FACT_TS_DICTIONARY] = text_search,
        [LS_FACT_TS_CONFIG] = text_search,
        [LS_FACT_USER_MAPPING] = user_mapping,
        [LS_FACT_SUBSCRIPTION] = subscription,
        [LS_FACT_DEFAULT_ACL] = ddl_default_rights,
    };

    if (!table[f->kind])
        return false;
    table[f->kind](out, c, f);
    return true;
}
