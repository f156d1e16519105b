/*---
title   = "calloc zeroes large blocks that were in use before"
norm    = "must"
source  = ["C17 7.22.3.2p2", "POSIX.1-2024 calloc"]
fault   = "calloc-dirty-large-reuse"
needs   = ["malloc", "calloc", "free"]
---*/
#include "probe.h"

static void check_zero(size_t n, size_t freed) {
    unsigned char *p = calloc(1, n);
    CHECK(p != NULL, "calloc(1, %zu) returned NULL", n);
    size_t at = first_nonzero(p, n);
    CHECK(at == n, "byte %zu of calloc(1, %zu) is %u after a block of %zu bytes was freed", at, n, p[at], freed);
    free(p);
    probe_tick();
}

PROBE {
    static const size_t sizes[] = {KIB(256), KIB(512) + 24, MIB(1), MIB(2) + 1, MIB(4) - 16, MIB(8)};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        size_t n = sizes[i];
        /* An allocator that keeps large blocks may serve the same size, or less, from the one just freed. */
        for (size_t asked = n; asked >= n / 2; asked -= n / 4) {
            void *p = malloc(n);
            CHECK(p != NULL, "malloc(%zu) returned NULL", n);
            memset(p, 0xff, n);
            free(p);
            check_zero(asked, n);
        }
    }
}
