/* cli/sarif.h: findings as SARIF 2.1.0 (the OASIS standard that code hosts show beside the lines of a change). */
#ifndef LS_CLI_SARIF_H
#define LS_CLI_SARIF_H

#include <jansson.h>

#include "lockstep/engine/lint.h"

/* A whole log with one run. Paths become URIs: relative ones to the root of the sources. */
json_t *cli_sarif(const struct ls_lint_report *report);

#endif
