/* tui/index_draw.h: the rows of the Indexes pane on a surface; columns that do not fit are left out, the least needed first. */
#ifndef LS_TUI_INDEX_DRAW_H
#define LS_TUI_INDEX_DRAW_H

#include "tui/index_rows.h"
#include "tui/surface.h"

struct index_view_look {
    const struct ls_index_report *rep;
    const struct index_rows *rows;
    const struct index_filter *filter;
    bool ascii;
};
/* The names of the columns, in line y. Draws nothing where a view has none. */
void index_draw_head(const struct index_view_look *v, struct ui_surface *s, int y);
void index_draw_row(const struct index_view_look *v, struct ui_surface *s, int y, size_t row, bool is_at);

#endif
