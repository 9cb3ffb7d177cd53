/* Any bytes as the record of a settlement: what it is taken for stays inside of its folder, and what a way back needs is there. */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/settle_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "violated: %s\n", what);
    abort();
}

static void is_inside(const char *path)
{
    require(strncmp(path, "nowhere/", 8) == 0 && path[8] != '\0' && path[8] != '/', "a path begins with its folder");
    require(strstr(path, "/../") == NULL && strstr(path, "//") == NULL, "a path leads nowhere else");
    require(strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/..") != 0, "a path does not end above");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ls_settle_left l = {.arena = ls_arena_new()};

    ls_settle_left_parse(&l, "nowhere", (const char *)data, len);
    require(l.is_there, "it is there");
    for (size_t i = 0; l.broken == NULL && i < l.ops.n; i++) {
        const struct ls_file_op *op = &l.ops.v[i];

        if (op->from != NULL)
            is_inside(op->from);
        if (op->to != NULL)
            is_inside(op->to);
        require(op->kind == LS_FILE_REMOVE ? op->from != NULL && op->old_text != NULL : op->to != NULL,
                "an operation has its paths");
        require(op->kind != LS_FILE_RENAME || (op->from != NULL && strlen(op->before) == 64), "a rename knows what it moves");
        require(op->kind != LS_FILE_WRITE || strlen(op->after) == 64, "a write knows what it wrote");
        require(op->kind != LS_FILE_WRITE || (op->before[0] != '\0') == (op->old_text != NULL),
                "what was written over can come back");
    }
    ls_settle_left_release(&l);
    return 0;
}
