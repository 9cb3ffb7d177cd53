/* cli/cli.h: the subcommands: one table of options, one table of commands, one context.
 *
 *   options.c   the option table             parse.c     words -> struct cli_values      commands.c  the command table
 *   help.c      --help, --dump-options       complete.c  shell completions               run.c       one command, from words to exit code
 *   line.c      a line typed in the console  out.c       text                            table.c     lists as text and CSV
 *   json.c      values for --json            target.c    project, session, snapshot      confirm.c   questions
 *   progress.c  what a run says as it goes   guard.c     signals during a run            apply.c     plan -> question -> backup -> run
 *   cmd_*.c     one subcommand each
 *
 * A command writes its data to ctx->out and everything else to ctx->err, never exits, and keeps no state between two calls, so that the console
 * can run one in a worker thread. With --json the data is one JSON object. Text from outside goes through out.c, which makes it harmless. */
#ifndef LS_CLI_CLI_H
#define LS_CLI_CLI_H

#include <jansson.h>
#include <stdio.h>

#include "config/project.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/err.h"
#include "lockstep/engine/run.h"

enum cli_kind {
    CLI_FLAG,
    CLI_TEXT,
    CLI_COUNT,    /* 0, 1, 2, … */
    CLI_DURATION, /* milliseconds */
    CLI_AGE,      /* seconds; 30d, 12h */
    CLI_LIST      /* text, and may be said again: cli_values.many */
};

/* X(ID, name, short or 0, kind, argument, help). Feeds the enum, the parser, --help, the completions and the check of the manual page. */
#define CLI_OPTIONS(X)                                                                                                                 \
    X(URL, "url", 0, CLI_TEXT, "URL", "the database: sqlite:PATH, postgres://…, or libpq keywords")                                    \
    X(ENV, "env", 'e', CLI_TEXT, "NAME", "the environment of lockstep.conf to work on")                                                \
    X(PROJECT, "project", 0, CLI_TEXT, "FILE", "the project file, when it is not lockstep.conf here or above")                         \
    X(MIGRATIONS, "migrations", 0, CLI_TEXT, "DIR", "the folder of the migrations")                                                    \
    X(FORMAT, "format", 0, CLI_TEXT, "NAME", "whose files and ledger these are; `lockstep formats` lists the tools")                   \
    X(LEDGER_TABLE, "ledger-table", 0, CLI_TEXT, "TABLE", "the ledger, when it is not the format's own table")                         \
    X(TOOL, "tool", 0, CLI_TEXT, "PATH", "the program of a tool that runs its migrations itself (alembic, rails, sqitch)")             \
    X(BACKUP_DIR, "backup-dir", 0, CLI_TEXT, "DIR", "where backups are")                                                               \
    X(LOCK_TIMEOUT, "lock-timeout", 0, CLI_DURATION, "TIME", "how long a statement may wait for a lock (3s)")                          \
    X(STATEMENT_TIMEOUT, "statement-timeout", 0, CLI_DURATION, "TIME", "how long a statement may run (0: without end)")                \
    X(LOCK_WAIT, "lock-wait", 0, CLI_DURATION, "TIME", "how long to wait for another operator (10s)")                                  \
    X(NO_JOURNAL, "no-journal", 0, CLI_FLAG, NULL, "do not record runs in lockstep_journal")                                           \
    X(POOLED, "pooled", 0, CLI_FLAG, NULL, "write through a connection pooler all the same: it gives each connection a session")       \
    X(READ_ONLY, "read-only", 0, CLI_FLAG, NULL, "write nothing, whatever is asked")                                                   \
    X(THEME, "theme", 0, CLI_TEXT, "NAME", "the console's colours")                                                                    \
    X(JSON, "json", 0, CLI_FLAG, NULL, "print one JSON object")                                                                        \
    X(YES, "yes", 'y', CLI_FLAG, NULL, "write without asking")                                                                         \
    X(CONFIRM, "confirm", 0, CLI_TEXT, "DBNAME", "the database's name, which writing to a protected environment wants")                \
    X(QUIET, "quiet", 'q', CLI_FLAG, NULL, "say nothing but data and errors")                                                          \
    X(HELP, "help", 'h', CLI_FLAG, NULL, "show what a command does, and its options")                                                  \
    X(VERSION, "version", 'V', CLI_FLAG, NULL, "show the version")                                                                     \
    X(GENERATE_COMPLETION, "generate-completion", 0, CLI_TEXT, "SHELL", "print the completion script for bash, zsh or fish")           \
    X(DUMP_KEYS, "dump-keys", 0, CLI_FLAG, NULL, "list the console's actions: where, keys, name, meaning")                              \
    X(CHECK, "check", 0, CLI_FLAG, NULL, "exit with 6 when anything is pending or differs, with 3 when nothing can run")               \
    X(BESIDE, "beside", 0, CLI_TEXT, "FORMAT", "show that tool's view of the project beside the own one; FORMAT:DIR: of another folder")  \
    X(CSV, "csv", 0, CLI_FLAG, NULL, "print comma-separated values")                                                                   \
    X(BACKUP, "backup", 0, CLI_FLAG, NULL, "make a backup first")                                                                      \
    X(NO_BACKUP, "no-backup", 0, CLI_FLAG, NULL, "do without a backup on a protected environment")                                     \
    X(JOBS, "jobs", 'j', CLI_COUNT, "N", "parallel jobs of pg_dump (2)")                                                               \
    X(NO_READBACK, "no-readback", 0, CLI_FLAG, NULL, "do not read the backup back")                                                    \
    X(KEEP, "keep", 0, CLI_COUNT, "N", "keep the newest N backups")                                                                    \
    X(OLDER_THAN, "older-than", 0, CLI_AGE, "AGE", "remove backups older than this: 30d, 12h")                                         \
    X(DRY_RUN, "dry-run", 0, CLI_FLAG, NULL, "say what would be done, and do nothing")                                                 \
    X(LIMIT, "limit", 'n', CLI_COUNT, "N", "show the newest N entries (20; 0: all)")                                                   \
    X(IMPORT, "import", 0, CLI_FLAG, NULL, "take over a schema_version table of an older tool, once")                                  \
    X(NO_RUN, "no-run", 0, CLI_FLAG, NULL, "do not run the .verify files")                                                             \
    X(OUT_OF_ORDER, "out-of-order", 0, CLI_FLAG, NULL, "run late ones too, as the tool does when told to (goose -allow-missing, Flyway outOfOrder)") \
    X(RUN_TOOL, "run-tool", 0, CLI_FLAG, NULL, "have the tool print the SQL that it would run: that runs the project's code")        \
    X(FAIL_ON, "fail-on", 0, CLI_TEXT, "SEVERITY", "the least that makes it fail: info, warning, danger, error (the default), never")  \
    X(NO_SCHEMA, "no-schema", 0, CLI_FLAG, NULL, "do not replay the migrations to compare the schema")                                  \
    X(DIALECT, "dialect", 0, CLI_TEXT, "NAME", "postgres or sqlite")                                                                   \
    X(TO, "to", 0, CLI_TEXT, "FORMAT", "the format to convert to")                                                                     \
    X(OUT, "out", 0, CLI_TEXT, "PATH", "where it is written: convert's new folder (else the old one's name with -FORMAT), snapshot's file") \
    X(SCRATCH, "scratch", 0, CLI_TEXT, "URL", "PostgreSQL: a database on a server where scratch databases may be made")                \
    X(TREE, "tree", 0, CLI_FLAG, NULL, "print differences as a tree (so it is on a terminal)")                                         \
    X(UNIFIED, "unified", 0, CLI_FLAG, NULL, "print differences as a unified text (so it is in a pipe)")                               \
    X(SUMMARY, "summary", 0, CLI_FLAG, NULL, "print what is missing where, and what differs, a line each")                             \
    X(MARKDOWN, "markdown", 0, CLI_FLAG, NULL, "print a report in Markdown")                                                           \
    X(SARIF, "sarif", 0, CLI_FLAG, NULL, "print a SARIF 2.1.0 log")                                                                    \
    X(DDL, "ddl", 0, CLI_FLAG, NULL, "print the statements that make A look like B; what has none is a comment that says why")        \
    X(OWNER, "owner", 0, CLI_FLAG, NULL, "compare owners too")                                                                         \
    X(PRIVILEGES, "privileges", 0, CLI_FLAG, NULL, "compare privileges too")                                                           \
    X(ORDER, "order", 0, CLI_FLAG, NULL, "compare the order of columns too")                                                           \
    X(NO_COMMENTS, "no-comments", 0, CLI_FLAG, NULL, "do not compare comments and security labels")                                    \
    X(NO_RENAMES, "no-renames", 0, CLI_FLAG, NULL, "do not look for renamings")                                                        \
    X(ACCEPT_RENAME, "accept-rename", 0, CLI_LIST, "FROM=TO", "this is a renaming: users.type=users.kind, table a=table b; may be repeated") \
    X(REJECT_RENAME, "reject-rename", 0, CLI_LIST, "FROM=TO", "this is no renaming; may be repeated")                                  \
    X(SAVE, "save", 0, CLI_FLAG, NULL, "keep the accepted and rejected renamings (index: what is ignored) in lockstep.conf")                                    \
    X(IGNORE, "ignore", 0, CLI_LIST, "PATTERN", "say nothing of these: [KIND ]PATTERN[:ATTRIBUTE], as in 'table audit_*'; index: CODE OBJECT: REASON; may be repeated") \
    X(MERMAID, "mermaid", 0, CLI_FLAG, NULL, "print a Mermaid diagram (the default)")                                                  \
    X(DOT, "dot", 0, CLI_FLAG, NULL, "print a Graphviz diagram")                                                                       \
    X(APPLIED, "applied", 0, CLI_TEXT, "IDS", "these are in the database, whatever it shows (7,9)")                                    \
    X(PENDING, "pending", 0, CLI_TEXT, "IDS", "these are not in the database, whatever it shows (7,9)")                                \
    X(FINISH, "finish", 0, CLI_FLAG, NULL, "bring a settlement that was broken off to its end")                                        \
    X(TAKE_BACK, "take-back", 0, CLI_FLAG, NULL, "put the files as they were before a settlement that was broken off")                  \
    X(WORKLOAD, "workload", 0, CLI_TEXT, "FILE", "the queries to judge by (lockstep.workload.sql beside the project, else pg_stat_statements)") \
    X(ALL, "all", 0, CLI_FLAG, NULL, "show what the project ignores, too")                                                             \
    X(SIZES, "sizes", 0, CLI_FLAG, NULL, "read the true sizes, which takes longer with many indexes")                                  \
    X(BLOAT, "bloat", 0, CLI_FLAG, NULL, "read whole indexes to measure how empty they are")                                           \
    X(SORT, "sort", 0, CLI_TEXT, "KEY", "order of the indexes: name (the default, by table), scans, rate, last, size, bloat")          \
    X(TABLE, "table", 0, CLI_TEXT, "NAME", "this table only")                                                                          \
    X(FIX, "fix", 0, CLI_LIST, "CODE:OBJECT", "write the migration that mends this; may be repeated, and all go into one")             \
    X(UPKEEP, "upkeep", 0, CLI_TEXT, "CODE:OBJECT", "do the maintenance that mends this (REINDEX, ANALYZE, VACUUM), after asking")     \
    X(NO_MEASURE, "no-measure", 0, CLI_FLAG, NULL, "make no copy to measure on; plan only")                                            \
    X(ON_TARGET, "on-target", 0, CLI_FLAG, NULL, "run the queries on the database itself; nothing is built there")                     \
    X(WRITE, "write", 0, CLI_FLAG, NULL, "write the migration of what is advised")                                                     \
    X(RUN, "run", 0, CLI_FLAG, NULL, "run the query and count, which only one that reads may")                                         \
    X(SAMPLE, "sample", 0, CLI_COUNT, "N", "take the query's N-th sample values (1; 0: none, a generic plan)")                         \
    X(OFFSETS, "offsets", 0, CLI_FLAG, NULL, "print START END in bytes for each statement")

enum cli_option_id {
#define X(id, name, s, kind, arg, help) CLI_OPT_##id,
    CLI_OPTIONS(X)
#undef X
        CLI_N_OPTIONS
};
/* A set of options: a bit each. */
__extension__ typedef unsigned __int128 cli_set;
#define CLI_ONE   ((cli_set)1)
#define CLI_O(id) (CLI_ONE << CLI_OPT_##id)
_Static_assert(CLI_N_OPTIONS <= 128, "a set of options is a cli_set");
/* What goes without a command. */
#define CLI_ALONE (CLI_O(GENERATE_COMPLETION) | CLI_O(DUMP_KEYS))
/* What every command takes. */
#define CLI_GLOBAL                                                                                                                     \
    (CLI_O(URL) | CLI_O(ENV) | CLI_O(PROJECT) | CLI_O(MIGRATIONS) | CLI_O(FORMAT) | CLI_O(LEDGER_TABLE) | CLI_O(TOOL) | CLI_O(BACKUP_DIR) | \
     CLI_O(LOCK_TIMEOUT) | CLI_O(STATEMENT_TIMEOUT) | CLI_O(LOCK_WAIT) | CLI_O(NO_JOURNAL) | CLI_O(POOLED) | CLI_O(READ_ONLY) |        \
     CLI_O(THEME) | CLI_O(JSON) | CLI_O(YES) | CLI_O(CONFIRM) | CLI_O(QUIET) | CLI_O(HELP) | CLI_O(VERSION))

struct cli_option {
    const char *name;
    char short_name;
    enum cli_kind kind;
    const char *arg, *help;
};
extern const struct cli_option cli_options[CLI_N_OPTIONS];

#define CLI_MAX_MANY 64
/* Borrowed from the words that were parsed. */
struct cli_values {
    cli_set set; /* CLI_O(…) of what was given */
    const char *text[CLI_N_OPTIONS];
    long number[CLI_N_OPTIONS];
    /* CLI_LIST: every value that was said, in order; text has the last one. */
    struct {
        int id;
        const char *text;
    } many[CLI_MAX_MANY];
    int n_many;
};

/* Every command, in the order of --help; commands.c has a row for each, cmd.h its function. */
#define CLI_COMMANDS(X)                                                                                                                \
    X(status) X(up) X(down) X(to) X(plan) X(verify) X(lint) X(new) X(mark) X(conflicts) X(renumber) X(reconcile) X(adopt) X(convert) X(diff) X(drift) X(snapshot) X(erd) X(index) X(advise) X(explain) X(backup) X(backups) X(log) X(init) X(split) X(formats)             \
    X(version) X(help)

#define CLI_MAX_ARGS 3
struct cli_ctx;
enum cli_flags {
    CLI_WRITES = 1,  /* may write to the database: asks, and needs --yes without a terminal */
    CLI_NEEDS_DB = 2 /* a target must be named */
};
struct cli_command {
    const char *name, *args; /* args: for people, "[N]"; "" */
    const char *summary;     /* one line, small letter first, no full stop */
    const char *details;     /* more of --help, or NULL */
    int min_args, max_args;
    cli_set options; /* beside CLI_GLOBAL */
    unsigned flags;
    cli_set writes_with; /* CLI_WRITES: only with one of these options; 0: always. Never with --dry-run */
    const char *words[2]; /* what can stand at each place, for completion; "@file", "@command"; NULL: nothing known */
    int (*run)(struct cli_ctx *ctx); /* returns the exit code */
};
extern const struct cli_command cli_commands[];
extern const size_t cli_n_commands;
const struct cli_command *cli_command_find(const char *name);

struct cli_words {
    const struct cli_command *command; /* NULL: only options */
    const char *args[CLI_MAX_ARGS];
    int n_args;
    struct cli_values values;
    bool dump_options; /* the hidden --dump-options */
};
/* argv without the program's name. LS_E_USAGE with the nearest known word. */
LS_MUST_CHECK enum ls_rc cli_parse(int argc, const char *const *argv, struct cli_words *out, struct ls_err *err);

/* Where a command speaks, and whom it asks. */
struct cli_io {
    FILE *out, *err;
    bool out_is_tty; /* what goes there is looked at, not piped */
    bool err_is_tty; /* a line may be overwritten */
    int out_width, err_width; /* cells of a line there; 0: no terminal, or it does not say */
    bool ascii;      /* the terminal takes nothing beyond ASCII */
    /* A question; NULL: nobody to ask. must_type NULL: yes or no; else the text that must be typed. */
    bool (*confirm)(void *ctx, const char *text, const char *must_type);
    void *confirm_ctx;
    /* For cancelling from another thread, with confirm_ctx; both may be NULL. on_session: the session that the command works on, NULL before it goes.
     * is_cancelled: asked in between by what needs no session. */
    void (*on_session)(void *ctx, struct ls_session *session);
    bool (*is_cancelled)(void *ctx);
    /* The line that a terminal would draw again and again while something takes long, "" when it is over; with confirm_ctx. NULL: on err, when that is a tty. */
    void (*progress)(void *ctx, const char *text);
    const struct config_request *base; /* what holds when the words say nothing; NULL: nothing */
    const char *(*getenv_fn)(const char *name);
    FILE *in;             /* for `-`; NULL: there is none */
    void (*dump_keys)(FILE *out); /* the console's; NULL: this build has none */
    bool handles_signals; /* false in the console, which has handlers of its own */
    bool is_unarmed;      /* the console is read-only on its protected environment */
};

struct cli_ctx {
    const struct cli_io *io;
    FILE *out, *err;
    struct cli_words words;
    struct cli_values *v; /* &words.values */
    bool json, quiet;
    struct ls_err error; /* what cli_fail prints */
    struct config_request request;
    struct config_project project;
    struct config_target target;
    bool has_target;
    char *url_database; /* what the target's URL names; "" when it does not tell */
    struct ls_session *session;
    struct ls_snapshot *snap;
    json_t *root; /* with --json: the object to print */
};

static inline bool cli_has(const struct cli_ctx *ctx, cli_set option)
{
    return (ctx->words.values.set & option) != 0;
}

/* Parses, runs, prints errors; the exit code. What is printed is complete when it returns. */
int cli_run(const struct cli_io *io, int argc, const char *const *argv);
/* The same for a line with shell-like quoting; the console's `:` prompt. Of `from` it takes out, err, confirm, on_session, is_cancelled, progress, is_unarmed, and
 * base with its getenv_fn. */
int cli_run_line(const char *line, const struct cli_io *from);
/* Splits a line into words as a shell would ('…', "…", \x; nothing is expanded). *words is one block to free. LS_E_USAGE for an open quote. */
LS_MUST_CHECK enum ls_rc cli_split_line(const char *line, char ***words, int *n, struct ls_err *err);
/* Names of commands and --options, for completion; constant. */
const char *const *cli_complete_words(size_t *n);
/* The request that options make, over base. */
void cli_request(const struct cli_values *v, const struct config_request *base, const char *(*getenv_fn)(const char *), struct config_request *out);

/* An io.confirm for a terminal: asks on stderr, reads from stdin. */
bool cli_tty_confirm(void *ctx, const char *text, const char *must_type);

/* help.c, complete.c */
void cli_dump_options(FILE *out);
LS_MUST_CHECK enum ls_rc cli_generate_completion(FILE *out, const char *shell, struct ls_err *err);

#endif
