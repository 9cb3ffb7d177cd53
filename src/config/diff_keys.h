/* config/diff_keys.h: the sections [scratch] and [diff] of lockstep.conf. */
#ifndef LS_CONFIG_DIFF_KEYS_H
#define LS_CONFIG_DIFF_KEYS_H

#include "config/project.h"

bool config_is_diff_section(const char *section);
/* One key of them; errors without file and line. */
LS_MUST_CHECK enum ls_rc config_set_diff_key(struct config_project *p, const struct ini_entry *e, struct ls_err *err);

#endif
