/* format/rails.h: Rails (Active Record) in pieces, for src/format/rails*.c and their tests. Facts: formats.md 4.10; source: activerecord's migration.rb. */
#ifndef LOCKSTEP_SRC_FORMAT_RAILS_H
#define LOCKSTEP_SRC_FORMAT_RAILS_H

#include "lockstep/format/format.h"

/* What a file's name says: \A([0-9]+)_([_a-z0-9]*)\.?([_a-z0-9]*)?\.rb\z */
struct ls_rails_name {
    struct ls_str digits, title, scope; /* scope: the engine that it was copied from; may be empty */
};
/* Whether Rails looks at it at all: [0-9]*_*.rb */
bool ls_rails_is_seen(const char *file);
/* False: seen, and illegal. */
bool ls_rails_name_parse(const char *file, struct ls_rails_name *out);
/* "add_email" -> "AddEmail": the name of the class, by which duplicates are told. */
const char *ls_rails_class(struct ls_arena *arena, struct ls_str title);
/* "AddEmail to-users" -> "add_email_to_users"; NULL: nothing is left. */
const char *ls_rails_underscore(struct ls_arena *arena, const char *name);
/* The number in "ActiveRecord::Migration[7.0]"; "" when there is none. Found as text. */
struct ls_str ls_rails_version_in(const char *text, size_t len);
/* The advisory lock of a database's migrations. */
int64_t ls_rails_lock_key(const char *database);
/* Where the application is, for a folder of migrations. Of the arena. */
const char *ls_rails_root(struct ls_arena *arena, const char *migrations_dir);

#define LS_RAILS_TABLE "schema_migrations"
enum ls_rc ls_rails_plan_step(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, const struct ls_entry *prev_applied,
                              struct ls_err *err);
enum ls_rc ls_rails_plan_mark(struct ls_plan_ctx *ctx, struct ls_step *step, const struct ls_entry *entry, bool applied, struct ls_err *err);
int ls_rails_new_files(struct ls_arena *arena, const struct ls_migrations *m, const char *name, int64_t wall_us, const char **paths, const char **texts,
                       struct ls_err *err);

#endif
