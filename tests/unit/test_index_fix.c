/* What a fix writes, by format: which statements, in which files, and what takes them back. Usage and verdicts are made by hand. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lockstep/engine/index_fix.h"

#define INDEX(t, n)                                                                                                            \
    .table = t, .schema = "public", .name = n, .constraint = "", .method = "btree", .predicate = "", .options = "", .tablespace = "", .comment = "", \
    .is_valid = true, .is_ready = true, .is_live = true, .parent = LS_NO_USAGE

static struct ls_usage_key key_a[] = {{.text = "at", .column = "at", .type = "timestamptz", .opclass = "timestamptz_ops", .collation = ""}};

static struct ls_usage_table tables[] = {
    {.schema = "public", .name = "events", .kind = 'p', .parent = LS_NO_USAGE, .first_index = 0, .n_indexes = 1},
    {.schema = "public", .name = "events_1", .kind = 'r', .is_partition = true, .parent = 0, .first_index = 1, .n_indexes = 1},
    {.schema = "public", .name = "events_2", .kind = 'r', .is_partition = true, .parent = 0, .first_index = 2, .n_indexes = 0},
    {.schema = "public", .name = "memories", .kind = 'r', .parent = LS_NO_USAGE, .first_index = 2, .n_indexes = 4},
    {.schema = "public", .name = "odd \"name", .kind = 'r', .parent = LS_NO_USAGE, .first_index = 6, .n_indexes = 1},
};
static struct ls_usage_index indexes[] = {
    {INDEX(0, "events_at"), .definition = "CREATE INDEX events_at ON ONLY public.events USING btree (at)", .keys = key_a, .n_keys = 1, .is_partitioned = true},
    {INDEX(1, "events_1_at"), .definition = "CREATE INDEX events_1_at ON public.events_1 USING btree (at)", .keys = key_a, .n_keys = 1},
    {INDEX(3, "m_key"), .definition = "CREATE UNIQUE INDEX m_key ON public.memories USING btree (k)", .is_unique = true},
    {INDEX(3, "m_old"),
     .definition = "CREATE INDEX m_old ON public.memories USING btree (lower(\"on\"), \"using\") WITH (fillfactor='70') WHERE (note = 'a where b'::text)"},
    {INDEX(3, "m_pkey"), .definition = "CREATE UNIQUE INDEX m_pkey ON public.memories USING btree (id)", .is_primary = true, .is_unique = true},
    {INDEX(3, "memories_user_id_updated_at_idx"), .definition = "CREATE INDEX memories_user_id_updated_at_idx ON public.memories USING btree (user_id)"},
    {INDEX(4, "evil"), .definition = "CREATE INDEX evil ON public.\"odd \"\"name\" USING btree ((x || '\n-- +goose Down'::text))"},
};
static struct ls_usage_fk fks[] = {{.table = 3, .name = "m_user", .ref_schema = "public", .ref_table = "users", .ref = LS_NO_USAGE}};
static struct ls_usage usage = {.dialect = LS_DIALECT_POSTGRES, .server = "PostgreSQL 15.2", .server_version = 150002, .tables = tables, .n_tables = 5,
                                .indexes = indexes, .n_indexes = 7, .fks = fks, .n_fks = 1};

static const char *const two[] = {"user_id", "updated_at"};
static const struct ls_index_spec spec = {.schema = "public", .table = "memories", .method = "btree", .keys = two, .n_keys = 2, .predicate = "",
                                          .name = "memories_user_id_updated_at_idx"};
static const struct ls_index_verdict create = {.id = LS_IX_MISSING, .fix = LS_FIX_CREATE, .create = &spec, .n_create = 1, .object = "memories",
                                               .title = "missing\n-- +goose Down", .price = "SHARE lock", .table = 3, .index = LS_NO_USAGE, .fk = LS_NO_USAGE};
static const struct ls_index_verdict drop = {.id = LS_IX_UNUSED, .fix = LS_FIX_DROP, .object = "m_old", .title = "unused", .price = "", .table = 3, .index = 3};

static struct ls_fix_text t;

static int set_up(void **state)
{
    (void)state;
    usage.dialect = LS_DIALECT_POSTGRES;
    usage.server_version = 150002;
    indexes[3].comment = indexes[3].tablespace = "";
    indexes[5].is_valid = true;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ls_fix_text_release(&t);
    return 0;
}

static void fix(const struct ls_format *f, const struct ls_index_verdict *a, const struct ls_index_verdict *b)
{
    const struct ls_index_verdict *v[] = {a, b};
    struct ls_err err = LS_ERR_INIT;

    ls_fix_text_release(&t);
    if (ls_fix_write(&usage, v, b != NULL ? 2 : 1, f, &t, &err) != LS_OK)
        fail_msg("%s", err.message);
}

static void refused(const struct ls_format *f, const struct ls_index_verdict *a, enum ls_rc want, const char *part)
{
    struct ls_err err = LS_ERR_INIT;

    ls_fix_text_release(&t);
    assert_int_equal(ls_fix_write(&usage, &a, 1, f, &t, &err), want);
    if (strstr(err.message, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, err.message);
    assert_null(t.arena);
    ls_err_release(&err);
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void has_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" is in:\n%s", part, text);
}

#define CREATE "CREATE INDEX CONCURRENTLY \"memories_user_id_updated_at_idx_2\" ON \"public\".\"memories\" (user_id, updated_at);\n"
#define GONE   "DROP INDEX CONCURRENTLY IF EXISTS \"public\".\"memories_user_id_updated_at_idx_2\";\n"

static void test_many(void **state)
{
    (void)state;
    fix(&ls_format_lockstep, &create, NULL);
    assert_true(t.no_transaction);
    assert_int_equal(t.n_parts, 1);
    assert_null(t.note);
    has(t.up, CREATE);
    has(t.up, "set_config('lock_timeout', '10min', false);\nCREATE");
    has(t.up, "SELECT set_config('lock_timeout', current_setting('lockstep.lock_timeout'), false);\n");
    has(t.down, GONE);
    has(t.verify, "to_regclass('\"public\".\"memories_user_id_updated_at_idx_2\"') AND NOT i.indisvalid);\n");
    assert_string_equal(t.slug, "add_memories_user_id_updated_at_idx_2");
    /* A title is a comment of one line, and no tool's marker. */
    has(t.up, "-- IX08 missing, memories\n");
    has_not(t.up, "\n-- +goose");
    has_not(t.up, "+goose");
}

static void test_leftover(void **state)
{
    (void)state;
    indexes[5].is_valid = false;
    fix(&ls_format_goose, &create, NULL);
    has(t.up, "DROP INDEX CONCURRENTLY IF EXISTS \"public\".\"memories_user_id_updated_at_idx\";\n"
              "CREATE INDEX CONCURRENTLY \"memories_user_id_updated_at_idx\" ON");
    /* While somebody builds it, it is not a leftover. */
    indexes[5].is_building = true;
    fix(&ls_format_goose, &create, NULL);
    indexes[5].is_building = false;
    has_not(t.up, "DROP INDEX");
    has(t.up, CREATE);
}

static void test_alone(void **state)
{
    static const struct ls_format *const formats[] = {&ls_format_golang_migrate, &ls_format_dbmate, &ls_format_sqlx, &ls_format_diesel, &ls_format_prisma};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(formats); i++) {
        fix(formats[i], &create, &drop);
        assert_int_equal(t.n_parts, 2);
        assert_true(t.up_alone[0] && t.up_alone[1]);
        has(t.ups[0], CREATE);
        has_not(t.up, "set_config");
        assert_string_equal(t.ups[1], "DROP INDEX CONCURRENTLY IF EXISTS \"public\".\"m_old\";\n");
        /* What came last goes back first. */
        has(t.downs[1], "CREATE INDEX CONCURRENTLY m_old ON public.memories USING btree (lower(\"on\"), \"using\") WITH (fillfactor='70') WHERE (note = 'a where "
                        "b'::text);\n");
        assert_string_equal(t.downs[0], GONE);
        assert_string_equal(t.slugs[1], "change_2_indexes_2_of_2");
        has(t.note, "--lock-timeout 10min");
    }
}

static void test_back_needs_more(void **state)
{
    (void)state;
    indexes[3].comment = "it's old";
    indexes[3].tablespace = "fast disk";
    fix(&ls_format_golang_migrate, &drop, NULL);
    /* Down, CREATE comes first and the comment behind it: so its part is the first one. */
    assert_int_equal(t.n_parts, 2);
    has(t.ups[0], "DROP INDEX CONCURRENTLY IF EXISTS");
    has(t.ups[1], "-- Nothing on the way up");
    has(t.downs[1], "TABLESPACE \"fast disk\" WHERE");
    has(t.downs[1], "CREATE INDEX CONCURRENTLY m_old");
    has(t.downs[0], "COMMENT ON INDEX \"public\".\"m_old\" IS 'it''s old';\n");
    fix(&ls_format_prisma, &drop, NULL); /* it goes no way back */
    assert_int_equal(t.n_parts, 1);
    fix(&ls_format_lockstep, &drop, NULL);
    assert_int_equal(t.n_parts, 1);
    has(t.down, "WHERE (note = 'a where b'::text);\nCOMMENT ON INDEX");
}

static void test_locking(void **state)
{
    static const struct ls_format *const formats[] = {&ls_format_drizzle, &ls_format_drizzle1, &ls_format_node_pg_migrate};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(formats); i++) {
        fix(formats[i], &create, NULL);
        assert_false(t.no_transaction);
        has(t.up, "CREATE INDEX \"memories_user_id_updated_at_idx_2\" ON \"public\".\"memories\"");
        has(t.up, "set_config('lock_timeout', '3s', true)");
        has(t.note, "writes to the table wait");
        has(t.up, t.note); /* who reads the file sees it, too */
    }
    usage.server_version = 140003;
    usage.server = "PostgreSQL 14.3";
    fix(&ls_format_lockstep, &create, NULL);
    has_not(t.up, "INDEX CONCURRENTLY \"");
    has(t.note, "PostgreSQL 14.3 can damage");
    usage.server_version = 140004;
    fix(&ls_format_lockstep, &create, NULL);
    has(t.up, CREATE);
}

static void test_kinds(void **state)
{
    (void)state;
    fix(&ls_format_flyway, &create, &drop);
    assert_int_equal(t.n_parts, 1);
    has_not(t.up, "set_config");
    indexes[3].comment = "c";
    fix(&ls_format_flyway, &drop, NULL);
    assert_int_equal(t.n_parts, 2);
    has(t.downs[0], "COMMENT ON");
    assert_false(t.down_alone[0]);
}

static void test_partitions(void **state)
{
    static const char *const keys[] = {"kind"};
    struct ls_index_spec s = {.schema = "public", .table = "events", .method = "btree", .keys = keys, .n_keys = 1, .predicate = "", .name = "events_kind_idx"};
    struct ls_index_verdict v = create, attach = {.id = LS_IX_UNATTACHED, .fix = LS_FIX_ATTACH, .object = "events_at", .index = 0, .table = 0};

    (void)state;
    v.create = &s;
    fix(&ls_format_lockstep, &v, NULL);
    has(t.up, "CREATE INDEX \"events_kind_idx\" ON ONLY \"public\".\"events\" (kind);\n"
              "CREATE INDEX CONCURRENTLY \"events_1_events_kind_idx\" ON \"public\".\"events_1\" (kind);\n"
              "CREATE INDEX CONCURRENTLY \"events_2_events_kind_idx\" ON \"public\".\"events_2\" (kind);\n"
              "ALTER INDEX \"public\".\"events_kind_idx\" ATTACH PARTITION \"public\".\"events_1_events_kind_idx\";\n"
              "ALTER INDEX \"public\".\"events_kind_idx\" ATTACH PARTITION \"public\".\"events_2_events_kind_idx\";\n");
    has(t.down, "DROP INDEX IF EXISTS \"public\".\"events_kind_idx\";\nDROP INDEX CONCURRENTLY IF EXISTS \"public\".\"events_1_events_kind_idx\";\n");
    fix(&ls_format_golang_migrate, &v, NULL);
    assert_int_equal(t.n_parts, 4);
    has(t.downs[3], "DROP INDEX IF EXISTS \"public\".\"events_kind_idx\";\n");
    fix(&ls_format_drizzle, &v, NULL);
    has(t.up, "CREATE INDEX \"events_kind_idx\" ON \"public\".\"events\" (kind);\n");
    /* A partition that has one like it gets that attached. */
    fix(&ls_format_lockstep, &attach, NULL);
    has(t.up, "CREATE INDEX CONCURRENTLY \"events_2_events_at\" ON \"public\".\"events_2\" USING btree (at);\n"
              "ALTER INDEX \"public\".\"events_at\" ATTACH PARTITION \"public\".\"events_1_at\";\n"
              "ALTER INDEX \"public\".\"events_at\" ATTACH PARTITION \"public\".\"events_2_events_at\";\n");
    has(t.down, "cannot be taken off it again");
}

static void test_validate(void **state)
{
    struct ls_index_verdict v = {.id = LS_IX_FK_UNENFORCED, .fix = LS_FIX_VALIDATE, .object = "m_user", .fk = 0};

    (void)state;
    fix(&ls_format_dbmate, &v, NULL);
    has(t.up, "ALTER TABLE \"public\".\"memories\" VALIDATE CONSTRAINT \"m_user\";\n");
    assert_false(t.no_transaction);
    usage.dialect = LS_DIALECT_SQLITE;
    refused(&ls_format_dbmate, &v, LS_E_REFUSED, "SQLite has no foreign keys that are not validated");
}

static void test_refused(void **state)
{
    struct ls_index_verdict v = drop, upkeep = {.id = LS_IX_BLOAT, .fix = LS_FIX_REINDEX, .object = "m_old", .index = 3};

    (void)state;
    v.index = 4;
    refused(&ls_format_lockstep, &v, LS_E_REFUSED, "a constraint of the table stands on it");
    v.index = 6; /* a text in it begins a line as a marker would */
    refused(&ls_format_goose, &v, LS_E_REFUSED, "means something to goose");
    refused(&ls_format_lockstep, &upkeep, LS_E_REFUSED, "is upkeep, and no migration");
    indexes[2].is_fk_target = true;
    v.index = 2;
    refused(&ls_format_lockstep, &v, LS_E_REFUSED, "a foreign key of another table");
    indexes[2].is_fk_target = false;
    indexes[2].is_replica_identity = true;
    refused(&ls_format_lockstep, &v, LS_E_REFUSED, "replication tells");
    indexes[2].is_replica_identity = false;
    indexes[3].definition = "CREATE INDEX x";
    v.index = 3;
    refused(&ls_format_lockstep, &v, LS_E_REFUSED, "nothing could restore it");
    indexes[3].definition =
        "CREATE INDEX m_old ON public.memories USING btree (lower(\"on\"), \"using\") WITH (fillfactor='70') WHERE (note = 'a where b'::text)";
}

static void test_invalid(void **state)
{
    struct ls_index_verdict v = drop;

    (void)state;
    indexes[5].is_valid = false;
    v.index = 5;
    fix(&ls_format_lockstep, &v, NULL);
    has(t.up, "DROP INDEX CONCURRENTLY IF EXISTS \"public\".\"memories_user_id_updated_at_idx\";\n");
    has(t.down, "-- The index was invalid");
    has_not(t.down, "CREATE");
}

static void test_long_name(void **state)
{
    struct ls_index_spec s = spec, same_name;
    struct ls_index_verdict v = create, other = create;
    const char *from, *to;

    (void)state;
    s.name = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff\xc3\xa9\xc3\xa9\xc3\xa9";
    same_name = s;
    v.create = &s;
    other.create = &same_name;
    fix(&ls_format_lockstep, &v, &other);
    from = strstr(t.up, "CONCURRENTLY \"") + 14;
    to = strchr(from, '"');
    assert_int_equal(to - from, 62); /* 63 would be half a character */
    has(t.up, "eeeeeeeeeeffffffffff\xc3\xa9\"");
    has(t.up, "eeeeeeeeeeffffffffff_2\""); /* the second of that name */
}

static void test_sqlite(void **state)
{
    static struct ls_usage_table one[] = {{.schema = "main", .name = "odd \"name", .kind = 'r', .parent = LS_NO_USAGE, .n_indexes = 2}};
    static struct ls_usage_index own[] = {
        {INDEX(0, "i1"), .definition = "CREATE INDEX i1 ON \"odd \"\"name\" (a /* why */, b) -- why\nWHERE c = '--';"},
        {INDEX(0, "sqlite_autoindex_1"), .definition = "", .is_unique = true},
    };
    struct ls_usage u = {.dialect = LS_DIALECT_SQLITE, .tables = one, .n_tables = 1, .indexes = own, .n_indexes = 2, .server = "SQLite"};
    struct ls_index_spec s = spec;
    struct ls_index_verdict v = create, d = drop;
    const struct ls_index_verdict *both[] = {&v, &d};
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    own[0].schema = own[1].schema = s.schema = "main";
    s.table = "odd \"name";
    v.create = &s;
    d.index = 0;
    assert_int_equal(ls_fix_write(&u, both, 2, &ls_format_golang_migrate, &t, &err), LS_OK);
    assert_int_equal(t.n_parts, 1);
    assert_false(t.no_transaction);
    assert_null(t.verify);
    has(t.up, "CREATE INDEX \"memories_user_id_updated_at_idx\" ON \"odd \"\"name\" (user_id, updated_at);\nDROP INDEX IF EXISTS \"i1\";\n");
    has(t.down, "CREATE INDEX i1 ON \"odd \"\"name\" (a , b) WHERE c = '--';\nDROP INDEX IF EXISTS \"memories_user_id_updated_at_idx\";\n");
    ls_fix_text_release(&t);
    d.index = 1;
    assert_int_equal(ls_fix_write(&u, both, 2, &ls_format_golang_migrate, &t, &err), LS_E_REFUSED);
    ls_err_release(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leftover, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_back_needs_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_locking, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_kinds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_partitions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_validate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_invalid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sqlite, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
