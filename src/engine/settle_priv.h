/* engine/settle_priv.h: what the settlements' makers share, and the two halves of running one. */
#ifndef LOCKSTEP_SRC_ENGINE_SETTLE_PRIV_H
#define LOCKSTEP_SRC_ENGINE_SETTLE_PRIV_H

#include "engine/run_priv.h"
#include "lockstep/engine/settle.h"

/* --- settle.c: putting one together. Strings are copied into t->arena. -------------------------------------------------------------------- */

struct ls_settlement *ls_settlement_new(const struct ls_snapshot *snap, const struct ls_settle_request *req, enum ls_settle_kind kind);
/* File operations; each reads what it finds now. LS_E_REFUSED where the target's name is taken. */
LS_MUST_CHECK enum ls_rc ls_settle_rename(struct ls_settlement *t, const char *from, const char *to, struct ls_err *err);
/* A new file, or new text in one that is there; nothing is added when it has that text already. new_only: LS_E_REFUSED when something is there. */
LS_MUST_CHECK enum ls_rc ls_settle_write(struct ls_settlement *t, const char *path, const char *text, size_t len, bool new_only, struct ls_err *err);
void ls_settle_mkdir(struct ls_settlement *t, const char *path); /* once for each path */
/* A finding, or something that is lost; with a message. The pointer is good until the next one. */
struct ls_diag *ls_settle_note(struct ls_settlement *t, struct ls_diags *where, enum ls_severity severity, const char *code, const char *path,
                               const char *fmt, ...) LS_PRINTF(6, 7);

/* The ledger's half. ctx lends what a format's plan functions want; the plan is t->plan. */
struct ls_settle_plan {
    struct ls_settlement *t;
    const struct ls_format *format;
    struct ls_plan_ctx ctx;
    struct ls_format_opts opts;
};
/* Begins t->plan for a ledger of `format`; timeline, ledger and migrations are lent until ls_settle_plan_end. */
void ls_settle_plan_begin(struct ls_settle_plan *p, struct ls_session *s, struct ls_settlement *t, const struct ls_format *format, const char *target,
                          const struct ls_timeline *timeline, const struct ls_ledger *ledger, const struct ls_migrations *migrations);
/* A RECORD step about an entry (NULL: none); label and name may be changed by the caller. */
struct ls_step *ls_settle_step(struct ls_settle_plan *p, enum ls_direction dir, const struct ls_entry *e);
/* plan_mark of one entry. A step without an op goes again. */
LS_MUST_CHECK enum ls_rc ls_settle_mark(struct ls_settle_plan *p, const struct ls_entry *e, bool applied, struct ls_err *err);
/* One transaction around all steps, the setup when there is no ledger, grouping and digest. Without a step t->plan goes again. */
LS_MUST_CHECK enum ls_rc ls_settle_plan_end(struct ls_settle_plan *p, struct ls_err *err);
/* The last word: title, digest. */
void ls_settle_seal(struct ls_settlement *t);

/* --- settle_files.c ---------------------------------------------------------------------------------------------------------------------------- */

/* Hash of a file, or of a folder with everything in it; "" when nothing is there. Links are hashed as links. */
LS_MUST_CHECK enum ls_rc ls_settle_hash(const char *path, char hex[LS_SHA256_HEX], struct ls_err *err);
/* Does the operations from *done on, counting; each refuses with LS_E_CHANGED what is not as it was. */
LS_MUST_CHECK enum ls_rc ls_settle_do_files(const struct ls_file_op *ops, size_t n, size_t *done, struct ls_err *err);
/* Takes the first *done operations back, last one first, counting down. */
LS_MUST_CHECK enum ls_rc ls_settle_undo_files(const struct ls_file_op *ops, size_t *done, struct ls_err *err);
/* How many are done, from what is on the disk; LS_E_CHANGED when one is neither done nor not done. */
LS_MUST_CHECK enum ls_rc ls_settle_count_done(const struct ls_file_op *ops, size_t n, size_t *done, struct ls_err *err);

/* --- settle_intent.c ------------------------------------------------------------------------------------------------------------------------------ */

/* The folder that holds t's record: where its files change. */
const char *ls_settle_home(const struct ls_settlement *t);
LS_MUST_CHECK enum ls_rc ls_settle_intent_write(const struct ls_settlement *t, struct ls_err *err);
LS_MUST_CHECK enum ls_rc ls_settle_intent_remove(const char *home, struct ls_err *err);

#endif
