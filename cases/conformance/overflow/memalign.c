/*---
title   = "memalign refuses sizes so near SIZE_MAX that adding the alignment would wrap"
norm    = "must"
source  = ["Linux man-pages memalign(3)"]
fault   = "aligned-size-wraps"
needs   = ["memalign"]
---*/
#include "probe.h"

/* "Allocates size bytes": and a block of such a size would reach beyond the last address there is. */
PROBE {
    for (size_t alignment = sizeof(void *); alignment <= MIB(1); alignment *= 2)
        for (size_t k = 0; k <= 2 * alignment; k = next_size(k))
            CHECK(memalign(alignment, SIZE_MAX - k) == NULL, "memalign(%zu, SIZE_MAX - %zu) returned a block",
                  alignment, k);
}
