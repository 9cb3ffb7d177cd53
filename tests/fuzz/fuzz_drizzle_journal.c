/* Any bytes as meta/_journal.json: the folder is read, each migration has an id and a file inside the folder, each diagnostic a
 * code and words. */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/json.h"
#include "lockstep/base/mem.h"
#include "lockstep/format/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char *folder; /* one for the whole run */

static void remove_folder(void)
{
    if (ls_remove_tree(folder, NULL) != LS_OK)
        fprintf(stderr, "%s stays\n", folder);
    free(folder);
}

static void require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "violated: %s\n", what);
    abort();
}

static void put(const char *name, const void *bytes, size_t len)
{
    char *path = ls_path_join(folder, name);
    FILE *f = fopen(path, "wb");

    require(f != NULL && fwrite(bytes, 1, len, f) == len && fclose(f) == 0, "the file can be written");
    free(path);
}

static void make_folder(void)
{
    char template[] = "/tmp/ls-fuzz.XXXXXX", *meta;

    require(mkdtemp(template) != NULL, "a folder can be made");
    folder = ls_strdup(template);
    atexit(remove_folder);
    meta = ls_path_join(folder, "meta");
    require(ls_mkdir_p(meta, 0700, NULL) == LS_OK, "a folder can be made");
    free(meta);
    put("0000_a.sql", "SELECT 1;", 9);
    put("0001_b.sql", "SELECT 2;", 9);
}

static void count(void *ctx, size_t n, int line, const json_t *entry)
{
    (void)line;
    require(entry != NULL, "an entry is one");
    *(size_t *)ctx = n + 1;
}

/* Entry by entry or whole: the same file is good, with as many entries. */
static void read_both(void)
{
    char *path = ls_path_join(folder, "meta/_journal.json");
    size_t n = 0;
    json_t *whole = ls_json_load(path, NULL), *parts = ls_json_load_list(path, "entries", count, &n, NULL);
    const json_t *list = json_object_get(whole, "entries");

    require((whole == NULL) == (parts == NULL), "both can read it, or none");
    require(json_is_array(list) == json_is_array(json_object_get(parts, "entries")), "both find the list");
    require(whole == NULL || n == json_array_size(list), "both find as many entries");
    json_decref(whole);
    json_decref(parts);
    free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ls_migrations m;

    if (folder == NULL)
        make_folder();
    put("meta/_journal.json", data, len);
    read_both();
    require(ls_format_drizzle.scan(folder, LS_DIALECT_SQLITE, true, &m, NULL) == LS_OK, "only an unreadable folder is an error");
    for (size_t i = 0; i < m.m.n; i++) {
        const struct ls_migration *one = &m.m.v[i];

        require(one->id != NULL && one->label != NULL && one->name != NULL, "a migration has a name");
        require(one->up.path == NULL ||
                    (strncmp(one->up.path, folder, strlen(folder)) == 0 && strchr(one->up.path + strlen(folder) + 1, '/') == NULL),
                "its file is in the folder");
        require((one->flags & LS_MIG_UNPARSED) != 0 || (one->up.path == NULL) == (one->checksum == NULL), "what can be read has a hash");
        require((one->flags & LS_MIG_UNPARSED) == 0 || one->checksum == NULL, "and without its journal none");
    }
    for (size_t i = 0; i < m.diags.d.n; i++)
        require(m.diags.d.v[i].code != NULL && m.diags.d.v[i].message != NULL && m.diags.d.v[i].line >= 0,
                "a diagnostic says something");
    ls_migrations_release(&m);
    return 0;
}
