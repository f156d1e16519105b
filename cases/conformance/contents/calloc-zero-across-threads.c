/*---
title   = "calloc zeroes memory that another thread has used or freed"
norm    = "must"
source  = ["C17 7.22.3.2p2", "POSIX.1-2024 calloc"]
fault   = "calloc-dirty-across-threads"
needs   = ["malloc", "calloc", "free"]
---*/
#include "probe.h"

enum { BLOCKS = 1200, PER_SIZE = 4 };

static void *block[BLOCKS];

static void dirty(void *unused) {
    (void)unused;
    size_t count = 0;
    for (size_t n = 1; n <= KIB(32); n = next_size(n))
        for (int i = 0; i < PER_SIZE; i++) {
            void *p = block[count++] = malloc(n);
            CHECK(p != NULL, "malloc(%zu) returned NULL", n);
            memset(p, 0xff, n);
        }
}

static void free_all(void *unused) {
    (void)unused;
    for (size_t i = 0; i < BLOCKS; i++) {
        free(block[i]);
        block[i] = NULL;
    }
}

static void dirty_and_free(void *unused) {
    dirty(unused);
    free_all(unused);
}

static void check_zero(void *unused) {
    (void)unused;
    size_t count = 0;
    for (size_t n = 1; n <= KIB(32); n = next_size(n))
        for (int i = 0; i < PER_SIZE; i++) {
            unsigned char *p = block[count++] = calloc(1, n);
            CHECK(p != NULL, "calloc(1, %zu) returned NULL", n);
            size_t at = first_nonzero(p, n);
            CHECK(at == n, "byte %zu of calloc(1, %zu) is %u after another thread used that size", at, n, p[at]);
        }
    free_all(unused);
}

static void in_thread(void (*body)(void *)) {
    struct thread thread;
    thread_start(&thread, body, NULL);
    thread_join(&thread);
}

PROBE {
    in_thread(dirty_and_free);
    check_zero(NULL);
    dirty_and_free(NULL);
    in_thread(check_zero);
    dirty(NULL);
    in_thread(free_all);
    check_zero(NULL);
}
