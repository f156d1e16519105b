/*---
title   = "a failed realloc leaves the contents of the block"
norm    = "must"
source  = ["C17 7.22.3.5p3", "POSIX.1-2024 realloc"]
fault   = "realloc-failure-corrupts"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

PROBE {
    static const size_t impossible[] = {SIZE_MAX, SIZE_MAX - 4096, SIZE_MAX / 2 + 1, IMPOSSIBLE - 64};
    for (size_t n = 1; n <= KIB(256); n = next_size(n)) {
        void *p = malloc(n);
        CHECK(p != NULL, "malloc(%zu) returned NULL", n);
        fill(p, n, 1);
        for (size_t i = 0; i < COUNT_OF(impossible); i++) {
            if (realloc(p, impossible[i]) != NULL)
                probe_unobservable("realloc to %zu bytes did not fail", impossible[i]);
            size_t at = first_unlike_fill(p, n, 1);
            CHECK(at == n, "byte %zu of a block of %zu bytes changed in realloc to %zu, which failed", at, n,
                  impossible[i]);
        }
        free(p);
    }
}
