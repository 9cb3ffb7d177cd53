/* Any bytes as a sqitch.plan: each item has a name that is one, an id, a line of the text and a change in front of it; each error words and a line; and
 * without an error the changes make one chain. */
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

static void check_item(const struct ls_sqitch_plan *p, size_t i, int n_lines)
{
    const struct ls_sqitch_item *c = &p->items.v[i];

    require(ls_sqitch_is_name((struct ls_str){c->name, strlen(c->name)}), "a name is a name");
    require(strlen(c->id) == LS_SHA1_HEX - 1, "an id is a SHA-1");
    require(strlen(c->date) == 20, "a time is 20 bytes");
    require(c->line > 0 && c->line <= n_lines, "the line is one of the text");
    require(c->change < (long)i && (c->change < 0 || !p->items.v[c->change].is_tag), "what it hangs on is a change in front of it");
    require(!c->is_tag || (c->change >= 0 && c->n_depends == 0 && c->rework_tags == NULL), "a tag has a change and nothing else");
    for (size_t k = 0; k < c->n_depends; k++) {
        const struct ls_sqitch_depend *d = &c->depends[k];

        require(d->text[0] != '\0' && (d->change != NULL || d->tag != NULL || d->id != NULL), "a dependency is about something");
        require(d->item < (long)i && (d->item < 0 || !p->items.v[d->item].is_tag), "what it requires stands in front of it");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ls_arena *arena = ls_arena_new();
    struct ls_sqitch_plan p;
    int n_lines = 1;
    long last = -1;

    for (size_t i = 0; i < len; i++)
        n_lines += data[i] == '\n';
    ls_sqitch_plan_parse(arena, (const char *)data, len, &p);
    for (size_t i = 0; i < p.items.n; i++) {
        check_item(&p, i, n_lines);
        require(p.items.v[i].change == last, "the changes are a chain");
        if (!p.items.v[i].is_tag)
            last = (long)i;
    }
    for (size_t i = 0; i < p.errors.n; i++)
        require(p.errors.v[i].line >= 0 && p.errors.v[i].line <= n_lines && p.errors.v[i].message[0] != '\0', "an error says something");
    require(p.errors.n > 0 || p.project != NULL, "a plan has a project");
    ls_sqitch_plan_release(&p);
    ls_arena_free(arena);
    return 0;
}
