/*---
title   = "blocks outlive the thread that allocated them"
norm    = "must"
source  = ["C17 7.22.3p1", "POSIX.1-2024 malloc"]
fault   = { none = "the reference allocator keeps no memory that belongs to one thread" }
needs   = ["malloc", "calloc", "free"]
---*/
#include "probe.h"

enum { THREADS = 32, BLOCKS = 20 };

static void *block[THREADS][BLOCKS];

static size_t size_of(unsigned i) { return i == BLOCKS - 1 ? MIB(1) : (size_t)8 << i % 14; }

static void allocate(void *argument) {
    unsigned thread = *(unsigned *)argument;
    for (unsigned i = 0; i < BLOCKS; i++) {
        size_t n = size_of(i);
        void *p = block[thread][i] = i % 2 ? calloc(1, n) : malloc(n);
        CHECK(p != NULL, "malloc or calloc of %zu bytes returned NULL", n);
        fill(p, n < KIB(8) ? n : KIB(8), thread + i);
    }
}

static void check(unsigned thread, unsigned i) {
    size_t n = size_of(i) < KIB(8) ? size_of(i) : KIB(8);
    size_t at = first_unlike_fill(block[thread][i], n, thread + i);
    CHECK(at == n, "byte %zu of a block of %zu bytes changed after its thread had ended", at, size_of(i));
}

PROBE {
    for (unsigned thread = 0; thread < THREADS; thread++) { /* one after the other, each on the traces of the last */
        struct thread allocating;
        thread_start(&allocating, allocate, &thread);
        thread_join(&allocating);
    }
    for (unsigned thread = 0; thread < THREADS; thread++)
        for (unsigned i = 0; i < BLOCKS; i++)
            check(thread, i);
    for (unsigned thread = 0; thread < THREADS; thread += 2)
        for (unsigned i = 0; i < BLOCKS; i++)
            free(block[thread][i]);
    for (unsigned thread = 1; thread < THREADS; thread += 2)
        for (unsigned i = 0; i < BLOCKS; i++) {
            check(thread, i);
            free(block[thread][i]);
        }
}
