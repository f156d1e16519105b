/*---
title    = "does a program that has and frees a large block again and again grow?"
norm     = "record"
source   = ["C17 7.22.3.3p2", "proc_pid_statm(5)", "task_info of macOS, TASK_VM_INFO", "GetProcessMemoryInfo of Windows"]
fault    = "address-space-leaks"
needs    = ["malloc", "free"]
core     = false
variants = ["262144", "8388608"]
---*/
#include "release.h"

enum { CYCLES = 2000 };

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
    size_t n = probe_variant_number(MIB(8));
    warm_heap();
    cycle(CYCLES / 10, n);
    struct holds before = process_holds();
    cycle(CYCLES, n);
    struct holds after = process_holds();
    FACT("mapped", growth(before.mapped, after.mapped));
    FACT("resident", growth(before.resident, after.resident));
}
