/* tui/banner.h: what the timeline says above its list before anything else: dirty, not connected, someone else's ledger. */
#ifndef LS_TUI_BANNER_H
#define LS_TUI_BANNER_H

#include "tui/app.h"

#define UI_MAX_BANNER_H 12

struct ui_banners {
    struct ui_doc *doc;
    enum theme_role roles[UI_MAX_BANNER_H];
    int h; /* lines that are shown */
};
/* Makes them anew for a width, at most max_h lines. */
void banners_make(struct ui_banners *b, const struct app *a, int w, int max_h);
void banners_draw(const struct ui_banners *b, struct ui_surface *s);
void banners_release(struct ui_banners *b);

#endif
