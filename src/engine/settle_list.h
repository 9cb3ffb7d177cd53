/* engine/settle_list.h: text lists that people keep beside a ledger in the database: applied.txt with a name in each line, .revision with the newest one. */
#ifndef LOCKSTEP_SRC_ENGINE_SETTLE_LIST_H
#define LOCKSTEP_SRC_ENGINE_SETTLE_LIST_H

#include "lockstep/engine/session.h"

struct ls_text_list {
    bool is_there;
    bool is_revision;        /* .revision: one name, the newest applied one's */
    const char *path;
    struct ls_buf text;
    LS_VEC(struct ls_str) names; /* as they stand in it, without what follows; lent by text */
    LS_VEC(int) lines;
};
/* Looks for it in the folder, then above it. With a ledger that is such a list itself it is not looked for. */
LS_MUST_CHECK enum ls_rc ls_text_list_read(const struct ls_snapshot *snap, struct ls_arena *arena, struct ls_text_list *out, struct ls_err *err);
/* "applied", "pending"; NULL when there is no list, or it says nothing of one entry alone. */
const char *ls_text_list_says(const struct ls_text_list *l, const struct ls_entry *e);
/* Whether any name in it is the entry's. */
bool ls_text_list_names(const struct ls_entry *e, struct ls_str name);
/* The text with the entries that are applied, and no others; lines that name none of them stay. */
void ls_text_list_rewrite(const struct ls_text_list *l, const struct ls_timeline *t, const bool *applied, struct ls_buf *out);
void ls_text_list_release(struct ls_text_list *l);

#endif
