/* format/alembic.h: what the files of the Alembic format share. Facts: formats.md 4.3 (observed with 1.8.1, read at 1.19.1).
 *
 *   alembic_py.c      the header of a revision file, read without running it      alembic_ledger.c  the table of heads
 *   alembic_conf.c    alembic.ini, pyproject.toml, and where they are             alembic_plan.c    up, down, stamp
 *   alembic_config.c  what of them lockstep's own settings may leave open
 *   alembic_graph.c   order, heads, what is wrong with the graph                  alembic_new.c     a new file
 *   alembic_scan.c    the folder                                                  alembic.c         the format */
#ifndef LOCKSTEP_SRC_FORMAT_ALEMBIC_H
#define LOCKSTEP_SRC_FORMAT_ALEMBIC_H

#include "lockstep/format/format.h"

#define LS_ALEMBIC_TABLE "alembic_version"

/* --- alembic_py.c ------------------------------------------------------------------------------------------ */

enum ls_py_kind {
    LS_PY_ABSENT, /* the module does not set it */
    LS_PY_NONE,
    LS_PY_TEXT, /* v[0] */
    LS_PY_LIST, /* a tuple or a list of texts */
    LS_PY_OTHER /* set in a way that only Python can tell; `why` says how */
};
struct ls_py_value {
    enum ls_py_kind kind;
    const char *const *v; /* n texts and a NULL behind them */
    size_t n;
    int line;        /* where it is set last */
    const char *why; /* OTHER */
};
struct ls_alembic_header {
    const char *doc; /* the module's docstring, or NULL */
    struct ls_py_value revision, down_revision, branch_labels, depends_on;
    bool has_downgrade;
    int error_line; /* 0, or: where the text stops being Python */
    const char *error;
};
/* Reads the module's top level: nothing of it is run. Everything lives in the arena. Texts with a NUL in them are OTHER. */
void ls_alembic_parse(struct ls_arena *arena, const char *text, size_t len, struct ls_alembic_header *out);

/* --- alembic_conf.c ---------------------------------------------------------------------------------------- */

struct ls_alembic_conf {
    const char *path;            /* of alembic.ini or pyproject.toml; NULL: there is none */
    const char *dir;             /* the folder that alembic is run in: the one of path, else the one above script_dir */
    const char *script_dir;      /* with env.py and script.py.mako */
    const char *said_location;   /* script_location as it is written, resolved against dir; NULL: not said */
    const char *const *versions; /* folders of revision files, NULL-terminated; never empty */
    bool is_recursive;           /* recursive_version_locations */
    const char *file_template;   /* "%(rev)s_%(slug)s" */
    int slug_length;             /* 40 */
    const char *url;             /* sqlalchemy.url; NULL: none, or with something in it that is not known here */
    int url_line;
    const char *env_text; /* env.py; NULL: none */
    const char *env_path;
    const char *table;  /* version_table of env.py, "schema.table" with its schema; NULL: the default */
    bool table_is_code; /* env.py computes it */
};
/* Where dir is the script folder, its versions folder, or the folder of alembic.ini. Reads files only; what cannot be read is not
 * there. */
void ls_alembic_conf_read(struct ls_arena *arena, const char *dir, struct ls_alembic_conf *out);
/* A value of an ini file as Python's ConfigParser reads it, "%(here)s" and other keys of it put in; NULL: no such key, or a
 * reference that leads nowhere. line may be NULL. */
const char *ls_alembic_ini_get(struct ls_arena *arena, const char *text, const char *section, const char *key, const char *here,
                               int *line);
/* A string of a TOML file's table, or an array of strings joined by '\n'; NULL: no such key, or something else. */
const char *ls_alembic_toml_get(struct ls_arena *arena, const char *text, const char *table, const char *key);

/* --- alembic_graph.c --------------------------------------------------------------------------------------- */

/* Resolves depends, sorts the migrations so that each stands behind what it needs (older dates first), and adds what is wrong with
 * the graph to the diagnostics. lines[i] is the line of m[i]'s down_revision (order before the sort). */
void ls_alembic_graph(struct ls_migrations *m, const int *lines);
/* The ids that alembic itself works with behind `m`: down_revision, and of depends_on what no ancestor of m depends on already.
 * NULL-terminated. */
const char *const *ls_alembic_downs(struct ls_arena *arena, const struct ls_migrations *all, const struct ls_migration *m);
/* The rows of the version table behind an up or a down of m, sorted (source: runtime/migration.py HeadMaintainer, RevisionStep). */
struct ls_alembic_heads {
    LS_VEC(const char *) v;
};
void ls_alembic_move(struct ls_arena *arena, const struct ls_migrations *all, const struct ls_migration *m, enum ls_direction dir,
                     struct ls_alembic_heads *heads);
bool ls_alembic_has_head(const struct ls_alembic_heads *heads, const char *id);
/* Whether `ancestor` is needed by `id`, or is it: by parents and depends. */
bool ls_alembic_needs(const struct ls_migrations *all, const char *id, const char *ancestor);

/* --- the format's members ---------------------------------------------------------------------------------- */

enum ls_rc ls_alembic_config(struct ls_arena *arena, const char *root, const char *(*getenv_fn)(const char *name),
                             struct ls_format_config *out, struct ls_err *err);
void ls_alembic_detect(const char *path, const struct ls_dir *dir, struct ls_detect *out);
enum ls_rc ls_alembic_scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err);
enum ls_rc ls_alembic_ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err);
enum ls_rc ls_alembic_plan_setup(struct ls_plan_ctx *ctx, struct ls_err *err);
enum ls_rc ls_alembic_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry,
                                const struct ls_entry *prev_applied, struct ls_err *err);
enum ls_rc ls_alembic_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied,
                                struct ls_err *err);
enum ls_rc ls_alembic_check_runnable(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir,
                                     struct ls_err *err);
int ls_alembic_new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *slug, int64_t wall_us,
                         const char *paths[3], const char *texts[3], struct ls_err *err);

#endif
