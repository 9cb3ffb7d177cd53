/* tui/frame.c: what is around the panes: who and where on top, tabs and counts below, then message and hints at the bottom. */
#include <config.h>

#include "tui/frame.h"

#include <string.h>

#include "lockstep/base/text.h"
#include "tui/jobs.h"

#define TAB_GAP      1

#define INTERRUPT_KEY  "C-c"
#define INTERRUPT_HINT "cancel"

/* --- header ------------------------------------------------------------------------------------------------------- */

static enum theme_role header_role(const struct app *a)
{
    if (!a->target.params.is_protected)
        return ROLE_HEADER;
    return app_is_read_only(a) ? ROLE_HEADER_PROTECTED : ROLE_HEADER_ARMED;
}

static const char *mode_words(const struct app *a)
{
    if (a->phase == APP_CONNECTING)
        return "connecting";
    if (a->phase == APP_FOLDER_ONLY)
        return a->is_reached ? "NOT READ" : "NOT CONNECTED";
    if (app_is_read_only(a))
        return "READ-ONLY";
    return a->target.params.is_protected ? "ARMED" : "read-write";
}

/* A path is told by its end. */
static void short_path(struct ls_buf *out, const char *path, int cells, bool ascii)
{
    int width = ls_text_width(path, strlen(path));

    if (width <= cells || cells < 4) {
        ls_buf_adds(out, path);
        return;
    }
    ls_buf_adds(out, ascii ? "~" : "…");
    for (const char *p = path; *p;) {
        int one;
        size_t n = ls_text_next(p, strlen(p), &one);

        if (width <= cells - 1) {
            ls_buf_adds(out, p);
            return;
        }
        width -= one;
        p += n;
    }
}

#define MAX_PARTS 8
#define MIN_PATH  12 /* cells that a path keeps */

struct header {
    const char *part[MAX_PARTS];
    int n;
};

static void add_part(struct header *h, const char *text)
{
    if (text && *text && h->n < MAX_PARTS)
        h->part[h->n++] = text;
}

static int parts_width(const struct header *h)
{
    int w = 1;

    for (int i = 0; i < h->n; i++)
        w += ls_text_width(h->part[i], strlen(h->part[i])) + (i ? 3 : 0);
    return w;
}

static void draw_parts(const struct header *h, struct ui_surface *s, int end, enum theme_role base)
{
    int x = 1;

    for (int i = 0; i < h->n && x < end; i++) {
        if (i > 0 && x + 3 < end)
            x += 1 + ui_str(s, x + 1, 0, 1, ui_line_glyph(UI_LINE_V, s->grid->ascii), UI_ON(base, base)) + 1;
        x += ui_str(s, x, 0, end - x, h->part[i], UI_ON(base, base));
    }
}

/* Shortens a path among the parts (SQLite's file, a socket's folder) by what is over, as far as it stays recognisable. A database's
 * or a host's name is never cut for what stands behind it. */
static void shorten_paths(struct header *h, int end, struct ls_buf scratch[MAX_PARTS], bool ascii)
{
    for (int i = 1; i < h->n; i++) {
        int over = parts_width(h) - end, width = ls_text_width(h->part[i], strlen(h->part[i]));

        if (over <= 0 || !strchr(h->part[i], '/') || width <= MIN_PATH)
            continue;
        short_path(&scratch[i], h->part[i], width - over > MIN_PATH ? width - over : MIN_PATH, ascii);
        h->part[i] = scratch[i].ptr;
    }
}

/* Everything is said when there is room; "(protected)" gives way first (the mode says it too), then the front of a long path, then
 * the end. */
static void draw_header(const struct app *a, struct ui_surface *s)
{
    const struct ls_snapshot *snap = app_snap(a);
    enum theme_role base = header_role(a);
    const char *mode = mode_words(a);
    int end = s->w - ls_text_width(mode, strlen(mode)) - 2;
    struct ls_buf env = LS_BUF_INIT, scratch[MAX_PARTS];
    struct header h = {0};

    for (int i = 0; i < MAX_PARTS; i++)
        ls_buf_init(&scratch[i]);

    ls_buf_addf(&env, "%s%s", a->env ? a->env : "no environment", a->target.params.is_protected ? " (protected)" : "");
    add_part(&h, env.ptr);
    if (snap && snap->has_db) {
        add_part(&h, snap->info.database);
        add_part(&h, snap->info.host);
        add_part(&h, snap->info.server);
        add_part(&h, snap->info.role);
        add_part(&h, snap->info.in_recovery ? "replica" : NULL);
        if (parts_width(&h) > end && a->target.params.is_protected)
            h.part[0] = a->env ? a->env : "no environment";
        shorten_paths(&h, end, scratch, a->is_ascii);
    } else {
        add_part(&h, a->label);
    }
    ui_fill(s, 0, 0, s->w, 1, UI_ON(base, base));
    draw_parts(&h, s, end, base);
    (void)ui_str(s, s->w - ls_text_width(mode, strlen(mode)) - 1, 0, -1, mode, UI_ON(base, base));
    ls_buf_release(&env);
    for (int i = 0; i < MAX_PARTS; i++)
        ls_buf_release(&scratch[i]);
}

/* --- tabs and counts ---------------------------------------------------------------------------------------------- */

/* Letters of a tab's name: as many as leave room for the counts, and none where it would be only one; the tab that is open has all. */
#define MAX_LETTERS 16
#define MIN_LETTERS 2

static int name_letters(const struct app *a, int i, int letters)
{
    int all = (int)strlen(a->panes[i]->ops->title);

    return i == a->focus || all < letters ? all : letters;
}

static int tabs_width(const struct app *a, int letters)
{
    int w = 0;

    for (int i = 0; i < UI_N_PANES; i++)
        w += name_letters(a, i, letters) + 1 + TAB_GAP;
    return w;
}

/* Room that the counts take, roughly: numbers of a few digits. */
static int counts_width(const struct app *a)
{
    return a->drift > 0 ? 38 : 29;
}

static int letters_that_fit(const struct app *a)
{
    for (int letters = MAX_LETTERS; letters >= MIN_LETTERS; letters--)
        if (tabs_width(a, letters) + counts_width(a) <= a->w)
            return letters;
    return 0;
}

static int tab_width(const struct app *a, int i)
{
    return name_letters(a, i, letters_that_fit(a)) + 1 + TAB_GAP;
}

int app_tab_at(const struct app *a, int x)
{
    int at = 0;

    for (int i = 0; i < UI_N_PANES; i++) {
        if (x >= at && x < at + tab_width(a, i))
            return i;
        at += tab_width(a, i);
    }
    return -1;
}

static void draw_tabs(const struct app *a, struct ui_surface *s)
{
    int x = 0;

    for (int i = 0; i < UI_N_PANES; i++) {
        bool is_here = i == a->focus;
        enum theme_role base = is_here ? ROLE_SELECTED : ROLE_TEXT;
        int w = tab_width(a, i) - TAB_GAP;
        char name[MAX_LETTERS + 1];

        ui_fill(s, x, 1, w, 1, UI_ON(base, base));
        (void)ui_strf(s, x, 1, w, UI_ON(ROLE_HINT_KEY, base), "%d", i + 1);
        snprintf(name, sizeof(name), "%.*s", w - 1, a->panes[i]->ops->title);
        if (w > 1)
            (void)ui_str(s, x + 1, 1, w - 1, name, UI_ON(is_here ? ROLE_TITLE : ROLE_DIM, base));
        x += tab_width(a, i);
    }
}

static void draw_counts(const struct app *a, struct ui_surface *s)
{
    static const struct {
        enum ls_state state;
        const char *word;
        enum theme_role role;
    } counts[] = {{LS_STATE_PENDING, "pending", ROLE_PENDING},
                  {LS_STATE_DIRTY, "dirty", ROLE_DIRTY},
                  {LS_STATE_MODIFIED, "modified", ROLE_MODIFIED}};
    const struct ls_snapshot *snap = app_snap(a);
    char text[48];
    int x = s->w - 1;

    if (!snap) {
        const char *word = a->phase == APP_CONNECTING ? "reading" : "";

        (void)ui_str(s, s->w - (int)strlen(word) - 1, 1, -1, word, UI_ROLE(ROLE_DIM));
        return;
    }
    if (!snap->has_db) {
        (void)snprintf(text, sizeof(text), "%zu file%s, nothing known", snap->timeline.e.n, snap->timeline.e.n == 1 ? "" : "s");
        (void)ui_str(s, x - (int)strlen(text), 1, -1, text, UI_ROLE(ROLE_DIM));
        return;
    }
    if (a->drift > 0) {
        x -= snprintf(text, sizeof(text), "%ld drift", a->drift);
        (void)ui_str(s, x, 1, -1, text, UI_ROLE(ROLE_WARNING));
        x -= s->w < 90 ? 1 : 2;
    }
    for (size_t i = LS_ARRAY_LEN(counts); i-- > 0;) {
        size_t n = snap->timeline.count[counts[i].state];
        int w;

        /* What was rolled back, or came late, waits too. */
        if (counts[i].state == LS_STATE_PENDING)
            n += snap->timeline.count[LS_STATE_ROLLED_BACK];
        if (counts[i].state == LS_STATE_DIRTY && n == 0 && snap->ledger.dirty)
            n = 1;
        w = snprintf(text, sizeof(text), "%zu %s", n, counts[i].word);
        x -= w;
        (void)ui_str(s, x, 1, -1, text, UI_ROLE(n ? counts[i].role : ROLE_DIM));
        x -= s->w < 90 ? 1 : 2;
    }
}

/* --- bottom ------------------------------------------------------------------------------------------------------- */

static void draw_progress(const struct app *a, struct ui_surface *s, int y)
{
    int bar = s->w / 3, x = 1;

    x += ui_str(s, x, y, s->w / 2, a->progress.text, UI_ROLE(ROLE_INFO)) + 1;
    ui_progress(s, x, y, bar, a->progress.done, a->progress.total, a->tick, ROLE_TEXT);
    x += bar + 1;
    if (a->progress.total > 0)
        (void)ui_strf(s, x, y, -1, UI_ROLE(ROLE_DIM), "%d %%", (int)(a->progress.done * 100 / a->progress.total));
}

static void draw_message(const struct app *a, struct ui_surface *s)
{
    const struct ui_pane *p = a->panes[a->focus];
    int y = s->h - 2;
    struct ls_buf b = LS_BUF_INIT;

    if (a->message.len > 0) {
        (void)ui_text(s, 1, y, s->w - 2, a->message.ptr, a->message.len, UI_ROLE(a->message_role));
    } else if (a->progress.is_on) {
        draw_progress(a, s, y);
    } else if (a->command) {
        job_command_words(a, &b);
        (void)ui_text(s, 1, y, s->w - 2, b.ptr, b.len, UI_ROLE(ROLE_INFO));
    } else if (a->ddl) {
        job_ddl_words(a, &b);
        (void)ui_text(s, 1, y, s->w - 2, b.ptr, b.len, UI_ROLE(ROLE_INFO));
    } else if (p->ops->status) {
        p->ops->status(p, &b);
        (void)ui_text(s, 1, y, s->w - 2, b.ptr, b.len, UI_ROLE(ROLE_DIM));
    }
    ls_buf_release(&b);
}

static int hint_width(const char *keys, const char *label)
{
    return ls_text_width(keys, strlen(keys)) + 1 + ls_text_width(label, strlen(label)) + 2;
}

/* Help has its place at the right end, whatever else there is room for. Returns where it begins. */
static int draw_last_hint(const struct app *a, struct ui_surface *s, enum ui_context context)
{
    const struct ui_action_info *info = ui_action_info(UI_ACT_HELP);
    struct ls_buf keys = LS_BUF_INIT;
    int x = s->w;

    ui_keymap_keys(&a->keys, UI_ACT_HELP, 1, &keys);
    if ((info->contexts & (1u << context)) && keys.len > 0) {
        x = s->w - hint_width(keys.ptr, info->hint) + 1;
        (void)ui_str(s, x, s->h - 1, -1, keys.ptr, UI_ON(ROLE_HINT_KEY, ROLE_HINT));
        (void)ui_str(s, x + (int)keys.len + 1, s->h - 1, -1, info->hint, UI_ON(ROLE_HINT, ROLE_HINT));
    }
    ls_buf_release(&keys);
    return x;
}

static void draw_hints(const struct app *a, struct ui_surface *s)
{
    int context = a->modal ? a->modal->ops->context : (int)a->panes[a->focus]->ops->context;
    int y = s->h - 1, x = 1, end = s->w;
    struct ls_buf keys = LS_BUF_INIT;

    ui_fill(s, 0, y, s->w, 1, UI_ON(ROLE_HINT, ROLE_HINT));
    if (context < 0)
        (void)ui_str(s, 1, y, s->w - 2, a->modal->ops->hints, UI_ON(ROLE_HINT, ROLE_HINT));
    end = context >= 0 && context != UI_CX_HELP ? draw_last_hint(a, s, (enum ui_context)context) : s->w;
    if (!a->modal && (a->command || a->progress.is_on)) { /* a signal, not an action: it works wherever the keys go */
        x += ui_str(s, x, y, -1, INTERRUPT_KEY, UI_ON(ROLE_HINT_KEY, ROLE_HINT)) + 1;
        x += ui_str(s, x, y, -1, INTERRUPT_HINT, UI_ON(ROLE_HINT, ROLE_HINT)) + 2;
    }
    for (int i = 1; context >= 0 && i < UI_N_ACTIONS; i++) {
        const struct ui_action_info *info = ui_action_info((enum ui_action)i);

        if (i == UI_ACT_HELP || !*info->hint || !(info->contexts & (1u << context)) || !app_can(a, (enum ui_action)i))
            continue;
        ls_buf_clear(&keys);
        ui_keymap_keys(&a->keys, (enum ui_action)i, 1, &keys);
        if (keys.len == 0 || x + hint_width(keys.ptr, info->hint) > end)
            continue;
        x += ui_str(s, x, y, -1, keys.ptr, UI_ON(ROLE_HINT_KEY, ROLE_HINT)) + 1;
        x += ui_str(s, x, y, -1, info->hint, UI_ON(ROLE_HINT, ROLE_HINT)) + 2;
    }
    ls_buf_release(&keys);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static void draw_too_small(const struct app *a, struct ui_surface *s)
{
    struct ls_buf b = LS_BUF_INIT;

    ls_buf_addf(&b, "needs %dx%d, is %dx%d", UI_MIN_W, UI_MIN_H, a->w, a->h);
    (void)ui_str(s, 0, s->h / 2 - 1, s->w, "lockstep", UI_ROLE(ROLE_TITLE));
    (void)ui_str(s, 0, s->h / 2, s->w, b.ptr, UI_ROLE(ROLE_WARNING));
    (void)ui_str(s, 0, s->h / 2 + 1, s->w, "make it larger", UI_ROLE(ROLE_DIM));
    ls_buf_release(&b);
}

static void draw_panes(const struct app *a, struct ui_surface *s)
{
    int split = app_split_at(a), h = s->h - 4;
    struct ui_surface left = ui_surface_sub(s, 0, 2, split ? split : s->w, h);

    if (!split) {
        a->panes[a->focus]->ops->draw(a->panes[a->focus], &left);
    } else {
        struct ui_surface right = ui_surface_sub(s, split + 1, 2, s->w - split - 1, h);

        a->panes[UI_PANE_TIMELINE]->ops->draw(a->panes[UI_PANE_TIMELINE], &left);
        ui_vline(s, split, 2, h, UI_ROLE(ROLE_BORDER));
        a->panes[UI_PANE_DETAIL]->ops->draw(a->panes[UI_PANE_DETAIL], &right);
    }
}

static void draw_modals(const struct ui_modal *m, struct ui_surface *s)
{
    if (!m)
        return;
    draw_modals(m->below, s);
    m->ops->draw(m, s);
}

void app_draw(const struct app *a, struct ui_grid *g, int *cursor_x, int *cursor_y)
{
    struct ui_surface s;

    ui_grid_clear(g);
    s = ui_surface_of(g);
    *cursor_x = *cursor_y = -1;
    if (a->w < UI_MIN_W || a->h < UI_MIN_H) {
        draw_too_small(a, &s);
        return;
    }
    draw_header(a, &s);
    draw_tabs(a, &s);
    draw_counts(a, &s);
    draw_panes(a, &s);
    draw_message(a, &s);
    draw_hints(a, &s);
    draw_modals(a->modal, &s);
    if (a->modal && a->modal->ops->cursor && !a->modal->ops->cursor(a->modal, cursor_x, cursor_y))
        *cursor_x = *cursor_y = -1;
}
