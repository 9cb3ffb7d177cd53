/* diff/ddl_rights.c: owners, GRANT and REVOKE, default privileges. Privileges are "grantee: A, B*; other: nothing"; who is not
 * named has the usual ones. */
#include <config.h>

#include "diff/ddl_priv.h"

#include <string.h>

#define NOTHING "nothing"
#define ALL     "ALL"

/* Where something is granted: "GRANT p (column) ON TABLE s.t TO", "ALTER DEFAULT PRIVILEGES ... GRANT p ON TABLES TO". */
struct place {
    const char *prefix; /* before the verb */
    const char *on;     /* "ON TABLE s.t" */
    const char *column; /* " (c)" or "" */
    const char *owner;  /* quoted */
};

/* --- the lists --- */

/* "g: p; g: p" */
static bool next_grantee(const char **list, struct ddl_item *grantee, struct ddl_item *privileges)
{
    const char *p = *list;
    size_t n, colon;

    if (p == NULL || *p == '\0')
        return false;
    n = ddl_find(p, strlen(p), "; ");
    colon = ddl_find(p, n, ": ");
    *grantee = (struct ddl_item){p, colon};
    *privileges = colon < n ? (struct ddl_item){p + colon + 2, n - colon - 2} : (struct ddl_item){p + n, 0};
    *list = p[n] ? p + n + 2 : p + n;
    return true;
}

static bool find_grantee(const char *list, const struct ddl_item *who, struct ddl_item *privileges)
{
    struct ddl_item grantee;

    while (next_grantee(&list, &grantee, privileges))
        if (ddl_same_item(&grantee, who))
            return true;
    return false;
}

static bool is_word(const struct ddl_item *item, const char *word)
{
    return item->len == strlen(word) && memcmp(item->text, word, item->len) == 0;
}

static bool next_privilege(struct ddl_item *list, struct ddl_item *one)
{
    size_t n;

    if (list->len == 0 || is_word(list, NOTHING))
        return false;
    n = ddl_find(list->text, list->len, ", ");
    *one = (struct ddl_item){list->text, n};
    *list = n < list->len ? (struct ddl_item){list->text + n + 2, list->len - n - 2} : (struct ddl_item){list->text + n, 0};
    return true;
}

static bool is_grantable(const struct ddl_item *privilege)
{
    return privilege->len > 0 && privilege->text[privilege->len - 1] == '*';
}

/* 0: not there, 1: there, 2: with grant option */
static int has_privilege(struct ddl_item list, const struct ddl_item *one)
{
    size_t n = one->len - is_grantable(one);
    struct ddl_item p;

    while (next_privilege(&list, &p))
        if (p.len - is_grantable(&p) == n && memcmp(p.text, one->text, n) == 0)
            return is_grantable(&p) ? 2 : 1;
    return 0;
}

/* --- statements --- */

static void statement(struct ls_buf *out, const struct place *at, const char *verb, const struct ddl_item *privilege,
                      const char *to, const struct ddl_item *who, const char *end)
{
    ls_buf_addf(out, "%s%s", at->prefix, verb);
    ls_buf_add(out, privilege->text, privilege->len - is_grantable(privilege));
    ls_buf_addf(out, "%s %s%s", at->column, at->on, to);
    if (is_word(who, "(owner)"))
        ls_buf_adds(out, at->owner);
    else
        ls_buf_add(out, who->text, who->len);
    ls_buf_adds(out, end);
}

/* From what it has to what it shall have; ALL only where it is the usual. */
static void change_one(struct ls_buf *out, const struct place *at, const struct ddl_item *who, struct ddl_item a, struct ddl_item b)
{
    const struct ddl_item all = {ALL, 3};
    bool from_all = is_word(&a, ALL);
    struct ddl_item list = a, p;

    if (ddl_same_item(&a, &b))
        return;
    if (from_all || is_word(&b, ALL)) {
        if (from_all)
            statement(out, at, "REVOKE ", &all, " FROM ", who, ";\n");
        if (is_word(&b, ALL)) {
            statement(out, at, "GRANT ", &all, " TO ", who, ";\n");
            return;
        }
        a = list = (struct ddl_item){NOTHING, 7};
    }
    while (next_privilege(&list, &p)) {
        int there = has_privilege(b, &p);

        if (there == 0)
            statement(out, at, "REVOKE ", &p, " FROM ", who, ";\n");
        else if (is_grantable(&p) && there == 1)
            statement(out, at, "REVOKE GRANT OPTION FOR ", &p, " FROM ", who, ";\n");
    }
    list = b;
    while (next_privilege(&list, &p))
        if (has_privilege(a, &p) < (is_grantable(&p) ? 2 : 1))
            statement(out, at, "GRANT ", &p, " TO ", who, is_grantable(&p) ? " WITH GRANT OPTION;\n" : ";\n");
}

/* --- objects --- */

/* What somebody has who is not named. */
static struct ddl_item usual(const struct ls_catalog *c, const struct ls_fact *f, const struct ddl_item *who)
{
    const char *text = NOTHING;

    if (f->kind == LS_FACT_COLUMN)
        text = is_word(who, "(owner)") && ls_fact_get(f, LS_A_IDENTITY) ? ALL : NOTHING;
    else if (is_word(who, "(owner)"))
        text = ALL;
    else if (!is_word(who, "PUBLIC"))
        text = NOTHING;
    else if (f->kind == LS_FACT_FUNCTION || f->kind == LS_FACT_PROCEDURE || f->kind == LS_FACT_AGGREGATE)
        text = "EXECUTE";
    else if (f->kind == LS_FACT_ENUM || f->kind == LS_FACT_DOMAIN || f->kind == LS_FACT_COMPOSITE || f->kind == LS_FACT_RANGE ||
             f->kind == LS_FACT_TYPE || f->kind == LS_FACT_LANGUAGE)
        text = "USAGE";
    else if (f->kind == LS_FACT_SCHEMA && strcmp(f->name, "public") == 0) /* initdb grants it */
        text = c->server_version >= 150000 ? "USAGE" : "CREATE, USAGE";
    return (struct ddl_item){text, strlen(text)};
}

static void place_words(struct ls_buf *on, const struct ls_catalog *c, const struct ls_fact *f)
{
    switch (f->kind) {
    case LS_FACT_TABLE:
    case LS_FACT_VIEW:
    case LS_FACT_MATVIEW:
        ls_buf_adds(on, "ON TABLE ");
        break;
    case LS_FACT_AGGREGATE:
        ls_buf_adds(on, "ON FUNCTION ");
        ddl_routine_name(on, f);
        ls_buf_adds(on, f->name + ddl_paren(f->name));
        return;
    case LS_FACT_SERVER:
        ls_buf_adds(on, "ON FOREIGN SERVER ");
        break;
    default:
        ls_buf_adds(on, "ON ");
        ddl_object_word(on, f);
        ls_buf_addc(on, ' ');
    }
    ddl_object_name(on, c, f);
}

/* "sequence g: p" of an identity column is about its sequence. */
static const char *skip_sequence(const char *list)
{
    return list && strncmp(list, "sequence ", 9) == 0 ? list + 9 : list;
}

static void make_place(struct place *at, struct ls_buf *on, struct ls_buf *column, struct ls_buf *owner, const struct ls_catalog *c,
                       const struct ls_fact *f, bool is_sequence)
{
    const struct ls_fact *top = f->parent_ix != LS_NO_FACT ? &c->facts[f->parent_ix] : f;
    const char *name = ls_fact_get(top, LS_A_OWNER);

    if (name)
        ddl_name(owner, name);
    if (f->kind == LS_FACT_COLUMN && is_sequence) {
        ls_buf_adds(on, "ON SEQUENCE ");
        ddl_identity_sequence(on, f);
    } else if (f->kind == LS_FACT_COLUMN) {
        ls_buf_adds(column, " (");
        ddl_name(column, f->name);
        ls_buf_addc(column, ')');
        ls_buf_adds(on, "ON TABLE ");
        ddl_qualified(on, f->schema, f->parent);
    } else {
        place_words(on, c, f);
    }
    *at = (struct place){"", on->ptr, column->ptr ? column->ptr : "", owner->ptr ? owner->ptr : "CURRENT_USER"};
}

/* Everybody that either list names, or the list of `more`. */
static void change_all(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, const struct place *at,
                       const char *before, const char *after)
{
    struct ddl_item who, a, b;

    for (const char *list = before; next_grantee(&list, &who, &a);)
        change_one(out, at, &who, a, find_grantee(after, &who, &b) ? b : usual(c, f, &who));
    for (const char *list = after; next_grantee(&list, &who, &b);)
        if (!find_grantee(before, &who, &a))
            change_one(out, at, &who, usual(c, f, &who), b);
}

void ddl_rights(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, const char *before, const char *after)
{
    struct ls_buf on = LS_BUF_INIT, column = LS_BUF_INIT, owner = LS_BUF_INIT;
    const char *a = skip_sequence(before), *b = skip_sequence(after);
    struct place at;

    if (f->kind == LS_FACT_COLUMN && (a != before || b != after)) {
        if (ls_fact_get(f, LS_A_IDENTITY)) { /* else they went with the sequence */
            make_place(&at, &on, &column, &owner, c, f, true);
            change_all(out, c, f, &at, a == before ? NULL : a, b == after ? NULL : b);
        }
        a = a == before ? a : NULL;
        b = b == after ? b : NULL;
        ls_buf_clear(&on);
        ls_buf_clear(&owner);
    }
    make_place(&at, &on, &column, &owner, c, f, false);
    change_all(out, c, f, &at, a, b);
    ls_buf_release(&on);
    ls_buf_release(&column);
    ls_buf_release(&owner);
}

/* --- default privileges --- */

static const struct {
    const char *word, *sql;
    const char *usual; /* of PUBLIC */
} default_kinds[] = {{" tables", "TABLES", NOTHING},         {" sequences", "SEQUENCES", NOTHING},
                     {" functions", "FUNCTIONS", "EXECUTE"}, {" types", "TYPES", "USAGE"},
                     {" schemas", "SCHEMAS", NOTHING},       {" large objects", "LARGE OBJECTS", NOTHING}};

/* name: "role tables" */
static size_t default_kind(const struct ls_fact *f, size_t *role_len)
{
    size_t n = strlen(f->name);

    for (size_t i = 0; i < LS_ARRAY_LEN(default_kinds); i++) {
        size_t len = strlen(default_kinds[i].word);

        if (n > len && strcmp(f->name + n - len, default_kinds[i].word) == 0) {
            *role_len = n - len;
            return i;
        }
    }
    *role_len = n;
    return LS_ARRAY_LEN(default_kinds);
}

/* In a schema they add to the usual ones; in the whole database they stand instead of them. */
static struct ddl_item default_of(const struct ls_fact *f, size_t kind, const char *list, const struct ddl_item *who)
{
    struct ddl_item found;
    const char *text = NOTHING;

    if (find_grantee(list, who, &found))
        return found;
    if (list == NULL && f->schema[0] == '\0')
        text = is_word(who, "(owner)") ? ALL : is_word(who, "PUBLIC") ? default_kinds[kind].usual : NOTHING;
    return (struct ddl_item){text, strlen(text)};
}

void ddl_default_rights_change(struct ls_buf *out, const struct ls_fact *f, const char *before, const char *after)
{
    static const char everybody[] = "(owner): x; PUBLIC: x";
    const char *lists[] = {before, after, everybody};
    struct ls_buf prefix = LS_BUF_INIT, on = LS_BUF_INIT, role = LS_BUF_INIT, quoted = LS_BUF_INIT, done = LS_BUF_INIT;
    size_t role_len, kind = default_kind(f, &role_len);

    if (kind == LS_ARRAY_LEN(default_kinds))
        return;
    ls_buf_add(&role, f->name, role_len);
    ddl_name(&quoted, role.ptr);
    ls_buf_addf(&prefix, "ALTER DEFAULT PRIVILEGES FOR ROLE %s ", quoted.ptr);
    if (f->schema[0] != '\0') {
        ls_buf_adds(&prefix, "IN SCHEMA ");
        ddl_name(&prefix, f->schema);
        ls_buf_addc(&prefix, ' ');
    }
    ls_buf_addf(&on, "ON %s", default_kinds[kind].sql);
    for (size_t i = 0; i < LS_ARRAY_LEN(lists); i++) {
        struct place at = {prefix.ptr, on.ptr, "", quoted.ptr};
        struct ddl_item who, unused;
        const char *list = lists[i];

        while (next_grantee(&list, &who, &unused)) {
            if (done.ptr && find_grantee(done.ptr, &who, &unused))
                continue;
            ls_buf_add(&done, who.text, who.len);
            ls_buf_adds(&done, ": x; ");
            change_one(out, &at, &who, default_of(f, kind, before, &who), default_of(f, kind, after, &who));
        }
    }
    ls_buf_release(&prefix);
    ls_buf_release(&on);
    ls_buf_release(&role);
    ls_buf_release(&quoted);
    ls_buf_release(&done);
}

void ddl_default_rights(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f)
{
    (void)c;
    ddl_default_rights_change(out, f, NULL, ls_fact_get(f, LS_A_RIGHTS));
}

/* Whose default privileges an object of that kind gets. */
static const char *default_word_of(enum ls_fact_kind kind)
{
    static const struct {
        enum ls_fact_kind kind;
        const char *word;
    } words[] = {{LS_FACT_TABLE, "TABLES"},        {LS_FACT_VIEW, "TABLES"},        {LS_FACT_MATVIEW, "TABLES"},
                 {LS_FACT_SEQUENCE, "SEQUENCES"},  {LS_FACT_FUNCTION, "FUNCTIONS"}, {LS_FACT_PROCEDURE, "FUNCTIONS"},
                 {LS_FACT_AGGREGATE, "FUNCTIONS"}, {LS_FACT_SCHEMA, "SCHEMAS"},     {LS_FACT_ENUM, "TYPES"},
                 {LS_FACT_DOMAIN, "TYPES"},        {LS_FACT_COMPOSITE, "TYPES"},    {LS_FACT_RANGE, "TYPES"},
                 {LS_FACT_TYPE, "TYPES"}};

    for (size_t i = 0; i < LS_ARRAY_LEN(words); i++)
        if (words[i].kind == kind)
            return words[i].word;
    return NULL;
}

/* Default privileges of the database that it is made in have granted something to it already: that is taken away first. */
void ddl_rights_of_new(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, const struct ls_catalog *made_in,
                       const char *after)
{
    uint32_t n;
    const struct ls_fact *defaults = ls_catalog_kind(made_in, LS_FACT_DEFAULT_ACL, &n);
    struct ls_buf before = LS_BUF_INIT;

    for (uint32_t i = 0; i < n && f->kind != LS_FACT_COLUMN; i++) {
        const char *list = ls_fact_get(&defaults[i], LS_A_RIGHTS);
        size_t role_len, kind = default_kind(&defaults[i], &role_len);
        struct ddl_item who, unused;
        bool fits;

        fits = kind < LS_ARRAY_LEN(default_kinds) && default_word_of(f->kind) &&
               strcmp(default_kinds[kind].sql, default_word_of(f->kind)) == 0;
        if (!fits || (defaults[i].schema[0] != '\0' && strcmp(defaults[i].schema, f->schema) != 0))
            continue;
        while (next_grantee(&list, &who, &unused))
            if (before.ptr == NULL || !find_grantee(before.ptr, &who, &unused)) {
                ls_buf_add(&before, who.text, who.len);
                ls_buf_adds(&before, ": " ALL "; ");
            }
        if (defaults[i].schema[0] == '\0' && (kind == 2 || kind == 3) &&
            (before.ptr == NULL || strstr(before.ptr, "PUBLIC: ") == NULL))
            ls_buf_adds(&before, "PUBLIC: " ALL "; ");
    }
    ddl_rights(out, c, f, before.ptr, after);
    ls_buf_release(&before);
}

void ddl_owner(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *f, const char *owner)
{
    if (!owner)
        return;
    if (f->kind == LS_FACT_EXTENSION) {
        ddl_not_written(out, f, "the owner of an extension is whoever creates it");
        return;
    }
    ls_buf_adds(out, "ALTER ");
    ddl_object(out, c, f);
    ls_buf_adds(out, " OWNER TO ");
    ddl_name(out, owner);
    ls_buf_adds(out, ";\n");
}
