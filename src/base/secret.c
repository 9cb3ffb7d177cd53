#include <config.h>

#include "lockstep/base/secret.h"

#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "lockstep/base/redact.h"

enum { OFF, ON, DONE };

static atomic_int guard = OFF;

void ls_secret_guard(void)
{
    atomic_store(&guard, ON);
}

void ls_secret_seen(void)
{
    const struct rlimit none = {0, 0};
    int on = ON;

    if (!atomic_compare_exchange_strong(&guard, &on, DONE))
        return;
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
}

void ls_secret_look(const char *text)
{
    if (atomic_load(&guard) == ON && ls_redact_hides(text))
        ls_secret_seen();
}
