/* Any JSON as a Drizzle snapshot: statements that our splitter takes, for either dialect, or a refusal. */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/drizzle_ddl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const enum ls_dialect dialects[] = {LS_DIALECT_POSTGRES, LS_DIALECT_SQLITE};
    json_t *root = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES, NULL);

    for (size_t i = 0; root != NULL && i < LS_ARRAY_LEN(dialects); i++) {
        json_t *list = drizzle_entities(root, dialects[i]);
        struct ls_buf out = LS_BUF_INIT;
        struct ls_err err = LS_ERR_INIT;

        if (list != NULL && drizzle_ddl(list, dialects[i], &out, &err) != LS_OK && err.message == NULL) {
            fprintf(stderr, "violated: a refusal says why\n");
            abort();
        }
        ls_err_release(&err);
        ls_buf_release(&out);
        json_decref(list);
    }
    json_decref(root);
    return 0;
}
