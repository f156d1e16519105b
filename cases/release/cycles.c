/*---
title    = "does a program that has and frees a large block again and again grow?"
norm     = "record"
source   = ["C17 7.22.3.3p2", "proc_pid_statm(5)"]
fault    = "address-space-leaks"
needs    = ["malloc", "free"]
core     = false
platforms = ["linux"]
variants = ["262144", "8388608"]
---*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "release.h"

enum { CYCLES = 2000 };

struct use {
    size_t mapped, resident; /* pages */
};

static struct use use_now(void) {
    static char text[128];
    int descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t length = descriptor < 0 ? -1 : read(descriptor, text, sizeof text - 1);
    if (length <= 0)
        probe_unobservable("/proc/self/statm cannot be read");
    close(descriptor);
    char *end;
    struct use use;
    use.mapped = strtoul(text, &end, 10);
    use.resident = strtoul(end, NULL, 10);
    return use;
}

static void cycle(size_t times, size_t n) {
    for (size_t i = 0; i < times; i++) {
        unsigned char *p = malloc(n + i % 64);
        CHECK(p != NULL, "malloc(%zu) returned NULL", n + i % 64);
        p[0] = p[n / 2] = p[n - 1] = 1;
        free(p);
    }
}

/* A page a cycle is growth; the kernel's count of resident pages lags by less than a hundred. */
static const char *growth(size_t before, size_t after) { return after >= before + CYCLES ? "grows" : "steady"; }

PROBE {
    if (*probe_setting("ALLOCHECK_EMULATED") != '\0')
        probe_unobservable("what the whole process holds is the emulator's too");
    size_t n = probe_variant_number(MIB(8));
    warm_heap();
    cycle(CYCLES / 10, n);
    struct use before = use_now();
    cycle(CYCLES, n);
    struct use after = use_now();
    FACT("mapped", growth(before.mapped, after.mapped));
    FACT("resident", growth(before.resident, after.resident));
}
