/* Facts as statements. The texts in them are the server's own words (or the file's); only the frame around them is made here. */
#include <config.h>

#include "lockstep/diff/ddl.h"

#include "diff/ddl_priv.h"

/* What is known of it, as a comment. */
static void attributes(struct ls_buf *out, const struct ls_fact *f)
{
    ls_buf_adds(out, "-- ");
    ls_fact_label(f, false, out);
    ls_buf_addc(out, '\n');
    for (uint32_t i = 0; i < f->n_attrs; i++) {
        enum ls_attr_class class = ls_attr_class(f->attrs[i].attr);

        if (class == LS_ATTR_NOTE || f->attrs[i].attr == LS_A_BODY)
            continue;
        ls_buf_addf(out, "--   %s: ", ls_attr_name(f->attrs[i].attr));
        for (const char *p = f->attrs[i].value; *p; p++)
            ls_buf_addc(out, *p == '\n' || *p == '\r' ? ' ' : *p);
        ls_buf_addc(out, '\n');
    }
    ddl_clause(out, f, LS_A_BODY, "", "\n");
}

void ls_ddl_fact(const struct ls_catalog *c, const struct ls_fact *f, struct ls_buf *out)
{
    if (f->kind == LS_FACT_TABLE) {
        ddl_table(out, c, f, DDL_WHOLE);
        return;
    }
    if (!ddl_definition(out, c, f) && !ddl_other(out, c, f)) {
        attributes(out, f);
        return;
    }
    if (f->kind == LS_FACT_VIEW || f->kind == LS_FACT_MATVIEW)
        ddl_below(out, c, f);
    ddl_comment(out, c, f);
}
