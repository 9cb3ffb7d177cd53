/* config/ini.c: inih behind a reader of ours.
 *
 * The library is built (as Debian builds it) with a line buffer of 200 bytes and hands no line numbers to its handler. Our reader hands it
 * exactly one line a call, so its count and ours agree and the handler knows its line; a longer line is handed over with a stand-in
 * for its value. Leading blanks are taken off first, because inih would read an indented line as the continuation of the one before. */
#include <config.h>

#include "config/ini.h"

#include <ini.h>
#include <string.h>

#include "lockstep/base/buf.h"
#include "lockstep/base/file.h"
#include "lockstep/base/redact.h"
#include "lockstep/base/text.h"

#define MAX_FILE ((size_t)1024 * 1024)
#define MAX_SECTION 49 /* inih cuts longer names without a word */

struct reader {
    struct ini_file *file;
    const char *text;
    size_t len, pos;
    int line;
    const char *long_value; /* of the current line, when it did not fit; else NULL */
    size_t long_len;
    struct ls_err *err;
    bool failed;
};

static void fail_at(struct reader *r, const char *what)
{
    if (!r->failed) {
        (void)ls_err_set(r->err, LS_E_INPUT, "%s:%d: %s", r->file->path, r->line, what);
        if (r->err)
            r->err->line = r->line;
    }
    r->failed = true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* The value of a line that is too long for inih, by inih's own rules: trimmed, and ended by a ';' after a blank. */
static void keep_long_value(struct reader *r, const char *value, size_t len)
{
    for (size_t i = 1; i < len; i++) {
        if (value[i] == ';' && is_blank(value[i - 1])) {
            len = i;
            break;
        }
    }
    while (len > 0 && is_blank(value[0])) {
        value++;
        len--;
    }
    while (len > 0 && is_blank(value[len - 1]))
        len--;
    r->long_value = value;
    r->long_len = len;
}

/* Copies `KEY = VALUE`, or with a too long value `KEY =`, into inih's buffer of `num` bytes. */
static void hand_over(struct reader *r, const char *line, size_t len, char *buf, size_t num)
{
    if (len + 1 > num) {
        size_t sep = 0;

        while (sep < len && line[sep] != '=' && line[sep] != ':')
            sep++;
        if (sep == len || sep + 2 > num || line[0] == '[') {
            fail_at(r, "the line is too long and holds no KEY = VALUE");
            buf[0] = '\0';
            return;
        }
        keep_long_value(r, line + sep + 1, len - sep - 1);
        len = sep + 1;
    }
    memcpy(buf, line, len);
    buf[len] = '\0';
}

static bool line_is_sane(struct reader *r, const char *line, size_t len)
{
    size_t bad = 0;

    if (memchr(line, '\0', len)) {
        fail_at(r, "the line holds a NUL byte");
        return false;
    }
    if (!ls_utf8_valid(line, len, &bad)) {
        fail_at(r, "the line is not valid UTF-8");
        return false;
    }
    if (len > 0 && line[0] == '[') {
        const char *end = memchr(line, ']', len);

        if (!end) {
            fail_at(r, "the section's ']' is missing");
            return false;
        }
        if (end - line - 1 > MAX_SECTION) {
            fail_at(r, "the section's name is longer than 49 bytes");
            return false;
        }
        for (const char *p = end + 1; p < line + len; p++) {
            if (*p == ';' || *p == '#')
                break;
            if (!is_blank(*p)) {
                fail_at(r, "there is text behind the section's ']'");
                return false;
            }
        }
    }
    return true;
}

/* inih's fgets: one whole line a call, so that its idea of a line is ours. */
static char *read_line(char *buf, int num, void *ctx)
{
    struct reader *r = ctx;

    r->long_value = NULL;
    buf[0] = '\0';
    if (r->failed || r->pos >= r->len)
        return NULL;
    const char *line = r->text + r->pos;
    const char *lf = memchr(line, '\n', r->len - r->pos);
    size_t len = lf ? (size_t)(lf - line) : r->len - r->pos;
    r->pos += len + (lf ? 1 : 0);
    r->line++;
    while (len > 0 && is_blank(line[len - 1]))
        len--;
    while (len > 0 && is_blank(line[0])) {
        line++;
        len--;
    }
    if (len == 0 || line[0] == ';' || line[0] == '#')
        return buf;
    if (line_is_sane(r, line, len))
        hand_over(r, line, len, buf, (size_t)num);
    return r->failed ? NULL : buf;
}

/* "env   production " -> "env production" */
static const char *clean_section(struct ls_arena *a, const char *section)
{
    struct ls_buf b = LS_BUF_INIT;

    for (const char *p = section; *p; p++) {
        if (!is_blank(*p))
            ls_buf_addc(&b, *p);
        else if (b.len > 0 && b.ptr[b.len - 1] != ' ')
            ls_buf_addc(&b, ' ');
    }
    while (b.len > 0 && b.ptr[b.len - 1] == ' ')
        ls_buf_truncate(&b, b.len - 1);
    const char *out = ls_arena_str(a, b.ptr);
    ls_buf_release(&b);
    return out;
}

static int on_pair(void *ctx, const char *section, const char *key, const char *value)
{
    struct reader *r = ctx;
    struct ls_arena *a = r->file->arena;

    if (r->failed)
        return 0;
    if (!*key) {
        fail_at(r, "there is no key before the '='");
        return 0;
    }
    struct ini_entry *e = LS_VEC_PUSH(&r->file->e);
    e->section = clean_section(a, section);
    e->key = ls_arena_str(a, key);
    e->value = r->long_value ? ls_arena_strn(a, r->long_value, r->long_len) : ls_arena_str(a, value);
    e->line = r->line;
    return 1;
}

enum ls_rc ini_parse_text(const char *path, const char *text, size_t len, struct ini_file *out, struct ls_err *err)
{
    struct reader r = {.file = out, .text = text, .len = len, .err = err};
    enum ls_rc rc = LS_OK;

    memset(out, 0, sizeof(*out));
    out->arena = ls_arena_new();
    out->path = ls_arena_str(out->arena, path);
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        r.pos = 3;
    int bad_line = ini_parse_stream(read_line, &r, on_pair, &r);
    if (r.failed) {
        rc = LS_E_INPUT;
    } else if (bad_line > 0) {
        r.line = bad_line;
        fail_at(&r, "expected [SECTION] or KEY = VALUE");
        rc = LS_E_INPUT;
    } else if (bad_line < 0) {
        rc = ls_err_set(err, LS_E_IO, "%s: cannot be read", path);
    }
    if (rc != LS_OK)
        ini_release(out);
    return rc;
}

enum ls_rc ini_parse_file_at(const char *path, unsigned open_flags, struct ini_file *out, struct ls_err *err)
{
    struct ls_buf text = LS_BUF_INIT;
    enum ls_rc rc;

    memset(out, 0, sizeof(*out));
    rc = ls_file_read(path, open_flags, MAX_FILE, &text, err);
    if (rc == LS_OK)
        rc = ini_parse_text(path, text.ptr, text.len, out, err);
    /* It may have held a password. */
    ls_wipe(text.ptr, text.len);
    ls_buf_release(&text);
    return rc;
}

void ini_release(struct ini_file *f)
{
    LS_VEC_RELEASE(&f->e);
    ls_arena_free(f->arena);
    f->arena = NULL;
}

enum ls_rc ini_fail_word(const struct ini_file *f, int line, const char *what, const char *word, const char *const *known, size_t n,
                         struct ls_err *err)
{
    const char *near = ls_nearest_word(word, known, n);

    (void)ls_err_set(err, LS_E_INPUT, "%s:%d: unknown %s '%s'", f->path, line, what, word);
    if (near)
        ls_err_hint(err, "did you mean '%s'?", near);
    if (err)
        err->line = line;
    return LS_E_INPUT;
}
