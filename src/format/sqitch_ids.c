/* The ids of a Sqitch plan: SHA-1 over a text about the change, in which its parent's id is: whatever is edited, everything behind it has
 * another id (source: Plan/Change.pm and Plan/Tag.pm, info and id). */
#include <config.h>

#include "format/sqitch.h"

#include <string.h>

#include "format/section.h"

static void add_depends(struct ls_buf *info, const struct ls_sqitch_item *c, bool conflicts, const char *head, const char *bullet)
{
    bool is_first = true;

    for (size_t i = 0; i < c->n_depends; i++) {
        if (c->depends[i].is_conflict != conflicts)
            continue;
        ls_buf_addf(info, "%s\n  %s %s", is_first ? head : "", bullet, c->depends[i].text);
        is_first = false;
    }
}

static void add_planner(struct ls_buf *info, const struct ls_sqitch_item *c)
{
    ls_buf_addf(info, "\nplanner %s <%s>\ndate %s", c->planner_name, c->planner_email, c->date);
}

/* "0" is as good as no note: the tool's language takes it for false. */
static void add_note(struct ls_buf *info, const struct ls_sqitch_item *c)
{
    if (c->note[0] != '\0' && strcmp(c->note, "0") != 0)
        ls_buf_addf(info, "\n\n%s", c->note);
}

static void id_of(const struct ls_sqitch_plan *p, const char *uri, struct ls_sqitch_item *c)
{
    const struct ls_sqitch_item *other = c->change >= 0 ? &p->items.v[c->change] : NULL;
    struct ls_buf info = LS_BUF_INIT, all = LS_BUF_INIT;

    ls_buf_addf(&info, "project %s", p->project != NULL ? p->project : "");
    if (uri != NULL)
        ls_buf_addf(&info, "\nuri %s", uri);
    if (c->is_tag) {
        ls_buf_addf(&info, "\ntag @%s\nchange %s", c->name, other != NULL ? other->id : "");
    } else {
        ls_buf_addf(&info, "\nchange %s", c->name);
        if (other != NULL)
            ls_buf_addf(&info, "\nparent %s", other->id);
    }
    add_planner(&info, c);
    if (!c->is_tag) {
        add_depends(&info, c, false, "\nrequires", "+");
        add_depends(&info, c, true, "\nconflicts", "-");
    }
    add_note(&info, c);
    ls_buf_addf(&all, "%s %zu", c->is_tag ? "tag" : "change", info.len);
    ls_buf_addc(&all, '\0');
    ls_buf_add(&all, info.ptr, info.len);
    ls_sha1_hex(all.ptr, all.len, c->id);
    ls_buf_release(&all);
    ls_buf_release(&info);
}

void ls_sqitch_ids(struct ls_sqitch_plan *p)
{
    const char *uri = p->uri != NULL && p->uri[0] != '\0' ? ls_sqitch_uri(p->arena, p->uri) : NULL;

    for (size_t i = 0; i < p->items.n; i++)
        id_of(p, uri, &p->items.v[i]);
}

/* --- the project's URI --------------------------------------------------------------------------------------------------------- */

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* %7e becomes what it stands for when that needs no escape, else %7E; what may not stand in a URI becomes an escape. */
static void escape(struct ls_buf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        int hi = c == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1, lo = hi >= 0 ? hex_digit(text[i + 2]) : -1;

        if (hi >= 0 && lo >= 0) {
            char meant = (char)(hi * 16 + lo);

            if (is_alnum(meant) || (meant != '\0' && strchr("-_.!~*'()", meant) != NULL))
                ls_buf_addc(out, meant);
            else
                ls_buf_addf(out, "%%%X%X", (unsigned)hi, (unsigned)lo);
            i += 2;
        } else if (is_alnum(c) || (c != '\0' && strchr(";/?:@&=+$,[]-_.!~*'()%#", c) != NULL)) {
            ls_buf_addc(out, c);
        } else {
            ls_buf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
}

/* Schemes whose URIs name a server: only of these the library knows what a host is, and which port goes without saying. */
static const struct {
    const char *scheme, *port;
    bool needs_path;
} servers[] = {{"http", ":80", true}, {"https", ":443", true}, {"ftp", ":21", false}, {"ssh", ":22", false}, {"sftp", ":22", false}};

/* "user@HOST:80/path", what stands behind "//". */
static void add_authority(struct ls_buf *out, struct ls_str text, const char *scheme)
{
    size_t n = 0, k = 0, host, end, port;
    const char *at;

    while (n < text.len && strchr("/?#", text.ptr[n]) == NULL)
        n++;
    while (k < LS_ARRAY_LEN(servers) && strcmp(servers[k].scheme, scheme) != 0)
        k++;
    if (k == LS_ARRAY_LEN(servers)) {
        ls_buf_add(out, text.ptr, text.len);
        return;
    }
    at = n > 0 ? memchr(text.ptr, '@', n) : NULL;
    host = at != NULL ? (size_t)(at - text.ptr) + 1 : 0;
    end = n;
    port = strlen(servers[k].port);
    if (end - host > port && memcmp(text.ptr + end - port, servers[k].port, port) == 0)
        end -= port;
    else if (end > host && text.ptr[end - 1] == ':')
        end--;
    ls_buf_add(out, text.ptr, host);
    for (size_t i = host; i < end; i++)
        ls_buf_addc(out, lower(text.ptr[i]));
    if (n == text.len && servers[k].needs_path)
        ls_buf_addc(out, '/');
    ls_buf_add(out, text.ptr + n, text.len - n);
}

const char *ls_sqitch_uri(struct ls_arena *arena, const char *text)
{
    struct ls_buf clean = LS_BUF_INIT, out = LS_BUF_INIT;
    struct ls_str s = ls_str_trim((struct ls_str){text, strlen(text)}), rest;
    size_t n = 0;
    const char *made;

    escape(&clean, s.ptr, s.len);
    s = (struct ls_str){clean.ptr != NULL ? clean.ptr : "", clean.len};
    while (n < s.len && (is_alnum(s.ptr[n]) || strchr("+-.", s.ptr[n]) != NULL))
        n++;
    if (n == 0 || n == s.len || s.ptr[n] != ':') {
        made = ls_arena_strn(arena, s.ptr, s.len);
    } else {
        for (size_t i = 0; i < n; i++)
            ls_buf_addc(&out, lower(s.ptr[i]));
        const char *scheme = ls_arena_strn(arena, out.ptr, out.len);

        rest = (struct ls_str){s.ptr + n + 1, s.len - n - 1};
        ls_buf_addc(&out, ':');
        if (ls_str_starts(rest, "//", &rest)) {
            ls_buf_adds(&out, "//");
            add_authority(&out, rest, scheme);
        } else {
            ls_buf_add(&out, rest.ptr, rest.len);
        }
        made = ls_arena_strn(arena, out.ptr, out.len);
    }
    ls_buf_release(&clean);
    ls_buf_release(&out);
    return made;
}
