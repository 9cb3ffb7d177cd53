/* What can be wrong with a folder, over all formats: each is told with its file and line, and the rest of the folder is still
 * there. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/formats.h"

/* Each format's good migration, and where another one's text goes. */
static const struct layout {
    const char *format;
    const char *good, *good_text;     /* a file below migrations/, and what is in it */
    const char *extra, *extra_text;   /* a file that the tool wants besides; or NULL */
    const char *bad, *before, *after; /* a second migration's file; what stands around its statements */
} layouts[] = {
    {"lockstep", "1_a.up.sql", "SELECT 1;\n", NULL, NULL, "2_b.up.sql", "", ""},
    {"golang-migrate", "1_a.up.sql", "SELECT 1;\n", NULL, NULL, "2_b.up.sql", "", ""},
    {"dbmate", "1_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n", NULL, NULL, "2_b.sql", "-- migrate:up\n",
     "-- migrate:down\n"},
    {"goose", "1_a.sql", "-- +goose Up\nSELECT 1;\n", NULL, NULL, "2_b.sql", "-- +goose Up\n", ""},
    {"sql-migrate", "1_a.sql", "-- +migrate Up\nSELECT 1;\n", NULL, NULL, "2_b.sql", "-- +migrate Up\n", ""},
    {"drizzle", "0000_a.sql", "SELECT 1;\n", "meta/_journal.json",
     "{\"version\":\"7\",\"dialect\":\"sqlite\",\"entries\":[\n{\"idx\":0,\"version\":\"6\",\"when\":1,\"tag\":\"0000_a\","
     "\"breakpoints\":true},\n"
     "{\"idx\":1,\"version\":\"6\",\"when\":2,\"tag\":\"0001_b\",\"breakpoints\":true}]}\n",
     "0001_b.sql", "", ""},
    {"drizzle-1", "20240101000000_a/migration.sql", "SELECT 1;\n", "20240101000000_a/snapshot.json",
     "{\"id\":\"1\",\"prevIds\":[]}\n", "20240102000000_b/migration.sql", "", ""},
    {"prisma", "20240101000000_a/migration.sql", "SELECT 1;\n", "migration_lock.toml", "provider = \"sqlite\"\n",
     "20240102000000_b/migration.sql", "", ""},
    {"sqlx", "1_a.sql", "SELECT 1;\n", NULL, NULL, "2_b.sql", "", ""},
    {"diesel", "1_a/up.sql", "SELECT 1;\n", NULL, NULL, "2_b/up.sql", "", ""},
    {"node-pg-migrate", "1_a.sql", "-- Up Migration\nSELECT 1;\n", NULL, NULL, "2_b.sql", "-- Up Migration\n", ""},
    {"flyway", "V1__a.sql", "SELECT 1;\n", NULL, NULL, "V2__b.sql", "", ""},
    {"plain", "1_a.sql", "SELECT 1;\n", NULL, NULL, "2_b.sql", "", ""},
};

static void put(struct ops *o, const char *name, const char *text)
{
    char *file = ls_asprintf("migrations/%s", name), *path = ops_path(o, file), *slash = strrchr(path, '/');

    *slash = '\0';
    ops_ok(ls_mkdir_p(path, 0700, err));
    ops_put(o, file, text);
    free(file);
    free(path);
}

static void open_layout(struct ops *o, const struct layout *l)
{
    ops_open(o, l->format, false);
    put(o, l->good, l->good_text);
    if (l->extra != NULL)
        put(o, l->extra, l->extra_text);
}

/* The folder read whole, as verify reads it. */
static void scan(struct ops *o, const struct layout *l, struct ls_migrations *m)
{
    const struct ls_format *f = ls_format_find(l->format);
    char *dir = ops_path(o, "migrations");

    ops_ok(f->scan(dir, LS_DIALECT_SQLITE, true, m, err));
    free(dir);
}

static void still_shows_a(const struct layout *l, const struct ls_migrations *m)
{
    for (size_t i = 0; i < m->m.n; i++)
        if (strcmp(m->m.v[i].name, "a") == 0 && m->m.v[i].up.path != NULL)
            return;
    fail_msg("%s: the good one is not shown any more (%zu are)", l->format, m->m.n);
}

static bool ends(const char *path, const char *name)
{
    size_t n = strlen(path), k = strlen(name);

    return n >= k && strcmp(path + n - k, name) == 0;
}

/* A diagnostic of that code (NULL: any), with its place. */
static void is_told(const struct layout *l, const struct ls_migrations *m, const char *code, const char *file, int line)
{
    struct ls_buf all = LS_BUF_INIT;

    for (size_t i = 0; i < m->diags.d.n; i++) {
        const struct ls_diag *d = &m->diags.d.v[i];

        if ((code == NULL || strcmp(d->code, code) == 0) && d->path != NULL && ends(d->path, file) && d->line == line &&
            d->severity >= LS_SEV_WARNING) {
            ls_buf_release(&all);
            return;
        }
        ls_buf_addf(&all, "\n  %s %s:%d %s: %s", ls_severity_name(d->severity), d->path != NULL ? d->path : "-", d->line, d->code,
                    d->message);
    }
    fail_msg("%s: no %s about %s:%d among:%s", l->format, code != NULL ? code : "word", file, line,
             all.len > 0 ? all.ptr : " nothing");
}

static void no_errors(const struct layout *l, const struct ls_migrations *m)
{
    for (size_t i = 0; i < m->diags.d.n; i++)
        if (m->diags.d.v[i].severity == LS_SEV_ERROR)
            fail_msg("%s: %s: %s", l->format, m->diags.d.v[i].code, m->diags.d.v[i].message);
}

static void invalid_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(layouts); i++) {
        const struct layout *l = &layouts[i];
        char *text = ls_asprintf("%sSELECT 1;\nSELECT '\xc3\xa9\xff';\n%s", l->before, l->after);
        struct ls_migrations m = {0};
        struct ops o;

        open_layout(&o, l);
        put(&o, l->bad, text);
        scan(&o, l, &m);
        still_shows_a(l, &m);
        is_told(l, &m, "bad-encoding", l->bad, l->before[0] != '\0' ? 3 : 2);
        ls_migrations_release(&m);
        free(text);
        ops_close(&o);
    }
}

/* Some lines end with CR LF, some with LF: everything is found as if all ended alike. */
static void mixed_line_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(layouts); i++) {
        const struct layout *l = &layouts[i];
        struct ls_buf text = LS_BUF_INIT;
        struct ls_migrations m = {0};
        struct ops o;

        for (const char *p = l->before; *p != '\0'; p++)
            ls_buf_addf(&text, "%s%c", *p == '\n' ? "\r" : "", *p);
        ls_buf_adds(&text, "CREATE TABLE b (\r\n  i int\n);\r\n");
        ls_buf_adds(&text, l->after);
        open_layout(&o, l);
        put(&o, l->bad, text.ptr);
        scan(&o, l, &m);
        no_errors(l, &m);
        still_shows_a(l, &m);
        assert_int_equal(m.m.n, 2);
        assert_non_null(m.m.v[1].up.path);
        assert_int_equal(m.m.v[1].flags & (LS_MIG_UNPARSED | LS_MIG_BROKEN | LS_MIG_EMPTY), 0);
        ls_migrations_release(&m);
        ls_buf_release(&text);
        ops_close(&o);
    }
}

/* A link out of the folder is not followed: whoever may write into a folder of migrations must not choose what is read beyond it.
 */
static void links_that_leave(void **state)
{
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(layouts); i++) {
        const struct layout *l = &layouts[i];
        char *name = ls_asprintf("migrations/%s", l->bad);
        struct ls_migrations m = {0};
        char *link, *target;
        struct ops o;

        open_layout(&o, l);
        put(&o, l->bad, "");
        link = ops_path(&o, name);
        target = ops_path(&o, "outside.sql");
        ops_put(&o, "outside.sql", "SELECT 1;\n");
        assert_int_equal(unlink(link), 0);
        assert_int_equal(symlink(target, link), 0);
        scan(&o, l, &m);
        still_shows_a(l, &m);
        is_told(l, &m, "outside-link", l->bad, 0);
        ls_migrations_release(&m);
        free(link);
        free(target);
        free(name);
        ops_close(&o);
    }
}

/* A link to nowhere, and one in a circle. */
static void links_to_nowhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(layouts); i++) {
        const struct layout *l = &layouts[i];
        char *name = ls_asprintf("migrations/%s", l->bad), *link;
        struct ls_migrations m = {0};
        struct ops o;

        open_layout(&o, l);
        put(&o, l->bad, "");
        link = ops_path(&o, name);
        assert_int_equal(unlink(link), 0);
        assert_int_equal(symlink(ls_path_base(link), link), 0);
        scan(&o, l, &m);
        still_shows_a(l, &m);
        is_told(l, &m, NULL, l->bad, 0);
        ls_migrations_release(&m);
        free(link);
        free(name);
        ops_close(&o);
    }
}

/* What belongs to one tool alone: words it does not know, files beside the migrations. The file comes on top of a whole folder. */
static void what_each_tool_has(void **state)
{
    static const struct {
        const char *format, *file, *text;
        const char *code, *told;
        int line;
    } cases[] = {
        {"lockstep", "3_c.up.sql", "-- lockstep: no-transactoin\nSELECT 1;\n", "unknown-directive", "3_c.up.sql", 1},
        {"dbmate", "3_c.sql", "-- migrate:up\nSELECT 1;\n", "missing-down", "3_c.sql", 0},
        {"dbmate", "3_c.sql", "SELECT 1;\n-- migrate:up\n-- migrate:down\n", "text-before-up", "3_c.sql", 1},
        {"goose", "3_c.sql", "-- +goose Up\n-- +goose Nothing\nSELECT 1;\n", "annotation", "3_c.sql", 2},
        {"goose", "3_c.sql", "-- +goose Up\nSELECT 1\n", "unfinished-statement", "3_c.sql", 2},
        {"sql-migrate", "3_c.sql", "-- +migrate Up\n-- +migrate Nothing\nSELECT 1;\n", "unknown-directive", "3_c.sql", 2},
        {"drizzle", "meta/_journal.json", "{\"version\":\"7\",\n\"entries\":[}\n", "unreadable-file", "_journal.json", 2},
        {"drizzle", "meta/_journal.json",
         "{\"version\":\"7\",\"dialect\":\"sqlite\",\"entries\":[\n{\"idx\":0,\"version\":\"6\",\"when\":1,\"tag\":\"0000_a\","
         "\"breakpoints\":true},\n"
         "{\"idx\":1,\"version\":\"6\",\"when\":2,\"tag\":\"0007_gone\",\"breakpoints\":true}]}\n",
         "journal-without-file", "_journal.json", 3},
        {"prisma", "20240103000000_c/notes.txt", "x", "missing-up", "20240103000000_c", 0},
        {"prisma", "migration_lock.toml", "provider = \"mysql\"\n", "wrong-provider", "migration_lock.toml", 1},
        {"sqlx", "x_c.sql", "SELECT 1;\n", "bad-version", "x_c.sql", 0},
        {"diesel", "3_c/notes.txt", "x", "missing-up", "3_c", 0},
        {"diesel", "2_b/metadata.toml", "run_in_transaction = maybe\n", "broken-metadata", "metadata.toml", 1},
        {"node-pg-migrate", "x_c.sql", "SELECT 1;\n", "bad-number", "x_c.sql", 0},
        {"flyway", "V3__c.sql", "SELECT 1;\nSELECT ${x};\n", "placeholder", "V3__c.sql", 2},
        {"flyway", "flyway.conf", "a=1\nflyway.placeholders.x=\\u00\n", "unreadable-config", "flyway.conf", 2},
        {"plain", "3_c.sql", "SELECT 1;\n-- down\nSELECT 2;\n-- down\n", "section-order", "3_c.sql", 4},
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(cases); i++) {
        const struct layout *l = layouts;
        struct ls_migrations m = {0};
        struct ops o;
        char *text;

        while (strcmp(l->format, cases[i].format) != 0)
            l++;
        text = ls_asprintf("%sSELECT 1;\n%s", l->before, l->after);
        open_layout(&o, l);
        put(&o, l->bad, text);
        put(&o, cases[i].file, cases[i].text);
        scan(&o, l, &m);
        still_shows_a(l, &m);
        is_told(l, &m, cases[i].code, cases[i].told, cases[i].line);
        ls_migrations_release(&m);
        free(text);
        ops_close(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invalid_utf8),     cmocka_unit_test(mixed_line_ends),    cmocka_unit_test(links_that_leave),
        cmocka_unit_test(links_to_nowhere), cmocka_unit_test(what_each_tool_has),
    };

    return cmocka_run_group_tests_name("bad_folders", tests, NULL, NULL);
}
