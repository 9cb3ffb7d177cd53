/* format/settings.h: settings files of other tools, read and never run: .env, TOML, Java properties, YAML, JSON. Whatever the
 * syntax, a file becomes a flat list of dotted keys: "flyway.placeholders.env", "environments.0.url". */
#ifndef LOCKSTEP_SRC_FORMAT_SETTINGS_H
#define LOCKSTEP_SRC_FORMAT_SETTINGS_H

#include "lockstep/base/arena.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/err.h"
#include "lockstep/base/vec.h"

enum ls_settings_kind { LS_SETTINGS_ENV, LS_SETTINGS_TOML, LS_SETTINGS_PROPERTIES, LS_SETTINGS_YAML, LS_SETTINGS_JSON };

struct ls_setting {
    const char *key, *value; /* never NULL */
    const char *path;
    int line;
};
struct ls_settings {
    struct ls_arena *arena;  /* made by the first file that is read */
    const char *const *only; /* NULL, or NULL-terminated: other keys are not kept; of a .env file they are not even read, so that no
                              * tool's own extension of the syntax stands in the way */
    const char *(*getenv_fn)(const char *name); /* NULL, or the environment, for the ${NAME} of a .env file */
    LS_VEC(struct ls_setting) s; /* in the files' order */
};

/* Adds a file's settings; one that is not there has none. LS_E_INPUT: "PATH:LINE: why". */
LS_MUST_CHECK enum ls_rc ls_settings_load(struct ls_settings *out, enum ls_settings_kind kind, const char *path,
                                          struct ls_err *err);
/* The same of a text; path is for the errors. */
LS_MUST_CHECK enum ls_rc ls_settings_parse(struct ls_settings *out, enum ls_settings_kind kind, const char *text, size_t len,
                                           const char *path, struct ls_err *err);
/* The last one of that key; NULL: none. */
const struct ls_setting *ls_settings_get(const struct ls_settings *s, const char *key);
const char *ls_settings_value(const struct ls_settings *s, const char *key); /* NULL: none, or empty */
void ls_settings_release(struct ls_settings *s);

/* --- for the readers ------------------------------------------------------------------------------------------------------ */

struct ls_settings_reader {
    struct ls_settings *out;
    const char *text, *path;
    size_t len, at, first; /* first: where the first line starts, behind a BOM */
    int line;
    struct ls_err *err;
};
bool ls_settings_wants(const struct ls_settings *s, const char *key, size_t len);
void ls_settings_add(struct ls_settings_reader *r, const char *key, const char *value, size_t len, int line);
/* LS_E_INPUT with "PATH:LINE: " in front. */
enum ls_rc ls_settings_fail(struct ls_settings_reader *r, int line, const char *fmt, ...) LS_PRINTF(3, 4);
/* The bytes of a code point, as UTF-8; false: it is none. */
bool ls_settings_add_point(struct ls_buf *out, unsigned long point);
enum ls_rc ls_settings_read_env(struct ls_settings_reader *r);
enum ls_rc ls_settings_read_toml(struct ls_settings_reader *r);
enum ls_rc ls_settings_read_properties(struct ls_settings_reader *r);
enum ls_rc ls_settings_read_yaml(struct ls_settings_reader *r);
enum ls_rc ls_settings_read_json(struct ls_settings_reader *r);

#endif
