/* config/project.h: lockstep.conf, .env, and where the target comes from. All in one place; getenv only through the lookup passed in. */
#ifndef LS_CONFIG_PROJECT_H
#define LS_CONFIG_PROJECT_H

#include "config/ini.h"
#include "lockstep/engine/session.h"

struct config_env {            /* [env NAME]; NULL / -1 = not set */
    const char *name;
    const char *url, *url_env, *migrations, *format, *theme, *ledger_table, *tool, *backup_dir;
    int protected_;            /* -1 unset, 0, 1 */
    int journal;               /* -1, 0, 1 */
    int pooled;                /* -1, 0, 1 */
    int scratch;               /* -1, 0, 1: scratch databases may be made beside it */
    int lock_timeout_ms, statement_timeout_ms, lock_wait_ms, busy_timeout_ms, connect_timeout_ms; /* -1 unset; written as "3s", "500ms", "2min" */
    int line, theme_line;
    const char *standbys;      /* URLs of its standbys, apart from each other by blanks */
};
/* [diff]: what is not to be heard of, and which renamings were decided. */
struct config_ignore {
    const char *kind, *pattern, *attr; /* as struct ls_diff_ignore */
};
struct config_rename {
    const char *from, *to;
    bool is_accepted;
    int line;
};
/* [index] ignore = VERDICT OBJECT: REASON */
struct config_index_ignore {
    const char *id, *object, *reason; /* object: a glob over the label of what the verdict is about */
    int line;
};
struct config_project {
    struct ls_arena *arena;
    const char *path;          /* NULL: no project file */
    const char *dir;           /* folder of the project file, or "." */
    struct config_env base;    /* [project] */
    const char *default_env;   /* [project] default_env */
    int default_env_line;
    LS_VEC(struct config_env) envs;
    const char *scratch_url;   /* [scratch] url, or the value of its url_env; NULL */
    const char *scratch_url_env;
    LS_VEC(struct config_ignore) ignore;
    LS_VEC(struct config_rename) renames;
    LS_VEC(struct config_index_ignore) index_ignores;
    const char *index_workload; /* [index] workload, as it is written; NULL */
    int64_t index_window_us;    /* [index] window; 0: not said */
};
/* path: a file, or a folder with a lockstep.conf in it. path NULL: ./lockstep.conf or the nearest one upwards to the repository's or file system's root; none is fine. A file that holds a password and
 * is readable by others is refused with a hint. Unknown sections and keys are errors with file:line and the nearest known word. */
LS_MUST_CHECK enum ls_rc config_project_load(const char *path, struct config_project *out, struct ls_err *err);
void config_project_release(struct config_project *p);

/* What the command line said; NULL = nothing. */
struct config_request {
    const char *url, *env, *migrations, *format, *project, *ledger_table, *tool, *backup_dir, *theme;
    int lock_timeout_ms, statement_timeout_ms, lock_wait_ms; /* -1 unset */
    bool read_only, no_journal, pooled;
    const char *(*getenv_fn)(const char *name); /* main passes getenv; tests pass a table */
};
/* Everything resolved, precedence: --url; -e/--env NAME; LOCKSTEP_URL; DATABASE_URL_UNPOOLED; DATABASE_URL; the same three keys of a .env beside the
 * project (or in .); default_env of the project; [project] url; the only [env]. Whenever a direct and a pooled URL both exist the direct one is taken
 * and `note` says so. Fills params (strings in arena). LS_E_USAGE with all the ways to name a target when there is none. */
struct config_target {
    struct ls_arena *arena;
    struct ls_session_params params;
    const char *theme;
    const char *theme_source;  /* "lockstep.conf:7" when it is from there, else NULL */
    const char *note;          /* to be shown once, or NULL */
    bool is_scratch_ok;        /* scratch databases may be made beside it */
    const char *project_dir;
    const char *standbys;      /* of its environment, or NULL; struct config_index_opts takes them apart */
};
LS_MUST_CHECK enum ls_rc config_resolve(const struct config_request *req, const struct config_project *project, struct config_target *out, struct ls_err *err);
void config_target_release(struct config_target *t);
/* Settings without a database (migrations folder, format): as config_resolve, but a missing URL is fine (params.url NULL). */
LS_MUST_CHECK enum ls_rc config_resolve_folder(const struct config_request *req, const struct config_project *project, struct config_target *out, struct ls_err *err);
/* Settings of an environment by its name, as -e NAME would have them. */
LS_MUST_CHECK enum ls_rc config_resolve_env(const struct config_request *req, const struct config_project *project, const char *name,
                                            struct config_target *out, struct ls_err *err);
/* "[KIND ]PATTERN[:ATTRIBUTE]" (table audit_*, index *:method, *.updated_at:default). LS_E_USAGE with the nearest kind or attribute. */
LS_MUST_CHECK enum ls_rc config_parse_ignore(struct ls_arena *arena, const char *text, struct config_ignore *out, struct ls_err *err);
/* Appends `rename = from -> to` (or not_renamed) to the [diff] section of the project's file, which is made when there is none; every other byte stays. A
 * choice about the same pair is replaced. LS_E_NOT_FOUND: there is no project file. */
LS_MUST_CHECK enum ls_rc config_keep_rename(const struct config_project *project, const char *from, const char *to, bool is_accepted, struct ls_err *err);
/* "IX01 public.idx_x: reason", in the arena. LS_E_INPUT with what is wrong. (index_keys.c) */
LS_MUST_CHECK enum ls_rc config_parse_index_ignore(struct ls_arena *arena, const char *text, struct config_index_ignore *out, struct ls_err *err);
/* Appends the pattern that fits this label and no other, as an ignore's object. (index_keys.c) */
void config_index_pattern(const char *label, struct ls_buf *out);
/* Appends `ignore = ID OBJECT: REASON` to the [index] section of the project's file, which is made when there is none; every other byte stays. id: code or
 * word of a verdict; object: a label, or a glob. LS_E_USAGE without a reason, LS_E_NOT_FOUND: there is no project file. (index_keys.c) */
LS_MUST_CHECK enum ls_rc config_keep_index_ignore(const struct config_project *project, const char *id, const char *object, const char *reason,
                                                  struct ls_err *err);
/* "$XDG_STATE_HOME/lockstep", else "$HOME/.local/state/lockstep" (name "XDG_STATE_HOME", under_home ".local/state"); NULL: neither is set. Caller frees. */
char *config_xdg_home(const char *(*getenv_fn)(const char *), const char *name, const char *under_home);
/* The commented lockstep.conf that `lockstep init` writes. */
void config_template(struct ls_buf *out, const char *url, const char *migrations, const char *format);
/* "3s", "500ms", "2min", "1h", "0" -> milliseconds. */
LS_MUST_CHECK enum ls_rc config_parse_duration(const char *text, int *ms, struct ls_err *err);

#endif
