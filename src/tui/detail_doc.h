/* tui/detail_doc.h: everything about one migration as a text; made in a worker, because it reads the files. */
#ifndef LS_TUI_DETAIL_DOC_H
#define LS_TUI_DETAIL_DOC_H

#include "lockstep/engine/session.h"
#include "tui/doc.h"

/* Facts are broken to `width` cells, SQL is not. Reads up, down and verify; what cannot be read or split says so in place. */
struct ui_doc *detail_doc(const struct ls_snapshot *snap, const struct ls_entry *e, int width, bool ascii);

#endif
