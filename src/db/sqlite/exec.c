#include <config.h>

#include "db/sqlite/lite_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/vec.h"

void lite_call_begin(struct lite *c)
{
    c->is_ended = false;
    c->ignores_on_wait = false;
    c->last_tick = ls_mono_ms();
}

static bool wants_end(struct lite *c)
{
    if (!c->is_ended) {
        c->is_ended = ls_db_tick(&c->db, &c->last_tick);
        if (c->ignores_on_wait) /* asked all the same: it also draws the clock */
            c->is_ended = atomic_load(&c->db.cancel);
    }
    return c->is_ended;
}

/* Where on_wait is about to be asked (ls_db_tick), what it is that is waited for. */
static void tell_busy(struct lite *c, int64_t now)
{
    struct ls_db_busy b = {.waited_ms = now - c->busy_since, .limit_ms = c->busy_timeout_ms};

    if (c->db.params.on_busy == NULL || now - c->last_tick < LS_DB_TICK_MS)
        return;
    b.is_reader = sqlite3_txn_state(c->h, NULL) == SQLITE_TXN_WRITE; /* nobody else can be writing */
    c->db.params.on_busy(c->db.params.ctx, &b);
}

/* Instead of sqlite3_busy_timeout: this wait can be cancelled. Not called where waiting cannot help (a deadlock between two readers
 * that both want to write). */
int lite_on_busy(void *arg, int n_tries)
{
    struct lite *c = arg;
    int64_t now = ls_mono_ms();
    long pause_ms = n_tries < 6 ? 1L << n_tries : 50;

    if (n_tries == 0)
        c->busy_since = now;
    tell_busy(c, now);
    if (wants_end(c) || now - c->busy_since >= c->busy_timeout_ms)
        return 0;

    struct timespec ts = {.tv_nsec = pause_ms * 1000000};

    nanosleep(&ts, NULL);
    return 1;
}

int lite_on_progress(void *arg)
{
    return wants_end(arg);
}

static int bind_int(sqlite3_stmt *stmt, int i, const char *digits)
{
    char *end;

    errno = 0;

    long long v = strtoll(digits, &end, 10);

    /* What does not fit is bound as the text it is, never as another number. */
    if (errno || *end || end == digits)
        return sqlite3_bind_text(stmt, i, digits, -1, SQLITE_STATIC);
    return sqlite3_bind_int64(stmt, i, v);
}

static int nibble(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c >= 'A' ? c - 'A' + 10 : c - '0';
}

static int bind_blob(sqlite3_stmt *stmt, int i, const char *hex)
{
    size_t n = strlen(hex) / 2;
    unsigned char *bytes = ls_malloc(n + 1);
    int code;

    for (size_t k = 0; k < n; k++)
        bytes[k] = (unsigned char)(nibble(hex[2 * k]) << 4 | nibble(hex[2 * k + 1]));
    code = sqlite3_bind_blob(stmt, i, bytes, (int)n, SQLITE_TRANSIENT);
    free(bytes);
    return code;
}

static int bind_all(sqlite3_stmt *stmt, const struct ls_param *params, int n_params)
{
    int code = SQLITE_OK;

    for (int i = 0; code == SQLITE_OK && i < n_params; i++) {
        const struct ls_param *p = &params[i];

        if (p->kind == LS_PARAM_NULL)
            code = sqlite3_bind_null(stmt, i + 1);
        else if (p->kind == LS_PARAM_INT)
            code = bind_int(stmt, i + 1, p->text);
        else if (p->kind == LS_PARAM_BLOB)
            code = bind_blob(stmt, i + 1, p->text);
        else if (p->kind == LS_PARAM_BOOL)
            code = sqlite3_bind_int(stmt, i + 1, !strcmp(p->text, "true"));
        else
            code = sqlite3_bind_text(stmt, i + 1, p->text, -1, SQLITE_STATIC);
    }
    return code;
}

static bool cell_is_true(sqlite3_stmt *stmt, int col)
{
    switch (sqlite3_column_type(stmt, col)) {
    case SQLITE_INTEGER:
        return sqlite3_column_int64(stmt, col) != 0;
    case SQLITE_FLOAT: {
        double d = sqlite3_column_double(stmt, col);

        return d < 0 || d > 0;
    }
    case SQLITE_TEXT:
        return ls_db_text_is_true((const char *)sqlite3_column_text(stmt, col));
    default:
        return false;
    }
}

/* A value as text. Bytes take PostgreSQL's form "\x00ff": a C string cannot hold them. */
static const char *cell_text(struct ls_arena *arena, sqlite3_stmt *stmt, int col)
{
    static const char digits[] = "0123456789abcdef";
    int type = sqlite3_column_type(stmt, col);

    if (type == SQLITE_NULL)
        return NULL;
    if (type != SQLITE_BLOB) {
        const char *text = (const char *)sqlite3_column_text(stmt, col);

        return ls_arena_strn(arena, text ? text : "", text ? (size_t)sqlite3_column_bytes(stmt, col) : 0);
    }

    const unsigned char *bytes = sqlite3_column_blob(stmt, col);
    size_t n = (size_t)sqlite3_column_bytes(stmt, col);
    char *hex = ls_arena_alloc(arena, 2 * n + 3);

    hex[0] = '\\';
    hex[1] = 'x';
    for (size_t i = 0; i < n; i++) {
        hex[2 + 2 * i] = digits[bytes[i] >> 4];
        hex[3 + 2 * i] = digits[bytes[i] & 15];
    }
    return hex;
}

static int64_t total_changes(sqlite3 *h)
{
#if SQLITE_VERSION_NUMBER >= 3037000
    return sqlite3_total_changes64(h);
#else
    return sqlite3_total_changes(h);
#endif
}

static int64_t changes(sqlite3 *h)
{
#if SQLITE_VERSION_NUMBER >= 3037000
    return sqlite3_changes64(h);
#else
    return sqlite3_changes(h);
#endif
}

typedef LS_VEC(const char *) cell_vec;

/* Steps to the end. Rows go to cells (in arena), or are counted and dropped. */
static int step_all(struct lite *c, sqlite3_stmt *stmt, struct ls_arena *arena, cell_vec *cells, struct ls_exec_info *info)
{
    int cols = sqlite3_column_count(stmt);
    int64_t before = total_changes(c->h), rows = 0;
    bool all_true = !info->has_rows || info->all_true;
    int code;

    while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
        rows++;
        for (int i = 0; i < cols; i++) {
            all_true = all_true && cell_is_true(stmt, i);
            if (cells)
                *LS_VEC_PUSH(cells) = cell_text(arena, stmt, i);
        }
    }
    if (code != SQLITE_DONE)
        return code;
    if (cols > 0) {
        info->has_rows = true;
        info->all_true = all_true && rows > 0;
    }
    info->rows = cols > 0 && (rows > 0 || total_changes(c->h) == before) ? rows : total_changes(c->h) != before ? changes(c->h) : 0;
    return SQLITE_OK;
}

/* Sets err from the handle. The failing token is known for errors of the parser only; then the start of the statement has to do in
 * a batch, and nothing for a single one (start -1). */
static enum ls_rc fail(struct lite *c, int code, bool was_open, long start, struct ls_err *err)
{
    long offset = start;

#if SQLITE_VERSION_NUMBER >= 3038000
    int at = sqlite3_error_offset(c->h);

    offset = at < 0 ? start : start < 0 ? at : start + at;
#endif

    bool is_rolled_back = was_open && sqlite3_get_autocommit(c->h);
    enum ls_rc rc = lite_err(c, code, err);

    c->was_rolled_back = c->was_rolled_back || is_rolled_back;
    if (is_rolled_back)
        ls_err_detail(err, "SQLite has rolled the whole transaction back");
    if (err && err->offset < 0)
        err->offset = offset;
    return rc;
}

/* Whether anything but space, comments and ';' follows: a second statement would silently not run. */
static bool has_more(struct lite *c, const char *tail, const char *end)
{
    while (tail < end) {
        sqlite3_stmt *next = NULL;

        while (tail < end && strchr(" \t\r\n\f;", *tail))
            tail++;
        if (tail == end)
            return false;

        int code = sqlite3_prepare_v2(c->h, tail, (int)(end - tail), &next, &tail);
        bool is_more = next || code != SQLITE_OK;

        sqlite3_finalize(next);
        if (is_more)
            return true;
    }
    return false;
}

enum ls_rc lite_prepare_one(struct lite *c, const char *sql, size_t len, const struct ls_param *params, int n_params,
                            sqlite3_stmt **stmt, struct ls_err *err)
{
    const char *tail = NULL;
    bool was_open = !sqlite3_get_autocommit(c->h);

    if (len > INT_MAX)
        return ls_err_set(err, LS_E_INPUT, "the statement is too large for SQLite");

    int code = sqlite3_prepare_v2(c->h, sql, (int)len, stmt, &tail);

    if (code != SQLITE_OK)
        return fail(c, code, was_open, -1, err);
    if (has_more(c, tail, sql + len))
        return ls_err_set(err, LS_E_USAGE, "the text holds more than one statement");
    if (!*stmt)
        return LS_OK;
    if (sqlite3_bind_parameter_count(*stmt) != n_params) {
        ls_err_set(err, LS_E_SQL, "the statement has %d parameters, and %d values were given", sqlite3_bind_parameter_count(*stmt),
                   n_params);
        ls_err_hint(err, "?, :name, @name and $name are parameters in SQLite: write text in single quotes");
        return LS_E_SQL;
    }
    code = bind_all(*stmt, params, n_params);
    return code == SQLITE_OK ? LS_OK : fail(c, code, was_open, -1, err);
}

static enum ls_rc exec_one(struct lite *c, const char *sql, size_t len, const struct ls_param *params, int n_params,
                           struct ls_exec_info *info, struct ls_err *err)
{
    bool was_open = !sqlite3_get_autocommit(c->h);
    sqlite3_stmt *stmt = NULL;
    enum ls_rc rc = lite_prepare_one(c, sql, len, params, n_params, &stmt, err);
    int code;

    if (rc == LS_OK && stmt && (code = step_all(c, stmt, NULL, NULL, info)) != SQLITE_OK)
        rc = fail(c, code, was_open, -1, err);
    sqlite3_finalize(stmt);
    return rc;
}

enum ls_rc lite_exec(struct ls_db *db, const char *sql, size_t len, const struct ls_param *params, int n_params,
                     struct ls_exec_info *info, struct ls_err *err)
{
    lite_call_begin(lite_of(db));
    return exec_one(lite_of(db), sql, len, params, n_params, info, err);
}

enum ls_rc lite_query(struct ls_db *db, const char *sql, size_t len, const struct ls_param *params, int n_params,
                      struct ls_result *out, struct ls_err *err)
{
    struct lite *c = lite_of(db);
    struct ls_exec_info info = {.rows = -1};
    bool was_open = !sqlite3_get_autocommit(c->h);
    sqlite3_stmt *stmt = NULL;
    cell_vec cells = {0};

    lite_call_begin(c);

    enum ls_rc rc = lite_prepare_one(c, sql, len, params, params && n_params > 0 ? n_params : 0, &stmt, err);

    out->arena = ls_arena_new();
    if (rc == LS_OK && stmt) {
        int code = step_all(c, stmt, out->arena, &cells, &info);

        if (code != SQLITE_OK)
            rc = fail(c, code, was_open, -1, err);
        /* After the first step: a changed schema makes SQLite prepare again, and "select *" may then have other columns. */
        out->n_cols = sqlite3_column_count(stmt);
        out->names = LS_ARENA_ARRAY(out->arena, const char *, (size_t)out->n_cols + 1);
        for (int i = 0; i < out->n_cols; i++)
            out->names[i] = ls_arena_str(out->arena, sqlite3_column_name(stmt, i));
        out->n_rows = out->n_cols ? cells.n / (size_t)out->n_cols : 0;
        out->cells = LS_ARENA_ARRAY(out->arena, const char *, cells.n + 1);
        if (cells.n)
            memcpy(out->cells, cells.v, cells.n * sizeof(*cells.v));
    }
    LS_VEC_RELEASE(&cells);
    sqlite3_finalize(stmt);
    return rc;
}

enum ls_rc lite_exec_batch(struct ls_db *db, const char *sql, size_t len, struct ls_exec_info *info, struct ls_err *err)
{
    struct lite *c = lite_of(db);
    enum ls_rc rc = LS_OK;
    int n_done = 0;

    if (len >= INT_MAX)
        return ls_err_set(err, LS_E_INPUT, "the text is too large for SQLite");
    lite_call_begin(c);

    /* With its NUL counted in, SQLite reads the text in place; without, it copies all that is left for each statement. */
    char *copy = ls_strndup(sql, len);
    const char *p = copy, *end = copy + len;

    while (rc == LS_OK && p < end) {
        bool was_open = !sqlite3_get_autocommit(c->h);
        const char *start = p;
        sqlite3_stmt *stmt = NULL;
        int code = sqlite3_prepare_v2(c->h, start, (int)(end - start) + 1, &stmt, &p);

        if (code == SQLITE_OK && stmt)
            code = sqlite3_bind_parameter_count(stmt) ? SQLITE_RANGE : step_all(c, stmt, NULL, NULL, info);
        if (code == SQLITE_RANGE && stmt && sqlite3_bind_parameter_count(stmt)) {
            rc = ls_err_set(err, LS_E_SQL, "the statement has parameters that nothing is bound to");
            ls_err_hint(err, "?, :name, @name and $name are parameters in SQLite: write text in single quotes");
            if (err)
                err->offset = (long)(start - copy);
        } else if (code != SQLITE_OK) {
            rc = fail(c, code, was_open, (long)(start - copy), err);
        }
        if (rc != LS_OK && err)
            err->statement = n_done + 1;
        n_done += stmt != NULL;
        sqlite3_finalize(stmt);
    }
    free(copy);
    return rc;
}

enum ls_rc lite_pipeline(struct ls_db *db, const struct ls_db_call *calls, int n, struct ls_exec_info *infos, int *failed,
                         struct ls_err *err)
{
    lite_call_begin(lite_of(db));
    for (int i = 0; i < n; i++) {
        struct ls_exec_info scratch = {.rows = -1};
        enum ls_rc rc = exec_one(lite_of(db), calls[i].sql, calls[i].len, calls[i].params, calls[i].params ? calls[i].n_params : 0,
                                 infos ? &infos[i] : &scratch, err);

        if (rc != LS_OK) {
            if (failed)
                *failed = i;
            return rc;
        }
    }
    return LS_OK;
}
