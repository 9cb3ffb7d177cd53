/* A secret in a known form, with any bytes around it and behind its first characters, is not in what comes out; and nothing comes
 * out that was not in the text. */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep/base/redact.h"

#define CANARY "Zx7Qk9"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(int holds, const char *what, const struct ls_buf *in, const struct ls_buf *out)
{
    if (holds)
        return;
    fprintf(stderr, "violated: %s\nin  ", what);
    fwrite(in->ptr, 1, in->len, stderr);
    fputs("\nout ", stderr);
    fwrite(out->ptr, 1, out->len, stderr);
    fputc('\n', stderr);
    abort();
}

/* What is not stars is a piece of the input, and the pieces are in order. */
static int is_cut_from(const struct ls_buf *out, const struct ls_buf *in)
{
    size_t at = 0;

    for (size_t i = 0; i < out->len;) {
        const char *stars = memmem(out->ptr + i, out->len - i, "***", 3);
        size_t piece = stars ? (size_t)(stars - out->ptr) - i : out->len - i;
        const char *found = piece ? memmem(in->ptr + at, in->len - at, out->ptr + i, piece) : in->ptr + at;

        if (!found)
            return 0;
        at = (size_t)(found - in->ptr) + piece;
        i += piece + (stars ? 3 : 0);
    }
    return 1;
}

/* The first byte chooses the form, the second where the text is cut: before and inside of the secret, and behind it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const forms[][2] = {
        {"postgres://u:", "@h/db"}, {" password=", ""},    {" password = '", "'"}, {" PGPASSWORD=", " psql"},
        {" PASSWORD '", "'"},       {" PASSWORD E'", "'"}, {"?password=", "&x"},   {" {\"password\": \"", "\"}"},
        {" PASSWORD $$", "$$"},
    };
    struct ls_buf in = LS_BUF_INIT, out = LS_BUF_INIT;

    if (len < 2)
        return 0;
    const char *const *form = forms[data[0] % LS_ARRAY_LEN(forms)];
    size_t cut = data[1];
    const char *text = (const char *)data + 2;

    len -= 2;
    if (memmem(text, len, "***", 3) || memmem(text, len, CANARY, strlen(CANARY)))
        return 0;
    if (cut > len)
        cut = len;
    size_t middle = (len - cut) / 2;

    if (memchr(text + cut, '\n', middle)) /* a password ends at the end of a line at the latest */
        return 0;
    ls_buf_add(&in, text, cut);
    ls_buf_adds(&in, form[0]);
    ls_buf_adds(&in, CANARY);
    ls_buf_add(&in, text + cut, middle);
    ls_buf_adds(&in, form[1]);
    ls_buf_add(&in, text + cut + middle, len - cut - middle);
    ls_redact(&out, in.ptr, in.len);
    require(memmem(out.ptr, out.len, CANARY, strlen(CANARY)) == NULL, "the secret is hidden", &in, &out);
    require(is_cut_from(&out, &in), "only stars are added", &in, &out);
    ls_buf_release(&in);
    ls_buf_release(&out);
    return 0;
}
