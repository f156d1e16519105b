/*---
title   = "calloc zeroes memory that realloc cut off or free gave back after a shrink"
norm    = "must"
source  = ["C17 7.22.3.2p2", "POSIX.1-2024 calloc"]
fault   = "calloc-dirty-after-shrink"
needs   = ["malloc", "calloc", "realloc", "free"]
---*/
#include "probe.h"

static unsigned char *zeroed(size_t n, size_t from, size_t to) {
    unsigned char *p = calloc(1, n);
    CHECK(p != NULL, "calloc(1, %zu) returned NULL", n);
    size_t at = first_nonzero(p, n);
    CHECK(at == n, "byte %zu of calloc(1, %zu) is %u after realloc from %zu to %zu bytes", at, n, p[at], from, to);
    return p;
}

PROBE {
    for (size_t n = 2; n <= KIB(256); n = next_size(n)) {
        void *whole = malloc(n);
        CHECK(whole != NULL, "malloc(%zu) returned NULL", n);
        memset(whole, 0xff, n);
        size_t kept = n - n / 2;
        void *shrunk = realloc(whole, kept);
        CHECK(shrunk != NULL, "realloc of %zu to %zu bytes returned NULL", n, kept);
        void *tail = zeroed(n / 2, n, kept);
        free(shrunk);
        void *again = zeroed(kept, n, kept);
        free(tail);
        free(again);
        free(zeroed(n, n, kept));
    }
}
