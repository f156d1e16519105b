/*---
title   = "malloc and calloc refuse sizes so near SIZE_MAX that their own header or rounding would wrap"
norm    = "must"
source  = ["C17 7.22.3.4p2", "C17 7.22.3.2p2"]
fault   = "malloc-header-wraps"
needs   = ["malloc", "calloc"]
---*/
#include "probe.h"

/* A block of such a size would reach beyond the last address there is. */
PROBE {
    for (size_t k = 0; k <= KIB(8); k = next_size(k)) {
        CHECK(malloc(SIZE_MAX - k) == NULL, "malloc(SIZE_MAX - %zu) returned a block", k);
        CHECK(calloc(1, SIZE_MAX - k) == NULL, "calloc(1, SIZE_MAX - %zu) returned a block", k);
    }
}
