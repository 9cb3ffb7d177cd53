/* The stable words of the model's enums: they are in JSON, in exit messages and in the help. */
#include <config.h>

#include "lockstep/model/plan.h"
#include "lockstep/model/timeline.h"

static const char *const severity_names[] = {
    [LS_SEV_INFO] = "info", [LS_SEV_WARNING] = "warning", [LS_SEV_DANGER] = "danger", [LS_SEV_ERROR] = "error"};

static const struct {
    const char *name, *glyph, *ascii, *meaning;
} states[LS_N_STATES] = {
#define X(e, word, g, a, d) [LS_STATE_##e] = {word, g, a, d},
    LS_STATES(X)
#undef X
};

static const char *const action_names[] = {[LS_ACTION_UP] = "up",
                                           [LS_ACTION_DOWN] = "down",
                                           [LS_ACTION_TO] = "to",
                                           [LS_ACTION_MARK_APPLIED] = "mark-applied",
                                           [LS_ACTION_MARK_PENDING] = "mark-pending",
                                           [LS_ACTION_IMPORT] = "import",
                                           [LS_ACTION_SETTLE] = "settle"};

static const char *const kind_names[] = {[LS_KIND_VERSIONED] = "versioned",
                                         [LS_KIND_REPEATABLE] = "repeatable",
                                         [LS_KIND_BASELINE] = "baseline",
                                         [LS_KIND_UNDO] = "undo",
                                         [LS_KIND_TAG] = "tag"};

const char *ls_severity_name(enum ls_severity s)
{
    return severity_names[s];
}

const char *ls_kind_name(enum ls_mig_kind k)
{
    return kind_names[k];
}

const char *ls_state_name(enum ls_state s)
{
    return states[s].name;
}

const char *ls_state_glyph(enum ls_state s, bool ascii)
{
    return ascii ? states[s].ascii : states[s].glyph;
}

const char *ls_state_meaning(enum ls_state s)
{
    return states[s].meaning;
}

const char *ls_action_name(enum ls_action a)
{
    return action_names[a];
}
