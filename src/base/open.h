/* base/open.h: the work of ls_open_trusted(), with a code that is there also when err is NULL. */
#ifndef BASE_OPEN_H
#define BASE_OPEN_H

#include "lockstep/base/err.h"
#include <sys/types.h>

LS_MUST_CHECK enum ls_rc ls_open_checked(const char *path, unsigned flags, int *fd, off_t *size, struct ls_err *err);

#endif
