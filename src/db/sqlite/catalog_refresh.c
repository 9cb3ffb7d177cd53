/* A second read of a SQLite database's schema: nothing where its version is still the same, else only the texts that are others are
 * cut into tokens. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "db/sqlite/catalog_priv.h"
#include "lockstep/base/mem.h"

struct lite_catalog_state {
    struct ls_catalog_state state;
    struct lite_texts *texts;
    char *version; /* schema_version and the file; NULL: it says nothing */
    char *setting, *note, *hidden;
};

static void state_clear(struct lite_catalog_state *s)
{
    lite_texts_free(s->texts);
    free(s->version);
    free(s->setting);
    free(s->note);
    free(s->hidden);
}

static void state_free(struct ls_catalog_state *s)
{
    state_clear((struct lite_catalog_state *)s);
    free(s);
}

static char *text_of(const struct ls_buf *b)
{
    return ls_strdup(b->len > 0 ? b->ptr : "");
}

/* schema_version goes back with a transaction and then counts on, so in one it says nothing; and it is the file's, whose place in the file system says
 * which file that is. NULL where that is not known: in memory. */
static char *file_version(struct ls_db *db, const struct ls_buf *version)
{
    const char *path = sqlite3_db_filename(lite_of(db)->h, "main");
    struct ls_buf text = LS_BUF_INIT;
    struct stat st;

    if (path == NULL || path[0] == '\0' || lite_tx_status(db) != LS_TXS_IDLE || stat(path, &st) != 0)
        return NULL;
    ls_buf_addf(&text, "%s %lld:%lld", version->ptr, (long long)st.st_dev, (long long)st.st_ino);
    return ls_buf_detach(&text);
}

static bool is_same_setting(const struct lite_catalog_state *s, const struct lite_reader *r)
{
    return strcmp(s->setting, r->setting.len > 0 ? r->setting.ptr : "") == 0 && strcmp(s->note, r->note.len > 0 ? r->note.ptr : "") == 0;
}

/* Only the pragmas are read, where the schema's version is still the same. */
static enum ls_rc is_same_version(const struct lite_catalog_state *s, struct lite_reader *r, bool *is_same, struct ls_err *err)
{
    struct ls_buf version = LS_BUF_INIT;
    enum ls_rc rc = lite_schema_version(r->db, &version, err);
    char *text = rc == LS_OK ? file_version(r->db, &version) : NULL;

    *is_same = false;
    if (text != NULL && s->version != NULL && strcmp(text, s->version) == 0) {
        rc = lite_read_file(r, err);
        *is_same = rc == LS_OK && is_same_setting(s, r);
    }
    free(text);
    ls_buf_release(&version);
    return rc;
}

static bool is_same_text(const struct lite_catalog_state *s, const struct lite_reader *r)
{
    return is_same_setting(s, r) && strcmp(s->hidden, r->hidden.len > 0 ? r->hidden.ptr : "") == 0 && r->n_kept == lite_texts_count(r->old) &&
           r->n_kept == lite_texts_count(r->next);
}

/* What was read is what is kept for the next one, in the state that is there or a new one. */
static void keep(struct lite_reader *r, const struct ls_buf *version, struct ls_catalog_state **state)
{
    struct lite_catalog_state *s = (struct lite_catalog_state *)*state;

    if (s == NULL)
        s = ls_calloc(1, sizeof(*s));
    else
        state_clear(s);
    s->state.free = state_free;
    s->texts = r->next;
    r->next = NULL;
    s->version = file_version(r->db, version);
    s->setting = text_of(&r->setting);
    s->note = text_of(&r->note);
    s->hidden = text_of(&r->hidden);
    *state = &s->state;
}

enum ls_rc lite_catalog_refresh(struct ls_db *db, const struct ls_catalog_opts *opts, struct ls_catalog_state **state, struct ls_catalog **out,
                                enum ls_catalog_how *how, struct ls_err *err)
{
    const struct lite_catalog_state *s = (const struct lite_catalog_state *)*state;
    struct ls_buf version = LS_BUF_INIT;
    bool is_same = false;
    struct lite_reader r;
    enum ls_rc rc = LS_OK;

    lite_reader_init(&r, db, opts);
    *how = s == NULL ? LS_CATALOG_WHOLE : LS_CATALOG_PARTLY;
    if (s != NULL && !opts->always)
        rc = is_same_version(s, &r, &is_same, err);
    if (rc == LS_OK && !is_same) {
        rc = lite_read_stable(&r, s != NULL ? s->texts : NULL, true, &version, err);
        is_same = rc == LS_OK && s != NULL && !opts->always && is_same_text(s, &r);
        if (rc == LS_OK && !is_same)
            *out = lite_reader_freeze(&r);
        if (rc == LS_OK)
            keep(&r, &version, state);
    }
    if (is_same)
        *how = LS_CATALOG_SAME;
    lite_reader_release(&r);
    ls_buf_release(&version);
    return rc;
}
