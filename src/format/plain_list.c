/* applied.txt: what its lines say, and whose database it is about. Facts: formats.md 4.14. */
#include <config.h>

#include "format/plain.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "format/scan.h"

#define MAX_LIST ((size_t)16 * 1024 * 1024)

/* --- lines ---------------------------------------------------------------------------------------------------------------- */

static struct ls_str without_sql(struct ls_str s)
{
    if (s.len > 4 && memcmp(s.ptr + s.len - 4, ".sql", 4) == 0)
        s.len -= 4;
    return s;
}

/* Up to the next tab; what is behind it stays in *rest. */
static struct ls_str field(struct ls_str *rest)
{
    const char *tab = memchr(rest->ptr, '\t', rest->len);
    struct ls_str out = {rest->ptr, tab != NULL ? (size_t)(tab - rest->ptr) : rest->len};

    *rest = tab != NULL ? (struct ls_str){tab + 1, rest->len - out.len - 1} : (struct ls_str){rest->ptr + rest->len, 0};
    return ls_str_trim(out);
}

void ls_plain_line(struct ls_str line, struct ls_plain_line *out)
{
    struct ls_str body = ls_str_trim(line), rest;

    *out = (struct ls_plain_line){.kind = LS_PLAIN_OTHER};
    if (ls_str_starts(body, LS_PLAIN_APPLYING, &rest) || ls_str_starts(body, LS_PLAIN_REVERTING, &rest)) {
        out->kind = ls_str_starts(body, LS_PLAIN_APPLYING, NULL) ? LS_PLAIN_APPLY_MARK : LS_PLAIN_REVERT_MARK;
        out->name = without_sql(ls_str_trim(rest));
        return;
    }
    if (body.len == 0 || body.ptr[0] == '#')
        return;
    out->kind = LS_PLAIN_NAME;
    out->name = without_sql(field(&body));
    out->time = field(&body);
    out->sha = field(&body);
}

struct ls_str ls_plain_database(const char *text, size_t len)
{
    struct ls_line line = {.no = 0};
    struct ls_str rest;

    while (ls_line_next(text, len, &line)) {
        struct ls_str body = ls_str_trim(line.text);

        if (body.len > 0 && body.ptr[0] != '#')
            break;
        if (body.len > 0 && ls_str_starts_nocase(ls_str_trim((struct ls_str){body.ptr + 1, body.len - 1}), "database:", &rest))
            return ls_str_trim(rest);
    }
    return (struct ls_str){text, 0};
}

/* --- the database --------------------------------------------------------------------------------------------------------- */

static struct ls_str host_of(struct ls_str s, struct ls_str *name)
{
    size_t n = s.len;

    while (n > 0 && s.ptr[n - 1] != '/')
        n--;
    *name = (struct ls_str){s.ptr + n, s.len - n};
    return (struct ls_str){s.ptr, n > 0 ? n - 1 : 0};
}

static bool ends_with(struct ls_str s, const char *end)
{
    size_t n = strlen(end);

    return s.len >= n && memcmp(s.ptr + s.len - n, end, n) == 0;
}

/* The host without the usual port, and that port ("" = 5432). */
static struct ls_str cut_port(struct ls_str host, struct ls_str *port)
{
    size_t n = host.len;

    *port = (struct ls_str){"", 0};
    while (n > 0 && host.ptr[n - 1] >= '0' && host.ptr[n - 1] <= '9')
        n--;
    if (n == 0 || n == host.len || host.ptr[n - 1] != ':')
        return host;
    if (!ends_with(host, ":5432"))
        *port = (struct ls_str){host.ptr + n, host.len - n};
    return (struct ls_str){host.ptr, n - 1};
}

static bool is_local(struct ls_str host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "::1", "[::1]", ""};

    for (size_t i = 0; i < LS_ARRAY_LEN(names); i++)
        if (ls_str_is(host, names[i]))
            return true;
    return host.len > 0 && host.ptr[0] == '/';
}

static bool is_equal(struct ls_str a, struct ls_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static bool is_equal_nocase(struct ls_str a, struct ls_str b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.ptr, b.ptr, a.len) == 0);
}

bool ls_plain_is_same(enum ls_dialect d, struct ls_str a, struct ls_str b)
{
    struct ls_str db_a, db_b, port_a, port_b, host_a = host_of(a, &db_a), host_b = host_of(b, &db_b);

    if (!is_equal(db_a, db_b))
        return false;
    if (d == LS_DIALECT_SQLITE)
        return true;
    host_a = cut_port(host_a, &port_a);
    host_b = cut_port(host_b, &port_b);
    if (!is_equal(port_a, port_b))
        return false;
    return (is_local(host_a) && is_local(host_b)) || is_equal_nocase(host_a, host_b);
}

const char *ls_plain_database_of(struct ls_arena *arena, const struct ls_db_info *info)
{
    struct ls_str host = {info->host, strlen(info->host)}, port;

    if (info->dialect == LS_DIALECT_SQLITE)
        return info->database[0] == ':' ? "" : ls_arena_str(arena, ls_path_base(info->database));
    host = cut_port(host, &port);
    if (is_local(host))
        host = (struct ls_str){"localhost", 9};
    return ls_arena_printf(arena, "%.*s%s%.*s/%s", (int)host.len, host.ptr, port.len > 0 ? ":" : "", (int)port.len, port.ptr,
                           info->database);
}

/* --- the ledger ----------------------------------------------------------------------------------------------------------- */

static const char *const raw_names[] = {"line", "text"};

static const char *text_or_null(struct ls_arena *arena, struct ls_str s)
{
    return s.len > 0 ? ls_arena_strn(arena, s.ptr, s.len) : NULL;
}

static void add_row(struct ls_ledger *out, const struct ls_line *line, const struct ls_plain_line *said)
{
    struct ls_ledger_row *row = LS_VEC_PUSH(&out->rows);
    const char **raw = LS_ARENA_ARRAY(out->arena, const char *, 2);
    size_t digits = 0;

    raw[0] = ls_arena_printf(out->arena, "%d", line->no);
    raw[1] = ls_arena_strn(out->arena, line->text.ptr, line->text.len);
    row->raw = raw;
    row->id = ls_arena_strn(out->arena, said->name.ptr, said->name.len);
    digits = strspn(row->id, "0123456789");
    row->version = digits > 0 && digits < 19 ? strtoull(row->id, NULL, 10) : 0;
    row->name = row->id[digits] == '_' || row->id[digits] == '-' ? row->id + digits + 1 : NULL;
    row->duration_ms = -1;
    row->applied_at = text_or_null(out->arena, said->time);
    row->checksum = text_or_null(out->arena, said->sha);
    row->raw_status = said->kind == LS_PLAIN_NAME ? "applied" : said->kind == LS_PLAIN_APPLY_MARK ? "applying" : "reverting";
    row->state = said->kind == LS_PLAIN_NAME ? LS_ROW_APPLIED : LS_ROW_FAILED;
    out->dirty = out->dirty || row->state == LS_ROW_FAILED;
}

static enum ls_rc refuse_other_database(const char *path, struct ls_str said, const char *here, struct ls_err *err)
{
    ls_err_set(err, LS_E_REFUSED, "%s is the list of %.*s, and this database is %s", path, (int)said.len, said.ptr, here);
    ls_err_hint(
        err,
        "each database has its own list: choose the other database, or another list; the line \"# database:\" says whose it is");
    return LS_E_REFUSED;
}

static enum ls_rc read_list(struct ls_db *db, struct ls_ledger *out, const struct ls_buf *file, struct ls_err *err)
{
    const char *text = file->ptr != NULL ? file->ptr : "", *here = out->file_owner;
    struct ls_str said = ls_plain_database(text, file->len);
    struct ls_line line = {.no = 0};

    if (said.len > 0 && here != NULL && !ls_plain_is_same(ls_db_dialect(db), said, (struct ls_str){here, strlen(here)}))
        return refuse_other_database(out->location, said, here, err);
    if (memchr(text, '\0', file->len) != NULL)
        return ls_err_set(err, LS_E_INPUT, "%s holds bytes 0: it is no text", out->location);
    while (ls_line_next(text, file->len, &line)) {
        struct ls_plain_line l;

        ls_plain_line(line.text, &l);
        if (l.kind != LS_PLAIN_OTHER)
            add_row(out, &line, &l);
    }
    return LS_OK;
}

/* A SQLite file that is not there yet is read as an empty database in memory: then the address tells. */
static const char *owner_of(struct ls_db *db, const struct ls_format_opts *opts, struct ls_arena *arena)
{
    const char *owner = ls_plain_database_of(arena, ls_db_info(db));

    if (owner[0] == '\0' && opts->database != NULL && opts->database[0] != ':')
        owner = ls_arena_str(arena, opts->database);
    return owner[0] != '\0' ? owner : NULL;
}

enum ls_rc ls_plain_ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    const char *dir = opts->dir != NULL ? opts->dir : "migrations", *name = opts->table != NULL ? opts->table : LS_PLAIN_LIST;
    struct ls_buf file = LS_BUF_INIT;
    char hex[LS_SHA256_HEX];
    enum ls_rc rc = LS_OK;

    *out = (struct ls_ledger){
        .arena = ls_arena_new(), .shape = LS_LEDGER_FILE, .raw_names = raw_names, .n_raw = LS_ARRAY_LEN(raw_names)};
    out->location = ls_arena_printf(out->arena, "%s/%s", dir, name);
    out->file_sha256 = "";
    out->file_owner = owner_of(db, opts, out->arena);
    out->is_writable = access(dir, W_OK) == 0 && !ls_db_info(db)->is_read_only;
    if (strchr(name, '/') != NULL || name[0] == '.') {
        ls_err_set(err, LS_E_INPUT, "the list of applied migrations is a file in the migrations' folder: \"%s\" is no name for one",
                   name);
        return LS_E_INPUT;
    }
    out->exists = ls_path_kind(out->location) != LS_PATH_NONE;
    if (!out->exists)
        return LS_OK;
    rc = ls_file_read(out->location, LS_OPEN_NOFOLLOW, MAX_LIST, &file, err);
    if (rc == LS_OK) {
        ls_sha256_hex(file.ptr != NULL ? file.ptr : "", file.len, hex);
        out->file_sha256 = ls_arena_str(out->arena, hex);
        rc = read_list(db, out, &file, err);
    }
    ls_buf_release(&file);
    return rc;
}

/* The keys are of the database alone: lists of several checkouts are about the same one. */
int ls_plain_lock_keys(const struct ls_db *db, const struct ls_format_opts *opts, const struct ls_ledger *ledger, int64_t keys[4])
{
    static const char name[] = "lockstep plain";
    unsigned char hash[32];
    uint64_t key = 0;

    (void)opts;
    (void)ledger;
    if (ls_db_dialect(db) != LS_DIALECT_POSTGRES)
        return 0;
    ls_sha256_raw(name, sizeof(name), hash);
    for (int i = 0; i < 8; i++)
        key = key << 8 | hash[i];
    memcpy(&keys[0], &key, sizeof(key));
    return 1;
}

enum ls_rc ls_plain_check(const struct ls_timeline *t, const struct ls_ledger *l, enum ls_direction dir, struct ls_err *err)
{
    (void)t;
    (void)dir;
    for (size_t i = 0; i < l->rows.n; i++) {
        const struct ls_ledger_row *row = &l->rows.v[i];

        if (row->state != LS_ROW_FAILED)
            continue;
        ls_err_set(err, LS_E_REFUSED, "%s:%s: %s was begun and not brought to its end: what of it is in the database is not known",
                   l->location, row->raw[0], row->id);
        ls_err_hint(err, "look with lockstep status, which shows the ways out; or lockstep mark %s applied, or pending", row->id);
        return LS_E_REFUSED;
    }
    return LS_OK;
}
