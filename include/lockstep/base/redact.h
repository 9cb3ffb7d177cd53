/* lockstep/base/redact.h: the door for everything that is logged or put into a message and might hold a secret. */
#ifndef LOCKSTEP_BASE_REDACT_H
#define LOCKSTEP_BASE_REDACT_H

#include "lockstep/base/base.h"
#include "lockstep/base/buf.h"

/* Appends a connection string (URL or keyword form, also inside other text) with each password replaced by "***":
 * scheme://user:SECRET@, password=SECRET / 'SECRET', ?password=, sslpassword=, PGPASSWORD=. When the form cannot be read with certainty
 * and holds something like a secret, the rest is hidden: "***". Also PASSWORD 'x' in SQL text (ALTER ROLE), --password x, JSON, and a
 * part of a hidden secret that an error message repeats in quotes. It hides too much rather than too little.
 * It knows a secret by its surroundings: a message that holds nothing but a piece of one (libpq: missing "=" after "cret" in
 * connection info string) passes, so the text of such errors must not be shown at all. */
void ls_redact(struct ls_buf *out, const char *text, size_t len);
char *ls_redact_dup(const char *text); /* caller frees; NULL gives "" */
bool ls_redact_hides(const char *text); /* whether text holds anything that ls_redact() would hide; NULL holds nothing */
void ls_wipe(void *ptr, size_t len);   /* explicit_bzero */

#endif
