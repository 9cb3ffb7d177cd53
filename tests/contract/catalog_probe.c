/* catalog_probe URL_A URL_B: the differences between two live schemas as text; 0 none, 1 some, 2 it could not be read.
 * catalog_probe URL: how many facts.
 * catalog_probe --schema FILE MAJOR: the schema of the tests in the words of that version of PostgreSQL; 2 when they are not in it. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/older_pg.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/file.h"
#include "lockstep/db/catalog.h"
#include "lockstep/diff/diff.h"

/* The second read finds nothing else. */
static bool is_stable(struct ls_db *db, struct ls_err *err)
{
    struct ls_catalog_state *state = NULL;
    struct ls_catalog *c = NULL, *again = NULL;
    enum ls_catalog_how how = LS_CATALOG_WHOLE;
    bool is_good = ls_db_catalog_refresh(db, NULL, &state, &c, &how, err) == LS_OK &&
                   ls_db_catalog_refresh(db, NULL, &state, &again, &how, err) == LS_OK;

    if (is_good && how == LS_CATALOG_WHOLE)
        is_good = ls_err_set(err, LS_E_INTERNAL, "the second read was no shorter") == LS_OK;
    ls_catalog_free(c);
    ls_catalog_free(again);
    ls_catalog_state_free(state);
    return is_good;
}

static struct ls_catalog *read_url(const char *url)
{
    struct ls_db_params p = {.url = url};
    struct ls_err err = LS_ERR_INIT;
    struct ls_catalog *c = NULL;
    struct ls_db *db = NULL;

    if (ls_db_open(&p, &db, &err) != LS_OK || ls_db_catalog(db, NULL, &c, &err) != LS_OK || !is_stable(db, &err)) {
        fprintf(stderr, "%s\n", err.message);
        ls_catalog_free(c);
        c = NULL;
    }
    ls_db_close(db);
    ls_err_release(&err);
    return c;
}

static int print_schema(const char *file, int major)
{
    struct ls_buf sql = LS_BUF_INIT, own = LS_BUF_INIT;
    struct ls_err err = LS_ERR_INIT;
    int status = 2;

    if (ls_file_read(file, 0, SIZE_MAX, &sql, &err) != LS_OK)
        fprintf(stderr, "%s\n", err.message);
    else if (!older_write(older_schema, sizeof(older_schema) / sizeof(*older_schema), sql.ptr, major, &own))
        fputs("older_pg.h names words that are not in the schema\n", stderr);
    else
        status = fputs(own.ptr, stdout) >= 0 ? 0 : 2;
    ls_err_release(&err);
    ls_buf_release(&sql);
    ls_buf_release(&own);
    return status;
}

int main(int argc, char **argv)
{
    static const struct ls_diff_opts opts = {.with_owner = true, .with_rights = true, .with_order = true};
    struct ls_buf text = LS_BUF_INIT;
    struct ls_catalog *a, *b;
    struct ls_diff d;
    int status = 2;

    if (argc == 4 && strcmp(argv[1], "--schema") == 0)
        return print_schema(argv[2], atoi(argv[3]));
    a = argc > 1 ? read_url(argv[1]) : NULL;
    b = argc > 2 ? read_url(argv[2]) : NULL;
    if (a != NULL && b != NULL) {
        ls_diff_make(a, b, &opts, &d);
        ls_diff_print_unified(&d, &text);
        fputs(text.ptr, stdout);
        status = ls_diff_is_equal(&d) ? 0 : 1;
        ls_diff_release(&d);
    } else if (a != NULL && argc == 2) {
        printf("%u facts, %zu notes\n", a->n_facts, a->notes.d.n);
        status = 0;
    }
    ls_buf_release(&text);
    ls_catalog_free(a);
    ls_catalog_free(b);
    return status;
}
