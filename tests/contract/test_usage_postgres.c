/* How the indexes of a PostgreSQL database are used: what is read of each kind of index and foreign key, against the server's own words. */
#include <config.h>

#include "contract/usage_pg.h"

static char *url;
static bool sorts_by_bytes; /* the database, by default */

#define NEED_SERVER()                                                                                                              \
    do {                                                                                                                           \
        (void)state;                                                                                                               \
        if (url == NULL)                                                                                                           \
            test_skip(test_pg_skip_reason());                                                                                      \
    } while (0)

/* --- each member --- */

static const struct expected {
    const char *name, *flags, *keys, *method, *constraint, *predicate, *options;
} expected[] = {
    {"t_pkey", " unique primary", "id:bigint:int8_ops", "btree", "t_pkey", "", ""},
    {"t_email", " unique identity", "email:text:text_ops", "btree", "", "", ""},
    {"t_partial", "", "kind:character varying(10):text_ops", "btree", "", "(note IS NOT NULL)", ""},
    {"t_lower", " expression", "lower(email)():text:text_ops | (room + 1)():integer:int4_ops", "btree", "", "", ""},
    {"t_include", " unique", "email:text:text_ops | room:integer:int4_ops include kind, user", "btree", "", "", ""},
    {"t_desc", " clustered",
     "made:timestamp with time zone:timestamptz_ops desc nulls-first | room:integer:int4_ops desc | kind:character varying(10):text_ops nulls-first",
     "btree", "", "", ""},
    {"t_pattern", "", "kind:character varying(10):varchar_pattern_ops! safe | note:text:text_ops of \"C\" safe", "btree", "", "", ""},
    {"t_collate", "",
     "email:text:text_ops collate \"C\" safe | note:text:text_ops collate \"default\" of \"C\" | \"Na\"\"me\":text:text_ops", "btree", "", "", ""},
    {"t_hash", "", "kind:character varying(10):text_ops", "hash", "", "", ""},
    {"t_gin", "", "doc:jsonb:jsonb_path_ops! | tags:text[]:array_ops", "gin", "", "", "fastupdate=off"},
    {"t_brin", "", "made:timestamp with time zone:timestamptz_minmax_multi_ops!", "brin", "", "", "autosummarize=true, pages_per_range=3"},
    {"t_words", " expression", "to_tsvector('english'::regconfig, email)():tsvector:tsvector_ops", "gin", "", "", ""},
    {"t_nulls", " unique nulls", "\"user\":integer:int4_ops", "btree", "", "", ""},
    {"t_nodedup", "", "room:integer:int4_ops", "btree", "", "", "deduplicate_items=off, fillfactor=50"},
    {"t_We\"ird\n", "", "\"user\":integer:int4_ops", "btree", "", "((\"user\" > 1) AND (\"Na\"\"me\" <> 'it''s\\'::text))", ""},
    {"not \"now", " unique deferrable", "room:integer:int4_ops | kind:character varying(10):text_ops", "btree", "not \"now", "", ""},
    {"t_excl", " exclusion", "room:integer:gist_int4_ops | during:tsrange:range_ops", "gist", "t_excl", "(room > 0)", ""},
    {"bad_invalid", " invalid", "a:integer:int4_ops", "btree", "", "", ""},
    {"bad_unready", " invalid unready", "b:integer:int4_ops", "btree", "", "", ""},
    {"parent_pkey", " unique primary target", "id:integer:int4_ops", "btree", "parent_pkey", "", ""},
    {"pair", " unique target", "a:integer:int4_ops | b:integer:int4_ops", "btree", "pair", "", ""},
    {"parent_code", " unique target", "code:text:text_ops", "btree", "", "", ""},
    {"part_pkey", " unique primary target partitioned", "k:integer:int4_ops", "btree", "part_pkey", "", ""},
    {"part_1_pkey", " unique primary target partition", "k:integer:int4_ops", "btree", "part_1_pkey", "", ""},
    {"part_2_pkey", " unique primary target partitioned partition", "k:integer:int4_ops", "btree", "part_2_pkey", "", ""},
    {"part_v", " invalid partitioned", "v:integer:int4_ops", "btree", "", "", ""},
    {"part_1_v", " partition", "v:integer:int4_ops", "btree", "", "", ""},
    {"part_2a_own", "", "v:integer:int4_ops | k:integer:int4_ops", "btree", "", "", ""},
    {"mv_x", " unique", "x:integer:int4_ops", "btree", "", "", ""},
    {"in'dex;", "", "\"y'\":integer:int4_ops", "btree", "", "", ""},
};

/* Before version `since`, where the schema is made otherwise (older_pg.h). */
static const struct {
    int since;
    struct expected e;
} older_expected[] = {
    {14, {"t_brin", "", "made:timestamp with time zone:timestamptz_minmax_ops", "brin", "", "", "autosummarize=true, pages_per_range=3"}},
    {15, {"t_nulls", " unique", "\"user\":integer:int4_ops", "btree", "", "", ""}},
};

static const struct expected *expected_here(const struct expected *e, int major)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(older_expected); i++)
        if (major < older_expected[i].since && strcmp(e->name, older_expected[i].e.name) == 0)
            return &older_expected[i].e;
    return e;
}

static void each_kind_of_index(void **state)
{
    struct ls_buf text = LS_BUF_INIT;
    struct ls_usage *u;

    NEED_SERVER();
    u = usage_read(url, NULL);
    for (size_t i = 0; i < LS_ARRAY_LEN(expected); i++) {
        const struct expected *e = expected_here(&expected[i], test_pg_major());
        const struct ls_usage_index *x = usage_index(u, e->name);

        ls_buf_clear(&text);
        usage_flags(x, &text);
        assert_string_equal(text.ptr, e->flags);
        ls_buf_clear(&text);
        usage_keys(x, &text);
        if (!sorts_by_bytes) /* else every text is safe for LIKE */
            assert_string_equal(text.ptr, e->keys);
        assert_string_equal(x->method, e->method);
        assert_string_equal(x->constraint, e->constraint);
        assert_string_equal(x->predicate, e->predicate);
        assert_string_equal(x->options, e->options);
        assert_true(x->is_live && x->oid > 0 && x->stat1 == NULL && !x->is_in_query);
    }
    assert_true(usage_table(u, "f_none")->rows < 0); /* never analysed: not known */
    assert_string_equal(usage_index(u, "t_desc")->comment, "for lists");
    assert_string_equal(usage_index(u, "t_email")->comment, "");
    assert_int_equal(u->dialect, LS_DIALECT_POSTGRES);
    assert_int_equal(u->server_version / 10000, atoi(u->server + strlen("PostgreSQL ")));
    assert_int_equal(u->notes.d.n, 0);
    assert_true(u->system_id[0] != '\0' && !u->in_recovery);
    assert_true(u->started_us > 0 && u->taken_us > u->started_us);
    ls_buf_release(&text);
    ls_usage_free(u);
}

/* What the server itself would write, and in order. */
static void definitions_are_the_servers(void **state)
{
    static const char ask[] = "select pg_get_indexdef(c.oid) from pg_class c join pg_namespace n on n.oid = relnamespace join pg_index i on "
                              "i.indexrelid = c.oid join pg_class t on t.oid = i.indrelid where n.nspname in ('u', 'We\"ird') order by n.nspname, "
                              "t.relname, c.relname";
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r;
    struct ls_usage *u;
    struct ls_db *db;

    NEED_SERVER();
    db = catpg_open(url);
    u = usage_read_db(db, NULL);
    assert_int_equal(ls_db_exec_batch(db, "set search_path = pg_catalog", 28, NULL, &err), LS_OK);
    assert_int_equal(ls_db_query(db, ask, NULL, 0, &r, &err), LS_OK);
    assert_int_equal(r.n_rows, u->n_indexes);
    for (size_t i = 0; i < r.n_rows; i++)
        assert_string_equal(u->indexes[i].definition, ls_result_get(&r, i, 0));
    ls_result_release(&r);
    ls_usage_free(u);
    ls_db_close(db);
}

/* Where they stand in each other. */
static void all_is_sorted_and_joined(void **state)
{
    struct ls_usage *u;

    NEED_SERVER();
    u = usage_read(url, NULL);
    for (uint32_t t = 0; t < u->n_tables; t++) {
        const struct ls_usage_table *x = &u->tables[t];
        uint32_t n = 0;

        if (t > 0)
            assert_true(strcmp(x[-1].schema, x->schema) < 0 || (strcmp(x[-1].schema, x->schema) == 0 && strcmp(x[-1].name, x->name) < 0));
        for (uint32_t i = 0; i < u->n_indexes; i++)
            n += u->indexes[i].table == t;
        assert_int_equal(n, x->n_indexes);
        for (uint32_t i = 0; i < x->n_indexes; i++) {
            assert_int_equal(u->indexes[x->first_index + i].table, t);
            if (i > 0)
                assert_true(strcmp(u->indexes[x->first_index + i - 1].name, u->indexes[x->first_index + i].name) < 0);
        }
        for (uint32_t i = 0; i < x->n_fks; i++)
            assert_int_equal(u->fks[x->first_fk + i].table, t);
        assert_int_equal(ls_usage_find_table(u, x->schema, x->name), t);
    }
    for (uint32_t i = 0; i < u->n_indexes; i++)
        assert_int_equal(ls_usage_find_index(u, u->indexes[i].schema, u->indexes[i].name), i);
    assert_int_equal(ls_usage_find_table(u, "u", "nothing"), LS_NO_USAGE);
    assert_int_equal(ls_usage_find_index(u, "public", "t_email"), LS_NO_USAGE);
    assert_string_equal(usage_table(u, "Ta\"b\nle")->schema, "We\"ird");
    assert_int_equal(usage_table(u, "mv")->kind, 'm');
    ls_usage_free(u);
}

/* --- partitions --- */

static void partitions_know_their_parents(void **state)
{
    const struct ls_usage_table *part, *leaf;
    struct ls_usage *u;

    NEED_SERVER();
    assert_true(test_pg_exec(url, "insert into u.part select g, g, 1 from generate_series(0, 14) g; analyze u.part_1, u.part_2a"));
    u = usage_read(url, &(struct ls_usage_opts){.with_sizes = true});
    part = usage_table(u, "part");
    leaf = usage_table(u, "part_2a");
    assert_int_equal(part->kind, 'p');
    assert_true(!part->is_partition && part->parent == LS_NO_USAGE);
    assert_int_equal(usage_table(u, "part_2")->kind, 'p');
    assert_ptr_equal(&u->tables[leaf->parent], usage_table(u, "part_2"));
    assert_ptr_equal(&u->tables[usage_table(u, "part_2")->parent], part);
    assert_true(leaf->is_partition && usage_table(u, "t")->parent == LS_NO_USAGE);
    assert_true(part->rows == 15 && leaf->rows == 5);
    assert_true(part->inserted == -1 || part->inserted >= 0);
    assert_int_equal(part->bytes, usage_table(u, "part_1")->bytes + leaf->bytes);

    assert_ptr_equal(&u->indexes[usage_index(u, "part_1_v")->parent], usage_index(u, "part_v"));
    assert_ptr_equal(&u->indexes[usage_index(u, "part_2a_pkey")->parent], usage_index(u, "part_2_pkey"));
    assert_ptr_equal(&u->indexes[usage_index(u, "part_2_pkey")->parent], usage_index(u, "part_pkey"));
    assert_int_equal(usage_index(u, "part_2a_own")->parent, LS_NO_USAGE);
    assert_int_equal(usage_index(u, "part_pkey")->bytes, usage_index(u, "part_1_pkey")->bytes + usage_index(u, "part_2a_pkey")->bytes);
    assert_true(usage_index(u, "part_pkey")->bytes > 0 && usage_index(u, "part_v")->bytes == usage_index(u, "part_1_v")->bytes);
    assert_int_equal(usage_index(u, "part_pkey")->rows, 15);
    ls_usage_free(u);
}

/* --- foreign keys --- */

static const struct ls_usage_fk *fk_of(const struct ls_usage *u, const char *table)
{
    const struct ls_usage_table *t = usage_table(u, table);

    assert_true(t->n_fks >= 1);
    return &u->fks[t->first_fk];
}

/* The rule as indexes.md has it, asked of the server. */
#define REFERENCE                                                                                                                  \
    "select c.conname from pg_constraint c where c.contype='f' and c.conparentid=0 and not exists(select 1 from pg_index i join "  \
    "pg_class ic on ic.oid=i.indexrelid join pg_am am on am.oid=ic.relam where i.indrelid=c.conrelid and i.indisvalid and "        \
    "i.indnkeyatts>=cardinality(c.conkey) and (am.amname='btree' or (am.amname='hash' and cardinality(c.conkey)=1)) and not "      \
    "exists(select 1 from generate_series(0,cardinality(c.conkey)-1) p where not((i.indkey::int2[])[p]=any(c.conkey) and "         \
    "(i.indcollation::oid[])[p] in (0,(select attcollation from pg_attribute where attrelid=c.conrelid and "                       \
    "attnum=(i.indkey::int2[])[p])) and exists(select 1 from pg_amop ao join pg_opclass oc on oc.opcfamily=ao.amopfamily where "   \
    "oc.oid=(i.indclass::oid[])[p] and ao.amopopr=any(c.conpfeqop)))) and (i.indpred is null or (cardinality(c.conkey)=1 and "     \
    "pg_get_expr(i.indpred,i.indrelid)=format('(%I IS NOT NULL)',(select attname from pg_attribute where attrelid=c.conrelid and " \
    "attnum=c.conkey[1]))))) and c.conrelid <> 'u.f_partial2'::regclass order by c.conname"

static void keys_without_an_index_are_the_references(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    struct ls_result r;
    struct ls_usage *u;
    struct ls_db *db;
    size_t n = 0;

    NEED_SERVER();
    db = catpg_open(url);
    u = usage_read_db(db, NULL);
    assert_int_equal(ls_db_query(db, REFERENCE, NULL, 0, &r, &err), LS_OK);
    for (uint32_t i = 0; i < u->n_fks; i++) {
        bool is_there = false;

        for (size_t k = 0; k < r.n_rows; k++)
            is_there = is_there || strcmp(ls_result_get(&r, k, 0), u->fks[i].name) == 0;
        if (is_there != (u->fks[i].index == LS_NO_USAGE))
            fail_msg("%s: the reference says that it is %sserved", u->fks[i].name, is_there ? "not " : "");
        assert_int_equal(u->fks[i].is_served, u->fks[i].index != LS_NO_USAGE);
        n += is_there;
    }
    assert_int_equal(n, r.n_rows);
    assert_true(n >= 12);
    ls_result_release(&r);
    ls_usage_free(u);
    ls_db_close(db);
}

static void which_index_serves(void **state)
{
    static const struct {
        const char *table, *index; /* NULL: none */
    } cases[] = {{"f_none", NULL},         {"f_one", "f_one_a"},       {"f_second", NULL},   {"f_two", "f_two_i"},         {"f_half", NULL},
                 {"f_partial", "f_partial_i"}, {"f_partial2", "f_partial2_i"}, {"f_where", NULL},    {"f_hash", "f_hash_i"},       {"f_collate", NULL},
                 {"f_pattern", "f_pattern_i"}, {"f_include", NULL},        {"f_expr", NULL},     {"f_invalid", NULL},          {"f_big", "f_big_i"},
                 {"f_brin", NULL},         {"f_gist", NULL},           {"f_self", "f_self_pkey"}, {"part", "part_w"},       {"Ta\"b\nle", "in'dex;"}};
    struct ls_usage *u;

    NEED_SERVER();
    u = usage_read(url, NULL);
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        const struct ls_usage_fk *f = fk_of(u, cases[i].table);
        const char *got = f->index == LS_NO_USAGE ? NULL : u->indexes[f->index].name;

        if ((got == NULL) != (cases[i].index == NULL) || (got && strcmp(got, cases[i].index) != 0))
            fail_msg("%s: %s serves it, not %s", cases[i].table, got ? got : "nothing", cases[i].index ? cases[i].index : "nothing");
    }
    assert_int_equal(usage_table(u, "part_1")->n_fks, 0); /* the parent has it */
    assert_int_equal(usage_table(u, "f_self")->n_fks, 2);
    ls_usage_free(u);
}

static void what_a_foreign_key_says(void **state)
{
    const struct ls_usage_fk *f;
    struct ls_usage *u;

    NEED_SERVER();
    u = usage_read(url, NULL);
    f = fk_of(u, "f_two");
    assert_string_equal(f->name, "two");
    assert_int_equal(f->n_columns, 2);
    assert_string_equal(f->columns[1], "b");
    assert_string_equal(f->ref_columns[0], "a");
    assert_string_equal(f->ref_schema, "u");
    assert_string_equal(f->ref_table, "parent");
    assert_ptr_equal(&u->tables[f->ref], usage_table(u, "parent"));
    assert_string_equal(f->on_delete, "RESTRICT");
    assert_string_equal(f->on_update, "NO ACTION");
    assert_true(f->is_validated && f->is_enforced && f->is_parent_unique && f->orphans == -1 && f->orphans_sql == NULL);
    assert_string_equal(fk_of(u, "f_one")->on_delete, "CASCADE");
    assert_string_equal(fk_of(u, "f_one")->on_update, "SET NULL");
    assert_string_equal(fk_of(u, "f_second")->on_delete, "SET DEFAULT");
    assert_string_equal(fk_of(u, "f_partial2")->columns[1], "B b");
    f = fk_of(u, "f_off");
    assert_true(!f->is_enforced && f->is_validated && f->orphans_sql != NULL);
    f = fk_of(u, "f_old");
    assert_true(f->is_enforced && !f->is_validated);
    ls_usage_free(u);
}

/* NOT ENFORCED came with 18. */
static void what_18_does_not_enforce(void **state)
{
    const struct ls_usage_fk *f;
    struct ls_usage *u;
    char *is_18;

    NEED_SERVER();
    is_18 = test_pg_get(url, "select current_setting('server_version_num')::int >= 180000");
    if (is_18 == NULL || is_18[0] != 't') {
        free(is_18);
        test_skip("the server is older than 18");
    }
    free(is_18);
    assert_true(test_pg_exec(url, "create table u.f_loose (a int references u.parent not enforced); insert into u.f_loose values (1), (99)"));
    u = usage_read(url, &(struct ls_usage_opts){.with_orphans = true});
    f = fk_of(u, "f_loose");
    assert_true(!f->is_enforced);
    assert_int_equal(f->orphans, 1);
    ls_usage_free(u);
    assert_true(test_pg_exec(url, "drop table u.f_loose"));
}

static void rows_without_a_parent(void **state)
{
    struct ls_usage_opts opts = {.with_orphans = true};
    struct ls_err err = LS_ERR_INIT;
    const struct ls_usage_fk *f;
    struct ls_result r;
    struct ls_usage *u;
    struct ls_db *db;

    NEED_SERVER();
    db = catpg_open(url);
    u = usage_read_db(db, &opts);
    f = fk_of(u, "f_old");
    assert_int_equal(f->orphans, 2);
    assert_int_equal(fk_of(u, "f_off")->orphans, 0);
    assert_int_equal(fk_of(u, "f_one")->orphans, -1);
    assert_int_equal(ls_db_query(db, f->orphans_sql, NULL, 0, &r, &err), LS_OK);
    assert_int_equal(r.n_rows, 2);
    assert_string_equal(ls_result_get(&r, 0, 1), "lost");
    ls_result_release(&r);
    ls_usage_free(u);
    /* Inside of a transaction none is run: an error there would end it. */
    assert_int_equal(ls_db_begin(db, &err), LS_OK);
    u = usage_read_db(db, &opts);
    assert_int_equal(fk_of(u, "f_old")->orphans, -1);
    assert_non_null(usage_note(u, "not-counted"));
    assert_int_equal(ls_db_tx_status(db), LS_TXS_OPEN);
    ls_usage_free(u);
    ls_db_close(db);
}

static int make_it(void **state)
{
    char *answer;

    (void)state;
    url = usage_database();
    answer = url ? test_pg_get(url, "select datcollate in ('C', 'POSIX') from pg_database where datname = current_database()") : NULL;
    sorts_by_bytes = answer && answer[0] == 't';
    free(answer);
    return 0;
}

static int drop_it(void **state)
{
    (void)state;
    test_pg_drop_database(url);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_kind_of_index),
                                       cmocka_unit_test(definitions_are_the_servers),
                                       cmocka_unit_test(all_is_sorted_and_joined),
                                       cmocka_unit_test(partitions_know_their_parents),
                                       cmocka_unit_test(keys_without_an_index_are_the_references),
                                       cmocka_unit_test(which_index_serves),
                                       cmocka_unit_test(what_a_foreign_key_says),
                                       cmocka_unit_test(what_18_does_not_enforce),
                                       cmocka_unit_test(rows_without_a_parent)};

    return cmocka_run_group_tests(tests, make_it, drop_it);
}
