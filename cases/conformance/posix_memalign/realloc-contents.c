/*---
title   = "realloc of a block from posix_memalign keeps its bytes"
norm    = "must"
source  = ["POSIX.1-2024 realloc"]
fault   = "realloc-aligned-loses"
needs   = ["posix_memalign", "realloc", "free"]
---*/
#include "probe.h"

PROBE {
    for (size_t alignment = sizeof(void *); alignment <= MIB(1); alignment *= 4)
        for (size_t n = 1; n <= KIB(16); n = n < 128 ? n + 13 : 2 * n + 1) {
            size_t resized[] = {n / 2 + 1, n + 1, 3 * n, n + KIB(128)};
            for (size_t i = 0; i < COUNT_OF(resized); i++) {
                void *p = NULL;
                int error = posix_memalign(&p, alignment, n);
                if (error != 0)
                    break; /* that it can be had at all is another rule's promise */
                fill(p, n, (unsigned)n);
                size_t kept = resized[i] < n ? resized[i] : n;
                void *q = realloc(p, resized[i]);
                CHECK(q != NULL, "realloc of %zu to %zu bytes returned NULL", n, resized[i]);
                size_t at = first_unlike_fill(q, kept, (unsigned)n);
                CHECK(at == kept, "byte %zu changed in realloc from %zu bytes, %zu-aligned, to %zu", at, n, alignment,
                      resized[i]);
                free(q);
            }
            probe_tick();
        }
}
