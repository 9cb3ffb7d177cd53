/* format/flyway.h: the parts of Flyway's format that its unit test looks at. */
#ifndef LOCKSTEP_SRC_FORMAT_FLYWAY_H
#define LOCKSTEP_SRC_FORMAT_FLYWAY_H

#include "lockstep/base/arena.h"
#include "lockstep/base/base.h"

/* CRC-32 over the lines without their ends, the first without a byte order mark. */
int32_t ls_flyway_checksum(const char *text, size_t len);
/* 77431708279161 + Java's hashCode of "schema"."table", quotes included. */
int64_t ls_flyway_lock_key(const char *schema, const char *table);
/* "1_02_0" as 1.2: zeros in front and zero parts at the end go. NULL: no version. */
const char *ls_flyway_version(struct ls_arena *arena, const char *text, size_t len);
/* Of two such versions, part by part. */
int ls_flyway_compare(const char *a, const char *b);

#endif
