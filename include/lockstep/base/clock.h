/* lockstep/base/clock.h: the only place that reads a clock. */
#ifndef LOCKSTEP_BASE_CLOCK_H
#define LOCKSTEP_BASE_CLOCK_H

#include "lockstep/base/base.h"

int64_t ls_mono_ms(void);  /* monotonic; durations and timeouts */
int64_t ls_mono_us(void);
int64_t ls_wall_us(void);  /* microseconds since 1970-01-01 UTC */

#define LS_ISO_LEN 32
void ls_iso_utc(int64_t wall_us, char out[LS_ISO_LEN]);      /* 2026-11-29T16:38:44Z */
void ls_stamp_utc(int64_t wall_us, char out[LS_ISO_LEN]);    /* 20261129163844, as file names want it */
/* "412 ms", "3.4 s", "2 min 05 s", "1 h 03 min": for people */
void ls_duration_text(int64_t ms, char out[LS_ISO_LEN]);
void ls_size_text(int64_t bytes, char out[LS_ISO_LEN]);      /* "812 B", "3.4 MiB" */

#endif
