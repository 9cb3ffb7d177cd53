/* config/ini.h: the one parser of all data files (project file, settings, themes, key maps), over inih.
 * Errors read "file:line: what; did you mean 'nearest'?" */
#ifndef LS_CONFIG_INI_H
#define LS_CONFIG_INI_H

#include "lockstep/base/arena.h"
#include "lockstep/base/err.h"
#include "lockstep/base/vec.h"

struct ini_entry {
    const char *section;  /* "" before the first; "env production" as written, inner spaces single */
    const char *key, *value;
    int line;
};
struct ini_file {
    struct ls_arena *arena;
    const char *path;     /* for messages; embedded files: "builtin:dark.theme" */
    LS_VEC(struct ini_entry) e;
};
LS_MUST_CHECK enum ls_rc ini_parse_text(const char *path, const char *text, size_t len, struct ini_file *out, struct ls_err *err);
LS_MUST_CHECK enum ls_rc ini_parse_file_at(const char *path, unsigned open_flags, struct ini_file *out, struct ls_err *err);
void ini_release(struct ini_file *f);
/* LS_E_INPUT: "FILE:LINE: unknown WHAT 'WORD'", with the nearest of the known ones as hint. */
enum ls_rc ini_fail_word(const struct ini_file *f, int line, const char *what, const char *word, const char *const *known, size_t n,
                         struct ls_err *err);

#endif
