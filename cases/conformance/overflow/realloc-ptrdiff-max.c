/*---
title   = "realloc refuses sizes around PTRDIFF_MAX, half of all addresses"
norm    = "must"
source  = ["C17 7.22.3.5p2", "Linux man-pages malloc(3), RETURN VALUE"]
fault   = "realloc-huge-succeeds"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

/* No system gives a process half of all addresses, unless they have 32 bits: a block returned is smaller than it was asked
 * to be. More than half is refused everywhere. */
PROBE {
    static const size_t old[] = {100, MIB(1)};
    for (size_t i = 0; i < COUNT_OF(old); i++) {
        void *p = malloc(old[i]);
        for (size_t k = 0; k <= KIB(8); k = next_size(k)) {
            CHECK(SIZE_MAX == UINT32_MAX || realloc(p, (size_t)PTRDIFF_MAX - k) == NULL,
                  "realloc of a block of %zu to PTRDIFF_MAX - %zu returned a block", old[i], k);
            CHECK(realloc(p, (size_t)PTRDIFF_MAX + 1 + k) == NULL,
                  "realloc of a block of %zu to PTRDIFF_MAX + 1 + %zu returned a block", old[i], k);
        }
        free(p);
    }
}
