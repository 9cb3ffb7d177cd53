/* A database read into a catalogue, without what lockstep and other tools keep in it for themselves. */
#include <config.h>

#include "engine/side_priv.h"

#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/db/catalog.h"
#include "lockstep/engine/journal.h"
#include "lockstep/engine/refs.h"

/* --- a copy with less in it
 * -------------------------------------------------------------------------------------------------------------------- */

struct ls_catalog *side_filter(struct ls_catalog *c, bool (*leave)(void *ctx, const struct ls_catalog *c, const struct ls_fact *f),
                               void *ctx)
{
    struct ls_catalog_builder *b = ls_catalog_builder_new(c->dialect);
    uint32_t *number = ls_calloc(c->n_facts + 1, sizeof(*number));
    struct ls_catalog *out;

    for (uint32_t i = 0; i < c->n_facts; i++) {
        const struct ls_fact *f = &c->facts[i];

        number[i] = leave(ctx, c, f) ? LS_NO_FACT : ls_catalog_add(b, f->kind, f->schema, f->parent, f->name);
        for (uint32_t k = 0; number[i] != LS_NO_FACT && k < f->n_attrs; k++)
            ls_catalog_set(b, number[i], f->attrs[k].attr, f->attrs[k].value);
    }
    for (uint32_t i = 0; i < c->n_deps; i++)
        ls_catalog_depend(b, number[c->deps[i].from], number[c->deps[i].to]);
    for (size_t i = 0; i < c->notes.d.n; i++) {
        const struct ls_diag *d = &c->notes.d.v[i];

        ls_catalog_note(b, d->severity, d->code, d->message, d->hint);
    }
    out = ls_catalog_freeze(b, c->source, c->server, c->server_version);
    memcpy(out->lacks, c->lacks, sizeof(out->lacks));
    memcpy(out->lacks_attr, c->lacks_attr, sizeof(out->lacks_attr));
    free(number);
    ls_catalog_free(c);
    return out;
}

/* --- ledgers
 * ------------------------------------------------------------------------------------------------------------------------------------
 */

typedef LS_VEC(const char *) names;

static void add_name(names *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->v[i], name) == 0)
            return;
    *LS_VEC_PUSH(list) = name;
}

static void add_format(names *list, const struct ls_format *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; f->tables != NULL && f->tables[i] != NULL; i++)
        add_name(list, f->tables[i]);
    if (f->tables == NULL && f->ledger_table != NULL)
        add_name(list, f->ledger_table);
}

/* A tool's own schema ("drizzle" of drizzle.__drizzle_migrations) goes with its tables when nothing else is in it. */
struct leave_schemas {
    const names *ledgers;
};

static bool is_ledger_schema(void *ctx, const struct ls_catalog *c, const struct ls_fact *f)
{
    const struct leave_schemas *l = ctx;
    bool is_ledgers = false;

    if (f->kind != LS_FACT_SCHEMA || strcmp(f->name, "public") == 0)
        return false;
    for (size_t i = 0; i < l->ledgers->n && !is_ledgers; i++) {
        const char *dot = strchr(l->ledgers->v[i], '.');

        is_ledgers = dot != NULL && (size_t)(dot - l->ledgers->v[i]) == strlen(f->name) &&
                     strncmp(l->ledgers->v[i], f->name, strlen(f->name)) == 0;
    }
    for (uint32_t i = 0; i < c->n_facts && is_ledgers; i++)
        is_ledgers = c->facts[i].kind == LS_FACT_SCHEMA || strcmp(c->facts[i].schema, f->name) != 0;
    return is_ledgers;
}

static void drop_ledger_schemas(const names *ledgers, struct ls_catalog **out)
{
    struct leave_schemas ctx = {ledgers};
    bool any = false;

    for (uint32_t i = 0; i < (*out)->n_facts && !any; i++)
        any = is_ledger_schema(&ctx, *out, &(*out)->facts[i]);
    if (any)
        *out = side_filter(*out, is_ledger_schema, &ctx);
}

static void note_left_out(struct side_job *j, const struct ls_seen_ledgers *seen)
{
    struct ls_buf b = LS_BUF_INIT;

    for (size_t i = 0; i < seen->l.n; i++)
        ls_buf_addf(&b, "%s%s's ledger %s", b.len > 0 ? ", " : "", seen->l.v[i].tool, seen->l.v[i].location);
    if (b.len > 0)
        side_note(j, LS_SEV_INFO, "ledger-left-out", NULL, 0, NULL, "left out: %s, what else these tools keep, and %s", b.ptr,
                  LS_JOURNAL_TABLE);
    ls_buf_release(&b);
}

/* The session's own database is looked at again and again where it is kept; any other one once. */
static enum ls_rc read_catalog(const struct side_job *j, struct ls_session *s, struct ls_catalog_opts *opts, struct ls_catalog **out,
                               struct ls_err *err)
{
    enum ls_catalog_how how;

    if (!j->w->is_kept || s != j->w->session)
        return ls_db_catalog(s->db, opts, out, err);
    opts->always = true;
    return ls_db_catalog_refresh(s->db, opts, ls_session_catalog_state(s), out, &how, err);
}

enum ls_rc side_read(struct side_job *j, struct ls_session *s, const struct ls_format *format, const char *ledger_table,
                     const char *source, struct ls_catalog **out, struct ls_err *err)
{
    struct ls_seen_ledgers seen = {0};
    struct ls_catalog_opts opts = {
        .with_sizes = j->opts.with_sizes, .with_definitions = j->opts.with_definitions, .source = source};
    names without = {0};
    char *label = NULL;
    enum ls_rc rc = LS_OK;

    if (!side_tell(j, "reading the catalogue", 0, 0))
        return side_stopped(err);
    if (!j->opts.with_ledger) {
        rc = ls_format_seen_ledgers(s->db, &seen, err);
        for (size_t i = 0; rc == LS_OK && i < seen.l.n; i++) {
            add_name(&without, seen.l.v[i].location);
            add_format(&without, seen.l.v[i].format);
        }
        add_format(&without, format);
        if (ledger_table != NULL)
            add_name(&without, ledger_table);
        add_name(&without, LS_JOURNAL_TABLE);
    }
    *LS_VEC_PUSH(&without) = NULL;
    opts.without = without.v;
    if (source == NULL) {
        label = ls_db_url_label(s->url);
        opts.source = label;
    }
    if (rc == LS_OK)
        rc = read_catalog(j, s, &opts, out, err);
    if (rc == LS_OK)
        ls_refs_check(*out, s->db, without.v, (*out)->arena, &(*out)->notes);
    without.n--;
    if (rc == LS_OK && !j->opts.with_ledger)
        drop_ledger_schemas(&without, out);
    /* Encoding and locale are the scratch server's, not the migrations'. */
    if (rc == LS_OK && source != NULL && (*out)->dialect == LS_DIALECT_POSTGRES)
        (*out)->lacks[LS_FACT_DATABASE] = 1;
    if (rc == LS_OK && source == NULL)
        note_left_out(j, &seen);
    free(label);
    LS_VEC_RELEASE(&without);
    ls_seen_ledgers_release(&seen);
    return rc;
}
