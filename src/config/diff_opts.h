/* config/diff_opts.h: what the project file says about comparing, as a comparison wants to hear it. */
#ifndef LS_CONFIG_DIFF_OPTS_H
#define LS_CONFIG_DIFF_OPTS_H

#include "config/project.h"
#include "lockstep/diff/diff.h"

struct config_diff_opts {
    struct ls_arena *arena; /* of texts that are made; borrowed */
    LS_VEC(struct ls_rename_choice) choices;
    LS_VEC(struct ls_diff_ignore) ignore;
};
/* A choice as people write it: the kind (users.type is a column, users a table) and the schema that goes without saying may be
 * missing. The last of two choices about one pair counts. */
void config_diff_choice(struct config_diff_opts *o, const char *from, const char *to, bool is_accepted);
/* [diff] of the project. What stands first there was kept last, and counts. */
void config_diff_project(struct config_diff_opts *o, const struct config_project *p);
/* Fills the two lists of *out, which lives as long as *o. */
void config_diff_lend(const struct config_diff_opts *o, struct ls_diff_opts *out);
void config_diff_release(struct config_diff_opts *o);

/* Where scratch databases may be made: what [scratch] url_env names, else its url; NULL: not said. */
const char *config_scratch_url(const struct config_project *p, const struct config_request *req);

#endif
