/* A schema as a diagram: Mermaid's erDiagram and Graphviz' DOT. Tables with their columns and keys, foreign keys as edges. Names in
 * Mermaid are reduced to what its grammar takes; where that changes one, the name itself stands in quotes beside it. */
#include <config.h>

#include "lockstep/engine/side.h"

#include <string.h>

#include "lockstep/base/text.h"

/* Letters, digits, '_' and '-': everything else becomes '_'. */
static void plain_word(struct ls_buf *out, const char *s)
{
    if (*s == '\0' || (*s >= '0' && *s <= '9') || *s == '-')
        ls_buf_addc(out, '_');
    for (; *s != '\0'; s++) {
        bool is_plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || *s == '_';

        ls_buf_addc(out, is_plain ? *s : '_');
    }
}

static bool is_plain_word(const char *s)
{
    return *s != '\0' && !(*s >= '0' && *s <= '9') &&
           s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

static void full_name(struct ls_buf *out, const struct ls_fact *f)
{
    if (strcmp(f->schema, "public") != 0 && strcmp(f->schema, "main") != 0 && f->schema[0] != '\0')
        ls_buf_addf(out, "%s.", f->schema);
    ls_buf_adds(out, f->name);
}

/* In double quotes for either language: nothing that steers a terminal, no quote, no newline. */
static void quoted(struct ls_buf *out, const char *s)
{
    struct ls_buf clean = LS_BUF_INIT;

    ls_ui_text(&clean, s, strlen(s), LS_UI_TEXT_LINE);
    ls_buf_addc(out, '"');
    for (const char *p = clean.ptr; *p != '\0'; p++)
        ls_buf_addc(out, *p == '"' ? '\'' : *p == '\\' ? '/' : *p);
    ls_buf_addc(out, '"');
    ls_buf_release(&clean);
}

/* Whether `word` is one of the names in a list "a, b desc, \"c d\"". */
static bool lists(const char *list, const char *word)
{
    size_t n = strlen(word);

    while (list != NULL && *list != '\0') {
        size_t quote = *list == '"', len = quote ? strcspn(list + 1, "\"") : strcspn(list, ", (");

        if (len == n && strncmp(list + quote, word, n) == 0)
            return true;
        list += strcspn(list, ",");
        list += strspn(list, ", ");
    }
    return false;
}

struct column_keys {
    bool is_primary, is_foreign, is_unique;
};

static struct column_keys keys_of(const struct ls_catalog *c, const struct ls_fact *table, const char *column)
{
    struct column_keys k = {0};
    uint32_t n = 0;
    const struct ls_fact *con = ls_catalog_children(c, table, LS_FACT_CONSTRAINT, &n);

    for (uint32_t i = 0; i < n; i++) {
        const char *form = ls_fact_get(&con[i], LS_A_FORM), *list = ls_fact_get(&con[i], LS_A_KEY);

        if (form == NULL || !lists(list, column))
            continue;
        k.is_primary = k.is_primary || strcmp(form, "primary key") == 0;
        k.is_foreign = k.is_foreign || strcmp(form, "foreign key") == 0;
        k.is_unique = k.is_unique || strcmp(form, "unique") == 0;
    }
    return k;
}

/* "users(id)", "\"odd (name)\"(id)" */
static void put_table_name(const char *text, struct ls_buf *out)
{
    bool is_quoted = *text == '"';

    for (text += is_quoted; *text && (is_quoted || *text != '('); text++) {
        if (is_quoted && *text == '"' && *++text != '"')
            break;
        ls_buf_addc(out, *text);
    }
    while (!is_quoted && out->len > 0 && out->ptr[out->len - 1] == ' ')
        ls_buf_truncate(out, out->len - 1);
}

/* The table that a foreign key leads to: a dependency that is a table, else by the name in front of '('. NULL: not in the
 * catalogue. */
static const struct ls_fact *referenced(const struct ls_catalog *c, const struct ls_fact *con)
{
    const char *text = ls_fact_get(con, LS_A_REFERENCES);
    uint32_t n = 0;
    const struct ls_dep *needs = ls_catalog_needs(c, ls_catalog_index(c, con), &n);
    const struct ls_fact *self = NULL;
    struct ls_buf name = LS_BUF_INIT;

    for (uint32_t i = 0; i < n; i++) {
        const struct ls_fact *f = &c->facts[needs[i].to];

        if (f->kind != LS_FACT_TABLE)
            continue;
        if (needs[i].to != con->parent_ix)
            return f;
        self = f;
    }
    if (self == NULL && text != NULL) {
        put_table_name(text, &name);
        const char *dot = strchr(name.ptr, '.');
        self = ls_catalog_find(c, LS_FACT_TABLE, con->schema, "", name.ptr);
        if (self == NULL && dot != NULL) {
            char *schema = name.ptr;

            schema[dot - name.ptr] = '\0';
            self = ls_catalog_find(c, LS_FACT_TABLE, schema, "", dot + 1);
        }
    }
    ls_buf_release(&name);
    return self;
}

static bool is_nullable_key(const struct ls_catalog *c, const struct ls_fact *table, const struct ls_fact *con)
{
    uint32_t n = 0;
    const struct ls_fact *col = ls_catalog_children(c, table, LS_FACT_COLUMN, &n);

    for (uint32_t i = 0; i < n; i++)
        if (lists(ls_fact_get(con, LS_A_KEY), col[i].name) && ls_fact_get(&col[i], LS_A_NOT_NULL) == NULL)
            return true;
    return false;
}

/* Calls `edge` for each foreign key whose both ends are there. */
static void each_edge(const struct ls_catalog *c, struct ls_buf *out,
                      void (*edge)(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *from,
                                   const struct ls_fact *to, const struct ls_fact *con))
{
    uint32_t n = 0;
    const struct ls_fact *con = ls_catalog_kind(c, LS_FACT_CONSTRAINT, &n);

    for (uint32_t i = 0; i < n; i++) {
        const char *form = ls_fact_get(&con[i], LS_A_FORM);
        const struct ls_fact *to =
            form != NULL && strcmp(form, "foreign key") == 0 && con[i].parent_ix != LS_NO_FACT ? referenced(c, &con[i]) : NULL;

        if (to != NULL)
            edge(out, c, &c->facts[con[i].parent_ix], to, &con[i]);
    }
}

/* --- Mermaid --- */

static void mermaid_name(struct ls_buf *out, const struct ls_fact *f)
{
    struct ls_buf name = LS_BUF_INIT;

    full_name(&name, f);
    plain_word(out, name.ptr);
    ls_buf_release(&name);
}

static void mermaid_edge(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *from, const struct ls_fact *to,
                         const struct ls_fact *con)
{
    const char *key = ls_fact_get(con, LS_A_KEY);

    ls_buf_adds(out, "    ");
    mermaid_name(out, to);
    ls_buf_adds(out, is_nullable_key(c, from, con) ? " |o--o{ " : " ||--o{ ");
    mermaid_name(out, from);
    ls_buf_adds(out, " : ");
    quoted(out, key != NULL ? key : con->name);
    ls_buf_addc(out, '\n');
}

static void mermaid_column(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *table, const struct ls_fact *col)
{
    struct column_keys k = keys_of(c, table, col->name);
    const char *type = ls_fact_get(col, LS_A_TYPE), *sep = " ";

    ls_buf_adds(out, "        ");
    plain_word(out, type != NULL ? type : "any");
    ls_buf_addc(out, ' ');
    plain_word(out, col->name);
    if (k.is_primary) {
        ls_buf_adds(out, " PK");
        sep = ", ";
    }
    if (k.is_foreign) {
        ls_buf_addf(out, "%sFK", sep);
        sep = ", ";
    }
    if (k.is_unique)
        ls_buf_addf(out, "%sUK", sep);
    if (!is_plain_word(col->name)) {
        ls_buf_addc(out, ' ');
        quoted(out, col->name);
    }
    ls_buf_addc(out, '\n');
}

/* Columns as they stand in the table: by position, which the facts are not sorted by. */
static void each_column(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *table,
                        void (*put)(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *table,
                                    const struct ls_fact *col))
{
    uint32_t n = 0;
    const struct ls_fact *col = ls_catalog_children(c, table, LS_FACT_COLUMN, &n);
    long done = -1;

    for (uint32_t round = 0; round < n; round++) {
        const struct ls_fact *next = NULL;
        long least = 0;

        for (uint32_t i = 0; i < n; i++) {
            const char *at = ls_fact_get(&col[i], LS_A_POSITION);
            long position = at != NULL ? strtol(at, NULL, 10) : (long)i + 1;

            if (position > done && (next == NULL || position < least)) {
                next = &col[i];
                least = position;
            }
        }
        if (next == NULL)
            return;
        put(out, c, table, next);
        done = least;
    }
}

void ls_catalog_mermaid(const struct ls_catalog *c, struct ls_buf *out)
{
    uint32_t n = 0;
    const struct ls_fact *tables = ls_catalog_kind(c, LS_FACT_TABLE, &n);

    ls_buf_adds(out, "erDiagram\n");
    for (uint32_t i = 0; i < n; i++) {
        struct ls_buf name = LS_BUF_INIT;

        full_name(&name, &tables[i]);
        ls_buf_adds(out, "    ");
        plain_word(out, name.ptr);
        if (!is_plain_word(name.ptr)) {
            ls_buf_addc(out, '[');
            quoted(out, name.ptr);
            ls_buf_addc(out, ']');
        }
        ls_buf_adds(out, " {\n");
        each_column(out, c, &tables[i], mermaid_column);
        ls_buf_adds(out, "    }\n");
        ls_buf_release(&name);
    }
    each_edge(c, out, mermaid_edge);
}

/* --- DOT --- */

static void dot_text(struct ls_buf *out, const char *s)
{
    struct ls_buf clean = LS_BUF_INIT;

    ls_ui_text(&clean, s, strlen(s), LS_UI_TEXT_LINE);
    for (const char *p = clean.ptr; *p != '\0'; p++) {
        if (*p == '&' || *p == '<' || *p == '>' || *p == '"')
            ls_buf_adds(out, *p == '&' ? "&amp;" : *p == '<' ? "&lt;" : *p == '>' ? "&gt;" : "&quot;");
        else
            ls_buf_addc(out, *p);
    }
    ls_buf_release(&clean);
}

static void dot_name(struct ls_buf *out, const struct ls_fact *f)
{
    struct ls_buf name = LS_BUF_INIT;

    full_name(&name, f);
    quoted(out, name.ptr);
    ls_buf_release(&name);
}

static void dot_column(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *table, const struct ls_fact *col)
{
    struct column_keys k = keys_of(c, table, col->name);
    const char *type = ls_fact_get(col, LS_A_TYPE);

    ls_buf_addf(out, "<tr><td align=\"left\">%s", k.is_primary ? "<u>" : "");
    dot_text(out, col->name);
    ls_buf_addf(out, "%s</td><td align=\"left\">", k.is_primary ? "</u>" : "");
    dot_text(out, type != NULL ? type : "");
    ls_buf_addf(out, "%s</td></tr>", ls_fact_get(col, LS_A_NOT_NULL) != NULL ? "" : " ?");
}

static void dot_edge(struct ls_buf *out, const struct ls_catalog *c, const struct ls_fact *from, const struct ls_fact *to,
                     const struct ls_fact *con)
{
    const char *key = ls_fact_get(con, LS_A_KEY);

    (void)c;
    ls_buf_adds(out, "  ");
    dot_name(out, from);
    ls_buf_adds(out, " -> ");
    dot_name(out, to);
    ls_buf_adds(out, " [label=");
    quoted(out, key != NULL ? key : con->name);
    ls_buf_adds(out, "];\n");
}

void ls_catalog_dot(const struct ls_catalog *c, struct ls_buf *out)
{
    uint32_t n = 0;
    const struct ls_fact *tables = ls_catalog_kind(c, LS_FACT_TABLE, &n);

    ls_buf_adds(out, "digraph schema {\n  rankdir=LR;\n  node [shape=plain, fontname=\"sans-serif\"];\n");
    for (uint32_t i = 0; i < n; i++) {
        struct ls_buf name = LS_BUF_INIT;

        full_name(&name, &tables[i]);
        ls_buf_adds(out, "  ");
        quoted(out, name.ptr);
        ls_buf_adds(out, " [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\"><tr><td colspan=\"2\"><b>");
        dot_text(out, name.ptr);
        ls_buf_adds(out, "</b></td></tr>");
        each_column(out, c, &tables[i], dot_column);
        ls_buf_adds(out, "</table>>];\n");
        ls_buf_release(&name);
    }
    each_edge(c, out, dot_edge);
    ls_buf_adds(out, "}\n");
}
