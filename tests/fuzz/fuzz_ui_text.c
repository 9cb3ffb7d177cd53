/* Whatever comes in, only text that cannot steer a terminal goes out; a second pass changes nothing; cuts are exact. */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/text.h"
#include "support/safe_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "violated: %s\n", what);
        abort();
    }
}

/* The first byte chooses flags, the second a width. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ls_buf out = LS_BUF_INIT, again = LS_BUF_INIT;

    if (len < 2)
        return 0;
    unsigned flags = data[0] & 7U;
    int cells = data[1] % 100, got = 0;
    const char *text = (const char *)data + 2;

    len -= 2;
    ls_ui_text(&out, text, len, flags);
    const char *why = unfit_text(out.ptr, out.len, flags & LS_UI_TEXT_MULTILINE);

    require(!why, why);
    require(ls_utf8_valid(out.ptr, out.len, NULL), "valid UTF-8");
    require(ls_ui_text(&again, out.ptr, out.len, flags) == 0 && again.len == out.len && memcmp(again.ptr, out.ptr, out.len) == 0,
            "a second pass changes nothing");
    require(ls_text_fit(text, len, cells, &got) <= len && got <= cells, "a cut is not wider than asked for");
    ls_buf_clear(&again);
    ls_text_pad(&again, out.ptr, cells, false);
    require(ls_text_width(again.ptr, again.len) == cells, "padded to the cell");
    ls_buf_release(&out);
    ls_buf_release(&again);
    return 0;
}
