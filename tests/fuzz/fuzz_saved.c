/* Any bytes as a saved catalogue: refused with a place, or a catalogue that, saved and restored again, is the same text. */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/engine/side.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "violated: %s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ls_buf one = LS_BUF_INIT, two = LS_BUF_INIT;
    struct ls_catalog *c = NULL, *again = NULL;
    struct ls_err err = LS_ERR_INIT;

    if (ls_catalog_restore("fuzz.json", (const char *)data, len, &c, &err) != LS_OK) {
        require(c == NULL && err.message != NULL && strncmp(err.message, "fuzz.json", 9) == 0, "a refusal names the file");
        ls_err_release(&err);
        return 0;
    }
    ls_catalog_save(c, &one);
    require(ls_catalog_restore("fuzz.json", one.ptr, one.len, &again, &err) == LS_OK, "what was saved can be restored");
    require(again->n_facts == c->n_facts && again->n_deps == c->n_deps, "with all that was in it");
    ls_catalog_save(again, &two);
    require(strcmp(one.ptr, two.ptr) == 0, "and is saved as the same text");
    ls_buf_clear(&two);
    ls_catalog_mermaid(c, &two);
    ls_catalog_dot(c, &two);
    require(strchr(two.ptr, '\x1b') == NULL, "a diagram does not steer a terminal");
    ls_catalog_free(c);
    ls_catalog_free(again);
    ls_buf_release(&one);
    ls_buf_release(&two);
    ls_err_release(&err);
    return 0;
}
