#include <config.h>

#include "lockstep/db/catalog.h"

#include "db/db_internal.h"

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

enum ls_rc ls_db_catalog_mark(struct ls_db *db, struct ls_buf *out, struct ls_err *err)
{
    if (db->ops->catalog_mark == NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "the schema of this kind of database cannot be read");
    return db->ops->catalog_mark(db, out, err);
}
