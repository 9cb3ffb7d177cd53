/* engine/convert.h: one migration on its way from one tool to another; shared by settle_convert.c, convert_text.c and convert_stage.c. */
#ifndef LOCKSTEP_SRC_ENGINE_CONVERT_H
#define LOCKSTEP_SRC_ENGINE_CONVERT_H

#include "engine/settle_priv.h"
#include "lockstep/format/layout.h"

struct ls_carried {
    const struct ls_entry *entry; /* of the source */
    struct ls_written w;
    bool is_block_dropped;        /* its own BEGIN and COMMIT were left out */
};
struct ls_convert {
    struct ls_session *s;
    const struct ls_snapshot *snap;
    struct ls_settlement *t;
    const struct ls_format *target;
    enum ls_dialect dialect;
    LS_VEC(struct ls_carried) c;
    LS_VEC(struct ls_written_file) files; /* relative to the new folder */
    struct ls_migrations staged;          /* the new folder as the target's own scan reads it */
};

/* convert_text.c: fills c; what cannot be carried goes to t->lost. */
LS_MUST_CHECK enum ls_rc ls_convert_texts(struct ls_convert *cv, struct ls_err *err);
/* convert_stage.c: writes files into a folder of its own below /tmp, scans it as the target, and compares statement by statement with the source.
 * *dir is to be removed and freed by the caller, whatever comes back. */
LS_MUST_CHECK enum ls_rc ls_convert_stage(struct ls_convert *cv, char **dir, struct ls_err *err);

#endif
