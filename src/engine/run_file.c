/* A ledger that is a text file beside the migrations (the plain convention): its lock, and its changes, line by line. The file is
 * written beside itself, synced and renamed, so that a crash leaves the old one or the new one. */
#include <config.h>

#include "engine/run_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lockstep/base/clock.h"
#include "lockstep/base/fault.h"
#include "lockstep/base/mem.h"
#include "lockstep/base/text.h"

#define LOCK_POLL_MS 250
#define MAX_FILE     ((size_t)16 * 1024 * 1024)

/* --- the lock
 * ---------------------------------------------------------------------------------------------------------------------------- */

static const char *path_in(const struct ls_plan *p)
{
    for (size_t i = 0; i < p->steps.n; i++)
        for (size_t k = 0; k < p->steps.v[i].ops.n; k++)
            if (p->steps.v[i].ops.v[k].kind == LS_OP_FILE)
                return p->steps.v[i].ops.v[k].file->path;
    return NULL;
}

/* Whoever had the lock before may have taken its file away: then what was locked is not what stands there now. */
static bool is_still_there(int fd, const char *path)
{
    struct stat a, b;

    return fstat(fd, &a) == 0 && lstat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* 1 had, 0 somebody else has it, -1 err. */
static int try_lock(struct ls_runner *r, const char *path, struct ls_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);

    if (fd < 0) {
        ls_err_set(err, LS_E_IO, "%s: %s", path, strerror(errno));
        ls_err_hint(err, "the lock is a file beside the list of applied migrations: its folder must be writable");
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return 0;
    }
    if (!is_still_there(fd, path)) {
        close(fd);
        return 0;
    }
    r->file.lock_fd = fd;
    r->file.is_locked = true;
    return 1;
}

static void sign(struct ls_runner *r)
{
    char *text = ls_asprintf("lockstep, process %ld, %s\n", (long)getpid(), r->s->p.operator_name);

    /* For people only. */
    if (ftruncate(r->file.lock_fd, 0) != 0 || write(r->file.lock_fd, text, strlen(text)) < 0)
        ls_run_event(r, LS_EV_NOTICE, "WARNING: the lock file could not be signed", NULL);
    free(text);
}

static void read_holder(const char *path, struct ls_buf *out)
{
    struct ls_buf text = LS_BUF_INIT;

    ls_buf_clear(out);
    if (ls_file_read(path, LS_OPEN_NOFOLLOW, 4096, &text, NULL) == LS_OK && text.len > 0)
        ls_ui_text(out, text.ptr, strcspn(text.ptr, "\n"), LS_UI_TEXT_LINE);
    if (out->len == 0)
        ls_buf_adds(out, "somebody");
    ls_buf_addf(out, ", by %s", path);
    ls_buf_release(&text);
}

enum ls_rc ls_run_file_lock(struct ls_runner *r, struct ls_err *err)
{
    int64_t until = ls_mono_ms() + r->s->p.lock_wait_ms;
    const char *list = path_in(r->plan);
    char *path = list != NULL ? ls_asprintf("%s.lock", list) : NULL;
    struct ls_buf holder = LS_BUF_INIT;
    enum ls_rc rc = LS_OK;
    int got = list != NULL ? 0 : 1;

    while (rc == LS_OK && got == 0) {
        got = try_lock(r, path, err);
        if (got < 0)
            rc = LS_E_IO;
        if (got != 0)
            break;
        read_holder(path, &holder);
        ls_run_event(r, LS_EV_LOCK_WAIT, holder.ptr, NULL);
        if (ls_mono_ms() >= until) {
            rc = ls_err_set(err, LS_E_BUSY, "the list %s is locked: %s", list, holder.ptr);
            ls_err_hint(err, "wait for it to finish, then run this again");
        } else if (!ls_session_sleep(r->s, LOCK_POLL_MS)) {
            rc = ls_err_set(err, LS_E_CANCELLED, "stopped while waiting for the lock of %s", list);
        }
    }
    if (r->file.is_locked)
        sign(r);
    ls_buf_release(&holder);
    free(path);
    return rc;
}

void ls_run_file_release(struct ls_runner *r)
{
    if (r->file.is_locked) {
        char *path = ls_asprintf("%s.lock", path_in(r->plan));

        /* While it is ours: who waits for it sees that it is gone, and makes a new one. */
        if (is_still_there(r->file.lock_fd, path))
            (void)unlink(path);
        close(r->file.lock_fd);
        free(path);
    }
    r->file.is_locked = false;
    ls_buf_release(&r->file.before);
}

/* --- lines
 * -------------------------------------------------------------------------------------------------------------------------------
 */

static enum ls_rc changed(const char *path, const char *why, struct ls_err *err)
{
    ls_err_set(err, LS_E_CHANGED, "%s %s", path, why);
    ls_err_hint(err, "somebody else changed it: look at the state again and make a new plan");
    return LS_E_CHANGED;
}

/* Takes the first line that is this one out of text. */
static bool take_out(struct ls_buf *text, const char *line)
{
    size_t n = strlen(line), at = 0;

    if (text->len >= 3 && memcmp(text->ptr, "\xef\xbb\xbf", 3) == 0)
        at = 3;
    while (at < text->len) {
        const char *eol = memchr(text->ptr + at, '\n', text->len - at);
        size_t next = eol != NULL ? (size_t)(eol - text->ptr) + 1 : text->len, end = eol != NULL ? next - 1 : next;

        if (end > at && text->ptr[end - 1] == '\r')
            end--;
        if (end - at == n && memcmp(text->ptr + at, line, n) == 0) {
            memmove(text->ptr + at, text->ptr + next, text->len - next);
            ls_buf_truncate(text, text->len - (next - at));
            return true;
        }
        at = next;
    }
    return false;
}

/* The line end that the file uses. */
static const char *line_end(const struct ls_buf *text)
{
    const char *eol = text->len > 0 ? memchr(text->ptr, '\n', text->len) : NULL;

    return eol != NULL && eol > text->ptr && eol[-1] == '\r' ? "\r\n" : "\n";
}

static void add_line(struct ls_runner *r, struct ls_buf *text, const struct ls_op *op)
{
    struct ls_param *filled = ls_run_fill(r, op);
    const struct ls_param *p = filled != NULL ? filled : op->params;
    const char *end = line_end(text);

    if (text->len > 0 && text->ptr[text->len - 1] != '\n')
        ls_buf_adds(text, end);
    for (int i = 0; i < op->n_params; i++)
        ls_buf_addf(text, "%s%s", i > 0 ? "\t" : "", p[i].text);
    ls_buf_adds(text, end);
    free(filled);
}

/* --- reading and writing
 * ----------------------------------------------------------------------------------------------------------------- */

static enum ls_rc read_now(const char *path, struct ls_buf *text, bool *is_there, struct ls_err *err)
{
    struct ls_err own = LS_ERR_INIT;
    enum ls_rc rc = ls_file_read(path, LS_OPEN_NOFOLLOW, MAX_FILE, text, &own);

    *is_there = rc != LS_E_NOT_FOUND;
    if (rc != LS_OK && rc != LS_E_NOT_FOUND && err != NULL)
        ls_err_move(err, &own);
    ls_err_release(&own);
    return rc == LS_E_NOT_FOUND ? LS_OK : rc;
}

static void hash(const struct ls_buf *text, char hex[LS_SHA256_HEX])
{
    ls_sha256_hex(text->ptr != NULL ? text->ptr : "", text->len, hex);
}

static enum ls_rc check_before(const struct ls_file_edit *f, const struct ls_buf *text, bool is_there, struct ls_err *err)
{
    char hex[LS_SHA256_HEX] = "";

    if (f->before == NULL)
        return LS_OK;
    if (is_there)
        hash(text, hex);
    return strcmp(hex, f->before) == 0 ? LS_OK : changed(f->path, "is no longer what the plan was made from", err);
}

static enum ls_rc write_now(struct ls_runner *r, const char *path, const struct ls_buf *text, struct ls_err *err)
{
    struct stat st;
    mode_t mode = lstat(path, &st) == 0 ? st.st_mode & 0777 : 0644;
    enum ls_rc rc;

    LS_FAULT("file-write");
    rc = ls_file_write_atomic(path, text->ptr != NULL ? text->ptr : "", text->len, mode, err);
    if (rc == LS_OK)
        hash(text, r->file.now);
    LS_FAULT("file-written");
    return rc;
}

enum ls_rc ls_run_file_edit(struct ls_runner *r, const struct ls_op *op, struct ls_err *err)
{
    const struct ls_file_edit *f = op->file;
    struct ls_buf text = LS_BUF_INIT;
    bool is_there = false;
    enum ls_rc rc = read_now(f->path, &text, &is_there, err);

    if (rc == LS_OK)
        rc = check_before(f, &text, is_there, err);
    if (rc == LS_OK && f->is_mark) {
        ls_buf_clear(&r->file.before);
        ls_buf_add(&r->file.before, text.ptr, text.len);
        r->file.was_there = is_there;
    }
    for (const char *const *line = f->gone; rc == LS_OK && line != NULL && *line != NULL; line++)
        if (!take_out(&text, *line)) {
            char *why = ls_asprintf("has no line \"%s\" any more", *line);

            rc = changed(f->path, why, err);
            free(why);
        }
    if (rc == LS_OK && !is_there && f->head != NULL)
        ls_buf_adds(&text, f->head);
    if (rc == LS_OK && op->n_params > 0)
        add_line(r, &text, op);
    if (rc == LS_OK)
        rc = write_now(r, f->path, &text, err);
    if (rc == LS_OK)
        r->file.is_marked = f->is_mark;
    ls_buf_release(&text);
    return rc;
}

bool ls_run_file_undo(struct ls_runner *r)
{
    const char *path = path_in(r->plan);
    struct ls_buf text = LS_BUF_INIT;
    char hex[LS_SHA256_HEX];
    bool is_there = false, is_undone = false;

    /* Somebody who wrote into it meanwhile shall not lose that: then the mark stays, and is dealt with by hand. */
    if (read_now(path, &text, &is_there, NULL) == LS_OK && is_there) {
        hash(&text, hex);
        if (strcmp(hex, r->file.now) == 0)
            is_undone = r->file.was_there ? write_now(r, path, &r->file.before, NULL) == LS_OK : unlink(path) == 0;
    }
    if (is_undone)
        r->file.is_marked = false;
    ls_buf_release(&text);
    return is_undone;
}
