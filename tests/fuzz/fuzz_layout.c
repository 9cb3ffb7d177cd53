/* Any bytes as a migration's text: written down in each tool's manner, and taken out of it again, it keeps every statement. */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/format/layout.h"
#include "lockstep/sql/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t count(const char *text, size_t len, bool *ok)
{
    struct ls_stmts s = {0};
    size_t n;

    *ok = ls_sql_split(LS_DIALECT_SQLITE, text, len, &s, NULL) == LS_OK;
    n = s.n;
    ls_stmts_release(&s);
    return n;
}

static void check(const struct ls_layout *l, const char *text, size_t len)
{
    struct ls_arena *arena = ls_arena_new();
    struct ls_written w = {.key = "0001", .name = "x", .up = text, .up_len = len, .down = text, .down_len = len};
    struct ls_written_file files[3];
    size_t n = ls_layout_write(l, LS_DIALECT_SQLITE, arena, &w, files), before;
    bool ok = false, again = false;

    if (n < 1 || n > 3 || strncmp(files[0].path + (l->prefix != NULL), "0001", 4) != 0)
        abort();
    before = count(text, len, &ok);
    for (size_t i = 0; i < len; i++) /* a control character alone is a statement to some, and none to others */
        ok = ok && ((unsigned char)text[i] >= ' ' || strchr("\t\r\n", text[i]) != NULL) && text[i] != '\0';
    if (ok && l->kind != LS_LAYOUT_FILE && count(files[0].text, files[0].len, &again) != before) {
        fprintf(stderr, "violated: %s has another number of statements\n", files[0].path);
        abort();
    }
    for (size_t i = 0; i < n; i++) {
        struct ls_buf body = LS_BUF_INIT;

        ls_layout_body(l, files[i].text, files[i].len, &body);
        if (body.len > files[i].len + 1 || (body.len > 0 && body.ptr[body.len - 1] != '\n'))
            abort();
        ls_buf_release(&body);
    }
    ls_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct ls_format *const *all;
    size_t n;
    char *text = malloc(len + 1);

    memcpy(text, data, len);
    text[len] = '\0';
    all = ls_formats(&n);
    for (size_t i = 0; i < n; i++)
        if (all[i]->layout != NULL)
            check(all[i]->layout, text, len);
    free(text);
    return 0;
}
