/* format/nodepg.h: the parts of node-pg-migrate that its unit test looks at. */
#ifndef LOCKSTEP_SRC_FORMAT_NODEPG_H
#define LOCKSTEP_SRC_FORMAT_NODEPG_H

#include "lockstep/base/base.h"

#define LS_NODEPG_LOCK INT64_C(7241865325823964)

/* What a file name's number sorts by: 17 digits are a UTC time and become milliseconds since 1970, others the number. False: there
 * is none, or a time that no calendar has. */
bool ls_nodepg_number(const char *name, uint64_t *out);
/* String.localeCompare as the tool calls it: digits by value, blanks and punctuation ignored, case last. */
int ls_nodepg_locale_compare(const char *a, const char *b);

struct ls_nodepg_parts {
    bool has_up, has_down; /* a marker was found; without one for up, up is the whole text */
    size_t up, up_end, down, down_end;
};
void ls_nodepg_parse(const char *text, size_t len, struct ls_nodepg_parts *out);

#endif
