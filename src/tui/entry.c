/* tui/entry.c: an entry of the timeline in words. */
#include <config.h>

#include "tui/entry.h"

static enum ls_mig_kind kind_of(const struct ls_entry *e)
{
    return e->migration ? e->migration->kind : e->row ? e->row->kind : LS_KIND_VERSIONED;
}

const char *entry_word(const struct ls_entry *e)
{
    if (kind_of(e) == LS_KIND_TAG)
        return ls_kind_name(LS_KIND_TAG);
    if (e->state == LS_STATE_APPLIED && e->evidence == LS_EVIDENCE_INFERRED)
        return "applied?";
    return ls_state_name(e->state);
}

const char *entry_glyph(const struct ls_entry *e, bool ascii)
{
    if (kind_of(e) == LS_KIND_TAG)
        return ascii ? "#" : "⚑";
    return ls_state_glyph(e->state, ascii);
}

enum theme_role state_role(const struct ls_entry *e)
{
    static const enum theme_role roles[LS_N_STATES] = {
        [LS_STATE_APPLIED] = ROLE_APPLIED,           [LS_STATE_PENDING] = ROLE_PENDING,   [LS_STATE_ROLLED_BACK] = ROLE_ROLLED_BACK,
        [LS_STATE_OUT_OF_ORDER] = ROLE_OUT_OF_ORDER, [LS_STATE_MODIFIED] = ROLE_MODIFIED, [LS_STATE_MISSING] = ROLE_MISSING,
        [LS_STATE_DUPLICATE] = ROLE_DUPLICATE,       [LS_STATE_DIRTY] = ROLE_DIRTY,
    };

    if (e->state == LS_STATE_APPLIED && e->evidence == LS_EVIDENCE_INFERRED)
        return ROLE_INFERRED;
    return (unsigned)e->state < LS_N_STATES ? roles[e->state] : ROLE_TEXT;
}

static void add(struct ls_buf *out, const char *before, const char *text)
{
    if (text && *text)
        ls_buf_addf(out, "%s%s%s", out->len > 0 ? ", " : "", before, text);
}

void entry_note(const struct ls_entry *e, struct ls_buf *out)
{
    enum ls_mig_kind kind = kind_of(e);

    if (kind != LS_KIND_VERSIONED && kind != LS_KIND_TAG)
        add(out, "", ls_kind_name(kind));
    for (size_t i = 0; e->migration && e->migration->labels && e->migration->labels[i]; i++)
        add(out, "", e->migration->labels[i]);
    if (e->row)
        add(out, "batch ", e->row->batch);
    if (e->migration && e->migration->lang == LS_LANG_CODE)
        add(out, "", "code");
}
