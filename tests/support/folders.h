/* tests/support/folders.h: for formats that keep a folder per migration. Header only; include it behind support/formats.h. */
#ifndef TESTS_SUPPORT_FOLDERS_H
#define TESTS_SUPPORT_FOLDERS_H

#include "support/formats.h"

/* ops_put into a folder that is made when it is not there. */
static inline void fld_put(const struct ops *o, const char *name, const char *text)
{
    char *path = ops_path(o, name), *folder = ls_strndup(path, (size_t)(ls_path_base(path) - path));

    ops_ok(ls_mkdir_p(folder, 0700, err));
    ops_put(o, name, text);
    free(folder);
    free(path);
}

/* Applies a whole folder of the corpus to a new SQLite database; false and a skip where there is none. */
static inline bool fld_corpus(const char *corpus, const char *format, size_t n_expected)
{
    const char *source = getenv("LS_SRCDIR") != NULL ? getenv("LS_SRCDIR") : ".";
    char *dir = ls_asprintf("%s/../shared/corpus/%s", source, corpus);
    struct ls_session_params p;
    struct ls_snapshot *snap;
    struct ls_session *keep;
    struct ops o;

    if (ls_path_kind(dir) != LS_PATH_DIR) {
        free(dir);
        test_skip("the corpus is not there");
        return false;
    }
    ops_open(&o, format, false);
    p = *ls_session_params(o.s);
    p.migrations_dir = dir;
    p.format_name = NULL; /* it must be found */
    keep = o.s;
    o.s = ls_session_new(&p);
    eng_run(&o, LS_ACTION_UP, -1, NULL);
    snap = ops_snapshot(&o);
    assert_string_equal(snap->format->name, format);
    assert_int_equal(snap->timeline.e.n, n_expected);
    assert_int_equal(snap->timeline.count[LS_STATE_APPLIED], n_expected);
    ls_snapshot_free(snap);
    ls_session_free(o.s);
    o.s = keep;
    ops_close(&o);
    free(dir);
    return true;
}

#endif
