/* config/resolve.c: which database is meant, and with what settings. The order is that of lockstep.conf(5), section TARGET. */
#include <config.h>

#include "config/project.h"

#include <string.h>

#include "config/borrow.h"
#include "config/dotenv.h"
#include "lockstep/base/buf.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/secret.h"
#include "lockstep/base/text.h"
#include "lockstep/format/format.h"

/* A folder that was not named is taken from this score on ("strong" in struct ls_detect). */
#define SURE_ENOUGH 50

#define UNPOOLED_SUFFIX "_UNPOOLED"

/* What the search for a URL came to. */
struct pick {
    const char *url;
    const char *source;
    const struct config_env *env; /* whose settings apply on top of [project], or NULL */
    bool in_project_dir;          /* a relative SQLite path in it is meant from the project's folder */
};

struct search {
    const struct config_request *req;
    const struct config_project *project;
    struct ls_arena *arena;
    struct config_target *out;
    struct pick pick;
    struct config_borrowed borrowed; /* from the team's own tool */
};

/* Without blanks around it: a secret that was piped into a store of secrets often ends in a newline. NULL: not set, or nothing else. */
static const char *env_get(const struct search *s, const char *name)
{
    static const char blanks[] = " \t\r\n";
    const char *value = s->req->getenv_fn ? s->req->getenv_fn(name) : NULL;
    size_t len;

    if (!value)
        return NULL;
    value += strspn(value, blanks);
    len = strlen(value);
    while (len > 0 && strchr(blanks, value[len - 1]))
        len--;
    if (len == 0)
        return NULL;
    return value[len] ? ls_arena_strn(s->arena, value, len) : value;
}

static const char *project_name(const struct search *s)
{
    return s->project->path ? s->project->path : "lockstep.conf";
}

static void add_note(struct search *s, const char *text)
{
    s->out->note = s->out->note ? ls_arena_printf(s->arena, "%s\n%s", s->out->note, text) : text;
}

static const struct config_env *find_env(const struct config_project *p, const char *name)
{
    for (size_t i = 0; i < p->envs.n; i++) {
        if (strcmp(p->envs.v[i].name, name) == 0)
            return &p->envs.v[i];
    }
    return NULL;
}

static enum ls_rc unknown_env(const struct search *s, const char *name, struct ls_err *err)
{
    const struct config_project *p = s->project;
    const char **words = ls_calloc(p->envs.n + 1, sizeof(*words));
    struct ls_buf list = LS_BUF_INIT;

    for (size_t i = 0; i < p->envs.n; i++) {
        words[i] = p->envs.v[i].name;
        ls_buf_addf(&list, "%s%s", i ? ", " : "", words[i]);
    }
    const char *near = ls_nearest_word(name, words, p->envs.n);
    (void)ls_err_set(err, LS_E_USAGE, "there is no environment '%s'%s%s%s", name, near ? "; did you mean '" : "", near ? near : "",
                     near ? "'?" : "");
    if (!p->path)
        ls_err_hint(err, "there is no lockstep.conf here or above; `lockstep init` writes one");
    else if (p->envs.n == 0)
        ls_err_hint(err, "%s has no [env NAME] section", p->path);
    else
        ls_err_hint(err, "%s has: %s", p->path, list.ptr);
    ls_buf_release(&list);
    free(words);
    return LS_E_USAGE;
}

/* The direct one of a pair of variables, with a note when there was a choice. */
static const char *direct_of(struct search *s, const char *direct_name, const char *direct, const char *pooled_name, const char *pooled,
                             const char *where)
{
    if (direct && pooled && strcmp(direct, pooled) != 0)
        add_note(s, ls_arena_printf(s->arena, "%s%s is used, not %s: migrations go over the direct connection, not through the pooler",
                                    direct_name, where, pooled_name));
    return direct ? direct : pooled;
}

/* url_env, then url, of one section. */
static void pick_section(struct search *s, const struct config_env *e, const char *what)
{
    const char *direct_name = e->url_env ? ls_arena_printf(s->arena, "%s" UNPOOLED_SUFFIX, e->url_env) : NULL;
    const char *named = e->url_env ? env_get(s, e->url_env) : NULL, *direct = direct_name ? env_get(s, direct_name) : NULL;

    if (named || direct) {
        s->pick.url = direct_of(s, direct_name, direct, e->url_env, named, "");
        s->pick.source = ls_arena_printf(s->arena, "%s of %s in %s", direct ? direct_name : e->url_env, what, project_name(s));
    } else if (e->url) {
        s->pick.url = e->url;
        s->pick.source = ls_arena_printf(s->arena, "%s in %s", what, project_name(s));
        s->pick.in_project_dir = true;
    }
}

static enum ls_rc pick_env(struct search *s, const struct config_env *e, struct ls_err *err)
{
    s->pick.env = e;
    pick_section(s, e, ls_arena_printf(s->arena, "[env %s]", e->name));
    if (s->pick.url)
        return LS_OK;
    if (e->url_env)
        (void)ls_err_set(err, LS_E_USAGE, "%s:%d: [env %s] takes its URL from %s, which is not set", project_name(s), e->line, e->name, e->url_env);
    else
        (void)ls_err_set(err, LS_E_USAGE, "%s:%d: [env %s] has neither url nor url_env", project_name(s), e->line, e->name);
    return LS_E_USAGE;
}

/* LOCKSTEP_URL, then the direct, then the pooled one, from the environment or from .env. */
static void pick_three(struct search *s, const char *const value[N_DOTENV], const char *where, bool in_project_dir)
{
    if (value[DOTENV_LOCKSTEP]) {
        s->pick.url = value[DOTENV_LOCKSTEP];
        s->pick.source = ls_arena_printf(s->arena, "%s%s", dotenv_names[DOTENV_LOCKSTEP], where);
    } else {
        s->pick.url = direct_of(s, dotenv_names[DOTENV_UNPOOLED], value[DOTENV_UNPOOLED], dotenv_names[DOTENV_POOLED], value[DOTENV_POOLED], where);
        if (s->pick.url)
            s->pick.source = ls_arena_printf(s->arena, "%s%s", dotenv_names[value[DOTENV_UNPOOLED] ? DOTENV_UNPOOLED : DOTENV_POOLED], where);
    }
    s->pick.in_project_dir = in_project_dir && s->pick.url;
}

static struct ls_str part(const char *from, size_t len)
{
    return (struct ls_str){from, len};
}

/* The user and "/database" of a URL: a pooler's and the direct one differ in host, port and parameters only. */
static void split_url(const char *url, struct ls_str *user, struct ls_str *database)
{
    const char *p = strstr(url, "://");
    size_t len = p ? strcspn(p + 3, "/?#") : 0;
    const char *at = p ? memchr(p + 3, '@', len) : NULL;

    *user = at ? part(p + 3, strcspn(p + 3, ":@")) : part("", 0);
    *database = p ? part(p + 3 + len, strcspn(p + 3 + len, "?#")) : part("", 0);
}

static bool is_same(struct ls_str a, struct ls_str b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static bool is_pair(const char *a, const char *b)
{
    struct ls_str user_a, user_b, db_a, db_b;

    split_url(a, &user_a, &db_a);
    split_url(b, &user_b, &db_b);
    return db_a.len > 1 && is_same(db_a, db_b) && is_same(user_a, user_b);
}

/* The environment had the pooled URL alone, and the file has a direct one. It is taken when it leads to the same database; another one's, of
 * another environment say, is left alone, aloud. */
static void prefer_direct(struct search *s, const char *direct, const char *where, bool in_project_dir)
{
    const char *pooled = s->pick.url;

    if (!direct || strcmp(direct, pooled) == 0)
        return;
    if (!is_pair(direct, pooled)) {
        add_note(s, ls_arena_printf(s->arena, "%s of the environment is used; %s%s leads to another database and is not", dotenv_names[DOTENV_POOLED],
                                    dotenv_names[DOTENV_UNPOOLED], where));
        return;
    }
    s->pick.url = direct_of(s, dotenv_names[DOTENV_UNPOOLED], direct, dotenv_names[DOTENV_POOLED], pooled, where);
    s->pick.source = ls_arena_printf(s->arena, "%s%s", dotenv_names[DOTENV_UNPOOLED], where);
    s->pick.in_project_dir = in_project_dir;
}

/* had_pooled: the environment's DATABASE_URL was picked already. */
static enum ls_rc pick_dotenv(struct search *s, bool had_pooled, struct ls_err *err)
{
    struct dotenv file;
    char *path = strcmp(s->project->dir, ".") == 0 ? ls_strdup(".env") : ls_path_join(s->project->dir, ".env");
    bool beside = ls_path_kind(path) == LS_PATH_FILE;
    enum ls_rc rc = dotenv_read(s->arena, beside ? path : ".env", s->req->getenv_fn, had_pooled, &file, err);
    const char *where = beside ? ls_arena_printf(s->arena, " in %s", path) : " in .env";

    if (rc == LS_OK && had_pooled)
        prefer_direct(s, file.value[DOTENV_UNPOOLED], where, beside);
    else if (rc == LS_OK)
        pick_three(s, file.value, where, beside);
    free(path);
    return rc;
}

static enum ls_rc pick_url(struct search *s, struct ls_err *err)
{
    const struct config_request *req = s->req;
    const struct config_project *p = s->project;
    const char *value[N_DOTENV];
    enum ls_rc rc = LS_OK;

    if (req->env) {
        s->pick.env = find_env(p, req->env);
        if (!s->pick.env)
            return unknown_env(s, req->env, err);
    }
    if (req->url) {
        s->pick.url = req->url;
        s->pick.source = "--url";
        return LS_OK;
    }
    if (s->pick.env)
        return pick_env(s, s->pick.env, err);
    for (int k = 0; k < N_DOTENV; k++)
        value[k] = env_get(s, dotenv_names[k]);
    pick_three(s, value, "", false);
    if (!s->pick.url || s->pick.url == value[DOTENV_POOLED])
        rc = pick_dotenv(s, s->pick.url != NULL, err);
    if (rc != LS_OK || s->pick.url)
        return rc;
    if (p->default_env)
        return pick_env(s, find_env(p, p->default_env), err);
    pick_section(s, &p->base, "[project]");
    if (!s->pick.url && p->envs.n == 1)
        return pick_env(s, &p->envs.v[0], err);
    return LS_OK;
}

static enum ls_rc no_target(const struct search *s, struct ls_err *err)
{
    (void)ls_err_set(err, LS_E_USAGE, "no database is named");
    if (s->project->envs.n > 1) {
        struct ls_buf b = LS_BUF_INIT;

        for (size_t i = 0; i < s->project->envs.n; i++)
            ls_buf_addf(&b, "%s-e %s", i ? ", " : "", s->project->envs.v[i].name);
        ls_err_hint(err, "choose one of %s (%s), or set default_env in [project]", project_name(s), b.ptr);
        ls_buf_release(&b);
    }
    ls_err_hint(err, "give --url sqlite:app.db or --url postgres://…, name an environment of lockstep.conf with -e NAME, or set LOCKSTEP_URL, "
                     "DATABASE_URL_UNPOOLED or DATABASE_URL, in the environment or in .env; `lockstep init` writes a lockstep.conf");
    return LS_E_USAGE;
}

/* A relative SQLite path in the project's file is meant from that file's folder, wherever lockstep was started. */
static const char *from_project_dir(struct ls_arena *a, const char *dir, const char *url)
{
    static const char *const schemes[] = {"sqlite3:", "sqlite:", "file:", ""};
    static const char *const endings[] = {".db", ".sqlite", ".sqlite3"};
    size_t len = strlen(url);

    if (strcmp(dir, ".") == 0)
        return url;
    for (size_t i = 0; i < LS_ARRAY_LEN(schemes); i++) {
        size_t n = strlen(schemes[i]);
        bool is_file = n > 0;

        if (strncmp(url, schemes[i], n) != 0)
            continue;
        for (size_t j = 0; n == 0 && j < LS_ARRAY_LEN(endings); j++) {
            size_t e = strlen(endings[j]);
            is_file = is_file || (len > e && strcmp(url + len - e, endings[j]) == 0 && !strstr(url, "://") && !strchr(url, '='));
        }
        if (!is_file || url[n] == '/' || url[n] == ':' || url[n] == '\0' || url[n] == '?')
            return url;
        return ls_arena_printf(a, "%s%s/%s", schemes[i], dir, url + n);
    }
    return url;
}

static const char *in_dir(struct ls_arena *a, const char *dir, const char *path)
{
    if (strcmp(dir, ".") == 0)
        return path;
    char *joined = ls_path_join(dir, path);
    const char *out = ls_arena_str(a, joined);
    free(joined);
    return out;
}

/* The first of the three that is set; a path of the file is taken from the file's folder. */
static const char *text_of(const char *req, const char *env, const char *base)
{
    return req ? req : env ? env : base;
}

static const char *path_of(struct search *s, const char *req, const char *env, const char *base, const char *dflt)
{
    const char *in_file = env ? env : base ? base : dflt;

    return req ? req : ls_arena_str(s->arena, in_dir(s->arena, s->project->dir, in_file));
}

static int number_of(int req, int env, int base, int dflt)
{
    return req >= 0 ? req : env >= 0 ? env : base >= 0 ? base : dflt;
}

/* For the session 0 is "the default" and -1 "none"; a written 0 means none. */
static int limit_of(int req, int env, int base)
{
    int ms = number_of(req, env, base, -1);

    return ms > 0 ? ms : ms == 0 ? -1 : 0;
}

static const struct ls_format *named_format(const struct search *s)
{
    return ls_format_find(text_of(s->req->format, s->pick.env ? s->pick.env->format : NULL, s->project->base.format));
}

/* Nobody named the folder: that of the format that was named, else "migrations", else where a tool keeps its own (prisma/migrations, drizzle ...). */
static const char *found_migrations(struct search *s)
{
    const struct ls_format *named = named_format(s);
    const char *usual = in_dir(s->arena, s->project->dir, "migrations"), *out = NULL;
    struct ls_founds found = {0};

    if (named == NULL && ls_path_kind(usual) == LS_PATH_DIR)
        return ls_arena_str(s->arena, usual);
    if (ls_format_detect_project(s->project->dir, &found, NULL) != LS_OK)
        found.f.n = 0;
    for (size_t i = 0; i < found.f.n && out == NULL; i++)
        if (found.f.v[i].detect.score >= SURE_ENOUGH && (named == NULL || found.f.v[i].format == named))
            out = ls_arena_str(s->arena, found.f.v[i].dir);
    ls_founds_release(&found);
    return out ? out : ls_arena_str(s->arena, usual);
}

/* The last resort: what the team's own tool is told about the database, the folder and the ledger. */
static void borrow(struct search *s)
{
    const struct config_request *req = s->req;
    const struct config_env *e = s->pick.env, *b = &s->project->base;
    const char *format = text_of(req->format, e ? e->format : NULL, b->format);
    const struct ls_format_config *c = &s->borrowed.c;

    config_borrow(s->arena, s->project->dir, format, req->getenv_fn, &s->borrowed);
    if (s->borrowed.note)
        add_note(s, s->borrowed.note);
    if (s->pick.url || req->env || !c->url)
        return;
    s->pick.url = c->url;
    s->pick.source = ls_arena_printf(s->arena, "%s, of %s", c->url_source, s->borrowed.format->title);
    s->pick.in_project_dir = true;
    add_note(s, ls_arena_printf(s->arena, "the database is the one of %s, as lockstep was not told another", s->pick.source));
}

static const char *borrowed_dir(struct search *s)
{
    const struct ls_format_config *c = &s->borrowed.c;

    if (!c->dir || ls_path_kind(c->dir) != LS_PATH_DIR)
        return found_migrations(s);
    add_note(s, ls_arena_printf(s->arena, "the migrations are taken from %s: %s, of %s", c->dir, c->dir_source, s->borrowed.format->title));
    return c->dir;
}

/* Nobody named the folder: that other tools have theirs here too is not passed over in silence. */
static const char *say_others(struct search *s, const char *dir)
{
    const struct ls_format *own = s->borrowed.c.dir == dir ? s->borrowed.format : NULL;
    struct ls_buf names = LS_BUF_INIT;
    struct ls_founds found = {0};
    const char *last = "";

    if (named_format(s) != NULL)
        return dir; /* somebody has looked */
    if (ls_format_detect_project(s->project->dir, &found, NULL) != LS_OK)
        found.f.n = 0;
    for (size_t i = 0; own == NULL && i < found.f.n; i++)
        if (strcmp(found.f.v[i].dir, dir) == 0)
            own = found.f.v[i].format;
    for (size_t i = 0; own != NULL && i < found.f.n; i++) {
        const struct ls_found *f = &found.f.v[i];

        if (f->detect.score < SURE_ENOUGH || f->format == own || strcmp(f->dir, dir) == 0 || strcmp(f->dir, last) == 0)
            continue;
        last = f->dir;
        ls_buf_addf(&names, "%s%s in %s", names.len > 0 ? ", " : "", f->format->title, f->dir);
    }
    if (names.len > 0)
        add_note(s, ls_arena_printf(s->arena, "%s is not the only one here: %s; --migrations DIR says which folder is meant", own->title, names.ptr));
    ls_founds_release(&found);
    ls_buf_release(&names);
    return dir;
}

/* A table of a tool's own name is of that tool's format. */
static void borrow_table(struct search *s)
{
    const struct ls_format_config *c = &s->borrowed.c;
    struct ls_session_params *p = &s->out->params;

    if (p->ledger_table || !c->table)
        return;
    p->ledger_table = c->table;
    p->format_name = p->format_name ? p->format_name : s->borrowed.format->name;
    add_note(s, ls_arena_printf(s->arena, "the ledger is %s: %s, of %s", c->table, c->table_source, s->borrowed.format->title));
}

static void fill(struct search *s)
{
    static const struct config_env unset = {.protected_ = -1, .journal = -1, .pooled = -1, .scratch = -1, .lock_timeout_ms = -1, .statement_timeout_ms = -1,
                                            .lock_wait_ms = -1, .busy_timeout_ms = -1, .connect_timeout_ms = -1};
    const struct config_request *req = s->req;
    const struct config_env *e = s->pick.env ? s->pick.env : &unset;
    const struct config_env *b = &s->project->base;
    struct ls_arena *a = s->arena;
    struct ls_session_params *p = &s->out->params;

    p->url = s->pick.in_project_dir && s->pick.url ? from_project_dir(a, s->project->dir, s->pick.url) : s->pick.url;
    p->url = ls_arena_str(a, p->url);
    ls_secret_look(p->url); /* typed into the console, if nowhere else */
    p->url_source = ls_arena_str(a, s->pick.source);
    p->env_name = ls_arena_str(a, s->pick.env ? s->pick.env->name : NULL);
    p->migrations_dir = req->migrations || e->migrations || b->migrations
                            ? ls_arena_str(a, path_of(s, req->migrations, e->migrations, b->migrations, "migrations"))
                            : say_others(s, borrowed_dir(s));
    p->format_name = ls_arena_str(a, text_of(req->format, e->format, b->format));
    p->ledger_table = ls_arena_str(a, text_of(req->ledger_table, e->ledger_table, b->ledger_table));
    p->tool = req->tool || e->tool || b->tool ? ls_arena_str(a, path_of(s, req->tool, e->tool, b->tool, NULL)) : NULL;
    borrow_table(s);
    p->backup_dir = ls_arena_str(a, path_of(s, req->backup_dir, e->backup_dir, b->backup_dir, "backups"));
    p->is_protected = number_of(-1, e->protected_, b->protected_, 0) == 1;
    p->journal = !req->no_journal && number_of(-1, e->journal, b->journal, 1) == 1;
    p->is_pooled_ok = req->pooled || number_of(-1, e->pooled, b->pooled, 0) == 1;
    p->read_only = req->read_only;
    p->lock_timeout_ms = limit_of(req->lock_timeout_ms, e->lock_timeout_ms, b->lock_timeout_ms);
    p->statement_timeout_ms = number_of(req->statement_timeout_ms, e->statement_timeout_ms, b->statement_timeout_ms, 0);
    p->lock_wait_ms = limit_of(req->lock_wait_ms, e->lock_wait_ms, b->lock_wait_ms);
    p->busy_timeout_ms = limit_of(-1, e->busy_timeout_ms, b->busy_timeout_ms);
    p->connect_timeout_ms = number_of(-1, e->connect_timeout_ms, b->connect_timeout_ms, 0);
    s->out->is_scratch_ok = number_of(-1, e->scratch, b->scratch, 0) == 1;
    s->out->theme = ls_arena_str(a, text_of(req->theme, e->theme, b->theme));
    if (!req->theme && s->out->theme)
        s->out->theme_source = ls_arena_printf(a, "%s:%d", project_name(s), e->theme ? e->theme_line : b->theme_line);
    s->out->project_dir = ls_arena_str(a, s->project->dir);
    /* Of that very database: those of [project] belong to its own url. */
    s->out->standbys = ls_arena_str(a, s->pick.env ? e->standbys : s->pick.in_project_dir ? b->standbys : NULL);
    ls_secret_look(s->out->standbys);
}

static enum ls_rc resolve(const struct config_request *req, const struct config_project *project, bool need_url, struct config_target *out,
                          struct ls_err *err)
{
    struct search s = {.req = req, .project = project, .out = out};
    struct ls_err quiet = LS_ERR_INIT;
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    s.arena = out->arena = ls_arena_new();
    rc = pick_url(&s, need_url ? err : &quiet);
    if (rc == LS_OK)
        borrow(&s);
    if (rc == LS_OK && !s.pick.url && need_url)
        rc = no_target(&s, err);
    /* Without a database a variable that is not set does no harm; a misspelt -e does. */
    if (rc != LS_OK && !need_url) {
        if (req->env && !find_env(project, req->env))
            ls_err_move(err, &quiet);
        else
            rc = LS_OK;
    }
    ls_err_release(&quiet);
    if (rc == LS_OK)
        fill(&s);
    else
        config_target_release(out);
    return rc;
}

enum ls_rc config_resolve(const struct config_request *req, const struct config_project *project, struct config_target *out, struct ls_err *err)
{
    return resolve(req, project, true, out, err);
}

enum ls_rc config_resolve_folder(const struct config_request *req, const struct config_project *project, struct config_target *out,
                                 struct ls_err *err)
{
    return resolve(req, project, false, out, err);
}

enum ls_rc config_resolve_env(const struct config_request *req, const struct config_project *project, const char *name, struct config_target *out,
                              struct ls_err *err)
{
    struct config_request of_env = *req;

    of_env.env = name;
    of_env.url = NULL;
    of_env.read_only = true;
    return resolve(&of_env, project, true, out, err);
}

void config_target_release(struct config_target *t)
{
    ls_arena_free(t->arena);
    memset(t, 0, sizeof(*t));
}
