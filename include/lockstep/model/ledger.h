/* lockstep/model/ledger.h: what a database says has been applied, row by row, never collapsed. In one arena, read-only after the read. */
#ifndef LOCKSTEP_MODEL_LEDGER_H
#define LOCKSTEP_MODEL_LEDGER_H

#include "lockstep/base/arena.h"
#include "lockstep/base/base.h"
#include "lockstep/base/hash.h"
#include "lockstep/base/vec.h"
#include "lockstep/model/migration.h"

enum ls_ledger_shape {
    LS_LEDGER_SET,        /* a row per migration; files older than the newest may still be pending */
    LS_LEDGER_CURSOR,     /* one row; everything before it is taken for applied */
    LS_LEDGER_LOG,        /* rows are events: several per migration, the newest wins (goose, flyway, prisma) */
    LS_LEDGER_HIGH_WATER, /* rows are a record, but only the highest number counts (drizzle 0.x) */
    LS_LEDGER_HEADS,      /* the newest ones of a graph; their ancestors are taken for applied (alembic) */
    LS_LEDGER_FILE        /* a text file beside the migrations; otherwise as SET */
};

enum ls_row_state {
    LS_ROW_APPLIED,
    LS_ROW_ROLLED_BACK,   /* taken back: pending again, with a history */
    LS_ROW_FAILED,        /* begun and not ended, or ended badly */
    LS_ROW_UNKNOWN,       /* a status word we do not know; raw_status has it */
    LS_ROW_DELETED,       /* a tombstone (flyway's DELETE): as if there were no row; it stays in the history */
    LS_ROW_MARKER         /* about no migration (goose's version 0, flyway's schema row): no entry of the timeline */
};

struct ls_ledger_row {
    const char *id;           /* as read; never NULL. Equal to the id of the migration that it is about */
    uint64_t version;         /* number, where the format has one */
    bool is_nil;              /* golang-migrate's -1: dirty before the first version */
    enum ls_row_state state;
    enum ls_mig_kind kind;    /* BASELINE: a row that needs no file */
    const char *raw_status;   /* or NULL */
    const char *name;         /* or NULL, as all below */
    const char *description;
    const char *applied_at;   /* ISO text; begun, where the tool has both */
    const char *finished_at;
    const char *applied_by;
    const char *checksum;     /* in the form that ls_migration.checksum has */
    const char *batch;        /* what was applied together, where the tool says so */
    const char *logs;         /* what the tool wrote about a failure */
    int64_t duration_ms;      /* -1 unknown */
    const char *const *raw;   /* every column as read, ledger->n_raw of them; a cell NULL = SQL NULL; NULL = not kept */
};

struct ls_ledger {
    struct ls_arena *arena;
    bool exists;
    enum ls_ledger_shape shape;
    const char *variant;      /* which of the tool's forms: "identity", "v0", "integer time"; or NULL */
    const char *location;     /* "public.schema_migrations", for people */
    const char *schema;       /* PostgreSQL: the schema it is in or would be made in; SQLite NULL */
    LS_VEC(struct ls_ledger_row) rows;  /* ledger order: as written, oldest first; by version where the tool keeps no order. Never collapsed */
    const char *const *raw_names;       /* names of the columns in rows' raw */
    size_t n_raw;
    bool has_cursor;          /* CURSOR shape with a row */
    uint64_t cursor;
    bool cursor_is_nil;       /* -1 */
    LS_VEC(const char *) heads; /* HEADS shape: ids; each has a row as well */
    bool has_high_water;      /* HIGH_WATER shape with a row */
    uint64_t high_water;      /* the highest version in it: nothing at or below it will be run by the tool */
    bool dirty;
    bool is_writable;         /* rights, as far as they can be known without writing */
    /* lockstep's own format: a schema_version(version) table of an older tool that was not imported yet */
    bool has_legacy;
    LS_VEC(uint64_t) legacy_versions;
    const char *legacy_odd;   /* a version in it that is no number, or NULL */
    const char *file_sha256;  /* FILE shape: of the whole file, "" = there is none */
    const char *file_owner;   /* FILE shape: "host/dbname", what a new file says whose it is; or NULL */
    const char *foreign;      /* a ledger of the same name that belongs to another tool: its name ("golang-migrate"), else NULL */
};
void ls_ledger_release(struct ls_ledger *l);
/* A hash of everything that was read; part of a plan's digest. */
void ls_ledger_fingerprint(const struct ls_ledger *l, char hex[LS_SHA256_HEX]);

#endif
