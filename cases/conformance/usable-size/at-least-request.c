/*---
title   = "malloc_usable_size is no less than the size that was asked for"
norm    = "must"
source  = ["Linux man-pages 6.18 malloc_usable_size(3), RETURN VALUE"]
fault   = "usable-size-short"
needs   = ["malloc", "calloc", "realloc", "free", "malloc_usable_size"]
---*/
#include "probe.h"

static void check(const char *function, void *p, size_t n) {
    CHECK(p != NULL, "%s of %zu bytes returned NULL", function, n);
    size_t usable = malloc_usable_size(p);
    CHECK(usable >= n, "%s of %zu bytes has a usable size of %zu", function, n, usable);
}

PROBE {
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
