/* config/template.c: the lockstep.conf that `lockstep init` writes. */
#include <config.h>

#include "config/project.h"

#include "lockstep/base/buf.h"

static const char head[] = "# lockstep.conf: where this project's databases and migrations are. See lockstep.conf(5).\n"
                           "\n"
                           "[project]\n"
                           "# The folder of the migrations, from this file's folder.\n"
                           "migrations = ";

static const char settings[] = "\n"
                               "# The environment taken when none is named with -e.\n"
                               "default_env = dev\n"
                               "\n"
                               "# How long a statement may wait for a lock, and run; 0 is without end. How long to wait for another operator; 0 is not at all.\n"
                               "#lock_timeout = 3s\n"
                               "#statement_timeout = 0\n"
                               "#lock_wait = 10s\n"
                               "\n"
                               "# Where backups go, from this file's folder.\n"
                               "#backup_dir = backups\n"
                               "\n"
                               "# The ledger's table, where it is not the format's own; whether runs are recorded in lockstep_journal.\n"
                               "#ledger_table = schema_migrations\n"
                               "#journal = yes\n"
                               "\n"
                               "# The console's colours: dark, light, high-contrast, mono, or a file of yours.\n"
                               "#theme = dark\n"
                               "\n"
                               "[env dev]\n";

static const char tail[] =
    "\n"
    "# A protected environment opens read-only, asks for a backup first, and wants the database's name typed before anything is written.\n"
    "# Keep the password out of this file: name an environment variable, or use ~/.pgpass.\n"
    "#[env production]\n"
    "#url_env = DATABASE_URL\n"
    "#protected = yes\n"
    "# Standbys are asked, too, before an index is called unused.\n"
    "#standbys = postgres://reader@standby1/app postgres://reader@standby2/app\n"
    "# Writing through a connection pooler is refused, since locks do not hold there; one that keeps sessions may be declared.\n"
    "#pooled = yes\n"
    "# Scratch databases may be made beside it, for `lockstep diff` and `verify` (never on a protected one).\n"
    "#scratch = yes\n"
    "\n"
    "# A PostgreSQL server where scratch databases may be made. Without one lockstep starts a server of its own.\n"
    "#[scratch]\n"
    "#url = postgres://user@host:5432/postgres\n"
    "\n"
    "# What diff and drift say nothing of, and which renamings were decided.\n"
    "#[diff]\n"
    "#ignore = table audit_*, *.updated_at:default\n"
    "#rename = column users.type -> column users.kind\n"
    "\n"
    "# Indexes: the queries that they are judged by, how long their counters must have been watched, and what may stay as it is, with the reason.\n"
    "#[index]\n"
    "#workload = lockstep.workload.sql\n"
    "#window = 14d\n"
    "#ignore = IX01 public.idx_orders_year: the yearly report reads it\n";

void config_template(struct ls_buf *out, const char *url, const char *migrations, const char *format)
{
    ls_buf_adds(out, head);
    ls_buf_addf(out, "%s\n\n", migrations ? migrations : "migrations");
    ls_buf_adds(out, "# Whose files and ledger these are; `lockstep formats` lists the tools. Found out from the folder when it is not said.\n");
    ls_buf_addf(out, "%sformat = %s\n", format ? "" : "#", format ? format : "lockstep");
    ls_buf_adds(out, settings);
    if (url)
        ls_buf_addf(out, "url = %s\n", url);
    else
        ls_buf_adds(out, "# sqlite:app.db, postgres://user@host:5432/app, or \"host=/run/postgresql dbname=app\"\n"
                         "url = sqlite:app.db\n"
                         "# or, from the environment: url_env = DATABASE_URL\n");
    ls_buf_adds(out, tail);
}
