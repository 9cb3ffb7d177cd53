/* tui/text_diff.c: two texts, line by line, and where a line was changed, word by word. */
#include <config.h>

#include "tui/text_diff.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"

enum { MAX_PIECES = 600 }; /* lines of a text, words of a line; beyond, all of it counts as changed */

struct piece {
    const char *s;
    size_t n;
};
typedef LS_VEC(struct piece) pieces;

static void cut_lines(const char *text, pieces *out)
{
    for (const char *p = text; p && *p;) {
        size_t n = strcspn(p, "\n");

        *LS_VEC_PUSH(out) = (struct piece){p, n};
        p += n + (p[n] == '\n');
    }
}

/* Words, and each other byte by itself; spaces go with what follows. */
static void cut_words(struct piece line, pieces *out)
{
    for (size_t i = 0; i < line.n;) {
        size_t start = i;

        while (i < line.n && line.s[i] == ' ')
            i++;
        if (i < line.n && (isalnum((unsigned char)line.s[i]) || line.s[i] == '_' || (line.s[i] & 0x80))) {
            while (i < line.n && (isalnum((unsigned char)line.s[i]) || line.s[i] == '_' || (line.s[i] & 0x80)))
                i++;
        } else if (i < line.n) {
            i++;
        }
        *LS_VEC_PUSH(out) = (struct piece){line.s + start, i - start};
    }
}

static bool is_same(struct piece a, struct piece b)
{
    return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
}

/* For each piece of a its partner in b, (size_t)-1: none: the longest common subsequence. */
static size_t *match(const pieces *a, const pieces *b)
{
    size_t *partner = ls_malloc((a->n + 1) * sizeof(*partner)), head = 0, tail = 0;

    for (size_t i = 0; i < a->n; i++)
        partner[i] = (size_t)-1;
    while (head < a->n && head < b->n && is_same(a->v[head], b->v[head])) {
        partner[head] = head;
        head++;
    }
    while (tail + head < a->n && tail + head < b->n && is_same(a->v[a->n - 1 - tail], b->v[b->n - 1 - tail])) {
        partner[a->n - 1 - tail] = b->n - 1 - tail;
        tail++;
    }
    size_t n = a->n - head - tail, m = b->n - head - tail;
    if (n == 0 || m == 0 || n > MAX_PIECES || m > MAX_PIECES)
        return partner;
    unsigned short *len = ls_calloc((n + 1) * (m + 1), sizeof(*len));
#define LEN(i, j) len[(i) * (m + 1) + (j)]
    for (size_t i = n; i-- > 0;) {
        for (size_t j = m; j-- > 0;) {
            unsigned short down = LEN(i + 1, j), right = LEN(i, j + 1);

            if (is_same(a->v[head + i], b->v[head + j]))
                LEN(i, j) = (unsigned short)(LEN(i + 1, j + 1) + 1);
            else
                LEN(i, j) = down > right ? down : right;
        }
    }
    for (size_t i = 0, j = 0; i < n && j < m;) {
        if (is_same(a->v[head + i], b->v[head + j])) {
            partner[head + i] = head + j;
            i++;
            j++;
        } else if (LEN(i + 1, j) >= LEN(i, j + 1)) {
            i++;
        } else {
            j++;
        }
    }
#undef LEN
    free(len);
    return partner;
}

/* One line of a pair; words that the other has not stand out. */
static void add_words(struct ui_doc *d, enum theme_role base, const pieces *words, const bool *is_common)
{
    for (size_t i = 0; i < words->n; i++)
        ui_doc_add(d, is_common[i] ? base : ROLE_MATCH, words->v[i].s, words->v[i].n);
}

/* Which words of two lines are in both, in order. Caller frees both arrays. */
static void common_words(const pieces *a, const pieces *b, bool **in_a, bool **in_b)
{
    size_t *partner = match(a, b);

    *in_a = ls_calloc(a->n + 1, sizeof(**in_a));
    *in_b = ls_calloc(b->n + 1, sizeof(**in_b));
    for (size_t i = 0; i < a->n; i++) {
        if (partner[i] == (size_t)-1)
            continue;
        (*in_a)[i] = true;
        (*in_b)[partner[i]] = true;
    }
    free(partner);
}

/* --- what differs, block by block --- */

struct block {
    size_t a, n_a, b, n_b; /* lines gone and new; n_a == n_b == 0 with `same` lines alike in front of it */
    size_t same;
};

/* Calls fn for each run of lines alike and each run of lines that differ. */
static void each_block(const pieces *a, const pieces *b, void (*fn)(void *ctx, const struct block *blk), void *ctx)
{
    size_t *partner = match(a, b), i = 0, j = 0;

    while (i < a->n || j < b->n) {
        struct block blk = {.a = i, .b = j};

        while (i < a->n && partner[i] == j) {
            i++;
            j++;
            blk.same++;
        }
        if (blk.same == 0) {
            while (i < a->n && partner[i] == (size_t)-1) {
                i++;
                blk.n_a++;
            }
            size_t until = i < a->n ? partner[i] : b->n;
            blk.n_b = until - j;
            j = until;
        }
        fn(ctx, &blk);
    }
    free(partner);
}

/* --- one below the other --- */

struct unified {
    struct ui_doc *d;
    const pieces *a, *b;
};

static void add_line(struct ui_doc *d, enum theme_role role, const char *mark, struct piece line)
{
    ui_doc_adds(d, role, mark);
    ui_doc_add(d, role, line.s, line.n);
    ui_doc_end(d);
}

#define CONTEXT 3

static void alike(const struct unified *u, const struct block *blk)
{
    size_t first = blk->a, end = blk->a + blk->same;
    bool is_first = blk->a == 0 && blk->b == 0, is_last = end == u->a->n && blk->b + blk->same == u->b->n;

    for (size_t i = first; i < end; i++) {
        bool is_near_above = !is_first && i < first + CONTEXT, is_near_below = !is_last && i + CONTEXT >= end;

        if (is_near_above || is_near_below)
            add_line(u->d, ROLE_DIM, "  ", u->a->v[i]);
        else if (i == first + (is_first ? 0 : CONTEXT))
            ui_doc_textf(u->d, ROLE_DIM, "  (%zu lines alike)", end - first - (is_first ? 0 : CONTEXT) - (is_last ? 0 : CONTEXT));
    }
}

static void unified_block(void *ctx, const struct block *blk)
{
    const struct unified *u = ctx;

    if (blk->same > 0) {
        alike(u, blk);
        return;
    }
    for (size_t i = 0; i < blk->n_a || i < blk->n_b; i++) {
        bool is_pair = blk->n_a == blk->n_b;
        pieces x = {0}, y = {0};
        bool *in_x, *in_y;

        if (!is_pair)
            break;
        cut_words(u->a->v[blk->a + i], &x);
        cut_words(u->b->v[blk->b + i], &y);
        common_words(&x, &y, &in_x, &in_y);
        ui_doc_adds(u->d, ROLE_DANGER, "- ");
        add_words(u->d, ROLE_DANGER, &x, in_x);
        ui_doc_end(u->d);
        ui_doc_adds(u->d, ROLE_GOOD, "+ ");
        add_words(u->d, ROLE_GOOD, &y, in_y);
        ui_doc_end(u->d);
        free(in_x);
        free(in_y);
        LS_VEC_RELEASE(&x);
        LS_VEC_RELEASE(&y);
    }
    if (blk->n_a == blk->n_b)
        return;
    for (size_t i = 0; i < blk->n_a; i++)
        add_line(u->d, ROLE_DANGER, "- ", u->a->v[blk->a + i]);
    for (size_t i = 0; i < blk->n_b; i++)
        add_line(u->d, ROLE_GOOD, "+ ", u->b->v[blk->b + i]);
}

void text_diff_unified(struct ui_doc *d, const char *a, const char *b)
{
    pieces x = {0}, y = {0};
    struct unified u = {d, &x, &y};

    cut_lines(a, &x);
    cut_lines(b, &y);
    each_block(&x, &y, unified_block, &u);
    LS_VEC_RELEASE(&x);
    LS_VEC_RELEASE(&y);
}

/* --- side by side --- */

struct columns {
    struct ui_doc *d;
    const pieces *a, *b;
    int half;
};

/* One half of a line: words from *next on, as many as fit; moves *next on. A word that is too long for a line stands alone and is cut by the view. */
static void half_line(const struct columns *c, enum theme_role role, const pieces *words, const bool *is_common, size_t *next)
{
    int cells = 0, max = c->half - 2;
    size_t first = *next;

    for (; *next < words->n; (*next)++) {
        const struct piece *w = &words->v[*next];
        int width = ls_text_width(w->s, w->n);

        if (cells + width > max && *next > first)
            break;
        ui_doc_add(c->d, !is_common || is_common[*next] ? role : ROLE_MATCH, w->s, w->n);
        cells += width;
    }
}

/* A pair of lines, on as many lines as the longer half takes. */
static void column_line(const struct columns *c, const struct piece *x, const struct piece *y, bool is_same_line)
{
    pieces a = {0}, b = {0};
    bool *in_a = NULL, *in_b = NULL;
    size_t at_a = 0, at_b = 0;

    if (x)
        cut_words(*x, &a);
    if (y)
        cut_words(*y, &b);
    if (x && y && !is_same_line)
        common_words(&a, &b, &in_a, &in_b);
    do {
        half_line(c, is_same_line ? ROLE_DIM : ROLE_DANGER, &a, in_a, &at_a);
        ui_doc_pad(c->d, c->half);
        ui_doc_adds(c->d, ROLE_BORDER, c->d->ascii ? "| " : "│ ");
        half_line(c, is_same_line ? ROLE_DIM : ROLE_GOOD, &b, in_b, &at_b);
        ui_doc_end(c->d);
    } while (at_a < a.n || at_b < b.n);
    free(in_a);
    free(in_b);
    LS_VEC_RELEASE(&a);
    LS_VEC_RELEASE(&b);
}

static void column_block(void *ctx, const struct block *blk)
{
    const struct columns *c = ctx;

    for (size_t i = 0; i < blk->same; i++)
        column_line(c, &c->a->v[blk->a + i], &c->b->v[blk->b + i], true);
    for (size_t i = 0; i < blk->n_a || i < blk->n_b; i++)
        column_line(c, i < blk->n_a ? &c->a->v[blk->a + i] : NULL, i < blk->n_b ? &c->b->v[blk->b + i] : NULL, false);
}

void text_diff_columns(struct ui_doc *d, const char *a, const char *b, int width)
{
    pieces x = {0}, y = {0};
    struct columns c = {d, &x, &y, width / 2 - 1};

    cut_lines(a, &x);
    cut_lines(b, &y);
    each_block(&x, &y, column_block, &c);
    LS_VEC_RELEASE(&x);
    LS_VEC_RELEASE(&y);
}
