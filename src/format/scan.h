/* format/scan.h: reading a folder of `NUMBER_title.up.sql` files, as two formats name them. */
#ifndef LOCKSTEP_SRC_FORMAT_SCAN_H
#define LOCKSTEP_SRC_FORMAT_SCAN_H

#include "lockstep/base/err.h"
#include "lockstep/base/file.h"
#include "lockstep/model/migration.h"
#include "lockstep/model/timeline.h"

enum ls_file_role { LS_ROLE_UP, LS_ROLE_DOWN, LS_ROLE_VERIFY };

struct ls_file_name {
    uint64_t version;
    struct ls_str label; /* the digits as written */
    struct ls_str title;
    enum ls_file_role role;
};

/* Says whether a file belongs to the tool, and what its name means. */
typedef bool (*ls_name_parser)(const char *name, struct ls_file_name *out);

/* Leading digits and the '_' behind them; *rest is what follows. False as well when the number is above INT64_MAX: no ledger can hold it. */
bool ls_scan_number(const char *name, struct ls_file_name *out, const char **rest);

/* Reads the folder into out: sections have a path, nothing was read from the files. Adds the diagnostics "duplicate-version" and
 * "ignored-file" (a *.sql file that the tool does not take for a migration). */
LS_MUST_CHECK enum ls_rc ls_scan_folder(const char *dir, ls_name_parser parse, struct ls_migrations *out, struct ls_err *err);

/* Fills section->sha256 and leaves the bytes in text; adds "bad-encoding" (the last diagnostic then) when they are not UTF-8. On failure adds "unreadable-file", marks m broken and returns false. */
bool ls_scan_read(struct ls_migrations *out, struct ls_migration *m, struct ls_section *section, struct ls_buf *text);

/* The same without the hash, for formats that take it of a part, or keep none. */
bool ls_scan_text(struct ls_migrations *out, struct ls_migration *m, struct ls_section *section, struct ls_buf *text);

/* Adds a diagnostic; strings are copied into the arena. message is printf-like. */
struct ls_diag *ls_scan_diag(struct ls_migrations *out, enum ls_severity severity, const char *code, const char *path, const char *fmt, ...)
    LS_PRINTF(5, 6);

/* Gives err the hint of a duplicate: "rename 7_b.up.sql to 9_b.up.sql, with its other half if it has one", with the first number that neither the
 * folder nor the ledger has. */
void ls_scan_duplicate_hint(struct ls_err *err, const struct ls_timeline *t, const struct ls_migration *m);

/* The label that a new migration of this folder gets: the next number as wide as the newest one (at least `digits`), or the UTC time where the
 * folder counts by time (14 digits), or seconds since 1970 (10 digits). An empty folder: digits > 0 gives 1, digits 0 gives the UTC time. */
const char *ls_scan_next_label(struct ls_arena *arena, const struct ls_migrations *m, int digits, int64_t wall_us);
/* Letters, digits, '_' and '-'; anything else becomes one '_'. NULL and LS_E_USAGE when nothing is left. */
const char *ls_scan_slug(struct ls_arena *arena, const char *name, struct ls_err *err);
/* The UTC time as 14 digits. */
const char *ls_scan_stamp(struct ls_arena *arena, int64_t wall_us);
/* For ls_format.new_files: paths[0] becomes DIR/LABEL, `between`, the name's slug, `up`; paths[1] the same with `down` unless that is NULL. Returns how
 * many, 0 with err. */
int ls_scan_new(struct ls_arena *arena, const struct ls_migrations *m, const char *label, const char *between, const char *name, const char *up,
                const char *down, const char **paths, struct ls_err *err);

#endif
