/* config/theme.h: colours as data. A theme file is [theme] name/base and [roles] ROLE = FG [on BG] [bold] [dim] [underline]
 * [reverse] [italic]; a colour is #rrggbb, default, or one of the 16 names (black red green yellow blue magenta cyan white,
 * bright-*). */
#ifndef LS_CONFIG_THEME_H
#define LS_CONFIG_THEME_H

#include "config/ini.h"

/* X(enum, word): every style the console paints with. */
#define THEME_ROLES(X)                                                                                                             \
    X(TEXT, "text")                                                                                                                \
    X(DIM, "dim")                                                                                                                  \
    X(HEADER, "header") X(HEADER_ARMED, "header.armed") X(HEADER_PROTECTED, "header.protected") X(HINT, "hint")                    \
        X(HINT_KEY, "hint.key") X(TITLE, "title") X(BORDER, "border") X(BORDER_FOCUS, "border.focus") X(CURSOR, "cursor")          \
            X(APPLIED, "state.applied") X(PENDING, "state.pending") X(DIRTY, "state.dirty") X(MISSING, "state.missing")            \
                X(MODIFIED, "state.modified") X(OUT_OF_ORDER, "state.out-of-order") X(DUPLICATE, "state.duplicate")                \
                    X(ROLLED_BACK, "state.rolled-back") X(INFERRED, "state.inferred") X(INFO, "info") X(WARNING, "warning")        \
                        X(DANGER, "danger") X(ERROR, "error") X(GOOD, "good") X(BANNER, "banner") X(DIALOG, "dialog")              \
                            X(DIALOG_DANGER, "dialog.danger") X(BUTTON, "button") X(BUTTON_FOCUS, "button.focus")                  \
                                X(INPUT, "input") X(SQL_KEYWORD, "sql.keyword") X(SQL_STRING, "sql.string")                        \
                                    X(SQL_COMMENT, "sql.comment") X(SQL_NUMBER, "sql.number") X(SQL_NAME, "sql.name")              \
                                        X(SQL_OPERATOR, "sql.operator") X(TOKEN, "token") X(MATCH, "match")                        \
                                            X(PROGRESS, "progress") X(SELECTED, "selected")

enum theme_role {
#define X(e, w) ROLE_##e,
    THEME_ROLES(X)
#undef X
        N_ROLES
};
const char *theme_role_name(enum theme_role r);

enum theme_attr { THEME_BOLD = 1, THEME_DIM = 2, THEME_UNDERLINE = 4, THEME_REVERSE = 8, THEME_ITALIC = 16 };
struct theme_style {
    int32_t fg, bg; /* -1 default, 0..15 the named colour, 0x1000000|rrggbb truecolor */
    unsigned attrs;
};
struct theme {
    char name[64];
    struct theme_style role[N_ROLES];
};
/* By name: XDG config dir's themes/NAME.theme, then the embedded ones; or a path with a '/'. `base = NAME` starts from another.
 * Errors name file:line and the nearest word. */
LS_MUST_CHECK enum ls_rc theme_load(const char *name, const char *config_home, struct theme *out, struct ls_err *err);
struct theme_name_list {
    LS_VEC(const char *) n;
};
void theme_names(struct ls_arena *a, const char *config_home, struct theme_name_list *out); /* sorted; release out->n */
/* What text of a role looks like that lies on `base`: what the role leaves open comes from the base, then from `text`. A colour that cannot be
 * read on the base's background (a green state on a yellow cursor) is the base's own. */
#define THEME_READABLE 3.0 /* the least contrast, as WCAG reckons it for large text and signs */
struct theme_style theme_look(const struct theme *t, enum theme_role role, enum theme_role base);
/* 1 to 21; 21 where one of them is the terminal's own and not known. */
double theme_contrast(int32_t a, int32_t b);
/* Of a named colour as terminals usually show it: 0x1000000|rrggbb; -1 for -1. */
int32_t theme_to_rgb(int32_t color);
/* Nearest of the 256-colour cube / of the 16 colours, for terminals with fewer. */
int theme_to_256(int32_t rgb);
int theme_to_16(int32_t rgb);
/* For terminals with direct colours, where the first n_indexed numbers mean the palette (which may know eight of the names only) and the others are
 * colours: the darkest blues are none. */
int theme_to_direct(int32_t color, int n_indexed);

#endif
