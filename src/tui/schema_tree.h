/* tui/schema_tree.h: a catalogue as rows of a tree: schema and kind, object, what hangs below it. */
#ifndef LS_TUI_SCHEMA_TREE_H
#define LS_TUI_SCHEMA_TREE_H

#include "lockstep/base/buf.h"
#include "lockstep/base/vec.h"
#include "lockstep/model/catalog.h"

enum schema_row_kind { SCHEMA_ROW_GROUP, SCHEMA_ROW_OBJECT, SCHEMA_ROW_CHILD };
struct schema_row {
    enum schema_row_kind kind;
    uint32_t fact; /* GROUP: the first of its objects */
    uint32_t n;    /* GROUP: objects in it, OBJECT: children */
};
struct schema_group {
    enum ls_fact_kind kind;
    const char *schema; /* borrowed from the catalogue */
};
struct schema_tree {
    const struct ls_catalog *c; /* borrowed */
    unsigned char *is_open;     /* per fact */
    LS_VEC(struct schema_group) shut;
    LS_VEC(struct schema_row) rows;
};
void schema_tree_init(struct schema_tree *t, const struct ls_catalog *c);
void schema_tree_release(struct schema_tree *t);
/* Makes the rows anew. filter "" shows all; else what holds it in its own name or in a child's. */
void schema_tree_rows(struct schema_tree *t, const char *filter);
/* What is open and shut in one becomes so in the other, by name: after a second reading the numbers are others. */
void schema_tree_keep(struct schema_tree *to, const struct schema_tree *from);
bool schema_tree_is_shut(const struct schema_tree *t, uint32_t fact); /* the group of that object */
/* Opens or closes the object or the group of a row; false: it is so already, or has nothing below it. A filter shows what is shut.
 */
bool schema_tree_toggle(struct schema_tree *t, size_t row, bool open);
/* Row of a fact, opening what hides it: NULL filter; the object's own row where it is a child that has none. (size_t)-1: it is not
 * there. */
size_t schema_tree_find(struct schema_tree *t, uint32_t fact);
/* What a list says of a row behind its name. Appends. */
void schema_row_note(const struct ls_catalog *c, const struct ls_fact *f, struct ls_buf *out);

#endif
