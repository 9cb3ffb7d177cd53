/* tui/schema_doc.h: everything about one object of a catalogue as a text. */
#ifndef LS_TUI_SCHEMA_DOC_H
#define LS_TUI_SCHEMA_DOC_H

#include "lockstep/model/catalog.h"
#include "tui/doc.h"

/* What it is, who needs it and what it needs, its statement: `definition` where that is not NULL. width: lines of SQL are broken
 * there; 0: never. */
struct ui_doc *schema_doc(const struct ls_catalog *c, const struct ls_fact *f, const char *definition, bool ascii, int width);

#endif
