/* engine/numbers.h: the numbers that people see in front of migrations' names ("0002" of 0002_add_email), whatever the tool's own key is. */
#ifndef LOCKSTEP_SRC_ENGINE_NUMBERS_H
#define LOCKSTEP_SRC_ENGINE_NUMBERS_H

#include "lockstep/engine/session.h"

struct ls_number {
    uint64_t n;
    size_t at; /* of the timeline */
};
struct ls_numbers {
    LS_VEC(struct ls_number) v; /* smallest first, equal ones in the timeline's order */
};

/* The number that an id or a label begins with, dashes left out; 0: none. */
uint64_t ls_number_in(const char *text);
/* Of every versioned migration that has a file and a plain number; of formats whose files are named by one, else none. */
void ls_numbers_read(const struct ls_snapshot *snap, struct ls_numbers *out);
/* Numbers that are counted up have no holes unless a file got lost; dates and seconds always have. */
bool ls_numbers_are_counted(const struct ls_numbers *n);
/* How many have the number of v[at], from there on. */
size_t ls_numbers_same(const struct ls_numbers *n, size_t at);
void ls_numbers_release(struct ls_numbers *n);

#endif
