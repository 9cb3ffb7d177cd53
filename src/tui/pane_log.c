/* tui/pane_log.c: every run, from the journal, newest first. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"
#include "tui/jobs.h"
#include "tui/list_pane.h"

#define AT_W          21
#define EVENT_W       14
#define VERSION_W     9 /* at least: one more than the longest */
#define MAX_VERSION_W 24
#define RESULT_W      12
#define WHO_W         14

struct log {
    struct list_pane base; /* newest first */
    struct ls_journal journal;
    bool has_journal, is_asked;
    char *error;
    int version_w;
};

static struct log *self_of(struct ui_pane *p)
{
    return (struct log *)p;
}

static bool has(const char *text, const char *needle)
{
    return text && strcasestr(text, needle) != NULL;
}

static bool matches(const struct log *l, const struct ls_journal_row *r)
{
    const char *f = l->base.filter.ptr;

    return l->base.filter.len == 0 || has(r->event, f) || has(r->version, f) || has(r->name, f) || has(r->result, f) ||
           has(r->operator_name, f) || has(r->detail, f) || has(r->at, f);
}

static void make_rows(struct list_pane *lp)
{
    struct log *l = self_of(&lp->pane);
    size_t n = l->has_journal ? l->journal.rows.n : 0;

    lp->shown.n = 0;
    l->version_w = VERSION_W;
    for (size_t i = n; i-- > 0;) {
        const char *v = l->journal.rows.v[i].version;
        int w = v ? ls_text_width(v, strlen(v)) + 1 : 0;

        if (w > l->version_w)
            l->version_w = w < MAX_VERSION_W ? w : MAX_VERSION_W;
        if (matches(l, &l->journal.rows.v[i]))
            *LS_VEC_PUSH(&lp->shown) = (uint32_t)i;
    }
    ui_list_set_count(&lp->list, lp->shown.n);
}

static void on_journal(struct app *a, struct ls_journal *j, const struct ls_err *err)
{
    struct log *l = self_of(a->panes[UI_PANE_LOG]);

    l->is_asked = false;
    if (l->has_journal)
        ls_journal_release(&l->journal);
    free(l->error);
    l->error = NULL;
    l->has_journal = !err;
    if (err) {
        l->error = ls_strdup(err->message ? err->message : ls_rc_name(err->code));
        ls_journal_release(j);
        memset(&l->journal, 0, sizeof(l->journal));
    } else {
        l->journal = *j;
    }
    make_rows(&l->base);
    a->needs_layout = a->needs_paint = true;
}

static void refresh(struct ui_pane *p)
{
    struct log *l = self_of(p);

    if (p->app->focus != UI_PANE_LOG || l->is_asked || p->app->phase != APP_READY || !p->app->mail)
        return;
    l->is_asked = true;
    job_journal(p->app, on_journal);
}

static enum theme_role role_of(const struct ls_journal_row *r)
{
    static const struct {
        const char *word;
        enum theme_role role;
    } words[] = {{"ok", ROLE_GOOD},     {"done", ROLE_GOOD},      {"applied", ROLE_GOOD},   {"fail", ROLE_ERROR},
                 {"dirty", ROLE_ERROR}, {"rolled", ROLE_WARNING}, {"cancel", ROLE_WARNING}, {"unknown", ROLE_DANGER}};

    for (size_t i = 0; r->result && i < LS_ARRAY_LEN(words); i++) {
        if (strncmp(r->result, words[i].word, strlen(words[i].word)) == 0)
            return words[i].role;
    }
    return ROLE_TEXT;
}

static void draw_row(const void *ctx, struct ui_surface *s, int y, size_t row, bool is_at)
{
    const struct log *l = ctx;
    const struct ls_journal_row *r = &l->journal.rows.v[l->base.shown.v[row]];
    enum theme_role on = ui_list_bar(s, y, s->w - 1, is_at);
    const char *needle = list_pane_needle(&l->base);
    int x = 2;

    (void)ui_when(s, x, y, r->at, true, UI_ON(ROLE_DIM, on));
    x += AT_W;
    (void)ui_str_match(s, x, y, EVENT_W - 1, r->event, needle, UI_ON(r->chain_ok ? ROLE_TEXT : ROLE_DANGER, on));
    x += EVENT_W;
    (void)ui_str_match(s, x, y, l->version_w - 1, r->version, needle, UI_ON(ROLE_TITLE, on));
    x += l->version_w;
    (void)ui_str_match(s, x, y, RESULT_W - 1, r->result, needle, UI_ON(role_of(r), on));
    x += RESULT_W;
    if (s->w - x > WHO_W + 20) {
        (void)ui_str_match(s, x, y, WHO_W - 1, r->operator_name, needle, UI_ON(ROLE_TEXT, on));
        x += WHO_W;
    }
    if (s->w - x > 8)
        (void)ui_str_match(s, x, y, s->w - x - 1, r->name && *r->name ? r->name : r->detail, needle, UI_ON(ROLE_DIM, on));
}

static void draw(const struct ui_pane *p, struct ui_surface *s)
{
    const struct log *l = (const struct log *)p;
    const char *words = NULL;

    if (l->error)
        words = l->error;
    else if (!l->has_journal)
        words = p->app->phase == APP_READY ? "Reading the journal" : "Not connected";
    else if (!l->journal.exists)
        words = "There is no journal yet: the first run makes it.";
    else if (l->base.list.n == 0)
        words = l->base.filter.len ? "Nothing matches. Esc drops the filter." : "The journal is empty.";
    if (words)
        (void)ui_str(s, 2, 1, -1, words, UI_ROLE(l->error ? ROLE_ERROR : ROLE_DIM));
    ui_list_draw(&l->base.list, s, draw_row, l);
    ui_list_scrollbar(&l->base.list, s);
}

static void field(struct ui_doc *d, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    ui_doc_addf(d, ROLE_DIM, "%-10s", name);
    ui_doc_adds(d, ROLE_TEXT, value);
    ui_doc_end(d);
}

static void open_entry(struct list_pane *lp)
{
    const struct log *l = self_of(&lp->pane);
    const struct ls_journal_row *r;
    struct ui_doc *d;
    char took[LS_ISO_LEN];

    if (lp->list.n == 0)
        return;
    r = &l->journal.rows.v[lp->shown.v[lp->list.cursor]];
    d = ui_doc_new(l->base.pane.app->is_ascii);
    ui_doc_textf(d, ROLE_TITLE, "journal record %lld", (long long)r->seq);
    field(d, "event", r->event);
    field(d, "version", r->version);
    field(d, "name", r->name);
    field(d, "direction", r->direction);
    field(d, "result", r->result);
    field(d, "at", r->at);
    if (r->duration_ms >= 0) {
        ls_duration_text(r->duration_ms, took);
        field(d, "took", took);
    }
    field(d, "operator", r->operator_name);
    field(d, "host", r->host);
    field(d, "tool", r->tool);
    field(d, "run", r->run_id);
    field(d, "plan", r->plan_digest);
    field(d, "hash", r->hash);
    field(d, "before", r->prev_hash);
    ui_doc_text(d, r->chain_ok ? ROLE_GOOD : ROLE_DANGER,
                r->chain_ok ? "chain     whole: it carries the hash of the record before"
                            : "chain     BROKEN here: a record was changed or taken out");
    if (r->detail && *r->detail) {
        ui_doc_blank(d);
        ui_doc_text(d, ROLE_TEXT, r->detail);
    }
    ui_viewer_open(l->base.pane.app, "Log", d);
}

static bool can(const struct ui_pane *p, enum ui_action act)
{
    const struct log *l = (const struct log *)p;

    return (act != UI_ACT_OPEN && act != UI_ACT_FILTER) || l->base.list.n > 0;
}

static void status(const struct ui_pane *p, struct ls_buf *out)
{
    const struct log *l = (const struct log *)p;

    if (!l->has_journal)
        return;
    ls_buf_addf(out, "%zu/%zu", l->base.list.n ? l->base.list.cursor + 1 : 0, l->base.list.n);
    if (l->base.filter.len > 0)
        ls_buf_addf(out, ", filter '%s'", l->base.filter.ptr);
    if (l->journal.first_broken_seq > 0)
        ls_buf_addf(out, "  THE CHAIN IS BROKEN at record %lld", (long long)l->journal.first_broken_seq);
    else if (l->journal.exists)
        ls_buf_adds(out, "  the chain is whole");
}

static const struct list_parts parts = {.filtered = make_rows, .open = open_entry};

static struct ui_pane *open_pane(struct app *app)
{
    struct log *l = list_pane_new(sizeof(*l), &pane_log_ops, &parts, app);

    return &l->base.pane;
}

static void close_pane(struct ui_pane *p)
{
    struct log *l = self_of(p);

    if (l->has_journal)
        ls_journal_release(&l->journal);
    free(l->error);
    list_pane_free(&l->base);
}

const struct ui_pane_ops pane_log_ops = {
    .title = "Log",
    .context = UI_CX_LOG,
    .open = open_pane,
    .close = close_pane,
    .refresh = refresh,
    .on_event = list_pane_on_event,
    .on_action = list_pane_on_action,
    .layout = list_pane_layout,
    .draw = draw,
    .status = status,
    .can = can,
};
