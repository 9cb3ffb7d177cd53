#include <config.h>

#include "lockstep/model/ledger.h"

void ls_ledger_release(struct ls_ledger *l)
{
    LS_VEC_RELEASE(&l->rows);
    LS_VEC_RELEASE(&l->heads);
    LS_VEC_RELEASE(&l->legacy_versions);
    ls_arena_free(l->arena);
    l->arena = NULL;
}
