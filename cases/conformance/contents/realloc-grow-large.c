/*---
title   = "realloc of a large block to a larger size keeps every byte"
norm    = "must"
source  = ["C17 7.22.3.5p2", "POSIX.1-2024 realloc"]
fault   = "realloc-grow-large-loses"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

static void grow(size_t n, size_t to) {
    void *p = malloc(n);
    CHECK(p != NULL, "malloc(%zu) returned NULL", n);
    fill(p, n, 1);
    void *q = realloc(p, to);
    CHECK(q != NULL, "realloc of %zu to %zu bytes returned NULL", n, to);
    size_t at = first_unlike_fill(q, n, 1);
    CHECK(at == n, "byte %zu changed in realloc from %zu to %zu bytes", at, n, to);
    memset((char *)q + n, 0xff, to - n); /* and the new part can be written */
    free(q);
    probe_tick();
}

PROBE {
    static const size_t sizes[] = {KIB(128), KIB(512), MIB(2)};
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (size_t n = sizes[i] - 1; n <= sizes[i] + 1; n++) {
            grow(n, n + page_size());
            grow(n, 2 * n + 1);
        }
}
