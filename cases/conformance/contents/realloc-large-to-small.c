/*---
title   = "realloc of a large block to a small size keeps the bytes that remain"
norm    = "must"
source  = ["C17 7.22.3.5p2", "POSIX.1-2024 realloc"]
fault   = "realloc-large-to-small-loses"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

PROBE {
    static const size_t large[] = {KIB(256), MIB(1), MIB(4)};
    for (size_t i = 0; i < COUNT_OF(large); i++)
        for (size_t n = 1; n <= KIB(64); n = next_size(n)) {
            void *p = malloc(large[i]);
            CHECK(p != NULL, "malloc(%zu) returned NULL", large[i]);
            fill(p, n, (unsigned)n);
            void *q = realloc(p, n);
            CHECK(q != NULL, "realloc of %zu to %zu bytes returned NULL", large[i], n);
            size_t at = first_unlike_fill(q, n, (unsigned)n);
            CHECK(at == n, "byte %zu changed in realloc from %zu to %zu bytes", at, large[i], n);
            free(q);
        }
}
