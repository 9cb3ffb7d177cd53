/* base/redact_scan.h: the parts of ls_redact(): the walk over the text (redact_scan.c), URLs (redact_url.c); pairs and SQL are in
 * redact.c. */
#ifndef BASE_REDACT_SCAN_H
#define BASE_REDACT_SCAN_H

#include "lockstep/base/buf.h"
#include "lockstep/base/vec.h"

#define LS_SCAN_NONE SIZE_MAX

struct ls_range {
    size_t start, end;
};

struct ls_scan {
    const char *t;
    size_t n;
    size_t at;
    LS_VEC(struct ls_range) hidden;
    size_t secret, secret_len; /* the last one that was hidden */
    /* Answers about what lies ahead, kept so that no stretch is read twice (no quadratic time on hostile text). */
    size_t region_end, last_at;       /* where the URL must have ended, and its last '@'; valid while at < region_end */
    size_t run_end, run_at;           /* end of the run without blanks, and its last '@'; valid while at < run_end */
    size_t comment_from, comment_end; /* the first end of a block comment at or behind comment_from; NONE: there is none */
    size_t line_from, line_end;
    size_t bare_from, bare_end;
    size_t parameter_from, parameter_end;
    struct ls_range quoted[3]; /* of the three quotes: opened at .start, .end is behind the closing one */
};

static inline bool ls_is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool ls_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ls_is_alnum(char c)
{
    return ls_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ls_is_quote(char c)
{
    return c == '\'' || c == '"' || c == '`';
}

/* '%': libpq decodes the names of URL parameters too. */
static inline bool ls_is_word(char c)
{
    return ls_is_alnum(c) || c == '_' || c == '-' || c == '.' || c == '%';
}

/* Does `what` stand at i? */
bool ls_scan_has(const struct ls_scan *s, size_t i, const char *what);
size_t ls_scan_word_end(const struct ls_scan *s, size_t i);
size_t ls_scan_blanks_end(const struct ls_scan *s, size_t i);
size_t ls_scan_line_end(struct ls_scan *s, size_t i);
/* Does the word [start, end) name a secret, as "password" does; or another setting of a connection string, as "host"? */
bool ls_scan_names_secret(const struct ls_scan *s, size_t start, size_t end);
bool ls_scan_names_setting(const struct ls_scan *s, size_t start, size_t end);

/* Hides [start, end) and goes on behind it, or at the first name of a secret in [read, end): the reading that got this far may be
 * wrong, and the value of that name may end later. read is behind the `at` of the caller. */
void ls_scan_hide(struct ls_scan *s, size_t read, size_t start, size_t end);
/* Appends the text, with stars in place of what is hidden; ends the walk. */
void ls_scan_write(struct ls_scan *s, struct ls_buf *out);
/* At a quote: hides what it holds when that is a part of the secret before. */
void ls_scan_echo(struct ls_scan *s);

/* At "://"; at another ':'. Each moves `at` on. */
void ls_scan_url(struct ls_scan *s);
void ls_scan_credentials(struct ls_scan *s);

#endif
