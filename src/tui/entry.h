/* tui/entry.h: an entry of the timeline in words, the same wherever it is shown. */
#ifndef LS_TUI_ENTRY_H
#define LS_TUI_ENTRY_H

#include "config/theme.h"
#include "lockstep/base/buf.h"
#include "lockstep/model/timeline.h"

/* "applied", "applied?" where the tool only assumes it, "tag" of what is no migration. */
const char *entry_word(const struct ls_entry *e);
const char *entry_glyph(const struct ls_entry *e, bool ascii);
enum theme_role state_role(const struct ls_entry *e);
/* What its state does not say: "repeatable", "baseline", "head", its labels, its batch. Appends "" where there is nothing. Raw text. */
void entry_note(const struct ls_entry *e, struct ls_buf *out);

#endif
