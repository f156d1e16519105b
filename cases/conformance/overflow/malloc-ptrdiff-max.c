/*---
title   = "malloc refuses sizes around PTRDIFF_MAX, half of all addresses"
norm    = "must"
source  = ["C17 7.22.3.4p2", "Linux man-pages malloc(3), RETURN VALUE"]
fault   = "malloc-huge-succeeds"
needs   = ["malloc"]
---*/
#include "probe.h"

/* No system gives a process half of all addresses, unless they have 32 bits: a block returned is smaller than it was asked
 * to be. More than half is refused everywhere. */
PROBE {
    for (size_t k = 0; k <= KIB(8); k = next_size(k)) {
        CHECK(SIZE_MAX == UINT32_MAX || malloc((size_t)PTRDIFF_MAX - k) == NULL,
              "malloc(PTRDIFF_MAX - %zu) returned a block", k);
        CHECK(malloc((size_t)PTRDIFF_MAX + 1 + k) == NULL, "malloc(PTRDIFF_MAX + 1 + %zu) returned a block", k);
    }
}
