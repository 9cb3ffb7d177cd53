/* goose's cutting of any text, and of its down half alone, which must give the same statements. */
#include <config.h>

#include "cuts_check.h"
#include "format/goose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void same(const struct ls_cuts *a, const struct ls_cuts *b)
{
    cuts_require(a->c.n == b->c.n, "a half alone has as many statements");
    for (size_t i = 0; i < a->c.n; i++)
        cuts_require(a->c.v[i].len == b->c.v[i].len && memcmp(a->c.v[i].text, b->c.v[i].text, a->c.v[i].len) == 0,
                     "and the same ones");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;
    struct ls_arena *arena = ls_arena_new();
    struct ls_goose whole, half;

    ls_goose_parse(arena, text, len, false, &whole);
    cuts_check(text, len, &whole.up);
    cuts_check(text, len, &whole.down);
    if (whole.error.text == NULL) {
        cuts_require(whole.has_up, "a file without an error has an Up");
        ls_goose_parse(arena, text + whole.up_at, (whole.has_down ? whole.down_at : len) - whole.up_at, false, &half);
        cuts_require(half.error.text == NULL && (half.up_error.text == NULL) == (whole.up_error.text == NULL),
                     "the up half alone has no other error");
        same(&whole.up, &half.up);
        ls_goose_release(&half);
    }
    if (whole.error.text == NULL && whole.has_down) {
        ls_goose_parse(arena, text + whole.down_at, len - whole.down_at, true, &half);
        cuts_require(half.error.text == NULL && (half.down_error.text == NULL) == (whole.down_error.text == NULL),
                     "the down half alone has no other error");
        same(&whole.down, &half.down);
        ls_goose_release(&half);
    }
    ls_goose_release(&whole);
    ls_arena_free(arena);
    return 0;
}
