/* A clock that can be put forward. Allocators that tidy their caches by the time then do so with nobody waiting: for every
 * library of the process, a program's own clock_gettime stands before the C runtime's. With glibc; elsewhere we wait. */
#define _GNU_SOURCE
#include <time.h>

#include "probe.h"

#if defined(__GLIBC__)
#include <sys/syscall.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

static volatile int64_t ahead_ns;

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0) {
        int64_t ns = now->tv_nsec + ahead_ns;
        now->tv_sec += (time_t)(ns / NS_PER_S);
        now->tv_nsec = (long)(ns % NS_PER_S);
    }
    return result;
}

void clock_skip(unsigned milliseconds) { ahead_ns += (int64_t)milliseconds * NS_PER_MS; }
#else
void clock_skip(unsigned milliseconds) { sleep_ms(milliseconds); }
#endif
