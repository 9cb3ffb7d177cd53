/* task/mailbox.c: the queue back to the UI. One of the program's two locks is its. */
#include <config.h>

#include "task/task.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "lockstep/base/mem.h"

struct letter {
    struct letter *next;
    mailbox_fn fn;
    void *ctx, *msg;
};

struct mailbox {
    pthread_mutex_t lock;
    struct letter *head, **tail;
    int wake_fd;
};

struct mailbox *mailbox_new(int wake_fd)
{
    struct mailbox *m = ls_calloc(1, sizeof(*m));

    pthread_mutex_init(&m->lock, NULL);
    m->tail = &m->head;
    m->wake_fd = wake_fd;
    return m;
}

void mailbox_free(struct mailbox *m)
{
    if (!m)
        return;
    while (m->head) {
        struct letter *l = m->head;

        m->head = l->next;
        free(l);
    }
    pthread_mutex_destroy(&m->lock);
    free(m);
}

void mailbox_post(struct mailbox *m, mailbox_fn fn, void *ctx, void *msg)
{
    struct letter *l = ls_calloc(1, sizeof(*l));
    bool was_empty;

    l->fn = fn;
    l->ctx = ctx;
    l->msg = msg;
    pthread_mutex_lock(&m->lock);
    was_empty = !m->head;
    *m->tail = l;
    m->tail = &l->next;
    pthread_mutex_unlock(&m->lock);
    if (was_empty && m->wake_fd >= 0) {
        /* A full pipe (EAGAIN) already means "wake up". */
        while (write(m->wake_fd, "m", 1) < 0 && errno == EINTR)
            ;
    }
}

static struct letter *take_one(struct mailbox *m)
{
    struct letter *l;

    pthread_mutex_lock(&m->lock);
    l = m->head;
    if (l) {
        m->head = l->next;
        if (!m->head)
            m->tail = &m->head;
    }
    pthread_mutex_unlock(&m->lock);
    return l;
}

size_t mailbox_drain(struct mailbox *m, size_t max)
{
    size_t n = 0;

    while (max == 0 || n < max) {
        struct letter *l = take_one(m);

        if (!l)
            return n;
        n++;
        l->fn(l->ctx, l->msg);
        free(l);
    }
    /* Something may be left, and its post wrote no byte because the box was not empty. */
    if (m->wake_fd >= 0) {
        while (write(m->wake_fd, "m", 1) < 0 && errno == EINTR)
            ;
    }
    return n;
}
