/* cli/complete.c: completion scripts for bash, zsh and fish, out of the tables. */
#include <config.h>

#include "cli/cli.h"

#include <string.h>

/* What an option's value can be: words, or @file, @dir, @env. Others are free text. */
static const struct {
    int id;
    const char *words;
} values[] = {
    {CLI_OPT_ENV, "@env"},
    {CLI_OPT_PROJECT, "@file"},
    {CLI_OPT_MIGRATIONS, "@dir"},
    {CLI_OPT_BACKUP_DIR, "@dir"},
    {CLI_OPT_FORMAT, "lockstep golang-migrate"},
    {CLI_OPT_THEME, "dark light high-contrast mono"},
    {CLI_OPT_DIALECT, "postgres sqlite"},
    {CLI_OPT_OUT, "@file"},
    {CLI_OPT_GENERATE_COMPLETION, "bash zsh fish"},
};

/* Plain words only: the file may be anybody's, and bash expands the words of compgen -W, $(...) among them. */
#define ENVS_OF_PROJECT "sed -n 's/^[[:space:]]*\\[env[[:space:]]*\\([[:alnum:]_.-]*\\)[[:space:]]*\\].*/\\1/p' lockstep.conf 2>/dev/null"

static const char *words_of(int id)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(values); i++) {
        if (values[i].id == id)
            return values[i].words;
    }
    return NULL;
}

static void option_names(FILE *out, uint64_t set, const char *sep)
{
    bool first = true;

    for (int i = 0; i < CLI_N_OPTIONS; i++) {
        if (!(set & (UINT64_C(1) << i)))
            continue;
        (void)fprintf(out, "%s--%s", first ? "" : sep, cli_options[i].name);
        first = false;
    }
}

static void command_names(FILE *out)
{
    for (size_t i = 0; i < cli_n_commands; i++)
        (void)fprintf(out, "%s%s", i ? " " : "", cli_commands[i].name);
}

/* A list of words for compgen or fish, @command filled in. */
static void place_words(FILE *out, const char *words)
{
    if (strcmp(words, "@command") == 0)
        command_names(out);
    else
        (void)fputs(words, out);
}

/* --- bash ------------------------------------------------------------------------------------------------------------- */

/* "--env|-e": the patterns of one option in a case. */
static void bash_pattern(FILE *out, const struct cli_option *o)
{
    (void)fprintf(out, "--%s", o->name);
    if (o->short_name)
        (void)fprintf(out, " | -%c", o->short_name);
}

static void bash_values(FILE *out)
{
    (void)fputs("    case $prev in\n", out);
    for (int i = 0; i < CLI_N_OPTIONS; i++) {
        const char *words = words_of(i);

        if (cli_options[i].kind == CLI_FLAG)
            continue;
        (void)fputs("    ", out);
        bash_pattern(out, &cli_options[i]);
        (void)fputs(") ", out);
        if (!words)
            (void)fputs("return", out);
        else if (strcmp(words, "@file") == 0)
            (void)fputs("COMPREPLY=($(compgen -f -- \"$cur\")); return", out);
        else if (strcmp(words, "@dir") == 0)
            (void)fputs("COMPREPLY=($(compgen -d -- \"$cur\")); return", out);
        else if (strcmp(words, "@env") == 0)
            (void)fputs("COMPREPLY=($(compgen -W \"$(_lockstep_envs)\" -- \"$cur\")); return", out);
        else
            (void)fprintf(out, "COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return", words);
        (void)fputs(" ;;\n", out);
    }
    (void)fputs("    esac\n", out);
}

/* Finds the command and how many words stand behind it; options with a value take theirs along. */
static void bash_scan(FILE *out)
{
    (void)fputs("    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                "        case ${COMP_WORDS[i]} in\n        ",
                out);
    bool first = true;
    for (int i = 0; i < CLI_N_OPTIONS; i++) {
        if (cli_options[i].kind == CLI_FLAG)
            continue;
        if (!first)
            (void)fputs(" | ", out);
        bash_pattern(out, &cli_options[i]);
        first = false;
    }
    (void)fputs(") ((i++)); [ \"${COMP_WORDS[i]}\" != = ] || ((i++)) ;;\n"
                "        -*) ;;\n"
                "        *) if [ -z \"$command\" ]; then command=${COMP_WORDS[i]}; else ((place++)); fi ;;\n"
                "        esac\n"
                "    done\n",
                out);
}

static void bash_places(FILE *out)
{
    (void)fputs("    case $command:$place in\n", out);
    for (size_t i = 0; i < cli_n_commands; i++) {
        for (int j = 0; j < 2; j++) {
            const char *words = cli_commands[i].words[j];

            if (!words)
                continue;
            (void)fprintf(out, "    %s:%d) COMPREPLY=($(compgen ", cli_commands[i].name, j);
            if (strcmp(words, "@file") == 0) {
                (void)fputs("-f", out);
            } else {
                (void)fputs("-W '", out);
                place_words(out, words);
                (void)fputc('\'', out);
            }
            (void)fputs(" -- \"$cur\")) ;;\n", out);
        }
    }
    (void)fputs("    esac\n", out);
}

static void bash_script(FILE *out)
{
    (void)fputs("# bash completion for lockstep; made by lockstep --generate-completion bash\n"
                "_lockstep_envs() {\n"
                "    " ENVS_OF_PROJECT "\n"
                "}\n\n"
                "_lockstep() {\n"
                "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= place=0 i options\n"
                "    COMPREPLY=()\n"
                "    [ \"$cur\" != = ] || cur=\n"
                "    [ \"$prev\" != = ] || prev=${COMP_WORDS[COMP_CWORD - 2]}\n",
                out);
    bash_values(out);
    bash_scan(out);
    (void)fputs("    if [[ $cur == -* ]]; then\n        options='", out);
    option_names(out, CLI_GLOBAL, " ");
    (void)fputs("'\n        case $command in\n        '') options=\"$options ", out);
    option_names(out, CLI_ALONE, " ");
    (void)fputs("\" ;;\n", out);
    for (size_t i = 0; i < cli_n_commands; i++) {
        if (!cli_commands[i].options)
            continue;
        (void)fprintf(out, "        %s) options=\"$options ", cli_commands[i].name);
        option_names(out, cli_commands[i].options, " ");
        (void)fputs("\" ;;\n", out);
    }
    (void)fputs("        esac\n"
                "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
                "        return\n"
                "    fi\n"
                "    if [ -z \"$command\" ]; then\n"
                "        COMPREPLY=($(compgen -W '",
                out);
    command_names(out);
    (void)fputs("' -- \"$cur\"))\n        return\n    fi\n", out);
    bash_places(out);
    (void)fputs("}\ncomplete -F _lockstep lockstep\n", out);
}

/* --- zsh -------------------------------------------------------------------------------------------------------------- */

/* Text inside '…' of an _arguments spec, where [ ] : and ' mean something. */
static void zsh_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            (void)fputs("'\\''", out);
        else if (strchr("[]:\\", *text))
            (void)fprintf(out, "\\%c", *text);
        else
            (void)fputc(*text, out);
    }
}

static void zsh_value(FILE *out, int id)
{
    const struct cli_option *o = &cli_options[id];
    const char *words = words_of(id);

    if (o->kind == CLI_FLAG)
        return;
    (void)fprintf(out, ":%s:", o->arg);
    if (!words)
        return;
    if (strcmp(words, "@file") == 0)
        (void)fputs("_files", out);
    else if (strcmp(words, "@dir") == 0)
        (void)fputs("_files -/", out);
    else if (strcmp(words, "@env") == 0)
        (void)fputs("_lockstep_envs", out);
    else
        (void)fprintf(out, "(%s)", words);
}

static void zsh_options(FILE *out, uint64_t set, const char *indent)
{
    for (int i = 0; i < CLI_N_OPTIONS; i++) {
        const struct cli_option *o = &cli_options[i];

        if (!(set & (UINT64_C(1) << i)))
            continue;
        for (int is_short = 0; is_short <= (o->short_name ? 1 : 0); is_short++) {
            if (is_short)
                (void)fprintf(out, "%s'-%c%s[", indent, o->short_name, o->kind == CLI_FLAG ? "" : "+");
            else
                (void)fprintf(out, "%s'--%s%s[", indent, o->name, o->kind == CLI_FLAG ? "" : "=");
            zsh_text(out, o->help);
            (void)fputc(']', out);
            zsh_value(out, i);
            (void)fputs("' \\\n", out);
        }
    }
}

static void zsh_command(FILE *out, const struct cli_command *c)
{
    (void)fprintf(out, "        %s)\n            _arguments \\\n", c->name);
    zsh_options(out, c->options | CLI_GLOBAL, "                ");
    for (int j = 0; j < c->max_args; j++) {
        const char *words = j < 2 ? c->words[j] : NULL;

        (void)fprintf(out, "                '%d:%s:", j + 1, c->name);
        if (words && strcmp(words, "@file") == 0)
            (void)fputs("_files", out);
        else if (words) {
            (void)fputc('(', out);
            place_words(out, words);
            (void)fputc(')', out);
        }
        (void)fputs("' \\\n", out);
    }
    (void)fputs("                && return 0\n            ;;\n", out);
}

static void zsh_script(FILE *out)
{
    (void)fputs("#compdef lockstep\n"
                "# zsh completion for lockstep; made by lockstep --generate-completion zsh\n"
                "_lockstep_envs() {\n"
                "    local -a envs\n"
                "    envs=(${(f)\"$(" ENVS_OF_PROJECT ")\"})\n"
                "    _describe environment envs\n"
                "}\n\n"
                "_lockstep() {\n"
                "    local curcontext=$curcontext state line\n"
                "    local -a commands\n"
                "    commands=(\n",
                out);
    for (size_t i = 0; i < cli_n_commands; i++) {
        (void)fprintf(out, "        '%s:", cli_commands[i].name);
        zsh_text(out, cli_commands[i].summary);
        (void)fputs("'\n", out);
    }
    (void)fputs("    )\n    _arguments -C \\\n", out);
    zsh_options(out, CLI_GLOBAL | CLI_ALONE, "        ");
    (void)fputs("        '1: :->command' \\\n        '*:: :->words' && return 0\n"
                "    case $state in\n"
                "    command) _describe command commands ;;\n"
                "    words)\n"
                "        case $line[1] in\n",
                out);
    for (size_t i = 0; i < cli_n_commands; i++)
        zsh_command(out, &cli_commands[i]);
    (void)fputs("        esac\n        ;;\n    esac\n}\n\n_lockstep \"$@\"\n", out);
}

/* --- fish ------------------------------------------------------------------------------------------------------------- */

static void fish_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            (void)fputc('\\', out);
        (void)fputc(*text, out);
    }
}

static void fish_option(FILE *out, int id, const char *condition)
{
    const struct cli_option *o = &cli_options[id];
    const char *words = words_of(id);

    (void)fprintf(out, "complete -c lockstep%s -l %s", condition, o->name);
    if (o->short_name)
        (void)fprintf(out, " -s %c", o->short_name);
    if (o->kind != CLI_FLAG) {
        if (!words)
            (void)fputs(" -x", out);
        else if (strcmp(words, "@file") == 0)
            (void)fputs(" -r -F", out);
        else if (strcmp(words, "@dir") == 0)
            (void)fputs(" -x -a '(__fish_complete_directories)'", out);
        else if (strcmp(words, "@env") == 0)
            (void)fputs(" -x -a '(__lockstep_envs)'", out);
        else
            (void)fprintf(out, " -x -a '%s'", words);
    }
    (void)fputs(" -d '", out);
    fish_text(out, o->help);
    (void)fputs("'\n", out);
}

static void fish_script(FILE *out)
{
    (void)fputs("# fish completion for lockstep; made by lockstep --generate-completion fish\n"
                "function __lockstep_envs\n"
                "    " ENVS_OF_PROJECT "\n"
                "end\n"
                "complete -c lockstep -f\n",
                out);
    for (size_t i = 0; i < cli_n_commands; i++) {
        (void)fprintf(out, "complete -c lockstep -n __fish_use_subcommand -a %s -d '", cli_commands[i].name);
        fish_text(out, cli_commands[i].summary);
        (void)fputs("'\n", out);
    }
    for (int i = 0; i < CLI_N_OPTIONS; i++) {
        if (CLI_GLOBAL & (UINT64_C(1) << i))
            fish_option(out, i, "");
    }
    fish_option(out, CLI_OPT_GENERATE_COMPLETION, " -n __fish_use_subcommand");
    fish_option(out, CLI_OPT_DUMP_KEYS, " -n __fish_use_subcommand");
    for (size_t i = 0; i < cli_n_commands; i++) {
        const struct cli_command *c = &cli_commands[i];
        char condition[96];

        (void)snprintf(condition, sizeof(condition), " -n '__fish_seen_subcommand_from %s'", c->name);
        for (int j = 0; j < CLI_N_OPTIONS; j++) {
            if (c->options & (UINT64_C(1) << j))
                fish_option(out, j, condition);
        }
        for (int j = 0; j < 2; j++) {
            if (!c->words[j])
                continue;
            (void)fprintf(out, "complete -c lockstep%s ", condition);
            if (strcmp(c->words[j], "@file") == 0) {
                (void)fputs("-F\n", out);
            } else {
                (void)fputs("-a '", out);
                place_words(out, c->words[j]);
                (void)fputs("'\n", out);
            }
        }
    }
}

enum ls_rc cli_generate_completion(FILE *out, const char *shell, struct ls_err *err)
{
    static const struct {
        const char *shell;
        void (*write)(FILE *out);
    } scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

    for (size_t i = 0; i < LS_ARRAY_LEN(scripts); i++) {
        if (strcmp(shell, scripts[i].shell) == 0) {
            scripts[i].write(out);
            return LS_OK;
        }
    }
    return ls_err_set(err, LS_E_USAGE, "there is no completion for '%s'; there are bash, zsh and fish", shell);
}
