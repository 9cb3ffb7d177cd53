/* Any text as the plain convention's list, and as one of its files. */
#include <config.h>

#include "cuts_check.h"
#include "format/plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool is_inside(const char *text, size_t len, struct ls_str s)
{
    return s.len == 0 || (s.ptr >= text && s.ptr + s.len <= text + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;
    struct ls_str owner = ls_plain_database(text, len);
    struct ls_line line = {.no = 0};
    struct ls_plain_parts parts;

    cuts_require(is_inside(text, len, owner), "the database's name is of the text");
    cuts_require(ls_plain_is_same(LS_DIALECT_POSTGRES, owner, owner), "a database is itself");
    while (ls_line_next(text, len, &line)) {
        struct ls_plain_line l;

        ls_plain_line(line.text, &l);
        cuts_require(is_inside(text, len, l.name) && is_inside(text, len, l.time) && is_inside(text, len, l.sha),
                     "a line's parts are of the text");
        cuts_require(l.kind != LS_PLAIN_OTHER || l.name.len == 0, "what says nothing names nothing");
    }
    ls_plain_parse(text, len, &parts);
    cuts_require(parts.up_end <= len && (!parts.has_down || (parts.up_end < parts.down_at && parts.down_at <= len)),
                 "down stands behind up");
    cuts_require(parts.has_down || parts.second_down_line == 0, "no second without a first");
    return 0;
}
