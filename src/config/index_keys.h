/* config/index_keys.h: the section [index] of lockstep.conf. */
#ifndef LS_CONFIG_INDEX_KEYS_H
#define LS_CONFIG_INDEX_KEYS_H

#include "config/project.h"

bool config_is_index_section(const char *section);
/* One key of it; errors without file and line. */
LS_MUST_CHECK enum ls_rc config_set_index_key(struct config_project *p, const struct ini_entry *e, struct ls_err *err);

#endif
