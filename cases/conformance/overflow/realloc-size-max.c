/*---
title   = "realloc refuses sizes so near SIZE_MAX that its own header or rounding would wrap"
norm    = "must"
source  = ["C17 7.22.3.5p2"]
fault   = "realloc-header-wraps"
needs   = ["malloc", "realloc", "free"]
---*/
#include "probe.h"

/* Old blocks of both kinds, those that share pages with others and those that do not. */
PROBE {
    static const size_t old[] = {100, MIB(1)};
    for (size_t i = 0; i < COUNT_OF(old); i++) {
        void *p = malloc(old[i]);
        for (size_t k = 0; k <= KIB(8); k = next_size(k))
            CHECK(realloc(p, SIZE_MAX - k) == NULL, "realloc of a block of %zu to SIZE_MAX - %zu returned a block",
                  old[i], k);
        free(p);
    }
}
