/* sqitch.plan: pragmas, a blank line, then changes and tags, a line each (source: Plan.pm, _parse and check_changes). The tool
 * stops at the first line that is wrong; here such a line is an error with its number, and the rest is still read. */
#include <config.h>

#include "format/sqitch.h"

#include <stdarg.h>
#include <string.h>

#include "format/marked.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"

/* What the plan has said of a name so far. Tags are under "@name". */
struct known {
    const char *name;
    int line, section; /* last declared; the sections are what stands between tags */
    int line_before;   /* declared before that; 0: not */
    long item, item_before, first;
};

struct parser {
    struct ls_sqitch_plan *plan;
    struct ls_line line;
    struct known *table; /* open addressing, a power of two long */
    size_t n_table, n_known;
    int section;
    long last_change; /* item; -1 none */
    bool in_body;
};

/* --- errors --------------------------------------------------------------------------------------------------------------- */

static void fail_at(struct ls_sqitch_plan *plan, int line, const char *hint, const char *fmt, ...) LS_PRINTF(4, 5);
static void fail_at(struct ls_sqitch_plan *plan, int line, const char *hint, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    *LS_VEC_PUSH(&plan->errors) = (struct ls_sqitch_error){line, ls_arena_vprintf(plan->arena, fmt, ap), hint};
    va_end(ap);
}
#define FAIL(p, hint, ...) fail_at((p)->plan, (p)->line.no, hint, __VA_ARGS__)

/* --- names that were seen ------------------------------------------------------------------------------------------------- */

static struct known *slot_of(struct known *table, size_t n, const char *name)
{
    size_t at = ls_crc32(name, strlen(name)) & (n - 1);

    while (table[at].name != NULL && strcmp(table[at].name, name) != 0)
        at = (at + 1) & (n - 1);
    return &table[at];
}

static struct known *find(const struct parser *p, const char *name)
{
    struct known *k = p->n_table > 0 ? slot_of(p->table, p->n_table, name) : NULL;

    return k != NULL && k->name != NULL ? k : NULL;
}

static void declare(struct parser *p, const char *name, long item)
{
    struct known *k;

    if (2 * (p->n_known + 1) > p->n_table) {
        size_t n = p->n_table > 0 ? 2 * p->n_table : 64;
        struct known *table = ls_calloc(n, sizeof(*table));

        for (size_t i = 0; i < p->n_table; i++)
            if (p->table[i].name != NULL)
                *slot_of(table, n, p->table[i].name) = p->table[i];
        free(p->table);
        p->table = table;
        p->n_table = n;
    }
    k = slot_of(p->table, p->n_table, name);
    p->n_known += k->name == NULL;
    *k = (struct known){name, p->line.no, p->section, k->line, item, k->item, k->name != NULL ? k->first : item};
}

/* --- pieces of a line ----------------------------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct ls_str rest_of(struct ls_str s, size_t from)
{
    return (struct ls_str){s.ptr + from, s.len - from};
}

static struct ls_str without_blanks_behind(struct ls_str s)
{
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* Blank, or a comment: "#" with something behind it. *has_note: the latter. */
static bool is_blank_line(struct ls_str line, bool *has_note)
{
    struct ls_str s = ls_str_skip_blanks(line);

    *has_note = s.len > 1 && s.ptr[0] == '#';
    return s.len == 0 || *has_note;
}

/* Cuts what the first '#' begins off; the note, with its escapes resolved. */
static const char *cut_note(struct ls_arena *arena, struct ls_str *line)
{
    const char *hash = line->len > 0 ? memchr(line->ptr, '#', line->len) : NULL;
    struct ls_buf out = LS_BUF_INIT;
    struct ls_str s;
    const char *note;

    if (hash == NULL) {
        *line = without_blanks_behind(*line);
        return "";
    }
    s = ls_str_trim(rest_of(*line, (size_t)(hash - line->ptr) + 1));
    line->len = (size_t)(hash - line->ptr);
    *line = without_blanks_behind(*line);
    for (size_t i = 0; i < s.len; i++) {
        char next = s.ptr[i] == '\\' && i + 1 < s.len ? s.ptr[i + 1] : '\0';

        i += next == '\\' || next == 'n' || next == 'r';
        ls_buf_addc(&out, next == 'n' ? '\n' : next == 'r' ? '\r' : s.ptr[i]);
    }
    note = ls_arena_strn(arena, out.ptr != NULL ? out.ptr : "", out.len);
    ls_buf_release(&out);
    return note;
}

static int number(const char *p, int digits)
{
    int v = 0;

    for (int i = 0; i < digits; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

/* 2026-11-21T07:54:26Z: 20 bytes. */
static bool looks_like_time(struct ls_str s)
{
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";

    for (size_t i = 0; i < sizeof(form) - 1; i++)
        if (i >= s.len || (form[i] == 'd' ? s.ptr[i] < '0' || s.ptr[i] > '9' : s.ptr[i] != form[i]))
            return false;
    return true;
}

static bool is_time(const char *p)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = number(p, 4), month = number(p + 5, 2), day = number(p + 8, 2);
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && is_leap) && number(p + 11, 2) < 24 &&
           number(p + 14, 2) < 60 && number(p + 17, 2) < 60;
}

static bool holds_time(struct ls_str s)
{
    for (; s.len > 0; s = rest_of(s, 1))
        if (looks_like_time(s))
            return true;
    return false;
}

/* --- pragmas -------------------------------------------------------------------------------------------------------------- */

/* One word that begins and ends with no punctuation. */
static bool is_pragma_name(struct ls_str s)
{
    static const char punct[] = "-!\"#$%&'()*+,./:;<=>?@[\\]^`{|}~";

    if (s.len == 0 || strchr(punct, s.ptr[0]) != NULL || strchr(punct, s.ptr[s.len - 1]) != NULL)
        return false;
    return memchr(s.ptr, ' ', s.len) == NULL && memchr(s.ptr, '\t', s.len) == NULL;
}

static void parse_pragma(struct parser *p, struct ls_str line)
{
    struct ls_arena *arena = p->plan->arena;
    struct ls_str s, name, value;
    const char *is;

    (void)cut_note(arena, &line);
    if (!ls_str_starts(ls_str_skip_blanks(line), "%", &s)) {
        FAIL(p, "put a blank line behind the lines that begin with %",
             "invalid pragma; a blank line must come between pragmas and changes");
        return;
    }
    s = ls_str_skip_blanks(s);
    is = s.len > 0 ? memchr(s.ptr, '=', s.len) : NULL;
    name = without_blanks_behind(is != NULL ? (struct ls_str){s.ptr, (size_t)(is - s.ptr)} : s);
    value = is != NULL ? ls_str_trim(rest_of(s, (size_t)(is - s.ptr) + 1)) : (struct ls_str){"", 0};
    if (!is_pragma_name(name) || (is != NULL && value.len == 0)) {
        FAIL(p, NULL, "invalid pragma; it has no %s", !is_pragma_name(name) ? "name that is one" : "value");
    } else if (ls_str_is(name, "project")) {
        if (ls_sqitch_is_name(value))
            p->plan->project = ls_arena_strn(arena, value.ptr, value.len);
        else
            FAIL(p, NULL,
                 "invalid project name \"%.*s\": it must not begin with punctuation, hold @, :, #, \\ or blanks, or end in "
                 "punctuation or in digits "
                 "behind punctuation",
                 (int)value.len, value.ptr);
    } else if (ls_str_is(name, "uri")) {
        p->plan->uri = ls_arena_strn(arena, value.ptr, value.len);
    }
}

/* --- changes and tags ----------------------------------------------------------------------------------------------------- */

/* The longest name must be followed by blanks; then dependencies, the time, the planner. */
struct pieces {
    struct ls_str name, depends, date, planner, email;
    bool is_tag, has_depends, is_revert;
};

static bool take_planner(struct parser *p, struct ls_str s, struct pieces *out)
{
    const char *open = s.len > 0 ? memchr(s.ptr, '<', s.len) : NULL;
    size_t n = open != NULL ? (size_t)(open - s.ptr) : 0;
    struct ls_str email = open != NULL ? rest_of(s, n + 1) : s;
    const char *end = email.len > 0 ? memchr(email.ptr, '>', email.len) : NULL;

    if (open == NULL || n < 2 || !is_blank(s.ptr[n - 1]) || end == NULL || end != email.ptr + email.len - 1 || email.len < 2) {
        FAIL(p, "behind the time stands \"Planner Name <mail@example.com>\"", "missing planner name and email");
        return false;
    }
    out->planner = (struct ls_str){s.ptr, n - 1};
    out->email = (struct ls_str){email.ptr, email.len - 1};
    return true;
}

static bool take_time(struct parser *p, struct ls_str line, struct ls_str s, struct pieces *out)
{
    if (!looks_like_time(s)) {
        if (holds_time(line))
            FAIL(p, "a line is: name [dependencies] 2026-11-21T07:54:26Z Planner Name <mail@example.com> # note",
                 "what stands between the name and the time is neither [dependencies] nor blank");
        else
            FAIL(p, "a line is: name [dependencies] 2026-11-21T07:54:26Z Planner Name <mail@example.com> # note",
                 memchr(line.ptr, '<', line.len) != NULL ? "missing timestamp" : "missing timestamp and planner name and email");
        return false;
    }
    out->date = (struct ls_str){s.ptr, 20};
    if (!is_time(s.ptr))
        FAIL(p, NULL, "%.20s is no time", s.ptr);
    return is_time(s.ptr) && take_planner(p, ls_str_skip_blanks(rest_of(s, 20)), out);
}

static bool cut_line(struct parser *p, struct ls_str line, struct pieces *out)
{
    struct ls_str s = ls_str_skip_blanks(line);
    size_t n;

    *out = (struct pieces){.is_tag = s.len > 0 && s.ptr[0] == '@'};
    out->is_revert = s.len > 0 && s.ptr[0] == '-';
    if (s.len > 0 && (s.ptr[0] == '@' || s.ptr[0] == '+' || s.ptr[0] == '-'))
        s = out->is_tag ? rest_of(s, 1) : ls_str_skip_blanks(rest_of(s, 1));
    n = ls_sqitch_name(s);
    out->name = (struct ls_str){s.ptr, n};
    s = rest_of(s, n);
    if (n == 0 || (s.len > 0 && !is_blank(s.ptr[0]) && s.ptr[0] != '[')) {
        FAIL(p, NULL,
             "invalid name; names must not begin with punctuation, hold @, :, #, \\ or blanks, or end in punctuation or in digits "
             "behind punctuation");
        return false;
    }
    s = ls_str_skip_blanks(s);
    if (s.len > 0 && s.ptr[0] == '[') {
        const char *end = memchr(s.ptr, ']', s.len);

        if (end == NULL || end == s.ptr + 1) {
            FAIL(p, NULL, end == NULL ? "the [ has no ]" : "there is nothing between [ and ]");
            return false;
        }
        out->has_depends = true;
        out->depends = (struct ls_str){s.ptr + 1, (size_t)(end - s.ptr) - 1};
        s = ls_str_skip_blanks(rest_of(s, out->depends.len + 2));
    }
    return take_time(p, line, s, out);
}

static bool may_be_named(struct parser *p, const char *name)
{
    size_t hex = strspn(name, "0123456789abcdef");

    if (strcmp(name, "ROOT") == 0 || strcmp(name, "HEAD") == 0)
        FAIL(p, NULL, "\"%s\" is a reserved name", name);
    else if (hex >= LS_SHA1_HEX - 1)
        FAIL(p, NULL, "\"%s\" is invalid because it could be confused with a SHA-1 id", name);
    else
        return true;
    return false;
}

/* The change that is meant, as the tool looks it up: the first one of that name; with a tag, the last one up to the tag, which must
 * not have been declared again since, but for what no tag has closed yet. -1: none. */
static long meant_by(const struct parser *p, const struct ls_sqitch_depend *d)
{
    const struct known *tag = d->tag != NULL ? find(p, ls_arena_printf(p->plan->arena, "@%s", d->tag)) : NULL;
    const struct known *change = d->change != NULL ? find(p, d->change) : NULL;

    if (d->change == NULL)
        return tag != NULL ? p->plan->items.v[tag->item].change : -1;
    if (d->tag == NULL || change == NULL || tag == NULL)
        return d->tag == NULL && change != NULL ? change->first : -1;
    if (change->section < p->section)
        return change->line < tag->line ? change->item : -1;
    return change->line_before > 0 && change->line_before < tag->line ? change->item_before : -1;
}

static void check_depend(struct parser *p, const char *name, struct ls_sqitch_depend *d)
{
    d->item = -1;
    if (d->is_conflict ||
        (d->project != NULL ? p->plan->project == NULL || strcmp(d->project, p->plan->project) != 0 : d->id != NULL))
        return;
    if (d->id == NULL)
        d->item = meant_by(p, d);
    if (d->item >= 0)
        return;
    if (d->change != NULL && d->tag == NULL && strcmp(d->change, name) == 0)
        FAIL(p, NULL, "change \"%s\" cannot require itself", name);
    else
        FAIL(p, "what a change requires must be planned in front of it", "unknown change \"%s\" required by change \"%s\"", d->text,
             name);
}

static bool take_depends(struct parser *p, struct ls_str list, struct ls_sqitch_item *item)
{
    struct ls_arena *arena = p->plan->arena;
    struct ls_sqitch_depend *all = LS_ARENA_ARRAY(arena, struct ls_sqitch_depend, list.len / 2 + 2);
    struct ls_str *words = LS_ARENA_ARRAY(arena, struct ls_str, list.len / 2 + 2), s = without_blanks_behind(list);
    bool is_good = true;
    size_t n = 0;

    do {
        struct ls_str word = {s.ptr, 0};

        while (word.len < s.len && !is_blank(s.ptr[word.len]))
            word.len++;
        s = ls_str_skip_blanks(rest_of(s, word.len));
        if (!ls_sqitch_depend_parse(arena, word, p->plan->project, &all[n])) {
            FAIL(p, "a dependency is change, change@tag, @tag, project:change, with ! in front for a conflict",
                 "\"%.*s\" is not a valid dependency", (int)word.len, word.ptr);
            return false;
        }
        for (size_t i = 0; i < n; i++)
            if (words[i].len == word.len && memcmp(words[i].ptr, word.ptr, word.len) == 0) {
                FAIL(p, NULL, "duplicate dependency \"%.*s\"", (int)word.len, word.ptr);
                is_good = false;
            }
        check_depend(p, item->name, &all[n]);
        words[n++] = word;
    } while (s.len > 0);
    item->depends = all;
    item->n_depends = n;
    return is_good;
}

/* The tags from the newest down to the first change of that name; one of them is in the name of its scripts from now on. */
static void rework(struct parser *p, long older)
{
    struct ls_arena *arena = p->plan->arena;
    struct ls_sqitch_item *v = p->plan->items.v;
    LS_VEC(const char *) tags = {0};
    const char **list;

    for (long i = (long)p->plan->items.n - 1; i > older; i--) {
        long first = i;

        if (!v[i].is_tag)
            continue;
        /* Those of one change stand together, in the order of the plan. */
        while (first - 1 > older && v[first - 1].is_tag && v[first - 1].change == v[i].change)
            first--;
        for (long k = first; k <= i; k++)
            *LS_VEC_PUSH(&tags) = v[k].name;
        i = first;
    }
    list = LS_ARENA_ARRAY(arena, const char *, tags.n + 1);
    if (tags.n > 0)
        memcpy(list, tags.v, tags.n * sizeof(*list));
    v[older].rework_tags = list;
    LS_VEC_RELEASE(&tags);
}

static bool take_tag(struct parser *p, const struct pieces *pieces, struct ls_sqitch_item *item)
{
    const char *key = ls_arena_printf(p->plan->arena, "@%s", item->name);
    const struct known *k = find(p, key);

    if (strchr(item->name, '/') != NULL)
        FAIL(p, NULL, "tag \"%s\" contains the illegal character /", item->name);
    else if (p->last_change < 0)
        FAIL(p, NULL, "tag \"%s\" declared without a preceding change", item->name);
    else if (k != NULL)
        FAIL(p, NULL, "tag \"%s\" duplicates earlier declaration on line %d", item->name, k->line);
    else if (pieces->has_depends)
        FAIL(p, NULL, "tags may not specify dependencies");
    else {
        item->change = p->last_change;
        p->section++;
        declare(p, key, (long)p->plan->items.n);
        return true;
    }
    return false;
}

static bool take_change(struct parser *p, const struct pieces *pieces, struct ls_sqitch_item *item)
{
    const struct known *k = find(p, item->name);

    if (k != NULL && k->section == p->section) {
        FAIL(p, "a change may be planned again (reworked) behind a tag", "change \"%s\" duplicates earlier declaration on line %d",
             item->name, k->line);
        return false;
    }
    if (pieces->is_revert) {
        FAIL(p, "plan a change that takes it back, or revert it",
             "changes that are planned as reverts (-) are not understood here");
        return false;
    }
    if (pieces->has_depends && !take_depends(p, pieces->depends, item))
        return false;
    if (k != NULL)
        rework(p, k->item);
    item->change = p->last_change;
    p->last_change = (long)p->plan->items.n;
    declare(p, item->name, p->last_change);
    return true;
}

static void parse_item(struct parser *p, struct ls_str line)
{
    struct ls_arena *arena = p->plan->arena;
    struct ls_sqitch_item item = {.line = p->line.no, .note = cut_note(arena, &line), .change = -1};
    struct pieces pieces;

    if (!cut_line(p, line, &pieces))
        return;
    item.is_tag = pieces.is_tag;
    item.name = ls_arena_strn(arena, pieces.name.ptr, pieces.name.len);
    item.date = ls_arena_strn(arena, pieces.date.ptr, pieces.date.len);
    item.planner_name = ls_arena_strn(arena, pieces.planner.ptr, pieces.planner.len);
    item.planner_email = ls_arena_strn(arena, pieces.email.ptr, pieces.email.len);
    if (may_be_named(p, item.name) && (item.is_tag ? take_tag(p, &pieces, &item) : take_change(p, &pieces, &item)))
        *LS_VEC_PUSH(&p->plan->items) = item;
}

static void parse_line(struct parser *p)
{
    struct ls_str line = p->line.text;
    bool has_note;

    if (!ls_utf8_valid(line.ptr, line.len, NULL)) {
        FAIL(p, "save the plan as UTF-8", "it is not UTF-8");
        return;
    }
    if (line.len > 0 && memchr(line.ptr, '\0', line.len) != NULL) {
        FAIL(p, NULL, "a NUL byte stands in it");
        return;
    }
    if (p->line.no == 1 && ls_line_has_bom(&p->line))
        FAIL(p, "save the plan as UTF-8 without a byte order mark",
             "the plan begins with a byte order mark, which sqitch takes for a part of the pragma");
    if (is_blank_line(line, &has_note)) {
        p->in_body = p->in_body || !has_note;
        return;
    }
    if (p->in_body)
        parse_item(p, line);
    else
        parse_pragma(p, line);
}

void ls_sqitch_plan_parse(struct ls_arena *arena, const char *text, size_t len, struct ls_sqitch_plan *out)
{
    struct parser p = {.plan = out, .last_change = -1};

    memset(out, 0, sizeof(*out));
    out->arena = arena;
    while (ls_line_next(text, len, &p.line))
        parse_line(&p);
    if (out->project == NULL)
        fail_at(out, 0, "the first lines of a plan are %syntax-version=1.0.0 and %project=NAME", "missing %%project pragma");
    ls_sqitch_ids(out);
    free(p.table);
}

void ls_sqitch_plan_release(struct ls_sqitch_plan *p)
{
    LS_VEC_RELEASE(&p->items);
    LS_VEC_RELEASE(&p->errors);
}
