#include <config.h>

#include "engine/index_priv.h"

#include <inttypes.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/sql/lex.h"
#include "lockstep/sql/quote.h"

#define PAGE           INT64_C(8192)
#define UNSAFE         "not CONCURRENTLY: PostgreSQL 14.0 to 14.3 can corrupt such an index; better to update the server first"
#define NAME_MAX_BYTES ((size_t)63) /* NAMEDATALEN - 1 */

/* --- numbers and dates --- */

int64_t ls_ix_bytes(const struct ls_usage_index *x)
{
    return x->bytes >= 0 ? x->bytes : x->pages >= 0 ? x->pages * PAGE : -1;
}

const char *ls_ix_size(struct ls_arena *a, int64_t bytes)
{
    char text[LS_ISO_LEN];

    if (bytes < 0)
        return "unknown size";
    ls_size_text(bytes, text);
    return ls_arena_str(a, text);
}

const char *ls_ix_date(struct ls_arena *a, int64_t us)
{
    char iso[LS_ISO_LEN];

    ls_iso_utc(us, iso);
    return ls_arena_strn(a, iso, strcspn(iso, "T"));
}

const char *ls_ix_age(struct ls_arena *a, int64_t us)
{
    int64_t hours = us / (LS_IX_DAY_US / 24), days = us / LS_IX_DAY_US;

    if (days >= 2)
        return ls_arena_printf(a, "%" PRId64 " days", days);
    return hours == 1 ? "1 hour" : hours < 1 ? "less than an hour" : ls_arena_printf(a, "%" PRId64 " hours", hours);
}

const char *ls_ix_window(struct ls_arena *a, int64_t from_us, int64_t now_us, const char *why)
{
    return ls_arena_printf(a, "since %s (%s): %s", ls_ix_date(a, from_us), ls_ix_age(a, now_us - from_us), why);
}

const char *ls_ix_take(struct ls_arena *a, struct ls_buf *b)
{
    const char *text = ls_arena_strn(a, b->ptr, b->len);

    ls_buf_release(b);
    return text;
}

/* --- names --- */

const char *ls_ix_label(struct ls_arena *a, const struct ls_usage_index *x)
{
    struct ls_buf b = LS_BUF_INIT;

    ls_usage_index_label(x, &b);
    return ls_ix_take(a, &b);
}

const char *ls_ix_table_label(struct ls_arena *a, const struct ls_usage_table *t)
{
    struct ls_buf b = LS_BUF_INIT;

    ls_usage_table_label(t, &b);
    return ls_ix_take(a, &b);
}

const char *ls_ix_columns(struct ls_arena *a, const struct ls_usage_index *x)
{
    struct ls_buf b = LS_BUF_INIT;

    for (uint32_t i = 0; i < x->n_keys; i++)
        ls_buf_addf(&b, "%s%s%s", i > 0 ? ", " : "", x->keys[i].text, x->keys[i].is_desc ? " DESC" : "");
    return ls_ix_take(a, &b);
}

const char *ls_ix_ident(struct ls_arena *a, const char *name)
{
    bool is_plain = (name[0] >= 'a' && name[0] <= 'z') || name[0] == '_';
    struct ls_buf b = LS_BUF_INIT;
    struct ls_lex lx;

    for (const char *p = name; *p && is_plain; p++)
        is_plain = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_';
    ls_lex_init(&lx, LS_DIALECT_POSTGRES, name, strlen(name));
    if (is_plain && ls_lex_next(&lx).kind == LS_TOK_WORD)
        return ls_arena_str(a, name);
    if (ls_sql_ident(&b, name, NULL) != LS_OK) { /* no name that a database can have */
        ls_buf_release(&b);
        return ls_arena_str(a, name);
    }
    return ls_ix_take(a, &b);
}

/* At most n bytes of UTF-8, cut between characters. */
static size_t clip(const char *s, size_t n)
{
    while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static bool is_taken(const struct ls_ix *ix, const char *schema, const char *name)
{
    if (ls_usage_find_index(ix->u, schema, name) != LS_NO_USAGE || ls_usage_find_table(ix->u, schema, name) != LS_NO_USAGE)
        return true;
    for (size_t i = 0; i < ix->v.n; i++)
        for (uint32_t k = 0; k < ix->v.v[i].n_create; k++)
            if (strcmp(ix->v.v[i].create[k].name, name) == 0)
                return true;
    return false;
}

const char *ls_ix_new_name(struct ls_ix *ix, const char *schema, const char *table, const char *const *columns, uint32_t n)
{
    struct ls_buf base = LS_BUF_INIT, name = LS_BUF_INIT;

    ls_buf_addf(&base, "idx_%s", table);
    for (uint32_t i = 0; i < n; i++)
        ls_buf_addf(&base, "_%s", columns[i]);
    for (int try = 1;; try++) {
        char tail[16] = "";
        size_t room;

        if (try > 1)
            snprintf(tail, sizeof(tail), "_%d", try);
        room = NAME_MAX_BYTES - strlen(tail);
        ls_buf_clear(&name);
        ls_buf_add(&name, base.ptr, base.len > room ? clip(base.ptr, room) : base.len);
        ls_buf_adds(&name, tail);
        if (!is_taken(ix, schema, name.ptr))
            break;
    }
    ls_buf_release(&base);
    return ls_ix_take(ix->arena, &name);
}

/* --- fixes: what they cost, and what takes them back --- */

bool ls_ix_is_builder_unsafe(const struct ls_ix *ix)
{
    return ix->is_pg && ix->u->server_version >= 140000 && ix->u->server_version < 140004;
}

/* "schema"."name" as SQL. */
static const char *sql_name(struct ls_arena *a, const char *schema, const char *name)
{
    struct ls_buf b = LS_BUF_INIT;

    if (ls_sql_ident2(&b, schema, name, NULL) != LS_OK)
        ls_buf_clear(&b);
    return ls_ix_take(a, &b);
}

/* The server writes a partitioned table's index as ON ONLY, which would leave its partitions without one. */
static void add_definition(struct ls_buf *b, const struct ls_usage_index *x)
{
    const char *only = NULL;
    size_t skip = strlen("CREATE INDEX ") + strlen(x->name);

    if (x->is_partitioned && strlen(x->definition) > skip)
        only = strstr(x->definition + skip, " ON ONLY ");
    if (only)
        ls_buf_addf(b, "%.*s ON %s;", (int)(only - x->definition), x->definition, only + strlen(" ON ONLY "));
    else
        ls_buf_addf(b, "%s;", x->definition);
}

static const char *undo_drop(struct ls_ix *ix, const struct ls_usage_index *x)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *name = sql_name(ix->arena, ix->is_pg ? x->schema : NULL, x->name);

    add_definition(&b, x);
    if (ix->is_pg && x->comment && x->comment[0] != '\0') {
        ls_buf_addf(&b, " COMMENT ON INDEX %s IS ", name);
        ls_sql_literal(&b, LS_DIALECT_POSTGRES, x->comment);
        ls_buf_addc(&b, ';');
    }
    return ls_ix_take(ix->arena, &b);
}

void ls_ix_fix_drop(struct ls_ix *ix, struct ls_index_verdict *v)
{
    const struct ls_usage_index *x = &ix->u->indexes[v->index];
    bool is_known = ix->use[v->index].bytes >= 0;
    const char *size = is_known ? ls_ix_size(ix->arena, ix->use[v->index].bytes) : "its space";

    v->fix = LS_FIX_DROP;
    v->undo = undo_drop(ix, x);
    if (!ix->is_pg)
        v->price = ls_arena_printf(
            ix->arena, "one short write transaction; %s becomes free inside of the file; each write of the table does less", size);
    else if (x->is_partitioned)
        v->price = ls_arena_printf(ix->arena,
                                   "locks the table and all its partitions for everybody while it is dropped (no CONCURRENTLY for "
                                   "a parent's index); gives back %s",
                                   size);
    else
        v->price = ls_arena_printf(ix->arena,
                                   "DROP INDEX CONCURRENTLY: blocks nobody, waits for running transactions; gives back %s; each "
                                   "write of the table does less",
                                   size);
}

void ls_ix_fix_create(struct ls_ix *ix, struct ls_index_verdict *v, const struct ls_index_spec *spec, int64_t bytes,
                      const char *write_cost)
{
    struct ls_buf b = LS_BUF_INIT;
    const char *space =
        bytes >= 0 ? ls_arena_printf(ix->arena, "takes about %s", ls_ix_size(ix->arena, bytes)) : "its size is not known";
    const char *name = sql_name(ix->arena, ix->is_pg ? spec->schema : NULL, spec->name);
    const struct ls_usage_table *t = v->table != LS_NO_USAGE ? &ix->u->tables[v->table] : NULL;

    v->create = spec;
    v->n_create = 1;
    v->fix = LS_FIX_CREATE;
    if (!ix->is_pg)
        ls_buf_addf(&b, "one write transaction for as long as it is built; %s", space);
    else if (ls_ix_is_builder_unsafe(ix))
        ls_buf_addf(&b, "CREATE INDEX: blocks writes until it is built (" UNSAFE "); %s", space);
    else if (t && t->kind == 'p')
        ls_buf_addf(&b, "CREATE INDEX CONCURRENTLY on each partition, then ATTACH: reads each twice, blocks no writes; %s", space);
    else
        ls_buf_addf(&b, "CREATE INDEX CONCURRENTLY: reads the table twice, blocks no writes, waits for running transactions; %s",
                    space);
    ls_buf_addf(&b, "; %s", write_cost && write_cost[0] != '\0' ? write_cost : "each write of the table writes one index more");
    v->price = ls_ix_take(ix->arena, &b);
    v->undo = ls_arena_printf(ix->arena, "DROP INDEX %s%s;", ix->is_pg && !(t && t->kind == 'p') ? "CONCURRENTLY " : "", name);
}

void ls_ix_fix_reindex(struct ls_ix *ix, struct ls_index_verdict *v)
{
    int64_t bytes = ix->use[v->index].bytes;

    v->undo = "";
    v->fix = LS_FIX_REINDEX;
    if (ls_ix_is_builder_unsafe(ix)) {
        v->price = "REINDEX INDEX: blocks writes, and queries by it, until it is built (" UNSAFE ")";
        return;
    }
    v->price = ls_arena_printf(ix->arena,
                               "REINDEX INDEX CONCURRENTLY: blocks no writes; needs up to %s beside the old one until it ends; a "
                               "failure leaves an index NAME_ccnew",
                               bytes > 0 ? ls_ix_size(ix->arena, bytes) : "its size once more");
}
