/* A graph as lanes. Rows are taken from the newest to the oldest, as a log is read: a lane waits for a parent and goes down until its row comes. */
#include <config.h>

#include "lockstep/model/graph.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"

#define NOBODY (-1)
enum { MAX_OPEN = 256 }; /* lanes that are followed; only the first LS_GRAPH_MAX_LANES are drawn */

struct lanes {
    long waits_for[MAX_OPEN]; /* index of an entry, NOBODY: free */
    int n;                    /* one behind the last that is in use */
};

static int lane_of(const struct lanes *l, long entry)
{
    for (int i = 0; i < l->n; i++)
        if (l->waits_for[i] == entry)
            return i;
    return -1;
}

static int free_lane(struct lanes *l, int from)
{
    for (int i = from; i < l->n; i++)
        if (l->waits_for[i] == NOBODY)
            return i;
    if (l->n == MAX_OPEN)
        return -1;
    l->waits_for[l->n] = NOBODY;
    return l->n++;
}

static void put(unsigned char *row, int lane, unsigned bits)
{
    if (lane < LS_GRAPH_MAX_LANES)
        row[lane] = (unsigned char)(row[lane] | bits);
}

/* A line from lane a to lane b along the row; what stands between is crossed. */
static void connect(unsigned char *row, int a, int b)
{
    int lo = a < b ? a : b, hi = a < b ? b : a;

    put(row, lo, LS_GRAPH_RIGHT);
    for (int i = lo + 1; i < hi; i++)
        put(row, i, LS_GRAPH_LEFT | LS_GRAPH_RIGHT);
    put(row, hi, LS_GRAPH_LEFT);
}

static size_t count(const char *const *ids)
{
    size_t n = 0;

    while (ids && ids[n])
        n++;
    return n;
}

/* Index of a parent that stands before the entry, else NOBODY. */
static long parent_of(const struct ls_timeline *t, const char *id, size_t entry)
{
    long at = ls_timeline_find_id(t, id);

    return at >= 0 && (size_t)at < entry ? at : NOBODY;
}

/* Ends the lanes that wait for the entry, all but its own; returns its own, -1: it has none. */
static int close_lanes(struct lanes *l, long entry, unsigned char *row, unsigned *flags)
{
    int own = lane_of(l, entry);

    if (own < 0) {
        *flags |= LS_GRAPH_HEAD;
        return free_lane(l, 0);
    }
    put(row, own, LS_GRAPH_UP);
    for (int i = own + 1; i < l->n; i++) {
        if (l->waits_for[i] != entry)
            continue;
        *flags |= LS_GRAPH_BRANCH;
        connect(row, own, i);
        put(row, i, LS_GRAPH_UP);
        l->waits_for[i] = NOBODY;
    }
    return own;
}

/* Opens lanes to the parents: the first goes on in the entry's own. */
static void open_lanes(struct lanes *l, const struct ls_timeline *t, size_t entry, int own, unsigned char *row, unsigned *flags)
{
    const struct ls_migration *m = t->e.v[entry].migration;
    const char *const *parents = m ? m->parents : NULL;
    size_t n = count(parents), seen = 0;

    l->waits_for[own] = NOBODY;
    if (n > 1)
        *flags |= LS_GRAPH_MERGE;
    for (size_t i = 0; i < n; i++) {
        long parent = parent_of(t, parents[i], entry);
        int lane = own;

        if (parent == NOBODY)
            continue;
        /* Lanes that wait for the same parent meet in its row. */
        if (seen++ > 0 && (lane = lane_of(l, parent)) < 0 && (lane = free_lane(l, own + 1)) < 0)
            continue;
        if (lane != own)
            connect(row, own, lane);
        put(row, lane, LS_GRAPH_DOWN);
        l->waits_for[lane] = parent;
    }
    if (n == 0)
        *flags |= LS_GRAPH_ROOT;
}

static bool has_parents(const struct ls_timeline *t)
{
    for (size_t i = 0; i < t->e.n; i++)
        if (t->e.v[i].migration && count(t->e.v[i].migration->parents) > 0)
            return true;
    return false;
}

/* Tags and repeatables have no place in the graph: its lines pass them by. */
static bool is_node(const struct ls_entry *e)
{
    return e->migration == NULL || (e->migration->kind != LS_KIND_TAG && e->migration->kind != LS_KIND_REPEATABLE);
}

/* Lanes that only pass by. */
static void pass_lanes(const struct lanes *before, const struct lanes *after, int own, unsigned char *row)
{
    int n = before->n < after->n ? before->n : after->n;

    for (int i = 0; i < n; i++)
        if (i != own && before->waits_for[i] != NOBODY && before->waits_for[i] == after->waits_for[i])
            put(row, i, LS_GRAPH_UP | LS_GRAPH_DOWN);
}

void ls_graph_build(const struct ls_timeline *t, struct ls_graph *out)
{
    struct lanes lanes = {.n = 0}, before;

    memset(out, 0, sizeof(*out));
    out->n_rows = t->e.n;
    if (!has_parents(t))
        return;
    out->cells = ls_calloc(t->e.n, LS_GRAPH_MAX_LANES);
    out->flags = ls_calloc(t->e.n, 1);
    for (size_t i = t->e.n; i-- > 0;) {
        unsigned char *row = out->cells + i * LS_GRAPH_MAX_LANES;
        unsigned flags = 0;
        int own;

        if (!is_node(&t->e.v[i])) {
            pass_lanes(&lanes, &lanes, -1, row);
            continue;
        }
        memcpy(before.waits_for, lanes.waits_for, (size_t)lanes.n * sizeof(lanes.waits_for[0]));
        before.n = lanes.n;
        own = close_lanes(&lanes, (long)i, row, &flags);
        if (own < 0) { /* more lanes than are followed */
            out->flags[i] = LS_GRAPH_CUT;
            continue;
        }
        put(row, own, LS_GRAPH_NODE);
        open_lanes(&lanes, t, i, own, row, &flags);
        pass_lanes(&before, &lanes, own, row);
        while (lanes.n > 0 && lanes.waits_for[lanes.n - 1] == NOBODY)
            lanes.n--;
        if (before.n > LS_GRAPH_MAX_LANES || lanes.n > LS_GRAPH_MAX_LANES || own >= LS_GRAPH_MAX_LANES)
            flags |= LS_GRAPH_CUT;
        out->flags[i] = (unsigned char)flags;
        for (int lane = out->n_lanes; lane < LS_GRAPH_MAX_LANES; lane++)
            if (row[lane])
                out->n_lanes = lane + 1;
    }
}

void ls_graph_release(struct ls_graph *g)
{
    free(g->cells);
    free(g->flags);
    memset(g, 0, sizeof(*g));
}

int ls_graph_width(const struct ls_graph *g)
{
    return 2 * g->n_lanes;
}

/* By the bits UP DOWN LEFT RIGHT. */
static const char *const lines[16] = {" ", "╵", "╷", "│", "╴", "╯", "╮", "┤", "╶", "╰", "╭", "├", "─", "┴", "┬", "┼"};
static const char *const ascii_lines[16] = {" ", "|", "|", "|", "-", "/", "\\", "|", "-", "\\", "/", "|", "-", "+", "+", "+"};

static unsigned flip(unsigned cell)
{
    unsigned up = cell & LS_GRAPH_UP ? LS_GRAPH_DOWN : 0, down = cell & LS_GRAPH_DOWN ? LS_GRAPH_UP : 0;

    return (cell & ~(unsigned)(LS_GRAPH_UP | LS_GRAPH_DOWN)) | up | down;
}

static const char *node_text(unsigned flags, bool ascii)
{
    if (flags & LS_GRAPH_HEAD)
        return ascii ? "@" : "◉";
    if (flags & LS_GRAPH_ROOT)
        return ascii ? "o" : "○";
    return ascii ? "*" : "●";
}

void ls_graph_row(const struct ls_graph *g, size_t row, bool is_newest_first, bool ascii, struct ls_buf *out)
{
    for (int lane = 0; lane < g->n_lanes; lane++) {
        unsigned cell = g->cells[row * LS_GRAPH_MAX_LANES + (size_t)lane];

        if (!is_newest_first)
            cell = flip(cell);
        if (cell & LS_GRAPH_NODE)
            ls_buf_adds(out, node_text(g->flags[row], ascii));
        else
            ls_buf_adds(out, (ascii ? ascii_lines : lines)[cell & 15]);
        if (lane + 1 == g->n_lanes && (g->flags[row] & LS_GRAPH_CUT))
            ls_buf_adds(out, ascii ? ">" : "…");
        else
            ls_buf_adds(out, cell & LS_GRAPH_RIGHT ? (ascii ? "-" : "─") : " ");
    }
}
