/* tests/contract/older_pg.h: what the tests' SQL is on servers that do not know all of it yet. The SQL itself is for 15 and newer. */
#ifndef TESTS_CONTRACT_OLDER_PG_H
#define TESTS_CONTRACT_OLDER_PG_H

#include <stdbool.h>
#include <string.h>

#include "lockstep/base/buf.h"

/* Before version `since` the words are others. */
struct older_words {
    int since;
    const char *words, *instead;
};

/* clang-format off */
static const struct older_words older_schema[] = {
    {14, "return $1 - $2;", "as 'select $1 - $2';"},
    {14, ", subtype_diff = s.diff, multirange_type_name = s.fmulti)", ", subtype_diff = s.diff)"},
    {14, "doc text compression pglz", "doc text"},
    {14, "begin atomic select $1 || 'x'; end;", "as 'select $1 || ''x''';"},
    {14, "immutable return 'ok'::s.mood;", "immutable as $$select 'ok'::s.mood$$;"},
    {14, "create statistics s.st2 on (lower(email)), (id + 1) from s.base;", "create statistics s.st2 on email, id from s.base;"},
    {14, "slot_name = none, binary = true)", "slot_name = none)"},
    {15, "unique nulls not distinct", "unique"},
    {15, "on delete set null (c));", "on delete set null);"},
    {15, "for table s.base (id, email) where (id > 5), s.fk2", "for table s.base, s.fk2"},
    {15, "create publication pub_s for tables in schema s with", "create publication pub_s for table s.fk with"},
};

static const struct older_words older_usage[] = {
    {14, "brin (made timestamptz_minmax_multi_ops(values_per_range = 16)) with", "brin (made) with"},
    {15, "(\"user\") nulls not distinct;", "(\"user\");"},
};

static const struct older_words older_ddl[] = {
    {14, "doc text compression pglz", "doc text"},
    {15, "unique nulls not distinct", "unique"},
    {15, "on s.fk2 (t) nulls not distinct", "on s.fk2 (t)"},
    {15, "on delete set null (c)", "on delete set null"},
};
/* clang-format on */

/* Writes the SQL as a server of this major has it. False: some of the words are not in it, and the table is out of date. */
static inline bool older_write(const struct older_words *table, size_t n, const char *sql, int major, struct ls_buf *out)
{
    bool is_whole = true;

    for (size_t i = 0; i < n; i++)
        is_whole = is_whole && strstr(sql, table[i].words) != NULL;
    while (*sql != '\0') {
        const struct older_words *at = NULL;

        for (size_t i = 0; i < n && at == NULL; i++)
            if (major < table[i].since && strncmp(sql, table[i].words, strlen(table[i].words)) == 0)
                at = &table[i];
        if (at == NULL) {
            ls_buf_addc(out, *sql++);
        } else {
            ls_buf_adds(out, at->instead);
            sql += strlen(at->words);
        }
    }
    return is_whole;
}

#endif
