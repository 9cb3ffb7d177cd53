/* tests/contract/catalog_same.h: whether two catalogues are the same to the last byte, but for estimates and sizes: what a refreshed
 * one has to be to one that was read whole. */
#ifndef TESTS_CONTRACT_CATALOG_SAME_H
#define TESTS_CONTRACT_CATALOG_SAME_H

#include "lockstep/base/buf.h"
#include "lockstep/model/catalog.h"

#include <string.h>

static inline void catsame_write_fact(struct ls_buf *out, const struct ls_catalog *c, uint32_t i)
{
    const struct ls_fact *f = &c->facts[i];
    uint32_t n;
    const struct ls_dep *d = ls_catalog_needs(c, i, &n);

    ls_fact_label(f, false, out);
    ls_buf_addf(out, " #%llx ^%u", (unsigned long long)f->hash, (unsigned)f->parent_ix);
    for (uint32_t a = 0; a < f->n_attrs; a++)
        if (f->attrs[a].attr != LS_A_ROWS && f->attrs[a].attr != LS_A_BYTES)
            ls_buf_addf(out, "\n    %s: %s", ls_attr_name(f->attrs[a].attr), f->attrs[a].value);
    for (uint32_t k = 0; k < n; k++) {
        ls_buf_adds(out, "\n    needs ");
        ls_fact_label(&c->facts[d[k].to], false, out);
    }
}

static inline void catsame_write_rest(struct ls_buf *out, const struct ls_catalog *c)
{
    ls_buf_addf(out, "%s %s %d %u facts %u needs", c->source, c->server, c->server_version, (unsigned)c->n_facts, (unsigned)c->n_deps);
    for (size_t i = 0; i < c->notes.d.n; i++)
        ls_buf_addf(out, "\n%d %s %s %s", (int)c->notes.d.v[i].severity, c->notes.d.v[i].code, c->notes.d.v[i].message,
                    c->notes.d.v[i].hint ? c->notes.d.v[i].hint : "");
    for (size_t i = 0; i < LS_N_FACTS; i++)
        ls_buf_addf(out, "%d", c->lacks[i]);
    for (uint32_t i = 0; i < c->n_deps; i++) /* the other direction too */
        ls_buf_addf(out, " %u<%u", (unsigned)c->rdeps[i].to, (unsigned)c->rdeps[i].from);
}

/* False: *text says where they part. */
static inline bool catsame(const struct ls_catalog *a, const struct ls_catalog *b, struct ls_buf *text)
{
    struct ls_buf x = LS_BUF_INIT, y = LS_BUF_INIT;
    uint32_t n = a->n_facts > b->n_facts ? a->n_facts : b->n_facts;
    bool is_same = true;

    for (uint32_t i = 0; i <= n && is_same; i++) {
        ls_buf_clear(&x);
        ls_buf_clear(&y);
        if (i < a->n_facts)
            catsame_write_fact(&x, a, i);
        if (i < b->n_facts)
            catsame_write_fact(&y, b, i);
        if (i == n) {
            catsame_write_rest(&x, a);
            catsame_write_rest(&y, b);
        }
        is_same = x.len == y.len && (x.len == 0 || memcmp(x.ptr, y.ptr, x.len) == 0);
        if (!is_same)
            ls_buf_addf(text, "read whole:\n%s\nread again:\n%s\n", x.len > 0 ? x.ptr : "(nothing)", y.len > 0 ? y.ptr : "(nothing)");
    }
    ls_buf_release(&x);
    ls_buf_release(&y);
    return is_same;
}

#endif
