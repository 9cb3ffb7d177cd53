/* A PostgreSQL schema as facts: what each kind's facts say, what is left out and said, names that nobody should choose. */
#include <config.h>

#include "contract/catalog_pg.h"

static char *url;

/* --- what the facts say --- */

static const struct expected {
    enum ls_fact_kind kind;
    const char *schema, *parent, *name;
    enum ls_attr attr;
    const char *value; /* "": it is not there */
} expected[] = {
    {LS_FACT_DATABASE, "", "", "database", LS_A_SETTING, "encoding=UTF8"},
    {LS_FACT_SCHEMA, "", "", "s", LS_A_COMMENT, "the schema"},
    {LS_FACT_SCHEMA, "", "", "s", LS_A_RIGHTS, "lockstep_pw: USAGE*"},
    {LS_FACT_EXTENSION, "", "", "hstore", LS_A_ATTRIBUTES, "schema s"},
    {LS_FACT_LANGUAGE, "", "", "lng", LS_A_ATTRIBUTES, "handler s.handler"},
    {LS_FACT_COLLATION, "s", "", "cc", LS_A_ATTRIBUTES, "provider libc, collate 'C', ctype 'C'"},
    {LS_FACT_CONVERSION, "s", "", "conv", LS_A_ATTRIBUTES, "from LATIN1, to UTF8, function iso8859_1_to_utf8"},
    {LS_FACT_ENUM, "s", "", "mood", LS_A_LABELS, "'sad', 'ok', 'ha''ppy', E'back\\\\slash'"},
    {LS_FACT_DOMAIN, "s", "", "price", LS_A_TYPE, "numeric(10,2)"},
    {LS_FACT_DOMAIN, "s", "", "price", LS_A_NOT_NULL, "yes"},
    {LS_FACT_DOMAIN, "s", "", "price", LS_A_DEFAULT, "1"},
    {LS_FACT_DOMAIN, "s", "", "word", LS_A_COLLATION, "\"C\""},
    {LS_FACT_CONSTRAINT, "s", "price", "price_check", LS_A_SYSTEM_NAME, "yes"},
    {LS_FACT_CONSTRAINT, "s", "price", "small", LS_A_SYSTEM_NAME, ""},
    {LS_FACT_CONSTRAINT, "s", "price", "small", LS_A_EXPRESSION, "(VALUE < (1000)::numeric)"},
    {LS_FACT_COMPOSITE, "s", "", "pair", LS_A_ATTRIBUTES, "a integer, b text collate \"C\", c s.mood[]"},
    {LS_FACT_RANGE, "s", "", "frange", LS_A_ATTRIBUTES, "difference s.diff, multirange s.fmulti"},
    {LS_FACT_TYPE, "s", "", "sh", LS_A_ATTRIBUTES, "shell"},
    {LS_FACT_SEQUENCE, "s", "", "seq", LS_A_OPTIONS, "start 5, increment -2, minvalue -100, maxvalue 50, cache 3, cycle"},
    {LS_FACT_SEQUENCE, "s", "", "un_id_seq", LS_A_OWNED_BY, "s.un.id"},
    {LS_FACT_SEQUENCE, "s", "", "un_id_seq", LS_A_SYSTEM_NAME, "yes"},
    {LS_FACT_TABLE, "s", "", "base", LS_A_OPTIONS, "autovacuum_enabled=false, fillfactor=70, toast.autovacuum_enabled=false"},
    {LS_FACT_TABLE, "s", "", "base", LS_A_RIGHTS, "lockstep_pw: INSERT, SELECT"},
    {LS_FACT_TABLE, "s", "", "un", LS_A_RIGHTS, ""},
    {LS_FACT_TABLE, "s", "", "un", LS_A_PERSISTENCE, "unlogged"},
    {LS_FACT_TABLE, "s", "", "fk2", LS_A_REPLICA_IDENTITY, "using index fk2_pkey"},
    {LS_FACT_TABLE, "s", "", "fk2", LS_A_OWNER, "lockstep_pw"},
    {LS_FACT_TABLE, "s", "", "parted", LS_A_FORM, "partitioned"},
    {LS_FACT_TABLE, "s", "", "parted", LS_A_PARTITION_BY, "RANGE (k)"},
    {LS_FACT_TABLE, "s", "", "parted_2a", LS_A_PARTITION_OF, "s.parted_2"},
    {LS_FACT_TABLE, "s", "", "parted_2a", LS_A_BOUND, "FOR VALUES IN (1, 2)"},
    {LS_FACT_TABLE, "s", "", "child", LS_A_INHERITS, "s.parent"},
    {LS_FACT_TABLE, "s", "", "typed", LS_A_OF_TYPE, "s.pair"},
    {LS_FACT_TABLE, "s", "", "with_am", LS_A_ACCESS_METHOD, "am2"},
    {LS_FACT_TABLE, "s", "", "fk", LS_A_ROW_SECURITY, "enabled, forced"},
    {LS_FACT_TABLE, "s", "", "ft", LS_A_SERVER, "srv"},
    {LS_FACT_COLUMN, "s", "base", "id", LS_A_IDENTITY, "by default, start 10, increment 5"},
    {LS_FACT_COLUMN, "s", "base", "id", LS_A_DEFAULT, ""},
    {LS_FACT_COLUMN, "s", "base", "email", LS_A_TYPE, "character varying(80)"},
    {LS_FACT_COLUMN, "s", "base", "email", LS_A_OPTIONS, ""},
    {LS_FACT_COLUMN, "s", "base", "email", LS_A_RIGHTS, "lockstep_pw: UPDATE"},
    {LS_FACT_COLUMN, "s", "base", "kind", LS_A_OPTIONS, "n_distinct=5"},
    {LS_FACT_COLUMN, "s", "base", "kind", LS_A_STATISTICS_TARGET, "77"},
    {LS_FACT_COLUMN, "s", "base", "gen", LS_A_GENERATED, "stored (lower((email)::text))"},
    {LS_FACT_COLUMN, "s", "base", "doc", LS_A_STORAGE, "external"},
    {LS_FACT_COLUMN, "s", "base", "doc", LS_A_COMPRESSION, "pglz"},
    {LS_FACT_COLUMN, "s", "base", "ts", LS_A_POSITION, "13"}, /* a column in front of it was dropped */
    {LS_FACT_COLUMN, "s", "un", "id", LS_A_DEFAULT, "nextval('s.un_id_seq'::regclass)"},
    {LS_FACT_COLUMN, "s", "v", "email", LS_A_DEFAULT, "'from the view'::character varying"},
    {LS_FACT_CONSTRAINT, "s", "base", "base_pkey", LS_A_FORM, "primary key"},
    {LS_FACT_CONSTRAINT, "s", "base", "base_pkey", LS_A_CLUSTERED, "yes"},
    {LS_FACT_CONSTRAINT, "s", "base", "base_short_check", LS_A_EXPRESSION,
     "((short)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))"},
    {LS_FACT_CONSTRAINT, "s", "base", "soon", LS_A_KEY, "id, email"},
    {LS_FACT_CONSTRAINT, "s", "base", "soon", LS_A_INCLUDE, "kind"},
    {LS_FACT_CONSTRAINT, "s", "base", "soon", LS_A_DEFERRABLE, "initially deferred"},
    {LS_FACT_CONSTRAINT, "s", "base", "both_ck", LS_A_NO_INHERIT, "yes"},
    {LS_FACT_CONSTRAINT, "s", "base", "nv", LS_A_NOT_VALID, "yes"},
    {LS_FACT_CONSTRAINT, "s", "base", "base_email_key", LS_A_NULLS_NOT_DISTINCT, "yes"},
    {LS_FACT_CONSTRAINT, "s", "ex", "ex_room_during_excl", LS_A_KEY, "room with =, during with &&"},
    {LS_FACT_CONSTRAINT, "s", "ex", "ex_room_during_excl", LS_A_METHOD, "gist"},
    {LS_FACT_CONSTRAINT, "s", "fk", "fk_b_c_fkey", LS_A_REFERENCES, "s.fk2(x, y)"},
    {LS_FACT_CONSTRAINT, "s", "fk", "fk_b_c_fkey", LS_A_ON_DELETE, "set null (c)"},
    {LS_FACT_CONSTRAINT, "s", "fk", "full_fk", LS_A_MATCH, "full"},
    {LS_FACT_INDEX, "s", "base", "ops", LS_A_KEY,
     "email varchar_pattern_ops, kind collate \"C\" desc, (id + 1), \"We\"\"ird \"\"Col\" nulls first"},
    {LS_FACT_INDEX, "s", "base", "two", LS_A_KEY, "(id + 1), COALESCE(kind, ','::text), lower(((email)::text || ', ('::text))"},
    {LS_FACT_INDEX, "s", "base", "two", LS_A_STATISTICS_TARGET, "1: 55"},
    {LS_FACT_INDEX, "s", "base", "partial", LS_A_KEY, "lower((email)::text), id desc nulls last"},
    {LS_FACT_INDEX, "s", "base", "partial", LS_A_PREDICATE, "(kind IS NOT NULL)"},
    {LS_FACT_INDEX, "s", "base", "gin", LS_A_METHOD, "gin"},
    {LS_FACT_INDEX, "s", "fk", "with_class", LS_A_KEY, "d s.ops"},
    {LS_FACT_TRIGGER, "s", "base", "t1", LS_A_TIMING, "before insert or update of email, kind"},
    {LS_FACT_TRIGGER, "s", "base", "t1", LS_A_WHEN, "(((new.email)::text IS DISTINCT FROM 'WHEN ('::text))"},
    {LS_FACT_TRIGGER, "s", "base", "t1", LS_A_CALLS, "s.trg('a', 'it''s')"},
    {LS_FACT_TRIGGER, "s", "base", "t1", LS_A_ENABLED, "always"},
    {LS_FACT_TRIGGER, "s", "base", "t2", LS_A_TRANSITION, "old table as gone"},
    {LS_FACT_TRIGGER, "s", "base", "t3", LS_A_FORM, "constraint"},
    {LS_FACT_RULE, "s", "fk", "r1", LS_A_BODY, "INSTEAD NOTHING"},
    {LS_FACT_RULE, "s", "fk", "r1", LS_A_WHEN, "(old.a > 1)"},
    {LS_FACT_POLICY, "s", "base", "p1", LS_A_ROLES, "lockstep_pw, postgres"},
    {LS_FACT_POLICY, "s", "base", "p1", LS_A_LEVEL, "restrictive"},
    {LS_FACT_POLICY, "s", "base", "p2", LS_A_TIMING, "all"},
    {LS_FACT_STATISTICS, "s", "", "st", LS_A_METHOD, "ndistinct, mcv"},
    {LS_FACT_FUNCTION, "s", "", "f(integer,text,integer[])", LS_A_ARGUMENTS,
     "a integer, b text DEFAULT 'x'::text, VARIADIC c integer[] DEFAULT '{}'::integer[]"},
    {LS_FACT_FUNCTION, "s", "", "f(integer,text,integer[])", LS_A_OPTIONS, "search_path=s, public, work_mem=8MB"},
    {LS_FACT_FUNCTION, "s", "", "f(integer,text,integer[])", LS_A_SECURITY, "definer"},
    {LS_FACT_FUNCTION, "s", "", "f(text)", LS_A_RIGHTS, "PUBLIC: nothing"},
    {LS_FACT_FUNCTION, "s", "", "win()", LS_A_FORM, "window"},
    {LS_FACT_PROCEDURE, "s", "", "proc(integer,s.mood)", LS_A_COMMENT, "proc"},
    {LS_FACT_AGGREGATE, "s", "", "pct(double precision,anyelement)", LS_A_FORM, "ordered set"},
    {LS_FACT_OPERATOR, "s", "", "===(integer,integer)", LS_A_TYPE, "boolean"},
    {LS_FACT_OPCLASS, "s", "", "ops using btree", LS_A_ATTRIBUTES, "family s.fam"},
    {LS_FACT_CAST, "", "", "integer as s.mood", LS_A_ATTRIBUTES, "function s.to_mood(integer), assignment"},
    {LS_FACT_TRANSFORM, "", "", "integer language sql", LS_A_ATTRIBUTES, "from sql prsd_lextype(internal)"},
    {LS_FACT_ACCESS_METHOD, "", "", "am2", LS_A_ATTRIBUTES, "table, handler heap_tableam_handler"},
    {LS_FACT_TS_CONFIG, "s", "", "cfg", LS_A_ATTRIBUTES, "parser s.par, asciiword: s.dict simple, word: s.dict simple"},
    {LS_FACT_EVENT_TRIGGER, "", "", "ev", LS_A_WHEN, "tag in 'CREATE TABLE', 'DROP TABLE'"},
    {LS_FACT_PUBLICATION, "", "", "pub", LS_A_ATTRIBUTES, "s.base (id, email) where (id > 5), s.fk2"},
    {LS_FACT_PUBLICATION, "", "", "pub_s", LS_A_ATTRIBUTES, "schema s"},
    {LS_FACT_SUBSCRIPTION, "", "", "sub", LS_A_SERVER, "host=nowhere dbname=x password=(hidden)"},
    {LS_FACT_SERVER, "", "", "srv", LS_A_OPTIONS, "host=h, port=1"},
    {LS_FACT_USER_MAPPING, "", "srv", "postgres", LS_A_OPTIONS, "aws_secret_access_key=(hidden), password=(hidden), password_required=false, user=u"},
    {LS_FACT_DEFAULT_ACL, "s", "", "postgres tables", LS_A_RIGHTS, "lockstep_pw: SELECT"},
    {LS_FACT_TABLE, "We\"ird \"Schema", "", "Ta\"b,le\ntwo", LS_A_FORM, ""},
    {LS_FACT_COLUMN, "We\"ird \"Schema", "Ta\"b,le\ntwo", "\ttab", LS_A_DEFAULT, "'a\nb''c\\d'::text"},
    {LS_FACT_CONSTRAINT, "We\"ird \"Schema", "Ta\"b,le\ntwo", "Ta\"b,le\ntwo_pkey", LS_A_KEY, "\"Co\"\"l\nx\""},
    {LS_FACT_CONSTRAINT, "We\"ird \"Schema", "Ta\"b,le\ntwo", "Ta\"b,le\ntwo_\ttab_check", LS_A_SYSTEM_NAME, "yes"},
};

#define NEED_SERVER()                                                                                                              \
    do {                                                                                                                           \
        (void)state;                                                                                                               \
        if (url == NULL)                                                                                                           \
            test_skip(test_pg_skip_reason());                                                                                      \
    } while (0)

/* Before version `since`, where the schema is made otherwise (older_pg.h). */
static const struct {
    int since;
    enum ls_attr attr;
    const char *name, *value;
} older_expected[] = {
    {14, LS_A_ATTRIBUTES, "frange", "difference s.diff"},
    {14, LS_A_COMPRESSION, "doc", ""},
    {15, LS_A_NULLS_NOT_DISTINCT, "base_email_key", ""},
    {15, LS_A_ON_DELETE, "fk_b_c_fkey", "set null"},
    {15, LS_A_ATTRIBUTES, "pub", "s.base, s.fk2"},
    {15, LS_A_ATTRIBUTES, "pub_s", "s.fk"},
};

static const char *value_here(const struct expected *e, int major)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(older_expected); i++)
        if (major < older_expected[i].since && e->attr == older_expected[i].attr && strcmp(e->name, older_expected[i].name) == 0)
            return older_expected[i].value;
    return e->value;
}

static void one_of_every_kind(void **state)
{
    int major = test_pg_major();
    struct ls_catalog *c;
    bool seen[LS_N_FACTS] = {0};

    NEED_SERVER();
    c = catpg_read(url);
    for (size_t i = 0; i < LS_ARRAY_LEN(expected); i++) {
        const struct expected *e = &expected[i];
        const struct ls_fact *f = ls_catalog_find(c, e->kind, e->schema, e->parent, e->name);
        const char *v = f ? ls_fact_get(f, e->attr) : NULL, *value = value_here(e, major);

        if (f == NULL)
            fail_msg("there is no %s %s", ls_fact_kind_name(e->kind), e->name);
        if (strcmp(v ? v : "", value) != 0)
            fail_msg("%s %s, %s: %s instead of %s", ls_fact_kind_name(e->kind), e->name, ls_attr_name(e->attr), v ? v : "(nothing)", value);
    }
    for (uint32_t i = 0; i < c->n_facts; i++)
        seen[c->facts[i].kind] = true;
    for (int k = LS_FACT_NONE + 1; k < LS_N_FACTS; k++)
        if (!seen[k] && k != LS_FACT_ROLE)
            fail_msg("no %s was read", ls_fact_kind_name((enum ls_fact_kind)k));
    assert_int_equal(c->lacks[LS_FACT_ROLE], 1);
    assert_int_equal(c->notes.d.n, 0);
    assert_int_equal(c->server_version / 10000, atoi(c->server + strlen("PostgreSQL ")));
    ls_catalog_free(c);
}

/* What is part of something else is no fact of its own. */
static void parts_are_no_facts(void **state)
{
    struct ls_catalog *c;

    NEED_SERVER();
    c = catpg_read(url);
    assert_null(ls_catalog_find(c, LS_FACT_SEQUENCE, "s", "", "base_id_seq"));
    assert_null(ls_catalog_find(c, LS_FACT_INDEX, "s", "base", "base_pkey"));
    assert_null(ls_catalog_find(c, LS_FACT_INDEX, "s", "parted_1", "parted_1_v_idx"));
    assert_null(ls_catalog_find(c, LS_FACT_CONSTRAINT, "s", "parted_1", "parted_1_pkey"));
    assert_null(ls_catalog_find(c, LS_FACT_CONSTRAINT, "s", "child", "pc"));
    assert_null(ls_catalog_find(c, LS_FACT_TRIGGER, "s", "parted_1", "t5"));
    assert_null(ls_catalog_find(c, LS_FACT_TYPE, "s", "", "hstore"));
    assert_null(ls_catalog_find(c, LS_FACT_FUNCTION, "s", "", "fmulti()"));
    assert_null(ls_catalog_find(c, LS_FACT_LANGUAGE, "", "", "plpgsql"));
    assert_null(ls_catalog_find(c, LS_FACT_SCHEMA, "", "", "pg_catalog"));
    for (uint32_t i = 0; i < c->n_facts; i++)
        assert_true(strncmp(c->facts[i].schema, "pg_", 3) != 0);
    ls_catalog_free(c);
}

static bool needs(const struct ls_catalog *c, const struct ls_fact *from, const struct ls_fact *to)
{
    uint32_t n;
    const struct ls_dep *d = ls_catalog_needs(c, ls_catalog_index(c, from), &n);

    for (uint32_t i = 0; i < n; i++)
        if (d[i].to == ls_catalog_index(c, to))
            return true;
    return false;
}

static void who_needs_whom(void **state)
{
    struct ls_catalog *c;

    NEED_SERVER();
    c = catpg_read(url);
#define FACT(kind, parent, name) ls_catalog_find(c, LS_FACT_##kind, "s", parent, name)
    assert_true(needs(c, FACT(VIEW, "", "v"), FACT(TABLE, "", "base")));
    assert_true(needs(c, FACT(VIEW, "", "v"), FACT(COLUMN, "base", "email")));
    assert_true(needs(c, FACT(VIEW, "", "v2"), FACT(VIEW, "", "v")));
    assert_true(needs(c, FACT(CONSTRAINT, "fk", "full_fk"), FACT(TABLE, "", "fk2")));
    assert_true(needs(c, FACT(CONSTRAINT, "fk", "full_fk"), FACT(COLUMN, "fk2", "y")));
    assert_true(needs(c, FACT(CONSTRAINT, "fk", "full_fk"), FACT(CONSTRAINT, "fk2", "fk2_pkey")));
    assert_true(needs(c, FACT(CONSTRAINT, "base", "both_ck"), FACT(COLUMN, "base", "email")));
    assert_true(needs(c, FACT(INDEX, "base", "partial"), FACT(COLUMN, "base", "email")));
    assert_true(needs(c, FACT(INDEX, "fk", "with_class"), FACT(OPCLASS, "", "ops using btree")));
    assert_true(needs(c, FACT(COLUMN, "base", "m"), FACT(ENUM, "", "mood")));
    assert_true(needs(c, FACT(COMPOSITE, "", "pair"), FACT(ENUM, "", "mood")));
    assert_true(needs(c, FACT(COLUMN, "un", "id"), FACT(SEQUENCE, "", "un_id_seq")));
    assert_true(needs(c, FACT(COLUMN, "base", "h"), ls_catalog_find(c, LS_FACT_EXTENSION, "", "", "hstore")));
    assert_true(
        needs(c, FACT(CONSTRAINT, "ex", "ex_room_during_excl"), ls_catalog_find(c, LS_FACT_EXTENSION, "", "", "btree_gist")));
    assert_true(needs(c, FACT(TRIGGER, "base", "t1"), FACT(FUNCTION, "", "trg()")));
    assert_true(needs(c, FACT(POLICY, "base", "p2"), FACT(TABLE, "", "fk")));
    assert_true(needs(c, FACT(RULE, "v2", "r3"), FACT(TABLE, "", "base")));
    assert_true(needs(c, FACT(STATISTICS, "", "st"), FACT(COLUMN, "base", "kind")));
    assert_true(needs(c, FACT(TABLE, "", "parted_1"), FACT(TABLE, "", "parted")));
    assert_true(needs(c, FACT(PROCEDURE, "", "proc(integer,s.mood)"), FACT(ENUM, "", "mood")));
    assert_true(needs(c, ls_catalog_find(c, LS_FACT_PUBLICATION, "", "", "pub"), FACT(TABLE, "", "fk2")));
    assert_false(needs(c, FACT(CONSTRAINT, "base", "both_ck"), FACT(TABLE, "", "base")));
#undef FACT
    ls_catalog_free(c);
}

/* --- options --- */

static void only_some_schemas(void **state)
{
    static const char *const schemas[] = {"We\"ird \"Schema", NULL};
    struct ls_catalog_opts opts = {.schemas = schemas};
    struct ls_catalog *c;
    struct ls_db *db;

    NEED_SERVER();
    db = catpg_open(url);
    c = catpg_read_db(db, &opts);
    for (uint32_t i = 0; i < c->n_facts; i++)
        if (c->facts[i].schema[0])
            assert_string_equal(c->facts[i].schema, schemas[0]);
    assert_non_null(ls_catalog_find(c, LS_FACT_TABLE, schemas[0], "", "Ta\"b,le\ntwo"));
    assert_null(ls_catalog_find(c, LS_FACT_PUBLICATION, "", "", "pub"));
    ls_catalog_free(c);
    ls_db_close(db);
}

static void without_some_tables(void **state)
{
    static const char *const without[] = {"s.un", "parted_1", NULL};
    struct ls_catalog_opts opts = {.without = without};
    struct ls_catalog *c;
    struct ls_db *db;

    NEED_SERVER();
    db = catpg_open(url);
    c = catpg_read_db(db, &opts);
    assert_null(ls_catalog_find(c, LS_FACT_TABLE, "s", "", "un"));
    assert_null(ls_catalog_find(c, LS_FACT_COLUMN, "s", "un", "id"));
    assert_null(ls_catalog_find(c, LS_FACT_SEQUENCE, "s", "", "un_id_seq"));
    assert_null(ls_catalog_find(c, LS_FACT_INDEX, "s", "parted_1", "only_1"));
    assert_non_null(ls_catalog_find(c, LS_FACT_TABLE, "s", "", "parted_2"));
    ls_catalog_free(c);
    ls_db_close(db);
}

static void sizes_and_definitions(void **state)
{
    struct ls_catalog_opts opts = {.with_sizes = true, .with_definitions = true};
    struct ls_catalog *c;
    struct ls_db *db;

    NEED_SERVER();
    db = catpg_open(url);
    c = catpg_read_db(db, &opts);
    assert_true(atol(ls_fact_get(ls_catalog_find(c, LS_FACT_TABLE, "s", "", "base"), LS_A_BYTES)) > 8192);
    assert_null(ls_fact_get(ls_catalog_find(c, LS_FACT_TABLE, "s", "", "un"), LS_A_ROWS)); /* never analysed: not known */
#define DEFINITION(kind, parent, name) ls_fact_get(ls_catalog_find(c, LS_FACT_##kind, "s", parent, name), LS_A_DEFINITION)
    assert_string_equal(DEFINITION(INDEX, "base", "hash"), "CREATE INDEX hash ON s.base USING hash (email)");
    assert_string_equal(DEFINITION(CONSTRAINT, "base", "base_pkey"),
                        "ALTER TABLE s.base ADD CONSTRAINT base_pkey PRIMARY KEY (id)");
    assert_true(strncmp(DEFINITION(FUNCTION, "", "trg()"), "CREATE OR REPLACE FUNCTION s.trg()", 34) == 0);
    assert_true(strncmp(DEFINITION(VIEW, "", "v2"), "CREATE VIEW s.v2 AS", 19) == 0);
    assert_true(strncmp(DEFINITION(TRIGGER, "base", "t2"), "CREATE TRIGGER t2", 17) == 0);
    assert_true(strncmp(DEFINITION(STATISTICS, "", "st"), "CREATE STATISTICS s.st", 22) == 0);
#undef DEFINITION
    ls_catalog_free(c);
    ls_db_close(db);
}

/* --- names --- */

/* Each name was given by the server: to all kinds of long ones, in bytes of several. */
static void names_that_the_server_made(void **state)
{
    static const char sql[] =
        "create table long_long_long_long_long_long_long_long_long_long_long_name (id serial primary key, "
        "column_with_a_name_that_is_long_enough_to_be_cut_somewhere_in_it int unique check "
        "(column_with_a_name_that_is_long_enough_to_be_cut_somewhere_in_it > 0) "
        "references long_long_long_long_long_long_long_long_long_long_long_name);"
        "create table "
        "\"t\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
        "\u00e4\u00e4\u00e4"
        "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\" (\"\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\" bigserial primary key, b "
        "int, c int, "
        "unique (\"\u00f6\u00f6\u00f6\u00f6\u00f6\u00f6\", b, c), check (b > c), check (b > 1));"
        "create table many (a int check (a > 1) check (a > 2) check (a > 3), check (true), b int references many (c) references "
        "many (c), c int unique, "
        "unique (c, a), unique (a) include (b), exclude using btree (a with =), exclude using btree ((a + 1) with =));"
        "create table many_2 (a int constraint mine check (a > 0), b int constraint many_2_c_check check (b > 0), constraint "
        "a_pkey primary key (a))";
    char *own;
    struct ls_catalog *c;
    const struct ls_fact *f;
    uint32_t n;

    NEED_SERVER();
    own = test_pg_new_database("catalog");
    assert_non_null(own);
    assert_true(test_pg_exec(own, sql));
    c = catpg_read(own);
    f = ls_catalog_kind(c, LS_FACT_CONSTRAINT, &n);
    for (uint32_t i = 0; i < n; i++) {
        bool is_ours = strcmp(f[i].parent, "many_2") == 0;

        if ((ls_fact_get(&f[i], LS_A_SYSTEM_NAME) != NULL) == is_ours)
            fail_msg("%s is %sa name that the server makes", f[i].name, is_ours ? "not " : "");
    }
    assert_true(n >= 20);
    f = ls_catalog_kind(c, LS_FACT_SEQUENCE, &n);
    assert_int_equal(n, 2);
    assert_non_null(ls_fact_get(&f[0], LS_A_SYSTEM_NAME));
    assert_non_null(ls_fact_get(&f[1], LS_A_SYSTEM_NAME));
    ls_catalog_free(c);
    test_pg_drop_database(own);
}

/* --- what may not be seen --- */

static void without_rights_it_is_said(void **state)
{
    struct ls_catalog *c, *mine;
    struct ls_db *db;
    struct ls_err err = LS_ERR_INIT;
    struct ls_diff d;
    bool says_mapping = false, says_subscription = false;
    unsigned hides_all = test_pg_major() < 14; /* of subscriptions */

    NEED_SERVER();
    mine = catpg_read(url);
    db = catpg_open(url);
    assert_int_equal(ls_db_exec_batch(db, "set session authorization lockstep_pw", 37, NULL, &err), LS_OK);
    c = catpg_read_db(db, NULL);
    for (size_t i = 0; i < c->notes.d.n; i++) {
        assert_string_equal(c->notes.d.v[i].code, "no-rights");
        says_mapping = says_mapping || strstr(c->notes.d.v[i].message, "user mappings");
        says_subscription = says_subscription || strstr(c->notes.d.v[i].message, "subscriptions");
    }
    assert_true(says_mapping);
    assert_true(says_subscription);
    assert_int_equal(c->n_facts + hides_all, mine->n_facts);
    assert_int_equal(c->lacks[LS_FACT_SUBSCRIPTION], hides_all);
    ls_diff_make(mine, c, &(struct ls_diff_opts){0}, &d);
    for (size_t i = 0; i < d.d.n; i++) /* what was not read is not missing */
        assert_true(d.d.v[i].change == LS_CHANGE_CHANGED);
    ls_diff_release(&d);
    ls_catalog_free(c);
    ls_catalog_free(mine);
    ls_db_close(db);
}

static void what_has_no_fact_is_counted(void **state)
{
    struct ls_catalog *c;
    struct ls_db *db;
    struct ls_err err = LS_ERR_INIT;
    static const char sql[] = "begin; select lo_create(0); select lo_create(0)";

    NEED_SERVER();
    db = catpg_open(url);
    assert_int_equal(ls_db_exec_batch(db, sql, strlen(sql), NULL, &err), LS_OK);
    c = catpg_read_db(db, NULL);
    assert_int_equal(c->notes.d.n, 1);
    assert_string_equal(c->notes.d.v[0].code, "not-modelled");
    assert_string_equal(c->notes.d.v[0].message, "2 large objects are there and are not compared");
    /* What it set for itself is gone, and the transaction is still open. */
    assert_int_equal(ls_db_tx_status(db), LS_TXS_OPEN);
    ls_catalog_free(c);
    ls_db_close(db);
}

/* --- when it cannot be read --- */

/* A table that somebody else has locked keeps the server from writing its expressions: the wait can be ended. */
struct waiter {
    const char *do_this; /* by another session, once it waits; says 0 when it does not yet. NULL: give up waiting */
    bool is_done;
};

static bool on_wait(void *ctx)
{
    struct waiter *w = ctx;

    if (!w->is_done && w->do_this) {
        char *n = test_pg_get(url, w->do_this);

        w->is_done = n && strcmp(n, "0") != 0;
        free(n);
        return true;
    }
    return w->is_done;
}

static void a_wait_can_be_ended(void **state)
{
    static const struct {
        const char *do_this;
        enum ls_rc rc;
        bool is_alive;
    } ways[] = {{NULL, LS_E_CANCELLED, true},
                {"select count(pg_terminate_backend(pid)) from pg_stat_activity where wait_event_type = 'Lock' and datname = "
                 "current_database()",
                 LS_E_CONNECT, false}};

    NEED_SERVER();
    for (size_t i = 0; i < LS_ARRAY_LEN(ways); i++) {
        struct waiter w = {.do_this = ways[i].do_this};
        struct ls_db_params p = {.url = url, .on_wait = on_wait, .ctx = &w};
        struct ls_db *holder = catpg_open(url), *db = NULL;
        struct ls_err err = LS_ERR_INIT;
        struct ls_catalog *c = NULL;
        static const char lock[] = "begin; lock table s.base in access exclusive mode";

        assert_int_equal(ls_db_exec_batch(holder, lock, strlen(lock), NULL, &err), LS_OK);
        w.is_done = true; /* not while it connects */
        assert_int_equal(ls_db_open(&p, &db, &err), LS_OK);
        w.is_done = false;
        assert_int_equal(ls_db_catalog(db, NULL, &c, &err), ways[i].rc);
        assert_null(c);
        assert_int_equal(ls_db_is_alive(db), ways[i].is_alive);
        ls_db_close(holder);
        if (ways[i].is_alive) {
            assert_int_equal(ls_db_tx_status(db), LS_TXS_IDLE);
            w.is_done = true;
            ls_catalog_free(catpg_read_db(db, NULL));
        }
        ls_err_release(&err);
        ls_db_close(db);
    }
}

/* What fails inside of somebody's transaction leaves that as it was. */
static void a_failure_leaves_the_transaction(void **state)
{
    static const char before[] = "begin; create table s.mine (a int); set local statement_timeout = '300ms'";
    static const char lock[] = "begin; lock table s.base in access exclusive mode";
    struct ls_err err = LS_ERR_INIT;
    struct ls_catalog *c = NULL;
    struct ls_db *holder, *db;

    NEED_SERVER();
    holder = catpg_open(url);
    db = catpg_open(url);
    assert_int_equal(ls_db_exec_batch(db, before, strlen(before), NULL, &err), LS_OK);
    assert_int_equal(ls_db_exec_batch(holder, lock, strlen(lock), NULL, &err), LS_OK);
    assert_true(ls_db_catalog(db, NULL, &c, &err) != LS_OK);
    ls_err_release(&err);
    ls_db_close(holder);
    assert_int_equal(ls_db_tx_status(db), LS_TXS_OPEN);
    assert_int_equal(ls_db_exec_batch(db, "set local statement_timeout = 0", 31, NULL, &err), LS_OK);
    c = catpg_read_db(db, NULL);
    assert_non_null(ls_catalog_find(c, LS_FACT_TABLE, "s", "", "mine"));
    ls_catalog_free(c);
    ls_db_close(db);
}

static int make_it(void **state)
{
    (void)state;
    url = catpg_everything();
    return 0;
}

static int drop_it(void **state)
{
    (void)state;
    catpg_drop(url);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_of_every_kind),
                                       cmocka_unit_test(parts_are_no_facts),
                                       cmocka_unit_test(who_needs_whom),
                                       cmocka_unit_test(only_some_schemas),
                                       cmocka_unit_test(without_some_tables),
                                       cmocka_unit_test(sizes_and_definitions),
                                       cmocka_unit_test(names_that_the_server_made),
                                       cmocka_unit_test(without_rights_it_is_said),
                                       cmocka_unit_test(what_has_no_fact_is_counted),
                                       cmocka_unit_test(a_wait_can_be_ended),
                                       cmocka_unit_test(a_failure_leaves_the_transaction)};

    return cmocka_run_group_tests(tests, make_it, drop_it);
}
