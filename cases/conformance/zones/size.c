/*---
title     = "malloc_size is no less than the size that was asked for"
norm      = "must"
source    = ["malloc_size(3) of macOS: always at least as large as the allocation it backs"]
fault     = "malloc-size-short"
needs     = ["malloc", "calloc", "realloc", "free"]
platforms = ["macos"]
---*/
#include "zones.h"

static void check(const char *function, void *p, size_t n) {
    CHECK(p != NULL, "%s of %zu bytes returned NULL", function, n);
    size_t size = malloc_size(p);
    CHECK(size >= n, "%s of %zu bytes has a malloc_size of %zu", function, n, size);
}

PROBE {
    NEED(malloc_size);
    for (size_t n = 1; n <= MIB(1); n = next_size(n)) {
        void *p = malloc(n), *q = calloc(1, n);
        check("malloc", p, n);
        check("calloc", q, n);
        p = realloc(p, n / 2 + 1);
        check("realloc", p, n / 2 + 1);
        q = realloc(q, 2 * n);
        check("realloc", q, 2 * n);
        free(p);
        free(q);
    }
}
