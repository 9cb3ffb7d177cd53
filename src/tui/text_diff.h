/* tui/text_diff.h: two texts, line by line, and where a line was changed, word by word. */
#ifndef LS_TUI_TEXT_DIFF_H
#define LS_TUI_TEXT_DIFF_H

#include "tui/doc.h"

/* Adds "- old" and "+ new" lines with what is alike between them; words that differ in a line stand out. NULL is nothing. */
void text_diff_unified(struct ui_doc *d, const char *a, const char *b);
/* The same in two columns of `width` cells together. */
void text_diff_columns(struct ui_doc *d, const char *a, const char *b, int width);

#endif
