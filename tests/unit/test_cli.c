/* The parser of words, the splitting of lines, lists, and commands run from inside, as the console does it. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cmd.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

static void assert_words(const char *line, int n, ...)
{
    struct ls_err err = LS_ERR_INIT;
    char **words = NULL;
    int got = 0;
    va_list ap;

    assert_int_equal(cli_split_line(line, &words, &got, &err), LS_OK);
    assert_int_equal(got, n);
    va_start(ap, n);
    for (int i = 0; i < n; i++)
        assert_string_equal(words[i], va_arg(ap, const char *));
    va_end(ap);
    assert_null(words[n]);
    free(words);
}

static void test_lines(void **state)
{
    struct ls_err err = LS_ERR_INIT;
    char **words = NULL;
    int n = 7;

    (void)state;
    assert_words("", 0);
    assert_words(" \t ", 0);
    assert_words("a b", 2, "a", "b");
    assert_words("  up   3\t--yes ", 3, "up", "3", "--yes");
    assert_words("new 'add e mail' \"x \\\"y\\\" \\z\"", 3, "new", "add e mail", "x \"y\" \\z");
    assert_words("a'b'\"c\"d '' \\ e\\'", 3, "abcd", "", " e'");
    assert_words("'$HOME' `x` *", 3, "$HOME", "`x`", "*");
    assert_int_equal(cli_split_line("a 'b", &words, &n, &err), LS_E_USAGE);
    assert_null(words);
    assert_int_equal(n, 0);
    ls_err_release(&err);
    assert_int_equal(cli_split_line("a \"b\\", &words, &n, &err), LS_E_USAGE);
    ls_err_release(&err);
}

static enum ls_rc parse(struct cli_words *w, struct ls_err *err, int n, ...)
{
    const char *argv[8] = {NULL};
    va_list ap;

    va_start(ap, n);
    for (int i = 0; i < n; i++)
        argv[i] = va_arg(ap, const char *);
    va_end(ap);
    return cli_parse(n, argv, w, err);
}

static void test_parse(void **state)
{
    struct cli_words w;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    assert_int_equal(parse(&w, &err, 0), LS_OK);
    assert_null(w.command);
    assert_int_equal(parse(&w, &err, 4, "-e", "dev", "status", "--check"), LS_OK);
    assert_string_equal(w.command->name, "status");
    assert_string_equal(w.values.text[CLI_OPT_ENV], "dev");
    assert_true(w.values.set == (CLI_O(ENV) | CLI_O(CHECK)));
    assert_int_equal(parse(&w, &err, 3, "-qyedev", "log", "-n7"), LS_OK);
    assert_true(w.values.set == (CLI_O(QUIET) | CLI_O(YES) | CLI_O(ENV) | CLI_O(LIMIT)));
    assert_string_equal(w.values.text[CLI_OPT_ENV], "dev");
    assert_int_equal(w.values.number[CLI_OPT_LIMIT], 7);
    assert_int_equal(parse(&w, &err, 4, "up", "--lock-timeout=2min", "--", "--yes"), LS_OK);
    assert_int_equal(w.values.number[CLI_OPT_LOCK_TIMEOUT], 120000);
    assert_int_equal(w.n_args, 1);
    assert_string_equal(w.args[0], "--yes");
    assert_int_equal(parse(&w, &err, 4, "backups", "prune", "--older-than", "2w"), LS_OK);
    assert_int_equal(w.values.number[CLI_OPT_OLDER_THAN], 14 * 86400);
    assert_int_equal(parse(&w, &err, 2, "split", "-"), LS_OK);
    assert_string_equal(w.args[0], "-");
    assert_int_equal(parse(&w, &err, 2, "up", "--lock-timeout"), LS_E_USAGE);
    assert_string_equal(err.message, "--lock-timeout wants a value: TIME");
    ls_err_release(&err);
    assert_int_equal(parse(&w, &err, 3, "up", "--lock-timeout", "9x"), LS_E_USAGE);
    assert_int_equal(err.code, LS_E_USAGE);
    ls_err_release(&err);
}

static void test_tables_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < cli_n_commands; i++) {
        const struct cli_command *c = &cli_commands[i];

        assert_ptr_equal(cli_command_find(c->name), c);
        assert_non_null(c->run);
        assert_true(c->min_args <= c->max_args && c->max_args <= CLI_MAX_ARGS);
        assert_true((c->options & CLI_GLOBAL) == 0);
        assert_true((c->max_args == 0) == (*c->args == '\0'));
    }
    for (int i = 0; i < CLI_N_OPTIONS; i++) {
        cli_set users = CLI_GLOBAL | CLI_ALONE;

        for (size_t j = 0; j < cli_n_commands; j++)
            users |= cli_commands[j].options;
        assert_true((users & ((cli_set)1 << i)) != 0);
        assert_true((cli_options[i].kind == CLI_FLAG) == (cli_options[i].arg == NULL));
    }
}

/* What a command printed, and how it ended. */
struct ran {
    int code;
    char *out, *err;
};

static struct ran run_line(const char *line, const struct config_request *base, bool (*confirm)(void *, const char *, const char *), void *ctx)
{
    struct ran r = {0};
    size_t n_out = 0, n_err = 0;
    FILE *out = open_memstream(&r.out, &n_out);
    FILE *err = open_memstream(&r.err, &n_err);

    r.code = cli_run_line(line, &(struct cli_io){.out = out, .err = err, .confirm = confirm, .confirm_ctx = ctx, .base = base});
    (void)fclose(out);
    (void)fclose(err);
    return r;
}

static void ran_free(struct ran *r)
{
    free(r->out);
    free(r->err);
}

#ifdef LS_WITH_SQLITE
struct told {
    int n_lines, n_ends;
};

static void tell(void *ctx, const char *text)
{
    struct told *t = ctx;

    if (*text)
        t->n_lines++;
    else
        t->n_ends++;
}

/* What a terminal would draw again and again goes to the console's line, and not into what the command printed. */
static void tells_how_far(void)
{
    static const char queries[] = "SELECT * FROM t WHERE a = 1;\n";
    struct told t = {0};
    char *out, *err;
    size_t n_out, n_err;
    const struct cli_io io = {.out = open_memstream(&out, &n_out), .err = open_memstream(&err, &n_err), .confirm_ctx = &t, .progress = tell};

    assert_int_equal(ls_file_write_atomic("w.sql", queries, strlen(queries), 0600, NULL), LS_OK);
    assert_int_equal(cli_run_line("advise -e dev --workload w.sql", &io), 0);
    (void)fclose(io.out);
    (void)fclose(io.err);
    assert_true(t.n_lines > 0);
    assert_true(t.n_ends > 0);
    assert_null(strchr(err, '\r'));
    assert_null(strchr(err, '\033'));
    free(out);
    free(err);
}
#endif

static void test_run_line(void **state)
{
    struct ran r;

    (void)state;
    r = run_line("", NULL, NULL, NULL);
    assert_int_equal(r.code, 0);
    assert_string_equal(r.out, "");
    ran_free(&r);
    r = run_line("version", NULL, NULL, NULL);
    assert_int_equal(r.code, 0);
    assert_non_null(strstr(r.out, "lockstep "));
    assert_string_equal(r.err, "");
    ran_free(&r);
    r = run_line("statsu", NULL, NULL, NULL);
    assert_int_equal(r.code, 2);
    assert_string_equal(r.out, "");
    assert_non_null(strstr(r.err, "did you mean `lockstep status`?"));
    ran_free(&r);
    r = run_line("split --dialect sqlite -", NULL, NULL, NULL);
    assert_int_equal(r.code, 2); /* the console's standard input is its keyboard */
    ran_free(&r);
    r = run_line("new 'open", NULL, NULL, NULL);
    assert_int_equal(r.code, 2);
    ran_free(&r);
}

/* What the console's dialog would be shown, and what the operator does with it. */
struct asked {
    int n;
    bool answer;
    char text[4096], must_type[64];
};

static bool answer(void *ctx, const char *text, const char *must_type)
{
    struct asked *a = ctx;

    a->n++;
    (void)snprintf(a->text, sizeof(a->text), "%s", text);
    (void)snprintf(a->must_type, sizeof(a->must_type), "%s", must_type ? must_type : "");
    return a->answer;
}

#ifdef LS_WITH_SQLITE
static void assert_lines_fit(const char *text, size_t width)
{
    for (size_t len; *text; text += len + (text[len] != '\0')) {
        len = strcspn(text, "\n");
        assert_in_range(len, 0, width);
    }
}

static void asks_on_a_narrow_terminal(struct asked *a)
{
    const char *const argv[] = {"up", "-e", "dev"};
    FILE *err = tmpfile();
    const struct cli_io io = {.out = err, .err = err, .err_is_tty = true, .err_width = 40, .confirm = answer, .confirm_ctx = a};

    assert_non_null(err);
    assert_int_equal(cli_run(&io, 3, argv), 3);
    assert_int_equal(a->n, 1);
    assert_lines_fit(a->text, 40);
    assert_non_null(strstr(a->text, "          One transaction holds the\n          statements and the ledger"));
    (void)fclose(err);
}

static void explain_on(bool is_tty, int width, char **out)
{
    static const char sql[] = "SELECT * FROM t AS the_first_table_of_a_join JOIN t AS the_second_table_of_a_join USING (a)";
    const char *const argv[] = {"explain", sql, "-e", "dev"};
    size_t n;
    FILE *err = tmpfile(), *to = open_memstream(out, &n);
    const struct cli_io io = {.out = to, .err = err, .out_is_tty = is_tty, .out_width = width};

    assert_non_null(err);
    assert_int_equal(cli_run(&io, 4, argv), 0);
    (void)fclose(to);
    (void)fclose(err);
}

/* Lines of a plan end where the terminal does, between words; a pipe's are whole. */
static void plans_fit_the_terminal(void)
{
    char *out;

    explain_on(true, 50, &out);
    assert_lines_fit(out, 50);
    assert_non_null(strstr(out, "the_second_table_of_a_join"));
    free(out);
    explain_on(true, 0, &out);
    assert_lines_fit(out, 100);
    free(out);
    explain_on(false, 0, &out);
    assert_non_null(strstr(out, "SEARCH the_second_table_of_a_join USING AUTOMATIC COVERING INDEX (a=?)"));
    free(out);
}
#endif

static void test_questions(void **state)
{
#ifdef LS_WITH_SQLITE
    const char *base = getenv("LS_TEST_TMP") ? getenv("LS_TEST_TMP") : "/tmp";
    char *dir = ls_asprintf("%s/cli.XXXXXX", base);
    struct ls_err err = LS_ERR_INIT;
    struct asked a = {.answer = false};
    static const char conf[] = "[env dev]\nurl = sqlite:d.db\n[env prod]\nurl = sqlite:p.db\nprotected = yes\n[project]\nformat = lockstep\n";
    static const char sql[] = "CREATE TABLE t (a);\n";
    struct ran r;

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir) | mkdir("migrations", 0700) | mkdir(".git", 0700), 0);
    assert_int_equal(ls_file_write_atomic("lockstep.conf", conf, strlen(conf), 0600, &err), LS_OK);
    assert_int_equal(ls_file_write_atomic("migrations/001_t.up.sql", sql, strlen(sql), 0600, &err), LS_OK);

    asks_on_a_narrow_terminal(&a);
    a = (struct asked){.answer = false};
    r = run_line("up -e dev", NULL, answer, &a);
    assert_int_equal(r.code, 3);
    assert_int_equal(a.n, 1);
    assert_non_null(strstr(a.text, "  up      001 t, 1 statement"));
    assert_string_equal(a.must_type, "");
    assert_false(ls_path_exists("d.db"));
    ran_free(&r);
    a = (struct asked){.answer = true};
    r = run_line("up -e dev", NULL, answer, &a);
    assert_int_equal(r.code, 0);
    assert_non_null(strstr(r.out, "Applied: 001."));
    ran_free(&r);
    tells_how_far();
    plans_fit_the_terminal();
    a = (struct asked){.answer = true};
    r = run_line("up -e prod --no-backup", NULL, answer, &a);
    assert_int_equal(r.code, 0);
    assert_int_equal(a.n, 1);
    assert_string_equal(a.must_type, "p.db");
    ran_free(&r);
    r = run_line("down -e prod --yes", NULL, NULL, NULL);
    assert_int_equal(r.code, 3);
    ran_free(&r);

    /* A folder's name is anybody's. */
    for (int i = 0; i < 2; i++) {
        r = run_line("backup -e dev", NULL, NULL, NULL);
        assert_int_equal(r.code, 0);
        if (i == 0) {
            r.out[strcspn(r.out, "\n")] = '\0';
            assert_int_equal(rename(r.out, "backups/d\033]0;x\007-001-20010203040506"), 0);
        }
        ran_free(&r);
    }
    a = (struct asked){.answer = false};
    r = run_line("backups prune --keep 1", NULL, answer, &a);
    assert_int_equal(r.code, 3);
    assert_non_null(strstr(a.text, "d<1B>]0;x<07>-001-20010203040506"));
    assert_null(strchr(a.text, '\033'));
    ran_free(&r);

    assert_int_equal(chdir("/"), 0);
    assert_int_equal(ls_remove_tree(dir, &err), LS_OK);
    free(dir);
#else
    (void)state;
    (void)answer;
#endif
}

static void wraps_to(const char *text, int width, const char *expected)
{
    char *got = cli_wrap(text, width);

    assert_string_equal(got, expected);
    free(got);
}

static void test_questions_are_wrapped(void **state)
{
    (void)state;
    wraps_to("Target:  sqlite app.db in a folder\n", 20, "Target:  sqlite\n         app.db in a\n         folder\n");
    wraps_to("  up      001 a, 1 statement\n", 24, "  up      001 a, 1\n          statement\n");
    wraps_to("          one two three\nfour\n", 20, "          one two\n          three\nfour\n");
    wraps_to("short\n\n  lines stay\n", 20, "short\n\n  lines stay\n");
    wraps_to("see /a/path/that/is/longer/than/a/line now\n", 20, "see\n  /a/path/that/is/longer/than/a/line\n  now\n"); /* can be copied whole */
    wraps_to("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\n", 17,
             "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 \xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\n");
    wraps_to("Make a backup first?", 24, "Make a backup\n  first?"); /* the answer has room behind it */
    wraps_to("a text of any length where no terminal is", 0, "a text of any length where no terminal is");
}

/* On a terminal; the database's name is its owner's. */
static void test_question_on_a_terminal(void **state)
{
    int in[2], out[2], old_in = dup(STDIN_FILENO), old_err = dup(STDERR_FILENO);
    static const char name[] = "db\033]0;x\007", typed[] = "db\033]0;x\007\n";
    char shown[512] = "";
    bool is_yes;

    (void)state;
    assert_int_equal(pipe(in) | pipe(out), 0);
    assert_int_equal(write(in[1], typed, sizeof(typed) - 1), (ssize_t)sizeof(typed) - 1);
    (void)fflush(stderr);
    assert_true(dup2(in[0], STDIN_FILENO) >= 0 && dup2(out[1], STDERR_FILENO) >= 0);
    is_yes = cli_tty_confirm(NULL, "text\n", name);
    (void)fflush(stderr);
    assert_true(dup2(old_in, STDIN_FILENO) >= 0 && dup2(old_err, STDERR_FILENO) >= 0);
    assert_true(read(out[0], shown, sizeof(shown) - 1) > 0);
    for (int i = 0; i < 2; i++)
        (void)(close(in[i]) | close(out[i]));
    (void)(close(old_in) | close(old_err));
    assert_true(is_yes);
    assert_non_null(strstr(shown, "db<1B>]0;x<07>"));
    assert_null(strchr(shown, '\033'));
}

static void test_request_over_base(void **state)
{
    struct config_request base = {.url = "sqlite:a.db", .migrations = "m", .lock_timeout_ms = 5, .statement_timeout_ms = -1, .lock_wait_ms = -1};
    struct config_request got;
    struct cli_words w;
    struct ls_err err = LS_ERR_INIT;

    (void)state;
    assert_int_equal(parse(&w, &err, 1, "status"), LS_OK);
    cli_request(&w.values, &base, NULL, &got);
    assert_string_equal(got.url, "sqlite:a.db");
    assert_string_equal(got.migrations, "m");
    assert_int_equal(got.lock_timeout_ms, 5);
    assert_int_equal(parse(&w, &err, 3, "status", "-e", "prod"), LS_OK);
    cli_request(&w.values, &base, NULL, &got);
    assert_null(got.url); /* the environment that was typed, not the database the console was opened with */
    assert_string_equal(got.env, "prod");
    assert_int_equal(parse(&w, &err, 5, "status", "-e", "prod", "--url", "sqlite:b.db"), LS_OK);
    cli_request(&w.values, &base, NULL, &got);
    assert_string_equal(got.url, "sqlite:b.db");
}

static void test_table(void **state)
{
    static const struct cli_column columns[] = {{"", CLI_LEFT}, {"NAME", CLI_LEFT}, {"SIZE", CLI_RIGHT}, {"LAST ONE", CLI_LEFT}};
    struct ran r = {0};
    size_t n = 0;
    FILE *out = open_memstream(&r.out, &n);
    const struct cli_io io = {.out = out, .err = out};
    const struct cli_ctx ctx = {.io = &io, .out = out, .err = out};
    struct cli_table t;

    (void)state;
    cli_table_init(&t, columns, 4);
    cli_table_add(&t, "*");
    cli_table_add(&t, "日本"); /* four cells */
    cli_table_add(&t, "7");
    cli_table_add(&t, "a,\"b\"");
    cli_table_add(&t, "!");
    cli_table_add(&t, "x\033[31m\ny");
    cli_table_addf(&t, "%d KiB", 12);
    cli_table_add(&t, NULL);
    cli_table_print(&ctx, &t, false);
    cli_table_print(&ctx, &t, true);
    cli_table_release(&t);
    (void)fclose(out);
    assert_string_equal(r.out, "   NAME              SIZE  LAST ONE\n"
                               "*  日本                 7  a,\"b\"\n"
                               "!  x<1B>[31m<0A>y  12 KiB\n"
                               "name,size,last_one\r\n"
                               "日本,7,\"a,\"\"b\"\"\"\r\n"
                               "x<1B>[31m<0A>y,12 KiB,\r\n");
    free(r.out);
}

static void test_errors_are_harmless(void **state)
{
    struct ran r = {0};
    size_t n = 0;
    FILE *out = open_memstream(&r.out, &n);
    const struct cli_io io = {.out = out, .err = out};
    struct cli_ctx ctx = {.io = &io, .out = out, .err = out, .error = LS_ERR_INIT};

    (void)state;
    (void)ls_err_set(&ctx.error, LS_E_CONNECT, "no way to postgres://u:s3cret@h/d \033]0;title\007");
    ls_err_hint(&ctx.error, "try password='s3cret'");
    (void)cli_fail(&ctx);
    ls_err_release(&ctx.error);
    (void)fclose(out);
    assert_null(strstr(r.out, "s3cret"));
    assert_null(strchr(r.out, '\033'));
    assert_non_null(strstr(r.out, "<1B>]0;title<07>"));
    assert_non_null(strstr(r.out, "postgres://u:***@h/d"));
    free(r.out);
}

static void test_json_text_is_never_lost(void **state)
{
    (void)state;
    json_t *j = cli_json_text("a\xff" "b");
    assert_string_equal(json_string_value(j), "a<xFF>b");
    json_decref(j);
    assert_true(json_is_null(cli_json_text(NULL)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_tables_are_whole),
        cmocka_unit_test(test_run_line),
        cmocka_unit_test(test_questions),
        cmocka_unit_test(test_questions_are_wrapped),
        cmocka_unit_test(test_question_on_a_terminal),
        cmocka_unit_test(test_request_over_base),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_errors_are_harmless),
        cmocka_unit_test(test_json_text_is_never_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
