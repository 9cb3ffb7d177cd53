/* Any bytes as a sqitch.conf: each setting has a section, a key in lower case and a value, and is found again; an error has a line of the text. */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/sqitch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "violated: %s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ls_arena *arena = ls_arena_new();
    struct ls_sqitch_conf c;
    int n_lines = 1;

    for (size_t i = 0; i < len; i++)
        n_lines += data[i] == '\n';
    ls_sqitch_conf_parse(arena, (const char *)data, len, &c);
    require((c.error != NULL) == (c.error_line > 0) && c.error_line <= n_lines, "an error has a line");
    for (size_t i = 0; i < c.s.n; i++) {
        const struct ls_sqitch_setting *s = &c.s.v[i];

        require(s->section[0] != '\0' && s->sub != NULL && s->key[0] != '\0' && s->value != NULL, "a setting is whole");
        require(s->line > 0 && s->line <= n_lines, "its line is one of the text");
        require(strpbrk(s->key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ =[\n") == NULL, "a key is lower case");
        require(ls_sqitch_conf_get(&c, s->section, s->sub, s->key) != NULL, "it is found again");
    }
    ls_sqitch_conf_release(&c);
    ls_arena_free(arena);
    return 0;
}
