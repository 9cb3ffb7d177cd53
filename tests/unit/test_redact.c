#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"
#include "lockstep/base/text.h"
#include "support/rand.h"
#include "support/scale.h"

static const struct {
    const char *in, *out;
} exact[] = {
    /* nothing to hide */
    {"", ""},
    {"plain text: with (signs) & such; 100%", "plain text: with (signs) & such; 100%"},
    {"postgres://ana@db.example:5432/app", "postgres://ana@db.example:5432/app"},
    {"postgres://localhost:5432/app?sslmode=require", "postgres://localhost:5432/app?sslmode=require"},
    {"postgresql:///app?host=/run/postgresql", "postgresql:///app?host=/run/postgresql"},
    {"postgres://h1:5432,h2:5433,[::1]:5434/app", "postgres://h1:5432,h2:5433,[::1]:5434/app"},
    {"cannot connect to postgres://localhost: refused", "cannot connect to postgres://localhost: refused"},
    {"see https://example.org/a:b.", "see https://example.org/a:b."},
    {"sqlite:///var/lib/app.db", "sqlite:///var/lib/app.db"},
    {"host=db port=5432 user=ana dbname=app", "host=db port=5432 user=ana dbname=app"},
    {"FATAL: password authentication failed for user \"ana\"", "FATAL: password authentication failed for user \"ana\""},
    {"column \"password\" does not exist", "column \"password\" does not exist"},
    {"SELECT password::text FROM users", "SELECT password::text FROM users"},
    {"passfile=/srv/ana/.pgpass password_encryption=scram", "passfile=/srv/ana/.pgpass password_encryption=scram"},
    {"ALTER ROLE ana PASSWORD NULL", "ALTER ROLE ana PASSWORD NULL"},
    {"ALTER ROLE ana PASSWORD $1", "ALTER ROLE ana PASSWORD $1"},
    {"bypass=1 compass=2", "bypass=1 compass=2"},
    {"7_add.up.sql:12:5: syntax error", "7_add.up.sql:12:5: syntax error"},
    {"SELECT a::text, b::jsonb FROM t", "SELECT a::text, b::jsonb FROM t"},
    {"mail ana@example.org: she knows", "mail ana@example.org: she knows"},
    /* URLs */
    {"postgres://ana:s3cret@db:5432/app?sslmode=require", "postgres://ana:***@db:5432/app?sslmode=require"},
    {"postgres://ana:@db/app", "postgres://ana:***@db/app"},
    {"postgres://:s3cret@db/app", "postgres://:***@db/app"},
    {"postgres://ana:s3%40cr%2Fet@[::1]:5432/app", "postgres://ana:***@[::1]:5432/app"},
    {"jdbc:postgresql://ana:s3cret@db/app", "jdbc:postgresql://ana:***@db/app"},
    {"postgres://ana:s3@cret@db/app", "postgres://ana:***@db/app"},
    {"postgres://ana:s3/cr?e#t@db/app", "postgres://ana:***@db/app"},
    {"postgres://ana:s3:cret@db/app", "postgres://ana:***@db/app"},
    {"postgres://ana:s3%cret%@db/app", "postgres://ana:***@db/app"},
    {"postgres://ana:s3 cr et@db/app", "postgres://ana:***@db/app"},
    {"postgres://ana:12 34@db/app", "postgres://ana:***@db/app"},
    {"postgres://ana:12/34@db/app", "postgres://ana:***@db/app"},
    {"postgres://ana:s3@cr et@db/app", "postgres://ana:***@db/app"},
    {"postgres://ana:s3\"cr'et@db/app", "postgres://ana:***@db/app"},
    {"postgres://ana:s3,cr(et<[@db/app", "postgres://ana:***@db/app"},
    {"postgres://ana:s3://cret@db/app", "postgres://ana:***@db/app"},
    {"postgres://ana:s3cret", "postgres://ana:***"},
    {"postgres://ana:s3cr and what follows", "postgres://ana:***"},
    {"postgres://ana:s3cret/app", "postgres://ana:***"},
    {"postgres://ana:12a34/app", "postgres://ana:***"},
    {"postgres:/ana:s3cret@db/app", "postgres:***@db/app"},
    {"postgres:ana:s3cret@db/app", "postgres:***@db/app"},
    {"ana:s3cret@tcp(db:3306)/app", "ana:***@tcp(db:3306)/app"},
    /* golang-migrate issue 1242: the parser's message quotes the whole string */
    {"error: parse \"postgres://ana:s3^cr%et@db:5432/app\": invalid userinfo",
     "error: parse \"postgres://ana:***@db:5432/app\": invalid userinfo"},
    {"parse \"postgres://ana:s3#cret@db/app\": invalid port \":s3\" after host",
     "parse \"postgres://ana:***@db/app\": invalid port \":***\" after host"},
    {"parse \"postgres://ana:s3%cret@db/app\": invalid URL escape \"%cr\", \"db\"",
     "parse \"postgres://ana:***@db/app\": invalid URL escape \"***\", \"db\""},
    {"{\"password\":\"s3,cret\",\"x\":\",\"}", "{\"password\":\"***\",\"x\":\",\"}"},
    /* in a query, in several, in a list */
    {"postgres://db/app?user=ana&password=s3cret&sslmode=require", "postgres://db/app?user=ana&password=***&sslmode=require"},
    {"postgres://ana:one@db:5432/app?password=t@wo&x=y", "postgres://ana:***@db:5432/app?password=***&x=y"},
    {"postgres://db:5432/app?sslpassword=a@b&x=1", "postgres://db:5432/app?sslpassword=***&x=1"},
    {"postgres://db/app?password=s3&cret", "postgres://db/app?password=***"},
    {"postgres://db/app?pass%77ord=s3cret&x=1", "postgres://db/app?pass%77ord=***&x=1"},
    {"from postgres://a:one@h/x to postgres://b:two@h/y.", "from postgres://a:***@h/x to postgres://b:***@h/y."},
    {"[\"postgres://a:one@h/x\",\"postgres://b:two@h/y\"]", "[\"postgres://a:***@h/x\",\"postgres://b:***@h/y\"]"},
    {"postgres://a:one@h/x\npostgres://h:5432/y", "postgres://a:***@h/x\npostgres://h:5432/y"},
    /* connection strings */
    {"host=db password=s3cret user=ana", "host=db password=*** user=ana"},
    {"host=db password = s3cret user=ana", "host=db password = *** user=ana"},
    {"password='s3 cr=et' host=db", "password='***' host=db"},
    {"password='s3\\' cr\\\\et' host=db", "password='***' host=db"},
    {"password='s3''cret' host=db", "password='***' host=db"},
    {"password=s3\\ cret host=db", "password=*** host=db"},
    {"password='s3cret", "password='***"},
    {"password='it's me' host=db", "password='***"},
    {"password=s3 cret host=db", "password=*** host=db"},
    {"password=s3 cr=et host=db", "password=*** host=db"},
    {"password=s3 cret", "password=***"},
    {"password=a&b host=db", "password=*** host=db"},
    {"PASSWORD=x sslpassword=y", "PASSWORD=*** sslpassword=***"},
    {"password=", "password=***"},
    {"cannot use \"host=db password=s3cret\": timeout", "cannot use \"host=db password=*** timeout"},
    {"PGPASSWORD=s3cret pg_dump -h db", "PGPASSWORD=*** pg_dump -h db"},
    {"PGPASSWORD='s3 cret' pg_dump", "PGPASSWORD='***' pg_dump"},
    {"export DB_PASS=s3cret", "export DB_PASS=***"},
    {"Server=db;Uid=ana;Pwd=s3cret;", "Server=db;Uid=ana;Pwd=***"},
    {"pg_dump --password=s3cret x=1", "pg_dump --password=*** x=1"},
    {"tool --password s3cret -v", "tool --password *** -v"},
    {"client_secret=s3cret", "client_secret=***"},
    {"{\"user\":\"ana\",\"password\":\"s3\\\"cret\",\"x\":1}", "{\"user\":\"ana\",\"password\":\"***\",\"x\":1}"},
    {"\"{\\\"password\\\":\\\"s3cret\\\"}\"", "\"{\\\"password\\\":\\\"***\""},
    {"env[\"password\"] = 's3cret'", "env[\"password\"] = '***'"},
    {"  password: s3 cret # note\n  user: ana", "  password: ***\n  user: ana"},
    {"password => 's3cret', user", "password => '***', user"},
    {"password := 's3cret';", "password := '***';"},
    /* SQL */
    {"ALTER ROLE ana WITH PASSWORD 's3cret' LOGIN", "ALTER ROLE ana WITH PASSWORD '***' LOGIN"},
    {"alter role ana password 's3''cr''et';", "alter role ana password '***';"},
    {"ALTER ROLE ana PASSWORD E's3\\'cret';", "ALTER ROLE ana PASSWORD E'***';"},
    {"ALTER ROLE ana PASSWORD U&'s3\\0041';", "ALTER ROLE ana PASSWORD U&'***';"},
    {"ALTER ROLE ana PASSWORD $$s3'cret$$;", "ALTER ROLE ana PASSWORD $$***$$;"},
    {"ALTER ROLE ana PASSWORD $q$s3$$cret$q$;", "ALTER ROLE ana PASSWORD $q$***$q$;"},
    {"ALTER ROLE ana PASSWORD $q$s3cret", "ALTER ROLE ana PASSWORD $q$***"},
    {"ALTER ROLE ana PASSWORD'x' VALID", "ALTER ROLE ana PASSWORD'***' VALID"},
    {"ALTER ROLE ana PASSWORD /* new */ -- for ana\n 's3cret'", "ALTER ROLE ana PASSWORD /* new */ -- for ana\n '***'"},
    {"PASSWORD /* PASSWORD 'old' */ 'new'", "PASSWORD /* PASSWORD '***' */ '***'"},
    {"PASSWORD /* password=old", "PASSWORD /* password=***"},
    {"OPTIONS (user 'ana', password 's3cret')", "OPTIONS (user 'ana', password '***')"},
    {"CONNECTION 'host=db password=s3cret' PUBLICATION p", "CONNECTION 'host=db password=*** PUBLICATION p"},
    {"PASSWORD /**//**//**//**//**//**//**//**//**/ 's3cret'", "PASSWORD***"},
};

static void known_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(exact); i++) {
        char *out = ls_redact_dup(exact[i].in);

        if (strcmp(out, exact[i].out) != 0)
            fail_msg("\n  in   %s\n  out  %s\n  want %s", exact[i].in, out, exact[i].out);
        free(out);
    }
}

/* Whatever else is hidden on the way: no byte of the canary may be read. */
#define CANARY "Zx7Qk9"

static void assert_hidden(const struct ls_buf *in)
{
    struct ls_buf out = LS_BUF_INIT;

    ls_redact(&out, in->ptr, in->len);
    if (memmem(out.ptr, out.len, CANARY, strlen(CANARY))) {
        struct ls_buf shown = LS_BUF_INIT;

        ls_buf_adds(&shown, "in  ");
        ls_ui_text(&shown, in->ptr, in->len, LS_UI_TEXT_LINE);
        ls_buf_adds(&shown, "\nout ");
        ls_ui_text(&shown, out.ptr, out.len, LS_UI_TEXT_LINE);
        fail_msg("\n%s", shown.ptr);
    }
    ls_buf_release(&out);
}

static void random_piece(struct rnd *r, struct ls_buf *b, bool newlines)
{
    static const char *const pieces[] = {
        "@",    ":",          "/",          "?",         "#",     "%",           "%40", " ",  "'",  "\"", "\\",
        "&",    "=",          ",",          ";",         "://",   "postgres://", "a",   "x1", "[",  "]",  "(",
        ")",    "5432",       "password=",  "PASSWORD ", "host=", "$$",          "--",  "/*", "*/", "`",  "\xC3\xA9",
        "\xFF", "&password=", "?password=", "''",        "\\'",   ".",           "-",   "|",
    };
    size_t n = rnd_below(r, 6);

    for (size_t i = 0; i < n; i++) {
        if (newlines && rnd_below(r, 10) == 0)
            ls_buf_addc(b, '\n');
        else if (rnd_below(r, 20) == 0)
            ls_buf_addc(b, (char)(rnd_below(r, 255) + 1 == '\n' ? 'n' : rnd_below(r, 246) + 11));
        else
            ls_buf_adds(b, pieces[rnd_below(r, LS_ARRAY_LEN(pieces))]);
    }
}

/* A secret with anything in it and anything around it, in each of the forms. */
static void the_canary_never_sings(void **state)
{
    static const char *const forms[][2] = {
        {"postgres://u:", "@h/db"}, {" postgres://u:", "@h:1/db?x=a@b"},
        {" password=", ""},         {" password = '", "'"},
        {" PGPASSWORD=", " psql"},  {" PASSWORD '", "'"},
        {" PASSWORD E'", "'"},      {" PASSWORD $$", "$$"},
        {"?password=", "&x=1"},     {" {\"password\": \"", "\"}"},
        {" password: ", "\n"},
    };
    struct rnd r = rnd_seeded("redact");
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    for (size_t round = test_scaled(200000); round > 0; round--) {
        size_t form = rnd_below(&r, LS_ARRAY_LEN(forms));

        ls_buf_clear(&b);
        random_piece(&r, &b, true);
        ls_buf_adds(&b, forms[form][0]);
        ls_buf_adds(&b, CANARY);
        random_piece(&r, &b, false);
        ls_buf_adds(&b, forms[form][1]);
        random_piece(&r, &b, true);
        assert_hidden(&b);
    }
    ls_buf_release(&b);
}

/* The whole of the password, not only its start: what may stand in it is all but the end of a line, and what reads as the next URL ("a://"). */
static void nothing_of_a_url_password_stays(void **state)
{
    struct rnd r = rnd_seeded("redact-url");
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    for (size_t round = test_scaled(100000); round > 0; round--) {
        ls_buf_clear(&b);
        ls_buf_adds(&b, "open postgres://ana:");
        for (size_t n = 1 + rnd_below(&r, 8); n > 0; n--) {
            static const char sign[] = "@:/?#%& '\"\\=,;[](){}<>|^`~!$*+-._0a";

            ls_buf_addc(&b, sign[rnd_below(&r, sizeof(sign) - 1)]);
        }
        ls_buf_adds(&b, CANARY "@db/app");
        if (!strstr(b.ptr + strlen("open postgres://"), "://"))
            assert_hidden(&b);
    }
    ls_buf_release(&b);
}

/* Quoted as libpq and as SQL want it, with anything inside; also the end of it is hidden. */
static void nothing_of_a_quoted_password_stays(void **state)
{
    struct rnd r = rnd_seeded("redact-quoted");
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    for (size_t round = test_scaled(100000); round > 0; round--) {
        bool is_sql = rnd_below(&r, 2);

        ls_buf_clear(&b);
        ls_buf_adds(&b, is_sql ? "ALTER ROLE ana PASSWORD '" : "host=db password = '");
        for (size_t n = 1 + rnd_below(&r, 8); n > 0; n--) {
            static const char sign[] = "@:/?#%& '\"\\=,;[](){}<>|^`~!$*+-._0a\n";
            char c = sign[rnd_below(&r, sizeof(sign) - 1)];

            if (c == '\'')
                ls_buf_adds(&b, is_sql ? "''" : "\\'");
            else if (c == '\\' && !is_sql)
                ls_buf_adds(&b, "\\\\");
            else
                ls_buf_addc(&b, c);
        }
        ls_buf_adds(&b, CANARY);
        ls_buf_adds(&b, is_sql ? "' VALID UNTIL 'tomorrow';" : "' user=ana");
        assert_hidden(&b);
    }
    ls_buf_release(&b);
}

static void hidden_stays_hidden(void **state)
{
    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(exact); i++) {
        char *again = ls_redact_dup(exact[i].out);

        assert_true(strstr(exact[i].out, "***") == NULL || strstr(again, "***"));
        assert_null(strstr(again, "s3cr"));
        free(again);
    }
}

static void bytes_not_strings(void **state)
{
    struct ls_buf b = LS_BUF_INIT;

    (void)state;
    ls_buf_adds(&b, "log: ");
    ls_redact(&b, "a\0postgres://u:s3cret@h\0b", 24);
    assert_int_equal(b.len, 5 + 24 - 3);
    assert_memory_equal(b.ptr, "log: a\0postgres://u:***@h\0b", b.len);
    ls_buf_clear(&b);
    ls_redact(&b, "password=abc", 11); /* the length counts, not the NUL */
    assert_string_equal(b.ptr, "password=***");
    ls_redact(&b, NULL, 0);
    ls_buf_release(&b);
    char *s = ls_redact_dup(NULL);

    assert_string_equal(s, "");
    free(s);
}

/* 64 KiB of the worst that could be thought of take no quadratic time (the fuzz plan allows 100 ms; here with room for slow
 * builds). */
static void no_text_takes_long(void **state)
{
    static const char *const evil[] = {
        "a://",          "a://x@",      " a://u",      "password",   "password ",   "password /*", "password -- ",
        "password --\n", "password=",   "password=x ", "password='", "password $a", "x=",          ":",
        "a:b@",          "@",           "'",           "\\",         "--password ", "%70",         " [a://",
        "password/**/",  "?password=&", "password\n",
    };

    (void)state;
    for (size_t i = 0; i < LS_ARRAY_LEN(evil); i++) {
        struct ls_buf in = LS_BUF_INIT, out = LS_BUF_INIT;
        clock_t start = clock();

        while (in.len < 64 * 1024)
            ls_buf_adds(&in, evil[i]);
        ls_redact(&out, in.ptr, in.len);
        double ms = (double)(clock() - start) * 1000 / CLOCKS_PER_SEC;

        if (ms > 400)
            fail_msg("%s: %.0f ms", evil[i], ms);
        ls_buf_release(&in);
        ls_buf_release(&out);
    }
}

static void wipes(void **state)
{
    char s[] = "s3cret";

    (void)state;
    ls_wipe(s, sizeof(s));
    for (size_t i = 0; i < sizeof(s); i++)
        assert_int_equal(s[i], 0);
    ls_wipe(NULL, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_forms),
        cmocka_unit_test(the_canary_never_sings),
        cmocka_unit_test(nothing_of_a_url_password_stays),
        cmocka_unit_test(nothing_of_a_quoted_password_stays),
        cmocka_unit_test(hidden_stays_hidden),
        cmocka_unit_test(bytes_not_strings),
        cmocka_unit_test(no_text_takes_long),
        cmocka_unit_test(wipes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
