/* The objects of a SQLite database by name. */
#include <config.h>

#include "engine/autopsy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lockstep/base/mem.h"

struct named {
    const char *type, *name; /* in res */
};

struct autopsy_names {
    struct ls_result res;
    struct named *v; /* sorted */
    size_t n;
};

/* As SQLite compares them: A to Z are a to z. */
static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int c = strcasecmp(x->name, y->name);

    return c != 0 ? c : strcmp(x->type, y->type);
}

enum ls_rc autopsy_names_read(struct ls_db *db, struct autopsy_names **out, struct ls_err *err)
{
    struct autopsy_names *n;
    enum ls_rc rc;

    *out = NULL;
    if (ls_db_dialect(db) != LS_DIALECT_SQLITE)
        return LS_OK;
    n = ls_calloc(1, sizeof(*n));
    rc = ls_db_query(db, "SELECT type, name FROM sqlite_master", NULL, 0, &n->res, err);
    if (rc != LS_OK) {
        free(n);
        return rc;
    }
    n->v = ls_calloc(n->res.n_rows + 1, sizeof(*n->v));
    for (size_t i = 0; i < n->res.n_rows; i++) {
        const char *type = ls_result_get(&n->res, i, 0), *name = ls_result_get(&n->res, i, 1);

        if (type != NULL && name != NULL)
            n->v[n->n++] = (struct named){type, name};
    }
    if (n->n > 1)
        qsort(n->v, n->n, sizeof(*n->v), by_name);
    *out = n;
    return LS_OK;
}

void autopsy_names_free(struct autopsy_names *n)
{
    if (n == NULL)
        return;
    ls_result_release(&n->res);
    free(n->v);
    free(n);
}

bool autopsy_names_has(const struct autopsy_names *n, const char *type, const char *name)
{
    const struct named key = {type, name};

    return n->n > 0 && bsearch(&key, n->v, n->n, sizeof(key), by_name) != NULL;
}
