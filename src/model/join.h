/* model/join.h: putting files and rows together by their ids; what timeline.c builds its entries of. Everything is in the timeline's arena. */
#ifndef LOCKSTEP_SRC_MODEL_JOIN_H
#define LOCKSTEP_SRC_MODEL_JOIN_H

#include "lockstep/model/timeline.h"

/* Every row about one id, oldest first; n > 0. */
struct ls_row_group {
    const struct ls_ledger_row *const *rows;
    size_t n;
    bool has_file;
};
/* Sorted by id. Markers and the "-1" row are in none. */
struct ls_row_groups {
    struct ls_row_group *v;
    size_t n;
};
/* A group without a file, and the index of the migration that it stands in front of (the number of migrations: at the end). */
struct ls_missing {
    const struct ls_row_group *group;
    size_t at;
};

void ls_join_rows(struct ls_arena *arena, const struct ls_ledger *l, struct ls_row_groups *out);
/* For each migration its group or NULL; sets has_file. */
const struct ls_row_group **ls_join_match(struct ls_arena *arena, const struct ls_migrations *m, struct ls_row_groups *groups);
/* The groups that have no file, in the order in which they go between the migrations. */
struct ls_missing *ls_join_missing(struct ls_arena *arena, const struct ls_migrations *m, const struct ls_timeline_rules *rules,
                                   const struct ls_row_groups *groups, size_t *n);
/* For each migration whether it is a head or an ancestor of one, by parents and depends. */
const bool *ls_join_heads(struct ls_arena *arena, const struct ls_migrations *m, const struct ls_ledger *l);
/* The entries' indices sorted by id, then index. */
const long *ls_join_index(const struct ls_timeline *t);

#endif
