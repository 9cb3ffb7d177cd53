/* Drizzle snapshots of every version, each against the SQL that it stands for, and a real project's against its migrations. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "support/sides.h"

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

static const char lite_sql[] =
    "CREATE TABLE `user` (`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL, `email` text DEFAULT 'a@b' NOT NULL, `on` integer "
    "DEFAULT true,"
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
        "\"email\": {\"name\": \"email\", \"type\": \"text\", \"primaryKey\": false, \"notNull\": true, \"autoincrement\": false, "
        "\"default\": \"'a@b'\"},"
        "\"on\": {\"name\": \"on\", \"type\": \"integer\", \"primaryKey\": false, \"notNull\": false, \"autoincrement\": false, "
        "\"default\": true},"
        "\"up\": {\"name\": \"up\", \"type\": \"text\", \"primaryKey\": false, \"notNull\": false, \"generated\": {\"as\": "
        "\"(upper(\\\"email\\\"))\", \"type\": \"virtual\"}}},"
        "\"indexes\": {\"user_email\": {\"name\": \"user_email\", \"columns\": [\"email\"], \"isUnique\": true},"
        "\"lower\": {\"name\": \"lower\", \"columns\": [\"lower(`email`)\"], \"where\": \"\\\"on\\\" = 1\", \"isUnique\": false}},"
        "\"foreignKeys\": {}, \"compositePrimaryKeys\": {}, \"uniqueConstraints\": {},"
        "\"checkConstraints\": {\"long\": {\"name\": \"long\", \"value\": \"length(\\\"email\\\") > 3\"}}},"
        "\"member\": {\"name\": \"member\", \"columns\": {\"user\": {\"name\": \"user\", \"type\": \"integer\", \"primaryKey\": "
        "false, \"notNull\": false},"
        "\"team\": {\"name\": \"team\", \"type\": \"text\", \"primaryKey\": false, \"notNull\": false}}, \"indexes\": {},"
        "\"foreignKeys\": {\"fk\": {\"name\": \"fk\", \"tableFrom\": \"member\", \"tableTo\": \"user\", \"columnsFrom\": "
        "[\"user\"], \"columnsTo\": [\"id\"],"
        "\"onDelete\": \"cascade\", \"onUpdate\": \"no action\"}},"
        "\"compositePrimaryKeys\": {\"pk\": {\"columns\": [\"user\", \"team\"], \"name\": \"pk\"}}, \"uniqueConstraints\": {}, "
        "\"checkConstraints\": {}}},"
        "\"views\": {\"v\": {\"name\": \"v\", \"columns\": {}, \"definition\": \"select `id` from `user`\", \"isExisting\": "
        "false}}, \"enums\": {}}";
    static const char v1x[] =
        "{\"version\": \"7\", \"dialect\": \"sqlite\", \"ddl\": ["
        "{\"entityType\": \"tables\", \"name\": \"user\"}, {\"entityType\": \"tables\", \"name\": \"member\"},"
        "{\"entityType\": \"columns\", \"table\": \"user\", \"name\": \"id\", \"type\": \"integer\", \"notNull\": true, "
        "\"autoincrement\": true, \"default\": null},"
        "{\"entityType\": \"columns\", \"table\": \"user\", \"name\": \"email\", \"type\": \"text\", \"notNull\": true, "
        "\"default\": \"'a@b'\"},"
        "{\"entityType\": \"columns\", \"table\": \"user\", \"name\": \"on\", \"type\": \"integer\", \"notNull\": false, "
        "\"default\": \"true\"},"
        "{\"entityType\": \"columns\", \"table\": \"user\", \"name\": \"up\", \"type\": \"text\", \"notNull\": false, "
        "\"generated\": {\"as\": \"(upper(\\\"email\\\"))\", \"type\": \"virtual\"}},"
        "{\"entityType\": \"columns\", \"table\": \"member\", \"name\": \"user\", \"type\": \"integer\", \"notNull\": false},"
        "{\"entityType\": \"columns\", \"table\": \"member\", \"name\": \"team\", \"type\": \"text\", \"notNull\": false},"
        "{\"entityType\": \"pks\", \"table\": \"user\", \"name\": \"user_pk\", \"columns\": [\"id\"]},"
        "{\"entityType\": \"pks\", \"table\": \"member\", \"name\": \"member_pk\", \"columns\": [\"user\", \"team\"]},"
        "{\"entityType\": \"fks\", \"table\": \"member\", \"name\": \"fk\", \"columns\": [\"user\"], \"tableTo\": \"user\", "
        "\"columnsTo\": [\"id\"],"
        "\"onUpdate\": \"NO ACTION\", \"onDelete\": \"CASCADE\"},"
        "{\"entityType\": \"checks\", \"table\": \"user\", \"name\": \"long\", \"value\": \"length(\\\"email\\\") > 3\"},"
        "{\"entityType\": \"indexes\", \"table\": \"user\", \"name\": \"user_email\", \"columns\": [{\"value\": \"email\", "
        "\"isExpression\": false}], \"isUnique\": true,"
        "\"where\": null, \"origin\": \"manual\"},"
        "{\"entityType\": \"indexes\", \"table\": \"user\", \"name\": \"lower\", \"columns\": [{\"value\": \"lower(`email`)\", "
        "\"isExpression\": true}], \"isUnique\": false,"
        "\"where\": \"\\\"on\\\" = 1\", \"origin\": \"manual\"},"
        "{\"entityType\": \"views\", \"name\": \"v\", \"definition\": \"select `id` from `user`\", \"isExisting\": false}]}";
    struct loads l;

    (void)state;
    begin(&l);
    compare(&l, v6, lite_sql, LS_DIALECT_SQLITE);
    compare(&l, v1x, lite_sql, LS_DIALECT_SQLITE);
    end(&l);
}

static const char pg_sql[] =
    "CREATE SCHEMA auth; CREATE TYPE mood AS ENUM ('sad', 'it''s ok');"
    "CREATE TABLE users (id serial PRIMARY KEY, name varchar(80) DEFAULT 'x' NOT NULL, mood mood DEFAULT 'sad', tags text[],"
    " at timestamptz DEFAULT now(), CONSTRAINT users_name_unique UNIQUE (name), CONSTRAINT c CHECK (length(name) > 2));"
    "CREATE TABLE auth.keys (id bigint GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME auth.keys_id_seq INCREMENT BY 1 START WITH "
    "100), user_id integer,"
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
        "{\"version\": \"7\", \"dialect\": \"postgresql\", \"tables\": {\"public.users\": {\"name\": \"users\", \"schema\": \"\", "
        "\"columns\": {"
        "\"id\": {\"name\": \"id\", \"type\": \"serial\", \"primaryKey\": true, \"notNull\": true},"
        "\"name\": {\"name\": \"name\", \"type\": \"varchar(80)\", \"primaryKey\": false, \"notNull\": true, \"default\": \"'x'\"},"
        "\"mood\": {\"name\": \"mood\", \"type\": \"mood\", \"typeSchema\": \"public\", \"primaryKey\": false, \"notNull\": false, "
        "\"default\": \"'sad'\"},"
        "\"tags\": {\"name\": \"tags\", \"type\": \"text[]\", \"primaryKey\": false, \"notNull\": false},"
        "\"at\": {\"name\": \"at\", \"type\": \"timestamp with time zone\", \"primaryKey\": false, \"notNull\": false, "
        "\"default\": \"now()\"}},"
        "\"indexes\": {\"by_name\": {\"name\": \"by_name\", \"columns\": [{\"expression\": \"name\", \"isExpression\": false, "
        "\"asc\": false, \"nulls\": \"last\"},"
        "{\"expression\": \"lower(name)\", \"isExpression\": true, \"asc\": true, \"nulls\": \"last\"}], \"isUnique\": false, "
        "\"where\": \"name <> 'y'\", \"concurrently\": false,"
        "\"method\": \"btree\", \"with\": {}}}, \"foreignKeys\": {}, \"compositePrimaryKeys\": {},"
        "\"uniqueConstraints\": {\"users_name_unique\": {\"name\": \"users_name_unique\", \"nullsNotDistinct\": false, "
        "\"columns\": [\"name\"]}},"
        "\"policies\": {}, \"checkConstraints\": {\"c\": {\"name\": \"c\", \"value\": \"length(name) > 2\"}}, \"isRLSEnabled\": "
        "false},"
        "\"auth.keys\": {\"name\": \"keys\", \"schema\": \"auth\", \"columns\": {"
        "\"id\": {\"name\": \"id\", \"type\": \"bigint\", \"primaryKey\": false, \"notNull\": true, \"identity\": {\"type\": "
        "\"always\", \"name\": \"keys_id_seq\", \"schema\": \"auth\","
        "\"increment\": \"1\", \"startWith\": \"100\", \"minValue\": \"1\", \"maxValue\": \"9223372036854775807\", \"cache\": "
        "\"1\", \"cycle\": false}},"
        "\"user_id\": {\"name\": \"user_id\", \"type\": \"integer\", \"primaryKey\": false, \"notNull\": false},"
        "\"up\": {\"name\": \"up\", \"type\": \"integer\", \"primaryKey\": false, \"notNull\": false, \"generated\": {\"as\": "
        "\"user_id + 1\", \"type\": \"stored\"}}},"
        "\"indexes\": {}, \"foreignKeys\": {\"keys_user_fk\": {\"name\": \"keys_user_fk\", \"tableFrom\": \"keys\", \"tableTo\": "
        "\"users\", \"schemaTo\": \"public\","
        "\"columnsFrom\": [\"user_id\"], \"columnsTo\": [\"id\"], \"onDelete\": \"cascade\", \"onUpdate\": \"no action\"}}, "
        "\"compositePrimaryKeys\": {}, \"uniqueConstraints\": {},"
        "\"policies\": {\"p\": {\"name\": \"p\", \"as\": \"PERMISSIVE\", \"for\": \"SELECT\", \"to\": [\"public\"], \"using\": "
        "\"true\"}}, \"checkConstraints\": {}, \"isRLSEnabled\": true}},"
        "\"enums\": {\"public.mood\": {\"name\": \"mood\", \"schema\": \"public\", \"values\": [\"sad\", \"it's ok\"]}}, "
        "\"schemas\": {\"auth\": \"auth\"},"
        "\"sequences\": {\"public.s\": {\"name\": \"s\", \"schema\": \"public\", \"increment\": \"2\", \"startWith\": \"3\", "
        "\"minValue\": \"1\", \"maxValue\": \"99\", \"cache\": \"1\", \"cycle\": false}},"
        "\"views\": {\"public.v\": {\"name\": \"v\", \"schema\": \"public\", \"columns\": {}, \"definition\": \"select id from "
        "users\", \"materialized\": false, \"isExisting\": false}}}";
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
        "\"m\": {\"name\": \"m\", \"type\": \"mood\", \"primaryKey\": false, \"notNull\": false}}, \"indexes\": {\"i\": {\"name\": "
        "\"i\", \"columns\": [\"m\"], \"isUnique\": true}},"
        "\"foreignKeys\": {}, \"compositePrimaryKeys\": {}, \"uniqueConstraints\": {}}}, \"enums\": {\"mood\": {\"name\": "
        "\"mood\", \"values\": {\"sad\": \"sad\", \"ok\": \"ok\"}}}}";
    static const char sql[] =
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE a (id integer PRIMARY KEY, m mood); CREATE UNIQUE INDEX i ON a (m);";
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
    static const char json[] =
        "{\"version\": \"6\", \"dialect\": \"sqlite\", \"tables\": {\"a\": {\"name\": \"a\", \"columns\": {\"id\": {\"name\": "
        "\"id\", \"type\": \"integer\"}},"
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
    assert_string_equal(lines.ptr, "column apiKey.scopes, default (none) -> '[\"fullaccess\"]'\n"
                                   "column bookmarkLists.type, default (none) -> 'manual'\n"
                                   "column bookmarks.lastSavedAt, default (none) -> 0\n"
                                   "column bookmarks.type, default (none) -> 'text'\n"
                                   "column tagsOnBookmarks.attachedAt, type integer -> text\n"
                                   "column tagsOnBookmarks.attachedBy, not null yes -> (none)\n");
    ls_diff_release(&d);
    ls_buf_release(&lines);
    ls_catalog_free(snapshot);
    ls_catalog_free(replay);
    end(&l);
    free(dir);
}

/* --- what Drizzle was told --- */

#define COLUMN(name, type) "\"" name "\": {\"name\": \"" name "\", \"type\": \"" type "\", \"primaryKey\": false, \"notNull\": false, \"autoincrement\": false}"
#define SNAPSHOT(table, columns, meta)                                                                                                      \
    "{\"version\": \"6\", \"dialect\": \"sqlite\", \"tables\": {\"" table "\": {\"name\": \"" table "\", \"columns\": {" columns          \
    "}, \"indexes\": {}, \"foreignKeys\": {}, \"compositePrimaryKeys\": {}, \"uniqueConstraints\": {}, \"checkConstraints\": {}}}, "        \
    "\"views\": {}, \"enums\": {}, \"_meta\": {" meta "}}"

static void put_in(struct loads *l, const char *dir, const char *name, const char *text)
{
    char *path = ops_path(&l->o, dir), *file = ls_asprintf("%s/%s", dir, name);

    ops_ok(ls_mkdir_p(path, 0700, err));
    ops_put(&l->o, file, text);
    free(path);
    free(file);
}

static void assert_renamed(const struct ls_diff *d, enum ls_fact_kind kind, const char *from, const char *to)
{
    for (size_t i = 0; i < d->renames.n; i++) {
        const struct ls_rename *r = &d->renames.v[i];

        if (r->a->kind != kind || strcmp(r->a->name, from) != 0 || strcmp(r->b->name, to) != 0)
            continue;
        assert_int_equal(r->state, LS_RENAME_ACCEPTED);
        assert_string_equal(r->evidence, "Drizzle's own _meta");
        return;
    }
    fail_msg("%s is not renamed to %s", from, to);
}

/* Over two snapshots, in both directions; names and types say nothing. */
static void test_meta_names_renamings(void **state)
{
    struct ls_catalog *a, *b, *sql;
    struct ls_diff d;
    struct loads l;

    (void)state;
    begin(&l);
    put_in(&l, "meta", "0000_snapshot.json", SNAPSHOT("xyz", COLUMN("k", "integer") ", " COLUMN("v", "text"), ""));
    put_in(&l, "meta", "0001_snapshot.json",
            SNAPSHOT("stages", COLUMN("k", "integer") ", " COLUMN("v", "text"), "\"tables\": {\"\\\"xyz\\\"\": \"\\\"stages\\\"\"}, \"columns\": {}"));
    put_in(&l, "meta", "0002_snapshot.json",
            SNAPSHOT("stages", COLUMN("k", "integer") ", " COLUMN("quantity", "real") ", " COLUMN("more", "text"),
                     "\"tables\": {}, \"columns\": {\"\\\"stages\\\".\\\"v\\\"\": \"\\\"stages\\\".\\\"quantity\\\"\"}"));
    a = load(&l, "drizzle", "meta/0000_snapshot.json", LS_DIALECT_SQLITE);
    b = load(&l, "drizzle", "meta/0002_snapshot.json", LS_DIALECT_SQLITE);
    assert_int_equal(a->n_hints, 0);
    assert_int_equal(b->n_hints, 2);
    ls_diff_make(a, b, NULL, &d);
    assert_renamed(&d, LS_FACT_TABLE, "xyz", "stages");
    assert_renamed(&d, LS_FACT_COLUMN, "v", "quantity");
    ls_diff_release(&d);
    ls_diff_make(b, a, NULL, &d);
    assert_renamed(&d, LS_FACT_TABLE, "stages", "xyz");
    assert_renamed(&d, LS_FACT_COLUMN, "quantity", "v");
    ls_diff_release(&d);
    /* What is no snapshot has not been renamed by Drizzle. */
    ops_put(&l.o, "schema.sql", "CREATE TABLE stages (k integer, quantity real, more text);");
    sql = load(&l, "file", "schema.sql", LS_DIALECT_SQLITE);
    ls_diff_make(a, sql, NULL, &d);
    assert_int_equal(d.renames.n, 0);
    ls_diff_release(&d);
    ls_catalog_free(sql);
    ls_catalog_free(b);
    ls_catalog_free(a);
    end(&l);
}

/* A folder of 1.x, where each migration has one of its own. */
static void test_renames_of_1x(void **state)
{
    static const char *const columns[] = {"old", "brand_new"};
    struct ls_catalog *c[2];
    struct ls_diff d;
    struct loads l;

    (void)state;
    begin(&l);
    for (int i = 0; i < 2; i++) {
        char *json = ls_asprintf("{\"version\": \"7\", \"dialect\": \"sqlite\", \"ddl\": [{\"entityType\": \"tables\", \"name\": \"t\"},"
                                 "{\"entityType\": \"columns\", \"table\": \"t\", \"name\": \"%s\", \"type\": \"text\", \"notNull\": %s}],"
                                 "\"renames\": [%s]}",
                                 columns[i], i == 0 ? "true" : "false", i == 0 ? "" : "\"t.old->t.brand_new\"");
        char *dir = ls_asprintf("drizzle/000%d_x", i), *path = ls_asprintf("%s/snapshot.json", dir);

        put_in(&l, dir, "snapshot.json", json);
        c[i] = load(&l, "drizzle", path, LS_DIALECT_SQLITE);
        free(dir);
        free(path);
        free(json);
    }
    ls_diff_make(c[0], c[1], NULL, &d);
    assert_renamed(&d, LS_FACT_COLUMN, "old", "brand_new");
    ls_diff_release(&d);
    ls_catalog_free(c[0]);
    ls_catalog_free(c[1]);
    end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drizzle_sqlite), cmocka_unit_test(test_drizzle_postgres), cmocka_unit_test(test_drizzle_old_postgres),
        cmocka_unit_test(test_drizzle_partly), cmocka_unit_test(test_corpus_snapshot),
        cmocka_unit_test(test_meta_names_renamings), cmocka_unit_test(test_renames_of_1x),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
