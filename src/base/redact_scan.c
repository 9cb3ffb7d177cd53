#include <config.h>

#include "base/redact_scan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HIDDEN    "***"
#define WORD_TAIL 64 /* of a word only its end decides; longer than any sister below */
#define ECHO_MAX  ((size_t)200)

/* Words that name a secret. A word counts when it ends in one of these; `whole`: only after '_', '-', '.' or alone. */
static const struct {
    const char *word;
    bool whole;
} sisters[] = {
    {"password", false}, {"passwd", false}, {"passphrase", false}, {"secret", false}, {"pwd", true}, {"pass", true},
};

bool ls_scan_has(const struct ls_scan *s, size_t i, const char *what)
{
    size_t len = strlen(what);

    return i < s->n && s->n - i >= len && memcmp(s->t + i, what, len) == 0;
}

size_t ls_scan_word_end(const struct ls_scan *s, size_t i)
{
    while (i < s->n && ls_is_word(s->t[i]))
        i++;
    return i;
}

size_t ls_scan_blanks_end(const struct ls_scan *s, size_t i)
{
    while (i < s->n && ls_is_blank(s->t[i]))
        i++;
    return i;
}

static int hex_value(char c)
{
    if (ls_is_digit(c))
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool ls_scan_names_secret(const struct ls_scan *s, size_t start, size_t end)
{
    char w[WORD_TAIL + 1];
    size_t n = 0;

    if (end - start > 3 * WORD_TAIL)
        start = end - 3 * WORD_TAIL;
    for (size_t i = start; i < end; i++) {
        char c = s->t[i];

        if (c == '%' && i + 2 < end && hex_value(s->t[i + 1]) >= 0 && hex_value(s->t[i + 2]) >= 0) {
            c = (char)(hex_value(s->t[i + 1]) * 16 + hex_value(s->t[i + 2]));
            i += 2;
        }
        if (n == WORD_TAIL) {
            memmove(w, w + 1, WORD_TAIL - 1);
            n--;
        }
        w[n++] = c;
    }
    while (n > 0 && ls_is_digit(w[n - 1])) /* PASSWORD2 */
        n--;
    for (size_t k = 0; k < LS_ARRAY_LEN(sisters); k++) {
        size_t len = strlen(sisters[k].word);

        if (n < len || strncasecmp(w + n - len, sisters[k].word, len) != 0)
            continue;
        if (!sisters[k].whole || n == len || !ls_is_alnum(w[n - len - 1]))
            return true;
    }
    return false;
}

/* Words of a connection string (libpq 17) whose values are no secret. */
bool ls_scan_names_setting(const struct ls_scan *s, size_t start, size_t end)
{
    static const char *const settings[] = {
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "passfile",
        "service",
        "options",
        "application_name",
        "fallback_application_name",
        "client_encoding",
        "connect_timeout",
        "sslmode",
        "sslnegotiation",
        "sslcert",
        "sslkey",
        "sslcertmode",
        "sslrootcert",
        "sslcrl",
        "sslcrldir",
        "sslsni",
        "sslcompression",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "requiressl",
        "requirepeer",
        "require_auth",
        "channel_binding",
        "gssencmode",
        "gsslib",
        "gssdelegation",
        "krbsrvname",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "replication",
        "target_session_attrs",
        "load_balance_hosts",
    };

    for (size_t i = 0; i < LS_ARRAY_LEN(settings); i++)
        if (strlen(settings[i]) == end - start && memcmp(settings[i], s->t + start, end - start) == 0)
            return true;
    return false;
}

size_t ls_scan_line_end(struct ls_scan *s, size_t i)
{
    if (i < s->line_from || i > s->line_end) {
        const char *nl = i < s->n ? memchr(s->t + i, '\n', s->n - i) : NULL;

        s->line_end = nl ? (size_t)(nl - s->t) : s->n;
        s->line_from = i;
    }
    return s->line_end;
}

static void add_range(struct ls_scan *s, size_t start, size_t end)
{
    *LS_VEC_PUSH(&s->hidden) = (struct ls_range){.start = start, .end = end};
    s->at = end;
}

void ls_scan_hide(struct ls_scan *s, size_t read, size_t start, size_t end)
{
    add_range(s, start, end);
    s->secret = start;
    s->secret_len = end - start;
    for (size_t i = read; i < end;) {
        size_t stop = ls_scan_word_end(s, i);

        if (stop > i && ls_scan_names_secret(s, i, stop)) {
            s->at = i;
            break;
        }
        i = stop > i ? stop : i + 1;
    }
}

static int by_start(const void *a, const void *b)
{
    const struct ls_range *x = a, *y = b;

    return (x->start > y->start) - (x->start < y->start);
}

void ls_scan_write(struct ls_scan *s, struct ls_buf *out)
{
    size_t from = 0;

    if (s->hidden.n > 1)
        qsort(s->hidden.v, s->hidden.n, sizeof(*s->hidden.v), by_start);
    for (size_t i = 0; i < s->hidden.n;) {
        size_t start = s->hidden.v[i].start, end = s->hidden.v[i].end;

        for (i++; i < s->hidden.n && s->hidden.v[i].start <= end; i++)
            if (s->hidden.v[i].end > end)
                end = s->hidden.v[i].end;
        ls_buf_add(out, s->t + from, start - from);
        ls_buf_adds(out, HIDDEN);
        from = end;
    }
    ls_buf_add(out, s->t + from, s->n - from);
    LS_VEC_RELEASE(&s->hidden);
}

/* Plain stuff: words, none of which starts a secret of its own. */
static bool is_repeatable(const struct ls_scan *s, size_t i, size_t end)
{
    bool has_word = false;

    while (i < end) {
        size_t stop = ls_scan_word_end(s, i);

        if (stop == i) {
            if (ls_scan_has(s, i, "://"))
                return false;
            i++;
            continue;
        }
        if (stop > end || ls_scan_names_secret(s, i, stop))
            return false;
        has_word = true;
        i = stop;
    }
    return has_word;
}

/* At a quote. Parsers repeat the part that they stumbled over: invalid port ":s3" after host, invalid URL escape "%cr". */
void ls_scan_echo(struct ls_scan *s)
{
    size_t start = ++s->at;
    size_t window = s->n - start < ECHO_MAX ? s->n - start : ECHO_MAX;
    size_t len = s->secret_len < ECHO_MAX ? s->secret_len : ECHO_MAX;
    const char *close = len ? memchr(s->t + start, s->t[start - 1], window) : NULL;

    if (!close)
        return;
    size_t end = (size_t)(close - s->t);

    if (start < end && s->t[start] == ':')
        start++;
    if (is_repeatable(s, start, end) && memmem(s->t + s->secret, len, s->t + start, end - start))
        add_range(s, start, end);
}
