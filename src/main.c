/* main.c: chooses the face. What comes from the process (argv, environment, terminal, locale) is read here and handed down. */
#include <config.h>

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lockstep/base/fault.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"
#include "lockstep/base/secret.h"
#include "lockstep/engine/backup.h"
#ifdef LS_WITH_TUI
#include "tui/tui.h"
#endif

static const char *lookup(const char *name)
{
    return getenv(name);
}

/* Copies the words, and stars out in the process list each that holds a password. */
static void take_argv(int argc, char **argv, char **copy)
{
    for (int i = 0; i < argc; i++) {
        size_t len = strlen(argv[i]);
        char *shown = ls_redact_dup(argv[i]);

        copy[i] = ls_strdup(argv[i]);
        if (strcmp(shown, argv[i]) != 0) {
            memset(argv[i], '*', len);
            ls_secret_seen();
        }
        free(shown);
    }
}

/* The whole of it is in memory, whichever of its variables is asked for later: url_env may name any. Values only: PWD is no password. */
static void look_at_environment(void)
{
    if (lookup("PGPASSWORD") != NULL) /* libpq asks for it itself */
        ls_secret_seen();
    for (char **e = environ; e != NULL && *e != NULL; e++)
        if (strchr(*e, '=') != NULL)
            ls_secret_look(strchr(*e, '=') + 1);
}

#ifdef LS_WITH_TUI
static int run_line(void *ctx, const struct config_request *current, const char *line, const struct tui_line *from)
{
    const struct cli_io io = {
        .out = from->out,
        .err = from->err,
        .confirm = from->confirm,
        .confirm_ctx = from->ctx,
        .on_session = from->on_session,
        .is_cancelled = from->is_cancelled,
        .progress = from->progress,
        .is_unarmed = from->is_unarmed,
        .base = current,
    };

    (void)ctx;
    return cli_run_line(line, &io);
}
#endif

/* Cells of a line of the terminal; 0: it is none, or does not say. */
static int width_of(int fd)
{
    struct winsize w = {0};

    return isatty(fd) && ioctl(fd, TIOCGWINSZ, &w) == 0 ? w.ws_col : 0;
}

static int open_console(const struct cli_words *words)
{
    struct config_request request;

    cli_request(&words->values, NULL, lookup, &request);
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        (void)fputs("lockstep: the console needs a terminal; `lockstep status` prints where the database stands, `lockstep --help` the other commands\n",
                    stderr);
        return 2;
    }
#ifdef LS_WITH_TUI
    const struct tui_params params = {
        .request = &request,
        .run_line = run_line,
        .complete_words = cli_complete_words,
    };
    return tui_main(&params);
#else
    (void)fputs("lockstep: this build has no console; `lockstep --help` lists the commands\n", stderr);
    return 2;
#endif
}

/* The console opens when there is no command and nothing that answers by itself. */
static bool wants_console(const struct cli_words *w)
{
    return !w->command && !w->dump_options &&
           !(w->values.set & (CLI_O(HELP) | CLI_O(VERSION) | CLI_ALONE | CLI_O(JSON) | CLI_O(YES) | CLI_O(QUIET) | CLI_O(CONFIRM)));
}

int main(int argc, char **argv)
{
    char **words = ls_calloc((size_t)argc + 1, sizeof(*words));
    struct cli_words parsed;
    struct ls_err err = LS_ERR_INIT;
    int code;

    /* Characters and messages; numbers and times are written in one way everywhere, and each category is a file to read. */
    (void)setlocale(LC_CTYPE, "");
    (void)setlocale(LC_MESSAGES, "");
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that left early shows as EPIPE */
    (void)signal(SIGXFSZ, SIG_IGN); /* a file at its limit shows as EFBIG; SQLite rolls back, and a run says so */
    ls_fault_init(lookup("LOCKSTEP_FAULT"));
    ls_tools_init(lookup("PATH"), lookup("HOME"));
    ls_tools_init_environment((const char *const *)(uintptr_t)environ);
    /* Developers may want a core file, or to attach to it, all the same. */
    if (lookup("LOCKSTEP_CORES") == NULL)
        ls_secret_guard();
    take_argv(argc, argv, words);
    look_at_environment();
    const struct cli_io io = {
        .out = stdout,
        .err = stderr,
        .in = stdin,
        .out_is_tty = isatty(STDOUT_FILENO),
        .err_is_tty = isatty(STDERR_FILENO),
        .out_width = width_of(STDOUT_FILENO),
        .err_width = width_of(STDERR_FILENO),
        .ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
        .confirm = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) ? cli_tty_confirm : NULL,
        .getenv_fn = lookup,
#ifdef LS_WITH_TUI
        .dump_keys = tui_dump_actions,
#endif
        .handles_signals = true,
    };
    int n = argc > 0 ? argc - 1 : 0;
    const char *const *rest = (const char *const *)words + (argc > 0 ? 1 : 0);
    if (cli_parse(n, rest, &parsed, &err) == LS_OK && wants_console(&parsed))
        code = open_console(&parsed);
    else
        code = cli_run(&io, n, rest);
    ls_err_release(&err);
    for (int i = 0; i < argc; i++) {
        ls_wipe(words[i], strlen(words[i]));
        free(words[i]);
    }
    free(words);
    return code;
}
