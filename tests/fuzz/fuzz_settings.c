/* Any text as a settings file; its first byte chooses the syntax. */
#include <config.h>

#include "cuts_check.h"
#include "format/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ls_settings s = {0};
    struct ls_err err = LS_ERR_INIT;
    enum ls_rc rc;

    if (len == 0)
        return 0;
    rc = ls_settings_parse(&s, (enum ls_settings_kind)(data[0] % 4), (const char *)data + 1, len - 1, "f", &err);
    cuts_require(rc == LS_OK || rc == LS_E_INPUT, "a text is read, or it is wrong");
    cuts_require((rc == LS_OK) == (err.message == NULL), "what is wrong is said");
    cuts_require(rc == LS_OK || strncmp(err.message, "f:", 2) == 0, "with its place");
    for (size_t i = 0; i < s.s.n; i++)
        cuts_require(s.s.v[i].key != NULL && s.s.v[i].value != NULL && s.s.v[i].line > 0 &&
                         ls_settings_get(&s, s.s.v[i].key) != NULL,
                     "a setting has all its parts");
    ls_err_release(&err);
    ls_settings_release(&s);
    return 0;
}
