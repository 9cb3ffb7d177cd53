/* format/sqitch.h: Sqitch in pieces, for the files of src/format/sqitch*.c and their tests. Facts: formats.md 4.11, and the tool's own code as of 1.3.1
 * (Plan.pm, Plan/Change.pm, Plan/Tag.pm, Plan/Depend.pm, Target.pm, Engine/sqlite.pm). */
#ifndef LOCKSTEP_SRC_FORMAT_SQITCH_H
#define LOCKSTEP_SRC_FORMAT_SQITCH_H

#include "lockstep/format/format.h"

/* --- sqitch.conf: the syntax of git's configuration (sqitch_conf.c) -------------------------------------------------------- */

struct ls_sqitch_setting {
    const char *section;    /* lower case: "core", "engine" */
    const char *sub;        /* "pg" of [engine "pg"]; "" where there is none */
    const char *key;        /* lower case */
    const char *value;      /* "true" where the line has a key alone */
    int line;
};
struct ls_sqitch_conf {
    struct ls_arena *arena; /* borrowed */
    LS_VEC(struct ls_sqitch_setting) s; /* as written; the last one of a key counts */
    int error_line;         /* 0: understood to its end; what stands above the error is there */
    const char *error;
};
void ls_sqitch_conf_parse(struct ls_arena *arena, const char *text, size_t len, struct ls_sqitch_conf *out);
void ls_sqitch_conf_release(struct ls_sqitch_conf *c);
/* NULL: not set. */
const char *ls_sqitch_conf_get(const struct ls_sqitch_conf *c, const char *section, const char *sub, const char *key);

/* What a project says of its layout, for one engine. Paths as the user would type them: the project's folder in front of relative ones. */
struct ls_sqitch_project {
    const char *dir;         /* where sqitch is run: the folder of sqitch.conf */
    const char *engine;      /* core.engine as it is written ("pg"), or NULL */
    const char *conf_path;   /* sqitch.conf, or NULL when there is none */
    const char *plan_file;
    const char *deploy, *revert, *verify;                            /* folders */
    const char *reworked_deploy, *reworked_revert, *reworked_verify; /* of scripts that a rework has left behind */
    const char *extension;   /* "sql" */
    const char *registry;    /* as configured, or NULL: "sqitch" */
    const char *user_name, *user_email; /* of sqitch.conf, or NULL */
    const char *conf_error;  /* NULL: none */
    int conf_error_line;
};
/* Reads dir/sqitch.conf, when it is there. */
void ls_sqitch_project_read(struct ls_arena *arena, const char *dir, enum ls_dialect d, struct ls_sqitch_project *out);

/* --- sqitch.plan (sqitch_parse.c, sqitch_name.c) ------------------------------------------------------------------------------- */

struct ls_sqitch_depend {
    bool is_conflict;
    const char *project;     /* NULL: none named */
    const char *change, *tag, *id; /* change, @tag, change@tag, or a SHA-1 */
    long item;               /* what it requires, in the plan; -1: a conflict, an id, another project's, or unknown */
    const char *text;        /* as ids and the ledger have it: without '!' and without the plan's own project */
};
struct ls_sqitch_item {
    bool is_tag;
    const char *name;        /* without '@' */
    const struct ls_sqitch_depend *depends;
    size_t n_depends;
    const char *date;        /* 2026-11-21T07:54:26Z */
    const char *planner_name, *planner_email;
    const char *note;        /* escapes resolved; "" */
    int line;
    long change;             /* tag: index of its change; change: of its parent; -1 none */
    const char *const *rework_tags; /* change: names of tags, NULL-terminated, of which one is in its scripts' names; NULL: not reworked later */
    char id[LS_SHA1_HEX];
};
struct ls_sqitch_error {
    int line;                /* 0: the whole plan */
    const char *message;
    const char *hint;        /* or NULL */
};
struct ls_sqitch_plan {
    struct ls_arena *arena;  /* borrowed */
    const char *project, *uri; /* NULL: not there */
    LS_VEC(struct ls_sqitch_item) items;
    LS_VEC(struct ls_sqitch_error) errors; /* sqitch itself stops at the first and reads nothing of the plan */
};
/* The whole plan, with ids. Lines that are wrong are errors, and the others are there. */
void ls_sqitch_plan_parse(struct ls_arena *arena, const char *text, size_t len, struct ls_sqitch_plan *out);
void ls_sqitch_plan_release(struct ls_sqitch_plan *p);

/* How many bytes at the start of s are a name; 0: none. */
size_t ls_sqitch_name(struct ls_str s);
bool ls_sqitch_is_name(struct ls_str s);
/* "!proj:change@tag" and so on; false: no dependency. project: the plan's own. */
bool ls_sqitch_depend_parse(struct ls_arena *arena, struct ls_str s, const char *project, struct ls_sqitch_depend *out);
/* Fills the ids of all items, in order (sqitch_ids.c). */
void ls_sqitch_ids(struct ls_sqitch_plan *p);
/* A URI as the tool's library writes it: what is no character of a URI escaped, scheme and host in lower case, without a default port. */
const char *ls_sqitch_uri(struct ls_arena *arena, const char *text);

/* --- folder, registry, plans ---------------------------------------------------------------------------------------------------- */

enum ls_rc ls_sqitch_scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err);
enum ls_rc ls_sqitch_ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err);
/* What the registry is called: opts->table, else what sqitch.conf in opts->dir says, else "sqitch". */
const char *ls_sqitch_registry_name(struct ls_arena *arena, enum ls_dialect d, const struct ls_format_opts *opts);
/* SQLite: the registry's file beside the database's; of the arena. */
const char *ls_sqitch_registry_path(struct ls_arena *arena, const char *database, const char *registry);
/* The project of the plan in opts->dir; NULL: there is none that can be read. */
const char *ls_sqitch_own_project(struct ls_arena *arena, enum ls_dialect d, const struct ls_format_opts *opts);
/* The row of what was deployed last and still is; NULL: nothing is. */
const struct ls_ledger_row *ls_sqitch_newest(const struct ls_ledger *l);
enum ls_rc ls_sqitch_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, const struct ls_entry *prev_applied,
                               struct ls_err *err);
enum ls_rc ls_sqitch_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied, struct ls_err *err);
int ls_sqitch_new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *name, int64_t wall_us, const char **paths, const char **texts,
                        struct ls_err *err);

#endif
