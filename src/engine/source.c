#include <config.h>

#include "lockstep/engine/session.h"

#include <string.h>

#include "lockstep/base/mem.h"

enum ls_rc ls_source_load(const struct ls_section *section, enum ls_dialect d, const char *want_sha256, struct ls_source *out, struct ls_err *err)
{
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    ls_buf_init(&out->text);
    rc = ls_file_read(section->path, 0, 0, &out->text, err);
    if (rc != LS_OK)
        return rc;
    ls_sha256_hex(out->text.ptr, out->text.len, out->sha256);
    if (want_sha256 != NULL && want_sha256[0] != '\0' && strcmp(want_sha256, out->sha256) != 0)
        return ls_err_set(err, LS_E_CHANGED, "%s has changed since it was read before", section->path);
    out->stmts = ls_calloc(1, sizeof(*out->stmts));
    rc = ls_sql_split(d, out->text.ptr, out->text.len, out->stmts, err);
    if (rc == LS_OK)
        return LS_OK;
    ls_stmts_release(out->stmts);
    free(out->stmts);
    out->stmts = NULL;
    /* The splitter's message is "LINE: KIND", so that the two together read FILE:LINE: KIND. */
    if (err != NULL && err->message != NULL) {
        struct ls_err placed = LS_ERR_INIT;

        ls_err_set(&placed, err->code, "%s:%s", section->path, err->message);
        if (err->hint != NULL)
            ls_err_hint(&placed, "%s", err->hint);
        if (err->detail != NULL)
            ls_err_detail(&placed, "%s", err->detail);
        placed.line = err->line;
        placed.col = err->col;
        placed.offset = err->offset;
        ls_err_move(err, &placed);
    }
    return rc;
}

void ls_source_release(struct ls_source *src)
{
    if (src->stmts != NULL)
        ls_stmts_release(src->stmts);
    free(src->stmts);
    src->stmts = NULL;
    ls_buf_release(&src->text);
}
