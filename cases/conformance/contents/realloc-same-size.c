/*---
title   = "realloc to the same size keeps every byte"
norm    = "must"
source  = ["C17 7.22.3.5p2", "POSIX.1-2024 realloc"]
fault   = "realloc-same-size-corrupts"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

PROBE {
    for (size_t n = 1; n <= KIB(256); n = next_size(n)) {
        void *p = malloc(n);
        CHECK(p != NULL, "malloc(%zu) returned NULL", n);
        fill(p, n, 1);
        void *q = realloc(p, n);
        CHECK(q != NULL, "realloc of %zu to %zu bytes returned NULL", n, n);
        size_t at = first_unlike_fill(q, n, 1);
        CHECK(at == n, "byte %zu changed in realloc from %zu to %zu bytes", at, n, n);
        free(q);
    }
}
