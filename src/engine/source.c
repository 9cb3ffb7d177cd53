#include <config.h>

#include "lockstep/engine/session.h"

#include <string.h>

#include "lockstep/base/mem.h"

/* Cuts the text down to the section's span. */
static enum ls_rc cut(const struct ls_section *section, struct ls_source *out, struct ls_err *err)
{
    size_t start = (size_t)section->start, end = (size_t)section->end;
    struct ls_buf part = LS_BUF_INIT;

    if (section->end <= 0)
        return LS_OK;
    if (start > end || end > out->text.len)
        return ls_err_set(err, LS_E_CHANGED, "%s has changed since it was read before", section->path);
    ls_buf_add(&part, out->text.ptr + start, end - start);
    ls_buf_release(&out->text);
    out->text = part;
    return LS_OK;
}

/* The splitter counts from the section's first line. */
static void move_lines(struct ls_source *src, struct ls_err *err)
{
    int more = src->line - 1;

    for (size_t i = 0; i < src->stmts->n; i++)
        src->stmts->v[i].line += more;
    if (src->stmts->error_line > 0)
        src->stmts->error_line += more;
    if (err != NULL && err->line > 0)
        err->line += more;
}

enum ls_rc ls_source_load(const struct ls_section *section, enum ls_dialect d, const char *want_sha256, struct ls_source *out, struct ls_err *err)
{
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    ls_buf_init(&out->text);
    out->line = section->line > 0 ? section->line : 1;
    rc = ls_file_read(section->path, 0, 0, &out->text, err);
    if (rc == LS_OK)
        rc = cut(section, out, err);
    if (rc != LS_OK)
        return rc;
    ls_sha256_hex(out->text.ptr, out->text.len, out->sha256);
    if (want_sha256 != NULL && want_sha256[0] != '\0' && strcmp(want_sha256, out->sha256) != 0)
        return ls_err_set(err, LS_E_CHANGED, "%s has changed since it was read before", section->path);
    out->stmts = ls_calloc(1, sizeof(*out->stmts));
    rc = ls_sql_split(d, out->text.ptr, out->text.len, out->stmts, err);
    move_lines(out, rc != LS_OK ? err : NULL);
    if (rc == LS_OK)
        return LS_OK;
    ls_stmts_release(out->stmts);
    free(out->stmts);
    out->stmts = NULL;
    /* The splitter's message is "LINE: KIND", so that the two together read FILE:LINE: KIND. */
    if (err != NULL && err->message != NULL) {
        struct ls_err placed = LS_ERR_INIT;
        const char *kind = err->message + strspn(err->message, "0123456789");

        if (err->line > 0 && *kind == ':')
            ls_err_set(&placed, err->code, "%s:%d%s", section->path, err->line, kind);
        else
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
