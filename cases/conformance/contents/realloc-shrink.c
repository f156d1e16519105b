/*---
title   = "realloc to a smaller size keeps the bytes that remain"
norm    = "must"
source  = ["C17 7.22.3.5p2", "POSIX.1-2024 realloc"]
fault   = "realloc-shrink-corrupts"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

PROBE {
    for (size_t n = 2; n <= KIB(64); n = next_size(n)) {
        size_t shrunk[] = {n - 1, n - n / 4, n / 2, n / 3 + 1};
        for (size_t i = 0; i < COUNT_OF(shrunk); i++) {
            void *p = malloc(n), *neighbour = malloc(n);
            CHECK(p != NULL && neighbour != NULL, "malloc(%zu) returned NULL", n);
            fill(p, n, (unsigned)i);
            void *q = realloc(p, shrunk[i]);
            CHECK(q != NULL, "realloc of %zu to %zu bytes returned NULL", n, shrunk[i]);
            size_t at = first_unlike_fill(q, shrunk[i], (unsigned)i);
            CHECK(at == shrunk[i], "byte %zu changed in realloc from %zu to %zu bytes", at, n, shrunk[i]);
            free(neighbour);
            free(q);
        }
    }
}
