/* cli/commands.c: the table of commands, in the order of --help. */
#include <config.h>

#include "cli/cli.h"

#include <string.h>

#include "cli/cmd.h"

#define SIDES_HELP                                                                                                                                  \
    "A side is live, migrations (what the applied ones promise), an environment's name, a URL, dir:PATH[@VERSION], file:PATH, backup:NAME, "         \
    "drizzle:PATH or snapshot:PATH."
#define DIFF_OPTIONS                                                                                                                                \
    (CLI_O(SCRATCH) | CLI_O(TREE) | CLI_O(UNIFIED) | CLI_O(SUMMARY) | CLI_O(MARKDOWN) | CLI_O(SARIF) | CLI_O(DDL) | CLI_O(OWNER) |                   \
     CLI_O(PRIVILEGES) | CLI_O(ORDER) | CLI_O(NO_COMMENTS) | CLI_O(NO_RENAMES) | CLI_O(ACCEPT_RENAME) | CLI_O(REJECT_RENAME) | CLI_O(SAVE) | CLI_O(IGNORE))

const struct cli_command cli_commands[] = {
    {.name = "status", .args = "", .summary = "show where the database stands: history, pending, dirty, changed",
     .details = "With --check the exit code says it: 0 nothing to do, 6 something is pending or differs, 3 nothing can run (dirty, duplicate versions). "
                "With --beside two tools' folders and ledgers are shown in two columns; --check exits with 6 then when they differ.",
     .options = CLI_O(CHECK) | CLI_O(CSV) | CLI_O(BESIDE), .flags = CLI_NEEDS_DB, .run = cli_cmd_status},
    {.name = "up", .args = "[N]", .summary = "apply all pending migrations, or the next N",
     .details = "Shows the plan and asks first. Without a terminal --yes is needed, for a protected environment also --confirm DBNAME and one of "
                "--backup and --no-backup.",
     .max_args = 1, .options = CLI_O(BACKUP) | CLI_O(NO_BACKUP) | CLI_O(OUT_OF_ORDER), .flags = CLI_NEEDS_DB | CLI_WRITES, .run = cli_cmd_up},
    {.name = "down", .args = "[N]", .summary = "roll back the last migration, or the last N (or `all`)",
     .details = "Shows the plan and asks first; see up.", .max_args = 1, .options = CLI_O(BACKUP) | CLI_O(NO_BACKUP),
     .flags = CLI_NEEDS_DB | CLI_WRITES, .run = cli_cmd_down},
    {.name = "to", .args = "VERSION", .summary = "apply or roll back until VERSION is the newest applied one (0: nothing is)",
     .details = "Shows the plan and asks first; see up.", .min_args = 1, .max_args = 1,
     .options = CLI_O(BACKUP) | CLI_O(NO_BACKUP) | CLI_O(OUT_OF_ORDER), .flags = CLI_NEEDS_DB | CLI_WRITES, .run = cli_cmd_to},
    {.name = "plan", .args = "[up [N] | down [N] | to VERSION]", .summary = "print the SQL that would run, ledger statements included; write nothing",
     .details = "The SQL goes to standard output and runs as it stands in psql or sqlite3; what the operator should know goes to standard error. Of a tool that "
                "runs its migrations itself the command line is shown; --run-tool has it say its SQL, where it can (alembic), which runs the project's code.",
     .max_args = 2, .options = CLI_O(OUT_OF_ORDER) | CLI_O(RUN_TOOL), .flags = CLI_NEEDS_DB, .words = {"up down to"}, .run = cli_cmd_plan},
    {.name = "verify", .args = "", .summary = "check checksums, order, gaps, duplicates, missing downs, and run the .verify files",
     .details = "The .verify files of applied migrations run in a read-only transaction that is rolled back. Then the applied migrations are replayed in a "
                "scratch database, and the database must have the schema that they promise. The exit code is 6 when a check fails.",
     .options = CLI_O(NO_RUN) | CLI_O(NO_SCHEMA) | CLI_O(SCRATCH), .flags = CLI_NEEDS_DB, .run = cli_cmd_verify},
    {.name = "lint", .args = "", .summary = "check the files without a database, with file and line, for CI",
     .details = "What the folder's files get wrong, what verify checks without a database, what the tool would refuse to run, and what is risky in a statement. "
                "The dialect is --dialect's, else the target's, else the folder's own, else PostgreSQL's. The exit code is 6 when something is as bad as "
                "--fail-on says.",
     .options = CLI_O(FAIL_ON) | CLI_O(SARIF) | CLI_O(DIALECT), .run = cli_cmd_lint},
    {.name = "new", .args = "NAME", .summary = "write the empty files of a new migration", .min_args = 1, .max_args = 1, .run = cli_cmd_new},
    {.name = "mark", .args = "VERSION applied|pending", .summary = "record a migration as applied or pending without running it",
     .details = "What others call force, stamp or resolve. Shows the ledger statements it will run, and asks. With --import, and no other words, the rows of a "
                "schema_version table are taken over.",
     .max_args = 2, .options = CLI_O(IMPORT), .flags = CLI_NEEDS_DB | CLI_WRITES, .words = {NULL, "applied pending"},
     .run = cli_cmd_mark},
    {.name = "conflicts", .args = "", .summary = "show what disagrees between files, journal, lists and ledger, and what settles it",
     .details = "Without a database the folder alone is looked at. The exit code is 6 when something keeps the tool from running. A settlement that was broken "
                "off is ended by --finish or --take-back (of a conversion: with --out DIR).",
     .options = CLI_O(FINISH) | CLI_O(TAKE_BACK) | CLI_O(OUT), .flags = CLI_WRITES, .writes_with = CLI_O(FINISH) | CLI_O(TAKE_BACK),
     .run = cli_cmd_conflicts},
    {.name = "renumber", .args = "[VERSION [TO]]", .summary = "give migrations other numbers: files, journal and ledger together",
     .details = "Without VERSION: all that share a number with another one, and those that came in behind something newer and would never run. VERSION may be "
                "a file's name. TO is the number that it gets, the first free one behind its own and what is applied, when it is left out. Shows everything first, and asks.",
     .max_args = 2, .options = CLI_O(DRY_RUN), .flags = CLI_WRITES, .run = cli_cmd_renumber},
    {.name = "reconcile", .args = "", .summary = "bring the ledger and text lists to what the database really has",
     .details = "What the catalogue shows of each migration, statement by statement, decides; what it cannot tell stays, unless --applied or --pending says so. "
                "Shows everything first, and asks.",
     .options = CLI_O(APPLIED) | CLI_O(PENDING) | CLI_O(DRY_RUN), .flags = CLI_NEEDS_DB | CLI_WRITES, .run = cli_cmd_reconcile},
    {.name = "adopt", .args = "VERSION", .summary = "give a database that has the schema and no ledger a ledger: everything up to VERSION is recorded",
     .details = "VERSION may be `all`. Shows what the database has of each migration first, and asks.", .min_args = 1, .max_args = 1,
     .options = CLI_O(DRY_RUN), .flags = CLI_NEEDS_DB | CLI_WRITES, .run = cli_cmd_adopt},
    {.name = "convert", .args = "", .summary = "write the folder and the ledger of another tool beside this one's",
     .details = "The folder that it is made from is left alone. What the other tool cannot express is listed. Without a database only files are written. Shows "
                "everything first, and asks.",
     .options = CLI_O(TO) | CLI_O(OUT) | CLI_O(DRY_RUN), .flags = CLI_WRITES, .run = cli_cmd_convert},
    {.name = "diff", .args = "A [B]", .summary = "show what differs between the schemas of two sides: databases, folders, files, backups, snapshots",
     .details = SIDES_HELP " B is live when it is left out. Exit code: 0 the same, 1 different, 2 and above an error.",
     .min_args = 1, .max_args = 2, .options = DIFF_OPTIONS | CLI_O(DIALECT), .words = {"live migrations dir: file: backup: drizzle: snapshot:",
                                                                                       "live migrations dir: file: backup: drizzle: snapshot:"},
     .run = cli_cmd_diff},
    {.name = "drift", .args = "", .summary = "show how the database differs from what its applied migrations promise",
     .details = "The applied migrations are replayed in a scratch database, and the two are compared: diff migrations live, for cron and CI. The exit code is 6 "
                "when they differ.",
     .options = DIFF_OPTIONS, .flags = CLI_NEEDS_DB, .run = cli_cmd_drift},
    {.name = "snapshot", .args = "[SIDE]", .summary = "save a schema as a text that version control can compare",
     .details = "JSON, an object a line, sorted; `snapshot:FILE` is a side for diff then. " SIDES_HELP " It is live when it is left out.",
     .max_args = 1, .options = CLI_O(OUT) | CLI_O(DIALECT) | CLI_O(SCRATCH), .words = {"live migrations dir: file: backup: drizzle: snapshot:"},
     .run = cli_cmd_snapshot},
    {.name = "erd", .args = "[SIDE]", .summary = "draw the tables and their foreign keys as a Mermaid or Graphviz diagram",
     .details = SIDES_HELP " It is live when it is left out.", .max_args = 1, .options = CLI_O(MERMAID) | CLI_O(DOT) | CLI_O(DIALECT) | CLI_O(SCRATCH),
     .words = {"live migrations dir: file: backup: drizzle: snapshot:"}, .run = cli_cmd_erd},
    {.name = "index", .args = "", .summary = "show how indexes are used, and which are useless, missing, invalid, or cost more than they give",
     .details = "Each verdict says what it rests on, for how long that was watched, and what mends it: --fix writes the migration, as `new` would, and --upkeep "
                "does what is no migration. A workload (a file of queries, or pg_stat_statements) is planned, and measured where the database is a small SQLite file; advise measures it anywhere. Standbys of the "
                "environment are asked too. The exit code is 6 when a verdict is as bad as --fail-on says.",
     .options = CLI_O(CSV) | CLI_O(SARIF) | CLI_O(MARKDOWN) | CLI_O(FAIL_ON) | CLI_O(WORKLOAD) | CLI_O(ALL) | CLI_O(SIZES) | CLI_O(BLOAT) | CLI_O(SORT) |
                CLI_O(TABLE) | CLI_O(FIX) | CLI_O(UPKEEP) | CLI_O(IGNORE) | CLI_O(SAVE) | CLI_O(DRY_RUN) | CLI_O(SCRATCH),
     .flags = CLI_NEEDS_DB | CLI_WRITES, .writes_with = CLI_O(UPKEEP), .run = cli_cmd_index},
    {.name = "advise", .args = "", .summary = "find the indexes that the workload lacks, and measure what they would give on a copy",
     .details = "The queries are those of --workload, of lockstep.workload.sql, or of pg_stat_statements. Nothing is built in the database itself. --write writes the "
                "migration that makes what is advised.",
     .options = CLI_O(WORKLOAD) | CLI_O(NO_MEASURE) | CLI_O(SCRATCH) | CLI_O(ON_TARGET) | CLI_O(WRITE) | CLI_O(DRY_RUN), .flags = CLI_NEEDS_DB,
     .run = cli_cmd_advise},
    {.name = "explain", .args = "QUERY", .summary = "show how the database would run a query, or with --run how it does",
     .details = "QUERY is SQL, the name of a query in the workload, or - for standard input. Nothing that it writes stays; with --run only what reads is run.",
     .min_args = 1, .max_args = 1, .options = CLI_O(RUN) | CLI_O(SAMPLE) | CLI_O(WORKLOAD), .flags = CLI_NEEDS_DB, .run = cli_cmd_explain},
    {.name = "backup", .args = "", .summary = "back the database up and read the backup back", .options = CLI_O(JOBS) | CLI_O(NO_READBACK),
     .flags = CLI_NEEDS_DB, .run = cli_cmd_backup},
    {.name = "backups", .args = "[list | verify NAME | prune]", .summary = "list, verify or prune backups",
     .details = "prune wants --keep N, --older-than AGE or both: a backup goes when either says so. The newest one always stays. "
                "Shows which and asks first; without a terminal --yes is needed, for a protected environment also --confirm DBNAME.", .max_args = 2,
     .options = CLI_O(CSV) | CLI_O(KEEP) | CLI_O(OLDER_THAN) | CLI_O(DRY_RUN),
     .words = {"list verify prune"}, .run = cli_cmd_backups},
    {.name = "log", .args = "", .summary = "show the journal: who ran what, when, and how it ended", .options = CLI_O(LIMIT) | CLI_O(CSV),
     .flags = CLI_NEEDS_DB, .run = cli_cmd_log},
    {.name = "init", .args = "", .summary = "write a lockstep.conf with comments, and make the migrations folder", .run = cli_cmd_init},
    {.name = "split", .args = "FILE", .summary = "show the statements of an SQL file as lockstep sees them",
     .details = "FILE may be - for standard input. A file that cannot be split with certainty is refused: `error KIND LINE`.", .min_args = 1, .max_args = 1,
     .options = CLI_O(DIALECT) | CLI_O(OFFSETS), .words = {"@file"}, .run = cli_cmd_split},
    {.name = "formats", .args = "[DIR]", .summary = "list the tools that lockstep knows, and whose migrations lie in DIR",
     .details = "DIR is a project or a folder of migrations, the current folder when it is left out. No database is needed. What two tools could own is "
                "listed under both.",
     .max_args = 1, .words = {"@file"}, .run = cli_cmd_formats},
    {.name = "version", .args = "", .summary = "show the version and what was built in", .run = cli_cmd_version},
    {.name = "help", .args = "[COMMAND]", .summary = "show what a command does", .max_args = 1, .words = {"@command"}, .run = cli_cmd_help},
};
const size_t cli_n_commands = LS_ARRAY_LEN(cli_commands);

enum {
#define X(name) COMMAND_##name,
    CLI_COMMANDS(X)
#undef X
        N_COMMANDS
};
_Static_assert(LS_ARRAY_LEN(cli_commands) == N_COMMANDS, "CLI_COMMANDS and the table go together");

const struct cli_command *cli_command_find(const char *name)
{
    for (size_t i = 0; i < cli_n_commands; i++) {
        if (strcmp(cli_commands[i].name, name) == 0)
            return &cli_commands[i];
    }
    return NULL;
}
