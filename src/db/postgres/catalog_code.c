/* Triggers and rules. Conditions on OLD and NEW are nothing that pg_get_expr() can write, so they are cut out of the server's whole
 * statement. */
#include <config.h>

#include "db/postgres/catalog_priv.h"

#include "lockstep/sql/lex.h"

/* The first word `upper` outside of brackets behind `from`; *start and *end are its bytes. */
static bool find_word(const char *text, size_t from, const char *upper, size_t *start, size_t *end)
{
    struct ls_lex lx;
    int depth = 0;

    ls_lex_init(&lx, LS_DIALECT_POSTGRES, text, strlen(text));
    lx.is_plain = true;
    for (struct ls_tok t = ls_lex_next(&lx); t.kind != LS_TOK_END && t.kind != LS_TOK_ERROR; t = ls_lex_next(&lx)) {
        depth += t.kind == LS_TOK_OPEN;
        depth -= t.kind == LS_TOK_CLOSE;
        if (depth == 0 && t.start >= from && (t.kind == LS_TOK_WORD || t.kind == LS_TOK_KEYWORD) && ls_tok_is(&lx, &t, upper)) {
            *start = t.start;
            *end = t.end;
            return true;
        }
    }
    return false;
}

/* Between two places, without the spaces around. */
static void set_part(struct pgcat *k, uint32_t fact, enum ls_attr a, const char *text, size_t from, size_t to)
{
    while (from < to && strchr(" \n\t;", text[from]))
        from++;
    while (to > from && strchr(" \n\t;", text[to - 1]))
        to--;
    ls_buf_clear(&k->text);
    ls_buf_add(&k->text, text + from, to - from);
    pgcat_set(k, fact, a, k->text.ptr);
}

/* +gone: whether the server had no text for what it listed */
void pgcat_take_gone(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact)
{
    (void)fact;
    k->is_torn = k->is_torn || pgcat_is(r, first);
}

/* --- triggers --- */

/* tgtype, src/include/catalog/pg_trigger.h */
enum { T_ROW = 1, T_BEFORE = 2, T_INSERT = 4, T_DELETE = 8, T_UPDATE = 16, T_TRUNCATE = 32, T_INSTEAD = 64 };

static void set_timing(struct pgcat *k, uint32_t rel, int type, const char *columns, uint32_t fact)
{
    static const struct {
        int bit;
        const char *word;
    } events[] = {{T_INSERT, "insert"}, {T_UPDATE, "update"}, {T_DELETE, "delete"}, {T_TRUNCATE, "truncate"}};
    bool is_first = true;
    uint32_t attnum;

    ls_buf_clear(&k->text);
    ls_buf_adds(&k->text, type & T_BEFORE ? "before" : type & T_INSTEAD ? "instead of" : "after");
    for (size_t i = 0; i < LS_ARRAY_LEN(events); i++) {
        if (!(type & events[i].bit))
            continue;
        ls_buf_addf(&k->text, "%s %s", is_first ? "" : " or", events[i].word);
        is_first = false;
        for (int n = 0; events[i].bit == T_UPDATE && pgcat_next_number(&columns, &attnum); n++) {
            const struct pgcat_col *col = pgcat_col_of(k, rel, (int)attnum);

            ls_buf_adds(&k->text, n == 0 ? " of " : ", ");
            pgcat_ident(&k->text, col == NULL ? "?" : col->name);
        }
    }
    ls_catalog_set(k->b, fact, LS_A_TIMING, k->text.ptr);
}

/* +relid, +type, +columns, +definition, +old table, +new table, +other table */
void pgcat_take_trigger(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact)
{
    uint32_t rel = pgcat_rel_of(k, pgcat_oid(r, first));
    int type = pgcat_int(r, first + 1);
    const char *text = pgcat_get(r, first + 3), *old = pgcat_get(r, first + 4), *new = pgcat_get(r, first + 5);
    size_t each, when, when_end, execute, end, unused;

    set_timing(k, rel, type, pgcat_get(r, first + 2), fact);
    ls_catalog_set(k->b, fact, LS_A_LEVEL, type & T_ROW ? "row" : "statement");
    ls_buf_clear(&k->text);
    if (old != NULL) {
        ls_buf_adds(&k->text, "old table as ");
        pgcat_ident(&k->text, old);
    }
    if (new != NULL) {
        ls_buf_adds(&k->text, old != NULL ? " new table as " : "new table as ");
        pgcat_ident(&k->text, new);
    }
    ls_catalog_set(k->b, fact, LS_A_TRANSITION, k->text.ptr);
    ls_catalog_set(k->b, fact, LS_A_REFERENCES, pgcat_get(r, first + 6));
    k->is_torn = k->is_torn || text == NULL;
    if (text == NULL || !find_word(text, 0, "EACH", &each, &unused) || !find_word(text, each, "EXECUTE", &execute, &end))
        return;
    set_part(k, fact, LS_A_CALLS, text, end + strlen(" FUNCTION"), strlen(text));
    if (find_word(text, each, "WHEN", &when, &when_end) && when < execute)
        set_part(k, fact, LS_A_WHEN, text, when_end, execute);
}

/* --- rules --- */

/* +definition: CREATE RULE name AS ON event TO table [WHERE condition] DO [ALSO|INSTEAD] action */
void pgcat_take_rule(struct pgcat *k, const struct pgcat_row *r, int first, uint32_t fact)
{
    const char *text = pgcat_get(r, first);
    size_t on, to, condition, condition_end, action, action_end, unused;

    k->is_torn = k->is_torn || text == NULL;
    if (text == NULL || !find_word(text, 0, "ON", &on, &unused) || !find_word(text, on, "TO", &to, &unused) ||
        !find_word(text, to, "DO", &action, &action_end))
        return;
    if (find_word(text, to, "WHERE", &condition, &condition_end) && condition < action)
        set_part(k, fact, LS_A_WHEN, text, condition_end, action);
    set_part(k, fact, LS_A_BODY, text, action_end, strlen(text));
}
