/* tui/schema_doc.c: everything about one object of a catalogue as a text. */
#include <config.h>

#include "tui/schema_doc.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/diff/ddl.h"

#define MAX_NAMED 40

static void fact_line(struct ui_doc *d, const char *name, enum theme_role role, const char *value)
{
    if (!value)
        return;
    ui_doc_addf(d, ROLE_DIM, "%-14s ", name);
    ui_doc_adds(d, role, value);
    ui_doc_end(d);
}

static void head(struct ui_doc *d, const struct ls_fact *f)
{
    static const enum ls_attr shown[] = {LS_A_FORM,        LS_A_TYPE,         LS_A_OWNER,   LS_A_RIGHTS,
                                         LS_A_PERSISTENCE, LS_A_ROW_SECURITY, LS_A_ENABLED, LS_A_REPLICA_IDENTITY,
                                         LS_A_NOT_VALID,   LS_A_VERSION,      LS_A_PARTS,   LS_A_COMMENT};
    struct ls_buf label = LS_BUF_INIT;
    const char *bytes = ls_fact_get(f, LS_A_BYTES);
    char size[LS_ISO_LEN];

    ls_fact_label(f, false, &label);
    ui_doc_text(d, ROLE_TITLE, label.ptr);
    ls_buf_release(&label);
    for (size_t i = 0; i < LS_ARRAY_LEN(shown); i++)
        fact_line(d, ls_attr_name(shown[i]), ROLE_TEXT, ls_fact_get(f, shown[i]));
    if (bytes) {
        ls_size_text(strtoll(bytes, NULL, 10), size);
        fact_line(d, "size", ROLE_TEXT, size);
    }
    fact_line(d, "rows", ROLE_TEXT, ls_fact_get(f, LS_A_ROWS));
}

/* Objects at the other end, each once; those of the own table are not worth a line. */
static void ends(struct ui_doc *d, const struct ls_catalog *c, const struct ls_fact *f, bool needs)
{
    uint32_t n, shown = 0;
    const struct ls_dep *deps =
        needs ? ls_catalog_needs(c, ls_catalog_index(c, f), &n) : ls_catalog_needed_by(c, ls_catalog_index(c, f), &n);

    for (uint32_t i = 0; i < n; i++) {
        const struct ls_fact *other = &c->facts[needs ? deps[i].to : deps[i].from];
        struct ls_buf label = LS_BUF_INIT;

        if (other->parent_ix == ls_catalog_index(c, f) ||
            (f->parent_ix != LS_NO_FACT && f->parent_ix == ls_catalog_index(c, other)))
            continue;
        if (shown++ == MAX_NAMED) {
            ui_doc_textf(d, ROLE_DIM, "               and %u more", (unsigned)(n - i));
            break;
        }
        ls_fact_label(other, true, &label);
        fact_line(d, shown > 1 ? "" : needs ? "needs" : "needed by", ROLE_TEXT, label.ptr);
        ls_buf_release(&label);
    }
}

struct ui_doc *schema_doc(const struct ls_catalog *c, const struct ls_fact *f, const char *definition, bool ascii, int width)
{
    struct ui_doc *d = ui_doc_new(ascii);
    struct ls_buf sql = LS_BUF_INIT;

    d->wrap = width;
    head(d, f);
    ends(d, c, f, true);
    ends(d, c, f, false);
    ui_doc_blank(d);
    if (definition)
        ls_buf_addf(&sql, "%s%s", definition, definition[0] && definition[strlen(definition) - 1] == '\n' ? "" : "\n");
    else
        ls_ddl_fact(c, f, &sql);
    ui_doc_sql(d, c->dialect, sql.ptr, sql.len, 0, 0);
    ls_buf_release(&sql);
    return d;
}
