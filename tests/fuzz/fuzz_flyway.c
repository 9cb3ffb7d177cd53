/* Any text as one of Flyway's files, with placeholders in it, and its first line as a version. */
#include <config.h>

#include "cuts_check.h"
#include "format/flyway.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char settings[] = "flyway.placeholders.a=${a}\nflyway.placeholders.=x\nflyway.placeholders.b=\n";
    const char *text = (const char *)data, *eol = len > 0 ? memchr(text, '\n', len) : NULL;
    struct ls_flyway_config c = {.prefix = "${", .suffix = "}", .replaces = true};
    const struct ls_flyway_known known = {.user = "u", .filename = "f"};
    struct ls_flyway_missing missing = {0};
    struct ls_arena *arena = ls_arena_new();
    const char *version = ls_flyway_version(arena, text, eol != NULL ? (size_t)(eol - text) : len);
    struct ls_buf out = LS_BUF_INIT;

    if (version != NULL) {
        const char *again = ls_flyway_version(arena, version, strlen(version));

        cuts_require(again != NULL && strcmp(again, version) == 0, "a version stays what it is");
        cuts_require(ls_flyway_compare(version, version) == 0, "and is itself");
    }
    cuts_require(ls_settings_parse(&c.s, LS_SETTINGS_PROPERTIES, settings, sizeof(settings) - 1, "f", NULL) == LS_OK, "settings are read");
    if (ls_flyway_replace(&c, &known, text, len, &out, &missing))
        cuts_require(ls_flyway_has_placeholder(&c, text, len) || (out.len == len && (len == 0 || memcmp(out.ptr, text, len) == 0)),
                     "without a placeholder nothing changes");
    else
        cuts_require(missing.line > 0 && missing.name.ptr >= text && missing.name.ptr + missing.name.len <= text + len,
                     "what has no value is named");
    (void)ls_flyway_checksum(text, len);
    ls_buf_release(&out);
    ls_flyway_config_release(&c);
    ls_arena_free(arena);
    return 0;
}
