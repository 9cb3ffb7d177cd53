/* config/theme.c: reads themes. The words of a file are checked one by one, so that every error has its line and the nearest known
 * word. */
#include <config.h>

#include "config/theme.h"

#include <stdlib.h>
#include <string.h>

#include "config/embedded.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"

#define MAX_BASES 8 /* a longer chain of `base` is a circle */

static const char *const role_words[N_ROLES] = {
#define X(e, w) [ROLE_##e] = w,
    THEME_ROLES(X)
#undef X
};

static const char *const color_words[] = {
    "black",        "red",        "green",        "yellow",        "blue",        "magenta",        "cyan",        "white",
    "bright-black", "bright-red", "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan", "bright-white",
    "default",      "on",         "bold",         "dim",           "underline",   "reverse",        "italic",
};
enum { N_NAMED_COLORS = 16 };

static const struct {
    const char *word;
    unsigned attr;
} attr_words[] = {
    {"bold", THEME_BOLD}, {"dim", THEME_DIM}, {"underline", THEME_UNDERLINE}, {"reverse", THEME_REVERSE}, {"italic", THEME_ITALIC},
};

const char *theme_role_name(enum theme_role r)
{
    return (unsigned)r < N_ROLES ? role_words[r] : "text";
}

static enum ls_rc fail_at(const struct ini_file *f, int line, struct ls_err *err, const char *what)
{
    (void)ls_err_set(err, LS_E_INPUT, "%s:%d: %s", f->path, line, what);
    if (err)
        err->line = line;
    return LS_E_INPUT;
}

static bool parse_hex(const char *word, int32_t *out)
{
    char *end = NULL;

    if (word[0] != '#' || strlen(word) != 7 || strspn(word + 1, "0123456789abcdefABCDEF") != 6)
        return false;
    *out = (int32_t)(0x1000000 | strtol(word + 1, &end, 16));
    return true;
}

static bool parse_color(const char *word, int32_t *out)
{
    if (parse_hex(word, out))
        return true;
    if (strcmp(word, "default") == 0) {
        *out = -1;
        return true;
    }
    for (int i = 0; i < N_NAMED_COLORS; i++) {
        if (strcmp(word, color_words[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool parse_attr(const char *word, unsigned *attrs)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(attr_words); i++) {
        if (strcmp(word, attr_words[i].word) == 0) {
            *attrs |= attr_words[i].attr;
            return true;
        }
    }
    return false;
}

/* "FG [on BG] [ATTR...]"; a leading attribute leaves the colours at default. */
static enum ls_rc parse_style(const struct ini_file *f, const struct ini_entry *e, struct theme_style *out, struct ls_err *err)
{
    struct theme_style st = {.fg = -1, .bg = -1};
    char *copy = ls_strdup(e->value), *rest = copy, *word;
    bool want_bg = false, has_fg = false;
    enum ls_rc rc = LS_OK;

    while (rc == LS_OK && (word = strsep(&rest, " \t"))) {
        int32_t color;

        if (!*word)
            continue;
        if (strcmp(word, "on") == 0 && !want_bg) {
            want_bg = true;
        } else if (!parse_attr(word, &st.attrs)) {
            if (!parse_color(word, &color))
                rc = ini_fail_word(f, e->line, word[0] == '#' ? "colour (#rrggbb)" : "colour or attribute", word, color_words,
                               LS_ARRAY_LEN(color_words), err);
            else if (want_bg)
                st.bg = color;
            else if (has_fg)
                rc = fail_at(f, e->line, err, "two colours; write FG on BG");
            else
                st.fg = color;
            if (!want_bg)
                has_fg = true;
        }
    }
    if (rc == LS_OK && !*e->value)
        rc = fail_at(f, e->line, err, "no colour is given; write FG [on BG] [bold] ...");
    *out = st;
    free(copy);
    return rc;
}

static const char *find_value(const struct ini_file *f, const char *section, const char *key)
{
    for (size_t i = 0; i < f->e.n; i++) {
        if (strcmp(f->e.v[i].section, section) == 0 && strcmp(f->e.v[i].key, key) == 0)
            return f->e.v[i].value;
    }
    return NULL;
}

static enum ls_rc apply_entry(const struct ini_file *f, const struct ini_entry *e, struct theme *out, struct ls_err *err)
{
    static const char *const sections[] = {"theme", "roles"};
    static const char *const keys[] = {"name", "base"};

    if (strcmp(e->section, "theme") == 0) {
        if (strcmp(e->key, "name") != 0 && strcmp(e->key, "base") != 0)
            return ini_fail_word(f, e->line, "key", e->key, keys, LS_ARRAY_LEN(keys), err);
        return LS_OK;
    }
    if (!*e->section)
        return fail_at(f, e->line, err, "a line stands before the first section; put [theme] above a name, [roles] above colours");
    if (strcmp(e->section, "roles") != 0)
        return ini_fail_word(f, e->line, "section", e->section, sections, LS_ARRAY_LEN(sections), err);
    for (int r = 0; r < N_ROLES; r++) {
        if (strcmp(e->key, role_words[r]) == 0)
            return parse_style(f, e, &out->role[r], err);
    }
    return ini_fail_word(f, e->line, "role", e->key, role_words, N_ROLES, err);
}

/* "themes/NAME.theme" among the embedded files. */
static const struct ls_embedded *find_embedded(const char *name)
{
    size_t len = strlen(name);

    for (const struct ls_embedded *f = ls_embedded_files; f->name; f++) {
        const char *base = f->name;

        if (strncmp(base, "themes/", 7) != 0)
            continue;
        base += 7;
        if (strncmp(base, name, len) == 0 && strcmp(base + len, ".theme") == 0)
            return f;
    }
    return NULL;
}

static enum ls_rc fail_name(const char *name, const char *config_home, struct ls_err *err)
{
    struct ls_arena *a = ls_arena_new();
    struct theme_name_list names = {0};
    struct ls_buf all = LS_BUF_INIT;
    const char *near;

    theme_names(a, config_home, &names);
    for (size_t i = 0; i < names.n.n; i++)
        ls_buf_addf(&all, "%s%s", i ? ", " : "", names.n.v[i]);
    near = ls_nearest_word(name, names.n.v, names.n.n);
    (void)ls_err_set(err, LS_E_NOT_FOUND, "there is no theme '%s'", name);
    if (near)
        ls_err_hint(err, "did you mean '%s'? There are: %s", near, all.ptr);
    else
        ls_err_hint(err, "there are: %s", all.ptr);
    ls_buf_release(&all);
    LS_VEC_RELEASE(&names.n);
    ls_arena_free(a);
    return LS_E_NOT_FOUND;
}

/* A user's file first, so that it may replace a shipped theme of the same name; such a file may name the shipped one as its base
 * (dark.theme with base = dark), which shipped_only then finds. */
static enum ls_rc open_theme(const char *name, const char *config_home, bool shipped_only, struct ini_file *f, struct ls_err *err)
{
    const struct ls_embedded *e;
    char *path = NULL;
    enum ls_rc rc;

    if (strchr(name, '/'))
        return ini_parse_file_at(name, 0, f, err);
    if (config_home && !shipped_only) {
        path = ls_asprintf("%s/themes/%s.theme", config_home, name);
        if (ls_path_exists(path)) {
            rc = ini_parse_file_at(path, 0, f, err);
            free(path);
            return rc;
        }
        free(path);
    }
    e = find_embedded(name);
    if (!e)
        return fail_name(name, config_home, err);
    path = ls_asprintf("builtin:%s", e->name);
    rc = ini_parse_text(path, (const char *)e->data, e->len, f, err);
    free(path);
    return rc;
}

static enum ls_rc load(const char *name, const char *config_home, bool shipped_only, int depth, struct theme *out,
                       struct ls_err *err)
{
    struct ini_file f = {0};
    const char *base, *title;
    enum ls_rc rc;

    if (depth > MAX_BASES)
        return ls_err_set(err, LS_E_INPUT, "theme '%s': base goes round in a circle", name);
    rc = open_theme(name, config_home, shipped_only, &f, err);
    if (rc != LS_OK)
        return rc;
    base = find_value(&f, "theme", "base");
    if (base) {
        rc = load(base, config_home, strcmp(base, name) == 0, depth + 1, out, err);
        if (rc != LS_OK)
            (void)ls_err_wrap(err, "%s: base = %s", f.path, base);
    }
    for (size_t i = 0; rc == LS_OK && i < f.e.n; i++)
        rc = apply_entry(&f, &f.e.v[i], out, err);
    title = find_value(&f, "theme", "name");
    (void)snprintf(out->name, sizeof(out->name), "%s", title ? title : ls_path_base(name));
    ini_release(&f);
    return rc;
}

enum ls_rc theme_load(const char *name, const char *config_home, struct theme *out, struct ls_err *err)
{
    memset(out, 0, sizeof(*out));
    for (int r = 0; r < N_ROLES; r++)
        out->role[r] = (struct theme_style){.fg = -1, .bg = -1};
    return load(name, config_home, false, 0, out, err);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_name(struct ls_arena *a, struct theme_name_list *out, const char *file)
{
    size_t len = strlen(file);

    if (len <= 6 || strcmp(file + len - 6, ".theme") != 0)
        return;
    for (size_t i = 0; i < out->n.n; i++) {
        if (strlen(out->n.v[i]) == len - 6 && strncmp(out->n.v[i], file, len - 6) == 0)
            return;
    }
    *LS_VEC_PUSH(&out->n) = ls_arena_strn(a, file, len - 6);
}

void theme_names(struct ls_arena *a, const char *config_home, struct theme_name_list *out)
{
    for (const struct ls_embedded *f = ls_embedded_files; f->name; f++) {
        if (strncmp(f->name, "themes/", 7) == 0)
            add_name(a, out, f->name + 7);
    }
    if (config_home) {
        struct ls_dir dir = {0};
        char *path = ls_asprintf("%s/themes", config_home);

        if (ls_path_kind(path) == LS_PATH_DIR && ls_dir_read(path, &dir, NULL) == LS_OK) {
            for (size_t i = 0; i < dir.e.n; i++)
                add_name(a, out, dir.e.v[i].name);
            ls_dir_release(&dir);
        }
        free(path);
    }
    if (out->n.n > 0)
        qsort(out->n.v, out->n.n, sizeof(out->n.v[0]), compare_names);
}

int32_t theme_to_rgb(int32_t color)
{
    static const int32_t usual[N_NAMED_COLORS] = {
        0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
        0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
    };

    return color >= 0 && color < N_NAMED_COLORS ? 0x1000000 | usual[color] : color;
}

/* Relative luminance, with 2 for the exponent of 2.4 and its straight piece. */
static double luminance(int32_t rgb)
{
    double r = ((rgb >> 16) & 255) / 255.0, g = ((rgb >> 8) & 255) / 255.0, b = (rgb & 255) / 255.0;

    return 0.2126 * r * r + 0.7152 * g * g + 0.0722 * b * b;
}

double theme_contrast(int32_t a, int32_t b)
{
    double la, lb;

    if (a < 0 || b < 0)
        return 21;
    la = luminance(theme_to_rgb(a)) + 0.05;
    lb = luminance(theme_to_rgb(b)) + 0.05;
    return la > lb ? la / lb : lb / la;
}

static int32_t first_set(int32_t a, int32_t b, int32_t c)
{
    return a != -1 ? a : b != -1 ? b : c;
}

struct theme_style theme_look(const struct theme *t, enum theme_role role, enum theme_role base)
{
    const struct theme_style *r = &t->role[role == ROLE_TEXT ? base : role], *b = &t->role[base], *text = &t->role[ROLE_TEXT];
    struct theme_style look = {.fg = first_set(r->fg, b->fg, text->fg), .bg = first_set(r->bg, b->bg, text->bg), .attrs = r->attrs | b->attrs};
    int32_t own = first_set(b->fg, text->fg, -1);

    if (r->bg == -1 && theme_contrast(look.fg, look.bg) < THEME_READABLE && theme_contrast(own, look.bg) > theme_contrast(look.fg, look.bg))
        look.fg = own;
    return look;
}

/* Nearest of a palette, by squared distance with the eye's weights for red, green and blue. */
static int distance(int32_t rgb, int r, int g, int b)
{
    int dr = ((rgb >> 16) & 255) - r, dg = ((rgb >> 8) & 255) - g, db = (rgb & 255) - b;

    return 2 * dr * dr + 4 * dg * dg + 3 * db * db;
}

static int cube_step(int v)
{
    return v < 48 ? 0 : v < 115 ? 1 : (v - 35) / 40;
}

int theme_to_256(int32_t rgb)
{
    static const int level[6] = {0, 95, 135, 175, 215, 255};
    int r = cube_step((rgb >> 16) & 255), g = cube_step((rgb >> 8) & 255), b = cube_step(rgb & 255);
    int mean = (((rgb >> 16) & 255) + ((rgb >> 8) & 255) + (rgb & 255)) / 3;
    int grey = mean < 8 ? 0 : mean > 238 ? 23 : (mean - 3) / 10;

    if (!(rgb & 0x1000000))
        return (int)rgb;
    if (distance(rgb, 8 + 10 * grey, 8 + 10 * grey, 8 + 10 * grey) < distance(rgb, level[r], level[g], level[b]))
        return 232 + grey;
    return 16 + 36 * r + 6 * g + b;
}

/* By hue, not by distance: the sixteen are saturated, so that the nearest one of a soft colour would be a grey. Bits 1, 2, 4 are
 * red, green, blue. */
int theme_to_16(int32_t rgb)
{
    int v[3] = {(rgb >> 16) & 255, (rgb >> 8) & 255, rgb & 255}, max = v[0], min = v[0], color = 0;

    if (!(rgb & 0x1000000))
        return (int)rgb;
    for (int i = 1; i < 3; i++) {
        max = v[i] > max ? v[i] : max;
        min = v[i] < min ? v[i] : min;
    }
    if (max < 88) /* as dark as a background is: its hue would make it a bright one */
        return 0;
    if (max - min < 40) {
        int mean = (v[0] + v[1] + v[2]) / 3;

        return mean < 48 ? 0 : mean < 100 ? 8 : mean < 200 ? 7 : 15;
    }
    for (int i = 0; i < 3; i++) {
        if (v[i] * 100 > min * 100 + (max - min) * 45)
            color |= 1 << i;
    }
    return max > 200 ? color + 8 : color;
}

int theme_to_direct(int32_t color, int n_indexed)
{
    int rgb = (int)(theme_to_rgb(color) & 0xffffff);

    if (color < n_indexed)
        return (int)color;
    return rgb < n_indexed ? n_indexed : rgb;
}
