/* Sides: their words, saved catalogues, Drizzle snapshots of every version, files of SQL, the corpus. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lockstep/diff/diff.h"
#include "lockstep/engine/side.h"
#include "support/facts.h"
#include "support/ops.h"
#include "support/skip.h"

/* --- words --------------------------------------------------------------------------------------------------------------------------------------- */

static void test_words(void **state)
{
    static const struct {
        const char *text;
        enum ls_side_kind kind;
        const char *what, *version;
    } good[] = {
        {"live", LS_SIDE_LIVE, "", NULL},
        {"migrations", LS_SIDE_MIGRATIONS, "", NULL},
        {"production", LS_SIDE_ENV, "production", NULL},
        {"env:live", LS_SIDE_ENV, "live", NULL},
        {"postgres://u:p@h/db", LS_SIDE_URL, "postgres://u:p@h/db", NULL},
        {"host=h dbname=x", LS_SIDE_URL, "host=h dbname=x", NULL},
        {"sqlite:a.db", LS_SIDE_URL, "sqlite:a.db", NULL},
        {"a.db", LS_SIDE_URL, "a.db", NULL},
        {"dir:db/m", LS_SIDE_DIR, "db/m", NULL},
        {"dir:db/m@0042", LS_SIDE_DIR, "db/m", "0042"},
        {"dir:a@b/m@7", LS_SIDE_DIR, "a@b/m", "7"},
        {"file:schema.sql", LS_SIDE_FILE, "schema.sql", NULL},
        {"backup:app-7-20260101000000", LS_SIDE_BACKUP, "app-7-20260101000000", NULL},
        {"drizzle:meta/0001_snapshot.json", LS_SIDE_DRIZZLE, "meta/0001_snapshot.json", NULL},
        {"snapshot:s.json", LS_SIDE_SNAPSHOT, "s.json", NULL},
    };
    static const char *const bad[] = {"", "dir:", "dir:m@", "file:", "two words", "env:", "../x", "live:"};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(good); i++) {
        struct ls_side s;

        ops_ok(ls_side_parse(good[i].text, &s, err));
        assert_int_equal(s.kind, good[i].kind);
        assert_string_equal(s.what, good[i].what);
        assert_string_equal(s.version ? s.version : "(none)", good[i].version ? good[i].version : "(none)");
        ls_side_release(&s);
    }
    for (size_t i = 0; i < LS_ARRAY_LEN(bad); i++) {
        struct ls_err err = LS_ERR_INIT;
        struct ls_side s;

        if (ls_side_parse(bad[i], &s, &err) != LS_E_USAGE)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_non_null(strstr(err.hint, "snapshot:PATH"));
        ls_err_release(&err);
    }
}

static void test_label_hides_the_password(void **state)
{
    struct ls_side s;
    char *label;

    (void)state;
    ops_ok(ls_side_parse("postgres://u:geheim@h/db", &s, err));
    label = ls_side_label(&s);
    assert_null(strstr(label, "geheim"));
    free(label);
    ls_side_release(&s);
}

/* --- saved catalogues ---------------------------------------------------------------------------------------------------------------------------- */

static void assert_equal_catalogs(const struct ls_catalog *a, const struct ls_catalog *b)
{
    struct ls_diff_opts all = {.with_owner = true, .with_rights = true, .with_order = true};
    struct ls_diff d;

    ls_diff_make(a, b, &all, &d);
    for (size_t i = 0; i < d.d.n; i++) {
        struct ls_buf line = LS_BUF_INIT;

        ls_difference_line(&d.d.v[i], &line);
        print_error("%s\n", line.ptr);
        ls_buf_release(&line);
    }
    assert_int_equal(d.d.n, 0);
    ls_diff_release(&d);
}

static void test_saved_is_equal(void **state)
{
    struct ls_catalog *c = facts_catalog(LS_DIALECT_POSTGRES, "dir migrations at 7",
                                         "schema '' public\n"
                                         "table public users comment='it is \"his\"' rows=17 owner=me\n"
                                         "column public users.id type=bigint 'not null'=yes position=1\n"
                                         "column public users.e type=text default=\"'a\\b'::text\" position=2\n"
                                         "constraint public users.users_pkey form='primary key' key=id\n"
                                         "view public v body=' SELECT users.id\tFROM users;'\n"
                                         "function public f(integer) body='begin; return 1; end' method=plpgsql\n"
                                         "needs view public v table public users"),
                      *again = NULL, *third = NULL;
    struct ls_buf one = LS_BUF_INIT, two = LS_BUF_INIT;
    uint32_t n = 0, m = 0;

    (void)state;
    c->lacks[LS_FACT_ROLE] = 1;
    c->lacks_attr[LS_A_STORAGE] = 1;
    ls_catalog_save(c, &one);
    assert_null(strstr(one.ptr, "17"));
    ops_ok(ls_catalog_restore("s.json", one.ptr, one.len, &again, err));
    assert_equal_catalogs(c, again);
    assert_int_equal(again->n_facts, c->n_facts);
    assert_int_equal(again->n_deps, 1);
    assert_int_equal(again->lacks[LS_FACT_ROLE], 1);
    assert_int_equal(again->lacks[LS_FACT_TABLE], 0);
    assert_int_equal(again->lacks_attr[LS_A_STORAGE], 1);
    assert_string_equal(again->source, "dir migrations at 7");
    (void)ls_catalog_kind(c, LS_FACT_VIEW, &n);
    (void)ls_catalog_kind(again, LS_FACT_VIEW, &m);
    assert_int_equal(n, m);
    ls_catalog_save(again, &two);
    assert_string_equal(one.ptr, two.ptr);
    ops_ok(ls_catalog_restore("s.json", two.ptr, two.len, &third, err));
    ls_catalog_free(c);
    ls_catalog_free(again);
    ls_catalog_free(third);
    ls_buf_release(&one);
    ls_buf_release(&two);
}

static void test_saved_hostile_names(void **state)
{
    static const char *const names[] = {"a\nb", "\x1b[31mred", "quote\"", "back\\slash", "\xff\xfe", "\xc3\xbc", "\xe2\x80\xae", "", "{\"hex\": \"00\"}", "\x01"};
    struct ls_catalog_builder *b = ls_catalog_builder_new(LS_DIALECT_SQLITE);
    struct ls_catalog *c, *again = NULL;
    struct ls_buf text = LS_BUF_INIT;

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++) {
        uint32_t table = ls_catalog_add(b, LS_FACT_TABLE, "main", NULL, names[i]);
        uint32_t column = ls_catalog_add(b, LS_FACT_COLUMN, "main", names[i], names[LS_ARRAY_LEN(names) - 1 - i]);

        ls_catalog_set(b, column, LS_A_DEFAULT, names[i]);
        ls_catalog_set(b, table, LS_A_COMMENT, names[i]);
        ls_catalog_depend(b, column, table);
    }
    c = ls_catalog_freeze(b, "odd", "", 0);
    ls_catalog_save(c, &text);
    assert_null(strchr(text.ptr, '\x1b'));
    ops_ok(ls_catalog_restore("s.json", text.ptr, text.len, &again, err));
    assert_equal_catalogs(c, again);
    assert_int_equal(again->n_facts, 2 * LS_ARRAY_LEN(names));
    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++)
        assert_non_null(ls_catalog_find(again, LS_FACT_TABLE, "main", "", names[i]));
    ls_buf_release(&text);
    ls_catalog_free(c);
    ls_catalog_free(again);
}

#define HEAD "{\"lockstep-catalogue\": 1, \"dialect\": \"sqlite\",\n"

static void test_saved_broken(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "s.json:1:"},
        {"{\n\"a\": }", "s.json:2:"},
        {"{\"facts\": []}", "s.json:1: this is no catalogue of lockstep's"},
        {"{\"lockstep-catalogue\": 1, \"dialect\": \"oracle\"}", "there is no dialect 'oracle'"},
        {HEAD "\"facts\": 7}", "it has no list of facts"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": \"a\"},\n{\"kind\": \"tabel\", \"name\": \"b\"}]}", "s.json:4: there is no kind of object 'tabel'"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\"}]}", "s.json:3: a fact without a readable name"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": \"a\", \"comment\": 7}]}", "s.json:3: a value that is no text: 'comment'"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": {\"hex\": \"0g\"}}]}", "s.json:3: a fact without a readable name"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": {\"hex\": \"00\"}}]}", "s.json:3: a fact without a readable name"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": \"a\", \"needs\": [[\"table\", \"\", \"\", \"b\"]]}]}", "s.json:3: it needs what is not in the file: 'b'"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": \"a\", \"needs\": [7]}]}", "s.json:3: what it needs is no [kind"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": \"a\"},\n{\"kind\": \"table\", \"name\": \"a\"}]}", "two facts are of one name: 'a'"},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_catalog *c = NULL;
        struct ls_err err = LS_ERR_INIT;

        if (ls_catalog_restore("s.json", cases[i].text, strlen(cases[i].text), &c, &err) != LS_E_INPUT || strstr(err.message, cases[i].message) == NULL)
            fail_msg("case %zu: \"%s\" is not \"%s\"", i, err.message != NULL ? err.message : "", cases[i].message);
        assert_null(c);
        ls_err_release(&err);
    }
}

/* --- sides that are loaded ----------------------------------------------------------------------------------------------------------------------- */

struct loads {
    struct ops o;
    struct ls_side_world w;
};

static void begin(struct loads *l)
{
    memset(l, 0, sizeof(*l));
    ops_open(&l->o, "lockstep", false);
    l->w.session = l->o.s;
    l->w.scratch_url = test_pg_url();
}

static void end(struct loads *l)
{
    ls_side_world_end(&l->w);
    ops_close(&l->o);
}

/* word:top/NAME */
static struct ls_catalog *load(struct loads *l, const char *word, const char *name, enum ls_dialect d)
{
    char *path = ops_path(&l->o, name), *text = ls_asprintf("%s:%s", word, path);
    struct ls_side_opts opts = {.has_dialect = true, .dialect = d};
    struct ls_catalog *c = NULL;
    struct ls_side s;

    ops_ok(ls_side_parse(text, &s, err));
    ops_ok(ls_side_load(&l->w, &s, &opts, &c, err));
    ls_side_release(&s);
    free(path);
    free(text);
    return c;
}

static void compare(struct loads *l, const char *json, const char *sql, enum ls_dialect d)
{
    struct ls_catalog *a, *b;

    ops_put(&l->o, "0001_snapshot.json", json);
    ops_put(&l->o, "schema.sql", sql);
    a = load(l, "drizzle", "0001_snapshot.json", d);
    b = load(l, "file", "schema.sql", d);
    assert_true(a->n_facts > 3);
    assert_int_equal(a->lacks[LS_FACT_TRIGGER], 1);
    assert_equal_catalogs(a, b);
    assert_equal_catalogs(b, a);
    ls_catalog_free(a);
    ls_catalog_free(b);
}

static const char lite_sql[] = "CREATE TABLE `user` (`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL, `email` text DEFAULT 'a@b' NOT NULL, `on` integer DEFAULT true,"
                               " `up` text GENERATED ALWAYS AS (upper(\"email\")) VIRTUAL, CONSTRAINT \"long\" CHECK(length(\"email\") > 3));"
                               "CREATE UNIQUE INDEX `user_email` ON `user` (`email`);"
                               "CREATE INDEX `lower` ON `user` (lower(`email`)) WHERE \"on\" = 1;"
                               "CREATE TABLE `member` (`user` integer, `team` text, PRIMARY KEY(`user`, `team`),"
                               " FOREIGN KEY (`user`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade);"
                               "CREATE VIEW `v` AS select `id` from `user`;"
                               "CREATE TRIGGER tr AFTER DELETE ON member BEGIN SELECT 1; END;"; /* of triggers a snapshot says nothing */

static void test_drizzle_sqlite(void **state)
{
    static const char v6[] =
        "{\"version\": \"6\", \"dialect\": \"sqlite\", \"tables\": {\"user\": {\"name\": \"user\", \"columns\": {"
        "\"id\": {\"name\": \"id\", \"type\": \"integer\", \"primaryKey\": true, \"notNull\": true, \"autoincrement\": true},"
        "\"email\": {\"name\": \"email\", \"type\": \"text\", \"primaryKey\": false, \"notNull\": true, \"autoincrement\": false, \"default\": \"'a@b'\"},"
        "\"on\": {\"name\": \"on\", \"type\": \"integer\", \"primaryKey\": false, \"notNull\": false, \"autoincrement\": false, \"default\": true},"
        "\"up\": {\"name\": \"up\", \"type\": \"text\", \"primaryKey\": false, \"notNull\": false, \"generated\": {\"as\": \"(upper(\\\"email\\\"))\", \"type\": \"virtual\"}}},"
        "\"indexes\": {\"user_email\": {\"name\": \"user_email\", \"columns\": [\"email\"], \"isUnique\": true},"
        "\"lower\": {\"name\": \"lower\", \"columns\": [\"lower(`email`)\"], \"where\": \"\\\"on\\\" = 1\", \"isUnique\": false}},"
        "\"foreignKeys\": {}, \"compositePrimaryKeys\": {}, \"uniqueConstraints\": {},"
        "\"checkConstraints\": {\"long\": {\"name\": \"long\", \"value\": \"length(\\\"email\\\") > 3\"}}},"
        "\"member\": {\"name\": \"member\", \"columns\": {\"user\": {\"name\": \"user\", \"type\": \"integer\", \"primaryKey\": false, \"notNull\": false},"
        "\"team\": {\"name\": \"team\", \"type\": \"text\", \"primaryKey\": false, \"notNull\": false}}, \"indexes\": {},"
        "\"foreignKeys\": {\"fk\": {\"name\": \"fk\", \"tableFrom\": \"member\", \"tableTo\": \"user\", \"columnsFrom\": [\"user\"], \"columnsTo\": [\"id\"],"
        "\"onDelete\": \"cascade\", \"onUpdate\": \"no action\"}},"
        "\"compositePrimaryKeys\": {\"pk\": {\"columns\": [\"user\", \"team\"], \"name\": \"pk\"}}, \"uniqueConstraints\": {}, \"checkConstraints\": {}}},"
        "\"views\": {\"v\": {\"name\": \"v\", \"columns\": {}, \"definition\": \"select `id` from `user`\", \"isExisting\": false}}, \"enums\": {}}";
    static const char v1x[] =
        "{\"version\": \"7\", \"dialect\": \"sqlite\", \"ddl\": ["
        "{\"entityType\": \"tables\", \"name\": \"user\"}, {\"entityType\": \"tables\", \"name\": \"member\"},"
        "{\"entityType\": \"columns\", \"table\": \"user\", \"name\": \"id\", \"type\": \"integer\", \"notNull\": true, \"autoincrement\": true, \"default\": null},"
        "{\"entityType\": \"columns\", \"table\": \"user\", \"name\": \"email\", \"type\": \"text\", \"notNull\": true, \"default\": \"'a@b'\"},"
        "{\"entityType\": \"columns\", \"table\": \"user\", \"name\": \"on\", \"type\": \"integer\", \"notNull\": false, \"default\": \"true\"},"
        "{\"entityType\": \"columns\", \"table\": \"user\", \"name\": \"up\", \"type\": \"text\", \"notNull\": false, \"generated\": {\"as\": \"(upper(\\\"email\\\"))\", \"type\": \"virtual\"}},"
        "{\"entityType\": \"columns\", \"table\": \"member\", \"name\": \"user\", \"type\": \"integer\", \"notNull\": false},"
        "{\"entityType\": \"columns\", \"table\": \"member\", \"name\": \"team\", \"type\": \"text\", \"notNull\": false},"
        "{\"entityType\": \"pks\", \"table\": \"user\", \"name\": \"user_pk\", \"columns\": [\"id\"]},"
        "{\"entityType\": \"pks\", \"table\": \"member\", \"name\": \"member_pk\", \"columns\": [\"user\", \"team\"]},"
        "{\"entityType\": \"fks\", \"table\": \"member\", \"name\": \"fk\", \"columns\": [\"user\"], \"tableTo\": \"user\", \"columnsTo\": [\"id\"],"
        "\"onUpdate\": \"NO ACTION\", \"onDelete\": \"CASCADE\"},"
        "{\"entityType\": \"checks\", \"table\": \"user\", \"name\": \"long\", \"value\": \"length(\\\"email\\\") > 3\"},"
        "{\"entityType\": \"indexes\", \"table\": \"user\", \"name\": \"user_email\", \"columns\": [{\"value\": \"email\", \"isExpression\": false}], \"isUnique\": true,"
        "\"where\": null, \"origin\": \"manual\"},"
        "{\"entityType\": \"indexes\", \"table\": \"user\", \"name\": \"lower\", \"columns\": [{\"value\": \"lower(`email`)\", \"isExpression\": true}], \"isUnique\": false,"
        "\"where\": \"\\\"on\\\" = 1\", \"origin\": \"manual\"},"
        "{\"entityType\": \"views\", \"name\": \"v\", \"definition\": \"select `id` from `user`\", \"isExisting\": false}]}";
    struct loads l;

    (void)state;
    begin(&l);
    compare(&l, v6, lite_sql, LS_DIALECT_SQLITE);
    compare(&l, v1x, lite_sql, LS_DIALECT_SQLITE);
    end(&l);
}

static const char pg_sql[] = "CREATE SCHEMA auth; CREATE TYPE mood AS ENUM ('sad', 'it''s ok');"
                             "CREATE TABLE users (id serial PRIMARY KEY, name varchar(80) DEFAULT 'x' NOT NULL, mood mood DEFAULT 'sad', tags text[],"
                             " at timestamptz DEFAULT now(), CONSTRAINT users_name_unique UNIQUE (name), CONSTRAINT c CHECK (length(name) > 2));"
                             "CREATE TABLE auth.keys (id bigint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME auth.keys_id_seq INCREMENT BY 1 START WITH 100), user_id integer,"
                             " up integer GENERATED ALWAYS AS (user_id + 1) STORED,"
                             " CONSTRAINT keys_user_fk FOREIGN KEY (user_id) REFERENCES users(id) ON UPDATE no action ON DELETE cascade);"
                             "ALTER TABLE auth.keys ENABLE ROW LEVEL SECURITY;"
                             "CREATE INDEX by_name ON users USING btree (name DESC NULLS LAST, (lower(name))) WHERE name <> 'y';"
                             "CREATE POLICY p ON auth.keys AS PERMISSIVE FOR SELECT TO public USING (true);"
                             "CREATE SEQUENCE s INCREMENT BY 2 MINVALUE 1 MAXVALUE 99 START WITH 3 CACHE 1;"
                             "CREATE VIEW v AS select id from users;";

static void test_drizzle_postgres(void **state)
{
    static const char v7[] =
        "{\"version\": \"7\", \"dialect\": \"postgresql\", \"tables\": {\"public.users\": {\"name\": \"users\", \"schema\": \"\", \"columns\": {"
        "\"id\": {\"name\": \"id\", \"type\": \"serial\", \"primaryKey\": true, \"notNull\": true},"
        "\"name\": {\"name\": \"name\", \"type\": \"varchar(80)\", \"primaryKey\": false, \"notNull\": true, \"default\": \"'x'\"},"
        "\"mood\": {\"name\": \"mood\", \"type\": \"mood\", \"typeSchema\": \"public\", \"primaryKey\": false, \"notNull\": false, \"default\": \"'sad'\"},"
        "\"tags\": {\"name\": \"tags\", \"type\": \"text[]\", \"primaryKey\": false, \"notNull\": false},"
        "\"at\": {\"name\": \"at\", \"type\": \"timestamp with time zone\", \"primaryKey\": false, \"notNull\": false, \"default\": \"now()\"}},"
        "\"indexes\": {\"by_name\": {\"name\": \"by_name\", \"columns\": [{\"expression\": \"name\", \"isExpression\": false, \"asc\": false, \"nulls\": \"last\"},"
        "{\"expression\": \"lower(name)\", \"isExpression\": true, \"asc\": true, \"nulls\": \"last\"}], \"isUnique\": false, \"where\": \"name <> 'y'\", \"concurrently\": false,"
        "\"method\": \"btree\", \"with\": {}}}, \"foreignKeys\": {}, \"compositePrimaryKeys\": {},"
        "\"uniqueConstraints\": {\"users_name_unique\": {\"name\": \"users_name_unique\", \"nullsNotDistinct\": false, \"columns\": [\"name\"]}},"
        "\"policies\": {}, \"checkConstraints\": {\"c\": {\"name\": \"c\", \"value\": \"length(name) > 2\"}}, \"isRLSEnabled\": false},"
        "\"auth.keys\": {\"name\": \"keys\", \"schema\": \"auth\", \"columns\": {"
        "\"id\": {\"name\": \"id\", \"type\": \"bigint\", \"primaryKey\": false, \"notNull\": true, \"identity\": {\"type\": \"always\", \"name\": \"keys_id_seq\", \"schema\": \"auth\","
        "\"increment\": \"1\", \"startWith\": \"100\", \"minValue\": \"1\", \"maxValue\": \"9223372036854775807\", \"cache\": \"1\", \"cycle\": false}},"
        "\"user_id\": {\"name\": \"user_id\", \"type\": \"integer\", \"primaryKey\": false, \"notNull\": false},"
        "\"up\": {\"name\": \"up\", \"type\": \"integer\", \"primaryKey\": false, \"notNull\": false, \"generated\": {\"as\": \"user_id + 1\", \"type\": \"stored\"}}},"
        "\"indexes\": {}, \"foreignKeys\": {\"keys_user_fk\": {\"name\": \"keys_user_fk\", \"tableFrom\": \"keys\", \"tableTo\": \"users\", \"schemaTo\": \"public\","
        "\"columnsFrom\": [\"user_id\"], \"columnsTo\": [\"id\"], \"onDelete\": \"cascade\", \"onUpdate\": \"no action\"}}, \"compositePrimaryKeys\": {}, \"uniqueConstraints\": {},"
        "\"policies\": {\"p\": {\"name\": \"p\", \"as\": \"PERMISSIVE\", \"for\": \"SELECT\", \"to\": [\"public\"], \"using\": \"true\"}}, \"checkConstraints\": {}, \"isRLSEnabled\": true}},"
        "\"enums\": {\"public.mood\": {\"name\": \"mood\", \"schema\": \"public\", \"values\": [\"sad\", \"it's ok\"]}}, \"schemas\": {\"auth\": \"auth\"},"
        "\"sequences\": {\"public.s\": {\"name\": \"s\", \"schema\": \"public\", \"increment\": \"2\", \"startWith\": \"3\", \"minValue\": \"1\", \"maxValue\": \"99\", \"cache\": \"1\", \"cycle\": false}},"
        "\"views\": {\"public.v\": {\"name\": \"v\", \"schema\": \"public\", \"columns\": {}, \"definition\": \"select id from users\", \"materialized\": false, \"isExisting\": false}}}";
    struct loads l;

    (void)state;
    if (test_pg_url() == NULL) {
        test_skip(test_pg_skip_reason());
        return;
    }
    begin(&l);
    compare(&l, v7, pg_sql, LS_DIALECT_POSTGRES);
    end(&l);
}

static void test_drizzle_old_postgres(void **state)
{
    /* Version 5: enums without a schema, labels as a map, names in indexes, the dialect called pg. */
    static const char v5[] =
        "{\"version\": \"5\", \"dialect\": \"pg\", \"tables\": {\"a\": {\"name\": \"a\", \"schema\": \"\", \"columns\": {"
        "\"id\": {\"name\": \"id\", \"type\": \"integer\", \"primaryKey\": true, \"notNull\": true},"
        "\"m\": {\"name\": \"m\", \"type\": \"mood\", \"primaryKey\": false, \"notNull\": false}}, \"indexes\": {\"i\": {\"name\": \"i\", \"columns\": [\"m\"], \"isUnique\": true}},"
        "\"foreignKeys\": {}, \"compositePrimaryKeys\": {}, \"uniqueConstraints\": {}}}, \"enums\": {\"mood\": {\"name\": \"mood\", \"values\": {\"sad\": \"sad\", \"ok\": \"ok\"}}}}";
    static const char sql[] = "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE a (id integer PRIMARY KEY, m mood); CREATE UNIQUE INDEX i ON a (m);";
    struct loads l;

    (void)state;
    if (test_pg_url() == NULL) {
        test_skip(test_pg_skip_reason());
        return;
    }
    begin(&l);
    compare(&l, v5, sql, LS_DIALECT_POSTGRES);
    end(&l);
}

/* What the scratch cannot make is told, and the rest is there. */
static void test_drizzle_partly(void **state)
{
    static const char json[] = "{\"version\": \"6\", \"dialect\": \"sqlite\", \"tables\": {\"a\": {\"name\": \"a\", \"columns\": {\"id\": {\"name\": \"id\", \"type\": \"integer\"}},"
                               "\"indexes\": {\"i\": {\"name\": \"i\", \"columns\": [\"no_such_function(id)\"], \"isUnique\": false}}}}}";
    struct ls_catalog *c;
    struct loads l;
    bool told = false;

    (void)state;
    begin(&l);
    ops_put(&l.o, "0001_snapshot.json", json);
    c = load(&l, "drizzle", "0001_snapshot.json", LS_DIALECT_SQLITE);
    assert_non_null(ls_catalog_find(c, LS_FACT_TABLE, "main", "", "a"));
    for (size_t i = 0; i < c->notes.d.n; i++)
        told = told || strcmp(c->notes.d.v[i].code, "not-made") == 0;
    assert_true(told);
    ls_catalog_free(c);
    end(&l);
}

/* --- the corpus ---------------------------------------------------------------------------------------------------------------------------------- */

static char *corpus(const char *name)
{
    const char *src = getenv("LS_SRCDIR");
    char *path = ls_asprintf("%s/../shared/corpus/%s", src != NULL ? src : ".", name);

    if (ls_path_kind(path) == LS_PATH_DIR)
        return path;
    free(path);
    return NULL;
}

static struct ls_catalog *load_corpus(struct loads *l, const char *word, const char *dir)
{
    char *text = ls_asprintf("%s:%s", word, dir);
    struct ls_side_opts opts = {.has_dialect = true, .dialect = LS_DIALECT_SQLITE};
    struct ls_catalog *c = NULL;
    struct ls_side s;

    ops_ok(ls_side_parse(text, &s, err));
    ops_ok(ls_side_load(&l->w, &s, &opts, &c, err));
    ls_side_release(&s);
    free(text);
    return c;
}

/* A folder against itself, and the report of what one of them has that the other has not. */
static void test_corpus_folders(void **state)
{
    char *one = corpus("drizzle-sqlite/karakeep"), *two = corpus("diesel-sqlite/vaultwarden");
    struct ls_catalog *a, *again, *b;
    struct ls_buf text = LS_BUF_INIT;
    struct ls_diff d;
    struct loads l;

    (void)state;
    if (one == NULL || two == NULL) {
        free(one);
        free(two);
        test_skip("the corpus is not there");
        return;
    }
    begin(&l);
    a = load_corpus(&l, "dir", one);
    again = load_corpus(&l, "dir", one);
    b = load_corpus(&l, "dir", two);
    assert_equal_catalogs(a, again);
    ls_diff_make(a, b, NULL, &d);
    assert_false(ls_diff_is_equal(&d));
    ls_diff_print_summary(&d, &text);
    assert_non_null(strstr(text.ptr, "Missing tables"));
    assert_non_null(strstr(text.ptr, "bookmarkTags"));
    assert_non_null(strstr(text.ptr, "ciphers"));
    assert_null(strstr(text.ptr, "__diesel_schema_migrations"));
    assert_null(strstr(text.ptr, "__drizzle_migrations"));
    ls_diff_release(&d);
    ls_buf_release(&text);
    ls_catalog_free(a);
    ls_catalog_free(again);
    ls_catalog_free(b);
    end(&l);
    free(one);
    free(two);
}

/* The last snapshot of a real project says less than its own migrations did: known, and found. */
static void test_corpus_snapshot(void **state)
{
    char *dir = corpus("drizzle-sqlite/karakeep");
    struct ls_catalog *snapshot, *replay;
    struct ls_buf lines = LS_BUF_INIT;
    struct ls_diff d;
    struct loads l;

    (void)state;
    if (dir == NULL) {
        test_skip("the corpus is not there");
        return;
    }
    begin(&l);
    snapshot = load_corpus(&l, "drizzle", dir);
    replay = load_corpus(&l, "dir", dir);
    ls_diff_make(snapshot, replay, NULL, &d);
    for (size_t i = 0; i < d.d.n; i++) {
        ls_difference_line(&d.d.v[i], &lines);
        ls_buf_addc(&lines, '\n');
    }
    assert_string_equal(lines.ptr, "column apiKey.scopes: default (none) -> '[\"fullaccess\"]'\n"
                                   "column bookmarkLists.type: default (none) -> 'manual'\n"
                                   "column bookmarks.lastSavedAt: default (none) -> 0\n"
                                   "column bookmarks.type: default (none) -> 'text'\n"
                                   "column tagsOnBookmarks.attachedAt: type integer -> text\n"
                                   "column tagsOnBookmarks.attachedBy: not null yes -> (none)\n");
    ls_diff_release(&d);
    ls_buf_release(&lines);
    ls_catalog_free(snapshot);
    ls_catalog_free(replay);
    end(&l);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_label_hides_the_password),
        cmocka_unit_test(test_saved_is_equal),
        cmocka_unit_test(test_saved_hostile_names),
        cmocka_unit_test(test_saved_broken),
        cmocka_unit_test(test_drizzle_sqlite),
        cmocka_unit_test(test_drizzle_postgres),
        cmocka_unit_test(test_drizzle_old_postgres),
        cmocka_unit_test(test_drizzle_partly),
        cmocka_unit_test(test_corpus_folders),
        cmocka_unit_test(test_corpus_snapshot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
