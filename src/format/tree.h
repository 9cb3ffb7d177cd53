/* format/tree.h: scanners for other layouts than NUMBER_title.up.sql: a folder per migration, one file per migration, each with the tool's own names
 * and order. Everything read is in out->arena. */
#ifndef LOCKSTEP_SRC_FORMAT_TREE_H
#define LOCKSTEP_SRC_FORMAT_TREE_H

#include "format/scan.h"

/* What a name means; strings are copied into the arena by the scanner. Parsers may set every member of *m but the sections; id, label and name must be
 * set. m is zeroed before. arena is out's. False: the name is none of the tool's. */
typedef bool (*ls_mig_parser)(struct ls_arena *arena, const char *file, struct ls_migration *m);
/* The tool's order; equal (0) falls back to the file names' bytes. */
typedef int (*ls_mig_order)(const struct ls_migration *a, const struct ls_migration *b);

/* Makes out ready: an arena, the folder's name. Every scan begins with it. */
void ls_scan_begin(struct ls_migrations *out, const char *dir);

/* One file per migration: a file that parse takes becomes a migration whose up is the whole file (path, size). Files that it does not take and that end in
 * ".sql" get the diagnostic "ignored-file". Sorted by order (NULL: bytes of the ids). Same ids: both are duplicates, with a diagnostic. Symbolic links that
 * lead out of the folder are not followed: diagnostic "outside-link". */
LS_MUST_CHECK enum ls_rc ls_scan_files(const char *dir, ls_mig_parser parse, ls_mig_order order, struct ls_migrations *out, struct ls_err *err);
/* A folder per migration: NAME/up_file and, when there is one, NAME/down_file (may be NULL). A folder that parse takes without up_file is there too, with
 * up.path NULL and the diagnostic "missing-up". Otherwise as ls_scan_files. */
LS_MUST_CHECK enum ls_rc ls_scan_dirs(const char *dir, const char *up_file, const char *down_file, ls_mig_parser parse, ls_mig_order order,
                                      struct ls_migrations *out, struct ls_err *err);
/* Where a link leads, by its real path: out of dir, or nowhere. */
bool ls_scan_leads_outside(const char *dir, const char *path);
/* True: the entry may be opened. A link that leads out of the folder, or nowhere, gets the diagnostic "outside-link". */
bool ls_scan_may_open(struct ls_migrations *out, const struct ls_dirent *e, const char *path);
/* Puts at each place i what stood at from[i], which must name each place once; from is spoilt. */
void ls_scan_reorder(struct ls_migrations *out, size_t *from);
/* Sorts out->m again and marks duplicates, for formats that fill it themselves. */
void ls_scan_sort(struct ls_migrations *out, ls_mig_order order);

/* Orders: by `version`, by the ids' bytes. */
int ls_order_version(const struct ls_migration *a, const struct ls_migration *b);
int ls_order_id(const struct ls_migration *a, const struct ls_migration *b);

#endif
