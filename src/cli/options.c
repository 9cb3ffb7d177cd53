/* cli/options.c: the table of options. */
#include <config.h>

#include "cli/cli.h"

const struct cli_option cli_options[CLI_N_OPTIONS] = {
#define X(id, name, s, kind, arg, help) [CLI_OPT_##id] = {name, s, kind, arg, help},
    CLI_OPTIONS(X)
#undef X
};

