/* Alembic: read natively, run by alembic itself. */
#include <config.h>

#include "format/alembic.h"

#include "format/lockstep.h"

static const char *tool_dir(struct ls_arena *arena, const char *migrations_dir)
{
    struct ls_alembic_conf c;

    ls_alembic_conf_read(arena, migrations_dir, &c);
    return c.dir;
}

static const char *const places[] = {".venv/bin/alembic", "venv/bin/alembic", "env/bin/alembic", NULL};

static const struct ls_format_tool tool = {
    .program = "alembic",
    .places = places,
    .install = "install it where the project's Python is (pip install alembic, in its virtual environment), or as the package alembic of the system",
    .dir = tool_dir,
};

static const struct ls_timeline_rules rules = {
    .applied = "nothing: it is a head in the ledger",
    .inferred = "nothing: a head in the ledger comes after it",
    .pending_next = "runs it next",
    .pending_later = "runs it later",
    .missing = "refuses every command: it cannot locate it",
    .duplicate = "takes the one that it reads last, with a warning",
};

static const char *const dirs[] = {"alembic", "migrations", ".", NULL};

const struct ls_format ls_format_alembic = {
    .name = "alembic",
    .title = "Alembic",
    .ledger_table = LS_ALEMBIC_TABLE,
    .default_dirs = dirs,
    .caps = LS_CAP_UP | LS_CAP_DOWN | LS_CAP_RECORD_ONLY | LS_CAP_DAG | LS_CAP_DELEGATE,
    .rules = &rules,
    .tool = &tool,
    .detect = ls_alembic_detect,
    .scan = ls_alembic_scan,
    .ledger_read = ls_alembic_ledger_read,
    .plan_setup = ls_alembic_plan_setup,
    .plan_step = ls_alembic_plan_step,
    .plan_mark = ls_alembic_plan_mark,
    .lock_keys = ls_lockstep_lock_keys, /* alembic has none */
    .check_runnable = ls_alembic_check_runnable,
    .new_files = ls_alembic_new_files,
};
