/* The applied migrations against the database. */
#include <config.h>

#include "lockstep/engine/proof.h"

#include <string.h>

#include "lockstep/base/mem.h"

const char *ls_proof_name(enum ls_proof_state s)
{
    static const char *const names[] = {
        [LS_PROOF_NOT_HAD] = "not proved", [LS_PROOF_EQUAL] = "proved", [LS_PROOF_DIFFERS] = "differs"};

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

static bool is_missing_name(const struct ls_err *err)
{
    static const char *const states[] = {"42P01", "42703", "42883", "42704", "3F000"};

    for (size_t i = 0; i < LS_ARRAY_LEN(states); i++)
        if (strcmp(err->sqlstate, states[i]) == 0)
            return true;
    return err->message != NULL &&
           (strstr(err->message, "no such table") != NULL || strstr(err->message, "no such column") != NULL);
}

enum ls_rc ls_prove_pending(struct ls_side_world *w, char **why, struct ls_err *err)
{
    struct ls_side_opts opts = {.has_dialect = true};
    char *text = ls_asprintf("dir:%s", ls_session_params(w->session)->migrations_dir);
    struct ls_catalog *c = NULL;
    struct ls_side side;
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc = ls_side_parse(text, &side, &own);

    *why = NULL;
    if (rc == LS_OK)
        rc = ls_db_url_dialect(ls_session_params(w->session)->url, &opts.dialect, &own);
    if (rc == LS_OK)
        rc = ls_side_load(w, &side, &opts, &c, &own);
    if (rc == LS_E_CANCELLED && err != NULL)
        ls_err_move(err, &own);
    else if (rc == LS_E_SQL && is_missing_name(&own))
        *why = ls_asprintf("%s%s%s", own.message, own.hint != NULL ? "; " : "", own.hint != NULL ? own.hint : "");
    ls_catalog_free(c);
    ls_side_release(&side);
    ls_err_release(&own);
    free(text);
    return rc == LS_E_CANCELLED ? rc : LS_OK;
}

void ls_proof_release(struct ls_proof *p)
{
    ls_diff_release(&p->diff);
    ls_catalog_free(p->promised);
    ls_catalog_free(p->live);
    free(p->why);
    memset(p, 0, sizeof(*p));
}
