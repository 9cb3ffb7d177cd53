/* Statements that come again and again with other values (a row for the ledger, a row for the journal) are prepared once: the server
 * then neither parses nor plans them for each migration. Only in pipelines, not through a pooler, and only while nothing that is sent
 * could take them away. */
#include <config.h>

#include "db/postgres/pg_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lockstep/base/mem.h"

#define OFTEN    3    /* from the so manieth time on it pays */
#define MAX_TEXT 2048 /* bytes; ours are shorter, and longer ones are not looked up */

/* Whether it may end prepared statements, directly or in a DO block. What a function hides in its body shows as an error, and then
 * they are forgotten as well. */
static bool is_threat(const char *sql, size_t len)
{
    static const char *const words[] = {"deallocate", "discard"};

    for (size_t i = 0; i + 7 <= len; i++)
        for (size_t w = 0; (sql[i] | 32) == 'd' && w < LS_ARRAY_LEN(words); w++)
            if (strlen(words[w]) <= len - i && strncasecmp(sql + i, words[w], strlen(words[w])) == 0)
                return true;
    return false;
}

void pg_forget_prepared(struct pg *c)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(c->prepared); i++)
        free(c->prepared[i].sql);
    memset(c->prepared, 0, sizeof(c->prepared));
}

void pg_guard_prepared(struct pg *c, const char *sql, size_t len)
{
    if (c->prepared[0].sql && is_threat(sql, len))
        pg_forget_prepared(c);
}

struct pg_prepared *pg_find_prepared(struct pg *c, const struct ls_db_call *call)
{
    if (!call->params || call->n_params == 0 || call->len > MAX_TEXT || c->db.info.is_pooled)
        return NULL;
    for (size_t i = 0; i < LS_ARRAY_LEN(c->prepared); i++) {
        struct pg_prepared *p = &c->prepared[i];

        if (!p->sql) {
            p->sql = ls_strndup(call->sql, call->len);
            p->len = call->len;
            /* Never a name again: an old one may still be there. */
            snprintf(p->name, sizeof(p->name), "lockstep_%u", ++c->n_named);
        }
        if (p->len == call->len && memcmp(p->sql, call->sql, call->len) == 0)
            return ++p->times >= OFTEN ? p : NULL;
    }
    return NULL;
}
