/* tests/prop/compose.h: SQL made of fragments that tempt a splitter, with the places where its statements start and end. */
#ifndef PROP_COMPOSE_H
#define PROP_COMPOSE_H

#include <string.h>

#include "lockstep/base/buf.h"
#include "support/rand.h"

struct span {
    size_t start, end;
};

struct composed {
    struct rnd *r;
    struct ls_buf text;
    struct span spans[16];
    size_t n;
    bool known_difference; /* the other side is known to read this text differently */
};

#define PICK(r, list) ((list)[rnd_below((r), sizeof(list) / sizeof((list)[0]))])

static inline void add(struct composed *c, const char *s)
{
    ls_buf_adds(&c->text, s);
}

static inline bool chance(struct composed *c, size_t one_in)
{
    return rnd_below(c->r, one_in) == 0;
}

/* How a dialect fills the frame. */
struct composer {
    const char *const *gaps; /* blanks and comments, each enough to part two words */
    size_t n_gaps;
    void (*statement)(struct composed *c);
};

static inline void gap(struct composed *c, const struct composer *d)
{
    do
        add(c, d->gaps[rnd_below(c->r, d->n_gaps)]);
    while (chance(c, 4));
}

/* Up to 8 statements with blanks, comments and empty statements between them; the last ';' may be missing. */
static inline void compose(struct composed *c, const struct composer *d)
{
    size_t n = rnd_below(c->r, 8);
    ls_buf_clear(&c->text);
    c->n = 0;
    c->known_difference = false;
    if (chance(c, 20))
        add(c, "\xEF\xBB\xBF");
    for (size_t i = 0; i < n; i++) {
        while (chance(c, 3))
            gap(c, d);
        while (chance(c, 8))
            add(c, ";");
        c->spans[c->n].start = c->text.len;
        d->statement(c);
        c->spans[c->n++].end = c->text.len;
        if (chance(c, 3))
            gap(c, d);
        if (i + 1 < n || chance(c, 2))
            add(c, ";");
    }
    while (chance(c, 3))
        gap(c, d);
}

#endif
