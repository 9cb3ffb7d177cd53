/* tests/support/facts.h: a catalogue from a few lines of text.
 *
 *   "table public users"
 *   "column public users.email type=text 'not null'=yes position=2"
 *   "constraint public users.users_pkey form='primary key' key=id"
 *   "needs view public v table public users"     who needs whom: two facts
 * A value with spaces stands in '...' or "...". A kind of two words is written with '-': materialised-view. */
#ifndef TESTS_SUPPORT_FACTS_H
#define TESTS_SUPPORT_FACTS_H

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/model/catalog.h"

struct facts_named {
    char kind[32], schema[64], name[128];
    uint32_t fact;
};
struct facts {
    struct ls_catalog_builder *b;
    struct facts_named named[512];
    size_t n;
};

/* The next word of a line, quotes taken off; NULL at its end. `=` ends a word too when stop_at_equals. */
static inline char *facts_word(char **at, bool stop_at_equals)
{
    char *p = *at, *start, *out;

    while (*p == ' ')
        p++;
    if (*p == '\0' || *p == '\n')
        return NULL;
    start = out = p;
    if (*p == '\'' || *p == '"') {
        char quote = *p;

        start = out = ++p;
        while (*p && *p != quote)
            *out++ = *p++;
        p += *p == quote;
    } else {
        while (*p && *p != ' ' && *p != '\n' && !(stop_at_equals && *p == '='))
            *out++ = *p++;
    }
    p += *p == '=' && stop_at_equals;
    p += *p == ' ';
    *at = p;
    *out = '\0';
    return start;
}

static inline uint32_t facts_find(struct facts *f, const char *kind, const char *schema, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->named[i].kind, kind) == 0 && strcmp(f->named[i].schema, schema) == 0 && strcmp(f->named[i].name, name) == 0)
            return f->named[i].fact;
    return LS_NO_FACT;
}

static inline void facts_line(struct facts *f, char *line)
{
    char *at = line, *kind = facts_word(&at, false), *schema, *name, *word, *dot;
    struct facts_named *n = &f->named[f->n];
    char words[32];

    if (!kind)
        return;
    if (strcmp(kind, "needs") == 0) {
        char *k1 = facts_word(&at, false), *s1 = facts_word(&at, false), *n1 = facts_word(&at, false);
        char *k2 = facts_word(&at, false), *s2 = facts_word(&at, false), *n2 = facts_word(&at, false);

        ls_catalog_depend(f->b, facts_find(f, k1, s1, n1), facts_find(f, k2, s2, n2));
        return;
    }
    schema = facts_word(&at, false);
    name = facts_word(&at, false);
    snprintf(n->kind, sizeof(n->kind), "%s", kind);
    snprintf(n->schema, sizeof(n->schema), "%s", schema);
    snprintf(n->name, sizeof(n->name), "%s", name);
    snprintf(words, sizeof(words), "%s", kind);
    for (char *p = words; *p; p++)
        *p = *p == '-' ? ' ' : *p;
    dot = ls_fact_kind_parent(ls_fact_kind_find(words)) == LS_FACT_NONE ? NULL : strchr(name, '.');
    if (dot)
        *dot++ = '\0';
    n->fact = ls_catalog_add(f->b, ls_fact_kind_find(words), schema, dot ? name : "", dot ? dot : name);
    f->n++;
    while ((word = facts_word(&at, true))) {
        char *value = facts_word(&at, false);
        enum ls_attr a = ls_attr_find(word);

        if (a == LS_N_ATTRS)
            abort();
        ls_catalog_set(f->b, n->fact, a, value);
    }
}

/* Lines joined by '\n'. */
static inline struct ls_catalog *facts_catalog(enum ls_dialect d, const char *source, const char *text)
{
    struct facts *f = ls_calloc(1, sizeof(*f));
    char *copy = ls_strdup(text), *rest = copy, *line;
    struct ls_catalog *c;

    f->b = ls_catalog_builder_new(d);
    while ((line = strsep(&rest, "\n")))
        facts_line(f, line);
    c = ls_catalog_freeze(f->b, source, "", 0);
    free(copy);
    free(f);
    return c;
}

#endif
