/* tui/banner.c: what the timeline says above its list before anything else. */
#include <config.h>

#include "tui/banner.h"

#define MAX_BANNERS 6

/* The first thing about the folder that makes its tool refuse it. */
static const struct ls_diag *folder_error(const struct ls_snapshot *s)
{
    for (size_t i = 0; s && i < s->migrations.diags.d.n; i++) {
        if (s->migrations.diags.d.v[i].severity == LS_SEV_ERROR)
            return &s->migrations.diags.d.v[i];
    }
    return NULL;
}

static void banner_text(const struct app *a, int i, struct ls_buf *out, enum theme_role *role)
{
    const struct ls_snapshot *s = app_snap(a);
    struct ls_buf key = LS_BUF_INIT;
    int n = 0;

    *role = ROLE_BANNER;
    if (a->phase == APP_FOLDER_ONLY && n++ == i) {
        ls_buf_addf(out, "%s: %s", a->is_reached ? "NOT READ" : "NOT CONNECTED",
                    a->conn_err.message ? a->conn_err.message : "only the folder is shown");
        if (a->conn_err.hint)
            ls_buf_addf(out, "\n%s", a->conn_err.hint);
    } else if (s && (s->ledger.dirty || s->timeline.count[LS_STATE_DIRTY] > 0) && n++ == i) {
        ui_keymap_keys(&a->keys, UI_ACT_RESOLVE, 1, &key);
        ls_buf_addf(out,
                    "DIRTY: a migration started and did not finish. Nothing runs until it is resolved. Press %s for the way out.",
                    key.ptr);
    } else if (s && s->ledger.foreign && n++ == i) {
        ls_buf_addf(out, "%s belongs to %s, not to %s: nothing is written to it.",
                    s->ledger.location ? s->ledger.location : "the ledger", s->ledger.foreign,
                    s->format ? s->format->title : "this format");
    } else if (s && s->tool_note && n++ == i) {
        ls_buf_addf(out, "READ ONLY: %s", s->tool_note);
    } else if (folder_error(s) && n++ == i) {
        ls_buf_addf(out, "FOLDER: %s", folder_error(s)->message);
    } else if (s && s->ledger.has_legacy && n++ == i) {
        *role = ROLE_WARNING;
        ui_keymap_keys(&a->keys, UI_ACT_IMPORT, 1, &key);
        ls_buf_addf(out, "A legacy schema_version table is there (%zu versions). Press %s to import it once.",
                    s->ledger.legacy_versions.n, key.ptr);
    } else if (s && s->format_note && n++ == i) {
        *role = ROLE_WARNING;
        ls_buf_addf(out, "FORMAT: %s", s->format_note);
    } else if (a->drift > 0 && n++ == i) {
        *role = ROLE_WARNING;
        ui_keymap_keys(&a->keys, UI_ACT_GO_DIFF, 1, &key);
        ls_buf_addf(out, "DRIFT: the database differs in %ld place%s from what the applied migrations promise. Press %s to see %s.", a->drift,
                    a->drift == 1 ? "" : "s", key.ptr, a->drift == 1 ? "it" : "them");
    } else if (app_is_pooled(a) && n++ == i) {
        *role = ROLE_WARNING;
        ls_buf_adds(out, "This connection goes through a pooler, where session locks do not hold: nothing is written. Use the direct address, or declare a "
                         "pooler that keeps sessions: --pooled, or pooled = yes in lockstep.conf.");
    }
    ls_buf_release(&key);
}

/* What they say is read, not guessed: as many lines as it takes, within reason. */
void banners_make(struct ui_banners *b, const struct app *a, int w, int max_h)
{
    size_t at = 0;

    ui_doc_free(b->doc);
    b->doc = ui_doc_new(a->is_ascii);
    for (int n = 0; n < MAX_BANNERS; n++) {
        struct ls_buf text = LS_BUF_INIT;
        enum theme_role role;
        bool has;

        banner_text(a, n, &text, &role);
        has = text.len > 0;
        if (has)
            ui_doc_wrap(b->doc, role, w - 2, 1, text.ptr);
        for (; at < b->doc->lines.n && at < UI_MAX_BANNER_H; at++)
            b->roles[at] = role;
        ls_buf_release(&text);
        if (!has)
            break;
    }
    b->h = (int)(at < (size_t)max_h ? at : (size_t)max_h);
}

void banners_draw(const struct ui_banners *b, struct ui_surface *s)
{
    for (int i = 0; i < b->h; i++) {
        const struct ui_doc_line *l = &b->doc->lines.v[i];
        enum theme_role role = b->roles[i];

        ui_fill(s, 0, i, s->w, 1, UI_ON(role, role));
        (void)ui_raw(s, 0, i, s->w - 1, 0, l->text, l->len, UI_ON(role, role));
    }
}

void banners_release(struct ui_banners *b)
{
    ui_doc_free(b->doc);
    b->doc = NULL;
}
