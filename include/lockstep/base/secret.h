/* lockstep/base/secret.h: what the process does once a password is in its memory: it writes no core file, because that would hold it. The system's
 * collectors of core files ask for the same flag (PR_SET_DUMPABLE), and so does a debugger that attaches as the same user; one that starts the
 * program, or that root runs, works as before. Programs that are started inherit the limit: they may hold the password too. */
#ifndef LOCKSTEP_BASE_SECRET_H
#define LOCKSTEP_BASE_SECRET_H

#include "lockstep/base/base.h"

/* By main() only, before any thread starts. Without it ls_secret_seen does nothing: a program that links the library decides for itself. */
void ls_secret_guard(void);
/* A password was read, or may have been. From any thread, any number of times. */
void ls_secret_seen(void);
/* The same when text holds one by the rules of ls_redact; NULL holds nothing. */
void ls_secret_look(const char *text);

#endif
