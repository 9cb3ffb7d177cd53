/* format/config.h: what the tools' own configurations say, one function per tool (struct ls_format's config). Files and variables
 * are read, nothing is run. */
#ifndef LOCKSTEP_SRC_FORMAT_CONFIG_H
#define LOCKSTEP_SRC_FORMAT_CONFIG_H

#include "format/settings.h"
#include "lockstep/format/format.h"

typedef const char *(*ls_getenv_fn)(const char *name);

enum ls_rc ls_config_dbmate(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                            struct ls_err *err);
enum ls_rc ls_config_diesel(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                            struct ls_err *err);
enum ls_rc ls_config_drizzle(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                             struct ls_err *err);
enum ls_rc ls_config_flyway(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                            struct ls_err *err);
enum ls_rc ls_config_goose(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                           struct ls_err *err);
enum ls_rc ls_config_node_pg_migrate(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                                     struct ls_err *err);
enum ls_rc ls_config_prisma(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                            struct ls_err *err);
enum ls_rc ls_config_sql_migrate(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                                 struct ls_err *err);
enum ls_rc ls_config_sqlx(struct ls_arena *arena, const char *root, ls_getenv_fn getenv_fn, struct ls_format_config *out,
                          struct ls_err *err);

/* --- for these functions -------------------------------------------------------------------------------------------------- */

struct ls_config_reader {
    struct ls_arena *arena;
    const char *root;
    ls_getenv_fn getenv_fn;
    struct ls_format_config *out;
    struct ls_settings env;  /* root/.env */
    struct ls_settings file; /* whatever the tool has */
    struct ls_err *err;
};
/* Empties out, and reads root/.env for these names (NULL: not at all). LS_E_INPUT when it cannot be understood. */
LS_MUST_CHECK enum ls_rc ls_config_begin(struct ls_config_reader *r, const char *const *names);
/* Reads it later, once the names are known. */
LS_MUST_CHECK enum ls_rc ls_config_read_env(struct ls_config_reader *r, const char *const *names);
void ls_config_end(struct ls_config_reader *r);
/* A variable, of the environment or of .env; *source says which. NULL: not set, or empty. */
const char *ls_config_var(struct ls_config_reader *r, const char *name, const char **source);
/* Adds a file of the root; one that is not there says nothing. */
LS_MUST_CHECK enum ls_rc ls_config_load(struct ls_config_reader *r, enum ls_settings_kind kind, const char *name);
/* A value of the files; *source: "KEY in FILE". NULL: none. */
const char *ls_config_key(struct ls_config_reader *r, const char *key, const char **source);
/* Sets what is not set yet; value NULL does nothing. Strings are copied into the arena. */
void ls_config_set_url(struct ls_config_reader *r, const char *value, const char *source);
void ls_config_set_dir(struct ls_config_reader *r, const char *value, const char *source); /* seen from the root */
void ls_config_set_table(struct ls_config_reader *r, const char *value, const char *source);
/* postgresql://user:password@host..., with what a URL may not hold as %XX; user and password may be NULL. url without either. */
const char *ls_config_with_user(struct ls_arena *arena, const char *url, const char *user, const char *password);

#endif
