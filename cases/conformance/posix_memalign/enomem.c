/*---
title   = "posix_memalign returns ENOMEM when the memory cannot be had"
norm    = "must"
source  = ["POSIX.1-2024 posix_memalign, ERRORS, [ENOMEM]"]
fault   = "posix-memalign-einval-for-memory"
needs   = ["posix_memalign"]
---*/
#include "probe.h"

PROBE {
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - KIB(64), SIZE_MAX / 2 + 1, IMPOSSIBLE};
    for (size_t alignment = sizeof(void *); alignment <= MIB(1); alignment *= 2)
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            void *p = NULL;
            int error = posix_memalign(&p, alignment, sizes[i]);
            if (error == 0)
                probe_unobservable("posix_memalign(&p, %zu, %zu) did not fail", alignment, sizes[i]);
            CHECK(error == ENOMEM, "posix_memalign(&p, %zu, %zu) returned %d, not ENOMEM (%d)", alignment, sizes[i],
                  error, ENOMEM);
        }
}
