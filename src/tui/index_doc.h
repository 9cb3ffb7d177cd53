/* tui/index_doc.h: one verdict, one index, one query of the workload as a text. */
#ifndef LS_TUI_INDEX_DOC_H
#define LS_TUI_INDEX_DOC_H

#include "lockstep/engine/index_report.h"
#include "lockstep/format/format.h"
#include "tui/doc.h"
#include "tui/index_rows.h"

/* format: of the project, for the migration that the fix would be; NULL: it is not shown. width: cells of a line. */
struct ui_doc *index_row_doc(const struct ls_index_report *rep, struct index_row row, const struct ls_format *format, bool ascii, int width);

#endif
