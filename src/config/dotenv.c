/* config/dotenv.c: see dotenv.h. The syntax is read by format/settings.h. */
#include <config.h>

#include "config/dotenv.h"

#include <string.h>

#include "format/settings.h"
#include "lockstep/base/file.h"

const char *const dotenv_names[N_DOTENV] = {
#define X(e, w) [DOTENV_##e] = w,
    DOTENV_KEYS(X)
#undef X
};

enum ls_rc dotenv_read(struct ls_arena *a, const char *path, const char *(*getenv_fn)(const char *name), bool direct_only, struct dotenv *out,
                       struct ls_err *err)
{
    const char *only[N_DOTENV + 1] = {NULL};
    struct ls_settings s = {.only = only, .getenv_fn = getenv_fn};
    enum ls_rc rc = LS_OK;

    memset(out, 0, sizeof(*out));
    for (int k = 0, n = 0; k < N_DOTENV; k++)
        if (!direct_only || k == DOTENV_UNPOOLED)
            only[n++] = dotenv_names[k];
    if (ls_path_kind(path) == LS_PATH_FILE)
        rc = ls_settings_load(&s, LS_SETTINGS_ENV, path, err);
    for (int k = 0; rc == LS_OK && k < N_DOTENV; k++)
        out->value[k] = ls_arena_str(a, ls_settings_value(&s, dotenv_names[k]));
    ls_settings_release(&s);
    return rc;
}
