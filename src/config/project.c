/* config/project.c: lockstep.conf read into its table of keys. */
#include <config.h>

#include "config/diff_keys.h"
#include "config/index_keys.h"
#include "config/project.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"
#include "lockstep/base/secret.h"
#include "lockstep/base/text.h"
#include "lockstep/format/format.h"

#define PROJECT_FILE "lockstep.conf"

enum key_type { KEY_TEXT, KEY_BOOL, KEY_DURATION, KEY_FORMAT };

/* Every key of [project] and [env NAME]; lockstep.conf(5) has a line for each. */
static const struct key_def {
    const char *name;
    enum key_type type;
    size_t offset; /* in struct config_env */
} key_defs[] = {
    {"url", KEY_TEXT, offsetof(struct config_env, url)},
    {"url_env", KEY_TEXT, offsetof(struct config_env, url_env)},
    {"migrations", KEY_TEXT, offsetof(struct config_env, migrations)},
    {"format", KEY_FORMAT, offsetof(struct config_env, format)},
    {"theme", KEY_TEXT, offsetof(struct config_env, theme)},
    {"ledger_table", KEY_TEXT, offsetof(struct config_env, ledger_table)},
    {"tool", KEY_TEXT, offsetof(struct config_env, tool)},
    {"backup_dir", KEY_TEXT, offsetof(struct config_env, backup_dir)},
    {"protected", KEY_BOOL, offsetof(struct config_env, protected_)},
    {"journal", KEY_BOOL, offsetof(struct config_env, journal)},
    {"pooled", KEY_BOOL, offsetof(struct config_env, pooled)},
    {"scratch", KEY_BOOL, offsetof(struct config_env, scratch)},
    {"lock_timeout", KEY_DURATION, offsetof(struct config_env, lock_timeout_ms)},
    {"statement_timeout", KEY_DURATION, offsetof(struct config_env, statement_timeout_ms)},
    {"lock_wait", KEY_DURATION, offsetof(struct config_env, lock_wait_ms)},
    {"busy_timeout", KEY_DURATION, offsetof(struct config_env, busy_timeout_ms)},
    {"connect_timeout", KEY_DURATION, offsetof(struct config_env, connect_timeout_ms)},
    {"standbys", KEY_TEXT, offsetof(struct config_env, standbys)},
};
#define DEFAULT_ENV_KEY "default_env" /* [project] only */

static void env_init(struct config_env *e)
{
    memset(e, 0, sizeof(*e));
    e->protected_ = e->journal = e->pooled = e->scratch = -1;
    e->lock_timeout_ms = e->statement_timeout_ms = e->lock_wait_ms = e->busy_timeout_ms = e->connect_timeout_ms = -1;
}

/* "FILE:LINE: " in front of what is set already, or of a new message. */
static enum ls_rc at_line(struct ls_err *err, const char *path, int line)
{
    ls_err_wrap(err, "%s:%d", path, line);
    if (err)
        err->line = line;
    return err && err->code != LS_OK ? err->code : LS_E_INPUT;
}

static void suggest(struct ls_buf *b, const char *word, const char *const *words, size_t n)
{
    const char *near = ls_nearest_word(word, words, n);

    if (near)
        ls_buf_addf(b, "; did you mean '%s'?", near);
}

static enum ls_rc unknown_key(const struct ini_entry *e, const char *path, bool is_project, struct ls_err *err)
{
    const char *words[LS_ARRAY_LEN(key_defs) + 1];
    size_t n = 0;
    struct ls_buf b = LS_BUF_INIT;

    for (size_t i = 0; i < LS_ARRAY_LEN(key_defs); i++)
        words[n++] = key_defs[i].name;
    if (is_project)
        words[n++] = DEFAULT_ENV_KEY;
    ls_buf_addf(&b, "unknown key '%s' in [%s]", e->key, e->section);
    suggest(&b, e->key, words, n);
    (void)ls_err_set(err, LS_E_INPUT, "%s", b.ptr);
    ls_buf_release(&b);
    (void)at_line(err, path, e->line);
    return LS_E_INPUT;
}

static enum ls_rc set_bool(const struct ini_entry *e, int *out, struct ls_err *err)
{
    static const char *const yes[] = {"yes", "true", "on", "1"};
    static const char *const no[] = {"no", "false", "off", "0"};

    for (size_t i = 0; i < LS_ARRAY_LEN(yes); i++) {
        if (strcmp(e->value, yes[i]) == 0 || strcmp(e->value, no[i]) == 0) {
            *out = strcmp(e->value, yes[i]) == 0;
            return LS_OK;
        }
    }
    return ls_err_set(err, LS_E_INPUT, "'%s' for %s is neither yes nor no", e->value, e->key);
}

/* The registry is known here, so a misspelt name is told where it stands, and not by the command that meets it first. */
static enum ls_rc check_format(const struct ini_entry *e, struct ls_err *err)
{
    const struct ls_format *const *all;
    struct ls_buf b = LS_BUF_INIT;
    size_t n;

    if (ls_format_find(e->value))
        return LS_OK;
    all = ls_formats(&n);
    const char **names = ls_calloc(n + 1, sizeof(*names));
    for (size_t i = 0; i < n; i++)
        names[i] = all[i]->name;
    ls_buf_addf(&b, "there is no format '%s'", e->value);
    suggest(&b, e->value, names, n);
    (void)ls_err_set(err, LS_E_INPUT, "%s", b.ptr);
    ls_err_hint(err, "`lockstep formats` lists them");
    ls_buf_release(&b);
    free(names);
    return LS_E_INPUT;
}

static enum ls_rc set_key(struct config_project *p, struct config_env *env, const struct ini_entry *e, bool is_project, struct ls_err *err)
{
    enum ls_rc rc = LS_OK;

    if (is_project && strcmp(e->key, DEFAULT_ENV_KEY) == 0) {
        p->default_env = ls_arena_str(p->arena, e->value);
        p->default_env_line = e->line;
        return LS_OK;
    }
    const struct key_def *def = NULL;
    for (size_t i = 0; i < LS_ARRAY_LEN(key_defs) && !def; i++) {
        if (strcmp(e->key, key_defs[i].name) == 0)
            def = &key_defs[i];
    }
    if (!def)
        return unknown_key(e, p->path, is_project, err);
    void *slot = (char *)env + def->offset;
    if (!*e->value)
        rc = ls_err_set(err, LS_E_INPUT, "%s has no value; leave the line out to have the default", e->key);
    else if (def->type == KEY_FORMAT)
        rc = check_format(e, err);
    if (rc == LS_OK && (def->type == KEY_TEXT || def->type == KEY_FORMAT))
        *(const char **)slot = ls_arena_str(p->arena, e->value);
    else if (rc == LS_OK && def->type == KEY_BOOL)
        rc = set_bool(e, slot, err);
    else if (rc == LS_OK)
        rc = config_parse_duration(e->value, slot, err);
    if (strcmp(e->key, "theme") == 0)
        env->theme_line = e->line;
    return rc == LS_OK ? LS_OK : at_line(err, p->path, e->line);
}

/* The environment that a section fills, made when it is new. NULL and err for a section that means nothing here. */
static struct config_env *section_env(struct config_project *p, const struct ini_entry *e, struct ls_err *err)
{
    static const char *const words[] = {"project", "env", "scratch", "diff", "index"};
    struct ls_buf b = LS_BUF_INIT;

    if (strcmp(e->section, "project") == 0)
        return &p->base;
    if (strncmp(e->section, "env ", 4) == 0) {
        const char *name = e->section + 4;

        for (size_t i = 0; i < p->envs.n; i++) {
            if (strcmp(p->envs.v[i].name, name) == 0)
                return &p->envs.v[i];
        }
        struct config_env *env = LS_VEC_PUSH(&p->envs);
        env_init(env);
        env->name = ls_arena_str(p->arena, name);
        env->line = e->line;
        return env;
    }
    if (!*e->section) {
        ls_buf_addf(&b, "'%s' stands before the first section; put [project] above it", e->key);
    } else if (strcmp(e->section, "env") == 0) {
        ls_buf_adds(&b, "the section [env] lacks a name; write [env production]");
    } else {
        char word[64];
        (void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(e->section, " :."), e->section);
        ls_buf_addf(&b, "unknown section [%s]; there are [project], [env NAME], [scratch], [diff] and [index]", e->section);
        suggest(&b, word, words, LS_ARRAY_LEN(words));
    }
    (void)ls_err_set(err, LS_E_INPUT, "%s", b.ptr);
    ls_buf_release(&b);
    (void)at_line(err, p->path, e->line);
    return NULL;
}

static enum ls_rc check_repeated(const struct ini_file *f, size_t i, struct ls_err *err)
{
    const struct ini_entry *e = &f->e.v[i];

    for (size_t j = 0; j < i; j++) {
        const struct ini_entry *before = &f->e.v[j];

        if (strcmp(before->key, e->key) == 0 && strcmp(before->section, e->section) == 0) {
            (void)ls_err_set(err, LS_E_INPUT, "%s is set twice in [%s]; the first time on line %d", e->key, e->section, before->line);
            return at_line(err, f->path, e->line);
        }
    }
    return LS_OK;
}

/* A password in a file that others can read is as good as published. */
static enum ls_rc check_mode(const struct config_project *p, struct ls_err *err)
{
    struct stat st;
    bool secret = ls_redact_hides(p->base.url) || ls_redact_hides(p->scratch_url) || ls_redact_hides(p->base.standbys);
    int line = 0;

    for (size_t i = 0; i < p->envs.n; i++) {
        if (!secret && (ls_redact_hides(p->envs.v[i].url) || ls_redact_hides(p->envs.v[i].standbys))) {
            secret = true;
            line = p->envs.v[i].line;
        }
    }
    if (secret)
        ls_secret_seen();
    if (!secret || stat(p->path, &st) != 0 || (st.st_mode & (S_IRGRP | S_IROTH)) == 0)
        return LS_OK;
    (void)ls_err_set(err, LS_E_REFUSED, "%s holds a password and can be read by others (mode %03o)", p->path, (unsigned)(st.st_mode & 0777));
    if (err)
        err->line = line;
    ls_err_hint(err, "chmod 600 %s, or take the password out of it: name an environment variable with url_env, or use ~/.pgpass", p->path);
    return LS_E_REFUSED;
}

/* Goes upward from the current folder; stops below a repository's root or the file system's. NULL: none. Caller frees. */
static char *find_upward(void)
{
    struct ls_buf up = LS_BUF_INIT;
    struct stat here, above;
    char *found = NULL;

    for (int depth = 0; depth < 64 && !found; depth++) {
        char *file = ls_asprintf("%s" PROJECT_FILE, up.ptr);
        char *git = ls_asprintf("%s.git", up.ptr);
        bool is_root = ls_path_exists(git);

        if (ls_path_kind(file) != LS_PATH_NONE)
            found = file;
        else
            free(file);
        free(git);
        if (found || is_root || stat(up.len > 0 ? up.ptr : ".", &here) != 0)
            break;
        ls_buf_adds(&up, "../");
        if (stat(up.ptr, &above) != 0 || (above.st_dev == here.st_dev && above.st_ino == here.st_ino))
            break;
    }
    ls_buf_release(&up);
    return found;
}

static const char *folder_of(struct ls_arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return ".";
    return slash == path ? "/" : ls_arena_strn(a, path, (size_t)(slash - path));
}

static enum ls_rc check_default_env(const struct config_project *p, struct ls_err *err)
{
    if (!p->default_env)
        return LS_OK;
    const char **names = ls_calloc(p->envs.n + 1, sizeof(*names));
    struct ls_buf b = LS_BUF_INIT;
    bool is_there = false;

    for (size_t i = 0; i < p->envs.n; i++) {
        names[i] = p->envs.v[i].name;
        is_there = is_there || strcmp(names[i], p->default_env) == 0;
    }
    if (!is_there) {
        ls_buf_addf(&b, "default_env names '%s', and there is no [env %s]", p->default_env, p->default_env);
        suggest(&b, p->default_env, names, p->envs.n);
        (void)ls_err_set(err, LS_E_INPUT, "%s", b.ptr);
        (void)at_line(err, p->path, p->default_env_line);
    }
    ls_buf_release(&b);
    free(names);
    return is_there ? LS_OK : LS_E_INPUT;
}

enum ls_rc config_project_load(const char *path, struct config_project *out, struct ls_err *err)
{
    struct ini_file file = {0};
    char *found = !path ? find_upward() : ls_path_kind(path) == LS_PATH_DIR ? ls_path_join(path, PROJECT_FILE) : ls_strdup(path);
    enum ls_rc rc = LS_OK;

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    out->dir = ".";
    env_init(&out->base);
    if (!found)
        return LS_OK;
    out->path = ls_arena_str(out->arena, found);
    out->dir = folder_of(out->arena, found);
    rc = ini_parse_file_at(found, 0, &file, err);
    for (size_t i = 0; rc == LS_OK && i < file.e.n; i++) {
        const struct ini_entry *e = &file.e.v[i];

        if (config_is_diff_section(e->section)) {
            rc = strcmp(e->section, "scratch") == 0 ? check_repeated(&file, i, err) : LS_OK;
            if (rc == LS_OK)
                rc = config_set_diff_key(out, e, err);
            if (rc != LS_OK && err && err->line == 0)
                rc = at_line(err, out->path, e->line);
            continue;
        }
        if (config_is_index_section(e->section)) {
            rc = strcmp(e->key, "ignore") != 0 ? check_repeated(&file, i, err) : LS_OK;
            if (rc == LS_OK)
                rc = config_set_index_key(out, e, err);
            if (rc != LS_OK && err && err->line == 0)
                rc = at_line(err, out->path, e->line);
            continue;
        }
        struct config_env *env = section_env(out, e, err);

        rc = env ? check_repeated(&file, i, err) : LS_E_INPUT;
        if (rc == LS_OK)
            rc = set_key(out, env, e, env == &out->base, err);
    }
    if (rc == LS_OK)
        rc = check_default_env(out, err);
    if (rc == LS_OK)
        rc = check_mode(out, err);
    ini_release(&file);
    free(found);
    if (rc != LS_OK)
        config_project_release(out);
    return rc;
}

void config_project_release(struct config_project *p)
{
    LS_VEC_RELEASE(&p->envs);
    LS_VEC_RELEASE(&p->ignore);
    LS_VEC_RELEASE(&p->renames);
    LS_VEC_RELEASE(&p->index_ignores);
    ls_arena_free(p->arena);
    memset(p, 0, sizeof(*p));
}
