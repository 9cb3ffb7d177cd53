/* format/json.h: JSON files of a project (journals, configurations), by jansson, with errors that name file and line. */
#ifndef LOCKSTEP_SRC_FORMAT_JSON_H
#define LOCKSTEP_SRC_FORMAT_JSON_H

#include <jansson.h>

#include "lockstep/base/err.h"
#include "lockstep/model/migration.h"

/* NULL with err (LS_E_INPUT "FILE:LINE:COL: why", LS_E_NOT_FOUND, LS_E_IO). Duplicate keys are refused. json_decref what comes back. */
json_t *ls_json_load(const char *path, struct ls_err *err);
const char *ls_json_str(const json_t *object, const char *key);              /* NULL: not there, or no string */
bool ls_json_int(const json_t *object, const char *key, int64_t *out);       /* an integer */

/* Line of the n-th (from 0) object of the array under key, for one error about an entry; 0 unknown. text is the file's, which jansson took. */
int ls_json_entry_line(const char *text, size_t len, const char *key, size_t n);

/* Entry n (from 0) of a list, which begins in that line of the file (0: unknown). Only for the time of the call. */
typedef void (*ls_json_each)(void *ctx, size_t n, int line, const json_t *entry);
/* ls_json_load for a file whose root holds one long list: its entries are handed out a few at a time, for the tree of ten thousand of them costs more than
 * the files that they name. What comes back has the list without its entries, or with them; each may be called before an error is found, and then again from
 * 0: what it took counts only when something comes back. */
json_t *ls_json_load_list(const char *path, const char *key, ls_json_each each, void *ctx, struct ls_err *err);
json_t *ls_json_load_list_diag(struct ls_migrations *out, const char *path, const char *key, ls_json_each each, void *ctx);

#endif
