/* A Drizzle snapshot, as it is: not its migrations are replayed, but the statements that the snapshot itself stands for are run in
 * a scratch, so that the database says what its types and expressions mean. What a snapshot cannot say is not compared. */
#include <config.h>

#include "engine/drizzle_ddl.h"
#include "engine/drizzle_meta.h"
#include "engine/side_priv.h"

#include <string.h>

#include "format/json.h"
#include "lockstep/base/mem.h"

/* The newest snapshot below a folder: meta/NNNN_snapshot.json of 0.x, NAME/snapshot.json of 1.x. Caller frees; NULL: none. */
static char *newest_in(const char *dir)
{
    char *meta = ls_path_join(dir, "meta"), *found = NULL;
    struct ls_dir list = {0};

    if (ls_dir_list(ls_path_kind(meta) == LS_PATH_DIR ? meta : dir, &list, NULL) == LS_OK) {
        for (size_t i = list.e.n; i > 0 && found == NULL; i--) {
            const char *base = list.e.v[i - 1].name;
            size_t n = strlen(base), tail = strlen("_snapshot.json");
            char *path = ls_path_join(ls_path_kind(meta) == LS_PATH_DIR ? meta : dir, base),
                 *inner = ls_path_join(path, "snapshot.json");

            if (n > tail && strcmp(base + n - tail, "_snapshot.json") == 0)
                found = ls_strdup(path);
            else if (ls_path_kind(inner) == LS_PATH_FILE)
                found = ls_strdup(inner);
            free(path);
            free(inner);
        }
    }
    ls_dir_release(&list);
    free(meta);
    return found;
}

static enum ls_rc open_snapshot(const char *path, char **real, json_t **root, enum ls_dialect *d, struct ls_err *err)
{
    const char *dialect;

    *real = ls_path_kind(path) == LS_PATH_DIR ? newest_in(path) : ls_strdup(path);
    *root = NULL;
    if (*real == NULL) {
        ls_err_set(err, LS_E_NOT_FOUND, "%s holds no Drizzle snapshot", path);
        ls_err_hint(err, "0.x keeps them as meta/NNNN_snapshot.json, 1.x as NAME/snapshot.json");
        return LS_E_NOT_FOUND;
    }
    *root = ls_json_load(*real, err);
    if (*root == NULL)
        return err != NULL && err->code != LS_OK ? err->code : LS_E_INPUT;
    dialect = ls_json_str(*root, "dialect");
    if (dialect == NULL)
        return ls_err_set(err, LS_E_INPUT, "%s:1: this is no Drizzle snapshot: it names no dialect", *real);
    if (strcmp(dialect, "pg") == 0) /* version 5 */
        dialect = "postgresql";
    if (!ls_dialect_parse(dialect, d))
        return ls_err_set(err, LS_E_UNSUPPORTED, "%s is a snapshot of a %s database, which lockstep does not know", *real, dialect);
    return LS_OK;
}

enum ls_rc side_drizzle_dialect(const char *path, enum ls_dialect *out, struct ls_err *err)
{
    json_t *root = NULL;
    char *real = NULL;
    enum ls_rc rc = open_snapshot(path, &real, &root, out, err);

    json_decref(root);
    free(real);
    return rc;
}

static void set_lacks(struct ls_catalog *c)
{
    static const enum ls_fact_kind kinds[] = {
        LS_FACT_DATABASE,      LS_FACT_EXTENSION,   LS_FACT_LANGUAGE,     LS_FACT_COLLATION,     LS_FACT_CONVERSION,
        LS_FACT_DOMAIN,        LS_FACT_COMPOSITE,   LS_FACT_RANGE,        LS_FACT_TYPE,          LS_FACT_TRIGGER,
        LS_FACT_RULE,          LS_FACT_STATISTICS,  LS_FACT_FUNCTION,     LS_FACT_PROCEDURE,     LS_FACT_AGGREGATE,
        LS_FACT_OPERATOR,      LS_FACT_OPCLASS,     LS_FACT_OPFAMILY,     LS_FACT_CAST,          LS_FACT_TRANSFORM,
        LS_FACT_ACCESS_METHOD, LS_FACT_TS_PARSER,   LS_FACT_TS_TEMPLATE,  LS_FACT_TS_DICTIONARY, LS_FACT_TS_CONFIG,
        LS_FACT_EVENT_TRIGGER, LS_FACT_PUBLICATION, LS_FACT_SUBSCRIPTION, LS_FACT_FDW,           LS_FACT_SERVER,
        LS_FACT_USER_MAPPING,  LS_FACT_DEFAULT_ACL, LS_FACT_ROLE};
    static const enum ls_attr attrs[] = {
        LS_A_POSITION,     LS_A_OWNER,        LS_A_RIGHTS,        LS_A_COMMENT,           LS_A_PARTS_COMMENT, LS_A_LABEL, LS_A_DEFERRABLE,
        LS_A_COLLATION,    LS_A_STORAGE,      LS_A_COMPRESSION,   LS_A_STATISTICS_TARGET, LS_A_TABLESPACE, LS_A_INHERITS,
        LS_A_PARTITION_BY, LS_A_PARTITION_OF, LS_A_BOUND,         LS_A_REPLICA_IDENTITY,  LS_A_NOT_VALID,  LS_A_NO_INHERIT,
        LS_A_CLUSTERED,    LS_A_STRICT,       LS_A_WITHOUT_ROWID, LS_A_CONFLICT,          LS_A_MATCH};

    for (size_t i = 0; i < LS_ARRAY_LEN(kinds); i++)
        c->lacks[kinds[i]] = 1;
    for (size_t i = 0; i < LS_ARRAY_LEN(attrs); i++)
        c->lacks_attr[attrs[i]] = 1;
}

/* What is of kinds that a snapshot cannot hold came with the scratch. */
static bool is_lacked(void *ctx, const struct ls_catalog *c, const struct ls_fact *f)
{
    (void)ctx;
    return c->lacks[f->kind] != 0;
}

static void rename_source(struct ls_catalog *c, const json_t *root, const char *path)
{
    const json_t *version = json_object_get(root, "version");

    c->source = ls_arena_printf(c->arena, "drizzle %s", path);
    c->server = ls_arena_printf(c->arena, "Drizzle snapshot %s", json_is_string(version) ? json_string_value(version) : "?");
}

enum ls_rc side_load_drizzle(struct side_job *j, struct ls_catalog **out, struct ls_err *err)
{
    enum ls_dialect d = LS_DIALECT_POSTGRES;
    struct ls_buf ddl = LS_BUF_INIT;
    json_t *root = NULL, *list = NULL;
    char *path = NULL;
    enum ls_rc rc = open_snapshot(j->side->what, &path, &root, &d, err);

    if (rc == LS_OK) {
        list = drizzle_entities(root, d);
        if (list == NULL)
            rc = ls_err_set(err, LS_E_INPUT, "%s:1: this is no Drizzle snapshot: it has neither tables nor ddl", path);
    }
    if (rc == LS_OK)
        rc = drizzle_ddl(list, d, &ddl, err);
    if (rc == LS_OK)
        rc = side_load_text(j, d, path, ddl.ptr, ddl.len, true, path, out, err);
    if (rc == LS_OK) {
        set_lacks(*out);
        *out = side_filter(*out, is_lacked, NULL);
        rename_source(*out, root, path);
        drizzle_meta_read(*out, path);
    }
    ls_buf_release(&ddl);
    json_decref(list);
    json_decref(root);
    free(path);
    return rc;
}
