/* lockstep/base/fault.h: fault points, compiled in only with --enable-faults (LOCKSTEP_FAULTS).
 * `LS_FAULT("commit-sent")` counts one protocol point; the spec "kill:N" raises SIGKILL at the N-th point reached, "kill:NAME" at the first of that name,
 * "kill:NAME:K" at the K-th of that name, "print" writes "fault N NAME" lines to stderr. main() passes LOCKSTEP_FAULT's value once. */
#ifndef LOCKSTEP_BASE_FAULT_H
#define LOCKSTEP_BASE_FAULT_H

#ifdef LOCKSTEP_FAULTS
void ls_fault_init(const char *spec); /* NULL or "" = none */
void ls_fault_point(const char *name);
#define LS_FAULT(name) ls_fault_point(name)
#else
#define ls_fault_init(spec) ((void)(spec))
#define LS_FAULT(name) ((void)0)
#endif

#endif
