/* tests/contract/catalog_mutations_here.h: the changes of catalog_mutations.h as a server of an older version can make them. */
#ifndef TESTS_CONTRACT_CATALOG_MUTATIONS_HERE_H
#define TESTS_CONTRACT_CATALOG_MUTATIONS_HERE_H

#include "contract/catalog_mutations.h"
#include "contract/catalog_pg.h"
#include "contract/older_pg.h"
#include "lockstep/base/buf.h"
#include "support/scale.h"

/* clang-format off */
/* Changes with these words are not to be made before version `since`. */
static const struct {
    int since;
    const char *words;
} younger_mutations[] = {
    {14, "set compression"},
    {14, "set (binary"},
    {14, "set (streaming"},
    {15, "alter sequence s.seq set unlogged"},
    {15, "set access method"},
    {15, "drop constraint base_email_key, add unique (email)"},
    {15, "on delete set null ("},
    {15, "nulls not distinct"},
    {15, "security_invoker"},
    {15, "where (id > 6), s.fk2"},
    {15, "where (id > 5), s.fk2"},
    {15, "tables in schema"},
    {15, "disable_on_error"},
};

/* What is said otherwise, and what is otherwise the usual case. */
static const struct older_words older_mutations[] = {
    {14, "begin atomic select $1 || 'y'; end", "as 'select $1 || ''y'''"},
    {14, "returns int language sql return 1", "returns int language sql as 'select 1'"},
    {14, "create or replace trigger t1", "drop trigger t1 on s.base; create trigger t1"},
    {14, "alter table s.base enable always trigger t1", "alter table s.base enable always trigger t1; comment on trigger t1 on s.base is 'trigger one'"},
    {14, "create or replace trigger t2", "drop trigger t2 on s.base; create trigger t2"},
    {15, "grant create on schema public to public", "revoke create on schema public from public"},
    {15, "add foreign key (b, c) references s.fk2 on delete set null", "add foreign key (b, c) references s.fk2 on delete set default"},
};

/* What is found otherwise: before 14 the body of a function is text, in which nothing is renamed. */
static const struct {
    int since;
    const char *words, *finds;
} older_finds[] = {
    {14, "alter type s.mood rename value 'ok'", "enum s.mood|labels"},
};
/* clang-format on */

/* False: a server of this major cannot make it. The SQL stays until the next call. */
static inline bool mutation_here(const struct mutation *m, int major, struct mutation *out)
{
    static struct ls_buf sql;

    for (size_t i = 0; i < LS_ARRAY_LEN(younger_mutations); i++)
        if (major < younger_mutations[i].since && strstr(m->sql, younger_mutations[i].words) != NULL)
            return false;
    ls_buf_clear(&sql);
    (void)older_write(older_mutations, LS_ARRAY_LEN(older_mutations), m->sql, major, &sql);
    *out = (struct mutation){sql.ptr, m->finds};
    for (size_t i = 0; i < LS_ARRAY_LEN(older_finds); i++)
        if (major < older_finds[i].since && strstr(m->sql, older_finds[i].words) != NULL)
            out->finds = older_finds[i].finds;
    return true;
}

/* Each change that the server at url can make is tried, from the same schema, which must be as it was in the end. The schema is read once. */
static inline void mutations_try(const char *url, bool (*try_one)(struct ls_db *db, const struct ls_catalog *base, const struct mutation *m))
{
    struct ls_db *db = catpg_open(url);
    struct ls_catalog *base = catpg_read_db(db, NULL), *again;
    size_t n_bad = 0, n = 0;
    int major = test_pg_major();

    for (size_t i = 0; i < LS_ARRAY_LEN(mutations); i += (size_t)test_stride()) {
        struct mutation m;

        if (!mutation_here(&mutations[i], major, &m))
            continue;
        n++;
        n_bad += !try_one(db, base, &m);
    }
    again = catpg_read_db(db, NULL);
    catpg_assert_equal(base, again);
    print_message("# %zu changes of %zu\n", n, LS_ARRAY_LEN(mutations));
    ls_catalog_free(again);
    ls_catalog_free(base);
    ls_db_close(db);
    assert_int_equal(n_bad, 0);
}

#endif
