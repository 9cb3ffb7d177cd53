/* tests/contract/usage_words.h: words for looking at what the usage reader gave. */
#ifndef TESTS_CONTRACT_USAGE_WORDS_H
#define TESTS_CONTRACT_USAGE_WORDS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/db/usage.h"

static inline struct ls_usage *usage_read_db(struct ls_db *db, const struct ls_usage_opts *opts)
{
    struct ls_usage *u = NULL;
    struct ls_err err = LS_ERR_INIT;

    if (ls_db_usage(db, opts, &u, &err) != LS_OK)
        fail_msg("%s", err.message);
    return u;
}

static inline const struct ls_usage_index *usage_index(const struct ls_usage *u, const char *name)
{
    uint32_t at = ls_usage_find_index(u, NULL, name);

    if (at == LS_NO_USAGE)
        fail_msg("there is no index %s", name);
    return &u->indexes[at];
}

static inline const struct ls_usage_table *usage_table(const struct ls_usage *u, const char *name)
{
    uint32_t at = ls_usage_find_table(u, NULL, name);

    if (at == LS_NO_USAGE)
        fail_msg("there is no table %s", name);
    return &u->tables[at];
}

static inline const struct ls_diag *usage_note(const struct ls_usage *u, const char *code)
{
    for (size_t i = 0; i < u->notes.d.n; i++)
        if (strcmp(u->notes.d.v[i].code, code) == 0)
            return &u->notes.d.v[i];
    return NULL;
}

/* "unique primary valid ..." */
static inline void usage_flags(const struct ls_usage_index *x, struct ls_buf *out)
{
    const struct {
        bool is_on;
        const char *word;
    } flags[] = {{x->is_unique, "unique"},          {x->is_primary, "primary"},         {x->is_exclusion, "exclusion"},
                 {!x->is_immediate, "deferrable"},  {x->is_nulls_not_distinct, "nulls"}, {!x->is_valid, "invalid"},
                 {!x->is_ready, "unready"},         {!x->is_live, "dying"},             {x->is_replica_identity, "identity"},
                 {x->is_clustered, "clustered"},    {x->is_fk_target, "target"},        {x->is_partitioned, "partitioned"},
                 {x->is_partition, "partition"},    {x->is_building, "building"},       {x->has_expression, "expression"}};

    for (size_t i = 0; i < LS_ARRAY_LEN(flags); i++)
        if (flags[i].is_on)
            ls_buf_addf(out, " %s", flags[i].word);
}

/* "kind:varchar_pattern_ops! collate "C" desc nulls-first safe" for each, then what is included. */
static inline void usage_keys(const struct ls_usage_index *x, struct ls_buf *out)
{
    for (uint32_t i = 0; i < x->n_keys; i++) {
        const struct ls_usage_key *k = &x->keys[i];

        ls_buf_addf(out, "%s%s%s:%s:%s%s", i > 0 ? " | " : "", k->text, k->column ? "" : "()", k->type, k->opclass, k->is_default_opclass ? "" : "!");
        if (k->collation[0])
            ls_buf_addf(out, " collate %s", k->collation);
        if (k->collation_of_column[0])
            ls_buf_addf(out, " of %s", k->collation_of_column);
        ls_buf_addf(out, "%s%s%s", k->is_desc ? " desc" : "", k->is_nulls_first ? " nulls-first" : "", k->is_pattern_safe ? " safe" : "");
    }
    for (uint32_t i = 0; i < x->n_include; i++)
        ls_buf_addf(out, "%s%s", i > 0 ? ", " : " include ", x->include[i]);
}

#endif
