/* tests/contract/proxy.h: stands between libpq and the server's socket, and does to the bytes what networks and poolers do. */
#ifndef TESTS_CONTRACT_PROXY_H
#define TESTS_CONTRACT_PROXY_H

#include <stdbool.h>

struct proxy_rules {
    bool changes_pid; /* the key for cancelling is another one, as behind a pooler */
    bool errors_are_fatal; /* the server's errors say FATAL, as those that end a session do; the session goes on all the same */
    const char *
        swallow_after; /* once the client has sent these bytes: the server gets them, its answer is dropped, both ends are closed */
    const char *drop_at; /* once the client sends these bytes: they do not arrive, both ends are closed */
    const char *hold_at; /* once the client sends these bytes: nothing passes any more, and nobody is told */
    int passes;          /* so many packets with such bytes are let through before that */
};

struct proxy;

/* Listens on a free port of 127.0.0.1 for one connection after the other, each to the unix socket folder/.s.PGSQL.port. NULL: no
 * port. */
struct proxy *proxy_start(const char *folder, const char *port, struct proxy_rules rules);
int proxy_port(const struct proxy *p);
void proxy_stop(struct proxy *p);

#endif
