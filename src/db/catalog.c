#include <config.h>

#include "lockstep/db/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "db/db_internal.h"
#include "lockstep/base/buf.h"

enum ls_rc ls_db_catalog(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog **out, struct ls_err *err)
{
    struct ls_catalog_opts own = {0};

    if (opts != NULL)
        own = *opts;
    if (own.source == NULL)
        own.source = db->info.database;
    *out = NULL;
    if (db->ops->catalog == NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "the schema of this kind of database cannot be read");
    return db->ops->catalog(db, &own, out, err);
}

void ls_catalog_state_free(struct ls_catalog_state *s)
{
    if (s == NULL)
        return;
    free(s->opts);
    s->free(s);
}

static void describe_list(struct ls_buf *out, const char *const *list)
{
    ls_buf_addc(out, list == NULL ? '-' : '+');
    for (size_t i = 0; list != NULL && list[i] != NULL; i++)
        ls_buf_addf(out, "%zu:%s", strlen(list[i]), list[i]);
}

static void describe_opts(struct ls_buf *out, const struct ls_catalog_opts *opts)
{
    ls_buf_addf(out, "%d%d%s", opts->with_sizes, opts->with_definitions, opts->source ? opts->source : "");
    describe_list(out, opts->schemas);
    describe_list(out, opts->without);
}

enum ls_rc ls_db_catalog_refresh(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog_state **state, struct ls_catalog **out,
                                 enum ls_catalog_how *how, struct ls_err *err)
{
    struct ls_catalog_opts own = {0};
    struct ls_catalog_state *next;
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc;

    if (opts != NULL)
        own = *opts;
    if (own.source == NULL)
        own.source = db->info.database;
    *out = NULL;
    if (db->ops->catalog_refresh == NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "the schema of this kind of database cannot be read");
    describe_opts(&text, &own);
    next = *state != NULL && (*state)->ops == db->ops && strcmp((*state)->opts, text.ptr) == 0 ? *state : NULL;
    rc = db->ops->catalog_refresh(db, &own, &next, out, how, err);
    if (rc == LS_OK && next != *state) {
        ls_catalog_state_free(*state);
        next->ops = db->ops;
        next->opts = ls_buf_detach(&text);
        *state = next;
    }
    ls_buf_release(&text);
    return rc;
}
