/* A program that answers each variant by a copy of itself, and copies that do not let it. */
#define _GNU_SOURCE
#include <signal.h>
#include <unistd.h>

#include "probe.h"

static void returned(void) { FACT("came", "to-its-end"); }
static void violated(void) { CHECK(page_size() == 0, "a page has %zu bytes", page_size()); }
static void exit_7(void) { _exit(7); }
static void segv(void) { *(volatile int *)opaque(NULL) = 1; }

static void floods(void) {
    for (;;)
        STAGE("on-and-on");
}
static void hangs(void) {
    for (;;)
        pause();
}
static void leaves_talker(void) {
    if (fork() == 0)
        for (;;)
            FACT("came", "too-late");
    FACT("came", "first");
}

/* Out of its group, so that it cannot be told from the server by that. */
static void hangs_elsewhere(void) {
    setsid();
    hangs();
}
static void kills_server(void) {
    kill(getppid(), SIGKILL);
    hangs();
}
static void stops_server(void) {
    kill(getppid(), SIGSTOP);
    hangs();
}

#define VARIANT(name) {#name, name}
static const struct {
    const char *name;
    void (*body)(void);
} variants[] = {
    VARIANT(returned), VARIANT(violated), VARIANT(exit_7),          VARIANT(segv),         VARIANT(floods),
    VARIANT(hangs),    VARIANT(leaves_talker), VARIANT(hangs_elsewhere), VARIANT(kills_server), VARIANT(stops_server),
};

PROBE {
    STAGE("prepared");
    probe_fork_here();
    for (size_t i = 0; i < COUNT_OF(variants); i++)
        if (strcmp(variants[i].name, probe_variant()) == 0) {
            variants[i].body();
            return;
        }
    probe_unobservable("there is no variant %s", probe_variant());
}
