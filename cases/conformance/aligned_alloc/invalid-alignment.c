/*---
title   = "aligned_alloc returns NULL for an alignment that is not a power of two"
norm    = "must"
source  = ["C17 7.22.3.1p2 and 6.2.8p4 (DR 460)", "POSIX.1-2024 aligned_alloc"]
fault   = "aligned-alloc-accepts-invalid"
needs   = ["aligned_alloc"]
---*/
#include "probe.h"

static void check(size_t alignment, size_t n) {
    void *p = aligned_alloc(alignment, n);
    CHECK(p == NULL, "aligned_alloc(%zu, %zu) did not return NULL", alignment, n);
}

PROBE {
    for (size_t alignment = 3; alignment <= KIB(2); alignment = next_size(alignment))
        if ((alignment & (alignment - 1)) != 0) {
            check(alignment, alignment); /* a multiple, so that the alignment alone is wrong */
            check(alignment, 4 * alignment);
        }
    check(65, 64);
    check(3 * page_size(), 3 * page_size());
    check(0, 64);
}
