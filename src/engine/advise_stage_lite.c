/* A copy of a SQLite database, on which indexes are built for real. Its file has no name any more once it is open: however this ends, nothing is left. */
#include <config.h>

#include "engine/advise_priv.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/sql/quote.h"

#define COPY_DIR "lockstep-copy-"

static const char *const homes[] = {"/var/tmp", "/tmp"};

static int64_t number(struct ls_db *db, const char *sql)
{
    struct ls_result r;
    int64_t n = 0;

    if (ls_db_query(db, sql, NULL, 0, &r, NULL) == LS_OK) {
        const char *v = ls_result_get(&r, 0, 0);

        n = v != NULL ? strtoll(v, NULL, 10) : 0;
        ls_result_release(&r);
    }
    return n;
}

static int64_t used_bytes(struct ls_db *db)
{
    return (number(db, "PRAGMA main.page_count") - number(db, "PRAGMA main.freelist_count")) * number(db, "PRAGMA main.page_size");
}

/* --- the folder */

/* A process that died while it copied has left its folder: its name has the number. */
static void sweep(const char *home)
{
    struct ls_dir list = {0};

    if (ls_dir_list(home, &list, NULL) != LS_OK)
        return;
    for (size_t i = 0; i < list.e.n; i++) {
        const char *name = list.e.v[i].name;
        struct stat st;
        char *path, *end;
        long pid;

        if (strncmp(name, COPY_DIR, strlen(COPY_DIR)) != 0 || list.e.v[i].is_link)
            continue;
        pid = strtol(name + strlen(COPY_DIR), &end, 10);
        path = ls_path_join(home, name);
        if (*end == '-' && pid > 1 && kill((pid_t)pid, 0) != 0 && errno == ESRCH && lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
            st.st_uid == geteuid())
            (void)!ls_remove_tree(path, NULL);
        free(path);
    }
    ls_dir_release(&list);
}

static char *make_folder(struct ls_err *err)
{
    for (size_t i = 0; i < LS_ARRAY_LEN(homes); i++) {
        char *dir = ls_asprintf("%s/" COPY_DIR "%ld-XXXXXX", homes[i], (long)getpid());

        sweep(homes[i]);
        if (mkdtemp(dir) != NULL)
            return dir;
        if (i + 1 == LS_ARRAY_LEN(homes))
            (void)ls_err_sys(err, "cannot make a folder in %s", homes[i]);
        free(dir);
    }
    return NULL;
}

/* --- indexes */

static enum ls_rc make(struct adv_job *j, struct adv_stage *s, uint32_t cand, struct adv_made *out, struct ls_err *err)
{
    const struct adv_cand *c = &j->cands.v[cand];
    char *name = ls_asprintf("lockstep_advice_%u", cand);
    struct ls_buf sql = LS_BUF_INIT;
    int64_t before = used_bytes(s->db);
    enum ls_rc rc = adv_create_sql(j, c, c->table, name, &sql, err);

    if (rc == LS_OK)
        rc = ls_db_exec(s->db, sql.ptr, sql.len, NULL, 0, NULL, err);
    if (rc == LS_OK) {
        *LS_VEC_PUSH(&out->names) = name;
        name = NULL;
        out->bytes = used_bytes(s->db) - before;
    }
    /* As on the target: without statistics there, none here. */
    if (rc == LS_OK && j->u->has_stat1) {
        ls_buf_clear(&sql);
        ls_buf_addf(&sql, "ANALYZE \"%s\"", out->names.v[0]);
        rc = ls_db_exec(s->db, sql.ptr, sql.len, NULL, 0, NULL, err);
    }
    ls_buf_release(&sql);
    free(name);
    return rc;
}

static void drop(struct adv_job *j, struct adv_stage *s, struct adv_made *m)
{
    (void)j;
    for (size_t i = 0; i < m->names.n; i++) {
        char *sql = ls_asprintf("DROP INDEX IF EXISTS \"%s\"", m->names.v[i]);

        (void)!ls_db_exec(s->db, sql, strlen(sql), NULL, 0, NULL, NULL);
        free(sql);
    }
}

static void close_stage(struct adv_stage *s)
{
    ls_db_close(s->db);
    free(s);
}

/* --- the copy */

static bool on_copy(void *ctx, int64_t done, int64_t total)
{
    return adv_tell(ctx, "copying the database", done, total);
}

static bool on_wait(void *ctx)
{
    struct adv_job *j = ctx;

    return side_tick(j->side);
}

static enum ls_rc open_copy(struct adv_job *j, const char *path, struct adv_stage *s, struct ls_err *err)
{
    static const char setup[] = "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = DEFAULT";
    struct ls_db_params p = {.url = path, .is_scratch = true, .on_wait = on_wait, .ctx = j};
    enum ls_rc rc = ls_db_open(&p, &s->db, err);

    if (rc == LS_OK)
        rc = ls_db_exec_batch(s->db, setup, sizeof(setup) - 1, NULL, err);
    if (rc == LS_OK && j->u->fk_enforced)
        rc = ls_db_exec(s->db, "PRAGMA foreign_keys = ON", 24, NULL, 0, NULL, err);
    if (rc == LS_OK && j->u->has_stat1)
        rc = ls_db_exec(s->db, "ANALYZE", 7, NULL, 0, NULL, err);
    return rc;
}

enum ls_rc adv_stage_lite(struct adv_job *j, struct adv_stage **out, struct ls_err *err)
{
    int64_t bytes = number(j->db, "PRAGMA main.page_count") * number(j->db, "PRAGMA main.page_size");
    struct adv_stage *s;
    char size[LS_ISO_LEN], *dir, *path, *label;
    enum ls_rc rc;

    *out = NULL;
    if (!j->opts.measure)
        return LS_OK;
    if (bytes > j->opts.max_bytes) {
        ls_size_text(bytes, size);
        adv_note(j, LS_SEV_WARNING, "not-copied", NULL, "raise the limit to have it measured", "the database is too large to be copied (%s): nothing was measured",
                 size);
        return LS_OK;
    }
    dir = make_folder(err);
    if (dir == NULL)
        return LS_E_IO;
    path = ls_path_join(dir, "copy.db");
    s = ls_calloc(1, sizeof(*s));
    *s = (struct adv_stage){.can_run = true, .is_clone = true, .make = make, .drop = drop, .close = close_stage};
    rc = ls_db_sqlite_backup(j->db, path, on_copy, j, err);
    if (rc == LS_OK)
        rc = open_copy(j, path, s, err);
    (void)!ls_remove_tree(dir, NULL);
    label = ls_strdup(ls_path_base(ls_db_info(j->db)->database));
    s->how = ls_arena_printf(j->arena, "measured on a copy of %s", label);
    if (rc == LS_OK)
        *out = s;
    else
        close_stage(s);
    free(label);
    free(path);
    free(dir);
    return rc;
}
