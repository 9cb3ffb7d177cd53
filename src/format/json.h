/* format/json.h: JSON files of a project (journals, configurations), by jansson, with errors that name file and line. */
#ifndef LOCKSTEP_SRC_FORMAT_JSON_H
#define LOCKSTEP_SRC_FORMAT_JSON_H

#include <jansson.h>

#include "lockstep/base/err.h"
#include "lockstep/model/migration.h"

/* NULL with err (LS_E_INPUT "FILE:LINE:COL: why", LS_E_NOT_FOUND, LS_E_IO). Duplicate keys are refused. json_decref what comes back. */
json_t *ls_json_load(const char *path, struct ls_err *err);
/* The same, for a scan: the error becomes a diagnostic ("unreadable-file") and NULL comes back. */
json_t *ls_json_load_diag(struct ls_migrations *out, const char *path);
const char *ls_json_str(const json_t *object, const char *key);              /* NULL: not there, or no string */
bool ls_json_int(const json_t *object, const char *key, int64_t *out);       /* an integer */
/* Line of the n-th (from 0) object of the array under key, for diagnostics about an entry; 0 unknown. text is the file's. */
int ls_json_entry_line(const char *text, size_t len, const char *key, size_t n);

#endif
