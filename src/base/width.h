/* base/width.h: cells of one character. */
#ifndef BASE_WIDTH_H
#define BASE_WIDTH_H

#include "lockstep/base/base.h"

/* cp is a code point beyond ASCII. 0: joins the character before it; 1 or 2. */
int ls_char_cells(int32_t cp);

#endif
