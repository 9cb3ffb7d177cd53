/* cli/help.c: --help, out of the tables. */
#include <config.h>

#include "cli/cmd.h"

#include <string.h>

#define WIDTH 100 /* of help texts */

/* Prints text from column `at` on, broken between words, later lines indented to `indent`. */
static void wrapped(FILE *out, const char *text, size_t at, size_t indent)
{
    bool is_first = true;

    while (*text) {
        size_t len = strcspn(text, " ");

        if (!is_first && at + 1 + len > WIDTH) {
            (void)fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!is_first) {
            (void)fputc(' ', out);
            at++;
        }
        (void)fprintf(out, "%.*s", (int)len, text);
        at += len;
        text += len + strspn(text + len, " ");
        is_first = false;
    }
    (void)fputc('\n', out);
}

static void option_line(FILE *out, const struct cli_option *o)
{
    struct ls_buf b = LS_BUF_INIT;

    if (o->short_name)
        ls_buf_addf(&b, "-%c, ", o->short_name);
    else
        ls_buf_adds(&b, "    ");
    ls_buf_addf(&b, "--%s", o->name);
    if (o->arg)
        ls_buf_addf(&b, " %s", o->arg);
    (void)fprintf(out, "  %-30s  ", b.ptr);
    wrapped(out, o->help, 34, 34);
    ls_buf_release(&b);
}

static void options(FILE *out, const char *title, cli_set set)
{
    if (!set)
        return;
    (void)fprintf(out, "\n%s\n", title);
    for (int i = 0; i < CLI_N_OPTIONS; i++) {
        if (set & (CLI_ONE << i))
            option_line(out, &cli_options[i]);
    }
}

static void help_all(FILE *out)
{
    (void)fputs("usage: lockstep [OPTION...]                    open the console\n"
                "       lockstep COMMAND [OPTION...] [WORD...]  do one thing\n\n"
                "Commands\n",
                out);
    for (size_t i = 0; i < cli_n_commands; i++) {
        const struct cli_command *c = &cli_commands[i];
        struct ls_buf b = LS_BUF_INIT;

        ls_buf_addf(&b, "%s%s%s", c->name, *c->args ? " " : "", c->args);
        if (b.len <= 30) {
            (void)fprintf(out, "  %-30s  ", b.ptr);
        } else {
            (void)fprintf(out, "  %s\n%34s", b.ptr, "");
        }
        wrapped(out, c->summary, 34, 34);
        ls_buf_release(&b);
    }
    options(out, "Options that every command takes", CLI_GLOBAL);
    options(out, "Options without a command", CLI_ALONE);
    (void)fputs("\nThe database is the one of --url, of -e NAME, or of LOCKSTEP_URL, DATABASE_URL_UNPOOLED or DATABASE_URL.\n"
                "Exit codes: 0 done, 1 failed and rolled back, 2 wrong words, 3 refused, 4 partly applied,\n"
                "5 whether it was committed is not known, 6 differences found, 75 interrupted.\n"
                "`lockstep help COMMAND` says more, lockstep(1) all.\n",
                out);
}

static void help(FILE *out, const struct cli_command *command)
{
    if (!command) {
        help_all(out);
        return;
    }
    (void)fprintf(out, "usage: lockstep %s [OPTION...]%s%s\n\n", command->name, *command->args ? " " : "", command->args);
    struct ls_buf b = LS_BUF_INIT;
    ls_buf_addf(&b, "%c%s.", command->summary[0] >= 'a' ? command->summary[0] - 32 : command->summary[0], command->summary + 1);
    wrapped(out, b.ptr, 0, 0);
    ls_buf_release(&b);
    if (command->details)
        wrapped(out, command->details, 0, 0);
    options(out, "Options", command->options);
    options(out, "Options that every command takes", CLI_GLOBAL);
}

static json_t *options_json(cli_set set)
{
    json_t *list = json_array();

    for (int i = 0; i < CLI_N_OPTIONS; i++) {
        const struct cli_option *o = &cli_options[i];
        json_t *one = set & (CLI_ONE << i) ? json_object() : NULL;

        if (!one)
            continue;
        cli_json_set(one, "name", o->name);
        cli_json_set(one, "short", o->short_name ? (char[]){o->short_name, '\0'} : NULL);
        cli_json_set(one, "value", o->arg);
        cli_json_set(one, "help", o->help);
        (void)json_array_append_new(list, one);
    }
    return list;
}

static void command_json(json_t *to, const struct cli_command *c)
{
    cli_json_set(to, "name", c->name);
    cli_json_set(to, "words", c->args);
    cli_json_set(to, "summary", c->summary);
    cli_json_set(to, "details", c->details);
    (void)json_object_set_new(to, "options", options_json(c->options));
}

static void help_json(json_t *root, const struct cli_command *command)
{
    json_t *list = command ? NULL : json_array();

    if (command)
        command_json(root, command);
    for (size_t i = 0; list && i < cli_n_commands; i++) {
        json_t *one = json_object();

        command_json(one, &cli_commands[i]);
        (void)json_array_append_new(list, one);
    }
    if (list) {
        (void)json_object_set_new(root, "commands", list);
        (void)json_object_set_new(root, "options_alone", options_json(CLI_ALONE));
    }
    (void)json_object_set_new(root, "options_everywhere", options_json(CLI_GLOBAL));
}

void cli_show_help(struct cli_ctx *ctx, const struct cli_command *command)
{
    if (ctx->root)
        help_json(ctx->root, command);
    else
        help(ctx->out, command);
}

/* One line for each command and option; tests/lint holds the manual page against it. */
void cli_dump_options(FILE *out)
{
    for (size_t i = 0; i < cli_n_commands; i++)
        (void)fprintf(out, "command %s\n", cli_commands[i].name);
    for (int i = 0; i < CLI_N_OPTIONS; i++) {
        const struct cli_option *o = &cli_options[i];

        (void)fprintf(out, "option --%s", o->name);
        if (o->short_name)
            (void)fprintf(out, " -%c", o->short_name);
        (void)fputc('\n', out);
    }
    for (size_t i = 0; i < cli_n_commands; i++) {
        for (int j = 0; j < CLI_N_OPTIONS; j++) {
            if (cli_commands[i].options & (CLI_ONE << j))
                (void)fprintf(out, "use %s --%s\n", cli_commands[i].name, cli_options[j].name);
        }
    }
}

int cli_cmd_help(struct cli_ctx *ctx)
{
    const struct cli_command *c = NULL;

    if (ctx->words.n_args > 0) {
        c = cli_command_find(ctx->words.args[0]);
        if (!c)
            return cli_fail_with(ctx, LS_E_USAGE, "there is no command '%s'", ctx->words.args[0]);
    }
    cli_show_help(ctx, c);
    return 0;
}
