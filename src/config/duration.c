/* config/duration.c: "3s", "500ms", "2min", "1h". */
#include <config.h>

#include "config/project.h"

#include <limits.h>
#include <string.h>

static const struct {
    const char *word;
    long long ms;
} units[] = {
    {"ms", 1}, {"s", 1000}, {"sec", 1000}, {"min", 60000}, {"m", 60000}, {"h", 3600000},
};

enum ls_rc config_parse_duration(const char *text, int *ms, struct ls_err *err)
{
    const char *p = text;
    long long n = 0;

    while (*p >= '0' && *p <= '9' && n <= INT_MAX)
        n = n * 10 + (*p++ - '0');
    if (p == text)
        goto bad;
    while (*p == ' ')
        p++;
    if (!*p && n == 0) {
        *ms = 0;
        return LS_OK;
    }
    for (size_t i = 0; i < LS_ARRAY_LEN(units); i++) {
        if (strcmp(p, units[i].word) != 0)
            continue;
        if (n * units[i].ms > INT_MAX)
            return ls_err_set(err, LS_E_INPUT, "the time '%s' is too long; at most 24 days can be said", text);
        *ms = (int)(n * units[i].ms);
        return LS_OK;
    }
bad:
    return ls_err_set(err, LS_E_INPUT, "'%s' is no time; write it as 500ms, 3s, 2min or 1h, or 0", text);
}
