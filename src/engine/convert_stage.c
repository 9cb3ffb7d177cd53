/* The new folder, written where nobody looks and read back as the target tool would: what it makes of the files is compared with the source, statement
 * by statement, before anything is offered. */
#include <config.h>

#include "engine/convert.h"

#include <stdlib.h>
#include <string.h>

#include "lockstep/base/file.h"
#include "lockstep/base/mem.h"
#include "lockstep/sql/lex.h"
#include "lockstep/sql/split.h"

static enum ls_rc put(const char *dir, const struct ls_written_file *f, struct ls_err *err)
{
    char *path = ls_path_join(dir, f->path), *folder = ls_strndup(path, (size_t)(ls_path_base(path) - path));
    enum ls_rc rc = ls_mkdir_p(folder, 0700, err);

    if (rc == LS_OK)
        rc = ls_file_write_new(path, f->text, f->len, 0600, err);
    free(folder);
    free(path);
    return rc;
}

/* The tokens of all statements, one behind the other: comments and blanks are no difference. */
static enum ls_rc tokens_of(struct ls_convert *cv, const struct ls_section *sec, bool drop_block, struct ls_buf *out, struct ls_err *err)
{
    struct ls_source src = {.text = LS_BUF_INIT};
    struct ls_buf body = LS_BUF_INIT;
    struct ls_stmts stmts = {0};
    enum ls_rc rc = LS_OK;

    if (sec->path != NULL)
        rc = ls_source_load(sec, cv->dialect, NULL, &src, err);
    if (rc == LS_OK)
        rc = ls_sql_split(cv->dialect, src.text.ptr, src.text.len, &stmts, err);
    for (size_t i = 0; rc == LS_OK && i < stmts.n; i++) {
        struct ls_lex lx;
        struct ls_tok t;

        if (drop_block && (i == 0 || i + 1 == stmts.n) && stmts.v[i].tx == LS_TX_CONTROLS)
            continue;
        ls_lex_init(&lx, cv->dialect, src.text.ptr + stmts.v[i].start, stmts.v[i].end - stmts.v[i].start);
        for (t = ls_lex_next(&lx); t.kind != LS_TOK_END && t.kind != LS_TOK_ERROR; t = ls_lex_next(&lx)) {
            if (t.kind == LS_TOK_SPACE || t.kind == LS_TOK_COMMENT || (t.end - t.start == 1 && lx.text[t.start] == ';' && t.end == lx.len))
                continue;
            ls_buf_add(out, lx.text + t.start, t.end - t.start);
            ls_buf_addc(out, ' ');
        }
        ls_buf_adds(out, ";\n");
    }
    ls_stmts_release(&stmts);
    ls_source_release(&src);
    ls_buf_release(&body);
    return rc;
}

static enum ls_rc compare(struct ls_convert *cv, const struct ls_section *a, const struct ls_section *b, bool drop_block, const char *what, struct ls_err *err)
{
    struct ls_buf x = LS_BUF_INIT, y = LS_BUF_INIT;
    enum ls_rc rc = tokens_of(cv, a, drop_block, &x, err);

    if (rc == LS_OK)
        rc = tokens_of(cv, b, false, &y, err);
    if (rc == LS_OK && (x.len != y.len || memcmp(x.ptr, y.ptr, x.len) != 0)) {
        ls_err_set(err, LS_E_REFUSED, "%s: as a file of %s its %s would not be the same statements: a line of it means something to that tool",
                   a->path != NULL ? a->path : b->path, cv->target->title, what);
        ls_err_hint(err, "look for lines that are the tool's markers, and change them in the source first");
        rc = LS_E_REFUSED;
    }
    ls_buf_release(&x);
    ls_buf_release(&y);
    return rc;
}

/* The down halves that the target keeps apart (Flyway's undo files) are the same migration's by its scan, or entries of their own: those are passed over. */
static const struct ls_migration *next_versioned(const struct ls_migrations *all, size_t *at)
{
    while (*at < all->m.n)
        if (all->m.v[(*at)++].kind == LS_KIND_VERSIONED)
            return &all->m.v[*at - 1];
    return NULL;
}

static enum ls_rc check(struct ls_convert *cv, struct ls_err *err)
{
    size_t at = 0;
    enum ls_rc rc = LS_OK;

    for (size_t i = 0; i < cv->staged.diags.d.n; i++)
        if (cv->staged.diags.d.v[i].severity == LS_SEV_ERROR)
            return ls_err_set(err, LS_E_REFUSED, "%s would not take %s: %s", cv->target->title,
                              cv->staged.diags.d.v[i].path != NULL ? ls_path_base(cv->staged.diags.d.v[i].path) : "the folder", cv->staged.diags.d.v[i].message);
    for (size_t i = 0; rc == LS_OK && i < cv->c.n; i++) {
        const struct ls_migration *m = next_versioned(&cv->staged, &at), *from = cv->c.v[i].entry->migration;

        if (m == NULL)
            return ls_err_set(err, LS_E_REFUSED, "%s would read fewer migrations than there are", cv->target->title);
        rc = compare(cv, &from->up, &m->up, cv->c.v[i].is_block_dropped, "up", err);
        if (rc == LS_OK && cv->c.v[i].w.down != NULL && m->down.path != NULL)
            rc = compare(cv, &from->down, &m->down, cv->c.v[i].is_block_dropped, "down", err);
    }
    if (rc == LS_OK && next_versioned(&cv->staged, &at) != NULL)
        rc = ls_err_set(err, LS_E_REFUSED, "%s would read more migrations than there are", cv->target->title);
    return rc;
}

enum ls_rc ls_convert_stage(struct ls_convert *cv, char **dir, struct ls_err *err)
{
    char *top = ls_strdup("/tmp/lockstep-convert.XXXXXX");
    enum ls_rc rc = LS_OK;

    *dir = NULL;
    if (mkdtemp(top) == NULL) {
        rc = ls_err_sys(err, "cannot make a folder in /tmp");
        free(top);
        return rc;
    }
    *dir = top;
    for (size_t i = 0; rc == LS_OK && i < cv->files.n; i++)
        rc = put(top, &cv->files.v[i], err);
    if (rc == LS_OK)
        rc = cv->target->scan(top, cv->dialect, true, &cv->staged, err);
    return rc == LS_OK ? check(cv, err) : rc;
}
