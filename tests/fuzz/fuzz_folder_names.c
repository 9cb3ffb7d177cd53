/* Names, metadata.toml, migration_lock.toml and breakpoints of diesel, sqlx, Prisma and Drizzle, in any text. The first byte says
 * which. */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/diesel.h"
#include "format/drizzle.h"
#include "format/prisma.h"
#include "format/sqlx.h"
#include "lockstep/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "violated: %s\n", what);
    abort();
}

static int is_inside(struct ls_str part, const char *text, size_t len)
{
    return part.len == 0 || (part.ptr >= text && part.ptr + part.len <= text + len);
}

/* The pieces and the breakpoints between them are the text. */
static void check_pieces(const char *text, size_t len)
{
    size_t at = 0, end = 0, next = 0, last = 0;

    while (ls_drizzle_piece(text, len, &at, &end, &next)) {
        require(at == last && at <= end && end <= len, "pieces follow each other");
        require(next == len + 1 || (next - end == 24 && memcmp(text + end, "--> statement-breakpoint", 24) == 0),
                "what is left out is a breakpoint");
        last = next;
    }
    require(next == len + 1, "the last piece ends with the text");
}

static void check_names(const char *a, const char *b)
{
    struct ls_sqlx_file f;
    enum ls_sqlx_name kind = ls_sqlx_parse(a, &f);
    uint64_t ms;
    int c = ls_drizzle_locale_compare(a, b);

    require(c == -ls_drizzle_locale_compare(b, a), "the order is one");
    require(ls_drizzle_locale_compare(a, a) == 0, "a name is equal to itself");
    require(!ls_drizzle_folder_millis(a, &ms) || ms % 1000 == 0, "whole seconds");
    require(is_inside(f.label, a, strlen(a)) && is_inside(f.title, a, strlen(a)), "parts are of the name");
    require(kind == LS_SQLX_OTHER || strchr(a, '_') != NULL, "a migration has an underscore");
}

static void check_checksums(const char *text, size_t len)
{
    struct ls_arena *arena = ls_arena_new();
    const char *three = ls_prisma_checksums(arena, text, len);

    for (int k = 0; k < 3; k++)
        require(ls_prisma_checksum_matches(three, three + k * LS_SHA256_HEX), "each of the three is taken");
    require(!ls_prisma_checksum_matches(three, ""), "nothing is no checksum");
    ls_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    /* A copy of its exact size, so that a byte read too much is seen. */
    char *text;
    bool in_tx;
    int broken_line = 0;
    size_t half;

    if (len == 0)
        return 0;
    text = ls_strndup((const char *)data + 1, len - 1);
    switch (data[0] % 4) {
    case 0:
        half = strlen(text) / 2;
        check_names(text + half, text);
        break;
    case 1:
        in_tx = ls_diesel_metadata((const char *)data + 1, len - 1, &broken_line);
        require(in_tx || broken_line == 0, "what cannot be understood runs in a transaction");
        break;
    case 2:
        require(is_inside(ls_prisma_provider((const char *)data + 1, len - 1), (const char *)data + 1, len - 1),
                "the provider is of the text");
        check_checksums((const char *)data + 1, len - 1);
        break;
    default:
        check_pieces((const char *)data + 1, len - 1);
    }
    free(text);
    return 0;
}
