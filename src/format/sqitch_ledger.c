/* Sqitch's registry, read whole: what is deployed, every event that ever was, and the tags. On PostgreSQL a schema, on SQLite a
 * file beside the database's (source: Engine/pg.sql, Engine/sqlite.sql, Engine/sqlite.pm). */
#include <config.h>

#include "format/sqitch.h"

#include <string.h>

#include "format/table.h"
#include "lockstep/sql/quote.h"

#define PLAN_HEAD ((size_t)64 * 1024)

static const char look_pg[] =
    "SELECT NULL, pg_catalog.has_table_privilege(c.oid, 'INSERT'), c.relname, a.attname FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "WHERE n.nspname = $1::name AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname IN ('changes', 'events', 'tags', "
    "'dependencies') "
    "ORDER BY c.relname, a.attnum";

static const char look_sqlite[] =
    "SELECT NULL, 1, m.name, p.name FROM sqlite_schema m JOIN pragma_table_info(m.name) p "
    "WHERE m.type IN ('table', 'view') AND m.name IN ('changes', 'events', 'tags', 'dependencies') ORDER BY m.name, p.cid";

/* What follows on @ is put in: S the schema, H the script's hash where the registry has that column, T( ) a time as text in UTC.
 * Rows in the order in which they came: events, then what is deployed now, then tags. The last row about an id decides. */
static const char rows_pg[] =
    "SELECT 'event' AS kind, event, change_id, change, project, note, array_to_string(requires, ' ') AS requires, "
    "array_to_string(conflicts, ' ') AS conflicts, array_to_string(tags, ' ') AS tags, NULL AS script_hash, @T(committed_at) AS "
    "committed_at, "
    "committer_name, committer_email, @T(planned_at) AS planned_at, planner_name, planner_email, "
    "EXISTS (SELECT 1 FROM @S.changes c WHERE c.change_id = e.change_id) AS is_deployed, 1 AS k, committed_at AS at FROM @S.events "
    "e "
    "UNION ALL SELECT 'change', 'deployed', change_id, change, project, note, "
    "(SELECT string_agg(d.dependency, ' ' ORDER BY d.dependency) FROM @S.dependencies d WHERE d.change_id = c.change_id AND d.type "
    "= 'require'), "
    "(SELECT string_agg(d.dependency, ' ' ORDER BY d.dependency) FROM @S.dependencies d WHERE d.change_id = c.change_id AND d.type "
    "= 'conflict'), "
    "(SELECT string_agg(t.tag, ' ' ORDER BY t.planned_at) FROM @S.tags t WHERE t.change_id = c.change_id), "
    "@H, @T(committed_at), committer_name, committer_email, @T(planned_at), planner_name, planner_email, true, 2, committed_at "
    "FROM @S.changes c "
    "UNION ALL SELECT 'tag', 'tag', tag_id, tag, project, note, NULL, NULL, change_id, NULL, @T(committed_at), committer_name, "
    "committer_email, "
    "@T(planned_at), planner_name, planner_email, true, 3, committed_at FROM @S.tags ORDER BY k, at, change_id";

static const char rows_sqlite[] =
    "SELECT 'event' AS kind, event, change_id, change, project, note, requires, conflicts, tags, NULL AS script_hash, "
    "committed_at, committer_name, "
    "committer_email, planned_at, planner_name, planner_email, EXISTS (SELECT 1 FROM changes c WHERE c.change_id = e.change_id) AS "
    "is_deployed, 1 AS k, "
    "e.rowid AS r FROM events e "
    "UNION ALL SELECT 'change', 'deployed', change_id, change, project, note, "
    "(SELECT group_concat(d.dependency, ' ') FROM dependencies d WHERE d.change_id = c.change_id AND d.type = 'require'), "
    "(SELECT group_concat(d.dependency, ' ') FROM dependencies d WHERE d.change_id = c.change_id AND d.type = 'conflict'), "
    "(SELECT group_concat(t.tag, ' ') FROM tags t WHERE t.change_id = c.change_id), "
    "@H, committed_at, committer_name, committer_email, planned_at, planner_name, planner_email, 1, 2, c.rowid FROM changes c "
    "UNION ALL SELECT 'tag', 'tag', tag_id, tag, project, note, NULL, NULL, change_id, NULL, committed_at, committer_name, "
    "committer_email, planned_at, "
    "planner_name, planner_email, 1, 3, t.rowid FROM tags t ORDER BY k, committed_at, r";

enum { N_RAW = 16 }; /* columns that are kept as they are; is_deployed is the one behind them */

/* --- where it is ---------------------------------------------------------------------------------------------------------------
 */

const char *ls_sqitch_registry_path(struct ls_arena *arena, const char *database, const char *registry)
{
    const char *base = ls_path_base(database), *dot = strchr(base, '.');

    if (registry[0] == '/')
        return ls_arena_str(arena, registry);
    /* The database's extension, all of it behind the first dot, unless the registry has a name with a dot itself. */
    if (dot == NULL || strchr(registry, '.') != NULL)
        dot = "";
    return ls_arena_printf(arena, "%.*s%s%s", (int)(base - database), database, registry, dot);
}

/* A path as a URL that means it, whatever is in it. */
static void add_url(struct ls_buf *out, const char *path)
{
    ls_buf_adds(out, "sqlite://");
    for (; *path != '\0'; path++) {
        if (*path == '%' || *path == '?' || *path == '#')
            ls_buf_addf(out, "%%%02X", (unsigned)(unsigned char)*path);
        else
            ls_buf_addc(out, *path);
    }
}

static enum ls_rc registry_open(const char *path, struct ls_db **out, struct ls_err *err)
{
    struct ls_buf url = LS_BUF_INIT;
    enum ls_rc rc;

    add_url(&url, path);
    rc = ls_db_open(&(struct ls_db_params){.url = url.ptr, .read_only = true}, out, err);
    if (rc != LS_OK)
        ls_err_wrap(err, "the registry of sqitch");
    ls_buf_release(&url);
    return rc;
}

const char *ls_sqitch_registry_name(struct ls_arena *arena, enum ls_dialect d, const struct ls_format_opts *opts)
{
    struct ls_sqitch_project project = {0};

    if (opts != NULL && opts->table != NULL && opts->table[0] != '\0')
        return opts->table;
    if (opts != NULL && opts->dir != NULL)
        ls_sqitch_project_read(arena, opts->dir, d, &project);
    return project.registry != NULL ? project.registry : "sqitch";
}

const char *ls_sqitch_own_project(struct ls_arena *arena, enum ls_dialect d, const struct ls_format_opts *opts)
{
    struct ls_sqitch_project project;
    struct ls_sqitch_plan plan;
    struct ls_buf text = LS_BUF_INIT;
    const char *name, *body;

    if (opts == NULL || opts->dir == NULL)
        return NULL;
    ls_sqitch_project_read(arena, opts->dir, d, &project);
    /* Longer than that it is all the same: what is cut off is read as far as it goes. */
    if (ls_path_kind(project.plan_file) != LS_PATH_FILE || ls_file_read(project.plan_file, 0, 0, &text, NULL) != LS_OK ||
        text.len == 0) {
        ls_buf_release(&text);
        return NULL;
    }
    body = memmem(text.ptr, text.len, "\n\n", 2);
    if (body == NULL)
        body = memmem(text.ptr, text.len, "\n\r\n", 3);
    ls_sqitch_plan_parse(arena, text.ptr,
                         body != NULL           ? (size_t)(body - text.ptr)
                         : text.len < PLAN_HEAD ? text.len
                                                : PLAN_HEAD,
                         &plan);
    name = plan.project;
    ls_sqitch_plan_release(&plan);
    ls_buf_release(&text);
    return name;
}

/* --- what is there -------------------------------------------------------------------------------------------------------- */

static bool has_column(const struct ls_result *r, const char *table, const char *column)
{
    for (size_t i = 0; i < r->n_rows; i++)
        if (strcmp(ls_result_get(r, i, 2), table) == 0 && strcmp(ls_result_get(r, i, 3), column) == 0)
            return true;
    return false;
}

static bool has_tables(const struct ls_result *r)
{
    return has_column(r, "changes", "planner_email") && has_column(r, "changes", "committed_at") &&
           has_column(r, "events", "event") && has_column(r, "tags", "tag_id") && has_column(r, "dependencies", "dependency");
}

static void judge(const struct ls_result *r, struct ls_ledger *l)
{
    l->exists = has_column(r, "changes", "change_id") || has_tables(r);
    for (size_t i = 0; i < r->n_rows; i++)
        l->exists = l->exists || strcmp(ls_result_get(r, i, 2), "changes") == 0;
    if (l->exists && !has_tables(r))
        l->foreign = ls_table_owner(l->arena, r, "changes");
    for (size_t i = 0; i < r->n_rows; i++)
        l->is_writable = l->is_writable && ls_table_is_true(ls_result_get(r, i, 1));
}

static void add_sql(struct ls_buf *out, const char *form, const char *schema, bool has_hash)
{
    for (; *form != '\0'; form++) {
        if (*form != '@') {
            ls_buf_addc(out, *form);
            continue;
        }
        form++;
        if (*form == 'S')
            ls_buf_adds(out, schema);
        else if (*form == 'H')
            ls_buf_adds(out, has_hash ? "script_hash" : "NULL");
        else { /* T(column) */
            size_t n = strcspn(form, ")");

            ls_buf_addf(out, "pg_catalog.to_char(%.*s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')", (int)n - 2,
                        form + 2);
            form += n;
        }
    }
}

/* "2026-11-21 07:54:26.123" of SQLite is UTC. */
static const char *iso(struct ls_arena *arena, const char *time)
{
    if (time == NULL || strlen(time) < 19 || time[10] != ' ')
        return time;
    return ls_arena_printf(arena, "%.10sT%sZ", time, time + 11);
}

static void keep_row(struct ls_ledger *l, const struct ls_result *r, size_t i, const char *project)
{
    struct ls_ledger_row *row = LS_VEC_PUSH(&l->rows);
    const char **cells = LS_ARENA_ARRAY(l->arena, const char *, N_RAW), *hash, *theirs;
    bool is_tag, is_gone;

    for (int k = 0; k < N_RAW; k++)
        cells[k] = ls_arena_str(l->arena, ls_result_get(r, i, k));
    row->raw = cells;
    row->id = cells[2] != NULL ? cells[2] : "NULL";
    row->duration_ms = -1;
    row->name = cells[3];
    row->description = cells[5];
    row->raw_status = cells[1];
    row->applied_at = iso(l->arena, cells[10]);
    row->applied_by = ls_arena_printf(l->arena, "%s <%s>", cells[11] != NULL ? cells[11] : "", cells[12] != NULL ? cells[12] : "");
    is_tag = strcmp(cells[0], "tag") == 0;
    row->kind = is_tag ? LS_KIND_TAG : LS_KIND_VERSIONED;
    /* The registry of old versions, upgraded, has the change's id in place of a hash that nobody knew. */
    hash = cells[9];
    row->checksum = hash != NULL && strcmp(hash, row->id) != 0 ? hash : NULL;
    theirs = cells[4];
    is_gone = cells[1] != NULL && (strcmp(cells[1], "revert") == 0 || strcmp(cells[1], "fail") == 0);
    if (project != NULL && theirs != NULL && strcmp(project, theirs) != 0)
        row->state = LS_ROW_MARKER; /* several projects may share a registry */
    else
        row->state = is_gone || !ls_table_is_true(ls_result_get(r, i, N_RAW)) ? LS_ROW_ROLLED_BACK : LS_ROW_APPLIED;
    if (cells[1] != NULL && strcmp(cells[1], "fail") == 0)
        row->logs = "sqitch recorded that deploying or reverting it failed";
}

static enum ls_rc read_rows(struct ls_db *db, bool has_hash, const char *project, struct ls_ledger *l, struct ls_err *err)
{
    bool is_pg = ls_db_dialect(db) == LS_DIALECT_POSTGRES;
    struct ls_buf sql = LS_BUF_INIT, schema = LS_BUF_INIT;
    struct ls_result r = {0};
    const char **names;
    enum ls_rc rc = is_pg ? ls_sql_ident(&schema, l->schema, err) : LS_OK;

    if (rc != LS_OK)
        goto out;
    add_sql(&sql, is_pg ? rows_pg : rows_sqlite, is_pg ? schema.ptr : "", has_hash);
    rc = ls_db_query(db, sql.ptr, NULL, 0, &r, err);
    if (rc != LS_OK)
        goto out;
    names = LS_ARENA_ARRAY(l->arena, const char *, N_RAW);
    for (int k = 0; k < N_RAW; k++)
        names[k] = ls_arena_str(l->arena, r.names[k]);
    l->raw_names = names;
    l->n_raw = N_RAW;
    for (size_t i = 0; i < r.n_rows; i++)
        keep_row(l, &r, i, project);
out:
    if (rc != LS_OK)
        ls_table_unreadable(l->location, err);
    ls_result_release(&r);
    ls_buf_release(&schema);
    ls_buf_release(&sql);
    return rc;
}

static enum ls_rc read_from(struct ls_db *db, const char *project, struct ls_ledger *l, struct ls_err *err)
{
    bool is_pg = ls_db_dialect(db) == LS_DIALECT_POSTGRES;
    struct ls_param p = {LS_PARAM_TEXT, l->schema};
    struct ls_result r = {0};
    bool has_hash;
    enum ls_rc rc = ls_db_query(db, is_pg ? look_pg : look_sqlite, &p, is_pg ? 1 : 0, &r, err);

    if (rc == LS_OK)
        judge(&r, l);
    else
        ls_err_wrap(err, "looking for the registry %s", l->location);
    has_hash = rc == LS_OK && has_column(&r, "changes", "script_hash");
    ls_result_release(&r);
    return rc == LS_OK && l->exists && l->foreign == NULL ? read_rows(db, has_hash, project, l, err) : rc;
}

enum ls_rc ls_sqitch_ledger_read(struct ls_db *db, const struct ls_format_opts *opts, struct ls_ledger *out, struct ls_err *err)
{
    enum ls_dialect d = ls_db_dialect(db);
    const struct ls_db_info *info = ls_db_info(db);
    const char *registry, *file, *project;
    struct ls_db *other = NULL;
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    out->shape = LS_LEDGER_LOG;
    out->is_writable = !info->is_read_only && !info->in_recovery;
    registry = ls_arena_str(out->arena, ls_sqitch_registry_name(out->arena, d, opts));
    project = ls_sqitch_own_project(out->arena, d, opts);
    if (d == LS_DIALECT_POSTGRES) {
        out->schema = registry;
        out->location = ls_arena_printf(out->arena, "%s.changes", registry);
        return read_from(db, project, out, err);
    }
    file = opts != NULL && opts->file != NULL ? opts->file : info->database;
    out->location = ls_sqitch_registry_path(out->arena, file, registry);
    if (ls_path_kind(out->location) == LS_PATH_NONE)
        return LS_OK;
    rc = registry_open(out->location, &other, err);
    if (rc == LS_OK)
        rc = read_from(other, project, out, err);
    ls_db_close(other);
    return rc;
}
