#include <config.h>

#include "db/sqlite/lite_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"

#define DEFAULT_BUSY_MS 5000

static void lite_close(struct ls_db *db)
{
    struct lite *c = lite_of(db);

    lite_keep_end(c);
    sqlite3_close_v2(c->h); /* rolls back what is open; NULL is fine */
    lite_keep_free(c->keep);
}

static bool lite_is_alive(const struct ls_db *db)
{
    (void)db;
    return true;
}

static void lite_cancel(struct ls_db *db)
{
    sqlite3_interrupt(lite_of(db)->h);
}

static const struct ls_db_ops lite_ops = {
    .close = lite_close,
    .is_alive = lite_is_alive,
    .cancel = lite_cancel,
    .query = lite_query,
    .exec = lite_exec,
    .exec_batch = lite_exec_batch,
    .pipeline = lite_pipeline,
    .tx_status = lite_tx_status,
    .begin = lite_begin,
    .commit = lite_commit,
    .rollback = lite_rollback,
    .keep_journal = lite_keep_journal,
    .catalog = lite_catalog,
    .catalog_refresh = lite_catalog_refresh,
    .usage = lite_usage,
    .sqlite_backup = lite_backup,
};

/* What stands behind '?' in the URL. */
struct url_options {
    bool is_read_only, is_memory, may_create, must_exist;
    int foreign_keys; /* -1 = SQLite's own default, which is off */
};

static enum ls_rc read_option(const char *key, const char *value, struct url_options *o, struct ls_err *err)
{
    if (!strcmp(key, "mode")) {
        o->is_read_only = !strcmp(value, "ro");
        o->is_memory = !strcmp(value, "memory");
        o->may_create = !strcmp(value, "rwc");
        o->must_exist = o->is_read_only || !strcmp(value, "rw");
        if (o->must_exist || o->is_memory || o->may_create)
            return LS_OK;
    } else if (!strcmp(key, "_foreign_keys") || !strcmp(key, "_fk")) { /* the Go driver's */
        o->foreign_keys = !strcmp(value, "1") || !strcmp(value, "on") || !strcmp(value, "true") || !strcmp(value, "yes");
        return LS_OK;
    } else if (!strcmp(key, "immutable") || !strcmp(key, "nolock")) {
        /* Reads past a journal or a WAL that is needed: uncommitted rows, and "ok" from integrity_check (V11). */
        ls_err_set(err, LS_E_USAGE, "%s in a database URL is refused: it can show uncommitted data as if it were committed", key);
        return LS_E_USAGE;
    } else if (ls_url_param_is_foreign(key)) {
        return LS_OK;
    }
    ls_err_set(err, LS_E_USAGE, "the database URL has a parameter that is not understood: %s=%s", key, value);
    ls_err_hint(err, "known: mode=ro|rw|rwc|memory, _foreign_keys=on|off");
    return LS_E_USAGE;
}

static enum ls_rc read_options(const char *query, struct url_options *o, struct ls_err *err)
{
    struct ls_buf key = LS_BUF_INIT, value = LS_BUF_INIT;
    enum ls_rc rc = LS_OK;

    while (rc == LS_OK && ls_url_next_param(&query, &key, &value))
        rc = read_option(key.ptr, value.ptr, o, err);
    ls_buf_release(&key);
    ls_buf_release(&value);
    return rc;
}

/* Before SQLite sees the path: its own "unable to open database file" says too little. */
static enum ls_rc check_path(const char *path, bool create, bool must_exist, struct ls_err *err)
{
    struct stat st;

    if (stat(path, &st) == 0) {
        if (S_ISREG(st.st_mode))
            return LS_OK;
        ls_err_set(err, LS_E_INPUT, "%s is %s, not a database file", path, S_ISDIR(st.st_mode) ? "a folder" : "a special file");
        ls_err_hint(err, "name the database file itself");
        return LS_E_INPUT;
    }
    if (errno != ENOENT)
        return ls_err_sys(err, "cannot open %s", path);
    if (must_exist) { /* as SQLite itself takes the mode; nobody is to go on as if the file came later */
        ls_err_set(err, LS_E_INPUT, "there is no database file %s, and the mode in its URL lets nobody make it", path);
        ls_err_hint(err, "check the path, or leave mode=ro or mode=rw out of the URL");
        return LS_E_INPUT;
    }
    if (create)
        return LS_OK;
    ls_err_set(err, LS_E_NOT_FOUND, "there is no database file %s", path);
    if (path[0] == '/' && path[1] != '/' && ls_path_kind(path + 1) == LS_PATH_FILE)
        ls_err_hint(err, "there is a file %s in this folder: write sqlite:%s", path + 1, path + 1);
    else
        ls_err_hint(err, "check the path; reading never creates a file, the first migration that is applied does");
    return LS_E_NOT_FOUND;
}

static const char *os_user(struct ls_arena *arena)
{
    char scratch[4096];
    struct passwd pw, *found = NULL;

    if (getpwuid_r(geteuid(), &pw, scratch, sizeof(scratch), &found) == 0 && found)
        return ls_arena_str(arena, pw.pw_name);
    return ls_arena_printf(arena, "uid %ld", (long)geteuid());
}

static int set_up(struct lite *c, int foreign_keys)
{
    int code;

    sqlite3_extended_result_codes(c->h, 1);
    sqlite3_busy_handler(c->h, lite_on_busy, c);
    sqlite3_progress_handler(c->h, LITE_PROGRESS_OPS, lite_on_progress, c);
    /* The schema of a file is somebody else's code: it may call no function and no virtual table with side effects (T10). DEFENSIVE
     * stays off: migrations that edit sqlite_schema under writable_schema are legitimate. */
    sqlite3_db_config(c->h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)0);
    sqlite3_db_config(c->h, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, (int *)0);
    code = sqlite3_exec(c->h, "PRAGMA cell_size_check=ON; PRAGMA synchronous=FULL", NULL, NULL, NULL);
    if (code == SQLITE_OK && c->db.params.read_only)
        code = sqlite3_exec(c->h, "PRAGMA query_only=ON", NULL, NULL, NULL);
    if (code == SQLITE_OK && foreign_keys >= 0)
        code = sqlite3_exec(c->h, foreign_keys ? "PRAGMA foreign_keys=ON" : "PRAGMA foreign_keys=OFF", NULL, NULL, NULL);
    return code;
}

/* The question for the journal mode also reads the header and the schema: what is no database is found here. */
static int read_facts(struct lite *c)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(c->h, "PRAGMA main.journal_mode", -1, &stmt, NULL);

    if (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        c->db.info.journal_mode = ls_arena_str(c->db.arena, (const char *)sqlite3_column_text(stmt, 0));
        code = SQLITE_OK;
    }
    sqlite3_finalize(stmt);
    if (code == SQLITE_OK)
        code = sqlite3_exec(c->h, "SELECT 1 FROM main.sqlite_schema LIMIT 1", NULL, NULL, NULL);
    c->db.info.is_read_only = c->db.params.read_only || sqlite3_db_readonly(c->h, "main") == 1;
    return code;
}

/* A copy in WAL mode could not be opened read-only in a folder without write access otherwise, and would leave files beside it in
 * any other. */
static char *uri_at_rest(const char *path)
{
    struct ls_buf uri = LS_BUF_INIT;

    ls_buf_adds(&uri, "file:");
    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        if (*p <= ' ' || *p >= 0x7f || strchr("%?#", *p))
            ls_buf_addf(&uri, "%%%02x", *p);
        else
            ls_buf_addc(&uri, (char)*p);
    }
    ls_buf_adds(&uri, "?immutable=1");
    return ls_buf_detach(&uri);
}

/* Nobody asks SQLite how much memory it uses; counting takes a lock at each allocation. Refused, and no matter, when SQLite is in
 * use already. */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void spare_counting(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* A scratch has no other files: VACUUM's own nameless one and those in memory are all that may be attached. A name that is no constant comes as NULL. */
static int keep_inside(void *ctx, int action, const char *what, const char *b, const char *schema, const char *trigger)
{
    (void)ctx;
    (void)b;
    (void)schema;
    (void)trigger;
    return action != SQLITE_ATTACH || (what && (!*what || !strcmp(what, ":memory:"))) ? SQLITE_OK : SQLITE_DENY;
}

/* Where a file may not be made SQLite tries to read it, and then says of it that it is not there. */
static int cause_of(const char *path, int flags, int cause)
{
    size_t len = (size_t)(ls_path_base(path) - path);
    char *folder = len > 0 ? ls_strndup(path, len) : ls_strdup(".");

    if (cause == ENOENT && (flags & SQLITE_OPEN_CREATE) && ls_path_kind(folder) == LS_PATH_DIR && faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
        cause = errno;
    free(folder);
    return cause;
}

static enum ls_rc open_path(struct lite *c, const char *path, const struct url_options *o, struct ls_err *err)
{
    /* A name that SQLite, in some builds, would read as a URI. */
    bool is_at_rest = c->db.params.is_at_rest && c->db.params.read_only && !o->is_memory;
    char *plain = is_at_rest ? uri_at_rest(path) : !strncmp(path, "file:", 5) ? ls_asprintf("./%s", path) : ls_strdup(path);
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | (is_at_rest ? SQLITE_OPEN_URI : 0);
    enum ls_rc rc = LS_OK;
    int code;

    flags |= c->db.params.read_only && !o->is_memory ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (o->is_memory || (c->db.params.create && !c->db.params.read_only))
        flags |= SQLITE_OPEN_CREATE;
    if (!c->db.params.read_only && !o->is_memory)
        c->keep = lite_keep_new();
    code = sqlite3_open_v2(plain, &c->h, flags, lite_keep_vfs(c->keep));
    if (code == SQLITE_OK)
        code = set_up(c, o->foreign_keys);
    if (code == SQLITE_OK)
        code = read_facts(c);
    if (code == SQLITE_OK && c->db.params.is_scratch)
        code = sqlite3_set_authorizer(c->h, keep_inside, NULL);
    if (code != SQLITE_OK) {
        int cause = c->h ? sqlite3_system_errno(c->h) : 0;

        if ((code & 0xff) == SQLITE_CANTOPEN && access(plain, R_OK) == 0 && ls_path_kind(plain) == LS_PATH_FILE) {
            rc = ls_err_set(err, LS_E_RIGHTS, "its -wal or -shm file cannot be opened or made (SQLite code %d)", code);
            ls_err_hint(err, "a database in WAL mode needs them to be read: open it once with write access to its folder");
        } else if ((code & 0xff) == SQLITE_CANTOPEN && cause) {
            errno = cause_of(plain, flags, cause);
            rc = ls_err_sys(err, "cannot open the database file");
        } else {
            rc = lite_err(c, code, err);
        }
        ls_err_wrap(err, "%s", path);
    }
    free(plain);
    return rc;
}

enum ls_rc ls_sqlite_open(const struct ls_db_params *params, struct ls_db **out, struct ls_err *err)
{
    struct url_options o = {.foreign_keys = -1};
    struct ls_buf path = LS_BUF_INIT;
    struct lite *c = NULL;
    const char *query;
    enum ls_rc rc = ls_url_sqlite_path(params->url, &path, &query, err);

    if (rc == LS_OK)
        rc = read_options(query, &o, err);
    if (rc != LS_OK)
        goto out;
    o.is_memory = o.is_memory || !strcmp(path.ptr, ":memory:");
    c = ls_calloc(1, sizeof(*c));
    ls_db_init(&c->db, &lite_ops, params);
    c->db.params.read_only = params->read_only || o.is_read_only;
    c->db.params.create = !c->db.params.read_only && (params->create || o.may_create);
    c->busy_timeout_ms = params->busy_timeout_ms ? params->busy_timeout_ms : DEFAULT_BUSY_MS;
    c->db.info = (struct ls_db_info){
        .dialect = LS_DIALECT_SQLITE,
        .database = o.is_memory ? ":memory:" : ls_arena_str(c->db.arena, path.ptr),
        .host = "",
        .server = ls_arena_printf(c->db.arena, "SQLite %s", sqlite3_libversion()),
        .server_version = sqlite3_libversion_number(),
        .role = os_user(c->db.arena),
        .security = "file",
        .system_id = "",
        .journal_mode = "",
    };
    (void)pthread_once(&once, spare_counting);
    lite_call_begin(c);
    if (!o.is_memory)
        rc = check_path(path.ptr, c->db.params.create, o.must_exist, err);
    if (rc == LS_OK)
        rc = open_path(c, o.is_memory ? ":memory:" : path.ptr, &o, err);
    if (rc == LS_OK)
        *out = &c->db;
    else
        ls_db_close(&c->db);
out:
    ls_buf_release(&path);
    return rc;
}
