#include <config.h>

#include "lockstep/db/usage.h"

#include "db/db_internal.h"

enum ls_rc ls_db_usage(struct ls_db *db, const struct ls_usage_opts *opts, struct ls_usage **out, struct ls_err *err)
{
    struct ls_usage_opts own = {0};

    if (opts != NULL)
        own = *opts;
    if (own.bloat_max_bytes <= 0)
        own.bloat_max_bytes = 1LL << 30;
    *out = NULL;
    if (db->ops->usage == NULL)
        return ls_err_set(err, LS_E_UNSUPPORTED, "how the indexes of this kind of database are used cannot be read");
    return db->ops->usage(db, &own, out, err);
}
