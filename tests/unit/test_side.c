/* Sides: their words, saved catalogues, the corpus. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "support/facts.h"
#include "support/sides.h"
#include "lockstep/base/redact.h"

/* --- words
 * ---------------------------------------------------------------------------------------------------------------------------------------
 */

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

/* What is told of sides is redacted like any message, and must come through that whole. */
static void test_messages_are_no_secrets(void **state)
{
    struct ls_err why = LS_ERR_INIT;
    struct ls_side s;
    char *label, *shown;

    (void)state;
    ops_ok(ls_side_parse("dir:db/m@0042", &s, err));
    label = ls_side_label(&s);
    shown = ls_redact_dup(label);
    assert_string_equal(shown, "dir db/m at 0042");
    free(shown);
    free(label);
    ls_side_release(&s);
    assert_int_equal(ls_side_parse("dir:m@", &s, &why), LS_E_USAGE);
    shown = ls_redact_dup(why.hint);
    assert_null(strstr(shown, "***"));
    assert_null(strstr(shown, "did you mean")); /* it is a known form */
    free(shown);
    ls_err_release(&why);
    assert_int_equal(ls_side_parse("snapsot:x", &s, &why), LS_E_USAGE);
    assert_non_null(strstr(why.hint, "did you mean snapshot?"));
    ls_err_release(&why);
}

/* --- saved catalogues
 * ---------------------------------------------------------------------------------------------------------------------------- */

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
    static const char *const names[] = {"a\nb",     "\x1b[31mred",  "quote\"", "back\\slash",       "\xff\xfe",
                                        "\xc3\xbc", "\xe2\x80\xae", "",        "{\"hex\": \"00\"}", "\x01"};
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
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": \"a\"},\n{\"kind\": \"tabel\", \"name\": \"b\"}]}",
         "s.json:4: there is no kind of object 'tabel'"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\"}]}", "s.json:3: a fact without a readable name"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": \"a\", \"comment\": 7}]}",
         "s.json:3: a value that is no text: 'comment'"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": {\"hex\": \"0g\"}}]}", "s.json:3: a fact without a readable name"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": {\"hex\": \"00\"}}]}", "s.json:3: a fact without a readable name"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": \"a\", \"needs\": [[\"table\", \"\", \"\", \"b\"]]}]}",
         "s.json:3: it needs what is not in the file: 'b'"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": \"a\", \"needs\": [7]}]}", "s.json:3: what it needs is no [kind"},
        {HEAD "\"facts\": [\n{\"kind\": \"table\", \"name\": \"a\"},\n{\"kind\": \"table\", \"name\": \"a\"}]}",
         "two facts are of one name: 'a'"},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_catalog *c = NULL;
        struct ls_err err = LS_ERR_INIT;

        if (ls_catalog_restore("s.json", cases[i].text, strlen(cases[i].text), &c, &err) != LS_E_INPUT ||
            strstr(err.message, cases[i].message) == NULL)
            fail_msg("case %zu: \"%s\" is not \"%s\"", i, err.message != NULL ? err.message : "", cases[i].message);
        assert_null(c);
        ls_err_release(&err);
    }
}

/* --- the corpus --- */

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

/* A real project's folder on PostgreSQL against itself, and up to half of it. One of its two files of version 1626194317 is
 * renumbered, as golang-migrate itself would ask for. */
static void test_corpus_postgres(void **state)
{
    char *dir = corpus("golang-migrate-postgres/concourse");
    struct ls_catalog *a, *again, *half;
    struct ls_dir list = {0};
    struct ls_diff d;
    struct loads l;

    (void)state;
    if (dir == NULL || test_pg_url() == NULL) {
        test_skip(dir == NULL ? "the corpus is not there" : test_pg_skip_reason());
        free(dir);
        return;
    }
    begin(&l);
    ops_ok(ls_dir_read(dir, &list, err));
    for (size_t i = 0; i < list.e.n; i++) {
        char *from = ls_path_join(dir, list.e.v[i].name), *to = ls_asprintf("migrations/%s", list.e.v[i].name);
        struct ls_buf text = LS_BUF_INIT;

        if (strncmp(list.e.v[i].name, "1626194317_add_pipeline", 23) == 0)
            to[strlen("migrations/162619431")] = '8';
        ops_ok(ls_file_read(from, 0, 0, &text, err));
        ops_put(&l.o, to, text.ptr);
        ls_buf_release(&text);
        free(from);
        free(to);
    }
    ls_dir_release(&list);
    ops_session(&l.o, "golang-migrate");
    l.w.session = l.o.s;
    a = load(&l, "dir", "migrations", LS_DIALECT_POSTGRES);
    again = load(&l, "dir", "migrations", LS_DIALECT_POSTGRES);
    half = load(&l, "dir", "migrations@1563983375", LS_DIALECT_POSTGRES);
    assert_true(a->n_facts > 500);
    assert_equal_catalogs(a, again);
    ls_diff_make(half, a, NULL, &d);
    assert_true(d.n_by_kind[LS_FACT_TABLE] > 3);
    assert_null(ls_catalog_find(a, LS_FACT_TABLE, "public", "", "schema_migrations"));
    ls_diff_release(&d);
    ls_catalog_free(a);
    ls_catalog_free(again);
    ls_catalog_free(half);
    end(&l);
    free(dir);
}

/* The scratch is of the version of the database that it is compared with, where there is one. */
static void test_databases_come_first(void **state)
{
    static const struct {
        const char *a, *b;
        int first;
    } cases[] = {{"live", "dir:m", 0}, {"dir:m", "live", 1}, {"file:a.sql", "postgres://h/db", 1}, {"migrations", "snapshot:s.json", 1},
                 {"dir:m", "dir:n", 0}, {"live", "env:dev", 0}, {"backup:b", "drizzle:d", 0}};

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        struct ls_side sides[2] = {0};

        ops_ok(ls_side_parse(cases[i].a, &sides[0], err));
        ops_ok(ls_side_parse(cases[i].b, &sides[1], err));
        assert_int_equal(ls_side_first(sides), cases[i].first);
        ls_side_release(&sides[0]);
        ls_side_release(&sides[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_databases_come_first), cmocka_unit_test(test_words),           cmocka_unit_test(test_label_hides_the_password),
        cmocka_unit_test(test_messages_are_no_secrets),
        cmocka_unit_test(test_saved_is_equal),  cmocka_unit_test(test_saved_hostile_names),
        cmocka_unit_test(test_saved_broken),    cmocka_unit_test(test_corpus_folders),
        cmocka_unit_test(test_corpus_postgres),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
