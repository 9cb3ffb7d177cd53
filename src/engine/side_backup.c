/* The schema in a backup: SQLite's copy is opened as it lies there, read-only; of a PostgreSQL archive pg_restore writes the
 * statements. */
#include <config.h>

#include "engine/backup_priv.h"
#include "engine/side_priv.h"

#include <string.h>

#include "engine/child.h"
#include "engine/tools.h"
#include "lockstep/base/mem.h"

enum { DUMP_MAX = 256 * 1024 * 1024 };

static bool is_sqlite(const struct bk_manifest *m)
{
    return strcmp(m->dialect, ls_dialect_name(LS_DIALECT_SQLITE)) == 0;
}

/* Where it lies: a name in the session's backup folder, or a path. Caller frees. */
static char *folder_of(const struct ls_side_world *w, const char *name)
{
    return strchr(name, '/') != NULL ? ls_strdup(name) : ls_path_join(ls_session_params(w->session)->backup_dir, name);
}

static enum ls_rc open_backup(const struct ls_side_world *w, const char *name, char **folder, struct bk_manifest *m,
                              struct ls_err *err)
{
    *folder = folder_of(w, name);
    enum ls_rc rc = bk_manifest_read(*folder, m, err);

    if (rc == LS_E_NOT_FOUND)
        ls_err_hint(err, "`lockstep backups` lists them; --backup-dir says where they are");
    return rc;
}

enum ls_rc side_backup_dialect(const struct ls_side_world *w, const char *name, enum ls_dialect *out, struct ls_err *err)
{
    struct bk_manifest m;
    char *folder;
    enum ls_rc rc = open_backup(w, name, &folder, &m, err);

    if (rc == LS_OK && !ls_dialect_parse(m.dialect, out))
        rc = ls_err_set(err, LS_E_INPUT, "its manifest names no known dialect");
    bk_manifest_release(&m);
    free(folder);
    return rc;
}

static enum ls_rc load_sqlite(struct side_job *j, const char *folder, struct ls_catalog **out, struct ls_err *err)
{
    char *path = ls_path_join(folder, BK_SQLITE_FILE);
    struct ls_session_params p = {.url_source = "the backup", .read_only = true, .operator_name = "lockstep"};
    struct ls_db_params params = {.url = NULL, .read_only = true, .is_at_rest = true};
    char *url = ls_asprintf("%s%s", path[0] == '/' ? "" : "./", path); /* as it is: "sqlite:" would read a '?' in it */
    struct ls_session *s;
    enum ls_rc rc;

    p.url = url;
    params.url = url;
    s = side_session(j, &p);
    /* At rest: no locks, and no files beside it. */
    rc = ls_db_open(&params, &s->db, err);
    s->db_is_read_only = true;
    if (rc == LS_OK)
        rc = side_read(j, s, NULL, NULL, NULL, out, err);
    side_session_end(j, s);
    free(url);
    free(path);
    return rc;
}

static enum ls_rc load_postgres(struct side_job *j, const char *folder, const struct bk_manifest *m, struct ls_catalog **out,
                                struct ls_err *err)
{
    char *dump = ls_path_join(folder, BK_PG_FOLDER), *source = ls_asprintf("backup %s", j->side->what);
    struct ls_child_result r = {.out = LS_BUF_INIT, .tail = LS_BUF_INIT};
    struct ls_tool tool = {0};
    enum ls_rc rc = ls_tool_find("pg_restore", NULL, NULL, m->tool_version, &tool, err);

    if (!side_tell(j, "pg_restore", 0, 0) && rc == LS_OK)
        rc = side_stopped(err);
    if (rc == LS_OK) {
        const char *const argv[] = {"pg_restore", "--schema-only", "-f", "-", dump, NULL};
        struct ls_child c = {.path = tool.path, .argv = argv, .capture = true, .out_max = DUMP_MAX, .on_tick = side_tick, .ctx = j};

        rc = ls_child_run(&c, &r, err);
    }
    if (rc == LS_OK)
        rc = side_clean_text(j, j->side->what, &r.out, err);
    if (rc == LS_OK)
        rc = side_load_text(j, LS_DIALECT_POSTGRES, j->side->what, r.out.ptr, r.out.len, false, source, out, err);
    ls_child_result_release(&r);
    ls_tool_release(&tool);
    free(dump);
    free(source);
    return rc;
}

enum ls_rc side_load_backup(struct side_job *j, struct ls_catalog **out, struct ls_err *err)
{
    struct bk_manifest m;
    char *folder;
    enum ls_rc rc = open_backup(j->w, j->side->what, &folder, &m, err);

    if (rc == LS_OK)
        rc = is_sqlite(&m) ? load_sqlite(j, folder, out, err) : load_postgres(j, folder, &m, out, err);
    bk_manifest_release(&m);
    free(folder);
    return rc;
}
