/* sql/facts_words.c: flags from the words behind a statement's object, for both dialects: what counts where no parser helps. */
#include <config.h>
#include "sql/facts_internal.h"

#include <string.h>
#include <strings.h>

/* One step outside of brackets: a bracketed part is passed whole. */
static void step(struct ls_words *w)
{
    if (w->t.kind == LS_TOK_OPEN)
        ls_words_skip_brackets(w);
    else
        ls_words_next(w);
}

static bool has_word(struct ls_words *w, const char *upper)
{
    while (!ls_words_end(w)) {
        if (ls_words_is(w, upper))
            return true;
        step(w);
    }
    return false;
}

void ls_facts_drop(struct ls_words *w, unsigned *flags)
{
    if (has_word(w, "CASCADE"))
        *flags |= LS_FACT_CASCADES;
}

void ls_facts_where(struct ls_words *w, unsigned *flags)
{
    if (!has_word(w, "WHERE"))
        *flags |= LS_FACT_DML_NO_WHERE;
}

/* w stands behind ADD [COLUMN] [IF NOT EXISTS] or ADD CONSTRAINT name; steps to the action's end. */
static void added(struct ls_words *w, bool column, unsigned *flags)
{
    bool not_null = false, filled = false, checked = false, not_valid = false;
    while (!ls_words_end(w) && !ls_words_is_text(w, ",")) {
        if (ls_words_match(w, "NOT NULL") || ls_words_match(w, "PRIMARY KEY"))
            not_null = true;
        else if (ls_words_match(w, "NOT VALID"))
            not_valid = true;
        else if (ls_words_match(w, "SERIAL|SERIAL2|SERIAL4|SERIAL8|BIGSERIAL|SMALLSERIAL") ||
                 ls_words_match(w, "DEFAULT|GENERATED|AS"))
            filled = true;
        else if (ls_words_match(w, "CHECK") || ls_words_match(w, "REFERENCES"))
            checked = true;
        else
            step(w);
    }
    if (column && not_null && !filled)
        *flags |= LS_FACT_ADD_COLUMN_NOT_NULL;
    if (checked && !not_valid)
        *flags |= LS_FACT_ADD_CONSTRAINT_VALID;
}

static const struct action {
    const char *pattern;
    unsigned flags;
    int adds; /* 1 a column, 2 a table constraint */
} actions[] = {
    {"ADD CONSTRAINT @", 0, 2},
    {"ADD CHECK", 0, 3}, /* 3: a constraint without a name, whose first word is part of it */
    {"ADD FOREIGN", 0, 3},
    {"ADD PRIMARY|UNIQUE|EXCLUDE", 0, 0},
    {"ADD ?COLUMN IF NOT EXISTS", LS_FACT_IF_NOT_EXISTS, 1},
    {"ADD ?COLUMN", 0, 1},
    {"DROP CONSTRAINT IF EXISTS", LS_FACT_DROPS_OTHER | LS_FACT_IF_NOT_EXISTS, 0},
    {"DROP CONSTRAINT", LS_FACT_DROPS_OTHER, 0},
    {"DROP ?COLUMN IF EXISTS", LS_FACT_DROPS_COLUMN | LS_FACT_IF_NOT_EXISTS, 0},
    {"DROP", LS_FACT_DROPS_COLUMN, 0},
    {"ALTER ?COLUMN @ SET NOT NULL", LS_FACT_SET_NOT_NULL, 0},
    {"ALTER ?COLUMN @ ?SET ?DATA TYPE", LS_FACT_ALTER_TYPE, 0},
    {"RENAME", LS_FACT_RENAMES, 0},
    {"SET SCHEMA", LS_FACT_RENAMES, 0},
    {"DETACH PARTITION @ CONCURRENTLY", LS_FACT_CONCURRENTLY, 0},
};

void ls_facts_alter_table(struct ls_words *w, unsigned *flags)
{
    while (!ls_words_end(w)) {
        (void)ls_words_take_text(w, "*");
        for (size_t i = 0; i < LS_ARRAY_LEN(actions); i++) {
            struct ls_words at = *w;
            if (!ls_words_match(&at, actions[i].pattern))
                continue;
            *flags |= actions[i].flags;
            if (actions[i].adds == 3)
                ls_words_next(w); /* only ADD: CHECK and FOREIGN stay in view */
            else
                *w = at;
            if (actions[i].adds)
                added(w, actions[i].adds == 1, flags);
            break;
        }
        while (!ls_words_end(w) && !ls_words_is_text(w, ",")) {
            if (ls_words_is(w, "CASCADE"))
                *flags |= LS_FACT_CASCADES;
            step(w);
        }
        (void)ls_words_take_text(w, ",");
    }
}

void ls_facts_alter_type(struct ls_words *w, unsigned *flags)
{
    if (ls_words_match(w, "ADD VALUE IF NOT EXISTS"))
        *flags |= LS_FACT_ADD_ENUM_VALUE | LS_FACT_IF_NOT_EXISTS;
    else if (ls_words_match(w, "ADD VALUE"))
        *flags |= LS_FACT_ADD_ENUM_VALUE;
    else if (ls_words_match(w, "DROP ATTRIBUTE"))
        *flags |= LS_FACT_DROPS_OTHER;
    else
        ls_facts_alter_other(w, flags);
}

void ls_facts_alter_other(struct ls_words *w, unsigned *flags)
{
    for (; !ls_words_end(w); step(w)) {
        struct ls_words at = *w;
        if (ls_words_match(&at, "RENAME") || ls_words_match(&at, "SET SCHEMA"))
            *flags |= LS_FACT_RENAMES;
    }
}

void ls_facts_copy(struct ls_words *w, unsigned *flags)
{
    if (has_word(w, "FROM"))
        *flags |= LS_FACT_DML;
}

void ls_facts_select(struct ls_words *w, unsigned *flags)
{
    static const char *const names[] = {"set_config", "pg_catalog.set_config"};
    struct ls_str name;
    if (!ls_words_name(w, &name) || !ls_words_is_text(w, "("))
        return;
    bool known = false;
    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++)
        known = known || (name.len == strlen(names[i]) && strncasecmp(name.ptr, names[i], name.len) == 0);
    while (known && !ls_words_end(w) && w->t.kind != LS_TOK_CLOSE) {
        if (ls_words_take(w, "FALSE") && w->t.kind == LS_TOK_CLOSE)
            *flags |= LS_FACT_SESSION_SET;
        else
            ls_words_next(w);
    }
}
