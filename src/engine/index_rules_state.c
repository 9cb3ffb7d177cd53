#include <config.h>

#include "engine/index_priv.h"

#include <inttypes.h>
#include <string.h>

#include "lockstep/engine/journal.h"
#include "lockstep/format/format.h"

#define CHANGED_SHARE 0.2
#define CHANGED_ROWS  1000 /* below that a plan does not suffer */
#define STAT1_OFF     10.0
#define FEW_ROWS      50 /* autovacuum_analyze_threshold: below that nobody analyses by himself, and a guess does no harm */
#define PAGE_BYTES    8192
#define NAMES_SHOWN   5

/* --- IX05 invalid --- */

/* "NAME_ccnew", "NAME_ccold3": what REINDEX CONCURRENTLY leaves when it fails. */
static bool is_leftover(const char *name, const char *tail)
{
    size_t n = strlen(name), t = strlen(tail);

    while (n > 0 && name[n - 1] >= '0' && name[n - 1] <= '9')
        n--;
    return n > t && strncmp(name + n - t, tail, t) == 0;
}

static uint32_t valid_twin(const struct ls_usage *u, uint32_t i)
{
    const struct ls_usage_index *x = &u->indexes[i];
    const struct ls_usage_table *t = &u->tables[x->table];
    uint32_t found = LS_NO_USAGE;

    for (uint32_t b = t->first_index; b < t->first_index + t->n_indexes && found == LS_NO_USAGE; b++) {
        const struct ls_usage_index *y = &u->indexes[b];
        bool is_same = b != i && y->is_valid && y->is_ready && x->n_keys > 0 && y->n_keys == x->n_keys &&
                       y->is_unique == x->is_unique && strcmp(y->method, x->method) == 0 && strcmp(y->predicate, x->predicate) == 0;

        for (uint32_t k = 0; k < x->n_keys && is_same; k++)
            is_same = strcmp(y->keys[k].text, x->keys[k].text) == 0 && strcmp(y->keys[k].opclass, x->keys[k].opclass) == 0 &&
                      strcmp(y->keys[k].collation, x->keys[k].collation) == 0 && y->keys[k].is_desc == x->keys[k].is_desc &&
                      y->keys[k].is_nulls_first == x->keys[k].is_nulls_first;
        if (is_same)
            found = b;
    }
    return found;
}

static void invalid(struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_index *x = &ix->u->indexes[i];
    bool is_new = is_leftover(x->name, "_ccnew"), is_old = is_leftover(x->name, "_ccold");
    uint32_t twin = valid_twin(ix->u, i);
    struct ls_index_verdict *v =
        ls_ix_add(ix, LS_IX_INVALID, x->is_unique && twin == LS_NO_USAGE && !is_new && !is_old ? LS_SEV_ERROR : LS_SEV_WARNING,
                  LS_CONF_CERTAIN, x->table, i);
    const char *kept = x->is_ready ? "every write still goes into it" : "writes do not go into it any more";

    v->other = twin;
    v->title = is_new   ? "left over from a REINDEX CONCURRENTLY that failed; the index it was to replace is still in use"
               : is_old ? "left over from a REINDEX CONCURRENTLY: the old index, which it could not drop"
                        : "its build failed: no query uses it";
    v->evidence = ls_arena_printf(
        ix->arena, "(%s), %s, not valid, no build of it is running; %s%s", ls_ix_columns(ix->arena, x),
        ls_ix_size(ix->arena, ix->use[i].bytes), kept,
        x->is_unique && twin == LS_NO_USAGE ? "\nit was to be unique: rows that were there before it may be twice" : "");
    if ((is_new || is_old || twin != LS_NO_USAGE) && ls_ix_may_drop(ix, i)) {
        ls_ix_fix_drop(ix, v);
        ix->is_dropped[i] = !v->ignored;
        if (is_new || is_old)
            v->undo = "";
    } else {
        ls_ix_fix_reindex(ix, v);
    }
}

/* What is being built is invalid until its end, and a partitioned table's index until all partitions have one (trap 9): the latter
 * is IX06. */
void ls_ix_rule_invalid(struct ls_ix *ix)
{
    for (uint32_t i = 0; i < ix->u->n_indexes; i++) {
        const struct ls_usage_index *x = &ix->u->indexes[i];

        if (ix->is_pg && !x->is_valid && x->is_live && !x->is_partitioned && !x->is_building)
            invalid(ix, i);
    }
}

/* --- IX06 partition-index-unattached --- */

static bool has_child_on(const struct ls_usage *u, uint32_t parent, uint32_t table)
{
    const struct ls_usage_table *t = &u->tables[table];

    for (uint32_t i = t->first_index; i < t->first_index + t->n_indexes; i++)
        if (u->indexes[i].parent == parent)
            return true;
    return false;
}

static void unattached(struct ls_ix *ix, uint32_t parent)
{
    const struct ls_usage *u = ix->u;
    const struct ls_usage_index *x = &u->indexes[parent];
    uint32_t n_missing = 0, n_all = 0, n_invalid = 0;
    struct ls_index_verdict *v;
    struct ls_buf names = LS_BUF_INIT, b = LS_BUF_INIT;

    for (uint32_t t = 0; t < u->n_tables; t++) {
        if (u->tables[t].parent != x->table)
            continue;
        n_all++;
        if (has_child_on(u, parent, t))
            continue;
        if (n_missing++ < NAMES_SHOWN)
            ls_buf_addf(&names, "%s%s", names.len > 0 ? ", " : "", ls_ix_table_label(ix->arena, &u->tables[t]));
    }
    for (uint32_t i = 0; i < u->n_indexes; i++)
        n_invalid += u->indexes[i].parent == parent && !u->indexes[i].is_valid;
    v = ls_ix_add(ix, LS_IX_UNATTACHED, LS_SEV_WARNING, LS_CONF_CERTAIN, x->table, parent);
    v->title = n_missing > 0 ? ls_arena_printf(ix->arena, "%u of %u partitions have no index that belongs to it", n_missing, n_all)
                             : ls_arena_printf(ix->arena, "%u of its partitions' indexes %s not valid", n_invalid,
                                               n_invalid == 1 ? "is" : "are");
    ls_buf_addf(&b, "(%s) of %s is not valid", ls_ix_columns(ix->arena, x), ls_ix_table_label(ix->arena, &u->tables[x->table]));
    if (n_missing > 0)
        ls_buf_addf(&b, "\nwithout: %s", names.ptr);
    if (n_missing > NAMES_SHOWN)
        ls_buf_addf(&b, " and %u more", n_missing - NAMES_SHOWN);
    v->evidence = ls_ix_take(ix->arena, &b);
    ls_buf_release(&names);
    if (n_missing == 0)
        return;
    v->fix = LS_FIX_ATTACH;
    v->price = ls_ix_is_builder_unsafe(ix) ? "CREATE INDEX on each of them blocks writes until it is built (PostgreSQL 14.0 to "
                                             "14.3 cannot be trusted with CONCURRENTLY), then ATTACH PARTITION"
                                           : "CREATE INDEX CONCURRENTLY on each of them, then ATTACH PARTITION: blocks no writes; "
                                             "each write of a partition writes one index more";
    v->undo = ls_arena_printf(ix->arena, "the indexes that were made are dropped with the parent's: DROP INDEX %s;",
                              ls_ix_ident(ix->arena, x->name));
}

void ls_ix_rule_unattached(struct ls_ix *ix)
{
    for (uint32_t i = 0; i < ix->u->n_indexes; i++) {
        const struct ls_usage_index *x = &ix->u->indexes[i];

        if (ix->is_pg && x->is_partitioned && !x->is_valid && x->is_live && !x->is_building)
            unattached(ix, i);
    }
}

/* --- IX16 stats-missing --- */

static bool is_called(const struct ls_usage_table *t, const char *name)
{
    size_t n = strlen(t->schema);

    return strcmp(t->name, name) == 0 || (strncmp(name, t->schema, n) == 0 && name[n] == '.' && strcmp(t->name, name + n + 1) == 0);
}

/* The journal and the tools' ledgers are read whole, in order. */
static bool is_ledger(const struct ls_ix *ix, const struct ls_usage_table *t)
{
    size_t n;
    const struct ls_format *const *formats = ls_formats(&n);

    if (is_called(t, LS_JOURNAL_TABLE) || (ix->o->ledger_table && is_called(t, ix->o->ledger_table)))
        return true;
    for (size_t i = 0; i < n; i++) {
        if (formats[i]->ledger_table && is_called(t, formats[i]->ledger_table))
            return true;
        for (size_t k = 0; formats[i]->tables && formats[i]->tables[k]; k++)
            if (is_called(t, formats[i]->tables[k]))
                return true;
    }
    return false;
}

/* So few rows that a plan cannot go wrong by much. After a crash the count of rows may be lost: then the size tells. */
static bool is_few(const struct ls_usage *u, uint32_t i)
{
    const struct ls_usage_table *t = &u->tables[i];
    int64_t live = t->live;

    if (u->dialect == LS_DIALECT_SQLITE)
        return t->rows >= 0 && t->rows <= FEW_ROWS;
    for (uint32_t k = 0; t->kind == 'p' && k < u->n_tables; k++)
        if (u->tables[k].parent == i)
            live += u->tables[k].kind == 'p' ? FEW_ROWS + 1 : u->tables[k].live;
    return live <= FEW_ROWS && t->bytes <= FEW_ROWS * PAGE_BYTES;
}

static void add_stats(struct ls_ix *ix, uint32_t t, enum ls_severity severity, const char *title, const char *evidence)
{
    struct ls_index_verdict *v = ls_ix_add(ix, LS_IX_STATS_MISSING, severity, LS_CONF_CERTAIN, t, LS_NO_USAGE);

    v->title = title;
    v->evidence = evidence;
    v->fix = LS_FIX_ANALYZE;
    v->price = ix->is_pg ? "ANALYZE reads a sample of the table; it blocks neither reads nor writes"
                         : "PRAGMA optimize reads parts of the indexes; one short write transaction";
}

/* A crash forgets last_analyze and keeps reltuples (trap 1): both have to say never. */
static void stats_pg(struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_table *t = &ix->u->tables[i];

    if (t->last_analyze_us == 0 && t->rows < 0 && t->kind == 'p') {
        add_stats(ix, i, LS_SEV_INFO, "never analysed as a whole: autovacuum does not do that for a partitioned table",
                  "no ANALYZE of the partitioned table was seen; its partitions are analysed one by one");
    } else if (t->last_analyze_us == 0 && t->rows < 0) {
        add_stats(
            ix, i, LS_SEV_WARNING, "never analysed: the planner guesses",
            ls_arena_printf(ix->arena, "%s, about %" PRId64 " row%s, no statistics", ls_ix_size(ix->arena, t->bytes), t->live,
                            t->live == 1 ? "" : "s"));
    } else if (t->rows > 0 && t->changed_since_analyze >= CHANGED_ROWS &&
               (double)t->changed_since_analyze > CHANGED_SHARE * t->rows) {
        add_stats(ix, i, LS_SEV_INFO, "many rows have changed since the last ANALYZE",
                  ls_arena_printf(ix->arena, "%" PRId64 " of about %.0f rows (%.0f %%)%s%s", t->changed_since_analyze, t->rows,
                                  100.0 * (double)t->changed_since_analyze / t->rows, t->last_analyze_us > 0 ? "; last on " : "",
                                  t->last_analyze_us > 0 ? ls_ix_date(ix->arena, t->last_analyze_us) : ""));
    }
}

/* sqlite_stat1: "ROWS AVG1 AVG2 ..." */
static double stat1_rows(const char *stat1)
{
    double rows = 0;

    for (; *stat1 >= '0' && *stat1 <= '9'; stat1++)
        rows = rows * 10 + (*stat1 - '0');
    return rows;
}

static void stats_sqlite(struct ls_ix *ix, uint32_t i)
{
    const struct ls_usage_table *t = &ix->u->tables[i];

    for (uint32_t k = t->first_index; k < t->first_index + t->n_indexes; k++) {
        const struct ls_usage_index *x = &ix->u->indexes[k];
        double rows = x->stat1 ? stat1_rows(x->stat1) : -1;

        if (x->predicate[0] != '\0' || t->rows == 0) /* a partial index counts its own rows only; an empty table gets no line */
            continue;
        if (rows < 0) {
            add_stats(ix, i, LS_SEV_INFO, "no statistics: the planner guesses",
                      ls_arena_printf(ix->arena, "sqlite_stat1 has no line for %s", x->name));
            return;
        }
        if (t->rows > 0 && (t->rows > STAT1_OFF * (rows > 0 ? rows : 1) || rows > STAT1_OFF * t->rows)) {
            add_stats(ix, i, LS_SEV_WARNING, "its statistics are of another size of the table",
                      ls_arena_printf(ix->arena, "sqlite_stat1 says %.0f rows, there are about %.0f", rows, t->rows));
            return;
        }
    }
}

/* Without sqlite_stat1 there is one thing to say, not one for each table. */
static void no_stat1(struct ls_ix *ix)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < ix->u->n_tables; i++)
        n += ix->u->tables[i].n_indexes > 0 && !is_few(ix->u, i) && !is_ledger(ix, &ix->u->tables[i]);
    if (n > 0)
        add_stats(ix, LS_NO_USAGE, LS_SEV_INFO, "no statistics at all: the planner guesses",
                  ls_arena_printf(ix->arena, "there is no sqlite_stat1; %u table%s with indexes", n, n == 1 ? "" : "s"));
}

void ls_ix_rule_stats(struct ls_ix *ix)
{
    if (!ix->is_pg && !ix->u->has_stat1) {
        no_stat1(ix);
        return;
    }
    for (uint32_t i = 0; i < ix->u->n_tables; i++) {
        if (is_few(ix->u, i) || is_ledger(ix, &ix->u->tables[i]))
            continue;
        if (ix->is_pg)
            stats_pg(ix, i);
        else if (ix->u->tables[i].kind != 'v')
            stats_sqlite(ix, i);
    }
}
