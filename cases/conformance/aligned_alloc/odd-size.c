/*---
title   = "what does aligned_alloc do with a size that is no multiple of the alignment?"
norm    = "record"
source  = ["C11 7.22.3.1p2: undefined; C17 7.22.3.1p2 (DR 460): no longer asked for"]
fault   = "aligned-alloc-rejects-odd-size"
needs   = ["aligned_alloc", "free"]
---*/
#include "probe.h"

PROBE {
    static const struct { size_t alignment, n; } block[] = {{16, 1}, {64, 100}, {256, 24}, {4096, 100}, {4096, 5000}};
    size_t given = 0;
    for (size_t i = 0; i < COUNT_OF(block); i++) {
        size_t alignment = block[i].alignment, n = block[i].n;
        void *p = aligned_alloc(alignment, n);
        given += p != NULL;
        CHECK(is_aligned(p, alignment), "aligned_alloc(%zu, %zu) is not aligned", alignment, n);
        free(p);
    }
    FACT("odd-size", given == COUNT_OF(block) ? "block" : given == 0 ? "null" : "sometimes");
}
