/* lockstep/model/graph.h: a timeline whose migrations have parents, drawn as lanes beside its rows: branches, merges, heads. */
#ifndef LOCKSTEP_MODEL_GRAPH_H
#define LOCKSTEP_MODEL_GRAPH_H

#include "lockstep/base/buf.h"
#include "lockstep/model/timeline.h"

/* Lanes that are drawn; what lies further right is cut, and the row ends in "…". */
#define LS_GRAPH_MAX_LANES 12

/* What a cell connects to, as seen when the newest row is on top. */
enum ls_graph_cell {
    LS_GRAPH_UP = 1,
    LS_GRAPH_DOWN = 2,
    LS_GRAPH_LEFT = 4,
    LS_GRAPH_RIGHT = 8,
    LS_GRAPH_NODE = 16
};

struct ls_graph {
    size_t n_rows;          /* one for each entry of the timeline, in its order */
    int n_lanes;            /* widest row, at most LS_GRAPH_MAX_LANES; 0: no migration has a parent, there is nothing to draw */
    unsigned char *cells;   /* n_rows * LS_GRAPH_MAX_LANES */
    unsigned char *flags;   /* n_rows: what follows */
};
enum ls_graph_flags {
    LS_GRAPH_HEAD = 1,      /* nothing builds on it */
    LS_GRAPH_ROOT = 2,      /* it builds on nothing */
    LS_GRAPH_MERGE = 4,     /* it has several parents */
    LS_GRAPH_BRANCH = 8,    /* several build on it */
    LS_GRAPH_CUT = 16       /* lanes beyond the last one that is drawn */
};

/* Rows follow the timeline's order, in which parents stand before their children; where one does not (a cycle, a broken folder), its edge is left out.
 * O(n * lanes). */
void ls_graph_build(const struct ls_timeline *t, struct ls_graph *out);
void ls_graph_release(struct ls_graph *g);
/* Columns that a row takes: two a lane. */
int ls_graph_width(const struct ls_graph *g);
/* Appends the row's cells, padded to that width. is_newest_first: how the rows stand on the screen. */
void ls_graph_row(const struct ls_graph *g, size_t row, bool is_newest_first, bool ascii, struct ls_buf *out);

#endif
