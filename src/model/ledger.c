#include <config.h>

#include "lockstep/model/ledger.h"

#include <inttypes.h>
#include <stdio.h>

#include "lockstep/base/hash.h"

void ls_ledger_release(struct ls_ledger *l)
{
    LS_VEC_RELEASE(&l->rows);
    LS_VEC_RELEASE(&l->heads);
    LS_VEC_RELEASE(&l->legacy_versions);
    ls_arena_free(l->arena);
    l->arena = NULL;
}

void ls_ledger_fingerprint(const struct ls_ledger *l, char hex[LS_SHA256_HEX])
{
    struct ls_sha256 *h = ls_sha256_new();
    char number[32];

    ls_sha256_field(h, l->location);
    ls_sha256_field(h, l->exists ? "exists" : "absent");
    ls_sha256_field(h, l->foreign);
    for (size_t i = 0; i < l->rows.n; i++) {
        const struct ls_ledger_row *r = &l->rows.v[i];

        snprintf(number, sizeof(number), "%" PRId64, r->duration_ms);
        ls_sha256_field(h, r->id);
        ls_sha256_field(h, r->raw_status);
        ls_sha256_field(h, r->name);
        ls_sha256_field(h, r->description);
        ls_sha256_field(h, r->applied_at);
        ls_sha256_field(h, r->applied_by);
        ls_sha256_field(h, r->checksum);
        for (size_t k = 0; r->raw != NULL && k < l->n_raw; k++)
            ls_sha256_field(h, r->raw[k]);
        ls_sha256_field(h, number);
    }
    ls_sha256_field(h, l->has_legacy ? "legacy" : NULL);
    for (size_t i = 0; i < l->legacy_versions.n; i++) {
        snprintf(number, sizeof(number), "%" PRIu64, l->legacy_versions.v[i]);
        ls_sha256_field(h, number);
    }
    ls_sha256_end(h, hex);
}
