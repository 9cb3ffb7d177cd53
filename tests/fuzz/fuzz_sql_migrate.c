/* sql-migrate's cutting of any text, and of each half's span alone, which must give the same statements. */
#include <config.h>

#include "cuts_check.h"
#include "format/sqlmigrate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_half(struct ls_arena *arena, const char *text, const struct ls_sqlmigrate_half *half, bool is_up)
{
    struct ls_sqlmigrate alone;
    const struct ls_cuts *a = &half->cuts, *b;

    cuts_require(half->start <= half->end, "a half is a span");
    ls_sqlmigrate_parse(arena, text + half->start, half->end - half->start, &alone);
    b = is_up ? &alone.up.cuts : &alone.down.cuts;
    cuts_require(alone.error == NULL && a->c.n == b->c.n, "a half alone has as many statements");
    for (size_t i = 0; i < a->c.n; i++)
        cuts_require(a->c.v[i].len == b->c.v[i].len && memcmp(a->c.v[i].text, b->c.v[i].text, a->c.v[i].len) == 0,
                     "and the same ones");
    ls_sqlmigrate_release(&alone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;
    struct ls_arena *arena = ls_arena_new();
    struct ls_sqlmigrate p;

    ls_sqlmigrate_parse(arena, text, len, &p);
    cuts_check(text, len, &p.up.cuts);
    cuts_check(text, len, &p.down.cuts);
    if (p.error == NULL && p.up.is_there)
        check_half(arena, text, &p.up, true);
    if (p.error == NULL && p.down.is_there)
        check_half(arena, text, &p.down, false);
    ls_sqlmigrate_release(&p);
    ls_arena_free(arena);
    return 0;
}
