#include <config.h>

#include "engine/session_priv.h"

#include <pwd.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/redact.h"

#define DEFAULT_LOCK_TIMEOUT_MS 3000
#define DEFAULT_LOCK_WAIT_MS    10000

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The database as a URL's path names it, decoded, without its '/': golang-migrate makes its lock's key of it. NULL: no such part. */
static const char *database_in_url(struct ls_arena *arena, const char *url)
{
    const char *p = strstr(url, "://"), *end;
    struct ls_buf out = LS_BUF_INIT;
    const char *name = NULL;

    p = p != NULL ? strchr(p + 3, '/') : NULL;
    if (p == NULL)
        return NULL;
    p++;
    end = p + strcspn(p, "?#");
    for (; p < end; p++) {
        if (*p == '%' && end - p > 2 && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
            ls_buf_addc(&out, (char)(hex_digit(p[1]) * 16 + hex_digit(p[2])));
            p += 2;
        } else {
            ls_buf_addc(&out, *p);
        }
    }
    if (out.len > 0)
        name = ls_arena_strn(arena, out.ptr, out.len);
    ls_buf_release(&out);
    return name;
}

/* A SQLite file's name without its folder, also where it is not there yet. */
static const char *file_in_url(struct ls_arena *arena, const char *url)
{
    char *label = ls_db_url_label(url);
    const char *name = ls_arena_str(arena, ls_path_base(strncmp(label, "sqlite ", 7) == 0 ? label + 7 : label));

    free(label);
    return name;
}

/* The same with its folder: a label names it behind the word. */
static const char *path_in_url(struct ls_arena *arena, const char *url)
{
    char *label = ls_db_url_label(url);
    const char *file = strncmp(label, "sqlite ", 7) == 0 ? ls_arena_str(arena, label + 7) : NULL;

    free(label);
    return file;
}

static const char *os_user(struct ls_arena *arena)
{
    struct passwd pw, *found = NULL;
    char buf[4096];

    if (getpwuid_r(getuid(), &pw, buf, sizeof(buf), &found) == 0 && found != NULL)
        return ls_arena_str(arena, found->pw_name);
    return ls_arena_printf(arena, "uid %lu", (unsigned long)getuid());
}

struct ls_session *ls_session_new(const struct ls_session_params *params)
{
    struct ls_session *s = ls_calloc(1, sizeof(*s));
    struct ls_session_params *p = &s->p;
    pthread_condattr_t attr;

    s->arena = ls_arena_new();
    *p = *params;
    s->url = ls_strdup(params->url != NULL ? params->url : "");
    p->url = s->url;
    p->url_source = ls_arena_str(s->arena, params->url_source);
    p->env_name = ls_arena_str(s->arena, params->env_name);
    p->migrations_dir = ls_arena_str(s->arena, params->migrations_dir != NULL ? params->migrations_dir : "migrations");
    p->format_name = ls_arena_str(s->arena, params->format_name);
    p->ledger_table = ls_arena_str(s->arena, params->ledger_table);
    p->backup_dir = ls_arena_str(s->arena, params->backup_dir != NULL ? params->backup_dir : "backups");
    p->operator_name = params->operator_name != NULL ? ls_arena_str(s->arena, params->operator_name) : os_user(s->arena);
    p->tool = ls_arena_str(s->arena, params->tool);
    p->lock_timeout_ms = params->lock_timeout_ms != 0 ? params->lock_timeout_ms : DEFAULT_LOCK_TIMEOUT_MS;
    p->lock_wait_ms = params->lock_wait_ms != 0 ? params->lock_wait_ms : DEFAULT_LOCK_WAIT_MS;
    s->dialect_rc = ls_db_url_dialect(s->url, &s->dialect, NULL);
    s->opts.table = p->ledger_table;
    s->opts.dir = p->migrations_dir;
    if (s->dialect_rc == LS_OK)
        s->opts.database = s->dialect == LS_DIALECT_POSTGRES ? database_in_url(s->arena, s->url) : file_in_url(s->arena, s->url);
    s->opts.file = s->dialect_rc == LS_OK && s->dialect == LS_DIALECT_SQLITE ? path_in_url(s->arena, s->url) : NULL;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->woken, &attr);
    pthread_condattr_destroy(&attr);
    return s;
}

void ls_session_free(struct ls_session *s)
{
    if (s == NULL)
        return;
    ls_session_disconnect(s);
    ls_catalog_state_free(s->catalog_state);
    pthread_cond_destroy(&s->woken);
    pthread_mutex_destroy(&s->lock);
    ls_wipe(s->url, strlen(s->url));
    free(s->url);
    ls_arena_free(s->arena);
    free(s);
}

struct ls_catalog_state **ls_session_catalog_state(struct ls_session *s)
{
    return &s->catalog_state;
}

const struct ls_session_params *ls_session_params(const struct ls_session *s)
{
    return &s->p;
}

static void on_notice(void *ctx, const char *severity, const char *text)
{
    struct ls_session *s = ctx;

    if (s->on_notice != NULL)
        s->on_notice(s->hook_ctx, severity, text);
}

static void on_busy(void *ctx, const struct ls_db_busy *busy)
{
    struct ls_session *s = ctx;

    if (s->on_busy != NULL)
        s->on_busy(s->hook_ctx, busy);
}

static bool on_wait(void *ctx)
{
    struct ls_session *s = ctx;
    bool go_on;

    if (s->on_wait != NULL)
        s->on_wait(s->hook_ctx);
    pthread_mutex_lock(&s->lock);
    go_on = !s->cancelled || s->shielded;
    pthread_mutex_unlock(&s->lock);
    return go_on;
}

static void set_db(struct ls_session *s, struct ls_db *db)
{
    struct ls_db *old;

    pthread_mutex_lock(&s->lock);
    old = s->db;
    s->db = db;
    ls_db_close(old);
    pthread_mutex_unlock(&s->lock);
    s->is_stand_in = false;
}

void ls_session_disconnect(struct ls_session *s)
{
    if (s->db != NULL)
        set_db(s, NULL);
}

static enum ls_rc open_url(struct ls_session *s, const char *url, bool read_only, bool create, struct ls_err *err)
{
    struct ls_db_params params = {.url = url,
                                  .read_only = read_only,
                                  .is_pooled_ok = s->p.is_pooled_ok,
                                  .create = create && !read_only,
                                  .is_scratch = s->p.is_scratch,
                                  .connect_timeout_ms = s->p.connect_timeout_ms,
                                  .busy_timeout_ms = s->p.busy_timeout_ms,
                                  .lock_timeout_ms = s->p.lock_timeout_ms,
                                  .statement_timeout_ms = s->p.statement_timeout_ms,
                                  .on_notice = on_notice,
                                  .on_wait = on_wait,
                                  .on_busy = on_busy,
                                  .ctx = s};
    struct ls_db *db = NULL;
    enum ls_rc rc = ls_db_open(&params, &db, err);

    if (rc != LS_OK)
        return rc;
    set_db(s, db);
    s->db_is_read_only = read_only;
    return LS_OK;
}

static bool is_usable(const struct ls_session *s)
{
    return s->db != NULL && ls_db_is_alive(s->db) && s->db_is_read_only == s->p.read_only;
}

enum ls_rc ls_session_connect_as(struct ls_session *s, bool create, struct ls_err *err)
{
    enum ls_rc rc;

    if (is_usable(s) && !s->is_stand_in)
        return LS_OK;
    ls_session_disconnect(s);
    rc = open_url(s, s->url, s->p.read_only, create, err);
    if (rc != LS_OK && s->p.url_source != NULL)
        ls_err_detail(err, "the address is from %s", s->p.url_source);
    return rc;
}

enum ls_rc ls_session_connect(struct ls_session *s, struct ls_err *err)
{
    return ls_session_connect_as(s, false, err);
}

enum ls_rc ls_session_connect_to_read(struct ls_session *s, struct ls_err *err)
{
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc;

    if (is_usable(s) && !s->is_stand_in)
        return LS_OK;
    rc = ls_session_connect_as(s, false, &own);
    if (rc == LS_E_NOT_FOUND && s->dialect_rc == LS_OK && s->dialect == LS_DIALECT_SQLITE) {
        rc = open_url(s, "sqlite::memory:", false, true, err);
        s->db_is_read_only = s->p.read_only;
        s->is_stand_in = rc == LS_OK;
    } else if (rc != LS_OK && err != NULL) {
        ls_err_move(err, &own);
    }
    ls_err_release(&own);
    return rc;
}

struct ls_db *ls_session_db(struct ls_session *s)
{
    return s->db;
}

void ls_session_set_read_only(struct ls_session *s, bool read_only)
{
    s->p.read_only = read_only;
}

void ls_session_cancel(struct ls_session *s)
{
    pthread_mutex_lock(&s->lock);
    s->cancelled = true;
    if (s->db != NULL && !s->shielded)
        ls_db_cancel(s->db);
    pthread_cond_broadcast(&s->woken);
    pthread_mutex_unlock(&s->lock);
}

void ls_session_clear_cancel(struct ls_session *s)
{
    pthread_mutex_lock(&s->lock);
    s->cancelled = false;
    pthread_mutex_unlock(&s->lock);
}

bool ls_session_cancelled(const struct ls_session *s)
{
    struct ls_session *m = (struct ls_session *)(uintptr_t)s; /* a lock is no part of what const promises */
    bool is_cancelled;

    pthread_mutex_lock(&m->lock);
    is_cancelled = s->cancelled;
    pthread_mutex_unlock(&m->lock);
    return is_cancelled;
}

void ls_session_shield(struct ls_session *s, bool shielded)
{
    pthread_mutex_lock(&s->lock);
    s->shielded = shielded;
    pthread_mutex_unlock(&s->lock);
}

bool ls_session_sleep(struct ls_session *s, int ms)
{
    struct timespec until;
    bool go_on;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&s->lock);
    while (!s->cancelled && pthread_cond_timedwait(&s->woken, &s->lock, &until) == 0)
        ;
    go_on = !s->cancelled;
    pthread_mutex_unlock(&s->lock);
    return go_on;
}
