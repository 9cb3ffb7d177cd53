/* Workers and the mailbox: order, wake bytes, stale answers, the end. Nothing sleeps: the UI side waits on the wake pipe. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lockstep/base/mem.h"
#include "task/task.h"

#define WAIT_MS 60000

struct box {
    int fds[2];
    struct mailbox *m;
    char log[256];
};

static void box_open(struct box *b)
{
    memset(b, 0, sizeof(*b));
    assert_int_equal(pipe2(b->fds, O_NONBLOCK | O_CLOEXEC), 0);
    b->m = mailbox_new(b->fds[1]);
}

static void box_close(struct box *b)
{
    mailbox_free(b->m);
    close(b->fds[0]);
    close(b->fds[1]);
}

static size_t wake_bytes(const struct box *b)
{
    char bytes[64];
    ssize_t n = read(b->fds[0], bytes, sizeof(bytes));

    return n > 0 ? (size_t)n : 0;
}

static void wait_wake(const struct box *b)
{
    struct pollfd p = {.fd = b->fds[0], .events = POLLIN};

    assert_int_equal(poll(&p, 1, WAIT_MS), 1);
}

static void on_letter(void *ctx, void *msg)
{
    struct box *b = ctx;
    size_t n = strlen(b->log);

    assert_true(n + 1 < sizeof(b->log));
    b->log[n] = *(const char *)msg;
}

static void test_mailbox_keeps_order_and_wakes_once(void **state)
{
    struct box b;

    (void)state;
    box_open(&b);
    mailbox_post(b.m, on_letter, &b, "a");
    mailbox_post(b.m, on_letter, &b, "b");
    mailbox_post(b.m, on_letter, &b, "c");
    assert_int_equal(wake_bytes(&b), 1);
    assert_int_equal(mailbox_drain(b.m, 0), 3);
    assert_string_equal(b.log, "abc");
    assert_int_equal(mailbox_drain(b.m, 0), 0);
    mailbox_post(b.m, on_letter, &b, "d");
    assert_int_equal(wake_bytes(&b), 1);
    box_close(&b);
}

static void test_bounded_drain_wakes_again(void **state)
{
    struct box b;

    (void)state;
    box_open(&b);
    for (int i = 0; i < 5; i++)
        mailbox_post(b.m, on_letter, &b, "x");
    assert_int_equal(wake_bytes(&b), 1);
    assert_int_equal(mailbox_drain(b.m, 2), 2);
    assert_int_equal(wake_bytes(&b), 1);
    assert_int_equal(mailbox_drain(b.m, 0), 3);
    box_close(&b);
}

struct work {
    struct task task;
    struct box *box;
    char letter;
    bool was_stale, is_done;
    int gate; /* read end to wait at, -1 none */
    bool saw_signals_blocked;
    int niceness;
};

static void work_run(struct task *t)
{
    struct work *w = (struct work *)t;
    sigset_t now;
    char byte;

    pthread_sigmask(SIG_SETMASK, NULL, &now);
    w->saw_signals_blocked =
        sigismember(&now, SIGTERM) && sigismember(&now, SIGHUP) && sigismember(&now, SIGINT) && !sigismember(&now, SIGSEGV);
    w->niceness = getpriority(PRIO_PROCESS, 0); /* on Linux the calling thread's */
    if (w->gate >= 0 && read(w->gate, &byte, 1) != 1)
        abort();
}

static void work_done(struct task *t, bool stale)
{
    struct work *w = (struct work *)t;
    char s[2] = {w->letter, '\0'};

    w->was_stale = stale;
    w->is_done = true;
    on_letter(w->box, s);
}

static void init_work(struct work *w, struct box *b, char letter)
{
    memset(w, 0, sizeof(*w));
    w->task.run = work_run;
    w->task.done = work_done;
    w->box = b;
    w->letter = letter;
    w->gate = -1;
}

static void drain_until(struct box *b, const bool *flag)
{
    while (!*flag) {
        wait_wake(b);
        (void)wake_bytes(b);
        (void)mailbox_drain(b->m, 0);
    }
}

static void test_tasks_run_in_order_with_signals_blocked(void **state)
{
    struct box b;
    struct work w[3];
    struct task_worker *k;

    (void)state;
    box_open(&b);
    k = task_worker_new(b.m);
    for (int i = 0; i < 3; i++) {
        init_work(&w[i], &b, (char)('1' + i));
        task_worker_post(k, &w[i].task);
    }
    assert_true(task_worker_is_busy(k));
    drain_until(&b, &w[2].is_done);
    assert_string_equal(b.log, "123");
    assert_false(w[0].was_stale);
    assert_true(w[0].saw_signals_blocked);
#ifdef __linux__
    int ui = getpriority(PRIO_PROCESS, 0);

    assert_true(w[0].niceness > ui || ui == 19);
#endif
    assert_false(task_worker_is_busy(k));
    task_worker_free(k);
    box_close(&b);
}

static void test_superseded_tasks_come_back_stale(void **state)
{
    struct box b;
    struct work old, fresh;
    struct task_worker *k;

    (void)state;
    box_open(&b);
    k = task_worker_new(b.m);
    init_work(&old, &b, 'o');
    init_work(&fresh, &b, 'f');
    task_worker_post(k, &old.task);
    task_worker_supersede(k);
    task_worker_post(k, &fresh.task);
    drain_until(&b, &fresh.is_done);
    assert_true(old.is_done);
    assert_true(old.was_stale);
    assert_false(fresh.was_stale);
    task_worker_free(k);
    box_close(&b);
}

static void test_free_drops_what_is_queued(void **state)
{
    struct box b;
    struct work first, queued;
    struct task_worker *k;
    int gate[2];

    (void)state;
    box_open(&b);
    assert_int_equal(pipe(gate), 0);
    k = task_worker_new(b.m);
    init_work(&first, &b, '1');
    first.gate = gate[0];
    init_work(&queued, &b, '2');
    queued.gate = gate[0]; /* would wait for ever if it ran: there is one byte only */
    task_worker_post(k, &first.task);
    task_worker_post(k, &queued.task);
    assert_int_equal(write(gate[1], "g", 1), 1);
    /* Either the first is taken up now, or not at all: both end here. */
    wait_wake(&b);
    assert_int_equal(write(gate[1], "g", 1), 1);
    task_worker_free(k);
    (void)mailbox_drain(b.m, 0);
    assert_true(first.is_done);
    assert_true(queued.is_done);
    assert_true(queued.was_stale);
    close(gate[0]);
    close(gate[1]);
    box_close(&b);
}

static void test_late_answer_of_a_freed_worker_is_stale(void **state)
{
    struct box b;
    struct work w;
    struct task_worker *k;

    (void)state;
    box_open(&b);
    k = task_worker_new(b.m);
    init_work(&w, &b, 'l');
    task_worker_post(k, &w.task);
    wait_wake(&b); /* it has run; its answer lies in the box */
    task_worker_free(k);
    assert_false(w.is_done);
    assert_int_equal(mailbox_drain(b.m, 0), 1);
    assert_true(w.is_done);
    assert_true(w.was_stale);
    box_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mailbox_keeps_order_and_wakes_once),
        cmocka_unit_test(test_bounded_drain_wakes_again),
        cmocka_unit_test(test_tasks_run_in_order_with_signals_blocked),
        cmocka_unit_test(test_superseded_tasks_come_back_stale),
        cmocka_unit_test(test_free_drops_what_is_queued),
        cmocka_unit_test(test_late_answer_of_a_freed_worker_is_stale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
