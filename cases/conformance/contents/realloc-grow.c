/*---
title   = "realloc to a larger size keeps every byte of the old block"
norm    = "must"
source  = ["C17 7.22.3.5p2", "POSIX.1-2024 realloc"]
fault   = "realloc-grow-loses-tail"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

PROBE {
    for (size_t n = 1; n <= KIB(64); n = next_size(n)) {
        size_t grown[] = {n + 1, n + n / 2 + 1, 2 * n, 3 * n + 7};
        for (size_t i = 0; i < COUNT_OF(grown); i++) {
            void *p = malloc(n), *neighbour = malloc(n); /* in the way, so that some blocks move */
            CHECK(p != NULL && neighbour != NULL, "malloc(%zu) returned NULL", n);
            fill(p, n, (unsigned)i);
            void *q = realloc(p, grown[i]);
            CHECK(q != NULL, "realloc of %zu to %zu bytes returned NULL", n, grown[i]);
            size_t at = first_unlike_fill(q, n, (unsigned)i);
            CHECK(at == n, "byte %zu changed in realloc from %zu to %zu bytes", at, n, grown[i]);
            free(neighbour);
            free(q);
        }
    }
}
