/* lockstep/model/migration.h: a folder's migrations as plain data. Everything here lives in the arena of its ls_migrations
 * and is read-only after the scan. File texts are not kept: ten thousand migrations must cost little; engine/source loads one when needed. */
#ifndef LOCKSTEP_MODEL_MIGRATION_H
#define LOCKSTEP_MODEL_MIGRATION_H

#include "lockstep/base/arena.h"
#include "lockstep/base/base.h"
#include "lockstep/base/hash.h"
#include "lockstep/base/vec.h"

enum ls_direction { LS_UP, LS_DOWN };

/* How a section's statements meet transactions; the format decides (formats.md 7: TX | NO_TX | IMPLICIT). */
enum ls_tx_policy {
    LS_POLICY_TX,       /* one explicit transaction around the section and its ledger row */
    LS_POLICY_NO_TX,    /* each statement alone (`-- lockstep: no-transaction`) */
    LS_POLICY_IMPLICIT  /* the whole text as one simple query: one implicit transaction (golang-migrate on PostgreSQL) */
};

struct ls_section {
    const char *path;   /* as the user would type it: DIR/FILE; NULL = there is no such file */
    enum ls_tx_policy policy;
    char sha256[LS_SHA256_HEX]; /* of the raw bytes; "" when the format needs none and the scan did not read the file */
};

enum ls_migration_flags {
    LS_MIG_DUPLICATE = 1,  /* another file claims the same version and direction */
    LS_MIG_BROKEN = 2      /* a file of it could not be read; a diagnostic says why */
};

struct ls_migration {
    const char *id;     /* the ledger key, exact bytes as the tool writes them ("7" for golang-migrate's 007_x) */
    uint64_t version;   /* numeric key, where the format has one */
    const char *name;   /* title from the file name ("add_email") */
    const char *label;  /* what lists show: the version as the file writes it ("007", "20240101120000") */
    unsigned flags;
    struct ls_section up, down, verify;
};

enum ls_severity { LS_SEV_INFO, LS_SEV_WARNING, LS_SEV_DANGER, LS_SEV_ERROR };
const char *ls_severity_name(enum ls_severity s); /* "info", "warning", "danger", "error" */

/* Something found in a folder, a ledger or a check, with its place. Texts may hold foreign bytes: sanitise when showing. */
struct ls_diag {
    enum ls_severity severity;
    const char *code;   /* stable kebab-case: "duplicate-version", "missing-down", "checksum-changed" */
    const char *path;   /* or NULL */
    int line;           /* 0 = the whole file */
    const char *version;/* migration label or NULL */
    const char *message;
    const char *hint;   /* or NULL */
};
struct ls_diags {
    LS_VEC(struct ls_diag) d;   /* strings live in some arena that outlives it */
};

struct ls_migrations {
    struct ls_arena *arena;
    const char *dir;
    LS_VEC(struct ls_migration) m;  /* sorted in the tool's order; duplicates adjacent */
    struct ls_diags diags;
};
void ls_migrations_release(struct ls_migrations *m);
/* First migration of that version, or NULL. Binary search. */
const struct ls_migration *ls_migrations_find(const struct ls_migrations *m, uint64_t version);

#endif
