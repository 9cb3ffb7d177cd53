/* tui/action.c: the action table, and the key map made from it and from the user's file. */
#include <config.h>

#include "tui/action.h"

#include <stdlib.h>
#include <string.h>

#include "config/ini.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"
#include "tui/tui.h"

static const struct ui_action_info actions[UI_N_ACTIONS] = {[UI_ACT_NONE] = {"none", "", 0, 0, "", ""},
#define X(id, n, k, c, f, h, t) [UI_ACT_##id] = {n, k, c, f, h, t},
                                                            UI_ACTIONS(X)
#undef X
};

static const char *const context_names[UI_N_CONTEXTS] = {
#define X(e, n) [UI_CX_##e] = n,
    UI_CONTEXTS(X)
#undef X
};

const struct ui_action_info *ui_action_info(enum ui_action a)
{
    return &actions[(unsigned)a < UI_N_ACTIONS ? a : UI_ACT_NONE];
}

const char *ui_context_name(enum ui_context c)
{
    return context_names[c];
}

/* Fills keys[] from words; the first word that is no key ends it and is returned (NULL: all are). */
static char *parse_keys(char *words, ui_key keys[UI_MAX_BINDINGS])
{
    char *rest = words, *word;
    size_t n = 0;

    memset(keys, 0, sizeof(ui_key) * UI_MAX_BINDINGS);
    while ((word = strsep(&rest, " \t"))) {
        if (!*word)
            continue;
        ui_key k = ui_key_parse(word);
        if (k == UI_KEY_NONE || n + 1 >= UI_MAX_BINDINGS)
            return word;
        keys[n++] = k;
    }
    return NULL;
}

void ui_keymap_init(struct ui_keymap *m)
{
    memset(m, 0, sizeof(*m));
    for (int a = 1; a < UI_N_ACTIONS; a++) {
        char *words = ls_strdup(actions[a].keys);

        (void)parse_keys(words, m->keys[a]);
        free(words);
    }
}

enum ui_action ui_keymap_find(const struct ui_keymap *m, enum ui_context c, ui_key k)
{
    if (k == UI_KEY_NONE)
        return UI_ACT_NONE;
    for (int a = 1; a < UI_N_ACTIONS; a++) {
        if (!(actions[a].contexts & (1u << c)))
            continue;
        for (int i = 0; i < UI_MAX_BINDINGS && m->keys[a][i] != UI_KEY_NONE; i++) {
            if (m->keys[a][i] == k)
                return (enum ui_action)a;
        }
    }
    return UI_ACT_NONE;
}

void ui_keymap_keys(const struct ui_keymap *m, enum ui_action a, int max, struct ls_buf *out)
{
    for (int i = 0; i < max && i < UI_MAX_BINDINGS && m->keys[a][i] != UI_KEY_NONE; i++) {
        if (i > 0)
            ls_buf_addc(out, ' ');
        ui_key_name(m->keys[a][i], out);
    }
}

static enum ls_rc apply_entry(const struct ini_file *f, const struct ini_entry *e, struct ui_keymap *m, int lines[UI_N_ACTIONS],
                              struct ls_err *err)
{
    static const char *const sections[] = {"keys"};
    const char *names[UI_N_ACTIONS];

    if (strcmp(e->section, "keys") != 0)
        return ini_fail_word(f, e->line, "section", e->section, sections, 1, err);
    for (int a = 1; a < UI_N_ACTIONS; a++) {
        char *words, *bad;

        names[a - 1] = actions[a].name;
        if (strcmp(actions[a].name, e->key) != 0)
            continue;
        words = ls_strdup(e->value);
        bad = parse_keys(words, m->keys[a]);
        if (bad) {
            (void)ls_err_set(err, LS_E_INPUT, "%s:%d: '%s' is no key", f->path, e->line, bad);
            ls_err_hint(err, "keys are written like: a G C-d F5 Space Enter Esc Tab Up PgDn; at most %d for one action",
                        UI_MAX_BINDINGS - 1);
            if (err)
                err->line = e->line;
        }
        free(words);
        lines[a] = e->line;
        return bad ? LS_E_INPUT : LS_OK;
    }
    return ini_fail_word(f, e->line, "action", e->key, names, UI_N_ACTIONS - 1, err);
}

/* Whether actions a and b share a key in some place. */
static ui_key shared_key(const struct ui_keymap *m, int a, int b)
{
    if (!(actions[a].contexts & actions[b].contexts))
        return UI_KEY_NONE;
    for (int i = 0; i < UI_MAX_BINDINGS && m->keys[a][i] != UI_KEY_NONE; i++) {
        for (int j = 0; j < UI_MAX_BINDINGS && m->keys[b][j] != UI_KEY_NONE; j++) {
            if (m->keys[a][i] == m->keys[b][j])
                return m->keys[a][i];
        }
    }
    return UI_KEY_NONE;
}

static enum ls_rc check_conflicts(const char *path, const struct ui_keymap *m, const int lines[UI_N_ACTIONS], struct ls_err *err)
{
    for (int a = 1; a < UI_N_ACTIONS; a++) {
        for (int b = a + 1; b < UI_N_ACTIONS; b++) {
            ui_key k = shared_key(m, a, b);
            struct ls_buf name = LS_BUF_INIT;

            if (k == UI_KEY_NONE)
                continue;
            ui_key_name(k, &name);
            (void)ls_err_set(err, LS_E_INPUT, "%s:%d: the key %s would mean both '%s' and '%s' in one place", path,
                             lines[a] > lines[b] ? lines[a] : lines[b], name.ptr, actions[a].name, actions[b].name);
            ls_err_hint(err, "give one of them another key; 'lockstep --dump-keys' lists all");
            ls_buf_release(&name);
            return LS_E_INPUT;
        }
    }
    return LS_OK;
}

enum ls_rc ui_keymap_load(struct ui_keymap *m, const char *path, struct ls_err *err)
{
    struct ini_file f = {0};
    struct ui_keymap next = *m;
    int lines[UI_N_ACTIONS] = {0};
    enum ls_rc rc;

    if (!ls_path_exists(path))
        return LS_OK;
    rc = ini_parse_file_at(path, 0, &f, err);
    if (rc != LS_OK)
        return rc;
    for (size_t i = 0; rc == LS_OK && i < f.e.n; i++)
        rc = apply_entry(&f, &f.e.v[i], &next, lines, err);
    if (rc == LS_OK)
        rc = check_conflicts(f.path, &next, lines, err);
    if (rc == LS_OK)
        *m = next;
    ini_release(&f);
    return rc;
}

void tui_dump_actions(FILE *out)
{
    struct ui_keymap m;
    struct ls_buf line = LS_BUF_INIT;

    ui_keymap_init(&m);
    for (int a = 1; a < UI_N_ACTIONS; a++) {
        ls_buf_clear(&line);
        for (int c = 0; c < UI_N_CONTEXTS; c++) {
            if (actions[a].contexts & (1u << c))
                ls_buf_addf(&line, "%s%s", line.len ? "," : "", context_names[c]);
        }
        ls_buf_addc(&line, '\t');
        ui_keymap_keys(&m, (enum ui_action)a, UI_MAX_BINDINGS, &line);
        ls_buf_addf(&line, "\t%s\t%s\n", actions[a].name, actions[a].help);
        fputs(line.ptr, out);
    }
    ls_buf_release(&line);
}
