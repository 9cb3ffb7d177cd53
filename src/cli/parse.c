/* cli/parse.c: words into values, by the tables. Options may stand before and behind the command; `--` ends them. */
#include <config.h>

#include "cli/cli.h"

#include <limits.h>
#include <string.h>

#include "lockstep/base/text.h"

struct parser {
    int argc, at;
    const char *const *argv;
    struct cli_words *out;
    struct ls_err *err;
};

static enum ls_rc unknown_option(struct parser *p, const char *name, size_t len)
{
    const char *names[CLI_N_OPTIONS];
    char word[64];

    for (int i = 0; i < CLI_N_OPTIONS; i++)
        names[i] = cli_options[i].name;
    (void)snprintf(word, sizeof(word), "%.*s", (int)(len < 60 ? len : 60), name);
    const char *near = ls_nearest_word(word, names, CLI_N_OPTIONS);
    (void)ls_err_set(p->err, LS_E_USAGE, "there is no option --%s", word);
    if (near)
        ls_err_hint(p->err, "did you mean --%s?", near);
    else
        ls_err_hint(p->err, "`lockstep --help` lists the options");
    return LS_E_USAGE;
}

static enum ls_rc unknown_command(struct parser *p, const char *name)
{
    const char *names[64];
    size_t n = 0;

    for (; n < cli_n_commands && n < LS_ARRAY_LEN(names); n++)
        names[n] = cli_commands[n].name;
    const char *near = ls_nearest_word(name, names, n);
    (void)ls_err_set(p->err, LS_E_USAGE, "there is no command '%s'", name);
    if (near)
        ls_err_hint(p->err, "did you mean `lockstep %s`?", near);
    else
        ls_err_hint(p->err, "`lockstep --help` lists the commands");
    return LS_E_USAGE;
}

static enum ls_rc read_count(const char *text, long *out)
{
    long n = 0;

    if (!*text)
        return LS_E_USAGE;
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9' || n > INT_MAX / 10 - 1)
            return LS_E_USAGE;
        n = n * 10 + (*c - '0');
    }
    *out = n;
    return LS_OK;
}

/* 30d, 12h, 2w, 90min, 45s -> seconds */
static enum ls_rc read_age(const char *text, long *out)
{
    static const struct {
        const char *word;
        long seconds;
    } units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};
    size_t digits = strspn(text, "0123456789");
    char number[16];

    if (digits == 0 || digits >= sizeof(number) - 1)
        return LS_E_USAGE;
    memcpy(number, text, digits);
    number[digits] = '\0';
    for (size_t i = 0; i < LS_ARRAY_LEN(units); i++) {
        if (strcmp(text + digits, units[i].word) == 0 && read_count(number, out) == LS_OK) {
            *out *= units[i].seconds;
            return LS_OK;
        }
    }
    return LS_E_USAGE;
}

static enum ls_rc set_value(struct parser *p, int id, const char *value)
{
    struct cli_values *v = &p->out->values;
    const char *name = cli_options[id].name;
    int ms = 0;

    v->set |= UINT64_C(1) << id;
    v->text[id] = value;
    switch (cli_options[id].kind) {
    case CLI_COUNT:
        if (read_count(value, &v->number[id]) != LS_OK)
            return ls_err_set(p->err, LS_E_USAGE, "--%s wants a number, not '%s'", name, value);
        break;
    case CLI_AGE:
        if (read_age(value, &v->number[id]) != LS_OK)
            return ls_err_set(p->err, LS_E_USAGE, "--%s wants an age such as 30d, 12h or 2w, not '%s'", name, value);
        break;
    case CLI_DURATION:
        if (config_parse_duration(value, &ms, p->err) != LS_OK) {
            (void)ls_err_wrap(p->err, "--%s", name);
            if (p->err)
                p->err->code = LS_E_USAGE;
            return LS_E_USAGE;
        }
        v->number[id] = ms;
        break;
    case CLI_LIST:
        if (v->n_many == CLI_MAX_MANY)
            return ls_err_set(p->err, LS_E_USAGE, "--%s: that is one too many; %d are allowed", name, CLI_MAX_MANY);
        v->many[v->n_many].id = id;
        v->many[v->n_many++].text = value;
        break;
    case CLI_FLAG:
    case CLI_TEXT:
        break;
    }
    return LS_OK;
}

/* The option's value: behind '=', or the next word. */
static enum ls_rc take_option(struct parser *p, int id, const char *inline_value)
{
    const struct cli_option *o = &cli_options[id];

    if (o->kind == CLI_FLAG) {
        if (inline_value)
            return ls_err_set(p->err, LS_E_USAGE, "--%s takes no value", o->name);
        return set_value(p, id, "");
    }
    if (!inline_value) {
        if (p->at + 1 >= p->argc)
            return ls_err_set(p->err, LS_E_USAGE, "--%s wants a value: %s", o->name, o->arg);
        inline_value = p->argv[++p->at];
    }
    if (!*inline_value)
        return ls_err_set(p->err, LS_E_USAGE, "--%s has an empty value", o->name);
    return set_value(p, id, inline_value);
}

static enum ls_rc long_option(struct parser *p, const char *word)
{
    const char *eq = strchr(word, '=');
    size_t len = eq ? (size_t)(eq - word) : strlen(word);

    if (strcmp(word, "dump-options") == 0) {
        p->out->dump_options = true;
        return LS_OK;
    }
    for (int i = 0; i < CLI_N_OPTIONS; i++) {
        if (strlen(cli_options[i].name) == len && memcmp(cli_options[i].name, word, len) == 0)
            return take_option(p, i, eq ? eq + 1 : NULL);
    }
    return unknown_option(p, word, len);
}

/* -q, -qy, -eNAME, -e NAME, -n5 */
static enum ls_rc short_options(struct parser *p, const char *letters)
{
    for (; *letters; letters++) {
        int id = 0;

        while (id < CLI_N_OPTIONS && cli_options[id].short_name != *letters)
            id++;
        if (id == CLI_N_OPTIONS) {
            (void)ls_err_set(p->err, LS_E_USAGE, "there is no option -%c", *letters);
            ls_err_hint(p->err, "`lockstep --help` lists the options");
            return LS_E_USAGE;
        }
        if (cli_options[id].kind != CLI_FLAG)
            return take_option(p, id, letters[1] ? letters + 1 : NULL);
        enum ls_rc rc = take_option(p, id, NULL);
        if (rc != LS_OK)
            return rc;
    }
    return LS_OK;
}

static enum ls_rc take_word(struct parser *p, const char *word)
{
    struct cli_words *w = p->out;

    if (!w->command) {
        w->command = cli_command_find(word);
        return w->command ? LS_OK : unknown_command(p, word);
    }
    if (w->n_args >= w->command->max_args || w->n_args >= CLI_MAX_ARGS) {
        (void)ls_err_set(p->err, LS_E_USAGE, "%s: '%s' is one word too many", w->command->name, word);
        ls_err_hint(p->err, "usage: lockstep %s%s%s", w->command->name, *w->command->args ? " " : "", w->command->args);
        return LS_E_USAGE;
    }
    w->args[w->n_args++] = word;
    return LS_OK;
}

/* What only the whole line shows: options of other commands, missing words. */
static enum ls_rc check(struct parser *p)
{
    const struct cli_words *w = p->out;
    uint64_t allowed = CLI_GLOBAL | (w->command ? w->command->options : CLI_ALONE);

    for (int i = 0; i < CLI_N_OPTIONS; i++) {
        if (!(w->values.set & ~allowed & (UINT64_C(1) << i)))
            continue;
        if (!w->command)
            return ls_err_set(p->err, LS_E_USAGE, "--%s belongs to a command, and none is named", cli_options[i].name);
        (void)ls_err_set(p->err, LS_E_USAGE, "%s has no option --%s", w->command->name, cli_options[i].name);
        ls_err_hint(p->err, "`lockstep %s --help` lists its options", w->command->name);
        return LS_E_USAGE;
    }
    if (w->command && w->n_args < w->command->min_args && !(w->values.set & CLI_O(HELP))) {
        (void)ls_err_set(p->err, LS_E_USAGE, "%s wants %s", w->command->name, w->command->args);
        ls_err_hint(p->err, "`lockstep %s --help` says more", w->command->name);
        return LS_E_USAGE;
    }
    return LS_OK;
}

enum ls_rc cli_parse(int argc, const char *const *argv, struct cli_words *out, struct ls_err *err)
{
    struct parser p = {.argc = argc, .argv = argv, .out = out, .err = err};
    bool only_words = false;
    enum ls_rc rc = LS_OK;

    memset(out, 0, sizeof(*out));
    for (; p.at < argc && rc == LS_OK; p.at++) {
        const char *word = argv[p.at];

        if (only_words || word[0] != '-' || word[1] == '\0')
            rc = take_word(&p, word);
        else if (strcmp(word, "--") == 0)
            only_words = true;
        else
            rc = word[1] == '-' ? long_option(&p, word + 2) : short_options(&p, word + 1);
    }
    return rc == LS_OK ? check(&p) : rc;
}
