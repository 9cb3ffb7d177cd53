#include <config.h>

#include "contract/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lockstep/base/mem.h"

struct proxy {
    struct proxy_rules rules;
    struct sockaddr_un server;
    int listener, port;
    int wake[2]; /* closing the write end ends the thread */
    pthread_t thread;
};

static bool send_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* BackendKeyData: 'K', length 12, pid, key. */
static void change_pid(char *bytes, size_t len)
{
    static const char head[] = {'K', 0, 0, 0, 12};
    char *at = memmem(bytes, len, head, sizeof(head));

    if (at && (size_t)(at - bytes) + 9 <= len)
        at[8] ^= 0x55;
}

/* In ErrorResponse, the severity that is never translated. */
static void make_fatal(char *bytes, size_t len)
{
    static const char field[] = "VERROR";
    char *at = memmem(bytes, len, field, sizeof(field));

    if (at)
        memcpy(at, "VFATAL", sizeof(field));
}

/* Waits for one of the two, or for the end. */
static bool wait_for(struct proxy *p, int a, int b, struct pollfd fds[3])
{
    fds[0] = (struct pollfd){.fd = a, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = b, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = p->wake[0], .events = POLLIN};
    return poll(fds, 3, -1) > 0 && !fds[2].revents;
}

/* Whether the bytes are there, and were let through often enough. */
static bool hits(struct proxy *p, const char *what, const char *bytes, size_t len)
{
    return what && memmem(bytes, len, what, strlen(what)) && p->rules.passes-- <= 0;
}

static void serve(struct proxy *p, int client, int server)
{
    char bytes[65536];
    struct pollfd fds[3];

    while (wait_for(p, client, server, fds)) {
        bool is_from_client = fds[0].revents != 0;
        ssize_t n = recv(is_from_client ? client : server, bytes, sizeof(bytes), 0);

        if (n <= 0)
            return;
        if (is_from_client && hits(p, p->rules.drop_at, bytes, (size_t)n))
            return;
        if (is_from_client && hits(p, p->rules.hold_at, bytes, (size_t)n)) {
            wait_for(p, -1, -1, fds);
            return;
        }
        if (!is_from_client && p->rules.changes_pid)
            change_pid(bytes, (size_t)n);
        if (!is_from_client && p->rules.errors_are_fatal)
            make_fatal(bytes, (size_t)n);
        if (!send_all(is_from_client ? server : client, bytes, (size_t)n))
            return;
        if (is_from_client && hits(p, p->rules.swallow_after, bytes, (size_t)n)) {
            wait_for(p, -1, server, fds); /* the server has answered */
            return;
        }
    }
}

static void *run(void *arg)
{
    struct proxy *p = arg;
    struct pollfd fds[3];

    while (wait_for(p, p->listener, -1, fds)) {
        int client = accept(p->listener, NULL, NULL);
        int server = socket(AF_UNIX, SOCK_STREAM, 0);

        if (client >= 0 && server >= 0 && connect(server, (struct sockaddr *)&p->server, sizeof(p->server)) == 0)
            serve(p, client, server);
        if (client >= 0)
            close(client);
        if (server >= 0)
            close(server);
    }
    return NULL;
}

struct proxy *proxy_start(const char *folder, const char *port, struct proxy_rules rules)
{
    struct proxy *p = ls_calloc(1, sizeof(*p));
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);

    p->rules = rules;
    p->server.sun_family = AF_UNIX;
    snprintf(p->server.sun_path, sizeof(p->server.sun_path), "%s/.s.PGSQL.%s", folder, port);
    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(p->listener, (struct sockaddr *)&a, len) != 0 || listen(p->listener, 4) != 0 ||
        getsockname(p->listener, (struct sockaddr *)&a, &len) != 0 || pipe(p->wake) != 0) {
        close(p->listener);
        free(p);
        return NULL;
    }
    p->port = ntohs(a.sin_port);
    if (pthread_create(&p->thread, NULL, run, p) != 0)
        abort();
    return p;
}

int proxy_port(const struct proxy *p)
{
    return p->port;
}

void proxy_stop(struct proxy *p)
{
    close(p->wake[1]);
    pthread_join(p->thread, NULL);
    close(p->wake[0]);
    close(p->listener);
    free(p);
}
