/* task/worker.c: one thread that runs tasks one after the other.
 *
 * Posting, superseding, delivery and the counts belong to the UI thread; only the queue is shared. A completion that is still in
 * the mailbox when its worker is freed keeps the worker's memory alive (refs) and is delivered as stale. */
#include <config.h>

#include "task/task.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lockstep/base/mem.h"
#include "lockstep/base/parallel.h"

#define NICER 5

struct queued {
    struct queued *next;
    struct task *task;
};

struct task_worker {
    struct mailbox *mail;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct queued *head, **tail; /* under lock */
    bool stop;                   /* under lock */
    /* UI thread only: */
    unsigned generation;
    size_t n_open; /* posted and not yet delivered */
    bool is_gone;  /* freed by its owner; lives on for late deliveries */
};

static void worker_unref(struct task_worker *w)
{
    if (!w->is_gone || w->n_open > 0)
        return;
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static void deliver(void *ctx, void *msg)
{
    struct task_worker *w = ctx;
    struct task *t = msg;
    bool is_stale = w->is_gone || t->generation != w->generation;

    w->n_open--;
    /* Before done(): it may free the worker's owner, or post again. */
    if (w->is_gone)
        worker_unref(w);
    t->done(t, is_stale);
}

static struct task *next_task(struct task_worker *w)
{
    struct task *t = NULL;

    pthread_mutex_lock(&w->lock);
    while (!w->head && !w->stop)
        pthread_cond_wait(&w->more, &w->lock);
    if (!w->stop) {
        struct queued *q = w->head;

        w->head = q->next;
        if (!w->head)
            w->tail = &w->head;
        t = q->task;
        free(q);
    }
    pthread_mutex_unlock(&w->lock);
    return t;
}

/* Reading and running give way to the UI thread, where both want the processor: on Linux a thread has a priority of its own. */
static void give_way(void)
{
#ifdef __linux__
    id_t self = (id_t)syscall(SYS_gettid);

    (void)setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + NICER);
#endif
}

static void *worker_main(void *arg)
{
    struct task_worker *w = arg;
    struct task *t;

    give_way();
    while ((t = next_task(w))) {
        t->run(t);
        mailbox_post(w->mail, deliver, w, t);
    }
    return NULL;
}

struct task_worker *task_worker_new(struct mailbox *m)
{
    struct task_worker *w = ls_calloc(1, sizeof(*w));

    w->mail = m;
    w->tail = &w->head;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, NULL);
    if (!ls_thread_start(&w->thread, worker_main, w))
        abort();
    return w;
}

void task_worker_post(struct task_worker *w, struct task *t)
{
    struct queued *q = ls_calloc(1, sizeof(*q));

    q->task = t;
    t->generation = w->generation;
    w->n_open++;
    pthread_mutex_lock(&w->lock);
    *w->tail = q;
    w->tail = &q->next;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
}

void task_worker_supersede(struct task_worker *w)
{
    w->generation++;
}

bool task_worker_is_busy(struct task_worker *w)
{
    return w->n_open > 0;
}

void task_worker_free(struct task_worker *w)
{
    struct queued *q;

    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    while ((q = w->head)) {
        w->head = q->next;
        w->n_open--;
        q->task->done(q->task, true);
        free(q);
    }
    w->is_gone = true;
    worker_unref(w);
}
