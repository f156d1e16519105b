/*---
title   = "pvalloc refuses sizes so near SIZE_MAX that rounding them up to pages would wrap"
norm    = "must"
source  = ["Linux man-pages pvalloc(3)"]
fault   = "pvalloc-rounding-wraps"
needs   = ["pvalloc"]
---*/
#include "probe.h"

/* "Rounds the size of the allocation up": a block of less than was asked for is none. */
PROBE {
    for (size_t k = 0; k <= 2 * page_size(); k = next_size(k))
        CHECK(pvalloc(SIZE_MAX - k) == NULL, "pvalloc(SIZE_MAX - %zu) returned a block", k);
}
