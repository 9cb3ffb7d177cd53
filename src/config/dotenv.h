/* config/dotenv.h: the three keys of a .env file that name a database. */
#ifndef LS_CONFIG_DOTENV_H
#define LS_CONFIG_DOTENV_H

#include "lockstep/base/arena.h"
#include "lockstep/base/err.h"

/* The ways to say it in the environment, best first: X(enum, name). */
#define DOTENV_KEYS(X) X(LOCKSTEP, "LOCKSTEP_URL") X(UNPOOLED, "DATABASE_URL_UNPOOLED") X(POOLED, "DATABASE_URL")

enum dotenv_key {
#define X(e, w) DOTENV_##e,
    DOTENV_KEYS(X)
#undef X
        N_DOTENV
};
extern const char *const dotenv_names[N_DOTENV];

struct dotenv {
    const char *value[N_DOTENV]; /* NULL = not there or empty */
};

/* Reads lines KEY=VALUE, `export KEY=VALUE`, 'raw' and "quoted with \n \t \" \\ \$" values, # comments; ${NAME} stands for what the environment or
 * a line above says. Other keys are skipped unread, so that no tool's extension to the syntax stands in the way; with direct_only all but the
 * direct URL are. A missing file is none of the keys. Strings go to the arena. */
LS_MUST_CHECK enum ls_rc dotenv_read(struct ls_arena *a, const char *path, const char *(*getenv_fn)(const char *name), bool direct_only,
                                     struct dotenv *out, struct ls_err *err);

#endif
