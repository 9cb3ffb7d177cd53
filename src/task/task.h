/* task/task.h: worker threads and the mailbox back to the UI. Two locks in the whole program: the queue's, and the cancel handle's
 * (in the session).
 *
 * A worker owns one ls_session (one connection) and runs its tasks one after the other. run() is called in the worker, done() in
 * the UI thread by mailbox_drain. A task whose generation was superseded (task_worker_supersede) still runs to its end or cancel,
 * but done() is called with stale = true and must only free. Messages (events of a long task) use the same mailbox, in order.
 * Workers block all signals, and are nicer than the UI thread (so are programs that they start). */
#ifndef LS_TASK_TASK_H
#define LS_TASK_TASK_H

#include "lockstep/base/base.h"

struct mailbox;
struct mailbox *
mailbox_new(int wake_fd); /* one byte is written to wake_fd when something arrives in an empty box (non-blocking; EAGAIN is fine) */
void mailbox_free(struct mailbox *m);
typedef void (*mailbox_fn)(void *ctx, void *msg);
/* Any thread: fn(ctx, msg) will be called in the draining thread. */
void mailbox_post(struct mailbox *m, mailbox_fn fn, void *ctx, void *msg);
/* UI thread: calls what has arrived; returns how many. Bounded by max per call (0 = all). */
size_t mailbox_drain(struct mailbox *m, size_t max);

struct task {
    void (*run)(struct task *t);              /* worker thread */
    void (*done)(struct task *t, bool stale); /* UI thread; frees t */
    unsigned generation;                      /* set by task_post */
    void *owner, *data;
};
struct task_worker;
struct task_worker *task_worker_new(struct mailbox *m);
void task_worker_post(struct task_worker *w, struct task *t);
void task_worker_supersede(struct task_worker *w); /* everything posted before is stale */
bool task_worker_is_busy(struct task_worker *w);
/* Waits until the running task ends (call the session's cancel first), drops what is queued (done with stale = true), joins the
 * thread. */
void task_worker_free(struct task_worker *w);

#endif
