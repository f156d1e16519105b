/*---
title   = "aligned_alloc fails when size plus alignment is more than there can be"
norm    = "must"
source  = ["C17 7.22.3p1", "POSIX.1-2024 aligned_alloc"]
fault   = "aligned-size-wraps"
needs   = ["aligned_alloc"]
---*/
#include "probe.h"

static void check(size_t alignment, size_t n) {
    void *p = aligned_alloc(alignment, n);
    CHECK(p == NULL, "aligned_alloc(%zu, %zu) did not return NULL", alignment, n);
}

PROBE {
    for (size_t alignment = MAX_ALIGN; alignment <= SIZE_MAX / 8 + 1; alignment *= 2)
        for (size_t k = 1; k <= 2; k++)
            check(alignment, 0 - k * alignment); /* the last multiples below SIZE_MAX */
    for (size_t less = 0; less <= KIB(64); less = next_size(less))
        check(64, SIZE_MAX - less);
    size_t half = SIZE_MAX / 2 + 1;
    check(half, half);
}
