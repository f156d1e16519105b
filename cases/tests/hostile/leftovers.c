/* A probe that ends well and leaves processes behind, in every way there is to get out of its reach. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

/* How many leftovers are where they want to be. */
static volatile int *ready;

static void stay(void) {
    __atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
    for (;;)
        pause();
}

static void wait_for(int count) {
    while (__atomic_load_n(ready, __ATOMIC_SEQ_CST) < count) {
        sleep_ms(1);
        probe_tick();
    }
}

static void leave(void (*body)(void)) {
    pid_t child = fork();
    if (child == 0) {
        body();
        _exit(0);
    }
    if (child < 0)
        probe_unobservable("fork failed with errno %d", errno);
}

static void move_to_own_group(void) {
    setpgid(0, 0);
    stay();
}
static void move_to_own_session(void) {
    setsid();
    stay();
}
static void leave_session_twice(void) {
    setsid();
    leave(move_to_own_session);
}
static void close_everything(void) {
    setsid();
    for (int descriptor = 0; descriptor < 1024; descriptor++)
        close(descriptor);
    stay();
}
static void leave_silently(void) { leave(close_everything); }
static void stop(void) {
    setsid();
    __atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
    raise(SIGSTOP);
}
static void stay_with_child(void) {
    setsid();
    leave(move_to_own_session);
    stay();
}

/* Each forks the next and dies: who kills what he saw comes too late. */
static void run_away(void) {
    for (int turn = 0; turn < 5000 && fork() == 0; turn++) {
        setsid();
        if (turn == 10)
            __atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
    }
    _exit(0);
}

/* Out of the session, and with an environment that does not tell where it came from. */
static int started[2];
static void forget_everything(void) {
    char *const arguments[] = {"sh", "-c", "while :; do sleep 1000; done", NULL}, *const environment[] = {NULL};
    setsid();
    MEASURE("left", (size_t)getpid());
    execve("/bin/sh", arguments, environment);
}
static void leave_forgetful(void) { leave(forget_everything); }
static void forgetful(void) {
    char nothing;
    if (pipe2(started, O_CLOEXEC) != 0)
        probe_unobservable("pipe failed with errno %d", errno);
    leave(leave_forgetful);
    close(started[1]);
    while (read(started[0], &nothing, 1) < 0) /* until the new program has begun */
        ;
}

static void in_group(void) { leave(stay), wait_for(1); }
static void own_group(void) { leave(move_to_own_group), wait_for(1); }
static void own_session(void) { leave(move_to_own_session), wait_for(1); }
static void daemonised(void) { leave(leave_session_twice), wait_for(1); }
static void silent_daemon(void) { leave(leave_silently), wait_for(1); }
static void stopped(void) { leave(stop), wait_for(1); }
static void runner(void) { leave(run_away), wait_for(1); }
static void bomb(void) {
    for (int i = 0; i < 25; i++)
        leave(i % 2 ? stay_with_child : leave_session_twice);
    wait_for(25 + 12);
}
static void dies_with_children(void) {
    bomb();
    abort();
}
static void hangs_with_children(void) {
    bomb();
    for (;;)
        pause();
}

#define VARIANT(name) {#name, name}
static const struct {
    const char *name;
    void (*body)(void);
} variants[] = {
    VARIANT(in_group),  VARIANT(own_group), VARIANT(own_session), VARIANT(daemonised),         VARIANT(silent_daemon),
    VARIANT(stopped),   VARIANT(runner),    VARIANT(bomb),        VARIANT(dies_with_children), VARIANT(hangs_with_children),
    VARIANT(forgetful),
};

PROBE {
    ready = system_pages(page_size());
    for (size_t i = 0; i < COUNT_OF(variants); i++)
        if (strcmp(variants[i].name, probe_variant()) == 0) {
            variants[i].body();
            FACT("left", "something");
            return;
        }
    probe_unobservable("there is no variant %s", probe_variant());
}
