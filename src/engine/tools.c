#include <config.h>

#include "engine/tools.h"

#include <glob.h>
#include <limits.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/child.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/vec.h"
#include "lockstep/engine/backup.h"

/* Set once by main() before any thread starts, and only read after that. */
static char *tools_path_list;
static char *tools_home;
static const char *const *tools_environment;

/* Where packages put the programs: Debian, Red Hat, source builds, others. */
static const char *const usual_folders[] = {"/usr/lib/postgresql/*/bin",
                                            "/usr/pgsql-*/bin",
                                            "/usr/local/pgsql/bin",
                                            "/usr/local/bin",
                                            "/usr/bin",
                                            "/usr/lib/postgresql*/bin",
                                            "/opt/local/lib/postgresql*/bin"};

typedef LS_VEC(char *) paths;

void ls_tools_init(const char *path_list, const char *home)
{
    free(tools_path_list);
    free(tools_home);
    tools_path_list = ls_strdup(path_list);
    tools_home = ls_strdup(home);
}

void ls_tools_init_environment(const char *const *environment)
{
    tools_environment = environment;
}

const char *const *ls_tools_environment(void)
{
    return tools_environment;
}

const char *ls_tools_path_list(void)
{
    return tools_path_list != NULL ? tools_path_list : "";
}

const char *ls_tools_home(void)
{
    static _Thread_local char from_passwd[PATH_MAX];
    char scratch[4096];
    struct passwd pw, *found = NULL;

    if (tools_home != NULL)
        return tools_home;
    if (getpwuid_r(geteuid(), &pw, scratch, sizeof scratch, &found) != 0 || found == NULL || pw.pw_dir == NULL)
        return "/";
    snprintf(from_passwd, sizeof from_passwd, "%s", pw.pw_dir);
    return from_passwd;
}

void ls_tool_release(struct ls_tool *t)
{
    free(t->path);
    free(t->says);
    *t = (struct ls_tool){0};
}

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool ls_tools_is_program(const char *path)
{
    return is_program(path);
}

char *ls_tools_in_path(const char *name)
{
    const char *p = ls_tools_path_list();

    while (*p != '\0') {
        size_t len = strcspn(p, ":");
        char *path = p[0] == '/' ? ls_asprintf("%.*s/%s", (int)len, p, name) : NULL;

        if (path != NULL && is_program(path))
            return path;
        free(path);
        p += len + (p[len] == ':');
    }
    return NULL;
}

/* Adds DIR/NAME when it is a program that is not in the list yet. */
static void add_candidate(paths *list, const char *dir, size_t dir_len, const char *name)
{
    char resolved[PATH_MAX];
    char *path;

    if (dir_len == 0 || dir[0] != '/') /* a relative PATH entry would run what lies in the folder we were started in */
        return;
    path = ls_asprintf("%.*s/%s", (int)dir_len, dir, name);
    if (is_program(path) && realpath(path, resolved) != NULL && strcmp(ls_path_base(resolved), "pg_wrapper") != 0) {
        bool known = false;

        for (size_t i = 0; i < list->n; i++)
            known = known || strcmp(list->v[i], resolved) == 0;
        if (!known)
            *LS_VEC_PUSH(list) = ls_strdup(resolved);
    }
    free(path);
}

static void add_from_path(paths *list, const char *name)
{
    const char *p = ls_tools_path_list();

    while (*p != '\0') {
        size_t len = strcspn(p, ":");

        add_candidate(list, p, len, name);
        p += len + (p[len] == ':');
    }
}

static void add_from_usual_folders(paths *list, const char *name)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(usual_folders); i++) {
        glob_t g;

        if (glob(usual_folders[i], GLOB_ONLYDIR, NULL, &g) == 0)
            for (size_t k = 0; k < g.gl_pathc; k++)
                add_candidate(list, g.gl_pathv[k], strlen(g.gl_pathv[k]), name);
        globfree(&g);
    }
}

static void add_from_pg_config(paths *list, const char *name)
{
    paths configs = {0};

    add_from_path(&configs, "pg_config");
    for (size_t i = 0; i < configs.n; i++) {
        const char *const argv[] = {"pg_config", "--bindir", NULL};
        struct ls_child c = {.path = configs.v[i], .argv = argv, .capture = true};
        struct ls_child_result r;

        if (ls_child_run(&c, &r, NULL) == LS_OK)
            add_candidate(list, r.out.ptr, strcspn(r.out.ptr, "\n"), name);
        ls_child_result_release(&r);
        free(configs.v[i]);
    }
    LS_VEC_RELEASE(&configs);
}

/* "pg_dump (PostgreSQL) 15.20 (Debian ...)", "... 17beta1", "... 9.6.24": as server_version_num, 0 when it is none of these. */
static int parse_version(const char *text)
{
    const char *p = strstr(text, "(PostgreSQL) ");
    long major, minor = 0;
    char *end;

    if (p == NULL)
        return 0;
    major = strtol(p + strlen("(PostgreSQL) "), &end, 10);
    if (*end == '.')
        minor = strtol(end + 1, &end, 10);
    if (major < 1 || major > 999 || minor < 0 || minor > 9999)
        return 0;
    return (int)(major < 10 ? major * 10000 + minor * 100 : major * 10000 + minor);
}

/* False when it does not run or does not say its version. */
static bool ask_version(const char *name, const char *path, struct ls_tool *out)
{
    const char *const argv[] = {name, "--version", NULL};
    struct ls_child c = {.path = path, .argv = argv, .capture = true};
    struct ls_child_result r;
    bool ok = ls_child_run(&c, &r, NULL) == LS_OK;

    /* A ^C meant for us reaches a child that has not left our process group yet: its death then says nothing about the tool. */
    if (!ok) {
        ls_child_result_release(&r);
        ok = ls_child_run(&c, &r, NULL) == LS_OK;
    }
    *out = (struct ls_tool){0};
    if (ok)
        out->version = parse_version(r.out.ptr);
    if (out->version != 0) {
        out->path = ls_strdup(path);
        out->says = ls_strndup(r.out.ptr, strcspn(r.out.ptr, "\n"));
    }
    ls_child_result_release(&r);
    return out->version != 0;
}

/* An older program cannot read a newer server's catalogue; a newer one can, but the closest writes the least that the server does
 * not know. Where no version is asked for the newest is it. */
static bool is_better(const struct ls_tool *a, const struct ls_tool *best, int min_version)
{
    int a_major = a->version / 10000, best_major = best->version / 10000, need = min_version / 10000;

    if (best->path == NULL)
        return true;
    if ((a_major >= need) != (best_major >= need))
        return a_major >= need;
    if (a_major != best_major)
        return need > 0 && a_major >= need ? a_major < best_major : a_major > best_major;
    return a->version > best->version;
}

static enum ls_rc judge(const char *name, const struct ls_tool *best, int min_version, struct ls_err *err)
{
    int need = min_version / 10000;
    enum ls_rc rc;

    if (best->path != NULL && best->version / 10000 >= need)
        return LS_OK;
    if (best->path == NULL)
        rc = ls_err_set(err, LS_E_UNSUPPORTED, "%s was not found", name);
    else
        rc = ls_err_set(err, LS_E_UNSUPPORTED, "%s is version %d, and PostgreSQL %d needs %s %d or newer", best->path,
                        best->version / 10000, need, name, need);
    if (need > 0)
        ls_err_hint(err,
                    "Install PostgreSQL's client programs of version %d or newer (Debian and Ubuntu: postgresql-client-%d), or "
                    "put their folder first in PATH.",
                    need, need);
    else
        ls_err_hint(err,
                    "Install PostgreSQL's client programs (Debian and Ubuntu: postgresql-client), or put their folder first in PATH.");
    return rc;
}

static void choose(const char *name, const paths *list, size_t from, int min_version, struct ls_tool *best)
{
    for (size_t i = from; i < list->n; i++) {
        struct ls_tool t;

        if (!ask_version(name, list->v[i], &t))
            continue;
        if (is_better(&t, best, min_version)) {
            ls_tool_release(best);
            *best = t;
        } else {
            ls_tool_release(&t);
        }
    }
}

static enum ls_rc find_explicit(const char *name, const char *path, int min_version, struct ls_tool *out, struct ls_err *err)
{
    if (path[0] != '/')
        return ls_err_set(err, LS_E_USAGE, "%s: the path of %s must be absolute", path, name);
    if (!is_program(path))
        return ls_err_set(err, LS_E_NOT_FOUND, "%s: no program there (%s was expected)", path, name);
    if (!ask_version(name, path, out))
        return ls_err_set(err, LS_E_UNSUPPORTED, "%s does not say that it is %s of PostgreSQL", path, name);
    return judge(name, out, min_version, err);
}

enum ls_rc ls_tool_find(const char *name, const char *explicit_path, const char *sibling, int min_version, struct ls_tool *out,
                        struct ls_err *err)
{
    paths list = {0};
    enum ls_rc rc;

    *out = (struct ls_tool){0};
    if (explicit_path != NULL) {
        rc = find_explicit(name, explicit_path, min_version, out, err);
        goto out;
    }
    if (sibling != NULL && strrchr(sibling, '/') != NULL)
        add_candidate(&list, sibling, (size_t)(strrchr(sibling, '/') - sibling), name);
    choose(name, &list, 0, min_version, out);
    if (out->path == NULL || out->version / 10000 < min_version / 10000) {
        size_t seen = list.n;

        add_from_path(&list, name);
        add_from_usual_folders(&list, name);
        choose(name, &list, seen, min_version, out);
    }
    if (out->path == NULL || out->version / 10000 < min_version / 10000) {
        size_t seen = list.n;

        add_from_pg_config(&list, name);
        choose(name, &list, seen, min_version, out);
    }
    rc = judge(name, out, min_version, err);
out:
    for (size_t i = 0; i < list.n; i++)
        free(list.v[i]);
    LS_VEC_RELEASE(&list);
    if (rc != LS_OK)
        ls_tool_release(out);
    return rc;
}
