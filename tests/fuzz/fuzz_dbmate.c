/* dbmate's blocks in any text: either an error with a line of it, or one pair whose markers are where it says. */
#include <config.h>

#include "cuts_check.h"
#include "format/dbmate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;
    struct ls_dbmate p;

    ls_dbmate_parse(text, len, &p);
    if (p.error != NULL) {
        cuts_require(p.error_code != NULL && p.error_line >= 0, "an error has a code");
        return 0;
    }
    cuts_require(p.n_up == 1 && p.n_down == 1 && p.up.at < p.down.at && p.down.at < len, "there is one pair");
    cuts_require(len - p.up.at >= 12 && memcmp(text + p.up.at, "--", 2) == 0 && memcmp(text + p.down.at, "--", 2) == 0,
                 "markers begin with --");
    cuts_require(p.up.at == 0 || text[p.up.at - 1] == '\n', "a marker begins a line");
    return 0;
}
