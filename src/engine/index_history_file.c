#include <config.h>

#include "engine/index_history.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/fault.h"
#include "lockstep/base/file.h"
#include "lockstep/base/hash.h"
#include "lockstep/base/mem.h"

#define FIRST_LINE "# lockstep usage 1"
#define READ_MAX   ((size_t)64 * 1024 * 1024)

/* --- reading --- */

/* Cuts the next word off, at a space or the end. */
static char *word(char **rest)
{
    char *w = *rest, *end;

    if (!w)
        return NULL;
    end = strchr(w, ' ');
    if (end)
        *end++ = '\0';
    *rest = end;
    return w;
}

static bool number(char **rest, int64_t *out)
{
    char *w = word(rest), *end;

    if (!w || w[0] == '\0')
        return false;
    errno = 0;
    *out = strtoll(w, &end, 10);
    return *end == '\0' && errno == 0;
}

/* Whether the line ends in the CRC of what is before it, which is cut off then. */
static bool is_whole(char *line)
{
    char *crc = strrchr(line, ' '), want[16];

    if (!crc)
        return false;
    snprintf(want, sizeof(want), "%08" PRIx32, ls_crc32(line, (size_t)(crc - line)));
    if (strcmp(crc + 1, want) != 0)
        return false;
    *crc = '\0';
    return true;
}

static bool read_look(char *rest, struct ls_looks *out)
{
    struct ls_look l = {0};

    if (!number(&rest, &l.time_us) || !number(&rest, &l.stats_reset_us) || !number(&rest, &l.started_us) ||
        !number(&rest, &l.reset_us))
        return false;
    *LS_VEC_PUSH(&out->looks) = l;
    return true;
}

static bool read_item(char *rest, struct ls_look *look)
{
    struct ls_seen s = {0};

    if (!number(&rest, &s.oid) || !number(&rest, &s.scans) || !number(&rest, &s.bytes) || !number(&rest, &s.rows))
        return false;
    s.name = word(&rest);
    if (!s.name || s.name[0] == '\0')
        return false;
    *LS_VEC_PUSH(&look->items) = s;
    return true;
}

/* has_look: whether the line belongs to a look whose own line could be read; when it was not, its time is not known. */
static bool read_line(char *line, struct ls_looks *out, bool *has_look)
{
    char *rest = line, *kind;
    bool is_look = line[0] == 'L';

    if (line[0] == '\0' || strcmp(line, FIRST_LINE) == 0)
        return true;
    if (!is_whole(line)) {
        *has_look = is_look ? false : *has_look;
        return false;
    }
    kind = word(&rest);
    if (strcmp(kind, "L") == 0)
        return *has_look = rest && read_look(rest, out);
    if (strcmp(kind, "I") == 0)
        return *has_look && rest && read_item(rest, &out->looks.v[out->looks.n - 1]);
    return true; /* of a newer version */
}

static int by_time(const void *a, const void *b)
{
    const struct ls_look *x = a, *y = b;

    return x->time_us < y->time_us ? -1 : x->time_us > y->time_us;
}

enum ls_rc ls_looks_read(const char *path, struct ls_looks *out, struct ls_err *err)
{
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc;
    bool has_look = false;

    memset(out, 0, sizeof(*out));
    ls_buf_init(&out->text);
    rc = ls_file_read(path, LS_OPEN_NOFOLLOW | LS_OPEN_OWNED, READ_MAX, &out->text, &own);
    if (rc == LS_E_NOT_FOUND) {
        ls_err_release(&own);
        return LS_OK;
    }
    if (rc != LS_OK) {
        ls_err_move(err, &own);
        return rc;
    }
    /* A NUL would end a line early: such a line has no CRC that fits. */
    for (char *line = out->text.ptr, *end = out->text.ptr + out->text.len; line < end;) {
        char *stop = memchr(line, '\n', (size_t)(end - line));

        if (stop)
            *stop = '\0';
        if (!read_line(line, out, &has_look))
            out->n_damaged++;
        line = stop ? stop + 1 : end;
    }
    if (out->looks.n > 1)
        qsort(out->looks.v, out->looks.n, sizeof(*out->looks.v), by_time);
    return LS_OK;
}

void ls_looks_release(struct ls_looks *l)
{
    for (size_t i = 0; i < l->looks.n; i++)
        LS_VEC_RELEASE(&l->looks.v[i].items);
    LS_VEC_RELEASE(&l->looks);
    ls_buf_release(&l->text);
}

/* --- thinning --- */

/* Of looks with the same number only the newest is kept. */
static int64_t bucket(int64_t time_us, int64_t now_us, int factor)
{
    int64_t age = now_us - time_us;

    if (age <= LS_DAY_US)
        return factor == 1 ? time_us : time_us / (LS_HOUR_US * factor);
    if (age <= 30 * LS_DAY_US)
        return time_us / (LS_HOUR_US * factor);
    if (age <= 400 * LS_DAY_US)
        return time_us / (LS_DAY_US * factor);
    return time_us / (30 * LS_DAY_US * factor);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct ls_seen *)a)->name, ((const struct ls_seen *)b)->name);
}

/* What `from` says and `to` does not say anew goes into `to`; a reset that was between the two looks around them is kept. */
static void merge(struct ls_look *from, struct ls_look *to)
{
    size_t n = to->items.n;

    if (n > 1)
        qsort(to->items.v, n, sizeof(*to->items.v), by_name);
    for (size_t i = 0; i < from->items.n; i++) {
        struct ls_seen s = from->items.v[i]; /* by value: the push below may move what it is looked for in */

        if (n == 0 || !bsearch(&s, to->items.v, n, sizeof(*to->items.v), by_name))
            *LS_VEC_PUSH(&to->items) = s;
    }
    if (to->reset_us == 0)
        to->reset_us = from->reset_us;
    LS_VEC_RELEASE(&from->items);
}

/* The very first look stays: since then is what a long window rests on. */
bool ls_looks_thin(struct ls_looks *l, int64_t now_us, int factor)
{
    size_t kept = l->looks.n > 0;

    for (size_t i = 1; i < l->looks.n; i++) {
        struct ls_look *look = &l->looks.v[i];
        bool is_last = i + 1 == l->looks.n;

        if (!is_last && bucket(look->time_us, now_us, factor) == bucket(look[1].time_us, now_us, factor))
            merge(look, look + 1);
        else
            l->looks.v[kept++] = *look;
    }
    bool is_thinner = kept < l->looks.n;

    l->looks.n = kept;
    return is_thinner;
}

/* --- writing --- */

static void end_line(struct ls_buf *out, size_t start)
{
    ls_buf_addf(out, " %08" PRIx32 "\n", ls_crc32(out->ptr + start, out->len - start));
}

static void print_look(const struct ls_look *l, struct ls_buf *out)
{
    size_t start = out->len;

    ls_buf_addf(out, "L %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, l->time_us, l->stats_reset_us, l->started_us, l->reset_us);
    end_line(out, start);
    for (size_t i = 0; i < l->items.n; i++) {
        const struct ls_seen *s = &l->items.v[i];

        start = out->len;
        ls_buf_addf(out, "I %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %s", s->oid, s->scans, s->bytes, s->rows, s->name);
        end_line(out, start);
    }
}

static enum ls_rc make_folder(const char *path, struct ls_err *err)
{
    size_t len = (size_t)(ls_path_base(path) - path);
    char *folder = len > 0 ? ls_strndup(path, len) : NULL;
    enum ls_rc rc = folder ? ls_mkdir_p(folder, 0700, err) : LS_OK;

    free(folder);
    return rc;
}

enum ls_rc ls_looks_write(const char *path, struct ls_looks *l, int64_t now_us, struct ls_err *err)
{
    struct ls_buf b = LS_BUF_INIT;
    enum ls_rc rc = make_folder(path, err);

    for (int factor = 1; rc == LS_OK; factor *= 6) {
        ls_looks_thin(l, now_us, factor);
        ls_buf_clear(&b);
        ls_buf_adds(&b, FIRST_LINE "\n");
        for (size_t i = 0; i < l->looks.n; i++)
            print_look(&l->looks.v[i], &b);
        if (b.len <= (factor == 1 ? LS_LOOKS_MAX_BYTES : LS_LOOKS_MAX_BYTES / 2) || factor > 1000)
            break;
    }
    LS_FAULT("usage-history");
    if (rc == LS_OK)
        rc = ls_file_write_atomic(path, b.ptr, b.len, 0600, err);
    ls_buf_release(&b);
    return rc;
}

/* Whether the file's last line is whole; what comes behind a torn one begins on a line of its own. */
static bool ends_in_newline(int fd, off_t size)
{
    char last = '\n';

    return size == 0 || (pread(fd, &last, 1, size - 1) == 1 && last == '\n');
}

static enum ls_rc put(int fd, const char *path, const struct ls_buf *b, struct ls_err *err)
{
    for (size_t done = 0; done < b->len;) {
        ssize_t n = write(fd, b->ptr + done, b->len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ls_err_sys(err, "cannot write %s", path);
        done += (size_t)n;
    }
    return fsync(fd) == 0 ? LS_OK : ls_err_sys(err, "cannot sync %s", path);
}

enum ls_rc ls_looks_append(const char *path, const struct ls_look *look, struct ls_err *err)
{
    struct ls_buf b = LS_BUF_INIT;
    struct stat st;
    int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    enum ls_rc rc;

    if (fd < 0 && errno == ENOENT) {
        struct ls_looks one = {0};

        ls_buf_init(&one.text);
        *LS_VEC_PUSH(&one.looks) = *look; /* lent: its items are the caller's */
        rc = ls_looks_write(path, &one, look->time_us, err);
        LS_VEC_RELEASE(&one.looks);
        return rc;
    }
    if (fd < 0)
        return ls_err_sys(err, "cannot open %s", path);
    if (fstat(fd, &st) != 0) {
        rc = ls_err_sys(err, "cannot look at %s", path);
    } else if (!S_ISREG(st.st_mode)) {
        rc = ls_err_set(err, LS_E_INPUT, "cannot write %s: not a regular file", path);
    } else {
        if (!ends_in_newline(fd, st.st_size))
            ls_buf_addc(&b, '\n');
        print_look(look, &b);
        LS_FAULT("usage-history");
        rc = put(fd, path, &b, err);
    }
    close(fd);
    ls_buf_release(&b);
    return rc;
}
