/* Reads the simple forms of CREATE, DROP and ALTER with our lexer, and looks the object up. What is not such a form is not guessed
 * at. */
#include <config.h>

#include "engine/autopsy.h"

#include "lockstep/base/mem.h"
#include "lockstep/sql/lex.h"
#include "lockstep/sql/quote.h"

enum kind {
    K_NONE,
    K_TABLE,
    K_VIEW,
    K_MATVIEW,
    K_SEQUENCE,
    K_INDEX,
    K_TYPE,
    K_SCHEMA,
    K_EXTENSION,
    K_TRIGGER,
    K_COLUMN,
    K_CONSTRAINT,
    K_ENUM_VALUE
};

/* How each kind is looked up. PostgreSQL: $1 schema or '', $2 name, $3 the table's schema or '', $4 table. SQLite: ?1 type, ?2
 * name, ?4 table. The answer is one row 'there' or 'invalid', or none. */
#define REL_PG(kinds)                                                                                                              \
    "SELECT 'there' FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = $2 AND " \
    "c.relkind IN (" kinds                                                                                                         \
    ") AND CASE WHEN $1 = '' THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $1 END AND $3 = $3 AND $4 = $4"
#define OF_TABLE_PG                                                                                                                \
    " JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace WHERE t.relname = $4"                                               \
    " AND CASE WHEN $3 = '' THEN pg_catalog.pg_table_is_visible(t.oid) ELSE n.nspname = $3 END AND $1 = $1"
#define MASTER_LITE "SELECT 'there' FROM sqlite_master WHERE type = ?1 AND name = ?2 COLLATE NOCASE AND ?3 = ?3 AND ?4 = ?4"

static const struct {
    const char *word; /* for people, and SQLite's type */
    const char *pg, *sqlite;
} kinds[] = {
    [K_TABLE] = {"table", REL_PG("'r', 'p', 'f'"), MASTER_LITE},
    [K_VIEW] = {"view", REL_PG("'v'"), MASTER_LITE},
    [K_MATVIEW] = {"materialized view", REL_PG("'m'"), NULL},
    [K_SEQUENCE] = {"sequence", REL_PG("'S'"), NULL},
    [K_INDEX] =
        {"index",
         "SELECT CASE WHEN i.indisvalid AND i.indisready THEN 'there' ELSE 'invalid' END FROM pg_catalog.pg_index i"
         " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
         " JOIN pg_catalog.pg_class t ON t.oid = i.indrelid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace"
         " WHERE c.relname = $2 AND ($4 = '' OR t.relname = $4) AND ($3 = '' OR tn.nspname = $3)"
         " AND CASE WHEN $1 <> '' THEN n.nspname = $1 WHEN $3 <> '' THEN true ELSE pg_catalog.pg_table_is_visible(c.oid) END",
         MASTER_LITE},
    [K_TYPE] =
        {"type",
         "SELECT 'there' FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.typname = $2"
         " AND CASE WHEN $1 = '' THEN pg_catalog.pg_type_is_visible(t.oid) ELSE n.nspname = $1 END AND $3 = $3 AND $4 = $4",
         NULL},
    [K_SCHEMA] = {"schema", "SELECT 'there' FROM pg_catalog.pg_namespace WHERE nspname = $2 AND $1 = $1 AND $3 = $3 AND $4 = $4",
                  NULL},
    [K_EXTENSION] = {"extension",
                     "SELECT 'there' FROM pg_catalog.pg_extension WHERE extname = $2 AND $1 = $1 AND $3 = $3 AND $4 = $4", NULL},
    [K_TRIGGER] = {"trigger",
                   "SELECT 'there' FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class t ON t.oid = g.tgrelid" OF_TABLE_PG
                   " AND g.tgname = $2",
                   MASTER_LITE},
    [K_COLUMN] = {"column",
                  "SELECT 'there' FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class t ON t.oid = a.attrelid" OF_TABLE_PG
                  " AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped",
                  "SELECT 'there' FROM pragma_table_info(?4) WHERE name = ?2 COLLATE NOCASE AND ?1 = ?1 AND ?3 = ?3"},
    [K_CONSTRAINT] = {"constraint",
                      "SELECT 'there' FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class t ON t.oid = k.conrelid" OF_TABLE_PG
                      " AND k.conname = $2",
                      NULL},
    [K_ENUM_VALUE] = {"value",
                      "SELECT 'there' FROM pg_catalog.pg_enum e JOIN pg_catalog.pg_type t ON t.oid = e.enumtypid"
                      " JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE e.enumlabel = $2 AND t.typname = $4"
                      " AND CASE WHEN $3 = '' THEN pg_catalog.pg_type_is_visible(t.oid) ELSE n.nspname = $3 END AND $1 = $1",
                      NULL},
};

/* What a statement makes or takes away. */
struct effect {
    enum kind kind;
    bool creates;
    bool is_conditional; /* IF [NOT] EXISTS, OR REPLACE: finding it (or not) proves nothing */
    char *schema, *name; /* "" when not written; never NULL once kind is set */
    char *table_schema, *table;
    char *first_word; /* upper case, for people */
};

#define PG_NAME_MAX 63

struct reader {
    struct ls_lex lx;
    struct ls_tok t; /* the token that is looked at */
};

static void next(struct reader *r)
{
    do
        r->t = ls_lex_next(&r->lx);
    while (r->t.kind == LS_TOK_SPACE || r->t.kind == LS_TOK_COMMENT);
}

static bool accept(struct reader *r, const char *upper)
{
    if (!ls_tok_is(&r->lx, &r->t, upper))
        return false;
    next(r);
    return true;
}

static bool accept_two(struct reader *r, const char *first, const char *second)
{
    struct reader back = *r;

    if (accept(r, first) && accept(r, second))
        return true;
    *r = back;
    return false;
}

static bool at_dot(const struct reader *r)
{
    return r->t.kind == LS_TOK_COMMA_DOT && r->lx.text[r->t.start] == '.';
}

/* One part of a name: quotes taken off, or folded as the database folds it. */
static char *name_part(struct reader *r)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *p = r->lx.text + r->t.start;
    size_t len = r->t.end - r->t.start;

    if (r->t.kind == LS_TOK_QUOTED && len >= 2) {
        for (size_t i = 1; i + 1 < len; i++) {
            ls_buf_addc(&b, p[i]);
            i += p[i] == p[len - 1] && i + 2 < len;
        }
    } else if (r->t.kind == LS_TOK_WORD || r->t.kind == LS_TOK_KEYWORD) {
        for (size_t i = 0; i < len; i++)
            ls_buf_addc(&b, r->lx.dialect == LS_DIALECT_POSTGRES && p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + 32) : p[i]);
    } else {
        return NULL;
    }
    next(r);
    if (r->lx.dialect == LS_DIALECT_POSTGRES && b.len > PG_NAME_MAX) {
        size_t n = PG_NAME_MAX; /* the server keeps so much of a name, whole characters */

        while (n > 0 && ((unsigned char)b.ptr[n] & 0xc0) == 0x80)
            n--;
        ls_buf_truncate(&b, n);
    }
    return ls_buf_detach(&b);
}

/* [schema.]name; false when there is none, or one of three parts. */
static bool read_name(struct reader *r, char **schema, char **name)
{
    *schema = NULL;
    *name = name_part(r);
    if (*name != NULL && at_dot(r)) {
        next(r);
        *schema = *name;
        *name = name_part(r);
    }
    return *name != NULL && !at_dot(r);
}

static enum kind read_kind(struct reader *r)
{
    static const struct {
        const char *word;
        enum kind kind;
    } words[] = {{"TABLE", K_TABLE}, {"VIEW", K_VIEW},     {"SEQUENCE", K_SEQUENCE},   {"INDEX", K_INDEX},
                 {"TYPE", K_TYPE},   {"SCHEMA", K_SCHEMA}, {"EXTENSION", K_EXTENSION}, {"TRIGGER", K_TRIGGER}};

    if (accept_two(r, "MATERIALIZED", "VIEW"))
        return K_MATVIEW;
    for (size_t i = 0; i < LS_ARRAY_LEN(words); i++)
        if (accept(r, words[i].word))
            return words[i].kind;
    return K_NONE;
}

/* Skips to ON and reads the table of an index or a trigger. */
static void read_on_table(struct reader *r, struct effect *e)
{
    while (r->t.kind != LS_TOK_END && r->t.kind != LS_TOK_ERROR && r->t.kind != LS_TOK_OPEN) {
        if (accept(r, "ON")) {
            accept(r, "ONLY");
            read_name(r, &e->table_schema, &e->table);
            return;
        }
        next(r);
    }
}

static enum kind read_create(struct reader *r, struct effect *e)
{
    static const char *const fillers[] = {"UNIQUE", "UNLOGGED", "FOREIGN", "CONSTRAINT", "RECURSIVE", "GLOBAL", "LOCAL"};
    enum kind kind;
    bool again = true;

    e->creates = true;
    if (accept_two(r, "OR", "REPLACE"))
        e->is_conditional = true;
    if (accept(r, "TEMP") || accept(r, "TEMPORARY")) /* gone with its session */
        return K_NONE;
    while (again) {
        again = false;
        for (size_t i = 0; i < LS_ARRAY_LEN(fillers); i++)
            again = again || accept(r, fillers[i]);
    }
    kind = read_kind(r);
    if (kind == K_INDEX)
        accept(r, "CONCURRENTLY");
    if (accept(r, "IF")) {
        accept(r, "NOT");
        accept(r, "EXISTS");
        e->is_conditional = true;
    }
    if (kind == K_NONE || ls_tok_is(&r->lx, &r->t, "ON") || !read_name(r, &e->schema, &e->name)) /* an index may have no name */
        return K_NONE;
    if (kind == K_INDEX || kind == K_TRIGGER)
        read_on_table(r, e);
    return kind == K_TRIGGER && e->table == NULL ? K_NONE : kind;
}

static enum kind read_drop(struct reader *r, struct effect *e)
{
    enum kind kind = read_kind(r);

    if (kind == K_INDEX)
        accept(r, "CONCURRENTLY");
    if (accept_two(r, "IF", "EXISTS"))
        e->is_conditional = true;
    if (kind == K_NONE || !read_name(r, &e->schema, &e->name))
        return K_NONE;
    if (kind == K_TRIGGER)
        read_on_table(r, e);
    if (kind == K_TRIGGER && e->table == NULL && r->lx.dialect == LS_DIALECT_POSTGRES)
        return K_NONE;
    return kind; /* of several objects one tells: a statement is applied whole or not at all */
}

static enum kind read_alter_action(struct reader *r, struct effect *e)
{
    static const char *const unnamed[] = {"CHECK", "PRIMARY", "UNIQUE", "FOREIGN", "EXCLUDE"};
    char *schema = NULL;
    bool adds = ls_tok_is(&r->lx, &r->t, "ADD"), is_constraint;

    if (!accept(r, "ADD") && !accept(r, "DROP"))
        return K_NONE;
    e->creates = adds;
    is_constraint = accept(r, "CONSTRAINT");
    for (size_t i = 0; adds && !is_constraint && i < LS_ARRAY_LEN(unnamed); i++)
        if (ls_tok_is(&r->lx, &r->t, unnamed[i]))
            return K_NONE;
    accept(r, "COLUMN");
    if (accept(r, "IF")) {
        accept(r, "NOT");
        accept(r, "EXISTS");
        e->is_conditional = true;
    }
    if (!read_name(r, &schema, &e->name) || schema != NULL) {
        free(schema);
        return K_NONE;
    }
    return is_constraint ? K_CONSTRAINT : K_COLUMN;
}

/* DROP CONSTRAINT c, ADD CONSTRAINT c: what is there afterwards says nothing of the first action. */
static bool is_named_again(struct reader *r, const char *name)
{
    while (r->t.kind != LS_TOK_END && r->t.kind != LS_TOK_ERROR) {
        char *part = name_part(r);
        bool same = part != NULL && strcmp(part, name) == 0;

        if (part == NULL)
            next(r);
        free(part);
        if (same)
            return true;
    }
    return false;
}

static enum kind read_alter(struct reader *r, struct effect *e)
{
    enum kind kind;

    if (accept(r, "TABLE")) {
        accept_two(r, "IF", "EXISTS");
        accept(r, "ONLY");
        if (!read_name(r, &e->table_schema, &e->table))
            return K_NONE;
        kind = read_alter_action(r, e);
        return kind != K_NONE && is_named_again(r, e->name) ? K_NONE : kind;
    }
    if (!accept(r, "TYPE") || !read_name(r, &e->table_schema, &e->table) || !accept_two(r, "ADD", "VALUE"))
        return K_NONE;
    e->creates = true;
    if (accept(r, "IF")) {
        accept(r, "NOT");
        accept(r, "EXISTS");
        e->is_conditional = true;
    }
    if (r->t.kind != LS_TOK_STRING || r->lx.text[r->t.start] != '\'' || r->t.end - r->t.start < 2 ||
        memchr(r->lx.text + r->t.start + 1, '\'', r->t.end - r->t.start - 2) != NULL)
        return K_NONE;
    e->name = ls_strndup(r->lx.text + r->t.start + 1, r->t.end - r->t.start - 2);
    return K_ENUM_VALUE;
}

static void read_effect(enum ls_dialect d, const char *stmt, size_t len, struct effect *e)
{
    struct reader r;

    *e = (struct effect){0};
    ls_lex_init(&r.lx, d, stmt, len);
    next(&r);
    e->first_word = ls_strndup(stmt + r.t.start, r.t.end - r.t.start);
    for (char *p = e->first_word; *p != '\0'; p++)
        *p = *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
    if (accept(&r, "CREATE"))
        e->kind = read_create(&r, e);
    else if (accept(&r, "DROP"))
        e->kind = read_drop(&r, e);
    else if (accept(&r, "ALTER"))
        e->kind = read_alter(&r, e);
}

static void effect_release(struct effect *e)
{
    free(e->schema);
    free(e->name);
    free(e->table_schema);
    free(e->table);
    free(e->first_word);
}

static struct ls_param text_param(const char *s)
{
    return (struct ls_param){.kind = LS_PARAM_TEXT, .text = s != NULL ? s : ""};
}

/* What is found: NULL nothing, "there", "invalid". */
static enum ls_rc look_up(struct ls_db *db, struct ls_arena *arena, const struct effect *e, const char *sql, const char **found,
                          struct ls_err *err)
{
    bool is_sqlite = ls_db_dialect(db) == LS_DIALECT_SQLITE;
    struct ls_param p[4] = {text_param(is_sqlite ? kinds[e->kind].word : e->schema), text_param(e->name),
                            text_param(e->table_schema), text_param(e->table)};
    struct ls_result r;
    enum ls_rc rc = ls_db_query(db, sql, p, 4, &r, err);

    *found = NULL;
    if (rc == LS_OK && r.n_rows > 0)
        *found = ls_arena_str(arena, ls_result_get(&r, 0, 0));
    if (rc == LS_OK)
        ls_result_release(&r);
    return rc;
}

static const char *describe(struct ls_arena *a, const struct effect *e)
{
    const char *word = kinds[e->kind].word;

    if (e->kind == K_COLUMN || e->kind == K_CONSTRAINT || e->kind == K_ENUM_VALUE)
        return ls_arena_printf(a, "%s %s of %s%s%s", word, e->name, e->table_schema != NULL ? e->table_schema : "",
                               e->table_schema != NULL ? "." : "", e->table);
    return ls_arena_printf(a, "%s %s%s%s", word, e->schema != NULL ? e->schema : "", e->schema != NULL ? "." : "", e->name);
}

static const char *cure_of(struct ls_arena *a, const struct effect *e)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *out = NULL;

    ls_buf_adds(&b, "DROP INDEX CONCURRENTLY ");
    if (ls_sql_ident2(&b, e->schema != NULL ? e->schema : e->table_schema, e->name, NULL) == LS_OK)
        out = ls_arena_str(a, b.ptr);
    ls_buf_release(&b);
    return out;
}

static void judge(struct ls_arena *a, const struct effect *e, const char *found, struct ls_trace *out)
{
    bool is_there = found != NULL, fits = is_there == e->creates;

    if (is_there && e->creates && strcmp(found, "invalid") == 0) {
        out->verdict = LS_TRACE_INVALID;
        out->cure = cure_of(a, e);
        out->says = ls_arena_printf(a, "begun and not finished: %s is there, but invalid", out->object);
    } else if (fits && e->is_conditional && e->creates) { /* after DROP ... IF EXISTS it is gone either way */
        out->says = ls_arena_printf(a, "cannot be known: %s is there, but may have been there before", out->object);
    } else if (fits) {
        out->verdict = LS_TRACE_APPLIED;
        out->says = ls_arena_printf(a, "applied (catalogue): %s is %s", out->object, is_there ? "there" : "not there");
    } else {
        out->verdict = LS_TRACE_ABSENT;
        out->says = ls_arena_printf(a, "not applied: %s is %s", out->object, is_there ? "still there" : "not there");
    }
}

/* --- what else it touches ---------------------------------------------------------------------------------------------------- */

struct touched {
    struct ls_arena *arena;
    LS_VEC(const char *) objects;
};

static void touch(struct touched *t, enum kind kind, const char *schema, const char *name, const char *table_schema, const char *table)
{
    struct effect e = {.kind = kind, .schema = (char *)schema, .name = (char *)name, .table_schema = (char *)table_schema, .table = (char *)table};

    if (kind != K_NONE && name != NULL)
        *LS_VEC_PUSH(&t->objects) = describe(t->arena, &e);
}

/* RENAME TO b; RENAME [COLUMN | CONSTRAINT] a TO b. False: no such thing here. */
static bool touch_rename(struct reader *r, struct touched *t, enum kind kind, const char *schema, const char *name)
{
    char *from = NULL, *to = NULL;
    enum kind part;

    if (!accept(r, "RENAME"))
        return false;
    if (accept(r, "TO")) {
        to = name_part(r);
        touch(t, kind, schema, name, NULL, NULL);
        touch(t, kind, schema, to, NULL, NULL);
    } else {
        part = accept(r, "CONSTRAINT") ? K_CONSTRAINT : K_COLUMN;
        accept(r, "COLUMN");
        from = name_part(r);
        if (accept(r, "TO"))
            to = name_part(r);
        touch(t, part, NULL, from, schema, name);
        touch(t, part, NULL, to, schema, name);
    }
    free(from);
    free(to);
    return true;
}

/* Every ADD and DROP of a list of actions. */
static void touch_actions(struct reader *r, struct touched *t, const char *schema, const char *name)
{
    int depth = 0;

    while (r->t.kind != LS_TOK_END && r->t.kind != LS_TOK_ERROR) {
        struct effect e = {0};
        enum kind kind = K_NONE;

        depth += r->t.kind == LS_TOK_OPEN;
        depth -= r->t.kind == LS_TOK_CLOSE;
        if (depth == 0 && (ls_tok_is(&r->lx, &r->t, "ADD") || ls_tok_is(&r->lx, &r->t, "DROP")))
            kind = read_alter_action(r, &e);
        else if (!touch_rename(r, t, K_TABLE, schema, name))
            next(r);
        if (kind != K_NONE)
            touch(t, kind, NULL, e.name, schema, name);
        effect_release(&e);
    }
}

static void touch_dropped(struct reader *r, struct touched *t)
{
    enum kind kind = read_kind(r);

    accept(r, "CONCURRENTLY");
    accept_two(r, "IF", "EXISTS");
    for (bool more = kind != K_NONE && kind != K_TRIGGER; more;) {
        char *schema = NULL, *name = NULL;

        more = read_name(r, &schema, &name) && r->t.kind == LS_TOK_COMMA_DOT;
        touch(t, kind, schema, name, NULL, NULL);
        free(schema);
        free(name);
        if (more)
            next(r);
    }
}

/* What a statement renames, and every part of a list that it adds or drops: what is seen of those is not the doing of one statement. */
static const char *const *touches(struct ls_arena *arena, enum ls_dialect d, const char *stmt, size_t len)
{
    struct touched t = {.arena = arena};
    char *schema = NULL, *name = NULL;
    const char **out = NULL;
    struct reader r;
    enum kind kind;

    ls_lex_init(&r.lx, d, stmt, len);
    next(&r);
    if (accept(&r, "DROP")) {
        touch_dropped(&r, &t);
    } else if (accept(&r, "ALTER") && (kind = read_kind(&r)) != K_NONE) {
        accept_two(&r, "IF", "EXISTS");
        accept(&r, "ONLY");
        if (read_name(&r, &schema, &name) && kind == K_TABLE)
            touch_actions(&r, &t, schema, name);
        else if (name != NULL && !touch_rename(&r, &t, kind, schema, name) && accept(&r, "OWNED"))
            touch(&t, kind, schema, name, NULL, NULL); /* goes with a column from then on */
    }
    if (t.objects.n > 0) {
        out = LS_ARENA_ARRAY(arena, const char *, t.objects.n + 1);
        memcpy(out, t.objects.v, t.objects.n * sizeof(*out));
    }
    LS_VEC_RELEASE(&t.objects);
    free(schema);
    free(name);
    return out;
}

enum ls_rc ls_autopsy(struct ls_db *db, const struct autopsy_names *names, struct ls_arena *arena, const char *stmt, size_t len,
                      struct ls_trace *out, struct ls_err *err)
{
    const char *sql = NULL, *found = NULL;
    struct effect e;
    enum ls_rc rc = LS_OK;

    *out = (struct ls_trace){.object = ""};
    read_effect(ls_db_dialect(db), stmt, len, &e);
    if (e.kind != K_NONE)
        sql = ls_db_dialect(db) == LS_DIALECT_POSTGRES ? kinds[e.kind].pg : kinds[e.kind].sqlite;
    if (sql != NULL) {
        out->object = describe(arena, &e);
        out->makes = e.creates;
        out->table = ls_arena_str(arena, e.table);
        if (names != NULL && strcmp(sql, MASTER_LITE) == 0)
            found = autopsy_names_has(names, kinds[e.kind].word, e.name) ? "there" : NULL;
        else
            rc = look_up(db, arena, &e, sql, &found, err);
        if (rc == LS_OK)
            judge(arena, &e, found, out);
    } else {
        out->says = ls_arena_printf(arena, "cannot be known from the catalogue: %s leaves no trace there that can be looked up",
                                    e.first_word);
    }
    out->also = touches(arena, ls_db_dialect(db), stmt, len);
    effect_release(&e);
    return rc;
}
