/* sql/facts.c: what a statement is: its verb and object by its first words, its flags by the parser where one understands it
 * and by the words else. */
#include <config.h>
#include "sql/facts_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Statements that are no CREATE, ALTER or DROP of a named object. The pattern ends where the object's name starts. */
struct simple {
    const char *pattern, *verb;
    unsigned flags;
    bool has_object;
    ls_facts_fn rest;
};

static const struct simple simples[] = {
    {"ALTER DEFAULT PRIVILEGES", "ALTER DEFAULT PRIVILEGES", 0, false, NULL},
    {"INSERT ?OR ?ROLLBACK|ABORT|REPLACE|FAIL|IGNORE INTO", "INSERT", LS_FACT_DML, true, NULL},
    {"REPLACE INTO", "REPLACE", LS_FACT_DML, true, NULL},
    {"UPDATE ?OR ?ROLLBACK|ABORT|REPLACE|FAIL|IGNORE ?ONLY", "UPDATE", LS_FACT_DML, true, ls_facts_where},
    {"DELETE FROM ?ONLY", "DELETE", LS_FACT_DML, true, ls_facts_where},
    {"MERGE INTO ?ONLY", "MERGE", LS_FACT_DML, true, NULL},
    {"TRUNCATE ?TABLE ?ONLY", "TRUNCATE", LS_FACT_TRUNCATES, true, ls_facts_drop},
    {"SELECT", "SELECT", 0, false, ls_facts_select},
    {"SET CONSTRAINTS", "SET CONSTRAINTS", 0, false, NULL},
    {"SET LOCAL", "SET", 0, true, NULL},
    {"SET TRANSACTION", "SET TRANSACTION", 0, false, NULL},
    {"SET ?SESSION", "SET", LS_FACT_SESSION_SET, true, NULL},
    {"RESET", "RESET", LS_FACT_SESSION_SET, true, NULL},
    {"DISCARD ALL", "DISCARD ALL", LS_FACT_SESSION_SET, false, NULL},
    {"DO", "DO", LS_FACT_OPAQUE, false, NULL},
    {"CALL", "CALL", LS_FACT_OPAQUE, true, NULL},
    {"EXECUTE", "EXECUTE", LS_FACT_OPAQUE, true, NULL},
    {"COMMENT ON", "COMMENT", 0, false, NULL},
    {"COPY ?BINARY", "COPY", 0, true, ls_facts_copy},
    {"LOCK ?TABLE ?ONLY", "LOCK", 0, true, NULL},
    {"REFRESH MATERIALIZED VIEW CONCURRENTLY", "REFRESH MATERIALIZED VIEW", LS_FACT_CONCURRENTLY, true, NULL},
    {"REFRESH MATERIALIZED VIEW", "REFRESH MATERIALIZED VIEW", 0, true, NULL},
    {"REINDEX INDEX|TABLE|SCHEMA|DATABASE|SYSTEM CONCURRENTLY", "REINDEX", LS_FACT_CONCURRENTLY, true, NULL},
    {"REINDEX INDEX|TABLE|SCHEMA|DATABASE|SYSTEM", "REINDEX", 0, true, NULL},
    {"REINDEX ( CONCURRENTLY )", "REINDEX", LS_FACT_CONCURRENTLY, false, NULL},
    {"REINDEX", "REINDEX", 0, true, NULL},
    {"VACUUM ?FULL ?FREEZE ?VERBOSE ?ANALYZE", "VACUUM", 0, true, NULL},
    {"ANALYZE ?VERBOSE", "ANALYZE", 0, true, NULL},
    {"CLUSTER ?VERBOSE", "CLUSTER", 0, true, NULL},
    {"GRANT", "GRANT", 0, false, NULL},
    {"REVOKE", "REVOKE", 0, false, NULL},
    {"PREPARE TRANSACTION", "PREPARE TRANSACTION", 0, false, NULL},
    {"COMMIT PREPARED", "COMMIT PREPARED", 0, false, NULL},
    {"ROLLBACK PREPARED", "ROLLBACK PREPARED", 0, false, NULL},
    {"START TRANSACTION", "START TRANSACTION", 0, false, NULL},
    {"IMPORT FOREIGN SCHEMA", "IMPORT FOREIGN SCHEMA", 0, true, NULL},
    {"SECURITY LABEL", "SECURITY LABEL", 0, false, NULL},
};

/* Objects of CREATE, ALTER and DROP, longer names first. What is not here is taken as one word. */
struct kind {
    const char *pattern, *name;
    unsigned create, drop;
    ls_facts_fn alter;
};

static const struct kind kinds[] = {
    {"FOREIGN TABLE", "FOREIGN TABLE", LS_FACT_CREATES_TABLE, LS_FACT_DROPS_TABLE, ls_facts_alter_table},
    {"VIRTUAL TABLE", "VIRTUAL TABLE", LS_FACT_CREATES_TABLE, LS_FACT_DROPS_TABLE, NULL},
    {"TABLE", "TABLE", LS_FACT_CREATES_TABLE, LS_FACT_DROPS_TABLE, ls_facts_alter_table},
    {"SCHEMA", "SCHEMA", 0, LS_FACT_DROPS_SCHEMA, NULL},
    {"DATABASE", "DATABASE", 0, LS_FACT_DROPS_SCHEMA, NULL},
    {"INDEX CONCURRENTLY", "INDEX", LS_FACT_CONCURRENTLY, LS_FACT_DROPS_OTHER | LS_FACT_CONCURRENTLY, NULL},
    {"INDEX", "INDEX", LS_FACT_CREATE_INDEX, LS_FACT_DROPS_OTHER, NULL},
    {"OWNED BY", "OWNED", 0, LS_FACT_DROPS_TABLE | LS_FACT_DROPS_OTHER, NULL},
    {"TYPE", "TYPE", 0, LS_FACT_DROPS_OTHER, ls_facts_alter_type},
    {"MATERIALIZED VIEW", "MATERIALIZED VIEW", 0, LS_FACT_DROPS_OTHER, NULL},
    {"FOREIGN DATA WRAPPER", "FOREIGN DATA WRAPPER", 0, LS_FACT_DROPS_OTHER, NULL},
    {"EVENT TRIGGER", "EVENT TRIGGER", 0, LS_FACT_DROPS_OTHER, NULL},
    {"ACCESS METHOD", "ACCESS METHOD", 0, LS_FACT_DROPS_OTHER, NULL},
    {"OPERATOR CLASS", "OPERATOR CLASS", 0, LS_FACT_DROPS_OTHER, NULL},
    {"OPERATOR FAMILY", "OPERATOR FAMILY", 0, LS_FACT_DROPS_OTHER, NULL},
    {"TEXT SEARCH CONFIGURATION|DICTIONARY|PARSER|TEMPLATE", "TEXT SEARCH", 0, LS_FACT_DROPS_OTHER, NULL},
    {"USER MAPPING", "USER MAPPING", 0, LS_FACT_DROPS_OTHER, NULL},
    {"LARGE OBJECT", "LARGE OBJECT", 0, LS_FACT_DROPS_OTHER, NULL},
};

static const char modifiers[] =
    "OR|REPLACE|GLOBAL|LOCAL|TEMP|TEMPORARY|UNLOGGED|UNIQUE|RECURSIVE|CONSTRAINT|TRUSTED|PROCEDURAL|DEFAULT";

static void set_verb(struct ls_facts *out, const char *lead, const char *name, size_t name_len)
{
    snprintf(out->verb, sizeof out->verb, "%s%s%.*s", lead, *lead && name_len ? " " : "", (int)(name_len < 32 ? name_len : 32),
             name);
    for (char *p = out->verb; *p; p++)
        *p = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
}

static void set_verb_word(struct ls_facts *out, const char *lead, const struct ls_words *w)
{
    bool word = w->t.kind == LS_TOK_WORD;
    set_verb(out, lead, word ? w->lx.text + w->t.start : "", word ? w->t.end - w->t.start : 0);
}

static void take_object(struct ls_words *w, struct ls_facts *out)
{
    struct ls_str name;
    if (ls_words_match(w, "IF NOT EXISTS") || ls_words_match(w, "IF EXISTS"))
        out->flags |= LS_FACT_IF_NOT_EXISTS;
    (void)ls_words_take(w, "ONLY");
    struct ls_words at = *w;
    if (ls_words_match(&at, "ON ?ONLY")) /* CREATE INDEX ON t */
        *w = at;
    if (ls_words_name(w, &name))
        ls_buf_add(&out->object, name.ptr, name.len);
}

/* w stands behind CREATE, ALTER or DROP. */
static void schema_statement(struct ls_words *w, struct ls_facts *out, const char *lead)
{
    bool create = *lead == 'C', drop = *lead == 'D';
    while (ls_words_match(w, modifiers))
        ;
    for (size_t i = 0; i < LS_ARRAY_LEN(kinds); i++) {
        const struct kind *k = &kinds[i];
        if (!ls_words_match(w, k->pattern))
            continue;
        set_verb(out, lead, k->name, strlen(k->name));
        out->flags |= create ? k->create : drop ? k->drop : 0;
        take_object(w, out);
        ls_facts_fn rest = create ? NULL : drop ? ls_facts_drop : k->alter ? k->alter : ls_facts_alter_other;
        if (rest)
            rest(w, &out->flags);
        return;
    }
    set_verb_word(out, lead, w);
    ls_words_next(w);
    take_object(w, out);
    out->flags |= drop ? LS_FACT_DROPS_OTHER : 0;
    if (!create)
        (drop ? ls_facts_drop : ls_facts_alter_other)(w, &out->flags);
}

/* WITH a AS (...), b AS (...) VERB ...: data-changing parts in the brackets count too. w stands behind WITH. */
static void with_statement(struct ls_words *w, enum ls_dialect d, int depth, struct ls_facts *out)
{
    static const char verbs[] = "SELECT|INSERT|UPDATE|DELETE|MERGE|REPLACE|VALUES|TABLE";
    while (!ls_words_end(w)) {
        struct ls_words at = *w;
        if (ls_words_match(&at, verbs))
            break;
        if (w->t.kind != LS_TOK_OPEN) {
            ls_words_next(w);
            continue;
        }
        size_t inside = w->t.end, text_end = w->lx.len;
        ls_words_skip_brackets(w);
        if (w->t.kind != LS_TOK_END)
            text_end = w->t.start;
        struct ls_facts inner;
        ls_facts_by_words(d, w->lx.text + inside, text_end - inside, depth + 1, &inner);
        out->flags |= inner.flags & (LS_FACT_DML | LS_FACT_DML_NO_WHERE);
        ls_facts_release(&inner);
    }
    struct ls_facts main_part;
    ls_facts_by_words(d, w->lx.text + w->t.start, w->lx.len - w->t.start, depth + 1, &main_part);
    out->flags |= main_part.flags;
    memcpy(out->verb, main_part.verb, sizeof out->verb);
    ls_buf_add(&out->object, main_part.object.ptr, main_part.object.len);
    ls_facts_release(&main_part);
}

static bool simple_statement(struct ls_words *w, struct ls_facts *out)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(simples); i++) {
        const struct simple *s = &simples[i];
        if (!ls_words_match(w, s->pattern))
            continue;
        set_verb(out, "", s->verb, strlen(s->verb));
        out->flags |= s->flags;
        if (s->has_object)
            take_object(w, out);
        if (s->rest)
            s->rest(w, &out->flags);
        return true;
    }
    return false;
}

void ls_facts_by_words(enum ls_dialect d, const char *text, size_t len, int depth, struct ls_facts *out)
{
    struct ls_words w;
    struct ls_str name = {"", 0};
    *out = (struct ls_facts){.object = LS_BUF_INIT};
    ls_words_init(&w, d, text, len);
    if (simple_statement(&w, out))
        return;
    if (ls_words_take(&w, "CREATE")) {
        schema_statement(&w, out, "CREATE");
    } else if (ls_words_take(&w, "ALTER")) {
        schema_statement(&w, out, "ALTER");
    } else if (ls_words_take(&w, "DROP")) {
        schema_statement(&w, out, "DROP");
    } else if (d == LS_DIALECT_SQLITE && ls_words_take(&w, "PRAGMA")) {
        set_verb(out, "", "PRAGMA", 6);
        if (ls_words_name(&w, &name)) {
            ls_buf_add(&out->object, name.ptr, name.len);
            ls_facts_pragma(&w, name, &out->flags);
        }
    } else if (depth < 8 && ls_words_take(&w, "WITH")) { /* hostile nesting stops here, and so does the cost of it */
        with_statement(&w, d, depth, out);
    } else {
        set_verb_word(out, "", &w);
    }
}

/* Files of data are made of these, and the parser would add nothing to what the words say. One with a WITH, in a string or not, is parsed. */
static bool is_plain_insert(const char *stmt, size_t len, const struct ls_facts *f)
{
    if (strcmp(f->verb, "INSERT") != 0 || f->flags != LS_FACT_DML)
        return false;
    for (size_t i = 0; i + 4 <= len; i++)
        if ((stmt[i] | 0x20) == 'w' && strncasecmp(stmt + i, "with", 4) == 0)
            return false;
    return true;
}

void ls_sql_facts(enum ls_dialect d, const char *stmt, size_t len, struct ls_facts *out)
{
    unsigned flags = 0;
    ls_facts_by_words(d, stmt, len, 0, out);
    if (d == LS_DIALECT_POSTGRES && !is_plain_insert(stmt, len, out) && ls_facts_parse_postgres(stmt, len, &flags)) {
        out->parsed = true;
        out->flags = flags;
    }
}

void ls_facts_release(struct ls_facts *f)
{
    ls_buf_release(&f->object);
    *f = (struct ls_facts){.object = LS_BUF_INIT};
}
