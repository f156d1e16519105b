/*---
title   = "valloc refuses sizes so near SIZE_MAX that adding a page would wrap"
norm    = "must"
source  = ["Linux man-pages valloc(3)"]
fault   = "valloc-wraps"
needs   = ["valloc"]
---*/
#include "probe.h"

/* "Allocates size bytes": and a block of such a size would reach beyond the last address there is. */
PROBE {
    for (size_t k = 0; k <= 2 * page_size(); k = next_size(k))
        CHECK(valloc(SIZE_MAX - k) == NULL, "valloc(SIZE_MAX - %zu) returned a block", k);
}
