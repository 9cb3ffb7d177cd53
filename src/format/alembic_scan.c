/* The folder of revision files, and what stops alembic from running there. */
#include <config.h>

#include "format/alembic.h"

#include <string.h>

#include "format/scan.h"
#include "format/section.h"
#include "format/tree.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"

#define READ_MAX ((size_t)4 * 1024 * 1024) /* a revision file is smaller by far; what is not, is none */

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n > m && strcmp(name + n - m, end) == 0;
}

/* Source: script/base.py _only_source_rev_file. */
static bool is_revision_file(const char *name)
{
    return ends_with(name, ".py") && strncmp(name, ".#", 2) != 0 && strncmp(name, "__init__", 8) != 0;
}

/* --- telling the tool -------------------------------------------------------------------------------------- */

static bool is_parent_line(struct ls_str line)
{
    return ls_str_starts(ls_str_skip_blanks(line), "down_revision", NULL);
}

static bool has_parent_line(const char *text, size_t len)
{
    struct ls_line line = {0};

    while (ls_line_next(text, len, &line))
        if (is_parent_line(line.text))
            return true;
    return false;
}

/* How many revision files are in a folder; *example one that says down_revision, of the newest few by name. */
static size_t count_in(const char *path, char example[100])
{
    struct ls_dir dir = {0};
    size_t n = 0, n_read = 0;

    example[0] = '\0';
    if (ls_path_kind(path) == LS_PATH_DIR && ls_dir_list(path, &dir, NULL) == LS_OK)
        for (size_t i = dir.e.n; i-- > 0;) {
            char *file = ls_path_join(path, dir.e.v[i].name);
            struct ls_buf b = LS_BUF_INIT;

            if (!dir.e.v[i].is_dir && is_revision_file(dir.e.v[i].name)) {
                n++;
                if (example[0] == '\0' && n_read++ < 3 && ls_file_read(file, 0, READ_MAX, &b, NULL) == LS_OK &&
                    has_parent_line(b.ptr, b.len))
                    snprintf(example, 100, "%s", dir.e.v[i].name);
            }
            ls_buf_release(&b);
            free(file);
        }
    ls_dir_release(&dir);
    return n;
}

static bool has_entry(const struct ls_dir *dir, const char *name, bool is_dir)
{
    for (size_t i = 0; i < dir->e.n; i++)
        if (dir->e.v[i].is_dir == is_dir && strcmp(dir->e.v[i].name, name) == 0)
            return true;
    return false;
}

static void evidence(struct ls_detect *out, int score, size_t n, const char *example)
{
    out->score = score;
    out->n_migrations = n;
    snprintf(out->evidence, sizeof(out->evidence), "%zu file%s like %.80s; \"down_revision\" in it", n, n == 1 ? "" : "s", example);
}

/* A folder with alembic.ini or [tool.alembic]: where that leads. */
static void detect_settings(const char *path, struct ls_detect *out)
{
    struct ls_arena *arena = ls_arena_new();
    struct ls_alembic_conf c;
    char example[100];

    ls_alembic_conf_read(arena, path, &c);
    if (c.path != NULL) {
        out->score = 95;
        for (size_t i = 0; c.versions[i] != NULL; i++)
            out->n_migrations += count_in(c.versions[i], example);
        snprintf(out->evidence, sizeof(out->evidence), "a file %s with script_location", ls_path_base(c.path));
    }
    ls_arena_free(arena);
}

void ls_alembic_detect(const char *path, const struct ls_dir *dir, struct ls_detect *out)
{
    char *versions = ls_path_join(path, "versions");
    char example[100];
    size_t n;

    memset(out, 0, sizeof(*out));
    n = has_entry(dir, "versions", true) ? count_in(versions, example) : 0;
    if (n > 0 && example[0] != '\0') {
        evidence(out, 100, n, example);
    } else if (has_entry(dir, "alembic.ini", false) || has_entry(dir, "pyproject.toml", false)) {
        detect_settings(path, out);
    } else {
        bool any = false;

        for (size_t i = 0; i < dir->e.n; i++)
            any = any || (!dir->e.v[i].is_dir && is_revision_file(dir->e.v[i].name));
        n = any ? count_in(path, example) : 0;
        if (n > 0 && example[0] != '\0')
            evidence(out, 95, n, example);
    }
    free(versions);
}

/* --- one file ---------------------------------------------------------------------------------------------- */

struct scanner {
    struct ls_migrations *out;
    enum ls_dialect dialect;
    bool need_hash;
    struct ls_buf text; /* of the file at hand */
    LS_VEC(int) lines;  /* of each migration's down_revision */
};

static struct ls_diag *complain(struct scanner *s, const char *code, const char *path, int line, const char *text)
{
    struct ls_diag *d = ls_scan_diag(s->out, LS_SEV_ERROR, code, path, "%s", text);

    d->line = line;
    return d;
}

static const char *first_line(struct ls_arena *arena, const char *doc)
{
    size_t n;

    if (doc == NULL)
        return NULL;
    doc += strspn(doc, " \t\n\r");
    n = strcspn(doc, "\n");
    while (n > 0 && strchr(" \t\r", doc[n - 1]) != NULL)
        n--;
    return n > 0 ? ls_arena_strn(arena, doc, n) : NULL;
}

/* "Create Date: 2018-03-31 10:44:26.533395" as 2018-03-31T10:44:26, with a zone where there is one. */
static const char *created_at(struct ls_arena *arena, const char *doc)
{
    const char *p = doc != NULL ? strstr(doc, "Create Date:") : NULL, *zone;
    static const char shape[] = "dddd-dd-dd dd:dd:dd";

    if (p == NULL)
        return NULL;
    p += strlen("Create Date:");
    p += strspn(p, " \t");
    for (size_t i = 0; i < sizeof(shape) - 1; i++)
        if (shape[i] == 'd' ? p[i] < '0' || p[i] > '9' : p[i] != shape[i] && !(shape[i] == ' ' && p[i] == 'T'))
            return NULL;
    zone = p + sizeof(shape) - 1;
    zone += *zone == '.' ? 1 + strspn(zone + 1, "0123456789") : 0;
    return ls_arena_printf(arena, "%.10sT%.8s%.*s", p, p + 11, *zone == '+' || *zone == '-' ? (int)strcspn(zone, " \t\r\n") : 0,
                           zone);
}

static const char *stem_of(struct ls_arena *arena, const char *path)
{
    const char *base = ls_path_base(path);

    return ls_arena_strn(arena, base, strlen(base) - 3);
}

/* Before version 0.2 the file's name was the id: ([a-f0-9]+)\.py. */
static bool is_old_name(const char *stem)
{
    return stem[0] != '\0' && strspn(stem, "abcdef0123456789") == strlen(stem);
}

static void tell_other(struct scanner *s, struct ls_migration *m, const char *name, const struct ls_py_value *v)
{
    if (v->kind != LS_PY_OTHER)
        return;
    m->flags |= LS_MIG_UNPARSED;
    complain(s, "header-not-literal", m->up.path, v->line,
             ls_arena_printf(s->out->arena, "%s cannot be read without running Python: %s", name, v->why))
        ->hint = "write it as a literal: a text, a tuple of texts, or None";
}

static const char *const *texts_of(const struct ls_py_value *v)
{
    return (v->kind == LS_PY_TEXT || v->kind == LS_PY_LIST) && v->n > 0 && v->v[0][0] != '\0' ? v->v : NULL;
}

/* The ledger's key. Where nobody knows it, alembic fails: the file stands there by its name. */
static void set_id(struct scanner *s, struct ls_migration *m, const struct ls_alembic_header *h)
{
    const char *stem = stem_of(s->out->arena, m->up.path);
    struct ls_diag *d;

    m->id = m->label = stem;
    if (h->revision.kind == LS_PY_TEXT && h->revision.v[0][0] != '\0') {
        m->id = m->label = h->revision.v[0];
    } else if (h->revision.kind == LS_PY_OTHER) {
        tell_other(s, m, "revision", &h->revision);
    } else if (h->revision.kind != LS_PY_ABSENT || !is_old_name(stem)) {
        m->flags |= LS_MIG_BROKEN;
        complain(s, "no-revision", m->up.path, h->revision.line, "the file sets no `revision`: alembic fails with every command")
            ->hint = "what is no revision does not belong into this folder";
        return;
    }
    if (strpbrk(m->id, "@-+:") != NULL && (m->flags & LS_MIG_UNPARSED) == 0) {
        m->flags |= LS_MIG_BROKEN;
        d = complain(s, "bad-revision-id", m->up.path, h->revision.line,
                     "a revision id must have none of @ - + : in it: alembic fails with every command");
        d->version = m->label;
    }
    if (strlen(m->id) > 32) {
        d = complain(s, "long-revision-id", m->up.path, h->revision.line,
                     "the id is longer than the 32 characters that alembic_version holds");
        d->severity = LS_SEV_WARNING;
        d->version = m->label;
    }
}

static void set_parents(struct scanner *s, struct ls_migration *m, const struct ls_alembic_header *h)
{
    if (h->down_revision.kind == LS_PY_ABSENT) {
        m->flags |= LS_MIG_BROKEN;
        complain(s, "no-down-revision", m->up.path, 0, "the file sets no `down_revision`: alembic fails with every command")->hint =
            "a first revision has down_revision = None";
    }
    tell_other(s, m, "down_revision", &h->down_revision);
    tell_other(s, m, "branch_labels", &h->branch_labels);
    tell_other(s, m, "depends_on", &h->depends_on);
    m->parents = texts_of(&h->down_revision);
    m->labels = texts_of(&h->branch_labels);
    m->depends = texts_of(&h->depends_on);
}

static void read_header(struct scanner *s, const char *path, const struct ls_buf *text)
{
    struct ls_alembic_header h;
    struct ls_migration m = {.name = "", .lang = LS_LANG_CODE};
    bool is_complete;

    ls_alembic_parse(s->out->arena, text->ptr, text->len, &h);
    m.up.path = path;
    m.up.policy = s->dialect == LS_DIALECT_POSTGRES ? LS_POLICY_TX : LS_POLICY_NO_TX;
    if (s->need_hash)
        ls_sha256_hex(text->ptr, text->len, m.up.sha256);
    if (h.has_downgrade)
        m.down = m.up;
    is_complete = h.revision.kind == LS_PY_TEXT && h.down_revision.kind != LS_PY_ABSENT && h.down_revision.kind != LS_PY_OTHER;
    if (h.error != NULL && !is_complete) {
        m.flags |= LS_MIG_UNPARSED;
        complain(s, "not-python", path, h.error_line, h.error);
    }
    set_id(s, &m, &h);
    if (h.error == NULL || is_complete)
        set_parents(s, &m, &h);
    m.name = first_line(s->out->arena, h.doc);
    if (m.name == NULL) {
        const char *stem = stem_of(s->out->arena, path), *rest = strchr(stem, '_');

        m.name = rest != NULL ? rest + 1 : stem;
    }
    m.authored_at = created_at(s->out->arena, h.doc);
    *LS_VEC_PUSH(&s->out->m) = m;
    *LS_VEC_PUSH(&s->lines) = h.down_revision.line;
}

static void read_file(struct scanner *s, const char *path)
{
    struct ls_err err = LS_ERR_INIT;
    size_t bad;

    ls_buf_clear(&s->text);
    if (ls_file_read(path, 0, READ_MAX, &s->text, &err) != LS_OK)
        complain(s, "unreadable-file", path, 0, err.message);
    else if (s->text.len > 0 && !ls_utf8_valid(s->text.ptr, s->text.len, &bad) &&
             memmem(s->text.ptr, s->text.len < 200 ? s->text.len : 200, "coding", 6) == NULL)
        complain(s, "not-utf8", path, 0, "the file is not UTF-8 and does not say what else it is: Python refuses it");
    else
        read_header(s, path, &s->text);
    ls_err_release(&err);
}

static const char *path_in(struct ls_arena *arena, const char *dir, const char *name)
{
    size_t n = strlen(dir);

    if (n == 0 || strcmp(dir, ".") == 0)
        return ls_arena_str(arena, name);
    return dir[n - 1] == '/' ? ls_arena_printf(arena, "%s%s", dir, name) : ls_arena_path(arena, dir, name);
}

static enum ls_rc read_folder(struct scanner *s, const char *dir, bool is_recursive, int depth, struct ls_err *err)
{
    struct ls_dir list = {0};
    enum ls_rc rc = ls_dir_list(dir, &list, err);

    for (size_t i = 0; rc == LS_OK && i < list.e.n; i++) {
        const struct ls_dirent *e = &list.e.v[i];
        const char *path = path_in(s->out->arena, dir, e->name);

        if (e->is_dir && is_recursive && depth < 16 && !e->is_link && strcmp(e->name, "__pycache__") != 0)
            rc = read_folder(s, path, true, depth + 1, err);
        else if (!e->is_dir && is_revision_file(e->name) && ls_scan_may_open(s->out, e, path))
            read_file(s, path);
    }
    ls_dir_release(&list);
    return rc;
}

/* --- what stops alembic ------------------------------------------------------------------------------------ */

/* What comes with Python and alembic, as far as env.py files use it; anything else is asked for in the project's folders. */
static const char *const known_modules[] = {
    "__future__", "alembic",   "asyncio", "collections", "configparser", "contextlib", "datetime", "dotenv",
    "functools",  "importlib", "inspect", "io",          "itertools",    "json",       "logging",  "os",
    "pathlib",    "re",        "shutil",  "sqlalchemy",  "sqlmodel",     "ssl",        "string",   "subprocess",
    "sys",        "tempfile",  "time",    "types",       "typing",       "urllib",     "uuid",     "warnings"};

static bool is_known_module(const char *name)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(known_modules); i++)
        if (strcmp(name, known_modules[i]) == 0)
            return true;
    return false;
}

static bool is_module_in(const char *dir, const char *name)
{
    char *folder = ls_path_join(dir, name), *file = ls_asprintf("%s.py", folder);
    bool is_there = ls_path_kind(folder) == LS_PATH_DIR || ls_path_kind(file) == LS_PATH_FILE;

    free(folder);
    free(file);
    return is_there;
}

static bool is_name_byte(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Imports at the top level of env.py whose modules are neither known nor in the project: alembic runs only where they are
 * installed. */
static void check_imports(struct ls_migrations *out, const struct ls_alembic_conf *c)
{
    struct ls_buf names = LS_BUF_INIT;
    struct ls_line line = {0};
    int at = 0;

    while (ls_line_next(c->env_text, strlen(c->env_text), &line)) {
        struct ls_str rest;
        size_t n = 0;

        if (!ls_str_starts(line.text, "from ", &rest) && !ls_str_starts(line.text, "import ", &rest))
            continue;
        rest = ls_str_skip_blanks(rest);
        while (n < rest.len && is_name_byte(rest.ptr[n]))
            n++;
        const char *name = ls_arena_strn(out->arena, rest.ptr, n);
        if (n == 0 || is_known_module(name) || is_module_in(c->dir, name) || is_module_in(c->script_dir, name) ||
            (names.len > 0 && strstr(names.ptr, name) != NULL))
            continue;
        ls_buf_addf(&names, "%s%s", names.len > 0 ? ", " : "", name);
        at = at == 0 ? line.no : at;
    }
    if (names.len > 0) {
        struct ls_diag *d =
            ls_scan_diag(out, LS_SEV_INFO, "env-imports", c->env_path,
                         "it imports %s, not found in %s: alembic runs only where that is installed", names.ptr, c->dir);
        d->line = at;
    }
    ls_buf_release(&names);
}

static void check_tool(struct ls_migrations *out, const struct ls_alembic_conf *c)
{
    if (c->path == NULL)
        ls_scan_diag(out, LS_SEV_WARNING, "no-settings", c->script_dir,
                     "no alembic.ini and no [tool.alembic] leads here: alembic itself cannot be run")
            ->hint = "it is usually in the folder above; alembic_version is taken for its ledger";
    else if (c->said_location != NULL && ls_path_kind(c->said_location) != LS_PATH_DIR)
        ls_scan_diag(out, LS_SEV_WARNING, "script-location", c->path,
                     "script_location leads to %s, which is not there: alembic itself cannot be run from %s", c->said_location,
                     c->dir);
    if (c->env_text == NULL)
        ls_scan_diag(out, LS_SEV_WARNING, "no-env", c->env_path,
                     "there is no env.py that can be read: alembic itself cannot be run");
    else
        check_imports(out, c);
    if (c->table_is_code)
        ls_scan_diag(out, LS_SEV_WARNING, "version-table", c->env_path,
                     "it computes the name of the version table, which is not known here")
            ->hint = "name it: --ledger-table NAME, or ledger_table = NAME in lockstep.conf";
}

enum ls_rc ls_alembic_scan(const char *dir, enum ls_dialect dialect, bool need_hash, struct ls_migrations *out, struct ls_err *err)
{
    struct scanner s = {.out = out, .dialect = dialect, .need_hash = need_hash, .text = LS_BUF_INIT};
    struct ls_alembic_conf c;
    enum ls_rc rc = LS_OK;
    bool any = false;

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    out->dir = ls_arena_str(out->arena, dir);
    if (ls_path_kind(dir) != LS_PATH_DIR)
        return ls_err_set(err, LS_E_NOT_FOUND, "%s is no folder", dir);
    ls_alembic_conf_read(out->arena, dir, &c);
    for (size_t i = 0; rc == LS_OK && c.versions[i] != NULL; i++) {
        if (ls_path_kind(c.versions[i]) != LS_PATH_DIR)
            continue;
        any = true;
        rc = read_folder(&s, c.versions[i], c.is_recursive, 0, err);
    }
    if (!any)
        ls_scan_diag(out, LS_SEV_WARNING, "no-versions", c.versions[0], "there is no such folder: alembic finds no revisions");
    if (rc == LS_OK) {
        check_tool(out, &c);
        ls_alembic_graph(out, s.lines.v);
    }
    ls_buf_release(&s.text);
    LS_VEC_RELEASE(&s.lines);
    return rc;
}
