#include <config.h>

#include "lockstep/base/fault.h"

#ifdef LOCKSTEP_FAULTS

#include "lockstep/base/mem.h"

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* Set once by main() before any thread is there. */
static struct {
    bool is_print;
    char *name;            /* NULL: any point */
    unsigned long at;      /* 0: never */
    atomic_ulong reached;  /* points so far: of any name, or of `name` when one is given */
    atomic_ulong all;
} fault;

void ls_fault_init(const char *spec)
{
    const char *rest, *colon;
    char *end;

    if (spec == NULL)
        return;
    fault.is_print = strcmp(spec, "print") == 0;
    if (strncmp(spec, "kill:", 5) != 0)
        return;
    rest = spec + 5;
    fault.at = strtoul(rest, &end, 10);
    if (end != rest && *end == '\0')
        return;
    colon = strchr(rest, ':');
    fault.name = ls_strndup(rest, colon != NULL ? (size_t)(colon - rest) : strlen(rest));
    fault.at = colon != NULL ? strtoul(colon + 1, NULL, 10) : 1;
}

void ls_fault_point(const char *name)
{
    unsigned long nth = atomic_fetch_add(&fault.all, 1) + 1;

    if (fault.is_print) {
        char line[128];
        int len = snprintf(line, sizeof(line), "fault %lu %s\n", nth, name);

        if (len > 0 && write(STDERR_FILENO, line, (size_t)len) < 0)
            return;
    }
    if (fault.at == 0 || (fault.name != NULL && strcmp(fault.name, name) != 0))
        return;
    if (atomic_fetch_add(&fault.reached, 1) + 1 == fault.at)
        raise(SIGKILL);
}

#else

/* ISO C wants at least one declaration in a file. */
typedef int ls_fault_is_compiled_out;

#endif
