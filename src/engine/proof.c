/* The applied migrations against the database. */
#include <config.h>

#include "lockstep/engine/proof.h"

#include <string.h>

#include "lockstep/base/mem.h"

const char *ls_proof_name(enum ls_proof_state s)
{
    static const char *const names[] = {[LS_PROOF_NOT_HAD] = "not proved", [LS_PROOF_EQUAL] = "proved", [LS_PROOF_DIFFERS] = "differs"};

    return names[s];
}

static enum ls_rc load(struct ls_side_world *w, const char *text, struct ls_catalog **out, struct ls_err *err)
{
    struct ls_side side;
    enum ls_rc rc = ls_side_parse(text, &side, err);

    if (rc == LS_OK)
        rc = ls_side_load(w, &side, NULL, out, err);
    ls_side_release(&side);
    return rc;
}

enum ls_rc ls_prove_schema(struct ls_side_world *w, const struct ls_diff_opts *opts, struct ls_proof *out, struct ls_err *err)
{
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    rc = load(w, ls_side_kind_name(LS_SIDE_LIVE), &out->live, &own);
    if (rc == LS_OK)
        rc = load(w, ls_side_kind_name(LS_SIDE_MIGRATIONS), &out->promised, &own);
    if (rc == LS_OK) {
        ls_diff_make(out->promised, out->live, opts, &out->diff);
        out->state = ls_diff_is_equal(&out->diff) ? LS_PROOF_EQUAL : LS_PROOF_DIFFERS;
    } else if (rc == LS_E_CANCELLED) {
        if (err != NULL)
            ls_err_move(err, &own);
    } else {
        out->why = ls_strdup(own.message != NULL ? own.message : "it could not be read");
        rc = LS_OK;
    }
    ls_err_release(&own);
    return rc;
}

void ls_proof_release(struct ls_proof *p)
{
    ls_diff_release(&p->diff);
    ls_catalog_free(p->promised);
    ls_catalog_free(p->live);
    free(p->why);
    memset(p, 0, sizeof(*p));
}
