/* format/sqlx.h: what its tests reach of the sqlx format. */
#ifndef LOCKSTEP_SRC_FORMAT_SQLX_H
#define LOCKSTEP_SRC_FORMAT_SQLX_H

#include "lockstep/base/base.h"

/* What the library's Migrator locks: 0x3d32ad9e * crc32(current_database()), as an i64 (source: sqlx-postgres/src/migrate.rs). */
int64_t ls_sqlx_lock_key(const char *database);

enum ls_sqlx_name {
    LS_SQLX_OTHER, /* ignored */
    LS_SQLX_BAD,   /* named like a migration, but its number is none: sqlx refuses the whole folder */
    LS_SQLX_SIMPLE,
    LS_SQLX_UP,
    LS_SQLX_DOWN
};
struct ls_sqlx_file {
    int64_t version;
    struct ls_str label, title; /* title without suffix, '_' not yet turned to blanks */
};
enum ls_sqlx_name ls_sqlx_parse(const char *file, struct ls_sqlx_file *out);

#endif
