/* Connects and prints one line: "SECURITY", or "CODE: MESSAGE" of the failure. For tests/contract/tls.sh. */
#include <config.h>

#include <stdio.h>

#include "lockstep/db/db.h"

int main(int argc, char **argv)
{
    struct ls_db_params params = {.url = argc == 2 ? argv[1] : ""};
    struct ls_err err = LS_ERR_INIT;
    struct ls_db *db = NULL;

    if (ls_db_open(&params, &db, &err) == LS_OK)
        printf("%s\n", ls_db_info(db)->security);
    else
        printf("%s: %s\n%s\n", ls_rc_name(err.code), err.message, err.hint ? err.hint : "");
    ls_db_close(db);
    ls_err_release(&err);
    return 0;
}
