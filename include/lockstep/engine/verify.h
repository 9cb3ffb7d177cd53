/* lockstep/engine/verify.h: checks of the folder and the ledger (checksums, order, gaps, duplicates, missing downs), and the .verify files. */
#ifndef LOCKSTEP_ENGINE_VERIFY_H
#define LOCKSTEP_ENGINE_VERIFY_H

#include "lockstep/engine/run.h"

struct ls_verify_report {
    struct ls_arena *arena;
    struct ls_diags diags;     /* severity ERROR and DANGER make it fail */
    int n_checked;             /* migrations looked at */
    int n_verify_run, n_verify_failed; /* .verify statements */
};
/* Runs .verify files of applied migrations inside a read-only transaction that is rolled back (run_files). hooks for progress, may be NULL. */
LS_MUST_CHECK enum ls_rc ls_verify(struct ls_session *s, const struct ls_snapshot *snap, bool run_files, const struct ls_run_hooks *hooks,
                                   struct ls_verify_report *out, struct ls_err *err);
void ls_verify_report_release(struct ls_verify_report *r);
/* Folder checks only, appended to diags (strings in arena). */
void ls_verify_static(const struct ls_snapshot *snap, struct ls_arena *arena, struct ls_diags *diags);

#endif
