/* Names and dependencies of a Sqitch plan, as the tool's expressions have them (source: Plan.pm, Plan/Depend.pm). */
#include <config.h>

#include "format/sqitch.h"

#include <string.h>

#include "format/section.h"

/* ASCII punctuation without the underscore. */
static bool is_punct(char c)
{
    return c > ' ' && c < 0x7f && c != '_' && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z');
}

/* Every character beyond ASCII is taken for a letter. */
static bool is_word(char c)
{
    return (unsigned char)c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "~1", "/2" at the end of a word would be a symbolic reference ("two before it"). */
static bool is_reference(struct ls_str s, size_t at)
{
    size_t i = at + 1;

    if (memchr("~/=%^", s.ptr[at], 5) == NULL)
        return false;
    while (i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9')
        i++;
    return i > at + 1 && (i == s.len || is_blank(s.ptr[i]));
}

size_t ls_sqitch_name(struct ls_str s)
{
    size_t n = 0;

    if (s.len == 0 || is_punct(s.ptr[0]))
        return 0;
    while (n < s.len && !is_blank(s.ptr[n]) && s.ptr[n] != '\0' && memchr(":@#\\", s.ptr[n], 4) == NULL && !is_reference(s, n))
        n++;
    /* The longest part that ends in no punctuation, at the end of a word. */
    for (; n > 0; n--)
        if (!is_punct(s.ptr[n - 1]) && (n < s.len && is_word(s.ptr[n])) != is_word(s.ptr[n - 1]))
            return n;
    return 0;
}

bool ls_sqitch_is_name(struct ls_str s)
{
    return s.len > 0 && ls_sqitch_name(s) == s.len;
}

static bool is_sha1(struct ls_str s)
{
    size_t n = 0;

    while (n < s.len && ((s.ptr[n] >= '0' && s.ptr[n] <= '9') || (s.ptr[n] >= 'a' && s.ptr[n] <= 'f')))
        n++;
    return n == LS_SHA1_HEX - 1 && s.len == n;
}

static const char *copy(struct ls_arena *arena, struct ls_str s)
{
    return ls_arena_strn(arena, s.ptr, s.len);
}

bool ls_sqitch_depend_parse(struct ls_arena *arena, struct ls_str s, const char *project, struct ls_sqitch_depend *out)
{
    struct ls_str rest = s, change, tag = {0};
    const char *at;

    *out = (struct ls_sqitch_depend){.is_conflict = ls_str_starts(rest, "!", &rest)};
    at = rest.len > 0 ? memchr(rest.ptr, ':', rest.len) : NULL;
    if (at != NULL) {
        struct ls_str own = {rest.ptr, (size_t)(at - rest.ptr)};

        if (!ls_sqitch_is_name(own))
            return false;
        out->project = copy(arena, own);
        rest = (struct ls_str){at + 1, rest.len - own.len - 1};
    }
    at = rest.len > 0 ? memchr(rest.ptr, '@', rest.len) : NULL;
    change = at != NULL ? (struct ls_str){rest.ptr, (size_t)(at - rest.ptr)} : rest;
    if (at != NULL)
        tag = (struct ls_str){at + 1, rest.len - change.len - 1};
    if ((at != NULL && !ls_sqitch_is_name(tag)) || (change.len == 0 && at == NULL))
        return false;
    if (is_sha1(rest))
        out->id = copy(arena, rest);
    else if (change.len > 0 && !ls_sqitch_is_name(change))
        return false;
    else if (change.len > 0)
        out->change = copy(arena, change);
    if (at != NULL)
        out->tag = copy(arena, tag);
    out->text = out->project != NULL && (project == NULL || strcmp(out->project, project) != 0)
                    ? ls_arena_printf(arena, "%s:%.*s", out->project, (int)rest.len, rest.ptr)
                    : copy(arena, rest);
    return true;
}
