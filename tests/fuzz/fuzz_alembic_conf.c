/* alembic.ini and pyproject.toml as any text: a value of a line is in the text, but for references, and a section in front changes
 * nothing. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/alembic.h"
#include "lockstep/base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool is_so, const char *what)
{
    if (is_so)
        return;
    (void)fprintf(stderr, "not so: %s\n", what);
    abort();
}

static bool same(const char *a, const char *b)
{
    return (a == NULL && b == NULL) || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const keys[] = {"script_location", "sqlalchemy.url", "version_locations", "file_template"};
    struct ls_arena *arena = ls_arena_new();
    const char *text = ls_arena_strn(arena, (const char *)data, len);
    const char *longer = ls_arena_printf(arena, "[x]\nscript_location = no\n[y]\n%s", text);
    int n_lines = 1;

    for (const char *p = text; *p != '\0'; p++)
        n_lines += *p == '\n';
    for (size_t i = 0; i < LS_ARRAY_LEN(keys); i++) {
        int line = 0;
        const char *value = ls_alembic_ini_get(arena, text, "alembic", keys[i], "/here", &line);

        require(value == NULL || (line >= 1 && line <= n_lines), "a value has its line");
        require(same(value, ls_alembic_ini_get(arena, longer, "alembic", keys[i], "/here", NULL)),
                "another section changes nothing");
        value = ls_alembic_toml_get(arena, text, "tool.alembic", keys[i]);
        require(value == NULL || strlen(value) <= strlen(text), "a string is not longer than the text");
        require(same(value, ls_alembic_toml_get(arena, longer, "tool.alembic", keys[i])), "nor another table");
    }
    ls_arena_free(arena);
    return 0;
}
