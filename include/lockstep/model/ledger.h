/* lockstep/model/ledger.h: what a database says has been applied, row by row, never collapsed. In one arena, read-only after the read. */
#ifndef LOCKSTEP_MODEL_LEDGER_H
#define LOCKSTEP_MODEL_LEDGER_H

#include "lockstep/base/arena.h"
#include "lockstep/base/base.h"
#include "lockstep/base/hash.h"
#include "lockstep/base/vec.h"

enum ls_ledger_shape { LS_LEDGER_SET, LS_LEDGER_CURSOR };
enum ls_row_state { LS_ROW_APPLIED, LS_ROW_ROLLED_BACK, LS_ROW_FAILED, LS_ROW_UNKNOWN };

struct ls_ledger_row {
    const char *id;           /* as read */
    uint64_t version;
    bool is_nil;              /* golang-migrate's -1: dirty before the first version */
    enum ls_row_state state;  /* UNKNOWN: a status word we do not know; raw_status has it */
    const char *raw_status;   /* or NULL */
    const char *name;         /* or NULL, as all below */
    const char *description;
    const char *applied_at;   /* ISO text */
    const char *applied_by;
    const char *checksum;
    int64_t duration_ms;      /* -1 unknown */
};

struct ls_ledger {
    struct ls_arena *arena;
    bool exists;
    enum ls_ledger_shape shape;
    const char *location;     /* "public.schema_migrations", for people */
    const char *schema;       /* PostgreSQL: the schema it is in or would be made in; SQLite NULL */
    LS_VEC(struct ls_ledger_row) rows;  /* ledger order: by version */
    bool has_cursor;          /* CURSOR shape with a row */
    uint64_t cursor;
    bool cursor_is_nil;       /* -1 */
    bool dirty;
    bool is_writable;         /* rights, as far as they can be known without writing */
    /* lockstep's own format: a schema_version(version) table of an older tool that was not imported yet */
    bool has_legacy;
    LS_VEC(uint64_t) legacy_versions;
    const char *legacy_odd;   /* a version in it that is no number, or NULL */
    const char *foreign;      /* a ledger of the same name that belongs to another tool: its name ("golang-migrate"), else NULL */
};
void ls_ledger_release(struct ls_ledger *l);
/* A hash of everything that was read; part of a plan's digest. */
void ls_ledger_fingerprint(const struct ls_ledger *l, char hex[LS_SHA256_HEX]);

#endif
