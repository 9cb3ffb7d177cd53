/* lockstep/engine/refs.h: views, triggers and routines that name a table or column which the schema does not have, with the nearest name that it has. */
#ifndef LOCKSTEP_ENGINE_REFS_H
#define LOCKSTEP_ENGINE_REFS_H

#include "lockstep/db/db.h"
#include "lockstep/model/catalog.h"

/* Appends warnings "broken-reference"; strings go into arena. PostgreSQL: the bodies of functions and procedures in sql and plpgsql, for the server itself
 * keeps everything else whole. SQLite: foreign keys, and views and triggers, which the database itself is asked to prepare: db is the one that c was read from; NULL: nothing
 * is looked at. left_out: tables that are there and no facts, "schema.name" or "name", NULL-terminated; or NULL. Only what is surely wrong is told. */
void ls_refs_check(const struct ls_catalog *c, struct ls_db *db, const char *const *left_out, struct ls_arena *arena, struct ls_diags *out);
/* The relation (column of `table`, when that is not NULL) whose name is most like `name`; NULL: none is like it. */
const char *ls_refs_nearest(const struct ls_catalog *c, const struct ls_fact *table, const char *name);
/* A statement was refused because a table is not there: the nearest name that db has becomes the error's hint. */
void ls_refs_hint(struct ls_db *db, struct ls_err *err);

#endif
