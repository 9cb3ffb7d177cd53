/* The header of an Alembic revision, of any text: what is told lies in the text, and a comment line in front changes nothing but
 * the lines. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/alembic.h"
#include "lockstep/base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool is_so, const char *what)
{
    if (is_so)
        return;
    (void)fprintf(stderr, "not so: %s\n", what);
    abort();
}

static void check(const struct ls_py_value *v, int n_lines)
{
    require(v->kind == LS_PY_ABSENT || (v->line >= 1 && v->line <= n_lines), "a value has its line");
    require((v->kind == LS_PY_OTHER) == (v->why != NULL), "what is no literal has a reason");
    require(v->kind != LS_PY_TEXT || v->n == 1, "a text is one");
    for (size_t i = 0; (v->kind == LS_PY_TEXT || v->kind == LS_PY_LIST) && i < v->n; i++)
        require(v->v[i] != NULL, "each text is there");
    require((v->kind != LS_PY_TEXT && v->kind != LS_PY_LIST) || v->v[v->n] == NULL, "and the list has its end");
}

static void same(const struct ls_py_value *a, const struct ls_py_value *b)
{
    require(a->kind == b->kind, "a comment in front changes no value");
    if (a->kind != LS_PY_TEXT && a->kind != LS_PY_LIST)
        return;
    require(a->n == b->n, "nor how many texts it has");
    for (size_t i = 0; i < a->n; i++)
        require(strcmp(a->v[i], b->v[i]) == 0, "nor one of them");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;
    struct ls_arena *arena = ls_arena_new();
    struct ls_alembic_header h, moved;
    struct ls_buf longer = LS_BUF_INIT;
    int n_lines = 1;

    for (size_t i = 0; i < len; i++)
        n_lines += text[i] == '\n' || text[i] == '\r';
    ls_alembic_parse(arena, text, len, &h);
    check(&h.revision, n_lines);
    check(&h.down_revision, n_lines);
    check(&h.branch_labels, n_lines);
    check(&h.depends_on, n_lines);
    require((h.error == NULL) == (h.error_line == 0), "an error has its line");
    if (len < 3 || memcmp(text, "\xEF\xBB\xBF", 3) != 0) {
        ls_buf_adds(&longer, "# '(\"\"\"\n");
        ls_buf_add(&longer, text, len);
        ls_alembic_parse(arena, longer.ptr, longer.len, &moved);
        same(&h.revision, &moved.revision);
        same(&h.down_revision, &moved.down_revision);
        same(&h.branch_labels, &moved.branch_labels);
        same(&h.depends_on, &moved.depends_on);
        require((h.error == NULL) == (moved.error == NULL), "nor whether there is an error");
    }
    ls_buf_release(&longer);
    ls_arena_free(arena);
    return 0;
}
