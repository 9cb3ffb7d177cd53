/* format/dbmate.h: dbmate's blocks in a file (formats.md 4.4). */
#ifndef LOCKSTEP_SRC_FORMAT_DBMATE_H
#define LOCKSTEP_SRC_FORMAT_DBMATE_H

#include "format/marked.h"

struct ls_dbmate_part {
    size_t at; /* of its marker line, which is sent with it */
    int line;
    bool has_tx; /* false: transaction:false */
};
struct ls_dbmate {
    size_t n_up, n_down;                         /* markers of the pairs */
    struct ls_dbmate_part up, down;              /* the first of each; down ends with the text */
    const char *error, *error_code, *error_hint; /* NULL: it is one pair */
    int error_line;                              /* 0: the whole file */
};
void ls_dbmate_parse(const char *text, size_t len, struct ls_dbmate *out);
int ls_dbmate_marker(struct ls_str line, struct ls_str *rest); /* LS_MARK_*; *rest: its options */

#endif
