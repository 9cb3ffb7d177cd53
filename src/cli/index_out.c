/* cli/index_out.c: usage and verdicts as text, CSV and Markdown. */
#include <config.h>

#include "cli/index.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"

#define BAR_CELLS 8

/* --- words --------------------------------------------------------------------------------------------------------------------- */

void cli_index_keys(const struct ls_usage *u, const struct ls_usage_index *i, struct ls_buf *out)
{
    bool first_up = u->dialect == LS_DIALECT_SQLITE; /* where NULLs go when nothing is said: SQLite takes them for the smallest */

    for (uint32_t k = 0; k < i->n_keys; k++) {
        const struct ls_usage_key *key = &i->keys[k];

        ls_buf_addf(out, "%s%s%s%s", k == 0 ? "(" : ", ", key->text, key->is_desc ? " DESC" : "",
                    key->is_nulls_first == (key->is_desc != first_up) ? "" : key->is_nulls_first ? " NULLS FIRST" : " NULLS LAST");
    }
    ls_buf_adds(out, i->n_keys > 0 ? ")" : "()");
    for (uint32_t k = 0; k < i->n_include; k++)
        ls_buf_addf(out, "%s%s%s", k == 0 ? " INCLUDE (" : ", ", i->include[k], k + 1 == i->n_include ? ")" : "");
    if (i->predicate[0])
        ls_buf_addf(out, " WHERE %s", i->predicate);
    if (strcmp(i->method, "btree") != 0)
        ls_buf_addf(out, " %s", i->method);
}

void cli_index_spec(const struct cli_index *x, const struct ls_index_spec *s, struct ls_buf *out)
{
    if (ls_index_spec_sql(out, x->r.usage->dialect, s, 0, NULL) != LS_OK)
        ls_buf_addf(out, "CREATE INDEX %s ON %s (?)", s->name, s->table); /* a name that cannot be SQL: it is to be seen, and not to be run */
}

/* What it is there for beyond being read. */
static void add_purpose(const struct ls_usage *u, const struct ls_usage_index *i, struct ls_buf *out)
{
    const struct {
        bool is;
        const char *word;
    } words[] = {
        {i->is_building, "being built"},
        {!i->is_valid && !i->is_building, "INVALID"},
        {i->is_primary, "primary key"},
        {i->is_unique && !i->is_primary, "unique"},
        {i->is_exclusion, "exclusion"},
        {i->constraint[0] && !i->is_primary && !i->is_exclusion, "constraint"},
        {i->is_fk_target, "foreign key's target"},
        {i->is_replica_identity, "replica identity"},
        {i->is_clustered, "clustered"},
        {i->is_partitioned, "of all partitions"},
        {i->is_partition, "of a partition"},
        {i->is_in_query, "INDEXED BY"},
    };
    size_t start = out->len;
    bool is_fk = false;

    for (size_t w = 0; w < LS_ARRAY_LEN(words); w++)
        if (words[w].is)
            ls_buf_addf(out, "%s%s", out->len > start ? ", " : "", words[w].word);
    for (uint32_t f = u->tables[i->table].first_fk; f < u->tables[i->table].first_fk + u->tables[i->table].n_fks; f++)
        if (u->fks[f].index != LS_NO_USAGE && &u->indexes[u->fks[f].index] == i)
            is_fk = true;
    if (is_fk)
        ls_buf_addf(out, "%sforeign key", out->len > start ? ", " : "");
}

/* Queries of the workload whose plan names it. */
static void add_queries(const struct cli_index *x, uint32_t index, struct ls_buf *out)
{
    const struct ls_advices *a = &x->r.advices;
    uint32_t n = 0;

    for (uint32_t p = 0; a->arena && a->uses && p < a->n_plans && p < x->r.workload.n_queries; p++) {
        if (!a->uses[(size_t)p * x->r.usage->n_indexes + index])
            continue;
        if (n++ < 3)
            ls_buf_addf(out, "%s%s", n > 1 ? ", " : "", x->r.workload.queries[p].name);
    }
    if (n > 3)
        ls_buf_addf(out, " and %u more", n - 3);
}

static void day_text(int64_t us, char out[LS_ISO_LEN])
{
    ls_iso_utc(us, out);
    out[10] = '\0';
}

static void size_cell(struct cli_table *t, int64_t bytes)
{
    char text[LS_ISO_LEN] = "";

    if (bytes >= 0)
        ls_size_text(bytes, text);
    cli_table_add(t, text);
}

static void count_cell(struct cli_table *t, int64_t n)
{
    if (n >= 0)
        cli_table_addf(t, "%" PRId64, n);
    else
        cli_table_add(t, "");
}

static void rate_cell(struct cli_table *t, const struct ls_past *p)
{
    if (p && p->per_hour >= 0)
        cli_table_addf(t, p->per_hour >= 10 ? "%.0f" : "%.1f", p->per_hour);
    else
        cli_table_add(t, "");
}

static void bloat_cell(struct cli_table *t, const struct ls_usage_index *i)
{
    if (i->bloat >= 0)
        cli_table_addf(t, "%.0f%% %s", i->bloat * 100, ls_bloat_name(i->bloat_how));
    else
        cli_table_add(t, "");
}

/* --- order --------------------------------------------------------------------------------------------------------------------- */

enum ls_rc cli_index_sort(struct cli_ctx *ctx, enum ls_index_sort *out)
{
    const char *word = ctx->v->text[CLI_OPT_SORT], *near;
    size_t n;
    const char *const *words = ls_index_sort_names(&n);

    *out = LS_INDEX_BY_NAME;
    if (!cli_has(ctx, CLI_O(SORT)))
        return LS_OK;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(words[i], word) == 0) {
            *out = (enum ls_index_sort)i;
            return LS_OK;
        }
    }
    near = ls_nearest_word(word, words, n);
    return ls_err_set(&ctx->error, LS_E_USAGE, "nothing can be sorted by '%s'%s%s%s; there are name, scans, rate, last, size and bloat", word,
                      near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* The indexes that are shown, in order; of a table alone when it is one. Caller frees. */
static uint32_t *rows_of(const struct cli_index *x, uint32_t table, enum ls_index_sort sort, size_t *n)
{
    const struct ls_usage *u = x->r.usage;
    uint32_t *rows = ls_calloc(u->n_indexes + 1, sizeof(*rows));

    *n = 0;
    for (uint32_t i = 0; i < u->n_indexes; i++)
        if (table == LS_NO_USAGE || u->indexes[i].table == table)
            rows[(*n)++] = i;
    ls_index_sort(&x->r, sort, rows, *n);
    return rows;
}

/* --- the table ----------------------------------------------------------------------------------------------------------------- */

static void bar_cell(struct cli_index *x, struct cli_table *t, int64_t n, int64_t most)
{
    struct ls_buf b = LS_BUF_INIT;

    if (n > 0 && most > 0)
        for (int64_t c = 0; c < (n * BAR_CELLS + most - 1) / most; c++)
            ls_buf_adds(&b, x->ctx->io->ascii ? "#" : "\xe2\x96\x88");
    cli_table_add(t, b.ptr);
    ls_buf_release(&b);
}

static void table_row(struct cli_index *x, struct cli_table *t, uint32_t table)
{
    const struct ls_usage_table *s = &x->r.usage->tables[table];
    struct ls_buf label = LS_BUF_INIT, facts = LS_BUF_INIT;
    double by_index = ls_usage_index_share(s), hot = ls_usage_hot_share(s);

    ls_usage_table_label(s, &label);
    if (s->rows >= 0)
        ls_buf_addf(&facts, "%.0f row%s", s->rows, s->rows == 1 ? "" : "s");
    if (by_index >= 0)
        ls_buf_addf(&facts, "%s%.0f%% of %" PRId64 " scan%s by an index", facts.len > 0 ? "; " : "", by_index * 100, s->seq_scans + s->idx_scans,
                    s->seq_scans + s->idx_scans == 1 ? "" : "s");
    if (hot >= 0)
        ls_buf_addf(&facts, "%s%.0f%% of updates HOT", facts.len > 0 ? "; " : "", hot * 100);
    cli_table_add(t, label.ptr);
    for (int c = 0; c < 4; c++)
        cli_table_add(t, "");
    size_cell(t, s->bytes);
    for (int c = 0; c < 4; c++)
        cli_table_add(t, "");
    cli_table_add(t, facts.ptr);
    ls_buf_release(&label);
    ls_buf_release(&facts);
}

static void index_row(struct cli_index *x, struct cli_table *t, uint32_t i, bool with_table, const struct ls_index_total *total)
{
    const struct ls_usage_index *k = &x->r.usage->indexes[i];
    struct ls_buf text = LS_BUF_INIT;
    char day[LS_ISO_LEN] = "";

    if (with_table)
        ls_usage_table_label(&x->r.usage->tables[k->table], &text);
    cli_table_addf(t, "%s%s%s", text.ptr, with_table ? " " : "  ", k->name);
    count_cell(t, k->scans);
    bar_cell(x, t, k->scans, x->ctx->io->out_is_tty ? total->max_scans : 0);
    rate_cell(t, ls_index_past(&x->r, i));
    if (ls_index_last_read(&x->r, i) > 0)
        day_text(ls_index_last_read(&x->r, i), day);
    cli_table_add(t, day);
    size_cell(t, k->bytes);
    bar_cell(x, t, k->bytes, x->ctx->io->out_is_tty ? total->max_bytes : 0);
    bloat_cell(t, k);
    ls_buf_clear(&text);
    add_purpose(x->r.usage, k, &text);
    cli_table_add(t, text.ptr);
    ls_buf_clear(&text);
    add_queries(x, i, &text);
    cli_table_add(t, text.ptr);
    ls_buf_clear(&text);
    cli_index_keys(x->r.usage, k, &text);
    cli_table_add(t, text.ptr);
    ls_buf_release(&text);
}

static void totals(struct cli_index *x, uint32_t table, const struct ls_index_total *total)
{
    const struct ls_usage *u = x->r.usage;
    int64_t heap = 0;
    uint32_t n_tables = 0;
    char a[LS_ISO_LEN], b[LS_ISO_LEN];

    for (uint32_t t = 0; t < u->n_tables; t++) {
        if ((table != LS_NO_USAGE && t != table) || u->tables[t].kind == 'p')
            continue;
        heap += u->tables[t].bytes > 0 ? u->tables[t].bytes : 0;
        n_tables++;
    }
    ls_size_text(total->bytes, a);
    ls_size_text(heap, b);
    if (total->bytes > 0 || heap > 0)
        cli_print(x->ctx, "%u index%s, %s, on %u table%s, %s", total->n, total->n == 1 ? "" : "es", a, n_tables, n_tables == 1 ? "" : "s", b);
    else
        cli_print(x->ctx, "%u index%s on %u table%s", total->n, total->n == 1 ? "" : "es", n_tables, n_tables == 1 ? "" : "s");
}

/* Without the columns that nothing is known for: SQLite counts no scans. */
static void print_filled(const struct cli_ctx *ctx, const struct cli_table *t)
{
    struct cli_column *columns = LS_ARENA_ARRAY(t->arena, struct cli_column, t->n_columns);
    bool *is_used = LS_ARENA_ARRAY(t->arena, bool, t->n_columns);
    struct cli_table shown;
    size_t n = 0;

    for (size_t i = 0; i < t->cells.n; i++)
        is_used[i % t->n_columns] = is_used[i % t->n_columns] || t->cells.v[i][0] != '\0';
    for (size_t c = 0; c < t->n_columns; c++)
        if (is_used[c])
            columns[n++] = t->columns[c];
    cli_table_init(&shown, columns, n);
    for (size_t i = 0; i < t->cells.n; i++)
        if (is_used[i % t->n_columns])
            cli_table_add(&shown, t->cells.v[i]);
    if (n > 0)
        cli_table_print(ctx, &shown, false);
    cli_table_release(&shown);
}

static void print_usage(struct cli_index *x, uint32_t table, enum ls_index_sort sort)
{
    static const struct cli_column columns[] = {{"TABLE AND INDEX", CLI_LEFT}, {"SCANS", CLI_RIGHT}, {"", CLI_LEFT},      {"PER HOUR", CLI_RIGHT},
                                                {"LAST READ", CLI_LEFT},       {"SIZE", CLI_RIGHT},  {"", CLI_LEFT},      {"BLOAT", CLI_RIGHT},
                                                {"SERVES AS", CLI_LEFT},       {"QUERIES", CLI_LEFT}, {"KEYS", CLI_LEFT}};
    const struct ls_usage *u = x->r.usage;
    struct cli_table t;
    struct ls_index_total total;
    size_t n;
    uint32_t *rows = rows_of(x, table, sort, &n);

    cli_table_init(&t, columns, LS_ARRAY_LEN(columns));
    ls_index_total(&x->r, rows, n, &total);
    if (sort != LS_INDEX_BY_NAME) {
        for (size_t i = 0; i < n; i++)
            index_row(x, &t, rows[i], true, &total);
    } else {
        for (uint32_t s = 0; s < u->n_tables; s++) {
            if (table != LS_NO_USAGE && s != table)
                continue;
            table_row(x, &t, s);
            for (uint32_t i = u->tables[s].first_index; i < u->tables[s].first_index + u->tables[s].n_indexes; i++)
                index_row(x, &t, i, false, &total);
        }
    }
    print_filled(x->ctx, &t);
    cli_table_release(&t);
    free(rows);
    totals(x, table, &total);
}

/* --- the whole ----------------------------------------------------------------------------------------------------------------- */

static void print_head(struct cli_index *x)
{
    const struct ls_usage *u = x->r.usage;

    cli_print(x->ctx, "target    %s, %s%s", u->database, u->server, u->in_recovery ? ", a standby" : "");
    if (x->r.verdicts.window && x->r.verdicts.window[0])
        cli_print(x->ctx, "counters  %s", x->r.verdicts.window);
    if (x->r.n_standbys > 0 || x->req.n_standbys > 0)
        cli_print(x->ctx, "standbys  %u of %u read", x->r.n_standbys, x->req.n_standbys);
    if (x->r.workload.arena)
        cli_print(x->ctx, "workload  %s, %u quer%s", x->r.workload.source, x->r.workload.n_queries, x->r.workload.n_queries == 1 ? "y" : "ies");
    cli_print(x->ctx, "%s", "");
}

void cli_index_print(struct cli_index *x, uint32_t table, enum ls_index_sort sort)
{
    print_head(x);
    print_usage(x, table, sort);
    cli_index_verdicts(x, table);
}

/* --- CSV and Markdown ------------------------------------------------------------------------------------------------------------ */

void cli_index_csv(struct cli_index *x, uint32_t table, enum ls_index_sort sort)
{
    static const struct cli_column columns[] = {{"SCHEMA", CLI_LEFT},   {"TABLE", CLI_LEFT}, {"INDEX", CLI_LEFT},     {"SCANS", CLI_RIGHT},
                                                {"PER HOUR", CLI_RIGHT}, {"LAST READ", CLI_LEFT}, {"BYTES", CLI_RIGHT}, {"BLOAT", CLI_RIGHT},
                                                {"SERVES AS", CLI_LEFT}, {"KEYS", CLI_LEFT},  {"VERDICTS", CLI_LEFT},  {"DEFINITION", CLI_LEFT}};
    struct cli_table t;
    size_t n;
    uint32_t *rows = rows_of(x, table, sort, &n);

    cli_table_init(&t, columns, LS_ARRAY_LEN(columns));
    for (size_t i = 0; i < n; i++) {
        const struct ls_usage_index *k = &x->r.usage->indexes[rows[i]];
        struct ls_buf text = LS_BUF_INIT;
        char when[LS_ISO_LEN] = "";

        cli_table_add(&t, k->schema);
        cli_table_add(&t, x->r.usage->tables[k->table].name);
        cli_table_add(&t, k->name);
        count_cell(&t, k->scans);
        rate_cell(&t, ls_index_past(&x->r, rows[i]));
        if (ls_index_last_read(&x->r, rows[i]) > 0)
            ls_iso_utc(ls_index_last_read(&x->r, rows[i]), when);
        cli_table_add(&t, when);
        count_cell(&t, k->bytes);
        bloat_cell(&t, k);
        add_purpose(x->r.usage, k, &text);
        cli_table_add(&t, text.ptr);
        ls_buf_clear(&text);
        cli_index_keys(x->r.usage, k, &text);
        cli_table_add(&t, text.ptr);
        ls_buf_clear(&text);
        for (uint32_t j = 0; j < x->r.verdicts.n; j++)
            if (x->r.verdicts.v[j].index == rows[i] && cli_index_shows(&x->r.verdicts.v[j], LS_NO_USAGE, cli_has(x->ctx, CLI_O(ALL))))
                ls_buf_addf(&text, "%s%s", text.len > 0 ? " " : "", ls_verdict_code(x->r.verdicts.v[j].id));
        cli_table_add(&t, text.ptr);
        cli_table_add(&t, k->definition);
        ls_buf_release(&text);
    }
    cli_table_print(x->ctx, &t, true);
    cli_table_release(&t);
    free(rows);
}

/* A cell of a Markdown table: one line, no '|' and no markup of others. */
static void md(struct cli_index *x, struct ls_buf *out, const char *text)
{
    char *clean = cli_clean(x->ctx, text);

    for (const char *p = clean; *p; p++) {
        if (strchr("\\|`*_[]<>", *p))
            ls_buf_addc(out, '\\');
        ls_buf_addc(out, *p);
    }
    free(clean);
}

static void md_row(struct cli_index *x, struct ls_buf *out, uint32_t i)
{
    const struct ls_usage_index *k = &x->r.usage->indexes[i];
    struct ls_buf text = LS_BUF_INIT;
    char size[LS_ISO_LEN] = "";

    if (k->bytes >= 0)
        ls_size_text(k->bytes, size);
    ls_usage_table_label(&x->r.usage->tables[k->table], &text);
    ls_buf_adds(out, "| ");
    md(x, out, text.ptr);
    ls_buf_adds(out, " | ");
    md(x, out, k->name);
    if (k->scans >= 0)
        ls_buf_addf(out, " | %" PRId64 " | %s | ", k->scans, size);
    else
        ls_buf_addf(out, " | | %s | ", size);
    ls_buf_clear(&text);
    cli_index_keys(x->r.usage, k, &text);
    md(x, out, text.ptr);
    ls_buf_adds(out, " | ");
    ls_buf_clear(&text);
    add_purpose(x->r.usage, k, &text);
    md(x, out, text.ptr);
    ls_buf_adds(out, " |\n");
    ls_buf_release(&text);
}

void cli_index_markdown(struct cli_index *x, uint32_t table, enum ls_index_sort sort)
{
    struct ls_buf out = LS_BUF_INIT;
    size_t n;
    uint32_t *rows = rows_of(x, table, sort, &n);

    ls_buf_adds(&out, "# Indexes of ");
    md(x, &out, x->r.usage->database);
    ls_buf_addf(&out, "\n\n");
    md(x, &out, x->r.usage->server);
    if (x->r.verdicts.window && x->r.verdicts.window[0]) {
        ls_buf_adds(&out, ", counters ");
        md(x, &out, x->r.verdicts.window);
    }
    ls_buf_adds(&out, "\n\n| Table | Index | Scans | Size | Keys | Serves as |\n|---|---|--:|--:|---|---|\n");
    for (size_t i = 0; i < n; i++)
        md_row(x, &out, rows[i]);
    ls_buf_adds(&out, "\n## Verdicts\n\n");
    for (uint32_t i = 0; i < x->r.verdicts.n; i++) {
        const struct ls_index_verdict *v = &x->r.verdicts.v[i];

        if (!cli_index_shows(v, table, cli_has(x->ctx, CLI_O(ALL))))
            continue;
        ls_buf_addf(&out, "- **%s %s** ", ls_severity_name(v->severity), ls_verdict_code(v->id));
        md(x, &out, v->object);
        ls_buf_addf(&out, " (%s): ", ls_confidence_name(v->confidence));
        md(x, &out, v->title);
        for (const char *p = v->evidence; p && *p;) {
            size_t len = strcspn(p, "\n");
            char *line = ls_strndup(p, len);

            ls_buf_adds(&out, "\n  - ");
            md(x, &out, line);
            free(line);
            p += len + (p[len] == '\n');
        }
        ls_buf_addc(&out, '\n');
    }
    cli_data(x->ctx, out.ptr, out.len);
    ls_buf_release(&out);
    free(rows);
}
