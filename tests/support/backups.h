/* tests/support/backups.h: what the tests of backups on both databases share. Header only; include it behind <cmocka.h>. */
#ifndef TESTS_SUPPORT_BACKUPS_H
#define TESTS_SUPPORT_BACKUPS_H

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>

#include "lockstep/engine/backup.h"
#include "support/ops.h"
#include "support/skip.h"

struct watch {
    int gate_calls, stop_at; /* stop_at 0 = never */
    const char *stop_in;     /* stop in this phase */
    char phases[256];
    int64_t last_done;
    bool went_back;
    const char *canary; /* looked for in what children show of themselves */
    bool canary_seen;
    int n_children; /* processes of pg_dump that were looked at */
};

static inline bool file_has(const char *path, const char *word)
{
    char text[65536];
    FILE *f = fopen(path, "r");
    size_t n = f != NULL ? fread(text, 1, sizeof text, f) : 0;

    if (f != NULL)
        fclose(f);
    return n > 0 && memmem(text, n, word, strlen(word)) != NULL;
}

/* Whether a process comes from us: other tests start programs of the same name. */
static inline bool is_descendant(long pid)
{
    for (int i = 0; i < 8 && pid > 1; i++) {
        char path[64], text[512];
        const char *behind;
        FILE *f;
        size_t n;

        if (pid == (long)getpid())
            return true;
        snprintf(path, sizeof path, "/proc/%ld/stat", pid);
        f = fopen(path, "r");
        n = f != NULL ? fread(text, 1, sizeof text - 1, f) : 0;
        if (f != NULL)
            fclose(f);
        text[n] = '\0';
        behind = strrchr(text, ')'); /* "PID (name) S PPID ..." */
        pid = behind != NULL && strlen(behind) > 4 ? atol(behind + 4) : 0;
    }
    return false;
}

/* Command line and environment of every program of that name that we started. */
static inline bool canary_in_proc(const char *word, int *n_children)
{
    DIR *d = opendir("/proc");
    bool seen = false;

    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char path[300];

        if (e->d_name[0] < '0' || e->d_name[0] > '9' || atol(e->d_name) == (long)getpid())
            continue;
        snprintf(path, sizeof path, "/proc/%s/comm", e->d_name);
        if (!file_has(path, "pg_dump") || !is_descendant(atol(e->d_name)))
            continue;
        ++*n_children;
        snprintf(path, sizeof path, "/proc/%s/cmdline", e->d_name);
        seen = seen || file_has(path, word);
        snprintf(path, sizeof path, "/proc/%s/environ", e->d_name);
        seen = seen || file_has(path, word);
    }
    if (d != NULL)
        closedir(d);
    return seen;
}

static inline void on_event(void *ctx, const struct ls_event *ev)
{
    struct watch *w = ctx;
    size_t used = strlen(w->phases);

    assert_int_equal(ev->kind, LS_EV_PROGRESS);
    assert_null(ev->plan);
    if (strstr(w->phases, ev->text) == NULL && used + strlen(ev->text) + 2 < sizeof w->phases) {
        snprintf(w->phases + used, sizeof w->phases - used, "%s,", ev->text);
        w->last_done = 0;
    }
    w->went_back = w->went_back || (ev->total > 0 && (ev->done < w->last_done || ev->done > ev->total));
    w->last_done = ev->total > 0 ? ev->done : w->last_done;
    if (w->canary != NULL && strcmp(ev->text, "dump") == 0)
        w->canary_seen = w->canary_seen || canary_in_proc(w->canary, &w->n_children);
}

static inline enum ls_gate gate(void *ctx, const struct ls_plan *plan, int step, int op)
{
    struct watch *w = ctx;

    assert_null(plan);
    assert_int_equal(step, -1);
    assert_int_equal(op, -1);
    w->gate_calls++;
    if (w->stop_in != NULL && strstr(w->phases, w->stop_in) != NULL)
        return LS_GATE_STOP;
    return w->stop_at > 0 && w->gate_calls >= w->stop_at ? LS_GATE_STOP : LS_GATE_GO;
}

static inline struct ls_run_hooks hooks_of(struct watch *w)
{
    return (struct ls_run_hooks){.on_event = on_event, .gate = gate, .ctx = w};
}

static inline char *backup_dir(const struct ops *o)
{
    return ops_path(o, "backups");
}

/* How many entries the folder of backups has, whatever they are. */
static inline size_t entries(const struct ops *o)
{
    char *dir = backup_dir(o);
    struct ls_dir d = {0};
    size_t n = 0;

    if (ls_path_kind(dir) == LS_PATH_DIR) {
        ops_ok(ls_dir_read(dir, &d, err));
        n = d.e.n;
        ls_dir_release(&d);
    }
    free(dir);
    return n;
}

#define NEEDS_PG_DUMP()                                  \
    do {                                                 \
        if (test_pg_dump_skip_reason() != NULL)          \
            test_skip(test_pg_dump_skip_reason());       \
    } while (0)

static inline char *make_backup(struct ops *o)
{
    struct ls_backups made;
    char *name;

    ops_ok(ls_backup_create(o->s, NULL, NULL, &made, err));
    assert_int_equal(made.b.n, 1);
    name = ls_strdup(made.b.v[0].name);
    ls_backups_release(&made);
    return name;
}

static inline enum ls_rc verify(const struct ops *o, const char *name, struct ls_err *err)
{
    char *dir = backup_dir(o);
    enum ls_rc rc = ls_backup_verify(dir, name, NULL, err);

    free(dir);
    return rc;
}

static inline void assert_damaged(const struct ops *o, const char *name, const char *word)
{
    struct ls_err why = LS_ERR_INIT;
    enum ls_rc rc = verify(o, name, &why);

    if (rc != LS_E_DRIFT)
        fail_msg("verify said %s: %s", ls_rc_name(rc), why.message != NULL ? why.message : "nothing");
    if (strstr(why.message, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why.message, word);
    ls_err_release(&why);
}

static inline char *file_of(const struct ops *o, const char *name, const char *rel)
{
    char *text = ls_asprintf("%s/backups/%s/%s", o->top, name, rel);

    return text;
}

static inline void flip(const char *path, off_t at)
{
    int fd = open(path, O_RDWR);
    unsigned char c;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &c, 1, at), 1);
    c ^= 0x10;
    assert_int_equal(pwrite(fd, &c, 1, at), 1);
    close(fd);
}

static inline off_t size_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static inline void check_manifest(const struct ops *o, const char *name, const char *dialect)
{
    char *path = file_of(o, name, "manifest.json");
    json_t *root = json_load_file(path, 0, NULL);
    const json_t *states, *last;

    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "dialect")), dialect);
    assert_string_equal(json_string_value(json_object_get(root, "version")), "002");
    assert_true(json_array_size(json_object_get(root, "not_included")) > 0);
    assert_true(json_array_size(json_object_get(root, "phases")) >= 3);
    states = json_object_get(root, "state");
    assert_int_equal(json_array_size(states), 2);
    last = json_array_get(states, 1);
    assert_string_equal(json_string_value(json_object_get(last, "state")), "read back");
    json_decref(root);
    free(path);
}

#endif
