/*---
title   = "aligned_alloc supports every fundamental alignment, from 1 to that of max_align_t"
norm    = "must"
source  = ["C17 7.22.3.1p2 and 6.2.8p2"]
fault   = "aligned-alloc-rejects-small"
needs   = ["aligned_alloc", "free"]
---*/
#include "probe.h"

PROBE {
    for (size_t alignment = 1; alignment <= MAX_ALIGN; alignment *= 2)
        for (size_t n = alignment; n <= KIB(4); n += alignment) {
            void *p = aligned_alloc(alignment, n);
            CHECK(p != NULL, "aligned_alloc(%zu, %zu) returned NULL", alignment, n);
            CHECK(is_aligned(p, alignment), "aligned_alloc(%zu, %zu) is off by %zu", alignment, n,
                  (size_t)((uintptr_t)p % alignment));
            free(p);
        }
}
