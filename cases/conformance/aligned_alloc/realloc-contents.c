/*---
title   = "realloc of a block from aligned_alloc keeps its bytes"
norm    = "must"
source  = ["C17 7.22.3.5p2", "POSIX.1-2024 realloc"]
fault   = "realloc-aligned-loses"
needs   = ["aligned_alloc", "realloc", "free"]
---*/
#include "probe.h"

PROBE {
    for (size_t alignment = MAX_ALIGN; alignment <= MIB(1); alignment *= 4)
        for (size_t k = 1; k <= 8 && k * alignment <= MIB(2); k++) {
            size_t n = k * alignment, looked_at = n < KIB(16) ? n : KIB(16);
            size_t resized[] = {n / 2 + 1, n, n + 1, 3 * n};
            for (size_t i = 0; i < COUNT_OF(resized); i++) {
                void *p = aligned_alloc(alignment, n);
                if (p == NULL)
                    break; /* an alignment that is not supported */
                fill(p, looked_at, (unsigned)k);
                size_t kept = resized[i] < looked_at ? resized[i] : looked_at;
                void *q = realloc(p, resized[i]);
                CHECK(q != NULL, "realloc of %zu to %zu bytes returned NULL", n, resized[i]);
                size_t at = first_unlike_fill(q, kept, (unsigned)k);
                CHECK(at == kept, "byte %zu changed in realloc from %zu bytes, %zu-aligned, to %zu", at, n, alignment,
                      resized[i]);
                free(q);
            }
            probe_tick();
        }
}
