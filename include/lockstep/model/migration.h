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

/* A file, or a part of one: where up and down stand in one file, each section is a byte span of it that begins at the start of a line. */
struct ls_section {
    const char *path;   /* as the user would type it: DIR/FILE; NULL = there is no such file (or no such part in it) */
    int64_t start, end; /* bytes start <= x < end of the file; end 0 = the whole file. An empty part has start == end > 0 */
    int line;           /* line of the file that its first byte is in; 0 = 1 */
    enum ls_tx_policy policy;
    char sha256[LS_SHA256_HEX]; /* of the section's raw bytes; "" when the format needs none and the scan did not read the file */
};

enum ls_migration_flags {
    LS_MIG_DUPLICATE = 1,  /* another file claims the same version and direction */
    LS_MIG_BROKEN = 2,     /* a file of it could not be read; a diagnostic says why */
    LS_MIG_DYNAMIC = 4,    /* its text holds placeholders or variables: what runs is not what the file says */
    LS_MIG_UNPARSED = 8,   /* it is there, but its header or sections could not be understood; a diagnostic says why */
    LS_MIG_EMPTY = 16      /* nothing to run in it */
};

enum ls_mig_kind {
    LS_KIND_VERSIONED,
    LS_KIND_REPEATABLE,  /* runs again whenever its checksum changes; has no place among the versions: formats sort it behind them */
    LS_KIND_BASELINE,    /* stands for everything up to its version */
    LS_KIND_UNDO,        /* an undo file without its versioned one; with one it is that one's `down` */
    LS_KIND_TAG          /* a name for a point in the order; never runs */
};
const char *ls_kind_name(enum ls_mig_kind k); /* "versioned", "repeatable", "baseline", "undo", "tag" */

enum ls_mig_lang {
    LS_LANG_SQL,
    LS_LANG_CLIENT_SCRIPT, /* for psql or sqlite3: meta commands */
    LS_LANG_CODE           /* Python, Ruby, JavaScript, Go: only the tool itself can run it */
};

/* Zeroed members say nothing: a format sets what its tool has. Lists of strings end with NULL; a NULL list is empty. */
struct ls_migration {
    const char *id;     /* the ledger key, exact bytes as the tool writes them ("7" for golang-migrate's 007_x, "001" for dbmate's). Joins and
                         * requests go by it, so it is never NULL; unique but for duplicates */
    uint64_t version;   /* numeric key, where the format has one (rules->is_numeric) */
    const char *name;   /* title from the file name ("add_email"); never NULL */
    const char *label;  /* what lists show: the version as the file writes it ("007", "20240101120000"); never NULL */
    unsigned flags;
    enum ls_mig_kind kind;
    enum ls_mig_lang lang;
    struct ls_section up, down, verify;
    const char *checksum;        /* as the tool would write it into its ledger; NULL: up.sha256 is compared */
    const char *const *parents;  /* ids; the graph's edges (alembic's down_revision) */
    const char *const *depends;  /* ids; edges that are no ancestry (depends_on, sqitch's requires) */
    const char *const *conflicts; /* names of what must not be applied when it runs (sqitch) */
    const char *const *labels;   /* branch labels, tags on it */
    const char *author;
    const char *authored_at;     /* ISO text */
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
    LS_VEC(struct ls_migration) m;  /* sorted in the tool's order, which is the order of everything from here on; duplicates adjacent */
    struct ls_diags diags;
};
void ls_migrations_release(struct ls_migrations *m);
/* First migration of that version, or NULL. Binary search: only where the format sorts by version. */
const struct ls_migration *ls_migrations_find(const struct ls_migrations *m, uint64_t version);
/* First migration with that id, or NULL. Looks at one after the other. */
const struct ls_migration *ls_migrations_find_id(const struct ls_migrations *m, const char *id);

#endif
