/*---
title   = "posix_memalign fails when size plus alignment is more than there can be"
norm    = "must"
source  = ["POSIX.1-2024 posix_memalign"]
fault   = "aligned-size-wraps"
needs   = ["posix_memalign"]
---*/
#include "probe.h"

PROBE {
    for (size_t alignment = sizeof(void *); alignment != 0; alignment *= 2)
        for (size_t less = 0; less <= KIB(64); less = next_size(less)) {
            void *p = NULL;
            int error = posix_memalign(&p, alignment, SIZE_MAX - less);
            CHECK(error != 0, "posix_memalign(&p, %zu, SIZE_MAX - %zu) returned 0", alignment, less);
        }
    size_t half = SIZE_MAX / 2 + 1;
    void *p = NULL;
    CHECK(posix_memalign(&p, half, half) != 0, "posix_memalign(&p, %zu, %zu) returned 0", half, half);
}
