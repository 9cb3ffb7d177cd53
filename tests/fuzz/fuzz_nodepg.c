/* Any text as a file of node-pg-migrate's, its first line as a file's name; and as the head of one of lockstep's own. */
#include <config.h>

#include "cuts_check.h"
#include "format/directive.h"
#include "format/nodepg.h"
#include "lockstep/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_names(const char *text, size_t len)
{
    const char *eol = len > 0 ? memchr(text, '\n', len) : NULL;
    char *a = ls_strndup(text, eol != NULL ? (size_t)(eol - text) : len), *b = ls_strndup(a, strlen(a) / 2);
    uint64_t number = 0;
    int c = ls_nodepg_locale_compare(a, b), d = ls_nodepg_locale_compare(b, a);

    cuts_require((c > 0) == (d < 0) && (c == 0) == (d == 0), "an order is the same from both sides");
    cuts_require(ls_nodepg_locale_compare(a, a) == 0, "and a name is itself");
    (void)ls_nodepg_number(a, &number);
    free(a);
    free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *text = (const char *)data;
    struct ls_nodepg_parts p;
    struct ls_directives d = {0};

    ls_nodepg_parse(text, len, &p);
    cuts_require(p.up <= p.up_end && p.up_end <= len, "up is of the text");
    cuts_require(!p.has_down || (p.down <= p.down_end && p.down_end <= len), "and so is down");
    check_names(text, len);
    ls_directives_read(text, len, &d);
    cuts_require(d.unknown.len == 0 || d.unknown_line > 0, "a word that is unknown has its place");
    return 0;
}
